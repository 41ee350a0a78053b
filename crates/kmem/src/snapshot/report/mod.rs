//! Reports of a kernel that runs out of memory: the page allocation failure ([`page_failure`]), the out-of-memory report
//! ([`oom_report`]), and the state of all memory that both contain ([`mem_info`]).
//!
//! They are lines of the kernel log, without time stamps. The call trace that stands behind the first line is the
//! caller's: it belongs to the machine.
//!
//! Judge: `tests/golden_report.rs` for 6.1. No recording of 6.12 has such a report: what differs there is after
//! `mm/show_mem.c` and `mm/oom_kill.c`. Older forms are after `mm/page_alloc.c`, `mm/oom_kill.c` and the architecture's
//! `show_mem` of 3.4 (ARM) and 2.6.11 (i386).

pub mod cache_panic;
pub mod mem_info;
pub mod oom_report;
pub mod page_failure;
pub mod slab_bug;

use super::{PageTypeRow, ZoneInfo};
use mem_info::MemInfoStyle;

/// How a kernel words its reports.
#[derive(Clone, Copy, Debug)]
pub struct ReportStyle {
    /// Generation of the other lines.
    pub era: ReportEra,
    /// The state of all memory.
    pub mem_info: MemInfoStyle,
}

/// Generations of wordings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ReportEra {
    /// 2.6.11.
    V2_6,
    /// 3.4.
    V3_4,
    /// 6.1.
    V6_1,
    /// 6.12: the task table tells the kinds of resident memory apart.
    V6_12,
}

/// A zone as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ZoneReport {
    /// Its numbers, and those of its node at the node's first zone that has pages.
    pub info: ZoneInfo,
    /// Its free blocks by mobility type.
    pub free: PageTypeRow,
    /// Pages of the pageblocks that are reserved for atomic requests.
    pub reserved_highatomic: u64,
    /// Such that are free.
    pub free_highatomic: u64,
    /// Whether it lies above the direct map.
    pub place: ZonePlace,
}

/// Where a zone lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ZonePlace {
    /// In the direct map.
    #[default]
    Low,
    /// Above it (HighMem, and Movable when it is made of such pages).
    High,
}

/// A pool of huge pages on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HugePool {
    /// NUMA node.
    pub node: u32,
    /// kB of a page.
    pub size_kb: u64,
    /// Pages.
    pub total: u64,
    /// Free ones.
    pub free: u64,
    /// Beyond the number asked for.
    pub surplus: u64,
}

/// What reports show that belongs to no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals<'a> {
    /// The CPU on which the request runs.
    pub cpu: usize,
    /// Index of the highest zone that the request may use: 6.x leaves out the zones above it.
    pub highest_zone: usize,
    /// Pages in the swap cache.
    pub swap_cache: u64,
    /// Swap in kB.
    pub swap_total_kb: u64,
    /// Free swap in kB.
    pub swap_free_kb: u64,
    /// Pages of all contiguous areas.
    pub cma: u64,
    /// Bad pages.
    pub poisoned: u64,
    /// Pages that several users share (2.6 and 3.4).
    pub shared: u64,
    /// Huge pages, in the kernel's order.
    pub huge: &'a [HugePool],
}
