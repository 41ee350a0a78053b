//! CPU numbers on lease: a thread has one of its own from its first allocation to its end.
//!
//! ```text
//! thread    first allocation ── has number n, takes no lock ── ends: n is free again
//!           none is free     ── shares the last number, under a lock, and looks again each time
//! ```
//!
//! The end is noticed by a destructor of a pthread key, since those run after Rust's own thread-locals are gone; what a
//! thread allocates later still, it does under the shared number. What a thread leaves on its CPU's lists is the next
//! one's who has the number.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The numbers that nobody has, one bit each.
static FREE: AtomicU64 = AtomicU64::new(0);
/// The shared number, which is the last.
static SHARED: AtomicU32 = AtomicU32::new(0);
static KEY: AtomicU32 = AtomicU32::new(0);

/// What a thread has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lease {
    None,
    Number(u32),
    /// It has given its number back and gets no other.
    Ended,
}

thread_local! {
    static LEASE: Cell<Lease> = const { Cell::new(Lease::None) };
    /// The number that the thread works under now.
    static CPU: Cell<u32> = const { Cell::new(0) };
}

/// Begins with numbers below `cpus`, at most 64, all free. False when the host has no key left.
pub(super) fn open(cpus: u32) -> bool {
    let shared = cpus.clamp(1, 64) - 1;
    let mut key = 0;
    // SAFETY: The key's place is valid, and the destructor is a function of this program.
    if unsafe { libc::pthread_key_create(&mut key, Some(end)) } != 0 {
        return false;
    }
    KEY.store(key, Ordering::Relaxed);
    SHARED.store(shared, Ordering::Relaxed);
    FREE.store((1 << shared) - 1, Ordering::Release);
    true
}

/// Returns the number that the thread works under.
#[inline]
pub(super) fn cpu() -> u32 {
    CPU.get()
}

/// Returns the number that is shared.
pub(super) fn shared() -> u32 {
    SHARED.load(Ordering::Relaxed)
}

/// Picks the number to work under from now on; true when it is the thread's own.
#[inline]
pub(super) fn pick() -> bool {
    match LEASE.get() {
        Lease::Number(_) => true,
        Lease::None => take(),
        Lease::Ended => share(),
    }
}

fn share() -> bool {
    CPU.set(shared());
    false
}

#[cold]
fn take() -> bool {
    let mut free = FREE.load(Ordering::Relaxed);
    while free != 0 {
        let number = free.trailing_zeros();
        match FREE.compare_exchange_weak(free, free & !(1 << number), Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                let value = (number as usize + 1) as *const c_void;
                // SAFETY: The key exists. The value is a number, never null.
                if unsafe { libc::pthread_setspecific(KEY.load(Ordering::Relaxed), value) } != 0 {
                    FREE.fetch_or(1 << number, Ordering::Release);
                    return share();
                }
                LEASE.set(Lease::Number(number));
                CPU.set(number);
                return true;
            }
            Err(now) => free = now,
        }
    }
    share()
}

/// The thread ends.
extern "C" fn end(value: *mut c_void) {
    let number = value.addr() as u32 - 1;
    LEASE.set(Lease::Ended);
    CPU.set(shared());
    FREE.fetch_or(1 << number, Ordering::Release);
}

/// After a fork, in the child: there is this thread and no other.
pub(super) fn forked() {
    let all = (1 << shared()) - 1;
    let own = match LEASE.get() {
        Lease::Number(number) => 1 << number,
        Lease::None | Lease::Ended => 0,
    };
    FREE.store(all & !own, Ordering::Release);
}
