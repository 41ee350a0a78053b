//! `/proc/vmallocinfo`: the areas of the kernel's mapped addresses, one a row.
//!
//! ```text
//!     0xf3600000-0xf36ff000 1044480 binder_mmap+0xb0/0x224 [module] pages=254 phys=c0800000 ioremap vpages N0=254
//! ```
//!
//! Since 2.6.28. The size has seven places, so larger ones push the columns on; pages that copy it lose blanks
//! (`0xf36ff0001044480`). A physical address is bare hexadecimal in older kernels and has `0x` in newer ones. Rows
//! without a caller are `vm_map_ram`, or `unpurged vm_area`: given back and not yet to be had again, listed last and in
//! any order. A reader without rights sees addresses that are zero, `(ptrval)` or hashed: then only sizes and owners hold.
//!
//! Checked: end − start = size in each row, which also finds where columns that ran together must be cut; whole pages;
//! no more pages than fit; the nodes' pages add up; no two areas overlap. Source: `mm/vmalloc.c`, `s_show`.

use super::Taken;
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::{hex, total, Scan};
use kmem::error::Name;
use kmem::snapshot::{VmAreaFlags, VmAreaRow, MAX_NODES};
use kmem::units::PAGE_SIZE;

/// A listing of vm areas.
#[derive(Clone, Debug, Default)]
pub struct VmallocInfo {
    /// Its first row.
    pub place: Place,
    /// The rows in the order of the text.
    pub rows: Vec<AreaRow>,
    /// Where the text leaves rows out (by dots), and how many rows were read before.
    pub left_out: Vec<(Place, usize)>,
    /// Whether addresses can be used.
    pub addresses: Addresses,
    /// Digits of an address: 8 or 16.
    pub digits: usize,
    /// Whether physical addresses have `0x`; `None` when there are none.
    pub phys_0x: Option<bool>,
    /// The most digits of a physical address: with `0x` they are as many as the type has.
    pub phys_digits: usize,
}

/// One row.
#[derive(Clone, Copy, Debug, Default)]
pub struct AreaRow {
    /// Its line.
    pub place: Place,
    /// The size that is printed.
    pub size: u64,
    /// What it says.
    pub area: VmAreaRow,
}

/// Whether the addresses of a listing can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Addresses {
    /// They are the kernel's.
    #[default]
    Real,
    /// All are zero or `(ptrval)`: the reader had no rights.
    Hidden,
    /// They are hashed: they tell areas apart, and no more.
    Hashed,
}

/// From the engine's own areas, or anybody's: what explains a dump explains a booted machine.
impl FromIterator<VmAreaRow> for VmallocInfo {
    fn from_iter<I: IntoIterator<Item = VmAreaRow>>(areas: I) -> Self {
        let row = |area: VmAreaRow| AreaRow { place: Place::default(), size: area.end - area.start, area };
        let rows: Vec<AreaRow> = areas.into_iter().map(row).collect();
        let wide = rows.iter().any(|row| row.area.end > 1 << 32);
        Self { rows, digits: if wide { 16 } else { 8 }, ..Self::default() }
    }
}

impl AreaRow {
    /// True when end − start is the size.
    pub fn adds_up(&self) -> bool {
        self.area.end.checked_sub(self.area.start) == Some(self.size)
    }
    /// The function that made the area, without offsets.
    pub fn function(&self) -> &str {
        let caller = self.area.caller.as_str();
        caller.split('+').next().unwrap_or(caller)
    }
    /// True for addresses that were given back and may not be used yet.
    pub fn is_unpurged(&self) -> bool {
        self.area.caller.as_str() == UNPURGED
    }
}

const UNPURGED: &str = "unpurged vm_area";
const MAP_RAM: &str = "vm_map_ram";
/// The most rows that are kept of one listing.
const MOST_ROWS: usize = 300_000;

/// Reads rows as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<VmallocInfo>,
    /// The last line, if it may go on in the next: its text, and whether it is a row already.
    unfinished: Option<Unfinished>,
    last: Place,
}

#[derive(Debug)]
struct Unfinished {
    text: String,
    place: Place,
    is_row: bool,
}

