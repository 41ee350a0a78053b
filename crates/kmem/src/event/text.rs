//! Events as lines of the kernel's trace file: `TASK-PID [CPU] flags TIME: name: fields`.
//!
//! Names and fields changed with time; [`EventStyle`] has what differs between the profiles' kernels, and an event that a
//! kernel does not have is not written. Before 2.6.31 there are no such events; 2.6.11 has those of 2.6.33 here.
//!
//! Judge: `tests/golden_trace.rs` reads lines of real traces of 6.1 and 6.12 and writes them again. What no recorded trace
//! has (reclaim, compaction, oom) is after the kernel's sources.

use super::{
    CompactMode, CompactResult, CompactSpan, Deferral, Event, Isolated, Lru, LruIsolate, MigrateType, ObjectAlloc,
    ShrinkEnd, ShrinkInactive, ShrinkStart, Victim, ZoneRef,
};
use crate::error::Name;
use crate::gfp::GfpEncoding;
use crate::units::{Order, Pfn};
use core::fmt::{Result, Write};

/// How a generation of kernels writes its events.
#[derive(Debug)]
pub struct EventStyle {
    /// Generation.
    pub era: Era,
    /// The kernel's numbers of the engine's mobility types.
    pub migratetypes: [u8; 6],
    /// How many of the letters before the time there are.
    pub flags: usize,
}

/// Generations of event formats.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Era {
    /// 2.6.33: `mm_page_free_direct`, `mm_pagevec_free`.
    V2_6,
    /// 3.4: `mm_page_free`, `mm_page_free_batched` with `cold=`; frames in decimal.
    V3_4,
    /// 6.1: frames in hexadecimal, call sites by name.
    V6_1,
    /// 6.12.
    V6_12,
}

/// Movable and reclaimable changed places in 4.4.
const OLD_TYPES: [u8; 6] = [0, 2, 1, 3, 4, 4];
const TYPES: [u8; 6] = [0, 1, 2, 3, 4, 4];
const TYPES_CMA: [u8; 6] = [0, 1, 2, 3, 4, 5];

/// 2.6.33, without a contiguous area.
pub static EVENTS_2_6: EventStyle = EventStyle { era: Era::V2_6, migratetypes: OLD_TYPES, flags: 4 };
/// 3.4 without a contiguous area.
pub static EVENTS_3_4: EventStyle = EventStyle { era: Era::V3_4, migratetypes: OLD_TYPES, flags: 4 };
/// 6.1 without a contiguous area.
pub static EVENTS_6_1: EventStyle = EventStyle { era: Era::V6_1, migratetypes: TYPES, flags: 5 };
/// 6.1 with one.
pub static EVENTS_6_1_CMA: EventStyle = EventStyle { era: Era::V6_1, migratetypes: TYPES_CMA, flags: 5 };
/// 6.12 without a contiguous area.
pub static EVENTS_6_12: EventStyle = EventStyle { era: Era::V6_12, migratetypes: TYPES, flags: 5 };
/// 6.12 with one.
pub static EVENTS_6_12_CMA: EventStyle = EventStyle { era: Era::V6_12, migratetypes: TYPES_CMA, flags: 5 };

/// Names that events have only numbers for.
pub trait Names {
    /// Writes a kernel address as a symbol: `kmalloc_order+0x1c/0x80`.
    fn symbol(&self, out: &mut dyn Write, addr: u64) -> Result {
        write!(out, "{addr:#x}")
    }
    /// Returns the name of a slab cache.
    fn cache(&self, _number: u32) -> Name {
        Name::default()
    }
    /// Returns the name of a shrinker's function.
    fn shrinker(&self, _number: u32) -> Name {
        Name::default()
    }
    /// Returns the name of a process.
    fn comm(&self, _pid: u32) -> Name {
        Name::default()
    }
    /// Returns the name of a zone.
    fn zone(&self, zone: u8) -> Name;
}

