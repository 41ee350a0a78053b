//! Linux 6.1 for x86-64: Debian's `cloud-amd64` kernel on QEMU's PC, four-level page tables, no address randomisation.
//!
//! All numbers are read off captures of that kernel (golden cases `amd64-6.1-1g`, `zfit-amd64-512m-exceeds`); what no dump
//! shows is marked.

use super::{
    i386_pae_6_1, Bounce, CacheStructs, Counting, Early, EarlyKind, HashPages, HashRule, HashTable, Image, ImageSizes,
    KmallocRule, Profile, Section, SlabRule, SlobEra, SlubEra, TuningRule, ZoneKind, ZoneLimit, ZoneSpec,
};
use crate::boot::layout::{LayoutRule, WideLayout};
use crate::map::entry::X86_64;
use crate::snapshot::proc::PROC_6_1_AMD64;
use crate::units::VirtAddr;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The profile as a constant, for the later kernel to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "amd64-6.1",
    summary: "Linux 6.1.176 for x86-64 (Debian cloud-amd64) on a PC",
    release: "6.1.0-50-cloud-amd64",
    word_bytes: 8,
    configs: &["CONFIG_X86", "CONFIG_X86_64", "CONFIG_64BIT"],
    page_offset: VirtAddr::new(0xffff_8880_0000_0000),
    // TASK_SIZE_MAX with four levels: a page is left free.
    task_size: 0x7fff_ffff_f000,
    phys_addr_bytes: 8,
    // "max_arch_pfn = 0x400000000".
    max_ram: 64 << 40,
    // "setup_percpu: NR_CPUS:8192".
    max_cpus: 8192,
    max_nodes: 8,
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(16 << 20), reserve_ratio: 256 },
        ZoneSpec { name: "DMA32", kind: ZoneKind::Dma32, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::RamEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
        ZoneSpec { name: "Device", kind: ZoneKind::Device, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    struct_page: 64,
    // SECTION_SIZE_BITS is 27.
    counting: Counting { section_bytes: Some(128 << 20), ..i386_pae_6_1::CONSTANTS.counting },
    tuning: TuningRule::Modern { thp: true },
    layout: LayoutRule::Wide(WideLayout {
        // VMALLOC_END is the last address, not the one past it: VmallocTotal is 34359738367 kB.
        vmalloc: (0xffff_c900_0000_0000, 0xffff_e8ff_ffff_ffff),
        vmemmap: (0xffff_ea00_0000_0000, 0xffff_eb00_0000_0000),
        // Its start is estimated: about as many slots as on i386.
        fixmap: (0xffff_ffff_ff57_8000, 0xffff_ffff_ff60_0000),
        modules: (0xffff_ffff_c000_0000, 0xffff_ffff_ff00_0000),
        image_distance: 0xffff_ffff_8000_0000,
        phys_bits: 46,
    }),
    paging: Some(&X86_64),
    // `struct track`: address, handle, cpu, pid, time.
    slab: SlabRule::Slub { max_order: 3, era: SlubEra::V6_1, track: 32 },
    // include/linux/slab.h: a long long aligns objects; SLOB's `struct kmem_cache` has no more than it needs.
    other_slabs: &[SlabRule::Slob { era: SlobEra::V6_1, min_align: 8, cache_struct: 64 }],
    cache_structs: CacheStructs { cache: 216, cache_per_node: 8, node: 64, node_is_first: false },
    kmalloc: KmallocRule { min_align: 8, ..i386_pae_6_1::CONSTANTS.kmalloc },
    image: Image {
        // `iomem`, the symbols, and the early heap (brk) behind.
        start: 0x0100_0000,
        end: 0x0381_1000,
        sections: &[
            Section { name: ".text", start: 0xffff_ffff_8100_0000, end: 0xffff_ffff_81e0_1ef2 },
            Section { name: ".rodata", start: 0xffff_ffff_8200_0000, end: 0xffff_ffff_8282_3000 },
            Section { name: ".data", start: 0xffff_ffff_82a0_0000, end: 0xffff_ffff_82c4_5d40 },
            Section { name: ".init", start: 0xffff_ffff_8301_8000, end: 0xffff_ffff_832a_2000 },
            Section { name: ".bss", start: 0xffff_ffff_832a_c000, end: 0xffff_ffff_8380_0000 },
        ],
        sizes: ImageSizes { code: 14_343, data: 2327, rodata: 8332, init: 2600, bss: 5456 },
        // "Freeing SMP alternatives memory: 36K", behind .init.
        freed_early: Some((0x032a_2000, 0x032a_b000)),
        freed_late: &[
            // text/rodata gap, rodata/data gap, initmem, and "unused decrypted", which lies somewhere in .bss.
            (0x01e0_2000, 0x0200_0000),
            (0x0282_3000, 0x02a0_0000),
            (0x0301_8000, 0x032a_2000),
            (0x0340_3000, 0x0360_0000),
        ],
        // "Freeing initrd memory: 1008K".
        initrd_bytes: 1008 << 10,
        early: &[
            Early { what: EarlyKind::Initrd, align: 4096 },
            // Tables of the direct map, the memory map, node data: summed up.
            Early { what: EarlyKind::Other(200 << 10), align: 4096 },
            // In blocks of the size of a section's part.
            Early { what: EarlyKind::MemMap, align: 2 << 20 },
            Early { what: EarlyKind::Other(16 << 10), align: 4096 },
            // "Embedded 61 pages/cpu".
            Early { what: EarlyKind::PerCpu(61 * 4096), align: 4096 },
            Early { what: EarlyKind::Hash(HashTable::DENTRY_64), align: 64 },
            Early { what: EarlyKind::Hash(HashTable::INODE_64), align: 64 },
            // "software IO TLB: mapped … (64MB)".
            Early { what: EarlyKind::Bounce(Bounce::WIDE), align: 4096 },
        ],
        hashes: HashRule {
            counts: HashPages::LessMemMap,
            charges_high: false,
            less_first_mib: true,
            strictly_above: false,
        },
        gigantic: &[1 << 30],
        ..i386_pae_6_1::CONSTANTS.image
    },
    // Where the areas of boot lie depends on what runs; none is kept.
    boot_areas: &[],
    proc: &PROC_6_1_AMD64,
    ..i386_pae_6_1::CONSTANTS
};
