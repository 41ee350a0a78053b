//! The loader: relocatable objects, of i386 or of x86-64, become one image at an address of the machine, as a kernel loads
//! modules.
//!
//! ```text
//!   base │ text of all objects (r-x) │ read-only data (r--) │ data, then zeroed data (rw-) │     each page aligned
//! ```
//!
//! Loading has two steps, because the address is known only after memory of the right size was asked for:
//! [`Plan::new`] reads the objects and lays them out, [`Plan::link`] resolves and relocates for a base. Both are pure;
//! the caller writes [`Image::contents`] to the machine and protects [`Image::segments`].
//!
//! # Who means whom
//! 1. A name that an object defines itself is its own, global or not: files may use the same names (a weak definition
//!    gives way to another object's strong one).
//! 2. Otherwise the first object that defines the name globally, strong before weak.
//! 3. Otherwise what the caller exports: the kernel.
//! 4. Otherwise a weak reference is 0, and any other an error that names the symbol and the file.
//!
//! Sections that are not loaded (debug information) have base 0, so that after relocation they speak of the image's
//! addresses; that is done only when somebody asks for a line ([`crate::symbols`]).

mod image;
mod object_file;

pub use image::{Image, Section, Symbol, SymbolOffset};

use object_file::{read_object, Binding, Home, ObjectSymbol, PlannedObject, Relocation, RelocationKind};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

const PAGE: u32 = 4096;
/// How far apart the copies of per-CPU data are: `KMEM_PERCPU_STRIDE` of `linux/percpu.h`.
pub const PERCPU_STRIDE: u32 = 32 << 10;
/// The section of per-CPU variables.
const PERCPU_SECTION: &str = ".data..percpu";
/// A compiled file.
#[derive(Clone, Debug)]
pub struct ObjectFile {
    /// The name by which errors call it, the source's.
    pub name: String,
    /// The object file.
    pub bytes: Arc<[u8]>,
}

/// A symbol that nobody defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownSymbol {
    /// Its name.
    pub symbol: String,
    /// The file that refers to it.
    pub file: String,
}

impl fmt::Display for UnknownSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown symbol {} in {}", self.symbol, self.file)
    }
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a well-formed object file.
    #[error("{file} is no object file: {why}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// An object for another machine, or not relocatable.
    #[error("{file} is no relocatable object for x86")]
    NotX86 {
        /// The file.
        file: String,
    },
    /// A relocation that the loader does not know, as position-independent code has.
    #[error("{file}: relocation type {kind} in section {section} (compiled with -fpic?)")]
    Relocation {
        /// The file.
        file: String,
        /// The section.
        section: String,
        /// The type's number.
        kind: u32,
    },
    /// Symbols that nobody defines, all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unknown(Vec<UnknownSymbol>),
    /// More than the addresses of modules can hold.
    #[error("the modules do not fit into the addresses for them")]
    TooLarge,
}

/// What may be done with a segment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SegmentKind {
    /// Code: read and execute.
    Text,
    /// Constants: read.
    ReadOnly,
    /// Variables: read and write.
    Data,
}

/// Whole pages of an image with the same protection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The protection.
    pub kind: SegmentKind,
    /// First byte, from the image's start.
    pub offset: u32,
    /// Length, whole pages.
    pub bytes: u32,
}
/// Returns the names that objects use and do not define.
///
/// # Errors
/// As [`Plan::new`].
pub fn undefined(objects: impl IntoIterator<Item = ObjectFile>) -> Result<HashSet<String>, LoadError> {
    let mut names = HashSet::new();
    for object in objects {
        let symbols = read_object(object)?.planned.symbols;
        let missing = symbols.into_iter().filter(|symbol| matches!(symbol.home, Home::Nowhere));
        names.extend(missing.map(|symbol| symbol.name));
    }
    Ok(names)
}

