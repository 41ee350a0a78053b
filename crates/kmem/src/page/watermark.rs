//! Watermarks, reserves and the sizes of the per-CPU lists: pure formulas.
//!
//! Each zone has three marks. Above *high* all is well; below *low* kswapd starts to reclaim; below *min* only callers
//! that may dig into the reserves get anything. (A fourth, *promo*, lies above: up to there pages may be moved to a faster
//! node.) The reserve of all zones together is `min_free_kbytes`, which grows with the square root of low memory; each low
//! zone gets its share. High memory holds nothing that the kernel cannot do without, so its *min* is small and of its own.
//!
//! `lowmem_reserve` keeps a lower zone from being eaten by allocations that a higher zone could have served: such an
//! allocation must leave that many pages more. It looks at one node at a time. The per-CPU lists take and give pages in
//! batches.
//!
//! What is counted differs by kernel and moment ([`Counted`]): 6.1 counts the pages that the allocator manages *at that
//! moment*. At boot that is before the initrd and `.init` are freed, and nothing is computed again until somebody writes a
//! tunable. 2.6 and 3.x count `present_pages`. What a write computes again is in [`super::tunables`].
//!
//! Sources: `mm/page_alloc.c` of 2.6.11 (`setup_per_zone_pages_min`, `free_area_init_core`), of 3.4
//! (`setup_per_zone_wmarks`, `zone_batchsize`, `setup_pagelist_highmark`), of 6.1 and 6.12 (`__setup_per_zone_wmarks`,
//! `calculate_min_free_kbytes`, `setup_per_zone_lowmem_reserve`, `zone_batchsize`, `zone_highsize`); `mm/khugepaged.c`
//! (`set_recommended_min_free_kbytes`); `mm/vmstat.c` (`calculate_normal_threshold`). Golden: `golden_boot.rs`.

use super::tunables::{HugePages, Parts, Tunables};
use crate::boot::cmdline::CommandLine;
use crate::boot::Plan;
use crate::profile::{Profile, TuningRule, ZoneKind};
use crate::units::PAGE_SHIFT;

pub use crate::boot::ZonePages;
pub use crate::profile::{MAX_NODES, MAX_ZONES};

/// What the formulas count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// Pages of each zone, for watermarks, lists and thresholds.
    pub pages: ZonePages,
    /// Pages of each zone, for `lowmem_reserve`: at boot that is computed before gigantic huge pages are counted.
    pub reserve_pages: ZonePages,
    /// CPUs of the machine.
    pub cpus: u32,
    /// CPUs of each node; a node without any shares the lists of its zones among all.
    pub node_cpus: [u32; MAX_NODES],
    /// Whether ZONE_MOVABLE is cut from high memory.
    pub movable: MovableFrom,
}

/// What ZONE_MOVABLE is cut from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MovableFrom {
    /// Memory that is mapped directly.
    Low,
    /// High memory.
    High,
}

impl Counted {
    /// Returns what counts while the machine of this plan boots.
    pub fn at_boot(plan: &Plan) -> Self {
        let movable = if plan.movable_is_high() { MovableFrom::High } else { MovableFrom::Low };
        let node_cpus = core::array::from_fn(|node| plan.node_cpus(node as u32));
        let (pages, reserve_pages) = (plan.tuned_pages(), plan.reserve_pages());
        Self { pages, reserve_pages, cpus: plan.cpus, node_cpus, movable }
    }
    /// Returns the same for other pages: what counts when something is computed again.
    pub fn with_pages(self, pages: ZonePages) -> Self {
        Self { pages, reserve_pages: pages, ..self }
    }
    /// Returns what counts on a machine of one node, on which nothing was given by the command line.
    pub fn one_node(zones: [u64; MAX_ZONES], cpus: u32) -> Self {
        let mut pages = [[0; MAX_ZONES]; MAX_NODES];
        pages[0] = zones;
        let mut node_cpus = [0; MAX_NODES];
        node_cpus[0] = cpus;
        Self { pages, reserve_pages: pages, cpus, node_cpus, movable: MovableFrom::High }
    }
    /// Returns the pages of all zones for which `wanted` holds.
    fn sum(&self, wanted: impl Fn(usize) -> bool) -> u64 {
        self.each().filter(|&(_, zone, _)| wanted(zone)).map(|(_, _, pages)| pages).fold(0, u64::saturating_add)
    }
    /// Returns node, zone and pages of each zone.
    fn each(&self) -> impl Iterator<Item = (usize, usize, u64)> + '_ {
        let zones = move |node: usize| move |(zone, &pages): (usize, &u64)| (node, zone, pages);
        self.pages.iter().enumerate().flat_map(move |(node, pages)| pages.iter().enumerate().map(zones(node)))
    }
    /// True for a zone that the kernel does not map directly.
    fn is_high(&self, profile: &Profile, zone: usize) -> bool {
        match profile.zones.get(zone).map(|zone| zone.kind) {
            Some(ZoneKind::HighMem) => true,
            Some(ZoneKind::Movable) => {
                self.movable == MovableFrom::High && profile.zones.iter().any(|zone| zone.kind == ZoneKind::HighMem)
            }
            _ => false,
        }
    }
    /// True for a zone that has a min of its own instead of a share.
    fn stands_apart(&self, profile: &Profile, zone: usize) -> bool {
        let movable = profile.zones.get(zone).is_some_and(|zone| zone.kind == ZoneKind::Movable);
        self.is_high(profile, zone) || (movable && matches!(profile.tuning, TuningRule::Recent { .. }))
    }
}

