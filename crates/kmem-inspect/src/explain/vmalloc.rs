//! What a listing of vm areas shows, in words: the area, its holes, who holds it, whether a request fits, what would help.

use super::{exactly, kilobytes, size, Answer, Question};
use crate::parse::kernel_log::KernelLog;
use crate::parse::meminfo::MemInfoFile;
use crate::parse::vmallocinfo::{Addresses, AreaRow, VmallocInfo};
use crate::place::Doubts;
use crate::scan::total;
use crate::vmalloc::area::{is_fixed, is_per_cpu};
use crate::vmalloc::{Advice, Area, CannotAdvise, Family, Gap};
use kmem::snapshot::MemField;
use kmem::units::PAGE_SIZE;
use std::collections::HashMap;
use std::fmt::{Result, Write};

/// A listing with what belongs to it.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The listing.
    pub info: &'a VmallocInfo,
    /// The log of the same boot, as far as one can tell.
    pub log: Option<&'a KernelLog>,
    /// The meminfo of the same boot, as far as one can tell.
    pub meminfo: Option<&'a MemInfoFile>,
}

impl Listing<'_> {
    /// Returns the vmalloc area; `None` when the addresses are of no use.
    pub fn area(&self, doubts: &mut Doubts) -> Option<Area> {
        Area::new(self.info, self.log, self.meminfo, doubts)
    }
    /// The size that advice is for: what is asked, else what the log says failed, else the least power of two of MB that
    /// does not fit.
    pub fn size_to_advise(&self, area: &Area, asked: Option<u64>) -> u64 {
        asked.or_else(|| self.failed_size()).unwrap_or_else(|| next_size(area))
    }
    /// Writes what it shows and answers the question.
    ///
    /// # Errors
    /// What writing gives.
    pub fn explain(
        &self,
        out: &mut dyn Write,
        question: &Question,
        doubts: &mut Doubts,
    ) -> std::result::Result<Answer, std::fmt::Error> {
        let Some(area) = self.area(doubts) else {
            self.explain_sizes(out)?;
            return match question.fit {
                Some(bytes) => {
                    writeln!(out, "Fit: {} cannot be answered without addresses", size(bytes))?;
                    Ok(Answer::Unknown)
                }
                None => Ok(Answer::NotAsked),
            };
        };
        self.explain_machine(out, &area)?;
        let answer = match question.fit {
            Some(bytes) => {
                let answer = fit(out, &area, bytes)?;
                let ram = self.meminfo.and_then(|meminfo| meminfo.get(MemField::MemTotal));
                if let Some(kb) = ram.filter(|kb| bytes > kb.saturating_mul(1 << 10)) {
                    let ram = kilobytes(kb);
                    writeln!(out, "  The machine has {ram} of RAM: addresses or not, vmalloc refuses what is more")?;
                }
                answer
            }
            None => Answer::NotAsked,
        };
        if question.advise {
            self.advise(out, &area, self.size_to_advise(&area, question.fit))?;
        }
        holes(out, &area)?;
        holders(out, &area.rows, "Who holds the area")?;
        if !area.elsewhere.is_empty() {
            holders(out, &area.elsewhere, "Outside the vmalloc area (modules, and what boot maps elsewhere)")?;
        }
        Ok(answer)
    }

    fn explain_machine(&self, out: &mut dyn Write, area: &Area) -> Result {
        let Area { start, end, .. } = area;
        if let Some(kernel) = &area.kernel {
            let era = if kernel.era.is_empty() { String::new() } else { format!(", Linux {}", kernel.era) };
            writeln!(out, "Machine: {}{era} ({})", kernel.family.name(), kernel.because)?;
        } else {
            writeln!(out, "Machine: 32 bits; nothing says which")?;
        }
        if let Some(low) = area.low {
            let (low_end, bytes) = (low.end, size(low.end - low.start));
            writeln!(out, "Low memory: {:#x}-{low_end:#x}, {bytes}, mapped directly", low.start)?;
        }
        let share = 100.0 * area.used() as f64 / (end - start).max(1) as f64;
        writeln!(out, "vmalloc area: {start:#x}-{end:#x}, {} ({})", size(end - start), area.because)?;
        let (used, count) = (size(area.used()), area.rows.len());
        let largest = area
            .holes()
            .first()
            .map_or("no hole".to_owned(), |hole| format!("the largest hole has {}", size(hole.bytes())));
        writeln!(out, "  {count} areas hold {used} of it ({share:.0}%); {largest}")?;
        let meminfo = self.meminfo.filter(|meminfo| area.agrees_with(meminfo) != Some(false));
        if let Some(kb) = meminfo.and_then(|meminfo| meminfo.get(MemField::VmallocUsed)).filter(|kb| *kb > 0) {
            writeln!(out, "  (meminfo's VmallocUsed, {}, says nothing of how the rest is cut up)", kilobytes(kb))?;
        }
        self.explain_modules(out, area)?;
        for failure in self.log.map_or(&[][..], |log| &log.vmap_failures) {
            let times = if failure.count == 1 { "once".to_owned() } else { format!("{} times", failure.count) };
            writeln!(
                out,
                "  The log says {times} that {} were not to be had (line {})",
                size(failure.bytes),
                failure.place.line
            )?;
        }
        Ok(())
    }

    /// Modules and BPF code have an area of their own on ARM and on 64-bit machines, which may be full while this one is not.
    fn explain_modules(&self, out: &mut dyn Write, area: &Area) -> Result {
        if area.kernel.as_ref().is_none_or(|kernel| kernel.family == Family::X86) {
            return Ok(());
        }
        if let Some(modules) = self.modules(area) {
            let (start, end, hole) = (modules.start, modules.end, modules.largest_hole());
            let count = modules.rows.len();
            writeln!(
                out,
                "modules area: {start:#x}-{end:#x}, {}; {count} areas, the largest hole has {}",
                size(end - start),
                size(hole)
            )?;
            for failure in self.log.filter(|_| area.of_log).map_or(&[][..], |log| &log.vmap_failures) {
                if area.fit(failure.bytes.saturating_sub(PAGE_SIZE)).is_some() && failure.bytes > hole {
                    let bytes = size(failure.bytes);
                    writeln!(
                        out,
                        "  The request for {bytes} failed here, not in the vmalloc area: `vmalloc=` does not help it,"
                    )?;
                    writeln!(
                        out,
                        "  although the kernel says so. Fewer or smaller modules do, or CONFIG_ARM_MODULE_PLTS"
                    )?;
                }
            }
        } else if self.log.is_some_and(|log| !log.vmap_failures.is_empty()) {
            writeln!(
                out,
                "  Modules and BPF code have an area of their own on this machine: `vmalloc=` does not help them"
            )?;
        }
        Ok(())
    }

    /// The area of modules of a 32-bit ARM kernel: 16 MiB below the direct map, less the pkmap window.
    fn modules(&self, area: &Area) -> Option<Modules> {
        if area.kernel.as_ref()?.family != Family::Arm {
            return None;
        }
        let of_log =
            self.log.filter(|_| area.of_log).and_then(|log| log.area("modules")).map(|row| (row.start, row.end));
        let page_offset = area.low.map_or(0xc000_0000, |low| low.start);
        let (start, end) = of_log.unwrap_or((page_offset.checked_sub(16 << 20)?, page_offset.checked_sub(2 << 20)?));
        let inside = |row: &&AreaRow| start <= row.area.start && row.area.end <= end && row.area.start < row.area.end;
        let mut rows: Vec<(u64, u64)> =
            area.elsewhere.iter().filter(inside).map(|row| (row.area.start, row.area.end)).collect();
        rows.sort_unstable();
        (start < end && !rows.is_empty()).then_some(Modules { start, end, rows })
    }

    /// Without addresses: sizes and owners only.
    fn explain_sizes(&self, out: &mut dyn Write) -> Result {
        let why = match self.info.addresses {
            Addresses::Hashed => "hashed: boot with no_hash_pointers, or read the file as root with kptr_restrict=1",
            Addresses::Hidden => "hidden: read the file as root, with kernel.kptr_restrict=1 or 0",
            Addresses::Real => "in no area that can be: see the doubts",
        };
        let sum = total(self.info.rows.iter().map(|row| row.size));
        writeln!(out, "vmallocinfo: {} areas hold {}; their addresses are {why}", self.info.rows.len(), size(sum))?;
        writeln!(out, "  Without addresses there are no holes to be seen, only sizes and owners")?;
        holders(out, &self.info.rows, "Who holds areas")
    }

    /// The largest request that the log says failed; the log counts its guard page.
    fn failed_size(&self) -> Option<u64> {
        self.log?.vmap_failures.iter().map(|failure| failure.bytes.saturating_sub(PAGE_SIZE)).max()
    }

    fn advise(&self, out: &mut dyn Write, area: &Area, bytes: u64) -> Result {
        let asked = size(bytes);
        let advice = match Advice::new(area, bytes) {
            Ok(advice) => advice,
            Err(why) => return writeln!(out, "Advice: {}", cannot(&why, &asked)),
        };
        let Advice { megabytes, start, hole, then: (from, to), low, step, one_less } = advice;
        let now = self
            .log
            .filter(|_| area.of_log)
            .and_then(|log| log.parameter("vmalloc"))
            .map_or(String::new(), |now| format!(" (now {now})"));
        writeln!(out, "Advice: boot with vmalloc={megabytes}M{now}: then {asked} fit")?;
        let needed = Area::with_guard(bytes).unwrap_or(bytes);
        writeln!(out, "  needed: {} and a guard page of 4 kB, {needed} bytes in one piece", size(needed - PAGE_SIZE))?;
        let fixed =
            area.rows.iter().find(|row| row.area.start == hole.end).map_or("the area's end", |row| row.function());
        let below = match hole.left_out {
            Some(place) => format!("rows are left out there (line {}), so it counts as 0 bytes", place.line),
            None => format!("{} now", size(hole.bytes())),
        };
        writeln!(
            out,
            "  the hole {:#x}-{:#x} can grow, {below}: the areas below it move down with",
            hole.start, hole.end
        )?;
        writeln!(out, "    VMALLOC_START, and {fixed} at {:#x} stays", hole.end)?;
        for other in area.holes().iter().filter(|other| other.start > hole.start && other.bytes() >= hole.bytes() / 4) {
            let (from, to, bytes) = (other.start, other.end, size(other.bytes()));
            writeln!(out, "  the hole {from:#x}-{to:#x} cannot grow, {bytes}: it lies above fixed areas")?;
        }
        let missing = needed.saturating_sub(if hole.left_out.is_some() { 0 } else { hole.bytes() });
        let moved = area.start.saturating_sub(start);
        writeln!(
            out,
            "  missing: {}; VMALLOC_START moves in steps of {}, so {}: {:#x} -> {start:#x}",
            size(missing),
            size(step),
            size(moved),
            area.start
        )?;
        writeln!(out, "  the hole then: {from:#x}-{to:#x}, {}", size(to - from))?;
        let spare = (to - from).saturating_sub(needed);
        if spare < 256 << 10 && hole.left_out.is_none() {
            writeln!(
                out,
                "  {} are to spare: areas of tasks and drivers may take that in another boot, so if it fails,",
                size(spare)
            )?;
            writeln!(out, "    take vmalloc={}M", megabytes + (step >> 20))?;
        }
        if let Some((start, bytes)) = one_less {
            let less = megabytes - 1;
            writeln!(out, "  vmalloc={less}M is too little: VMALLOC_START {start:#x}, {} in that hole", size(bytes))?;
        }
        let then = low.end.saturating_sub(low.start) >> 20;
        match area.low {
            Some(now) => {
                let now = (now.end - now.start) >> 20;
                writeln!(out, "  its price: low memory {now} -> {then} MB; the RAM becomes high memory")?;
            }
            None => writeln!(out, "  low memory then: {then} MB; the RAM beyond is high memory")?,
        }
        if area.left_out_somewhere || area.gaps.iter().any(|gap| gap.left_out.is_some()) {
            writeln!(out, "  Rows that the text leaves out are not counted: they may need more")?;
        }
        Ok(())
    }
}

