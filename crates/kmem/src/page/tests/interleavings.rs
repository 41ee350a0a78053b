//! CPUs between each other's instructions: all orders in which a model checker can have two CPUs run.
//!
//! The checker (loom) owns the words by which CPUs agree: locks, `busy` and `claim` of the per-CPU lists, states and counts
//! of frames. It tries their interleavings, and the older values that a CPU without a barrier may still see. Of everything
//! else it is told when it is used (`Witness`): two uses that nothing orders are an error, wherever they lie in memory. So
//! each test asks two things: is a list or a zone ever in two hands, and is each frame in one place in the end.
//!
//! loom and not shuttle, because shuttle has one memory for all: a store is seen at once, and the question here, whether
//! both sides of the claim could miss each other, could not come up.
//!
//! Run by `cargo xtask test` (step `interleavings`), in words:
//! `RUSTFLAGS="--cfg kmem_loom" cargo test -p kmem --lib interleavings`.

use super::*;
use crate::profile::amd64_6_1::PROFILE as AMD64;
use crate::sync::protocol::FENCES;
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;
use std::panic::{catch_unwind, AssertUnwindSafe};

const PAGES: u64 = 8;
const KERNEL: Gfp = Gfp::KERNEL;

/// A kernel with blocks of at most eight pages, so that a model is small.
fn profile() -> &'static Profile {
    static SMALL: std::sync::OnceLock<Profile> = std::sync::OnceLock::new();
    let top = Order::new(3).unwrap();
    SMALL.get_or_init(|| Profile { top_order: top, pageblock_order: top, ..AMD64 })
}

/// Makes an allocator with so many pages, whose lists are full with `high`.
pub(crate) fn pages_of(pages: u64, high: u64) -> std::sync::Arc<PageAllocator> {
    let tuning = ZoneTuning { pcp_batch: 2, pcp_high: high, pcp_high_max: high, ..ZoneTuning::default() };
    std::sync::Arc::new(allocator(profile(), pages, 2, tuning))
}

/// A kernel whose lists take two pages at a time and are full with `high`.
fn small(high: u64) -> Arc<PageAllocator> {
    let tuning = ZoneTuning { pcp_batch: 2, pcp_high: high, pcp_high_max: high, ..ZoneTuning::default() };
    Arc::new(allocator(profile(), PAGES, 2, tuning))
}

pub(crate) fn full_barrier() {
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}

/// Takes a page and gives it back, on one CPU.
fn work(pages: &PageAllocator, cpu: u32) {
    if let Ok(pfn) = pages.alloc(cpu, KERNEL, Order::ZERO) {
        pages.free(cpu, pfn, Order::ZERO).unwrap();
    }
}

/// All frames are free again, on a list or in the zone, each once.
fn all_is_there(pages: &PageAllocator) {
    pages.verify().unwrap();
    let on_lists: u64 = (0..2).filter_map(|cpu| pages.pcp_counts(0, cpu)).map(|pcp| pcp.count).sum();
    assert_eq!(pages.free_pages() + on_lists, PAGES);
}

/// Runs a CPU.
pub(crate) fn on_cpu<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    const STACK_WORDS: usize = 8 << 10;
    thread::Builder::new().stack_size(STACK_WORDS).spawn(body).unwrap()
}

pub(crate) fn check(scenario: impl Fn() + Send + Sync + 'static) {
    // An allocator is large while it is made: more than a model's first thread has room for.
    const STACK_WORDS: usize = 64 << 10;
    let scenario = std::sync::Arc::new(scenario);
    let mut model = Builder::new();
    model.preemption_bound = Some(3);
    model.max_branches = 10_000;
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = runs.clone();
    model.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let scenario = scenario.clone();
        let main = thread::Builder::new().stack_size(STACK_WORDS).spawn(move || scenario());
        main.unwrap().join().unwrap();
    });
    println!("{} interleavings", runs.load(std::sync::atomic::Ordering::Relaxed));
}

/// True when the checker finds an error.
pub(crate) fn is_caught(scenario: impl Fn() + Send + Sync + 'static) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(scenario))).is_err()
}

