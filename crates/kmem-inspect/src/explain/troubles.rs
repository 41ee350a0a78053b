//! What checkers of the kernel reported, in words: which code did what to which memory, and what to do about it.
//!
//! Reports of one cause are told once, with their number and rate. Lists of lost objects (kmemleak) and of pages
//! (page_owner) are summed up by who allocated them.

use super::{plural, size};
use crate::parse::trouble::{Kind, Trouble, Who};
use crate::reader::Capture;
use crate::scan::total;
use std::fmt::{Result, Write};

/// The most causes that are told.
const SHOWN: usize = 20;

/// Writes what there is of them.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, capture: &Capture) -> Result {
    let of_list = |trouble: &&Trouble| matches!(trouble.kind, Kind::Leak | Kind::Owner);
    let (lists, reports): (Vec<&Trouble>, Vec<&Trouble>) = capture.troubles.iter().partition(of_list);
    for trouble in reports.iter().take(SHOWN) {
        writeln!(out)?;
        one(out, trouble)?;
    }
    if reports.len() > SHOWN {
        writeln!(out, "\n… and {} more causes", reports.len() - SHOWN)?;
    }
    list(out, Kind::Leak, &lists)?;
    list(out, Kind::Owner, &lists)
}

/// What a source is said to hold, by sort of report.
type Sort = (fn(&Trouble) -> bool, &'static str);
pub(super) const SORTS: [Sort; 3] = [
    (|it| !matches!(it.kind, Kind::Leak | Kind::Owner), "misuse of memory"),
    (|it| it.kind == Kind::Leak, "lost objects (kmemleak)"),
    (|it| it.kind == Kind::Owner, "pages (page_owner)"),
];

/// True for what is a fault of some code, and not a list of who holds what.
pub fn is_fault(trouble: &Trouble) -> bool {
    trouble.kind != Kind::Owner
}

/// What was done, where, to an object of which cache.
pub(super) fn headline(trouble: &Trouble) -> String {
    let by = match trouble.kind {
        Kind::Kasan => "KASAN: ",
        Kind::Kfence => "KFENCE: ",
        Kind::Slab => "Slab check: ",
        _ => "",
    };
    let site = trouble.site.as_ref().map_or(String::new(), |site| format!(" in {site}"));
    let cache = trouble.cache.as_ref().map_or(String::new(), |cache| format!(", cache {cache}"));
    format!("{by}{}{site}{cache}", trouble.what)
}
/// Says what to do about it.
pub(super) fn help(trouble: &Trouble) -> &'static str {
    meaning(trouble).1
}

fn one(out: &mut dyn Write, trouble: &Trouble) -> Result {
    let (head, often) = (headline(trouble), often(trouble.count, 0, trouble.times));
    writeln!(out, "{head}, {often} (line {})", trouble.place.line)?;
    let place = [&trouble.access, &trouble.spot, &trouble.task.as_ref().map(|task| format!("task {task}"))]
        .into_iter()
        .flatten()
        .cloned()
        .collect::<Vec<_>>();
    if !place.is_empty() {
        writeln!(out, "  {}", place.join(", "))?;
    }
    for (verb, who) in [("allocated", &trouble.allocated), ("freed", &trouble.freed)] {
        if let Some(Who { function, task }) = who {
            let task = task.as_ref().map_or(String::new(), |task| format!(" (task {task})"));
            let function = function.as_deref().unwrap_or("a function that the report does not name");
            writeln!(out, "  the object was {verb} by {function}{task}")?;
        }
    }
    let (means, help) = meaning(trouble);
    writeln!(out, "  That is: {means}")?;
    writeln!(out, "  What to do: {help}")
}

/// How often, and how often in a second: `12 times, 3.2 s to 18.0 s: 0.8 a second`.
pub fn often(count: u64, suppressed: u64, times: Option<(f64, f64)>) -> String {
    let mut text = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    if suppressed > 0 {
        text += &format!(" and {suppressed} times more that the log leaves out");
    }
    if let Some((first, last)) = times {
        if count == 1 {
            text += &format!(", at {first:.1} s");
        } else {
            text += &format!(", {first:.1} s to {last:.1} s");
            let rate = count.saturating_add(suppressed).saturating_sub(1) as f64 / (last - first);
            if rate.is_finite() && rate > 0.0 {
                text += &if rate >= 0.1 {
                    format!(": {rate:.1} a second")
                } else {
                    format!(": one in {:.0} seconds", 1.0 / rate)
                };
            }
        }
    }
    text
}

