//! Running module code in this process: of 32-bit machines as i386 code, of 64-bit machines as x86-64 code.
//!
//! The CPU can do both: a far jump to a 32-bit code segment is compatibility mode. What a kernel would call its entry code
//! lies here: how module code is entered, how it calls host functions, and how it is left when it faults.
//!
//! - [`Executor`] owns a piece of the machine's kernel text with a *stub* for each host function; the module's undefined
//!   symbols resolve to stubs. It enters module functions.
//! - [`Host`] is who answers; a [`Call`] is what it sees.
//! - [`Fault`] is why module code did not return.
//!
//! Host functions may enter the module again (a constructor, a mempool's callback); each entry is a level with its own
//! frame. A fault ends the innermost level only. An Oops ends the task, and so does a panic of a host function: then each
//! level is left when *its* host function returns, so no Rust frame is ever skipped and every `Drop` runs.
//!
//! ```text
//!   text   +0  gate: ljmp 0x33:+0x20      +8  exit: ljmp 0x33:+0x30     +16  ret
//!          +0x20 jmp kmem_exec_gate       +0x30 jmp kmem_exec_exit
//!          +0x40 + 16 n   stub n: mov $n, %eax ; jmp gate
//! ```
//!
//! x86-64 code goes the same ways without the far jumps: its stubs and returns jump to +0x20 and +0x30. All of its machine
//! lies below 4 GiB ([`crate::place`]), so an address is 32 bits here in either case; only its words are wider.

mod call;
mod fault;
mod probe;
mod segments;
mod switch;

pub use call::Call;
pub use fault::{Fault, FaultKind, Registers};

use kmem::units::{PhysRange, VirtAddr, PAGE_SIZE};
use kmem_hosted::level::{self, Level};
use kmem_hosted::{altstack, HostError, Hosted, Unmapped};
use segments::Segments;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use switch::{After, FarPointer, Frame, GateRegisters};

/// Where in the text the parts are: see the module documentation.
const EXIT: u32 = 8;
const BACK: u32 = 16;
const LONG_GATE: u32 = 0x20;
const LONG_EXIT: u32 = 0x30;
const STUBS: u32 = 0x40;
const STUB_BYTES: u32 = 16;
/// An address inside a stub that, looked up one byte lower like a return address, is still inside.
const GATE_STUB_LEAD: u32 = 1;
/// Levels deep enough for any module, and few enough for the host's stack.
const MAX_DEPTH: u32 = 64;
/// The most arguments of an entered function.
const MAX_ARGS: usize = 16;

/// Who answers the calls of modules.
pub trait Host {
    /// Host function `index` is called. Takes its arguments from `call` and leaves the result there.
    fn call(&self, index: u32, call: &mut Call<'_>);
}

/// Why module code cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The host has no 32-bit code: a kernel without it, or a sandbox.
    #[error("this host does not run 32-bit code ({0}); modules of 32-bit machines need it")]
    NoCompatibilityMode(String),
    /// i386 code cannot reach the machine.
    #[error("the machine does not lie below 4 GiB in this process, where module code could reach it")]
    OutOfReach,
    /// The host refused segments for a machine that is not at its true addresses.
    #[error("the host refused a segment for 32-bit code: {0}")]
    NoSegments(io::Error),
    /// The piece of text cannot hold the stubs.
    #[error("{bytes} bytes of text hold no {exports} stubs")]
    TextTooSmall {
        /// Bytes there are.
        bytes: u64,
        /// Stubs that were asked for.
        exports: u32,
    },
    /// The machine refused.
    #[error(transparent)]
    Machine(#[from] HostError),
    /// The text is not mapped.
    #[error("the text for stubs: {0}")]
    Unmapped(#[from] Unmapped),
}

/// What code a machine's modules are.
#[derive(Debug)]
enum Mode {
    I386(Segments),
    X86_64,
}

/// Enters modules of one machine and takes their calls.
#[derive(Debug)]
pub struct Executor {
    machine: Hosted,
    mode: Mode,
    text: u32,
    exports: u32,
}

/// One entry into module code: the part that assembly knows, and the part that Rust knows.
#[repr(C)]
struct Entered<'a> {
    frame: Frame,
    executor: &'a Executor,
    host: &'a dyn Host,
    /// The level around this one in the same task; null at the first.
    outer: *const Entered<'a>,
    depth: u32,
    /// The page of the stack that was read last, and its alias; null at first.
    stack_page: Cell<(u32, *mut u8)>,
    /// Why this level ends.
    leaving: RefCell<Option<Fault>>,
    /// Why the task ends; only the first level's counts.
    killed: RefCell<Option<Fault>>,
}

impl Executor {
    /// Returns how many bytes of text `exports` stubs need, in whole pages.
    pub const fn text_bytes(exports: u32) -> u64 {
        kmem::units::align_up((STUBS + exports * STUB_BYTES) as u64, PAGE_SIZE)
    }

