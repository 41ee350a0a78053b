//! Profiles: all that differs between kernels and architectures, as data.
//!
//! A profile is one constant table. The algorithms read it and never ask which architecture this is. To add a kernel
//! is to add a file here.

pub mod amd64_6_1;
pub mod amd64_6_12;
pub mod arm64_6_1;
pub mod arm64_6_12;
pub mod arm_3_2;
pub mod arm_3_4;
pub mod armhf_6_1;
pub mod armhf_6_12;
pub mod armhf_lpae_6_1;
pub mod cortex_m;
pub mod i386_6_1;
pub mod i386_pae_6_1;
pub mod linux_2_6_i386;
pub mod msm8x25;
pub mod riscv64;
pub mod slab_kind;
pub mod uclinux_2_6;
pub mod uclinux_2_6_tiny;

use crate::boot::layout::LayoutRule;
use crate::gfp::{Gfp, GfpEncoding};
use crate::map::entry::PagingFormat;
use crate::snapshot::proc::ProcFormat;
use crate::units::{Order, PhysAddr, VirtAddr};
use crate::user::UserRule;
pub use slab_kind::SlabKind;

/// A kernel's version: 6, 1, 176.
pub type Version = (u32, u32, u32);

/// Everything that is particular to one kernel on one architecture (and, for a board, to the board).
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name by which the command line chooses it.
    pub name: &'static str,
    /// One line about it for `kmem machines`.
    pub summary: &'static str,
    /// Kernel version: 6, 1, 176.
    pub version: Version,
    /// What `uname -r` says.
    pub release: &'static str,
    /// Bytes of a machine word: `sizeof(long)`.
    pub word_bytes: u32,
    /// Bytes of a line of the first-level cache.
    pub cache_line: u32,
    /// HZ of this kernel.
    pub hz: u32,
    /// The `CONFIG_` names that say which architecture C is compiled for.
    pub configs: &'static [&'static str],
    /// First address of the direct map.
    pub page_offset: VirtAddr,
    /// First physical address of RAM; it lies at `page_offset`.
    pub phys_offset: PhysAddr,
    /// One past the last user address (0 without an MMU).
    pub task_size: u64,
    /// The memory of processes: layout, limits.
    pub user: UserRule,
    /// Bytes of a physical address as C sees it: 8 with PAE or LPAE.
    pub phys_addr_bytes: u32,
    /// RAM when nothing is said.
    pub default_ram: u64,
    /// The most RAM that the profile's kernel can use.
    pub max_ram: u64,
    /// CPUs when nothing is said.
    pub default_cpus: u32,
    /// The most CPUs: `NR_CPUS`.
    pub max_cpus: u32,
    /// The most NUMA nodes; 1 where the kernel was built without NUMA.
    pub max_nodes: u32,
    /// The board's own command line; empty for none.
    pub default_cmdline: &'static str,
    /// How the firmware hands out RAM.
    pub firmware: Firmware,
    /// Zones, lowest first.
    pub zones: &'static [ZoneSpec],
    /// The largest order the buddy allocator gives (10 where `MAX_ORDER` is 11).
    pub top_order: Order,
    /// Order of a pageblock.
    pub pageblock_order: Order,
    /// `sizeof(struct page)`.
    pub struct_page: u32,
    /// How pages are counted: what `present_pages` is, how large the array of page structures.
    pub counting: Counting,
    /// Watermarks and per-CPU list sizes.
    pub tuning: TuningRule,
    /// The rule of the virtual address layout.
    pub layout: LayoutRule,
    /// Page table format; `None` without an MMU.
    pub paging: Option<&'static PagingFormat>,
    /// Numbers and names of the GFP flags.
    pub gfp: &'static GfpEncoding,
    /// The slab allocator, and its geometry.
    pub slab: SlabRule,
    /// The other slab allocators that this kernel can be built with.
    pub other_slabs: &'static [SlabRule],
    /// Structures that describe caches.
    pub cache_structs: CacheStructs,
    /// kmalloc's size classes.
    pub kmalloc: KmallocRule,
    /// What the kernel image and early boot hold: the profile's own estimate, used when no capture says better.
    pub image: Image,
    /// vm areas that this kernel's boot leaves behind.
    pub boot_areas: &'static [BootArea],
    /// Formats of the files under /proc.
    pub proc: &'static ProcFormat,
}

