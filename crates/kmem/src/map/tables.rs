//! Page tables of the kernel: the writer.
//!
//! Tables lie in pages of low memory that come from the page allocator when they are first needed and stay for good,
//! as in a kernel: an empty table costs less than finding out that it is empty.
//!
//! Two CPUs may map different pages under the same table at once. An entry of the last level belongs to whoever owns
//! the address, so it is written without a lock; entering a *table* is what they can collide in. The page for it is
//! allocated first, without a lock; then, under the lock, whoever finds the place still empty enters it and the other
//! gives its page back. Readers (the MMU, a fault handler) take no lock: an entry is written in one piece, or so that
//! it counts as empty until it is whole.
//!
//! # Invariants, checked by [`PageTables::verify`]
//! - **T1** Every table lies in low memory and is aligned to its size.
//! - **T2** Tables that share a page are entered at neighbouring places (the format's `below`).
//! - **T3** Where the format has a second entry, it is what belongs to the hardware's.
//!
//! Kernel counterpart: `mm/vmalloc.c` (`vmap_pte_range`, `vunmap_pte_range`), `__pte_alloc_kernel` in `mm/memory.c`.

mod process;

pub(crate) use process::Slot;

use super::entry::{Entry, LeafAllowed, Level, PagingFormat, Prot, RootRead};
use super::walk::{translate, walk, Translation, Walk};
use crate::error::{AllocError, Broken};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::{Order, Pfn, PhysAddr, VirtAddr, PAGE_SIZE};

/// Why a page was not mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapError {
    /// No page for a table.
    Table(AllocError),
    /// Something is mapped at this address.
    Busy(VirtAddr),
    /// The machine has no such address, or it has another use.
    BadAddress(VirtAddr),
}

impl From<MapError> for AllocError {
    fn from(error: MapError) -> Self {
        match error {
            MapError::Table(error) => error,
            MapError::Busy(_) => Self::Unsupported("the address is mapped already"),
            MapError::BadAddress(_) => Self::Unsupported("the machine cannot map this address"),
        }
    }
}

/// One tree of page tables.
///
/// # Invariants
/// Everything under `root` was written by this type, in `format`.
pub struct PageTables {
    format: &'static PagingFormat,
    root: PhysAddr,
    /// Held while a table is entered.
    install: SpinLock<()>,
    table_pages: AtomicU32,
}

