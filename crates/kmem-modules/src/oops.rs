//! How a module ends before its time: what the log says of it, and the finding.
//!
//! A fault of its code, a `BUG()`, a kernel function that was given a wild pointer: each ends the task, once. What ends on the way
//! out is no news. Where an access is told already (memory that is not the module's, a pointer that nobody has set), its
//! fault is a note there.
//!
//! Kernel counterpart: 6.1 `arch/x86/mm/fault.c`, `arch/x86/kernel/{dumpstack,traps}.c`.

use crate::checks::Check;
use crate::exec::{Call, Fault, FaultKind, Registers};
use crate::finding::{Finding, FindingKind, MemoryBug};
use crate::session::Session;
use crate::tracker::Space;
use crate::unchecked::is_fresh_pointer;

impl Session {
    /// Ends the module from a host function, as BUG() does.
    pub(crate) fn die(&self, call: &Call<'_>, title: String, notes: Vec<String>) {
        if self.died.replace(true) {
            return;
        }
        let chain = self.chain(call);
        self.log.line(&format!("Oops: {title}"));
        self.print_call_trace(&chain);
        let mut finding = Finding::new(FindingKind::Oops, title, self.place(&chain), "here");
        finding.notes = notes;
        self.report(self.with_trace(finding, &chain));
    }
    /// Ends the module because a kernel function was given a wild pointer.
    pub(crate) fn die_at(&self, call: &Call<'_>, addr: u32, write: bool) {
        if self.died.replace(true) {
            return;
        }
        self.report_fault(addr.into(), write, false, &self.chain(call));
    }
    /// Reports a fault of the module's code, once: what ends on the way out is no news.
    pub(crate) fn oops(&self, fault: &Fault) {
        if self.died.replace(true) {
            return;
        }
        // Return addresses are looked up one byte lower; the faulting instruction itself is not one.
        let mut chain = vec![fault.registers.ip.wrapping_add(1)];
        if !fault.is_fetch() {
            chain.extend(self.caller_without_frame(&fault.registers));
        }
        chain.extend(&fault.chain);
        if let FaultKind::Page { write, fetch } = fault.kind {
            let addr = self.kasan.as_ref().map_or(fault.addr, |kasan| kasan.meant(fault));
            self.report_fault(addr, write, fetch, &chain);
            return;
        }
        if fault.kind == FaultKind::Deadline {
            self.report_hang(&chain);
            return;
        }
        let is_wild = fault.kind == FaultKind::Protection && fault.addr != 0;
        let title = if is_wild {
            let addr = format!("non-canonical address {:#x}", fault.addr);
            self.log.line(&format!("general protection fault, probably for {addr}: 0000 [#1] PREEMPT SMP"));
            format!("Oops: access of memory by a pointer that is none, probably the {addr}")
        } else {
            let title = format!("Oops: {fault}");
            self.log.line(&title);
            title
        };
        self.print_call_trace(&chain);
        let finding = Finding::new(FindingKind::Oops, title, self.place(&chain), "here");
        if is_wild && self.ends_what_was_told(fault.addr, &finding) {
            return;
        }
        let finding = if is_wild { self.explain_pointer(finding, fault.addr) } else { finding };
        self.report(self.with_trace(finding, &chain));
    }
    /// Returns who called the code that stands where it has no frame yet, or no longer: data that is executed, a stub, the
    /// first and the last instruction of a function. The return address is still on the stack then, and the frame is the
    /// caller's.
    fn caller_without_frame(&self, registers: &Registers) -> Option<u32> {
        const RET: u8 = 0xc3;
        /// Bytes of the first instruction, which pushes the frame pointer.
        const PUSH: u32 = 1;
        let Registers { ip, sp, .. } = *registers;
        let images = [&self.modules, &self.runtime];
        let function = images.iter().find_map(|image| image.symbol_at(ip).filter(|at| at.symbol.is_function));
        let is_ret = || self.read_word(ip) as u8 == RET;
        match function.map(|at| at.offset) {
            None | Some(0) => Some(self.read_word(sp)),
            Some(PUSH) => Some(self.read_word(sp.wrapping_add(self.exec.word_bytes()))),
            Some(_) => is_ret().then(|| self.read_word(sp)),
        }
    }
    /// Adds to a finding that a pointer was never set that its use has ended the module; false where that was not told.
    fn ends_what_was_told(&self, addr: u64, finding: &Finding) -> bool {
        let mut findings = self.findings.borrow_mut();
        let is_it = |told: &&mut Finding| told.kind == FindingKind::Memory(MemoryBug::UninitValue);
        let Some(told) = findings.last_mut().filter(is_it) else { return false };
        let is_fresh = self.kasan.is_some() && is_fresh_pointer(addr);
        if is_fresh {
            told.notes.push(format!("{}: the module ended there", finding.title));
            told.also.extend(finding.at.clone().map(|at| (at, "it ended the module here".to_owned())));
        }
        is_fresh
    }
    fn report_fault(&self, addr: u64, write: bool, fetch: bool, chain: &[u32]) {
        let access = if write { "write" } else { "read" };
        let code = if fetch {
            0x10
        } else if write {
            2
        } else {
            0
        };
        if self.kernel.profile.version.0 < 4 {
            let what = if addr < 4096 { "NULL pointer dereference" } else { "paging request" };
            self.log.line(&format!("Unable to handle kernel {what} at virtual address {}", self.digits(addr)));
            self.log.line(&format!("Oops: {code:04x} [#1]"));
            let ip = chain.first().map_or(0, |ip| ip.wrapping_sub(1));
            self.log.line(&format!("EIP is at {}", self.symbol_text(ip, true)));
        } else {
            if addr < 4096 {
                self.log.line(&format!("BUG: kernel NULL pointer dereference, address: {}", self.digits(addr)));
            } else {
                self.log.line(&format!("BUG: unable to handle page fault for address: {}", self.digits(addr)));
            }
            let how = if fetch { "instruction fetch".to_owned() } else { format!("{access} access") };
            self.log.line(&format!("#PF: supervisor {how} in kernel mode"));
            self.log.line(&format!("#PF: error_code({code:#06x}) - not-present page"));
            self.log.line(&format!("Oops: {code:04x} [#1] PREEMPT SMP"));
            let ip = chain.first().map_or(0, |ip| ip.wrapping_sub(1));
            let name = if self.exec.word_bytes() == 8 { "RIP: 0010" } else { "EIP" };
            self.log.line(&format!("{name}: {}", self.symbol_text(ip, true)));
        }
        self.print_call_trace(chain);
        let (access, label) = if fetch { ("call", "this call".to_owned()) } else { (access, format!("this {access}")) };
        let below = self.checks.has(Check::Stack) && u32::try_from(addr).is_ok_and(|addr| self.is_below_stack(addr));
        let title = if below && self.tracker.borrow().around(Space::Virtual, addr).is_none() {
            let bytes = self.shown_stack_bytes();
            format!("kernel stack overflow: {access} of {}, below the stack of {bytes} bytes", self.hex(addr))
        } else {
            format!("Oops: {access} of {}, which is {}", self.hex(addr), self.describe(addr))
        };
        let is_overflow = title.starts_with("kernel stack");
        let mut finding = self.explain_pointer(Finding::new(FindingKind::Oops, title, self.place(chain), label), addr);
        if finding.help.is_none() && addr < 4096 {
            finding = finding.help("the pointer is NULL: look at it before it is used, or find out who has not set it");
        }
        if is_overflow {
            finding = finding.help("take large arrays from kmalloc(), and do without recursion");
        }
        let key = addr;
        let tracker = self.tracker.borrow();
        let live = tracker
            .live()
            .into_iter()
            .find(|live| live.kind.space() == Space::Virtual && key >= live.key && key - live.key < live.given + 4096);
        if let Some(live) = live {
            finding =
                finding.also(self.place(&live.chain), format!("the area of {} bytes was allocated here", live.asked));
        } else if let Some(freed) = tracker.freed_around(Space::Virtual, key) {
            finding = finding
                .also(self.place(&freed.chain), "freed here")
                .also(self.place(&freed.allocation.chain), "allocated here");
        }
        drop(tracker);
        if self.ends_what_was_told(addr, &finding) {
            return;
        }
        // An access that was bad from its first byte and went on to where nothing is, was told already.
        if let Some(told) = self.findings.borrow_mut().last_mut() {
            if matches!(told.kind, FindingKind::Memory(_)) && told.at.is_some() && told.at == finding.at {
                let text = format!("it went on to {}, where nothing is mapped, and ended the module", self.hex(addr));
                told.notes.push(self.moved.as_ref().map_or(text.clone(), |moved| moved.in_text(&text).into_owned()));
                return;
            }
        }
        self.report(self.with_trace(finding, chain));
    }
}
