//! Huge pages set aside: `hugepages=N`, `hugepagesz=` at boot, `vm.nr_hugepages` later.
//!
//! A pool holds pages of one size that only huge mappings may use; until then they lie idle, and nothing else gets them.
//! Pages up to the largest block are taken from the page allocator, one node after the other, so that each node has its
//! share and a full one leaves its part to the others. Larger ones were taken before there was an allocator, and stay.
//!
//! The pages of a pool make a list for each node: the owner's word of a page's frame names the next one.
//!
//! Kernel counterpart: `mm/hugetlb.c` (`hugetlb_hstate_alloc_pages`, `alloc_pool_huge_page`,
//! `set_max_huge_pages`).

use super::settings::Setting;
use super::Memory;
use crate::boot::{HugePool as Asked, Plan};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::{PageAllocator, Request};
use crate::profile::MAX_NODES;
use crate::sync::Ordering;
use crate::units::{Order, Pfn, PAGE_SHIFT};

/// The most sizes of huge pages.
const MAX_POOLS: usize = 4;

/// Huge pages of one size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HugePool {
    /// Bytes of one.
    pub bytes: u64,
    /// How many there are on each node. Nobody uses one.
    pub count: [u64; MAX_NODES],
    /// One more than the frame of the first page of each node; 0: none.
    first: [u32; MAX_NODES],
}

impl HugePool {
    const fn empty(bytes: u64) -> Self {
        Self { bytes, count: [0; MAX_NODES], first: [0; MAX_NODES] }
    }
    /// Adds a page, which the engine keeps.
    fn push(&mut self, pages: &PageAllocator, pfn: Pfn, node: u32) {
        let node = node as usize % MAX_NODES;
        if let Some(frame) = pages.frames.get(pfn) {
            frame.a.store(self.first[node], Ordering::Relaxed);
            // A frame's number has 32 bits: the links of free lists need that too.
            self.first[node] = pfn.raw() as u32 + 1;
            self.count[node] += 1;
        }
    }
    /// Takes a page of a node out.
    fn pop(&mut self, pages: &PageAllocator, node: u32) -> Option<Pfn> {
        let node = node as usize % MAX_NODES;
        let pfn = Pfn::new(self.first[node].checked_sub(1)?.into());
        self.first[node] = pages.frames.get(pfn)?.a.load(Ordering::Relaxed);
        self.count[node] = self.count[node].saturating_sub(1);
        Some(pfn)
    }
    /// Returns how many there are.
    pub fn total(&self) -> u64 {
        self.count.iter().sum()
    }
}

/// All pools of a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HugePools {
    pools: [Option<HugePool>; MAX_POOLS],
    /// Bytes of the default size; 0 for a kernel without huge pages.
    pub default_bytes: u64,
}

impl HugePools {
    /// Returns the pools of all sizes, empty ones too.
    pub fn iter(&self) -> impl Iterator<Item = &HugePool> {
        self.pools.iter().flatten()
    }
    /// Returns the pool of the default size.
    pub fn default_pool(&self) -> Option<&HugePool> {
        self.iter().find(|pool| pool.bytes == self.default_bytes)
    }
    /// Returns the pages of 4 KiB in all pools.
    pub fn pages(&self) -> u64 {
        self.iter().map(|pool| pool.total() * (pool.bytes >> PAGE_SHIFT)).sum()
    }
    fn pool(&mut self, bytes: u64) -> Option<&mut HugePool> {
        let at = self.pools.iter().position(|pool| pool.is_none_or(|pool| pool.bytes == bytes))?;
        self.pools.get_mut(at).map(|pool| pool.get_or_insert(HugePool::empty(bytes)))
    }
}

