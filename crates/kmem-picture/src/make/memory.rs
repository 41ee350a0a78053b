//! What memory is used for, by meminfo: a bar for each use, and one for what meminfo does not name.

use crate::paint::Paint;
use crate::view::{Bar, Bars, Figure, Shape, Table};
use kmem::snapshot::MemField;
use kmem_inspect::explain::kilobytes;
use kmem_inspect::Capture;

/// Uses that do not overlap: what is added up for each. Shared memory is a part of `Cached`.
const USES: [(Paint, &str, &[MemField]); 8] = [
    (Paint::FreePart, "free", &[MemField::MemFree]),
    (Paint::Process, "processes", &[MemField::AnonPages]),
    (Paint::Cache, "page cache and shmem", &[MemField::Buffers, MemField::Cached, MemField::SwapCached]),
    (Paint::Reclaimable, "slabs, reclaimable", &[MemField::SReclaimable]),
    (Paint::Slab, "slabs, not reclaimable", &[MemField::SUnreclaim]),
    (Paint::Kernel, "page tables", &[MemField::PageTables]),
    (Paint::Kernel, "kernel stacks", &[MemField::KernelStack]),
    (Paint::Kernel, "per-CPU memory", &[MemField::Percpu]),
];

/// Draws the last meminfo of a capture.
pub fn of_capture(capture: &Capture) -> Option<Figure> {
    let file = capture.meminfo.iter().rev().find(|file| file.get(MemField::MemTotal).is_some())?;
    let total = file.get(MemField::MemTotal)?;
    let of = |fields: &[MemField]| fields.iter().filter_map(|field| file.get(*field)).reduce(u64::saturating_add);
    let mut parts: Vec<(Paint, &str, u64)> =
        USES.iter().filter_map(|(paint, name, fields)| Some((*paint, *name, of(fields)?))).collect();
    // Before 2.6.19 slabs are one number, and before 2.6.18 processes are not counted.
    if file.get(MemField::SUnreclaim).is_none() {
        parts.extend(file.get(MemField::Slab).map(|kb| (Paint::Slab, "slabs", kb)));
    }
    let named = parts.iter().fold(0u64, |sum, (.., kb)| sum.saturating_add(*kb));
    parts.push((Paint::Unknown, "not named by meminfo", total.saturating_sub(named)));
    let percent = |kb: u64| match u128::from(kb) * 100 / u128::from(total.max(1)) {
        0 if kb > 0 => "below 1%".to_owned(),
        percent => format!("{percent}%"),
    };
    let rows = parts.iter().filter(|(.., kb)| *kb > 0).map(|(paint, name, kb)| Bar {
        name: (*name).to_owned(),
        parts: vec![(*paint, *kb, String::new())],
        text: format!("{}, {}", kilobytes(*kb), percent(*kb)),
    });
    let cells = parts.iter().map(|(_, name, kb)| vec![(*name).to_owned(), kilobytes(*kb), percent(*kb)]).collect();
    Some(Figure {
        id: "memory".to_owned(),
        title: format!("What memory is used for, {}", kilobytes(total)),
        notes: Vec::new(),
        shape: Shape::Bars(Bars { rows: rows.collect(), key: Vec::new() }),
        table: Some(Table::new(&["use", "size", "share"], cells)),
    })
}
