//! The address space of one process, and the table of all of them.
//!
//! An mm lies in a slot of a table in the machine's RAM; the slot stays for good and is used again. A process is named
//! by slot and pid, so that a number of one that is gone names no other.
//!
//! Kernel counterpart: `mm_struct`; `mm_init`, `exit_mmap`.

use super::error::UserError;
use super::rule::{CommitGuess, UserRule};
use super::vma::{Link, Vma, VmaSet, NODE_BYTES};
use crate::error::{AllocError, Name};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::map::{Map, PageTables, Translation, Walk};
use crate::memory::settings::Setting;
use crate::memory::Memory;
use crate::raw::Table;
use crate::slab::{CacheId, CacheSpec, CreateError, SlabFlags};
use crate::sync::{AtomicU32, AtomicUsize, Ordering, SpinLock};
use crate::units::{Order, Pfn, PhysAddr, VirtAddr, PAGE_SHIFT, PAGE_SIZE};

/// A process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct MmId {
    pub(super) slot: u32,
    pid: u32,
}

impl MmId {
    /// Returns its process number.
    pub const fn pid(self) -> u32 {
        self.pid
    }
}

/// What a process begins with.
#[derive(Clone, Copy, Debug)]
pub struct MmSpec<'a> {
    /// Its command's name; a kernel keeps 15 bytes of it.
    pub comm: &'a str,
    /// -1000 (never killed for memory) to 1000 (first).
    pub oom_score_adj: i16,
}

/// A process and its numbers: what the choice of a victim looks at.
#[derive(Clone, Copy, Debug)]
pub struct ProcessInfo {
    /// Its name in calls.
    pub id: MmId,
    /// Its process number.
    pub pid: u32,
    /// Its command's name.
    pub comm: Name,
    /// Whose it is: root's.
    pub uid: u32,
    /// -1000 to 1000.
    pub oom_score_adj: i16,
    /// Pages of its VMAs.
    pub total_vm: u64,
    /// Pages that it has in memory.
    pub rss: u64,
    /// Pages that it has in swap: none yet.
    pub swap: u64,
    /// Pages of its tables of the last level.
    pub last_tables: u64,
    /// Pages of its tables between the last level and the root.
    pub upper_tables: u64,
    /// Its VMAs: `map_count`.
    pub areas: u32,
    /// Where its heap begins.
    pub start_brk: VirtAddr,
    /// Where its heap ends.
    pub brk: VirtAddr,
    /// Where its root table lies; `None` without an MMU.
    pub root: Option<PhysAddr>,
    /// It was killed to free its memory.
    pub is_killed: bool,
}

/// What all processes together have, for meminfo.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UserCounts {
    /// Pages that their tables map: `AnonPages`. Without an MMU none: there they are slabs' pages.
    pub rss: u64,
    /// Pages of tables of the last level.
    pub last_tables: u64,
    /// Pages of tables between the last level and the root.
    pub upper_tables: u64,
    /// Pages promised: `Committed_AS`.
    pub committed: u64,
}

/// What an exit gave back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exited {
    /// Pages of the process.
    pub pages: u64,
    /// Pages of its tables, the root's included.
    pub tables: u64,
    /// VMAs.
    pub areas: u64,
}

/// An address space. Its lock guards all of it.
#[derive(Default)]
pub(super) struct MmState {
    /// 0: the slot is unused.
    pub(super) pid: u32,
    comm: Name,
    oom_score_adj: i16,
    pub(super) is_killed: bool,
    /// `None` without an MMU.
    pub(super) tables: Option<PageTables>,
    pub(super) vmas: VmaSet,
    pub(super) total_vm: u64,
    pub(super) rss: u64,
    pub(super) last_tables: u64,
    pub(super) upper_tables: u64,
    pub(super) start_brk: VirtAddr,
    pub(super) brk: VirtAddr,
}

/// A slot of the table.
#[derive(Default)]
pub(super) struct Mm(pub(super) SpinLock<MmState>);

/// What is common to all processes.
struct Registry {
    last_pid: u32,
}

/// The processes of one kernel.
pub struct Processes {
    pub(super) table: Table<Mm>,
    /// Held while processes come; above an mm's lock.
    registry: SpinLock<Registry>,
    /// `vm_committed_as`: pages promised.
    committed: AtomicUsize,
    /// The number of `vm_area_struct` plus one; made with the first process, while the registry is held.
    cache: AtomicU32,
}

/// `RESERVED_PIDS`: lower ones are not given again once numbers have gone round.
const FIRST_PID: u32 = 300;
/// `PID_MAX_DEFAULT`.
const PIDS: u32 = 0x8000;
/// `TASK_COMM_LEN` less the zero at its end.
const COMM_BYTES: usize = 15;
/// The most processes: as many as there are numbers. (The owner of a page could name 2^20.)
const MOST: u32 = PIDS - FIRST_PID;

