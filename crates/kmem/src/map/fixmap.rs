//! kmap_atomic and kmap_local: a high page mapped for a moment, on one CPU, without sleeping.
//!
//! Each CPU has a few slots of its own in the fixmap, used as a stack: what was mapped last is unmapped first. So there
//! is nothing to search and nothing to lock, and no TLB but this CPU's to think of. An interrupt may map in between: it
//! takes the next slots and has given them back when it returns.
//!
//! Before 2.6.37 there was no stack: the caller named the slot (`KM_USER0`, …), one for each kind of use. Those slots lie
//! behind the stack's.
//!
//! ```text
//!   end of the fixmap  | CPU 0: stack 0 … 15, kinds 0 … 19 | CPU 1: … | …      downwards
//! ```
//!
//! # Invariant, checked by [`Map::verify`]
//! - **F1** Of each CPU's stack the slots below its depth are mapped, and no other.
//!
//! Kernel counterpart: `mm/highmem.c` (`__kmap_local_pfn_prot`, `kunmap_local_indexed`), `arch/i386/mm/highmem.c`.

use super::entry::Prot;
use super::kmap::NO_RAM;
use super::tables::{MapError, PageTables};
use super::Map;
use crate::boot::layout::VirtRange;
use crate::error::{AllocError, Broken, Misuse};
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::Table;
use crate::sync::Count;
use crate::units::{Pfn, VirtAddr, PAGE_SHIFT, PAGE_SIZE};

/// `KM_MAX_IDX`: how many pages a CPU may have mapped at once.
const STACK: u32 = 16;
/// At least the `KM_TYPE_NR` of all kernels that have kinds.
const KINDS: u32 = 20;
const SLOTS: u32 = STACK + KINDS;

/// Where a fixmap address belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FixmapSlot {
    /// The CPU.
    pub cpu: u32,
    /// The place in its stack, or 16 and the kind.
    pub slot: u32,
}

/// The slots of all CPUs.
pub(super) struct Fixmap {
    range: VirtRange,
    cpus: u32,
    /// How many of each CPU's stack are in use; only that CPU writes it.
    depth: Table<Count>,
}

impl Fixmap {
    pub(super) fn new<M: Machine>(
        mem: &Memory<M>,
        tables: &PageTables,
        range: Option<VirtRange>,
    ) -> Result<Self, AllocError> {
        let range = range.unwrap_or_default();
        let depth = Table::new();
        mem.grow(&depth)?;
        let cpus = ((range.bytes() >> PAGE_SHIFT) as u32 / SLOTS).min(depth.len());
        tables.prepare(mem, range.start, range.end)?;
        Ok(Self { range, cpus, depth })
    }
    fn addr(&self, cpu: u32, slot: u32) -> VirtAddr {
        let number = u64::from(cpu * SLOTS + slot);
        VirtAddr::new(self.range.end.raw() - (number + 1) * PAGE_SIZE)
    }
    fn depth(&self, cpu: u32) -> Option<&Count> {
        if cpu < self.cpus {
            self.depth.get(cpu)
        } else {
            None
        }
    }
    /// Returns whose slot an address is.
    pub(super) fn slot_of(&self, addr: VirtAddr) -> Option<FixmapSlot> {
        let below = self.range.contains(addr).then(|| self.range.end.raw() - 1 - addr.raw())?;
        let number = (below >> PAGE_SHIFT) as u32;
        Some(FixmapSlot { cpu: number / SLOTS, slot: number % SLOTS }).filter(|found| found.cpu < self.cpus)
    }

    /// Checks F1.
    pub(super) fn verify<M: Machine>(&self, mem: &Memory<M>, tables: &PageTables) -> Result<(), Broken> {
        for cpu in 0..self.cpus {
            let depth = self.depth(cpu).map_or(0, Count::get);
            for slot in 0..STACK {
                let at = self.addr(cpu, slot);
                let (found, expected) = (tables.translate(mem, at).is_some(), slot < depth);
                if found != expected {
                    let (found, expected) = (found.into(), expected.into());
                    return Err(Broken { what: "fixmap F1", at: at.raw(), found, expected });
                }
            }
        }
        Ok(())
    }
}

