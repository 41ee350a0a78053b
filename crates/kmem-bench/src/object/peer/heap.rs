//! General allocators of this process, called as a Rust program's global allocator is: the system's malloc, jemalloc,
//! mimalloc, snmalloc.

use crate::object::source::{ObjectSource, Peer};
use std::alloc::{GlobalAlloc, Layout};

/// An allocator of this process.
pub struct Heap<A: 'static>(pub &'static A);

/// Alignment of all objects.
const ALIGN: usize = 8;

/// The layout of an object.
#[inline(always)]
pub fn layout(bytes: usize) -> Layout {
    // SAFETY: The alignment is a power of two, and no object is near the end of the address space.
    unsafe { Layout::from_size_align_unchecked(bytes, ALIGN) }
}

impl<A: GlobalAlloc> ObjectSource for &Heap<A> {
    #[inline(always)]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        // SAFETY: The layout has a size.
        let object = unsafe { self.0.alloc(layout(bytes)) };
        (!object.is_null()).then(|| object.expose_provenance() as u64)
    }
    #[inline(always)]
    fn free(&mut self, object: u64, bytes: usize) {
        let object = std::ptr::with_exposed_provenance_mut(object as usize);
        // SAFETY: The object was given with this layout.
        unsafe { self.0.dealloc(object, layout(bytes)) };
    }
}

impl<A: GlobalAlloc + Sync> Peer for Heap<A> {
    type OnCpu<'a>
        = &'a Self
    where
        A: 'a;

    fn on_cpu(&self, _cpu: u32) -> Option<&Self> {
        Some(self)
    }
}
