//! Buddy allocator: physically contiguous blocks of `2^order` pages, merged again as soon as they are free.
//!
//! A driver needs contiguous pages and the memory must not crumble. Splitting and merging only along powers of two
//! finds a block's neighbour with one XOR and bounds every operation by the number of orders. Order 0 out of order 2:
//!
//! ```text
//!     before   [ 0 1 2 3 ] order 2        after   [0] used   [1] order 0   [ 2 3 ] order 1
//! ```
//!
//! Kernels keep free blocks on lists, one for each order and mobility type, linked through the pages themselves. Here they
//! are bits: each chunk of 512 frames is a tree of them ([`super::chunk`]), and a summary says which chunks have what
//! ([`super::summary`]). What can be seen from outside, which blocks are free and how many of which order and type, is the
//! same; only that of several equal blocks the lowest is taken, not the one freed last. That keeps high addresses whole, and
//! neither a free nor a merge touches the mem_map. Some blocks are not merged before somebody needs it ([`super::lazy`]).
//!
//! A block of an order beyond 9 begins at its first chunk, whose info word says how large it is.
//!
//! # Invariants, checked by `verify`
//! - **I1** A free block lies wholly in the zone.
//! - **I2** The counts of each order and type are those of the bits, and a chunk with a block is in the summary.
//! - **I3** Two buddies below the top order that may merge are never both free: they would be one block.
//! - **I4** The free-page count is the sum over the blocks.
//! - **I5** A block is on the list of its pageblock's type.
//!
//! Elsewhere: which zone (`zonelist`), whether it may (`zone`), taking from another type (`steal`), the fast path
//! (`percpu`), zeroing (`memory`). Kernel counterpart: `mm/page_alloc.c` (`__free_one_page`, `__rmqueue_smallest`),
//! `Documentation/mm/physical_memory.rst`. Paper: Knowlton 1965.

use super::chunk::{bottom_word, first_page, node, Chunk, Cover, CHUNK_ORDER, CHUNK_PAGES, ROOT};
use super::lazy::Lazy;
use super::mobility::Mobility;
use super::summary::Summary;
use crate::error::Broken;
use crate::raw::{Array, Reserve};
use crate::sync::{AtomicU32, AtomicUsize, Ordering};
use crate::units::{Order, Pfn};

/// How many free blocks of each order and type a zone has. Whoever may change them holds the zone's lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreeCounts {
    blocks: [[u32; Mobility::COUNT]; Order::COUNT],
    pages: u64,
    /// Free pages by type.
    by_type: [u64; Mobility::COUNT],
    /// By type, a bit for each order that has blocks.
    orders: [u32; Mobility::COUNT],
    /// What was given and is not merged yet: [`LOOSE`], [`LAZY`].
    unmerged: u8,
}

/// Single pages, whose bits and counts are there: [`FreeArea::give_loose`].
const LOOSE: u8 = 1 << 0;
/// Blocks that wait for requests of their order, counted as free pages only: [`FreeArea::give_lazily`].
const LAZY: u8 = 1 << 1;

impl FreeCounts {
    pub(crate) const fn new() -> Self {
        Self {
            blocks: [[0; Mobility::COUNT]; Order::COUNT],
            pages: 0,
            by_type: [0; Mobility::COUNT],
            orders: [0; Mobility::COUNT],
            unmerged: 0,
        }
    }
    /// Returns the smallest order from `order` on that has blocks of a type.
    #[inline(always)]
    fn smallest(&self, order: u32, kind: Mobility) -> Option<u32> {
        let orders = self.orders[kind.index()] >> order;
        (orders != 0).then(|| order + orders.trailing_zeros())
    }
    /// True when a type has blocks of an order from `order` on and below `end`.
    pub(crate) const fn has_between(&self, order: Order, end: Order, kind: Mobility) -> bool {
        self.orders[kind.index()] & ((1 << end.raw()) - 1) >> order.raw() << order.raw() != 0
    }
    /// Returns the free pages of a type that lie in blocks smaller than `end`.
    pub(crate) fn pages_below(&self, end: Order, kind: Mobility) -> u64 {
        let smaller = self.blocks.iter().enumerate().take(end.index());
        smaller.map(|(order, blocks)| u64::from(blocks[kind.index()]) << order).sum()
    }
    /// Returns the orders that have blocks of a type, a bit each.
    pub(crate) const fn orders(&self, kind: Mobility) -> u32 {
        self.orders[kind.index()]
    }
    /// Returns the orders that have blocks of any type that requests have.
    pub(crate) fn requested_orders(&self) -> u32 {
        self.orders[..Mobility::REQUESTED].iter().fold(0, |all, orders| all | orders)
    }
    #[inline(always)]
    fn shift(&mut self, order: u32, kind: Mobility, by: u32) {
        let blocks = &mut self.blocks[order as usize % Order::COUNT][kind.index()];
        *blocks = blocks.wrapping_add(by);
        let bit = 1 << order;
        let orders = &mut self.orders[kind.index()];
        *orders = if *blocks == 0 { *orders & !bit } else { *orders | bit };
    }
    /// Returns the free pages.
    pub(crate) const fn pages(&self) -> u64 {
        self.pages
    }
    /// Returns the free pages of a type.
    pub(crate) const fn pages_of(&self, kind: Mobility) -> u64 {
        self.by_type[kind.index()]
    }
    /// Returns the free blocks of an order, by type.
    pub(crate) const fn blocks(&self, order: Order) -> &[u32; Mobility::COUNT] {
        &self.blocks[order.index()]
    }
    #[inline(always)]
    fn add(&mut self, order: u32, kind: Mobility) {
        self.blocks[order as usize % Order::COUNT][kind.index()] += 1;
        self.orders[kind.index()] |= 1 << order;
    }
    #[inline(always)]
    fn sub(&mut self, order: u32, kind: Mobility) {
        self.shift(order, kind, u32::MAX);
    }
}

