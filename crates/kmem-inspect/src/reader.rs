//! Reads text line by line and finds the listings in it.
//!
//! A source may be a file of `/proc`, a kernel log of a gigabyte, or a web page with a listing in the middle. Nothing of it
//! is kept but what the listings say: each line is cleaned ([`crate::line`]), shown to the readers one after the other,
//! and forgotten. Lines that nobody takes are counted as other text.

use crate::line::{decode, kernel_text, parts, Line, LONGEST};
use crate::parse::buddyinfo::{self, BuddyInfo};
use crate::parse::iomem::{self, IoMem};
use crate::parse::kernel_log::{self, KernelLog};
use crate::parse::meminfo::{self, MemInfoFile};
use crate::parse::moment::{moment, Moment};
use crate::parse::pagetypeinfo::{self, PageTypeInfo};
use crate::parse::repeats::{self, Repeat};
use crate::parse::report::{self, Report};
use crate::parse::slab_folder::{self, SlabFolder};
use crate::parse::slabinfo::{self, SlabInfo};
use crate::parse::sysctl::{self, Sysctl};
use crate::parse::trouble::{self, Trouble};
use crate::parse::vmallocinfo::{self, VmallocInfo};
use crate::parse::vmstat::{self, VmStatFile};
use crate::parse::zoneinfo::{self, ZoneInfoFile};
use crate::parse::Taken;
use crate::place::{Doubts, Place};
use kmem::snapshot::MemField;
use memchr::memchr;
use std::io::{self, BufRead};

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    /// What was read.
    pub sources: Vec<Source>,
    /// Listings of vm areas.
    pub vmallocinfo: Vec<VmallocInfo>,
    /// Listings of `/proc/meminfo`.
    pub meminfo: Vec<MemInfoFile>,
    /// The same of single nodes (`/sys/devices/system/node/nodeN/meminfo`).
    pub node_meminfo: Vec<MemInfoFile>,
    /// Listings of `/proc/buddyinfo`.
    pub buddyinfo: Vec<BuddyInfo>,
    /// Listings of `/proc/pagetypeinfo`.
    pub pagetypeinfo: Vec<PageTypeInfo>,
    /// Listings of `/proc/zoneinfo`.
    pub zoneinfo: Vec<ZoneInfoFile>,
    /// Listings of `/proc/slabinfo`.
    pub slabinfo: Vec<SlabInfo>,
    /// Listings of `/proc/iomem`.
    pub iomem: Vec<IoMem>,
    /// Listings of `/proc/vmstat`.
    pub vmstat: Vec<VmStatFile>,
    /// Listings of tunables.
    pub sysctl: Vec<Sysctl>,
    /// Folders of slab caches.
    pub slab_folders: Vec<SlabFolder>,
    /// Boots.
    pub logs: Vec<KernelLog>,
    /// Reports of failures.
    pub reports: Vec<Report>,
    /// Kinds of failures, counted: also those whose reports were not kept.
    pub repeats: Vec<Repeat>,
    /// Reports of code that misuses memory, and what dumps of allocations say, by cause.
    pub troubles: Vec<Trouble>,
    /// Lines that say when it was: the first ones.
    pub moments: Vec<(Place, Moment)>,
    /// Listings that were found beyond [`MOST_LISTINGS`] of their kind.
    pub not_kept: u64,
    /// What does not agree, and what could not be read.
    pub doubts: Doubts,
}

