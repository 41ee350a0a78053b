//! The files under `/proc`, written byte for byte as a kernel writes them.
//!
//! Each file has its renderer: it takes the snapshot and the kernel's [`ProcFormat`] and writes text. Formats are data:
//! lists of lines and styles, one set for each generation of kernels. Renderers know nothing of the engine.
//!
//! Judge: `tests/golden_proc.rs` feeds the numbers of real files into the structures and compares the text.

/// Several constant lists in a row, as one.
macro_rules! joined {
    ($item:ty: $($group:expr),* $(,)?) => {{
        const GROUPS: &[&[$item]] = &[$($group),*];
        const COUNT: usize = {
            let (mut at, mut count) = (0, 0);
            while at < GROUPS.len() {
                count += GROUPS[at].len();
                at += 1;
            }
            count
        };
        const ALL: [$item; COUNT] = {
            let mut all = [GROUPS[0][0]; COUNT];
            let (mut group, mut count) = (0, 0);
            while group < GROUPS.len() {
                let mut at = 0;
                while at < GROUPS[group].len() {
                    all[count] = GROUPS[group][at];
                    (at, count) = (at + 1, count + 1);
                }
                group += 1;
            }
            all
        };
        &ALL
    }};
}

pub mod boot_log;
pub mod buddyinfo;
pub mod iomem;
pub mod meminfo;
pub mod pagetypeinfo;
pub mod slabinfo;
pub mod vmallocinfo;
pub mod vmstat;
pub mod zoneinfo;

use crate::boot::layout::Wording;
use crate::event::text::{self, EventStyle};
use crate::snapshot::report::mem_info::{self, HighAtomic, MemInfoStyle, Nodes, Tail};
use crate::snapshot::report::{ReportEra, ReportStyle};
use crate::snapshot::Stat;
use boot_log::BootLogStyle;
use meminfo::MemLine;
use pagetypeinfo::PageTypeStyle;
use slabinfo::SlabInfoStyle;
use vmallocinfo::PhysStyle;
use zoneinfo::ZoneInfoStyle;

/// How a generation of kernels writes its files.
#[derive(Debug)]
pub struct ProcFormat {
    /// The lines of `/proc/meminfo`.
    pub meminfo: &'static [MemLine],
    /// `/proc/zoneinfo`.
    pub zoneinfo: ZoneInfoStyle,
    /// `/proc/pagetypeinfo`; `None` before there are mobility types.
    pub pagetypes: Option<&'static PageTypeStyle>,
    /// `/proc/vmstat` behind the lists of zones and nodes: groups of names, divided by blanks.
    pub vmstat: &'static [&'static str],
    /// `/proc/slabinfo`.
    pub slabinfo: SlabInfoStyle,
    /// Physical addresses in `/proc/vmallocinfo`.
    pub vmalloc_phys: PhysStyle,
    /// Digits of an address: 8 or 16.
    pub address_digits: usize,
    /// Reports of a kernel that runs out of memory.
    pub report: ReportStyle,
    /// Lines of the trace file.
    pub events: &'static EventStyle,
    /// The boot log.
    pub boot_log: BootLogStyle,
    /// Warnings of the layout.
    pub wording: Wording,
}

const ZONES_6_1: ZoneInfoStyle =
    ZoneInfoStyle::Modern { pages: zoneinfo::PAGES_6_1, node: zoneinfo::NODE_6_1, zone: zoneinfo::ZONE_6 };
const ZONES_6_1_NUMA: ZoneInfoStyle =
    ZoneInfoStyle::Modern { pages: zoneinfo::PAGES_6_1, node: zoneinfo::NODE_6_1_NUMA, zone: zoneinfo::ZONE_6_NUMA };
const ZONES_6_12: ZoneInfoStyle =
    ZoneInfoStyle::Modern { pages: zoneinfo::PAGES_6_12, node: zoneinfo::NODE_6_12, zone: zoneinfo::ZONE_6 };
const ZONES_6_12_NUMA: ZoneInfoStyle =
    ZoneInfoStyle::Modern { pages: zoneinfo::PAGES_6_12, node: zoneinfo::NODE_6_12_NUMA, zone: zoneinfo::ZONE_6_NUMA };
const ZONES_6_12_AMD64: ZoneInfoStyle = ZoneInfoStyle::Modern {
    pages: zoneinfo::PAGES_6_12,
    node: zoneinfo::NODE_6_12_NUMA,
    zone: zoneinfo::ZONE_6_12_UNACCEPTED,
};

/// Reports of 6.1.
const fn report_6_1(nodes: Nodes, thp: &'static [(&'static str, Stat)], tail: &'static [Tail]) -> ReportStyle {
    let mem_info = MemInfoStyle::Modern { nodes, thp, highatomic: HighAtomic::Reserved, tail };
    ReportStyle { era: ReportEra::V6_1, mem_info }
}

/// Reports of 6.12.
const fn report_6_12(nodes: Nodes, thp: &'static [(&'static str, Stat)], tail: &'static [Tail]) -> ReportStyle {
    let mem_info = MemInfoStyle::Modern { nodes, thp, highatomic: HighAtomic::ReservedAndFree, tail };
    ReportStyle { era: ReportEra::V6_12, mem_info }
}

