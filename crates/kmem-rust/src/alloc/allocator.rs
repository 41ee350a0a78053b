//! The three allocators: [`Kmalloc`], [`Vmalloc`], [`KVmalloc`].
//!
//! | | gives | may be used where nothing sleeps |
//! |---|---|---|
//! | `Kmalloc` | physically contiguous memory, up to 4 MiB | yes |
//! | `Vmalloc` | whole pages, contiguous by the page tables | no |
//! | `KVmalloc` | Kmalloc's; when there is none and more than a page was asked for, Vmalloc's | only up to a page |
//!
//! # Growing
//! `krealloc` gives the same memory back as long as its size class holds what is asked; `vrealloc` as long as its pages do.
//! Otherwise there is new memory, and the old one's bytes are copied. Neither gives anything back by shrinking.
//! `kvrealloc` follows the kind that the memory has; Kmalloc's becomes Vmalloc's when it grows beyond what there is.
//!
//! Source: 6.12 and later `mm/slub.c` (`__do_krealloc`, `__kvmalloc_node_noprof`, `kvrealloc_noprof`), `mm/vmalloc.c`
//! (`vrealloc_noprof`), `rust/kernel/alloc/allocator.rs`.

pub use crate::page::VmallocPageIter;

use super::{dangling, AllocError, Allocator, Flags, NumaNode, User};
use crate::current::{current, Handle};
use crate::page::{BorrowedPage, PAGE_SIZE};
use core::alloc::Layout;
use core::ptr::NonNull;
use kmem::error::{Misuse, Name};
use kmem::map::VmallocRequest;
use kmem::{Gfp, Kernel, VirtAddr};
use kmem_hosted::Hosted;

/// Physically contiguous memory: `kmalloc`.
#[derive(Debug)]
pub struct Kmalloc;
/// Memory that the page tables make contiguous, in whole pages: `vmalloc`.
#[derive(Debug)]
pub struct Vmalloc;
/// The one or the other: `kvmalloc`.
#[derive(Debug)]
pub struct KVmalloc;

/// What [`Allocator::realloc`] does for all three. `alloc` is the way in which each gets memory, with what it is to replace.
///
/// # Safety
/// As [`Allocator::realloc`].
unsafe fn realloc_by(
    ptr: Option<NonNull<u8>>,
    layout: Layout,
    old_layout: Layout,
    (flags, user): (Flags, User),
    alloc: impl FnOnce(Layout, Gfp, Option<NonNull<u8>>) -> Result<NonNull<u8>, AllocError>,
) -> Result<NonNull<[u8]>, AllocError> {
    let gfp = if frees(ptr, layout) { Gfp::empty() } else { flags.check(user)? };
    let old = ptr.filter(|_| old_layout.size() != 0);
    let new = match (old, layout.size()) {
        (None, 0) => dangling(layout),
        (Some(old), 0) => {
            give_back(old);
            dangling(layout)
        }
        (None, _) => alloc(layout, gfp, None)?,
        // SAFETY: `old` was given for `old_layout`, as the caller says.
        (Some(old), _) => match unsafe { in_place(old, layout, old_layout, gfp) } {
            Some(same) => same,
            None => {
                let new = alloc(layout, gfp, Some(old))?;
                // SAFETY: Both have as many bytes as the smaller of the layouts.
                unsafe { move_into(new, old, old_layout.size().min(layout.size())) }
            }
        },
    };
    Ok(NonNull::slice_from_raw_parts(new, layout.size()))
}

/// True for the call that only frees, which needs no flags.
fn frees(ptr: Option<NonNull<u8>>, layout: Layout) -> bool {
    ptr.is_some() && layout.size() == 0
}

/// Frees memory of either kind; the address says which.
fn give_back(ptr: NonNull<u8>) {
    free_by(ptr, |kernel, addr| match kernel.map().is_vmalloc(addr) {
        true => kernel.map().vfree(kernel, addr),
        false => kernel.kfree(addr),
    });
}

/// Frees what [`allocate_by`] gave, on the kernel that it came from.
pub(crate) fn free_by(ptr: NonNull<u8>, free: impl FnOnce(&Kernel<Hosted>, VirtAddr) -> Result<(), Misuse>) {
    let found = Handle::find(ptr);
    debug_assert!(found.is_some(), "{ptr:p} is no memory of a kernel");
    let Some((kernel, addr)) = found else { return };
    match kernel.on_cpu(|kernel| free(kernel, addr)) {
        Some(Ok(())) => kernel.let_go(),
        // The caller broke his promise, or the host has no signal stack for this thread: the memory stays where it is.
        Some(Err(misuse)) => debug_assert!(false, "{ptr:p}: {misuse}"),
        None => {}
    }
}

