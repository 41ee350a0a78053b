//! What zones and nodes show: their counts as the rows of `/proc/zoneinfo` and of reports.
//!
//! Everything here is read from [`Memory`] alone, since reports are written from inside an allocation. Before 4.8 counters
//! belong to zones, since then most belong to nodes and stand at a node's first zone that has pages; which, the format says.
//!
//! Two counts have no place of their own and stand at the first node (or zone) that has pages: page tables, of which only
//! the number is known, and what has happened so far (pages dirtied, written).

use crate::error::Name;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::page::lru::LruKind;
use crate::page::{PageUse, ZoneCounts, MAX_ALL_ZONES};
use crate::profile::{Profile, MAX_ZONES};
use crate::reclaim::VmEvent;
use crate::snapshot::proc::zoneinfo::ZoneInfoStyle;
use crate::snapshot::report::{ZonePlace, ZoneReport};
use crate::snapshot::{PageTypeRow, PcpInfo, Stat, Stats, ZoneInfo, MAX_CPUS};
use crate::user::{NewPages, TableCount};

/// Returns all zones, empty ones included: those of node 0, lowest first, then those of node 1, and so on.
pub(super) fn zone_infos<M: Machine>(mem: &Memory<M>) -> impl Iterator<Item = ZoneInfo> + Clone + '_ {
    all(mem).map(|counts| zone_info(mem, &counts))
}
/// Returns all zones as reports show them.
pub(super) fn zone_reports<M: Machine>(mem: &Memory<M>) -> impl Iterator<Item = ZoneReport> + Clone + '_ {
    all(mem).map(|counts| ZoneReport {
        info: zone_info(mem, &counts),
        free: free_by_type(mem.profile, &counts),
        reserved_highatomic: counts.high_atomic,
        free_highatomic: counts.free_high_atomic,
        place: if is_high(mem, &counts) { ZonePlace::High } else { ZonePlace::Low },
    })
}
/// Returns the zones' counts.
pub(super) fn all<M: Machine>(mem: &Memory<M>) -> impl Iterator<Item = ZoneCounts> + Clone + '_ {
    (0..MAX_ALL_ZONES).filter_map(|slot| mem.pages.zone_count(slot))
}
/// True for a zone above the direct map.
pub(super) fn is_high<M: Machine>(mem: &Memory<M>, zone: &ZoneCounts) -> bool {
    zone.extent.spanned != 0 && mem.pages.is_high(zone.extent.start)
}
/// Returns a zone's free blocks by mobility type. Its pageblocks are not counted.
pub(super) fn free_by_type(profile: &Profile, zone: &ZoneCounts) -> PageTypeRow {
    let mut row = PageTypeRow {
        node: zone.extent.node,
        zone: Name::new(zone.extent.name),
        orders: profile.top_order.index() + 1,
        ..PageTypeRow::default()
    };
    for (kind, free) in row.free.iter_mut().enumerate() {
        for (free, by_type) in free.iter_mut().zip(&zone.by_type) {
            *free = by_type.get(kind).copied().unwrap_or(0);
        }
    }
    row
}

fn zone_info<M: Machine>(mem: &Memory<M>, zone: &ZoneCounts) -> ZoneInfo {
    let (pages, profile) = (&mem.pages, mem.profile);
    let cpus = (pages.cpus() as usize).min(MAX_CPUS);
    let on_list = |file: LruKind, place: Stat| {
        zone.lru[file as usize] + if anon_places(profile).0 == place { anon(zone) } else { 0 }
    };
    let mut info = ZoneInfo {
        node: zone.extent.node,
        zone: Name::new(zone.extent.name),
        free: zone.free,
        boost: zone.boost,
        min: zone.min,
        low: zone.low,
        high: zone.high,
        promo: zone.promo,
        active: on_list(LruKind::ActiveFile, Stat::ActiveAnon),
        inactive: on_list(LruKind::InactiveFile, Stat::InactiveAnon),
        spanned: zone.extent.spanned,
        present: zone.extent.present,
        managed: zone.managed,
        cma: zone.cma,
        protection: zone.reserve,
        zones: profile.zones.len(),
        cpus,
        stat_threshold: zone.stat_threshold,
        start_pfn: zone.extent.start.raw(),
        inactive_ratio: inactive_ratio(zone.managed),
        // `DEF_PRIORITY`: no pressure.
        priority: 12,
        ..ZoneInfo::default()
    };
    for (cpu, list) in info.pcp.iter_mut().enumerate().take(cpus) {
        let counts = pages.pcp_counts(zone.slot, cpu as u32);
        *list = counts.map_or_else(PcpInfo::default, |counts| PcpInfo {
            count: counts.count as u32,
            low: 0,
            high: counts.high as u32,
            batch: counts.batch as u32,
        });
    }
    own_stats(&mut info.stats, profile, zone);
    match profile.proc.zoneinfo {
        ZoneInfoStyle::Modern { .. } => {
            if first_populated(mem, zone.extent.node) == Some(zone.slot) {
                info.node_stats = Some(node_stats(mem, zone.extent.node));
            }
        }
        ZoneInfoStyle::Early | ZoneInfoStyle::Middle { .. } => {
            use_stats(&mut info.stats, profile, zone);
            if first_of_all(mem) == Some(zone.slot) {
                placeless_stats(&mut info.stats, mem);
            }
        }
    }
    info
}

