//! kmap: high pages, which have no address of their own, mapped for as long as somebody needs them. Where all RAM is low
//! (on 64-bit machines) there is no window, and kmap gives the address that a page has.
//!
//! The pkmap window has a slot a page (1024, or 512). A page that is mapped already keeps its slot and its address,
//! however often it is mapped: a count says by how many. To unmap is only to count down. The entry stays in the page
//! table, because a flush of every CPU's TLB is dear, and slots are taken round about: only when the round comes to the
//! start are all slots that nobody uses emptied, with one flush for all. Until then `page_address` of such a page still
//! gives its kept address, and a new kmap finds it there.
//!
//! ```text
//!   count 0   empty
//!   count 1   kept: mapped, nobody uses it, empty after the next round
//!   count n   mapped, n − 1 users
//! ```
//!
//! When all slots have users, kmap has to wait for one: the engine says [`AllocError::NoSlot`] and the caller waits.
//!
//! # Invariants, checked by [`Map::verify`]
//! - **K1** A slot is mapped, to its page, exactly when its count is not 0.
//! - **K2** A page is found by its number exactly when it has a slot.
//!
//! Kernel counterpart: `mm/highmem.c` (`kmap_high`, `kunmap_high`, `map_new_virtual`, `flush_all_zero_pkmaps`).

use super::entry::Prot;
use super::tables::PageTables;
use super::Map;
use crate::boot::layout::VirtRange;
use crate::error::{AllocError, Broken, Misuse};
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::Table;
use crate::sync::SpinLock;
use crate::units::{Pfn, VirtAddr, PAGE_SHIFT, PAGE_SIZE};

/// A slot of the pkmap window that has a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KmapSlot {
    /// Its address.
    pub addr: VirtAddr,
    /// The page.
    pub pfn: Pfn,
    /// How many use it; 0 for one that is only kept.
    pub users: u32,
}

/// Number of a slot plus one; 0 is none.
type Link = u32;

#[derive(Default)]
struct Slot {
    pfn: Pfn,
    count: u32,
    /// The next slot whose page number falls into the same bucket.
    next: Link,
}

const BUCKETS: usize = 64;

struct State {
    slots: Table<Slot>,
    bucket: [Link; BUCKETS],
    last: u32,
}

/// The pkmap window.
pub(super) struct Pkmap {
    range: VirtRange,
    slots: u32,
    state: SpinLock<State>,
}

impl Pkmap {
    pub(super) fn new<M: Machine>(
        mem: &Memory<M>,
        tables: &PageTables,
        range: Option<VirtRange>,
    ) -> Result<Self, AllocError> {
        let range = range.unwrap_or_default();
        let slots = (range.bytes() >> PAGE_SHIFT) as u32;
        let state = State { slots: Table::new(), bucket: [0; BUCKETS], last: 0 };
        while state.slots.len() < slots {
            mem.grow(&state.slots)?;
        }
        tables.prepare(mem, range.start, range.end)?;
        Ok(Self { range, slots, state: SpinLock::new(state) })
    }
    fn addr(&self, index: u32) -> VirtAddr {
        self.range.start.offset(u64::from(index) * PAGE_SIZE)
    }

