//! The answer in short, before all tables: what machine it is, what state it is in, what is wrong, what to do.

use super::memory::{is_crumb, is_short};
use super::repeats::{self, about_dma, full, Full};
use super::reports::{advice, pages_of, title};
use super::troubles;
use super::twin::{words, Story};
use super::{changes, exactly, has_contradictions, kilobytes, listings, plural, size, Answer};
use crate::parse::buddyinfo::free_pages;
use crate::parse::kernel_log::Cpu;
use crate::parse::repeats::Failed;
use crate::parse::report::{Kind, Report, PAGE_KB};
use crate::parse::trouble::Kind as Trouble;
use crate::place::Doubts;
use crate::reader::Capture;
use crate::scan::total as total_of;
use crate::twin::NoTwin;
use kmem::page::refusal::Refusal;
use kmem::snapshot::{MemField, ZoneInfo};
use std::collections::BTreeSet;
use std::fmt::{Result, Write};

/// The most problems, and the most things to do.
const SHOWN: usize = 4;

/// Reports with what was played of them.
pub type Stories<'a> = [(&'a Report, std::result::Result<Story, NoTwin>)];

/// What was asked.
pub enum Asked {
    /// So many bytes of addresses.
    Addresses(u64),
    /// Pages, in words.
    Pages(String),
}

/// Writes it.
///
/// # Errors
/// What writing gives.
pub fn explain(
    out: &mut dyn Write,
    capture: &Capture,
    stories: &Stories<'_>,
    asked: Option<(Asked, Answer)>,
) -> Result {
    writeln!(out, "In short")?;
    let was_asked = asked.is_some();
    if let Some((what, answer)) = asked {
        let (what, yes, no) = match what {
            Asked::Addresses(bytes) => (format!("{} in the vmalloc area", exactly(bytes)), "fits", "does not fit"),
            Asked::Pages(what) => (what, "is to be had", "is not to be had as things are"),
        };
        let answer = match answer {
            Answer::Yes => yes,
            Answer::No => no,
            Answer::NotAsked | Answer::Unknown => "nobody can say by what was read",
        };
        writeln!(out, "  Asked: {what}: {answer}")?;
    }
    let (machine, state) = (machine(capture), state(capture));
    if let Some(machine) = &machine {
        writeln!(out, "  Machine: {machine}")?;
    }
    if let Some(state) = &state {
        writeln!(out, "  State: {state}")?;
    }
    let (wrong, to_do) = judge(capture, stories);
    let said = was_asked || machine.is_some() || state.is_some();
    let looked = !(capture.meminfo.is_empty() && capture.zoneinfo.is_empty() && capture.logs.is_empty() && said);
    if wrong.is_empty() && looked {
        writeln!(out, "  Wrong: nothing that these texts show")?;
    }
    for what in wrong.iter().take(SHOWN) {
        writeln!(out, "  Wrong: {what}")?;
    }
    if wrong.len() > SHOWN {
        writeln!(out, "  … and {} more", wrong.len() - SHOWN)?;
    }
    to_do.iter().take(SHOWN).try_for_each(|what| writeln!(out, "  To do: {what}"))
}

