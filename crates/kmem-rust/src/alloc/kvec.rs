//! [`Vec`]: values side by side, as many as memory allows.
//!
//! As `std`'s, but for what the kernel needs: what may allocate takes flags and may fail, and a failure leaves the vector as
//! it was. It grows to twice its capacity, or to what is asked for if that is more. `retain`, `truncate` and their kin keep
//! the memory.

mod iter;
mod traits;

pub use iter::{DrainAll, IntoIter};

use super::allocator::{KVmalloc, Kmalloc, Vmalloc};
use super::layout::ArrayLayout;
use super::{AllocError, Allocator, Box, Flags, NumaNode};
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

/// Values in memory of the allocator `A`.
///
/// # Invariants
/// - The pointer is aligned; `A` gave its memory for `layout`, or it dangles where that has a size of 0.
/// - The first `len` elements are values; `len` is at most the capacity.
///
/// # Examples
/// ```
/// use kmem_rust::prelude::*;
/// let mut v = KVec::new();
/// v.push(1, GFP_KERNEL)?;
/// v.extend_from_slice(&[2, 3], GFP_KERNEL)?;
/// assert_eq!(v, [1, 2, 3]);
/// assert_eq!((v.pop(), v.remove(0), v.len()), (Some(3), Ok(1), 1));
/// assert!(v.remove(5).is_err());
/// # Ok::<(), Error>(())
/// ```
pub struct Vec<T, A: Allocator> {
    ptr: NonNull<T>,
    layout: ArrayLayout<T>,
    len: usize,
    _allocator: PhantomData<(A, T)>,
}

/// A vector in memory of kmalloc's.
pub type KVec<T> = Vec<T, Kmalloc>;
/// A vector in memory of vmalloc's.
pub type VVec<T> = Vec<T, Vmalloc>;
/// A vector in memory of kmalloc's, or of vmalloc's when that has none.
pub type KVVec<T> = Vec<T, KVmalloc>;

// SAFETY: A vector owns its values. Memory may be freed on any thread.
unsafe impl<T: Send, A: Allocator> Send for Vec<T, A> {}
// SAFETY: A shared vector gives shared references only.
unsafe impl<T: Sync, A: Allocator> Sync for Vec<T, A> {}

/// A vector has no such element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemoveError;
/// A vector has no room; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PushError<T>(pub T);

/// A value could not be put in; it comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum InsertError<T> {
    /// The index is beyond the end.
    IndexOutOfBounds(T),
    /// There is no room.
    OutOfCapacity(T),
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no room")
    }
}
impl<T> fmt::Debug for InsertError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IndexOutOfBounds(_) => "the index is beyond the end",
            Self::OutOfCapacity(_) => "there is no room",
        })
    }
}
impl From<RemoveError> for crate::Error {
    fn from(_: RemoveError) -> Self {
        crate::error::code::EINVAL
    }
}
impl<T> From<PushError<T>> for crate::Error {
    fn from(_: PushError<T>) -> Self {
        crate::error::code::EINVAL
    }
}
impl<T> From<InsertError<T>> for crate::Error {
    fn from(_: InsertError<T>) -> Self {
        crate::error::code::EINVAL
    }
}

impl<T, A: Allocator> Vec<T, A> {
    const IS_ZST: bool = size_of::<T>() == 0;

