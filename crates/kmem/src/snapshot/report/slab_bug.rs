//! What a kernel says when an object of a debugged slab cache is not as it should be: the lines of `slab_bug`,
//! `print_trailer`, `slab_fix` and their kin.
//!
//! A report quotes the bytes around an object, says who allocated and who freed it, and what was done about it. SLUB's
//! wording changed little over the years, but for the order: 6.12 names the bytes before the rule of `=`, older kernels
//! behind it; `INFO:` stood before some lines until 5.12. SLAB of 2.6 has words of its own ([`old`]).
//!
//! Sources: 6.12, 6.1 and 3.4 `mm/slub.c` (`slab_bug`, `check_bytes_and_report`, `print_tracking`, `print_slab_info`,
//! `print_trailer`, `slab_fix`, `list_slab_objects`), `lib/vsprintf.c` (`%pGp`), `kernel/panic.c` (`print_tainted`).
//! Judge: `tests/golden_slab_bug.rs`, recordings of 6.12 and 6.1.

use super::ReportEra;
use crate::error::HexRow;
use core::fmt::{Display, Formatter, Result, Write};

/// Names a return address: `function+0x1a/0x90 [module]`.
pub type Symbols<'a> = &'a dyn Fn(u64, &mut dyn Write) -> Result;

/// How a kernel writes addresses and words.
#[derive(Clone, Copy, Debug)]
pub struct Wording {
    /// Generation.
    pub era: ReportEra,
    /// `sizeof(long)`.
    pub word_bytes: u32,
}

/// How the kernel is tainted, by its own bits: `print_tainted`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taint {
    /// The bits.
    pub bits: u32,
    /// Generation.
    pub era: ReportEra,
}

/// A bad page was seen, or a slab.
pub const TAINT_BAD_PAGE: u32 = 1 << 5;
/// There was a warning.
pub const TAINT_WARN: u32 = 1 << 9;

impl Display for Taint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        const LETTERS: &str = "PFSRMBUDAWCIOELKXTN";
        let known = match self.era {
            ReportEra::V2_6 => 6,
            ReportEra::V3_4 => 13,
            ReportEra::V6_1 | ReportEra::V6_12 => LETTERS.len(),
        };
        if self.bits == 0 {
            return f.write_str("Not tainted");
        }
        f.write_str("Tainted: ")?;
        for (bit, letter) in LETTERS.chars().enumerate().take(known) {
            let is_set = self.bits >> bit & 1 != 0;
            // The first letter says whether all modules are free software.
            let off = if bit == 0 { 'G' } else { ' ' };
            f.write_char(if is_set { letter } else { off })?;
        }
        Ok(())
    }
}

/// Where a range of bytes lies and what its first one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bytes {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Distance from the slab's beginning.
    pub offset: u64,
    /// What the first one is.
    pub found: u8,
    /// What it should be.
    pub expected: u8,
}

/// Who allocated or freed an object.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// `Allocated` or `Freed`.
    pub did: &'static str,
    /// The caller.
    pub addr: u64,
    /// How many jiffies ago.
    pub age: u64,
    /// On which CPU.
    pub cpu: u32,
    /// In which process.
    pub pid: u32,
    /// From where, the innermost first.
    pub stack: &'a [u64],
}

/// A slab as reports show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlabLine {
    /// Its page structure.
    pub page: u64,
    /// Its objects.
    pub objects: u32,
    /// Those in use.
    pub used: u32,
    /// The first free one; 0 for none.
    pub first_free: u64,
    /// It has several pages.
    pub is_large: bool,
    /// It has free objects and such in use.
    pub is_partial: bool,
    /// The index of its zone in its node.
    pub zone: u32,
    /// Its node, where the kernel knows nodes.
    pub node: Option<u32>,
}

