//! Huge pages set aside at boot: `hugepages=N`, `hugepagesz=`.
//!
//! A pool holds pages of one size that only huge mappings may use; until then they lie idle, and nothing else gets them.
//! Pages up to the largest block are taken from the page allocator, one node after the other, so that each node has its
//! share and a full one leaves its part to the others. Larger ones were taken before there was an allocator.
//!
//! Kernel counterpart: `mm/hugetlb.c` (`hugetlb_hstate_alloc_pages`, `alloc_pool_huge_page`).

use super::settings::Setting;
use super::Memory;
use crate::boot::{HugePool as Asked, Plan};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::Request;
use crate::profile::MAX_NODES;
use crate::units::{Order, PAGE_SHIFT};

/// The most sizes of huge pages.
const MAX_POOLS: usize = 4;

/// Huge pages of one size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HugePool {
    /// Bytes of one.
    pub bytes: u64,
    /// How many there are on each node. Nobody uses one.
    pub count: [u64; MAX_NODES],
}

impl HugePool {
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
        let empty = HugePool { bytes, count: [0; MAX_NODES] };
        self.pools.get_mut(at).map(|pool| pool.get_or_insert(empty))
    }
}

impl<M: Machine> Memory<M> {
    /// Returns how many pages may be promised to processes in all, when somebody keeps count: huge pages are nobody's to
    /// promise. `vm_commit_limit`.
    pub fn commit_limit(&self) -> u64 {
        match self.setting(Setting::OvercommitKbytes) {
            0 => {
                let pages = self.total_pages().saturating_sub(self.huge.pages());
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
        let nodes = self.pages.nodes();
        let mut next = 0;
        for taken in 0..count {
            let found = (0..nodes).map(|step| (next + step) % nodes).find(|&node| {
                let request = Request::new(HUGE_PAGES, order).on(node);
                self.alloc_request(&request).is_ok_and(|pfn| {
                    self.pages.keep(pfn, true);
                    true
                })
            });
            let Some(node) = found else {
                let size = pool.bytes >> 20;
                self.machine.printk(format_args!(
                    "HugeTLB: allocating {count} of page size {size}.00 MiB failed.  Only allocated {taken} hugepages."
                ));
                return;
            };
            pool.count[node as usize % MAX_NODES] += 1;
            next = (node + 1) % nodes;
        }
    }
}

/// What huge pages are allocated with: they can be moved, they are worth an effort, and a failure is said in other words.
const HUGE_PAGES: Gfp = Gfp::HIGHUSER
    .union(Gfp::MOVABLE)
    .union(Gfp::COMP)
    .union(Gfp::NOWARN)
    .union(Gfp::RETRY_MAYFAIL)
    .union(Gfp::THISNODE);
