//! The address space: regions by address, in strips that each have their own scale.
//!
//! A 32-bit space is drawn as a whole, and the kernel's part once more. Of 64 bits most is unused: what lies far apart is
//! drawn in strips of its own, and the note says what is left out between them.

use crate::clean::clean;
use crate::paint::Paint;
use crate::view::{Entry, Figure, Lane, Piece, Shape, Strip, Table};
use kmem_inspect::explain::{listings, size};
use kmem_inspect::vmalloc::{Area, Family};
use kmem_inspect::{Capture, Doubts};

/// A region of addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// The kernel's name for it; `-` for none.
    pub name: String,
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// What it is for.
    pub about: String,
}

/// The looks of a region with a name that boot logs use.
fn paint(name: &str) -> Paint {
    match name {
        "user" => Paint::User,
        "lowmem" => Paint::Low,
        "vmalloc" => Paint::Vmalloc,
        "modules" => Paint::Modules,
        "gap" => Paint::Guard,
        "-" => Paint::Free,
        "?" => Paint::Unknown,
        "image" => Paint::Image,
        name if name.starts_with('.') => Paint::Image,
        _ => Paint::Special,
    }
}

/// Draws regions; those that lie in others get a lane below. `top`: one past the last address of the space.
pub fn figures(regions: &[Region], top: u64) -> Vec<Figure> {
    let mut regions: Vec<&Region> = regions.iter().filter(|region| region.start < region.end).collect();
    regions.sort_by_key(|region| (region.start, u64::MAX - region.end));
    let parts = parts(&regions, top);
    let mut figures = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let inside: Vec<&Region> =
            regions.iter().copied().filter(|region| region.start >= part.start && region.end <= part.end).collect();
        figures.push(Figure {
            id: format!("space-{}", at + 1),
            title: part.title.clone(),
            notes: part.notes.clone(),
            table: (at == 0).then(|| table(&regions)),
            shape: Shape::Strip(strip(&inside, part.start, part.end, part.with_key)),
        });
    }
    figures
}

struct Part {
    title: String,
    notes: Vec<String>,
    start: u64,
    end: u64,
    with_key: bool,
}

/// What is drawn to one scale each.
fn parts(regions: &[&Region], top: u64) -> Vec<Part> {
    let bytes = |start: u64, end: u64| size(end - start);
    if top > 1 << 40 {
        // The hole in the middle: addresses that the processor refuses.
        let hole = regions.iter().filter(|region| region.name == "-").max_by_key(|region| region.end - region.start);
        let Some(hole) = hole else { return Vec::new() };
        let left_out = format!("{:#x}-{:#x} is left out: unused, or refused by the processor.", hole.start, hole.end);
        // In the lower half is nothing to be drawn, if it is all processes'.
        let is_plain = regions.iter().filter(|region| region.end <= hole.start).all(|region| region.name == "user");
        let user = format!("Processes have {:#x}-{:#x}, {}.", 0, hole.start, size(hole.start));
        let upper = Part {
            title: format!("Address space: the kernel's half, {}", bytes(hole.end, top)),
            notes: if is_plain { vec![user, left_out.clone()] } else { vec![left_out.clone()] },
            start: hole.end,
            end: top,
            with_key: true,
        };
        let lower = Part {
            title: format!("Address space: the lower half, {}", size(hole.start)),
            notes: vec![left_out],
            start: 0,
            end: hole.start,
            with_key: true,
        };
        let has_lower = !is_plain && hole.start > 0;
        return if has_lower { vec![upper, lower] } else { vec![upper] };
    }
    let kernel = regions
        .iter()
        .filter(|region| !matches!(region.name.as_str(), "user" | "-" | "?"))
        .map(|region| region.start)
        .min();
    let whole = Part {
        title: format!("Address space, {}", bytes(0, top)),
        notes: Vec::new(),
        start: 0,
        end: top,
        with_key: true,
    };
    match kernel.filter(|start| *start >= top / 2) {
        Some(start) => {
            let kernel = Part {
                title: format!("The kernel's addresses, {}", bytes(start, top)),
                notes: Vec::new(),
                start,
                end: top,
                with_key: true,
            };
            vec![Part { with_key: false, ..whole }, kernel]
        }
        None => vec![whole],
    }
}