    /// Makes an empty one, without memory.
    pub const fn new() -> Self {
        Self { ptr: NonNull::dangling(), layout: ArrayLayout::empty(), len: 0, _allocator: PhantomData }
    }
    /// Makes an empty one with room for `capacity` values.
    ///
    /// # Errors
    /// [`AllocError`].
    pub fn with_capacity(capacity: usize, flags: Flags) -> Result<Self, AllocError> {
        let mut values = Self::new();
        values.reserve(capacity, flags)?;
        Ok(values)
    }
    /// Makes one of `n` clones.
    ///
    /// # Errors
    /// [`AllocError`].
    pub fn from_elem(value: T, n: usize, flags: Flags) -> Result<Self, AllocError>
    where
        T: Clone,
    {
        let mut values = Self::with_capacity(n, flags)?;
        values.extend_with(n, value, flags)?;
        Ok(values)
    }
    /// Makes one of its parts.
    ///
    /// # Safety
    /// They came from [`Vec::into_raw_parts`] of the same type, once; or all that the type's invariants say holds of them.
    pub unsafe fn from_raw_parts(ptr: *mut T, length: usize, capacity: usize) -> Self {
        let capacity = if Self::IS_ZST { 0 } else { capacity };
        // SAFETY: As the caller says: memory of so many elements exists.
        let layout = unsafe { ArrayLayout::new_unchecked(capacity) };
        // SAFETY: A vector's pointer is never null.
        Self { ptr: unsafe { NonNull::new_unchecked(ptr) }, layout, len: length, _allocator: PhantomData }
    }
    /// Gives the parts away: pointer, length, capacity.
    pub fn into_raw_parts(self) -> (*mut T, usize, usize) {
        let mut values = ManuallyDrop::new(self);
        (values.as_mut_ptr(), values.len(), values.capacity())
    }

