//! What the engine knows about one page frame: its entry of the mem_map.
//!
//! An entry is 24 bytes of atomics, in three arrays: the *state*, one word, is all that a hit looks at, of the page allocator
//! or of a slab cache; one more word is the owner's, so that those of many frames share a line of the cache; the links and
//! what else an owner keeps lie elsewhere. All bytes zero means "not the head of anything": a free frame, or the body of a block. So a fresh mem_map needs no initialisation;
//! only heads of blocks that are handed out are ever written, and a machine of any size boots in the time its zones take.
//! Which frames are free, the zone's chunks know.
//!
//! # References
//! Nearly every block has one reference from its first moment to its last, so what is counted is those *beyond* it, and a
//! flag of the state says whether there ever were any. Only somebody who holds a reference adds one, and the flag stays until
//! the block is freed: who finds it unset is the only holder.
//!
//! # States of a frame
//! `Tail` (free, inside a block, or never touched) · `Pcp` (head of a block on a per-CPU list) · `Used` (head of an
//! allocated block) · `Slab` / `SlabTail` (page of a slab) · `Slob` (page of SLOB's). `Free` and `Reserved` are what reports say.

use super::percpu::{kind_of, list};
use crate::raw::{zeroed_struct, Columns, Part, Reserve};
use crate::sync::{AtomicU32, Ordering, Shared};
use crate::units::{Order, Pfn};

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// Inside a block, or never touched.
    Tail = 0,
    /// In a free block. Not a state of the entry: the zone's chunks say so.
    Free = 1,
    /// First frame of a block on a per-CPU list.
    Pcp = 2,
    /// First frame of an allocated block.
    Used = 3,
    /// First page of a slab.
    Slab = 4,
    /// Another page of a slab.
    SlabTail = 5,
    /// The kernel's own from boot on, or a hole in RAM. Not a state of the entry: a frame in no block is that.
    Reserved = 6,
    /// A page of blocks of all sizes: SLOB's.
    Slob = 7,
}

/// The state word of a frame, taken apart.
///
/// ```text
///     bits 0–3   kind              22–31  per-CPU list: zone (6 bits), list of the zone (4)
///          4–7   order              8–16  flags
/// ```
/// The list stands at the top, so that one shift yields its number among all lists of a CPU. In its place a page of a slab has
/// the number of the cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct State(u32);

impl State {
    const KIND: u32 = 15;
    pub(crate) const ORDER_SHIFT: u32 = 4;
    const ORDER: u32 = 15 << Self::ORDER_SHIFT;
    /// The block is compound: its last reference gives back all of it.
    const COMPOUND: u32 = 1 << 8;
    /// The block is the engine's own (tables of descriptors, page tables): clients cannot free it.
    pub(crate) const KEPT: u32 = 1 << 9;
    /// There were references besides the first.
    const SHARED: u32 = 1 << 10;
    /// The page is on one of reclaim's lists.
    pub(crate) const LRU: u32 = 1 << 11;
    /// On the active one.
    pub(crate) const ACTIVE: u32 = 1 << 12;
    /// Used since it was last looked at.
    pub(crate) const REFERENCED: u32 = 1 << 13;
    /// Its contents are not on disk.
    pub(crate) const DIRTY: u32 = 1 << 14;
    /// A process maps the page: `a` and `b` say whose it is.
    pub(crate) const OWNED: u32 = 1 << 15;
    /// The page is in the page cache: `a` and `b` say of which file.
    pub(crate) const FILE: u32 = 1 << 16;
    const LIST_SHIFT: u32 = 22;
    const LIST: u32 = u32::MAX << Self::LIST_SHIFT;
    /// What a block that its owner may free does not have.
    const HELD: u32 = Self::KEPT | Self::LRU | Self::OWNED | Self::FILE;
    /// What says whether a block goes straight back.
    const PLAIN: u32 = Self::HELD | Self::SHARED | Self::ORDER | Self::KIND;
    /// What of a state a block keeps on a per-CPU list, where it is `Pcp` = `Used` - 1.
    const LISTED: u32 = Self::LIST | Self::ORDER | (Self::KIND - 1);

