//! Reads text line by line and finds the listings in it.
//!
//! A source may be a file of `/proc`, a kernel log of a gigabyte, or a web page with a listing in the middle. Nothing of it
//! is kept but what the listings say: each line is cleaned ([`crate::line`]), shown to the readers one after the other,
//! and forgotten. Lines that nobody takes are counted as other text.

use crate::line::{decode, kernel_text, parts, Line, LONGEST};
use crate::parse::kernel_log::{self, KernelLog};
use crate::parse::meminfo::{self, MemInfoFile};
use crate::parse::vmallocinfo::{self, VmallocInfo};
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
    /// Boots.
    pub logs: Vec<KernelLog>,
    /// What does not agree, and what could not be read.
    pub doubts: Doubts,
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
    log: kernel_log::Reader,
}

impl Reader {
    /// Begins with nothing read.
    pub fn new() -> Self {
        Self::default()
    }
    /// Reads a source to its end. Memory is bounded whatever its size and the length of its lines.
    ///
    /// # Errors
    /// What reading gives.
    pub fn read(&mut self, name: &str, mut input: impl BufRead) -> io::Result<()> {
        self.begin(name);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            self.raw_line(&bytes);
            // The rest of a line that is longer than any of a kernel.
            while !bytes.ends_with(b"\n") && bytes.len() >= LONGEST {
                bytes.clear();
                input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes)?;
            }
        }
        self.end();
        Ok(())
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
        let doubts = &mut self.capture.doubts;
        let vmallocinfo = self.vmallocinfo.finish(doubts);
        let meminfo = self.meminfo.finish(doubts);
        keep(&mut self.capture.vmallocinfo, vmallocinfo);
        keep(&mut self.capture.meminfo, meminfo);
        keep(&mut self.capture.logs, self.log.finish());
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
    fn line(&mut self, line: &Line<'_>) -> Taken {
        let Self { capture, vmallocinfo, meminfo, log } = self;
        let (taken, ended) = vmallocinfo.line(line, &mut capture.doubts);
        keep(&mut capture.vmallocinfo, ended);
        if taken == Taken::Yes || line.text.is_empty() {
            return taken;
        }
        let (taken, ended) = meminfo.line(line, &mut capture.doubts);
        keep(&mut capture.meminfo, ended);
        if taken == Taken::Yes {
            return taken;
        }
        let (taken, ended) = log.line(line, &mut capture.doubts);
        keep(&mut capture.logs, ended);
        taken
    }
}

fn keep<T>(list: &mut Vec<T>, ended: Option<T>) {
    if let Some(ended) = ended.filter(|_| list.len() < MOST_LISTINGS) {
        list.push(ended);
    }
}
