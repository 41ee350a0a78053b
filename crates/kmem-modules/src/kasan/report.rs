//! What is said of a bad access: whose memory it is, by how much it was missed, where that was allocated and freed.

use super::shadow::{ALLOCA, FREE_PAGE, GLOBAL, SCOPE, STACK};
use super::{Global, Kasan};
use crate::finding::{Finding, FindingKind, MemoryBug, Place};
use crate::session::Session;
use crate::tracker::{Allocation, Freed, Kind};
use kmem::units::PAGE_SIZE;
use std::path::PathBuf;

/// What begins a frame whose variables have zones between them; behind it lies the address of their list.
const FRAME_MAGIC: u32 = 0x41b5_8ab3;
/// A frame is not larger than this.
const MOST_FRAME: u32 = 64 << 10;
/// Further away nobody means the object.
const FAR: u64 = 2 * PAGE_SIZE;
/// So close before an object, its index was too small.
const JUST_BEFORE: u64 = 64;

/// What was missed, and what lies around it.
struct Miss<'a> {
    chain: &'a [u32],
    /// First byte and bytes of the access.
    access: (u32, u32),
    /// Its first byte that may not be touched.
    byte: u32,
    verb: &'static str,
}

/// A variable of a function.
struct Variable {
    start: u32,
    bytes: u32,
    name: String,
    /// 0 when the compiler does not say.
    line: u32,
}

/// What the byte is nearest to.
enum Owner {
    Live(Allocation, u32, u64),
    Freed(Freed, u32),
    Nobody,
}

impl Session {
    pub(super) fn report_access(&self, kasan: &Kasan, chain: &[u32], access: (u32, u32), byte: u32, write: bool) {
        let miss = Miss { chain, access, byte, verb: if write { "write" } else { "read" } };
        let finding = match kasan.reason(byte) {
            why if STACK.contains(&why) || why == SCOPE => self.stack_miss(kasan, &miss, why == SCOPE),
            why if ALLOCA.contains(&why) => miss
                .finding(
                    self,
                    MemoryBug::AllocaOutOfBounds,
                    "outside of an array on the stack whose length was computed",
                )
                .help(
                    "check the index against the array's length; better take a large or variable array from kmalloc()",
                ),
            GLOBAL => self.global_miss(kasan, &miss),
            why => self.heap_miss(kasan, &miss, why),
        };
        let name = chain.first().map_or_else(String::new, |addr| self.symbol_text(addr.wrapping_sub(1), true));
        let verb = if write { "Write" } else { "Read" };
        self.log.line(&format!("BUG: KASAN: {} in {name}", finding.kind.name()));
        self.log.line(&format!("{verb} of size {} at addr {}", access.1, self.digits(access.0)));
        self.print_call_trace(chain);
        let finding = if chain.len() > 1 { self.with_trace(finding, chain) } else { finding };
        self.report(finding);
    }

    // --- variables -----------------------------------------------------------------------------------------------------