impl Default for Processes {
    fn default() -> Self {
        let registry = SpinLock::new(Registry { last_pid: FIRST_PID - 1 });
        Self { table: Table::new(), registry, committed: AtomicUsize::new(0), cache: AtomicU32::new(0) }
    }
}

impl Processes {
    /// Begins a process: page tables with the kernel's part, no VMAs, an empty heap.
    ///
    /// # Errors
    /// [`UserError::Alloc`]; [`UserError::BadArgument`] for an `oom_score_adj` beyond ±1000.
    pub fn create<M: Machine>(&self, mem: &Memory<M>, map: &Map, spec: &MmSpec<'_>) -> Result<MmId, UserError> {
        if !(-1000..=1000).contains(&spec.oom_score_adj) {
            return Err(UserError::BadArgument("oom_score_adj is -1000 to 1000"));
        }
        self.cache(mem)?;
        let task_size = mem.profile.task_size;
        let tables = match map.tables() {
            Some(kernel) => Some(PageTables::of_process(mem, kernel, task_size)?),
            None => None,
        };
        let root_pages = tables.as_ref().map_or(0, |tables| root_order(tables).pages());
        let upper_tables = tables.as_ref().map_or(0, |tables| tables.table_pages() - root_pages);
        let heap = VirtAddr::new(mem.profile.user.start_brk);
        let mut end = spec.comm.len().min(COMM_BYTES);
        while !spec.comm.is_char_boundary(end) {
            end -= 1;
        }
        let state = MmState {
            comm: Name::new(&spec.comm[..end]),
            oom_score_adj: spec.oom_score_adj,
            tables,
            upper_tables,
            start_brk: heap,
            brk: heap,
            ..MmState::default()
        };
        match self.enter(mem, state) {
            Ok(id) => Ok(id),
            Err((error, state)) => {
                if let Some(tables) = state.tables {
                    tables.free_process(mem, task_size);
                }
                Err(error.into())
            }
        }
    }
    /// Gives an mm a slot and a pid.
    #[allow(clippy::result_large_err)] // The state goes back to be taken apart.
    fn enter<M: Machine>(&self, mem: &Memory<M>, mut state: MmState) -> Result<MmId, (AllocError, MmState)> {
        let mut registry = self.registry.lock();
        let slot = match self.table.iter().find(|(_, mm)| mm.0.lock().pid == 0) {
            Some((slot, _)) => slot,
            None => {
                let first = self.table.len();
                let grown = if first < MOST { mem.grow(&self.table) } else { Err(AllocError::NoSlot) };
                if let Err(error) = grown {
                    return Err((error, state));
                }
                first
            }
        };
        let Some(mm) = self.table.get(slot) else { return Err((AllocError::NoSlot, state)) };
        let is_taken = |pid| self.table.iter().any(|(_, mm)| mm.0.lock().pid == pid);
        let mut pid = registry.last_pid;
        // There are no more slots than numbers, and this one has none: so one is free.
        for _ in FIRST_PID..PIDS {
            pid = if pid + 1 < PIDS { pid + 1 } else { FIRST_PID };
            if !is_taken(pid) {
                break;
            }
        }
        registry.last_pid = pid;
        state.pid = pid;
        *mm.0.lock() = state;
        Ok(MmId { slot, pid })
    }
    /// Ends a process: its pages, tables and VMAs are free again.
    ///
    /// # Errors
    /// [`UserError::NoProcess`].
    pub fn destroy<M: Machine>(&self, mem: &Memory<M>, id: MmId) -> Result<Exited, UserError> {
        let (exited, accounted) = self.with(id, |mm| {
            let accounted: u64 = mm.vmas.iter(&mem.ram).filter(Vma::is_accounted).map(|vma| vma.pages()).sum();
            let mut exited = Exited::default();
            if mm.tables.is_some() {
                exited.pages = mm.zap(mem, VirtAddr::new(0), VirtAddr::new(mem.profile.task_size));
            } else {
                exited.pages = mm.free_blocks(mem);
            }
            while let Some(node) = mm.vmas.pop(&mem.ram) {
                self.free_node(mem, node);
                exited.areas += 1;
            }
            if let Some(tables) = mm.tables.take() {
                exited.tables = tables.table_pages();
                tables.free_process(mem, mem.profile.task_size);
            }
            *mm = MmState::default();
            (exited, accounted)
        })?;
        self.uncommit(accounted);
        Ok(exited)
    }

