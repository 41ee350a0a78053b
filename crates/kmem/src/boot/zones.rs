//! Zones: where each begins and ends, what it holds, what of that is free.
//!
//! Zones follow one another: below 16 MiB for old devices, up to the end of the direct map, up to the end of RAM; which
//! ones there are is the profile's. Each node has all of them, cut where the node begins and ends. `kernelcore=` and
//! `movablecore=` cut ZONE_MOVABLE off the end of the last.
//!
//! Sources: `mm/page_alloc.c` of 6.1 (`free_area_init`, `calculate_node_totalpages`), `mm/mm_init.c` of 6.12
//! (`calc_nr_kernel_pages`), `mm/vmstat.c` (`pagetypeinfo_showblockcount_print`), `mm/page_alloc.c`
//! of 3.4 (`free_area_init_core`, which takes the mem_map off `present_pages`) and of 2.6.11 (the same function, which
//! does not look for holes).

use super::cmdline::CommandLine;
use super::memblock::whole_pages;
use super::Plan;
use crate::profile::{HashPages, Present, Profile, ZoneKind, ZoneLimit, MAX_NODES, MAX_ZONES};
use crate::units::{align_down, align_up, Pfn, PhysRange, PAGE_SHIFT, PAGE_SIZE};

/// Pages of each zone of each node; the order of the zones is the profile's.
pub type ZonePages = [[u64; MAX_ZONES]; MAX_NODES];

/// One zone as boot sets it up. Pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanZone {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: ZoneKind,
    /// Its node.
    pub node: u32,
    /// Its first frame; 0 for an empty zone.
    pub start: Pfn,
    /// From its first frame to its last, holes included.
    pub spanned: u64,
    /// `present_pages`, as this kernel counts them.
    pub present: u64,
    /// RAM in it.
    pub ram: u64,
    /// What its part of the mem_map takes.
    pub mem_map_pages: u64,
    /// Free when the page allocator takes over.
    pub initial_free: u64,
    /// Of it, the area for contiguous blocks.
    pub cma: u64,
    /// Of it, huge pages that were taken before the page allocator ran.
    pub gigantic: u64,
    /// What the formula for `lowmem_reserve` counts at boot, and with `gigantic` those for watermarks and lists:
    /// `page/watermark.rs`.
    pub tuned: u64,
    /// Managed by the page allocator when boot is over.
    pub managed: u64,
}

impl PlanZone {
    /// Returns the bytes that it spans.
    pub fn range(&self) -> PhysRange {
        let start = self.start.raw() << PAGE_SHIFT;
        PhysRange::new(start, start + (self.spanned << PAGE_SHIFT))
    }
    /// Returns what the formulas for watermarks and lists count when they are applied again later.
    pub fn tuned_later(&self, present: Present) -> u64 {
        if present == Present::Ram {
            self.managed
        } else {
            self.present
        }
    }
}

pub(super) const EMPTY_ZONE: PlanZone = PlanZone {
    name: "",
    kind: ZoneKind::Normal,
    node: 0,
    start: Pfn::new(0),
    spanned: 0,
    present: 0,
    ram: 0,
    mem_map_pages: 0,
    initial_free: 0,
    cma: 0,
    gigantic: 0,
    tuned: 0,
    managed: 0,
};

/// Pages of the first MiB.
const FIRST_MIB_PAGES: u64 = (1 << 20) >> PAGE_SHIFT;

impl Plan {
    /// Cuts the RAM of each node into zones: start, span, RAM.
    pub(super) fn cut_zones(&mut self, profile: &Profile, cmdline: CommandLine<'_>) {
        let movable = self.movable_starts(profile, cmdline);
        let first = self.memblock.memory().as_slice().first().map_or(0, |range| range.start.raw());
        let first = align_up(first, PAGE_SIZE) >> PAGE_SHIFT;
        for node in 0..self.nodes() {
            let at = node as usize * self.zones_a_node;
            let node_start = self.node_memory(node).map(|(from, _)| from).min().unwrap_or(0);
            let node_end = self.node_memory(node).map(|(_, to)| to).max().unwrap_or(0);
            let mut start = first;
            for (index, spec) in profile.zones.iter().take(MAX_ZONES).enumerate() {
                let limit = match spec.limit {
                    ZoneLimit::At(addr) => addr,
                    ZoneLimit::LowEnd => self.layout.low.end.raw(),
                    ZoneLimit::RamEnd => self.layout.ram_end.raw(),
                    ZoneLimit::Empty => start << PAGE_SHIFT,
                };
                let limit = (limit >> PAGE_SHIFT).max(start);
                let (mut from, mut to) = (start.clamp(node_start, node_end), limit.clamp(node_start, node_end));
                start = limit;
                match movable[node as usize] {
                    Some(movable) if spec.kind == ZoneKind::Movable => (from, to) = (movable, node_end),
                    Some(movable) => (from, to) = (from.min(movable), to.min(movable)),
                    None => (),
                }
                let pages = |(a, b): (u64, u64)| b.min(to).saturating_sub(a.max(from));
                let ram = self.node_memory(node).map(pages).sum();
                let zone = &mut self.zones[at + index];
                *zone = PlanZone { name: spec.name, kind: spec.kind, node, ..EMPTY_ZONE };
                if ram > 0 {
                    (zone.start, zone.spanned, zone.ram) = (Pfn::new(from), to - from, ram);
                }
            }
        }
    }

