//! What the failure twin answers, in words: why each zone refuses, and which change would let the request pass.

use super::{page_size, plural, size};
use crate::explain::reports::Refusal as Read;
use crate::parse::report::{Kind, Report};
use crate::scan::total;
use crate::twin::changes::{Change, Changes, BUDGET};
use crate::twin::{Difference, NoTwin, Played, Twin};
use kmem::page::refusal::{Answer, Refusal};
use kmem::page::Mobility;
use kmem::units::Order;
use std::fmt::{Result, Write};

/// A twin with all that it answered.
#[derive(Clone, Debug)]
pub struct Story {
    /// The machine.
    pub twin: Twin,
    /// What the request met.
    pub played: Played,
    /// Where that is not what the report says.
    pub differences: Vec<Difference>,
    /// What would let it pass.
    pub changes: Changes,
}

impl Story {
    /// Plays a report.
    ///
    /// # Errors
    /// [`NoTwin`] when that cannot be.
    pub fn of(report: &Report) -> std::result::Result<Self, NoTwin> {
        Self::within(report, BUDGET)
    }
    /// Plays one of several reports, for whose changes no more than `budget` blocks are restored.
    ///
    /// # Errors
    /// [`NoTwin`] when that cannot be.
    pub fn within(report: &Report, budget: u64) -> std::result::Result<Self, NoTwin> {
        let twin = Twin::of(report)?;
        let played = twin.play().map_err(NoTwin::Cannot)?;
        let (differences, changes) = (twin.differences(report, &played), twin.changes(&played, budget));
        Ok(Self { twin, played, differences, changes })
    }
}

/// Writes why there is no twin.
///
/// # Errors
/// What writing gives.
pub fn explain_none(out: &mut dyn Write, why: &NoTwin) -> Result {
    match why {
        NoTwin::OfCgroup => writeln!(out, "  It was the limit of a memory cgroup: the zones were not asked"),
        NoTwin::PageSize(kb) => {
            writeln!(out, "  Not asked again in the engine: this kernel's pages are of {kb} kB, the engine's of 4 kB")
        }
        // Nothing is missed.
        NoTwin::NoZones | NoTwin::NoRequest => Ok(()),
        NoTwin::Missing { zone, what } => {
            writeln!(out, "  Not asked again in the engine: the line of zone {zone} breaks off before `{what}`")
        }
        NoTwin::Cannot(error) => writeln!(out, "  Not asked again in the engine: {error}"),
    }
}

/// Writes what was played: the outcome, each zone's answer, what differs.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, report: &Report, story: &Story) -> Result {
    let Story { twin, played, differences, .. } = story;
    let (major, minor, _) = twin.profile.version;
    let rules = match twin.is_exact() {
        true => format!("rules of Linux {major}.{minor}"),
        false => format!(
            "rules of Linux {major}.{minor}, the nearest to {}.{} that it knows",
            twin.version.0, twin.version.1
        ),
    };
    let from = played.answers.iter().find(|answer| answer.refusal.is_none()).map_or("a zone", |answer| answer.name);
    let outcome = match (played.served, report.kind) {
        (false, Kind::Vmalloc) => "no page is to be had there either".to_owned(),
        (false, _) if report.stalled => "refused: the kernel waited".to_owned(),
        (false, _) => "refused, as the report says".to_owned(),
        (true, Kind::Vmalloc) if !report.of_pages => format!("zone {from} gives it: pages are not what was missing"),
        (true, _) => format!("zone {from} gives it"),
    };
    writeln!(out, "  Asked again in the engine ({rules}): {outcome}")?;
    for answer in &played.answers {
        zone(out, twin, answer)?;
    }
    if played.served && (report.kind != Kind::Vmalloc || report.of_pages) && report.kind != Kind::State {
        match report.stalled {
            true => writeln!(out, "    The kernel gave it too, but late: it had to wait for these pages")?,
            false if report.kind == Kind::Oom => writeln!(
                out,
                "    Engine and report differ: by these numbers it would do. Memory came free between the attempt and the printout; and the\n    \
                 kernel's last try before it kills is against the high mark"
            )?,
            false => writeln!(
                out,
                "    Engine and report differ: the kernel refused, yet by these numbers it would do. The zone was filled or compacted\n    \
                 between the attempt and the printout, or the kernel asked for more than the report says"
            )?,
        }
    }
    for difference in differences {
        let Difference::Zone { node, zone, read, played } = difference else { continue };
        let (place, read, played) = (place(*node, zone), read_words(*read), played_words(*played));
        writeln!(out, "    {place}: line by line its numbers say: {read}; the engine says: {played}")?;
    }
    for note in &twin.notes {
        writeln!(out, "    ({note})")?;
    }
    Ok(())
}

