//! Stacks of those who allocate and free objects of debugged caches, each kept once.
//!
//! A program allocates from few places, so the same stacks come again and again: a table in RAM holds each under a number,
//! found by a hash. It grows by pages and never shrinks. Kernel counterpart: `lib/stackdepot.c`, `STACK_DEPOT`; there, as
//! here, it takes memory only once somebody wants owners.

use super::SlabAllocator;
use crate::page::PageAllocator;
use crate::raw::Table;
use crate::sync::{AtomicU32, Ordering, SpinLock};

/// The most frames that are kept of a stack: `TRACK_ADDRS_COUNT`.
pub const FRAMES: usize = 16;
const BUCKETS: usize = 128;

/// A stack in the table: its frames, low words and high ones.
#[derive(Default)]
pub(crate) struct Trace {
    hash: AtomicU32,
    /// The next one of the same bucket, plus one; 0: none.
    next: AtomicU32,
    len: AtomicU32,
    frames: [[AtomicU32; 2]; FRAMES],
}

impl Trace {
    fn frame(&self, at: usize) -> u64 {
        let [low, high] = &self.frames[at];
        u64::from(high.load(Ordering::Relaxed)) << 32 | u64::from(low.load(Ordering::Relaxed))
    }
    fn len(&self) -> usize {
        (self.len.load(Ordering::Relaxed) as usize).min(FRAMES)
    }
    fn is(&self, hash: u32, frames: &[u64]) -> bool {
        self.hash.load(Ordering::Relaxed) == hash
            && self.len() == frames.len()
            && frames.iter().enumerate().all(|(at, frame)| self.frame(at) == *frame)
    }
}

/// What the lock of the stacks guards: the first one of each bucket, plus one, and how many there are.
struct Index {
    first: [u32; BUCKETS],
    count: u32,
}

/// All stacks.
pub(crate) struct Traces {
    table: Table<Trace>,
    index: SpinLock<Index>,
}

impl Traces {
    pub(crate) fn new() -> Self {
        Self { table: Table::new(), index: SpinLock::new(Index { first: [0; BUCKETS], count: 0 }) }
    }
    /// Returns the stack of a number. Returns how many frames there are.
    pub(crate) fn get(&self, number: u32, into: &mut [u64; FRAMES]) -> usize {
        let Some(stack) = number.checked_sub(1).and_then(|at| self.table.get(at)) else { return 0 };
        let len = stack.len();
        for (at, frame) in into.iter_mut().enumerate().take(len) {
            *frame = stack.frame(at);
        }
        len
    }
}

/// FNV-1a over the frames' bytes.
fn hash(frames: &[u64]) -> u32 {
    let bytes = frames.iter().flat_map(|frame| frame.to_le_bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl SlabAllocator {
    /// Keeps a stack; returns its number, 0 when there is no memory for it.
    pub(crate) fn keep_trace(&self, pages: &PageAllocator, cpu: u32, frames: &[u64]) -> u32 {
        let Some(frames) = frames.get(..frames.len().min(FRAMES)).filter(|frames| !frames.is_empty()) else { return 0 };
        let hash = hash(frames);
        let traces = &self.debug.traces;
        let mut index = traces.index.lock();
        let bucket = hash as usize % BUCKETS;
        let mut at = index.first[bucket];
        while let Some(stack) = at.checked_sub(1).and_then(|at| traces.table.get(at)) {
            if stack.is(hash, frames) {
                return at;
            }
            at = stack.next.load(Ordering::Relaxed);
        }
        if index.count >= traces.table.len() && self.grow(pages, cpu, &traces.table, 16).is_err() {
            return 0;
        }
        let Some(stack) = traces.table.get(index.count) else { return 0 };
        for (slot, frame) in stack.frames.iter().zip(frames) {
            slot[0].store(*frame as u32, Ordering::Relaxed);
            slot[1].store((*frame >> 32) as u32, Ordering::Relaxed);
        }
        stack.hash.store(hash, Ordering::Relaxed);
        stack.len.store(frames.len() as u32, Ordering::Relaxed);
        stack.next.store(index.first[bucket], Ordering::Relaxed);
        index.count += 1;
        index.first[bucket] = index.count;
        index.count
    }
}