/// How the firmware hands out RAM of a given size.
#[derive(Clone, Copy, Debug)]
pub enum Firmware {
    /// A PC: 0 to 0x9fc00 and from 1 MiB up; `acpi` bytes at the top are the firmware's. RAM beyond `hole_from` is cut
    /// at `hole_at`, and the rest moves to 4 GiB.
    Pc {
        /// Bytes that ACPI tables take at the top.
        acpi: u64,
        /// More RAM than this makes a hole below 4 GiB.
        hole_from: u64,
        /// Where the hole begins then.
        hole_at: u64,
    },
    /// One piece from the profile's `phys_offset` on.
    Flat,
}

/// How a kernel counts the pages of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counting {
    /// What `present_pages` is.
    pub present: Present,
    /// Whether the mem_map begins and ends at a multiple of the largest block.
    pub mem_map_whole_blocks: bool,
    /// Page structures beyond the last page (2.6.11 has one).
    pub mem_map_spare: u64,
    /// Whether page 0 and 640 KiB up to 1 MiB of a PC are taken out of the memory map, and parts of pages.
    pub trims_first_mib: bool,
    /// Bytes of RAM that one section of the mem_map describes (`SECTION_SIZE_BITS`); `None` for one flat array.
    pub section_bytes: Option<u64>,
    /// Whether a flat array counts as one only where a pageblock holds RAM (`pfn_valid` of ARM), and not from its begin to its end.
    pub looks_into_holes: bool,
    /// Whether each `mem=SIZE@START` is a piece of RAM, and there is no other (ARM, `early_mem`); else `mem=` is where RAM ends.
    pub ram_in_pieces: bool,
    /// Whether the `Memory:` line comes when all CPUs run, and not with the page allocator (6.12: `page_alloc_init_late`).
    pub memory_line_late: bool,
}

/// What `present_pages` of a zone is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Present {
    /// All it spans (2.6: holes are not taken off).
    Spanned,
    /// Its RAM without what the zone's part of the mem_map takes (2.6.20 to 3.7).
    LessMemMap,
    /// Its RAM (3.8 and later, which count `managed_pages` besides).
    Ram,
}

/// The most zones of a profile, on each node.
pub const MAX_ZONES: usize = 5;

/// The most NUMA nodes of a machine.
pub const MAX_NODES: usize = 8;

/// One zone of a profile.
#[derive(Clone, Copy, Debug)]
pub struct ZoneSpec {
    /// The zone's name as the kernel prints it.
    pub name: &'static str,
    /// Which kind of memory it is.
    pub kind: ZoneKind,
    /// Where it ends.
    pub limit: ZoneLimit,
    /// Default of this zone's entry in `lowmem_reserve_ratio`; 0: none.
    pub reserve_ratio: u32,
}

/// The kinds of zone, in the order in which an allocation falls back: from the last to the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ZoneKind {
    /// For devices with few address lines.
    Dma,
    /// Below 4 GiB on 64-bit machines.
    Dma32,
    /// Directly mapped.
    Normal,
    /// Not directly mapped.
    HighMem,
    /// Only movable pages.
    Movable,
    /// Memory of devices (`CONFIG_ZONE_DEVICE`). Boot puts nothing there.
    Device,
}

/// Where a zone ends.
#[derive(Clone, Copy, Debug)]
pub enum ZoneLimit {
    /// At this physical address.
    At(u64),
    /// Where the direct map ends.
    LowEnd,
    /// Where RAM ends.
    RamEnd,
    /// The zone is empty unless the command line fills it.
    Empty,
}