    /// Writes the stubs for `exports` host functions into `text`, whole pages of the direct map that are free for it,
    /// and makes them executable. `word_bytes` is 4 for i386 code and 8 for x86-64 code.
    ///
    /// # Errors
    /// When the machine is out of reach, or the text too small or not in the direct map.
    ///
    /// # Safety
    /// The code that will be entered is trusted as far as the CPU cannot restrain it: it makes no system calls, and
    /// nothing but machines lies below 4 GiB in this process (so in a position-independent executable).
    pub unsafe fn new(machine: &Hosted, text: PhysRange, exports: u32, word_bytes: u32) -> Result<Self, ExecError> {
        let base = machine.segment_base().ok_or(ExecError::OutOfReach)?;
        let needed = u64::from(STUBS) + u64::from(exports) * u64::from(STUB_BYTES);
        if text.bytes() < needed {
            return Err(ExecError::TextTooSmall { bytes: text.bytes(), exports });
        }
        let start = machine
            .direct_mapped(text.start)
            .ok_or(HostError::BadConfig("the text of stubs must lie in the direct map"))?;
        let mode = match word_bytes {
            8 if base == 0 => Mode::X86_64,
            8 => return Err(ExecError::OutOfReach),
            _ => Mode::I386(Segments::with_base(base).map_err(ExecError::NoSegments)?),
        };
        let executor = Self { machine: machine.clone(), mode, text: start.raw() as u32, exports };
        machine.write(start, &executor.stubs(base))?;
        machine.protect_text(text)?;
        Ok(executor)
    }

    /// Returns the bytes of the text; `base` is the segment's.
    fn stubs(&self, base: u32) -> Vec<u8> {
        let linear = |offset: u32| base.wrapping_add(self.text + offset);
        let (mut text, gate) = match self.mode {
            Mode::I386(_) => (code(linear(LONG_GATE), linear(LONG_EXIT)), 0),
            Mode::X86_64 => (long_code(Vec::new(), switch::gate_long(), switch::exit_long()), LONG_GATE),
        };
        for index in 0..self.exports {
            let at = STUBS + index * STUB_BYTES;
            text.resize(at as usize, INT3);
            text.push(0xb8); // mov $index, %eax
            text.extend(index.to_le_bytes());
            text.push(0xe9); // jmp gate, relative to the next instruction
            text.extend(gate.wrapping_sub(at + 10).to_le_bytes());
        }
        text
    }

    /// Returns the machine address by which modules call host function `index`, below the number of exports.
    pub fn export(&self, index: u32) -> u32 {
        self.text + STUBS + index * STUB_BYTES
    }
    /// Returns which host function's stub holds this address.
    pub fn export_at(&self, addr: u32) -> Option<u32> {
        let index = addr.checked_sub(self.text + STUBS)? / STUB_BYTES;
        (index < self.exports).then_some(index)
    }
    /// Returns the machine on which this runs.
    pub fn machine(&self) -> &Hosted {
        &self.machine
    }
    /// Returns where an entered function returns to: the outermost address of a chain of frames.
    pub(crate) fn exit_stub(&self) -> u32 {
        match self.mode {
            Mode::I386(_) => self.text + EXIT,
            Mode::X86_64 => self.text + LONG_EXIT,
        }
    }
    /// Returns the bytes of a word of module code: of a pointer, of a `long`.
    pub fn word_bytes(&self) -> u32 {
        match self.mode {
            Mode::I386(_) => 4,
            Mode::X86_64 => 8,
        }
    }
    /// Reads a word that holds an address; `None` where nothing is mapped, and where it is none of the machine's.
    pub(crate) fn read_address(&self, at: u32) -> Option<u32> {
        let low = self.machine.read_u32(VirtAddr::new(at.into()))?;
        match self.mode {
            Mode::I386(_) => Some(low),
            Mode::X86_64 => (self.machine.read_u32(VirtAddr::new(u64::from(at) + 4))? == 0).then_some(low),
        }
    }

