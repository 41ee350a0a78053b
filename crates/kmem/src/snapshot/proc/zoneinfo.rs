//! `/proc/zoneinfo`: watermarks, sizes, counters and per-CPU lists of each zone.
//!
//! Source: `mm/vmstat.c`, `zoneinfo_show_print`, of 6.12, 6.1, 3.4 and 2.6.13 (the first that has the file, in
//! `mm/page_alloc.c`). Before 4.8 counters belong to zones; since then most belong to nodes.

use super::ProcFormat;
use crate::snapshot::{PcpInfo, Stat, Stats, ZoneInfo};
use core::fmt::{Result, Write};

/// How a kernel writes the file.
#[derive(Clone, Copy, Debug)]
pub enum ZoneInfoStyle {
    /// 2.6.13: no counters, two lists a CPU.
    Early,
    /// 3.4: the zone's counters before its protection.
    Middle {
        /// The zone's counters.
        zone: &'static [Stat],
    },
    /// 6.x: the node's counters at its first zone, the zone's own after its protection.
    Modern {
        /// The rows of page counts.
        pages: &'static [PageRow],
        /// The node's counters.
        node: &'static [Stat],
        /// The zone's counters.
        zone: &'static [Stat],
    },
}

/// A row of page counts of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageRow {
    /// What fragmentation added to the watermarks.
    Boost,
    /// Min watermark.
    Min,
    /// Low watermark.
    Low,
    /// High watermark.
    High,
    /// Watermark of promotion.
    Promo,
    /// First frame to last.
    Spanned,
    /// RAM.
    Present,
    /// Managed by the page allocator.
    Managed,
    /// In the contiguous area.
    Cma,
}

impl PageRow {
    /// Returns the kernel's name and the zone's number.
    const fn of(self, zone: &ZoneInfo) -> (&'static str, u64) {
        match self {
            Self::Boost => ("boost", zone.boost),
            Self::Min => ("min", zone.min),
            Self::Low => ("low", zone.low),
            Self::High => ("high", zone.high),
            Self::Promo => ("promo", zone.promo),
            Self::Spanned => ("spanned", zone.spanned),
            Self::Present => ("present", zone.present),
            Self::Managed => ("managed", zone.managed),
            Self::Cma => ("cma", zone.cma),
        }
    }
}

/// The rows of 6.1.
pub static PAGES_6_1: &[PageRow] = &[
    PageRow::Boost,
    PageRow::Min,
    PageRow::Low,
    PageRow::High,
    PageRow::Spanned,
    PageRow::Present,
    PageRow::Managed,
    PageRow::Cma,
];

/// The rows of 6.12.
pub static PAGES_6_12: &[PageRow] = &[
    PageRow::Boost,
    PageRow::Min,
    PageRow::Low,
    PageRow::High,
    PageRow::Promo,
    PageRow::Spanned,
    PageRow::Present,
    PageRow::Managed,
    PageRow::Cma,
];

/// The node's counters of 6.1 with CONFIG_TRANSPARENT_HUGEPAGE and CONFIG_SWAP.
pub static NODE_6_1: &[Stat] = joined![Stat: NODE, SWAPPED];
/// The same with CONFIG_NUMA.
pub static NODE_6_1_NUMA: &[Stat] = joined![Stat: NODE, SWAPPED, PROMOTED];
/// The node's counters of 6.12.
pub static NODE_6_12: &[Stat] = joined![Stat: NODE, IOMMU, SWAPPED, DEMOTED];
/// The same with CONFIG_NUMA.
pub static NODE_6_12_NUMA: &[Stat] = joined![Stat: NODE, IOMMU, SWAPPED, PROMOTED, DEMOTED];

