//! What changed between two captures: who got more comes first, for that may be a leak.
//!
//! Compared are the first and the last listing of each kind. What holds memory in each is put into one list, caches of slabs
//! beside callers of vmalloc, by how much more it is. With a date or `/proc/uptime` before the listings the growth becomes a
//! rate.

use super::{kilobytes, size};
use crate::parse::slabinfo::{bytes, SlabInfo};
use crate::parse::vmallocinfo::VmallocInfo;
use crate::place::Place;
use crate::reader::Capture;
use kmem::snapshot::{MemField, SlabRow};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{Result, Write};

/// The most that are told of those that grew, and of those that did not.
const SHOWN: usize = 8;
const SHOWN_LESS: usize = 3;

/// Who has another amount of memory than before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// A cache, or the caller of vmalloc.
    pub what: String,
    /// How many bytes more.
    pub bytes: i128,
    /// What else there is to say.
    pub detail: String,
    /// Seconds between the two listings, where they are known.
    pub seconds: Option<u64>,
}

/// True when there are two listings of a kind.
pub fn are_there(capture: &Capture) -> bool {
    let counts = [capture.slabinfo.len(), capture.slab_folders.len(), capture.vmallocinfo.len(), capture.meminfo.len()];
    counts.into_iter().any(|count| count > 1)
}

/// The listings of caches: slabinfo's, or those of `/sys/kernel/slab`.
fn caches(capture: &Capture) -> Vec<SlabInfo> {
    match capture.slabinfo.len() {
        0 | 1 => {
            let folders = capture.slab_folders.iter();
            folders.map(|folder| SlabInfo { place: folder.place, ..folder.rows() }).collect()
        }
        _ => capture.slabinfo.clone(),
    }
}

/// Whether the first and the last listing are of different machines: that one has more than the other says nothing then.
pub fn are_of_others(capture: &Capture) -> bool {
    let totals = ends(&capture.meminfo, |file| file.get(MemField::MemTotal));
    let differ = |(before, after): (u64, u64)| before.abs_diff(after) > before.max(after) / 16;
    let digits = ends(&capture.vmallocinfo, |info| info.digits > 8);
    totals.and_then(|(before, after)| before.zip(after)).is_some_and(differ) || digits.is_some_and(|(a, b)| a != b)
}

/// Returns what changed, what grew most first.
pub fn changes(capture: &Capture) -> Vec<Change> {
    let mut list = Vec::new();
    let listings = caches(capture);
    if let [before, .., after] = &listings[..] {
        list.extend(slabs(&listings, before, after, capture.seconds(before.place, after.place)));
    }
    if let [before, .., after] = &capture.vmallocinfo[..] {
        list.extend(areas(before, after, capture.seconds(before.place, after.place)));
    }
    list.sort_by(|a, b| (-a.bytes, &a.what).cmp(&(-b.bytes, &b.what)));
    list
}

/// Writes them.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, capture: &Capture) -> Result {
    let list = changes(capture);
    let times = |place: Option<(Place, Place)>| place.and_then(|(from, to)| capture.seconds(from, to));
    let (slabs, areas) = (ends(&caches(capture), |it| it.place), ends(&capture.vmallocinfo, |it| it.place));
    let memory = ends(&capture.meminfo, |it| it.place);
    let Some((from, to)) = slabs.or(areas).or(memory) else { return Ok(()) };
    let apart =
        times(slabs.or(areas).or(memory)).map_or(String::new(), |seconds| format!(", {} apart", duration(seconds)));
    writeln!(out, "Changes, from {} to {}{apart}", capture.at(from), capture.at(to))?;
    if are_of_others(capture) {
        writeln!(out, "  These are of different machines: what one has more is no growth")?;
    }
    if list.is_empty() && slabs.or(areas).is_some() {
        writeln!(out, "  no cache and no caller of vmalloc has more or less")?;
    }
    for change in list.iter().filter(|change| change.bytes > 0).take(SHOWN) {
        line(out, change)?;
    }
    let more = list.iter().filter(|change| change.bytes > 0).count();
    if more > SHOWN {
        writeln!(out, "  … and {} more that grew", more - SHOWN)?;
    }
    if more == 0 && !list.is_empty() {
        writeln!(out, "  nothing grew")?;
    }
    for change in list.iter().rev().filter(|change| change.bytes < 0).take(SHOWN_LESS) {
        line(out, change)?;
    }
    meminfo(out, capture)
}

fn line(out: &mut dyn Write, change: &Change) -> Result {
    let rate = match (change.seconds, u64::try_from(change.bytes)) {
        (Some(seconds), Ok(bytes)) => format!(" ({})", rate(bytes, seconds)),
        _ => String::new(),
    };
    writeln!(out, "  {:>12}  {}: {}{rate}", signed(change.bytes), change.what, change.detail)
}

