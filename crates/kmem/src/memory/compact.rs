//! Compaction: making large free blocks by moving pages out of them.
//!
//! Two scanners walk a zone towards each other. One goes up from the bottom and finds pages that can be moved: those of
//! processes and of files. The other comes down from the top and finds free pages for them. Each page is copied and
//! whoever has it is told its new place; what it leaves merges with its neighbours. When the scanners meet, the zone has its
//! free pages at the bottom.
//!
//! Moving is of use only when the free pages would suffice if they lay together: the fragmentation index says so, 0 for too
//! few pages, 1000 for pages that lie badly; below `vm.extfrag_threshold` (500) reclaim is the better way. After a failure
//! compaction is put off, twice as long each time.
//!
//! Kernel counterpart: `mm/compaction.c` (`compact_zone`, `isolate_migratepages`, `isolate_freepages`,
//! `compaction_suitable`, `defer_compaction`), `mm/migrate.c`.

use super::settings::Setting;
use super::Memory;
use crate::machine::Machine;
use crate::page::frame::{FrameKind, State};
use crate::page::policy::Request;
use crate::page::Mobility;
use crate::raw::copy_page;
use crate::reclaim::VmEvent;
use crate::units::{Order, Pfn};

/// How far compaction got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It was not tried: too few free pages, or a block is there.
    Skipped,
    /// It failed lately.
    Deferred,
    /// Some pages were moved.
    Partial,
    /// The scanners met.
    Complete,
}

/// How much is tried: `enum compact_priority` and its modes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effort {
    /// Only pageblocks of movable pages.
    Movable,
    /// All pageblocks.
    All,
}

/// The most that waiting doubles: `COMPACT_MAX_DEFER_SHIFT`.
const MAX_SHIFT: u32 = 6;
/// Pages that are moved before a look whether a block is there.
const CLUSTER: u64 = 32;

impl<M: Machine> Memory<M> {
    /// Compacts the zones of a request until one has a block for it.
    pub(super) fn direct_compact(&self, request: &Request, round: u32) -> Progress {
        let cpu = self.machine.cpu();
        let Some(_busy) = self.reclaim.begin(cpu) else { return Progress::Skipped };
        if !request.gfp.contains(crate::gfp::Gfp::IO) {
            return Progress::Skipped;
        }
        let effort = if round == 0 { Effort::Movable } else { Effort::All };
        let mut best = Progress::Skipped;
        let mut slots = [usize::MAX; crate::page::MAX_ALL_ZONES];
        for (place, slot) in slots.iter_mut().zip(self.pages.slots_of(cpu, request)) {
            *place = slot;
        }
        for slot in slots.into_iter().take_while(|slot| *slot != usize::MAX) {
            if round == 0 && self.is_deferred(slot, request.order) {
                best = if best == Progress::Skipped { Progress::Deferred } else { best };
                continue;
            }
            match self.compact_zone(slot, Some(request.order), effort) {
                Progress::Skipped | Progress::Deferred => (),
                progress => {
                    best = progress;
                    if self.pages.has_free_block(slot, request.order) {
                        break;
                    }
                }
            }
        }
        if best == Progress::Partial || best == Progress::Complete {
            self.reclaim.events.add(VmEvent::CompactStall, 1);
        }
        best
    }
    /// Compacts all zones as far as it goes: `compact_memory`. Returns the pages moved. May sleep.
    pub fn compact(&self) -> u64 {
        let Some(_busy) = self.reclaim.begin(self.machine.cpu()) else { return 0 };
        self.drain();
        let before = self.reclaim.events.get(VmEvent::PgMigrateSuccess);
        for slot in 0..crate::page::MAX_ALL_ZONES {
            self.compact_zone(slot, None, Effort::All);
        }
        self.reclaim.events.get(VmEvent::PgMigrateSuccess) - before
    }

