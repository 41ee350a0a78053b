//! What a kernel says about its slab caches: what a check of a debugged one found, and what is in use when one is to go.
//!
//! The bytes are quoted as they are, and put right afterwards. Who runs now, the machine says ([`Machine::stack`]).
//!
//! Source: `mm/slub.c` (`check_object`, `free_consistency_checks`, `alloc_debug_processing`, `list_slab_objects`), 2.6.11
//! `mm/slab.c`.

use super::report::{style, ASKER};
use crate::error::Name;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::slab::debug::{Held, Moment, Track, Wrong, Zone};
use crate::slab::{BugKind, CacheId, ObjectView, SlabBug, Then, TASK, TRACE_FRAMES};
use crate::snapshot::report::slab_bug::{old, Bytes, SlabLine, Taint, Trace, Who, Wording, TAINT_BAD_PAGE, TAINT_WARN};
use crate::snapshot::report::ReportEra;
use crate::units::{Order, PhysAddr, PAGE_SIZE};
use core::fmt::{Display, Result, Write};

/// Where a report of 6.12 comes from.
const AT_OBJECT: &str = "mm/slub.c:1124 object_err";
const AT_SLAB: &str = "mm/slub.c:1149 slab_err";
const AT_SHUTDOWN: &str = "mm/slub.c:1149 __kmem_cache_shutdown";
const AT_DESTROY_6_12: &str = "mm/slab_common.c:521 kmem_cache_destroy";
const AT_DESTROY_6_1: &str = "mm/slab_common.c:493 kmem_cache_destroy";
const AT_WRONG_CACHE: &str = "mm/slub.c cache_from_obj";

/// One report: where it goes, and what all its lines need.
struct Report<'a, M: Machine> {
    mem: &'a Memory<M>,
    out: &'a mut dyn Write,
    wording: Wording,
    /// Reports and repairs, as the kernel's own tests count them.
    errors: u32,
}

/// What nobody reads.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> Result {
        Ok(())
    }
}

