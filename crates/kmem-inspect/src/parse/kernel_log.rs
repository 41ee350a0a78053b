//! The kernel log: what boot says of the machine, and complaints about addresses that ran out.
//!
//! A log is read for a few kinds of lines and passes by all others: the version, the command line, the memory map, the
//! zones, `Memory:`, and the block `Virtual kernel memory layout`, which 32-bit kernels print up to about 5.4:
//!
//! ```text
//!     vmalloc : 0xf3000000 - 0xff000000   ( 192 MB)
//! ```
//!
//! Blanks around the numbers get lost and are added, and sections may be `(ptrval)` (4.15 to 4.20). `vmap allocation for
//! size N failed` counts the guard page and what alignment costs in N. A vmalloc failure has been one line or two.
//!
//! Checked: end − start is the printed size. A log that says `Linux version` again is another boot.

use super::Taken;
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::Scan;

/// What a boot says of itself.
#[derive(Clone, Debug, Default)]
pub struct KernelLog {
    /// Its first line that was read.
    pub place: Place,
    /// `uname -r`: what stands behind `Linux version`.
    pub release: Option<String>,
    /// The first numbers of it.
    pub version: Option<Version>,
    /// The kernel's command line.
    pub cmdline: Option<String>,
    /// Usable RAM of the firmware's map: first address, one past the last.
    pub ram: Vec<(u64, u64)>,
    /// The areas of the layout block.
    pub layout: Vec<LayoutRow>,
    /// Zone ranges: name, first address, one past the last.
    pub zones: Vec<(String, u64, u64)>,
    /// `Memory:` in kB: available, in all.
    pub memory_kb: Option<(u64, u64)>,
    /// kB of high memory that the `Memory:` line names.
    pub highmem_kb: Option<u64>,
    /// Requests for addresses that failed, by size.
    pub vmap_failures: Vec<VmapFailure>,
    /// The CPU's family, as far as its lines say it.
    pub cpu: Option<Cpu>,
    /// kB of a page: what the tables of hashes say of orders and bytes.
    pub page_kb: Option<u64>,
    /// Zones are counted in frames (up to 3.3), so their addresses are those of pages of 4 kB.
    pub zones_in_frames: bool,
}

/// A version: 6, 1, 176.
pub type Version = (u32, u32, u32);

/// Families that lines of a log give away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cpu {
    /// A PC, of 32 or 64 bits.
    X86,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
    /// RISC-V.
    RiscV,
    /// MIPS, of 32 or 64 bits.
    Mips,
    /// PowerPC, of 32 or 64 bits.
    PowerPc,
    /// s390, of 64 bits.
    S390,
    /// LoongArch, of 64 bits.
    LoongArch,
    /// SuperH, of 32 bits.
    SuperH,
}

impl Cpu {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::Arm => "32-bit ARM",
            Self::Arm64 => "64-bit ARM",
            Self::RiscV => "RISC-V",
            Self::Mips => "MIPS",
            Self::PowerPc => "PowerPC",
            Self::S390 => "s390",
            Self::LoongArch => "LoongArch",
            Self::SuperH => "SuperH",
        }
    }
    /// Returns the bits of an address; `None` where the family has both.
    pub fn bits(self) -> Option<u32> {
        match self {
            Self::Arm | Self::SuperH => Some(32),
            Self::Arm64 | Self::RiscV | Self::S390 | Self::LoongArch => Some(64),
            Self::X86 | Self::Mips | Self::PowerPc => None,
        }
    }
}

/// A line of the layout block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayoutRow {
    /// Its line.
    pub place: Place,
    /// `vmalloc`, `lowmem`, `.text`, …
    pub name: String,
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// A size for which no addresses were found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmapFailure {
    /// The first such line.
    pub place: Place,
    /// Bytes, the guard page and alignment included.
    pub bytes: u64,
    /// How often it is there.
    pub count: u64,
}

impl KernelLog {
    /// Returns the area of this name of the layout block.
    pub fn area(&self, name: &str) -> Option<&LayoutRow> {
        self.layout.iter().find(|row| row.name == name)
    }
    /// Returns the value of a kernel parameter, the last one. Parameters of a page may have run together.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let key = format!("{name}=");
        let (_, value) = self.cmdline.as_deref()?.rsplit_once(&key)?;
        value.split_whitespace().next()
    }
}

