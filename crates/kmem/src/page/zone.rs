//! A zone: frames that serve the same kind of request, with its free blocks, watermarks and counters.
//!
//! Kernel counterpart: `struct zone`, `include/linux/mmzone.h`; `__zone_watermark_ok`, `mm/page_alloc.c`.

use super::attempt::{Attempt, Latitude, Mark};
use super::buddy::{FreeArea, FreeCounts};
use super::lru::LruKind;
use super::mobility::Mobility;
use super::rule::{Harder, OrderCheck, PageRule, SetAside};
use super::uses::Uses;
use super::watermark::{ZoneTuning, MAX_ZONES};
use crate::profile::ZoneKind;
use crate::sync::{Count, SpinGuard, SpinLock, Tally};
use crate::units::{Order, Pfn};

/// Where a zone lies: its row of the boot plan.
#[derive(Clone, Copy, Debug)]
pub struct ZoneExtent {
    /// The zone's name as the kernel prints it.
    pub name: &'static str,
    /// Its node.
    pub node: u32,
    /// Which kind of memory it is.
    pub kind: ZoneKind,
    /// First frame.
    pub start: Pfn,
    /// Frames from the first to the last, holes included.
    pub spanned: u64,
    /// Frames that are RAM.
    pub present: u64,
}

impl ZoneExtent {
    /// Returns one past the last frame.
    pub fn end(&self) -> Pfn {
        self.start.add(self.spanned)
    }
    /// True for a frame between its first and its last.
    pub fn contains(&self, pfn: Pfn) -> bool {
        pfn >= self.start && pfn < self.end()
    }
}

/// One zone.
pub(crate) struct Zone {
    pub(crate) extent: ZoneExtent,
    pub(crate) area: FreeArea,
    counts: SpinLock<FreeCounts>,
    /// Copies of counts that are read without the lock.
    pub(crate) free: Count,
    pub(crate) free_cma: Count,
    pub(crate) free_high_atomic: Count,
    pub(crate) managed: Count,
    pub(crate) cma: Count,
    /// Pages of pageblocks that are set aside for important requests.
    pub(crate) high_atomic: Count,
    pub(crate) min: Count,
    pub(crate) low: Count,
    pub(crate) high: Count,
    pub(crate) promo: Count,
    /// What fragmentation adds to the marks for now.
    pub(crate) boost: Count,
    reserve: [Count; MAX_ZONES],
    pub(crate) stat_threshold: Count,
    pub(crate) tallies: ZoneTallies,
    pub(crate) uses: Uses,
    /// Pages on reclaim's lists; written under their lock.
    pub(crate) lru: [Count; LruKind::COUNT],
}

/// What happened in a zone so far. Written under its lock.
#[derive(Default)]
pub(crate) struct ZoneTallies {
    /// Pages taken without a per-CPU list.
    pub(crate) allocated: Tally,
    /// Pages given back without a per-CPU list.
    pub(crate) freed: Tally,
    /// Allocations by a policy's or the caller's own choice of node, and others.
    pub(crate) numa_miss: Tally,
    pub(crate) numa_foreign: Tally,
    pub(crate) numa_interleave: Tally,
    pub(crate) numa_other: Tally,
}

/// The counts of a zone while they may be changed; what others read without the lock is brought up to date at the end.
pub(crate) struct ZoneGuard<'a> {
    zone: &'a Zone,
    pub(crate) counts: SpinGuard<'a, FreeCounts>,
}

impl Drop for ZoneGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.zone.free.set(self.counts.pages() as u32);
        self.zone.free_cma.set(self.counts.pages_of(Mobility::Cma) as u32);
        self.zone.free_high_atomic.set(self.counts.pages_of(Mobility::HighAtomic) as u32);
    }
}

