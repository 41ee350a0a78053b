//! Linux 6.12 for arm64: Debian's `cloud-arm64` kernel of the backports on QEMU's `virt` machine.
//!
//! The module area has grown to 2 GiB and kmalloc has the small classes again. Numbers: golden case `arm64-6.12-1g`.

use super::arm64_6_1::{image, CONSTANTS};
use super::{
    amd64_6_12, BootAreaKind, Bounce, Counting, Early, EarlyKind, HashTable, Image, ImageSizes, Profile, Section,
    ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::{LayoutRule, WideLayout};
use crate::gfp::GFP_6_12;
use crate::snapshot::proc::PROC_6_12_ARM64;

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "arm64-6.12",
    summary: "Linux 6.12.95 for arm64 (Debian cloud-arm64) on QEMU's virt machine",
    version: amd64_6_12::PROFILE.version,
    release: "6.12.95+deb12-cloud-arm64",
    gfp: &GFP_6_12,
    max_cpus: 512,
    counting: Counting { memory_line_late: true, ..CONSTANTS.counting },
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "DMA32", kind: ZoneKind::Dma32, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::RamEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
        ZoneSpec { name: "Device", kind: ZoneKind::Device, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    tuning: amd64_6_12::PROFILE.tuning,
    layout: LayoutRule::Wide(WideLayout {
        vmalloc: (0xffff_8000_8000_0000, 0xffff_fdff_bf80_0000),
        vmemmap: (0xffff_fdff_c000_0000, 0xffff_ffff_c000_0000),
        // arch/arm64/include/asm/fixmap.h: up to 8 MiB below the end. The start is estimated.
        fixmap: (0xffff_ffff_ff40_0000, 0xffff_ffff_ff80_0000),
        modules: (0xffff_8000_0000_0000, 0xffff_8000_8000_0000),
        // `_text` is 0xffff800080000000, "Kernel code" begins at 0x40200000.
        image_distance: 0xffff_8000_3fe0_0000,
        phys_bits: 48,
    }),
    slab: amd64_6_12::PROFILE.slab,
    other_slabs: &[],
    kmalloc: amd64_6_12::PROFILE.kmalloc,
    image: Image {
        start: 0x4020_0000,
        end: 0x4243_0000,
        sections: &[
            Section { name: ".text", start: 0xffff_8000_8001_0000, end: 0xffff_8000_80de_0000 },
            Section { name: ".rodata", start: 0xffff_8000_80de_0000, end: 0xffff_8000_8185_7000 },
            Section { name: ".init", start: 0xffff_8000_8187_0000, end: 0xffff_8000_81e8_0000 },
            Section { name: ".data", start: 0xffff_8000_81e8_0000, end: 0xffff_8000_8213_8200 },
            Section { name: ".bss", start: 0xffff_8000_8213_9000, end: 0xffff_8000_8221_c450 },
        ],
        sizes: ImageSizes { code: 14_144, data: 2784, rodata: 10_716, init: 6208, bss: 909 },
        // "Freeing unused kernel memory: 6208K".
        freed_late: &[(0x41a7_0000, 0x4208_0000)],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::PerRam(512), align: 4096 },
            Early { what: EarlyKind::Other(140 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 2 << 20 },
            Early { what: EarlyKind::Cma, align: 4096 },
            // "Embedded 34 pages/cpu".
            Early { what: EarlyKind::PerCpu(34 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY_64), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE_64), align: 64 },
            // "software IO TLB: mapped … (64MB)".
            Early { what: EarlyKind::Bounce(Bounce::WIDE), align: 4096 },
        ],
        hashes: amd64_6_12::PROFILE.image.hashes,
        ..CONSTANTS.image
    },
    boot_areas: &[
        image(0xffff_8000_8000_0000, 0xde_0000, "paging_init+0x440/0x538", BootAreaKind::Image(0x4020_0000)),
        image(0xffff_8000_80de_0000, 0xa9_0000, "paging_init+0x458/0x538", BootAreaKind::Image(0x40fe_0000)),
        image(0xffff_8000_8187_0000, 0xe_0000, "paging_init+0x470/0x538", BootAreaKind::FreedImage(0x41a7_0000)),
        image(0xffff_8000_8195_0000, 0x53_0000, "paging_init+0x48c/0x538", BootAreaKind::FreedImage(0x41b5_0000)),
        image(0xffff_8000_81e8_0000, 0x3b_1000, "paging_init+0x4a8/0x538", BootAreaKind::Image(0x4208_0000)),
    ],
    proc: &PROC_6_12_ARM64,
    ..CONSTANTS
};
