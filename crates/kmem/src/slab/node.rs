//! Objects from a node of the caller's choice: `kmem_cache_alloc_node`, `kmalloc_node`.
//!
//! A CPU's stock holds objects of any node, so such a request passes it by. It looks for a slab of the node that has a
//! free object, and makes a new one there if there is none. Only when the node has no memory for a slab, and
//! `__GFP_THISNODE` does not forbid it, an object of another node will do: first of a slab that is there.
//!
//! Kernel counterpart: `mm/slub.c`, `___slab_alloc`, `get_partial`; `mm/slab.c`, `____cache_alloc_node`, `fallback_alloc`.

use super::cache::Inner;
use super::{CacheId, SlabAllocator};
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::page::{PageAllocator, Request};
use crate::units::{Order, PhysAddr};

impl SlabAllocator {
    /// Takes an object as a request says: flags and node. The caller is CPU `cpu` with interrupts off.
    ///
    /// # Errors
    /// As [`SlabAllocator::alloc`].
    #[inline]
    pub fn alloc_as(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        request: &Request,
    ) -> Result<PhysAddr, AllocError> {
        match request.node {
            // On a machine with one node every object is of it.
            Some(node) if pages.nodes() > 1 => match self.slob() {
                Some(slob) => self.slob_alloc(slob, pages, cpu, id, request),
                None => self.alloc_on(pages, cpu, id, request, node),
            },
            _ => self.alloc(pages, cpu, id, request.gfp),
        }
    }

    #[cold]
    fn alloc_on(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        request: &Request,
        node: u32,
    ) -> Result<PhysAddr, AllocError> {
        self.may_fail(pages, id, request.gfp)?;
        let cache = self.live(id).map_err(|_| AllocError::BadFlags("no such cache"))?;
        let only_there = request.gfp.contains(Gfp::THISNODE);
        // A slab of the node is worth a try, not an effort, where another will do.
        let gently = Request { gfp: (request.gfp - Gfp::RECLAIM) | Gfp::THISNODE | Gfp::NOWARN, ..*request };
        let here = if only_there { request } else { &gently };
        let mut inner = cache.inner.lock();
        loop {
            if let Some(object) = self.take_on(pages, &mut inner, node) {
                if cache.is_debugged() && !self.debug_alloc(pages, cpu, id.0, &mut inner, object) {
                    continue;
                }
                return Ok(object);
            }
            let next = inner.next_slab();
            drop(inner);
            match self.add_slab(pages, cpu, (id.0, cache), next, here) {
                Ok(made) => inner = made,
                Err(error) if only_there => return Err(error),
                Err(_) => break,
            }
        }
        let mut inner = cache.inner.lock();
        loop {
            let mut taken = None;
            self.take(pages, &mut inner, 1, |entry| taken = Some(self.at(entry)));
            if let Some(object) = taken {
                if cache.is_debugged() && !self.debug_alloc(pages, cpu, id.0, &mut inner, object) {
                    continue;
                }
                return Ok(object);
            }
            let next = inner.next_slab();
            drop(inner);
            inner = self.add_slab(pages, cpu, (id.0, cache), next, &Request { order: Order::ZERO, ..*request })?;
        }
    }
    /// Takes an object of a slab that lies on a node: of a partial one, else of an empty one.
    fn take_on(&self, pages: &PageAllocator, inner: &mut Inner, node: u32) -> Option<PhysAddr> {
        let frames = &pages.frames;
        let is_there = |head: &u32| pages.node_of(frames.pfn(*head)) == Some(node);
        let head = match inner.partial.iter(frames).find(is_there) {
            Some(head) => head,
            None => {
                let head = inner.empty.iter(frames).find(is_there)?;
                inner.empty.remove(frames, head);
                inner.partial.push_front(frames, head);
                head
            }
        };
        let mut taken = None;
        self.take_from(pages, inner, head, 1, |entry| taken = Some(self.at(entry)));
        taken
    }
}
