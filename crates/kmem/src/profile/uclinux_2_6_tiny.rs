//! uClinux 2.6 on a microcontroller with 2 MiB of RAM: the smallest kernel that there is, running from flash.
//!
//! An NXP LPC2294 (ARM7TDMI-S, no MMU, no cache): flash at 0x80000000, 2 MiB of SRAM at 0x81000000. The kernel is executed
//! where it lies in flash (`CONFIG_XIP_KERNEL`), so RAM holds what it writes to and nothing else. It is configured as the
//! Linux-tiny patches make it: SLOB, small hash tables, no block layer. The board and the image are examples.

use super::uclinux_2_6::{CONSTANTS, SLAB, SLOB};
use super::{Early, EarlyKind, HashTable, Image, ImageSizes, Profile, Section};
use crate::units::{PhysAddr, VirtAddr};

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "uclinux-2.6-tiny",
    summary: "uClinux 2.6.11 in flash, with SLOB, no MMU, 2 MiB at 0x81000000",
    release: "2.6.11-uc0-tiny1",
    page_offset: VirtAddr::new(0x8100_0000),
    phys_offset: PhysAddr::new(0x8100_0000),
    default_ram: 2 << 20,
    // The three banks of the external memory controller behind the flash's.
    max_ram: 48 << 20,
    slab: SLOB,
    other_slabs: &[SLAB],
    image: Image {
        // 32 KiB above RAM's start, as ARM kernels are: the boot loader's list lies below. The vectors are in other memory.
        start: 0x8100_8000,
        end: 0x8102_c000,
        sections: &[
            Section { name: ".init", start: 0x8100_8000, end: 0x8100_a000 },
            Section { name: ".data", start: 0x8100_a000, end: 0x8101_4000 },
            Section { name: ".bss", start: 0x8101_4000, end: 0x8102_c000 },
        ],
        // The code is in flash.
        sizes: ImageSizes { code: 640, data: 40, rodata: 0, init: 8, bss: 96 },
        freed_early: None,
        freed_late: &[(0x8100_8000, 0x8100_a000)],
        early: &[
            Early { what: EarlyKind::MemMap, align: 64 },
            Early { what: EarlyKind::Other(8 << 10), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        min_free_pages: 64,
        ..CONSTANTS.image
    },
    ..CONSTANTS
};
