//! Why a call on a process's memory did not succeed.

use crate::error::AllocError;
use crate::units::VirtAddr;
use core::fmt;

/// Why a call on a process's memory did not succeed, with the numbers that decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserError {
    /// There is no such process (any more).
    NoProcess,
    /// An access that no VMA allows: the process gets SIGSEGV.
    Segv {
        /// The address.
        addr: VirtAddr,
        /// What is wrong with it.
        why: Segv,
    },
    /// The process was killed for its memory and gets none any more.
    Killed,
    /// No page, table or descriptor.
    Alloc(AllocError),
    /// The address space has no hole that is large enough.
    NoRoom {
        /// Bytes asked for.
        bytes: u64,
        /// The largest hole where it was looked for.
        largest_hole: u64,
    },
    /// More was asked for than could ever be given: an obvious overcommit.
    Overcommit {
        /// Pages asked for.
        pages: u64,
        /// Pages that are thought possible.
        allowed: u64,
    },
    /// The process has as many VMAs as it may have.
    TooManyAreas {
        /// `vm.max_map_count`.
        limit: u32,
    },
    /// The machine has no such thing.
    Unsupported(&'static str),
    /// An argument that makes no sense.
    BadArgument(&'static str),
}

/// What is wrong with an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segv {
    /// No VMA holds the address.
    NoArea,
    /// A write to a VMA that is only to be read.
    ReadOnly,
    /// An address of the kernel's.
    Kernel,
}

impl From<AllocError> for UserError {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoProcess => f.write_str("there is no such process"),
            Self::Segv { addr, why } => {
                let why = match why {
                    Segv::NoArea => "no VMA holds it",
                    Segv::ReadOnly => "its VMA is only to be read",
                    Segv::Kernel => "it is no user address",
                };
                write!(f, "SIGSEGV at {addr}: {why}")
            }
            Self::Killed => f.write_str("the process was killed to free its memory"),
            Self::Alloc(error) => error.fmt(f),
            Self::NoRoom { bytes, largest_hole } => {
                write!(f, "{bytes} bytes of addresses needed, the largest hole has {largest_hole}")
            }
            Self::Overcommit { pages, allowed } => {
                write!(f, "{pages} pages asked for, an obvious overcommit: {allowed} are thought possible")
            }
            Self::TooManyAreas { limit } => write!(f, "vm.max_map_count allows {limit} VMAs"),
            Self::Unsupported(why) | Self::BadArgument(why) => f.write_str(why),
        }
    }
}