impl Reader {
    /// Looks at a line. A listing that ends here is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<VmallocInfo>) {
        if let Some(before) = self.unfinished.take() {
            if self.goes_on(&before, line) {
                return (Taken::Yes, None);
            }
            if !before.is_row {
                doubts.not_understood(before.place, format!("a row of vmallocinfo that breaks off: `{}`", before.text));
            }
        }
        match row(line.text) {
            Reading::Row(parsed) => {
                let ended = self.push(parsed, line, doubts);
                (Taken::Yes, ended)
            }
            Reading::Broken if self.open.is_some() || line.text.contains("+0x") => {
                let text = line.text.chars().take(200).collect();
                self.unfinished = Some(Unfinished { text, place: line.place, is_row: false });
                (Taken::Yes, None)
            }
            Reading::Broken | Reading::Foreign => (Taken::when(self.left_out(line)), None),
        }
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self, doubts: &mut Doubts) -> Option<VmallocInfo> {
        if let Some(before) = self.unfinished.take().filter(|before| !before.is_row) {
            doubts.not_understood(before.place, format!("a row of vmallocinfo that breaks off: `{}`", before.text));
        }
        let mut listing = self.open.take()?;
        listing.check(doubts);
        Some(listing)
    }

    fn push(&mut self, parsed: Box<Parsed>, line: &Line<'_>, doubts: &mut Doubts) -> Option<VmallocInfo> {
        let ended = if self.begins_again(&parsed, line.place) { self.finish(doubts) } else { None };
        let open = self.open.get_or_insert_with(|| VmallocInfo { place: line.place, ..VmallocInfo::default() });
        for word in &parsed.unknown {
            doubts.not_understood(line.place, format!("`{word}` in a row of vmallocinfo"));
        }
        if open.rows.len() < MOST_ROWS {
            open.rows.push(AreaRow { place: line.place, size: parsed.size, area: parsed.area });
        } else if open.rows.len() == MOST_ROWS {
            doubts.not_understood(line.place, format!("more than {MOST_ROWS} areas: the rest is not looked at"));
        }
        open.digits = open.digits.max(parsed.digits);
        open.phys_0x = parsed.phys_0x.or(open.phys_0x);
        open.phys_digits = open.phys_digits.max(parsed.phys_digits);
        self.last = line.place;
        if !parsed.is_complete {
            self.unfinished = Some(Unfinished { text: line.text.to_owned(), place: line.place, is_row: true });
        }
        ended
    }

    /// True when the row is another listing's: it is the first one again, or comes after other text and lies lower.
    fn begins_again(&self, parsed: &Parsed, place: Place) -> bool {
        let Some((first, last)) = self.open.as_ref().and_then(|open| open.rows.first().zip(open.rows.last())) else {
            return false;
        };
        let start = parsed.area.start;
        let after_text = place.line > self.last.line + 1;
        let again = first.area.start == start && first.size == parsed.size;
        start != 0 && (again || (after_text && start <= last.area.start))
    }

    /// A terminal of 80 columns may have cut the row: tries both lines as one.
    fn goes_on(&mut self, before: &Unfinished, line: &Line<'_>) -> bool {
        if line.place.line != before.place.line + 1 || line.text.trim_start().starts_with("0x") {
            return false;
        }
        let joined = [format!("{}{}", before.text, line.text.trim()), format!("{} {}", before.text, line.text.trim())];
        let whole = joined.iter().find_map(|text| match row(text) {
            Reading::Row(parsed) if parsed.is_complete && parsed.unknown.is_empty() => Some(parsed),
            _ => None,
        });
        let (Some(parsed), Some(open)) = (whole, self.open.as_mut()) else { return false };
        if before.is_row {
            open.rows.pop();
        }
        open.phys_0x = parsed.phys_0x.or(open.phys_0x);
        open.rows.push(AreaRow { place: before.place, size: parsed.size, area: parsed.area });
        self.last = line.place;
        true
    }

    /// Dots in the place of rows.
    fn left_out(&mut self, line: &Line<'_>) -> bool {
        let near = self.last.source == line.place.source && line.place.line <= self.last.line + 2;
        if self.open.is_none() || !near {
            return false;
        }
        let text = line.text.trim().trim_matches(['[', ']', '<', '>', '(', ')', ' ']);
        let dots = text.chars().filter(|c| matches!(c, '.' | '…' | '·' | '。' | '*' | '~')).count();
        let is_dots = dots >= 1 && dots == text.chars().count() && (dots >= 2 || text == "…");
        let is_word = ["snip", "cut", "omitted", "skipped"].contains(&text.trim_matches(['.', '-', '…', ' ']));
        match &mut self.open {
            Some(open) if is_dots || is_word => {
                open.left_out.push((line.place, open.rows.len()));
                self.last = line.place;
                true
            }
            _ => false,
        }
    }
}

