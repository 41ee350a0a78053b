//! `--like DIR`: a machine as a capture of a real boot describes it.
//!
//! Two files of the folder are read, both of them inputs of that boot and none of its results: `inputs.json` (kernel, CPUs,
//! command line, RAM, what was held when the page allocator took over, what was given back later) and `cmdline` (the
//! command that started the machine, which says which CPU is on which node). What the page allocator then does with them
//! is computed.
//!
//! The kernel says how much it gives back, mostly without saying where. The place follows from the symbols and segments of
//! its image; where those are silent, any held piece of the image of that size stands for it, since only the zone matters.

use kmem::boot::cmdline::memparse;
use kmem::boot::{BootParams, Held, NodeRange};
use kmem::profile::{by_name, Profile};
use kmem::units::{align_down, align_up, PhysRange, PAGE_SIZE};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

/// A list with more ranges than this is no memblock's: real ones have some dozens.
const MOST_RANGES: usize = 1000;

/// A machine of a capture.
#[derive(Clone, Debug)]
pub struct Like {
    /// Its kernel.
    pub profile: &'static Profile,
    /// The command line of that boot.
    pub cmdline: String,
    /// Bytes of RAM, as it was built in.
    pub ram_bytes: u64,
    /// Its CPUs.
    pub cpus: u32,
    /// Where it was read from.
    pub folder: PathBuf,
    memory: Vec<PhysRange>,
    nodes: Vec<NodeRange>,
    cpu_nodes: Vec<u32>,
    reserved: Vec<PhysRange>,
    freed_early: Vec<PhysRange>,
    freed_late: Vec<PhysRange>,
    cma: Vec<PhysRange>,
}

/// Why a folder cannot be used: which file, where in it, what was found and what expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LikeError {
    file: PathBuf,
    place: String,
    what: String,
}

impl fmt::Display for LikeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for LikeError {}

impl Like {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`LikeError`] for a file that is missing or does not hold what it should.
    pub fn read(folder: &Path) -> Result<Self, LikeError> {
        let inputs = Inputs::read(folder)?;
        let command = folder.join("cmdline");
        let text = std::fs::read_to_string(&command).map_err(|error| LikeError::unreadable(&command, &error))?;
        let profile = inputs.profile()?;
        let cpus = inputs.number("cpus")?;
        let cpus = u32::try_from(cpus).map_err(|_| inputs.wrong("cpus", "a number of CPUs", &cpus.to_string()))?;
        let memory = inputs.ranges("memblock_memory")?;
        if memory.is_empty() {
            return Err(inputs.wrong("memblock_memory", "at least one range of RAM", "none"));
        }
        let reserved = inputs.ranges("memblock_reserved_at_free_all")?;
        let cma = inputs.cma()?;
        let (freed_early, freed_late) = Places::new(&inputs, &reserved, &cma)?.all()?;
        Ok(Self {
            profile,
            folder: folder.to_owned(),
            cmdline: inputs.text("cmdline")?.to_owned(),
            ram_bytes: inputs.ram_bytes(&memory),
            cpus,
            nodes: inputs.nodes()?,
            cpu_nodes: cpu_nodes(&text, cpus),
            memory,
            reserved,
            freed_early,
            freed_late,
            cma,
        })
    }

    /// Returns what the kernel is booted with; `cmdline` and `cpus` are the capture's own or what the caller makes of them.
    pub fn params<'a>(&'a self, cmdline: &'a str, cpus: u32) -> BootParams<'a> {
        let held = Held::Given {
            reserved: &self.reserved,
            freed_early: &self.freed_early,
            freed_late: &self.freed_late,
            cma: &self.cma,
        };
        BootParams {
            ram_bytes: self.ram_bytes,
            ranges: Some(&self.memory),
            nodes: (!self.nodes.is_empty()).then_some(&self.nodes),
            cpus,
            cpu_nodes: (!self.cpu_nodes.is_empty()).then_some(&self.cpu_nodes),
            cmdline,
            held,
            kasan: false,
        }
    }
}

