//! Threads that read without a lock what another one replaces and frees; threads that wait for elements of a pool.

use kmem::boot::BootParams;
use kmem::pool::Source;
use kmem::{AllocError, Gfp, Kernel, VirtAddr};
use kmem_hosted::{Displacement, Hosted};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const SIZE: u64 = 256;

fn boot(cpus: u32) -> Kernel<Hosted> {
    let profile = kmem::profile::by_name("amd64-6.1").expect("it is there");
    let params = BootParams { cpus, ram_bytes: 128 << 20, ..BootParams::new(profile) };
    kmem_hosted::boot(profile, &params, Displacement::Any, |_| ()).expect("the host has so much")
}
fn fill(kernel: &Kernel<Hosted>, addr: VirtAddr, value: u8) {
    let at = kernel.virt_to_phys(addr).expect("it is directly mapped");
    assert!(kernel.ram().fill(at, SIZE, value));
}

/// Two read what a third replaces all the time; what is freed is filled by others at once.
#[test]
fn readers_never_see_what_is_freed() {
    let kernel = boot(3);
    let new = |value: u8| {
        let addr = kernel.kmalloc(SIZE, Gfp::KERNEL).expect("memory is there");
        fill(&kernel, addr, value & 0x7f);
        addr.raw()
    };
    let _cpu = kernel.machine().enter_cpu(0).expect("nobody has it");
    let current = AtomicU64::new(new(1));
    let (stop, looks) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for cpu in 1..3 {
            let (kernel, current, stop, looks) = (&kernel, &current, &stop, &looks);
            scope.spawn(move || {
                let _cpu = kernel.machine().enter_cpu(cpu).expect("nobody has it");
                let mut content = [0; SIZE as usize];
                while !stop.load(Ordering::Relaxed) {
                    let read = kernel.rcu_read();
                    let addr = VirtAddr::new(current.load(Ordering::Acquire));
                    for _ in 0..3 {
                        kernel.ram().read(kernel.virt_to_phys(addr).expect("an object"), &mut content);
                        // The head is the last two words.
                        let body = &content[..SIZE as usize - 16];
                        assert!(body.iter().all(|byte| *byte == body[0] && *byte < 0x80), "{:x?}", &body[..16]);
                    }
                    drop(read);
                    looks.fetch_add(1, Ordering::Relaxed);
                    // Others' objects, in memory that was just freed.
                    let other = kernel.kmalloc(SIZE, Gfp::KERNEL).expect("memory is there");
                    fill(kernel, other, 0xee);
                    kernel.kfree(other).expect("it was just taken");
                }
            });
        }
        for round in 0..20_000u32 {
            let old = current.swap(new(round as u8), Ordering::AcqRel);
            kernel.kfree_rcu(VirtAddr::new(old), SIZE - 16).expect("an object");
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(looks.load(Ordering::Relaxed) > 10);
    kernel.kfree(VirtAddr::new(current.into_inner())).expect("the last one");
    kernel.rcu_barrier().expect("nobody reads");
    assert_eq!(kernel.rcu_pending(), 0);
    assert_eq!(kernel.verify(), Ok(()));
}

/// A machine must be told that its threads may wait; then none of them fails.
#[test]
fn who_may_sleep_waits_for_an_element() {
    static HAS: AtomicU64 = AtomicU64::new(1);
    let kernel = boot(3);
    let (pools, memory) = (kernel.pools(), kernel.memory());
    let _cpu = kernel.machine().enter_cpu(0).expect("nobody has it");
    let one =
        |_: [u64; 3], _: Gfp| HAS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |has| has.checked_sub(1)).ok();
    let source = Source::Client { alloc: one, free: |_, _| (), token: [0; 3] };
    let pool = pools.create(memory, 1, source).expect("it has one");
    let only = pools.alloc(memory, pool, Gfp::KERNEL).expect("the reserve");
    assert_eq!(pools.alloc(memory, pool, Gfp::KERNEL), Err(AllocError::CannotWait));
    kernel.machine().allow_waiting();
    thread::scope(|scope| {
        for cpu in 1..3 {
            let kernel = &kernel;
            scope.spawn(move || {
                let _cpu = kernel.machine().enter_cpu(cpu).expect("nobody has it");
                for _ in 0..200 {
                    let element = pools.alloc(memory, pool, Gfp::KERNEL).expect("it waits");
                    thread::yield_now();
                    pools.free(memory, pool, element).expect("the pool is there");
                }
            });
        }
        thread::sleep(std::time::Duration::from_millis(20));
        pools.free(memory, pool, only).expect("the pool is there");
    });
    assert_eq!(kernel.verify(), Ok(()));
    pools.destroy(memory, pool).expect("the pool is there");
}
