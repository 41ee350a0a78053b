//! Bytes at kernel addresses of the direct map and of vmalloc alike: the engine's own way to copy and clear them.
//!
//! Kernel counterpart: `memcpy` and `memset`, which need no such thing because the MMU does it.

use super::Map;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::{copy_reached, fill_reached, Reached};
use crate::units::{PhysAddr, VirtAddr, PAGE_SIZE};

impl Map {
    /// Copies `bytes` bytes from one allocation to another. False when one of them is not mapped to the end.
    pub(crate) fn copy<M: Machine>(&self, mem: &Memory<M>, from: VirtAddr, to: VirtAddr, bytes: u64) -> bool {
        self.by_pages(bytes, &[from, to], |offset, length| {
            let source = self.reach(mem, from.offset(offset))?;
            let target = self.reach(mem, to.offset(offset))?;
            copy_reached(&mem.machine, &mem.ram, source, target, length).then_some(())
        })
    }
    /// Clears `bytes` bytes of an allocation. False when it is not mapped to the end.
    pub(crate) fn clear<M: Machine>(&self, mem: &Memory<M>, at: VirtAddr, bytes: u64) -> bool {
        self.by_pages(bytes, &[at], |offset, length| {
            let target = self.reach(mem, at.offset(offset))?;
            fill_reached(&mem.machine, &mem.ram, target, length, 0).then_some(())
        })
    }
    /// Calls `work` with offsets and lengths such that none of the addresses crosses a page in between.
    fn by_pages(&self, bytes: u64, starts: &[VirtAddr], work: impl Fn(u64, u64) -> Option<()>) -> bool {
        let mut offset = 0;
        while offset < bytes {
            let in_page = starts.iter().map(|start| PAGE_SIZE - start.offset(offset).page_offset()).min();
            let length = in_page.unwrap_or(PAGE_SIZE).min(bytes - offset);
            if work(offset, length).is_none() {
                return false;
            }
            offset += length;
        }
        true
    }
    fn reach<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Option<Reached> {
        let phys: Option<PhysAddr> = mem.virt_to_phys(addr).or_else(|| self.vmalloc_to_phys(mem, addr));
        Some(Reached { phys: phys?, virt: addr })
    }
}