/// What the formulas give for one zone. Pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ZoneTuning {
    /// The min watermark.
    pub min: u64,
    /// The low watermark.
    pub low: u64,
    /// The high watermark.
    pub high: u64,
    /// The promo watermark, as far above high as that above low. Kernels before 6.x have none.
    pub promo: u64,
    /// What allocations that could use a higher zone must leave: by the index of that zone.
    pub reserve: [u64; MAX_ZONES],
    /// Pages that a per-CPU list takes or gives at a time.
    pub pcp_batch: u64,
    /// Pages that a per-CPU list may hold; where that moves (6.12), the least of it, `high_min`.
    pub pcp_high: u64,
    /// The most that a per-CPU list may come to hold, `high_max`; equal to `pcp_high` where it does not move.
    pub pcp_high_max: u64,
    /// How far a CPU's own count may stray from the zone's; 0 where there is none.
    pub stat_threshold: u64,
}

/// What the formulas give for a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tuning {
    /// `vm.min_free_kbytes`.
    pub min_free_kbytes: u64,
    /// The zones of each node, in the profile's order.
    pub zones: [[ZoneTuning; MAX_ZONES]; MAX_NODES],
}

/// Watermarks: min, low, high, and the distance between them.
pub type Marks = (u64, u64, u64, u64);

impl Tuning {
    /// Computes it all from what the zones hold.
    pub fn new(profile: &Profile, counted: &Counted, tunables: &Tunables) -> Self {
        let min_free_kbytes = min_free_kbytes(profile, counted, tunables);
        let mut tuning = Self { min_free_kbytes, ..Self::default() };
        tuning.recompute(Parts::all(), profile, counted, tunables);
        tuning
    }
    /// Computes what a boot ends with: the formulas during boot, then each `sysctl.vm.KEY=` of the command line, which the
    /// kernel writes when `.init` and the initrd are free. Returns it with the tunables then in force.
    pub fn at_boot(profile: &Profile, plan: &Plan, cmdline: CommandLine<'_>) -> (Self, Tunables) {
        let counted = Counted::at_boot(plan);
        let mut tunables = Tunables::at_boot(profile, cmdline);
        let mut tuning = Self::new(profile, &counted, &tunables);
        let later = counted.with_pages(plan.later_pages(profile.counting.present));
        for (key, value) in super::tunables::writes_of(profile, cmdline) {
            // What the kernel refuses it only reports.
            if let Ok(parts) = tunables.write(profile, key, value) {
                tuning.recompute(parts, profile, &later, &tunables);
            }
        }
        (tuning, tunables)
    }
    /// Computes parts anew, as a write to a tunable does. Everything else stays as it was.
    pub fn recompute(&mut self, parts: Parts, profile: &Profile, counted: &Counted, tunables: &Tunables) {
        if parts.contains(Parts::MARKS) {
            self.min_free_kbytes = tunables.min_free_kbytes.unwrap_or(self.min_free_kbytes);
            let marks = watermarks(profile, counted, self.min_free_kbytes, tunables.watermark_scale_factor);
            for (zone, (min, low, high, distance)) in self.zones.iter_mut().flatten().zip(marks.into_iter().flatten()) {
                (zone.min, zone.low, zone.high) = (min, low, high);
                zone.promo = if profile.tuning.is_modern() { high.saturating_add(distance) } else { 0 };
            }
        }
        if parts.contains(Parts::RESERVE) {
            let reserve = lowmem_reserve(profile, &counted.reserve_pages, &tunables.lowmem_reserve_ratio);
            for (zone, reserve) in self.zones.iter_mut().flatten().zip(reserve.into_iter().flatten()) {
                zone.reserve = reserve;
            }
        }
        for (node, zones) in self.zones.iter_mut().enumerate() {
            let cpus = Some(counted.node_cpus[node]).filter(|&cpus| cpus > 0).unwrap_or(counted.cpus);
            for (at, zone) in zones.iter_mut().enumerate().take(profile.zones.len()) {
                let pages = counted.pages[node][at];
                if parts.contains(Parts::LISTS) {
                    let fraction = tunables.percpu_pagelist_high_fraction;
                    (zone.pcp_batch, zone.pcp_high, zone.pcp_high_max) =
                        pcp(profile.tuning, pages, zone.low, cpus, fraction);
                }
                if parts.contains(Parts::THRESHOLDS) {
                    zone.stat_threshold = stat_threshold(profile.tuning, pages, counted.cpus);
                }
            }
        }
    }
}

