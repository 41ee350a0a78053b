//! What a log says again and again: how often, from when to when, and on whose behalf.
//!
//! A driver that retries every three seconds for days fills a log with one message; the reports themselves are kept only up
//! to a number. Here each *kind* of failure is counted: page allocation failures by order and flags, requests for kernel
//! addresses by size, pages of the contiguous area (`cma: cma_alloc: alloc failed`), bounce buffers (`swiotlb buffer is full`).
//! Messages that the kernel left out (`alloc_vmap_area: N callbacks suppressed`) are added to the last one that the same
//! function printed.
//!
//! Who needs an area that is not the vmalloc area is found in the stack behind: modules (`module_alloc`) and code of BPF
//! have one of their own on ARM and on 64-bit machines.

use crate::line::{stamp, Line};
use crate::place::Place;
use crate::scan::Scan;

/// One kind of failure.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The first one's line.
    pub place: Place,
    /// What failed.
    pub what: Failed,
    /// The task of the first one, where the line has it.
    pub task: Option<String>,
    /// How often.
    pub count: u64,
    /// Messages that the kernel says it left out.
    pub suppressed: u64,
    /// Seconds since boot of the first and the last.
    pub times: Option<(f64, f64)>,
    /// Who asked, when it was for code and not for data.
    pub code: Option<Code>,
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failed {
    /// Pages: what stands behind `page allocation failure`, up to the flags.
    Pages(String),
    /// The machine ran out of memory.
    OutOfMemory,
    /// Kernel addresses, in bytes.
    Addresses(u64),
    /// Pages of the contiguous area, and the error: -12 there is no room, -16 what lies there could not be moved.
    Contiguous(u64, i32),
    /// A bounce buffer, in bytes.
    Bounce(u64),
}

/// Code that needs memory for itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// A module.
    Module,
    /// A program of BPF.
    Bpf,
}

/// The most kinds that are kept.
const MOST: usize = 200;
/// How many lines a stack is looked for behind a failure.
const WATCHED: u32 = 40;

/// Counts.
#[derive(Debug, Default)]
pub struct Reader {
    /// The last failure, and what failed shortly before: one stack is of them all.
    last: [Option<usize>; 3],
    watched: u32,
    /// The last failure that each of the [`PRINTERS`] told.
    printed: [Option<usize>; PRINTERS.len()],
}

/// What stands in a message, and in the names of the functions that print it: each leaves out messages of its own.
const PRINTERS: [(&[&str], &[&str]); 4] = [
    (&["vmap allocation for size "], &["alloc_vmap_area"]),
    (&["allocation failure", "vmalloc error"], &["warn_alloc", "__alloc_pages"]),
    (&["cma_alloc"], &["cma_alloc"]),
    (&["swiotlb"], &["swiotlb"]),
];

impl Reader {
    /// Looks at a line that a reader of reports or of logs took for a failure.
    pub fn failure(&mut self, line: &Line<'_>, raw: &str, list: &mut Vec<Repeat>) {
        let text = line.text.trim();
        let Some((what, task)) = failed(text) else { return };
        let time = stamp(raw);
        let at = list.iter().position(|known| known.what == what);
        let at = match at {
            Some(at) => {
                list[at].count += 1;
                list[at].times = match (list[at].times, time) {
                    (Some((first, _)), Some(last)) => Some((first, last)),
                    (known, time) => known.or(time.map(|time| (time, time))),
                };
                at
            }
            None if list.len() < MOST => {
                let times = time.map(|time| (time, time));
                let place = line.place;
                list.push(Repeat { place, what, task, count: 1, suppressed: 0, times, code: None });
                list.len() - 1
            }
            None => return,
        };
        if let Some(printer) = PRINTERS.iter().position(|(words, _)| words.iter().any(|word| text.contains(word))) {
            self.printed[printer] = Some(at);
        }
        let before = if self.watched > WATCHED - 6 { self.last } else { [None; 3] };
        (self.last, self.watched) = ([Some(at), before[0], before[1]], WATCHED);
    }
    /// Looks at any other line: is it of the stack of the last failure?
    pub fn other(&mut self, text: &str, list: &mut [Repeat]) {
        if let Some(rest) = text.trim_end().strip_suffix(" callbacks suppressed") {
            let repeat = self.left_out(rest).and_then(|at| list.get_mut(at));
            if let Some((repeat, count)) = repeat.zip(number_before(rest)) {
                repeat.suppressed = repeat.suppressed.saturating_add(count);
            }
            return;
        }
        if self.watched == 0 {
            return;
        }
        self.watched -= 1;
        let code =
            if text.contains("bpf_jit_") || text.contains("bpf_int_jit_compile") || text.contains("bpf_prog_pack") {
                Some(Code::Bpf)
            } else if text.contains("module_alloc+") || text.contains("load_module+") {
                Some(Code::Module)
            } else {
                None
            };
        if code.is_some() {
            // `module_alloc` serves BPF too, and stands first.
            for at in self.last.into_iter().flatten() {
                if let Some(repeat) = list.get_mut(at).filter(|repeat| repeat.code != Some(Code::Bpf)) {
                    repeat.code = code;
                }
            }
        }
    }
    /// Returns whose messages were left out: `alloc_vmap_area: 12`. Up to 2.6.32 the function has one name for all.
    fn left_out(&self, text: &str) -> Option<usize> {
        let of = |(_, names): &(_, &[&str])| names.iter().any(|name| text.contains(name));
        match PRINTERS.iter().position(of) {
            Some(printer) => self.printed[printer],
            None if text.starts_with("__ratelimit") && self.watched > 0 => self.last[0],
            None => None,
        }
    }
    /// Ends a source: the next one's lines are not behind this one's failures.
    pub fn finish(&mut self) {
        *self = Self::default();
    }
}

