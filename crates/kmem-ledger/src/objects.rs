//! The object ledger: which objects are live, by the events alone.
//!
//! The allocator says when it gives an object and when one is given back. A log that is accepted shows that each object was
//! live at most once at each moment, that none lay in another, and that no page went while something in it was live.
//!
//! # Rules, named in what is refused
//! - **O1** An object that is given lies in no live one, and none lies in it.
//! - **O2** What is freed is live, and freed at the address at which it was given.
//! - **O3** Objects of one page are freed to one cache, as long as the page is not freed.
//! - **O4** No page is freed while a live object lies in it.
//!
//! Objects that are taken many at once have no tracepoint, in kernels neither.

use kmem::event::Event;
use kmem::units::PAGE_SIZE;
use kmem::{PhysAddr, Profile, VirtAddr};
use std::collections::BTreeMap;
use std::fmt;

/// An event about objects that cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefusedObject {
    /// The rule, as the module's documentation names it.
    pub rule: &'static str,
    /// The address that the rule is broken at.
    pub at: VirtAddr,
    /// The event.
    pub event: Event,
}

impl fmt::Display for RefusedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: at {}, and the event is {:?}", self.rule, self.at, self.event)
    }
}

/// The objects that are live.
#[derive(Clone, Debug)]
pub struct Objects {
    page_offset: VirtAddr,
    phys_offset: PhysAddr,
    /// By the address: the bytes that each takes.
    live: BTreeMap<u64, u64>,
    /// By the page: the cache that its objects are freed to.
    caches: BTreeMap<u64, u32>,
}

impl Objects {
    /// Makes a ledger of a kernel, before it has given anything.
    pub fn new(profile: &Profile) -> Self {
        let (live, caches) = (BTreeMap::new(), BTreeMap::new());
        Self { page_offset: profile.page_offset, phys_offset: profile.phys_offset, live, caches }
    }
    /// Returns the live objects: where each begins, and the bytes that it takes.
    pub fn live(&self) -> impl Iterator<Item = (VirtAddr, u64)> + '_ {
        self.live.iter().map(|(addr, bytes)| (VirtAddr::new(*addr), *bytes))
    }
    /// Enters one event.
    ///
    /// # Errors
    /// [`RefusedObject`] when it contradicts what was entered before; the ledger is as it was then.
    pub fn enter(&mut self, event: &Event) -> Result<(), RefusedObject> {
        let refused = |rule, at| RefusedObject { rule, at: VirtAddr::new(at), event: *event };
        match *event {
            Event::Kmalloc(given) | Event::KmemCacheAlloc(given) if given.ptr != 0 => {
                let bytes = u64::from(given.bytes_alloc).max(1);
                if let Some((other, _)) = self.overlapping(given.ptr, bytes).next() {
                    return Err(refused("O1", other));
                }
                self.live.insert(given.ptr, bytes);
            }
            Event::Kfree { ptr, .. } => {
                self.live.remove(&ptr).ok_or_else(|| refused("O2", ptr))?;
            }
            Event::KmemCacheFree { ptr, cache, .. } => {
                if !self.live.contains_key(&ptr) {
                    return Err(refused("O2", ptr));
                }
                let page = self.caches.entry(ptr / PAGE_SIZE).or_insert(cache);
                if *page != cache {
                    return Err(refused("O3", ptr));
                }
                self.live.remove(&ptr);
            }
            Event::MmPageFree { pfn, order, .. } => {
                let offset = pfn.phys().raw().wrapping_sub(self.phys_offset.raw());
                // High memory has no address here, and no objects.
                let Some(start) = self.page_offset.raw().checked_add(offset) else { return Ok(()) };
                if let Some((object, _)) = self.overlapping(start, order.bytes()).next() {
                    return Err(refused("O4", object));
                }
                let pages = start / PAGE_SIZE..start / PAGE_SIZE + order.pages();
                pages.for_each(|page| {
                    self.caches.remove(&page);
                });
            }
            _ => {}
        }
        Ok(())
    }
    /// The live objects that have a byte in common with a range.
    fn overlapping(&self, start: u64, bytes: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let before = self.live.range(..start).next_back().filter(move |(addr, len)| *addr + *len > start);
        let inside = self.live.range(start..start.saturating_add(bytes));
        before.into_iter().chain(inside).map(|(addr, bytes)| (*addr, *bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::event::{ObjectAlloc, Place};
    use kmem::{Gfp, Order, Pfn};

    const BASE: u64 = 0xc000_0000;

    fn given(ptr: u64, bytes: u32) -> ObjectAlloc {
        let (bytes_req, bytes_alloc, gfp) = (bytes, bytes, Gfp::KERNEL);
        ObjectAlloc { call_site: 0, ptr: BASE + ptr, bytes_req, bytes_alloc, gfp, node: -1, accounted: false }
    }
    fn kmalloc(ptr: u64, bytes: u32) -> Event {
        Event::Kmalloc(given(ptr, bytes))
    }
    fn alloc(ptr: u64, bytes: u32) -> Event {
        Event::KmemCacheAlloc(given(ptr, bytes))
    }
    fn kfree(ptr: u64) -> Event {
        Event::Kfree { call_site: 0, ptr: BASE + ptr }
    }
    fn free(ptr: u64, cache: u32) -> Event {
        Event::KmemCacheFree { call_site: 0, ptr: BASE + ptr, cache }
    }
    fn page_free(pfn: u64, order: u32) -> Event {
        Event::MmPageFree { pfn: Pfn::new(pfn), order: Order::new(order).unwrap(), to: Place::Buddy }
    }

    /// What the rules say of the last of some events.
    fn check(events: &[Event], rule: Option<&str>) {
        let mut objects = Objects::new(&kmem::profile::linux_2_6_i386::PROFILE);
        let (last, before) = events.split_last().unwrap();
        before.iter().for_each(|event| objects.enter(event).unwrap());
        assert_eq!(objects.enter(last).err().map(|refused| refused.rule), rule, "{last:?}");
    }

    #[test]
    fn each_rule_refuses() {
        check(&[kmalloc(0x1000, 64), kfree(0x1000), kmalloc(0x1000, 64), alloc(0x1040, 64)], None);
        check(&[kmalloc(0x1000, 64), kmalloc(0x1000, 64)], Some("O1"));
        check(&[kmalloc(0x1000, 64), alloc(0x103f, 1)], Some("O1"));
        check(&[kmalloc(0x1010, 64), alloc(0x1000, 17)], Some("O1"));
        check(&[kmalloc(0x1010, 64), alloc(0x1000, 16)], None);
        check(&[kfree(0x1000)], Some("O2"));
        check(&[kmalloc(0x1000, 64), kfree(0x1008)], Some("O2"));
        check(&[alloc(0x1000, 64), free(0x1000, 3), free(0x1000, 3)], Some("O2"));
        check(&[alloc(0x1000, 64), free(0x1000, 3), alloc(0x1080, 64), free(0x1080, 4)], Some("O3"));
        check(&[alloc(0x1000, 64), free(0x1000, 3), page_free(1, 0), alloc(0x1080, 64), free(0x1080, 4)], None);
        check(&[alloc(0x1000, 64), page_free(1, 0)], Some("O4"));
        check(&[alloc(0x1fff, 64), page_free(2, 0)], Some("O4"));
        check(&[alloc(0x3000, 64), page_free(0, 2)], Some("O4"));
        check(&[alloc(0x4000, 64), page_free(0, 2)], None);
        // Where nothing was to be had, nothing is live.
        let failed = Event::Kmalloc(ObjectAlloc { ptr: 0, ..given(0, 64) });
        check(&[failed, failed], None);
    }
}