/// What lines are written with besides the event.
pub struct EventText<'a> {
    /// The kernel's formats.
    pub style: &'static EventStyle,
    /// The kernel's GFP words.
    pub gfp: &'static GfpEncoding,
    /// Address of the page structure of frame 0, whether or not it exists.
    pub mem_map: u64,
    /// Bytes of a page structure.
    pub struct_page: u32,
    /// Digits of an address: 8 or 16.
    pub address_digits: usize,
    /// Order of a pageblock.
    pub pageblock_order: Order,
    /// Names.
    pub names: &'a dyn Names,
}

/// Who was running, where and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The process's name.
    pub comm: Name,
    /// Its number.
    pub pid: u32,
    /// The CPU.
    pub cpu: u32,
    /// Letters: interrupts off, rescheduling wanted, in an interrupt, depth of preemption, migration off.
    pub flags: [u8; 5],
    /// Microseconds since boot.
    pub microseconds: u64,
}

impl EventText<'_> {
    /// Writes the event as a whole line of the trace file. Events that this kernel does not have are left out.
    pub fn write_line(&self, out: &mut dyn Write, stamp: &Stamp, event: &Event) -> Result {
        let Some(name) = self.name(event) else { return Ok(()) };
        let (seconds, rest) = (stamp.microseconds / 1_000_000, stamp.microseconds % 1_000_000);
        write!(out, "{:>16}-{:<7} [{:03}] ", stamp.comm, stamp.pid, stamp.cpu)?;
        for &flag in stamp.flags.iter().take(self.style.flags) {
            out.write_char(flag.into())?;
        }
        write!(out, " {seconds:5}.{rest:06}: {name}: ")?;
        self.write_fields(out, event)?;
        out.write_char('\n')
    }

    /// Returns the event's name in this kernel; `None` when the kernel does not have it.
    pub fn name(&self, event: &Event) -> Option<&'static str> {
        let era = self.style.era;
        let since = |first: Era, name| (era >= first).then_some(name);
        match event {
            Event::BootFree { .. } => Some("kmem_boot_free"),
            Event::ReservedFree { .. } => Some("kmem_reserved_free"),
            Event::MigrationTake { .. } => Some("kmem_migration_take"),
            Event::MmPageAlloc { .. } => Some("mm_page_alloc"),
            Event::MmPageFree { .. } => Some(if era == Era::V2_6 { "mm_page_free_direct" } else { "mm_page_free" }),
            Event::MmPageFreeBatched { .. } => {
                Some(if era == Era::V2_6 { "mm_pagevec_free" } else { "mm_page_free_batched" })
            }
            Event::MmPageAllocZoneLocked { .. } => Some("mm_page_alloc_zone_locked"),
            Event::MmPagePcpuDrain { .. } => Some("mm_page_pcpu_drain"),
            Event::MmPageAllocExtfrag { .. } => Some("mm_page_alloc_extfrag"),
            Event::MmVmscanKswapdWake { .. } => Some("mm_vmscan_kswapd_wake"),
            Event::MmVmscanKswapdSleep { .. } => Some("mm_vmscan_kswapd_sleep"),
            Event::MmVmscanWakeupKswapd { .. } => Some("mm_vmscan_wakeup_kswapd"),
            Event::MmVmscanDirectReclaimBegin { .. } => Some("mm_vmscan_direct_reclaim_begin"),
            Event::MmVmscanDirectReclaimEnd { .. } => Some("mm_vmscan_direct_reclaim_end"),
            Event::MmShrinkSlabStart(_) => Some("mm_shrink_slab_start"),
            Event::MmShrinkSlabEnd(_) => Some("mm_shrink_slab_end"),
            Event::MmVmscanLruIsolate(_) => Some("mm_vmscan_lru_isolate"),
            Event::MmVmscanLruShrinkInactive(_) => Some("mm_vmscan_lru_shrink_inactive"),
            Event::MmCompactionTryToCompactPages { .. } => since(Era::V6_1, "mm_compaction_try_to_compact_pages"),
            Event::MmCompactionBegin(_) => since(Era::V6_1, "mm_compaction_begin"),
            Event::MmCompactionEnd { .. } => since(Era::V6_1, "mm_compaction_end"),
            Event::MmCompactionIsolateMigratepages(_) => since(Era::V3_4, "mm_compaction_isolate_migratepages"),
            Event::MmCompactionIsolateFreepages(_) => since(Era::V3_4, "mm_compaction_isolate_freepages"),
            Event::MmCompactionMigratepages { .. } => since(Era::V3_4, "mm_compaction_migratepages"),
            Event::MmCompactionFinished { .. } => since(Era::V6_1, "mm_compaction_finished"),
            Event::MmCompactionSuitable { .. } => since(Era::V6_1, "mm_compaction_suitable"),
            Event::MmCompactionDeferred(_) => since(Era::V6_1, "mm_compaction_deferred"),
            Event::MmCompactionDeferCompaction(_) => since(Era::V6_1, "mm_compaction_defer_compaction"),
            Event::MmCompactionDeferReset(_) => since(Era::V6_1, "mm_compaction_defer_reset"),
            Event::ReclaimRetryZone(_) => since(Era::V6_1, "reclaim_retry_zone"),
            Event::MarkVictim(_) => since(Era::V6_1, "mark_victim"),
            Event::Kmalloc(_) => Some("kmalloc"),
            Event::Kfree { .. } => Some("kfree"),
            Event::KmemCacheAlloc(_) => Some("kmem_cache_alloc"),
            Event::KmemCacheFree { .. } => Some("kmem_cache_free"),
        }
    }

    /// Writes what stands behind the name.
    pub fn write_fields(&self, out: &mut dyn Write, event: &Event) -> Result {
        let old = self.style.era <= Era::V3_4;
        match *event {
            Event::BootFree { pfn, pages } | Event::ReservedFree { pfn, pages } => {
                write!(out, "pfn={:#x} pages={pages}", pfn.raw())
            }
            Event::MigrationTake { pfn } => write!(out, "pfn={:#x}", pfn.raw()),
            Event::MmPageAlloc { pfn, order, migratetype, gfp, .. } => {
                self.page(out, pfn)?;
                write!(out, " order={order} migratetype={} gfp_flags=", self.migratetype(migratetype))?;
                self.gfp.write(out, gfp)
            }
            Event::MmPageFree { pfn, order, .. } => {
                self.page(out, Some(pfn))?;
                write!(out, " order={order}")
            }
            Event::MmPageFreeBatched { pfn } => {
                self.page(out, Some(pfn))?;
                // Pages have not been sorted by the cache's warmth since 4.15; nobody here frees cold ones.
                out.write_str(if old { " order=0 cold=0" } else { " order=0" })
            }
            Event::MmPageAllocZoneLocked { pfn, order, migratetype, percpu_refill, .. } => {
                self.page(out, Some(pfn))?;
                let migratetype = self.migratetype(migratetype);
                // Old kernels took every single page for a refill.
                let refill = if old { order == Order::ZERO } else { percpu_refill };
                write!(out, " order={order} migratetype={migratetype} percpu_refill={}", i32::from(refill))
            }
            Event::MmPagePcpuDrain { pfn, order, migratetype, .. } => {
                self.page(out, Some(pfn))?;
                write!(out, " order={order} migratetype={}", self.migratetype(migratetype))
            }
            Event::MmPageAllocExtfrag {
                pfn,
                alloc_order,
                fallback_order,
                alloc_migratetype,
                fallback_migratetype,
                change_ownership,
            } => {
                self.page(out, Some(pfn))?;
                write!(out, " alloc_order={alloc_order} fallback_order={fallback_order}")?;
                write!(out, " pageblock_order={}", self.pageblock_order)?;
                write!(out, " alloc_migratetype={}", self.migratetype(alloc_migratetype))?;
                write!(out, " fallback_migratetype={}", self.migratetype(fallback_migratetype))?;
                write!(out, " fragmenting={}", i32::from(fallback_order < self.pageblock_order))?;
                write!(out, " change_ownership={}", i32::from(change_ownership))
            }
            Event::MmVmscanKswapdWake { nid, order, .. } => write!(out, "nid={nid} order={order}"),
            Event::MmVmscanKswapdSleep { nid } => write!(out, "nid={nid}"),
            Event::MmVmscanWakeupKswapd { nid, zid, order, .. } if old => {
                write!(out, "nid={nid} zid={zid} order={order}")
            }
            Event::MmVmscanWakeupKswapd { nid, order, gfp, .. } => {
                write!(out, "nid={nid} order={order} gfp_flags=")?;
                self.gfp.write(out, gfp)
            }
            Event::MmVmscanDirectReclaimBegin { order, gfp } => {
                write!(out, "order={order} {}gfp_flags=", if old { "may_writepage=1 " } else { "" })?;
                self.gfp.write(out, gfp)
            }
            Event::MmVmscanDirectReclaimEnd { nr_reclaimed } => write!(out, "nr_reclaimed={nr_reclaimed}"),
            Event::MmShrinkSlabStart(shrink) => self.shrink_start(out, &shrink),
            Event::MmShrinkSlabEnd(shrink) => self.shrink_end(out, &shrink),
            Event::MmVmscanLruIsolate(isolate) => self.lru_isolate(out, &isolate),
            Event::MmVmscanLruShrinkInactive(shrink) => self.shrink_inactive(out, &shrink),
            Event::MmCompactionTryToCompactPages { order, gfp, priority } => {
                write!(out, "order={order} gfp_mask=")?;
                self.gfp.write(out, gfp)?;
                write!(out, " priority={}", priority as u8)
            }
            Event::MmCompactionBegin(span) => self.span(out, &span),
            Event::MmCompactionEnd { span, status } => {
                self.span(out, &span)?;
                write!(out, " status={}", status.name())
            }
            Event::MmCompactionIsolateMigratepages(isolated) | Event::MmCompactionIsolateFreepages(isolated) => {
                self.isolated(out, &isolated)
            }
            Event::MmCompactionMigratepages { nr_migrated, nr_failed } => {
                write!(out, "nr_migrated={nr_migrated} nr_failed={nr_failed}")
            }
            Event::MmCompactionFinished { zone, order, ret } | Event::MmCompactionSuitable { zone, order, ret } => {
                self.zone(out, zone, order)?;
                write!(out, " ret={}", ret.name())
            }
            Event::MmCompactionDeferred(deferral)
            | Event::MmCompactionDeferCompaction(deferral)
            | Event::MmCompactionDeferReset(deferral) => self.deferral(out, &deferral),
            Event::ReclaimRetryZone(retry) => {
                self.zone(out, retry.zone, retry.order)?;
                write!(out, " reclaimable={} available={}", retry.reclaimable, retry.available)?;
                write!(out, " min_wmark={} no_progress_loops={}", retry.min_wmark, retry.no_progress_loops)?;
                write!(out, " wmark_check={}", i32::from(retry.wmark_check))
            }
            Event::MarkVictim(victim) => self.victim(out, &victim),
            Event::Kmalloc(alloc) | Event::KmemCacheAlloc(alloc) => self.object_alloc(out, &alloc),
            Event::Kfree { call_site, ptr } => self.object_free(out, call_site, ptr),
            Event::KmemCacheFree { call_site, ptr, cache } => {
                self.object_free(out, call_site, ptr)?;
                match old {
                    true => Ok(()),
                    false => write!(out, " name={}", self.names.cache(cache)),
                }
            }
        }
    }

    fn page(&self, out: &mut dyn Write, pfn: Option<Pfn>) -> Result {
        let raw = pfn.map_or(0, Pfn::raw);
        let at = self.mem_map.wrapping_add(raw.wrapping_mul(self.struct_page.into()));
        write!(out, "page=")?;
        self.address(out, if pfn.is_some() { at } else { 0 })?;
        match self.style.era {
            Era::V2_6 | Era::V3_4 => write!(out, " pfn={raw}"),
            Era::V6_1 | Era::V6_12 => write!(out, " pfn={raw:#x}"),
        }
    }

    fn address(&self, out: &mut dyn Write, addr: u64) -> Result {
        let digits = self.address_digits;
        let mask = u64::MAX >> (64 - 4 * digits.clamp(1, 16));
        write!(out, "{:0digits$x}", addr & mask)
    }

    fn migratetype(&self, engine: MigrateType) -> u8 {
        self.style.migratetypes.get(usize::from(engine)).copied().unwrap_or(engine)
    }

    fn call_site(&self, out: &mut dyn Write, addr: u64) -> Result {
        write!(out, "call_site=")?;
        match self.style.era {
            Era::V2_6 | Era::V3_4 => write!(out, "{addr:x}"),
            Era::V6_1 | Era::V6_12 => self.names.symbol(out, addr),
        }
    }

    fn object_alloc(&self, out: &mut dyn Write, alloc: &ObjectAlloc) -> Result {
        self.call_site(out, alloc.call_site)?;
        write!(out, " ptr=")?;
        self.address(out, alloc.ptr)?;
        write!(out, " bytes_req={} bytes_alloc={} gfp_flags=", alloc.bytes_req, alloc.bytes_alloc)?;
        self.gfp.write(out, alloc.gfp)?;
        match self.style.era {
            Era::V2_6 | Era::V3_4 => Ok(()),
            Era::V6_1 | Era::V6_12 => write!(out, " node={} accounted={}", alloc.node, alloc.accounted),
        }
    }

    fn object_free(&self, out: &mut dyn Write, call_site: u64, ptr: u64) -> Result {
        self.call_site(out, call_site)?;
        write!(out, " ptr=")?;
        self.address(out, ptr)
    }

    fn shrink_start(&self, out: &mut dyn Write, shrink: &ShrinkStart) -> Result {
        let old = self.style.era <= Era::V3_4;
        self.shrinker(out, shrink.shrinker, shrink.nid)?;
        write!(out, "objects to shrink {} gfp_flags ", shrink.nr_objects_to_shrink)?;
        self.gfp.write(out, shrink.gfp)?;
        if old {
            write!(out, " pgs_scanned {} lru_pgs {}", shrink.pgs_scanned, shrink.lru_pgs)?;
        }
        write!(out, " cache items {} delta {}", shrink.cache_items, shrink.delta)?;
        write!(out, " total_scan {}", shrink.total_scan)?;
        match old {
            true => Ok(()),
            false => write!(out, " priority {}", shrink.priority),
        }
    }

    fn shrink_end(&self, out: &mut dyn Write, shrink: &ShrinkEnd) -> Result {
        self.shrinker(out, shrink.shrinker, shrink.nid)?;
        write!(out, "unused scan count {} new scan count {}", shrink.unused_scan, shrink.new_scan)?;
        write!(out, " total_scan {} last shrinker return val {}", shrink.total_scan, shrink.retval)
    }

    /// The function, the structure (whose address nobody has here), the node.
    fn shrinker(&self, out: &mut dyn Write, number: u32, nid: u8) -> Result {
        write!(out, "{} ", self.names.shrinker(number))?;
        self.address(out, number.into())?;
        match self.style.era {
            Era::V2_6 | Era::V3_4 => write!(out, ": "),
            Era::V6_1 | Era::V6_12 => write!(out, ": nid: {nid} "),
        }
    }

    fn lru_isolate(&self, out: &mut dyn Write, lru: &LruIsolate) -> Result {
        match self.style.era {
            Era::V2_6 | Era::V3_4 => {
                write!(out, "isolate_mode=0 order={} nr_requested={}", lru.order, lru.requested)?;
                write!(out, " nr_scanned={} nr_taken={}", lru.scanned, lru.taken)?;
                // Lumpy reclaim, which takes neighbours along, is not done here.
                write!(out, " contig_taken=0 contig_dirty=0 contig_failed=0")?;
                match self.style.era {
                    Era::V2_6 => Ok(()),
                    _ => write!(out, " file={}", i32::from(lru.lru.is_file())),
                }
            }
            Era::V6_1 | Era::V6_12 => {
                if self.style.era == Era::V6_1 {
                    write!(out, "isolate_mode=0 ")?;
                }
                write!(out, "classzone={} order={} nr_requested={}", lru.classzone, lru.order, lru.requested)?;
                write!(out, " nr_scanned={} nr_skipped={} nr_taken={}", lru.scanned, lru.skipped, lru.taken)?;
                write!(out, " lru={}", lru.lru.name())
            }
        }
    }

    fn shrink_inactive(&self, out: &mut dyn Write, shrink: &ShrinkInactive) -> Result {
        let list = if shrink.lru.is_file() { "FILE" } else { "ANON" };
        write!(out, "nid={}", shrink.nid)?;
        if self.style.era <= Era::V3_4 {
            write!(out, " zid={} nr_scanned={}", shrink.zid, shrink.scanned)?;
            write!(out, " nr_reclaimed={} priority={}", shrink.reclaimed, shrink.priority)?;
        } else {
            write!(out, " nr_scanned={} nr_reclaimed={}", shrink.scanned, shrink.reclaimed)?;
            write!(out, " nr_dirty={} nr_writeback={}", shrink.dirty, shrink.writeback)?;
            write!(out, " nr_congested={} nr_immediate={}", shrink.congested, shrink.immediate)?;
            write!(out, " nr_activate_anon={} nr_activate_file={}", shrink.activate_anon, shrink.activate_file)?;
            write!(out, " nr_ref_keep={} nr_unmap_fail={}", shrink.ref_keep, shrink.unmap_fail)?;
            write!(out, " priority={}", shrink.priority)?;
        }
        write!(out, " flags=RECLAIM_WB_{list}|RECLAIM_WB_ASYNC")
    }

    fn isolated(&self, out: &mut dyn Write, isolated: &Isolated) -> Result {
        if self.style.era >= Era::V6_1 {
            write!(out, "range=({:#x} ~ {:#x}) ", isolated.start.raw(), isolated.end.raw())?;
        }
        write!(out, "nr_scanned={} nr_taken={}", isolated.scanned, isolated.taken)
    }

    fn span(&self, out: &mut dyn Write, span: &CompactSpan) -> Result {
        write!(out, "zone_start={:#x} migrate_pfn={:#x}", span.zone_start.raw(), span.migrate.raw())?;
        write!(out, " free_pfn={:#x} zone_end={:#x}", span.free.raw(), span.zone_end.raw())?;
        let mode = match span.mode {
            CompactMode::Sync => "sync",
            CompactMode::Async => "async",
        };
        write!(out, ", mode={mode}")
    }

    fn zone(&self, out: &mut dyn Write, zone: ZoneRef, order: Order) -> Result {
        write!(out, "node={} zone={:<8} order={order}", zone.node, self.names.zone(zone.zone))
    }

    fn deferral(&self, out: &mut dyn Write, deferral: &Deferral) -> Result {
        self.zone(out, deferral.zone, deferral.order)?;
        write!(out, " order_failed={} consider={}", deferral.order_failed, deferral.considered)?;
        write!(out, " limit={}", 1u64 << deferral.defer_shift.min(63))
    }

    fn victim(&self, out: &mut dyn Write, victim: &Victim) -> Result {
        write!(out, "pid={} comm={}", victim.pid, self.names.comm(victim.pid))?;
        write!(out, " total-vm={}kB anon-rss={}kB", victim.total_vm, victim.anon_rss)?;
        write!(out, " file-rss:{}kB shmem-rss:{}kB", victim.file_rss, victim.shmem_rss)?;
        write!(out, " uid={} pgtables={}kB", victim.uid, victim.pgtables)?;
        write!(out, " oom_score_adj={}", victim.oom_score_adj)
    }
}

