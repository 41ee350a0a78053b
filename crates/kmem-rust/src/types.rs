//! `kernel::types`: values that C keeps for Rust.

use core::ffi::c_void;

/// A value that can be handed to C as one pointer and come back: the private data of a driver.
///
/// # Safety
/// `into_foreign` returns a pointer aligned to [`ForeignOwnable::FOREIGN_ALIGN`].
pub unsafe trait ForeignOwnable: Sized {
    /// How the pointer is aligned.
    const FOREIGN_ALIGN: usize;
    /// What a look at the value is, while C has it.
    type Borrowed<'a>;
    /// What a look that may change it is.
    type BorrowedMut<'a>;

    /// Gives the value away.
    fn into_foreign(self) -> *mut c_void;
    /// Takes it back.
    ///
    /// # Safety
    /// `ptr` came from `into_foreign` of the same type, was not taken back before, and nothing borrows from it.
    unsafe fn from_foreign(ptr: *mut c_void) -> Self;
    /// Takes it back, if there is one.
    ///
    /// # Safety
    /// `ptr` is null, or as for [`ForeignOwnable::from_foreign`].
    unsafe fn try_from_foreign(ptr: *mut c_void) -> Option<Self> {
        // SAFETY: As the caller says, and not null.
        (!ptr.is_null()).then(|| unsafe { Self::from_foreign(ptr) })
    }
    /// Looks at it.
    ///
    /// # Safety
    /// `ptr` came from `into_foreign` and is not taken back during `'a`.
    unsafe fn borrow<'a>(ptr: *mut c_void) -> Self::Borrowed<'a>;
    /// Looks at it and may change it.
    ///
    /// # Safety
    /// As for [`ForeignOwnable::borrow`], and nobody else looks during `'a`.
    unsafe fn borrow_mut<'a>(ptr: *mut c_void) -> Self::BorrowedMut<'a>;
}

// SAFETY: Nothing is aligned to 1 and more.
unsafe impl ForeignOwnable for () {
    const FOREIGN_ALIGN: usize = 1;
    type Borrowed<'a> = ();
    type BorrowedMut<'a> = ();

    fn into_foreign(self) -> *mut c_void {
        core::ptr::NonNull::dangling().as_ptr()
    }
    unsafe fn from_foreign(_: *mut c_void) -> Self {}
    unsafe fn borrow<'a>(_: *mut c_void) -> Self::Borrowed<'a> {}
    unsafe fn borrow_mut<'a>(_: *mut c_void) -> Self::BorrowedMut<'a> {}
}
