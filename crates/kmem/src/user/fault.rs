//! Page faults: the page comes when its address is touched.
//!
//! # The steps of [`Processes::fault`]
//! 1. Under the mm's lock: is the process alive, is there a VMA that allows the access, is a page there already?
//! 2. What is missing, a table or the page, is allocated without the lock, the page zeroed.
//! 3. Under the lock again from 1: meanwhile another CPU may have unmapped the range or brought the page.
//!
//! Tables that were made stay when the page then fails, as in a kernel: the next fault needs them.
//!
//! A kernel answers the first *read* of a page with one page of zeros that all processes share, and gives a page of its
//! own at the first write. Here every access gives one.
//!
//! Kernel counterpart: `handle_mm_fault`, `do_anonymous_page` in `mm/memory.c`.

use super::error::{Segv, UserError};
use super::mm::{MmId, MmState, Processes};
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::map::{Map, Prot, Slot};
use crate::memory::Memory;
use crate::page::Owner;
use crate::units::{Order, Pfn, VirtAddr, PAGE_SIZE};

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// It reads.
    Read,
    /// It writes.
    Write,
}

/// How a fault was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A page was there.
    Present(Pfn),
    /// A zeroed page was brought.
    New(Pfn),
}

/// What touching a range did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// Pages that were touched.
    pub pages: u64,
    /// Pages that were brought.
    pub new: u64,
}

/// What a fault needs next.
enum Step {
    Done(Fault),
    Table,
    Page,
}

impl Processes {
    /// Answers a fault of a process at `addr`: demand-zero.
    ///
    /// # Errors
    /// [`UserError::Segv`], [`UserError::Killed`], [`UserError::Alloc`], [`UserError::NoProcess`].
    pub fn fault<M: Machine>(
        &self,
        mem: &Memory<M>,
        map: &Map,
        id: MmId,
        addr: VirtAddr,
        access: Access,
    ) -> Result<Fault, UserError> {
        let va = addr.page_down();
        let (mut page, mut table) = (None, None);
        let result = loop {
            let step = self.with(id, |mm| {
                if let Some(spare) = table.take() {
                    table = mm.supply(mem, va, spare);
                }
                mm.step(mem, Owner::at(id.slot, va), addr, access, &mut page)
            });
            let allocated = match step {
                Err(error) | Ok(Err(error)) => break Err(error),
                Ok(Ok(Step::Done(fault))) => break Ok(fault),
                Ok(Ok(Step::Table)) => table_page(mem).map(|pfn| table = Some(pfn)),
                Ok(Ok(Step::Page)) => zeroed_page(mem, map).map(|pfn| page = Some(pfn)),
            };
            if let Err(error) = allocated {
                // While it looked for memory, it may have been the one that was killed for it.
                let is_killed = self.with(id, |mm| mm.is_killed).unwrap_or(false);
                break Err(if is_killed { UserError::Killed } else { error.into() });
            }
        };
        for unused in page.into_iter().chain(table) {
            // It was just allocated.
            let _ = mem.free_pages(unused, Order::ZERO);
        }
        result
    }

    /// Touches every page of `bytes` from `start` on. What was touched before an error stays.
    ///
    /// # Errors
    /// As [`Processes::fault`].
    pub fn touch<M: Machine>(
        &self,
        mem: &Memory<M>,
        map: &Map,
        id: MmId,
        start: VirtAddr,
        bytes: u64,
        access: Access,
    ) -> Result<Touched, UserError> {
        let mut touched = Touched::default();
        let mut addr = start;
        let last = start.raw().saturating_add(bytes);
        while addr.raw() < last {
            if let Fault::New(_) = self.fault(mem, map, id, addr, access)? {
                touched.new += 1;
            }
            touched.pages += 1;
            addr = addr.page_down().offset(PAGE_SIZE);
        }
        Ok(touched)
    }
}

impl MmState {
    /// Enters a page of tables; gives it back when none was missing.
    fn supply<M: Machine>(&mut self, mem: &Memory<M>, va: VirtAddr, page: Pfn) -> Option<Pfn> {
        let Some(tables) = &self.tables else { return Some(page) };
        let Some(level) = tables.supply(mem, va, page) else { return Some(page) };
        if level == tables.format().last() {
            self.last_tables += 1;
        } else {
            self.upper_tables += 1;
        }
        None
    }
    /// Does what can be done with what is there.
    fn step<M: Machine>(
        &mut self,
        mem: &Memory<M>,
        owner: Owner,
        addr: VirtAddr,
        access: Access,
        page: &mut Option<Pfn>,
    ) -> Result<Step, UserError> {
        if self.is_killed {
            return Err(UserError::Killed);
        }
        let prot = self.allowed(mem, addr, access)?;
        let Some(tables) = &self.tables else {
            return Ok(Step::Done(Fault::Present(Pfn::containing(mem.virt_to_phys(addr).unwrap_or_default()))));
        };
        match tables.slot(mem, owner.addr()) {
            Slot::NoTable => Ok(Step::Table),
            Slot::Page(pfn, _) => Ok(Step::Done(Fault::Present(pfn))),
            Slot::Empty => {
                let Some(pfn) = page.take() else { return Ok(Step::Page) };
                mem.pages.set_owner(pfn, Some(owner));
                tables.set_page(mem, owner.addr(), pfn, prot);
                self.rss += 1;
                Ok(Step::Done(Fault::New(pfn)))
            }
        }
    }
    /// Returns how the page at `addr` is mapped, if the process may make this access.
    fn allowed<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr, access: Access) -> Result<Prot, UserError> {
        let segv = |why| UserError::Segv { addr, why };
        if self.tables.is_some() && addr.raw() >= mem.profile.task_size {
            return Err(segv(Segv::Kernel));
        }
        let vma = self.vmas.find(&mem.ram, addr).ok_or(segv(Segv::NoArea))?;
        if access == Access::Write && !vma.prot.contains(Prot::WRITE) {
            return Err(segv(Segv::ReadOnly));
        }
        Ok(vma.prot)
    }
}

/// A page for a table: `PGALLOC_GFP`.
fn table_page<M: Machine>(mem: &Memory<M>) -> Result<Pfn, AllocError> {
    let gfp = mem.profile.gfp.by_name("GFP_KERNEL").unwrap_or(Gfp::KERNEL);
    mem.alloc_pages(gfp | Gfp::ZERO, Order::ZERO)
}

/// A page for a process: high and movable, where the kernel has such flags.
fn zeroed_page<M: Machine>(mem: &Memory<M>, map: &Map) -> Result<Pfn, AllocError> {
    let names = ["GFP_HIGHUSER_MOVABLE", "GFP_HIGHUSER"];
    let gfp = names.into_iter().find_map(|name| mem.profile.gfp.by_name(name)).unwrap_or(Gfp::HIGHUSER);
    let pfn = mem.alloc_pages(gfp, Order::ZERO)?;
    if let Err(error) = map.clear_page(mem, pfn) {
        // It was just allocated.
        let _ = mem.free_pages(pfn, Order::ZERO);
        return Err(error);
    }
    Ok(pfn)
}