    fn stack_miss(&self, kasan: &Kasan, miss: &Miss<'_>, is_over: bool) -> Finding {
        let variables = self.variables(kasan, miss.byte);
        let near = variables.iter().min_by_key(|it| distance(miss.byte, it.start, it.bytes));
        let Some(variable) = near else {
            let what = if is_over { "a variable whose block was left" } else { "no variable of the function" };
            return miss.finding(
                self,
                if is_over { MemoryBug::UseAfterScope } else { MemoryBug::StackOutOfBounds },
                what,
            );
        };
        let (name, bytes) = (&variable.name, count(variable.bytes.into()));
        let finding = if is_over {
            let what = format!("of the variable {name} ({bytes}), whose block was left");
            miss.finding(self, MemoryBug::UseAfterScope, &what)
                .help(format!("{name} ends with its block: define it further out, or do not keep its address"))
        } else {
            let what = format!(
                "{} the variable {name} ({bytes}) on the stack",
                beyond(miss.byte, variable.start, variable.bytes.into())
            );
            miss.finding(self, MemoryBug::StackOutOfBounds, &what)
                .help(format!("check the index or the length against the {bytes} of {name}"))
        };
        let place = finding.at.clone().filter(|at| variable.line > 0 && at.line != variable.line);
        // The list is the function's whose code it was; after inlining its lines may be another's.
        let defined = place.map(|at| Place { line: variable.line, column: 0, ..at });
        finding.also(defined, format!("{name} is defined here"))
    }
    /// Reads the list of the variables in the frame around a byte.
    fn variables(&self, kasan: &Kasan, byte: u32) -> Vec<Variable> {
        let left = |at: u32| kasan.shadow.byte(at) == STACK[0];
        let lowest = byte.saturating_sub(MOST_FRAME);
        let mut at = byte & !7;
        while at > lowest && !left(at) {
            at -= 8;
        }
        while at > lowest && left(at - 8) {
            at -= 8;
        }
        if self.read_word(at) != FRAME_MAGIC {
            return Vec::new();
        }
        // "2 32 16 3 a:5 64 10 1 b:6": how many; of each where, bytes, the name's length, name and line.
        let list = self.read_string(self.read_pointer(at, 1));
        let mut rest = list.split_once(' ').map_or("", |(_, rest)| rest);
        let mut variables = Vec::new();
        while let Some((variable, behind)) = variable(rest, at) {
            variables.push(variable);
            rest = behind;
        }
        variables
    }
    fn global_miss(&self, kasan: &Kasan, miss: &Miss<'_>) -> Finding {
        let globals = kasan.globals.borrow();
        let near: Option<&Global> = globals
            .iter()
            .filter(|it| distance(miss.byte, it.start, it.bytes) < u64::from(it.with_zone).max(FAR))
            .min_by_key(|it| distance(miss.byte, it.start, it.bytes));
        let Some(global) = near else {
            return miss.finding(self, MemoryBug::GlobalOutOfBounds, "outside of all global variables");
        };
        let bytes = count(global.bytes.into());
        let what =
            format!("{} the variable {} ({bytes})", beyond(miss.byte, global.start, global.bytes.into()), global.name);
        let finding = miss.finding(self, MemoryBug::GlobalOutOfBounds, &what);
        let file = self.shown_file(PathBuf::from(&global.file));
        let place =
            (global.line > 0).then(|| Place { file, line: global.line, column: 0, function: global.name.clone() });
        finding
            .also(place, format!("{} is defined here", global.name))
            .help(format!("check the index or the length against the {bytes} of {}", global.name))
    }

    // --- what was allocated ----------------------------------------------------------------------------------------------

