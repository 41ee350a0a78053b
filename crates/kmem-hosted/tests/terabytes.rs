//! Machines with terabytes of RAM boot at once and take no memory of the host but for what they use. One test in a file
//! of its own, because it measures the process.

use kmem::boot::layout::{ArmLayout, LayoutRule, VirtRange};
use kmem::boot::{plan, BootParams};
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem::map::entry::X86_64;
use kmem::profile::{i386_pae_6_1, Firmware, Image, Profile, ZoneKind, ZoneLimit, ZoneSpec};
use kmem::units::VirtAddr;
use kmem::{Kernel, Order};
use kmem_hosted::{config, Displacement, Hosted};

const PAGE_OFFSET: u64 = 0xffff_8880_0000_0000;

/// A kernel that does not exist, with the address space of one for x86-64.
static WIDE: Profile = Profile {
    name: "test-amd64",
    word_bytes: 8,
    page_offset: VirtAddr::new(PAGE_OFFSET),
    task_size: 0x0000_7fff_ffff_f000,
    max_ram: 64 << 40,
    firmware: Firmware::Pc { acpi: 128 << 10, hole_from: 0xe000_0000, hole_at: 0xc000_0000 },
    paging: Some(&X86_64),
    zones: &[
        ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(16 << 20), reserve_ratio: 256 },
        ZoneSpec { name: "DMA32", kind: ZoneKind::Dma32, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
        ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
        ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
    ],
    struct_page: 64,
    layout: LayoutRule::Arm(ArmLayout {
        vmalloc_end: u64::MAX,
        gap: 8 << 20,
        default: 0,
        parameter_excludes_gap: false,
        least: 0,
        least_low: 0,
        pkmap: (0, 0),
        fixmap: (0, 0),
        modules: (0, 0),
        vectors: (0, 0),
    }),
    boot_areas: &[],
    image: Image { reserved: &[(0, 1 << 20)], ..i386_pae_6_1::PROFILE.image },
    ..i386_pae_6_1::PROFILE
};

fn boot(ram: u64) -> Kernel<Hosted> {
    let params = BootParams { ram_bytes: ram, ..BootParams::new(&WIDE) };
    let mut plan = plan(&WIDE, &params).expect("the machine can be");
    let layout = &mut plan.layout;
    layout.vmalloc = Some(VirtRange::new(0xffff_c900_0000_0000, 0xffff_e900_0000_0000));
    layout.modules = Some(VirtRange::new(0xffff_ffff_c000_0000, 0xffff_ffff_ff00_0000));
    (layout.pkmap, layout.fixmap, layout.vectors) = (None, None, None);
    let machine = Hosted::new(&config(&WIDE, &plan, Displacement::Any), |_| ()).expect("the host gives a machine");
    Kernel::boot(machine, &WIDE, plan, "").expect("it boots")
}

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
    let params = BootParams { ram_bytes: 4 << 40, ..BootParams::new(&WIDE) };
    let plan = plan(&WIDE, &params).expect("the machine can be");
    let before = resident();
    let machine = Hosted::new(&config(&WIDE, &plan, Displacement::Any), |_| ()).expect("the host gives a machine");
    let taken = resident() - before;
    assert!(taken < MIB, "{taken} bytes for 4 TiB that nobody used");
    assert!(machine.ram().bytes() > 4 << 40, "the hole below 4 GiB is part of it");
}

fn a_kernel_takes_little() {
    let before = resident();
    let kernel = boot(64 << 30);
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
