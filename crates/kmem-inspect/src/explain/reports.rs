//! A report of a request that found no memory, in words: what was asked, why each zone refused, what would help.
//!
//! Each zone is checked as the kernel of the report's version checks it, with the numbers that the report prints: free
//! pages less those the request may not have, against the mark as far as this request may go below it and what the zone
//! keeps from requests that prefer a higher zone; then whether there is a block that is large enough. The rules are the
//! engine's (`page/attempt.rs`, `page/rule.rs`). A report is printed after the fact: a zone that would do by its numbers is
//! said to have been filled again meanwhile.

use super::twin::{self, Story};
use super::{kilobytes, plural, size};
use crate::gfp::{epoch, meaning, EPOCHS};
use crate::parse::kernel_log::Version;
use crate::parse::report::{Kind, Report, ZoneState};
use crate::scan::total;
use crate::twin::NoTwin;
use kmem::gfp::Gfp;
use kmem::page::attempt::{Attempt, Caller, Latitude};
use kmem::page::rule::{Harder, OrderCheck, PageRule};
use kmem::profile::{amd64_6_12, arm_3_4, i386_pae_6_1, linux_2_6_i386};
use kmem::units::Order;
use std::fmt::{Result, Write};

/// Why a zone refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It has too few pages above what must stay: so many are missing.
    Pages {
        /// Pages that it needs.
        needed: u64,
        /// Pages that count for this request.
        usable: u64,
    },
    /// It has pages enough, but no block that is large enough.
    Blocks,
    /// By the report's numbers it would do.
    None,
}

/// A zone and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    /// The zone.
    pub zone: &'a ZoneState,
    /// Why it refused.
    pub refusal: Refusal,
    /// The mark, lowered as far as the request may go, in pages.
    pub mark: u64,
    /// What it keeps from this request, in pages.
    pub reserve: u64,
}

/// The order in which zones stand.
const ZONES: [&str; 5] = ["DMA", "DMA32", "Normal", "HighMem", "Movable"];

/// The engine's rule of a version. What is between two profiles has the older one's rule.
pub(crate) fn rule(version: Option<Version>) -> &'static PageRule {
    PageRule::of(match version {
        Some(version) if version < (2, 6, 24) => &linux_2_6_i386::PROFILE,
        Some(version) if version < (4, 4, 0) => &arm_3_4::PROFILE,
        Some(version) if version < (6, 3, 0) => &i386_pae_6_1::PROFILE,
        _ => &amd64_6_12::PROFILE,
    })
}

/// The flags of a report, by its version; without one by the epoch that knows all bits and has a name for them.
pub fn flags(report: &Report) -> Option<Gfp> {
    let raw = report.mode.filter(|_| !report.is_of_fault())?;
    Some(epoch(report.version.unwrap_or_else(|| guess(report))).encoding.decode(raw).0)
}

/// Whether the number and the words of a report's flags say the same in its kernel; `None` where that cannot be told.
pub fn mask_agrees(report: &Report) -> Option<bool> {
    let (mode, words) = (report.mode?, report.words.as_deref()?);
    let number = epoch(report.version?).number(words).ok()?;
    Some(number == mode)
}

/// A report without a version: by the first line's form and mask.
fn guess(report: &Report) -> Version {
    let raw = report.mode.unwrap_or(0);
    let zones_have = |name: &str| report.zones.iter().any(|zone| zone.kb(name).is_some());
    match &report.words {
        // 6.8 and later say what of the pages that are set aside is free; before 4.4 there were none.
        Some(words) if zones_have("reserved_highatomic") && !zones_have("free_highatomic") => {
            let older = EPOCHS.iter().rev().filter(|epoch| epoch.from < (6, 3, 0));
            let found = older.into_iter().find(|epoch| epoch.number(words) == Ok(raw));
            found.map_or((6, 3, 0), |epoch| if epoch.from == (5, 0, 0) { (6, 1, 0) } else { epoch.from })
        }
        // With words the number must say the same.
        Some(words) => {
            let all = EPOCHS.iter().rev();
            all.into_iter().find(|epoch| epoch.number(words) == Ok(raw)).map_or((6, 1, 0), |epoch| epoch.from)
        }
        // No words before 4.6.
        None if raw & 0x240_0000 == 0 => (3, 4, 0),
        None => (4, 4, 0),
    }
}