impl PageTables {
    /// Makes an empty tree.
    pub(super) fn new<M: Machine>(mem: &Memory<M>, format: &'static PagingFormat) -> Result<Self, AllocError> {
        let order = Order::covering(format.root_bytes()).unwrap_or(Order::ZERO);
        let root = mem.alloc_pages(Gfp::KERNEL | Gfp::ZERO, order)?;
        mem.pages.keep(root, true);
        let root = root.phys();
        let table_pages = AtomicU32::new(order.pages() as u32);
        let tables = Self { format, root, install: SpinLock::new(()), table_pages };
        if format.root_read == RootRead::WhenLoaded {
            let level = tables.level(0);
            for index in 0..1 << level.bits {
                let va = VirtAddr::new(index << level.shift);
                tables.table_for(mem, va, 1).map_err(AllocError::from)?;
            }
        }
        Ok(tables)
    }
    /// Returns the format.
    pub fn format(&self) -> &'static PagingFormat {
        self.format
    }
    /// Returns where the root lies.
    pub fn root(&self) -> PhysAddr {
        self.root
    }
    /// Returns how many pages the tables take, the root's included.
    pub fn table_pages(&self) -> u64 {
        self.table_pages.load(Ordering::Relaxed).into()
    }
    /// Translates an address.
    pub fn translate<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr) -> Option<Translation> {
        translate(self.format, self.root, va, |at, bytes| mem.ram.read_entry(at, bytes))
    }
    /// Walks to an address and records each level.
    pub fn walk<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr) -> Walk {
        walk(self.format, self.root, va, |at, bytes| mem.ram.read_entry(at, bytes))
    }

    /// Maps `count` small pages from `va` on; `page(i)` says which. Where it fails, the pages before stay mapped: the
    /// caller unmaps the whole range.
    pub(super) fn map_pages<M: Machine>(
        &self,
        mem: &Memory<M>,
        va: VirtAddr,
        count: u64,
        prot: Prot,
        mut page: impl FnMut(u64) -> Pfn,
    ) -> Result<(), MapError> {
        let last = self.format.last();
        let level = self.level(last);
        let mut done = 0;
        while done < count {
            let va = va.offset(done * PAGE_SIZE);
            let table = self.table_for(mem, va, last)?;
            let here = ((1 << level.bits) - level.index(va)).min(count - done);
            let at = level.entry_at(table, va);
            for i in 0..here {
                let at = at.offset(i * u64::from(level.entry_bytes));
                if self.decode(mem, last, at) != Entry::None {
                    return Err(MapError::Busy(va.offset(i * PAGE_SIZE)));
                }
                self.write_leaf(mem, last, at, page(done + i).phys(), prot);
            }
            done += here;
        }
        Ok(())
    }

    /// Maps a physically contiguous range, with the largest leaves that alignment and length allow.
    pub(super) fn map_range<M: Machine>(
        &self,
        mem: &Memory<M>,
        va: VirtAddr,
        phys: PhysAddr,
        bytes: u64,
        prot: Prot,
    ) -> Result<(), MapError> {
        let mut done = 0;
        while done < bytes {
            let (va, phys) = (va.offset(done), phys.offset(done));
            let number = self.largest_leaf(mem, va, phys, bytes - done);
            let level = self.level(number);
            let table = self.table_for(mem, va, number)?;
            let at = level.entry_at(table, va);
            if self.decode(mem, number, at) != Entry::None {
                return Err(MapError::Busy(va));
            }
            self.write_leaf(mem, number, at, phys, prot);
            done += level.bytes();
        }
        Ok(())
    }

    /// Makes sure that the tables for a range exist, so that mapping pages in it cannot fail.
    pub(super) fn prepare<M: Machine>(&self, mem: &Memory<M>, start: VirtAddr, end: VirtAddr) -> Result<(), MapError> {
        let last = self.format.last();
        let span = self.level(last - 1).bytes();
        // Counted in spans, because the last one may end where the addresses do.
        for number in start.raw() / span..end.raw().div_ceil(span) {
            self.table_for(mem, VirtAddr::new(number * span), last)?;
        }
        Ok(())
    }

    /// Unmaps what is mapped of `count` small pages from `va` on; returns how many that were. The caller flushes.
    pub(super) fn unmap_pages<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr, count: u64) -> u64 {
        let last = self.format.last();
        let level = self.level(last);
        let (mut done, mut unmapped) = (0, 0);
        while done < count {
            let va = va.offset(done * PAGE_SIZE);
            let here = ((1 << level.bits) - level.index(va)).min(count - done);
            if let Some(table) = self.find_table(mem, va, last) {
                let at = level.entry_at(table, va);
                for i in 0..here {
                    let at = at.offset(i * u64::from(level.entry_bytes));
                    if self.decode(mem, last, at) != Entry::None {
                        self.clear(mem, last, at);
                        unmapped += 1;
                    }
                }
            }
            done += here;
        }
        unmapped
    }

    /// Finds the first mapped page at or above `from`, below `end`.
    pub(super) fn next_mapped<M: Machine>(
        &self,
        mem: &Memory<M>,
        from: VirtAddr,
        end: VirtAddr,
    ) -> Option<(VirtAddr, Translation)> {
        let mut va = from;
        while va < end {
            let walk = self.walk(mem, va);
            if let Some(found) = walk.result {
                return Some((va, found));
            }
            let next = match walk.steps().last() {
                Some(step) => (va.raw() | (self.level(step.level).bytes() - 1)).checked_add(1).map(VirtAddr::new),
                // Between the halves.
                None => self.format.upper_half().filter(|&upper| upper > va),
            };
            va = next?;
        }
        None
    }

    fn level(&self, number: usize) -> &'static Level {
        &self.format.levels[number]
    }
    fn decode<M: Machine>(&self, mem: &Memory<M>, level: usize, at: PhysAddr) -> Entry {
        let raw = mem.ram.read_entry(at, self.level(level).entry_bytes).unwrap_or(0);
        (self.format.decode)(level, raw)
    }
    fn write<M: Machine>(&self, mem: &Memory<M>, level: usize, at: PhysAddr, raw: u64) {
        let written = mem.ram.write_entry(at, self.level(level).entry_bytes, raw);
        debug_assert!(written.is_some(), "T1: a table at {at} outside low memory");
    }
    fn write_leaf<M: Machine>(&self, mem: &Memory<M>, level: usize, at: PhysAddr, phys: PhysAddr, prot: Prot) {
        if let (Some(soft), true) = (self.format.soft, level == self.format.last()) {
            let copy = PhysAddr::new(at.raw().wrapping_sub(soft.below));
            self.write(mem, level, copy, (soft.encode)(phys, prot));
        }
        self.write(mem, level, at, (self.format.encode_leaf)(level, phys, prot));
    }
    fn clear<M: Machine>(&self, mem: &Memory<M>, level: usize, at: PhysAddr) {
        // The word with the present bit goes first: a reader must not see half an entry as a whole one.
        mem.ram.write_entry(at, 4, 0);
        self.write(mem, level, at, 0);
        if let (Some(soft), true) = (self.format.soft, level == self.format.last()) {
            self.write(mem, level, PhysAddr::new(at.raw().wrapping_sub(soft.below)), 0);
        }
    }
    /// Returns the highest level where a leaf for `va` fits, in size and alignment, and no table stands in its place.
    fn largest_leaf<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr, phys: PhysAddr, bytes: u64) -> usize {
        let fits = |number: &usize| {
            let level = self.level(*number);
            let size = level.bytes();
            let fits = level.leaf == LeafAllowed::Yes && size <= bytes && va.is_aligned(size) && phys.is_aligned(size);
            fits && self.find_table(mem, va, *number + 1).is_none()
        };
        (0..self.format.last()).find(fits).unwrap_or(self.format.last())
    }

    /// Finds the table of a level that serves `va`.
    fn find_table<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr, wanted: usize) -> Option<PhysAddr> {
        let mut table = self.root;
        for number in 0..wanted {
            match self.decode(mem, number, self.level(number).entry_at(table, va)) {
                Entry::Table(next) => table = next,
                Entry::None | Entry::Leaf { .. } => return None,
            }
        }
        Some(table)
    }
    /// Finds the table of a level that serves `va`; makes the tables that are missing on the way.
    fn table_for<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr, wanted: usize) -> Result<PhysAddr, MapError> {
        if !self.format.translates(va) {
            return Err(MapError::BadAddress(va));
        }
        let mut table = self.root;
        for number in 0..wanted {
            let at = self.level(number).entry_at(table, va);
            table = match self.decode(mem, number, at) {
                Entry::Table(next) => next,
                Entry::None => self.add_table(mem, number, table, va)?,
                Entry::Leaf { .. } => return Err(MapError::Busy(va)),
            };
        }
        Ok(table)
    }

    /// Enters a new page of tables into `table`, of level `number`, where `va` needs it. Returns the table for `va`.
    fn add_table<M: Machine>(
        &self,
        mem: &Memory<M>,
        number: usize,
        table: PhysAddr,
        va: VirtAddr,
    ) -> Result<PhysAddr, MapError> {
        let page = mem.alloc_pages(Gfp::KERNEL | Gfp::ZERO, Order::ZERO).map_err(MapError::Table)?;
        mem.pages.keep(page, true);
        if !self.enter(mem, number, table, va, page) {
            // It was just allocated, so giving it back cannot be refused.
            mem.pages.keep(page, false);
            let _ = mem.free_pages(page, Order::ZERO);
        }
        match self.decode(mem, number, self.level(number).entry_at(table, va)) {
            Entry::Table(table) => Ok(table),
            Entry::None | Entry::Leaf { .. } => Err(MapError::Busy(va)),
        }
    }
    /// Enters a page of tables into `table` where `va` needs it, unless somebody else has. True when the page is now
    /// one of the tree's.
    fn enter<M: Machine>(&self, mem: &Memory<M>, number: usize, table: PhysAddr, va: VirtAddr, page: Pfn) -> bool {
        let level = self.level(number);
        let below = self.level(number + 1).table_bytes();
        let sharing = u64::from(level.below.tables);
        let first = level.index(va) & !(sharing - 1);
        let entry_at = |k: u64| table.offset((first + k) * u64::from(level.entry_bytes));

        let lock = self.install.lock();
        let mut base = page.phys().offset(level.below.offset);
        let mut is_new = true;
        for k in 0..sharing {
            // A neighbour that has its table already lies in the page whose other part is ours.
            if let Entry::Table(theirs) = self.decode(mem, number, entry_at(k)) {
                base = PhysAddr::new(theirs.raw() - k * below);
                is_new = false;
            }
        }
        for k in 0..sharing {
            if self.decode(mem, number, entry_at(k)) == Entry::None {
                let raw = (self.format.encode_table)(number, base.offset(k * below));
                self.write(mem, number, entry_at(k), raw);
            }
        }
        drop(lock);
        if is_new {
            self.table_pages.fetch_add(1, Ordering::Relaxed);
        }
        is_new
    }

    /// Checks T1 to T3; O(tables × entries). Nothing is mapped or unmapped meanwhile.
    pub(crate) fn verify<M: Machine>(&self, mem: &Memory<M>) -> Result<(), Broken> {
        self.verify_table(mem, 0, self.root)
    }
    fn verify_table<M: Machine>(&self, mem: &Memory<M>, number: usize, table: PhysAddr) -> Result<(), Broken> {
        let level = self.level(number);
        let broken = |what, at: PhysAddr, found, expected| Err(Broken { what, at: at.raw(), found, expected });
        if !table.is_aligned(level.table_bytes()) || !mem.ram.holds(table, level.table_bytes()) {
            return broken("page tables T1", table, table.raw(), level.table_bytes());
        }
        let below = self.format.levels.get(number + 1).map_or(0, Level::table_bytes);
        let mut neighbour = None;
        for index in 0..1u64 << level.bits {
            let at = table.offset(index * u64::from(level.entry_bytes));
            let place = index & u64::from(level.below.tables - 1);
            if place == 0 {
                neighbour = None;
            }
            match self.decode(mem, number, at) {
                Entry::Table(next) => {
                    let first = next.raw().wrapping_sub(place * below);
                    let offset = first & (PAGE_SIZE - 1);
                    if offset != level.below.offset || neighbour.is_some_and(|known| known != first) {
                        return broken("page tables T2", at, first, neighbour.unwrap_or(level.below.offset));
                    }
                    neighbour = Some(first);
                    self.verify_table(mem, number + 1, next)?;
                }
                entry => self.verify_soft(mem, number, at, entry)?,
            }
        }
        Ok(())
    }
    fn verify_soft<M: Machine>(
        &self,
        mem: &Memory<M>,
        number: usize,
        at: PhysAddr,
        entry: Entry,
    ) -> Result<(), Broken> {
        let (Some(soft), true) = (self.format.soft, number == self.format.last()) else { return Ok(()) };
        let copy = PhysAddr::new(at.raw().wrapping_sub(soft.below));
        let found = mem.ram.read_entry(copy, self.level(number).entry_bytes).unwrap_or(0);
        let expected = match entry {
            Entry::Leaf { addr, prot } => (soft.encode)(addr, prot),
            Entry::None | Entry::Table(_) => 0,
        };
        if found == expected {
            return Ok(());
        }
        Err(Broken { what: "page tables T3", at: copy.raw(), found, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ground::{TestKernel, ALL, AMD64, ARM, I386, PAE};
    use super::*;

    fn tables(kernel: &TestKernel) -> PageTables {
        PageTables::new(&kernel.memory, kernel.profile.paging.expect("there is an MMU")).expect("there is memory")
    }
    fn page(index: u64) -> Pfn {
        Pfn::new(0x1000 + index)
    }

    #[test]
    fn pages_are_mapped_across_tables_and_unmapped() {
        for ground in ALL {
            let kernel = ground.boot();
            let (mem, tables) = (&kernel.memory, tables(&kernel));
            let start = VirtAddr::new(0xd03f_e000);
            assert_eq!(tables.map_pages(mem, start, 1000, Prot::KERNEL, page), Ok(()));
            for index in [0, 1, 2, 999] {
                let va = start.offset(index * PAGE_SIZE);
                assert_eq!(tables.translate(mem, va).map(|found| found.phys), Some(page(index).phys()), "{ground:?}");
            }
            assert_eq!(tables.translate(mem, start.offset(u64::MAX)), None);
            assert_eq!(tables.translate(mem, start.offset(1000 * PAGE_SIZE)), None);
            let busy = start.offset(500 * PAGE_SIZE);
            assert_eq!(tables.map_pages(mem, busy, 1, Prot::KERNEL, page), Err(MapError::Busy(busy)));
            assert_eq!(tables.verify(mem), Ok(()));
            let end = VirtAddr::new(0xe000_0000);
            assert_eq!(tables.next_mapped(mem, VirtAddr::new(0), end).map(|(va, _)| va), Some(start));
            assert_eq!(tables.unmap_pages(mem, start.offset(PAGE_SIZE), 2000), 999);
            assert_eq!(tables.unmap_pages(mem, start, 1), 1);
            assert_eq!(tables.next_mapped(mem, VirtAddr::new(0), end), None);
            assert_eq!(tables.verify(mem), Ok(()));
            let upper = tables.format().upper_half();
            let beyond = upper.map_or(VirtAddr::new(1 << 32), |upper| VirtAddr::new(upper.raw() - PAGE_SIZE));
            assert_eq!(tables.map_pages(mem, beyond, 1, Prot::KERNEL, page), Err(MapError::BadAddress(beyond)));
        }
    }

    #[test]
    fn large_leaves_where_everything_is_aligned() {
        for ground in ALL {
            let kernel = ground.boot();
            let (mem, tables) = (&kernel.memory, tables(&kernel));
            let format = tables.format();
            let large = format.levels[format.last() - 1].bytes();
            let va = VirtAddr::new(0xd000_0000 + 2 * large - 2 * PAGE_SIZE);
            let phys = PhysAddr::new(0x0800_0000 + 2 * large - 2 * PAGE_SIZE);
            let bytes = 2 * PAGE_SIZE + 2 * large + 3 * PAGE_SIZE;
            assert_eq!(tables.map_range(mem, va, phys, bytes, Prot::KERNEL_EXEC), Ok(()));
            let mut at = va;
            let mut sizes = Vec::new();
            while let Some((found, leaf)) = tables.next_mapped(mem, at, va.offset(bytes + large)) {
                assert_eq!((found, leaf.phys), (at, phys.offset(at.raw() - va.raw())), "{ground:?}");
                sizes.push(leaf.page_bytes);
                at = at.offset(leaf.page_bytes);
            }
            assert_eq!(sizes, [PAGE_SIZE, PAGE_SIZE, large, large, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE]);
            let inside = VirtAddr::new(0xd000_0000 + 2 * large);
            assert_eq!(tables.map_pages(mem, inside, 1, Prot::KERNEL, page), Err(MapError::Busy(inside)));
            assert_eq!(tables.verify(mem), Ok(()));
        }
    }

    /// The pair of tables that share a page: the page is one, whichever half comes first and whatever stands beside it.
    #[test]
    fn arm_tables_come_in_pairs() {
        let kernel = ARM.boot();
        let (mem, tables) = (&kernel.memory, tables(&kernel));
        let level = tables.level(0);
        let raw = |va| mem.ram.read_entry(level.entry_at(tables.root(), VirtAddr::new(va)), 4).unwrap_or(0);
        assert_eq!(tables.map_pages(mem, VirtAddr::new(0xd010_0000), 1, Prot::KERNEL, page), Ok(()));
        assert_eq!((raw(0xd000_0000) & 0xfff, raw(0xd010_0000) & 0xfff), (0x811, 0xc11));
        assert_eq!(raw(0xd000_0000) >> 12, raw(0xd010_0000) >> 12);
        assert_eq!(tables.table_pages(), 5, "the root has 4");

        let section = PhysAddr::new(0x0900_0000);
        assert_eq!(tables.map_range(mem, VirtAddr::new(0xd040_0000), section, 1 << 20, Prot::KERNEL), Ok(()));
        assert_eq!(tables.map_pages(mem, VirtAddr::new(0xd050_0000), 1, Prot::KERNEL, page), Ok(()));
        assert_eq!(raw(0xd050_0000) & 0xfff, 0xc11, "beside a section");
        tables.clear(mem, 0, level.entry_at(tables.root(), VirtAddr::new(0xd040_0000)));
        let before = tables.table_pages();
        assert_eq!(tables.map_pages(mem, VirtAddr::new(0xd040_0000), 1, Prot::KERNEL, page), Ok(()));
        assert_eq!(raw(0xd040_0000) >> 12, raw(0xd050_0000) >> 12, "its half of the page that is there");
        assert_eq!(tables.table_pages(), before);

        let half = PhysAddr::new(0x0910_0000 - PAGE_SIZE);
        let va = VirtAddr::new(0xd080_0000 + (1 << 20) - PAGE_SIZE);
        assert_eq!(tables.map_range(mem, va, half, PAGE_SIZE + (1 << 20), Prot::KERNEL), Ok(()));
        let found = tables.translate(mem, VirtAddr::new(0xd090_0000)).map(|found| found.page_bytes);
        assert_eq!(found, Some(PAGE_SIZE), "no section where the pair has brought a table");
        assert_eq!(tables.verify(mem), Ok(()));
    }

    /// The fixmap of a 64-bit kernel ends a page or two below the end of all addresses.
    #[test]
    fn tables_at_the_very_top() {
        let kernel = AMD64.boot();
        let (mem, tables) = (&kernel.memory, tables(&kernel));
        let (start, end) = (VirtAddr::new(0xffff_ffff_ffc0_1000), VirtAddr::new(0xffff_ffff_ffff_f000));
        assert_eq!(tables.prepare(mem, start, end), Ok(()));
        assert_eq!(tables.table_pages(), 5, "a table for each 2 MiB, and one of each level above");
        assert_eq!(tables.map_pages(mem, end, 1, Prot::KERNEL, page), Ok(()));
        assert_eq!(
            tables.next_mapped(mem, VirtAddr::new(1 << 40), VirtAddr::new(u64::MAX)).map(|(va, _)| va),
            Some(end)
        );
        assert_eq!(
            tables.next_mapped(mem, VirtAddr::new(u64::MAX - 1), VirtAddr::new(u64::MAX)).map(|(va, _)| va.page_down()),
            Some(end)
        );
        assert_eq!(tables.unmap_pages(mem, end, 1), 1);
        assert_eq!(tables.next_mapped(mem, start, VirtAddr::new(u64::MAX)), None);
        assert_eq!(tables.verify(mem), Ok(()));
    }

    #[test]
    fn a_root_that_is_read_once_is_full() {
        let kernel = PAE.boot();
        let tables = tables(&kernel);
        for index in 0..4 {
            assert!(matches!(tables.decode(&kernel.memory, 0, tables.root().offset(index * 8)), Entry::Table(_)));
        }
        assert_eq!(tables.table_pages(), 5);
    }

    /// T1 to T3: each is broken on purpose and named.
    #[test]
    fn verify_names_what_is_broken() {
        let va = VirtAddr::new(0xd000_0000);
        let broken = |kernel: &TestKernel, expected: &str, break_it: &dyn Fn(&PageTables)| {
            let tables = tables(kernel);
            assert_eq!(tables.map_pages(&kernel.memory, va, 1, Prot::KERNEL, page), Ok(()));
            assert_eq!(tables.verify(&kernel.memory), Ok(()));
            break_it(&tables);
            assert_eq!(tables.verify(&kernel.memory).map_err(|broken| broken.what), Err(expected));
        };
        for ground in [I386, PAE] {
            let kernel = ground.boot();
            let high = kernel.plan().layout.low.end;
            broken(&kernel, "page tables T1", &|tables| {
                let (number, format) = (tables.format().last() - 1, tables.format());
                let table = tables.find_table(&kernel.memory, va, number).expect("it is there");
                let at = format.levels[number].entry_at(table, va);
                tables.write(&kernel.memory, number, at, (format.encode_table)(number, high));
            });
        }
        let phone = ARM.boot();
        let mem = &phone.memory;
        broken(&phone, "page tables T2", &|tables| {
            let at = tables.level(0).entry_at(tables.root(), va);
            let Entry::Table(first) = tables.decode(mem, 0, at) else { panic!("it is there") };
            tables.write(mem, 0, at.offset(4), (tables.format().encode_table)(0, first.offset(PAGE_SIZE + 1024)));
        });
        broken(&phone, "page tables T3", &|tables| {
            let table = tables.find_table(mem, va, 1).expect("it is there");
            tables.write(mem, 1, PhysAddr::new(table.raw() - 2048), 0);
        });
    }
}
