//! What was read, written down line by line, so that a person or a test can compare it with the source.
//!
//! Nothing is explained here and nothing left out: each row, with the line that it stands in.

mod files;
mod report;
mod trouble;

use crate::parse::kernel_log::KernelLog;
use crate::parse::meminfo::MemInfoFile;
use crate::parse::vmallocinfo::VmallocInfo;
use crate::place::DoubtKind;
use crate::reader::Capture;
use kmem::snapshot::MemField;
use std::fmt::{Result, Write};

/// Writes all that a capture holds.
///
/// # Errors
/// What writing gives.
pub fn write(out: &mut dyn Write, capture: &Capture) -> Result {
    for source in &capture.sources {
        writeln!(out, "{} lines, {} other", source.lines, source.other)?;
    }
    capture.vmallocinfo.iter().try_for_each(|info| vmallocinfo(out, info))?;
    capture.meminfo.iter().chain(&capture.node_meminfo).try_for_each(|file| meminfo(out, file))?;
    capture.logs.iter().try_for_each(|log| kernel_log(out, log))?;
    files::write(out, capture)?;
    capture.reports.iter().try_for_each(|report| report::write(out, report))?;
    capture.troubles.iter().try_for_each(|trouble| trouble::write(out, trouble))?;
    capture
        .repeats
        .iter()
        .filter(|it| it.count > 1 || it.code.is_some())
        .try_for_each(|it| trouble::repeat(out, it))?;
    for doubt in capture.doubts.iter() {
        let kind = match doubt.kind {
            DoubtKind::NotUnderstood => "not understood",
            DoubtKind::Contradiction => "contradiction",
            DoubtKind::OtherBoot => "of another boot",
        };
        writeln!(out, "{kind} in line {}: {}", doubt.place.line, doubt.what)?;
    }
    Ok(())
}

fn vmallocinfo(out: &mut dyn Write, info: &VmallocInfo) -> Result {
    writeln!(out, "vmallocinfo, {:?} addresses of {} digits", info.addresses, info.digits)?;
    for row in &info.rows {
        let area = &row.area;
        write!(out, "  {}: {:x}-{:x} {} {}", row.place.line, area.start, area.end, row.size, area.caller)?;
        if area.pages > 0 {
            write!(out, " pages={}", area.pages)?;
        }
        if area.phys > 0 {
            write!(out, " phys={:x}", area.phys)?;
        }
        area.flags.words().try_for_each(|word| write!(out, " {word}"))?;
        for (node, pages) in area.node_pages.iter().enumerate().filter(|(_, pages)| **pages > 0) {
            write!(out, " N{node}={pages}")?;
        }
        writeln!(out)?;
    }
    for (place, rows) in &info.left_out {
        writeln!(out, "  {}: rows left out after {rows}", place.line)?;
    }
    Ok(())
}

fn meminfo(out: &mut dyn Write, file: &MemInfoFile) -> Result {
    let node = file.node.map_or(String::new(), |node| format!(" of node {node}"));
    writeln!(out, "meminfo{node} from line {}", file.place.line)?;
    for field in MemField::ALL {
        if let Some(value) = file.get(*field) {
            writeln!(out, "  {} {value}", field.name())?;
        }
    }
    file.other.iter().try_for_each(|(name, value)| writeln!(out, "  {name} {value} (unknown name)"))
}

fn kernel_log(out: &mut dyn Write, log: &KernelLog) -> Result {
    writeln!(out, "kernel log from line {}", log.place.line)?;
    if let Some(release) = &log.release {
        writeln!(out, "  release {release}, version {:?}", log.version)?;
    }
    if let Some(cmdline) = &log.cmdline {
        writeln!(out, "  command line: {cmdline}")?;
    }
    if let Some(cpu) = log.cpu {
        writeln!(out, "  cpu {cpu:?}")?;
    }
    if let Some(kb) = log.page_kb.filter(|kb| *kb != 4) {
        writeln!(out, "  pages of {kb} kB")?;
    }
    log.ram.iter().try_for_each(|(start, end)| writeln!(out, "  ram {start:x}-{end:x}"))?;
    log.zones.iter().try_for_each(|(name, start, end)| writeln!(out, "  zone {name} {start:x}-{end:x}"))?;
    if let Some((available, all)) = log.memory_kb {
        writeln!(out, "  memory {available} of {all} kB, {} kB high", log.highmem_kb.unwrap_or(0))?;
    }
    for row in &log.layout {
        writeln!(out, "  {}: {} {:x}-{:x}", row.place.line, row.name, row.start, row.end)?;
    }
    for failure in &log.vmap_failures {
        let (bytes, count, line) = (failure.bytes, failure.count, failure.place.line);
        writeln!(out, "  {line}: {bytes} bytes of addresses were not to be had, {count} times")?;
    }
    Ok(())
}
