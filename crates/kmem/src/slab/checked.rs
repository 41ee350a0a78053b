//! Debugged caches: what happens besides when an object is allocated or freed, and what is found.
//!
//! Such a cache keeps nothing on CPUs, so each of its operations comes through the slow paths, and these call here, under
//! the cache's lock. What is found is kept as a [`SlabBug`] until the layer above, which can write to the log, asks for it:
//! the bytes stay as they are until it has quoted them.
//!
//! As in the kernels, an object that a check finds wrong is not freed, and of a slab with a wrong free object all objects
//! count as used from then on.

use super::cache::{Cache, CacheKind, Inner, Slab};
use super::debug::{compare, DebugRule, Held, Layout, Moment, Stride, Track, Wrong, Zone, DEBUG_FLAGS, PADDING};
use super::options::DebugOptions;
use super::traces::Traces;
use super::{CacheId, ObjectInfo, SlabAllocator, SlabFlags};
use crate::error::{AllocError, Misuse, Name};
use crate::gfp::Gfp;
use crate::page::frame::FrameKind;
use crate::page::{Attempted, PageAllocator};
use crate::sync::{Count, SpinLock};
use crate::units::{Order, Pfn, PhysAddr};

/// Bugs that wait for being reported, at most.
const WAITING: usize = 8;

/// The process that runs, as far as the engine knows: it has one.
pub(crate) const TASK: u32 = 100;

/// Something wrong with an object or a slab.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlabBug {
    /// The cache.
    pub cache: CacheId,
    /// The object's first byte, or the pointer that is none.
    pub object: PhysAddr,
    /// What is wrong.
    pub what: BugKind,
}

/// A bug that was reported, and the first bytes that were wrong, as they were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What was wrong.
    pub bug: SlabBug,
    /// Which bytes, if it is about bytes.
    pub wrong: Option<Wrong>,
}

/// The kinds of bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BugKind {
    /// Bytes around or in an object were written to.
    Damaged {
        /// Whether somebody holds it.
        held: Held,
        /// What became of it.
        then: Then,
    },
    /// The end of a slab, behind its last object, was written to.
    SlabEnd,
    /// The link of a free object, this one, led nowhere; the chain ends here now.
    FreeChain,
    /// A slab's count of objects in use was not what its chain says.
    Count {
        /// What the count was.
        counter: u32,
        /// What it is now.
        counted: u32,
    },
    /// An object that is free was freed.
    AlreadyFree,
    /// A pointer into a slab was freed at which no object begins.
    NotAnObject,
    /// An object was freed to another cache.
    WrongCache {
        /// That one.
        to: CacheId,
    },
}

/// What became of a damaged object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// It was not freed.
    NotFreed,
    /// Its slab is out of use. Before, so many objects were in use, and this one was the first free one.
    AllUsed {
        /// Objects in use, the damaged one among them.
        used: u32,
        /// The first free one.
        first_free: Option<PhysAddr>,
    },
    /// It waits for being given back to its slab (`SlabAllocator::put_back`).
    SetAside,
    /// Nothing more.
    Nothing,
}

/// Where the machine tells who runs.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// Fills in return addresses, the innermost first; returns how many.
    pub(crate) stack: fn(&mut [u64]) -> usize,
    /// Jiffies since boot.
    pub(crate) jiffies: fn(u32) -> u64,
    /// HZ.
    pub(crate) hz: u32,
}

/// What debugging needs of one kernel.
pub(crate) struct Debugging {
    pub(crate) rule: DebugRule,
    pub(crate) options: DebugOptions,
    pub(crate) source: Source,
    pub(crate) traces: Traces,
    /// Whether there ever was a traced cache.
    pub(crate) traces_some: Count,
    /// How the kernel is tainted, by the kernel's bits.
    pub(crate) taint: Count,
    /// Whether a test damages slabs on purpose: what is found is counted then, not told.
    pub(crate) counts: Count,
    /// How many reports and repairs were counted.
    pub(crate) counted: Count,
    /// Where the page structures lie, that reports name.
    mem_map: PhysAddr,
    bugs: SpinLock<[Option<SlabBug>; WAITING]>,
    /// What was reported last, for clients that keep books of their own.
    reported: SpinLock<[Option<Finding>; WAITING]>,
}

