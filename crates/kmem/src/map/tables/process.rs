//! Tables of a process: the user part is its own, the kernel part is everybody's.
//!
//! The root's entries above the user part are copied from the kernel's own root when a process begins, so both lead to
//! the same tables: with PAE to one pmd page, on i386 to the same pte pages, with ARM's short descriptors to those or to
//! the same sections. Tables of the user part come and go with the process, unlike the kernel's.
//!
//! Nothing here allocates but the making of the root: whoever calls holds the process's lock, under which nobody waits
//! for memory. A missing table is named, its page is allocated without the lock and then supplied.
//!
//! Kernel counterpart: `pgd_alloc` in `arch/x86/mm/pgtable.c` and `arch/arm/mm/pgd.c`; `__pte_alloc`, `free_pgd_range`
//! in `mm/memory.c`.

use super::PageTables;
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::map::entry::{Entry, Prot, RootRead};
use crate::memory::Memory;
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::{align_up, Order, Pfn, PhysAddr, VirtAddr, PAGE_SIZE};

/// What the tables of a process say about an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    /// A table on the way is missing.
    NoTable,
    /// Nothing is mapped.
    Empty,
    /// A page is mapped.
    Page(Pfn, Prot),
}

impl PageTables {
    /// Makes the tables of a process whose addresses end at `task_size`, which is where an entry of the root begins.
    pub(crate) fn of_process<M: Machine>(
        mem: &Memory<M>,
        kernel: &PageTables,
        task_size: u64,
    ) -> Result<Self, AllocError> {
        let format = kernel.format;
        let order = Order::covering(format.root_bytes()).unwrap_or(Order::ZERO);
        let root = mem.alloc_pages(Gfp::KERNEL | Gfp::ZERO, order)?;
        mem.pages.keep(root, true);
        let table_pages = AtomicU32::new(order.pages() as u32);
        let tables = Self { format, root: root.phys(), install: SpinLock::new(()), table_pages };
        let level = tables.level(0);
        let first_shared = task_size.div_ceil(level.bytes());
        for index in first_shared..1 << level.bits {
            let offset = index * u64::from(level.entry_bytes);
            let raw = mem.ram.read_entry(kernel.root.offset(offset), level.entry_bytes).unwrap_or(0);
            tables.write(mem, 0, tables.root.offset(offset), raw);
        }
        if format.root_read == RootRead::WhenLoaded {
            for index in 0..first_shared {
                if let Err(error) = tables.table_for(mem, VirtAddr::new(index << level.shift), 1) {
                    tables.free_process(mem, task_size);
                    return Err(error.into());
                }
            }
        }
        Ok(tables)
    }

