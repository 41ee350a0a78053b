//! Zones: free pages among their watermarks, what of a zone is what, and free blocks by order. From zoneinfo, buddyinfo and
//! pagetypeinfo; where there is none of them, from the last report.

use crate::clean::clean;
use crate::paint::Paint;
use crate::view::{Bar, Bars, Figure, Histogram, HistogramZone, Level, Shape, Table};
use kmem::snapshot::{PageTypeRow, ZoneInfo};
use kmem_inspect::explain::page_size;
use kmem_inspect::parse::report::{Report, ZoneState};
use kmem_inspect::scan::total;
use kmem_inspect::Capture;

/// What mobility types look like, and how they are called; by the engine's numbers.
pub const TYPES: [(Paint, &str); 6] = [
    (Paint::Unmovable, "unmovable"),
    (Paint::Movable, "movable"),
    (Paint::Reclaimable, "reclaimable"),
    (Paint::Atomic, "set aside"),
    (Paint::Cma, "contiguous area"),
    (Paint::Isolated, "isolated"),
];

/// Draws what a capture says of its zones.
pub fn of_capture(capture: &Capture) -> Vec<Figure> {
    [levels(capture), parts(capture), histogram(capture)].into_iter().flatten().collect()
}

/// A zone's name, with its node where it is not the first.
pub fn zone_name(node: u32, zone: &str) -> String {
    if node > 0 {
        format!("node {node} {}", clean(zone))
    } else {
        clean(zone)
    }
}

fn levels(capture: &Capture) -> Option<Figure> {
    let (levels, source): (Vec<Level>, &str) = match capture.zoneinfo.last() {
        Some(file) => {
            let zones = file.zones.iter().map(|(_, zone)| &**zone).filter(|zone| zone.present > 0 || zone.managed > 0);
            let level = |zone: &ZoneInfo| {
                let name = zone_name(zone.node, zone.zone.as_str());
                let mut level = level(name, [zone.free, zone.min, zone.low, zone.high]);
                if zone.boost > 0 {
                    level.state += &format!("; boosted by {}", page_size(zone.boost));
                }
                if zone.unreclaimable > 0 {
                    level.state += "; reclaim has given up on it";
                }
                level
            };
            (zones.map(level).collect(), "")
        }
        None => {
            let report = capture.reports.iter().rev().find(|report| !report.zones.is_empty())?;
            let level = |zone: &ZoneState| {
                let pages = |name: &str| zone.kb(name).map(|kb| kb / 4);
                let marks = [pages("free")?, pages("min")?, pages("low")?, pages("high")?];
                Some(level(zone_name(zone.node, &zone.name), marks))
            };
            (report.zones.iter().filter_map(level).collect(), "As the last report has it.")
        }
    };
    if levels.is_empty() {
        return None;
    }
    let row = |level: &Level| {
        let pages = [level.free, level.min, level.low, level.high].map(page_size);
        [vec![level.name.clone()], pages.to_vec(), vec![level.state.clone()]].concat()
    };
    let table = Table::new(&["zone", "free", "min", "low", "high", "state"], levels.iter().map(row).collect());
    let notes = [source].iter().filter(|note| !note.is_empty()).map(|note| (*note).to_owned()).collect();
    Some(Figure {
        id: "watermarks".to_owned(),
        title: "Free memory among the watermarks".to_owned(),
        notes,
        shape: Shape::Levels(levels),
        table: Some(table),
    })
}

fn level(name: String, [free, min, low, high]: [u64; 4]) -> Level {
    let state = match free {
        _ if free < min => "below min: for requests that may use the reserve",
        _ if free < low => "below low: kswapd works",
        _ if free < high => "between low and high: kswapd works until high",
        _ => "above high: nothing is reclaimed",
    };
    Level { name, free, min, low, high, state: state.to_owned() }
}