    /// Returns how many values there is room for.
    pub fn capacity(&self) -> usize {
        if Self::IS_ZST {
            usize::MAX
        } else {
            self.layout.len()
        }
    }
    /// Returns how many values there are.
    pub fn len(&self) -> usize {
        self.len
    }
    /// True when there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Returns the values.
    pub fn as_slice(&self) -> &[T] {
        self
    }
    /// Returns the values, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self
    }
    /// Returns where the first value is.
    pub const fn as_ptr(&self) -> *const T {
        self.ptr.as_ptr()
    }
    /// Returns where the first value is.
    pub const fn as_mut_ptr(&mut self) -> *mut T {
        self.ptr.as_ptr()
    }
    /// Returns the room behind the last value.
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        let room = self.capacity() - self.len;
        // SAFETY: By the type invariants the memory has so many elements behind the first `len`.
        unsafe { core::slice::from_raw_parts_mut(self.ptr.as_ptr().add(self.len).cast(), room) }
    }
    /// Says that there are `additional` more values.
    ///
    /// # Safety
    /// They are there, behind the last, and there is room for them.
    pub unsafe fn inc_len(&mut self, additional: usize) {
        debug_assert!(additional <= self.capacity() - self.len);
        self.len += additional;
    }
    /// Says that the last `count` values no longer belong to the vector, and returns them. Whoever calls this drops them.
    ///
    /// # Safety
    /// There are so many.
    pub unsafe fn dec_len(&mut self, count: usize) -> &mut [T] {
        debug_assert!(count <= self.len);
        self.len -= count;
        // SAFETY: By the type invariants they are values; nobody else has them now.
        unsafe { core::slice::from_raw_parts_mut(self.ptr.as_ptr().add(self.len), count) }
    }
    /// Says how many values there are: the form before `inc_len` and `dec_len`.
    ///
    /// # Safety
    /// There are so many, and room for them.
    pub unsafe fn set_len(&mut self, new_len: usize) {
        debug_assert!(new_len <= self.capacity());
        self.len = new_len;
    }

    /// Makes room for `additional` more values.
    ///
    /// # Errors
    /// [`AllocError`]; the vector is as it was.
    pub fn reserve(&mut self, additional: usize, flags: Flags) -> Result<(), AllocError> {
        if self.capacity() - self.len >= additional {
            return Ok(());
        }
        if Self::IS_ZST {
            // There is room for `usize::MAX` already.
            return Err(AllocError);
        }
        let wanted = self.len.checked_add(additional).ok_or(AllocError)?;
        let layout = ArrayLayout::new(wanted.max(self.capacity().saturating_mul(2))).map_err(|_| AllocError)?;
        // SAFETY: By the type invariants `A` gave the memory for the layout, or it dangles.
        let memory =
            unsafe { A::realloc(Some(self.ptr.cast()), layout.into(), self.layout.into(), flags, NumaNode::NO_NODE) }?;
        self.ptr = memory.cast();
        self.layout = layout;
        Ok(())
    }
    /// Adds a value at the end.
    ///
    /// # Errors
    /// [`AllocError`]; the value is dropped, the vector is as it was.
    pub fn push(&mut self, v: T, flags: Flags) -> Result<(), AllocError> {
        self.reserve(1, flags)?;
        // SAFETY: There is room for one.
        unsafe { self.push_unchecked(v) };
        Ok(())
    }
    /// Adds a value at the end, if there is room.
    ///
    /// # Errors
    /// [`PushError`] with the value.
    pub fn push_within_capacity(&mut self, v: T) -> Result<(), PushError<T>> {
        if self.len == self.capacity() {
            return Err(PushError(v));
        }
        // SAFETY: There is room.
        unsafe { self.push_unchecked(v) };
        Ok(())
    }
    /// # Safety
    /// There is room.
    unsafe fn push_unchecked(&mut self, v: T) {
        // SAFETY: As the caller says, the place behind the last value is in the memory.
        unsafe { self.ptr.as_ptr().add(self.len).write(v) };
        self.len += 1;
    }
    /// Puts a value before the one at `index`, if there is room.
    ///
    /// # Errors
    /// [`InsertError`] with the value.
    pub fn insert_within_capacity(&mut self, index: usize, element: T) -> Result<(), InsertError<T>> {
        if index > self.len {
            return Err(InsertError::IndexOutOfBounds(element));
        }
        if self.len == self.capacity() {
            return Err(InsertError::OutOfCapacity(element));
        }
        // SAFETY: The index is inside, and behind the last value is room for one.
        unsafe {
            let place = self.ptr.as_ptr().add(index);
            place.copy_to(place.add(1), self.len - index);
            place.write(element);
        }
        self.len += 1;
        Ok(())
    }
    /// Takes the last value off.
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: It was a value, and does not belong to the vector any more.
        Some(unsafe { self.ptr.as_ptr().add(self.len).read() })
    }
    /// Takes the value at `index` out; those behind it move up.
    ///
    /// # Errors
    /// [`RemoveError`] when there is none.
    pub fn remove(&mut self, index: usize) -> Result<T, RemoveError> {
        if index >= self.len {
            return Err(RemoveError);
        }
        // SAFETY: The index is inside. The value is read before another one takes its place.
        let value = unsafe {
            let place = self.ptr.as_ptr().add(index);
            let value = place.read();
            place.copy_from(place.add(1), self.len - index - 1);
            value
        };
        self.len -= 1;
        Ok(value)
    }
    /// Keeps the values that `keep` likes, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let mut kept = 0;
        for index in 0..self.len {
            let value = &mut self[index];
            if keep(value) {
                self.swap(kept, index);
                kept += 1;
            }
        }
        self.truncate(kept);
    }
    /// Drops all values but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        if let Some(count) = self.len.checked_sub(len) {
            // SAFETY: There are so many.
            let rest: *mut [T] = unsafe { self.dec_len(count) };
            // SAFETY: They are values that belong to nobody now.
            unsafe { rest.drop_in_place() };
        }
    }
    /// Drops all values.
    pub fn clear(&mut self) {
        self.truncate(0);
    }
    /// Makes the length `new_len`: drops what is beyond, or adds clones.
    ///
    /// # Errors
    /// [`AllocError`]; the vector is as it was.
    pub fn resize(&mut self, new_len: usize, value: T, flags: Flags) -> Result<(), AllocError>
    where
        T: Clone,
    {
        match new_len.checked_sub(self.len) {
            Some(more) => self.extend_with(more, value, flags),
            None => {
                self.truncate(new_len);
                Ok(())
            }
        }
    }
    /// Adds `n` clones.
    ///
    /// # Errors
    /// [`AllocError`]; the vector is as it was.
    pub fn extend_with(&mut self, n: usize, value: T, flags: Flags) -> Result<(), AllocError>
    where
        T: Clone,
    {
        let Some(clones) = n.checked_sub(1) else { return Ok(()) };
        self.reserve(n, flags)?;
        for _ in 0..clones {
            // SAFETY: There is room for `n`.
            unsafe { self.push_unchecked(value.clone()) };
        }
        // SAFETY: As above.
        unsafe { self.push_unchecked(value) };
        Ok(())
    }
    /// Adds clones of all values of a slice.
    ///
    /// # Errors
    /// [`AllocError`]; the vector is as it was.
    pub fn extend_from_slice(&mut self, other: &[T], flags: Flags) -> Result<(), AllocError>
    where
        T: Clone,
    {
        self.reserve(other.len(), flags)?;
        for value in other {
            // SAFETY: There is room for all of them.
            unsafe { self.push_unchecked(value.clone()) };
        }
        Ok(())
    }
    /// Takes all values out, and keeps the memory. What the iterator does not give is dropped with it.
    pub fn drain_all(&mut self) -> DrainAll<'_, T> {
        let count = self.len;
        // SAFETY: There are so many.
        DrainAll::new(unsafe { self.dec_len(count) })
    }
    /// Gives memory back that is not needed: the capacity becomes the length, or `min_capacity` if that is more. Where the
    /// allocator has no smaller memory, it stays.
    ///
    /// # Errors
    /// [`AllocError`]; the vector is as it was.
    pub fn shrink_to(&mut self, min_capacity: usize, flags: Flags) -> Result<(), AllocError> {
        let target = self.len.max(min_capacity);
        if Self::IS_ZST || target >= self.capacity() {
            return Ok(());
        }
        let layout = ArrayLayout::new(target).map_err(|_| AllocError)?;
        if target == 0 {
            // SAFETY: By the type invariants; the memory is replaced by none.
            unsafe { A::free(self.ptr.cast(), self.layout.into()) };
            (self.ptr, self.layout) = (NonNull::dangling(), layout);
            return Ok(());
        }
        // `realloc` never gives memory back, so the values move.
        let memory = A::alloc(layout.into(), flags, NumaNode::NO_NODE)?.cast::<T>();
        // SAFETY: There is room for the values in the new memory, and they are not used in the old any more.
        unsafe { memory.copy_from_nonoverlapping(self.ptr, self.len) };
        // SAFETY: By the type invariants; nothing is in it any more.
        unsafe { A::free(self.ptr.cast(), self.layout.into()) };
        (self.ptr, self.layout) = (memory, layout);
        Ok(())
    }
}

