//! The vmalloc area: what lies in it, its holes, who holds it.
//!
//! The first lane has all areas and holes; each large holder has a lane of its own below, to the same scale. An area of 64 bits
//! is nearly empty: it is drawn in parts where there is something, each to its own scale.

use super::count;
use crate::clean::clean;
use crate::merge::{merge, MOST};
use crate::paint::Paint;
use crate::view::{Bar, Bars, Entry, Figure, Lane, Piece, Shape, Strip, Table};
use kmem_inspect::explain::vmalloc::{about, Listing};
use kmem_inspect::explain::{listings, size};
use kmem_inspect::parse::vmallocinfo::AreaRow;
use kmem_inspect::scan::total;
use kmem_inspect::vmalloc::area::{is_fixed, is_per_cpu};
use kmem_inspect::vmalloc::{Area, Gap};
use kmem_inspect::{Capture, Doubts};
use std::collections::HashMap;

/// How many holders have a lane, how many holes a line.
const LANES: usize = 8;
const HOLES: usize = 6;
/// What paints mean here.
const LEGEND: [(Paint, &str); 9] = [
    (Paint::Area, "vmalloc"),
    (Paint::Io, "ioremap"),
    (Paint::Mapped, "vmap"),
    (Paint::Fixed, "put there by boot"),
    (Paint::PerCpu, "per-CPU memory"),
    (Paint::Other, "other areas"),
    (Paint::Returned, "given back, not yet purged"),
    (Paint::Mixed, "several, narrower than a pixel: as high as the part that is held"),
    (Paint::Unknown, "unknown"),
];
/// A hole that is larger is not drawn: what lies around it would be nothing but a line.
const FAR: u64 = 1 << 36;

/// Draws the last listing of a capture.
pub fn of_capture(capture: &Capture) -> Vec<Figure> {
    let listings = listings(capture);
    let Some(listing) = listings.last() else { return Vec::new() };
    match listing.area(&mut Doubts::default()) {
        Some(area) => of_area(&area),
        None => vec![without_addresses(listing)],
    }
}

fn of_area(area: &Area) -> Vec<Figure> {
    let share = 100.0 * area.used() as f64 / (area.end - area.start).max(1) as f64;
    let mut notes = vec![format!(
        "{} hold {} ({share:.0}%) of {:#x}-{:#x} ({}).",
        count(area.rows.len(), "area"),
        size(area.used()),
        area.start,
        area.end,
        area.because
    )];
    if area.left_out_somewhere {
        notes.push("The text leaves rows out, nobody can say where: any hole may hold some of them.".to_owned());
    } else if area.gaps.iter().any(|gap| gap.left_out.is_some()) {
        notes.push("Hatched: the text leaves rows out there, so what lies there is unknown.".to_owned());
    }
    let holders = holders(&area.rows);
    let parts = parts(area);
    let mut figures: Vec<Figure> = Vec::new();
    for (at, (start, end)) in parts.iter().copied().enumerate() {
        let (strip, merged) = strip(area, &holders, start, end);
        let mut notes = if at == 0 { notes.clone() } else { Vec::new() };
        if merged > 0 {
            notes.push(format!(
                "Of more than {MOST} pieces those narrower than a pixel are put together: {merged} went into others."
            ));
        }
        let mut title = format!("vmalloc area, {}", size(area.end - area.start));
        if parts.len() > 1 {
            title = format!("{title}: part {} of {}", at + 1, parts.len());
            notes.push(format!(
                "Drawn: {start:#x}-{end:#x}, {}. The holes between the parts are left out.",
                size(end - start)
            ));
        }
        let table = (at == 0).then(|| table(&holders));
        figures.push(Figure { id: format!("vmalloc-{}", at + 1), title, notes, shape: Shape::Strip(strip), table });
    }
    figures
}

/// Cuts the area at holes that are too large to be drawn; what is at both ends of it goes too.
fn parts(area: &Area) -> Vec<(u64, u64)> {
    let far: Vec<&Gap> = area.gaps.iter().filter(|gap| gap.bytes() > FAR).collect();
    let mut parts = Vec::new();
    let mut from = area.start;
    for (start, end) in far.iter().map(|gap| (gap.start, gap.end)).chain([(area.end, area.end)]) {
        if from < start {
            parts.push((from, start));
        }
        from = end;
    }
    if parts.is_empty() {
        parts.push((area.start, area.end));
    }
    // A hundred parts tell nobody anything: then the largest ones.
    parts.sort_by_key(|(start, end)| u64::MAX - (end - start));
    parts.truncate(4);
    parts.sort_unstable();
    parts
}

/// Who made areas: how many, how many bytes; the largest first.
struct Holder<'a> {
    name: &'a str,
    areas: usize,
    bytes: u64,
}

fn holders(rows: &[AreaRow]) -> Vec<Holder<'_>> {
    let mut by_name: HashMap<&str, (usize, u64)> = HashMap::new();
    for row in rows {
        let entry = by_name.entry(row.function()).or_default();
        *entry = (entry.0 + 1, entry.1.saturating_add(row.size));
    }
    let mut holders: Vec<Holder<'_>> =
        by_name.into_iter().map(|(name, (areas, bytes))| Holder { name, areas, bytes }).collect();
    holders.sort_by_key(|holder| (u64::MAX - holder.bytes, holder.name));
    holders
}

fn named(function: &str) -> String {
    if function.is_empty() {
        "(no caller)".to_owned()
    } else {
        clean(function)
    }
}