/// What is known of one chunk besides its bits: the word's parts.
///
/// ```text
///     bits  0–2   mobility type, with Movable as 0: fresh RAM is movable
///           4–7   order of the free block beyond 9 that begins here; 0: none
///        16–31   words of the tree's bottom (of so many as there are) with pages that were freed and not merged yet
/// ```
struct Info;

impl Info {
    const TYPE: u32 = 7;
    const BIG_SHIFT: u32 = 4;
    const BIG: u32 = 15 << Self::BIG_SHIFT;
    const LOOSE_SHIFT: u32 = 16;
    /// So that zero is `Movable`.
    const FLIP: u32 = Mobility::Movable as u32;
}

/// The free blocks of one zone.
pub(crate) struct FreeArea {
    chunks: Array<Chunk>,
    info: Array<AtomicU32>,
    summary: Summary,
    lazy: Lazy,
    /// Number of the first chunk: its first frame over 512.
    base: u64,
    start: Pfn,
    end: Pfn,
    top: u32,
    pageblock: u32,
}

/// How many chunks a zone's frames lie in.
fn chunks_of(start: Pfn, end: Pfn) -> u64 {
    if start >= end {
        return 0;
    }
    end.raw().div_ceil(CHUNK_PAGES) - start.raw() / CHUNK_PAGES
}

/// Bitmaps of the summary: one for each order and type, and the last for chunks with pages that are not merged yet.
fn maps(top: Order) -> u32 {
    (top.raw() + 1) * Mobility::COUNT as u32 + 1
}

impl FreeArea {
    /// Returns a bound of the bytes that a zone's structures take.
    pub(crate) fn bytes(start: Pfn, end: Pfn, top: Order) -> u64 {
        let chunks = chunks_of(start, end);
        let words = Summary::words(chunks as u32, maps(top)) * size_of::<AtomicUsize>() as u64;
        let chunk = size_of::<Chunk>() as u64 + size_of::<AtomicU32>() as u64;
        let lazy = Lazy::words(chunks * CHUNK_PAGES, top.raw() + 1) * size_of::<AtomicU32>() as u64;
        chunks * chunk + words + lazy + 2 * align_of::<Chunk>() as u64
    }
    /// Makes a zone with nothing free. `None` when the reserve is too small.
    pub(crate) fn new(
        reserve: &mut Reserve<'_>,
        (start, end): (Pfn, Pfn),
        top: Order,
        pageblock: Order,
    ) -> Option<Self> {
        let chunks = chunks_of(start, end);
        let info = reserve.array(chunks)?;
        let lazy = Lazy::new(reserve, chunks * CHUNK_PAGES, top.raw() + 1)?;
        let words = reserve.array(Summary::words(chunks as u32, maps(top)))?;
        Some(Self {
            chunks: reserve.array(chunks)?,
            info,
            lazy,
            summary: Summary::new(words, chunks as u32),
            base: start.raw() / CHUNK_PAGES,
            start,
            end,
            top: top.raw(),
            pageblock: pageblock.raw(),
        })
    }

