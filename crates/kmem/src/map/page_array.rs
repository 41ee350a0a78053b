//! The array in which a vmalloc area keeps its pages' frame numbers: machine words in kernel memory.
//!
//! A small one comes from kmalloc, a large one (more than a page: areas above 4 MiB on 32 bits) from vmalloc itself and
//! may then lie in high memory, like any vmalloc area. Such a page is reached through the machine's own window onto it
//! or, where there is none, where it has just been mapped.

use super::tables::PageTables;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::high_word;
use crate::sync::{AtomicU32, Ordering};
use crate::units::{Pfn, PhysAddr, VirtAddr};

/// An array of frame numbers at a kernel address.
#[derive(Clone, Copy)]
pub(super) struct PageArray {
    /// Where it lies.
    pub at: VirtAddr,
}

impl PageArray {
    /// Returns frame number `index`. `None` when the array is not mapped.
    pub(super) fn get<M: Machine>(self, mem: &Memory<M>, tables: &PageTables, index: u64) -> Option<Pfn> {
        let low = self.word(mem, tables, index, 0)?.load(Ordering::Relaxed);
        let high = match mem.profile.word_bytes {
            8 => self.word(mem, tables, index, 4)?.load(Ordering::Relaxed),
            _ => 0,
        };
        Some(Pfn::new(u64::from(high) << 32 | u64::from(low)))
    }
    /// Sets frame number `index`.
    pub(super) fn set<M: Machine>(self, mem: &Memory<M>, tables: &PageTables, index: u64, pfn: Pfn) -> Option<()> {
        self.word(mem, tables, index, 0)?.store(pfn.raw() as u32, Ordering::Relaxed);
        if mem.profile.word_bytes == 8 {
            self.word(mem, tables, index, 4)?.store((pfn.raw() >> 32) as u32, Ordering::Relaxed);
        }
        Some(())
    }

    fn word<'m, M: Machine>(
        self,
        mem: &'m Memory<M>,
        tables: &PageTables,
        index: u64,
        half: u64,
    ) -> Option<&'m AtomicU32> {
        let at = self.at.offset(index * u64::from(mem.profile.word_bytes) + half);
        if let Some(phys) = mem.virt_to_phys(at) {
            return mem.ram.word(phys);
        }
        let phys = tables.translate(mem, at)?.phys;
        if let Some(word) = mem.ram.word(phys) {
            return Some(word);
        }
        let page = PhysAddr::new(phys.raw() - phys.page_offset());
        high_word(&mem.machine, page, at.page_down(), at.page_offset())
    }
}