impl LikeError {
    fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let expected = "a capture's folder holds inputs.json and cmdline";
        Self { file: file.to_owned(), place: String::new(), what: format!("{error}; {expected}") }
    }
}

/// The rows of `inputs.json`.
struct Inputs {
    file: PathBuf,
    json: Value,
}

impl Inputs {
    fn read(folder: &Path) -> Result<Self, LikeError> {
        let file = folder.join("inputs.json");
        let text = std::fs::read_to_string(&file).map_err(|error| LikeError::unreadable(&file, &error))?;
        let json: Value = serde_json::from_str(&text).map_err(|error| LikeError {
            file: file.clone(),
            place: format!("line {}, column {}", error.line(), error.column()),
            what: format!("no JSON: {error}"),
        })?;
        let inputs = Self { file, json };
        match inputs.json.is_object() {
            true => Ok(inputs),
            false => Err(inputs.wrong("the document", "an object", &shown(&inputs.json))),
        }
    }
    fn wrong(&self, place: &str, expected: &str, found: &str) -> LikeError {
        let what = format!("expected {expected}, found {found}");
        LikeError { file: self.file.clone(), place: place.to_owned(), what }
    }
    fn value(&self, key: &str, expected: &str) -> Result<&Value, LikeError> {
        self.json.get(key).ok_or_else(|| self.wrong(key, expected, "no such key"))
    }
    fn text(&self, key: &str) -> Result<&str, LikeError> {
        let value = self.value(key, "a text")?;
        value.as_str().ok_or_else(|| self.wrong(key, "a text", &shown(value)))
    }
    fn number(&self, key: &str) -> Result<u64, LikeError> {
        let value = self.value(key, "a whole number")?;
        value.as_u64().ok_or_else(|| self.wrong(key, "a whole number", &shown(value)))
    }
    /// The rows of a list; none where the key is missing.
    fn rows(&self, key: &str) -> Result<&[Value], LikeError> {
        match self.json.get(key) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(rows)) => Ok(rows),
            Some(other) => Err(self.wrong(key, "a list", &shown(other))),
        }
    }
    /// The words of a row, numbers included.
    fn words(&self, key: &str, at: usize, row: &Value, count: usize) -> Result<Vec<String>, LikeError> {
        let expected = format!("a list of {count} values");
        let wrong = || self.wrong(&format!("{key}[{at}]"), &expected, &shown(row));
        let words = row.as_array().filter(|words| words.len() >= count).ok_or_else(wrong)?;
        let word = |word: &Value| match word {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        words.iter().map(word).collect::<Option<_>>().ok_or_else(wrong)
    }
    fn hex(&self, key: &str, at: usize, word: &str) -> Result<u64, LikeError> {
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let wrong = |_| self.wrong(&format!("{key}[{at}]"), "a hexadecimal address", &format!("`{word}`"));
        u64::from_str_radix(digits, 16).map_err(wrong)
    }
    /// Ranges whose second address is one past the last.
    fn ranges(&self, key: &str) -> Result<Vec<PhysRange>, LikeError> {
        self.value(key, "a list of ranges")?;
        self.pairs(key, 0)
    }
    /// Ranges whose second address is the last.
    fn closed_ranges(&self, key: &str) -> Result<Vec<PhysRange>, LikeError> {
        self.pairs(key, 1)
    }
    fn pairs(&self, key: &str, past: u64) -> Result<Vec<PhysRange>, LikeError> {
        let range = |(at, row): (usize, &Value)| {
            let words = self.words(key, at, row, 2)?;
            let start = self.hex(key, at, &words[0])?;
            let end = self.hex(key, at, &words[1])?;
            match end.checked_add(past).filter(|end| start < *end) {
                Some(end) => Ok(PhysRange::new(start, end)),
                None => Err(self.wrong(&format!("{key}[{at}]"), "a start below the end", &shown(row))),
            }
        };
        let rows = self.rows(key)?;
        if rows.len() > MOST_RANGES {
            return Err(self.wrong(key, &format!("at most {MOST_RANGES} ranges"), &rows.len().to_string()));
        }
        rows.iter().enumerate().map(range).collect()
    }
    /// The profile of the kernel; a suffix says under which emulator it ran.
    fn profile(&self) -> Result<&'static Profile, LikeError> {
        let name = self.text("kernel")?;
        let plain = ["-x64", "-a64"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        by_name(plain).ok_or_else(|| self.wrong("kernel", "a machine that `kmem machines` lists", &format!("`{name}`")))
    }
    /// RAM as the emulator was told: `1G`, or MiB without a unit.
    fn ram_bytes(&self, memory: &[PhysRange]) -> u64 {
        let sum = memory.iter().map(|range| range.bytes()).sum();
        let told = self.text("qemu_ram").ok().and_then(memparse);
        told.map_or(sum, |(bytes, rest)| if rest.is_empty() && bytes < 1 << 20 { bytes << 20 } else { bytes })
    }
    /// Nodes; none when there is only one. What lies between two ranges belongs to the lower one.
    fn nodes(&self) -> Result<Vec<NodeRange>, LikeError> {
        let key = "node_ranges";
        let mut nodes = Vec::new();
        for (at, row) in self.rows(key)?.iter().enumerate() {
            let words = self.words(key, at, row, 3)?;
            let node = words[0].parse();
            let node = node.map_err(|_| self.wrong(&format!("{key}[{at}]"), "the number of a node", &words[0]))?;
            let (start, last) = (self.hex(key, at, &words[1])?, self.hex(key, at, &words[2])?);
            nodes.push(NodeRange { node, range: PhysRange::new(start, last.saturating_add(1)) });
        }
        if nodes.iter().all(|row| row.node == 0) {
            return Ok(Vec::new());
        }
        nodes.sort_by_key(|row| row.range.start);
        for at in 0..nodes.len() {
            let start = if at == 0 { 0 } else { nodes[at].range.start.raw() };
            let end = nodes.get(at + 1).map_or(u64::MAX, |next| next.range.start.raw());
            nodes[at].range = PhysRange::new(start, end);
        }
        Ok(nodes)
    }
    /// The areas for contiguous blocks: "Reserved 16 MiB at 0x7f000000".
    fn cma(&self) -> Result<Vec<PhysRange>, LikeError> {
        let key = "cma";
        let area = |(at, row): (usize, &Value)| {
            let line = row.as_str().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = words.get(1).and_then(|word| word.parse::<u64>().ok());
            let shift = match words.get(2) {
                Some(&"MiB") => Some(20),
                Some(&"KiB") => Some(10),
                _ => None,
            };
            match (words.first(), number.zip(shift), words.get(3), words.get(4)) {
                (Some(&"Reserved"), Some((number, shift)), Some(&"at"), Some(start)) => {
                    let start = self.hex(key, at, start)?;
                    Ok(PhysRange::new(start, start + (number << shift)))
                }
                _ => Err(self.wrong(&format!("{key}[{at}]"), "`Reserved N MiB at ADDRESS`", &shown(row))),
            }
        };
        self.rows(key)?.iter().enumerate().map(area).collect()
    }
    /// A symbol's address.
    fn symbol(&self, name: &str) -> Option<u64> {
        let rows = self.rows("symbols").ok()?;
        rows.iter().filter_map(Value::as_str).find_map(|line| {
            let mut words = line.split_whitespace();
            let addr = words.next()?;
            (words.nth(1) == Some(name)).then(|| u64::from_str_radix(addr, 16).ok()).flatten()
        })
    }
}