    #[inline(always)]
    fn index(&self, pfn: Pfn) -> u32 {
        (pfn.raw() / CHUNK_PAGES).wrapping_sub(self.base) as u32
    }
    fn pfn(&self, chunk: u32) -> Pfn {
        Pfn::new((self.base + u64::from(chunk)) * CHUNK_PAGES)
    }
    #[inline(always)]
    fn chunk(&self, chunk: u32) -> Option<&Chunk> {
        self.chunks.get(u64::from(chunk))
    }
    #[inline(always)]
    fn info(&self, chunk: u32) -> u32 {
        self.info.get(u64::from(chunk)).map_or(0, |info| info.load(Ordering::Relaxed))
    }
    #[inline(always)]
    fn kind(&self, chunk: u32) -> Mobility {
        Mobility::from_raw(self.info(chunk) & Info::TYPE ^ Info::FLIP)
    }
    fn big_order(&self, chunk: u32) -> u32 {
        (self.info(chunk) & Info::BIG) >> Info::BIG_SHIFT
    }
    fn set_info(&self, chunk: u32, mask: u32, bits: u32) {
        if let Some(info) = self.info.get(u64::from(chunk)) {
            info.store(info.load(Ordering::Relaxed) & !mask | bits, Ordering::Relaxed);
        }
    }
    #[inline(always)]
    fn map(order: u32, kind: Mobility) -> u32 {
        order * Mobility::COUNT as u32 + kind as u32
    }
    fn owns(&self, pfn: Pfn, pages: u64) -> bool {
        pfn >= self.start && pfn.add(pages) <= self.end
    }

    /// Returns the type of the pageblock that a frame lies in.
    pub(crate) fn mobility(&self, pfn: Pfn) -> Mobility {
        self.kind(self.index(pfn))
    }
    /// Returns the free block that a frame lies in: its first frame and order.
    pub(crate) fn block_of(&self, pfn: Pfn) -> Option<(Pfn, Order)> {
        let at = self.index(pfn);
        let found = |order| Order::new(order).map(|order| (pfn.align_down(order), order));
        if let Some((_, order)) = self.chunk(at)?.block_of(pfn) {
            return found(order);
        }
        let frame = pfn.raw() - self.base * CHUNK_PAGES;
        let waits = |order: &u32| self.lazy.blocks(*order).any(|first| u64::from(first) >> order == frame >> order);
        if let Some(order) = (0..=self.top).find(waits) {
            return found(order);
        }
        (CHUNK_ORDER + 1..=self.top).find_map(|order| {
            let first = pfn.align_down(Order::new(order)?);
            let is_free = first.raw() / CHUNK_PAGES >= self.base && self.big_order(self.index(first)) == order;
            is_free.then(|| found(order)).flatten()
        })
    }

    /// Gives a block back and merges it with its buddy as long as that is free: the kernel's `__free_one_page`.
    #[inline(always)]
    pub(crate) fn give(&self, counts: &mut FreeCounts, pfn: Pfn, order: Order) {
        let at = self.index(pfn);
        let kind = self.kind(at);
        counts.pages += order.pages();
        counts.by_type[kind.index()] += order.pages();
        self.merge(counts, (pfn, at), order.raw(), kind);
    }
    /// Puts a block that is counted as free pages in its place.
    #[inline(always)]
    fn merge(&self, counts: &mut FreeCounts, (pfn, at): (Pfn, u32), order: u32, kind: Mobility) {
        let mut order = order;
        if order > CHUNK_ORDER {
            return self.give_big(counts, at, order, kind);
        }
        let Some(chunk) = self.chunk(at) else { return };
        let mut node = node(pfn, order);
        let top = self.top.min(CHUNK_ORDER);
        while order < top && chunk.is_free(node ^ 1) {
            self.unlink(counts, (at, chunk, node ^ 1), order, kind);
            node >>= 1;
            order += 1;
        }
        if order == CHUNK_ORDER && self.top > CHUNK_ORDER {
            return self.give_big(counts, at, order, kind);
        }
        chunk.set(node);
        counts.add(order, kind);
        self.summary.set(Self::map(order, kind), at);
    }

