//! Blocks of pages: `alloc_pages`, `get_free_pages`, `free_pages`.

use super::fault::Fault;
use super::object::{Id, Kind, Value};
use super::{line, Answer, Shell};
use crate::ast::Operand;
use kmem::{Gfp, Order, Pfn};

impl Shell<'_> {
    pub(super) fn alloc_pages(&mut self, name: Option<&str>, order: u32, gfp: Gfp) -> Answer {
        let (pfn, order) = self.take_block(order, gfp)?;
        let addr = self.kernel.phys_to_virt(pfn.phys());
        self.objects.add(name, Kind::Pages { pfn, order, addr, by_address: false });
        line(format!("{}: pfn={:#x} order={order} zone={}", shown(name, "alloc_pages"), pfn.raw(), self.zone_name(pfn)))
    }

    pub(super) fn get_free_pages(&mut self, name: Option<&str>, order: u32, gfp: Gfp) -> Answer {
        if gfp.contains(Gfp::HIGHMEM) {
            let why = "high memory has no address to return; alloc_pages takes it, kmap maps it";
            return Err(Fault::misuse(why).of("get_free_pages with __GFP_HIGHMEM"));
        }
        let (pfn, order) = self.take_block(order, gfp)?;
        let Some(addr) = self.kernel.phys_to_virt(pfn.phys()) else {
            self.kernel.free_pages(pfn, order)?;
            return Err(Fault::misuse("the block is high memory"));
        };
        self.objects.add(name, Kind::Pages { pfn, order, addr: Some(addr), by_address: true });
        let name = shown(name, "get_free_pages");
        line(format!("{name}: {addr} pfn={:#x} order={order} zone={}", pfn.raw(), self.zone_name(pfn)))
    }

    fn take_block(&self, order: u32, gfp: Gfp) -> Result<(Pfn, Order), Fault> {
        let what = format!("2^{order} pages");
        let top = self.kernel.pages().top_order();
        let too_large = || Fault::misuse(format!("the largest order is {top}")).of(&what);
        let order = Order::new(order).filter(|order| *order <= top).ok_or_else(too_large)?;
        let pfn = self.kernel.alloc_pages(gfp, order).map_err(|error| Fault::from(error).of(what))?;
        Ok((pfn, order))
    }

    pub(super) fn free_pages(&mut self, operand: &Operand, order: Option<u32>) -> Answer {
        let is_block = |kind: &Kind| matches!(kind, Kind::Pages { .. });
        let Some(id) = self
            .block_by_number(operand)
            .map_or_else(|| self.start_of(operand, "free_pages", is_block), |id| Ok(Some(id)))?
        else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        let Some(Kind::Pages { pfn, order: own, .. }) = self.objects.get(id).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is no block of pages")));
        };
        self.must_be_unused(id, operand)?;
        let freed = match order {
            None => own,
            Some(order) => Order::new(order).ok_or_else(|| Fault::misuse(format!("there is no order {order}")))?,
        };
        self.kernel.free_pages(pfn, freed).map_err(|misuse| Fault::from(misuse).of(format!("free_pages {operand}")))?;
        self.objects.free(id, "free_pages");
        line(format!("{operand}: freed pfn={:#x} order={own}", pfn.raw()))
    }

    /// `free_pages 0x1a0`: a number may be the frame's, too.
    fn block_by_number(&self, operand: &Operand) -> Option<Id> {
        let crate::ast::Base::Number(number) = operand.base else { return None };
        let is_it = |kind: &Kind| matches!(kind, Kind::Pages { pfn, .. } if pfn.raw() == number && operand.offset == 0);
        self.objects.live().find(|(_, object)| is_it(&object.kind)).map(|(id, _)| id)
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

    /// The zone that a frame is in.
    pub(super) fn zone_name(&self, pfn: Pfn) -> &'static str {
        let zone = self.kernel.pages().zone_index(pfn);
        zone.and_then(|zone| self.kernel.plan().zones().get(zone)).map_or("?", |zone| zone.name)
    }
}

/// The name that a line begins with: what the result is kept under, or the command.
pub(super) fn shown<'a>(name: Option<&'a str>, verb: &'a str) -> &'a str {
    name.unwrap_or(verb)
}
