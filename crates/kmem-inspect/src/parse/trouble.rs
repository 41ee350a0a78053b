//! Reports of code that misuses memory, and dumps of who holds it: what checkers of the kernel print.
//!
//! KASAN and KFENCE (an access where none may be), SLUB's and SLAB's own checks (an object that was written over, objects
//! that are left), `sleeping function called from invalid context`, pages in a bad state, kmemleak's list of lost objects
//! and page_owner's list of pages. Each begins with a head that says what happened:
//!
//! ```text
//!     BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right+0x9c/0x110 [test_kasan]
//!     BUG kmalloc-64 (Tainted: G    B): Right Redzone overwritten
//!     unreferenced object 0xffff888003c0a000 (size 64):
//!     Page allocated via order 0, mask 0x6040d0(GFP_TEMPORARY|__GFP_COMP), pid 2
//! ```
//!
//! Lines behind it say where, of which cache, and who allocated and freed the object, each with a stack of functions; the
//! first of them that is no allocator's is who did it. A log may have the same report a million times: they are counted by
//! what happened, where and in which cache, and only the first is kept, with the times of the first and the last.
//!
//! Sources: `mm/kasan/report.c`, `mm/kfence/report.c`, `mm/slub.c`, `mm/slab.c`, `mm/slab_common.c`, `mm/kmemleak.c`,
//! `mm/page_owner.c`, `kernel/sched/core.c` (`__might_resched`) of 3.x to 6.x.

use super::Taken;
use crate::line::{stamp, Line};
use crate::place::Place;
use crate::scan::Scan;

/// Who reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// KASAN: an access that touches what is not the accessor's.
    Kasan,
    /// KFENCE: the same, by sampling.
    Kfence,
    /// Checks of slab caches: `slub_debug`, SLAB's debugging, a wrong free.
    Slab,
    /// Objects are left when a cache is destroyed.
    Left,
    /// A function that may sleep was called where nobody may.
    Sleep,
    /// A page is not as a free page should be.
    Page,
    /// kmemleak: objects that nothing points to.
    Leak,
    /// page_owner: pages with who allocated them.
    Owner,
}

/// Who allocated or freed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Who {
    /// The first function that is no allocator's.
    pub function: Option<String>,
    /// The task, as the report names it.
    pub task: Option<String>,
}

/// Reports that say the same, counted.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The first one's head.
    pub place: Place,
    /// Who reports.
    pub kind: Kind,
    /// What happened, in the report's words: `slab-out-of-bounds`, `Poison overwritten`.
    pub what: String,
    /// The function in which it happened, as far as the report says it.
    pub site: Option<String>,
    /// The cache.
    pub cache: Option<String>,
    /// The access: `Write of size 1`.
    pub access: Option<String>,
    /// Where it was, seen from the object: `0 bytes to the right of 64-byte region`.
    pub spot: Option<String>,
    /// In whose name: a task.
    pub task: Option<String>,
    /// Who allocated the object.
    pub allocated: Option<Who>,
    /// Who freed it.
    pub freed: Option<Who>,
    /// How many reports say so.
    pub count: u64,
    /// Bytes of all of them, where they name a size: leaks and pages.
    pub bytes: u64,
    /// Time of the first and of the last, in seconds since boot, where lines have one.
    pub times: Option<(f64, f64)>,
}

impl Trouble {
    fn new(kind: Kind, place: Place, what: &str) -> Self {
        Self {
            place,
            kind,
            what: short(what.trim().trim_end_matches('.')),
            site: None,
            cache: None,
            access: None,
            spot: None,
            task: None,
            allocated: None,
            freed: None,
            count: 1,
            bytes: 0,
            times: None,
        }
    }
    /// True when both are of one cause, as far as the reports say.
    fn same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.what == other.what
            && self.site == other.site
            && self.cache == other.cache
            && self.allocated.as_ref().map(|who| &who.function) == other.allocated.as_ref().map(|who| &who.function)
    }
}