    /// Describes a process; `None` when there is none.
    pub fn info(&self, id: MmId) -> Option<ProcessInfo> {
        self.with(id, |mm| mm.info(id)).ok()
    }
    /// Describes the processes there are, by slot.
    pub fn infos(&self) -> impl Iterator<Item = ProcessInfo> + '_ {
        self.table.iter().filter_map(|(slot, mm)| {
            let mm = mm.0.lock();
            (mm.pid != 0).then(|| mm.info(MmId { slot, pid: mm.pid }))
        })
    }
    /// Returns what all processes together have.
    pub fn counts(&self) -> UserCounts {
        let committed = self.committed.load(Ordering::Relaxed) as u64;
        self.infos().fold(UserCounts { committed, ..UserCounts::default() }, |sum, info| UserCounts {
            rss: sum.rss + if info.root.is_some() { info.rss } else { 0 },
            last_tables: sum.last_tables + info.last_tables,
            upper_tables: sum.upper_tables + info.upper_tables,
            ..sum
        })
    }
    /// Finds the VMA of a process that holds `addr`.
    pub fn find_vma<M: Machine>(&self, mem: &Memory<M>, id: MmId, addr: VirtAddr) -> Option<Vma> {
        self.with(id, |mm| mm.vmas.find(&mem.ram, addr)).ok()?
    }
    /// Returns a process's VMAs by address.
    pub fn vmas<'a, M: Machine>(&'a self, mem: &'a Memory<M>, id: MmId) -> impl Iterator<Item = Vma> + 'a {
        let mut at = VirtAddr::new(0);
        core::iter::from_fn(move || {
            let vma = self.with(id, |mm| mm.vmas.first_above(&mem.ram, at)).ok()??;
            at = vma.end;
            Some(vma)
        })
    }
    /// Translates an address by a process's tables, the kernel's part included; `None` without an MMU.
    pub fn translate<M: Machine>(&self, mem: &Memory<M>, id: MmId, addr: VirtAddr) -> Option<Translation> {
        self.walk(mem, id, addr)?.result
    }
    /// Walks a process's tables and records each level; `None` without an MMU.
    pub fn walk<M: Machine>(&self, mem: &Memory<M>, id: MmId, addr: VirtAddr) -> Option<Walk> {
        self.with(id, |mm| Some(mm.tables.as_ref()?.walk(mem, addr))).ok()?
    }

    /// Works on a process under its lock.
    pub(super) fn with<T>(&self, id: MmId, work: impl FnOnce(&mut MmState) -> T) -> Result<T, UserError> {
        let mut mm = self.table.get(id.slot).ok_or(UserError::NoProcess)?.0.lock();
        if id.pid == 0 || mm.pid != id.pid {
            return Err(UserError::NoProcess);
        }
        Ok(work(&mut mm))
    }

    /// The cache of VMAs; made when the first process begins.
    fn cache<M: Machine>(&self, mem: &Memory<M>) -> Result<CacheId, AllocError> {
        let _registry = self.registry.lock();
        if let Some(cache) = self.made_cache() {
            return Ok(cache);
        }
        let size = mem.profile.user.vma_bytes.max(NODE_BYTES);
        let flags = SlabFlags::ACCOUNT;
        let spec = CacheSpec { name: "vm_area_struct", size, align: 0, flags, ..CacheSpec::default() };
        let cache = mem.cache_create(&spec).map_err(|error| match error {
            CreateError::Alloc(error) => error,
            CreateError::Misuse(_) => AllocError::Unsupported("the cache vm_area_struct cannot be made"),
        })?;
        self.cache.store(cache.raw() + 1, Ordering::Release);
        Ok(cache)
    }
    fn made_cache(&self) -> Option<CacheId> {
        self.cache.load(Ordering::Acquire).checked_sub(1).map(CacheId::new)
    }
    /// Gives the object of a VMA back.
    pub(super) fn free_node<M: Machine>(&self, mem: &Memory<M>, node: Link) {
        if let (Some(cache), Some(object)) = (self.made_cache(), mem.phys_to_virt(PhysAddr::new(node))) {
            // It came from the cache, once.
            let freed = mem.cache_free_to(cache, object);
            debug_assert!(freed.is_ok(), "a VMA that is no object");
        }
    }
    /// Takes an object for a VMA.
    pub(super) fn node<M: Machine>(&self, mem: &Memory<M>) -> Result<Link, AllocError> {
        let cache = self.cache(mem)?;
        let gfp = mem.profile.gfp.by_name("GFP_KERNEL").unwrap_or(Gfp::KERNEL);
        let object = mem.cache_alloc(cache, gfp)?;
        Ok(mem.virt_to_phys(object).map_or(0, PhysAddr::raw))
    }

    /// Promises pages: with `vm.overcommit_memory` 0 unless that is obviously too much, with 1 always, with 2 as long as
    /// all promises stay below the limit. `__vm_enough_memory`.
    pub(super) fn commit<M: Machine>(&self, mem: &Memory<M>, pages: u64) -> Result<(), UserError> {
        let rule: &UserRule = &mem.profile.user;
        match mem.setting(Setting::OvercommitMemory) {
            0 => (),
            2 => {
                self.promise(pages);
                let promised = self.committed.load(Ordering::Relaxed) as u64;
                let allowed = mem.commit_limit();
                if promised < allowed {
                    return Ok(());
                }
                self.uncommit(pages);
                return Err(UserError::Overcommit { pages, allowed });
            }
            _ => {
                self.promise(pages);
                return Ok(());
            }
        }
        let allowed = match rule.guess {
            CommitGuess::Ram => mem.total_pages(),
            CommitGuess::Free => free(mem).0.saturating_sub(1),
            CommitGuess::FreeLessReserve => {
                let (free, kept) = free(mem);
                free.saturating_sub(kept).saturating_sub(1)
            }
        };
        if pages > allowed {
            return Err(UserError::Overcommit { pages, allowed });
        }
        self.promise(pages);
        Ok(())
    }
    /// Counts pages as promised.
    pub(super) fn promise(&self, pages: u64) {
        self.committed.fetch_add(pages as usize, Ordering::Relaxed);
    }
    /// Takes a promise back.
    pub(super) fn uncommit(&self, pages: u64) {
        self.committed.fetch_sub(pages as usize, Ordering::Relaxed);
    }
}

