//! System calls are not for module code: it has no host.
//!
//! Module code that goes astray may come upon bytes that are a system call of the host's, and then it would close files, or
//! end the process. Linux can send a thread a signal in place of a system call, by where the call is made
//! (`PR_SET_SYSCALL_USER_DISPATCH`, since 5.11): all from below 4 GiB, where only machines are, are refused, and the level ends
//! as at a fault, with [`TRAP`] for its number.

use std::cell::Cell;

/// The vector of i386's system calls.
pub const TRAP: u32 = 0x80;
/// Where the program itself may be: above all 32-bit addresses.
const PROGRAM: [u64; 2] = [1 << 32, 1 << 47];
/// From `linux/prctl.h`.
const PR_SET_SYSCALL_USER_DISPATCH: libc::c_int = 59;
const PR_SYS_DISPATCH_ON: libc::c_ulong = 1;

thread_local! {
    static IS_REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Refuses system calls of module code on this thread, once and for all. Where the host cannot, it stays as it is.
pub fn refuse() {
    if IS_REFUSED.replace(true) {
        return;
    }
    let [start, end] = PROGRAM;
    // SAFETY: The calls of the program itself, which lies in the given range, go on as before; others raise SIGSYS, which
    // the handler of this crate takes. No selector is given, so no memory is read.
    unsafe { libc::prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, end - start, 0) };
}