/// Objects read and laid out, for any address.
#[derive(Debug)]
pub struct Plan {
    objects: Vec<PlannedObject>,
    segments: Vec<Segment>,
    bytes: u32,
}

impl Plan {
    /// Reads and lays out objects; earlier ones win where several define a name that another one needs.
    ///
    /// # Errors
    /// When a file is not what a compiler for x86 makes.
    pub fn new(objects: impl IntoIterator<Item = ObjectFile>) -> Result<Self, LoadError> {
        Self::for_cpus(objects, 1)
    }
    /// The same for a machine with so many CPUs: each gets its own copy of per-CPU variables, [`PERCPU_STRIDE`] bytes
    /// behind the one before.
    ///
    /// # Errors
    /// As [`Plan::new`], and when an object has more per-CPU variables than fit.
    pub fn for_cpus(objects: impl IntoIterator<Item = ObjectFile>, cpus: u32) -> Result<Self, LoadError> {
        let mut read = objects.into_iter().map(read_object).collect::<Result<Vec<_>, _>>()?;
        for object in &mut read {
            object.copy_percpu(cpus)?;
        }
        Self::lay_out(read)
    }
    /// The same for one object of which only what is needed is loaded: the sections of the symbols that are wanted, and
    /// those that these refer to. For a kernel image with little room.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn trimmed(object: ObjectFile, is_wanted: &dyn Fn(&str) -> bool) -> Result<Self, LoadError> {
        let mut read = read_object(object)?;
        read.drop_unreachable(is_wanted);
        Self::lay_out(vec![read])
    }
    fn lay_out(mut read: Vec<object_file::ReadObject>) -> Result<Self, LoadError> {
        let mut layout = Layout::default();
        let mut segments = Vec::new();
        for kind in [SegmentKind::Text, SegmentKind::ReadOnly, SegmentKind::Data] {
            let offset = layout.end;
            for zeroed in [false, true] {
                for object in &mut read {
                    object.lay_out(kind, zeroed, &mut layout)?;
                }
            }
            layout.take(0, PAGE)?;
            if layout.end > offset {
                segments.push(Segment { kind, offset, bytes: layout.end - offset });
            }
        }
        let objects = read.into_iter().map(|object| object.planned).collect();
        Ok(Self { objects, segments, bytes: layout.end })
    }

    /// Returns the length of the image, whole pages.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }
    /// Returns the segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Resolves and relocates for an image at `base`, a page of the machine. `exports` says where the kernel has a name.
    ///
    /// # Errors
    /// [`LoadError::Unknown`] with all symbols that nobody defines.
    pub fn link(self, base: u32, exports: &dyn Fn(&str) -> Option<u32>) -> Result<Image, LoadError> {
        base.checked_add(self.bytes).ok_or(LoadError::TooLarge)?;
        let values = self.resolve(base, exports)?;
        let mut contents = vec![0; self.bytes as usize];
        for (object, values) in self.objects.iter().zip(&values) {
            for section in object.sections.iter().flatten() {
                let place = section.offset as usize..(section.offset + section.bytes) as usize;
                let Some(target) = contents.get_mut(place) else { continue };
                if let Some(source) = section.contents.clone().and_then(|range| object.file.bytes.get(range)) {
                    target.copy_from_slice(source);
                }
                for relocation in &section.relocations {
                    relocation.apply(target, base.wrapping_add(section.offset), values);
                }
                let filled = target.to_vec();
                for copy in 1..section.copies {
                    let start = (section.offset + copy * PERCPU_STRIDE) as usize;
                    if let Some(target) = contents.get_mut(start..start + filled.len()) {
                        target.copy_from_slice(&filled);
                    }
                }
            }
        }
        Ok(Image::new(self, base, contents, values))
    }

    /// Finds the value of every symbol of every object.
    fn resolve(&self, base: u32, exports: &dyn Fn(&str) -> Option<u32>) -> Result<Vec<Vec<u32>>, LoadError> {
        let globals = self.globals(base);
        let mut unknown = Vec::new();
        let mut values = Vec::new();
        for object in &self.objects {
            let mut of_object = Vec::with_capacity(object.symbols.len());
            for symbol in &object.symbols {
                let global = || globals.get(symbol.name.as_str());
                let own = object.value(symbol, base);
                let value = match (own, symbol.binding) {
                    (Some(own), Binding::Weak) => global().filter(|global| global.is_strong).map_or(own, |it| it.value),
                    (Some(own), _) => own,
                    // The first symbol of a table is empty.
                    (None, _) if symbol.name.is_empty() => 0,
                    (None, binding) => match global().map(|it| it.value).or_else(|| exports(&symbol.name)) {
                        Some(value) => value,
                        None if binding == Binding::Weak => 0,
                        None => {
                            unknown.push(UnknownSymbol { symbol: symbol.name.clone(), file: object.file.name.clone() });
                            0
                        }
                    },
                };
                of_object.push(value);
            }
            values.push(of_object);
        }
        if unknown.is_empty() {
            Ok(values)
        } else {
            Err(LoadError::Unknown(unknown))
        }
    }

    /// Returns what each global name means to objects that do not define it.
    fn globals(&self, base: u32) -> HashMap<&str, Global> {
        let mut globals: HashMap<&str, Global> = HashMap::new();
        for object in &self.objects {
            for symbol in object.symbols.iter().filter(|symbol| symbol.binding != Binding::Local) {
                let Some(value) = object.value(symbol, base) else { continue };
                let is_strong = symbol.binding == Binding::Global;
                let global = globals.entry(&symbol.name).or_insert(Global { value, is_strong });
                if is_strong && !global.is_strong {
                    *global = Global { value, is_strong };
                }
            }
        }
        globals
    }
}

