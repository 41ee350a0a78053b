//! Files under `/proc`, written from the numbers of real ones, must be the real ones byte for byte.
//!
//! Each test reads a file of `golden/` into the snapshot's structures by a reader of its own and writes it again.

use kmem::boot::{plan, BootParams};
use kmem::error::Name;
use kmem::profile::{self, AreaPlace, BootAreaKind};
use kmem::snapshot::proc::{self, ProcFormat};
use kmem::snapshot::proc::{buddyinfo, iomem, meminfo, pagetypeinfo, slabinfo, vmallocinfo, vmstat, zoneinfo};
use kmem::snapshot::{
    BuddyRow, IoMemRow, MemField, MemInfo, PageTypeRow, PcpInfo, SlabRow, Stat, Stats, VmAreaFlags, VmAreaRow, VmStat,
    ZoneInfo,
};
use kmem::units::Order;
use std::path::{Path, PathBuf};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

/// All captures that have this file, with the formats of their kernel.
fn files(file: &str) -> Vec<(String, &'static ProcFormat)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(golden()).unwrap() {
        let folder = entry.unwrap().path();
        if let Ok(text) = std::fs::read_to_string(folder.join(file)) {
            found.push((text, format_of(folder.file_name().unwrap().to_str().unwrap())));
        }
    }
    assert!(found.len() > 1, "{file}: {} captures", found.len());
    found
}

/// The formats of a capture's kernel, which its folder names; a kernel without a number is 6.1 on 32 bits and 6.12 on 64.
fn format_of(case: &str) -> &'static ProcFormat {
    let case = case.trim_start_matches("trace-").trim_start_matches("oom-").trim_start_matches("zfit-");
    let has = |part: &str| case.contains(part);
    match case.split('-').next().unwrap() {
        "i386" if has("-pae") => &proc::PROC_6_1_PAE,
        "i386" => &proc::PROC_6_1_I386,
        "armhf" if has("-lpae") => &proc::PROC_6_1_LPAE,
        "armhf" if has("-6.12") => &proc::PROC_6_12_ARMHF,
        "armhf" => &proc::PROC_6_1_ARMHF,
        "amd64" if has("-6.1-") || has("exceeds") => &proc::PROC_6_1_AMD64,
        "amd64" => &proc::PROC_6_12_AMD64,
        "arm64" if has("-6.1-") => &proc::PROC_6_1_ARM64,
        "arm64" => &proc::PROC_6_12_ARM64,
        _ => panic!("no formats for {case}"),
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("a number: {word}"))
}

fn hex(word: &str) -> u64 {
    u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap_or_else(|_| panic!("a hexadecimal number: {word}"))
}

fn same(written: &str, real: &str) {
    for (line, (written, real)) in written.lines().zip(real.lines()).enumerate() {
        assert_eq!(written, real, "line {}", line + 1);
    }
    assert_eq!(written, real);
}

#[test]
fn meminfo_of_every_kernel() {
    for (real, format) in files("meminfo") {
        let mut info = MemInfo::default();
        for line in real.lines() {
            let (name, rest) = line.split_once(':').unwrap();
            let field = MemField::by_name(name).unwrap_or_else(|| panic!("a known line: {name}"));
            info[field] = number(words(rest)[0]);
        }
        let mut written = String::new();
        meminfo::write(&mut written, format, &info).unwrap();
        same(&written, &real);
    }
}

#[test]
fn buddyinfo_of_every_kernel() {
    for (real, _) in files("buddyinfo") {
        let rows = real.lines().map(|line| {
            let words = words(line);
            let mut row = BuddyRow {
                node: number(words[1].trim_end_matches(',')) as u32,
                zone: Name::new(words[3]),
                orders: words.len() - 4,
                ..BuddyRow::default()
            };
            row.free.iter_mut().zip(&words[4..]).for_each(|(free, word)| *free = number(word));
            row
        });
        let mut written = String::new();
        buddyinfo::write(&mut written, rows).unwrap();
        same(&written, &real);
    }
}