impl Capture {
    /// True when no line of any source was one that is read.
    pub fn is_empty(&self) -> bool {
        self.sources.iter().all(|source| source.other == source.lines)
    }
    /// Returns kB of a page, if a report or a log says it, or zoneinfo and meminfo count the same memory.
    pub fn page_kb(&self) -> Option<u64> {
        let said = self.reports.iter().rev().find_map(|report| report.page_kb);
        let said = said.or_else(|| self.logs.iter().rev().find_map(|log| log.page_kb));
        let counted = || {
            let total = self.meminfo.last()?.get(MemField::MemTotal)?;
            let zones = self.zoneinfo.last()?.zones.iter().map(|(_, zone)| zone.managed);
            let pages = crate::scan::total(zones);
            // Near enough: memory may have come or gone between the two, but not half of it.
            [4, 16, 64].into_iter().find(|kb| pages > 0 && total.abs_diff(pages.saturating_mul(*kb)) < total / 8)
        };
        said.or_else(counted)
    }
    /// Returns the seconds from one listing to another, if a line before each says when it was made.
    pub fn seconds(&self, from: Place, to: Place) -> Option<u64> {
        let of = |place: Place| {
            let before = |at: &Place| at.source == place.source && at.line <= place.line;
            self.moments.iter().rev().find(|(at, _)| before(at)).map(|(_, moment)| *moment)
        };
        of(to)?.since(of(from)?)
    }
    /// Returns a place in words: `line 3`, or with several sources `name, line 3`.
    pub fn at(&self, place: Place) -> String {
        match self.sources.get(place.source as usize).filter(|_| self.sources.len() > 1) {
            Some(source) => format!("{}, line {}", source.name, place.line),
            None => format!("line {}", place.line),
        }
    }
}

/// One source.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name: a path, or `-`.
    pub name: String,
    /// Lines of it.
    pub lines: u64,
    /// Of these, lines that belong to no listing.
    pub other: u64,
}

/// The most listings of a kind that are kept: the first ones. A log may have a report every second.
pub const MOST_LISTINGS: usize = 200;
/// The most rows of tables that are kept, of all listings of a kind; the last listing may have more. When there are more, the first
/// and the last ones stay: what grew is seen between these.
const MOST_ROWS: usize = 100_000;
/// The same of zones: one has the lists of all CPUs.
const MOST_ZONES: usize = 4_000;

/// Reads sources, one after the other, into a [`Capture`].
#[derive(Debug, Default)]
pub struct Reader {
    capture: Capture,
    vmallocinfo: vmallocinfo::Reader,
    meminfo: meminfo::Reader,
    buddyinfo: buddyinfo::Reader,
    pagetypeinfo: pagetypeinfo::Reader,
    zoneinfo: zoneinfo::Reader,
    slabinfo: slabinfo::Reader,
    iomem: iomem::Reader,
    vmstat: vmstat::Reader,
    sysctl: sysctl::Reader,
    slab_folder: slab_folder::Reader,
    log: kernel_log::Reader,
    report: report::Reader,
    repeats: repeats::Reader,
    trouble: trouble::Reader,
}

