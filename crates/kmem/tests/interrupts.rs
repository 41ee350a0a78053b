//! Interrupts come wherever they may, and take and give pages, objects and elements of pools: nobody waits for a lock that the
//! interrupted one holds, and nothing is lost.

mod support;

use kmem::boot::BootParams;
use kmem::pool::Source;
use kmem::profile::by_name;
use kmem::slab::{CacheSpec, SlabFlags};
use kmem::{Gfp, Kernel, Order, VirtAddr};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;
use support::HeapMachine;

/// What an interrupt does, one thing each time.
fn handler(kernel: Rc<Kernel<HeapMachine>>, shared: kmem::slab::CacheId, pool: kmem::pool::PoolId) -> Rc<dyn Fn()> {
    let held: RefCell<Vec<VirtAddr>> = RefCell::default();
    let count = Cell::new(0u64);
    Rc::new(move || {
        count.set(count.get() + 1);
        let mut held = held.borrow_mut();
        match count.get() % 9 {
            0 => held.extend(kernel.kmalloc(count.get() % 900 + 16, Gfp::ATOMIC).ok()),
            1 => held.extend(kernel.cache_alloc(shared, Gfp::ATOMIC | Gfp::ZERO).ok()),
            2 | 3 => held.pop().into_iter().for_each(|addr| kernel.kfree(addr).unwrap()),
            4 => held.pop().into_iter().for_each(|addr| kernel.kfree_rcu(addr, 0).unwrap()),
            5 => {
                if let Ok(element) = kernel.pools().alloc(kernel.memory(), pool, Gfp::ATOMIC) {
                    kernel.pools().free(kernel.memory(), pool, element).unwrap();
                }
            }
            6 => {
                if let Ok(pfn) = kernel.alloc_pages(Gfp::ATOMIC, Order::new(1).unwrap()) {
                    kernel.free_pages(pfn, Order::new(1).unwrap()).unwrap();
                }
            }
            7 => drop(kernel.rcu_read()),
            _ => held.drain(..).for_each(|addr| kernel.kfree(addr).unwrap()),
        }
    })
}

fn work(machine: &str, cmdline: &str) {
    let profile = by_name(machine).unwrap();
    let params = BootParams { ram_bytes: 96 << 20, cpus: 2.min(profile.max_cpus), cmdline, ..BootParams::new(profile) };
    let kernel = Rc::new(support::boot_with(profile, &params, None));
    let spec = CacheSpec { name: "shared", size: 200, ..CacheSpec::default() };
    let shared = kernel.cache_create(&spec).unwrap();
    let pool = kernel.pools().create(kernel.memory(), 4, Source::Slab(shared)).unwrap();
    support::interrupt_with(Some(handler(Rc::clone(&kernel), shared, pool)));
    let mut held = Vec::new();
    for round in 0..400u64 {
        let flags = [SlabFlags::empty(), SlabFlags::TYPESAFE_BY_RCU, SlabFlags::RECLAIM_ACCOUNT][round as usize % 3];
        let name = format!("own-{}", round % 5);
        let spec = CacheSpec { name: &name, size: 40 + round as u32 % 700, flags, ..CacheSpec::default() };
        let own = kernel.cache_create(&spec).unwrap();
        let objects: Vec<_> = (0..20).map(|_| kernel.cache_alloc(own, Gfp::KERNEL | Gfp::ZERO).unwrap()).collect();
        held.push(kernel.kmalloc(1 + round * 37 % 9000, Gfp::KERNEL).unwrap());
        held.push(kernel.cache_alloc(shared, Gfp::KERNEL).unwrap());
        let mut many = [VirtAddr::new(0); 30];
        kernel.cache_alloc_bulk(shared, Gfp::KERNEL, &mut many).unwrap();
        let moved = held.swap_remove(round as usize % held.len());
        held.push(kernel.krealloc(moved, 1 + round * 91 % 9000, Gfp::KERNEL).unwrap());
        let element = kernel.pools().alloc(kernel.memory(), pool, Gfp::KERNEL).unwrap();
        let mut text = String::new();
        for file in ["slabinfo", "meminfo", "/sys/kernel/slab/shared/objects"] {
            kernel.write_proc(file, &mut text).into_iter().for_each(|written| written.unwrap());
        }
        kernel.validate_slab(shared).unwrap();
        kernel.pools().resize(kernel.memory(), pool, 2 + round as u32 % 9).unwrap();
        kernel.pools().free(kernel.memory(), pool, element).unwrap();
        kernel.cache_free_bulk(&many).unwrap();
        if round % 7 == 0 {
            kernel.cache_shrink(shared).unwrap();
            kernel.reclaim_all();
            kernel.drain();
        }
        if round % 3 == 0 {
            let last = held.pop().unwrap();
            if kernel.ksize(last).unwrap() >= 16 {
                kernel.kfree_rcu(last, 0).unwrap();
            } else {
                kernel.kfree_sensitive(last).unwrap();
            }
            kernel.synchronize_rcu().unwrap();
        }
        objects.iter().for_each(|object| kernel.cache_free(*object).unwrap());
        kernel.cache_destroy(own).unwrap();
    }
    support::interrupt_with(None);
    held.into_iter().for_each(|addr| kernel.kfree(addr).unwrap());
    kernel.rcu_barrier().unwrap();
    kernel.verify().unwrap();
    let wrong: Vec<_> = support::log().into_iter().filter(|line| line.contains("BUG")).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{machine}");
}

#[test]
fn an_interrupt_never_waits_for_whom_it_interrupts() {
    for (machine, cmdline) in [
        ("linux-2.6-i386", ""),
        ("i386-pae-6.1", ""),
        ("amd64-6.12", ""),
        ("amd64-6.12", "slub_debug=FZPU"),
        ("msm8x25", "slub_debug=FZPU,shared"),
    ] {
        let (done, wait) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            work(machine, cmdline);
            // Who waits may have given up.
            let _ = done.send(());
        });
        let ended = wait.recv_timeout(Duration::from_secs(120));
        assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "{machine} {cmdline}: waits for itself");
        thread.join().unwrap_or_else(|_| panic!("{machine} {cmdline}"));
    }
}
