//! `page_poison=1` sees writes to free pages, and `page_owner=on` knows whose a page is.

mod support;

use kmem::boot::BootParams;
use kmem::profile::by_name;
use kmem::{Gfp, Kernel, Order, Pfn};
use support::HeapMachine;

const PAGE: Order = Order::ZERO;

fn boot(cmdline: &str) -> Kernel<HeapMachine> {
    let profile = by_name("i386-pae-6.1").unwrap();
    support::boot_with(profile, &BootParams { ram_bytes: 96 << 20, cpus: 2, cmdline, ..BootParams::new(profile) }, None)
}

/// What the kernel log says of a page that was freed, written to, and allocated again.
fn written_after_free(kernel: &Kernel<HeapMachine>, writes: &[(u64, u8)]) -> Vec<String> {
    support::log();
    let pfn = kernel.alloc_pages(Gfp::KERNEL, PAGE).unwrap();
    kernel.free_pages(pfn, PAGE).unwrap();
    for &(offset, value) in writes {
        assert!(kernel.ram().fill(pfn.phys().offset(offset), 1, value));
    }
    assert_eq!(kernel.alloc_pages(Gfp::KERNEL, PAGE), Ok(pfn));
    let lines = support::log();
    kernel.free_pages(pfn, PAGE).unwrap();
    lines
}

#[test]
fn a_write_to_a_free_page_is_seen_with_its_bytes() {
    let kernel = boot("page_poison=1");
    assert!(written_after_free(&kernel, &[]).is_empty());
    let lines = written_after_free(&kernel, &[(0x123, b'H'), (0x124, b'i'), (0x134, 0)]);
    assert_eq!(lines[0], "pagealloc: memory corruption");
    let row = lines[1].split_once(": ").unwrap();
    assert!(row.0.len() == 8 && row.0.ends_with("123"), "{row:?}");
    assert_eq!(row.1, "48 69 aa aa aa aa aa aa aa aa aa aa aa aa aa aa  Hi..............");
    assert_eq!(lines[2].split_once(": ").unwrap().1, "aa 00                                            ..");
    assert_eq!(lines.len(), 3);
    // One bit is more likely the hardware's fault.
    assert_eq!(written_after_free(&kernel, &[(7, 0xab)])[0], "pagealloc: single bit error");
    kernel.verify().unwrap();
}

#[test]
fn pages_of_blocks_and_of_slabs_are_poisoned_too() {
    let kernel = boot("page_poison=on");
    let order = Order::new(5).unwrap();
    let pfn = kernel.alloc_pages(Gfp::KERNEL, order).unwrap();
    kernel.free_pages(pfn, order).unwrap();
    let byte =
        |pfn: Pfn| kernel.ram().byte(pfn.phys().offset(4095)).unwrap().load(std::sync::atomic::Ordering::Relaxed);
    assert!((0..order.pages()).all(|page| byte(pfn.add(page)) == 0xaa));
    support::log();
    kernel.ram().fill(pfn.add(31).phys(), 1, 1);
    assert_eq!(kernel.alloc_pages(Gfp::KERNEL, order), Ok(pfn));
    assert_eq!(support::log()[0], "pagealloc: memory corruption");
}

#[test]
fn owners_are_remembered_until_the_free() {
    let kernel = boot("page_owner=on page_poison=1");
    let owner = |pfn: Pfn| kernel.pages().owners().find(|owner| owner.pfn == pfn);
    kernel.pages().set_caller(0, 77);
    let order = Order::new(2).unwrap();
    let pfn = kernel.alloc_pages(Gfp::KERNEL, order).unwrap();
    let found = owner(pfn).unwrap();
    assert_eq!((found.order, found.gfp, found.caller), (order, Gfp::KERNEL, 77));
    let next = kernel.alloc_pages(Gfp::ATOMIC, PAGE).unwrap();
    assert_eq!(owner(next).unwrap().serial, found.serial + 1);
    kernel.pages().split(pfn, order).unwrap();
    assert_eq!(owner(pfn.add(3)).map(|owner| (owner.order, owner.serial)), Some((PAGE, found.serial)));
    kernel.free_pages(pfn.add(3), PAGE).unwrap();
    assert_eq!(owner(pfn.add(3)), None);
    // Each used page is somebody's, but for what boot took before there was an allocator.
    let owned: u64 = kernel.pages().owners().map(|owner| owner.order.pages()).sum();
    kernel.drain();
    assert_eq!(owned, kernel.total_pages() - kernel.pages().free_pages());
}

#[test]
fn without_the_parameters_there_is_nothing() {
    let kernel = boot("page_poison=0 page_owner=off");
    assert!(written_after_free(&kernel, &[(0, 1)]).is_empty());
    assert_eq!(kernel.pages().owners().count(), 0);
}

#[test]
fn every_machine_has_room_for_it() {
    for profile in kmem::profile::PROFILES {
        let cmdline = "page_owner=on page_poison=1";
        let params = BootParams { cmdline, cpus: 2.min(profile.max_cpus), ..BootParams::new(profile) };
        support::boot_with(profile, &params, None).verify().unwrap();
    }
}
