//! What a profile says that early boot holds must be what its kernel really held.
//!
//! `golden_boot.rs` plans from what each capture says is held. Here the size of RAM, the number of CPUs and the command line
//! are all that is given: the profile's own estimate places image, initrd, page structures and hash tables. For the kernels
//! for PCs, whose early allocations are known to the byte, that gives the real zones, totals and boot log; for the others it
//! is near.

use kmem::boot::layout::Layout;
use kmem::boot::{plan, BootParams, Plan};
use kmem::page::watermark::Tuning;
use kmem::profile::{self, Profile, ZoneKind};
use kmem::snapshot::proc::boot_log;
use kmem::units::PhysRange;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Cases where the profile's own estimate is not what this boot held, with the reason.
const HELD_OTHERWISE: &[(&str, &str)] = &[
    ("i386-pae-512m-kaslr", "the image lies elsewhere, and its page tables with it"),
    ("trace-i386-256m-find", "another initrd"),
    ("trace-i386-pae-256m-fork", "another initrd"),
    ("trace-i386-pae-256m-mix", "another initrd"),
    ("zfit-i386-pae-1g", "another initrd"),
];

struct Case {
    name: String,
    folder: PathBuf,
    json: serde_json::Value,
    profile: &'static Profile,
    cmdline: String,
}

/// A zone of `/proc/zoneinfo`: its numbers by name, `protection`, and the first CPU's list.
#[derive(Default, Debug)]
struct Zone {
    name: String,
    numbers: BTreeMap<String, u64>,
    protection: Vec<u64>,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.join("case.json").is_file());
    folders.sort();
    assert!(folders.len() >= 20, "the captures are there");
    folders.into_iter().map(Case::read).collect()
}