impl VmallocInfo {
    fn check(&mut self, doubts: &mut Doubts) {
        let rows = &self.rows;
        let wrong = rows.iter().filter(|row| !row.adds_up()).count();
        if rows.iter().all(|row| row.area.start == 0 && row.area.end == 0) {
            self.addresses = Addresses::Hidden;
        } else if rows.len() >= 3 && wrong * 2 > rows.len() {
            self.addresses = Addresses::Hashed;
        }
        for row in rows {
            let (area, place) = (&row.area, row.place);
            if self.addresses == Addresses::Real {
                if !row.adds_up() {
                    let between = area.end.wrapping_sub(area.start) as i64;
                    doubts.contradiction(
                        place,
                        format!(
                            "{:#x}-{:#x} is {between} bytes, but the row says {}; its addresses are used",
                            area.start, area.end, row.size
                        ),
                    );
                }
                if (area.start | area.end) & (PAGE_SIZE - 1) != 0 {
                    doubts.contradiction(place, format!("{:#x}-{:#x} is not whole pages", area.start, area.end));
                }
            }
            if area.pages > row.size / PAGE_SIZE {
                doubts.contradiction(place, format!("{} pages do not fit into {} bytes", area.pages, row.size));
            }
            let nodes = total(area.node_pages);
            if nodes != 0 && nodes != area.pages {
                doubts.contradiction(place, format!("pages={}, but the nodes have {nodes}", area.pages));
            }
        }
        if self.addresses == Addresses::Real {
            self.check_overlaps(doubts);
        }
    }
    fn check_overlaps(&self, doubts: &mut Doubts) {
        let mut sorted: Vec<&AreaRow> = self.rows.iter().filter(|row| row.area.start < row.area.end).collect();
        sorted.sort_by_key(|row| row.area.start);
        for pair in sorted.windows(2) {
            let (a, b) = (&pair[0].area, &pair[1].area);
            if a.end > b.start {
                let what = format!(
                    "{:#x}-{:#x} overlaps {:#x}-{:#x} in line {}",
                    b.start, b.end, a.start, a.end, pair[0].place.line
                );
                doubts.contradiction(pair[1].place, what);
            }
        }
    }
}

enum Reading {
    Row(Box<Parsed>),
    /// Begins like a row and does not go on like one.
    Broken,
    Foreign,
}

#[derive(Default)]
struct Parsed {
    area: VmAreaRow,
    size: u64,
    digits: usize,
    phys_0x: Option<bool>,
    phys_digits: usize,
    /// Words that nobody knows.
    unknown: Vec<String>,
    /// It says what kind of area it is, which rows do last.
    is_complete: bool,
}

fn row(text: &str) -> Reading {
    let mut scan = Scan(text.trim_start());
    if !scan.eat("0x") {
        return Reading::Foreign;
    }
    if scan.0.starts_with('(') {
        return hidden_row(scan);
    }
    let start_digits = scan.while_is(|c| c.is_ascii_hexdigit());
    let digits = start_digits.len();
    let Some(start) = hex(start_digits).filter(|_| digits >= 8) else { return Reading::Foreign };
    if !scan.blanks().eat("-") {
        return Reading::Foreign;
    }
    scan.blanks().eat("0x");
    let run = scan.while_is(|c| c.is_ascii_hexdigit());
    if run.is_empty() {
        return if scan.is_done() { Reading::Broken } else { Reading::Foreign };
    }
    let behind = scan;
    // Where the end and the size ran together, they are cut where they agree; the usual width first.
    let glued = if run.len() > digits { 1..=run.len().min(16) } else { run.len()..=run.len() };
    let usual = digits.min(run.len());
    let widths = [usual].into_iter().chain(glued.rev().filter(|width| *width != usual));
    let cut = |width: usize| {
        let (end, rest) = (hex(run.get(..width)?)?, run.get(width..)?);
        // The run may have taken the first letters of the caller.
        let text = &text[text.len() - behind.0.len() - rest.len()..];
        let mut scan = Scan(text);
        let size = scan.blanks().decimal()?;
        Some((end, size, scan))
    };
    let agreeing = widths.filter_map(&cut).find(|(end, size, _)| end.checked_sub(start) == Some(*size));
    let Some((end, size, rest)) = agreeing.or_else(|| cut(usual)) else {
        let goes_on = behind.0.trim_start();
        return if goes_on.is_empty() && run.len() <= digits { Reading::Broken } else { Reading::Foreign };
    };
    let mut parsed = Parsed { size, digits, ..Parsed::default() };
    (parsed.area.start, parsed.area.end) = (start, end);
    tail(rest, &mut parsed);
    Reading::Row(Box::new(parsed))
}