/// The most rows, zones, ranges and sizes that are kept of one boot.
const MOST: usize = 500;
/// The longest command line: `COMMAND_LINE_SIZE` is 4096 at most.
const LONGEST_CMDLINE: usize = 4096;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<KernelLog>,
    in_zones: bool,
    /// The last line of a layout block.
    in_layout: Place,
}

impl Reader {
    /// Looks at a line. A boot that ends here, because another begins, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<KernelLog>) {
        let text = line.text.trim();
        let in_zones = std::mem::take(&mut self.in_zones);
        // The builder stands behind it; without, somebody writes about a version.
        let builder = |rest: &&str| rest.split_whitespace().nth(1).is_none_or(|word| word.starts_with(['(', '#']));
        if let Some(rest) = text.strip_prefix("Linux version ").filter(builder) {
            let begins_again = self.open.as_ref().is_some_and(|open| open.release.is_some());
            let ended = if begins_again { self.open.take() } else { None };
            let open = self.at(line);
            let release = rest.split_whitespace().next().unwrap_or_default();
            open.release = Some(release.to_owned());
            open.version = version(release);
            return (Taken::Yes, ended);
        }
        if let Some(rest) = after(text, &["Kernel command line:", "BOARD_KERNEL_CMDLINE :=", "BOARD_KERNEL_CMDLINE:="])
        {
            let end = (0..=rest.len().min(LONGEST_CMDLINE)).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
            self.at(line).cmdline = Some(rest[..end].trim().to_owned());
            return (Taken::Yes, None);
        }
        if let Some(row) = layout_row(text, line.place, doubts) {
            // Kernels for phones have several pieces of low memory and of the area, in lines that follow each other.
            let (source, next) = (self.in_layout.source, self.in_layout.line + 2);
            let goes_on = source == line.place.source && line.place.line <= next && self.in_layout.line > 0;
            self.in_layout = line.place;
            let ended = match &self.open {
                // The same area elsewhere: the block of another boot.
                Some(open)
                    if !goes_on
                        && open
                            .area(&row.name)
                            .is_some_and(|known| (known.start, known.end) != (row.start, row.end)) =>
                {
                    self.open.take()
                }
                _ => None,
            };
            let open = self.at(line);
            if open.layout.len() < MOST
                && !open.layout.iter().any(|known| known.name == row.name && known.start == row.start)
            {
                open.layout.push(row);
            }
            return (Taken::Yes, ended);
        }
        if let Some(bytes) = may_be_failure(text).then(|| vmap_failure(text)).flatten().filter(|_| !lacks_pages(text)) {
            self.count_failure(line, bytes);
            return (Taken::Yes, None);
        }
        (Taken::when(self.boot_line(text, line, in_zones)), None)
    }
    /// Ends the log that is open.
    pub fn finish(&mut self) -> Option<KernelLog> {
        self.in_zones = false;
        self.open.take()
    }

    fn at(&mut self, line: &Line<'_>) -> &mut KernelLog {
        self.open.get_or_insert_with(|| KernelLog { place: line.place, ..KernelLog::default() })
    }
    fn count_failure(&mut self, line: &Line<'_>, bytes: u64) {
        let failures = &mut self.at(line).vmap_failures;
        if let Some(failure) = failures.iter_mut().find(|failure| failure.bytes == bytes) {
            failure.count += 1;
        } else if failures.len() < MOST {
            failures.push(VmapFailure { place: line.place, bytes, count: 1 });
        }
    }
    fn boot_line(&mut self, text: &str, line: &Line<'_>, in_zones: bool) -> bool {
        if text == "Zone ranges:" || text.starts_with("Zone PFN ranges:") {
            let open = self.at(line);
            (open.zones_in_frames, _) = (text.contains("PFN"), open.zones.clear());
            self.in_zones = true;
            return true;
        }
        if in_zones {
            if let Some(zone) = zone_range(text) {
                self.in_zones = true;
                let zones = &mut self.at(line).zones;
                if zones.len() < MOST {
                    zones.extend(zone);
                }
                return true;
            }
        }
        if let Some(rest) = text.strip_prefix("BIOS-e820:").or_else(|| text.strip_prefix("BIOS-88:")) {
            let open = self.at(line);
            open.cpu = Some(Cpu::X86);
            if let Some(range) = e820(rest).filter(|_| open.ram.len() < MOST) {
                open.ram.push(range);
            }
            return true;
        }
        if let Some(rest) = text.strip_prefix("Memory:") {
            if let Some((available, all)) = memory(rest) {
                let highmem = kb_before(rest, "highmem");
                let open = self.at(line);
                (open.memory_kb, open.highmem_kb) = (Some((available, all)), highmem);
                return true;
            }
            // ARM up to 3.9, before the line that says what of it is left.
            if let Some(mb) = rest.strip_suffix("MB total").and_then(|rest| rest.rsplit_once("= ")).map(|(_, mb)| mb) {
                if let Some(kb) = crate::scan::decimal(mb).and_then(|mb| mb.checked_mul(1024)) {
                    self.at(line).memory_kb.get_or_insert((kb, kb));
                    return true;
                }
            }
        }
        let is_table = || text.contains("hash table entries: ");
        if let Some(kb) = (text.ends_with(')') && is_table()).then(|| page_kb(text)).flatten() {
            self.at(line).page_kb = Some(kb);
            return true;
        }
        let Some(cpu) = cpu(text) else { return false };
        self.at(line).cpu = Some(cpu);
        true
    }
}