/// The most causes that are kept; more are counted.
pub const MOST: usize = 500;
/// A report has no more lines than this, stacks included.
const LONGEST_REPORT: u64 = 160;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    trouble: Trouble,
    stack: Stack,
    lines: u64,
    /// The head names a function that the compiler put into another, which the next line names.
    is_inlined: bool,
}

/// Whose stack the next functions are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stack {
    None,
    Site,
    Allocated,
    Freed,
}

impl Reader {
    /// Looks at a line; `raw` is the line with what logs put in front.
    pub fn line(&mut self, line: &Line<'_>, raw: &str, list: &mut Vec<Trouble>, lost: &mut u64) -> Taken {
        let text = line.text.trim();
        if may_be_head(text) {
            if let Some((mut trouble, stack)) = head(text, line.place) {
                let is_inlined = text.contains("[inline]");
                // A report whose addresses were made lines has a head for each function that is inlined: one report.
                let goes_on =
                    |open: &&mut Open| open.is_inlined && open.lines == 0 && open.trouble.what == trouble.what;
                if let Some(open) = self.open.as_mut().filter(goes_on) {
                    (open.trouble.site, open.is_inlined) = (trouble.site, is_inlined);
                    return Taken::Yes;
                }
                let of_kasan = |open: &&mut Open| open.trouble.kind == Kind::Kasan && trouble.what == "bad access";
                if let Some(open) = self.open.as_mut().filter(of_kasan) {
                    open.trouble.cache = open.trouble.cache.take().or(trouble.cache);
                    return Taken::Yes;
                }
                trouble.times = stamp(raw).map(|time| (time, time));
                self.finish(list, lost);
                self.open = Some(Open { trouble, stack, lines: 0, is_inlined });
                return Taken::Yes;
            }
        }
        let Some(open) = &mut self.open else { return Taken::No };
        open.lines += 1;
        if open.lines > LONGEST_REPORT {
            self.finish(list, lost);
            return Taken::No;
        }
        Taken::when(open.detail(text))
    }
    /// Ends the report that is open.
    pub fn finish(&mut self, list: &mut Vec<Trouble>, lost: &mut u64) {
        let Some(Open { trouble, .. }) = self.open.take() else { return };
        if let Some(known) = list.iter_mut().find(|known| known.same(&trouble)) {
            known.count += 1;
            known.bytes = known.bytes.saturating_add(trouble.bytes);
            known.times = match (known.times, trouble.times) {
                (Some((first, _)), Some((_, last))) => Some((first, last)),
                (known, new) => known.or(new),
            };
        } else if list.len() < MOST {
            list.push(trouble);
        } else {
            *lost += 1;
        }
    }
}

/// Asked for every line of a log: by the first byte, few go on.
fn may_be_head(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'B') => text.starts_with("BUG"),
        Some(b'u') => text.starts_with("unreferenced object"),
        Some(b'P') => text.starts_with("Page allocated via order"),
        Some(b's') => text.starts_with("slab error"),
        Some(b'S') => text.starts_with("Slab corruption"),
        Some(b'k') => text.starts_with("kmem_cache_destroy ") || text.starts_with(GPF),
        Some(b'K') => text.starts_with("KASAN: ") && text.contains(" in range ["),
        Some(b'c') => text.starts_with("cache_from_obj: "),
        _ => false,
    }
}

/// What KASAN of 4.x says of a fault whose address is none: its shadow was asked for.
const GPF: &str = "kasan: GPF could be caused by ";

