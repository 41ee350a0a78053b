//! The ledger of what a module holds: every allocation with its call chain, and what was freed where.
//!
//! The engine needs no such thing; this is the checker's own book, kept in the host's memory. It decides what a pointer
//! given to a free function is: live, freed before, inside something live, or a stranger.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// What kind of thing was allocated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// kmalloc and its family.
    Kmalloc,
    /// An object of a cache.
    Object {
        /// The cache's handle.
        cache: u32,
    },
    /// A block of pages; the key is the frame number.
    Pages {
        /// The order.
        order: u32,
    },
    /// Pages of `alloc_pages_exact`; the key is the first frame number.
    Exact,
    /// Pages of `dma_alloc_coherent`; the key is the first frame number.
    Coherent,
    /// A vmalloc area.
    Vmalloc,
    /// A vmap area.
    Vmap,
    /// An I/O mapping.
    Ioremap,
    /// An object that each CPU has a copy of.
    Percpu,
    /// A slab cache.
    Cache,
    /// A memory pool.
    Pool,
}

/// Keys of different kinds live in spaces of their own: addresses, frames, handles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Space {
    /// Addresses of the direct map.
    Linear,
    /// Frame numbers.
    Frame,
    /// Addresses of the vmalloc area.
    Virtual,
    /// Handles of caches and pools.
    Handle,
    /// Addresses of the first CPU's copies.
    Percpu,
}

impl Kind {
    /// Returns the space of the keys of this kind.
    pub const fn space(&self) -> Space {
        match self {
            Self::Kmalloc | Self::Object { .. } => Space::Linear,
            Self::Pages { .. } | Self::Exact | Self::Coherent => Space::Frame,
            Self::Vmalloc | Self::Vmap | Self::Ioremap => Space::Virtual,
            Self::Cache | Self::Pool => Space::Handle,
            Self::Percpu => Space::Percpu,
        }
    }
    /// Returns what undoes it.
    pub const fn undo(&self) -> &'static str {
        match self {
            Self::Kmalloc => "kfree()",
            Self::Object { .. } => "kmem_cache_free() to the same cache",
            Self::Pages { .. } => "free_pages() or __free_pages() with the same order",
            Self::Exact => "free_pages_exact()",
            Self::Coherent => "dma_free_coherent() with the same size",
            Self::Vmalloc => "vfree()",
            Self::Vmap => "vunmap()",
            Self::Ioremap => "iounmap()",
            Self::Percpu => "free_percpu()",
            Self::Cache => "kmem_cache_destroy()",
            Self::Pool => "mempool_destroy()",
        }
    }
    /// True for what counts as an allocation in the summary.
    pub const fn is_memory(&self) -> bool {
        !matches!(self, Self::Cache | Self::Pool)
    }
}

/// A call chain: return addresses, innermost first.
pub type Chain = Vec<u32>;

/// One allocation.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// What it is.
    pub kind: Kind,
    /// Address, frame number or handle.
    pub key: u64,
    /// Bytes asked for.
    pub asked: u64,
    /// Bytes given.
    pub given: u64,
    /// The kernel function that gave it.
    pub function: &'static str,
    /// Where it was called.
    pub chain: Chain,
    /// The how-many-th allocation it was.
    pub serial: u64,
    /// The name of the cache or class that it came from.
    pub from: String,
    /// A fault of it was reported already.
    pub reported: bool,
}

/// Something that was freed.
#[derive(Clone, Debug)]
pub struct Freed {
    /// What it was.
    pub allocation: Allocation,
    /// Where it was freed.
    pub chain: Chain,
}

/// How many freed things are remembered.
const REMEMBERED: usize = 1 << 16;

/// The ledger.
#[derive(Default, Debug)]
pub struct Tracker {
    live: BTreeMap<(Space, u64), Allocation>,
    freed: HashMap<(Space, u64), Freed>,
    freed_order: VecDeque<(Space, u64)>,
    serial: u64,
}

impl Tracker {
    /// Enters an allocation.
    pub fn add(&mut self, mut allocation: Allocation) {
        if allocation.kind.is_memory() {
            self.serial += 1;
        }
        allocation.serial = self.serial;
        let key = (allocation.kind.space(), allocation.key);
        self.freed.remove(&key);
        self.live.insert(key, allocation);
    }
    /// Enters a part of an allocation that was made before.
    pub fn add_part(&mut self, part: Allocation) {
        self.live.insert((part.kind.space(), part.key), part);
    }
    /// Strikes an allocation out and remembers where it was freed.
    pub fn remove(&mut self, space: Space, key: u64, chain: Chain) -> Option<Allocation> {
        let allocation = self.live.remove(&(space, key))?;
        if self.freed.insert((space, key), Freed { allocation: allocation.clone(), chain }).is_none() {
            self.freed_order.push_back((space, key));
        }
        if self.freed_order.len() > REMEMBERED {
            if let Some(oldest) = self.freed_order.pop_front() {
                self.freed.remove(&oldest);
            }
        }
        Some(allocation)
    }
    /// Returns a live allocation.
    pub fn get(&self, space: Space, key: u64) -> Option<&Allocation> {
        self.live.get(&(space, key))
    }
    /// Returns a live allocation for changing it.
    pub fn get_mut(&mut self, space: Space, key: u64) -> Option<&mut Allocation> {
        self.live.get_mut(&(space, key))
    }
    /// Returns what was freed at a key, if nothing was allocated there since.
    pub fn freed(&self, space: Space, key: u64) -> Option<&Freed> {
        self.freed.get(&(space, key))
    }
    /// Returns the live allocation that a key lies inside of.
    pub fn around(&self, space: Space, key: u64) -> Option<&Allocation> {
        let (_, allocation) = self.live.range(..=(space, key)).next_back()?;
        let length = match space {
            Space::Frame => allocation.given.div_ceil(4096),
            _ => allocation.given,
        };
        (allocation.kind.space() == space && key - allocation.key < length).then_some(allocation)
    }
    /// Returns what was freed around an address: for reports of a use after free.
    pub fn freed_around(&self, space: Space, key: u64) -> Option<&Freed> {
        self.freed.values().find(|freed| {
            let start = freed.allocation.key;
            freed.allocation.kind.space() == space && key >= start && key - start < freed.allocation.given
        })
    }
    /// Returns all that was freed and is remembered, in no order.
    pub fn all_freed(&self) -> impl Iterator<Item = &Freed> {
        self.freed.values()
    }
    /// Returns everything live in the order of allocation.
    pub fn live(&self) -> Vec<Allocation> {
        let mut live: Vec<_> = self.live.values().cloned().collect();
        live.sort_by_key(|allocation| allocation.serial);
        live
    }
    /// Returns how many allocations were ever made.
    pub fn count(&self) -> u64 {
        self.serial
    }
    /// Returns how many allocations are live.
    pub fn live_count(&self) -> u64 {
        self.live.values().filter(|allocation| allocation.kind.is_memory()).count() as u64
    }
}
