//! SLOB: what it does by its rules, against a map of live blocks, when memory runs out, and beside slabs.

mod support;

use kmem::boot::{cut_nodes, BootParams};
use kmem::error::Misuse;
use kmem::event::Event;
use kmem::gfp::Gfp;
use kmem::page::Tracer;
use kmem::profile::{by_name, Profile, SlabKind, PROFILES};
use kmem::slab::kmalloc::KmallocInfo;
use kmem::slab::{CacheId, CacheSpec, Hook, SlabFlags};
use kmem::{AllocError, Kernel, VirtAddr};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use support::{boot, HeapMachine};

/// A machine's kernel, built with an allocator.
fn with(name: &str, kind: SlabKind) -> &'static Profile {
    let profile = by_name(name).unwrap();
    Box::leak(Box::new(profile.with_slab(kind).unwrap_or_else(|| panic!("{name} has no {kind}"))))
}
/// Every kernel that can be built with SLOB.
fn all() -> impl Iterator<Item = &'static Profile> {
    let can = |profile: &&'static Profile| profile.slab_kinds().any(|kind| kind == SlabKind::Slob);
    PROFILES.iter().copied().filter(can).map(|profile| with(profile.name, SlabKind::Slob))
}
fn tiny() -> Kernel<HeapMachine> {
    boot(with("uclinux-2.6-tiny", SlabKind::Slob), 2 << 20, 1)
}
fn ram_of(profile: &Profile) -> u64 {
    profile.default_ram.min(48 << 20)
}
fn cache(kernel: &Kernel<HeapMachine>, size: u32, align: u32, flags: SlabFlags) -> CacheId {
    let name = format!("cache-{size}-{align}-{}", flags.bits());
    kernel.cache_create(&CacheSpec { name: &name, size, align, flags, ..CacheSpec::default() }).unwrap()
}
fn free_pages(kernel: &Kernel<HeapMachine>) -> u64 {
    support::settled_pages(kernel)
}

