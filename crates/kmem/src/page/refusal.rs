//! Why zones refuse a request: the checks of the allocation path, asked one by one without taking anything.
//!
//! [`PageAllocator::answers`] goes over the zones that may answer, in the order in which [`PageAllocator::alloc`] tries
//! them, and keeps of each the numbers that decide: what is free and what of it does not count for this attempt, the mark
//! and how far below it the attempt may go, what the zone keeps for requests that need it more, and which blocks there are.
//! The checks themselves are the zone's own, so that what is told here is what an allocation meets.
//!
//! Kernel counterpart: `get_page_from_freelist`, `__zone_watermark_ok`, `mm/page_alloc.c`.

use super::attempt::{Attempt, Latitude};
use super::mobility::Mobility;
use super::policy::Request;
use super::rule::OrderCheck;
use super::PageAllocator;
use crate::profile::ZoneKind;
use crate::units::Order;

/// What a zone says to one attempt, with the numbers that decide. Pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The zone's node.
    pub node: u32,
    /// Which kind of zone it is.
    pub kind: ZoneKind,
    /// Its name.
    pub name: &'static str,
    /// Pages that are free.
    pub free: u64,
    /// Of those, pages that count for this attempt: not the contiguous area's, and not those that are set aside, unless it
    /// may have them.
    pub usable: u64,
    /// The watermark, with what fragmentation adds to it.
    pub mark: u64,
    /// The same as far as this attempt may go below it.
    pub lowered: u64,
    /// What the zone keeps from requests that prefer a higher one: `lowmem_reserve`.
    pub reserve: u64,
    /// What must be usable: the lowered mark, the reserve, and the block.
    pub needed: u64,
    /// The largest free block of each mobility type.
    pub largest: [Option<Order>; Mobility::COUNT],
    /// Why it refuses; `None` when it would give the block.
    pub refusal: Option<Refusal>,
}

/// Why a zone refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Too few pages count.
    Pages {
        /// So many are missing.
        missing: u64,
    },
    /// Too few of the pages lie in large blocks: of each higher order half as many must be free (before 4.4).
    Pieces,
    /// There is no block that is large enough.
    Blocks,
    /// There is one, but of a type that this request may not have.
    Types,
}

impl Answer {
    /// Returns the largest free block of any type.
    pub fn largest_block(&self) -> Option<Order> {
        self.largest.iter().copied().flatten().max()
    }
}

impl PageAllocator {
    /// Asks the zones that may answer a request, in order, what they say to one attempt. Nothing is taken.
    pub fn answers<'a>(
        &'a self,
        cpu: u32,
        request: &'a Request,
        attempt: Attempt,
    ) -> impl Iterator<Item = Answer> + 'a {
        let order = request.order;
        let wanted = Mobility::from_raw(self.list_kind(request.gfp));
        self.candidates(cpu, request).map(move |(_, zone, preferred)| {
            let guard = zone.lock();
            let counts = &guard.counts;
            let free = u64::from(zone.free.get());
            let barred = match attempt.latitude.contains(Latitude::NO_WATERMARKS) {
                true => 0,
                false => zone.barred(self.rule, attempt),
            };
            let usable = free.saturating_sub(barred);
            let lowered = zone.lowered(self.rule, order, attempt);
            let kept = match attempt.latitude.contains(Latitude::NO_WATERMARKS) {
                true => 0,
                false => zone.kept(self.rule, order, attempt, preferred),
            };
            let needed = kept + order.pages();
            let refusal = if !zone.has_pages(self.rule, order, attempt, preferred) {
                // What is set aside and not free is missing too.
                Some(Refusal::Pages { missing: (needed + barred).saturating_sub(free) })
            } else if !zone.has_block(self.rule, counts, order, attempt) {
                Some(match self.rule.order_check {
                    OrderCheck::Halving => Refusal::Pieces,
                    OrderCheck::Block => Refusal::Blocks,
                })
            } else if !self.ground().has(counts, order, wanted, attempt.latitude) {
                let any = Mobility::ALL.iter().any(|kind| counts.orders(*kind) >> order.raw() != 0);
                Some(if any { Refusal::Types } else { Refusal::Blocks })
            } else {
                None
            };
            Answer {
                node: zone.extent.node,
                kind: zone.extent.kind,
                name: zone.extent.name,
                free,
                usable,
                mark: zone.mark(attempt.mark),
                lowered,
                reserve: kept.saturating_sub(lowered),
                needed,
                largest: Mobility::ALL.map(|kind| counts.orders(kind).checked_ilog2().and_then(Order::new)),
                refusal,
            }
        })
    }
    /// Returns the two attempts of a request, as far as it may go without waiting: above the low mark, then above the min
    /// mark as far as its flags allow.
    pub fn attempts(&self, request: &Request) -> [Attempt; 2] {
        let first = Attempt::first(self.rule, request.gfp);
        [first, Attempt::second(self.rule, request.gfp, request.order.raw(), request.caller)]
    }
}
