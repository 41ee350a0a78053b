//! Deadlines: module code that does not end is ended.
//!
//! A timer of the host counts the CPU time of one thread and sends it a signal when the time is up. Where the signal finds
//! module code, the code's level is left as at a fault, with [`TRAP`] in place of an exception's number. Where it finds the
//! host's own code, nothing is left: the code asks [`has_passed`] when it is done. Until the deadline is lifted, the signal
//! comes again and again, so code that goes from one to the other is met sooner or later.

use crate::error::HostError;
use crate::level::{self, Caught};
use crate::signal;
use std::cell::Cell;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

/// Stands for the number of an exception: no CPU has this one.
pub const TRAP: u32 = 0x100;
/// How often the signal comes again once the time is up.
const AGAIN: Duration = Duration::from_millis(10);

thread_local! {
    /// Written by the signal handler: so it is made before the program starts, and never dropped.
    static PASSED: Cell<bool> = const { Cell::new(false) };
}

/// True when the thread's deadline has passed since it was set.
pub fn has_passed() -> bool {
    PASSED.get()
}

/// A timer of the thread that made it.
#[derive(Debug)]
pub struct Deadline {
    timer: libc::timer_t,
    /// It stays on its thread.
    _thread: PhantomData<*const ()>,
}

impl Deadline {
    /// Makes the thread's timer; it does not run yet.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn new() -> Result<Self, HostError> {
        install()?;
        // SAFETY: All zero is a valid description; what matters follows.
        let mut event: libc::sigevent = unsafe { mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = number();
        // SAFETY: Has no preconditions.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer: libc::timer_t = ptr::null_mut();
        // SAFETY: Both pointers are to values of our own.
        if unsafe { libc::timer_create(libc::CLOCK_THREAD_CPUTIME_ID, &mut event, &mut timer) } != 0 {
            return Err(HostError::refused("a timer"));
        }
        Ok(Self { timer, _thread: PhantomData })
    }
    /// Lets the thread have so much CPU time from now on.
    pub fn set(&self, time: Duration) {
        PASSED.set(false);
        self.start(time, AGAIN);
    }
    /// Lifts it. [`has_passed`] says whether it had passed.
    pub fn lift(&self) {
        self.start(Duration::ZERO, Duration::ZERO);
    }
    fn start(&self, first: Duration, again: Duration) {
        let spec = |time: Duration| libc::timespec {
            tv_sec: time.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(time.subsec_nanos() as i32),
        };
        let times = libc::itimerspec { it_interval: spec(again), it_value: spec(first) };
        // SAFETY: The timer is ours; the times are valid, so this does not fail.
        unsafe { libc::timer_settime(self.timer, 0, &times, ptr::null_mut()) };
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        // SAFETY: The timer is ours and nobody uses it after this.
        unsafe { libc::timer_delete(self.timer) };
    }
}

/// The signal: one that nobody else has a meaning for.
fn number() -> i32 {
    const NTH: i32 = 7;
    libc::SIGRTMIN() + NTH
}

/// Installs the handler, once in a process.
fn install() -> Result<(), HostError> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let outcome = INSTALLED.get_or_init(|| {
        // SAFETY: All zero is the empty action; the fields that matter follow.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_time as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        // SAFETY: The handler has the three-argument form that SA_SIGINFO asks for.
        match unsafe { libc::sigaction(number(), &action, ptr::null_mut()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        }
    });
    outcome.map_err(|raw| HostError::Refused { what: "a signal handler", source: io::Error::from_raw_os_error(raw) })
}

/// # Safety
/// Called by the host as a signal handler.
unsafe extern "C" fn on_time(signal: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    PASSED.set(true);
    // SAFETY: Whoever hung the level there keeps it valid while it hangs, and this is its thread.
    let Some(level) = (unsafe { level::current().as_ref() }) else { return };
    // SAFETY: With SA_SIGINFO the third argument is the interrupted context, ours to change.
    let context = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    if signal::is_host_code(level, context) {
        return;
    }
    let caught = Caught { signal, trap: TRAP, error: 0, addr: 0, ..signal::seen(context) };
    signal::leave(level, caught, context);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_while_the_thread_works_and_only_then() {
        let deadline = Deadline::new().unwrap();
        deadline.set(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!has_passed());
        while !has_passed() {
            std::hint::spin_loop();
        }
        deadline.lift();
        deadline.set(Duration::from_secs(1000));
        assert!(!has_passed());
        assert!(!std::thread::spawn(has_passed).join().unwrap());
    }
}
