//! Memory pools: the reserve answers when the allocator does not, and refills first.

mod support;

use kmem::gfp::Gfp;
use kmem::pool::Mismatch;
use kmem::pool::Source;
use kmem::profile::{by_name, PROFILES};
use kmem::slab::{CacheSpec, Hook, SlabFlags};
use kmem::{AllocError, Order, Pfn, VirtAddr};
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
                objects.iter().for_each(|object| kernel.cache_free_to(cache, *object).unwrap());
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

/// What an allocator was asked with.
static ASKED: std::sync::Mutex<Vec<Gfp>> = std::sync::Mutex::new(Vec::new());
/// How many elements it still has.
static LEFT: AtomicU64 = AtomicU64::new(0);

fn note(_: [u64; 3], gfp: Gfp) -> Option<u64> {
    ASKED.lock().unwrap().push(gfp);
    let has = LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    has.is_ok().then_some(78)
}
fn drop_it(_: [u64; 3], _: u64) {}

/// First without waiting, then the reserve, then as the flags say, then there is nothing but to wait.
#[test]
fn an_allocation_has_its_order() {
    let kernel = support::boot(by_name("i386-pae-6.1").unwrap(), 64 << 20, 1);
    let (pools, memory) = (kernel.pools(), kernel.memory());
    let asked = || std::mem::take(&mut *ASKED.lock().unwrap());
    let source = Source::Client { alloc: note, free: drop_it, token: [0; 3] };
    assert!(pools.create(memory, 1, source).is_err(), "no reserve, no pool");
    assert_eq!(pools.infos(memory).count(), 0);
    LEFT.store(2, Ordering::Relaxed);
    let pool = pools.create(memory, 1, source).unwrap();
    let always = Gfp::NOMEMALLOC | Gfp::NORETRY | Gfp::NOWARN;
    let gentle = (Gfp::KERNEL | always) - (Gfp::DIRECT_RECLAIM | Gfp::IO);
    asked();
    assert_eq!(pools.alloc(memory, pool, Gfp::KERNEL), Ok(78), "the allocator itself");
    assert_eq!(asked(), [gentle]);
    assert_eq!(pools.alloc(memory, pool, Gfp::KERNEL), Ok(78), "the reserve");
    assert_eq!(asked(), [gentle], "nobody made an effort yet");
    assert_eq!(pools.alloc(memory, pool, Gfp::KERNEL), Err(AllocError::CannotWait));
    assert_eq!(asked(), [gentle, Gfp::KERNEL | always]);
    let atomic = pools.alloc(memory, pool, Gfp::ATOMIC);
    assert!(matches!(atomic, Err(AllocError::NoMemory { .. })), "{atomic:?}");
    let counts = || pools.infos(memory).next().map(|info| (info.reserved, info.out));
    pools.free(memory, pool, 0).unwrap();
    assert_eq!(counts(), Some((0, 2)), "NULL is nothing");
    pools.free(memory, pool, 78).unwrap();
    pools.free(memory, pool, 78).unwrap();
    assert_eq!(counts(), Some((1, 0)));
    assert!(matches!(pools.resize(memory, pool, 0), Err(AllocError::BadFlags(_))));
    pools.destroy(memory, pool).unwrap();
}

/// Four threads want more than there is: each waits for what another one gives back, and none fails.
#[test]
fn who_may_sleep_does_not_fail() {
    let kernel = support::boot(by_name("amd64-6.1").unwrap(), 64 << 20, 4);
    let (pools, memory) = (kernel.pools(), kernel.memory());
    kernel.machine().allow_waiting();
    static HAS: AtomicU64 = AtomicU64::new(2);
    let two =
        |_: [u64; 3], _: Gfp| HAS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |has| has.checked_sub(1)).ok();
    let pool = pools.create(memory, 2, Source::Client { alloc: two, free: drop_it, token: [0; 3] }).unwrap();
    std::thread::scope(|scope| {
        for cpu in 0..4 {
            scope.spawn(move || {
                support::become_cpu(cpu);
                for _ in 0..2000 {
                    let element = pools.alloc(memory, pool, Gfp::KERNEL).unwrap();
                    std::thread::yield_now();
                    pools.free(memory, pool, element).unwrap();
                }
            });
        }
    });
    support::become_cpu(0);
    kernel.verify().unwrap();
    assert_eq!(pools.infos(memory).next().map(|info| (info.reserved, info.out)), Some((2, 0)));
    pools.destroy(memory, pool).unwrap();
}