/// What a report means, and what to do. By words of its head; the first row that has one of them counts.
fn meaning(trouble: &Trouble) -> (&'static str, &'static str) {
    const BY_KIND: [(Kind, &str, &str); 3] = [
        (
            Kind::Left,
            "a cache was destroyed while objects of it were in use: they are lost, and the cache stays",
            "free every object before kmem_cache_destroy (in a module: on the way out, and on each way out of an error)",
        ),
        (
            Kind::Sleep,
            "a function that may wait was called where waiting is forbidden: in an interrupt, or with a spin lock held",
            "allocate before the lock is taken, or with GFP_ATOMIC, and expect that to fail; a mutex may be held while sleeping",
        ),
        (
            Kind::Page,
            "a page was given back while something still used it, or its description was written over",
            "the first such report counts: what stands in `page dumped because` says which; run with debug_pagealloc=on or KASAN",
        ),
    ];
    const BY_WORD: [(&[&str], &str, &str); 6] = [
        (
            &["double-free", "invalid-free", "invalid free", "already free", "double free", "Invalid object pointer"],
            "memory was given back twice, or what was given back is not the beginning of an object",
            "give each object one owner who frees it; set the pointer to NULL behind kfree",
        ),
        (
            &["use-after-free", "oison overwritten", "Poison check"],
            "memory was used after it was given back: somebody kept a pointer to it",
            "find who still has the pointer when it is freed; count references, or free only when no user is left",
        ),
        (
            &["out-of-bounds", "edzone", "adding overwritten", "global-", "stack-", "memory corruption"],
            "code reached past the end, or before the beginning, of what it has",
            "compare the size that is allocated with the length or the index that is used there",
        ),
        (
            &["null-ptr", "NULL-ptr", "wild-memory", "user-memory", "invalid read", "invalid write", "invalid-access"],
            "an address was used that belongs to nobody: no object, or a pointer that was never set",
            "check the pointer before it is used, and what is read of structures that were freed or never filled",
        ),
        (
            &["Wrong slab cache"],
            "an object was given back to another cache than its own",
            "free with the cache that it came from, or with kfree if it came from kmalloc",
        ),
        (
            &["reelist", "reepointer", "reechain", "corruption", "Slab "],
            "the allocator's own records in the slab were written over, by a use after free or an overflow",
            "boot with slub_debug=FZPU (this cache only: slub_debug=FZPU,NAME) to find who writes",
        ),
    ];
    if let Some((_, means, help)) = BY_KIND.iter().find(|row| row.0 == trouble.kind) {
        return (means, help);
    }
    let found = BY_WORD.iter().find(|(words, ..)| words.iter().any(|word| trouble.what.contains(word)));
    found.map_or(
        (
            "memory was used in a way that its checks do not allow",
            "look at the function that is named, and at who allocated and freed the object",
        ),
        |(_, means, help)| (means, help),
    )
}

fn list(out: &mut dyn Write, kind: Kind, lists: &[&Trouble]) -> Result {
    let mut rows: Vec<&&Trouble> = lists.iter().filter(|it| it.kind == kind).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|it| u64::MAX - it.bytes);
    let (count, bytes) = (total(rows.iter().map(|it| it.count)), total(rows.iter().map(|it| it.bytes)));
    match kind {
        Kind::Leak => {
            writeln!(
                out,
                "\nLost objects (kmemleak): {count} object{}, {}, that nothing points to",
                plural(count),
                size(bytes)
            )?;
            writeln!(out, "  Some may be none: write `scan` to /sys/kernel/debug/kmemleak and see which stay")?;
        }
        _ => {
            writeln!(
                out,
                "\nPages by who allocated them (page_owner): {count} block{}, {}",
                plural(count),
                size(bytes)
            )?;
        }
    }
    for row in rows.iter().take(SHOWN) {
        let who = row.allocated.as_ref().and_then(|who| who.function.as_deref()).unwrap_or("(no function)");
        let what = if kind == Kind::Owner { format!("  {}", row.what) } else { String::new() };
        let task = row.task.as_ref().map_or(String::new(), |task| format!("  ({task})"));
        writeln!(out, "  {:>10}  {:>6}  {who}{what}{task}", size(row.bytes), row.count)?;
    }
    if rows.len() > SHOWN {
        let rest = total(rows[SHOWN..].iter().map(|it| it.bytes));
        writeln!(out, "  {:>10}  by {} more", size(rest), rows.len() - SHOWN)?;
    }
    Ok(())
}
