//! mmap and memfd with owners: what is mapped here is unmapped when its owner goes.
//!
//! Addresses are plain `u64`: most of what is mapped is reached through the machine's addresses, never through a Rust
//! reference.

use crate::error::HostError;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What lies behind a mapping.
#[derive(Clone, Copy)]
pub(crate) enum Backing {
    /// Nothing: addresses held free, no access.
    Reservation,
    /// Zeroed private memory, given when touched.
    Memory,
    /// A shared piece of a file.
    File(RawFd, u64),
}

/// Where a mapping goes.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Where the host likes.
    Anywhere,
    /// Here, unless something is here.
    Free(u64),
    /// Here, in place of a mapping of our own.
    Over(u64),
}

/// Calls mmap. No allocation, no lock: usable in a signal handler.
///
/// # Safety
/// With [`Place::Over`] the whole range belongs to the caller, and nobody holds a reference into it.
pub(crate) unsafe fn map(place: Place, bytes: u64, prot: i32, backing: Backing) -> io::Result<u64> {
    let (kind, fd, offset) = match backing {
        Backing::Reservation | Backing::Memory => {
            (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE, -1, 0)
        }
        Backing::File(fd, offset) => (libc::MAP_SHARED, fd, offset),
    };
    let (at, fixed) = match place {
        Place::Anywhere => (0, 0),
        Place::Free(at) => (at, libc::MAP_FIXED_NOREPLACE),
        Place::Over(at) => (at, libc::MAP_FIXED),
    };
    // SAFETY: Nothing that exists is replaced except with `Over`, which the caller vouches for.
    let got = unsafe { libc::mmap(at as *mut _, bytes as usize, prot, kind | fixed, fd, offset as i64) };
    if got == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let got = got as u64;
    if fixed != 0 && got != at {
        // A kernel before 4.17 takes NOREPLACE for a hint.
        // SAFETY: The mapping was made just now and nobody knows it.
        unsafe { unmap(got, bytes) };
        return Err(io::Error::from_raw_os_error(libc::EEXIST));
    }
    Ok(got)
}

/// Calls munmap. Usable in a signal handler.
///
/// # Safety
/// The range belongs to the caller, and nobody holds a reference into it.
pub(crate) unsafe fn unmap(start: u64, bytes: u64) {
    // SAFETY: The caller owns the range. munmap of whole pages does not fail, except when splitting a mapping needs
    // one more than the host allows; then it stays until the process ends.
    unsafe { libc::munmap(start as *mut _, bytes as usize) };
}

/// A range of the process's addresses, unmapped on drop.
///
/// # Invariants
/// `start..start + bytes` was mapped for this owner; mappings placed over parts of it belong to it too.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: u64,
    bytes: u64,
}

impl Mapping {
    /// Maps anywhere or at free addresses.
    pub(crate) fn new(at: Option<u64>, bytes: u64, prot: i32, backing: Backing) -> io::Result<Self> {
        let place = at.map_or(Place::Anywhere, Place::Free);
        // SAFETY: Not `Over`: nothing is replaced.
        let start = unsafe { map(place, bytes, prot, backing) }?;
        Ok(Self { start, bytes })
    }
    /// Maps anywhere, with a start that is a multiple of `align`, a power of two of whole pages.
    pub(crate) fn aligned(align: u64, bytes: u64, prot: i32, backing: Backing) -> io::Result<Self> {
        let room = Self::new(None, bytes + align, libc::PROT_NONE, Backing::Reservation)?;
        let start = room.start.next_multiple_of(align);
        // SAFETY: The range lies in `room`, which is new.
        unsafe { map(Place::Over(start), bytes, prot, backing) }?;
        let (before, after) = (start - room.start, room.start + align - start);
        std::mem::forget(room);
        for (start, bytes) in [(start - before, before), (start + bytes, after)] {
            if bytes != 0 {
                // SAFETY: What is left of `room`, which nobody knows.
                unsafe { unmap(start, bytes) };
            }
        }
        Ok(Self { start, bytes })
    }
    /// Returns the first address.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the range is ours, and with the owner gone nobody uses it.
        unsafe { unmap(self.start, self.bytes) };
    }
}

/// Makes an anonymous file of `bytes` bytes, none of them there before it is touched.
pub(crate) fn memfd(name: &CStr, bytes: u64) -> Result<OwnedFd, HostError> {
    // SAFETY: `name` is a C string; the flag is a known one.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(HostError::refused("a memfd for the machine's RAM"));
    }
    // SAFETY: The descriptor is new and nobody else has it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: The descriptor is open.
    if unsafe { libc::ftruncate(fd.as_raw_fd(), bytes as i64) } != 0 {
        return Err(HostError::refused("a memfd of that size"));
    }
    Ok(fd)
}
