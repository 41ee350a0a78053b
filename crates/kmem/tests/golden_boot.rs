//! Boots planned from the inputs of real boots must give the real numbers.
//!
//! Each folder of `golden/` is one boot of a real kernel. Its inputs are read as `kmem boot --like` reads them; from RAM map,
//! command line, CPUs and what early boot held, the plan computes zones, layout, free pages, watermarks, reserves and list
//! sizes. All of them must be what `/proc` showed, of every zone of every node, and again after each write to a tunable.
//!
//! A second evaluation, frame by frame, of the same formulas ([`naive`]) says how the numbers move when RAM changes.
//!
//! Not compared, because it cannot be predicted: [`UNPREDICTABLE`]; free pages, counts and other live lines; `boost`
//! (fragmentation so far, which `/proc/zoneinfo` adds to the marks: it is subtracted).

#[path = "../../kmem-cli/src/like.rs"]
#[allow(dead_code)] // each user of it reads some of its fields
mod like;
mod naive;

use kmem::boot::cmdline::CommandLine;
use kmem::boot::{plan, BootError, BootParams, Plan, PlanZone};
use kmem::page::tunables::{Tunable, Tunables};
use kmem::page::watermark::{Counted, Tuning, ZoneTuning};
use kmem::profile::{self, Profile};
use like::Like;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What cannot be predicted: which kernels (from which version on), when, which number, and why.
type Unpredictable = ((u32, u32, u32), When, &'static str, &'static str);
const UNPREDICTABLE: &[Unpredictable] = &[
    (
        (6, 12, 0),
        When::Boot,
        "high:",
        "moves between high_min and high_max with the allocations so far, from 0: must be there",
    ),
    ((6, 12, 0), When::AfterWrite, "high:", "goes to new bounds only with later frees: anything"),
];

/// When something was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    Boot,
    AfterWrite,
}

/// Cases of kernels that do not live to the end of boot: name, and what the plan says.
type DoesNotBoot = (&'static str, fn(&BootError) -> bool);
const DO_NOT_BOOT: &[DoesNotBoot] = &[
    (
        "i386-pae-1g-vmalloc2000m",
        |error| matches!(error, BootError::VmallocLeavesNoLow { asked, .. } if *asked == 2000 << 20),
    ),
    ("armhf-1g-vmalloc4000m", |error| matches!(error, BootError::InitrdOutside { low_end: 0x4200_0000, .. })),
];

struct Case {
    name: String,
    folder: PathBuf,
    like: Like,
}

/// A zone of `/proc/zoneinfo`: its numbers by name, `protection`, and the numbers of each CPU's list.
#[derive(Default, Debug)]
struct Zone {
    node: u32,
    name: String,
    numbers: BTreeMap<String, u64>,
    protection: Vec<u64>,
    lists: Vec<BTreeMap<String, u64>>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

fn cases() -> Vec<Case> {
    let mut folders: Vec<_> = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.join("inputs.json").is_file());
    folders.sort();
    assert_eq!(folders.len(), 49, "the captures are there");
    folders.into_iter().map(Case::read).collect()
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let like = Like::read(&folder).unwrap_or_else(|error| panic!("{error}"));
        Self { name, folder, like }
    }
    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap_or_else(|error| panic!("{} {file}: {error}", self.name))
    }
    fn profile(&self) -> &'static Profile {
        self.like.profile
    }
    fn plan(&self) -> Plan {
        let params = self.like.params(&self.like.cmdline, self.like.cpus);
        plan(self.profile(), &params).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
    fn line(&self) -> CommandLine<'_> {
        CommandLine::new(&self.like.cmdline)
    }
    /// A line of meminfo, in kB.
    fn meminfo(&self, field: &str) -> Option<u64> {
        let text = self.text("meminfo");
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next().unwrap().parse().unwrap())
    }
    fn sysctl(&self, key: &str) -> Vec<u64> {
        let text = self.text("sys_vm.tsv");
        let mut rows = text.lines().map(|line| line.split('\t'));
        let row = rows.find_map(|mut words| (words.next() == Some(key)).then_some(words)).expect("a tunable");
        row.map(|word| word.parse().unwrap()).collect()
    }
    fn zones(&self, file: &str) -> Vec<Zone> {
        let mut zones: Vec<Zone> = Vec::new();
        for line in self.text(file).lines() {
            if let Some((node, name)) = line.strip_prefix("Node ").and_then(|rest| rest.split_once(", zone")) {
                zones.push(Zone { node: node.parse().unwrap(), name: name.trim().to_owned(), ..Zone::default() });
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
                if key == "cpu:" {
                    zone.lists.push(BTreeMap::new());
                }
                match zone.lists.last_mut().filter(|_| ["count:", "high:", "batch:"].contains(&key.as_str())) {
                    Some(list) => list.insert(key, number),
                    None => zone.numbers.insert(key, number),
                };
            }
        }
        zones
    }
    /// Pageblocks by node and zone, and the order of one.
    fn pageblocks(&self) -> (u64, BTreeMap<(u32, String), u64>) {
        let text = self.text("pagetypeinfo");
        let order = text.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap().parse().unwrap();
        let mut blocks = BTreeMap::new();
        // A table for each node; the lines of free pages name a type.
        let rows = text.lines().filter(|line| line.starts_with("Node") && !line.contains(", type"));
        for line in rows {
            let (node, rest) = line.strip_prefix("Node ").unwrap().split_once(", zone").unwrap();
            let mut words = rest.split_whitespace();
            let name = words.next().unwrap().to_owned();
            blocks.insert((node.trim().parse().unwrap(), name), words.map(|word| word.parse::<u64>().unwrap()).sum());
        }
        (order, blocks)
    }
}