#[test]
fn vmstat_of_every_kernel() {
    for (real, format) in files("vmstat") {
        let mut stat = VmStat::default();
        for line in real.lines() {
            let (name, value) = line.split_once(' ').unwrap();
            *stat.get_mut(name).unwrap_or_else(|| panic!("a known counter: {name}")) = number(value);
        }
        let mut written = String::new();
        vmstat::write(&mut written, format, &stat).unwrap();
        same(&written, &real);
    }
}

/// Reads `/proc/pagetypeinfo`: the order of a pageblock and a row for each zone. Types are known by their names.
fn read_page_types(text: &str) -> (Order, Vec<PageTypeRow>) {
    let number_of = |name: &str| match name {
        "Unmovable" => 0,
        "Movable" => 1,
        "Reclaimable" => 2,
        "HighAtomic" => 3,
        "CMA" => 4,
        "Isolate" => 5,
        _ => panic!("a mobility type: {name}"),
    };
    let mut block_order = Order::ZERO;
    let mut rows: Vec<PageTypeRow> = Vec::new();
    let mut types = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let words = words(line);
        if let Some(order) = line.strip_prefix("Page block order: ") {
            block_order = Order::new(number(order) as u32).unwrap();
        } else if line.starts_with("Number of blocks") {
            types = words[4..].iter().map(|name| number_of(name)).collect();
        } else if words[0] == "Node" {
            let (node, zone) = (number(words[1].trim_end_matches(',')) as u32, words[3].trim_end_matches(','));
            let at = rows.iter().position(|row| row.node == node && row.zone.as_str() == zone);
            let at = at.unwrap_or_else(|| {
                rows.push(PageTypeRow { node, zone: Name::new(zone), ..PageTypeRow::default() });
                rows.len() - 1
            });
            if words[4] == "type" {
                rows[at].orders = words.len() - 6;
                let counts = rows[at].free[number_of(words[5])].iter_mut();
                counts.zip(&words[6..]).for_each(|(count, word)| *count = number(word));
            } else {
                types.iter().zip(&words[4..]).for_each(|(&number_of, word)| rows[at].blocks[number_of] = number(word));
            }
        }
    }
    (block_order, rows)
}

#[test]
fn pagetypeinfo_of_every_kernel() {
    for (real, format) in files("pagetypeinfo") {
        let (order, rows) = read_page_types(&real);
        let mut written = String::new();
        pagetypeinfo::write(&mut written, format.pagetypes.unwrap(), order, rows.iter().cloned()).unwrap();
        same(&written, &real);
    }
}

#[test]
fn slabinfo_of_every_kernel() {
    for (real, format) in files("slabinfo") {
        let rows = real.lines().skip(2).map(|line| {
            let words = words(line);
            let at = |index: usize| number(words[index]);
            SlabRow {
                name: Name::new(words[0]),
                active_objs: at(1),
                num_objs: at(2),
                object_bytes: at(3),
                objects_per_slab: at(4),
                pages_per_slab: at(5),
                limit: at(8),
                batchcount: at(9),
                sharedfactor: at(10),
                active_slabs: at(13),
                num_slabs: at(14),
                shared_avail: at(15),
            }
        });
        let mut written = String::new();
        slabinfo::write(&mut written, format.slabinfo, rows).unwrap();
        same(&written, &real);
    }
}

#[test]
fn vmallocinfo_of_every_kernel() {
    for (real, format) in files("vmallocinfo") {
        let rows = real.lines().map(read_area);
        let mut written = String::new();
        vmallocinfo::write(&mut written, format, rows).unwrap();
        same(&written, &real);
    }
}

/// Reads a line of `/proc/vmallocinfo`: range, bytes, caller, words.
fn read_area(line: &str) -> VmAreaRow {
    let words = words(line);
    let (start, end) = words[0].split_once('-').unwrap();
    let value = |key: &str| words.iter().find_map(|word| word.strip_prefix(key));
    let has = |word: &str| words.contains(&word);
    let mut row = VmAreaRow {
        start: hex(start),
        end: hex(end),
        caller: Name::new(if has("unpurged") { "unpurged vm_area" } else { words[2] }),
        pages: value("pages=").map_or(0, number),
        phys: value("phys=").map_or(0, hex),
        flags: VmAreaFlags {
            ioremap: has("ioremap"),
            vmalloc: has("vmalloc"),
            dma_coherent: has("dma-coherent"),
            vmap: has("vmap"),
            user: has("user"),
            vpages: has("vpages"),
        },
        ..VmAreaRow::default()
    };
    for (node, pages) in row.node_pages.iter_mut().enumerate() {
        *pages = value(&format!("N{node}=")).map_or(0, number);
    }
    row
}

