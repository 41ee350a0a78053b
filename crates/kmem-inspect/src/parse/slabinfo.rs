//! `/proc/slabinfo`: a row for each cache.
//!
//! | version | kernels | a row behind the name |
//! |---|---|---|
//! | 1.1 | 2.4 | active, total, object size, active slabs, slabs, pages a slab `[: limit batch]` |
//! | 2.0, 2.1 | 2.6 and later | active, total, object size, objects a slab, pages a slab `: tunables` limit, batch, shared factor `: slabdata` active slabs, slabs, shared |
//!
//! 2.0's head names limit and batch in the other order than its rows have them. Statistics may follow (`: globalstat`).
//! Names may have blanks and colons (`mnt_cache(9946:job a)`, `:0000192`), so a row is read from the right.
//!
//! Checked: objects = slabs × objects a slab; active ≤ all; a slab's objects fit into its pages.

use super::Taken;
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::decimal;
use kmem::error::Name;
use kmem::snapshot::SlabRow;
use kmem::units::PAGE_SIZE;

/// A listing of caches.
#[derive(Clone, Debug, Default)]
pub struct SlabInfo {
    /// Its first line.
    pub place: Place,
    /// `1.1`, `2.0`, `2.1`; empty when the head is missing.
    pub version: String,
    /// The rows, in the order of the text.
    pub rows: Vec<(Place, SlabRow)>,
}

/// Bytes of RAM that a cache's slabs take.
pub fn bytes(row: &SlabRow) -> u64 {
    row.num_slabs.saturating_mul(row.pages_per_slab).saturating_mul(PAGE_SIZE)
}

/// From what the engine fills.
impl FromIterator<SlabRow> for SlabInfo {
    fn from_iter<I: IntoIterator<Item = SlabRow>>(rows: I) -> Self {
        Self { rows: rows.into_iter().map(|row| (Place::default(), row)).collect(), ..Self::default() }
    }
}

/// The most caches that are kept; memory cgroups make many.
const MOST_ROWS: usize = 100_000;

/// Reads rows as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<SlabInfo>,
}

impl Reader {
    /// Looks at a line. A listing that ends here, because another begins, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<SlabInfo>) {
        let text = line.text.trim();
        // A row or a head; while a listing of 1.x is open, anything may be a row.
        let old = self.open.as_ref().is_some_and(|open| open.version.starts_with("1."));
        if !old && !text.starts_with("slabinfo") && !text.starts_with('#') && !has_row_words(text) {
            return (Taken::No, None);
        }
        if let Some(version) = text.strip_prefix("slabinfo - version:") {
            let ended = self.open.take();
            let version = version.split_whitespace().next().unwrap_or_default().to_owned();
            self.open = Some(SlabInfo { place: line.place, version, rows: Vec::new() });
            return (Taken::Yes, ended);
        }
        if text.starts_with("# name") && text.contains("<active_objs>") {
            return (Taken::Yes, None);
        }
        let row = if old { row_1(text) } else { row_2(text) };
        let Some(row) = row else {
            if text.contains(": tunables ") || text.contains(": slabdata ") {
                doubts.not_understood(line.place, format!("a row of slabinfo: `{text}`"));
                return (Taken::Yes, None);
            }
            return (Taken::No, None);
        };
        let repeats = |open: &SlabInfo| open.rows.first().is_some_and(|(_, first)| first.name == row.name);
        let ended = self.open.take_if(|open| repeats(open));
        let open = self.open.get_or_insert_with(|| SlabInfo { place: line.place, ..SlabInfo::default() });
        check(line.place, &row, doubts);
        if open.rows.len() < MOST_ROWS {
            open.rows.push((line.place, row));
        }
        (Taken::Yes, ended)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self) -> Option<SlabInfo> {
        self.open.take()
    }
}

/// Words that rows of 2.x have, and hardly another line.
fn has_row_words(text: &str) -> bool {
    text.contains("tunables") || text.contains("slabdata")
}

/// The last `N` words of `text` as numbers, and what stands before them.
fn from_right<const N: usize>(text: &str) -> Option<(&str, [u64; N])> {
    let mut numbers = [0; N];
    let mut rest = text.trim_end();
    for slot in numbers.iter_mut().rev() {
        let (front, word) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
        *slot = decimal(word)?;
        rest = front.trim_end();
    }
    Some((rest, numbers))
}

/// The first `N` words as numbers; more may follow.
fn from_left<const N: usize>(text: &str) -> Option<[u64; N]> {
    let mut words = text.split_whitespace();
    let mut numbers = [0; N];
    for slot in &mut numbers {
        *slot = decimal(words.next()?)?;
    }
    Some(numbers)
}

fn row_2(text: &str) -> Option<SlabRow> {
    let (front, rest) = text.split_once(": tunables")?;
    let (tunables, slabdata) = rest.split_once(": slabdata")?;
    let (name, [active_objs, num_objs, object_bytes, objects_per_slab, pages_per_slab]) = from_right(front)?;
    let [limit, batchcount, sharedfactor] = from_left(tunables)?;
    let [active_slabs, num_slabs, shared_avail] = from_left(slabdata)?;
    if name.is_empty() {
        return None;
    }
    Some(SlabRow {
        name: Name::new(name),
        active_objs,
        num_objs,
        object_bytes,
        objects_per_slab,
        pages_per_slab,
        limit,
        batchcount,
        sharedfactor,
        active_slabs,
        num_slabs,
        shared_avail,
    })
}

fn row_1(text: &str) -> Option<SlabRow> {
    let (front, tunables) = match text.split_once(" : ") {
        Some((front, rest)) => (front, from_left::<2>(rest.rsplit(" : ").next().unwrap_or(rest)).unwrap_or([0; 2])),
        None => (text, [0; 2]),
    };
    let (name, [active_objs, num_objs, object_bytes, active_slabs, num_slabs, pages_per_slab]) = from_right(front)?;
    if name.is_empty() || pages_per_slab == 0 {
        return None;
    }
    Some(SlabRow {
        name: Name::new(name),
        active_objs,
        num_objs,
        object_bytes,
        objects_per_slab: num_objs.checked_div(num_slabs).unwrap_or(0),
        pages_per_slab,
        limit: tunables[0],
        batchcount: tunables[1],
        active_slabs,
        num_slabs,
        ..SlabRow::default()
    })
}

fn check(place: Place, row: &SlabRow, doubts: &mut Doubts) {
    let SlabRow { name, active_objs, num_objs, objects_per_slab, num_slabs, active_slabs, .. } = row;
    if Some(*num_objs) != num_slabs.checked_mul(*objects_per_slab) {
        let what = format!("{name}: {num_objs} objects are not {num_slabs} slabs of {objects_per_slab}");
        doubts.contradiction(place, what);
    }
    if active_objs > num_objs || active_slabs > num_slabs {
        let what = format!("{name}: {active_objs} of {num_objs} objects in {active_slabs} of {num_slabs} slabs");
        doubts.contradiction(place, what);
    }
    let room = row.pages_per_slab.saturating_mul(PAGE_SIZE);
    if objects_per_slab.saturating_mul(row.object_bytes) > room {
        let bytes = row.object_bytes;
        doubts.contradiction(
            place,
            format!("{name}: {objects_per_slab} objects of {bytes} bytes do not fit into {room}"),
        );
    }
}
