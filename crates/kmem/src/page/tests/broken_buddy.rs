//! Breaks the buddy's invariants one by one.

use super::*;
use crate::page::tests::is_named;
use crate::page::PageAllocator;

/// The zone's area, with its counts in hand.
fn area(pages: &PageAllocator, breaks: impl FnOnce(&FreeArea, &mut FreeCounts)) {
    let zone = pages.zone(0).unwrap();
    breaks(&zone.area, &mut zone.lock().counts);
}
/// Takes two pageblocks that are each other's buddies, and gives them back unmerged: one of them is set aside meanwhile.
fn unmerged(area: &FreeArea, counts: &mut FreeCounts) -> Pfn {
    let pageblock = Order::new(area.pageblock).unwrap();
    let pfn = area.take(counts, pageblock.up(), Mobility::Movable).unwrap();
    let second = pfn.add(pageblock.pages());
    area.set_mobility(counts, second, Mobility::HighAtomic);
    area.give(counts, second, pageblock);
    area.give(counts, pfn, pageblock);
    second
}

#[test]
fn i1_a_block_lies_in_its_zone() {
    is_named("buddy I1", |pages| area(pages, |area, counts| area.give(counts, Pfn::new(4001), Order::ZERO)));
}

#[test]
fn i2_the_counts_are_those_of_the_bits() {
    let largest = |area: &FreeArea| area.peek(Order::new(10).unwrap(), Mobility::Movable).unwrap();
    is_named("buddy I2", |pages| {
        area(pages, |area, _| {
            area.take_at(&mut counts_of_nobody(), largest(area)).unwrap();
        });
    });
    is_named("buddy I2", |pages| area(pages, |_, counts| counts.add(2, Mobility::Cma)));
    is_named("buddy I2", |pages| area(pages, |_, counts| counts.orders[1] ^= 1 << 10));
    is_named("buddy I2", |pages| {
        area(pages, |area, _| {
            area.summary.clear(FreeArea::map(10, Mobility::Movable), area.index(largest(area)));
        });
    });
}

/// Counts for a change that the zone's own do not see.
fn counts_of_nobody() -> FreeCounts {
    FreeCounts {
        blocks: [[1 << 20; Mobility::COUNT]; Order::COUNT],
        pages: 1 << 40,
        by_type: [1 << 40; Mobility::COUNT],
        orders: [u32::MAX; Mobility::COUNT],
        unmerged: 0,
    }
}

#[test]
fn i3_buddies_are_one_block() {
    is_named("buddy I3", |pages| {
        area(pages, |area, counts| {
            let second = unmerged(area, counts);
            area.set_mobility(counts, second, Mobility::Movable);
        });
    });
    // Below order 9 too: the bits of two halves.
    is_named("buddy I3", |pages| {
        area(pages, |area, counts| {
            let pfn = area.take(counts, Order::new(5).unwrap(), Mobility::Movable).unwrap();
            let half = Order::new(4).unwrap();
            for pfn in [pfn, pfn.add(half.pages())] {
                let at = area.index(pfn);
                area.chunk(at).unwrap().set(node(pfn, half.raw()));
                area.summary.set(FreeArea::map(half.raw(), Mobility::Movable), at);
            }
        });
    });
}

#[test]
fn i4_the_free_count_is_the_sum() {
    is_named("buddy I4", |pages| area(pages, |_, counts| counts.pages += 1));
    is_named("buddy I4", |pages| {
        area(pages, |_, counts| {
            counts.by_type[0] += 1;
            counts.by_type[1] -= 1;
        });
    });
}

#[test]
fn i5_a_block_has_one_type() {
    is_named("buddy I5", |pages| {
        area(pages, |area, _| {
            let pfn = area.peek(Order::new(10).unwrap(), Mobility::Movable).unwrap();
            area.set_chunks(area.index(pfn) + 1, 1, Mobility::Reclaimable);
        });
    });
}

#[test]
fn p1_no_block_lies_in_another() {
    is_named("page P1 (a frame in two", |pages| {
        area(pages, |area, counts| {
            let pfn = area.peek(Order::new(10).unwrap(), Mobility::Movable).unwrap();
            area.give(counts, pfn.add(77), Order::ZERO);
        });
    });
}

#[test]
fn a_pageblock_that_was_set_aside_merges_again() {
    let tuning = crate::page::watermark::ZoneTuning::default();
    let pages = crate::page::tests::allocator(&crate::profile::amd64_6_1::PROFILE, 4096, 1, tuning);
    area(&pages, |area, counts| {
        unmerged(area, counts);
    });
    let zone = pages.zone(0).unwrap();
    assert!(pages.ground().unreserve_high_atomic(zone, &mut zone.lock().counts, Mobility::Unmovable));
    assert_eq!(pages.verify(), Ok(()));
}
