//! A fixed array of structures in the machine's RAM.

use super::Ram;
use crate::sync::{AtomicU32, AtomicUsize, Count, Tally, Witness};
use crate::units::{align_up, PhysAddr, PhysRange};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Types that may live in zeroed RAM.
///
/// # Safety
/// All bytes zero is a valid value, and dropping one does nothing.
pub(crate) unsafe trait Zeroed: Sync {
    /// Makes the value that all bytes zero are, for the model checker, whose atomics are more than their bytes.
    #[cfg(all(test, kmem_loom))]
    fn zero() -> Self;
}

/// Types that may be zero, and whose default that is.
macro_rules! zeroed_default {
    ($($type:ty),*) => {$(
        // SAFETY: Nothing, or an atomic, perhaps in a new coat: zero is a value of it.
        unsafe impl Zeroed for $type {
            #[cfg(all(test, kmem_loom))]
            fn zero() -> Self {
                Self::default()
            }
        }
    )*};
}
zeroed_default!(AtomicU32, AtomicUsize, Count, Tally, Witness);
#[cfg(all(test, kmem_loom))]
zeroed_default!(crate::sync::Shared);

// SAFETY: Each of its elements may be zero.
unsafe impl<T: Zeroed, const N: usize> Zeroed for [T; N] {
    #[cfg(all(test, kmem_loom))]
    fn zero() -> Self {
        core::array::from_fn(|_| T::zero())
    }
}

/// Declares a structure that may live in zeroed RAM because all of its fields may.
macro_rules! zeroed_struct {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }
        const _: () = {
            const fn may_be_zero<T: $crate::raw::Zeroed>() {}
            $(may_be_zero::<$type>();)*
        };
        // SAFETY: Each field may be zero, as the lines above make sure.
        #[allow(unsafe_code)]
        unsafe impl $crate::raw::Zeroed for $name {
            #[cfg(all(test, kmem_loom))]
            fn zero() -> Self {
                Self { $($field: $crate::raw::Zeroed::zero(),)* }
            }
        }
    };
}
pub(crate) use zeroed_struct;

/// `len` structures of one type in the machine's RAM.
///
/// # Invariants
/// `base` points to `len` valid values of `T` that nothing else uses while the machine lives.
pub(crate) struct Array<T> {
    base: NonNull<T>,
    len: u32,
    _values: PhantomData<T>,
}

// SAFETY: An array only hands out shared references to `T`, which is `Sync`.
unsafe impl<T: Zeroed> Send for Array<T> {}
// SAFETY: As above.
unsafe impl<T: Zeroed> Sync for Array<T> {}

#[cfg(all(test, kmem_loom))]
impl<T: Zeroed> Array<T> {
    /// Makes an array outside of RAM.
    fn on_heap(len: u64) -> Self {
        let values: Box<[T]> = (0..len).map(|_| T::zero()).collect();
        let base = NonNull::from(Box::leak(values)).cast();
        Self { base, len: len as u32, _values: PhantomData }
    }
}
#[cfg(all(test, kmem_loom))]
impl<T> Drop for Array<T> {
    fn drop(&mut self) {
        let values = NonNull::slice_from_raw_parts(self.base, self.len as usize);
        // SAFETY: It was made by `on_heap` out of such a box, and nothing outlives the array.
        drop(unsafe { Box::from_raw(values.as_ptr()) });
    }
}

