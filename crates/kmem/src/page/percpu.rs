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
//! the two sides are not treated alike. The owner says `busy`, looks whether somebody `claim`s the lists, works, and says
//! that it is done: plain stores and one load. The thief claims, then makes *all CPUs pass a barrier*, and waits until the
//! owner is not busy. Whatever the owner saw before the barrier, it has been busy by then, or it sees the claim. (Dekker's
//! algorithm with the costly half moved to the rare side, as in Linux's `membarrier`.) While lists are claimed, their owner
//! goes to the zone instead.
//!
//! Only its own CPU, with interrupts off, or a thief under its claim touches a list; others may read the count. Kernel
//! counterpart: `struct per_cpu_pages`, `mm/page_alloc.c`.

use super::frame::{Frame, FrameTable, State};
use super::mobility::Mobility;
use crate::raw::zeroed_struct;
use crate::sync::{light_fence, relax, Count, Ordering, Shared, Tally, Witness};
use crate::units::Order;
use core::mem::ManuallyDrop;

/// Lists of one CPU and zone: four small orders and the huge one, for each type that requests have.
const LISTS: usize = 16;
/// Where the lists of huge pages begin.
const HUGE: u32 = 4 * Mobility::REQUESTED as u32;

zeroed_struct! {
    /// One CPU's free blocks of one zone: two lines of the cache, of which order 0 needs one. Zero is empty.
    #[repr(C, align(64))]
    pub(crate) struct PerCpuPages {
        busy: Shared,
        claim: Shared,
        witness: Witness,
        /// Pages that went onto the lists and off them so far; the difference is what they hold.
        pushed: Tally,
        popped: Tally,
        pub(crate) high: Count,
        pub(crate) batch: Count,
        /// Index of the top frame plus one, 0 for an empty list.
        tops: [Count; LISTS],
        /// Of those pages, what came from the zone and went there.
        refilled: Tally,
        drained: Tally,
        /// The bounds within which `high` follows the load.
        pub(crate) high_min: Count,
        pub(crate) high_max: Count,
        /// How often in a row lists were drained, and refilled: the batches grow with it.
        factors: Count,
        /// The state of a used frame of this zone.
        used: Count,
    }
}

#[cfg(not(kmem_loom))]
const _: () = assert!(size_of::<PerCpuPages>() <= 128);

/// Why a list is claimed.
mod claim {
    /// Another CPU is taking what is on it.
    pub(super) const THIEF: u32 = 1;
    /// Each operation is to be seen (events, owners): hits take the slow path.
    pub(super) const WATCHED: u32 = 2;
}

/// The lists, in the hands of their CPU or of a thief.
pub(crate) struct Owned<'a> {
    lists: &'a PerCpuPages,
}

impl Drop for Owned<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lists.witness.touch();
        self.lists.busy.store(0, Ordering::Release);
    }
}

