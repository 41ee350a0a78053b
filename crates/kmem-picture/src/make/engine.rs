//! The page maps of a booted machine: what its zones' frames are, by address.
//!
//! The engine knows each frame. A cell is a pageblock, or several where there are many. It is drawn three times: by mobility
//! type, by who has its pages, and by the largest block that is free in it.

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
const USES: [(Paint, &str); 8] = [
    (Paint::Free, "free"),
    (Paint::Lists, "on lists of CPUs"),
    (Paint::Slab, "slabs"),
    (Paint::Cache, "page cache"),
    (Paint::Process, "processes"),
    (Paint::Kernel, "other allocations"),
    (Paint::Reserved, "kept by boot"),
    (Paint::Free, "no RAM there"),
];
const FREE: usize = 0;
const PER_CPU: usize = 1;
const RESERVED: usize = 6;
const NO_RAM: usize = 7;

/// What is in a cell.
struct Seen {
    from: u64,
    to: u64,
    /// Pages by who has them.
    pages: [u64; USES.len()],
    /// The largest block that is free.
    largest: Option<Order>,
    /// Pageblocks by mobility type.
    types: [u64; TYPES.len()],
}

/// Draws the zones of a booted machine.
pub fn page_maps<M: Machine>(kernel: &Kernel<M>) -> Vec<Figure> {
    let pages = kernel.memory().pages();
    let block = pages.pageblock_order().pages();
    let zones: Vec<ZoneCounts> = pages.zone_counts().filter(|zone| zone.extent.present > 0).collect();
    let all: u64 = zones.iter().map(|zone| zone.extent.spanned.div_ceil(block)).sum();
    let each = all.div_ceil(MOST_CELLS).max(1);
    let memory = kernel.plan().memblock.memory().as_slice().iter();
    let ram: Vec<(u64, u64)> =
        memory.map(|range| (range.start.raw() / PAGE_SIZE, range.end.raw() / PAGE_SIZE)).collect();
    let seen: Vec<(String, Vec<Seen>)> = zones
        .iter()
        .map(|zone| {
            let (start, end) = (zone.extent.start.raw(), zone.extent.start.raw() + zone.extent.spanned);
            let step = block * each;
            let cut =
                |number: u64| look(pages, (number * step).max(start), ((number + 1) * step).min(end), block, &ram);
            let name = zone_name(zone.extent.node, zone.extent.name);
            (name, (start / step..end.div_ceil(step)).map(cut).collect())
        })
        .collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let about = match each {
        1 => format!("a cell is a pageblock of {}", size(block * PAGE_SIZE)),
        _ => format!("a cell is {each} pageblocks of {}", size(block * PAGE_SIZE)),
    };
    let top = u64::from(pages.top_order().raw()) + 1;
    let figure = |id: &str, title: &str, note: &str, draw: &dyn Fn(&Seen) -> Cell, key: &Key| Figure {
        id: id.to_owned(),
        title: title.to_owned(),
        notes: vec![note.to_owned()],
        shape: Shape::Cells(
            seen.iter()
                .map(|(name, cells)| {
                    let cells: Vec<Cell> = cells.iter().map(draw).collect();
                    CellMap { name: name.clone(), about: about.clone(), key: used_only(key, &cells), cells }
                })
                .collect(),
        ),
        table: None,
    };
    let by_type = figure(
        "pages",
        "Page map by mobility type",
        "By address. The letter and pattern: the type of the pageblock; filled from below as far as it is in use.",
        &by_mobility,
        &[&TYPES[..], &[(Paint::Mixed, "of several types"), (Paint::Reserved, "all kept by boot")]].concat(),
    );
    let by_use = figure(
        "pages-use",
        "Page map by who has the pages",
        "The letter and pattern: who has most of what is in use; filled from below as far as it is in use.",
        &by_use,
        &USES[PER_CPU..NO_RAM].to_vec(),
    );
    let by_order = figure(
        "pages-order",
        "Page map by the largest free block",
        "The number: the order of the largest block that is free in the cell; the higher, the fuller it is drawn.",
        &|seen: &Seen| by_order(seen, top),
        &vec![(Paint::FreePart, "free blocks"), (Paint::Reserved, "no free block")],
    );
    vec![Figure { table: Some(table(&seen)), ..by_type }, by_use, by_order]
}

