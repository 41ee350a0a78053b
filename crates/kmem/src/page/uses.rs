//! Pages by use: counts that belong to zones, kept by those who use the pages.
//!
//! The allocator knows free pages from used ones and no more. Who takes pages for something that `/proc` shows by zone or
//! node says so here, and says so again when that ends. Kernel counterpart: `mod_zone_page_state`, `mod_node_page_state`.

use super::PageAllocator;
use crate::sync::{AtomicU32, Ordering};
use crate::units::Pfn;

/// What pages are used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PageUse {
    /// Slabs of caches whose objects can be freed on request.
    SlabReclaimable = 0,
    /// Other slabs.
    SlabUnreclaimable = 1,
    /// Pages of files that wait to be written.
    Dirty = 2,
}

impl PageUse {
    /// How many uses there are.
    pub const COUNT: usize = 3;
}

/// The counts of one zone. Several CPUs change them at the same time.
#[derive(Default)]
pub(crate) struct Uses([AtomicU32; PageUse::COUNT]);

impl Uses {
    pub(super) fn get(&self) -> [u64; PageUse::COUNT] {
        core::array::from_fn(|at| self.0[at].load(Ordering::Relaxed).into())
    }
}

impl PageAllocator {
    /// Counts a block's pages as used so from now on.
    pub(crate) fn begin_use(&self, pfn: Pfn, what: PageUse, pages: u64) {
        if let Some(count) = self.use_count(pfn, what) {
            count.fetch_add(pages as u32, Ordering::Relaxed);
        }
    }
    /// Counts them so no longer. Of pages that were never counted so nothing is taken off.
    pub(crate) fn end_use(&self, pfn: Pfn, what: PageUse, pages: u64) {
        if let Some(count) = self.use_count(pfn, what) {
            let less = |count: u32| Some(count.saturating_sub(pages as u32));
            // It is always possible.
            let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }
    fn use_count(&self, pfn: Pfn, what: PageUse) -> Option<&AtomicU32> {
        self.zone(self.frames.get(pfn)?.state().zone())?.uses.0.get(what as usize)
    }
}
