//! The shadow: for each eight bytes of the machine's addresses one byte that says which of them may be touched.
//!
//! | byte | of the eight bytes may be touched |
//! |---|---|
//! | 0 | all |
//! | 1–7 | the first so many |
//! | 0x80–0xff | none; why, says the byte |
//!
//! Code compiled with `-fsanitize=kernel-address` reads the byte at `(addr >> 3) + offset` before each access, and writes
//! there what lies around its own variables on the stack. So the shadow is part of the machine's address space as the code
//! sees it: 512 MiB below the kernel's half, where it is in nobody's way; that of a 64-bit machine, above its 4 GiB.
//!
//! At first every byte is [`UNKNOWN`]: pages of one little file, mapped again and again, and copied where they are written.
//! So a shadow costs what was ever allowed, not what there is.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// Bytes that one byte of the shadow describes.
pub(crate) const GRANULE: u32 = 8;
/// Bytes of the shadow: of all 32-bit addresses.
const BYTES: u64 = 1 << 29;
/// The compilers' own offset for 32-bit code, tried first.
const USUAL_OFFSET: u64 = 0x2000_0000;
/// Distance of the places that are tried.
const STEP: u64 = 16 << 20;
/// Past the places that are tried for 64-bit code.
const WIDE_END: u64 = 16 << 32;
/// Bytes of the file that fills the shadow at first.
const FILL_BYTES: usize = 2 << 20;
const FOUR_GIB: u64 = 1 << 32;
/// Bytes of the shadow of a shadow.
const OWN_BYTES: usize = BYTES as usize / GRANULE as usize;

/// Nothing is known yet: the host is asked, and writes the answer down.
pub(crate) const UNKNOWN: u8 = 0xff;
/// A free page.
pub(crate) const FREE_PAGE: u8 = 0xfe;
/// Behind what was asked for, in what was given.
pub(crate) const REDZONE: u8 = 0xfc;
/// A free object.
pub(crate) const FREE_OBJECT: u8 = 0xfb;
/// Behind a global variable.
pub(crate) const GLOBAL: u8 = 0xf9;
/// A variable whose block was left. By the compiler, as all that follow.
pub(crate) const SCOPE: u8 = 0xf8;
/// Left of, between, and right of the variables of a function.
pub(crate) const STACK: [u8; 3] = [0xf1, 0xf2, 0xf3];
/// Left and right of what alloca gave, or of an array whose length was computed.
pub(crate) const ALLOCA: [u8; 2] = [0xca, 0xcb];

/// The shadow of one machine. Nobody else knows the mapping but the code that runs on the machine, on the same thread.
#[derive(Debug)]
pub(crate) struct Shadow {
    /// Where the byte of address 0 lies in this process.
    start: *mut u8,
    offset: u64,
    /// The shadow of the shadow itself, where that lies above what it describes: gcc looks there before what it writes into
    /// the shadow for arrays whose length was computed.
    own: Option<*mut u8>,
}

