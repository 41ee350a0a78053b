//! `kmem boot --like DIR --show …` must print what the real kernel's files show.
//!
//! Of each capture in `golden/` the two inputs, `inputs.json` and `cmdline`, are copied into an empty folder; the command
//! boots a machine from them and prints files, and these are compared with the captured ones, field by field. A field is
//! the path of headings to a number: `0 DMA32 min`, `0 DMA32 cpu 1 batch`. Every field of both must be compared or stand in
//! [`UNPREDICTABLE`] with its reason; a field that one side lacks is a difference.
//!
//! The `tune` captures, taken after each write to a tunable, are replayed on a booted engine: [`writes_at_run_time`].

#[path = "../src/like.rs"]
#[allow(dead_code)] // each user of it reads some of its fields
mod like;

use kmem::Kernel;
use kmem_hosted::{Displacement, Hosted};
use like::Like;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What depends on all that ran since boot, and on the sizes of a kernel's own data: field (its last words), and why.
const UNPREDICTABLE: &[(&str, &str)] = &[
    ("free", "live: what drivers and programs hold"),
    ("boost", "live: fragmentation so far; it is subtracted from the marks"),
    ("count", "live: pages on the per-CPU lists"),
    ("stat", "live: counters"),
    ("free blocks", "live: which blocks are free"),
    ("pageblocks of a type", "live: which types were asked for; their sum is compared"),
    ("MemFree", "live"),
    ("MemAvailable", "live: follows MemFree"),
    ("HighFree", "live"),
    ("LowFree", "live"),
    ("CmaFree", "live"),
    ("Cached", "live: what the initial file system holds"),
    ("Active", "live"),
    ("Inactive", "live"),
    ("Active(anon)", "live"),
    ("Inactive(anon)", "live"),
    ("Active(file)", "live"),
    ("Inactive(file)", "live"),
    ("Unevictable", "live: what programs locked"),
    ("AnonPages", "live"),
    ("Mapped", "live"),
    ("Shmem", "live"),
    ("Dirty", "live"),
    ("Writeback", "live"),
    ("Buffers", "live: what disks were read"),
    ("KReclaimable", "live"),
    ("Slab", "live: objects of all drivers"),
    ("SReclaimable", "live"),
    ("SUnreclaim", "live"),
    ("KernelStack", "live: threads; the engine has none"),
    ("PageTables", "live"),
    ("Committed_AS", "live"),
    ("VmallocUsed", "live: areas of drivers"),
    ("Percpu", "live: per-CPU memory of drivers and of the image"),
    ("DirectMap4k", "the image's sections are mapped by small pages, as are parts that drivers protected later"),
    ("DirectMap2M", "the rest; the sum is compared"),
    ("DirectMap4M", "the rest; the sum is compared"),
    (
        "DirectMap1G",
        "which pages the direct map gets follows from the steps in which boot maps it, and from the processor",
    ),
];
/// Since this version `high` of a per-CPU list moves between two bounds with the load, beginning at 0. What is printed must
/// lie between them, as the real one does; after a tunable moved the bounds it follows only with later frees.
const HIGH_MOVES_SINCE: (u32, u32, u32) = (6, 12, 0);

const FILES: [&str; 3] = ["zoneinfo", "meminfo", "pagetypeinfo"];

type Fields = BTreeMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

fn cases() -> Vec<PathBuf> {
    let mut folders: Vec<_> = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.join("inputs.json").is_file());
    folders.sort();
    assert_eq!(folders.len(), 49, "the captures are there");
    folders
}

