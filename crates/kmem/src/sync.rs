//! The only door to atomics and locks.
//!
//! Locks are ticket locks: fair, eight bytes each. Everything that several CPUs touch without a lock is an atomic used
//! with relaxed ordering: on the machines we run on that is a plain load or store.
//!
//! # Lock order
//! A CPU takes locks only downwards in this table. Interrupts allocate pages and objects and use pools, so locks marked
//! *irq* are taken with interrupts off; the others belong to process context.
//!
//! | rank | lock | | may be held when taking |
//! |---|---|---|---|
//! | 8 | tunables | | 2, 1 |
//! | 7 | processes coming | | 6, 4 (their cache), 1 (their table grows) |
//! | 6 | one address space | | 3, 2, 1 (giving back only) |
//! | 6 | pools coming and going | irq | 5, 1 |
//! | 5 | one pool | irq | – |
//! | 4 | caches coming and going | irq | 3, 1 |
//! | 4 | the right to take what lies on other CPUs' lists and arrays | irq | 3, 1, 0 |
//! | 4 | vm areas | | 1 (their table grows) |
//! | 4 | files coming | | 1 (their table grows) |
//! | 3 | one slab cache | irq | 2 (batches, stacks), 1, 0 |
//! | 3 | SLOB's pages and lists | irq | – |
//! | 3 | one file | irq | 2, 1 |
//! | 3 | shrinkers coming and going | | – |
//! | 2 | page tables, kmap slots | | – |
//! | 2 | stacks of owners | irq | 1 (their table grows) |
//! | 2 | a node's lists of reclaim | irq | 1 |
//! | 2 | batches of objects that no cache has | irq | 1 (their table grows) |
//! | 1 | one zone's free areas | irq | 0 |
//! | 1 | what waits for readers | irq | 0 |
//! | 0 | the grace period | irq | – |
//! | 0 | the tracer; what `page_poison` and checks of slabs found | irq | – |

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
pub(crate) use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
pub(crate) use protocol::{light_fence, wait_while, Shared, Witness};

/// The words by which CPUs agree who may touch what.
#[cfg(not(all(test, kmem_loom)))]
mod protocol {
    use core::sync::atomic::{compiler_fence, Ordering};

    /// A word of a protocol between CPUs.
    pub(crate) type Shared = core::sync::atomic::AtomicU32;

    /// Stands for what a protocol guards, for the model checker to see; here it is nothing.
    #[derive(Default)]
    pub(crate) struct Witness;

    impl Witness {
        /// Says that the guarded data is used.
        #[inline(always)]
        pub(crate) fn touch(&self) {}
    }

    /// Keeps the compiler from moving a load before a store that stands above it. The CPU may still do so: whoever depends
    /// on the order from outside makes all CPUs pass a barrier ([`crate::machine::Machine::barrier_everywhere`]).
    #[inline(always)]
    pub(crate) fn light_fence() {
        compiler_fence(Ordering::SeqCst);
    }
    /// Waits for another CPU.
    #[inline]
    pub(crate) fn wait_while(mut must_wait: impl FnMut() -> bool) {
        let mut looks = 0u32;
        while must_wait() {
            looks = looks.saturating_add(1);
            relax(looks);
        }
    }
    fn relax(looks: u32) {
        /// So often it is worth looking again at once: whoever is waited for is at work.
        #[cfg(feature = "std")]
        const AT_ONCE: u32 = 200;
        // Where CPUs are threads, he may have lost the host's CPU, perhaps to this one.
        #[cfg(feature = "std")]
        if looks > AT_ONCE {
            return std::thread::yield_now();
        }
        let _ = looks;
        core::hint::spin_loop();
    }
}

/// The same for the model checker (`page/tests/interleavings.rs`): it owns the words, and is told of each use of what they
/// guard. A light fence and a barrier on all CPUs have the effect of two full fences, one on each side, so that is what
/// both are here.
#[cfg(all(test, kmem_loom))]
pub(crate) mod protocol {
    use core::cell::Cell;
    use loom::cell::UnsafeCell;

    pub(crate) type Shared = loom::sync::atomic::AtomicU32;

    std::thread_local! {
        /// Whether light fences do anything: a model without them must fail. (A model runs on the thread of its test.)
        pub(crate) static FENCES: Cell<bool> = const { Cell::new(true) };
    }

    #[derive(Default)]
    pub(crate) struct Witness(UnsafeCell<()>);

    // SAFETY: There is nothing in it; that two touch it at once is what the model looks for.
    #[allow(unsafe_code)]
    unsafe impl Sync for Witness {}

    impl Witness {
        pub(crate) fn touch(&self) {
            self.0.with_mut(|_| ());
        }
    }

    pub(crate) fn light_fence() {
        if FENCES.get() {
            loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
        }
    }
    pub(crate) fn wait_while(mut must_wait: impl FnMut() -> bool) {
        while must_wait() {
            loom::thread::yield_now();
        }
    }
}

/// A ticket lock around `T`.
///
/// # Invariants
/// `value` is reached only by the holder of the ticket that `serving` shows.
pub(crate) struct SpinLock<T> {
    next: Shared,
    serving: Shared,
    witness: Witness,
    value: UnsafeCell<T>,
}

// SAFETY: The lock hands out one reference at a time, so sharing it moves access to `T` between threads, never shares it.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    pub(crate) fn new(value: T) -> Self {
        let (next, serving, witness) = (Shared::new(0), Shared::new(0), Default::default());
        Self { next, serving, witness, value: UnsafeCell::new(value) }
    }
    pub(crate) fn lock(&self) -> SpinGuard<'_, T> {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        wait_while(|| self.serving.load(Ordering::Acquire) != ticket);
        self.witness.touch();
        SpinGuard { lock: self, ticket }
    }
}

impl<T: Default> Default for SpinLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Access to what a [`SpinLock`] guards; unlocks when dropped.
pub(crate) struct SpinGuard<'a, T> {
    lock: &'a SpinLock<T>,
    ticket: u32,
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;
    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        // SAFETY: This guard holds the ticket that is being served, so by the type invariant nobody else is inside.
        unsafe { &*self.lock.value.get() }
    }
}
impl<T> DerefMut for SpinGuard<'_, T> {
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: As in `deref`; `&mut self` makes the reference unique among this guard's own.
        unsafe { &mut *self.lock.value.get() }
    }
}
impl<T> Drop for SpinGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.witness.touch();
        self.lock.serving.store(self.ticket.wrapping_add(1), Ordering::Release);
    }
}

/// A counter that one CPU writes and all may read: a plain add, no locked operation.
#[derive(Default)]
pub(crate) struct Count(AtomicU32);

impl Count {
    #[inline]
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
    #[inline]
    pub(crate) fn set(&self, value: u32) {
        self.0.store(value, Ordering::Relaxed);
    }
    #[inline]
    pub(crate) fn add(&self, n: u32) {
        self.set(self.get().wrapping_add(n));
    }
    #[inline]
    pub(crate) fn sub(&self, n: u32) {
        self.set(self.get().wrapping_sub(n));
    }
}

/// A count of events that one CPU, or the holder of a lock, writes and all may read. As wide as a machine word.
#[derive(Default)]
pub(crate) struct Tally(AtomicUsize);

impl Tally {
    #[inline(always)]
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub(crate) fn add(&self, n: usize) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }
}
