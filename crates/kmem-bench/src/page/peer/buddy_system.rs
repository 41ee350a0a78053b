//! `buddy_system_allocator`, both of its faces: the frame allocator, whose free blocks are numbers in sorted sets, and the
//! heap, whose free blocks are linked through their own first words.

use crate::page::source::{OneLock, PageSource, Peer};
use crate::region::Region;
use crate::{BenchError, MANAGED_BYTES, PAGE_BYTES};
use buddy_system_allocator::{FrameAllocator, LockedHeap};
use std::alloc::Layout;
use std::ptr::NonNull;

/// The number of orders that its documentation uses.
const ORDERS: usize = 33;
const PAGES: u64 = MANAGED_BYTES / PAGE_BYTES;

/// Makes the frame allocator.
pub fn frames() -> OneLock<FrameAllocator<ORDERS>> {
    let mut frames = FrameAllocator::new();
    frames.add_frame(0, PAGES as usize);
    OneLock::new(frames, PAGES)
}

impl PageSource for FrameAllocator<ORDERS> {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        self.alloc(1 << order).map(|frame| frame as u64)
    }
    #[inline]
    fn free(&mut self, pfn: u64, order: u32) {
        self.dealloc(pfn as usize, 1 << order);
    }
}

/// The heap, which brings its own lock.
pub struct Heap {
    heap: LockedHeap<ORDERS>,
    memory: Region,
}

// SAFETY: The heap's pointers lead into the region, which it has for itself; it is used under the heap's own lock.
unsafe impl Sync for Heap {}

impl Heap {
    /// Makes it.
    pub fn new() -> Result<Self, BenchError> {
        let memory = Region::new(MANAGED_BYTES as usize)?;
        let heap = LockedHeap::new();
        // SAFETY: Nobody else uses the memory while the heap lives.
        unsafe { heap.lock().init(memory.start().expose_provenance(), MANAGED_BYTES as usize) };
        Ok(Self { heap, memory })
    }
}

/// A block of `2^order` pages, aligned to its size.
fn layout(order: u32) -> Option<Layout> {
    let bytes = (PAGE_BYTES as usize) << order;
    Layout::from_size_align(bytes, bytes).ok()
}

impl PageSource for &Heap {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        let block = self.heap.lock().alloc(layout(order)?).ok()?;
        Some((block.addr().get() - self.memory.start().addr()) as u64 / PAGE_BYTES)
    }
    #[inline]
    fn free(&mut self, pfn: u64, order: u32) {
        let block = NonNull::new(self.memory.start().wrapping_add((pfn * PAGE_BYTES) as usize));
        if let (Some(block), Some(layout)) = (block, layout(order)) {
            // SAFETY: The block was given with this layout.
            unsafe { self.heap.lock().dealloc(block, layout) };
        }
    }
}

impl Peer for Heap {
    type Alone<'a> = &'a Heap;
    type OnCpu<'a> = &'a Heap;

    fn alone(&mut self) -> &Heap {
        self
    }
    fn on_cpu(&self, _cpu: u32) -> Option<&Heap> {
        Some(self)
    }
    fn pages(&self) -> u64 {
        PAGES
    }
    /// A free looks for its buddy by walking the list of free blocks.
    fn bears_scattering(&self) -> bool {
        false
    }
}
