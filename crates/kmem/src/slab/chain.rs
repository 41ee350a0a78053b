//! The chain of a slab's free objects, looked at as a whole: where a link leads nowhere, and whether the count agrees.
//!
//! A free object's link lies in memory that its last user may still write to. Who validates a cache walks each chain, cuts it
//! behind the last object that can be trusted, and puts the count of objects in use right; what was behind is lost to the
//! slab until somebody mends the link.
//!
//! Kernel counterpart: `mm/slub.c` (`on_freelist`).

use super::cache::{Inner, Slab};
use super::{BugKind, SlabAllocator};
use crate::page::PageAllocator;
use crate::units::PhysAddr;

/// What was wrong with a chain: of which object, and what.
pub(super) type ChainBugs = [Option<(PhysAddr, BugKind)>; 2];

impl SlabAllocator {
    /// Mends the chain of a slab. O(objects) where it is whole.
    pub(super) fn mend_chain(&self, pages: &PageAllocator, inner: &mut Inner, head: u32) -> ChainBugs {
        let frames = &pages.frames;
        let Inner { partial, empty, geometry, free, .. } = inner;
        let Some(slab) = Slab::new(frames, head, geometry, &self.ram).filter(|_| geometry.management == 0) else {
            return [None; 2];
        };
        let broken = slab.cut_chain().map(|last| (slab.object(last), BugKind::FreeChain));
        let (counter, counted) = (slab.out(), slab.objects - slab.free_count().min(slab.objects));
        if counter == counted {
            return [broken, None];
        }
        if counter < slab.objects {
            let list = if counter == 0 { &mut *empty } else { &mut *partial };
            list.remove(frames, head);
        }
        slab.set_out(counted);
        if counted < slab.objects {
            let list = if counted == 0 { empty } else { partial };
            list.push_back(frames, head);
        }
        *free = (*free + u64::from(counter)).saturating_sub(counted.into());
        [broken, Some((slab.base, BugKind::Count { counter, counted }))]
    }
}
