//! Lines of C for addresses of an image, from the debug information of its objects.
//!
//! Each object describes only itself, so the object that holds the address is found first and only its debug information
//! is read, when the first report needs it. Where the compiler has put a function into another, an address has several
//! frames, the innermost first.

use crate::load::{Image, LoadError};
use addr2line::{Context, Location};
use gimli::constants::{DW_AT_abstract_origin, DW_AT_decl_line, DW_AT_low_pc, DW_TAG_subprogram};
use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf, EndianArcSlice, LittleEndian};
use std::borrow::Borrow;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A place in the source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    /// The function, by its name in C.
    pub function: Option<String>,
    /// The file as the compiler was given it.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function.as_deref().unwrap_or("?"))?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, " at {file}:{line}"),
            (Some(file), None) => write!(f, " in {file}"),
            (None, _) => Ok(()),
        }
    }
}

type Reader = EndianArcSlice<LittleEndian>;

/// Finds lines. Costs nothing until the first question about each object.
pub struct Symbolizer<I> {
    image: I,
    objects: Vec<OnceCell<Option<Context<Reader>>>>,
}

impl<I: Borrow<Image>> Symbolizer<I> {
    /// Makes one for an image.
    pub fn new(image: I) -> Self {
        let objects = image.borrow().objects().map(|_| OnceCell::new()).collect();
        Self { image, objects }
    }

    /// Returns the frames at the instruction at `addr`, innermost first. Without debug information there is one with the
    /// symbol's name; outside the image there is none.
    pub fn locate(&self, addr: u32) -> Vec<Frame> {
        let by_line = self.image.borrow().object_at(addr).and_then(|object| {
            let context = self.objects.get(object)?.get_or_init(|| context(self.image.borrow(), object)).as_ref()?;
            frames(context, addr).filter(|frames| !frames.is_empty())
        });
        by_line.unwrap_or_else(|| {
            let symbol = self.image.borrow().symbol_at(addr);
            symbol.map(|at| Frame { function: Some(at.symbol.name.clone()), ..Frame::default() }).into_iter().collect()
        })
    }
    /// Returns the files and lines that the instructions of some code come from.
    pub fn lines(&self, code: Range<u32>) -> BTreeSet<(String, u32)> {
        let lines = self.image.borrow().object_at(code.start).and_then(|object| {
            let context = self.objects.get(object)?.get_or_init(|| context(self.image.borrow(), object)).as_ref()?;
            let found = context.find_location_range(code.start.into(), code.end.into()).ok()?;
            let of = |(.., at): (u64, u64, Location<'_>)| {
                at.file.zip(at.line).filter(|(_, line)| *line > 0).map(|(file, line)| (file.to_owned(), line))
            };
            Some(found.filter_map(of).collect())
        });
        lines.unwrap_or_default()
    }
    /// Returns the line in which the function that begins at an address is defined. Its first instruction may be of a later
    /// one.
    pub fn defined(&self, function: u32) -> Option<u32> {
        let object = self.image.borrow().object_at(function)?;
        let context = self.objects.get(object)?.get_or_init(|| context(self.image.borrow(), object)).as_ref()?;
        let unit = context.find_dwarf_and_unit(function.into()).skip_all_loads()?;
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().ok()? {
            let starts_here = entry.attr_value(DW_AT_low_pc) == Some(AttributeValue::Addr(function.into()));
            if entry.tag() == DW_TAG_subprogram && starts_here {
                let line = |entry: &DebuggingInformationEntry<Reader>| {
                    entry.attr(DW_AT_decl_line)?.udata_value()?.try_into().ok()
                };
                return line(entry).or_else(|| match entry.attr_value(DW_AT_abstract_origin)? {
                    AttributeValue::UnitRef(origin) => line(&unit.entry(origin).ok()?),
                    _ => None,
                });
            }
        }
        None
    }
    /// Returns the frames of the call that returns to `addr`: those of the byte before, which is still the call.
    pub fn locate_call(&self, addr: u32) -> Vec<Frame> {
        self.locate(addr.wrapping_sub(1))
    }
}

impl<I> fmt::Debug for Symbolizer<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symbolizer").field("objects", &self.objects.len()).finish_non_exhaustive()
    }
}

/// Reads the debug information of one object; `None` when it is broken.
fn context(image: &Image, object: usize) -> Option<Context<Reader>> {
    let dwarf = Dwarf::load(|section| {
        let bytes = image.debug_section(object, section.name())?;
        Ok::<_, LoadError>(EndianArcSlice::new(Arc::from(bytes), LittleEndian))
    });
    Context::from_dwarf(dwarf.ok()?).ok()
}

/// Asks the debug information; `None` when it is broken at this place.
fn frames(context: &Context<Reader>, addr: u32) -> Option<Vec<Frame>> {
    let mut found = context.find_frames(addr.into()).skip_all_loads().ok()?;
    let mut frames = Vec::new();
    while let Some(frame) = found.next().ok()? {
        let name = frame.function.as_ref().and_then(|function| function.raw_name().ok().map(|name| name.into_owned()));
        let location = frame.location.as_ref();
        frames.push(Frame {
            function: name,
            file: location.and_then(|it| it.file).map(str::to_owned),
            line: location.and_then(|it| it.line),
            column: location.and_then(|it| it.column),
        });
    }
    Some(frames)
}
