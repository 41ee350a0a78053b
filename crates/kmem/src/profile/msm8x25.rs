//! Linux 3.4 for ARM on Qualcomm's msm8x25, as an Android 4.1 phone has it.
//!
//! A public boot log and `/proc/vmallocinfo` of such a phone give the layout, the sections and the static mappings; they
//! are met to the digit. Constants are those of `arch/arm` in 3.4, named at each. What early boot holds besides the
//! image is an estimate.

use super::{
    AreaPlace, BootArea, BootAreaKind, CacheStructs, Counting, Early, EarlyKind, Firmware, HashPages, HashRule,
    HashTable, Image, ImageSizes, InitrdPlace, KmallocAlign, KmallocNames, KmallocOrder, KmallocRule, KmallocType,
    Placement, Present, Profile, Section, SlabRule, SlobEra, SlubEra, TuningRule, ZeroSize, ZoneKind, ZoneLimit,
    ZoneSpec,
};
use crate::boot::layout::{ArmLayout, LayoutRule};
use crate::gfp::{Gfp, GFP_3_4};
use crate::map::entry::ARM_SHORT;
use crate::snapshot::proc::PROC_3_4_ARM;
use crate::units::{Order, PhysAddr, VirtAddr};
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The profile as a constant, for others to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "msm8x25",
    summary: "Linux 3.4 for ARM on Qualcomm's msm8x25 (a phone of 2012)",
    version: (3, 4, 0),
    release: "3.4.0",
    word_bytes: 4,
    // ARM_L1_CACHE_SHIFT_6 with CPU_V7, arch/arm/mm/Kconfig.
    cache_line: 64,
    // include/asm/param.h with CONFIG_HZ 100.
    hz: 100,
    configs: &["CONFIG_ARM"],
    page_offset: VirtAddr::new(0xc000_0000),
    // arch/arm/mach-msm/Makefile.boot: `zreladdr` is 0x00208000 for MSM7X27A and MSM8625, 32 KiB above RAM's start.
    phys_offset: PhysAddr::new(0x0020_0000),
    // PAGE_OFFSET less 16 MiB for modules, include/asm/memory.h.
    task_size: 0xbf00_0000,
    user: UserRule::ARM_3_4,
    phys_addr_bytes: 4,
    default_ram: 1 << 30,
    // Registers begin at 0xa0000000 (the lowest in vmallocinfo is 0xa9800000).
    max_ram: 0xa000_0000 - 0x0020_0000,
    default_cpus: 2,
    max_cpus: 4,
    max_nodes: 1,
    default_cmdline: "androidboot.hardware=qcom loglevel=7 vmalloc=200M",
    firmware: Firmware::Flat,
    // mm/page_alloc.c: 32 for what lies below HighMem and Movable.
    zones: &[
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
        ZoneSpec { name: "HighMem", kind: ZoneKind::HighMem, limit: ZoneLimit::RamEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    top_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // No huge pages on ARM in 3.4: a pageblock is the largest block.
    pageblock_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // include/linux/mm_types.h on 32 bits without debugging.
    struct_page: 32,
    counting: Counting {
        present: Present::LessMemMap,
        mem_map_whole_blocks: true,
        mem_map_spare: 0,
        trims_first_mib: false,
        section_bytes: None,
        looks_into_holes: true,
        ram_in_pieces: true,
        memory_line_late: false,
    },
    tuning: TuningRule::Middle,
    layout: LayoutRule::Arm(ArmLayout {
        // include/asm/pgtable.h: VMALLOC_END, VMALLOC_OFFSET.
        vmalloc_end: 0xff00_0000,
        gap: 8 << 20,
        // mm/mmu.c: `vmalloc_min`, `early_vmalloc`.
        default: 240 << 20,
        parameter_excludes_gap: false,
        least: 16 << 20,
        least_low: 32 << 20,
        // include/asm/highmem.h: PKMAP_BASE is PAGE_OFFSET less what one page table pair maps.
        pkmap: (0xbfe0_0000, 0xc000_0000),
        // include/asm/fixmap.h: FIXADDR_START, FIXADDR_TOP.
        fixmap: (0xfff0_0000, 0xfffe_0000),
        modules: (0xbf00_0000, 0xbfe0_0000),
        vectors: (0xffff_0000, 0xffff_1000),
    }),
    paging: Some(&ARM_SHORT),
    gfp: &GFP_3_4,
    // `struct track` with CONFIG_STACKTRACE: address, 16 more, cpu, pid, time.
    slab: SlabRule::Slub { max_order: 3, era: SlubEra::V3, track: 80 },
    // arch/arm/include/asm/cache.h: EABI aligns objects to 8 bytes.
    other_slabs: &[SlabRule::Slob { era: SlobEra::V2_6, min_align: 8, cache_struct: 20 }],
    // include/linux/slub_def.h of 3.4, added up: with sysfs and debugging built in.
    cache_structs: CacheStructs { cache: 112, cache_per_node: 4, node: 32, node_is_first: true },
    kmalloc: KmallocRule {
        // ARCH_DMA_MINALIGN is a cache line: no class below 64, and no 96 (mm/slub.c, `kmem_cache_init`).
        classes: &[64, 128, 192, 256, 512, 1024, 2048, 4096, 8192],
        types: &[KmallocType::Normal, KmallocType::Dma],
        order: KmallocOrder::OddSizesFirst,
        // SLUB_MAX_SIZE, two pages.
        max_cached: 8192,
        max: 4 << 20,
        min_align: 64,
        align: KmallocAlign::Minimum,
        zero: ZeroSize::Pointer16,
        names: KmallocNames::Kmalloc { short: false },
        refused: Gfp::HIGHMEM.union(Gfp::DMA32),
        large: super::LargeKmalloc::Pages,
        buckets: 0,
    },
    image: Image {
        // TEXT_OFFSET is 32 KiB; the page tables of the kernel lie in the 16 KiB below.
        start: 0x0020_4000,
        end: 0x0114_3000,
        // The boot log.
        sections: &[
            Section { name: ".text", start: 0xc000_8000, end: 0xc089_3034 },
            Section { name: ".init", start: 0xc089_4000, end: 0xc08c_dc00 },
            Section { name: ".data", start: 0xc08c_e000, end: 0xc09f_8eb8 },
            Section { name: ".bss", start: 0xc0a7_8eec, end: 0xc0f4_27a8 },
        ],
        sizes: ImageSizes { code: 8749, data: 1196, rodata: 0, init: 231, bss: 4903 },
        freed_early: None,
        freed_late: &[(0x00a9_4000, 0x00ac_d000)],
        // An Android ramdisk; estimated.
        initrd_bytes: 512 << 10,
        initrd_at: InitrdPlace::TopOfLow,
        cma: None,
        gigantic: &[],
        huge_page_bytes: 0,
        reserved: &[],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::MemMap, align: 64 },
            // Second-level tables of the static maps and pkmap, wait queues.
            Early { what: EarlyKind::Other(128 << 10), align: 4096 },
            Early { what: EarlyKind::PerCpu(32 << 10), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::PID), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        // arch/arm/mm/init.c: bootmem from the start of RAM, upwards.
        placement: Placement::BottomUp(0x0020_0000),
        hashes: HashRule {
            counts: HashPages::LessMemMap,
            charges_high: false,
            less_first_mib: false,
            strictly_above: false,
        },
        min_free_pages: 512,
    },
    // The phone's vmallocinfo, as far as it was printed: what lies between these rows was left out there.
    boot_areas: &[
        static_io(0xfa00_0000, 0x1000, 0xc080_0000),
        static_io(0xfa10_5000, 0x1000, 0xa980_0000),
        hole(0xfa20_0000, 0x10_0000),
        static_io(0xfa30_0000, 0x10_0000, 0x0010_0000),
        static_io(0xfa40_0000, 0x10_0000, 0xaa50_0000),
        hole(0xfa50_0000, 0x10_0000),
        static_io(0xfa70_1000, 0x1000, 0xc040_0000),
        hole(0xfa80_0000, 0x10_0000),
        static_io(0xfa90_0000, 0xd0_0000, 0xac00_0000),
        BootArea {
            at: AreaPlace::At(0xfefd_c000),
            bytes: 0x2_4000,
            caller: "pcpu_get_vm_areas+0x0/0x56c",
            kind: BootAreaKind::PerCpu,
        },
    ],
    proc: &PROC_3_4_ARM,
};

const fn static_io(addr: u64, bytes: u64, phys: u64) -> BootArea {
    let (at, caller) = (AreaPlace::At(addr), "iotable_init+0x0/0xb0");
    BootArea { at, bytes, caller, kind: BootAreaKind::StaticIo(phys) }
}
const fn hole(addr: u64, bytes: u64) -> BootArea {
    let (at, caller) = (AreaPlace::At(addr), "pmd_empty_section_gap+0x0/0x3c");
    BootArea { at, bytes, caller, kind: BootAreaKind::StaticHole }
}
