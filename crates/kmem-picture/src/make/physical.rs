//! Physical addresses: zones, and what the firmware put where.

use super::zones::zone_name;
use crate::clean::clean;
use crate::merge::merge;
use crate::paint::Paint;
use crate::view::{Entry, Figure, Lane, Piece, Shape, Strip, Table};
use kmem::units::PAGE_SIZE;
use kmem_inspect::explain::size;
use kmem_inspect::Capture;

/// Where a zone lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    /// Its name, with its node where there are several.
    pub name: String,
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// More about it.
    pub about: String,
}

/// What a capture says: zones of zoneinfo or of a log, RAM and devices of iomem or of a log.
pub fn of_capture(capture: &Capture) -> Option<Figure> {
    let mut zones: Vec<Zone> = Vec::new();
    if let Some(file) = capture.zoneinfo.last() {
        for (_, zone) in file.zones.iter().filter(|(_, zone)| zone.spanned > 0) {
            let start = zone.start_pfn.saturating_mul(PAGE_SIZE);
            let end = start.saturating_add(zone.spanned.saturating_mul(PAGE_SIZE));
            let kb = |pages: u64| size(pages.saturating_mul(PAGE_SIZE));
            let about = format!("{} present, {} managed, {} free", kb(zone.present), kb(zone.managed), kb(zone.free));
            zones.push(Zone { name: zone_name(zone.node, zone.zone.as_str()), start, end, about });
        }
        // Kernels that do not say where a zone begins let all begin at 0.
        if zones.len() > 1 && zones.iter().all(|zone| zone.start == 0) {
            zones.clear();
        }
    }
    let log = capture.logs.iter().rev().find(|log| !log.zones.is_empty() || !log.ram.is_empty());
    if let Some(log) = log.filter(|_| zones.is_empty()) {
        zones.extend(log.zones.iter().map(|(name, start, end)| Zone {
            name: clean(name),
            start: *start,
            end: *end,
            about: "from the log".to_owned(),
        }));
    }
    let mut things: Vec<Lane> = Vec::new();
    let iomem = capture.iomem.last().filter(|iomem| !iomem.is_hidden());
    for (_, row) in iomem.map_or(&[][..], |iomem| &iomem.rows).iter().filter(|(_, row)| row.start < row.last) {
        let end = row.last.saturating_add(1);
        let piece = ram_or_device(row.start, end, row.name.as_str());
        let depth = row.depth.min(3) as usize;
        things.resize_with(things.len().max(depth + 1), Lane::default);
        things[depth].pieces.push(piece);
    }
    if things.is_empty() {
        let ram = log.map_or(&[][..], |log| &log.ram);
        let pieces: Vec<Piece> = ram.iter().map(|(start, end)| ram_or_device(*start, *end, "System RAM")).collect();
        if !pieces.is_empty() {
            things.push(Lane { pieces, ..Lane::default() });
        }
    }
    figure(&zones, things)
}

fn ram_or_device(start: u64, end: u64, name: &str) -> Piece {
    let (paint, about) = match name {
        "System RAM" => (Paint::Ram, "RAM"),
        name if name.starts_with("Kernel ") => (Paint::Image, "the kernel image"),
        name if name.eq_ignore_ascii_case("reserved") => (Paint::Reserved, "kept by the firmware"),
        _ => (Paint::Special, "a device, or kept by the firmware"),
    };
    Piece { share: 1000, start, end, paint, name: clean(name), about: about.to_owned() }
}

/// Draws zones, with lanes of what else is known below.
pub fn figure(zones: &[Zone], mut things: Vec<Lane>) -> Option<Figure> {
    let mut zones: Vec<&Zone> = zones.iter().filter(|zone| zone.start < zone.end).collect();
    zones.sort_by_key(|zone| zone.start);
    things.retain(|lane| !lane.pieces.is_empty());
    for lane in &mut things {
        lane.pieces.retain(|piece| piece.start < piece.end);
        lane.pieces.sort_by_key(|piece| piece.start);
    }
    // To scale as far as there is memory: devices may lie at addresses that are far away.
    let is_memory = |piece: &&Piece| matches!(piece.paint, Paint::Ram);
    let ram = things.iter().flat_map(|lane| &lane.pieces).filter(is_memory);
    let ends = zones.iter().map(|zone| (zone.start, zone.end)).chain(ram.map(|piece| (piece.start, piece.end)));
    let (start, end) = ends.fold((u64::MAX, 0), |(start, end), (from, to)| (start.min(from), end.max(to)));
    if start >= end {
        return None;
    }
    let mut lanes: Vec<Lane> = Vec::new();
    for zone in &zones {
        let piece = zone_piece(zone);
        // Zones of nodes may overlap.
        match lanes.iter_mut().find(|lane| lane.pieces.last().is_none_or(|last| last.end <= piece.start)) {
            Some(lane) => lane.pieces.push(piece),
            None => lanes.push(Lane { pieces: vec![piece], ..Lane::default() }),
        }
    }
    let mut beyond = 0;
    for mut lane in things {
        let all = lane.pieces.len();
        lane.pieces.retain(|piece| piece.start >= start && piece.end <= end);
        beyond += all - lane.pieces.len();
        merge(&mut lane.pieces, start, end);
        if !lane.pieces.is_empty() {
            lanes.push(lane);
        }
    }
    let row = |zone: &&Zone| {
        let hex = |address: u64| format!("{address:#x}");
        vec![zone.name.clone(), hex(zone.start), hex(zone.end), size(zone.end - zone.start), zone.about.clone()]
    };
    let table = Table::new(&["zone", "start", "end", "spans", ""], zones.iter().map(row).collect());
    let key = zones.iter().map(|zone| Entry { piece: zone_piece(zone), size: size(zone.end - zone.start) }).collect();
    let mut notes = Vec::new();
    if lanes.len() > 1 && !zones.is_empty() {
        notes.push("Zones above; below them RAM and what lies in it.".to_owned());
    }
    if beyond > 0 {
        notes.push(format!("Devices at addresses without RAM around them are left out: {beyond}."));
    }
    Some(Figure {
        id: "physical".to_owned(),
        title: format!("Physical addresses, {:#x}-{end:#x}", start),
        notes,
        shape: Shape::Strip(Strip { start, end, lanes, legend: Vec::new(), key }),
        table: Some(table),
    })
}

fn zone_piece(zone: &Zone) -> Piece {
    let kind = zone.name.rsplit(' ').next().unwrap_or_default();
    let paint = match kind {
        "DMA" => Paint::ZoneDma,
        "DMA32" => Paint::ZoneDma32,
        "HighMem" => Paint::ZoneHigh,
        "Movable" => Paint::ZoneMovable,
        _ => Paint::ZoneNormal,
    };
    Piece { share: 1000, start: zone.start, end: zone.end, paint, name: zone.name.clone(), about: zone.about.clone() }
}
