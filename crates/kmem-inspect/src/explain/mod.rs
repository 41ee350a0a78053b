//! Plain words for what was read: what machine it is, what state it is in, what is wrong and what to do; then the details, what
//! matters most first; what was read, and from where, last.

pub mod boot;
pub mod changes;
pub mod memory;
pub mod pages;
pub mod repeats;
pub mod reports;
pub mod summary;
pub mod troubles;
pub mod tunables;
pub mod twin;
pub mod vmalloc;

use crate::parse::buddyinfo::free_pages;
use crate::parse::kernel_log::KernelLog;
use crate::parse::report::{Kind, Report, PAGE_KB};
use crate::parse::sysctl::Sysctl;
use crate::parse::vmallocinfo::VmallocInfo;
use crate::place::{Doubt, DoubtKind, Doubts, Place};
use crate::reader::Capture;
use crate::twin::changes::BUDGET;
use crate::twin::NoTwin;
use kmem::snapshot::MemField;
use kmem::units::PAGE_SIZE;
use pages::PageRequest;
use std::fmt::{Error, Write};
use twin::Story;
use vmalloc::Listing;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Would a request of so many bytes fit into the vmalloc area?
    pub fit: Option<u64>,
    /// Would a request for pages be served?
    pub pages: Option<PageRequest>,
    /// What should the machine be booted with?
    pub advise: bool,
}

/// The answer to [`Question::fit`] or [`Question::pages`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing was asked.
    NotAsked,
    /// It fits.
    Yes,
    /// It does not.
    No,
    /// What was read does not tell.
    Unknown,
}

/// Writes what a capture shows, and answers the question by the last listing there is.
///
/// First comes all in short, then what was asked, reports of failures, what changed, the state of memory, the vm areas, doubts,
/// and the sources.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, capture: &mut Capture, question: &Question) -> Result<Answer, Error> {
    let mut doubts = std::mem::take(&mut capture.doubts);
    date_reports(capture);
    for report in capture.reports.iter().filter(|report| reports::mask_agrees(report) == Some(false)) {
        let (mode, words) = (report.mode.unwrap_or(0), report.words.as_deref().unwrap_or_default());
        doubts.contradiction(report.place, format!("{mode:#x} is not {words} in this kernel"));
    }
    if let Some(request) = &question.pages {
        let mut details = String::new();
        let answer = pages::fit(&mut details, capture, request)?;
        capture.doubts = doubts;
        if !capture.is_empty() {
            let asked = summary::Asked::Pages(pages::words(capture, request));
            summary::explain(out, capture, &stories(capture), Some((asked, answer)))?;
            writeln!(out)?;
        }
        out.write_str(&details)?;
        write_doubts(out, capture)?;
        sources(out, capture)?;
        return Ok(answer);
    }
    // The listings' own text comes behind what it brings up.
    let asked = question.fit.is_some() || question.advise;
    let (mut areas, mut answer) = (String::new(), Answer::NotAsked);
    if question.fit.is_some() {
        answer = Answer::Unknown;
    }
    for listing in listings(capture) {
        if !areas.is_empty() {
            writeln!(areas)?;
        }
        answer = listing.explain(&mut areas, question, &mut doubts)?;
    }
    if capture.vmallocinfo.is_empty() && asked {
        writeln!(areas, "No listing of vm areas: give /proc/vmallocinfo, read as root")?;
    }
    let mut memory = String::new();
    state(&mut memory, capture, &mut doubts)?;
    capture.doubts = doubts;

    let stories = stories(capture);
    if !capture.is_empty() {
        summary::explain(out, capture, &stories, question.fit.map(|bytes| (summary::Asked::Addresses(bytes), answer)))?;
    }
    if asked && !areas.is_empty() {
        write!(out, "\n{areas}")?;
    }
    for (report, story) in &stories {
        writeln!(out)?;
        reports::explain_story(out, report, story)?;
    }
    if capture.reports.len() > MOST_REPORTS {
        writeln!(out, "\n… and {} more reports", capture.reports.len() - MOST_REPORTS)?;
    }
    repeats::explain(out, capture)?;
    troubles::explain(out, capture)?;
    if changes::are_there(capture) {
        writeln!(out)?;
        changes::explain(out, capture)?;
    }
    out.write_str(&memory)?;
    if !asked && !areas.is_empty() {
        write!(out, "\n{areas}")?;
    }
    let advice = if question.advise { tunables::advise(capture) } else { Vec::new() };
    if !advice.is_empty() {
        writeln!(out)?;
        tunables::write(out, &advice)?;
    }
    write_doubts(out, capture)?;
    sources(out, capture)?;
    Ok(answer)
}