/// The area of modules.
struct Modules {
    start: u64,
    end: u64,
    rows: Vec<(u64, u64)>,
}

impl Modules {
    fn largest_hole(&self) -> u64 {
        let mut from = self.start;
        let mut largest = 0;
        for (start, end) in self.rows.iter().copied().chain([(self.end, self.end)]) {
            largest = largest.max(start.saturating_sub(from));
            from = from.max(end);
        }
        largest
    }
}

fn cannot(why: &CannotAdvise, asked: &str) -> String {
    match why {
        CannotAdvise::Fits => format!("nothing to change, {asked} fit as it is"),
        CannotAdvise::Wide => "a 64-bit kernel has no `vmalloc=`; its area cannot be full".to_owned(),
        CannotAdvise::UnknownKernel => {
            "which kernel is this? Give its boot log too: `vmalloc=` means something else on each".to_owned()
        }
        CannotAdvise::TooLarge => format!("no `vmalloc=` makes room for {asked}"),
    }
}

fn next_size(area: &Area) -> u64 {
    (0..32).map(|shift| 1u64 << (20 + shift)).find(|bytes| area.fit(*bytes).is_none()).unwrap_or(1 << 20)
}

fn fit(out: &mut dyn Write, area: &Area, bytes: u64) -> std::result::Result<Answer, std::fmt::Error> {
    if bytes == 0 {
        writeln!(out, "Fit: no, vmalloc refuses a request for nothing")?;
        return Ok(Answer::No);
    }
    let asked = exactly(bytes);
    let qualified = if area.left_out_somewhere { ", as far as the rows go that are there" } else { "" };
    if let Some(hole) = area.fit(bytes) {
        let (start, end, free) = (hole.start, hole.end, size(hole.bytes()));
        let purged = if area.gaps.contains(&hole) { "" } else { ", once what was given back is purged" };
        writeln!(
            out,
            "Fit: yes, {asked} fit into {start:#x}-{end:#x} ({free}), guard page included{purged}{qualified}"
        )?;
        return Ok(Answer::Yes);
    }
    match area.holes().first() {
        Some(hole) => {
            let (start, end, free) = (hole.start, hole.end, size(hole.bytes()));
            writeln!(
                out,
                "Fit: no, {asked} do not fit: the largest hole is {start:#x}-{end:#x}, {free} or {} bytes,",
                hole.bytes()
            )?;
            writeln!(out, "  of which the guard page behind each area takes {PAGE_SIZE}{qualified}")?;
        }
        None => writeln!(out, "Fit: no, {asked} do not fit: there is no hole{qualified}")?,
    }
    let needed = Area::with_guard(bytes).unwrap_or(u64::MAX);
    for gap in area.gaps.iter().filter(|gap| gap.left_out.is_some() && gap.bytes() >= needed) {
        writeln!(
            out,
            "  {:#x}-{:#x} would be large enough, but the text leaves out what lies there",
            gap.start, gap.end
        )?;
    }
    Ok(Answer::No)
}

