//! The machine under a twin: one piece of zeroed memory, one CPU, nothing else.
//!
//! A restored page allocator keeps its structures in it and never looks at a page. The host gives zeroed memory page by page as
//! it is touched, so a twin of a large machine costs what it uses.

use kmem::machine::{DirectMap, Machine};
use kmem::units::{PhysAddr, VirtAddr, PAGE_SIZE};
use std::fmt;
use std::ptr::{null_mut, slice_from_raw_parts_mut};

/// The machine.
///
/// # Invariants
/// `words` leads to `count` words of a box of this machine's own. Of these, whole pages from `skipped` bytes on are RAM.
pub(super) struct Memory {
    words: *mut u64,
    count: usize,
    skipped: usize,
}

impl Memory {
    /// Makes a machine with so many bytes of RAM.
    pub(super) fn new(bytes: u64) -> Self {
        let page = PAGE_SIZE as usize;
        let count = (bytes as usize).next_multiple_of(page) / size_of::<u64>() + page / size_of::<u64>();
        let words = Box::into_raw(vec![0u64; count].into_boxed_slice()).cast::<u64>();
        Self { words, count, skipped: words.cast::<u8>().align_offset(page) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: By the invariant these words are a box that was taken apart in `new` and is put together here alone; what
        // was made of the RAM does not outlive the machine.
        drop(unsafe { Box::from_raw(slice_from_raw_parts_mut(self.words, self.count)) });
    }
}

// SAFETY: The window is page aligned, lies in the box and lives as long as the machine, moved or not. There is no high memory
// and nothing is mapped. The machine is not shared between threads, so that CPU 0 is the only one.
unsafe impl Machine for Memory {
    fn direct_map(&self) -> DirectMap {
        let bytes = (self.count * size_of::<u64>() - self.skipped) as u64 / PAGE_SIZE * PAGE_SIZE;
        DirectMap { pointer: self.words.cast::<u8>().wrapping_add(self.skipped), start: PhysAddr::new(0), bytes }
    }
    fn ram_is_zeroed(&self) -> bool {
        true
    }
    fn virt(&self, _: VirtAddr) -> *mut u8 {
        null_mut()
    }
    fn cpu(&self) -> u32 {
        0
    }
    fn irq_save(&self) -> usize {
        0
    }
    fn irq_restore(&self, _: usize) {}
    fn barrier_everywhere(&self) {}
    fn load_page_table(&self, _: PhysAddr) {}
    fn flush_tlb(&self, _: VirtAddr, _: VirtAddr) {}
    fn printk(&self, _: fmt::Arguments<'_>) {}
}
