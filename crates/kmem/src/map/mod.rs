//! Virtual memory of the kernel: page tables, and the address ranges that are mapped page by page.
//!
//! Low memory is mapped once and for all at boot, with large pages, at a constant distance: the *direct map*. All else
//! that the kernel reaches gets its addresses from a range above, a page at a time:
//!
//! ```text
//!   PAGE_OFFSET          high_memory   VMALLOC_START                 VMALLOC_END
//!   | direct map               | gap | vmalloc · vmap · ioremap · modules | pkmap · fixmap |
//!   | large pages              |  –  | areas, a guard page behind each    | high pages     |
//! ```
//!
//! A 64-bit kernel has room for all of its RAM in the direct map: there are no high pages, and what gives them addresses
//! is not there. Its direct map has pages of 1 GiB, so that the tables for a terabyte are a few pages.
//!
//! # Files, lowest first
//! `entry` (formats, as data) · `walk` (address to page, pure) · `tables` (the writer) · `freed`, `vm_area` (who holds
//! which addresses) · `dialect` (what kernels say) · `page_array`, `vmalloc` (with vmap), `ioremap` · `kmap`, `fixmap` (high
//! pages) · `user` · `describe` (for reports) · `verify`.
//!
//! Without an MMU none of this exists: addresses are physical, vmalloc is kmalloc.
//!
//! # Locks
//! The areas' lock is held only to search and to link (and to grow their table); the lock of the page tables only to
//! enter a table; pkmap's while a slot is taken or emptied. Pages are allocated and freed outside of the first two.

mod describe;
mod dialect;
pub mod entry;
mod fixmap;
mod freed;
mod ioremap;
mod kmap;
mod page_array;
mod reach;
mod readers;
mod tables;
mod user;
mod verify;
mod vm_area;
mod vmalloc;
pub mod walk;

#[cfg(test)]
mod tests;

pub use describe::What;
pub use entry::Prot;
pub use fixmap::FixmapSlot;
pub use freed::FreedArea;
pub use kmap::KmapSlot;
pub(crate) use tables::Slot;
pub use tables::{MapError, PageTables};
pub use vm_area::{Space, SpaceCounts, VmArea, VmFlags};
pub use vmalloc::VmallocRequest;
pub use walk::{Translation, Walk};

use crate::boot::layout::{Layout, VirtRange};
use crate::boot::memblock::{whole_pages, RangeList};
use crate::error::{AllocError, Name};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::page::Request;
use crate::profile::{AreaPlace, BootArea, BootAreaKind, Firmware, Profile};
use crate::sync::{AtomicU32, Ordering};
use crate::units::{Order, Pfn, PhysAddr, PhysRange, VirtAddr, PAGE_SHIFT, PAGE_SIZE};
use dialect::Dialect;
use fixmap::Fixmap;
use kmap::Pkmap;
use vm_area::VmAreas;

/// What a PC has mapped whether it is RAM or not: `ISA_END_ADDRESS`.
const FIRST_MIB: PhysRange = PhysRange::new(0, 1 << 20);

const NO_LOW: AllocError = AllocError::Unsupported("the machine shows less low memory than the layout has");
const NO_MMU: AllocError = AllocError::Unsupported("a machine without an MMU cannot map pages");

/// What the direct map maps: the RAM in low memory, and the first MiB of a PC, where its adapters are.
///
/// # Source
/// 6.1 `arch/x86/mm/init.c` (`init_mem_mapping`), `arch/arm/mm/mmu.c` (`map_lowmem`), `arch/arm64/mm/mmu.c` (`map_mem`).
fn direct_map(profile: &Profile, layout: &Layout, ram: &RangeList) -> RangeList {
    let mut direct = RangeList::new();
    let first = matches!(profile.firmware, Firmware::Pc { .. }).then_some(FIRST_MIB);
    for range in ram.as_slice().iter().copied().chain(first) {
        let (start, end) = (range.start.max(layout.low.start), range.end.min(layout.low.end));
        // The list has as much room as the one it is made from, and the first MiB joins with what begins there; where it
        // does not, the adapters stay unmapped.
        let _ = direct.add(whole_pages(PhysRange::new(start.raw(), end.raw())));
    }
    direct
}

/// The parts of the image that are mapped where they were linked: all but what boot freed. None where the image lies in the
/// direct map, or in the vmalloc range, where it has areas.
///
/// # Source
/// 6.1 `arch/x86/mm/init.c` (`free_kernel_image_pages`, which unmaps with page table isolation).
fn image_map(profile: &Profile, layout: &Layout) -> RangeList {
    let mut parts = RangeList::new();
    let image = &profile.image;
    let Some(distance) = profile.layout.image_distance() else { return parts };
    if layout.vmalloc.is_some_and(|range| range.contains(VirtAddr::new(image.start).offset(distance))) {
        return parts;
    }
    // An image has less parts than the list has room.
    let _ = parts.add(whole_pages(PhysRange::new(image.start, image.end)));
    for &(start, end) in image.freed_early.iter().chain(image.freed_late) {
        let _ = parts.remove(whole_pages(PhysRange::new(start, end)));
    }
    parts
}