impl<T, A: Allocator> Drop for Vec<T, A> {
    fn drop(&mut self) {
        self.clear();
        // SAFETY: By the type invariants `A` gave the memory for the layout, or it dangles; nothing is in it any more.
        unsafe { A::free(self.ptr.cast(), self.layout.into()) };
    }
}

impl<T, const N: usize, A: Allocator> From<Box<[T; N], A>> for Vec<T, A> {
    fn from(b: Box<[T; N], A>) -> Self {
        // SAFETY: The box's memory was given for `N` values, which are there.
        unsafe { Self::from_raw_parts(Box::into_raw(b).cast(), N, N) }
    }
}

/// Makes a [`KVec`] of values, with `GFP_KERNEL`: `kvec![]`, `kvec![1, 2, 3]?`, `kvec![0; 64]?`.
///
/// # Examples
/// ```
/// use kmem_rust::prelude::*;
/// assert_eq!(kvec![1, 2]?, [1, 2]);
/// assert_eq!(kvec![0u8; 4]?, [0; 4]);
/// assert!(KVec::<u8>::is_empty(&kvec![]));
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! kvec {
    () => {
        $crate::alloc::KVec::new()
    };
    ($value:expr; $n:expr) => {
        $crate::alloc::KVec::from_elem($value, $n, $crate::alloc::flags::GFP_KERNEL)
    };
    ($($value:expr),+ $(,)?) => {
        match $crate::alloc::KBox::new_uninit($crate::alloc::flags::GFP_KERNEL) {
            Ok(place) => Ok($crate::alloc::KVec::from($crate::alloc::KBox::write(place, [$($value),+]))),
            Err(error) => Err(error),
        }
    };
}