/// The version of a report's kernel: told, or guessed by the form of the first line.
pub(crate) fn version_of(report: &Report) -> Version {
    report.version.unwrap_or_else(|| guess(report))
}

/// Asks each zone that the request may use, the preferred one first.
pub fn verdicts(report: &Report) -> Vec<Verdict<'_>> {
    let (Some(gfp), Some(order)) = (flags(report), report.order) else { return Vec::new() };
    ask_zones(&report.zones, report.version.or_else(|| Some(guess(report))), gfp, order)
}

/// Asks zones for `2^order` pages, as the kernel of this version would. The preferred zone comes first.
pub fn ask_zones(zones: &[ZoneState], version: Option<Version>, gfp: Gfp, order: u32) -> Vec<Verdict<'_>> {
    if order as usize >= Order::COUNT {
        return Vec::new();
    }
    let rule = rule(version);
    let has = |name: &str| zones.iter().any(|zone| zone.name == name);
    let highest = match gfp {
        // A kernel that has no such zone takes the next one for it.
        _ if gfp.contains(Gfp::DMA) && has("DMA") => 0,
        _ if gfp.contains(Gfp::DMA32) && has("DMA32") => 1,
        _ if gfp.contains(Gfp::HIGHMEM | Gfp::MOVABLE) => 4,
        _ if gfp.contains(Gfp::HIGHMEM) => 3,
        _ => 2,
    };
    let attempt = Attempt::second(rule, gfp, order, Caller::Ordinary);
    let at = |zone: &ZoneState| ZONES.iter().position(|name| *name == zone.name).unwrap_or(2);
    let names = zone_names(zones);
    // The array has a place for each zone that the kernel was built with.
    let place = names.iter().rposition(|name| ZONES.iter().position(|known| known == name) <= Some(highest));
    // A zone whose free pages or mark cannot be read says nothing.
    let is_read = |zone: &ZoneState| zone.kb("free").is_some() && zone.kb("min").is_some();
    let has_pages = |zone: &ZoneState| zone.kb("present") != Some(0) && is_read(zone);
    let mut allowed: Vec<&ZoneState> = zones.iter().filter(|zone| at(zone) <= highest && has_pages(zone)).collect();
    allowed.sort_by_key(|zone| (zone.node, usize::MAX - at(zone)));
    let verdict = |zone| {
        let zone: &ZoneState = zone;
        let reserve = place.and_then(|place| zone.reserve.get(place)).copied().unwrap_or(0);
        (ask(zone, rule, attempt, order, reserve), reserve)
    };
    allowed
        .into_iter()
        .map(|zone| {
            let ((refusal, mark), reserve) = verdict(zone);
            Verdict { zone, refusal, mark, reserve }
        })
        .collect()
}

/// The zones that the kernel was built with, as far as a report tells: `lowmem_reserve` has a place for each.
fn zone_names(zones: &[ZoneState]) -> Vec<&'static str> {
    let has = |name: &str| zones.iter().any(|zone| zone.name == name);
    let wide = has("DMA32");
    // Only 32-bit kernels have high memory, only 64-bit ones the zone below 4 GiB.
    let built = |name: &&str| match *name {
        "DMA" => has("DMA"),
        "DMA32" => wide,
        "HighMem" => !wide,
        _ => true,
    };
    ZONES.into_iter().filter(built).collect()
}