/// 6.1 on x86-32 without PAE. The others say what differs from one that is near.
const I386_6_1: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_1_I386,
    zoneinfo: ZONES_6_1,
    pagetypes: Some(&pagetypeinfo::STYLE_6),
    vmstat: vmstat::VMSTAT_6_1_I386,
    slabinfo: SlabInfoStyle::V2_1,
    vmalloc_phys: PhysStyle::Padded(8),
    address_digits: 8,
    report: report_6_1(Nodes::Unnamed, mem_info::THP_6_1, &[Tail::Poisoned]),
    events: &text::EVENTS_6_1,
    boot_log: BootLogStyle::X86Modern,
    wording: Wording::Modern,
};
const ARMHF_6_1: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_ARMHF,
    pagetypes: Some(&pagetypeinfo::STYLE_6_CMA),
    vmstat: vmstat::VMSTAT_6_1_ARMHF,
    report: report_6_1(Nodes::Unnamed, &[], &[Tail::Cma]),
    events: &text::EVENTS_6_1_CMA,
    boot_log: BootLogStyle::ArmModern,
    ..I386_6_1
};
const AMD64_6_1: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_1_AMD64,
    zoneinfo: ZONES_6_1_NUMA,
    vmstat: vmstat::VMSTAT_6_1_AMD64,
    vmalloc_phys: PhysStyle::Padded(16),
    address_digits: 16,
    report: report_6_1(Nodes::Named, mem_info::THP_6_1, &[]),
    ..I386_6_1
};
const ARM64_6_1: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_ARM64,
    pagetypes: Some(&pagetypeinfo::STYLE_6_CMA),
    vmstat: vmstat::VMSTAT_6_1_ARM64,
    report: report_6_1(Nodes::Named, mem_info::THP_6_1, &[Tail::Cma, Tail::Poisoned]),
    events: &text::EVENTS_6_1_CMA,
    boot_log: BootLogStyle::Arm64Modern,
    ..AMD64_6_1
};

/// 6.1 on x86-32 without PAE.
pub static PROC_6_1_I386: ProcFormat = I386_6_1;

/// 6.1 on x86-32 with PAE.
pub static PROC_6_1_PAE: ProcFormat =
    ProcFormat { meminfo: meminfo::MEMINFO_6_1_PAE, vmalloc_phys: PhysStyle::Padded(16), ..I386_6_1 };

/// 6.1 on ARM with short descriptors.
pub static PROC_6_1_ARMHF: ProcFormat = ARMHF_6_1;

/// 6.1 on ARM with LPAE.
pub static PROC_6_1_LPAE: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_LPAE,
    vmstat: vmstat::VMSTAT_6_1_LPAE,
    vmalloc_phys: PhysStyle::Padded(16),
    report: report_6_1(Nodes::Unnamed, mem_info::THP_6_1, &[Tail::Cma]),
    ..ARMHF_6_1
};

/// 6.12 on ARM with short descriptors.
pub static PROC_6_12_ARMHF: ProcFormat = ProcFormat {
    zoneinfo: ZONES_6_12,
    vmstat: vmstat::VMSTAT_6_12_ARMHF,
    report: report_6_12(Nodes::Unnamed, &[], &[Tail::Cma]),
    events: &text::EVENTS_6_12_CMA,
    ..ARMHF_6_1
};

/// 6.1 on amd64.
pub static PROC_6_1_AMD64: ProcFormat = AMD64_6_1;

/// 6.12 on amd64.
pub static PROC_6_12_AMD64: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_6_12_AMD64,
    zoneinfo: ZONES_6_12_AMD64,
    vmstat: vmstat::VMSTAT_6_12_AMD64,
    report: report_6_12(Nodes::Named, mem_info::THP_6_12, &[Tail::Poisoned]),
    events: &text::EVENTS_6_12,
    ..AMD64_6_1
};

/// 6.1 on arm64.
pub static PROC_6_1_ARM64: ProcFormat = ARM64_6_1;

/// 6.12 on arm64.
pub static PROC_6_12_ARM64: ProcFormat = ProcFormat {
    zoneinfo: ZONES_6_12_NUMA,
    vmstat: vmstat::VMSTAT_6_12_ARM64,
    report: report_6_12(Nodes::Named, mem_info::THP_6_12, &[Tail::Cma, Tail::Poisoned]),
    events: &text::EVENTS_6_12_CMA,
    ..ARM64_6_1
};

/// 3.4 on ARM.
pub static PROC_3_4_ARM: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_3_4,
    zoneinfo: ZoneInfoStyle::Middle { zone: zoneinfo::ZONE_3_4 },
    pagetypes: Some(&pagetypeinfo::STYLE_3_4),
    vmstat: vmstat::VMSTAT_3_4_ARM,
    slabinfo: SlabInfoStyle::V2_1,
    vmalloc_phys: PhysStyle::Bare,
    address_digits: 8,
    report: ReportStyle { era: ReportEra::V3_4, mem_info: MemInfoStyle::Middle { stack_kb: 8 } },
    events: &text::EVENTS_3_4,
    boot_log: BootLogStyle::ArmMiddle,
    wording: Wording::Old,
};

/// 2.6.11 on x86-32. What came later (`/proc/zoneinfo` in 2.6.13, `/proc/vmallocinfo` in 2.6.28) has its first form.
const X86_2_6: ProcFormat = ProcFormat {
    meminfo: meminfo::MEMINFO_2_6,
    zoneinfo: ZoneInfoStyle::Early,
    pagetypes: None,
    vmstat: vmstat::VMSTAT_2_6,
    slabinfo: SlabInfoStyle::V2_1,
    vmalloc_phys: PhysStyle::Bare,
    address_digits: 8,
    report: ReportStyle { era: ReportEra::V2_6, mem_info: MemInfoStyle::Early },
    events: &text::EVENTS_2_6,
    boot_log: BootLogStyle::X86Early,
    wording: Wording::Old,
};

/// 2.6.11 on x86-32.
pub static PROC_2_6_X86: ProcFormat = X86_2_6;

/// 2.6.11 without an MMU.
pub static PROC_2_6_NOMMU: ProcFormat =
    ProcFormat { meminfo: meminfo::MEMINFO_2_6_NOMMU, boot_log: BootLogStyle::NoMmuEarly, ..X86_2_6 };
