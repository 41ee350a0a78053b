//! Reports of a kernel that has no memory for a request: page allocation failures, vmalloc failures, the OOM killer.
//!
//! The first line says who asked for what. Its form changed often: `order:5, mode:0xd0` behind a full stop (2.6), behind a
//! colon (3.x), with the flags' names (4.6), with nodes (4.10), with the cpuset (5.x). What follows is `Mem-Info:`, the
//! state of all memory, which `SysRq-m` prints without any first line:
//!
//! ```text
//!     active_anon:286 inactive_anon:23337 isolated_anon:0            counters, in pages
//!     Node 0 active_anon:1144kB … all_unreclaimable? no              4.8 and later
//!     [Node 0 ]DMA free:5280kB min:9508kB low:9836kB …               one line a zone
//!     lowmem_reserve[]: 0 455 455                                    what it keeps from requests for higher zones, pages
//!     [Node 0 ]DMA: 20*4kB (UEC) 20*8kB (UEC) … = 5280kB             free blocks by order, with their types since 3.9
//! ```
//!
//! Lines of a call trace and of other CPUs may stand between. Lines are read by the names in them, and mailers break long ones:
//! what goes on with names or blocks belongs to the line before. 4.9 and 4.10 break them themselves: `Node 0` and each number of
//! `lowmem_reserve[]` or of the free blocks has a line. 2.4 has one line only (`__alloc_pages: 0-order allocation
//! failed`). A page is as large as the blocks of order 0 are.
//!
//! Checked: the free blocks add up to the sum behind `=`; min ≤ low ≤ high; the order's bytes can be.

use super::Taken;
use crate::line::Line;
use crate::parse::kernel_log::{version, Version};
use crate::place::{Doubts, Place};
use crate::scan::{total, Scan};
use kmem::units::Order;

/// What kind of report it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// Pages were not to be had.
    Pages,
    /// A vmalloc failed.
    Vmalloc,
    /// A process is killed.
    Oom,
    /// A slab cache could not grow (SLUB).
    Slab,
    /// Only the state of memory.
    #[default]
    State,
}

/// A report.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Its first line.
    pub place: Place,
    /// What kind.
    pub kind: Kind,
    /// The process that asked.
    pub comm: String,
    /// The order that it asked for.
    pub order: Option<u32>,
    /// The flags, as the kernel's number.
    pub mode: Option<u32>,
    /// The flags in the kernel's words, where it writes them.
    pub words: Option<String>,
    /// Bytes, of a vmalloc.
    pub bytes: Option<u64>,
    /// The cache that could not grow.
    pub cache: Option<String>,
    /// Why a vmalloc failed, in the kernel's words (5.13 and later).
    pub why: Option<String>,
    /// A vmalloc had its addresses: pages were missing.
    pub of_pages: bool,
    /// The kernel's version, from the line of the CPU.
    pub version: Option<Version>,
    /// Somebody asked for it (SysRq-f): memory may be there.
    pub by_hand: bool,
    /// What kept the request to some of the nodes, in words (5.0 and later).
    pub constraint: Option<&'static str>,
    /// The nodes that the request may use, by the policy and the cpuset: a bit each.
    pub nodes: Option<u64>,
    /// It did not fail, but took long (4.10 to 4.14).
    pub stalled: bool,
    /// The limit of a memory cgroup was reached, not the machine's memory.
    pub of_cgroup: bool,
    /// The group whose limit it was.
    pub cgroup: Option<String>,
    /// kB of that group: in use, and the limit.
    pub cgroup_kb: Option<(u64, u64)>,
    /// kB of a page, where the free blocks say it.
    pub page_kb: Option<u64>,
    /// Counters of the whole machine, in pages.
    pub pages: Vec<(String, u64)>,
    /// The zones.
    pub zones: Vec<ZoneState>,
    /// Whether nodes say that reclaim has given up.
    pub all_unreclaimable: bool,
    /// `N pages RAM`.
    pub ram_pages: Option<u64>,
    /// kB of swap: free, in all.
    pub swap_kb: (Option<u64>, Option<u64>),
    /// Processes, those with the most resident pages first: pid, resident pages, name.
    pub tasks: Vec<(u64, u64, String)>,
    /// Who was killed: pid, name.
    pub killed: Option<(u64, String)>,
}

