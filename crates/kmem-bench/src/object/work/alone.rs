//! What one thread does by itself. The list of what is held costs each peer the same; the ideal's column says how much.

use crate::clock::ThreadTime;
use crate::frees::Frees;
use crate::object::source::ObjectSource;
use crate::part::Round;
use crate::rng::Rng;
use std::hint::black_box;

/// Takes an object of the cache and gives it back.
pub fn cache_pairs(source: &mut impl ObjectSource, operations: u64) -> Option<Round> {
    let start = ThreadTime::now();
    for _ in 0..operations {
        let object = black_box(source.cache_alloc()?);
        source.cache_free(object);
    }
    Some(Round { took: start.elapsed(), operations })
}

/// Takes an object of a constant size, as most calls in a kernel do, and gives it back.
pub fn kmalloc_pairs<const BYTES: usize>(source: &mut impl ObjectSource, operations: u64) -> Option<Round> {
    let start = ThreadTime::now();
    for _ in 0..operations {
        let object = black_box(source.alloc(BYTES)?);
        source.free(object, BYTES);
    }
    Some(Round { took: start.elapsed(), operations })
}

/// Objects of a call for many.
pub const BULK: usize = 32;

/// Takes many objects of the cache by one call and gives them back by one.
pub fn bulks(source: &mut impl ObjectSource, operations: u64) -> Option<Round> {
    let calls = operations.div_ceil(BULK as u64);
    let mut objects = [0; BULK];
    let start = ThreadTime::now();
    for _ in 0..calls {
        source.cache_alloc_bulk(&mut objects)?;
        source.cache_free_bulk(black_box(&objects));
    }
    Some(Round { took: start.elapsed(), operations: calls * BULK as u64 })
}

/// What batches need.
#[derive(Default)]
pub struct Batches {
    objects: Vec<u64>,
    order_of_frees: Vec<u32>,
    rng: Rng,
}

impl Batches {
    /// Takes a batch of objects and gives all of them back, over and over.
    pub fn run(
        &mut self,
        source: &mut impl ObjectSource,
        batch: usize,
        frees: Frees,
        operations: u64,
    ) -> Option<Round> {
        if self.order_of_frees.len() != batch {
            self.order_of_frees = frees.order(batch, &mut self.rng);
            self.objects = vec![0; batch];
        }
        let batches = operations.div_ceil(batch as u64).max(1);
        let start = ThreadTime::now();
        for _ in 0..batches {
            for object in &mut self.objects {
                *object = source.cache_alloc()?;
            }
            for &at in &self.order_of_frees {
                if let Some(&object) = self.objects.get(at as usize) {
                    source.cache_free(object);
                }
            }
        }
        Some(Round { took: start.elapsed(), operations: batches * batch as u64 })
    }
}
