//! The ground the engine stands on: RAM, CPUs, an MMU, a console. Nothing else.
//!
//! A machine is a Linux process (`kmem-hosted`) or a bare computer (`machines/`). The engine writes page tables in the
//! architecture's format into the machine's RAM; the machine makes them work ([`Machine::load_page_table`]) and forgets
//! translations when told ([`Machine::flush_tlb`]).

use crate::units::{PhysAddr, VirtAddr};
use core::fmt;

/// The window through which low memory (all that the kernel maps directly) is reached: physical `start` lies at
/// `pointer`, the next `bytes` follow.
#[derive(Clone, Copy, Debug)]
pub struct DirectMap {
    /// Where the byte at physical `start` is.
    pub pointer: *mut u8,
    /// First physical address of the window.
    pub start: PhysAddr,
    /// Length of the window.
    pub bytes: u64,
}

/// What the engine needs from the ground it stands on. Everything else is the engine's own work.
///
/// # Safety
/// - `direct_map` returns a page-aligned window whose memory is valid for reads and writes while `self` lives (also when
///   it is moved), the same on every call; only the engine and its clients touch those bytes.
/// - `high_page` returns `None` or a pointer to the 4096 bytes of that page, valid alike.
/// - `virt` returns a pointer to the mapped page while it is mapped, valid for reads and for what its mapping allows.
/// - `cpu()` is below the number of CPUs the kernel was booted with, and no two threads of control that may run
///   between each other's instructions have the same number; it does not change while interrupts are off.
#[allow(unsafe_code)]
pub unsafe trait Machine {
    /// Returns the window onto the low memory, which begins at the first byte of RAM.
    fn direct_map(&self) -> DirectMap;
    /// Returns where a page above the direct map can be reached without mapping it, if this machine can do that.
    fn high_page(&self, page: PhysAddr) -> Option<*mut u8> {
        let _ = page;
        None
    }
    /// True when RAM is known to be all zeros at boot; the engine then need not touch what it does not use.
    fn ram_is_zeroed(&self) -> bool {
        false
    }
    /// Returns the pointer by which a mapped virtual address is reached. The engine uses it only for pages that it has
    /// just mapped itself.
    fn virt(&self, addr: VirtAddr) -> *mut u8;
    /// Returns the number of the CPU that runs this.
    fn cpu(&self) -> u32;
    /// Turns interrupts off on this CPU; returns what `irq_restore` needs.
    fn irq_save(&self) -> usize;
    /// Puts the interrupt state back.
    fn irq_restore(&self, state: usize);
    /// Returns when every CPU of the machine has passed a full memory barrier since the call: what they stored before can
    /// be seen, what is stored before the call they see. A machine with one CPU need do nothing.
    fn barrier_everywhere(&self);
    /// Wakes the thread that runs [`crate::memory::Memory::kswapd`] of a node; must not wait for it. False when this machine
    /// has none: then it is run by the next allocation that may sleep.
    fn wake_kswapd(&self, node: u32) -> bool {
        let _ = node;
        false
    }
    /// True where nothing may sleep: in an interrupt, under a lock, with preemption off. Allocations then fail at once
    /// instead of reclaiming, whatever their flags say.
    fn in_atomic(&self) -> bool {
        false
    }
    /// Makes the caller sleep while `must_wait` says so: until somebody calls [`Machine::wake`] with the same token, after
    /// which it is asked again. It is asked under the lock that `wake` takes, so that no call is missed, and it may take locks
    /// of the engine's itself. May return early, and should after some seconds. False where this machine cannot make its
    /// caller wait: then what would have waited fails.
    fn wait(&self, token: u64, must_wait: &dyn Fn() -> bool) -> bool {
        let _ = (token, must_wait);
        false
    }
    /// Wakes all who wait for a token. The engine holds no lock.
    fn wake(&self, token: u64) {
        let _ = token;
    }
    /// Fills in the return addresses of who runs now, the innermost first; returns how many there are. Asked for debugged
    /// slab caches only.
    fn stack(frames: &mut [u64]) -> usize
    where
        Self: Sized,
    {
        let _ = frames;
        0
    }
    /// Writes what a return address is called, as `function+0x1a/0x90 [module]`; false when it has no name.
    fn write_symbol(&self, addr: u64, out: &mut dyn fmt::Write) -> bool {
        let _ = (addr, out);
        false
    }
    /// Returns nanoseconds since some moment; always 0 where there is no clock.
    fn nanoseconds() -> u64
    where
        Self: Sized,
    {
        0
    }
    /// Makes the tables under `root` the ones that translate kernel addresses.
    fn load_page_table(&self, root: PhysAddr);
    /// Forgets all translations of `start..end`, on every CPU.
    fn flush_tlb(&self, start: VirtAddr, end: VirtAddr);
    /// Writes one line of the kernel log (no newline at its end).
    fn printk(&self, line: fmt::Arguments<'_>);
}