/// A value in a message, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Where the pieces that are given back lie.
struct Places<'a> {
    inputs: &'a Inputs,
    /// What is held, in whole pages.
    held: Vec<PhysRange>,
    /// What is found or another's.
    taken: Vec<PhysRange>,
    /// Segments of the image: name, range in whole pages.
    segments: Vec<(String, PhysRange)>,
    initrd: Vec<PhysRange>,
    late: Vec<PhysRange>,
}

impl<'a> Places<'a> {
    fn new(inputs: &'a Inputs, reserved: &[PhysRange], cma: &[PhysRange]) -> Result<Self, LikeError> {
        let whole = |range: &PhysRange| {
            PhysRange::new(align_down(range.start.raw(), PAGE_SIZE), align_up(range.end.raw(), PAGE_SIZE))
        };
        let key = "iomem_kernel";
        let ranges = inputs.closed_ranges(key)?;
        let mut segments = Vec::new();
        for ((at, row), range) in inputs.rows(key)?.iter().enumerate().zip(&ranges) {
            segments.push((inputs.words(key, at, row, 3)?.swap_remove(2), whole(range)));
        }
        let mut late = Vec::new();
        for (at, row) in inputs.rows("memblock_late")?.iter().enumerate() {
            let words = inputs.words("memblock_late", at, row, 3)?;
            if words[0] == "phys_free" || words[0] == "free" {
                let (start, end) =
                    (inputs.hex("memblock_late", at, &words[1])?, inputs.hex("memblock_late", at, &words[2])?);
                late.push(PhysRange::new(start, end));
            }
        }
        Ok(Self {
            inputs,
            held: reserved.iter().map(whole).collect(),
            taken: cma.to_vec(),
            segments,
            initrd: inputs.closed_ranges("ramdisk")?,
            late,
        })
    }