    /// Calls the module's function at `entry` on the stack that ends at `stack_top` and returns edx:eax. At most 16
    /// arguments, a word each.
    ///
    /// # Errors
    /// The fault that ended it. The stack is then abandoned; the caller may use it again from its top.
    pub fn enter(&self, host: &dyn Host, entry: u32, args: &[u32], stack_top: u32) -> Result<u64, Fault> {
        altstack::ensure().map_err(|error| Fault::host(error.to_string()))?;
        let stack = self.push(entry, args, stack_top)?;
        let outer = level::current().cast::<Entered<'_>>();
        // SAFETY: Levels of this thread are all made here, and those further out live longer than this one.
        let depth = unsafe { outer.as_ref() }.map_or(0, |outer| outer.depth + 1);
        if depth == MAX_DEPTH {
            return Err(Fault::host(format!("{MAX_DEPTH} calls between module and kernel are nested in each other")));
        }
        let (code, data) = match &self.mode {
            Mode::I386(segments) => (segments.code, segments.data),
            Mode::X86_64 => (0, 0),
        };
        let mut arguments = [0; 6];
        arguments.iter_mut().zip(args).for_each(|(slot, word)| *slot = (*word).into());
        let entered = Entered {
            frame: Frame {
                level: Level {
                    host_stack: Cell::new(0),
                    inside: Cell::new(0),
                    leave: switch::fault(),
                    entering: switch::entering(),
                    machine: Some(self.machine.id()),
                    caught: Cell::new(None),
                },
                entry: FarPointer { offset: entry, selector: code.into() },
                back: FarPointer { offset: self.text + BACK, selector: code.into() },
                stack,
                data: data.into(),
                arguments,
                gate: Cell::new(ptr::null()),
            },
            executor: self,
            host,
            outer,
            depth,
            stack_page: Cell::new((0, ptr::null_mut())),
            leaving: RefCell::new(None),
            killed: RefCell::new(None),
        };
        entered.run()
    }

    /// Pushes arguments and return address as a caller would; returns the stack pointer.
    fn push(&self, entry: u32, args: &[u32], stack_top: u32) -> Result<u32, Fault> {
        if args.len() > MAX_ARGS {
            return Err(Fault::host(format!("{} arguments, {MAX_ARGS} are the most", args.len())));
        }
        let word_bytes = self.word_bytes();
        // x86-64 code takes six in registers.
        let on_stack = if word_bytes == 8 { args.get(6..).unwrap_or_default() } else { args };
        // The ABI wants the arguments aligned to 16 bytes.
        let arguments = stack_top.wrapping_sub(word_bytes * on_stack.len() as u32) & !15;
        let stack = arguments.wrapping_sub(word_bytes);
        let mut bytes = [0; 8 * (MAX_ARGS + 1)];
        for (word, slot) in [self.exit_stub()].iter().chain(on_stack).zip(bytes.chunks_exact_mut(word_bytes as usize)) {
            slot[..4].copy_from_slice(&word.to_le_bytes());
        }
        self.machine
            .write(VirtAddr::new(stack.into()), &bytes[..word_bytes as usize * (on_stack.len() + 1)])
            .map_err(|Unmapped(at)| Fault::unwritable(at.raw(), entry, stack))?;
        Ok(stack)
    }