/// How watermarks and per-CPU lists are computed. Formulas: `page/watermark.rs`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TuningRule {
    /// 2.6.11 to 2.6.18: low = 5/4 min, high = 3/2 min; pcp batch from the zone size, high = 6 × batch.
    Early,
    /// 3.x: the same watermarks spaced by `min/4`, `min/2`; pcp likewise.
    Middle,
    /// 6.1: watermark_scale_factor, pcp high from the low watermark.
    Modern {
        /// Transparent huge pages raise min_free_kbytes when RAM is at least 512 MiB.
        thp: bool,
    },
    /// 6.12: as 6.1, but ZONE_MOVABLE has a min of its own as high memory has, batches are smaller, and the size of a
    /// per-CPU list moves between two bounds.
    Recent {
        /// As in [`TuningRule::Modern`].
        thp: bool,
    },
}

impl TuningRule {
    /// True for kernels that count managed pages and have `watermark_scale_factor`.
    pub const fn is_modern(self) -> bool {
        matches!(self, Self::Modern { .. } | Self::Recent { .. })
    }
    /// True where the kernel was built with transparent huge pages.
    pub const fn has_thp(self) -> bool {
        matches!(self, Self::Modern { thp: true } | Self::Recent { thp: true })
    }
}

/// Which slab allocator, with its constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlabRule {
    /// The SLAB of 2.6: descriptors on or off the slab, colouring.
    Slab {
        /// `sizeof(struct slab)`.
        descriptor: u32,
        /// `sizeof(kmem_bufctl_t)`.
        bufctl: u32,
        /// `MAX_GFP_ORDER`: the largest order of a slab.
        max_order: u32,
    },
    /// SLUB.
    Slub {
        /// `slub_max_order` when the command line says nothing.
        max_order: u32,
        /// Which generation of its rules.
        era: SlubEra,
        /// `sizeof(struct track)`.
        track: u32,
    },
    /// SLOB: blocks of any size in pages that all sizes share.
    Slob {
        /// Which generation of its rules.
        era: SlobEra,
        /// `ARCH_SLAB_MINALIGN`.
        min_align: u32,
        /// `sizeof(struct kmem_cache)`.
        cache_struct: u32,
    },
}

/// The generations of SLOB's rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlobEra {
    /// 2.6.24 to 3.7: an object of a cache with `SLAB_HWCACHE_ALIGN` begins on a whole line, pages count as no slab's.
    V2_6,
    /// 5.4 to 6.3: lines are halved for small objects as elsewhere, kmalloc aligns powers of two to themselves, pages count
    /// as slabs'.
    V6_1,
}

/// The generations of SLUB's rules, as `slab/geometry.rs` tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SlubEra {
    /// 3.2 to 3.4: nothing lies before an object, the link of a free one is its first word, CPUs keep few objects.
    V3,
    /// 6.1: a red zone on both sides, the link in the middle of the object, the size asked for kept beside kmalloc's.
    V6_1,
    /// 6.12: an order is searched for the wanted number of objects only; boot parameters are spelled `slab_*` too.
    V6_12,
}

/// kmalloc's size classes.
#[derive(Clone, Copy, Debug)]
pub struct KmallocRule {
    /// Sizes of the caches, ascending.
    pub classes: &'static [u32],
    /// The ladders of caches, in the order in which they are made. That of zone DMA is left out where there is no such zone.
    pub types: &'static [KmallocType],
    /// In which order the caches are made.
    pub order: KmallocOrder,
    /// Largest size that a cache serves; larger ones are whole pages, or refused when it equals `max`.
    pub max_cached: u32,
    /// Largest size given at all.
    pub max: u32,
    /// `ARCH_KMALLOC_MINALIGN`.
    pub min_align: u32,
    /// How the objects of a class are aligned beyond that.
    pub align: KmallocAlign,
    /// What `kmalloc(0)` gives.
    pub zero: ZeroSize,
    /// How the caches are named.
    pub names: KmallocNames,
    /// Allocation flags that kmalloc drops with a warning (6.x) or that are a bug (2.6).
    pub refused: Gfp,
    /// How whole pages that kmalloc gives are counted.
    pub large: LargeKmalloc,
    /// `sizeof(kmem_buckets)`: a pointer for each class, for those who keep a ladder of their own (`CONFIG_SLAB_BUCKETS`, 6.11
    /// and later). 0: there is no cache for such.
    pub buckets: u32,
}