/// Allocates on a kernel, as one of its CPUs, and checks that the program sees the memory, aligned as asked.
pub(crate) fn allocate_by(
    kernel: &Handle,
    layout: Layout,
    give: impl Fn(&Kernel<Hosted>) -> Option<VirtAddr>,
    free: impl Fn(&Kernel<Hosted>, VirtAddr),
) -> Result<NonNull<u8>, AllocError> {
    if kernel.is_doomed() {
        return Err(AllocError);
    }
    let addr = kernel.on_cpu(|kernel| {
        let addr = give(kernel)?;
        let pointer = kernel.machine().pointer_to(addr);
        if pointer.is_some_and(|pointer| pointer.addr().is_multiple_of(layout.align())) {
            return Some(addr);
        }
        free(kernel, addr);
        None
    });
    kernel.keep(addr.flatten().ok_or(AllocError)?)
}

/// The node to ask first; a wish for one that the machine does not have is none.
fn node_of(kernel: &Kernel<Hosted>, nid: NumaNode) -> Option<u32> {
    nid.wish().filter(|node| *node < kernel.pages().nodes())
}

/// Memory of kmalloc's, aligned as asked.
fn kmalloc(layout: Layout, gfp: Gfp, nid: NumaNode) -> Result<NonNull<u8>, AllocError> {
    let bytes = Kmalloc::aligned_layout(layout).size() as u64;
    let give = |kernel: &Kernel<Hosted>| {
        let node = node_of(kernel, nid);
        let addr = kernel.kmalloc_node(bytes, gfp, node).ok()?;
        if addr.raw().is_multiple_of(layout.align() as u64) {
            return Some(addr);
        }
        // It was just given, so it can be freed.
        let _ = kernel.kfree(addr);
        kernel.kmalloc_node(bytes.next_power_of_two(), gfp, node).ok()
    };
    let free = |kernel: &Kernel<Hosted>, addr| {
        let _ = kernel.kfree(addr);
    };
    allocate_by(&current(), layout, give, free)
}

/// Memory of vmalloc's, aligned as asked.
fn vmalloc(layout: Layout, gfp: Gfp, nid: NumaNode) -> Result<NonNull<u8>, AllocError> {
    // High memory is welcome unless another zone is asked for.
    let gfp = if gfp.intersects(Gfp::DMA | Gfp::DMA32) { gfp } else { gfp | Gfp::HIGHMEM };
    let request = VmallocRequest::new(layout.size() as u64, Name::new("kmem_rust"));
    let request = VmallocRequest { gfp, align: layout.align() as u64, ..request };
    let give = |kernel: &Kernel<Hosted>| {
        let request = VmallocRequest { node: node_of(kernel, nid), ..request };
        kernel.map().vmalloc_with(kernel, &request).ok()
    };
    // Taken back when it lies beyond what the process sees of the area.
    let free = |kernel: &Kernel<Hosted>, addr| {
        let _ = kernel.map().vfree(kernel, addr);
    };
    allocate_by(&current(), layout, give, free)
}

/// Moves the bytes of old memory into new, and frees the old.
///
/// # Safety
/// Both have at least `bytes` bytes, and nobody uses them.
unsafe fn move_into(new: NonNull<u8>, old: NonNull<u8>, bytes: usize) -> NonNull<u8> {
    // SAFETY: As the caller says; both are live, so they do not overlap.
    unsafe { new.copy_from_nonoverlapping(old, bytes) };
    give_back(old);
    new
}

/// What the allocator that gave `ptr` could hold there.
fn capacity(ptr: NonNull<u8>) -> Option<u64> {
    let (kernel, addr) = Handle::find(ptr)?;
    let size = kernel.on_cpu(|kernel| match kernel.map().is_vmalloc(addr) {
        true => kernel.map().vmalloc_size(addr),
        false => kernel.ksize(addr).ok(),
    });
    size.flatten()
}

