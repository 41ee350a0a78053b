//! Machines with terabytes of RAM boot at once and take no memory of the host but for what they use. One test in a file
//! of its own, because it measures the process.

use kmem::boot::{plan, BootParams};
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem::profile::amd64_6_12::PROFILE;
use kmem::units::VirtAddr;
use kmem::Order;
use kmem_hosted::{boot, config, Displacement, Hosted};

const PAGE_OFFSET: u64 = 0xffff_8880_0000_0000;

/// Bytes of memory that the process has now.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).and_then(|word| word.parse::<u64>().ok());
    pages.expect("the second number") * 4096
}

const MIB: u64 = 1 << 20;

#[test]
fn memory_is_taken_when_it_is_used() {
    a_machine_takes_nothing();
    a_kernel_takes_little();
}

fn a_machine_takes_nothing() {
    let params = BootParams { ram_bytes: 4 << 40, ..BootParams::new(&PROFILE) };
    let plan = plan(&PROFILE, &params).expect("the machine can be");
    let before = resident();
    let machine = Hosted::new(&config(&PROFILE, &plan, Displacement::Any), |_| ()).expect("the host gives a machine");
    let taken = resident() - before;
    assert!(taken < MIB, "{taken} bytes for 4 TiB that nobody used");
    assert!(machine.ram().bytes() > 4 << 40, "the hole below 4 GiB is part of it");
}

fn a_kernel_takes_little() {
    let before = resident();
    let params = BootParams { ram_bytes: 64 << 30, ..BootParams::new(&PROFILE) };
    let kernel = boot(&PROFILE, &params, Displacement::Any, |_| ()).expect("it boots");
    let booted = resident();
    assert!(booted - before < 128 * MIB, "{} bytes to boot", booted - before);
    let (map, mem) = (kernel.map(), kernel.memory());
    let tables = map.tables().map_or(0, |tables| tables.table_pages());
    assert!(tables < 16, "{tables} pages of tables for the direct map of 64 GiB");

    // What lies at the ends of RAM is reached by the direct map and by the tables alike.
    let end = kernel.plan().layout.low.end.raw();
    for phys in [0x5000, (4 << 30) + 0x1234, end - 1] {
        let addr = VirtAddr::new(PAGE_OFFSET + phys);
        let found = map.translate(mem, addr).expect("RAM is mapped");
        assert_eq!((found.phys.raw(), kernel.machine().translate(addr)), (phys, Some(found.phys)));
    }
    let large = map.translate(mem, VirtAddr::new(PAGE_OFFSET + (33 << 30))).map(|found| found.page_bytes);
    assert_eq!(large, Some(1 << 30));

    // Memory of every kind, used through the machine's addresses.
    let (bytes, gfp) = (16 * MIB, Gfp::KERNEL | Gfp::HIGHMEM);
    let area = map.vmalloc(mem, bytes, gfp, Name::new("test")).expect("there is room");
    let object = kernel.kmalloc(3000, Gfp::KERNEL).expect("there is memory");
    let page = kernel.alloc_pages(gfp, Order::ZERO).expect("there is memory");
    let linear = map.page_address(mem, page).expect("every page has an address");
    for (addr, text) in [
        (area.offset(bytes - 20), b"the end of the area"),
        (object, b"the object's bytes "),
        (linear, b"a page of high RAM "),
    ] {
        kernel.machine().write(addr, text).expect("it is mapped");
        let mut read = [0; 19];
        kernel.machine().read(addr, &mut read).expect("it is mapped");
        assert_eq!(&read, text);
    }
    assert!(kernel.machine().write(area.offset(bytes - 1), b"..").is_err(), "the guard page");
    let used = resident() - booted;
    assert!(used < 8 * MIB, "{used} bytes for 16 MiB of which one page was written");
    map.vfree(mem, area).expect("it is an area");
    assert!(kernel.machine().write(area, b".").is_err(), "after vfree");
    kernel.kfree(object).expect("it is an object");
    kernel.free_pages(page, Order::ZERO).expect("it is a page");
    assert_eq!(map.verify(mem), Ok(()));
}
