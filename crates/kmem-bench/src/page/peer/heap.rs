//! General allocators asked for whole pages: `mimalloc`, `snmalloc`. They have no end of memory, so what is left after long
//! use cannot be asked of them.

use crate::page::source::{PageSource, Peer};
use crate::{MANAGED_BYTES, PAGE_BYTES};
use std::alloc::{GlobalAlloc, Layout};

/// An allocator of this process.
pub struct Heap<A: 'static>(pub &'static A);

fn layout(order: u32) -> Option<Layout> {
    let bytes = (PAGE_BYTES as usize) << order;
    Layout::from_size_align(bytes, bytes).ok()
}

impl<A: GlobalAlloc + Sync> PageSource for &Heap<A> {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        // SAFETY: The layout has a size.
        let block = unsafe { self.0.alloc(layout(order)?) };
        (!block.is_null()).then(|| block.expose_provenance() as u64 / PAGE_BYTES)
    }
    #[inline]
    fn free(&mut self, pfn: u64, order: u32) {
        if let Some(layout) = layout(order) {
            let block = std::ptr::with_exposed_provenance_mut((pfn * PAGE_BYTES) as usize);
            // SAFETY: The block was given with this layout.
            unsafe { self.0.dealloc(block, layout) };
        }
    }
}

impl<A: GlobalAlloc + Sync> Peer for Heap<A> {
    type Alone<'a>
        = &'a Self
    where
        A: 'a;
    type OnCpu<'a>
        = &'a Self
    where
        A: 'a;

    fn alone(&mut self) -> &Self {
        self
    }
    fn on_cpu(&self, _cpu: u32) -> Option<&Self> {
        Some(self)
    }
    fn pages(&self) -> u64 {
        MANAGED_BYTES / PAGE_BYTES
    }
    fn ends(&self) -> bool {
        false
    }
}