/// What whole pages that kmalloc gives are to meminfo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LargeKmalloc {
    /// Pages like any others.
    Pages,
    /// Slabs that cannot be reclaimed: SUnreclaim (5.4 and later: `mm/slub.c`, `kmalloc_large_node`).
    Slabs,
}

/// The ladders of kmalloc's caches; a request takes the first of DMA, reclaimable, account whose flag it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KmallocType {
    /// What has none of the flags below.
    Normal,
    /// `__GFP_ACCOUNT`: charged to a memory cgroup (5.14 and later).
    Account,
    /// `__GFP_RECLAIMABLE` (4.20 and later).
    Reclaimable,
    /// `__GFP_DMA`.
    Dma,
}

impl KmallocType {
    /// How many there are.
    pub const COUNT: usize = 4;
}

/// In which order kmalloc's caches are made, which slabinfo shows from its end upwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KmallocOrder {
    /// Size by size, each with all types (2.6).
    BySize,
    /// Type by type, sizes ascending (6.1).
    ByType,
    /// Type by type, the sizes that are no powers of two before the others (3.x, and 6.12 again).
    OddSizesFirst,
}

/// Bytes of the structures that describe caches: they are objects of the first caches there are. SLOB's are in its rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheStructs {
    /// `struct kmem_cache` without what there is for each node.
    pub cache: u32,
    /// What each node adds to it: a pointer.
    pub cache_per_node: u32,
    /// `struct kmem_cache_node`; 0 where it is a part of the other.
    pub node: u32,
    /// Whether the cache of nodes' structures is the older one.
    pub node_is_first: bool,
}

/// How kmalloc's objects are aligned, beyond `ARCH_KMALLOC_MINALIGN`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KmallocAlign {
    /// Not at all (before 5.4).
    Minimum,
    /// Sizes that are powers of two are aligned to themselves (5.4 and later).
    PowerSizes,
    /// Every size is aligned to the largest power of two that divides it (6.12).
    LargestDivisor,
}

impl KmallocAlign {
    /// Returns the alignment of the class of `size` bytes.
    pub const fn of(self, size: u32, min_align: u32) -> u32 {
        let natural = match self {
            Self::PowerSizes if size.is_power_of_two() => size,
            Self::LargestDivisor => 1 << size.trailing_zeros(),
            Self::PowerSizes | Self::Minimum => 0,
        };
        if natural > min_align {
            natural
        } else {
            min_align
        }
    }
}

/// What `kmalloc(0)` gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ZeroSize {
    /// `ZERO_SIZE_PTR`, the address 16 (2.6.22 and later).
    Pointer16,
    /// An object of the smallest class.
    SmallestClass,
}

/// How kmalloc's caches are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KmallocNames {
    /// `size-32`, `size-32(DMA)`.
    Size,
    /// `kmalloc-32`, `dma-kmalloc-32`; sizes from 1024 as `kmalloc-1k` when `short`.
    Kmalloc {
        /// `kmalloc-1k` instead of `kmalloc-1024` (5.0 and later).
        short: bool,
    },
}

