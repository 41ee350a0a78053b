//! `free-list`: free ranges in a sorted list, searched from its front. With 100,000 scattered free pages every free moves
//! a megabyte, so it takes no part where free pages scatter.

use crate::page::source::{OneLock, PageSource};
use crate::{MANAGED_BYTES, PAGE_BYTES};
use free_list::{FreeList, PageLayout, PageRange};

/// Ranges that lie in the list itself; more go to the heap.
const INLINE: usize = 16;
const PAGES: u64 = MANAGED_BYTES / PAGE_BYTES;

/// The list.
pub struct Ranges(FreeList<INLINE>);

/// Makes it. Page 0 is left out: the list wants ranges that do not begin at 0.
pub fn new() -> OneLock<Ranges> {
    let mut ranges = Ranges(FreeList::new());
    // Aligned so that the whole can be one block.
    ranges.give(PAGES, PAGES);
    OneLock::new(ranges, PAGES).without_scattering()
}

impl Ranges {
    #[inline]
    fn give(&mut self, first: u64, pages: u64) {
        let range = PageRange::from_start_len((first * PAGE_BYTES) as usize, (pages * PAGE_BYTES) as usize);
        if let Ok(range) = range {
            // SAFETY: The list hands out numbers; nobody touches what they name.
            let given = unsafe { self.0.deallocate(range) };
            debug_assert!(given.is_ok());
        }
    }
}

impl PageSource for Ranges {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        let bytes = (PAGE_BYTES as usize) << order;
        let layout = PageLayout::from_size_align(bytes, bytes).ok()?;
        self.0.allocate(layout).ok().map(|range| range.start() as u64 / PAGE_BYTES)
    }
    #[inline]
    fn free(&mut self, pfn: u64, order: u32) {
        self.give(pfn, 1 << order);
    }
}