/// A zone in a report.
#[derive(Clone, Debug, Default)]
pub struct ZoneState {
    /// The line of its numbers.
    pub place: Place,
    /// NUMA node; 0 where the kernel does not say.
    pub node: u32,
    /// Its name.
    pub name: String,
    /// Numbers by name, in kB: `free`, `min`, `low`, `high`, `present`, …
    pub kb: Vec<(String, u64)>,
    /// `lowmem_reserve`, in pages.
    pub reserve: Vec<u64>,
    /// Free blocks by order.
    pub blocks: [u64; Order::COUNT],
    /// The types of the free blocks by order: `UME`.
    pub types: Vec<String>,
    /// Whether the line of free blocks was there.
    pub has_blocks: bool,
    /// `all_unreclaimable? yes`, in kernels that say it for each zone.
    pub unreclaimable: bool,
    /// kB of a page, where it is known not to be [`PAGE_KB`].
    pub page_kb: Option<u64>,
}

/// kB of a page, when nothing says otherwise.
pub const PAGE_KB: u64 = 4;
/// The order of the smallest pageblocks that are usual: of a huge page of x86-64 and 64-bit ARM.
const LEAST_PAGEBLOCK: usize = 9;

impl ZoneState {
    /// Returns kB of a page.
    pub fn page_kb(&self) -> u64 {
        self.page_kb.unwrap_or(PAGE_KB)
    }
    /// Returns a number in pages.
    pub fn pages(&self, name: &str) -> Option<u64> {
        Some(self.kb(name)? / self.page_kb())
    }
    /// Returns a number in kB.
    pub fn kb(&self, name: &str) -> Option<u64> {
        self.kb.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
    /// Pages that are set aside for important requests. Kernels of 4.4 to 5.7 do not say how many: where a letter tells that there
    /// are some, it is one pageblock at least.
    pub fn set_aside(&self) -> u64 {
        let is_there = || self.types.iter().any(|letters| letters.contains('H'));
        let block = || 1 << self.types.len().saturating_sub(1).min(LEAST_PAGEBLOCK);
        self.pages("reserved_highatomic").unwrap_or_else(|| if is_there() { block() } else { 0 })
    }
    /// Free blocks of at least this order.
    pub fn blocks_from(&self, order: u32) -> u64 {
        total(self.blocks.iter().skip(order as usize).copied())
    }
}

impl Report {
    /// True where a line that says who was killed can belong to it.
    fn may_kill(&self) -> bool {
        self.kind == Kind::Oom && (self.mode.is_some() || self.killed.is_none())
    }
    /// True for the second line of a vmalloc that failed: up to 4.9 it is that of a page allocation failure.
    fn goes_on(&self, head: &Self, place: Place) -> bool {
        let near = place.source == self.place.source && place.line <= self.place.line + 1;
        let same = self.comm.is_empty() || head.comm == self.comm;
        self.kind == Kind::Vmalloc && self.mode.is_none() && head.kind == Kind::Pages && same && near
    }
    /// Returns kB of a page.
    pub fn page_kb(&self) -> u64 {
        self.page_kb.unwrap_or(PAGE_KB)
    }
    /// True for a page fault that found no memory: which request it was is not told (`gfp_mask=0x0`).
    pub fn is_of_fault(&self) -> bool {
        self.kind == Kind::Oom && self.mode == Some(0)
    }
    /// Pages that are free on nodes that the request may not use; `None` where it may use all.
    pub fn free_elsewhere(&self) -> Option<u64> {
        let nodes = self.nodes?;
        let is_barred = |zone: &&ZoneState| zone.node < 64 && nodes >> zone.node & 1 == 0;
        let barred = self.zones.iter().filter(is_barred).map(|zone| zone.pages("free").unwrap_or(0));
        self.zones.iter().any(|zone| is_barred(&zone)).then(|| total(barred))
    }
    /// Returns a counter of the whole machine, in pages.
    pub fn counter(&self, name: &str) -> Option<u64> {
        self.pages.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

/// The most zones, counters and processes that are kept.
const MOST: usize = 256;
const MOST_TASKS: usize = 20;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<Report>,
    /// The columns of the table of processes: where the resident pages and the name are.
    columns: Option<(usize, usize)>,
    last: Place,
    /// A line of free blocks that breaks off: its zone, what there is of it, and where it began.
    begun: Option<(u32, &'static str, String, Place)>,
    /// A `Node 1` that stands alone: the next line is of it.
    node: Option<u32>,
    /// The line before is of `lowmem_reserve[]`.
    reserving: bool,
}

/// A report has fewer lines of other things between its own: call traces, other CPUs.
const LONGEST_TRACE: u64 = 1000;

impl Reader {
    /// Looks at a line. A report that ends here, because another begins, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<Report>) {
        let text = line.text.trim();
        if let Some(taken) = self.goes_on(text, line.place, doubts) {
            return (taken, None);
        }
        // Every head has one of these words; to ask whether there is one costs less than to look for its place.
        let words = ["alloc", "oom-killer", "ut of ", "deadlocked"];
        let may_begin = words.iter().any(|word| text.contains(word));
        if let Some(head) = may_begin.then(|| head(text)).flatten() {
            if let Some(open) = self.open.as_mut().filter(|open| open.goes_on(&head, line.place)) {
                (open.order, open.mode, open.words, open.comm) = (head.order, head.mode, head.words, head.comm);
                self.last = line.place;
                return (Taken::Yes, None);
            }
            // The last line of a report is a head of its own only where there is no other.
            if head.kind == Kind::Oom && head.mode.is_none() && self.open.as_ref().is_some_and(Report::may_kill) {
                let open = self.open.get_or_insert_default();
                (open.killed, open.of_cgroup) = (head.killed.or(open.killed.take()), open.of_cgroup || head.of_cgroup);
                self.last = line.place;
                return (Taken::Yes, None);
            }
            let ended = self.finish(doubts);
            self.open = Some(Report { place: line.place, ..head });
            self.last = line.place;
            return (Taken::Yes, ended);
        }
        if text == "Mem-Info:" || text == "Mem-info:" {
            let again = self.open.as_ref().is_some_and(|open| !open.zones.is_empty());
            let ended = if again { self.finish(doubts) } else { None };
            self.open.get_or_insert_with(|| Report { place: line.place, ..Report::default() });
            self.last = line.place;
            return (Taken::Yes, ended);
        }
        if self.open.is_some() && line.place.line > self.last.line + LONGEST_TRACE {
            return (Taken::No, self.finish(doubts));
        }
        let Self { open: Some(open), columns, last, begun, node, reserving } = self else { return (Taken::No, None) };
        let follows = last.source == line.place.source && line.place.line == last.line + 1;
        if let Some(alone) = text.strip_prefix("Node ").and_then(crate::scan::decimal) {
            (*node, *last) = (u32::try_from(alone).ok(), line.place);
            return (Taken::Yes, None);
        }
        if follows && *reserving && more_reserve(open, text) {
            *last = line.place;
            return (Taken::Yes, None);
        }
        *reserving = text.starts_with("lowmem_reserve[]:");
        let joined;
        let mut text = text;
        if let Some(node) = node.take().filter(|_| follows && !text.starts_with("Node ")) {
            joined = format!("Node {node} {text}");
            text = &joined;
        }
        // A mailer that fills lines puts a zone behind what came before it.
        while let Some(at) = joined_zone(text) {
            let _ = counters(open, text[..at].trim()) || rest_of_zone(open, text[..at].trim());
            (text, *last) = (text[at..].trim_start(), line.place);
        }
        let taken = of_cpu(open, text)
            || of_nodes(open, text)
            || of_slab(open, text)
            || of_cgroup(open, text)
            || zone_line(open, text, line.place, begun, doubts)
            || follows && rest_of_zone(open, text)
            || counters(open, text)
            || tail_line(open, text)
            || task(open, columns, text);
        if taken {
            *last = line.place;
        }
        (Taken::when(taken), None)
    }
    /// Reads what a mailer put on a line of its own: the rest of a line of free blocks. `None`: the line is to be read.
    fn goes_on(&mut self, text: &str, place: Place, doubts: &mut Doubts) -> Option<Taken> {
        let (node, name, mut list, began) = self.begun.take()?;
        let follows = self.last.source == place.source && place.line == self.last.line + 1;
        let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
        // The break may be behind the `=` too.
        let is_rest = digits.len() < text.len() && (digits.starts_with('*') || list.trim_end().ends_with('='));
        let is_rest = follows && (is_rest || text.starts_with('=') || text.starts_with('(')) && list.len() < 2000;
        let open = self.open.as_mut()?;
        if !is_rest {
            blocks(open, node, name, &list, began, doubts);
            return None;
        }
        // A mail's encoding (quoted-printable) ends the lines that it breaks with a `=` of its own.
        if let Some(before) = list.trim_end().strip_suffix('=').filter(|_| text.contains('*')) {
            list.truncate(before.len());
        }
        list += " ";
        list += text;
        if is_whole(&list) {
            blocks(open, node, name, &list, began, doubts);
        } else {
            self.begun = Some((node, name, list, began));
        }
        self.last = place;
        Some(Taken::Yes)
    }
    /// Ends the report that is open.
    pub fn finish(&mut self, doubts: &mut Doubts) -> Option<Report> {
        self.columns = None;
        let begun = self.begun.take();
        let mut report = self.open.take()?;
        if let Some((node, name, list, began)) = begun {
            blocks(&mut report, node, name, &list, began, doubts);
        }
        let page_kb = report.page_kb;
        report.zones.iter_mut().for_each(|zone| zone.page_kb = page_kb);
        check_sums(&report, doubts);
        report.tasks.sort_by_key(|(_, rss, _)| u64::MAX - rss);
        report.tasks.truncate(MOST_TASKS);
        Some(report)
    }
}

/// What says that a process is killed, or the machine stops, where a report may have no other line.
fn last_word(text: &str) -> Option<Report> {
    let of_cgroup = text.contains("emory cgroup out of memory");
    // Since 4.17 (`out_of_memory`) "System is deadlocked on memory" is said when there is nobody left to kill.
    let panic = text.split_once("anic - not syncing: ").is_some_and(|(_, why)| {
        ["Out of memory", "out of memory", "System is deadlocked on memory"].iter().any(|word| why.starts_with(word))
    });
    if !panic && !of_cgroup && !text.starts_with("Out of memory: Kill") && !text.starts_with("Out of Memory: Kill") {
        return None;
    }
    let report = Report { kind: Kind::Oom, of_cgroup, killed: killed(text), ..Report::default() };
    (panic || report.killed.is_some()).then_some(report)
}

/// 2.4: `__alloc_pages: 3-order allocation failed (gfp=0x20/0)`.
fn head_2_4(text: &str) -> Option<Report> {
    let mut scan = Scan(text.strip_prefix("__alloc_pages: ")?);
    let order = u32::try_from(scan.decimal()?).ok()?;
    let mode = scan
        .eat("-order allocation failed")
        .then(|| scan.blanks().eat("(gfp="))
        .and_then(|gfp| gfp.then(|| scan.hex()).flatten().and_then(|mode| u32::try_from(mode).ok()));
    Some(Report { kind: Kind::Pages, order: Some(order), mode, version: Some((2, 4, 0)), ..Report::default() })
}

/// The first line of a report.
fn head(text: &str) -> Option<Report> {
    if let Some(report) = head_2_4(text).or_else(|| last_word(text)) {
        return Some(report);
    }
    const KEYS: [(&str, Kind); 6] = [
        (": page allocation failure", Kind::Pages),
        // 4.10 to 4.14: it did not fail, but took long.
        (": page allocation stalls", Kind::Pages),
        ("SLUB: Unable to allocate memory on", Kind::Slab),
        (": vmalloc error: size ", Kind::Vmalloc),
        (": vmalloc: allocation failure", Kind::Vmalloc),
        (" invoked oom-killer:", Kind::Oom),
    ];
    // 2.6.8 to 2.6.15 do not say who asked; nor does the first of two lines of a vmalloc, up to 4.9.
    let nameless = [("oom-killer: gfp_mask=", Kind::Oom), ("vmalloc: allocation failure", Kind::Vmalloc)]
        .into_iter()
        .find_map(|(key, kind)| text.starts_with(key).then_some((0, key, kind)));
    let (at, key, kind) =
        nameless.or_else(|| KEYS.into_iter().find_map(|(key, kind)| Some((text.find(key)?, key, kind))))?;
    let (comm, rest) = (&text[..at], if nameless.is_some() { text } else { &text[at + key.len()..] });
    let number = |key: &str| {
        let mut scan = Scan(&rest[rest.find(key)? + key.len()..]);
        // `gfp_mask=3D0xd0`: a mail's encoding of `=`.
        let _ = key.ends_with('=') && scan.eat("3D");
        let hex = scan.0.starts_with("0x");
        if hex { scan.hex() } else { scan.decimal() }.map(|number| (number, scan.0))
    };
    let bytes = match (kind, key) {
        (Kind::Vmalloc, ": vmalloc error: size ") => Scan(rest).decimal(),
        (Kind::Vmalloc, _) => super::kernel_log::vmap_failure(text),
        _ => None,
    };
    let why = rest.split_once(", ").filter(|_| key == ": vmalloc error: size ");
    let why = why.and_then(|(_, why)| why.split(", mode:").next()).map(|why| why.chars().take(200).collect());
    let mode = number("mode:").or_else(|| number("gfp_mask=")).or_else(|| number("gfp="));
    let words = mode.and_then(|(_, rest)| Some(rest.strip_prefix('(')?.split_once(')')?.0.to_owned()));
    let order = number("order:").or_else(|| number("order="));
    if order.is_none() && mode.is_none() && bytes.is_none() {
        // Somebody writes about such reports.
        return None;
    }
    let mut report = Report {
        kind,
        stalled: key.ends_with("stalls"),
        comm: comm.rsplit(']').next().unwrap_or(comm).trim().to_owned(),
        order: order.and_then(|(order, _)| u32::try_from(order).ok()),
        mode: mode.and_then(|(mode, _)| u32::try_from(mode).ok()),
        words,
        bytes,
        why,
        by_hand: kind == Kind::Oom && (rest.contains("order=-1") || rest.contains("order=3D-1")),
        of_pages: super::kernel_log::lacks_pages(text),
        ..Report::default()
    };
    of_nodes(&mut report, text);
    Some(report)
}

/// `nodemask=0,cpuset=/,mems_allowed=0-1` in the head, `x cpuset=/ mems_allowed=0` in a line of its own, and again in
/// `oom-kill:constraint=CONSTRAINT_MEMCG,…`.
fn of_nodes(open: &mut Report, text: &str) -> bool {
    // Most lines are told by one byte.
    if memchr::memchr(b'=', text.as_bytes()).is_none() {
        return false;
    }
    let mut found = false;
    for key in ["nodemask=", "mems_allowed="] {
        let Some(at) = text.find(key) else { continue };
        found = true;
        // `(null)`: all.
        if let Some(nodes) = node_list(&text[at + key.len()..]) {
            open.nodes = Some(open.nodes.unwrap_or(u64::MAX) & nodes);
        }
    }
    open.of_cgroup |= text.starts_with("oom-kill:constraint=CONSTRAINT_MEMCG");
    if let Some(rest) = text.strip_prefix("oom-kill:constraint=CONSTRAINT_") {
        open.constraint = match rest.split(',').next() {
            Some("CPUSET") => Some("its cpuset"),
            Some("MEMORY_POLICY") => Some("its memory policy"),
            _ => None,
        };
    }
    let path = || text.split_once(",oom_memcg=");
    if let Some((_, rest)) = open.of_cgroup.then(path).flatten() {
        open.cgroup = rest.split(',').next().map(|group| group.chars().take(200).collect());
    }
    found
}

/// `0-1,3`, up to whatever follows.
fn node_list(text: &str) -> Option<u64> {
    let mut scan = Scan(text);
    let mut nodes = None;
    loop {
        let Some(first) = scan.decimal() else { return nodes };
        let last = if scan.eat("-") { scan.decimal().unwrap_or(first) } else { first };
        let bits = (first..=last.min(63)).filter(|node| *node < 64).fold(0, |bits, node| bits | 1 << node);
        nodes = Some(nodes.unwrap_or(0) | bits);
        if !(scan.0.starts_with(',') && scan.0[1..].starts_with(|c: char| c.is_ascii_digit()) && scan.eat(",")) {
            return nodes;
        }
    }
}

/// `Task in /a killed as a result of limit of /a`, `memory: usage 102400kB, limit 102400kB, failcnt 12`, `oom_memcg=/a`.
fn of_cgroup(open: &mut Report, text: &str) -> bool {
    let task = || text.split_once(" killed as a result of limit of ");
    if let Some((_, group)) = text.starts_with("Task ").then(task).flatten() {
        (open.of_cgroup, open.cgroup) = (true, Some(group.trim().chars().take(200).collect()));
        return true;
    }
    if let Some(rest) = text.strip_prefix("memory: usage ") {
        let mut scan = Scan(rest);
        let usage = scan.decimal();
        scan.while_is(|c| c.is_ascii_alphabetic());
        let limit = scan.eat(", limit ").then(|| scan.decimal()).flatten();
        open.cgroup_kb = usage.zip(limit);
        return true;
    }
    let keys = ["memory+swap: usage ", "swap: usage ", "kmem: usage ", "Memory cgroup stats for "];
    keys.iter().any(|key| text.starts_with(key))
}

/// `CPU: 0 PID: 139 Comm: dd Not tainted 6.1.0-50-armmp #1`, `Pid: 1, comm: x Not tainted 2.6.32 #1`.
fn of_cpu(open: &mut Report, text: &str) -> bool {
    if !text.contains("omm: ") {
        return false;
    }
    let Some(at) = text.find("omm: ") else { return false };
    let mut words = text[at..].split_whitespace();
    let found = words.find_map(|word| version(word).filter(|_| word.starts_with(|c: char| c.is_ascii_digit())));
    open.version = open.version.or(found);
    found.is_some()
}

/// `cache: kmalloc-64, object size: 64, buffer size: 64, default order: 0, min order: 0`, `node 0: slabs: 1, objs: 2, free: 0`.
fn of_slab(open: &mut Report, text: &str) -> bool {
    if open.kind != Kind::Slab {
        return false;
    }
    if let Some(rest) = text.strip_prefix("cache: ") {
        open.cache = rest.split(", object size").next().map(str::to_owned);
        let order = rest.rsplit_once("min order: ").and_then(|(_, order)| Scan(order).decimal());
        open.order = order.and_then(|order| u32::try_from(order).ok());
        return true;
    }
    text.starts_with("node ") && text.contains("slabs:")
}

/// Takes `Node 0 ` off.
fn without_node(text: &str) -> (u32, &str) {
    let mut scan = Scan(text);
    match scan.eat("Node ").then(|| scan.decimal()).flatten() {
        Some(node) => (node as u32, scan.0.trim_start()),
        None => (0, text),
    }
}

const ZONES: [&str; 6] = ["DMA32", "DMA", "Normal", "HighMem", "Movable", "Device"];

fn reserve(list: &str) -> Vec<u64> {
    list.split_whitespace().map_while(crate::scan::decimal).take(16).collect()
}

/// A number of `lowmem_reserve[]` on a line of its own.
fn more_reserve(open: &mut Report, text: &str) -> bool {
    let zone = open.zones.last_mut().filter(|zone| !zone.has_blocks && zone.reserve.len() < 16);
    match zone.zip(crate::scan::decimal(text)) {
        Some((zone, pages)) => zone.reserve.push(pages),
        None => return false,
    }
    true
}

/// The rest of a zone's numbers, on a line of its own: `high:132kB active:10368kB …`.
fn rest_of_zone(open: &mut Report, text: &str) -> bool {
    let Some(zone) = open.zones.last_mut().filter(|zone| !zone.has_blocks && zone.reserve.is_empty()) else {
        return false;
    };
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_pair = first.split_once(':').is_some_and(|(name, value)| {
        !name.is_empty() && value.strip_suffix("kB").is_some_and(|kb| crate::scan::decimal(kb).is_some())
    });
    if !is_pair && !text.starts_with("all_unreclaimable?") {
        return false;
    }
    zone.kb.extend(pairs(text).take(MOST.saturating_sub(zone.kb.len())));
    zone.unreclaimable |= text.contains("all_unreclaimable? yes");
    if let Some((_, list)) = text.split_once("lowmem_reserve[]:") {
        zone.reserve = reserve(list);
    }
    true
}

/// Where a zone's numbers begin behind something else: `slab:4311 pagetables:390 DMA free:2104kB`.
fn joined_zone(text: &str) -> Option<usize> {
    if !text.contains(" free:") {
        return None;
    }
    let at = ZONES.iter().filter_map(|zone| text.find(&format!(" {zone} free:"))).min()?;
    // `Node 0 DMA free:` is how a line begins.
    let front = &text[..at];
    let node = front.rsplit_once("Node ").filter(|(_, node)| crate::scan::decimal(node).is_some());
    let cut = node.map_or(at, |(before, _)| before.len());
    (cut > 0).then_some(cut)
}

/// True when a line of free blocks has its sum.
fn is_whole(list: &str) -> bool {
    list.split_once('=').is_some_and(|(_, sum)| sum.trim_end().ends_with("kB"))
}

fn zone_line(
    open: &mut Report,
    text: &str,
    place: Place,
    begun: &mut Option<(u32, &'static str, String, Place)>,
    doubts: &mut Doubts,
) -> bool {
    if let Some(list) = text.strip_prefix("lowmem_reserve[]:").or_else(|| text.strip_prefix("protections[]:")) {
        if let Some(zone) = open.zones.last_mut() {
            zone.reserve = reserve(list);
        }
        return true;
    }
    let (node, rest) = without_node(text);
    let Some(name) = ZONES.into_iter().find(|name| rest.starts_with(name)) else {
        if text.starts_with("Node ") && rest.contains("active_anon:") {
            open.all_unreclaimable |= rest.contains("all_unreclaimable? yes");
            return true;
        }
        return text.starts_with("Node ") && rest.starts_with("hugepages_total=");
    };
    let rest = &rest[name.len()..];
    if rest == " per-cpu:" || rest.starts_with(" per-cpu:") {
        return true;
    }
    if let Some(list) = rest.strip_prefix(':') {
        // It may go on in the next line.
        if list.is_empty() || list.contains("*") && !is_whole(list) {
            *begun = Some((node, name, list.to_owned(), place));
            return true;
        }
        return blocks(open, node, name, list, place, doubts);
    }
    if !rest.starts_with(" free:") {
        return false;
    }
    if open.zones.len() >= MOST {
        return true;
    }
    let zone = ZoneState {
        place,
        node,
        name: name.to_owned(),
        kb: pairs(rest).collect(),
        unreclaimable: rest.contains("all_unreclaimable? yes"),
        reserve: rest.split_once("lowmem_reserve[]:").map_or(Vec::new(), |(_, list)| reserve(list)),
        ..ZoneState::default()
    };
    if let (Some(min), Some(low), Some(high)) = (zone.kb("min"), zone.kb("low"), zone.kb("high")) {
        if min > low || low > high {
            doubts.contradiction(
                place,
                format!("zone {name}: min {min}, low {low}, high {high} kB are not in this order"),
            );
        }
    }
    if zone.kb("free").is_none() {
        doubts.not_understood(place, format!("the free pages of zone {name}"));
    }
    if let (Some(present), Some(managed)) = (zone.kb("present"), zone.kb("managed")) {
        if managed > present {
            doubts.contradiction(place, format!("zone {name}: {managed} kB managed of {present} present"));
        }
    }
    if zone.kb("free_cma").zip(zone.kb("free")).is_some_and(|(cma, free)| cma > free.saturating_add(DRIFT_KB)) {
        doubts.contradiction(place, format!("zone {name}: more of the contiguous area is free than of the zone"));
    }
    open.zones.push(zone);
    true
}

/// Counters are read one after the other, and each CPU has changes that are not yet in them: so many kB are nothing.
const DRIFT_KB: u64 = 4 << 10;

/// Whether two numbers for the same cannot be told by time that went by between them.
fn differ(a_kb: u64, b_kb: u64) -> bool {
    a_kb.abs_diff(b_kb) > DRIFT_KB.max(a_kb.max(b_kb) / 2)
}

/// What the zones have together against the counters of the whole machine. A report may leave zones out.
fn check_sums(report: &Report, doubts: &mut Doubts) {
    let sum = |name: &str| total(report.zones.iter().filter_map(|zone| zone.pages(name)));
    let (free, present) = (sum("free"), sum("present"));
    let kb = |pages: u64| pages.saturating_mul(report.page_kb());
    if let Some(all) = report.counter("free").filter(|all| free > *all && differ(kb(free), kb(*all))) {
        doubts.contradiction(report.place, format!("zones have {free} free pages, the whole machine {all}"));
    }
    if let Some(all) = report.ram_pages.filter(|all| present > *all && differ(kb(present), kb(*all))) {
        doubts.contradiction(report.place, format!("zones have {present} pages, the whole machine {all}"));
    }
}

/// `name:123kB`, also with a blank behind the colon.
fn pairs(text: &str) -> impl Iterator<Item = (String, u64)> + '_ {
    let mut scan = Scan(text);
    std::iter::from_fn(move || {
        while !scan.blanks().0.is_empty() {
            let name = scan.while_is(|c| c.is_ascii_alphanumeric() || c == '_' || c == '(' || c == ')');
            if !name.is_empty() && scan.eat(":") {
                if let Some(value) = scan.blanks().decimal() {
                    scan.while_is(|c| c.is_ascii_alphabetic());
                    return Some((name.to_owned(), value));
                }
            }
            scan.word();
        }
        None
    })
    .take(MOST)
}

/// Sizes of pages that kernels are built with, in kB.
const PAGES_KB: [u64; 6] = [4, 8, 16, 32, 64, 256];

/// ` 20*4kB (UEC) 20*8kB … = 5280kB`.
fn blocks(open: &mut Report, node: u32, name: &str, list: &str, place: Place, doubts: &mut Doubts) -> bool {
    let mut scan = Scan(list);
    let mut blocks = [0; Order::COUNT];
    let mut types = Vec::new();
    let mut sum = 0u64;
    let (mut order, mut broken) = (0, false);
    while let Some(count) = scan.blanks().decimal() {
        let (star, kb) = (scan.eat("*"), scan.decimal());
        scan.while_is(|c| c.is_ascii_alphabetic());
        let Some(kb) = kb.filter(|_| star && order < blocks.len()) else {
            broken = true;
            break;
        };
        if order == 0 && PAGES_KB.contains(&kb) && open.page_kb.is_none() {
            open.page_kb = Some(kb);
        }
        let expected = open.page_kb() << order;
        if kb != expected {
            doubts.contradiction(
                place,
                format!("zone {name}: the blocks of order {order} are of {kb} kB, not {expected}"),
            );
        }
        sum = sum.saturating_add(count.saturating_mul(kb));
        blocks[order] = count;
        order += 1;
        let letters = if scan.blanks().eat("(") { scan.while_is(|c| c.is_ascii_alphabetic()) } else { "" };
        scan.eat(")");
        types.push(letters.to_owned());
    }
    if order == 0 {
        return false;
    }
    let printed = if scan.blanks().eat("=3D") || scan.eat("=") { scan.blanks().decimal() } else { None };
    match printed {
        Some(printed) if printed != sum => {
            doubts.contradiction(
                place,
                format!("zone {name}: free blocks make {sum} kB, but the line says {printed} kB"),
            );
        }
        None => doubts.not_understood(place, format!("the free blocks of zone {name} break off")),
        _ if broken => doubts.not_understood(place, format!("the free blocks of zone {name}")),
        _ => (),
    }
    let zone = open.zones.iter_mut().find(|zone| zone.node == node && zone.name == name && !zone.has_blocks);
    if let Some(zone) = zone {
        if let Some(free) = zone.kb("free").filter(|free| differ(*free, sum)) {
            doubts.contradiction(place, format!("zone {name}: free blocks make {sum} kB, but {free} kB are free"));
        }
        (zone.blocks, zone.types, zone.has_blocks) = (blocks, types, true);
    }
    true
}

/// ` active_anon:286 inactive_anon:23337`, in pages.
fn counters(open: &mut Report, text: &str) -> bool {
    const FIRST: [&str; 13] = [
        "slab:",
        "active_anon:",
        "active_file:",
        "unevictable:",
        "slab_reclaimable:",
        "mapped:",
        "sec_pagetables:",
        "free:",
        "kernel_misc_reclaimable:",
        "active:",
        "Active:",
        "bounce:",
        "zspages:",
    ];
    if !FIRST.iter().any(|first| text.starts_with(first)) {
        return text.starts_with("CPU ") && text.contains("hi:");
    }
    let room = MOST.saturating_sub(open.pages.len());
    open.pages.extend(pairs(text).take(room));
    true
}

/// The lines at the end.
fn tail_line(open: &mut Report, text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("Free swap") {
        open.swap_kb.0 = Scan(rest.trim_start_matches([' ', '=', ':'])).decimal();
        return true;
    }
    if let Some(rest) = text.strip_prefix("Total swap") {
        open.swap_kb.1 = Scan(rest.trim_start_matches([' ', '=', ':'])).decimal();
        return true;
    }
    // To ask whether a word is there costs less than to look for its place.
    if text.contains("Kill") && (text.contains("Killed process ") || text.contains("Kill process ")) {
        open.killed = killed(text).or(open.killed.take());
        return true;
    }
    if text.starts_with("oom-kill:") {
        return true;
    }
    let mut scan = Scan(text);
    let Some(pages) = scan.decimal() else { return false };
    match scan.0.trim() {
        "pages RAM" | "pages of RAM" => open.ram_pages = Some(pages),
        "total pagecache pages"
        | "pages in swap cache"
        | "pages HighMem/MovableOnly"
        | "pages of HIGHMEM"
        | "pages reserved"
        | "reserved pages"
        | "pages cma reserved"
        | "pages hwpoisoned"
        | "pages shared"
        | "pages non-shared" => (),
        _ => return false,
    }
    true
}

/// `Killed process 812 (dd) total-vm:…`, `Kill process 812 (dd) score 3 …`.
fn killed(text: &str) -> Option<(u64, String)> {
    let at = text.find("Killed process ").or_else(|| text.find("Kill process "))?;
    let mut scan = Scan(&text[at..]);
    scan.while_is(|c| !c.is_ascii_digit());
    let pid = scan.decimal()?;
    let name = if scan.blanks().eat("(") { scan.while_is(|c| c != ')') } else { "" };
    Some((pid, name.to_owned()))
}

/// The table of processes: its head names the columns.
fn task(open: &mut Report, columns: &mut Option<(usize, usize)>, text: &str) -> bool {
    if text.starts_with("Tasks state") {
        return true;
    }
    if !text.starts_with('[') || columns.is_none() && !text.ends_with("name") {
        return false;
    }
    let plain = text.replace(['[', ']'], " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    if words.first() == Some(&"pid") && words.last() == Some(&"name") {
        *columns = words.iter().position(|word| *word == "rss").map(|rss| (rss, words.len() - 1));
        return columns.is_some();
    }
    let Some((rss, name)) = *columns else { return false };
    if words.len() <= name {
        return false;
    }
    let (Some(pid), Some(rss)) = (crate::scan::decimal(words[0]), crate::scan::decimal(words[rss])) else {
        return false;
    };
    if open.tasks.len() >= MOST {
        // The smaller ones go: only the largest are told.
        open.tasks.sort_by_key(|(_, rss, _)| u64::MAX - rss);
        open.tasks.truncate(MOST_TASKS);
    }
    open.tasks.push((pid, rss, words[name..].join(" ")));
    true
}