impl Reader {
    /// Begins with nothing read.
    pub fn new() -> Self {
        Self::default()
    }
    /// Reads a source to its end. Memory is bounded whatever its size and the length of its lines.
    ///
    /// An input that fails in the middle is read as far as it goes, and a doubt says so.
    ///
    /// # Errors
    /// What reading gives, if nothing could be read.
    pub fn read(&mut self, name: &str, mut input: impl BufRead) -> io::Result<()> {
        self.begin(name);
        let done = self.read_lines(&mut input);
        let lines = self.capture.sources.last().map_or(0, |source| source.lines);
        self.end();
        match done {
            // A packed file that was cut, a disk with a hole: what came before is worth reading.
            Err(error) if lines > 0 => {
                let place = Place { source: self.capture.sources.len() as u32 - 1, line: lines };
                self.capture.doubts.not_understood(place, format!("the input breaks off here: {error}"));
                Ok(())
            }
            done => done,
        }
    }
    /// Lines are looked at where they lie in the input's buffer; only one that goes on in the next piece is copied.
    fn read_lines(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        let mut begun = Vec::new();
        loop {
            let piece = match input.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.last_line(&begun);
                    return Err(error);
                }
            };
            let Some(end) = memchr(b'\n', piece) else {
                if piece.is_empty() {
                    self.last_line(&begun);
                    return Ok(());
                }
                // The rest of a line that is longer than any of a kernel is left out.
                begun.extend_from_slice(&piece[..piece.len().min(LONGEST - begun.len())]);
                let read = piece.len();
                input.consume(read);
                continue;
            };
            let mut rest = if begun.is_empty() {
                piece
            } else {
                begun.extend_from_slice(&piece[..end.min(LONGEST - begun.len())]);
                self.raw_line(&begun);
                begun.clear();
                &piece[end + 1..]
            };
            while let Some(end) = memchr(b'\n', rest) {
                self.raw_line(&rest[..end]);
                rest = &rest[end + 1..];
            }
            begun.extend_from_slice(&rest[..rest.len().min(LONGEST)]);
            let read = piece.len();
            input.consume(read);
        }
    }
    fn last_line(&mut self, begun: &[u8]) {
        if !begun.is_empty() {
            self.raw_line(begun);
        }
    }
    /// Reads a text that is in memory.
    pub fn read_text(&mut self, name: &str, text: &str) {
        self.begin(name);
        text.split_inclusive('\n').for_each(|line| self.raw_line(line.as_bytes()));
        self.end();
    }
    /// Returns what was found.
    pub fn finish(self) -> Capture {
        self.capture
    }

    fn begin(&mut self, name: &str) {
        self.capture.sources.push(Source { name: name.to_owned(), ..Source::default() });
    }
    /// Nothing goes on from one source to the next.
    fn end(&mut self) {
        let capture = &mut self.capture;
        let (doubts, lost) = (&mut capture.doubts, &mut capture.not_kept);
        keep_rows(&mut capture.vmallocinfo, self.vmallocinfo.finish(doubts), lost, |info| info.rows.len(), MOST_ROWS);
        keep_meminfo(&mut capture.meminfo, &mut capture.node_meminfo, self.meminfo.finish(doubts), lost);
        keep(&mut capture.buddyinfo, self.buddyinfo.finish(), lost);
        keep(&mut capture.pagetypeinfo, self.pagetypeinfo.finish(), lost);
        keep_rows(&mut capture.zoneinfo, self.zoneinfo.finish(doubts), lost, |file| file.zones.len(), MOST_ZONES);
        keep_rows(&mut capture.slabinfo, self.slabinfo.finish(), lost, |info| info.rows.len(), MOST_ROWS);
        keep_rows(&mut capture.iomem, self.iomem.finish(), lost, |info| info.rows.len(), MOST_ROWS);
        keep(&mut capture.vmstat, self.vmstat.finish(), lost);
        keep(&mut capture.sysctl, self.sysctl.finish(doubts), lost);
        keep(&mut capture.slab_folders, self.slab_folder.finish(doubts), lost);
        keep(&mut capture.logs, self.log.finish(), lost);
        keep(&mut capture.reports, self.report.finish(doubts), lost);
        self.trouble.finish(&mut capture.troubles, lost);
        self.repeats.finish();
    }
    fn raw_line(&mut self, bytes: &[u8]) {
        let Some(source) = self.capture.sources.last_mut() else { return };
        source.lines += 1;
        let line = source.lines;
        let source = self.capture.sources.len() as u32 - 1;
        let place = Place { source, line };
        let text = decode(bytes);
        let mut taken = false;
        for part in parts(&text) {
            taken |= self.line(&Line { place, text: kernel_text(part) }, part) == Taken::Yes;
        }
        if !taken {
            if let Some(source) = self.capture.sources.last_mut() {
                source.other += 1;
            }
        }
    }
    /// Shows a line to the readers. Those whose lines are also others' come after these.
    fn line(&mut self, line: &Line<'_>, raw: &str) -> Taken {
        let capture = &mut self.capture;
        let (doubts, lost) = (&mut capture.doubts, &mut capture.not_kept);
        if line.text.is_empty() {
            return Taken::No;
        }
        macro_rules! show_rows {
            ($reader:ident, $rows:ident, $most:ident) => {
                let (taken, ended) = self.$reader.line(line, doubts);
                keep_rows(&mut capture.$reader, ended, lost, |listing| listing.$rows.len(), $most);
                if taken == Taken::Yes {
                    return taken;
                }
            };
        }
        macro_rules! show {
            ($reader:ident, $list:ident $(, $doubts:ident)?) => {
                let (taken, ended) = self.$reader.line(line $(, $doubts)?);
                keep(&mut capture.$list, ended, lost);
                if taken == Taken::Yes {
                    return taken;
                }
            };
        }
        show_rows!(vmallocinfo, rows, MOST_ROWS);
        let (taken, ended) = self.meminfo.line(line, doubts);
        keep_meminfo(&mut capture.meminfo, &mut capture.node_meminfo, ended, lost);
        if taken == Taken::Yes {
            return taken;
        }
        // `Node 0, zone DMA` alone is zoneinfo's, with types pagetypeinfo's, with numbers the last one's or buddyinfo's.
        show_rows!(zoneinfo, zones, MOST_ZONES);
        show!(pagetypeinfo, pagetypeinfo, doubts);
        show!(buddyinfo, buddyinfo, doubts);
        show_rows!(iomem, rows, MOST_ROWS);
        // What these two take may be a failure that is counted.
        macro_rules! show_failures {
            ($reader:ident, $list:ident) => {
                let (taken, ended) = self.$reader.line(line, doubts);
                keep(&mut capture.$list, ended, lost);
                if taken == Taken::Yes {
                    self.repeats.failure(line, raw, &mut capture.repeats);
                    return taken;
                }
            };
        }
        show_failures!(report, reports);
        let of_dma = line.text.contains("swiotlb buffer is full") || line.text.starts_with("cma: ");
        if of_dma && repeats::is_contiguous(line.text).is_some() {
            self.repeats.failure(line, raw, &mut capture.repeats);
            return Taken::Yes;
        }
        self.repeats.other(line.text, &mut capture.repeats);
        if self.trouble.line(line, raw, &mut capture.troubles, lost) == Taken::Yes {
            return Taken::Yes;
        }
        show_failures!(log, logs);
        show_rows!(slabinfo, rows, MOST_ROWS);
        show!(vmstat, vmstat);
        show!(sysctl, sysctl, doubts);
        show!(slab_folder, slab_folders, doubts);
        if capture.moments.len() < MOST_LISTINGS {
            capture.moments.extend(moment(line.text).map(|moment| (line.place, moment)));
        }
        Taken::No
    }
}

