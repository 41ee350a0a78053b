//! 64-bit machines: halves of the address space, large pages, ranges that no 32-bit machine has.

use super::ground::{name, Ground, TestKernel, ALL_LOW, AMD64, ARM64, RISCV64};
use crate::error::Misuse;
use crate::gfp::Gfp;
use crate::map::{MapError, Prot, Space, What};
use crate::units::{Order, Pfn, PhysAddr, VirtAddr, PAGE_SIZE};

const ANY: Gfp = Gfp::KERNEL.union(Gfp::HIGHMEM);

fn what(kernel: &TestKernel, addr: u64) -> What {
    kernel.map.describe(&kernel.memory, VirtAddr::new(addr))
}

#[test]
fn every_page_has_an_address() {
    for ground in ALL_LOW {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let pfn = mem.alloc_pages(Gfp::HIGHUSER, Order::ZERO).expect("there is memory");
        let addr = kernel.profile.page_offset.offset(pfn.phys().raw() - kernel.profile.phys_offset.raw());
        assert_eq!(map.page_address(mem, pfn), Some(addr));
        assert_eq!(map.kmap(mem, pfn), Ok(addr), "{ground:?}");
        assert_eq!(map.kunmap(mem, pfn), Ok(()));
        assert_eq!(map.kmap_local(mem, pfn), Ok(addr));
        assert_eq!(map.kunmap_local(mem, addr), Ok(()));
        assert_eq!(map.kmap_slots().count(), 0);
        assert!(map.kmap(mem, Pfn::new(1 << 30)).is_err(), "no RAM");
        assert_eq!(kernel.verify(), Ok(()));
    }
}

/// Pages of 1 GiB where address and length allow it, the largest there are.
#[test]
fn the_direct_map_of_gigabytes() {
    for ground in [ARM64, RISCV64] {
        let kernel = Ground { ram: (5 << 30) + (6 << 20) + (12 << 10), ..ground }.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let low = kernel.plan().layout.low;
        let start = kernel.profile.page_offset;
        let size_at = |offset| map.translate(mem, start.offset(offset)).map(|found| (found.phys, found.page_bytes));
        for gib in 0..5 {
            let offset = gib << 30 | 0x123_4567;
            assert_eq!(size_at(offset), Some((low.start.offset(offset), 1 << 30)), "{ground:?}");
        }
        let last = low.bytes() - 1;
        assert_eq!(size_at(low.bytes() - (12 << 10) - 1).map(|found| found.1), Some(2 << 20));
        assert_eq!(size_at(last), Some((low.start.offset(last), PAGE_SIZE)));
        assert_eq!(size_at(last + 1), None);
        let tables = map.tables().map_or(0, |tables| tables.table_pages());
        assert!(tables < 40, "{ground:?}: {tables} pages of tables");
        assert_eq!(map.verify(mem), Ok(()));
    }
}

/// A PC with more RAM than fits below the addresses of its devices.
#[test]
fn holes_in_ram_are_not_mapped() {
    let kernel = Ground { ram: 6 << 30, ..AMD64 }.boot();
    let (map, mem) = (&kernel.map, &kernel.memory);
    let ram = kernel.plan().memblock.memory();
    assert!(ram.as_slice().len() > 2 && ram.end() == 7 << 30, "{ram:?}");
    let at = |phys| kernel.profile.page_offset.offset(phys);
    for phys in [0, 0x9_f000, 0xb_8000, 1 << 20, 0xbffd_f000, 4 << 30, (7 << 30) - 1] {
        assert_eq!(map.translate(mem, at(phys)).map(|found| found.phys.raw()), Some(phys));
        assert_eq!(map.describe(mem, at(phys)), What::DirectMap { phys: PhysAddr::new(phys) });
    }
    for phys in [0xbffe_0000, 0xc000_0000, 0xfee0_0000, (4 << 30) - 1] {
        assert_eq!(map.translate(mem, at(phys)), None, "{phys:#x}");
        assert_eq!(map.describe(mem, at(phys)), What::NoRam { phys: PhysAddr::new(phys) });
    }
    let size = |phys| map.translate(mem, at(phys)).map(|found| found.page_bytes);
    assert_eq!([1 << 30, 2 << 30, 0xbffd_f000, 4 << 30].map(size), [1 << 30, 2 << 20, 4096, 1 << 30].map(Some));
    let device = map.ioremap(mem, PhysAddr::new(0xfee0_0000), 0x1000, name("apic")).expect("it is no RAM");
    assert_eq!(map.translate(mem, device).map(|found| found.phys.raw()), Some(0xfee0_0000));
    assert_eq!(map.verify(mem), Ok(()));
    let tables = map.tables().expect("there is an MMU");
    assert_eq!(tables.map_pages(mem, at(0xd000_0000), 1, Prot::KERNEL, |_| Pfn::new(0x1000)), Ok(()));
    assert_eq!(map.verify(mem).map_err(|broken| broken.what), Err("map M1"));
}

