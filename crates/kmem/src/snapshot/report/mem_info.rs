//! `Mem-Info:`, the state of all memory as `show_mem` prints it.
//!
//! Zones that have no pages are not shown (2.6.11 shows them as empty). 6.x leaves out the zones above the one that the
//! request could use, but for the sums of all zones. Sizes with `kB` are kB, the others pages.

use super::{HugePool, Totals, ZonePlace, ZoneReport};
use crate::snapshot::{Stat, Stats};
use crate::units::PAGE_SHIFT;
use core::fmt::{Result, Write};

/// How a kernel writes it.
#[derive(Clone, Copy, Debug)]
pub enum MemInfoStyle {
    /// 2.6.11 on i386.
    Early,
    /// 3.4 on ARM.
    Middle {
        /// kB of a kernel stack, which this kernel counts in stacks.
        stack_kb: u64,
    },
    /// 6.x.
    Modern {
        /// Whether lines of zones begin with their node (CONFIG_NUMA).
        nodes: Nodes,
        /// Counters of huge pages in the node's line, as they are labelled (CONFIG_TRANSPARENT_HUGEPAGE).
        thp: &'static [(&'static str, Stat)],
        /// What is shown of the pages that are reserved for atomic requests.
        highatomic: HighAtomic,
        /// The last lines.
        tail: &'static [Tail],
    },
}

/// Whether lines of zones begin with their node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nodes {
    /// `DMA free:…`.
    Unnamed,
    /// `Node 0 DMA free:…`.
    Named,
}

/// What is shown of the pages that are reserved for atomic requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HighAtomic {
    /// How many there are.
    Reserved,
    /// And how many are free (6.12.x).
    ReservedAndFree,
}

/// A last line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tail {
    /// `N pages cma reserved`.
    Cma,
    /// `N pages hwpoisoned`.
    Poisoned,
}

/// 6.1 has a blank behind the colon.
pub static THP_6_1: &[(&str, Stat)] = &[
    (" shmem_thp: ", Stat::ShmemHugepages),
    (" shmem_pmdmapped: ", Stat::ShmemPmdmapped),
    (" anon_thp: ", Stat::AnonTransparentHugepages),
];
/// 6.12.
pub static THP_6_12: &[(&str, Stat)] = &[
    (" shmem_thp:", Stat::ShmemHugepages),
    (" shmem_pmdmapped:", Stat::ShmemPmdmapped),
    (" anon_thp:", Stat::AnonTransparentHugepages),
];

/// The letters of the mobility types, by the engine's numbers.
const LETTERS: [char; 6] = ['U', 'M', 'E', 'H', 'C', 'I'];

const fn kb(pages: u64) -> u64 {
    pages << (PAGE_SHIFT - 10)
}

/// Writes the block. `zones` are all zones, node by node, lowest first.
pub fn write(
    out: &mut dyn Write,
    style: &MemInfoStyle,
    zones: impl Iterator<Item = ZoneReport> + Clone,
    totals: &Totals<'_>,
) -> Result {
    let mut sums = Stats::default();
    for zone in zones.clone() {
        for &stat in Stat::ALL {
            sums[stat] += zone.info.stats[stat] + zone.info.node_stats.as_ref().map_or(0, |node| node[stat]);
        }
    }
    match *style {
        MemInfoStyle::Early => early(out, zones, &sums, totals),
        MemInfoStyle::Middle { stack_kb } => middle(out, zones, &sums, totals, stack_kb),
        MemInfoStyle::Modern { nodes, thp, highatomic, tail } => {
            writeln!(out, "Mem-Info:")?;
            let mut place = 0;
            let mut node = None;
            let shown = zones.clone().filter(move |zone| {
                (node, place) =
                    if node == Some(zone.info.node) { (node, place + 1) } else { (Some(zone.info.node), 0) };
                place <= totals.highest_zone && zone.info.present > 0
            });
            modern_sums(out, &sums, shown.clone().map(|zone| pcp_pages(&zone)).sum())?;
            zones.clone().try_for_each(|zone| modern_node(out, &zone, thp))?;
            shown.clone().try_for_each(|zone| modern_zone(out, &zone, nodes, highatomic, totals.cpu))?;
            shown.clone().try_for_each(|zone| {
                node_prefix(out, &zone, nodes)?;
                blocks(out, &zone, Letters::Shown)
            })?;
            totals.huge.iter().try_for_each(|pool| huge(out, pool))?;
            modern_tail(out, zones, &sums, totals, tail)
        }
    }
}

