//! `/proc/meminfo`: where all the memory is, in kB.
//!
//! Which lines there are depends on the kernel's version, its configuration and its architecture; the lists below are
//! those of the profiles. Sources: `fs/proc/meminfo.c` (6.12, 6.1, 3.4), `fs/proc/proc_misc.c` (2.6.11), the captures.

use super::ProcFormat;
use crate::snapshot::{MemField, MemInfo};
use core::fmt::{Result, Write};

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct MemLine {
    /// What stands before the number, blanks included.
    pub label: &'static str,
    /// Which number.
    pub field: MemField,
    /// Its width.
    pub width: usize,
    /// What stands behind it.
    pub unit: &'static str,
}

const fn kb(label: &'static str, field: MemField) -> MemLine {
    MemLine { label, field, width: 8, unit: " kB" }
}
const fn count(label: &'static str, field: MemField) -> MemLine {
    MemLine { label, field, width: 5, unit: "" }
}

/// 6.1 for i386 with PAE, huge pages and zswap.
pub static MEMINFO_6_1_PAE: &[MemLine] =
    joined![MemLine: HEAD, HIGH_AND_LOW, SWAP, ZSWAP, MIDDLE, POISON, THP, HUGETLB, DIRECT_4K, DIRECT_2M];
/// 6.1 for i386 without PAE: the direct map has other large pages.
pub static MEMINFO_6_1_I386: &[MemLine] =
    joined![MemLine: HEAD, HIGH_AND_LOW, SWAP, ZSWAP, MIDDLE, POISON, THP, HUGETLB, DIRECT_4K, DIRECT_4M];
/// 6.1 and 6.12 for ARM with short descriptors: a contiguous area, no huge pages.
pub static MEMINFO_6_ARMHF: &[MemLine] = joined![MemLine: HEAD, HIGH_AND_LOW, SWAP, ZSWAP, MIDDLE, CMA];
/// 6.1 for ARM with LPAE: huge pages besides.
pub static MEMINFO_6_LPAE: &[MemLine] = joined![MemLine: HEAD, HIGH_AND_LOW, SWAP, ZSWAP, MIDDLE, THP, CMA, HUGETLB];
/// 6.1 for amd64, Debian's kernel for virtual machines.
pub static MEMINFO_6_1_AMD64: &[MemLine] =
    joined![MemLine: HEAD, SWAP, MIDDLE, THP, HUGETLB, DIRECT_4K, DIRECT_2M, DIRECT_1G];
/// 6.12 for amd64, likewise.
pub static MEMINFO_6_12_AMD64: &[MemLine] =
    joined![MemLine: HEAD, SWAP, MIDDLE, POISON, THP, UNACCEPTED, HUGETLB, DIRECT_4K, DIRECT_2M, DIRECT_1G];
/// 6.1 and 6.12 for arm64, likewise: a contiguous area.
pub static MEMINFO_6_ARM64: &[MemLine] = joined![MemLine: HEAD, SWAP, MIDDLE, POISON, THP, CMA, HUGETLB];

