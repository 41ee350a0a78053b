//! kmap and its relatives.

use super::ground::{Ground, TestKernel, ARM, HIGH, I386, NO_MMU, PAE, PAE_HIDDEN};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::map::What;
use crate::units::{Order, Pfn, VirtAddr, PAGE_SIZE};

fn high_page(kernel: &TestKernel) -> Pfn {
    let pfn = kernel.memory.alloc_pages(Gfp::HIGHUSER, Order::ZERO).expect("there is memory");
    assert!(kernel.is_high(pfn), "every page is high");
    pfn
}
fn healthy(kernel: &TestKernel) {
    kernel.machine.check_tlb();
    assert_eq!(kernel.map.verify(&kernel.memory), Ok(()));
}

/// `expected/highmem_kmap.i686.txt`.
#[test]
fn what_a_real_kernel_printed() {
    for ground in HIGH {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let pages: Vec<_> = (0..8).map(|_| high_page(&kernel)).collect();
        assert_eq!(map.page_address(mem, pages[5]), None, "before it was ever mapped");
        for (index, &pfn) in pages.iter().enumerate() {
            let addr = map.kmap(mem, pfn).expect("there are slots");
            assert!(kernel.plan().layout.pkmap.unwrap_or_default().contains(addr), "{ground:?}");
            kernel.machine.store(addr, b'a' + index as u8).expect("it is mapped");
            assert_eq!(map.kunmap(mem, pfn), Ok(()));
        }
        let (first, second) = (map.kmap(mem, pages[0]), map.kmap(mem, pages[0]));
        assert_eq!(first, second, "mapped twice gives one address");
        assert_eq!(map.kunmap(mem, pages[0]), Ok(()));
        assert_eq!(map.kunmap(mem, pages[0]), Ok(()));
        for (index, &pfn) in pages.iter().enumerate() {
            let addr = map.kmap_local(mem, pfn).expect("there are slots");
            assert_eq!(kernel.machine.load(addr), Some(b'a' + index as u8));
            healthy(&kernel);
            assert_eq!(map.kunmap_local(mem, addr), Ok(()));
        }
        assert!(map.page_address(mem, pages[5]).is_some(), "its kept address");
        healthy(&kernel);
        map.kmap_flush_unused(mem);
        assert_eq!(map.page_address(mem, pages[5]), None);
        healthy(&kernel);
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn slots_are_taken_round_about_and_flushed_together() {
    for (ground, slots) in [(PAE, 512), (I386, 1024), (ARM, 512)] {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let start = kernel.plan().layout.pkmap.unwrap_or_default().start;
        let pages: Vec<_> = (0..slots + 3).map(|_| high_page(&kernel)).collect();
        let map_once = |pfn| {
            let addr = map.kmap(mem, pfn).expect("there are slots");
            kernel.machine.load(addr).expect("it is mapped");
            map.kunmap(mem, pfn).map(|()| addr)
        };
        for (index, &pfn) in pages.iter().take(slots - 1).enumerate() {
            assert_eq!(map_once(pfn), Ok(start.offset((index as u64 + 1) * PAGE_SIZE)), "the first one is slot 1");
        }
        assert_eq!(map.kmap_slots().count(), slots - 1);
        assert_eq!(map_once(pages[3]), Ok(start.offset(4 * PAGE_SIZE)), "it is still there");
        assert_eq!(map_once(pages[slots]), Ok(start), "the round is complete");
        assert_eq!(map.kmap_slots().count(), 1, "so the others were emptied");
        assert_eq!(map.page_address(mem, pages[3]), None);
        healthy(&kernel);
    }
}

#[test]
fn when_all_slots_have_users_the_caller_waits() {
    let kernel = PAE_HIDDEN.boot();
    let (map, mem) = (&kernel.map, &kernel.memory);
    let pages: Vec<_> = (0..513).map(|_| high_page(&kernel)).collect();
    for &pfn in &pages[..512] {
        assert!(map.kmap(mem, pfn).is_ok());
    }
    assert_eq!(map.kmap(mem, pages[512]), Err(AllocError::NoSlot));
    let known = map.page_address(mem, pages[7]);
    assert_eq!(map.kmap(mem, pages[7]).ok(), known, "one that is mapped needs no slot");
    assert_eq!(map.kunmap(mem, pages[7]), Ok(()));
    assert_eq!(map.kmap(mem, pages[512]), Err(AllocError::NoSlot), "one user is left");
    assert_eq!(map.kunmap(mem, pages[7]), Ok(()));
    assert_eq!(map.kmap(mem, pages[512]).ok(), known, "its slot is free now");
    assert!(map.kmap_slots().all(|slot| slot.users == 1));
    healthy(&kernel);
}

#[test]
fn misuse_of_kmap() {
    let kernel = PAE.boot();
    let (map, mem) = (&kernel.map, &kernel.memory);
    let pfn = high_page(&kernel);
    assert!(matches!(map.kunmap(mem, pfn), Err(Misuse::BadArgument(_))));
    let addr = map.kmap(mem, pfn).expect("there are slots");
    assert_eq!(map.kunmap(mem, pfn), Ok(()));
    assert_eq!(map.kunmap(mem, pfn), Err(Misuse::NotMapped(addr)), "it is only kept");
    assert!(map.kmap(mem, Pfn::new(0xf_0000)).is_err(), "no RAM");
    assert!(map.kmap_local(mem, Pfn::new(0xf_0000)).is_err());
    let low = mem.alloc_pages(Gfp::KERNEL, Order::ZERO).expect("there is memory");
    let linear = mem.phys_to_virt(low.phys());
    assert_eq!(map.kmap(mem, low).ok(), linear);
    assert_eq!(map.kmap_local(mem, low).ok(), linear);
    assert_eq!(map.page_address(mem, low), linear);
    assert_eq!(map.kunmap(mem, low), Ok(()));
    assert_eq!(map.kunmap_local(mem, linear.unwrap_or_default()), Ok(()));
    assert_eq!(map.kmap_local_depth(0), 0);
    healthy(&kernel);
}

#[test]
fn local_maps_are_a_stack() {
    for ground in HIGH {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let pages: Vec<_> = (0..17).map(|_| high_page(&kernel)).collect();
        let addrs: Vec<_> =
            pages.iter().take(16).map(|&pfn| map.kmap_local(mem, pfn).expect("there are slots")).collect();
        assert_eq!(map.kmap_local(mem, pages[16]), Err(AllocError::NoSlot));
        assert_eq!(map.kmap_local_depth(0), 16);
        healthy(&kernel);
        assert_eq!(map.kunmap_local(mem, addrs[3]), Err(Misuse::OutOfOrder(addrs[3])));
        assert_eq!(map.kunmap_local(mem, addrs[15].offset(77)), Ok(()), "anywhere in the page");
        assert_eq!(map.kunmap_local(mem, addrs[15]), Err(Misuse::NotMapped(addrs[15])));
        let stranger = VirtAddr::new(0xdead_beef);
        assert!(map.kunmap_local(mem, stranger).is_err() || mem.virt_to_phys(stranger).is_some());
        kernel.machine.load(addrs[14]).expect("it is mapped");
        for addr in addrs[..15].iter().rev() {
            assert!(matches!(map.describe(mem, *addr), What::Fixmap { slot: Some(_), page: Some(_) }));
            assert_eq!(map.kunmap_local(mem, *addr), Ok(()));
            assert_eq!(kernel.machine.load(*addr), None);
        }
        assert_eq!(map.kmap_local_depth(0), 0);
        healthy(&kernel);
    }
}

#[test]
fn each_cpu_has_its_own() {
    let kernel = Ground { ..PAE }.boot();
    let (map, mem) = (&kernel.map, &kernel.memory);
    let pfn = high_page(&kernel);
    let here = map.kmap_local(mem, pfn).expect("there are slots");
    kernel.machine.cpu.set(1);
    let there = map.kmap_local(mem, pfn).expect("there are slots");
    assert_ne!(here, there);
    assert_eq!(map.kunmap_local(mem, here), Err(Misuse::OutOfOrder(here)), "another CPU's");
    assert_eq!(map.kunmap_local(mem, there), Ok(()));
    kernel.machine.cpu.set(0);
    assert_eq!(map.kunmap_local(mem, here), Ok(()));
    kernel.machine.cpu.set(1_000_000);
    assert_eq!(map.kmap_local(mem, pfn), Err(AllocError::NoSlot), "no such CPU");
    kernel.machine.cpu.set(0);
    healthy(&kernel);
}

#[test]
fn old_kernels_name_the_slot() {
    let kernel = I386.boot();
    let (map, mem) = (&kernel.map, &kernel.memory);
    let (one, two) = (high_page(&kernel), high_page(&kernel));
    let (first, second) = (3, 4);
    let a = map.kmap_atomic_kind(mem, one, first).expect("the slot is free");
    let b = map.kmap_atomic_kind(mem, two, second).expect("the slot is free");
    assert_ne!(a, b);
    assert_eq!(map.kmap_atomic_kind(mem, two, first), Err(AllocError::NoSlot), "in use");
    assert_eq!(map.kmap_atomic_kind(mem, two, 20), Err(AllocError::NoSlot), "no such kind");
    assert!(matches!(map.kunmap_atomic_kind(mem, a, second), Err(Misuse::BadArgument(_))));
    assert_eq!(map.kunmap_atomic_kind(mem, a, first), Ok(()), "any order will do");
    assert_eq!(map.kunmap_atomic_kind(mem, a, first), Err(Misuse::NotMapped(a)));
    assert_eq!(map.kunmap_atomic_kind(mem, b, second), Ok(()));
    healthy(&kernel);
}

#[test]
fn without_an_mmu_every_page_is_low() {
    let kernel = NO_MMU.boot();
    let pfn = kernel.memory.alloc_pages(Gfp::HIGHUSER, Order::ZERO).expect("there is memory");
    let addr = kernel.map.kmap(&kernel.memory, pfn).expect("it has an address");
    assert_eq!(kernel.map.kunmap(&kernel.memory, pfn), Ok(()));
    assert_eq!(kernel.map.kmap_local(&kernel.memory, pfn), Ok(addr));
    assert_eq!(kernel.map.kunmap_local(&kernel.memory, addr), Ok(()));
}

#[test]
fn a_page_is_cleared_wherever_it_lies() {
    for ground in HIGH.into_iter().chain([super::ground::AMD64]) {
        let kernel = ground.boot();
        for gfp in [Gfp::KERNEL, Gfp::KERNEL | Gfp::HIGHMEM] {
            let pfn = kernel.memory.alloc_pages(gfp, Order::ZERO).expect("there is memory");
            kernel.machine.fill(pfn, 0x5a);
            assert_eq!(kernel.map.clear_page(&kernel.memory, pfn), Ok(()));
            let addr = kernel.map.kmap_local(&kernel.memory, pfn).expect("a slot is free");
            for at in [0, 1, PAGE_SIZE - 1] {
                assert_eq!(kernel.machine.load(addr.offset(at)), Some(0), "{ground:?}");
            }
            assert_eq!(kernel.map.kunmap_local(&kernel.memory, addr), Ok(()));
            assert_eq!(kernel.map.kmap_local_depth(0), 0);
            kernel.machine.check_tlb();
            assert_eq!(kernel.memory.free_pages(pfn, Order::ZERO), Ok(()));
        }
        assert_eq!(kernel.verify(), Ok(()));
    }
}