impl PerCpuPages {
    /// Returns how many pages the lists hold.
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.pushed.get().wrapping_sub(self.popped.get()) as u32
    }
    /// Returns the pages that were taken from and given to the lists by requests so far.
    pub(crate) fn traffic(&self) -> (usize, usize) {
        let taken = self.popped.get().wrapping_sub(self.drained.get());
        (taken, self.pushed.get().wrapping_sub(self.refilled.get()))
    }
    /// Sets how many pages the lists hold at most, between what bounds that follows the load, and the batch.
    pub(crate) fn set_bounds(&self, batch: u32, least: u32, most: u32) {
        self.batch.set(batch);
        self.high_min.set(least);
        self.high_max.set(most);
        self.high.set(least);
    }
    /// Says which zone the lists are of.
    pub(crate) fn set_zone(&self, used: State) {
        self.used.set(used.raw());
    }
    /// Takes the lists for a hit: `None` while somebody claims or watches them. The caller is their CPU, with interrupts
    /// off.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<Owned<'_>> {
        self.enter_despite(0)
    }
    /// As [`PerCpuPages::enter`], watched or not: for the slow path.
    pub(crate) fn enter_slow(&self) -> Option<Owned<'_>> {
        self.enter_despite(claim::WATCHED)
    }
    #[inline(always)]
    fn enter_despite(&self, allowed: u32) -> Option<Owned<'_>> {
        self.busy.store(1, Ordering::Relaxed);
        light_fence();
        if self.claim.load(Ordering::Acquire) & !allowed != 0 {
            self.busy.store(0, Ordering::Release);
            return None;
        }
        self.witness.touch();
        Some(Owned { lists: self })
    }
    /// Claims the lists for a thief. There is one thief at a time.
    pub(crate) fn claim(&self) {
        self.claim.fetch_or(claim::THIEF, Ordering::SeqCst);
    }
    /// True while a thief claims the lists.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claim.load(Ordering::Relaxed) & claim::THIEF != 0
    }
    /// Waits until the owner is not busy, after all CPUs passed a barrier; then the lists are the thief's, until
    /// [`PerCpuPages::unclaim`]. (`busy` is the owner's word alone, so the guard does not write it.)
    pub(crate) fn wait_for_owner(&self) -> ManuallyDrop<Owned<'_>> {
        self.wait_for_hit();
        self.witness.touch();
        ManuallyDrop::new(Owned { lists: self })
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
    /// Returns the number of a list. `order` is a small one, or the huge one.
    #[inline(always)]
    pub(crate) const fn list(order: u32, kind: u32) -> u32 {
        if order <= 3 {
            order * Mobility::REQUESTED as u32 + kind
        } else {
            HUGE + kind
        }
    }
    /// Returns all lists with their order; `huge` is the order of huge pages.
    pub(crate) fn lists(huge: Order) -> impl Iterator<Item = (u32, Order)> {
        (0..HUGE + Mobility::REQUESTED as u32).map(move |list| {
            let order = if list >= HUGE { huge } else { Order::new(list / Mobility::REQUESTED as u32).unwrap_or(huge) };
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
}

impl Owned<'_> {
    /// Takes the top block of a list and marks it as used; returns its frame's index.
    #[inline(always)]
    pub(crate) fn pop(&self, frames: &FrameTable, list: u32, order: u32, flags: u32) -> Option<u32> {
        let top = &self.lists.tops[list as usize % LISTS];
        let index = top.get().wrapping_sub(1);
        let frame = frames.at(index)?;
        top.set(frame.next.load(Ordering::Relaxed));
        self.lists.popped.add(1 << order);
        frame.set_state(State::from_raw(self.lists.used.get() | order << State::ORDER_SHIFT | flags));
        Some(index)
    }
    /// Puts a block with reference count 1 on a list.
    #[inline(always)]
    pub(crate) fn push(&self, frame: &Frame, index: u32, list: u32, state: State) {
        frame.set_state(state.on_pcp());
        let top = &self.lists.tops[list as usize % LISTS];
        frame.next.store(top.get(), Ordering::Relaxed);
        top.set(index.wrapping_add(1));
        self.lists.pushed.add(1 << state.raw_order());
    }
    /// True when something must go back.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.lists.count() >= self.lists.high.get()
    }
    /// Returns the lists' numbers.
    pub(crate) fn lists(&self) -> &PerCpuPages {
        self.lists
    }

    /// Puts blocks that were taken from the zone on an empty list, so that they come off in the order of `chain`.
    pub(crate) fn refill(&self, frames: &FrameTable, list: u32, chain: Chain) {
        let top = &self.lists.tops[list as usize % LISTS];
        if let Some(last) = frames.at(chain.last.wrapping_sub(1)) {
            last.next.store(top.get(), Ordering::Relaxed);
            top.set(chain.first);
            self.lists.pushed.add(chain.pages);
            self.lists.refilled.add(chain.pages);
        }
    }
    /// Takes the top block of a list for the zone; returns its frame's index.
    #[inline]
    pub(crate) fn pop_for_zone(&self, frames: &FrameTable, list: u32, order: u32) -> Option<u32> {
        let top = &self.lists.tops[list as usize % LISTS];
        let index = top.get().wrapping_sub(1);
        let frame = frames.at(index)?;
        top.set(frame.next.load(Ordering::Relaxed));
        frame.clear();
        self.lists.popped.add(1 << order);
        self.lists.drained.add(1 << order);
        Some(index)
    }

    /// Returns how often in a row the lists were drained, and refilled.
    pub(crate) fn factors(&self) -> (u32, u32) {
        let factors = self.lists.factors.get();
        (factors & 0xffff, factors >> 16)
    }
    pub(crate) fn set_factors(&self, drains: u32, refills: u32) {
        self.lists.factors.set(drains & 0xffff | refills << 16);
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