// The groups of 6.x, in the order of the file. All kernels have HEAD, SWAP and MIDDLE.
const HEAD: &[MemLine] = &[
    kb("MemTotal:       ", MemField::MemTotal),
    kb("MemFree:        ", MemField::MemFree),
    kb("MemAvailable:   ", MemField::MemAvailable),
    kb("Buffers:        ", MemField::Buffers),
    kb("Cached:         ", MemField::Cached),
    kb("SwapCached:     ", MemField::SwapCached),
    kb("Active:         ", MemField::Active),
    kb("Inactive:       ", MemField::Inactive),
    kb("Active(anon):   ", MemField::ActiveAnon),
    kb("Inactive(anon): ", MemField::InactiveAnon),
    kb("Active(file):   ", MemField::ActiveFile),
    kb("Inactive(file): ", MemField::InactiveFile),
    kb("Unevictable:    ", MemField::Unevictable),
    kb("Mlocked:        ", MemField::Mlocked),
];
const HIGH_AND_LOW: &[MemLine] = &[
    kb("HighTotal:      ", MemField::HighTotal),
    kb("HighFree:       ", MemField::HighFree),
    kb("LowTotal:       ", MemField::LowTotal),
    kb("LowFree:        ", MemField::LowFree),
];
const SWAP: &[MemLine] = &[kb("SwapTotal:      ", MemField::SwapTotal), kb("SwapFree:       ", MemField::SwapFree)];
const ZSWAP: &[MemLine] = &[kb("Zswap:          ", MemField::Zswap), kb("Zswapped:       ", MemField::Zswapped)];
const MIDDLE: &[MemLine] = &[
    kb("Dirty:          ", MemField::Dirty),
    kb("Writeback:      ", MemField::Writeback),
    kb("AnonPages:      ", MemField::AnonPages),
    kb("Mapped:         ", MemField::Mapped),
    kb("Shmem:          ", MemField::Shmem),
    kb("KReclaimable:   ", MemField::KReclaimable),
    kb("Slab:           ", MemField::Slab),
    kb("SReclaimable:   ", MemField::SReclaimable),
    kb("SUnreclaim:     ", MemField::SUnreclaim),
    kb("KernelStack:    ", MemField::KernelStack),
    kb("PageTables:     ", MemField::PageTables),
    kb("SecPageTables:  ", MemField::SecPageTables),
    kb("NFS_Unstable:   ", MemField::NfsUnstable),
    kb("Bounce:         ", MemField::Bounce),
    kb("WritebackTmp:   ", MemField::WritebackTmp),
    kb("CommitLimit:    ", MemField::CommitLimit),
    kb("Committed_AS:   ", MemField::CommittedAs),
    kb("VmallocTotal:   ", MemField::VmallocTotal),
    kb("VmallocUsed:    ", MemField::VmallocUsed),
    kb("VmallocChunk:   ", MemField::VmallocChunk),
    kb("Percpu:         ", MemField::Percpu),
];
const POISON: &[MemLine] =
    &[MemLine { label: "HardwareCorrupted: ", field: MemField::HardwareCorrupted, width: 5, unit: " kB" }];
const THP: &[MemLine] = &[
    kb("AnonHugePages:  ", MemField::AnonHugePages),
    kb("ShmemHugePages: ", MemField::ShmemHugePages),
    kb("ShmemPmdMapped: ", MemField::ShmemPmdMapped),
    kb("FileHugePages:  ", MemField::FileHugePages),
    kb("FilePmdMapped:  ", MemField::FilePmdMapped),
];
const CMA: &[MemLine] = &[kb("CmaTotal:       ", MemField::CmaTotal), kb("CmaFree:        ", MemField::CmaFree)];
const UNACCEPTED: &[MemLine] = &[kb("Unaccepted:     ", MemField::Unaccepted)];
const HUGETLB: &[MemLine] = &[
    count("HugePages_Total:   ", MemField::HugePagesTotal),
    count("HugePages_Free:    ", MemField::HugePagesFree),
    count("HugePages_Rsvd:    ", MemField::HugePagesRsvd),
    count("HugePages_Surp:    ", MemField::HugePagesSurp),
    kb("Hugepagesize:   ", MemField::Hugepagesize),
    kb("Hugetlb:        ", MemField::Hugetlb),
];
const DIRECT_4K: &[MemLine] = &[kb("DirectMap4k:    ", MemField::DirectMap4k)];
const DIRECT_2M: &[MemLine] = &[kb("DirectMap2M:    ", MemField::DirectMap2M)];
const DIRECT_4M: &[MemLine] = &[kb("DirectMap4M:    ", MemField::DirectMap4M)];
const DIRECT_1G: &[MemLine] = &[kb("DirectMap1G:    ", MemField::DirectMap1G)];

