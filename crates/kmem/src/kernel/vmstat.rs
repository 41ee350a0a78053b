//! The numbers of `/proc/vmstat`.
//!
//! Counters that the engine does not keep (swap, NUMA balancing, huge pages of processes) are 0.

use super::meminfo::Totals;
use super::{zones, Kernel};
use crate::machine::Machine;
use crate::memory::settings::Setting;
use crate::profile::ZoneKind;
use crate::reclaim::VmEvent;
use crate::snapshot::{Stat, VmEvent as Line, VmStat};
use crate::units::{PAGE_SHIFT, PAGE_SIZE};

impl<M: Machine> Kernel<M> {
    /// Returns what `/proc/vmstat` shows.
    pub fn vm_stat(&self) -> VmStat {
        let mem = self.memory();
        let mut stat = VmStat { stats: zones::sums(mem), ..VmStat::default() };
        for &event in VmEvent::ALL {
            // What belongs to nodes is among the sums.
            if Stat::by_name(event.name()).is_none() {
                if let Some(place) = stat.get_mut(event.name()) {
                    *place = mem.vm_event(event);
                }
            }
        }
        for zone in zones::all(mem) {
            stat.events[allocated_line(zone.extent.kind)] += zone.allocated;
            stat.events[Line::Pgfree] += zone.freed;
        }
        let stalls = [Line::AllocstallDma, Line::AllocstallDma32, Line::AllocstallNormal, Line::AllocstallHigh];
        stat.events[Line::Allocstall] = stalls.iter().map(|&line| stat.events[line]).sum();
        stat.events[Line::NrSlab] = stat.stats[Stat::SlabReclaimable] + stat.stats[Stat::SlabUnreclaimable];
        stat.events[Line::NrMemmapBootPages] = self.plan.mem_map_bytes.div_ceil(PAGE_SIZE);
        let (limit, background) = self.dirty_thresholds();
        stat.events[Line::NrDirtyThreshold] = limit;
        stat.events[Line::NrDirtyBackgroundThreshold] = background;
        stat
    }
    /// How many pages may be dirty before who makes them so waits, and before they are written: `global_dirty_limits`.
    fn dirty_thresholds(&self) -> (u64, u64) {
        let all = Totals::of(self);
        let mut dirtyable = (all.free + all.files).saturating_sub(all.kept);
        if self.setting(Setting::HighmemIsDirtyable) == 0 {
            dirtyable = dirtyable.saturating_sub(all.high_free);
        }
        let part = |bytes: Setting, ratio: Setting| match self.setting(bytes) {
            0 => dirtyable * u64::from(self.setting(ratio)) / 100,
            bytes => u64::from(bytes) >> PAGE_SHIFT,
        };
        let limit = part(Setting::DirtyBytes, Setting::DirtyRatio);
        let background = part(Setting::DirtyBackgroundBytes, Setting::DirtyBackgroundRatio);
        (limit, if background >= limit { limit / 2 } else { background })
    }
}

fn allocated_line(kind: ZoneKind) -> Line {
    match kind {
        ZoneKind::Dma => Line::PgallocDma,
        ZoneKind::Dma32 => Line::PgallocDma32,
        ZoneKind::Normal => Line::PgallocNormal,
        ZoneKind::HighMem => Line::PgallocHigh,
        ZoneKind::Movable => Line::PgallocMovable,
        ZoneKind::Device => Line::PgallocDevice,
    }
}
