//! Lazy merging: blocks that were given back and wait, unmerged, for the next request of their order.
//!
//! Who frees a block of 16 pages will often want one of 16 pages next. Merging it at once, and cutting it out again, is work
//! for nothing. So a zone keeps the last blocks of each order as they are, a stack for each order, as free as the others:
//! their pages count. Only which order they count for is open, so everybody who looks at orders, or needs a block that merging
//! could make, has them merged first ([`super::buddy::FreeArea::settle`]). No pageblock is broken while something waits here.
//!
//! Paper: Barkley and Lee, A lazy buddy system bounded by two coalescing delays per class, 1989.

use crate::raw::{Array, Reserve};
use crate::sync::{AtomicU32, Ordering};

/// Words of an order at most, as a power of two: how many wait, and the first frame of each, counted from the zone's first
/// chunk.
const MOST_SHIFT: u32 = 6;
/// A zone has one word of an order for so many pages.
const PAGES_A_WORD: u64 = 1024;

/// The stacks of one zone. Written under its lock.
pub(crate) struct Lazy {
    words: Array<AtomicU32>,
    shift: u32,
}

/// Returns the words of an order, as a power of two.
const fn shift(pages: u64) -> u32 {
    match (pages / PAGES_A_WORD).checked_ilog2() {
        // What a word cannot name does not wait.
        Some(_) if pages > u32::MAX as u64 => 0,
        Some(shift) if shift < MOST_SHIFT => shift,
        Some(_) => MOST_SHIFT,
        None => 0,
    }
}

impl Lazy {
    /// Returns the words that a zone of so many frames needs for so many orders.
    pub(crate) const fn words(pages: u64, orders: u32) -> u64 {
        (orders as u64) << shift(pages)
    }
    /// Makes the stacks of a zone, empty. `None` when the reserve is too small.
    pub(crate) fn new(reserve: &mut Reserve<'_>, pages: u64, orders: u32) -> Option<Self> {
        Some(Self { words: reserve.array(Self::words(pages, orders))?, shift: shift(pages) })
    }
    /// Puts a block on its order's stack. False when that is full, or there is none.
    #[inline(always)]
    pub(crate) fn push(&self, order: u32, frame: u32) -> bool {
        let words = self.words.all();
        let at = order << self.shift;
        let pushed = words.with(at.into(), |len| {
            let count = len.load(Ordering::Relaxed) + 1;
            if count >> self.shift != 0 {
                return None;
            }
            len.store(count, Ordering::Relaxed);
            words.with((at + count).into(), |word| word.store(frame, Ordering::Relaxed))
        });
        pushed.flatten().is_some()
    }
    /// Takes the last block from an order's stack.
    #[inline(always)]
    pub(crate) fn pop(&self, order: u32) -> Option<u32> {
        let words = self.words.all();
        let at = order << self.shift;
        let popped = words.with(at.into(), |len| {
            let count = len.load(Ordering::Relaxed);
            len.store(count.checked_sub(1)?, Ordering::Relaxed);
            words.with((at + count).into(), |word| word.load(Ordering::Relaxed))
        });
        popped.flatten()
    }
    /// Returns an order's blocks.
    pub(crate) fn blocks(&self, order: u32) -> impl Iterator<Item = u32> + '_ {
        let at = u64::from(order << self.shift);
        let word = |at| self.words.get(at).map_or(0, |word| word.load(Ordering::Relaxed));
        (1..=u64::from(word(at))).map(move |index| word(at + index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_keep_as_much_as_their_size_allows() {
        assert_eq!(Lazy::words(512, 9), 9);
        assert_eq!(Lazy::words(16 << 10, 9), 9 << 4);
        assert_eq!(Lazy::words(1 << 30, 9), 9 << MOST_SHIFT);
        assert_eq!(Lazy::words(1 << 33, 9), 9);
    }
}
