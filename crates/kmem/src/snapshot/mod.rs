//! Snapshots: what a machine's memory looks like at one moment, as plain structures.
//!
//! The engine fills them; parsers of captures of real machines fill the same ones. A report, a picture or a file under
//! `/proc` is a rendering of them ([`proc`]). They own nothing on a heap: rows come one by one, from an iterator.

/// An enumeration that names the places of a table of numbers.
macro_rules! places {
    ($(#[$doc:meta])* $enum:ident { $($(#[$item_doc:meta])* $item:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $enum { $($(#[$item_doc])* $item,)* }
        impl $enum {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$item,)*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
            /// Returns the kernel's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$item => $name,)* }
            }
            /// Finds one by the kernel's name.
            pub fn by_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|place| place.name() == name)
            }
        }
    };
}

mod counters;
pub mod extfrag;
pub mod proc;
pub mod report;
pub mod slab_files;

pub use counters::{Stat, Stats, VmEvent, VmEvents, VmStat};

use crate::error::Name;
use crate::profile::MAX_ZONES;
use crate::units::Order;
use core::ops::{Index, IndexMut};

/// The most CPUs whose lists one [`ZoneInfo`] holds.
pub const MAX_CPUS: usize = 32;
/// The most NUMA nodes whose pages one [`VmAreaRow`] counts.
pub const MAX_NODES: usize = 8;

places! {
    /// A line of `/proc/meminfo`.
    MemField {
        /// Pages the allocator manages.
        MemTotal = "MemTotal",
        /// Free.
        MemFree = "MemFree",
        /// What could be had without swapping.
        MemAvailable = "MemAvailable",
        /// Block device cache.
        Buffers = "Buffers",
        /// Page cache.
        Cached = "Cached",
        /// Swap cache.
        SwapCached = "SwapCached",
        /// Recently used.
        Active = "Active",
        /// Not recently used.
        Inactive = "Inactive",
        /// Recently used, of processes.
        ActiveAnon = "Active(anon)",
        /// Not recently used, of processes.
        InactiveAnon = "Inactive(anon)",
        /// Recently used, of files.
        ActiveFile = "Active(file)",
        /// Not recently used, of files.
        InactiveFile = "Inactive(file)",
        /// Cannot be reclaimed.
        Unevictable = "Unevictable",
        /// Locked.
        Mlocked = "Mlocked",
        /// High memory.
        HighTotal = "HighTotal",
        /// Free high memory.
        HighFree = "HighFree",
        /// Low memory.
        LowTotal = "LowTotal",
        /// Free low memory.
        LowFree = "LowFree",
        /// Swap.
        SwapTotal = "SwapTotal",
        /// Free swap.
        SwapFree = "SwapFree",
        /// Compressed swap cache.
        Zswap = "Zswap",
        /// What it holds.
        Zswapped = "Zswapped",
        /// Waiting to be written.
        Dirty = "Dirty",
        /// Being written.
        Writeback = "Writeback",
        /// Mapped pages of processes.
        AnonPages = "AnonPages",
        /// Mapped pages of files.
        Mapped = "Mapped",
        /// Shared memory.
        Shmem = "Shmem",
        /// Kernel memory that can be reclaimed.
        KReclaimable = "KReclaimable",
        /// Slabs.
        Slab = "Slab",
        /// Slabs that can be reclaimed.
        SReclaimable = "SReclaimable",
        /// Slabs that cannot.
        SUnreclaim = "SUnreclaim",
        /// Kernel stacks.
        KernelStack = "KernelStack",
        /// Page tables.
        PageTables = "PageTables",
        /// Page tables of guests.
        SecPageTables = "SecPageTables",
        /// Sent to a server, not yet stored.
        NfsUnstable = "NFS_Unstable",
        /// Bounce buffers.
        Bounce = "Bounce",
        /// FUSE's buffers.
        WritebackTmp = "WritebackTmp",
        /// What may be promised to processes.
        CommitLimit = "CommitLimit",
        /// What is promised.
        CommittedAs = "Committed_AS",
        /// The vmalloc area.
        VmallocTotal = "VmallocTotal",
        /// Used of it.
        VmallocUsed = "VmallocUsed",
        /// Its largest hole.
        VmallocChunk = "VmallocChunk",
        /// Per-CPU memory.
        Percpu = "Percpu",
        /// Bad pages.
        HardwareCorrupted = "HardwareCorrupted",
        /// Huge pages of processes.
        AnonHugePages = "AnonHugePages",
        /// Huge pages of shared memory.
        ShmemHugePages = "ShmemHugePages",
        /// Such that are mapped as one.
        ShmemPmdMapped = "ShmemPmdMapped",
        /// Huge pages of files.
        FileHugePages = "FileHugePages",
        /// Such that are mapped as one.
        FilePmdMapped = "FilePmdMapped",
        /// The contiguous area.
        CmaTotal = "CmaTotal",
        /// Free in it.
        CmaFree = "CmaFree",
        /// Memory that a host has not handed over yet.
        Unaccepted = "Unaccepted",
        /// Huge pages set aside (a count).
        HugePagesTotal = "HugePages_Total",
        /// Such that are free (a count).
        HugePagesFree = "HugePages_Free",
        /// Such that are promised (a count).
        HugePagesRsvd = "HugePages_Rsvd",
        /// Such that are beyond the number asked for (a count).
        HugePagesSurp = "HugePages_Surp",
        /// Size of one.
        Hugepagesize = "Hugepagesize",
        /// All huge pages.
        Hugetlb = "Hugetlb",
        /// Directly mapped by small pages.
        DirectMap4k = "DirectMap4k",
        /// Directly mapped by 2 MiB pages.
        DirectMap2M = "DirectMap2M",
        /// Directly mapped by 4 MiB pages.
        DirectMap4M = "DirectMap4M",
        /// Directly mapped by 1 GiB pages.
        DirectMap1G = "DirectMap1G",
    }
}

