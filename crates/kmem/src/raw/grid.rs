//! Structures in the machine's RAM by CPU and number: a row of them for each CPU, that grows by blocks and never moves.

use super::Ram;
use crate::sync::{AtomicUsize, Ordering};
use crate::units::PhysRange;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// How many numbers there can be.
pub(crate) const NUMBERS: usize = 1024;
/// How many numbers get their structures at once.
const BLOCK: u32 = 16;

/// Structures of one type by CPU and number.
///
/// # Invariants
/// A column that is not 0 is the address of the first CPU's value of a number, and those of the others follow, each
/// `BLOCK` values further on: all in the machine's RAM, where nothing else uses them. It stays so for good.
pub(crate) struct Grid<T> {
    columns: [AtomicUsize; NUMBERS],
    cpus: u32,
    _values: PhantomData<T>,
}

/// One CPU's row of a grid.
///
/// # Invariants
/// `row` is the distance of a CPU's value from the first CPU's.
pub(crate) struct GridRow<'a, T> {
    columns: &'a [AtomicUsize; NUMBERS],
    row: usize,
    _values: PhantomData<&'a T>,
}

/// The columns of a row that holds nothing.
static NONE: [AtomicUsize; NUMBERS] = [const { AtomicUsize::new(0) }; NUMBERS];

impl<T: Default + Sync> Grid<T> {
    pub(crate) const fn new(cpus: u32) -> Self {
        Self { columns: [const { AtomicUsize::new(0) }; NUMBERS], cpus, _values: PhantomData }
    }
    /// Returns the bytes that growing takes.
    pub(crate) fn block_bytes(&self) -> u64 {
        u64::from(BLOCK) * u64::from(self.cpus) * size_of::<T>() as u64
    }
    /// True when a number has its structures; `None` when it can have none.
    pub(crate) fn has(&self, number: u32) -> Option<bool> {
        self.columns.get(number as usize).map(|column| column.load(Ordering::Acquire) != 0)
    }
    /// Adds default structures for a number and its neighbours, in pages that `take` gives and that are the grid's from
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
        let start = (number - number % BLOCK) as usize;
        let Some(columns) = self.columns.get(start..start + BLOCK as usize) else { return Ok(false) };
        let Some(pointer) = ram.pointer(range.start, range.bytes()) else { return Ok(false) };
        let first = pointer.cast::<T>();
        let is_there = columns.iter().any(|column| column.load(Ordering::Relaxed) != 0);
        if !first.is_aligned() || range.bytes() < self.block_bytes() || is_there {
            return Ok(false);
        }
        for at in 0..(BLOCK * self.cpus) as usize {
            // SAFETY: So many values fit into the range, which lies in the window.
            let place = unsafe { first.add(at) };
            // SAFETY: The place is valid for writes, aligned, and nobody else's: the page allocator gave the range for this
            // grid alone.
            unsafe { place.write(T::default()) };
        }
        for (at, column) in columns.iter().enumerate() {
            column.store(first.as_ptr() as usize + at * size_of::<T>(), Ordering::Release);
        }
        Ok(true)
    }
    /// Returns a CPU's row; `None` when there are not so many.
    #[inline(always)]
    pub(crate) fn row(&self, cpu: u32) -> Option<GridRow<'_, T>> {
        let row = cpu as usize * BLOCK as usize * size_of::<T>();
        (cpu < self.cpus).then_some(GridRow { columns: &self.columns, row, _values: PhantomData })
    }
    /// Returns a row that holds nothing.
    #[inline(always)]
    pub(crate) fn closed(&self) -> GridRow<'_, T> {
        GridRow { columns: &NONE, row: 0, _values: PhantomData }
    }
    /// Returns the structures of a number, one for each CPU.
    pub(crate) fn column(&self, number: u32) -> impl Iterator<Item = &T> {
        (0..self.cpus).filter_map(move |cpu| self.row(cpu)?.get(number))
    }
}

impl<'a, T: Default + Sync> GridRow<'a, T> {
    /// Returns the structure of a number, which is taken modulo [`NUMBERS`].
    #[inline(always)]
    pub(crate) fn get(&self, number: u32) -> Option<&'a T> {
        let column = self.columns[number as usize % NUMBERS].load(Ordering::Acquire) as *mut u8;
        let first = NonNull::new(column)?;
        // SAFETY: By the invariants there is a value of this CPU so far behind the first CPU's.
        let value = unsafe { first.add(self.row) };
        // SAFETY: By the invariant of the grid the value was written before the column was, and lives as long as the
        // machine, which outlives the engine; `T` is `Sync`.
        Some(unsafe { value.cast::<T>().as_ref() })
    }
}
