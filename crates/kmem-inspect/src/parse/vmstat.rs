//! `/proc/vmstat`: a counter a line, `name value`.
//!
//! Names come and go; those that this version does not know are kept beside. The same names stand in zoneinfo, with
//! blanks in front. A counter that is there again begins another listing.

use super::Taken;
use crate::line::Line;
use crate::place::Place;
use crate::scan::Scan;
use kmem::snapshot::{Stat, VmEvent, VmStat};
use std::collections::HashSet;

/// Requests that had to reclaim memory themselves: of all zones in one number, in newer kernels of each.
pub const STALLS: [&str; 6] =
    ["allocstall", "allocstall_dma", "allocstall_dma32", "allocstall_normal", "allocstall_high", "allocstall_movable"];

/// A listing of counters.
#[derive(Clone, Debug, Default)]
pub struct VmStatFile {
    /// Its first line.
    pub place: Place,
    /// The counters that are known.
    pub values: VmStat,
    there: HashSet<String>,
    /// The others.
    pub other: Vec<(String, u64)>,
}

/// From what the engine fills.
impl From<VmStat> for VmStatFile {
    fn from(values: VmStat) -> Self {
        Self { values, ..Self::default() }
    }
}

impl VmStatFile {
    /// Returns a counter, if the listing has it.
    pub fn get(&self, name: &str) -> Option<u64> {
        if self.there.is_empty() || self.there.contains(name) {
            self.values.get(name)
        } else {
            self.other.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
        }
    }
    /// How many counters were read.
    pub fn count(&self) -> usize {
        self.there.len() + self.other.len()
    }
}

/// The most counters with unknown names.
const MOST_OTHER: usize = 500;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<VmStatFile>,
    last: Place,
}

impl Reader {
    /// Looks at a line. A listing that ends here is returned.
    pub fn line(&mut self, line: &Line<'_>) -> (Taken, Option<VmStatFile>) {
        let Some((name, value)) = entry(line.text) else { return (Taken::No, None) };
        let follows = self.last.source == line.place.source && line.place.line == self.last.line + 1;
        let known = Stat::by_name(name).is_some() || VmEvent::by_name(name).is_some();
        if !known {
            return match &mut self.open {
                Some(open) if follows && open.other.len() < MOST_OTHER => {
                    open.other.push((name.to_owned(), value));
                    self.last = line.place;
                    (Taken::Yes, None)
                }
                _ => (Taken::No, None),
            };
        }
        let ended = self.open.take_if(|open| open.there.contains(name));
        let open = self.open.get_or_insert_with(|| VmStatFile { place: line.place, ..VmStatFile::default() });
        if let Some(slot) = open.values.get_mut(name) {
            *slot = value;
        }
        open.there.insert(name.to_owned());
        self.last = line.place;
        (Taken::Yes, ended)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self) -> Option<VmStatFile> {
        self.open.take()
    }
}

fn entry(text: &str) -> Option<(&str, u64)> {
    let mut scan = Scan(text);
    let name = scan.while_is(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if name.is_empty() {
        return None;
    }
    let value = scan.0.starts_with([' ', '\t']).then(|| scan.blanks().decimal()).flatten()?;
    scan.is_done().then_some((name, value))
}
