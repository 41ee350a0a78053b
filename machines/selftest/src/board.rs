//! What the self-test needs besides a machine: to touch an address and live.

use kmem::units::{PhysAddr, VirtAddr};

/// How an address is touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A byte is read.
    Read,
    /// A zero byte is written.
    Write,
}

/// What the CPU reported when an access was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The address it named.
    pub address: VirtAddr,
    /// True when the page was mapped but not for this access.
    pub mapped: bool,
    /// The access it saw.
    pub access: Access,
}

/// A register of a device, to be read through an I/O mapping.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Where it is.
    pub at: PhysAddr,
    /// The bits of its value that are known.
    pub mask: u32,
    /// What they are.
    pub value: u32,
}

/// A board that the self-test runs on.
pub trait Board {
    /// Touches one byte by a real access of the CPU; returns the fault that this raised, if it did.
    ///
    /// The self-test passes addresses that no Rust object lives at.
    fn touch(&self, address: VirtAddr, access: Access) -> Option<Fault>;
    /// Returns where a register of a device lies that anybody may read, and the value it has; `None` if there is none.
    fn register(&self) -> Option<Register>;
    /// Returns how many timer interrupts there have been.
    fn ticks(&self) -> u32;
    /// Waits for the next interrupt.
    fn wait(&self);
}