/// The family, from a line that only its kernels write.
fn cpu(text: &str) -> Option<Cpu> {
    Some(match *text.as_bytes().first()? {
        b'C' if text.starts_with("CPU: AArch64 Processor") => Cpu::Arm64,
        b'C' if text.starts_with("CPU: ") && text.contains("(ARMv") || text.starts_with("CPU: ARM") => Cpu::Arm,
        b'C' if text.starts_with("CPU") && text.contains(" revision is: ") => {
            if text.contains("Loongson-64bit") {
                Cpu::LoongArch
            } else {
                Cpu::Mips
            }
        }
        b'B' if text.starts_with("Booting Linux on physical CPU 0x000000") => Cpu::Arm64,
        b'B' if text.starts_with("Booting machvec: ") => Cpu::SuperH,
        b'D' if text == "Determined physical RAM map:" => Cpu::Mips,
        b'K' if text.starts_with("KERNEL supported cpus:") => Cpu::X86,
        b'6' if text.starts_with("64-bit Loongson Processor probed") => Cpu::LoongArch,
        b'r' if text.starts_with("riscv: base ISA") => Cpu::RiscV,
        b'S' if text.starts_with("SBI specification") => Cpu::RiscV,
        b'U' if text.starts_with("Using ") && text.ends_with(" machine description") => Cpu::PowerPc,
        b's' | b'L'
            if text.contains("Linux is running ")
                && (text.contains("z/VM") || text.contains("in 64-bit mode") || text.contains("in LPAR")) =>
        {
            Cpu::S390
        }
        _ => return None,
    })
}

/// kB of a page, of `Dentry cache hash table entries: 131072 (order: 8, 1048576 bytes, linear)`.
fn page_kb(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("(order: ")?;
    let mut scan = Scan(rest);
    // A table of one page may be less than it.
    let order = scan.decimal().filter(|order| (1..30).contains(order))?;
    let bytes = scan.eat(", ").then(|| scan.decimal()).flatten()?;
    let kb = bytes >> order >> 10;
    [4, 8, 16, 32, 64, 256].contains(&kb).then_some(kb)
}

fn after<'a>(text: &'a str, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| text.strip_prefix(key))
}

/// Reads `6.1.0-50-armmp`, `2.6.32.9`, `3.4.0-g1234`.
pub fn version(text: &str) -> Option<Version> {
    let mut scan = Scan(text);
    let mut number = || u32::try_from(scan.decimal()?).ok().map(|number| (number, scan.eat(".")));
    let (major, more) = number()?;
    let (minor, more) = more.then(&mut number).flatten()?;
    let patch = more.then(&mut number).flatten().map_or(0, |(patch, _)| patch);
    Some((major, minor, patch))
}

/// The areas that layout blocks have, of all kernels.
const AREAS: [&str; 18] = [
    "vector",
    "fixmap",
    "vmalloc",
    "lowmem",
    "pkmap",
    "modules",
    ".text",
    ".init",
    ".data",
    ".bss",
    "DMA",
    "DTCM",
    "ITCM",
    "cpu_entry",
    "vmemmap",
    "memory",
    "kasan",
    "PCI I/O",
];

