//! Linux 6.1 for 64-bit RISC-V with Sv39 page tables, on QEMU's `virt` machine.
//!
//! No capture of such a kernel is at hand. The layout is that of the kernel's documentation
//! (`Documentation/riscv/vm-layout.rst` of 6.1); RAM begins at 2 GiB, where the firmware keeps 512 KiB and starts the
//! kernel 2 MiB further up. What the image and early boot hold is an estimate, after the arm64 kernel of that version.

use super::{
    arm64_6_1, Bounce, CmaRule, Early, EarlyKind, HashTable, Image, ImageSizes, InitrdPlace, KmallocRule, Profile,
    Section, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::{LayoutRule, WideLayout};
use crate::map::entry::SV39;
use crate::units::{PhysAddr, VirtAddr};

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "riscv64",
    summary: "Linux 6.1 for 64-bit RISC-V, Sv39, on QEMU's virt machine",
    version: (6, 1, 0),
    release: "6.1.0",
    configs: &["CONFIG_RISCV", "CONFIG_64BIT"],
    page_offset: VirtAddr::new(0xffff_ffd8_0000_0000),
    phys_offset: PhysAddr::new(0x8000_0000),
    task_size: 1 << 38,
    // The direct map has 124 GiB.
    max_ram: 124 << 30,
    // CONFIG_NR_CPUS, default 8 (arch/riscv/Kconfig).
    max_cpus: 8,
    // arch/riscv/mm/init.c, `zone_sizes_init`.
    zones: &[
        ZoneSpec { name: "DMA32", kind: ZoneKind::Dma32, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::RamEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    layout: LayoutRule::Wide(WideLayout {
        // VMALLOC_END is the last address, not the one past it.
        vmalloc: (0xffff_ffc8_0000_0000, 0xffff_ffd7_ffff_ffff),
        vmemmap: (0xffff_ffc7_0000_0000, 0xffff_ffc8_0000_0000),
        fixmap: (0xffff_ffc6_fea0_0000, 0xffff_ffc6_ff00_0000),
        modules: (0xffff_ffff_0000_0000, 0xffff_ffff_8000_0000),
        image_distance: 0xffff_fffe_ffe0_0000,
        phys_bits: 38,
    }),
    paging: Some(&SV39),
    kmalloc: KmallocRule {
        classes: &[8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192],
        min_align: 8,
        ..arm64_6_1::CONSTANTS.kmalloc
    },
    image: Image {
        start: 0x8020_0000,
        end: 0x81c0_0000,
        sections: &[
            Section { name: ".text", start: 0xffff_ffff_8000_0000, end: 0xffff_ffff_80a0_0000 },
            Section { name: ".init", start: 0xffff_ffff_80a0_0000, end: 0xffff_ffff_80e0_0000 },
            Section { name: ".rodata", start: 0xffff_ffff_80e0_0000, end: 0xffff_ffff_8160_0000 },
            Section { name: ".data", start: 0xffff_ffff_8160_0000, end: 0xffff_ffff_8190_0000 },
            Section { name: ".bss", start: 0xffff_ffff_8190_0000, end: 0xffff_ffff_81a0_0000 },
        ],
        sizes: ImageSizes { code: 10_240, data: 3072, rodata: 8192, init: 4096, bss: 1024 },
        freed_late: &[(0x80c0_0000, 0x8100_0000)],
        initrd_bytes: 1 << 20,
        initrd_at: InitrdPlace::After { at: 128 << 20, tree_align: 2 << 20, tree_bytes: 8 << 10 },
        // OpenSBI.
        reserved: &[(0x8000_0000, 0x8008_0000)],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::Other(256 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 2 << 20 },
            Early { what: EarlyKind::Cma, align: 4096 },
            Early { what: EarlyKind::PerCpu(30 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY_64), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE_64), align: 64 },
            // "software IO TLB: mapped … (64MB)".
            Early { what: EarlyKind::Bounce(Bounce::WIDE), align: 4096 },
        ],
        cma: Some(CmaRule { bytes: 16 << 20, align: 2 << 20 }),
        gigantic: &[1 << 30],
        ..arm64_6_1::CONSTANTS.image
    },
    boot_areas: &[],
    ..arm64_6_1::CONSTANTS
};
