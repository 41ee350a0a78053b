//! Many objects a call.

use crate::clock::ThreadTime;
use crate::object::source::ObjectSource;
use crate::part::Round;
use std::hint::black_box;

/// Objects of a call for many.
pub const OBJECTS: usize = 32;

/// Takes many objects of the cache by one call and gives them back by one.
pub fn bulks(source: &mut impl ObjectSource, operations: u64) -> Option<Round> {
    let calls = operations.div_ceil(OBJECTS as u64);
    let mut objects = [0; OBJECTS];
    let start = ThreadTime::now();
    for _ in 0..calls {
        source.cache_alloc_bulk(&mut objects)?;
        source.cache_free_bulk(black_box(&objects));
    }
    Some(Round { took: start.elapsed(), operations: calls * OBJECTS as u64 })
}