/// What differs, one line for each number.
#[derive(Default)]
struct Differences {
    numbers: usize,
    lines: Vec<String>,
}

impl Differences {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, at: &str, what: &str, found: T, real: T) {
        self.numbers += 1;
        if found != real {
            self.lines.push(format!("{at} {what}: {found:?}, the real kernel has {real:?}"));
        }
    }
    fn done(self) -> usize {
        assert!(self.lines.is_empty(), "{} of {} differ:\n{}", self.lines.len(), self.numbers, self.lines.join("\n"));
        self.numbers
    }
}

/// Compares what tuning decides of a zone.
fn check_tuned(case: &Case, when: When, at: &str, tuned: &ZoneTuning, real: &Zone, out: &mut Differences) {
    let get = |key: &str| real.numbers.get(key).copied();
    let boost = get("boost").unwrap();
    let mark = |key: &str| get(key).map(|mark| mark - boost);
    out.check(
        at,
        "min, low, high",
        [Some(tuned.min), Some(tuned.low), Some(tuned.high)],
        ["min", "low", "high"].map(mark),
    );
    if get("promo").is_some() {
        out.check(at, "promo", Some(tuned.promo), mark("promo"));
    }
    out.check(at, "protection", &tuned.reserve[..real.protection.len()], &real.protection);
    let unpredictable = |row: &&(_, _, &str, _)| row.1 == when && row.2 == "high:" && case.profile().version >= row.0;
    let unpredictable = UNPREDICTABLE.iter().any(|row| unpredictable(&row));
    for (cpu, list) in real.lists.iter().enumerate() {
        let at = format!("{at} cpu {cpu}");
        out.check(&at, "batch", tuned.pcp_batch, list["batch:"]);
        if unpredictable && when == When::Boot {
            let high = list["high:"];
            let bounds = tuned.pcp_high.min(tuned.pcp_high_max)..=tuned.pcp_high.max(tuned.pcp_high_max);
            out.check(&at, &format!("high {high} is 0 or in {bounds:?}"), high == 0 || bounds.contains(&high), true);
        } else if !unpredictable {
            out.check(&at, "high", tuned.pcp_high, list["high:"]);
        }
    }
    if let Some(threshold) = get("vm stats threshold:") {
        out.check(at, "vm stats threshold", tuned.stat_threshold, threshold);
    }
}

fn tuned<'a>(tuning: &'a Tuning, plan: &'a Plan) -> impl Iterator<Item = (&'a PlanZone, &'a ZoneTuning)> {
    let zones_a_node = plan.zones().len() / plan.nodes() as usize;
    let tuned = tuning.zones.iter().flat_map(move |zones| &zones[..zones_a_node]);
    plan.zones().iter().zip(tuned)
}

