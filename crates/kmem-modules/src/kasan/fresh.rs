//! Memory that was allocated and that nobody has written yet: who reads it finds anything.
//!
//! The shadow forbids it until it is written, so the first touches of it come here; once eight bytes are written, code runs on
//! without a look. The runtime and the kernel write without one, so the bytes have the last word: only what still holds what
//! fresh memory was filled with was not written. What only copies or adds up uses nothing ([`touch`](super::touch)); what goes
//! to a process does, to the byte.
//!
//! Variables of functions are filled too (by gcc, `-ftrivial-auto-var-init=pattern`), but reads of them are not looked at:
//! they are found when they go to a process.
//!
//! Kernel counterpart: 6.1 `mm/kmsan`.

use super::touch::{touch, Touch};
use super::{Kasan, FRESH};
use crate::exec::Call;
use crate::finding::{Finding, FindingKind, MemoryBug};
use crate::session::Session;
use crate::tracker::{Allocation, Space};
use kmem::{Pfn, VirtAddr};

/// What gcc fills variables with that are not set.
const UNSET: u8 = 0xfe;
/// So many such bytes in a row are no chance.
const UNSET_RUN: usize = 4;

impl Session {
    /// Notes that nobody has written what was just allocated and filled.
    pub(super) fn kasan_unwritten(&self, kasan: &Kasan, addr: VirtAddr, bytes: u64) {
        // Debugged caches fill by themselves, and look at what is written.
        if !self.debugs.get() {
            kasan.shadow.unwrite(addr.raw() as u32, bytes as u32);
        }
    }
    /// A device or a process may write there, unseen.
    pub(crate) fn kasan_given_away(&self, addr: u32, bytes: u32) {
        if let Some(kasan) = &self.kasan {
            kasan.shadow.write(addr, bytes);
        }
    }
    /// Returns which bytes of a range nobody has written.
    fn unwritten(&self, kasan: &Kasan, addr: u32, bytes: u32) -> Vec<u32> {
        let suspects = kasan.shadow.unwritten(addr, bytes);
        let still_fresh = |at: &u32| {
            let is_fresh = self.read_bytes(*at, 1) == [FRESH];
            if !is_fresh {
                kasan.shadow.write(*at, 1);
            }
            is_fresh
        };
        suspects.into_iter().filter(still_fresh).collect()
    }
    /// Checked code is about to read memory that may be touched.
    pub(crate) fn kasan_read(&self, call: &Call<'_>, addr: u32, bytes: u32, is_range: bool) {
        let Some(kasan) = &self.kasan else { return };
        let unwritten = self.unwritten(kasan, addr, bytes);
        // Of a string its first byte says it; of a number all.
        if unwritten.is_empty() || !is_range && unwritten.len() < bytes as usize || unwritten[0] != addr {
            return;
        }
        let mut chain = self.chain(call);
        let is_use = if is_range {
            let hooks = chain.iter().take_while(|at| self.symbol_text(**at, false).starts_with("__asan_")).count();
            chain.drain(..hooks);
            // Of code of the modules it is a copy of a structure; of the runtime, what a function does.
            let reader = chain.first().map_or_else(String::new, |at| self.symbol_text(at.wrapping_sub(1), false));
            let copies = ["cpy", "move", "dup", "copy"].iter().any(|word| reader.contains(word));
            let is_copy = chain.first().is_some_and(|at| self.is_module_code(*at)) || copies && reader.contains("mem");
            !is_copy
        } else {
            let byte = |at: u32| self.read_bytes(at, 1).first().copied().unwrap_or(0);
            match touch(call.return_address(), kasan.offset(), self.exec.word_bytes() == 8, &byte) {
                Touch::Uses => true,
                Touch::Changes => {
                    kasan.shadow.write(addr, bytes);
                    false
                }
                Touch::Unknown => false,
            }
        };
        if is_use {
            kasan.shadow.write(addr, bytes);
            let title = format!("read of {bytes} byte{}", if bytes == 1 { "" } else { "s" });
            let help = "set it before it is used, or take the memory zeroed: kzalloc(), __GFP_ZERO";
            self.report_unwritten(MemoryBug::UninitValue, title, (addr, bytes), &chain, "this read", help);
        }
    }
    /// Memory goes to a process.
    pub(crate) fn kasan_shown(&self, call: &Call<'_>, function: &str, addr: u32, bytes: u32) {
        let Some(kasan) = &self.kasan else { return };
        let mut unwritten = self.unwritten(kasan, addr, bytes);
        if unwritten.is_empty() && self.is_in_stack(addr) {
            unwritten = unset(&self.read_bytes(addr, bytes)).into_iter().map(|at| addr + at as u32).collect();
        }
        let Some(first) = unwritten.first() else { return };
        kasan.shadow.write(addr, bytes);
        let title = format!(
            "{function}() of {bytes} bytes, {} of which nobody has written (from byte {} on)",
            unwritten.len(),
            first - addr
        );
        let help = "set all that is copied, what lies between fields too: memset() it first, kzalloc() it, or `= { }`";
        let chain = self.chain(call);
        self.report_unwritten(MemoryBug::KernelInfoleak, title, (*first, 1), &chain, "copied here", help);
    }
    /// A value is used that is what the compiler fills variables with.
    pub(crate) fn kasan_unset(&self, call: &Call<'_>, bytes: u32, what: &str) {
        let Some(kasan) = &self.kasan else { return };
        let chain = self.chain(call);
        let Some(code) = chain.iter().copied().find(|addr| self.is_module_code(*addr)) else { return };
        if !kasan.reported.borrow_mut().insert(code) {
            return;
        }
        let name = self.symbol_text(code.wrapping_sub(1), true);
        self.log.line(&format!("BUG: KMSAN: {} in {name}", MemoryBug::UninitValue.name()));
        self.print_call_trace(&chain);
        let title = format!("{what} of {bytes} bytes that was never set");
        let finding =
            Finding::new(FindingKind::Memory(MemoryBug::UninitValue), title, self.place(&chain), "this value")
                .note(format!("variables that are not set are filled with {UNSET:#04x}, and this value is all of that"))
                .help("set it on every path that comes here");
        self.report(self.with_trace(finding, &chain));
    }
    fn report_unwritten(
        &self,
        bug: MemoryBug,
        title: String,
        (addr, bytes): (u32, u32),
        chain: &[u32],
        label: &str,
        help: &str,
    ) {
        let owner = self.owner_of_fresh(addr);
        let title = match &owner {
            Some(owner) if bug == MemoryBug::UninitValue => {
                let inside = self.inside(owner, addr);
                let asked = owner.asked;
                format!(
                    "{title} at offset {inside} of the {asked} bytes from {}(), which nobody has written",
                    owner.function
                )
            }
            Some(_) => title,
            None if self.is_in_stack(addr) => format!("{title}, of a variable on the stack"),
            None => title,
        };
        let name = chain.first().map_or_else(String::new, |addr| self.symbol_text(addr.wrapping_sub(1), true));
        self.log.line(&format!("BUG: KMSAN: {} in {name}", bug.name()));
        self.log.line(&format!("Uninitialised bytes: {bytes} at addr {}", self.digits(addr)));
        self.print_call_trace(chain);
        let mut finding = Finding::new(FindingKind::Memory(bug), title, self.place(chain), label).help(help);
        if let Some(owner) = owner {
            finding = finding.also(self.place(&owner.chain), "allocated here").bytes(owner.asked, owner.given);
        }
        self.report(if chain.len() > 1 { self.with_trace(finding, chain) } else { finding });
    }
    fn owner_of_fresh(&self, addr: u32) -> Option<Allocation> {
        let tracker = self.tracker.borrow();
        let at = u64::from(addr);
        let object = tracker.around(Space::Linear, at).or_else(|| tracker.around(Space::Virtual, at));
        let page = || {
            let phys = self.kernel.virt_to_phys(VirtAddr::new(at))?;
            tracker.around(Space::Frame, Pfn::containing(phys).raw())
        };
        object.or_else(page).cloned()
    }
    fn inside(&self, owner: &Allocation, addr: u32) -> u32 {
        self.extent(owner).map_or(0, |(start, _)| addr.wrapping_sub(start))
    }
}

/// Returns where bytes are that a function never set: runs of what the compiler has filled its variables with.
fn unset(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in 0..=bytes.len() {
        if bytes.get(end) != Some(&UNSET) {
            if end - start >= UNSET_RUN {
                found.extend(start..end);
            }
            start = end + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_what_was_not_set() {
        assert_eq!(unset(&[1, 0xfe, 0xfe, 0xfe, 0xfe, 2]), [1, 2, 3, 4]);
        assert_eq!(unset(&[0xfe, 0xfe, 0xfe, 2, 0xfe, 0xfe, 0xfe, 0xfe]), [4, 5, 6, 7]);
        assert!(unset(&[0xfe, 0xfe, 0xfe]).is_empty() && unset(&[]).is_empty());
    }
}
