//! What a log says again and again, and which addresses ran out, in words.
//!
//! The kernel's own advice, `use vmalloc=<size>`, is printed whatever area was full, also where it is of no use: a 64-bit
//! kernel has no such parameter, modules and code of BPF have an area of their own on ARM and on 64-bit machines, and a
//! size that a driver computed wrongly fits nowhere. So it is said here which of these it was.

use super::troubles::often;
use super::{kilobytes, size};
use crate::parse::kernel_log::{Cpu, KernelLog};
use crate::parse::repeats::{Code, Failed, Repeat};
use crate::parse::report::PAGE_KB;
use crate::reader::Capture;
use crate::vmalloc::kernel::bits;
use kmem::units::PAGE_SIZE;
use std::fmt::{Result, Write};

/// The most kinds that are told.
const SHOWN: usize = 12;
/// From here on a task that goes on asking is one that does nothing else.
const LOOP: u64 = 20;
/// The kernel's addresses of a 32-bit machine, at most 2 GiB by the usual splits.
const MOST_32: u64 = 2 << 30;

/// Writes what failed more than once, and what is to be said of requests for addresses.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, capture: &Capture) -> Result {
    // Those have no report of their own.
    let alone = |it: &&Repeat| !matches!(it.what, Failed::Pages(_) | Failed::OutOfMemory);
    let mut told: Vec<&Repeat> = capture.repeats.iter().filter(|it| it.count > 1 || alone(it)).collect();
    if told.is_empty() {
        return Ok(());
    }
    told.sort_by_key(|it| (u64::MAX - it.count, it.place));
    writeln!(out, "\nFailures, by kind")?;
    for repeat in told.iter().take(SHOWN) {
        let Repeat { what, task, count, suppressed, times, place, .. } = repeat;
        let what = words(what, capture);
        let task = task.as_ref().map_or(String::new(), |task| format!(", first {task}"));
        writeln!(out, "  {what}: {} (line {}{task})", often(*count, *suppressed, *times), place.line)?;
        if count.saturating_add(*suppressed) >= LOOP {
            writeln!(out, "    the same request again and again: whoever asks should give up, or ask for less")?;
        }
        if let Failed::Addresses(bytes) = repeat.what {
            about_addresses(out, capture, repeat, bytes)?;
        }
        if let Some(help) = about_dma(&repeat.what) {
            writeln!(out, "    {help}")?;
        }
    }
    if told.len() > SHOWN {
        writeln!(out, "  … and {} more kinds", told.len() - SHOWN)?;
    }
    Ok(())
}

/// What failed.
pub(super) fn words(what: &Failed, capture: &Capture) -> String {
    match what {
        Failed::Pages(request) => format!("no pages for {request}"),
        Failed::OutOfMemory => "out of memory".to_owned(),
        Failed::Addresses(bytes) => format!("no addresses for {}", size(*bytes)),
        Failed::Contiguous(pages, _) => {
            let kb = capture.page_kb().unwrap_or(PAGE_KB);
            format!("no {} of the contiguous area (CMA)", kilobytes(pages.saturating_mul(kb)))
        }
        Failed::Bounce(bytes) => format!("no bounce buffer (swiotlb) of {}", size(*bytes)),
    }
}

/// What helps a driver that got no memory for DMA.
pub(super) fn about_dma(what: &Failed) -> Option<&'static str> {
    match what {
        Failed::Contiguous(_, -16) => {
            Some("what lies there could not be moved away: pages that are held for long; asking again may do")
        }
        Failed::Contiguous(..) => Some(
            "the area is full or cut up: `cma=SIZE` makes it larger; CmaTotal and CmaFree of meminfo say how it is",
        ),
        Failed::Bounce(262_145..) => Some("one piece may have 256 kB: the driver must ask for less at a time"),
        Failed::Bounce(_) => {
            Some("`swiotlb=SLOTS` makes more of them, each of 2 kB; or the device should address all memory itself")
        }
        _ => None,
    }
}

/// Why there were no addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// No machine of this kind has so many.
    WrongSize,
    /// Nothing was asked for.
    Nothing,
    /// Code that has an area of its own; or, where the flag is set, of a machine that may be one of those.
    Elsewhere(Code, bool),
    /// Code that lies in the vmalloc area.
    Code(Code),
    /// A 64-bit kernel, whose vmalloc area is never full.
    Wide,
    /// The vmalloc area.
    Area,
}

