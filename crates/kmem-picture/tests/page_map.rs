//! The page map of a booted machine: no frame is left out, and what is allocated shows.

use kmem::boot::BootParams;
use kmem::gfp::Gfp;
use kmem::profile::i386_pae_6_1::PROFILE;
use kmem::units::Order;
use kmem::Kernel;
use kmem_hosted::{Displacement, Hosted};
use kmem_picture::make::engine::page_maps;
use kmem_picture::paint::Paint;
use kmem_picture::view::{Cell, CellMap, Shape};

/// The maps by type, by use, by order.
fn maps(kernel: &Kernel<Hosted>) -> [Vec<CellMap>; 3] {
    let cells = |shape: Shape| match shape {
        Shape::Cells(maps) => maps,
        other => panic!("{other:?}"),
    };
    let maps: Vec<Vec<CellMap>> = page_maps(kernel).into_iter().map(|figure| cells(figure.shape)).collect();
    maps.try_into().expect("three maps")
}

#[test]
fn frames_are_where_they_are() {
    let params = BootParams { ram_bytes: 256 << 20, ..BootParams::new(&PROFILE) };
    let kernel = kmem_hosted::boot(&PROFILE, &params, Displacement::Any, |_| {}).expect("a machine");
    let [before, _, by_order] = maps(&kernel);
    // All of each zone, in cells that touch.
    for (map, zone) in before.iter().zip(kernel.pages().zone_counts().filter(|zone| zone.extent.present > 0)) {
        let bytes: u64 = map.cells.iter().map(|cell| cell.bytes).sum();
        assert_eq!(bytes, zone.extent.spanned * 4096, "{}", map.name);
        for pair in map.cells.windows(2) {
            assert_eq!(pair[0].start.map(|start| start + pair[0].bytes), pair[1].start);
        }
    }
    assert!(before.iter().flat_map(|map| &map.cells).any(|cell| cell.paint == Paint::Reserved), "the kernel image");
    // A block of 2 MiB is in use, and the cell that it is in says so.
    let order = Order::new(9).expect("an order");
    let page = kernel.memory().alloc_pages(Gfp::KERNEL, order).expect("pages");
    let address = page.raw() * 4096;
    let at = |maps: &[CellMap]| -> Cell {
        let holds = |cell: &&Cell| cell.start.is_some_and(|start| start <= address && address < start + cell.bytes);
        maps.iter().flat_map(|map| &map.cells).find(holds).expect("a cell").clone()
    };
    assert_eq!(at(&by_order).label, "10", "it lies in a block of the top order");
    let [by_type, by_use, by_order] = maps(&kernel);
    let (was, is) = (at(&before), at(&by_type));
    assert_eq!(was.used, Some(0), "{}", was.about);
    assert_eq!(is.used, Some(1000), "{}", is.about);
    assert_eq!(is.paint, Paint::Unmovable, "{}", is.about);
    assert!(is.about.contains("other allocations: 2 MB"), "{}", is.about);
    assert_eq!((at(&by_use).paint, at(&by_use).label.as_str()), (Paint::Kernel, "K"));
    assert_eq!(at(&by_order).label, "–", "nothing is free in it");
}
