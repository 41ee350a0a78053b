//! [`Box`]: one value in memory of its own.
//!
//! As `std`'s, but for what the kernel needs: which allocator is part of the type, allocation takes flags and may fail, and
//! a value that must not move is pinned from the first. On stable Rust a pointer of one's own cannot be coerced to one of a
//! trait object, so `KBox<T>` becomes `KBox<dyn Trait>` by [`unsize!`](crate::unsize).

use super::allocator::{KVmalloc, Kmalloc, Vmalloc};
use super::{AllocError, Allocator, Flags, NumaNode};
use crate::init::{InPlaceInit, InPlaceWrite, Init, PinInit};
use crate::page::{AsPageIter, VmallocPageIter};
use crate::types::ForeignOwnable;
use core::alloc::Layout;
use core::borrow::{Borrow, BorrowMut};
use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::ptr::NonNull;

/// A value in memory of the allocator `A`.
///
/// # Invariants
/// The pointer is aligned and leads to a live `T` that belongs to this box, in memory that `A` gave for the layout of the
/// value; for a size of 0 it dangles.
///
/// # Examples
/// ```
/// use kmem_rust::prelude::*;
/// let mut b = KBox::new(24_u64, GFP_KERNEL)?;
/// *b += 1;
/// assert_eq!(*b, 25);
/// assert_eq!(KBox::into_inner(b), 25);
/// // More than kmalloc ever gives:
/// struct Huge(#[allow(dead_code)] [u8; kmem_rust::bindings::KMALLOC_MAX_SIZE + 1]);
/// assert!(KBox::<Huge>::new_uninit(GFP_KERNEL | __GFP_NOWARN).is_err());
/// assert!(KVBox::<Huge>::new_uninit(GFP_KERNEL).is_ok());
/// # Ok::<(), Error>(())
/// ```
#[repr(transparent)]
pub struct Box<T: ?Sized, A: Allocator>(NonNull<T>, PhantomData<(A, T)>);

/// A box in memory of kmalloc's.
pub type KBox<T> = Box<T, Kmalloc>;
/// A box in memory of vmalloc's.
pub type VBox<T> = Box<T, Vmalloc>;
/// A box in memory of kmalloc's, or of vmalloc's when that has none.
pub type KVBox<T> = Box<T, KVmalloc>;

// SAFETY: A box owns its value, like the value itself. Memory may be freed on any thread.
unsafe impl<T: ?Sized + Send, A: Allocator> Send for Box<T, A> {}
// SAFETY: A shared box gives shared references only.
unsafe impl<T: ?Sized + Sync, A: Allocator> Sync for Box<T, A> {}

impl<T: ?Sized, A: Allocator> Box<T, A> {
    /// Makes the box of a pointer.
    ///
    /// # Safety
    /// The pointer came from [`Box::into_raw`] of the same allocator, and nobody else made it a box; or all that the type's
    /// invariant says holds of it.
    pub const unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: A box's pointer is never null.
        Self(unsafe { NonNull::new_unchecked(raw) }, PhantomData)
    }
    /// Gives the value and its memory away as a pointer, for [`Box::from_raw`].
    pub fn into_raw(b: Self) -> *mut T {
        ManuallyDrop::new(b).0.as_ptr()
    }
    /// Gives the value away for good.
    pub fn leak<'a>(b: Self) -> &'a mut T {
        // SAFETY: By the type invariant the pointer leads to a live value, which nobody will free.
        unsafe { &mut *Self::into_raw(b) }
    }
    /// Pins the value where it is.
    pub fn into_pin(this: Self) -> Pin<Self> {
        this.into()
    }
}

impl<T, A: Allocator> Box<MaybeUninit<T>, A> {
    /// Says that there is a value now.
    ///
    /// # Safety
    /// There is one.
    pub unsafe fn assume_init(self) -> Box<T, A> {
        // SAFETY: As the caller says; the layout is the same.
        unsafe { Box::from_raw(Self::into_raw(self).cast()) }
    }
    /// Puts a value in.
    pub fn write(mut self, value: T) -> Box<T, A> {
        (*self).write(value);
        // SAFETY: There is a value now.
        unsafe { self.assume_init() }
    }
}