thread_local! {
    static HEARD: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    static CALLS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

#[test]
fn a_block_takes_its_size_and_a_header() {
    let kernel = tiny();
    let first = kernel.kmalloc(60, Gfp::KERNEL).unwrap();
    let second = kernel.kmalloc(1, Gfp::KERNEL).unwrap();
    let third = kernel.kmalloc(7, Gfp::KERNEL).unwrap();
    // The header is a word, and so is the alignment.
    assert_eq!(second.raw() - first.raw(), 60 + 4);
    assert_eq!(third.raw() - second.raw(), 4 + 4);
    let header = kernel.virt_to_phys(first).unwrap().raw() - 4;
    assert_eq!(kernel.ram().read_entry(kmem::PhysAddr::new(header), 4), Some(60));
    // Units are two bytes.
    assert_eq!([first, second, third].map(|addr| kernel.ksize(addr).unwrap()), [60, 2, 8]);
    // A cache knows the size: no header.
    let things = cache(&kernel, 50, 0, SlabFlags::empty());
    let one = kernel.cache_alloc(things, Gfp::KERNEL).unwrap();
    let two = kernel.cache_alloc(things, Gfp::KERNEL).unwrap();
    assert_eq!(two.raw() - one.raw(), 52, "50 bytes, aligned to words");
    let lined = cache(&kernel, 10, 0, SlabFlags::HWCACHE_ALIGN);
    assert_eq!(kernel.cache_alloc(lined, Gfp::KERNEL).unwrap().raw() % 32, 0);
    // The gap before it is there for others.
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn what_is_nearly_a_page_is_one() {
    let kernel = tiny();
    let block = kernel.kmalloc(4091, Gfp::KERNEL).unwrap();
    assert_eq!(kernel.kmalloc_info(block), Ok(KmallocInfo::Block { bytes: 4092 }));
    let page = kernel.kmalloc(4092, Gfp::KERNEL).unwrap();
    assert_eq!((page.raw() % 4096, kernel.ksize(page)), (0, Ok(4096)));
    let pages = kernel.kmalloc(4097, Gfp::KERNEL).unwrap();
    assert_eq!(kernel.ksize(pages), Ok(8192));
    for addr in [block, page, pages] {
        assert_eq!(kernel.kfree(addr), Ok(()));
    }
    let limit = 4 << 20;
    assert_eq!(kernel.kmalloc(limit + 1, Gfp::KERNEL), Err(AllocError::TooLarge { bytes: limit + 1, limit }));
    // 2.6.11 has no ZERO_SIZE_PTR; 6.1 has.
    let nothing = kernel.kmalloc(0, Gfp::KERNEL).unwrap();
    assert!(nothing > kmem::memory::ZERO_SIZE_PTR);
    kernel.kfree(nothing).unwrap();
    let modern = boot(with("cortex-m", SlabKind::Slob), 16 << 20, 1);
    assert_eq!(modern.kmalloc(0, Gfp::KERNEL), Ok(kmem::memory::ZERO_SIZE_PTR));
    // Powers of two are aligned to themselves since 5.4, behind a header of a cache line here.
    for size in [64, 128, 256, 512, 1024, 2048] {
        assert_eq!(modern.kmalloc(size, Gfp::KERNEL).unwrap().raw() % size, 0, "{size}");
    }
    assert_eq!(modern.kmalloc(100, Gfp::KERNEL).unwrap().raw() % 32, 0);
    assert_eq!(modern.verify(), Ok(()));
}

#[test]
fn pages_count_as_slabs_since_5_4() {
    for (profile, counted) in [("uclinux-2.6-tiny", false), ("cortex-m", true), ("i386-6.1", true)] {
        let profile = with(profile, SlabKind::Slob);
        let kernel = boot(profile, ram_of(profile), 1);
        let slab = || {
            let mut text = String::new();
            kernel.write_proc("meminfo", &mut text).unwrap().unwrap();
            // What counts as free is in the zone that it came from.
            kernel.pages().zone_counts().for_each(|zone| assert!(zone.uses.iter().all(|count| *count <= zone.managed)));
            let line = text.lines().find(|line| line.starts_with("Slab:")).unwrap().to_owned();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let (before, pages) = (slab(), kernel.slab().slab_pages());
        let large = kernel.kmalloc(100_000, Gfp::KERNEL).unwrap();
        let small = kernel.kmalloc(3000, Gfp::KERNEL).unwrap();
        let taken = kernel.slab().slab_pages() - pages;
        assert!(taken >= 32, "{taken}");
        assert_eq!(slab() - before, if counted { taken * 4 } else { 0 }, "{}", profile.name);
        kernel.kfree(large).unwrap();
        kernel.kfree(small).unwrap();
        assert_eq!((slab(), kernel.slab().slab_pages()), (before, pages));
    }
}

#[test]
fn there_is_no_slabinfo_and_no_debugging() {
    for profile in all() {
        let params = BootParams {
            ram_bytes: ram_of(profile).max(if profile.word_bytes == 8 { 96 << 20 } else { 0 }),
            cmdline: "slub_debug=FZPU",
            ..BootParams::new(profile)
        };
        let kernel = support::boot_with(profile, &params, None);
        assert!(kernel.write_proc("slabinfo", &mut String::new()).is_none());
        assert!(kernel.proc_files().all(|file| file != "slabinfo"), "{}", profile.name);
        assert!(kernel.write_proc("/sys/kernel/slab/kmem_cache/order", &mut String::new()).is_none());
        let id = cache(&kernel, 40, 0, SlabFlags::POISON | SlabFlags::RED_ZONE);
        let info = kernel.slab().info(id).unwrap();
        assert_eq!((info.flags, info.geometry.left), (SlabFlags::empty(), 0), "{}", profile.name);
        assert!(!kernel.slab().has_debugged(), "{}", profile.name);
        // Nothing is merged either.
        let twin = kernel.cache_create(&CacheSpec { name: "twin", size: 40, ..CacheSpec::default() }).unwrap();
        assert_ne!(twin, id);
    }
}

#[test]
fn hooks_run_at_each_allocation_and_free() {
    CALLS.set((0, 0));
    let kernel = tiny();
    let ctor = Hook { call: |_, _| CALLS.set((CALLS.get().0 + 1, CALLS.get().1)), token: 0 };
    let dtor = Hook { call: |_, _| CALLS.set((CALLS.get().0, CALLS.get().1 + 1)), token: 0 };
    let spec = CacheSpec { name: "built", size: 40, ctor: Some(ctor), dtor: Some(dtor), ..CacheSpec::default() };
    let id = kernel.cache_create(&spec).unwrap();
    assert_eq!(CALLS.get(), (0, 0));
    for round in 1..=3 {
        let object = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
        assert_eq!(CALLS.get(), (round, round - 1));
        kernel.cache_free_to(id, object).unwrap();
        assert_eq!(CALLS.get(), (round, round));
    }
    // What is refused is not torn down.
    let object = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
    kernel.cache_free_to(id, object).unwrap();
    assert!(kernel.cache_free_to(id, object).is_err());
    assert_eq!(CALLS.get(), (4, 4));
}

#[test]
fn a_cache_is_destroyed_whatever_is_out() {
    let kernel = tiny();
    let id = cache(&kernel, 40, 0, SlabFlags::empty());
    let object = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
    let pages = kernel.slab().slab_pages();
    assert_eq!(kernel.cache_destroy(id), Ok(()));
    assert!(matches!(kernel.cache_free_to(id, object), Err(Misuse::NoSuchObject(_))));
    assert_eq!(kernel.verify(), Ok(()));
    assert_eq!(kernel.slab().slab_pages(), pages, "what was left out is lost, with its page");
}

#[test]
fn misuse_is_named_and_not_done() {
    for profile in all() {
        let kernel = boot(profile, ram_of(profile), 1);
        let name = profile.name;
        let id = cache(&kernel, 120, 0, SlabFlags::empty());
        let small = cache(&kernel, 24, 0, SlabFlags::empty());
        let page = cache(&kernel, 5000, 0, SlabFlags::empty());
        let verified = |what: &str, got: Result<(), Misuse>| {
            assert_eq!(kernel.verify(), Ok(()), "{name}: {what}");
            got.expect_err(what)
        };
        let fence = kernel.kmalloc(200, Gfp::KERNEL).unwrap();
        let object = kernel.kmalloc(200, Gfp::KERNEL).unwrap();
        let last = kernel.kmalloc(200, Gfp::KERNEL).unwrap();
        kernel.kfree(object).unwrap();
        assert_eq!(verified("double free", kernel.kfree(object)), Misuse::ObjectFree(object), "{name}");
        assert_eq!(kernel.kmalloc_info(object), Err(Misuse::ObjectFree(object)), "{name}");
        // Its neighbours may be freed, and then their page is gone or free.
        kernel.kfree(last).unwrap();
        verified("double free of a neighbour", kernel.kfree(last));
        kernel.kfree(fence).unwrap();
        verified("double free of the last one", kernel.kfree(fence));

        let thing = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
        let fence = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
        let why = verified("free without a cache", kernel.cache_free(thing));
        assert!(matches!(why, Misuse::BadArgument(_)), "{name}: {why}");
        let is_object = |why: Misuse| matches!(why, Misuse::NotAnObject(_) | Misuse::ObjectFree(_));
        assert!(is_object(verified("inside", kernel.cache_free_to(id, thing.offset(2)))), "{name}");
        assert!(is_object(verified("odd", kernel.cache_free_to(id, thing.offset(1)))), "{name}");
        assert!(is_object(verified("a page's cache", kernel.cache_free_to(page, thing))), "{name}");
        let whole = kernel.cache_alloc(page, Gfp::KERNEL).unwrap();
        assert!(is_object(verified("a block's cache", kernel.cache_free_to(id, whole))), "{name}");
        assert_eq!(kernel.cache_free_to(page, whole), Ok(()), "{name}");
        assert!(is_object(verified("page twice", kernel.cache_free_to(page, whole))), "{name}");
        kernel.cache_free_checked(id, thing).unwrap();
        assert_eq!(verified("twice", kernel.cache_free_checked(id, thing)), Misuse::ObjectFree(thing), "{name}");
        // A block of 24 bytes that is given back as one of 120 reaches into what is free.
        let tail = kernel.cache_alloc(small, Gfp::KERNEL).unwrap();
        let wrong = kernel.cache_free_to(id, tail);
        assert!(wrong.is_err() || kernel.verify() == Ok(()), "{name}");
        if wrong.is_err() {
            kernel.cache_free_to(small, tail).unwrap();
        }
        kernel.cache_free_to(id, fence).unwrap();

        // kmalloc's pages are no cache's, nor the other way round, nor are a client's.
        let mine = kernel.kmalloc(5000, Gfp::KERNEL).unwrap();
        let whole = kernel.cache_alloc(page, Gfp::KERNEL).unwrap();
        assert!(is_object(verified("kmalloc's pages", kernel.cache_free_to(page, mine))), "{name}");
        assert!(is_object(verified("a cache's pages", kernel.kfree(whole))), "{name}");
        assert!(matches!(verified("inside", kernel.kfree(mine.offset(8))), Misuse::InsideObject { .. }), "{name}");
        kernel.kfree(mine).unwrap();
        assert!(matches!(verified("pages twice", kernel.kfree(mine)), Misuse::DoubleFree(_)), "{name}");
        kernel.cache_free_to(page, whole).unwrap();
        let client = kernel.alloc_pages(Gfp::KERNEL, kmem::Order::ZERO).unwrap();
        let at = kernel.phys_to_virt(client.phys()).unwrap();
        assert!(is_object(verified("a client's page", kernel.kfree(at))), "{name}");
        kernel.free_pages(client, kmem::Order::ZERO).unwrap();

        // Pages that are no objects, and addresses that are nothing.
        let other = kernel.alloc_pages(Gfp::KERNEL, kmem::Order::new(1).unwrap()).unwrap();
        let at = kernel.phys_to_virt(other.phys()).unwrap();
        assert!(is_object(verified("a client's pages", kernel.kfree(at))), "{name}");
        assert!(is_object(verified("a client's pages", kernel.cache_free_to(id, at))), "{name}");
        kernel.free_pages(other, kmem::Order::new(1).unwrap()).unwrap();
        verified("free pages", kernel.kfree(at));
        assert!(matches!(kernel.kfree(VirtAddr::new(64)), Ok(()) | Err(_)), "{name}");
        let block = kernel.kmalloc(10, Gfp::KERNEL).unwrap();
        let pfn = kmem::Pfn::containing(kernel.virt_to_phys(block).unwrap());
        let why = verified("free_pages of SLOB's page", kernel.free_pages(pfn, kmem::Order::ZERO));
        assert_eq!(why, Misuse::SlabPage(pfn), "{name}");
        kernel.kfree(block).unwrap();
        assert_eq!(kernel.verify(), Ok(()), "{name}");
    }
}

#[test]
fn a_write_to_a_free_block_is_seen() {
    let kernel = tiny();
    let keep = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
    let object = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
    kernel.kfree(object).unwrap();
    let at = kernel.virt_to_phys(object).unwrap().raw() - 4;
    let at = kmem::PhysAddr::new(at);
    let mut was = [0; 4];
    kernel.ram().read(at, &mut was);
    // More units than there are, then fewer, then a next block that overlaps.
    for (bytes, name) in [([0xff, 0x7f, 0, 8], "slob B1"), ([2, 0, 0, 8], "slob B2"), ([40, 0, 1, 0], "slob B1")] {
        kernel.ram().write(at, &bytes);
        let broken = kernel.verify().expect_err("somebody wrote there");
        assert!(broken.what.starts_with(name), "{broken}: {bytes:?}");
        // Nothing panics, whatever is there.
        let _ = kernel.kmalloc(30, Gfp::KERNEL).map(|addr| kernel.kfree(addr));
        kernel.ram().write(at, &was);
    }
    kernel.kfree(keep).unwrap();
}

#[test]
fn objects_that_readers_may_see_stay_until_they_are_gone() {
    for profile in all() {
        let kernel = boot(profile, ram_of(profile), 1);
        for size in [20, 5000] {
            let before = free_pages(&kernel);
            let id = cache(&kernel, size, 0, SlabFlags::TYPESAFE_BY_RCU);
            let object = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
            let fence = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
            let at = kernel.virt_to_phys(object).unwrap();
            kernel.ram().fill(at, size.into(), 0x5a);
            kernel.rcu_read_lock();
            kernel.cache_free_to(id, object).unwrap();
            let again = kernel.cache_free_to(id, object);
            assert_eq!(again, Err(Misuse::ObjectFree(object)), "{}: it waits already", profile.name);
            // The pages of the first are not given to anybody.
            let others: Vec<_> = (0..64).map(|_| kernel.cache_alloc(id, Gfp::KERNEL).unwrap()).collect();
            assert!(!others.contains(&object), "{}", profile.name);
            let mut content = vec![0; size as usize];
            kernel.ram().read(at, &mut content);
            assert!(content.iter().all(|byte| *byte == 0x5a), "{}: a reader's object changed", profile.name);
            kernel.rcu_read_unlock().unwrap();
            others.into_iter().chain([fence]).for_each(|other| kernel.cache_free_to(id, other).unwrap());
            // The cache may go before its objects.
            kernel.cache_destroy(id).unwrap();
            kernel.rcu_barrier().unwrap();
            assert_eq!((kernel.rcu_pending(), kernel.verify()), (0, Ok(())), "{}", profile.name);
            assert_eq!(free_pages(&kernel), before, "{}: {size}", profile.name);
        }
        let object = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
        kernel.kfree_rcu(object, 8).unwrap();
        kernel.rcu_barrier().unwrap();
        assert!(kernel.kmalloc_info(object).is_err(), "{}", profile.name);
    }
}

#[test]
fn each_object_is_told_with_what_it_takes() {
    let kernel = tiny();
    let id = cache(&kernel, 50, 0, SlabFlags::empty());
    kernel.set_tracer(Some(Tracer { call: |_, event| HEARD.with_borrow_mut(|heard| heard.push(*event)), id: 0 }));
    let told = || {
        let is_page = |event: &Event| matches!(event, Event::MmPageAlloc { .. } | Event::MmPageFree { .. });
        HEARD.take().into_iter().rfind(|event| !is_page(event)).unwrap()
    };
    for (bytes, takes) in [(1, 5), (60, 64), (4091, 4095), (4092, 4096), (5000, 8192)] {
        let object = kernel.kmalloc(bytes, Gfp::KERNEL).unwrap();
        let Event::Kmalloc(event) = told() else { panic!("{bytes}") };
        assert_eq!((event.ptr, u64::from(event.bytes_req), event.bytes_alloc), (object.raw(), bytes, takes));
        kernel.kfree(object).unwrap();
        assert!(matches!(told(), Event::Kfree { ptr, .. } if ptr == object.raw()));
    }
    let object = kernel.cache_alloc(id, Gfp::KERNEL).unwrap();
    let Event::KmemCacheAlloc(event) = told() else { panic!() };
    assert_eq!((event.ptr, event.bytes_req, event.bytes_alloc), (object.raw(), 50, 50));
    kernel.cache_free_to(id, object).unwrap();
    let is_freed =
        matches!(told(), Event::KmemCacheFree { ptr, cache, .. } if ptr == object.raw() && cache == id.raw());
    assert!(is_freed);
    kernel.set_tracer(None);
}

#[derive(Clone, Debug)]
enum Op {
    Kmalloc { bytes: u64, zero: bool },
    Realloc { n: usize, bytes: u64 },
    CacheAlloc { cache: usize },
    Free { n: usize, twice: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![6 => 1u64..300, 3 => 300u64..4200, 1 => 4200u64..20_000];
    prop_oneof![
        5 => (size(), prop::bool::weighted(0.2)).prop_map(|(bytes, zero)| Op::Kmalloc { bytes, zero }),
        1 => (any::<usize>(), size()).prop_map(|(n, bytes)| Op::Realloc { n, bytes }),
        5 => (0usize..5).prop_map(|cache| Op::CacheAlloc { cache }),
        9 => (any::<usize>(), prop::bool::weighted(0.2)).prop_map(|(n, twice)| Op::Free { n, twice }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// The model: the bytes that somebody holds, each with a mark. With all given back the machine is what it was.
    #[test]
    fn blocks_are_disjoint_and_keep_their_bytes(which in any::<prop::sample::Index>(), ops in prop::collection::vec(op(), 1..600)) {
        let kernels: Vec<_> = all().collect();
        let profile = *which.get(&kernels);
        let kernel = boot(profile, ram_of(profile), profile.max_cpus.min(2));
        let header = u64::from(kernel.slab().kmalloc().rule().min_align);
        let specs = [(1u32, 0, SlabFlags::empty()), (24, 8, SlabFlags::empty()), (200, 0, SlabFlags::HWCACHE_ALIGN), (1000, 256, SlabFlags::empty()), (4096, 0, SlabFlags::empty())];
        let before = free_pages(&kernel);
        let caches: Vec<_> = specs.iter().map(|(size, align, flags)| cache(&kernel, *size, *align, *flags)).collect();
        let content = |addr: u64, bytes: u64| {
            let mut content = vec![0; bytes as usize];
            kernel.ram().read(kernel.virt_to_phys(VirtAddr::new(addr)).unwrap(), &mut content);
            content
        };
        let mut live: BTreeMap<u64, (u64, u8, Option<usize>)> = BTreeMap::new();
        let mut mark = 0u8;
        for op in ops {
            match op {
                Op::Kmalloc { .. } | Op::CacheAlloc { .. } => {
                    let (got, bytes, align, cache) = match op {
                        Op::Kmalloc { bytes, zero } => {
                            let got = kernel.kmalloc(bytes, if zero { Gfp::KERNEL | Gfp::ZERO } else { Gfp::KERNEL });
                            prop_assert!(!zero || content(got.unwrap().raw(), bytes).iter().all(|byte| *byte == 0), "not zeroed");
                            (got, bytes, header, None)
                        }
                        Op::CacheAlloc { cache } => {
                            let align = kernel.slab().info(caches[cache]).unwrap().geometry.align;
                            (kernel.cache_alloc(caches[cache], Gfp::KERNEL), specs[cache].0.into(), align.into(), Some(cache))
                        }
                        _ => unreachable!(),
                    };
                    let addr = got.unwrap().raw();
                    prop_assert_eq!(addr % align, 0);
                    let below = live.range(..addr + bytes).next_back();
                    prop_assert!(below.is_none_or(|(at, (size, ..))| at + size <= addr), "{addr:#x} overlaps");
                    mark = mark.wrapping_add(1);
                    kernel.ram().fill(kernel.virt_to_phys(VirtAddr::new(addr)).unwrap(), bytes, mark);
                    live.insert(addr, (bytes, mark, cache));
                }
                Op::Realloc { n, bytes } if !live.is_empty() => {
                    let addr = *live.keys().nth(n % live.len()).unwrap();
                    if let (old, was, None) = live[&addr] {
                        let new = kernel.krealloc(VirtAddr::new(addr), bytes, Gfp::KERNEL).unwrap().raw();
                        prop_assert!(content(new, old.min(bytes)).iter().all(|byte| *byte == was), "krealloc lost bytes");
                        live.remove(&addr);
                        kernel.ram().fill(kernel.virt_to_phys(VirtAddr::new(new)).unwrap(), bytes, was);
                        live.insert(new, (bytes, was, None));
                    }
                }
                Op::Free { n, twice } if !live.is_empty() => {
                    let addr = *live.keys().nth(n % live.len()).unwrap();
                    let (bytes, mark, cache) = live.remove(&addr).unwrap();
                    prop_assert!(content(addr, bytes).iter().all(|byte| *byte == mark), "{addr:#x} was overwritten");
                    let free = || match cache {
                        Some(cache) => kernel.cache_free_to(caches[cache], VirtAddr::new(addr)),
                        None => kernel.kfree(VirtAddr::new(addr)),
                    };
                    prop_assert_eq!(free(), Ok(()));
                    prop_assert!(!twice || free().is_err(), "a double free went through");
                }
                Op::Realloc { .. } | Op::Free { .. } => {}
            }
            prop_assert_eq!(kernel.verify(), Ok(()));
        }
        // The last come first, so that pages become free from both ends.
        for (addr, (.., cache)) in live.into_iter().rev() {
            match cache {
                Some(cache) => prop_assert_eq!(kernel.cache_free_to(caches[cache], VirtAddr::new(addr)), Ok(())),
                None => prop_assert_eq!(kernel.kfree(VirtAddr::new(addr)), Ok(())),
            }
        }
        for cache in caches {
            prop_assert_eq!(kernel.cache_destroy(cache), Ok(()));
        }
        prop_assert_eq!(kernel.verify(), Ok(()));
        prop_assert_eq!(free_pages(&kernel), before);
    }
}

#[test]
fn each_allocation_failed_once() {
    for profile in all() {
        let kernel = boot(profile, ram_of(profile), 1);
        let kernel = &kernel;
        let scenario = || {
            let mut held = Vec::new();
            let id = kernel.cache_create(&CacheSpec { name: "failing", size: 700, ..CacheSpec::default() });
            let whole = kernel.cache_create(&CacheSpec { name: "whole", size: 6000, ..CacheSpec::default() });
            let mut objects = Vec::new();
            for cache in [id, whole].into_iter().flatten() {
                objects.extend((0..7).filter_map(|_| Some((cache, kernel.cache_alloc(cache, Gfp::KERNEL).ok()?))));
                let mut many = [VirtAddr::default(); 6];
                if kernel.cache_alloc_bulk(cache, Gfp::KERNEL, &mut many).is_ok() {
                    objects.extend(many.map(|object| (cache, object)));
                }
            }
            for bytes in [8, 3000, 4090, 9000, 60] {
                held.extend(kernel.kmalloc(bytes, Gfp::KERNEL | Gfp::ZERO));
            }
            if let Some(old) = held.pop() {
                let new = kernel.krealloc(old, 2500, Gfp::KERNEL);
                assert!(new.is_ok() || kernel.kmalloc_info(old).is_ok(), "what failed changed nothing");
                held.push(new.unwrap_or(old));
            }
            let pool = id.ok().and_then(|id| kernel.pools().create(kernel, 3, kmem::pool::Source::Slab(id)).ok());
            if let Some(pool) = pool {
                kernel.pools().destroy(kernel, pool).unwrap();
            }
            held.into_iter().for_each(|addr| kernel.kfree(addr).unwrap());
            objects.into_iter().for_each(|(cache, object)| kernel.cache_free_to(cache, object).unwrap());
            [id, whole].into_iter().flatten().for_each(|cache| kernel.cache_destroy(cache).unwrap());
        };
        let failures = support::fail_each_once(kernel, scenario, || free_pages(kernel));
        assert!(failures >= 30, "{}: {failures}", profile.name);
    }
}

#[test]
fn memory_runs_out_and_comes_back() {
    let kernel = tiny();
    let before = free_pages(&kernel);
    let mut held = Vec::new();
    let error = loop {
        match kernel.kmalloc(90, Gfp::KERNEL | Gfp::NOWARN) {
            Ok(addr) => held.push(addr),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AllocError::NoMemory { .. }), "{error}");
    assert!(held.len() > 15_000, "{}", held.len());
    assert_eq!(kernel.verify(), Ok(()));
    held.into_iter().for_each(|addr| kernel.kfree(addr).unwrap());
    assert_eq!((free_pages(&kernel), kernel.verify()), (before, Ok(())));
}

#[test]
fn a_node_is_asked_for_its_own_pages() {
    let profile = with("amd64-6.1", SlabKind::Slob);
    let ram_bytes = 512 << 20;
    let nodes = cut_nodes(profile, ram_bytes, &[ram_bytes / 2, ram_bytes / 2]).unwrap();
    let params = BootParams { ram_bytes, cpus: 2, nodes: Some(nodes.as_slice()), ..BootParams::new(profile) };
    let kernel = support::boot_with(profile, &params, None);
    let node_of = |addr| kernel.pages().node_of(kmem::Pfn::containing(kernel.virt_to_phys(addr).unwrap()));
    let id = cache(&kernel, 50, 0, SlabFlags::empty());
    for round in 0..200u32 {
        let node = round % 2;
        let object = kernel.kmalloc_node(90, Gfp::KERNEL, Some(node)).unwrap();
        let other = kernel.cache_alloc_node(id, Gfp::KERNEL, Some(node)).unwrap();
        let large = kernel.kmalloc_node(5000, Gfp::KERNEL, Some(node)).unwrap();
        assert_eq!([object, other, large].map(node_of), [Some(node); 3], "{round}");
    }
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn several_cpus_share_one_lock() {
    let kernel = boot(with("i386-6.1", SlabKind::Slob), 64 << 20, 2);
    let before = free_pages(&kernel);
    let id = cache(&kernel, 48, 0, SlabFlags::empty());
    let with_cache = free_pages(&kernel);
    std::thread::scope(|scope| {
        for cpu in 0..2u64 {
            let kernel = &kernel;
            scope.spawn(move || {
                support::become_cpu(cpu as u32);
                let mut held = Vec::new();
                let mut random = cpu + 1;
                for _ in 0..3000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let pick = (random >> 33) as usize;
                    match pick % 4 {
                        0 => held.push((None, kernel.kmalloc((pick % 400) as u64 + 1, Gfp::KERNEL).unwrap())),
                        1 => held.push((Some(id), kernel.cache_alloc(id, Gfp::KERNEL).unwrap())),
                        _ if held.is_empty() => {}
                        _ => match held.swap_remove(pick % held.len()) {
                            (None, addr) => kernel.kfree(addr).unwrap(),
                            (Some(id), addr) => kernel.cache_free_to(id, addr).unwrap(),
                        },
                    }
                }
                for (cache, addr) in held {
                    cache.map_or_else(|| kernel.kfree(addr), |id| kernel.cache_free_to(id, addr)).unwrap();
                }
            });
        }
    });
    assert_eq!((free_pages(&kernel), kernel.verify()), (with_cache, Ok(())));
    kernel.cache_destroy(id).unwrap();
    assert_eq!(free_pages(&kernel), before);
}

/// What 10,000 mixed objects take of the page allocator, beyond what was asked for: half of kmalloc's, half of eight caches'.
fn waste(kernel: &Kernel<HeapMachine>, sizes: impl Iterator<Item = u64>) -> (u64, u64) {
    let before = free_pages(kernel);
    let caches: Vec<_> = (1..=8).map(|n| cache(kernel, 22 * n, 0, SlabFlags::empty())).collect();
    let (mut asked, mut random) = (0, 42u64);
    let mut held = Vec::new();
    for bytes in sizes {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = (random >> 60) as usize;
        let (got, bytes, cache) = match caches.get(pick) {
            Some(id) => (kernel.cache_alloc(*id, Gfp::KERNEL), 22 * (pick as u64 + 1), Some(*id)),
            None => (kernel.kmalloc(bytes, Gfp::KERNEL), bytes, None),
        };
        held.push((cache, got.unwrap()));
        asked += bytes;
    }
    assert_eq!(held.len(), 10_000);
    kernel.drain();
    let taken = (before - kernel.pages().zone_counts().map(|zone| zone.free).sum::<u64>()) * 4096;
    assert_eq!(kernel.verify(), Ok(()));
    for (cache, addr) in held {
        cache.map_or_else(|| kernel.kfree(addr), |id| kernel.cache_free_to(id, addr)).unwrap();
    }
    caches.into_iter().for_each(|id| kernel.cache_destroy(id).unwrap());
    (asked, taken)
}

#[test]
fn ten_thousand_mixed_objects_waste_less_than_with_slabs() {
    // Mostly small sizes, as kernels ask for; then all sizes alike.
    let small = |n: u64| 8 + n * 7919 % 48 + if n % 7 == 0 { n * 104_729 % 150 } else { 0 };
    let even = |n: u64| 8 + n * 7919 % 193;
    for sizes in [small, even] {
        let run = |kind| {
            let kernel = boot(with("uclinux-2.6-tiny", kind), 2 << 20, 1);
            waste(&kernel, (0..10_000).map(sizes))
        };
        let (slab, slob) = (run(SlabKind::Slab), run(SlabKind::Slob));
        assert_eq!(slab.0, slob.0, "the same objects");
        let (slab_waste, slob_waste) = (slab.1 - slab.0, slob.1 - slob.0);
        println!("asked {} taken {} {}: waste {slab_waste} {slob_waste}", slab.0, slab.1, slob.1);
        assert!(slob_waste < slab_waste / 2, "SLOB wastes {slob_waste} bytes, SLAB {slab_waste}");
        // A header for half of the objects, and little more.
        assert!(slob_waste < slob.0 / 10, "{slob_waste} of {}", slob.0);
    }
}
