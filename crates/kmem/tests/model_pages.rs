//! The page allocator against the simplest model of it: which frames are in use.
//!
//! With no watermark to keep, a block can be had exactly when some aligned run of frames is free: merging, splitting, the
//! per-CPU lists and the fallback between zones are right if the model predicts every success and every failure.

mod support;

use kmem::gfp::Gfp;
use kmem::page::{FrameKind, Mobility};
use kmem::profile::PROFILES;
use kmem::{AllocError, Misuse, Order, Pfn};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Op {
    /// Allocate a block; flags choose the zones.
    Alloc { order: u32, flags: Gfp },
    /// Free the n-th block that is held.
    Free { n: usize },
    /// Split the n-th block into pages.
    Split { n: usize },
    /// Give the CPU's lists back.
    Drain,
    /// Free the n-th block with a wrong order, or a frame inside it.
    Misuse { n: usize, inside: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let flags = prop::sample::select(vec![Gfp::KERNEL, Gfp::HIGHUSER, Gfp::KERNEL | Gfp::DMA, Gfp::ATOMIC]);
    prop_oneof![
        6 => (prop_oneof![4 => 0u32..1, 2 => 0u32..4, 1 => 0u32..11], flags).prop_map(|(order, flags)| Op::Alloc { order, flags }),
        4 => any::<usize>().prop_map(|n| Op::Free { n }),
        1 => any::<usize>().prop_map(|n| Op::Split { n }),
        1 => Just(Op::Drain),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(n, inside)| Op::Misuse { n, inside }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_model_predicts_every_answer(which in 0..PROFILES.len(), ops in prop::collection::vec(op(), 1..400)) {
        let profile = PROFILES[which];
        let kernel = support::boot(profile, 48 << 20, 1);
        let free_frames = |kernel: &kmem::Kernel<support::HeapMachine>| {
            let zones: Vec<_> = kernel.pages().zone_counts().collect();
            let frames = zones.iter().flat_map(|zone| zone.extent.start.raw()..zone.extent.end().raw());
            frames.filter(|pfn| {
                let kind = kernel.frame(Pfn::new(*pfn)).map(|info| info.kind);
                matches!(kind, Some(FrameKind::Free | FrameKind::Pcp))
            }).collect::<BTreeSet<u64>>()
        };
        let mut free = free_frames(&kernel);
        let mut held: Vec<(Pfn, Order)> = Vec::new();
        for op in ops {
            match op {
                Op::Alloc { order, flags } => {
                    let order = Order::new(order).unwrap();
                    // Above all watermarks, so that only the blocks decide.
                    let got = kernel.alloc_pages(flags | Gfp::MEMALLOC, order);
                    match got {
                        Ok(pfn) => {
                            prop_assert!(pfn.is_aligned(order));
                            for page in 0..order.pages() {
                                prop_assert!(free.remove(&(pfn.raw() + page)), "{pfn:?} overlaps what is in use");
                            }
                            if flags.contains(Gfp::DMA) && kernel.profile.zones[0].kind == kmem::profile::ZoneKind::Dma {
                                prop_assert_eq!(kernel.pages().zone_index(pfn), Some(0));
                            }
                            held.push((pfn, order));
                        }
                        Err(AllocError::NoMemory { .. }) => {
                            let zones: Vec<_> = kernel.pages().zone_counts().collect();
                            let top = if flags.contains(Gfp::DMA) { 1 } else { zones.len() };
                            // The contiguous area is for what can be moved.
                            let free = |page: u64| free.contains(&page)
                                && kernel.pages().mobility(Pfn::new(page)) != Some(Mobility::Cma);
                            let fits = zones[..top].iter().any(|zone| {
                                let start = zone.extent.start.raw().next_multiple_of(order.pages());
                                (start..).step_by(order.pages() as usize)
                                    .take_while(|pfn| pfn + order.pages() <= zone.extent.end().raw())
                                    .any(|pfn| (pfn..pfn + order.pages()).all(&free))
                            });
                            prop_assert!(!fits, "{order} refused, but it fits");
                        }
                        Err(error) => prop_assert!(order > profile.top_order, "{error}"),
                    }
                }
                Op::Free { n } if !held.is_empty() => {
                    let (pfn, order) = held.swap_remove(n % held.len());
                    prop_assert_eq!(kernel.free_pages(pfn, order), Ok(()));
                    free.extend(pfn.raw()..pfn.raw() + order.pages());
                    prop_assert_eq!(kernel.free_pages(pfn, order).is_err(), true, "a double free went through");
                }
                Op::Split { n } if !held.is_empty() => {
                    let (pfn, order) = held.swap_remove(n % held.len());
                    prop_assert_eq!(kernel.pages().split(pfn, order), Ok(()));
                    held.extend((0..order.pages()).map(|page| (pfn.add(page), Order::ZERO)));
                }
                Op::Misuse { n, inside } if !held.is_empty() => {
                    let (pfn, order) = held[n % held.len()];
                    let wrong = if inside && order > Order::ZERO {
                        kernel.free_pages(pfn.add(1), Order::ZERO)
                    } else {
                        kernel.free_pages(pfn, order.up())
                    };
                    prop_assert!(matches!(wrong, Err(Misuse::NotAHead { .. } | Misuse::WrongOrder { .. })), "{wrong:?}");
                }
                Op::Drain => {
                    kernel.drain();
                }
                _ => {}
            }
            prop_assert_eq!(kernel.pages().verify(), Ok(()));
        }
        for (pfn, order) in held.drain(..) {
            prop_assert_eq!(kernel.free_pages(pfn, order), Ok(()));
            free.extend(pfn.raw()..pfn.raw() + order.pages());
        }
        prop_assert_eq!(free, free_frames(&kernel));
        prop_assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn references_decide_what_a_free_gives_back() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    let order = Order::new(3).unwrap();
    let free = |kernel: &kmem::Kernel<support::HeapMachine>| {
        kernel.drain();
        kernel.pages().zone_counts().map(|zone| zone.free).sum::<u64>()
    };
    let before = free(&kernel);
    for compound in [Gfp::empty(), Gfp::COMP] {
        let pfn = kernel.alloc_pages(Gfp::KERNEL | compound, order).unwrap();
        kernel.pages().get(pfn).unwrap();
        kernel.free_pages(pfn, order).unwrap();
        let kept = if compound.is_empty() { 1 } else { 8 };
        assert_eq!(before - free(&kernel), kept, "compound {compound:?}");
        kernel.put_page(pfn).unwrap();
        assert_eq!(free(&kernel), before);
        kernel.verify().unwrap();
    }
}

#[test]
fn a_block_that_is_not_compound_is_not_lost_by_put_page() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    let order = Order::new(2).unwrap();
    let pfn = kernel.alloc_pages(Gfp::KERNEL, order).unwrap();
    assert!(matches!(kernel.put_page(pfn), Err(Misuse::WrongOrder { .. })));
    kernel.free_pages(pfn, order).unwrap();
    kernel.verify().unwrap();
}

#[test]
fn a_split_keeps_the_references_to_the_first_page() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    let order = Order::new(1).unwrap();
    let pfn = kernel.alloc_pages(Gfp::KERNEL, order).unwrap();
    kernel.pages().get(pfn).unwrap();
    kernel.pages().split(pfn, order).unwrap();
    let counts = [pfn, pfn.add(1)].map(|pfn| kernel.frame(pfn).unwrap().count);
    assert_eq!(counts, [2, 1]);
}

#[test]
fn a_bulk_for_another_node_takes_nothing_off_the_list() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    let pfn = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap();
    kernel.free_pages(pfn, Order::ZERO).unwrap();
    let used = |kernel: &kmem::Kernel<support::HeapMachine>| {
        kernel.drain();
        kernel.total_pages() - kernel.pages().free_pages()
    };
    let before = used(&kernel);
    let pfn = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap();
    kernel.free_pages(pfn, Order::ZERO).unwrap();
    let request = kmem::page::Request::new(Gfp::KERNEL, Order::ZERO).on(0);
    let mut got = Vec::new();
    kernel.pages().alloc_bulk(0, &request, 3, |pfn| got.push(pfn)).unwrap();
    assert_eq!(used(&kernel), before + 3);
}