fn place(node: u32, zone: &str) -> String {
    if node > 0 {
        format!("node {node} {zone}")
    } else {
        zone.to_owned()
    }
}
fn read_words(refusal: Option<Read>) -> String {
    match refusal {
        Some(Read::Pages { needed, usable }) => format!("{} page{} too few", needed - usable, plural(needed - usable)),
        Some(Read::Blocks) => "no block".to_owned(),
        Some(Read::None) | None => "it would do".to_owned(),
    }
}
fn played_words(refusal: Option<Refusal>) -> String {
    match refusal {
        Some(Refusal::Pages { missing }) => format!("{missing} page{} too few", plural(missing)),
        Some(Refusal::Pieces | Refusal::Blocks | Refusal::Types) => "no block".to_owned(),
        None => "it would do".to_owned(),
    }
}

/// Writes a zone's answer to the last attempt: above the min mark, as far as the flags allow.
fn zone(out: &mut dyn Write, twin: &Twin, answer: &Answer) -> Result {
    let Answer { node, name, free, usable, mark, lowered, reserve, needed, .. } = *answer;
    let (place, order) = (place(node, name), twin.request.order);
    let record = twin.zones.iter().find(|zone| zone.node == node && zone.kind == answer.kind);
    let Some(refusal) = answer.refusal else {
        return writeln!(out, "    {place}: would give it: {usable} pages count for it, {needed} are needed");
    };
    let Refusal::Pages { missing } = refusal else {
        return blocks(out, twin, answer, refusal);
    };
    writeln!(
        out,
        "    {place}: {missing} page{} too few: {usable} of {free} free ones count for it, {needed} are needed",
        plural(missing)
    )?;
    let mut parts = vec![match record.map_or(0, |zone| zone.boost) {
        0 => format!("the min mark is {mark}"),
        boost => format!("the min mark is {mark}, {boost} of it because of fragmentation"),
    }];
    if lowered != mark {
        parts.push(format!("down to {lowered} by its flags"));
    }
    if reserve > 0 {
        parts.push(format!("{reserve} are kept for requests that need this zone"));
    }
    if order > Order::ZERO {
        parts.push(format!("{} are asked for", order.pages()));
    }
    writeln!(out, "      {}", parts.join("; "))?;
    if let Some(zone) = record.filter(|_| usable < free) {
        let of = |kind: Mobility| {
            let pages = zone.free.iter().enumerate().map(|(order, blocks)| blocks[kind.index()] << order);
            total(pages)
        };
        let cma = of(Mobility::Cma);
        let words = match (cma > 0, zone.high_atomic > 0) {
            (true, true) => "the contiguous area and what is set aside for important requests do not count",
            (true, false) => "the contiguous area does not count: the pages cannot be moved",
            _ => "what is set aside for important requests does not count",
        };
        writeln!(out, "      {words}")?;
    }
    Ok(())
}

fn blocks(out: &mut dyn Write, twin: &Twin, answer: &Answer, refusal: Refusal) -> Result {
    let (place, order) = (place(answer.node, answer.name), twin.request.order);
    let record = twin.zones.iter().find(|zone| zone.node == answer.node && zone.kind == answer.kind);
    let blocks = record.map_or(0, |zone| total(zone.free[order.index()..].iter().flatten().copied()));
    let free = page_size(answer.free);
    let s = plural(blocks);
    writeln!(out, "    {place}: {free} are free, but not in one piece: {blocks} block{s} of order {order} or larger")?;
    let largest = answer.largest_block().map_or("there is no free block".to_owned(), |largest| {
        let kinds = Mobility::ALL.iter().filter(|kind| answer.largest[kind.index()] == Some(largest));
        let kinds: Vec<&str> = kinds.map(|kind| kind_words(*kind)).collect();
        format!("the largest free block is of order {largest} ({}): {}", size(4096 << largest.raw()), kinds.join(", "))
    });
    writeln!(out, "      {largest}")?;
    match refusal {
        Refusal::Pieces => writeln!(
            out,
            "      before 4.4 each higher order had to keep half of the mark: too much of it lies in small blocks"
        ),
        Refusal::Types => writeln!(out, "      blocks of that type are not for this request"),
        _ => Ok(()),
    }
}

