//! ARMv8 in 64-bit state, 4 KiB granule, 48-bit addresses: four levels of 512 entries of 64 bits; pages of 4 KiB, blocks
//! of 2 MiB and 1 GiB.
//!
//! ```text
//!   table    63 NS | 62..61 AP | 60 UXN | 59 PXN | 47..12 table | 11
//!   block    58..55 software | 54 UXN | 53 PXN | 52 contiguous | 51 DBM | 47..21 or 47..30 page | 11 nG | 10 AF | 9..8 SH
//!            | 7 AP2 read-only | 6 AP1 user | 5 NS | 4..2 AttrIndx | 01
//!   page     as a block, 47..12 page, and 11 in the lowest bits
//! ```
//!
//! # Two roots
//! The processor has two registers for the root: TTBR0 for addresses whose upper 16 bits are 0 (user), TTBR1 for those
//! whose upper bits are all 1 (kernel). Each root translates 48 bits. Here they are one table of 1024 entries, two pages
//! side by side: the lower is TTBR0's, the upper, which bit 48 of the address selects, is TTBR1's. All bits above repeat
//! bit 48. A machine that walks these tables loads TTBR0 with the root and TTBR1 with the page behind it.
//!
//! # What the kernel writes
//! A page that may be written has DBM (51), which Linux takes for its own "writable" flag; read-only pages have AP2.
//! Written pages of users have "dirty" (55) besides. Kernel text is executable by the kernel alone (UXN set), user text
//! by users alone (PXN set). Tables forbid nothing; the leaf decides. (Linux since 5.12 also sets UXN in tables of the
//! kernel half and PXN in those of the user half, which are stricter than any leaf needs.)
//!
//! # Memory types
//! AttrIndx is an index into [`MAIR`]: ordinary memory is 0 (write-back), devices are 4 (nGnRE). Linux before 5.9 used
//! other places.
//!
//! Source: ARM DDI 0487, D8.3 (VMSAv8-64 descriptors), D8.4 (permissions); Linux 6.12
//! `arch/arm64/include/asm/pgtable-hwdef.h`, `pgtable-prot.h`, `memory.h` (memory types), `arch/arm64/mm/proc.S`.

use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, TablesBelow};
use crate::units::PhysAddr;

/// Long descriptors, as LPAE has them too.
pub(super) mod bit {
    /// The entry is used.
    pub const VALID: u64 = 1 << 0;
    /// A table, or at the last level a page; without it a block.
    pub const TABLE: u64 = 1 << 1;
    /// AP1: user mode may use it.
    pub const USER: u64 = 1 << 6;
    /// AP2: writing is not allowed.
    pub const READ_ONLY: u64 = 1 << 7;
    /// SH: inner shareable.
    pub const SHARED: u64 = 3 << 8;
    /// AF: has been used. Set beforehand; without it the processor faults.
    pub const ACCESSED: u64 = 1 << 10;
    /// nG: belongs to one address space.
    pub const NOT_GLOBAL: u64 = 1 << 11;
    /// DBM: the processor may clear AP2 itself when the page is written.
    pub const DIRTY_BY_HARDWARE: u64 = 1 << 51;
    /// PXN: the kernel must not execute it.
    pub const NO_KERNEL_EXEC: u64 = 1 << 53;
    /// XN, or UXN: user mode (with LPAE nobody) may execute it.
    pub const NO_EXEC: u64 = 1 << 54;
    /// Linux's "dirty".
    pub const DIRTY: u64 = 1 << 55;
    /// AttrIndx, whole.
    pub const TYPE: u64 = 7 << 2;
    /// AttrIndx 4: a device, in both of Linux's tables of types.
    pub const DEVICE: u64 = 4 << 2;
}