fn name(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

/// Reads a zoneinfo: fields of zones that have pages in full, of others as far as they are shown.
fn zoneinfo(text: &str, fields: &mut Fields) {
    let (mut zone, mut cpu) = (String::new(), None);
    for line in text.lines() {
        if let Some((node, name)) = line.strip_prefix("Node ").and_then(|rest| rest.split_once(", zone")) {
            (zone, cpu) = (format!("{} {}", node.trim(), name.trim()), None);
            fields.insert(format!("{zone} is there"), String::new());
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["pages", "free", value] => {
                fields.insert(format!("{zone} free"), value.to_owned());
            }
            ["protection:", ..] => {
                fields.insert(format!("{zone} protection"), line.trim().to_owned());
            }
            ["cpu:", number] => cpu = Some(number.to_owned()),
            ["vm", "stats", "threshold:", value] => {
                fields.insert(format!("{zone} cpu {} threshold", cpu.as_deref().unwrap_or("?")), value.to_owned());
            }
            [key, value] if line.starts_with("      ") && !line.starts_with("       ") => {
                fields.insert(format!("{zone} {key} stat"), value.to_owned());
            }
            [key, value] => {
                let key = key.trim_end_matches(':');
                let in_list = ["count", "high", "batch"].contains(&key);
                let place = cpu.as_deref().filter(|_| in_list).map_or(String::new(), |cpu| format!("cpu {cpu} "));
                fields.insert(format!("{zone} {place}{key}"), value.to_owned());
            }
            _ => assert!(["per-node stats", "pagesets"].contains(&line.trim()), "{line}"),
        }
    }
}

fn meminfo(text: &str, fields: &mut Fields) {
    for line in text.lines() {
        let (key, value) = line.split_once(':').unwrap();
        fields.insert(key.to_owned(), value.trim().to_owned());
    }
}

/// The sum of the lines about the direct map, in kB. Boot counts pages of 1 GiB again when it maps their neighbours, so where
/// there are such the real sum is too large.
fn direct_map(fields: &Fields) -> u64 {
    let direct = fields.iter().filter(|(key, _)| key.starts_with("DirectMap"));
    direct.map(|(_, value)| value.trim_end_matches(" kB").parse::<u64>().unwrap()).sum()
}

fn pagetypeinfo(text: &str, fields: &mut Fields) {
    let (mut node, mut heading) = (0, "");
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some((what, order)) = line.rsplit_once(' ').filter(|(what, _)| what.starts_with("Page")) {
            // One heading for each node.
            node += u32::from(what.starts_with("Page block order"));
            fields.insert(format!("table {node} {}", what.trim()), order.to_owned());
        } else if let Some(orders) = line.strip_prefix("Free pages count per migrate type at order") {
            heading = "free blocks";
            fields.insert(format!("table {node} orders"), orders.split_whitespace().last().unwrap().to_owned());
        } else if let Some(types) = line.strip_prefix("Number of blocks type") {
            heading = "pageblocks";
            fields.insert(format!("table {node} types"), types.split_whitespace().collect::<Vec<_>>().join(" "));
        } else {
            let row: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let numbers = row.split(' ').rev().take_while(|word| word.parse::<u64>().is_ok()).count();
            let words: Vec<&str> = row.split(' ').collect();
            let (at, numbers) = words.split_at(words.len() - numbers);
            let at = at.join(" ");
            if heading == "pageblocks" {
                let sum: u64 = numbers.iter().map(|number| number.parse::<u64>().unwrap()).sum();
                fields.insert(format!("{at} pageblocks"), sum.to_string());
                fields.insert(format!("{at} pageblocks of a type"), numbers.join(" "));
            } else {
                fields.insert(format!("{at} number of orders"), numbers.len().to_string());
                fields.insert(format!("{at} free blocks"), numbers.join(" "));
            }
        }
    }
}

fn read(file: &str, text: &str) -> Fields {
    let mut fields = Fields::new();
    match file {
        "zoneinfo" => zoneinfo(text, &mut fields),
        "meminfo" => meminfo(text, &mut fields),
        _ => pagetypeinfo(text, &mut fields),
    }
    // The marks contain the boost.
    let boosts: Vec<_> = fields.iter().filter_map(|(key, value)| Some((key.strip_suffix(" boost")?, value))).collect();
    let boosts: Vec<(String, u64)> =
        boosts.iter().map(|(zone, value)| ((*zone).to_owned(), value.parse().unwrap())).collect();
    for (zone, boost) in boosts {
        for mark in ["min", "low", "high", "promo"] {
            if let Some(value) = fields.get_mut(&format!("{zone} {mark}")) {
                *value = (value.parse::<u64>().unwrap() - boost).to_string();
            }
        }
    }
    fields
}

fn is_unpredictable(field: &str) -> bool {
    UNPREDICTABLE.iter().any(|(name, _)| field == *name || field.ends_with(&format!(" {name}")))
}

/// What differs, one line for each field.
#[derive(Default)]
struct Differences {
    compared: usize,
    lines: Vec<String>,
}

