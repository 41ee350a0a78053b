//! `/proc/meminfo`: `Name: number kB`, one a line.
//!
//! Names come and go with kernels, so lines are read by name and never by position. The value may touch the colon or the
//! unit, and may have leading zeros. 2.4 and early 2.6 begin with a table of bytes (`total: used: free:`), whose numbers
//! are all repeated below; it is passed over. Three lines on a page are a listing too: each says whether it was there.
//!
//! `/sys/devices/system/node/nodeN/meminfo` has the same lines of one node, with `Node N ` in front of each.
//!
//! Checked: HighTotal + LowTotal = MemTotal, SReclaimable + SUnreclaim = Slab, and no part is more than its whole. The
//! counters are read one after the other while the machine runs, so sums of live ones are not checked to the kB.

use super::Taken;
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::{total, Scan};
use kmem::snapshot::{MemField, MemInfo};

/// A listing of `/proc/meminfo`, whole or in part.
#[derive(Clone, Debug)]
pub struct MemInfoFile {
    /// Its first line.
    pub place: Place,
    /// The node that it is of; `None`: the whole machine.
    pub node: Option<u32>,
    values: MemInfo,
    there: [bool; MemField::COUNT],
    /// Lines with names that this version does not know: name and number.
    pub other: Vec<(String, u64)>,
}

impl MemInfoFile {
    /// Returns the number of a line (kB, or a count where the name says so), if the line is there.
    pub fn get(&self, field: MemField) -> Option<u64> {
        self.there[field as usize].then(|| self.values[field])
    }
    fn new(place: Place) -> Self {
        Self { place, node: None, values: MemInfo::default(), there: [false; MemField::COUNT], other: Vec::new() }
    }
    fn check(&self, doubts: &mut Doubts) {
        use MemField::{
            ActiveFile, Buffers, CmaFree, CmaTotal, HighFree, HighTotal, LowFree, LowTotal, MemFree, MemTotal,
            SReclaimable, SUnreclaim, Slab, SwapFree, SwapTotal, VmallocChunk, VmallocTotal, VmallocUsed,
        };
        for (a, b, sum) in [(HighTotal, LowTotal, MemTotal), (SReclaimable, SUnreclaim, Slab)] {
            if let (Some(first), Some(second), Some(whole)) = (self.get(a), self.get(b), self.get(sum)) {
                if total([first, second]) != whole {
                    let (a, b, sum) = (a.name(), b.name(), sum.name());
                    doubts
                        .contradiction(self.place, format!("meminfo: {a} {first} + {b} {second} is not {sum} {whole}"));
                }
            }
        }
        for (part, whole) in [
            (MemFree, MemTotal),
            (HighFree, HighTotal),
            (LowFree, LowTotal),
            (SwapFree, SwapTotal),
            (CmaFree, CmaTotal),
            (Buffers, MemTotal),
            (ActiveFile, MemTotal),
            (VmallocUsed, VmallocTotal),
            (VmallocChunk, VmallocTotal),
        ] {
            if let (Some(some), Some(all)) = (self.get(part), self.get(whole)) {
                if some > all {
                    let (part, whole) = (part.name(), whole.name());
                    doubts
                        .contradiction(self.place, format!("meminfo: {part} {some} kB is more than {whole} {all} kB"));
                }
            }
        }
    }
}

/// From what the engine fills.
impl From<MemInfo> for MemInfoFile {
    fn from(values: MemInfo) -> Self {
        Self { values, there: [true; MemField::COUNT], ..Self::new(Place::default()) }
    }
}

/// The most lines with unknown names that are kept.
const MOST_OTHER: usize = 200;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<MemInfoFile>,
    last: Place,
}