fn head(text: &str, place: Place) -> Option<(Trouble, Stack)> {
    let make = |kind, what: &str| Trouble::new(kind, place, what);
    for (key, kind) in [("BUG: KASAN: ", Kind::Kasan), ("BUG: KFENCE: ", Kind::Kfence)] {
        if let Some(rest) = text.strip_prefix(key) {
            let (what, site) = rest.split_once(" in ").unwrap_or((rest, ""));
            let mut trouble = make(kind, &what.split_whitespace().collect::<Vec<_>>().join(" "));
            trouble.site = function(site);
            return Some((trouble, Stack::None));
        }
    }
    // A fault, explained: `KASAN: null-ptr-deref in range [0x18-0x1f]`. The function stands in the line of the registers.
    if let Some((what, range)) = text.strip_prefix("KASAN: ").and_then(|rest| rest.split_once(" in range [")) {
        let mut trouble = make(Kind::Kasan, what);
        trouble.spot = Some(short(&format!("in the range {}", range.trim_end_matches(']'))));
        return Some((trouble, Stack::None));
    }
    if let Some(what) = text.strip_prefix(GPF) {
        return Some((make(Kind::Kasan, what), Stack::None));
    }
    if let Some(rest) = text.strip_prefix("BUG: sleeping function called from invalid context at ") {
        let mut trouble = make(Kind::Sleep, "sleeping function called from invalid context");
        trouble.spot = Some(short(rest));
        return Some((trouble, Stack::Site));
    }
    if let Some(rest) = text.strip_prefix("BUG: Bad page state in process ") {
        let mut trouble = make(Kind::Page, "Bad page state");
        trouble.task = rest.split_whitespace().next().map(short);
        return Some((trouble, Stack::Site));
    }
    if let Some(rest) = text.strip_prefix("BUG ") {
        // `BUG kmalloc-64 (Not tainted): what`, `BUG kmalloc-64: what` (2.6). Names may have blanks and brackets in them.
        let (front, what) = rest.split_once("): ").or_else(|| rest.split_once(": "))?;
        let cache = front.rsplit_once(" (").map_or(front, |(cache, _)| cache);
        if cache.is_empty() || what.is_empty() {
            return None;
        }
        // KASAN up to 4.9 has SLUB print the object.
        if what == "kasan: bad access detected" {
            let mut trouble = make(Kind::Kasan, "bad access");
            trouble.cache = Some(short(cache));
            return Some((trouble, Stack::None));
        }
        let left = what.starts_with("Objects remaining");
        let what = if left { "Objects remaining on shutdown" } else { what };
        let mut trouble = make(if left { Kind::Left } else { Kind::Slab }, what);
        trouble.cache = Some(short(cache));
        return Some((trouble, Stack::None));
    }
    if let Some(rest) = text.strip_prefix("slab error in ") {
        let (site, rest) = rest.split_once("(): cache `")?;
        let (cache, what) = rest.split_once("': ")?;
        let left = what.starts_with("Can't free all objects");
        let mut trouble = make(if left { Kind::Left } else { Kind::Slab }, what);
        (trouble.site, trouble.cache) = (Some(short(site)), Some(short(cache)));
        return Some((trouble, Stack::None));
    }
    if let Some(rest) = text.strip_prefix("Slab corruption") {
        let mut trouble = make(Kind::Slab, "Slab corruption");
        let rest = rest.rsplit_once("): ").map_or(rest, |(_, rest)| rest).trim_start_matches([':', ' ']);
        trouble.cache = rest.split_once(" start=").map(|(cache, _)| short(cache));
        return Some((trouble, Stack::None));
    }
    if let Some(rest) = text.strip_prefix("kmem_cache_destroy ") {
        let (cache, what) = rest.split_once(": ")?;
        let mut trouble = make(Kind::Left, what.split(" when called from ").next()?);
        trouble.cache = Some(short(cache));
        trouble.site = what.split_once(" when called from ").and_then(|(_, site)| function(site));
        return what.starts_with("Slab cache still has objects").then_some((trouble, Stack::Site));
    }
    if let Some(rest) = text.strip_prefix("cache_from_obj: ") {
        let mut trouble = make(Kind::Slab, "Wrong slab cache");
        let (wanted, _) = rest.strip_prefix("Wrong slab cache. ")?.split_once(" but object is from ")?;
        trouble.cache = Some(short(wanted));
        return Some((trouble, Stack::Site));
    }
    if let Some(rest) = text.strip_prefix("unreferenced object 0x") {
        let mut scan = Scan(rest);
        scan.hex()?;
        let bytes = scan.blanks().eat("(size ").then(|| scan.decimal()).flatten()?;
        let mut trouble = make(Kind::Leak, "unreferenced object");
        trouble.bytes = bytes;
        return Some((trouble, Stack::None));
    }
    let rest = text.strip_prefix("Page allocated via order ")?;
    let mut scan = Scan(rest);
    let order = scan.decimal().filter(|order| *order < 32)?;
    let mut trouble = make(Kind::Owner, &format!("order {order}"));
    trouble.bytes = 4096 << order;
    trouble.task = task_of(rest);
    Some((trouble, Stack::Allocated))
}