/// What the kernel image and early boot hold: the profile's own estimate, used when no capture says better.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// Physical address of the image's first byte.
    pub start: u64,
    /// Physical address past the image's last byte, early heap included.
    pub end: u64,
    /// Its sections in order.
    pub sections: &'static [Section],
    /// What the `Memory:` line of the boot log says about it.
    pub sizes: ImageSizes,
    /// Physical range inside the image that is freed before the watermarks are computed ("SMP alternatives").
    pub freed_early: Option<(u64, u64)>,
    /// Physical ranges inside the image that are freed at the end of boot: `.init`, and what alignment left between
    /// sections.
    pub freed_late: &'static [(u64, u64)],
    /// Bytes of the initrd, freed late in boot.
    pub initrd_bytes: u64,
    /// Where the boot loader puts it.
    pub initrd_at: InitrdPlace,
    /// The area for large contiguous blocks; `None` where the kernel was built without.
    pub cma: Option<CmaRule>,
    /// Sizes of huge pages that are larger than the largest block, and so are taken before the page allocator runs.
    pub gigantic: &'static [u64],
    /// The usual size of a huge page; 0 where there are none.
    pub huge_page_bytes: u64,
    /// Ranges of RAM that are reserved whatever happens (the first MiB of a PC).
    pub reserved: &'static [(u64, u64)],
    /// What boot allocates before the page allocator exists, in order.
    pub early: &'static [Early],
    /// Which way early allocations are placed.
    pub placement: Placement,
    /// How the entries of boot's hash tables are counted.
    pub hashes: HashRule,
    /// Pages that must be left for a machine to be of any use.
    pub min_free_pages: u64,
}

/// Where the boot loader puts the initrd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitrdPlace {
    /// At the end of low memory: the kernel moves it there when it lies higher.
    TopOfLow,
    /// At this distance from the start of RAM, or in its middle when that is less; the device tree follows. Both must lie
    /// in the direct map.
    After {
        /// The most bytes between the start of RAM and the initrd.
        at: u64,
        /// Alignment of the device tree behind it.
        tree_align: u64,
        /// Bytes that are reserved for the device tree.
        tree_bytes: u64,
    },
}

/// The contiguous memory allocator's default area: `CONFIG_CMA_SIZE_MBYTES`; `cma=` says another size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CmaRule {
    /// Bytes when nothing is said.
    pub bytes: u64,
    /// Its start and size are multiples of this.
    pub align: u64,
}

/// Sizes of the image as the `Memory:` line prints them, in kB.
#[derive(Clone, Copy, Debug)]
pub struct ImageSizes {
    /// Code.
    pub code: u64,
    /// Writable data.
    pub data: u64,
    /// Read-only data (4.x and later).
    pub rodata: u64,
    /// Code and data for boot only.
    pub init: u64,
    /// Zeroed data.
    pub bss: u64,
}

/// One allocation before the page allocator exists.
#[derive(Clone, Copy, Debug)]
pub struct Early {
    /// What it is for.
    pub what: EarlyKind,
    /// Alignment in bytes, a power of two.
    pub align: u64,
}

/// What an early allocation is for, which says how large it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EarlyKind {
    /// The initrd, moved to where the kernel can reach it.
    Initrd,
    /// The array of page structures.
    MemMap,
    /// The area for contiguous blocks.
    Cma,
    /// Memory below 4 GiB to copy through for devices that reach no further (swiotlb).
    Bounce(Bounce),
    /// A byte for each so many bytes of RAM: the tables of a direct map of single pages.
    PerRam(u64),
    /// Each CPU's own variables: so many bytes a CPU.
    PerCpu(u64),
    /// One of boot's hash tables.
    Hash(HashTable),
    /// So many bytes of other things.
    Other(u64),
}

/// Memory to copy through for devices that do not reach all RAM: `kernel/dma/swiotlb.c`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounce {
    /// Its bytes.
    pub bytes: u64,
    /// Bytes of what is kept for each 2 KiB of it (`struct io_tlb_slot`).
    pub slot: u64,
    /// It is there when RAM ends above this address.
    pub beyond: u64,
}

impl Bounce {
    /// That of 64-bit kernels: "software IO TLB: mapped … (64MB)".
    pub const WIDE: Self = Self { bytes: 64 << 20, slot: 24, beyond: 4 << 30 };

    /// Returns the bytes of the memory and of its slots.
    pub const fn all_bytes(self) -> u64 {
        self.bytes + (self.bytes >> 11) * self.slot
    }
}

/// A hash table whose size follows from RAM: `alloc_large_system_hash`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashTable {
    /// Its name in the boot log.
    pub name: &'static str,
    /// One entry for each `1 << scale` bytes of low memory.
    pub scale: u32,
    /// Bytes of an entry.
    pub bucket: u64,
}