/// What of each zone is free, in use, kept by boot, or no memory at all.
fn parts(capture: &Capture) -> Option<Figure> {
    let file = capture.zoneinfo.last()?;
    let mut rows = Vec::new();
    let mut cells = Vec::new();
    for (_, zone) in file.zones.iter().filter(|(_, zone)| zone.spanned > 0) {
        let managed = if zone.managed > 0 { zone.managed } else { zone.present };
        let parts = [
            (Paint::Used, managed.saturating_sub(zone.free), "in use"),
            (Paint::FreePart, zone.free.min(managed), "free"),
            (Paint::Reserved, zone.present.saturating_sub(managed), "kept by boot"),
            (Paint::Free, zone.spanned.saturating_sub(zone.present), "no RAM there"),
        ];
        let name = zone_name(zone.node, zone.zone.as_str());
        cells.push([vec![name.clone()], parts.iter().map(|part| page_size(part.1)).collect()].concat());
        rows.push(Bar {
            name,
            text: format!("{} free of {}", page_size(zone.free), page_size(managed)),
            parts: parts.map(|(paint, pages, what)| (paint, pages, format!("{what}: {}", page_size(pages)))).to_vec(),
        });
    }
    let key = vec![
        (Paint::Used, "in use".to_owned()),
        (Paint::FreePart, "free".to_owned()),
        (Paint::Reserved, "kept by boot".to_owned()),
        (Paint::Free, "no RAM there".to_owned()),
    ];
    (!rows.is_empty()).then(|| Figure {
        id: "zones".to_owned(),
        title: "What zones are made of".to_owned(),
        notes: vec!["How much, not where: free pages and used ones lie among each other.".to_owned()],
        shape: Shape::Bars(Bars { rows, key }),
        table: Some(Table::new(&["zone", "in use", "free", "kept by boot", "no RAM there"], cells)),
    })
}

fn histogram(capture: &Capture) -> Option<Figure> {
    let histogram = by_type(capture).or_else(|| without_types(capture))?;
    let mut rows = Vec::new();
    for zone in &histogram.zones {
        for (order, types) in zone.blocks.iter().enumerate() {
            let blocks = total(types.iter().copied());
            let (each, together) = (page_size(1 << order), page_size(blocks.saturating_mul(1 << order)));
            rows.push(vec![zone.name.clone(), order.to_string(), each, blocks.to_string(), together]);
        }
    }
    let height = "A bar's height: how much memory lies free in blocks of that order. Above it how many blocks, below it the order, \
                  the size of a block, and their sum.";
    let is_cut = capture.pagetypeinfo.last().is_some_and(|info| info.capped > 0);
    let cut = is_cut.then_some("Counts of more than 100000 are cut by the kernel.");
    Some(Figure {
        id: "buddy".to_owned(),
        title: "Free blocks by order".to_owned(),
        notes: [Some(height), cut].into_iter().flatten().map(str::to_owned).collect(),
        shape: Shape::Histogram(histogram),
        table: Some(Table::new(&["zone", "order", "a block", "blocks", "together"], rows)),
    })
}

/// With the types that have free blocks.
fn by_type(capture: &Capture) -> Option<Histogram> {
    let info = capture.pagetypeinfo.last().filter(|info| info.rows.iter().any(|row| row.orders > 0))?;
    let has_free = |kind: &usize| info.rows.iter().any(|row| row.free[*kind].iter().any(|blocks| *blocks > 0));
    let kinds: Vec<usize> = (0..TYPES.len()).filter(has_free).collect();
    let zone = |row: &PageTypeRow| HistogramZone {
        name: zone_name(row.node, row.zone.as_str()),
        blocks: (0..row.orders).map(|order| kinds.iter().map(|kind| row.free[*kind][order]).collect()).collect(),
    };
    let types = kinds.iter().map(|kind| (TYPES[*kind].0, TYPES[*kind].1.to_owned())).collect();
    Some(Histogram { zones: info.rows.iter().map(zone).collect(), types })
}

/// Of buddyinfo, or of a report.
fn without_types(capture: &Capture) -> Option<Histogram> {
    let zones: Vec<HistogramZone> = match capture.buddyinfo.last() {
        Some(info) => {
            let rows = info.rows.iter().map(|(_, row)| row);
            rows.map(|row| zone(row.node, row.zone.as_str(), &row.free[..row.orders])).collect()
        }
        None => {
            let has_blocks = |report: &&Report| report.zones.iter().any(|zone| zone.has_blocks);
            let report = capture.reports.iter().rev().find(has_blocks)?;
            let zones = report.zones.iter().filter(|zone| zone.has_blocks);
            // How many orders there are, only newer reports tell.
            let orders = |it: &ZoneState| {
                let last = it.blocks.iter().rposition(|blocks| *blocks > 0).map_or(1, |order| order + 1);
                last.max(it.types.len()).min(it.blocks.len())
            };
            zones.map(|it| zone(it.node, &it.name, &it.blocks[..orders(it)])).collect()
        }
    };
    let types = vec![(Paint::FreePart, "free blocks; nothing that was read tells their types".to_owned())];
    (!zones.is_empty()).then_some(Histogram { zones, types })
}

fn zone(node: u32, name: &str, free: &[u64]) -> HistogramZone {
    HistogramZone { name: zone_name(node, name), blocks: free.iter().map(|blocks| vec![*blocks]).collect() }
}
