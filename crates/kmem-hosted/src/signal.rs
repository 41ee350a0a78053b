//! Exceptions: who is asked when the host raises a signal.
//!
//! 1. A page fault at an address that a machine's page tables map: the page is filled and the instruction runs again,
//!    whoever ran it.
//! 2. Otherwise, if module code raised it: the fault is written into the thread's innermost [`Level`], and
//!    the interrupted context is changed so that the thread continues at the level's exit, on the host's stack.
//! 3. Otherwise it is not ours: the handler that was there before is called. A wild access of Rust code thus ends the
//!    process as ever, and Rust's message about an overflowing stack still appears.
//!
//! The handler takes no lock that its own thread could hold, allocates nothing, and runs on the thread's alternate stack.
//! i386 module code is recognised by its code segment: whatever is not the 64-bit user segment. 64-bit module code has the
//! host's; its level says that it runs.

use crate::error::HostError;
use crate::level::{self, Caught, Level};
use crate::registry;
use crate::syscall;
use crate::tlb::{Access, Miss};
use std::io;
use std::mem;
use std::ptr;
use std::sync::OnceLock;

/// The signals that exceptions of module code arrive as.
const SIGNALS: [i32; 6] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];
/// Selector of 64-bit user code in Linux.
const USER_CODE: u64 = 0x33;
/// Selector of user data in Linux.
const USER_DATA: u64 = 0x2b;
/// Number of the page fault exception.
const PAGE_FAULT: u32 = 14;
/// Bits of a page fault's error code: Intel SDM volume 3, 4.7.
const ERROR_PRESENT: u32 = 1 << 0;
const ERROR_WRITE: u32 = 1 << 1;
const ERROR_FETCH: u32 = 1 << 4;
/// Flags to continue with: interrupts on and the bit that is always set; no direction, trap or alignment flag.
const CLEAN_FLAGS: i64 = 0x202;

/// What was there before us, in the order of [`SIGNALS`].
static PREVIOUS: OnceLock<Vec<libc::sigaction>> = OnceLock::new();

/// Installs the handlers, once in a process. Signals that arrive before `PREVIOUS` is set find no machine and no level.
///
/// # Errors
/// When the host refuses one.
pub(crate) fn install() -> Result<(), HostError> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let outcome = INSTALLED.get_or_init(|| {
        let mut previous = Vec::with_capacity(SIGNALS.len());
        for signal in SIGNALS {
            // SAFETY: A zeroed `sigaction` is a valid place for an answer.
            let mut old: libc::sigaction = unsafe { mem::zeroed() };
            // SAFETY: Only asks.
            if unsafe { libc::sigaction(signal, ptr::null(), &mut old) } != 0 {
                return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
            }
            previous.push(old);
        }
        let _ = PREVIOUS.set(previous);
        for signal in SIGNALS {
            // SAFETY: All zero is the empty action; the fields that matter follow.
            let mut action: libc::sigaction = unsafe { mem::zeroed() };
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            // SAFETY: The handler has the three-argument form that SA_SIGINFO asks for.
            if unsafe { libc::sigaction(signal, &action, ptr::null_mut()) } != 0 {
                return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
            }
        }
        Ok(())
    });
    outcome.map_err(|raw| HostError::Refused { what: "a signal handler", source: io::Error::from_raw_os_error(raw) })
}

/// Installs the handlers without a machine: for code that enters levels before there is one.
///
/// # Errors
/// When the host refuses one.
pub fn prepare() -> Result<(), HostError> {
    install()
}

/// # Safety
/// Called by the host as a signal handler.
unsafe extern "C" fn on_signal(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: The host keeps its errno, which system calls below may change.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: Points to this thread's errno.
    let saved = unsafe { *errno };
    // SAFETY: With SA_SIGINFO the third argument is the interrupted context, ours to change.
    let machine_context = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    // SAFETY: With SA_SIGINFO the second argument describes the signal.
    let info_ref = unsafe { &*info };
    let handled = handle(signal, info_ref, machine_context);
    // SAFETY: Points to this thread's errno.
    unsafe { *errno = saved };
    if !handled {
        // SAFETY: The arguments are passed on as they came.
        unsafe { chain(signal, info, context) };
    }
}

