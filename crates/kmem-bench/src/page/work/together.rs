//! What two threads do at once.

use crate::clock::ThreadTime;
use crate::page::source::{PageSource, Peer};
use crate::part::Round;
use crate::threads::{at_once, pass};
use std::hint::black_box;

/// Each thread takes a page and gives it back. The slowest one's time counts.
pub fn pairs<P: Peer>(peer: &P, threads: u32, operations: u64) -> Option<Round> {
    let took = at_once(
        threads,
        |cpu| peer.on_cpu(cpu),
        |_, mut source| {
            let start = ThreadTime::now();
            for _ in 0..operations {
                let page = black_box(source.alloc(0)?);
                source.free(page, 0);
            }
            Some(start.elapsed())
        },
    );
    Some(Round { took: took?, operations })
}

/// What a source that has no page puts into the queue.
const NONE: u64 = u64::MAX - 1;

/// One thread takes pages, the other one gives them back. The time is the wall's: it includes waiting for each other.
pub fn remote<P: Peer>(peer: &P, operations: u64) -> Option<Round> {
    let source = |cpu| peer.on_cpu(cpu);
    pass(
        operations,
        || {
            let mut source = source(0);
            move || source.as_mut().and_then(|source| source.alloc(0)).unwrap_or(NONE)
        },
        || {
            let mut source = source(1);
            move |page| match source.as_mut() {
                Some(source) if page != NONE => {
                    source.free(page, 0);
                    true
                }
                _ => false,
            }
        },
    )
}