fn ask(zone: &ZoneState, rule: &PageRule, attempt: Attempt, order: u32, reserve: u64) -> (Refusal, u64) {
    let count = |name: &str| zone.pages(name).unwrap_or(0);
    let all = attempt.latitude.contains(Latitude::NO_WATERMARKS);
    let mut barred = 0u64;
    if !all && !attempt.latitude.contains(Latitude::CMA) {
        barred = count("free_cma");
    }
    if !all && !attempt.counts_reserves(rule) {
        barred = barred.saturating_add(zone.pages("free_highatomic").unwrap_or_else(|| zone.set_aside()));
    }
    let usable = count("free").saturating_sub(barred);
    // Boosts are not for single pages of those who cannot wait.
    let important = if rule.harder == Harder::NoWaitAndHigh { Latitude::HIGH } else { Latitude::HARDER };
    let spared = if order == 0 && attempt.latitude.contains(important) { count("boost") } else { 0 };
    let mark = if all { 0 } else { attempt.lowered(rule, count("min").saturating_sub(spared)) };
    let kept = if all { 0 } else { mark.saturating_add(reserve) };
    // What is set aside and not free is missing too.
    let needed = kept.saturating_add(1 << order).saturating_add(barred.saturating_sub(count("free")));
    let refusal = if usable < needed {
        Refusal::Pages { needed, usable }
    } else if order > 0 && zone.has_blocks && !has_block(zone, rule, attempt, order, usable, mark) {
        Refusal::Blocks
    } else {
        Refusal::None
    };
    (refusal, mark)
}

fn has_block(zone: &ZoneState, rule: &PageRule, attempt: Attempt, order: u32, usable: u64, mark: u64) -> bool {
    match rule.order_check {
        OrderCheck::Block => {
            // Blocks whose only types are the contiguous area (C) or set aside (H) are not for everybody.
            let may = |letter: char| match letter {
                'C' => attempt.latitude.contains(Latitude::CMA),
                'H' => attempt.latitude.contains(Latitude::HIGH_ATOMIC),
                'I' => false,
                _ => true,
            };
            let any = |order: usize| {
                let types = zone.types.get(order).map_or("", String::as_str);
                zone.blocks[order] > 0 && (types.is_empty() || types.chars().any(may))
            };
            (order as usize..zone.blocks.len()).any(any)
        }
        OrderCheck::Halving => {
            let (mut free, mut least) = (usable.saturating_sub((1 << order) - 1), mark);
            (0..order).all(|below| {
                free = free.saturating_sub(zone.blocks[below as usize].saturating_mul(1 << below));
                least >>= 1;
                free > least
            })
        }
    }
}

/// Writes what a report says.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, report: &Report) -> Result {
    explain_story(out, report, &Story::of(report))
}

/// Writes what a report says, with what was played of it.
///
/// # Errors
/// What writing gives.
pub fn explain_story(out: &mut dyn Write, report: &Report, story: &std::result::Result<Story, NoTwin>) -> Result {
    head(out, report)?;
    let verdicts = verdicts(report);
    match story {
        Ok(story) => twin::explain(out, report, story)?,
        Err(why) => {
            for verdict in verdicts.iter().filter(|_| *why != NoTwin::OfCgroup) {
                let order = report.order.unwrap_or(0);
                let else_words = "by these numbers it would do; it was filled or compacted after the request failed";
                zone(out, order, verdict, else_words)?;
            }
            if *why == NoTwin::NoRequest && report.kind == Kind::Oom {
                zones_and_marks(out, report)?;
            }
            twin::explain_none(out, why)?;
        }
    }
    if report.kind == Kind::State {
        return state(out, report);
    }
    help(out, report, &verdicts, story.as_ref().ok())
}

/// Writes what a state of memory has that nobody's request failed for (SysRq-m): zones against their marks, and who holds what.
fn state(out: &mut dyn Write, report: &Report) -> Result {
    zones_and_marks(out, report)?;
    holders(out, report)?;
    tasks(out, report)
}

fn zones_and_marks(out: &mut dyn Write, report: &Report) -> Result {
    for zone in &report.zones {
        let name = if zone.node > 0 { format!("node {} {}", zone.node, zone.name) } else { zone.name.clone() };
        let kb = |name: &str| zone.kb(name).unwrap_or(0);
        let free = kb("free");
        let place = match free {
            _ if free < kb("min") => "below min",
            _ if free < kb("low") => "below low",
            _ if free < kb("high") => "between low and high",
            _ => "above high",
        };
        let marks = [kilobytes(kb("min")), kilobytes(kb("low")), kilobytes(kb("high"))];
        writeln!(
            out,
            "  {name}: {} free, {place} (min {}, low {}, high {})",
            kilobytes(free),
            marks[0],
            marks[1],
            marks[2]
        )?;
    }
    Ok(())
}

