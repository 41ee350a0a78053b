//! `/sys/kernel/slab`: what SLUB says of each cache, one value a file, as `grep -r . /sys/kernel/slab` prints it.
//!
//! ```text
//!     /sys/kernel/slab/kmalloc-64/objects:3254 N0=2000 N1=1254          counts, with those of each node behind
//!     kmalloc-64/slabs_cpu_partial:33(2) C0=16(1) C1=17(1)
//!     kmalloc-64/alloc_calls:     12 alloc_pid+0x0/0x34 age=1/2/3 pid=1-20
//!     /sys/kernel/debug/slab/kmalloc-64/alloc_traces:     12 …          since 5.14, with a stack below
//! ```
//!
//! Paths may be cut in front; a cache's name may have colons and brackets (`:a-0000104`, `dentry(12:job)`), so the file's name is
//! what a line is known by. A name that begins with a colon is that of caches that share their slabs, and `grep -R` follows the
//! links to it: each of them shows the same numbers.
//!
//! Checked: counts of nodes add up; objects of a slab fit into its pages; an object is no larger than its place; there are no
//! more objects than slabs have place for. Counts are read one after the other, so on a live machine they may miss each other a
//! little.

use super::Taken;
use crate::line::Line;
use crate::parse::slabinfo::SlabInfo;
use crate::place::{Doubts, Place};
use crate::scan::{decimal, total, Scan};
use kmem::error::Name;
use kmem::snapshot::SlabRow;
use kmem::units::PAGE_SIZE;
use std::collections::BTreeMap;

/// A folder of caches.
#[derive(Clone, Debug, Default)]
pub struct SlabFolder {
    /// Its first line.
    pub place: Place,
    /// The caches, by name.
    pub caches: BTreeMap<String, SlabCache>,
}

/// A cache.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SlabCache {
    /// Its first line.
    pub place: Place,
    /// The numbers, by file.
    pub values: BTreeMap<&'static str, u64>,
    /// The constructor.
    pub ctor: Option<String>,
    /// Who allocated and who freed: how many objects, which function. Of caches with `slub_debug=U`.
    pub allocated: Vec<(u64, String)>,
    /// See [`SlabCache::allocated`].
    pub freed: Vec<(u64, String)>,
}

impl SlabCache {
    /// Returns a file's number; 0 without it.
    pub fn get(&self, file: &str) -> u64 {
        self.values.get(file).copied().unwrap_or(0)
    }
    /// Bytes of RAM that its slabs take.
    pub fn bytes(&self) -> u64 {
        let order = self.get("order").min(20);
        self.get("slabs").saturating_mul(PAGE_SIZE << order)
    }
}

impl SlabFolder {
    /// The caches that are not another name of one that is there already.
    pub fn own(&self) -> impl Iterator<Item = (&str, &SlabCache)> {
        let families: Vec<&SlabCache> =
            self.caches.iter().filter(|(name, _)| name.starts_with(':')).map(|(_, cache)| cache).collect();
        let is_alias = move |cache: &SlabCache| {
            cache.get("aliases") > 0 && families.iter().any(|family| family.values == cache.values)
        };
        self.caches
            .iter()
            .filter(move |(name, cache)| name.starts_with(':') || !is_alias(cache))
            .map(|(name, cache)| (name.as_str(), cache))
    }
    /// The same as rows of slabinfo.
    pub fn rows(&self) -> SlabInfo {
        let row = |(name, cache): (&str, &SlabCache)| SlabRow {
            name: Name::new(name),
            active_objs: cache.get("objects"),
            num_objs: cache.get("total_objects"),
            object_bytes: cache.get("slab_size"),
            objects_per_slab: cache.get("objs_per_slab"),
            pages_per_slab: 1 << cache.get("order").min(20),
            active_slabs: cache.get("slabs"),
            num_slabs: cache.get("slabs"),
            ..SlabRow::default()
        };
        let rows = self.own().map(|(name, cache)| (cache.place, row((name, cache)))).collect();
        SlabInfo { place: self.place, rows, ..SlabInfo::default() }
    }
}

