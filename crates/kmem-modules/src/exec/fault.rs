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

/// Where code was and where its stack is. Of registers that hold more than 32 bits, which are no address of the machine,
/// the low ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Registers {
    /// The stack pointer.
    pub sp: u32,
    /// The frame pointer.
    pub bp: u32,
    /// The instruction pointer.
    pub ip: u32,
}

/// The end of module code that did not return.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The address that a page fault is about; of a protection fault of x86-64 code, one that no CPU has, if a register holds it;
    /// 0 otherwise.
    pub addr: u64,
    /// Where the code was, and its stack.
    pub registers: Registers,
    /// All that the registers held, of x86-64 code.
    pub held: Box<[u64; 16]>,
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
            held: Box::default(),
            error_code: 0,
            chain: Vec::new(),
        }
    }
    /// Makes one of a write that could not be done.
    pub(super) fn unwritable(addr: u64, entry: u32, stack: u32) -> Self {
        let registers = Registers { ip: entry, sp: stack, bp: 0 };
        let kind = FaultKind::Page { write: true, fetch: false };
        Self { kind, addr, registers, held: Box::default(), error_code: 2, chain: Vec::new() }
    }
    /// Makes one from what the signal handler wrote down.
    pub(super) fn caught(caught: &Caught, word_bytes: u32) -> Self {
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
        let [_, _, _, _, sp, bp, ..] = caught.registers.map(|register| register as u32);
        let held = Box::new(if word_bytes == 8 { caught.registers } else { [0; 16] });
        // Bits 47 to 63 of an address are alike. Of several the largest: a checked access has the eighth of its own besides.
        let is_wild = |word: &u64| (*word as i64) << 16 >> 16 != *word as i64;
        let wild = held.iter().copied().filter(is_wild).max().filter(|_| kind == FaultKind::Protection);
        Self {
            addr: wild.unwrap_or(caught.addr),
            kind,
            registers: Registers { sp, bp, ip: caught.ip as u32 },
            held,
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
            FaultKind::Exception(number) => return write!(f, "exception {number} at {:#010x}", self.registers.ip),
            FaultKind::Host(why) => return f.write_str(why),
        };
        if matches!(self.kind, FaultKind::Page { .. }) {
            write!(f, "{what} at address {:#010x} by code at {:#010x}", self.addr, self.registers.ip)
        } else {
            write!(f, "{what} at {:#010x}", self.registers.ip)
        }
    }
}

impl std::error::Error for Fault {}
