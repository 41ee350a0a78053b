//! The workloads that pages and objects share: something of one kind is taken and given back, and nothing else is asked.
//!
//! A [`Taker`] is a source that has settled what is taken: a block of this order, an object of the cache, so many bytes.
//! What is a constant at most calls in a kernel is one there, so that a source's code can be made for it.
//!
//! The list of what is held costs each peer the same few nanoseconds; the ideal's column says how many.

use crate::clock::ThreadTime;
use crate::frees::Frees;
use crate::part::Round;
use crate::rng::Rng;
use crate::threads::{at_once, pass};
use std::hint::black_box;
use std::time::Duration;

/// Something of one kind that can be taken and given back.
pub trait Taker {
    /// Takes one; `None` when there is none.
    fn take(&mut self) -> Option<u64>;
    /// Gives one back.
    fn give(&mut self, taken: u64);
}

#[inline(always)]
fn timed_pairs(taker: &mut impl Taker, operations: u64) -> Option<Duration> {
    let start = ThreadTime::now();
    for _ in 0..operations {
        let taken = black_box(taker.take()?);
        taker.give(taken);
    }
    Some(start.elapsed())
}

/// Takes one and gives it back.
// A function of its own, by reference: what surrounds it changes nothing in the loop, which holds one pointer in a register.
#[inline(never)]
pub fn pairs(taker: &mut impl Taker, operations: u64) -> Option<Round> {
    Some(Round { took: timed_pairs(taker, operations)?, operations })
}

/// The same on several threads, each with what `on_cpu` gives it. The slowest one's time counts.
pub fn pairs_at_once<T: Taker>(
    threads: u32,
    on_cpu: impl Fn(u32) -> Option<T> + Sync,
    operations: u64,
) -> Option<Round> {
    let took = at_once(threads, on_cpu, |_, mut taker| timed_pairs(&mut taker, operations))?;
    Some(Round { took, operations })
}

/// What a source that has none puts into the queue.
const NONE: u64 = u64::MAX - 1;

/// One thread takes, the other one gives back. The time is the wall's: it includes waiting for each other.
pub fn remote<T: Taker>(on_cpu: impl Fn(u32) -> Option<T> + Sync, operations: u64) -> Option<Round> {
    pass(
        operations,
        || {
            let mut taker = on_cpu(0);
            move || taker.as_mut().and_then(Taker::take).unwrap_or(NONE)
        },
        || {
            let mut taker = on_cpu(1);
            move |taken| match taker.as_mut() {
                Some(taker) if taken != NONE => {
                    taker.give(taken);
                    true
                }
                _ => false,
            }
        },
    )
}

/// What batches need between rounds.
#[derive(Default)]
pub struct Batches {
    taken: Vec<u64>,
    order_of_frees: Vec<u32>,
    rng: Rng,
}

impl Batches {
    /// Takes a batch and gives all of it back, over and over.
    #[inline(never)]
    pub fn run(&mut self, taker: &mut impl Taker, batch: usize, frees: Frees, operations: u64) -> Option<Round> {
        if self.order_of_frees.len() != batch {
            self.order_of_frees = frees.order(batch, &mut self.rng);
            self.taken = vec![0; batch];
        }
        let batches = operations.div_ceil(batch as u64).max(1);
        let start = ThreadTime::now();
        for _ in 0..batches {
            for taken in &mut self.taken {
                *taken = taker.take()?;
            }
            for &at in &self.order_of_frees {
                if let Some(&taken) = self.taken.get(at as usize) {
                    taker.give(taken);
                }
            }
        }
        Some(Round { took: start.elapsed(), operations: batches * batch as u64 })
    }
}
