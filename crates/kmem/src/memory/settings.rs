//! Tunables under `/proc/sys/vm` that are a number and no more: what they may be, what they are when nobody writes them.
//!
//! Those that compute something else anew when they are written are in [`crate::page::tunables`]. Of these here a few are
//! read by the engine (`overcommit_memory`, `extfrag_threshold`: [`Effect::Used`]); the others are kept for whoever asks, as
//! they mean things that the engine does not have (swap, writing to disk by time, panics).
//!
//! Sources: `kernel/sysctl.c`, `mm/oom_kill.c`, `mm/page-writeback.c`, `mm/vmscan.c`, `mm/util.c` of 2.6.11, 3.4, 6.1 and
//! 6.12; the captures' tunables.

use crate::page::tunables::{Effect, Unit};
use crate::profile::{Profile, Version, ZoneKind};
use crate::sync::{AtomicU32, Ordering};

/// Which kernels have a tunable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Needs {
    Nothing,
    /// An MMU.
    Mmu,
    /// High memory.
    HighMem,
    /// More than one node.
    Numa,
    /// Huge pages.
    HugeTlb,
}

/// What is known of a tunable.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    about: &'static str,
    effect: Effect,
    unit: Unit,
    needs: Needs,
    since: Version,
    least: u32,
    /// The most, and the defaults: from which version on, beginning with the newest.
    most: &'static [(Version, u32)],
    default: &'static [(Version, u32)],
}

/// From the first version on.
const EVER: Version = (0, 0, 0);
const INT_MAX: u32 = i32::MAX as u32;

macro_rules! settings {
    ($(#[doc = $about:literal] $item:ident = $name:literal, $effect:ident, $unit:ident,
        $needs:ident, $since:expr, $least:expr, $most:expr, $default:expr;)*) => {
        /// A tunable that is a number and no more.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Setting { $(#[doc = $about] $item,)* }
        const ROWS: &[Row] = &[$(Row {
            name: $name, about: $about, effect: Effect::$effect, unit: Unit::$unit, needs: Needs::$needs, since: $since, least: $least, most: &$most, default: &$default,
        },)*];
        impl Setting {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$item,)*];
        }
    };
}

