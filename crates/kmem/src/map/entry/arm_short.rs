//! ARMv7 short descriptors: a first level of 4096 words, one for each MiB, and second levels of 256 words of 4 KiB.
//!
//! ```text
//!   L1 table     31..10 table | 9 – | 8..5 domain | 3 NS | 2 PXN | 01
//!   L1 section   31..20 page  | 19 NS | 18 0 | 17 nG | 16 S | 15 AP2 | 14..12 TEX | 11..10 AP | 8..5 domain | 4 XN | 3 C | 2 B | 10
//!   L2 page      31..12 page  | 11 nG | 10 S | 9 AP2 | 8..6 TEX | 5..4 AP | 3 C | 2 B | 1 | 0 XN
//! ```
//!
//! # Linux's arrangement
//! A second level is 1 KiB, a quarter of a page, and has no bits for "accessed" and "dirty". So Linux pairs them: two
//! neighbouring first-level entries (2 MiB) share one page, which holds the two tables of the hardware *and* two of
//! its own, in the kernel's bits:
//!
//! ```text
//!   page of tables   0 Linux table 0 | 1024 Linux table 1 | 2048 hardware table 0 | 3072 hardware table 1
//! ```
//!
//! The walk goes through the hardware's; the writer keeps both. (Kernels before 2.6.38 had the halves the other way round.)
//!
//! # Memory types
//! Linux runs ARMv7 with TEX remap on (SCTLR.TRE): TEX0, C and B are an index into [`PRRR`] and [`NMRR`]. Ordinary
//! memory is index 7 (write-back, write-allocate), devices are index 4. A machine that walks these tables loads those
//! two values.
//!
//! Source: ARM DDI 0406C, B3.5.1 (descriptors), B3.7 (AP, XN), B3.8 (TEX remap), B4.1.104 and B4.1.127 (NMRR, PRRR);
//! Linux 3.4 `arch/arm/include/asm/pgtable-2level.h`, `pgtable-2level-hwdef.h`, `arch/arm/mm/proc-v7-2level.S`, `mmu.c`.

use super::{Entry, HighBits, LeafAllowed, Level, PagingFormat, Prot, RootRead, SoftCopy, TablesBelow};
use crate::units::PhysAddr;

/// The format of ARMv7 kernels without LPAE, 2.6.38 and later.
pub static ARM_SHORT: PagingFormat = PagingFormat {
    name: "arm-short",
    levels: &[
        Level {
            name: "pgd",
            shift: 20,
            bits: 12,
            entry_bytes: 4,
            leaf: LeafAllowed::Yes,
            below: TablesBelow { tables: 2, offset: 2048 },
        },
        Level { name: "pte", shift: 12, bits: 8, entry_bytes: 4, leaf: LeafAllowed::Yes, below: TablesBelow::PAGE },
    ],
    high_bits: HighBits::Zero,
    implied: Prot::empty(),
    lost: Prot::empty(),
    root_read: RootRead::EachWalk,
    phys_bits: 32,
    ioremap_max_order: 24,
    soft: Some(SoftCopy { below: 2048, encode: encode_linux }),
    encode_table,
    encode_leaf,
    decode,
};

/// Primary Region Remap Register: type of memory for each index of TEX0, C, B.
pub const PRRR: u32 = 0xff0a_81a8;
/// Normal Memory Remap Register: caching for each index of TEX0, C, B.
pub const NMRR: u32 = 0x40e0_40e0;

/// L1: a table, in domain 0. Linux sets bit 4 besides, which ARMv7 ignores and older processors want.
const TABLE: u64 = 0x11;
const TABLE_ADDR: u64 = 0xffff_fc00;
const SECTION_ADDR: u64 = 0xfff0_0000;
const PAGE_ADDR: u64 = 0xffff_f000;

/// Where a leaf keeps what it says: the same fields at other places in a section and in a page.
struct Fields {
    kind: u64,
    no_exec: u64,
    user: u64,
    read_only: u64,
    not_global: u64,
    /// TEX0, C, B and shareable, as ordinary memory.
    memory: u64,
    /// The same as a device.
    device: u64,
    /// The bits of TEX0, C, B.
    type_mask: u64,
    /// AP0, without which nothing at all is allowed.
    allowed: u64,
    addr: u64,
}

const SECTION: Fields = Fields {
    kind: 0b10,
    no_exec: 1 << 4,
    user: 1 << 11,
    read_only: 1 << 15,
    not_global: 1 << 17,
    memory: 1 << 16 | 1 << 12 | 0b1100,
    device: 1 << 16 | 1 << 12,
    type_mask: 1 << 12 | 0b1100,
    allowed: 1 << 10,
    addr: SECTION_ADDR,
};

const PAGE: Fields = Fields {
    kind: 0b10,
    no_exec: 1 << 0,
    user: 1 << 5,
    read_only: 1 << 9,
    not_global: 1 << 11,
    memory: 1 << 10 | 1 << 6 | 0b1100,
    device: 1 << 10 | 1 << 6,
    type_mask: 1 << 6 | 0b1100,
    allowed: 1 << 4,
    addr: PAGE_ADDR,
};

