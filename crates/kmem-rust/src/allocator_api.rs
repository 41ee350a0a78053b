//! Allocators of the crate `allocator-api2`: any collection that takes one lives on a kernel of its own.
//!
//! [`In`] is kmalloc, vmalloc or kvmalloc of one kernel, with the flags for all that is asked of it; [`Cache`] is a slab
//! cache, for nodes of one size. They are values, not types: two kernels, two values.
//!
//! ```
//! use allocator_api2::{boxed::Box, vec::Vec};
//! use kmem_rust::{allocator_api::{Cache, In}, alloc::flags::GFP_KERNEL, boot, Setup};
//! let kernel = boot(&Setup::default()).unwrap();
//! let mut squares = Vec::new_in(In::kvmalloc(&kernel, GFP_KERNEL));
//! squares.extend((0..1000u64).map(|n| n * n));
//! let nodes = Cache::create(&kernel, "nodes", 48, 8).unwrap();
//! let node = Box::new_in([0u64; 6], nodes.clone());
//! assert!(Box::try_new_in([0u64; 7], nodes).is_err(), "larger than the cache's objects");
//! assert_eq!(kernel.live(), 2);
//! ```

use crate::alloc::allocator::{allocate_by, free_by, KVmalloc, Kmalloc, Vmalloc};
use crate::alloc::{self, dangling, flags::__GFP_ZERO, Flags, NumaNode, User};
use crate::current::Handle;
use allocator_api2::alloc::{AllocError, Allocator};
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use kmem::slab::{CacheId, CacheSpec, CreateError, SlabFlags};
use std::sync::Arc;

/// An allocator of a kernel: `In<Kmalloc>`, `In<Vmalloc>`, `In<KVmalloc>`.
pub struct In<A> {
    kernel: Handle,
    flags: Flags,
    _allocator: PhantomData<fn() -> A>,
}

impl<A> Clone for In<A> {
    fn clone(&self) -> Self {
        Self { kernel: self.kernel.clone(), ..*self }
    }
}
impl<A> fmt::Debug for In<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("In").field("kernel", &self.kernel).field("flags", &self.flags).finish_non_exhaustive()
    }
}

impl In<Kmalloc> {
    /// kmalloc of `kernel`.
    pub fn kmalloc(kernel: &Handle, flags: Flags) -> Self {
        Self::new(kernel, flags)
    }
}
impl In<Vmalloc> {
    /// vmalloc of `kernel`.
    pub fn vmalloc(kernel: &Handle, flags: Flags) -> Self {
        Self::new(kernel, flags)
    }
}
impl In<KVmalloc> {
    /// kvmalloc of `kernel`.
    pub fn kvmalloc(kernel: &Handle, flags: Flags) -> Self {
        Self::new(kernel, flags)
    }
}

impl<A> In<A> {
    fn new(kernel: &Handle, flags: Flags) -> Self {
        Self { kernel: kernel.clone(), flags, _allocator: PhantomData }
    }
}

impl<A: alloc::Allocator> In<A> {
    /// # Safety
    /// As [`alloc::Allocator::realloc`].
    unsafe fn realloc(
        &self,
        old: NonNull<u8>,
        old_layout: Layout,
        layout: Layout,
        flags: Flags,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: As the caller says.
        let new = self.kernel.run(|| unsafe { A::realloc(Some(old), layout, old_layout, flags, NumaNode::NO_NODE) });
        new.map_err(|_| AllocError)
    }
}

// SAFETY: Memory stays until it is freed, whatever becomes of the handles: it holds its kernel. Clones are the same kernel,
// and memory may be freed by any handle at all.
unsafe impl<A: alloc::Allocator> Allocator for In<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.kernel.run(|| A::alloc(layout, self.flags, NumaNode::NO_NODE)).map_err(|_| AllocError)
    }
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.kernel.run(|| A::alloc(layout, self.flags | __GFP_ZERO, NumaNode::NO_NODE)).map_err(|_| AllocError)
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: As the caller says.
        unsafe { A::free(ptr, layout) }
    }
    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: As the caller says.
        unsafe { self.realloc(ptr, old, new, self.flags) }
    }
    unsafe fn grow_zeroed(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: As the caller says.
        let grown = unsafe { self.realloc(ptr, old, new, self.flags | __GFP_ZERO) }?;
        // What the old memory had behind its bytes is not known to be zero when it has moved.
        // SAFETY: The new memory has the bytes.
        unsafe { grown.cast::<u8>().add(old.size()).write_bytes(0, new.size() - old.size()) };
        Ok(grown)
    }
    unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: As the caller says.
        unsafe { self.realloc(ptr, old, new, self.flags) }
    }
}

/// A cache, destroyed with its last handle.
struct Owned {
    kernel: Handle,
    id: CacheId,
    size: usize,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Objects of it may still live: then it stays, as a kernel's does.
        let _ = self.kernel.on_cpu(|kernel| kernel.cache_destroy(self.id));
    }
}

/// A slab cache of a kernel: gives objects of one size, and refuses what does not fit. Clones are the same cache.
#[derive(Clone)]
pub struct Cache(Arc<Owned>);

impl Cache {
    /// Makes a cache of objects of `size` bytes with this alignment. Objects that may sleep are given: `GFP_KERNEL`.
    ///
    /// # Errors
    /// Those of the kernel's `kmem_cache_create`.
    pub fn create(kernel: &Handle, name: &str, size: u32, align: u32) -> Result<Self, CreateError> {
        let flags = SlabFlags::empty();
        let spec = CacheSpec { name, size, align, flags, ..CacheSpec::default() };
        let id = kernel.with(|kernel| kernel.cache_create(&spec))?;
        Ok(Self(Arc::new(Owned { kernel: kernel.clone(), id, size: size as usize })))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("size", &self.0.size).finish_non_exhaustive()
    }
}

// SAFETY: As for `In`: an object holds its kernel.
unsafe impl Allocator for Cache {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Owned { kernel, id, size } = &*self.0;
        if layout.size() == 0 {
            return Ok(NonNull::slice_from_raw_parts(dangling(layout), 0));
        }
        if layout.size() > *size {
            return Err(AllocError);
        }
        let gfp = alloc::flags::GFP_KERNEL.check(User::Kmalloc).map_err(|_| AllocError)?;
        let object = allocate_by(
            kernel,
            layout,
            |kernel| kernel.cache_alloc(*id, gfp).ok(),
            |kernel, addr| {
                let _ = kernel.cache_free_to(*id, addr);
            },
        );
        Ok(NonNull::slice_from_raw_parts(object.map_err(|_| AllocError)?, layout.size()))
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            free_by(ptr, |kernel, addr| kernel.cache_free_to(self.0.id, addr));
        }
    }
}
