//! Checks the invariants of pages: every frame is in exactly one place.

use super::chunk::{Cover, CHUNK_PAGES};
use super::frame::FrameKind;
use super::zone::Zone;
use super::{Lists, PageAllocator};
use crate::error::Broken;
use crate::units::Pfn;

impl PageAllocator {
    /// Checks the invariants of the module documentation and each zone's buddy. No CPU may allocate meanwhile.
    /// O(frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self) -> Result<(), Broken> {
        for (slot, zone) in self.zone_slots() {
            let guard = zone.lock();
            zone.area.verify(&guard.counts)?;
            let free = guard.counts.pages();
            drop(guard);
            let mut on_pcp = 0;
            for lists in self.all_lists(slot) {
                on_pcp += self.verify_lists(slot, lists)?;
            }
            self.verify_frames(slot, zone, free, on_pcp)?;
        }
        self.verify_lru()
    }

    fn verify_lists(&self, slot: usize, lists: Lists<'_>) -> Result<u64, Broken> {
        let mut pages = 0;
        for (list, order) in self.shape.lists() {
            for index in lists.iter(list) {
                pages += order.pages();
                let pfn = self.frames.pfn(index);
                let state = self.frames.at(index).map(|frame| frame.state());
                let found = state.map_or(0, |state| state.kind() as u64);
                let belongs = |state: super::State| {
                    state.kind() == FrameKind::Pcp && state.order() == order && state.zone() == slot
                };
                if !state.is_some_and(belongs) {
                    return Err(Broken { what: "page P2 (on a per-CPU list)", at: pfn.raw(), found, expected: 2 });
                }
            }
        }
        Ok(pages)
    }

    fn verify_frames(&self, slot: usize, zone: &Zone, free: u64, on_pcp: u64) -> Result<(), Broken> {
        let broken = |what, pfn: Pfn, found: u64, expected: u64| Err(Broken { what, at: pfn.raw(), found, expected });
        let (mut seen_free, mut seen_pcp, mut seen_used) = (0, 0, 0);
        let mut cover = Cover::default();
        // Frames before this one are the body of a block.
        let mut body_end = zone.extent.start;
        for pfn in (zone.extent.start.raw()..zone.extent.end().raw()).map(Pfn::new) {
            if pfn.raw() % CHUNK_PAGES == 0 || pfn == zone.extent.start {
                cover = match zone.area.cover(pfn) {
                    Ok(cover) => cover,
                    Err(pfn) => return broken("page P1 (a frame in two free blocks)", pfn, 2, 1),
                };
            }
            let Some(frame) = self.frames.get(pfn) else { break };
            let (state, is_free) = (frame.state(), cover.has(pfn.raw() % CHUNK_PAGES));
            let kind = state.kind();
            if pfn < body_end {
                if is_free || kind != FrameKind::Tail {
                    return broken("page P1 (head in a block)", pfn, if is_free { 1 } else { kind as u64 }, 0);
                }
                continue;
            }
            let mut pages = 1;
            match (kind, is_free) {
                (FrameKind::Tail, true) => seen_free += 1,
                (_, true) => return broken("page P1 (a free frame in use)", pfn, kind as u64, 0),
                (FrameKind::Pcp, _) => {
                    pages = state.order().pages();
                    seen_pcp += pages;
                }
                (FrameKind::Used, _) => {
                    if !state.is_shared() && frame.more() != 0 || state.zone() != slot {
                        return broken("page P1 (a used block's count or zone)", pfn, frame.more().into(), 0);
                    }
                    pages = state.order().pages();
                    seen_used += pages;
                }
                (FrameKind::Slab | FrameKind::SlabTail | FrameKind::Slob, _) => seen_used += 1,
                // In no block: the kernel's own, or no RAM. That none was lost, P3 tells.
                (FrameKind::Tail | FrameKind::Free | FrameKind::Reserved, _) => {}
            }
            body_end = pfn.add(pages);
        }
        if body_end > zone.extent.end() {
            return broken("page P1 (a block beyond the zone)", body_end, 1, 0);
        }
        let at = zone.extent.start.raw();
        let managed = u64::from(zone.managed.get());
        for (what, found, expected) in [
            ("page P1 (free frames)", seen_free, free),
            ("page P2 (per-CPU frames)", seen_pcp, on_pcp),
            ("page P3 (managed pages)", seen_free + seen_pcp + seen_used, managed),
        ] {
            if found != expected {
                return Err(Broken { what, at, found, expected });
            }
        }
        Ok(())
    }
}
