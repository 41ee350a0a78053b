//! vmalloc, vmap, module memory, user pages, describe, verify.

use super::ground::{
    free_pages, name, Ground, TestKernel, ALL, ALL_LOW, AMD64, ARM, ARM64, HIGH, I386, LPAE, NO_MMU, PAE, PAE_2G,
    RISCV64,
};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::map::{MapError, Prot, Space, VmFlags, VmallocRequest, What};
use crate::units::{Order, Pfn, VirtAddr, PAGE_SIZE};

const ANY: Gfp = Gfp::KERNEL.union(Gfp::HIGHMEM);

fn vmalloc(kernel: &TestKernel, bytes: u64) -> Result<VirtAddr, AllocError> {
    kernel.map.vmalloc(&kernel.memory, bytes, ANY, name("test"))
}
fn healthy(kernel: &TestKernel) {
    kernel.machine.check_tlb();
    assert_eq!(kernel.map.verify(&kernel.memory), Ok(()));
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn memory_is_contiguous_in_virtual_addresses_only() {
    for ground in ALL {
        let kernel = ground.boot();
        healthy(&kernel);
        let addr = vmalloc(&kernel, 3 * PAGE_SIZE + 1).expect("there is room");
        let area = kernel.map.find_area(addr).expect("it is an area");
        assert_eq!((area.start, area.bytes, area.nr_pages), (addr, 5 * PAGE_SIZE, 4), "{ground:?}");
        assert_eq!((area.flags, area.caller), (VmFlags::ALLOC, name("test")));
        assert_eq!(kernel.map.vmalloc_size(addr), Some(4 * PAGE_SIZE));
        for byte in [0, 4095, 4096, 4 * PAGE_SIZE - 1] {
            kernel.machine.store(addr.offset(byte), byte as u8).expect("it is mapped");
            assert_eq!(kernel.machine.load(addr.offset(byte)), Some(byte as u8));
            let phys = kernel.map.vmalloc_to_phys(&kernel.memory, addr.offset(byte)).map(|phys| phys.raw());
            assert_eq!(phys, kernel.machine.mmu(addr.offset(byte)));
        }
        assert_eq!(kernel.machine.load(addr.offset(4 * PAGE_SIZE)), None, "the guard page");
        let prot = kernel.map.translate(&kernel.memory, addr).map(|found| found.prot);
        let implied = kernel.profile.paging.map_or(Prot::empty(), |format| format.implied);
        assert_eq!(prot, Some(Prot::KERNEL | implied));
        healthy(&kernel);
        assert_eq!(kernel.map.vfree(&kernel.memory, addr), Ok(()));
        assert_eq!(kernel.machine.load(addr), None, "after vfree");
        healthy(&kernel);
    }
}

#[test]
fn the_direct_map_is_made_of_large_pages() {
    let wide = ALL_LOW.map(|ground| (ground, 2 << 20));
    for (ground, large) in [(PAE, 2 << 20), (I386, 4 << 20), (ARM, 1 << 20), (LPAE, 2 << 20)].into_iter().chain(wide) {
        let kernel = ground.boot();
        let low = kernel.plan().layout.low;
        let start = kernel.profile.page_offset;
        for offset in [0, 5 << 20, low.bytes() - 1] {
            let found = kernel.map.translate(&kernel.memory, start.offset(offset)).expect("it is mapped");
            assert_eq!(found.phys, low.start.offset(offset), "{ground:?}");
            assert!(found.prot.contains(Prot::WRITE) && !found.prot.contains(Prot::USER));
            // The image is executed where it was linked: in the direct map, unless that is elsewhere.
            let is_apart = kernel.profile.layout.image_distance().is_some();
            assert_eq!(found.prot.contains(Prot::EXEC), !is_apart, "{ground:?}");
        }
        let at = |offset| kernel.map.translate(&kernel.memory, start.offset(offset)).map(|found| found.page_bytes);
        assert_eq!(at(8 << 20), Some(large));
        let tail = low.bytes() & (large - 1);
        assert_eq!(at(low.bytes() - 1), Some(if tail == 0 { large } else { PAGE_SIZE }), "{ground:?}");
        assert_eq!(at(low.bytes()), None);
    }
}

#[test]
fn refusals_carry_their_numbers() {
    let kernel = PAE_2G.boot();
    let total_pages = kernel.total_pages();
    let largest_hole = kernel.map.counts(Space::Vmalloc).largest_hole;
    let request = VmallocRequest::new(PAGE_SIZE, name("test"));
    let aligned = |align| kernel.map.vmalloc_with(&kernel.memory, &VmallocRequest { align, ..request });
    assert_eq!(vmalloc(&kernel, 0), Err(AllocError::ZeroSize));
    assert_eq!(kernel.machine.take_log(), [""; 0]);
    assert_eq!(vmalloc(&kernel, 3 << 30), Err(AllocError::ExceedsRam { pages: 3 << 18, total_pages }));
    assert_eq!(
        kernel.machine.take_log(),
        ["vmalloc error: size 3221225472, exceeds total pages, mode:0xcc0(GFP_KERNEL), \
          nodemask=(null),cpuset=/,mems_allowed=0"]
    );
    let bytes = (160 << 20) + PAGE_SIZE;
    assert_eq!(vmalloc(&kernel, 160 << 20), Err(AllocError::NoAddressSpace { bytes, largest_hole }));
    assert_eq!(
        kernel.machine.take_log(),
        ["vmap allocation for size 167776256 failed: use vmalloc=<size> to increase size"]
    );
    assert!(matches!(aligned(1 << 31), Err(AllocError::NoAddressSpace { .. })));
    assert!(matches!(aligned(1 << 63), Err(AllocError::NoAddressSpace { .. })));
    assert!(matches!(aligned(0), Err(AllocError::BadFlags(_))));
    assert!(matches!(aligned(3), Err(AllocError::BadFlags(_))));
    assert_eq!(aligned(1 << 20).map(|addr| addr.raw() & 0xf_ffff), Ok(0));
    let quiet = VmallocRequest { bytes: 160 << 20, gfp: ANY | Gfp::NOWARN, ..request };
    kernel.machine.take_log();
    assert!(kernel.map.vmalloc_with(&kernel.memory, &quiet).is_err());
    assert_eq!(kernel.machine.take_log(), [""; 0]);
    healthy(&kernel);

    let old = Ground { ram: 1100 << 20, cmdline: "", ..I386 }.boot();
    assert!(matches!(vmalloc(&old, 160 << 20), Err(AllocError::NoAddressSpace { .. })));
    assert_eq!(
        old.machine.take_log(),
        ["allocation failed: out of vmalloc space - use vmalloc=<size> to increase size."]
    );
    assert!(vmalloc(&old, 2 << 30).is_err());
    assert_eq!(old.machine.take_log(), [""; 0], "2.6 is silent");
    let phone = ARM.boot();
    assert!(vmalloc(&phone, 1 << 30).is_err());
    assert!(vmalloc(&phone, 400 << 20).is_err());
    assert_eq!(
        phone.machine.take_log(),
        [
            "vmalloc: allocation failure: 1073741824 bytes",
            "vmap allocation for size 419434496 failed: use vmalloc=<size> to increase size."
        ]
    );
}

/// `expected/vmalloc_demo*.i686.txt`: what a real 6.1 686-pae with 2 GiB printed.
#[test]
fn the_demo_of_a_real_kernel() {
    let kernel = PAE_2G.boot();
    for mib in [1, 16, 64] {
        let addr = vmalloc(&kernel, mib << 20).expect("it fits at boot");
        healthy(&kernel);
        assert_eq!(kernel.map.vfree(&kernel.memory, addr), Ok(()));
    }
    let held: Vec<_> = core::iter::from_fn(|| vmalloc(&kernel, 1 << 20).ok()).collect();
    assert_eq!(held.len(), 117);
    assert!(vmalloc(&kernel, 16 << 20).is_err());
    assert_eq!(kernel.map.vmalloc_pages(), 117 * 256 + 133);
    held.into_iter().for_each(|addr| assert_eq!(kernel.map.vfree(&kernel.memory, addr), Ok(())));
    healthy(&kernel);
}

#[test]
fn a_large_area_keeps_its_array_in_vmalloc() {
    for ground in [PAE_2G, ARM, I386, AMD64] {
        let kernel = ground.boot();
        let before = kernel.map.areas().count();
        // A page of words.
        let bytes = PAGE_SIZE / u64::from(kernel.profile.word_bytes) * PAGE_SIZE;
        let addr = vmalloc(&kernel, bytes).expect("there is room");
        assert_eq!(kernel.map.areas().count(), before + 1, "an array of a page comes from kmalloc");
        let large = vmalloc(&kernel, bytes + 1).expect("there is room");
        assert_eq!(kernel.map.areas().count(), before + 3);
        let area = kernel.map.find_area(large).expect("it is an area");
        assert_eq!(area.flags, VmFlags::ALLOC | VmFlags::VPAGES);
        let array = kernel.map.find_area(area.pages_at).expect("the array is an area");
        assert_eq!(array.nr_pages, 2, "one word more");
        let pfn = kernel.map.vmalloc_to_pfn(&kernel.memory, array.start).expect("it is mapped");
        assert_eq!(kernel.is_high(pfn), ground.profile != AMD64.profile, "{ground:?}: any vmalloc memory may be high");
        healthy(&kernel);
        for addr in [large, addr] {
            assert_eq!(kernel.map.vfree(&kernel.memory, addr), Ok(()));
        }
        assert_eq!(kernel.map.areas().count(), before);
        healthy(&kernel);
    }
}

#[test]
fn zeroed_memory_is_zero_to_the_page_end() {
    for ground in ALL {
        let kernel = ground.boot();
        let dirty: Vec<_> = (0..3000)
            .filter_map(|n| {
                let gfp = if n % 2 == 0 { ANY } else { Gfp::KERNEL };
                kernel.memory.alloc_pages(gfp, Order::ZERO).ok()
            })
            .collect();
        for pfn in dirty {
            kernel.machine.fill(pfn, 0xaa);
            assert_eq!(kernel.memory.free_pages(pfn, Order::ZERO), Ok(()));
        }
        let bytes = 1200 * PAGE_SIZE - 5;
        let addr = kernel.map.vmalloc(&kernel.memory, bytes, ANY | Gfp::ZERO, name("test")).expect("there is room");
        for byte in (0..1200 * PAGE_SIZE).step_by(128).chain([1200 * PAGE_SIZE - 1]) {
            assert_eq!(kernel.machine.load(addr.offset(byte)), Some(0), "{ground:?}, byte {byte}");
        }
        healthy(&kernel);
    }
}

#[test]
fn who_may_have_high_pages() {
    let is_high = |kernel: &TestKernel, addr| {
        kernel.is_high(kernel.map.vmalloc_to_pfn(&kernel.memory, addr).expect("it is mapped"))
    };
    for (ground, gfp, expected) in [
        (PAE, Gfp::KERNEL, true),
        (PAE, Gfp::KERNEL | Gfp::DMA32, false),
        (I386, Gfp::KERNEL, false),
        (I386, ANY, true),
    ] {
        let kernel = ground.boot();
        let addr = kernel.map.vmalloc(&kernel.memory, 1, gfp, name("test")).expect("there is room");
        assert_eq!(is_high(&kernel, addr), expected, "{ground:?} {gfp:?}");
    }
}

#[test]
fn misuse_is_named_and_not_done() {
    let kernel = PAE.boot();
    let mem = &kernel.memory;
    let addr = vmalloc(&kernel, 2 * PAGE_SIZE).expect("there is room");
    let pages = [mem.alloc_pages(ANY, Order::ZERO).expect("there is memory")];
    let mapped = kernel.map.vmap(mem, &pages, Prot::KERNEL, name("test")).expect("there is room");
    assert_eq!(kernel.map.vfree(mem, VirtAddr::new(0)), Ok(()));
    assert_eq!(kernel.map.vunmap(mem, VirtAddr::new(0)), Ok(()));
    assert_eq!(kernel.map.vfree(mem, addr.offset(8)), Err(Misuse::Unaligned(addr.offset(8))));
    assert_eq!(kernel.map.vfree(mem, addr.offset(PAGE_SIZE)), Err(Misuse::NoArea(addr.offset(PAGE_SIZE))));
    assert_eq!(kernel.map.vunmap(mem, mapped.offset(8)), Err(Misuse::Unaligned(mapped.offset(8))));
    assert!(matches!(kernel.map.vfree(mem, mapped), Err(Misuse::BadArgument(_))));
    assert!(matches!(kernel.map.vunmap(mem, addr), Err(Misuse::BadArgument(_))));
    assert!(matches!(kernel.map.iounmap(mem, addr), Err(Misuse::BadArgument(_))));
    healthy(&kernel);
    assert_eq!(kernel.map.vfree(mem, addr), Ok(()));
    assert_eq!(kernel.map.vfree(mem, addr), Err(Misuse::NoArea(addr)), "twice");
    assert_eq!(kernel.map.vunmap(mem, mapped), Ok(()));
    assert_eq!(kernel.map.vunmap(mem, mapped), Err(Misuse::NoArea(mapped)));
    assert_eq!(mem.free_pages(pages[0], Order::ZERO), Ok(()), "the page stayed the caller's");
    healthy(&kernel);

    let addr = vmalloc(&kernel, PAGE_SIZE).expect("there is room");
    let pfn = kernel.map.vmalloc_to_pfn(mem, addr).expect("it is mapped");
    assert_eq!(mem.free_pages(pfn, Order::ZERO), Ok(()));
    assert!(kernel.map.vfree(mem, addr).is_err(), "its page was freed behind its back");
    healthy(&kernel);
}

#[test]
fn vmap_shows_the_same_pages_side_by_side() {
    for ground in ALL {
        let kernel = ground.boot();
        let mem = &kernel.memory;
        let pages: Vec<_> = (0..5).map(|_| mem.alloc_pages(ANY, Order::ZERO).expect("there is memory")).rev().collect();
        let addr = kernel.map.vmap(mem, &pages, Prot::KERNEL_RO, name("test")).expect("there is room");
        for (index, pfn) in pages.iter().enumerate() {
            let found = kernel.map.translate(mem, addr.offset(index as u64 * PAGE_SIZE)).expect("it is mapped");
            assert_eq!(found.phys, pfn.phys());
            assert!(!found.prot.contains(Prot::WRITE));
        }
        assert_eq!(kernel.map.find_area(addr).map(|area| (area.flags, area.nr_pages)), Some((VmFlags::MAP, 0)));
        healthy(&kernel);
        assert_eq!(kernel.map.vunmap(mem, addr), Ok(()));
        healthy(&kernel);
        assert_eq!(kernel.map.vmap(mem, &[], Prot::KERNEL, name("test")), Err(AllocError::ZeroSize));
    }
}

#[test]
fn modules_have_their_own_range_where_there_is_one() {
    let own = [ARM, AMD64, ARM64, RISCV64].map(|ground| (ground, Space::Modules));
    for (ground, space) in own.into_iter().chain([(PAE, Space::Vmalloc), (I386, Space::Vmalloc)]) {
        let kernel = ground.boot();
        assert_eq!(kernel.map.module_space(), space);
        let addr = kernel.map.module_alloc(&kernel.memory, 3 << 12, name("load_module")).expect("there is room");
        assert!(kernel.map.counts(space).range.contains(addr), "{ground:?}");
        assert!(kernel.map.is_vmalloc_or_module(addr));
        assert_eq!(kernel.map.is_vmalloc(addr), space == Space::Vmalloc);
        let prot = kernel.map.translate(&kernel.memory, addr).map(|found| found.prot);
        assert!(prot.is_some_and(|prot| prot.contains(Prot::EXEC | Prot::WRITE)));
        healthy(&kernel);
        assert!(kernel.map.module_alloc(&kernel.memory, 512 << 20, name("load_module")).is_err());
        assert_eq!(kernel.map.vfree(&kernel.memory, addr), Ok(()));
        healthy(&kernel);
    }
}

#[test]
fn without_an_mmu_vmalloc_is_kmalloc() {
    let kernel = NO_MMU.boot();
    let mem = &kernel.memory;
    let addr = vmalloc(&kernel, 10_000).expect("there is memory");
    let info = mem.kmalloc_info(addr);
    assert!(info.is_ok(), "{info:?}");
    let phys = mem.virt_to_phys(addr);
    assert_eq!(kernel.map.vmalloc_to_phys(mem, addr), phys);
    assert_eq!(kernel.map.vmalloc_to_pfn(mem, addr), phys.map(Pfn::containing));
    let pages = [Pfn::containing(phys.unwrap_or_default())];
    let vmapped = kernel.map.vmap(mem, &pages, Prot::KERNEL, name("test"));
    assert!(matches!(vmapped, Err(AllocError::Unsupported(_))));
    assert_eq!(kernel.map.vfree(mem, addr), Ok(()));
    assert_eq!(kernel.map.root(), None);
    assert_eq!(kernel.map.areas().count(), 0);
    assert_eq!(kernel.map.map_user_page(mem, addr, pages[0], Prot::WRITE), Err(MapError::BadAddress(addr)));
    assert_eq!(kernel.map.kmap(mem, pages[0]), Ok(addr.page_down()));
    healthy(&kernel);
}

#[test]
fn user_pages_come_and_go() {
    for ground in ALL {
        let kernel = ground.boot();
        let mem = &kernel.memory;
        let pfn = mem.alloc_pages(ANY, Order::ZERO).expect("there is memory");
        for va in [0x0804_8000, 0x4000_0000, kernel.profile.task_size - PAGE_SIZE].map(VirtAddr::new) {
            assert_eq!(kernel.map.map_user_page(mem, va, pfn, Prot::WRITE), Ok(()), "{ground:?} {va}");
            assert_eq!(kernel.map.map_user_page(mem, va, pfn, Prot::WRITE), Err(MapError::Busy(va)));
            assert_eq!(kernel.machine.store(va, 7), Some(()));
            let found = kernel.map.translate(mem, va).expect("it is mapped");
            assert!(found.prot.contains(Prot::USER | Prot::WRITE) && found.phys == pfn.phys());
            assert_eq!(kernel.map.describe(mem, va), What::User { page: Some(pfn) });
            healthy(&kernel);
            assert_eq!(kernel.map.unmap_user_page(mem, va), Some(pfn));
            assert_eq!(kernel.map.unmap_user_page(mem, va), None);
            assert_eq!(kernel.machine.load(va), None);
        }
        for va in [kernel.profile.page_offset, VirtAddr::new(0x0804_8001)] {
            assert_eq!(kernel.map.map_user_page(mem, va, pfn, Prot::WRITE), Err(MapError::BadAddress(va)));
        }
        healthy(&kernel);
    }
}

#[test]
fn every_address_has_a_description() {
    for ground in HIGH {
        let kernel = ground.boot();
        let mem = &kernel.memory;
        let layout = kernel.plan().layout.clone();
        let addr = kernel.map.vmalloc(mem, 2 * PAGE_SIZE, ANY, name("guard_oops_init")).expect("there is room");
        let what = |addr: VirtAddr| kernel.map.describe(mem, addr);
        let area = kernel.map.find_area(addr).expect("it is an area");
        assert_eq!(what(VirtAddr::new(0x18)), What::NullPage);
        assert_eq!(what(addr.offset(8191)), What::Area(area));
        assert_eq!(what(addr.offset(8192)), What::Guard(area));
        let text = what(addr.offset(8192)).to_string();
        let expected =
            format!("the guard page behind the vmalloc area at {addr} of 2 pages, allocated by guard_oops_init");
        assert_eq!(text, expected);
        assert_eq!(what(layout.lowmem.start), What::DirectMap { phys: layout.low.start });
        if layout.high_memory < layout.vmalloc.unwrap_or_default().start {
            assert_eq!(what(layout.high_memory), What::Gap);
        }
        assert_eq!(what(VirtAddr::new(0x1234_5678)), What::User { page: None });
        assert!(matches!(what(layout.pkmap.unwrap_or_default().start), What::Pkmap { slot: 0, page: None }));
        assert!(matches!(what(layout.fixmap.unwrap_or_default().start), What::Fixmap { .. }));
        assert!(matches!(what(layout.vmalloc.unwrap_or_default().end.offset(u64::MAX)), What::Hole(_) | What::Area(_)));
        assert_eq!(kernel.map.vfree_by(mem, addr, name("cleanup")), Ok(()));
        let What::Freed(freed) = what(addr.offset(100)) else { panic!("{:?}", what(addr)) };
        assert_eq!((freed.start, freed.bytes), (addr, 3 * PAGE_SIZE));
        assert_eq!((freed.allocated_by, freed.freed_by), (name("guard_oops_init"), name("cleanup")));
        let again = vmalloc(&kernel, 2 * PAGE_SIZE).expect("there is room");
        assert_eq!(again, addr, "lowest place first");
        assert!(matches!(what(addr), What::Area(_)));
    }
}

#[test]
fn a_walk_names_each_level() {
    let kernel = PAE.boot();
    let addr = vmalloc(&kernel, PAGE_SIZE).expect("there is room");
    let walk = kernel.map.walk(&kernel.memory, addr).expect("there is an MMU");
    assert_eq!(walk.steps().len(), 3);
    assert_eq!(walk.result, kernel.map.translate(&kernel.memory, addr));
    assert_eq!(walk.result.map(|found| found.page_bytes), Some(PAGE_SIZE));
    let linear = kernel.map.walk(&kernel.memory, kernel.profile.page_offset).expect("there is an MMU");
    assert_eq!(linear.steps().len(), 2, "a large page ends the walk early");
}

/// M1 to M3 and V1: each is broken on purpose and named.
#[test]
fn verify_names_what_is_broken() {
    for ground in ALL {
        let broken = |break_it: &dyn Fn(&TestKernel, VirtAddr), expected: &str| {
            let kernel = ground.boot();
            let addr = vmalloc(&kernel, 2 * PAGE_SIZE).expect("there is room");
            break_it(&kernel, addr);
            let found = kernel.map.verify(&kernel.memory).map_err(|broken| broken.what);
            assert_eq!(found, Err(expected), "{ground:?}");
        };
        fn tables(kernel: &TestKernel) -> &crate::map::PageTables {
            kernel.map.tables().expect("there is an MMU")
        }
        let pfn = |kernel: &TestKernel| kernel.memory.alloc_pages(ANY, Order::ZERO).expect("there is memory");
        let map = |kernel: &TestKernel, va: VirtAddr, pfn: Pfn| {
            tables(kernel).map_pages(&kernel.memory, va, 1, Prot::KERNEL, |_| pfn).expect("it was empty");
        };
        broken(
            &|kernel, addr| {
                tables(kernel).unmap_pages(&kernel.memory, addr.offset(PAGE_SIZE), 1);
            },
            "map M2",
        );
        broken(&|kernel, addr| map(kernel, addr.offset(2 * PAGE_SIZE), pfn(kernel)), "map M3");
        broken(&|kernel, addr| map(kernel, addr.offset(5 << 20), pfn(kernel)), "map M3");
        broken(
            &|kernel, addr| {
                tables(kernel).unmap_pages(&kernel.memory, addr, 1);
                map(kernel, addr, pfn(kernel));
            },
            "vmalloc V1",
        );
        broken(
            &|kernel, _| {
                let page = kernel.map.tables().map(|tables| tables.root()).expect("there is an MMU");
                let level = &tables(kernel).format().levels[0];
                let va = kernel.profile.page_offset.offset(4 << 20);
                kernel.memory.ram.write_entry(level.entry_at(page, va), level.entry_bytes, 0);
            },
            "map M1",
        );
    }
}

#[test]
fn tables_are_pages_and_are_counted() {
    let kernel = PAE.boot();
    let before = (free_pages(&kernel), kernel.map.tables().map_or(0, |tables| tables.table_pages()));
    assert_eq!(
        kernel.map.map_user_page(&kernel.memory, VirtAddr::new(0x4000_0000), Pfn::new(0x2000), Prot::WRITE),
        Ok(())
    );
    let after = (free_pages(&kernel), kernel.map.tables().map_or(0, |tables| tables.table_pages()));
    assert_eq!((before.0 - after.0, after.1 - before.1), (1, 1));
}
