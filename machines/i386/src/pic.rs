//! Interrupt controller and timer: a tick a thousand times a second, everything else masked.

use crate::port::Port;

/// Vector of the first of the sixteen interrupt lines, above the CPU's exceptions.
pub const FIRST_VECTOR: u32 = 0x20;
/// Vector of the timer.
pub const TIMER_VECTOR: u32 = FIRST_VECTOR;

// SAFETY: The two interrupt controllers of a PC and its timer; none of them does DMA.
const MASTER_COMMAND: Port = unsafe { Port::new(0x20) };
// SAFETY: As above.
const MASTER_DATA: Port = unsafe { Port::new(0x21) };
// SAFETY: As above.
const SLAVE_COMMAND: Port = unsafe { Port::new(0xa0) };
// SAFETY: As above.
const SLAVE_DATA: Port = unsafe { Port::new(0xa1) };
// SAFETY: As above.
const TIMER_CHANNEL_0: Port = unsafe { Port::new(0x40) };
// SAFETY: As above.
const TIMER_COMMAND: Port = unsafe { Port::new(0x43) };

const INITIALISE: u8 = 0x11;
const SLAVE_ON_LINE_2: u8 = 1 << 2;
const SLAVE_IDENTITY: u8 = 2;
const MODE_8086: u8 = 0x01;
const ALL_BUT_TIMER: u8 = !1;
const ALL: u8 = !0;
const END_OF_INTERRUPT: u8 = 0x20;
const CHANNEL_0_RATE_GENERATOR: u8 = 0x34;
/// 1.193182 MHz / 1000.
const TIMER_DIVISOR: u16 = 1193;

/// Moves the lines to [`FIRST_VECTOR`] and starts the timer.
pub fn start() {
    for (command, data, vector, cascade, mask) in [
        (MASTER_COMMAND, MASTER_DATA, FIRST_VECTOR as u8, SLAVE_ON_LINE_2, ALL_BUT_TIMER),
        (SLAVE_COMMAND, SLAVE_DATA, FIRST_VECTOR as u8 + 8, SLAVE_IDENTITY, ALL),
    ] {
        command.write(INITIALISE);
        data.write(vector);
        data.write(cascade);
        data.write(MODE_8086);
        data.write(mask);
    }
    let [low, high] = TIMER_DIVISOR.to_le_bytes();
    TIMER_COMMAND.write(CHANNEL_0_RATE_GENERATOR);
    TIMER_CHANNEL_0.write(low);
    TIMER_CHANNEL_0.write(high);
}

/// Tells the controller that the timer's interrupt has been handled.
pub fn timer_handled() {
    MASTER_COMMAND.write(END_OF_INTERRUPT);
}