/// The kernel's virtual memory.
pub struct Map {
    virt: Option<Virt>,
    layout: Regions,
    /// What the direct map maps: RAM, in whole pages, and the first MiB of a PC.
    direct: RangeList,
    /// What of the kernel image is mapped where it was linked, outside the direct map and the vmalloc range.
    image: RangeList,
    dialect: &'static Dialect,
    /// `nr_vmalloc_pages`.
    vmalloc_pages: AtomicU32,
    /// Areas that wait for readers.
    read_areas: AtomicU32,
}

/// What there is with an MMU.
struct Virt {
    tables: PageTables,
    areas: VmAreas,
    pkmap: Pkmap,
    fixmap: Fixmap,
}

/// The regions of the layout that are not areas.
#[derive(Clone, Copy)]
struct Regions {
    high_memory: VirtAddr,
    vmalloc: Option<VirtRange>,
    modules: Option<VirtRange>,
    fixmap: Option<VirtRange>,
    vectors: Option<VirtRange>,
}

impl Map {
    /// Builds the kernel's page tables: the direct map, the tables below pkmap and fixmap, the areas that this kernel's
    /// boot leaves behind. Then the machine uses them. `ram` is all RAM, high pages included; holes in low memory have
    /// addresses in the direct map that map nothing.
    ///
    /// # Errors
    /// An [`AllocError`] when RAM does not suffice.
    pub fn boot<M: Machine>(mem: &Memory<M>, layout: &Layout, ram: &RangeList) -> Result<Self, AllocError> {
        let (direct, image) = (direct_map(mem.profile, layout, ram), image_map(mem.profile, layout));
        let distance = mem.profile.layout.image_distance();
        let mut map = Self {
            virt: None,
            layout: Regions {
                high_memory: layout.high_memory,
                vmalloc: layout.vmalloc,
                modules: layout.modules,
                fixmap: layout.fixmap,
                vectors: layout.vectors,
            },
            direct,
            image,
            dialect: Dialect::of(mem.profile),
            vmalloc_pages: AtomicU32::new(0),
            read_areas: AtomicU32::new(0),
        };
        let Some(format) = mem.profile.paging else { return Ok(map) };
        let tables = PageTables::new(mem, format)?;
        for range in map.direct.as_slice() {
            let va = mem.phys_to_virt(range.start).ok_or(NO_LOW)?;
            // Where the image has a mapping of its own, nothing is executed here.
            let prot = if distance.is_some() { Prot::KERNEL } else { Prot::KERNEL_EXEC };
            tables.map_range(mem, va, range.start, range.bytes(), prot)?;
        }
        for range in map.image.as_slice() {
            let va = VirtAddr::new(range.start.raw()).offset(distance.unwrap_or(0));
            tables.map_range(mem, va, range.start, range.bytes(), Prot::KERNEL_EXEC)?;
        }
        let pkmap = Pkmap::new(mem, &tables, layout.pkmap)?;
        let fixmap = Fixmap::new(mem, &tables, layout.fixmap)?;
        let vmalloc = layout.vmalloc.unwrap_or_default();
        let areas = VmAreas::new(mem, vmalloc, layout.modules.filter(|range| !vmalloc.contains(range.start)))?;
        let root = tables.root();
        map.virt = Some(Virt { tables, areas, pkmap, fixmap });
        for area in mem.profile.boot_areas {
            map.boot_area(mem, vmalloc, area)?;
        }
        mem.machine.load_page_table(root);
        Ok(map)
    }