/// Does 1 and 2 of the module documentation.
fn handle(signal: i32, info: &libc::siginfo_t, context: &mut libc::mcontext_t) -> bool {
    if info.si_code <= 0 {
        return false; // sent by a process, not raised by an instruction
    }
    let gregs = context.gregs;
    let register = |index: i32| gregs[index as usize] as u64;
    let (mut trap, mut error) = (register(libc::REG_TRAPNO) as u32, register(libc::REG_ERR) as u32);
    if signal == libc::SIGSYS {
        (trap, error) = (syscall::TRAP, 0);
    }
    let innermost = level::current();
    // SAFETY: Whoever hung the level there keeps it valid while it hangs, and this is its thread.
    let innermost: Option<&Level> = unsafe { innermost.as_ref() };
    let running = innermost.and_then(|level| level.machine);
    let is_page_fault = signal == libc::SIGSEGV && trap == PAGE_FAULT;
    let host_addr = register(libc::REG_CR2);
    if is_page_fault {
        let access = if error & ERROR_FETCH != 0 {
            Access::Fetch
        } else if error & ERROR_WRITE != 0 {
            Access::Write
        } else {
            Access::Read
        };
        match registry::fill(running, host_addr, access) {
            Miss::Filled => return true,
            // The page was not filled because of that; the machine's own MMU would have known it.
            Miss::Denied => error |= ERROR_PRESENT,
            Miss::NotMapped | Miss::OutOfMappings => {}
        }
    }
    let Some(level) = innermost else { return false };
    let ip = register(libc::REG_RIP);
    let is_entering = (level.entering[0]..level.entering[1]).contains(&ip);
    if is_host_code(level, context) && !is_entering {
        return false;
    }
    let addr = if is_page_fault {
        running.and_then(|index| registry::machine_address(index, host_addr)).unwrap_or(host_addr)
    } else {
        0
    };
    // A system call is told when it is over: the instruction is two bytes long.
    let ip = if signal == libc::SIGSYS { ip.wrapping_sub(2) } else { ip };
    leave(level, Caught { signal, trap, error, addr, ip, ..seen(context) }, context);
    true
}

fn register(context: &libc::mcontext_t, index: i32) -> u64 {
    context.gregs[index as usize] as u64
}

/// True when a signal has interrupted code of ours, not a module's.
pub(crate) fn is_host_code(level: &Level, context: &libc::mcontext_t) -> bool {
    register(context, libc::REG_CSGSFS) & 0xffff == USER_CODE && level.inside.get() == 0
}

/// Writes down where the interrupted code was, and its registers.
pub(crate) fn seen(context: &libc::mcontext_t) -> Caught {
    let mut registers = [0; 16];
    for (slot, index) in registers.iter_mut().zip(ENCODING_ORDER) {
        *slot = register(context, index);
    }
    let (ip, flags) = (register(context, libc::REG_RIP), register(context, libc::REG_EFL));
    Caught { ip, flags, registers, ..Caught::default() }
}

/// Has the interrupted thread continue where the level is left.
pub(crate) fn leave(level: &Level, caught: Caught, context: &mut libc::mcontext_t) {
    level.caught.set(Some(caught));
    level.inside.set(0);
    // The word holds the selectors of code, gs, fs and stack, 16 bits each.
    let middle = register(context, libc::REG_CSGSFS) & 0x0000_ffff_ffff_0000;
    context.gregs[libc::REG_RIP as usize] = level.leave as i64;
    context.gregs[libc::REG_RSP as usize] = level.host_stack.get() as i64;
    context.gregs[libc::REG_EFL as usize] = CLEAN_FLAGS;
    context.gregs[libc::REG_CSGSFS as usize] = (middle | USER_CODE | USER_DATA << 48) as i64;
}

/// The order of [`Caught::registers`].
const ENCODING_ORDER: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

/// Calls the handler that was there before us; without one, lets the signal do what it does by default.
///
/// # Safety
/// The arguments are those of a signal handler.
unsafe fn chain(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = SIGNALS.iter().position(|&ours| ours == signal);
    let previous = index.and_then(|index| PREVIOUS.get().and_then(|all| all.get(index)));
    match previous {
        Some(action) if action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN => {
            if action.sa_flags & libc::SA_SIGINFO != 0 {
                // SAFETY: With SA_SIGINFO the handler has this form.
                let handler: unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
                    unsafe { mem::transmute(action.sa_sigaction) };
                // SAFETY: The arguments are passed on as they came.
                unsafe { handler(signal, info, context) };
            } else {
                // SAFETY: Without SA_SIGINFO the handler has this form.
                let handler: unsafe extern "C" fn(i32) = unsafe { mem::transmute(action.sa_sigaction) };
                // SAFETY: The argument is passed on as it came.
                unsafe { handler(signal) };
            }
        }
        _ => {
            // SAFETY: All zero is SIG_DFL with no flags.
            let default: libc::sigaction = unsafe { mem::zeroed() };
            // SAFETY: The instruction runs again and the signal then ends the process; one that was sent is sent again.
            unsafe { libc::sigaction(signal, &default, ptr::null_mut()) };
            // SAFETY: Only reads the description.
            if unsafe { (*info).si_code } <= 0 {
                // SAFETY: Has no preconditions.
                unsafe { libc::raise(signal) };
            }
        }
    }
}
