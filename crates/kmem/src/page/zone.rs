//! A zone: frames that serve the same kind of request, with its free blocks, watermarks and counters.
//!
//! Kernel counterpart: `struct zone`, `include/linux/mmzone.h`.

use super::buddy::FreeArea;
use super::watermark::{ZoneTuning, MAX_ZONES};
use crate::gfp::Gfp;
use crate::profile::ZoneKind;
use crate::sync::{Count, SpinLock};
use crate::units::{Order, Pfn};

/// Where a zone lies: its row of the boot plan.
#[derive(Clone, Copy, Debug)]
pub struct ZoneExtent {
    /// The zone's name as the kernel prints it.
    pub name: &'static str,
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
}

/// One zone.
pub(crate) struct Zone {
    pub(crate) extent: ZoneExtent,
    pub(crate) area: SpinLock<FreeArea>,
    /// Free pages on the buddy lists: a copy that is read without the lock.
    pub(crate) free: Count,
    pub(crate) managed: Count,
    pub(crate) min: Count,
    pub(crate) low: Count,
    pub(crate) high: Count,
    reserve: [Count; MAX_ZONES],
    pub(crate) stat_threshold: Count,
}

/// Which watermark a request must leave untouched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// The first try of every request.
    Low,
    /// When the first try failed: the reserve is kept for those who may dip into it.
    Min,
}

impl Zone {
    pub(crate) fn new(index: usize, extent: ZoneExtent, top: Order) -> Self {
        Self {
            extent,
            area: SpinLock::new(FreeArea::new(index, top, extent.start, extent.end())),
            free: Count::default(),
            managed: Count::default(),
            min: Count::default(),
            low: Count::default(),
            high: Count::default(),
            reserve: Default::default(),
            stat_threshold: Count::default(),
        }
    }
    #[inline]
    pub(crate) fn is_populated(&self) -> bool {
        self.managed.get() != 0
    }
    pub(crate) fn tune(&self, tuning: &ZoneTuning) {
        let clamp = |pages: u64| pages.min(u64::from(u32::MAX)) as u32;
        self.min.set(clamp(tuning.min));
        self.low.set(clamp(tuning.low));
        self.high.set(clamp(tuning.high));
        self.stat_threshold.set(clamp(tuning.stat_threshold));
        for (mine, theirs) in self.reserve.iter().zip(tuning.reserve) {
            mine.set(clamp(theirs));
        }
    }
    pub(crate) fn reserve(&self) -> [u64; MAX_ZONES] {
        core::array::from_fn(|zone| u64::from(self.reserve[zone].get()))
    }

    /// True when the zone keeps its watermark and the reserve for the zones below `preferred` after giving `2^order`
    /// pages: the kernel's `zone_watermark_ok`. Important requests may use part of the minimum.
    pub(crate) fn may_give(&self, order: Order, mark: Mark, preferred: usize, gfp: Gfp) -> bool {
        if gfp.contains(Gfp::MEMALLOC) && !gfp.contains(Gfp::NOMEMALLOC) {
            return u64::from(self.free.get()) >= order.pages();
        }
        let mut least = match mark {
            Mark::Low => self.low.get(),
            Mark::Min => self.min.get(),
        };
        if mark == Mark::Min && gfp.contains(Gfp::HIGH) {
            least -= least / 2;
        }
        if mark == Mark::Min && !gfp.may_sleep() {
            least -= least / 4;
        }
        let kept = u64::from(least) + self.reserve.get(preferred).map_or(0, |pages| u64::from(pages.get()));
        u64::from(self.free.get()) >= kept + order.pages()
    }
}
