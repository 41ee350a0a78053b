//! Slabs that readers may look at after all their objects are free: `SLAB_TYPESAFE_BY_RCU`.
//!
//! An object of such a cache is given to the next one who asks as soon as it is freed, but its memory stays memory of that
//! cache as long as a reader may look at it. So a reader that finds an object without a lock finds *some* object of its type
//! there, and looks whether it is the one it wanted. Only the pages of an empty slab have to wait for a grace period.
//!
//! Kernel counterpart: `mm/slub.c` (`free_slab`, `rcu_free_slab`), `include/linux/slab.h`.

use super::cache::{Inner, Slab};
use super::{CacheId, SlabAllocator};
use crate::error::Misuse;
use crate::page::PageAllocator;

impl SlabAllocator {
    /// Lets an empty slab, which is on no list, wait for those who may read it.
    pub(super) fn defer_slab(&self, pages: &PageAllocator, inner: &mut Inner, head: u32) {
        let [waiting, later] = &mut inner.dying;
        if waiting.len() == 0 {
            inner.cookie = self.rcu.cookie();
            waiting.push_back(&pages.frames, head);
        } else if later.len() == 0 && self.rcu.is_latest(inner.cookie) {
            // The grace period that they wait for has not begun: it serves this one too.
            waiting.push_back(&pages.frames, head);
        } else {
            later.push_back(&pages.frames, head);
        }
        self.rcu.count(1, 0);
    }

    /// Gives the pages of all slabs back that nobody can read any more. Returns how many slabs that were. The caller is CPU
    /// `cpu` with interrupts off.
    pub(crate) fn release_dying(&self, pages: &PageAllocator, cpu: u32) -> u32 {
        let mut released = 0;
        for (_, cache) in self.caches.iter().filter(|(_, cache)| cache.is_live()) {
            let mut inner = cache.inner.lock();
            if inner.dying.iter().all(|list| list.len() == 0) {
                continue;
            }
            while self.rcu.has_passed(inner.cookie) {
                let Some(head) = inner.dying[0].pop_front(&pages.frames) else { break };
                let (geometry, use_of) = (inner.geometry, (inner.dtor, inner.flags));
                inner.leaving += 1;
                drop(inner);
                if let Some(slab) = Slab::new(&pages.frames, head, &geometry, &self.ram) {
                    self.give_slab(pages, cpu, &slab, use_of, geometry.off_slab);
                }
                released += 1;
                inner = cache.inner.lock();
                inner.leaving -= 1;
            }
            if inner.dying[0].len() == 0 && inner.dying[1].len() > 0 {
                inner.dying.swap(0, 1);
                inner.cookie = self.rcu.cookie();
            }
        }
        self.rcu.count(0, released);
        released
    }
    /// True while slabs of a cache wait for readers.
    pub(crate) fn has_dying(&self, id: CacheId) -> Result<bool, Misuse> {
        Ok(self.live(id)?.inner.lock().dying.iter().any(|list| list.len() > 0))
    }
}
