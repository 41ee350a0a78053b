//! `kernel::alloc`: memory as kernel Rust asks for it.
//!
//! Two things set it apart from `std`: every call that allocates takes flags, which say what the caller's context allows;
//! and every such call can fail, with an [`AllocError`] that the caller passes on. Nothing aborts.
//!
//! [`allocator`] has the three allocators, [`Box`] and [`Vec`] are built on any of them: `KBox` is a `Box` of kmalloc's
//! memory, `VBox` of vmalloc's, `KVBox` of whichever can.
//!
//! Names, signatures and meanings are those of Rust for Linux (6.13 to 6.18, `rust/kernel/alloc.rs` and the files below it);
//! the code is written here.

pub mod allocator;
mod flag;
pub mod flags;
pub mod kbox;
pub mod kvec;
pub mod layout;

pub use flag::Flags;
pub(crate) use flag::User;
pub use kbox::{Box, KBox, KVBox, VBox};
pub use kvec::{IntoIter, KVVec, KVec, VVec, Vec};

use crate::bindings;
use crate::error::{code::EINVAL, Result};
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

/// There was no memory, or the flags ask for what cannot be.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct AllocError;

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no memory, or flags that cannot be")
    }
}
impl core::error::Error for AllocError {}

/// A NUMA node, as a wish: memory of another one is given where this one has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NumaNode(i32);

impl NumaNode {
    /// No wish: the node of the CPU that runs this.
    pub const NO_NODE: Self = Self(bindings::NUMA_NO_NODE);

    /// Makes the wish for node `node`.
    ///
    /// # Errors
    /// [`EINVAL`] for a number that no node can have.
    pub fn new(node: i32) -> Result<Self> {
        if (0..bindings::MAX_NUMNODES).contains(&node) {
            Ok(Self(node))
        } else {
            Err(EINVAL)
        }
    }
    /// Returns the node's number; `None` for [`NumaNode::NO_NODE`].
    pub(crate) fn wish(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

/// What gives memory to [`Box`] and [`Vec`]. It has no `self`: it is a type, and which kernel it works on is the current
/// one.
///
/// # Safety
/// - Memory that was given stays valid until it is freed, and is freed by the allocator that gave it.
/// - It has at least the layout's size and alignment, and at least [`Allocator::MIN_ALIGN`].
/// - `realloc` keeps the bytes up to the smaller of both sizes, and leaves the old memory as it is when it fails.
pub unsafe trait Allocator {
    /// The alignment that all memory of this allocator has.
    const MIN_ALIGN: usize;

    /// Gives memory for `layout`. A size of 0 gives a dangling pointer, aligned as asked.
    ///
    /// # Errors
    /// [`AllocError`].
    fn alloc(layout: Layout, flags: Flags, nid: NumaNode) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: There is no old memory, which is always allowed.
        unsafe { Self::realloc(None, layout, Layout::new::<()>(), flags, nid) }
    }
    /// Gives memory for `layout` with the bytes of `ptr`, which is gone then, unless it is the same.
    ///
    /// `None` for `ptr` makes it [`Allocator::alloc`]; a size of 0 frees. With `__GFP_ZERO` what is new is zeroed.
    ///
    /// # Errors
    /// [`AllocError`]; then `ptr` is as before.
    ///
    /// # Safety
    /// `ptr` was given by this allocator for `old_layout` and not freed, or is a dangling pointer for a size of 0.
    unsafe fn realloc(
        ptr: Option<NonNull<u8>>,
        layout: Layout,
        old_layout: Layout,
        flags: Flags,
        nid: NumaNode,
    ) -> Result<NonNull<[u8]>, AllocError>;
    /// Takes memory back.
    ///
    /// # Safety
    /// `ptr` was given by this allocator for `layout` and not freed, or is a dangling pointer for a size of 0. Nobody uses
    /// it any more.
    unsafe fn free(ptr: NonNull<u8>, layout: Layout) {
        // A size of 0 needs no memory, so this cannot fail.
        // SAFETY: The caller's promise is the same.
        let _ = unsafe { Self::realloc(Some(ptr), Layout::new::<()>(), layout, Flags::none(), NumaNode::NO_NODE) };
    }
}

/// A dangling pointer for a layout of size 0.
pub(crate) fn dangling(layout: Layout) -> NonNull<u8> {
    NonNull::new(core::ptr::without_provenance_mut(layout.align())).unwrap_or(NonNull::dangling())
}
