//! `buddy-alloc`: free lists in the pages, two bits a block for each order.

use crate::page::source::{OneLock, PageSource};
use crate::region::Region;
use crate::{BenchError, MANAGED_BYTES, PAGE_BYTES};
use ::buddy_alloc::buddy_alloc::{BuddyAlloc, BuddyAllocParam};

/// The allocator with its memory.
pub struct Buddy {
    buddy: BuddyAlloc,
    memory: Region,
}

// SAFETY: The allocator's pointers lead into the region, which it has for itself and which comes along.
unsafe impl Send for Buddy {}

/// Makes it. What it keeps lies at the front of the memory it is given.
pub fn new() -> Result<OneLock<Buddy>, BenchError> {
    let memory = Region::new(MANAGED_BYTES as usize)?;
    let param = BuddyAllocParam::new_with_zero_filled(memory.start(), MANAGED_BYTES as usize, PAGE_BYTES as usize);
    // SAFETY: The memory is zeroed, and nobody else uses it while the allocator lives.
    let buddy = unsafe { BuddyAlloc::new(param) };
    let available = buddy.available_bytes() as u64;
    let pages = available / PAGE_BYTES;
    let metadata = (MANAGED_BYTES - available) as f64 / pages as f64;
    Ok(OneLock::new(Buddy { buddy, memory }, pages).with_metadata(metadata))
}

impl PageSource for Buddy {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        let block = self.buddy.malloc((PAGE_BYTES as usize) << order);
        (!block.is_null()).then(|| (block.addr() - self.memory.start().addr()) as u64 / PAGE_BYTES)
    }
    #[inline]
    fn free(&mut self, pfn: u64, _order: u32) {
        self.buddy.free(self.memory.start().wrapping_add((pfn * PAGE_BYTES) as usize));
    }
}
