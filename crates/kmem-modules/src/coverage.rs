//! Which lines of a module ran.
//!
//! The compiler puts a call of `__sanitizer_cov_trace_pc` at the start of every basic block; the runtime's one
//! (`rt/coverage.c`) sets a byte for the address it returns to. A block reaches from its call to the next one, and the debug
//! information says which lines its instructions come from. So what is known of a run is a list of blocks, by their place in
//! the image; lists of several runs of the same image are added, and only then made into lines.

use crate::session::Session;
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem::AllocError;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What the compiler calls at the start of each block.
const HOOK: &str = "__sanitizer_cov_trace_pc";
/// The length of a call instruction: its code and how far.
const CALL_BYTES: u32 = 5;
const CALL: u8 = 0xe8;

/// How often lines and functions ran, by file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    files: BTreeMap<PathBuf, FileCoverage>,
}

/// How often lines and functions of a file ran.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileCoverage {
    /// In how many runs a line ran, by line, from 1. Lines without code have no entry.
    pub lines: BTreeMap<u32, u64>,
    /// The line of a function and in how many runs it was entered, by name.
    pub functions: BTreeMap<String, (u32, u64)>,
}

/// Lines that never ran, one behind the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreached {
    /// The file.
    pub file: PathBuf,
    /// First and last line.
    pub lines: (u32, u32),
    /// The label before them.
    pub label: Option<String>,
}

impl Session {
    /// Has the runtime write down which blocks run.
    pub(crate) fn watch_lines(&self) -> Result<(), AllocError> {
        let modules = self.module_image();
        let (base, bytes) = (modules.base(), modules.contents().len() as u32);
        let (map, memory) = (self.kernel.map(), self.kernel.memory());
        let ran = map.vmalloc(memory, bytes.into(), Gfp::KERNEL | Gfp::ZERO, Name::new("kcov_mmap"))?;
        for (name, value) in
            [("kmem_rt_ran", ran.raw() as u32), ("kmem_rt_ran_base", base), ("kmem_rt_ran_bytes", bytes)]
        {
            if let Some(at) = self.runtime_symbol(name) {
                self.write_bytes(at, &value.to_le_bytes());
            }
        }
        Ok(())
    }
    /// Returns the places in the image of the blocks that ran; `None` when nobody asked for it.
    pub(crate) fn blocks_that_ran(&self) -> Option<Vec<u32>> {
        let at = self.runtime_symbol("kmem_rt_ran").map(|at| self.read_word(at)).filter(|at| *at != 0)?;
        let bytes = self.read_bytes(at, self.module_image().contents().len() as u32);
        Some(bytes.iter().enumerate().filter(|(_, ran)| **ran != 0).map(|(offset, _)| offset as u32).collect())
    }
    /// Makes blocks into lines: `runs` says in how many runs each block ran.
    pub fn coverage(&self, runs: &BTreeMap<u32, u64>) -> Coverage {
        let mut coverage = Coverage::default();
        let base = self.module_image().base();
        for (block, code) in self.blocks() {
            let count = runs.get(&(block - base)).copied().unwrap_or(0);
            for (file, line) in self.lines_of(code.clone()) {
                let lines = &mut coverage.files.entry(file).or_default().lines;
                let ran = lines.entry(line).or_default();
                *ran = (*ran).max(count);
            }
            let Some(function) = self.module_image().symbol_at(code.start).filter(|at| at.offset == 0) else {
                continue;
            };
            let Some(place) = self.place_of(code.start + 1) else { continue };
            let functions = &mut coverage.files.entry(place.file).or_default().functions;
            functions.insert(function.symbol.name.clone(), (place.line, count));
        }
        coverage
    }
    /// Finds all blocks: where each one's call returns to, and the code that belongs to it.
    fn blocks(&self) -> Vec<(u32, Range<u32>)> {
        let modules = self.module_image();
        let Some(hook) = self.runtime_symbol(HOOK) else { return Vec::new() };
        let (base, contents) = (modules.base(), modules.contents());
        let is_call = |at: usize| {
            let Some(word) = contents.get(at + 1..at + CALL_BYTES as usize) else { return false };
            let distance = word.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
            (base + at as u32 + CALL_BYTES).wrapping_add(distance) == hook
        };
        let calls = contents.iter().enumerate().filter(|(at, code)| **code == CALL && is_call(*at));
        let calls: Vec<u32> = calls.map(|(at, _)| base + at as u32).collect();
        let mut blocks = Vec::new();
        let mut last_function = None;
        for (index, call) in calls.iter().enumerate() {
            let Some(at) = modules.symbol_at(*call) else { continue };
            let function = at.symbol.start..at.symbol.start + at.symbol.bytes;
            // What a function does before its first call belongs to its first block.
            let start =
                if last_function.replace(function.start) == Some(function.start) { *call } else { function.start };
            let next = calls.get(index + 1).copied().unwrap_or(u32::MAX);
            blocks.push((call + CALL_BYTES, start..next.min(function.end)));
        }
        blocks
    }
}

