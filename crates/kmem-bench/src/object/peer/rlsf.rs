//! `rlsf`: two-level segregated fit, whose operations take constant time.

use super::heap::layout;
use crate::object::source::{ObjectSource, OneLock};
use crate::region::Region;
use crate::{BenchError, MANAGED_BYTES};
use ::rlsf::Tlsf;
use std::ptr::NonNull;

/// First level: blocks up to 8 GiB. Second level: 32 steps to the next power of two.
type Levels = Tlsf<'static, u32, u32, 28, 32>;

/// The allocator with its memory.
pub struct Pool {
    levels: Levels,
    _memory: Region,
}

// SAFETY: The allocator's pointers lead into the region, which it has for itself and which comes along.
unsafe impl Send for Pool {}

/// Makes it.
pub fn new() -> Result<OneLock<Pool>, BenchError> {
    let memory = Region::new(MANAGED_BYTES as usize)?;
    let mut levels = Levels::new();
    if let Some(start) = NonNull::new(memory.start()) {
        let all = NonNull::slice_from_raw_parts(start, MANAGED_BYTES as usize);
        // SAFETY: Nobody else uses the memory while the allocator lives.
        let pool = unsafe { levels.insert_free_block_ptr(all) };
        debug_assert!(pool.is_some());
    }
    Ok(OneLock::new(Pool { levels, _memory: memory }))
}

impl ObjectSource for Pool {
    #[inline]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        let object = self.levels.allocate(layout(bytes))?;
        Some(object.as_ptr().expose_provenance() as u64)
    }
    #[inline]
    fn free(&mut self, object: u64, bytes: usize) {
        if let Some(object) = NonNull::new(std::ptr::with_exposed_provenance_mut(object as usize)) {
            // SAFETY: The object was given with this alignment.
            unsafe { self.levels.deallocate(object, layout(bytes).align()) };
        }
    }
}