    /// Gives single pages back without merging them. Whoever looks at the blocks next has to [`FreeArea::settle`] them
    /// first: many pages are merged together in little more time than one.
    pub(crate) fn give_loose(&self, counts: &mut FreeCounts, pages: impl Iterator<Item = Pfn>) {
        let (chunks, infos) = (self.chunks.all(), self.info.all());
        // Counted when a page of another type comes, and at the end.
        let (mut kind, mut count) = (0, 0);
        for pfn in pages {
            let at = self.index(pfn);
            infos.with(at.into(), |info| {
                let word = info.load(Ordering::Relaxed);
                if word & Info::TYPE != kind {
                    Self::count_loose(counts, kind, count);
                    (kind, count) = (word & Info::TYPE, 0);
                }
                count += 1;
                if word >> Info::LOOSE_SHIFT == 0 {
                    self.summary.set(self.loose_map(), at);
                }
                info.store(word | 1 << (Info::LOOSE_SHIFT + bottom_word(pfn)), Ordering::Relaxed);
            });
            chunks.with(at.into(), |chunk| chunk.set(node(pfn, 0)));
        }
        Self::count_loose(counts, kind, count);
    }
    #[inline(never)]
    fn count_loose(counts: &mut FreeCounts, kind: u32, pages: u32) {
        if pages != 0 {
            let kind = Mobility::from_raw(kind ^ Info::FLIP);
            counts.unmerged |= LOOSE;
            counts.pages += u64::from(pages);
            counts.by_type[kind.index()] += u64::from(pages);
            counts.shift(0, kind, pages);
        }
    }
    /// Lets a block that is given back wait for the next request of its order. False when no more may wait.
    #[inline(always)]
    pub(crate) fn give_lazily(&self, counts: &mut FreeCounts, pfn: Pfn, order: Order) -> bool {
        let frame = pfn.raw().wrapping_sub(self.base * CHUNK_PAGES);
        if !self.lazy.push(order.raw(), frame as u32) {
            return false;
        }
        counts.unmerged |= LAZY;
        counts.pages += order.pages();
        counts.by_type[self.kind(self.index(pfn)).index()] += order.pages();
        true
    }
    /// Gives a block back while others may wait.
    #[inline(never)]
    pub(crate) fn give_next(&self, counts: &mut FreeCounts, pfn: Pfn, order: Order) {
        self.settle_loose(counts);
        self.give(counts, pfn, order);
    }
    /// Takes a block of an order and type that waits.
    #[inline(always)]
    pub(crate) fn take_lazily(&self, counts: &mut FreeCounts, order: Order, kind: Mobility) -> Option<Pfn> {
        let pfn = Pfn::new(self.base * CHUNK_PAGES + u64::from(self.lazy.pop(order.raw())?));
        if self.kind(self.index(pfn)) != kind {
            self.merge_waiting(counts, pfn, order.raw());
            return None;
        }
        counts.pages -= order.pages();
        counts.by_type[kind.index()] -= order.pages();
        Some(pfn)
    }
    /// Takes a block while others may wait. Breaks no pageblock before they are merged.
    #[inline(never)]
    pub(crate) fn take_next(&self, counts: &mut FreeCounts, order: Order, kind: Mobility) -> Option<Pfn> {
        self.settle_for(counts, order, kind);
        self.take(counts, order, kind)
    }
    /// Merges what waits unless there is a block for a request, and none that keeps a pageblock whole.
    #[inline(always)]
    pub(crate) fn settle_for(&self, counts: &mut FreeCounts, order: Order, kind: Mobility) {
        if counts.unmerged != 0 {
            let whole = if order.raw() < self.pageblock { u32::MAX << self.pageblock } else { 0 };
            self.settle_some(counts, (counts.orders[kind.index()] & !whole) >> order.raw() == 0);
        }
    }
    /// Merges what is not merged yet.
    #[inline]
    pub(crate) fn settle(&self, counts: &mut FreeCounts) {
        if counts.unmerged != 0 {
            self.settle_some(counts, true);
        }
    }
    #[inline(always)]
    fn settle_some(&self, counts: &mut FreeCounts, lazy: bool) {
        self.settle_loose(counts);
        if lazy && counts.unmerged & LAZY != 0 {
            self.settle_lazy(counts);
        }
    }
    #[cold]
    #[inline(never)]
    fn settle_lazy(&self, counts: &mut FreeCounts) {
        counts.unmerged &= !LAZY;
        for order in 0..=self.top {
            while let Some(frame) = self.lazy.pop(order) {
                self.merge_waiting(counts, Pfn::new(self.base * CHUNK_PAGES + u64::from(frame)), order);
            }
        }
    }
    #[cold]
    #[inline(never)]
    fn merge_waiting(&self, counts: &mut FreeCounts, pfn: Pfn, order: u32) {
        let at = self.index(pfn);
        self.settle_loose(counts);
        self.merge(counts, (pfn, at), order, self.kind(at));
    }
    /// Merges the single pages that were given loose.
    #[inline]
    pub(crate) fn settle_loose(&self, counts: &mut FreeCounts) {
        if counts.unmerged & LOOSE != 0 {
            self.merge_loose(counts);
        }
    }
    #[cold]
    #[inline(never)]
    fn merge_loose(&self, counts: &mut FreeCounts) {
        counts.unmerged &= !LOOSE;
        while let Some(at) = self.summary.first(self.loose_map()) {
            self.summary.clear(self.loose_map(), at);
            let (Some(chunk), word) = (self.chunk(at), self.info(at)) else { continue };
            let kind = self.kind(at);
            self.set_info(at, u32::MAX << Info::LOOSE_SHIFT, 0);
            self.summary.set(Self::map(0, kind), at);
            let top = self.top.min(CHUNK_ORDER);
            let whole = chunk.merge(word >> Info::LOOSE_SHIFT, top, |order, merged| {
                counts.shift(order, kind, 0u32.wrapping_sub(2 * merged));
                counts.shift(order + 1, kind, merged);
                self.summary.set(Self::map(order + 1, kind), at);
            });
            if whole && self.top > CHUNK_ORDER {
                // The chunk is one block now: it may be half of a larger one.
                chunk.clear(ROOT);
                counts.sub(CHUNK_ORDER, kind);
                self.give_big(counts, at, CHUNK_ORDER, kind);
            }
        }
    }
    fn loose_map(&self) -> u32 {
        (self.top + 1) * Mobility::COUNT as u32
    }