/// A line of a page's flags: its bit, and what it is called.
type Flag = (u32, &'static str);

impl SlabLine {
    fn flags(&self, wording: Wording) -> (u64, [Option<Flag>; 2]) {
        let set = |yes: bool, flag: Flag| yes.then_some(flag);
        let names = match wording.era {
            ReportEra::V6_12 => [set(self.is_partial, (9, "workingset")), set(self.is_large, (6, "head"))],
            ReportEra::V6_1 => [Some((9, "slab")), set(self.is_large, (16, "head"))],
            // PG_slab; a compound page had two bits.
            ReportEra::V3_4 | ReportEra::V2_6 => [Some((7, "slab")), set(self.is_large, (14, "head"))],
        };
        let low = names.iter().flatten().fold(0, |all, (bit, _)| all | 1u64 << bit);
        // Zone and node stand at the top, the last CPU that used the page below them.
        let high = match self.node {
            Some(node) => u64::from(node) << 54 | u64::from(self.zone) << 51 | LAST_CPUPID << 30,
            None => u64::from(self.zone) << (8 * wording.word_bytes - 2),
        };
        (low | high, names)
    }
}

/// No CPU has used the page as a process's.
const LAST_CPUPID: u64 = 0x1f_ffff;

/// An address as `%p` shows it where nothing hides it.
struct Pointer(u64, u32);

impl Display for Pointer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:01$x}", self.0, 2 * self.1 as usize)
    }
}