fn layout_row(text: &str, place: Place, doubts: &mut Doubts) -> Option<LayoutRow> {
    let name = AREAS.into_iter().find(|name| text.starts_with(name))?;
    let mut scan = Scan(&text[name.len()..]);
    if !scan.blanks().eat(":") || !scan.blanks().0.starts_with("0x") {
        return None;
    }
    let start = scan.hex()?;
    if !scan.blanks().eat("-") || !scan.blanks().0.starts_with("0x") {
        return None;
    }
    let end = scan.hex()?;
    let Some(bytes) = end.checked_sub(start) else {
        doubts.contradiction(place, format!("{name} begins at {start:#x} and ends at {end:#x}"));
        return None;
    };
    if scan.blanks().eat("(") {
        let printed = scan.blanks().decimal();
        let shift = match scan.blanks().while_is(|c| c.is_ascii_alphabetic()) {
            "kB" | "KB" => 10,
            "MB" => 20,
            "GB" => 30,
            _ => return None,
        };
        // Some lines round down, those of sections up.
        let exact = printed.is_some_and(|printed| printed == bytes >> shift || printed == bytes.div_ceil(1 << shift));
        if !exact {
            let unit = ["kB", "MB", "GB"][shift / 10 - 1];
            let printed = printed.unwrap_or(0);
            doubts
                .contradiction(place, format!("{name}: {start:#x} - {end:#x} is {bytes} bytes, not {printed} {unit}"));
        }
    }
    Some(LayoutRow { place, name: name.to_owned(), start, end })
}

/// To ask whether a word is there costs less than to look for its place, and few lines have one of these.
fn may_be_failure(text: &str) -> bool {
    text.contains("alloc") && (text.contains("vmap alloc") || text.contains("vmalloc"))
}

/// `vmap allocation for size N failed…`, `vmalloc: allocation failure: N bytes`, `vmalloc error: size N, …`.
pub(super) fn vmap_failure(text: &str) -> Option<u64> {
    const KEYS: [(&str, &str); 4] = [
        ("vmap allocation for size ", "failed"),
        ("vmalloc: allocation failure: ", "bytes"),
        ("vmalloc: allocation failure, allocated ", "bytes"),
        ("vmalloc error: size ", ""),
    ];
    KEYS.iter().find_map(|(key, unit)| {
        let at = text.find(key)?;
        let mut scan = Scan(&text[at + key.len()..]);
        // `allocated N of M bytes`: what was asked for is M.
        let mut bytes = scan.decimal()?;
        if scan.blanks().eat("of ") {
            bytes = scan.decimal()?;
        }
        scan.0.trim_start().starts_with(unit).then_some(bytes)
    })
}

/// Whether a vmalloc had its addresses, and lacked the pages for them: `allocation failure, allocated N of M bytes` (2.6.39 to
/// 5.12), `failed to allocate pages` (5.13 and later).
pub(super) fn lacks_pages(text: &str) -> bool {
    let of_later = || text.contains(", failed to allocate") || text.contains(", failed to map pages");
    text.contains("vmalloc: allocation failure, allocated ") || text.contains("vmalloc error: size ") && of_later()
}

/// ` 0000000000000000 - 000000000009fc00 (usable)` or ` [mem 0x0000000000000000-0x000000000009fbff] usable`.
fn e820(text: &str) -> Option<(u64, u64)> {
    let mut scan = Scan(text);
    let includes_last = scan.blanks().eat("[mem ");
    let start = scan.hex()?;
    let end = scan.blanks().eat("-").then(|| scan.blanks().hex()).flatten()?;
    let end = if includes_last { end.checked_add(1)? } else { end };
    (scan.0.contains("usable") && start < end).then_some((start, end))
}

/// `  DMA      [mem 0x0000000000001000-0x0000000000ffffff]` (3.4 and later) or `  DMA      0x00000010 -> 0x00001000`.
/// `Some(None)`: an empty zone.
fn zone_range(text: &str) -> Option<Option<(String, u64, u64)>> {
    let mut scan = Scan(text);
    let name = scan.word();
    if !["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"].contains(&name) {
        return None;
    }
    if scan.blanks().0.starts_with("empty") {
        return Some(None);
    }
    if scan.eat("[mem ") {
        let start = scan.hex()?;
        let last = scan.eat("-").then(|| scan.hex()).flatten()?;
        return Some(last.checked_add(1).map(|end| (name.to_owned(), start, end)));
    }
    let start = scan.hex()?;
    let end = scan.blanks().eat("->").then(|| scan.blanks().hex()).flatten()?;
    Some(start.checked_mul(4096).zip(end.checked_mul(4096)).map(|(start, end)| (name.to_owned(), start, end)))
}

