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
use crate::parse::pagetypeinfo::{self, PageTypeInfo};
use crate::parse::report::{self, Report};
use crate::parse::slab_folder::{self, SlabFolder};
use crate::parse::slabinfo::{self, SlabInfo};
use crate::parse::sysctl::{self, Sysctl};
use crate::parse::vmallocinfo::{self, VmallocInfo};
use crate::parse::vmstat::{self, VmStatFile};
use crate::parse::zoneinfo::{self, ZoneInfoFile};
use crate::parse::Taken;
use crate::place::{Doubts, Place};
use std::io::{self, BufRead, Read};

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    /// What was read.
    pub sources: Vec<Source>,
    /// Listings of vm areas.
    pub vmallocinfo: Vec<VmallocInfo>,
    /// Listings of `/proc/meminfo`.
    pub meminfo: Vec<MemInfoFile>,
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
    fn read_lines(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let done = input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes);
            if bytes.is_empty() {
                return done.map(|_| ());
            }
            self.raw_line(&bytes);
            done?;
            // The rest of a line that is longer than any of a kernel.
            while !bytes.ends_with(b"\n") && bytes.len() >= LONGEST {
                bytes.clear();
                input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes)?;
            }
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
        keep(&mut capture.vmallocinfo, self.vmallocinfo.finish(doubts), lost);
        keep(&mut capture.meminfo, self.meminfo.finish(doubts), lost);
        keep(&mut capture.buddyinfo, self.buddyinfo.finish(), lost);
        keep(&mut capture.pagetypeinfo, self.pagetypeinfo.finish(), lost);
        keep(&mut capture.zoneinfo, self.zoneinfo.finish(doubts), lost);
        keep(&mut capture.slabinfo, self.slabinfo.finish(), lost);
        keep(&mut capture.iomem, self.iomem.finish(), lost);
        keep(&mut capture.vmstat, self.vmstat.finish(), lost);
        keep(&mut capture.sysctl, self.sysctl.finish(doubts), lost);
        keep(&mut capture.slab_folders, self.slab_folder.finish(doubts), lost);
        keep(&mut capture.logs, self.log.finish(), lost);
        keep(&mut capture.reports, self.report.finish(), lost);
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
            taken |= self.line(&Line { place, text: kernel_text(part) }) == Taken::Yes;
        }
        if !taken {
            if let Some(source) = self.capture.sources.last_mut() {
                source.other += 1;
            }
        }
    }
    /// Shows a line to the readers. Those whose lines are also others' come after these.
    fn line(&mut self, line: &Line<'_>) -> Taken {
        let capture = &mut self.capture;
        let (doubts, lost) = (&mut capture.doubts, &mut capture.not_kept);
        if line.text.is_empty() {
            return Taken::No;
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
        show!(vmallocinfo, vmallocinfo, doubts);
        show!(meminfo, meminfo, doubts);
        // `Node 0, zone DMA` alone is zoneinfo's, with types pagetypeinfo's, with numbers the last one's or buddyinfo's.
        show!(zoneinfo, zoneinfo, doubts);
        show!(pagetypeinfo, pagetypeinfo, doubts);
        show!(buddyinfo, buddyinfo, doubts);
        show!(iomem, iomem, doubts);
        show!(report, reports, doubts);
        show!(log, logs, doubts);
        show!(slabinfo, slabinfo, doubts);
        show!(vmstat, vmstat);
        show!(sysctl, sysctl, doubts);
        show!(slab_folder, slab_folders, doubts);
        Taken::No
    }
}

fn keep<T>(list: &mut Vec<T>, ended: Option<T>, lost: &mut u64) {
    match ended {
        Some(ended) if list.len() < MOST_LISTINGS => list.push(ended),
        Some(_) => *lost += 1,
        None => (),
    }
}
