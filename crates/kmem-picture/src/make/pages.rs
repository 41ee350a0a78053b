//! Pages of a capture: how many pageblocks there are of each type, and slab caches.
//!
//! No file of `/proc` says where a pageblock of a type lies, nor who has its pages. So the cells of a capture stand by type and
//! not by address, and say so; whole free ones are counted in pagetypeinfo, of the others nobody knows how much is in use.

use super::zones::{zone_name, TYPES};
use crate::clean::clean;
use crate::paint::Paint;
use crate::view::{Bar, Bars, Cell, CellMap, Figure, Shape, Table};
use kmem::snapshot::{PageTypeRow, SlabRow};
use kmem::units::{Order, PAGE_SIZE};
use kmem_inspect::explain::size;
use kmem_inspect::parse::slabinfo::bytes;
use kmem_inspect::scan::total;
use kmem_inspect::Capture;

/// The most cells of a picture.
pub const MOST_CELLS: u64 = 900;

/// Draws what a capture says of pageblocks and slabs.
pub fn of_capture(capture: &Capture) -> Vec<Figure> {
    [blocks(capture), slabs(capture)].into_iter().flatten().collect()
}

fn blocks(capture: &Capture) -> Option<Figure> {
    let info = capture.pagetypeinfo.last()?;
    let order = info.block_order.unwrap_or(9).min(Order::COUNT as u64 - 1) as usize;
    let all = total(info.rows.iter().map(|row| total(row.blocks)));
    if all == 0 {
        return None;
    }
    let each = all.div_ceil(MOST_CELLS).max(1);
    let maps = info.rows.iter().filter(|row| total(row.blocks) > 0).map(|row| map(row, order, each)).collect();
    let mut rows = Vec::new();
    for row in &info.rows {
        for (kind, (_, name)) in TYPES.iter().enumerate().filter(|(kind, _)| row.blocks[*kind] > 0) {
            let (blocks, whole) = (row.blocks[kind], whole_free(row, kind, order));
            let name = (*name).to_owned();
            rows.push(vec![zone_name(row.node, row.zone.as_str()), name, blocks.to_string(), whole.to_string()]);
        }
    }
    Some(Figure {
        id: "pageblocks".to_owned(),
        title: "Pageblocks by type".to_owned(),
        notes: vec![
            "How many, not where: no file of /proc tells where the blocks of a type lie, so they stand in the order of types."
                .to_owned(),
            "Empty: free as a whole. Filled: in use at least in part; how much of it and by whom is not known.".to_owned(),
        ],
        shape: Shape::Cells(maps),
        table: Some(Table::new(&["zone", "type", "pageblocks", "free as a whole"], rows)),
    })
}

/// Pageblocks of a type that are free as a whole.
fn whole_free(row: &PageTypeRow, kind: usize, order: usize) -> u64 {
    let free = row.free[kind].iter().enumerate().skip(order);
    let whole = free.fold(0u64, |sum, (at, blocks)| sum.saturating_add(blocks.saturating_mul(1 << (at - order))));
    whole.min(row.blocks[kind])
}

fn map(row: &PageTypeRow, order: usize, each: u64) -> CellMap {
    let block = PAGE_SIZE << order;
    let mut cells = Vec::new();
    let mut key = Vec::new();
    for (kind, (paint, name)) in TYPES.iter().enumerate().filter(|(kind, _)| row.blocks[*kind] > 0) {
        let whole = whole_free(row, kind, order);
        let used = row.blocks[kind] - whole;
        key.push((*paint, format!("{name}: {used} in use, {whole} free")));
        for (count, used, what) in [(used, None, "in use at least in part"), (whole, Some(0), "free as a whole")] {
            let mut left = count;
            while left > 0 {
                let blocks = left.min(each);
                let about = format!("{blocks} × {}, {name}, {what}", size(block));
                let label = paint.letter().to_owned();
                let bytes = blocks.saturating_mul(block);
                cells.push(Cell { start: None, bytes, paint: *paint, used, label, about });
                left -= blocks;
            }
        }
    }
    let about = match each {
        1 => format!("a cell is a pageblock of {}", size(block)),
        _ => format!("a cell is up to {each} pageblocks of {}", size(block)),
    };
    CellMap { name: zone_name(row.node, row.zone.as_str()), about, cells, key }
}

/// How many caches have a bar.
const SHOWN: usize = 16;

fn slabs(capture: &Capture) -> Option<Figure> {
    let info = capture.slabinfo.last()?;
    let mut rows: Vec<&SlabRow> = info.rows.iter().map(|(_, row)| row).collect();
    rows.sort_by_key(|row| (u64::MAX - bytes(row), row.name.to_string()));
    if rows.is_empty() {
        return None;
    }
    let sum = total(rows.iter().map(|row| bytes(row)));
    let bars = rows.iter().take(SHOWN).filter(|row| bytes(row) > 0).map(|row| {
        let (all, active) = (bytes(row), active(row));
        let percent = active.saturating_mul(100) / all.max(1);
        Bar {
            name: clean(row.name.as_str()),
            parts: vec![
                (
                    Paint::Used,
                    active,
                    format!("{}: {} objects of {} bytes", size(active), row.active_objs, row.object_bytes),
                ),
                (Paint::Wasted, all - active, format!("{} in free objects and between objects", size(all - active))),
            ],
            text: format!("{}, {percent}% in use", size(all)),
        }
    });
    let rest = total(rows.iter().skip(SHOWN).map(|row| bytes(row)));
    let mut notes = Vec::new();
    if rest > 0 {
        notes.push(format!(
            "The {SHOWN} largest; {} more hold {}, the table has them.",
            rows.len() - SHOWN,
            size(rest)
        ));
    }
    let row = |row: &&SlabRow| {
        let numbers = [row.active_objs, row.num_objs, row.object_bytes].map(|number| number.to_string());
        [vec![clean(row.name.as_str()), size(bytes(row)), size(active(row))], numbers.to_vec()].concat()
    };
    let table = Table::new(
        &["cache", "size", "in use", "objects in use", "objects", "bytes of one"],
        rows.iter().map(row).collect(),
    );
    let key = vec![
        (Paint::Used, "objects in use".to_owned()),
        (Paint::Wasted, "free objects, and what lies between".to_owned()),
    ];
    Some(Figure {
        id: "slabs".to_owned(),
        title: format!("Slab caches, {} with {} in all", rows.len(), size(sum)),
        notes,
        shape: Shape::Bars(Bars { rows: bars.collect(), key }),
        table: Some(table),
    })
}

/// Bytes in objects in use, as far as they fit into the slabs.
fn active(row: &SlabRow) -> u64 {
    row.active_objs.saturating_mul(row.object_bytes).min(bytes(row))
}