/// `32-bit ARM, Linux 3.4.0, 996.01 MB of memory`.
fn machine(capture: &Capture) -> Option<String> {
    let mut parts = Vec::new();
    let cpu = capture.logs.iter().rev().find_map(|log| log.cpu).map(Cpu::name);
    let family = || {
        let area = listings(capture).last().and_then(|listing| listing.area(&mut Doubts::default()))?;
        area.kernel.map(|kernel| kernel.family.name())
    };
    parts.extend(cpu.or_else(family).map(str::to_owned));
    let release = capture.logs.iter().rev().find_map(|log| log.release.clone());
    let version = || {
        let (major, minor, patch) = capture.reports.iter().rev().find_map(|report| report.version)?;
        Some(format!("{major}.{minor}.{patch}"))
    };
    parts.extend(release.or_else(version).map(|release| format!("Linux {release}")));
    let total = capture.meminfo.iter().rev().find_map(|file| file.get(MemField::MemTotal)).map(kilobytes);
    let ram = || capture.reports.iter().rev().find_map(|report| Some(pages_of(report, report.ram_pages?)));
    let nodes_total = || {
        let nodes = total_of(capture.node_meminfo.iter().filter_map(|file| file.get(MemField::MemTotal)));
        let mut names: Vec<u32> = capture.node_meminfo.iter().filter_map(|file| file.node).collect();
        names.dedup();
        (nodes > 0).then(|| match names[..] {
            [only] => format!("node {only} with {}", kilobytes(nodes)),
            _ => kilobytes(nodes),
        })
    };
    let boot = || capture.logs.iter().rev().find_map(|log| log.memory_kb).map(|(_, all)| kilobytes(all));
    parts.extend(total.or_else(ram).or_else(nodes_total).or_else(boot).map(|memory| format!("{memory} of memory")));
    let of_zones = capture.zoneinfo.last().iter().flat_map(|file| &file.zones).map(|(_, zone)| zone.node).collect();
    let mut nodes: BTreeSet<u32> = of_zones;
    nodes.extend(capture.node_meminfo.iter().filter_map(|file| file.node));
    if nodes.len() > 1 {
        parts.push(format!("{} nodes", nodes.len()));
    }
    if let Some(kb) = capture.page_kb().filter(|kb| *kb != PAGE_KB) {
        parts.push(format!("pages of {kb} kB"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `978.7 MB free, 974.6 MB available; all zones above their high marks`.
fn state(capture: &Capture) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(file) = capture.meminfo.last() {
        let of = |field, name: &str| file.get(field).map(|kb| format!("{} {name}", kilobytes(kb)));
        parts.extend(of(MemField::MemFree, "free"));
        parts.extend(of(MemField::MemAvailable, "available"));
    }
    if let Some(file) = capture.zoneinfo.last() {
        let zones = || file.zones.iter().map(|(_, zone)| zone).filter(|zone| zone.present > 0 && !is_crumb(zone));
        let below = |mark: fn(&ZoneInfo) -> u64| {
            let nodes = zones().any(|zone| zone.node > 0);
            let name = |zone: &ZoneInfo| match nodes {
                true => format!("{} of node {}", zone.zone, zone.node),
                false => zone.zone.to_string(),
            };
            let names: Vec<String> = zones().filter(|zone| zone.free < mark(zone)).map(|zone| name(zone)).collect();
            names.join(", ")
        };
        let (min, low, high) = (below(|zone| zone.min), below(|zone| zone.low), below(|zone| zone.high));
        parts.push(match (min.is_empty(), low.is_empty(), high.is_empty()) {
            (false, ..) => format!("below min: {min}"),
            (_, false, _) => format!("below low, reclaim is at work: {low}"),
            (_, _, false) => format!("below high: {high}"),
            _ if zones().next().is_none() => return (!parts.is_empty()).then(|| parts.join(", ")),
            _ => "all zones above their high marks".to_owned(),
        });
    }
    if let Some(info) = capture.buddyinfo.last().filter(|_| parts.is_empty()) {
        let pages = total_of(info.rows.iter().map(|(_, row)| free_pages(row)));
        parts.push(format!("{} free", frames(capture, pages)));
    }
    if let Some(free) = capture.vmstat.last().filter(|_| parts.is_empty()).and_then(|file| file.get("nr_free_pages")) {
        parts.push(format!("{} free", frames(capture, free)));
    }
    if parts.is_empty() {
        let report = capture.reports.last()?;
        parts.push(format!("{} free when it was reported", pages_of(report, report.counter("free")?)));
    }
    Some(parts.join(", "))
}

/// Pages as a size, by the size of a page where something says it.
fn frames(capture: &Capture, pages: u64) -> String {
    kilobytes(pages.saturating_mul(capture.page_kb().unwrap_or(PAGE_KB)))
}

/// What is wrong, the worst first, and what to do about it.
fn judge(capture: &Capture, stories: &Stories<'_>) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut to_do) = (Vec::new(), Vec::new());
    // Requests that failed again and again are one problem: what they have in common, and how many more there were.
    let mut alike: Vec<(String, u32)> = Vec::new();
    for (report, story) in stories.iter().filter(|(report, _)| report.kind != Kind::State) {
        let why = story.as_ref().ok().and_then(reason).map_or(String::new(), |why| format!(": {why}"));
        let killed = report.killed.as_ref().map_or(String::new(), |(pid, name)| format!("; {name} ({pid}) was killed"));
        let title = title(report);
        let common = title.replacen(&format!(" (line {})", report.place.line), "", 1);
        match alike.iter_mut().find(|(other, _)| *other == common) {
            Some((_, more)) => *more += 1,
            None => {
                wrong.push(format!("{title}{why}{killed}"));
                alike.push((common, 0));
            }
        }
        // A few pages more would only have put it off.
        if report.kind == Kind::Oom {
            advice(report).into_iter().for_each(|advice| push(&mut to_do, advice));
        }
        let smallest = story.as_ref().ok().and_then(|story| story.changes.found.first());
        let smallest = smallest.filter(|_| report.kind != Kind::Oom || to_do.is_empty());
        if let Some(change) = smallest {
            let words = words(change, report).replace(";\n      ", "; ").replace("\n      ", "; ");
            push(&mut to_do, format!("smallest change with which it passes: {words}"));
        }
        advice(report).into_iter().for_each(|advice| push(&mut to_do, advice));
    }
    for (text, (_, more)) in wrong.iter_mut().zip(&alike).filter(|(_, (_, more))| *more > 0) {
        *text += &format!(", and {more} more of the kind");
    }
    for trouble in capture.troubles.iter().filter(|trouble| !matches!(trouble.kind, Trouble::Leak | Trouble::Owner)) {
        let times = if trouble.count > 1 { format!(", {} times", trouble.count) } else { String::new() };
        wrong.push(format!("{}{times}", troubles::headline(trouble)));
        push(&mut to_do, troubles::help(trouble).to_owned());
    }
    if capture.troubles.iter().any(|trouble| trouble.kind == Trouble::Leak) {
        wrong.push("objects that nothing points to any more (kmemleak): see the list below".to_owned());
    }
    for repeat in &capture.repeats {
        if let Some(help) = about_dma(&repeat.what) {
            let times = if repeat.count > 1 { format!(", {} times", repeat.count) } else { String::new() };
            wrong.push(format!("{}{times} ({})", repeats::words(&repeat.what, capture), capture.at(repeat.place)));
            push(&mut to_do, help.to_owned());
        }
        let Failed::Addresses(bytes) = repeat.what else { continue };
        let times = if repeat.count > 1 { format!(", {} times", repeat.count) } else { String::new() };
        wrong.push(format!("no addresses for {} in one piece{times} ({})", size(bytes), capture.at(repeat.place)));
        if matches!(full(capture, repeat, bytes), Full::Area | Full::Code(_)) {
            push(&mut to_do, "ask `--advise` for a `vmalloc=`, with /proc/vmallocinfo of that time".to_owned());
        } else {
            push(&mut to_do, "`vmalloc=` does not help here: see below".to_owned());
        }
    }
    let zones = capture.zoneinfo.last().into_iter().flat_map(|file| &file.zones);
    for (_, zone) in zones.filter(|(_, zone)| is_short(zone)) {
        let (free, min) = (frames(capture, zone.free), frames(capture, zone.min));
        wrong.push(format!("zone {} has {free} free, less than its reserve of {min}", zone.zone));
        push(
            &mut to_do,
            "find who holds the memory: the tables below, `slabtop`, resident sizes of processes".to_owned(),
        );
    }
    if let Some(file) = capture.meminfo.last() {
        let (total, stuck) = (file.get(MemField::MemTotal), file.get(MemField::SUnreclaim));
        if let Some((total, stuck)) = total.zip(stuck).filter(|(total, stuck)| stuck.saturating_mul(5) >= *total) {
            let share = stuck.saturating_mul(100) / total.max(1);
            wrong.push(format!("slabs that cannot be reclaimed hold {}, {share}% of memory", kilobytes(stuck)));
            push(
                &mut to_do,
                "compare two captures of /proc/slabinfo, some time apart: the cache that grows leaks".to_owned(),
            );
        }
    }
    let grown = changes::changes(capture);
    let others = changes::are_of_others(capture);
    if let Some(most) = grown.first().filter(|change| !others && change.bytes >= 1 << 20) {
        let bytes = size(u64::try_from(most.bytes).unwrap_or(u64::MAX));
        wrong.push(format!("suspected leak: {} has {bytes} more than before ({})", most.what, most.detail));
    }
    if has_contradictions(capture) {
        wrong.push("numbers that do not add up: see the doubts below".to_owned());
    }
    (wrong, to_do)
}

/// Each thing once.
fn push(list: &mut Vec<String>, what: String) {
    if !list.contains(&what) {
        list.push(what);
    }
}

/// Why a request failed, by the zone that came nearest.
fn reason(story: &Story) -> Option<String> {
    if story.played.served {
        return None;
    }
    let answers = &story.played.answers;
    let block = answers.iter().find(|answer| !matches!(answer.refusal, Some(Refusal::Pages { .. })));
    if let Some(answer) = block {
        return Some(format!("zone {} has pages enough, but no block that is large enough", answer.name));
    }
    let missing = |refusal| match refusal {
        Some(Refusal::Pages { missing }) => missing,
        _ => u64::MAX,
    };
    let least = answers.iter().min_by_key(|answer| missing(answer.refusal))?;
    let short = missing(least.refusal);
    Some(format!("the nearest, zone {}, is {short} page{} short", least.name, plural(short)))
}
