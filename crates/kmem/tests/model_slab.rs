//! Slab caches and kmalloc against a map of live objects: none overlap, none move, contents stay, nothing is lost.

mod support;

use kmem::gfp::Gfp;
use kmem::profile::{SlabKind, SlabRule, PROFILES};
use kmem::slab::{CacheSpec, Hook, SlabFlags};
use kmem::units::PAGE_SIZE;
use kmem::{Misuse, Order, PhysAddr, VirtAddr};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Debug)]
enum Op {
    Kmalloc { bytes: u64, dma: bool },
    CacheAlloc { cache: usize },
    Free { n: usize },
    Shrink { cache: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let size = prop_oneof![5 => 1u64..300, 2 => 300u64..9000, 1 => 9000u64..200_000];
    prop_oneof![
        4 => (size, prop::bool::weighted(0.1)).prop_map(|(bytes, dma)| Op::Kmalloc { bytes, dma }),
        6 => (0usize..4).prop_map(|cache| Op::CacheAlloc { cache }),
        8 => any::<usize>().prop_map(|n| Op::Free { n }),
        1 => (0usize..4).prop_map(|cache| Op::Shrink { cache }),
    ]
}

static CONSTRUCTED: AtomicU64 = AtomicU64::new(0);

fn count_constructed(_: u64, _: VirtAddr) {
    CONSTRUCTED.fetch_add(1, Ordering::Relaxed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn objects_are_disjoint_and_keep_their_bytes(which in any::<prop::sample::Index>(), ops in prop::collection::vec(op(), 1..500)) {
        // SLOB has no slabs; `slob.rs` has its model.
        let profiles: Vec<_> = PROFILES.iter().copied().filter(|profile| profile.slab.kind() != SlabKind::Slob).collect();
        let profile = which.get(&profiles);
        let kernel = support::boot(profile, 48 << 20, profile.max_cpus.min(2));
        let specs = [(24u32, SlabFlags::empty(), false), (200, SlabFlags::HWCACHE_ALIGN, true), (1000, SlabFlags::POISON, false), (4000, SlabFlags::HWCACHE_ALIGN, true)];
        let caches: Vec<_> = specs.iter().enumerate().map(|(n, (size, flags, ctor))| {
            let ctor = ctor.then_some(Hook { call: count_constructed, token: 0 });
            let name = format!("model-{n}");
            kernel.cache_create(&CacheSpec { name: &name, size: *size, flags: *flags, ctor, ..CacheSpec::default() }).unwrap()
        }).collect();
        // Address of each live object → its size, its mark, and the cache if it is one's.
        let mut live: BTreeMap<u64, (u64, u8, Option<usize>)> = BTreeMap::new();
        let mut mark = 0u8;
        for op in ops {
            match op {
                Op::Kmalloc { .. } | Op::CacheAlloc { .. } => {
                    let (got, bytes, cache) = match op {
                        Op::Kmalloc { bytes, dma } => {
                            let gfp = if dma { Gfp::KERNEL | Gfp::DMA } else { Gfp::KERNEL };
                            (kernel.kmalloc(bytes, gfp), bytes, None)
                        }
                        Op::CacheAlloc { cache } => (kernel.cache_alloc(caches[cache], Gfp::KERNEL), specs[cache].0.into(), Some(cache)),
                        _ => unreachable!(),
                    };
                    let Ok(addr) = got else { continue };
                    if cache.is_none() {
                        prop_assert!(kernel.ksize(addr).unwrap() >= bytes);
                    }
                    let addr = addr.raw();
                    let below = live.range(..addr + bytes).next_back();
                    prop_assert!(below.is_none_or(|(at, (size, ..))| at + size <= addr), "{addr:#x} overlaps");
                    mark = mark.wrapping_add(1);
                    kernel.ram().fill(kernel.virt_to_phys(VirtAddr::new(addr)).unwrap(), bytes, mark);
                    live.insert(addr, (bytes, mark, cache));
                }
                Op::Free { n } if !live.is_empty() => {
                    let addr = *live.keys().nth(n % live.len()).unwrap();
                    let (bytes, mark, cache) = live.remove(&addr).unwrap();
                    let mut content = vec![0; bytes as usize];
                    kernel.ram().read(kernel.virt_to_phys(VirtAddr::new(addr)).unwrap(), &mut content);
                    prop_assert!(content.iter().all(|byte| *byte == mark), "{addr:#x} was overwritten");
                    let at = VirtAddr::new(addr);
                    match cache {
                        Some(cache) => {
                            let stranger = caches[(cache + 1) % caches.len()];
                            let wrong = kernel.cache_free_checked(stranger, at);
                            prop_assert!(matches!(wrong, Err(Misuse::WrongCache { .. })), "{:?}", wrong);
                            prop_assert_eq!(kernel.cache_free_checked(caches[cache], at), Ok(()));
                            let again = kernel.cache_free_checked(caches[cache], at);
                            prop_assert!(again.is_err(), "a double free went through");
                        }
                        None => prop_assert_eq!(kernel.kfree(at), Ok(())),
                    }
                }
                Op::Shrink { cache } => prop_assert_eq!(kernel.cache_shrink(caches[cache]), Ok(())),
                Op::Free { .. } => {}
            }
            prop_assert_eq!(kernel.verify(), Ok(()));
        }
        let busy = live.values().filter(|(.., cache)| *cache == Some(0)).count() as u64;
        if busy > 0 {
            prop_assert_eq!(kernel.cache_destroy(caches[0]), Err(Misuse::LiveObjects { count: busy }));
        }
        for (addr, (.., cache)) in live {
            let at = VirtAddr::new(addr);
            match cache {
                Some(cache) => prop_assert_eq!(kernel.cache_free_checked(caches[cache], at), Ok(())),
                None => prop_assert_eq!(kernel.kfree(at), Ok(())),
            }
        }
        for cache in caches {
            prop_assert_eq!(kernel.cache_destroy(cache), Ok(()));
            prop_assert_eq!(kernel.cache_destroy(cache), Err(Misuse::NoSuchObject(cache.raw().into())));
        }
        prop_assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn constructors_run_once_an_object() {
    let kernel = support::boot(PROFILES[0], 64 << 20, 1);
    static CALLS: AtomicU64 = AtomicU64::new(0);
    fn construct(token: u64, _: VirtAddr) {
        CALLS.fetch_add(token, Ordering::Relaxed);
    }
    let ctor = Some(Hook { call: construct, token: 1 });
    let spec = CacheSpec {
        name: "things",
        size: 116,
        flags: SlabFlags::HWCACHE_ALIGN,
        ctor,
        dtor: ctor,
        ..CacheSpec::default()
    };
    let cache = kernel.cache_create(&spec).unwrap();
    let objects: Vec<_> = (0..40).map(|_| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap()).collect();
    let built = CALLS.load(Ordering::Relaxed);
    assert!(built >= 40);
    objects.iter().for_each(|object| kernel.cache_free(*object).unwrap());
    let again = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), built, "an object keeps its state");
    kernel.cache_free(again).unwrap();
    kernel.cache_destroy(cache).unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), 2 * built, "each object is destructed once");
}

