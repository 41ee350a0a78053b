//! Per-CPU page lists: small blocks that a CPU takes and gives without a lock.
//!
//! Nearly every page allocation is of order 0, so each CPU keeps stacks of free blocks of each zone: one for each order
//! that the kernel keeps so, and each mobility type. A hit pops or pushes one frame: no lock, no locked operation, nothing
//! that another CPU writes. An empty list is refilled with a batch under the zone's lock; when all together hold `high`
//! pages, a batch or more goes back, those first that lie there longest. The same happens to a list that has no slots left:
//! each has enough for what is still in the cache.
//!
//! A list is an array of frame numbers ([`crate::raw`], `Stacks`) and not a chain through the frames, so that who gives many
//! back does not wait for the entry of each. Of the frame itself a hit needs the state alone, which says zone and list.
//!
//! # Room
//! All lists of a zone together have room for `high` pages, but a hit compares with one number only: how far *its* list may
//! grow. So the room is dealt out. A list that has used up its part asks for more ([`Lists::make_room`]): it gets what nobody
//! has, else half of what each other list has left. So the lists are full when all of it is used, to the page, whichever of
//! them used it; and a list that is used alone soon has all.
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

use super::frame::{FrameTable, State};
use super::mobility::Mobility;
use super::rule::PageRule;
use super::zone::ZoneExtent;
use crate::gfp::Gfp;
use crate::profile::Profile;
use crate::raw::{zeroed_struct, Filling, Row};
use crate::sync::{light_fence, wait_while, Count, Ordering, Shared, Tally, Witness};
use crate::units::{Order, Pfn};

/// Lists of one CPU and zone: four small orders and the huge one, for each type that requests have.
const LISTS: u32 = 16;
/// The most pages that a list keeps, however large `high` is. A page on a list keeps larger blocks from forming, and those
/// that were freed last are in the cache: a few hundred are as good as thousands.
const KEPT: u32 = 1024;
/// As many it may keep on the smallest machine.
const KEPT_ANYWAY: u64 = 64;
/// The most huge pages that a list keeps.
const KEPT_HUGE: u32 = 4;
/// The fourth list of each type-less place: see [`list`].
const HUGE: u32 = 3;

/// Returns the number of a list: four places for each small order, of which the types that requests have take three; the
/// fourth ones are those of huge pages.
#[inline(always)]
pub(crate) const fn list(order: u32, kind: u32) -> u32 {
    if order <= 3 {
        order << 2 | kind
    } else {
        kind << 2 | HUGE
    }
}
/// Returns the type of a list's blocks.
#[inline(always)]
pub(crate) const fn kind_of(list: u32) -> u32 {
    if list & 3 == HUGE {
        list >> 2
    } else {
        list & 3
    }
}

/// Which lists a kernel has, and how many blocks they may hold.
pub(crate) struct Shape {
    /// The largest of the small orders.
    pub(crate) top: u32,
    pub(crate) cpus: u32,
    /// The orders of all lists, a bit each.
    orders: u32,
    /// The lists, each with its order; so many of them.
    used: [(u8, u8); LISTS as usize],
    count: u8,
}