impl Wording {
    fn pointer(self, addr: u64) -> Pointer {
        Pointer(addr, self.word_bytes)
    }
    /// `INFO: ` before lines about an object.
    fn info(self) -> &'static str {
        if self.era < ReportEra::V6_1 {
            "INFO: "
        } else {
            ""
        }
    }

    /// Writes the frame that a report begins with: `slab_bug`.
    pub fn head(self, out: &mut dyn Write, cache: &str, taint: Taint, what: &dyn Display) -> Result {
        writeln!(out, "{:=<77}", "")?;
        writeln!(out, "BUG {cache} ({taint}): {what}")?;
        writeln!(out, "{:-<77}", "")?;
        writeln!(out)
    }
    /// Writes which bytes were overwritten.
    pub fn overwritten(self, out: &mut dyn Write, what: &str, bytes: &Bytes) -> Result {
        let Bytes { first, last, offset, found, expected } = *bytes;
        let (first, last) = (self.pointer(first), self.pointer(last));
        match self.era {
            ReportEra::V6_12 => write!(out, "[{what} overwritten] 0x{first}-0x{last} @offset={offset}")?,
            ReportEra::V6_1 => write!(out, "0x{first}-0x{last} @offset={offset}")?,
            ReportEra::V3_4 | ReportEra::V2_6 => write!(out, "INFO: 0x{first}-0x{last}")?,
        }
        writeln!(out, ". First byte {found:#x} instead of {expected:#x}")
    }
    /// Writes who allocated or freed an object: `print_track`.
    pub fn who(self, out: &mut dyn Write, who: &Who<'_>, symbols: Symbols<'_>) -> Result {
        write!(out, "{}{} in ", self.info(), who.did)?;
        symbols(who.addr, out)?;
        writeln!(out, " age={} cpu={} pid={}", who.age, who.cpu, who.pid)?;
        let indent = if self.era < ReportEra::V6_1 { "\t" } else { " " };
        for frame in who.stack {
            out.write_str(indent)?;
            symbols(*frame, out)?;
            writeln!(out)?;
        }
        Ok(())
    }
    /// Writes about a slab: `print_slab_info`.
    pub fn slab(self, out: &mut dyn Write, slab: &SlabLine) -> Result {
        let SlabLine { page, objects, used, first_free, .. } = *slab;
        let (page, first_free) = (self.pointer(page), self.pointer(first_free));
        let (flags, names) = slab.flags(self);
        write!(out, "{}Slab 0x{page} objects={objects} used={used} fp=0x{first_free} flags=", self.info())?;
        if self.era < ReportEra::V6_1 {
            return writeln!(out, "0x{flags:04x}");
        }
        write!(out, "{flags:#x}(")?;
        for (_, name) in names.iter().flatten() {
            write!(out, "{name}|")?;
        }
        match slab.node {
            Some(node) => writeln!(out, "node={node}|zone={}|lastcpupid={LAST_CPUPID:#x})", slab.zone),
            None => writeln!(out, "zone={})", slab.zone),
        }
    }
    /// Writes where an object lies; `next_free` is where its free pointer leads to.
    pub fn object(self, out: &mut dyn Write, addr: u64, offset: u64, next_free: u64) -> Result {
        let (addr, next_free) = (self.pointer(addr), self.pointer(next_free));
        writeln!(out, "{}Object 0x{addr} @offset={offset} fp=0x{next_free}", self.info())?;
        writeln!(out)
    }
    /// Writes where an object lies that is still in use when its cache goes.
    pub fn remaining(self, out: &mut dyn Write, addr: u64, offset: u64) -> Result {
        writeln!(out, "{}Object 0x{} @offset={offset}", self.info(), self.pointer(addr))
    }
    /// Writes bytes, sixteen a line: `print_section`. `read` gives the bytes at an address.
    pub fn section(self, out: &mut dyn Write, what: &str, at: u64, len: u32, read: &dyn Fn(u64, &mut [u8])) -> Result {
        let width = if self.era < ReportEra::V6_1 { 0 } else { 9 };
        let space = if width == 0 { " " } else { "" };
        for done in (0..len).step_by(16) {
            let mut row = [0; 16];
            let row = &mut row[..(len - done).min(16) as usize];
            let here = at + u64::from(done);
            read(here, row);
            writeln!(out, "{what:width$}{space}{}: {}", self.pointer(here), HexRow(row))?;
        }
        Ok(())
    }
    /// Writes what happened to an object of a traced cache: where it and the first free one lie, and how many of its slab are in
    /// use.
    pub fn traced(self, out: &mut dyn Write, cache: &str, did: &str, [at, free]: [u64; 2], used: u32) -> Result {
        let (at, free) = (self.pointer(at), self.pointer(free));
        writeln!(out, "TRACE {cache} {did} 0x{at} inuse={used} fp=0x{free}")
    }
    /// Writes what was done: `slab_fix`.
    pub fn fix(self, out: &mut dyn Write, cache: &str, what: &dyn Display) -> Result {
        writeln!(out, "FIX {cache}: {what}")
    }
    /// Writes that bytes were put right: `restore_bytes`.
    pub fn restored(self, out: &mut dyn Write, cache: &str, what: &str, bytes: &Bytes) -> Result {
        let (first, last) = (self.pointer(bytes.first), self.pointer(bytes.last));
        self.fix(out, cache, &format_args!("Restoring {what} 0x{first}-0x{last}={:#x}", bytes.expected))
    }
    /// Writes that an object stays where it is.
    pub fn not_freed(self, out: &mut dyn Write, cache: &str, addr: u64) -> Result {
        self.fix(out, cache, &format_args!("Object at 0x{} not freed", self.pointer(addr)))
    }
    /// Writes where a report comes from. Without a stack there is nothing but the warning.
    pub fn trace(self, out: &mut dyn Write, trace: &Trace<'_>, symbols: Symbols<'_>) -> Result {
        if let Some((text, at)) = trace.warning {
            writeln!(out, "------------[ cut here ]------------")?;
            if let Some(text) = text {
                writeln!(out, "{text}")?;
            }
            writeln!(out, "WARNING: CPU: {} PID: {} at {at}", trace.cpu, trace.pid)?;
        }
        if !trace.stack.is_empty() {
            let uid = if self.era == ReportEra::V6_12 { "UID: 0 " } else { "" };
            let Trace { cpu, pid, comm, taint, release, .. } = *trace;
            writeln!(out, "CPU: {cpu} {uid}PID: {pid} Comm: {comm} {taint} {release}")?;
            writeln!(out, "Call Trace:")?;
            let marked = self.word_bytes == 8 && self.era >= ReportEra::V6_1;
            if marked {
                writeln!(out, " <TASK>")?;
            }
            for frame in trace.stack {
                out.write_char(' ')?;
                symbols(*frame, out)?;
                writeln!(out)?;
            }
            if marked {
                writeln!(out, " </TASK>")?;
            }
        }
        if trace.warning.is_some() {
            writeln!(out, "---[ end trace 0000000000000000 ]---")?;
        }
        Ok(())
    }
}

