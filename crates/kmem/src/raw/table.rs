//! An array of structures in the machine's RAM that grows by blocks and never moves.

use super::Ram;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};
use crate::units::{PhysAddr, PhysRange};
use core::marker::PhantomData;
use core::ptr::NonNull;

const BLOCKS: usize = 64;

/// Structures of one type in the machine's RAM, found by index. Grows by [`Table::add_block`]; what was once added
/// stays where it is.
///
/// # Invariants
/// For `i < blocks`, `block[i]` is the address of `1 << shift` values of `T` in the machine's RAM that nothing else uses.
pub(crate) struct Table<T> {
    block: [AtomicUsize; BLOCKS],
    blocks: AtomicU32,
    /// log2 of the values a block holds
    shift: AtomicU32,
    _values: PhantomData<T>,
}

impl<T: Default + Sync> Table<T> {
    pub(crate) const fn new() -> Self {
        Self {
            block: [const { AtomicUsize::new(0) }; BLOCKS],
            blocks: AtomicU32::new(0),
            shift: AtomicU32::new(0),
            _values: PhantomData,
        }
    }
    /// Returns how many structures there are.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.blocks.load(Ordering::Acquire) << self.shift.load(Ordering::Relaxed)
    }
    /// True when another block can be added.
    pub(crate) fn can_grow(&self) -> bool {
        (self.blocks.load(Ordering::Relaxed) as usize) < BLOCKS
    }

    /// Adds a block of default structures, a power of two of them, in the pages that `take` gives and that are the
    /// table's from then on. All blocks of a table have the same size. The caller is the only one who grows it now.
    ///
    /// # Errors
    /// What `take` says. `Ok(false)`: the pages do not serve, nothing was kept.
    pub(crate) fn grow<E>(&self, ram: &Ram, take: impl FnOnce() -> Result<PhysRange, E>) -> Result<bool, E> {
        let range = take()?;
        // SAFETY: The page allocator gave the range for this table alone, and it is given back only when nothing was
        // written to it.
        Ok(unsafe { self.add_block(ram, range.start, range.bytes()) })
    }

    /// # Safety
    /// The range is the table's own and used for nothing else from now on.
    unsafe fn add_block(&self, ram: &Ram, addr: PhysAddr, bytes: u64) -> bool {
        let fit = bytes / size_of::<T>() as u64;
        let index = self.blocks.load(Ordering::Relaxed);
        let Some(pointer) = ram.pointer(addr, bytes) else { return false };
        let aligned = pointer.cast::<T>().is_aligned();
        if !aligned || fit == 0 || index as usize >= BLOCKS {
            return false;
        }
        let shift = fit.ilog2();
        for slot in 0..1 << shift {
            // SAFETY: `1 << shift` values fit into the block, which lies in the window.
            let place = unsafe { pointer.cast::<T>().add(slot) };
            // SAFETY: The place is valid for writes, aligned, and by the caller's promise nobody else's.
            unsafe { place.write(T::default()) };
        }
        self.shift.store(shift, Ordering::Relaxed);
        self.block[index as usize].store(pointer.as_ptr() as usize, Ordering::Relaxed);
        self.blocks.store(index + 1, Ordering::Release);
        true
    }

    #[inline]
    fn pointer(&self, index: u32) -> Option<NonNull<T>> {
        if index >= self.len() {
            return None;
        }
        let shift = self.shift.load(Ordering::Relaxed);
        let base = self.block[(index >> shift) as usize].load(Ordering::Relaxed) as *mut T;
        let within = (index & ((1 << shift) - 1)) as usize;
        // SAFETY: By the type invariant the block holds `1 << shift` values, and `within` is below that.
        NonNull::new(unsafe { base.add(within) })
    }
    /// Returns structure `index`.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        // SAFETY: By the type invariant the pointer is to a value in RAM that lives as long as the machine, which
        // outlives this table; it was written when the block was added; `T` is `Sync`.
        self.pointer(index).map(|value| unsafe { value.as_ref() })
    }
    /// Returns structure `index` for writing.
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        // SAFETY: As in `get`; `&mut self` makes the reference unique.
        self.pointer(index).map(|mut value| unsafe { value.as_mut() })
    }
    /// Returns all structures.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..self.len()).filter_map(|index| self.get(index).map(|value| (index, value)))
    }
}