    /// Makes one of boot's areas. One that this layout has no place for is left out.
    fn boot_area<M: Machine>(&self, mem: &Memory<M>, range: VirtRange, boot: &BootArea) -> Result<(), AllocError> {
        let Some(virt) = &self.virt else { return Ok(()) };
        let (phys, flags, prot) = match boot.kind {
            BootAreaKind::Io(phys) => (phys, VmFlags::IOREMAP, Prot::KERNEL_IO),
            BootAreaKind::StaticIo(phys) => (phys, VmFlags::IOREMAP | VmFlags::NO_GUARD, Prot::KERNEL_IO),
            BootAreaKind::StaticHole => (0, VmFlags::IOREMAP | VmFlags::KEPT | VmFlags::NO_GUARD, Prot::empty()),
            BootAreaKind::PerCpu => (0, VmFlags::ALLOC | VmFlags::KEPT | VmFlags::NO_GUARD, Prot::empty()),
            BootAreaKind::Pages => (0, VmFlags::ALLOC, Prot::KERNEL),
            BootAreaKind::Image(phys) => (phys, VmFlags::MAP | VmFlags::NO_GUARD, Prot::KERNEL_EXEC),
            BootAreaKind::FreedImage(phys) => (phys, VmFlags::MAP | VmFlags::KEPT | VmFlags::NO_GUARD, Prot::empty()),
        };
        let start = match boot.at {
            AreaPlace::FromStart(bytes) => range.start.offset(bytes),
            AreaPlace::At(addr) => VirtAddr::new(addr),
        };
        let area = VmArea {
            start,
            bytes: boot.bytes,
            phys: PhysAddr::new(phys),
            flags: flags | VmFlags::UNLIST,
            prot,
            caller: Name::new(boot.caller),
            ..VmArea::default()
        };
        let area = match virt.areas.insert_at(mem, area) {
            Ok(area) => area,
            Err(AllocError::NoAddressSpace { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let pages = area.mapped_bytes() >> PAGE_SHIFT;
        if boot.kind == BootAreaKind::Pages {
            return self.fill_area(
                mem,
                &virt.tables,
                area,
                pages,
                Request::new(Gfp::KERNEL | Gfp::HIGHMEM, Order::ZERO),
            );
        }
        let page = |index| Pfn::new((phys >> PAGE_SHIFT) + index);
        let mapped = virt.tables.map_pages(mem, area.start, pages, prot, page);
        self.finish(mem, &area, mapped).map(|_| ())
    }

    /// Returns the page tables; `None` without an MMU.
    pub fn tables(&self) -> Option<&PageTables> {
        self.virt.as_ref().map(|virt| &virt.tables)
    }
    /// Returns where the root table lies; `None` without an MMU.
    pub fn root(&self) -> Option<PhysAddr> {
        self.tables().map(PageTables::root)
    }
    /// Translates a kernel or user address by the page tables; without an MMU an address is what it says.
    pub fn translate<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr) -> Option<Translation> {
        match &self.virt {
            Some(virt) => virt.tables.translate(mem, va),
            None => {
                let phys = mem.virt_to_phys(va)?;
                Some(Translation { phys, page_bytes: PAGE_SIZE, prot: Prot::KERNEL_EXEC })
            }
        }
    }
    /// Walks the page tables and records each level; `None` without an MMU.
    pub fn walk<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr) -> Option<Walk> {
        self.virt.as_ref().map(|virt| virt.tables.walk(mem, va))
    }
    /// Returns the physical address behind any kernel address, by a walk of the tables.
    pub fn vmalloc_to_phys<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Option<PhysAddr> {
        self.translate(mem, addr).map(|found| found.phys)
    }

    /// Returns the addresses between the end of the direct map and the first range above it; empty where none is above.
    fn gap(&self) -> VirtRange {
        let start = self.layout.high_memory;
        let ranges = [self.layout.vmalloc, self.layout.modules].into_iter().flatten();
        let above = ranges.filter(|range| range.bytes() > 0 && range.start >= start).map(|range| range.start).min();
        VirtRange { start, end: above.unwrap_or(start) }
    }

    /// Returns where modules take their memory from.
    pub fn module_space(&self) -> Space {
        let own = self.virt.as_ref().is_some_and(|virt| virt.areas.counts(Space::Modules).range.bytes() > 0);
        if own {
            Space::Modules
        } else {
            Space::Vmalloc
        }
    }
    /// True for an address of the vmalloc or module range: `is_vmalloc_or_module_addr`.
    pub fn is_vmalloc_or_module(&self, addr: VirtAddr) -> bool {
        let ranges = [self.layout.vmalloc, self.layout.modules];
        ranges.into_iter().flatten().any(|range| range.contains(addr))
    }
    /// True for an address of the vmalloc range: `is_vmalloc_addr`.
    pub fn is_vmalloc(&self, addr: VirtAddr) -> bool {
        self.layout.vmalloc.is_some_and(|range| range.contains(addr))
    }
    /// Returns the areas of all ranges by address, those being made or freed included (see their flags).
    pub fn areas(&self) -> impl Iterator<Item = VmArea> + '_ {
        let mut at = Some(VirtAddr::new(0));
        core::iter::from_fn(move || {
            let area = self.virt.as_ref()?.areas.at_or_above(at?)?;
            at = (area.end() > area.start).then(|| area.end());
            Some(area)
        })
    }
    /// Finds the area that holds `addr`, in its guard page too.
    pub fn find_area(&self, addr: VirtAddr) -> Option<VmArea> {
        self.virt.as_ref()?.areas.find(addr)
    }
    /// Returns what a range has and holds. Without an MMU everything is 0.
    pub fn counts(&self, space: Space) -> SpaceCounts {
        self.virt.as_ref().map(|virt| virt.areas.counts(space)).unwrap_or_default()
    }
    /// Returns the pages that vmalloc areas own: `nr_vmalloc_pages`.
    pub fn vmalloc_pages(&self) -> u64 {
        self.vmalloc_pages.load(Ordering::Relaxed).into()
    }
}
