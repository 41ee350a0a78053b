//! Linux 6.1 on a Cortex-M microcontroller, without an MMU: QEMU's `mps2-an385`, 16 MiB of RAM at 0x21000000.
//!
//! Addresses are physical; there is one zone that has memory. No capture of such a kernel is at hand: the constants are
//! those of 6.1's headers, what the image and early boot hold is an estimate.

use super::{
    armhf_6_1, uclinux_2_6, Counting, Early, EarlyKind, HashTable, Image, ImageSizes, InitrdPlace, KmallocRule,
    KmallocType, Placement, Profile, Section, TuningRule, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::LayoutRule;
use crate::units::{Order, PhysAddr, VirtAddr};

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "cortex-m",
    summary: "Linux 6.1 on a Cortex-M3, no MMU, 16 MiB at 0x21000000",
    version: (6, 1, 0),
    release: "6.1.0",
    // arch/arm/include/asm/cache.h: ARM_L1_CACHE_SHIFT is 5 for CPU_V7M.
    cache_line: 32,
    hz: 100,
    configs: &["CONFIG_ARM"],
    page_offset: VirtAddr::new(0x2100_0000),
    phys_offset: PhysAddr::new(0x2100_0000),
    task_size: 0,
    default_ram: 16 << 20,
    // Up to where the board's registers begin, at 0x40000000.
    max_ram: 256 << 20,
    default_cpus: 1,
    max_cpus: 1,
    // No CONFIG_ZONE_DMA, no high memory.
    zones: &[
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    // ARCH_FORCE_MAX_ORDER is 11 for everything but the larger ARM platforms.
    top_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    pageblock_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    // Without memory cgroups.
    struct_page: 32,
    counting: Counting { ..armhf_6_1::CONSTANTS.counting },
    tuning: TuningRule::Modern { thp: false },
    layout: LayoutRule::NoMmu,
    paging: None,
    // ARCH_DMA_MINALIGN is a cache line: no smaller class. 96 and 192 are there with lines of 32 bytes.
    kmalloc: KmallocRule {
        classes: &[32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192],
        max: 4 << 20,
        min_align: 32,
        types: &[KmallocType::Normal, KmallocType::Reclaimable],
        ..armhf_6_1::CONSTANTS.kmalloc
    },
    image: Image {
        start: 0x2100_0000,
        end: 0x2120_0000,
        sections: &[
            Section { name: ".text", start: 0x2100_8000, end: 0x2114_0000 },
            Section { name: ".init", start: 0x2114_0000, end: 0x2116_0000 },
            Section { name: ".data", start: 0x2116_0000, end: 0x2119_0000 },
            Section { name: ".bss", start: 0x2119_0000, end: 0x2120_0000 },
        ],
        sizes: ImageSizes { code: 1248, data: 192, rodata: 0, init: 128, bss: 448 },
        freed_early: None,
        freed_late: &[(0x2114_0000, 0x2116_0000)],
        initrd_bytes: 0,
        initrd_at: InitrdPlace::TopOfLow,
        reserved: &[],
        early: &[
            Early { what: EarlyKind::MemMap, align: 64 },
            Early { what: EarlyKind::Other(32 << 10), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        placement: Placement::TopDown,
        cma: None,
        min_free_pages: 64,
        ..armhf_6_1::CONSTANTS.image
    },
    proc: uclinux_2_6::CONSTANTS.proc,
    ..armhf_6_1::CONSTANTS
};
