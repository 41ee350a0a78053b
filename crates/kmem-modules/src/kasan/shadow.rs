//! The shadow: for each eight bytes of the machine's addresses one byte that says which of them may be touched.
//!
//! | byte | of the eight bytes may be touched |
//! |---|---|
//! | 0 | all |
//! | 1–7 | the first so many |
//! | 0x80–0xbf | all (or the first so many), but nobody has written them all yet: [`unwrite`](Shadow::unwrite) |
//! | 0xc0–0xff | none; why, says the byte |
//!
//! Code compiled with `-fsanitize=kernel-address` reads the byte at `(addr >> 3) + offset` before each access, and writes
//! there what lies around its own variables on the stack. So the shadow is part of the machine's address space as the code
//! sees it: 512 MiB below the kernel's half, where it is in nobody's way.
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
/// Bytes of the file that fills the shadow at first.
const FILL_BYTES: usize = 2 << 20;
const FOUR_GIB: u64 = 1 << 32;

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

/// The first byte that says that not all of the eight were written, and the masks that the bytes from there on stand for: a
/// bit for each byte that was. Written is a run of bytes, or all but a run; what is neither is taken for a little more.
const UNWRITTEN: u8 = 0x80;
static MASKS: [u8; MASK_COUNT] = masks();
const MASK_COUNT: usize = 57;
/// Those behind: of the first 1 to 7 bytes, which are all that may be touched, none was written.
const UNWRITTEN_END: u8 = UNWRITTEN + MASK_COUNT as u8;
const LAST_UNWRITTEN: u8 = UNWRITTEN_END + 6;

const fn masks() -> [u8; MASK_COUNT] {
    let mut all = [0; MASK_COUNT];
    let (mut at, mut first, mut end) = (1, 0, 1);
    while first < 8 {
        while end <= 8 {
            let run = ((1u32 << end) - (1 << first)) as u8;
            if run != 0xff {
                all[at] = run;
                at += 1;
            }
            if first > 0 && end < 8 {
                all[at] = !run;
                at += 1;
            }
            end += 1;
        }
        first += 1;
        end = first + 1;
    }
    all
}

/// The shadow of one machine. Nobody else knows the mapping but the code that runs on the machine, on the same thread.
#[derive(Debug)]
pub(crate) struct Shadow {
    /// Where the byte of address 0 lies in this process.
    start: *mut u8,
    offset: u64,
}

