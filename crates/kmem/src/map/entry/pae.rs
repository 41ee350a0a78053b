//! i386 with PAE: three levels (4, 512, 512 entries) of 64 bits; pages of 4 KiB and 2 MiB, 36 and more address bits, NX.
//!
//! ```text
//!   PDPTE             51..12 table | 4 PCD | 3 PWT | 0 P          all other bits are reserved
//!   PDE to a table    63 NX | 51..12 table | 7 PS=0 | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PDE of 2 MiB      63 NX | 51..21 page  | 8 G | 7 PS=1 | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PTE               63 NX | 51..12 page  | 8 G | 7 PAT  | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//! ```
//!
//! The processor reads the four entries of the root only when CR3 is loaded, and faults if a reserved bit is set in them.
//!
//! Source: Intel SDM volume 3, 4.4 (PAE paging), tables 4-8 to 4-11; Linux `arch/x86/include/asm/pgtable-3level.h`,
//! `arch/x86/include/asm/pgalloc.h`.

use super::i386::{bit, prot_bits, prot_of};
use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, TablesBelow};
use crate::units::PhysAddr;

/// The format of i386 kernels with PAE.
pub static PAE: PagingFormat = PagingFormat {
    name: "pae",
    levels: &[
        Level { name: "pgd", shift: 30, bits: 2, entry_bytes: 8, leaf: LeafAllowed::No, below: TablesBelow::PAGE },
        Level { name: "pmd", shift: 21, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pte", shift: 12, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Zero,
    implied: Prot::empty(),
    lost: Prot::empty(),
    root_read: RootRead::WhenLoaded,
    phys_bits: 52,
    ioremap_max_order: 21,
    soft: None,
    encode_table,
    encode_leaf,
    decode,
};

const NO_EXEC: u64 = 1 << 63;
const SMALL_ADDR: u64 = 0x000f_ffff_ffff_f000;
const LARGE_ADDR: u64 = 0x000f_ffff_ffe0_0000;

fn encode_table(level: usize, addr: PhysAddr) -> u64 {
    let bits = if level == 0 { bit::PRESENT } else { bit::TABLE };
    addr.raw() & SMALL_ADDR | bits
}

fn encode_leaf(level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    let no_exec = if prot.contains(Prot::EXEC) { 0 } else { NO_EXEC };
    if level == 1 {
        addr.raw() & LARGE_ADDR | bit::LARGE | prot_bits(prot) | no_exec
    } else {
        addr.raw() & SMALL_ADDR | prot_bits(prot) | no_exec
    }
}

fn decode(level: usize, word: u64) -> Entry {
    if word & bit::PRESENT == 0 {
        Entry::None
    } else if level == 0 || level == 1 && word & bit::LARGE == 0 {
        Entry::Table(PhysAddr::new(word & SMALL_ADDR))
    } else {
        let mask = if level == 1 { LARGE_ADDR } else { SMALL_ADDR };
        let mut prot = prot_of(word);
        prot.set(Prot::EXEC, word & NO_EXEC == 0);
        Entry::Leaf { addr: PhysAddr::new(word & mask), prot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(2, at(0x1_2345_6000), Prot::KERNEL), 0x8000_0001_2345_6163),
            (encode_leaf(2, at(0x1_2345_6000), Prot::KERNEL_EXEC), 0x0000_0001_2345_6163),
            (encode_leaf(1, at(0x3740_0000), Prot::KERNEL), 0x8000_0000_3740_01e3),
            (encode_leaf(2, at(0xfed0_0000), Prot::KERNEL_IO), 0x8000_0000_fed0_0173),
            (encode_table(1, at(0x0123_4000)), 0x0123_4067),
            (encode_table(0, at(0x0123_4000)), 0x0123_4001),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
    }
}
