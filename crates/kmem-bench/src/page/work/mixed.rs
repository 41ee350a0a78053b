//! Blocks of all orders, taken and given back as memory fills and empties. Random numbers and the list of what is held cost
//! each peer the same few nanoseconds.

use crate::clock::ThreadTime;
use crate::page::source::PageSource;
use crate::part::Round;
use crate::rng::Rng;

/// What is held between rounds.
#[derive(Default)]
pub struct Mixed {
    blocks: Vec<(u64, u32)>,
    taken: u64,
    shrinking: bool,
    rng: Rng,
}

/// Blocks of the mixed workload: `2^0` to `2^10` pages.
const MIXED_ORDERS: u32 = 11;

impl Mixed {
    /// Lets the fill go up to 90 % and down to 50 %, over and over, with blocks of all orders. An order that cannot be had
    /// turns the way down.
    pub fn run(&mut self, source: &mut impl PageSource, pages: u64, operations: u64) -> Option<Round> {
        let (low, high) = (pages / 2, pages / 10 * 9);
        if self.blocks.is_empty() {
            // A source that has single pages only has no part in it.
            let block = source.alloc(MIXED_ORDERS - 1)?;
            source.free(block, MIXED_ORDERS - 1);
            while self.taken < (low + high) / 2 && self.take(source) {}
        }
        let (mut taken, mut given) = (0, 0);
        let start = ThreadTime::now();
        while taken + given < 2 * operations {
            if self.shrinking && self.taken > low {
                self.give(source);
                given += 1;
                continue;
            }
            self.shrinking = self.taken >= high || !self.take(source);
            if self.shrinking {
                // Whatever the fill is: an order that cannot be had needs room.
                self.give(source);
                given += 1;
            } else {
                taken += 1;
            }
        }
        Some(Round { took: start.elapsed(), operations: (taken + given) / 2 })
    }
    #[inline(always)]
    fn take(&mut self, source: &mut impl PageSource) -> bool {
        let order = self.rng.below(MIXED_ORDERS);
        let Some(block) = source.alloc(order) else { return false };
        self.blocks.push((block, order));
        self.taken += 1 << order;
        true
    }
    #[inline(always)]
    fn give(&mut self, source: &mut impl PageSource) {
        let at = self.rng.below(self.blocks.len() as u32) as usize;
        if at < self.blocks.len() {
            let (block, order) = self.blocks.swap_remove(at);
            source.free(block, order);
            self.taken -= 1 << order;
        }
    }
}