    fn heap_miss(&self, kasan: &Kasan, miss: &Miss<'_>, why: u8) -> Finding {
        if self.is_user_range(miss.byte, 1) && self.kernel.virt_to_phys(kmem::VirtAddr::new(miss.byte.into())).is_none()
        {
            return miss
                .finding(self, MemoryBug::UserMemoryAccess, "of user memory by a plain pointer")
                .note(format!(
                    "{} is an address of the process, which may be gone, swapped out or somebody else's",
                    self.hex(miss.byte)
                ))
                .help("use copy_from_user(), copy_to_user(), get_user() or put_user(), and look at the result");
        }
        match self.owner(miss.byte) {
            Owner::Live(live, start, usable) if u64::from(miss.byte.wrapping_sub(start)) < usable => {
                let what = format!(
                    "of the {} at {} {}, which their mempool has back",
                    count(usable),
                    self.hex(start),
                    source(&live)
                );
                miss.finding(self, MemoryBug::UseAfterFree, &what)
                    .also(self.place(&live.chain), "allocated here")
                    .note(self.chain_note("allocated", &live.chain))
                    .help("give an element back after its last use")
                    .bytes(live.asked, live.given)
            }
            Owner::Live(live, start, usable) => {
                kasan.missed.borrow_mut().insert(start);
                let bug = match live.kind {
                    Kind::Pages { .. } | Kind::Exact | Kind::Coherent => MemoryBug::PageOutOfBounds,
                    Kind::Vmalloc | Kind::Vmap | Kind::Ioremap => MemoryBug::VmallocOutOfBounds,
                    _ => MemoryBug::SlabOutOfBounds,
                };
                let bytes = count(usable);
                let what = format!(
                    "{} the {bytes} at {} {}",
                    beyond(miss.byte, start, usable),
                    self.hex(start),
                    source(&live)
                );
                miss.finding(self, bug, &what)
                    .also(self.place(&live.chain), format!("{bytes} allocated here"))
                    .note(self.chain_note("allocated", &live.chain))
                    .help(format!("check the index or the length against the {bytes} that were asked for; ask for more if all are needed"))
                    .bytes(live.asked, live.given)
            }
            Owner::Freed(freed, start) => {
                kasan.missed.borrow_mut().insert(start);
                let old = &freed.allocation;
                let inside = miss.byte.wrapping_sub(start);
                let what = format!(
                    "at offset {inside} of the {} at {} {}, which were freed",
                    count(old.asked),
                    self.hex(start),
                    source(old)
                );
                miss.finding(self, MemoryBug::UseAfterFree, &what)
                    .also(self.place(&freed.chain), "freed here")
                    .also(self.place(&old.chain), "allocated here")
                    .note(self.chain_note("allocated", &old.chain))
                    .note(self.chain_note("freed", &freed.chain))
                    .help("free it after its last use, or set the pointer to NULL and look at it before each use")
                    .bytes(old.asked, old.given)
            }
            Owner::Nobody
                if why == FREE_PAGE && self.kernel.virt_to_phys(kmem::VirtAddr::new(miss.byte.into())).is_none() =>
            {
                miss.finding(
                    self,
                    MemoryBug::KmapUseAfterUnmap,
                    "through the address of a page that is no longer mapped",
                )
                .help("use the address only between kmap() and kunmap()")
            }
            Owner::Nobody if self.slab_object(miss.byte).is_some() => {
                let (start, size, cache) = self.slab_object(miss.byte).unwrap_or_default();
                let bytes = count(size.into());
                let what = if u64::from(miss.byte - start) < size.into() {
                    format!("of a free object of {bytes} of the slab cache {cache}")
                } else {
                    format!("{} an object of {bytes} of the slab cache {cache}", beyond(miss.byte, start, size.into()))
                };
                miss.finding(self, MemoryBug::SlabOutOfBounds, &what)
                    .help(format!("check the index or the length against the {bytes} of an object"))
            }
            Owner::Nobody => {
                let what = format!(
                    "of {}, which the module never got: {}",
                    self.hex(miss.byte),
                    self.describe(miss.byte.into())
                );
                miss.finding(self, MemoryBug::WildAccess, &what)
                    .help("the pointer was computed wrongly, never set, or is older than its memory")
            }
        }
    }
    /// Finds what a byte belongs to, or what lies nearest.
    fn owner(&self, byte: u32) -> Owner {
        let tracker = self.tracker.borrow();
        let at = u64::from(byte);
        let live = tracker.live().into_iter().filter_map(|live| {
            let (start, end) = self.extent(&live)?;
            let end = end.max(u64::from(start) + self.stride(&live));
            let usable = self.usable(&live);
            Some((live, start, end, usable))
        });
        let near = live.min_by_key(|(_, start, end, _)| distance(byte, *start, (end - u64::from(*start)) as u32));
        let freed = tracker
            .all_freed()
            .filter_map(|freed| {
                let (start, end) = self.extent(&freed.allocation)?;
                (u64::from(start) <= at && at < end).then_some((freed, start))
            })
            .max_by_key(|(freed, _)| freed.allocation.serial);
        let near = near.filter(|(_, start, end, _)| {
            let away = distance(byte, *start, (end - u64::from(*start)) as u32);
            let just_before = byte < *start && away <= JUST_BEFORE;
            match &freed {
                // Inside of what is live, or just before it and behind what the freed one had.
                Some((freed, old)) => away == 0 || just_before && at - u64::from(*old) >= freed.allocation.asked,
                None => away < FAR,
            }
        });
        match (near, freed) {
            (Some((live, start, _, usable)), _) => Owner::Live(live, start, usable),
            (None, Some((freed, start))) => Owner::Freed(freed.clone(), start),
            (None, None) => Owner::Nobody,
        }
    }
    /// Returns the object of a slab that a byte lies in or behind: where it begins, its bytes, its cache.
    fn slab_object(&self, byte: u32) -> Option<(u32, u32, String)> {
        let phys = self.kernel.virt_to_phys(kmem::VirtAddr::new(byte.into()))?;
        let object = self.kernel.slab().object(self.kernel.pages(), phys)?;
        let cache = self.kernel.slab().info(object.cache)?.name.to_string();
        Some((self.kernel.phys_to_virt(object.start)?.raw() as u32, object.object_size, cache))
    }
    fn chain_note(&self, what: &str, chain: &[u32]) -> String {
        let names: Vec<_> = chain.iter().map(|addr| self.symbol_text(addr.wrapping_sub(1), true)).collect();
        format!("{what} by: {}", names.join(" <- "))
    }
}

