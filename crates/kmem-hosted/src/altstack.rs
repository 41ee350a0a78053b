//! The stack on which signals are handled: 64 KiB of its own for each thread that runs module code.
//!
//! When module code faults, the stack pointer points into the machine (perhaps at a guard page, perhaps nowhere), so
//! the host must not put its signal frame there. Rust's own alternate stack is small and meant for one message; ours
//! lasts as long as the thread.

use crate::error::HostError;
use crate::mapping::{map, Backing, Mapping, Place};
use std::cell::RefCell;
use std::{mem, ptr};

/// Usable bytes. The frame of a CPU with AVX-512 and AMX takes about 11 KiB of it.
const STACK_BYTES: u64 = 64 << 10;
/// An overrun hits this instead of another mapping.
const GUARD_BYTES: u64 = 4096;

/// A thread's alternate signal stack, taken down when the thread ends.
struct AltStack {
    memory: Mapping,
}

impl AltStack {
    fn new() -> Result<Self, HostError> {
        let refused = |source| HostError::Refused { what: "a signal stack", source };
        let memory =
            Mapping::new(None, GUARD_BYTES + STACK_BYTES, libc::PROT_NONE, Backing::Reservation).map_err(refused)?;
        let usable = memory.start() + GUARD_BYTES;
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: The place is the upper part of the mapping just made.
        unsafe { map(Place::Over(usable), STACK_BYTES, prot, Backing::Memory) }.map_err(refused)?;
        let stack = libc::stack_t { ss_sp: usable as *mut _, ss_flags: 0, ss_size: STACK_BYTES as usize };
        // SAFETY: The memory stays until `drop`, which takes the stack down first.
        if unsafe { libc::sigaltstack(&stack, ptr::null_mut()) } != 0 {
            return Err(HostError::refused("a signal stack"));
        }
        Ok(Self { memory })
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        // SAFETY: A zeroed `stack_t` is a valid place for an answer.
        let mut current: libc::stack_t = unsafe { mem::zeroed() };
        // SAFETY: Only asks.
        unsafe { libc::sigaltstack(ptr::null(), &mut current) };
        if current.ss_sp as u64 == self.memory.start() + GUARD_BYTES {
            current.ss_flags = libc::SS_DISABLE;
            // SAFETY: Turns off the stack whose memory goes next.
            unsafe { libc::sigaltstack(&current, ptr::null_mut()) };
        }
    }
}

thread_local! {
    static STACK: RefCell<Option<AltStack>> = const { RefCell::new(None) };
}

/// Gives the calling thread its signal stack, if it has none yet. Module code runs only on threads that have one. A thread
/// that is ending, whose stack is gone already, gets none.
///
/// # Errors
/// When the host refuses the memory or the stack.
pub fn ensure() -> Result<(), HostError> {
    let ensured = STACK.try_with(|slot| {
        let mut slot = slot.borrow_mut();
        if slot.is_none() {
            *slot = Some(AltStack::new()?);
        }
        Ok(())
    });
    ensured.unwrap_or(Ok(()))
}