/// Free pages, and those that watermarks and reserves keep from ordinary requests: `totalreserve_pages`.
fn free<M: Machine>(mem: &Memory<M>) -> (u64, u64) {
    let _irq = mem.irq_off();
    mem.pages.zone_counts().fold((0, 0), |(free, kept), zone| {
        let reserve = zone.reserve.iter().copied().max().unwrap_or(0);
        (free + zone.free, kept + (zone.high + reserve).min(zone.managed))
    })
}

fn root_order(tables: &PageTables) -> Order {
    Order::covering(tables.format().root_bytes()).unwrap_or(Order::ZERO)
}

/// Pages that are unmapped before one flush.
const BATCH: usize = 64;

impl MmState {
    fn info(&self, id: MmId) -> ProcessInfo {
        ProcessInfo {
            id,
            pid: self.pid,
            comm: self.comm,
            uid: 0,
            oom_score_adj: self.oom_score_adj,
            total_vm: self.total_vm,
            rss: self.rss,
            swap: 0,
            last_tables: self.last_tables,
            upper_tables: self.upper_tables,
            areas: self.vmas.count(),
            start_brk: self.start_brk,
            brk: self.brk,
            root: self.tables.as_ref().map(PageTables::root),
            is_killed: self.is_killed,
        }
    }
    /// Unmaps and frees the pages of a range: `zap_page_range`. A page is free only when no TLB knows it any more.
    pub(super) fn zap<M: Machine>(&mut self, mem: &Memory<M>, start: VirtAddr, end: VirtAddr) -> u64 {
        let Some(tables) = &self.tables else { return 0 };
        let (mut at, mut freed) = (start, 0);
        loop {
            let (mut batch, mut count) = ([Pfn::new(0); BATCH], 0);
            let mut bounds = None;
            for place in &mut batch {
                let Some((va, pfn)) = tables.take_next(mem, at, end) else { break };
                *place = pfn;
                count += 1;
                at = va.offset(PAGE_SIZE);
                bounds = Some((bounds.map_or(va, |(first, _)| first), at));
            }
            let Some((first, last)) = bounds else { break };
            mem.machine.flush_tlb(first, last);
            for pfn in &batch[..count] {
                mem.pages.set_owner(*pfn, None);
                // It was this process's own, a used page of order 0.
                let given = mem.free_pages(*pfn, Order::ZERO);
                debug_assert!(given.is_ok(), "{pfn:?} was no page of a process");
            }
            freed += count as u64;
        }
        self.rss -= freed;
        freed
    }
    /// Frees the tables that serve nothing but the hole around an address.
    pub(super) fn free_tables<M: Machine>(&mut self, mem: &Memory<M>, hole: (VirtAddr, VirtAddr)) {
        let Some(tables) = &self.tables else { return };
        let last = tables.format().last();
        let (mut of_last, mut upper) = (0, 0);
        tables.free_range(mem, hole.0, hole.1, &mut |level| {
            if level == last {
                of_last += 1;
            } else {
                upper += 1;
            }
        });
        if of_last + upper > 0 {
            mem.machine.flush_tlb(hole.0, hole.1);
        }
        self.last_tables -= of_last;
        self.upper_tables -= upper;
    }
}

/// Bytes as whole pages.
pub(super) const fn pages(bytes: u64) -> u64 {
    bytes >> PAGE_SHIFT
}
