//! Many objects at once: `kmem_cache_alloc_bulk`, `kmem_cache_free_bulk`.
//!
//! What is saved is what each object costs beside itself: interrupts are off once, and the CPU's stock is looked up once.

use super::{CacheId, SlabAllocator};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::page::PageAllocator;
use crate::units::PhysAddr;

impl SlabAllocator {
    /// Takes up to `count` objects and hands each to `with`; returns how many there were before one was not to be had, and
    /// why not. The caller is CPU `cpu` with interrupts off. `with` leaves the cache alone.
    pub fn alloc_bulk(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        gfp: Gfp,
        count: u32,
        mut with: impl FnMut(PhysAddr),
    ) -> (u32, Option<AllocError>) {
        let mut taken = 0;
        while taken < count {
            if let Some(on_cpu) = self.on_cpu(pages, cpu) {
                // As many as there are at hand.
                for object in on_cpu.drain(id, count - taken) {
                    with(object);
                    taken += 1;
                }
            }
            if taken < count {
                match self.alloc_slow(pages, cpu, id, gfp) {
                    Ok(object) => with(object),
                    Err(error) => return (taken, Some(error)),
                }
                taken += 1;
            }
        }
        (count, None)
    }

    /// Gives objects back, each to whichever cache it belongs. The caller is CPU `cpu` with interrupts off.
    ///
    /// # Errors
    /// What is wrong with the first object that could not be freed; the others are.
    pub fn free_bulk(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        objects: impl Iterator<Item = PhysAddr>,
    ) -> Result<(), Misuse> {
        let (mut first, mut on_cpu) = (Ok(()), self.on_cpu(pages, cpu));
        for object in objects {
            if !on_cpu.as_ref().is_some_and(|on_cpu| on_cpu.free_hit(object)) {
                drop(on_cpu);
                first = first.and(self.free(pages, cpu, object));
                on_cpu = self.on_cpu(pages, cpu);
            }
        }
        first
    }
}