    /// Checks that this host runs 32-bit code.
    ///
    /// # Errors
    /// [`ExecError::NoCompatibilityMode`] when it does not.
    pub fn probe() -> Result<(), ExecError> {
        probe::run().map_err(ExecError::NoCompatibilityMode)
    }
}

impl Entered<'_> {
    /// Enters, and says how it ended.
    fn run(&self) -> Result<u64, Fault> {
        if let Some(fault) = self.first().killed.borrow().as_ref() {
            return Err(fault.clone()); // the task is ending: no callbacks any more
        }
        // SAFETY: The level lives until this function returns, and it is taken off before.
        let outer = unsafe { level::replace(&self.frame.level) };
        // SAFETY: The executor's user has vouched for the code; the stack has been written to just now, so it exists;
        // faults end the level, and this thread has a signal stack.
        let result = unsafe {
            match self.executor.mode {
                Mode::I386(_) => switch::kmem_exec_enter(&self.frame),
                Mode::X86_64 => switch::kmem_exec_enter_long(&self.frame),
            }
        };
        // SAFETY: What was the innermost level before is it again.
        unsafe { level::replace(outer) };
        if let Some(caught) = self.frame.level.caught.take() {
            return Err(self.with_chain(Fault::caught(&caught, self.executor.word_bytes())));
        }
        if let Some(fault) = self.leaving.take().or_else(|| self.first().killed.borrow().clone()) {
            return Err(fault);
        }
        Ok(result)
    }

    /// Returns the task's first level.
    fn first(&self) -> &Self {
        let mut level = self;
        // SAFETY: The levels around this one are alive as long as it is.
        while let Some(outer) = unsafe { level.outer.as_ref() } {
            level = outer;
        }
        level
    }
    fn leave(&self, fault: Fault) {
        self.leaving.borrow_mut().get_or_insert(fault);
    }
    fn kill(&self, fault: Fault) {
        self.first().killed.borrow_mut().get_or_insert(fault);
    }
    fn is_leaving(&self) -> bool {
        self.leaving.borrow().is_some() || self.first().killed.borrow().is_some()
    }
}

/// A module has called a host function: the gate arrives here, on the host's stack.
extern "C" fn dispatch(frame: *const Frame, registers: *mut GateRegisters) -> After {
    // SAFETY: The gate passes the thread's innermost level, which is the first field of an `Entered` that lives in
    // `enter` further up this stack.
    let entered = unsafe { &*frame.cast::<Entered<'_>>() };
    entered.frame.gate.set(registers);
    // SAFETY: The gate has made them on this stack and looks at them again only after the return.
    let seen = unsafe { registers.read() };
    let mut call = Call::new(entered, seen);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| entered.host.call(seen.ax as u32, &mut call)));
    if let Err(panic) = outcome {
        entered.kill(Fault::host(format!("a host function panicked: {}", message(&*panic))));
    }
    if entered.is_leaving() {
        return After::Leave;
    }
    let result = call.result();
    // x86-64 code does not look at dx.
    let answer = GateRegisters { ax: result, dx: result >> 32, ..seen };
    // SAFETY: As above.
    unsafe { registers.write(answer) };
    After::Return
}

/// Returns what a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

const INT3: u8 = 0xcc;

/// Returns the first part of the text, up to the stubs. The arguments are where its 64-bit parts will be, by host
/// addresses below 4 GiB.
fn code(long_gate: u32, long_exit: u32) -> Vec<u8> {
    let mut text = Vec::new();
    let far_jump = |text: &mut Vec<u8>, target: u32| {
        text.push(0xea);
        text.extend(target.to_le_bytes());
        text.extend(switch::LONG_CODE.to_le_bytes());
    };
    far_jump(&mut text, long_gate);
    text.resize(EXIT as usize, INT3);
    far_jump(&mut text, long_exit);
    text.resize(BACK as usize, INT3);
    text.push(0xc3); // ret
    long_code(text, switch::gate(), switch::exit())
}

/// Adds the 64-bit parts, which lead out of the machine.
fn long_code(mut text: Vec<u8>, gate: u64, exit: u64) -> Vec<u8> {
    let long_jump = |text: &mut Vec<u8>, target: u64| {
        text.extend([0x49, 0xbb]); // movabs $target, %r11
        text.extend(target.to_le_bytes());
        text.extend([0x41, 0xff, 0xe3]); // jmp *%r11
    };
    text.resize(LONG_GATE as usize, INT3);
    long_jump(&mut text, gate);
    text.resize(LONG_EXIT as usize, INT3);
    long_jump(&mut text, exit);
    text.resize(STUBS as usize, INT3);
    text
}