impl Zone {
    pub(crate) fn new(extent: ZoneExtent, area: FreeArea) -> Self {
        Self {
            extent,
            area,
            counts: SpinLock::new(FreeCounts::new()),
            free: Count::default(),
            free_cma: Count::default(),
            free_high_atomic: Count::default(),
            managed: Count::default(),
            cma: Count::default(),
            high_atomic: Count::default(),
            min: Count::default(),
            low: Count::default(),
            high: Count::default(),
            promo: Count::default(),
            boost: Count::default(),
            reserve: Default::default(),
            stat_threshold: Count::default(),
            tallies: ZoneTallies::default(),
            uses: Uses::default(),
            lru: Default::default(),
        }
    }
    /// Takes the zone's lock. All free blocks are merged as far as they can be.
    #[inline]
    pub(crate) fn lock(&self) -> ZoneGuard<'_> {
        let mut guard = self.lock_loose();
        self.area.settle(&mut guard.counts);
        guard
    }
    /// Takes the zone's lock to give pages back that are merged later.
    #[inline]
    pub(crate) fn lock_loose(&self) -> ZoneGuard<'_> {
        ZoneGuard { zone: self, counts: self.counts.lock() }
    }
    #[inline]
    pub(crate) fn is_populated(&self) -> bool {
        self.managed.get() != 0
    }
    /// Sets what was computed; new marks have nothing added to them.
    pub(crate) fn tune(&self, tuning: &ZoneTuning, new_marks: bool) {
        let clamp = |pages: u64| pages.min(u64::from(u32::MAX)) as u32;
        self.min.set(clamp(tuning.min));
        self.low.set(clamp(tuning.low));
        self.high.set(clamp(tuning.high));
        self.promo.set(clamp(tuning.promo));
        self.stat_threshold.set(clamp(tuning.stat_threshold));
        if new_marks {
            self.boost.set(0);
        }
        for (mine, theirs) in self.reserve.iter().zip(tuning.reserve) {
            mine.set(clamp(theirs));
        }
    }
    pub(crate) fn reserve(&self) -> [u64; MAX_ZONES] {
        core::array::from_fn(|zone| u64::from(self.reserve[zone].get()))
    }
    /// Returns a watermark, with what fragmentation adds to it.
    #[inline]
    pub(crate) fn mark(&self, mark: Mark) -> u64 {
        let pages = match mark {
            Mark::Min => self.min.get(),
            Mark::Low => self.low.get(),
            Mark::High => self.high.get(),
        };
        u64::from(pages) + u64::from(self.boost.get())
    }
    /// Returns the pages that count as free for an attempt.
    pub(super) fn usable(&self, rule: &PageRule, attempt: Attempt) -> u64 {
        u64::from(self.free.get()).saturating_sub(self.barred(rule, attempt))
    }
    /// Returns the pages that do not count as free for an attempt; what is set aside may be more than is free.
    pub(super) fn barred(&self, rule: &PageRule, attempt: Attempt) -> u64 {
        let mut barred = 0;
        if !attempt.latitude.contains(Latitude::CMA) {
            barred += u64::from(self.free_cma.get());
        }
        if !attempt.counts_reserves(rule) {
            let set_aside = match rule.set_aside {
                SetAside::Blocks => &self.high_atomic,
                SetAside::FreePages => &self.free_high_atomic,
            };
            barred += u64::from(set_aside.get());
        }
        barred
    }
    /// Returns what must stay free: the attempt's mark, and the reserve kept from requests that prefer the zone with the
    /// index `preferred` of its node.
    pub(crate) fn kept(&self, rule: &PageRule, order: Order, attempt: Attempt, preferred: usize) -> u64 {
        let reserve = self.reserve.get(preferred).map_or(0, |pages| u64::from(pages.get()));
        self.lowered(rule, order, attempt) + reserve
    }
    /// Returns the attempt's mark, lowered as far as it may go.
    pub(super) fn lowered(&self, rule: &PageRule, order: Order, attempt: Attempt) -> u64 {
        // Boosts are not for single pages of those who cannot wait: `zone_watermark_fast`.
        let important = if rule.harder == Harder::NoWaitAndHigh { Latitude::HIGH } else { Latitude::HARDER };
        let spares_boost = order == Order::ZERO && attempt.mark == Mark::Min && attempt.latitude.contains(important);
        let mark = if spares_boost { self.min.get().into() } else { self.mark(attempt.mark) };
        attempt.lowered(rule, mark)
    }
    /// True when the zone keeps what it must after giving `2^order` pages, as far as numbers of pages go:
    /// `zone_watermark_ok` without its look at the blocks.
    pub(crate) fn has_pages(&self, rule: &PageRule, order: Order, attempt: Attempt, preferred: usize) -> bool {
        if attempt.latitude.contains(Latitude::NO_WATERMARKS) {
            return u64::from(self.free.get()) >= order.pages();
        }
        self.usable(rule, attempt) >= self.kept(rule, order, attempt, preferred) + order.pages()
    }
    /// True when the zone keeps a mark and what is kept for others whoever asks, and what counts as free for whom need not be
    /// weighed.
    #[inline]
    pub(crate) fn has_plenty(&self, order: Order, mark: Mark, preferred: usize) -> bool {
        let not_for_all = u64::from(self.free_cma.get()) + u64::from(self.high_atomic.get());
        let reserve = self.reserve.get(preferred).map_or(0, |pages| u64::from(pages.get()));
        u64::from(self.free.get()) >= self.mark(mark) + reserve + order.pages() + not_for_all
    }
    /// True when the blocks are there too. `counts` are the zone's own.
    pub(crate) fn has_block(&self, rule: &PageRule, counts: &FreeCounts, order: Order, attempt: Attempt) -> bool {
        if order == Order::ZERO || attempt.latitude.contains(Latitude::NO_WATERMARKS) {
            return true;
        }
        match rule.order_check {
            OrderCheck::Halving => {
                let mut free = self.usable(rule, attempt).saturating_sub(order.pages() - 1);
                // The reserve for lower zones counts once, not order by order.
                let mut least = self.lowered(rule, order, attempt);
                (0..order.raw()).filter_map(Order::new).all(|below| {
                    let blocks: u64 = counts.blocks(below).iter().map(|&blocks| u64::from(blocks)).sum();
                    free = free.saturating_sub(blocks << below.raw());
                    least >>= 1;
                    free > least
                })
            }
            OrderCheck::Block => {
                let mut orders = counts.requested_orders();
                if attempt.latitude.contains(Latitude::CMA) {
                    orders |= counts.orders(Mobility::Cma);
                }
                if attempt.has_reserves(rule) {
                    orders |= counts.orders(Mobility::HighAtomic);
                }
                orders >> order.raw() != 0
            }
        }
    }
    /// True when an attempt could succeed: the kernel's `zone_watermark_ok`.
    pub(crate) fn may_give(&self, rule: &PageRule, order: Order, attempt: Attempt, preferred: usize) -> bool {
        self.has_pages(rule, order, attempt, preferred)
            && (order == Order::ZERO || self.has_block(rule, &self.lock().counts, order, attempt))
    }
}
