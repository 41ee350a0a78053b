//! What the allocator shows of itself: zones, lists, frames, traffic.

use super::attempt::Mark;
use super::frame::{FrameKind, State};
use super::lru::LruKind;
use super::mobility::Mobility;
use super::watermark::MAX_ZONES;
use super::zone::{Zone, ZoneExtent};
use super::{PageAllocator, PageUse};
use crate::units::{Order, Pfn};

/// What one zone has and holds, for the /proc files. Pages.
#[derive(Clone, Copy, Debug)]
pub struct ZoneCounts {
    /// Where the zone lies.
    pub extent: ZoneExtent,
    /// Its place among the zones of all nodes: `node * MAX_ZONES + zone`.
    pub slot: usize,
    /// Pages that the allocator was given.
    pub managed: u64,
    /// Of those, in the contiguous area.
    pub cma: u64,
    /// Pages on the free lists.
    pub free: u64,
    /// Of those, in the contiguous area.
    pub free_cma: u64,
    /// Pages of pageblocks that are set aside for important requests.
    pub high_atomic: u64,
    /// Of those, free.
    pub free_high_atomic: u64,
    /// What fragmentation adds to the watermarks; it is contained in them.
    pub boost: u64,
    /// Watermarks.
    pub min: u64,
    /// Watermarks.
    pub low: u64,
    /// Watermarks.
    pub high: u64,
    /// Watermarks.
    pub promo: u64,
    /// `lowmem_reserve`: kept from requests that prefer the zone of that index.
    pub reserve: [u64; MAX_ZONES],
    /// Free blocks of each order and mobility type.
    pub by_type: [[u64; Mobility::COUNT]; Order::COUNT],
    /// Free blocks of each order.
    pub blocks: [u64; Order::COUNT],
    /// Threshold of the per-CPU statistics.
    pub stat_threshold: u64,
    /// Pages allocated and freed so far, by requests.
    pub allocated: u64,
    /// See [`ZoneCounts::allocated`].
    pub freed: u64,
    /// Pages that requests for another node's memory got here, and so on: `numa_miss`, `numa_foreign`,
    /// `numa_interleave`, `numa_other`.
    pub numa: [u64; 4],
    /// Pages on reclaim's lists, by [`LruKind`].
    pub lru: [u64; LruKind::COUNT],
    /// Pages by [`PageUse`].
    pub uses: [u64; PageUse::COUNT],
}

/// One CPU's lists of one zone, for zoneinfo.
#[derive(Clone, Copy, Debug)]
pub struct PcpCounts {
    /// Pages on the lists.
    pub count: u64,
    /// At how many pages they give back.
    pub high: u64,
    /// Pages moved at once.
    pub batch: u64,
}

/// How one frame is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameInfo {
    /// First frame of the block that the frame belongs to.
    pub head: Pfn,
    /// What the block is.
    pub kind: FrameKind,
    /// Order of the block.
    pub order: Order,
    /// Reference count of the block.
    pub count: u32,
    /// True for a compound block.
    pub compound: bool,
    /// True for a page of the page cache.
    pub file: bool,
}