/// The place where a report is made.
#[derive(Clone, Copy)]
pub struct Trace<'a> {
    /// The CPU.
    pub cpu: u32,
    /// The process.
    pub pid: u32,
    /// Its name.
    pub comm: &'a str,
    /// How the kernel is tainted.
    pub taint: Taint,
    /// What `uname -r` says.
    pub release: &'a str,
    /// A warning: its text, and file, line and function of the kernel's.
    pub warning: Option<(Option<&'a dyn Display>, &'a str)>,
    /// From where, the innermost first.
    pub stack: &'a [u64],
}

/// The words of 2.6's SLAB.
pub mod old {
    use super::{Display, Result, Symbols, Who, Write};

    /// Writes the line that reports begin with: `slab_error`.
    pub fn error(out: &mut dyn Write, function: &str, cache: &str, what: &str) -> Result {
        writeln!(out, "slab error in {function}(): cache `{cache}': {what}")
    }
    /// Writes the red zones of an object as they are.
    pub fn zones(out: &mut dyn Write, object: u64, zones: [u32; 2]) -> Result {
        writeln!(out, "{object:08x}: redzone 1: {:#x}, redzone 2: {:#x}.", zones[0], zones[1])
    }
    /// Writes that a free object was written to, with the line of bytes: `check_poison_obj`.
    pub fn corruption(out: &mut dyn Write, start: u64, len: u32) -> Result {
        writeln!(out, "Slab corruption: start={start:08x}, len={len}")
    }
    /// Writes red zones and the last user: `print_objinfo`.
    pub fn info(out: &mut dyn Write, zones: Option<[u32; 2]>, last: Option<&Who<'_>>, symbols: Symbols<'_>) -> Result {
        if let Some([first, second]) = zones {
            writeln!(out, "Redzone: {first:#x}/{second:#x}.")?;
        }
        if let Some(who) = last {
            write!(out, "Last user: [<{:08x}>](", who.addr)?;
            symbols(who.addr, out)?;
            writeln!(out, ")")?;
        }
        Ok(())
    }
    /// Writes a line of bytes: `dump_line`.
    pub fn row(out: &mut dyn Write, offset: u32, bytes: &[u8]) -> Result {
        write!(out, "{offset:03x}:")?;
        bytes.iter().try_for_each(|byte| write!(out, " {byte:02x}"))?;
        writeln!(out)
    }
    /// Writes the stack.
    pub fn stack(out: &mut dyn Write, stack: &[u64], symbols: Symbols<'_>) -> Result {
        for frame in stack {
            write!(out, " [<{frame:08x}>] ")?;
            symbols(*frame, out)?;
            writeln!(out)?;
        }
        Ok(())
    }
    /// Writes something as a line.
    pub fn line(out: &mut dyn Write, what: &dyn Display) -> Result {
        writeln!(out, "{what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taint_is_letters_at_their_places() {
        let text = |bits, era| Taint { bits, era }.to_string();
        assert_eq!(text(0, ReportEra::V6_12), "Not tainted");
        let all = TAINT_BAD_PAGE | TAINT_WARN | 1 << 12 | 1 << 13;
        assert_eq!(text(all, ReportEra::V6_12), "Tainted: G    B   W  OE     ");
        assert_eq!(text(1 << 9 | 1 << 12 | 1 << 13, ReportEra::V6_1), "Tainted: G        W  OE     ");
        assert_eq!(text(TAINT_BAD_PAGE, ReportEra::V3_4), "Tainted: G    B       ");
    }

    #[test]
    fn page_flags_of_the_recordings() {
        let line = |era, word_bytes, slab: SlabLine| {
            let mut text = String::new();
            Wording { era, word_bytes }.slab(&mut text, &slab).unwrap();
            text.split_once("flags=").unwrap().1.trim_end().to_owned()
        };
        let slab = SlabLine {
            page: 0,
            objects: 25,
            used: 1,
            first_free: 0,
            is_large: false,
            is_partial: true,
            zone: 1,
            node: Some(0),
        };
        // modules/expected/overflow.txt and leak.i686.txt
        let recent = "0xfffffc0000200(workingset|node=0|zone=1|lastcpupid=0x1fffff)";
        assert_eq!(line(ReportEra::V6_12, 8, slab), recent);
        assert_eq!(line(ReportEra::V6_1, 4, SlabLine { node: None, ..slab }), "0x40000200(slab|zone=1)");
    }
}
