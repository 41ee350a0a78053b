//! A process of its own for a measurement that wants one: a copy of this one, which goes away with all that it did.

use crate::BenchError;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What the child says when there is no figure.
const NOTHING: u64 = u64::MAX;

/// Does `work` in a child, and returns the figure it comes to. To be called while this process has one thread, since a child
/// has no other than the one that made it.
///
/// # Errors
/// [`BenchError::Host`] when there is no child, [`BenchError::Child`] when it ended without an answer; it has said why.
pub fn measure(work: impl FnOnce() -> Result<Option<f64>, BenchError>) -> Result<Option<f64>, BenchError> {
    let refused = |what| move |source| BenchError::Host { what, source };
    let mut ends = [0; 2];
    // SAFETY: The call writes the two numbers and nothing else.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(refused("a pipe")(io::Error::last_os_error()));
    }
    // SAFETY: Both were opened just now, and are closed by these files only.
    let [mut from, to] = ends.map(|end| unsafe { File::from_raw_fd(end) });
    // SAFETY: The only thread of the process goes on in both.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // Nothing may unwind into what the parent is doing.
        let well = catch_unwind(AssertUnwindSafe(|| answer(work, to)));
        // SAFETY: Ends this process, and nothing of the parent's with it.
        unsafe { libc::_exit(i32::from(!matches!(well, Ok(true)))) };
    }
    if child < 0 {
        return Err(refused("a process")(io::Error::last_os_error()));
    }
    drop(to);
    let mut said = [0; 8];
    let read = from.read_exact(&mut said);
    // SAFETY: Waits for our own child; what it ended with is not asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    read.map_err(|_| BenchError::Child)?;
    let figure = u64::from_le_bytes(said);
    Ok((figure != NOTHING).then(|| f64::from_bits(figure)))
}

fn answer(work: impl FnOnce() -> Result<Option<f64>, BenchError>, mut to: File) -> bool {
    match work() {
        Ok(figure) => to.write_all(&figure.map_or(NOTHING, f64::to_bits).to_le_bytes()).is_ok(),
        Err(why) => {
            eprintln!("kmem bench: {why}");
            false
        }
    }
}
