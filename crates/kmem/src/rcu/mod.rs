//! RCU: readers that announce themselves with a plain store, and others who wait until all of them are gone.
//!
//! Who takes something out of a structure that others read without a lock may not free it at once: a reader may have found
//! it just before. But once every CPU was seen outside a read section, nobody can know it any more, and new readers do not
//! find it. That time is a *grace period*.
//!
//! A reader costs a load and a store of its CPU's own word. The other side pays: it makes *all CPUs pass a barrier*
//! ([`crate::machine::Machine::barrier_everywhere`]), as who claims another CPU's page lists does. Whatever a reader found
//! before the barrier, its word shows by then that it is inside; and one that begins later sees what was done before. Then
//! it looks at each CPU's word until that was outside once, or is inside by another section.
//!
//! Nobody sleeps and no timer runs: a grace period begins and ends when somebody looks (`Rcu::advance`). Whoever needs one
//! takes a [`Cookie`] and asks later whether it has passed; one grace period serves all cookies taken before it began.
//!
//! What waits to be freed hangs in `queue`. A read section must not sleep and stays on its CPU. Interrupts may read too.
//!
//! # Invariant, checked by `verify`
//! - **R1** As many objects hang in the queues as were put there and not taken.
//!
//! Kernel counterpart: `kernel/rcu/tree.c` (`synchronize_rcu`, `get_state_synchronize_rcu`, `call_rcu`, `kfree_rcu`);
//! `kernel/sched/membarrier.c`. McKenney, *Is Parallel Programming Hard*, chapter 9.

pub(crate) mod queue;
#[cfg(all(test, kmem_loom))]
mod tests;

use crate::raw::{zeroed_struct, Array, Reserve};
use crate::sync::{light_fence, Count, Ordering, Shared, SpinLock};
use queue::Queues;

zeroed_struct! {
    /// What a CPU says about its readers.
    #[repr(C, align(64))]
    pub(crate) struct CpuReaders {
        /// How deep it is in read sections, and above [`ENDED`] how many outermost ones ended.
        word: Shared,
        /// What `word` was when the grace period began.
        seen: Count,
        /// Whether it does what is due, so that nothing in there begins anew.
        runs: Count,
    }
}

/// A CPU does what is due while this lives.
pub(crate) struct Run<'a>(&'a Count);

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.0.set(0);
    }
}

/// One read section that ended.
const ENDED: u32 = 1 << 24;
/// The part of a word that says how deep.
const DEPTH: u32 = ENDED - 1;

/// A moment: whoever read something then is gone when its grace period has passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cookie(u32);

impl Cookie {
    /// Wraps what [`Cookie::raw`] gave.
    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
    /// Returns the number of the grace period.
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
}

/// Where the grace period stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// There is none.
    Idle,
    /// Somebody makes all CPUs pass a barrier.
    Begins,
    /// CPUs are looked at.
    Waits,
}

struct Grace {
    phase: Phase,
    /// The last one that began.
    begun: u32,
    /// The last one that somebody waits for.
    wanted: u32,
}

/// The read sections of one kernel, and what waits for them.
pub struct Rcu {
    cpus: Array<CpuReaders>,
    grace: SpinLock<Grace>,
    /// The last grace period that passed.
    passed: Shared,
    queues: SpinLock<Queues>,
    /// How much hangs in the queues and in slabs that wait: for a look without a lock.
    pub(crate) pending: Shared,
}

impl Rcu {
    /// Returns the bytes that the CPUs' words take.
    pub(crate) fn bytes(cpus: u32) -> u64 {
        (u64::from(cpus) + 1) * size_of::<CpuReaders>() as u64
    }
    /// Makes the words of all CPUs. `None` when the reserve is too small.
    pub(crate) fn new(reserve: &mut Reserve<'_>, cpus: u32) -> Option<Self> {
        let grace = Grace { phase: Phase::Idle, begun: 0, wanted: 0 };
        let queues = Queues::default();
        Some(Self {
            cpus: reserve.array(cpus.into())?,
            grace: SpinLock::new(grace),
            passed: Shared::new(0),
            queues: SpinLock::new(queues),
            pending: Shared::new(0),
        })
    }