fn hex(value: &serde_json::Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let json: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("case.json")).unwrap()).unwrap();
        let profile = profile::by_name(json["kernel"].as_str().unwrap()).expect("a profile of the captures' kernel");
        let cmdline = json["cmdline"].as_str().unwrap().to_owned();
        Self { name, folder, json, profile, cmdline }
    }
    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap()
    }
    fn ranges(&self, key: &str) -> Vec<PhysRange> {
        let rows = self.json[key].as_array().unwrap();
        rows.iter().map(|row| PhysRange::new(hex(&row[0]), hex(&row[1]))).collect()
    }
    fn number(&self, key: &str) -> u64 {
        self.json[key].as_u64().unwrap()
    }
    fn cpus(&self) -> u32 {
        self.number("cpus") as u32
    }
    fn ram_bytes(&self) -> u64 {
        kmem::boot::cmdline::memparse(self.json["ram"].as_str().unwrap()).unwrap().0
    }
    fn params(&self) -> BootParams<'_> {
        BootParams {
            ram_bytes: self.ram_bytes(),
            cpus: self.cpus(),
            cmdline: &self.cmdline,
            ..BootParams::new(self.profile)
        }
    }
    fn plan_as_estimated(&self) -> Plan {
        plan(self.profile, &self.params()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
    fn meminfo(&self, field: &str) -> u64 {
        let text = self.text("meminfo");
        let line = text.lines().find(|line| line.starts_with(&format!("{field}:"))).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
    fn min_free_kbytes(&self) -> u64 {
        let text = self.text("sys_vm.tsv");
        text.lines().find_map(|line| line.strip_prefix("min_free_kbytes\t")).unwrap().parse().unwrap()
    }
    /// Reads a zoneinfo file: of each zone the numbers by name, of its lists the first CPU's.
    fn zones(&self, file: &str) -> Vec<Zone> {
        let mut zones: Vec<Zone> = Vec::new();
        for line in self.text(file).lines() {
            if let Some((_, name)) = line.strip_prefix("Node 0,").and_then(|rest| rest.split_once("zone")) {
                zones.push(Zone { name: name.trim().to_owned(), ..Zone::default() });
                continue;
            }
            let Some(zone) = zones.last_mut() else { continue };
            if let Some((_, list)) = line.split_once("protection: (") {
                zone.protection = list.trim_end_matches(')').split(", ").map(|n| n.parse().unwrap()).collect();
                continue;
            }
            let mut words: Vec<_> = line.split_whitespace().collect();
            if let Some(number) = words.pop().and_then(|word| word.parse().ok()) {
                let key = words.join(" ");
                // `high` is a mark, `high:` belongs to a list; the first CPU's is kept.
                zone.numbers.entry(key).or_insert(number);
            }
        }
        zones
    }
}

fn tuning(case: &Case, plan: &Plan) -> Tuning {
    Tuning::at_boot(case.profile, plan, kmem::boot::cmdline::CommandLine::new(&case.cmdline)).0
}

fn check_layout(case: &Case, layout: &Layout) {
    let name = &case.name;
    let vmalloc = layout.vmalloc.unwrap();
    let expected = &case.json["vmalloc"];
    assert_eq!((vmalloc.start.raw(), vmalloc.end.raw()), (hex(&expected[0]), hex(&expected[1])), "{name} vmalloc area");
    assert_eq!(vmalloc.bytes() >> 10, case.meminfo("VmallocTotal"), "{name} VmallocTotal");
}

fn check_zones(case: &Case, plan: &Plan) {
    let name = &case.name;
    let real = case.zones("zoneinfo");
    assert_eq!(real.len(), plan.zones().len(), "{name}");
    let tuning = tuning(case, plan);
    assert_eq!(tuning.min_free_kbytes, case.min_free_kbytes(), "{name} min_free_kbytes");
    for ((zone, tuned), real) in plan.zones().iter().zip(&tuning.zones[0]).zip(&real) {
        let get = |key: &str| *real.numbers.get(key).unwrap_or_else(|| panic!("{name} {}: {key}", real.name));
        let at = format!("{name} {}", zone.name);
        assert_eq!(zone.name, real.name);
        let found = (zone.spanned, zone.present, zone.managed);
        assert_eq!(found, (get("spanned"), get("present"), get("managed")), "{at} spanned, present, managed");
        let boost = get("boost");
        let marks = (get("min") - boost, get("low") - boost, get("high") - boost);
        assert_eq!((tuned.min, tuned.low, tuned.high), marks, "{at} min, low, high");
        assert_eq!(tuned.reserve[..real.protection.len()], real.protection, "{at} protection");
        if zone.present > 0 {
            assert_eq!(zone.start.raw(), get("start_pfn:"), "{at} start_pfn");
            assert_eq!((tuned.pcp_high, tuned.pcp_batch), (get("high:"), get("batch:")), "{at} pcp");
            assert_eq!(tuned.stat_threshold, get("vm stats threshold:"), "{at} vm stats threshold");
        }
    }
}

fn check_totals(case: &Case, plan: &Plan) {
    let name = &case.name;
    let kb = |pages: u64| pages * 4;
    let total = kb(plan.managed_pages());
    let high = plan.zones().iter().filter(|zone| zone.kind == ZoneKind::HighMem).map(|zone| zone.managed).sum();
    assert_eq!(total, case.meminfo("MemTotal"), "{name} MemTotal");
    assert_eq!(kb(high), case.meminfo("HighTotal"), "{name} HighTotal");
    assert_eq!(total - kb(high), case.meminfo("LowTotal"), "{name} LowTotal");
    let free: u64 = plan.zones().iter().map(|zone| zone.initial_free).sum();
    assert_eq!(kb(free), case.number("available_kb"), "{name} available");
    assert_eq!(kb(plan.reserved_pages), case.number("reserved_kb"), "{name} reserved");
    assert_eq!(plan.total_pages, case.number("total_pages"), "{name} Total pages");
    for hash in plan.hashes() {
        assert_eq!(Some(hash.entries), case.json["hashes"][hash.table.name].as_u64(), "{name} {}", hash.table.name);
    }
    // What is handed over is what the zones count.
    let handed: u64 = plan.free_ranges().map(PhysRange::bytes).sum();
    assert_eq!(handed / 4096, free, "{name}");
}

#[test]
fn with_what_is_held_estimated() {
    let mut checked = 0;
    for case in cases() {
        let plan = case.plan_as_estimated();
        // RAM and layout follow from the size of RAM in every case.
        assert_eq!(plan.memblock.memory().as_slice(), case.ranges("memory"), "{}", case.name);
        check_layout(&case, &plan.layout);
        if HELD_OTHERWISE.iter().all(|(name, _)| *name != case.name) {
            check_zones(&case, &plan);
            check_totals(&case, &plan);
            checked += 1;
        }
    }
    assert!(checked >= 15, "{checked} cases");
}

#[test]
fn early_allocations_lie_where_the_log_says() {
    for case in cases().iter().filter(|case| case.name.starts_with("i386-pae-2g") || case.name == "i386-pae-256m") {
        let plan = case.plan_as_estimated();
        // Whole pages of low memory; what the firmware keeps above its end is reserved too.
        let low_end = plan.layout.low.end;
        let whole = |ranges: &[PhysRange]| -> Vec<(u64, u64)> {
            let mut merged: Vec<(u64, u64)> = Vec::new();
            for range in ranges.iter().filter(|range| range.start < low_end) {
                let (start, end) = (range.start.page_down().raw(), range.end.page_up().min(low_end).raw());
                match merged.last_mut() {
                    Some(last) if start <= last.1 => last.1 = last.1.max(end),
                    _ => merged.push((start, end)),
                }
            }
            merged
        };
        assert_eq!(whole(plan.memblock.reserved().as_slice()), whole(&case.ranges("reserved")), "{}", case.name);
    }
}

#[test]
fn boot_logs() {
    for case in cases().iter().filter(|case| HELD_OTHERWISE.iter().all(|(name, _)| *name != case.name)) {
        let mut log = String::new();
        boot_log::write(&mut log, case.profile, &case.params(), &case.plan_as_estimated()).unwrap();
        let (first, rest) = log.split_once('\n').unwrap();
        assert_eq!(first, format!("Linux version {}", case.profile.release));
        for (found, expected) in rest.lines().zip(case.text("boot_log").lines()) {
            assert_eq!(found, expected, "{}", case.name);
        }
        assert_eq!(rest.lines().count(), case.text("boot_log").lines().count(), "{}", case.name);
    }
}

#[test]
fn other_kernels_hold_nearly_what_they_held() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    for (name, ram_bytes) in [
        ("amd64-2g", 2 << 30),
        ("amd64-4g", 4 << 30),
        ("amd64-6.1-1g", 1 << 30),
        ("arm64-6.1-512m", 512 << 20),
        ("arm64-6.12-1g", 1 << 30),
        ("armhf-1g", 1 << 30),
        ("armhf-256m", 256 << 20),
        ("armhf-6.12-1g", 1 << 30),
        ("armhf-lpae-2g", 2 << 30),
    ] {
        let folder = root.join(name);
        let text = std::fs::read_to_string(folder.join("inputs.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let profile = profile::by_name(json["kernel"].as_str().unwrap().trim_end_matches("-a64")).unwrap();
        let plan = plan(profile, &BootParams { ram_bytes, ..BootParams::new(profile) }).unwrap();
        let ranges = json["memblock_memory"].as_array().unwrap().iter();
        let memory: Vec<_> = ranges.map(|row| PhysRange::new(hex(&row[0]), hex(&row[1]))).collect();
        assert_eq!(plan.memblock.memory().as_slice(), memory, "{name}");
        let meminfo = std::fs::read_to_string(folder.join("meminfo")).unwrap();
        let total: u64 = meminfo.split_whitespace().nth(1).unwrap().parse().unwrap();
        let found = plan.managed_pages() * 4;
        assert!(found.abs_diff(total) < 1024, "{name}: {found} kB, the real kernel has {total}");
    }
}
