//! Watermarks, reserves and the sizes of the per-CPU lists: pure formulas.
//!
//! Each zone has three marks. Above *high* all is well; below *low* kswapd starts to reclaim; below *min* only callers
//! that may dig into the reserves get anything. The reserve of all zones together is `min_free_kbytes`, which grows
//! with the square root of low memory; each low zone gets its share. High memory holds nothing that the kernel cannot
//! do without, so its *min* is small and of its own.
//!
//! `lowmem_reserve` keeps a lower zone from being eaten by allocations that a higher zone could have served: such an
//! allocation must leave that many pages more. The per-CPU lists take and give pages in batches.
//!
//! What is counted differs by kernel and is the caller's to say ([`crate::boot::PlanZone::tuned`]): 6.1 counts the pages
//! that the allocator manages *at that moment*. At boot that is before the initrd and `.init` are freed, and nothing is
//! computed again until somebody writes a tunable. 2.6 and 3.x count `present_pages`.
//!
//! Sources: `mm/page_alloc.c` of 2.6.11 (`setup_per_zone_pages_min`, `free_area_init_core`), of 3.4
//! (`setup_per_zone_wmarks`, `zone_batchsize`), of 6.1 (`__setup_per_zone_wmarks`, `calculate_min_free_kbytes`,
//! `setup_per_zone_lowmem_reserve`, `zone_batchsize`, `zone_highsize`); `mm/khugepaged.c`
//! (`set_recommended_min_free_kbytes`); `mm/vmstat.c` (`calculate_normal_threshold`). Golden: `golden_boot.rs`.

use crate::boot::cmdline::CommandLine;
use crate::profile::{Profile, TuningRule, ZoneKind};
use crate::units::PAGE_SHIFT;
use core::ops::RangeInclusive;

pub use crate::profile::MAX_ZONES;

/// Pages of each zone, as the formulas count them; the order is the profile's.
pub type ZonePages = [u64; MAX_ZONES];

/// The tunables that the formulas read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tunables {
    /// `vm.min_free_kbytes`; `None`: as the kernel computes it.
    pub min_free_kbytes: Option<u64>,
    /// `vm.watermark_scale_factor`: parts of 10000 of a zone between its marks.
    pub watermark_scale_factor: u64,
    /// `vm.lowmem_reserve_ratio`.
    pub lowmem_reserve_ratio: ZonePages,
    /// `vm.percpu_pagelist_high_fraction`; 0: none.
    pub percpu_pagelist_high_fraction: u64,
    /// Whether huge pages may raise min_free_kbytes (`transparent_hugepage=never` on the command line: no).
    pub huge_pages: HugePages,
}

/// Whether transparent huge pages are on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HugePages {
    /// As the kernel was built.
    AsBuilt,
    /// Turned off at boot.
    Never,
}

impl Tunables {
    /// Returns the profile's defaults.
    pub fn new(profile: &Profile) -> Self {
        let mut ratio = [0; MAX_ZONES];
        for (ratio, zone) in ratio.iter_mut().zip(profile.zones) {
            *ratio = u64::from(zone.reserve_ratio);
        }
        Self {
            min_free_kbytes: None,
            watermark_scale_factor: 10,
            lowmem_reserve_ratio: ratio,
            percpu_pagelist_high_fraction: 0,
            huge_pages: HugePages::AsBuilt,
        }
    }
    /// Returns what the command line leaves of the defaults.
    ///
    /// `sysctl.vm.*` is there since 5.8. A value outside what the tunable takes changes nothing, as in the kernel, which
    /// writes them when boot is over; here they hold from the start.
    pub fn from_cmdline(profile: &Profile, cmdline: CommandLine<'_>) -> Self {
        let huge_pages = match cmdline.is("transparent_hugepage", "never") {
            true => HugePages::Never,
            false => HugePages::AsBuilt,
        };
        let built = Self::new(profile);
        let number = |name, takes: RangeInclusive<u64>| {
            let value = cmdline.last(name)?.value?.parse::<u64>().ok()?;
            (profile.version >= (5, 8, 0) && takes.contains(&value)).then_some(value)
        };
        Self {
            huge_pages,
            min_free_kbytes: number("sysctl.vm.min_free_kbytes", 0..=i32::MAX as u64).or(built.min_free_kbytes),
            watermark_scale_factor: number("sysctl.vm.watermark_scale_factor", 1..=3000)
                .unwrap_or(built.watermark_scale_factor),
            percpu_pagelist_high_fraction: number("sysctl.vm.percpu_pagelist_high_fraction", 8..=i32::MAX as u64)
                .unwrap_or(built.percpu_pagelist_high_fraction),
            ..built
        }
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
    /// What allocations that could use a higher zone must leave: by the index of that zone.
    pub reserve: [u64; MAX_ZONES],
    /// Pages that a per-CPU list takes or gives at a time.
    pub pcp_batch: u64,
    /// Pages that a per-CPU list may hold.
    pub pcp_high: u64,
    /// How far a CPU's own count may stray from the zone's; 0 where there is none.
    pub stat_threshold: u64,
}

/// What the formulas give for a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tuning {
    /// `vm.min_free_kbytes`.
    pub min_free_kbytes: u64,
    /// The zones, in the profile's order.
    pub zones: [ZoneTuning; MAX_ZONES],
}

