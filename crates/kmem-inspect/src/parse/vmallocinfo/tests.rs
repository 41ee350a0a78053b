//! Rows of every age, and what looks like one.

use super::*;

fn read(text: &str) -> (Vec<VmallocInfo>, Vec<String>) {
    let (mut reader, mut doubts) = (Reader::default(), Doubts::default());
    let mut listings = Vec::new();
    for (at, text) in text.lines().enumerate() {
        let place = Place { source: 0, line: at as u64 + 1 };
        listings.extend(reader.line(&Line { place, text }, &mut doubts).1);
    }
    listings.extend(reader.finish(&mut doubts));
    (listings, doubts.iter().map(|doubt| doubt.what.clone()).collect())
}

/// One row that reads without a doubt: start, end, caller, pages, phys, flags by letter, node 0's pages.
fn check(text: &str, expected: (u64, u64, &str, u64, u64, &str, u64)) {
    let (listings, doubts) = read(text);
    assert!(doubts.is_empty(), "{text}: {doubts:?}");
    let [row] = listings[0].rows[..] else { panic!("{text}: {:?}", listings[0].rows) };
    let VmAreaFlags { ioremap, vmalloc, dma_coherent, vmap, user, vpages } = row.area.flags;
    let flags = [(ioremap, 'i'), (vmalloc, 'v'), (dma_coherent, 'd'), (vmap, 'm'), (user, 'u'), (vpages, 'p')];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect();
    let area = &row.area;
    let found = (area.start, area.end, area.caller.as_str(), area.pages, area.phys, flags.as_str(), area.node_pages[0]);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn rows_of_every_age() {
    let f6 = (0xf600_0000, 0xf610_0000);
    check(
        "0xf6000000-0xf6100000 1048576 a_b+0xb0/0x224 phys=c0800000 ioremap",
        (f6.0, f6.1, "a_b+0xb0/0x224", 0, 0xc080_0000, "i", 0),
    );
    // Blanks got lost.
    check("0xf6000000-0xf61000001048576a_b+0xb0/0x224ioremap", (f6.0, f6.1, "a_b+0xb0/0x224", 0, 0, "i", 0));
    check(
        "0xf6000000-0xf61000001048576dead_beef+0x3c/0xbphys=100000ioremap",
        (f6.0, f6.1, "dead_beef+0x3c/0xb", 0, 0x10_0000, "i", 0),
    );
    check("  0xf6000000 - 0xf6100000   1048576 x+0x0/0x1dma-coherent user", (f6.0, f6.1, "x+0x0/0x1", 0, 0, "du", 0));
    check(
        "0xf6000000-0xf6003000   12288 load+0x1/0x2 [zram] pages=2 vmalloc vpages N0=2",
        (f6.0, 0xf600_3000, "load+0x1/0x2 [zram]", 2, 0, "vp", 2),
    );
    check("0xf6000000-0xf6001000    4096 vm_map_ram", (f6.0, 0xf600_1000, "vm_map_ram", 0, 0, "", 0));
    check("0xf6000000-0xf6001000    4096 unpurged vm_area", (f6.0, 0xf600_1000, "unpurged vm_area", 0, 0, "", 0));
    check(
        "0xffffc90000005000-0xffffc90000007000    8192 acpi_os_map_iomem+0x1a9/0x1e0 phys=0x000000007ffe1000 ioremap",
        (0xffff_c900_0000_5000, 0xffff_c900_0000_7000, "acpi_os_map_iomem+0x1a9/0x1e0", 0, 0x7ffe_1000, "i", 0),
    );
    check("0xf6000000-0xf6001000    4096 0xf0012345 vmap", (f6.0, 0xf600_1000, "0xf0012345", 0, 0, "m", 0));
}

#[test]
fn a_row_that_a_terminal_cut_is_one() {
    check(
        "0xf6000000-0xf6003000   12288 load_module+0x1\n/0x2 pages=2 vmalloc",
        (0xf600_0000, 0xf600_3000, "load_module+0x1/0x2", 2, 0, "v", 0),
    );
    check(
        "0xf6000000-0xf6003000   12288 load+0x1/0x2\npages=2 vmalloc",
        (0xf600_0000, 0xf600_3000, "load+0x1/0x2", 2, 0, "v", 0),
    );
    check(
        "0xf6000000-0xf6003000   122\n88 load+0x1/0x2 pages=2 vmalloc",
        (0xf600_0000, 0xf600_3000, "load+0x1/0x2", 2, 0, "v", 0),
    );
}

#[test]
fn numbers_that_do_not_agree_are_named() {
    let row = |text: &str| read(text).1.join("; ");
    assert_eq!(
        row("0xf6000000-0xf6003000   12289 a+0x0/0x1 vmalloc"),
        "0xf6000000-0xf6003000 is 12288 bytes, but the row says 12289; its addresses are used"
    );
    assert!(row("0xf6000000-0xf61000001048577 a+0x0/0x1 vmalloc").contains("is 1048576 bytes"));
    assert!(row("0xf6000000-0xf6003000   12288 a+0x0/0x1 pages=4 vmalloc").contains("4 pages do not fit"));
    assert!(row("0xf6000000-0xf6003000   12288 a+0x0/0x1 pages=2 vmalloc N0=1").contains("the nodes have 1"));
    assert!(row("0xf6000800-0xf6001800    4096 a+0x0/0x1 vmalloc").contains("not whole pages"));
    assert!(row("0xf6000000-0xf6003000   12288 a+0x0/0x1 vmalloc\n0xf6002000-0xf6004000    8192 b+0x0/0x1 vmap")
        .contains("overlaps 0xf6000000-0xf6003000 in line 1"));
    assert!(row("0xf6000000-0xf6003000   12288 a+0x0/0x1 vmalloc what").contains("`what`"));
    assert!(row("0xf6000000-0xf6003000   12288 a+0x0/0x1 vmalloc\n0xf6004000-0xf60\n\n").contains("breaks off"));
}

#[test]
fn addresses_may_be_of_no_use() {
    let kind = |text: &str| read(text).0[0].addresses;
    let hashed = "0x1a2b3c4d-0x99887766    8192 a+0x0/0x1 vmalloc\n0x5555aaaa-0x12121212   12288 b+0x0/0x1 vmap\n\
                  0xdeadbeef-0x01234567    8192 c+0x0/0x1 user\n";
    assert_eq!((kind(hashed), read(hashed).1), (Addresses::Hashed, vec![]));
    let zero = "0x00000000-0x00000000    8192 a+0x0/0x1 vmalloc\n0x00000000-0x00000000    8192 b+0x0/0x1 vmalloc";
    assert_eq!((kind(zero), read(zero).0.len(), read(zero).0[0].rows.len()), (Addresses::Hidden, 1, 2));
    assert_eq!(kind("0x(____ptrval____)-0x(____ptrval____)    8192 a+0x0/0x1 vmalloc"), Addresses::Hidden);
}

#[test]
fn what_looks_alike_is_no_row() {
    for text in [
        "0x000000000000-0x000000100000 : \"u-boot\"",
        "0xc0000000-0xf2800000 (808 MB)",
        "0xf6000000 is an address",
        "#0xf6000000-",
        "0x",
    ] {
        assert!(read(text).0.is_empty(), "{text}");
    }
}

#[test]
fn dots_are_rows_that_were_left_out() {
    let row = "0xf6000000-0xf6003000   12288 a+0x0/0x1 vmalloc";
    let (listings, _) =
        read(&format!("...\n{row}\n………..\n\n0xf7000000-0xf7003000   12288 b+0x0/0x1 vmalloc\nprose.\n"));
    assert_eq!(listings[0].left_out, [(Place { source: 0, line: 3 }, 1)]);
}
