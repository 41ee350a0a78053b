//! What a plan's boot log says of RAM and of the address space is what the real kernel said, line by line.
//!
//! `golden/boot_lines.txt` has these lines of every recording and of further boots: the end of RAM, low and high memory,
//! the zones' ranges, where ZONE_MOVABLE begins, the nodes' RAM and what lies between it, `Total pages`, the hash tables,
//! warnings about `vmalloc=` and `highmem=`, `Memory:`, and of some VmallocTotal. Each must be among the plan's lines, and of the plan's lines of these kinds none may be another.

#[path = "../../kmem-cli/src/like.rs"]
#[allow(dead_code)] // each user of it reads some of its fields
mod like;

use kmem::boot::cmdline::memparse;
use kmem::boot::{plan, BootParams, NodeRange};
use kmem::profile::{by_name, Profile};
use kmem::snapshot::proc::boot_log;
use kmem::units::PhysRange;
use like::Like;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

/// A boot: what names it, and its lines.
struct Boot {
    name: String,
    lines: Vec<String>,
}

fn boots() -> Vec<Boot> {
    let text = std::fs::read_to_string(root().join("boot_lines.txt")).expect("the lines are there");
    let mut boots: Vec<Boot> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match (line.strip_prefix("= "), boots.last_mut()) {
            (Some(name), _) => boots.push(Boot { name: name.to_owned(), lines: Vec::new() }),
            (None, Some(boot)) => boot.lines.push(line.to_owned()),
            (None, None) => panic!("a line before the first boot: {line}"),
        }
    }
    boots
}

/// Lines about pages, which the older blocks of the file lack.
const PAGES: [&str; 3] = ["Total pages: ", "pages in unavailable ranges", "cache hash table entries: "];

/// True for the kinds of lines that are compared.
fn counts(line: &str) -> bool {
    const BEGIN: [&str; 5] = ["last_pfn =", "  mapped low ram", "  low ram", "vmalloc area", "Memory: "];
    const WITHIN: [&str; 2] = ["MEM available.", "highmem size"];
    let is_zone = ["DMA", "DMA32", "Normal", "HighMem"].iter().any(|name| {
        let rest = line.strip_prefix("  ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| {
            rest.starts_with(' ') && ["[mem", "empty"].contains(&rest.split_whitespace().next().unwrap_or(""))
        })
    });
    let of_node =
        line.strip_prefix("  Node ").or_else(|| line.strip_prefix("  node ")).is_some_and(|rest| rest.contains("0x"));
    is_zone
        || of_node
        || BEGIN.iter().any(|begin| line.starts_with(begin))
        || WITHIN.iter().chain(&PAGES).any(|word| line.contains(word))
}

/// What cannot be predicted is taken off. 6.12 prints `Memory:` when all CPUs run, and 64-bit 6.1 does not count pages whose
/// structures are made later: there the number of free pages is a matter of the moment.
fn comparable(line: &str, profile: &Profile) -> String {
    let loose = profile.version >= (6, 12, 0) || profile.word_bytes == 8;
    match line.strip_prefix("Memory: ").filter(|_| loose).and_then(|rest| rest.split_once('/')) {
        Some((_, rest)) if profile.word_bytes == 8 || profile.version >= (6, 12, 0) => {
            // The free part of high memory likewise.
            format!("Memory: /{}", rest.split(" cma-reserved").next().unwrap_or(rest))
        }
        _ => line.to_owned(),
    }
}

