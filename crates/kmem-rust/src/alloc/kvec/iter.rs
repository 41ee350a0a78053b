//! The iterators that take values out of a [`Vec`].

use super::{ArrayLayout, Vec};
use crate::alloc::{Allocator, Flags};
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// All values of a vector, with its memory.
///
/// # Invariants
/// As those of [`Vec`], with the values from `at` on, `len` of them.
pub struct IntoIter<T, A: Allocator> {
    start: NonNull<T>,
    at: usize,
    len: usize,
    layout: ArrayLayout<T>,
    _allocator: PhantomData<(A, T)>,
}

// SAFETY: As for the vector.
unsafe impl<T: Send, A: Allocator> Send for IntoIter<T, A> {}
// SAFETY: As for the vector.
unsafe impl<T: Sync, A: Allocator> Sync for IntoIter<T, A> {}

impl<T, A: Allocator> IntoIter<T, A> {
    /// Makes a vector of what is left, in the same memory. Memory that is not needed is given back if that can be done; so
    /// this does not fail.
    pub fn collect(self, flags: Flags) -> Vec<T, A> {
        let this = ManuallyDrop::new(self);
        let start = this.start.as_ptr();
        if this.at != 0 {
            // SAFETY: The values are in the memory; they move to its start.
            unsafe { start.copy_from(start.add(this.at), this.len) };
        }
        // SAFETY: By the type invariants, and the values are at the start now.
        let mut values = unsafe { Vec::from_raw_parts(start, this.len, this.layout.len()) };
        // Without memory for a smaller one the old stays.
        let _ = values.shrink_to(0, flags);
        values
    }
    fn left(&mut self) -> *mut [T] {
        // SAFETY: By the type invariants the offset is in the memory.
        core::ptr::slice_from_raw_parts_mut(unsafe { self.start.as_ptr().add(self.at) }, self.len)
    }
}

impl<T, A: Allocator> Iterator for IntoIter<T, A> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: By the type invariants there is a value, which is nobody's when `at` has passed it.
        let value = unsafe { self.start.as_ptr().add(self.at).read() };
        self.at += 1;
        Some(value)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}
impl<T, A: Allocator> ExactSizeIterator for IntoIter<T, A> {}
impl<T, A: Allocator> FusedIterator for IntoIter<T, A> {}

impl<T, A: Allocator> Drop for IntoIter<T, A> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants these are values that go with their iterator.
        unsafe { self.left().drop_in_place() };
        // SAFETY: By the type invariants `A` gave the memory for the layout, or it dangles.
        unsafe { A::free(self.start.cast(), self.layout.into()) };
    }
}

impl<T, A: Allocator> IntoIterator for Vec<T, A> {
    type Item = T;
    type IntoIter = IntoIter<T, A>;

    fn into_iter(self) -> IntoIter<T, A> {
        let this = ManuallyDrop::new(self);
        IntoIter { start: this.ptr, at: 0, len: this.len, layout: this.layout, _allocator: PhantomData }
    }
}
impl<'a, T, A: Allocator> IntoIterator for &'a Vec<T, A> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
impl<'a, T, A: Allocator> IntoIterator for &'a mut Vec<T, A> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// All values of a vector, which keeps its memory.
///
/// # Invariants
/// The values that `left` gives are nobody else's.
pub struct DrainAll<'vec, T> {
    left: core::slice::IterMut<'vec, T>,
}

impl<'vec, T> DrainAll<'vec, T> {
    pub(super) fn new(values: &'vec mut [T]) -> Self {
        Self { left: values.iter_mut() }
    }
}

impl<T> Iterator for DrainAll<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let value: *mut T = self.left.next()?;
        // SAFETY: By the type invariant it is a value of nobody's, and is given once.
        Some(unsafe { value.read() })
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}
impl<T> ExactSizeIterator for DrainAll<'_, T> {}

impl<T> Drop for DrainAll<'_, T> {
    fn drop(&mut self) {
        if core::mem::needs_drop::<T>() {
            let rest = core::mem::take(&mut self.left).into_slice();
            // SAFETY: By the type invariant these are values of nobody's.
            unsafe { core::ptr::drop_in_place(rest) };
        }
    }
}
