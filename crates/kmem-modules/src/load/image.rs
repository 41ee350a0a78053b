//! [`Image`]: linked objects, and what is where in them.

use super::object_file::{is_wide, relocations, sections_of, Binding, Form, Home, SymbolKind, ENDIAN};
use super::{LoadError, ObjectFile, Plan, Segment};
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::SectionHeader;
use object::LittleEndian;
use std::collections::BTreeMap;
use std::fmt;

/// A loaded section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// First address.
    pub start: u32,
    /// Length.
    pub bytes: u32,
    /// The object it comes from.
    pub object: usize,
}

/// A named piece of the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// First address.
    pub start: u32,
    /// Length.
    pub bytes: u32,
    /// The object it comes from.
    pub object: usize,
    /// Whether it is code.
    pub is_function: bool,
}

/// An address as `function+0x1a/0x90` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SymbolOffset<'image> {
    /// The symbol.
    pub symbol: &'image Symbol,
    /// How far behind its start.
    pub offset: u32,
}

impl fmt::Display for SymbolOffset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:#x}/{:#x}", self.symbol.name, self.offset, self.symbol.bytes)
    }
}
/// Objects linked for an address, and what is where.
#[derive(Debug)]
pub struct Image {
    base: u32,
    contents: Vec<u8>,
    segments: Vec<Segment>,
    sections: Vec<Section>,
    /// By address.
    symbols: Vec<Symbol>,
    objects: Vec<LinkedObject>,
}

/// What is kept of an object.
#[derive(Debug)]
struct LinkedObject {
    file: ObjectFile,
    /// What the object itself defines.
    own: BTreeMap<String, u32>,
    /// Names that other objects may use.
    globals: BTreeMap<String, u32>,
    /// The value of each entry of the symbol table.
    values: Vec<u32>,
}

impl Image {
    pub(super) fn new(plan: Plan, base: u32, contents: Vec<u8>, values: Vec<Vec<u32>>) -> Self {
        let mut sections = Vec::new();
        let mut symbols = Vec::new();
        let mut objects = Vec::new();
        for (number, (object, values)) in plan.objects.into_iter().zip(values).enumerate() {
            let (mut own, mut globals) = (BTreeMap::new(), BTreeMap::new());
            for symbol in object.symbols.iter().filter(|symbol| symbol.kind != SymbolKind::Nameless) {
                let Some(start) = object.value(symbol, base) else { continue };
                own.entry(symbol.name.clone()).or_insert(start);
                if symbol.binding != Binding::Local {
                    globals.insert(symbol.name.clone(), start);
                }
                let is_loaded = match symbol.home {
                    Home::Common(_) => true,
                    Home::Section(index) => object.sections.get(index).is_some_and(Option::is_some),
                    Home::Nowhere | Home::Absolute => false,
                };
                if is_loaded && !symbol.name.is_empty() && !symbol.name.starts_with(".L") {
                    let is_function = symbol.kind == SymbolKind::Function;
                    let (name, bytes) = (symbol.name.clone(), symbol.bytes);
                    symbols.push(Symbol { name, start, bytes, object: number, is_function });
                }
            }
            sections.extend(object.sections.into_iter().flatten().map(|section| Section {
                name: section.name,
                start: base.wrapping_add(section.offset),
                bytes: section.bytes,
                object: number,
            }));
            objects.push(LinkedObject { file: object.file, own, globals, values });
        }
        // Of several names for an address the last one answers: with a size rather than without.
        // Of names for the same bytes the last one is shown: the function's own, not `init_module`, which stands for it.
        let stands_in = |symbol: &Symbol| matches!(&*symbol.name, "init_module" | "cleanup_module");
        symbols.sort_by_key(|symbol| (symbol.start, symbol.bytes, !stands_in(symbol)));
        let end = base.wrapping_add(plan.bytes);
        let starts: Vec<u32> = symbols.iter().map(|symbol| symbol.start).chain([end]).collect();
        for (index, symbol) in symbols.iter_mut().enumerate().filter(|(_, symbol)| symbol.bytes == 0) {
            // A label of the assembler reaches up to the next symbol.
            let next = starts[index..].iter().find(|&&start| start > symbol.start);
            symbol.bytes = next.map_or(0, |next| next - symbol.start);
        }
        Self { base, contents, segments: plan.segments, sections, symbols, objects }
    }