fn check(boot: &Boot, profile: &'static Profile, params: &BootParams<'_>, wrong: &mut Vec<String>) {
    let plan = match plan(profile, params) {
        Ok(plan) => plan,
        Err(error) => return wrong.push(format!("{}: {error}", boot.name)),
    };
    let mut log = String::new();
    boot_log::write(&mut log, profile, params, &plan).expect("a string can be written");
    let vmalloc = plan.layout.vmalloc.map_or(0, |area| area.bytes() >> 10);
    log += &format!("VmallocTotal: {vmalloc} kB\n");
    let has_memory = boot.lines.iter().any(|line| line.starts_with("Memory: "));
    let has_pages = boot.lines.iter().any(|line| line.contains(PAGES[0]));
    let is_kept = |line: &str| {
        counts(line)
            && (has_memory || !line.starts_with("Memory: "))
            && (has_pages || !PAGES.iter().any(|word| line.contains(word)))
    };
    let made: Vec<String> = log
        .lines()
        .filter(|line| is_kept(line) || line.starts_with("VmallocTotal"))
        .map(|line| comparable(line, profile))
        .collect();
    let real: Vec<String> = boot.lines.iter().map(|line| comparable(line, profile)).collect();
    for line in real.iter().filter(|line| !made.contains(line)) {
        wrong.push(format!("{}: the kernel said `{line}`", boot.name));
    }
    for line in made.iter().filter(|line| !real.contains(line) && !line.starts_with("VmallocTotal")) {
        wrong.push(format!("{}: the kernel did not say `{line}`", boot.name));
    }
}

#[test]
fn every_line_is_the_kernels() {
    let boots = boots();
    assert!(boots.len() >= 60, "{} boots", boots.len());
    let mut wrong = Vec::new();
    for boot in &boots {
        if let Some((name, rest)) = boot.name.split_once(' ') {
            let (ram, cmdline) = rest.split_once(' ').expect("RAM and a command line");
            let profile = by_name(name).expect("a machine");
            let ram_bytes = memparse(ram).expect("a size").0;
            check(boot, profile, &BootParams { ram_bytes, cmdline, cpus: 1, ..BootParams::new(profile) }, &mut wrong);
        } else {
            let like = Like::read(&root().join(&boot.name)).unwrap_or_else(|error| panic!("{error}"));
            check(boot, like.profile, &like.params(&like.cmdline, like.cpus), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What ZONE_MOVABLE takes of high memory is high memory in the `Memory:` line. Nothing else is in there, so its size is known
/// without knowing what the image holds: booted so, the kernels said 2244488K, 1195912K and 147336K.
#[test]
fn movable_high_memory_is_high() {
    for (ram, cmdline, high) in [
        (3 << 30, "movablecore=700M", 2_244_488),
        (2 << 30, "kernelcore=512M", 1_195_912),
        (1 << 30, "kernelcore=40%", 147_336),
    ] {
        let profile = by_name("i386-pae-6.1").expect("a machine");
        let params = BootParams { ram_bytes: ram, cmdline, ..BootParams::new(profile) };
        let mut log = String::new();
        let plan = plan(profile, &params).expect("a machine that can be");
        boot_log::write(&mut log, profile, &params, &plan).expect("a string can be written");
        assert!(log.contains(&format!(", {high}K highmem)")), "{cmdline}: {log}");
    }
}

/// On several nodes the hash tables are spread: in huge pages where each node gets one. So said the kernels, 2 nodes of 1 and
/// 3 GiB and 3 of 1 GiB.
#[test]
fn hash_tables_are_spread_over_nodes() {
    let dentry = |machine: &str, ends: &[u64]| {
        let profile = by_name(machine).expect("a machine");
        let starts = [0].iter().chain(ends);
        let node = |(at, (&start, &end)): (usize, (&u64, &u64))| NodeRange {
            node: u32::try_from(at).expect("few nodes"),
            range: PhysRange::new(start << 30, end << 30),
        };
        let nodes: Vec<NodeRange> = starts.zip(ends).enumerate().map(node).collect();
        let ram_bytes = (ends.last().expect("a node") - u64::from(ends.contains(&5))) << 30;
        let params = BootParams { ram_bytes, nodes: Some(&nodes), cpus: 3, ..BootParams::new(profile) };
        let mut log = String::new();
        let plan = plan(profile, &params).expect("a machine that can be");
        boot_log::write(&mut log, profile, &params, &plan).expect("a string can be written");
        log.lines().find(|line| line.starts_with("Dentry cache")).map(str::to_owned).unwrap_or_default()
    };
    let line = |kind: &str| format!("Dentry cache hash table entries: 524288 (order: 10, 4194304 bytes, {kind})");
    assert_eq!(dentry("amd64-6.12", &[1, 5]), line("vmalloc hugepage"));
    assert_eq!(dentry("amd64-6.1", &[1, 2, 3]), line("vmalloc"));
}