impl Shape {
    /// Returns the shape of a kernel's lists.
    pub(crate) fn of(profile: &Profile, cpus: u32) -> Self {
        let rule = PageRule::of(profile);
        let huge = (rule.pcp_huge && profile.tuning.has_thp()).then_some(profile.pageblock_order);
        let mut shape = Self { top: rule.pcp_top.min(3), cpus, orders: 0, used: [(0, 0); LISTS as usize], count: 0 };
        for list in 0..LISTS {
            let kind = kind_of(list);
            let is_typed = if rule.groups_by_mobility {
                kind < Mobility::REQUESTED as u32
            } else {
                kind == Mobility::Movable as u32
            };
            let order = if list & 3 == HUGE { huge } else { Order::new(list >> 2).filter(|_| list >> 2 <= shape.top) };
            if let Some(order) = order.filter(|_| is_typed) {
                shape.used[usize::from(shape.count)] = (list as u8, order.raw() as u8);
                shape.count += 1;
                shape.orders |= 1 << order.raw();
            }
        }
        shape
    }
    /// True for blocks that the lists hold.
    #[inline(always)]
    pub(crate) fn has(&self, order: Order) -> bool {
        // One test, since orders come in no order; none where it is the constant 0.
        (order == Order::ZERO) | (self.orders >> order.raw() & 1 != 0)
    }
    /// True for blocks that come to the lists many at a time. Huge ones are one by one the zone's as soon as a list has none
    /// or is full.
    #[inline(always)]
    pub(crate) fn has_small(&self, order: Order) -> bool {
        order.raw() <= self.top
    }
    /// Returns the orders up to `top` for which that is not so, a bit each.
    pub(crate) fn not_small(&self, top: Order) -> u32 {
        Order::ZERO.up_to(top).filter(|order| !self.has_small(*order)).fold(0, |all, order| all | 1 << order.raw())
    }
    /// Returns the lists with their orders.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (u32, Order)> + '_ {
        self.used().iter().filter_map(|(list, order)| Some((u32::from(*list), Order::new((*order).into())?)))
    }
    #[inline(always)]
    fn used(&self) -> &[(u8, u8)] {
        self.used.get(..self.count.into()).unwrap_or_default()
    }
    /// Returns how many blocks one of a CPU's lists holds at most. `extents` are the zones of all nodes.
    pub(crate) fn slots_at(&self, extents: &[Option<ZoneExtent>], at: u32) -> u32 {
        let (slot, list) = ((at / LISTS) as usize, at % LISTS);
        let zone_pages = extents.get(slot).copied().flatten().map_or(0, |zone| zone.spanned);
        let part = zone_pages / 8 / u64::from(self.cpus.max(1));
        let kept = part.clamp(KEPT_ANYWAY, KEPT.into()).min(zone_pages) as u32;
        match self.lists().find(|(at, _)| *at == list) {
            Some((_, order)) if list & 3 == HUGE => KEPT_HUGE.min((zone_pages >> order.raw()) as u32),
            Some((_, order)) => kept >> order.raw(),
            None => 0,
        }
    }
}

zeroed_struct! {
    /// What one CPU's lists of one zone have in common, off the hit path.
    #[repr(C, align(64))]
    pub(crate) struct PerCpuPages {
        pub(crate) batch: Count,
        /// At how many pages the lists give back.
        high: Count,
        /// How often the batch of a refill doubled: the more refills in a row, the larger they get.
        pub(crate) doublings: Count,
        /// The bounds within which `high` follows the load.
        pub(crate) high_min: Count,
        pub(crate) high_max: Count,
        /// Pages that came from the zone; pages that went back there.
        refilled: Tally,
        drained: Tally,
    }
}

zeroed_struct! {
    /// What a CPU's lists have in common: who works on them, and where requests begin.
    #[repr(C, align(64))]
    pub(crate) struct CpuHead {
        busy: Shared,
        claim: Shared,
        witness: Witness,
        /// For each combination of the zone and mobility bits of [`crate::Gfp`] the state of a used page as such a request
        /// gets it first: it says which list.
        pub(crate) first: [Count; 32],
        /// Who allocates, in the client's numbers.
        pub(crate) caller: Count,
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
    /// Returns the state of a page as a request gets it first.
    #[inline(always)]
    pub(crate) fn first(&self, gfp: Gfp) -> State {
        State::from_raw(self.first[(gfp.bits() & 31) as usize].get())
    }
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
        wait_while(|| self.busy.load(Ordering::Acquire) != 0);
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
    /// Returns at how many pages the lists give back.
    pub(crate) fn high(&self) -> u32 {
        self.high.get()
    }
    /// Sets at how many pages the lists give back.
    pub(crate) fn set_high(&self, high: u32) {
        self.high.set(high);
    }
    /// Sets the batch, and how many pages the lists hold at most: between what bounds that follows the load.
    pub(crate) fn set_bounds(&self, batch: u32, least: u32, most: u32) {
        self.batch.set(batch);
        self.high_min.set(least);
        self.high_max.set(most);
        self.set_high(least);
    }
}

/// One CPU's lists of one zone. What changes them is for the owner inside, and for a thief.
#[derive(Clone, Copy)]
pub(crate) struct Lists<'a> {
    pub(crate) pages: &'a PerCpuPages,
    row: Row<'a>,
    shape: &'a Shape,
    first: u32,
}

