//! Counters: pages by kind, and events since boot. `/proc/vmstat` has all of them, `/proc/zoneinfo` those of zones and
//! nodes.
//!
//! Sources: `mm/vmstat.c`, `vmstat_text`, of 6.12, 6.1, 3.4; `mm/page_alloc.c` of 2.6.11; the captures.

use core::ops::{Index, IndexMut};

places! {
    /// A counter of `/proc/zoneinfo` and `/proc/vmstat`, of a node or a zone.
    Stat {
        /// Free pages.
        FreePages = "nr_free_pages",
        /// Inactive pages of processes.
        InactiveAnon = "nr_inactive_anon",
        /// Active pages of processes.
        ActiveAnon = "nr_active_anon",
        /// Inactive pages of files.
        InactiveFile = "nr_inactive_file",
        /// Active pages of files.
        ActiveFile = "nr_active_file",
        /// Unevictable pages.
        Unevictable = "nr_unevictable",
        /// Reclaimable slab pages.
        SlabReclaimable = "nr_slab_reclaimable",
        /// Other slab pages.
        SlabUnreclaimable = "nr_slab_unreclaimable",
        /// Isolated pages of processes.
        IsolatedAnon = "nr_isolated_anon",
        /// Isolated pages of files.
        IsolatedFile = "nr_isolated_file",
        /// Shadow nodes.
        WorkingsetNodes = "workingset_nodes",
        /// Refaults.
        WorkingsetRefaultAnon = "workingset_refault_anon",
        /// Refaults.
        WorkingsetRefaultFile = "workingset_refault_file",
        /// Activations.
        WorkingsetActivateAnon = "workingset_activate_anon",
        /// Activations.
        WorkingsetActivateFile = "workingset_activate_file",
        /// Restores.
        WorkingsetRestoreAnon = "workingset_restore_anon",
        /// Restores.
        WorkingsetRestoreFile = "workingset_restore_file",
        /// Reclaimed shadow nodes.
        WorkingsetNodereclaim = "workingset_nodereclaim",
        /// Mapped pages of processes.
        AnonPages = "nr_anon_pages",
        /// Mapped pages of files.
        Mapped = "nr_mapped",
        /// Page cache.
        FilePages = "nr_file_pages",
        /// Dirty pages.
        Dirty = "nr_dirty",
        /// Pages being written.
        Writeback = "nr_writeback",
        /// FUSE's pages being written.
        WritebackTemp = "nr_writeback_temp",
        /// Shared memory.
        Shmem = "nr_shmem",
        /// Huge pages of it.
        ShmemHugepages = "nr_shmem_hugepages",
        /// Mapped as one.
        ShmemPmdmapped = "nr_shmem_pmdmapped",
        /// Huge pages of files.
        FileHugepages = "nr_file_hugepages",
        /// Mapped as one.
        FilePmdmapped = "nr_file_pmdmapped",
        /// Huge pages of processes.
        AnonTransparentHugepages = "nr_anon_transparent_hugepages",
        /// Pages written by reclaim.
        VmscanWrite = "nr_vmscan_write",
        /// Pages marked for reclaim as soon as they are written.
        VmscanImmediateReclaim = "nr_vmscan_immediate_reclaim",
        /// Pages dirtied so far.
        Dirtied = "nr_dirtied",
        /// Pages written so far.
        Written = "nr_written",
        /// Pages written while reclaim waited.
        ThrottledWritten = "nr_throttled_written",
        /// Other reclaimable pages of the kernel.
        KernelMiscReclaimable = "nr_kernel_misc_reclaimable",
        /// Pins taken.
        FollPinAcquired = "nr_foll_pin_acquired",
        /// Pins given back.
        FollPinReleased = "nr_foll_pin_released",
        /// Kernel stacks, kB.
        KernelStack = "nr_kernel_stack",
        /// Page tables.
        PageTablePages = "nr_page_table_pages",
        /// Page tables of guests.
        SecPageTablePages = "nr_sec_page_table_pages",
        /// Swap cache.
        Swapcached = "nr_swapcached",
        /// Inactive pages of processes in the zone.
        ZoneInactiveAnon = "nr_zone_inactive_anon",
        /// Active pages of processes in the zone.
        ZoneActiveAnon = "nr_zone_active_anon",
        /// Inactive pages of files in the zone.
        ZoneInactiveFile = "nr_zone_inactive_file",
        /// Active pages of files in the zone.
        ZoneActiveFile = "nr_zone_active_file",
        /// Unevictable pages in the zone.
        ZoneUnevictable = "nr_zone_unevictable",
        /// Pages waiting to be written in the zone.
        ZoneWritePending = "nr_zone_write_pending",
        /// Locked pages.
        Mlock = "nr_mlock",
        /// Bounce buffers.
        Bounce = "nr_bounce",
        /// Pages of zsmalloc.
        Zspages = "nr_zspages",
        /// Free pages of the contiguous area.
        FreeCma = "nr_free_cma",
        /// Sent to a server, not yet stored.
        Unstable = "nr_unstable",
        /// Pages of I/O page tables (6.12).
        IommuPages = "nr_iommu_pages",
        /// Pages promoted to faster memory.
        PromoteSuccess = "pgpromote_success",
        /// Pages that could have been.
        PromoteCandidate = "pgpromote_candidate",
        /// Pages demoted to slower memory by kswapd.
        DemoteKswapd = "pgdemote_kswapd",
        /// By direct reclaim.
        DemoteDirect = "pgdemote_direct",
        /// By khugepaged.
        DemoteKhugepaged = "pgdemote_khugepaged",
        /// Pages that a host has not handed over yet.
        Unaccepted = "nr_unaccepted",
        /// Allocated where it was wanted.
        NumaHit = "numa_hit",
        /// Allocated here, wanted elsewhere.
        NumaMiss = "numa_miss",
        /// Wanted here, allocated elsewhere.
        NumaForeign = "numa_foreign",
        /// Allocated here by interleaving.
        NumaInterleave = "numa_interleave",
        /// Allocated here by a CPU of this node.
        NumaLocal = "numa_local",
        /// Allocated here by a CPU of another node.
        NumaOther = "numa_other",
    }
}

