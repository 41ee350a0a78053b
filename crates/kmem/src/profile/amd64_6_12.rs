//! Linux 6.12 for x86-64: Debian's `cloud-amd64` kernel of the backports on QEMU's PC.
//!
//! It differs from 6.1 in watermarks (ZONE_MOVABLE stands apart), list sizes, slab orders, and in the image. Numbers: golden
//! cases `amd64-*`.

use super::amd64_6_1::CONSTANTS;
use super::{
    Bounce, Counting, Early, EarlyKind, HashPages, HashRule, HashTable, Image, ImageSizes, KmallocAlign, KmallocOrder,
    KmallocRule, KmallocType, Profile, Section, SlabRule, SlubEra, TuningRule,
};
use crate::gfp::GFP_6_12;
use crate::snapshot::proc::PROC_6_12_AMD64;

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "amd64-6.12",
    summary: "Linux 6.12.95 for x86-64 (Debian cloud-amd64) on a PC",
    version: (6, 12, 95),
    release: "6.12.95+deb12-cloud-amd64",
    gfp: &GFP_6_12,
    tuning: TuningRule::Recent { thp: true },
    counting: Counting { memory_line_late: true, ..CONSTANTS.counting },
    slab: SlabRule::Slub { max_order: 3, era: SlubEra::V6_12, track: 32 },
    other_slabs: &[],
    kmalloc: KmallocRule {
        types: &[KmallocType::Normal, KmallocType::Reclaimable, KmallocType::Dma, KmallocType::Account],
        order: KmallocOrder::OddSizesFirst,
        align: KmallocAlign::LargestDivisor,
        // KMALLOC_SHIFT_HIGH + 1 pointers.
        buckets: 14 * 8,
        ..CONSTANTS.kmalloc
    },
    image: Image {
        start: 0x0100_0000,
        end: 0x03c1_1000,
        sections: &[
            Section { name: ".text", start: 0xffff_ffff_8100_0000, end: 0xffff_ffff_8200_0000 },
            Section { name: ".rodata", start: 0xffff_ffff_8200_0000, end: 0xffff_ffff_82aa_5000 },
            Section { name: ".data", start: 0xffff_ffff_82c0_0000, end: 0xffff_ffff_82e7_2a00 },
            Section { name: ".init", start: 0xffff_ffff_832d_9000, end: 0xffff_ffff_836c_5000 },
            Section { name: ".bss", start: 0xffff_ffff_836d_0000, end: 0xffff_ffff_83c0_0000 },
        ],
        sizes: ImageSizes { code: 16_384, data: 2506, rodata: 10_900, init: 4016, bss: 5312 },
        // "Freeing SMP alternatives memory: 40K", behind .init.
        freed_early: Some((0x036c_5000, 0x036c_f000)),
        freed_late: &[
            // rodata/data gap, initmem, and "unused decrypted", which lies somewhere in .bss.
            (0x02aa_5000, 0x02c0_0000),
            (0x032d_9000, 0x036c_5000),
            (0x0380_5000, 0x03a0_0000),
        ],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::Other(200 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 2 << 20 },
            Early { what: EarlyKind::Other(24 << 10), align: 4096 },
            // "Embedded 66 pages/cpu".
            Early { what: EarlyKind::PerCpu(66 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY_64), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE_64), align: 64 },
            // "software IO TLB: mapped … (64MB)".
            Early { what: EarlyKind::Bounce(Bounce::WIDE), align: 4096 },
        ],
        hashes: HashRule { counts: HashPages::Free, charges_high: false, less_first_mib: false, strictly_above: false },
        ..CONSTANTS.image
    },
    proc: &PROC_6_12_AMD64,
    ..CONSTANTS
};