settings! {
    /// kB that are kept for the administrator with `overcommit_memory` 2; computed at boot, a 32nd of what is free, 8 MB at most.
    AdminReserveKbytes = "admin_reserve_kbytes", Kept, Kilobytes, Nothing, (3, 10, 0), 0, [(EVER, u32::MAX)], [(EVER, 8192)];
    /// Whether compaction moves locked pages.
    CompactUnevictableAllowed = "compact_unevictable_allowed", Kept, Switch, Mmu, (4, 2, 0), 0, [(EVER, 1)], [(EVER, 1)];
    /// How eagerly kcompactd works ahead.
    CompactionProactiveness = "compaction_proactiveness", Kept, Percent, Mmu, (5, 9, 0), 0, [(EVER, 100)], [(EVER, 20)];
    /// Bytes of dirty pages at which writing begins; 0: `dirty_background_ratio` counts.
    DirtyBackgroundBytes = "dirty_background_bytes", Used, Bytes, Nothing, (2, 6, 29), 1, [(EVER, u32::MAX)], [(EVER, 0)];
    /// Percent of dirty pages at which writing begins.
    DirtyBackgroundRatio = "dirty_background_ratio", Used, Percent, Nothing, EVER, 0, [(EVER, 100)], [(EVER, 10)];
    /// Bytes of dirty pages at which who makes them dirty waits; 0: `dirty_ratio` counts.
    DirtyBytes = "dirty_bytes", Used, Bytes, Nothing, (2, 6, 29), 8192, [(EVER, u32::MAX)], [(EVER, 0)];
    /// How old a dirty page gets before it is written.
    DirtyExpireCentisecs = "dirty_expire_centisecs", Kept, Centiseconds, Nothing, EVER, 0, [(EVER, INT_MAX)], [(EVER, 3000)];
    /// Percent of dirty pages at which who makes them dirty waits.
    DirtyRatio = "dirty_ratio", Used, Percent, Nothing, EVER, 0, [(EVER, 100)], [((2, 6, 31), 20), ((2, 6, 22), 10), (EVER, 40)];
    /// How often the flusher wakes.
    DirtyWritebackCentisecs = "dirty_writeback_centisecs", Kept, Centiseconds, Nothing, EVER, 0, [(EVER, INT_MAX)], [(EVER, 500)];
    /// How old a dirty time stamp gets before it is written.
    DirtytimeExpireSeconds = "dirtytime_expire_seconds", Kept, Seconds, Nothing, (4, 0, 0), 0, [(EVER, INT_MAX)], [(EVER, 43_200)];
    /// The fragmentation index, in thousandths, from which on compaction is tried.
    ExtfragThreshold = "extfrag_threshold", Used, Thousandths, Mmu, (2, 6, 35), 0, [(EVER, 1000)], [(EVER, 500)];
    /// Whether high memory counts for the dirty ratios.
    HighmemIsDirtyable = "highmem_is_dirtyable", Used, Switch, HighMem, (2, 6, 33), 0, [(EVER, 1)], [(EVER, 0)];
    /// Whose shared memory may have huge pages.
    HugetlbShmGroup = "hugetlb_shm_group", Kept, Number, HugeTlb, EVER, 0, [(EVER, INT_MAX)], [(EVER, 0)];
    /// Whether disks are left asleep.
    LaptopMode = "laptop_mode", Kept, Seconds, Nothing, EVER, 0, [(EVER, INT_MAX)], [(EVER, 0)];
    /// Whether processes are laid out from the bottom.
    LegacyVaLayout = "legacy_va_layout", Kept, Switch, Mmu, EVER, 0, [(EVER, INT_MAX)], [(EVER, 0)];
    /// The most VMAs of a process.
    MaxMapCount = "max_map_count", Used, Number, Mmu, EVER, 0, [(EVER, INT_MAX)], [((3, 0, 0), 65_530), (EVER, 65_536)];
    /// Percent of reclaimable slabs from which on zone reclaim takes them.
    MinSlabRatio = "min_slab_ratio", Kept, Percent, Numa, (2, 6, 19), 0, [(EVER, 100)], [(EVER, 5)];
    /// Percent of unmapped pages of files from which on zone reclaim takes them.
    MinUnmappedRatio = "min_unmapped_ratio", Kept, Percent, Numa, (2, 6, 18), 0, [(EVER, 100)], [(EVER, 1)];
    /// Whether NUMA counters are kept.
    NumaStat = "numa_stat", Kept, Switch, Numa, (4, 15, 0), 0, [(EVER, 1)], [(EVER, 1)];
    /// Huge pages beyond the pool that may be taken when they are wanted.
    NrOvercommitHugepages = "nr_overcommit_hugepages", Kept, HugePages, HugeTlb, (2, 6, 24), 0, [(EVER, INT_MAX)], [(EVER, 0)];
    /// Whether the out-of-memory report lists processes.
    OomDumpTasks = "oom_dump_tasks", Used, Switch, Nothing, (2, 6, 25), 0, [(EVER, INT_MAX)], [((2, 6, 36), 1), (EVER, 0)];
    /// Whether who asked is killed, instead of the worst.
    OomKillAllocatingTask = "oom_kill_allocating_task", Kept, Switch, Nothing, (2, 6, 24), 0, [(EVER, INT_MAX)], [(EVER, 0)];
    /// kB that may be promised in all with `overcommit_memory` 2; 0: `overcommit_ratio` counts.
    OvercommitKbytes = "overcommit_kbytes", Used, Kilobytes, Nothing, (3, 14, 0), 0, [(EVER, u32::MAX)], [(EVER, 0)];
    /// 0: what is obviously too much is refused; 1: nothing; 2: what is beyond CommitLimit.
    OvercommitMemory = "overcommit_memory", Used, Choice, Nothing, EVER, 0, [((2, 6, 39), 2), (EVER, INT_MAX)], [(EVER, 0)];
    /// Percent of RAM that CommitLimit counts.
    OvercommitRatio = "overcommit_ratio", Used, Percent, Nothing, EVER, 0, [(EVER, INT_MAX)], [(EVER, 50)];
    /// How many pages are read from swap at once, as a power of two.
    PageCluster = "page-cluster", Kept, Number, Mmu, EVER, 0, [((6, 0, 0), 31), (EVER, INT_MAX)], [(EVER, 3)];
    /// How often a page's lock may be taken away from who waits.
    PageLockUnfairness = "page_lock_unfairness", Kept, Number, Nothing, (5, 9, 0), 0, [(EVER, INT_MAX)], [(EVER, 5)];
    /// Whether the kernel panics instead of killing.
    PanicOnOom = "panic_on_oom", Kept, Choice, Nothing, (2, 6, 18), 0, [((2, 6, 23), 2), (EVER, INT_MAX)], [(EVER, 0)];
    /// Seconds between two additions of the per-CPU counters.
    StatInterval = "stat_interval", Kept, Seconds, Nothing, (2, 6, 22), 0, [(EVER, INT_MAX)], [(EVER, 1)];
    /// How much rather pages of processes are swapped than those of files reclaimed.
    Swappiness = "swappiness", Kept, Number, Nothing, EVER, 0, [((5, 8, 0), 200), (EVER, 100)], [(EVER, 60)];
    /// Whether anybody may handle faults of the kernel's.
    UnprivilegedUserfaultfd = "unprivileged_userfaultfd", Kept, Switch, Mmu, (5, 2, 0), 0, [(EVER, 1)], [((5, 11, 0), 0), (EVER, 1)];
    /// kB that a process leaves to others with `overcommit_memory` 2; computed at boot, a 32nd of what is free, 128 MB at most.
    UserReserveKbytes = "user_reserve_kbytes", Kept, Kilobytes, Nothing, (3, 10, 0), 0, [(EVER, u32::MAX)], [(EVER, 131_072)];
    /// How much rather caches of names are reclaimed than pages of files.
    VfsCachePressure = "vfs_cache_pressure", Kept, Percent, Nothing, EVER, 0, [(EVER, INT_MAX)], [(EVER, 100)];
    /// Whether a node reclaims before it takes another's memory.
    ZoneReclaimMode = "zone_reclaim_mode", Kept, Choice, Numa, (2, 6, 16), 0, [(EVER, INT_MAX)], [(EVER, 0)];
}

