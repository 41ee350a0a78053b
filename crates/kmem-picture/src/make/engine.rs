//! The page map of a booted machine: what its zones' frames are, by address.
//!
//! The engine knows each frame. A cell is a pageblock, or several where there are many, with its mobility type, how much of it
//! is in use, and by whom.

use super::pages::MOST_CELLS;
use super::zones::{zone_name, TYPES};
use crate::paint::Paint;
use crate::view::{Cell, CellMap, Figure, Shape, Table};
use kmem::machine::Machine;
use kmem::page::{FrameKind, PageAllocator, ZoneCounts};
use kmem::units::{Order, Pfn, PAGE_SIZE};
use kmem::Kernel;
use kmem_inspect::explain::{page_size, size};

/// Who has pages.
#[derive(Clone, Copy, Default)]
struct Uses {
    pages: [u64; USES.len()],
    largest: Option<u32>,
    /// Pageblocks that are seen, by mobility type.
    types: [u64; TYPES.len()],
}

const USES: [&str; 8] = [
    "free",
    "on lists of CPUs",
    "slabs",
    "page cache",
    "processes",
    "other allocations",
    "kept by boot",
    "no RAM there",
];
const FREE: usize = 0;
const PER_CPU: usize = 1;
const RESERVED: usize = 6;
const NO_RAM: usize = 7;

/// Draws the zones of a booted machine.
pub fn page_map<M: Machine>(kernel: &Kernel<M>) -> Option<Figure> {
    let pages = kernel.memory().pages();
    let block = pages.pageblock_order().pages();
    let zones: Vec<ZoneCounts> = pages.zone_counts().filter(|zone| zone.extent.present > 0).collect();
    let all: u64 = zones.iter().map(|zone| zone.extent.spanned.div_ceil(block)).sum();
    let each = all.div_ceil(MOST_CELLS).max(1);
    let ram: Vec<(u64, u64)> = kernel
        .plan()
        .memblock
        .memory()
        .as_slice()
        .iter()
        .map(|range| (range.start.raw() / PAGE_SIZE, range.end.raw() / PAGE_SIZE))
        .collect();
    let mut maps = Vec::new();
    let mut rows = Vec::new();
    for zone in &zones {
        let (map, sum) = map(pages, zone, block, each, &ram);
        let name = map.name.clone();
        rows.push([vec![name], sum.pages.iter().map(|count| page_size(*count)).collect()].concat());
        maps.push(map);
    }
    let head: Vec<&'static str> = ["zone"].into_iter().chain(USES).collect();
    (!maps.is_empty()).then(|| Figure {
        id: "pages".to_owned(),
        title: "Page map".to_owned(),
        notes: vec!["By address. The letter and pattern: the mobility type of the pageblock; filled from below as far as it is in use."
            .to_owned()],
        shape: Shape::Cells(maps),
        table: Some(Table::new(&head, rows)),
    })
}

fn map(pages: &PageAllocator, zone: &ZoneCounts, block: u64, each: u64, ram: &[(u64, u64)]) -> (CellMap, Uses) {
    let (start, end) = (zone.extent.start.raw(), zone.extent.start.raw() + zone.extent.spanned);
    let step = block * each;
    let mut cells = Vec::new();
    let mut sum = Uses::default();
    let mut from = start;
    while from < end {
        let to = ((from / step + 1) * step).min(end);
        let uses = look(pages, from, to, block, ram);
        for (all, pages) in sum.pages.iter_mut().zip(uses.pages) {
            *all += pages;
        }
        for (all, blocks) in sum.types.iter_mut().zip(uses.types) {
            *all += blocks;
        }
        cells.push(cell(&uses, from, to));
        from = to;
    }
    let mut key: Vec<(Paint, String)> = Vec::new();
    for ((paint, name), _) in TYPES.iter().zip(sum.types).filter(|(_, blocks)| *blocks > 0) {
        key.push((*paint, (*name).to_owned()));
    }
    if cells.iter().any(|cell| cell.paint == Paint::Mixed) {
        key.push((Paint::Mixed, "of several types".to_owned()));
    }
    if sum.pages[RESERVED] > 0 {
        key.push((Paint::Reserved, "all kept by boot".to_owned()));
    }
    let about = match each {
        1 => format!("a cell is a pageblock of {}", size(block * PAGE_SIZE)),
        _ => format!("a cell is {each} pageblocks of {}", size(block * PAGE_SIZE)),
    };
    (CellMap { name: zone_name(zone.extent.node, zone.extent.name), about, cells, key }, sum)
}