impl HashTable {
    /// Directory entries, one for each 8 KiB: `fs/dcache.c`. The lists' heads are pointers of 32 bits.
    pub const DENTRY: Self = Self { name: "Dentry cache", scale: 13, bucket: 4 };
    /// Inodes, one for each 16 KiB: `fs/inode.c`.
    pub const INODE: Self = Self { name: "Inode-cache", scale: 14, bucket: 4 };
    /// Directory entries where pointers have 64 bits.
    pub const DENTRY_64: Self = Self { bucket: 8, ..Self::DENTRY };
    /// Inodes where pointers have 64 bits.
    pub const INODE_64: Self = Self { bucket: 8, ..Self::INODE };
    /// Processes, one for each 256 KiB: `kernel/pid.c`.
    pub const PID: Self = Self { name: "PID", scale: 18, bucket: 4 };
}

/// How the entries of boot's hash tables are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashRule {
    /// Which low pages count.
    pub counts: HashPages,
    /// Whether high memory's part of the mem_map is left out too, when twice as many low pages remain (3.7 and later).
    pub charges_high: bool,
    /// Whether RAM of the first MiB, all of it held, is left out of `Total pages` and of what the tables are sized by
    /// (6.1 on x86-64).
    pub less_first_mib: bool,
    /// Whether a power of two is doubled (2.6 rounds up to the next larger one).
    pub strictly_above: bool,
}

/// Which low pages size boot's hash tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HashPages {
    /// Those that are present (2.6).
    Present,
    /// Those that are present without the mem_map.
    LessMemMap,
    /// Those that nobody holds when the zones are set up (6.12).
    Free,
}

/// Which way early allocations are placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Downwards from the end of low memory (memblock).
    TopDown,
    /// Upwards from this physical address (bootmem), below it when the rest is full.
    BottomUp(u64),
}

/// A section of the kernel image, virtual addresses as the kernel prints them.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// `.text`, `.init`, `.data`, `.bss`.
    pub name: &'static str,
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
}

/// A vm area that boot leaves behind.
#[derive(Clone, Copy, Debug)]
pub struct BootArea {
    /// Where it begins.
    pub at: AreaPlace,
    /// Bytes, the guard page included where there is one.
    pub bytes: u64,
    /// Who made it, as vmallocinfo prints callers.
    pub caller: &'static str,
    /// What it maps.
    pub kind: BootAreaKind,
}

/// What a boot area maps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BootAreaKind {
    /// Registers or tables at this physical address, with a guard page behind (`ioremap`).
    Io(u64),
    /// Registers at this physical address, without a guard page (`iotable_init`).
    StaticIo(u64),
    /// Addresses that static maps leave over and that nobody may use; shown as I/O.
    StaticHole,
    /// Pages of RAM, with a guard page behind (`vmalloc`).
    Pages,
    /// Addresses that per-CPU memory keeps for itself; nothing is mapped yet.
    PerCpu,
    /// A part of the kernel image at this physical address, without a guard page; shown as a vmap (`declare_vma`).
    Image(u64),
    /// A part of the image that boot has freed: no longer mapped, but its addresses are kept (`free_initmem`).
    FreedImage(u64),
}

/// Where a boot area lies.
#[derive(Clone, Copy, Debug)]
pub enum AreaPlace {
    /// At this distance from the start of the vmalloc area.
    FromStart(u64),
    /// At this address, when that is inside the vmalloc area.
    At(u64),
}

/// All profiles, the default first.
pub static PROFILES: [&Profile; 17] = [
    &i386_pae_6_1::PROFILE,
    &i386_6_1::PROFILE,
    &linux_2_6_i386::PROFILE,
    &amd64_6_1::PROFILE,
    &amd64_6_12::PROFILE,
    &armhf_6_1::PROFILE,
    &armhf_lpae_6_1::PROFILE,
    &armhf_6_12::PROFILE,
    &arm64_6_1::PROFILE,
    &arm64_6_12::PROFILE,
    &riscv64::PROFILE,
    &arm_3_2::PROFILE,
    &arm_3_4::PROFILE,
    &msm8x25::PROFILE,
    &uclinux_2_6::PROFILE,
    &uclinux_2_6_tiny::PROFILE,
    &cortex_m::PROFILE,
];