fn hidden_row(mut scan: Scan<'_>) -> Reading {
    let pointer = |scan: &mut Scan<'_>| {
        scan.eat("0x");
        let word = scan.while_is(|c| c != ')' && c != '-' && !c.is_whitespace());
        scan.eat(")") && word.contains("ptrval")
    };
    if !pointer(&mut scan) || !scan.eat("-") || !pointer(&mut scan) {
        return Reading::Foreign;
    }
    let Some(size) = scan.blanks().decimal() else { return Reading::Broken };
    let mut parsed = Parsed { size, digits: 8, ..Parsed::default() };
    tail(scan, &mut parsed);
    Reading::Row(Box::new(parsed))
}

const FLAGS: [&str; 8] = ["dma-coherent", "ioremap", "vmalloc", "vpages", "vmap", "user", "sparse", "lowmem"];

/// True where one of the words behind the caller begins.
fn known_word(text: &str) -> bool {
    text.starts_with("pages=") || text.starts_with("phys=") || flag(text).is_some() || node(text).is_some()
}

/// A flag at the front, with something else than the rest of a name behind it.
fn flag(text: &str) -> Option<&'static str> {
    FLAGS.into_iter().find(|word| {
        text.strip_prefix(word).is_some_and(|rest| {
            let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '+' || c == '.');
            ends || known_word(rest)
        })
    })
}

/// `N0=254`.
fn node(text: &str) -> Option<(u64, u64, &str)> {
    let mut scan = Scan(text.strip_prefix('N')?);
    let node = scan.decimal()?;
    let pages = scan.eat("=").then(|| scan.decimal()).flatten()?;
    Some((node, pages, scan.0))
}

fn tail(mut scan: Scan<'_>, parsed: &mut Parsed) {
    while !scan.blanks().0.is_empty() {
        if scan.eat("pages=") {
            parsed.area.pages = scan.decimal().unwrap_or(0);
        } else if scan.eat("phys=") {
            parsed.phys_0x = Some(scan.0.starts_with("0x"));
            scan.eat("0x");
            let digits = hex_digits(&mut scan);
            parsed.phys_digits = digits.len();
            parsed.area.phys = hex(digits).unwrap_or(0);
        } else if let Some(word) = flag(scan.0) {
            scan.eat(word);
            set(&mut parsed.area.flags, word);
            parsed.is_complete = true;
        } else if let Some((node, pages, rest)) = node(scan.0) {
            scan.0 = rest;
            if (node as usize) < MAX_NODES {
                parsed.area.node_pages[node as usize] = pages;
            }
        } else if parsed.area.caller.as_str().is_empty() {
            let name = caller(&mut scan);
            parsed.is_complete |= name == UNPURGED || name == MAP_RAM;
            parsed.area.caller = Name::new(&name);
        } else {
            parsed.unknown.push(scan.word().to_owned());
        }
    }
}

fn set(flags: &mut VmAreaFlags, word: &str) {
    match word {
        "ioremap" => flags.ioremap = true,
        "vmalloc" => flags.vmalloc = true,
        "vmap" => flags.vmap = true,
        "user" => flags.user = true,
        "vpages" => flags.vpages = true,
        "dma-coherent" => flags.dma_coherent = true,
        // `sparse` (6.9 and later): addresses of which only a part is mapped. `lowmem`: kernels for phones of 3.x, whose area
        // begins with the direct map (CONFIG_ENABLE_VMALLOC_SAVING).
        _ => (),
    }
}

/// Hexadecimal digits up to where a known word begins: `0x224dma-coherent`.
fn hex_digits<'a>(scan: &mut Scan<'a>) -> &'a str {
    let text = scan.0;
    let end = text
        .char_indices()
        .find(|(at, c)| !c.is_ascii_hexdigit() || known_word(&text[*at..]))
        .map_or(text.len(), |(at, _)| at);
    scan.0 = &text[end..];
    &text[..end]
}

/// `function+0xb0/0x224 [module]`, or words that stand in its place.
fn caller(scan: &mut Scan<'_>) -> String {
    for words in [UNPURGED, MAP_RAM] {
        if scan.eat(words) {
            return words.to_owned();
        }
    }
    let name = scan.while_is(|c| !c.is_whitespace() && c != '+' && c != '[');
    let mut text = name.to_owned();
    if scan.eat("+0x") {
        text += &format!("+0x{}", hex_digits(scan));
        if scan.eat("/0x") {
            text += &format!("/0x{}", hex_digits(scan));
        }
    } else if scan.0.starts_with('+') {
        text += scan.word();
    }
    let mut ahead = *scan;
    if ahead.blanks().eat("[") {
        let module = ahead.while_is(|c| c != ']' && !c.is_whitespace());
        if ahead.eat("]") {
            text += &format!(" [{module}]");
            *scan = ahead;
        }
    }
    if text.is_empty() {
        text = scan.word().to_owned();
    }
    text
}

#[cfg(test)]
mod tests;
