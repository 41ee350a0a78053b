//! kswapd as a thread, while others allocate.

use kmem::boot::BootParams;
use kmem::page::FrameKind;
use kmem::reclaim::VmEvent;
use kmem::{Gfp, Kernel, Order};
use kmem_hosted::{kswapd, Displacement, HostError, Hosted};
use std::thread;
use std::time::{Duration, Instant};

fn boot(ram_mib: u64, cpus: u32) -> Kernel<Hosted> {
    let profile = kmem::profile::by_name("i386-pae-6.1").expect("it is there");
    let params = BootParams { cpus, ram_bytes: ram_mib << 20, ..BootParams::new(profile) };
    kmem_hosted::boot(profile, &params, Displacement::Any, |_| ()).expect("the host has so much")
}
/// Waits until something is so, for a while.
fn comes(what: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if what() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Those who may not wait fail, and yet have kswapd woken; when it was there, they find memory again.
#[test]
fn it_works_for_those_who_cannot_wait() {
    let kernel = boot(64, 2);
    let file = kernel.file_open("f").expect("memory is there");
    assert!((0..20_000).all(|index| kernel.file_read(file, index).is_ok()), "the cache gives way");
    let flags = Gfp::NOWAIT | Gfp::HIGHMEM | Gfp::NOWARN;
    let take = || std::iter::from_fn(|| kernel.alloc_pages(flags, Order::ZERO).ok()).count();
    take();
    let before = kernel.vm_event(VmEvent::PgStealKswapd);
    assert!(kernel.alloc_pages(flags, Order::ZERO).is_err());
    assert_eq!(kernel.vm_event(VmEvent::PgStealKswapd), before, "nobody reclaims: there is no thread");
    thread::scope(|scope| {
        let _kswapd = kswapd::spawn(scope, &kernel, 1).expect("the CPU is free");
        assert!(comes(|| kernel.alloc_pages(flags, Order::ZERO).is_ok()), "it is woken and reclaims");
    });
    assert!(kernel.vm_event(VmEvent::PgStealKswapd) > before);
    assert_eq!(kernel.vm_event(VmEvent::PgStealDirect), 0);
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn threads_allocate_while_it_runs() {
    let kernel = boot(64, 3);
    let first = kernel.pages().free_pages() + kernel.slab().slab_pages();
    thread::scope(|scope| {
        let _kswapd = kswapd::spawn(scope, &kernel, 2).expect("the CPU is free");
        let workers: Vec<_> = (0..2)
            .map(|cpu| {
                let kernel = &kernel;
                scope.spawn(move || {
                    let _cpu = kernel.machine().enter_cpu(cpu).expect("each has its own");
                    let file = kernel.file_open("f").expect("memory is there");
                    let mut held = Vec::new();
                    for index in 0..10_000 {
                        if index % 3 == 0 {
                            kernel.file_write(file, index).expect("the cache gives way");
                        } else {
                            kernel.file_read(file, index).expect("the cache gives way");
                        }
                        // Some of it is held for a while.
                        if index % 4 == 0 {
                            held.push(kernel.alloc_pages(Gfp::HIGHUSER, Order::ZERO).expect("the cache gives way"));
                        }
                        if held.len() > 1000 {
                            held.drain(..).for_each(|pfn| kernel.free_pages(pfn, Order::ZERO).expect("it was taken"));
                        }
                    }
                    held.drain(..).for_each(|pfn| kernel.free_pages(pfn, Order::ZERO).expect("it was taken"));
                    kernel.file_close(file).expect("it is open");
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().expect("it went through"));
    });
    // Who of them reclaimed how much is the host's doing.
    let stolen = kernel.vm_event(VmEvent::PgStealKswapd) + kernel.vm_event(VmEvent::PgStealDirect);
    assert!(stolen > 1000, "{stolen}");
    assert_eq!(kernel.file_counts(), (0, 0));
    assert_eq!(kernel.verify(), Ok(()));
    kernel.drain();
    // The table of files has grown by a block of 4 pages.
    let last = kernel.pages().free_pages() + kernel.slab().slab_pages();
    assert!(first - last <= 4, "{first} {last}");
    let pfn = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).expect("all is free");
    assert_eq!(kernel.frame(pfn).map(|frame| frame.kind), Some(FrameKind::Used));
}

#[test]
fn there_is_one_and_it_is_a_cpu() {
    let kernel = boot(64, 3);
    thread::scope(|scope| {
        let first = kswapd::spawn(scope, &kernel, 1).expect("the CPU is free");
        assert!(matches!(kswapd::spawn(scope, &kernel, 2), Err(HostError::BadConfig(_))));
        assert!(matches!(kernel.machine().enter_cpu(1), Err(HostError::CpuBusy(1))));
        drop(first);
        let _cpu = kernel.machine().enter_cpu(1).expect("it has ended");
        assert!(matches!(kswapd::spawn(scope, &kernel, 1), Err(HostError::CpuBusy(1))));
        assert!(matches!(kswapd::spawn(scope, &kernel, 3), Err(HostError::BadConfig(_))));
        assert!(kswapd::spawn(scope, &kernel, 2).is_ok());
    });
}
