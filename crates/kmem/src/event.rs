//! Events: what happens to pages, as the kernel's tracepoints tell it.
//!
//! An [`Event`] is a plain value with the tracepoint's name and fields. Who keeps, counts or prints events is not known
//! here; [`text`] writes one as a line of the kernel's trace file.
//!
//! The life of a frame can be followed by events alone:
//!
//! ```text
//!    BootFree, ReservedFree                 MmPageAllocZoneLocked (percpu_refill)
//!         |                   +--------------------------------------------> a CPU's list
//!         v                   |            MmPageAlloc (from a CPU's list) |     ^
//!     buddy lists  -----------+                                            v     | MmPageFree (to a CPU's list)
//!         ^   |      MmPageAllocZoneLocked, then MmPageAlloc            allocated
//!         |   +--------------------------------------------------------->  |
//!         +----------------------------------------------------------------+
//!            MmPageFree (to the buddy lists); MmPagePcpuDrain from a CPU's list
//! ```
//!
//! What the kernel's lines do not say and a ledger must know is in [`Place`], and not printed. A block of the buddy lists
//! splits and merges without an event: which block a free frame belongs to follows from the frames that are free.
//!
//! Kernel counterparts: `include/trace/events/kmem.h`, `vmscan.h`, `compaction.h`, `oom.h`.

pub mod text;

use crate::gfp::Gfp;
use crate::units::{Order, Pfn};

/// A mobility type by the engine's number: unmovable 0, movable 1, reclaimable 2, the reserve for atomic requests (in old
/// kernels for all) 3, contiguous area 4, isolated 5.
pub type MigrateType = u8;

/// Where a block comes from or goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// The trace does not say (traces of real kernels).
    #[default]
    Unsaid,
    /// The free lists of its zone.
    Buddy,
    /// The list of this CPU.
    CpuList(u32),
    /// Whoever asked.
    Caller,
}

/// An LRU list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Lru {
    /// Not recently used pages of processes.
    InactiveAnon,
    /// Recently used pages of processes.
    ActiveAnon,
    /// Not recently used pages of files.
    InactiveFile,
    /// Recently used pages of files.
    ActiveFile,
    /// Pages that cannot be reclaimed.
    Unevictable,
}

/// How a compaction went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CompactResult {
    /// Not tried: too little memory is free for it, or there is no need.
    Skipped,
    /// Not tried: it failed too often lately.
    Deferred,
    /// Not done yet.
    Continue,
    /// A block of the order asked for is free.
    Success,
    /// Done with a part of the zone, and no such block is free.
    PartialSkipped,
    /// Done with the zone, and no such block is free.
    Complete,
    /// A page block has nothing suitable.
    NoSuitablePage,
    /// The zone is not suitable.
    NotSuitableZone,
    /// Given up because somebody waits for a lock.
    Contended,
}

/// Whether compaction may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CompactMode {
    /// It may not.
    Async,
    /// It may.
    Sync,
}

/// How hard compaction tries, the hardest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CompactPriority {
    /// Waits for pages being written too.
    SyncFull,
    /// Waits for locks.
    SyncLight,
    /// Never waits.
    Async,
}

/// A zone of a node: the zone's place in the profile's list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZoneRef {
    /// NUMA node.
    pub node: u8,
    /// Index of the zone, lowest first.
    pub zone: u8,
}

/// What a scanner of compaction went over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Isolated {
    /// First frame.
    pub start: Pfn,
    /// One past the last frame.
    pub end: Pfn,
    /// Pages looked at.
    pub scanned: u32,
    /// Pages taken.
    pub taken: u32,
}

/// Where both scanners of a compaction stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompactSpan {
    /// First frame of the zone.
    pub zone_start: Pfn,
    /// Where movable pages are looked for, upwards.
    pub migrate: Pfn,
    /// Where free pages are looked for, downwards.
    pub free: Pfn,
    /// One past the last frame of the zone.
    pub zone_end: Pfn,
    /// Whether it may wait.
    pub mode: CompactMode,
}

/// Why a zone is not compacted for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deferral {
    /// The zone.
    pub zone: ZoneRef,
    /// The order asked for.
    pub order: Order,
    /// The smallest order that failed.
    pub order_failed: u8,
    /// Requests let pass since.
    pub considered: u32,
    /// The base-2 logarithm of how many are let pass.
    pub defer_shift: u8,
}

/// What a shrinker is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShrinkStart {
    /// The shrinker's number; a [`text::Names`] knows its name.
    pub shrinker: u32,
    /// NUMA node.
    pub nid: u8,
    /// How far reclaim got: 12 at first, then down to 0.
    pub priority: u8,
    /// What the request that reclaims may do.
    pub gfp: Gfp,
    /// Objects left over from calls before.
    pub nr_objects_to_shrink: u64,
    /// Objects that the shrinker has.
    pub cache_items: u64,
    /// Objects that this pressure comes to.
    pub delta: u64,
    /// Objects to scan.
    pub total_scan: u64,
    /// Pages of the LRU lists scanned (3.x).
    pub pgs_scanned: u32,
    /// Pages of the LRU lists (3.x).
    pub lru_pgs: u32,
}

