//! `kernel::init`: values that are made where they are to stay.
//!
//! The traits and macros are those of the crate `pinned-init`, Rust for Linux's own, from the registry. Its attribute
//! `#[pin_data]` writes paths that begin with `::pinned_init`, so a crate that uses it names `pinned-init` (0.0.10, without
//! default features) among its dependencies; so does nobody else.

pub use pinned_init::{
    init, pin_data, pin_init, pinned_drop, try_init, try_pin_init, InPlaceWrite, Init, MaybeZeroable, PinInit,
    PinnedDrop, Zeroable,
};

use crate::alloc::{AllocError, Flags};
use crate::error::{Error, Result};

/// Smart pointers whose value can be made in place.
///
/// # Examples
/// ```
/// use kmem_rust::prelude::*;
/// struct Buffer { used: usize, bytes: [u8; 4096] }
/// fn empty() -> impl Init<Buffer, Error> {
///     // The array is never on the stack.
///     try_init!(Buffer { used: 0, bytes <- kmem_rust::init::zeroed() }? Error)
/// }
/// let buffer = KBox::try_init::<Error>(empty(), GFP_KERNEL)?;
/// assert_eq!((buffer.used, buffer.bytes[4095]), (0, 0));
/// let pinned: Pin<KBox<Buffer>> = KBox::pin_init(empty(), GFP_KERNEL)?;
/// assert_eq!(pinned.used, 0);
/// # Ok::<(), Error>(())
/// ```
pub trait InPlaceInit<T>: Sized {
    /// The pinned form.
    type PinnedSelf;

    /// Allocates, and makes the value in place, pinned from the first.
    ///
    /// # Errors
    /// The initializer's, or [`AllocError`] as one.
    fn try_pin_init<E: From<AllocError>>(init: impl PinInit<T, E>, flags: Flags) -> Result<Self::PinnedSelf, E>;
    /// Allocates, and makes the value in place.
    ///
    /// # Errors
    /// The initializer's, or [`AllocError`] as one.
    fn try_init<E: From<AllocError>>(init: impl Init<T, E>, flags: Flags) -> Result<Self, E>;
    /// As [`InPlaceInit::try_pin_init`], with the kernel's error.
    ///
    /// # Errors
    /// The initializer's as an error number, or `ENOMEM`.
    fn pin_init<E>(init: impl PinInit<T, E>, flags: Flags) -> Result<Self::PinnedSelf>
    where
        Error: From<E>,
    {
        // SAFETY: The slot is passed on as it came, and so is what became of it.
        let init = unsafe { pinned_init::pin_init_from_closure(|slot| init.__pinned_init(slot).map_err(Error::from)) };
        Self::try_pin_init(init, flags)
    }
    /// As [`InPlaceInit::try_init`], with the kernel's error.
    ///
    /// # Errors
    /// The initializer's as an error number, or `ENOMEM`.
    fn init<E>(init: impl Init<T, E>, flags: Flags) -> Result<Self>
    where
        Error: From<E>,
    {
        // SAFETY: As above.
        let init = unsafe { pinned_init::init_from_closure(|slot| init.__init(slot).map_err(Error::from)) };
        Self::try_init(init, flags)
    }
}

/// Makes a value of zeros.
pub fn zeroed<T: Zeroable>() -> impl Init<T> {
    pinned_init::init_zeroed()
}