fn ends<T, V>(list: &[T], place: impl Fn(&T) -> V) -> Option<(V, V)> {
    match list {
        [before, .., after] => Some((place(before), place(after))),
        _ => None,
    }
}

/// Caches that have more or fewer slabs than before.
fn slabs(all: &[SlabInfo], before: &SlabInfo, after: &SlabInfo, seconds: Option<u64>) -> Vec<Change> {
    type Rows<'a> = HashMap<&'a str, &'a SlabRow>;
    let rows_of = |info: &SlabInfo| -> Vec<(String, u64)> {
        info.rows.iter().map(|(_, row)| (row.name.to_string(), bytes(row))).collect()
    };
    let old: Rows<'_> = before.rows.iter().map(|(_, row)| (row.name.as_str(), row)).collect();
    let new: Rows<'_> = after.rows.iter().map(|(_, row)| (row.name.as_str(), row)).collect();
    let history: Vec<HashMap<String, u64>> =
        if all.len() > 2 { all.iter().map(|info| rows_of(info).into_iter().collect()).collect() } else { Vec::new() };
    let mut names: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let change = |name: &str| {
        let (was, is) = (old.get(name), new.get(name));
        let held = |row: Option<&&SlabRow>| row.map_or((0, 0), |row| (bytes(row), row.active_objs));
        let ((from, objects_then), (to, objects)) = (held(was), held(is));
        let delta = i128::from(to) - i128::from(from);
        let more = i128::from(objects) - i128::from(objects_then);
        let mut detail = format!("{more:+} objects in use");
        if delta > 0 && more <= 0 {
            detail += ", so its slabs are only less full";
        }
        let sizes = history.iter().map(|rows| rows.get(name).copied().unwrap_or(0));
        if !history.is_empty() && sizes.clone().zip(sizes.skip(1)).all(|(then, now)| now > then) {
            detail += &format!(", more in each of {} listings", history.len());
        }
        Change { what: format!("slab cache {name}"), bytes: delta, detail, seconds }
    };
    names.into_iter().map(change).filter(|change| change.bytes != 0).collect()
}

/// Callers that have more or fewer areas than before.
fn areas(before: &VmallocInfo, after: &VmallocInfo, seconds: Option<u64>) -> Vec<Change> {
    let mut callers: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for (info, sign) in [(before, -1), (after, 1)] {
        // What was given back is nobody's any more.
        for row in info.rows.iter().filter(|row| !row.is_unpurged()) {
            let entry = callers.entry(row.function()).or_default();
            *entry = (entry.0 + sign * i128::from(row.size), entry.1 + sign);
        }
    }
    let changed = callers.into_iter().filter(|(_, change)| *change != (0, 0));
    let change = |(name, (bytes, areas)): (&str, (i128, i128))| {
        let name = if name.is_empty() { "nobody that is named" } else { name };
        let many = if areas.abs() == 1 { "area" } else { "areas" };
        Change { what: format!("vm areas of {name}"), bytes, detail: format!("{areas:+} {many}"), seconds }
    };
    changed.map(change).collect()
}

/// Fields of meminfo that say where memory went.
fn meminfo(out: &mut dyn Write, capture: &Capture) -> Result {
    const FIELDS: [(&str, MemField); 8] = [
        ("free", MemField::MemFree),
        ("available", MemField::MemAvailable),
        ("slabs that cannot be reclaimed", MemField::SUnreclaim),
        ("slabs that can", MemField::SReclaimable),
        ("page cache", MemField::Cached),
        ("of processes", MemField::AnonPages),
        ("page tables", MemField::PageTables),
        ("stacks of the kernel", MemField::KernelStack),
    ];
    let [before, .., after] = &capture.meminfo[..] else { return Ok(()) };
    let mut parts = Vec::new();
    for (name, field) in FIELDS {
        if let (Some(from), Some(to)) = (before.get(field), after.get(field)) {
            if from != to {
                parts.push(format!("{name} {} -> {}", kilobytes(from), kilobytes(to)));
            }
        }
    }
    match parts.is_empty() {
        true => Ok(()),
        false => writeln!(out, "  Memory: {}", parts.join(", ")),
    }
}

/// `72.0 MB an hour`, `1.5 MB a minute`: in the unit in which there is something to see.
fn rate(bytes: u64, seconds: u64) -> String {
    let per = |unit: u64| (u128::from(bytes) * u128::from(unit) / u128::from(seconds)).min(u64::MAX.into()) as u64;
    let (unit, name) = [(1, "a second"), (60, "a minute"), (3600, "an hour")]
        .into_iter()
        .find(|(unit, _)| per(*unit) >= 1 << 20)
        .unwrap_or((86_400, "a day"));
    format!("{} {name}", size(per(unit)))
}

/// `90 seconds`, `10 minutes`, `3 hours`.
fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `+1 MB`, `-8 kB`.
fn signed(bytes: i128) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    format!("{sign}{}", size(u64::try_from(bytes.unsigned_abs()).unwrap_or(u64::MAX)))
}