impl Fields {
    fn encode(&self, addr: PhysAddr, prot: Prot) -> u64 {
        let mut word = addr.raw() & self.addr | self.kind | self.allowed;
        word |= if prot.contains(Prot::DEVICE) { self.device } else { self.memory };
        if prot.contains(Prot::USER) {
            word |= self.user;
        }
        for (flag, otherwise) in
            [(Prot::WRITE, self.read_only), (Prot::EXEC, self.no_exec), (Prot::GLOBAL, self.not_global)]
        {
            if !prot.contains(flag) {
                word |= otherwise;
            }
        }
        word
    }
    fn decode(&self, word: u64) -> Entry {
        let is_memory = word & self.type_mask == self.memory & self.type_mask;
        let mut prot = Prot::empty();
        prot.set(Prot::WRITE, word & self.read_only == 0);
        prot.set(Prot::EXEC, word & self.no_exec == 0);
        prot.set(Prot::USER, word & self.user != 0);
        prot.set(Prot::DEVICE, !is_memory);
        prot.set(Prot::GLOBAL, word & self.not_global == 0);
        Entry::Leaf { addr: PhysAddr::new(word & self.addr), prot }
    }
}

fn encode_table(_level: usize, addr: PhysAddr) -> u64 {
    addr.raw() & TABLE_ADDR | TABLE
}

fn encode_leaf(level: usize, addr: PhysAddr, prot: Prot) -> u64 {
    if level == 0 {
        SECTION.encode(addr, prot)
    } else {
        PAGE.encode(addr, prot)
    }
}

/// Supersections (bit 18) and 64 KiB pages, which Linux's own tables do not contain, count as empty.
fn decode(level: usize, word: u64) -> Entry {
    match (level, word & 0b11) {
        (0, 0b01) => Entry::Table(PhysAddr::new(word & TABLE_ADDR)),
        (0, 0b10) if word & 1 << 18 == 0 => SECTION.decode(word),
        (1, 0b10 | 0b11) => PAGE.decode(word),
        _ => Entry::None,
    }
}

/// Bits of Linux's own entry, `L_PTE_*`.
mod linux {
    pub const PRESENT: u64 = 1 << 0;
    pub const YOUNG: u64 = 1 << 1;
    pub const WRITE_ALLOCATE: u64 = 7 << 2;
    pub const DEVICE: u64 = 4 << 2;
    pub const DIRTY: u64 = 1 << 6;
    pub const READ_ONLY: u64 = 1 << 7;
    pub const USER: u64 = 1 << 8;
    pub const NO_EXEC: u64 = 1 << 9;
    pub const SHARED: u64 = 1 << 10;
}

/// Encodes the entry that Linux keeps beside the hardware's. It has no bit for `GLOBAL`, which Linux derives from the
/// address.
fn encode_linux(addr: PhysAddr, prot: Prot) -> u64 {
    let mut word = addr.raw() & PAGE_ADDR | linux::PRESENT | linux::YOUNG | linux::SHARED;
    word |= if prot.contains(Prot::DEVICE) { linux::DEVICE } else { linux::WRITE_ALLOCATE };
    word |= if prot.contains(Prot::WRITE) { linux::DIRTY } else { linux::READ_ONLY };
    if prot.contains(Prot::USER) {
        word |= linux::USER;
    }
    if !prot.contains(Prot::EXEC) {
        word |= linux::NO_EXEC;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as they stand in public Oops reports of ARMv7 SMP kernels: a kernel section with and without execution
    /// (`*pgd=80e1140e(bad)`, `*pgd=0201141e(bad)`), a vmalloc page (`*pgd=ad806811, *pte=adf3a65f, *ppte=adf3a45f`), one
    /// that may be executed (`*pte=0000045f, *ppte=0000045e`), registers of a device (`*pgd=8201d811, *pte=021b0653,
    /// *ppte=021b0453`), a page of a process (`*pgd=03f74831, *pte=0525c75f, *ppte=0525cc7f`).
    #[test]
    fn the_words_of_the_kernel() {
        let at = |addr| PhysAddr::new(addr);
        for (word, expected) in [
            (encode_leaf(0, at(0x80e0_0000), Prot::KERNEL_EXEC), 0x80e1_140e),
            (encode_leaf(0, at(0x0200_0000), Prot::KERNEL), 0x0201_141e),
            (encode_table(0, at(0xad80_6800)), 0xad80_6811),
            (encode_leaf(1, at(0xadf3_a000), Prot::KERNEL), 0xadf3_a45f),
            (encode_linux(at(0xadf3_a000), Prot::KERNEL), 0xadf3_a65f),
            (encode_leaf(1, at(0), Prot::KERNEL_EXEC), 0x45e),
            (encode_linux(at(0), Prot::KERNEL_EXEC), 0x45f),
            (encode_leaf(1, at(0x021b_0000), Prot::KERNEL_IO), 0x021b_0453),
            (encode_linux(at(0x021b_0000), Prot::KERNEL_IO), 0x021b_0653),
            (encode_leaf(1, at(0x0525_c000), Prot::USER_DATA), 0x0525_cc7f),
            (encode_linux(at(0x0525_c000), Prot::USER_DATA), 0x0525_c75f),
        ] {
            assert_eq!(word, expected, "{word:#x}");
        }
        assert_eq!(decode(0, 0x03f7_4831), Entry::Table(at(0x03f7_4800)), "domain 1, as Linux has it for user tables");
    }

    #[test]
    fn what_linux_does_not_write_is_empty() {
        assert_eq!(decode(0, 0x8005_140e), Entry::None, "a supersection");
        assert_eq!(decode(1, 0x0012_0011), Entry::None, "a 64 KiB page");
    }
}
