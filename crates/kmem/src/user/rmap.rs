//! From a frame back to the entry that maps it: what reclaim, compaction and the OOM killer do to processes.
//!
//! They find a frame and know from the mem_map whose page it is. Until they hold that process's lock the page may go
//! elsewhere, so each call takes the frame and looks again whether the owner's entry still leads to it. Nothing here
//! allocates, and nothing needs more than the memory and the table of processes: it can be called from the slow path of
//! an allocation, by whoever holds no mm's lock.
//!
//! Kernel counterpart: `try_to_unmap` in `mm/rmap.c`, `migrate_pages` in `mm/migrate.c`, `oom_reap_task` in
//! `mm/oom_kill.c`.

use super::error::UserError;
use super::mm::{MmId, MmState, Processes};
use crate::machine::Machine;
use crate::map::Slot;
use crate::memory::{Candidate, Memory, UserMemory};
use crate::page::Owner;
use crate::raw::copy_page;
use crate::units::{Pfn, VirtAddr, PAGE_SIZE};

impl Processes {
    /// Takes a process's page from it and frees it; returns how many pages that freed, 0 or 1. Its contents are gone:
    /// a later touch finds zeros.
    pub fn unmap_page<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn) -> u64 {
        let freed = self.with_owner(mem, pfn, |mm, owner| mm.zap(mem, owner.addr(), owner.addr().offset(PAGE_SIZE)));
        freed.unwrap_or(0)
    }
    /// Lets a process's page at `old` be the page at `new`, a used page of order 0 that nobody maps: copies it and
    /// rewrites the entry. `old` is the caller's then. False when no process maps `old` any more, or when the machine
    /// does not show one of the two pages; nothing has changed.
    pub fn move_page<M: Machine>(&self, mem: &Memory<M>, old: Pfn, new: Pfn) -> bool {
        let moved = self.with_owner(mem, old, |mm, owner| {
            let Some(tables) = &mm.tables else { return false };
            let (va, end) = (owner.addr(), owner.addr().offset(PAGE_SIZE));
            let Slot::Page(_, prot) = tables.slot(mem, va) else { return false };
            tables.take_next(mem, va, end);
            mem.machine.flush_tlb(va, end);
            let is_copied = copy_page(&mem.machine, &mem.ram, old.phys(), new.phys());
            tables.set_page(mem, va, if is_copied { new } else { old }, prot);
            if is_copied {
                mem.pages.set_owner(new, Some(owner));
                mem.pages.set_owner(old, None);
            }
            is_copied
        });
        moved.unwrap_or(false)
    }
    /// Kills a process for its memory: frees all its pages, returns how many. Its VMAs stay until it exits; it gets no
    /// page any more ([`UserError::Killed`]).
    ///
    /// # Errors
    /// [`UserError::NoProcess`].
    pub fn oom_reap<M: Machine>(&self, mem: &Memory<M>, id: MmId) -> Result<u64, UserError> {
        self.with(id, |mm| {
            mm.is_killed = true;
            mm.zap(mem, VirtAddr::new(0), VirtAddr::new(mem.profile.task_size))
        })
    }

    /// Returns the process with a number.
    fn by_pid(&self, pid: u32) -> Option<MmId> {
        self.infos().find(|info| info.pid == pid).map(|info| info.id)
    }

    /// Works on the process that maps a frame, under its lock; `None` when none does.
    fn with_owner<M: Machine, T>(
        &self,
        mem: &Memory<M>,
        pfn: Pfn,
        work: impl FnOnce(&mut MmState, Owner) -> T,
    ) -> Option<T> {
        let owner = mem.pages.owner(pfn)?;
        let mut mm = self.table.get(owner.mm)?.0.lock();
        let is_it = mem.pages.owner(pfn) == Some(owner)
            && matches!(mm.tables.as_ref()?.slot(mem, owner.addr()), Slot::Page(found, _) if found == pfn);
        is_it.then(|| work(&mut mm, owner))
    }
}

impl<M: Machine> UserMemory<M> for Processes {
    fn for_each(&self, with: &mut dyn FnMut(&Candidate)) {
        for info in self.infos() {
            with(&Candidate {
                pid: info.pid,
                comm: info.comm,
                uid: info.uid,
                oom_score_adj: info.oom_score_adj,
                total_vm: info.total_vm,
                rss: info.rss,
                swap: info.swap,
                tables: info.last_tables + info.upper_tables,
                last_tables: info.last_tables,
                is_killed: info.is_killed,
            });
        }
    }
    fn reap(&self, mem: &Memory<M>, pid: u32) -> u64 {
        self.by_pid(pid).and_then(|id| self.oom_reap(mem, id).ok()).unwrap_or(0)
    }
    fn move_page(&self, mem: &Memory<M>, old: Pfn, new: Pfn) -> bool {
        Processes::move_page(self, mem, old, new)
    }
}