    #[inline(always)]
    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
    #[inline(always)]
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
    /// Returns the state of the head of a block of a zone.
    pub(crate) const fn new(kind: FrameKind, order: Order, slot: usize) -> Self {
        Self::listed(kind, order, slot, 0)
    }
    /// Returns the state of a used block of a zone, taken for a mobility type.
    pub(crate) const fn used(order: Order, slot: usize, mobility: u32) -> Self {
        Self::listed(FrameKind::Used, order, slot, mobility)
    }
    const fn listed(kind: FrameKind, order: Order, slot: usize, mobility: u32) -> Self {
        let list = (slot as u32 & 0x3f) << 4 | list(order.raw(), mobility);
        Self(kind as u32 | order.raw() << Self::ORDER_SHIFT | list << Self::LIST_SHIFT)
    }
    /// Returns the state of a used single page as that of a block of another order, compound or not.
    #[inline(always)]
    pub(crate) const fn of(self, order: Order, compound: bool) -> Self {
        let (list, at) =
            (list(order.raw(), kind_of(self.0 >> Self::LIST_SHIFT & 15)), self.0 >> Self::LIST_SHIFT & !15);
        let rest = self.0 & !(Self::LIST | Self::ORDER);
        let compound = if compound { Self::COMPOUND } else { 0 };
        Self(rest | compound | order.raw() << Self::ORDER_SHIFT | (at | list) << Self::LIST_SHIFT)
    }
    /// Returns which of a CPU's lists the block goes to.
    #[inline(always)]
    pub(crate) const fn list(self) -> u32 {
        self.0 >> Self::LIST_SHIFT
    }
    /// Returns the same among the lists of its zone.
    #[inline]
    pub(crate) const fn list_in_zone(self) -> u32 {
        self.list() & 15
    }
    /// Returns the mobility type that the block was taken for.
    #[inline]
    pub(crate) const fn mobility(self) -> u32 {
        kind_of(self.list() & 15)
    }
    /// Returns the state of a used block, its owner's flags left out, on a per-CPU list.
    #[inline(always)]
    pub(crate) const fn on_pcp(self) -> Self {
        Self(self.0 & Self::LISTED)
    }
    #[inline(always)]
    pub(crate) const fn is_lru(self) -> bool {
        self.0 & Self::LRU != 0
    }
    /// True when all of these flags are set.
    #[inline]
    pub(crate) const fn has(self, flags: u32) -> bool {
        self.0 & flags == flags
    }

    /// True when there were references besides the first.
    pub(crate) const fn is_shared(self) -> bool {
        self.0 & Self::SHARED != 0
    }
    #[inline]
    pub(crate) const fn is_compound(self) -> bool {
        self.0 & Self::COMPOUND != 0
    }
    #[inline]
    pub(crate) const fn kind(self) -> FrameKind {
        match self.0 & Self::KIND {
            2 => FrameKind::Pcp,
            3 => FrameKind::Used,
            4 => FrameKind::Slab,
            5 => FrameKind::SlabTail,
            7 => FrameKind::Slob,
            _ => FrameKind::Tail,
        }
    }
    #[inline]
    pub(crate) fn order(self) -> Order {
        Order::new((self.0 & Self::ORDER) >> Self::ORDER_SHIFT).unwrap_or(Order::ZERO)
    }
    #[inline]
    pub(crate) const fn zone(self) -> usize {
        (self.0 >> (Self::LIST_SHIFT + 4)) as usize
    }
    /// True for the head of an allocated block of just this order whose only holder may free it.
    #[inline(always)]
    pub(crate) fn is_plain(self, order: Order) -> bool {
        self.0 & Self::PLAIN == FrameKind::Used as u32 | order.raw() << Self::ORDER_SHIFT
    }
    /// Returns the state of the first page of the block, as a block of another order, not compound.
    #[inline]
    pub(crate) const fn with_order(self, order: Order) -> Self {
        Self(self.of(order, false).0 & !Self::COMPOUND)
    }
    #[inline]
    pub(crate) const fn keep(self, yes: bool) -> Self {
        Self(if yes { self.0 | Self::KEPT } else { self.0 & !Self::KEPT })
    }
    #[inline]
    pub(crate) const fn is_kept(self) -> bool {
        self.0 & Self::KEPT != 0
    }
    /// Returns the same block's state as something else.
    pub(crate) const fn with_kind(self, kind: FrameKind) -> Self {
        Self(self.0 & !Self::KIND | kind as u32)
    }
    /// Returns the state of a page of a cache's slab, of the same order.
    pub(crate) const fn of_slab(self, kind: FrameKind, cache: u32) -> Self {
        Self(self.0 & !(Self::LIST | Self::KIND) | kind as u32 | cache << Self::LIST_SHIFT)
    }
    /// Returns the state of the head of a slab as that of the used block that it was; `list` is what [`State::of_slab`]
    /// left out.
    pub(crate) const fn after_slab(self, list: u32) -> Self {
        Self(self.0 & !(Self::LIST | Self::KIND) | FrameKind::Used as u32 | list << Self::LIST_SHIFT)
    }
    /// Returns the number of the cache whose slab a page is part of.
    #[inline(always)]
    pub(crate) const fn cache(self) -> u32 {
        self.0 >> Self::LIST_SHIFT
    }
    /// True for a page of a slab.
    #[inline(always)]
    pub(crate) const fn is_slab(self) -> bool {
        // Two neighbours: 4 and 5.
        self.0 & (Self::KIND - 1) == FrameKind::Slab as u32
    }
}

