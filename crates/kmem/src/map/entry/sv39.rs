//! RISC-V Sv39: three levels of 512 entries of 64 bits; pages of 4 KiB, 2 MiB and 1 GiB, 56 address bits.
//!
//! ```text
//!   table    53..10 table | 7..1 0                                                     | 0 V
//!   leaf     63 N | 62..61 PBMT | 53..10 page | 9..8 software | 7 D | 6 A | 5 G | 4 U | 3 X | 2 W | 1 R | 0 V
//! ```
//!
//! What makes a leaf is that one of R, W and X is set; it may stand at any level, and its page number is then aligned to
//! the level's size. W without R is reserved. The page number lies at bit 10, so an entry holds the address shifted right
//! by two. The 25 bits above the 39 that are translated repeat bit 38.
//!
//! Whether a page is a device's follows from its physical address (the platform's memory attributes): no bit says it, unless
//! the processor has Svpbmt, and one without it faults on those bits. So `DEVICE` is lost here, as it is in a kernel
//! that finds no Svpbmt.
//!
//! Source: RISC-V privileged architecture 1.12, 4.3.1 and 4.4; Linux 6.12 `arch/riscv/include/asm/pgtable.h`,
//! `pgtable-bits.h`, `pgtable-64.h`, `vmalloc.h`.

use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, TablesBelow};
use crate::units::PhysAddr;

/// The format of 64-bit RISC-V kernels with three levels.
pub static SV39: PagingFormat = PagingFormat {
    name: "sv39",
    levels: &[
        Level { name: "pgd", shift: 30, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pmd", shift: 21, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pte", shift: 12, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Sign,
    implied: Prot::empty(),
    lost: Prot::DEVICE,
    root_read: RootRead::EachWalk,
    phys_bits: 56,
    ioremap_max_order: 30,
    soft: None,
    encode_table,
    encode_leaf,
    decode,
};

mod bit {
    pub const VALID: u64 = 1 << 0;
    pub const READ: u64 = 1 << 1;
    pub const WRITE: u64 = 1 << 2;
    pub const EXEC: u64 = 1 << 3;
    pub const USER: u64 = 1 << 4;
    pub const GLOBAL: u64 = 1 << 5;
    /// Set beforehand: a processor may fault instead of setting it.
    pub const ACCESSED: u64 = 1 << 6;
    pub const DIRTY: u64 = 1 << 7;
}

/// Bits 53 to 10: the page number.
const PAGE_NUMBER: u64 = 0x003f_ffff_ffff_fc00;
const LAST: usize = 2;

fn page_number(addr: PhysAddr) -> u64 {
    addr.raw() >> 2 & PAGE_NUMBER
}
fn addr_of(word: u64) -> u64 {
    (word & PAGE_NUMBER) << 2
}

fn encode_table(_level: usize, addr: PhysAddr) -> u64 {
    page_number(addr) | bit::VALID
}

fn encode_leaf(_level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    let mut word = page_number(addr) | bit::VALID | bit::READ | bit::ACCESSED;
    for (holds, bits) in [
        (prot.contains(Prot::WRITE), bit::WRITE),
        (prot.contains(Prot::WRITE) || !prot.contains(Prot::USER), bit::DIRTY),
        (prot.contains(Prot::EXEC), bit::EXEC),
        (prot.contains(Prot::USER), bit::USER),
        (prot.contains(Prot::GLOBAL), bit::GLOBAL),
    ] {
        if holds {
            word |= bits;
        }
    }
    word
}

fn decode(level: usize, word: u64) -> Entry {
    let addr = addr_of(word);
    let is_leaf = word & (bit::READ | bit::WRITE | bit::EXEC) != 0;
    let is_reserved = word & (bit::READ | bit::WRITE) == bit::WRITE;
    let size = 1 << SV39.levels.get(level).map_or(0, |level| level.shift);
    if word & bit::VALID == 0 || is_reserved {
        Entry::None
    } else if !is_leaf {
        // A table below the last level: the processor faults.
        if level < LAST {
            Entry::Table(PhysAddr::new(addr))
        } else {
            Entry::None
        }
    } else if !PhysAddr::new(addr).is_aligned(size) {
        Entry::None // a misaligned large page: the processor faults
    } else {
        let mut prot = Prot::empty();
        prot.set(Prot::WRITE, word & bit::WRITE != 0);
        prot.set(Prot::EXEC, word & bit::EXEC != 0);
        prot.set(Prot::USER, word & bit::USER != 0);
        prot.set(Prot::GLOBAL, word & bit::GLOBAL != 0);
        Entry::Leaf { addr: PhysAddr::new(addr), prot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `PAGE_KERNEL`, `_EXEC`, `_READ`, a large page, `PAGE_SHARED` once written, `PAGE_READ`, `_PAGE_TABLE`.
    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(2, at(0x8020_1000), Prot::KERNEL), 0x2008_04e7),
            (encode_leaf(2, at(0x8020_1000), Prot::KERNEL_EXEC), 0x2008_04ef),
            (encode_leaf(2, at(0x8020_1000), Prot::KERNEL_RO), 0x2008_04e3),
            (encode_leaf(1, at(0x8020_0000), Prot::KERNEL), 0x2008_00e7),
            (encode_leaf(0, at(0x10_4000_0000), Prot::KERNEL), 0x4_1000_00e7),
            (encode_leaf(2, at(0x1000_0000), Prot::KERNEL_IO), 0x0400_00e7),
            (encode_leaf(2, at(0x9000_0000), Prot::USER_DATA), 0x2400_00d7),
            (encode_leaf(2, at(0x9000_0000), Prot::USER), 0x2400_0053),
            (encode_table(0, at(0x8012_3000)), 0x2004_8c01),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
    }

    #[test]
    fn what_the_processor_refuses_is_not_mapped() {
        assert_eq!(decode(2, 0x2008_0405), Entry::None, "W without R");
        assert_eq!(decode(2, 0x2008_0401), Entry::None, "a table below the last level");
        assert_eq!(decode(1, 0x2008_04e7), Entry::None, "a misaligned large page");
        let text = Entry::Leaf { addr: PhysAddr::new(0x8020_1000), prot: Prot::EXEC };
        assert_eq!(decode(2, 0x2008_0449), text, "X alone is a leaf");
    }
}
