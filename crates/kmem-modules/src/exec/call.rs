//! [`Call`]: a host function's view of the module that calls it.
//!
//! Everything is read through the page tables and the alias, never through the module's own addresses: a host function
//! meets an unmapped argument as a `None`, not as a signal.

use super::fault::{Fault, Registers};
use super::switch::GateRegisters;
use super::{Entered, Executor, GATE_STUB_LEAD};
use kmem::units::VirtAddr;
use kmem_hosted::Hosted;

/// A frame further up than this belongs to no stack of ours: the chain is garbage there.
const MAX_FRAME_BYTES: u32 = 16 << 10;

/// One call of a host function. Arguments lie on the module's stack, a word each, and are taken in order; x86-64 code has the
/// first six in registers.
pub struct Call<'a> {
    entered: &'a Entered<'a>,
    registers: GateRegisters,
    next_argument: u32,
    result: u64,
}

/// Arguments that x86-64 code passes in registers.
const IN_REGISTERS: u32 = 6;

impl<'a> Call<'a> {
    pub(super) fn new(entered: &'a Entered<'a>, registers: GateRegisters) -> Self {
        Self { entered, registers, next_argument: 0, result: 0 }
    }

    /// Takes the next argument, of 32 bits: an address, an int, a flag. An argument that lies beyond the mapped stack ends
    /// the task.
    pub fn word(&mut self) -> u32 {
        self.next() as u32
    }
    /// Takes the next argument, a size or a count of the module's word size. What no 32 bits can hold is as large as they
    /// can: more than any machine of modules has.
    pub fn size(&mut self) -> u32 {
        u32::try_from(self.next()).unwrap_or(u32::MAX)
    }
    /// Takes the next argument of 64 bits.
    pub fn u64(&mut self) -> u64 {
        match self.entered.executor.word_bytes() {
            8 => self.next(),
            _ => {
                let low = self.next();
                low | self.next() << 32
            }
        }
    }
    fn next(&mut self) -> u64 {
        let n = self.next_argument;
        self.next_argument += 1;
        match self.nth(n) {
            Ok(word) => word,
            Err(at) => {
                self.kill(Fault::host(format!("no stack at {at:#010x}, where an argument should be")));
                0
            }
        }
    }
    /// Looks at argument `n`, from 0, without taking it; 0 beyond the mapped stack. Where arguments of 64 bits come before,
    /// i386 code has two for each.
    pub fn argument(&self, n: u32) -> u32 {
        self.nth(n).unwrap_or(0) as u32
    }
    /// Returns a word, or where it should be. The return address comes first on the stack.
    fn nth(&self, n: u32) -> Result<u64, u32> {
        let GateRegisters { sp, di, si, dx, cx, r8, r9, .. } = self.registers;
        let word = |at: u32| self.entered.stack_word(at).map(u64::from).ok_or(at);
        match self.entered.executor.word_bytes() {
            8 if n < IN_REGISTERS => Ok([di, si, dx, cx, r8, r9][n as usize]),
            8 => {
                let at = (sp as u32).wrapping_add(8 + 8 * (n - IN_REGISTERS));
                Ok(word(at)? | word(at.wrapping_add(4))? << 32)
            }
            _ => word((sp as u32).wrapping_add(4 + 4 * n)),
        }
    }
    /// Sets what the function returns; 0 if never set.
    pub fn set_result(&mut self, result: u64) {
        self.result = result;
    }
    pub(super) fn result(&self) -> u64 {
        self.result
    }