const _: () = assert!(crate::raw::NUMBERS <= 1 << (u32::BITS - State::LIST_SHIFT));
const _: () = assert!(FrameKind::SlabTail as u32 == FrameKind::Slab as u32 + 1);
const _: () = assert!(FrameKind::Pcp as u32 == State::LISTED & FrameKind::Used as u32);

/// Ends a list of frames.
pub(crate) const NIL: u32 = u32::MAX;

zeroed_struct! {
    /// What an entry of the mem_map has besides the state and `a`. `next` and `prev` link the list the frame is on; the
    /// meaning of `a` and `b` is the owner's.
    #[repr(C)]
    pub(crate) struct Links {
        /// References beyond the first.
        more: Shared,
        pub(crate) next: AtomicU32,
        pub(crate) prev: AtomicU32,
        pub(crate) b: AtomicU32,
    }
}

/// One entry of the mem_map. Zero is `Tail`.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    state: &'a Shared,
    /// The first of the owner's two words.
    pub(crate) a: &'a AtomicU32,
    links: &'a Links,
}

impl core::ops::Deref for Frame<'_> {
    type Target = Links;
    #[inline(always)]
    fn deref(&self) -> &Links {
        self.links
    }
}

impl Frame<'_> {
    #[inline(always)]
    pub(crate) fn state(&self) -> State {
        State(self.state.load(Ordering::Relaxed))
    }
    #[inline(always)]
    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state.0, Ordering::Relaxed);
    }
    /// Sets or clears flags of a used frame. Others may change other flags meanwhile.
    #[inline]
    pub(crate) fn flag(&self, flags: u32, yes: bool) {
        if yes {
            self.state.fetch_or(flags, Ordering::Relaxed);
        } else {
            self.state.fetch_and(!flags, Ordering::Relaxed);
        }
    }
    /// Makes the frame the body of a block.
    #[inline]
    pub(crate) fn clear(&self) {
        self.state.store(0, Ordering::Relaxed);
    }
    /// Returns how many references a used block has.
    #[inline]
    pub(crate) fn count(&self) -> u32 {
        match self.state() {
            state if state.kind() == FrameKind::Tail => 0,
            state if !state.has(State::SHARED) => 1,
            _ => self.links.more.load(Ordering::Acquire).wrapping_add(1),
        }
    }
    /// Returns the word that counts references, which the owner of a block that nobody else refers to may use otherwise; it
    /// has to be 0 again when the block is freed.
    #[inline]
    pub(crate) fn more(&self) -> u32 {
        self.links.more.load(Ordering::Relaxed)
    }
    /// See [`Frame::more`].
    #[inline]
    pub(crate) fn set_more(&self, more: u32) {
        self.links.more.store(more, Ordering::Relaxed);
    }
    /// Adds a reference; returns the count before. Call only while the caller holds one.
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        // First the count: who sees the flag finds the reference counted.
        let before = self.links.more.fetch_add(1, Ordering::Relaxed);
        self.state.fetch_or(State::SHARED, Ordering::Release);
        before.wrapping_add(1)
    }
    /// Drops a reference; returns the count before, which 1 is for the last: the block is then the caller's alone. Call only
    /// while the caller holds one.
    #[inline]
    pub(crate) fn put(&self) -> u32 {
        if self.state.load(Ordering::Acquire) & State::SHARED == 0 {
            return 1;
        }
        let before = self.links.more.fetch_sub(1, Ordering::AcqRel);
        if before == 0 {
            self.links.more.store(0, Ordering::Relaxed);
            self.state.fetch_and(!State::SHARED, Ordering::Relaxed);
        }
        before.wrapping_add(1)
    }
}