impl<T, A: Allocator> Box<T, A> {
    /// Moves a value into new memory.
    ///
    /// # Errors
    /// [`AllocError`]; the value is dropped.
    pub fn new(x: T, flags: Flags) -> Result<Self, AllocError> {
        Ok(Self::new_uninit(flags)?.write(x))
    }
    /// Takes memory for a value that is to come.
    ///
    /// # Errors
    /// [`AllocError`].
    pub fn new_uninit(flags: Flags) -> Result<Box<MaybeUninit<T>, A>, AllocError> {
        let memory = A::alloc(Layout::new::<MaybeUninit<T>>(), flags, NumaNode::NO_NODE)?;
        // SAFETY: It was just given for this layout.
        Ok(unsafe { Box::from_raw(memory.as_ptr().cast()) })
    }
    /// Moves a value into new memory, to stay there.
    ///
    /// # Errors
    /// [`AllocError`]; the value is dropped.
    pub fn pin(x: T, flags: Flags) -> Result<Pin<Self>, AllocError>
    where
        A: 'static,
    {
        Ok(Self::new(x, flags)?.into())
    }
    /// Makes `len` values where they are to stay. `init` gives the initializer of each by its index.
    ///
    /// # Errors
    /// [`AllocError`] as `E`, or the first initializer's error; the values that were made are dropped.
    pub fn pin_slice<Func, Item, E>(mut init: Func, len: usize, flags: Flags) -> Result<Pin<Box<[T], A>>, E>
    where
        Func: FnMut(usize) -> Item,
        Item: PinInit<T, E>,
        E: From<AllocError>,
    {
        let mut values = super::Vec::<T, A>::with_capacity(len, flags)?;
        for index in 0..len {
            let slot = values.spare_capacity_mut().as_mut_ptr().cast();
            // SAFETY: There is room for `len` values, of which `index` are made, and none of them moves any more.
            unsafe { init(index).__pinned_init(slot) }?;
            // SAFETY: One more is made.
            unsafe { values.inc_len(1) };
        }
        let (pointer, len, capacity) = values.into_raw_parts();
        debug_assert!(capacity == len || size_of::<T>() == 0);
        // SAFETY: The memory was given for exactly `len` values.
        Ok(unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(pointer, len)) }.into())
    }
    /// Drops the value and keeps the memory.
    pub fn drop_contents(this: Self) -> Box<MaybeUninit<T>, A> {
        let raw = Self::into_raw(this);
        // SAFETY: By the type invariant there is a value, and nobody else drops it.
        unsafe { raw.drop_in_place() };
        // SAFETY: The memory has the layout.
        unsafe { Box::from_raw(raw.cast()) }
    }
    /// Moves the value out and frees the memory.
    pub fn into_inner(b: Self) -> T {
        let raw = Self::into_raw(b);
        // SAFETY: By the type invariant there is a value; below, the memory is taken for empty.
        let value = unsafe { raw.read() };
        // SAFETY: The memory has the layout.
        drop(unsafe { Box::<MaybeUninit<T>, A>::from_raw(raw.cast()) });
        value
    }
}

impl<T: ?Sized, A: Allocator> Drop for Box<T, A> {
    fn drop(&mut self) {
        let layout = Layout::for_value::<T>(self);
        // SAFETY: By the type invariant there is a value, and it goes with its box.
        unsafe { self.0.drop_in_place() };
        // SAFETY: By the type invariant `A` gave the memory for this layout; nobody uses it any more.
        unsafe { A::free(self.0.cast(), layout) };
    }
}

