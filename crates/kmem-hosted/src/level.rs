//! Levels: how deep a thread is in module code, and how to get out of it.
//!
//! A host function may call back into the module, which calls a host function again, and so on; every entry is a level.
//! The innermost one is where a fault ends:
//!
//! ```text
//! Rust → enter → module → gate → host function → enter → module → *fault*
//!        level 1                                 level 2           continues at level 2's `leave`,
//!                                                                  on the stack that level 2 was entered with
//! ```
//!
//! The thread's innermost level hangs in a thread-local word. It is not a `thread_local!` because the gate, which is
//! assembly and arrives without a stack, must read it: it is the symbol `kmem_hosted_level` in `.tbss`.
//!
//! The fault handler only writes into the level and rewrites the interrupted context; no Rust frame is skipped, since
//! between `enter` and the fault there is only module code.

use std::arch::{asm, global_asm};
use std::cell::Cell;

global_asm!(
    r#"
    .pushsection .tbss,"awT",@nobits
    .p2align 3
    .globl kmem_hosted_level
    .hidden kmem_hosted_level
    .type kmem_hosted_level,@object
    .size kmem_hosted_level, 8
kmem_hosted_level:
    .zero 8
    .popsection
    "#
);

/// What the CPU said when module code could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Caught {
    /// SIGSEGV, SIGILL, ...
    pub signal: i32,
    /// Number of the exception: 14 is a page fault, 13 a protection fault, 6 an illegal instruction.
    pub trap: u32,
    /// The exception's error code; of a page fault: 1 present, 2 write, 4 user, 16 fetch.
    pub error: u32,
    /// The machine's address that a page fault is about.
    pub addr: u64,
    /// Instruction pointer as the code saw it.
    pub ip: u64,
    /// Flags.
    pub flags: u64,
    /// ax, cx, dx, bx, sp, bp, si, di, r8 to r15: the order of the instruction encoding.
    pub registers: [u64; 16],
}

/// One entry into module code. The code that enters makes it on its stack; the layout is known to assembly.
#[derive(Debug)]
#[repr(C)]
pub struct Level {
    /// The host stack pointer to go back to; written by the code that enters.
    pub host_stack: Cell<u64>,
    /// Not 0 while 64-bit module code runs: nothing else tells it from the host's. 32-bit code leaves it alone.
    pub inside: Cell<u64>,
    /// Where execution continues after a fault, with `host_stack` as the stack.
    pub leave: u64,
    /// 64-bit code from the first address up to the second belongs to the entering itself: a fault there ends the level
    /// too.
    pub entering: [u64; 2],
    /// The machine whose memory the code runs in: [`Hosted::id`](crate::Hosted::id). `None` for code outside machines.
    pub machine: Option<usize>,
    /// Set when a fault ended this level.
    pub caught: Cell<Option<Caught>>,
}

/// Returns the thread's innermost level; null outside module code.
#[inline]
pub fn current() -> *const Level {
    let level: *const Level;
    // SAFETY: Reads this thread's word of `.tbss` by the initial-exec model; nothing else is touched.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + kmem_hosted_level@GOTTPOFF]",
            "mov {0}, qword ptr fs:[{0}]",
            out(reg) level,
            options(nostack, readonly, preserves_flags)
        );
    }
    level
}

/// Makes `level` the thread's innermost one; returns the one before. Used on entry, on return, and by a scheduler of
/// coroutines that each have levels of their own.
///
/// # Safety
/// `level` is null or stays valid and unmoved until another one takes its place on this thread, and its `leave` is code
/// that can continue on `host_stack` once that is set.
#[inline]
pub unsafe fn replace(level: *const Level) -> *const Level {
    let previous = current();
    // SAFETY: Writes this thread's word of `.tbss`; the caller vouches for what it points to.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + kmem_hosted_level@GOTTPOFF]",
            "mov qword ptr fs:[{0}], {1}",
            out(reg) _,
            in(reg) level,
            options(nostack, preserves_flags)
        );
    }
    previous
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_its_own() {
        assert!(current().is_null());
        let level = Level {
            host_stack: Cell::new(0),
            inside: Cell::new(0),
            leave: 0,
            entering: [0; 2],
            machine: None,
            caught: Cell::new(None),
        };
        // SAFETY: The level outlives its stay and no fault happens meanwhile.
        let before = unsafe { replace(&level) };
        assert!(before.is_null());
        assert!(std::ptr::eq(current(), &level));
        let other = std::thread::spawn(|| current().is_null());
        assert!(other.join().is_ok_and(|null| null));
        // SAFETY: Null is always allowed.
        unsafe { replace(before) };
    }
}