/// The mem_map: an entry for each frame from the first to the last of RAM.
pub(crate) struct FrameTable {
    entries: Columns<Shared, AtomicU32, Links>,
    first: u64,
}

impl FrameTable {
    /// Bytes of an entry.
    pub(crate) const ENTRY: u64 = (2 * size_of::<u32>() + size_of::<Links>()) as u64;
    /// Cuts entries for `frames` frames off the reserve. `None` when it is too small.
    pub(crate) fn new(reserve: &mut Reserve<'_>, frames: u64, first: Pfn) -> Option<Self> {
        Some(Self { entries: Columns::new(reserve, frames)?, first: first.raw() })
    }
    /// Returns the entry of a frame, `None` outside the mem_map.
    #[inline(always)]
    pub(crate) fn get(&self, pfn: Pfn) -> Option<Frame<'_>> {
        self.entry_at(pfn.raw().wrapping_sub(self.first))
    }
    /// True when no frame of a range is the head of a block that a request took. Where part of the range is free, in blocks
    /// that lie in it, the rest is what boot keeps.
    pub(crate) fn are_untaken(&self, start: Pfn, end: Pfn) -> bool {
        (start.raw()..end.raw())
            .all(|pfn| self.get(Pfn::new(pfn)).is_none_or(|frame| frame.state().kind() == FrameKind::Tail))
    }
    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> u32 {
        self.entries.len()
    }
    /// Returns the entry with this index.
    #[inline(always)]
    pub(crate) fn at(&self, index: u32) -> Option<Frame<'_>> {
        self.entry_at(index.into())
    }
    #[inline(always)]
    fn entry_at(&self, index: u64) -> Option<Frame<'_>> {
        self.entries.get(index).map(|(state, a, links)| Frame { state, a, links })
    }
    /// Returns the cache whose slab a frame is part of.
    #[inline(always)]
    pub(crate) fn slab_cache(&self, pfn: Pfn) -> Option<u32> {
        let state = self.get(pfn)?.state();
        state.is_slab().then(|| state.cache())
    }
    /// Returns the index of the first frame of the slab that a frame is part of, with the cache.
    #[inline(always)]
    pub(crate) fn slab_of(&self, index: u32) -> Option<(u32, u32)> {
        let frame = self.at(index)?;
        let state = frame.state();
        match state.kind() {
            FrameKind::Slab => Some((index, state.cache())),
            FrameKind::SlabTail => Some((frame.a.load(Ordering::Relaxed), state.cache())),
            _ => None,
        }
    }
    /// Returns all states, to be kept at hand.
    #[inline(always)]
    pub(crate) fn states(&self) -> States<'_> {
        States { states: self.entries.firsts(), first: self.first }
    }
    /// Returns a frame's index, by which lists link it.
    #[inline(always)]
    pub(crate) fn index(&self, pfn: Pfn) -> u32 {
        (pfn.raw().wrapping_sub(self.first)) as u32
    }
    /// Returns the frame with this index.
    #[inline(always)]
    pub(crate) fn pfn(&self, index: u32) -> Pfn {
        Pfn::new(self.first + u64::from(index))
    }
    /// Finds the head of the block that a frame lies in, with its state: the frame itself or the nearest head below
    /// whose block reaches it. O(orders).
    pub(crate) fn head(&self, pfn: Pfn) -> Option<(Pfn, Frame<'_>, State)> {
        for order in (0..Order::COUNT as u32).filter_map(Order::new) {
            let head = pfn.align_down(order);
            let Some(frame) = self.get(head) else { continue };
            let state = frame.state();
            if state.kind() != FrameKind::Tail {
                return (head.add(state.order().pages()).raw() > pfn.raw()).then_some((head, frame, state));
            }
        }
        None
    }
}

/// The states of all frames, as a CPU keeps them at hand.
#[derive(Clone, Copy)]
pub(crate) struct States<'a> {
    states: Part<'a, Shared>,
    first: u64,
}