/// A booted machine of 2 GiB has the areas that the real one had.
#[test]
fn boot_areas_are_those_of_the_capture() {
    let profile = profile::by_name("i386-pae-6.1").unwrap();
    let plan = plan(profile, &BootParams::new(profile)).unwrap();
    let start = plan.layout.vmalloc.unwrap().start.raw();
    let rows = profile.boot_areas.iter().map(|area| {
        let at = match area.at {
            AreaPlace::FromStart(offset) => start + offset,
            AreaPlace::At(addr) => addr,
        };
        let (phys, io) = match area.kind {
            BootAreaKind::Io(phys) | BootAreaKind::StaticIo(phys) => (phys, true),
            BootAreaKind::Image(phys) | BootAreaKind::FreedImage(phys) => (phys, false),
            BootAreaKind::StaticHole => (0, true),
            BootAreaKind::Pages | BootAreaKind::PerCpu => (0, false),
        };
        VmAreaRow {
            start: at,
            end: at + area.bytes,
            caller: Name::new(area.caller),
            pages: if area.kind == BootAreaKind::Pages { area.bytes / 4096 - 1 } else { 0 },
            phys,
            flags: VmAreaFlags { ioremap: io, vmalloc: !io, ..VmAreaFlags::default() },
            ..VmAreaRow::default()
        }
    });
    let mut written = String::new();
    vmallocinfo::write(&mut written, profile.proc, rows).unwrap();
    same(&written, &std::fs::read_to_string(golden().join("i386-pae-2g/vmallocinfo")).unwrap());
}

#[test]
fn vmallocinfo_3_4_as_the_phone() {
    let static_io = VmAreaRow {
        start: 0xfa00_0000,
        end: 0xfa00_1000,
        caller: Name::new("iotable_init+0x0/0xb0"),
        phys: 0xc080_0000,
        flags: VmAreaFlags { ioremap: true, ..VmAreaFlags::default() },
        ..VmAreaRow::default()
    };
    let binder = VmAreaRow {
        start: 0xf360_0000,
        end: 0xf36f_f000,
        caller: Name::new("binder_mmap+0xb0/0x224"),
        phys: 0,
        ..static_io
    };
    let mut written = String::new();
    let phone = profile::by_name("msm8x25").unwrap();
    vmallocinfo::write(&mut written, phone.proc, [binder, static_io]).unwrap();
    same(
        &written,
        "0xf3600000-0xf36ff000 1044480 binder_mmap+0xb0/0x224 ioremap\n\
         0xfa000000-0xfa001000    4096 iotable_init+0x0/0xb0 phys=c0800000 ioremap\n",
    );
}

#[test]
fn iomem_of_every_kernel() {
    for (real, _) in files("iomem") {
        let rows = real.lines().map(|line| {
            let depth = (line.len() - line.trim_start().len()) as u32 / 2;
            let (range, name) = line.trim_start().split_once(" : ").unwrap();
            let (start, last) = range.split_once('-').unwrap();
            IoMemRow { depth, start: hex(start), last: hex(last), name: Name::new(name) }
        });
        let mut written = String::new();
        iomem::write(&mut written, rows).unwrap();
        same(&written, &real);
    }
}

