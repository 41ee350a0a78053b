//! From an operand to the object or the address that it means.

use super::fault::Fault;
use super::object::{Id, Kind, Object, State, Value};
use super::Shell;
use crate::ast::{Base, Command, Operand};
use crate::errno::Errno;
use kmem::{Pfn, VirtAddr};

impl Shell<'_> {
    /// Returns the live object that an operand means, wherever in it the operand points; `None` for NULL.
    ///
    /// # Errors
    /// An object that is gone; an address in no object of this shell.
    fn object_of(&self, operand: &Operand, purpose: Purpose) -> Result<Option<Id>, Fault> {
        match &operand.base {
            Base::Name(name) => match self.objects.value(name) {
                Some(Value::Object(id)) => self.alive(id, operand, purpose).map(Some),
                Some(Value::Null) => Ok(None),
                None => Err(Fault::misuse(format!("{name} holds nothing yet"))),
            },
            Base::Number(0) => Ok(None),
            Base::Number(number) => {
                let addr = VirtAddr::new(number.wrapping_add(operand.offset));
                if let Some((id, _)) = self.objects.holding(addr) {
                    return Ok(Some(id));
                }
                if let Some(object) = self.objects.freed_at(addr) {
                    return Err(gone(object, operand, purpose));
                }
                Err(self.stranger(addr))
            }
        }
    }

    fn alive(&self, id: Id, operand: &Operand, purpose: Purpose) -> Result<Id, Fault> {
        match self.objects.get(id) {
            Some(object) if object.state == State::Live => Ok(id),
            Some(object) => Err(gone(object, operand, purpose)),
            None => Err(Fault::misuse(format!("{operand} is gone"))),
        }
    }
    /// What the engine says about an address that is nothing of this shell's.
    fn stranger(&self, addr: VirtAddr) -> Fault {
        match self.kernel.kmalloc_info(addr) {
            Err(misuse) if self.kernel.virt_to_phys(addr).is_some() => Fault::from(misuse),
            Err(_) => {
                let what = self.kernel.map().describe(self.kernel.memory(), addr);
                Fault::misuse(format!("{addr} is nothing that this shell holds; it is in {what}"))
            }
            Ok(_) => Fault::misuse(format!("{addr} is memory of the kernel's own, nothing that this shell holds")),
        }
    }

    /// Returns the object that an operand means and points to the start of, if it is of the right kind; `None` for
    /// NULL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn start_of(
        &self,
        operand: &Operand,
        verb: &'static str,
        fits: impl Fn(&Kind) -> bool,
    ) -> Result<Option<Id>, Fault> {
        let frees = FREES.contains(&verb);
        let purpose = if frees { Purpose::Free } else { Purpose::Use };
        let Some(id) = self.object_of(operand, purpose)? else { return Ok(None) };
        let Some(object) = self.objects.get(id) else { return Ok(None) };
        if !fits(&object.kind) {
            let (noun, by) = (object.kind.noun(), object.kind.freed_by());
            let help = if frees { format!(", which {by} gives back") } else { String::new() };
            return Err(Fault::misuse(format!("{operand} is {noun}{help}, nothing for {verb}")));
        }
        let is_start = match operand.base {
            Base::Name(_) => operand.offset == 0,
            Base::Number(number) => object.kind.addr() == Some(VirtAddr::new(number.wrapping_add(operand.offset))),
        };
        if is_start {
            return Ok(Some(id));
        }
        let called = self.objects.called(id);
        let start = object.kind.addr().map_or(String::new(), |addr| format!(" at {addr}"));
        Err(Fault::misuse(format!("{operand} points into {called}{start}, not at its start")))
    }

    /// As [`Shell::start_of`] where NULL makes no sense.
    pub(super) fn must_be(
        &self,
        operand: &Operand,
        verb: &'static str,
        fits: impl Fn(&Kind) -> bool,
    ) -> Result<(Id, Kind), Fault> {
        let id = self.start_of(operand, verb, fits)?;
        let found = id.and_then(|id| Some((id, self.objects.get(id)?.kind.clone())));
        found.ok_or_else(|| Fault::misuse(format!("{operand} is NULL, nothing for {verb}")))
    }

    /// Returns the address that an operand means: of a live object, or any number.
    ///
    /// # Errors
    /// NULL, a use after free, an object without an address.
    pub(super) fn address_of(&self, operand: &Operand) -> Result<VirtAddr, Fault> {
        if let Base::Number(number) = operand.base {
            return Ok(VirtAddr::new(number.wrapping_add(operand.offset)));
        }
        let id = self
            .object_of(operand, Purpose::Use)?
            .ok_or_else(|| Fault::new(Errno::EFAULT, format!("{operand} is NULL")))?;
        let kind = self.objects.get(id).map(|object| &object.kind);
        match kind.and_then(|kind| kind.addr()) {
            Some(addr) => Ok(addr.offset(operand.offset)),
            None => Err(match kind {
                Some(Kind::Pages { .. } | Kind::Element { .. }) => {
                    Fault::misuse(format!("{operand} is high memory and has no address; kmap gives it one"))
                }
                _ => Fault::misuse(format!("{operand} has no address")),
            }),
        }
    }

    /// Returns the frame that an operand means: a block of pages, or what lies behind an address.
    pub(super) fn frame_of(&self, operand: &Operand) -> Result<Pfn, Fault> {
        if let Base::Name(_) = operand.base {
            if let Some(id) = self.object_of(operand, Purpose::Use)? {
                let page = operand.offset >> kmem::units::PAGE_SHIFT;
                match self.objects.get(id).map(|object| &object.kind) {
                    Some(Kind::Pages { pfn, .. }) => return Ok(pfn.add(page)),
                    Some(Kind::File { id, .. }) => return self.file_frame(operand, *id),
                    Some(Kind::Batch { pages }) => {
                        let pfn = usize::try_from(page).ok().and_then(|page| pages.get(page));
                        return pfn.copied().ok_or_else(|| Fault::misuse(format!("{operand} lies behind the pages")));
                    }
                    _ => (),
                }
            }
        }
        let addr = self.address_of(operand)?;
        if let Some(process) = self.process_of(operand, addr) {
            return self.user_frame(process, addr);
        }
        self.kernel.map().vmalloc_to_pfn(self.kernel.memory(), addr).ok_or_else(|| {
            let what = self.kernel.map().describe(self.kernel.memory(), addr);
            Fault::new(Errno::EFAULT, format!("nothing is mapped at {addr}: {what}"))
        })
    }

    /// True when what a command works on is there.
    pub(super) fn can_do(&self, command: &Command) -> bool {
        crate::parse::operands(command).into_iter().all(|operand| match &operand.base {
            Base::Number(_) => true,
            Base::Name(name) => match self.objects.value(name) {
                Some(Value::Object(id)) => self.objects.get(id).is_some_and(|object| object.state == State::Live),
                Some(Value::Null) => false,
                None => self.files.as_ref().is_some_and(|files| files.has(name)),
            },
        })
    }
    /// True for a plain name that stands for an open file, or for nothing that memory has.
    pub(super) fn is_handle(&self, operand: &Operand) -> bool {
        match &operand.base {
            Base::Name(name) if operand.offset == 0 => {
                self.files.as_ref().is_some_and(|files| files.has(name)) || self.objects.value(name).is_none()
            }
            _ => false,
        }
    }
}

/// Commands that give something back.
const FREES: [&str; 19] = [
    "free_pages",
    "free_pages_exact",
    "put_page",
    "file_close",
    "kfree",
    "kfree_sensitive",
    "kfree_rcu",
    "kvfree",
    "kmem_cache_free_bulk",
    "kmem_cache_free",
    "kmem_cache_destroy",
    "mempool_free",
    "mempool_destroy",
    "vfree",
    "vunmap",
    "iounmap",
    "kunmap",
    "kunmap_local",
    "mm_destroy",
];

/// What an object is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To be used.
    Use,
    /// To be given back.
    Free,
}

fn gone(object: &Object, operand: &Operand, purpose: Purpose) -> Fault {
    let what = if purpose == Purpose::Free { "double free" } else { "use after free" };
    let by = if let State::Freed(by) = object.state { by } else { "" };
    Fault::misuse(format!("{what}: {operand} ({}, {}) was given back by {by}", object.kind.noun(), object.kind))
}