/// Files with one number, or a count with those of its nodes or CPUs.
const NUMBERS: [&str; 32] = [
    "aliases",
    "align",
    "cache_dma",
    "cache_dma32",
    "cpu_partial",
    "cpu_slabs",
    "destroy_by_rcu",
    "failslab",
    "hwcache_align",
    "min_partial",
    "object_size",
    "objects",
    "objects_partial",
    "objs_per_slab",
    "order",
    "partial",
    "poison",
    "reclaim_account",
    "red_zone",
    "remote_node_defrag_ratio",
    "reserved",
    "sanity_checks",
    "sheaf_capacity",
    "skip_kfence",
    "slab_size",
    "slabs",
    "slabs_cpu_partial",
    "store_user",
    "total_objects",
    "trace",
    "usersize",
    "validate",
];
/// Counters of `CONFIG_SLUB_STATS`: known, and not kept.
const STATISTICS: [&str; 27] = [
    "alloc_fastpath",
    "alloc_from_partial",
    "alloc_node_mismatch",
    "alloc_refill",
    "alloc_slab",
    "alloc_slowpath",
    "cmpxchg_double_cpu_fail",
    "cmpxchg_double_fail",
    "cpu_partial_alloc",
    "cpu_partial_drain",
    "cpu_partial_free",
    "cpu_partial_node",
    "cpuslab_flush",
    "deactivate_bypass",
    "deactivate_empty",
    "deactivate_full",
    "deactivate_remote_frees",
    "deactivate_to_head",
    "deactivate_to_tail",
    "free_add_partial",
    "free_fastpath",
    "free_frozen",
    "free_remove_partial",
    "free_slab",
    "free_slowpath",
    "order_fallback",
    "shrink",
];
const CALLS: [&str; 4] = ["alloc_calls", "alloc_traces", "free_calls", "free_traces"];

/// The longest name of a file has 24 letters.
const LONGEST_FILE: usize = 24;
/// The most caches that are kept; memory cgroups make many.
const MOST_CACHES: usize = 20_000;
/// The most callers of a cache.
const MOST_CALLS: usize = 200;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<SlabFolder>,
}

/// What a line says of which cache.
struct Entry<'a> {
    cache: &'a str,
    file: &'static str,
    value: &'a str,
}

impl Reader {
    /// Looks at a line. A folder that ends here, because another begins, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<SlabFolder>) {
        let Some(entry) = entry(line.text) else { return (Taken::No, None) };
        let again = |open: &SlabFolder| {
            let cache = open.caches.get(entry.cache);
            cache.is_some_and(|cache| cache.values.contains_key(entry.file))
        };
        let ended = if self.open.as_ref().is_some_and(again) { self.finish(doubts) } else { None };
        let open = self.open.get_or_insert_with(|| SlabFolder { place: line.place, ..SlabFolder::default() });
        if !open.caches.contains_key(entry.cache) && open.caches.len() >= MOST_CACHES {
            return (Taken::Yes, ended);
        }
        let cache = open.caches.entry(entry.cache.to_owned()).or_default();
        if cache.place == Place::default() {
            cache.place = line.place;
        }
        if entry.file == "ctor" {
            cache.ctor = Some(entry.value.trim().to_owned());
        } else if CALLS.contains(&entry.file) {
            let list = if entry.file.starts_with("alloc") { &mut cache.allocated } else { &mut cache.freed };
            calls(entry.value, list);
        } else if NUMBERS.contains(&entry.file) {
            match count(entry.value) {
                Some((value, parts)) => {
                    let sum = parts.filter(|sum| *sum != value);
                    if let Some(sum) = sum {
                        let what = format!("{}: {} {value}, but its nodes have {sum}", entry.cache, entry.file);
                        doubts.contradiction(line.place, what);
                    }
                    cache.values.insert(entry.file, value);
                }
                None => {
                    let (name, file, value) = (entry.cache, entry.file, entry.value.trim());
                    doubts.not_understood(line.place, format!("a count of slabs: {name}/{file}: `{value}`"));
                }
            }
        }
        (Taken::Yes, ended)
    }
    /// Ends the folder that is open.
    pub fn finish(&mut self, doubts: &mut Doubts) -> Option<SlabFolder> {
        let ended = self.open.take()?;
        ended.caches.iter().for_each(|(name, cache)| check(name, cache, doubts));
        Some(ended)
    }
}

/// Finds `CACHE/FILE:VALUE` with a file that caches have.
fn entry(text: &str) -> Option<Entry<'_>> {
    for (at, _) in text.match_indices('/') {
        // Lines with a slash are many in a log: a look at a few bytes must do.
        let rest = &text[at + 1..];
        let is_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        let length = rest.bytes().take(LONGEST_FILE + 1).take_while(is_name).count();
        if length == 0 || rest.as_bytes().get(length) != Some(&b':') {
            continue;
        }
        let (file, value) = (&rest[..length], &rest[length + 1..]);
        let known = NUMBERS.iter().chain(&STATISTICS).chain(&CALLS).chain(&["ctor"]).find(|known| **known == file);
        let Some(file) = known else { continue };
        let before = &text[..at];
        let cache = before.rsplit('/').next().unwrap_or(before);
        // A path of something else may end in `order` or `trace`: the folder's name decides where there is one.
        let folder = &before[..before.len() - cache.len()];
        let ours = folder.is_empty() || folder == "./" || folder.ends_with("slab/");
        let is_name = !cache.is_empty() && cache.len() < 200 && !cache.contains(['\t', '"']) && cache != ".";
        return (ours && is_name).then_some(Entry { cache, file, value });
    }
    None
}

