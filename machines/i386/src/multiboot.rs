//! What the boot loader says: memory map and command line. Multiboot 0.6.96, section 3.3.
//!
//! It lies somewhere in RAM that is about to be handed out, so it is copied first.

use crate::entry::BOOT_MAP_BYTES;
use kmem::units::PhysRange;

/// The most pieces of RAM that are kept.
const MAX_RANGES: usize = 16;
/// The longest command line; 2.6 takes no more either (`COMMAND_LINE_SIZE`).
const MAX_COMMAND_LINE: usize = 256;

const KERNEL_HALF: usize = 0xc000_0000;
const FLAGS: usize = 0;
const HAS_COMMAND_LINE: u32 = 1 << 2;
const COMMAND_LINE: usize = 16;
const HAS_MEMORY_MAP: u32 = 1 << 6;
const MAP_BYTES: usize = 44;
const MAP_START: usize = 48;
const ENTRY_BASE: usize = 4;
const ENTRY_LENGTH: usize = 12;
const ENTRY_KIND: usize = 20;
const KIND_RAM: u32 = 1;
/// Two-level page tables reach no further.
const REACH: u64 = 1 << 32;

/// What the boot loader says.
pub struct BootInfo {
    ranges: [PhysRange; MAX_RANGES],
    range_count: usize,
    command_line: [u8; MAX_COMMAND_LINE],
    command_line_bytes: usize,
}

impl BootInfo {
    /// Reads what the loader left at physical address `at`.
    ///
    /// # Safety
    /// A multiboot loader left its information there, and nothing has overwritten it.
    pub unsafe fn read(at: u32) -> Self {
        let mut info = Self {
            ranges: [PhysRange::default(); MAX_RANGES],
            range_count: 0,
            command_line: [0; MAX_COMMAND_LINE],
            command_line_bytes: 0,
        };
        let at = at as usize;
        let flags = word(at + FLAGS);
        if flags & HAS_MEMORY_MAP != 0 {
            info.read_memory_map(word(at + MAP_START) as usize, word(at + MAP_BYTES) as usize);
        }
        if flags & HAS_COMMAND_LINE != 0 {
            info.read_command_line(word(at + COMMAND_LINE) as usize);
        }
        info
    }

    /// Returns the pieces of RAM as the firmware reports them, ascending, as far as page tables reach.
    pub fn ram(&self) -> &[PhysRange] {
        &self.ranges[..self.range_count]
    }
    /// Returns one past the last byte of RAM.
    pub fn ram_end(&self) -> u64 {
        self.ram().last().map_or(0, |range| range.end.raw())
    }
    /// Returns the words after the image's name on the command line.
    pub fn command_line(&self) -> &str {
        let line = core::str::from_utf8(&self.command_line[..self.command_line_bytes]).unwrap_or("");
        line.split_once(' ').map_or("", |(_image, rest)| rest.trim())
    }

    fn read_memory_map(&mut self, start: usize, bytes: usize) {
        let mut entry = start;
        while entry < start + bytes && self.range_count < MAX_RANGES {
            let base = long(entry + ENTRY_BASE);
            let end = base.saturating_add(long(entry + ENTRY_LENGTH)).min(REACH);
            if word(entry + ENTRY_KIND) == KIND_RAM && base < end {
                self.ranges[self.range_count] = PhysRange::new(base, end);
                self.range_count += 1;
            }
            // The size of an entry does not count itself.
            entry += word(entry) as usize + size_of::<u32>();
        }
        self.ranges[..self.range_count].sort_unstable_by_key(|range| range.start.raw());
    }
    fn read_command_line(&mut self, start: usize) {
        for (index, slot) in self.command_line.iter_mut().enumerate() {
            *slot = byte(start + index);
            if *slot == 0 {
                return;
            }
            self.command_line_bytes = index + 1;
        }
    }
}

/// Reads a byte that the loader left.
fn byte(at: usize) -> u8 {
    assert!((at as u64) < BOOT_MAP_BYTES, "the loader's information is in low memory");
    // SAFETY: The boot tables map this address, and `BootInfo::read` was promised that the loader's bytes are there.
    unsafe { ((KERNEL_HALF + at) as *const u8).read() }
}
fn word(at: usize) -> u32 {
    u32::from_le_bytes(core::array::from_fn(|i| byte(at + i)))
}
fn long(at: usize) -> u64 {
    u64::from(word(at)) | (u64::from(word(at + size_of::<u32>())) << 32)
}