impl Tuning {
    /// Computes it all from what the zones hold.
    pub fn new(profile: &Profile, pages: &ZonePages, cpus: u32, tunables: &Tunables) -> Self {
        let min_free_kbytes = match tunables.min_free_kbytes {
            Some(kbytes) => kbytes,
            None => min_free_kbytes(profile, pages, tunables),
        };
        let marks = watermarks(profile, pages, min_free_kbytes, tunables.watermark_scale_factor);
        let reserve = lowmem_reserve(profile, pages, &tunables.lowmem_reserve_ratio);
        let mut zones = [ZoneTuning::default(); MAX_ZONES];
        for at in 0..profile.zones.len().min(MAX_ZONES) {
            let (min, low, high) = marks[at];
            let (pcp_batch, pcp_high) =
                pcp(profile.tuning, pages[at], low, cpus, tunables.percpu_pagelist_high_fraction);
            let stat_threshold = stat_threshold(profile.tuning, pages[at], cpus);
            zones[at] = ZoneTuning { min, low, high, reserve: reserve[at], pcp_batch, pcp_high, stat_threshold };
        }
        Self { min_free_kbytes, zones }
    }
}

/// True for a zone that the kernel does not map directly. ZONE_MOVABLE is one where it was cut from high memory.
fn is_high(profile: &Profile, pages: &ZonePages, at: usize) -> bool {
    match profile.zones.get(at).map(|zone| zone.kind) {
        Some(ZoneKind::HighMem) => true,
        Some(ZoneKind::Movable) => {
            profile.zones.iter().zip(pages).any(|(zone, &pages)| zone.kind == ZoneKind::HighMem && pages > 0)
        }
        _ => false,
    }
}

/// True for the zones that ordinary kernel buffers come from.
fn is_buffer(profile: &Profile, at: usize) -> bool {
    profile.zones.get(at).is_some_and(|zone| zone.kind <= ZoneKind::Normal)
}

/// Sums the pages of the zones for which `wanted` holds.
fn sum(pages: &ZonePages, wanted: impl Fn(usize) -> bool) -> u64 {
    pages.iter().enumerate().filter(|(at, _)| wanted(*at)).map(|(_, pages)| pages).sum()
}

/// Returns `min_free_kbytes` as the kernel computes it at boot.
///
/// It is `4 × √(low kB)`. Huge pages need free pageblocks of each mobility type; khugepaged raises it for them, up to a
/// twentieth of what the low zones hold above their first high marks.
pub fn min_free_kbytes(profile: &Profile, pages: &ZonePages, tunables: &Tunables) -> u64 {
    const LEAST: u64 = 128;
    let most = match profile.tuning {
        TuningRule::Early | TuningRule::Middle => 65536,
        TuningRule::Modern { .. } => 262_144,
    };
    let buffer_pages = sum(pages, |at| is_buffer(profile, at));
    let kbytes = (buffer_pages << (PAGE_SHIFT - 10) << 4).isqrt().clamp(LEAST, most);
    let all: u64 = pages.iter().sum();
    let huge_pages = profile.tuning == TuningRule::Modern { thp: true }
        && tunables.huge_pages == HugePages::AsBuilt
        && all >= (512 << 20) >> PAGE_SHIFT;
    if huge_pages {
        kbytes.max(khugepaged_kbytes(profile, pages, kbytes, tunables.watermark_scale_factor))
    } else {
        kbytes
    }
}

