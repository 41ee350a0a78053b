//! The state of memory, in words: zones against their watermarks, free blocks by order, nodes, counters, where RAM lies, who holds
//! slabs.

use super::{kilobytes, size};
use crate::parse::buddyinfo::{free_pages, BuddyInfo};
use crate::parse::iomem::IoMem;
use crate::parse::meminfo::MemInfoFile;
use crate::parse::pagetypeinfo::PageTypeInfo;
use crate::parse::report::PAGE_KB;
use crate::parse::slabinfo::{bytes, SlabInfo};
use crate::parse::vmstat::{VmStatFile, STALLS};
use crate::parse::zoneinfo::ZoneInfoFile;
use crate::scan::total as sum_of;
use kmem::snapshot::{IoMemRow, MemField, SlabRow, Stat, ZoneInfo};
use kmem::units::Order;
use std::fmt::{Result, Write};

/// Writes how much memory there is, and what of it is in use and by what.
///
/// # Errors
/// What writing gives.
pub fn meminfo(out: &mut dyn Write, file: &MemInfoFile) -> Result {
    let kb = |field| file.get(field).map(kilobytes);
    let (Some(total), Some(free)) = (file.get(MemField::MemTotal), file.get(MemField::MemFree)) else { return Ok(()) };
    write!(out, "Memory: {}, {} free", kilobytes(total), kilobytes(free))?;
    if let Some(available) = kb(MemField::MemAvailable) {
        write!(out, ", {available} available")?;
    }
    writeln!(out)?;
    if let (Some(low), Some(low_free)) = (kb(MemField::LowTotal), kb(MemField::LowFree)) {
        if file.get(MemField::HighTotal).is_some_and(|high| high > 0) {
            let (high, high_free) =
                (kb(MemField::HighTotal).unwrap_or_default(), kb(MemField::HighFree).unwrap_or_default());
            writeln!(out, "  low memory {low}, {low_free} free; high memory {high}, {high_free} free")?;
        }
    }
    let slab = file.get(MemField::Slab).or_else(|| file.get(MemField::SUnreclaim)).unwrap_or(0);
    let stuck = file.get(MemField::SUnreclaim).map(|stuck| (stuck, stuck.saturating_mul(100) / total.max(1)));
    match stuck {
        _ if slab == 0 => Ok(()),
        // Before 2.6.19 nothing says what of them can be reclaimed.
        None => {
            let share = percent(slab.saturating_mul(100) / total.max(1), slab);
            writeln!(out, "  slabs hold {} ({share} of memory)", kilobytes(slab))
        }
        Some((stuck, share)) => {
            let (slab, part, said) = (kilobytes(slab), kilobytes(stuck), percent(share, stuck));
            let mark = if share >= 20 { ": that is much, look at the caches below" } else { "" };
            writeln!(out, "  slabs hold {slab}, {part} of it cannot be reclaimed ({said} of memory){mark}")
        }
    }
}

/// `12%`, and `less than 1%` of what is not nothing.
fn percent(share: u64, of: u64) -> String {
    if share == 0 && of > 0 {
        "less than 1%".to_owned()
    } else {
        format!("{share}%")
    }
}

