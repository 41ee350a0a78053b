//! The structures that describe caches are objects themselves: of the first two caches there are.
//!
//! `kmem_cache` has one object for each cache, `kmem_cache_node` one for each cache and node. The kernel keeps a cache's
//! description in them; the engine keeps it in a table of its own ([`super::cache`]) and takes the objects all the same, so
//! that a cache costs what it costs there, and slabinfo shows them.
//!
//! Kernel counterpart: `mm/slub.c` (`kmem_cache_init`, `bootstrap`), 2.6 `mm/slab.c` (`cache_cache`).

use super::cache::CacheKind;
use super::slob::Slob;
use super::{CacheId, CacheSpec, CreateError, SlabAllocator, SlabFlags};
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::page::PageAllocator;
use crate::profile::{CacheStructs, Profile, SlabRule, MAX_NODES};
use crate::units::PhysAddr;

/// The first caches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StructCaches {
    cache: Option<CacheId>,
    node: Option<CacheId>,
    nodes: u32,
}

/// The structures of one cache.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Structs {
    cache: Option<PhysAddr>,
    nodes: [Option<PhysAddr>; MAX_NODES],
}

impl SlabAllocator {
    /// Makes the first caches, and the structures that describe themselves. Before, says whether SLOB has the objects.
    pub(crate) fn boot_structs(
        &mut self,
        pages: &PageAllocator,
        cpu: u32,
        profile: &Profile,
        nodes: u32,
    ) -> Result<(), CreateError> {
        self.slob = Slob::of(profile, self.ram.share());
        let (mut sizes, mut flags) = (profile.cache_structs, SlabFlags::HWCACHE_ALIGN | SlabFlags::PANIC);
        if let SlabRule::Slob { cache_struct, .. } = profile.slab {
            sizes = CacheStructs { cache: cache_struct, ..CacheStructs::default() };
            flags = SlabFlags::PANIC;
        }
        let create = |name: &str, size: u32| {
            let align = match profile.slab {
                SlabRule::Slob { .. } => profile.kmalloc.min_align,
                _ => profile.kmalloc.align.of(size, profile.kmalloc.min_align),
            };
            let spec = CacheSpec { name, size, align, flags, ..CacheSpec::default() };
            self.create_as(pages, cpu, &spec, CacheKind::Structs)
        };
        let of_caches = || create("kmem_cache", sizes.cache + nodes * sizes.cache_per_node);
        let of_nodes = || (sizes.node != 0).then(|| create("kmem_cache_node", sizes.node)).transpose();
        let (cache, node) = if sizes.node_is_first {
            let node = of_nodes()?;
            (of_caches()?, node)
        } else {
            (of_caches()?, of_nodes()?)
        };
        self.structs = StructCaches { cache: Some(cache), node, nodes };
        for id in [Some(cache), node].into_iter().flatten() {
            let structs = self.take_structs(pages, cpu)?;
            if let Some(described) = self.caches.get(id.raw()) {
                described.inner.lock().structs = structs;
            }
        }
        Ok(())
    }

    /// Takes what describes a new cache.
    pub(super) fn take_structs(&self, pages: &PageAllocator, cpu: u32) -> Result<Structs, AllocError> {
        let mut taken = Structs::default();
        let StructCaches { cache, node, nodes } = self.structs;
        let mut take = || -> Result<(), AllocError> {
            if let Some(cache) = cache {
                taken.cache = Some(self.alloc(pages, cpu, cache, Gfp::KERNEL)?);
            }
            if let Some(node) = node {
                for slot in taken.nodes.iter_mut().take(nodes as usize) {
                    *slot = Some(self.alloc(pages, cpu, node, Gfp::KERNEL)?);
                }
            }
            Ok(())
        };
        let result = take();
        match result {
            Ok(()) => Ok(taken),
            Err(error) => {
                self.give_structs(pages, cpu, taken);
                Err(error)
            }
        }
    }

    /// Gives back what described a cache.
    pub(super) fn give_structs(&self, pages: &PageAllocator, cpu: u32, structs: Structs) {
        let StructCaches { cache, node, .. } = self.structs;
        let nodes = structs.nodes.into_iter().map(|object| (node, object));
        for (id, object) in nodes.chain([(cache, structs.cache)]) {
            if let (Some(id), Some(addr)) = (id, object) {
                // It was allocated by `take_structs` and is given back once.
                let _ = self.free_to(pages, cpu, id, addr);
            }
        }
    }
}
