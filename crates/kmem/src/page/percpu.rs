//! Per-CPU page lists: small blocks that a CPU takes and gives without a lock.
//!
//! Nearly every page allocation is of order 0, so each CPU keeps stacks of free blocks of each zone: one for each order
//! that the kernel keeps so, and each mobility type. A hit pops or pushes one frame: no lock, no locked operation, nothing
//! that another CPU writes. An empty list is refilled with a batch under the zone's lock; when all together hold `high`
//! pages, a batch or more goes back.
//!
//! A block on a list is linked through its first frame (`next`, as index plus one, 0 ends) and keeps the reference count 1
//! that it will have again, so a hit need not write it.
//!
//! # Taking from another CPU
//! Under pressure what lies on other CPUs' lists is needed too. A lock on the hit path would cost more than the hit, so
//! the two sides are not treated alike. The owner says `busy`, looks whether somebody `claim`s its lists, works, and says
//! that it is done: plain stores and one load, once for as much work as it likes ([`Inside`]). The thief claims, then makes
//! *all CPUs pass a barrier*, and waits until the owner is not busy. Whatever the owner saw before the barrier, it has been
//! busy by then, or it sees the claim. (Dekker's algorithm with the costly half moved to the rare side, as with Linux's
//! `membarrier`.) While lists are claimed, their owner goes to the zone instead.
//!
//! Only its own CPU, inside and with interrupts off, or a thief under its claim touches a list; others may read the count.
//! Kernel counterpart: `struct per_cpu_pages`, `mm/page_alloc.c`.

use super::frame::{Frame, FrameTable, State};
use super::mobility::Mobility;
use crate::raw::zeroed_struct;
use crate::sync::{light_fence, relax, Count, Ordering, Shared, Tally, Witness};
use crate::units::Order;

/// Lists of one CPU and zone: four small orders and the huge one, for each type that requests have.
const LISTS: usize = 16;
/// The most pages that lists keep, however large `high` is. A page on a list keeps larger blocks from forming, and those
/// that were freed last are in the cache: a few hundred are as good as thousands.
const KEPT: u32 = 1024;
/// The fourth list of each type-less place: see [`PerCpuPages::list`].
const HUGE: u32 = 3;

zeroed_struct! {
    /// One CPU's free blocks of one zone: two lines of the cache, of which order 0 needs one. Zero is empty.
    #[repr(C, align(64))]
    pub(crate) struct PerCpuPages {
        /// Pages that went onto the lists and off them so far. (Two counts, so that neither waits for the other.)
        pushed: Tally,
        popped: Tally,
        /// At how many pages the lists give back.
        limit: Count,
        pub(crate) batch: Count,
        high: Count,
        /// How often the batch of a refill doubled: the more refills in a row, the larger they get.
        pub(crate) doublings: Count,
        /// Index of the top frame plus one, 0 for an empty list.
        tops: [Count; LISTS],
        /// Of the pages pushed, what came from the zone; pages that went back there.
        refilled: Tally,
        drained: Tally,
        /// The bounds within which `high` follows the load.
        pub(crate) high_min: Count,
        pub(crate) high_max: Count,
    }
}

#[cfg(not(kmem_loom))]
const _: () = assert!(size_of::<PerCpuPages>() <= 128);

zeroed_struct! {
    /// What a CPU's lists have in common: who works on them, and where requests begin.
    #[repr(C, align(64))]
    pub(crate) struct CpuHead {
        busy: Shared,
        claim: Shared,
        witness: Witness,
        /// For each combination of the zone and mobility bits of [`crate::Gfp`] the state of a used page as such a request
        /// gets it first: it says zone and list.
        pub(crate) first: [Count; 32],
    }
}

/// Why a CPU's lists are claimed.
mod claim {
    /// Another CPU is taking what is on them.
    pub(super) const THIEF: u32 = 1;
    /// Each operation is to be seen (events, owners): hits take the slow path.
    pub(super) const WATCHED: u32 = 2;
}

/// A CPU works on its lists while this lives. It may be nested.
pub(crate) struct Inside<'a> {
    head: &'a CpuHead,
    was: u32,
    /// It has the lists.
    has: bool,
}

