//! Linux 2.6.11 for i386 without PAE, on a PC.
//!
//! Constants are those of the kernel's headers (`include/asm-i386/*`, named at each); a real 2.6.11 confirms the vmalloc
//! area: VmallocTotal is 770040 kB with 256 MiB of RAM, 507896 with 512, 245752 with 768, 114680 from 1 GiB on. No
//! capture of early boot exists, so what the image and early boot hold is an estimate of a distributor's kernel.

use super::{
    CacheStructs, Counting, Early, EarlyKind, Firmware, HashPages, HashRule, HashTable, Image, ImageSizes, InitrdPlace,
    KmallocAlign, KmallocNames, KmallocOrder, KmallocRule, KmallocType, Placement, Present, Profile, Section, SlabRule,
    SlobEra, TuningRule, ZeroSize, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::{LayoutRule, StartRule, X86Layout};
use crate::gfp::{Gfp, GFP_2_6};
use crate::map::entry::I386;
use crate::snapshot::proc::PROC_2_6_X86;
use crate::units::{Order, PhysAddr, VirtAddr};
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "linux-2.6-i386",
    summary: "Linux 2.6.11 for i386, two-level page tables, on a PC",
    version: (2, 6, 11),
    release: "2.6.11",
    word_bytes: 4,
    // CONFIG_X86_GENERIC, as distributors built: L1_CACHE_SHIFT 7 (arch/i386/Kconfig), so that it suits a Pentium 4.
    cache_line: 128,
    // include/asm-i386/param.h.
    hz: 1000,
    configs: &["CONFIG_X86", "CONFIG_X86_32"],
    page_offset: VirtAddr::new(0xc000_0000),
    phys_offset: PhysAddr::new(0),
    task_size: 0xc000_0000,
    user: UserRule::I386_2_6,
    phys_addr_bytes: 4,
    default_ram: 2 << 30,
    // MAX_NONPAE_PFN: what two-level page tables reach.
    max_ram: 4 << 30,
    default_cpus: 1,
    // CONFIG_NR_CPUS, default 8.
    max_cpus: 8,
    max_nodes: 1,
    default_cmdline: "",
    // A PC of the time; the text's machine of 160 MiB has all of it mapped from 3 GiB on.
    firmware: Firmware::Pc { acpi: 0, hole_from: 0xe000_0000, hole_at: 0xc000_0000 },
    // mm/page_alloc.c: `sysctl_lowmem_reserve_ratio` is { 256, 32 }.
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(16 << 20), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
        ZoneSpec { name: "HighMem", kind: ZoneKind::HighMem, limit: ZoneLimit::RamEnd, reserve_ratio: 0 },
    ],
    top_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // No grouping by mobility before 2.6.24: one block is all there is.
    pageblock_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // include/linux/mm.h without WANT_PAGE_VIRTUAL: flags, two counts, private, mapping, index, a list.
    struct_page: 32,
    counting: Counting {
        present: Present::Spanned,
        mem_map_whole_blocks: false,
        // `node_alloc_mem_map` adds one.
        mem_map_spare: 1,
        trims_first_mib: false,
        section_bytes: None,
        looks_into_holes: false,
        ram_in_pieces: false,
        memory_line_late: false,
    },
    tuning: TuningRule::Early,
    layout: LayoutRule::X86(X86Layout {
        // PKMAP_BASE less two pages.
        vmalloc_end: 0xff7f_e000,
        // (FIXADDR_BOOT_START - 1025 pages) rounded down to what one page table maps.
        pkmap: 0xff80_0000,
        pkmap_slots: 1024,
        // The 4 MiB above pkmap; the kernel uses the top of them, and the last page stays free.
        fixmap: 0xffc0_0000,
        fixmap_end: 0xffff_f000,
        gap: 8 << 20,
        // __VMALLOC_RESERVE, arch/i386/mm/init.c.
        reserve: 128 << 20,
        parameter_excludes_gap: false,
        // MAXMEM is -PAGE_OFFSET - __VMALLOC_RESERVE.
        reserve_end: 1 << 32,
        start: StartRule::UpThenGap,
        says_beyond: true,
    }),
    paging: Some(&I386),
    gfp: &GFP_2_6,
    // mm/slab.c: a list, colour, first object, count, index of the first free; kmem_bufctl_t is an unsigned short.
    slab: SlabRule::Slab { descriptor: 24, bufctl: 2, max_order: 5 },
    // The Linux-tiny patches brought SLOB to 2.6.11; these are the rules that it has had since 2.6.24.
    other_slabs: &[SlabRule::Slob { era: SlobEra::V2_6, min_align: 4, cache_struct: 20 }],
    // mm/slab.c: 116 bytes and a pointer for each of NR_CPUS; the lists of a node are a part of it.
    cache_structs: CacheStructs { cache: 148, cache_per_node: 0, node: 0, node_is_first: false },
    kmalloc: KmallocRule {
        // include/linux/kmalloc_sizes.h: 96 only with lines below 64 bytes, 192 only below 128.
        classes: &[32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131_072],
        types: &[KmallocType::Normal, KmallocType::Dma],
        order: KmallocOrder::BySize,
        max_cached: 131_072,
        max: 131_072,
        min_align: 4,
        align: KmallocAlign::Minimum,
        zero: ZeroSize::SmallestClass,
        names: KmallocNames::Size,
        // `cache_grow` stops at flags beyond SLAB_DMA, SLAB_LEVEL_MASK, SLAB_NO_GROW.
        refused: Gfp::HIGHMEM,
        large: super::LargeKmalloc::Pages,
        buckets: 0,
    },
    image: Image {
        // Estimated from boot logs of the time: 2 MiB of code, 0.7 of data, 0.2 of .init.
        start: 0x0010_0000,
        end: 0x0044_a000,
        sections: &[
            Section { name: ".text", start: 0xc010_0000, end: 0xc031_2000 },
            Section { name: ".data", start: 0xc031_2000, end: 0xc03b_a000 },
            Section { name: ".init", start: 0xc03b_a000, end: 0xc03e_a000 },
            Section { name: ".bss", start: 0xc03e_a000, end: 0xc044_a000 },
        ],
        sizes: ImageSizes { code: 2120, data: 672, rodata: 0, init: 192, bss: 384 },
        freed_early: None,
        freed_late: &[(0x003b_a000, 0x003e_a000)],
        initrd_bytes: 0,
        initrd_at: InitrdPlace::TopOfLow,
        cma: None,
        gigantic: &[],
        huge_page_bytes: 0,
        // Page 0 and the trampoline's page (arch/i386/kernel/setup.c, `setup_bootmem_allocator`).
        reserved: &[(0, 0x2000)],
        early: &[
            Early { what: EarlyKind::MemMap, align: 64 },
            // Wait queues by page, `free_area_init_core`.
            Early { what: EarlyKind::Other(48 << 10), align: 64 },
            Early { what: EarlyKind::PerCpu(32 << 10), align: 128 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        // `alloc_bootmem`'s goal is MAX_DMA_ADDRESS.
        placement: Placement::BottomUp(16 << 20),
        hashes: HashRule {
            counts: HashPages::Present,
            charges_high: false,
            less_first_mib: false,
            strictly_above: true,
        },
        min_free_pages: 512,
    },
    boot_areas: &[],
    proc: &PROC_2_6_X86,
};
