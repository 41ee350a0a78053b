//! What the engine knows about one page frame: its entry of the mem_map.
//!
//! An entry is 24 bytes of atomics. All bytes zero means "not the head of anything": a free frame, or the body of a block.
//! So a fresh mem_map needs no initialisation; only heads of blocks that are handed out are ever written, and a machine of any size boots in the time its zones take. Which frames are free, the zone's chunks know.
//!
//! # States of a frame
//! `Tail` (free, inside a block, or never touched) · `Pcp` (head of a block on a per-CPU list) · `Used` (head of an
//! allocated block) · `Slab` / `SlabTail` (page of a slab). `Free` and `Reserved` are what reports say.

use crate::raw::{zeroed_struct, Array};
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
}

/// The state word of a frame, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct State(u32);

impl State {
    /// The block is compound: its last reference gives back all of it.
    const COMPOUND: u32 = 1 << 24;
    /// The block is the engine's own (tables of descriptors, page tables): clients cannot free it.
    const KEPT: u32 = 1 << 25;
    /// Which per-CPU list it goes to: the mobility type of the request that took it.
    const KIND_SHIFT: u32 = 12;
    /// What of a state a block keeps on a per-CPU list, where it is `Pcp` = `Used` - 1.
    const LISTED: u32 = 0x003f_3ffe;
    /// The page is on one of reclaim's lists.
    pub(crate) const LRU: u32 = 1 << 28;
    /// On the active one.
    pub(crate) const ACTIVE: u32 = 1 << 29;
    /// Used since it was last looked at.
    pub(crate) const REFERENCED: u32 = 1 << 30;
    /// Its contents are not on disk.
    pub(crate) const DIRTY: u32 = 1 << 31;
    /// A process maps the page: `a` and `b` say whose it is.
    pub(crate) const OWNED: u32 = 1 << 23;
    /// The page is in the page cache: `a` and `b` say of which file.
    pub(crate) const FILE: u32 = 1 << 22;
    pub(crate) const ORDER_SHIFT: u32 = 8;
    /// What a block that its owner may free does not have.
    const HELD: u32 = Self::KEPT | Self::LRU | Self::OWNED | Self::FILE;

