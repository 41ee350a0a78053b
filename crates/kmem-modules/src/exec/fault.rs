//! [`Fault`]: why module code did not come to its end.

use kmem_hosted::level::Caught;
use kmem_hosted::{deadline, syscall};
use std::fmt;

/// What kind of thing went wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// Memory that is not there, or that does not allow this access.
    Page {
        /// It was a write.
        write: bool,
        /// It was the fetch of an instruction.
        fetch: bool,
    },
    /// An instruction that only a kernel may execute, or a segment that does not exist.
    Protection,
    /// An instruction that does not exist: `ud2`, or data executed.
    IllegalInstruction,
    /// A division by zero or with too large a quotient.
    Divide,
    /// `int3`.
    Breakpoint,
    /// Another exception of the CPU, by its number.
    Exception(u32),
    /// Its time was up: [`kmem_hosted::deadline`].
    Deadline,
    /// The host ended it, and says why: a `BUG()`, a panic of a host function, calls nested too deeply.
    Host(String),
}

/// The registers of i386 code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs)] // their names say all
pub struct Registers {
    pub eax: u32,
    pub ecx: u32,
    pub edx: u32,
    pub ebx: u32,
    pub esp: u32,
    pub ebp: u32,
    pub esi: u32,
    pub edi: u32,
    pub eip: u32,
    pub eflags: u32,
}

/// The end of module code that did not return.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The address that a page fault is about; 0 otherwise.
    pub addr: u32,
    /// Where the code was; `eip`, `esp` and `ebp` say where its stack was.
    pub registers: Registers,
    /// The error code of the CPU as an Oops prints it (0 not present, 1 protection, 2 write, 16 fetch).
    pub error_code: u32,
    /// Return addresses from the innermost function outwards, across all levels: see [`Call::chain`](super::Call::chain).
    pub chain: Vec<u32>,
}

impl Fault {
    /// Makes one that the host decided on.
    pub fn host(why: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Host(why.into()),
            addr: 0,
            registers: Registers::default(),
            error_code: 0,
            chain: Vec::new(),
        }
    }
    /// Makes one of a write that could not be done.
    pub(super) fn unwritable(addr: u32, entry: u32, stack: u32) -> Self {
        let registers = Registers { eip: entry, esp: stack, ..Registers::default() };
        let kind = FaultKind::Page { write: true, fetch: false };
        Self { kind, addr, registers, error_code: 2, chain: Vec::new() }
    }
    /// Makes one from what the signal handler wrote down.
    pub(super) fn caught(caught: &Caught) -> Self {
        const PAGE_FAULT: u32 = 14;
        // The CPU says "from user mode" (4), which for the machine was its kernel.
        const USER_MODE: u32 = 1 << 2;
        let kind = match caught.trap {
            PAGE_FAULT => FaultKind::Page {
                write: caught.error & 2 != 0,
                fetch: caught.error & 16 != 0 || caught.addr == caught.ip,
            },
            10..=13 => FaultKind::Protection,
            6 => FaultKind::IllegalInstruction,
            0 => FaultKind::Divide,
            3 => FaultKind::Breakpoint,
            deadline::TRAP => FaultKind::Deadline,
            other => FaultKind::Exception(other),
        };
        let [eax, ecx, edx, ebx, esp, ebp, esi, edi, ..] = caught.registers.map(|register| register as u32);
        let (eip, eflags) = (caught.ip as u32, caught.flags as u32);
        Self {
            kind,
            addr: caught.addr as u32,
            registers: Registers { eax, ecx, edx, ebx, esp, ebp, esi, edi, eip, eflags },
            error_code: caught.error & !USER_MODE,
            chain: Vec::new(),
        }
    }
    /// True when memory was to be written.
    pub fn is_write(&self) -> bool {
        matches!(self.kind, FaultKind::Page { write: true, .. })
    }
    /// True when an instruction was to be fetched from there: a call through a bad pointer.
    pub fn is_fetch(&self) -> bool {
        matches!(self.kind, FaultKind::Page { fetch: true, .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.kind {
            FaultKind::Page { fetch: true, .. } => "instruction fetch",
            FaultKind::Page { write: true, .. } => "write",
            FaultKind::Page { .. } => "read",
            FaultKind::Protection => "protection fault",
            FaultKind::IllegalInstruction => "illegal instruction",
            FaultKind::Divide => "divide error",
            FaultKind::Breakpoint => "breakpoint",
            FaultKind::Deadline => "time is up",
            FaultKind::Exception(syscall::TRAP) => "system call of a program",
            FaultKind::Exception(number) => return write!(f, "exception {number} at {:#010x}", self.registers.eip),
            FaultKind::Host(why) => return f.write_str(why),
        };
        if matches!(self.kind, FaultKind::Page { .. }) {
            write!(f, "{what} at address {:#010x} by code at {:#010x}", self.addr, self.registers.eip)
        } else {
            write!(f, "{what} at {:#010x}", self.registers.eip)
        }
    }
}

impl std::error::Error for Fault {}