impl Shadow {
    /// Maps a shadow for code whose segments begin at `base`.
    ///
    /// # Errors
    /// When there is no room below 4 GiB.
    pub(crate) fn new(base: u32) -> io::Result<Self> {
        let offsets = std::iter::once(USUAL_OFFSET).chain((STEP..FOUR_GIB).step_by(STEP as usize));
        let places = offsets.map(|offset| (offset, u64::from(base.wrapping_add(offset as u32))));
        Self::at(places.filter(|(_, at)| *at != 0 && at + BYTES <= FOUR_GIB))
    }
    /// Maps one at the first of some places, offset and address, that is free.
    fn at(places: impl Iterator<Item = (u64, u64)>) -> io::Result<Self> {
        let mut refused = io::Error::from(io::ErrorKind::OutOfMemory);
        for (offset, at) in places {
            // SAFETY: A new mapping where nothing is.
            match unsafe { map(at, BYTES as usize, libc::MAP_FIXED_NOREPLACE | libc::MAP_ANONYMOUS, -1) } {
                Ok(start) if start as u64 == at => {
                    let this = Self { start, offset };
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
    /// Of an address of the machine's where, in this process, the shadow lies: returns what the byte there describes.
    pub(crate) fn described(&self, addr: u32) -> Option<u32> {
        let at = u64::from(addr).checked_sub(self.offset).filter(|at| *at < BYTES)?;
        Some((at * u64::from(GRANULE)) as u32)
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
    /// Notes that nobody has written what may be touched: whole eights from `start`, rounded up, and the bytes behind them.
    pub(crate) fn unwrite(&self, start: u32, bytes: u32) {
        let end = u64::from(start) + u64::from(bytes);
        let (first, last) = (start.div_ceil(GRANULE), (end / u64::from(GRANULE)) as u32);
        if first < last {
            self.set(first, last - first, UNWRITTEN);
        }
        let rest = (end % u64::from(GRANULE)) as u8;
        if rest > 0 && first <= last && self.byte(last * GRANULE) == rest {
            self.set(last, 1, UNWRITTEN_END + rest - 1);
        }
    }
    /// Notes that a range is written.
    pub(crate) fn write(&self, start: u32, bytes: u32) {
        let end = (u64::from(start) + u64::from(bytes)).min(FOUR_GIB);
        let mut at = u64::from(start);
        while at < end {
            let next = (at / u64::from(GRANULE) + 1) * u64::from(GRANULE);
            let granule = (at / u64::from(GRANULE)) as u32;
            match self.byte(at as u32) {
                partial @ UNWRITTEN_END..=LAST_UNWRITTEN => self.set(granule, 1, partial - UNWRITTEN_END + 1),
                some @ UNWRITTEN..UNWRITTEN_END => {
                    let (from, to) = (at % u64::from(GRANULE), next.min(end) - (next - u64::from(GRANULE)));
                    let more = ((1u32 << to) - (1 << from)) as u8;
                    self.set(granule, 1, state(MASKS[usize::from(some - UNWRITTEN)] | more));
                }
                _ => {}
            }
            at = next;
        }
    }
    /// Returns the bytes of a range that may be touched and that nobody has written, as far as is known here.
    pub(crate) fn unwritten(&self, start: u32, bytes: u32) -> Vec<u32> {
        let all = (0..bytes).map(|offset| start.wrapping_add(offset));
        all.filter(|at| match self.byte(*at) {
            partial @ UNWRITTEN_END..=LAST_UNWRITTEN => at % GRANULE <= u32::from(partial - UNWRITTEN_END),
            some @ UNWRITTEN..UNWRITTEN_END => MASKS[usize::from(some - UNWRITTEN)] & 1 << (at % GRANULE) == 0,
            _ => false,
        })
        .collect()
    }
    /// Returns the first byte of a range that may not be touched.
    pub(crate) fn first_forbidden(&self, start: u32, bytes: u32) -> Option<u32> {
        let end = (u64::from(start) + u64::from(bytes)).min(FOUR_GIB);
        let mut at = u64::from(start);
        while at < end {
            let next = (at / u64::from(GRANULE) + 1) * u64::from(GRANULE);
            match self.byte(at as u32) {
                0 | UNWRITTEN..UNWRITTEN_END => {}
                part @ (1..=7 | UNWRITTEN_END..=LAST_UNWRITTEN) => {
                    let part = if part > 7 { part - UNWRITTEN_END + 1 } else { part };
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

/// Returns the byte for a mask of bytes that were written: 0 when all are. One that has no byte of its own becomes the least
/// that has one and holds it.
fn state(mask: u8) -> u8 {
    STATES[usize::from(mask)]
}
static STATES: [u8; 256] = states();

const fn states() -> [u8; 256] {
    let mut all = [0; 256];
    let mut mask = 0;
    while mask < 0xff {
        let (mut index, mut least) = (0, u8::BITS + 1);
        while index < MASK_COUNT {
            let this = MASKS[index];
            if this & mask as u8 == mask as u8 && this.count_ones() < least {
                (least, all[mask]) = (this.count_ones(), UNWRITTEN + index as u8);
            }
            index += 1;
        }
        mask += 1;
    }
    all
}

impl Drop for Shadow {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours, and the code that knows it does not run any more.
        unsafe { libc::munmap(self.start.cast(), BYTES as usize) };
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
    fn each_state_of_eight_bytes_is_one() {
        let mut all = MASKS.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), MASKS[0], state(0), state(0xff)), (MASK_COUNT, 0, UNWRITTEN, 0));
        for mask in 0..=255u8 {
            let now = state(mask);
            assert!(now == 0 || MASKS[usize::from(now - UNWRITTEN)] & mask == mask, "{mask:#x}");
        }
    }

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
        shadow.unwrite(at, 13);
        assert_eq!((shadow.first_forbidden(at, 13), shadow.first_forbidden(at, 14)), (None, Some(at + 13)));
        assert_eq!(shadow.unwritten(at, 16).len(), 13);
        shadow.write(at + 2, 4);
        assert_eq!(shadow.unwritten(at, 8), [at, at + 1, at + 6, at + 7]);
        shadow.write(at + 7, 1); // neither a run nor all but one
        assert_eq!(shadow.unwritten(at, 8), [at, at + 1]);
        shadow.write(at, 9);
        assert_eq!((shadow.unwritten(at, 13).len(), shadow.byte(at), shadow.byte(at + 8)), (0, 0, 5));
        assert_eq!(shadow.first_forbidden(u32::MAX - 7, 100), Some(u32::MAX - 7));
        shadow.allow(u32::MAX - 7, 8);
        assert_eq!(shadow.first_forbidden(u32::MAX - 7, 100), None);
    }
}