    /// Returns the number of pageblocks of a zone, as `/proc/pagetypeinfo` counts them: from the zone's first frame on, in
    /// steps of a block, where there are page structures.
    pub fn pageblocks(&self, profile: &Profile, zone: &PlanZone) -> u64 {
        let (start, end) = (zone.start.raw(), zone.start.raw() + zone.spanned);
        let block = profile.pageblock_order.pages();
        let Some(section) = profile.counting.section_bytes else {
            return zone.spanned.div_ceil(block);
        };
        let section = section >> PAGE_SHIFT;
        // Blocks that begin below a frame, counted from the zone's start.
        let below = |frame: u64| frame.clamp(start, end).saturating_sub(start).div_ceil(block);
        self.sections(section).map(|(from, to)| below(to * section) - below(from * section)).sum()
    }

    /// True when there is a page structure for a frame of a zone: everywhere without sections, else where a section holds
    /// RAM.
    pub fn has_page_structure(&self, profile: &Profile, pfn: Pfn) -> bool {
        let Some(section) = profile.counting.section_bytes else { return true };
        let at = pfn.raw() / (section >> PAGE_SHIFT);
        self.sections(section >> PAGE_SHIFT).any(|(from, to)| (from..to).contains(&at))
    }

    /// Counts the page structures of a stretch that holds no RAM. Without sections there are some from the array's begin on
    /// to the end of the pageblock in which RAM ends; with them, where a section holds RAM elsewhere; on ARM, which looks
    /// closer, where a pageblock does (`init_unavailable_range`, `pfn_valid`).
    pub fn structures_between(&self, profile: &Profile, from: Pfn, to: Pfn) -> u64 {
        let overlap = |(start, end): (u64, u64)| end.min(to.raw()).saturating_sub(start.max(from.raw()));
        let by_block = profile.counting.looks_into_holes.then_some(profile.pageblock_order.bytes());
        match profile.counting.section_bytes.or(by_block) {
            Some(bytes) => {
                let section = bytes >> PAGE_SHIFT;
                self.sections(section).map(|(first, end)| overlap((first * section, end * section))).sum()
            }
            None => {
                let first = self.zones().iter().filter(|zone| zone.spanned > 0).map(|zone| zone.start.raw()).min();
                let first = align_down(first.unwrap_or(0), profile.top_order.pages());
                let end = self.layout.ram_end.raw() >> PAGE_SHIFT;
                overlap((first, align_up(end, profile.pageblock_order.pages())))
            }
        }
    }

    /// Returns one past the last frame that a section describes; without sections, 0.
    pub fn structures_end(&self, profile: &Profile) -> Pfn {
        let section = profile.counting.section_bytes.map_or(0, |bytes| bytes >> PAGE_SHIFT);
        let end = if section == 0 { 0 } else { self.sections(section).map(|(_, end)| end).max().unwrap_or(0) };
        Pfn::new(end * section)
    }

    /// Returns the sections that hold RAM, as runs: first, and one past the last. No section is in two runs.
    fn sections(&self, section: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut done = 0;
        self.memblock.memory().as_slice().iter().map(move |range| {
            let from = (range.start.raw() >> PAGE_SHIFT) / section;
            let to = (range.end.raw().div_ceil(PAGE_SIZE)).div_ceil(section);
            let run = (from.max(done), to.max(done));
            done = done.max(to);
            run
        })
    }