/// True for the zones that ordinary kernel buffers come from.
fn is_buffer(profile: &Profile, zone: usize) -> bool {
    profile.zones.get(zone).is_some_and(|zone| zone.kind <= ZoneKind::Normal)
}

/// Returns `min_free_kbytes` as the kernel computes it at boot.
///
/// It is `4 × √(low kB)`. Huge pages need free pageblocks of each mobility type; khugepaged raises it for them, up to a
/// twentieth of what the low zones hold above their first high marks. When they are turned off, khugepaged has the first
/// formula applied again, which by then leaves out what is below the high marks.
pub fn min_free_kbytes(profile: &Profile, counted: &Counted, tunables: &Tunables) -> u64 {
    // Huge pages that boot took are counted between the two computations.
    let before = counted.with_pages(counted.reserve_pages);
    let first = root_of_low(profile, before.sum(|zone| is_buffer(profile, zone)));
    let all = counted.sum(|_| true);
    if !profile.tuning.has_thp() || all < (512 << 20) >> PAGE_SHIFT {
        return first;
    }
    let marks = watermarks(profile, &before, first, tunables.watermark_scale_factor);
    let buffers = || counted.each().filter(|&(_, zone, pages)| is_buffer(profile, zone) && pages > 0);
    let above_high = buffers().map(|(node, zone, pages)| pages.saturating_sub(marks[node][zone].2)).sum::<u64>();
    match tunables.huge_pages {
        HugePages::AsBuilt => first.max(recommended_kbytes(profile, buffers().count() as u64, above_high)),
        HugePages::Never => root_of_low(profile, above_high),
    }
}

/// Returns `4 × √(kB)` of so many pages, inside the kernel's bounds.
fn root_of_low(profile: &Profile, pages: u64) -> u64 {
    const LEAST: u64 = 128;
    let most = if profile.tuning.is_modern() { 262_144 } else { 65_536 };
    pages.saturating_mul(16 << (PAGE_SHIFT - 10)).isqrt().clamp(LEAST, most)
}

/// Returns what khugepaged recommends: two pageblocks a zone and one for each pair of mobility types.
fn recommended_kbytes(profile: &Profile, zones: u64, above_high: u64) -> u64 {
    /// Unmovable, movable, reclaimable: the types on per-CPU lists.
    const TYPES: u64 = 3;
    let block = profile.pageblock_order.pages();
    let recommended = block * zones * 2 + block * zones * TYPES * TYPES;
    recommended.min(above_high / 20) << (PAGE_SHIFT - 10)
}