/// What bounds a gap, in words.
pub fn about(area: &Area, gap: &Gap) -> String {
    let below = area.rows.iter().rev().find(|row| row.area.end == gap.start);
    let above = area.rows.iter().find(|row| row.area.start == gap.end);
    let name = |row: Option<&AreaRow>, edge: &str| match row {
        Some(row) if is_per_cpu(row) => "per-CPU memory".to_owned(),
        Some(row) if is_fixed(row) => "a fixed mapping".to_owned(),
        Some(row) => row.function().to_owned(),
        None => edge.to_owned(),
    };
    let grows = if area.growing().is_some_and(|growing| growing.end == gap.end) { "; grows with vmalloc=" } else { "" };
    format!("between {} and {}{grows}", name(below, "VMALLOC_START"), name(above, "VMALLOC_END"))
}

const SHOWN: usize = 12;

fn holes(out: &mut dyn Write, area: &Area) -> Result {
    let holes = area.holes();
    writeln!(out, "\nHoles, largest first")?;
    for hole in holes.iter().take(SHOWN) {
        let text = size(hole.bytes());
        writeln!(out, "  {:#x}-{:#x}  {text:>10}  {}", hole.start, hole.end, about(area, hole))?;
    }
    if holes.len() > SHOWN {
        let rest = total(holes[SHOWN..].iter().map(Gap::bytes));
        writeln!(out, "  … and {} more, {} together", holes.len() - SHOWN, size(rest))?;
    }
    let sum = total(holes.iter().map(Gap::bytes));
    let guards = area.rows.iter().filter(|row| has_guard(row)).count() as u64 * PAGE_SIZE;
    writeln!(out, "  together {}; guard pages behind areas take {}", size(sum), size(guards))?;
    let aligned = area.rows.iter().filter(|row| row.area.flags.ioremap && !is_fixed(row)).count();
    if aligned > 0 && holes.len() > 1 {
        writeln!(
            out,
            "  (ioremap begins at a multiple of its size rounded up to a power of two, so holes lie below it)"
        )?;
    }
    let unpurged = total(area.rows.iter().filter(|row| row.is_unpurged()).map(|row| row.size));
    if unpurged > 0 {
        writeln!(
            out,
            "  {} were given back and wait to be purged: a request that finds no hole purges them",
            size(unpurged)
        )?;
    }
    let unknown: Vec<&Gap> = area.gaps.iter().filter(|gap| gap.left_out.is_some()).collect();
    if !unknown.is_empty() {
        writeln!(out, "\nUnknown: the text leaves rows out here")?;
        for gap in unknown {
            let (text, line) = (size(gap.bytes()), gap.left_out.map_or(0, |place| place.line));
            writeln!(out, "  {:#x}-{:#x}  {text:>10}  line {line}", gap.start, gap.end)?;
        }
    }
    if area.left_out_somewhere {
        writeln!(out, "\nUnknown: the text leaves rows out, and as its rows are in no order, nobody can say where.")?;
        writeln!(out, "  Any of the holes above may hold some of them.")?;
    }
    Ok(())
}

