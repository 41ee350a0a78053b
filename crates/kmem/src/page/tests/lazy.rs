//! Blocks that wait for the next request of their order.

use super::*;
use crate::page::FrameKind;

fn ready() -> PageAllocator {
    let tuning = ZoneTuning { pcp_batch: 8, pcp_high: 64, pcp_high_max: 64, ..ZoneTuning::default() };
    allocator(&crate::profile::amd64_6_1::PROFILE, 64 << 10, 1, tuning)
}
fn order(raw: u32) -> Order {
    Order::new(raw).unwrap()
}
fn free_blocks(pages: &PageAllocator, order: Order) -> u64 {
    pages.zone_counts().map(|zone| zone.blocks[order.index()]).sum()
}

#[test]
fn the_next_request_of_an_order_gets_the_last_block() {
    let pages = ready();
    let blocks: [Pfn; 8] = core::array::from_fn(|_| pages.alloc(0, Gfp::KERNEL, order(5)).unwrap());
    for at in [2, 5, 3] {
        pages.free(0, blocks[at], order(5)).unwrap();
    }
    // It is free as far as anybody can see.
    let info = pages.info(blocks[3].add(7)).unwrap();
    assert_eq!((info.kind, info.head, info.order), (FrameKind::Free, blocks[3], order(5)));
    assert!(pages.free(0, blocks[3], order(5)).is_err());
    let before = pages.free_pages();
    assert_eq!(pages.alloc(0, Gfp::KERNEL, order(5)), Ok(blocks[3]));
    assert_eq!(pages.alloc(0, Gfp::KERNEL, order(5)), Ok(blocks[5]));
    assert_eq!(before - pages.free_pages(), 64);
    // Another type does not get it.
    let other = pages.alloc(0, Gfp::KERNEL | Gfp::RECLAIMABLE, order(5)).unwrap();
    assert_ne!(other, blocks[2]);
    assert_eq!(pages.verify(), Ok(()));
}

#[test]
fn who_looks_at_orders_sees_whole_blocks() {
    let pages = ready();
    let whole = free_blocks(&pages, order(10));
    let blocks: [Pfn; 32] = core::array::from_fn(|_| pages.alloc(0, Gfp::KERNEL, order(4)).unwrap());
    assert!(free_blocks(&pages, order(10)) < whole);
    blocks.iter().for_each(|pfn| pages.free(0, *pfn, order(4)).unwrap());
    assert_eq!(free_blocks(&pages, order(10)), whole);
    assert_eq!(pages.verify(), Ok(()));
}

#[test]
fn no_pageblock_is_broken_while_something_waits() {
    let pages = ready();
    let blocks: [Pfn; 32] = core::array::from_fn(|_| pages.alloc(0, Gfp::KERNEL, order(4)).unwrap());
    // Larger pieces go, so that only what waits could make one.
    while pages.zone_counts().any(|zone| (5..9).any(|order| zone.blocks[order] != 0)) {
        pages.alloc(0, Gfp::KERNEL, order(5)).unwrap();
    }
    let whole = free_blocks(&pages, order(9)) + 2 * free_blocks(&pages, order(10));
    blocks.iter().for_each(|pfn| pages.free(0, *pfn, order(4)).unwrap());
    let found = pages.alloc(0, Gfp::KERNEL, order(8)).unwrap();
    assert!(blocks.contains(&found), "{found:?} is not made of what was given back");
    assert!(free_blocks(&pages, order(9)) + 2 * free_blocks(&pages, order(10)) >= whole);
    assert_eq!(pages.verify(), Ok(()));
}
