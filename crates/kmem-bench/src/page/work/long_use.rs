//! What long use leaves: after many events, how many large blocks can still be had?
//!
//! 95 % of the requests are single pages, as nearly all of a kernel's are; the rest has orders 1 to 3. The fill swings by
//! ten points of a hundred around its middle: up by requests, down by giving back blocks picked at random, and at the end
//! it is brought to the middle. The events are the same for every peer.

use crate::measure::Left;
use crate::page::source::PageSource;
use crate::rng::Rng;

/// Largest order of the small blocks.
const SMALL_ORDERS: u32 = 3;
/// The blocks that are counted: 2 MiB.
const LARGE: u32 = 9;

/// Uses the memory, then takes large blocks until there are none.
pub fn long_use(source: &mut impl PageSource, pages: u64, fill: u32, events: u64) -> Option<Left> {
    // Sources without blocks of this order cannot be asked.
    let block = source.alloc(LARGE)?;
    source.free(block, LARGE);

    let percent = |percent: u32| pages * u64::from(percent) / 100;
    let (low, middle, high) = (percent(fill - 10), percent(fill), percent(fill + 10));
    let mut user = User { held: Vec::new(), taken: 0, rng: Rng::default() };
    let mut growing = true;
    for _ in 0..events {
        if growing {
            growing = user.taken < high && user.take(source);
        } else {
            user.give(source);
            growing = user.taken <= low;
        }
    }
    while user.taken > middle {
        user.give(source);
    }
    while user.taken < middle && user.take(source) {}

    let free = pages - user.taken;
    Some(Left { blocks: source.count_free(LARGE), of: free >> LARGE })
}

struct User {
    held: Vec<(u64, u32)>,
    taken: u64,
    rng: Rng,
}

impl User {
    fn take(&mut self, source: &mut impl PageSource) -> bool {
        let order = if self.rng.below(100) < 95 { 0 } else { 1 + self.rng.below(SMALL_ORDERS) };
        let Some(block) = source.alloc(order) else { return false };
        self.held.push((block, order));
        self.taken += 1 << order;
        true
    }
    fn give(&mut self, source: &mut impl PageSource) {
        let at = self.rng.below(self.held.len() as u32) as usize;
        if at < self.held.len() {
            let (block, order) = self.held.swap_remove(at);
            source.free(block, order);
            self.taken -= 1 << order;
        }
    }
}
