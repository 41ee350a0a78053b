//! ioremap, and the areas that boot leaves behind.

use super::ground::{name, Ground, ALL, AMD64, ARM, ARM64, I386, PAE, PAE_2G};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::map::{Prot, Space, VmFlags};
use crate::units::{Order, PhysAddr, VirtAddr};

#[test]
fn a_device_keeps_its_offset_and_is_not_cached() {
    for ground in ALL {
        let kernel = ground.boot();
        let mem = &kernel.memory;
        let lost = kernel.profile.paging.map_or(Prot::empty(), |format| format.lost);
        let phys = PhysAddr::new(0xd000_0123);
        let addr = kernel.map.ioremap(mem, phys, 0x1000, name("probe")).expect("there is room");
        assert_eq!(addr.page_offset(), 0x123);
        let area = kernel.map.find_area(addr).expect("it is an area");
        assert_eq!((area.flags, area.bytes), (VmFlags::IOREMAP, 3 << 12), "two pages and the guard");
        assert_eq!(area.phys, phys.page_down());
        let found = kernel.map.translate(mem, addr).expect("it is mapped");
        assert_eq!(found.phys, phys);
        assert!(found.prot.contains((Prot::DEVICE | Prot::WRITE) - lost));
        assert_eq!(kernel.map.verify(mem), Ok(()));
        assert_eq!(kernel.map.iounmap(mem, addr), Ok(()));
        assert_eq!(kernel.map.iounmap(mem, addr), Err(Misuse::NoArea(addr.page_down())));
        assert_eq!(kernel.map.verify(mem), Ok(()));
    }
}

#[test]
fn what_ioremap_refuses() {
    for ground in ALL {
        let kernel = ground.boot();
        let mem = &kernel.memory;
        let low = mem.alloc_pages(Gfp::KERNEL, Order::ZERO).expect("there is memory");
        let high = mem.alloc_pages(Gfp::KERNEL | Gfp::HIGHMEM, Order::ZERO).expect("there is memory");
        let refused = |phys: u64, bytes| {
            let got = kernel.map.ioremap(mem, PhysAddr::new(phys), bytes, name("probe"));
            assert!(matches!(got, Err(AllocError::Unsupported(_))), "{ground:?} {phys:#x}: {got:?}");
        };
        for pfn in [low, high] {
            refused(pfn.phys().raw(), 4096);
            refused(pfn.phys().raw() + 1, 1);
        }
        refused(0xffff_ffff_ffff_f000, 0x2000);
        let phys_bits = kernel.profile.paging.map_or(0, |format| format.phys_bits);
        refused((1 << phys_bits) - 0x1000, 0x2000);
        let zero = kernel.map.ioremap(mem, PhysAddr::new(0xd000_0000), 0, name("probe"));
        assert_eq!(zero, Err(AllocError::ZeroSize));
        assert_eq!(kernel.map.verify(mem), Ok(()));
    }
}

#[test]
fn a_modern_pc_says_that_it_refuses_ram() {
    let kernel = PAE.boot();
    let low = kernel.memory.alloc_pages(Gfp::KERNEL | Gfp::DMA, Order::ZERO).expect("there is memory").phys();
    kernel.machine.take_log();
    assert!(kernel.map.ioremap(&kernel.memory, low, 4096, name("probe")).is_err());
    let line = format!("ioremap on RAM at {:#018x} - {:#018x}", low.raw(), low.raw() + 4095);
    assert_eq!(kernel.machine.take_log(), [line]);
}

#[test]
fn the_isa_range_of_an_old_pc_is_in_the_direct_map() {
    let (old, new) = (I386.boot(), PAE.boot());
    let phys = PhysAddr::new(0xb_8000);
    let addr = old.map.ioremap(&old.memory, phys, 0x8000, name("vga"));
    assert_eq!(addr, Ok(VirtAddr::new(0xc00b_8000)));
    assert_eq!(old.map.iounmap(&old.memory, VirtAddr::new(0xc00b_8000)), Ok(()));
    let addr = new.map.ioremap(&new.memory, phys, 0x8000, name("vga")).expect("it is reserved");
    assert!(new.map.is_vmalloc(addr));
}

#[test]
fn io_areas_are_aligned_to_their_size() {
    for (ground, bytes, align) in [
        (PAE_2G, 0x1000, 0x1000),
        (PAE_2G, 0x10000, 0x10000),
        (PAE_2G, 16 << 20, 2 << 20),
        (I386, 0x1000, 0x2000),
        (I386, 16 << 20, 1 << 19),
        (ARM, 3 << 20, 4 << 20),
        (AMD64, 3 << 20, 4 << 20),
        (AMD64, 513 << 20, 1 << 30),
        (ARM64, 65 << 20, 128 << 20),
    ] {
        let kernel = ground.boot();
        let mem = &kernel.memory;
        let first = kernel.map.vmalloc(mem, 1, Gfp::KERNEL, name("first")).expect("there is room");
        let addr = kernel.map.ioremap(mem, PhysAddr::new(0xd000_0000), bytes, name("probe")).expect("there is room");
        assert!(addr.is_aligned(align), "{ground:?} {bytes:#x}: {addr}");
        let lowest = kernel.map.areas().find(|area| area.start == addr).is_some();
        assert!(lowest && first != addr);
    }
}

/// Golden: `golden/cases/i386-pae-2g/vmallocinfo`, and the phone's vmallocinfo of the third text.
#[test]
fn the_areas_of_boot() {
    let kernel = PAE_2G.boot();
    let start = kernel.map.counts(Space::Vmalloc).range.start;
    let areas: Vec<_> = kernel.map.areas().collect();
    assert_eq!(areas.len(), kernel.profile.boot_areas.len());
    assert_eq!((areas[0].start, areas[0].bytes), (start, 0x2000));
    assert_eq!(areas[0].flags, VmFlags::IOREMAP);
    assert_eq!(kernel.map.vmalloc_pages(), 133, "VmallocUsed: 532 kB");

    let phone = ARM.boot();
    let statics: Vec<_> = phone.map.areas().filter(|area| area.start.raw() >= 0xfa00_0000).collect();
    assert_eq!(statics.len(), 10);
    let hole = phone.map.find_area(VirtAddr::new(0xfa20_0000)).expect("it is an area");
    assert!(hole.flags.contains(VmFlags::KEPT | VmFlags::IOREMAP) && hole.mapped_bytes() == 0);
    assert!(phone.map.translate(&phone.memory, hole.start).is_none());
    let registers = phone.map.find_area(VirtAddr::new(0xfa30_0000)).expect("it is an area");
    assert_eq!((registers.bytes, registers.mapped_bytes()), (1 << 20, 1 << 20), "no guard page");
    let refused = phone.map.iounmap(&phone.memory, registers.start);
    assert!(matches!(refused, Err(Misuse::BadArgument(_))), "a static map stays");
    let per_cpu = phone.map.find_area(VirtAddr::new(0xfefd_c000)).expect("it is an area");
    assert!(matches!(phone.map.vfree(&phone.memory, per_cpu.start), Err(Misuse::BadArgument(_))));
    assert_eq!(phone.map.verify(&phone.memory), Ok(()));
}

#[test]
fn boot_leaves_out_what_has_no_place() {
    let small = Ground { cmdline: "vmalloc=1M", ram: 2 << 30, ..PAE }.boot();
    assert!(small.map.areas().count() < small.profile.boot_areas.len());
    assert_eq!(small.map.verify(&small.memory), Ok(()));
}