impl Coverage {
    /// Returns the files.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &FileCoverage)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }
    /// Returns how many lines ran, and of how many.
    pub fn lines(&self) -> (usize, usize) {
        let lines = || self.files.values().flat_map(|file| file.lines.values());
        (lines().filter(|ran| **ran > 0).count(), lines().count())
    }
    /// Returns what never ran, with the labels that the sources have there. `text` reads a source.
    pub fn unreached(&self, text: impl Fn(&Path) -> Option<String>) -> Vec<Unreached> {
        let mut all = Vec::new();
        for (path, file) in &self.files {
            let text = text(path).unwrap_or_default();
            let text: Vec<&str> = text.lines().collect();
            let mut open: Option<(u32, u32)> = None;
            let mut close = |open: Option<(u32, u32)>| {
                let Some(lines) = open else { return };
                all.push(Unreached { file: path.clone(), lines, label: label(&text, lines.0) });
            };
            for (line, ran) in &file.lines {
                match &mut open {
                    Some(lines) if *ran == 0 => lines.1 = *line,
                    None if *ran == 0 => open = Some((*line, *line)),
                    _ => close(open.take()),
                }
            }
            close(open);
        }
        all
    }
    /// Writes an lcov tracefile: `man geninfo` has the format.
    pub fn to_lcov(&self) -> String {
        let mut text = String::from("TN:\n");
        for (path, file) in &self.files {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let (functions, lines) = (&file.functions, &file.lines);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "SF:{}", path.display());
            functions.iter().for_each(|(name, (line, _))| _ = writeln!(text, "FN:{line},{name}"));
            functions.iter().for_each(|(name, (_, ran))| _ = writeln!(text, "FNDA:{ran},{name}"));
            let entered = functions.values().filter(|(_, ran)| *ran > 0).count();
            let _ = writeln!(text, "FNF:{}\nFNH:{entered}", functions.len());
            lines.iter().for_each(|(line, ran)| _ = writeln!(text, "DA:{line},{ran}"));
            let hit = lines.values().filter(|ran| **ran > 0).count();
            let _ = writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
        }
        text
    }
}

/// Returns the label that stands at a line or just before it.
fn label(text: &[&str], line: u32) -> Option<String> {
    let at = (line as usize).checked_sub(1)?;
    let near = text.get(at.saturating_sub(1)..=at)?;
    near.iter().rev().find_map(|line| {
        let (name, rest) = line.trim().split_once(':')?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_name && name != "default" && !rest.starts_with(':')).then(|| name.to_owned())
    })
}

/// The lines of some code, without those of headers that are not the user's.
pub(crate) type Lines = BTreeSet<(PathBuf, u32)>;

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> Coverage {
        let lines = [(3, 2), (4, 0), (5, 0), (9, 1), (12, 0)].into_iter().collect();
        let functions = [("a_init".to_owned(), (3, 2))].into_iter().collect();
        Coverage { files: [(PathBuf::from("/a.c"), FileCoverage { lines, functions })].into_iter().collect() }
    }

    #[test]
    fn lcov_has_every_line() {
        let text = "TN:\nSF:/a.c\nFN:3,a_init\nFNDA:2,a_init\nFNF:1\nFNH:1\nDA:3,2\nDA:4,0\nDA:5,0\nDA:9,1\nDA:12,0\n\
                    LF:5\nLH:2\nend_of_record\n";
        assert_eq!(coverage().to_lcov(), text);
        assert_eq!(coverage().lines(), (2, 5));
    }

    #[test]
    fn what_never_ran_has_its_label() {
        let text = "1\n2\n3\nnomem:\n\tkfree(a);\n6\n7\n8\n9\n10\n\tx ? y : z;\n12\n";
        let unreached = coverage().unreached(|_| Some(text.to_owned()));
        let shown: Vec<_> = unreached.iter().map(|it| (it.lines, it.label.as_deref())).collect();
        assert_eq!(shown, [((4, 5), Some("nomem")), ((12, 12), None)]);
        assert_eq!(coverage().unreached(|_| None).len(), 2);
    }
}