#[test]
fn a_new_slab_is_not_written_to() {
    for profile in PROFILES.iter().filter(|profile| matches!(profile.slab, SlabRule::Slub { .. })) {
        let kernel = support::boot(profile, 64 << 20, 1);
        // More of these pages than of any others are at hand for a slab.
        let pages: Vec<_> = (0..200).map(|_| kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap()).collect();
        for page in pages {
            kernel.ram().fill(page.phys(), PAGE_SIZE, 0xaa);
            kernel.free_pages(page, Order::ZERO).unwrap();
        }
        let spec = CacheSpec { name: "fresh", size: 200, flags: SlabFlags::NO_MERGE, ..CacheSpec::default() };
        let cache = kernel.cache_create(&spec).unwrap();
        let objects: Vec<_> = (0..4).map(|_| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap()).collect();
        let phys = |object: VirtAddr| kernel.virt_to_phys(object).unwrap().raw();
        let start = phys(*objects.iter().min().unwrap()) / PAGE_SIZE * PAGE_SIZE;
        let mut bytes = vec![0; PAGE_SIZE as usize];
        kernel.ram().read(PhysAddr::new(start), &mut bytes);
        assert!(bytes.iter().all(|byte| *byte == 0xaa), "{}", profile.name);
        // What comes back, from the CPU's array too, is linked.
        kernel.cache_shrink(cache).unwrap();
        let free = kernel.slab().info(cache).unwrap().geometry.objects as usize - objects.len();
        kernel.ram().read(PhysAddr::new(start), &mut bytes);
        assert_eq!(bytes.iter().filter(|byte| **byte != 0xaa).count(), 2 * free, "{}", profile.name);
        assert_eq!(kernel.verify(), Ok(()));
        objects.iter().for_each(|object| kernel.cache_free(*object).unwrap());
        kernel.cache_destroy(cache).unwrap();
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn several_cpus_share_caches_and_zones() {
    let kernel = support::boot(PROFILES[0], 256 << 20, 4);
    let spec = CacheSpec { name: "shared", size: 192, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let (give, take) = std::sync::mpsc::channel::<u64>();
    std::thread::scope(|scope| {
        for cpu in 0..3 {
            let (kernel, give) = (&kernel, give.clone());
            scope.spawn(move || {
                support::become_cpu(cpu);
                for round in 0..3000u64 {
                    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
                    kernel.ram().fill(kernel.virt_to_phys(object).unwrap(), 192, cpu as u8);
                    let pages = kernel.alloc_pages(Gfp::KERNEL, kmem::Order::new((round % 4) as u32).unwrap()).unwrap();
                    let block = kernel.kmalloc(64 + round % 3000, Gfp::KERNEL).unwrap();
                    kernel.kfree(block).unwrap();
                    kernel.free_pages(pages, kmem::Order::new((round % 4) as u32).unwrap()).unwrap();
                    give.send(object.raw()).unwrap();
                }
                kernel.drain();
            });
        }
        drop(give);
        // Another CPU frees what the others took.
        let kernel = &kernel;
        scope.spawn(move || {
            support::become_cpu(3);
            take.iter().for_each(|object| kernel.cache_free(VirtAddr::new(object)).unwrap());
        });
    });
    support::become_cpu(0);
    kernel.verify().unwrap();
    kernel.cache_destroy(cache).unwrap();
    kernel.verify().unwrap();
}

/// A cache's destructor is the client's code, which goes when the cache is destroyed: no CPU may still be in there.
#[test]
fn a_cache_ends_after_its_last_destructor() {
    static INSIDE: AtomicU64 = AtomicU64::new(0);
    static DONE: AtomicU64 = AtomicU64::new(0);
    fn destruct(_: u64, _: VirtAddr) {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(20));
        DONE.fetch_add(1, Ordering::SeqCst);
    }
    let kernel = support::boot(PROFILES[0], 64 << 20, 2);
    fn construct(_: u64, _: VirtAddr) {}
    let [ctor, dtor] = [construct, destruct].map(|call: fn(u64, VirtAddr)| Some(Hook { call, token: 0 }));
    let spec = CacheSpec { name: "things", size: 2000, ctor, dtor, ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    kernel.cache_free(object).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            support::become_cpu(1);
            kernel.cache_shrink(cache).unwrap();
        });
        while INSIDE.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        kernel.cache_destroy(cache).unwrap();
        assert_eq!(DONE.load(Ordering::SeqCst), INSIDE.load(Ordering::SeqCst), "a destructor still runs");
        assert!(DONE.load(Ordering::SeqCst) >= 2);
    });
    kernel.verify().unwrap();
}

