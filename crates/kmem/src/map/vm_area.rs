//! vm areas: who holds which kernel addresses.
//!
//! vmalloc, vmap, ioremap and module memory take *areas* of an address range, lowest place first. Behind each area lies
//! a guard page that is never mapped, so that running past the end faults instead of hitting the neighbour; it counts
//! as part of the area: `n` pages take `n + 1` pages of addresses. An area that boot puts at a fixed address may do
//! without.
//!
//! ```text
//!   start                                                                    end of the range
//!     | area  page page page guard |  hole  | area  page guard | hole                 |
//! ```
//!
//! How they are kept and what holds of them: `vm_area/tree.rs`.
//!
//! Kernel counterpart: `mm/vmalloc.c` (`__get_vm_area_node`, `alloc_vmap_area`, `find_vm_area`).

mod slots;
mod tree;

use super::entry::Prot;
use super::freed::{Freed, FreedArea};
use crate::boot::layout::VirtRange;
use crate::error::{AllocError, Broken, Misuse, Name};
use crate::machine::Machine;
use crate::memory::Memory;
use crate::sync::{SpinGuard, SpinLock};
use crate::units::{PhysAddr, VirtAddr, PAGE_SIZE};
use bitflags::bitflags;
use tree::Tree;

bitflags! {
    /// What kind of area it is: the kernel's `VM_*` bits.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
    pub struct VmFlags: u16 {
        /// Made by ioremap.
        const IOREMAP = 0x1;
        /// Made by vmalloc: the pages are the area's own.
        const ALLOC = 0x2;
        /// Made by vmap: the pages are the caller's.
        const MAP = 0x4;
        /// May be mapped to user space.
        const USERMAP = 0x8;
        /// The array of its pages is itself from vmalloc.
        const VPAGES = 0x10;
        /// Not finished yet (`VM_UNINITIALIZED`; `VM_UNLIST` before 3.10).
        const UNLIST = 0x20;
        /// Has no guard page.
        const NO_GUARD = 0x40;
        /// Was freed, and waits for those who read it. Not a bit of the kernel's.
        const READ = 0x2000;
        /// Only keeps its addresses; nothing is mapped. Not a bit of the kernel's.
        const KEPT = 0x4000;
        /// Is being freed. Not a bit of the kernel's.
        const DYING = 0x8000;
    }
}

/// One area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmArea {
    /// First address.
    pub start: VirtAddr,
    /// Bytes, the guard page included.
    pub bytes: u64,
    /// Where the array of its pages' frame numbers lies: machine words. 0 for none.
    pub pages_at: VirtAddr,
    /// What an I/O map maps. With [`VmFlags::READ`], the grace period that it waits for.
    pub phys: PhysAddr,
    /// How many pages the area owns.
    pub nr_pages: u32,
    /// What kind it is.
    pub flags: VmFlags,
    /// How its pages are mapped.
    pub prot: Prot,
    /// Who asked for it.
    pub caller: Name,
}

impl VmArea {
    /// Returns one past the last address, the guard page included.
    pub const fn end(&self) -> VirtAddr {
        self.start.offset(self.bytes)
    }
    /// Returns the bytes that are mapped: without the guard page.
    pub const fn mapped_bytes(&self) -> u64 {
        if self.flags.contains(VmFlags::KEPT) {
            0
        } else if self.flags.contains(VmFlags::NO_GUARD) {
            self.bytes
        } else {
            self.bytes - PAGE_SIZE
        }
    }
    /// True when `addr` lies inside, the guard page included.
    pub const fn contains(&self, addr: VirtAddr) -> bool {
        addr.raw().wrapping_sub(self.start.raw()) < self.bytes
    }
}
impl Default for VmArea {
    fn default() -> Self {
        Self {
            start: VirtAddr::new(0),
            bytes: 0,
            pages_at: VirtAddr::new(0),
            phys: PhysAddr::new(0),
            nr_pages: 0,
            flags: VmFlags::empty(),
            prot: Prot::empty(),
            caller: Name::default(),
        }
    }
}

/// The address ranges that have areas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Space {
    /// The vmalloc range.
    Vmalloc,
    /// The range for modules, where it is one of its own.
    Modules,
}

impl Space {
    const ALL: [Self; 2] = [Self::Vmalloc, Self::Modules];
}

/// What a range has and holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SpaceCounts {
    /// The range.
    pub range: VirtRange,
    /// How many areas there are.
    pub areas: u64,
    /// Their bytes, guard pages included.
    pub used_bytes: u64,
    /// The largest hole.
    pub largest_hole: u64,
}

/// The areas of all ranges.
pub(super) struct VmAreas {
    inner: SpinLock<Inner>,
}

struct Inner {
    tree: Tree,
    freed: Freed,
}

