//! The advised `vmalloc=` on real kernels.
//!
//! Each text of `advice/` is what one boot of a Debian 6.1 said of itself in QEMU: version, zones, VmallocTotal, vmallocinfo.
//! The machine was booted again with the advised value and with 1 MB less, and a module asked for exactly that size:
//! with the value it fitted, and with less it did not. Where the hole lay then is compared too.

use kmem_inspect::vmalloc::{Advice, Area};
use kmem_inspect::{Doubts, Reader};
use std::fs;
use std::path::Path;

/// Reads a boot and advises for a size in MB.
fn advise(name: &str, megabytes: u64) -> Advice {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advice").join(name).with_extension("txt");
    let text = fs::read_to_string(path).expect("a readable text");
    let mut reader = Reader::new();
    reader.read_text(name, &text);
    let capture = reader.finish();
    let (log, meminfo) = (capture.logs.last(), capture.meminfo.last());
    let area = Area::new(&capture.vmallocinfo[0], log, meminfo, &mut Doubts::default()).expect("addresses are there");
    Advice::new(&area, megabytes << 20).expect("there is a value")
}

#[test]
fn advised_values_are_those_that_were_right_on_real_kernels() {
    for (name, asked, advised, hole_start) in [
        // 6.1.170: 686-pae, 686, armmp, with 1 GiB and 1 CPU.
        ("pae-1g", 150, 154, 0xf596_0000),
        ("nopae-1g", 200, 204, 0xf236_0000),
        ("arm-1g", 240, 249, 0xef9c_f000),
        ("arm-1g", 300, 305, 0xec1c_f000),
        // With a frame buffer of 3 MB, which begins at a multiple of 2 MB: moved by 15 MB it needs a megabyte less below.
        ("pae-1g-vga", 130, 135, 0xf6d0_1000),
        ("pae-1g-vga", 116, 121, 0xf7b0_1000),
        // 2 CPUs; with 2 GiB and vmalloc=200M, and with vmalloc=300M. Of the first, 100 kB are to spare, and were enough.
        ("pae-2g-v200", 300, 304, 0xec3e_4000),
        ("arm-1g-v300", 500, 513, 0xdf2c_3000),
    ] {
        let advice = advise(name, asked);
        assert_eq!((advice.megabytes, advice.then.0), (advised, hole_start), "{name}: {asked} MB");
        let needed = (asked << 20) + 4096;
        assert!(advice.then.1 - advice.then.0 >= needed, "{name}: {asked} MB");
        assert!(advice.one_less.is_some_and(|(_, bytes)| bytes < needed), "{name}: {asked} MB");
    }
}
