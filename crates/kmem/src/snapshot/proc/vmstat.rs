//! `/proc/vmstat`: all counters, a line each.
//!
//! Which lines there are depends on version and configuration; the lists below are those of the profiles, in groups.
//! Zones and nodes come first, with the lists of `/proc/zoneinfo`. Sources: the captures (6.x); `mm/vmstat.c`,
//! `vmstat_text` (3.4, with compaction, without NUMA and huge pages); `mm/page_alloc.c`, `vmstat_text` (2.6.11).

use super::zoneinfo::ZoneInfoStyle;
use super::ProcFormat;
use crate::snapshot::VmStat;
use core::fmt::{Result, Write};

/// Writes the file. A counter that nobody keeps is 0.
pub fn write(out: &mut dyn Write, format: &ProcFormat, stat: &VmStat) -> Result {
    let (zone, node): (&[_], &[_]) = match format.zoneinfo {
        ZoneInfoStyle::Early => (&[], &[]),
        ZoneInfoStyle::Middle { zone } => (zone, &[]),
        ZoneInfoStyle::Modern { zone, node, .. } => (zone, node),
    };
    zone.iter().chain(node).try_for_each(|&line| writeln!(out, "{} {}", line.name(), stat.stats[line]))?;
    let names = format.vmstat.iter().flat_map(|group| group.split_ascii_whitespace());
    names.into_iter().try_for_each(|name| writeln!(out, "{name} {}", stat.get(name).unwrap_or(0)))
}

/// 6.1 on i386.
pub static VMSTAT_6_1_I386: &[&str] = &[
    THRESHOLDS,
    PAGING,
    ZONES_HIGH,
    PAGES,
    RECLAIM_6_1,
    KSWAPD,
    MIGRATION,
    HUGETLB,
    UNEVICTABLE,
    THP_FAULTS,
    THP_SPLITS,
    THP_ZERO,
    BALLOON,
    KSM,
    ZSWAP_6_1,
    DIRECT_MAP,
    LAST,
];
/// 6.1 on ARM with short descriptors.
pub static VMSTAT_6_1_ARMHF: &[&str] = &[
    THRESHOLDS,
    PAGING,
    ZONES_HIGH,
    PAGES,
    RECLAIM_6_1,
    KSWAPD,
    MIGRATION,
    CMA,
    UNEVICTABLE,
    BALLOON,
    KSM,
    ZSWAP_6_1,
    LAST,
];
/// 6.1 on ARM with LPAE.
pub static VMSTAT_6_1_LPAE: &[&str] = &[
    THRESHOLDS,
    PAGING,
    ZONES_HIGH,
    PAGES,
    RECLAIM_6_1,
    KSWAPD,
    MIGRATION,
    HUGETLB,
    CMA,
    UNEVICTABLE,
    THP_FAULTS,
    THP_SPLITS,
    THP_ZERO,
    BALLOON,
    KSM,
    ZSWAP_6_1,
    LAST,
];
/// 6.12 on ARM with short descriptors.
pub static VMSTAT_6_12_ARMHF: &[&str] = &[
    THRESHOLDS,
    MEMMAP,
    PAGING,
    ZONES_HIGH,
    PAGES,
    RECLAIM_6_12,
    KSWAPD,
    MIGRATION,
    CMA,
    UNEVICTABLE,
    BALLOON,
    SWAP_ZERO,
    KSM,
    ZSWAP_6_12,
    LAST,
];
/// 6.1 on amd64.
pub static VMSTAT_6_1_AMD64: &[&str] = &[
    THRESHOLDS,
    PAGING,
    ZONES_64_DEVICE,
    PAGES,
    RECLAIM_6_1,
    ZONE_RECLAIM_6_1,
    KSWAPD,
    BALANCING,
    MIGRATION,
    HUGETLB,
    UNEVICTABLE,
    THP_FAULTS,
    THP_SPLITS,
    THP_PUD,
    THP_ZERO,
    BALLOON,
    KSM,
    DIRECT_MAP,
    LAST,
];
/// 6.12 on amd64.
pub static VMSTAT_6_12_AMD64: &[&str] = &[
    THRESHOLDS,
    MEMMAP,
    PAGING,
    ZONES_64_DEVICE,
    PAGES,
    RECLAIM_6_12,
    ZONE_RECLAIM_6_12,
    KSWAPD,
    BALANCING,
    MIGRATION,
    HUGETLB,
    UNEVICTABLE,
    THP_FAULTS,
    THP_UNDERUSED,
    THP_SPLITS,
    THP_PUD,
    THP_ZERO,
    BALLOON,
    SWAP_ZERO,
    KSM,
    DIRECT_MAP,
    LAST,
];
/// 6.1 on arm64.
pub static VMSTAT_6_1_ARM64: &[&str] = &[
    THRESHOLDS,
    PAGING,
    ZONES_64,
    PAGES,
    RECLAIM_6_1,
    ZONE_RECLAIM_6_1,
    KSWAPD,
    BALANCING,
    MIGRATION,
    HUGETLB,
    CMA,
    UNEVICTABLE,
    THP_FAULTS,
    THP_SPLITS,
    THP_ZERO,
    BALLOON,
    KSM,
    LAST,
];
/// 6.12 on arm64.
pub static VMSTAT_6_12_ARM64: &[&str] = &[
    THRESHOLDS,
    MEMMAP,
    PAGING,
    ZONES_64_DEVICE,
    PAGES,
    RECLAIM_6_12,
    ZONE_RECLAIM_6_12,
    KSWAPD,
    BALANCING,
    MIGRATION,
    HUGETLB,
    CMA,
    UNEVICTABLE,
    THP_FAULTS,
    THP_UNDERUSED,
    THP_SPLITS,
    THP_ZERO,
    BALLOON,
    SWAP_ZERO,
    KSM,
    LAST,
];
/// 3.4 on ARM.
pub static VMSTAT_3_4_ARM: &[&str] = &[THRESHOLDS, PAGING, ZONES_3_4, EVENTS_3_4];
/// 2.6.11, on all architectures: the zones are fixed.
pub static VMSTAT_2_6: &[&str] = &[PAGES_2_6, PAGING, ZONES_2_6, EVENTS_2_6];