    fn compact_zone(&self, slot: usize, order: Option<Order>, effort: Effort) -> Progress {
        let Some((start, end)) = self.pages.zone_span(slot) else { return Progress::Skipped };
        if let Some(order) = order {
            let threshold = i64::from(self.setting(Setting::ExtfragThreshold));
            let index = self.pages.fragmentation_index(slot, order);
            // Negative: a block is there, so that something else stood in the way.
            if index < 0 || order > Order::ZERO && index <= threshold {
                return Progress::Skipped;
            }
        }
        let (mut from, mut to) = (start, end);
        let mut moved = 0u64;
        let mut since = 0;
        while from < to {
            let is_worth = match self.pages.mobility(from) {
                Some(Mobility::Movable | Mobility::Cma) => true,
                Some(Mobility::Unmovable | Mobility::Reclaimable) => effort == Effort::All,
                _ => false,
            };
            let block_end = self.pages.pageblock_end(slot, from).min(to);
            if !is_worth {
                from = block_end;
                continue;
            }
            while from < block_end && from < to {
                let pfn = from;
                let (next, is_candidate) = self.look(pfn);
                from = next;
                self.reclaim.events.add(VmEvent::CompactMigrateScanned, 1);
                if !is_candidate {
                    continue;
                }
                let isolated = {
                    let _irq = self.irq_off();
                    self.pages.lru_isolate_page(pfn)
                };
                if !isolated {
                    continue;
                }
                self.reclaim.events.add(VmEvent::CompactIsolated, 1);
                let new = {
                    let _irq = self.irq_off();
                    self.pages.take_high_page(slot, pfn, &mut to)
                };
                let Some(new) = new else {
                    self.put_back(pfn, self.pages.state(pfn).has(State::ACTIVE));
                    return if moved > 0 { Progress::Complete } else { Progress::Skipped };
                };
                if self.move_page(pfn, new) {
                    moved += 1;
                    since += 1;
                } else {
                    self.put(new);
                }
            }
            if let (Some(order), true) = (order, since >= CLUSTER || from == block_end) {
                since = 0;
                if self.pages.has_free_block(slot, order) {
                    return Progress::Partial;
                }
            }
        }
        Progress::Complete
    }
    /// Returns the frame to look at next, and whether this one may be moved.
    fn look(&self, pfn: Pfn) -> (Pfn, bool) {
        let state = self.pages.state(pfn);
        match state.kind() {
            FrameKind::Used if state.is_lru() => (pfn.add(1), true),
            FrameKind::Used | FrameKind::Pcp => (pfn.add(state.order().pages()), false),
            FrameKind::Tail => {
                let free = self.pages.free_block_at(pfn);
                (free.map_or(pfn.add(1), |(head, order)| head.add(order.pages())), false)
            }
            _ => (pfn.add(1), false),
        }
    }
    /// Moves an isolated page to a page that was taken for it. The isolation's reference goes in any case.
    fn move_page(&self, old: Pfn, new: Pfn) -> bool {
        let state = self.pages.state(old);
        let active = state.has(State::ACTIVE);
        let moved = if state.has(State::FILE) {
            let copy = || copy_page(&self.machine, &self.ram, old.phys(), new.phys());
            let _irq = self.irq_off();
            let moved = self.reclaim.files.replace(&self.pages, &self.ram, old, new, copy);
            if moved {
                self.pages.lru_add(new, active);
            }
            moved
        } else if state.has(State::OWNED) {
            // Who else holds it goes by its frame.
            let is_pinned = self.pages.frames.get(old).is_none_or(|frame| frame.count() != 2);
            !is_pinned && self.users.as_ref().is_some_and(|users| users.get().move_page(self, old, new))
        } else {
            false
        };
        self.reclaim.events.add(if moved { VmEvent::PgMigrateSuccess } else { VmEvent::PgMigrateFail }, 1);
        if moved {
            self.put(old);
            self.put(old);
        } else {
            self.put_back(old, active);
        }
        moved
    }

    fn is_deferred(&self, slot: usize, order: Order) -> bool {
        let Some(deferral) = self.reclaim.deferred.get(slot / crate::page::watermark::MAX_ZONES) else { return false };
        if deferral.shift.get() == 0 || order.raw() < deferral.order_failed.get() {
            return false;
        }
        let limit = 1 << deferral.shift.get();
        deferral.considered.set((deferral.considered.get() + 1).min(limit));
        deferral.considered.get() < limit
    }
    pub(super) fn compaction_ended(&self, request: &Request, success: bool) {
        let cpu = self.machine.cpu();
        let Some(slot) = self.pages.slots_of(cpu, request).next() else { return };
        let Some(deferral) = self.reclaim.deferred.get(slot / crate::page::watermark::MAX_ZONES) else { return };
        deferral.considered.set(0);
        if success {
            deferral.shift.set(0);
            deferral.order_failed.set(deferral.order_failed.get().max(request.order.raw() + 1));
        } else {
            deferral.shift.set((deferral.shift.get() + 1).min(MAX_SHIFT));
            deferral.order_failed.set(request.order.raw());
        }
    }
}