    fn map<M: Machine>(&self, mem: &Memory<M>, tables: &PageTables, pfn: Pfn) -> Result<VirtAddr, AllocError> {
        let mut state = self.state.lock();
        let index = match state.find(pfn) {
            Some(index) => index,
            None => {
                let index = self.take_slot(mem, tables, &mut state)?;
                tables.map_pages(mem, self.addr(index), 1, Prot::KERNEL, |_| pfn)?;
                state.enter(index, pfn);
                index
            }
        };
        if let Some(slot) = state.slots.get_mut(index) {
            slot.count += 1;
        }
        Ok(self.addr(index))
    }
    /// Finds an empty slot, going on from the last one; empties the unused ones when the round is complete.
    fn take_slot<M: Machine>(
        &self,
        mem: &Memory<M>,
        tables: &PageTables,
        state: &mut State,
    ) -> Result<u32, AllocError> {
        for _ in 0..2 * self.slots {
            state.last = (state.last + 1) % self.slots;
            if state.last == 0 {
                self.flush(mem, tables, state);
            }
            if state.slots.get(state.last).is_some_and(|slot| slot.count == 0) {
                return Ok(state.last);
            }
        }
        Err(AllocError::NoSlot)
    }
    fn flush<M: Machine>(&self, mem: &Memory<M>, tables: &PageTables, state: &mut State) {
        let mut flushed = false;
        for index in 0..self.slots {
            if state.slots.get(index).is_some_and(|slot| slot.count == 1) {
                state.leave(index);
                tables.unmap_pages(mem, self.addr(index), 1);
                flushed = true;
            }
        }
        if flushed {
            mem.machine.flush_tlb(self.range.start, self.range.end);
        }
    }
    fn unmap(&self, pfn: Pfn) -> Result<(), Misuse> {
        let mut state = self.state.lock();
        let index = state.find(pfn).ok_or(Misuse::BadArgument("kunmap of a page that is not mapped"))?;
        let addr = self.addr(index);
        match state.slots.get_mut(index) {
            Some(slot) if slot.count > 1 => slot.count -= 1,
            _ => return Err(Misuse::NotMapped(addr)),
        }
        Ok(())
    }
    fn address(&self, pfn: Pfn) -> Option<VirtAddr> {
        self.state.lock().find(pfn).map(|index| self.addr(index))
    }
    fn slot(&self, index: u32) -> Option<KmapSlot> {
        let state = self.state.lock();
        let slot = state.slots.get(index).filter(|slot| slot.count > 0)?;
        Some(KmapSlot { addr: self.addr(index), pfn: slot.pfn, users: slot.count - 1 })
    }
    /// Returns the number of the slot whose address this is.
    pub(super) fn slot_of(&self, addr: VirtAddr) -> Option<u32> {
        let offset = self.range.contains(addr).then(|| addr.raw() - self.range.start.raw())?;
        Some((offset >> PAGE_SHIFT) as u32)
    }
    /// Returns what a slot has.
    pub(super) fn describe(&self, index: u32) -> Option<KmapSlot> {
        self.slot(index)
    }

    /// Checks K1 and K2.
    pub(super) fn verify<M: Machine>(&self, mem: &Memory<M>, tables: &PageTables) -> Result<(), Broken> {
        let state = self.state.lock();
        for index in 0..self.slots {
            let Some(slot) = state.slots.get(index) else { break };
            let (at, expected) = (self.addr(index), slot.pfn.phys());
            let found = tables.translate(mem, at).map(|found| found.phys);
            if found != (slot.count > 0).then_some(expected) {
                let found = found.unwrap_or_default().raw();
                return Err(Broken { what: "kmap K1", at: at.raw(), found, expected: expected.raw() });
            }
            let (found, expected) = (state.find(slot.pfn), Some(index));
            if slot.count > 0 && found != expected {
                let found = found.map_or(u64::MAX, u64::from);
                return Err(Broken { what: "kmap K2", at: at.raw(), found, expected: index.into() });
            }
        }
        let in_buckets = state.bucket.iter().map(|&link| state.chain_length(link)).sum::<u64>();
        let in_slots = (0..self.slots).filter(|&index| state.slots.get(index).is_some_and(|slot| slot.count > 0));
        let expected = in_slots.count() as u64;
        if in_buckets != expected {
            return Err(Broken { what: "kmap K2", at: self.range.start.raw(), found: in_buckets, expected });
        }
        Ok(())
    }
}

impl State {
    fn bucket_of(pfn: Pfn) -> usize {
        (pfn.raw() ^ (pfn.raw() >> 6)) as usize % BUCKETS
    }
    fn slot(&self, link: Link) -> Option<&Slot> {
        self.slots.get(link.checked_sub(1)?)
    }
    fn find(&self, pfn: Pfn) -> Option<u32> {
        let mut link = self.bucket[Self::bucket_of(pfn)];
        while let Some(slot) = self.slot(link) {
            if slot.pfn == pfn {
                return Some(link - 1);
            }
            link = slot.next;
        }
        None
    }
    /// Gives an empty slot a page; its count is then 1.
    fn enter(&mut self, index: u32, pfn: Pfn) {
        let bucket = Self::bucket_of(pfn);
        let next = self.bucket[bucket];
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot { pfn, count: 1, next };
            self.bucket[bucket] = index + 1;
        }
    }
    /// Empties a slot.
    fn leave(&mut self, index: u32) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let (pfn, next) = (slot.pfn, slot.next);
        *slot = Slot::default();
        let bucket = Self::bucket_of(pfn);
        if self.bucket[bucket] == index + 1 {
            self.bucket[bucket] = next;
            return;
        }
        let mut link = self.bucket[bucket];
        while let Some(before) = link.checked_sub(1).and_then(|before| self.slots.get_mut(before)) {
            if before.next == index + 1 {
                before.next = next;
                return;
            }
            link = before.next;
        }
    }
    fn chain_length(&self, mut link: Link) -> u64 {
        let mut length = 0;
        while let Some(slot) = self.slot(link) {
            length += 1;
            link = slot.next;
            if length > u64::from(self.slots.len()) {
                break;
            }
        }
        length
    }
}

