//! Linux 6.1 for ARMv7: Debian's `armmp` kernel on QEMU's `virt` machine, short page table descriptors.
//!
//! RAM begins at 1 GiB. All that is mapped directly is ZONE_DMA, because this kernel serves boards whose devices reach all
//! of it; ZONE_NORMAL is there and empty. All numbers are read off captures of that kernel (golden cases `armhf-*`); what
//! no dump shows is marked.

use super::{
    i386_pae_6_1, CmaRule, Counting, Early, EarlyKind, Firmware, HashTable, Image, ImageSizes, InitrdPlace,
    KmallocRule, Profile, Section, TuningRule, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::{ArmLayout, LayoutRule};
use crate::map::entry::ARM_SHORT;
use crate::snapshot::proc::PROC_6_1_ARMHF;
use crate::units::{Order, PhysAddr};
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The profile as a constant, for others to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "armhf-6.1",
    summary: "Linux 6.1.176 for ARMv7 (Debian armmp) on QEMU's virt machine",
    release: "6.1.0-50-armmp",
    configs: &["CONFIG_ARM"],
    phys_offset: PhysAddr::new(0x4000_0000),
    // PAGE_OFFSET less 16 MiB for modules.
    task_size: 0xbf00_0000,
    phys_addr_bytes: 4,
    // From 1 GiB up to the end of 32 bits.
    max_ram: 3 << 30,
    // "NR_CPUS=8".
    max_cpus: 8,
    firmware: Firmware::Flat,
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::LowEnd, reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
        ZoneSpec { name: "HighMem", kind: ZoneKind::HighMem, limit: ZoneLimit::RamEnd, reserve_ratio: 0 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    // ARCH_FORCE_MAX_ORDER is 12: `buddyinfo` has 12 columns.
    top_order: match Order::new(11) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // No huge pages with short descriptors: a pageblock is the largest block.
    pageblock_order: match Order::new(11) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // `memmap_alloc` of 9437184 bytes for 262144 pages.
    struct_page: 36,
    user: UserRule { mmap_min_addr: 4096, ..i386_pae_6_1::CONSTANTS.user },
    counting: Counting {
        trims_first_mib: false,
        looks_into_holes: true,
        ram_in_pieces: true,
        ..i386_pae_6_1::CONSTANTS.counting
    },
    tuning: TuningRule::Modern { thp: false },
    layout: LayoutRule::Arm(ArmLayout {
        // arch/arm/include/asm/pgtable.h of 6.1.
        vmalloc_end: 0xff80_0000,
        gap: 8 << 20,
        default: 240 << 20,
        parameter_excludes_gap: true,
        least: 16 << 20,
        least_low: 32 << 20,
        pkmap: (0xbfe0_0000, 0xc000_0000),
        // arch/arm/include/asm/fixmap.h: FIXADDR_START, FIXADDR_TOP.
        fixmap: (0xffc8_0000, 0xfff0_0000),
        modules: (0xbf00_0000, 0xbfe0_0000),
        vectors: (0xffff_0000, 0xffff_1000),
    }),
    paging: Some(&ARM_SHORT),
    // ARCH_DMA_MINALIGN is 64: no smaller class, and no 96.
    kmalloc: KmallocRule {
        classes: &[64, 128, 192, 256, 512, 1024, 2048, 4096, 8192],
        // `KMALLOC_MAX_SIZE`, the largest block.
        max: 8 << 20,
        min_align: 64,
        ..i386_pae_6_1::CONSTANTS.kmalloc
    },
    image: Image {
        // `_stext` is 0xc0300000; `iomem`: "Kernel data" ends at 0x41607587.
        start: 0x4030_0000,
        end: 0x4160_7588,
        // Limits between .rodata, .data and .bss follow from the sizes of the Memory: line.
        sections: &[
            Section { name: ".text", start: 0xc030_0000, end: 0xc0e0_0000 },
            Section { name: ".rodata", start: 0xc0e0_0000, end: 0xc11a_5000 },
            Section { name: ".init", start: 0xc120_0000, end: 0xc140_0000 },
            Section { name: ".data", start: 0xc140_0000, end: 0xc15a_9000 },
            Section { name: ".bss", start: 0xc15a_9188, end: 0xc160_7588 },
        ],
        sizes: ImageSizes { code: 11_264, data: 1700, rodata: 3732, init: 2048, bss: 377 },
        freed_early: None,
        // "Freeing unused kernel image (initmem) memory: 2048K".
        freed_late: &[(0x4120_0000, 0x4140_0000)],
        // "Freeing initrd memory: 868K".
        initrd_bytes: 868 << 10,
        initrd_at: InitrdPlace::After { at: 128 << 20, tree_align: 4096, tree_bytes: 1 << 20 },
        // The first-level page table.
        reserved: &[(0x4020_4000, 0x4020_8000)],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::Cma, align: 4096 },
            // Page tables, nodes of the device tree: summed up.
            Early { what: EarlyKind::Other(48 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 64 },
            // "Embedded 18 pages/cpu".
            Early { what: EarlyKind::PerCpu(18 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        // CONFIG_CMA_SIZE_MBYTES=16; in whole pageblocks.
        cma: Some(CmaRule { bytes: 16 << 20, align: 8 << 20 }),
        gigantic: &[],
        huge_page_bytes: 0,
        ..i386_pae_6_1::CONSTANTS.image
    },
    // Where the areas of boot lie depends on what runs; none is kept.
    boot_areas: &[],
    proc: &PROC_6_1_ARMHF,
    ..i386_pae_6_1::CONSTANTS
};
