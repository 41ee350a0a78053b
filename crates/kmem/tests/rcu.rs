//! Readers without a lock: what they found stays until they leave, and is gone then.

mod support;

use kmem::memory::RcuInvoker;
use kmem::page::{Attempted, FrameKind, Injector};
use kmem::profile::by_name;
use kmem::slab::{CacheId, CacheSpec, SlabFlags};
use kmem::{Gfp, Kernel, Misuse, Pfn, VirtAddr};
use std::cell::RefCell;
use support::{become_cpu, HeapMachine};

type Machine = Kernel<HeapMachine>;
const RAM: u64 = 96 << 20;

fn boot(name: &str, cpus: u32) -> Machine {
    support::boot(by_name(name).unwrap(), RAM, cpus)
}
fn is_live(kernel: &Machine, addr: VirtAddr) -> bool {
    kernel.kmalloc_info(addr).is_ok()
}
fn on_cpu<T>(cpu: u32, work: impl FnOnce() -> T) -> T {
    become_cpu(cpu);
    let result = work();
    become_cpu(0);
    result
}

#[test]
fn what_a_reader_may_look_at_stays_until_it_leaves() {
    for name in ["i386-pae-6.1", "amd64-6.12", "linux-2.6-i386"] {
        let kernel = boot(name, by_name(name).unwrap().max_cpus.min(2));
        let cpus = kernel.pages().cpus();
        let reader = cpus - 1;
        let word = u64::from(kernel.profile.word_bytes);
        let object = kernel.kmalloc(200, Gfp::KERNEL).unwrap();
        let at = kernel.virt_to_phys(object).unwrap();
        kernel.ram().fill(at, 200, 0x3c);
        on_cpu(reader, || {
            kernel.rcu_read_lock();
            kernel.rcu_read_lock();
        });
        kernel.kfree_rcu(object, 2 * word).unwrap();
        assert_eq!(kernel.rcu_pending(), 1);
        for _ in 0..3 {
            kernel.rcu_poll();
        }
        assert!(is_live(&kernel, object), "{name}: the reader is still there");
        let mut content = [0; 200];
        kernel.ram().read(at, &mut content);
        let outside = content.iter().enumerate().filter(|(at, _)| !(2 * word..4 * word).contains(&(*at as u64)));
        assert!(outside.into_iter().all(|(_, byte)| *byte == 0x3c), "{name}: all but the head is as it was");
        // A section in a section is one.
        on_cpu(reader, || kernel.rcu_read_unlock().unwrap());
        kernel.rcu_poll();
        assert!(is_live(&kernel, object), "{name}");
        on_cpu(reader, || kernel.rcu_read_unlock().unwrap());
        assert_eq!(kernel.rcu_poll(), 1);
        assert!(!is_live(&kernel, object), "{name}: nobody reads any more");
        assert_eq!(kernel.rcu_pending(), 0);
        kernel.verify().unwrap();
    }
}

/// A section that begins later knows nothing of what was unlinked before.
#[test]
fn later_readers_hold_nothing_up() {
    let kernel = boot("amd64-6.12", 3);
    on_cpu(1, || kernel.rcu_read_lock());
    let object = kernel.kmalloc(64, Gfp::KERNEL).unwrap();
    kernel.kfree_rcu(object, 0).unwrap();
    // The grace period begins, with CPU 1 inside and CPU 2 outside.
    kernel.rcu_poll();
    on_cpu(2, || kernel.rcu_read_lock());
    on_cpu(1, || {
        kernel.rcu_read_unlock().unwrap();
        kernel.rcu_read_lock();
    });
    assert_eq!(kernel.rcu_poll(), 1, "both began after it");
    for cpu in [1, 2] {
        on_cpu(cpu, || kernel.rcu_read_unlock().unwrap());
    }
    assert!(!is_live(&kernel, object));
}

#[test]
fn misuse_is_named() {
    let kernel = boot("amd64-6.12", 2);
    let why = |result: Result<(), Misuse>| matches!(result, Err(Misuse::BadArgument(_)));
    assert!(why(kernel.rcu_read_unlock()));
    {
        let _read = kernel.rcu_read();
        assert_eq!(kernel.rcu_depth(), 1);
        assert!(why(kernel.synchronize_rcu()), "it would wait for itself");
        assert!(why(kernel.rcu_barrier()));
    }
    assert_eq!(kernel.rcu_depth(), 0);
    assert_eq!(kernel.synchronize_rcu(), Ok(()));
    let object = kernel.kmalloc(32, Gfp::KERNEL).unwrap();
    for head in [1, 4, 24, 32, 4096] {
        assert!(why(kernel.kfree_rcu(object, head)), "{head}");
    }
    assert!(why(kernel.call_rcu(object, 0x1234_5678)), "nobody would call it");
    assert_eq!(kernel.kfree_rcu(VirtAddr::new(0), 0), Ok(()));
    assert!(kernel.kfree_rcu(VirtAddr::new(0x1000), 0).is_err());
    assert_eq!(kernel.kfree_rcu_mightsleep(object), Ok(()));
    assert!(!is_live(&kernel, object));
    assert_eq!(kernel.rcu_pending(), 0);
}

