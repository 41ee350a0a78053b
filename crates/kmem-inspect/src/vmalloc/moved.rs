//! Where the areas lie after a boot with another VMALLOC_START.
//!
//! Boot makes the same areas in the same order, each as low as there is room, so all of them move by as much as
//! VMALLOC_START does. But ioremap begins at a multiple of its size, rounded up to a power of two, and not all moves are
//! such multiples: on x86 VMALLOC_START moves by megabytes, and an area of 4 MB may begin at multiples of 2 or 4 MB only. Such an area
//! goes to the multiple below if what kept it from there has moved away, and else to the one above; what lies in its way
//! then goes into the lowest hole that is large enough.
//!
//! Source: `mm/vmalloc.c` (`__get_vm_area_node`, `alloc_vmap_area`).

use super::area::is_fixed;
use crate::parse::vmallocinfo::AreaRow;
use kmem::units::{align_down, align_up, PAGE_SIZE};

/// With more areas than this the work would be noticed.
const MOST: usize = 4096;

/// A half-open range of addresses.
type Range = (u64, u64);

/// Returns the ranges of `rows` when the area begins at `start` and not at `was`, ascending. Fixed areas stay. `largest` is the
/// largest alignment that ioremap gives. `None` when no area's alignment is touched by the move, so that all simply move with it,
/// when they do not all find room below `end`, and when there are too many or the rows cannot be.
pub fn moved(rows: &[AreaRow], was: u64, start: u64, end: u64, largest: u64) -> Option<Vec<Range>> {
    let impossible = |row: &AreaRow| row.area.end < row.area.start || row.area.start < was || row.area.end > 1 << 32;
    if rows.len() > MOST || rows.iter().any(impossible) {
        return None;
    }
    let mut placed: Vec<Range> = rows.iter().filter(|row| is_fixed(row)).map(range).collect();
    placed.sort_unstable();
    let moving: Vec<&AreaRow> = rows.iter().filter(|row| !is_fixed(row)).collect();
    // Large alignments first: boot made their holes, and others filled these.
    let (aligned, plain): (Vec<&AreaRow>, Vec<&AreaRow>) =
        moving.iter().partition(|row| align_of(row, largest) > PAGE_SIZE && !still_aligned(row, was, start, largest));
    if aligned.is_empty() {
        return None;
    }
    let mut left = Vec::new();
    for row in &aligned {
        let (from, to) = range(row);
        let align = align_of(row, largest);
        let wanted = target(from, was, start)?;
        let below = align_down(wanted, align);
        // Something kept it from the multiple before; the lowest such thing was there first.
        let kept_by = moving.iter().map(|other| range(other)).find(|other| {
            let before = from.saturating_sub(align);
            other.0 < from && other.1 > before && other.0 < before + (to - from)
        });
        let free_from = kept_by.map_or(start, |other| target(other.1, was, start).unwrap_or(start));
        let at = if below >= free_from.max(start) { below } else { align_up(wanted, align) };
        if !insert(&mut placed, (at, at + (to - from)), end) {
            left.push((to - from, align));
        }
    }
    for row in &plain {
        let (from, to) = range(row);
        let at = target(from, was, start)?;
        if !insert(&mut placed, (at, at + (to - from)), end) {
            left.push((to - from, align_of(row, largest)));
        }
    }
    left.into_iter().all(|(bytes, align)| first_fit(&mut placed, start, end, bytes, align)).then_some(placed)
}

/// The largest range between `start` and `end` that nothing of `placed` (ascending) is in.
pub fn largest_hole(placed: &[Range], start: u64, end: u64) -> Range {
    let mut best = (start, start);
    let mut from = start;
    for &(next, to) in placed.iter().chain([&(end, end)]) {
        if next.min(end).saturating_sub(from) > best.1 - best.0 {
            best = (from, next.min(end));
        }
        from = from.max(to);
    }
    best
}

fn range(row: &AreaRow) -> Range {
    (row.area.start, row.area.end)
}

/// Where an address goes with VMALLOC_START.
fn target(address: u64, was: u64, start: u64) -> Option<u64> {
    start.checked_add(address.checked_sub(was)?)
}

