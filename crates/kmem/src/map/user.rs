//! Pages of the user half, one at a time: what a page fault or `remap_pfn_range` writes into the tables.
//!
//! Which page belongs where is decided elsewhere; here is only the entry. Tables of the user half stay when they are
//! empty, like the kernel's own. Processes with tables of their own are `user`'s.

use super::entry::Prot;
use super::tables::MapError;
use super::Map;
use crate::error::AllocError;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::{zero_high_page, zero_mapped_page};
use crate::units::{Pfn, VirtAddr, PAGE_SIZE};

impl Map {
    /// Maps `pfn` at the user address `va`, as `prot` says and for user mode.
    ///
    /// # Errors
    /// [`MapError::BadAddress`] outside the user half or inside a page; [`MapError::Busy`]; [`MapError::Table`].
    pub fn map_user_page<M: Machine>(
        &self,
        mem: &Memory<M>,
        va: VirtAddr,
        pfn: Pfn,
        prot: Prot,
    ) -> Result<(), MapError> {
        let is_user = va.raw() < mem.profile.task_size && va.page_offset() == 0;
        let virt = self.virt.as_ref().filter(|_| is_user).ok_or(MapError::BadAddress(va))?;
        virt.tables.map_pages(mem, va, 1, prot | Prot::USER, |_| pfn)
    }
    /// Unmaps the page at the user address `va` and returns it. `None` when there was none.
    pub fn unmap_user_page<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr) -> Option<Pfn> {
        let virt = self.virt.as_ref().filter(|_| va.raw() < mem.profile.task_size)?;
        let va = va.page_down();
        let found = virt.tables.translate(mem, va)?;
        if virt.tables.unmap_pages(mem, va, 1) == 0 {
            return None;
        }
        mem.machine.flush_tlb(va, va.offset(PAGE_SIZE));
        Some(Pfn::containing(found.phys))
    }

    /// Zeroes a page wherever it lies, mapping it for the moment if it must be: `clear_highpage`.
    ///
    /// # Errors
    /// As [`Map::kmap_local`].
    pub(crate) fn clear_page<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn) -> Result<(), AllocError> {
        if mem.ram.fill(pfn.phys(), PAGE_SIZE, 0) || zero_high_page(&mem.machine, pfn.phys()) {
            return Ok(());
        }
        let _irq = mem.irq_off();
        let addr = self.kmap_local(mem, pfn)?;
        zero_mapped_page(&mem.machine, addr);
        // It was mapped last, so unmapping cannot be refused.
        let _ = self.kunmap_local(mem, addr);
        Ok(())
    }
}