#[test]
fn what_a_kernel_stops_at_makes_no_cache() {
    fn hook(_: u64, _: VirtAddr) {}
    let hook = Some(Hook { call: hook, token: 0 });
    let plain = CacheSpec { name: "odd", size: 100, ..CacheSpec::default() };
    for profile in PROFILES {
        let kernel = support::boot(profile, 64 << 20, 1);
        let is_old = profile.version < (2, 6, 20) && profile.slab.kind() != SlabKind::Slob;
        for (spec, is_refused) in [
            (CacheSpec { size: 0, ..plain }, true),
            (CacheSpec { align: 3, ..plain }, true),
            (CacheSpec { name: "", ..plain }, true),
            (CacheSpec { size: 3, ..plain }, is_old),
            (CacheSpec { dtor: hook, ..plain }, is_old),
            (CacheSpec { size: u32::MAX, ..plain }, true),
            (CacheSpec { align: 1 << 31, ..plain }, true),
            (CacheSpec { align: 64 << 20, ..plain }, true),
        ] {
            let made = kernel.cache_create(&spec);
            assert_eq!(made.is_err(), is_refused, "{}: {spec:?}", profile.name);
            made.map(|cache| kernel.cache_destroy(cache).unwrap()).ok();
        }
        kernel.verify().unwrap();
    }
}