impl<M: Machine> Memory<M> {
    /// Returns how many pages may be promised to processes in all, when somebody keeps count: huge pages are nobody's to
    /// promise. `vm_commit_limit`.
    pub fn commit_limit(&self) -> u64 {
        match self.setting(Setting::OvercommitKbytes) {
            0 => {
                let pages = self.total_pages().saturating_sub(self.huge_pools().pages());
                pages * u64::from(self.setting(Setting::OvercommitRatio)) / 100
            }
            kbytes => u64::from(kbytes) >> (PAGE_SHIFT - 10),
        }
    }
    /// Makes pools of these sizes and fills those that a command line asks for.
    pub(crate) fn fill_huge_pools(
        &self,
        plan: &Plan,
        default_bytes: u64,
        sizes: impl Iterator<Item = u64>,
        asked: impl Iterator<Item = Asked>,
    ) -> HugePools {
        let mut pools = HugePools { default_bytes, ..HugePools::default() };
        sizes.filter(|&bytes| bytes > 0).for_each(|bytes| {
            pools.pool(bytes);
        });
        for Asked { bytes, count } in asked {
            let Some(pool) = pools.pool(bytes) else { continue };
            match Order::covering(bytes).filter(|&order| order <= self.pages.top_order()) {
                Some(order) => self.fill_huge_pool(pool, order, count),
                None => {
                    pool.count = [0; MAX_NODES];
                    for range in plan.gigantic().filter(|range| range.bytes() >= bytes) {
                        for page in 0..range.bytes() / bytes {
                            let node = plan.node_of(range.start.raw() + page * bytes);
                            pool.count[node as usize % MAX_NODES] += 1;
                        }
                    }
                }
            }
        }
        pools
    }
    fn fill_huge_pool(&self, pool: &mut HugePool, order: Order, count: u64) {
        let mut next = 0;
        for taken in 0..count {
            let Some((pfn, node)) = self.huge_page(order, next) else {
                let size = pool.bytes >> 20;
                self.machine.printk(format_args!(
                    "HugeTLB: allocating {count} of page size {size}.00 MiB failed.  Only allocated {taken} hugepages."
                ));
                return;
            };
            pool.push(&self.pages, pfn, node);
            next = (node + 1) % self.pages.nodes();
        }
    }
    /// Takes a page for a pool, from this node or the next one that has any.
    fn huge_page(&self, order: Order, first: u32) -> Option<(Pfn, u32)> {
        let nodes = self.pages.nodes();
        (0..nodes).map(|step| (first + step) % nodes).find_map(|node| {
            let pfn = self.alloc_request(&Request::new(HUGE_PAGES, order).on(node)).ok()?;
            self.pages.keep(pfn, true);
            Some((pfn, node))
        })
    }
    /// Makes the pool of the default size hold so many pages, or as many as are to be had: `vm.nr_hugepages`. Pages that are
    /// larger than the largest block come and go at boot only. May sleep.
    pub(crate) fn set_huge_pages(&self, count: u64) {
        let Some(mut now) = self.huge_pools().default_pool().map(HugePool::total) else { return };
        let bytes = self.huge_pools().default_bytes;
        let Some(order) = Order::covering(bytes).filter(|&order| order <= self.pages.top_order()) else { return };
        let nodes = self.pages.nodes();
        let mut next = 0;
        while now < count {
            let Some((pfn, node)) = self.huge_page(order, next) else { return };
            self.with_huge_pool(bytes, |pool| pool.push(&self.pages, pfn, node));
            (next, now) = ((node + 1) % nodes, now + 1);
        }
        while now > count {
            let from = (0..nodes).map(|step| (next + step) % nodes);
            let pop = |pool: &mut HugePool| from.clone().find_map(|node| Some((pool.pop(&self.pages, node)?, node)));
            let Some((pfn, node)) = self.with_huge_pool(bytes, pop).flatten() else { return };
            self.pages.keep(pfn, false);
            // It is nobody else's: what was kept can be freed.
            let _ = self.free_pages(pfn, order);
            (next, now) = ((node + 1) % nodes, now - 1);
        }
    }
    fn with_huge_pool<R>(&self, bytes: u64, act: impl FnOnce(&mut HugePool) -> R) -> Option<R> {
        let _irq = self.irq_off();
        self.huge.lock().pool(bytes).map(act)
    }
}

/// What huge pages are allocated with: they can be moved, they are worth an effort, and a failure is said in other words.
const HUGE_PAGES: Gfp = Gfp::HIGHUSER
    .union(Gfp::MOVABLE)
    .union(Gfp::COMP)
    .union(Gfp::NOWARN)
    .union(Gfp::RETRY_MAYFAIL)
    .union(Gfp::THISNODE);