impl Map {
    /// Maps a page on this CPU: `kmap_local_page`, `kmap_atomic`. Any context; the caller stays on this CPU until it
    /// unmaps. A low page has its address.
    ///
    /// # Errors
    /// [`AllocError::NoSlot`] when this CPU has 16 pages mapped; [`AllocError::Unsupported`] for a page that is no RAM.
    pub fn kmap_local<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn) -> Result<VirtAddr, AllocError> {
        if let Some(addr) = mem.phys_to_virt(pfn.phys()).filter(|_| mem.is_ram(pfn)) {
            return Ok(addr);
        }
        let virt = self.virt.as_ref().filter(|_| mem.is_ram(pfn)).ok_or(NO_RAM)?;
        let cpu = mem.machine.cpu();
        let depth = virt.fixmap.depth(cpu).ok_or(AllocError::NoSlot)?;
        let slot = depth.get();
        if slot >= STACK {
            return Err(AllocError::NoSlot);
        }
        // Counted before it is used, so that an interrupt that comes in between takes the next one.
        depth.set(slot + 1);
        let addr = virt.fixmap.addr(cpu, slot);
        if let Err(error) = virt.tables.map_pages(mem, addr, 1, Prot::KERNEL, |_| pfn) {
            depth.set(slot);
            return Err(error.into());
        }
        Ok(addr)
    }
    /// Unmaps the page that this CPU mapped last: `kunmap_local`, `kunmap_atomic`. `addr` may be anywhere in the page.
    ///
    /// # Errors
    /// [`Misuse::OutOfOrder`] for an address that was not mapped last; [`Misuse::NotMapped`] for one that is not mapped.
    pub fn kunmap_local<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Result<(), Misuse> {
        if mem.virt_to_phys(addr).is_some() {
            return Ok(());
        }
        let virt = self.virt.as_ref().ok_or(Misuse::NotMapped(addr))?;
        let cpu = mem.machine.cpu();
        let found = virt.fixmap.slot_of(addr).filter(|found| found.slot < STACK).ok_or(Misuse::NotMapped(addr))?;
        let depth = virt.fixmap.depth(cpu).ok_or(Misuse::NotMapped(addr))?;
        if found.cpu == cpu && found.slot >= depth.get() {
            return Err(Misuse::NotMapped(addr));
        }
        if found.cpu != cpu || found.slot + 1 != depth.get() {
            return Err(Misuse::OutOfOrder(addr));
        }
        unmap_slot(mem, &virt.tables, addr.page_down());
        depth.set(found.slot);
        Ok(())
    }
    /// Returns how many pages a CPU has mapped in its stack.
    pub fn kmap_local_depth(&self, cpu: u32) -> u32 {
        self.virt.as_ref().and_then(|virt| virt.fixmap.depth(cpu)).map_or(0, Count::get)
    }

    /// Maps a page in a slot that the caller names: `kmap_atomic(page, KM_…)` before 2.6.37.
    ///
    /// # Errors
    /// [`AllocError::NoSlot`] when there is no such slot or it is in use; [`AllocError::Unsupported`] for a page that is
    /// no RAM.
    pub fn kmap_atomic_kind<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn, kind: u32) -> Result<VirtAddr, AllocError> {
        if let Some(addr) = mem.phys_to_virt(pfn.phys()) {
            return Ok(addr);
        }
        let virt = self.virt.as_ref().filter(|_| mem.is_ram(pfn)).ok_or(NO_RAM)?;
        let cpu = mem.machine.cpu();
        if kind >= KINDS || cpu >= virt.fixmap.cpus {
            return Err(AllocError::NoSlot);
        }
        let addr = virt.fixmap.addr(cpu, STACK + kind);
        virt.tables.map_pages(mem, addr, 1, Prot::KERNEL, |_| pfn).map_err(|error| match error {
            MapError::Busy(_) => AllocError::NoSlot,
            error => error.into(),
        })?;
        Ok(addr)
    }
    /// Ends a [`Map::kmap_atomic_kind`].
    ///
    /// # Errors
    /// [`Misuse::NotMapped`] when that slot has no page; [`Misuse::BadArgument`] when the address is not that slot's.
    pub fn kunmap_atomic_kind<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr, kind: u32) -> Result<(), Misuse> {
        if mem.virt_to_phys(addr).is_some() {
            return Ok(());
        }
        let virt = self.virt.as_ref().ok_or(Misuse::NotMapped(addr))?;
        let found = virt.fixmap.slot_of(addr).ok_or(Misuse::NotMapped(addr))?;
        if found != (FixmapSlot { cpu: mem.machine.cpu(), slot: STACK + kind.min(KINDS) }) {
            return Err(Misuse::BadArgument("kunmap_atomic with another slot than the page was mapped with"));
        }
        if unmap_slot(mem, &virt.tables, addr.page_down()) == 0 {
            return Err(Misuse::NotMapped(addr));
        }
        Ok(())
    }
}

fn unmap_slot<M: Machine>(mem: &Memory<M>, tables: &PageTables, addr: VirtAddr) -> u64 {
    let unmapped = tables.unmap_pages(mem, addr, 1);
    mem.machine.flush_tlb(addr, addr.offset(PAGE_SIZE));
    unmapped
}

#[cfg(test)]
mod tests {
    use super::super::tests::ground::PAE;
    use crate::gfp::Gfp;
    use crate::units::Order;

    /// F1, broken on purpose and named.
    #[test]
    fn verify_names_what_is_broken() {
        let kernel = PAE.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let pfn = mem.alloc_pages(Gfp::HIGHUSER, Order::ZERO).expect("there is memory");
        let addr = map.kmap_local(mem, pfn).expect("there are slots");
        assert_eq!(map.verify(mem), Ok(()));
        let virt = map.virt.as_ref().expect("there is an MMU");
        virt.fixmap.depth(0).expect("it is a CPU").set(2);
        assert_eq!(map.verify(mem).map_err(|broken| broken.what), Err("fixmap F1"));
        virt.fixmap.depth(0).expect("it is a CPU").set(1);
        assert_eq!(virt.tables.unmap_pages(mem, addr, 1), 1);
        assert_eq!(map.verify(mem).map_err(|broken| broken.what), Err("fixmap F1"));
    }
}
