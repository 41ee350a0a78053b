//! The walk: from a virtual address through the tables to the physical one, as the MMU does it.
//!
//! The walk takes no lock and writes nothing. It reads each entry once, through a function that the caller gives, so it
//! serves the engine (which reads through the direct map), a fault handler (through its own mapping of RAM, inside a
//! signal) and a tool that has only a copy of the memory. A table that lies outside what can be read ends the walk.

use super::entry::{Entry, LeafAllowed, PagingFormat, Prot, MAX_LEVELS};
use crate::units::{PhysAddr, VirtAddr};

/// What a virtual address means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Translation {
    /// The physical address of the byte itself.
    pub phys: PhysAddr,
    /// Bytes of the page that maps it.
    pub page_bytes: u64,
    /// What may be done with the page.
    pub prot: Prot,
}

/// One level of a walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The level, 0 is the root.
    pub level: usize,
    /// Where the entry lies.
    pub at: PhysAddr,
    /// The word that was found there.
    pub raw: u64,
    /// What it says.
    pub entry: Entry,
}

/// A whole walk: every level that was visited and how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walk {
    steps: [Step; MAX_LEVELS],
    count: usize,
    /// Where the address leads, if it is mapped.
    pub result: Option<Translation>,
}

impl Walk {
    /// Returns the levels that were visited, the root's first. The last one says why the walk ended.
    pub fn steps(&self) -> &[Step] {
        self.steps.get(..self.count).unwrap_or(&[])
    }
}

/// Translates `va` by the tables under `root`. `read(at, bytes)` returns the entry of 4 or 8 bytes at a physical
/// address, or `None` where it cannot read.
///
/// Pure: no lock, no allocation, no state; fit for a signal handler if `read` is.
pub fn translate(
    format: &PagingFormat,
    root: PhysAddr,
    va: VirtAddr,
    read: impl Fn(PhysAddr, u32) -> Option<u64>,
) -> Option<Translation> {
    walk(format, root, va, read).result
}

/// Walks to `va` and records each level. As [`translate`] otherwise.
pub fn walk(format: &PagingFormat, root: PhysAddr, va: VirtAddr, read: impl Fn(PhysAddr, u32) -> Option<u64>) -> Walk {
    let nothing = Step { level: 0, at: PhysAddr::new(0), raw: 0, entry: Entry::None };
    let mut walk = Walk { steps: [nothing; MAX_LEVELS], count: 0, result: None };
    if !format.translates(va) {
        return walk;
    }
    let mut table = root;
    for (number, level) in format.levels.iter().enumerate() {
        let at = level.entry_at(table, va);
        let Some(raw) = read(at, level.entry_bytes) else { return walk };
        let entry = (format.decode)(number, raw);
        if let Some(step) = walk.steps.get_mut(number) {
            *step = Step { level: number, at, raw, entry };
            walk.count = number + 1;
        }
        match entry {
            Entry::Table(next) => table = next,
            Entry::Leaf { addr, prot } if level.leaf == LeafAllowed::Yes => {
                let page_bytes = level.bytes();
                let phys = addr.offset(va.raw() & (page_bytes - 1));
                walk.result = Some(Translation { phys, page_bytes, prot });
                return walk;
            }
            Entry::Leaf { .. } | Entry::None => return walk,
        }
    }
    walk
}

#[cfg(test)]
mod tests {
    use super::super::entry::{ARM64, ARM_LPAE, ARM_SHORT, I386, PAE, SV39, X86_64};
    use super::*;
    use std::collections::HashMap;

