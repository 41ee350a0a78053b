//! What a kernel shows of itself: the engine's state as snapshots, and the files under `/proc` that render them.

use super::Kernel;
use crate::error::Name;
use crate::machine::Machine;
use crate::map::entry::PagingFormat;
use crate::map::{Space, VmFlags};
use crate::profile::SlabRule;
use crate::snapshot::proc::{buddyinfo, iomem, meminfo, slabinfo, vmallocinfo, zoneinfo};
use crate::snapshot::{
    BuddyRow, IoMemRow, MemField, MemInfo, PcpInfo, SlabRow, Stat, Stats, VmAreaFlags, VmAreaRow, ZoneInfo, MAX_CPUS,
};
use crate::units::PAGE_SHIFT;
use crate::user::{NewPages, TableCount, UserCounts};
use core::fmt::{self, Write};

/// Bytes of the large page that the direct map is made of.
fn large_page_bytes(format: &PagingFormat) -> u64 {
    let above_last = format.levels.len().saturating_sub(2);
    format.levels.get(above_last).map_or(0, |level| 1 << level.shift)
}

/// Since then `Mapped` of meminfo leaves out pages of processes, which have the line `AnonPages`.
const MAPPED_IS_FILES_SINCE: (u32, u32, u32) = (2, 6, 18);

/// kB of a number of pages.
const fn kb(pages: u64) -> u64 {
    pages << (PAGE_SHIFT - 10)
}

