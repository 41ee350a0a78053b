//! mmap, munmap, brk: which addresses a process has.
//!
//! All of them work on VMAs only; pages come by faults and go with the VMA that held them. A range that touches a VMA of
//! the same kind becomes part of it, a range cut out of the middle of one leaves two.
//!
//! # The steps of mmap
//! 1. The length in whole pages; pages that may be written are promised, unless that is obviously too much.
//! 2. A descriptor, taken before the lock.
//! 3. Under the lock: room at the hint, else where the kernel's layout looks first, else from a third of the address
//!    space on; then the VMA.
//!
//! Kernel counterpart: `do_mmap`, `do_munmap`, `brk`, `arch_get_unmapped_area_topdown` in `mm/mmap.c`.

use super::error::UserError;
use super::mm::{pages, MmId, MmState, Processes};
use super::rule::{unmapped_base, MmapPlace, UserRule};
use super::vma::{Link, Vma, Window};
use crate::machine::Machine;
use crate::map::Prot;
use crate::memory::settings::Setting;
use crate::memory::Memory;
use crate::raw::Ram;
use crate::units::{align_up, VirtAddr, PAGE_SIZE};

/// What mmap is asked for: private memory of no file.
#[derive(Clone, Copy, Debug)]
pub struct MmapRequest {
    /// Where it should be, if there is room; 0 for anywhere.
    pub hint: VirtAddr,
    /// How many bytes.
    pub bytes: u64,
    /// Whether it may be written: `WRITE` or nothing.
    pub prot: Prot,
}

impl MmapRequest {
    /// Memory anywhere, to read and write.
    pub const fn new(bytes: u64) -> Self {
        Self { hint: VirtAddr::new(0), bytes, prot: Prot::WRITE }
    }
}

/// What munmap took away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unmapped {
    /// Pages of addresses.
    pub pages: u64,
    /// Pages of memory that are free now.
    pub freed: u64,
}

const EMPTY: UserError = UserError::BadArgument("a size of 0");

impl Processes {
    /// Gives a process addresses; without an MMU memory, too. Returns where they begin.
    ///
    /// # Errors
    /// [`UserError::NoRoom`], [`UserError::Overcommit`], [`UserError::TooManyAreas`], [`UserError::Alloc`],
    /// [`UserError::Killed`], [`UserError::BadArgument`], [`UserError::NoProcess`].
    pub fn mmap<M: Machine>(&self, mem: &Memory<M>, id: MmId, request: &MmapRequest) -> Result<VirtAddr, UserError> {
        if request.bytes == 0 {
            return Err(EMPTY);
        }
        if mem.profile.paging.is_none() {
            return self.mmap_block(mem, id, request.bytes);
        }
        let task_size = mem.profile.task_size;
        if request.bytes > task_size {
            return Err(UserError::NoRoom { bytes: request.bytes, largest_hole: task_size });
        }
        let bytes = align_up(request.bytes, PAGE_SIZE);
        let prot = request.prot & Prot::WRITE | Prot::USER;
        let place = |mm: &MmState| place(mm, &mem.ram, &mem.profile.user, task_size, request.hint, bytes);
        self.add(mem, id, bytes, prot, place)
    }

    /// Moves the end of a process's heap; returns where it is now.
    ///
    /// # Errors
    /// As [`Processes::mmap`]; [`UserError::Unsupported`] without an MMU, [`UserError::BadArgument`] below the heap's
    /// start. The heap is as before then.
    pub fn brk<M: Machine>(&self, mem: &Memory<M>, id: MmId, brk: VirtAddr) -> Result<VirtAddr, UserError> {
        let (start, old) = self.with(id, |mm| (mm.start_brk, mm.brk))?;
        if mem.profile.paging.is_none() {
            return Err(UserError::Unsupported(
                "this machine has no MMU: what lies behind a heap is somebody else's, so brk is refused",
            ));
        }
        if brk < start {
            return Err(UserError::BadArgument("an end of the heap below its start"));
        }
        let (from, to) = (old.page_up(), brk.page_up());
        if to < from {
            self.munmap(mem, id, to, from.raw() - to.raw())?;
        } else if to > from {
            let bytes = to.raw() - from.raw();
            self.add(mem, id, bytes, Prot::USER_DATA, |mm| {
                let end = mm.vmas.first_above(&mem.ram, from).map_or(mem.profile.task_size, |vma| vma.start.raw());
                let room = end.saturating_sub(from.raw());
                // Behind the heap a page stays free.
                let fits = mm.brk == old && bytes.saturating_add(PAGE_SIZE) <= room;
                if fits {
                    Ok(from)
                } else {
                    Err(UserError::NoRoom { bytes, largest_hole: room })
                }
            })?;
        }
        self.with(id, |mm| mm.brk = brk)?;
        Ok(brk)
    }

