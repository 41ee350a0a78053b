//! What reclaim and compaction ask of the page allocator.

use super::attempt::{Attempt, Caller, Mark};
use super::frame::State;
use super::lru::LruKind;
use super::policy::Request;
use super::rule::OrderCheck;
use super::watermark::MAX_ZONES;
use super::{Mobility, PageAllocator};
use crate::event::Event;
use crate::profile::ZoneKind;
use crate::units::{Order, Pfn};

impl PageAllocator {
    /// Returns the state of a frame's entry.
    pub(crate) fn state(&self, pfn: Pfn) -> State {
        self.frames.get(pfn).map_or(State::from_raw(0), |frame| frame.state())
    }
    /// Returns the free block that a frame lies in.
    pub(crate) fn free_block_at(&self, pfn: Pfn) -> Option<(Pfn, Order)> {
        self.zone_of(pfn)?.area.block_of(pfn)
    }
    /// Returns the index in its node of the zone of a used frame.
    pub(crate) fn zone_in_node(&self, pfn: Pfn) -> usize {
        self.state(pfn).zone() % MAX_ZONES
    }
    /// Returns the index in its node of the zone that a request prefers.
    pub(crate) fn preferred_zone(&self, cpu: u32, request: &Request) -> usize {
        self.candidates(cpu, request).next().map_or(0, |(slot, ..)| slot % MAX_ZONES)
    }
    /// Returns the kind of the zone that a request prefers.
    pub(crate) fn preferred_kind(&self, cpu: u32, request: &Request) -> ZoneKind {
        self.candidates(cpu, request).next().map_or(ZoneKind::Normal, |(_, zone, _)| zone.extent.kind)
    }
    /// True when only memory for old devices is asked for: nobody is killed for that.
    pub(crate) fn is_below_normal(&self, cpu: u32, request: &Request) -> bool {
        let wanted = self.preferred_kind(cpu, request);
        let home = request.node.unwrap_or_else(|| self.node_of_cpu(cpu));
        let ordinary = self.zonelists[home as usize % self.zonelists.len()].preferred(crate::gfp::Gfp::KERNEL);
        wanted < ZoneKind::Normal && self.preferred_zone(cpu, request) < ordinary
    }
    /// Returns the slots of the zones that may answer a request, in order.
    pub(crate) fn slots_of<'a>(&'a self, cpu: u32, request: &'a Request) -> impl Iterator<Item = usize> + 'a {
        self.candidates(cpu, request).map(|(slot, ..)| slot)
    }
    /// Returns the nodes that may answer a request, in order.
    pub(crate) fn nodes_of<'a>(&'a self, cpu: u32, request: &'a Request) -> impl Iterator<Item = u32> + 'a {
        let mut last = None;
        self.candidates(cpu, request).filter_map(move |(_, zone, _)| {
            let node = zone.extent.node;
            (last.replace(node) != Some(node)).then_some(node)
        })
    }
    /// Returns the highest zone for which a node's kswapd has to work, by its index in the node; `None` when all is well.
    ///
    /// Since 4.4 one zone that keeps the mark and the reserve for requests of the highest one is enough. Before, each zone
    /// has to keep the mark, and what lies above the highest one that does not is left alone.
    pub(crate) fn kswapd_target(&self, node: u32, attempt: Attempt) -> Option<usize> {
        let zones = || self.node_zones(node).enumerate().filter(|(_, zone)| zone.is_populated());
        let highest = zones().map(|(at, _)| at).max()?;
        let keeps = |zone: &super::Zone, of: usize| zone.has_pages(self.rule, Order::ZERO, attempt, of);
        match self.rule.order_check {
            OrderCheck::Block => (!zones().any(|(_, zone)| keeps(zone, highest))).then_some(highest),
            // The lowest zone keeps nothing from its own requests.
            OrderCheck::Halving => zones().filter(|(at, zone)| !keeps(zone, *at)).map(|(at, _)| at).max(),
        }
    }
    /// Takes back what fragmentation added to a node's marks: kswapd has done its work.
    pub(crate) fn end_boost(&self, node: u32) {
        self.node_zones(node).for_each(|zone| zone.boost.set(0));
    }
    /// True when there are pages of files, and a request would fit into a zone if that zone's were free.
    pub(crate) fn would_fit_after_reclaim(&self, cpu: u32, request: &Request) -> bool {
        let attempt = Attempt::second(self.rule, request.gfp, request.order.raw(), Caller::Ordinary);
        self.candidates(cpu, request).any(|(_, zone, preferred)| {
            let on = |kind: LruKind| u64::from(zone.lru[kind as usize].get());
            let files = on(LruKind::InactiveFile) + on(LruKind::ActiveFile);
            let kept = zone.kept(self.rule, request.order, attempt, preferred) + request.order.pages();
            files > 0 && u64::from(zone.free.get()) + files >= kept
        })
    }
    /// Returns first frame and one past the last of a populated zone.
    pub(crate) fn zone_span(&self, slot: usize) -> Option<(Pfn, Pfn)> {
        let zone = self.zone(slot).filter(|zone| zone.is_populated())?;
        Some((zone.extent.start, zone.extent.end()))
    }
    /// Returns one past the last frame of a frame's pageblock.
    pub(crate) fn pageblock_end(&self, slot: usize, pfn: Pfn) -> Pfn {
        self.zone(slot).map_or(pfn.add(1), |zone| zone.area.pageblock(pfn).1)
    }
    /// True when a zone has a free block of an order or larger, above its min mark.
    pub(crate) fn has_free_block(&self, slot: usize, order: Order) -> bool {
        let Some(zone) = self.zone(slot) else { return false };
        let attempt = Attempt { mark: Mark::Min, latitude: Default::default() };
        zone.may_give(self.rule, order, attempt, slot % MAX_ZONES)
    }
    /// Returns how far a missing block is missing because of fragmentation, in thousandths; negative when there is one:
    /// `fragmentation_index`.
    pub(crate) fn fragmentation_index(&self, slot: usize, order: Order) -> i64 {
        let Some(zone) = self.zone(slot) else { return -1000 };
        let guard = zone.lock();
        let (mut blocks, mut suitable) = (0u64, false);
        for at in Order::ZERO.up_to(self.top) {
            let here: u64 = guard.counts.blocks(at).iter().map(|&blocks| u64::from(blocks)).sum();
            blocks += here;
            suitable |= at >= order && here > 0;
        }
        let pages = guard.counts.pages();
        if suitable {
            return -1000;
        }
        if blocks == 0 {
            return 0;
        }
        let part = (1000 + (pages * 1000 / order.pages())) / blocks;
        1000 - i64::try_from(part).unwrap_or(i64::MAX)
    }
    /// Takes one free page of a zone from as high as possible, below `to` and above `from`, in a pageblock of movable
    /// pages, and marks it as used with one reference; `to` moves down to the pageblock where it was found.
    pub(crate) fn take_high_page(&self, slot: usize, from: Pfn, to: &mut Pfn) -> Option<Pfn> {
        let zone = self.zone(slot)?;
        let mut guard = zone.lock();
        while *to > from {
            let last = Pfn::new(to.raw() - 1);
            let (start, end) = zone.area.pageblock(last);
            let usable = matches!(zone.area.mobility(last), Mobility::Movable | Mobility::Cma);
            if usable {
                if let Some(page) = zone.area.last_free(start.max(from.add(1)), end.min(*to)) {
                    let (head, order) = zone.area.take_at(&mut guard.counts, page)?;
                    self.tell(|| Event::MigrationTake { pfn: page });
                    for at in (head.raw()..head.add(order.pages()).raw()).map(Pfn::new).filter(|at| *at != page) {
                        zone.area.give(&mut guard.counts, at, Order::ZERO);
                    }
                    let frame = self.frames.get(page)?;
                    let kind = Mobility::Movable as u32;
                    frame.set_state(State::used(Order::ZERO, slot, kind));
                    return Some(page);
                }
            }
            *to = start.max(from);
        }
        None
    }
}