fn keep_meminfo(all: &mut Vec<MemInfoFile>, nodes: &mut Vec<MemInfoFile>, ended: Option<MemInfoFile>, lost: &mut u64) {
    let of_node = ended.as_ref().is_some_and(|file| file.node.is_some());
    keep(if of_node { nodes } else { all }, ended, lost);
}

/// As [`keep`]; when all have too many rows, those in the middle go.
fn keep_rows<T>(list: &mut Vec<T>, ended: Option<T>, lost: &mut u64, rows: impl Fn(&T) -> usize, most: usize) {
    let Some(ended) = ended else { return };
    if list.len() < MOST_LISTINGS {
        list.push(ended);
    } else {
        *lost += 1;
    }
    while list.len() > 1 && list.iter().map(&rows).sum::<usize>() > most {
        list.remove(usize::from(list.len() > 2));
        *lost += 1;
    }
}

fn keep<T>(list: &mut Vec<T>, ended: Option<T>, lost: &mut u64) {
    match ended {
        Some(ended) if list.len() < MOST_LISTINGS => list.push(ended),
        Some(_) => *lost += 1,
        None => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_long_listings_keep_the_first_and_the_last() {
        let rows: String = (0..30_000u64)
            .map(|at| {
                let start = 0xf000_0000 + at * 0x2000;
                format!("{start:#x}-{:#x} 8192 f+0x1/0x2 pages=1 vmalloc\n", start + 0x2000)
            })
            .collect();
        let mut reader = Reader::new();
        reader.read_text("text", &rows.repeat(6));
        let capture = reader.finish();
        let begins: Vec<u64> = capture.vmallocinfo.iter().map(|info| info.place.line).collect();
        assert_eq!((begins.first(), begins.last()), (Some(&1), Some(&150_001)));
        assert!(capture.vmallocinfo.iter().map(|info| info.rows.len()).sum::<usize>() <= MOST_ROWS);
        assert_eq!(capture.not_kept, 3);
    }
}
