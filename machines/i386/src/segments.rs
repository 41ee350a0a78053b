//! Segments: two flat ones, because the CPU insists.

use core::arch::asm;

/// Selector of the code segment.
pub const CODE: u16 = 0x08;
/// Selector of the data segment.
pub const DATA: u16 = 0x10;

/// Base 0, limit 4 GiB, ring 0, marked as accessed so that the CPU need not: none, code, data. Intel SDM vol. 3, 3.4.5.
static TABLE: [u64; 3] = [0, 0x00cf_9b00_0000_ffff, 0x00cf_9300_0000_ffff];

/// The operand of `lgdt` and `lidt`.
#[repr(C, packed)]
pub struct TablePointer {
    limit: u16,
    base: u32,
}

impl TablePointer {
    /// Points to a table that lives as long as the machine runs.
    pub fn new<T>(table: &'static T) -> Self {
        Self { limit: (size_of::<T>() - 1) as u16, base: &raw const *table as u32 }
    }
}

/// Replaces the loader's segments, of which nothing is known, by our own.
pub fn load() {
    let pointer = TablePointer::new(&TABLE);
    // SAFETY: The table is static, and its segments cover all memory as the loader's did.
    unsafe {
        asm!(
            "lgdt [{pointer}]",
            "push {code}",
            "lea {scratch}, [55f]",
            "push {scratch}",
            "retf",
            "55:",
            "mov ds, {data:x}",
            "mov es, {data:x}",
            "mov fs, {data:x}",
            "mov gs, {data:x}",
            "mov ss, {data:x}",
            pointer = in(reg) &raw const pointer,
            code = const CODE,
            data = in(reg) u32::from(DATA),
            scratch = out(reg) _,
        );
    }
}