/// What a shrinker did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShrinkEnd {
    /// The shrinker's number.
    pub shrinker: u32,
    /// NUMA node.
    pub nid: u8,
    /// Objects left over before.
    pub unused_scan: u64,
    /// Objects left over now.
    pub new_scan: u64,
    /// Objects that were to be scanned.
    pub total_scan: i64,
    /// Objects freed.
    pub retval: i32,
}

/// Pages taken off an LRU list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LruIsolate {
    /// The list.
    pub lru: Lru,
    /// The highest zone that helps.
    pub classzone: u8,
    /// The order reclaimed for.
    pub order: Order,
    /// Pages wanted.
    pub requested: u32,
    /// Pages looked at.
    pub scanned: u32,
    /// Pages of zones that do not help.
    pub skipped: u32,
    /// Pages taken.
    pub taken: u32,
}

/// What became of pages taken off an inactive list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShrinkInactive {
    /// The list.
    pub lru: Lru,
    /// NUMA node.
    pub nid: u8,
    /// Index of the zone (3.x, whose lists belong to zones).
    pub zid: u8,
    /// How far reclaim got.
    pub priority: u8,
    /// Pages looked at.
    pub scanned: u32,
    /// Pages freed.
    pub reclaimed: u32,
    /// Dirty pages met.
    pub dirty: u32,
    /// Pages being written.
    pub writeback: u32,
    /// Pages on a device that is busy.
    pub congested: u32,
    /// Pages marked for reclaim as soon as they are written.
    pub immediate: u32,
    /// Pages of processes put back as active.
    pub activate_anon: u32,
    /// Pages of files put back as active.
    pub activate_file: u32,
    /// Pages kept because they were referenced.
    pub ref_keep: u32,
    /// Pages that could not be unmapped.
    pub unmap_fail: u32,
}

/// Whether another round of reclaim makes sense for a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReclaimRetry {
    /// The zone.
    pub zone: ZoneRef,
    /// The order asked for.
    pub order: Order,
    /// Pages that could be reclaimed.
    pub reclaimable: u64,
    /// Those and the free ones.
    pub available: u64,
    /// The min watermark.
    pub min_wmark: u64,
    /// Rounds without progress.
    pub no_progress_loops: u8,
    /// Whether the request would succeed if all of them were free.
    pub wmark_check: bool,
}

/// Who is killed for want of memory. Sizes in kB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Victim {
    /// The process.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// `oom_score_adj`.
    pub oom_score_adj: i16,
    /// Addresses it has.
    pub total_vm: u64,
    /// Resident memory of its own.
    pub anon_rss: u64,
    /// Resident memory of files.
    pub file_rss: u64,
    /// Resident shared memory.
    pub shmem_rss: u64,
    /// Its page tables.
    pub pgtables: u64,
}

/// An object allocated by a slab cache or by kmalloc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectAlloc {
    /// Who asked, a kernel address.
    pub call_site: u64,
    /// The object; 0 when there was none.
    pub ptr: u64,
    /// Bytes asked for.
    pub bytes_req: u32,
    /// Bytes given.
    pub bytes_alloc: u32,
    /// How.
    pub gfp: Gfp,
    /// NUMA node asked for, -1 for any.
    pub node: i16,
    /// Whether it is charged to a memory cgroup.
    pub accounted: bool,
}

