//! The console: the first serial port, 115200 8N1, polled.

use crate::port::Port;
use core::fmt;

// SAFETY: The registers of a PC's first UART; it does no DMA.
const DATA: Port = unsafe { Port::new(0x3f8) };
// SAFETY: As above.
const INTERRUPT_ENABLE: Port = unsafe { Port::new(0x3f9) };
// SAFETY: As above.
const FIFO_CONTROL: Port = unsafe { Port::new(0x3fa) };
// SAFETY: As above.
const LINE_CONTROL: Port = unsafe { Port::new(0x3fb) };
// SAFETY: As above.
const LINE_STATUS: Port = unsafe { Port::new(0x3fd) };

const DIVISOR_ACCESS: u8 = 0x80;
const EIGHT_BITS_NO_PARITY: u8 = 0x03;
const FIFO_ON_AND_CLEARED: u8 = 0x07;
const TRANSMITTER_EMPTY: u8 = 0x20;

/// The console. All values of this type are the same port.
#[derive(Clone, Copy)]
pub struct Console;

impl Console {
    /// Sets the port up: no interrupts, 115200 baud, FIFOs on.
    pub fn start() -> Self {
        INTERRUPT_ENABLE.write(0);
        LINE_CONTROL.write(DIVISOR_ACCESS);
        DATA.write(1);
        INTERRUPT_ENABLE.write(0);
        LINE_CONTROL.write(EIGHT_BITS_NO_PARITY);
        FIFO_CONTROL.write(FIFO_ON_AND_CLEARED);
        Self
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while LINE_STATUS.read() & TRANSMITTER_EMPTY == 0 {}
            DATA.write(byte);
        }
        Ok(())
    }
}
