//! Why a command failed: an error number, and the reason in words and numbers.

use crate::errno::Errno;
use crate::show::rounded_size;
use kmem::error::ReallocError;
use kmem::slab::CreateError;
use kmem::user::UserError;
use kmem::{AllocError, Misuse};
use std::fmt;

/// A command that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    errno: Errno,
    why: String,
    /// What the kernel says when it cannot go on.
    panic: Option<String>,
}

impl Fault {
    pub(crate) fn new(errno: Errno, why: impl Into<String>) -> Self {
        Self { errno, why: why.into(), panic: None }
    }
    /// The kernel cannot go on: nothing that follows is run.
    pub(crate) fn with_panic(mut self, panic: String) -> Self {
        self.panic = Some(panic);
        self
    }
    /// What the kernel says when it cannot go on.
    pub(crate) fn panic(&self) -> Option<&str> {
        self.panic.as_deref()
    }
    /// A misuse: named, and not executed.
    pub(crate) fn misuse(why: impl Into<String>) -> Self {
        Self::new(Errno::EINVAL, why)
    }
    /// Puts what was tried before the reason.
    pub(crate) fn of(mut self, what: impl fmt::Display) -> Self {
        self.why = format!("{what}: {}", self.why);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.errno, self.why)
    }
}

impl From<AllocError> for Fault {
    fn from(error: AllocError) -> Self {
        let errno = match error {
            AllocError::ZeroSize | AllocError::BadFlags(_) => Errno::EINVAL,
            AllocError::Unsupported(_) => Errno::ENOSYS,
            _ => Errno::ENOMEM,
        };
        let mut why = error.to_string();
        if let AllocError::NoAddressSpace { largest_hole, .. } = error {
            why = format!("{why} ({})", rounded_size(largest_hole));
        }
        Self::new(errno, why)
    }
}
impl From<Misuse> for Fault {
    fn from(misuse: Misuse) -> Self {
        Self::misuse(misuse.to_string())
    }
}
impl From<ReallocError> for Fault {
    fn from(error: ReallocError) -> Self {
        match error {
            ReallocError::Alloc(error) => error.into(),
            ReallocError::Misuse(misuse) => misuse.into(),
        }
    }
}
impl From<UserError> for Fault {
    fn from(error: UserError) -> Self {
        let errno = match error {
            UserError::Alloc(error) => return error.into(),
            UserError::NoProcess | UserError::Killed => Errno::ESRCH,
            UserError::Segv { .. } => Errno::EFAULT,
            UserError::NoRoom { .. } | UserError::Overcommit { .. } | UserError::TooManyAreas { .. } => Errno::ENOMEM,
            UserError::Unsupported(_) => Errno::ENOSYS,
            UserError::BadArgument(_) => Errno::EINVAL,
        };
        Self::new(errno, error.to_string())
    }
}
impl From<CreateError> for Fault {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Alloc(error) => error.into(),
            CreateError::Misuse(misuse) => misuse.into(),
        }
    }
}
