//! Processes against everything that says what they should have.
//!
//! # Invariants
//! - **U1** A process's VMAs are sorted, do not overlap, and each node knows what is so of its subtree; they are whole
//!   pages between `mmap_min_addr` and the end of user addresses, and `total_vm` is their sum.
//! - **U2** What its tables map below the kernel lies in a VMA and is a used page of order 0 that the mem_map says is
//!   this process's, at this address; `rss` is their number.
//! - **U3** Its tables hold T1 to T3, their kernel part is the kernel's, and the counters of tables are right.
//! - **U4** No frame has an owner that does not map it.
//! - **U5** What is promised is the sum of all VMAs that may be written.

use super::mm::{MmState, Processes};
use super::vma::Vma;
use crate::error::Broken;
use crate::machine::Machine;
use crate::map::{Map, PageTables, Slot};
use crate::memory::Memory;
use crate::page::{FrameKind, Owner};
use crate::units::{VirtAddr, PAGE_SIZE};

impl Processes {
    /// Checks U1 to U5. Nothing may be mapped meanwhile. O(pages of processes + tables + frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify<M: Machine>(&self, mem: &Memory<M>, map: &Map) -> Result<(), Broken> {
        let mut promised = 0;
        for (slot, mm) in self.table.iter() {
            let mm = mm.0.lock();
            if mm.pid == 0 {
                continue;
            }
            verify_areas(mem, &mm)?;
            promised += mm.vmas.iter(&mem.ram).filter(Vma::is_accounted).map(|vma| vma.pages()).sum::<u64>();
            if let (Some(tables), Some(kernel)) = (&mm.tables, map.tables()) {
                verify_pages(mem, &mm, tables, slot)?;
                verify_tables(mem, &mm, tables, kernel)?;
            }
        }
        for (pfn, owner) in mem.pages.owned() {
            let mapped = self.table.get(owner.mm).and_then(|mm| {
                let mm = mm.0.lock();
                Some(mm.tables.as_ref()?.slot(mem, owner.addr()))
            });
            if !matches!(mapped, Some(Slot::Page(found, _)) if found == pfn) {
                return Err(Broken { what: "user U4", at: pfn.raw(), found: 0, expected: owner.addr().raw() });
            }
        }
        let found = self.counts().committed;
        if found == promised {
            Ok(())
        } else {
            Err(Broken { what: "user U5", at: 0, found, expected: promised })
        }
    }
}

fn verify_areas<M: Machine>(mem: &Memory<M>, mm: &MmState) -> Result<(), Broken> {
    let broken = |at: VirtAddr, found, expected| Err(Broken { what: "user U1", at: at.raw(), found, expected });
    if let Err(at) = mm.vmas.verify(&mem.ram) {
        return broken(at, 0, mm.vmas.count().into());
    }
    let mut total = 0;
    for vma in mm.vmas.iter(&mem.ram) {
        total += vma.pages();
        if mm.tables.is_none() {
            continue;
        }
        let least = mem.profile.user.mmap_min_addr.min(mm.start_brk.raw());
        let is_inside = vma.start.raw() >= least && vma.end.raw() <= mem.profile.task_size;
        if !is_inside || !vma.start.is_aligned(PAGE_SIZE) || !vma.end.is_aligned(PAGE_SIZE) {
            return broken(vma.start, vma.end.raw(), mem.profile.task_size);
        }
    }
    if total == mm.total_vm {
        Ok(())
    } else {
        broken(VirtAddr::new(0), mm.total_vm, total)
    }
}

fn verify_pages<M: Machine>(mem: &Memory<M>, mm: &MmState, tables: &PageTables, slot: u32) -> Result<(), Broken> {
    let broken = |at: VirtAddr, found, expected| Err(Broken { what: "user U2", at: at.raw(), found, expected });
    let mut resident = 0;
    for (va, pfn) in tables.pages(mem, VirtAddr::new(mem.profile.task_size)) {
        resident += 1;
        let is_used = mem.frame(pfn).is_some_and(|frame| frame.kind == FrameKind::Used && frame.order.raw() == 0);
        let is_own = mem.pages.owner(pfn) == Some(Owner::at(slot, va));
        if !is_used || !is_own || mm.vmas.find(&mem.ram, va).is_none() {
            return broken(va, pfn.raw(), slot.into());
        }
    }
    if resident == mm.rss {
        Ok(())
    } else {
        broken(VirtAddr::new(0), mm.rss, resident)
    }
}

fn verify_tables<M: Machine>(
    mem: &Memory<M>,
    mm: &MmState,
    tables: &PageTables,
    kernel: &PageTables,
) -> Result<(), Broken> {
    tables.verify(mem)?;
    let task_size = mem.profile.task_size;
    let broken = |found, expected| Err(Broken { what: "user U3", at: tables.root().raw(), found, expected });
    if !tables.shares_kernel(mem, kernel, task_size) {
        return broken(0, kernel.root().raw());
    }
    let (mut of_last, mut upper) = (0, 0);
    tables.count_tables(mem, task_size, &mut |level| {
        if level == tables.format().last() {
            of_last += 1;
        } else {
            upper += 1;
        }
    });
    if (mm.last_tables, mm.upper_tables) != (of_last, upper) {
        return broken(mm.last_tables << 32 | mm.upper_tables, of_last << 32 | upper);
    }
    Ok(())
}
