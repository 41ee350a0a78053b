//! The machine's memory as host functions see it: bytes, words and strings by the addresses of C.
//!
//! All goes through the page tables and the alias: what is not mapped comes as an early end, not as a signal.

use crate::session::Session;
use kmem::gfp::Gfp;
use kmem::VirtAddr;

impl Session {
    /// Reads bytes of the machine; what is not mapped comes as an early end.
    pub fn read_bytes(&self, addr: u32, len: u32) -> Vec<u8> {
        let mut bytes = vec![0; len as usize];
        if self.kernel.machine().read(VirtAddr::new(addr.into()), &mut bytes).is_ok() {
            return bytes;
        }
        bytes.clear();
        let mut byte = [0];
        for offset in 0..len {
            let at = VirtAddr::new(u64::from(addr.wrapping_add(offset)));
            if self.kernel.machine().read(at, &mut byte).is_err() {
                break;
            }
            bytes.push(byte[0]);
        }
        bytes
    }
    /// Reads a word; 0 where nothing is mapped.
    pub fn read_word(&self, addr: u32) -> u32 {
        self.kernel.machine().read_u32(VirtAddr::new(addr.into())).unwrap_or(0)
    }
    /// Reads pointer `index` of an array; 0 where nothing is mapped.
    pub fn read_pointer(&self, array: u32, index: u32) -> u32 {
        self.read_word(array.wrapping_add(self.exec.word_bytes().wrapping_mul(index)))
    }
    /// Writes pointer `index` of an array.
    pub(crate) fn write_pointer(&self, array: u32, index: u32, value: u32) {
        let word_bytes = self.exec.word_bytes();
        let word = &u64::from(value).to_le_bytes()[..word_bytes as usize];
        self.write_bytes(array.wrapping_add(word_bytes.wrapping_mul(index)), word);
    }
    /// Reads a string up to its NUL.
    pub fn read_string(&self, addr: u32) -> String {
        if addr == 0 {
            return String::new();
        }
        let mut text = Vec::new();
        while text.len() < 4096 {
            let at = addr.wrapping_add(text.len() as u32);
            let piece = self.read_bytes(at, (4096 - at % 4096).min(256));
            let end = piece.iter().position(|byte| *byte == 0);
            text.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            if end.is_some() || piece.is_empty() {
                break;
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
    /// Writes bytes; false where the memory is not mapped.
    pub fn write_bytes(&self, addr: u32, bytes: &[u8]) -> bool {
        self.kernel.machine().write(VirtAddr::new(addr.into()), bytes).is_ok()
    }
    /// Takes memory that stands for a cache or a pool.
    pub(crate) fn new_handle(&self) -> Option<u32> {
        let addr = self.kernel.kmalloc(192, Gfp::KERNEL | Gfp::ZERO).ok()?.raw() as u32;
        self.handles.borrow_mut().insert(addr);
        Some(addr)
    }
    pub(crate) fn free_handle(&self, handle: u32) {
        if self.handles.borrow_mut().remove(&handle) {
            // It came from `new_handle` and was in the set, so it is freed once.
            let _ = self.kernel.kfree(VirtAddr::new(handle.into()));
        }
    }
    /// Writes a string with its NUL into a buffer, cut to fit; returns its length.
    pub(crate) fn write_string(&self, addr: u32, size: u32, text: &str) -> u64 {
        if size == 0 {
            return 0;
        }
        let text = &text.as_bytes()[..text.len().min(size as usize - 1)];
        self.write_bytes(addr, text);
        self.write_bytes(addr.wrapping_add(text.len() as u32), &[0]);
        text.len() as u64
    }
    /// True when all of a range belongs to user space.
    pub(crate) fn is_user_range(&self, addr: u32, len: u32) -> bool {
        let limit = self.kernel.profile.task_size;
        // Without an MMU there is only one space.
        limit == 0 || u64::from(addr) + u64::from(len) <= limit
    }
}
