//! Linux 6.1 for arm64: Debian's `cloud-arm64` kernel on QEMU's `virt` machine, 4 KiB pages, 48-bit addresses.
//!
//! RAM begins at 1 GiB and lies at the start of the direct map. The direct map is made of single pages, so its tables take
//! a 512th of RAM. Numbers: golden case `arm64-6.1-512m`; what no dump shows is marked.

use super::{
    amd64_6_1, AreaPlace, BootArea, BootAreaKind, Bounce, CmaRule, Counting, Early, EarlyKind, Firmware, HashTable,
    Image, ImageSizes, InitrdPlace, KmallocRule, Profile, Section, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::{LayoutRule, WideLayout};
use crate::map::entry::ARM64;
use crate::snapshot::proc::PROC_6_1_ARM64;
use crate::units::{PhysAddr, VirtAddr};
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The profile as a constant, for the later kernel to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "arm64-6.1",
    summary: "Linux 6.1.176 for arm64 (Debian cloud-arm64) on QEMU's virt machine",
    release: "6.1.0-50-cloud-arm64",
    configs: &["CONFIG_ARM64", "CONFIG_64BIT"],
    page_offset: VirtAddr::new(0xffff_0000_0000_0000),
    phys_offset: PhysAddr::new(0x4000_0000),
    task_size: 1 << 48,
    // QEMU's virt machine has room for 255 GiB below its high registers, and for more above.
    max_ram: 8 << 40,
    // "NR_CPUS=256".
    max_cpus: 256,
    firmware: Firmware::Flat,
    // The device tree names no limit for devices: ZONE_DMA reaches 4 GiB (arch/arm64/mm/init.c, `zone_sizes_init`).
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "DMA32", kind: ZoneKind::Dma32, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::RamEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    user: UserRule { mmap_min_addr: 4096, ..amd64_6_1::CONSTANTS.user },
    counting: Counting { trims_first_mib: false, ..amd64_6_1::CONSTANTS.counting },
    layout: LayoutRule::Wide(WideLayout {
        vmalloc: (0xffff_8000_0800_0000, 0xffff_fbff_f000_0000),
        vmemmap: (0xffff_fc00_0000_0000, 0xffff_fe00_0000_0000),
        // Documentation/arm64/memory.rst: fixed mappings.
        fixmap: (0xffff_fbff_fda0_0000, 0xffff_fbff_fe00_0000),
        modules: (0xffff_8000_0000_0000, 0xffff_8000_0800_0000),
        // `_stext` is 0xffff800008010000, "Kernel code" begins at 0x40210000.
        image_distance: 0xffff_7fff_c7e0_0000,
        phys_bits: 48,
    }),
    paging: Some(&ARM64),
    // ARCH_DMA_MINALIGN is 128 (arch/arm64/include/asm/cache.h).
    kmalloc: KmallocRule {
        classes: &[128, 256, 512, 1024, 2048, 4096, 8192],
        min_align: 128,
        ..amd64_6_1::CONSTANTS.kmalloc
    },
    image: Image {
        start: 0x4021_0000,
        end: 0x41ca_0000,
        // Limits between .rodata, .data and .bss follow from the sizes of the Memory: line.
        sections: &[
            Section { name: ".text", start: 0xffff_8000_0801_0000, end: 0xffff_8000_08bd_0000 },
            Section { name: ".rodata", start: 0xffff_8000_08bd_0000, end: 0xffff_8000_0937_0000 },
            Section { name: ".init", start: 0xffff_8000_0938_0000, end: 0xffff_8000_0980_0000 },
            Section { name: ".data", start: 0xffff_8000_0980_0000, end: 0xffff_8000_099f_9000 },
            Section { name: ".bss", start: 0xffff_8000_099f_9000, end: 0xffff_8000_09a8_bc00 },
        ],
        sizes: ImageSizes { code: 12_032, data: 2020, rodata: 7808, init: 4608, bss: 587 },
        freed_early: None,
        // "Freeing unused kernel memory: 4608K".
        freed_late: &[(0x4158_0000, 0x41a0_0000)],
        // "Freeing initrd memory: 964K"; a page of it stays.
        initrd_bytes: 964 << 10,
        initrd_at: InitrdPlace::After { at: 128 << 20, tree_align: 2 << 20, tree_bytes: 1 << 20 },
        reserved: &[],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::PerRam(512), align: 4096 },
            Early { what: EarlyKind::Other(140 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 2 << 20 },
            Early { what: EarlyKind::Cma, align: 4096 },
            // "Embedded 30 pages/cpu".
            Early { what: EarlyKind::PerCpu(30 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY_64), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE_64), align: 64 },
            // "software IO TLB: mapped … (64MB)".
            Early { what: EarlyKind::Bounce(Bounce::WIDE), align: 4096 },
        ],
        // CONFIG_CMA_SIZE_MBYTES=64; in whole pageblocks.
        cma: Some(CmaRule { bytes: 64 << 20, align: 2 << 20 }),
        // 32 MiB are 16 entries of the second level in a row.
        gigantic: &[1 << 30, 32 << 20],
        ..amd64_6_1::CONSTANTS.image
    },
    boot_areas: &[
        image(0xffff_8000_0801_0000, 0xbc_0000, "paging_init+0x130/0x610", BootAreaKind::Image(0x4021_0000)),
        image(0xffff_8000_08bd_0000, 0x7b_0000, "paging_init+0x170/0x610", BootAreaKind::Image(0x40dd_0000)),
        image(0xffff_8000_0938_0000, 0xc_0000, "paging_init+0x19c/0x610", BootAreaKind::FreedImage(0x4158_0000)),
        image(0xffff_8000_0944_0000, 0x3c_0000, "paging_init+0x1cc/0x610", BootAreaKind::FreedImage(0x4164_0000)),
        image(0xffff_8000_0980_0000, 0x2a_1000, "paging_init+0x1f8/0x610", BootAreaKind::Image(0x41a0_0000)),
    ],
    proc: &PROC_6_1_ARM64,
    ..amd64_6_1::CONSTANTS
};

/// A part of the image, which lies in the vmalloc area: code and read-only data, both parts of `.init`, data.
pub(super) const fn image(at: u64, bytes: u64, caller: &'static str, kind: BootAreaKind) -> BootArea {
    BootArea { at: AreaPlace::At(at), bytes, caller, kind }
}
