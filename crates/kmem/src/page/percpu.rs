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
use crate::sync::{light_fence, relax, AtomicU32, Count, Ordering, Tally};
use crate::units::Order;
use core::mem::ManuallyDrop;

/// Lists of one CPU and zone: four small orders and the huge one, for each type that requests have.
const LISTS: usize = 16;
/// The fourth list of each type-less place: see [`PerCpuPages::list`].
const HUGE: u32 = 3;

zeroed_struct! {
    /// One CPU's free blocks of one zone: two lines of the cache, of which order 0 needs one. Zero is empty.
    #[repr(C, align(64))]
    pub(crate) struct PerCpuPages {
        busy: AtomicU32,
        claim: AtomicU32,
        /// Pages that went onto the lists so far.
        pushed: Tally,
        /// Pages that still fit: `high` less what the lists hold. Not above 0: something must go back.
        room: Count,
        pub(crate) batch: Count,
        high: Count,
        /// How often in a row lists were drained, and refilled: the batches grow with it.
        factors: Count,
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
        self.lists.busy.store(0, Ordering::Release);
    }
}

impl PerCpuPages {
    /// Returns how many pages the lists hold.
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        self.high.get().wrapping_sub(self.room.get())
    }
    /// Returns how many they should hold at most.
    pub(crate) fn high(&self) -> u32 {
        self.high.get()
    }
    /// Returns the pages that were taken from and given to the lists by requests so far.
    pub(crate) fn traffic(&self) -> (usize, usize) {
        let popped = self.pushed.get().wrapping_sub(self.count() as usize);
        (popped.wrapping_sub(self.drained.get()), self.pushed.get().wrapping_sub(self.refilled.get()))
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
        while self.busy.load(Ordering::Acquire) != 0 {
            relax();
        }
        ManuallyDrop::new(Owned { lists: self })
    }
    /// Gives the lists back to their owner.
    pub(crate) fn unclaim(&self) {
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
}

impl Owned<'_> {
    /// Takes the top block of a list and marks it as used, with these flags besides; returns its frame's index.
    #[inline(always)]
    pub(crate) fn pop(&self, frames: &FrameTable, list: u32, order: u32, flags: u32) -> Option<u32> {
        let top = &self.lists.tops[list as usize % LISTS];
        let index = top.get().wrapping_sub(1);
        let frame = frames.at(index)?;
        top.set(frame.next.load(Ordering::Relaxed));
        self.lists.room.add(1 << order);
        frame.leave_pcp(flags);
        Some(index)
    }
    /// Puts a used block with reference count 1 and no flags but its list on this list. True when something must go back.
    #[inline(always)]
    pub(crate) fn push(&self, frame: &Frame, index: u32, list: u32, order: u32) -> bool {
        frame.enter_pcp();
        let top = &self.lists.tops[list as usize % LISTS];
        frame.next.store(top.get(), Ordering::Relaxed);
        top.set(index.wrapping_add(1));
        self.lists.pushed.add(1 << order);
        self.lists.room.sub(1 << order);
        self.lists.room.get() as i32 <= 0
    }
    /// Sets how many pages the lists should hold at most.
    pub(crate) fn set_high(&self, high: u32) {
        let count = self.lists.count();
        self.lists.high.set(high);
        self.lists.room.set(high.wrapping_sub(count));
    }
    /// Sets the batch, and how many pages the lists hold at most: between what bounds that follows the load.
    pub(crate) fn set_bounds(&self, batch: u32, least: u32, most: u32) {
        self.lists.batch.set(batch);
        self.lists.high_min.set(least);
        self.lists.high_max.set(most);
        self.set_high(least);
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
            self.lists.room.sub(chain.pages as u32);
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
        self.lists.room.add(1 << order);
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