impl Open {
    /// Reads a line behind the head; true when it belongs to the report.
    fn detail(&mut self, text: &str) -> bool {
        let Self { trouble, stack, .. } = self;
        if let Some(name) = frame(text) {
            let who = match stack {
                Stack::None => return true,
                Stack::Site => {
                    let fresh = trouble.site.is_none() && !is_machinery(name);
                    trouble.site = if fresh { Some(short(name)) } else { trouble.site.take() };
                    return true;
                }
                Stack::Allocated => trouble.allocated.get_or_insert_default(),
                Stack::Freed => trouble.freed.get_or_insert_default(),
            };
            if who.function.is_none() && !is_machinery(name) {
                who.function = Some(short(name));
            }
            return true;
        }
        self.words(text)
    }

    fn words(&mut self, text: &str) -> bool {
        let Self { trouble, stack, .. } = self;
        let mut bare = text.strip_prefix("INFO: ").unwrap_or(text);
        if let Some(at) = text.find(", cache=") {
            let name = &text[at + ", cache=".len()..];
            // KFENCE up to 5.15 says it in brackets, and in the same line who allocated.
            let (name, rest) = name.split_once("] ").unwrap_or((name, ""));
            trouble.cache = Some(short(name));
            if rest.is_empty() {
                return true;
            }
            bare = rest;
        }
        for (key, theirs) in [("llocated ", Stack::Allocated), ("reed ", Stack::Freed)] {
            let Some(rest) = bare.strip_prefix(['A', 'a', 'F', 'f']).and_then(|rest| rest.strip_prefix(key)) else {
                continue;
            };
            let who = Who {
                // SLUB names the function in the line itself.
                function: rest.strip_prefix("in ").and_then(function).filter(|name| !is_machinery(name)),
                task: rest
                    .strip_prefix("by task ")
                    .map(|task| short(task.trim_end_matches(':')))
                    .or_else(|| rest.rsplit_once(" pid=").map(|(_, pid)| short(pid))),
            };
            if who == Who::default() {
                continue;
            }
            *stack = theirs;
            let slot = if theirs == Stack::Allocated { &mut trouble.allocated } else { &mut trouble.freed };
            slot.get_or_insert(who);
            return true;
        }
        for access in ["Read of size ", "Write of size "] {
            if text.starts_with(access) {
                let (what, task) = text.split_once(" by task ").map_or((text, None), |(what, task)| (what, Some(task)));
                let what = what.split(" at addr ").next().unwrap_or(what);
                trouble.access.get_or_insert_with(|| short(what));
                trouble.task = trouble.task.take().or(task.map(short));
                return true;
            }
        }
        if let Some(rest) = text.strip_prefix("which belongs to the cache ") {
            trouble.cache = rest.rsplit_once(" of size ").map(|(cache, _)| short(cache));
            return true;
        }
        if let Some(rest) = ["RIP: 0010:", "pc : ", "PC is at "].iter().find_map(|key| text.strip_prefix(key)) {
            if trouble.kind == Kind::Kasan && trouble.site.is_none() {
                let name = rest.rsplit_once("] ").map_or(rest, |(_, name)| name).trim_start();
                trouble.site = function(name).filter(|name| !name.starts_with("0x"));
            }
            return true;
        }
        if let Some(rest) = text.strip_prefix("Object at ").and_then(|rest| rest.split_once(", in cache ")) {
            trouble.cache = rest.1.split(" size:").next().map(short);
            return true;
        }
        if let Some(rest) = text.strip_prefix("The buggy address is located ") {
            trouble.spot = Some(short(rest));
            return true;
        }
        if let Some((region, _)) = text.split_once("-byte region [") {
            // The second half of the line before; newer kernels say `allocated 60-byte region`.
            if let Some(spot) = trouble.spot.as_mut().filter(|spot| spot.ends_with(" of") || spot.ends_with(" inside"))
            {
                *spot = short(&format!("{spot} a {region}-byte region"));
            }
            return true;
        }
        if let Some(rest) = text.strip_prefix("comm \"") {
            trouble.task = rest.split_once('"').map(|(task, _)| short(task));
            return true;
        }
        if text.starts_with("backtrace") {
            // kmemleak's only stack: who allocated what is lost.
            *stack = if trouble.kind == Kind::Leak { Stack::Allocated } else { Stack::Site };
            return true;
        }
        if text.starts_with("Call Trace:") || text.starts_with("Call trace:") || text.starts_with("Backtrace:") {
            *stack = Stack::Site;
            return true;
        }
        if let Some(rest) = text.strip_prefix("in_atomic(): ") {
            let state = rest.split(", pid").next().unwrap_or(rest).replace("(): ", " ");
            trouble.access = Some(short(&format!("in_atomic {state}")));
            if let Some((_, name)) = rest.rsplit_once("name: ") {
                trouble.task = Some(short(name));
            }
            return true;
        }
        const OF_REPORTS: [&str; 13] = [
            "The buggy address ",
            "Memory state around",
            "0x",
            "Object ",
            "Redzone ",
            "Padding ",
            "Slab 0x",
            "FIX ",
            "Disabling lock debugging",
            "page:",
            "hex dump",
            "PFN ",
            "kfence-#",
        ];
        OF_REPORTS.iter().any(|key| bare.starts_with(key)) || text.starts_with("=====") || text.starts_with("-----")
    }
}

