//! Zones: where each begins and ends, what it holds, what of that is free.
//!
//! Zones follow one another: below 16 MiB for old devices, up to the end of the direct map, up to the end of RAM; which
//! ones there are is the profile's. `kernelcore=` and `movablecore=` cut ZONE_MOVABLE off the end of the last.
//!
//! Sources: `mm/page_alloc.c` of 6.1 (`free_area_init`, `calculate_node_totalpages`, `find_zone_movable_pfns_for_nodes`),
//! of 3.4 (`free_area_init_core`, which takes the mem_map off `present_pages`) and of 2.6.11 (the same function, which
//! does not look for holes).

use super::cmdline::CommandLine;
use super::layout::Layout;
use super::memblock::{whole_pages, RangeList};
use super::Plan;
use crate::profile::{Present, Profile, ZoneKind, ZoneLimit};
use crate::units::{align_down, align_up, Pfn, PhysRange, PAGE_SHIFT, PAGE_SIZE};

/// One zone as boot sets it up. Pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanZone {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: ZoneKind,
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
    /// What the formulas for watermarks and lists count at boot: [`crate::page::watermark`].
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
    start: Pfn::new(0),
    spanned: 0,
    present: 0,
    ram: 0,
    mem_map_pages: 0,
    initial_free: 0,
    tuned: 0,
    managed: 0,
};

