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
//! Lines of a call trace and of other CPUs may stand between. Lines are read by the names in them.
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
    /// The kernel's version, from the line of the CPU.
    pub version: Option<Version>,
    /// The nodes that the request may use, by the policy and the cpuset: a bit each.
    pub nodes: Option<u64>,
    /// It did not fail, but took long (4.10 to 4.14).
    pub stalled: bool,
    /// The limit of a memory cgroup was reached, not the machine's memory.
    pub of_cgroup: bool,
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
}

impl ZoneState {
    /// Returns a number in kB.
    pub fn kb(&self, name: &str) -> Option<u64> {
        self.kb.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
    /// Free blocks of at least this order.
    pub fn blocks_from(&self, order: u32) -> u64 {
        total(self.blocks.iter().skip(order as usize).copied())
    }
}

impl Report {
    /// True for the second line of a vmalloc that failed: up to 4.9 it is that of a page allocation failure.
    fn goes_on(&self, head: &Self, place: Place) -> bool {
        let near = place.source == self.place.source && place.line <= self.place.line + 1;
        self.kind == Kind::Vmalloc && self.mode.is_none() && head.kind == Kind::Pages && head.comm == self.comm && near
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
}

/// A report has fewer lines of other things between its own: call traces, other CPUs.
const LONGEST_TRACE: u64 = 1000;

impl Reader {
    /// Looks at a line. A report that ends here, because another begins, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<Report>) {
        let text = line.text.trim();
        // Every head has one of these words; to ask whether there is one costs less than to look for its place.
        let may_begin = text.contains("alloc") || text.contains("oom-killer");
        if let Some(head) = may_begin.then(|| head(text)).flatten() {
            if let Some(open) = self.open.as_mut().filter(|open| open.goes_on(&head, line.place)) {
                (open.order, open.mode, open.words) = (head.order, head.mode, head.words);
                self.last = line.place;
                return (Taken::Yes, None);
            }
            let ended = self.finish();
            self.open = Some(Report { place: line.place, ..head });
            self.last = line.place;
            return (Taken::Yes, ended);
        }
        if text == "Mem-Info:" || text == "Mem-info:" {
            let again = self.open.as_ref().is_some_and(|open| !open.zones.is_empty());
            let ended = if again { self.finish() } else { None };
            self.open.get_or_insert_with(|| Report { place: line.place, ..Report::default() });
            self.last = line.place;
            return (Taken::Yes, ended);
        }
        if self.open.is_some() && line.place.line > self.last.line + LONGEST_TRACE {
            return (Taken::No, self.finish());
        }
        let Self { open: Some(open), columns, last } = self else { return (Taken::No, None) };
        let taken = of_cpu(open, text)
            || of_nodes(open, text)
            || of_slab(open, text)
            || zone_line(open, text, line.place, doubts)
            || counters(open, text)
            || tail_line(open, text)
            || task(open, columns, text);
        if taken {
            *last = line.place;
        }
        (Taken::when(taken), None)
    }
    /// Ends the report that is open.
    pub fn finish(&mut self) -> Option<Report> {
        self.columns = None;
        let mut report = self.open.take()?;
        report.tasks.sort_by_key(|(_, rss, _)| u64::MAX - rss);
        report.tasks.truncate(MOST_TASKS);
        Some(report)
    }
}

/// The first line of a report.
fn head(text: &str) -> Option<Report> {
    const KEYS: [(&str, Kind); 6] = [
        (": page allocation failure", Kind::Pages),
        // 4.10 to 4.14: it did not fail, but took long.
        (": page allocation stalls", Kind::Pages),
        ("SLUB: Unable to allocate memory on", Kind::Slab),
        (": vmalloc error: size ", Kind::Vmalloc),
        (": vmalloc: allocation failure", Kind::Vmalloc),
        (" invoked oom-killer:", Kind::Oom),
    ];
    let (at, key, kind) = KEYS.into_iter().find_map(|(key, kind)| Some((text.find(key)?, key, kind)))?;
    let (comm, rest) = (&text[..at], &text[at + key.len()..]);
    let number = |key: &str| {
        let mut scan = Scan(&rest[rest.find(key)? + key.len()..]);
        let hex = scan.0.starts_with("0x");
        if hex { scan.hex() } else { scan.decimal() }.map(|number| (number, scan.0))
    };
    let bytes = match (kind, key) {
        (Kind::Vmalloc, ": vmalloc error: size ") => Scan(rest).decimal(),
        (Kind::Vmalloc, _) => super::kernel_log::vmap_failure(text),
        _ => None,
    };
    let why = rest.split(", ").nth(1).filter(|_| key == ": vmalloc error: size ").map(str::to_owned);
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
        ..Report::default()
    };
    of_nodes(&mut report, text);
    Some(report)
}

/// `nodemask=0,cpuset=/,mems_allowed=0-1` in the head, `x cpuset=/ mems_allowed=0` in a line of its own, and again in
/// `oom-kill:constraint=CONSTRAINT_MEMCG,…`.
fn of_nodes(open: &mut Report, text: &str) -> bool {
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

fn zone_line(open: &mut Report, text: &str, place: Place, doubts: &mut Doubts) -> bool {
    if let Some(list) = text.strip_prefix("lowmem_reserve[]:").or_else(|| text.strip_prefix("protections[]:")) {
        if let Some(zone) = open.zones.last_mut() {
            zone.reserve = list.split_whitespace().map_while(crate::scan::decimal).take(16).collect();
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
    open.zones.push(zone);
    true
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
        if kb != 4 << order {
            doubts.contradiction(
                place,
                format!("zone {name}: the blocks of order {order} are of {kb} kB, not {}", 4 << order),
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
    let printed = if scan.blanks().eat("=") { scan.blanks().decimal() } else { None };
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
        (zone.blocks, zone.types, zone.has_blocks) = (blocks, types, true);
    }
    true
}

/// ` active_anon:286 inactive_anon:23337`, in pages.
fn counters(open: &mut Report, text: &str) -> bool {
    const FIRST: [&str; 12] = [
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
    let killed = text.contains("Kill").then(|| text.find("Killed process ").or_else(|| text.find("Kill process ")));
    if let Some(at) = killed.flatten() {
        let mut scan = Scan(&text[at..]);
        scan.while_is(|c| !c.is_ascii_digit());
        let pid = scan.decimal();
        let name = if scan.blanks().eat("(") { scan.while_is(|c| c != ')') } else { "" };
        open.killed = pid.map(|pid| (pid, name.to_owned()));
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