/// Returns what khugepaged recommends: two pageblocks a zone and one for each pair of mobility types.
fn khugepaged_kbytes(profile: &Profile, pages: &ZonePages, kbytes: u64, scale_factor: u64) -> u64 {
    /// Unmovable, movable, reclaimable: the types on per-CPU lists.
    const TYPES: u64 = 3;
    let marks = watermarks(profile, pages, kbytes, scale_factor);
    let buffers = || (0..MAX_ZONES).filter(|&at| is_buffer(profile, at) && pages[at] > 0);
    let zones = buffers().count() as u64;
    let block = profile.pageblock_order.pages();
    let recommended = block * zones * 2 + block * zones * TYPES * TYPES;
    let above_high = buffers().map(|at| pages[at].saturating_sub(marks[at].2)).sum::<u64>();
    recommended.min(above_high / 20) << (PAGE_SHIFT - 10)
}

/// Returns min, low and high of each zone.
pub fn watermarks(
    profile: &Profile,
    pages: &ZonePages,
    min_free_kbytes: u64,
    scale_factor: u64,
) -> [(u64, u64, u64); MAX_ZONES] {
    /// The bounds of high memory's own min: `SWAP_CLUSTER_MAX` and four times that.
    const HIGH_LEAST: u64 = 32;
    const HIGH_MOST: u64 = 128;
    let all_min = min_free_kbytes >> (PAGE_SHIFT - 10);
    let low_pages = sum(pages, |at| !is_high(profile, pages, at));
    core::array::from_fn(|at| {
        if at >= profile.zones.len() {
            return (0, 0, 0);
        }
        let share = all_min.saturating_mul(pages[at]).checked_div(low_pages).unwrap_or(0);
        let min = if is_high(profile, pages, at) { (pages[at] / 1024).clamp(HIGH_LEAST, HIGH_MOST) } else { share };
        match profile.tuning {
            TuningRule::Early => (min, min.saturating_mul(5) / 4, min.saturating_mul(6) / 4),
            // From the share also where min is another: high memory's marks lie far apart.
            TuningRule::Middle => (min, min + (share >> 2), min + (share >> 1)),
            TuningRule::Modern { .. } => {
                let scaled = pages[at] / 10_000 * scale_factor + pages[at] % 10_000 * scale_factor / 10_000;
                let distance = (share >> 2).max(scaled);
                (min, min + distance, min + 2 * distance)
            }
        }
    })
}

/// Returns what each zone keeps from allocations that could use a higher one.
pub fn lowmem_reserve(profile: &Profile, pages: &ZonePages, ratio: &ZonePages) -> [[u64; MAX_ZONES]; MAX_ZONES] {
    let count = profile.zones.len().min(MAX_ZONES);
    let keeps_when_empty = !matches!(profile.tuning, TuningRule::Modern { .. });
    let mut reserve = [[0; MAX_ZONES]; MAX_ZONES];
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
    reserve
}