/// What `/proc/meminfo` shows: kB, or counts where the field says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemInfo([u64; MemField::COUNT]);

impl Default for MemInfo {
    fn default() -> Self {
        Self([0; MemField::COUNT])
    }
}
impl Index<MemField> for MemInfo {
    type Output = u64;
    fn index(&self, field: MemField) -> &u64 {
        &self.0[field as usize]
    }
}
impl IndexMut<MemField> for MemInfo {
    fn index_mut(&mut self, field: MemField) -> &mut u64 {
        &mut self.0[field as usize]
    }
}

/// A row of `/proc/buddyinfo`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BuddyRow {
    /// NUMA node.
    pub node: u32,
    /// Zone.
    pub zone: Name,
    /// Free blocks by order.
    pub free: [u64; Order::COUNT],
    /// How many orders there are.
    pub orders: usize,
}

/// How many mobility types [`PageTypeRow`] has.
pub const PAGE_TYPES: usize = 6;

/// The rows of `/proc/pagetypeinfo` of one zone. Mobility types by the engine's numbers: unmovable 0, movable 1,
/// reclaimable 2, the reserve for atomic requests (in old kernels for all) 3, contiguous area 4, isolated 5.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PageTypeRow {
    /// NUMA node.
    pub node: u32,
    /// Zone.
    pub zone: Name,
    /// Free blocks by mobility type and order.
    pub free: [[u64; Order::COUNT]; PAGE_TYPES],
    /// Pageblocks by mobility type.
    pub blocks: [u64; PAGE_TYPES],
    /// How many orders there are.
    pub orders: usize,
}

/// A per-CPU list as `/proc/zoneinfo` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PcpInfo {
    /// Pages on it.
    pub count: u32,
    /// It is refilled at so many (2.6).
    pub low: u32,
    /// It gives back above so many.
    pub high: u32,
    /// It takes and gives so many at a time.
    pub batch: u32,
}