/// Static maps and per-CPU memory have none; of what was given back nobody knows.
fn has_guard(row: &AreaRow) -> bool {
    let flags = row.area.flags;
    !is_fixed(row) && (flags.vmalloc || flags.ioremap || flags.vmap || flags.user)
}

fn holders(out: &mut dyn Write, rows: &[AreaRow], title: &str) -> Result {
    let mut by_caller: HashMap<&str, (usize, u64)> = HashMap::new();
    for row in rows {
        let caller = if row.function().is_empty() { "(no caller)" } else { row.function() };
        let entry = by_caller.entry(caller).or_default();
        *entry = (entry.0 + 1, entry.1.saturating_add(row.size));
    }
    let mut callers: Vec<(&str, (usize, u64))> = by_caller.into_iter().collect();
    callers.sort_by_key(|(name, (_, bytes))| (u64::MAX - bytes, *name));
    writeln!(out, "\n{title}")?;
    for (name, (count, bytes)) in callers.iter().take(SHOWN) {
        let plural = if *count == 1 { "" } else { "s" };
        writeln!(out, "  {:>10}  {count:>4} area{plural:<1}  {name}", size(*bytes))?;
    }
    if callers.len() > SHOWN {
        let rest = total(callers[SHOWN..].iter().map(|(_, (_, bytes))| *bytes));
        writeln!(out, "  {:>10}  by {} more callers", size(rest), callers.len() - SHOWN)?;
    }
    Ok(())
}