/// ` 1000616K/1048576K available (…`, ` 1024MB = 1024MB total`.
fn memory(text: &str) -> Option<(u64, u64)> {
    let mut scan = Scan(text);
    let available = scan.blanks().decimal()?;
    scan.while_is(|c| c == 'k' || c == 'K');
    let all = scan.blanks().eat("/").then(|| scan.blanks().decimal()).flatten()?;
    scan.while_is(|c| c == 'k' || c == 'K');
    scan.blanks().0.starts_with("available").then_some((available, all))
}

/// The number of kB before a word: `245760K highmem`.
fn kb_before(text: &str, word: &str) -> Option<u64> {
    let front = &text[..text.find(word)?].trim_end();
    let digits = front.trim_end_matches(['k', 'K']);
    let rest = digits.trim_end_matches(|c: char| c.is_ascii_digit());
    crate::scan::decimal(digits.strip_prefix(rest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<KernelLog>, Vec<String>) {
        let (mut reader, mut doubts) = (Reader::default(), Doubts::default());
        let mut logs = Vec::new();
        for (at, text) in text.lines().enumerate() {
            let place = Place { source: 0, line: at as u64 + 1 };
            logs.extend(reader.line(&Line { place, text }, &mut doubts).1);
        }
        logs.extend(reader.finish());
        (logs, doubts.iter().map(|doubt| doubt.what.clone()).collect())
    }

    #[test]
    fn the_layout_block_is_read_and_checked() {
        let (logs, doubts) = read(
            "    vmalloc : 0xf3000000 - 0xff000000   ( 192MB)\n    pkmap   : 0xbfe00000 -0xc0000000   (   2 MB)\n\
                   .bss : 0xc0a78eec - 0xc0f427a8   (4903 kB)\n lowmem  : 0xc0000000 - 0xf2800000   (807 MB)\n",
        );
        assert_eq!(logs[0].area("vmalloc").map(|row| (row.start, row.end)), Some((0xf300_0000, 0xff00_0000)));
        assert_eq!(logs[0].layout.len(), 4);
        assert_eq!(doubts, ["lowmem: 0xc0000000 - 0xf2800000 is 847249408 bytes, not 807 MB"]);
    }

    #[test]
    fn a_boot_says_what_it_has() {
        let (logs, doubts) = read(
            "Linux version 6.1.0-50-686-pae (x) (gcc)\nBIOS-e820: [mem 0x0000000000100000-0x000000003ffdffff] usable\n\
             BIOS-e820: [mem 0x00000000fffc0000-0x00000000ffffffff] reserved\nZone ranges:\n\
               DMA      [mem 0x0000000000001000-0x0000000000ffffff]\n  Movable  empty\n\
             Kernel command line: console=ttyS0 vmalloc=64M vmalloc=1G\n\
             Memory: 1019588K/1048056K available (9423K kernel code, 147336K highmem)\nLinux version 3.4.0\n",
        );
        assert!(doubts.is_empty());
        let log = &logs[0];
        assert_eq!((log.version, logs[1].version), (Some((6, 1, 0)), Some((3, 4, 0))));
        assert_eq!(log.ram, [(0x10_0000, 0x3ffe_0000)]);
        assert_eq!(log.zones, [("DMA".to_owned(), 0x1000, 0x100_0000)]);
        assert_eq!((log.memory_kb, log.highmem_kb), (Some((1_019_588, 1_048_056)), Some(147_336)));
        assert_eq!((log.parameter("vmalloc"), log.cpu), (Some("1G"), Some(Cpu::X86)));
    }

    #[test]
    fn a_broken_letter_before_a_number_is_no_digit() {
        let (logs, _) = read("Memory: 1k/2k available (192k init,\u{fffd}18k highmem)");
        assert_eq!(logs[0].highmem_kb, Some(18));
    }

    #[test]
    fn requests_that_failed_are_counted() {
        let (logs, _) = read(
            "vmap allocation for size 67112960 failed: use vmalloc=<size> to increase size.\n\
             vmap allocation for size 67112960 failed: use vmalloc=<size> to increase size\n\
             insmod: vmalloc: allocation failure: 8392704 bytes\nx: vmalloc error: size 4096, exceeds total pages\n",
        );
        let counts: Vec<_> = logs[0].vmap_failures.iter().map(|failure| (failure.bytes, failure.count)).collect();
        assert_eq!(counts, [(67_112_960, 2), (8_392_704, 1), (4096, 1)]);
    }
}
