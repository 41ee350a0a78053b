//! ARMv7 with LPAE: three levels (4, 512, 512 entries) of 64 bits; pages of 4 KiB, blocks of 2 MiB and 1 GiB, 40 address
//! bits.
//!
//! ```text
//!   table    63 NS | 62..61 AP | 60 XN | 59 PXN | 39..12 table | 11
//!   block    58..55 software | 54 XN | 53 PXN | 52 contiguous | 39..21 or 39..30 page | 11 nG | 10 AF | 9..8 SH
//!            | 7 AP2 read-only | 6 AP1 user | 5 NS | 4..2 AttrIndx | 01
//!   page     as a block, 39..12 page, and 11 in the lowest bits
//! ```
//!
//! Entries are wide enough for what the kernel wants to know besides, so there is no second copy as with the short
//! descriptors: "dirty" is bit 55, "read-only, whether or not AP2 is set" bit 58. Pages of the kernel count as dirty
//! beforehand; blocks have neither.
//!
//! # Memory types
//! AttrIndx is an index into [`MAIR0`] (0 to 3) and [`MAIR1`] (4 to 7): ordinary memory is 7 (write-back,
//! write-allocate), devices are 4. A machine that walks these tables loads those two values.
//!
//! Source: ARM DDI 0406C, B3.6 (long descriptors), B3.8.4 (MAIR); Linux 6.12 `arch/arm/include/asm/pgtable-3level.h`,
//! `pgtable-3level-hwdef.h`, `arch/arm/mm/proc-v7-3level.S`, `mmu.c`.

use super::arm64::bit;
use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, TablesBelow};
use crate::units::PhysAddr;

/// The format of ARMv7 kernels with LPAE.
pub static ARM_LPAE: PagingFormat = PagingFormat {
    name: "arm-lpae",
    levels: &[
        Level { name: "pgd", shift: 30, bits: 2, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pmd", shift: 21, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
        Level { name: "pte", shift: 12, bits: 9, entry_bytes: 8, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Zero,
    implied: Prot::empty(),
    lost: Prot::empty(),
    root_read: RootRead::EachWalk,
    phys_bits: 40,
    ioremap_max_order: 24,
    soft: None,
    encode_table,
    encode_leaf,
    decode,
};

/// Memory Attribute Indirection Register 0: strongly ordered, not cached, write-through, write-back.
pub const MAIR0: u32 = 0xeeaa_4400;
/// Memory Attribute Indirection Register 1: 4 is a device, 7 write-back and write-allocate.
pub const MAIR1: u32 = 0xff00_0004;

const ADDR: u64 = 0x0000_00ff_ffff_f000;
const LAST: usize = 2;
/// AttrIndx 7: ordinary memory.
const MEMORY: u64 = 7 << 2;
/// Linux's "read-only".
const SOFT_READ_ONLY: u64 = 1 << 58;

fn leaf_addr(level: usize) -> u64 {
    match level {
        0 => ADDR & !((1 << 30) - 1),
        1 => ADDR & !((1 << 21) - 1),
        _ => ADDR,
    }
}

fn encode_table(_level: usize, addr: PhysAddr) -> u64 {
    addr.raw() & ADDR | bit::TABLE | bit::VALID
}

fn encode_leaf(level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    let (is_page, can_write) = (level == LAST, prot.contains(Prot::WRITE));
    let mut word = addr.raw() & leaf_addr(level) | bit::VALID | bit::SHARED | bit::ACCESSED;
    word |= if prot.contains(Prot::DEVICE) { bit::DEVICE } else { MEMORY };
    for (holds, bits) in [
        (is_page, bit::TABLE),
        (prot.contains(Prot::USER), bit::USER),
        (!can_write, bit::READ_ONLY),
        (!can_write && is_page, SOFT_READ_ONLY),
        (is_page && (can_write || !prot.contains(Prot::USER)), bit::DIRTY),
        (!prot.contains(Prot::GLOBAL), bit::NOT_GLOBAL),
        (!prot.contains(Prot::EXEC), bit::NO_EXEC),
    ] {
        if holds {
            word |= bits;
        }
    }
    word
}

fn decode(level: usize, word: u64) -> Entry {
    let is_table = word & bit::TABLE != 0;
    if word & bit::VALID == 0 || level == LAST && !is_table {
        Entry::None // no block stands at the last level
    } else if level < LAST && is_table {
        Entry::Table(PhysAddr::new(word & ADDR))
    } else {
        let is_user = word & bit::USER != 0;
        let no_exec = if is_user { bit::NO_EXEC } else { bit::NO_EXEC | bit::NO_KERNEL_EXEC };
        let mut prot = Prot::empty();
        prot.set(Prot::USER, is_user);
        prot.set(Prot::EXEC, word & no_exec == 0);
        prot.set(Prot::WRITE, word & bit::READ_ONLY == 0);
        prot.set(Prot::GLOBAL, word & bit::NOT_GLOBAL == 0);
        prot.set(Prot::DEVICE, word & bit::TYPE == bit::DEVICE);
        Entry::Leaf { addr: PhysAddr::new(word & leaf_addr(level)), prot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `PAGE_KERNEL`, `_EXEC`, a read-only page, sections of the direct map, `MT_DEVICE`, `PAGE_SHARED` once written,
    /// `PAGE_READONLY`.
    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(2, at(0x1_2345_6000), Prot::KERNEL), 0x00c0_0001_2345_671f),
            (encode_leaf(2, at(0x1_2345_6000), Prot::KERNEL_EXEC), 0x0080_0001_2345_671f),
            (encode_leaf(2, at(0x1_2345_6000), Prot::KERNEL_RO), 0x04c0_0001_2345_679f),
            (encode_leaf(1, at(0x4020_0000), Prot::KERNEL_EXEC), 0x4020_071d),
            (encode_leaf(1, at(0x4020_0000), Prot::KERNEL), 0x0040_0000_4020_071d),
            (encode_leaf(0, at(0x1_4000_0000), Prot::KERNEL), 0x0040_0001_4000_071d),
            (encode_leaf(2, at(0x0900_0000), Prot::KERNEL_IO), 0x00c0_0000_0900_0713),
            (encode_leaf(2, at(0x5678_9000), Prot::USER_DATA), 0x00c0_0000_5678_9f5f),
            (encode_leaf(2, at(0x5678_9000), Prot::USER), 0x0440_0000_5678_9fdf),
            (encode_table(0, at(0x4123_4000)), 0x4123_4003),
            (encode_table(1, at(0xff_4123_4000)), 0xff_4123_4003),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
    }

    #[test]
    fn what_the_processor_refuses_is_not_mapped() {
        assert_eq!(decode(2, 0x4000_071d), Entry::None, "a block among pages");
        assert_eq!(decode(1, 0x4000_071c), Entry::None);
    }

    #[test]
    fn each_type_that_is_used_is_in_the_registers() {
        let types = u64::from(MAIR1) << 32 | u64::from(MAIR0);
        let of = |word: u64| types >> (8 * (word >> 2 & 7)) & 0xff;
        assert_eq!(of(encode_leaf(2, PhysAddr::new(0), Prot::KERNEL)), 0xff, "write-back, allocates on read and write");
        assert_eq!(of(encode_leaf(2, PhysAddr::new(0), Prot::KERNEL_IO)), 0x04, "device");
    }
}