const THRESHOLDS: &str = "nr_dirty_threshold nr_dirty_background_threshold";
const MEMMAP: &str = "nr_memmap_pages nr_memmap_boot_pages";
const PAGING: &str = "pgpgin pgpgout pswpin pswpout";
const ZONES_HIGH: &str = "\
    pgalloc_dma pgalloc_normal pgalloc_high pgalloc_movable allocstall_dma allocstall_normal allocstall_high \
    allocstall_movable pgskip_dma pgskip_normal pgskip_high pgskip_movable";
const ZONES_64: &str = "\
    pgalloc_dma pgalloc_dma32 pgalloc_normal pgalloc_movable allocstall_dma allocstall_dma32 allocstall_normal \
    allocstall_movable pgskip_dma pgskip_dma32 pgskip_normal pgskip_movable";
const ZONES_64_DEVICE: &str = "\
    pgalloc_dma pgalloc_dma32 pgalloc_normal pgalloc_movable pgalloc_device allocstall_dma allocstall_dma32 \
    allocstall_normal allocstall_movable allocstall_device pgskip_dma pgskip_dma32 pgskip_normal \
    pgskip_movable pgskip_device";
const PAGES: &str = "pgfree pgactivate pgdeactivate pglazyfree pgfault pgmajfault pglazyfreed pgrefill pgreuse";
const RECLAIM_6_1: &str = "\
    pgsteal_kswapd pgsteal_direct pgdemote_kswapd pgdemote_direct pgscan_kswapd pgscan_direct \
    pgscan_direct_throttle pgscan_anon pgscan_file pgsteal_anon pgsteal_file";
const RECLAIM_6_12: &str = "\
    pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgscan_kswapd pgscan_direct pgscan_khugepaged \
    pgscan_direct_throttle pgscan_anon pgscan_file pgsteal_anon pgsteal_file";
const ZONE_RECLAIM_6_1: &str = "zone_reclaim_failed";
const ZONE_RECLAIM_6_12: &str = "zone_reclaim_success zone_reclaim_failed";
const KSWAPD: &str = "\
    pginodesteal slabs_scanned kswapd_inodesteal kswapd_low_wmark_hit_quickly kswapd_high_wmark_hit_quickly \
    pageoutrun pgrotated drop_pagecache drop_slab oom_kill";
const BALANCING: &str = "\
    numa_pte_updates numa_huge_pte_updates numa_hint_faults numa_hint_faults_local numa_pages_migrated";
const MIGRATION: &str = "\
    pgmigrate_success pgmigrate_fail thp_migration_success thp_migration_fail thp_migration_split \
    compact_migrate_scanned compact_free_scanned compact_isolated compact_stall compact_fail compact_success \
    compact_daemon_wake compact_daemon_migrate_scanned compact_daemon_free_scanned";