    /// Returns the first address.
    pub fn base(&self) -> u32 {
        self.base
    }
    /// Returns the bytes that belong there, whole pages.
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }
    /// Returns the segments with their protections.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
    /// Returns all loaded sections, in the order of the objects.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }
    /// Returns a loaded section of an object; empty ones do not count.
    pub fn section(&self, object: usize, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.object == object && section.name == name && section.bytes > 0)
    }
    /// Returns the names of the objects.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &str> {
        self.objects.iter().map(|object| object.file.name.as_str())
    }
    /// Returns where an object itself defines a name, global or not: its `init_module`.
    pub fn symbol(&self, object: usize, name: &str) -> Option<u32> {
        self.objects.get(object)?.own.get(name).copied()
    }
    /// Returns where a name is defined globally, in the first object that does.
    pub fn global(&self, name: &str) -> Option<u32> {
        self.objects.iter().find_map(|object| object.globals.get(name).copied())
    }
    /// True when the address is in the image.
    pub fn contains(&self, addr: u32) -> bool {
        addr.wrapping_sub(self.base) < self.contents.len() as u32
    }
    /// Returns the named piece that holds an address, code or data.
    pub fn symbol_at(&self, addr: u32) -> Option<SymbolOffset<'_>> {
        let above = self.symbols.partition_point(|symbol| symbol.start <= addr);
        // A symbol may lie inside another one's bytes; the innermost that reaches this far is meant.
        let before = self.symbols[..above].iter().rev().take(8);
        let symbol = before.into_iter().find(|symbol| addr - symbol.start < symbol.bytes)?;
        Some(SymbolOffset { symbol, offset: addr - symbol.start })
    }
    /// Returns the object whose section holds an address.
    pub fn object_at(&self, addr: u32) -> Option<usize> {
        let holds = |section: &&Section| section.start <= addr && addr - section.start < section.bytes;
        self.sections.iter().find(holds).map(|section| section.object)
    }

    /// Returns an object's section that is not loaded, relocated: debug information by its name. Empty if there is none.
    pub(crate) fn debug_section(&self, object: usize, name: &str) -> Result<Vec<u8>, LoadError> {
        match self.objects.get(object) {
            Some(object) if is_wide(&object.file) => object.debug_section::<FileHeader64<LittleEndian>>(name),
            Some(object) => object.debug_section::<FileHeader32<LittleEndian>>(name),
            None => Ok(Vec::new()),
        }
    }
}

impl LinkedObject {
    fn debug_section<F: Form>(&self, name: &str) -> Result<Vec<u8>, LoadError> {
        let file = &self.file;
        let malformed = |error: object::Error| LoadError::Malformed { file: file.name.clone(), why: error.to_string() };
        let table = sections_of::<F>(file)?;
        let Some((index, header)) = table.section_by_name(ENDIAN, name.as_bytes()) else { return Ok(Vec::new()) };
        if header.sh_flags(ENDIAN) & elf::SHF_COMPRESSED == elf::SHF_COMPRESSED {
            let why = format!("section {name} is compressed");
            return Err(LoadError::Malformed { file: file.name.clone(), why });
        }
        let mut contents = header.data(ENDIAN, &*file.bytes).map_err(malformed)?.to_vec();
        for header in table.iter().filter(|header| header.sh_info(ENDIAN) as usize == index.0) {
            for relocation in relocations::<F>(file, &table, header)?.into_iter().flatten() {
                relocation.apply(&mut contents, 0, &self.values);
            }
        }
        Ok(contents)
    }
}
