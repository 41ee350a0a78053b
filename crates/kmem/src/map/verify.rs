//! Page tables against everything that says what they should hold.
//!
//! # Invariants
//! - **M1** The direct map maps all RAM in low memory, each byte where it belongs, and no hole.
//! - **M2** Every page of an area is mapped, an I/O area's to its device; none of an area that only keeps addresses. No
//!   area is half made or half freed.
//! - **M3** Nothing else is mapped in the ranges: no guard page, no hole, not the gap below.
//! - **M4** The image is mapped where it was linked, but for what boot freed.
//! - **V1**, **A1**–**A5**, **T1**–**T3**, **K1**, **K2**, **F1**: where the structures are.

use super::page_array::PageArray;
use super::vm_area::{Space, VmArea, VmFlags};
use super::{Map, Virt};
use crate::boot::layout::VirtRange;
use crate::boot::memblock::RangeList;
use crate::error::Broken;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::units::{PhysAddr, VirtAddr, PAGE_SIZE};

impl Map {
    /// Checks page tables, areas, kmap and fixmap slots against each other. Nothing may be mapped meanwhile.
    /// O(mapped pages + tables).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify<M: Machine>(&self, mem: &Memory<M>) -> Result<(), Broken> {
        let Some(virt) = &self.virt else { return Ok(()) };
        virt.areas.verify()?;
        virt.tables.verify(mem)?;
        let direct = mem.profile.page_offset.raw().wrapping_sub(mem.profile.phys_offset.raw());
        verify_linear(mem, virt, "map M1", &self.direct, direct)?;
        verify_linear(mem, virt, "map M4", &self.image, mem.profile.layout.image_distance().unwrap_or(direct))?;
        let vmalloc = virt.areas.counts(Space::Vmalloc).range;
        let gap = self.gap();
        verify_empty(mem, virt, gap.start, gap.end)?;
        verify_range(mem, virt, vmalloc)?;
        verify_range(mem, virt, virt.areas.counts(Space::Modules).range)?;
        virt.pkmap.verify(mem, &virt.tables)?;
        virt.fixmap.verify(mem, &virt.tables)
    }
}

/// Checks that physical ranges are mapped at a constant distance, and nothing between them.
fn verify_linear<M: Machine>(
    mem: &Memory<M>,
    virt: &Virt,
    what: &'static str,
    ranges: &RangeList,
    distance: u64,
) -> Result<(), Broken> {
    let broken = |at: VirtAddr, found, expected| Err(Broken { what, at: at.raw(), found, expected });
    let to_virt = |addr: PhysAddr| VirtAddr::new(addr.raw()).offset(distance);
    let mut before = None;
    for range in ranges.as_slice() {
        let (mut at, end) = (to_virt(range.start), to_virt(range.end));
        if let Some((va, found)) = before.and_then(|before| virt.tables.next_mapped(mem, before, at)) {
            return broken(va, found.phys.raw(), 0);
        }
        before = Some(end);
        while at < end {
            let found = virt.tables.next_mapped(mem, at, end);
            let expected = at.raw().wrapping_sub(distance);
            match found {
                Some((va, found)) if va == at && found.phys.raw() == expected => {
                    at = VirtAddr::new(at.raw() | (found.page_bytes - 1)).offset(1);
                }
                _ => return broken(at, found.map_or(0, |(_, found)| found.phys.raw()), expected),
            }
        }
    }
    Ok(())
}

fn verify_empty<M: Machine>(mem: &Memory<M>, virt: &Virt, start: VirtAddr, end: VirtAddr) -> Result<(), Broken> {
    match virt.tables.next_mapped(mem, start, end) {
        None => Ok(()),
        Some((va, found)) => Err(Broken { what: "map M3", at: va.raw(), found: found.phys.raw(), expected: 0 }),
    }
}

fn verify_range<M: Machine>(mem: &Memory<M>, virt: &Virt, range: VirtRange) -> Result<(), Broken> {
    let mut at = range.start;
    while at < range.end {
        let next = virt.areas.at_or_above(at).filter(|area| area.start < range.end);
        verify_empty(mem, virt, at, next.map_or(range.end, |area| area.start))?;
        let Some(area) = next else { break };
        verify_area(mem, virt, &area)?;
        verify_empty(mem, virt, area.start.offset(area.mapped_bytes()), area.end())?;
        at = area.end();
    }
    Ok(())
}

fn verify_area<M: Machine>(mem: &Memory<M>, virt: &Virt, area: &VmArea) -> Result<(), Broken> {
    let broken = |what, at: VirtAddr, found, expected| Err(Broken { what, at: at.raw(), found, expected });
    if area.flags.intersects(VmFlags::UNLIST | VmFlags::DYING) {
        return broken("map M2", area.start, area.flags.bits().into(), 0);
    }
    let pages = area.mapped_bytes() / PAGE_SIZE;
    let owns = area.flags.contains(VmFlags::ALLOC) && !area.flags.contains(VmFlags::KEPT);
    if owns && u64::from(area.nr_pages) != pages {
        return broken("vmalloc V1", area.start, area.nr_pages.into(), pages);
    }
    let array = PageArray { at: area.pages_at };
    for index in 0..pages {
        let at = area.start.offset(index * PAGE_SIZE);
        let Some(found) = virt.tables.translate(mem, at) else {
            return broken("map M2", at, 0, 1);
        };
        if area.flags.contains(VmFlags::IOREMAP) {
            let expected = area.phys.offset(index * PAGE_SIZE);
            if found.phys != expected {
                return broken("map M2", at, found.phys.raw(), expected.raw());
            }
        } else if owns {
            let expected = array.get(mem, &virt.tables, index).map(|pfn| pfn.phys());
            if expected != Some(found.phys) {
                return broken("vmalloc V1", at, found.phys.raw(), expected.unwrap_or_default().raw());
            }
        }
    }
    Ok(())
}