impl Debugging {
    pub(crate) fn new(rule: DebugRule, options: DebugOptions, source: Source, mem_map: PhysAddr) -> Self {
        let (bugs, reported) = (SpinLock::default(), SpinLock::default());
        let (traces_some, taint) = (Count::default(), Count::default());
        let (counts, counted) = (Count::default(), Count::default());
        Self {
            rule,
            options,
            source,
            traces: Traces::new(),
            traces_some,
            taint,
            counts,
            counted,
            mem_map,
            bugs,
            reported,
        }
    }
    /// Returns where the page structure of a frame lies, of so many bytes each; `first` has the first one.
    pub(crate) fn page_structure(&self, pfn: Pfn, first: Pfn, bytes: u32) -> Option<PhysAddr> {
        Some(self.mem_map.offset(pfn.raw().checked_sub(first.raw())? * u64::from(bytes)))
    }
}

/// An object of a debugged cache with all that a report shows of it.
#[derive(Clone, Copy, Debug)]
pub struct ObjectView {
    /// The name of the cache.
    pub name: Name,
    /// The object's first byte.
    pub object: PhysAddr,
    /// The slab's first frame.
    pub slab: Pfn,
    /// Its order.
    pub order: Order,
    /// Its objects.
    pub objects: u32,
    /// Those in use.
    pub used: u32,
    /// Its first free object.
    pub first_free: Option<PhysAddr>,
    /// The free object behind this one.
    pub next_free: Option<PhysAddr>,
    /// Where the parts of the object's stride lie.
    pub layout: Layout,
    /// Who allocated and who freed it last.
    pub tracks: [Option<Track>; 2],
}

