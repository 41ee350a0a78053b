//! The device files that a module offers, as the shell sees them: a trait that the module runner implements.

use crate::errno::Errno;
use std::borrow::Cow;

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

/// What a driver answered to a read or write, and the bytes that were read.
pub type Answer = Result<(i64, Vec<u8>), Refusal>;

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
    /// Asks the driver, with the address of bytes in user space, which hold what the driver left there when it has answered.
    ///
    /// # Errors
    /// As [`Devices::ioctl`].
    fn ioctl_at(&mut self, handle: Handle, command: u64, bytes: &mut Vec<u8>) -> Result<i64, Refusal> {
        let _ = (handle, command, bytes);
        Err(Errno(25).into())
    }
    /// Begins to read (`count` bytes) or to write (`data`) in a task of its own, which may wait for what the script does
    /// next.
    ///
    /// # Errors
    /// EBADF, or no memory.
    fn begin(&mut self, handle: Handle, count: u64, data: Option<&[u8]>) -> Result<(), Refusal> {
        let _ = (handle, count, data);
        Err(Errno(38).into())
    }
    /// Returns what of it has ended since: the file, whether it was a read, and its answer, with the bytes that were read.
    fn ended(&mut self) -> Vec<(Handle, bool, Answer)> {
        Vec::new()
    }
    /// Asks whether a file is ready; returns the bits of poll(2).
    ///
    /// # Errors
    /// EBADF.
    fn poll(&mut self, handle: Handle) -> Result<u32, Refusal> {
        let _ = handle;
        Err(Errno(38).into())
    }
    /// Asks to be told by SIGIO, or not any more. Returns how often that was done since it was asked.
    ///
    /// # Errors
    /// What the driver says.
    fn fasync(&mut self, handle: Handle, on: bool) -> Result<u32, Refusal> {
        let _ = (handle, on);
        Err(Errno(38).into())
    }
    /// Maps a file's bytes into user space; returns the mapping's number.
    ///
    /// # Errors
    /// What the driver says, ENODEV without an mmap of its own.
    fn map(&mut self, handle: Handle, length: u64, offset: u64, writes: bool) -> Result<Handle, Refusal> {
        let _ = (handle, length, offset, writes);
        Err(Errno(38).into())
    }
    /// Reads what is mapped, as a user would.
    ///
    /// # Errors
    /// EFAULT where the driver has no page.
    fn peek(&mut self, mapping: Handle, offset: u64, count: u64) -> Result<Vec<u8>, Refusal> {
        let _ = (mapping, offset, count);
        Err(Errno(38).into())
    }
    /// Writes to what is mapped.
    ///
    /// # Errors
    /// As [`Devices::peek`].
    fn poke(&mut self, mapping: Handle, offset: u64, data: &[u8]) -> Result<(), Refusal> {
        let _ = (mapping, offset, data);
        Err(Errno(38).into())
    }
    /// Unmaps it.
    ///
    /// # Errors
    /// EBADF.
    fn unmap(&mut self, mapping: Handle) -> Result<(), Refusal> {
        let _ = mapping;
        Err(Errno(38).into())
    }
    /// Puts a level on a GPIO line, or only reads it; returns what is on it.
    ///
    /// # Errors
    /// ENODEV without such a line, EPERM for one that the driver drives.
    fn gpio(&mut self, line: u32, level: Option<bool>) -> Result<u32, Refusal> {
        let _ = (line, level);
        Err(Errno(38).into())
    }
    /// Goes on as another user; 0 is root.
    ///
    /// # Errors
    /// When nobody can.
    fn become_user(&mut self, uid: u32) -> Result<(), Refusal> {
        let _ = uid;
        Err(Errno(38).into())
    }
    /// Reads a port of 1, 2 or 4 bytes.
    ///
    /// # Errors
    /// When the machine has none.
    fn read_port(&mut self, port: u32, bytes: u32) -> Result<u32, Refusal> {
        let _ = (port, bytes);
        Err(Errno(38).into())
    }
    /// Writes one.
    ///
    /// # Errors
    /// As [`Devices::read_port`].
    fn write_port(&mut self, port: u32, bytes: u32, value: u32) -> Result<(), Refusal> {
        let _ = (port, bytes, value);
        Err(Errno(38).into())
    }
    /// Returns a file of the kernel's as people are to see it: with the addresses that the machine's own kernel has, where this
    /// one lies elsewhere.
    fn as_shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
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
