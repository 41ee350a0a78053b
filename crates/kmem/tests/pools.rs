//! Memory pools: the reserve answers when the allocator does not, and refills first.

mod support;

use kmem::gfp::Gfp;
use kmem::pool::Source;
use kmem::profile::PROFILES;
use kmem::slab::{CacheSpec, SlabFlags};
use kmem::{Order, Pfn};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static BROKEN: AtomicBool = AtomicBool::new(false);
static NEXT: AtomicU64 = AtomicU64::new(1);
static FREED: AtomicU64 = AtomicU64::new(0);

fn alloc(_: [u64; 3], _: Gfp) -> Option<u64> {
    (!BROKEN.load(Ordering::Relaxed)).then(|| NEXT.fetch_add(1, Ordering::Relaxed))
}
fn free(_: [u64; 3], _: u64) {
    FREED.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn only_the_reserve_answers_when_the_allocator_fails() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    let (pools, memory) = (kernel.pools(), kernel.memory());
    let pool = pools.create(memory, 4, Source::Client { alloc, free, token: [0; 3] }).unwrap();
    assert_eq!(NEXT.load(Ordering::Relaxed), 5, "creating fills the reserve");
    BROKEN.store(true, Ordering::Relaxed);
    let got: Vec<_> = (0..6).filter_map(|_| pools.alloc(memory, pool, Gfp::ATOMIC).ok()).collect();
    assert_eq!(got.len(), 4);
    for element in &got {
        pools.free(memory, pool, *element).unwrap();
    }
    assert_eq!(FREED.load(Ordering::Relaxed), 0, "the reserve is refilled first");
    assert!(pools.resize(memory, pool, 8).is_err(), "growing needs the allocator");
    pools.resize(memory, pool, 2).unwrap();
    assert_eq!(FREED.load(Ordering::Relaxed), 2, "shrinking frees what is too much");
    kernel.verify().unwrap();
    pools.destroy(memory, pool).unwrap();
    assert_eq!(FREED.load(Ordering::Relaxed), 4);
    assert!(pools.destroy(memory, pool).is_err());
    assert!(pools.alloc(memory, pool, Gfp::KERNEL).is_err());
}

#[test]
fn elements_of_pages_are_contiguous() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    let order = Order::new(3).unwrap();
    let pool = kernel.pools().create(kernel.memory(), 2, Source::Pages(order)).unwrap();
    let element = Pfn::new(kernel.pools().alloc(kernel.memory(), pool, Gfp::KERNEL).unwrap());
    assert!(element.is_aligned(order));
    assert!((0..8).all(|page| kernel.frame(element.add(page)).is_some_and(|info| info.head == element)));
    kernel.pools().free(kernel.memory(), pool, element.raw()).unwrap();
    kernel.pools().destroy(kernel.memory(), pool).unwrap();
    kernel.verify().unwrap();
}

/// Takes memory until exactly `left` pages can still be had, runs `scenario`, and gives everything back.
#[test]
fn nothing_is_lost_when_any_allocation_fails() {
    for profile in PROFILES {
        let kernel = support::boot(profile, profile.default_ram.min(64 << 20), 1);
        let free_pages = || {
            kernel.drain();
            kernel.pages().zone_counts().map(|zone| zone.free).sum::<u64>()
        };
        let mut taken = Vec::new();
        while let Ok(pfn) = kernel.alloc_pages(Gfp::KERNEL | Gfp::MEMALLOC, Order::ZERO) {
            taken.push(pfn);
        }
        for left in 0..40 {
            let before = free_pages();
            let spec =
                CacheSpec { name: "scarce", size: 3000, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
            if let Ok(cache) = kernel.cache_create(&spec) {
                if let Ok(pool) = kernel.pools().create(kernel.memory(), 6, Source::Slab(cache)) {
                    kernel.pools().destroy(kernel.memory(), pool).unwrap();
                }
                let objects: Vec<_> =
                    (0..10).filter_map(|_| kernel.cache_alloc(cache, Gfp::KERNEL | Gfp::MEMALLOC).ok()).collect();
                objects.iter().for_each(|object| kernel.cache_free(*object).unwrap());
                kernel.cache_destroy(cache).unwrap();
            }
            kernel.verify().unwrap_or_else(|broken| panic!("{} with {left} pages: {broken}", profile.name));
            // Tables of descriptors and kmalloc's own slabs stay; nothing else may.
            let kept: u64 = kernel.slab().infos().map(|info| u64::from(info.slabs) * info.geometry.order.pages()).sum();
            assert!(free_pages() + kept + 64 >= before, "{}: {left} pages left", profile.name);
            match taken.pop() {
                Some(pfn) => kernel.free_pages(pfn, Order::ZERO).unwrap(),
                None => break,
            }
        }
        taken.drain(..).for_each(|pfn| kernel.free_pages(pfn, Order::ZERO).unwrap());
        kernel.verify().unwrap();
    }
}