fn still_aligned(row: &AreaRow, was: u64, start: u64, largest: u64) -> bool {
    target(row.area.start, was, start).is_some_and(|at| at % align_of(row, largest) == 0)
}

/// What the area's address is a multiple of, because it had to be.
fn align_of(row: &AreaRow, largest: u64) -> u64 {
    if !row.area.flags.ioremap {
        return PAGE_SIZE;
    }
    let bytes = row.size.saturating_sub(PAGE_SIZE).clamp(PAGE_SIZE, largest);
    let asked = bytes.checked_next_power_of_two().unwrap_or(largest).min(largest);
    // An area that does not lie so was made by somebody who had other wishes.
    if row.area.start % asked == 0 {
        asked
    } else {
        PAGE_SIZE
    }
}

/// Puts a range among the others; false when it is not free or beyond the end.
fn insert(placed: &mut Vec<Range>, range: Range, end: u64) -> bool {
    let at = placed.partition_point(|other| other.0 < range.0);
    let clear = range.1 <= end
        && at.checked_sub(1).and_then(|before| placed.get(before)).is_none_or(|before| before.1 <= range.0)
        && placed.get(at).is_none_or(|after| range.1 <= after.0);
    if clear {
        placed.insert(at, range);
    }
    clear
}

fn first_fit(placed: &mut Vec<Range>, start: u64, end: u64, bytes: u64, align: u64) -> bool {
    let mut from = start;
    let ends: Vec<u64> = placed.iter().map(|range| range.1).collect();
    for next in ends.into_iter().chain([end]) {
        let at = align_up(from, align);
        if insert(placed, (at, at.saturating_add(bytes)), end) {
            return true;
        }
        from = from.max(next);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::error::Name;
    use kmem::snapshot::{VmAreaFlags, VmAreaRow};

    const MB: u64 = 1 << 20;

    fn row(start: u64, bytes: u64, ioremap: bool) -> AreaRow {
        let flags = VmAreaFlags { ioremap, vmalloc: !ioremap, ..VmAreaFlags::default() };
        let area = VmAreaRow { start, end: start + bytes, caller: Name::default(), flags, ..VmAreaRow::default() };
        AreaRow { size: bytes, area, ..AreaRow::default() }
    }

    #[test]
    fn areas_move_with_the_start() {
        let rows = [row(0xf000_0000, 0x3000, false), row(0xf000_8000, 0x9000, true)];
        let placed = moved(&rows, 0xf000_0000, 0xe800_0000, 0xff00_0000, 16 * MB);
        assert_eq!(placed, None);
        let placed = [(0xe800_0000, 0xe800_3000), (0xe800_8000, 0xe801_1000)];
        assert_eq!(largest_hole(&placed, 0xe800_0000, 0xff00_0000), (0xe801_1000, 0xff00_0000));
    }

    #[test]
    fn an_alignment_may_take_less_or_more() {
        // Kept from 0xf7800000 by the first; 33 MB lower there is room at the multiple below.
        let rows = [row(0xf77f_e000, 0x6_0000, false), row(0xf7a0_0000, 2 * MB + 0x1000, true)];
        let placed = moved(&rows, 0xf77f_e000, 0xf56f_e000, 0xfeff_e000, 2 * MB).unwrap_or_default();
        assert_eq!(placed[1].0, 0xf580_0000);
        // 32 MB lower all is as it was.
        assert_eq!(moved(&rows, 0xf77f_e000, 0xf57f_e000, 0xfeff_e000, 2 * MB), None);
        // Rows that cannot be.
        let backwards = AreaRow { area: VmAreaRow { end: 0xf000_0000, ..rows[1].area }, ..rows[1] };
        assert_eq!(moved(&[rows[0], backwards], 0xf77f_e000, 0xf56f_e000, 0xfeff_e000, 2 * MB), None);
        // What had filled the hole before it goes elsewhere.
        let rows = [rows[0], row(0xf785_e000, 0x10_0000, false), rows[1]];
        let placed = moved(&rows, 0xf77f_e000, 0xf56f_e000, 0xfeff_e000, 2 * MB).unwrap_or_default();
        assert_eq!(placed.len(), 3);
        assert!(placed.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{placed:x?}");
        assert!(placed.contains(&(0xf580_0000, 0xf5a0_1000)), "{placed:x?}");
    }
}
