//! Blocks of pages: `alloc_pages` and its kin, `free_pages`, `split_page`, references.

use super::fault::Fault;
use super::object::{Id, Kind, Value};
use super::{line, Answer, Shell};
use crate::ast::{Base, Operand};
use crate::errno::Errno;
use crate::show::{count as counted, size as shown_size};
use kmem::page::{FrameKind, Request};
use kmem::units::PAGE_SIZE;
use kmem::{AllocError, Gfp, Misuse, Order, Pfn, VirtAddr};

/// Since then kernels warn of an order beyond the top.
const WARNS_SINCE: (u32, u32, u32) = (2, 6, 32);

impl Shell<'_> {
    pub(super) fn alloc_pages(&mut self, name: Option<&str>, order: u32, gfp: Gfp) -> Answer {
        let (pfn, order) = self.take_block(order, gfp, None)?;
        self.hold_block(name.unwrap_or("alloc_pages"), name, pfn, order)
    }
    pub(super) fn alloc_pages_node(&mut self, name: Option<&str>, node: u32, order: u32, gfp: Gfp) -> Answer {
        self.must_be_node(node)?;
        let (pfn, order) = self.take_block(order, gfp, Some(node))?;
        self.hold_block(name.unwrap_or("alloc_pages_node"), name, pfn, order)
    }
    fn hold_block(&mut self, shown: &str, name: Option<&str>, pfn: Pfn, order: Order) -> Answer {
        let addr = self.kernel.phys_to_virt(pfn.phys());
        self.objects.add(name, Kind::Pages { pfn, order, addr, by_address: false });
        line(format!("{shown}: pfn={:#x} order={order} zone={}", pfn.raw(), self.zone_name(pfn)))
    }

    pub(super) fn get_free_pages(&mut self, name: Option<&str>, order: u32, gfp: Gfp) -> Answer {
        has_address(gfp, "get_free_pages")?;
        let (pfn, order) = self.take_block(order, gfp, None)?;
        let Some(addr) = self.kernel.phys_to_virt(pfn.phys()) else {
            self.kernel.free_pages(pfn, order)?;
            return Err(Fault::misuse("the block is high memory"));
        };
        self.objects.add(name, Kind::Pages { pfn, order, addr: Some(addr), by_address: true });
        let name = shown(name, "get_free_pages");
        line(format!("{name}: {addr} pfn={:#x} order={order} zone={}", pfn.raw(), self.zone_name(pfn)))
    }

    fn take_block(&mut self, order: u32, gfp: Gfp, node: Option<u32>) -> Result<(Pfn, Order), Fault> {
        let what = format!("2^{order} pages");
        let top = self.kernel.pages().top_order();
        let Some(order) = Order::new(order).filter(|order| *order <= top) else {
            self.warn_of_order(order, gfp);
            return Err(Fault::new(Errno::ENOMEM, format!("the largest order is {top}")).of(what));
        };
        let taken = match node {
            Some(node) => self.kernel.alloc_request(&Request::new(gfp, order).on(node)),
            None => self.kernel.alloc_pages(gfp, order),
        };
        Ok((taken.map_err(|error| Fault::from(error).of(what))?, order))
    }
    /// An order beyond the top gives NULL, and once a warning of the kernel's.
    fn warn_of_order(&mut self, order: u32, gfp: Gfp) {
        let is_silent = gfp.contains(Gfp::NOWARN) || self.kernel.profile.version < WARNS_SINCE;
        if is_silent || std::mem::replace(&mut self.warned_of_order, true) {
            return;
        }
        use kmem::Machine;
        let (machine, cpu) = (self.kernel.machine(), self.kernel.machine().cpu());
        machine.printk(format_args!("------------[ cut here ]------------"));
        machine.printk(format_args!("WARNING: CPU: {cpu} PID: 1 at mm/page_alloc.c __alloc_pages: order {order}"));
        machine.printk(format_args!("---[ end trace 0000000000000000 ]---"));
    }

    pub(super) fn alloc_pages_bulk(&mut self, name: Option<&str>, count: u32, gfp: Gfp) -> Answer {
        let mut pages = Vec::new();
        let what = || format!("{} at once", counted(count.into(), "page"));
        if count == 0 {
            return Err(Fault::misuse("no page asked for").of("alloc_pages_bulk"));
        }
        self.kernel
            .alloc_pages_bulk(gfp, count, |pfn| pages.push(pfn))
            .map_err(|error| Fault::from(error).of(what()))?;
        let kind = Kind::Batch { pages };
        let text = format!("{}: {kind} of {count}", shown(name, "alloc_pages_bulk"));
        self.objects.add(name, kind);
        line(text)
    }

    pub(super) fn alloc_pages_exact(&mut self, name: Option<&str>, bytes: u64, gfp: Gfp) -> Answer {
        has_address(gfp, "alloc_pages_exact")?;
        let pfn = self.kernel.alloc_pages_exact(bytes, gfp).map_err(|error| {
            if let AllocError::TooLarge { bytes, .. } = error {
                self.warn_of_order(bytes.div_ceil(PAGE_SIZE).next_power_of_two().trailing_zeros(), gfp);
            }
            Fault::from(error).of(format!("alloc_pages_exact of {}", shown_size(bytes)))
        })?;
        let pages = bytes.div_ceil(PAGE_SIZE);
        let Some(addr) = self.kernel.phys_to_virt(pfn.phys()) else {
            self.free_each((0..pages).map(|page| pfn.add(page)))?;
            return Err(Fault::misuse("the pages are high memory"));
        };
        let kind = Kind::Exact { pfn, addr, pages };
        let text = format!("{}: {kind} zone={}", shown(name, "alloc_pages_exact"), self.zone_name(pfn));
        self.objects.add(name, kind);
        line(text)
    }
    pub(super) fn free_pages_exact(&mut self, operand: &Operand) -> Answer {
        let is_exact = |kind: &Kind| matches!(kind, Kind::Exact { .. });
        let Some(id) = self.start_of(operand, "free_pages_exact", is_exact)? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        let Some(Kind::Exact { pfn, addr, pages }) = self.objects.get(id).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is nothing of alloc_pages_exact's")));
        };
        self.must_be_unused(id, operand)?;
        self.free_each((0..pages).map(|page| pfn.add(page)))?;
        self.objects.free(id, "free_pages_exact");
        line(format!("{operand}: freed {addr} pages={pages}"))
    }
    /// Frees single pages.
    pub(super) fn free_each(&self, mut pages: impl Iterator<Item = Pfn>) -> Result<(), Misuse> {
        pages.try_for_each(|pfn| self.kernel.free_pages(pfn, Order::ZERO))
    }

    pub(super) fn free_pages(&mut self, operand: &Operand, order: Option<u32>) -> Answer {
        let is_block = |kind: &Kind| matches!(kind, Kind::Pages { .. } | Kind::Batch { .. });
        let Some(id) = self.block(operand, "free_pages", is_block)? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        self.must_be_unused(id, operand)?;
        let freed = match order {
            None => None,
            Some(order) => Some(Order::new(order).ok_or_else(|| Fault::misuse(format!("there is no order {order}")))?),
        };
        match self.objects.get(id).map(|object| object.kind.clone()) {
            Some(Kind::Pages { pfn, order, addr, by_address }) => {
                let before = self.kernel.frame(pfn).map_or(0, |frame| frame.count);
                let result = self.kernel.free_pages(pfn, freed.unwrap_or(order));
                result.map_err(|misuse| Fault::from(misuse).of(format!("free_pages {operand}")))?;
                if before <= 1 {
                    self.objects.free(id, "free_pages");
                    return line(format!("{operand}: freed pfn={:#x} order={order}", pfn.raw()));
                }
                // Others hold it: what stays is the kernel's rule.
                let left = self.kernel.frame(pfn).map_or(order, |frame| frame.order);
                self.objects.change(id, Kind::Pages { pfn, order: left, addr, by_address });
                line(format!("{operand}: pfn={:#x} order={left} stays, count={}", pfn.raw(), before - 1))
            }
            Some(Kind::Batch { pages }) => {
                if let Some(freed) = freed.filter(|order| *order != Order::ZERO) {
                    let pfn = pages.first().copied().unwrap_or_default();
                    let misuse = Misuse::WrongOrder { pfn, allocated: Order::ZERO, freed };
                    return Err(Fault::from(misuse).of(format!("free_pages {operand}")));
                }
                self.free_each(pages.iter().copied())?;
                self.objects.free(id, "free_pages");
                line(format!("{operand}: freed {}", counted(pages.len() as u64, "page")))
            }
            _ => Err(Fault::misuse(format!("{operand} is no block of pages"))),
        }
    }

    pub(super) fn split_page(&mut self, operand: &Operand) -> Answer {
        let (id, pfn, order) = self.one_block(operand, "split_page")?;
        self.must_be_unused(id, operand)?;
        let Some(frame) = self.kernel.frame(pfn) else { return Err(Fault::misuse(format!("{operand} is no RAM"))) };
        if frame.compound || frame.count != 1 {
            let why = if frame.compound { "the block is compound" } else { "somebody else holds a reference to it" };
            return Err(Fault::misuse(why).of(format!("split_page {operand}")));
        }
        self.kernel.pages().split(pfn, order)?;
        let pages = (0..order.pages()).map(|page| pfn.add(page)).collect();
        let kind = Kind::Batch { pages };
        let text = format!("{operand}: split, {kind}");
        self.objects.change(id, kind);
        line(text)
    }
    pub(super) fn get_page(&mut self, operand: &Operand) -> Answer {
        let (_, pfn, _) = self.one_block(operand, "get_page")?;
        self.kernel.pages().get(pfn)?;
        let count = self.kernel.frame(pfn).map_or(0, |frame| frame.count);
        line(format!("{operand}: pfn={:#x} count={count}", pfn.raw()))
    }
    pub(super) fn put_page(&mut self, operand: &Operand) -> Answer {
        let (id, pfn, order) = self.one_block(operand, "put_page")?;
        let count = self.kernel.frame(pfn).map_or(0, |frame| frame.count);
        if count <= 1 {
            self.must_be_unused(id, operand)?;
        }
        let put = self.kernel.put_page(pfn);
        put.map_err(|misuse| match misuse {
            Misuse::WrongOrder { allocated, .. } => {
                let lost = counted(allocated.pages() - 1, "page");
                Fault::misuse(format!("the last reference to a block that is not compound: {lost} would be lost"))
                    .of(format!("put_page {operand}"))
            }
            other => Fault::from(other).of(format!("put_page {operand}")),
        })?;
        if count > 1 {
            return line(format!("{operand}: pfn={:#x} count={}", pfn.raw(), count - 1));
        }
        self.objects.free(id, "put_page");
        line(format!("{operand}: freed pfn={:#x} order={order}", pfn.raw()))
    }

    /// The block of contiguous pages that an operand must mean.
    fn one_block(&self, operand: &Operand, verb: &'static str) -> Result<(Id, Pfn, Order), Fault> {
        let id = self.block(operand, verb, |kind| matches!(kind, Kind::Pages { .. }))?;
        let id = id.ok_or_else(|| Fault::misuse(format!("{operand} is NULL, nothing for {verb}")))?;
        match self.objects.get(id).map(|object| &object.kind) {
            Some(Kind::Pages { pfn, order, .. }) => Ok((id, *pfn, *order)),
            _ => Err(Fault::misuse(format!("{operand} is no block of pages"))),
        }
    }
    /// The pages that an operand means; `None` for NULL. A number may be the frame's, too: `free_pages 0x1a0`.
    fn block(&self, operand: &Operand, verb: &'static str, fits: fn(&Kind) -> bool) -> Result<Option<Id>, Fault> {
        if let Base::Number(number) = operand.base {
            let is_it =
                |kind: &Kind| matches!(kind, Kind::Pages { pfn, .. } if pfn.raw() == number && operand.offset == 0);
            if let Some((id, _)) = self.objects.live().find(|(_, object)| is_it(&object.kind)) {
                return Ok(Some(id));
            }
            let addr = VirtAddr::new(number.wrapping_add(operand.offset));
            if number != 0 && self.objects.holding(addr).is_none() && self.objects.freed_at(addr).is_none() {
                let frame = self.kernel.virt_to_phys(addr).map_or(Pfn::new(number), Pfn::containing);
                if self.kernel.is_ram(frame) {
                    return Err(self.not_held(frame).of(format!("{verb} {operand}")));
                }
            }
        }
        self.start_of(operand, verb, fits)
    }
    /// What is wrong with freeing a frame that this shell does not hold.
    fn not_held(&self, pfn: Pfn) -> Fault {
        let Some(info) = self.kernel.frame(pfn) else { return Misuse::NotRam(pfn.phys()).into() };
        if let Some(owner) = self.kernel.pages().owner(pfn) {
            let why = format!("pfn {:#x} is a process's page at {}; munmap takes it", pfn.raw(), owner.addr());
            return Fault::misuse(why);
        }
        match info.kind {
            FrameKind::Free | FrameKind::Pcp => Misuse::DoubleFree(pfn).into(),
            FrameKind::Slab | FrameKind::SlabTail | FrameKind::Slob => Misuse::SlabPage(pfn).into(),
            FrameKind::Reserved => Misuse::Reserved(pfn).into(),
            FrameKind::Used | FrameKind::Tail if info.file => {
                Fault::misuse(format!("pfn {:#x} is a file's page; file_close drops it", pfn.raw()))
            }
            FrameKind::Used | FrameKind::Tail => Fault::misuse(format!(
                "pfn {:#x} is memory of the kernel's own, nothing that this shell holds",
                pfn.raw()
            )),
        }
    }

    /// Refuses to free what something live is made of: a kernel would not notice, and the memory would be used twice.
    pub(super) fn must_be_unused(&self, id: Id, operand: &Operand) -> Result<(), Fault> {
        let Some((user, object)) = self.objects.user_of(id) else { return Ok(()) };
        let (called, noun, by) = (self.objects.called(user), object.kind.noun(), object.kind.freed_by());
        Err(Fault::misuse(format!("{operand} is still in use by {called} ({noun}); {by} first")))
    }

    /// Lets a name stand for an object that has one already.
    pub(super) fn also_named(&mut self, name: Option<&str>, id: Id) {
        self.objects.assign(name, Value::Object(id));
    }

    /// The zone that a frame is in, with its node where there are several.
    pub(super) fn zone_name(&self, pfn: Pfn) -> String {
        let zone = self.kernel.pages().zone_extent(pfn);
        match zone {
            Some(zone) if self.kernel.pages().nodes() > 1 => format!("{} node={}", zone.name, zone.node),
            Some(zone) => zone.name.into(),
            None => "?".into(),
        }
    }
}

/// Refuses flags of high memory where an address is to be returned.
fn has_address(gfp: Gfp, verb: &str) -> Result<(), Fault> {
    if !gfp.contains(Gfp::HIGHMEM) {
        return Ok(());
    }
    let why = "high memory has no address to return; alloc_pages takes it, kmap maps it";
    Err(Fault::misuse(why).of(format!("{verb} with __GFP_HIGHMEM")))
}

/// The name that a line begins with: what the result is kept under, or the command.
pub(super) fn shown<'a>(name: Option<&'a str>, verb: &'a str) -> &'a str {
    name.unwrap_or(verb)
}