/// Reads `/proc/zoneinfo`: keys by their words, counters by their kernel names.
fn read_zones(text: &str) -> Vec<ZoneInfo> {
    let mut zones: Vec<ZoneInfo> = Vec::new();
    let mut of_node = false;
    let mut cpu = 0;
    for line in text.lines() {
        let words = words(line);
        if words[0] == "Node" {
            zones.push(ZoneInfo {
                node: number(words[1].trim_end_matches(',')) as u32,
                zone: Name::new(words[3]),
                ..ZoneInfo::default()
            });
            continue;
        }
        let zone = zones.last_mut().unwrap();
        if words[0] == "protection:" {
            let list = line.split_once('(').unwrap().1.trim_end_matches(')');
            for (at, word) in list.split(", ").enumerate() {
                zone.protection[at] = number(word);
                zone.zones = at + 1;
            }
            continue;
        }
        let value = words.last().and_then(|word| word.parse().ok()).unwrap_or(0);
        match words[..words.len() - 1].join(" ").as_str() {
            "per-node" => (zone.node_stats, of_node) = (Some(Stats::default()), true),
            "pages free" => (zone.free, of_node) = (value, false),
            "boost" => zone.boost = value,
            "min" => zone.min = value,
            "low" => zone.low = value,
            "high" => zone.high = value,
            "promo" => zone.promo = value,
            "spanned" => zone.spanned = value,
            "present" => zone.present = value,
            "managed" => zone.managed = value,
            "cma" => zone.cma = value,
            "" => (),
            "cpu:" => (cpu, zone.cpus) = (value as usize, value as usize + 1),
            "count:" => zone.pcp[cpu] = PcpInfo { count: value as u32, ..PcpInfo::default() },
            "high:" => zone.pcp[cpu].high = value as u32,
            "batch:" => zone.pcp[cpu].batch = value as u32,
            "vm stats threshold:" => zone.stat_threshold = value,
            "node_unreclaimable:" => zone.unreclaimable = value,
            "start_pfn:" => zone.start_pfn = value,
            name => {
                let stat = Stat::by_name(name).unwrap_or_else(|| panic!("a known counter: {name}"));
                match &mut zone.node_stats {
                    Some(stats) if of_node => stats[stat] = value,
                    _ => zone.stats[stat] = value,
                }
            }
        }
    }
    zones
}

#[test]
fn zoneinfo_of_every_kernel() {
    for (real, format) in files("zoneinfo") {
        let zones = read_zones(&real);
        let mut written = String::new();
        zoneinfo::write(&mut written, format, &zones).unwrap();
        same(&written, &real);
    }
}

#[test]
fn older_forms() {
    let phone = profile::by_name("msm8x25").unwrap();
    let zone = ZoneInfo {
        zone: Name::new("Normal"),
        free: 7,
        min: 1,
        low: 2,
        high: 3,
        spanned: 9,
        present: 8,
        zones: 3,
        cpus: 1,
        start_pfn: 512,
        inactive_ratio: 1,
        priority: 12,
        ..ZoneInfo::default()
    };
    let mut written = String::new();
    zoneinfo::write(&mut written, phone.proc, [&zone]).unwrap();
    assert!(written.starts_with(
        "Node 0, zone   Normal\n  pages free     7\n        min      1\n        low      2\n        high     3\n        \
         scanned  0\n        spanned  9\n        present  8\n    nr_free_pages 0\n    nr_inactive_anon 0\n"
    ));
    assert!(written.ends_with("  all_unreclaimable: 0\n  start_pfn:         512\n  inactive_ratio:    1\n"));

    let early = profile::by_name("linux-2.6-i386").unwrap();
    written.clear();
    zoneinfo::write(&mut written, early.proc, [&zone]).unwrap();
    assert!(written.contains("\n    cpu: 0 pcp: 0\n              count: 0\n              low:   0\n"));
    assert!(written.ends_with("  prev_priority:     12\n  temp_priority:     12\n  start_pfn:         512\n"));

    let mut info = MemInfo::default();
    info[MemField::VmallocTotal] = 114_680;
    info[MemField::Hugepagesize] = 4096;
    written.clear();
    meminfo::write(&mut written, early.proc, &info).unwrap();
    assert!(written.starts_with("MemTotal:            0 kB\nMemFree:             0 kB\n"));
    assert!(written.contains("\nVmallocTotal:   114680 kB\n"));
    assert!(written.ends_with("HugePages_Total:     0\nHugePages_Free:      0\nHugepagesize:     4096 kB\n"));
}