fn newest(profile: &Profile, values: &[(Version, u32)]) -> u32 {
    values.iter().find(|(since, _)| profile.version >= *since).map_or(0, |(_, value)| *value)
}

impl Setting {
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
    /// Returns its name under `/proc/sys/vm`.
    pub fn name(self) -> &'static str {
        self.row().name
    }
    /// True when the profile's kernel has it.
    pub fn exists(self, profile: &Profile) -> bool {
        let row = self.row();
        profile.version >= row.since
            && match row.needs {
                Needs::Nothing => true,
                Needs::Mmu => profile.paging.is_some(),
                Needs::HighMem => profile.zones.iter().any(|zone| zone.kind == ZoneKind::HighMem),
                Needs::Numa => profile.max_nodes > 1,
                Needs::HugeTlb => profile.image.huge_page_bytes > 0,
            }
    }
    /// Returns the least and the most that it may be.
    pub fn range(self, profile: &Profile) -> (u32, u32) {
        (self.row().least, newest(profile, self.row().most))
    }
    /// Returns what it means, in a line.
    pub fn about(self) -> &'static str {
        self.row().about.trim()
    }
    /// Returns what its number counts.
    pub fn unit(self) -> Unit {
        self.row().unit
    }
    /// Returns whether the engine does anything with it.
    pub fn effect(self) -> Effect {
        self.row().effect
    }
    /// Returns the first kernel that has it.
    pub fn since(self) -> Version {
        self.row().since
    }
    /// Returns what it is when nobody writes it.
    pub fn default(self, profile: &Profile) -> u32 {
        newest(profile, self.row().default)
    }
}

/// The values.
pub(crate) struct Settings([AtomicU32; ROWS.len()]);

impl Settings {
    /// Returns the defaults of a profile's kernel.
    pub(crate) fn new(profile: &Profile) -> Self {
        Self(core::array::from_fn(|at| AtomicU32::new(newest(profile, ROWS[at].default))))
    }
    pub(crate) fn get(&self, setting: Setting) -> u32 {
        self.0[setting as usize].load(Ordering::Relaxed)
    }
    pub(crate) fn set(&self, setting: Setting, value: u32) {
        self.0[setting as usize].store(value, Ordering::Relaxed);
    }
}
