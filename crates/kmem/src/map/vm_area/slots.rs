//! Places for structures, given out by number: a few tables, filled one after another.

use crate::error::AllocError;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::Table;

const TABLES: usize = 8;

/// Structures in the machine's RAM, found by number from 0 on; more are added when they are needed.
///
/// # Invariants
/// A table is begun when the one before it is full; all have the same capacity, that of the first.
pub(super) struct Slots<T> {
    tables: [Table<T>; TABLES],
}

impl<T: Default + Sync> Slots<T> {
    pub(super) const fn new() -> Self {
        Self { tables: [const { Table::new() }; TABLES] }
    }
    fn place(&self, index: u32) -> Option<(usize, u32)> {
        let each = self.tables[0].len();
        if index < each {
            return Some((0, index));
        }
        let table = index.checked_div(each)? as usize;
        (table < TABLES).then_some((table, index % each))
    }
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&T> {
        let (table, index) = self.place(index)?;
        self.tables[table].get(index)
    }
    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        let (table, index) = self.place(index)?;
        self.tables[table].get_mut(index)
    }
    /// Makes sure that `index` exists, where all below it do.
    pub(super) fn reach<M: Machine>(&self, mem: &Memory<M>, index: u32) -> Result<(), AllocError> {
        if self.get(index).is_some() {
            return Ok(());
        }
        mem.grow(self.tables.iter().find(|table| table.can_grow()).ok_or(AllocError::NoSlot)?)
    }
}
