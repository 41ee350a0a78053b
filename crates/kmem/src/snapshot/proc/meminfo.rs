//! `/proc/meminfo`: where all the memory is, in kB.
//!
//! Which lines there are depends on the kernel's version, its configuration and its architecture; the lists below are
//! those of the profiles. Sources: `fs/proc/meminfo.c` (6.1, 3.4), `fs/proc/proc_misc.c` (2.6.11), the captures.

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
pub static MEMINFO_6_1_PAE: &[MemLine] = &ended_6_1(kb("DirectMap2M:    ", MemField::DirectMap2M));
/// 6.1 for i386 without PAE: the direct map has other large pages.
pub static MEMINFO_6_1_I386: &[MemLine] = &ended_6_1(kb("DirectMap4M:    ", MemField::DirectMap4M));

/// Puts the last line behind those that all kernels of 6.1 have.
const fn ended_6_1(last: MemLine) -> [MemLine; LINES_6_1.len() + 1] {
    let mut lines = [last; LINES_6_1.len() + 1];
    let mut at = 0;
    while at < LINES_6_1.len() {
        lines[at] = LINES_6_1[at];
        at += 1;
    }
    lines
}

const LINES_6_1: &[MemLine] = &[
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
    kb("HighTotal:      ", MemField::HighTotal),
    kb("HighFree:       ", MemField::HighFree),
    kb("LowTotal:       ", MemField::LowTotal),
    kb("LowFree:        ", MemField::LowFree),
    kb("SwapTotal:      ", MemField::SwapTotal),
    kb("SwapFree:       ", MemField::SwapFree),
    kb("Zswap:          ", MemField::Zswap),
    kb("Zswapped:       ", MemField::Zswapped),
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
    MemLine { label: "HardwareCorrupted: ", field: MemField::HardwareCorrupted, width: 5, unit: " kB" },
    kb("AnonHugePages:  ", MemField::AnonHugePages),
    kb("ShmemHugePages: ", MemField::ShmemHugePages),
    kb("ShmemPmdMapped: ", MemField::ShmemPmdMapped),
    kb("FileHugePages:  ", MemField::FileHugePages),
    kb("FilePmdMapped:  ", MemField::FilePmdMapped),
    count("HugePages_Total:   ", MemField::HugePagesTotal),
    count("HugePages_Free:    ", MemField::HugePagesFree),
    count("HugePages_Rsvd:    ", MemField::HugePagesRsvd),
    count("HugePages_Surp:    ", MemField::HugePagesSurp),
    kb("Hugepagesize:   ", MemField::Hugepagesize),
    kb("Hugetlb:        ", MemField::Hugetlb),
    kb("DirectMap4k:    ", MemField::DirectMap4k),
];

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
pub static MEMINFO_2_6: &[MemLine] = &{
    const EXTRA: [MemLine; 3] = [
        count("HugePages_Total: ", MemField::HugePagesTotal),
        count("HugePages_Free:  ", MemField::HugePagesFree),
        MemLine { label: "Hugepagesize:    ", field: MemField::Hugepagesize, width: 5, unit: " kB" },
    ];
    let mut lines = [EXTRA[0]; 26];
    let mut at = 0;
    while at < lines.len() {
        lines[at] = if at < PLAIN_2_6.len() { PLAIN_2_6[at] } else { EXTRA[at - PLAIN_2_6.len()] };
        at += 1;
    }
    lines
};

/// Writes the file.
pub fn write(out: &mut dyn Write, format: &ProcFormat, info: &MemInfo) -> Result {
    format.meminfo.iter().try_for_each(|line| {
        writeln!(out, "{}{:width$}{}", line.label, info[line.field], line.unit, width = line.width)
    })
}