/// Returns the free pages of the zone of most requests that lie in whole pageblocks, and those that do not.
fn whole_and_pieces(kernel: &kmem::Kernel<support::HeapMachine>) -> (u64, u64) {
    let zone = kernel.pages().zone_counts().find(|zone| zone.extent.name == "DMA32").unwrap();
    let order = kernel.pages().pageblock_order().index();
    let pages = |orders: std::ops::Range<usize>| orders.map(|order| zone.blocks[order] << order).sum();
    (pages(order..zone.blocks.len()), pages(0..order))
}

#[test]
fn what_boot_cut_is_used_before_a_whole_pageblock() {
    for name in ["amd64-6.1", "amd64-6.12"] {
        let kernel = support::boot(kmem::profile::by_name(name).unwrap(), 256 << 20, 1);
        let (whole, pieces) = whole_and_pieces(&kernel);
        assert!(pieces > 1000, "{name}: {pieces}");
        // Requests that cannot move, while all that is free is movable's.
        let held: Vec<Pfn> =
            (0..pieces / 2).map(|_| kernel.pages().alloc(0, Gfp::KERNEL, Order::ZERO).unwrap()).collect();
        kernel.pages().drain(0);
        assert_eq!(whole_and_pieces(&kernel), (whole, pieces - held.len() as u64), "{name}");
        held.into_iter().for_each(|pfn| kernel.pages().free(0, pfn, Order::ZERO).unwrap());
        kernel.pages().drain(0);
        assert_eq!(whole_and_pieces(&kernel), (whole, pieces), "{name}");
        kernel.verify().unwrap();
    }
}

#[test]
fn a_refill_takes_no_second_pageblock() {
    let kernel = support::boot(kmem::profile::by_name("amd64-6.12").unwrap(), 1 << 30, 1);
    let pageblock = kernel.pages().pageblock_order();
    let mut largest = 0;
    for _ in 0..30_000 {
        kernel.pages().alloc(0, Gfp::HIGHUSER | Gfp::MOVABLE, Order::ZERO).unwrap();
        largest = largest.max(kernel.pages().pcp_counts(1, 0).unwrap().count);
    }
    // The list grew, but a pageblock is the most that is cut for it at once.
    assert!(largest > 200 && largest < pageblock.pages(), "{largest}");
}