/// Returns the marks of each zone.
pub fn watermarks(
    profile: &Profile,
    counted: &Counted,
    min_free_kbytes: u64,
    scale_factor: u64,
) -> [[Marks; MAX_ZONES]; MAX_NODES] {
    /// The bounds of high memory's own min: `SWAP_CLUSTER_MAX` and four times that.
    const HIGH_LEAST: u64 = 32;
    const HIGH_MOST: u64 = 128;
    let all_min = min_free_kbytes >> (PAGE_SHIFT - 10);
    let sharing = counted.sum(|zone| !counted.stands_apart(profile, zone));
    let mut marks = [[(0, 0, 0, 0); MAX_ZONES]; MAX_NODES];
    for (node, zone, pages) in counted.each().filter(|&(_, zone, _)| zone < profile.zones.len()) {
        let share = (u128::from(all_min) * u128::from(pages)).checked_div(u128::from(sharing)).unwrap_or(0);
        let share = u64::try_from(share).unwrap_or(u64::MAX >> 2);
        let apart = counted.stands_apart(profile, zone);
        let min = if apart { (pages / 1024).clamp(HIGH_LEAST, HIGH_MOST) } else { share };
        let spaced = |distance: u64| {
            (min, min.saturating_add(distance), min.saturating_add(distance.saturating_mul(2)), distance)
        };
        marks[node][zone] = match profile.tuning {
            TuningRule::Early => (min, min.saturating_mul(5) / 4, min.saturating_mul(6) / 4, 0),
            // From the share also where min is another: high memory's marks lie far apart.
            TuningRule::Middle => (min, min.saturating_add(share >> 2), min.saturating_add(share >> 1), 0),
            TuningRule::Modern { .. } | TuningRule::Recent { .. } => {
                let scaled = pages / 10_000 * scale_factor + pages % 10_000 * scale_factor / 10_000;
                spaced((share >> 2).max(scaled))
            }
        };
    }
    marks
}

/// Returns what each zone keeps from allocations that could use a higher one of its node.
pub fn lowmem_reserve(
    profile: &Profile,
    pages: &ZonePages,
    ratio: &[u64; MAX_ZONES],
) -> [[[u64; MAX_ZONES]; MAX_ZONES]; MAX_NODES] {
    let count = profile.zones.len().min(MAX_ZONES);
    let keeps_when_empty = !profile.tuning.is_modern();
    let mut reserve = [[[0; MAX_ZONES]; MAX_ZONES]; MAX_NODES];
    for (reserve, pages) in reserve.iter_mut().zip(pages) {
        for lower in 0..count {
            if ratio[lower] == 0 || (pages[lower] == 0 && !keeps_when_empty) {
                continue;
            }
            let mut above = 0;
            for upper in lower + 1..count {
                above += pages[upper];
                reserve[lower][upper] = above / ratio[lower];
            }
        }
    }
    reserve
}

/// Returns batch, high and the bound of high of a per-CPU list. `cpus` are those that share the zone's pages.
pub fn pcp(rule: TuningRule, pages: u64, low_mark: u64, cpus: u32, fraction: u64) -> (u64, u64, u64) {
    let thousandth = pages / 1024;
    // One less than a power of two: batches must not take every second page of a cache colour.
    let one_less = |batch: u64| (1 << (batch + batch / 2).ilog2()) - 1;
    let old = |batch: u64| (batch, 6 * batch, 6 * batch);
    let high = |total: u64, batch: u64| (total / u64::from(cpus.max(1))).max(4 * batch);
    match rule {
        TuningRule::Early => old((thousandth.min((256 << 10) >> PAGE_SHIFT) / 4).max(1)),
        TuningRule::Middle => match pages.checked_div(fraction) {
            None => {
                let batch: u64 = one_less((thousandth.min((512 << 10) >> PAGE_SHIFT) / 4).max(1));
                old(batch.max(1))
            }
            Some(high) => {
                const MOST: u64 = PAGE_SHIFT as u64 * 8;
                ((high / 4).clamp(1, MOST), high, high)
            }
        },
        TuningRule::Modern { .. } => {
            let batch = one_less((thousandth.min((1 << 20) >> PAGE_SHIFT) / 4).max(1)).max(1);
            let high = high(pages.checked_div(fraction).unwrap_or(low_mark), batch);
            (batch, high, high)
        }
        TuningRule::Recent { .. } => {
            /// `MIN_PERCPU_PAGELIST_HIGH_FRACTION`.
            const MOST_FRACTION: u64 = 8;
            let batch = (pages >> 12).min((256 << 10) >> PAGE_SHIFT);
            let batch = if batch <= 1 { 1 } else { one_less(batch) };
            match pages.checked_div(fraction) {
                Some(total) => (batch, high(total, batch), high(total, batch)),
                None => (batch, high(low_mark, batch), high(pages / MOST_FRACTION, batch)),
            }
        }
    }
}

