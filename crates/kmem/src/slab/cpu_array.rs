//! A CPU's own stock of free objects of one cache: an array used as a stack.
//!
//! Objects that were just freed are warm in the CPU's cache, so the next allocation gets them back. A hit loads the
//! count, moves one word and stores the count: no lock, no locked operation, and no touch of the object itself (an array
//! of addresses stays fast where a list through thousands of cold objects would not). Bonwick 1994 and 2001; 2.6's
//! `struct array_cache`, 6.18's sheaves.

use crate::sync::{AtomicUsize, Count, Ordering};

/// The most objects an array has room for.
pub(crate) const CAPACITY: usize = 124;

/// One CPU's stock of one cache. Objects are offsets into the direct map.
#[repr(C, align(64))]
pub(crate) struct CpuArray {
    count: Count,
    /// How many it keeps at most.
    pub(crate) limit: Count,
    /// Allocations and frees that went through it.
    pub(crate) allocs: Count,
    pub(crate) frees: Count,
    entries: [AtomicUsize; CAPACITY],
}

impl Default for CpuArray {
    fn default() -> Self {
        Self {
            count: Count::default(),
            limit: Count::default(),
            allocs: Count::default(),
            frees: Count::default(),
            entries: [const { AtomicUsize::new(0) }; CAPACITY],
        }
    }
}

impl CpuArray {
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<usize> {
        let last = self.count.get().wrapping_sub(1);
        let entry = self.entries.get(last as usize)?.load(Ordering::Relaxed);
        self.count.set(last);
        self.allocs.add(1);
        Some(entry)
    }
    /// Keeps an object; false when the stock is full.
    #[inline(always)]
    pub(crate) fn push(&self, entry: usize) -> bool {
        let count = self.count.get();
        if count >= self.limit.get() {
            return false;
        }
        let Some(slot) = self.entries.get(count as usize) else { return false };
        slot.store(entry, Ordering::Relaxed);
        self.count.set(count + 1);
        self.frees.add(1);
        true
    }
    /// Takes the objects that have lain longest, at most `n`, and hands each to `give`.
    pub(crate) fn take_oldest(&self, n: u32, mut give: impl FnMut(usize)) {
        let count = self.count.get();
        let n = n.min(count);
        for slot in self.entries.iter().take(n as usize) {
            give(slot.load(Ordering::Relaxed));
        }
        for (to, from) in (n..count).enumerate() {
            self.entries[to].store(self.entries[from as usize].load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.count.set(count - n);
    }
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.entries.iter().take(self.count.get() as usize).map(|slot| slot.load(Ordering::Relaxed))
    }
}