impl<T: ?Sized, A: Allocator> Deref for Box<T, A> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: By the type invariant.
        unsafe { self.0.as_ref() }
    }
}
impl<T: ?Sized, A: Allocator> DerefMut for Box<T, A> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariant; the box is borrowed mutably.
        unsafe { self.0.as_mut() }
    }
}
impl<T: ?Sized, A: Allocator> Borrow<T> for Box<T, A> {
    fn borrow(&self) -> &T {
        self
    }
}
impl<T: ?Sized, A: Allocator> BorrowMut<T> for Box<T, A> {
    fn borrow_mut(&mut self) -> &mut T {
        self
    }
}
impl<T: ?Sized + fmt::Display, A: Allocator> fmt::Display for Box<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
impl<T: ?Sized + fmt::Debug, A: Allocator> fmt::Debug for Box<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
impl<T: ?Sized, A: Allocator> From<Box<T, A>> for Pin<Box<T, A>> {
    fn from(b: Box<T, A>) -> Self {
        // SAFETY: The value's place is its memory, which stays when the box is moved and is never given to another value.
        unsafe { Pin::new_unchecked(b) }
    }
}
impl<T: ?Sized, A: Allocator> Unpin for Box<T, A> {}

impl<T, A: Allocator> InPlaceWrite<T> for Box<MaybeUninit<T>, A> {
    type Initialized = Box<T, A>;

    fn write_init<E>(mut self, init: impl Init<T, E>) -> Result<Box<T, A>, E> {
        // SAFETY: The memory is the box's; when this fails, it counts as empty.
        unsafe { init.__init((*self).as_mut_ptr()) }?;
        // SAFETY: There is a value now.
        Ok(unsafe { self.assume_init() })
    }
    fn write_pin_init<E>(mut self, init: impl PinInit<T, E>) -> Result<Pin<Box<T, A>>, E> {
        // SAFETY: As above; the value is pinned before anybody can move it.
        unsafe { init.__pinned_init((*self).as_mut_ptr()) }?;
        // SAFETY: There is a value now.
        Ok(unsafe { self.assume_init() }.into())
    }
}

impl<T, A: Allocator + 'static> InPlaceInit<T> for Box<T, A> {
    type PinnedSelf = Pin<Self>;

    fn try_pin_init<E: From<AllocError>>(init: impl PinInit<T, E>, flags: Flags) -> Result<Pin<Self>, E> {
        Self::new_uninit(flags)?.write_pin_init(init)
    }
    fn try_init<E: From<AllocError>>(init: impl Init<T, E>, flags: Flags) -> Result<Self, E> {
        Self::new_uninit(flags)?.write_init(init)
    }
}

/// The alignment of a box's pointer.
const fn foreign_align<T, A: Allocator>() -> usize {
    if align_of::<T>() < A::MIN_ALIGN && size_of::<T>() != 0 {
        A::MIN_ALIGN
    } else {
        align_of::<T>()
    }
}

// SAFETY: The pointer is a box's: aligned for the value, and at least as the allocator promises.
unsafe impl<T: 'static, A: Allocator> ForeignOwnable for Box<T, A> {
    const FOREIGN_ALIGN: usize = foreign_align::<T, A>();
    type Borrowed<'a> = &'a T;
    type BorrowedMut<'a> = &'a mut T;

    fn into_foreign(self) -> *mut c_void {
        Self::into_raw(self).cast()
    }
    unsafe fn from_foreign(ptr: *mut c_void) -> Self {
        // SAFETY: As the caller says.
        unsafe { Self::from_raw(ptr.cast()) }
    }
    unsafe fn borrow<'a>(ptr: *mut c_void) -> &'a T {
        // SAFETY: As the caller says, the value lives during `'a`.
        unsafe { &*ptr.cast() }
    }
    unsafe fn borrow_mut<'a>(ptr: *mut c_void) -> &'a mut T {
        // SAFETY: As the caller says, the value lives during `'a` and is nobody else's.
        unsafe { &mut *ptr.cast() }
    }
}