    /// Returns what is freed before the watermarks are computed, and what at the end of boot.
    fn all(mut self) -> Result<(Vec<PhysRange>, Vec<PhysRange>), LikeError> {
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for (at, row) in self.inputs.rows("freed_late")?.iter().enumerate() {
            let words = self.inputs.words("freed_late", at, row, 2)?;
            let place = format!("freed_late[{at}]");
            let kbytes = words[1].parse::<u64>();
            let kbytes = kbytes.map_err(|_| self.inputs.wrong(&place, "a size in kB", &format!("`{}`", words[1])))?;
            let bytes = align_down(kbytes << 10, PAGE_SIZE);
            if bytes == 0 {
                continue;
            }
            let Some(found) = self.place(&words[0], bytes) else {
                let expected = "a held range that has room for it";
                return Err(self.inputs.wrong(&place, expected, &format!("none for {} of {kbytes} kB", words[0])));
            };
            self.taken.push(found);
            let early_on = words[0].contains("SMP alternatives");
            if early_on { &mut early } else { &mut late }.push(found);
        }
        Ok((early, late))
    }

    fn place(&self, name: &str, bytes: u64) -> Option<PhysRange> {
        let is_initrd = name.contains("initrd");
        let supposed = if is_initrd { self.initrd_start(bytes) } else { self.part_start(name, bytes) };
        let supposed = supposed.map(|start| PhysRange::new(start, start + bytes));
        supposed.filter(|range| self.is_free(*range)).or_else(|| {
            // The log of memblock may have it; it counts pages that hold only a part of it, too.
            let near = |range: &&PhysRange| range.bytes() >= bytes && range.bytes() <= bytes + 2 * PAGE_SIZE;
            let logged =
                self.late.iter().find(near).map(|range| PhysRange::new(range.start.raw(), range.start.raw() + bytes));
            let image = self.image().map_or((0, 0), |image| (image.start.raw(), image.end.raw()));
            logged
                .filter(|range| self.is_free(*range))
                .or_else(|| self.highest_in(bytes, image).filter(|_| !is_initrd))
                .or_else(|| self.highest_in(bytes, (0, u64::MAX)))
        })
    }