/// `3254 N0=2000 N1=1254`, `33(2) C0=16(1)`: the number, and the sum of what stands behind the names of nodes.
fn count(text: &str) -> Option<(u64, Option<u64>)> {
    let mut words = text.split_whitespace();
    let value = leading(words.next()?)?;
    let mut parts = Vec::new();
    for word in words {
        let (name, number) = word.split_once('=')?;
        let number = leading(number)?;
        let of_node = name.strip_prefix('N').is_some_and(|digits| decimal(digits).is_some());
        if of_node {
            parts.push(number);
        } else if !name.starts_with('C') {
            return None;
        }
    }
    Some((value, (!parts.is_empty()).then(|| total(parts))))
}

/// The number at the start of a word: `33(2)`.
fn leading(word: &str) -> Option<u64> {
    let mut scan = Scan(word);
    let value = scan.decimal()?;
    (scan.0.is_empty() || scan.0.starts_with('(')).then_some(value)
}

/// `     12 alloc_pid+0x0/0x34 age=…`; lines of stacks and `No data` have no number in front.
fn calls(text: &str, list: &mut Vec<(u64, String)>) {
    let mut scan = Scan(text);
    let Some(number) = scan.blanks().decimal() else { return };
    let function = scan.blanks().word();
    if !function.is_empty() && list.len() < MOST_CALLS {
        list.push((number, function.to_owned()));
    }
}

fn check(name: &str, cache: &SlabCache, doubts: &mut Doubts) {
    let get = |file| cache.values.get(file).copied();
    let mut contradiction = |what: String| doubts.contradiction(cache.place, format!("{name}: {what}"));
    if let (Some(each), Some(count), Some(order)) = (get("slab_size"), get("objs_per_slab"), get("order")) {
        let room = PAGE_SIZE << order.min(20);
        if each.saturating_mul(count) > room {
            contradiction(format!("{count} objects of {each} bytes do not fit into a slab of {room}"));
        }
    }
    if let (Some(object), Some(place)) = (get("object_size"), get("slab_size")) {
        if object > place {
            contradiction(format!("an object of {object} bytes in a place of {place}"));
        }
    }
    let slabs = get("slabs");
    if let (Some(slabs), Some(count), Some(objects)) = (slabs, get("objs_per_slab"), get("total_objects")) {
        let room = slabs.saturating_mul(count);
        // A few slabs came meanwhile.
        if objects > room.saturating_add(room / 8).saturating_add(count.saturating_mul(8)) {
            contradiction(format!("{objects} objects in {slabs} slabs of {count}"));
        }
    }
    for (part, whole) in [("objects", "total_objects"), ("partial", "slabs"), ("objects_partial", "objects")] {
        if let (Some(part_of), Some(all)) = (get(part), get(whole)) {
            if part_of > all.saturating_add(all / 8).saturating_add(get("objs_per_slab").unwrap_or(1).saturating_mul(8))
            {
                contradiction(format!("{part} {part_of}, more than {whole} {all}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_known_by_its_file() {
        let found = |text| entry(text).map(|entry| (entry.cache, entry.file, entry.value));
        assert_eq!(found("/sys/kernel/slab/kmalloc-64/objects:12 N0=12"), Some(("kmalloc-64", "objects", "12 N0=12")));
        assert_eq!(found("kmalloc-64/order:1"), Some(("kmalloc-64", "order", "1")));
        assert_eq!(found("./:a-0000104/slabs:7"), Some((":a-0000104", "slabs", "7")));
        assert_eq!(found("slab/dentry(12:job)/order:0"), Some(("dentry(12:job)", "order", "0")));
        for other in ["/etc/foo/order:1", "mm/slub.c:12: order", "http://x/y", "a/b/order:1", "/order:1"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn counts_with_parts() {
        for (text, expected) in [
            ("12", Some((12, None))),
            ("12 N0=5 N1=7", Some((12, Some(12)))),
            ("33(2) C0=16(1) C1=17(1)", Some((33, None))),
            ("12x", None),
            ("", None),
            ("12 of", None),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}