/// Uses old memory for `layout` if it is large enough and aligned; zeroes what is new where the flags say so.
///
/// # Safety
/// `ptr` was given for `old_layout`.
unsafe fn in_place(ptr: NonNull<u8>, layout: Layout, old_layout: Layout, gfp: Gfp) -> Option<NonNull<u8>> {
    let fits = capacity(ptr).is_some_and(|bytes| layout.size() as u64 <= bytes);
    if !fits || !ptr.as_ptr().addr().is_multiple_of(layout.align()) {
        return None;
    }
    let new = layout.size().saturating_sub(old_layout.size());
    if gfp.contains(Gfp::ZERO) && new != 0 {
        // SAFETY: The memory has `layout.size()` bytes, of which the last `new` are nobody's yet.
        unsafe { ptr.add(old_layout.size()).write_bytes(0, new) };
    }
    Some(ptr)
}

impl Kmalloc {
    /// Returns a layout whose size is a multiple of its alignment: of such sizes kmalloc's memory is aligned as asked.
    pub fn aligned_layout(layout: Layout) -> Layout {
        layout.pad_to_align()
    }
}

// SAFETY: Memory of kmalloc's is valid until `kfree`, has the size, and the alignment is checked.
unsafe impl Allocator for Kmalloc {
    const MIN_ALIGN: usize = crate::bindings::ARCH_KMALLOC_MINALIGN;

    unsafe fn realloc(
        ptr: Option<NonNull<u8>>,
        layout: Layout,
        old_layout: Layout,
        flags: Flags,
        nid: NumaNode,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: As the caller says.
        unsafe {
            realloc_by(ptr, layout, old_layout, (flags, User::Kmalloc), |layout, gfp, _| kmalloc(layout, gfp, nid))
        }
    }
}

impl Vmalloc {
    /// Returns the page behind an address of vmalloc's.
    ///
    /// # Safety
    /// `ptr` points into memory of vmalloc's that stays allocated for `'a`.
    ///
    /// # Panics
    /// When it does not.
    pub unsafe fn to_page<'a>(ptr: NonNull<u8>) -> BorrowedPage<'a> {
        BorrowedPage::at(ptr).expect("memory of vmalloc's has pages")
    }
}

// SAFETY: Memory of vmalloc's is valid until `vfree`, in whole pages, and aligned as asked.
unsafe impl Allocator for Vmalloc {
    const MIN_ALIGN: usize = PAGE_SIZE;

    unsafe fn realloc(
        ptr: Option<NonNull<u8>>,
        layout: Layout,
        old_layout: Layout,
        flags: Flags,
        nid: NumaNode,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: As the caller says.
        unsafe {
            realloc_by(ptr, layout, old_layout, (flags, User::Vmalloc), |layout, gfp, _| vmalloc(layout, gfp, nid))
        }
    }
}

/// `kvmalloc`: kmalloc first, without trying hard for more than a page; then vmalloc, for more than a page and where one may
/// sleep.
fn kvmalloc(layout: Layout, gfp: Gfp, nid: NumaNode) -> Result<NonNull<u8>, AllocError> {
    if layout.size() <= PAGE_SIZE {
        return kmalloc(layout, gfp, nid);
    }
    let mut modest = (gfp | Gfp::NOWARN) - Gfp::NOFAIL;
    if !gfp.contains(Gfp::RETRY_MAYFAIL) {
        modest |= Gfp::NORETRY;
    }
    let given = kmalloc(layout, modest, nid);
    // More than an `int` is not for vmalloc either.
    if given.is_ok() || !gfp.may_sleep() || layout.size() > i32::MAX as usize {
        return given;
    }
    vmalloc(layout, gfp, nid)
}

// SAFETY: Memory of kmalloc's or of vmalloc's, each as above; the address says which when it is freed.
unsafe impl Allocator for KVmalloc {
    const MIN_ALIGN: usize = Kmalloc::MIN_ALIGN;

    unsafe fn realloc(
        ptr: Option<NonNull<u8>>,
        layout: Layout,
        old_layout: Layout,
        flags: Flags,
        nid: NumaNode,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // What vmalloc gave is replaced by vmalloc.
        let alloc = |layout, gfp, old: Option<NonNull<u8>>| match old.is_some_and(is_vmalloc) {
            true => vmalloc(layout, gfp, nid),
            false => kvmalloc(layout, gfp, nid),
        };
        // SAFETY: As the caller says.
        unsafe { realloc_by(ptr, layout, old_layout, (flags, User::Kmalloc), alloc) }
    }
}

/// True for memory of vmalloc's: `is_vmalloc_addr`.
pub(crate) fn is_vmalloc(ptr: NonNull<u8>) -> bool {
    Handle::find(ptr).is_some_and(|(kernel, addr)| kernel.is_vmalloc(addr))
}
