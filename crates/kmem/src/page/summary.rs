//! Where to look: for each order and mobility type, which chunks of a zone may have a free block.
//!
//! A bit a chunk, and above it a bit a word of such bits, and so on until one word is left: the first chunk with a block
//! of an order and type is found in as many steps as there are levels (three for 512 GiB).
//!
//! A set bit means *may*: it is set whenever a block is freed, and taken back only when a search finds the chunk without
//! one. So a free costs one look at a word that is usually right already, and each wrong bit is paid for once.

use crate::raw::Array;
use crate::sync::{AtomicUsize, Ordering};

const BITS: u32 = usize::BITS;
/// Enough levels for 2^25 chunks, 64 TiB, with words of 32 bits; a power of two.
const MAX_LEVELS: usize = 8;

/// Bitmaps over the chunks of one zone.
pub(crate) struct Summary {
    words: Array<AtomicUsize>,
    /// Words of one bitmap, all levels.
    stride: u32,
    /// Where in a bitmap each level begins.
    level: [u32; MAX_LEVELS],
    levels: usize,
}

/// Returns where each level begins, the number of levels, and the words of one bitmap.
const fn shape(chunks: u32) -> ([u32; MAX_LEVELS], usize, u32) {
    let mut level = [0; MAX_LEVELS];
    let (mut levels, mut at, mut bits) = (0, 0, if chunks == 0 { 1 } else { chunks });
    while levels < MAX_LEVELS {
        level[levels] = at;
        levels += 1;
        bits = bits.div_ceil(BITS);
        at += bits;
        if bits == 1 {
            break;
        }
    }
    (level, levels, at)
}

impl Summary {
    /// Returns the words that `maps` bitmaps over `chunks` chunks need.
    pub(crate) const fn words(chunks: u32, maps: u32) -> u64 {
        shape(chunks).2 as u64 * maps as u64
    }
    pub(crate) fn new(words: Array<AtomicUsize>, chunks: u32) -> Self {
        let (level, levels, stride) = shape(chunks);
        Self { words, stride, level, levels }
    }
    #[inline(always)]
    fn word(&self, map: u32, level: usize, at: u32) -> Option<&AtomicUsize> {
        self.words.get(u64::from(map * self.stride + self.level[level % MAX_LEVELS] + at))
    }
    /// Notes that a chunk has a block.
    #[inline(always)]
    pub(crate) fn set(&self, map: u32, chunk: u32) {
        let mut at = chunk;
        for level in 0..self.levels {
            let Some(word) = self.word(map, level, at / BITS) else { return };
            let old = word.load(Ordering::Relaxed);
            let new = old | 1 << (at % BITS);
            if new == old {
                return;
            }
            word.store(new, Ordering::Relaxed);
            if old != 0 {
                return;
            }
            at /= BITS;
        }
    }
    /// Notes that a chunk has none.
    pub(crate) fn clear(&self, map: u32, chunk: u32) {
        let mut at = chunk;
        for level in 0..self.levels {
            let Some(word) = self.word(map, level, at / BITS) else { return };
            let new = word.load(Ordering::Relaxed) & !(1 << (at % BITS));
            word.store(new, Ordering::Relaxed);
            if new != 0 {
                return;
            }
            at /= BITS;
        }
    }
    /// Returns the first chunk that may have a block.
    #[inline]
    pub(crate) fn first(&self, map: u32) -> Option<u32> {
        let mut at = 0;
        let words = self.words.all();
        for level in (0..self.levels).rev() {
            let word = map * self.stride + self.level[level % MAX_LEVELS] + at;
            let bits = words.with(word.into(), |word| word.load(Ordering::Relaxed))?;
            if bits == 0 {
                return None;
            }
            at = at * BITS + bits.trailing_zeros();
        }
        Some(at)
    }
    /// True when a chunk is noted.
    pub(crate) fn contains(&self, map: u32, chunk: u32) -> bool {
        self.word(map, 0, chunk / BITS).is_some_and(|word| word.load(Ordering::Relaxed) >> (chunk % BITS) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_until_one_word_is_left() {
        assert_eq!(shape(1).1, 1);
        assert_eq!(shape(BITS).1, 1);
        assert_eq!(shape(BITS + 1), ([0, 2, 0, 0, 0, 0, 0, 0], 2, 3));
        assert!(shape(1 << 22).1 <= MAX_LEVELS);
        assert_eq!(Summary::words(BITS * BITS, 2), 2 * u64::from(BITS + 1));
    }
}