/// An event of the memory system. Names and fields are the tracepoints'.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// No tracepoint: boot hands a free range over to the buddy lists. No `MmPageFree` follows.
    BootFree {
        /// First frame.
        pfn: Pfn,
        /// Pages.
        pages: u64,
    },
    /// No tracepoint: a range that was reserved (initrd, `.init`) goes to the buddy lists. No `MmPageFree` follows.
    ReservedFree {
        /// First frame.
        pfn: Pfn,
        /// Pages.
        pages: u64,
    },
    /// No tracepoint: compaction takes a free page, to move a used one into it.
    MigrationTake {
        /// The frame.
        pfn: Pfn,
    },
    /// A block was given to a caller.
    MmPageAlloc {
        /// First frame; `None` when the request failed.
        pfn: Option<Pfn>,
        /// Its order.
        order: Order,
        /// The mobility type asked for.
        migratetype: MigrateType,
        /// How it was asked for.
        gfp: Gfp,
        /// Where it was taken from.
        from: Place,
    },
    /// A block was freed by its owner.
    MmPageFree {
        /// First frame.
        pfn: Pfn,
        /// Its order.
        order: Order,
        /// Where it went.
        to: Place,
    },
    /// A page was freed as one of many; `MmPageFree` tells of it too.
    MmPageFreeBatched {
        /// The frame.
        pfn: Pfn,
    },
    /// A block left the buddy lists, for a CPU's list or for a caller.
    MmPageAllocZoneLocked {
        /// First frame.
        pfn: Pfn,
        /// Its order.
        order: Order,
        /// The mobility type of the list it was on.
        migratetype: MigrateType,
        /// Whether blocks of that size and type are kept on CPUs' lists.
        percpu_refill: bool,
        /// Where it goes.
        to: Place,
    },
    /// A block went from a CPU's list back to the buddy lists.
    MmPagePcpuDrain {
        /// First frame.
        pfn: Pfn,
        /// Its order.
        order: Order,
        /// The mobility type of the list it goes to.
        migratetype: MigrateType,
        /// Whose list it was on.
        from: Place,
    },
    /// A request took a block of another mobility type.
    MmPageAllocExtfrag {
        /// First frame of the block that was taken from.
        pfn: Pfn,
        /// The order asked for.
        alloc_order: Order,
        /// The order of that block.
        fallback_order: Order,
        /// The mobility type asked for.
        alloc_migratetype: MigrateType,
        /// The block's.
        fallback_migratetype: MigrateType,
        /// Whether the whole pageblock changed its type.
        change_ownership: bool,
    },
    /// kswapd begins.
    MmVmscanKswapdWake {
        /// NUMA node.
        nid: u8,
        /// The highest zone to balance.
        zid: u8,
        /// The order to reclaim for.
        order: Order,
    },
    /// kswapd goes to sleep.
    MmVmscanKswapdSleep {
        /// NUMA node.
        nid: u8,
    },
    /// A request woke kswapd.
    MmVmscanWakeupKswapd {
        /// NUMA node.
        nid: u8,
        /// The highest zone that the request may use.
        zid: u8,
        /// The order asked for.
        order: Order,
        /// How.
        gfp: Gfp,
    },
    /// A request begins to reclaim by itself.
    MmVmscanDirectReclaimBegin {
        /// The order asked for.
        order: Order,
        /// How.
        gfp: Gfp,
    },
    /// It is done.
    MmVmscanDirectReclaimEnd {
        /// Pages freed.
        nr_reclaimed: u64,
    },
    /// A shrinker is called.
    MmShrinkSlabStart(ShrinkStart),
    /// It is done.
    MmShrinkSlabEnd(ShrinkEnd),
    /// Pages were taken off an LRU list.
    MmVmscanLruIsolate(LruIsolate),
    /// They were freed or put back.
    MmVmscanLruShrinkInactive(ShrinkInactive),
    /// A request begins to compact.
    MmCompactionTryToCompactPages {
        /// The order asked for.
        order: Order,
        /// How.
        gfp: Gfp,
        /// How hard.
        priority: CompactPriority,
    },
    /// Compaction of a zone begins.
    MmCompactionBegin(CompactSpan),
    /// It is done.
    MmCompactionEnd {
        /// Where the scanners stand.
        span: CompactSpan,
        /// How it went.
        status: CompactResult,
    },
    /// Movable pages were taken.
    MmCompactionIsolateMigratepages(Isolated),
    /// Free pages were taken.
    MmCompactionIsolateFreepages(Isolated),
    /// Pages were moved.
    MmCompactionMigratepages {
        /// Moved.
        nr_migrated: u32,
        /// Not moved.
        nr_failed: u32,
    },
    /// Whether a compaction is done.
    MmCompactionFinished {
        /// The zone.
        zone: ZoneRef,
        /// The order asked for.
        order: Order,
        /// The answer.
        ret: CompactResult,
    },
    /// Whether a zone is suitable.
    MmCompactionSuitable {
        /// The zone.
        zone: ZoneRef,
        /// The order asked for.
        order: Order,
        /// The answer.
        ret: CompactResult,
    },
    /// A zone was passed over because compaction failed there.
    MmCompactionDeferred(Deferral),
    /// From now on it will be.
    MmCompactionDeferCompaction(Deferral),
    /// It worked: it will not any more.
    MmCompactionDeferReset(Deferral),
    /// Whether to reclaim again.
    ReclaimRetryZone(ReclaimRetry),
    /// A process was chosen to be killed.
    MarkVictim(Victim),
    /// kmalloc.
    Kmalloc(ObjectAlloc),
    /// kfree.
    Kfree {
        /// Who called, a kernel address.
        call_site: u64,
        /// What was freed; 0 for nothing.
        ptr: u64,
    },
    /// An object of a slab cache was allocated.
    KmemCacheAlloc(ObjectAlloc),
    /// An object of a slab cache was freed.
    KmemCacheFree {
        /// Who called, a kernel address.
        call_site: u64,
        /// The object.
        ptr: u64,
        /// The cache's number; a [`text::Names`] knows its name.
        cache: u32,
    },
}

/// Events are copied into rings: they stay small.
const _: () = assert!(size_of::<Event>() <= 64);
