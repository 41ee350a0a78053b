//! kmem, in two ways: as a hosted kernel's users call it, and with the CPU given, as a kernel on bare metal has it.

use crate::kernel::{boot, Setting};
use crate::object::source::{ObjectSource, Peer};
use crate::object::work::CACHE_BYTES;
use crate::{BenchError, PAGE_BYTES};
use kmem::slab::{CacheId, CacheSpec, ObjectsOnCpu, SlabFlags};
use kmem::{Gfp, Kernel, PhysAddr, VirtAddr};
use kmem_hosted::{CpuGuard, Hosted};

/// Boots a kernel and creates the cache.
fn boot_with_cache(setting: &Setting<'_>) -> Result<(Kernel<Hosted>, CacheId), BenchError> {
    let kernel = boot(setting)?;
    let (size, flags) = (CACHE_BYTES as u32, SlabFlags::empty());
    let cache = kernel.cache_create(&CacheSpec { name: "bench", size, align: 0, flags, ..CacheSpec::default() })?;
    Ok((kernel, cache))
}

/// Objects that are taken and given back by one call.
const BULK: usize = 32;

/// Returns what the page allocator has given away, to slabs and all that belongs to them.
fn held_bytes(kernel: &Kernel<Hosted>) -> u64 {
    let pages = kernel.pages();
    let lists =
        pages.zone_counts().flat_map(|zone| (0..pages.cpus()).filter_map(move |cpu| pages.pcp_counts(zone.slot, cpu)));
    let on_lists: u64 = lists.map(|list| list.count).sum();
    (pages.managed() - pages.free_pages() - on_lists) * PAGE_BYTES
}

/// A kernel as its users call it.
pub struct AsCalled {
    kernel: Kernel<Hosted>,
    cache: CacheId,
}

impl AsCalled {
    /// Boots it.
    pub fn new(setting: &Setting<'_>) -> Result<Self, BenchError> {
        let (kernel, cache) = boot_with_cache(setting)?;
        Ok(Self { kernel, cache })
    }
}

/// A thread that is a CPU of the kernel's machine.
pub struct Thread<'a> {
    kernel: &'a Kernel<Hosted>,
    cache: CacheId,
    _cpu: CpuGuard,
}

impl ObjectSource for Thread<'_> {
    #[inline(always)]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        Some(self.kernel.kmalloc(bytes as u64, Gfp::KERNEL).ok()?.raw())
    }
    #[inline(always)]
    fn free(&mut self, object: u64, _bytes: usize) {
        let freed = self.kernel.kfree(VirtAddr::new(object));
        debug_assert!(freed.is_ok());
    }
    #[inline(always)]
    fn cache_alloc(&mut self) -> Option<u64> {
        Some(self.kernel.cache_alloc(self.cache, Gfp::KERNEL).ok()?.raw())
    }
    #[inline(always)]
    fn cache_free(&mut self, object: u64) {
        let freed = self.kernel.cache_free(VirtAddr::new(object));
        debug_assert!(freed.is_ok());
    }
    #[inline(always)]
    fn cache_alloc_bulk(&mut self, objects: &mut [u64]) -> Option<()> {
        let mut taken = [VirtAddr::new(0); BULK];
        for objects in objects.chunks_mut(BULK) {
            let taken = &mut taken[..objects.len()];
            self.kernel.cache_alloc_bulk(self.cache, Gfp::KERNEL, taken).ok()?;
            objects.iter_mut().zip(taken).for_each(|(object, taken)| *object = taken.raw());
        }
        Some(())
    }
    #[inline(always)]
    fn cache_free_bulk(&mut self, objects: &[u64]) {
        let mut given = [VirtAddr::new(0); BULK];
        for objects in objects.chunks(BULK) {
            let given = &mut given[..objects.len()];
            given.iter_mut().zip(objects).for_each(|(given, object)| *given = VirtAddr::new(*object));
            let freed = self.kernel.cache_free_bulk(given);
            debug_assert!(freed.is_ok());
        }
    }
    /// What is held is what the page allocator gave: nothing needs to be written.
    fn touch(&mut self, _object: u64, _bytes: usize) {}
}

impl Peer for AsCalled {
    type OnCpu<'a> = Thread<'a>;

    fn on_cpu(&self, cpu: u32) -> Option<Thread<'_>> {
        let _cpu = self.kernel.machine().enter_cpu(cpu).ok()?;
        Some(Thread { kernel: &self.kernel, cache: self.cache, _cpu })
    }
    fn held_bytes(&self) -> Option<u64> {
        Some(held_bytes(&self.kernel))
    }
}

/// A kernel whose callers know their CPU and have interrupts off.
pub struct CpuGiven {
    kernel: Kernel<Hosted>,
    cache: CacheId,
}

impl CpuGiven {
    /// Boots it.
    pub fn new(setting: &Setting<'_>) -> Result<Self, BenchError> {
        let (kernel, cache) = boot_with_cache(setting)?;
        Ok(Self { kernel, cache })
    }
}

/// One CPU of the kernel. Objects are physical addresses, as the slab allocator has them.
pub struct Cpu<'a> {
    objects: ObjectsOnCpu<'a>,
    cache: CacheId,
}

impl ObjectSource for Cpu<'_> {
    #[inline(always)]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        Some(self.objects.kmalloc(bytes as u64, Gfp::KERNEL).ok()?.raw())
    }
    #[inline(always)]
    fn free(&mut self, object: u64, _bytes: usize) {
        let freed = self.objects.kfree(PhysAddr::new(object));
        debug_assert!(freed.is_ok());
    }
    #[inline(always)]
    fn cache_alloc(&mut self) -> Option<u64> {
        Some(self.objects.alloc(self.cache, Gfp::KERNEL).ok()?.raw())
    }
    #[inline(always)]
    fn cache_free(&mut self, object: u64) {
        let freed = self.objects.free_to(self.cache, PhysAddr::new(object));
        debug_assert!(freed.is_ok());
    }
    /// As with [`Thread`].
    fn touch(&mut self, _object: u64, _bytes: usize) {}
}

impl Peer for CpuGiven {
    type OnCpu<'a> = Cpu<'a>;

    fn on_cpu(&self, cpu: u32) -> Option<Cpu<'_>> {
        Some(Cpu { objects: self.kernel.slab().on_cpu(self.kernel.pages(), cpu)?, cache: self.cache })
    }
    fn held_bytes(&self) -> Option<u64> {
        Some(held_bytes(&self.kernel))
    }
}