const NODE: &[Stat] = &[
    Stat::InactiveAnon,
    Stat::ActiveAnon,
    Stat::InactiveFile,
    Stat::ActiveFile,
    Stat::Unevictable,
    Stat::SlabReclaimable,
    Stat::SlabUnreclaimable,
    Stat::IsolatedAnon,
    Stat::IsolatedFile,
    Stat::WorkingsetNodes,
    Stat::WorkingsetRefaultAnon,
    Stat::WorkingsetRefaultFile,
    Stat::WorkingsetActivateAnon,
    Stat::WorkingsetActivateFile,
    Stat::WorkingsetRestoreAnon,
    Stat::WorkingsetRestoreFile,
    Stat::WorkingsetNodereclaim,
    Stat::AnonPages,
    Stat::Mapped,
    Stat::FilePages,
    Stat::Dirty,
    Stat::Writeback,
    Stat::WritebackTemp,
    Stat::Shmem,
    Stat::ShmemHugepages,
    Stat::ShmemPmdmapped,
    Stat::FileHugepages,
    Stat::FilePmdmapped,
    Stat::AnonTransparentHugepages,
    Stat::VmscanWrite,
    Stat::VmscanImmediateReclaim,
    Stat::Dirtied,
    Stat::Written,
    Stat::ThrottledWritten,
    Stat::KernelMiscReclaimable,
    Stat::FollPinAcquired,
    Stat::FollPinReleased,
    Stat::KernelStack,
    Stat::PageTablePages,
    Stat::SecPageTablePages,
];
const IOMMU: &[Stat] = &[Stat::IommuPages];
const SWAPPED: &[Stat] = &[Stat::Swapcached];
const PROMOTED: &[Stat] = &[Stat::PromoteSuccess, Stat::PromoteCandidate];
const DEMOTED: &[Stat] = &[Stat::DemoteKswapd, Stat::DemoteDirect, Stat::DemoteKhugepaged];

/// The zone's counters of 6.x.
pub static ZONE_6: &[Stat] = ZONE;
/// The same with CONFIG_NUMA.
pub static ZONE_6_NUMA: &[Stat] = joined![Stat: ZONE, NUMA];
/// The same where a host may hand over memory late (CONFIG_UNACCEPTED_MEMORY, 6.12).
pub static ZONE_6_12_UNACCEPTED: &[Stat] = joined![Stat: ZONE, UNACCEPTED, NUMA];

const ZONE: &[Stat] = &[
    Stat::FreePages,
    Stat::ZoneInactiveAnon,
    Stat::ZoneActiveAnon,
    Stat::ZoneInactiveFile,
    Stat::ZoneActiveFile,
    Stat::ZoneUnevictable,
    Stat::ZoneWritePending,
    Stat::Mlock,
    Stat::Bounce,
    Stat::Zspages,
    Stat::FreeCma,
];
const UNACCEPTED: &[Stat] = &[Stat::Unaccepted];
const NUMA: &[Stat] =
    &[Stat::NumaHit, Stat::NumaMiss, Stat::NumaForeign, Stat::NumaInterleave, Stat::NumaLocal, Stat::NumaOther];

/// The zone's counters of 3.4 without NUMA.
pub static ZONE_3_4: &[Stat] = &[
    Stat::FreePages,
    Stat::InactiveAnon,
    Stat::ActiveAnon,
    Stat::InactiveFile,
    Stat::ActiveFile,
    Stat::Unevictable,
    Stat::Mlock,
    Stat::AnonPages,
    Stat::Mapped,
    Stat::FilePages,
    Stat::Dirty,
    Stat::Writeback,
    Stat::SlabReclaimable,
    Stat::SlabUnreclaimable,
    Stat::PageTablePages,
    Stat::KernelStack,
    Stat::Unstable,
    Stat::Bounce,
    Stat::VmscanWrite,
    Stat::VmscanImmediateReclaim,
    Stat::WritebackTemp,
    Stat::IsolatedAnon,
    Stat::IsolatedFile,
    Stat::Shmem,
    Stat::Dirtied,
    Stat::Written,
    Stat::AnonTransparentHugepages,
];

/// Writes the file. Before 4.x zones without pages are not shown; leave them out there.
pub fn write<'a>(out: &mut dyn Write, format: &ProcFormat, zones: impl IntoIterator<Item = &'a ZoneInfo>) -> Result {
    zones.into_iter().try_for_each(|zone| {
        write!(out, "Node {}, zone {:>8}", zone.node, zone.zone)?;
        match format.zoneinfo {
            ZoneInfoStyle::Early => early(out, zone),
            ZoneInfoStyle::Middle { zone: stats } => middle(out, zone, stats),
            ZoneInfoStyle::Modern { pages, node, zone: stats } => modern(out, zone, pages, node, stats),
        }
    })
}

