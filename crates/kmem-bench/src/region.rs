//! Memory for peers that keep their lists in the pages they manage.

use crate::BenchError;
use std::{io, ptr};

/// Zeroed memory of this process, aligned to 4 MiB, given by the host when touched.
pub struct Region {
    mapping: *mut u8,
    bytes: usize,
}

/// The largest block of a workload.
const ALIGN: usize = 4 << 20;

// SAFETY: The pointer leads to plain memory that the region owns.
unsafe impl Send for Region {}

impl Region {
    /// Asks the host for `bytes`.
    pub fn new(bytes: usize) -> Result<Self, BenchError> {
        let bytes = bytes + ALIGN;
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: A new mapping wherever the host likes; nothing that exists is replaced.
        let at = unsafe { libc::mmap(ptr::null_mut(), bytes, prot, flags | libc::MAP_NORESERVE, -1, 0) };
        if at == libc::MAP_FAILED {
            return Err(BenchError::Host { what: "memory for a peer", source: io::Error::last_os_error() });
        }
        Ok(Self { mapping: at.cast(), bytes })
    }
    /// Returns the first aligned byte.
    pub fn start(&self) -> *mut u8 {
        self.mapping.wrapping_add(self.mapping.align_offset(ALIGN))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours, and its user goes with it.
        unsafe { libc::munmap(self.mapping.cast(), self.bytes) };
    }
}
