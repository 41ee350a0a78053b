//! x86-64 with four levels of 512 entries of 64 bits: pages of 4 KiB, 2 MiB and 1 GiB, 52 address bits, NX.
//!
//! ```text
//!   PML4E             63 NX | 51..12 table | 7 0    | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PDPTE, PDE        63 NX | 51..12 table | 7 PS=0 | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PDPTE of 1 GiB    63 NX | 51..30 page  | 12 PAT | 8 G | 7 PS=1 | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PDE of 2 MiB      63 NX | 51..21 page  | 12 PAT | 8 G | 7 PS=1 | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PTE               63 NX | 51..12 page  | 8 G | 7 PAT | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//! ```
//!
//! The tables translate 48 bits; the 16 bits above repeat bit 47, so that there are a lower half (user) and an upper one
//! (kernel) with nothing between. The kernel's own level between `pgd` and `pud`, `p4d`, is folded away on four levels.
//!
//! Every processor since 2008 has pages of 1 GiB (the flag `pdpe1gb`); the kernel maps RAM with them when it can.
//!
//! Source: Intel SDM volume 3, 4.5 (4-level paging), tables 4-15 to 4-20; Linux `arch/x86/include/asm/pgtable_64_types.h`,
//! `pgtable_types.h`, `page_types.h` (`IOREMAP_MAX_ORDER`).

use super::i386::{bit, prot_bits, prot_of};
use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, TablesBelow};
use crate::units::PhysAddr;

/// The format of x86-64 kernels with four levels.
pub static X86_64: PagingFormat = PagingFormat {
    name: "x86-64",
    levels: &[
        Level { name: "pgd", shift: 39, bits: 9, entry_bytes: 8, leaf: LeafAllowed::No, below: TablesBelow::PAGE },
        Level { name: "pud", shift: 30, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pmd", shift: 21, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pte", shift: 12, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Sign,
    implied: Prot::empty(),
    lost: Prot::empty(),
    root_read: RootRead::EachWalk,
    phys_bits: 52,
    ioremap_max_order: 30,
    soft: None,
    encode_table,
    encode_leaf,
    decode,
};

const NO_EXEC: u64 = 1 << 63;
const ADDR: u64 = 0x000f_ffff_ffff_f000;
const LAST: usize = 3;

/// Returns the address bits of a leaf: the lower ones of a large page are reserved, bit 12 of them is PAT.
fn leaf_addr(level: usize) -> u64 {
    match level {
        1 => ADDR & !((1 << 30) - 1),
        2 => ADDR & !((1 << 21) - 1),
        _ => ADDR,
    }
}

fn encode_table(_level: usize, addr: PhysAddr) -> u64 {
    addr.raw() & ADDR | bit::TABLE
}

fn encode_leaf(level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    let no_exec = if prot.contains(Prot::EXEC) { 0 } else { NO_EXEC };
    let large = if level < LAST { bit::LARGE } else { 0 };
    addr.raw() & leaf_addr(level) | large | prot_bits(prot) | no_exec
}

fn decode(level: usize, word: u64) -> Entry {
    let is_large = level < LAST && word & bit::LARGE != 0;
    if word & bit::PRESENT == 0 || level == 0 && is_large {
        Entry::None // a set bit that is reserved maps nothing: the processor faults
    } else if level < LAST && !is_large {
        Entry::Table(PhysAddr::new(word & ADDR))
    } else {
        let mut prot = prot_of(word);
        prot.set(Prot::EXEC, word & NO_EXEC == 0);
        Entry::Leaf { addr: PhysAddr::new(word & leaf_addr(level)), prot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `__PAGE_KERNEL`, `__PAGE_KERNEL_EXEC`, `__PAGE_KERNEL_RO`, `__PAGE_KERNEL_LARGE`, `__PAGE_KERNEL_NOCACHE`,
    /// `PAGE_SHARED` once written, `_PAGE_TABLE`.
    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(3, at(0x1_2345_6000), Prot::KERNEL), 0x8000_0001_2345_6163),
            (encode_leaf(3, at(0x1_2345_6000), Prot::KERNEL_EXEC), 0x0000_0001_2345_6163),
            (encode_leaf(3, at(0x1_2345_6000), Prot::KERNEL_RO), 0x8000_0001_2345_6121),
            (encode_leaf(2, at(0x0120_0000), Prot::KERNEL), 0x8000_0000_0120_01e3),
            (encode_leaf(1, at(0xff_c000_0000), Prot::KERNEL), 0x8000_00ff_c000_01e3),
            (encode_leaf(3, at(0xfed0_0000), Prot::KERNEL_IO), 0x8000_0000_fed0_0173),
            (encode_leaf(3, at(0x0567_8000), Prot::USER_DATA), 0x8000_0000_0567_8067),
            (encode_leaf(3, at(0x0567_8000), Prot::USER | Prot::EXEC), 0x0567_8025),
            (encode_table(0, at(0x0123_4000)), 0x0123_4067),
            (encode_table(2, at(0x1_0123_4000)), 0x1_0123_4067),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
    }

    #[test]
    fn reserved_bits_and_pat() {
        assert_eq!(decode(0, 0x0123_40e7), Entry::None, "no page has 512 GiB");
        let prot = Prot::EXEC | Prot::WRITE;
        let large = Entry::Leaf { addr: PhysAddr::new(0x4000_0000), prot };
        assert_eq!(decode(1, 0x4000_1083), large, "PAT of a large page is no address");
        assert_eq!(
            decode(3, 0x4000_0083),
            Entry::Leaf { addr: PhysAddr::new(0x4000_0000), prot },
            "PAT of a small one"
        );
    }
}