    /// Gives a block of whole chunks back, already counted as free pages.
    fn give_big(&self, counts: &mut FreeCounts, at: u32, order: u32, kind: Mobility) {
        let (mut at, mut order) = (at, order);
        while order < self.top {
            let step = 1 << (order - CHUNK_ORDER);
            let absolute = (self.base + u64::from(at)) ^ step;
            if absolute < self.base || absolute - self.base >= self.chunks.len() as u64 {
                break;
            }
            let buddy = (absolute - self.base) as u32;
            if !self.is_free_big(buddy, order) {
                break;
            }
            let other = self.kind(buddy);
            if other != kind {
                if !other.merges() || !kind.merges() {
                    break;
                }
                // The merged block is on one list, so its pageblocks have one type.
                let pages = CHUNK_PAGES * step;
                counts.by_type[other.index()] -= pages;
                counts.by_type[kind.index()] += pages;
            }
            self.remove_big(counts, buddy, order, other);
            if other != kind {
                self.set_chunks(buddy, step as u32, kind);
            }
            at = at.min(buddy);
            order += 1;
        }
        self.add_big(counts, at, order, kind);
    }
    fn is_free_big(&self, at: u32, order: u32) -> bool {
        if order == CHUNK_ORDER {
            self.chunk(at).is_some_and(|chunk| chunk.is_free(ROOT))
        } else {
            self.big_order(at) == order
        }
    }
    fn add_big(&self, counts: &mut FreeCounts, at: u32, order: u32, kind: Mobility) {
        if order == CHUNK_ORDER {
            if let Some(chunk) = self.chunk(at) {
                chunk.set(ROOT);
            }
        } else {
            self.set_info(at, Info::BIG, order << Info::BIG_SHIFT);
        }
        counts.add(order, kind);
        self.summary.set(Self::map(order, kind), at);
    }
    fn remove_big(&self, counts: &mut FreeCounts, at: u32, order: u32, kind: Mobility) {
        if order == CHUNK_ORDER {
            if let Some(chunk) = self.chunk(at) {
                chunk.clear(ROOT);
            }
        } else {
            self.set_info(at, Info::BIG, 0);
        }
        self.summary.clear(Self::map(order, kind), at);
        counts.sub(order, kind);
    }
    fn set_chunks(&self, first: u32, count: u32, kind: Mobility) {
        for at in first..first + count {
            self.set_info(at, Info::TYPE, kind as u32 ^ Info::FLIP);
        }
    }

