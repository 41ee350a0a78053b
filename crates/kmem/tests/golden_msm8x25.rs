//! The phone's boot log, digit for digit, and what other values of `vmalloc=` make of it.

use kmem::boot::{plan, BootParams, Plan};
use kmem::error::Name;
use kmem::profile::{self, AreaPlace, BootAreaKind, Profile};
use kmem::snapshot::proc::{boot_log, vmallocinfo};
use kmem::snapshot::{VmAreaFlags, VmAreaRow};

fn phone() -> &'static Profile {
    profile::by_name("msm8x25").unwrap()
}

fn boot(ram_bytes: u64, cmdline: &str) -> (Plan, String) {
    let params = BootParams { ram_bytes, cmdline, ..BootParams::new(phone()) };
    let plan = plan(phone(), &params).unwrap_or_else(|error| panic!("{cmdline}: {error}"));
    let mut log = String::new();
    boot_log::write(&mut log, phone(), &params, &plan).unwrap();
    (plan, log)
}

#[test]
fn the_table_of_the_boot_log() {
    let (_, log) = boot(1 << 30, phone().default_cmdline);
    let table = "Virtual kernel memory layout:
    vector  : 0xffff0000 - 0xffff1000   (   4 kB)
    fixmap  : 0xfff00000 - 0xfffe0000   ( 896 kB)
    vmalloc : 0xf3000000 - 0xff000000   ( 192 MB)
    lowmem  : 0xc0000000 - 0xf2800000   ( 808 MB)
    pkmap   : 0xbfe00000 - 0xc0000000   (   2 MB)
    modules : 0xbf000000 - 0xbfe00000   (  14 MB)
      .text : 0xc0008000 - 0xc0893034   (8749 kB)
      .init : 0xc0894000 - 0xc08cdc00   ( 231 kB)
      .data : 0xc08ce000 - 0xc09f8eb8   (1196 kB)
       .bss : 0xc0a78eec - 0xc0f427a8   (4903 kB)
";
    assert!(log.contains(table), "{log}");
    assert!(log.contains("\nMemory: 1024MB = 1024MB total\n"));
    assert!(log.contains("\nSLUB: Genslabs=11, HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1\n"));
}

#[test]
fn other_vmalloc_parameters() {
    let board = phone().default_cmdline;
    for (ram_mb, more, area, warning) in [
        (1024, "vmalloc=300M", "0xec800000 - 0xff000000   ( 296 MB)", None),
        (1024, "vmalloc=4M", "0xfe800000 - 0xff000000   (   8 MB)", Some("vmalloc area too small, limiting to 16MB\n")),
        (1024, "vmalloc=4G", "0xfe800000 - 0xff000000   (   8 MB)", Some("vmalloc area too small, limiting to 16MB\n")),
        (
            1024,
            "vmalloc=2000M",
            "0xc2800000 - 0xff000000   ( 968 MB)",
            Some("vmalloc area is too big, limiting to 976MB\n"),
        ),
        (512, "", "0xe0800000 - 0xff000000   ( 488 MB)", None),
    ] {
        let (_, log) = boot(ram_mb << 20, &format!("{board} {more}"));
        assert!(log.contains(&format!("    vmalloc : {area}\n")), "{more}: {log}");
        assert_eq!(log.contains("vmalloc area"), warning.is_some(), "{more}: {log}");
        assert!(warning.is_none_or(|warning| log.contains(warning)), "{more}: {log}");
    }
    let (_, log) = boot(1 << 30, "");
    assert!(log.contains("    vmalloc : 0xf0000000 - 0xff000000   ( 240 MB)\n"), "{log}");
    assert!(log.contains("    lowmem  : 0xc0000000 - 0xef800000   ( 760 MB)\n"), "{log}");
}

#[test]
fn zones_lie_behind_the_physical_offset() {
    let (plan, _) = boot(1 << 30, phone().default_cmdline);
    let zones = plan.zones();
    assert_eq!((zones[0].name, zones[0].start.raw(), zones[0].spanned), ("Normal", 0x200, 808 << 8));
    assert_eq!((zones[1].name, zones[1].start.raw(), zones[1].spanned), ("HighMem", 0x200 + (808 << 8), 216 << 8));
    assert_eq!((zones[2].name, zones[2].spanned), ("Movable", 0));
    // 3.4 takes each zone's page structures (32 bytes a frame) off its present pages.
    assert_eq!((zones[0].ram, zones[0].present), (206_848, 206_848 - 1616));
    assert_eq!((zones[1].ram, zones[1].present), (55_296, 55_296 - 432));
}

#[test]
fn mem_counts_from_the_start_of_ram() {
    let (plan, log) = boot(1 << 30, "vmalloc=200M mem=512M");
    assert_eq!(plan.layout.ram_end.raw(), 0x2020_0000);
    assert!(log.contains("    lowmem  : 0xc0000000 - 0xe0000000   ( 512 MB)\n"), "{log}");
}

#[test]
fn static_mappings_as_in_its_vmallocinfo() {
    let rows = phone().boot_areas.iter().map(|area| {
        let AreaPlace::At(start) = area.at else { panic!("the phone's areas have addresses") };
        let (phys, ioremap) = match area.kind {
            BootAreaKind::Io(phys) | BootAreaKind::StaticIo(phys) => (phys, true),
            BootAreaKind::StaticHole => (0, true),
            BootAreaKind::Pages | BootAreaKind::PerCpu => (0, false),
        };
        let flags = VmAreaFlags { ioremap, vmalloc: !ioremap, ..VmAreaFlags::default() };
        VmAreaRow {
            start,
            end: start + area.bytes,
            caller: Name::new(area.caller),
            pages: 0,
            phys,
            flags,
            ..VmAreaRow::default()
        }
    });
    let mut written = String::new();
    vmallocinfo::write(&mut written, phone().proc, rows).unwrap();
    assert_eq!(
        written,
        "0xfa000000-0xfa001000    4096 iotable_init+0x0/0xb0 phys=c0800000 ioremap
0xfa105000-0xfa106000    4096 iotable_init+0x0/0xb0 phys=a9800000 ioremap
0xfa200000-0xfa300000 1048576 pmd_empty_section_gap+0x0/0x3c ioremap
0xfa300000-0xfa400000 1048576 iotable_init+0x0/0xb0 phys=100000 ioremap
0xfa400000-0xfa500000 1048576 iotable_init+0x0/0xb0 phys=aa500000 ioremap
0xfa500000-0xfa600000 1048576 pmd_empty_section_gap+0x0/0x3c ioremap
0xfa701000-0xfa702000    4096 iotable_init+0x0/0xb0 phys=c0400000 ioremap
0xfa800000-0xfa900000 1048576 pmd_empty_section_gap+0x0/0x3c ioremap
0xfa900000-0xfb600000 13631488 iotable_init+0x0/0xb0 phys=ac000000 ioremap
0xfefdc000-0xff000000  147456 pcpu_get_vm_areas+0x0/0x56c vmalloc
"
    );
}
