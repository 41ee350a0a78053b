//! The address space of a machine as a list of regions, unused ones included, each with what it is for.

use kmem::boot::layout::VirtRange;
use kmem::boot::Plan;
use kmem::Profile;

/// A region of virtual addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// The kernel's name for it, as boot logs have it.
    pub name: &'static str,
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
    /// What it is for.
    pub about: String,
    /// True for a section of the kernel image, which lies inside the direct map.
    pub inside: bool,
}

impl Region {
    /// Returns the number of bytes.
    pub fn bytes(&self) -> u64 {
        self.end - self.start
    }
}

/// Lists the regions, lowest first, from 0 to the end of the address space.
pub fn regions(profile: &'static Profile, plan: &Plan) -> Vec<Region> {
    let mut regions = whole(profile, plan);
    regions.retain(|region| region.start < region.end);
    regions.sort_by_key(|region| region.start);
    let mut all: Vec<Region> = Vec::new();
    let mut at = 0;
    for region in regions {
        push_unused(&mut all, at, region.start);
        at = region.end.max(at);
        let inside = sections(profile, &region);
        all.push(region);
        all.extend(inside);
    }
    let top = if profile.word_bytes == 4 { 1 << 32 } else { u64::MAX };
    push_unused(&mut all, at, top);
    all
}

fn region(name: &'static str, range: VirtRange, about: impl Into<String>) -> Region {
    Region { name, start: range.start.raw(), end: range.end.raw(), about: about.into(), inside: false }
}

fn push_unused(all: &mut Vec<Region>, start: u64, end: u64) {
    if start < end {
        all.push(region("-", VirtRange::new(start, end), "unused"));
    }
}

/// The regions that the layout names.
fn whole(profile: &'static Profile, plan: &Plan) -> Vec<Region> {
    let layout = &plan.layout;
    let Some(vmalloc) = layout.vmalloc else {
        let about = "RAM: without an MMU an address is a physical one";
        return vec![region("lowmem", layout.lowmem, about)];
    };
    let distance = profile.page_offset.raw().wrapping_sub(profile.phys_offset.raw());
    // Where areas have places of their own, what lies between is no gap of the kernel's.
    let gap_end = if layout.vmemmap.is_some() { layout.high_memory } else { vmalloc.start };
    let gap = VirtRange::new(layout.high_memory.raw(), gap_end.raw());
    let modules = layout.modules.filter(|modules| !vmalloc.contains(modules.start));
    let with_modules = if layout.modules.is_some() && modules.is_none() { ", modules" } else { "" };
    let mut regions = vec![
        region("user", VirtRange::new(0, profile.task_size), "processes"),
        region("lowmem", layout.lowmem, format!("direct map: RAM, at its physical address + {distance:#x}")),
        region("gap", gap, "catches accesses past the end of the direct map"),
        region("vmalloc", vmalloc, format!("vmalloc, vmap, ioremap{with_modules}: page by page")),
    ];
    let others = [
        ("modules", modules, "code and data of modules"),
        ("vmemmap", layout.vmemmap, "page structures of all possible RAM"),
        (
            "image",
            image(profile).filter(|it| !vmalloc.contains(it.start)),
            "the kernel itself, mapped apart from the direct map",
        ),
        ("pkmap", layout.pkmap, "kmap: pages of high memory"),
        ("fixmap", layout.fixmap, "kmap_atomic, kmap_local, and pages at fixed addresses"),
        ("vector", layout.vectors, "exception vectors"),
    ];
    regions.extend(others.into_iter().filter_map(|(name, range, about)| Some(region(name, range?, about))));
    regions
}

/// The kernel image, where it is not a part of the direct map.
fn image(profile: &'static Profile) -> Option<VirtRange> {
    profile.layout.image_distance()?;
    let (first, last) = (profile.image.sections.first()?, profile.image.sections.last()?);
    Some(VirtRange::new(first.start, last.end))
}

/// The sections of the kernel image that lie in a region.
fn sections(profile: &'static Profile, region: &Region) -> Vec<Region> {
    let about = |name| match name {
        ".text" => "the kernel's code",
        ".init" => "code and data for boot only, freed at its end",
        ".rodata" => "the kernel's constants",
        ".data" => "the kernel's data",
        ".bss" => "the kernel's zeroed data",
        _ => "part of the kernel image",
    };
    let sections = profile.image.sections.iter();
    let mut sections: Vec<Region> = sections
        .filter(|section| {
            matches!(region.name, "lowmem" | "image" | "vmalloc")
                && region.start <= section.start
                && section.end <= region.end
        })
        .map(|section| Region {
            name: section.name,
            start: section.start,
            end: section.end,
            about: about(section.name).into(),
            inside: true,
        })
        .collect();
    sections.sort_by_key(|section| section.start);
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::boot::{plan, BootParams};
    use kmem::profile::PROFILES;

    #[test]
    fn regions_cover_the_address_space_without_overlap() {
        for profile in PROFILES {
            let plan = plan(profile, &BootParams::new(profile)).unwrap_or_else(|error| panic!("{error}"));
            let mut at = 0;
            for region in regions(profile, &plan).iter().filter(|region| !region.inside) {
                assert_eq!(region.start, at, "{} {}", profile.name, region.name);
                at = region.end;
            }
            let end = if profile.word_bytes == 4 { 1 << 32 } else { u64::MAX };
            assert_eq!(at, end, "{}", profile.name);
        }
    }
}
