//! The readings of reports.

use crate::parse::report::{Report, PAGE_KB};
use std::fmt::{Result, Write};

pub(super) fn write(out: &mut dyn Write, report: &Report) -> Result {
    write!(out, "report {:?} from line {}: `{}`", report.kind, report.place.line, report.comm)?;
    if let Some(order) = report.order {
        write!(out, " order {order}")?;
    }
    if let Some(mode) = report.mode {
        write!(out, " mode {mode:#x}")?;
    }
    if let Some(words) = &report.words {
        write!(out, " ({words})")?;
    }
    if let Some(bytes) = report.bytes {
        write!(out, " {bytes} bytes")?;
    }
    if let Some(cache) = &report.cache {
        write!(out, " cache {cache}")?;
    }
    writeln!(out)?;
    if let Some((major, minor, patch)) = report.version {
        writeln!(out, "  version {major}.{minor}.{patch}")?;
    }
    if report.by_hand {
        writeln!(out, "  called by hand")?;
    }
    if let Some(constraint) = report.constraint {
        writeln!(out, "  kept to some nodes by {constraint}")?;
    }
    if report.of_pages {
        writeln!(out, "  it had addresses, and found no pages")?;
    }
    if report.page_kb() != PAGE_KB {
        writeln!(out, "  pages of {} kB", report.page_kb())?;
    }
    if report.of_cgroup {
        let group = report.cgroup.as_deref().unwrap_or("-");
        let (usage, limit) = report.cgroup_kb.unwrap_or((0, 0));
        writeln!(out, "  of cgroup {group}: {usage} of {limit} kB")?;
    }
    if !report.pages.is_empty() {
        let counts: Vec<String> = report.pages.iter().map(|(name, value)| format!("{name} {value}")).collect();
        writeln!(out, "  pages: {}", counts.join(", "))?;
    }
    for zone in &report.zones {
        let numbers: Vec<String> = zone.kb.iter().map(|(name, value)| format!("{name} {value}")).collect();
        writeln!(out, "  {}: node {} {}, kB: {}", zone.place.line, zone.node, zone.name, numbers.join(", "))?;
        writeln!(out, "    reserve {:?}", zone.reserve)?;
        if zone.has_blocks {
            let orders = zone.types.len();
            let types: Vec<&str> = zone.types.iter().map(|types| if types.is_empty() { "-" } else { types }).collect();
            writeln!(out, "    blocks {:?} types {}", &zone.blocks[..orders], types.join(" "))?;
        }
    }
    if report.all_unreclaimable || report.zones.iter().any(|zone| zone.unreclaimable) {
        writeln!(out, "  reclaim has given up")?;
    }
    if let Some(pages) = report.ram_pages {
        writeln!(out, "  {pages} pages of RAM")?;
    }
    if let (Some(free), Some(all)) = report.swap_kb {
        writeln!(out, "  swap {free} of {all} kB free")?;
    }
    report.tasks.iter().try_for_each(|(pid, rss, name)| writeln!(out, "  task {pid} {name}: {rss} pages"))?;
    match &report.killed {
        Some((pid, name)) => writeln!(out, "  killed {pid} {name}"),
        None => Ok(()),
    }
}
