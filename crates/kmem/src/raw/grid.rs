//! Structures in the machine's RAM by CPU and number: a row of them for each CPU, that grows by blocks and never moves.

use super::Ram;
use crate::sync::{AtomicUsize, Ordering};
use crate::units::PhysRange;
use core::marker::PhantomData;
use core::ptr::NonNull;

const BLOCKS: usize = 64;
/// log2 of the numbers of a block.
const SHIFT: u32 = 4;
const COLUMNS: u32 = 1 << SHIFT;

/// Structures of one type by CPU and number.
///
/// # Invariants
/// A block that is not 0 is the address of `cpus * COLUMNS` values of `T` in the machine's RAM, which nothing else uses,
/// CPU by CPU. It stays so for good.
pub(crate) struct Grid<T> {
    blocks: [AtomicUsize; BLOCKS],
    cpus: u32,
    _values: PhantomData<T>,
}

/// One CPU's row of a grid.
///
/// # Invariants
/// `row` is the distance of a CPU's row from the start of each block.
pub(crate) struct GridRow<'a, T> {
    blocks: &'a [AtomicUsize; BLOCKS],
    row: usize,
    _values: PhantomData<&'a T>,
}

/// The blocks of a row that holds nothing.
static NONE: [AtomicUsize; BLOCKS] = [const { AtomicUsize::new(0) }; BLOCKS];

impl<T: Default + Sync> Grid<T> {
    pub(crate) const fn new(cpus: u32) -> Self {
        Self { blocks: [const { AtomicUsize::new(0) }; BLOCKS], cpus, _values: PhantomData }
    }
    /// Returns the bytes of a block.
    pub(crate) fn block_bytes(&self) -> u64 {
        u64::from(COLUMNS) * u64::from(self.cpus) * size_of::<T>() as u64
    }
    /// True when a number has its structures; `None` when it can have none.
    pub(crate) fn has(&self, number: u32) -> Option<bool> {
        self.blocks.get((number >> SHIFT) as usize).map(|block| block.load(Ordering::Acquire) != 0)
    }
    /// Adds the block of default structures that a number lies in, in pages that `take` gives and that are the grid's from
    /// then on. The caller is the only one who grows it now.
    ///
    /// # Errors
    /// What `take` says. `Ok(false)`: the pages do not serve, nothing was kept.
    pub(crate) fn grow<E>(
        &self,
        ram: &Ram,
        number: u32,
        take: impl FnOnce() -> Result<PhysRange, E>,
    ) -> Result<bool, E> {
        let range = take()?;
        let Some(block) = self.blocks.get((number >> SHIFT) as usize) else { return Ok(false) };
        let Some(pointer) = ram.pointer(range.start, range.bytes()) else { return Ok(false) };
        let first = pointer.cast::<T>();
        if !first.is_aligned() || range.bytes() < self.block_bytes() || block.load(Ordering::Relaxed) != 0 {
            return Ok(false);
        }
        for at in 0..(COLUMNS * self.cpus) as usize {
            // SAFETY: So many values fit into the block, which lies in the window.
            let place = unsafe { first.add(at) };
            // SAFETY: The place is valid for writes, aligned, and nobody else's: the page allocator gave the range for this
            // grid alone.
            unsafe { place.write(T::default()) };
        }
        block.store(first.as_ptr() as usize, Ordering::Release);
        Ok(true)
    }
    /// Returns a CPU's row; `None` when there are not so many.
    #[inline(always)]
    pub(crate) fn row(&self, cpu: u32) -> Option<GridRow<'_, T>> {
        let row = (cpu as usize) << SHIFT;
        (cpu < self.cpus).then_some(GridRow { blocks: &self.blocks, row: row * size_of::<T>(), _values: PhantomData })
    }
    /// Returns a row that holds nothing.
    #[inline(always)]
    pub(crate) fn closed(&self) -> GridRow<'_, T> {
        GridRow { blocks: &NONE, row: 0, _values: PhantomData }
    }
    /// Returns the structures of a number, one for each CPU.
    pub(crate) fn column(&self, number: u32) -> impl Iterator<Item = &T> {
        (0..self.cpus).filter_map(move |cpu| self.row(cpu)?.get(number))
    }
}

impl<'a, T: Default + Sync> GridRow<'a, T> {
    /// Returns the structure of a number.
    #[inline(always)]
    pub(crate) fn get(&self, number: u32) -> Option<&'a T> {
        let block = self.blocks[(number >> SHIFT) as usize % BLOCKS].load(Ordering::Acquire) as *mut u8;
        let first = NonNull::new(block)?;
        let at = self.row + (number % COLUMNS) as usize * size_of::<T>();
        // SAFETY: By the invariants this is inside the block: the row is one of its, and the column below their number.
        let value = unsafe { first.add(at) };
        // SAFETY: By the invariant of the grid there is a value, written before the block was, that lives as long as the
        // machine, which outlives the engine; `T` is `Sync`.
        Some(unsafe { value.cast::<T>().as_ref() })
    }
}
