//! How much of what a tunable limits is in use: the counter that belongs to each.
//!
//! A tunable says how much there may be of something; a counter of the kernel says how much there is. HP-UX's `kcusage` shows
//! the two side by side. One table names the counter of each tunable and boot parameter; the numbers are those that the files
//! of `/proc` show.

use super::{zones, Kernel};
use crate::boot::cmdline::same_name;
use crate::machine::Machine;
use crate::map::Space;
use crate::memory::settings::Setting;
use crate::page::ZoneCounts;
use crate::profile::ZoneKind;
use crate::snapshot::{MemField, VmEvent};
use crate::units::PAGE_SHIFT;

/// How much of a tunable is in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usage {
    /// How much there is now.
    pub used: u64,
    /// How much there may be, or should be.
    pub of: Option<u64>,
    /// What is counted, with the file of `/proc` that shows it.
    pub what: &'static str,
}

/// A counter, or two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Counter {
    Free,
    Boost,
    Reserves,
    Lists,
    Dirty,
    Background,
    Committed,
    Areas,
    Reclaimable,
    HugePages,
    Vmalloc,
    Contiguous,
    Zone(ZoneKind),
    Ram,
}

/// Which counter belongs to which tunable or boot parameter, and what it counts.
const COUNTERS: &[(&str, Counter, &str)] = &[
    ("min_free_kbytes", Counter::Free, "kB free (MemFree); the reserve below which only some get pages"),
    ("watermark_boost_factor", Counter::Boost, "pages that the marks are raised by now (boost in zoneinfo)"),
    ("lowmem_reserve_ratio", Counter::Reserves, "pages kept at most, all zones together (protection in zoneinfo)"),
    ("percpu_pagelist_high_fraction", Counter::Lists, "pages on per-CPU lists, of the sum of their `high` (zoneinfo)"),
    ("percpu_pagelist_fraction", Counter::Lists, "pages on per-CPU lists, of the sum of their `high` (zoneinfo)"),
    ("dirty_ratio", Counter::Dirty, "dirty pages, of nr_dirty_threshold (vmstat)"),
    ("dirty_bytes", Counter::Dirty, "dirty pages, of nr_dirty_threshold (vmstat)"),
    ("dirty_background_ratio", Counter::Background, "dirty pages, of nr_dirty_background_threshold (vmstat)"),
    ("dirty_background_bytes", Counter::Background, "dirty pages, of nr_dirty_background_threshold (vmstat)"),
    ("overcommit_memory", Counter::Committed, "kB promised, of CommitLimit (Committed_AS in meminfo)"),
    ("overcommit_ratio", Counter::Committed, "kB promised, of CommitLimit (Committed_AS in meminfo)"),
    ("overcommit_kbytes", Counter::Committed, "kB promised, of CommitLimit (Committed_AS in meminfo)"),
    ("max_map_count", Counter::Areas, "VMAs of the process that has most"),
    ("vfs_cache_pressure", Counter::Reclaimable, "kB of reclaimable slabs, of all slabs (meminfo)"),
    ("nr_hugepages", Counter::HugePages, "huge pages in use, of all (HugePages_Total less HugePages_Free)"),
    ("hugepages", Counter::HugePages, "huge pages in use, of all (HugePages_Total less HugePages_Free)"),
    ("vmalloc", Counter::Vmalloc, "bytes of the vmalloc area that areas take, of its size (vmallocinfo)"),
    ("cma", Counter::Contiguous, "kB of the contiguous area in use, of all (CmaTotal less CmaFree)"),
    ("kernelcore", Counter::Zone(ZoneKind::Movable), "pages of zone Movable in use, of those managed (zoneinfo)"),
    ("movablecore", Counter::Zone(ZoneKind::Movable), "pages of zone Movable in use, of those managed (zoneinfo)"),
    ("highmem", Counter::Zone(ZoneKind::HighMem), "pages of zone HighMem in use, of those managed (zoneinfo)"),
    ("mem", Counter::Ram, "kB in use, of all (MemTotal less MemFree)"),
];

impl<M: Machine> Kernel<M> {
    /// Returns how much is in use of what a tunable or boot parameter limits; `None` for one that limits nothing that is
    /// counted. `name` is that under `/proc/sys/vm`, or the parameter's.
    pub fn usage(&self, name: &str) -> Option<Usage> {
        let (_, counter, what) = COUNTERS.iter().find(|(known, ..)| same_name(known, name))?;
        let (used, of) = self.count(*counter);
        Some(Usage { used, of, what })
    }

    fn count(&self, counter: Counter) -> (u64, Option<u64>) {
        let info = |field| self.mem_info()[field];
        let used = |total, free| (info(total).saturating_sub(info(free)), Some(info(total)));
        match counter {
            Counter::Free => (info(MemField::MemFree), Some(self.tuning().min_free_kbytes)),
            Counter::Boost => (self.sum(|zone| zone.boost), None),
            Counter::Reserves => (self.sum(|zone| zone.reserve.iter().copied().max().unwrap_or(0)), None),
            Counter::Lists => {
                let cpus = 0..self.plan.cpus;
                let lists = |zone: &ZoneCounts| {
                    let slot = zone.slot;
                    cpus.clone().filter_map(move |cpu| self.pages.pcp_counts(slot, cpu))
                };
                let count = self.sum(|zone| lists(zone).map(|list| list.count).sum());
                (count, Some(self.sum(|zone| lists(zone).map(|list| list.high).sum())))
            }
            Counter::Dirty | Counter::Background => {
                let stat = self.vm_stat();
                let background = counter == Counter::Background;
                let limit = if background { VmEvent::NrDirtyBackgroundThreshold } else { VmEvent::NrDirtyThreshold };
                (info(MemField::Dirty) >> (PAGE_SHIFT - 10), Some(stat.events[limit]))
            }
            Counter::Committed => (info(MemField::CommittedAs), Some(info(MemField::CommitLimit))),
            Counter::Areas => {
                let most = self.user().infos().map(|process| process.areas).max();
                (most.unwrap_or(0).into(), Some(self.setting(Setting::MaxMapCount).into()))
            }
            Counter::Reclaimable => (info(MemField::SReclaimable), Some(info(MemField::Slab))),
            Counter::HugePages => used(MemField::HugePagesTotal, MemField::HugePagesFree),
            Counter::Vmalloc => {
                let areas = self.map.counts(Space::Vmalloc);
                (areas.used_bytes, Some(areas.range.bytes()))
            }
            Counter::Contiguous => used(MemField::CmaTotal, MemField::CmaFree),
            Counter::Zone(kind) => {
                let of = |zone: &ZoneCounts| zone.extent.kind == kind;
                let managed = self.sum(|zone| if of(zone) { zone.managed } else { 0 });
                (managed.saturating_sub(self.sum(|zone| if of(zone) { zone.free } else { 0 })), Some(managed))
            }
            Counter::Ram => used(MemField::MemTotal, MemField::MemFree),
        }
    }
    fn sum(&self, of: impl Fn(&ZoneCounts) -> u64) -> u64 {
        zones::all(self.memory()).map(|zone| of(&zone)).sum()
    }
}
