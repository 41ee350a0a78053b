//! The numbers of `/proc/meminfo`.
//!
//! What is not counted here is 0: kernel stacks, swap, per-CPU areas. `MemAvailable` is `si_mem_available`: free pages
//! without what watermarks and reserves keep, and most of what can be reclaimed.

use super::{zones, Kernel};
use crate::machine::Machine;
use crate::map::entry::PagingFormat;
use crate::map::Space;
use crate::page::lru::LruKind;
use crate::snapshot::{MemField, MemInfo, Stat};
use crate::units::PAGE_SHIFT;

/// Since then `Mapped` of meminfo leaves out pages of processes, which have the line `AnonPages`.
pub(super) const MAPPED_IS_FILES_SINCE: (u32, u32, u32) = (2, 6, 18);

/// kB of a number of pages.
const fn kb(pages: u64) -> u64 {
    pages << (PAGE_SHIFT - 10)
}

/// Bytes of the large page that the direct map is made of.
fn large_page_bytes(format: &PagingFormat) -> u64 {
    let above_last = format.levels.len().saturating_sub(2);
    format.levels.get(above_last).map_or(0, |level| 1 << level.shift)
}

/// Pages of all zones that can be allocated, and what of them is not for everybody.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) managed: u64,
    pub(super) free: u64,
    pub(super) high_managed: u64,
    pub(super) high_free: u64,
    cma: u64,
    cma_free: u64,
    low_marks: u64,
    /// `totalreserve_pages`: what the watermarks keep from ordinary requests.
    pub(super) kept: u64,
    /// Pages of files on reclaim's lists.
    pub(super) files: u64,
}

impl Totals {
    pub(super) fn of<M: Machine>(kernel: &Kernel<M>) -> Self {
        let mem = kernel.memory();
        let mut all = Self::default();
        for zone in zones::all(mem) {
            all.managed += zone.managed;
            all.free += zone.free;
            all.cma += zone.cma;
            all.cma_free += zone.free_cma;
            all.low_marks += zone.low - zone.boost;
            let kept = zone.high - zone.boost + zone.reserve.iter().copied().max().unwrap_or(0);
            all.kept += kept.min(zone.managed);
            all.files += zone.lru[LruKind::InactiveFile as usize] + zone.lru[LruKind::ActiveFile as usize];
            if zones::is_high(mem, &zone) {
                all.high_managed += zone.managed;
                all.high_free += zone.free;
            }
        }
        all
    }
    /// Most of what can be reclaimed counts, but not the half of it, or as much as the low marks.
    fn available(&self, reclaimable_slabs: u64) -> u64 {
        let most_of = |pages: u64| pages - (pages / 2).min(self.low_marks);
        (self.free + most_of(self.files) + most_of(reclaimable_slabs)).saturating_sub(self.kept)
    }
}

impl<M: Machine> Kernel<M> {
    /// Returns what `/proc/meminfo` shows.
    pub fn mem_info(&self) -> MemInfo {
        let mut info = MemInfo::default();
        let all = Totals::of(self);
        let sums = zones::sums(self.memory());
        let (cached, dirty) = self.file_counts();
        let reclaimable = sums[Stat::SlabReclaimable];
        info[MemField::MemTotal] = kb(all.managed);
        info[MemField::MemFree] = kb(all.free);
        info[MemField::MemAvailable] = kb(all.available(reclaimable));
        info[MemField::Cached] = kb(cached);
        info[MemField::Dirty] = kb(dirty);
        info[MemField::HighTotal] = kb(all.high_managed);
        info[MemField::HighFree] = kb(all.high_free);
        info[MemField::LowTotal] = kb(all.managed - all.high_managed);
        info[MemField::LowFree] = kb(all.free - all.high_free);
        info[MemField::CmaTotal] = kb(all.cma);
        info[MemField::CmaFree] = kb(all.cma_free);
        for (field, stat) in [
            (MemField::ActiveAnon, Stat::ActiveAnon),
            (MemField::InactiveAnon, Stat::InactiveAnon),
            (MemField::ActiveFile, Stat::ActiveFile),
            (MemField::InactiveFile, Stat::InactiveFile),
            (MemField::Mapped, Stat::Mapped),
            (MemField::SReclaimable, Stat::SlabReclaimable),
            (MemField::KReclaimable, Stat::SlabReclaimable),
            (MemField::SUnreclaim, Stat::SlabUnreclaimable),
            (MemField::PageTables, Stat::PageTablePages),
        ] {
            info[field] = kb(sums[stat]);
        }
        info[MemField::Active] = info[MemField::ActiveAnon] + info[MemField::ActiveFile];
        info[MemField::Inactive] = info[MemField::InactiveAnon] + info[MemField::InactiveFile];
        info[MemField::Slab] = info[MemField::SReclaimable] + info[MemField::SUnreclaim];
        let user = self.user().counts();
        info[MemField::AnonPages] = kb(user.rss);
        info[MemField::CommittedAs] = kb(user.committed);
        info[MemField::CommitLimit] = kb(self.commit_limit());
        self.add_areas(&mut info);
        self.add_large_pages(&mut info);
        info
    }
    /// The vmalloc area.
    fn add_areas(&self, info: &mut MemInfo) {
        let areas = self.map.counts(Space::Vmalloc);
        let modern = self.profile.version >= (4, 4, 0);
        info[MemField::VmallocTotal] = areas.range.bytes() >> 10;
        info[MemField::VmallocUsed] = if modern { kb(self.map.vmalloc_pages()) } else { areas.used_bytes >> 10 };
        info[MemField::VmallocChunk] = if modern { 0 } else { areas.largest_hole >> 10 };
    }
    /// Huge pages, and what the direct map is made of.
    fn add_large_pages(&self, info: &mut MemInfo) {
        let huge = self.memory.huge_pools();
        if let Some(pool) = huge.default_pool() {
            info[MemField::HugePagesTotal] = pool.total();
            info[MemField::HugePagesFree] = pool.total();
        }
        info[MemField::Hugetlb] = kb(huge.pages());
        let large = self.profile.paging.map_or(0, large_page_bytes) >> 10;
        // Kernels without huge pages show what they could be.
        info[MemField::Hugepagesize] = if huge.default_bytes > 0 { huge.default_bytes >> 10 } else { large };
        let direct = self.directly_mapped_kb();
        let small = direct % large.max(1);
        info[MemField::DirectMap4k] = small;
        info[MemField::DirectMap2M] = direct - small;
        info[MemField::DirectMap4M] = direct - small;
    }
    /// What the direct map holds: low memory, holes between ranges of RAM left out. The first MiB is mapped as a whole.
    fn directly_mapped_kb(&self) -> u64 {
        const FIRST_MIB: u64 = 1 << 20;
        let low = self.plan.layout.low;
        let ranges = self.plan.memblock.memory().as_slice().iter();
        let parts = ranges.map(|range| {
            let start = if range.start.raw() <= FIRST_MIB { low.start.raw() } else { range.start.raw() };
            (start, range.end.raw().min(low.end.raw()))
        });
        let mut mapped = 0;
        let mut done = 0;
        for (start, end) in parts {
            mapped += end.saturating_sub(start.max(done));
            done = done.max(end);
        }
        mapped >> 10
    }
}