/// A CPU hits its list while another takes everything from all lists. `barrier` and `claims` are the thief's side.
fn hit_and_drain(barrier: fn(), claims: bool) -> impl Fn() + Send + Sync {
    move || {
        let pages = small(4);
        work(&pages, 0);
        let owner = {
            let pages = pages.clone();
            on_cpu(move || work(&pages, 0))
        };
        if claims {
            pages.drain_all(barrier);
        } else {
            // As `drain_all`, but the owner is not told.
            let (head, lists) = (pages.heads.get(0).unwrap(), pages.lists(0, 0).unwrap());
            barrier();
            head.wait_for_owner();
            let list = percpu::list(0, 1);
            let (oldest, count) = lists.oldest(&pages.frames, list, u32::MAX);
            oldest.for_each(|pfn| pages.give_to_zone(pfn, Order::ZERO, 0));
            lists.drop_oldest(list, Order::ZERO, count);
            head.unclaim();
        }
        owner.join().unwrap();
        all_is_there(&pages);
    }
}

#[test]
fn interleavings_of_a_hit_and_a_drain() {
    check(hit_and_drain(full_barrier, true));
}

/// A CPU stays inside its lists for several operations, one of them past the hit path, while another drains.
#[test]
fn interleavings_of_a_cpu_inside_and_a_drain() {
    check(|| {
        let pages = small(4);
        work(&pages, 0);
        let owner = {
            let pages = pages.clone();
            on_cpu(move || {
                let inside = pages.on_cpu(0).unwrap();
                let orders = [0, 1].map(|order| Order::new(order).unwrap());
                let taken = orders.map(|order| (inside.alloc(KERNEL, order), order));
                for (pfn, order) in taken {
                    pfn.into_iter().for_each(|pfn| inside.free(pfn, order).unwrap());
                }
            })
        };
        pages.drain_all(full_barrier);
        owner.join().unwrap();
        all_is_there(&pages);
    });
}

/// The checks can fail: without any one part of the claim, list and frames come into two hands.
#[test]
fn interleavings_without_claim_or_barrier_are_caught() {
    assert!(is_caught(hit_and_drain(|| (), true)), "the thief's barrier");
    assert!(is_caught(hit_and_drain(full_barrier, false)), "the claim");
    FENCES.set(false);
    let caught = is_caught(hit_and_drain(full_barrier, true));
    FENCES.set(true);
    assert!(caught, "the owner's fence");
}

/// Two CPUs take and give under one zone's lock; each gives back what the other took.
#[test]
fn interleavings_of_remote_frees() {
    check(|| {
        let pages = small(1);
        let taken = [0, 1].map(|cpu| pages.alloc(cpu, KERNEL, Order::ZERO).unwrap());
        let other = {
            let pages = pages.clone();
            on_cpu(move || {
                pages.free(1, taken[0], Order::ZERO).unwrap();
                work(&pages, 1);
            })
        };
        pages.free(0, taken[1], Order::ZERO).unwrap();
        work(&pages, 0);
        other.join().unwrap();
        all_is_there(&pages);
    });
}

/// Lists run full on one CPU while the other takes blocks from the zone.
#[test]
fn interleavings_of_a_full_list_and_a_large_block() {
    check(|| {
        let pages = small(4);
        let taken = [0; 4].map(|_| pages.alloc(0, KERNEL, Order::ZERO).unwrap());
        let other = {
            let pages = pages.clone();
            on_cpu(move || {
                let order = Order::new(2).unwrap();
                if let Ok(pfn) = pages.alloc(1, KERNEL, order) {
                    pages.free(1, pfn, order).unwrap();
                }
            })
        };
        taken.into_iter().for_each(|pfn| pages.free(0, pfn, Order::ZERO).unwrap());
        other.join().unwrap();
        all_is_there(&pages);
    });
}

/// One frees a block, the other drops its reference to it, at the same time.
#[test]
fn interleavings_of_the_last_references() {
    for compound in [Gfp::empty(), Gfp::COMP] {
        check(move || {
            let pages = small(4);
            let order = Order::new(1).unwrap();
            let pfn = pages.alloc(0, KERNEL | compound, order).unwrap();
            pages.get(pfn).unwrap();
            let other = {
                let pages = pages.clone();
                on_cpu(move || pages.put(1, pfn))
            };
            pages.free(0, pfn, order).unwrap();
            other.join().unwrap().unwrap();
            all_is_there(&pages);
        });
    }
}

/// A tracer set while another CPU works hears of all that begins afterwards.
#[test]
fn interleavings_of_a_hit_and_a_new_tracer() {
    check(|| {
        let pages = small(4);
        work(&pages, 0);
        let owner = {
            let pages = pages.clone();
            on_cpu(move || work(&pages, 0))
        };
        pages.set_tracer(Some(Tracer { call: |_, _| (), id: 0 }), full_barrier);
        // From now on no hit is on its way: the list may be looked at.
        assert!(!pages.heads.get(0).unwrap().enter().1);
        owner.join().unwrap();
        all_is_there(&pages);
    });
}
