//! Page table entries: what the words in a page table mean, as data.
//!
//! A page table is a tree of arrays in physical memory. Each level translates some bits of the virtual address: they
//! are the index into this level's array, and the entry found there is empty, or names the array of the next level,
//! or ends the walk with a *leaf*: the physical address of a page (small at the last level, large above it).
//!
//! ```text
//!   virtual address   | index level 0 | index level 1 | … | offset |
//!                            |               |                |
//!   root -> [ . . T . ]------'               |                |
//!                 `-> [ . . . L . ]----------'                |
//!                             `-> page ---------> byte -------'
//! ```
//!
//! Architectures differ in how many levels there are, how wide an entry is, which bits say what, and at which levels a
//! leaf may stand. All of that is a [`PagingFormat`]: constants, and three functions that turn an entry into a word and
//! back. The walk (`walk.rs`) and the writer (`tables.rs`) know nothing else.
//!
//! # Invariants of a format, checked by the tests of each
//! - **F1** `decode(level, encode_table(level, a))` is `Table(a)` at every level but the last.
//! - **F2** `decode(level, encode_leaf(level, a, p))` is `Leaf(a, p - lost | implied)` at every level that holds leaves.
//! - **F3** The index bits of the levels and the 12 bits of the page offset are the virtual address, without gaps.
//! - **F4** The word 0 is an empty entry at every level.

mod arm64;
mod arm_lpae;
mod arm_short;
mod i386;
mod pae;
mod sv39;
mod x86_64;

pub use arm64::{ARM64, MAIR};
pub use arm_lpae::{ARM_LPAE, MAIR0, MAIR1};
pub use arm_short::{ARM_SHORT, NMRR, PRRR};
pub use i386::I386;
pub use pae::PAE;
pub use sv39::SV39;
pub use x86_64::X86_64;

use crate::units::{PhysAddr, VirtAddr};
use bitflags::bitflags;

/// The most levels that a format has.
pub const MAX_LEVELS: usize = 4;

bitflags! {
    /// What may be done with a mapped page. Reading by the kernel is always allowed.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct Prot: u8 {
        /// It may be written.
        const WRITE = 1 << 0;
        /// It may be executed.
        const EXEC = 1 << 1;
        /// User mode may use it.
        const USER = 1 << 2;
        /// It is a device: no caching.
        const DEVICE = 1 << 3;
        /// The same in all address spaces: a change of the root keeps the translation.
        const GLOBAL = 1 << 4;
    }
}

impl Prot {
    /// `PAGE_KERNEL`: data of the kernel.
    pub const KERNEL: Self = Self::WRITE.union(Self::GLOBAL);
    /// `PAGE_KERNEL_EXEC`: the kernel's and its modules' text, and the direct map.
    pub const KERNEL_EXEC: Self = Self::KERNEL.union(Self::EXEC);
    /// `PAGE_KERNEL_RO`: data that the kernel only reads.
    pub const KERNEL_RO: Self = Self::GLOBAL;
    /// `PAGE_KERNEL_NOCACHE`: registers of a device.
    pub const KERNEL_IO: Self = Self::KERNEL.union(Self::DEVICE);
    /// `PAGE_SHARED`: data of a user process.
    pub const USER_DATA: Self = Self::WRITE.union(Self::USER);
}

/// What an entry says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// Nothing is mapped here.
    None,
    /// The table of the next level.
    Table(PhysAddr),
    /// A page; its size is that of the level.
    Leaf {
        /// The page's first byte.
        addr: PhysAddr,
        /// What may be done with it.
        prot: Prot,
    },
}

/// One level of a format.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// What the kernel calls an entry of this level: `pgd`, `pmd`, `pte`.
    pub name: &'static str,
    /// Lowest bit of the virtual address that this level translates; a leaf here maps `1 << shift` bytes.
    pub shift: u32,
    /// How many bits it translates; a table has `1 << bits` entries.
    pub bits: u32,
    /// Bytes of an entry, 4 or 8.
    pub entry_bytes: u32,
    /// Whether a leaf may stand here.
    pub leaf: LeafAllowed,
    /// How the tables that the entries of this level name lie in their page.
    pub below: TablesBelow,
}

/// Whether a level holds leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeafAllowed {
    /// Only tables of the next level.
    No,
    /// Leaves, large ones when it is not the last level.
    Yes,
}

