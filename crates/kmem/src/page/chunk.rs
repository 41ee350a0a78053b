//! A chunk: which blocks of 512 neighbouring frames are free, as a tree of bits.
//!
//! The halves of a block of order 9 are two blocks of order 8, their halves four of order 7, and so on: a binary tree with
//! 1023 nodes. Stored the way heaps are, node *n* has the children 2*n* and 2*n*+1, the root is node 1, and the blocks of
//! an order lie side by side:
//!
//! ```text
//!     node      1 | 2 3 | 4 5 6 7 | 8 … 15 | … | 512 … 1023
//!     order     9 |  8  |    7    |   6    | … |     0
//! ```
//!
//! A node's bit is set when just this block is free: it could not be merged further. So the buddy of node *n* is *n* ^ 1
//! and lies in the same word, the parent is *n* / 2, and a block of an order is found by a look at a few words. All of it
//! takes 128 bytes, two lines of the cache, for 2 MiB of RAM: merging frees at random addresses touches nothing else.
//!
//! Zero is a chunk with nothing free. Blocks beyond order 9 are kept by the zone (`buddy`).

use crate::raw::zeroed_struct;
use crate::sync::{AtomicUsize, Ordering};
use crate::units::{Order, Pfn};

/// The order of a chunk as one block.
pub(crate) const CHUNK_ORDER: u32 = 9;
/// Frames of a chunk.
pub(crate) const CHUNK_PAGES: u64 = 1 << CHUNK_ORDER;
/// The node of the whole chunk.
pub(crate) const ROOT: usize = 1;

const BITS: usize = usize::BITS as usize;
const WORDS: usize = 2 * CHUNK_PAGES as usize / BITS;

/// Every second bit, the lowest among them.
const EVEN: usize = usize::MAX / 3;

/// The steps of [`halve`]: groups of 1, 2, 4, … bits, every second of them empty; and those groups two and two together.
const STEPS: [usize; BITS.ilog2() as usize] = {
    let mut steps = [0; BITS.ilog2() as usize];
    let mut at = 0;
    while at < steps.len() {
        // Groups of `1 << at` bits, every second one empty; the last step leaves one group.
        let wide = 1 << at;
        steps[at] = if 2 * wide == BITS { usize::MAX >> wide } else { usize::MAX / ((1 << wide) + 1) };
        at += 1;
    }
    steps
};

/// Moves the even bits of a word together: bit 2n becomes bit n.
#[inline]
const fn halve(bits: usize) -> usize {
    let mut bits = bits & STEPS[0];
    let mut at = 1;
    while at < STEPS.len() {
        bits = (bits | bits >> (1 << (at - 1))) & STEPS[at];
        at += 1;
    }
    bits
}

zeroed_struct! {
    /// The free blocks of one chunk. Written under the zone's lock; read by anybody.
    #[repr(C, align(64))]
    pub(crate) struct Chunk {
        words: [AtomicUsize; WORDS],
    }
}

/// Returns the node of the block of `order`, at most 9, that holds a frame.
#[inline(always)]
pub(crate) const fn node(pfn: Pfn, order: u32) -> usize {
    ((CHUNK_PAGES + (pfn.raw() & (CHUNK_PAGES - 1))) >> order) as usize
}
/// Returns which of the words that hold single pages holds a frame, counted from the first of them.
#[inline(always)]
pub(crate) const fn bottom_word(pfn: Pfn) -> u32 {
    (pfn.raw() & (CHUNK_PAGES - 1)) as u32 / usize::BITS
}
/// Returns the order of a node.
#[inline]
pub(crate) const fn order_of(node: usize) -> u32 {
    CHUNK_ORDER - node.ilog2()
}
/// Returns the first frame of a node's block, counted from the chunk's first.
#[inline(always)]
pub(crate) const fn first_page(node: usize, order: u32) -> u64 {
    ((node as u64) << order) - CHUNK_PAGES
}

/// A bit for each frame of a chunk.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cover([u64; CHUNK_PAGES as usize / 64]);

impl Cover {
    /// All frames.
    pub(crate) const ALL: Self = Self([u64::MAX; CHUNK_PAGES as usize / 64]);

    /// True without frames.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
    /// True for a frame, counted from the chunk's first.
    #[inline]
    pub(crate) fn has(&self, page: u64) -> bool {
        self.0[(page / 64) as usize % self.0.len()] >> (page % 64) & 1 != 0
    }
    fn add(&mut self, start: u64, end: u64) -> Result<(), u64> {
        let mut at = start;
        while at < end {
            let next = ((at / 64 + 1) * 64).min(end);
            let bits = u64::MAX >> (64 - (next - at)) << (at % 64);
            let word = &mut self.0[(at / 64) as usize % (CHUNK_PAGES as usize / 64)];
            if *word & bits != 0 {
                return Err(at - at % 64 + u64::from((*word & bits).trailing_zeros()));
            }
            *word |= bits;
            at = next;
        }
        Ok(())
    }
}