    #[inline(always)]
    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
    #[inline(always)]
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
    /// Returns the state of a used block of a zone, taken for a mobility type.
    #[inline(always)]
    pub(crate) const fn used(order: Order, slot: usize, kind: u32) -> Self {
        Self(Self::new(FrameKind::Used, order, slot).0 | kind << Self::KIND_SHIFT)
    }
    /// Returns the state of a used single page as that of a block of another order, compound or not.
    #[inline(always)]
    pub(crate) const fn of(self, order: Order, compound: bool) -> Self {
        Self(self.0 | order.raw() << Self::ORDER_SHIFT | if compound { Self::COMPOUND } else { 0 })
    }
    /// Returns the mobility type that it was taken for, as the number of a per-CPU list.
    #[inline(always)]
    pub(crate) const fn list_kind(self) -> u32 {
        self.0 >> Self::KIND_SHIFT & 3
    }
    #[inline(always)]
    pub(crate) const fn raw_order(self) -> u32 {
        self.0 >> Self::ORDER_SHIFT & 15
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

    #[inline]
    pub(crate) const fn new(kind: FrameKind, order: Order, zone: usize) -> Self {
        Self(kind as u32 | order.raw() << 8 | (zone as u32) << 16)
    }
    #[inline]
    pub(crate) const fn is_compound(self) -> bool {
        self.0 & Self::COMPOUND != 0
    }
    #[inline]
    pub(crate) const fn kind(self) -> FrameKind {
        match self.0 as u8 {
            2 => FrameKind::Pcp,
            3 => FrameKind::Used,
            4 => FrameKind::Slab,
            5 => FrameKind::SlabTail,
            _ => FrameKind::Tail,
        }
    }
    #[inline]
    pub(crate) fn order(self) -> Order {
        Order::new(self.0 >> 8 & 15).unwrap_or(Order::ZERO)
    }
    #[inline]
    pub(crate) const fn zone(self) -> usize {
        (self.0 >> 16 & 0x3f) as usize
    }
    /// True for the head of an allocated block of just this order.
    #[inline(always)]
    pub(crate) fn is_used(self, order: Order) -> bool {
        self.0 & (Self::HELD | 0x0fff) == FrameKind::Used as u32 | order.raw() << 8
    }
    /// Returns the state of the first page of the block, as a block of another order, not compound.
    #[inline]
    pub(crate) const fn with_order(self, order: Order) -> Self {
        Self(self.0 & !(15 << Self::ORDER_SHIFT | Self::COMPOUND) | order.raw() << Self::ORDER_SHIFT)
    }
    #[inline]
    pub(crate) const fn keep(self, yes: bool) -> Self {
        Self(if yes { self.0 | Self::KEPT } else { self.0 & !Self::KEPT })
    }
    #[inline]
    pub(crate) const fn is_kept(self) -> bool {
        self.0 & Self::KEPT != 0
    }
    /// True for a page of a slab.
    #[inline(always)]
    pub(crate) const fn is_slab(self) -> bool {
        let kind = self.0 & 0xff;
        kind == FrameKind::Slab as u32 || kind == FrameKind::SlabTail as u32
    }
}

const _: () = assert!(FrameKind::Pcp as u32 == State::LISTED & FrameKind::Used as u32);

/// Ends a list of frames.
pub(crate) const NIL: u32 = u32::MAX;

zeroed_struct! {
    /// One entry of the mem_map. `next` and `prev` link the list the frame is on; the meaning of `a` and `b` is the
    /// owner's (slab: cache, and free list or head). Zero is `Tail`.
    #[repr(C)]
    pub(crate) struct Frame {
        state: Shared,
        count: Shared,
        pub(crate) next: AtomicU32,
        pub(crate) prev: AtomicU32,
        pub(crate) a: AtomicU32,
        pub(crate) b: AtomicU32,
    }
}

impl Frame {
    #[inline(always)]
    pub(crate) fn state(&self) -> State {
        State(self.state.load(Ordering::Relaxed))
    }
    #[inline(always)]
    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state.0, Ordering::Relaxed);
    }
    /// Returns the state of the head of a used block of just this order that has one reference and that nothing else holds.
    #[inline(always)]
    pub(crate) fn used_once(&self, order: Order) -> Option<State> {
        let state = self.state();
        (state.is_used(order) && self.count() == 1).then_some(state)
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
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }
    #[inline(always)]
    pub(crate) fn set_count(&self, count: u32) {
        self.count.store(count, Ordering::Relaxed);
    }
    /// Adds a reference; returns the count before.
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
    /// Drops a reference; returns the count before. Call only while the caller holds one.
    #[inline]
    pub(crate) fn put(&self) -> u32 {
        self.count.fetch_sub(1, Ordering::AcqRel)
    }
}

/// The mem_map: an entry for each frame from the first to the last of RAM.
pub(crate) struct FrameTable {
    frames: Array<Frame>,
    first: u64,
}

impl FrameTable {
    #[inline]
    pub(crate) fn new(frames: Array<Frame>, first: Pfn) -> Self {
        Self { frames, first: first.raw() }
    }
    /// Returns the entry of a frame, `None` outside the mem_map.
    #[inline(always)]
    pub(crate) fn get(&self, pfn: Pfn) -> Option<&Frame> {
        self.frames.get(pfn.raw().wrapping_sub(self.first))
    }
    /// Returns the entry of a frame with its index, `None` outside the mem_map.
    #[inline(always)]
    pub(crate) fn entry(&self, pfn: Pfn) -> Option<(u32, &Frame)> {
        let index = pfn.raw().wrapping_sub(self.first);
        self.frames.get(index).map(|frame| (index as u32, frame))
    }
    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> u32 {
        self.frames.len() as u32
    }
    /// Returns the entry with this index.
    #[inline(always)]
    pub(crate) fn at(&self, index: u32) -> Option<&Frame> {
        self.frames.get(u64::from(index))
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
    pub(crate) fn head(&self, pfn: Pfn) -> Option<(Pfn, &Frame, State)> {
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