// SAFETY: As for the box itself.
unsafe impl<T: 'static, A: Allocator> ForeignOwnable for Pin<Box<T, A>> {
    const FOREIGN_ALIGN: usize = foreign_align::<T, A>();
    type Borrowed<'a> = Pin<&'a T>;
    type BorrowedMut<'a> = Pin<&'a mut T>;

    fn into_foreign(self) -> *mut c_void {
        // SAFETY: The value stays where it is until `from_foreign` pins it again.
        Box::into_raw(unsafe { Pin::into_inner_unchecked(self) }).cast()
    }
    unsafe fn from_foreign(ptr: *mut c_void) -> Self {
        // SAFETY: As the caller says.
        unsafe { Box::from_raw(ptr.cast::<T>()) }.into()
    }
    unsafe fn borrow<'a>(ptr: *mut c_void) -> Pin<&'a T> {
        // SAFETY: As the caller says, the value lives during `'a`; it was pinned when it was given away.
        unsafe { Pin::new_unchecked(&*ptr.cast()) }
    }
    unsafe fn borrow_mut<'a>(ptr: *mut c_void) -> Pin<&'a mut T> {
        // SAFETY: As above, and it is nobody else's.
        unsafe { Pin::new_unchecked(&mut *ptr.cast()) }
    }
}

impl<T> AsPageIter for VBox<T> {
    type Iter<'a>
        = VmallocPageIter<'a>
    where
        T: 'a;
    fn page_iter(&mut self) -> VmallocPageIter<'_> {
        // SAFETY: The box's memory is of vmalloc's, of this size, and is borrowed.
        unsafe { VmallocPageIter::new(self.0.cast(), size_of::<T>()) }
    }
}

/// Turns a box of a type into a box of a trait object or a slice, as coercion does in a kernel: `unsize!(boxed => dyn
/// Trait)`. Also for a pinned box.
///
/// # Examples
/// ```
/// use kmem_rust::{prelude::*, unsize};
/// let shown: KBox<dyn core::fmt::Display> = unsize!(KBox::new(5, GFP_KERNEL)? => dyn core::fmt::Display);
/// assert_eq!(shown.to_string(), "5");
/// let bytes: KBox<[u8]> = unsize!(KBox::new([1u8, 2, 3], GFP_KERNEL)? => [u8]);
/// assert_eq!(bytes.len(), 3);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! unsize {
    ($boxed:expr => $target:ty) => {
        match $boxed {
            // SAFETY: The closure has no `as`: its pointer is only coerced, so it keeps its address and its value.
            boxed => unsafe {
                $crate::alloc::kbox::Unsize::unsize(boxed, |thin| {
                    let wide: *mut $target = thin;
                    wide
                })
            },
        }
    };
}

/// What [`unsize!`](crate::unsize) calls.
#[doc(hidden)]
pub trait Unsize {
    type Target;
    type To<U: ?Sized>;
    /// # Safety
    /// `widen` returns the same pointer, with what a wide one has besides.
    unsafe fn unsize<U: ?Sized>(self, widen: impl FnOnce(*mut Self::Target) -> *mut U) -> Self::To<U>;
}

impl<T, A: Allocator> Unsize for Box<T, A> {
    type Target = T;
    type To<U: ?Sized> = Box<U, A>;
    unsafe fn unsize<U: ?Sized>(self, widen: impl FnOnce(*mut T) -> *mut U) -> Box<U, A> {
        // SAFETY: The same value in the same memory; the layout of what a wide pointer leads to is the value's.
        unsafe { Box::from_raw(widen(Self::into_raw(self))) }
    }
}

impl<T, A: Allocator> Unsize for Pin<Box<T, A>> {
    type Target = T;
    type To<U: ?Sized> = Pin<Box<U, A>>;
    unsafe fn unsize<U: ?Sized>(self, widen: impl FnOnce(*mut T) -> *mut U) -> Pin<Box<U, A>> {
        // SAFETY: The value stays where it is and is pinned again.
        let boxed = unsafe { Pin::into_inner_unchecked(self) };
        // SAFETY: As the caller says.
        unsafe { boxed.unsize(widen) }.into()
    }
}