    /// Memory as a map from address to word.
    fn reader(words: &HashMap<u64, u64>) -> impl Fn(PhysAddr, u32) -> Option<u64> + '_ {
        |at, _| words.get(&at.raw()).copied()
    }

    /// The root at 0x4000, then tables at 0x10000, 0x11000, ….
    fn check(format: &PagingFormat, va: u64, leaf_level: usize, expected: Translation) {
        let mut words = HashMap::new();
        let mut table = PhysAddr::new(0x4000);
        for level in 0..=leaf_level {
            let at = format.levels[level].entry_at(table, VirtAddr::new(va));
            let next = PhysAddr::new(0x10000 + 0x1000 * level as u64);
            let page = PhysAddr::new(expected.phys.raw() & !(expected.page_bytes - 1));
            let word = if level == leaf_level {
                (format.encode_leaf)(level, page, expected.prot)
            } else {
                (format.encode_table)(level, next)
            };
            words.insert(at.raw(), word);
            table = next;
        }
        let root = PhysAddr::new(0x4000);
        let walked = walk(format, root, VirtAddr::new(va), reader(&words));
        assert_eq!(walked.result, Some(expected), "{} {va:#x}", format.name);
        assert_eq!(walked.steps().len(), leaf_level + 1);
        assert_eq!(translate(format, root, VirtAddr::new(va), reader(&words)), Some(expected));
        for gone in words.keys() {
            let mut broken = words.clone();
            broken.insert(*gone, 0);
            assert_eq!(translate(format, root, VirtAddr::new(va), reader(&broken)), None);
            broken.remove(gone);
            assert_eq!(translate(format, root, VirtAddr::new(va), reader(&broken)), None, "cannot be read");
        }
    }

    #[test]
    fn small_and_large_pages_of_every_format() {
        let at = |phys, page_bytes, prot| Translation { phys: PhysAddr::new(phys), page_bytes, prot };
        let exec = Prot::KERNEL_EXEC;
        check(&I386, 0xf880_1234, 1, at(0x0765_4234, 4096, exec));
        check(&I386, 0xc01f_1234, 0, at(0x001f_1234, 4 << 20, exec));
        check(&PAE, 0xf880_1234, 2, at(0x1_0765_4234, 4096, Prot::KERNEL));
        check(&PAE, 0xf75f_ffff, 1, at(0x375f_ffff, 2 << 20, Prot::KERNEL));
        check(&ARM_SHORT, 0xbf00_0010, 1, at(0x8765_4010, 4096, exec));
        check(&ARM_SHORT, 0xc01f_1234, 0, at(0x003f_1234, 1 << 20, exec));
        check(&ARM_LPAE, 0xf080_1234, 2, at(0xff_0765_4234, 4096, exec));
        check(&ARM_LPAE, 0xc01f_1234, 1, at(0x801f_1234, 2 << 20, exec));
        for (format, va) in [(&X86_64, 0xffff_c900_0020_1234), (&ARM64, 0xffff_8000_8020_1234)] {
            check(format, va, 3, at(0x1_0765_4234, 4096, Prot::KERNEL));
            check(format, va, 2, at(0x1_0740_1234, 2 << 20, Prot::KERNEL));
            check(format, va, 1, at(0x100_0020_1234 | va & 0x3fff_ffff, 1 << 30, Prot::KERNEL));
        }
        check(&SV39, 0xffff_ffc8_0020_1234, 2, at(0x1_0765_4234, 4096, Prot::KERNEL));
        check(&SV39, 0xffff_ffd8_0020_1234, 0, at(0x100_0020_1234, 1 << 30, Prot::KERNEL));
    }

    #[test]
    fn addresses_beyond_the_format_are_not_mapped() {
        let everything = |_: PhysAddr, _: u32| Some(0x0140_01e3);
        let root = PhysAddr::new(0x4000);
        assert!(translate(&I386, root, VirtAddr::new(0xc000_0000), everything).is_some());
        assert_eq!(translate(&I386, root, VirtAddr::new(0x1_c000_0000), everything), None);
        let table = |_: PhysAddr, _: u32| Some(0x0140_0067);
        assert!(translate(&X86_64, root, VirtAddr::new(0xffff_8000_0000_0000), table).is_some());
        assert_eq!(translate(&X86_64, root, VirtAddr::new(0x0000_8000_0000_0000), table), None, "between the halves");
    }
}
