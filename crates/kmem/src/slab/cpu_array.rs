//! A CPU's own stock of free objects of one cache: an array used as a stack.
//!
//! Objects that were just freed are warm in the CPU's cache, so the next allocation gets them back. A hit loads the
//! count, moves one word and stores the count: no lock, no locked operation, and no touch of the object itself (an array
//! of addresses stays fast where a list through thousands of cold objects would not).
//!
//! When an array is full, half of it goes to the cache's *depot* as one batch ([`Batch`]), and an empty array takes a batch
//! from there: one lock for many objects, and what one CPU frees another one gets without a look at the slabs. Only when the
//! depot is empty, or full, the slabs have their turn. Bonwick 1994 and 2001; 2.6's `struct array_cache`, 6.18's sheaves.
//!
//! An array with limit 0 holds nothing: each operation of such a cache goes to its slabs, where it can be looked at.
//!
//! Only its own CPU, inside its lists and with interrupts off, or who claimed all of them touches an array
//! ([`crate::page`], `percpu`); others may read the count.

use crate::raw::Stack;
use crate::sync::{AtomicUsize, Count, Ordering};

/// One CPU's stock of one cache. Objects are offsets into the direct map.
pub(crate) type CpuArray = Stack<126>;
/// The most objects of a batch.
pub(crate) const BATCH: usize = 62;

/// Objects of one cache on their way from one CPU's array to another's. Guarded by the cache's lock, or on the list of
/// spare ones by its lock.
#[repr(C, align(64))]
pub(crate) struct Batch {
    /// Number of the next one plus one.
    pub(crate) next: Count,
    count: Count,
    entries: [AtomicUsize; BATCH],
}

impl Default for Batch {
    fn default() -> Self {
        Self { next: Count::default(), count: Count::default(), entries: [const { AtomicUsize::new(0) }; BATCH] }
    }
}

impl Batch {
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }
    /// Puts it, which has this number, at the front of a list.
    pub(crate) fn push_to(&self, first: &mut u32, number: u32) {
        self.next.set(*first);
        *first = number + 1;
    }
    /// Takes in objects in place of what it had, as many as there is room for.
    pub(crate) fn keep(&self, objects: impl Iterator<Item = usize>) {
        let mut count = 0;
        for (slot, object) in self.entries.iter().zip(objects) {
            slot.store(object, Ordering::Relaxed);
            count += 1;
        }
        self.count.set(count);
    }
    /// Shows the objects, the last one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let count = (self.count.get() as usize).min(BATCH);
        self.entries.iter().take(count).rev().map(|slot| slot.load(Ordering::Relaxed))
    }
}