    /// Takes a block of `2^order` pages of a type: the lowest one of the smallest order that has one, as the kernel's
    /// `__rmqueue_smallest`. What is left over goes back half by half. O(orders).
    #[inline(always)]
    pub(crate) fn take(&self, counts: &mut FreeCounts, order: Order, kind: Mobility) -> Option<Pfn> {
        let order = order.raw();
        let from = counts.smallest(order, kind)?;
        self.take_from(counts, from, kind, order, kind)
    }
    /// Takes a block of `order` out of one of just the order `from` and the type `kind`; what is left over goes to `rest`,
    /// the type that the block has by then.
    #[inline(always)]
    pub(crate) fn take_from(
        &self,
        counts: &mut FreeCounts,
        from: u32,
        kind: Mobility,
        order: u32,
        rest: Mobility,
    ) -> Option<Pfn> {
        let (at, node) = self.find(from, kind)?;
        self.remove(counts, at, node, from, kind);
        let pages = 1 << order;
        counts.pages -= pages;
        counts.by_type[kind.index()] -= pages;
        Some(self.expand(counts, (at, node), from, order, rest))
    }
    /// Finds the lowest free block of an order and type: its chunk and, up to order 9, its node.
    #[inline(always)]
    fn find(&self, order: u32, kind: Mobility) -> Option<(u32, usize)> {
        let map = Self::map(order, kind);
        loop {
            let at = self.summary.first(map)?;
            let info = self.info(at);
            if info & Info::TYPE == kind as u32 ^ Info::FLIP {
                if order > CHUNK_ORDER {
                    if info & Info::BIG == order << Info::BIG_SHIFT {
                        return Some((at, ROOT));
                    }
                } else if let Some(node) = self.chunk(at)?.find(order) {
                    return Some((at, node));
                }
            }
            self.forget(map, at);
        }
    }
    /// Takes note that a chunk has no block of an order and type.
    #[cold]
    #[inline(never)]
    fn forget(&self, map: u32, at: u32) {
        self.summary.clear(map, at);
    }
    #[inline(always)]
    fn remove(&self, counts: &mut FreeCounts, at: u32, node: usize, order: u32, kind: Mobility) {
        if order > CHUNK_ORDER {
            return self.remove_big(counts, at, order, kind);
        }
        if let Some(chunk) = self.chunk(at) {
            self.unlink(counts, (at, chunk, node), order, kind);
        }
    }
    /// Takes note that a block of a chunk is no longer free, and that the chunk has no more of its order.
    #[inline(always)]
    fn unlink(&self, counts: &mut FreeCounts, (at, chunk, node): (u32, &Chunk, usize), order: u32, kind: Mobility) {
        if !chunk.clear_has_more(node, order) {
            self.summary.clear(Self::map(order, kind), at);
        }
        counts.sub(order, kind);
    }
    /// Notes a free block of a chunk.
    #[inline(always)]
    fn put(&self, counts: &mut FreeCounts, (at, node): (u32, usize), order: u32, kind: Mobility) {
        if let Some(chunk) = self.chunk(at) {
            chunk.set(node);
            counts.add(order, kind);
            self.summary.set(Self::map(order, kind), at);
        }
    }
    /// Cuts a block that was removed down to `order`: the upper halves go back.
    #[inline(always)]
    fn expand(&self, counts: &mut FreeCounts, (at, node): (u32, usize), from: u32, order: u32, kind: Mobility) -> Pfn {
        let (mut node, mut from) = (node, from);
        while from > order && from > CHUNK_ORDER {
            from -= 1;
            self.add_big(counts, at + (1 << (from - CHUNK_ORDER)), from, kind);
        }
        if from > CHUNK_ORDER {
            return self.pfn(at);
        }
        while from > order {
            from -= 1;
            node *= 2;
            self.put(counts, (at, node + 1), from, kind);
        }
        self.pfn(at).add(first_page(node, order))
    }

    /// Returns the lowest free block of just this order and type, which stays free.
    pub(crate) fn peek(&self, order: Order, kind: Mobility) -> Option<Pfn> {
        let (at, node) = self.find(order.raw(), kind)?;
        let offset = if order.raw() <= CHUNK_ORDER { first_page(node, order.raw()) } else { 0 };
        Some(self.pfn(at).add(offset))
    }

    /// Takes at most `wanted` single pages of a type, in the order in which [`FreeArea::take`] would give them, and hands
    /// each to `with`. Returns how many there were.
    pub(crate) fn take_pages(
        &self,
        counts: &mut FreeCounts,
        wanted: u32,
        kind: Mobility,
        mut with: impl FnMut(Pfn),
    ) -> u32 {
        let mut taken = 0;
        while taken < wanted {
            let Some(from) = counts.smallest(0, kind) else { break };
            let Some((at, found)) = self.find(from, kind) else { break };
            let left = wanted - taken;
            let Some(chunk) = self.chunk(at) else { break };
            let count = if from == 0 {
                let (first, mut count) = (self.pfn(at).raw(), 0);
                while let Some((base, mut bits)) = chunk.take_pages(left - count) {
                    count += bits.count_ones();
                    let word = first + base as u64 - CHUNK_PAGES;
                    while bits != 0 {
                        with(Pfn::new(word + u64::from(bits.trailing_zeros())));
                        bits &= bits - 1;
                    }
                }
                if count == 0 {
                    break;
                }
                counts.shift(0, kind, 0u32.wrapping_sub(count));
                count
            } else {
                // The smallest block that has enough, or what there is; what is too much of it stays.
                let order = from.min(left.next_power_of_two().ilog2()).min(CHUNK_ORDER);
                self.remove(counts, at, found, from, kind);
                let first = self.expand(counts, (at, found), from, order, kind);
                let count = left.min(1 << order);
                (0..u64::from(count)).for_each(|page| with(first.add(page)));
                let mut rest = count;
                while rest < 1 << order {
                    let small = rest.trailing_zeros();
                    self.put(counts, (at, node(first.add(rest.into()), small)), small, kind);
                    rest += 1 << small;
                }
                count
            };
            counts.pages -= u64::from(count);
            counts.by_type[kind.index()] -= u64::from(count);
            taken += count;
        }
        taken
    }