impl<M: Machine> Kernel<M> {
    /// The files that [`Kernel::write_proc`] knows.
    pub const PROC_FILES: &'static [&'static str] =
        &["meminfo", "zoneinfo", "buddyinfo", "slabinfo", "vmallocinfo", "iomem"];

    /// Writes the file `/proc/NAME` as this kernel would. `None` when there is no such file.
    pub fn write_proc(&self, name: &str, out: &mut dyn Write) -> Option<fmt::Result> {
        let format = self.memory.profile.proc;
        let _irq = self.memory.irq_off();
        Some(match name {
            "meminfo" => meminfo::write(out, format, &self.mem_info()),
            "buddyinfo" => buddyinfo::write(out, self.buddy_rows()),
            "zoneinfo" => {
                // Only kernels of 4.x and later show zones without pages.
                let shows_empty = self.profile.version >= (4, 8, 0);
                let mut zones = self.zone_infos().filter(|zone| shows_empty || zone.present != 0);
                zones.try_for_each(|zone| zoneinfo::write(out, format, [&zone]))
            }
            "slabinfo" => slabinfo::write(out, self.slab_rows()),
            "vmallocinfo" => vmallocinfo::write(out, format, self.vm_area_rows()),
            "iomem" => iomem::write(out, self.iomem_rows()),
            _ => return None,
        })
    }

    /// Returns what `/proc/meminfo` shows.
    pub fn mem_info(&self) -> MemInfo {
        let mut info = MemInfo::default();
        let (mut high, mut high_free, mut total, mut free, mut kept) = (0, 0, 0, 0, 0);
        for zone in self.pages.zone_counts() {
            total += zone.managed;
            free += zone.free;
            kept += (zone.high + zone.reserve.iter().copied().max().unwrap_or(0)).min(zone.managed);
            if zone.spanned_high(self) {
                high += zone.managed;
                high_free += zone.free;
            }
        }
        let slab = self.slab.slab_pages();
        let areas = self.map.counts(Space::Vmalloc);
        let modern = self.profile.version >= (4, 4, 0);
        info[MemField::MemTotal] = kb(total);
        info[MemField::MemFree] = kb(free);
        // `totalreserve_pages`: what the watermarks keep from ordinary requests.
        info[MemField::MemAvailable] = kb(free.saturating_sub(kept));
        info[MemField::HighTotal] = kb(high);
        info[MemField::HighFree] = kb(high_free);
        info[MemField::LowTotal] = kb(total - high);
        info[MemField::LowFree] = kb(free - high_free);
        info[MemField::Slab] = kb(slab);
        info[MemField::SUnreclaim] = kb(slab);
        info[MemField::CommitLimit] = kb(total / 2);
        let user = self.user().counts();
        let (whole, anon) = match self.profile.user.new_pages {
            NewPages::Active => (MemField::Active, MemField::ActiveAnon),
            NewPages::Inactive => (MemField::Inactive, MemField::InactiveAnon),
        };
        info[whole] = kb(user.rss);
        info[anon] = kb(user.rss);
        info[MemField::AnonPages] = kb(user.rss);
        if self.profile.version < MAPPED_IS_FILES_SINCE {
            info[MemField::Mapped] = kb(user.rss);
        }
        info[MemField::PageTables] = kb(self.counted_tables(&user));
        info[MemField::CommittedAs] = kb(user.committed);
        info[MemField::VmallocTotal] = areas.range.bytes() >> 10;
        info[MemField::VmallocUsed] = if modern { kb(self.map.vmalloc_pages()) } else { areas.used_bytes >> 10 };
        info[MemField::VmallocChunk] = if modern { 0 } else { areas.largest_hole >> 10 };
        info[MemField::Hugepagesize] = match self.profile.paging {
            Some(format) => large_page_bytes(format) >> 10,
            None => 0,
        };
        let large = info[MemField::Hugepagesize].max(1);
        let low = self.plan.layout.low.bytes() >> 10;
        info[MemField::DirectMap4k] = low % large;
        info[MemField::DirectMap2M] = low - low % large;
        info[MemField::DirectMap4M] = low - low % large;
        info
    }

    /// The page tables of processes, as far as this kernel counts them.
    fn counted_tables(&self, user: &UserCounts) -> u64 {
        match self.profile.user.tables {
            TableCount::Last => user.last_tables,
            TableCount::BelowRoot => user.last_tables + user.upper_tables,
        }
    }

    /// Returns the rows of `/proc/buddyinfo`: populated zones, lowest first.
    pub fn buddy_rows(&self) -> impl Iterator<Item = BuddyRow> + '_ {
        let orders = self.profile.top_order.index() + 1;
        self.pages.zone_counts().filter(|zone| zone.extent.present != 0).map(move |zone| BuddyRow {
            node: zone.extent.node,
            zone: Name::new(zone.extent.name),
            free: zone.blocks,
            orders,
        })
    }

    /// Returns the zones of `/proc/zoneinfo`, empty ones included.
    pub fn zone_infos(&self) -> impl Iterator<Item = ZoneInfo> + '_ {
        let mut node_shown = None;
        self.pages.zone_counts().map(move |zone| {
            let index = zone.slot;
            let cpus = (self.pages.cpus() as usize).min(MAX_CPUS);
            let mut info = ZoneInfo {
                node: zone.extent.node,
                zone: Name::new(zone.extent.name),
                free: zone.free,
                boost: zone.boost,
                promo: zone.promo,
                cma: zone.cma,
                min: zone.min,
                low: zone.low,
                high: zone.high,
                spanned: zone.extent.spanned,
                present: zone.extent.present,
                managed: zone.managed,
                protection: zone.reserve,
                zones: self.profile.zones.len(),
                cpus,
                stat_threshold: zone.stat_threshold,
                start_pfn: zone.extent.start.raw(),
                ..ZoneInfo::default()
            };
            info.stats[Stat::FreePages] = zone.free;
            info.stats[Stat::FreeCma] = zone.free_cma;
            for cpu in 0..cpus {
                let counts = self.pages.pcp_counts(index, cpu as u32);
                info.pcp[cpu] = counts.map_or_else(PcpInfo::default, |counts| PcpInfo {
                    count: counts.count as u32,
                    low: 0,
                    high: counts.high as u32,
                    batch: counts.batch as u32,
                });
            }
            if zone.extent.present != 0 && node_shown != Some(zone.extent.node) {
                node_shown = Some(zone.extent.node);
                let mut node = Stats::default();
                node[Stat::SlabUnreclaimable] = self.slab.slab_pages();
                let user = self.user().counts();
                node[Stat::AnonPages] = user.rss;
                node[Stat::PageTablePages] = self.counted_tables(&user);
                info.node_stats = Some(node);
            }
            info
        })
    }

    /// Returns the rows of `/proc/slabinfo`, the newest cache first as kernels do.
    pub fn slab_rows(&self) -> impl Iterator<Item = SlabRow> + '_ {
        let mut before = u32::MAX;
        core::iter::from_fn(move || {
            let next = self.slab.infos().filter(|info| info.serial < before).max_by_key(|info| info.serial)?;
            before = next.serial;
            let active_objs = next.live + next.in_cpu_arrays;
            let mut row = SlabRow {
                name: next.name,
                active_objs,
                num_objs: next.objects,
                object_bytes: next.geometry.size.into(),
                objects_per_slab: next.geometry.objects.into(),
                pages_per_slab: next.geometry.order.pages(),
                active_slabs: next.slabs.into(),
                num_slabs: next.slabs.into(),
                ..SlabRow::default()
            };
            if let SlabRule::Slab { .. } = self.profile.slab {
                row.limit = next.geometry.cpu_limit.into();
                row.batchcount = next.geometry.cpu_batch.into();
                row.sharedfactor = if self.pages.cpus() > 1 { 8 } else { 0 };
                row.active_slabs = u64::from(next.slabs) - u64::from(next.empty_slabs);
            }
            Some(row)
        })
    }

    /// Returns the rows of `/proc/vmallocinfo` by address.
    pub fn vm_area_rows(&self) -> impl Iterator<Item = VmAreaRow> + '_ {
        self.map.areas().map(|area| VmAreaRow {
            start: area.start.raw(),
            end: area.end().raw(),
            caller: area.caller,
            pages: area.nr_pages.into(),
            phys: area.phys.raw(),
            flags: VmAreaFlags {
                ioremap: area.flags.contains(VmFlags::IOREMAP),
                vmalloc: area.flags.contains(VmFlags::ALLOC),
                vmap: area.flags.contains(VmFlags::MAP),
                user: area.flags.contains(VmFlags::USERMAP),
                vpages: area.flags.contains(VmFlags::VPAGES),
                ..VmAreaFlags::default()
            },
            node_pages: Default::default(),
        })
    }

    /// Returns the rows of `/proc/iomem`: RAM, and the kernel image in it.
    pub fn iomem_rows(&self) -> impl Iterator<Item = IoMemRow> + '_ {
        let profile = self.profile;
        let image = move |start: u64, end: u64| {
            profile.image.sections.iter().filter_map(move |section| {
                let direct = profile.page_offset.raw().wrapping_sub(profile.phys_offset.raw());
                let distance = profile.layout.image_distance().unwrap_or(direct);
                let phys = |addr: u64| addr.wrapping_sub(distance);
                let (first, last) = (phys(section.start), phys(section.end).wrapping_sub(1));
                let name = match section.name {
                    ".text" => "Kernel code",
                    ".rodata" => "Kernel rodata",
                    ".data" => "Kernel data",
                    ".bss" => "Kernel bss",
                    _ => return None,
                };
                (first >= start && first < end).then(|| IoMemRow {
                    depth: 1,
                    start: first,
                    last,
                    name: Name::new(name),
                })
            })
        };
        self.plan.memblock.memory().as_slice().iter().flat_map(move |range| {
            let (start, end) = (range.start.raw(), range.end.raw());
            let ram = IoMemRow { depth: 0, start, last: end - 1, name: Name::new("System RAM") };
            core::iter::once(ram).chain(image(start, end))
        })
    }
}

impl crate::page::ZoneCounts {
    /// True for a zone above the direct map.
    fn spanned_high<M: Machine>(&self, kernel: &Kernel<M>) -> bool {
        self.extent.spanned != 0 && kernel.memory.is_high(self.extent.start)
    }
}
