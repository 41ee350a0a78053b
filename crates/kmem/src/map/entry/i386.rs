//! i386 without PAE: two levels of 1024 entries of 32 bits; pages of 4 KiB and, with PSE, of 4 MiB.
//!
//! ```text
//!   PDE to a table   31..12 table  | 7 PS=0 | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PDE of 4 MiB     31..22 page   | 8 G | 7 PS=1 | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//!   PTE              31..12 page   | 8 G | 7 PAT  | 6 D | 5 A | 4 PCD | 3 PWT | 2 U/S | 1 R/W | 0 P
//! ```
//!
//! Every page that can be read can be executed: there is no bit against it. The processor takes the stricter of the
//! levels for R/W and U/S, so tables allow everything and the leaf decides; the kernel writes its tables so too.
//!
//! Source: Intel SDM volume 3, 4.3 (32-bit paging), tables 4-4 to 4-6; Linux `arch/x86/include/asm/pgtable_types.h`.

use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, TablesBelow};
use crate::units::PhysAddr;

/// The bits that all x86 formats share.
pub(super) mod bit {
    /// P: the entry is used.
    pub const PRESENT: u64 = 1 << 0;
    /// R/W: writing is allowed.
    pub const WRITE: u64 = 1 << 1;
    /// U/S: user mode may use it.
    pub const USER: u64 = 1 << 2;
    /// PCD: no caching. The kernel's uncached pages have this and not PWT.
    pub const NO_CACHE: u64 = 1 << 4;
    /// A: has been used. Set beforehand, so that the processor never has to.
    pub const ACCESSED: u64 = 1 << 5;
    /// D: has been written.
    pub const DIRTY: u64 = 1 << 6;
    /// PS: a large page.
    pub const LARGE: u64 = 1 << 7;
    /// G: kept when CR3 is loaded.
    pub const GLOBAL: u64 = 1 << 8;
    /// `_PAGE_TABLE` of the kernel: a table that allows everything.
    pub const TABLE: u64 = PRESENT | WRITE | USER | ACCESSED | DIRTY;
}

/// The format of i386 kernels without PAE.
pub static I386: PagingFormat = PagingFormat {
    name: "i386",
    levels: &[
        Level { name: "pgd", shift: 22, bits: 10, entry_bytes: 4, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pte", shift: 12, bits: 10, entry_bytes: 4, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Zero,
    implied: Prot::EXEC,
    lost: Prot::empty(),
    root_read: RootRead::EachWalk,
    phys_bits: 32,
    ioremap_max_order: 19,
    soft: None,
    encode_table,
    encode_leaf,
    decode,
};

const SMALL_ADDR: u64 = 0xffff_f000;
/// The bits 13 to 20 of a 4 MiB entry carry an address above 4 GiB (PSE-36), which no kernel of ours uses.
const LARGE_ADDR: u64 = 0xffc0_0000;

fn encode_table(_level: usize, addr: PhysAddr) -> u64 {
    addr.raw() & SMALL_ADDR | bit::TABLE
}

fn encode_leaf(level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    if level == 0 {
        addr.raw() & LARGE_ADDR | bit::LARGE | prot_bits(prot)
    } else {
        addr.raw() & SMALL_ADDR | prot_bits(prot)
    }
}

fn decode(level: usize, word: u64) -> Entry {
    if word & bit::PRESENT == 0 {
        Entry::None
    } else if level == 0 && word & bit::LARGE == 0 {
        Entry::Table(PhysAddr::new(word & SMALL_ADDR))
    } else {
        let mask = if level == 0 { LARGE_ADDR } else { SMALL_ADDR };
        Entry::Leaf { addr: PhysAddr::new(word & mask), prot: prot_of(word) | Prot::EXEC }
    }
}

/// Returns the low bits of a leaf.
pub(super) fn prot_bits(prot: Prot) -> u64 {
    let mut word = bit::PRESENT | bit::ACCESSED;
    for (flag, bits) in [
        (Prot::WRITE, bit::WRITE | bit::DIRTY),
        (Prot::USER, bit::USER),
        (Prot::DEVICE, bit::NO_CACHE),
        (Prot::GLOBAL, bit::GLOBAL),
    ] {
        if prot.contains(flag) {
            word |= bits;
        }
    }
    word
}

/// Reads the low bits of a leaf; execution is not among them.
pub(super) fn prot_of(word: u64) -> Prot {
    let mut prot = Prot::empty();
    prot.set(Prot::WRITE, word & bit::WRITE != 0);
    prot.set(Prot::USER, word & bit::USER != 0);
    prot.set(Prot::DEVICE, word & bit::NO_CACHE != 0);
    prot.set(Prot::GLOBAL, word & bit::GLOBAL != 0);
    prot
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that a 2.6 kernel writes: `__PAGE_KERNEL`, `__PAGE_KERNEL_LARGE`, `__PAGE_KERNEL_NOCACHE`,
    /// `PAGE_SHARED` once written, `_PAGE_TABLE`.
    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(1, at(0x0123_4000), Prot::KERNEL), 0x0123_4163),
            (encode_leaf(0, at(0x0140_0000), Prot::KERNEL_EXEC), 0x0140_01e3),
            (encode_leaf(1, at(0xfeb0_0000), Prot::KERNEL_IO), 0xfeb0_0173),
            (encode_leaf(1, at(0x0567_8000), Prot::USER_DATA), 0x0567_8067),
            (encode_leaf(1, at(0x0567_8000), Prot::USER), 0x0567_8025),
            (encode_table(0, at(0x0123_4000)), 0x0123_4067),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
    }

    #[test]
    fn what_the_processor_adds_does_not_matter() {
        let leaf = Entry::Leaf { addr: PhysAddr::new(0x5000), prot: Prot::EXEC | Prot::WRITE };
        assert_eq!(decode(1, 0x5003), leaf);
        assert_eq!(decode(1, 0x5063), leaf);
        assert_eq!(decode(1, 0x5e03), leaf, "the bits that are free for software");
        assert_eq!(decode(1, 0x5002), Entry::None);
    }
}
