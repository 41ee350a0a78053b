//! Reading an object file: which sections are to be loaded, their relocations, the symbols.
//!
//! Only what compilers make for i386 and for x86-64 is understood: relocations of the kinds that code for a fixed address below
//! 2 GiB needs. Those of i386 have their addends in place, those of x86-64 beside.

use super::{Layout, LoadError, ObjectFile, SegmentKind, PAGE, PERCPU_SECTION, PERCPU_STRIDE};
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, Rel, Rela, SectionHeader, SectionTable, Sym};
use object::{LittleEndian, SectionIndex};
use std::ops::Range;

/// Where a symbol is defined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Home {
    Nowhere,
    Absolute,
    /// At an offset of the image, which the plan has chosen.
    Common(u32),
    Section(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Binding {
    Local,
    Global,
    Weak,
}

/// A symbol of an object file.
#[derive(Debug)]
pub(super) struct ObjectSymbol {
    pub(super) name: String,
    pub(super) value: u32,
    pub(super) bytes: u32,
    pub(super) home: Home,
    pub(super) binding: Binding,
    /// The type of the ELF symbol table.
    pub(super) kind: SymbolKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SymbolKind {
    Function,
    /// Variables, and labels that the assembler made.
    Other,
    /// Sections and file names.
    Nameless,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Relocation {
    pub(super) offset: u32,
    pub(super) symbol: usize,
    pub(super) kind: RelocationKind,
    /// What is added; `None`: what is in place.
    pub(super) addend: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RelocationKind {
    /// The symbol's address.
    Absolute,
    /// The same in eight bytes.
    Wide,
    /// Its distance from the place.
    Relative,
}

/// A section that will be loaded.
#[derive(Debug)]
pub(super) struct PlannedSection {
    pub(super) name: String,
    /// From the image's start.
    pub(super) offset: u32,
    pub(super) bytes: u32,
    /// How often it is loaded: once for each CPU if it is per-CPU data.
    pub(super) copies: u32,
    /// Where its contents are in the file; `None` for zeroes.
    pub(super) contents: Option<Range<usize>>,
    pub(super) relocations: Vec<Relocation>,
}

/// An object with its sections laid out. `sections` has an entry for each section of the file.
#[derive(Debug)]
pub(super) struct PlannedObject {
    pub(super) file: ObjectFile,
    pub(super) sections: Vec<Option<PlannedSection>>,
    pub(super) symbols: Vec<ObjectSymbol>,
}
/// An object read, not yet laid out.
pub(super) struct ReadObject {
    pub(super) planned: PlannedObject,
    /// For each section that will be loaded: segment, alignment, index.
    pub(super) wanted: Vec<(SegmentKind, u32, usize)>,
}

impl ReadObject {
    /// Says how often per-CPU data is loaded.
    pub(super) fn copy_percpu(&mut self, cpus: u32) -> Result<(), LoadError> {
        for section in self.planned.sections.iter_mut().flatten().filter(|section| section.name == PERCPU_SECTION) {
            if section.bytes > PERCPU_STRIDE {
                let why = format!("{} bytes of per-CPU variables, {PERCPU_STRIDE} are the most", section.bytes);
                return Err(LoadError::Malformed { file: self.planned.file.name.clone(), why });
            }
            section.copies = cpus.max(1);
        }
        Ok(())
    }
    /// Drops what neither a wanted symbol nor anything reachable from one refers to.
    pub(super) fn drop_unreachable(&mut self, is_wanted: &dyn Fn(&str) -> bool) {
        let PlannedObject { sections, symbols, .. } = &mut self.planned;
        let home = |symbol: &ObjectSymbol| match symbol.home {
            Home::Section(index) => Some(index),
            _ => None,
        };
        let mut is_kept = vec![false; sections.len()];
        let mut next: Vec<usize> = symbols.iter().filter(|symbol| is_wanted(&symbol.name)).filter_map(home).collect();
        while let Some(index) = next.pop() {
            let Some(Some(section)) = sections.get(index) else { continue };
            if !std::mem::replace(&mut is_kept[index], true) {
                let targets = section.relocations.iter().filter_map(|relocation| symbols.get(relocation.symbol));
                next.extend(targets.filter_map(home));
            }
        }
        self.wanted.retain(|(.., index)| is_kept[*index]);
        for symbol in symbols.iter_mut() {
            // What is not there is nobody's: who asks for it finds nothing.
            if home(symbol).is_some_and(|index| !is_kept.get(index).copied().unwrap_or(true)) {
                (symbol.home, symbol.binding) = (Home::Nowhere, Binding::Weak);
            }
        }
        for (section, is_kept) in sections.iter_mut().zip(is_kept) {
            if !is_kept {
                *section = None;
            }
        }
    }
    /// Gives the sections of one kind their places; after zeroed data come the common symbols.
    pub(super) fn lay_out(&mut self, kind: SegmentKind, zeroed: bool, layout: &mut Layout) -> Result<(), LoadError> {
        for &(_, align, index) in self.wanted.iter().filter(|(wanted, ..)| *wanted == kind) {
            if let Some(section) = &mut self.planned.sections[index] {
                if section.contents.is_none() == zeroed {
                    let apart = (section.copies - 1).checked_mul(PERCPU_STRIDE).ok_or(LoadError::TooLarge)?;
                    section.offset = layout.take(section.bytes.saturating_add(apart), align)?;
                }
            }
        }
        if kind == SegmentKind::Data && zeroed {
            for symbol in &mut self.planned.symbols {
                if let Home::Common(offset) = &mut symbol.home {
                    // The value of a common symbol is its alignment.
                    *offset = layout.take(symbol.bytes, symbol.value)?;
                }
            }
        }
        Ok(())
    }
}

pub(super) const ENDIAN: LittleEndian = LittleEndian;

/// The two forms of ELF that objects have.
pub(super) trait Form: FileHeader<Endian = LittleEndian> {
    const MACHINE: elf::Machine;
    /// Translates a relocation's type; `None`: nothing is to be done.
    fn kind(number: elf::RelocationType) -> Result<Option<RelocationKind>, u32>;
}

impl Form for FileHeader32<LittleEndian> {
    const MACHINE: elf::Machine = elf::EM_386;
    fn kind(number: elf::RelocationType) -> Result<Option<RelocationKind>, u32> {
        match number {
            elf::R_386_NONE => Ok(None),
            elf::R_386_32 => Ok(Some(RelocationKind::Absolute)),
            elf::R_386_PC32 | elf::R_386_PLT32 => Ok(Some(RelocationKind::Relative)),
            other => Err(other.0),
        }
    }
}

impl Form for FileHeader64<LittleEndian> {
    const MACHINE: elf::Machine = elf::EM_X86_64;
    fn kind(number: elf::RelocationType) -> Result<Option<RelocationKind>, u32> {
        match number {
            elf::R_X86_64_NONE => Ok(None),
            elf::R_X86_64_32 | elf::R_X86_64_32S => Ok(Some(RelocationKind::Absolute)),
            elf::R_X86_64_64 => Ok(Some(RelocationKind::Wide)),
            elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => Ok(Some(RelocationKind::Relative)),
            other => Err(other.0),
        }
    }
}

/// True when a file says of itself that it is of the 64-bit form.
pub(super) fn is_wide(file: &ObjectFile) -> bool {
    const CLASS: usize = 4;
    file.bytes.get(CLASS) == Some(&elf::ELFCLASS64.0)
}

/// Reads the table of sections.
pub(super) fn sections_of<F: Form>(file: &ObjectFile) -> Result<SectionTable<'_, F>, LoadError> {
    let malformed = |error: object::Error| LoadError::Malformed { file: file.name.clone(), why: error.to_string() };
    let header = F::parse(&*file.bytes).map_err(malformed)?;
    let is_ours =
        header.is_little_endian() && header.e_machine(ENDIAN) == F::MACHINE && header.e_type(ENDIAN) == elf::ET_REL;
    if !is_ours {
        return Err(LoadError::NotX86 { file: file.name.clone() });
    }
    header.sections(ENDIAN, &*file.bytes).map_err(malformed)
}

/// Reads an object: which sections are to be loaded, with their relocations, and the symbols.
pub(super) fn read_object(file: ObjectFile) -> Result<ReadObject, LoadError> {
    if is_wide(&file) {
        read_as::<FileHeader64<LittleEndian>>(file)
    } else {
        read_as::<FileHeader32<LittleEndian>>(file)
    }
}

/// Makes a number of 32 bits of one that an object file of ours has.
fn small(number: impl Into<u64>) -> Result<u32, LoadError> {
    u32::try_from(number.into()).map_err(|_| LoadError::TooLarge)
}

fn read_as<F: Form>(file: ObjectFile) -> Result<ReadObject, LoadError> {
    let name = file.name.clone();
    let malformed = |error: object::Error| LoadError::Malformed { file: name.clone(), why: error.to_string() };
    let table = sections_of::<F>(&file)?;
    let mut sections = Vec::new();
    let mut wanted = Vec::new();
    for (index, header) in table.enumerate() {
        let Some(kind) = segment_of::<F>(header) else {
            sections.push(None);
            continue;
        };
        let section_name = String::from_utf8_lossy(table.section_name(ENDIAN, header).map_err(malformed)?).into_owned();
        if section_name == ".eh_frame" {
            sections.push(None); // unwinding follows frame pointers
            continue;
        }
        let contents = header
            .file_range(ENDIAN)
            .map(|(start, bytes)| start as usize..(start as usize).saturating_add(bytes as usize));
        if contents.clone().is_some_and(|range| file.bytes.get(range).is_none()) {
            let why = format!("section {section_name} is cut off");
            return Err(LoadError::Malformed { file: file.name.clone(), why });
        }
        let align = small(header.sh_addralign(ENDIAN))?;
        if align > PAGE || !(align == 0 || align.is_power_of_two()) {
            let why = format!("section {section_name} is aligned to {align}");
            return Err(LoadError::Malformed { file: file.name.clone(), why });
        }
        wanted.push((kind, align, index.0));
        sections.push(Some(PlannedSection {
            name: section_name,
            offset: 0,
            bytes: small(header.sh_size(ENDIAN))?,
            copies: 1,
            contents,
            relocations: Vec::new(),
        }));
    }
    read_relocations::<F>(&file, &table, |index, relocations| {
        if let Some(Some(section)) = sections.get_mut(index.0) {
            section.relocations = relocations;
        }
    })?;
    let symbols = read_symbols::<F>(&file, &table)?;
    Ok(ReadObject { planned: PlannedObject { file, sections, symbols }, wanted })
}

/// Returns the segment that a section is loaded into; `None` if it is not loaded.
fn segment_of<F: Form>(header: &F::SectionHeader) -> Option<SegmentKind> {
    let has = |flag| header.sh_flags(ENDIAN) & flag == flag;
    let is_wanted = matches!(
        header.sh_type(ENDIAN),
        elf::SHT_PROGBITS | elf::SHT_NOBITS | elf::SHT_INIT_ARRAY | elf::SHT_FINI_ARRAY | elf::SHT_PREINIT_ARRAY
    );
    if !has(elf::SHF_ALLOC) || !is_wanted {
        None
    } else if has(elf::SHF_EXECINSTR) {
        Some(SegmentKind::Text)
    } else if has(elf::SHF_WRITE) {
        Some(SegmentKind::Data)
    } else {
        Some(SegmentKind::ReadOnly)
    }
}

/// Reads the relocations of all sections that are loaded.
fn read_relocations<F: Form>(
    file: &ObjectFile,
    table: &SectionTable<'_, F>,
    mut found: impl FnMut(SectionIndex, Vec<Relocation>),
) -> Result<(), LoadError> {
    let malformed = |error: object::Error| LoadError::Malformed { file: file.name.clone(), why: error.to_string() };
    for header in table.iter() {
        let target = SectionIndex(header.sh_info(ENDIAN) as usize);
        let Some(relocations) = relocations::<F>(file, table, header)? else { continue };
        if segment_of::<F>(table.section(target).map_err(malformed)?).is_some() {
            found(target, relocations);
        }
    }
    Ok(())
}

/// Translates the relocation entries that a section consists of; `None` where it has none, and where they are of a section
/// that is not wanted in any case.
pub(super) fn relocations<F: Form>(
    file: &ObjectFile,
    table: &SectionTable<'_, F>,
    header: &F::SectionHeader,
) -> Result<Option<Vec<Relocation>>, LoadError> {
    let malformed = |error: object::Error| LoadError::Malformed { file: file.name.clone(), why: error.to_string() };
    let mut all = Vec::new();
    let mut add = |offset: u64, symbol: u32, number: elf::RelocationType, addend: Option<i64>| match F::kind(number) {
        Ok(None) => Ok(()),
        Ok(Some(kind)) => {
            all.push(Relocation { offset: small(offset)?, symbol: symbol as usize, kind, addend });
            Ok(())
        }
        Err(kind) => {
            let target = table.section(SectionIndex(header.sh_info(ENDIAN) as usize)).map_err(malformed)?;
            let section = table.section_name(ENDIAN, target).map_err(malformed)?;
            let section = String::from_utf8_lossy(section).into_owned();
            Err(LoadError::Relocation { file: file.name.clone(), section, kind })
        }
    };
    if let Some((entries, _)) = header.rel(ENDIAN, &*file.bytes).map_err(malformed)? {
        for entry in entries {
            add(entry.r_offset(ENDIAN).into(), entry.r_sym(ENDIAN), entry.r_type(ENDIAN), None)?;
        }
    } else if let Some((entries, _)) = header.rela(ENDIAN, &*file.bytes).map_err(malformed)? {
        for entry in entries {
            let (symbol, number) = (entry.r_sym(ENDIAN, false), entry.r_type(ENDIAN, false));
            add(entry.r_offset(ENDIAN).into(), symbol, number, Some(entry.r_addend(ENDIAN).into()))?;
        }
    } else {
        return Ok(None);
    }
    Ok(Some(all))
}

/// Reads the symbol table.
fn read_symbols<F: Form>(file: &ObjectFile, table: &SectionTable<'_, F>) -> Result<Vec<ObjectSymbol>, LoadError> {
    let malformed = |error: object::Error| LoadError::Malformed { file: file.name.clone(), why: error.to_string() };
    let symbols = table.symbols(ENDIAN, &*file.bytes, elf::SHT_SYMTAB).map_err(malformed)?;
    let mut all = Vec::with_capacity(symbols.len());
    for (index, symbol) in symbols.enumerate() {
        let home = match symbol.st_shndx(ENDIAN) {
            elf::SHN_UNDEF => Home::Nowhere,
            elf::SHN_ABS => Home::Absolute,
            elf::SHN_COMMON => Home::Common(0),
            _ => symbols
                .symbol_section(ENDIAN, symbol, index)
                .map_err(malformed)?
                .map_or(Home::Absolute, |it| Home::Section(it.0)),
        };
        let binding = match symbol.st_bind() {
            elf::STB_LOCAL => Binding::Local,
            elf::STB_WEAK => Binding::Weak,
            _ => Binding::Global,
        };
        let kind = match symbol.st_type() {
            elf::STT_FUNC => SymbolKind::Function,
            elf::STT_SECTION | elf::STT_FILE => SymbolKind::Nameless,
            _ => SymbolKind::Other,
        };
        all.push(ObjectSymbol {
            name: String::from_utf8_lossy(symbols.symbol_name(ENDIAN, symbol).map_err(malformed)?).into_owned(),
            value: small(symbol.st_value(ENDIAN))?,
            bytes: small(symbol.st_size(ENDIAN))?,
            home,
            binding,
            kind,
        });
    }
    Ok(all)
}