    /// Where the initrd begins: where it was moved to last; without a word of it, the lowest held range above the image
    /// that is large enough, as boot loaders without a PC's firmware put it there.
    fn initrd_start(&self, bytes: u64) -> Option<u64> {
        if let Some(range) = self.initrd.last() {
            return Some(align_down(range.start.raw(), PAGE_SIZE));
        }
        let image_end = self.image()?.end.raw();
        let fits = |range: &&PhysRange| range.start.raw() >= image_end && range.bytes() >= bytes;
        self.held.iter().find(fits).map(|range| range.start.raw())
    }

    /// Where a part of the image begins that is given back, by its name in the boot log.
    fn part_start(&self, name: &str, bytes: u64) -> Option<u64> {
        let segment =
            |name: &str| self.segments.iter().find(|(found, _)| found.ends_with(name)).map(|(_, range)| *range);
        let before = |range: PhysRange| range.start.raw().checked_sub(bytes);
        match name {
            _ if name.contains("SMP alternatives") => self.symbol("__init_end").or_else(|| before(segment("bss")?)),
            _ if name.contains("text/rodata gap") => Some(segment("code")?.end.raw()),
            _ if name.contains("rodata/data gap") => Some(segment("rodata")?.end.raw()),
            _ if name.contains("initmem") || name == "unused kernel" => {
                let in_front_of_data = || before(segment("data")?).filter(|_| segment("bss").is_none());
                self.symbol("__init_begin").or_else(in_front_of_data)
            }
            _ => None,
        }
    }

    /// The physical address of a symbol: the image is mapped as a whole.
    fn symbol(&self, name: &str) -> Option<u64> {
        let start = self.inputs.symbol("_text").or_else(|| self.inputs.symbol("_stext"))?;
        let offset = self.inputs.symbol(name)?.checked_sub(start)?;
        Some(self.segments.first()?.1.start.raw() + offset)
    }

    /// The image, from its first segment to its last.
    fn image(&self) -> Option<PhysRange> {
        let start = self.segments.iter().map(|(_, range)| range.start.raw()).min()?;
        let end = self.segments.iter().map(|(_, range)| range.end.raw()).max()?;
        Some(PhysRange::new(start, end))
    }

    /// True when a range is held and nobody's yet.
    fn is_free(&self, range: PhysRange) -> bool {
        let inside = |held: &PhysRange| held.start <= range.start && range.end <= held.end;
        let apart = |taken: &PhysRange| taken.end <= range.start || range.end <= taken.start;
        self.held.iter().any(inside) && self.taken.iter().all(apart)
    }

    /// The highest held place of so many bytes between two addresses that is nobody's yet.
    fn highest_in(&self, bytes: u64, (from, to): (u64, u64)) -> Option<PhysRange> {
        let mut ends: Vec<u64> = self.held.iter().map(|range| range.end.raw().min(to)).collect();
        ends.extend(self.taken.iter().map(|range| range.start.raw().min(to)));
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends.into_iter().find_map(|end| {
            let start = end.checked_sub(bytes).filter(|start| *start >= from)?;
            Some(PhysRange::new(start, end)).filter(|range| self.is_free(*range))
        })
    }
}

