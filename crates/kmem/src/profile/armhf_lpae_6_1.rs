//! Linux 6.1 for ARMv7 with LPAE: Debian's `armmp-lpae` kernel on QEMU's `virt` machine, long page table descriptors.
//!
//! Page table entries have 64 bits: physical addresses reach further, pageblocks have 2 MiB, and there are transparent huge
//! pages, so that min_free_kbytes is six times that of the kernel without. Numbers: golden case `armhf-lpae-2g`.

use super::armhf_6_1::CONSTANTS;
use super::{Bounce, CmaRule, Early, EarlyKind, HashTable, Image, ImageSizes, Profile, Section, TuningRule};
use crate::map::entry::ARM_LPAE;
use crate::snapshot::proc::PROC_6_1_LPAE;
use crate::units::Order;

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "armhf-lpae-6.1",
    summary: "Linux 6.1.176 for ARMv7 with LPAE (Debian armmp-lpae) on QEMU's virt machine",
    release: "6.1.0-50-armmp-lpae",
    configs: &["CONFIG_ARM", "CONFIG_ARM_LPAE"],
    phys_addr_bytes: 8,
    // Up to 36 bits of address; the page structures end it before that.
    max_ram: 63 << 30,
    // Huge pages of 2 MiB.
    pageblock_order: match Order::new(9) {
        Some(order) => order,
        None => Order::ZERO,
    },
    tuning: TuningRule::Modern { thp: true },
    paging: Some(&ARM_LPAE),
    image: Image {
        start: 0x4040_0000,
        end: 0x4180_d288,
        sections: &[
            Section { name: ".text", start: 0xc040_0000, end: 0xc100_0000 },
            Section { name: ".rodata", start: 0xc100_0000, end: 0xc13a_a000 },
            Section { name: ".init", start: 0xc140_0000, end: 0xc160_0000 },
            Section { name: ".data", start: 0xc160_0000, end: 0xc17a_d000 },
            Section { name: ".bss", start: 0xc17a_d288, end: 0xc180_d288 },
        ],
        sizes: ImageSizes { code: 12_288, data: 1716, rodata: 3752, init: 2048, bss: 384 },
        freed_late: &[(0x4140_0000, 0x4160_0000)],
        // Tables of the first two levels.
        reserved: &[(0x4020_3000, 0x4020_8000)],
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::Cma, align: 4096 },
            Early { what: EarlyKind::Other(48 << 10), align: 4096 },
            Early { what: EarlyKind::MemMap, align: 64 },
            // "Embedded 19 pages/cpu".
            Early { what: EarlyKind::PerCpu(19 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
            // "software IO TLB: mapped … (64MB)"; the limit is the last address that 32 bits reach, so 3 GiB from 1 GiB on
            // are above it (`arch/arm/mm/init.c`).
            Early {
                what: EarlyKind::Bounce(Bounce { slot: 16, beyond: (4 << 30) - 4096, ..Bounce::WIDE }),
                align: 4096,
            },
        ],
        cma: Some(CmaRule { bytes: 16 << 20, align: 2 << 20 }),
        huge_page_bytes: 2 << 20,
        ..CONSTANTS.image
    },
    proc: &PROC_6_1_LPAE,
    ..CONSTANTS
};