fn tasks(out: &mut dyn Write, report: &Report) -> Result {
    let largest = report.tasks.iter().take(3);
    largest
        .into_iter()
        .try_for_each(|(pid, rss, name)| writeln!(out, "  {name} ({pid}) has {} resident", pages_of(report, *rss)))
}

/// The kind of a report and what was asked, in words.
pub(super) fn title(report: &Report) -> String {
    let who = if report.comm.is_empty() { "somebody" } else { &report.comm };
    let line = report.place.line;
    match report.kind {
        Kind::State => format!("State of memory (line {line})"),
        Kind::Vmalloc => {
            let bytes = report.bytes.map_or("some memory".to_owned(), size);
            let why = report.why.as_ref().map_or(String::new(), |why| format!("; the kernel says: {why}"));
            // 5.13 and later print what there was by then.
            let partly = report.why.as_ref().is_some_and(|why| why.ends_with("failed to allocate pages"));
            let what = match report.of_pages {
                true if partly => format!("had {bytes} of what it asked for when pages ran out"),
                true => format!("asked for {bytes}, and pages ran out"),
                false => format!("asked for {bytes}"),
            };
            format!("vmalloc failed (line {line}): `{who}` {what}{why}")
        }
        Kind::Slab => {
            let cache = report.cache.as_deref().unwrap_or("a slab cache");
            let pages = kilobytes(report.page_kb() << report.order.unwrap_or(0).min(40));
            format!("Slab cache {cache} could not grow (line {line}): no {pages} for a slab")
        }
        Kind::Pages | Kind::Oom => {
            let title = match report.kind {
                Kind::Oom => "Out of memory",
                _ if report.stalled => "Page allocation stall",
                _ => "Page allocation failure",
            };
            let title = match &report.cgroup {
                _ if !report.of_cgroup => title.to_owned(),
                Some(group) => format!("A memory cgroup, {group}, is out of memory"),
                None => "A memory cgroup is out of memory".to_owned(),
            };
            if report.by_hand {
                return format!("The OOM killer was called by hand, SysRq-f (line {line})");
            }
            if report.is_of_fault() {
                return format!("{title} (line {line}): a page fault of `{who}` found no memory");
            }
            if report.order.is_none() && report.mode.is_none() {
                // Without its other lines a report without a victim is the last word of a panic.
                let stopped = report.kind == Kind::Oom && report.killed.is_none();
                let end = if stopped { ": nobody was killed, the kernel stopped (panic)" } else { "" };
                return format!("{title} (line {line}){end}");
            }
            let Some(order) = report.order else {
                return format!("{title} (line {line}): `{who}` asked for memory, the report does not say how much");
            };
            let bytes = kilobytes(report.page_kb() << order.min(40));
            let piece =
                if order == 0 { "one page".to_owned() } else { format!("{bytes} in one piece (order {order})") };
            format!("{title} (line {line}): `{who}` asked for {piece}")
        }
    }
}

fn head(out: &mut dyn Write, report: &Report) -> Result {
    writeln!(out, "{}", title(report))?;
    if let (Some(raw), Some(gfp)) = (report.mode, flags(report)) {
        let epoch = epoch(report.version.unwrap_or_else(|| guess(report)));
        if report.version.is_some() {
            writeln!(out, "  flags {raw:#x}: {} in {}", epoch.words(raw), epoch.name)?;
        } else {
            // Without a version all kernels that give the words this number.
            let words = epoch.words(raw);
            let same = EPOCHS.iter().filter(|epoch| epoch.words(raw) == words).map(|epoch| epoch.name);
            let names: Vec<&str> = same.collect();
            writeln!(out, "  flags {raw:#x}: {words}, if it is Linux {}; the report does not say", names.join(" or "))?;
        }
        writeln!(out, "  that is: {}", meaning(gfp).join("; "))?;
    }
    Ok(())
}