/// Goes over frames, a block at a time.
fn look(pages: &PageAllocator, from: u64, to: u64, block: u64, ram: &[(u64, u64)]) -> Uses {
    let mut uses = Uses::default();
    let mut at = from;
    while at < to {
        let Some(&(start, end)) = ram.iter().find(|(_, end)| *end > at) else {
            uses.pages[NO_RAM] += to - at;
            break;
        };
        if start > at {
            let next = start.min(to);
            uses.pages[NO_RAM] += next - at;
            at = next;
            continue;
        }
        let Some(info) = pages.info(Pfn::new(at)) else {
            uses.pages[RESERVED] += 1;
            at += 1;
            continue;
        };
        // From here to the block's end, as far as it lies in what is looked at.
        let length = match info.kind {
            FrameKind::Reserved | FrameKind::Tail => 1,
            _ => (info.head.raw() + info.order.pages()).saturating_sub(at).clamp(1, to.min(end) - at),
        };
        let who = match info.kind {
            FrameKind::Free => FREE,
            FrameKind::Pcp => PER_CPU,
            FrameKind::Slab | FrameKind::SlabTail | FrameKind::Slob => 2,
            FrameKind::Used if info.file => 3,
            FrameKind::Used if pages.owner(Pfn::new(at)).is_some() => 4,
            FrameKind::Used => 5,
            FrameKind::Tail | FrameKind::Reserved => RESERVED,
        };
        uses.pages[who] += length;
        if info.kind == FrameKind::Free {
            uses.largest = uses.largest.max(Some(info.order.raw()));
        }
        at += length;
    }
    for number in from / block..to.div_ceil(block) {
        if let Some(kind) = pages.mobility(Pfn::new((number * block).max(from))) {
            uses.types[kind.index().min(TYPES.len() - 1)] += 1;
        }
    }
    uses
}

fn cell(uses: &Uses, from: u64, to: u64) -> Cell {
    let all = to - from;
    let idle = uses.pages[FREE] + uses.pages[PER_CPU] + uses.pages[NO_RAM];
    let used = Some(((all - idle.min(all)) * 1000 / all.max(1)) as u32);
    let mut kinds = TYPES.iter().zip(uses.types).filter(|(_, blocks)| *blocks > 0);
    let paint = match (kinds.next(), kinds.next()) {
        _ if uses.pages[RESERVED] == all => Paint::Reserved,
        _ if uses.pages[NO_RAM] == all => Paint::Free,
        (Some(((paint, _), _)), None) => *paint,
        _ => Paint::Mixed,
    };
    let types: Vec<String> = TYPES
        .iter()
        .zip(uses.types)
        .filter(|(_, blocks)| *blocks > 0)
        .map(|((_, name), _)| (*name).to_owned())
        .collect();
    let who = USES.iter().zip(uses.pages).filter(|(_, pages)| *pages > 0);
    let who: Vec<String> = who.map(|(name, pages)| format!("{name}: {}", page_size(pages))).collect();
    let largest = uses.largest.and_then(Order::new).map_or(String::new(), |order| {
        format!("\nlargest free block: order {} ({})", order.raw(), page_size(order.pages()))
    });
    let about = format!("{}: {}{largest}", types.join(", "), who.join(", "));
    Cell { start: Some(from * PAGE_SIZE), bytes: all * PAGE_SIZE, paint, used, about }
}
