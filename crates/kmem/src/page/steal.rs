//! Stealing: what a request does when its own mobility type has nothing left.
//!
//! Taking one page out of a block of another type is how memory crumbles. So the *largest* block of another type is taken,
//! and where enough of its pageblock is free or alike, the whole pageblock changes its type: the next requests find room
//! there, and other blocks are left alone. Only movable requests, which can be put right later, take the smallest block.
//! Before a whole pageblock changes its type, those have their turn that boot cut: part of them is never free, so nothing is
//! lost by what else comes into them. (Kernels do not look for these; it saves a few whole blocks for ever.)
//!
//! Two more sources: the contiguous area, from which movable pages may borrow, and blocks set aside for important
//! requests of more than one page (at most a hundredth of a zone).
//!
//! Since 5.0 each theft raises the zone's watermarks for a while (`boost`), so that kswapd frees enough to make whole
//! blocks again.
//!
//! Kernel counterpart: `__rmqueue_fallback`, `steal_suitable_fallback`, `reserve_highatomic_pageblock`,
//! `boost_watermark`, `mm/page_alloc.c`. Free pages follow their pageblock's type, as since 6.10.

use super::attempt::Latitude;
use super::buddy::FreeCounts;
use super::frame::FrameTable;
use super::mobility::Mobility;
use super::rule::PageRule;
use super::zone::Zone;
use crate::units::{Order, Pfn};

/// What a theft was, for the event `mm_page_alloc_extfrag`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theft {
    /// First frame of the block that was taken from.
    pub(crate) block: Pfn,
    pub(crate) block_order: u32,
    pub(crate) from: Mobility,
    pub(crate) changed: bool,
}

/// What stealing needs to know of the machine.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) rule: &'a PageRule,
    pub(crate) frames: &'a FrameTable,
    pub(crate) pageblock: Order,
    pub(crate) top: Order,
    /// `vm.watermark_boost_factor`.
    pub(crate) boost_factor: u32,
}

