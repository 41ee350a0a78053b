//! uClinux 2.6: a microcontroller without an MMU.
//!
//! 16 MiB of RAM at physical address 0; addresses are physical. There is one zone and no address space to cut: `vmalloc`
//! is `kmalloc`, `vmap` is refused (`mm/nommu.c`). The constants are 2.6.11's; the board (an ARM7TDMI with its SDRAM at 0)
//! and the image are examples.

use super::{
    CacheStructs, Counting, Early, EarlyKind, Firmware, HashPages, HashRule, HashTable, Image, ImageSizes, InitrdPlace,
    KmallocAlign, KmallocNames, KmallocOrder, KmallocRule, KmallocType, Placement, Present, Profile, Section, SlabRule,
    SlobEra, TuningRule, ZeroSize, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::LayoutRule;
use crate::gfp::{Gfp, GFP_2_6};
use crate::snapshot::proc::PROC_2_6_NOMMU;
use crate::units::{Order, PhysAddr, VirtAddr};
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The allocator of the standard kernel. include/asm-arm/types.h: kmem_bufctl_t is an unsigned int there.
pub(super) const SLAB: SlabRule = SlabRule::Slab { descriptor: 24, bufctl: 4, max_order: 8 };
/// The small one. The Linux-tiny patches brought it to 2.6.11; these are the rules that it has had since 2.6.24, the first
/// that give pages back. Objects are aligned as a long is.
pub(super) const SLOB: SlabRule = SlabRule::Slob { era: SlobEra::V2_6, min_align: 4, cache_struct: 20 };

/// The profile as a constant, for others to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "uclinux-2.6",
    summary: "uClinux 2.6.11, no MMU, 16 MiB at address 0",
    version: (2, 6, 11),
    release: "2.6.11-uc0",
    word_bytes: 4,
    // include/asm-arm/cache.h.
    cache_line: 32,
    hz: 100,
    configs: &["CONFIG_ARM"],
    page_offset: VirtAddr::new(0),
    phys_offset: PhysAddr::new(0),
    task_size: 0,
    user: UserRule::NO_MMU_2_6,
    phys_addr_bytes: 4,
    default_ram: 16 << 20,
    // The SDRAM window of such controllers.
    max_ram: 256 << 20,
    default_cpus: 1,
    max_cpus: 1,
    max_nodes: 1,
    default_cmdline: "",
    firmware: Firmware::Flat,
    // arch/arm/mm/init.c of 2.6: all memory is zone 0.
    zones: &[ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::LowEnd, reserve_ratio: 256 }],
    top_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    pageblock_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    struct_page: 32,
    counting: Counting {
        present: Present::Spanned,
        mem_map_whole_blocks: false,
        mem_map_spare: 1,
        trims_first_mib: false,
        section_bytes: None,
        looks_into_holes: false,
        ram_in_pieces: false,
        memory_line_late: false,
    },
    tuning: TuningRule::Early,
    layout: LayoutRule::NoMmu,
    paging: None,
    gfp: &GFP_2_6,
    slab: SLAB,
    other_slabs: &[SLOB],
    cache_structs: CacheStructs { cache: 120, cache_per_node: 0, node: 0, node_is_first: false },
    kmalloc: KmallocRule {
        // include/linux/kmalloc_sizes.h: lines of 32 bytes have all; without an MMU they go on to 1 MiB, and beyond that
        // only with CONFIG_LARGE_ALLOCS.
        classes: &[
            32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131_072, 262_144, 524_288,
            1_048_576,
        ],
        types: &[KmallocType::Normal, KmallocType::Dma],
        order: KmallocOrder::BySize,
        max_cached: 1 << 20,
        max: 1 << 20,
        min_align: 4,
        align: KmallocAlign::Minimum,
        zero: ZeroSize::SmallestClass,
        names: KmallocNames::Size,
        refused: Gfp::HIGHMEM,
        large: super::LargeKmalloc::Pages,
        buckets: 0,
    },
    image: Image {
        // 32 KiB above RAM's start, where ARM kernels begin; below lie the vectors.
        start: 0,
        end: 0x001a_0000,
        sections: &[
            Section { name: ".init", start: 0x0000_8000, end: 0x0001_8000 },
            Section { name: ".text", start: 0x0001_8000, end: 0x0014_0000 },
            Section { name: ".data", start: 0x0014_0000, end: 0x0016_0000 },
            Section { name: ".bss", start: 0x0016_0000, end: 0x001a_0000 },
        ],
        sizes: ImageSizes { code: 1184, data: 128, rodata: 0, init: 64, bss: 256 },
        freed_early: None,
        freed_late: &[(0x0000_8000, 0x0001_8000)],
        initrd_bytes: 0,
        initrd_at: InitrdPlace::TopOfLow,
        cma: None,
        gigantic: &[],
        huge_page_bytes: 0,
        reserved: &[],
        early: &[
            Early { what: EarlyKind::MemMap, align: 64 },
            Early { what: EarlyKind::Other(8 << 10), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        placement: Placement::BottomUp(0),
        hashes: HashRule {
            counts: HashPages::Present,
            charges_high: false,
            less_first_mib: false,
            strictly_above: true,
        },
        min_free_pages: 64,
    },
    boot_areas: &[],
    proc: &PROC_2_6_NOMMU,
};