impl SlabAllocator {
    fn layout(&self, inner: &Inner) -> Layout {
        Layout::new(
            &inner.geometry,
            inner.flags,
            inner.ctor.is_some(),
            inner.kind == CacheKind::Kmalloc || inner.flags.contains(SlabFlags::KMALLOC),
            &self.debug.rule,
        )
    }
    fn stride<'a>(&'a self, layout: &'a Layout, object: PhysAddr) -> Stride<'a> {
        let base = PhysAddr::new(object.raw() - u64::from(layout.object));
        Stride { ram: &self.ram, rule: &self.debug.rule, layout, base }
    }
    fn checks(&self, flags: SlabFlags) -> bool {
        flags.contains(SlabFlags::CONSISTENCY_CHECKS) || self.debug.rule.is_slab && flags.intersects(DEBUG_FLAGS)
    }
    /// Says who runs now.
    fn track(&self, pages: &PageAllocator, cpu: u32) -> Track {
        let mut frames = [0; super::traces::FRAMES];
        let count = (self.debug.source.stack)(&mut frames);
        let frames = frames.get(..count).unwrap_or(&frames);
        Track {
            addr: frames.first().copied().unwrap_or(0),
            stack: if self.debug.rule.is_slab { 0 } else { self.keep_trace(pages, cpu, frames) },
            cpu,
            pid: TASK,
            when: self.jiffies(),
        }
    }
    /// Returns jiffies since boot, as far as the machine has a clock.
    pub(crate) fn jiffies(&self) -> u64 {
        (self.debug.source.jiffies)(self.debug.source.hz)
    }
    /// Keeps a bug until it is reported; false when too many wait.
    fn found(&self, bug: SlabBug) -> bool {
        let mut bugs = self.debug.bugs.lock();
        match bugs.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => {
                *slot = Some(bug);
                true
            }
            None => false,
        }
    }
    /// Returns the bug that has waited longest for being reported.
    pub(crate) fn next_bug(&self) -> Option<SlabBug> {
        let mut bugs = self.debug.bugs.lock();
        let first = bugs.first_mut().and_then(Option::take);
        bugs.rotate_left(1);
        first
    }

    /// Keeps what is about to be reported; the oldest goes when there is no room.
    pub(crate) fn keep_finding(&self, pages: &PageAllocator, bug: SlabBug) {
        let mut wrong = None;
        self.look(pages, &bug, &mut |found, _| {
            wrong.get_or_insert(found);
        });
        let mut reported = self.debug.reported.lock();
        reported.rotate_right(1);
        if let Some(slot) = reported.first_mut() {
            *slot = Some(Finding { bug, wrong });
        }
    }
    /// Returns what was reported first of what nobody has asked for, of the last few. O(1).
    pub fn take_finding(&self) -> Option<Finding> {
        self.debug.reported.lock().iter_mut().rev().find_map(Option::take)
    }
    /// True once there was a debugged cache: then it matters who allocates and frees.
    pub fn has_debugged(&self) -> bool {
        self.caches.iter().any(|(_, cache)| cache.is_debugged())
    }

    /// Asks whoever makes allocations fail about an object: `should_failslab`.
    #[inline]
    pub(super) fn may_fail(&self, pages: &PageAllocator, id: CacheId, gfp: Gfp) -> Result<(), AllocError> {
        if !pages.is_injecting() {
            return Ok(());
        }
        let (bytes, flags) = self.live(id).map_or((0, SlabFlags::empty()), |cache| {
            let inner = cache.inner.lock();
            (inner.geometry.object_size, inner.flags)
        });
        pages.inject(gfp, Attempted::Object { bytes, is_marked: flags.contains(SlabFlags::FAILSLAB) })
    }

    /// Makes the objects of a new slab. Nobody else knows of it yet; the links come afterwards.
    pub(super) fn debug_new_slab(&self, inner: &Inner, slab: &Slab<'_>) {
        let layout = self.layout(inner);
        for number in 0..slab.objects {
            self.stride(&layout, slab.object(number)).start();
        }
        if let Some((end, rest)) = self.slab_end(inner, slab) {
            self.ram.fill(end, rest.into(), PADDING);
        }
    }
    /// What is left behind a slab's last object, where it is guarded: where, and how many bytes.
    fn slab_end(&self, inner: &Inner, slab: &Slab<'_>) -> Option<(PhysAddr, u32)> {
        let used = u64::from(slab.objects) * u64::from(inner.geometry.size);
        let rest = slab.frame.state().order().bytes().checked_sub(used).filter(|rest| *rest > 0)?;
        let guarded = inner.flags.contains(SlabFlags::POISON) && !self.debug.rule.is_slab;
        guarded.then(|| (slab.base.offset(used), rest as u32))
    }

    /// Checks and marks an object that was just taken. False: it is not to be handed out.
    pub(super) fn debug_alloc(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: u32,
        inner: &mut Inner,
        at: PhysAddr,
    ) -> bool {
        let layout = self.layout(inner);
        let stride = self.stride(&layout, at);
        let mut is_whole = true;
        if self.checks(inner.flags) {
            stride.check(Held::No, &mut |_| is_whole = false);
        }
        if !is_whole {
            // 2.6 goes on with the object. Here it is set aside until its bytes are quoted.
            let then = if self.debug.rule.is_slab { Then::SetAside } else { self.isolate(pages, inner, at) };
            let what = BugKind::Damaged { held: Held::No, then };
            if self.found(SlabBug { cache: CacheId(id), object: at, what }) || then != Then::SetAside {
                return false;
            }
        }
        stride.forget_request();
        stride.fill_object(Held::Yes);
        if inner.flags.contains(SlabFlags::STORE_USER) {
            stride.set_track(Moment::Alloc, &self.track(pages, cpu));
        }
        true
    }
    /// Takes the slab of an object out of use.
    fn isolate(&self, pages: &PageAllocator, inner: &mut Inner, at: PhysAddr) -> Then {
        let frames = &pages.frames;
        let head = frames.slab_of(frames.index(Pfn::containing(at))).map(|(head, _)| head);
        let Inner { partial, empty, geometry, free, .. } = inner;
        let Some((head, slab)) = head.and_then(|head| Some((head, Slab::new(frames, head, geometry, &self.ram)?)))
        else {
            return Then::Nothing;
        };
        let first = slab.first_free();
        let then = Then::AllUsed { used: slab.out(), first_free: (first < slab.objects).then(|| slab.object(first)) };
        if slab.out() < slab.objects {
            let list = if slab.out() == 0 { empty } else { partial };
            list.remove(frames, head);
        }
        *free -= u64::from(slab.isolate());
        then
    }

    /// Checks and marks an object that is to be given back.
    pub(super) fn debug_free(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: u32,
        inner: &Inner,
        at: PhysAddr,
    ) -> Result<(), Misuse> {
        let frames = &pages.frames;
        let (layout, checks) = (self.layout(inner), self.checks(inner.flags));
        let slab = frames
            .slab_of(frames.index(Pfn::containing(at)))
            .and_then(|(head, _)| Slab::new(frames, head, &inner.geometry, &self.ram));
        let found = |what| {
            if checks {
                self.found(SlabBug { cache: CacheId(id), object: at, what });
            }
        };
        let Some((slab, (number, start))) = slab.and_then(|slab| slab.find(at).map(|found| (slab, found))) else {
            found(BugKind::NotAnObject);
            return Err(Misuse::NotAnObject(self.virt(at)));
        };
        if start != at {
            found(BugKind::NotAnObject);
            return Err(Misuse::InsideObject { addr: self.virt(at), object: self.virt(start) });
        }
        if slab.is_free(number) {
            found(BugKind::AlreadyFree);
            return Err(Misuse::ObjectFree(self.virt(at)));
        }
        let stride = self.stride(&layout, at);
        let mut is_whole = true;
        if checks {
            stride.check(Held::Yes, &mut |_| is_whole = false);
        }
        if !is_whole {
            found(BugKind::Damaged { held: Held::Yes, then: Then::NotFreed });
            return Err(Misuse::Overwritten(self.virt(at)));
        }
        if inner.flags.contains(SlabFlags::STORE_USER) {
            stride.set_track(Moment::Free, &self.track(pages, cpu));
        }
        stride.fill_object(Held::No);
        Ok(())
    }

    /// Keeps what kmalloc was asked for: what lies behind it is red zone from now on, where the kernel has that.
    pub(crate) fn set_request(&self, pages: &PageAllocator, at: PhysAddr, bytes: u32) {
        self.with_request(pages, at, |stride| stride.keep_request(bytes));
    }
    /// Lets the caller use all of the object, because it has asked how large it is: `skip_orig_size_check`.
    pub(crate) fn forget_request(&self, pages: &PageAllocator, at: PhysAddr) {
        self.with_request(pages, at, |stride| stride.forget_request());
    }
    fn with_request(&self, pages: &PageAllocator, at: PhysAddr, work: impl FnOnce(&Stride<'_>)) {
        let Some(cache) = self.debugged_at(pages, at) else { return };
        let inner = cache.inner.lock();
        let layout = self.layout(&inner);
        if layout.request.is_some() {
            work(&self.stride(&layout, at));
        }
    }
    /// Gives an object back that was set aside.
    pub(crate) fn put_back(&self, pages: &PageAllocator, bug: &SlabBug) {
        if let Ok(cache) = self.live(bug.cache) {
            let entry = (bug.object.raw() - self.ram.start().raw()) as usize;
            self.give(pages, &mut cache.inner.lock(), core::iter::once(entry));
        }
    }
    /// True when there ever was a traced cache.
    #[inline]
    pub(crate) fn traces_some(&self) -> bool {
        self.debug.traces_some.get() != 0
    }
    /// True when what happens to an object is logged: `SLAB_TRACE`.
    pub(crate) fn is_traced(&self, pages: &PageAllocator, at: PhysAddr) -> bool {
        let is_traced = |cache: &Cache| cache.inner.lock().flags.contains(SlabFlags::TRACE);
        self.debugged_at(pages, at).is_some_and(is_traced)
    }
    /// True when freeing an object succeeds, as far as its bytes and its cache's checks are concerned.
    pub(crate) fn passes(&self, pages: &PageAllocator, at: PhysAddr) -> bool {
        let Ok(object) = self.check(pages, at) else { return false };
        let checks = self.info(object.cache).is_some_and(|info| self.checks(info.flags));
        !checks || !self.is_damaged(pages, at)
    }
    /// Returns the debugged cache in whose slabs an address lies.
    pub(crate) fn debugged_at(&self, pages: &PageAllocator, at: PhysAddr) -> Option<&Cache> {
        let id = pages.frames.slab_cache(Pfn::containing(at))?;
        self.caches.get(id).filter(|cache| cache.is_live() && cache.is_debugged())
    }
    /// Notes that an object is freed to a cache that is not its own, if the caches are checked.
    pub(crate) fn freed_to_another(&self, object: &ObjectInfo, to: CacheId) {
        let checked = |id: CacheId| self.info(id).is_some_and(|info| self.checks(info.flags));
        if checked(object.cache) || checked(to) {
            let what = BugKind::WrongCache { to };
            self.found(SlabBug { cache: object.cache, object: object.start, what });
        }
    }

    /// Returns an object with all that a report shows of it. Of a cache without debugging there is less.
    pub fn view(&self, pages: &PageAllocator, at: PhysAddr) -> Option<ObjectView> {
        let frames = &pages.frames;
        let index = frames.get(Pfn::containing(at)).map(|_| frames.index(Pfn::containing(at)))?;
        let (head, id) = frames.slab_of(index)?;
        let inner = self.caches.get(id).filter(|cache| cache.is_live())?.inner.lock();
        let slab = Slab::new(frames, head, &inner.geometry, &self.ram)?;
        let (number, object) = slab.find(at)?;
        let layout = self.layout(&inner);
        let stride = self.stride(&layout, object);
        let free = |number: u32| (number < slab.objects).then(|| slab.object(number));
        Some(ObjectView {
            name: inner.name,
            object,
            slab: frames.pfn(head),
            order: slab.frame.state().order(),
            objects: slab.objects,
            used: slab.out(),
            first_free: free(slab.first_free()),
            next_free: free(slab.link(number)),
            layout,
            tracks: [stride.track(Moment::Alloc), stride.track(Moment::Free)],
        })
    }
    /// Names what is wrong with an object, in the kernel's order. `with` may look at the bytes; then they are put right.
    pub(crate) fn examine(&self, pages: &PageAllocator, bug: &SlabBug, with: &mut dyn FnMut(&Wrong)) {
        let finds_all = self.debug.rule.finds_all;
        let mut first = true;
        self.look(pages, bug, &mut |wrong, stride| {
            if first || finds_all {
                with(&wrong);
            }
            stride.restore(&wrong);
            first = false;
        });
    }
    fn look(&self, pages: &PageAllocator, bug: &SlabBug, each: &mut dyn FnMut(Wrong, &Stride<'_>)) {
        let Some(view) = self.view(pages, bug.object) else { return };
        let stride = self.stride(&view.layout, view.object);
        match bug.what {
            BugKind::Damaged { held, .. } => stride.check(held, &mut |wrong| each(wrong, &stride)),
            BugKind::SlabEnd => {
                let end = view.slab.phys().offset(u64::from(view.objects) * u64::from(view.layout.size));
                let rest = view.slab.phys().offset(view.order.bytes()).raw() - end.raw();
                if let Some(wrong) = compare(&self.ram, Zone::SlabPadding, end, rest as u32, [PADDING; 4]) {
                    each(wrong, &stride);
                }
            }
            BugKind::AlreadyFree
            | BugKind::NotAnObject
            | BugKind::WrongCache { .. }
            | BugKind::FreeChain
            | BugKind::Count { .. } => {}
        }
    }

    /// True for an object in use that is written around.
    pub fn is_damaged(&self, pages: &PageAllocator, at: PhysAddr) -> bool {
        let Some(cache) = self.debugged_at(pages, at) else { return false };
        let layout = self.layout(&cache.inner.lock());
        let mut is_damaged = false;
        self.stride(&layout, at).check(Held::Yes, &mut |_| is_damaged = true);
        is_damaged
    }
    /// Checks every object of a cache's slabs and hands over what is wrong, one at a time, the cache unlocked. Returns how
    /// many bugs there were: `validate_slab_cache`. No CPU uses the cache meanwhile. O(frames).
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such cache.
    pub fn validate(&self, pages: &PageAllocator, id: CacheId, mut with: impl FnMut(&SlabBug)) -> Result<u64, Misuse> {
        let cache = self.live(id)?;
        let mut count = 0;
        self.for_each_slab(pages, id, |head| {
            let mut number = 0;
            let mut inner = cache.inner.lock();
            let is_isolated =
                Slab::new(&pages.frames, head, &inner.geometry, &self.ram).is_none_or(|slab| slab.is_isolated());
            let chain = if is_isolated { [None; 2] } else { self.mend_chain(pages, &mut inner, head) };
            drop(inner);
            let has_lost = chain.iter().flatten().any(|(_, what)| *what == BugKind::FreeChain);
            for (object, what) in chain.into_iter().flatten() {
                count += 1;
                with(&SlabBug { cache: id, object, what });
            }
            loop {
                let inner = cache.inner.lock();
                let Some(slab) = Slab::new(&pages.frames, head, &inner.geometry, &self.ram) else { return };
                let layout = self.layout(&inner);
                if slab.is_isolated() {
                    return;
                }
                let mut what = None;
                let object = if number < slab.objects { slab.object(number) } else { slab.base };
                if number < slab.objects {
                    let held = if slab.is_free(number) { Held::No } else { Held::Yes };
                    let damaged = BugKind::Damaged { held, then: Then::Nothing };
                    // What a broken chain has lost has its link still.
                    let is_linked = has_lost && held == Held::Yes && slab.link(number) < slab.objects;
                    self.stride(&layout, object).check(held, &mut |wrong| {
                        if !(is_linked && wrong.zone == Zone::FreePointer) {
                            what = Some(damaged);
                        }
                    });
                } else if let Some((end, rest)) = self.slab_end(&inner, &slab) {
                    let wrong = compare(&self.ram, Zone::SlabPadding, end, rest, [PADDING; 4]);
                    what = wrong.map(|_| BugKind::SlabEnd);
                }
                let is_last = number >= slab.objects;
                drop(inner);
                if let Some(what) = what {
                    count += 1;
                    with(&SlabBug { cache: id, object, what });
                }
                if is_last {
                    return;
                }
                number += 1;
            }
        });
        Ok(count)
    }
    /// Calls `work` for the first frame of each slab of a cache.
    fn for_each_slab(&self, pages: &PageAllocator, id: CacheId, mut work: impl FnMut(u32)) {
        for index in 0..pages.frames.len() {
            let mine = pages
                .frames
                .at(index)
                .is_some_and(|frame| frame.state().kind() == FrameKind::Slab && frame.state().cache() == id.raw());
            if mine {
                work(index);
            }
        }
    }
    /// Hands over the objects that a cache's users hold, slab by slab, those of slabs out of use left out. What CPUs keep
    /// has gone back before. O(frames).
    pub fn for_each_held(&self, pages: &PageAllocator, id: CacheId, mut with: impl FnMut(Pfn, PhysAddr)) {
        let Ok(cache) = self.live(id) else { return };
        self.for_each_slab(pages, id, |head| {
            let mut number = 0;
            loop {
                let inner = cache.inner.lock();
                let Some(slab) = Slab::new(&pages.frames, head, &inner.geometry, &self.ram) else { return };
                if number >= slab.objects || slab.is_isolated() {
                    return;
                }
                let (object, held) = (slab.object(number), !slab.is_free(number));
                drop(inner);
                if held {
                    with(pages.frames.pfn(head), object);
                }
                number += 1;
            }
        });
    }
}