    /// Counts what the page structures take and what the kernel calls present.
    pub(super) fn count_pages(&mut self, profile: &Profile) {
        let counting = profile.counting;
        let structure = u64::from(profile.struct_page);
        let populated = || self.zones().iter().filter(|zone| zone.spanned > 0);
        let mut start = populated().map(|zone| zone.start.raw()).min().unwrap_or(0);
        let mut end = populated().map(|zone| zone.start.raw() + zone.spanned).max().unwrap_or(0);
        if counting.mem_map_whole_blocks {
            start = align_down(start, profile.top_order.pages());
            end = align_up(end, profile.top_order.pages());
        }
        let described = match counting.section_bytes {
            None => end - start,
            Some(bytes) => {
                self.sections(bytes >> PAGE_SHIFT).map(|(from, to)| to - from).sum::<u64>() * (bytes >> PAGE_SHIFT)
            }
        };
        self.mem_map_bytes = (described + counting.mem_map_spare) * structure;
        let count = self.zones().len();
        for zone in &mut self.zones[..count] {
            // With sections, holes cost little.
            let sparse = counting.section_bytes.is_some() && zone.spanned > zone.ram + (zone.ram >> 4);
            let described = if sparse { zone.ram } else { zone.spanned };
            let pages = (described * structure).div_ceil(PAGE_SIZE);
            zone.mem_map_pages = pages;
            zone.present = match counting.present {
                Present::Spanned => zone.spanned,
                Present::LessMemMap if zone.ram >= pages => zone.ram - pages,
                Present::LessMemMap | Present::Ram => zone.ram,
            };
        }
        let high = self.movable_is_high();
        let is_low = |zone: &&PlanZone| zone.kind <= ZoneKind::Normal || (zone.kind == ZoneKind::Movable && !high);
        let rule = profile.image.hashes;
        // The first MiB is held by then (x86-64, `memblock_find_dma_reserve`).
        let first_mib = |&(from, to): &(u64, u64)| to.min(FIRST_MIB_PAGES).saturating_sub(from);
        let held_at = |zone: &PlanZone| match rule.less_first_mib && zone.start.raw() < FIRST_MIB_PAGES {
            true => self.node_memory(zone.node).map(|range| first_mib(&range)).sum(),
            false => 0,
        };
        let less = |zone: &PlanZone| {
            zone.ram.checked_sub(zone.mem_map_pages).unwrap_or(zone.ram).saturating_sub(held_at(zone))
        };
        let low_less: u64 = self.zones().iter().filter(is_low).map(less).sum();
        let low_present = || self.zones().iter().filter(is_low).map(|zone| zone.present).sum::<u64>();
        let mut kernel_pages = match rule.counts {
            HashPages::LessMemMap => low_less,
            HashPages::Present => low_present(),
            HashPages::Free => {
                let image = &profile.image;
                let sections = if counting.section_bytes.is_some() { self.mem_map_bytes } else { 0 };
                low_present().saturating_sub((image.end - image.start + image.initrd_bytes + sections) >> PAGE_SHIFT)
            }
        };
        // From 6.12 on the mem_map counts as any other early allocation.
        let charges = rule.counts != HashPages::Free;
        let mut total_pages = if charges { low_less } else { low_present() };
        for zone in self.zones().iter().filter(|zone| !is_low(zone)) {
            total_pages += zone.ram;
            if rule.charges_high && zone.ram > 0 && kernel_pages > 2 * zone.mem_map_pages {
                kernel_pages -= zone.mem_map_pages;
            }
        }
        self.total_pages = total_pages;
        self.kernel_pages = kernel_pages;
    }

    /// Counts what is free in each zone, now and later.
    pub(super) fn count_free(&mut self, profile: &Profile) {
        let count = self.zones().len();
        for at in 0..count {
            let range = self.zones[at].range();
            let (from, to) = (range.start.raw() >> PAGE_SHIFT, range.end.raw() >> PAGE_SHIFT);
            let initial = pages_between(self.free_ranges(), from, to);
            let cma = pages_between(self.cma(), from, to);
            let gigantic = pages_between(self.gigantic(), from, to);
            let early = initial + cma + pages_between(self.freed_early(), from, to);
            let managed = early + gigantic + pages_between(self.freed_late(), from, to);
            let zone = &mut self.zones[at];
            (zone.initial_free, zone.cma, zone.gigantic, zone.managed) = (initial, cma, gigantic, managed);
            zone.tuned = if profile.counting.present == Present::Ram { early } else { zone.present };
        }
        let ram: u64 = self.zones().iter().map(|zone| zone.ram).sum();
        let free: u64 = self.zones().iter().map(|zone| zone.initial_free).sum();
        self.reserved_pages = ram.saturating_sub(free);
    }
}

/// Counts the whole pages of `ranges` between two frames.
fn pages_between(ranges: impl Iterator<Item = PhysRange>, from: u64, to: u64) -> u64 {
    ranges
        .map(|range| {
            let range = whole_pages(range);
            let start = (range.start.raw() >> PAGE_SHIFT).max(from);
            let end = (range.end.raw() >> PAGE_SHIFT).min(to);
            end.saturating_sub(start)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{plan, BootParams};
    use crate::profile::{i386_pae_6_1, msm8x25, uclinux_2_6};

    fn planned(profile: &Profile, cmdline: &str) -> Plan {
        plan(profile, &BootParams { cmdline, ..BootParams::new(profile) }).expect("a machine that can be")
    }

    #[test]
    fn page_structures_of_whole_blocks_or_not() {
        // From frame 1 on, rounded down to 0: the log of a capture has 20971520 bytes.
        assert_eq!(planned(&i386_pae_6_1::PROFILE, "").mem_map_bytes, 20_971_520);
        // RAM begins at 2 MiB, its first block at 0; it ends at 0x40200000, its last block at 0x40400000.
        assert_eq!(planned(&msm8x25::PROFILE, "").mem_map_bytes, 0x4_0400 * 32);
        assert_eq!(planned(&uclinux_2_6::PROFILE, "").mem_map_bytes, (4096 + 1) * 32);
    }
}