fn modern_sums(out: &mut dyn Write, sums: &Stats, free_pcp: u64) -> Result {
    let at = |stat: Stat| sums[stat];
    write!(out, "active_anon:{} inactive_anon:{}", at(Stat::ActiveAnon), at(Stat::InactiveAnon))?;
    writeln!(out, " isolated_anon:{}", at(Stat::IsolatedAnon))?;
    write!(out, " active_file:{} inactive_file:{}", at(Stat::ActiveFile), at(Stat::InactiveFile))?;
    writeln!(out, " isolated_file:{}", at(Stat::IsolatedFile))?;
    write!(out, " unevictable:{} dirty:{}", at(Stat::Unevictable), at(Stat::Dirty))?;
    writeln!(out, " writeback:{}", at(Stat::Writeback))?;
    write!(out, " slab_reclaimable:{}", at(Stat::SlabReclaimable))?;
    writeln!(out, " slab_unreclaimable:{}", at(Stat::SlabUnreclaimable))?;
    write!(out, " mapped:{} shmem:{}", at(Stat::Mapped), at(Stat::Shmem))?;
    writeln!(out, " pagetables:{}", at(Stat::PageTablePages))?;
    writeln!(out, " sec_pagetables:{} bounce:{}", at(Stat::SecPageTablePages), at(Stat::Bounce))?;
    writeln!(out, " kernel_misc_reclaimable:{}", at(Stat::KernelMiscReclaimable))?;
    writeln!(out, " free:{} free_pcp:{free_pcp} free_cma:{}", at(Stat::FreePages), at(Stat::FreeCma))
}

/// The node's counters in its line, before those of huge pages and after.
const NODE_BEFORE: &[(&str, Stat)] = &[
    (" active_anon:", Stat::ActiveAnon),
    (" inactive_anon:", Stat::InactiveAnon),
    (" active_file:", Stat::ActiveFile),
    (" inactive_file:", Stat::InactiveFile),
    (" unevictable:", Stat::Unevictable),
    (" isolated(anon):", Stat::IsolatedAnon),
    (" isolated(file):", Stat::IsolatedFile),
    (" mapped:", Stat::Mapped),
    (" dirty:", Stat::Dirty),
    (" writeback:", Stat::Writeback),
    (" shmem:", Stat::Shmem),
];

fn modern_node(out: &mut dyn Write, zone: &ZoneReport, thp: &[(&str, Stat)]) -> Result {
    let Some(node) = &zone.info.node_stats else { return Ok(()) };
    write!(out, "Node {}", zone.info.node)?;
    pages(out, node, NODE_BEFORE)?;
    pages(out, node, thp)?;
    pages(out, node, &[(" writeback_tmp:", Stat::WritebackTemp)])?;
    write!(out, " kernel_stack:{}kB", node[Stat::KernelStack])?;
    pages(out, node, &[(" pagetables:", Stat::PageTablePages), (" sec_pagetables:", Stat::SecPageTablePages)])?;
    writeln!(out, " all_unreclaimable? {}", yes(zone.info.unreclaimable))
}

fn modern_zone(out: &mut dyn Write, zone: &ZoneReport, nodes: Nodes, highatomic: HighAtomic, cpu: usize) -> Result {
    let info = &zone.info;
    node_prefix(out, zone, nodes)?;
    write!(out, "{} free:{}kB boost:{}kB", info.zone, kb(info.free), kb(info.boost))?;
    watermarks(out, zone)?;
    write!(out, " reserved_highatomic:{}KB", kb(zone.reserved_highatomic))?;
    if highatomic == HighAtomic::ReservedAndFree {
        write!(out, " free_highatomic:{}KB", kb(zone.free_highatomic))?;
    }
    let lists = [
        (" active_anon:", Stat::ZoneActiveAnon),
        (" inactive_anon:", Stat::ZoneInactiveAnon),
        (" active_file:", Stat::ZoneActiveFile),
        (" inactive_file:", Stat::ZoneInactiveFile),
        (" unevictable:", Stat::ZoneUnevictable),
        (" writepending:", Stat::ZoneWritePending),
    ];
    pages(out, &info.stats, &lists)?;
    write!(out, " present:{}kB managed:{}kB", kb(info.present), kb(info.managed))?;
    pages(out, &info.stats, &[(" mlocked:", Stat::Mlock), (" bounce:", Stat::Bounce)])?;
    let local = info.pcp.get(cpu).map_or(0, |list| u64::from(list.count));
    write!(out, " free_pcp:{}kB local_pcp:{}kB", kb(pcp_pages(zone)), kb(local))?;
    pages(out, &info.stats, &[(" free_cma:", Stat::FreeCma)])?;
    writeln!(out)?;
    reserve(out, zone)
}

