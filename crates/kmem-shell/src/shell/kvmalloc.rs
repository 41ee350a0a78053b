//! kvmalloc: what is held is an object of kmalloc's or an area of vmalloc's, whichever it gave.

use super::area::caller;
use super::block::shown;
use super::fault::Fault;
use super::object::{Id, Kind};
use super::{line, Answer, Shell};
use crate::ast::Operand;
use crate::show::size as shown_size;
use kmem::memory::ZERO_SIZE_PTR;
use kmem::units::PAGE_SIZE;
use kmem::{Gfp, VirtAddr};

impl Shell<'_> {
    pub(super) fn kvmalloc(&mut self, name: Option<&str>, count: u64, size: u64, gfp: Gfp) -> Answer {
        self.must_be_for_slabs(gfp).map_err(|fault| fault.of("kvmalloc"))?;
        let what = || format!("kvmalloc of {}", shown_size(count.saturating_mul(size)));
        let bytes = self.kernel.array_size(count, size).map_err(|error| Fault::from(error).of(what()))?;
        let addr = self.kernel.kvmalloc(bytes, gfp, caller(name)).map_err(|error| Fault::from(error).of(what()))?;
        let kind = self.kind_of(addr, bytes)?;
        let text = format!("{}: {kind}{}", shown(name, "kvmalloc"), by(&kind));
        self.objects.add(name, kind);
        line(text)
    }
    fn kind_of(&self, addr: VirtAddr, bytes: u64) -> Result<Kind, Fault> {
        if self.kernel.map().is_vmalloc(addr) {
            let pages = bytes.div_ceil(PAGE_SIZE);
            return Ok(Kind::Vmalloc { addr, end: self.end_of(addr, pages), pages });
        }
        Ok(Kind::Kmalloc { addr, bytes: self.usable(addr)? })
    }

    pub(super) fn kvrealloc(&mut self, name: Option<&str>, operand: &Operand, size: u64, gfp: Gfp) -> Answer {
        self.must_be_for_slabs(gfp).map_err(|fault| fault.of("kvrealloc"))?;
        let Some((id, kind)) = self.kv_object(operand, "kvrealloc")? else {
            return self.kvmalloc(name, 1, size, gfp);
        };
        let old = kind.addr().unwrap_or_default();
        let moved = self.kernel.kvrealloc(old, kind.bytes(), size, gfp, caller(name));
        let addr = moved.map_err(|error| Fault::from(error).of(format!("kvrealloc to {}", shown_size(size))))?;
        if addr == old {
            self.also_named(name, id);
            return line(format!("{}: {kind} (not moved)", shown(name, "kvrealloc")));
        }
        self.objects.free(id, "kvrealloc");
        if addr <= ZERO_SIZE_PTR {
            return line(format!("{}: freed {kind}", shown(name, "kvrealloc")));
        }
        let new = self.kind_of(addr, size)?;
        let text = format!("{}: {new}{} (moved from {old})", shown(name, "kvrealloc"), by(&new));
        self.objects.add(name, new);
        line(text)
    }

    pub(super) fn kvfree(&mut self, operand: &Operand) -> Answer {
        let Some((id, kind)) = self.kv_object(operand, "kvfree")? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        self.must_be_unused(id, operand)?;
        self.kernel.kvfree(kind.addr().unwrap_or_default())?;
        self.objects.free(id, "kvfree");
        line(format!("{operand}: freed {kind}{}", by(&kind)))
    }

    /// What an operand means, checked as far as it can be; `None` for NULL.
    fn kv_object(&self, operand: &Operand, verb: &'static str) -> Result<Option<(Id, Kind)>, Fault> {
        let is_either = |kind: &Kind| matches!(kind, Kind::Kmalloc { .. } | Kind::Vmalloc { .. });
        let found = self.start_of(operand, verb, is_either)?;
        let Some((id, kind)) = found.and_then(|id| Some((id, self.objects.get(id)?.kind.clone()))) else {
            return Ok(None);
        };
        if let Kind::Kmalloc { addr, .. } = kind {
            if addr > ZERO_SIZE_PTR {
                self.kernel.kmalloc_info(addr)?;
            }
        }
        Ok(Some((id, kind)))
    }
}

/// Which of the two it is.
fn by(kind: &Kind) -> &'static str {
    match kind {
        Kind::Vmalloc { .. } => " from vmalloc",
        _ => "",
    }
}