fn strip(area: &Area, holders: &[Holder<'_>], start: u64, end: u64) -> (Strip, usize) {
    let inside = |from: u64, to: u64| from >= start && to <= end;
    let rows: Vec<&AreaRow> = area
        .rows
        .iter()
        // A row may end before it begins: a doubt says so, and it cannot be drawn.
        .filter(|row| inside(row.area.start, row.area.end) && row.area.start < row.area.end)
        .collect();
    let gaps: Vec<&Gap> = area.gaps.iter().filter(|gap| inside(gap.start, gap.end)).collect();
    let mut pieces: Vec<Piece> = rows.iter().map(|row| piece(row)).collect();
    pieces.extend(gaps.iter().map(|gap| hole(gap)));
    pieces.sort_by_key(|piece| (piece.start, piece.end));
    let mut merged = merge(&mut pieces, start, end);
    // What bounds a hole is looked for among all areas: only now, for those that are still there.
    for piece in pieces.iter_mut().filter(|piece| piece.paint == Paint::Free && piece.about.is_empty()) {
        let gap = Gap { start: piece.start, end: piece.end, left_out: None };
        if area.gaps.binary_search_by_key(&gap.start, |gap| gap.start).is_ok_and(|at| area.gaps[at] == gap) {
            piece.about = clean(&about(area, &gap));
        }
    }
    let mut lanes = vec![Lane { pieces, ..Lane::default() }];
    for holder in holders.iter().take(LANES) {
        let mut pieces: Vec<Piece> =
            rows.iter().filter(|row| row.function() == holder.name).map(|row| piece(row)).collect();
        if !pieces.is_empty() {
            let about = format!("{}, {}", count(holder.areas, "area"), size(holder.bytes));
            merged += merge(&mut pieces, start, end);
            lanes.push(Lane { name: named(holder.name), about, pieces });
        }
    }
    let mut largest: Vec<&Gap> = gaps;
    largest.sort_by_key(|gap| (u64::MAX - gap.bytes(), gap.start));
    // The two largest, and what one can see.
    let is_seen = |gap: &Gap| gap.bytes() >= (end - start) / 1000;
    let holes = largest.iter().enumerate().filter(|(at, gap)| *at < 2 || is_seen(gap)).take(HOLES).map(|(_, gap)| gap);
    let key = holes.map(|gap| Entry { piece: bounded(area, gap), size: size(gap.bytes()) }).collect();
    let legend =
        LEGEND.iter().filter(|(paint, _)| lanes.iter().flat_map(|lane| &lane.pieces).any(|it| it.paint == *paint));
    let legend = legend.map(|(paint, meaning)| (*paint, (*meaning).to_owned())).collect();
    (Strip { start, end, lanes, legend, key }, merged)
}

fn paint(row: &AreaRow) -> Paint {
    let flags = row.area.flags;
    match () {
        () if row.is_unpurged() => Paint::Returned,
        () if is_per_cpu(row) => Paint::PerCpu,
        () if is_fixed(row) => Paint::Fixed,
        () if flags.ioremap => Paint::Io,
        () if flags.vmap => Paint::Mapped,
        () if flags.vmalloc => Paint::Area,
        () => Paint::Other,
    }
}

fn piece(row: &AreaRow) -> Piece {
    let area = &row.area;
    let mut about: Vec<String> = area.flags.words().map(str::to_owned).collect();
    if area.pages > 0 {
        about.push(format!("{} pages", area.pages));
    }
    if area.phys > 0 {
        about.push(format!("phys {:#x}", area.phys));
    }
    if row.place.line > 0 {
        about.push(format!("line {}", row.place.line));
    }
    let what = match paint(row) {
        Paint::Fixed => "boot put it there",
        Paint::PerCpu => "per-CPU memory",
        Paint::Returned => "given back, waits to be purged",
        _ => "",
    };
    if !what.is_empty() {
        about.push(what.to_owned());
    }
    Piece {
        share: 1000,
        start: area.start,
        end: area.end,
        paint: paint(row),
        name: named(row.function()),
        about: about.join(", "),
    }
}

fn hole(gap: &Gap) -> Piece {
    let text = size(gap.bytes());
    let (paint, name, about) = match gap.left_out {
        Some(place) => {
            (Paint::Unknown, format!("unknown {text}"), format!("rows are left out here, line {}", place.line))
        }
        None => (Paint::Free, format!("hole {text}"), String::new()),
    };
    Piece { share: 1000, start: gap.start, end: gap.end, paint, name, about }
}

/// A hole with what bounds it.
fn bounded(area: &Area, gap: &Gap) -> Piece {
    let piece = hole(gap);
    let about = if gap.left_out.is_some() { piece.about } else { clean(&about(area, gap)) };
    Piece { about, ..piece }
}

fn table(holders: &[Holder<'_>]) -> Table {
    let row = |holder: &Holder<'_>| vec![named(holder.name), holder.areas.to_string(), size(holder.bytes)];
    Table::new(&["caller", "areas", "size"], holders.iter().map(row).collect())
}

/// Hashed or hidden addresses: sizes and owners are all there is.
fn without_addresses(listing: &Listing<'_>) -> Figure {
    let rows = &listing.info.rows;
    let holders = holders(rows);
    let bars = holders.iter().take(16).map(|holder| Bar {
        name: named(holder.name),
        parts: vec![(Paint::Area, holder.bytes, String::new())],
        text: format!("{}, {}", size(holder.bytes), count(holder.areas, "area")),
    });
    let sum = total(rows.iter().map(|row| row.size));
    Figure {
        id: "vmalloc-1".to_owned(),
        title: format!("Who holds vm areas, {} in all", size(sum)),
        notes: vec!["The listing's addresses are hidden, hashed, or in no area that can be: where the areas lie, and \
                     which holes there are, cannot be drawn."
            .to_owned()],
        shape: Shape::Bars(Bars { rows: bars.collect(), key: Vec::new() }),
        table: Some(table(&holders)),
    }
}