impl Shadow {
    /// Maps a shadow for i386 code whose segments begin at `base`.
    ///
    /// # Errors
    /// When there is no room below 4 GiB.
    pub(crate) fn new(base: u32) -> io::Result<Self> {
        let offsets = std::iter::once(USUAL_OFFSET).chain((STEP..FOUR_GIB).step_by(STEP as usize));
        let places = offsets.map(|offset| (offset, u64::from(base.wrapping_add(offset as u32))));
        Self::at(places.filter(|(_, at)| *at != 0 && at + BYTES <= FOUR_GIB))
    }
    /// Maps a shadow for x86-64 code of a machine below 4 GiB.
    ///
    /// # Errors
    /// When there is no room.
    pub(crate) fn new_wide() -> io::Result<Self> {
        let mut this = Self::at((FOUR_GIB..WIDE_END).step_by(2 * BYTES as usize).map(|at| (at, at)))?;
        let own = this.offset + this.start as u64 / u64::from(GRANULE);
        // SAFETY: A new mapping where nothing is: zeroes, which allow everything.
        let own = unsafe { map(own, OWN_BYTES, libc::MAP_FIXED_NOREPLACE | libc::MAP_ANONYMOUS, -1) }?;
        this.own = Some(own);
        Ok(this)
    }
    /// Maps one at the first of some places, offset and address, that is free.
    fn at(places: impl Iterator<Item = (u64, u64)>) -> io::Result<Self> {
        let mut refused = io::Error::from(io::ErrorKind::OutOfMemory);
        for (offset, at) in places {
            // SAFETY: A new mapping where nothing is.
            match unsafe { map(at, BYTES as usize, libc::MAP_FIXED_NOREPLACE | libc::MAP_ANONYMOUS, -1) } {
                Ok(start) if start as u64 == at => {
                    let this = Self { start, offset, own: None };
                    this.fill()?;
                    return Ok(this);
                }
                // A kernel before 4.17 takes NOREPLACE for a hint.
                // SAFETY: The mapping was made just now and nobody knows it.
                Ok(start) => drop(unsafe { libc::munmap(start.cast(), BYTES as usize) }),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
    /// Makes every byte [`UNKNOWN`].
    fn fill(&self) -> io::Result<()> {
        // SAFETY: The name is a C string; the flag is a known one.
        let fd = unsafe { libc::memfd_create(c"kmem-shadow".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: The descriptor is new and nobody else has it.
        let mut file = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        io::Write::write_all(&mut file, &vec![UNKNOWN; FILL_BYTES])?;
        for piece in (0..BYTES).step_by(FILL_BYTES) {
            // SAFETY: In place of a part of our own mapping, which nobody uses yet.
            unsafe { map(self.start as u64 + piece, FILL_BYTES, libc::MAP_FIXED, file.as_raw_fd()) }?;
        }
        Ok(())
    }

    /// Returns what the code adds to an address divided by eight.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }
    /// Returns the byte of an address.
    pub(crate) fn byte(&self, addr: u32) -> u8 {
        // SAFETY: The mapping has a byte for each address divided by eight.
        unsafe { self.start.add((addr / GRANULE) as usize).read() }
    }
    fn set(&self, first: u32, count: u32, byte: u8) {
        let count = u64::from(count).min(BYTES - u64::from(first));
        // SAFETY: The range lies in the mapping, and there are no references into it.
        unsafe { self.start.add(first as usize).write_bytes(byte, count as usize) };
    }
    /// Allows `bytes` bytes, and what comes before them in their first eight.
    pub(crate) fn allow(&self, start: u32, bytes: u32) {
        let end = u64::from(start) + u64::from(bytes);
        let (first, last) = (start / GRANULE, (end / u64::from(GRANULE)) as u32);
        self.set(first, last - first, 0);
        if !end.is_multiple_of(GRANULE.into()) {
            self.set(last, 1, (end % u64::from(GRANULE)) as u8);
        }
    }
    /// Forbids whole eights from `start`, rounded up, to `end`, rounded down.
    pub(crate) fn forbid(&self, start: u64, end: u64, why: u8) {
        let (first, last) = (start.div_ceil(GRANULE.into()), end / u64::from(GRANULE));
        if first < last {
            self.set(first as u32, (last - first) as u32, why);
        }
    }
    /// Returns the first byte of a range that may not be touched.
    pub(crate) fn first_forbidden(&self, start: u32, bytes: u32) -> Option<u32> {
        let end = (u64::from(start) + u64::from(bytes)).min(FOUR_GIB);
        let mut at = u64::from(start);
        while at < end {
            let next = (at / u64::from(GRANULE) + 1) * u64::from(GRANULE);
            match self.byte(at as u32) {
                0 => {}
                part @ 1..=7 => {
                    let forbidden = (next - u64::from(GRANULE) + u64::from(part)).max(at);
                    if forbidden < end {
                        return Some(forbidden as u32);
                    }
                }
                _ => return Some(at as u32),
            }
            at = next;
        }
        None
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours, and the code that knows it does not run any more.
        unsafe { libc::munmap(self.start.cast(), BYTES as usize) };
        if let Some(own) = self.own {
            // SAFETY: Likewise.
            unsafe { libc::munmap(own.cast(), OWN_BYTES) };
        }
    }
}

/// Calls mmap for memory that can be written, copied when it is.
///
/// # Safety
/// With `MAP_FIXED` the whole range belongs to the caller.
unsafe fn map(at: u64, bytes: usize, how: i32, fd: i32) -> io::Result<*mut u8> {
    let (prot, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_NORESERVE);
    // SAFETY: As the caller vouches.
    let got = unsafe { libc::mmap(ptr::without_provenance_mut(at as usize), bytes, prot, kind | how, fd, 0) };
    if got == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(got.cast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_exact_to_the_byte() {
        let shadow = Shadow::new(0).unwrap();
        let at = 0xc000_1000;
        assert_eq!(shadow.first_forbidden(at, 1), Some(at));
        shadow.allow(at, 13);
        shadow.forbid(u64::from(at) + 13, u64::from(at) + 32, REDZONE);
        assert_eq!(shadow.first_forbidden(at, 13), None);
        assert_eq!(shadow.first_forbidden(at, 14), Some(at + 13));
        assert_eq!(shadow.first_forbidden(at + 14, 1), Some(at + 14));
        assert_eq!((shadow.byte(at + 16), shadow.byte(at + 32)), (REDZONE, UNKNOWN));
        assert_eq!(shadow.first_forbidden(u32::MAX - 7, 100), Some(u32::MAX - 7));
        shadow.allow(u32::MAX - 7, 8);
        assert_eq!(shadow.first_forbidden(u32::MAX - 7, 100), None);
    }
}