impl Chunk {
    #[inline(always)]
    fn word(&self, node: usize) -> &AtomicUsize {
        // The index is below WORDS for all nodes; the mask says so to the compiler.
        &self.words[node / BITS % WORDS]
    }
    /// True when just this block is free.
    #[inline(always)]
    pub(crate) fn is_free(&self, node: usize) -> bool {
        self.word(node).load(Ordering::Relaxed) >> (node % BITS) & 1 != 0
    }
    #[inline(always)]
    pub(crate) fn set(&self, node: usize) {
        let word = self.word(node);
        word.store(word.load(Ordering::Relaxed) | 1 << (node % BITS), Ordering::Relaxed);
    }
    #[inline(always)]
    pub(crate) fn clear(&self, node: usize) {
        let word = self.word(node);
        word.store(word.load(Ordering::Relaxed) & !(1 << (node % BITS)), Ordering::Relaxed);
    }

    /// Takes note that a block is no longer free. True when there may be others of its order.
    #[inline(always)]
    pub(crate) fn clear_has_more(&self, node: usize, order: u32) -> bool {
        let word = self.word(node);
        let left = word.load(Ordering::Relaxed) & !(1 << (node % BITS));
        word.store(left, Ordering::Relaxed);
        let first = (CHUNK_PAGES >> order) as usize;
        // Several words are not all looked at. Of one, what lies above the order's bits is no block's.
        first > BITS || left >> (first % BITS) & (usize::MAX >> (BITS - first)) != 0
    }
    /// Returns the words that hold an order's bits, each with the mask of those bits.
    #[inline(always)]
    fn words_of(&self, order: u32) -> impl Iterator<Item = (usize, usize)> + '_ {
        let first = (CHUNK_PAGES >> order) as usize;
        let (start, end, mask) = if first >= BITS {
            (first / BITS, 2 * first / BITS, usize::MAX)
        } else {
            (0, 1, ((1 << first) - 1) << first)
        };
        self.words[start..end]
            .iter()
            .enumerate()
            .map(move |(at, word)| ((start + at) * BITS, word.load(Ordering::Relaxed) & mask))
    }
    /// Finds the lowest free block of just this order.
    #[inline]
    pub(crate) fn find(&self, order: u32) -> Option<usize> {
        let first = (CHUNK_PAGES >> order) as usize;
        if first <= BITS {
            // All of them in one word, and perhaps larger blocks below.
            let base = first & BITS;
            let bits = self.word(first).load(Ordering::Relaxed) >> (first - base);
            let count = first as u32;
            return (bits != 0 && bits.trailing_zeros() < count).then(|| first + bits.trailing_zeros() as usize);
        }
        self.words_of(order).find(|(_, bits)| *bits != 0).map(|(base, bits)| base + bits.trailing_zeros() as usize)
    }
    /// Counts the free blocks of just this order.
    pub(crate) fn count(&self, order: u32) -> u32 {
        self.words_of(order).map(|(_, bits)| bits.count_ones()).sum()
    }
    /// Takes free single pages, lowest first, at most `wanted` of one word; returns the node of the word's first bit and
    /// the bits taken.
    #[inline]
    pub(crate) fn take_pages(&self, wanted: u32) -> Option<(usize, usize)> {
        if wanted == 0 {
            return None;
        }
        let (base, mut bits) = self.words_of(0).find(|(_, bits)| *bits != 0)?;
        let word = self.word(base);
        while bits.count_ones() > wanted {
            // The highest bit goes.
            bits &= !(1 << (BITS - 1 - bits.leading_zeros() as usize));
        }
        word.store(word.load(Ordering::Relaxed) & !bits, Ordering::Relaxed);
        Some((base, bits))
    }
    /// Merges free pages, and what that makes, up to blocks of order `top`: all halves of a word at once. `loose` has a bit
    /// for each word of single pages to look at. Tells `merged` how many pairs of each order became one block. Returns
    /// whether the whole chunk became one.
    pub(crate) fn merge(&self, loose: u32, top: u32, mut merged: impl FnMut(u32, u32)) -> bool {
        // Words of this order to look at, counted from the order's first.
        let mut touched = loose as usize;
        for order in 0..top {
            let mut above = 0;
            let first = (CHUNK_PAGES >> order) as usize;
            let (base, mask) =
                if first >= BITS { (first / BITS, usize::MAX) } else { (0, ((1 << first) - 1) << first) };
            while touched != 0 {
                let at = touched.trailing_zeros() as usize;
                touched &= touched - 1;
                let word = &self.words[(base + at) % WORDS];
                let bits = word.load(Ordering::Relaxed);
                let pairs = bits & bits >> 1 & EVEN & mask;
                if pairs == 0 {
                    continue;
                }
                word.store(bits & !(pairs | pairs << 1), Ordering::Relaxed);
                // The parents lie side by side, half as many: node n / 2.
                let parent = ((base + at) * BITS) / 2;
                let target = &self.words[parent / BITS % WORDS];
                target.store(target.load(Ordering::Relaxed) | halve(pairs) << (parent % BITS), Ordering::Relaxed);
                merged(order, pairs.count_ones());
                above |= 1 << if first / 2 >= BITS { (parent / BITS) - first / 2 / BITS } else { 0 };
            }
            if above == 0 {
                return false;
            }
            touched = above;
        }
        top == CHUNK_ORDER && self.is_free(ROOT)
    }
    /// Returns the free block that holds a frame, as node and order.
    pub(crate) fn block_of(&self, pfn: Pfn) -> Option<(usize, u32)> {
        (0..=CHUNK_ORDER).map(|order| (node(pfn, order), order)).find(|(node, _)| self.is_free(*node))
    }
    /// Returns all free blocks, as nodes, largest first.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut bits = word.load(Ordering::Relaxed);
            core::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(at * BITS + bit)
            })
        })
    }
    /// Returns a bit for each frame in a free block; as an error the first frame that is in two.
    pub(crate) fn cover(&self) -> Result<Cover, u64> {
        let mut cover = Cover::default();
        for node in self.blocks() {
            let order = order_of(node);
            let first = first_page(node, order);
            cover.add(first, first + (1 << order))?;
        }
        Ok(cover)
    }
    /// Returns the free pages.
    pub(crate) fn free_pages(&self) -> u64 {
        (0..=CHUNK_ORDER).map(|order| u64::from(self.count(order)) << order).sum()
    }
}

