//! Reclaim: taking pages back from those who can do without.
//!
//! Pages are looked at from the tails of the inactive lists, a part of them at each priority: a 4096th at the lowest, all
//! at the highest. A page of a file that was used since goes back or becomes active; a clean one is freed; a dirty one
//! must be written first, which kswapd does and others leave to it. When the inactive list is short, the tail of the active
//! one is moved to it. Pages of processes have nowhere to go without swap, so they stay.
//!
//! Each round asks the caches of the kernel (shrinkers, empty slabs) for the same part.
//!
//! Kernel counterpart: `mm/vmscan.c` (`shrink_node`, `shrink_inactive_list`, `shrink_active_list`, `balance_pgdat`,
//! `try_to_free_pages`).

use super::Memory;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::attempt::{Attempt, Latitude, Mark};
use crate::page::frame::State;
use crate::page::lru::LruKind;
use crate::page::policy::Request;
use crate::page::watermark::MAX_ZONES;
use crate::page::NodeMask;
use crate::profile::ZoneKind;
use crate::reclaim::VmEvent;
use crate::units::{Order, Pfn, PAGE_SHIFT};

/// Pages that are looked at together, and that reclaim wants at least: `SWAP_CLUSTER_MAX`.
const CLUSTER: usize = 32;
/// Where reclaim begins: `DEF_PRIORITY`.
const FIRST_PRIORITY: u32 = 12;

/// What one run of reclaim wants and has: the kernel's `scan_control`.
pub(super) struct Scan {
    /// The index of the highest zone whose pages are of use.
    zone: usize,
    priority: u32,
    /// Whether dirty pages may be written.
    writes: bool,
    is_kswapd: bool,
    scanned: u64,
    reclaimed: u64,
}

impl<M: Machine> Memory<M> {
    /// Reclaims for a request, until a cluster of pages is free or everything was looked at: `try_to_free_pages`. Returns
    /// how many were freed. May sleep.
    pub(super) fn direct_reclaim(&self, request: &Request) -> u64 {
        let cpu = self.machine.cpu();
        let Some(_busy) = self.reclaim.begin(cpu) else { return 0 };
        let zone = self.pages.preferred_zone(cpu, request);
        self.reclaim.events.add(stall_event(self.pages.preferred_kind(cpu, request)), 1);
        let mut scan = Scan { zone, priority: 0, writes: false, is_kswapd: false, scanned: 0, reclaimed: 0 };
        for priority in (0..=FIRST_PRIORITY).rev() {
            scan.priority = priority;
            let before = scan.scanned;
            for node in self.pages.nodes_of(cpu, request) {
                self.shrink_node(node, &mut scan);
            }
            if scan.reclaimed >= CLUSTER as u64 {
                break;
            }
            // Dirty pages stand in the way: the flusher is woken.
            if scan.scanned > before && priority <= FIRST_PRIORITY - 2 {
                self.flush(scan.scanned - before);
            }
        }
        self.reclaim.events.add(VmEvent::PgScanDirect, scan.scanned);
        self.reclaim.events.add(VmEvent::PgStealDirect, scan.reclaimed);
        scan.reclaimed
    }

    /// Runs kswapd of a node until its zones are above their high marks or everything was looked at: `balance_pgdat`.
    /// Returns the pages freed. May sleep; the machine calls it when [`Machine::wake_kswapd`] says that it does so.
    pub fn kswapd(&self, node: u32) -> u64 {
        let Some(_busy) = self.reclaim.begin(self.machine.cpu()) else { return 0 };
        self.reclaim.events.add(VmEvent::PageOutRun, 1);
        let mut scan =
            Scan { zone: MAX_ZONES - 1, priority: 0, writes: true, is_kswapd: true, scanned: 0, reclaimed: 0 };
        if self.kswapd_target(node).is_none() {
            self.reclaim.events.add(VmEvent::KswapdHighWmarkHitQuickly, 1);
        }
        for priority in (1..=FIRST_PRIORITY).rev() {
            let Some(zone) = self.kswapd_target(node) else { break };
            (scan.zone, scan.priority) = (zone, priority);
            self.shrink_node(node, &mut scan);
        }
        self.pages.end_boost(node);
        self.reclaim.events.add(VmEvent::PgScanKswapd, scan.scanned);
        self.reclaim.events.add(VmEvent::PgStealKswapd, scan.reclaimed);
        scan.reclaimed
    }
    fn kswapd_target(&self, node: u32) -> Option<usize> {
        self.pages.kswapd_target(node, Attempt { mark: Mark::High, latitude: Latitude::empty() })
    }
    /// Wakes kswapd where it is wanted, or runs it here when the machine has none of its own and the caller may sleep.
    pub(super) fn kick_kswapd(&self, may_sleep: bool) {
        self.reclaim.want_kswapd(self.pages.take_kswapd_wanted());
        if self.reclaim.is_busy(self.machine.cpu()) {
            return;
        }
        while let Some(node) = self.reclaim.next_kswapd() {
            if self.machine.wake_kswapd(node) {
                continue;
            }
            if !may_sleep {
                // Somebody who may will do it.
                self.reclaim.want_kswapd(NodeMask::of(node));
                return;
            }
            self.kswapd(node);
        }
    }
    /// Runs kswapd of all nodes that somebody woke who could not wait for it. For machines without a kswapd of their own,
    /// when nothing else is to be done. May sleep.
    pub fn run_kswapd(&self) {
        self.kick_kswapd(true);
    }

