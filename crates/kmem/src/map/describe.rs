//! What an address is: the sentence in a report about a wild access.

use super::fixmap::FixmapSlot;
use super::freed::FreedArea;
use super::kmap::KmapSlot;
use super::vm_area::{VmArea, VmFlags};
use super::Map;
use crate::boot::layout::VirtRange;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::profile::Section;
use crate::units::{Pfn, PhysAddr, VirtAddr, PAGE_SIZE};
use core::fmt;

/// What lies at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The first page of the address space, where a NULL pointer with an offset leads.
    NullPage,
    /// The user half.
    User {
        /// The page that is mapped there.
        page: Option<Pfn>,
    },
    /// The direct map.
    DirectMap {
        /// The physical address behind it.
        phys: PhysAddr,
    },
    /// In the direct map, where there is no RAM.
    NoRam {
        /// The physical address that would be behind it.
        phys: PhysAddr,
    },
    /// The kernel image, where it lies outside the direct map.
    Image {
        /// The section.
        section: &'static str,
        /// False when boot has freed it.
        is_mapped: bool,
    },
    /// The gap between the direct map and the first range above it.
    Gap,
    /// Inside an area.
    Area(VmArea),
    /// The guard page behind an area.
    Guard(VmArea),
    /// Where an area was until it was freed.
    Freed(FreedArea),
    /// Between areas, where lately none was.
    Hole(VirtRange),
    /// The pkmap window.
    Pkmap {
        /// The number of the slot.
        slot: u32,
        /// What it has.
        page: Option<KmapSlot>,
    },
    /// The fixmap.
    Fixmap {
        /// Whose slot it is; `None` where no CPU's is.
        slot: Option<FixmapSlot>,
        /// The page that is mapped there.
        page: Option<Pfn>,
    },
    /// The exception vectors.
    Vectors,
    /// Nothing of the kernel's.
    Nothing,
}

impl Map {
    /// Says what lies at `addr`. Takes the lock of the areas, nothing else: not for a handler that may have interrupted
    /// the engine itself.
    pub fn describe<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> What {
        if addr.raw() < PAGE_SIZE && self.virt.is_some() {
            return What::NullPage;
        }
        if let Some(phys) = mem.virt_to_phys(addr) {
            let is_mapped = self.virt.is_none() || self.direct.as_slice().iter().any(|range| range.contains(phys));
            return if is_mapped { What::DirectMap { phys } } else { What::NoRam { phys } };
        }
        let Some(virt) = &self.virt else { return What::Nothing };
        if mem.profile.layout.image_distance().is_some() {
            let inside = |section: &&Section| (section.start..section.end).contains(&addr.raw());
            if let Some(section) = mem.profile.image.sections.iter().find(inside) {
                let is_mapped = virt.tables.translate(mem, addr).is_some();
                return What::Image { section: section.name, is_mapped };
            }
        }
        let page = || virt.tables.translate(mem, addr).map(|found| Pfn::containing(found.phys));
        if let Some(area) = virt.areas.find(addr) {
            let is_inside = area.flags.contains(VmFlags::KEPT) || addr < area.start.offset(area.mapped_bytes());
            return if is_inside { What::Area(area) } else { What::Guard(area) };
        }
        if let Some(hole) = virt.areas.hole(addr) {
            return virt.areas.freed(addr).map_or(What::Hole(hole), What::Freed);
        }
        if let Some(slot) = virt.pkmap.slot_of(addr) {
            return What::Pkmap { slot, page: virt.pkmap.describe(slot) };
        }
        let is_in = |range: Option<VirtRange>| range.is_some_and(|range| range.contains(addr));
        if is_in(self.layout.fixmap) {
            return What::Fixmap { slot: virt.fixmap.slot_of(addr), page: page() };
        }
        if is_in(self.layout.vectors) {
            return What::Vectors;
        }
        if addr.raw() < mem.profile.task_size {
            return What::User { page: page() };
        }
        if self.gap().contains(addr) {
            return What::Gap;
        }
        What::Nothing
    }
}

fn write_area(f: &mut fmt::Formatter<'_>, area: &VmArea) -> fmt::Result {
    let pages = area.mapped_bytes() / PAGE_SIZE;
    let kind = if area.flags.contains(VmFlags::KEPT) {
        "kept addresses"
    } else if area.flags.contains(VmFlags::IOREMAP) {
        "ioremap area"
    } else if area.flags.contains(VmFlags::MAP) {
        "vmap area"
    } else {
        "vmalloc area"
    };
    let s = if pages == 1 { "" } else { "s" };
    write!(f, "{kind} at {} of {pages} page{s}", area.start)?;
    write_by(f, "allocated by", area.caller.as_str())
}
fn write_by(f: &mut fmt::Formatter<'_>, what: &str, who: &str) -> fmt::Result {
    if who.is_empty() {
        Ok(())
    } else {
        write!(f, ", {what} {who}")
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NullPage => f.write_str("the page at address 0 (a NULL pointer)"),
            Self::User { page: Some(_) } => f.write_str("a user address, mapped"),
            Self::User { page: None } => f.write_str("a user address, not mapped"),
            Self::DirectMap { phys } => write!(f, "the direct map, physical address {phys}"),
            Self::NoRam { phys } => write!(f, "a hole of the direct map, physical address {phys} is no RAM"),
            Self::Image { section, is_mapped: true } => write!(f, "the kernel image, {section}"),
            Self::Image { section, is_mapped: false } => write!(f, "the kernel image, {section}, freed after boot"),
            Self::Gap => f.write_str("the gap between the direct map and the vmalloc range"),
            Self::Area(area) => {
                f.write_str("the ")?;
                write_area(f, area)
            }
            Self::Guard(area) => {
                f.write_str("the guard page behind the ")?;
                write_area(f, area)
            }
            Self::Freed(area) => {
                write!(f, "the freed area at {} of {} bytes", area.start, area.bytes)?;
                write_by(f, "allocated by", area.allocated_by.as_str())?;
                write_by(f, "freed by", area.freed_by.as_str())
            }
            Self::Hole(hole) => write!(f, "a hole between vm areas, {} to {}", hole.start, hole.end),
            Self::Pkmap { slot, page: Some(page) } => {
                write!(f, "pkmap slot {slot}, pfn {:#x}, {} users", page.pfn.raw(), page.users)
            }
            Self::Pkmap { slot, page: None } => write!(f, "pkmap slot {slot}, empty"),
            Self::Fixmap { slot: Some(slot), .. } => write!(f, "fixmap slot {} of CPU {}", slot.slot, slot.cpu),
            Self::Fixmap { slot: None, .. } => f.write_str("the fixmap"),
            Self::Vectors => f.write_str("the exception vectors"),
            Self::Nothing => f.write_str("no region of the kernel"),
        }
    }
}
