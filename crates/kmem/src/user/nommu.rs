//! mmap without an MMU: contiguous memory, at once.
//!
//! Addresses are physical, so a mapping must be a block of memory that begins where the process sees it. It comes from
//! kmalloc, zeroed, and all of it is resident; kmalloc's size classes waste what the length leaves over. It goes back
//! whole: a part of a block cannot be freed.
//!
//! Kernel counterpart: `do_mmap_pgoff`, `do_munmap` in `mm/nommu.c` of 2.6.11.

use super::error::UserError;
use super::mm::{pages, MmId, MmState, Processes};
use super::mmap::Unmapped;
use super::vma::Vma;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::map::Prot;
use crate::memory::Memory;
use crate::units::{align_up, VirtAddr, PAGE_SIZE};

impl Processes {
    /// Takes a block for a process.
    pub(super) fn mmap_block<M: Machine>(&self, mem: &Memory<M>, id: MmId, bytes: u64) -> Result<VirtAddr, UserError> {
        let node = self.node(mem)?;
        let bytes = bytes.checked_next_multiple_of(PAGE_SIZE).unwrap_or(u64::MAX);
        let gfp = mem.profile.gfp.by_name("GFP_KERNEL").unwrap_or(Gfp::KERNEL);
        let start = match mem.kmalloc(bytes, gfp | Gfp::ZERO) {
            Ok(start) => start,
            Err(error) => {
                self.free_node(mem, node);
                return Err(error.into());
            }
        };
        let taken = taken_pages(mem, start);
        let entered = self.with(id, |mm| {
            mm.vmas.insert(&mem.ram, node, Vma { start, end: start.offset(bytes), prot: Prot::USER_DATA });
            mm.total_vm += pages(bytes);
            mm.rss += taken;
        });
        if let Err(error) = entered {
            self.free_node(mem, node);
            // It was just taken.
            let _ = mem.kfree(start);
            return Err(error);
        }
        self.promise(pages(bytes));
        Ok(start)
    }

    /// Gives a block back.
    pub(super) fn munmap_block<M: Machine>(
        &self,
        mem: &Memory<M>,
        id: MmId,
        start: VirtAddr,
        bytes: u64,
    ) -> Result<Unmapped, UserError> {
        let end = start.offset(align_up(bytes, PAGE_SIZE));
        let unmapped = self.with(id, |mm| {
            let vma = mm.vmas.find(&mem.ram, start).filter(|vma| (vma.start, vma.end) == (start, end))?;
            let freed = taken_pages(mem, start);
            // It is the process's own block.
            let _ = mem.kfree(start);
            if let Some(node) = mm.vmas.remove(&mem.ram, start) {
                self.free_node(mem, node);
            }
            mm.total_vm -= vma.pages();
            mm.rss -= freed;
            Some(Unmapped { pages: vma.pages(), freed })
        })?;
        let why = "this machine has no MMU: only a whole mapping can be unmapped";
        let unmapped = unmapped.ok_or(UserError::BadArgument(why))?;
        self.uncommit(unmapped.pages);
        Ok(unmapped)
    }
}

impl MmState {
    /// Gives all blocks back; returns their pages. The VMAs stay for the caller.
    pub(super) fn free_blocks<M: Machine>(&mut self, mem: &Memory<M>) -> u64 {
        let mut freed = 0;
        for vma in self.vmas.iter(&mem.ram) {
            freed += taken_pages(mem, vma.start);
            // It is the process's own block.
            let _ = mem.kfree(vma.start);
        }
        self.rss -= freed;
        freed
    }
}

/// Pages that kmalloc's block takes.
fn taken_pages<M: Machine>(mem: &Memory<M>, start: VirtAddr) -> u64 {
    pages(align_up(mem.ksize(start).unwrap_or(0), PAGE_SIZE))
}
