//! `kernel::page`: single pages, and the pages behind memory of vmalloc's.

use crate::alloc::{AllocError, Flags, User};
use crate::bindings;
use crate::current::{current, Handle};
use crate::error::{code::EINVAL, Result};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;
use kmem::{Order, Pfn};

/// Bits of an address inside its page.
pub const PAGE_SHIFT: usize = bindings::PAGE_SHIFT;
/// Bytes of a page.
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;
/// Takes an address to its page's first byte.
pub const PAGE_MASK: usize = !(PAGE_SIZE - 1);

/// Rounds up to whole pages.
pub const fn page_align(addr: usize) -> usize {
    (addr + (PAGE_SIZE - 1)) & PAGE_MASK
}

/// A page of its own, given back when this goes.
///
/// # Examples
/// ```
/// use kmem_rust::{page::*, prelude::*};
/// let page = Page::alloc_page(GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO)?;
/// let (bytes, mut back) = (*b"ring", [1; 8]);
/// // SAFETY: The arrays have as many bytes, and nobody else uses the page.
/// unsafe {
///     page.write_raw(bytes.as_ptr(), 4092, 4)?;
///     page.read_raw(back.as_mut_ptr(), 4088, 8)?;
///     assert_eq!(page.write_raw(bytes.as_ptr(), 4093, 4), Err(EINVAL));
/// }
/// assert_eq!(&back, b"\0\0\0\0ring");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Page {
    kernel: Handle,
    pfn: Pfn,
    bytes: NonNull<u8>,
}

// SAFETY: A page is memory and a number; all access to its bytes is by unsafe functions that say what they need.
unsafe impl Send for Page {}
// SAFETY: As above.
unsafe impl Sync for Page {}

impl Page {
    /// Takes a page of the current kernel. It may be a high one if the flags say so.
    ///
    /// # Errors
    /// [`AllocError`].
    pub fn alloc_page(flags: Flags) -> Result<Self, AllocError> {
        let gfp = flags.check(User::Pages)?;
        let kernel = current();
        if kernel.is_doomed() {
            return Err(AllocError);
        }
        let pfn = kernel.on_cpu(|kernel| kernel.alloc_pages(gfp, Order::ZERO).ok()).flatten().ok_or(AllocError)?;
        match Self::of(kernel.clone(), pfn) {
            Some(page) => {
                kernel.count(1);
                Ok(page)
            }
            None => {
                let _ = kernel.on_cpu(|kernel| kernel.free_pages(pfn, Order::ZERO));
                Err(AllocError)
            }
        }
    }
    /// The page with number `pfn`, without any right to it.
    fn of(kernel: Handle, pfn: Pfn) -> Option<Self> {
        let bytes = kernel.machine().alias(pfn.phys()).and_then(NonNull::new)?;
        Some(Self { kernel, pfn, bytes })
    }
    /// Returns C's pointer to the page, which names it and leads to nothing: the page's number, in units of a `struct
    /// page` of 64 bytes.
    pub fn as_ptr(&self) -> *mut bindings::page {
        core::ptr::without_provenance_mut((self.pfn.raw() as usize + 1) * 64)
    }
    /// Returns the page's number.
    pub fn pfn(&self) -> Pfn {
        self.pfn
    }
    /// Returns the node that the page lies on.
    pub fn nid(&self) -> i32 {
        self.kernel.node_of(self.pfn.phys())
    }
    /// Returns where `bytes` bytes from `offset` on lie.
    fn place(&self, offset: usize, bytes: usize) -> Result<NonNull<u8>> {
        let is_inside = offset <= PAGE_SIZE && bytes <= PAGE_SIZE - offset;
        // SAFETY: The offset is at most the page's end.
        is_inside.then(|| unsafe { self.bytes.add(offset) }).ok_or(EINVAL)
    }
    /// Copies from the page.
    ///
    /// # Errors
    /// `EINVAL` when the bytes do not all lie in the page.
    ///
    /// # Safety
    /// `dst` is valid for writes of `len` bytes; nobody writes to those of the page meanwhile.
    pub unsafe fn read_raw(&self, dst: *mut u8, offset: usize, len: usize) -> Result {
        let from = self.place(offset, len)?;
        // SAFETY: As the caller says; the page has the bytes.
        unsafe { from.as_ptr().copy_to(dst, len) };
        Ok(())
    }
    /// Copies into the page.
    ///
    /// # Errors
    /// `EINVAL` when the bytes do not all lie in the page.
    ///
    /// # Safety
    /// `src` is valid for reads of `len` bytes; nobody uses those of the page meanwhile.
    pub unsafe fn write_raw(&self, src: *const u8, offset: usize, len: usize) -> Result {
        let to = self.place(offset, len)?;
        // SAFETY: As the caller says; the page has the bytes.
        unsafe { to.as_ptr().copy_from(src, len) };
        Ok(())
    }
    /// Zeroes bytes of the page.
    ///
    /// # Errors
    /// `EINVAL` when the bytes do not all lie in the page.
    ///
    /// # Safety
    /// Nobody uses those bytes of the page meanwhile.
    pub unsafe fn fill_zero_raw(&self, offset: usize, len: usize) -> Result {
        let to = self.place(offset, len)?;
        // SAFETY: As the caller says; the page has the bytes.
        unsafe { to.as_ptr().write_bytes(0, len) };
        Ok(())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let freed = self.kernel.on_cpu(|kernel| kernel.free_pages(self.pfn, Order::ZERO));
        debug_assert!(matches!(freed, None | Some(Ok(()))), "{freed:?}");
        self.kernel.count(-1);
    }
}

