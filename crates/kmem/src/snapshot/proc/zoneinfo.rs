//! `/proc/zoneinfo`: watermarks, sizes, counters and per-CPU lists of each zone.
//!
//! Source: `mm/vmstat.c`, `zoneinfo_show_print`, of 6.1, 3.4 and 2.6.13 (the first that has the file, in
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
    /// 6.1: the node's counters at its first zone, the zone's own after its protection.
    Modern {
        /// The node's counters.
        node: &'static [Stat],
        /// The zone's counters.
        zone: &'static [Stat],
    },
}

/// The node's counters of 6.1 with CONFIG_TRANSPARENT_HUGEPAGE and CONFIG_SWAP.
pub static NODE_6_1: &[Stat] = &[
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
    Stat::Swapcached,
];

/// The zone's counters of 6.1.
pub static ZONE_6_1: &[Stat] = &[
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
            ZoneInfoStyle::Modern { node, zone: stats } => modern(out, zone, node, stats),
        }
    })
}

fn modern(out: &mut dyn Write, zone: &ZoneInfo, node_list: &[Stat], zone_list: &[Stat]) -> Result {
    if let Some(node_stats) = &zone.node_stats {
        write!(out, "\n  per-node stats")?;
        stats(out, "      ", node_stats, node_list)?;
    }
    write!(out, "\n  pages free     {}", zone.free)?;
    write!(out, "\n        boost    {}", zone.boost)?;
    marks(out, zone)?;
    write!(out, "\n        spanned  {}", zone.spanned)?;
    write!(out, "\n        present  {}", zone.present)?;
    write!(out, "\n        managed  {}", zone.managed)?;
    write!(out, "\n        cma      {}", zone.cma)?;
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