impl Differences {
    fn compare(&mut self, at: &str, version: (u32, u32, u32), printed: &Fields, real: &Fields) {
        let keys: std::collections::BTreeSet<&String> = printed.keys().chain(real.keys()).collect();
        for key in keys {
            let (ours, theirs) = (printed.get(key), real.get(key));
            // The field must be there in any case.
            let moves = version >= HIGH_MOVES_SINCE && key.contains(" cpu ") && key.ends_with(" high");
            let free = is_unpredictable(key) || moves;
            let same = if free { ours.is_some() == theirs.is_some() } else { ours == theirs };
            self.compared += usize::from(!free);
            if !same {
                self.lines.push(format!("{at} {key}: {ours:?}, the real kernel has {theirs:?}"));
            }
        }
    }
    fn done(self) -> usize {
        let count = self.lines.len();
        assert!(count == 0, "{count} of {} differ:\n{}", self.compared, self.lines.join("\n"));
        self.compared
    }
}

#[test]
fn every_printed_field_of_every_capture() {
    let folder = std::env::temp_dir().join(format!("kmem-golden-like-{}", std::process::id()));
    let mut out = Differences::default();
    for case in cases() {
        let inputs = folder.join(name(&case));
        std::fs::create_dir_all(&inputs).unwrap();
        for file in ["inputs.json", "cmdline"] {
            std::fs::copy(case.join(file), inputs.join(file)).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmem"));
        command.env("KMEM_CONFIG_DIR", &folder);
        let done = command.args(["boot", "--like"]).arg(&inputs).args(["--show", &FILES.join(",")]).output().unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{}: {}", name(&case), String::from_utf8_lossy(&done.stderr));
        let version = Like::read(&inputs).unwrap().profile.version;
        for file in FILES {
            let (_, rest) = text.split_once(&format!("==> /proc/{file} <==\n")).unwrap();
            let printed = rest.split("==> ").next().unwrap();
            let real = std::fs::read_to_string(case.join(file)).unwrap();
            let (printed, real) = (read(file, printed), read(file, &real));
            if real.get("DirectMap1G").is_none_or(|kb| kb == "0 kB") && direct_map(&printed) != direct_map(&real) {
                out.lines.push(format!("{} DirectMap: {} kB in all", name(&case), direct_map(&printed)));
            }
            out.compare(&format!("{} {file}", name(&case)), version, &printed, &real);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let compared = out.done();
    assert!(compared > 4500, "{compared}");
}

fn boot(like: &Like) -> Kernel<Hosted> {
    let params = like.params(&like.cmdline, like.cpus);
    let kernel = kmem_hosted::boot(like.profile, &params, Displacement::Any, |_| {}).unwrap();
    // The engine's own structures lie in nothing that is given back.
    let plan = kernel.plan();
    let frames = plan.zones().iter().map(|zone| zone.range().end.raw() >> 12).max().unwrap() - kernel.first_pfn().raw();
    let start = kernel.mem_map().start.raw();
    for given in plan.freed_early().chain(plan.freed_late()).chain(plan.cma()).chain(plan.gigantic()) {
        assert!(
            start + 24 * frames <= given.start.raw() || given.end.raw() <= start,
            "{}: {given:?}",
            like.folder.display()
        );
    }
    kernel
}

fn show(kernel: &Kernel<Hosted>, file: &str) -> String {
    let mut text = String::new();
    kernel.write_proc(file, &mut text).unwrap().unwrap();
    text
}

/// The writes of a capture, in order: `tunes="KEY=VALUE …"` of its command line.
fn writes(like: &Like) -> Vec<(String, String)> {
    let line = kmem::boot::cmdline::CommandLine::new(&like.cmdline);
    let Some(list) = line.last("tunes").and_then(|param| param.value) else { return Vec::new() };
    list.split(' ').filter_map(|write| write.split_once('=')).map(|(key, value)| (key.into(), value.into())).collect()
}

#[test]
fn writes_at_run_time() {
    let (mut out, mut written) = (Differences::default(), 0);
    for case in cases() {
        let like = Like::read(&case).unwrap();
        let writes = writes(&like);
        if writes.is_empty() {
            continue;
        }
        let kernel = boot(&like);
        // The capture read all tunables before it wrote any.
        for key in kernel.sysctl_keys() {
            kernel.write_proc(&format!("/proc/sys/vm/{key}"), &mut String::new());
        }
        for (key, value) in writes {
            kernel.write_sysctl(&format!("vm.{key}"), &value.replace(',', " ")).unwrap();
            let real = std::fs::read_to_string(case.join(format!("tune.{key}={value}.zoneinfo"))).unwrap();
            let at = format!("{} {key}={value}", name(&case));
            let printed = show(&kernel, "zoneinfo");
            out.compare(&at, like.profile.version, &read("zoneinfo", &printed), &read("zoneinfo", &real));
            written += 1;
        }
        kernel.verify().unwrap();
    }
    assert_eq!(written, 11);
    let compared = out.done();
    assert!(compared > 300, "{compared}");
}

/// Tunables that the engine does not have, and why; and those whose values follow what is free at some moment.
const OTHER_TUNABLES: &[(&str, &str)] = &[
    ("admin_reserve_kbytes", "a part of what is free when the kernel's drivers start"),
    ("user_reserve_kbytes", "a part of what is free when the kernel's drivers start"),
    ("hugetlb_optimize_vmemmap", "the page structures of huge pages stay"),
    ("memfd_noexec", "of files"),
    ("memory_failure_early_kill", "RAM does not fail"),
    ("memory_failure_recovery", "RAM does not fail"),
    ("enable_soft_offline", "RAM does not fail"),
    ("mmap_rnd_bits", "addresses are not random"),
    ("mmap_rnd_compat_bits", "addresses are not random"),
    ("vdso_enabled", "of programs"),
];

#[test]
fn tunables_are_what_they_are() {
    let mut lines = Vec::new();
    let mut compared = 0;
    for case in cases() {
        let like = Like::read(&case).unwrap();
        let kernel = boot(&like);
        let real = std::fs::read_to_string(case.join("sys_vm.tsv")).unwrap();
        for line in real.lines() {
            let (key, value) = line.split_once('\t').unwrap();
            if OTHER_TUNABLES.iter().any(|(name, _)| *name == key) {
                continue;
            }
            let mut printed = String::new();
            match kernel.sysctl(key, &mut printed) {
                Ok(()) if printed == value => compared += 1,
                result => {
                    lines.push(format!("{} {key}: {printed:?} {result:?}, the real kernel has {value:?}", name(&case)))
                }
            }
        }
        // None that the real kernel does not show; those that can only be written are not in the capture.
        for key in kernel.sysctl_keys().filter(|key| kernel.sysctl(key, &mut String::new()).is_ok()) {
            if !real.lines().any(|line| line.split('\t').next() == Some(key)) {
                lines.push(format!("{} {key}: the real kernel has none", name(&case)));
            }
        }
    }
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert!(compared > 1500, "{compared}");
}

#[test]
fn refusals_name_key_value_and_range() {
    let like = Like::read(&root().join("amd64-2g")).unwrap();
    let kernel = boot(&like);
    let before = show(&kernel, "zoneinfo");
    for (key, value, said) in [
        ("vm.swappiness", "201", "vm.swappiness takes 0 to 200, not 201"),
        ("vm.swappiness", "much", "vm.swappiness takes whole numbers, not `much`"),
        ("vm/watermark_scale_factor", "0", "vm.watermark_scale_factor takes 1 to 3000, not 0"),
        ("vm.percpu_pagelist_high_fraction", "7", "vm.percpu_pagelist_high_fraction takes 0 or 8 to 2147483647, not 7"),
        ("vm.drop_caches", "9", "vm.drop_caches takes 1 to 4, not 9"),
        ("vm.mmap_min_addr", "9", "vm.mmap_min_addr can only be read"),
        ("vm.nothing", "9", "this kernel has no vm.nothing"),
    ] {
        let error = kernel.write_sysctl(key, value).unwrap_err().to_string();
        assert_eq!(error, said);
    }
    assert_eq!(show(&kernel, "zoneinfo"), before);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{}", kernel.sysctl("vm.compact_memory", &mut String::new()).unwrap_err());
    assert_eq!(text, "vm.compact_memory can only be written");
    kernel.write_sysctl("/proc/sys/vm/swappiness", "7\n").unwrap();
    assert_eq!(show(&kernel, "/proc/sys/vm/swappiness"), "7\n");
}
