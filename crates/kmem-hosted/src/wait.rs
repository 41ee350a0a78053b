//! Waiting: a thread sleeps until another one gives back what it needs.
//!
//! Only where there are other threads: a program that plays a kernel with one thread would sleep for ever, so a machine
//! must be told that it may ([`crate::Hosted::allow_waiting`]).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// After so long a waiting thread looks again, as in a kernel (`mempool_alloc`).
const AT_MOST: Duration = Duration::from_secs(5);

/// The threads that wait for something of one machine.
#[derive(Default)]
pub(crate) struct Waiters {
    allowed: AtomicBool,
    lock: Mutex<()>,
    woken: Condvar,
}

impl Waiters {
    pub(crate) fn allow(&self) {
        self.allowed.store(true, Ordering::Relaxed);
    }
    /// Sleeps while `must_wait`. False where nobody may.
    pub(crate) fn wait(&self, must_wait: &dyn Fn() -> bool) -> bool {
        if !self.allowed.load(Ordering::Relaxed) {
            return false;
        }
        // The lock guards nothing that a panic could leave half done.
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let slept = self.woken.wait_timeout_while(guard, AT_MOST, |()| must_wait());
        drop(slept.unwrap_or_else(PoisonError::into_inner));
        true
    }
    /// Wakes all: each looks whether it was meant.
    pub(crate) fn wake(&self) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.woken.notify_all();
        drop(guard);
    }
}