/// Returns how far a CPU's own count of a zone's pages may stray.
pub fn stat_threshold(rule: TuningRule, pages: u64, cpus: u32) -> u64 {
    const MOST: u64 = 125;
    // Bits needed to write a number: the kernel's `fls`.
    let bits = |n: u64| u64::from(u64::BITS - n.leading_zeros());
    match rule {
        TuningRule::Early => 0,
        _ if pages == 0 => 0,
        _ => {
            let units = pages >> (27 - PAGE_SHIFT);
            (2 * bits(u64::from(cpus)) * (1 + bits(units))).min(MOST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{amd64_6_12, i386_pae_6_1, linux_2_6_i386, msm8x25, uclinux_2_6};

    fn counted(profile: &Profile, zones: [u64; MAX_ZONES]) -> Counted {
        Counted::one_node(zones, profile.default_cpus)
    }
    fn tune(profile: &Profile, zones: [u64; MAX_ZONES]) -> Tuning {
        Tuning::new(profile, &counted(profile, zones), &Tunables::new(profile))
    }

    /// Marks in kB, as allocation failure reports have them.
    fn marks_kb(zone: &ZoneTuning) -> (u64, u64, u64) {
        (zone.min * 4, zone.low * 4, zone.high * 4)
    }

    #[test]
    fn early_marks_of_a_full_low_memory() {
        let tuning = tune(&linux_2_6_i386::PROFILE, [4096, 225_280, 32_768, 0, 0]);
        let zones = &tuning.zones[0];
        // As reports of 2.6 kernels with 896 MiB of low memory have them.
        assert_eq!(marks_kb(&zones[0]), (68, 84, 100));
        assert_eq!(marks_kb(&zones[1]), (3756, 4692, 5632));
        assert_eq!(marks_kb(&zones[2]), (128, 160, 192));
        assert_eq!(tuning.min_free_kbytes, 3831);
        assert_eq!(zones[0].reserve, [0, 880, 1008, 0, 0]);
        assert_eq!(zones[1].reserve, [0, 0, 1024, 0, 0]);
        assert_eq!((zones[0].pcp_batch, zones[0].pcp_high), (1, 6));
        assert_eq!((zones[1].pcp_batch, zones[1].pcp_high), (16, 96));
        assert_eq!((zones[1].stat_threshold, zones[1].promo), (0, 0));
    }

    #[test]
    fn early_min_free_kbytes_of_the_kernels_own_table() {
        // The examples beside `init_per_zone_pages_min`.
        for (ram_mb, kbytes) in [(16, 512), (32, 724), (64, 1024), (128, 1448), (256, 2048), (512, 2896), (1, 128)] {
            let tuning = tune(&uclinux_2_6::PROFILE, [ram_mb << 8, 0, 0, 0, 0]);
            assert_eq!(tuning.min_free_kbytes, kbytes, "{ram_mb} MiB");
        }
    }

    #[test]
    fn middle_marks_keep_their_distance_by_the_share() {
        let tuning = tune(&msm8x25::PROFILE, [204_800, 55_296, 0, 0, 0]);
        let zones = &tuning.zones[0];
        // √(16 × 819200) kB; a quarter and a half above it.
        assert_eq!(tuning.min_free_kbytes, 3620);
        assert_eq!(marks_kb(&zones[0]), (3620, 4524, 5428));
        // High memory: its own min, the distance of a low zone of its size.
        assert_eq!((zones[1].min, zones[1].low, zones[1].high), (54, 54 + 61, 54 + 122));
        assert_eq!(zones[0].reserve, [0, 1728, 1728, 0, 0]);
        assert_eq!((zones[0].pcp_batch, zones[0].pcp_high), (31, 186));
        assert_eq!((zones[2].pcp_batch, zones[2].pcp_high), (1, 6));
        assert_eq!(zones[0].stat_threshold, 2 * 2 * (1 + 3));
        // percpu_pagelist_fraction: a part of the zone, and batches of at most eight times the page shift.
        assert_eq!(pcp(TuningRule::Middle, 204_800, 0, 2, 8), (96, 25_600, 25_600));
        assert_eq!(pcp(TuningRule::Middle, 80, 0, 2, 8), (2, 10, 10));
        assert_eq!(pcp(TuningRule::Middle, 8, 0, 2, 100), (1, 0, 0));
    }

    #[test]
    fn modern_huge_pages_raise_the_reserve() {
        let profile = &i386_pae_6_1::PROFILE;
        let pages = counted(profile, [3840, 212_164, 298_978, 0, 0]);
        let with = Tuning::new(profile, &pages, &Tunables::new(profile));
        let never = Tunables { huge_pages: HugePages::Never, ..Tunables::new(profile) };
        let without = Tuning::new(profile, &pages, &never);
        assert!(with.min_free_kbytes > 40_000 && without.min_free_kbytes < 4000);
        // Turned off, what is below the first high marks no longer counts: 3716 kB of 216004 pages leave 214612.
        let first = (216_004u64 * 64).isqrt();
        let marks = watermarks(profile, &pages, first, 10);
        let above = 216_004 - marks[0][0].2 - marks[0][1].2;
        assert_eq!(without.min_free_kbytes, (above * 64).isqrt());
        assert!(without.min_free_kbytes < first);
        // Below 512 MiB they are off, and nothing is computed twice.
        assert_eq!(tune(profile, [3840, 57_014, 0, 0, 0]).min_free_kbytes, (60_854u64 * 64).isqrt());
        let line = CommandLine::new("transparent_hugepage=never");
        assert_eq!(Tunables::at_boot(profile, line), never);
    }

    #[test]
    fn lists_hold_four_batches_however_many_cpus_share() {
        let modern = TuningRule::Modern { thp: true };
        assert_eq!(pcp(modern, 262_144, 1000, 1, 0), (63, 1000, 1000));
        assert_eq!(pcp(modern, 262_144, 1000, 8, 0), (63, 252, 252));
        assert_eq!(pcp(modern, 262_144, 1000, 2, 8), (63, 16_384, 16_384));
        // 6.12: between the low mark and an eighth of the zone.
        let recent = TuningRule::Recent { thp: true };
        assert_eq!(pcp(recent, 65_536, 1000, 2, 0), (15, 500, 4096));
        assert_eq!(pcp(recent, 65_536, 1000, 2, 16), (15, 2048, 2048));
        assert_eq!(pcp(recent, 8191, 0, 2, 0), (1, 4, 511));
    }

    #[test]
    fn nodes_share_the_minimum_and_keep_their_own_reserves() {
        let profile = &amd64_6_12::PROFILE;
        let mut counted = counted(profile, [3840, 100_000, 0, 0, 0]);
        counted.pages[1] = [0, 50_000, 150_000, 0, 0];
        counted.reserve_pages = counted.pages;
        (counted.cpus, counted.node_cpus[0], counted.node_cpus[1]) = (4, 4, 0);
        let tunables = Tunables { min_free_kbytes: Some(40_000), ..Tunables::new(profile) };
        let tuning = Tuning::new(profile, &counted, &tunables);
        let all = 303_840;
        assert_eq!(tuning.zones[0][1].min, 10_000 * 100_000 / all);
        assert_eq!(tuning.zones[1][2].min, 10_000 * 150_000 / all);
        assert_eq!(tuning.zones[0][0].reserve, [0, 390, 390, 390, 390]);
        assert_eq!(tuning.zones[1][1].reserve, [0, 0, 585, 585, 585]);
        // A node without CPUs shares its lists among all.
        assert_eq!(tuning.zones[1][2].pcp_high, tuning.zones[1][2].low / 4);
        // ZONE_MOVABLE has a min of its own, even where it is empty.
        assert_eq!((tuning.zones[0][3].min, tuning.zones[0][3].promo, tuning.zones[0][4].min), (32, 32, 0));
    }

    #[test]
    fn an_empty_zone_keeps_nothing() {
        let mut pages = [[0; MAX_ZONES]; MAX_NODES];
        pages[0] = [3840, 0, 500, 0, 0];
        let reserve = |profile| lowmem_reserve(profile, &pages, &[256, 32, 0, 0, 0])[0];
        assert_eq!(reserve(&i386_pae_6_1::PROFILE)[..2], [[0, 0, 1, 1, 0], [0; 5]]);
        // Old kernels do not look.
        assert_eq!(reserve(&linux_2_6_i386::PROFILE)[1], [0, 0, 15, 0, 0]);
    }

    #[test]
    fn nothing_at_all_gives_no_panic() {
        for profile in crate::profile::PROFILES {
            for pages in [[0; MAX_ZONES], [u64::MAX >> 24; MAX_ZONES], [1; MAX_ZONES]] {
                for fraction in [0, 1, 8, u64::MAX] {
                    let mut tunables = Tunables::new(profile);
                    tunables.percpu_pagelist_high_fraction = fraction;
                    tunables.min_free_kbytes = (fraction > 8).then_some(u64::MAX);
                    tunables.watermark_scale_factor = 3000;
                    for cpus in [0, 1, u32::MAX] {
                        Tuning::new(profile, &Counted::one_node(pages, cpus), &tunables);
                    }
                }
            }
        }
    }
}