/// Reports, each with what was played of it. What may be played is shared among them.
pub fn stories(capture: &Capture) -> Vec<(&Report, Result<Story, NoTwin>)> {
    let reports = &capture.reports[..capture.reports.len().min(MOST_REPORTS)];
    let budget = BUDGET / reports.len().max(1) as u64;
    reports.iter().map(|report| (report, Story::within(report, budget))).collect()
}

fn write_doubts(out: &mut dyn Write, capture: &Capture) -> Result<(), Error> {
    let doubts = &capture.doubts;
    if doubts.count() == 0 {
        return Ok(());
    }
    writeln!(out, "\nDoubts")?;
    for doubt in doubts.iter() {
        writeln!(out, "  {}", doubt_line(capture, doubt))?;
    }
    match doubts.count() - doubts.iter().count() as u64 {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more"),
    }
}

/// True when what was examined has a problem: a request that failed, a zone below its reserve or given up by reclaim, numbers
/// that do not add up.
pub fn has_problem(capture: &Capture) -> bool {
    let failed = capture.reports.iter().any(|report| report.kind != Kind::State);
    let no_addresses = capture.logs.iter().any(|log| !log.vmap_failures.is_empty());
    let zones = || capture.zoneinfo.last().into_iter().flat_map(|file| &file.zones);
    let short = zones().any(|(_, zone)| memory::is_short(zone));
    let misused = capture.troubles.iter().any(troubles::is_fault);
    let no_dma = capture.repeats.iter().any(|repeat| repeats::about_dma(&repeat.what).is_some());
    failed || no_addresses || no_dma || has_contradictions(capture) || short || misused
}

/// True when numbers do not add up.
fn has_contradictions(capture: &Capture) -> bool {
    capture.doubts.iter().any(|doubt| doubt.kind == DoubtKind::Contradiction)
}

/// The listings of vm areas, each with the log and the meminfo that belong to it.
pub fn listings(capture: &Capture) -> Vec<Listing<'_>> {
    let listing = |info| {
        let info: &VmallocInfo = info;
        (of_same_boot(capture, info), nearest(&capture.meminfo, info.place, |file| file.place))
    };
    let list = capture.vmallocinfo.iter();
    list.map(|info| (info, listing(info))).map(|(info, (log, meminfo))| Listing { info, log, meminfo }).collect()
}

/// Reports without a version are of the log's kernel.
pub fn date_reports(capture: &mut Capture) {
    let Capture { logs, reports, .. } = capture;
    for report in reports.iter_mut().filter(|report| report.version.is_none()) {
        let dated: Vec<&KernelLog> = logs.iter().filter(|log| log.version.is_some()).collect();
        report.version = nearest(&dated, report.place, |log| log.place).and_then(|log| log.version);
    }
}

/// The most reports that are explained one by one.
const MOST_REPORTS: usize = 20;