#[test]
fn a_slab_whose_free_list_was_written_over_is_left_alone() {
    for name in ["i386-pae-6.1", "linux-2.6-i386"] {
        let kernel = support::boot(kmem::profile::by_name(name).unwrap(), 64 << 20, 1);
        let spec = CacheSpec { name: "foo", size: 400, flags: SlabFlags::NO_MERGE, ..CacheSpec::default() };
        let cache = kernel.cache_create(&spec).unwrap();
        let [freed, held, too] = [(); 3].map(|()| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap());
        [freed, too].into_iter().for_each(|object| kernel.cache_free(object).unwrap());
        kernel.cache_shrink(cache).unwrap();
        // SLUB's links are in the free objects, SLAB's before the first object.
        let page = freed.raw() & !(PAGE_SIZE - 1);
        let first = VirtAddr::new(page);
        let before_first = freed.raw().min(held.raw()).min(too.raw()) - page;
        for (at, bytes) in [(freed, 400), (too, 400), (first, before_first)] {
            assert!(kernel.ram().fill(kernel.virt_to_phys(at).unwrap(), bytes, 0xff), "{name}");
        }
        let before = kernel.pages().free_pages();
        let more: Vec<_> = (0..20).map(|_| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap()).collect();
        assert!(before - kernel.pages().free_pages() < 200, "{name}: the memory went");
        assert!(kernel.slab().info(cache).unwrap().slabs <= 5, "{name}");
        kernel.verify().unwrap();
        // What was out of that slab is freed as ever.
        kernel.cache_free(held).unwrap();
        more.into_iter().for_each(|object| kernel.cache_free(object).unwrap());
        kernel.cache_shrink(cache).unwrap();
        kernel.verify().unwrap();
    }
}

#[test]
fn a_destructor_cannot_destroy_its_own_cache() {
    type Kernel = kmem::Kernel<support::HeapMachine>;
    static KERNEL: std::sync::atomic::AtomicPtr<Kernel> = std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
    static REFUSED: AtomicU64 = AtomicU64::new(0);
    fn destroys(_: u64, _: VirtAddr) {
        // SAFETY: The kernel lives as long as the test, and is only shared.
        let kernel = unsafe { KERNEL.load(Ordering::SeqCst).as_ref() }.unwrap();
        let own = kernel.slab().infos().find(|info| info.name.as_str() == "own").unwrap().id;
        let is_refused = matches!(kernel.cache_destroy(own), Err(Misuse::BadArgument(_)));
        REFUSED.fetch_add(u64::from(is_refused), Ordering::SeqCst);
    }
    fn hook(_: u64, _: VirtAddr) {}
    let kernel = support::boot(kmem::profile::by_name("linux-2.6-i386").unwrap(), 64 << 20, 1);
    KERNEL.store((&raw const kernel).cast_mut(), Ordering::SeqCst);
    let hooks = [hook, destroys].map(|call| Some(Hook { call, token: 0 }));
    let spec = CacheSpec { name: "own", size: 256, ctor: hooks[0], dtor: hooks[1], ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    kernel.cache_free(object).unwrap();
    kernel.cache_shrink(cache).unwrap();
    assert!(REFUSED.load(Ordering::SeqCst) > 0);
    kernel.verify().unwrap();
    kernel.cache_destroy(cache).unwrap();
}
