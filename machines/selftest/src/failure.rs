//! What a check found wrong.

use crate::board::Fault;
use core::fmt;
use kmem::slab::CreateError;
use kmem::units::VirtAddr;
use kmem::{AllocError, Broken, Misuse};

/// Why a check failed.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// An allocation that must succeed did not.
    Alloc(AllocError),
    /// A cache that must be made was not.
    Cache(CreateError),
    /// The engine refused something that is right.
    Misuse(Misuse),
    /// An invariant does not hold.
    Broken(Broken),
    /// Memory does not hold what was written to it.
    Content {
        /// Where.
        at: VirtAddr,
        /// What is there.
        found: u32,
        /// What was written.
        expected: u32,
    },
    /// A number is not what it must be.
    Wrong {
        /// Which number.
        what: &'static str,
        /// What it is.
        found: u64,
        /// What it must be.
        expected: u64,
    },
    /// An access that must fault did not, or otherwise than it must.
    Fault {
        /// The address that was touched.
        at: VirtAddr,
        /// What the CPU said.
        reported: Option<Fault>,
    },
    /// Something that must be there is not.
    Missing(&'static str),
}

/// Checks a number.
pub fn equal(what: &'static str, found: u64, expected: u64) -> Result<(), Failure> {
    if found == expected {
        Ok(())
    } else {
        Err(Failure::Wrong { what, found, expected })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alloc(error) => error.fmt(f),
            Self::Cache(error) => error.fmt(f),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Broken(broken) => broken.fmt(f),
            Self::Content { at, found, expected } => write!(f, "{found:#x} at {at}, {expected:#x} was written"),
            Self::Wrong { what, found, expected } => write!(f, "{what}: {found:#x}, should be {expected:#x}"),
            Self::Fault { at, reported: None } => write!(f, "touching {at} raised no fault"),
            Self::Fault { at, reported: Some(fault) } => write!(f, "touching {at} was reported as {fault:x?}"),
            Self::Missing(what) => write!(f, "{what} is missing"),
        }
    }
}

impl From<AllocError> for Failure {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}
impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        Self::Cache(error)
    }
}
impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}
impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}
