//! What two threads do at once.

use crate::clock::ThreadTime;
use crate::object::source::{ObjectSource, Peer};
use crate::part::Round;
use crate::rng::Rng;
use crate::threads::{at_once, pass, pause};
use spin::Mutex;
use std::sync::Barrier;
use std::time::Duration;

/// An object and its size.
type Object = (u64, u32);

fn take(source: &mut impl ObjectSource, bytes: u32) -> Option<Object> {
    Some((source.alloc(bytes as usize)?, bytes))
}
fn give(source: &mut impl ObjectSource, (object, bytes): Object) {
    source.free(object, bytes as usize);
}

/// Objects that each thread holds in the larson-like workload.
const HELD: u32 = 5_000;
/// Their sizes are below.
const SIZES: u32 = 1_000;
/// Replacements between two swaps.
const PERIOD: u64 = 20_000;

fn size(rng: &mut Rng) -> u32 {
    8 + rng.below(SIZES - 8)
}

/// Each thread holds objects of random size and replaces one picked at random, over and over; now and then the two swap all
/// that they hold, so that each frees what the other took. After Larson and Krishnan, "Memory allocation for long-running
/// server applications", 1998, where a new thread goes on with what one that ended has held.
pub fn larson<P: Peer>(peer: &P, operations: u64) -> Option<Round> {
    let tables = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];
    let turn = Barrier::new(2);
    let periods = operations.div_ceil(PERIOD);
    let took = at_once(
        2,
        |cpu| Some(peer.on_cpu(cpu)),
        |cpu, mut source| {
            let mut rng = Rng::stream(cpu);
            let mut took = source.is_some().then_some(Duration::ZERO);
            for period in 0..periods {
                let mut table = tables[(u64::from(cpu) + period) as usize % 2].lock();
                if let Some(source) = source.as_mut() {
                    if period == 0 {
                        table.extend((0..HELD).map_while(|_| take(source, size(&mut rng))));
                    }
                    let start = ThreadTime::now();
                    let replaced = replace(source, &mut table, &mut rng);
                    took = replaced.and(took).map(|took| took + start.elapsed());
                }
                drop(table);
                turn.wait();
            }
            let rest = std::mem::take(&mut *tables[cpu as usize].lock());
            source.iter_mut().for_each(|source| rest.iter().for_each(|&object| give(source, object)));
            took
        },
    );
    Some(Round { took: took?, operations: periods * PERIOD })
}

#[inline]
fn replace(source: &mut impl ObjectSource, table: &mut Vec<Object>, rng: &mut Rng) -> Option<()> {
    for _ in 0..PERIOD {
        let bytes = size(rng);
        let at = rng.below(HELD) as usize;
        let held = table.get_mut(at)?;
        give(source, *held);
        match take(source, bytes) {
            Some(object) => *held = object,
            None => {
                table.swap_remove(at);
                return None;
            }
        }
    }
    Some(())
}

/// What a source that has no memory puts into the queue.
const NONE: u64 = u64::MAX - 1;

/// Objects of a batch in the xmalloc-like workload.
const BATCH: usize = 256;
/// Batches that may be on their way.
const BATCHES: u64 = 16;
/// The sizes, each as likely.
const XMALLOC_SIZES: [u32; 6] = [16, 32, 64, 128, 256, 512];

/// One thread takes objects of several sizes and hands them on in batches, the other one gives them back. The time is the
/// wall's. After Lever and Boreham, "malloc() performance in a multithreaded Linux environment", 2000.
pub fn xmalloc<P: Peer>(peer: &P, operations: u64) -> Option<Round> {
    let batches: Vec<Mutex<Vec<Object>>> = (0..BATCHES).map(|_| Mutex::new(Vec::with_capacity(BATCH))).collect();
    let batch = |number: u64| &batches[(number % BATCHES) as usize];
    let source = |cpu| peer.on_cpu(cpu);
    let round = pass(
        operations.div_ceil(BATCH as u64),
        || {
            let (mut source, mut rng, mut next) = (source(0), Rng::default(), 0);
            move || {
                let number = next;
                next += 1;
                let mut turns = 0;
                while !batch(number).lock().is_empty() {
                    pause(&mut turns);
                }
                let mut batch = batch(number).lock();
                if let Some(source) = source.as_mut() {
                    let sizes = (0..BATCH).map(|_| XMALLOC_SIZES[rng.below(XMALLOC_SIZES.len() as u32) as usize]);
                    batch.extend(sizes.map_while(|bytes| take(source, bytes)));
                }
                if batch.len() == BATCH {
                    return number;
                }
                source.iter_mut().for_each(|source| batch.drain(..).for_each(|object| give(source, object)));
                NONE
            }
        },
        || {
            let mut source = source(1);
            move |number| {
                if number == NONE {
                    return false;
                }
                let mut batch = batch(number).lock();
                source.iter_mut().for_each(|source| batch.iter().for_each(|&object| give(source, object)));
                batch.clear();
                source.is_some()
            }
        },
    )?;
    Some(Round { took: round.took, operations: round.operations * BATCH as u64 })
}
