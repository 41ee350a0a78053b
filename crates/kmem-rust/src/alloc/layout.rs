//! [`ArrayLayout`]: the layout of an array, known to fit.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;

/// The array would be larger than any memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayoutError;

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of more than isize::MAX bytes")
    }
}

/// The layout of `[T; len]`.
///
/// # Invariants
/// `len * size_of::<T>()` is at most `isize::MAX`.
pub struct ArrayLayout<T> {
    len: usize,
    _elements: PhantomData<fn() -> T>,
}

impl<T> Clone for ArrayLayout<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for ArrayLayout<T> {}

impl<T> ArrayLayout<T> {
    /// Makes that of an empty array.
    pub const fn empty() -> Self {
        Self { len: 0, _elements: PhantomData }
    }
    /// Makes that of `len` elements.
    ///
    /// # Errors
    /// [`LayoutError`] when they are more than `isize::MAX` bytes.
    pub const fn new(len: usize) -> Result<Self, LayoutError> {
        match len.checked_mul(size_of::<T>()) {
            Some(bytes) if bytes <= isize::MAX as usize => Ok(Self { len, _elements: PhantomData }),
            _ => Err(LayoutError),
        }
    }
    /// Makes that of `len` elements.
    ///
    /// # Safety
    /// They are at most `isize::MAX` bytes.
    pub const unsafe fn new_unchecked(len: usize) -> Self {
        Self { len, _elements: PhantomData }
    }
    /// Returns the number of elements.
    pub const fn len(&self) -> usize {
        self.len
    }
    /// True for an array without elements.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Returns the bytes.
    pub const fn size(&self) -> usize {
        self.len * size_of::<T>()
    }
}

impl<T> From<ArrayLayout<T>> for Layout {
    fn from(array: ArrayLayout<T>) -> Self {
        // SAFETY: By the type invariant the size is in bounds; the alignment is that of a type.
        unsafe { Layout::from_size_align_unchecked(array.size(), align_of::<T>()) }
    }
}