    /// Returns where the module goes on after this call; 0 when its stack cannot be read.
    pub fn return_address(&self) -> u32 {
        self.entered.stack_word(self.stack_pointer()).unwrap_or(0)
    }
    /// Returns the frame pointer at the call: the calling function's frame.
    pub fn frame_pointer(&self) -> u32 {
        self.registers.bp as u32
    }
    /// Returns the stack pointer at the call: it points to the return address.
    pub fn stack_pointer(&self) -> u32 {
        self.registers.sp as u32
    }
    /// Returns the executor through which the module was entered.
    pub fn executor(&self) -> &'a Executor {
        self.entered.executor
    }

    /// Returns the return addresses from the caller of this function outwards, at most `max`.
    ///
    /// Where a host function had called back into the module, its stub stands between the two pieces, so that the chain
    /// reads as in a kernel: `my_ctor`, `kmem_cache_create`, `my_init`. All of them are to be looked up one byte lower,
    /// as return addresses are. Ends where the frames stop making sense.
    pub fn chain(&self, max: usize) -> Vec<u32> {
        let mut chain = vec![self.return_address()];
        self.entered.frames(self.frame_pointer(), max, &mut chain);
        chain.truncate(max);
        chain
    }

    /// Calls a function of the module from within this call, on the module's stack below the call.
    ///
    /// # Errors
    /// The fault that ended it. The caller decides whether it goes on, or passes it to [`Call::kill`].
    pub fn enter(&mut self, entry: u32, args: &[u32]) -> Result<u64, Fault> {
        self.entered.executor.enter(self.entered.host, entry, args, self.stack_pointer() & !15)
    }
    /// Ends this level when the host function returns: `enter` returns the fault. For an assertion that ends a test case.
    pub fn leave(&mut self, fault: Fault) {
        self.entered.leave(self.here(fault));
    }
    /// Ends the task: every level is left when its host function returns, outwards to the first. For an Oops.
    pub fn kill(&mut self, fault: Fault) {
        self.entered.kill(self.here(fault));
    }
    /// Adds to a fault of the host's own where the module was.
    fn here(&self, mut fault: Fault) -> Fault {
        const MOST: usize = 32;
        if fault.chain.is_empty() {
            fault.chain = self.chain(MOST);
            fault.registers =
                Registers { sp: self.stack_pointer(), bp: self.frame_pointer(), ip: self.return_address() };
        }
        fault
    }
    /// True when this level or the task is to end once the host function returns.
    pub fn is_leaving(&self) -> bool {
        self.entered.is_leaving()
    }
}

impl Entered<'_> {
    fn machine(&self) -> &Hosted {
        &self.executor.machine
    }

    /// Reads a word of the module's stack. Remembers where the page is: the pages of a stack in use do not move, and the
    /// alias stays readable even if they did.
    fn stack_word(&self, at: u32) -> Option<u32> {
        const PAGE: u32 = 4096;
        if !at.is_multiple_of(4) {
            return self.machine().read_u32(VirtAddr::new(at.into()));
        }
        let page = at & !(PAGE - 1);
        let (known, mut pointer) = self.stack_page.get();
        if known != page || pointer.is_null() {
            (pointer, _) = self.machine().reach(VirtAddr::new(page.into()))?;
            self.stack_page.set((page, pointer));
        }
        // SAFETY: The pointer is that of a whole page of RAM in the alias, and the offset is a word inside.
        Some(unsafe { pointer.add((at - page) as usize).cast::<u32>().read() })
    }

    /// Follows the chain of frames from `bp` outwards, through this level and those around it.
    pub(super) fn frames(&self, bp: u32, max: usize, chain: &mut Vec<u32>) {
        let mut level = self;
        let mut bp = bp;
        loop {
            if !level.frames_of_level(bp, max, chain) {
                return;
            }
            // SAFETY: The levels around this one are alive as long as it is.
            let Some(outer) = (unsafe { level.outer.as_ref() }) else { return };
            // SAFETY: An outer level is inside a host function, whose gate registers lie on the host's stack.
            let Some(registers) = (unsafe { outer.frame.gate.get().as_ref() }) else { return };
            chain.push(outer.executor.export(registers.ax as u32).wrapping_add(GATE_STUB_LEAD));
            chain.extend(outer.executor.read_address(registers.sp as u32));
            level = outer;
            bp = registers.bp as u32;
        }
    }

    /// The same through this level only; true when its outermost frame was reached.
    fn frames_of_level(&self, mut bp: u32, max: usize, chain: &mut Vec<u32>) -> bool {
        while chain.len() < max && bp.is_multiple_of(4) {
            let read = |at: u32| self.executor.read_address(at);
            let back_at = bp.wrapping_add(self.executor.word_bytes());
            let (Some(next), Some(back)) = (read(bp), read(back_at)) else { return false };
            if back == self.executor.exit_stub() {
                return true;
            }
            if self.machine().reach(VirtAddr::new(back.into())).is_none() {
                return false; // an overwritten stack
            }
            chain.push(back);
            if next <= bp || next - bp > MAX_FRAME_BYTES {
                return false;
            }
            bp = next;
        }
        false
    }

    /// Completes a fault by its call chain.
    pub(super) fn with_chain(&self, mut fault: Fault) -> Fault {
        const MOST: usize = 32;
        let mut chain = Vec::new();
        if fault.is_fetch() {
            // A call through a bad pointer: the caller has not been told by a frame yet.
            chain.extend(self.executor.read_address(fault.registers.sp));
        }
        self.frames(fault.registers.bp, MOST, &mut chain);
        fault.chain = chain;
        fault
    }
}
