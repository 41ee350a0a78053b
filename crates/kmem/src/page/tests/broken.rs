//! Breaks the invariants of frames and lists one by one.

use super::super::frame::Frame;
use super::*;

/// The first frame in some state.
fn any(pages: &PageAllocator, kind: FrameKind) -> Pfn {
    (0..4000).map(Pfn::new).find(|pfn| pages.info(*pfn).is_some_and(|info| info.kind == kind)).unwrap()
}
fn frame(pages: &PageAllocator, kind: FrameKind) -> Frame<'_> {
    pages.frames.get(any(pages, kind)).unwrap()
}

#[test]
fn p1_every_frame_is_in_one_block() {
    let used = State::new(FrameKind::Used, Order::ZERO, 0);
    is_named("page P1 (a free frame in use)", |pages| frame(pages, FrameKind::Free).set_state(used));
    is_named("page P1 (a used block's count or zone)", |pages| frame(pages, FrameKind::Used).set_more(1));
    is_named("page P1 (head in a block)", |pages| {
        let order = |pfn: &Pfn| pages.info(*pfn).is_some_and(|info| info.kind == FrameKind::Used && info.head < *pfn);
        let inside = (0..4000).map(Pfn::new).find(order).unwrap();
        pages.frames.get(inside).unwrap().set_state(used);
    });
}

#[test]
fn p2_lists_hold_what_is_marked_so() {
    let listed = State::new(FrameKind::Pcp, Order::ZERO, 0);
    is_named("page P2 (on a per-CPU list)", |pages| {
        let frame = frame(pages, FrameKind::Pcp);
        frame.set_state(State::new(FrameKind::Used, Order::ZERO, 0));
    });
    is_named("page P2 (per-CPU frames)", |pages| {
        let (lists, pfn) = (pages.lists(0, 0).unwrap(), any(pages, FrameKind::Pcp));
        lists.push_anyway(pages.frames.index(pfn), pages.frames.get(pfn).unwrap().state());
    });
    is_named("page P2 (per-CPU frames)", |pages| {
        let pfn = any(pages, FrameKind::Used);
        pages.lru_remove(pfn);
        pages.frames.get(pfn).unwrap().set_state(listed);
    });
}

#[test]
fn p3_all_pages_are_managed() {
    // A frame that is in no block counts as the kernel's own; its zone misses it.
    is_named("page P3 (managed pages)", |pages| {
        let pfn = any(pages, FrameKind::Used);
        pages.lru_remove(pfn);
        pages.frames.get(pfn).unwrap().clear();
    });
    is_named("page P3", |pages| pages.zone(0).unwrap().managed.add(1));
}

#[test]
fn l1_no_stranger_is_on_a_list() {
    is_named("lru L1", |pages| frame(pages, FrameKind::Used).flag(State::LRU, false));
    is_named("lru L1", |pages| frame(pages, FrameKind::Used).flag(State::ACTIVE, false));
}

#[test]
fn l2_a_list_is_as_long_as_it_says() {
    is_named("lru L2", |pages| {
        let pfn = any(pages, FrameKind::Used);
        pages.frames.get(pfn).unwrap().next.store(pages.frames.index(pfn), crate::sync::Ordering::Relaxed);
    });
}

#[test]
fn l3_zones_count_their_lists() {
    is_named("lru L3", |pages| pages.zone(0).unwrap().lru[1].add(1));
}