impl Kasan {
    /// Returns why a byte may not be touched; of a granule that is allowed in part, what comes behind says it.
    fn reason(&self, byte: u32) -> u8 {
        match self.shadow.byte(byte) {
            1..=7 => self.shadow.byte((byte | 7).saturating_add(1)),
            why => why,
        }
    }
}

impl Miss<'_> {
    fn finding(&self, session: &Session, bug: MemoryBug, what: &str) -> Finding {
        // Of a range the first bytes may be fine.
        let first = self.byte.wrapping_sub(self.access.0);
        let from = if first == 0 { String::new() } else { format!(", from byte {first} on") };
        let title = format!("{} of {}{from} {what}", self.verb, count(self.access.1.into()));
        Finding::new(FindingKind::Memory(bug), title, session.place(self.chain), format!("this {}", self.verb))
    }
}

/// Takes a variable off the list of a frame's.
fn variable(list: &str, frame: u32) -> Option<(Variable, &str)> {
    let (offset, rest) = list.split_once(' ')?;
    let (bytes, rest) = rest.split_once(' ')?;
    let (length, rest) = rest.split_once(' ')?;
    let length: usize = length.parse().ok()?;
    let (name, behind) = (rest.get(..length)?, rest.get(length..)?);
    let (name, line) = name.split_once(':').unwrap_or((name, "0"));
    let start = frame.wrapping_add(offset.parse().ok()?);
    let variable =
        Variable { start, bytes: bytes.parse().ok()?, name: name.to_owned(), line: line.parse().unwrap_or(0) };
    Some((variable, behind.trim_start()))
}

/// How far a byte lies outside of a range; 0 inside.
fn distance(byte: u32, start: u32, bytes: u32) -> u64 {
    let (byte, start, end) = (u64::from(byte), u64::from(start), u64::from(start) + u64::from(bytes));
    if byte < start {
        start - byte
    } else {
        (byte + 1).saturating_sub(end)
    }
}

fn beyond(byte: u32, start: u32, bytes: u64) -> String {
    if byte < start {
        return format!("{} before", count((start - byte).into()));
    }
    match (u64::from(byte) - u64::from(start)).saturating_sub(bytes) {
        0 => "right behind".to_owned(),
        behind => format!("{} behind the end of", count(behind)),
    }
}

fn source(allocation: &Allocation) -> String {
    match allocation.kind {
        Kind::Object { .. } => format!("from the cache {}", allocation.from),
        _ => format!("from {}()", allocation.function),
    }
}

fn count(n: u64) -> String {
    format!("{n} byte{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_lists_its_variables() {
        let (first, rest) = variable("32 16 3 a:5 64 10 4 buf9", 0x1000).unwrap();
        assert_eq!((first.start, first.bytes, first.name.as_str(), first.line), (0x1020, 16, "a", 5));
        let (second, rest) = variable(rest, 0x1000).unwrap();
        assert_eq!((second.start, second.bytes, second.name.as_str(), second.line, rest), (0x1040, 10, "buf9", 0, ""));
        assert!(variable("", 0).is_none() && variable("1 2 999 x", 0).is_none());
    }

    #[test]
    fn how_far_is_said_in_words() {
        assert_eq!(beyond(113, 100, 13), "right behind");
        assert_eq!(beyond(114, 100, 13), "1 byte behind the end of");
        assert_eq!(beyond(96, 100, 13), "4 bytes before");
        assert_eq!((distance(99, 100, 10), distance(109, 100, 10), distance(110, 100, 10)), (1, 0, 1));
    }
}
