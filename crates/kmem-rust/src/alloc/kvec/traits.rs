//! What a [`Vec`] can do because it is a slice.

use super::Vec;
use crate::alloc::allocator::Vmalloc;
use crate::alloc::Allocator;
use crate::page::{AsPageIter, VmallocPageIter};
use core::borrow::{Borrow, BorrowMut};
use core::fmt;
use core::ops::{Deref, DerefMut, Index, IndexMut};
use core::slice::SliceIndex;

impl<T, A: Allocator> Deref for Vec<T, A> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: By the type invariants there are `len` values.
        unsafe { core::slice::from_raw_parts(self.as_ptr(), self.len) }
    }
}
impl<T, A: Allocator> DerefMut for Vec<T, A> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: By the type invariants there are `len` values; the vector is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.as_mut_ptr(), self.len) }
    }
}
impl<T, A: Allocator> Borrow<[T]> for Vec<T, A> {
    fn borrow(&self) -> &[T] {
        self
    }
}
impl<T, A: Allocator> BorrowMut<[T]> for Vec<T, A> {
    fn borrow_mut(&mut self) -> &mut [T] {
        self
    }
}
impl<T, A: Allocator> AsRef<[T]> for Vec<T, A> {
    fn as_ref(&self) -> &[T] {
        self
    }
}
impl<T, I: SliceIndex<[T]>, A: Allocator> Index<I> for Vec<T, A> {
    type Output = I::Output;
    fn index(&self, index: I) -> &I::Output {
        Index::index(&**self, index)
    }
}
impl<T, I: SliceIndex<[T]>, A: Allocator> IndexMut<I> for Vec<T, A> {
    fn index_mut(&mut self, index: I) -> &mut I::Output {
        IndexMut::index_mut(&mut **self, index)
    }
}
impl<T: fmt::Debug, A: Allocator> fmt::Debug for Vec<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
impl<T, A: Allocator> Default for Vec<T, A> {
    fn default() -> Self {
        Self::new()
    }
}
impl<T: Eq, A: Allocator> Eq for Vec<T, A> {}

/// Equality of two things that are slices.
macro_rules! equal {
    ($([$($generic:tt)*] $left:ty, $right:ty;)*) => {
        $(impl<T: PartialEq<U>, U, $($generic)*> PartialEq<$right> for $left {
            fn eq(&self, other: &$right) -> bool {
                self[..] == other[..]
            }
        })*
    };
}
equal! {
    [A: Allocator, B: Allocator] Vec<T, A>, Vec<U, B>;
    [A: Allocator] Vec<T, A>, &[U];
    [A: Allocator] Vec<T, A>, &mut [U];
    [A: Allocator] &[T], Vec<U, A>;
    [A: Allocator] &mut [T], Vec<U, A>;
    [A: Allocator] Vec<T, A>, [U];
    [A: Allocator] [T], Vec<U, A>;
    [A: Allocator, const N: usize] Vec<T, A>, [U; N];
    [A: Allocator, const N: usize] Vec<T, A>, &[U; N];
}

impl<T> AsPageIter for Vec<T, Vmalloc> {
    type Iter<'a>
        = VmallocPageIter<'a>
    where
        T: 'a;
    fn page_iter(&mut self) -> VmallocPageIter<'_> {
        // SAFETY: The vector's memory is of vmalloc's, of this size, and is borrowed.
        unsafe { VmallocPageIter::new(self.ptr.cast(), self.layout.size()) }
    }
}