impl<'a> Lists<'a> {
    /// Returns how many lists a CPU has, used or not: a power of two.
    pub(crate) const fn width(slots: u32) -> u32 {
        (slots * LISTS).next_power_of_two()
    }
    pub(crate) fn new(pages: &'a PerCpuPages, row: Row<'a>, shape: &'a Shape, slot: usize) -> Self {
        Self { pages, row, shape, first: slot as u32 * LISTS }
    }
    /// Returns the lists, each with the log2 of its blocks' pages.
    fn each(&self) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let first = self.first;
        self.shape.used().iter().map(move |(list, order)| (first + u32::from(*list), u32::from(*order)))
    }
    /// Returns how many pages the lists hold.
    pub(crate) fn count(&self) -> u32 {
        self.each().map(|(at, order)| self.row.len(at) << order).sum()
    }
    /// Returns the pages that were taken from and given to the lists by requests so far.
    pub(crate) fn traffic(&self) -> (usize, usize) {
        let popped: usize = self.each().map(|(at, order)| self.row.popped(at) << order).sum();
        let left = popped.wrapping_add(self.pages.drained.get()).wrapping_add(self.count() as usize);
        (popped, left.wrapping_sub(self.pages.refilled.get()))
    }
    /// Shows the frames of a list, the oldest first.
    pub(crate) fn iter(&self, list: u32) -> impl Iterator<Item = u32> + 'a {
        self.row.iter(self.first + list)
    }
    /// Takes the top block of the list that a state says, and gives it that state; returns its frame's index.
    pub(crate) fn pop(&self, frames: &FrameTable, state: State) -> Option<u32> {
        let index = self.row.pop(state.list(), frames.len())?;
        frames.states().set(index, state);
        Some(index)
    }
    /// Puts a block on the list that its state says. False when the lists are full.
    pub(crate) fn push(&self, index: u32, state: State) -> bool {
        self.row.push(state.list(), index) || self.make_room(state.list()) && self.row.push(state.list(), index)
    }
    /// Puts a block on the list that its state says, which has a slot for it, full or not.
    pub(crate) fn push_anyway(&self, index: u32, state: State) {
        self.row.push_anyway(state.list(), index);
    }
    /// Gives a list the room that nobody has, or else half of what each other list has left. False when there is none.
    #[inline(never)]
    pub(crate) fn make_room(&self, wanted: u32) -> bool {
        // The page that would make as many as `high` is the one too many.
        let most = self.pages.high.get().saturating_sub(1);
        if self.count() > most {
            self.take_room();
            return false;
        }
        let (mut own, mut others) = (0, 0);
        for (at, order) in self.each() {
            if at == wanted {
                own = order;
            } else {
                others += self.row.part(at) << order;
            }
        }
        let needed = (self.row.len(wanted) + 1) << own;
        // Half of what the others have; when that is too little, all.
        for part in [2, 1] {
            if others + needed <= most {
                break;
            }
            for (at, order) in self.each().filter(|(at, _)| *at != wanted) {
                let theirs = self.row.room(at).0;
                let taken = theirs.div_ceil(part);
                self.row.set_part(at, self.row.len(at) + theirs - taken);
                others -= taken << order;
            }
        }
        self.row.set_part(wanted, most.saturating_sub(others) >> own);
        self.row.room(wanted).0 > 0
    }
    /// Makes each list ask for room the next time.
    pub(crate) fn take_room(&self) {
        self.each().for_each(|(at, _)| self.row.set_part(at, 0));
    }
    /// Returns how many blocks one of the CPU's lists holds.
    pub(crate) fn len(&self, at: u32) -> u32 {
        self.row.len(at)
    }
    /// Returns how many more blocks one of the CPU's lists has slots for.
    pub(crate) fn slots(&self, at: u32) -> u32 {
        self.row.room(at).1
    }
    /// Puts as many blocks from the zone on one of the CPU's lists as `give` hands on, the first at the top: at most `most`, and as many as
    /// there are slots for. Returns how many there were.
    #[inline]
    pub(crate) fn refill(&self, at: u32, order: Order, most: u32, give: impl FnOnce(&mut Filling<'a>)) -> u32 {
        let count = self.row.fill(at, most, give);
        self.pages.refilled.add((count as usize) << order.raw());
        if self.row.is_beyond_limit(at) {
            self.make_room(at);
        }
        count
    }
    /// Says of the oldest blocks of a list, at most `count`, that they are the zone's, and shows their frames; returns how
    /// many there are. They stay on the list until [`Lists::drop_oldest`].
    pub(crate) fn oldest(
        &self,
        frames: &'a FrameTable,
        list: u32,
        count: u32,
    ) -> (impl Iterator<Item = Pfn> + 'a, u32) {
        let count = count.min(self.row.len(self.first + list));
        let states = frames.states();
        // In a loop of its own, in which each state is read before it is written: so the CPU waits for those of many blocks
        // at once.
        self.iter(list).take(count as usize).for_each(|index| states.unlist(index));
        (self.iter(list).take(count as usize).map(move |index| states.pfn(index)), count)
    }
    /// Drops the oldest blocks of a list.
    pub(crate) fn drop_oldest(&self, list: u32, order: Order, count: u32) {
        self.row.drop_lowest(self.first + list, count);
        self.pages.drained.add((count as usize) << order.raw());
    }
}
