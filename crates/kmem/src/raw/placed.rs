//! One structure in the machine's RAM that stays where it is.

use super::Ram;
use crate::units::PhysRange;
use core::ptr::NonNull;

/// A value in the machine's RAM, made once and kept as long as the machine lives. Its address is stable, so that a lower
/// layer can hold it as a trait object without knowing what it is.
///
/// # Invariants
/// The pointer leads to a valid `T` that nothing else writes over while the machine lives. All values of this type live
/// inside the `Memory` or `Kernel` that owns the machine.
pub(crate) struct Placed<T: ?Sized>(NonNull<T>);

// SAFETY: A `Placed` only hands out shared references to `T`, which is `Sync`.
unsafe impl<T: ?Sized + Sync> Send for Placed<T> {}
// SAFETY: As above.
unsafe impl<T: ?Sized + Sync> Sync for Placed<T> {}

impl<T: Default + Sync> Placed<T> {
    /// Makes a default value in the memory that `take` gives and that is the value's from then on.
    ///
    /// # Errors
    /// What `take` says. `Ok(None)`: the memory does not serve; nothing was written.
    pub(crate) fn make<E>(ram: &Ram, take: impl FnOnce() -> Result<PhysRange, E>) -> Result<Option<Self>, E> {
        let range = take()?;
        let pointer = ram.pointer(range.start, range.bytes()).map(NonNull::cast::<T>);
        let fits = |place: &NonNull<T>| place.is_aligned() && range.bytes() >= size_of::<T>() as u64;
        let Some(place) = pointer.filter(fits) else { return Ok(None) };
        // SAFETY: The place is aligned, large enough, inside the window, and the allocator gave it for this value alone.
        unsafe { place.write(T::default()) };
        Ok(Some(Self(place)))
    }
    /// Returns the same value seen as something else: `|value| value` makes a trait object.
    pub(crate) fn seen_as<U: ?Sized>(&self, view: impl FnOnce(&T) -> &U) -> Placed<U> {
        Placed(NonNull::from(view(self.get())))
    }
}

impl<T: ?Sized> Placed<T> {
    /// Returns the value.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: By the type invariant the pointer leads to a valid value that lives as long as the machine, which lives
        // as long as the owner of `self`.
        unsafe { self.0.as_ref() }
    }
}
