//! Does this host run 32-bit code at all? Asked once at start, with one instruction of it and without a machine.

use super::switch::{self, FarPointer, Frame, FLAT_CODE, FLAT_DATA};
use super::{code, EXIT, LONG_EXIT, LONG_GATE};
use kmem_hosted::level::{self, Level};
use kmem_hosted::{altstack, signal};
use std::cell::Cell;
use std::io;
use std::ptr;

/// What the 32-bit code returns.
const ANSWER: u32 = 0x0386;
const PAGE: usize = 4096;
/// Where in the page the code begins, behind the jumps.
const ENTRY: u32 = 0x40;

/// A page below 4 GiB.
struct LowPage(*mut u8);

impl LowPage {
    /// Takes any free page; machines may have taken most of the addresses, but not the first 16 MiB.
    fn new() -> io::Result<Self> {
        const STEP: usize = 64 << 10;
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let wishes = (1..256).map(|step| (step * STEP, libc::MAP_FIXED_NOREPLACE));
        for (at, how) in std::iter::once((0, libc::MAP_32BIT)).chain(wishes) {
            // SAFETY: A new mapping where nothing is.
            let page = unsafe { libc::mmap(at as *mut _, PAGE, prot, flags | how, -1, 0) };
            if page != libc::MAP_FAILED {
                return Ok(Self(page.cast()));
            }
        }
        Err(io::Error::last_os_error())
    }
    /// Fills the page with code and makes it executable.
    fn set_code(&mut self, code: &[u8]) -> io::Result<()> {
        let bytes = code.len().min(PAGE);
        // SAFETY: The page is ours and writable.
        unsafe { self.0.copy_from_nonoverlapping(code.as_ptr(), bytes) };
        // SAFETY: The page is ours.
        let done = unsafe { libc::mprotect(self.0.cast(), PAGE, libc::PROT_READ | libc::PROT_EXEC) };
        if done == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

impl Drop for LowPage {
    fn drop(&mut self) {
        // SAFETY: The page is ours and nobody uses it any more.
        unsafe { libc::munmap(self.0.cast(), PAGE) };
    }
}

/// Runs a little 32-bit code; says what was wrong if that does not work.
pub(super) fn run() -> Result<(), String> {
    signal::prepare().map_err(|error| error.to_string())?;
    altstack::ensure().map_err(|error| error.to_string())?;
    let mut page = LowPage::new().map_err(|error| format!("no memory below 4 GiB: {error}"))?;
    let start = page.0 as u64 as u32;
    let mut text = code(start + LONG_GATE, start + LONG_EXIT);
    text.push(0xb8); // mov $ANSWER, %eax
    text.extend(ANSWER.to_le_bytes());
    text.push(0xe9); // jmp exit, relative to the next instruction
    text.extend(EXIT.wrapping_sub(ENTRY + 10).to_le_bytes());
    page.set_code(&text).map_err(|error| format!("no executable memory: {error}"))?;

    let frame = Frame {
        level: Level {
            host_stack: Cell::new(0),
            inside: Cell::new(0),
            leave: switch::fault(),
            entering: switch::entering(),
            machine: None,
            caught: Cell::new(None),
        },
        entry: FarPointer { offset: start + ENTRY, selector: FLAT_CODE.into() },
        back: FarPointer { offset: 0, selector: FLAT_CODE.into() },
        stack: start + PAGE as u32,
        data: FLAT_DATA.into(),
        arguments: [0; 6],
        gate: Cell::new(ptr::null()),
    };
    // SAFETY: The level lives until it is taken off below.
    let outer = unsafe { level::replace(&frame.level) };
    // SAFETY: The code was written just now; it uses no stack and calls nothing.
    let answer = unsafe { switch::kmem_exec_enter(&frame) };
    // SAFETY: What was the innermost level before is it again.
    unsafe { level::replace(outer) };
    match frame.level.caught.get() {
        Some(caught) => Err(format!("exception {} on entering it", caught.trap)),
        None if answer as u32 == ANSWER => Ok(()),
        None => Err("it gave a wrong answer".to_owned()),
    }
}
