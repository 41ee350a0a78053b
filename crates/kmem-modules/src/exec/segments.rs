//! Segments in which i386 code uses the machine's own addresses.
//!
//! At its true addresses a machine needs nothing: Linux has flat 32-bit segments. A machine that lies elsewhere below
//! 4 GiB gets two entries in the process's local descriptor table whose base is the displacement: the CPU adds it to
//! every address of the code, so C sees the machine's addresses, 0 included.

use super::switch::{FLAT_CODE, FLAT_DATA};
use std::io;
use std::sync::Mutex;

/// The most pairs of segments at the same time; machines are fewer.
const PAIRS: usize = 64;
/// `modify_ldt`'s function "write an entry".
const WRITE_LDT: libc::c_long = 0x11;
/// Selector bits: local table, user's privilege.
const LOCAL_USER: u16 = 7;

static TAKEN: Mutex<[bool; PAIRS]> = Mutex::new([false; PAIRS]);

/// `struct user_desc` of modify_ldt(2).
#[repr(C)]
struct UserDesc {
    entry: u32,
    base: u32,
    limit: u32,
    flags: u32,
}

/// Bits of `UserDesc::flags`: `seg_32bit`, `contents` (data 0, code 2), `read_exec_only`, `limit_in_pages`,
/// `seg_not_present`.
const BITS_32: u32 = 1;
const CODE: u32 = 2 << 1;
const READ_EXEC_ONLY: u32 = 1 << 3;
const LIMIT_IN_PAGES: u32 = 1 << 4;
const NOT_PRESENT: u32 = 1 << 5;

/// A code and a data segment with the same base, given back on drop.
#[derive(Debug)]
pub(super) struct Segments {
    /// Selector for CS.
    pub(super) code: u16,
    /// Selector for DS, ES and SS.
    pub(super) data: u16,
    /// The pair in the local table; `None` for the flat segments.
    pair: Option<usize>,
}

impl Segments {
    /// Finds or makes segments with this base.
    pub(super) fn with_base(base: u32) -> io::Result<Self> {
        if base == 0 {
            return Ok(Self { code: FLAT_CODE, data: FLAT_DATA, pair: None });
        }
        let mut taken = TAKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let pair = taken.iter().position(|taken| !taken).ok_or(io::Error::from_raw_os_error(libc::ENOSPC))?;
        let entry = 2 * pair as u32;
        let flags = BITS_32 | LIMIT_IN_PAGES;
        write(&UserDesc { entry, base, limit: 0xf_ffff, flags: flags | CODE })?;
        write(&UserDesc { entry: entry + 1, base, limit: 0xf_ffff, flags })?;
        taken[pair] = true;
        let selector = |entry: u32| (entry as u16) << 3 | LOCAL_USER;
        Ok(Self { code: selector(entry), data: selector(entry + 1), pair: Some(pair) })
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        let Some(pair) = self.pair else { return };
        let mut taken = TAKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for entry in [2 * pair as u32, 2 * pair as u32 + 1] {
            // An empty entry in the form that modify_ldt knows; a failure leaves a segment that nobody uses.
            let _ = write(&UserDesc { entry, base: 0, limit: 0, flags: READ_EXEC_ONLY | NOT_PRESENT });
        }
        taken[pair] = false;
    }
}

fn write(descriptor: &UserDesc) -> io::Result<()> {
    let bytes = size_of::<UserDesc>();
    // SAFETY: The descriptor has the layout that the call expects; segments only matter to code that loads them.
    let done = unsafe { libc::syscall(libc::SYS_modify_ldt, WRITE_LDT, std::ptr::from_ref(descriptor), bytes) };
    // The call returns an int in a 64-bit register, zero-extended.
    match done as i32 {
        0 => Ok(()),
        negative => Err(io::Error::from_raw_os_error(-negative)),
    }
}
