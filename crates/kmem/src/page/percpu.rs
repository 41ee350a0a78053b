//! Per-CPU page lists: order-0 pages that a CPU takes and gives without a lock.
//!
//! Nearly every page allocation is of order 0, so each CPU keeps a stack of free pages per zone. A hit pops or pushes
//! one frame: no lock, no locked operation, nothing that another CPU writes. An empty list is refilled with `batch`
//! pages under the zone lock, and one longer than `high` gives `batch` back.
//!
//! Only its own CPU, with interrupts off, touches a list; others may read the count. Kernel counterpart:
//! `struct per_cpu_pages`, `mm/page_alloc.c`.

use super::frame::{FrameKind, FrameTable, State, NIL};
use crate::raw::zeroed_struct;
use crate::sync::{Count, Ordering};
use crate::units::{Order, Pfn};

zeroed_struct! {
    /// One CPU's free pages of one zone, a cache line of their own. Zero is an empty list.
    #[repr(C, align(64))]
    pub(crate) struct PerCpuPages {
        /// Index of the top frame plus one; 0 is the empty list.
        top: Count,
        count: Count,
        pub(crate) high: Count,
        pub(crate) batch: Count,
    }
}

impl PerCpuPages {
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }
    #[inline(always)]
    pub(crate) fn pop(&self, frames: &FrameTable) -> Option<u32> {
        let index = self.top.get().wrapping_sub(1);
        let frame = frames.at(index)?;
        self.top.set(frame.next.load(Ordering::Relaxed).wrapping_add(1));
        self.count.sub(1);
        Some(index)
    }
    #[inline(always)]
    pub(crate) fn push(&self, frames: &FrameTable, index: u32, zone: usize) {
        let Some(frame) = frames.at(index) else { return };
        frame.set_state(State::new(FrameKind::Pcp, Order::ZERO, zone));
        frame.next.store(self.top.get().wrapping_sub(1), Ordering::Relaxed);
        self.top.set(index.wrapping_add(1));
        self.count.add(1);
    }
    /// Walks the list, at most `count + 1` steps.
    pub(crate) fn iter<'a>(&self, frames: &'a FrameTable) -> impl Iterator<Item = Pfn> + 'a {
        let mut at = self.top.get().wrapping_sub(1);
        let mut left = self.count.get().saturating_add(1);
        core::iter::from_fn(move || {
            if at == NIL || left == 0 {
                return None;
            }
            let here = at;
            at = frames.at(here)?.next.load(Ordering::Relaxed);
            left -= 1;
            Some(frames.pfn(here))
        })
    }
}
