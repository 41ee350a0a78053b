//! A small i386 board for the tests: RAM from 0, direct map at 0xc0000000, page tables written by hand.

#![allow(dead_code)] // each test file uses some of it

use kmem::machine::Machine;
use kmem::map::entry::PagingFormat;
use kmem::units::{PhysAddr, PhysRange, VirtAddr};
use kmem_hosted::{Displacement, Hosted, HostedConfig};

pub const MIB: u64 = 1 << 20;
pub const PAGE_OFFSET: u64 = 0xc000_0000;
pub const VMALLOC: u64 = 0xf880_0000;
/// Bits of an i386 entry.
pub const PRESENT: u32 = 1;
pub const WRITE: u32 = 2;
pub const USER: u32 = 4;

/// The format of the two-level tables.
pub fn format() -> &'static PagingFormat {
    &kmem::map::entry::I386
}

pub fn config(ram: u64, displacement: Displacement) -> HostedConfig {
    HostedConfig {
        ram: PhysRange::new(0, ram),
        page_offset: VirtAddr::new(PAGE_OFFSET),
        low_bytes: ram.min(896 * MIB),
        kernel_window: (VirtAddr::new(PAGE_OFFSET), VirtAddr::new(1 << 32)),
        displacement,
        paging: Some(format()),
        vmalloc_window: None,
    }
}

/// A machine with page tables: the directory at 1 MiB, the tables behind it.
pub struct Board {
    pub machine: Hosted,
    root: u64,
    next_table: u64,
}

const ROOT: u64 = MIB;

impl Board {
    pub fn new(ram: u64, displacement: Displacement) -> Self {
        Self::with(&config(ram, displacement))
    }
    pub fn with(config: &HostedConfig) -> Self {
        let machine = Hosted::new(config, |_| ()).expect("the host gives a machine");
        machine.load_page_table(PhysAddr::new(ROOT));
        Self { machine, root: ROOT, next_table: ROOT + 4096 }
    }
    /// Begins with other tables, empty ones.
    pub fn move_tables(&mut self, root: u64) {
        (self.root, self.next_table) = (root, root + 4096);
        self.machine.load_page_table(PhysAddr::new(root));
    }
    fn word(&self, phys: u64) -> *mut u32 {
        self.machine.alias(PhysAddr::new(phys)).expect("RAM").cast()
    }
    /// Writes the entry for `va`; 0 takes the mapping away. The TLB is not told.
    pub fn map(&mut self, va: u64, phys: u64, bits: u32) {
        let directory = self.word(self.root + (va >> 22) * 4);
        // SAFETY: RAM of a machine that nobody else uses.
        unsafe {
            if directory.read() == 0 {
                directory.write(self.next_table as u32 | 7);
                self.next_table += 4096;
            }
            let table = u64::from(directory.read() & !0xfff);
            self.word(table + (va >> 12 & 0x3ff) * 4).write(if bits == 0 { 0 } else { phys as u32 | bits });
        }
    }
    /// Writes through the alias.
    pub fn poke(&self, phys: u64, value: u32) {
        // SAFETY: RAM of a machine that nobody else uses.
        unsafe { self.word(phys).write_volatile(value) };
    }
    /// Reads through the alias.
    pub fn peek(&self, phys: u64) -> u32 {
        // SAFETY: RAM of a machine that nobody else uses.
        unsafe { self.word(phys).read_volatile() }
    }
    /// Reads at a machine address, as the machine's own code would.
    pub fn load(&self, va: u64) -> u32 {
        let at = self.machine.host_address(VirtAddr::new(va)).expect("it has a seat") as *const u32;
        // SAFETY: The test has mapped it.
        unsafe { at.read_volatile() }
    }
    /// Writes at a machine address.
    pub fn store(&self, va: u64, value: u32) {
        let at = self.machine.host_address(VirtAddr::new(va)).expect("it has a seat") as *mut u32;
        // SAFETY: The test has mapped it.
        unsafe { at.write_volatile(value) };
    }
    pub fn flush(&self, start: u64, end: u64) {
        self.machine.flush_tlb(VirtAddr::new(start), VirtAddr::new(end));
    }
}
