//! One slab cache: its slabs, and the free objects in them.
//!
//! A slab is a block of pages; the state of each of its frames names the cache, the first one also holds how many objects
//! are out and where the chain of free ones begins. The chain runs through the free objects (SLUB), behind them when their
//! contents must be kept, or through an index array (SLAB). Objects at the slab's end that never were out are on no chain:
//! only how many they are is kept, so that a new slab is not written to before its objects are used.
//!
//! # Invariants, checked by `verify`
//! - **S1** A slab's chain of free objects and its fresh ones are as many as objects are not out, and each at most once.
//! - **S2** Slabs with free and live objects are on the partial list, those without live ones on the empty list, full
//!   ones on neither.
//! - **S3** Objects in slabs, in CPU arrays and out add up to the cache's objects.

use super::geometry::{Geometry, SlabFlags};
use super::structs::Structs;
use crate::error::{Broken, Name};
use crate::page::frame::{Frame, FrameKind, FrameList, FrameTable, State};
use crate::raw::Ram;
use crate::rcu::Cookie;
use crate::sync::{Count, Ordering, SpinLock};
use crate::units::{Order, PhysAddr, VirtAddr};

/// A function of the client's that is called for an object: constructor or destructor.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// What is called, with `token` and the object's address.
    pub call: fn(token: u64, object: VirtAddr),
    /// The client's own.
    pub token: u64,
}

/// Whose a cache is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum CacheKind {
    /// A client's, who destroys it.
    #[default]
    Client,
    /// One of kmalloc's own.
    Kmalloc,
    /// One of the first caches, for the structures that describe caches.
    Structs,
}

/// One cache. `state` 0: the slot is unused.
#[derive(Default)]
pub(crate) struct Cache {
    state: Count,
    /// Whether each operation is checked or leaves marks: such a cache keeps nothing on CPUs.
    debugged: Count,
    pub(crate) inner: SpinLock<Inner>,
}

/// What the cache's lock guards.
#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) name: Name,
    pub(crate) geometry: Geometry,
    pub(crate) flags: SlabFlags,
    pub(crate) ctor: Option<Hook>,
    pub(crate) dtor: Option<Hook>,
    pub(crate) partial: FrameList,
    pub(crate) empty: FrameList,
    pub(crate) slabs: u32,
    /// Pages of all slabs: a slab may have the smaller order.
    pub(crate) pages: u64,
    /// Whose it is.
    pub(crate) kind: CacheKind,
    /// First byte of the region that may be copied to user space, and its bytes.
    pub(crate) useroffset: u32,
    pub(crate) usersize: u32,
    /// How many more creators share it.
    pub(crate) aliases: u32,
    /// The structures that describe it.
    pub(crate) structs: Structs,
    /// Objects of all slabs.
    pub(crate) objects: u64,
    /// Number of the depot's first batch plus one, and the objects of all its batches.
    pub(crate) depot: u32,
    pub(crate) in_depot: u32,
    /// Number of the first batch plus one that the cache has and that is empty.
    pub(crate) spare: u32,
    /// Objects on the chains of the slabs.
    pub(crate) free: u64,
    pub(crate) next_colour: u32,
    /// Slabs whose destructors a CPU runs, the cache unlocked.
    pub(crate) leaving: u32,
    /// Slabs that wait until nobody reads them any more: first those that wait for `cookie`, then those that came later.
    pub(crate) dying: [FrameList; 2],
    pub(crate) cookie: Cookie,
    /// Position in the order of creation.
    pub(crate) serial: u32,
}

/// What a new slab is made by.
pub(crate) struct NextSlab {
    pub(crate) geometry: Geometry,
    pub(crate) flags: SlabFlags,
    pub(crate) ctor: Option<Hook>,
    /// Which shift of the first object.
    pub(crate) colour: u32,
}

/// Slabs that are on no list any more, and what is needed to give them back.
pub(crate) struct Surplus {
    pub(crate) slabs: FrameList,
    pub(crate) geometry: Geometry,
    pub(crate) flags: SlabFlags,
    pub(crate) dtor: Option<Hook>,
}