fn modern_tail(
    out: &mut dyn Write,
    zones: impl Iterator<Item = ZoneReport>,
    sums: &Stats,
    totals: &Totals<'_>,
    tail: &[Tail],
) -> Result {
    let (mut ram, mut high, mut managed) = (0, 0, 0);
    for zone in zones {
        ram += zone.info.present;
        managed += zone.info.managed;
        high += if zone.place == ZonePlace::High { zone.info.present } else { 0 };
    }
    writeln!(out, "{} total pagecache pages", sums[Stat::FilePages])?;
    writeln!(out, "{} pages in swap cache", totals.swap_cache)?;
    writeln!(out, "Free swap  = {}kB", totals.swap_free_kb)?;
    writeln!(out, "Total swap = {}kB", totals.swap_total_kb)?;
    writeln!(out, "{ram} pages RAM")?;
    writeln!(out, "{high} pages HighMem/MovableOnly")?;
    writeln!(out, "{} pages reserved", ram - managed.min(ram))?;
    tail.iter().try_for_each(|line| match line {
        Tail::Cma => writeln!(out, "{} pages cma reserved", totals.cma),
        Tail::Poisoned => writeln!(out, "{} pages hwpoisoned", totals.poisoned),
    })
}

fn huge(out: &mut dyn Write, pool: &HugePool) -> Result {
    write!(out, "Node {} hugepages_total={} hugepages_free={}", pool.node, pool.total, pool.free)?;
    writeln!(out, " hugepages_surp={} hugepages_size={}kB", pool.surplus, pool.size_kb)
}

fn middle(
    out: &mut dyn Write,
    zones: impl Iterator<Item = ZoneReport> + Clone,
    sums: &Stats,
    totals: &Totals<'_>,
    stack_kb: u64,
) -> Result {
    let shown = zones.filter(|zone| zone.info.present > 0);
    let at = |stat: Stat| sums[stat];
    writeln!(out, "Mem-info:")?;
    for zone in shown.clone() {
        writeln!(out, "{} per-cpu:", zone.info.zone)?;
        for (cpu, list) in zone.info.pcp.iter().take(zone.info.cpus).enumerate() {
            writeln!(out, "CPU {cpu:4}: hi:{:5}, btch:{:4} usd:{:4}", list.high, list.batch, list.count)?;
        }
    }
    write!(out, "active_anon:{} inactive_anon:{}", at(Stat::ActiveAnon), at(Stat::InactiveAnon))?;
    writeln!(out, " isolated_anon:{}", at(Stat::IsolatedAnon))?;
    write!(out, " active_file:{} inactive_file:{}", at(Stat::ActiveFile), at(Stat::InactiveFile))?;
    writeln!(out, " isolated_file:{}", at(Stat::IsolatedFile))?;
    write!(out, " unevictable:{} dirty:{}", at(Stat::Unevictable), at(Stat::Dirty))?;
    writeln!(out, " writeback:{} unstable:{}", at(Stat::Writeback), at(Stat::Unstable))?;
    write!(out, " free:{} slab_reclaimable:{}", at(Stat::FreePages), at(Stat::SlabReclaimable))?;
    writeln!(out, " slab_unreclaimable:{}", at(Stat::SlabUnreclaimable))?;
    write!(out, " mapped:{} shmem:{}", at(Stat::Mapped), at(Stat::Shmem))?;
    writeln!(out, " pagetables:{} bounce:{}", at(Stat::PageTablePages), at(Stat::Bounce))?;
    shown.clone().try_for_each(|zone| middle_zone(out, &zone, stack_kb))?;
    shown.clone().try_for_each(|zone| blocks(out, &zone, Letters::Hidden))?;
    writeln!(out, "{} total pagecache pages", at(Stat::FilePages))?;
    writeln!(out, "{} pages in swap cache", totals.swap_cache)?;
    writeln!(out, "Swap cache stats: add 0, delete 0, find 0/0")?;
    writeln!(out, "Free swap  = {}kB", totals.swap_free_kb)?;
    writeln!(out, "Total swap = {}kB", totals.swap_total_kb)?;
    let ram: u64 = shown.clone().map(|zone| zone.info.spanned).sum();
    let managed: u64 = shown.map(|zone| zone.info.managed).sum();
    writeln!(out, "{ram} pages of RAM")?;
    writeln!(out, "{} free pages", at(Stat::FreePages))?;
    writeln!(out, "{} reserved pages", ram - managed.min(ram))?;
    writeln!(out, "{} slab pages", at(Stat::SlabReclaimable) + at(Stat::SlabUnreclaimable))?;
    writeln!(out, "{} pages shared", totals.shared)?;
    writeln!(out, "{} pages swap cached", totals.swap_cache)
}

