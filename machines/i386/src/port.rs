//! I/O ports.

use core::arch::asm;

/// An 8-bit I/O port.
#[derive(Clone, Copy)]
pub struct Port(u16);

impl Port {
    /// Names the port at `address`.
    ///
    /// # Safety
    /// What is written to this port, or read from it, does not touch memory that Rust code uses.
    pub const unsafe fn new(address: u16) -> Self {
        Self(address)
    }
    /// Writes a byte.
    pub fn write(self, value: u8) {
        // SAFETY: `new` promised that this port does no harm to memory.
        unsafe { asm!("out dx, al", in("dx") self.0, in("al") value, options(nomem, nostack, preserves_flags)) }
    }
    /// Reads a byte.
    pub fn read(self) -> u8 {
        let value: u8;
        // SAFETY: As in `write`.
        unsafe { asm!("in al, dx", in("dx") self.0, out("al") value, options(nomem, nostack, preserves_flags)) }
        value
    }
}
