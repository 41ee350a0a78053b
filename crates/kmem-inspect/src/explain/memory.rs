//! The state of memory, in words: zones against their watermarks, free blocks by order, who holds slabs.

use super::{kilobytes, page_size, size};
use crate::parse::buddyinfo::BuddyInfo;
use crate::parse::meminfo::MemInfoFile;
use crate::parse::pagetypeinfo::PageTypeInfo;
use crate::parse::slabinfo::{bytes, SlabInfo};
use crate::parse::zoneinfo::ZoneInfoFile;
use crate::scan::total as sum_of;
use kmem::snapshot::{MemField, SlabRow, Stat, ZoneInfo};
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
    let unreclaimable = file.get(MemField::SUnreclaim).unwrap_or(0);
    if slab > 0 {
        let share = unreclaimable.saturating_mul(100) / total.max(1);
        let (slab, part) = (kilobytes(slab), kilobytes(unreclaimable));
        let mark = if share >= 20 { ": that is much, look at the caches below" } else { "" };
        writeln!(out, "  slabs hold {slab}, {part} of it cannot be reclaimed ({share}% of memory){mark}")?;
    }
    Ok(())
}

/// Writes each zone against its watermarks, with its free blocks.
///
/// # Errors
/// What writing gives.
pub fn zones(out: &mut dyn Write, file: &ZoneInfoFile, buddy: Option<&BuddyInfo>) -> Result {
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
            blocks(out, &row.free[..row.orders])?;
        }
    }
    Ok(())
}

/// Where the free pages stand among the watermarks.
fn state(zone: &ZoneInfo) -> &'static str {
    match zone.free {
        free if free < zone.min => "below min: only requests that may use the reserve get pages",
        free if free < zone.low => "below low: kswapd works, requests reclaim themselves soon",
        free if free < zone.high => "between low and high: kswapd works until high",
        _ => "above high: nothing is reclaimed",
    }
}

fn blocks(out: &mut dyn Write, free: &[u64]) -> Result {
    let Some(largest) = free.iter().rposition(|blocks| *blocks > 0) else {
        return writeln!(out, "    no free block at all");
    };
    let exhausted = free.len() - 1 - largest;
    let in_order = |(order, blocks): (usize, &u64)| blocks.saturating_mul(1 << order);
    let sum = sum_of(free.iter().enumerate().map(in_order));
    let small = sum_of(free.iter().enumerate().take(4).map(in_order));
    let share = small.saturating_mul(100) / sum.max(1);
    write!(out, "    largest free block: order {largest} ({}), {} of them", size(4096 << largest), free[largest])?;
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
pub fn slabs(out: &mut dyn Write, info: &SlabInfo) -> Result {
    let mut rows: Vec<&SlabRow> = info.rows.iter().map(|(_, row)| row).collect();
    rows.sort_by_key(|row| (u64::MAX - bytes(row), row.name.to_string()));
    let sum = sum_of(rows.iter().map(|row| bytes(row)));
    writeln!(out, "Slab caches: {} with {} in all; the largest", rows.len(), size(sum))?;
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