const HUGETLB: &str = "htlb_buddy_alloc_success htlb_buddy_alloc_fail";
const CMA: &str = "cma_alloc_success cma_alloc_fail";
const UNEVICTABLE: &str = "\
    unevictable_pgs_culled unevictable_pgs_scanned unevictable_pgs_rescued unevictable_pgs_mlocked \
    unevictable_pgs_munlocked unevictable_pgs_cleared unevictable_pgs_stranded";
const THP_FAULTS: &str = "\
    thp_fault_alloc thp_fault_fallback thp_fault_fallback_charge thp_collapse_alloc thp_collapse_alloc_failed \
    thp_file_alloc thp_file_fallback thp_file_fallback_charge thp_file_mapped thp_split_page \
    thp_split_page_failed thp_deferred_split_page";
const THP_UNDERUSED: &str = "thp_underused_split_page";
const THP_SPLITS: &str = "thp_split_pmd thp_scan_exceed_none_pte thp_scan_exceed_swap_pte thp_scan_exceed_share_pte";
const THP_PUD: &str = "thp_split_pud";
const THP_ZERO: &str = "thp_zero_page_alloc thp_zero_page_alloc_failed thp_swpout thp_swpout_fallback";
const BALLOON: &str = "balloon_inflate balloon_deflate balloon_migrate swap_ra swap_ra_hit";
const SWAP_ZERO: &str = "swpin_zero swpout_zero";
const KSM: &str = "ksm_swpin_copy cow_ksm";
const ZSWAP_6_1: &str = "zswpin zswpout";
const ZSWAP_6_12: &str = "zswpin zswpout zswpwb";
const DIRECT_MAP: &str = "direct_map_level2_splits direct_map_level3_splits";
const LAST: &str = "nr_unstable";
const ZONES_3_4: &str = "pgalloc_normal pgalloc_high pgalloc_movable";
const EVENTS_3_4: &str = "\
    pgfree pgactivate pgdeactivate pgfault pgmajfault pgrefill_normal pgrefill_high pgrefill_movable \
    pgsteal_kswapd_normal pgsteal_kswapd_high pgsteal_kswapd_movable pgsteal_direct_normal pgsteal_direct_high \
    pgsteal_direct_movable pgscan_kswapd_normal pgscan_kswapd_high pgscan_kswapd_movable pgscan_direct_normal \
    pgscan_direct_high pgscan_direct_movable pginodesteal slabs_scanned kswapd_inodesteal \
    kswapd_low_wmark_hit_quickly kswapd_high_wmark_hit_quickly kswapd_skip_congestion_wait pageoutrun \
    allocstall pgrotated compact_blocks_moved compact_pages_moved compact_pagemigrate_failed compact_stall \
    compact_fail compact_success unevictable_pgs_culled unevictable_pgs_scanned unevictable_pgs_rescued \
    unevictable_pgs_mlocked unevictable_pgs_munlocked unevictable_pgs_cleared unevictable_pgs_stranded \
    unevictable_pgs_mlockfreed";
const PAGES_2_6: &str = "nr_dirty nr_writeback nr_unstable nr_page_table_pages nr_mapped nr_slab";
const ZONES_2_6: &str = "pgalloc_high pgalloc_normal pgalloc_dma";
const EVENTS_2_6: &str = "\
    pgfree pgactivate pgdeactivate pgfault pgmajfault pgrefill_high pgrefill_normal pgrefill_dma pgsteal_high \
    pgsteal_normal pgsteal_dma pgscan_kswapd_high pgscan_kswapd_normal pgscan_kswapd_dma pgscan_direct_high \
    pgscan_direct_normal pgscan_direct_dma pginodesteal slabs_scanned kswapd_steal kswapd_inodesteal \
    pageoutrun allocstall pgrotated";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_counter() {
        let lists = [
            VMSTAT_6_1_I386,
            VMSTAT_6_1_ARMHF,
            VMSTAT_6_1_LPAE,
            VMSTAT_6_12_ARMHF,
            VMSTAT_6_1_AMD64,
            VMSTAT_6_12_AMD64,
            VMSTAT_6_1_ARM64,
            VMSTAT_6_12_ARM64,
            VMSTAT_3_4_ARM,
            VMSTAT_2_6,
        ];
        for name in lists.iter().flat_map(|list| list.iter()).flat_map(|group| group.split_ascii_whitespace()) {
            assert!(VmStat::default().get(name).is_some(), "{name}");
        }
    }
}