    /// Takes the free block that holds a frame out of the lists; returns its first frame and order.
    pub(crate) fn take_at(&self, counts: &mut FreeCounts, pfn: Pfn) -> Option<(Pfn, Order)> {
        let (first, order) = self.block_of(pfn)?;
        let at = self.index(first);
        let kind = self.kind(at);
        let node = if order.raw() <= CHUNK_ORDER { node(first, order.raw()) } else { ROOT };
        self.remove(counts, at, node, order.raw(), kind);
        counts.pages -= order.pages();
        counts.by_type[kind.index()] -= order.pages();
        Some((first, order))
    }

    /// Returns the highest free frame of `start..end`. O(frames) at worst.
    pub(crate) fn last_free(&self, start: Pfn, end: Pfn) -> Option<Pfn> {
        let mut at = end.raw();
        while at > start.raw() {
            at -= 1;
            if self.block_of(Pfn::new(at)).is_some() {
                return Some(Pfn::new(at));
            }
        }
        None
    }
    /// Gives the frames of `start..end` back in the largest aligned blocks: boot's way.
    pub(crate) fn give_range(&self, counts: &mut FreeCounts, start: Pfn, end: Pfn) {
        let mut pfn = start;
        let top = Order::new(self.top).unwrap_or(Order::ZERO);
        while pfn < end {
            let order = Order::ZERO
                .up_to(top)
                .rev()
                .find(|order| pfn.is_aligned(*order) && pfn.add(order.pages()) <= end)
                .unwrap_or(Order::ZERO);
            self.give(counts, pfn, order);
            pfn = pfn.add(order.pages());
        }
    }

    /// Returns the frames of a frame's pageblock that lie in the zone.
    pub(crate) fn pageblock(&self, pfn: Pfn) -> (Pfn, Pfn) {
        let order = Order::new(self.pageblock).unwrap_or(Order::ZERO);
        let first = pfn.align_down(order);
        (first.max(self.start), first.add(order.pages()).min(self.end))
    }
    /// Gives a frame's pageblock another type; its free blocks move to the lists of that type. Returns the free pages in
    /// it. Free blocks larger than a pageblock must not reach into it.
    pub(crate) fn set_mobility(&self, counts: &mut FreeCounts, pfn: Pfn, to: Mobility) -> u64 {
        let (start, end) = self.pageblock(pfn);
        let mut moved = 0;
        let mut at = start;
        while at < end {
            moved += self.set_chunk_mobility(counts, self.index(at), to);
            at = Pfn::new((at.raw() / CHUNK_PAGES + 1) * CHUNK_PAGES);
        }
        moved
    }
    fn set_chunk_mobility(&self, counts: &mut FreeCounts, at: u32, to: Mobility) -> u64 {
        let kind = self.kind(at);
        self.set_chunks(at, 1, to);
        let Some(chunk) = self.chunk(at) else { return 0 };
        let mut moved = 0;
        let mut shift = |counts: &mut FreeCounts, order: u32, blocks: u32| {
            if blocks == 0 {
                return;
            }
            counts.shift(order, kind, 0u32.wrapping_sub(blocks));
            counts.shift(order, to, blocks);
            self.summary.set(Self::map(order, to), at);
            moved += u64::from(blocks) << order;
        };
        (0..=CHUNK_ORDER).for_each(|order| shift(counts, order, chunk.count(order)));
        let big = self.big_order(at);
        if big != 0 {
            shift(counts, big, 1);
        }
        counts.by_type[kind.index()] -= moved;
        counts.by_type[to.index()] += moved;
        moved
    }
    /// Returns the free pages in a frame's pageblock.
    pub(crate) fn free_in_pageblock(&self, pfn: Pfn) -> u64 {
        let (start, end) = self.pageblock(pfn);
        let chunks = self.index(start)..self.index(Pfn::new(end.raw().saturating_sub(1))) + 1;
        chunks.filter_map(|at| self.chunk(at)).map(Chunk::free_pages).sum()
    }
    /// Counts the pageblocks of each type, as `/proc/pagetypeinfo` does: it steps from the zone's first frame on, wherever
    /// that lies in its pageblock. `has_pages` says whether there is memory behind a frame.
    pub(crate) fn pageblocks(&self, has_pages: impl Fn(Pfn) -> bool) -> [u64; Mobility::COUNT] {
        let mut found = [0; Mobility::COUNT];
        let pages = 1 << self.pageblock;
        let mut at = self.start.raw();
        while at < self.end.raw() {
            if has_pages(Pfn::new(at)) {
                found[self.mobility(Pfn::new(at)).index()] += 1;
            }
            at += pages;
        }
        found
    }