    /// Enters a VMA where `place` says.
    fn add<M: Machine>(
        &self,
        mem: &Memory<M>,
        id: MmId,
        bytes: u64,
        prot: Prot,
        place: impl FnOnce(&MmState) -> Result<VirtAddr, UserError>,
    ) -> Result<VirtAddr, UserError> {
        let promised = if prot.contains(Prot::WRITE) { pages(bytes) } else { 0 };
        self.commit(mem, promised)?;
        let mut left = Leftover::default();
        let added = match self.node(mem) {
            Err(error) => Err(error.into()),
            Ok(node) => {
                left.keep(node);
                let limit = mem.setting(Setting::MaxMapCount);
                let entered = self.with(id, |mm| {
                    if mm.is_killed {
                        return Err(UserError::Killed);
                    }
                    if mm.vmas.count() > limit {
                        return Err(UserError::TooManyAreas { limit });
                    }
                    let start = place(mm)?;
                    mm.enter(&mem.ram, Vma { start, end: start.offset(bytes), prot }, &mut left);
                    mm.total_vm += pages(bytes);
                    Ok(start)
                });
                entered.and_then(|result| result)
            }
        };
        left.free(self, mem);
        if added.is_err() {
            self.uncommit(promised);
        }
        added
    }

    /// Takes addresses from a process, and the pages that it has there. Where nothing is mapped nothing happens.
    ///
    /// # Errors
    /// [`UserError::BadArgument`] for a range that is no user address or does not begin at a page,
    /// [`UserError::TooManyAreas`] when a VMA would be cut in two, [`UserError::Alloc`], [`UserError::NoProcess`].
    pub fn munmap<M: Machine>(
        &self,
        mem: &Memory<M>,
        id: MmId,
        start: VirtAddr,
        bytes: u64,
    ) -> Result<Unmapped, UserError> {
        if bytes == 0 {
            return Err(EMPTY);
        }
        if mem.profile.paging.is_none() {
            return self.munmap_block(mem, id, start, bytes);
        }
        if start.page_offset() != 0 {
            return Err(UserError::BadArgument("munmap begins at a page"));
        }
        let task_size = mem.profile.task_size;
        if start.raw() > task_size || bytes > task_size - start.raw() {
            return Err(UserError::BadArgument("that is no range of user addresses"));
        }
        let end = start.offset(align_up(bytes, PAGE_SIZE));
        let mut left = Leftover::default();
        left.keep(self.node(mem)?);
        let limit = mem.setting(Setting::MaxMapCount);
        let result = self.with(id, |mm| {
            let inside = mm.vmas.find(&mem.ram, start).filter(|vma| vma.start < start && end < vma.end);
            if inside.is_some() && mm.vmas.count() >= limit {
                return Err(UserError::TooManyAreas { limit });
            }
            let (cut, promised) = mm.cut(mem, start, end, &mut left);
            mm.total_vm -= cut;
            let freed = mm.zap(mem, start, end);
            if cut > 0 {
                let below = mm.vmas.last_below(&mem.ram, start).map_or(VirtAddr::new(0), |vma| vma.end);
                let last = mm.tables.as_ref().map_or(VirtAddr::new(task_size), |tables| tables.user_end(task_size));
                let above = mm.vmas.first_above(&mem.ram, end).map_or(last, |vma| vma.start);
                mm.free_tables(mem, (below, above));
            }
            Ok((Unmapped { pages: cut, freed }, promised))
        });
        left.free(self, mem);
        let (unmapped, promised) = result.and_then(|result| result)?;
        self.uncommit(promised);
        Ok(unmapped)
    }
}