impl Ground<'_> {
    /// Takes a block of `2^order` pages for a request of type `kind`, wherever it can be had: `__rmqueue`.
    pub(crate) fn take(
        &self,
        zone: &Zone,
        counts: &mut FreeCounts,
        order: Order,
        kind: Mobility,
        latitude: Latitude,
        stolen: &mut Option<Theft>,
    ) -> Option<Pfn> {
        if latitude.contains(Latitude::HIGH_ATOMIC) {
            if let Some(pfn) = zone.area.take(counts, order, Mobility::HighAtomic) {
                return Some(pfn);
            }
        }
        // Half of what is free lies in the contiguous area: it has its turn first.
        let cma = latitude.contains(Latitude::CMA);
        if cma && counts.pages_of(Mobility::Cma) > counts.pages() / 2 {
            if let Some(pfn) = zone.area.take(counts, order, Mobility::Cma) {
                return Some(pfn);
            }
        }
        if let Some(pfn) = zone.area.take(counts, order, kind) {
            return Some(pfn);
        }
        if cma {
            if let Some(pfn) = zone.area.take(counts, order, Mobility::Cma) {
                return Some(pfn);
            }
        }
        let found = self.steal(zone, counts, order, kind, latitude, stolen);
        // Who may use all reserves may use these too.
        if found.is_none() && latitude.intersects(Latitude::OOM.union(Latitude::NO_WATERMARKS)) {
            return zone.area.take(counts, order, Mobility::HighAtomic);
        }
        found
    }

    /// True when [`Ground::take`] would find a block.
    pub(crate) fn has(&self, counts: &FreeCounts, order: Order, kind: Mobility, latitude: Latitude) -> bool {
        let has = |kind: Mobility| counts.orders(kind) >> order.raw() != 0;
        let set_aside = Latitude::HIGH_ATOMIC.union(Latitude::OOM).union(Latitude::NO_WATERMARKS);
        has(kind)
            || kind.fallbacks().iter().any(|other| has(*other))
            || latitude.contains(Latitude::CMA) && has(Mobility::Cma)
            || latitude.intersects(set_aside) && has(Mobility::HighAtomic)
    }

    fn steal(
        &self,
        zone: &Zone,
        counts: &mut FreeCounts,
        order: Order,
        kind: Mobility,
        latitude: Latitude,
        stolen: &mut Option<Theft>,
    ) -> Option<Pfn> {
        let least =
            if latitude.contains(Latitude::NO_FRAGMENT) && order < self.pageblock { self.pageblock } else { order };
        let other = |counts: &FreeCounts, at: Order| {
            kind.fallbacks().iter().copied().find(|other| counts.blocks(at)[other.index()] != 0)
        };
        let (largest, from) = least.up_to(self.top).rev().find_map(|at| other(counts, at).map(|from| (at, from)))?;
        let takes_block =
            |at: Order| at >= self.pageblock || at.raw() >= self.pageblock.raw() / 2 || kind != Mobility::Movable;
        let (at, from) = if takes_block(largest) {
            (largest, from)
        } else {
            // Movable pages can be put right later: the smallest block does.
            order.up_to(self.top).find_map(|at| other(counts, at).map(|from| (at, from)))?
        };
        let cut = if at >= self.pageblock { self.left_by_boot(zone, counts, order, kind) } else { None };
        if let Some((block, at, from)) = cut {
            zone.area.set_mobility(counts, block, kind);
            *stolen = Some(Theft { block, block_order: at.raw(), from, changed: true });
            return zone.area.take(counts, order, kind);
        }
        let mut theft = Theft { block: Pfn::new(0), block_order: at.raw(), from, changed: false };
        let pfn = if at >= self.pageblock {
            self.boost(zone, latitude);
            theft.changed = true;
            let pfn = zone.area.take_from(counts, at.raw(), from, at.raw(), from)?;
            theft.block = pfn;
            let mut block = pfn;
            while block < pfn.add(at.pages()) {
                zone.area.set_mobility(counts, block, kind);
                block = block.add(self.pageblock.pages());
            }
            // What is not needed goes back, by now as the request's own type.
            zone.area.give(counts, pfn, at);
            zone.area.take(counts, order, kind)
        } else {
            let block = zone.area.peek(at, from)?;
            theft.block = block;
            if takes_block(at) {
                self.boost(zone, latitude);
                theft.changed = self.claim(zone, counts, block, kind, from);
            }
            match theft.changed {
                true => zone.area.take(counts, order, kind),
                false => zone.area.take_from(counts, at.raw(), from, order.raw(), from),
            }
        }?;
        *stolen = Some(theft);
        Some(pfn)
    }

    /// Finds a block of another type in a pageblock that boot cut and of which no request has anything yet.
    fn left_by_boot(
        &self,
        zone: &Zone,
        counts: &FreeCounts,
        order: Order,
        kind: Mobility,
    ) -> Option<(Pfn, Order, Mobility)> {
        order.up_to(self.pageblock).take_while(|at| *at < self.pageblock).find_map(|at| {
            kind.fallbacks().iter().filter(|other| counts.blocks(at)[other.index()] != 0).find_map(|&other| {
                let block = zone.area.peek(at, other)?;
                let (start, end) = zone.area.pageblock(block);
                self.frames.are_untaken(start, end).then_some((block, at, other))
            })
        })
    }
    /// Makes a pageblock one of type `kind`, when enough of it is free or alike.
    fn claim(&self, zone: &Zone, counts: &mut FreeCounts, block: Pfn, kind: Mobility, from: Mobility) -> bool {
        let (start, end) = zone.area.pageblock(block);
        let pages = end.raw() - start.raw();
        let free = zone.area.free_in_pageblock(block);
        let movable = self.movable_in(start, end);
        let alike = match (kind, from) {
            (Mobility::Movable, _) => movable,
            // Not movable and not free: alike, as far as one can tell.
            (_, Mobility::Movable) => pages.saturating_sub(free + movable),
            _ => 0,
        };
        if free + alike < self.pageblock.pages() / 2 {
            return false;
        }
        zone.area.set_mobility(counts, block, kind);
        true
    }
    /// Counts the pages in use that can be moved: those on reclaim's lists.
    fn movable_in(&self, start: Pfn, end: Pfn) -> u64 {
        (start.raw()..end.raw())
            .filter(|pfn| self.frames.get(Pfn::new(*pfn)).is_some_and(|frame| frame.state().is_lru()))
            .count() as u64
    }

    /// Raises the marks by a pageblock, at most by the boost factor's part of the high mark.
    fn boost(&self, zone: &Zone, latitude: Latitude) {
        if !self.rule.boosts || self.boost_factor == 0 || latitude.contains(Latitude::HARDER) {
            return;
        }
        // Where a few blocks are all there is, a boost would only push out what is needed.
        if self.pageblock.pages() * 4 > u64::from(zone.managed.get()) {
            return;
        }
        let most = u64::from(zone.high.get()) * u64::from(self.boost_factor) / 10_000;
        if most == 0 {
            return;
        }
        let most = most.max(self.pageblock.pages());
        zone.boost.set((u64::from(zone.boost.get()) + self.pageblock.pages()).min(most) as u32);
    }

    /// Sets the pageblock of a page that an important request got aside for such requests, up to a hundredth of the zone.
    pub(crate) fn reserve_high_atomic(&self, zone: &Zone, counts: &mut FreeCounts, pfn: Pfn) {
        let most = u64::from(zone.managed.get()) / 100 + self.pageblock.pages();
        if !self.rule.high_atomic || u64::from(zone.high_atomic.get()) >= most {
            return;
        }
        if zone.area.mobility(pfn).merges() {
            zone.area.set_mobility(counts, pfn, Mobility::HighAtomic);
            zone.high_atomic.add(self.pageblock.pages() as u32);
        }
    }
    /// Gives one pageblock that was set aside back, to the type of a request in need. False when there is none with a free
    /// page.
    pub(crate) fn unreserve_high_atomic(&self, zone: &Zone, counts: &mut FreeCounts, kind: Mobility) -> bool {
        let found = Order::ZERO.up_to(self.top).find_map(|order| zone.area.peek(order, Mobility::HighAtomic));
        let Some(block) = found else { return false };
        zone.area.set_mobility(counts, block, kind);
        // It may have a buddy now that it merges with.
        if let Some((first, order)) = zone.area.block_of(block).filter(|(_, order)| *order >= self.pageblock) {
            zone.area.take_at(counts, first);
            zone.area.give(counts, first, order);
        }
        zone.high_atomic.sub(zone.high_atomic.get().min(self.pageblock.pages() as u32));
        true
    }
}
