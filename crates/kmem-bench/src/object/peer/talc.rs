//! `talc`: free blocks in bins by size, tags at the blocks' ends.

use super::heap::layout;
use crate::object::source::{ObjectSource, OneLock};
use crate::region::Region;
use crate::{BenchError, MANAGED_BYTES};
use talc::base::Talc;
use talc::source::Manual;
use talc::DefaultBinning;

/// The allocator with its memory.
pub struct Arena {
    talc: Talc<Manual, DefaultBinning>,
    _memory: Region,
}

// SAFETY: The allocator's pointers lead into the region, which it has for itself and which comes along.
unsafe impl Send for Arena {}

/// Makes it.
pub fn new() -> Result<OneLock<Arena>, BenchError> {
    let memory = Region::new(MANAGED_BYTES as usize)?;
    let mut talc = Talc::new(Manual);
    // SAFETY: Nobody else uses the memory while the allocator lives.
    let claimed = unsafe { talc.claim(memory.start(), MANAGED_BYTES as usize) };
    debug_assert!(claimed.is_some());
    Ok(OneLock::new(Arena { talc, _memory: memory }))
}

impl ObjectSource for Arena {
    #[inline]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        // SAFETY: The layout has a size.
        let object = unsafe { self.talc.allocate(layout(bytes)) }?;
        Some(object.as_ptr().expose_provenance() as u64)
    }
    #[inline]
    fn free(&mut self, object: u64, bytes: usize) {
        let object = std::ptr::with_exposed_provenance_mut(object as usize);
        // SAFETY: The object was given with this layout.
        unsafe { self.talc.deallocate(object, layout(bytes)) };
    }
}
