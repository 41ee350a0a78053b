//! Linux 6.12 for ARMv7: Debian's `armmp` kernel of the backports on QEMU's `virt` machine, short page table descriptors.
//!
//! Numbers: golden case `armhf-6.12-1g`.

use super::armhf_6_1::CONSTANTS;
use super::{
    amd64_6_12, Counting, Early, EarlyKind, HashPages, HashRule, HashTable, Image, ImageSizes, KmallocRule, Profile,
    Section, SlabRule, SlubEra, TuningRule,
};
use crate::gfp::GFP_6_12;
use crate::snapshot::proc::PROC_6_12_ARMHF;

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "armhf-6.12",
    summary: "Linux 6.12.95 for ARMv7 (Debian armmp) on QEMU's virt machine",
    version: amd64_6_12::PROFILE.version,
    release: "6.12.95+deb12-armmp",
    gfp: &GFP_6_12,
    tuning: TuningRule::Recent { thp: false },
    counting: Counting { memory_line_late: true, ..CONSTANTS.counting },
    slab: SlabRule::Slub { max_order: 3, era: SlubEra::V6_12, track: 20 },
    other_slabs: &[],
    kmalloc: KmallocRule {
        classes: CONSTANTS.kmalloc.classes,
        max: CONSTANTS.kmalloc.max,
        min_align: CONSTANTS.kmalloc.min_align,
        buckets: 14 * 4,
        ..amd64_6_12::PROFILE.kmalloc
    },
    image: Image {
        start: 0x4030_0000,
        end: 0x4182_d750,
        sections: &[
            Section { name: ".text", start: 0xc030_0000, end: 0xc0f0_0000 },
            Section { name: ".rodata", start: 0xc0f0_0000, end: 0xc131_6000 },
            Section { name: ".init", start: 0xc140_0000, end: 0xc160_0000 },
            Section { name: ".data", start: 0xc160_0000, end: 0xc17c_2c00 },
            Section { name: ".bss", start: 0xc17c_3000, end: 0xc182_d750 },
        ],
        sizes: ImageSizes { code: 12_288, data: 1803, rodata: 4184, init: 2048, bss: 426 },
        freed_late: &[(0x4140_0000, 0x4160_0000)],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::Cma, align: 4096 },
            Early { what: EarlyKind::Other(48 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 64 },
            // `page_ext_init_flatmem`: four bytes a page.
            Early { what: EarlyKind::PerRam(1024), align: 4096 },
            // "Embedded 20 pages/cpu".
            Early { what: EarlyKind::PerCpu(20 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        hashes: HashRule { counts: HashPages::Free, charges_high: false, less_first_mib: false, strictly_above: false },
        ..CONSTANTS.image
    },
    proc: &PROC_6_12_ARMHF,
    ..CONSTANTS
};
