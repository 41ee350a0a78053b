//! The way into the kernel: who is inside, and nobody while a fork happens.
//!
//! A child of a fork has one thread, and the kernel as it was at that moment. Were another thread inside, its locks would
//! be held in the child for ever. So a fork closes the gate, waits until nobody is inside, and opens it on both sides.
//!
//! To pass costs two plain stores and a load. The thread says that it is inside, then looks whether the gate is closed; who
//! closes it makes all CPUs pass a barrier, then looks who is inside. So either the thread sees the gate closed, or is seen.
//! (The same argument as for the kernel's lists of a CPU, `page/percpu.rs`.)
//!
//! # Invariants
//! - **G1** At most one thread is inside with a number: it is the thread's own, or the thread holds the lock of the shared one.
//! - **G2** While a fork happens nobody is inside but the thread that forks.

use super::lease;
use std::cell::Cell;
use std::sync::atomic::{compiler_fence, AtomicU32, Ordering};

/// The most numbers there are.
pub(super) const MAX_CPUS: u32 = 64;

/// Whether somebody is inside with a number. Each has a line of the cache to itself.
#[repr(align(128))]
struct Door(AtomicU32);

static DOORS: [Door; MAX_CPUS as usize] = [const { Door(AtomicU32::new(0)) }; MAX_CPUS as usize];
static CLOSED: AtomicU32 = AtomicU32::new(0);
static SHARED_LOCK: Lock = Lock(AtomicU32::new(0));
static FORK_LOCK: Lock = Lock(AtomicU32::new(0));

thread_local! {
    /// The thread is the one that forks.
    static FORKS: Cell<bool> = const { Cell::new(false) };
}

/// A lock whose waiters give their CPU away. It is a word, so that a child can open it.
struct Lock(AtomicU32);

impl Lock {
    fn lock(&self) {
        while self.0.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            std::thread::yield_now();
        }
    }
    fn unlock(&self) {
        self.0.store(0, Ordering::Release);
    }
}

/// This thread is inside while it lives.
pub(super) struct Inside {
    door: &'static Door,
    is_own: bool,
}

impl Inside {
    /// Goes in. A thread that is inside does not call this again.
    #[inline]
    pub(super) fn enter() -> Self {
        loop {
            let is_own = lease::pick();
            if !is_own {
                SHARED_LOCK.lock();
            }
            let door = &DOORS[lease::cpu() as usize % DOORS.len()];
            door.0.store(1, Ordering::Relaxed);
            // The processor may still look first; `close` makes it pass a barrier.
            compiler_fence(Ordering::SeqCst);
            if CLOSED.load(Ordering::Relaxed) == 0 || FORKS.get() {
                return Self { door, is_own };
            }
            drop(Self { door, is_own });
            while CLOSED.load(Ordering::Acquire) != 0 {
                std::thread::yield_now();
            }
        }
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        self.door.0.store(0, Ordering::Release);
        if !self.is_own {
            SHARED_LOCK.unlock();
        }
    }
}

/// Has the functions below called at every fork. False when the host has no memory for that.
pub(super) fn watch_forks() -> bool {
    // SAFETY: They are functions of this program.
    unsafe { libc::pthread_atfork(Some(close), Some(open), Some(open_in_child)) == 0 }
}

/// Before a fork.
extern "C" fn close() {
    FORK_LOCK.lock();
    CLOSED.store(1, Ordering::Relaxed);
    kmem_hosted::cpu::barrier_everywhere();
    FORKS.set(true);
    for door in &DOORS {
        while door.0.load(Ordering::Acquire) != 0 {
            std::thread::yield_now();
        }
    }
}

/// After it, in the parent.
extern "C" fn open() {
    FORKS.set(false);
    CLOSED.store(0, Ordering::Release);
    FORK_LOCK.unlock();
}

/// After it, in the child: the other threads are gone, and with them what they had.
extern "C" fn open_in_child() {
    lease::forked();
    // Somebody may have been on the way in, with a door open or the lock taken; he was not inside.
    DOORS.iter().for_each(|door| door.0.store(0, Ordering::Relaxed));
    SHARED_LOCK.unlock();
    open();
}