/// Returns batch and high of a per-CPU list.
pub fn pcp(rule: TuningRule, pages: u64, low_mark: u64, cpus: u32, high_fraction: u64) -> (u64, u64) {
    let thousandth = pages / 1024;
    // One less than a power of two: batches must not take every second page of a cache colour.
    let one_less = |batch: u64| (1 << (batch + batch / 2).ilog2()) - 1;
    match rule {
        TuningRule::Early => {
            let batch = (thousandth.min((256 << 10) >> PAGE_SHIFT) / 4).max(1);
            (batch, 6 * batch)
        }
        TuningRule::Middle => {
            let batch: u64 = one_less((thousandth.min((512 << 10) >> PAGE_SHIFT) / 4).max(1));
            (batch.max(1), 6 * batch)
        }
        TuningRule::Modern { .. } => {
            let batch = one_less((thousandth.min((1 << 20) >> PAGE_SHIFT) / 4).max(1)).max(1);
            let total = pages.checked_div(high_fraction).unwrap_or(low_mark);
            (batch, (total / u64::from(cpus.max(1))).max(4 * batch))
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
    use crate::profile::{i386_pae_6_1, linux_2_6_i386, msm8x25, uclinux_2_6};

    fn tune(profile: &Profile, pages: ZonePages) -> Tuning {
        Tuning::new(profile, &pages, profile.default_cpus, &Tunables::new(profile))
    }

    /// Marks in kB, as allocation failure reports have them.
    fn marks_kb(zone: &ZoneTuning) -> (u64, u64, u64) {
        (zone.min * 4, zone.low * 4, zone.high * 4)
    }

    #[test]
    fn early_marks_of_a_full_low_memory() {
        let tuning = tune(&linux_2_6_i386::PROFILE, [4096, 225_280, 32_768, 0, 0]);
        // As reports of 2.6 kernels with 896 MiB of low memory have them.
        assert_eq!(marks_kb(&tuning.zones[0]), (68, 84, 100));
        assert_eq!(marks_kb(&tuning.zones[1]), (3756, 4692, 5632));
        assert_eq!(marks_kb(&tuning.zones[2]), (128, 160, 192));
        assert_eq!(tuning.min_free_kbytes, 3831);
        assert_eq!(tuning.zones[0].reserve, [0, 880, 1008, 0, 0]);
        assert_eq!(tuning.zones[1].reserve, [0, 0, 1024, 0, 0]);
        assert_eq!((tuning.zones[0].pcp_batch, tuning.zones[0].pcp_high), (1, 6));
        assert_eq!((tuning.zones[1].pcp_batch, tuning.zones[1].pcp_high), (16, 96));
        assert_eq!(tuning.zones[1].stat_threshold, 0);
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
        // √(16 × 819200) kB; a quarter and a half above it.
        assert_eq!(tuning.min_free_kbytes, 3620);
        assert_eq!(marks_kb(&tuning.zones[0]), (3620, 4524, 5428));
        // High memory: its own min, the distance of a low zone of its size.
        assert_eq!((tuning.zones[1].min, tuning.zones[1].low, tuning.zones[1].high), (54, 54 + 61, 54 + 122));
        assert_eq!(tuning.zones[0].reserve, [0, 1728, 1728, 0, 0]);
        assert_eq!((tuning.zones[0].pcp_batch, tuning.zones[0].pcp_high), (31, 186));
        assert_eq!((tuning.zones[2].pcp_batch, tuning.zones[2].pcp_high), (1, 0));
        assert_eq!(tuning.zones[0].stat_threshold, 2 * 2 * (1 + 3));
    }

    #[test]
    fn modern_huge_pages_raise_the_reserve() {
        let profile = &i386_pae_6_1::PROFILE;
        let pages = [3840, 212_164, 298_978, 0, 0];
        let with = tune(profile, pages);
        let never = Tunables { huge_pages: HugePages::Never, ..Tunables::new(profile) };
        let without = Tuning::new(profile, &pages, 2, &never);
        assert!(with.min_free_kbytes > 40_000 && without.min_free_kbytes < 4000);
        // Below 512 MiB they are off.
        assert!(tune(profile, [3840, 57_014, 0, 0, 0]).min_free_kbytes < 2000);
        let line = CommandLine::new("transparent_hugepage=never");
        assert_eq!(Tunables::from_cmdline(profile, line), never);
    }

    #[test]
    fn lists_hold_four_batches_however_many_cpus_share() {
        let modern = TuningRule::Modern { thp: true };
        assert_eq!(pcp(modern, 262_144, 1000, 1, 0), (63, 1000));
        assert_eq!(pcp(modern, 262_144, 1000, 8, 0), (63, 252));
        assert_eq!(pcp(modern, 262_144, 1000, 2, 8), (63, 16_384));
    }

    #[test]
    fn an_empty_zone_keeps_nothing() {
        let reserve = |profile| lowmem_reserve(profile, &[3840, 0, 500, 0, 0], &[256, 32, 0, 0, 0]);
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
                        Tuning::new(profile, &pages, cpus, &tunables);
                    }
                }
            }
        }
    }
}