impl<T: Zeroed> Array<T> {
    /// Takes `len` structures in the `bytes` zeroed bytes of RAM from `addr` on, which boot has set aside for them. `None`
    /// when they do not fit, do not lie in the window or are not aligned, or are `u32::MAX` and more.
    ///
    /// # Safety
    /// The bytes are zero, and the engine uses them for nothing else from now on.
    unsafe fn new(ram: &Ram, addr: PhysAddr, len: u64) -> Option<Self> {
        let base = ram.pointer(addr, len.checked_mul(size_of::<T>() as u64)?)?.cast::<T>();
        let is_good = base.is_aligned() && len < u64::from(u32::MAX);
        is_good.then_some(Self { base, len: len as u32, _values: PhantomData })
    }
    /// Returns how many there are.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }
    /// Returns all of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..u64::from(self.len)).filter_map(|index| self.get(index))
    }
    /// Returns what lies from structure `first` on.
    ///
    /// # Safety
    /// `first` is at most `len`.
    #[inline(always)]
    pub(crate) unsafe fn from(&self, first: u32) -> Part<'_, T> {
        // SAFETY: By the caller's promise that is inside the array, or just behind it.
        let base = unsafe { self.base.add(first as usize) };
        Part { base, len: self.len - first, _array: PhantomData }
    }
    /// Returns all of it.
    #[inline(always)]
    pub(crate) fn all(&self) -> Part<'_, T> {
        Part { base: self.base, len: self.len, _array: PhantomData }
    }
    /// Returns structure `index`.
    #[inline(always)]
    pub(crate) fn get(&self, index: u64) -> Option<&T> {
        if index >= u64::from(self.len) {
            return None;
        }
        // SAFETY: `index` is below `len`, and by the type invariant `base` points to `len` values.
        let value = unsafe { self.base.add(index as usize) };
        // SAFETY: By the type invariant the value is valid and lives as long as the machine, which outlives the engine.
        Some(unsafe { value.as_ref() })
    }
}

/// The range of RAM that boot has set aside for the engine's own structures, zeroed; it is cut up once.
pub(crate) struct Reserve<'a> {
    ram: &'a Ram,
    next: u64,
    end: u64,
}

impl<'a> Reserve<'a> {
    /// Takes what the boot plan holds for the page structures, and zeroes it unless it is zero already. `None` when it
    /// does not lie in the window.
    pub(crate) fn new(ram: &'a Ram, place: PhysRange, bytes: u64, is_zeroed: bool) -> Option<Self> {
        let (start, end) = (place.start.raw(), place.start.raw() + bytes);
        let fits = end <= place.end.raw() && (is_zeroed || ram.fill(place.start, bytes, 0));
        fits.then_some(Self { ram, next: start, end })
    }
    /// Cuts off `len` structures.
    pub(crate) fn array<T: Zeroed>(&mut self, len: u64) -> Option<Array<T>> {
        let start = align_up(self.next, align_of::<T>() as u64);
        let end = start.checked_add(len.checked_mul(size_of::<T>() as u64)?)?;
        if end > self.end {
            return None;
        }
        self.next = end;
        #[cfg(all(test, kmem_loom))]
        return Some(Array::on_heap(len));
        // SAFETY: The range was held by boot for this and is zero; what is cut off is never cut off again.
        #[cfg(not(all(test, kmem_loom)))]
        unsafe {
            Array::new(self.ram, PhysAddr::new(start), len)
        }
    }
}

/// A part of an array, as who uses it for a while keeps it at hand.
///
/// # Invariants
/// `base` points to `len` valid values of an array that lives as long as `'a`.
pub(crate) struct Part<'a, T> {
    base: NonNull<T>,
    len: u32,
    _array: PhantomData<&'a Array<T>>,
}

impl<T> Clone for Part<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Part<'_, T> {}

impl<'a, T: Zeroed> Part<'a, T> {
    /// Returns how many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.len
    }
    /// Does something with structure `index` of the part; `None` when there are not so many.
    #[inline(always)]
    pub(crate) fn with<R>(&self, index: u64, act: impl FnOnce(&'a T) -> R) -> Option<R> {
        if index >= u64::from(self.len) {
            return None;
        }
        // SAFETY: `index` is below `len`.
        Some(act(unsafe { self.get_unchecked(index as u32) }))
    }
    /// Returns the structure that begins so many bytes from the start.
    ///
    /// # Safety
    /// There is one.
    #[inline(always)]
    pub(crate) unsafe fn at_byte(&self, offset: u32) -> &'a T {
        debug_assert!(offset as usize / size_of::<T>() < self.len as usize && offset as usize % size_of::<T>() == 0);
        // SAFETY: By the caller's promise and the invariant there is a value, which is only shared and lives long enough.
        unsafe { self.base.byte_add(offset as usize).as_ref() }
    }
    /// Returns structure `index` of the part.
    ///
    /// # Safety
    /// There are more than `index`.
    #[inline(always)]
    pub(crate) unsafe fn get_unchecked(&self, index: u32) -> &'a T {
        debug_assert!(index < self.len);
        // SAFETY: By the caller's promise and the invariant there is a value, which is only shared and lives long enough.
        unsafe { self.base.add(index as usize).as_ref() }
    }
}