fn kind_words(kind: Mobility) -> &'static str {
    match kind {
        Mobility::Unmovable => "unmovable",
        Mobility::Movable => "movable",
        Mobility::Reclaimable => "reclaimable",
        Mobility::HighAtomic => "set aside for important requests",
        Mobility::Cma => "contiguous area",
        Mobility::Isolate => "isolated",
    }
}

/// Writes which changes would let the request pass.
///
/// # Errors
/// What writing gives.
pub fn changes(out: &mut dyn Write, report: &Report, story: &Story) -> Result {
    let Changes { found, is_cut } = &story.changes;
    if story.played.served {
        return Ok(());
    }
    let rest = if *is_cut { "; the machine is so large that not all was tried" } else { "" };
    if found.is_empty() {
        return writeln!(out, "  No single change that was tried lets it pass{rest}");
    }
    writeln!(out, "  Each of these alone lets it pass; played in the engine, and with one step less it fails{rest}:")?;
    for change in found {
        writeln!(out, "    {}", words(change, report))?;
    }
    Ok(())
}

/// A change in words.
pub fn words(change: &Change, report: &Report) -> String {
    match change {
        Change::FreePages { node, zone, pages } => {
            let (place, bytes) = (place(*node, zone), page_size(*pages));
            let less = pages - 1;
            let fails = if less == 0 { String::new() } else { format!("; with {less} it fails") };
            format!(
                "{pages} more free page{} in zone {place} ({bytes}){fails}{}",
                plural(*pages),
                reclaimable(report, *pages)
            )
        }
        Change::FreeBlocks { node, zone, order, blocks } => {
            let (place, bytes, below) = (place(*node, zone), size(4096 << order), order - 1);
            let many = if *blocks == 1 { "block" } else { "blocks" };
            format!(
                "{blocks} more free {many} of order {order} ({bytes}) in zone {place}, neither of the contiguous area nor set \
                 aside;\n      as many of order {below} do not do"
            )
        }
        Change::NoBoost => {
            "the marks without what fragmentation adds to them: kswapd takes that back with time".to_owned()
        }
        Change::MinFreeKbytes { now, kbytes } => {
            let also = if kbytes >= now { " (writing it takes the boost of the marks back)" } else { "" };
            let price = if kbytes < now { "; but that is the reserve of requests that cannot wait" } else { "" };
            format!("vm.min_free_kbytes={kbytes}, now {now}{also}; with {} it fails{price}", kbytes + 4)
        }
        Change::ReserveRatio { zone, now, ratio } => {
            format!(
                "vm.lowmem_reserve_ratio: {ratio} at the place of zone {zone}, now {now}; with {} it fails",
                ratio - 1
            )
        }
        Change::Flags { words, .. } => format!("asking {words}"),
        Change::Order(order) => {
            format!("asking for order {order} ({}); order {} fails", size(4096 << order), order + 1)
        }
    }
}

/// Whether reclaim could free so many pages.
fn reclaimable(report: &Report, pages: u64) -> String {
    if report.all_unreclaimable || report.zones.iter().any(|zone| zone.unreclaimable) {
        return String::new();
    }
    let count = |names: &[&str]| total(names.iter().filter_map(|name| report.counter(name)));
    let caches = count(&["active_file", "inactive_file", "slab_reclaimable"]);
    let swap = report.swap_kb.0.unwrap_or(0) / 4;
    let anon = count(&["active_anon", "inactive_anon"]).min(swap);
    match (caches >= pages, caches.saturating_add(anon) >= pages) {
        (true, _) => {
            format!("\n      caches hold {}: reclaim could free so many, if they can be freed", page_size(caches))
        }
        (false, true) => format!("\n      caches hold {}, the rest would have to go to swap", page_size(caches)),
        _ => String::new(),
    }
}