thread_local! {
    static CALLED: RefCell<Vec<(u64, u64)>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn functions_are_called_in_their_order_where_sleeping_is_allowed() {
    let kernel = boot("i386-pae-6.1", 2);
    let call = |token: u64, function: u64, head: VirtAddr| {
        assert_eq!(token, 7);
        CALLED.with_borrow_mut(|called| called.push((function, head.raw())));
    };
    kernel.set_rcu_invoker(Some(RcuInvoker { call, token: 7 }));
    let heads: Vec<_> = (0..5).map(|_| kernel.kmalloc(16, Gfp::KERNEL).unwrap()).collect();
    for (number, head) in (0..).zip(&heads) {
        kernel.call_rcu(*head, 0xc100_0000 + number).unwrap();
    }
    assert!(kernel.call_rcu(heads[0], 12).is_err(), "no function");
    kernel.rcu_barrier().unwrap();
    let expected: Vec<_> = (0..).zip(&heads).map(|(number, head)| (0xc100_0000 + number, head.raw())).collect();
    assert_eq!(CALLED.take(), expected);
    // An atomic allocation passes by without calling anybody.
    kernel.call_rcu(heads[0], 0xc200_0000).unwrap();
    let held: Vec<_> = (0..500).map(|_| kernel.kmalloc(600, Gfp::ATOMIC).unwrap()).collect();
    assert_eq!(CALLED.take(), []);
    let more: Vec<_> = (0..500).map(|_| kernel.kmalloc(700, Gfp::KERNEL).unwrap()).collect();
    assert_eq!(CALLED.take().len(), 1, "one that may sleep does it");
    held.into_iter().chain(more).chain(heads).for_each(|addr| kernel.kfree(addr).unwrap());
    kernel.verify().unwrap();
}

/// Nothing has to be taken for it, so nothing can fail; many are freed without anybody asking.
#[test]
fn queueing_needs_no_memory_and_drains_by_itself() {
    let kernel = boot("i386-pae-6.1", 1);
    let objects: Vec<_> = (0..1000).map(|_| kernel.kmalloc(96, Gfp::KERNEL).unwrap()).collect();
    let fail = |_: usize, _: Attempted| true;
    kernel.set_injector(Some(Injector { call: fail, id: 0 }));
    objects.iter().for_each(|object| kernel.kfree_rcu(*object, 8).unwrap());
    kernel.set_injector(None);
    assert!(kernel.rcu_pending() < 100, "{}", kernel.rcu_pending());
    kernel.rcu_barrier().unwrap();
    assert!(objects.iter().all(|object| !is_live(&kernel, *object)));
    kernel.verify().unwrap();
}

#[test]
fn memory_pressure_frees_what_waits() {
    let kernel = boot("i386-pae-6.1", 1);
    let mut all = Vec::new();
    while let Ok(addr) = kernel.kmalloc(64 << 10, Gfp::KERNEL | Gfp::NOWARN) {
        all.push(addr);
    }
    let few: Vec<_> = all.drain(..20).collect();
    few.iter().for_each(|addr| kernel.kfree_rcu(*addr, 0).unwrap());
    assert!(few.iter().all(|addr| is_live(&kernel, *addr)));
    let again = kernel.kmalloc(64 << 10, Gfp::KERNEL).unwrap();
    assert_eq!(kernel.rcu_pending(), 0);
    kernel.kfree(again).unwrap();
    all.into_iter().for_each(|addr| kernel.kfree(addr).unwrap());
    kernel.verify().unwrap();
}

fn typesafe(kernel: &Machine) -> CacheId {
    let flags = SlabFlags::TYPESAFE_BY_RCU;
    kernel.cache_create(&CacheSpec { name: "typesafe", size: 500, align: 0, flags, ..CacheSpec::default() }).unwrap()
}

#[test]
fn typesafe_slabs_keep_their_pages_for_readers() {
    for name in ["amd64-6.1", "i386-pae-6.1"] {
        let kernel = boot(name, 2);
        // Tables of descriptors grow once, and stay.
        let first = typesafe(&kernel);
        let objects: Vec<_> = (0..300).map(|_| kernel.cache_alloc(first, Gfp::KERNEL).unwrap()).collect();
        objects.into_iter().for_each(|object| kernel.cache_free(object).unwrap());
        kernel.cache_destroy(first).unwrap();
        let before = support::settled_pages(&kernel);
        let cache = typesafe(&kernel);
        let objects: Vec<_> = (0..300).map(|_| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap()).collect();
        let kind = || {
            let frames = objects.iter().map(|object| Pfn::containing(kernel.virt_to_phys(*object).unwrap()));
            let kinds = frames.map(|pfn| kernel.frame(pfn).unwrap().kind);
            kinds.filter(|kind| matches!(kind, FrameKind::Slab | FrameKind::SlabTail)).count()
        };
        on_cpu(1, || kernel.rcu_read_lock());
        objects.iter().for_each(|object| kernel.cache_free(*object).unwrap());
        kernel.cache_shrink(cache).unwrap();
        kernel.rcu_poll();
        assert_eq!(kind(), 300, "{name}: a reader may look at each of them");
        assert_eq!(kernel.slab().info(cache).unwrap().slabs, 0);
        assert!(kernel.rcu_pending() > 0);
        kernel.verify().unwrap();
        // The cache goes on without them.
        let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
        assert!(!objects.contains(&object), "{name}");
        kernel.cache_free(object).unwrap();
        on_cpu(1, || kernel.rcu_read_unlock().unwrap());
        kernel.rcu_poll();
        assert_eq!(kind(), 0, "{name}: nobody reads any more");
        assert_eq!(kernel.rcu_pending(), 0);
        // The end of the cache waits by itself, and does not wait for itself.
        let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
        kernel.cache_free(object).unwrap();
        kernel.rcu_read_lock();
        assert!(matches!(kernel.cache_destroy(cache), Err(Misuse::BadArgument(_))), "{name}");
        kernel.rcu_read_unlock().unwrap();
        kernel.cache_destroy(cache).unwrap();
        kernel.verify().unwrap();
        assert_eq!(support::settled_pages(&kernel), before, "{name}");
    }
}

#[test]
fn a_cache_ends_after_what_was_given_to_kfree_rcu_where_its_kernel_waits() {
    for (name, waits) in [("amd64-6.1", false), ("amd64-6.12", true)] {
        let kernel = boot(name, 1);
        let flags = SlabFlags::empty();
        let spec = CacheSpec { name: "short", size: 100, align: 0, flags, ..CacheSpec::default() };
        let cache = kernel.cache_create(&spec).unwrap();
        let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
        kernel.kfree_rcu(object, 0).unwrap();
        let ended = kernel.cache_destroy(cache);
        assert_eq!(ended, if waits { Ok(()) } else { Err(Misuse::LiveObjects { count: 1 }) }, "{name}");
        if !waits {
            kernel.rcu_barrier().unwrap();
            kernel.cache_destroy(cache).unwrap();
        }
        kernel.verify().unwrap();
    }
}

/// A vmalloc area stays mapped for its readers, and goes when they have left; nothing is allocated for that.
#[test]
fn vmalloc_areas_wait_for_readers_too() {
    for name in ["i386-pae-6.1", "amd64-6.12"] {
        let kernel = boot(name, 2);
        let caller = kmem::error::Name::new("test");
        let take = || kernel.kvmalloc(16 << 20, Gfp::KERNEL, caller).unwrap();
        let pages = |kernel: &Machine| kernel.pages().free_pages();
        let first = take();
        assert!(kernel.map().is_vmalloc(first));
        on_cpu(1, || kernel.rcu_read_lock());
        let before = pages(&kernel);
        let fail = |_: usize, _: Attempted| true;
        kernel.set_injector(Some(Injector { call: fail, id: 0 }));
        kernel.kvfree_rcu(first, 64).unwrap();
        kernel.set_injector(None);
        assert_eq!((pages(&kernel), kernel.map().read_areas()), (before, 1), "{name}");
        assert!(kernel.map().vmalloc_to_pfn(kernel.memory(), first).is_some(), "it is mapped");
        assert!(kernel.kvfree_rcu(first, 64).is_err() && kernel.kvfree(first).is_err(), "it is nobody's any more");
        kernel.verify().unwrap();
        on_cpu(1, || kernel.rcu_read_unlock().unwrap());
        // Who comes by finds that it may go.
        let second = take();
        assert_eq!(kernel.map().read_areas(), 0);
        kernel.kvfree_rcu(second, 0).unwrap();
        kernel.kvfree_rcu(kernel.kvmalloc(100, Gfp::KERNEL, caller).unwrap(), 0).unwrap();
        kernel.rcu_barrier().unwrap();
        assert_eq!((kernel.map().read_areas(), kernel.rcu_pending()), (0, 0));
        assert!(kernel.map().vmalloc_to_pfn(kernel.memory(), second).is_none());
        kernel.drain();
        assert!(pages(&kernel) >= before + (16 << 20 >> 12), "{name}: the pages are free again");
        let third = take();
        for head in [3, 4096, 16 << 20] {
            assert!(matches!(kernel.kvfree_rcu(third, head), Err(Misuse::BadArgument(_))), "{head}");
        }
        kernel.kvfree_rcu_mightsleep(third).unwrap();
        kernel.kvfree_rcu(VirtAddr::new(0), 0).unwrap();
        kernel.verify().unwrap();
    }
}