/// Looks for room.
fn place(
    mm: &MmState,
    ram: &Ram,
    rule: &UserRule,
    task_size: u64,
    hint: VirtAddr,
    bytes: u64,
) -> Result<VirtAddr, UserError> {
    let least = rule.mmap_min_addr.max(PAGE_SIZE);
    if hint.raw() != 0 {
        // A hint too low is moved up: `round_hint_to_min`.
        let start = hint.page_up().raw().max(least);
        let above = mm.vmas.first_above(ram, VirtAddr::new(start)).map_or(task_size, |vma| vma.start.raw());
        if start < above.min(task_size) && bytes <= above.min(task_size) - start {
            return Ok(VirtAddr::new(start));
        }
    }
    let upwards = Window { low: unmapped_base(task_size), high: task_size };
    let (found, window) = match rule.mmap {
        MmapPlace::TopDown { .. } => {
            let window = Window { low: least, high: rule.mmap_base(task_size) };
            (mm.vmas.highest_fit(ram, bytes, window), window)
        }
        MmapPlace::BottomUp => (None, upwards),
    };
    found.or_else(|| mm.vmas.lowest_fit(ram, bytes, upwards)).ok_or_else(|| {
        let largest_hole = mm.vmas.largest_hole(ram, window).max(mm.vmas.largest_hole(ram, upwards));
        UserError::NoRoom { bytes, largest_hole }
    })
}

/// Descriptors that were taken and are not, or no longer, used: a chain through their first words.
#[derive(Default)]
struct Leftover {
    first: Option<Link>,
    chain: Option<Link>,
}

impl Leftover {
    /// Keeps a descriptor for use.
    fn keep(&mut self, node: Link) {
        self.first = Some(node);
    }
    /// Adds one that was removed.
    fn drop_node(&mut self, ram: &Ram, node: Link) {
        let next = self.chain.replace(node).unwrap_or(0);
        ram.write_entry(crate::units::PhysAddr::new(node), 8, next);
    }
    /// Gives all of them back.
    fn free<M: Machine>(mut self, processes: &Processes, mem: &Memory<M>) {
        if let Some(node) = self.first.take() {
            processes.free_node(mem, node);
        }
        let mut at = self.chain;
        while let Some(node) = at.filter(|node| *node != 0) {
            at = mem.ram.read_entry(crate::units::PhysAddr::new(node), 8);
            processes.free_node(mem, node);
        }
    }
}

impl MmState {
    /// Enters a range that overlaps no VMA, as part of its neighbours where they are of its kind: `vma_merge`.
    fn enter(&mut self, ram: &Ram, vma: Vma, left: &mut Leftover) {
        let below =
            self.vmas.last_below(ram, vma.start).filter(|other| other.end == vma.start && other.prot == vma.prot);
        let above =
            self.vmas.first_above(ram, vma.end).filter(|other| other.start == vma.end && other.prot == vma.prot);
        match (below, above) {
            (Some(below), Some(above)) => {
                if let Some(node) = self.vmas.remove(ram, above.start) {
                    left.drop_node(ram, node);
                }
                self.vmas.resize(ram, below.start, below.start, above.end);
            }
            (Some(below), None) => self.vmas.resize(ram, below.start, below.start, vma.end),
            (None, Some(above)) => self.vmas.resize(ram, above.start, vma.start, above.end),
            (None, None) => {
                if let Some(node) = left.first.take() {
                    self.vmas.insert(ram, node, vma);
                }
            }
        }
    }
    /// Cuts a range out of the VMAs. Returns how many pages of addresses that were, and how many of them promised.
    fn cut<M: Machine>(&mut self, mem: &Memory<M>, start: VirtAddr, end: VirtAddr, left: &mut Leftover) -> (u64, u64) {
        let ram = &mem.ram;
        let (mut cut, mut promised) = (0, 0);
        while let Some(vma) = self.vmas.first_above(ram, start).filter(|vma| vma.start < end) {
            let gone = Vma { start: vma.start.max(start), end: vma.end.min(end), ..vma };
            cut += gone.pages();
            promised += if vma.is_accounted() { gone.pages() } else { 0 };
            match (vma.start < start, end < vma.end) {
                (false, false) => {
                    if let Some(node) = self.vmas.remove(ram, vma.start) {
                        left.drop_node(ram, node);
                    }
                }
                (true, false) => self.vmas.resize(ram, vma.start, vma.start, start),
                (false, true) => self.vmas.resize(ram, vma.start, end, vma.end),
                (true, true) => {
                    self.vmas.resize(ram, vma.start, vma.start, start);
                    if let Some(node) = left.first.take() {
                        self.vmas.insert(ram, node, Vma { start: end, ..vma });
                    }
                }
            }
        }
        (cut, promised)
    }
}