    /// Says what is mapped at `va`.
    pub(crate) fn slot<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr) -> Slot {
        let last = self.format.last();
        let Some(table) = self.find_table(mem, va, last) else { return Slot::NoTable };
        match self.decode(mem, last, self.level(last).entry_at(table, va)) {
            Entry::Leaf { addr, prot } => Slot::Page(Pfn::containing(addr), prot),
            Entry::None | Entry::Table(_) => Slot::Empty,
        }
    }
    /// Writes the entry of the small page at `va`, whose tables exist; false where they do not.
    pub(crate) fn set_page<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr, pfn: Pfn, prot: Prot) -> bool {
        let last = self.format.last();
        let Some(table) = self.find_table(mem, va, last) else { return false };
        self.write_leaf(mem, last, self.level(last).entry_at(table, va), pfn.phys(), prot);
        true
    }
    /// Takes the first page that is mapped at or above `from`, below `end`, out of the tables. The caller flushes.
    pub(crate) fn take_next<M: Machine>(
        &self,
        mem: &Memory<M>,
        from: VirtAddr,
        end: VirtAddr,
    ) -> Option<(VirtAddr, Pfn)> {
        let (va, found) = self.next_mapped(mem, from, end)?;
        self.unmap_pages(mem, va, 1);
        Some((va, Pfn::containing(found.phys)))
    }
    /// Returns the pages that are mapped below `end`, by address.
    pub(crate) fn pages<'a, M: Machine>(
        &'a self,
        mem: &'a Memory<M>,
        end: VirtAddr,
    ) -> impl Iterator<Item = (VirtAddr, Pfn)> + 'a {
        let mut at = VirtAddr::new(0);
        core::iter::from_fn(move || {
            let (va, found) = self.next_mapped(mem, at, end)?;
            at = va.offset(PAGE_SIZE);
            Some((va, Pfn::containing(found.phys)))
        })
    }
    /// Enters `page`, zeroed, as the highest table that is missing on the way to `va`; returns its level. `None` when
    /// none is missing: the page is still the caller's.
    pub(crate) fn supply<M: Machine>(&self, mem: &Memory<M>, va: VirtAddr, page: Pfn) -> Option<usize> {
        let mut table = self.root;
        for number in 0..self.format.last() {
            match self.decode(mem, number, self.level(number).entry_at(table, va)) {
                Entry::Table(next) => table = next,
                Entry::Leaf { .. } => return None,
                Entry::None => {
                    mem.pages.keep(page, true);
                    let is_new = self.enter(mem, number, table, va, page);
                    mem.pages.keep(page, is_new);
                    return is_new.then_some(number + 1);
                }
            }
        }
        None
    }

    /// Frees the tables that serve no address outside of `floor..ceiling`, in which nothing is mapped. `freed` learns
    /// the level of each. A root that is only read when it is loaded keeps its entries.
    pub(crate) fn free_range<M: Machine>(
        &self,
        mem: &Memory<M>,
        floor: VirtAddr,
        ceiling: VirtAddr,
        freed: &mut dyn FnMut(usize),
    ) {
        let keeps_root = self.format.root_read == RootRead::WhenLoaded;
        self.free_below(mem, Place { number: 0, table: self.root, start: 0 }, (floor, ceiling), keeps_root, freed);
    }
    /// Returns one past the last address whose tables are a process's own: `task_size` up to a whole entry of the root.
    pub(crate) fn user_end(&self, task_size: u64) -> VirtAddr {
        VirtAddr::new(align_up(task_size, self.level(0).bytes()))
    }
    /// Frees all tables of the user part, in which nothing is mapped, and the root.
    pub(crate) fn free_process<M: Machine>(&self, mem: &Memory<M>, task_size: u64) {
        let range = (VirtAddr::new(0), self.user_end(task_size));
        self.free_below(mem, Place { number: 0, table: self.root, start: 0 }, range, false, &mut |_| ());
        let order = Order::covering(self.format.root_bytes()).unwrap_or(Order::ZERO);
        self.give_page(mem, self.root, order);
    }

    fn free_below<M: Machine>(
        &self,
        mem: &Memory<M>,
        at: Place,
        range: (VirtAddr, VirtAddr),
        keeps: bool,
        freed: &mut dyn FnMut(usize),
    ) {
        let level = self.level(at.number);
        let (floor, ceiling) = (range.0.raw(), range.1.raw());
        // Entries whose tables share a page go together.
        let span = level.bytes() * u64::from(level.below.tables);
        let below = self.format.levels.get(at.number + 1).map_or(0, super::Level::table_bytes);
        let end = ceiling.min(at.start + (level.bytes() << level.bits));
        let mut group = floor.max(at.start) & !(span - 1);
        while group < end {
            let mut page = None;
            for k in 0..u64::from(level.below.tables) {
                let va = VirtAddr::new(group + k * level.bytes());
                let Entry::Table(table) = self.decode(mem, at.number, level.entry_at(at.table, va)) else { continue };
                page = Some(PhysAddr::new(table.raw() - k * below - level.below.offset));
                if at.number + 1 < self.format.last() {
                    let next = Place { number: at.number + 1, table, start: va.raw() };
                    self.free_below(mem, next, range, false, freed);
                }
            }
            let serves_only_the_range = floor <= group && group + span <= ceiling;
            if let Some(page) = page.filter(|_| serves_only_the_range && !keeps) {
                for k in 0..u64::from(level.below.tables) {
                    let va = VirtAddr::new(group + k * level.bytes());
                    self.clear(mem, at.number, level.entry_at(at.table, va));
                }
                self.give_page(mem, page, Order::ZERO);
                freed(at.number + 1);
            }
            group += span;
        }
    }
    fn give_page<M: Machine>(&self, mem: &Memory<M>, page: PhysAddr, order: Order) {
        let page = Pfn::containing(page);
        mem.pages.keep(page, false);
        // A page of this tree's own is a used block of just this order.
        let freed = mem.free_pages(page, order);
        debug_assert!(freed.is_ok(), "T1: {page:?} is no page of tables");
        self.table_pages.fetch_sub(order.pages() as u32, Ordering::Relaxed);
    }

    /// True when the entries of the root from `task_size` on are the kernel's, or empty where the kernel's came later.
    pub(crate) fn shares_kernel<M: Machine>(&self, mem: &Memory<M>, kernel: &PageTables, task_size: u64) -> bool {
        let level = self.level(0);
        let entry = |root: PhysAddr, index| {
            let at = root.offset(index * u64::from(level.entry_bytes));
            mem.ram.read_entry(at, level.entry_bytes).unwrap_or(0)
        };
        (task_size.div_ceil(level.bytes())..1 << level.bits).all(|index| {
            let own = entry(self.root, index);
            own == 0 || own == entry(kernel.root, index)
        })
    }
    /// Counts the tables of the user part by level. O(tables × entries).
    pub(crate) fn count_tables<M: Machine>(&self, mem: &Memory<M>, task_size: u64, count: &mut dyn FnMut(usize)) {
        self.count_below(mem, Place { number: 0, table: self.root, start: 0 }, task_size, count);
    }
    fn count_below<M: Machine>(&self, mem: &Memory<M>, at: Place, task_size: u64, count: &mut dyn FnMut(usize)) {
        let level = self.level(at.number);
        if at.number == self.format.last() {
            return;
        }
        for index in 0..1u64 << level.bits {
            let start = at.start + (index << level.shift);
            if start >= task_size {
                break;
            }
            let Entry::Table(table) = self.decode(mem, at.number, level.entry_at(at.table, VirtAddr::new(start)))
            else {
                continue;
            };
            // Of those that share a page the first one counts.
            if index & u64::from(level.below.tables - 1) == 0 {
                count(at.number + 1);
            }
            self.count_below(mem, Place { number: at.number + 1, table, start }, task_size, count);
        }
    }
}

/// A table: its level, where it lies, the first address that it serves.
#[derive(Clone, Copy)]
struct Place {
    number: usize,
    table: PhysAddr,
    start: u64,
}
