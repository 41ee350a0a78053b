//! `kernel::error`: error numbers as a type, and the `Result` of kernel functions.
//!
//! The numbers are Linux's: `include/uapi/asm-generic/errno-base.h`, `errno.h`, `include/linux/errno.h`.

use crate::alloc::layout::LayoutError;
use crate::alloc::AllocError;
use core::fmt;
use core::num::{NonZeroI32, TryFromIntError};
use core::str::Utf8Error;

/// An error number of the kernel: always negative inside, -1 to -4095.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(NonZeroI32);

/// What a kernel function returns.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// The largest error number: `MAX_ERRNO`, `include/linux/err.h`.
const MAX_ERRNO: i32 = 4095;

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// The errors by name.
        pub mod code {
            use super::Error;
            $(#[doc = $text] pub const $name: Error = Error::of($number);)*
        }
        const NAMES: &[(i32, &str)] = &[$(($number, stringify!($name))),*];
    };
}

codes! {
    EPERM = 1, "Not permitted."; ENOENT = 2, "No such file."; ESRCH = 3, "No such process."; EINTR = 4, "Interrupted.";
    EIO = 5, "Input or output failed."; ENXIO = 6, "No such device or address."; E2BIG = 7, "Too many arguments.";
    ENOEXEC = 8, "Not a program."; EBADF = 9, "Bad file number."; ECHILD = 10, "No child."; EAGAIN = 11, "Try again.";
    ENOMEM = 12, "No memory."; EACCES = 13, "No access."; EFAULT = 14, "Bad address."; ENOTBLK = 15, "No block device.";
    EBUSY = 16, "In use."; EEXIST = 17, "There already."; EXDEV = 18, "On another device."; ENODEV = 19, "No such device.";
    ENOTDIR = 20, "Not a directory."; EISDIR = 21, "A directory."; EINVAL = 22, "Invalid argument.";
    ENFILE = 23, "Too many files in the system."; EMFILE = 24, "Too many files in the process."; ENOTTY = 25, "Not a terminal.";
    ETXTBSY = 26, "The program runs."; EFBIG = 27, "File too large."; ENOSPC = 28, "No space."; ESPIPE = 29, "Not seekable.";
    EROFS = 30, "Read-only."; EMLINK = 31, "Too many links."; EPIPE = 32, "No reader."; EDOM = 33, "Outside of the function's domain.";
    ERANGE = 34, "Result too large."; EDEADLK = 35, "Would deadlock."; ENAMETOOLONG = 36, "Name too long.";
    ENOSYS = 38, "No such function."; ENODATA = 61, "No data."; ETIME = 62, "Timer expired."; EPROTO = 71, "Protocol error.";
    EBADMSG = 74, "Bad message."; EOVERFLOW = 75, "Value too large for its type."; EILSEQ = 84, "Malformed bytes.";
    EMSGSIZE = 90, "Message too long."; EOPNOTSUPP = 95, "Operation not supported."; ENOBUFS = 105, "No buffer.";
    ETIMEDOUT = 110, "Took too long."; EALREADY = 114, "Under way already."; ECANCELED = 125, "Cancelled.";
    ERESTARTSYS = 512, "To be started again."; EPROBE_DEFER = 517, "A device that this one needs is not there yet.";
    ENOTSUPP = 524, "Not supported.";
}

impl Error {
    /// The error of a positive number.
    const fn of(number: i32) -> Self {
        match NonZeroI32::new(-number) {
            Some(number) => Self(number),
            None => Self(NonZeroI32::MIN),
        }
    }
    /// Makes the error of a negative number that a C function returned; of any other number, [`code::EINVAL`].
    pub fn from_errno(errno: i32) -> Self {
        if (-MAX_ERRNO..0).contains(&errno) {
            Self::of(-errno)
        } else {
            code::EINVAL
        }
    }
    /// Returns the negative number.
    pub fn to_errno(self) -> i32 {
        self.0.get()
    }
    /// Returns the name, if it has one.
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == -self.0.get()).map(|(_, name)| *name)
    }
}

/// Makes a `Result` of what a C function returned: negative numbers are errors.
///
/// # Errors
/// That of the number.
pub fn to_result(errno: i32) -> Result {
    if errno < 0 {
        Err(Error::from_errno(errno))
    } else {
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => f.debug_tuple("Error").field(&self.0).finish(),
        }
    }
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
impl core::error::Error for Error {}

impl From<AllocError> for Error {
    fn from(_: AllocError) -> Self {
        code::ENOMEM
    }
}
impl From<LayoutError> for Error {
    fn from(_: LayoutError) -> Self {
        code::ENOMEM
    }
}
impl From<TryFromIntError> for Error {
    fn from(_: TryFromIntError) -> Self {
        code::EINVAL
    }
}
impl From<Utf8Error> for Error {
    fn from(_: Utf8Error) -> Self {
        code::EINVAL
    }
}
impl From<fmt::Error> for Error {
    fn from(_: fmt::Error) -> Self {
        code::EINVAL
    }
}
impl From<core::convert::Infallible> for Error {
    fn from(never: core::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        assert_eq!((code::ENOMEM.to_errno(), Error::from_errno(-12)), (-12, code::ENOMEM));
        assert_eq!(format!("{:?} {:?}", code::EPROBE_DEFER, Error::from_errno(-4000)), "EPROBE_DEFER Error(-4000)");
        assert_eq!(
            (Error::from_errno(0), Error::from_errno(-4096), Error::from_errno(7)),
            (code::EINVAL, code::EINVAL, code::EINVAL)
        );
        assert_eq!((to_result(3), to_result(-5)), (Ok(()), Err(code::EIO)));
    }
}