fn check_zones(case: &Case, plan: &Plan, out: &mut Differences) {
    let real = case.zones("zoneinfo");
    let (tuning, _) = Tuning::at_boot(case.profile(), plan, case.line());
    out.check(&case.name, "zones", plan.zones().len(), real.len());
    out.check(&case.name, "min_free_kbytes", vec![tuning.min_free_kbytes], case.sysctl("min_free_kbytes"));
    let (order, blocks) = case.pageblocks();
    out.check(&case.name, "pageblock order", case.profile().pageblock_order.index() as u64, order);
    for ((zone, tuned), real) in tuned(&tuning, plan).zip(&real) {
        let at = format!("{} node {} {}", case.name, real.node, real.name);
        out.check(&at, "name", (zone.node, zone.name), (real.node, real.name.as_str()));
        let get = |key: &str| real.numbers.get(key).copied();
        let counts = ["spanned", "present", "managed", "cma"];
        let found = [zone.spanned, zone.present, zone.managed, zone.cma].map(Some);
        // Kernels without the allocator for contiguous blocks do not print it.
        let real_counts = counts.map(|key| get(key).or((key == "cma").then_some(0)));
        out.check(&at, "spanned, present, managed, cma", found, real_counts);
        if zone.present > 0 {
            out.check(&at, "start_pfn", Some(zone.start.raw()), get("start_pfn:"));
            out.check(&at, "CPUs", plan.cpus as usize, real.lists.len());
            let real_blocks = blocks.get(&(real.node, real.name.clone())).copied();
            out.check(&at, "pageblocks", Some(plan.pageblocks(case.profile(), zone)), real_blocks);
        }
        check_tuned(case, When::Boot, &at, tuned, real, out);
    }
}

fn check_totals(case: &Case, plan: &Plan, out: &mut Differences) {
    let kb = |pages: u64| pages * 4;
    let total = kb(plan.managed_pages());
    let high: u64 = plan.zones().iter().filter(|zone| plan.is_high(zone.kind)).map(|zone| zone.managed).sum();
    out.check(&case.name, "MemTotal", Some(total), case.meminfo("MemTotal"));
    if let Some(real) = case.meminfo("HighTotal") {
        out.check(&case.name, "HighTotal", kb(high), real);
        out.check(&case.name, "LowTotal", Some(total - kb(high)), case.meminfo("LowTotal"));
    }
    if let Some(real) = case.meminfo("CmaTotal") {
        out.check(&case.name, "CmaTotal", kb(plan.zones().iter().map(|zone| zone.cma).sum()), real);
    }
    let ratio = case.sysctl("overcommit_ratio")[0];
    out.check(&case.name, "CommitLimit", Some(plan.commit_limit(ratio) >> 10), case.meminfo("CommitLimit"));
    let vmalloc = plan.layout.vmalloc.map(|area| area.bytes() >> 10);
    out.check(&case.name, "VmallocTotal", vmalloc, case.meminfo("VmallocTotal"));
    let ratios = Tunables::new(case.profile()).lowmem_reserve_ratio;
    let real = case.sysctl("lowmem_reserve_ratio");
    out.check(&case.name, "lowmem_reserve_ratio", &ratios[..case.profile().zones.len()], &real);
}

#[test]
fn every_capture_field_by_field() {
    let mut out = Differences::default();
    for case in cases() {
        let plan = case.plan();
        check_zones(&case, &plan, &mut out);
        check_totals(&case, &plan, &mut out);
        assert_eq!(plan.memblock.verify(), Ok(()), "{}", case.name);
    }
    assert!(out.done() > 2000);
}

/// The writes of a case, in order: `tunes="KEY=VALUE …"` of its command line.
fn writes(case: &Case) -> Vec<(String, String)> {
    let Some(list) = case.line().last("tunes").and_then(|param| param.value) else { return Vec::new() };
    let pair = |write: &str| write.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    list.split(' ').filter_map(pair).collect()
}