impl Plan {
    /// Cuts the RAM into zones: start, span, RAM.
    pub(super) fn cut_zones(&mut self, profile: &Profile, cmdline: CommandLine<'_>) {
        let memory = self.memblock.memory();
        let first = memory.as_slice().first().map_or(0, |range| range.start.raw());
        let node_start = align_up(first, PAGE_SIZE) >> PAGE_SHIFT;
        let node_end = memory.end() >> PAGE_SHIFT;
        let movable = movable_start(profile, &self.layout, memory, cmdline);
        let mut start = 0;
        for (zone, spec) in self.zones.iter_mut().zip(profile.zones) {
            let limit = match spec.limit {
                ZoneLimit::At(addr) => addr,
                ZoneLimit::LowEnd => self.layout.low.end.raw(),
                ZoneLimit::RamEnd => self.layout.ram_end.raw(),
                ZoneLimit::Empty => start << PAGE_SHIFT,
            };
            let limit = (limit >> PAGE_SHIFT).max(start);
            let (mut from, mut to) = (start.clamp(node_start, node_end), limit.clamp(node_start, node_end));
            start = limit;
            match movable {
                Some(movable) if spec.kind == ZoneKind::Movable => (from, to) = (movable, node_end),
                Some(movable) => (from, to) = (from.min(movable), to.min(movable)),
                None => (),
            }
            let ram = pages_between(memory.as_slice().iter().copied(), from, to);
            *zone = PlanZone { name: spec.name, kind: spec.kind, ..EMPTY_ZONE };
            if ram > 0 {
                (zone.start, zone.spanned, zone.ram) = (Pfn::new(from), to - from, ram);
            }
        }
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
        self.mem_map_bytes = (end - start + counting.mem_map_spare) * structure;
        let count = self.zone_count;
        for zone in &mut self.zones[..count] {
            let pages = (zone.spanned * structure).div_ceil(PAGE_SIZE);
            zone.mem_map_pages = pages;
            zone.present = match counting.present {
                Present::Spanned => zone.spanned,
                Present::LessMemMap if zone.ram >= pages => zone.ram - pages,
                Present::LessMemMap | Present::Ram => zone.ram,
            };
        }
        let is_low = |zone: &&PlanZone| zone.kind != ZoneKind::HighMem && zone.kind != ZoneKind::Movable;
        let less = |zone: &PlanZone| zone.ram.checked_sub(zone.mem_map_pages).unwrap_or(zone.ram);
        let low_less: u64 = self.zones().iter().filter(is_low).map(less).sum();
        let rule = profile.image.hashes;
        let mut kernel_pages = if rule.less_mem_map {
            low_less
        } else {
            self.zones().iter().filter(is_low).map(|zone| zone.present).sum()
        };
        let mut total_pages = low_less;
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
        let count = self.zone_count;
        for at in 0..count {
            let range = self.zones[at].range();
            let (from, to) = (range.start.raw() >> PAGE_SHIFT, range.end.raw() >> PAGE_SHIFT);
            let initial = pages_between(self.free_ranges(), from, to);
            let early = initial + pages_between(self.freed_early(), from, to);
            let managed = early + pages_between(self.freed_late(), from, to);
            let zone = &mut self.zones[at];
            (zone.initial_free, zone.managed) = (initial, managed);
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

/// Returns the first frame of ZONE_MOVABLE where `kernelcore=` or `movablecore=` makes one.
///
/// The kernel's part is filled from the bottom of the highest ordinary zone; pages below that zone count first.
///
/// # Source
/// `mm/page_alloc.c`, `find_zone_movable_pfns_for_nodes`, for one node. `mirror` and percentages are not known here.
fn movable_start(profile: &Profile, layout: &Layout, memory: &RangeList, cmdline: CommandLine<'_>) -> Option<u64> {
    profile.zones.iter().find(|zone| zone.kind == ZoneKind::Movable)?;
    let block = profile.top_order.pages();
    let total = pages_between(memory.as_slice().iter().copied(), 0, u64::MAX);
    let for_movable = |bytes: u64| total - align_up((bytes >> PAGE_SHIFT).min(total), block).min(total);
    let movable = cmdline.size("movablecore").filter(|&bytes| bytes > 0).map(for_movable);
    let kernel = cmdline.size("kernelcore").filter(|&bytes| bytes > 0).map(|bytes| bytes >> PAGE_SHIFT);
    let wanted = movable.max(kernel).filter(|&pages| pages > 0 && pages < total)?;

    let end = memory.end() >> PAGE_SHIFT;
    let low_end = layout.low.end.raw() >> PAGE_SHIFT;
    let usable = highest_zone_start(profile, end, low_end);
    let (mut left, mut start) = (wanted, 0);
    for range in memory.as_slice() {
        let range = whole_pages(*range);
        let (mut from, to) = (range.start.raw() >> PAGE_SHIFT, range.end.raw() >> PAGE_SHIFT);
        if from < usable {
            left = left.saturating_sub(to.min(usable) - from);
            if to <= usable {
                start = to;
                continue;
            }
            from = usable;
        }
        let taken = (to - from).min(left);
        start = from + taken;
        left -= taken;
        if left == 0 {
            break;
        }
    }
    let start = align_up(start, block);
    (start < end).then_some(start)
}

/// Returns the first frame of the highest zone that RAM reaches.
fn highest_zone_start(profile: &Profile, end: u64, low_end: u64) -> u64 {
    let (mut start, mut highest) = (0, 0);
    for zone in profile.zones {
        let limit = match zone.limit {
            ZoneLimit::At(addr) => addr >> PAGE_SHIFT,
            ZoneLimit::LowEnd => low_end,
            ZoneLimit::RamEnd => end,
            ZoneLimit::Empty => start,
        }
        .clamp(start, end.max(start));
        if limit > start {
            highest = start;
        }
        start = limit;
    }
    highest
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

    #[test]
    fn movable_zones_as_the_kernel_splits_them() {
        let profile = &i386_pae_6_1::PROFILE;
        let zones = |cmdline: &str| {
            let plan = planned(profile, cmdline);
            let mut pages = [(0, 0); 4];
            for (pages, zone) in pages.iter_mut().zip(plan.zones()) {
                *pages = (zone.start.raw(), zone.spanned);
            }
            pages
        };
        let all = zones("");
        assert_eq!(all[3], (0, 0));
        // The kernel's part is filled from the bottom of HighMem; low pages count first.
        let split = zones("movablecore=512M");
        assert_eq!((split[0], split[1]), (all[0], all[1]));
        assert_eq!(split[3].0 % 1024, 0);
        assert_eq!(split[2].0 + split[2].1, split[3].0);
        assert_eq!(split[3].0 + split[3].1, all[2].0 + all[2].1);
        let present = 524_158;
        let low = 3998 + 221_182;
        assert_eq!(split[3].0, align_up(225_278 + (present - (512 << 8) - low), 1024));
        // The larger kernel part wins; one that holds everything makes no zone.
        assert_eq!(zones("movablecore=512M kernelcore=1G"), split);
        assert_eq!(zones("kernelcore=4G"), all);
        assert_eq!(zones("movablecore=0"), all);
        // Whatever is asked for, the kernel keeps what lies below HighMem.
        assert_eq!(zones("kernelcore=16M")[1], all[1]);
    }
}
