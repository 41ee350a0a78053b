//! Whether the invariants S1 to S3 ([`super::cache`]) hold; where SLOB is, B1 to B4 ([`super::slob`]).

use super::cache::{Inner, Slab};
use super::SlabAllocator;
use crate::error::Broken;
use crate::page::frame::FrameKind;
use crate::page::PageAllocator;
use crate::sync::Ordering;
use crate::units::Pfn;

impl SlabAllocator {
    /// Checks S1 to S3 of every cache, or B1 to B4 of SLOB. No CPU may allocate meanwhile. O(frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self, pages: &PageAllocator) -> Result<(), Broken> {
        let frames = &pages.frames;
        if let Some(slob) = self.slob() {
            return slob.verify(pages);
        }
        for (id, cache) in self.caches.iter().filter(|(_, cache)| cache.is_live()) {
            let inner = cache.inner.lock();
            let (mut free, mut on_lists) = (0, 0);
            for (list, empty) in [(&inner.partial, false), (&inner.empty, true)] {
                let mut walked = 0;
                for head in list.iter(frames) {
                    let at = frames.pfn(head).raw();
                    let broken = |what, found: u32, expected: u32| {
                        Err(Broken { what, at, found: found.into(), expected: expected.into() })
                    };
                    let Some(slab) = Slab::new(frames, head, &inner.geometry, &self.ram) else {
                        return broken("slab S2 (not a frame)", head, 0);
                    };
                    let state = slab.frame.state();
                    if state.kind() != FrameKind::Slab || state.cache() != id {
                        return broken("slab S2 (a stranger on a list)", state.cache(), id);
                    }
                    if (slab.out() == 0) != empty || slab.out() >= slab.objects {
                        return broken("slab S2 (on the wrong list)", slab.out(), slab.objects);
                    }
                    free += slab.verify()?;
                    walked += 1;
                }
                if walked != list.len() {
                    let (found, expected) = (walked.into(), list.len().into());
                    return Err(Broken { what: "slab S2 (length of a list)", at: id.into(), found, expected });
                }
                on_lists += walked;
            }
            if free != inner.free || on_lists > inner.slabs {
                let expected = inner.free;
                return Err(Broken { what: "slab S3 (free objects)", at: id.into(), found: free, expected });
            }
            self.verify_slabs(pages, id, &inner)?;
            let in_arrays = self.in_stock(id, &inner);
            if free + in_arrays > inner.objects {
                let (found, expected) = (free + in_arrays, inner.objects);
                return Err(Broken { what: "slab S3 (objects)", at: id.into(), found, expected });
            }
        }
        Ok(())
    }
    /// Checks every slab of a cache by the frames, full ones too, and what the CPU arrays hold.
    fn verify_slabs(&self, pages: &PageAllocator, id: u32, inner: &Inner) -> Result<(), Broken> {
        let frames = &pages.frames;
        let (mut slabs, mut out) = (0, 0);
        for index in 0..frames.len() {
            let Some(frame) = frames.at(index).filter(|frame| frame.state().kind() == FrameKind::Slab) else {
                continue;
            };
            if frame.state().cache() != id {
                continue;
            }
            let at = frames.pfn(index).raw();
            for tail in 1..frame.state().order().pages() as u32 {
                let tail = frames.at(index + tail);
                let mine = tail.is_some_and(|tail| {
                    let (state, head) = (tail.state(), tail.a.load(Ordering::Relaxed));
                    state.kind() == FrameKind::SlabTail && (state.cache(), head) == (id, index)
                });
                if !mine {
                    return Err(Broken { what: "slab S2 (a tail of another)", at, found: 0, expected: id.into() });
                }
            }
            let Some(slab) = Slab::new(frames, index, &inner.geometry, &self.ram) else { continue };
            slab.verify()?;
            slabs += 1;
            out += u64::from(slab.out());
        }
        let expected = inner.objects.saturating_sub(inner.free);
        let dying: u32 = inner.dying.iter().map(|list| list.len()).sum();
        if slabs != inner.slabs + dying || out != expected {
            return Err(Broken { what: "slab S3 (objects out of all slabs)", at: id.into(), found: out, expected });
        }
        {
            for (position, entry) in self.stocks(id, inner).enumerate() {
                let addr = self.ram.start().offset(entry as u64);
                let pfn = Pfn::containing(addr);
                let whole =
                    frames.get(pfn).and_then(|_| frames.slab_of(frames.index(pfn))).is_some_and(|(head, cache)| {
                        let slab = Slab::new(frames, head, &inner.geometry, &self.ram);
                        let found = slab.as_ref().and_then(|slab| slab.find(addr));
                        let on_chain =
                            found.is_some_and(|(number, _)| slab.as_ref().is_some_and(|slab| slab.is_free(number)));
                        cache == id && found.is_some_and(|(_, start)| start == addr) && !on_chain
                    });
                let twice = self.stocks(id, inner).take(position).any(|other| other == entry);
                if !whole || twice {
                    let (at, found) = (addr.raw(), twice.into());
                    return Err(Broken { what: "slab S3 (what a CPU array holds)", at, found, expected: id.into() });
                }
            }
        }
        Ok(())
    }
}
