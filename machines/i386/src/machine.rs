//! The PC as the engine sees it.

use crate::serial::Console;
use crate::{cpu, entry, interrupts, probe};
use core::fmt::{self, Write};
use kmem::machine::{DirectMap, Machine};
use kmem::units::{PhysAddr, VirtAddr, PAGE_SIZE};
use kmem_selftest::{Access, Board, Fault, Register};

/// Where the direct map begins.
const KERNEL_HALF: usize = 0xc000_0000;
/// Above this many pages, emptying the TLB costs less than forgetting page by page.
const FLUSH_ALL_ABOVE: u64 = 32;

/// A PC with one CPU.
pub struct Pc {
    low_bytes: u64,
}

impl Pc {
    /// Takes the machine with its first `low_bytes` bytes for low memory.
    ///
    /// # Safety
    /// The kernel half maps them, and goes on to do so when the engine's page tables are loaded. Nothing but the
    /// engine that gets this value hands out what lies there, the image aside.
    pub unsafe fn new(low_bytes: u64) -> Self {
        assert!(low_bytes <= entry::BOOT_MAP_BYTES, "the boot tables map this much");
        Self { low_bytes }
    }
}

// SAFETY:
// - The window is low memory at the kernel half, mapped by the boot tables and then by the engine's own; the page at
//   0 is in it like any other. What the image takes of it is reserved when the engine boots.
// - There is no way to a high page but by mapping it.
// - One CPU, number 0. Interrupt handlers run between its instructions; they run with interrupts off, and the engine
//   turns them off where it must not be interrupted.
unsafe impl Machine for Pc {
    fn direct_map(&self) -> DirectMap {
        DirectMap { pointer: KERNEL_HALF as *mut u8, start: PhysAddr::new(0), bytes: self.low_bytes }
    }
    fn virt(&self, addr: VirtAddr) -> *mut u8 {
        addr.raw() as usize as *mut u8
    }
    fn cpu(&self) -> u32 {
        0
    }
    fn irq_save(&self) -> usize {
        cpu::irq_save()
    }
    fn irq_restore(&self, state: usize) {
        cpu::irq_restore(state);
    }
    fn barrier_everywhere(&self) {
        // One CPU: it sees what it stored.
    }
    fn load_page_table(&self, root: PhysAddr) {
        // SAFETY: The engine's tables map the direct map at the kernel half, and with it the image and its stack.
        unsafe { cpu::load_page_directory(root.raw() as usize) }
    }
    fn flush_tlb(&self, start: VirtAddr, end: VirtAddr) {
        let pages = end.page_up().raw().saturating_sub(start.page_down().raw()) / PAGE_SIZE;
        if pages > FLUSH_ALL_ABOVE {
            return cpu::flush_all();
        }
        for page in 0..pages {
            cpu::flush_page(start.page_down().offset(page * PAGE_SIZE).raw() as usize);
        }
    }
    fn printk(&self, line: fmt::Arguments<'_>) {
        // A console that fails cannot be reported anywhere.
        let _ = writeln!(Console, "{line}");
    }
}

/// The hardware outside the engine's view, for the self-test.
pub struct Hardware;

impl Board for Hardware {
    fn touch(&self, address: VirtAddr, access: Access) -> Option<Fault> {
        // SAFETY: The self-test touches no address at which Rust objects live.
        unsafe { probe::touch(address, access) }
    }
    fn register(&self) -> Option<Register> {
        // The local APIC's version: 0x10 to 0x15 on every PC that has one inside the CPU. Intel SDM vol. 3, 11.4.8.
        Some(Register { at: PhysAddr::new(0xfee0_0030), mask: 0xf0, value: 0x10 })
    }
    fn ticks(&self) -> u32 {
        interrupts::ticks()
    }
    fn wait(&self) {
        cpu::wait_for_interrupt();
    }
}