impl Map {
    /// Gives a page an address: `kmap`. A low page has one; a high page gets a slot of the pkmap window, or one more
    /// user of the slot it has. Process context: where it says `NoSlot`, the kernel sleeps until a slot is free.
    ///
    /// # Errors
    /// [`AllocError::NoSlot`]; [`AllocError::Unsupported`] for a page that is no RAM.
    pub fn kmap<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn) -> Result<VirtAddr, AllocError> {
        if let Some(addr) = mem.phys_to_virt(pfn.phys()).filter(|_| mem.is_ram(pfn)) {
            return Ok(addr);
        }
        match &self.virt {
            Some(virt) if mem.is_ram(pfn) => virt.pkmap.map(mem, &virt.tables, pfn),
            _ => Err(NO_RAM),
        }
    }
    /// Takes one user away: `kunmap`.
    ///
    /// # Errors
    /// [`Misuse::NotMapped`] when the page is only kept, [`Misuse::BadArgument`] when it has no slot.
    pub fn kunmap<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn) -> Result<(), Misuse> {
        match &self.virt {
            Some(virt) if mem.phys_to_virt(pfn.phys()).is_none() => virt.pkmap.unmap(pfn),
            _ => Ok(()),
        }
    }
    /// Returns the address of a page, if it has one: the direct map's, or that of its pkmap slot, a kept one too.
    pub fn page_address<M: Machine>(&self, mem: &Memory<M>, pfn: Pfn) -> Option<VirtAddr> {
        mem.phys_to_virt(pfn.phys()).or_else(|| self.virt.as_ref()?.pkmap.address(pfn))
    }
    /// Empties the slots that nobody uses: `kmap_flush_unused`.
    pub fn kmap_flush_unused<M: Machine>(&self, mem: &Memory<M>) {
        if let Some(virt) = &self.virt {
            let mut state = virt.pkmap.state.lock();
            virt.pkmap.flush(mem, &virt.tables, &mut state);
        }
    }
    /// Returns the slots of the pkmap window that have a page, by address.
    pub fn kmap_slots(&self) -> impl Iterator<Item = KmapSlot> + '_ {
        let slots = |pkmap: &Pkmap| 0..pkmap.slots;
        self.virt.iter().flat_map(move |virt| slots(&virt.pkmap).filter_map(move |index| virt.pkmap.slot(index)))
    }
}

pub(super) const NO_RAM: AllocError = AllocError::Unsupported("kmap of a page that is no RAM");

#[cfg(test)]
mod tests {
    use super::super::tests::ground::{TestKernel, PAE};
    use super::*;
    use crate::gfp::Gfp;
    use crate::units::Order;

    /// K1 and K2: each is broken on purpose and named.
    #[test]
    fn verify_names_what_is_broken() {
        let broken = |break_it: &dyn Fn(&TestKernel, &Pkmap), expected: &str| {
            let kernel = PAE.boot();
            for _ in 0..3 {
                let pfn = kernel.memory.alloc_pages(Gfp::HIGHUSER, Order::ZERO).expect("there is memory");
                assert!(kernel.map.kmap(&kernel.memory, pfn).is_ok());
            }
            assert_eq!(kernel.map.verify(&kernel.memory), Ok(()));
            let virt = kernel.map.virt.as_ref().expect("there is an MMU");
            break_it(&kernel, &virt.pkmap);
            assert_eq!(kernel.map.verify(&kernel.memory).map_err(|broken| broken.what), Err(expected));
        };
        let unmap = |kernel: &TestKernel, pkmap: &Pkmap| {
            let tables = kernel.map.tables().expect("there is an MMU");
            assert_eq!(tables.unmap_pages(&kernel.memory, pkmap.addr(2), 1), 1);
        };
        broken(&unmap, "kmap K1");
        let with_slot = |pkmap: &Pkmap, change: &dyn Fn(&mut Slot)| {
            change(pkmap.state.lock().slots.get_mut(2).expect("it is there"));
        };
        broken(&|_, pkmap| with_slot(pkmap, &|slot| slot.count = 0), "kmap K1");
        broken(&|_, pkmap| with_slot(pkmap, &|slot| slot.pfn = slot.pfn.add(1)), "kmap K1");
        broken(&|_, pkmap| pkmap.state.lock().bucket = [0; BUCKETS], "kmap K2");
        broken(&|_, pkmap| pkmap.state.lock().bucket[63] = 9, "kmap K2");
    }
}
