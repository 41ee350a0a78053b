//! What the log of a boot says of memory, in words: how much there is and how much of it was left, where zones and areas lie, and
//! what the command line asks for.

use super::{kilobytes, size};
use crate::parse::kernel_log::KernelLog;
use crate::parse::report::PAGE_KB;
use std::fmt::{Result, Write};

/// Parameters of the command line that decide about memory.
const PARAMETERS: [&str; 17] = [
    "mem",
    "vmalloc",
    "highmem",
    "cma",
    "memmap",
    "crashkernel",
    "kernelcore",
    "movablecore",
    "hugepages",
    "default_hugepagesz",
    "transparent_hugepage",
    "swiotlb",
    "slub_debug",
    "slab_debug",
    "init_on_alloc",
    "init_on_free",
    "page_poison",
];

/// True when the log of this boot says something of its memory.
pub fn tells(log: &KernelLog) -> bool {
    log.memory_kb.is_some() || log.area("vmalloc").is_some() || !log.zones.is_empty()
}

/// Writes it.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, log: &KernelLog) -> Result {
    writeln!(out, "Boot (line {})", log.place.line)?;
    if let Some((left, all)) = log.memory_kb {
        let taken = all.checked_sub(left).filter(|taken| *taken > 0);
        let taken =
            taken.map_or(String::new(), |kb| format!("; kernel, tables and reservations have {}", kilobytes(kb)));
        let high = log.highmem_kb.filter(|kb| *kb > 0);
        let high = high.map_or(String::new(), |kb| format!("; {} of it high memory", kilobytes(kb)));
        let rest = if taken.is_empty() { String::new() } else { format!(", {} left for use{taken}", kilobytes(left)) };
        writeln!(out, "  memory {}{rest}{high}", kilobytes(all))?;
    }
    if !log.zones.is_empty() {
        // Frames were counted as pages of 4 kB.
        let scale = if log.zones_in_frames { log.page_kb.unwrap_or(PAGE_KB) / PAGE_KB } else { 1 };
        let zone = |(name, start, end): &(String, u64, u64)| {
            format!("{name} {}", size(end.saturating_sub(*start).saturating_mul(scale.max(1))))
        };
        let zones: Vec<String> = log.zones.iter().filter(|(_, start, end)| end > start).map(zone).collect();
        writeln!(out, "  zones, holes included: {}", zones.join(", "))?;
    }
    for name in ["lowmem", "vmalloc", "modules", "pkmap"] {
        for row in log.layout.iter().filter(|row| row.name == name) {
            writeln!(out, "  {name:<8} {:#x}-{:#x}, {}", row.start, row.end, size(row.end - row.start))?;
        }
    }
    let asked = PARAMETERS.iter().filter_map(|name| Some(format!("{name}={}", whole_word(log, name)?)));
    let asked: Vec<String> = asked.collect();
    if !asked.is_empty() {
        writeln!(out, "  the command line asks for {}", asked.join(" "))?;
    }
    Ok(())
}

/// The last value of a parameter of just this name: `mem=` is not in `cma_mem=`.
fn whole_word<'a>(log: &'a KernelLog, name: &str) -> Option<&'a str> {
    let words = log.cmdline.as_deref()?.split_whitespace();
    words.filter_map(|word| word.strip_prefix(name)?.strip_prefix('=')).next_back()
}