#[derive(Clone, Copy)]
struct Global {
    value: u32,
    is_strong: bool,
}

impl PlannedObject {
    /// Returns the value of a symbol that this object defines.
    fn value(&self, symbol: &ObjectSymbol, base: u32) -> Option<u32> {
        match symbol.home {
            Home::Nowhere => None,
            Home::Absolute => Some(symbol.value),
            Home::Common(offset) => Some(base.wrapping_add(offset)),
            Home::Section(index) => {
                // What is not loaded has base 0.
                let start = self.sections.get(index)?.as_ref().map_or(0, |section| base.wrapping_add(section.offset));
                Some(start.wrapping_add(symbol.value))
            }
        }
    }
}

impl Relocation {
    /// Adds to the word at the place what the relocation says. `start` is the address of the section's first byte.
    fn apply(&self, section: &mut [u8], start: u32, values: &[u32]) {
        let at = self.offset as usize;
        let bytes = if self.kind == RelocationKind::Wide { 8 } else { 4 };
        let (Some(value), Some(place)) = (values.get(self.symbol), section.get_mut(at..at + bytes)) else { return };
        let in_place = || place.iter().rev().fold(0, |word, byte| word << 8 | i64::from(*byte));
        let mut word = self.addend.unwrap_or_else(in_place).wrapping_add(i64::from(*value));
        if self.kind == RelocationKind::Relative {
            word = word.wrapping_sub(i64::from(start.wrapping_add(self.offset)));
        }
        place.copy_from_slice(&word.to_le_bytes()[..bytes]);
    }
}

/// The image as it grows.
#[derive(Default)]
struct Layout {
    end: u32,
}

impl Layout {
    /// Takes `bytes` at the next multiple of `align`; returns where.
    fn take(&mut self, bytes: u32, align: u32) -> Result<u32, LoadError> {
        let start = self.end.checked_next_multiple_of(align.max(1)).ok_or(LoadError::TooLarge)?;
        self.end = start.checked_add(bytes).ok_or(LoadError::TooLarge)?;
        Ok(start)
    }
}