/// A table of counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats([u64; Stat::COUNT]);

impl Default for Stats {
    fn default() -> Self {
        Self([0; Stat::COUNT])
    }
}
impl Index<Stat> for Stats {
    type Output = u64;
    fn index(&self, stat: Stat) -> &u64 {
        &self.0[stat as usize]
    }
}
impl IndexMut<Stat> for Stats {
    fn index_mut(&mut self, stat: Stat) -> &mut u64 {
        &mut self.0[stat as usize]
    }
}

/// An enumeration of events whose names explain them.
macro_rules! events {
    ($($item:ident = $name:literal,)*) => {
        places! {
            /// A counter of `/proc/vmstat` that belongs to no zone or node: most count events since boot.
            VmEvent { $(#[doc = concat!("`", $name, "`.")] $item = $name,)* }
        }
    };
}

events! {
    NrDirtyThreshold = "nr_dirty_threshold",
    NrDirtyBackgroundThreshold = "nr_dirty_background_threshold",
    NrMemmapPages = "nr_memmap_pages",
    NrMemmapBootPages = "nr_memmap_boot_pages",
    Pgpgin = "pgpgin",
    Pgpgout = "pgpgout",
    Pswpin = "pswpin",
    Pswpout = "pswpout",
    PgallocDma = "pgalloc_dma",
    PgallocDma32 = "pgalloc_dma32",
    PgallocNormal = "pgalloc_normal",
    PgallocMovable = "pgalloc_movable",
    PgallocDevice = "pgalloc_device",
    AllocstallDma = "allocstall_dma",
    AllocstallDma32 = "allocstall_dma32",
    AllocstallNormal = "allocstall_normal",
    AllocstallMovable = "allocstall_movable",
    AllocstallDevice = "allocstall_device",
    PgskipDma = "pgskip_dma",
    PgskipDma32 = "pgskip_dma32",
    PgskipNormal = "pgskip_normal",
    PgskipMovable = "pgskip_movable",
    PgskipDevice = "pgskip_device",
    Pgfree = "pgfree",
    Pgactivate = "pgactivate",
    Pgdeactivate = "pgdeactivate",
    Pglazyfree = "pglazyfree",
    Pgfault = "pgfault",
    Pgmajfault = "pgmajfault",
    Pglazyfreed = "pglazyfreed",
    Pgrefill = "pgrefill",
    Pgreuse = "pgreuse",
    PgstealKswapd = "pgsteal_kswapd",
    PgstealDirect = "pgsteal_direct",
    PgstealKhugepaged = "pgsteal_khugepaged",
    PgscanKswapd = "pgscan_kswapd",
    PgscanDirect = "pgscan_direct",
    PgscanKhugepaged = "pgscan_khugepaged",
    PgscanDirectThrottle = "pgscan_direct_throttle",
    PgscanAnon = "pgscan_anon",
    PgscanFile = "pgscan_file",
    PgstealAnon = "pgsteal_anon",
    PgstealFile = "pgsteal_file",
    ZoneReclaimSuccess = "zone_reclaim_success",
    ZoneReclaimFailed = "zone_reclaim_failed",
    Pginodesteal = "pginodesteal",
    SlabsScanned = "slabs_scanned",
    KswapdInodesteal = "kswapd_inodesteal",
    KswapdLowWmarkHitQuickly = "kswapd_low_wmark_hit_quickly",
    KswapdHighWmarkHitQuickly = "kswapd_high_wmark_hit_quickly",
    Pageoutrun = "pageoutrun",
    Pgrotated = "pgrotated",
    DropPagecache = "drop_pagecache",
    DropSlab = "drop_slab",
    OomKill = "oom_kill",
    NumaPteUpdates = "numa_pte_updates",
    NumaHugePteUpdates = "numa_huge_pte_updates",
    NumaHintFaults = "numa_hint_faults",
    NumaHintFaultsLocal = "numa_hint_faults_local",
    NumaPagesMigrated = "numa_pages_migrated",
    PgmigrateSuccess = "pgmigrate_success",
    PgmigrateFail = "pgmigrate_fail",
    ThpMigrationSuccess = "thp_migration_success",
    ThpMigrationFail = "thp_migration_fail",
    ThpMigrationSplit = "thp_migration_split",
    CompactMigrateScanned = "compact_migrate_scanned",
    CompactFreeScanned = "compact_free_scanned",
    CompactIsolated = "compact_isolated",
    CompactStall = "compact_stall",
    CompactFail = "compact_fail",
    CompactSuccess = "compact_success",
    CompactDaemonWake = "compact_daemon_wake",
    CompactDaemonMigrateScanned = "compact_daemon_migrate_scanned",
    CompactDaemonFreeScanned = "compact_daemon_free_scanned",
    HtlbBuddyAllocSuccess = "htlb_buddy_alloc_success",
    HtlbBuddyAllocFail = "htlb_buddy_alloc_fail",
    UnevictablePgsCulled = "unevictable_pgs_culled",
    UnevictablePgsScanned = "unevictable_pgs_scanned",
    UnevictablePgsRescued = "unevictable_pgs_rescued",
    UnevictablePgsMlocked = "unevictable_pgs_mlocked",
    UnevictablePgsMunlocked = "unevictable_pgs_munlocked",
    UnevictablePgsCleared = "unevictable_pgs_cleared",
    UnevictablePgsStranded = "unevictable_pgs_stranded",
    ThpFaultAlloc = "thp_fault_alloc",
    ThpFaultFallback = "thp_fault_fallback",
    ThpFaultFallbackCharge = "thp_fault_fallback_charge",
    ThpCollapseAlloc = "thp_collapse_alloc",
    ThpCollapseAllocFailed = "thp_collapse_alloc_failed",
    ThpFileAlloc = "thp_file_alloc",
    ThpFileFallback = "thp_file_fallback",
    ThpFileFallbackCharge = "thp_file_fallback_charge",
    ThpFileMapped = "thp_file_mapped",
    ThpSplitPage = "thp_split_page",
    ThpSplitPageFailed = "thp_split_page_failed",
    ThpDeferredSplitPage = "thp_deferred_split_page",
    ThpUnderusedSplitPage = "thp_underused_split_page",
    ThpSplitPmd = "thp_split_pmd",
    ThpScanExceedNonePte = "thp_scan_exceed_none_pte",
    ThpScanExceedSwapPte = "thp_scan_exceed_swap_pte",
    ThpScanExceedSharePte = "thp_scan_exceed_share_pte",
    ThpSplitPud = "thp_split_pud",
    ThpZeroPageAlloc = "thp_zero_page_alloc",
    ThpZeroPageAllocFailed = "thp_zero_page_alloc_failed",
    ThpSwpout = "thp_swpout",
    ThpSwpoutFallback = "thp_swpout_fallback",
    BalloonInflate = "balloon_inflate",
    BalloonDeflate = "balloon_deflate",
    BalloonMigrate = "balloon_migrate",
    SwapRa = "swap_ra",
    SwapRaHit = "swap_ra_hit",
    SwpinZero = "swpin_zero",
    SwpoutZero = "swpout_zero",
    KsmSwpinCopy = "ksm_swpin_copy",
    CowKsm = "cow_ksm",
    DirectMapLevel2Splits = "direct_map_level2_splits",
    DirectMapLevel3Splits = "direct_map_level3_splits",
    CmaAllocSuccess = "cma_alloc_success",
    CmaAllocFail = "cma_alloc_fail",
    PgallocHigh = "pgalloc_high",
    AllocstallHigh = "allocstall_high",
    PgskipHigh = "pgskip_high",
    Zswpin = "zswpin",
    Zswpout = "zswpout",
    Zswpwb = "zswpwb",
    PgrefillNormal = "pgrefill_normal",
    PgrefillHigh = "pgrefill_high",
    PgrefillMovable = "pgrefill_movable",
    PgstealKswapdNormal = "pgsteal_kswapd_normal",
    PgstealKswapdHigh = "pgsteal_kswapd_high",
    PgstealKswapdMovable = "pgsteal_kswapd_movable",
    PgstealDirectNormal = "pgsteal_direct_normal",
    PgstealDirectHigh = "pgsteal_direct_high",
    PgstealDirectMovable = "pgsteal_direct_movable",
    PgscanKswapdNormal = "pgscan_kswapd_normal",
    PgscanKswapdHigh = "pgscan_kswapd_high",
    PgscanKswapdMovable = "pgscan_kswapd_movable",
    PgscanDirectNormal = "pgscan_direct_normal",
    PgscanDirectHigh = "pgscan_direct_high",
    PgscanDirectMovable = "pgscan_direct_movable",
    KswapdSkipCongestionWait = "kswapd_skip_congestion_wait",
    Allocstall = "allocstall",
    CompactBlocksMoved = "compact_blocks_moved",
    CompactPagesMoved = "compact_pages_moved",
    CompactPagemigrateFailed = "compact_pagemigrate_failed",
    UnevictablePgsMlockfreed = "unevictable_pgs_mlockfreed",
    NrSlab = "nr_slab",
    PgrefillDma = "pgrefill_dma",
    PgstealHigh = "pgsteal_high",
    PgstealNormal = "pgsteal_normal",
    PgstealDma = "pgsteal_dma",
    PgscanKswapdDma = "pgscan_kswapd_dma",
    PgscanDirectDma = "pgscan_direct_dma",
    KswapdSteal = "kswapd_steal",
}

/// A table of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmEvents([u64; VmEvent::COUNT]);

impl Default for VmEvents {
    fn default() -> Self {
        Self([0; VmEvent::COUNT])
    }
}
impl Index<VmEvent> for VmEvents {
    type Output = u64;
    fn index(&self, event: VmEvent) -> &u64 {
        &self.0[event as usize]
    }
}
impl IndexMut<VmEvent> for VmEvents {
    fn index_mut(&mut self, event: VmEvent) -> &mut u64 {
        &mut self.0[event as usize]
    }
}

/// What `/proc/vmstat` shows.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VmStat {
    /// Sums over all zones and nodes.
    pub stats: Stats,
    /// Everything else.
    pub events: VmEvents,
}

impl VmStat {
    /// Returns the counter of this name; `None` when there is none.
    pub fn get(&self, name: &str) -> Option<u64> {
        let stat = Stat::by_name(name).map(|stat| self.stats[stat]);
        stat.or_else(|| VmEvent::by_name(name).map(|event| self.events[event]))
    }
    /// Returns the place of the counter of this name.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut u64> {
        match Stat::by_name(name) {
            Some(stat) => Some(&mut self.stats[stat]),
            None => VmEvent::by_name(name).map(|event| &mut self.events[event]),
        }
    }
}