fn middle_zone(out: &mut dyn Write, zone: &ZoneReport, stack_kb: u64) -> Result {
    let info = &zone.info;
    write!(out, "{} free:{}kB", info.zone, kb(info.free))?;
    watermarks(out, zone)?;
    let before = [
        (" active_anon:", Stat::ActiveAnon),
        (" inactive_anon:", Stat::InactiveAnon),
        (" active_file:", Stat::ActiveFile),
        (" inactive_file:", Stat::InactiveFile),
        (" unevictable:", Stat::Unevictable),
        (" isolated(anon):", Stat::IsolatedAnon),
        (" isolated(file):", Stat::IsolatedFile),
    ];
    pages(out, &info.stats, &before)?;
    write!(out, " present:{}kB", kb(info.present))?;
    let after = [
        (" mlocked:", Stat::Mlock),
        (" dirty:", Stat::Dirty),
        (" writeback:", Stat::Writeback),
        (" mapped:", Stat::Mapped),
        (" shmem:", Stat::Shmem),
        (" slab_reclaimable:", Stat::SlabReclaimable),
        (" slab_unreclaimable:", Stat::SlabUnreclaimable),
    ];
    pages(out, &info.stats, &after)?;
    write!(out, " kernel_stack:{}kB", info.stats[Stat::KernelStack] * stack_kb)?;
    let last = [
        (" pagetables:", Stat::PageTablePages),
        (" unstable:", Stat::Unstable),
        (" bounce:", Stat::Bounce),
        (" writeback_tmp:", Stat::WritebackTemp),
    ];
    pages(out, &info.stats, &last)?;
    writeln!(out, " pages_scanned:{} all_unreclaimable? {}", info.scanned, yes(info.unreclaimable))?;
    reserve(out, zone)
}