#[test]
fn a_write_to_the_reserve_is_found() {
    let profile = by_name("i386-pae-6.1").unwrap();
    let params = kmem::boot::BootParams {
        ram_bytes: 64 << 20,
        cmdline: "slub_debug=FZP",
        ..kmem::boot::BootParams::new(profile)
    };
    let kernel = support::boot_with(profile, &params, None);
    let (pools, memory) = (kernel.pools(), kernel.memory());
    let spec = CacheSpec { name: "pooled", size: 192, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let order = Order::new(1).unwrap();
    for (source, size) in [(Source::Slab(cache), 192), (Source::Kmalloc(100), 100), (Source::Pages(order), 8192)] {
        let pool = pools.create(memory, 3, source).unwrap();
        let at = |element: u64| match source {
            Source::Pages(_) => Pfn::new(element).phys(),
            _ => kernel.virt_to_phys(VirtAddr::new(element)).unwrap(),
        };
        // The allocator has nothing: the reserve answers.
        let fail = |_: usize, _: kmem::page::Attempted| true;
        let from_reserve = || {
            kernel.set_injector(Some(kmem::page::Injector { call: fail, id: 0 }));
            let element = pools.alloc(memory, pool, Gfp::ATOMIC).unwrap();
            kernel.set_injector(None);
            element
        };
        for byte in [0, 17, size - 1] {
            let element = from_reserve();
            assert_eq!(pools.take_mismatch(memory), None, "{source:?}");
            let mut content = vec![0; size as usize];
            kernel.ram().read(at(element), &mut content);
            assert!(content.iter().all(|byte| *byte == 0x5a), "what is taken says so");
            pools.free(memory, pool, element).unwrap();
            kernel.ram().read(at(element), &mut content);
            assert!(
                content[..size as usize - 1].iter().all(|byte| *byte == 0x6b) && content[size as usize - 1] == 0xa5
            );
            kernel.ram().fill(at(element).offset(byte), 1, 0x11);
            support::log();
            assert_eq!(from_reserve(), element);
            let expected = if byte + 1 == size { 0xa5 } else { 0x6b };
            let found = Mismatch { pool, element, size, byte, found: 0x11, expected };
            assert_eq!(pools.take_mismatch(memory), Some(found));
            let log = support::log();
            assert_eq!(log[0], "BUG: mempool element poison mismatch");
            assert_eq!(log[3], format!(" byte {byte} is 0x11 instead of {expected:#x}"));
            let bytes = match byte {
                0 => "0x11 6b 6b 6b ...".to_owned(),
                17 => "... 0x6b 6b 6b 6b 11 6b 6b 6b ...".to_owned(),
                _ => "... 0x6b 6b 6b 6b 11 ".to_owned(),
            };
            assert!(log[2].ends_with(&bytes), "{}", log[2]);
            pools.free(memory, pool, element).unwrap();
        }
        pools.destroy(memory, pool).unwrap();
    }
    // A constructor's work is left alone.
    let hook = Some(Hook { call: |_, _| (), token: 0 });
    let built = kernel.cache_create(&CacheSpec { name: "built", ctor: hook, ..spec }).unwrap();
    let pool = pools.create(memory, 1, Source::Slab(built)).unwrap();
    let element = pools.alloc(memory, pool, Gfp::KERNEL).unwrap();
    pools.free(memory, pool, element).unwrap();
    pools.destroy(memory, pool).unwrap();
    kernel.cache_destroy(built).unwrap();
    kernel.cache_destroy(cache).unwrap();
    kernel.verify().unwrap();
}

#[test]
fn what_lies_idle_is_counted_by_what_it_takes() {
    let kernel = support::boot(by_name("linux-2.6-i386").unwrap(), 64 << 20, 1);
    let (pools, memory) = (kernel.pools(), kernel.memory());
    let order = Order::new(2).unwrap();
    let pool = pools.create(memory, 5, Source::Kmalloc(100)).unwrap();
    let idle = || pools.infos(memory).map(|info| (info.element_bytes, info.idle_bytes)).collect::<Vec<_>>();
    assert_eq!(idle(), [(128, 640)]);
    let pages = pools.create(memory, 2, Source::Pages(order)).unwrap();
    assert_eq!(idle(), [(128, 640), (16384, 32768)]);
    pools.resize(memory, pool, 3).unwrap();
    assert_eq!(idle()[0], (128, 384));
    pools.destroy(memory, pages).unwrap();
    pools.destroy(memory, pool).unwrap();
    // Nothing is little on 2.6, and nothing on later kernels.
    for (profile, size) in [("linux-2.6-i386", 32), ("i386-pae-6.1", 0)] {
        let kernel = support::boot(by_name(profile).unwrap(), 64 << 20, 1);
        kernel.pools().create(kernel.memory(), 2, Source::Kmalloc(0)).unwrap();
        let info = kernel.pools().infos(kernel.memory()).next().unwrap();
        assert_eq!((info.element_bytes, info.idle_bytes), (size, 2 * size));
    }
}

#[test]
fn nothing_is_lost_whichever_allocation_fails() {
    for profile in PROFILES.iter().filter(|profile| profile.default_ram >= 64 << 20) {
        let kernel = support::boot(profile, 64 << 20, 1);
        let (pools, memory) = (kernel.pools(), kernel.memory());
        let spec = CacheSpec { name: "any", size: 900, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
        let cache = kernel.cache_create(&spec).unwrap();
        for source in [Source::Slab(cache), Source::Kmalloc(2000), Source::Pages(Order::ZERO)] {
            let scenario = || {
                let Ok(pool) = pools.create(memory, 3, source) else { return };
                // The reserve answers for each that fails.
                let elements: Vec<_> = (0..3).map(|_| pools.alloc(memory, pool, Gfp::KERNEL).unwrap()).collect();
                let grown = pools.resize(memory, pool, 6);
                elements.into_iter().for_each(|element| pools.free(memory, pool, element).unwrap());
                let info = pools.infos(memory).next().unwrap();
                assert!(info.reserved <= info.min_nr && info.out == 0);
                assert!(grown.is_err() || info.reserved == 6, "{info:?}");
                pools.resize(memory, pool, 1).unwrap();
                pools.destroy(memory, pool).unwrap();
            };
            let failures = support::fail_each_once(&kernel, scenario, || support::settled_pages(&kernel));
            assert!(failures >= 11, "{}: {failures}", profile.name);
        }
        kernel.cache_destroy(cache).unwrap();
    }
}