/// Finds a profile by its name.
pub fn by_name(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|profile| profile.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::layout::VirtRange;
    use crate::boot::{plan, BootParams};

    /// Boot areas of the profile's own machine, where they lie there.
    fn areas(profile: &'static Profile) -> (VirtRange, Vec<(u64, u64)>) {
        let plan = plan(profile, &BootParams::new(profile)).expect("the profile's own machine boots");
        let vmalloc = plan.layout.vmalloc.unwrap_or_default();
        let place = |area: &BootArea| {
            let start = match area.at {
                AreaPlace::FromStart(offset) => vmalloc.start.raw() + offset,
                AreaPlace::At(addr) => addr,
            };
            (start, start + area.bytes)
        };
        (vmalloc, profile.boot_areas.iter().map(place).collect())
    }

    #[test]
    fn every_profile_is_consistent() {
        for (at, profile) in PROFILES.iter().enumerate() {
            let name = profile.name;
            assert!(PROFILES[..at].iter().all(|other| other.name != name), "{name} is there twice");
            assert!(by_name(name).is_some());
            assert!(profile.zones.len() <= MAX_ZONES, "{name}");
            assert!(profile.zones.windows(2).all(|pair| pair[0].kind < pair[1].kind), "{name} zones");
            let classes = profile.kmalloc.classes;
            assert!(classes.windows(2).all(|pair| pair[0] < pair[1]), "{name} classes");
            assert_eq!(classes.last(), Some(&profile.kmalloc.max_cached), "{name}");
            assert!(profile.pageblock_order <= profile.top_order, "{name}");
            let image = &profile.image;
            let direct = profile.page_offset.raw().wrapping_sub(profile.phys_offset.raw());
            let to_virt = profile.layout.image_distance().unwrap_or(direct);
            assert!(image.sections.windows(2).all(|pair| pair[0].end <= pair[1].start), "{name} sections");
            for section in image.sections {
                let (start, end) = (section.start.wrapping_sub(to_virt), section.end.wrapping_sub(to_virt));
                assert!(image.start <= start && start < end && end <= image.end, "{name} {}", section.name);
            }
            for (start, end) in image.freed_early.into_iter().chain(image.freed_late.iter().copied()) {
                assert!(image.start <= start && start < end && end <= image.end, "{name} freed part of the image");
            }
            for early in image.early {
                assert!(early.align.is_power_of_two(), "{name}");
            }
            let (vmalloc, areas) = areas(profile);
            assert!(areas.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{name} boot areas overlap");
            for (start, end) in areas {
                assert!(vmalloc.start.raw() <= start && end <= vmalloc.end.raw(), "{name} boot area outside");
            }
        }
    }

    #[test]
    fn as_many_areas_fit_as_on_the_real_machine() {
        // A real 6.1 with 2 GiB held 117 areas of 1 MiB, each with its guard page, before vmalloc failed.
        let (vmalloc, mut areas) = areas(&i386_pae_6_1::PROFILE);
        areas.push((vmalloc.end.raw(), vmalloc.end.raw()));
        let mut free_from = vmalloc.start.raw();
        let mut count = 0;
        for (start, end) in areas {
            count += (start - free_from) / ((1 << 20) + 4096);
            free_from = end;
        }
        assert_eq!(count, 117);
    }

    #[test]
    fn the_phone_has_the_holes_of_its_vmallocinfo() {
        let (_, areas) = areas(&msm8x25::PROFILE);
        let hole = |after: u64| {
            let at = areas.iter().position(|&(_, end)| end == after)?;
            Some(areas.get(at + 1)?.0 - after)
        };
        // 57.86 MiB between 0xfb600000 and 0xfefdc000: too little for 64.
        assert_eq!(hole(0xfb60_0000), Some(0xfefd_c000 - 0xfb60_0000));
    }
}
