//! Buddy allocator: physically contiguous blocks of `2^order` pages, merged again as soon as they are free.
//!
//! A driver needs contiguous pages and the memory must not crumble. Splitting and merging only along powers of two
//! finds a block's neighbour with one XOR and bounds every operation by the number of orders. Order 0 out of order 2:
//!
//! ```text
//!     before   [ 0 1 2 3 ] order 2        after   [0] used   [1] order 0   [ 2 3 ] order 1
//! ```
//!
//! # Invariants, checked by `verify`
//! - **I1** A block of order *n* starts at a multiple of `2^n` frames.
//! - **I2** The mem_map and the lists agree: what is on the list of order *n* is a `Free` head of order *n*.
//! - **I3** Two buddies below the top order, both wholly in the zone, are never both free: they would be one block.
//! - **I4** The free-page count is the sum over the lists.
//!
//! Elsewhere: which zone (`zonelist`), whether it may (`watermark`), the fast path (`percpu`), zeroing (`memory`).
//! Kernel counterpart: `mm/page_alloc.c`, `Documentation/mm/physical_memory.rst`. Paper: Knowlton 1965.

use super::frame::{FrameKind, FrameList, FrameTable, State};
use crate::error::Broken;
use crate::units::{Order, Pfn};

/// The free blocks of one zone.
pub(crate) struct FreeArea {
    lists: [FrameList; Order::COUNT],
    free_pages: u64,
    top: Order,
    zone: usize,
    start: Pfn,
    end: Pfn,
}

impl FreeArea {
    pub(crate) const fn new(zone: usize, top: Order, start: Pfn, end: Pfn) -> Self {
        Self { lists: [FrameList::new(); Order::COUNT], free_pages: 0, top, zone, start, end }
    }
    pub(crate) const fn free_pages(&self) -> u64 {
        self.free_pages
    }
    /// Returns how many free blocks of an order there are.
    pub(crate) const fn blocks(&self, order: Order) -> u32 {
        self.lists[order.index()].len()
    }
    /// Takes a block of `2^order` pages: the first one of the smallest order that has one, as the kernel's
    /// `__rmqueue_smallest`. What is left over goes back half by half. O(orders).
    pub(crate) fn take(&mut self, frames: &FrameTable, order: Order) -> Option<Pfn> {
        let mut at = order.up_to(self.top).find(|at| self.blocks(*at) != 0)?;
        let index = self.lists[at.index()].pop_front(frames)?;
        let pfn = frames.pfn(index);
        while at > order {
            at = at.down();
            self.put(frames, pfn.add(at.pages()), at, End::Front);
        }
        // Marked before the lock is gone: a neighbour that is freed meanwhile must not merge with it.
        frames.at(index)?.set_state(State::new(FrameKind::Used, order, self.zone));
        self.free_pages -= order.pages();
        Some(pfn)
    }

    /// Gives a block back and merges it with its buddy as long as that is free: the kernel's `__free_one_page`.
    pub(crate) fn give(&mut self, frames: &FrameTable, pfn: Pfn, order: Order, end: End) {
        self.free_pages += order.pages();
        let (mut pfn, mut order) = (pfn, order);
        while order < self.top {
            let buddy = pfn.buddy(order);
            if !self.owns(buddy, order) {
                break;
            }
            let Some(frame) = frames.get(buddy) else { break };
            if !frame.state().is_free(order) {
                break;
            }
            self.lists[order.index()].remove(frames, frames.index(buddy));
            for half in [pfn, buddy] {
                if let Some(frame) = frames.get(half) {
                    frame.clear();
                }
            }
            pfn = if buddy < pfn { buddy } else { pfn };
            order = order.up();
        }
        self.put(frames, pfn, order, end);
    }

    /// Gives the frames of `start..end` back in the largest aligned blocks: boot's way.
    pub(crate) fn give_range(&mut self, frames: &FrameTable, start: Pfn, end: Pfn) {
        let mut pfn = start;
        while pfn < end {
            let order = Order::ZERO
                .up_to(self.top)
                .rev()
                .find(|order| pfn.is_aligned(*order) && pfn.add(order.pages()) <= end)
                .unwrap_or(Order::ZERO);
            self.give(frames, pfn, order, End::Back);
            pfn = pfn.add(order.pages());
        }
    }

    fn put(&mut self, frames: &FrameTable, pfn: Pfn, order: Order, end: End) {
        let Some(frame) = frames.get(pfn) else { return };
        frame.set_state(State::new(FrameKind::Free, order, self.zone));
        let list = &mut self.lists[order.index()];
        match end {
            End::Front => list.push_front(frames, frames.index(pfn)),
            End::Back => list.push_back(frames, frames.index(pfn)),
        }
    }
    fn owns(&self, pfn: Pfn, order: Order) -> bool {
        pfn >= self.start && pfn.add(order.pages()) <= self.end
    }

    /// Checks I1 to I4; returns the first that is broken with its place. O(free blocks).
    pub(crate) fn verify(&self, frames: &FrameTable) -> Result<(), Broken> {
        let broken = |what, at: Pfn, found, expected| Broken { what, at: at.raw(), found, expected };
        let mut counted = 0;
        for order in Order::ZERO.up_to(self.top) {
            let mut on_list = 0;
            for index in self.lists[order.index()].iter(frames) {
                let pfn = frames.pfn(index);
                on_list += 1;
                if !pfn.is_aligned(order) || !self.owns(pfn, order) {
                    return Err(broken("buddy I1 (alignment)", pfn, u64::from(order.raw()), 0));
                }
                let is_free = |pfn| frames.get(pfn).is_some_and(|frame| frame.state().is_free(order));
                if !is_free(pfn) {
                    return Err(broken("buddy I2 (on a list, not free)", pfn, 0, u64::from(order.raw())));
                }
                let buddy = pfn.buddy(order);
                if order < self.top && self.owns(buddy, order) && is_free(buddy) {
                    return Err(broken("buddy I3 (uncoalesced)", pfn, buddy.raw(), 0));
                }
                counted += order.pages();
            }
            let len = self.lists[order.index()].len();
            if on_list != len {
                return Err(broken("buddy I2 (length of a list)", self.start, on_list.into(), len.into()));
            }
        }
        if counted != self.free_pages {
            return Err(broken("buddy I4 (free count)", self.start, counted, self.free_pages));
        }
        Ok(())
    }
}

/// Which end of its list a free block goes to: the front is taken next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Taken next.
    Front,
    /// Taken last.
    Back,
}
