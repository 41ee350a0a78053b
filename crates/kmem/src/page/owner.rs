//! Whose page a frame is, when a process maps it: the way back from a frame to the page table entry that leads to it.
//!
//! Reclaim and compaction begin at a frame and must find its entry. The mem_map's two free words of a used frame hold
//! the number of the address space and of the page in it; a bit of the state says that they do. The bit goes with the
//! frame's state, so a page that is freed has no owner. Kernel counterpart: `page->mapping` and `page->index`.

use super::frame::State;
use super::PageAllocator;
use crate::sync::Ordering;
use crate::units::{Pfn, VirtAddr, PAGE_SHIFT};

/// The page of a process that a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// Slot of the address space: below 2^20.
    pub mm: u32,
    /// Number of the page in it: its address without the page offset, below 2^44.
    pub page: u64,
}

/// How many bits of the page number stand in the upper word.
const UPPER_BITS: u32 = 12;

impl Owner {
    /// The page at `addr` of address space `mm`.
    pub(crate) const fn at(mm: u32, addr: VirtAddr) -> Self {
        Self { mm, page: addr.raw() >> PAGE_SHIFT }
    }
    /// Returns the address of the page's first byte.
    pub const fn addr(self) -> VirtAddr {
        VirtAddr::new(self.page << PAGE_SHIFT)
    }
}

impl PageAllocator {
    /// Says whose page a used frame of order 0 is; what a process maps is on reclaim's lists.
    pub(crate) fn set_owner(&self, pfn: Pfn, owner: Option<Owner>) {
        let Some(frame) = self.frames.get(pfn) else { return };
        match owner {
            Some(owner) => {
                frame.a.store(owner.mm << UPPER_BITS | (owner.page >> 32) as u32, Ordering::Relaxed);
                frame.b.store(owner.page as u32, Ordering::Relaxed);
                frame.flag(State::OWNED, true);
                self.lru_add(pfn, true);
            }
            None => self.lru_forget(pfn, State::OWNED),
        }
    }
    /// Returns whose page a frame is; `None` when no process maps it. What changes this holds the owner's lock, so
    /// without it this is a hint: the module `user` looks again.
    pub fn owner(&self, pfn: Pfn) -> Option<Owner> {
        let frame = self.frames.get(pfn).filter(|frame| frame.state().has(State::OWNED))?;
        let (a, b) = (frame.a.load(Ordering::Relaxed), frame.b.load(Ordering::Relaxed));
        let upper = u64::from(a & ((1 << UPPER_BITS) - 1));
        Some(Owner { mm: a >> UPPER_BITS, page: upper << 32 | u64::from(b) })
    }
    /// Returns every frame that a process maps, with its owner. O(frames).
    pub fn owned(&self) -> impl Iterator<Item = (Pfn, Owner)> + '_ {
        (0..self.frames.len()).map(|index| self.frames.pfn(index)).filter_map(|pfn| Some((pfn, self.owner(pfn)?)))
    }
}