impl Drop for Inside<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.has {
            self.head.witness.touch();
        }
        self.head.busy.store(self.was, Ordering::Release);
    }
}

impl CpuHead {
    /// Begins to work on the CPU's lists. The second value says whether it has them: somebody may claim them meanwhile, or
    /// watch them. The caller is this CPU, with interrupts off.
    #[inline(always)]
    pub(crate) fn enter(&self) -> (Inside<'_>, bool) {
        let was = self.busy.load(Ordering::Relaxed);
        self.busy.store(1, Ordering::Relaxed);
        light_fence();
        let has = self.claim.load(Ordering::Acquire) == 0;
        if has {
            self.witness.touch();
        }
        (Inside { head: self, was, has }, has)
    }
    /// As [`CpuHead::enter`] for the slow path: watched or not, but `None` while somebody claims the lists.
    pub(crate) fn enter_slow(&self) -> Option<Inside<'_>> {
        let (mut inside, has) = self.enter();
        if !has {
            inside.has = self.claim.load(Ordering::Acquire) & claim::THIEF == 0;
            if inside.has {
                self.witness.touch();
            }
        }
        inside.has.then_some(inside)
    }
    /// Claims the lists for a thief. There is one thief at a time.
    pub(crate) fn claim(&self) {
        self.claim.fetch_or(claim::THIEF, Ordering::SeqCst);
    }
    /// Waits until the owner is not busy, after all CPUs passed a barrier; then the lists are the thief's, until
    /// [`CpuHead::unclaim`].
    pub(crate) fn wait_for_owner(&self) {
        self.wait_for_hit();
        self.witness.touch();
    }
    /// Waits until a hit that may be on its way is over.
    pub(crate) fn wait_for_hit(&self) {
        while self.busy.load(Ordering::Acquire) != 0 {
            relax();
        }
    }
    /// Gives the lists back to their owner.
    pub(crate) fn unclaim(&self) {
        self.witness.touch();
        self.claim.fetch_and(!claim::THIEF, Ordering::Release);
    }
    /// Makes hits take the slow path, or lets them be.
    pub(crate) fn watch(&self, yes: bool) {
        if yes {
            self.claim.fetch_or(claim::WATCHED, Ordering::SeqCst);
        } else {
            self.claim.fetch_and(!claim::WATCHED, Ordering::SeqCst);
        }
    }
}

