//! `kmem explain`.

mod document;
mod folders;
mod input;

pub use document::advice_document;

use crate::failure::{Failure, Verdict};
use crate::picture::PictureOptions;
use kmem_inspect::explain::pages::PageRequest;
use kmem_inspect::explain::{explain, has_problem, Answer, Question};
use kmem_inspect::{Capture, Reader};
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

/// Say what captures of a real machine show, what is wrong with it, and whether a request would fit
///
/// Each file is recognised by its content: /proc/vmallocinfo, meminfo, a kernel log, or a page or a mail that has them in
/// it. Rows that were cut, wrapped or lost their blanks are read; what cannot be read or does not add up is named.
///
/// First comes all in short: what machine, what state, what is wrong, what to do. Then the details: reports of failures, each
/// asked again in the engine with the smallest changes that let the request pass; what grew between two captures; the tables;
/// the sources at the end.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 all well, or the request fits; 1 it does not fit, or, when nothing is asked, something failed, is short or
does not add up; 2 the input cannot be read or does not tell.

Examples:
  kmem boot --machine msm8x25 --show vmallocinfo | kmem explain - --fit 150M --advise
  kmem explain /proc --report memory.html")]
pub struct Explain {
    /// Captures: files, folders of them, /proc, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Would a request fit? 64M: into the vmalloc area; order=3,gfp=GFP_ATOMIC: pages from the zones
    #[arg(long, value_name = "WHAT", value_parser = fit)]
    fit: Option<Fit>,
    /// Recommend a `vmalloc=` with which it would, and show how that was computed; without --fit, for the size that the log
    /// says failed, or else the next power of two that does not fit. And tunables under /proc/sys/vm for which numbers speak
    #[arg(long)]
    advise: bool,
    /// One JSON document (schema kmem.explain/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: PictureOptions,
}

/// The files of `/proc` that are read of a live machine.
const LIVE: [&str; 9] =
    ["version", "meminfo", "zoneinfo", "buddyinfo", "pagetypeinfo", "slabinfo", "vmstat", "iomem", "vmallocinfo"];

impl Explain {
    /// Reads all there is, then writes what it shows.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        self.picture.check()?;
        let mut capture = capture(&self.paths)?;
        let (fit, pages) = match &self.fit {
            Some(Fit::Bytes(bytes)) => (Some(*bytes), None),
            Some(Fit::Pages(request)) => (None, Some(request.clone())),
            None => (None, None),
        };
        let about_pages = pages.is_some();
        let question = Question { fit, pages, advise: self.advise };
        let mut text = String::new();
        let answer = explain(&mut text, &mut capture, &question)
            .map_err(|_| Failure::request("what was read cannot be put into words"))?;
        if self.picture.is_asked() && !capture.is_empty() {
            self.picture.write(out, &kmem_picture::make::of_capture(&capture, &text))?;
        }
        if self.picture.to_standard_output() {
            // The picture is the result, and has the words in it.
        } else if self.json {
            super::print_json(out, &document::document(&mut capture, &question, answer))?;
        } else {
            out.write_all(text.as_bytes())?;
        }
        if capture.is_empty() {
            let help = "what is read: vmallocinfo, meminfo, zoneinfo and their kin of /proc, kernel logs, texts that have them in them";
            return Err(Failure::request("nothing that is known was found").help(help));
        }
        match answer {
            Answer::Yes => Ok(Verdict::Well),
            Answer::NotAsked if !has_problem(&capture) => Ok(Verdict::Well),
            Answer::No | Answer::NotAsked => Ok(Verdict::Problem),
            Answer::Unknown => {
                let help = match about_pages {
                    true => "the last line of the output says what is missing",
                    false => "give /proc/vmallocinfo, read as root with kernel.kptr_restrict=0",
                };
                Err(Failure::request("--fit: what was read does not tell").help(help))
            }
        }
    }
}

/// Reads captures: files, folders of them, /proc, or - for standard input.
pub fn capture(paths: &[PathBuf]) -> Result<Capture, Failure> {
    let mut reader = Reader::new();
    for path in paths {
        read(&mut reader, path)?;
    }
    Ok(reader.finish())
}

/// What may be asked.
#[derive(Clone, Debug)]
enum Fit {
    Bytes(u64),
    Pages(PageRequest),
}

/// Reads `64M` or `order=3,gfp=GFP_ATOMIC` for clap.
fn fit(text: &str) -> Result<Fit, String> {
    let Some(rest) = text.strip_prefix("order=") else {
        return crate::machine_options::size(text).map(Fit::Bytes);
    };
    let (order, gfp) = rest.split_once(',').unwrap_or((rest, ""));
    let number = order.parse().ok().filter(|order| *order < kmem::units::Order::COUNT as u32);
    let order = number.ok_or_else(|| format!("`{order}` is no order: 0 to {}", kmem::units::Order::COUNT - 1))?;
    let gfp = match gfp.strip_prefix("gfp=") {
        Some(words) => words.to_owned(),
        None if gfp.is_empty() => String::new(),
        None => return Err(format!("`{gfp}`: expected gfp=GFP_…")),
    };
    Ok(Fit::Pages(PageRequest { order, gfp }))
}

fn read(reader: &mut Reader, path: &Path) -> Result<(), Failure> {
    let cannot = |path: &Path, error: io::Error| Failure::request(format!("{}: {error}", path.display()));
    let name = path.to_string_lossy();
    if name == "-" {
        return input::standard().and_then(|text| reader.read("-", text)).map_err(|error| cannot(path, error));
    }
    if !path.is_dir() {
        return input::file(path).and_then(|text| reader.read(&name, text)).map_err(|error| cannot(path, error));
    }
    for (name, text) in folders::listings(path) {
        reader.read_text(&name, &text);
    }
    for file in files(path).map_err(|error| cannot(path, error))? {
        // In a folder there may be anything: what is not text, or not ours to read, is named and passed by.
        match input::file(&file).and_then(|mut text| Ok((is_text(&mut text)?, text))) {
            Ok((true, text)) => {
                reader.read(&file.to_string_lossy(), text).map_err(|error| cannot(&file, error))?;
            }
            Ok((false, _)) => note(&file, "not text"),
            Err(error) => note(&file, &error.to_string()),
        }
    }
    Ok(())
}

fn note(file: &Path, why: &str) {
    // Where stderr is gone there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "kmem: {}: {why}, not read", file.display());
}

/// True for text: no byte 0 near the beginning. Nothing is taken from `input`.
fn is_text(input: &mut dyn BufRead) -> io::Result<bool> {
    Ok(!input.fill_buf()?.contains(&0))
}

/// True for a live `/proc`, or a copy of one.
fn is_proc(folder: &Path) -> bool {
    folder.join("self").exists() && folder.join("version").exists()
}

/// The files of a folder, in the order of their names; of a live `/proc` the known ones.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if is_proc(folder) {
        return Ok(LIVE.iter().map(|name| folder.join(name)).collect());
    }
    if folders::is_values(folder) {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
