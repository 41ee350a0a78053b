//! Counts of what happened: the event lines of `/proc/vmstat`.
//!
//! They are counted where things are slow anyway. What happens on hit paths (allocations, frees) is counted by the per-CPU
//! lists and added up when somebody asks.

use crate::sync::{AtomicUsize, Ordering};

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $name:literal,)*) => {
        /// Something that `/proc/vmstat` counts.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum VmEvent { $($(#[$doc])* $event,)* }
        impl VmEvent {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$event,)*];
            /// Returns the kernel's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$event => $name,)* }
            }
        }
    };
}

events! {
    /// kB written to disk.
    PgPgOut = "pgpgout",
    /// kB read from disk.
    PgPgIn = "pgpgin",
    /// Faults.
    PgFault = "pgfault",
    /// Pages made active.
    PgActivate = "pgactivate",
    /// Pages made inactive.
    PgDeactivate = "pgdeactivate",
    /// Pages of active lists looked at.
    PgRefill = "pgrefill",
    /// Pages reclaimed by kswapd.
    PgStealKswapd = "pgsteal_kswapd",
    /// Pages reclaimed by those who needed them.
    PgStealDirect = "pgsteal_direct",
    /// Pages looked at by kswapd.
    PgScanKswapd = "pgscan_kswapd",
    /// Pages looked at by those who needed them.
    PgScanDirect = "pgscan_direct",
    /// Objects that shrinkers looked at.
    SlabsScanned = "slabs_scanned",
    /// kswapd found all well at its first look.
    KswapdHighWmarkHitQuickly = "kswapd_high_wmark_hit_quickly",
    /// Runs of kswapd.
    PageOutRun = "pageoutrun",
    /// Allocations that had to reclaim themselves.
    AllocStallNormal = "allocstall_normal",
    /// Such of DMA memory.
    AllocStallDma = "allocstall_dma",
    /// Such of memory below 4 GiB.
    AllocStallDma32 = "allocstall_dma32",
    /// Such of high memory.
    AllocStallHigh = "allocstall_high",
    /// Such of movable memory.
    AllocStallMovable = "allocstall_movable",
    /// `drop_caches` of file pages.
    DropPagecache = "drop_pagecache",
    /// `drop_caches` of slabs.
    DropSlab = "drop_slab",
    /// Processes killed.
    OomKill = "oom_kill",
    /// Pages moved.
    PgMigrateSuccess = "pgmigrate_success",
    /// Pages that could not be moved.
    PgMigrateFail = "pgmigrate_fail",
    /// Frames that compaction looked at to find what can be moved.
    CompactMigrateScanned = "compact_migrate_scanned",
    /// Frames that it looked at to find where to.
    CompactFreeScanned = "compact_free_scanned",
    /// Pages that it took.
    CompactIsolated = "compact_isolated",
    /// Allocations that had to compact themselves.
    CompactStall = "compact_stall",
    /// Of those, in vain.
    CompactFail = "compact_fail",
    /// Of those, not in vain.
    CompactSuccess = "compact_success",
    /// Wakes of kcompactd.
    CompactDaemonWake = "compact_daemon_wake",
    /// Pages dirtied.
    NrDirtied = "nr_dirtied",
    /// Pages written.
    NrWritten = "nr_written",
    /// Pages written by reclaim.
    NrVmscanWrite = "nr_vmscan_write",
}

/// The counters.
pub(crate) struct VmEvents([AtomicUsize; VmEvent::ALL.len()]);

impl Default for VmEvents {
    fn default() -> Self {
        Self([const { AtomicUsize::new(0) }; VmEvent::ALL.len()])
    }
}

impl VmEvents {
    pub(crate) fn add(&self, event: VmEvent, n: u64) {
        if let Some(count) = self.0.get(event as usize) {
            count.fetch_add(n as usize, Ordering::Relaxed);
        }
    }
    pub(crate) fn get(&self, event: VmEvent) -> u64 {
        self.0.get(event as usize).map_or(0, |count| count.load(Ordering::Relaxed) as u64)
    }
}
