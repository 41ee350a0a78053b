//! Objects of slab caches, beside one at a time and from anywhere: many at once, and from a node.
//!
//! Kernel counterpart: `mm/slub.c` (`kmem_cache_alloc_node`, `kmem_cache_alloc_bulk`, `kmem_cache_free_bulk`).

use super::{IrqOff, Memory};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::Request;
use crate::slab::CacheId;
use crate::units::{Order, VirtAddr};

impl<M: Machine> Memory<M> {
    /// As [`Memory::cache_alloc`], from a node: first from there, and with `__GFP_THISNODE` from nowhere else:
    /// `kmem_cache_alloc_node`. `None` is the CPU's own, `NUMA_NO_NODE`.
    ///
    /// # Errors
    /// As [`Memory::cache_alloc`]; [`AllocError::BadFlags`] for a node that the machine does not have.
    pub fn cache_alloc_node(&self, id: CacheId, gfp: Gfp, node: Option<u32>) -> Result<VirtAddr, AllocError> {
        let Some(node) = self.known_node(node)? else { return self.cache_alloc(id, gfp) };
        let request = Request::new(gfp, Order::ZERO).on(node);
        let again = || {
            let irq = IrqOff::new(&self.machine);
            self.slab.alloc_as(&self.pages, irq.cpu, id, &request)
        };
        let given = self.under_pressure(&request, again(), again);
        self.tell_cache_alloc(given, id, &request);
        let addr = given?;
        self.report_slab_bugs();
        self.trace_alloc(addr);
        if gfp.contains(Gfp::ZERO) {
            let _irq = self.irq_off();
            self.ram.fill(addr, self.slab.object_size(id.raw()).unwrap_or(0).into(), 0);
        }
        Ok(self.to_virt(addr))
    }

    /// Fills `out` with objects of a cache: `kmem_cache_alloc_bulk`. `ZERO` is honoured.
    ///
    /// # Errors
    /// As [`Memory::cache_alloc`], when not all are to be had; none is kept then, and what `out` holds means nothing.
    pub fn cache_alloc_bulk(&self, id: CacheId, gfp: Gfp, out: &mut [VirtAddr]) -> Result<(), AllocError> {
        let mut taken = 0;
        while taken < out.len() {
            let irq = IrqOff::new(&self.machine);
            let wanted = u32::try_from(out.len() - taken).unwrap_or(u32::MAX);
            let mut slots = out.iter_mut().skip(taken);
            let keep = |addr| {
                if let Some(slot) = slots.next() {
                    *slot = self.to_virt(addr);
                }
            };
            let (count, error) = self.slab.alloc_bulk(&self.pages, irq.cpu, id, gfp, wanted, keep);
            drop(irq);
            self.report_slab_bugs();
            taken += count as usize;
            if let Some(error) = error {
                // Memory is short: the next one is fought for.
                let next = match error {
                    AllocError::NoMemory { .. } => self.cache_alloc(id, gfp - Gfp::ZERO),
                    other => Err(other),
                };
                match (next, out.get_mut(taken)) {
                    (Ok(addr), Some(slot)) => *slot = addr,
                    (next, _) => {
                        let given_back = self.cache_free_bulk_to(id, out.get(..taken).unwrap_or_default());
                        debug_assert_eq!(given_back, Ok(()), "they were just taken");
                        return next.map(|_| ());
                    }
                }
                taken += 1;
            }
        }
        if self.slab.traces_some() {
            out.iter().filter_map(|addr| self.virt_to_phys(*addr)).for_each(|addr| self.trace_alloc(addr));
        }
        if gfp.contains(Gfp::ZERO) {
            let bytes = {
                let _irq = self.irq_off();
                self.slab.object_size(id.raw()).unwrap_or(0)
            };
            for addr in out.iter().filter_map(|addr| self.virt_to_phys(*addr)) {
                self.ram.fill(addr, bytes.into(), 0);
            }
        }
        Ok(())
    }
    /// Gives objects back to the cache that the caller says is theirs: `kmem_cache_free_bulk`.
    ///
    /// # Errors
    /// What is wrong with the first one that could not be freed, as for [`Memory::cache_free_to`]; all others are freed.
    pub fn cache_free_bulk_to(&self, id: CacheId, objects: &[VirtAddr]) -> Result<(), Misuse> {
        if self.slab.slob().is_none() {
            return self.cache_free_bulk(objects);
        }
        let mut first = Ok(());
        for addr in objects {
            first = first.and(self.cache_free_to(id, *addr));
        }
        first
    }
    /// Gives objects back, each to whichever cache it belongs: `kfree_bulk` of objects of caches. Not with SLOB.
    ///
    /// # Errors
    /// What is wrong with the first one that could not be freed, as for [`Memory::cache_free`]; all others are freed.
    pub fn cache_free_bulk(&self, objects: &[VirtAddr]) -> Result<(), Misuse> {
        if self.slab.traces_some() {
            objects.iter().filter_map(|addr| self.virt_to_phys(*addr)).for_each(|addr| self.trace_free(addr));
        }
        let outside = objects.iter().find(|addr| self.virt_to_phys(**addr).is_none());
        let irq = IrqOff::new(&self.machine);
        let addresses = objects.iter().filter_map(|addr| self.virt_to_phys(*addr));
        let freed = self.slab.free_bulk(&self.pages, irq.cpu, addresses);
        drop(irq);
        if freed.is_err() {
            self.report_slab_bugs();
        }
        outside.map_or(freed, |addr| Err(Misuse::NotDirectMapped(*addr)))
    }
}