    /// Returns a bit for each frame of a frame's chunk that lies in a free block; as an error a frame that is in two.
    pub(crate) fn cover(&self, pfn: Pfn) -> Result<Cover, Pfn> {
        let at = self.index(pfn);
        let first = self.pfn(at);
        let Some(chunk) = self.chunk(at) else { return Ok(Cover::default()) };
        let cover = chunk.cover().map_err(|page| first.add(page))?;
        let is_big = (CHUNK_ORDER + 1..=self.top).filter_map(Order::new).any(|order| {
            let head = first.align_down(order);
            head.raw() / CHUNK_PAGES >= self.base && self.big_order(self.index(head)) == order.raw()
        });
        match (is_big, cover.is_empty()) {
            (true, true) => Ok(Cover::ALL),
            (true, false) => Err(first),
            (false, _) => Ok(cover),
        }
    }

    /// Checks I1 to I5; returns the first that is broken with its place. O(chunks).
    pub(crate) fn verify(&self, counts: &FreeCounts) -> Result<(), Broken> {
        let broken = |what, at: Pfn, found, expected| Err(Broken { what, at: at.raw(), found, expected });
        let mut seen = FreeCounts::new();
        for at in 0..self.chunks.len() {
            let (Some(chunk), first, kind) = (self.chunk(at), self.pfn(at), self.kind(at)) else { continue };
            for node in chunk.blocks() {
                let order = super::chunk::order_of(node);
                let pfn = first.add(first_page(node, order));
                self.verify_block(pfn, order, at, kind)?;
                if order < self.top.min(CHUNK_ORDER) && chunk.is_free(node ^ 1) {
                    return broken("buddy I3 (two free halves)", pfn, u64::from(order), 0);
                }
                seen.add(order, kind);
                seen.by_type[kind.index()] += 1 << order;
            }
            let big = self.big_order(at);
            if big != 0 {
                self.verify_block(first, big, at, kind)?;
                seen.add(big, kind);
                seen.by_type[kind.index()] += 1 << big;
            }
        }
        for order in 0..Order::COUNT {
            for kind in Mobility::ALL {
                let (found, expected) = (counts.blocks[order][kind.index()], seen.blocks[order][kind.index()]);
                if found != expected {
                    return broken(
                        "buddy I2 (blocks of an order)",
                        Pfn::new(order as u64),
                        found.into(),
                        expected.into(),
                    );
                }
            }
        }
        for kind in Mobility::ALL {
            let (found, expected) = (counts.orders(kind), seen.orders(kind));
            if found != expected {
                return broken("buddy I2 (orders with blocks)", Pfn::new(kind as u64), found.into(), expected.into());
            }
        }
        let pages: u64 = seen.by_type.iter().sum();
        if pages != counts.pages || seen.by_type != counts.by_type {
            return broken("buddy I4 (free count)", self.start, counts.pages, pages);
        }
        Ok(())
    }
    fn verify_block(&self, pfn: Pfn, order: u32, at: u32, kind: Mobility) -> Result<(), Broken> {
        let broken = |what, found, expected| Err(Broken { what, at: pfn.raw(), found, expected });
        if !self.owns(pfn, 1 << order) || order > self.top {
            return broken("buddy I1 (a block outside the zone)", u64::from(order), 0);
        }
        if !self.summary.contains(Self::map(order, kind), at) {
            return broken("buddy I2 (a block not in the summary)", u64::from(order), 0);
        }
        if order >= CHUNK_ORDER {
            let chunks = 1u32 << (order - CHUNK_ORDER);
            if let Some(other) = (at..at + chunks).find(|at| self.kind(*at) != kind) {
                return broken("buddy I5 (another type)", self.kind(other) as u64, kind as u64);
            }
            let absolute = (self.base + u64::from(at)) ^ u64::from(chunks);
            let buddy = absolute.wrapping_sub(self.base);
            if order < self.top && buddy < self.chunks.len() as u64 && self.is_free_big(buddy as u32, order) {
                let other = self.kind(buddy as u32);
                if other == kind || other.merges() && kind.merges() {
                    return broken("buddy I3 (two free halves)", u64::from(order), 0);
                }
            }
        }
        Ok(())
    }
}

#[cfg(all(test, not(kmem_loom)))]
#[path = "tests/broken_buddy.rs"]
mod tests;