impl Inner {
    /// Returns what the next slab is made by.
    pub(crate) fn next_slab(&mut self) -> NextSlab {
        let colour = self.next_colour;
        self.next_colour = if colour + 1 < self.geometry.colours { colour + 1 } else { 0 };
        NextSlab { geometry: self.geometry, flags: self.flags, ctor: self.ctor, colour }
    }
}

impl Cache {
    pub(crate) fn is_live(&self) -> bool {
        self.state.get() != 0
    }
    pub(crate) fn set_live(&self, live: bool) {
        self.state.set(live.into());
    }
    pub(crate) fn is_debugged(&self) -> bool {
        self.debugged.get() != 0
    }
    pub(crate) fn set_debugged(&self, debugged: bool) {
        self.debugged.set(debugged.into());
    }
}

/// Division by the size of an object, as a multiplication.
pub(crate) struct Divider(u64);

impl Divider {
    const SHIFT: u32 = 40;

    pub(crate) fn new(size: u32) -> Self {
        Self((1 << Self::SHIFT) / u64::from(size.max(1)) + 1)
    }
    /// Divides a distance inside a slab. Exact while distance times size stays below 2^40, as it does in slabs of up to
    /// 512 KiB.
    #[inline(always)]
    pub(crate) const fn divide(&self, offset: u64) -> u32 {
        (offset.wrapping_mul(self.0) >> Self::SHIFT) as u32
    }
}

/// Ends a chain of free objects.
const END: u32 = 0xffff;
/// What the count word of a slab says that is out of use. SLUB alone: SLAB has another use for the word, and no checks that ask.
const ISOLATED: u32 = 1;

/// A slab, seen through the entry of its first frame: `a` holds the list that the block had (above [`FRESH`]) and the fresh
/// objects, `b` the objects out (high half) and the first free one (low half), the count word says where the management is.
/// `a` of its other frames is the index of the first.
pub(crate) struct Slab<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) base: PhysAddr,
    pub(crate) objects: u32,
    geometry: &'a Geometry,
    ram: &'a Ram,
}

/// Bits of a slab's `a` that count fresh objects.
const FRESH: u32 = 16;

/// The links of a slab's free objects: half words at equal distances.
struct Links<'a> {
    ram: &'a Ram,
    first: PhysAddr,
    step: u32,
}

impl Links<'_> {
    #[inline(always)]
    fn get(&self, index: u32) -> u32 {
        self.ram.half(self.at(index)).map_or(END, |link| link.load(Ordering::Relaxed).into())
    }
    #[inline(always)]
    fn set(&self, index: u32, next: u32) {
        if let Some(link) = self.ram.half(self.at(index)) {
            link.store(next as u16, Ordering::Relaxed);
        }
    }
    #[inline(always)]
    fn at(&self, index: u32) -> PhysAddr {
        self.first.offset(u64::from(index * self.step))
    }
}