fn early(
    out: &mut dyn Write,
    zones: impl Iterator<Item = ZoneReport> + Clone,
    sums: &Stats,
    totals: &Totals<'_>,
) -> Result {
    writeln!(out, "Mem-info:")?;
    for zone in zones.clone() {
        write!(out, "{} per-cpu:", zone.info.zone)?;
        if zone.info.present == 0 {
            writeln!(out, " empty")?;
            continue;
        }
        writeln!(out)?;
        let lists = zone.info.pcp.iter().zip(&zone.info.cold).take(zone.info.cpus);
        for (cpu, (hot, cold)) in lists.enumerate() {
            for (list, heat) in [(hot, "hot"), (cold, "cold")] {
                writeln!(out, "cpu {cpu} {heat}: low {}, high {}, batch {}", list.low, list.high, list.batch)?;
            }
        }
    }
    let (mut free, mut high_free, mut active, mut inactive) = (0, 0, 0, 0);
    let (mut ram, mut high, mut managed) = (0, 0, 0);
    for zone in zones.clone() {
        free += zone.info.free;
        active += zone.info.active;
        inactive += zone.info.inactive;
        ram += zone.info.present;
        managed += zone.info.managed;
        if zone.place == ZonePlace::High {
            high_free += zone.info.free;
            high += zone.info.present;
        }
    }
    let at = |stat: Stat| sums[stat];
    writeln!(out, "\nFree pages: {:11}kB ({}kB HighMem)", kb(free), kb(high_free))?;
    write!(out, "Active:{active} inactive:{inactive} dirty:{}", at(Stat::Dirty))?;
    write!(out, " writeback:{} unstable:{} free:{free}", at(Stat::Writeback), at(Stat::Unstable))?;
    write!(out, " slab:{}", at(Stat::SlabReclaimable) + at(Stat::SlabUnreclaimable))?;
    writeln!(out, " mapped:{} pagetables:{}", at(Stat::Mapped), at(Stat::PageTablePages))?;
    for zone in zones.clone() {
        let info = &zone.info;
        write!(out, "{} free:{}kB", info.zone, kb(info.free))?;
        watermarks(out, &zone)?;
        write!(out, " active:{}kB inactive:{}kB", kb(info.active), kb(info.inactive))?;
        write!(out, " present:{}kB pages_scanned:{}", kb(info.present), info.scanned)?;
        writeln!(out, " all_unreclaimable? {}", yes(info.unreclaimable))?;
        reserve(out, &zone)?;
    }
    for zone in zones {
        match zone.info.present {
            0 => writeln!(out, "{}: empty", zone.info.zone)?,
            _ => blocks(out, &zone, Letters::Hidden)?,
        }
    }
    writeln!(out, "Swap cache: add 0, delete 0, find 0/0, race 0+0")?;
    writeln!(out, "Free swap:       {:6}kB", totals.swap_free_kb)?;
    writeln!(out, "{ram} pages of RAM")?;
    writeln!(out, "{high} pages of HIGHMEM")?;
    writeln!(out, "{} reserved pages", ram - managed.min(ram))?;
    writeln!(out, "{} pages shared", totals.shared)?;
    writeln!(out, "{} pages swap cached", totals.swap_cache)
}

/// Whether the mobility types of free blocks are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    Shown,
    Hidden,
}

/// `DMA: 20*4kB (UEC) … = 5280kB`.
fn blocks(out: &mut dyn Write, zone: &ZoneReport, letters: Letters) -> Result {
    write!(out, "{}: ", zone.info.zone)?;
    let mut total = 0;
    for order in 0..zone.free.orders {
        let of_order = |kind: usize| zone.free.free.get(kind).and_then(|free| free.get(order)).copied().unwrap_or(0);
        let count: u64 = (0..LETTERS.len()).map(of_order).sum();
        total += count << order;
        write!(out, "{count}*{}kB ", kb(1) << order)?;
        if count > 0 && letters == Letters::Shown {
            out.write_char('(')?;
            let present = LETTERS.iter().enumerate().filter(|(kind, _)| of_order(*kind) > 0);
            present.map(|(_, letter)| *letter).try_for_each(|letter| out.write_char(letter))?;
            out.write_str(") ")?;
        }
    }
    writeln!(out, "= {}kB", kb(total))
}

fn node_prefix(out: &mut dyn Write, zone: &ZoneReport, nodes: Nodes) -> Result {
    match nodes {
        Nodes::Named => write!(out, "Node {} ", zone.info.node),
        Nodes::Unnamed => Ok(()),
    }
}

fn watermarks(out: &mut dyn Write, zone: &ZoneReport) -> Result {
    let info = &zone.info;
    write!(out, " min:{}kB low:{}kB high:{}kB", kb(info.min), kb(info.low), kb(info.high))
}

fn reserve(out: &mut dyn Write, zone: &ZoneReport) -> Result {
    write!(out, "lowmem_reserve[]:")?;
    let pages = zone.info.protection.iter().take(zone.info.zones);
    pages.into_iter().try_for_each(|pages| write!(out, " {pages}"))?;
    writeln!(out)
}

fn pages(out: &mut dyn Write, stats: &Stats, fields: &[(&str, Stat)]) -> Result {
    fields.iter().try_for_each(|&(label, stat)| write!(out, "{label}{}kB", kb(stats[stat])))
}

fn pcp_pages(zone: &ZoneReport) -> u64 {
    zone.info.pcp.iter().take(zone.info.cpus).map(|list| u64::from(list.count)).sum()
}

const fn yes(value: u64) -> &'static str {
    if value > 0 {
        "yes"
    } else {
        "no"
    }
}