    /// Begins a read section on this CPU; it may be nested. Interrupts are off, so that the CPU stays the same.
    #[inline(always)]
    pub(crate) fn read_lock(&self, cpu: u32) {
        if let Some(readers) = self.cpus.get(cpu.into()) {
            // Who sees that this section began sees that the one before it ended, with all that it read: hence the release.
            readers.word.store(readers.word.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
            light_fence();
        }
    }
    /// Ends a read section. False when there is none.
    #[inline(always)]
    pub(crate) fn read_unlock(&self, cpu: u32) -> bool {
        let Some(readers) = self.cpus.get(cpu.into()) else { return false };
        let word = readers.word.load(Ordering::Relaxed);
        let ended = match word & DEPTH {
            0 => return false,
            1 => ENDED,
            _ => 0,
        };
        readers.word.store((word - 1).wrapping_add(ended), Ordering::Release);
        true
    }
    /// Returns how deep a CPU is in read sections.
    pub(crate) fn depth(&self, cpu: u32) -> u32 {
        self.cpus.get(cpu.into()).map_or(0, |readers| readers.word.load(Ordering::Relaxed) & DEPTH)
    }

    /// Wants a grace period that begins after this: what was unlinked before is nobody's when it has passed.
    pub(crate) fn cookie(&self) -> Cookie {
        let mut grace = self.grace.lock();
        // One that has begun may have looked at a CPU already.
        grace.wanted = grace.begun.wrapping_add(1);
        Cookie(grace.wanted)
    }
    /// True when no grace period has begun since a cookie was taken: a new one would be the same.
    pub(crate) fn is_latest(&self, cookie: Cookie) -> bool {
        self.grace.lock().begun.wrapping_add(1) == cookie.0
    }
    /// True when the grace period of a cookie has passed.
    pub(crate) fn has_passed(&self, cookie: Cookie) -> bool {
        is_past(self.passed.load(Ordering::Acquire), cookie.0)
    }

    /// Goes on with the grace period as far as that is possible without waiting: ends it when every CPU was outside, begins
    /// the next one that somebody wants. `off` turns interrupts off as long as what it returns lives; `barrier` returns when
    /// all CPUs have passed a barrier. No lock is held.
    pub(crate) fn advance<Off>(&self, off: impl Fn() -> Off, barrier: impl Fn()) {
        let begins = || {
            let _off = off();
            let mut grace = self.grace.lock();
            self.end_if_over(&mut grace);
            let begins = grace.phase == Phase::Idle && !is_past(grace.begun, grace.wanted);
            if begins {
                grace.begun = grace.begun.wrapping_add(1);
                grace.phase = Phase::Begins;
            }
            begins
        };
        while begins() {
            // Without the lock: other CPUs need not wait for this.
            barrier();
            let _off = off();
            let mut grace = self.grace.lock();
            self.cpus.iter().for_each(|readers| readers.seen.set(readers.word.load(Ordering::Acquire)));
            grace.phase = Phase::Waits;
        }
    }
    fn end_if_over(&self, grace: &mut Grace) {
        if grace.phase == Phase::Waits && self.cpus.iter().all(CpuReaders::was_outside) {
            grace.phase = Phase::Idle;
            self.passed.store(grace.begun, Ordering::Release);
        }
    }

    /// Begins to do what is due on this CPU; `None` when it is at it already.
    pub(crate) fn run(&self, cpu: u32) -> Option<Run<'_>> {
        let runs = &self.cpus.get(cpu.into())?.runs;
        if runs.get() != 0 {
            return None;
        }
        runs.set(1);
        Some(Run(runs))
    }
    /// True while a CPU does what is due.
    pub(crate) fn is_running(&self, cpu: u32) -> bool {
        self.cpus.get(cpu.into()).is_some_and(|readers| readers.runs.get() != 0)
    }
    /// True when something hangs in the queues or in slabs.
    #[inline]
    pub(crate) fn has_pending(&self) -> bool {
        self.pending.load(Ordering::Relaxed) != 0
    }
    /// Notes that something waits, or does not wait any more.
    pub(crate) fn count(&self, more: u32, fewer: u32) {
        self.pending.fetch_add(more.wrapping_sub(fewer), Ordering::Relaxed);
    }
}

impl CpuReaders {
    /// True when the CPU was outside since the grace period began: then, or now, or between two sections.
    fn was_outside(&self) -> bool {
        let (seen, word) = (self.seen.get(), self.word.load(Ordering::Acquire));
        seen & DEPTH == 0 || word & DEPTH == 0 || word / ENDED != seen / ENDED
    }
}

/// True when a grace period's number is not later than another's. Numbers wrap.
fn is_past(now: u32, then: u32) -> bool {
    now.wrapping_sub(then) < 1 << 31
}