/// Writes a zone's answer to a request of this order.
///
/// # Errors
/// What writing gives.
pub fn zone(out: &mut dyn Write, order: u32, verdict: &Verdict<'_>, else_words: &str) -> Result {
    let Verdict { zone, refusal, mark, reserve } = verdict;
    let name = if zone.node > 0 { format!("node {} {}", zone.node, zone.name) } else { zone.name.clone() };
    match refusal {
        Refusal::Pages { needed, usable } => {
            let missing = needed - usable;
            let s = plural(missing);
            writeln!(out, "  {name}: {missing} page{s} too few. {usable} count for this request; the mark is {mark}")?;
            let kept = if *reserve > 0 {
                format!(", {reserve} are kept for requests that need this zone")
            } else {
                String::new()
            };
            writeln!(
                out,
                "    (min {} pages, as far as this request may go below it){kept}",
                zone.pages("min").unwrap_or(0)
            )
        }
        Refusal::Blocks => {
            let free = kilobytes(zone.kb("free").unwrap_or(0));
            writeln!(
                out,
                "  {name}: {free} are free, but not in one piece: {} block{} of order {order} or larger",
                zone.blocks_from(order),
                plural(zone.blocks_from(order))
            )?;
            let largest = zone.blocks.iter().rposition(|blocks| *blocks > 0);
            let largest = largest.map_or(String::new(), |order| {
                format!("    the largest free block is of order {order} ({})", kilobytes(zone.page_kb() << order))
            });
            writeln!(out, "{largest}")
        }
        Refusal::None => {
            writeln!(out, "  {name}: {else_words}")
        }
    }
}

/// Writes so many pages of a report as a size.
pub(super) fn pages_of(report: &Report, count: u64) -> String {
    kilobytes(count.saturating_mul(report.page_kb()))
}

/// What the memory is used for, the most first.
fn holders(out: &mut dyn Write, report: &Report) -> Result {
    let count = |names: &[&str]| total(names.iter().filter_map(|name| report.counter(name)));
    let shmem = count(&["shmem"]);
    let anon = count(&["active_anon", "inactive_anon"]);
    // Before 2.6.28 there is one list for all, and one number of slabs.
    let both = if report.counter("active_anon").is_none() { count(&["Active", "active", "inactive"]) } else { 0 };
    let mut parts = [
        ("of processes and page cache", both),
        ("slabs", count(&["slab"])),
        // Shared memory stands on the lists of anonymous pages.
        ("of processes", anon.saturating_sub(shmem)),
        ("shared memory and tmpfs", shmem),
        ("page cache", count(&["active_file", "inactive_file"])),
        ("slabs that can be reclaimed", count(&["slab_reclaimable"])),
        ("slabs that cannot", count(&["slab_unreclaimable"])),
        ("free", count(&["free"])),
    ];
    parts.sort_by_key(|(_, pages)| u64::MAX - pages);
    let text: Vec<String> = parts
        .iter()
        .filter(|(_, pages)| *pages > 0)
        .map(|(name, count)| format!("{} {name}", pages_of(report, *count)))
        .collect();
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "  Memory: {}", text.join(", "))
}