/// How the tables of the next level lie in the page that is allocated for them.
///
/// Most tables fill a page. Where they are smaller, a kernel puts several into one page and enters them into the level
/// above together.
#[derive(Clone, Copy, Debug)]
pub struct TablesBelow {
    /// How many neighbouring entries share one page of tables; a power of two.
    pub tables: u32,
    /// Where in the page the first of these tables begins.
    pub offset: u64,
}

impl TablesBelow {
    /// A table is a page.
    pub const PAGE: Self = Self { tables: 1, offset: 0 };
}

/// When the processor reads the root table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RootRead {
    /// On every walk, like the others.
    EachWalk,
    /// When it is loaded: what is entered later is not seen before the next load, so the root is filled beforehand.
    WhenLoaded,
}

/// What the bits of a virtual address above those that the tables translate must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HighBits {
    /// All 0.
    Zero,
    /// All as the highest bit that is translated, so that there is a lower half and an upper one: a *canonical* address.
    Sign,
}

/// A second entry that the kernel keeps for itself beside each of the hardware's, because the hardware's has no room
/// for all the kernel wants to know.
#[derive(Clone, Copy, Debug)]
pub struct SoftCopy {
    /// How far below the hardware's entry it lies.
    pub below: u64,
    /// Writes it.
    pub encode: fn(PhysAddr, Prot) -> u64,
}

/// A page table format: constants and the encoding of its entries.
#[derive(Debug)]
pub struct PagingFormat {
    /// The format's name.
    pub name: &'static str,
    /// The levels, the root's first.
    pub levels: &'static [Level],
    /// What the bits of an address above the levels' must be.
    pub high_bits: HighBits,
    /// What the format cannot deny: these flags are set in every leaf that is decoded.
    pub implied: Prot,
    /// What the format has no bits for: these flags are not there any more when a leaf is decoded.
    pub lost: Prot,
    /// When the processor reads the root.
    pub root_read: RootRead,
    /// Bits of a physical address that a small page can have.
    pub phys_bits: u32,
    /// `IOREMAP_MAX_ORDER`: no I/O area is aligned to more than two to this.
    pub ioremap_max_order: u32,
    /// The kernel's own copy of the last level, if it keeps one.
    pub soft: Option<SoftCopy>,
    /// Encodes an entry that names the table of the next level.
    pub encode_table: fn(level: usize, PhysAddr) -> u64,
    /// Encodes an entry that ends the walk.
    pub encode_leaf: fn(level: usize, PhysAddr, Prot) -> u64,
    /// Says what a word means at a level.
    pub decode: fn(level: usize, u64) -> Entry,
}

impl Level {
    /// Returns the index of `va` into a table of this level.
    pub const fn index(&self, va: VirtAddr) -> u64 {
        (va.raw() >> self.shift) & ((1 << self.bits) - 1)
    }
    /// Returns how many bytes an entry translates.
    pub const fn bytes(&self) -> u64 {
        1 << self.shift
    }
    /// Returns the bytes of a table of this level.
    pub const fn table_bytes(&self) -> u64 {
        (self.entry_bytes as u64) << self.bits
    }
    /// Returns where in the table at `table` the entry for `va` lies.
    pub const fn entry_at(&self, table: PhysAddr, va: VirtAddr) -> PhysAddr {
        table.offset(self.index(va) * self.entry_bytes as u64)
    }
}

impl PagingFormat {
    /// Returns the number of the last level, the one of small pages.
    pub const fn last(&self) -> usize {
        self.levels.len() - 1
    }
    /// Returns the bits of a virtual address that the format translates.
    pub const fn virt_bits(&self) -> u32 {
        self.levels[0].shift + self.levels[0].bits
    }
    /// True for an address that the tables can map: the bits above the levels' are as they must be.
    pub const fn translates(&self, va: VirtAddr) -> bool {
        let bits = self.virt_bits();
        match self.high_bits {
            HighBits::Zero => va.raw() >> bits == 0,
            HighBits::Sign => {
                let above = va.raw() >> (bits - 1);
                above == 0 || above == u64::MAX >> (bits - 1)
            }
        }
    }
    /// Returns the first address of the upper half, where there are two halves.
    pub const fn upper_half(&self) -> Option<VirtAddr> {
        match self.high_bits {
            HighBits::Zero => None,
            HighBits::Sign => Some(VirtAddr::new(u64::MAX << (self.virt_bits() - 1))),
        }
    }
    /// Returns the bytes of the root table; it is aligned to them.
    pub const fn root_bytes(&self) -> u64 {
        self.levels[0].table_bytes()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::units::PAGE_SHIFT;

    const ALL: [&PagingFormat; 7] = [&I386, &PAE, &X86_64, &ARM_SHORT, &ARM_LPAE, &ARM64, &SV39];

    /// A small generator of numbers, the same ones on every run.
    pub(crate) struct Random(pub u64);
    impl Random {
        pub(crate) fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let x = self.0 ^ (self.0 >> 33);
            x.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ (x >> 29)
        }
        pub(crate) fn below(&mut self, limit: u64) -> u64 {
            (self.next() >> 11) % limit
        }
    }