/// A node's first zone that has pages: its slot.
fn first_populated<M: Machine>(mem: &Memory<M>, node: u32) -> Option<usize> {
    let slots = node as usize * MAX_ZONES..(node as usize + 1) * MAX_ZONES;
    slots.into_iter().find(|&slot| mem.pages.extent_of(slot).is_some_and(|extent| extent.present != 0))
}
/// The first zone of all that has pages.
fn first_of_all<M: Machine>(mem: &Memory<M>) -> Option<usize> {
    (0..mem.pages.nodes()).find_map(|node| first_populated(mem, node))
}
/// `inactive_ratio` of 2.6.28 to 4.6: how much more may be active than inactive.
fn inactive_ratio(pages: u64) -> u64 {
    match pages >> (30 - crate::units::PAGE_SHIFT) {
        0 => 1,
        gb => (10 * gb).isqrt(),
    }
}

/// How many of a zone's pages are processes'.
fn anon(zone: &ZoneCounts) -> u64 {
    zone.lru[LruKind::InactiveAnon as usize] + zone.lru[LruKind::ActiveAnon as usize]
}
/// Where processes' pages are counted, by node and by zone: where new ones go differs by kernel, and without swap they
/// stay there.
fn anon_places(profile: &Profile) -> (Stat, Stat) {
    match profile.user.new_pages {
        NewPages::Active => (Stat::ActiveAnon, Stat::ZoneActiveAnon),
        NewPages::Inactive => (Stat::InactiveAnon, Stat::ZoneInactiveAnon),
    }
}
/// What a zone counts itself.
fn own_stats(stats: &mut Stats, profile: &Profile, zone: &ZoneCounts) {
    let [miss, foreign, interleave, other] = zone.numa;
    stats[Stat::FreePages] = zone.free;
    stats[Stat::FreeCma] = zone.free_cma;
    let (_, place) = anon_places(profile);
    stats[place] = anon(zone);
    stats[Stat::ZoneInactiveFile] = zone.lru[LruKind::InactiveFile as usize];
    stats[Stat::ZoneActiveFile] = zone.lru[LruKind::ActiveFile as usize];
    stats[Stat::ZoneWritePending] = zone.uses[PageUse::Dirty as usize];
    stats[Stat::NumaHit] = zone.allocated.saturating_sub(miss);
    stats[Stat::NumaMiss] = miss;
    stats[Stat::NumaForeign] = foreign;
    stats[Stat::NumaInterleave] = interleave;
    stats[Stat::NumaLocal] = zone.allocated.saturating_sub(other);
    stats[Stat::NumaOther] = other;
}
/// What a zone's pages are used for.
fn use_stats(stats: &mut Stats, profile: &Profile, zone: &ZoneCounts) {
    let [_, _, inactive_file, active_file] = zone.lru;
    let anon = anon(zone);
    let (place, _) = anon_places(profile);
    stats[place] += anon;
    stats[Stat::AnonPages] += anon;
    stats[Stat::InactiveFile] += inactive_file;
    stats[Stat::ActiveFile] += active_file;
    stats[Stat::FilePages] += inactive_file + active_file;
    stats[Stat::SlabReclaimable] += zone.uses[PageUse::SlabReclaimable as usize];
    stats[Stat::SlabUnreclaimable] += zone.uses[PageUse::SlabUnreclaimable as usize];
    stats[Stat::Dirty] += zone.uses[PageUse::Dirty as usize];
    if profile.version < super::meminfo::MAPPED_IS_FILES_SINCE {
        stats[Stat::Mapped] += anon;
    }
}
/// What has no place.
fn placeless_stats<M: Machine>(stats: &mut Stats, mem: &Memory<M>) {
    stats[Stat::PageTablePages] = table_pages(mem);
    stats[Stat::Dirtied] = mem.vm_event(VmEvent::NrDirtied);
    stats[Stat::Written] = mem.vm_event(VmEvent::NrWritten);
    stats[Stat::VmscanWrite] = mem.vm_event(VmEvent::NrVmscanWrite);
}
fn node_stats<M: Machine>(mem: &Memory<M>, node: u32) -> Stats {
    let mut stats = Stats::default();
    for slot in node as usize * MAX_ZONES..(node as usize + 1) * MAX_ZONES {
        if let Some(zone) = mem.pages.zone_count(slot) {
            use_stats(&mut stats, mem.profile, &zone);
        }
    }
    if first_of_all(mem).map(|slot| slot / MAX_ZONES) == Some(node as usize) {
        placeless_stats(&mut stats, mem);
    }
    stats
}
/// The page tables of processes, as far as this kernel counts them.
pub(super) fn table_pages<M: Machine>(mem: &Memory<M>) -> u64 {
    let mut pages = 0;
    mem.for_each_process(&mut |process| {
        pages += match mem.profile.user.tables {
            TableCount::Last => process.last_tables,
            TableCount::BelowRoot => process.tables,
        };
    });
    pages
}

/// Returns the sums over all zones and nodes, each counter once: what `/proc/vmstat` begins with.
pub(super) fn sums<M: Machine>(mem: &Memory<M>) -> Stats {
    let mut sums = Stats::default();
    for zone in all(mem) {
        let mut stats = Stats::default();
        own_stats(&mut stats, mem.profile, &zone);
        use_stats(&mut stats, mem.profile, &zone);
        Stat::ALL.iter().for_each(|&stat| sums[stat] += stats[stat]);
    }
    let mut placeless = Stats::default();
    placeless_stats(&mut placeless, mem);
    Stat::ALL.iter().for_each(|&stat| sums[stat] += placeless[stat]);
    sums
}
