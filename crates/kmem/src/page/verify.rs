//! Checks the invariants of pages: every frame is in exactly one place.

use super::frame::FrameKind;
use super::zone::Zone;
use super::{PageAllocator, PerCpuPages};
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
            for pcp in (0..self.cpus).filter_map(|cpu| self.pcp(slot, cpu)) {
                on_pcp += self.verify_lists(slot, pcp)?;
            }
            self.verify_frames(slot, zone, free, on_pcp)?;
        }
        self.verify_lru()
    }

    fn verify_lists(&self, slot: usize, pcp: &PerCpuPages) -> Result<u64, Broken> {
        let mut pages = 0;
        for (list, order) in PerCpuPages::lists(self.pageblock) {
            for index in pcp.iter(&self.frames, list) {
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
        let counted = u64::from(pcp.count());
        if pages != counted {
            return Err(Broken { what: "page P2 (length)", at: slot as u64, found: pages, expected: counted });
        }
        Ok(pages)
    }

    fn verify_frames(&self, slot: usize, zone: &Zone, free: u64, on_pcp: u64) -> Result<(), Broken> {
        let (mut seen_free, mut seen_pcp, mut seen_used) = (0, 0, 0);
        let mut pfn = zone.extent.start;
        while pfn < zone.extent.end() {
            let Some(frame) = self.frames.get(pfn) else { break };
            let state = frame.state();
            let mut pages = state.order().pages();
            let block = zone.area.block_of(pfn);
            if let (Some((head, _)), true) =
                (block, state.kind() != FrameKind::Tail || block.is_some_and(|b| b.0 != pfn))
            {
                let (at, found) = (pfn.raw(), state.kind() as u64);
                return Err(Broken { what: "page P1 (a free frame in use)", at, found, expected: head.raw() });
            }
            match (state.kind(), block) {
                (FrameKind::Tail, Some((_, order))) => {
                    pages = order.pages();
                    seen_free += pages;
                }
                (FrameKind::Pcp, _) => seen_pcp += pages,
                (FrameKind::Used, _) => seen_used += pages,
                (FrameKind::Slab | FrameKind::SlabTail, _) => {
                    pages = 1;
                    seen_used += 1;
                }
                // In no block: the kernel's own, or no RAM. That it is not lost, P3 tells.
                (FrameKind::Tail | FrameKind::Free | FrameKind::Reserved, _) => pages = 1,
            }
            if state.kind() == FrameKind::Used && (frame.count() == 0 || state.zone() != slot) {
                let (at, found) = (pfn.raw(), frame.count().into());
                return Err(Broken { what: "page P1 (a used block's count or zone)", at, found, expected: 1 });
            }
            for inside in (pfn.raw() + 1..pfn.raw() + pages).map(Pfn::new) {
                let kind = self.frames.get(inside).map_or(FrameKind::Tail, |frame| frame.state().kind());
                let is_free = block.is_none() && zone.area.block_of(inside).is_some();
                if kind != FrameKind::Tail || is_free {
                    let (at, found) = (inside.raw(), if is_free { 1 } else { kind as u64 });
                    return Err(Broken { what: "page P1 (head in a block)", at, found, expected: 0 });
                }
            }
            pfn = pfn.add(pages);
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