/// Makes a report, or counts what would be in it.
fn tell<M: Machine>(out: &mut dyn Write, mem: &Memory<M>, write: impl FnOnce(&mut Report<'_, M>) -> Result) -> Result {
    let mut nowhere = Nowhere;
    let counts = mem.slab.debug.counts.get() != 0;
    let mut report = Report::new(if counts { &mut nowhere } else { out }, mem);
    let written = write(&mut report);
    if counts {
        mem.slab.debug.counted.add(report.errors);
    }
    written
}

/// Writes what a check has found, and puts the bytes right.
pub(super) fn bug<M: Machine>(out: &mut dyn Write, mem: &Memory<M>, bug: &SlabBug) -> Result {
    let _irq = mem.irq_off();
    let Some(mut view) = mem.slab.view(&mem.pages, bug.object) else { return Ok(()) };
    if let BugKind::Damaged { then: Then::AllUsed { used, first_free }, .. } = bug.what {
        (view.used, view.first_free) = (used, first_free);
    }
    tell(out, mem, |report| match report.wording.era {
        ReportEra::V2_6 => report.old_bug(bug, &view),
        _ => report.bug(bug, &view),
    })
}

/// Writes that an object of a traced cache was allocated, or is to be freed: `trace`.
pub(super) fn traced<M: Machine>(out: &mut dyn Write, mem: &Memory<M>, object: PhysAddr, moment: Moment) -> Result {
    let _irq = mem.irq_off();
    let mut report = Report::new(out, mem);
    let Some(view) = mem.slab.view(&mem.pages, object) else { return Ok(()) };
    let (at, first_free) = (report.virt(object), view.first_free.map_or(0, |at| report.virt(at)));
    let did = if moment == Moment::Alloc { "alloc" } else { "free" };
    report.wording.traced(report.out, view.name.as_str(), did, [at, first_free], view.used)?;
    if moment == Moment::Free {
        report.section("Object", object, view.layout.object_end - view.layout.object)?;
    }
    report.warn(false, None, "")
}

/// Writes which objects are in use while their cache is to be destroyed.
pub(super) fn remaining<M: Machine>(out: &mut dyn Write, mem: &Memory<M>, id: CacheId) -> Result {
    let _irq = mem.irq_off();
    let Some(info) = mem.slab.info(id) else { return Ok(()) };
    tell(out, mem, |report| report.all_remaining(id, info.name))
}

impl<'a, M: Machine> Report<'a, M> {
    fn new(out: &'a mut dyn Write, mem: &'a Memory<M>) -> Self {
        Self { mem, out, wording: Wording { era: style(mem).era, word_bytes: mem.profile.word_bytes }, errors: 0 }
    }
    fn virt(&self, at: PhysAddr) -> u64 {
        virt(self.mem, at)
    }
    fn taint(&self) -> Taint {
        Taint { bits: self.mem.slab.debug.taint.get(), era: self.wording.era }
    }
    fn head(&mut self, view: &ObjectView, what: &dyn Display) -> Result {
        let taint = self.taint();
        self.wording.head(self.out, view.name.as_str(), taint, what)
    }
    fn slab(&mut self, view: &ObjectView) -> Result {
        let line = slab_line(self.mem, view);
        self.wording.slab(self.out, &line)
    }
    fn add_taint(&mut self, bits: u32) -> Result {
        let before = self.taint().bits;
        self.mem.add_taint(bits);
        // Locks cannot be checked any more where a bad page was seen.
        if bits & TAINT_BAD_PAGE != 0 && before & TAINT_BAD_PAGE == 0 {
            writeln!(self.out, "Disabling lock debugging due to kernel taint")?;
        }
        Ok(())
    }
    fn bytes(&self, wrong: &Wrong, view: &ObjectView) -> Bytes {
        Bytes {
            first: self.virt(wrong.at),
            last: self.virt(wrong.at.offset(u64::from(wrong.len.max(1)) - 1)),
            offset: offset(view, wrong.at),
            found: wrong.found,
            expected: wrong.expected,
        }
    }

    fn bug(&mut self, bug: &SlabBug, view: &ObjectView) -> Result {
        let (name, object) = (view.name, self.virt(bug.object));
        match bug.what {
            BugKind::Damaged { then, .. } => {
                self.damaged(bug, view)?;
                match then {
                    Then::NotFreed => self.not_freed(name, object),
                    Then::AllUsed { .. } => self.fix(name, &"Marking all objects used"),
                    Then::SetAside | Then::Nothing => Ok(()),
                }
            }
            BugKind::SlabEnd => self.damaged(bug, view),
            BugKind::AlreadyFree => {
                self.object_error(view, &"Object already free")?;
                self.not_freed(name, object)
            }
            BugKind::NotAnObject => {
                let digits = 2 * self.wording.word_bytes as usize;
                self.slab_error(view, &format_args!("Invalid object pointer 0x{object:0digits$x}"))?;
                self.trace(AT_SLAB)?;
                self.not_freed(name, object)
            }
            BugKind::FreeChain => self.object_error(view, &"Freechain corrupt"),
            BugKind::Count { counter, counted } => {
                self.slab_error(
                    view,
                    &format_args!("Wrong object count. Counter is {counter} but counted were {counted}"),
                )?;
                self.trace(AT_SLAB)?;
                self.fix(name, &"Object count adjusted")
            }
            BugKind::WrongCache { to } => {
                let to = self.mem.slab.info(to).map(|info| info.name).unwrap_or_default();
                self.warn(
                    true,
                    Some(&format_args!("cache_from_obj: Wrong slab cache. {to} but object is from {name}")),
                    AT_WRONG_CACHE,
                )?;
                self.tracks(view)
            }
        }
    }
    fn fix(&mut self, cache: Name, what: &dyn Display) -> Result {
        self.errors += 1;
        self.wording.fix(self.out, cache.as_str(), what)
    }
    fn not_freed(&mut self, cache: Name, object: u64) -> Result {
        self.errors += 1;
        self.wording.not_freed(self.out, cache.as_str(), object)
    }
    /// Bytes that are not what they should be.
    fn damaged(&mut self, bug: &SlabBug, view: &ObjectView) -> Result {
        let (mem, mut first, mut written) = (self.mem, true, Ok(()));
        mem.slab.examine(&mem.pages, bug, &mut |wrong| {
            if written.is_ok() {
                written = self.one_damage(wrong, view, first);
            }
            first = false;
        });
        written
    }
    fn one_damage(&mut self, wrong: &Wrong, view: &ObjectView, first: bool) -> Result {
        let (wording, bytes) = (self.wording, self.bytes(wrong, view));
        let what = zone_name(wrong.zone, wording.era);
        let cache = view.name;
        match wrong.zone {
            Zone::FreePointer => {
                if first || wording.era < ReportEra::V6_12 {
                    self.object_error(view, &"Freepointer corrupt")?;
                }
                return Ok(());
            }
            Zone::SlabPadding => {
                let (first, last) = (bytes.first, bytes.last);
                let digits = 2 * wording.word_bytes as usize;
                self.slab_error(
                    view,
                    &format_args!(
                        "Padding overwritten. 0x{first:0digits$x}-0x{last:0digits$x} @offset={}",
                        bytes.offset
                    ),
                )?;
                self.trace(AT_SLAB)?;
                let used = u64::from(view.objects) * u64::from(view.layout.size);
                self.section("Padding", view.slab.phys().offset(used), (view.order.bytes() - used) as u32)?;
            }
            _ if wording.era == ReportEra::V6_12 => {
                wording.overwritten(self.out, what, &bytes)?;
                // The object's report is about all of its bytes, so the bytes are counted and it is not.
                if first {
                    self.object_error(view, &"Object corrupt")?;
                } else {
                    self.errors += 1;
                }
            }
            _ => {
                self.errors += 1;
                self.head(view, &format_args!("{what} overwritten"))?;
                wording.overwritten(self.out, what, &bytes)?;
                self.trailer(view)?;
                self.trace(AT_OBJECT)?;
                self.add_taint(TAINT_BAD_PAGE)?;
            }
        }
        self.errors += 1;
        wording.restored(self.out, cache.as_str(), what, &bytes)
    }
    /// `object_err`.
    fn object_error(&mut self, view: &ObjectView, what: &dyn Display) -> Result {
        self.errors += 1;
        self.head(view, what)?;
        self.trailer(view)?;
        if self.wording.era == ReportEra::V6_12 {
            self.add_taint(TAINT_BAD_PAGE)?;
            return self.trace(AT_OBJECT);
        }
        self.trace(AT_OBJECT)?;
        self.add_taint(TAINT_BAD_PAGE)
    }
    /// `slab_err`, but for the trace.
    fn slab_error(&mut self, view: &ObjectView, what: &dyn Display) -> Result {
        self.errors += 1;
        self.head(view, what)?;
        self.slab(view)
    }
    /// Everything about an object: `print_trailer`.
    fn trailer(&mut self, view: &ObjectView) -> Result {
        let wording = self.wording;
        self.tracks(view)?;
        self.slab(view)?;
        let next_free = view.next_free.map_or(0, |at| self.virt(at));
        let at = self.virt(view.object);
        wording.object(self.out, at, offset(view, view.object), next_free)?;
        let layout = view.layout;
        let stride = PhysAddr::new(view.object.raw() - u64::from(layout.object));
        let at = |offset: u32| stride.offset(offset.into());
        if layout.has_red_zones() && layout.object > 0 {
            self.section("Redzone", stride, layout.object)?;
        } else if offset(view, view.object) > 16 {
            self.section("Bytes b4", PhysAddr::new(view.object.raw() - 16), 16)?;
        }
        let shown = (layout.object_end - layout.object).min(PAGE_SIZE as u32);
        self.section("Object", view.object, shown)?;
        if layout.has_red_zones() {
            self.section("Redzone", at(layout.object_end), layout.zone_end - layout.object_end)?;
        }
        self.section("Padding", at(layout.padding), layout.size - layout.padding)
    }
    fn section(&mut self, what: &str, at: PhysAddr, len: u32) -> Result {
        let mem = self.mem;
        let base = self.virt(at);
        self.wording.section(self.out, what, base, len, &|addr, row| {
            // A row inside a slab is in RAM.
            mem.ram.read(at.offset(addr - base), row);
        })
    }
    fn tracks(&mut self, view: &ObjectView) -> Result {
        for (moment, did) in [(Moment::Alloc, "Allocated"), (Moment::Free, "Freed")] {
            if let Some(track) = view.tracks[moment as usize] {
                self.track(did, &track)?;
            }
        }
        Ok(())
    }
    fn track(&mut self, did: &'static str, track: &Track) -> Result {
        let (mem, mut frames) = (self.mem, [0; TRACE_FRAMES]);
        let count = mem.slab.debug.traces.get(track.stack, &mut frames);
        let who = Who {
            did,
            addr: track.addr,
            age: mem.slab.jiffies().saturating_sub(track.when),
            cpu: track.cpu,
            pid: track.pid,
            stack: frames.get(..count).unwrap_or_default(),
        };
        self.wording.who(self.out, &who, &|addr, out| symbol(mem, addr, out))
    }
    /// Where the report is made: a warning in 6.12, the stack alone before.
    fn trace(&mut self, at: &str) -> Result {
        let warns = self.wording.era == ReportEra::V6_12;
        self.warn(warns, None, at)
    }
    fn warn(&mut self, warns: bool, text: Option<&dyn Display>, at: &str) -> Result {
        let (mem, mut frames) = (self.mem, [0; TRACE_FRAMES]);
        let count = M::stack(&mut frames);
        let trace = Trace {
            cpu: mem.machine.cpu(),
            pid: TASK,
            comm: ASKER,
            taint: self.taint(),
            release: mem.profile.release,
            warning: warns.then_some((text, at)),
            stack: frames.get(..count).unwrap_or(&frames),
        };
        self.wording.trace(self.out, &trace, &|addr, out| symbol(mem, addr, out))?;
        self.add_taint(if warns { TAINT_WARN } else { 0 })
    }
    /// The last word about a cache that stays.
    fn still_has_objects(&mut self, name: Name) -> Result {
        let (mem, mut caller) = (self.mem, [0; 1]);
        if self.wording.era < ReportEra::V6_1 {
            return writeln!(self.out, "kmem_cache_destroy {name}: Slab cache still has objects");
        }
        M::stack(&mut caller);
        let mut by = Name::default();
        // A name that is too long is cut, which `Name` does without an error.
        let _ = symbol(mem, caller[0], &mut by);
        let at = if self.wording.era == ReportEra::V6_12 { AT_DESTROY_6_12 } else { AT_DESTROY_6_1 };
        self.warn(
            true,
            Some(&format_args!("kmem_cache_destroy {name}: Slab cache still has objects when called from {by}")),
            at,
        )
    }
    /// All that is in use of a cache that is to go.
    fn all_remaining(&mut self, id: CacheId, name: Name) -> Result {
        if self.wording.era == ReportEra::V2_6 {
            old::error(self.out, "kmem_cache_destroy", name.as_str(), "Can't free all objects")?;
            return self.old_stack();
        }
        let mem = self.mem;
        let (mut slab, mut last) = (None, None);
        let mut written = Ok(());
        mem.slab.for_each_held(&mem.pages, id, |at, object| {
            if written.is_err() {
                return;
            }
            let Some(view) = mem.slab.view(&mem.pages, object) else { return };
            if slab != Some(at) {
                written = self.slab_remains(&mut last, &view);
                slab = Some(at);
            }
            written = written.and_then(|()| self.object_remains(&view));
            last = Some(view);
        });
        written?;
        self.slab_done(&mut last)?;
        self.still_has_objects(name)
    }
    /// Begins with another slab of a cache that is to go, after the last one was ended: 6.1 has the slab's line before its
    /// objects, 6.12 behind them.
    fn slab_remains(&mut self, last: &mut Option<ObjectView>, view: &ObjectView) -> Result {
        self.slab_done(last)?;
        let name = view.name;
        match self.wording.era {
            ReportEra::V6_12 => {
                let what = "Objects remaining on __kmem_cache_shutdown()";
                self.errors += 1;
                self.head(view, &what)
            }
            ReportEra::V6_1 => {
                self.slab_error(view, &format_args!("Objects remaining in {name} on __kmem_cache_shutdown()"))?;
                self.trace(AT_SHUTDOWN)?;
                self.add_taint(TAINT_BAD_PAGE)
            }
            ReportEra::V3_4 | ReportEra::V2_6 => {
                self.slab_error(view, &format_args!("Objects remaining on kmem_cache_close()"))?;
                self.trace(AT_SHUTDOWN)
            }
        }
    }
    fn object_remains(&mut self, view: &ObjectView) -> Result {
        if self.wording.era == ReportEra::V6_12 {
            self.errors += 1;
        }
        let at = self.virt(view.object);
        self.wording.remaining(self.out, at, offset(view, view.object))?;
        self.tracks(view)
    }
    fn slab_done(&mut self, last: &mut Option<ObjectView>) -> Result {
        match last.take() {
            Some(view) if self.wording.era == ReportEra::V6_12 => {
                self.slab(&view)?;
                self.add_taint(TAINT_BAD_PAGE)?;
                self.trace(AT_SHUTDOWN)
            }
            _ => Ok(()),
        }
    }

    /// 2.6.
    fn old_bug(&mut self, bug: &SlabBug, view: &ObjectView) -> Result {
        let (name, layout, mem) = (view.name, view.layout, self.mem);
        let object = self.virt(view.object);
        let zones = layout.has_red_zones().then(|| {
            [layout.object - 4, layout.zone].map(|offset| {
                let stride = PhysAddr::new(view.object.raw() - u64::from(layout.object));
                let mut word = [0; 4];
                mem.ram.read(stride.offset(offset.into()), &mut word);
                u32::from_le_bytes(word)
            })
        });
        let last = view.tracks[Moment::Alloc as usize].map(|track| Who {
            did: "",
            addr: track.addr,
            age: 0,
            cpu: 0,
            pid: 0,
            stack: &[],
        });
        let (mut damage, mut written) = (None, Ok(()));
        let damaged_poison = |wrong: &Wrong| matches!(wrong.zone, Zone::Poison | Zone::EndPoison);
        let mut rows: [Option<(u32, [u8; 16], usize)>; 2] = [None; 2];
        mem.slab.examine(&mem.pages, bug, &mut |wrong| {
            damage.get_or_insert(*wrong);
            if damaged_poison(wrong) && rows[0].is_none() {
                let offset = (wrong.at.raw() - view.object.raw()) as u32 & !15;
                let len = (layout.object_end - layout.object - offset).min(16) as usize;
                let mut row = [0; 16];
                mem.ram.read(view.object.offset(offset.into()), &mut row[..len]);
                rows[0] = Some((offset, row, len));
            }
        });
        match (bug.what, damage) {
            (BugKind::Damaged { held: Held::No, .. }, Some(wrong)) if damaged_poison(&wrong) => {
                let len = layout.object_end - layout.object;
                old::corruption(self.out, object, len)?;
                old::info(self.out, zones, last.as_ref(), &|addr, out| symbol(mem, addr, out))?;
                for (offset, row, len) in rows.iter().flatten() {
                    old::row(self.out, *offset, &row[..*len])?;
                }
            }
            (BugKind::Damaged { held, .. }, Some(_)) => {
                let function = if held == Held::Yes { "cache_free_debugcheck" } else { "cache_alloc_debugcheck_after" };
                let what = "double free, or memory outside object was overwritten";
                old::error(self.out, function, name.as_str(), what)?;
                self.old_stack()?;
                written = zones.map_or(Ok(()), |zones| old::zones(self.out, object, zones));
            }
            (BugKind::AlreadyFree, _) => {
                let what = "double free, or memory outside object was overwritten";
                old::error(self.out, "cache_free_debugcheck", name.as_str(), what)?;
                self.old_stack()?;
                written = zones.map_or(Ok(()), |zones| old::zones(self.out, object, zones));
            }
            (BugKind::WrongCache { to }, _) => {
                let to = mem.slab.info(to).map(|info| info.name).unwrap_or_default();
                writeln!(self.out, "mismatch in kmem_cache_free: expected cache {to}, got {name}")?;
            }
            (BugKind::NotAnObject, _) => writeln!(self.out, "kernel BUG at mm/slab.c: {object:08x} is no object")?,
            _ => {}
        }
        written
    }
    fn old_stack(&mut self) -> Result {
        let (mem, mut frames) = (self.mem, [0; TRACE_FRAMES]);
        let count = M::stack(&mut frames);
        old::stack(self.out, frames.get(..count).unwrap_or(&frames), &|addr, out| symbol(mem, addr, out))
    }
}

fn virt<M: Machine>(mem: &Memory<M>, at: PhysAddr) -> u64 {
    mem.phys_to_virt(at).map_or(0, |addr| addr.raw())
}
fn slab_line<M: Machine>(mem: &Memory<M>, view: &ObjectView) -> SlabLine {
    let zones = mem.profile.zones;
    let extent = mem.pages.zone_extent(view.slab);
    let zone = extent.and_then(|extent| zones.iter().position(|zone| zone.kind == extent.kind));
    SlabLine {
        page: mem
            .slab
            .debug
            .page_structure(view.slab, mem.pages.frames.pfn(0), mem.profile.struct_page)
            .map_or(0, |at| virt(mem, at)),
        objects: view.objects,
        used: view.used,
        first_free: view.first_free.map_or(0, |at| virt(mem, at)),
        is_large: view.order > Order::ZERO,
        is_partial: view.used < view.objects,
        zone: zone.unwrap_or(0) as u32,
        node: extent.filter(|_| mem.profile.max_nodes > 1).map(|extent| extent.node),
    }
}
fn symbol<M: Machine>(mem: &Memory<M>, addr: u64, out: &mut dyn Write) -> Result {
    if mem.machine.write_symbol(addr, out) {
        return Ok(());
    }
    write!(out, "{addr:#x}")
}
/// Distance of an address from the beginning of its slab.
fn offset(view: &ObjectView, at: PhysAddr) -> u64 {
    at.raw() - view.slab.phys().raw()
}
/// What a kernel calls a piece of an object.
fn zone_name(zone: Zone, era: ReportEra) -> &'static str {
    let is_old = era < ReportEra::V6_1;
    match zone {
        Zone::LeftRedzone | Zone::RightRedzone if is_old => "Redzone",
        Zone::EndPoison if is_old => "Poison",
        Zone::LeftRedzone => "Left Redzone",
        Zone::RightRedzone => "Right Redzone",
        Zone::KmallocRedzone => "kmalloc Redzone",
        Zone::AlignmentPadding => "Alignment padding",
        Zone::Poison => "Poison",
        Zone::EndPoison => "End Poison",
        Zone::ObjectPadding => "Object padding",
        Zone::FreePointer => "Freepointer",
        Zone::SlabPadding => "slab padding",
    }
}