#[test]
fn every_write_to_a_tunable() {
    let (mut out, mut written) = (Differences::default(), 0);
    for case in cases() {
        let (plan, profile) = (case.plan(), case.profile());
        let later = Counted::at_boot(&plan).with_pages(plan.later_pages(profile.counting.present));
        let (mut tuning, mut tunables) = Tuning::at_boot(profile, &plan, case.line());
        // The capture read all tunables before it wrote any.
        for tunable in Tunable::ALL.into_iter().filter(|tunable| tunable.exists(profile)) {
            tuning.recompute(tunable.recomputed_by_reading(), profile, &later, &tunables);
        }
        for (key, value) in writes(&case) {
            let tunable = Tunable::by_name(profile, &key).expect("a tunable of this kernel");
            let parts = tunables.write(profile, tunable, &value.replace(',', " ")).expect("the kernel took it");
            tuning.recompute(parts, profile, &later, &tunables);
            let real = case.zones(&format!("tune.{key}={value}.zoneinfo"));
            for ((zone, tuned), real) in tuned(&tuning, &plan).zip(&real) {
                let at = format!("{} {key}={value} {}", case.name, zone.name);
                check_tuned(&case, When::AfterWrite, &at, tuned, real, &mut out);
            }
            written += 1;
        }
    }
    assert_eq!(written, 11);
    assert!(out.done() > 200);
}

#[test]
fn kernels_that_do_not_live() {
    for (name, expected) in DO_NOT_BOOT {
        let text = std::fs::read_to_string(root().join(name).join("cmdline")).unwrap();
        let between = |from: &str, to: &str| {
            let (_, rest) = text.split_once(from).unwrap();
            rest.split_once(to).unwrap().0.to_owned()
        };
        let profile = profile::by_name(&between("-kernel ", ".vmlinuz")).unwrap();
        let cmdline = between("-append \"", "\"");
        let ram_bytes = kmem::boot::cmdline::memparse(&between("-m ", " ")).unwrap().0;
        let params = BootParams { ram_bytes, cmdline: &cmdline, cpus: 1, ..BootParams::new(profile) };
        let error = plan(profile, &params).expect_err(name);
        assert!(expected(&error), "{name}: {error}");
        // Another size of the area, and the same machine boots.
        let cmdline = cmdline.split(" vmalloc=").next().unwrap().to_owned() + " vmalloc=400M";
        assert!(plan(profile, &BootParams { cmdline: &cmdline, ..params }).is_ok(), "{name}");
    }
}

#[test]
fn a_mebibyte_more_or_less_moves_what_the_formulas_say() {
    let mut out = Differences::default();
    for case in cases() {
        let profile = case.profile();
        let params = case.like.params(&case.like.cmdline, case.like.cpus);
        let memory = params.ranges.unwrap().to_vec();
        let mut managed = Vec::new();
        for change in [0i64, 1 << 20, -(1 << 20)] {
            let mut memory = memory.clone();
            let last = memory.last_mut().unwrap();
            *last = kmem::units::PhysRange::new(last.start.raw(), last.end.raw().wrapping_add_signed(change));
            let params = BootParams { ranges: Some(&memory), ..params };
            let at = format!("{} {change:+}", case.name);
            let plan = plan(profile, &params).unwrap_or_else(|error| panic!("{at}: {error}"));
            let (tuning, _) = Tuning::at_boot(profile, &plan, case.line());
            let expected = naive::boot(profile, &params);
            out.check(&at, "min_free_kbytes", tuning.min_free_kbytes, expected.min_free_kbytes);
            for ((zone, tuned), expected) in tuned(&tuning, &plan).zip(&expected.zones) {
                let at = format!("{at} node {} {}", zone.node, zone.name);
                let found = naive::Zone {
                    present: zone.present,
                    managed: zone.managed,
                    min: tuned.min,
                    low: tuned.low,
                    high: tuned.high,
                    reserve: tuned.reserve,
                    batch: tuned.pcp_batch,
                    list_high: tuned.pcp_high,
                    stat_threshold: tuned.stat_threshold,
                    pageblocks: plan.pageblocks(profile, zone),
                };
                out.check(&at, "zone", found, *expected);
            }
            managed.push(plan.managed_pages());
        }
        // `mem=` and `highmem=` cut off what lies above, and a MiB at the end is there.
        let cut = ["mem", "highmem"].iter().any(|name| case.line().last(name).is_some());
        out.check(&case.name, "moves with RAM", managed[0] < managed[1] && managed[2] <= managed[0], !cut);
    }
    out.done();
}