/// A page that somebody else owns.
#[derive(Debug)]
pub struct BorrowedPage<'a> {
    page: ManuallyDrop<Page>,
    _owner: PhantomData<&'a Page>,
}

impl BorrowedPage<'_> {
    /// The page behind an address of vmalloc's.
    pub(crate) fn at(pointer: NonNull<u8>) -> Option<Self> {
        let (kernel, addr) = Handle::find(pointer)?;
        let pfn = kernel.on_cpu(|kernel| kernel.map().vmalloc_to_pfn(kernel, addr))??;
        Page::of(kernel, pfn).map(|page| Self { page: ManuallyDrop::new(page), _owner: PhantomData })
    }
}

impl Deref for BorrowedPage<'_> {
    type Target = Page;
    fn deref(&self) -> &Page {
        &self.page
    }
}
impl Drop for BorrowedPage<'_> {
    fn drop(&mut self) {
        // The handle goes, the page stays: only `Page::drop` gives it back.
        // SAFETY: The handle is read out once, and `page` is never dropped.
        drop(unsafe { core::ptr::read(&self.page.kernel) });
    }
}

/// The pages of memory of vmalloc's, in the order of addresses.
#[derive(Debug)]
pub struct VmallocPageIter<'a> {
    start: NonNull<u8>,
    size: usize,
    at: usize,
    _memory: PhantomData<&'a [u8]>,
}

impl VmallocPageIter<'_> {
    /// Begins with the page of `start`.
    ///
    /// # Safety
    /// `size` bytes from `start` on are memory of vmalloc's that stays allocated for the lifetime.
    pub unsafe fn new(start: NonNull<u8>, size: usize) -> Self {
        Self { start, size, at: 0, _memory: PhantomData }
    }
    /// Returns the bytes.
    pub fn size(&self) -> usize {
        self.size
    }
    /// Returns the pages.
    pub fn page_count(&self) -> usize {
        self.size.div_ceil(PAGE_SIZE)
    }
}

impl<'a> Iterator for VmallocPageIter<'a> {
    type Item = BorrowedPage<'a>;

    fn next(&mut self) -> Option<BorrowedPage<'a>> {
        let offset = self.at.checked_mul(PAGE_SIZE).filter(|offset| *offset < self.size)?;
        self.at += 1;
        // SAFETY: The offset is inside the memory.
        BorrowedPage::at(unsafe { self.start.add(offset) })
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.page_count() - self.at;
        (left, Some(left))
    }
}

/// Memory whose pages can be gone through.
pub trait AsPageIter {
    /// The iterator.
    type Iter<'a>: Iterator<Item = BorrowedPage<'a>>
    where
        Self: 'a;
    /// Goes through the pages.
    fn page_iter(&mut self) -> Self::Iter<'_>;
}