impl VmAreas {
    /// Makes the ranges without areas. `modules` is `None` where modules lie in the vmalloc range.
    pub(super) fn new<M: Machine>(
        mem: &Memory<M>,
        vmalloc: VirtRange,
        modules: Option<VirtRange>,
    ) -> Result<Self, AllocError> {
        let inner = Inner { tree: Tree::new([vmalloc, modules.unwrap_or_default()]), freed: Freed::new() };
        mem.grow(&inner.freed.ring)?;
        Ok(Self { inner: SpinLock::new(inner) })
    }
    fn lock(&self) -> SpinGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Takes the lowest place of a range where `area.bytes` fit at a multiple of `align`; the area is as `area` says,
    /// its start is found.
    pub(super) fn insert<M: Machine>(
        &self,
        mem: &Memory<M>,
        space: Space,
        align: u64,
        area: VmArea,
    ) -> Result<VmArea, AllocError> {
        let tree = &mut self.lock().tree;
        let Some(start) = tree.first_fit(space, area.bytes, align) else {
            return Err(AllocError::NoAddressSpace { bytes: area.bytes, largest_hole: tree.largest_hole(space) });
        };
        let area = VmArea { start, ..area };
        tree.add(mem, space, area)?;
        Ok(area)
    }
    /// Takes the place that `area` says.
    pub(super) fn insert_at<M: Machine>(&self, mem: &Memory<M>, area: VmArea) -> Result<VmArea, AllocError> {
        let tree = &mut self.lock().tree;
        let no_room = |room| AllocError::NoAddressSpace { bytes: area.bytes, largest_hole: room };
        let space = tree.space_of(area.start).ok_or(no_room(0))?;
        if tree.find(area.start).is_some() {
            return Err(no_room(0));
        }
        let end = tree.at_or_above(space, area.start).map_or(tree.range(space).end, |next| next.start);
        let room = end.raw() - area.start.raw();
        if room < area.bytes {
            return Err(no_room(room));
        }
        tree.add(mem, space, area)?;
        Ok(area)
    }
    /// Finds the area that holds `addr`, in its guard page too.
    pub(super) fn find(&self, addr: VirtAddr) -> Option<VmArea> {
        self.lock().tree.find(addr).copied()
    }
    /// Finds the first area that begins at or above `addr`, in any range.
    pub(super) fn at_or_above(&self, addr: VirtAddr) -> Option<VmArea> {
        let inner = self.lock();
        let found = Space::ALL.into_iter().filter_map(|space| inner.tree.at_or_above(space, addr));
        found.min_by_key(|area| area.start).copied()
    }
    /// Changes what an area says about itself; its place stays.
    pub(super) fn update(&self, start: VirtAddr, change: impl FnOnce(&mut VmArea)) {
        if let Some(area) = self.lock().tree.find_mut(start) {
            let place = (area.start, area.bytes);
            change(area);
            (area.start, area.bytes) = place;
        }
    }
    /// Marks the area that begins at `addr` as being freed, if `may` allows it. From now on only the caller has it.
    pub(super) fn claim(
        &self,
        addr: VirtAddr,
        may: impl FnOnce(&VmArea) -> Result<(), Misuse>,
    ) -> Result<VmArea, Misuse> {
        let tree = &mut self.lock().tree;
        let area = tree.find_mut(addr).filter(|area| area.start == addr).ok_or(Misuse::NoArea(addr))?;
        if area.flags.intersects(VmFlags::DYING | VmFlags::UNLIST | VmFlags::READ) {
            return Err(Misuse::NoArea(addr));
        }
        may(area)?;
        area.flags |= VmFlags::DYING;
        Ok(*area)
    }
    /// Gives the addresses of an area back.
    pub(super) fn remove(&self, start: VirtAddr, freed_by: Option<Name>) {
        let mut inner = self.lock();
        if let (Some(area), Some(by)) = (inner.tree.remove(start), freed_by) {
            inner.freed.push(&area, by);
        }
    }
    /// Finds the area that held `addr` and was freed last.
    pub(super) fn freed(&self, addr: VirtAddr) -> Option<FreedArea> {
        self.lock().freed.find(addr)
    }
    /// Finds the hole around `addr`, which lies in no area. `None` outside the ranges.
    pub(super) fn hole(&self, addr: VirtAddr) -> Option<VirtRange> {
        let tree = &self.lock().tree;
        let space = tree.space_of(addr)?;
        let range = tree.range(space);
        let start = tree.below(space, addr).map_or(range.start, VmArea::end);
        let end = tree.at_or_above(space, addr).map_or(range.end, |area| area.start);
        Some(VirtRange { start, end })
    }
    /// Returns what a range has and holds.
    pub(super) fn counts(&self, space: Space) -> SpaceCounts {
        self.lock().tree.counts(space)
    }
    /// Checks A1 to A5.
    pub(super) fn verify(&self) -> Result<(), Broken> {
        self.lock().tree.verify()
    }
}
