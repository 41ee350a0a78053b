//! The files under `/proc`, written byte for byte as a kernel writes them.
//!
//! Each file has its renderer: it takes the snapshot and the kernel's [`ProcFormat`] and writes text. Formats are data:
//! lists of lines and styles, one set for each generation of kernels. Renderers know nothing of the engine.
//!
//! Judge: `tests/golden_proc.rs` feeds the numbers of real files into the structures and compares the text.

pub mod boot_log;
pub mod buddyinfo;
pub mod iomem;
pub mod meminfo;
pub mod slabinfo;
pub mod vmallocinfo;
pub mod zoneinfo;

use crate::boot::layout::Wording;
use boot_log::BootLogStyle;
use meminfo::MemLine;
use vmallocinfo::PhysStyle;
use zoneinfo::ZoneInfoStyle;

/// How a generation of kernels writes its files.
#[derive(Debug)]
pub struct ProcFormat {
    /// The lines of `/proc/meminfo`.
    pub meminfo: &'static [MemLine],
    /// `/proc/zoneinfo`.
    pub zoneinfo: ZoneInfoStyle,
    /// Physical addresses in `/proc/vmallocinfo`.
    pub vmalloc_phys: PhysStyle,
    /// Digits of an address: 8 or 16.
    pub address_digits: usize,
    /// The boot log.
    pub boot_log: BootLogStyle,
    /// Warnings of the layout.
    pub wording: Wording,
}

/// 6.1 on x86-32 without PAE.
pub static PROC_6_1_I386: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_1_I386,
    zoneinfo: ZoneInfoStyle::Modern { node: zoneinfo::NODE_6_1, zone: zoneinfo::ZONE_6_1 },
    vmalloc_phys: PhysStyle::Padded(8),
    address_digits: 8,
    boot_log: BootLogStyle::X86Modern,
    wording: Wording::Modern,
};

/// 6.1 on x86-32 with PAE.
pub static PROC_6_1_PAE: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_1_PAE,
    zoneinfo: ZoneInfoStyle::Modern { node: zoneinfo::NODE_6_1, zone: zoneinfo::ZONE_6_1 },
    vmalloc_phys: PhysStyle::Padded(16),
    address_digits: 8,
    boot_log: BootLogStyle::X86Modern,
    wording: Wording::Modern,
};

/// 3.4 on ARM.
pub static PROC_3_4_ARM: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_3_4,
    zoneinfo: ZoneInfoStyle::Middle { zone: zoneinfo::ZONE_3_4 },
    vmalloc_phys: PhysStyle::Bare,
    address_digits: 8,
    boot_log: BootLogStyle::ArmMiddle,
    wording: Wording::Old,
};

/// 2.6.11 on x86-32. What came later (`/proc/zoneinfo` in 2.6.13, `/proc/vmallocinfo` in 2.6.28) has its first form.
pub static PROC_2_6_X86: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_2_6,
    zoneinfo: ZoneInfoStyle::Early,
    vmalloc_phys: PhysStyle::Bare,
    address_digits: 8,
    boot_log: BootLogStyle::X86Early,
    wording: Wording::Old,
};

/// 2.6.11 without an MMU.
pub static PROC_2_6_NOMMU: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_2_6_NOMMU,
    zoneinfo: ZoneInfoStyle::Early,
    vmalloc_phys: PhysStyle::Bare,
    address_digits: 8,
    boot_log: BootLogStyle::NoMmuEarly,
    wording: Wording::Old,
};