#[test]
fn a_vmalloc_range_of_terabytes() {
    for (ground, first, bytes) in [
        (AMD64, 0xffff_c900_0000_0000, (32 << 40) - 1),
        // Behind the image.
        (ARM64, 0xffff_8000_8223_1000, 0x7dff_3f80_0000),
        (RISCV64, 0xffff_ffc8_0000_0000, (64 << 30) - 1),
    ] {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        assert_eq!(map.counts(Space::Vmalloc).range.bytes(), bytes, "{ground:?}");
        let small = map.vmalloc(mem, 3 * PAGE_SIZE, ANY, name("test")).expect("there is room");
        assert_eq!(small.raw(), first);
        let large = map.vmalloc(mem, 64 << 20, ANY, name("test")).expect("there is room");
        for offset in [0, 33 << 20, (64 << 20) - 1] {
            kernel.machine.store(large.offset(offset), 7).expect("it is mapped");
            assert_eq!(kernel.machine.load(large.offset(offset)), Some(7));
            let phys = map.vmalloc_to_phys(mem, large.offset(offset)).map(|phys| phys.raw());
            assert_eq!(phys, kernel.machine.mmu(large.offset(offset)));
        }
        assert_eq!(kernel.machine.load(large.offset(64 << 20)), None, "the guard page");
        let device = map.ioremap(mem, PhysAddr::new(0xfe_dcba_9000), 0x3000, name("test")).expect("there is room");
        let found = map.translate(mem, device.offset(0x2008)).expect("it is mapped");
        assert_eq!(found.phys, PhysAddr::new(0xfe_dcba_b008));
        assert_eq!(map.verify(mem), Ok(()));
        assert_eq!(map.iounmap(mem, device), Ok(()));
        for addr in [small, large] {
            assert_eq!(map.vfree(mem, addr), Ok(()));
        }
        kernel.machine.check_tlb();
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn an_address_between_the_halves_is_nothing() {
    for ground in ALL_LOW {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let bits = kernel.profile.paging.map_or(0, |format| format.virt_bits());
        let pfn = mem.alloc_pages(ANY, Order::ZERO).expect("there is memory");
        // What a forgotten cut of the upper bits would reach: the direct map's first byte with other upper bits.
        let stray = kernel.profile.page_offset.raw() & ((1 << bits) - 1) | 1 << 62;
        for addr in [stray, 1 << (bits - 1), (u64::MAX << (bits - 1)) - PAGE_SIZE].map(VirtAddr::new) {
            assert_eq!(map.translate(mem, addr), None, "{ground:?} {addr}");
            assert_eq!(map.walk(mem, addr).map(|walk| walk.steps().len()), Some(0));
            assert_eq!(map.describe(mem, addr), What::Nothing);
            assert_eq!(map.map_user_page(mem, addr, pfn, Prot::WRITE), Err(MapError::BadAddress(addr)));
        }
        assert_eq!(map.verify(mem), Ok(()));
    }
}

/// A user page and the kernel page with the same lower bits are two.
#[test]
fn the_halves_do_not_touch() {
    for ground in ALL_LOW {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let pfn = mem.alloc_pages(ANY, Order::ZERO).expect("there is memory");
        let bits = kernel.profile.paging.map_or(0, |format| format.virt_bits()) - 1;
        let kernel_addr = kernel.profile.page_offset.offset(PAGE_SIZE);
        let user = VirtAddr::new(kernel_addr.raw() & ((1 << bits) - 1));
        let before = map.translate(mem, kernel_addr);
        assert!(before.is_some());
        assert_eq!(map.map_user_page(mem, user, pfn, Prot::WRITE), Ok(()), "{ground:?} {user}");
        assert_eq!(map.translate(mem, user).map(|found| found.phys), Some(pfn.phys()));
        assert_eq!(map.translate(mem, kernel_addr), before);
        assert_eq!(map.unmap_user_page(mem, user), Some(pfn));
        assert_eq!(map.verify(mem), Ok(()));
    }
}

#[test]
fn every_address_has_a_description() {
    let amd64 = AMD64.boot();
    assert_eq!(what(&amd64, 0x18), What::NullPage);
    assert_eq!(what(&amd64, 0x7fff_ffff_e000), What::User { page: None });
    assert_eq!(what(&amd64, 0x7fff_ffff_f000), What::Nothing, "the guard page below the middle");
    assert_eq!(what(&amd64, 0xffff_8880_0000_1234), What::DirectMap { phys: PhysAddr::new(0x1234) });
    assert_eq!(what(&amd64, 0xffff_8880_1000_0000), What::Gap);
    assert!(matches!(what(&amd64, 0xffff_e8ff_ffff_fffe), What::Hole(_)));
    assert!(matches!(what(&amd64, 0xffff_ffff_c000_0000), What::Hole(_)));
    assert_eq!(what(&amd64, u64::MAX), What::Nothing);
    let module = amd64.map.module_alloc(&amd64.memory, 3 * PAGE_SIZE, name("load_module")).expect("there is room");
    assert_eq!(module.raw(), 0xffff_ffff_c000_0000);
    assert!(matches!(what(&amd64, module.raw()), What::Area(_)));
    assert!(matches!(what(&amd64, module.raw() + 3 * PAGE_SIZE), What::Guard(_)));

    let arm64 = ARM64.boot();
    assert_eq!(what(&arm64, 0x0000_ffff_ffff_e000), What::User { page: None });
    assert_eq!(what(&arm64, 0xffff_7fff_ffff_f000), What::Gap, "it ends where the modules' range begins");
    assert!(matches!(what(&arm64, 0xffff_8000_0000_0000), What::Hole(_)));

    let riscv64 = RISCV64.boot();
    assert!(matches!(what(&riscv64, 0xffff_ffd7_ffff_f000), What::Hole(_)), "vmalloc lies below the direct map");
    assert_eq!(what(&riscv64, 0xffff_ffd8_0000_0000), What::DirectMap { phys: PhysAddr::new(0x8000_0000) });
    let section = |kernel: &TestKernel, addr| match what(kernel, addr) {
        What::Image { section, is_mapped } => (section, is_mapped),
        other => panic!("{other}"),
    };
    assert_eq!(section(&amd64, 0xffff_ffff_8100_0000), (".text", true));
    assert_eq!(section(&amd64, 0xffff_ffff_832d_9000), (".init", false));
    assert_eq!(section(&arm64, 0xffff_8000_81e8_0000), (".data", true));
    assert_eq!(section(&arm64, 0xffff_8000_8195_0000), (".init", false));
    assert_eq!(what(&amd64, 0xffff_ffff_832d_9000).to_string(), "the kernel image, .init, freed after boot");
}

/// The image is mapped at the addresses that it was linked for, besides the direct map.
#[test]
fn the_image_lies_where_it_was_linked() {
    for (ground, text, phys, init) in [
        (AMD64, 0xffff_ffff_8100_0000, 0x0100_0000, 0xffff_ffff_832d_9000),
        (ARM64, 0xffff_8000_8000_0000, 0x4020_0000, 0xffff_8000_8187_0000),
    ] {
        let kernel = ground.boot();
        let (map, mem) = (&kernel.map, &kernel.memory);
        let found = map.translate(mem, VirtAddr::new(text + 0x1234)).expect("it is mapped");
        assert_eq!(found.phys.raw(), phys + 0x1234, "{ground:?}");
        assert!(found.prot.contains(Prot::EXEC));
        assert_eq!(map.translate(mem, VirtAddr::new(init)), None, "freed, and somebody else's memory by now");
        let direct = mem.phys_to_virt(PhysAddr::new(phys)).and_then(|addr| map.translate(mem, addr));
        assert!(direct.is_some_and(|direct| !direct.prot.contains(Prot::EXEC)), "{ground:?}");
        assert_eq!(map.verify(mem), Ok(()));
    }
    let arm64 = ARM64.boot();
    let text = VirtAddr::new(0xffff_8000_8000_0000);
    assert!(matches!(arm64.map.vunmap(&arm64.memory, text), Err(Misuse::BadArgument(_))), "it is not the caller's");

    let amd64 = AMD64.boot();
    let tables = amd64.map.tables().expect("there is an MMU");
    let hole = VirtAddr::new(0xffff_ffff_832d_9000);
    assert_eq!(tables.map_pages(&amd64.memory, hole, 1, Prot::KERNEL, |_| Pfn::new(0x1000)), Ok(()));
    assert_eq!(amd64.map.verify(&amd64.memory).map_err(|broken| broken.what), Err("map M4"));
}