/// 3.4 for ARM with high memory.
pub static MEMINFO_3_4: &[MemLine] = &[
    kb("MemTotal:       ", MemField::MemTotal),
    kb("MemFree:        ", MemField::MemFree),
    kb("Buffers:        ", MemField::Buffers),
    kb("Cached:         ", MemField::Cached),
    kb("SwapCached:     ", MemField::SwapCached),
    kb("Active:         ", MemField::Active),
    kb("Inactive:       ", MemField::Inactive),
    kb("Active(anon):   ", MemField::ActiveAnon),
    kb("Inactive(anon): ", MemField::InactiveAnon),
    kb("Active(file):   ", MemField::ActiveFile),
    kb("Inactive(file): ", MemField::InactiveFile),
    kb("Unevictable:    ", MemField::Unevictable),
    kb("Mlocked:        ", MemField::Mlocked),
    kb("HighTotal:      ", MemField::HighTotal),
    kb("HighFree:       ", MemField::HighFree),
    kb("LowTotal:       ", MemField::LowTotal),
    kb("LowFree:        ", MemField::LowFree),
    kb("SwapTotal:      ", MemField::SwapTotal),
    kb("SwapFree:       ", MemField::SwapFree),
    kb("Dirty:          ", MemField::Dirty),
    kb("Writeback:      ", MemField::Writeback),
    kb("AnonPages:      ", MemField::AnonPages),
    kb("Mapped:         ", MemField::Mapped),
    kb("Shmem:          ", MemField::Shmem),
    kb("Slab:           ", MemField::Slab),
    kb("SReclaimable:   ", MemField::SReclaimable),
    kb("SUnreclaim:     ", MemField::SUnreclaim),
    kb("KernelStack:    ", MemField::KernelStack),
    kb("PageTables:     ", MemField::PageTables),
    kb("NFS_Unstable:   ", MemField::NfsUnstable),
    kb("Bounce:         ", MemField::Bounce),
    kb("WritebackTmp:   ", MemField::WritebackTmp),
    kb("CommitLimit:    ", MemField::CommitLimit),
    kb("Committed_AS:   ", MemField::CommittedAs),
    kb("VmallocTotal:   ", MemField::VmallocTotal),
    kb("VmallocUsed:    ", MemField::VmallocUsed),
    kb("VmallocChunk:   ", MemField::VmallocChunk),
];

/// 2.6.11 without huge pages.
pub static MEMINFO_2_6_NOMMU: &[MemLine] = PLAIN_2_6;

const PLAIN_2_6: &[MemLine] = &[
    kb("MemTotal:     ", MemField::MemTotal),
    kb("MemFree:      ", MemField::MemFree),
    kb("Buffers:      ", MemField::Buffers),
    kb("Cached:       ", MemField::Cached),
    kb("SwapCached:   ", MemField::SwapCached),
    kb("Active:       ", MemField::Active),
    kb("Inactive:     ", MemField::Inactive),
    kb("HighTotal:    ", MemField::HighTotal),
    kb("HighFree:     ", MemField::HighFree),
    kb("LowTotal:     ", MemField::LowTotal),
    kb("LowFree:      ", MemField::LowFree),
    kb("SwapTotal:    ", MemField::SwapTotal),
    kb("SwapFree:     ", MemField::SwapFree),
    kb("Dirty:        ", MemField::Dirty),
    kb("Writeback:    ", MemField::Writeback),
    kb("Mapped:       ", MemField::Mapped),
    kb("Slab:         ", MemField::Slab),
    kb("CommitLimit:  ", MemField::CommitLimit),
    kb("Committed_AS: ", MemField::CommittedAs),
    kb("PageTables:   ", MemField::PageTables),
    kb("VmallocTotal: ", MemField::VmallocTotal),
    kb("VmallocUsed:  ", MemField::VmallocUsed),
    kb("VmallocChunk: ", MemField::VmallocChunk),
];

/// 2.6.11 with huge pages, as on i386: the lines above and three more.
pub static MEMINFO_2_6: &[MemLine] = joined![MemLine: PLAIN_2_6, HUGE_2_6];

const HUGE_2_6: &[MemLine] = &[
    count("HugePages_Total: ", MemField::HugePagesTotal),
    count("HugePages_Free:  ", MemField::HugePagesFree),
    MemLine { label: "Hugepagesize:    ", field: MemField::Hugepagesize, width: 5, unit: " kB" },
];

/// Writes the file.
pub fn write(out: &mut dyn Write, format: &ProcFormat, info: &MemInfo) -> Result {
    format.meminfo.iter().try_for_each(|line| {
        writeln!(out, "{}{:width$}{}", line.label, info[line.field], line.unit, width = line.width)
    })
}
