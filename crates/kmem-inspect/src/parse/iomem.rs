//! `/proc/iomem`: physical addresses and what they are, nested.
//!
//! ```text
//!     40000000-7fffffff : System RAM
//!       40208000-411fffff : Kernel code
//! ```
//!
//! Two blanks a level. Who is not root sees zeros. Checked: a range ends behind its start and lies inside its parent.

use super::Taken;
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::{hex, Scan};
use kmem::error::Name;
use kmem::snapshot::IoMemRow;

/// A listing of physical addresses.
#[derive(Clone, Debug, Default)]
pub struct IoMem {
    /// Its first row.
    pub place: Place,
    /// The rows, in the order of the text.
    pub rows: Vec<(Place, IoMemRow)>,
}

/// From what the engine fills.
impl FromIterator<IoMemRow> for IoMem {
    fn from_iter<I: IntoIterator<Item = IoMemRow>>(rows: I) -> Self {
        Self { place: Place::default(), rows: rows.into_iter().map(|row| (Place::default(), row)).collect() }
    }
}

impl IoMem {
    /// True when the reader had no rights: all addresses are zero.
    pub fn is_hidden(&self) -> bool {
        self.rows.iter().all(|(_, row)| row.last == 0)
    }
}

/// The most rows that are kept.
const MOST_ROWS: usize = 20_000;

/// Reads rows as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<IoMem>,
    last: Place,
}

impl Reader {
    /// Looks at a line. A listing that ends here, because addresses begin again, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<IoMem>) {
        let Some(row) = row(line.text) else { return (Taken::No, None) };
        let far = self.last.source != line.place.source || line.place.line > self.last.line + 2;
        let first =
            |open: &IoMem| open.rows.first().is_some_and(|(_, first)| row.depth == 0 && row.start <= first.start);
        let ended = self.open.take_if(|open| far || (first(open) && row.last != 0));
        let open = self.open.get_or_insert_with(|| IoMem { place: line.place, rows: Vec::new() });
        if row.last < row.start {
            doubts.contradiction(line.place, format!("iomem: {:x}-{:x} ends before it begins", row.start, row.last));
        }
        let parent = open.rows.iter().rev().map(|(_, known)| known).find(|known| known.depth < row.depth);
        if let Some(parent) = parent.filter(|parent| row.start < parent.start || row.last > parent.last) {
            let (start, last, name) = (row.start, row.last, parent.name);
            doubts.contradiction(line.place, format!("iomem: {start:x}-{last:x} is not inside {name}"));
        }
        if open.rows.len() < MOST_ROWS {
            open.rows.push((line.place, row));
        }
        self.last = line.place;
        (Taken::Yes, ended)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self) -> Option<IoMem> {
        self.open.take()
    }
}

fn row(text: &str) -> Option<IoMemRow> {
    let trimmed = text.trim_start_matches(' ');
    let depth = (text.len() - trimmed.len()) / 2;
    let mut scan = Scan(trimmed);
    let start = scan.while_is(|c| c.is_ascii_hexdigit());
    let last = scan.eat("-").then(|| scan.while_is(|c| c.is_ascii_hexdigit()))?;
    if start.len() < 8 || last.len() < 8 || !scan.eat(" : ") {
        return None;
    }
    Some(IoMemRow { depth: depth as u32, start: hex(start)?, last: hex(last)?, name: Name::new(scan.0.trim()) })
}