    /// F1 to F4 for one format: all protections, all single address bits, and many random addresses.
    pub(crate) fn check_format(format: &PagingFormat) {
        let mut bit = PAGE_SHIFT;
        for (number, level) in format.levels.iter().enumerate().rev() {
            assert_eq!(level.shift, bit, "F3, level {number}");
            bit += level.bits;
            assert_eq!((format.decode)(number, 0), Entry::None, "F4, level {number}");
            assert_eq!(level.below.tables.count_ones(), 1);
        }
        assert_eq!(bit, format.virt_bits());

        let mut random = Random(0x1357);
        let mut addresses: Vec<u64> = (0..format.phys_bits).map(|bit| 1 << bit).collect();
        addresses.extend((0..2000).map(|_| random.next() & ((1 << format.phys_bits) - 1)));
        for (number, level) in format.levels.iter().enumerate() {
            for addr in &addresses {
                if number < format.last() {
                    let table = format.levels[number + 1].table_bytes();
                    let addr = PhysAddr::new(addr & !(table - 1));
                    let word = (format.encode_table)(number, addr);
                    assert_eq!((format.decode)(number, word), Entry::Table(addr), "F1, level {number}");
                    assert!(level.entry_bytes == 8 || word <= u64::from(u32::MAX));
                }
                if level.leaf == LeafAllowed::No {
                    continue;
                }
                let addr = PhysAddr::new(addr & !(level.bytes() - 1) & large_mask(format, number));
                for prot in (0..32).map(Prot::from_bits_truncate) {
                    let word = (format.encode_leaf)(number, addr, prot);
                    let expected = Entry::Leaf { addr, prot: (prot - format.lost) | format.implied };
                    assert_eq!((format.decode)(number, word), expected, "F2, level {number}, {word:#x}");
                    assert!(level.entry_bytes == 8 || word <= u64::from(u32::MAX));
                }
            }
        }
    }

    fn large_mask(format: &PagingFormat, level: usize) -> u64 {
        let entry_bits = format.levels[level].entry_bytes * 8;
        if entry_bits < 64 {
            (1 << entry_bits) - 1
        } else {
            u64::MAX
        }
    }

    #[test]
    fn all_formats_keep_their_invariants() {
        for format in ALL {
            check_format(format);
        }
    }

    #[test]
    fn only_canonical_addresses_are_translated() {
        for (format, first, last_low, first_high) in [
            (&X86_64, 0u64, 0x0000_7fff_ffff_ffff, 0xffff_8000_0000_0000),
            (&ARM64, 0, 0x0000_ffff_ffff_ffff, 0xffff_0000_0000_0000),
            (&SV39, 0, 0x0000_003f_ffff_ffff, 0xffff_ffc0_0000_0000),
        ] {
            for inside in [first, last_low, first_high, u64::MAX] {
                assert!(format.translates(VirtAddr::new(inside)), "{} {inside:#x}", format.name);
            }
            for outside in [last_low + 1, first_high - 1] {
                assert!(!format.translates(VirtAddr::new(outside)), "{} {outside:#x}", format.name);
            }
        }
        for format in [&I386, &PAE, &ARM_SHORT, &ARM_LPAE] {
            assert!(format.translates(VirtAddr::new(0xffff_ffff)) && !format.translates(VirtAddr::new(1 << 32)));
        }
    }

    #[test]
    fn random_words_never_decode_to_what_the_format_cannot_hold() {
        let mut random = Random(7);
        for format in ALL {
            for (number, level) in format.levels.iter().enumerate() {
                for _ in 0..20_000 {
                    let word = random.next() & large_mask(format, number);
                    match (format.decode)(number, word) {
                        Entry::None => {}
                        Entry::Table(_) => assert!(number < format.last()),
                        Entry::Leaf { addr, .. } => {
                            assert!(level.leaf == LeafAllowed::Yes && addr.is_aligned(level.bytes()));
                        }
                    }
                }
            }
        }
    }
}