/// Looks and their meaning.
type Key = Vec<(Paint, &'static str)>;

/// What of a key is there.
fn used_only(key: &Key, cells: &[Cell]) -> Vec<(Paint, String)> {
    let is_there = |paint: Paint| cells.iter().any(|cell| cell.paint == paint);
    key.iter().filter(|(paint, _)| is_there(*paint)).map(|(paint, name)| (*paint, (*name).to_owned())).collect()
}

fn table(seen: &[(String, Vec<Seen>)]) -> Table {
    let row = |(name, cells): &(String, Vec<Seen>)| {
        let sum = |who: usize| page_size(cells.iter().map(|cell| cell.pages[who]).sum());
        [vec![name.clone()], (0..USES.len()).map(sum).collect()].concat()
    };
    let head: Vec<&'static str> = ["zone"].into_iter().chain(USES.map(|(_, name)| name)).collect();
    Table::new(&head, seen.iter().map(row).collect())
}

/// Goes over frames, a block at a time.
fn look(pages: &PageAllocator, from: u64, to: u64, block: u64, ram: &[(u64, u64)]) -> Seen {
    let mut seen = Seen { from, to, pages: [0; USES.len()], largest: None, types: [0; TYPES.len()] };
    let mut at = from;
    while at < to {
        let Some(&(start, end)) = ram.iter().find(|(_, end)| *end > at) else {
            seen.pages[NO_RAM] += to - at;
            break;
        };
        if start > at {
            let next = start.min(to);
            seen.pages[NO_RAM] += next - at;
            at = next;
            continue;
        }
        let Some(info) = pages.info(Pfn::new(at)) else {
            seen.pages[RESERVED] += 1;
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
        seen.pages[who] += length;
        if info.kind == FrameKind::Free {
            seen.largest = seen.largest.max(Some(info.order));
        }
        at += length;
    }
    for number in from / block..to.div_ceil(block) {
        if let Some(kind) = pages.mobility(Pfn::new((number * block).max(from))) {
            seen.types[kind.index().min(TYPES.len() - 1)] += 1;
        }
    }
    seen
}

impl Seen {
    fn all(&self) -> u64 {
        (self.to - self.from).max(1)
    }
    /// Thousandths in use.
    fn used(&self) -> u32 {
        let idle = self.pages[FREE] + self.pages[PER_CPU] + self.pages[NO_RAM];
        (self.all().saturating_sub(idle) * 1000 / self.all()) as u32
    }
    /// The words for it, which are the same however it is drawn.
    fn about(&self) -> String {
        let kinds = TYPES.iter().zip(self.types).filter(|(_, blocks)| *blocks > 0);
        let types: Vec<&str> = kinds.map(|((_, name), _)| *name).collect();
        let who = USES.iter().zip(self.pages).filter(|(_, pages)| *pages > 0);
        let who: Vec<String> = who.map(|((_, name), pages)| format!("{name}: {}", page_size(pages))).collect();
        let largest = self.largest.map_or(String::new(), |order| {
            format!("\nlargest free block: order {} ({})", order.raw(), page_size(order.pages()))
        });
        format!("{}: {}{largest}", types.join(", "), who.join(", "))
    }
    fn cell(&self, paint: Paint, filled: u32, label: impl Into<String>) -> Cell {
        let (start, bytes) = (Some(self.from * PAGE_SIZE), (self.to - self.from) * PAGE_SIZE);
        Cell { start, bytes, paint, used: Some(filled), label: label.into(), about: self.about() }
    }
    /// A cell that is drawn as one thing, whatever the map is about.
    fn whole(&self) -> Option<Cell> {
        match self.all() {
            all if self.pages[RESERVED] == all => Some(self.cell(Paint::Reserved, 1000, Paint::Reserved.letter())),
            all if self.pages[NO_RAM] == all => Some(self.cell(Paint::Free, 0, "")),
            _ => None,
        }
    }
}

fn by_mobility(seen: &Seen) -> Cell {
    let mut kinds = TYPES.iter().zip(seen.types).filter(|(_, blocks)| *blocks > 0);
    let paint = match (kinds.next(), kinds.next()) {
        (Some(((paint, _), _)), None) => *paint,
        _ => Paint::Mixed,
    };
    seen.whole().unwrap_or_else(|| seen.cell(paint, seen.used(), paint.letter()))
}

fn by_use(seen: &Seen) -> Cell {
    let most = (PER_CPU..NO_RAM).max_by_key(|who| seen.pages[*who]).filter(|who| seen.pages[*who] > 0);
    let paint = most.map_or(Paint::Free, |who| USES[who].0);
    seen.whole().unwrap_or_else(|| seen.cell(paint, seen.used(), paint.letter()))
}

fn by_order(seen: &Seen, top: u64) -> Cell {
    seen.whole().unwrap_or_else(|| match seen.largest {
        Some(order) => {
            let filled = (u64::from(order.raw()) + 1) * 1000 / top;
            seen.cell(Paint::FreePart, filled as u32, order.raw().to_string())
        }
        None => seen.cell(Paint::Free, 0, "–"),
    })
}