const _: () = assert!(Order::COUNT > CHUNK_ORDER as usize);

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Chunk {
        Chunk { words: Default::default() }
    }

    #[test]
    fn nodes_are_a_heap() {
        assert_eq!(node(Pfn::new(0x1200), 9), ROOT);
        assert_eq!((node(Pfn::new(0x1200), 0), node(Pfn::new(0x13ff), 0)), (512, 1023));
        for order in 0..=CHUNK_ORDER {
            for page in (0..CHUNK_PAGES).step_by(1 << order) {
                let node = node(Pfn::new(0x4000 + page), order);
                assert_eq!((order_of(node), first_page(node, order)), (order, page));
            }
        }
    }

    #[test]
    fn blocks_are_found_lowest_first() {
        for order in 0..=CHUNK_ORDER {
            let chunk = empty();
            let first = (CHUNK_PAGES >> order) as usize;
            assert_eq!(chunk.find(order), None);
            for node in (first..2 * first).rev() {
                chunk.set(node);
                assert_eq!(chunk.find(order), Some(node));
            }
            assert_eq!((chunk.count(order), chunk.free_pages()), (first as u32, CHUNK_PAGES));
            for node in first..2 * first {
                assert_eq!(chunk.find(order), Some(node));
                chunk.clear(node);
            }
            assert_eq!(chunk.blocks().count(), 0);
        }
    }

    #[test]
    fn even_bits_move_together() {
        assert_eq!(halve(0), 0);
        assert_eq!(halve(usize::MAX), usize::MAX >> (BITS / 2));
        for bit in 0..BITS / 2 {
            assert_eq!(halve(1 << (2 * bit)), 1 << bit, "{bit}");
            assert_eq!(halve(2 << (2 * bit)), 0);
            assert_eq!(halve(1 | 1 << (2 * bit)), 1 | 1 << bit);
        }
    }

    #[test]
    fn merging_at_once_is_merging_one_by_one() {
        let mut seed = 1u64;
        for round in 0..2000 {
            let (loose, eager) = (empty(), empty());
            let mut words = 0;
            let mut pages = [false; 512];
            for page in 0..512 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // From nearly none to all.
                if seed >> 33 & 63 >= round / 32 || round >= 1990 {
                    pages[page as usize] = true;
                    loose.set(node(Pfn::new(page), 0));
                    words |= 1 << bottom_word(Pfn::new(page));
                    let (mut at, mut order) = (node(Pfn::new(page), 0), 0);
                    while order < CHUNK_ORDER && eager.is_free(at ^ 1) {
                        eager.clear(at ^ 1);
                        (at, order) = (at / 2, order + 1);
                    }
                    eager.set(at);
                }
            }
            let mut made = [0i64; 10];
            let whole = loose.merge(words, CHUNK_ORDER, |order, merged| {
                made[order as usize] -= 2 * i64::from(merged);
                made[order as usize + 1] += i64::from(merged);
            });
            assert_eq!(loose.blocks().collect::<Vec<_>>(), eager.blocks().collect::<Vec<_>>());
            assert_eq!(whole, pages.iter().all(|free| *free));
            made[0] += pages.iter().filter(|free| **free).count() as i64;
            for order in 0..=CHUNK_ORDER {
                assert_eq!(made[order as usize], i64::from(loose.count(order)), "order {order}");
            }
        }
    }

    #[test]
    fn pages_come_by_the_word() {
        let chunk = empty();
        for node in [515, 517, 518, 1000] {
            chunk.set(node);
        }
        let pages = |taken: Option<(usize, usize)>| {
            let (base, bits) = taken.unwrap_or((0, 0));
            (0..BITS).filter(|bit| bits >> bit & 1 != 0).map(|bit| base + bit).collect::<Vec<_>>()
        };
        assert_eq!(pages(chunk.take_pages(2)), [515, 517]);
        assert_eq!(pages(chunk.take_pages(9)), [518]);
        assert_eq!(pages(chunk.take_pages(9)), [1000]);
        assert_eq!(chunk.take_pages(9), None);
    }
}