/// Writes what each node has.
///
/// # Errors
/// What writing gives.
pub fn nodes(out: &mut dyn Write, files: &[MemInfoFile]) -> Result {
    writeln!(out, "Memory by node")?;
    let newest = |node| files.iter().rev().find(|file| file.node == Some(node));
    let mut known: Vec<u32> = files.iter().filter_map(|file| file.node).collect();
    known.sort_unstable();
    known.dedup();
    for (node, file) in known.into_iter().filter_map(|node| Some((node, newest(node)?))) {
        let of = |field, name: &str| file.get(field).map(|kb| format!("{} {name}", kilobytes(kb)));
        let parts = [
            of(MemField::MemTotal, "in all"),
            of(MemField::MemFree, "free"),
            of(MemField::AnonPages, "of processes"),
            of(MemField::Slab, "in slabs"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        writeln!(out, "  node {node}: {}", parts.join(", "))?;
    }
    Ok(())
}

/// Writes the free blocks of each zone, where no zoneinfo says more.
///
/// # Errors
/// What writing gives.
pub fn free_blocks(out: &mut dyn Write, info: &BuddyInfo, page_kb: Option<u64>) -> Result {
    writeln!(out, "Free blocks")?;
    let kb = page_kb.unwrap_or(PAGE_KB);
    for (_, row) in &info.rows {
        let name = if row.node > 0 { format!("node {} {}", row.node, row.zone) } else { row.zone.to_string() };
        writeln!(out, "  {name}: {} free", kilobytes(free_pages(row).saturating_mul(kb)))?;
        blocks(out, &row.free[..row.orders], kb)?;
    }
    let columns = info.rows.first().map_or(0, |(_, row)| row.orders);
    if page_kb.is_none() && columns != USUAL_ORDERS {
        writeln!(
            out,
            "  (told as pages of 4 kB, which nothing here says: {columns} orders may also be those of pages of 16 or 64 kB)"
        )?;
    }
    Ok(())
}

/// Orders of a kernel with pages of 4 kB, where nobody chose others.
const USUAL_ORDERS: usize = 11;

/// Writes what counters say that went wrong since boot, or was hard to do.
///
/// # Errors
/// What writing gives.
pub fn counters(out: &mut dyn Write, file: &VmStatFile, page_kb: u64) -> Result {
    let sum = |names: &[&str]| {
        let found: Vec<u64> = names.iter().filter_map(|name| file.get(name)).collect();
        (!found.is_empty()).then(|| sum_of(found))
    };
    let size_of = |pages: u64| kilobytes(pages.saturating_mul(page_kb));
    let mut lines = Vec::new();
    if let Some(stalls) = sum(&STALLS).filter(|stalls| *stalls > 0) {
        lines.push(format!("requests had to reclaim memory themselves {} (allocstall)", times(stalls)));
    }
    if let (Some(fail), Some(success)) = (file.get("compact_fail"), file.get("compact_success")) {
        if fail.saturating_add(success) > 0 {
            lines.push(format!(
                "compaction for a request made a block {}, and {} it did not",
                times(success),
                times(fail)
            ));
        }
    }
    if let Some(kills) = file.get("oom_kill").filter(|kills| *kills > 0) {
        lines.push(format!("the OOM killer killed {kills} process{}", if kills == 1 { "" } else { "es" }));
    }
    if let (Some(into), Some(out)) = (file.get("pswpin"), file.get("pswpout")) {
        if into.saturating_add(out) > 0 {
            lines.push(format!("swap: {} written, {} read back", size_of(out), size_of(into)));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCounters, since boot")?;
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

fn times(count: u64) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}

/// Writes where RAM lies.
///
/// # Errors
/// What writing gives.
pub fn physical(out: &mut dyn Write, info: &IoMem) -> Result {
    if info.is_hidden() {
        return writeln!(out, "Physical addresses: hidden; read /proc/iomem as root");
    }
    let named = |name: &str| {
        let rows = info.rows.iter().map(|(_, row)| row).filter(|row| row.name.as_str().eq_ignore_ascii_case(name));
        let sizes: Vec<u64> = rows.map(|row| row.last.saturating_sub(row.start).saturating_add(1)).collect();
        (sizes.len() as u64, sum_of(sizes))
    };
    let (ranges, bytes) = named("System RAM");
    let (_, crash) = named("Crash kernel");
    let is_other = |row: &IoMemRow| row.depth == 0 && !row.name.as_str().eq_ignore_ascii_case("System RAM");
    let others = info.rows.iter().filter(|(_, row)| is_other(row)).count();
    let ram = match ranges {
        0 => "no row is named System RAM".to_owned(),
        1 => format!("{} of RAM in one range", size(bytes)),
        _ => format!("{} of RAM in {ranges} ranges", size(bytes)),
    };
    writeln!(out, "Physical addresses: {ram}; {others} other ranges")?;
    match crash {
        0 => Ok(()),
        _ => writeln!(out, "  {} are kept for a crash kernel", size(crash)),
    }
}

/// Writes each zone against its watermarks, with its free blocks.
///
/// # Errors
/// What writing gives.
pub fn zones(out: &mut dyn Write, file: &ZoneInfoFile, buddy: Option<&BuddyInfo>, page_kb: u64) -> Result {
    let page_size = |pages: u64| kilobytes(pages.saturating_mul(page_kb));
    writeln!(out, "Zones")?;
    for (_, zone) in file.zones.iter().filter(|(_, zone)| zone.present > 0 || zone.managed > 0) {
        let name = if zone.node > 0 { format!("node {} {}", zone.node, zone.zone) } else { zone.zone.to_string() };
        let managed = if zone.managed > 0 { zone.managed } else { zone.present };
        writeln!(out, "  {name}: {} managed, {} free; {}", page_size(managed), page_size(zone.free), state(zone))?;
        writeln!(
            out,
            "    watermarks min {}, low {}, high {}{}",
            page_size(zone.min),
            page_size(zone.low),
            page_size(zone.high),
            if zone.boost > 0 {
                format!(" (boosted by {}: it is fragmented)", page_size(zone.boost))
            } else {
                String::new()
            }
        )?;
        if zone.unreclaimable > 0 {
            writeln!(out, "    reclaim has given up on it")?;
        }
        let row = buddy.and_then(|buddy| {
            buddy.rows.iter().map(|(_, row)| row).find(|row| row.node == zone.node && row.zone == zone.zone)
        });
        if let Some(row) = row {
            blocks(out, &row.free[..row.orders], page_kb)?;
        }
    }
    Ok(())
}

/// True for a zone that has less than its reserve, and could have more.
pub(super) fn is_short(zone: &ZoneInfo) -> bool {
    zone.present > 0 && zone.free < zone.min && !is_crumb(zone)
}

/// True for a zone that has no more pages than its own reserve: what ZONE_MOVABLE, whose start is rounded up, leaves of high
/// memory. It is below its marks for ever, and nothing is wrong.
pub(super) fn is_crumb(zone: &ZoneInfo) -> bool {
    // Before 3.9 there is no `managed`.
    let pages = if zone.managed > 0 { zone.managed } else { zone.present };
    pages <= zone.min.saturating_sub(zone.boost)
}

/// Where the free pages stand among the watermarks.
fn state(zone: &ZoneInfo) -> &'static str {
    match zone.free {
        _ if is_crumb(zone) => "smaller than its reserve: nothing is taken from it",
        free if free < zone.min => "below min: only requests that may use the reserve get pages",
        free if free < zone.low => "below low: kswapd works, requests reclaim themselves soon",
        free if free < zone.high => "between low and high: kswapd works until high",
        _ => "above high: nothing is reclaimed",
    }
}

fn blocks(out: &mut dyn Write, free: &[u64], page_kb: u64) -> Result {
    let Some(largest) = free.iter().rposition(|blocks| *blocks > 0) else {
        return writeln!(out, "    no free block at all");
    };
    let exhausted = free.len() - 1 - largest;
    let in_order = |(order, blocks): (usize, &u64)| blocks.saturating_mul(1 << order);
    let sum = sum_of(free.iter().enumerate().map(in_order));
    let small = sum_of(free.iter().enumerate().take(4).map(in_order));
    let share = small.saturating_mul(100) / sum.max(1);
    write!(
        out,
        "    largest free block: order {largest} ({}), {} of them",
        kilobytes(page_kb << largest),
        free[largest]
    )?;
    if exhausted > 0 {
        match exhausted {
            1 => write!(out, "; order {} is exhausted", largest + 1)?,
            _ => write!(out, "; orders {} to {} are exhausted", largest + 1, free.len() - 1)?,
        }
    }
    writeln!(out, "; {share}% of the free pages are in blocks below order 4")
}

/// Writes which mobility types the pageblocks have, where there are several.
///
/// # Errors
/// What writing gives.
pub fn mobility(out: &mut dyn Write, info: &PageTypeInfo) -> Result {
    const NAMES: [&str; 6] = ["unmovable", "movable", "reclaimable", "set aside", "contiguous area", "isolated"];
    writeln!(out, "Pageblocks by type")?;
    for row in &info.rows {
        let all = sum_of(row.blocks);
        if all == 0 {
            continue;
        }
        let parts: Vec<String> = row
            .blocks
            .iter()
            .zip(NAMES)
            .filter(|(blocks, _)| **blocks > 0)
            .map(|(blocks, name)| format!("{blocks} {name}"))
            .collect();
        let from = info.block_order.unwrap_or(0).min(Order::COUNT as u64 - 1) as usize;
        let whole = sum_of(row.free.iter().flat_map(|free| free[from..].iter().copied()));
        writeln!(out, "  {}: {}; {whole} whole ones are free", row.zone, parts.join(", "))?;
    }
    Ok(())
}

const SHOWN: usize = 10;

/// Writes the largest caches.
///
/// # Errors
/// What writing gives.
pub fn slabs(out: &mut dyn Write, info: &SlabInfo, meminfo: Option<&MemInfoFile>) -> Result {
    let mut rows: Vec<&SlabRow> = info.rows.iter().map(|(_, row)| row).collect();
    rows.sort_by_key(|row| (u64::MAX - bytes(row), row.name.to_string()));
    let sum = sum_of(rows.iter().map(|row| bytes(row)));
    writeln!(out, "Slab caches: {} with {} in all; the largest", rows.len(), size(sum))?;
    let said = meminfo.and_then(|file| file.get(MemField::Slab)).unwrap_or(0).saturating_mul(1 << 10);
    if said > sum.saturating_mul(2).saturating_add(8 << 20) {
        writeln!(out, "  (meminfo has {} in slabs: caches are missing in this listing)", size(said))?;
    }
    for row in rows.iter().take(SHOWN).filter(|row| bytes(row) > 0) {
        let unused = row.num_objs.saturating_sub(row.active_objs).saturating_mul(row.object_bytes);
        let unused =
            if unused >= 1 << 20 { format!(", {} of it in unused objects", size(unused)) } else { String::new() };
        let (bytes, objects, each) = (size(bytes(row)), row.active_objs, row.object_bytes);
        writeln!(out, "  {bytes:>10}  {}: {objects} objects of {each} bytes{unused}", row.name)?;
    }
    Ok(())
}

/// Free pages of a zone by zoneinfo's counter and by the blocks of buddyinfo, where they differ by more than lists of CPUs
/// explain.
pub fn disagree(zone: &ZoneInfo, free_by_blocks: u64) -> bool {
    let counted = zone.stats[Stat::FreePages].max(zone.free);
    counted.abs_diff(free_by_blocks) > 4096 + counted / 8
}