/// Writes the state of memory: of each listing of its kind the last one, and what grew.
fn state(out: &mut dyn Write, capture: &Capture, doubts: &mut Doubts) -> Result<(), Error> {
    let page_kb = capture.page_kb();
    if let Some(log) = capture.logs.iter().rev().find(|log| boot::tells(log)) {
        writeln!(out)?;
        boot::explain(out, log)?;
    }
    let last = capture.meminfo.iter().rev().find(|file| file.get(MemField::MemTotal).is_some());
    if let Some(file) = last {
        writeln!(out)?;
        memory::meminfo(out, file)?;
    }
    if !capture.node_meminfo.is_empty() {
        writeln!(out)?;
        memory::nodes(out, &capture.node_meminfo)?;
    }
    if let Some(info) = capture.buddyinfo.last().filter(|_| capture.zoneinfo.is_empty()) {
        writeln!(out)?;
        memory::free_blocks(out, info, page_kb)?;
    }
    if let Some(file) = capture.zoneinfo.last() {
        let buddy = nearest(&capture.buddyinfo, file.place, |info| info.place);
        writeln!(out)?;
        memory::zones(out, file, buddy, page_kb.unwrap_or(PAGE_KB))?;
        for (_, zone) in &file.zones {
            let row = buddy
                .and_then(|buddy| buddy.rows.iter().find(|(_, row)| row.node == zone.node && row.zone == zone.zone));
            let Some((place, row)) = row else { continue };
            let free = free_pages(row);
            if memory::disagree(zone, free) {
                let (name, counted) = (zone.zone, zone.free);
                doubts.contradiction(
                    *place,
                    format!("zone {name}: {free} pages are in free blocks, zoneinfo has {counted}"),
                );
            }
        }
    }
    if let Some(info) = capture.pagetypeinfo.last() {
        writeln!(out)?;
        memory::mobility(out, info)?;
    }
    if let Some(info) = capture.slabinfo.last() {
        writeln!(out)?;
        memory::slabs(out, info, last)?;
    }
    if capture.sysctl.iter().any(|file| !file.vm.is_empty()) {
        writeln!(out)?;
        tunables::state(out, capture)?;
    }
    // The folder says the same, more exactly, and needs no root.
    if let Some(folder) = capture.slab_folders.last().filter(|_| capture.slabinfo.is_empty()) {
        writeln!(out)?;
        memory::slabs(out, &folder.rows(), last)?;
    }
    if let Some(file) = capture.vmstat.last() {
        memory::counters(out, file, page_kb.unwrap_or(PAGE_KB))?;
    }
    if let Some(info) = capture.iomem.last() {
        writeln!(out)?;
        memory::physical(out, info)?;
    }
    Ok(())
}

/// `file:line: what`, as compilers write it.
fn doubt_line(capture: &Capture, doubt: &Doubt) -> String {
    let Doubt { place, kind, what } = doubt;
    let source = capture.sources.get(place.source as usize).map_or("-", |source| source.name.as_str());
    let kind = if *kind == DoubtKind::NotUnderstood { "not understood: " } else { "" };
    format!("{source}:{}: {kind}{what}", place.line)
}

/// Writes what was read, and what was found in it.
fn sources(out: &mut dyn Write, capture: &Capture) -> Result<(), Error> {
    writeln!(out, "\nRead")?;
    for (at, source) in capture.sources.iter().enumerate() {
        let here = |place: Place| place.source as usize == at;
        let mut found = Vec::new();
        let mut add = |place: Place, what: String| {
            if here(place) {
                found.push((place.line, what));
            }
        };
        capture.vmallocinfo.iter().for_each(|info| add(info.place, format!("vmallocinfo, {} areas", info.rows.len())));
        capture.meminfo.iter().for_each(|file| add(file.place, "meminfo".to_owned()));
        capture.node_meminfo.iter().for_each(|file| {
            add(file.place, format!("meminfo of node {}", file.node.unwrap_or(0)));
        });
        capture.buddyinfo.iter().for_each(|info| add(info.place, "buddyinfo".to_owned()));
        capture.pagetypeinfo.iter().for_each(|info| add(info.place, "pagetypeinfo".to_owned()));
        capture.zoneinfo.iter().for_each(|file| add(file.place, format!("zoneinfo, {} zones", file.zones.len())));
        capture.slabinfo.iter().for_each(|info| add(info.place, format!("slabinfo, {} caches", info.rows.len())));
        capture.iomem.iter().for_each(|info| add(info.place, "iomem".to_owned()));
        capture.vmstat.iter().for_each(|file| add(file.place, "vmstat".to_owned()));
        capture.sysctl.iter().for_each(|file| add(file.place, sysctl_name(file)));
        let folders = capture.slab_folders.iter();
        folders.for_each(|folder| add(folder.place, format!("slab folder, {} caches", folder.caches.len())));
        capture.reports.iter().for_each(|report| add(report.place, "report".to_owned()));
        for (kind, what) in troubles::SORTS {
            let mut of_kind = capture.troubles.iter().filter(|it| here(it.place) && kind(it)).peekable();
            if let Some(first) = of_kind.peek().map(|first| first.place) {
                let causes = of_kind.count() as u64;
                add(first, format!("{what}: {causes} cause{}", plural(causes)));
            }
        }
        for log in &capture.logs {
            let release = log.release.as_deref().map_or(String::new(), |release| format!(", Linux {release}"));
            add(log.place, format!("kernel log{release}"));
        }
        found.sort();
        let found: Vec<String> = found.into_iter().map(|(line, what)| format!("{what} (from line {line})")).collect();
        let found = if found.is_empty() { "nothing that is known".to_owned() } else { found.join("; ") };
        writeln!(out, "  {}: {found}; {} of {} lines are other text", source.name, source.other, source.lines)?;
    }
    Ok(())
}