fn modern(out: &mut dyn Write, zone: &ZoneInfo, pages: &[PageRow], node_list: &[Stat], zone_list: &[Stat]) -> Result {
    if let Some(node_stats) = &zone.node_stats {
        write!(out, "\n  per-node stats")?;
        stats(out, "      ", node_stats, node_list)?;
    }
    write!(out, "\n  pages free     {}", zone.free)?;
    for row in pages {
        let (name, count) = row.of(zone);
        write!(out, "\n        {name:<8} {count}")?;
    }
    protection(out, zone)?;
    if zone.present == 0 {
        return writeln!(out);
    }
    stats(out, "      ", &zone.stats, zone_list)?;
    pagesets(out, zone)?;
    write!(out, "\n  node_unreclaimable:  {}", zone.unreclaimable)?;
    writeln!(out, "\n  start_pfn:           {}", zone.start_pfn)
}

fn middle(out: &mut dyn Write, zone: &ZoneInfo, zone_list: &[Stat]) -> Result {
    write!(out, "\n  pages free     {}", zone.free)?;
    marks(out, zone)?;
    write!(out, "\n        scanned  {}", zone.scanned)?;
    write!(out, "\n        spanned  {}", zone.spanned)?;
    write!(out, "\n        present  {}", zone.present)?;
    stats(out, "    ", &zone.stats, zone_list)?;
    protection(out, zone)?;
    pagesets(out, zone)?;
    write!(out, "\n  all_unreclaimable: {}", zone.unreclaimable)?;
    write!(out, "\n  start_pfn:         {}", zone.start_pfn)?;
    writeln!(out, "\n  inactive_ratio:    {}", zone.inactive_ratio)
}

fn early(out: &mut dyn Write, zone: &ZoneInfo) -> Result {
    write!(out, "\n  pages free     {}", zone.free)?;
    marks(out, zone)?;
    write!(out, "\n        active   {}", zone.active)?;
    write!(out, "\n        inactive {}", zone.inactive)?;
    write!(out, "\n        scanned  {} (a: 0 i: 0)", zone.scanned)?;
    write!(out, "\n        spanned  {}", zone.spanned)?;
    write!(out, "\n        present  {}", zone.present)?;
    protection(out, zone)?;
    write!(out, "\n  pagesets")?;
    for (cpu, (hot, cold)) in zone.pcp.iter().zip(&zone.cold).take(zone.cpus).enumerate() {
        for (list, pcp) in [hot, cold].into_iter().enumerate() {
            write!(out, "\n    cpu: {cpu} pcp: {list}")?;
            write!(out, "\n              count: {}", pcp.count)?;
            write!(out, "\n              low:   {}", pcp.low)?;
            write!(out, "\n              high:  {}", pcp.high)?;
            write!(out, "\n              batch: {}", pcp.batch)?;
        }
    }
    write!(out, "\n  all_unreclaimable: {}", zone.unreclaimable)?;
    write!(out, "\n  prev_priority:     {}", zone.priority)?;
    write!(out, "\n  temp_priority:     {}", zone.priority)?;
    writeln!(out, "\n  start_pfn:         {}", zone.start_pfn)
}

fn marks(out: &mut dyn Write, zone: &ZoneInfo) -> Result {
    write!(out, "\n        min      {}", zone.min)?;
    write!(out, "\n        low      {}", zone.low)?;
    write!(out, "\n        high     {}", zone.high)
}

fn protection(out: &mut dyn Write, zone: &ZoneInfo) -> Result {
    write!(out, "\n        protection: (")?;
    for (at, pages) in zone.protection.iter().take(zone.zones).enumerate() {
        write!(out, "{}{pages}", if at > 0 { ", " } else { "" })?;
    }
    write!(out, ")")
}

fn stats(out: &mut dyn Write, indent: &str, stats: &Stats, list: &[Stat]) -> Result {
    list.iter().try_for_each(|&stat| write!(out, "\n{indent}{:<12} {}", stat.name(), stats[stat]))
}

fn pagesets(out: &mut dyn Write, zone: &ZoneInfo) -> Result {
    write!(out, "\n  pagesets")?;
    for (cpu, PcpInfo { count, high, batch, .. }) in zone.pcp.iter().take(zone.cpus).enumerate() {
        write!(out, "\n    cpu: {cpu}")?;
        write!(out, "\n              count: {count}")?;
        write!(out, "\n              high:  {high}")?;
        write!(out, "\n              batch: {batch}")?;
        write!(out, "\n  vm stats threshold: {}", zone.stat_threshold)?;
    }
    Ok(())
}