impl Lru {
    /// Returns the kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InactiveAnon => "inactive_anon",
            Self::ActiveAnon => "active_anon",
            Self::InactiveFile => "inactive_file",
            Self::ActiveFile => "active_file",
            Self::Unevictable => "unevictable",
        }
    }
    /// True for the lists of pages of files.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::InactiveFile | Self::ActiveFile)
    }
}

impl CompactResult {
    /// Returns the kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Deferred => "deferred",
            Self::Continue => "continue",
            Self::Success => "success",
            Self::PartialSkipped => "partial_skipped",
            Self::Complete => "complete",
            Self::NoSuitablePage => "no_suitable_page",
            Self::NotSuitableZone => "not_suitable_zone",
            Self::Contended => "contended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CompactPriority, Place};
    use crate::gfp::{Gfp, GFP_2_6, GFP_3_4, GFP_6_1, GFP_6_12};

    struct Known;
    impl Names for Known {
        fn zone(&self, _zone: u8) -> Name {
            Name::new("Normal")
        }
        fn comm(&self, _pid: u32) -> Name {
            Name::new("dd")
        }
        fn shrinker(&self, _number: u32) -> Name {
            Name::new("super_cache_scan+0x0/0x1b0")
        }
    }

    fn text(style: &'static EventStyle) -> EventText<'static> {
        let gfp = match style.era {
            Era::V2_6 => &GFP_2_6,
            Era::V3_4 => &GFP_3_4,
            Era::V6_1 => &GFP_6_1,
            Era::V6_12 => &GFP_6_12,
        };
        let pageblock_order = Order::new(9).unwrap_or_default();
        EventText {
            style,
            gfp,
            mem_map: 0xc100_0000,
            struct_page: 32,
            address_digits: 8,
            pageblock_order,
            names: &Known,
        }
    }

    #[track_caller]
    fn check(style: &'static EventStyle, event: Event, expected: &str) {
        let text = text(style);
        let mut written = String::from(text.name(&event).unwrap_or("-"));
        written.push_str(": ");
        assert!(text.write_fields(&mut written, &event).is_ok());
        assert_eq!(written, expected);
    }

    #[test]
    fn pages_in_older_kernels() {
        let pfn = Pfn::new(0x1000);
        let one = Order::ZERO.up();
        let event = Event::MmPageAlloc {
            pfn: Some(pfn),
            order: one,
            migratetype: 1,
            gfp: Gfp::HIGHUSER_MOVABLE,
            from: Place::Buddy,
        };
        check(
            &EVENTS_3_4,
            event,
            "mm_page_alloc: page=c1020000 pfn=4096 order=1 migratetype=2 gfp_flags=GFP_HIGHUSER_MOVABLE",
        );
        check(
            &EVENTS_6_1,
            event,
            "mm_page_alloc: page=c1020000 pfn=0x1000 order=1 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE",
        );
        let event = Event::MmPageFree { pfn, order: Order::ZERO, to: Place::CpuList(0) };
        check(&EVENTS_2_6, event, "mm_page_free_direct: page=c1020000 pfn=4096 order=0");
        check(&EVENTS_3_4, event, "mm_page_free: page=c1020000 pfn=4096 order=0");
        let event = Event::MmPageFreeBatched { pfn };
        check(&EVENTS_2_6, event, "mm_pagevec_free: page=c1020000 pfn=4096 order=0 cold=0");
        check(&EVENTS_6_12, event, "mm_page_free_batched: page=c1020000 pfn=0x1000 order=0");
        let failed =
            Event::MmPageAlloc { pfn: None, order: one, migratetype: 0, gfp: Gfp::KERNEL, from: Place::Unsaid };
        check(&EVENTS_6_12, failed, "mm_page_alloc: page=00000000 pfn=0x0 order=1 migratetype=0 gfp_flags=GFP_KERNEL");
    }

    #[test]
    fn reclaim() {
        let order = Order::ZERO.up();
        let wake = Event::MmVmscanWakeupKswapd { nid: 0, zid: 1, order, gfp: Gfp::KERNEL };
        check(&EVENTS_3_4, wake, "mm_vmscan_wakeup_kswapd: nid=0 zid=1 order=1");
        check(&EVENTS_6_1, wake, "mm_vmscan_wakeup_kswapd: nid=0 order=1 gfp_flags=GFP_KERNEL");
        let isolate = Event::MmVmscanLruIsolate(LruIsolate {
            lru: Lru::InactiveFile,
            classzone: 2,
            order: Order::ZERO,
            requested: 32,
            scanned: 32,
            skipped: 0,
            taken: 31,
        });
        check(&EVENTS_6_1, isolate, "mm_vmscan_lru_isolate: isolate_mode=0 classzone=2 order=0 nr_requested=32 nr_scanned=32 nr_skipped=0 nr_taken=31 lru=inactive_file");
        check(&EVENTS_6_12, isolate, "mm_vmscan_lru_isolate: classzone=2 order=0 nr_requested=32 nr_scanned=32 nr_skipped=0 nr_taken=31 lru=inactive_file");
        let shrink = Event::MmShrinkSlabStart(ShrinkStart {
            shrinker: 0xc5,
            nid: 0,
            priority: 12,
            gfp: Gfp::KERNEL,
            nr_objects_to_shrink: 0,
            cache_items: 100,
            delta: 2,
            total_scan: 2,
            pgs_scanned: 32,
            lru_pgs: 1000,
        });
        check(&EVENTS_6_1, shrink, "mm_shrink_slab_start: super_cache_scan+0x0/0x1b0 000000c5: nid: 0 objects to shrink 0 gfp_flags GFP_KERNEL cache items 100 delta 2 total_scan 2 priority 12");
        check(&EVENTS_3_4, shrink, "mm_shrink_slab_start: super_cache_scan+0x0/0x1b0 000000c5: objects to shrink 0 gfp_flags GFP_KERNEL pgs_scanned 32 lru_pgs 1000 cache items 100 delta 2 total_scan 2");
    }

    #[test]
    fn compaction() {
        let zone = ZoneRef { node: 0, zone: 1 };
        let order = Order::new(4).unwrap_or_default();
        let finished = Event::MmCompactionFinished { zone, order, ret: CompactResult::Success };
        check(&EVENTS_6_1, finished, "mm_compaction_finished: node=0 zone=Normal   order=4 ret=success");
        let deferral = Deferral { zone, order, order_failed: 3, considered: 2, defer_shift: 6 };
        check(
            &EVENTS_6_1,
            Event::MmCompactionDeferred(deferral),
            "mm_compaction_deferred: node=0 zone=Normal   order=4 order_failed=3 consider=2 limit=64",
        );
        let asked = Event::MmCompactionTryToCompactPages { order, gfp: Gfp::KERNEL, priority: CompactPriority::Async };
        check(&EVENTS_6_12, asked, "mm_compaction_try_to_compact_pages: order=4 gfp_mask=GFP_KERNEL priority=2");
        let isolated = Isolated { start: Pfn::new(0x1000), end: Pfn::new(0x1200), scanned: 512, taken: 32 };
        check(
            &EVENTS_6_1,
            Event::MmCompactionIsolateMigratepages(isolated),
            "mm_compaction_isolate_migratepages: range=(0x1000 ~ 0x1200) nr_scanned=512 nr_taken=32",
        );
        check(
            &EVENTS_3_4,
            Event::MmCompactionIsolateFreepages(isolated),
            "mm_compaction_isolate_freepages: nr_scanned=512 nr_taken=32",
        );
        assert_eq!(text(&EVENTS_3_4).name(&finished), None);
        let stamp = Stamp { comm: Name::new("dd"), pid: 1, cpu: 0, flags: *b".....", microseconds: 1 };
        let mut written = String::new();
        assert!(text(&EVENTS_3_4).write_line(&mut written, &stamp, &finished).is_ok());
        assert_eq!(written, "");
    }
}