impl PerCpuPages {
    /// Returns how many pages the lists hold.
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.pushed.get().wrapping_sub(self.popped.get()) as u32
    }
    /// Returns at how many pages the lists give back: `high`, or as much as they are kept at most.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.get()
    }
    /// Returns how many they should hold at most.
    pub(crate) fn high(&self) -> u32 {
        self.high.get()
    }
    /// Returns the pages that were taken from and given to the lists by requests so far.
    pub(crate) fn traffic(&self) -> (usize, usize) {
        (self.popped.get().wrapping_sub(self.drained.get()), self.pushed.get().wrapping_sub(self.refilled.get()))
    }
    /// Returns the number of a list: four places for each small order, of which the types that requests have take three;
    /// the fourth ones are those of huge pages.
    #[inline(always)]
    pub(crate) const fn list(order: u32, kind: u32) -> u32 {
        if order <= 3 {
            order << 2 | kind
        } else {
            kind << 2 | HUGE
        }
    }
    /// Returns the number of a list of a small order, which 0 to 3 are.
    #[inline(always)]
    pub(crate) const fn small_list(order: u32, kind: u32) -> u32 {
        order << 2 | kind
    }
    /// Returns all lists with their order; `huge` is the order of huge pages.
    pub(crate) fn lists(huge: Order) -> impl Iterator<Item = (u32, Order)> {
        let used = |list: &u32| list & 3 != HUGE || list >> 2 < Mobility::REQUESTED as u32;
        (0..LISTS as u32).filter(used).map(move |list| {
            let order = if list & 3 == HUGE { huge } else { Order::new(list >> 2).unwrap_or(huge) };
            (list, order)
        })
    }
    /// Walks a list, at most `count + 1` steps. No CPU may use it meanwhile.
    pub(crate) fn iter<'a>(&'a self, frames: &'a FrameTable, list: u32) -> impl Iterator<Item = u32> + 'a {
        let mut at = self.tops[list as usize % LISTS].get();
        let mut left = self.count().saturating_add(1);
        core::iter::from_fn(move || {
            if at == 0 || left == 0 {
                return None;
            }
            let here = at - 1;
            at = frames.at(here)?.next.load(Ordering::Relaxed);
            left -= 1;
            Some(here)
        })
    }

    // What follows is for the owner inside, and for a thief.

    /// Takes the top block of a list and gives it the state of a used block; returns its frame's index.
    #[inline(always)]
    pub(crate) fn pop(&self, frames: &FrameTable, list: u32, order: u32, state: State) -> Option<u32> {
        let top = &self.tops[list as usize % LISTS];
        let index = top.get().wrapping_sub(1);
        let frame = frames.at(index)?;
        top.set(frame.next.load(Ordering::Relaxed));
        self.popped.add(1 << order);
        frame.set_state(state);
        Some(index)
    }
    /// Puts a used block with reference count 1 on a list. True when something must go back.
    #[inline(always)]
    pub(crate) fn push(&self, frame: &Frame, index: u32, list: u32, state: State) -> bool {
        let order = state.raw_order();
        self.push_known(frame, index, list, order, state)
    }
    /// As [`PerCpuPages::push`], where the caller knows the order.
    #[inline(always)]
    pub(crate) fn push_known(&self, frame: &Frame, index: u32, list: u32, order: u32, state: State) -> bool {
        frame.set_state(state.on_pcp());
        let top = &self.tops[list as usize % LISTS];
        frame.next.store(top.get(), Ordering::Relaxed);
        top.set(index.wrapping_add(1));
        self.pushed.add(1 << order);
        self.count() >= self.limit.get()
    }
    /// Sets how many pages the lists should hold at most.
    pub(crate) fn set_high(&self, high: u32) {
        self.high.set(high);
        self.limit.set(high.min(KEPT));
    }
    /// Sets the batch, and how many pages the lists hold at most: between what bounds that follows the load.
    pub(crate) fn set_bounds(&self, batch: u32, least: u32, most: u32) {
        self.batch.set(batch);
        self.high_min.set(least);
        self.high_max.set(most);
        self.set_high(least);
    }
    /// Puts blocks that were taken from the zone on an empty list, so that they come off in the order of `chain`.
    pub(crate) fn refill(&self, frames: &FrameTable, list: u32, chain: Chain) {
        let top = &self.tops[list as usize % LISTS];
        if let Some(last) = frames.at(chain.last.wrapping_sub(1)) {
            last.next.store(top.get(), Ordering::Relaxed);
            top.set(chain.first);
            self.pushed.add(chain.pages);
            self.refilled.add(chain.pages);
        }
    }
    /// Takes the top block of a list for the zone; returns its frame's index.
    #[inline]
    pub(crate) fn pop_for_zone(&self, frames: &FrameTable, list: u32, order: u32) -> Option<u32> {
        let top = &self.tops[list as usize % LISTS];
        let index = top.get().wrapping_sub(1);
        let frame = frames.at(index)?;
        top.set(frame.next.load(Ordering::Relaxed));
        frame.clear();
        self.popped.add(1 << order);
        self.drained.add(1 << order);
        Some(index)
    }
}

/// Blocks linked one behind the other, on their way from the zone to a list.
#[derive(Clone, Copy, Default)]
pub(crate) struct Chain {
    first: u32,
    last: u32,
    pages: usize,
}

impl Chain {
    /// Adds a block at the end; it has reference count 1 from now on.
    #[inline]
    pub(crate) fn push(&mut self, frames: &FrameTable, index: u32, state: State) {
        let Some(frame) = frames.at(index) else { return };
        frame.set_state(state);
        frame.set_count(1);
        match frames.at(self.last.wrapping_sub(1)) {
            Some(last) => last.next.store(index + 1, Ordering::Relaxed),
            None => self.first = index + 1,
        }
        self.last = index + 1;
        self.pages += 1 << state.raw_order();
    }
}
