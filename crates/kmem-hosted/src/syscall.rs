//! System calls are not for module code: it has no host.
//!
//! Module code that goes astray may come upon bytes that are a system call of the host's, and then it would close files, or
//! end the process. Linux can send a thread a signal in place of a system call, by where the call is made
//! (`PR_SET_SYSCALL_USER_DISPATCH`, since 5.11): all from below 4 GiB, where only machines are, are refused, and the level ends
//! as at a fault, with [`TRAP`] for its number.
//!
//! The fast system calls of i386 code (`sysenter`, `syscall`) seem to Linux to come from its vDSO, which lies above the program.
//! So the vDSO is left out, and what it asks for itself, when it cannot tell the time, is asked for by `make`.

use std::cell::Cell;
use std::io;

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
    let [start, end] = [PROGRAM[0], program_end()];
    // SAFETY: The calls of the program itself, which lies in the given range, go on as before; others raise SIGSYS, which
    // the handler of this crate takes. No selector is given, so no memory is read.
    unsafe { libc::prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, end - start, 0) };
}

/// Where the program's own system calls end: at the vDSO, if that lies above all that makes some.
fn program_end() -> u64 {
    // SAFETY: Has no preconditions.
    let vdso = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) };
    let below = [libc::syscall as *const () as u64, refuse as *const () as u64];
    if below.iter().all(|own| *own < vdso) && vdso < PROGRAM[1] {
        vdso
    } else {
        PROGRAM[1]
    }
}

/// Makes a system call of the program's that was refused: one of the vDSO's.
pub(crate) fn make(context: &mut libc::mcontext_t) -> bool {
    use libc::{REG_R10, REG_R8, REG_R9, REG_RAX, REG_RDI, REG_RDX, REG_RSI};
    let [number, a, b, c, d, e, f] =
        [REG_RAX, REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9].map(|index| context.gregs[index as usize]);
    // SAFETY: The program has asked for it, with these arguments.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    let error = || -i64::from(io::Error::last_os_error().raw_os_error().unwrap_or(0));
    context.gregs[REG_RAX as usize] = if result == -1 { error() } else { result };
    true
}