    /// Looks at a part of all that a node has.
    fn shrink_node(&self, node: u32, scan: &mut Scan) {
        // Pages of higher zones are of no use: `lruvec_lru_size`.
        let in_zones = |kind| self.pages.lru_size_upto(node, kind, scan.zone);
        let (inactive, active) = (in_zones(LruKind::InactiveFile), in_zones(LruKind::ActiveFile));
        // Of little memory a half may be inactive, of much a smaller part does: `inactive_is_low`.
        let gb = (inactive + active) >> (30 - PAGE_SHIFT);
        let ratio = if gb > 0 { (10 * gb).isqrt() } else { 1 };
        if inactive * ratio < active {
            self.shrink_active(node, (active >> scan.priority).max(CLUSTER as u64));
        }
        let mut left = inactive >> scan.priority;
        if left == 0 && scan.priority < FIRST_PRIORITY {
            left = inactive.min(CLUSTER as u64);
        }
        // Once round the list: pages of higher zones are passed over.
        let mut on_list = self.pages.lru_size(node, LruKind::InactiveFile);
        while left > 0 && on_list > 0 {
            let before = scan.scanned;
            let looked = self.shrink_inactive(node, left.min(CLUSTER as u64) as usize, scan);
            if looked == 0 {
                break;
            }
            on_list = on_list.saturating_sub(looked);
            left = left.saturating_sub(scan.scanned - before);
            if !scan.is_kswapd && scan.reclaimed >= CLUSTER as u64 {
                break;
            }
        }
        self.shrink_caches(scan.priority);
    }
    /// Asks shrinkers and slab caches.
    pub(super) fn shrink_caches(&self, priority: u32) -> u64 {
        let (scanned, freed) = self.reclaim.shrinkers.shrink(priority);
        self.reclaim.events.add(VmEvent::SlabsScanned, scanned);
        self.rcu_free_ready();
        let irq = self.irq_off();
        self.slab.shrink_all(&self.pages, irq.cpu(), || self.machine.barrier_everywhere());
        drop(irq);
        self.rcu_free_ready();
        freed
    }