impl Reader {
    /// Looks at a line. A listing that ends here is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<MemInfoFile>) {
        let (node, text) = node_of(line.text);
        let Some((name, kb)) = entry(text) else {
            return (Taken::when(self.is_byte_table(line)), None);
        };
        let other = self.open.as_ref().is_some_and(|open| open.node != node);
        let follows = self.last.source == line.place.source && line.place.line == self.last.line + 1;
        let Some(field) = MemField::by_name(name) else {
            return match &mut self.open {
                Some(open) if follows && !other && open.other.len() < MOST_OTHER => {
                    open.other.push((name.to_owned(), kb));
                    self.last = line.place;
                    (Taken::Yes, None)
                }
                _ => (Taken::No, None),
            };
        };
        let again = self.open.as_ref().is_some_and(|open| open.there[field as usize]);
        let ended = if again || other { self.finish(doubts) } else { None };
        let open = self.open.get_or_insert_with(|| MemInfoFile { node, ..MemInfoFile::new(line.place) });
        open.values[field] = kb;
        open.there[field as usize] = true;
        self.last = line.place;
        (Taken::Yes, ended)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self, doubts: &mut Doubts) -> Option<MemInfoFile> {
        let listing = self.open.take()?;
        listing.check(doubts);
        Some(listing)
    }
    /// `        total:    used:    free:`, `Mem:  123 456 …`, `Swap: …`.
    fn is_byte_table(&mut self, line: &Line<'_>) -> bool {
        let text = line.text.trim();
        let head = text.starts_with("total:") && text.contains("used:") && text.contains("free:");
        let row = ["Mem:", "Swap:"].iter().any(|name| text.starts_with(name)) && {
            let follows = self.last.source == line.place.source && line.place.line <= self.last.line + 2;
            follows && text.split_whitespace().skip(1).all(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if head || row {
            self.last = line.place;
        }
        head || row
    }
}

/// Takes `Node 0 ` off.
fn node_of(text: &str) -> (Option<u32>, &str) {
    let mut scan = Scan(text);
    match scan.eat("Node ").then(|| scan.decimal()).flatten().and_then(|node| u32::try_from(node).ok()) {
        Some(node) if scan.0.starts_with(' ') => (Some(node), scan.0),
        _ => (None, text),
    }
}

/// `Active(anon):   1234 kB`, `HugePages_Total:  0`.
fn entry(text: &str) -> Option<(&str, u64)> {
    let mut scan = Scan(text.trim_start());
    let name = scan.while_is(|c| c.is_ascii_alphanumeric() || c == '_' || c == '(' || c == ')');
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_uppercase()) || !scan.blanks().eat(":") {
        return None;
    }
    let number = scan.blanks().decimal()?;
    let has_unit = scan.blanks().eat("kB") || scan.eat("KB");
    (scan.is_done() && (has_unit || name.starts_with("HugePages"))).then_some((name, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<MemInfoFile>, Vec<String>) {
        let (mut reader, mut doubts) = (Reader::default(), Doubts::default());
        let mut files = Vec::new();
        for (at, text) in text.lines().enumerate() {
            let place = Place { source: 0, line: at as u64 + 1 };
            files.extend(reader.line(&Line { place, text }, &mut doubts).1);
        }
        files.extend(reader.finish(&mut doubts));
        (files, doubts.iter().map(|doubt| doubt.what.clone()).collect())
    }

    #[test]
    fn any_spelling_is_read_by_name() {
        let (files, doubts) =
            read("VmallocTotal: 540672 kB\nVmallocUsed: 0165268 kB\nVmallocChunk: 118788kB\nNews:12 kB");
        assert!(doubts.is_empty(), "{doubts:?}");
        let file = &files[0];
        assert_eq!(file.get(MemField::VmallocTotal), Some(540_672));
        assert_eq!(file.get(MemField::VmallocUsed), Some(165_268));
        assert_eq!(file.get(MemField::VmallocChunk), Some(118_788));
        assert_eq!((file.get(MemField::MemTotal), file.other.len()), (None, 1));
    }

    #[test]
    fn what_is_there_twice_is_two_listings() {
        let (files, _) = read("MemTotal: 10 kB\nMemFree: 5 kB\ntext\nMemTotal: 20 kB\n");
        assert_eq!(files.len(), 2);
        assert_eq!(files[1].get(MemField::MemFree), None);
    }

    #[test]
    fn numbers_that_do_not_agree_are_named() {
        let (_, doubts) = read("MemTotal: 10 kB\nMemFree: 15 kB\nHighTotal: 3 kB\nLowTotal: 8 kB\n");
        assert_eq!(doubts.len(), 2);
        assert!(doubts[0].contains("HighTotal 3 + LowTotal 8 is not MemTotal 10"), "{doubts:?}");
    }

    #[test]
    fn prose_is_no_listing() {
        assert!(read("Note: 5 apples\nMemory: 5 kB\nPages: 3\n").0.is_empty());
    }
}