/// True on a 64-bit machine.
fn is_wide(capture: &Capture, log: Option<&KernelLog>) -> bool {
    bits(log) == Some(64) || capture.vmallocinfo.iter().any(|info| info.digits > 8)
}
fn ram_kb(log: Option<&KernelLog>) -> Option<u64> {
    log.and_then(|log| log.memory_kb).map(|(_, all)| all)
}

/// Finds out what was full when so many bytes were not to be had.
pub(super) fn full(capture: &Capture, repeat: &Repeat, bytes: u64) -> Full {
    let log = log_of(capture, repeat);
    let wide = is_wide(capture, log);
    let request = bytes.saturating_sub(PAGE_SIZE);
    if bytes == 0 {
        return Full::Nothing;
    }
    if ram_kb(log).is_some_and(|kb| request > kb.saturating_mul(1 << 10)) || !wide && request > MOST_32 {
        return Full::WrongSize;
    }
    let loads = repeat.task.as_deref().is_some_and(|task| LOADERS.iter().any(|name| task.starts_with(name)));
    match (repeat.code.or(loads.then_some(Code::Module)), log.and_then(|log| log.cpu)) {
        (Some(code), Some(Cpu::X86)) if !wide => Full::Code(code),
        (Some(code), cpu) => Full::Elsewhere(code, cpu.is_none() && !wide),
        (None, _) if wide => Full::Wide,
        (None, _) => Full::Area,
    }
}

fn about_addresses(out: &mut dyn Write, capture: &Capture, repeat: &Repeat, bytes: u64) -> Result {
    let whose = |code| match code {
        Code::Module => "a module was to be loaded",
        Code::Bpf => "a program of BPF was to be compiled",
    };
    match full(capture, repeat, bytes) {
        Full::WrongSize => {
            let ram = ram_kb(log_of(capture, repeat));
            let ram = ram.map_or("a 32-bit kernel has".to_owned(), |kb| format!("there is, {} of RAM", kilobytes(kb)));
            writeln!(out, "    that is more than {ram}: the caller computed the size wrongly; no parameter helps")
        }
        Full::Nothing => {
            writeln!(out, "    nothing was asked for, and that always fails: the caller computed the size wrongly")
        }
        Full::Code(code) => writeln!(out, "    {}; its code lies in the vmalloc area here", whose(code)),
        Full::Elsewhere(code, true) => {
            writeln!(out, "    {}: on ARM that has an area of its own, which `vmalloc=` does not enlarge", whose(code))
        }
        Full::Elsewhere(code, false) => {
            writeln!(
                out,
                "    {}: that is not the vmalloc area but that of modules, and `vmalloc=` does not help,",
                whose(code)
            )?;
            let help = modules_help(is_wide(capture, log_of(capture, repeat)));
            writeln!(out, "    although the kernel says so. {help}")
        }
        Full::Wide => {
            writeln!(
                out,
                "    a 64-bit kernel has no `vmalloc=`, although it says so, and its vmalloc area is never full:"
            )?;
            writeln!(out, "    it was the area of modules, or a size that was computed wrongly")
        }
        Full::Area if capture.vmallocinfo.is_empty() => writeln!(
            out,
            "    give /proc/vmallocinfo too: which holes there are, and which `vmalloc=` would do, is seen there"
        ),
        Full::Area => Ok(()),
    }
}

/// Who loads modules.
const LOADERS: [&str; 6] = ["insmod", "modprobe", "kmod", "systemd-udevd", "udevd", "systemd-modules"];

fn modules_help(wide: bool) -> &'static str {
    if wide {
        "Fewer or smaller modules do, or a kernel whose modules may lie anywhere (CONFIG_RANDOMIZE_MODULE_REGION_FULL)"
    } else {
        "Fewer or smaller modules do, drivers that are built in, or CONFIG_ARM_MODULE_PLTS"
    }
}

/// The log in which it was said: the last boot that begins before it in its source.
fn log_of<'a>(capture: &'a Capture, repeat: &Repeat) -> Option<&'a KernelLog> {
    let before = capture.logs.iter().filter(|log| log.place <= repeat.place);
    before.filter(|log| log.place.source == repeat.place.source).max_by_key(|log| log.place)
}
