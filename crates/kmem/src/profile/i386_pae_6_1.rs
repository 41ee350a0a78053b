//! Linux 6.1 for i386 with PAE: Debian's `686-pae` kernel on QEMU's PC.
//!
//! All numbers are read off captures of that kernel (golden cases `i386-pae-*`): the boot log, `/proc`, and the replayed
//! log of early allocations; so is what the image and early boot hold, to the byte. What no dump shows is marked.

use super::{
    AreaPlace, BootArea, BootAreaKind, Bounce, CacheStructs, Counting, Early, EarlyKind, Firmware, HashPages, HashRule,
    HashTable, Image, ImageSizes, InitrdPlace, KmallocAlign, KmallocNames, KmallocOrder, KmallocRule, KmallocType,
    Placement, Present, Profile, Section, SlabRule, SlobEra, SlubEra, TuningRule, ZeroSize, ZoneKind, ZoneLimit,
    ZoneSpec,
};
use crate::boot::layout::{LayoutRule, StartRule, X86Layout};
use crate::gfp::{Gfp, GFP_6_1};
use crate::map::entry::PAE;
use crate::snapshot::proc::PROC_6_1_PAE;
use crate::units::{Order, PhysAddr, VirtAddr};
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The profile as a constant, for the kernel without PAE to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "i386-pae-6.1",
    summary: "Linux 6.1.176 for i386 with PAE (Debian 686-pae) on a PC",
    version: (6, 1, 176),
    release: "6.1.0-50-686-pae",
    word_bytes: 4,
    // `SLUB: HWalign=64`.
    cache_line: 64,
    // CONFIG_HZ_250: "scheduler-enlistment delay is 25 jiffies", which is HZ / 10.
    hz: 250,
    configs: &["CONFIG_X86", "CONFIG_X86_32", "CONFIG_X86_PAE"],
    page_offset: VirtAddr::new(0xc000_0000),
    phys_offset: PhysAddr::new(0),
    task_size: 0xc000_0000,
    user: UserRule::I386_PAE_6_1,
    phys_addr_bytes: 8,
    default_ram: 2 << 30,
    // "max_arch_pfn = 0x1000000".
    max_ram: 64 << 30,
    default_cpus: 2,
    // "setup_percpu: NR_CPUS:32".
    max_cpus: 32,
    max_nodes: 1,
    default_cmdline: "",
    firmware: Firmware::Pc { acpi: 128 << 10, hole_from: 0xe000_0000, hole_at: 0xc000_0000 },
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(16 << 20), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
        ZoneSpec { name: "HighMem", kind: ZoneKind::HighMem, limit: ZoneLimit::RamEnd, reserve_ratio: 0 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    top_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // Huge pages of 2 MiB.
    pageblock_order: match Order::new(9) {
        Some(order) => order,
        None => Order::ZERO,
    },
    struct_page: 40,
    counting: Counting {
        present: Present::Ram,
        mem_map_whole_blocks: true,
        mem_map_spare: 0,
        trims_first_mib: true,
        section_bytes: None,
        looks_into_holes: false,
        ram_in_pieces: false,
        memory_line_late: false,
    },
    tuning: TuningRule::Modern { thp: true },
    layout: LayoutRule::X86(X86Layout {
        vmalloc_end: 0xfeff_e000,
        // Follows from VMALLOC_END, which lies two pages below.
        pkmap: 0xff00_0000,
        pkmap_slots: 512,
        // Estimated: some 584 permanent slots, 512 of them kmap_local's 16 for each of NR_CPUS.
        fixmap: 0xffdb_7000,
        fixmap_end: 0xffff_f000,
        gap: 8 << 20,
        reserve: 128 << 20,
        parameter_excludes_gap: true,
        reserve_end: 0xfeff_e000,
        start: StartRule::Plain,
        says_beyond: false,
    }),
    paging: Some(&PAE),
    gfp: &GFP_6_1,
    // `struct track` of two words, 16 trace entries' handle, cpu, pid, time: 20 bytes on 32 bits (slub_debug cases).
    slab: SlabRule::Slub { max_order: 3, era: SlubEra::V6_1, track: 20 },
    // include/linux/slab.h: a long long aligns objects; SLOB's `struct kmem_cache` has no more than it needs.
    other_slabs: &[SlabRule::Slob { era: SlobEra::V6_1, min_align: 8, cache_struct: 44 }],
    // The captured `object_size` of kmem_cache and kmem_cache_node.
    cache_structs: CacheStructs { cache: 136, cache_per_node: 4, node: 32, node_is_first: false },
    kmalloc: KmallocRule {
        classes: &[8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192],
        types: &[KmallocType::Normal, KmallocType::Account, KmallocType::Reclaimable, KmallocType::Dma],
        order: KmallocOrder::ByType,
        // `KMALLOC_MAX_CACHE_SIZE`, two pages.
        max_cached: 8192,
        // `KMALLOC_MAX_SIZE`, the largest block.
        max: 4 << 20,
        // `__alignof__(unsigned long long)`.
        min_align: 8,
        align: KmallocAlign::PowerSizes,
        zero: ZeroSize::Pointer16,
        names: KmallocNames::Kmalloc { short: true },
        // `GFP_SLAB_BUG_MASK`, mm/internal.h.
        refused: Gfp::HIGHMEM.union(Gfp::DMA32),
        large: super::LargeKmalloc::Slabs,
        buckets: 0,
    },
    image: Image {
        // `iomem`: "01000000-01933eff : Kernel code" to "…-01f0afff : Kernel bss", then the early heap (brk).
        start: 0x0100_0000,
        end: 0x01f2_4000,
        sections: &[
            Section { name: ".text", start: 0xc100_0000, end: 0xc193_3f00 },
            Section { name: ".rodata", start: 0xc193_4000, end: 0xc1c5_1000 },
            Section { name: ".data", start: 0xc1c5_2000, end: 0xc1d8_e680 },
            Section { name: ".init", start: 0xc1da_4000, end: 0xc1e8_c000 },
            Section { name: ".bss", start: 0xc1e9_4000, end: 0xc1f0_b000 },
        ],
        sizes: ImageSizes { code: 9423, data: 1265, rodata: 3188, init: 928, bss: 476 },
        // "Freeing SMP alternatives memory: 32K": between .init and .bss.
        freed_early: Some((0x01e8_c000, 0x01e9_4000)),
        // "Freeing unused kernel image (initmem) memory: 928K".
        freed_late: &[(0x01da_4000, 0x01e8_c000)],
        // "Freeing initrd memory: 1044K".
        initrd_bytes: 1044 << 10,
        initrd_at: InitrdPlace::TopOfLow,
        cma: None,
        gigantic: &[],
        huge_page_bytes: 2 << 20,
        reserved: &[(0, 1 << 20)],
        // The log of memblock=debug. Lesser allocations are summed up where they end in one page.
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::MemMap, align: 64 },
            Early { what: EarlyKind::Other(0xe80), align: 64 },
            // Page tables of pkmap and fixmap, `alloc_low_pages`.
            Early { what: EarlyKind::Other(2 * 4096), align: 4096 },
            Early { what: EarlyKind::PerCpu(33 * 4096), align: 4096 },
            // The first chunk's map of what is taken, `pcpu_alloc_first_chunk`.
            Early { what: EarlyKind::Other(1028), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
            Early { what: EarlyKind::Bounce(Bounce { slot: 16, ..Bounce::WIDE }), align: 4096 },
        ],
        placement: Placement::TopDown,
        hashes: HashRule {
            counts: HashPages::LessMemMap,
            charges_high: true,
            less_first_mib: false,
            strictly_above: false,
        },
        min_free_pages: 1024,
    },
    // `vmallocinfo` of i386-pae-2g: VMALLOC_START is 0xf77fe000 there.
    boot_areas: &[
        io(0, 0x2000, "acpi_os_map_iomem+0x215/0x240", 0x7ffe_1000),
        io(0x2000, 0x3000, "acpi_os_map_iomem+0x215/0x240", 0x7ffe_0000),
        io(0x5000, 0x2000, "hpet_enable+0xc7/0x3dc", 0xfed0_0000),
        pages(0x7000, 0x2000, "gen_pool_add_owner+0x2a/0xb0"),
        pages(0x9000, 0x2000, "bpf_prog_alloc_no_stats+0x2b/0x1b0"),
        io(0xb000, 0x2000, "acpi_os_map_iomem+0x215/0x240", 0xfed0_0000),
        io(0xd000, 0x2000, "memremap+0xc4/0x1a0", 0xf_5000),
        pages(0x9_7000, 0x2_1000, "crypto_scomp_init_tfm+0x65/0xb0"),
        pages(0xb_8000, 0x2_1000, "crypto_scomp_init_tfm+0x78/0xb0"),
        pages(0xd_9000, 0x2_1000, "crypto_scomp_init_tfm+0x65/0xb0"),
        pages(0xf_a000, 0x2_1000, "crypto_scomp_init_tfm+0x78/0xb0"),
        pages(0x3e_2000, 0x4000, "n_tty_open+0x16/0x90"),
    ],
    proc: &PROC_6_1_PAE,
};

const fn io(offset: u64, bytes: u64, caller: &'static str, phys: u64) -> BootArea {
    BootArea { at: AreaPlace::FromStart(offset), bytes, caller, kind: BootAreaKind::Io(phys) }
}
const fn pages(offset: u64, bytes: u64, caller: &'static str) -> BootArea {
    BootArea { at: AreaPlace::FromStart(offset), bytes, caller, kind: BootAreaKind::Pages }
}
