//! Linux 6.1 for i386 without PAE: Debian's `686` kernel on QEMU's PC.
//!
//! It differs from the kernel with PAE in page tables, which reach 4 GiB and whose large pages have 4 MiB, in the pkmap
//! window that follows from them, and in the image. Numbers: golden cases `i386-1g`, `i386-512m`, `i386-4g`.

use super::i386_pae_6_1::CONSTANTS;
use super::{Early, EarlyKind, HashTable, Image, ImageSizes, Profile, Section};
use crate::boot::layout::{LayoutRule, StartRule, X86Layout};
use crate::map::entry::I386;
use crate::snapshot::proc::PROC_6_1_I386;
use crate::units::Order;
use crate::user::UserRule;

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "i386-6.1",
    configs: &["CONFIG_X86", "CONFIG_X86_32"],
    summary: "Linux 6.1.176 for i386 without PAE (Debian 686) on a PC",
    release: "6.1.0-50-686",
    user: UserRule::I386_6_1,
    phys_addr_bytes: 4,
    // "max_arch_pfn = 0x100000". A fourth GiB moves above 4 GiB, where this kernel does not look.
    max_ram: 64 << 30,
    // Huge pages of 4 MiB.
    pageblock_order: match Order::new(10) {
        Some(order) => order,
        None => Order::ZERO,
    },
    layout: LayoutRule::X86(X86Layout {
        vmalloc_end: 0xfebf_e000,
        pkmap: 0xfec0_0000,
        pkmap_slots: 1024,
        // Estimated, as with PAE.
        fixmap: 0xffdb_7000,
        fixmap_end: 0xffff_f000,
        gap: 8 << 20,
        reserve: 128 << 20,
        parameter_excludes_gap: true,
        reserve_end: 0xfebf_e000,
        start: StartRule::Plain,
        says_beyond: false,
    }),
    paging: Some(&I386),
    image: Image {
        start: 0x0100_0000,
        end: 0x01ef_6000,
        sections: &[
            Section { name: ".text", start: 0xc100_0000, end: 0xc191_bc80 },
            Section { name: ".rodata", start: 0xc191_c000, end: 0xc1c3_9000 },
            Section { name: ".data", start: 0xc1c3_9000, end: 0xc1d7_0bc0 },
            Section { name: ".init", start: 0xc1d8_6000, end: 0xc1e6_a000 },
            Section { name: ".bss", start: 0xc1e7_2000, end: 0xc1ee_6000 },
        ],
        sizes: ImageSizes { code: 9327, data: 1246, rodata: 3188, init: 912, bss: 464 },
        freed_early: Some((0x01e6_a000, 0x01e7_2000)),
        freed_late: &[(0x01d8_6000, 0x01e6_a000)],
        // Page tables of pkmap and fixmap lie in the early heap here.
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            Early { what: EarlyKind::MemMap, align: 64 },
            Early { what: EarlyKind::Other(0xf80), align: 64 },
            Early { what: EarlyKind::PerCpu(33 * 4096), align: 4096 },
            // The first chunk's table of blocks, `pcpu_alloc_first_chunk`.
            Early { what: EarlyKind::Other(256), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE), align: 64 },
        ],
        huge_page_bytes: 4 << 20,
        ..CONSTANTS.image
    },
    proc: &PROC_6_1_I386,
    ..CONSTANTS
};