/// The format of 64-bit ARM kernels with pages of 4 KiB and 48-bit addresses.
pub static ARM64: PagingFormat = PagingFormat {
    name: "arm64",
    levels: &[
        Level { name: "pgd", shift: 39, bits: 10, entry_bytes: 8, leaf: LeafAllowed::No, below: TablesBelow::PAGE },
        Level { name: "pud", shift: 30, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pmd", shift: 21, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pte", shift: 12, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Sign,
    implied: Prot::empty(),
    lost: Prot::empty(),
    root_read: RootRead::EachWalk,
    phys_bits: 48,
    ioremap_max_order: 30,
    soft: None,
    encode_table,
    encode_leaf,
    decode,
};

/// Memory Attribute Indirection Register: a type of memory for each AttrIndx. 0 and 1 write-back, 2 not cached, 3 device
/// nGnRnE, 4 device nGnRE.
pub const MAIR: u64 = 0x04_0044_ffff;

const ADDR: u64 = 0x0000_ffff_ffff_f000;
const LAST: usize = 3;

fn leaf_addr(level: usize) -> u64 {
    match level {
        1 => ADDR & !((1 << 30) - 1),
        2 => ADDR & !((1 << 21) - 1),
        _ => ADDR,
    }
}

fn encode_table(_level: usize, addr: PhysAddr) -> u64 {
    addr.raw() & ADDR | bit::TABLE | bit::VALID
}

fn encode_leaf(level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    let (is_user, is_exec) = (prot.contains(Prot::USER), prot.contains(Prot::EXEC));
    let mut word = addr.raw() & leaf_addr(level) | bit::VALID | bit::SHARED | bit::ACCESSED;
    for (holds, bits) in [
        (level == LAST, bit::TABLE),
        (is_user, bit::USER),
        (prot.contains(Prot::WRITE), bit::DIRTY_BY_HARDWARE),
        (!prot.contains(Prot::WRITE), bit::READ_ONLY),
        (is_user && prot.contains(Prot::WRITE), bit::DIRTY),
        (!prot.contains(Prot::GLOBAL), bit::NOT_GLOBAL),
        (prot.contains(Prot::DEVICE), bit::DEVICE),
        (is_user || !is_exec, bit::NO_KERNEL_EXEC),
        (!is_user || !is_exec, bit::NO_EXEC),
    ] {
        if holds {
            word |= bits;
        }
    }
    word
}

fn decode(level: usize, word: u64) -> Entry {
    let is_table = word & bit::TABLE != 0;
    if word & bit::VALID == 0 || (level == 0 || level == LAST) && !is_table {
        Entry::None // no block stands at the first or the last level
    } else if level < LAST && is_table {
        Entry::Table(PhysAddr::new(word & ADDR))
    } else {
        let is_user = word & bit::USER != 0;
        let no_exec = if is_user { bit::NO_EXEC } else { bit::NO_KERNEL_EXEC };
        let mut prot = Prot::empty();
        prot.set(Prot::USER, is_user);
        prot.set(Prot::EXEC, word & no_exec == 0);
        // With DBM, AP2 says only that the page has not been written yet.
        prot.set(Prot::WRITE, word & bit::READ_ONLY == 0 || word & bit::DIRTY_BY_HARDWARE != 0);
        prot.set(Prot::GLOBAL, word & bit::NOT_GLOBAL == 0);
        prot.set(Prot::DEVICE, word & bit::TYPE == bit::DEVICE);
        Entry::Leaf { addr: PhysAddr::new(word & leaf_addr(level)), prot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::VirtAddr;

    /// `PAGE_KERNEL`, `_EXEC`, `_RO`, a section, `PROT_DEVICE_nGnRE`, `PAGE_SHARED` once written, `PAGE_READONLY`, and its
    /// executable sister.
    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(3, at(0x1_2345_6000), Prot::KERNEL), 0x0068_0001_2345_6703),
            (encode_leaf(3, at(0x1_2345_6000), Prot::KERNEL_EXEC), 0x0048_0001_2345_6703),
            (encode_leaf(3, at(0x1_2345_6000), Prot::KERNEL_RO), 0x0060_0001_2345_6783),
            (encode_leaf(2, at(0x4020_0000), Prot::KERNEL), 0x0068_0000_4020_0701),
            (encode_leaf(1, at(0x80_4000_0000), Prot::KERNEL), 0x0068_0080_4000_0701),
            (encode_leaf(3, at(0x0900_0000), Prot::KERNEL_IO), 0x0068_0000_0900_0713),
            (encode_leaf(3, at(0x5678_9000), Prot::USER_DATA), 0x00e8_0000_5678_9f43),
            (encode_leaf(3, at(0x5678_9000), Prot::USER), 0x0060_0000_5678_9fc3),
            (encode_leaf(3, at(0x5678_9000), Prot::USER | Prot::EXEC), 0x0020_0000_5678_9fc3),
            (encode_table(0, at(0x4123_4000)), 0x4123_4003),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
    }

    #[test]
    fn what_the_processor_refuses_is_not_mapped() {
        assert_eq!(decode(0, 0x4000_0701), Entry::None, "a block of 512 GiB");
        assert_eq!(decode(3, 0x4000_0701), Entry::None, "a block among pages");
        let clean = encode_leaf(3, PhysAddr::new(0x5000), Prot::USER_DATA) & !bit::DIRTY | bit::READ_ONLY;
        assert_eq!(decode(3, clean), Entry::Leaf { addr: PhysAddr::new(0x5000), prot: Prot::USER_DATA });
    }

    /// A user address and the kernel address with the same lower 48 bits have different entries.
    #[test]
    fn the_halves_have_a_root_each() {
        let entry = |va| ARM64.levels[0].entry_at(PhysAddr::new(0), VirtAddr::new(va)).raw();
        assert_eq!((entry(0), entry(0xffff_0000_0000_0000)), (0, 4096));
        assert_eq!((entry(0x0000_ffff_ffff_f000), entry(0xffff_ffff_ffff_f000)), (4088, 8184));
        assert!(!ARM64.translates(VirtAddr::new(0x0001_0000_0000_0000)));
        assert!(!ARM64.translates(VirtAddr::new(0xfffe_ffff_ffff_f000)));
    }
}