/// The nodes of the CPUs as the emulator's command says: `-numa node,nodeid=1,cpus=2-3`. Empty when it says nothing.
fn cpu_nodes(command: &str, cpus: u32) -> Vec<u32> {
    let mut nodes: Vec<Option<u32>> = vec![None; cpus as usize];
    let line = command.lines().find_map(|line| line.strip_prefix("qemu:")).unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut next_node = 0;
    for pair in words.windows(2).filter(|pair| pair[0] == "-numa") {
        let mut fields = pair[1].split(',');
        if fields.next() != Some("node") {
            continue;
        }
        let fields: Vec<(&str, &str)> = fields.filter_map(|field| field.split_once('=')).collect();
        let named = fields.iter().find(|(name, _)| *name == "nodeid").and_then(|(_, value)| value.parse().ok());
        let node = named.unwrap_or(next_node);
        next_node = node + 1;
        for (_, list) in fields.iter().filter(|(name, _)| *name == "cpus") {
            let (first, last) = list.split_once('-').unwrap_or((list, list));
            if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) {
                nodes.iter_mut().take(last + 1).skip(first).for_each(|place| *place = Some(node));
            }
        }
    }
    match nodes.iter().any(Option::is_some) {
        // A CPU that is on no node is on the first.
        true => nodes.into_iter().map(|node| node.unwrap_or(0)).collect(),
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a folder with these two files; empty when it is read.
    fn said(name: &str, inputs: &str) -> String {
        let folder = std::env::temp_dir().join(format!("kmem-like-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for files");
        std::fs::write(folder.join("inputs.json"), inputs).expect("a file");
        std::fs::write(folder.join("cmdline"), "").expect("a file");
        let said = Like::read(&folder).err().map_or(String::new(), |error| error.to_string());
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
        said
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let whole = |key: &str, value: &str| {
            let rows = [
                ("kernel", r#""armhf-6.1""#),
                ("cpus", "1"),
                ("cmdline", r#""quiet""#),
                ("memblock_memory", r#"[["0x40000000", "0x80000000"]]"#),
                ("memblock_reserved_at_free_all", r#"[["0x40300000", "0x41607588"], ["0x48000000", "0x48200000"]]"#),
                (
                    "iomem_kernel",
                    r#"[["40208000", "411fffff", "Kernel code"], ["41400000", "41607587", "Kernel data"]]"#,
                ),
                ("freed_late", r#"[["initrd", "868"], ["unused kernel image (initmem)", "2048"]]"#),
            ];
            let rows = rows.map(|(name, text)| format!("\"{name}\": {}", if name == key { value } else { text }));
            format!("{{{}}}", rows.join(","))
        };
        assert_eq!(said("fine", &whole("", "")), "");
        for (key, value, expected) in [
            ("kernel", "7", "kernel: expected a text, found 7"),
            ("kernel", r#""vax""#, "kernel: expected a machine that `kmem machines` lists, found `vax`"),
            ("cpus", "-1", "cpus: expected a whole number, found -1"),
            ("memblock_memory", "[]", "memblock_memory: expected at least one range of RAM, found none"),
            ("memblock_memory", r#"[["0x10"]]"#, "memblock_memory[0]: expected a list of 2 values"),
            (
                "memblock_memory",
                r#"[["0x10", "zz"]]"#,
                "memblock_memory[0]: expected a hexadecimal address, found `zz`",
            ),
            ("memblock_memory", r#"[["0x10", "0x8"]]"#, "memblock_memory[0]: expected a start below the end"),
            ("freed_late", r#"[["initrd", "40000"]]"#, "freed_late[0]: expected a held range that has room for it"),
            ("freed_late", r#"[["initrd", "x"]]"#, "freed_late[0]: expected a size in kB, found `x`"),
        ] {
            let found = said("broken", &whole(key, value));
            assert!(found.contains("inputs.json: ") && found.contains(expected), "{found}");
        }
        assert!(said("text", "[1").contains("inputs.json: line 1, column 2: no JSON"));
        assert!(said("list", "[]").contains("expected an object"));
    }

    #[test]
    fn cpus_of_nodes_as_the_command_says() {
        let command =
            "qemu: qemu-system-x86_64 -smp 4 -numa node,nodeid=0,memdev=a,cpus=0-1,cpus=3 -numa node,cpus=2\nx";
        assert_eq!(cpu_nodes(command, 4), [0, 0, 1, 0]);
        assert!(cpu_nodes("qemu: qemu-system-x86_64 -smp 4", 4).is_empty());
        assert!(cpu_nodes("", 0).is_empty());
    }
}
