//! `slabmalloc`: slabs of 4 KiB and, for objects above 256 bytes, 2 MiB, each with a bitmap at its end.
//!
//! It asks its user for slabs, and gives none back unless asked; here they come from the two ends of one region. A free only
//! clears a bit: which slabs have room again it finds out by a walk over all full ones, now and then, when it has run out.

use super::heap::layout;
use crate::object::source::{ObjectSource, OneLock};
use crate::region::Region;
use crate::{BenchError, MANAGED_BYTES};
use ::slabmalloc::{AllocationError, Allocator, LargeObjectPage, ObjectPage, ZoneAllocator};
use std::ptr::NonNull;

/// The allocator with its memory.
pub struct Zone {
    zone: ZoneAllocator<'static>,
    memory: Region,
    /// Bytes given away at the front, in small slabs.
    front: usize,
    /// Bytes left before those given away at the end, in large slabs.
    back: usize,
}

// SAFETY: The allocator's references lead into the region, which it has for itself and which comes along.
unsafe impl Send for Zone {}

/// Makes it.
pub fn new() -> Result<OneLock<Zone>, BenchError> {
    let memory = Region::new(MANAGED_BYTES as usize)?;
    let zone = Zone { zone: ZoneAllocator::default(), memory, front: 0, back: MANAGED_BYTES as usize };
    Ok(OneLock::new(zone).without_churn())
}

impl Zone {
    /// Gives the allocator a slab for objects of this size.
    #[cold]
    fn refill(&mut self, bytes: usize) -> Option<()> {
        let is_large = bytes > ZoneAllocator::MAX_BASE_ALLOC_SIZE;
        let size = if is_large { size_of::<LargeObjectPage<'_>>() } else { size_of::<ObjectPage<'_>>() };
        if self.back - self.front < size {
            return None;
        }
        let refilled = if is_large {
            self.back -= size;
            let slab: *mut LargeObjectPage<'static> = self.memory.start().wrapping_add(self.back).cast();
            // SAFETY: The slab is aligned to its size, zeroed, inside the region, and given to nobody before.
            unsafe { self.zone.refill_large(layout(bytes), &mut *slab) }
        } else {
            let slab: *mut ObjectPage<'static> = self.memory.start().wrapping_add(self.front).cast();
            self.front += size;
            // SAFETY: As above.
            unsafe { self.zone.refill(layout(bytes), &mut *slab) }
        };
        refilled.ok()
    }
}

impl ObjectSource for Zone {
    #[inline]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        let mut tries = 0;
        loop {
            match self.zone.allocate(layout(bytes)) {
                Ok(object) => return Some(object.as_ptr().expose_provenance() as u64),
                Err(AllocationError::InvalidLayout) => return None,
                // The first failure may have found slabs with room.
                Err(AllocationError::OutOfMemory) if tries == 0 => tries = 1,
                Err(AllocationError::OutOfMemory) if tries == 1 => {
                    self.refill(bytes)?;
                    tries = 2;
                }
                Err(AllocationError::OutOfMemory) => return None,
            }
        }
    }
    #[inline]
    fn free(&mut self, object: u64, bytes: usize) {
        if let Some(object) = NonNull::new(std::ptr::with_exposed_provenance_mut(object as usize)) {
            let freed = self.zone.deallocate(object, layout(bytes));
            debug_assert!(freed.is_ok());
        }
    }
}