impl PageAllocator {
    /// Says how a frame is used; `None` outside the mem_map. O(orders).
    pub fn info(&self, pfn: Pfn) -> Option<FrameInfo> {
        let frame = self.frames.get(pfn)?;
        let of = |head, kind, order| FrameInfo { head, kind, order, count: 0, compound: false, file: false };
        if frame.state().kind() == FrameKind::Tail {
            // A free frame's entry says nothing; the zone knows.
            if let Some((head, order)) = self.zone_of(pfn).and_then(|zone| zone.area.block_of(pfn)) {
                return Some(of(head, FrameKind::Free, order));
            }
        }
        let Some((head, frame, state)) = self.frames.head(pfn) else {
            return Some(of(pfn, FrameKind::Reserved, Order::ZERO));
        };
        if state.kind() == FrameKind::Pcp {
            return Some(of(head, FrameKind::Pcp, state.order()));
        }
        Some(FrameInfo {
            head,
            kind: state.kind(),
            order: state.order(),
            count: frame.count(),
            compound: state.is_compound(),
            file: state.has(State::FILE),
        })
    }
    /// Returns the mobility type of a frame's pageblock.
    pub fn mobility(&self, pfn: Pfn) -> Option<Mobility> {
        Some(self.zone_of(pfn)?.area.mobility(pfn))
    }
    pub(super) fn zone_of(&self, pfn: Pfn) -> Option<&Zone> {
        self.zones().find(|zone| zone.extent.contains(pfn))
    }
    /// Returns the place of the zone that a frame lies in, among the zones of all nodes: `node * MAX_ZONES + zone`.
    pub fn zone_index(&self, pfn: Pfn) -> Option<usize> {
        self.zone_slots().find(|(_, zone)| zone.extent.contains(pfn)).map(|(slot, _)| slot)
    }
    /// Returns where the zone of a frame lies.
    pub fn zone_extent(&self, pfn: Pfn) -> Option<ZoneExtent> {
        Some(self.zone_of(pfn)?.extent)
    }
    /// Returns the pages of all zones together that the allocator manages: `totalram_pages`.
    pub fn managed(&self) -> u64 {
        self.zones().map(|zone| u64::from(zone.managed.get())).sum()
    }
    /// Returns the free pages of all zones together, without those on the per-CPU lists: `NR_FREE_PAGES`.
    pub fn free_pages(&self) -> u64 {
        self.zones().map(|zone| u64::from(zone.free.get())).sum()
    }
    /// Returns the managed pages of each zone of each node.
    pub fn managed_by_zone(&self) -> crate::page::watermark::ZonePages {
        let managed = |slot| self.zone(slot).map_or(0, |zone| zone.managed.get().into());
        core::array::from_fn(|node| core::array::from_fn(|zone| managed(node * MAX_ZONES + zone)))
    }
    /// Returns what each zone holds, node by node, lowest zone first.
    pub fn zone_counts(&self) -> impl Iterator<Item = ZoneCounts> + '_ {
        self.zone_slots().filter_map(|(slot, _)| self.zone_count(slot))
    }
    /// Returns where a zone lies; `None` when there is none at that place.
    pub fn extent_of(&self, slot: usize) -> Option<ZoneExtent> {
        self.zone(slot).map(|zone| zone.extent)
    }
    /// Returns what the zone at a place holds.
    pub fn zone_count(&self, slot: usize) -> Option<ZoneCounts> {
        self.zone(slot).map(|zone| {
            let guard = zone.lock();
            let by_type = core::array::from_fn(|order| match Order::new(order as u32) {
                Some(order) => guard.counts.blocks(order).map(u64::from),
                None => [0; Mobility::COUNT],
            });
            let free = guard.counts.pages();
            let free_of = |kind| guard.counts.pages_of(kind);
            let (free_cma, free_high_atomic) = (free_of(Mobility::Cma), free_of(Mobility::HighAtomic));
            drop(guard);
            let traffic = self.all_lists(slot).map(|lists| lists.traffic());
            let (mut allocated, mut freed) = (zone.tallies.allocated.get() as u64, zone.tallies.freed.get() as u64);
            for (taken, given) in traffic {
                allocated = allocated.wrapping_add(taken as u64);
                freed = freed.wrapping_add(given as u64);
            }
            let numa = [
                &zone.tallies.numa_miss,
                &zone.tallies.numa_foreign,
                &zone.tallies.numa_interleave,
                &zone.tallies.numa_other,
            ];
            ZoneCounts {
                extent: zone.extent,
                slot,
                managed: zone.managed.get().into(),
                cma: zone.cma.get().into(),
                free,
                free_cma,
                high_atomic: zone.high_atomic.get().into(),
                free_high_atomic,
                boost: zone.boost.get().into(),
                min: zone.mark(Mark::Min),
                low: zone.mark(Mark::Low),
                high: zone.mark(Mark::High),
                promo: u64::from(zone.promo.get()) + u64::from(zone.boost.get()),
                reserve: zone.reserve(),
                by_type,
                blocks: core::array::from_fn(|order| by_type[order].iter().sum()),
                stat_threshold: zone.stat_threshold.get().into(),
                allocated,
                freed,
                numa: numa.map(|tally| tally.get() as u64),
                lru: core::array::from_fn(|kind| zone.lru[kind].get().into()),
                uses: zone.uses.get(),
            }
        })
    }
    /// Returns the pageblocks of each mobility type of a zone. `has_pages` says whether there is memory (or, where the
    /// mem_map has no holes, an entry) behind a pageblock that begins at a frame.
    pub fn pageblocks(&self, slot: usize, has_pages: impl Fn(Pfn) -> bool) -> [u64; Mobility::COUNT] {
        self.zone(slot).map_or([0; Mobility::COUNT], |zone| zone.area.pageblocks(has_pages))
    }
    /// Returns what one CPU's lists of a zone hold.
    pub fn pcp_counts(&self, slot: usize, cpu: u32) -> Option<PcpCounts> {
        let lists = self.lists(slot, cpu)?;
        Some(PcpCounts {
            count: lists.count().into(),
            high: lists.pages.high().into(),
            batch: lists.pages.batch.get().into(),
        })
    }
}