/// A zone as `/proc/zoneinfo` shows it. Pages.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ZoneInfo {
    /// NUMA node.
    pub node: u32,
    /// Zone.
    pub zone: Name,
    /// The node's counters, at its first zone that has pages.
    pub node_stats: Option<Stats>,
    /// Free pages.
    pub free: u64,
    /// What fragmentation adds to the watermarks; it is contained in them.
    pub boost: u64,
    /// Min watermark.
    pub min: u64,
    /// Low watermark.
    pub low: u64,
    /// High watermark.
    pub high: u64,
    /// The watermark up to which pages are promoted from slower memory (6.x).
    pub promo: u64,
    /// Active pages (2.6).
    pub active: u64,
    /// Inactive pages (2.6).
    pub inactive: u64,
    /// Pages that reclaim looked at since it last succeeded (before 4.x).
    pub scanned: u64,
    /// From its first frame to its last.
    pub spanned: u64,
    /// RAM, as this kernel counts it.
    pub present: u64,
    /// Managed by the page allocator.
    pub managed: u64,
    /// Of that, in the contiguous area.
    pub cma: u64,
    /// `lowmem_reserve`.
    pub protection: [u64; MAX_ZONES],
    /// How many zones there are.
    pub zones: usize,
    /// Its counters.
    pub stats: Stats,
    /// Per-CPU lists. 2.6 has a second list a CPU: [`ZoneInfo::cold`].
    pub pcp: [PcpInfo; MAX_CPUS],
    /// Per-CPU lists of pages that are not in the cache (2.6).
    pub cold: [PcpInfo; MAX_CPUS],
    /// How many CPUs there are.
    pub cpus: usize,
    /// `vm stats threshold`.
    pub stat_threshold: u64,
    /// Whether reclaim has given up (`all_unreclaimable`, `node_unreclaimable`).
    pub unreclaimable: u64,
    /// First frame.
    pub start_pfn: u64,
    /// `inactive_ratio` (3.x).
    pub inactive_ratio: u64,
    /// Pressure on the zone, 12 for none (2.6).
    pub priority: u64,
}

/// A row of `/proc/slabinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SlabRow {
    /// The cache.
    pub name: Name,
    /// Objects in use.
    pub active_objs: u64,
    /// Objects there are.
    pub num_objs: u64,
    /// Bytes of an object.
    pub object_bytes: u64,
    /// Objects a slab.
    pub objects_per_slab: u64,
    /// Pages a slab.
    pub pages_per_slab: u64,
    /// The most objects on a CPU's list (SLAB; 0 with SLUB).
    pub limit: u64,
    /// It takes and gives so many at a time (SLAB).
    pub batchcount: u64,
    /// The list that CPUs share holds so many batches (SLAB).
    pub sharedfactor: u64,
    /// Slabs with objects in use.
    pub active_slabs: u64,
    /// Slabs there are.
    pub num_slabs: u64,
    /// Objects on the list that CPUs share (SLAB).
    pub shared_avail: u64,
}

/// What a vm area is, as `/proc/vmallocinfo` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct VmAreaFlags {
    /// `ioremap`.
    pub ioremap: bool,
    /// `vmalloc`.
    pub vmalloc: bool,
    /// Coherent memory for devices.
    pub dma_coherent: bool,
    /// `vmap`.
    pub vmap: bool,
    /// May be mapped into a process.
    pub user: bool,
    /// Its array of pages is itself from vmalloc.
    pub vpages: bool,
}

impl VmAreaFlags {
    /// Returns the file's words for what is set, in its order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (self.ioremap, "ioremap"),
            (self.vmalloc, "vmalloc"),
            (self.dma_coherent, "dma-coherent"),
            (self.vmap, "vmap"),
            (self.user, "user"),
            (self.vpages, "vpages"),
        ]
        .into_iter()
        .filter_map(|(is_set, word)| is_set.then_some(word))
    }
}

/// A row of `/proc/vmallocinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct VmAreaRow {
    /// First address.
    pub start: u64,
    /// One past the last address, the guard page included.
    pub end: u64,
    /// Who made it: `function+0x0/0x0`; empty when nobody knows.
    pub caller: Name,
    /// Pages of RAM in it; 0 for none.
    pub pages: u64,
    /// The physical address of an I/O map; 0 for none.
    pub phys: u64,
    /// What it is.
    pub flags: VmAreaFlags,
    /// Of [`VmAreaRow::pages`], how many lie on each node. Shown by kernels with NUMA.
    pub node_pages: [u64; MAX_NODES],
}

/// A row of `/proc/iomem`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct IoMemRow {
    /// How deep it lies inside others.
    pub depth: u32,
    /// First physical address.
    pub start: u64,
    /// Last physical address.
    pub last: u64,
    /// What it is.
    pub name: Name,
}