    /// Moves pages from the tail of the active list to the inactive one.
    fn shrink_active(&self, node: u32, wanted: u64) {
        let mut left = wanted;
        while left > 0 {
            let mut taken = [Pfn::default(); CLUSTER];
            let count = self.isolate(node, LruKind::ActiveFile, &mut taken[..left.min(CLUSTER as u64) as usize]);
            if count == 0 {
                break;
            }
            for &pfn in &taken[..count] {
                self.flag(pfn, State::REFERENCED, false);
                self.put_back(pfn, false);
            }
            self.reclaim.events.add(VmEvent::PgRefill, count as u64);
            self.reclaim.events.add(VmEvent::PgDeactivate, count as u64);
            left -= count as u64;
        }
    }
    /// Looks at pages from the tail of the inactive list. Returns how many.
    fn shrink_inactive(&self, node: u32, wanted: usize, scan: &mut Scan) -> u64 {
        let mut taken = [Pfn::default(); CLUSTER];
        let count = self.isolate(node, LruKind::InactiveFile, &mut taken[..wanted.min(CLUSTER)]);
        for &pfn in &taken[..count] {
            if self.pages.zone_in_node(pfn) > scan.zone {
                // Of no use to this request.
                self.put_back(pfn, false);
                continue;
            }
            scan.scanned += 1;
            let is_dirty = self.pages.state(pfn).has(State::DIRTY);
            if is_dirty && scan.writes {
                self.write_page(pfn);
                self.reclaim.events.add(VmEvent::NrVmscanWrite, 1);
            } else if is_dirty {
                // It is written by somebody else, and looked at again later.
                self.put_back(pfn, true);
                continue;
            }
            if self.remove_page(pfn) {
                // The cache's reference, then the isolation's.
                self.put(pfn);
                self.put(pfn);
                scan.reclaimed += 1;
            } else {
                self.put_back(pfn, true);
            }
        }
        count as u64
    }
    /// Takes an isolated page out of the page cache, if only that has it.
    pub(super) fn remove_page(&self, pfn: Pfn) -> bool {
        let _irq = self.irq_off();
        self.reclaim.files.remove(&self.pages, &self.ram, pfn)
    }
    fn isolate(&self, node: u32, kind: LruKind, out: &mut [Pfn]) -> usize {
        let _irq = self.irq_off();
        self.pages.lru_isolate(node, kind, out)
    }
    /// Puts an isolated page back on its list.
    pub(super) fn put_back(&self, pfn: Pfn, active: bool) {
        let irq = self.irq_off();
        // It may have left the cache meanwhile: then this is the last reference.
        let state = self.pages.state(pfn);
        if state.has(State::FILE) || state.has(State::OWNED) {
            self.pages.lru_add(pfn, active);
        }
        self.pages.put_page(irq.cpu(), pfn);
    }
    pub(super) fn put(&self, pfn: Pfn) {
        let irq = self.irq_off();
        self.pages.put_page(irq.cpu(), pfn);
    }
    fn flag(&self, pfn: Pfn, flags: u32, yes: bool) {
        if let Some(frame) = self.pages.frames.get(pfn) {
            frame.flag(flags, yes);
        }
    }
    /// Writes a dirty page to the disk that there is not: it is clean then.
    fn write_page(&self, pfn: Pfn) {
        if self.reclaim.files.set_dirty(&self.pages, pfn, false) {
            self.count_written(1);
        }
    }
    fn count_written(&self, pages: u64) {
        self.reclaim.events.add(VmEvent::NrWritten, pages);
        self.reclaim.events.add(VmEvent::PgPgOut, 4 * pages);
    }
    /// Writes up to so many dirty pages, file by file: what the flusher threads do. Returns how many.
    pub fn flush(&self, most: u64) -> u64 {
        let mut written = 0;
        for file in self.reclaim.files.infos() {
            while written < most && self.reclaim.files.clean_next(&self.pages, &self.ram, file.id) {
                written += 1;
            }
        }
        self.count_written(written);
        written
    }

    /// Frees everything that can be freed: `drop_caches`, or the shell's `reclaim`. Returns the pages freed. May sleep.
    pub fn reclaim_all(&self) -> u64 {
        let Some(_busy) = self.reclaim.begin(self.machine.cpu()) else { return 0 };
        let mut scan =
            Scan { zone: MAX_ZONES - 1, priority: 0, writes: true, is_kswapd: true, scanned: 0, reclaimed: 0 };
        for node in 0..self.pages.nodes() {
            loop {
                let before = scan.reclaimed;
                self.shrink_node(node, &mut scan);
                if scan.reclaimed == before {
                    break;
                }
            }
        }
        self.reclaim.events.add(VmEvent::DropPagecache, 1);
        self.reclaim.events.add(VmEvent::DropSlab, 1);
        scan.reclaimed
    }
    /// True when a request could succeed if all that can be reclaimed were free: `should_reclaim_retry`.
    pub(super) fn could_succeed(&self, request: &Request) -> bool {
        request.order <= COSTLY && self.pages.would_fit_after_reclaim(self.machine.cpu(), request)
    }
}

/// Larger blocks are not fought for: `PAGE_ALLOC_COSTLY_ORDER`.
pub(super) const COSTLY: Order = match Order::new(3) {
    Some(order) => order,
    None => Order::ZERO,
};

fn stall_event(kind: ZoneKind) -> VmEvent {
    match kind {
        ZoneKind::Dma => VmEvent::AllocStallDma,
        ZoneKind::Dma32 => VmEvent::AllocStallDma32,
        ZoneKind::HighMem => VmEvent::AllocStallHigh,
        ZoneKind::Movable => VmEvent::AllocStallMovable,
        _ => VmEvent::AllocStallNormal,
    }
}

/// True for flags whose owner may start I/O to get memory.
pub(super) const fn may_do_io(gfp: Gfp) -> bool {
    gfp.contains(Gfp::IO)
}
