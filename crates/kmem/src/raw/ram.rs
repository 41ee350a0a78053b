//! The direct map: low memory as bytes and words.

use crate::machine::{DirectMap, Machine};
use crate::sync::AtomicU32;
use crate::units::PhysAddr;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU16, AtomicU8, Ordering};

/// The machine's low memory.
///
/// # Invariants
/// `base` points to `bytes` bytes, aligned to a page, valid for reads and writes as long as the machine lives. Clients
/// of the engine may write to those bytes at any time, so they are only touched by atomics and raw copies. All values of
/// one machine live inside the `Memory` that owns the machine; outside there are only references.
pub struct Ram {
    base: NonNull<u8>,
    start: u64,
    bytes: u64,
}

// SAFETY: `Ram` is a bounds-checked address; all access goes through atomics and raw copies, whose races are the
// machine's own, as on hardware.
unsafe impl Send for Ram {}
// SAFETY: As above.
unsafe impl Sync for Ram {}

impl Ram {
    /// Takes the machine's window. `None` when it points nowhere.
    pub(crate) fn of<M: Machine>(machine: &M) -> Option<Self> {
        let DirectMap { pointer, start, bytes } = machine.direct_map();
        Some(Self { base: NonNull::new(pointer)?, start: start.raw(), bytes })
    }
    /// Makes a window of zeroed memory of the host, from physical 0 on, that nobody takes back.
    #[cfg(test)]
    pub(crate) fn for_tests(bytes: u64) -> Self {
        #[derive(Clone)]
        #[repr(align(4096))]
        struct Page(#[allow(dead_code)] [u8; 4096]); // what matters is where it lies
        let pages = std::vec![Page([0; 4096]); bytes.div_ceil(4096) as usize].leak();
        Self { base: NonNull::from(pages).cast(), start: 0, bytes }
    }
    /// Returns another handle of the same window.
    pub(crate) fn share(&self) -> Self {
        Self { ..*self }
    }
    /// Returns the first `bytes` bytes of the window.
    pub(crate) fn cut(self, bytes: u64) -> Self {
        Self { bytes: bytes.min(self.bytes), ..self }
    }
    /// Returns the first physical address of the window.
    #[inline]
    pub fn start(&self) -> PhysAddr {
        PhysAddr::new(self.start)
    }
    /// Returns one past the last physical address of the window.
    #[inline]
    pub fn end(&self) -> PhysAddr {
        PhysAddr::new(self.start + self.bytes)
    }
    /// True when all of `len` bytes from `addr` on lie in the window.
    #[inline]
    pub fn holds(&self, addr: PhysAddr, len: u64) -> bool {
        let offset = addr.raw().wrapping_sub(self.start);
        offset < self.bytes && len <= self.bytes - offset
    }

    /// Returns the host pointer to `len` bytes at `addr`, or `None` outside the window.
    #[inline]
    pub fn pointer(&self, addr: PhysAddr, len: u64) -> Option<NonNull<u8>> {
        if !self.holds(addr, len) {
            return None;
        }
        let offset = (addr.raw() - self.start) as usize;
        // SAFETY: `offset` lies inside the `bytes` bytes that `base` points to by the type invariant.
        Some(unsafe { self.base.add(offset) })
    }

    /// Returns the byte at `addr`.
    #[inline]
    pub fn byte(&self, addr: PhysAddr) -> Option<&AtomicU8> {
        let pointer = self.pointer(addr, 1)?;
        // SAFETY: In bounds; a byte is always aligned; atomics may be shared freely.
        Some(unsafe { AtomicU8::from_ptr(pointer.as_ptr()) })
    }
    /// Returns the 16-bit word at `addr`, which must be aligned.
    #[inline(always)]
    pub fn half(&self, addr: PhysAddr) -> Option<&AtomicU16> {
        let offset = addr.raw().wrapping_sub(self.start);
        // An even one: the byte behind it is the next one.
        if offset % 2 != 0 || offset + 1 >= self.bytes {
            return None;
        }
        // SAFETY: By the type invariant these two bytes are in bounds, and aligned as `base` is.
        let pointer = unsafe { self.base.add(offset as usize) };
        // SAFETY: As said; atomics may be shared freely.
        Some(unsafe { AtomicU16::from_ptr(pointer.as_ptr().cast()) })
    }
    /// Returns the 32-bit word at `addr`, which must be aligned.
    #[inline]
    pub fn word(&self, addr: PhysAddr) -> Option<&AtomicU32> {
        let pointer = self.pointer(addr, 4)?.cast::<u32>();
        if !pointer.is_aligned() {
            return None;
        }
        // SAFETY: In bounds and aligned; atomics may be shared freely.
        Some(unsafe { AtomicU32::from_ptr(pointer.as_ptr()) })
    }
    /// Reads an entry of 4 or 8 bytes at `addr`, little endian, low word last so that a writer that stores the high
    /// word first is never seen half done.
    pub fn read_entry(&self, addr: PhysAddr, bytes: u32) -> Option<u64> {
        let low = u64::from(self.word(addr)?.load(Ordering::Acquire));
        if bytes == 4 {
            return Some(low);
        }
        Some(u64::from(self.word(addr.offset(4))?.load(Ordering::Acquire)) << 32 | low)
    }
    /// Writes an entry of 4 or 8 bytes: high word first, then the low word with its present bit.
    pub fn write_entry(&self, addr: PhysAddr, bytes: u32, value: u64) -> Option<()> {
        let low = self.word(addr)?;
        if bytes == 8 {
            self.word(addr.offset(4))?.store((value >> 32) as u32, Ordering::Release);
        }
        low.store(value as u32, Ordering::Release);
        Some(())
    }

    /// Fills `len` bytes at `addr`. False when they do not lie in the window.
    pub fn fill(&self, addr: PhysAddr, len: u64, value: u8) -> bool {
        let Some(pointer) = self.pointer(addr, len) else { return false };
        // SAFETY: `len` bytes from `pointer` on lie in the window, by the type invariant valid for writes.
        unsafe { pointer.as_ptr().write_bytes(value, len as usize) };
        true
    }
    /// Copies `len` bytes inside the window, as `memmove` does. False when one side does not lie in it.
    pub fn copy(&self, from: PhysAddr, to: PhysAddr, len: u64) -> bool {
        let (Some(source), Some(target)) = (self.pointer(from, len), self.pointer(to, len)) else { return false };
        // SAFETY: Both sides lie in the window, by the type invariant valid for reads and writes; they may overlap.
        unsafe { source.as_ptr().copy_to(target.as_ptr(), len as usize) };
        true
    }
    /// Copies out. False when the bytes do not lie in the window.
    pub fn read(&self, addr: PhysAddr, out: &mut [u8]) -> bool {
        let Some(pointer) = self.pointer(addr, out.len() as u64) else { return false };
        // SAFETY: The source lies in the window; `out` is the engine's own and cannot overlap the machine's RAM.
        unsafe { pointer.as_ptr().copy_to_nonoverlapping(out.as_mut_ptr(), out.len()) };
        true
    }
    /// Copies in. False when the bytes do not lie in the window.
    pub fn write(&self, addr: PhysAddr, data: &[u8]) -> bool {
        let Some(pointer) = self.pointer(addr, data.len() as u64) else { return false };
        // SAFETY: The target lies in the window; `data` is the engine's own and cannot overlap the machine's RAM.
        unsafe { pointer.as_ptr().copy_from_nonoverlapping(data.as_ptr(), data.len()) };
        true
    }
}
