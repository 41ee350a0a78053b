//! What reclaim works on besides pages: caches that can shrink, the page cache, and counts of what happened.
//!
//! Memory that is free is memory wasted, so kernels fill it with copies of what is on disk and give it back when it is
//! needed. Here are the parts that hold such memory; the algorithms that take it back, and that decide when, are in
//! [`crate::memory`], where interrupts, other CPUs and the console are.
//!
//! # Files
//! `event` (counters of `/proc/vmstat`) · `shrinker` (caches that can be asked to shrink) · `files` (the page cache).

mod event;
pub mod files;
mod shrinker;

pub use event::VmEvent;
pub(crate) use event::VmEvents;
pub use files::{FileId, FileInfo};
pub use shrinker::{Shrinker, ShrinkerId, DEFAULT_SEEKS};

use crate::page::zonelist::NodeMask;
use crate::profile::MAX_NODES;
use crate::sync::{AtomicU32, Count, Ordering};
use files::PageCache;
use shrinker::Shrinkers;

/// What reclaim works on, of one kernel.
#[derive(Default)]
pub struct Reclaim {
    pub(crate) events: VmEvents,
    pub(crate) shrinkers: Shrinkers,
    pub(crate) files: PageCache,
    /// CPUs that are reclaiming now: whoever allocates there must not reclaim in turn (`PF_MEMALLOC`).
    busy: [AtomicU32; 8],
    /// Nodes whose kswapd is to run when somebody may wait for it.
    kswapd: AtomicU32,
    /// Compaction of each node's zones: failures so far.
    pub(crate) deferred: [Deferral; MAX_NODES],
    /// The last failure that was reported, until memory is freed: order, flags.
    pub(crate) reported: AtomicU32,
    /// Failures that were not reported since.
    pub(crate) suppressed: Count,
}

/// How long compaction is put off after it failed: `compact_considered`, `compact_defer_shift`, `compact_order_failed`.
#[derive(Default)]
pub(crate) struct Deferral {
    pub(crate) considered: Count,
    pub(crate) shift: Count,
    pub(crate) order_failed: Count,
}

impl Reclaim {
    /// True when a failure was reported since memory was last freed.
    #[inline(always)]
    pub(crate) fn has_reported(&self) -> bool {
        self.reported.load(Ordering::Relaxed) != 0
    }
    /// True while this CPU is reclaiming.
    pub(crate) fn is_busy(&self, cpu: u32) -> bool {
        self.busy.get(cpu as usize / 32).is_some_and(|word| word.load(Ordering::Relaxed) >> (cpu % 32) & 1 != 0)
    }
    /// Says that this CPU reclaims from now on, until the guard goes. `None` when it does so already.
    pub(crate) fn begin(&self, cpu: u32) -> Option<Busy<'_>> {
        let word = self.busy.get(cpu as usize / 32)?;
        let bit = 1 << (cpu % 32);
        (word.fetch_or(bit, Ordering::Relaxed) & bit == 0).then_some(Busy { word, bit })
    }
    /// Notes nodes whose kswapd is to run.
    pub(crate) fn want_kswapd(&self, nodes: NodeMask) {
        if !nodes.is_empty() {
            let bits = (0..32).filter(|node| nodes.contains(*node)).fold(0, |bits, node| bits | 1 << node);
            self.kswapd.fetch_or(bits, Ordering::Relaxed);
        }
    }
    /// Takes one node whose kswapd is to run off the list.
    pub(crate) fn next_kswapd(&self) -> Option<u32> {
        let bits = self.kswapd.load(Ordering::Relaxed);
        if bits == 0 {
            return None;
        }
        let node = bits.trailing_zeros();
        let had = self.kswapd.fetch_and(!(1 << node), Ordering::Relaxed) >> node & 1;
        (had != 0).then_some(node)
    }
}

/// A CPU that reclaims, while this lives.
pub(crate) struct Busy<'a> {
    word: &'a AtomicU32,
    bit: u32,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.word.fetch_and(!self.bit, Ordering::Relaxed);
    }
}