fn sysctl_name(file: &Sysctl) -> String {
    match file.kctune.len() {
        0 => format!("tunables, {} of vm", file.vm.len()),
        count => format!("kctune, {count} tunables"),
    }
}

/// The log that a listing belongs to: of the same source if there is one, with a layout block rather than without.
fn of_same_boot<'a>(capture: &'a Capture, info: &VmallocInfo) -> Option<&'a KernelLog> {
    capture.logs.iter().min_by_key(|log| {
        let elsewhere = log.place.source != info.place.source;
        (elsewhere, log.area("vmalloc").is_none(), log.place.line.abs_diff(info.place.line))
    })
}

/// What stands nearest: in the same source before all others.
fn nearest<T>(list: &[T], place: Place, of: impl Fn(&T) -> Place) -> Option<&T> {
    list.iter().min_by_key(|item| (of(item).source.abs_diff(place.source), of(item).line.abs_diff(place.line)))
}

/// Writes a size as people say it: `45.0 MB`, `57.86 MB`, `192 MB`, `896 kB`. Powers of two, as the kernel counts.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TB", 40), ("GB", 30), ("MB", 20), ("kB", 10)];
    // Up to 16 GiB in MB: that is how boot lines and parameters say it.
    let unit = UNITS.iter().find(|(_, shift)| bytes >> shift >= if *shift == 30 { 16 } else { 1 });
    let Some((name, shift)) = unit else { return format!("{bytes} byte{}", plural(bytes)) };
    let whole = bytes >> shift;
    if bytes == whole << shift {
        return format!("{whole} {name}");
    }
    let text = format!("{:.2}", bytes as f64 / (1u64 << shift) as f64);
    format!("{} {name}", text.strip_suffix('0').unwrap_or(&text))
}

/// Writes a size so that no byte is lost.
fn exactly(bytes: u64) -> String {
    let said = size(bytes);
    match bytes >> 10 != 0 && (bytes % (1 << 10) != 0 || said.contains('.')) {
        true => format!("{bytes} bytes ({said})"),
        false => said,
    }
}

/// The end of a word that counts something.
fn plural(count: u64) -> &'static str {
    if count == 1 {
        ""
    } else {
        "s"
    }
}

/// Writes so many pages as a size.
pub fn page_size(count: u64) -> String {
    size(count.saturating_mul(PAGE_SIZE))
}
/// Writes so many kB as a size.
pub fn kilobytes(count: u64) -> String {
    size(count.saturating_mul(1 << 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_say_them() {
        for (bytes, said) in [
            (0x2d0_1000, "45.0 MB"),
            (60_669_952, "57.86 MB"),
            (192 << 20, "192 MB"),
            (64 << 20, "64 MB"),
            (896 << 10, "896 kB"),
            (100, "100 bytes"),
            (1, "1 byte"),
            (3 << 30, "3072 MB"),
            (32 << 40, "32 TB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