impl<'a> Slab<'a> {
    /// Makes the frames of a used block the slab of a cache. Nobody else knows of it yet.
    pub(crate) fn claim(frames: &FrameTable, head: u32, cache: u32) {
        let Some(frame) = frames.at(head) else { return };
        let state = frame.state();
        frame.a.store(state.list() << FRESH, Ordering::Relaxed);
        frame.set_state(state.of_slab(FrameKind::Slab, cache));
        let tail = State::new(FrameKind::SlabTail, Order::ZERO, 0).of_slab(FrameKind::SlabTail, cache);
        for frame in (1..state.order().pages() as u32).map_while(|page| frames.at(head + page)) {
            frame.a.store(head, Ordering::Relaxed);
            frame.set_state(tail);
        }
    }
    /// Makes its frames a used block again, as it was before [`Slab::claim`].
    pub(crate) fn unclaim(&self, frames: &FrameTable, head: u32) {
        let state = self.frame.state().after_slab(self.frame.a.load(Ordering::Relaxed) >> FRESH);
        for frame in (1..state.order().pages() as u32).map_while(|page| frames.at(head + page)) {
            frame.clear();
        }
        self.frame.set_state(state);
        self.frame.set_more(0);
    }
    #[inline(always)]
    pub(crate) fn new(frames: &'a FrameTable, index: u32, geometry: &'a Geometry, ram: &'a Ram) -> Option<Self> {
        let frame = frames.at(index)?;
        let order = frame.state().order();
        let objects = if order == geometry.order {
            geometry.objects
        } else {
            (order.bytes() / u64::from(geometry.size.max(1))) as u32
        };
        Some(Self { frame, base: frames.pfn(index).phys(), objects, geometry, ram })
    }
    pub(crate) fn out(&self) -> u32 {
        self.frame.b.load(Ordering::Relaxed) >> 16
    }
    pub(crate) fn first_free(&self) -> u32 {
        self.frame.b.load(Ordering::Relaxed) & END
    }
    fn set(&self, out: u32, first_free: u32) {
        self.frame.b.store(out << 16 | first_free, Ordering::Relaxed);
    }
    /// Returns how many objects at the end never were out.
    fn fresh(&self) -> u32 {
        (self.frame.a.load(Ordering::Relaxed) & ((1 << FRESH) - 1)).min(self.objects)
    }
    fn set_fresh(&self, fresh: u32) {
        let list = self.frame.a.load(Ordering::Relaxed) >> FRESH << FRESH;
        self.frame.a.store(list | fresh, Ordering::Relaxed);
    }
    /// Distance from the slab's start to its first object.
    fn first_offset(&self) -> u64 {
        if self.geometry.management == 0 || self.geometry.off_slab {
            0
        } else {
            self.frame.more().into()
        }
    }
    pub(crate) fn object(&self, index: u32) -> PhysAddr {
        let offset = self.first_offset() + u64::from(index * self.geometry.size + self.geometry.left);
        self.base.offset(offset)
    }
    /// Returns the object that holds an address: its index and its first byte.
    pub(crate) fn find(&self, addr: PhysAddr) -> Option<(u32, PhysAddr)> {
        let offset = addr.raw().checked_sub(self.base.raw())?.checked_sub(self.first_offset())?;
        let index = (offset / u64::from(self.geometry.size.max(1))) as u32;
        (index < self.objects).then(|| (index, self.object(index)))
    }
    /// Returns the number of the object that begins at an address.
    #[inline(always)]
    pub(crate) fn find_with(&self, addr: PhysAddr, divider: &Divider) -> Option<u32> {
        let offset = addr.raw().checked_sub(self.base.raw())?.checked_sub(self.first_offset())?;
        let index = divider.divide(offset);
        (index < self.objects).then_some(index)
    }
    /// Returns where the off-slab management lies.
    pub(crate) fn management(&self) -> PhysAddr {
        PhysAddr::new(u64::from(self.frame.more()) << 5)
    }
    /// The index array is the end of the management; two bytes an entry do, whatever `kmem_bufctl_t` is.
    #[inline(always)]
    fn links(&self) -> Links<'a> {
        let (first, step) = if self.geometry.management == 0 {
            (self.base.offset(self.geometry.link.into()), self.geometry.size)
        } else {
            let start = if self.geometry.off_slab {
                self.management()
            } else {
                self.base.offset(self.first_offset() - u64::from(self.geometry.management))
            };
            let end = self.geometry.management & !1;
            (start.offset(u64::from(end - 2 * self.objects.min(end / 2))), 2)
        };
        Links { ram: self.ram, first, step }
    }
    /// Returns the free object behind one on the chain.
    pub(crate) fn link(&self, index: u32) -> u32 {
        self.links().get(index)
    }
    /// Makes all objects of a new slab free. `place` is what the count word keeps: offset of the first object or management.
    pub(crate) fn start(&self, place: u32) {
        self.frame.set_more(place);
        self.set(0, END);
        self.set_fresh(self.objects);
    }
    /// Puts all fresh objects onto the chain of a new slab, for who wants to see it whole.
    pub(crate) fn chain_all(&self) {
        let links = self.links();
        for index in 0..self.objects {
            links.set(index, if index + 1 < self.objects { index + 1 } else { END });
        }
        self.set(0, if self.objects == 0 { END } else { 0 });
        self.set_fresh(0);
    }
    /// Takes the first free objects, at most `count`, and hands each to `with`. Returns how many there were.
    #[inline]
    pub(crate) fn take(&self, count: u32, mut with: impl FnMut(PhysAddr)) -> u32 {
        let (mut first, mut taken) = (self.first_free(), 0);
        let (links, start, size) = (self.links(), self.object(0), self.geometry.size);
        while taken < count && first < self.objects {
            let next = links.get(first);
            with(start.offset(u64::from(first * size)));
            first = next;
            taken += 1;
        }
        let fresh = self.fresh();
        let more = fresh.min(count - taken);
        if more > 0 {
            for index in self.objects - fresh..self.objects - fresh + more {
                with(start.offset(u64::from(index * size)));
            }
            self.set_fresh(fresh - more);
        }
        self.set(self.out() + taken + more, first);
        taken + more
    }
    /// Puts an object back. Returns how many were out before.
    #[inline(always)]
    pub(crate) fn give(&self, index: u32) -> u32 {
        let word = self.frame.b.load(Ordering::Relaxed);
        let out = word >> 16;
        self.links().set(index, word & END);
        self.set(out.saturating_sub(1), index);
        out
    }
    /// Takes all objects out for good, because one of them cannot be trusted. Returns how many were free.
    pub(crate) fn isolate(&self) -> u32 {
        let free = self.objects - self.out().min(self.objects);
        self.set(self.objects, END);
        self.set_fresh(0);
        if self.geometry.management == 0 {
            self.frame.set_more(ISOLATED);
        }
        free
    }
    /// True after [`Slab::isolate`].
    pub(crate) fn is_isolated(&self) -> bool {
        self.geometry.management == 0 && self.frame.more() == ISOLATED
    }
    /// True when the object is free. O(objects).
    pub(crate) fn is_free(&self, index: u32) -> bool {
        index < self.objects && index >= self.objects - self.fresh() || self.chain().any(|free| free == index)
    }
    /// Ends the chain behind the last object that can be trusted; returns that one if a link behind it leads nowhere, or back.
    pub(super) fn cut_chain(&self) -> Option<u32> {
        let links = self.links();
        for (place, index) in self.chain().enumerate() {
            let next = links.get(index);
            let is_back = next < self.objects && self.chain().take(place + 1).any(|before| before == next);
            if next != END && next >= self.objects || is_back {
                links.set(index, END);
                return Some(index);
            }
        }
        None
    }
    /// Returns how many free objects there are, by the chain.
    pub(super) fn free_count(&self) -> u32 {
        self.fresh() + self.chain().count() as u32
    }
    /// Puts the count of objects in use right.
    pub(super) fn set_out(&self, out: u32) {
        self.set(out, self.first_free());
    }
    fn chain(&self) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.first_free();
        let mut left = self.objects + 1;
        core::iter::from_fn(move || {
            if at >= self.objects || left == 0 {
                return None;
            }
            let here = at;
            at = self.link(here);
            left -= 1;
            Some(here)
        })
    }
    /// Checks S1; returns the free objects.
    pub(crate) fn verify(&self) -> Result<u64, Broken> {
        let at = self.base.raw();
        let fresh = self.fresh();
        let mut links = 0;
        let mut seen = [0u64; 64];
        for index in self.chain().chain(self.objects - fresh..self.objects) {
            links += 1;
            let bit = 1 << (index % 64);
            if let Some(word) = seen.get_mut(index as usize / 64) {
                if *word & bit != 0 {
                    return Err(Broken {
                        what: "slab S1 (object twice on a chain)",
                        at,
                        found: index.into(),
                        expected: 0,
                    });
                }
                *word |= bit;
            }
        }
        let expected = u64::from(self.objects) - u64::from(self.out().min(self.objects));
        if links != expected {
            return Err(Broken { what: "slab S1 (free objects)", at, found: links, expected });
        }
        Ok(links)
    }
}