/// The function of a line of a stack: ` [<c0123456>] ? name+0x12/0x34 [module]`.
fn frame(text: &str) -> Option<&str> {
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix("[<") {
        rest = behind.split_once(">]")?.1.trim_start();
    }
    rest = rest.strip_prefix("? ").unwrap_or(rest);
    rest = rest.strip_prefix('(').unwrap_or(rest);
    // Where addresses were made lines: ` name path/of/file.c:123 [inline]`.
    let in_source = || {
        let (name, place) = rest.split_once(' ')?;
        let (file, line) = place.split_whitespace().next()?.rsplit_once(':')?;
        let is_source = [".c", ".h", ".S", ".rs"].iter().any(|end| file.ends_with(end));
        (is_source && line.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
    };
    let name = rest.find("+0x").map(|end| &rest[..end]).or_else(in_source)?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.$".contains(&byte));
    is_name.then_some(name)
}

/// The task of a page: `…, tgid 51 (dhcp), ts 1 ns`; before 6.x there is its number only.
fn task_of(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(", tgid ")?;
    let (_, name) = rest.split_once('(')?;
    name.split_once(')').map(|(name, _)| short(name))
}

/// The function at the start of `text`, with its offset or without: `name+0x1/0x2 [m] age=3`.
fn function(text: &str) -> Option<String> {
    let name = text.split(['+', ' ', '/']).next().unwrap_or_default();
    (!name.is_empty()).then(|| short(name))
}

/// What a text may claim to be a name: not more than this.
fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Functions that stand in stacks between who did it and the report: allocators, checkers, printers.
fn is_machinery(name: &str) -> bool {
    const BEGIN: [&str; 50] = [
        "cache_alloc",
        "cache_free",
        "__cache_free",
        "__cache_alloc",
        "set_alloc_info",
        "do_slab_free",
        "__stack_trace",
        "____kasan",
        "kasan_",
        "__kasan",
        "__asan_",
        "kfence_",
        "__kfence",
        "kmalloc",
        "__kmalloc",
        "__do_kmalloc",
        "kmem_cache_",
        "__kmem_cache",
        "kzalloc",
        "kcalloc",
        "kvmalloc",
        "kvzalloc",
        "krealloc",
        "kmemleak_",
        "slab_",
        "__slab_",
        "___slab_",
        "slub_",
        "free_debug_processing",
        "alloc_debug_processing",
        "stack_trace_save",
        "save_stack",
        "set_track",
        "__set_page_owner",
        "__alloc_pages",
        "__alloc_frozen_pages",
        "alloc_pages",
        "alloc_page",
        "allocate_slab",
        "new_slab",
        "__get_free_page",
        "get_page_from_freelist",
        "get_free_page",
        "prep_new_page",
        "post_alloc_hook",
        "dump_stack",
        "print_",
        "create_object",
        "__create_object",
        "cache_from_obj",
    ];
    const WHOLE: [&str; 22] = [
        "kfree",
        "__kfree",
        "kvfree",
        "kfree_const",
        "kfree_sensitive",
        "kzfree",
        "___might_sleep",
        "__might_sleep",
        "__might_resched",
        "__might_fault",
        "might_fault",
        "show_stack",
        "unwind_backtrace",
        "dump_backtrace",
        "check_memory_region",
        "vmalloc",
        "vzalloc",
        "__vmalloc",
        "bad_page",
        "folio_alloc",
        "dump_page",
        "warn_slowpath_fmt",
    ];
    // `.cold`, `.constprop.6`, `.isra.0`: parts that the compiler made.
    let name = name.split('.').next().unwrap_or(name);
    BEGIN.iter().any(|begin| name.starts_with(begin)) || WHOLE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Trouble> {
        let (mut reader, mut list, mut lost) = (Reader::default(), Vec::new(), 0);
        for (at, raw) in text.lines().enumerate() {
            let place = Place { source: 0, line: at as u64 + 1 };
            let line = Line { place, text: crate::line::kernel_text(raw) };
            reader.line(&line, raw, &mut list, &mut lost);
        }
        reader.finish(&mut list, &mut lost);
        assert_eq!(lost, 0);
        list
    }

    #[test]
    fn each_head_names_cache_and_place() {
        for (text, kind, what, site, cache) in [
            (
                "BUG: KASAN: slab-out-of-bounds in oob_right+0x9c/0x110 [m]",
                Kind::Kasan,
                "slab-out-of-bounds",
                "oob_right",
                "",
            ),
            (
                "BUG: KFENCE: use-after-free read in my_read+0x9c/0x110",
                Kind::Kfence,
                "use-after-free read",
                "my_read",
                "",
            ),
            ("BUG kmalloc-64 (Not tainted): Poison overwritten", Kind::Slab, "Poison overwritten", "", "kmalloc-64"),
            (
                "BUG mnt_cache(9:x y) (Tainted: G  B): Object already free",
                Kind::Slab,
                "Object already free",
                "",
                "mnt_cache(9:x y)",
            ),
            (
                "BUG foo (Tainted: G O): Objects remaining in foo on __kmem_cache_shutdown()",
                Kind::Left,
                "Objects remaining on shutdown",
                "",
                "foo",
            ),
            (
                "slab error in kmem_cache_destroy(): cache `foo': Can't free all objects",
                Kind::Left,
                "Can't free all objects",
                "kmem_cache_destroy",
                "foo",
            ),
            ("Slab corruption (Not tainted): size-64 start=c7a0, len=64", Kind::Slab, "Slab corruption", "", "size-64"),
            (
                "kmem_cache_destroy foo: Slab cache still has objects when called from foo_exit+0x1/0x2",
                Kind::Left,
                "Slab cache still has objects",
                "foo_exit",
                "foo",
            ),
            (
                "cache_from_obj: Wrong slab cache. kmalloc-64 but object is from kmalloc-96",
                Kind::Slab,
                "Wrong slab cache",
                "",
                "kmalloc-64",
            ),
        ] {
            let found = &read(text)[0];
            let expected = (kind, what, site, cache);
            let (site, cache) = (found.site.as_deref().unwrap_or(""), found.cache.as_deref().unwrap_or(""));
            assert_eq!((found.kind, found.what.as_str(), site, cache), expected, "{text}");
        }
        for foreign in ["BUG: unable to handle page fault for address: 0", "BUG", "BUG x", "unreferenced object here"] {
            assert!(read(foreign).is_empty(), "{foreign}");
        }
    }

    #[test]
    fn who_allocated_and_freed_is_the_first_that_is_no_allocator() {
        let found = read(
            "[   10.5] BUG: KASAN: use-after-free in dev_read+0x10/0x20 [m]\n\
             [   10.5] Write of size 1 at addr ffff888003c0a040 by task cat/71\n\
             [   10.5] Call Trace:\n[   10.5]  dump_stack_lvl+0x1/0x2\n\
             [   10.5] Allocated by task 70:\n[   10.5]  kasan_save_stack+0x1/0x2\n[   10.5]  dev_open+0x1/0x2 [m]\n\
             [   10.5]  chrdev_open+0x1/0x2\n[   10.5] Freed by task 72:\n[   10.5]  kfree+0x1/0x2\n\
             [   10.5]  dev_release+0x1/0x2 [m]\n\
             [   10.5] The buggy address belongs to the object at ffff888003c0a040\n\
             [   10.5]  which belongs to the cache kmalloc-64 of size 64\n",
        );
        let trouble = &found[0];
        assert_eq!(trouble.site.as_deref(), Some("dev_read"));
        assert_eq!((trouble.access.as_deref(), trouble.task.as_deref()), (Some("Write of size 1"), Some("cat/71")));
        assert_eq!(trouble.cache.as_deref(), Some("kmalloc-64"));
        let who = |who: &Option<Who>| who.as_ref().map(|who| (who.function.clone(), who.task.clone()));
        assert_eq!(who(&trouble.allocated), Some((Some("dev_open".to_owned()), Some("70".to_owned()))));
        assert_eq!(who(&trouble.freed), Some((Some("dev_release".to_owned()), Some("72".to_owned()))));
        assert_eq!(trouble.times, Some((10.5, 10.5)));
    }

    #[test]
    fn equal_ones_are_counted_and_others_are_not() {
        let one = |time: u32, site: &str| format!("[  {time}.000000] BUG: KASAN: use-after-free in {site}+0x1/0x2\n");
        let found = read(&(one(5, "a") + &one(6, "b") + &one(9, "a")));
        let told: Vec<_> = found.iter().map(|it| (it.site.as_deref().unwrap_or(""), it.count, it.times)).collect();
        assert_eq!(told, [("a", 2, Some((5.0, 9.0))), ("b", 1, Some((6.0, 6.0)))]);
    }

    #[test]
    fn leaks_and_pages_are_summed_by_who_allocated() {
        let leak = "unreferenced object 0xffff888003c0a000 (size 64):\n  comm \"insmod\", pid 70, jiffies 42 (age 3.1s)\n\
                    \x20 hex dump (first 32 bytes):\n    00 00\n  backtrace:\n    [<0000000012345678>] kmalloc_trace+0x1/0x2\n\
                    \x20   [<0000000012345679>] my_init+0x1/0x2 [m]\n";
        let found = read(&leak.repeat(3));
        assert_eq!((found.len(), found[0].count, found[0].bytes), (1, 3, 192));
        assert_eq!(found[0].allocated.as_ref().and_then(|who| who.function.as_deref()), Some("my_init"));
        let page = "Page allocated via order 2, mask 0xcc0(GFP_KERNEL), pid 1, ts 1 ns\nPFN 9 type Unmovable\n\
                    \x20__alloc_pages+0x1/0x2\n my_probe+0x1/0x2\n\n";
        let found = read(&page.repeat(2));
        assert_eq!((found[0].count, found[0].bytes, found[0].what.as_str()), (2, 2 * 16384, "order 2"));
        assert_eq!(found[0].allocated.as_ref().and_then(|who| who.function.as_deref()), Some("my_probe"));
    }
}
