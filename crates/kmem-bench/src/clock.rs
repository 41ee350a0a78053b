//! The time that a thread had a CPU for itself: what others run in between does not count. A reading costs a system call, so
//! it is for whole rounds.

use std::mem;
use std::time::Duration;

/// A moment in the calling thread's own time.
#[derive(Clone, Copy, Debug)]
pub struct ThreadTime(Duration);

impl ThreadTime {
    /// Reads the clock.
    pub fn now() -> Self {
        // SAFETY: Zeros are a valid time, and the call writes nothing else.
        let time = unsafe {
            let mut time: libc::timespec = mem::zeroed();
            libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time);
            time
        };
        Self(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
    /// Returns what the thread ran since; to be asked on the same thread.
    pub fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}
