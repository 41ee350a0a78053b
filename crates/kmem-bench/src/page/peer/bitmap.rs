//! `bitmap-allocator`: a bit a page, under a tree of 16-bit words that say where free ones are.

use crate::page::source::{OneLock, PageSource};
use crate::{MANAGED_BYTES, PAGE_BYTES};
use bitmap_allocator::{BitAlloc, BitAlloc1M};

/// The bits of 1 Mi pages, of which the first are there.
pub struct Bits(Box<BitAlloc1M>);

/// Makes it.
pub fn new() -> OneLock<Bits> {
    let pages = MANAGED_BYTES / PAGE_BYTES;
    let mut bits = Box::new(BitAlloc1M::DEFAULT);
    bits.insert(0..pages as usize);
    let metadata = size_of::<BitAlloc1M>() as f64 / BitAlloc1M::CAP as f64;
    OneLock::new(Bits(bits), pages).with_metadata(metadata)
}

impl PageSource for Bits {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        let found = if order == 0 { self.0.alloc() } else { self.0.alloc_contiguous(None, 1 << order, order as usize) };
        found.map(|page| page as u64)
    }
    #[inline]
    fn free(&mut self, pfn: u64, order: u32) {
        if order == 0 {
            self.0.dealloc(pfn as usize);
        } else {
            self.0.dealloc_contiguous(pfn as usize, 1 << order);
        }
    }
}