fn strip(regions: &[&Region], start: u64, end: u64, with_key: bool) -> Strip {
    let mut lanes: Vec<Lane> = Vec::new();
    for region in regions {
        let piece = piece(region);
        // Sections lie in the direct map: they go into the first lane that is free there.
        match lanes.iter_mut().find(|lane| lane.pieces.last().is_none_or(|last| last.end <= piece.start)) {
            Some(lane) => lane.pieces.push(piece),
            None => lanes.push(Lane { pieces: vec![piece], ..Lane::default() }),
        }
    }
    let entries = regions.iter().filter(|region| with_key && region.name != "-");
    let key = entries.map(|region| Entry { piece: piece(region), size: size(region.end - region.start) }).collect();
    Strip { start, end, lanes, legend: Vec::new(), key }
}

fn piece(region: &Region) -> Piece {
    let name = match region.name.as_str() {
        "-" => "unused".to_owned(),
        "?" => "unknown".to_owned(),
        name => clean(name),
    };
    Piece {
        share: 1000,
        start: region.start,
        end: region.end,
        paint: paint(&region.name),
        name,
        about: clean(&region.about),
    }
}

fn table(regions: &[&Region]) -> Table {
    let row = |region: &&Region| {
        vec![
            format!("{:#x}", region.start),
            format!("{:#x}", region.end),
            size(region.end - region.start),
            piece(region).name,
            clean(&region.about),
        ]
    };
    Table::new(&["start", "end", "size", "name", "for"], regions.iter().map(row).collect())
}

/// What a capture says of the address space: the layout block of its log, and where the vmalloc area was found to lie.
pub fn of_capture(capture: &Capture) -> Vec<Figure> {
    let area = listings(capture).last().and_then(|listing| listing.area(&mut Doubts::default()));
    // A log that the area's addresses contradict is of another boot.
    let log = capture.logs.iter().rev().find(|log| !log.layout.is_empty());
    let log = log.filter(|log| {
        let same = |area: &Area| log.area("vmalloc").is_none_or(|row| row.start == area.start);
        area.as_ref().is_none_or(same)
    });
    let mut known: Vec<Region> = Vec::new();
    for row in log.map_or(&[][..], |log| &log.layout) {
        known.push(Region {
            name: row.name.clone(),
            start: row.start,
            end: row.end,
            about: for_what(&row.name).to_owned(),
        });
    }
    if let Some(area) = area.as_ref().filter(|_| known.is_empty()) {
        let about = for_what("vmalloc").to_owned();
        known.push(Region { name: "vmalloc".to_owned(), start: area.start, end: area.end, about });
        known.extend(area.low.map(|low| Region {
            name: "lowmem".to_owned(),
            start: low.start,
            end: low.end,
            about: for_what("lowmem").to_owned(),
        }));
    }
    let highest = known.iter().map(|region| region.end).max().unwrap_or(0);
    let is_wide =
        area.as_ref().and_then(|area| area.kernel.as_ref()).is_some_and(|kernel| kernel.family == Family::Wide);
    // Of 64 bits a listing tells nothing but the area itself, which has a figure of its own.
    if known.len() < 2 || is_wide || highest > 1 << 32 {
        return Vec::new();
    }
    figures(&with_rest(known), 1 << 32)
}

/// Adds what lies between the known regions: processes below them, the gap above the direct map, and what nothing tells.
fn with_rest(mut known: Vec<Region>) -> Vec<Region> {
    known.sort_by_key(|region| (region.start, u64::MAX - region.end));
    let mut all = Vec::new();
    let mut at = 0;
    for region in &known {
        if region.start > at {
            let name = match () {
                () if at == 0 => "user",
                () if region.name == "vmalloc" && region.start - at <= 16 << 20 => "gap",
                () => "?",
            };
            all.push(Region { name: name.to_owned(), start: at, end: region.start, about: for_what(name).to_owned() });
        }
        at = at.max(region.end);
    }
    if at < 1 << 32 {
        all.push(Region { name: "?".to_owned(), start: at, end: 1 << 32, about: for_what("?").to_owned() });
    }
    all.extend(known);
    all
}

fn for_what(name: &str) -> &'static str {
    match name {
        "user" => "processes",
        "gap" => "catches accesses past the end of the direct map",
        "lowmem" => "direct map: RAM, at its physical address and an offset",
        "vmalloc" => "vmalloc, vmap, ioremap: page by page",
        "modules" => "code and data of modules",
        "pkmap" => "kmap: pages of high memory",
        "fixmap" => "kmap_atomic, kmap_local, and pages at fixed addresses",
        "vector" => "exception vectors",
        "?" => "nothing that was read tells",
        name if name.starts_with('.') => "part of the kernel image",
        _ => "",
    }
}