fn help(out: &mut dyn Write, report: &Report, verdicts: &[Verdict<'_>], story: Option<&Story>) -> Result {
    let gfp = flags(report).unwrap_or(Gfp::KERNEL);
    if let Some((usage, limit)) = report.cgroup_kb {
        writeln!(out, "  The group has {} of the {} that it may have", kilobytes(usage), kilobytes(limit))?;
    }
    let short = verdicts.iter().any(|verdict| matches!(verdict.refusal, Refusal::Pages { .. }));
    let reclaimable: u64 =
        total(["active_file", "inactive_file", "slab_reclaimable"].iter().filter_map(|name| report.counter(name)));
    holders(out, report)?;
    if let Some(free) = report.free_elsewhere() {
        let by = report.constraint.map_or(String::new(), |by| format!(", by {by}"));
        writeln!(out, "  It may not use all nodes{by}: the others have {} free", pages_of(report, free))?;
    }
    if report.is_of_fault() {
        writeln!(out, "  The report does not say what was asked for below the fault: `gfp_mask=0x0` is no request")?;
    }
    if report.kind != Kind::Vmalloc {
        if !gfp.may_sleep() {
            writeln!(out, "  It could not wait for reclaim: the flags forbid sleeping")?;
            if reclaimable > 1024 {
                let bytes = pages_of(report, reclaimable);
                writeln!(
                    out,
                    "  About {bytes} could be reclaimed: with GFP_KERNEL the request would have waited for them"
                )?;
            }
        } else if report.all_unreclaimable || report.zones.iter().any(|zone| zone.unreclaimable) {
            writeln!(out, "  Reclaim has given up: nothing more could be freed")?;
        } else if short && reclaimable <= 4096 && report.counter("active_file").is_some() {
            let swap = if report.swap_kb.1 == Some(0) { ", and there is no swap" } else { "" };
            writeln!(out, "  Reclaim did not help: caches have {} only{swap}", pages_of(report, reclaimable))?;
        }
        let boost: u64 = total(report.zones.iter().filter_map(|zone| zone.kb("boost")));
        if boost > 0 && short {
            writeln!(out, "  Fragmentation has raised the marks by {} for a while", kilobytes(boost))?;
        }
    }
    if let Some((pid, name)) = &report.killed {
        writeln!(out, "  Killed: {name} ({pid})")?;
    }
    tasks(out, report)?;
    if let Some(story) = story {
        twin::changes(out, report, story)?;
    }
    advice(report).into_iter().try_for_each(|line| writeln!(out, "  What would help: {line}"))
}

/// A vmalloc of so many bytes is seldom meant.
const LARGE: u64 = 4 << 30;

/// Who has the memory of a machine, or of a group, that has none left, and what to do about it.
fn less_memory(report: &Report) -> Vec<String> {
    let mut advice = Vec::new();
    if report.of_cgroup {
        let group = report.cgroup.as_ref().map_or(String::new(), |group| format!(" {group}"));
        advice.push(format!(
            "the machine itself has memory: raise the limit of the cgroup{group} (memory.max, or memory.limit_in_bytes), or let its processes take less"
        ));
        return advice;
    }
    if let Some(free) = report.free_elsewhere().filter(|free| *free > 0) {
        let bytes = pages_of(report, free);
        advice.push(format!(
            "other nodes have {bytes} free: let it use them (cpuset.mems of its cpuset, numactl), or move it there"
        ));
        return advice;
    }
    let count = |name: &str| report.counter(name).unwrap_or(0);
    let (shared, slabs) = (count("shmem"), count("slab_unreclaimable"));
    // Shared memory stands on the lists of anonymous pages. Before 2.6.28 there is one list for all.
    let lists = count("active_anon").saturating_add(count("inactive_anon"));
    let own = if lists > 0 { lists.saturating_sub(shared) } else { count("Active").saturating_add(count("inactive")) };
    let most = own.max(shared).max(slabs);
    if most == 0 {
        return advice;
    }
    let bytes = pages_of(report, most);
    if most == own && lists == 0 {
        let written = count("dirty").saturating_add(count("writeback"));
        let waits = match written > own / 4 {
            true => format!("; {} of it wait to be written: lower vm.dirty_ratio", pages_of(report, written)),
            false => String::new(),
        };
        advice
            .push(format!("processes and the page cache, which this kernel does not tell apart, have {bytes}{waits}"));
        return advice;
    }
    if most == slabs {
        advice.push(format!(
            "slabs that cannot be reclaimed have {bytes}: compare two captures of /proc/slabinfo, the cache that grows leaks"
        ));
        return advice;
    }
    if most == shared {
        advice.push(format!(
            "files in tmpfs and shared memory have {bytes}: remove some, or give the mounts a size that the machine can bear"
        ));
    } else {
        let who = report
            .tasks
            .first()
            .filter(|(_, rss, _)| *rss >= most / 8)
            .map_or(String::new(), |(pid, rss, name)| format!(", {name} ({pid}) alone {}", pages_of(report, *rss)));
        advice.push(format!(
            "processes have {bytes}{who}: let them take less (limits of their own: memory.max of a cgroup), or give the machine more"
        ));
    }
    match report.swap_kb {
        (_, Some(0)) => {
            advice.push("there is no swap, so such memory cannot be written out: add some, or zram".to_owned())
        }
        (Some(free), Some(all)) if free < all / 20 => {
            advice.push(format!("swap is full ({} of {} free)", kilobytes(free), kilobytes(all)));
        }
        _ => (),
    }
    advice
}

/// What would help, besides what was played.
pub(super) fn advice(report: &Report) -> Vec<String> {
    let gfp = flags(report).unwrap_or(Gfp::KERNEL);
    let order = report.order.unwrap_or(0);
    let verdicts = verdicts(report);
    let short = verdicts.iter().any(|verdict| matches!(verdict.refusal, Refusal::Pages { .. }));
    let broken = verdicts.iter().any(|verdict| verdict.refusal == Refusal::Blocks);
    let mut advice = Vec::new();
    if report.by_hand {
        advice
            .push("somebody wrote to /proc/sysrq-trigger or pressed the keys: that says nothing of memory".to_owned());
    } else if report.kind == Kind::Oom {
        advice.extend(less_memory(report));
    }
    let orders = report.zones.iter().filter(|zone| zone.has_blocks).map(|zone| zone.types.len()).max();
    if let Some(most) = orders.filter(|orders| *orders > 0 && order as usize >= *orders).map(|orders| orders - 1) {
        let bytes = kilobytes(report.page_kb() << most);
        advice.push(format!(
            "this kernel has no blocks above order {most} ({bytes}): ask for less in one piece, or use vmalloc"
        ));
        return advice;
    }
    if order > 3 {
        advice.push("ask for less in one piece: kvmalloc or vmalloc where it need not be contiguous".to_owned());
    }
    if order > 0 && broken {
        advice.push(
            "compact (`echo 1 > /proc/sys/vm/compact_memory`), raise vm.min_free_kbytes so that large blocks stay"
                .to_owned(),
        );
    }
    if !gfp.may_sleep() && short {
        // As `min_free_kbytes` counts: zones of high memory have marks of their own.
        let low = report.zones.iter().filter(|zone| !["HighMem", "Movable"].contains(&zone.name.as_str()));
        let min = total(low.filter_map(|zone| zone.kb("min")));
        let how = if order == 0 { "`--advise` computes how large" } else { "twice as much is a first try" };
        advice.push(format!("a larger reserve: vm.min_free_kbytes, now about {min}; {how}"));
    }
    let too_large = report
        .bytes
        .zip(report.ram_pages)
        .is_some_and(|(bytes, pages)| bytes >> 10 > pages.saturating_mul(report.page_kb()));
    if report.kind == Kind::Vmalloc && report.bytes == Some(0) {
        advice
            .push("nothing was asked for, and that always fails: look at how the caller computes the size".to_owned());
    } else if report.kind == Kind::Vmalloc && report.ram_pages.is_none() && report.bytes > Some(LARGE) {
        advice
            .push("more than the machine's RAM is always refused: look at how the caller computes the size".to_owned());
    } else if report.kind == Kind::Vmalloc && too_large {
        let ram = pages_of(report, report.ram_pages.unwrap_or(0));
        advice.push(format!("the machine has {ram} of RAM: the size is wrong, or computed wrongly"));
    } else if report.of_pages {
        advice.push(
            "pages ran out, not addresses, so `vmalloc=` does not help: ask for less, or give the machine more memory"
                .to_owned(),
        );
    } else if report.kind == Kind::Vmalloc && !short {
        advice.push(
            "pages are not what was missing: look at the addresses (give /proc/vmallocinfo, use --fit)".to_owned(),
        );
    }
    advice
}