fn number_before(text: &str) -> Option<u64> {
    crate::scan::decimal(text.rsplit([' ', ':']).next()?)
}

/// Reads a failure's line.
fn failed(text: &str) -> Option<(Failed, Option<String>)> {
    // To ask whether a word is there costs less than to look for its place.
    if !(text.contains("alloc") || text.contains("oom-killer") || text.contains("swiotlb")) {
        return None;
    }
    if let Some(bytes) = super::kernel_log::vmap_failure(text) {
        if super::kernel_log::lacks_pages(text) {
            return Some((Failed::Pages("a vmalloc".to_owned()), None));
        }
        let task = text.split_once(": vmalloc").map(|(task, _)| task.rsplit(']').next().unwrap_or(task).trim());
        return Some((Failed::Addresses(bytes), task.map(short)));
    }
    if let Some((task, rest)) = text.split_once(": page allocation failure") {
        // Up to the flags: what stands behind differs from CPU to CPU.
        let end = rest.find(')').map_or(rest.len(), |at| at + 1);
        let end = rest.find(", nodemask").unwrap_or(end).min(end);
        return Some((Failed::Pages(short(rest[..end].trim_matches([':', '.', ' ']))), Some(short(task))));
    }
    if let Some(failed) = is_contiguous(text) {
        return Some((failed, None));
    }
    let (task, _) = text.split_once(" invoked oom-killer")?;
    Some((Failed::OutOfMemory, Some(short(task))))
}

/// What drivers with memory for DMA meet: `cma: cma_alloc: reserved: alloc failed, req-size: 256 pages, ret: -12` (4.x and later; the
/// area's name since 5.13) and `x 0000:01:00.0: swiotlb buffer is full (sz: 4096 bytes), total 32768 (slots), …`.
pub fn is_contiguous(text: &str) -> Option<Failed> {
    if let Some((_, rest)) = text.strip_prefix("cma: ").and_then(|rest| rest.split_once("alloc failed, req-size: ")) {
        let mut scan = Scan(rest);
        let pages = scan.decimal()?;
        let error = scan.eat(" pages, ret: -").then(|| scan.decimal()).flatten()?;
        return Some(Failed::Contiguous(pages, -i32::try_from(error).ok()?));
    }
    let (_, rest) = text.split_once("swiotlb buffer is full (sz: ")?;
    Some(Failed::Bounce(Scan(rest).decimal()?))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::kernel_text;

    fn read(text: &str) -> Vec<Repeat> {
        let (mut reader, mut list) = (Reader::default(), Vec::new());
        for (at, raw) in text.lines().enumerate() {
            let line = Line { place: Place { source: 0, line: at as u64 + 1 }, text: kernel_text(raw) };
            reader.failure(&line, raw, &mut list);
            reader.other(line.text, &mut list);
        }
        list
    }

    #[test]
    fn a_retry_loop_is_one_row() {
        let one = |time: u32| {
            format!("[ {time}.250000] vmap allocation for size 430080 failed: use vmalloc=<size> to increase size\n")
        };
        let text: String = (0..100).map(|at| one(10 + 3 * at)).collect();
        let found = read(&(text + "[ 400.0] alloc_vmap_area: 1180779 callbacks suppressed\n"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].what.clone(), found[0].count), (Failed::Addresses(430_080), 100));
        assert_eq!((found[0].times, found[0].suppressed), (Some((10.25, 307.25)), 1_180_779));
    }

    #[test]
    fn messages_left_out_are_of_the_function_that_printed_them() {
        let found = read(
            "vmap allocation for size 8192 failed: use vmalloc=<size> to increase size\n\
             eth0: page allocation failure: order:0, mode:0x20\n\
             net_ratelimit: 500 callbacks suppressed\n\
             alloc_vmap_area: 12 callbacks suppressed\nwarn_alloc_failed: 3 callbacks suppressed\n",
        );
        let counts: Vec<_> = found.iter().map(|repeat| repeat.suppressed).collect();
        assert_eq!(counts, [12, 3]);
    }

    #[test]
    fn a_vmalloc_that_found_no_pages_had_addresses() {
        let found = read(
            "x: vmalloc error: size 1048576, page order 0, failed to allocate pages, mode:0xcc0(GFP_KERNEL)\n\
             x: vmalloc: allocation failure, allocated 4096 of 8192 bytes, mode:0x14000c0(GFP_KERNEL)\n\
             x: vmalloc error: size 4096, vm_struct allocation failed, mode:0xcc0(GFP_KERNEL)\n",
        );
        let whats: Vec<_> = found.iter().map(|repeat| repeat.what.clone()).collect();
        assert_eq!(whats, [Failed::Pages("a vmalloc".to_owned()), Failed::Addresses(4096)]);
    }

    #[test]
    fn who_needs_room_for_code_is_told_by_the_stack() {
        let found = read(
            "insmod: vmalloc: allocation failure: 430080 bytes, mode:0xcc0(GFP_KERNEL)\n\
             Call trace:\n __vmalloc_node_range+0x1/0x2\n module_alloc+0x1/0x2\n\
             x: page allocation failure: order:3, mode:0xcc0(GFP_KERNEL), nodemask=(null)\n y+0x1/0x2\n",
        );
        assert_eq!(found[0].code, Some(Code::Module));
        assert_eq!(found[0].task.as_deref(), Some("insmod"));
        assert_eq!(found[1].what, Failed::Pages("order:3, mode:0xcc0(GFP_KERNEL)".to_owned()));
        assert_eq!(found[1].code, None);
    }
}
