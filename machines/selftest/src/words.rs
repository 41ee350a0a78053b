//! Allocated memory, written and read word by word through an address of the machine.

use crate::failure::Failure;
use core::ptr::NonNull;
use kmem::units::VirtAddr;

const WORD: u64 = size_of::<u32>() as u64;

/// Words at an address. On a bare machine an address is a pointer.
///
/// # Invariants
/// `at` points to `count` aligned words that are mapped, and that no Rust object lives in.
pub struct Words {
    at: NonNull<u32>,
    count: u32,
}

impl Words {
    /// Takes the whole words among the `bytes` bytes at `addr`.
    ///
    /// # Safety
    /// They are mapped for reading and writing, and the engine gave them to nobody else, until this value is dropped.
    pub unsafe fn new(addr: VirtAddr, bytes: u64) -> Result<Self, Failure> {
        let at = NonNull::new(addr.raw() as usize as *mut u32).ok_or(Failure::Missing("an address"))?;
        if !addr.is_aligned(WORD) {
            return Err(Failure::Wrong { what: "alignment", found: addr.raw() % WORD, expected: 0 });
        }
        Ok(Self { at, count: (bytes / WORD) as u32 })
    }

    /// Writes to each word something that follows from its place and `seed`.
    pub fn write(&self, seed: u32) {
        for index in 0..self.count {
            // SAFETY: By the type invariant the word is ours. Volatile: another mapping may show it too.
            unsafe { self.at.add(index as usize).write_volatile(mixed(index, seed)) }
        }
    }
    /// Checks that each word holds what [`Words::write`] wrote.
    pub fn check(&self, seed: u32) -> Result<(), Failure> {
        self.check_each(|index| mixed(index, seed))
    }
    /// Checks that all words are zero.
    pub fn check_zero(&self) -> Result<(), Failure> {
        self.check_each(|_| 0)
    }

    fn check_each(&self, expected: impl Fn(u32) -> u32) -> Result<(), Failure> {
        for index in 0..self.count {
            // SAFETY: By the type invariant.
            let found = unsafe { self.at.add(index as usize).read_volatile() };
            let expected = expected(index);
            if found != expected {
                let at = VirtAddr::new(self.at.as_ptr() as u64).offset(u64::from(index) * WORD);
                return Err(Failure::Content { at, found, expected });
            }
        }
        Ok(())
    }
}

/// Knuth's multiplicative hash: neighbouring words and seeds differ in many bits.
fn mixed(index: u32, seed: u32) -> u32 {
    (index ^ seed.rotate_left(16)).wrapping_mul(0x9e37_79b1)
}