impl States<'_> {
    /// Returns how many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.states.len()
    }
    /// Sets the state of the frame with this index.
    #[inline(always)]
    pub(crate) fn set(&self, index: u32, state: State) {
        self.states.with(index.into(), |word| word.store(state.0, Ordering::Relaxed));
    }
    /// Makes the frame with this index, the head of a block on a per-CPU list, the body of a block.
    #[inline(always)]
    pub(crate) fn unlist(&self, index: u32) {
        self.states.with(index.into(), |word| {
            if word.load(Ordering::Relaxed) & State::KIND == FrameKind::Pcp as u32 {
                word.store(0, Ordering::Relaxed);
            }
        });
    }
    /// Does something with the state of a frame, and the frame's index; `None` outside the mem_map.
    #[inline(always)]
    pub(crate) fn with<R>(&self, pfn: Pfn, act: impl FnOnce(u32, StateOf<'_>) -> R) -> Option<R> {
        let index = pfn.raw().wrapping_sub(self.first);
        self.states.with(index, |state| act(index as u32, StateOf(state)))
    }
    /// Returns the frame with this index.
    #[inline(always)]
    pub(crate) fn pfn(&self, index: u32) -> Pfn {
        Pfn::new(self.first + u64::from(index))
    }
}

/// The word of a frame's state.
#[derive(Clone, Copy)]
pub(crate) struct StateOf<'a>(&'a Shared);

impl StateOf<'_> {
    #[inline(always)]
    pub(crate) fn get(self) -> State {
        State(self.0.load(Ordering::Relaxed))
    }
    #[inline(always)]
    pub(crate) fn set(self, state: State) {
        self.0.store(state.0, Ordering::Relaxed);
    }
}

/// A doubly linked list of frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameList {
    head: u32,
    tail: u32,
    len: u32,
}

impl Default for FrameList {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameList {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { head: NIL, tail: NIL, len: 0 }
    }
    pub(crate) const fn len(&self) -> u32 {
        self.len
    }
    pub(crate) fn first(&self) -> Option<u32> {
        (self.head != NIL).then_some(self.head)
    }
    pub(crate) fn push_front(&mut self, frames: &FrameTable, index: u32) {
        self.insert(frames, index, NIL, self.head);
    }
    pub(crate) fn push_back(&mut self, frames: &FrameTable, index: u32) {
        self.insert(frames, index, self.tail, NIL);
    }
    pub(crate) fn last(&self) -> Option<u32> {
        (self.tail != NIL).then_some(self.tail)
    }
    pub(crate) fn pop_front(&mut self, frames: &FrameTable) -> Option<u32> {
        let index = self.first()?;
        self.remove(frames, index);
        Some(index)
    }
    pub(crate) fn remove(&mut self, frames: &FrameTable, index: u32) {
        let Some(frame) = frames.at(index) else { return };
        let next = frame.next.load(Ordering::Relaxed);
        let prev = frame.prev.load(Ordering::Relaxed);
        self.link(frames, prev, next);
        self.len -= 1;
    }
    /// Turns the list, so that it begins with a frame that is on it.
    pub(crate) fn rotate_to(&mut self, frames: &FrameTable, index: u32) {
        let Some(frame) = frames.at(index).filter(|_| self.head != index) else { return };
        let before = frame.prev.load(Ordering::Relaxed);
        let (first, last) = (self.head, self.tail);
        self.link(frames, last, first);
        self.link(frames, NIL, index);
        self.link(frames, before, NIL);
    }
    /// Walks the list, at most `len + 1` steps so that a cycle ends.
    pub(crate) fn iter<'a>(&self, frames: &'a FrameTable) -> impl Iterator<Item = u32> + 'a {
        let mut at = self.head;
        let mut left = self.len.saturating_add(1);
        core::iter::from_fn(move || {
            if at == NIL || left == 0 {
                return None;
            }
            let here = at;
            at = frames.at(here)?.next.load(Ordering::Relaxed);
            left -= 1;
            Some(here)
        })
    }
    fn insert(&mut self, frames: &FrameTable, index: u32, prev: u32, next: u32) {
        self.link(frames, prev, index);
        self.link(frames, index, next);
        self.len += 1;
    }
    fn link(&mut self, frames: &FrameTable, prev: u32, next: u32) {
        match frames.at(prev) {
            Some(frame) => frame.next.store(next, Ordering::Relaxed),
            None => self.head = next,
        }
        match frames.at(next) {
            Some(frame) => frame.prev.store(prev, Ordering::Relaxed),
            None => self.tail = prev,
        }
    }
}
