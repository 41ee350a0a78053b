//! Tests of the page allocator that need its inside: invariants broken on purpose, and CPUs between each other's
//! instructions.

#[cfg(not(kmem_loom))]
mod broken;
#[cfg(kmem_loom)]
pub(crate) mod interleavings;
#[cfg(not(kmem_loom))]
mod lazy;

use super::watermark::{Tuning, ZoneTuning};
use super::*;
use crate::raw::Ram;
use crate::units::{PhysAddr, PhysRange};

/// Makes an allocator with one zone of `pages` free frames, from frame 0 on, on node 0.
pub(crate) fn allocator(profile: &'static Profile, pages: u64, cpus: u32, tuning: ZoneTuning) -> PageAllocator {
    let mut extents = [None; MAX_ALL_ZONES];
    let kind = ZoneKind::Normal;
    let start = Pfn::new(0);
    extents[0] = Some(ZoneExtent { name: "Normal", node: 0, kind, start, spanned: pages, present: pages });
    let bytes = pages * FrameTable::ENTRY + PageAllocator::bytes(profile, profile.top_order, &extents, cpus, 1) + 4096;
    // The model checker keeps the structures outside of RAM.
    let ram = Ram::for_tests(if cfg!(kmem_loom) { 0 } else { bytes });
    let place = PhysRange { start: PhysAddr::new(0), end: PhysAddr::new(bytes) };
    let mut reserve = Reserve::new(&ram, place, bytes, true).unwrap();
    let frames = FrameTable::new(&mut reserve, pages, start).unwrap();
    let low_end = Pfn::new(pages);
    let parts = Parts {
        profile,
        top: profile.top_order,
        frames,
        extents: &extents,
        cpus,
        nodes: 1,
        cpu_node: &|_| 0,
        low_end,
        tracer: None,
        ext: None,
    };
    let mut allocator = PageAllocator::new(&mut reserve, parts).unwrap();
    allocator.release(start, Pfn::new(pages));
    let mut all = Tuning::default();
    all.zones[0][0] = tuning;
    allocator.tune(&all);
    allocator.open();
    allocator
}

/// Breaks something in an allocator that has blocks in all places, and sees `verify` name it.
#[cfg(not(kmem_loom))]
pub(super) fn is_named(what: &str, breaks: impl FnOnce(&PageAllocator)) {
    // The zone ends in the middle of a chunk.
    let tuning = ZoneTuning { pcp_batch: 8, pcp_high: 64, pcp_high_max: 64, ..ZoneTuning::default() };
    let pages = allocator(&crate::profile::amd64_6_1::PROFILE, 4000, 2, tuning);
    let order = Order::new(3).unwrap_or_default();
    let held = [Order::ZERO, order].map(|order| pages.alloc(0, Gfp::KERNEL, order).unwrap());
    let on_list = pages.alloc(0, Gfp::KERNEL, Order::ZERO).unwrap();
    pages.free(0, on_list, Order::ZERO).unwrap();
    pages.set_owner(held[0], Some(Owner { mm: 0, page: 1 }));
    assert_eq!(pages.verify(), Ok(()));
    breaks(&pages);
    let found = pages.verify().unwrap_err();
    assert!(found.what.starts_with(what), "{what} is broken, and verify says: {found}");
}
