//! The device files that a module offers, as the shell sees them: a trait that the module runner implements.

use crate::errno::Errno;

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenFlags {
    /// `O_RDONLY` or `O_RDWR`.
    pub read: bool,
    /// `O_WRONLY` or `O_RDWR`.
    pub write: bool,
    /// `O_TRUNC`.
    pub truncate: bool,
    /// `O_APPEND`.
    pub append: bool,
    /// `O_NONBLOCK`.
    pub nonblock: bool,
}

impl OpenFlags {
    /// Returns the bits of `open(2)`, the same on i386, x86-64 and ARM.
    pub const fn bits(self) -> u32 {
        let access = match (self.read, self.write) {
            (true, true) => 2,
            (false, true) => 1,
            _ => 0,
        };
        access | (self.truncate as u32) << 9 | (self.append as u32) << 10 | (self.nonblock as u32) << 11
    }
}

/// Where `lseek` counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whence {
    /// The start.
    Set,
    /// The position.
    Current,
    /// The end.
    End,
}

impl Whence {
    /// Returns the number that `lseek(2)` takes.
    pub const fn raw(self) -> u32 {
        match self {
            Self::Set => 0,
            Self::Current => 1,
            Self::End => 2,
        }
    }
}

/// Why a file operation gave nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It returned an error.
    Errno(Errno),
    /// The module died in it (an Oops): nothing more can be asked of it. The script ends there.
    Aborted,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}
impl From<i32> for Refusal {
    /// An error number, positive or negative.
    fn from(errno: i32) -> Self {
        Self::Errno(Errno(errno.wrapping_abs()))
    }
}

/// An open file, as [`Devices::open`] numbered it.
pub type Handle = i32;

/// The files of a loaded module: device nodes, and what it made under /proc and /sys.
///
/// A node is a path (`/dev/scullc0`, `/proc/x`, `/sys/kernel/x`), or `@NAME` or `@NAME:MINOR`: the name of a region or
/// driver and the offset from its first minor. The position of an open file is the implementation's to keep.
pub trait Devices {
    /// Opens a node.
    ///
    /// # Errors
    /// What the driver says, or ENOENT.
    fn open(&mut self, node: &str, flags: OpenFlags) -> Result<Handle, Refusal>;
    /// Closes a file.
    ///
    /// # Errors
    /// What the driver says, or EBADF.
    fn close(&mut self, handle: Handle) -> Result<(), Refusal>;
    /// Reads up to `count` bytes at the file's position. Empty at the end of the file.
    ///
    /// # Errors
    /// What the driver says.
    fn read(&mut self, handle: Handle, count: u64) -> Result<Vec<u8>, Refusal>;
    /// Writes at the file's position; returns how many bytes were taken.
    ///
    /// # Errors
    /// What the driver says.
    fn write(&mut self, handle: Handle, data: &[u8]) -> Result<u64, Refusal>;
    /// Moves the position; returns the new one.
    ///
    /// # Errors
    /// What the driver says.
    fn lseek(&mut self, handle: Handle, offset: i64, whence: Whence) -> Result<i64, Refusal>;
    /// Asks the driver.
    ///
    /// # Errors
    /// What the driver says, ENOTTY for what it does not know.
    fn ioctl(&mut self, handle: Handle, command: u64, argument: u64) -> Result<i64, Refusal>;
    /// Loads the module (again), with parameters `NAME=VALUE`.
    ///
    /// # Errors
    /// What its init returned; EEXIST when it is loaded.
    fn insmod(&mut self, file: Option<&str>, params: &[String]) -> Result<(), Refusal>;
    /// Unloads the module.
    ///
    /// # Errors
    /// ENOENT when it is not loaded, EBUSY while its files are open.
    fn rmmod(&mut self, name: Option<&str>) -> Result<(), Refusal>;
    /// Reads a register of a device that the machine was given, of 1, 2 or 4 bytes.
    ///
    /// # Errors
    /// ENODEV without such a device, EFAULT outside its registers.
    fn read_register(&mut self, device: &str, offset: u64, bytes: u32) -> Result<u32, Refusal> {
        let _ = (device, offset, bytes);
        Err(Errno(19).into())
    }
    /// Writes one.
    ///
    /// # Errors
    /// As [`Devices::read_register`].
    fn write_register(&mut self, device: &str, offset: u64, bytes: u32, value: u32) -> Result<(), Refusal> {
        let _ = (device, offset, bytes, value);
        Err(Errno(19).into())
    }
    /// Raises a device's interrupt.
    ///
    /// # Errors
    /// ENODEV without such a device, ENOENT when no driver asked for the interrupt, EIO when none cared.
    fn raise_irq(&mut self, device: &str) -> Result<(), Refusal> {
        let _ = device;
        Err(Errno(19).into())
    }
    /// Lets time pass.
    ///
    /// # Errors
    /// When the time brought the module's end.
    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Refusal> {
        let _ = nanoseconds;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_open() {
        let flags = OpenFlags { write: true, truncate: true, ..OpenFlags::default() };
        assert_eq!(flags.bits(), 0o1001);
        assert_eq!(OpenFlags { read: true, nonblock: true, ..OpenFlags::default() }.bits(), 0o4000);
        assert_eq!(OpenFlags { read: true, write: true, append: true, ..OpenFlags::default() }.bits(), 0o2002);
    }
}
