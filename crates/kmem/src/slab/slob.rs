//! SLOB: objects for machines with so little memory that slabs would waste too much of it.
//!
//! A slab allocator keeps a page for each size that somebody asked for, and rounds each object up to its class. With 128 MiB
//! nobody sees it; with 2 MiB some dozens of pages that are nearly empty are a tenth of the machine. SLOB has no classes: it
//! cuts blocks of just the size asked for out of pages that all sizes share. It is the oldest allocator of all, the first fit
//! of K&R's `malloc`, one page at a time: slower, and bound to one lock, which such machines do not mind.
//!
//! ```text
//!     kmalloc(60):          | 60 | 60 bytes of the caller's | next block
//!                           ^    ^ what kmalloc returns, and kfree takes
//!                           header: the size, as long as the least alignment
//!     kmem_cache_alloc:     | the object | next block            the cache knows the size, so there is no header
//! ```
//!
//! - **Three lists** of pages that have free units: blocks below 256 bytes look in the first, below 1024 in the second, others
//!   in the third, so that small ones do not crumble what large ones need. The first page that fits serves, and its list
//!   begins there the next time (Knuth's *next fit*). A page that is full is on no list; the first block that comes back puts
//!   it on the list of that block's size.
//! - **A page whose last block comes back** goes to the page allocator at once.
//! - **Whole pages**: kmalloc of nearly a page and more, and caches of such objects, are the page allocator's.
//!
//! # What it does not know
//! Whose a block is. So an object is freed *to its cache*, whose word for the size counts; `kfree` of a cache's object, or the
//! other way round, takes what lies before the object for a header. A cache cannot be asked how many objects it has out, and is
//! destroyed whatever is. There is no `/proc/slabinfo`, no merging and no `slub_debug`. A constructor runs at each allocation,
//! a destructor at each free, since a free object keeps nothing but its size.
//!
//! What can be seen is seen: who frees, walks the chain of the page anyway, and a block that is free already, or reaches into a
//! free one or beyond the page, is refused; so is a header that cannot be one.
//!
//! # Invariants, checked by `verify`
//! - **B3** A page is on the list that its frame names as long as it has free units, and on none else; an empty one is nowhere.
//! - **B4** The pages that SLOB has are those that are counted.
//! - B1 and B2 are those of one page ([`super::slob_page`]).
//!
//! Kernel counterpart: `mm/slob.c` (`slob_alloc`, `slob_free`, `__do_kmalloc_node`, `kmem_cache_free`), 2.6.24 to 6.3. Kernighan
//! and Ritchie, *The C Programming Language*, 8.7; Knuth, *The Art of Computer Programming* 1, 2.5.

use super::geometry::{Geometry, SlabFlags};
use super::slob_page::{Lies, SlobPage, UNITS};
use super::{CacheId, ObjectInfo, SlabAllocator, NOT_FOR_SLABS};
use crate::error::{AllocError, Broken, Misuse};
use crate::page::frame::{FrameKind, FrameList};
use crate::page::{Attempted, PageAllocator, PageUse, Request};
use crate::profile::{Profile, SlabRule, SlobEra};
use crate::raw::Ram;
use crate::rcu::queue::Kind;
use crate::sync::{Ordering, SpinLock};
use crate::units::{Order, Pfn, PhysAddr, VirtAddr, PAGE_SIZE};

/// Bytes of a unit: `SLOB_UNIT`, `sizeof(slobidx_t)` with pages of 4 KiB.
pub(super) const UNIT: u64 = 2;
/// Machine words of a `struct slob_rcu`: an `rcu_head` and a size.
pub(super) const RCU_WORDS: u32 = 3;
/// Blocks below these sizes have lists of their own: `SLOB_BREAK1`, `SLOB_BREAK2`.
const BREAKS: [u64; 2] = [256, 1024];

/// SLOB's pages.
pub(crate) struct Slob {
    ram: Ram,
    page_offset: VirtAddr,
    /// The least alignment of kmalloc's objects, which is the header's size too.
    pub(super) header: u32,
    /// Whether kmalloc aligns powers of two to themselves.
    aligns_powers: bool,
    /// Whether the pages count as slabs'.
    counts: bool,
    heap: SpinLock<Heap>,
}

/// What SLOB's lock guards.
#[derive(Default)]
struct Heap {
    /// Pages with free units, by the size of blocks.
    lists: [FrameList; BREAKS.len() + 1],
    /// Pages of blocks.
    pages: u64,
    /// Pages that are objects by themselves.
    whole: u64,
}

/// Whose whole pages are: what the frame of the first one says. Nobody else who uses that word has such numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(super) enum Whole {
    /// A kmalloc's.
    Kmalloc = 0xfffe_510b,
    /// A cache's, for one object.
    Object = 0xffff_510b,
}

/// A block by its place: bytes from the start of its page, and how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    index: u32,
    at: u32,
    units: u32,
}

fn list_of(bytes: u64) -> usize {
    BREAKS.iter().position(|limit| bytes < *limit).unwrap_or(BREAKS.len())
}
fn units(bytes: u64) -> u32 {
    bytes.div_ceil(UNIT) as u32
}

impl Slob {
    /// Returns the allocator of a profile's kernel; `None` when that has another.
    pub(super) fn of(profile: &Profile, ram: Ram) -> Option<Self> {
        let SlabRule::Slob { era, min_align, .. } = profile.slab else { return None };
        Some(Self {
            ram,
            page_offset: profile.page_offset,
            header: profile.kmalloc.min_align.max(min_align),
            aligns_powers: era == SlobEra::V6_1,
            counts: era == SlobEra::V6_1,
            heap: SpinLock::default(),
        })
    }
    /// Returns how many pages it has.
    pub(super) fn pages(&self) -> u64 {
        let heap = self.heap.lock();
        heap.pages + heap.whole
    }
    /// True for a size that kmalloc takes whole pages for.
    pub(super) fn is_large(&self, bytes: u64) -> bool {
        bytes >= PAGE_SIZE - u64::from(self.header)
    }

    /// Takes a block of so many bytes, less than a page; the address `offset` bytes behind its start is a multiple of `align`.
    /// Of the request flags and nodes count.
    fn alloc(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        bytes: u64,
        (align, offset): (u32, u32),
        request: &Request,
    ) -> Result<PhysAddr, AllocError> {
        let (frames, wanted, list) = (&pages.frames, units(bytes), list_of(bytes));
        let node = request.node.filter(|_| pages.nodes() > 1);
        let is_there = |index: u32| node.is_none() || pages.node_of(frames.pfn(index)) == node;
        let place = |index: u32, at: u32| frames.pfn(index).phys().offset(u64::from(at) * UNIT);
        let mut heap = self.heap.lock();
        let found = heap.lists[list].iter(frames).filter(|index| is_there(*index)).find_map(|index| {
            let page = SlobPage::new(frames, index, &self.ram)?;
            let at = page.take(wanted, align, offset)?;
            Some((index, at, page.free_units()))
        });
        if let Some((index, at, left)) = found {
            if left == 0 {
                heap.lists[list].remove(frames, index);
            } else {
                heap.lists[list].rotate_to(frames, index);
            }
            return Ok(place(index, at));
        }
        drop(heap);
        let pfn = pages.alloc_as(cpu, &Request { gfp: request.gfp - NOT_FOR_SLABS, order: Order::ZERO, ..*request })?;
        let index = frames.index(pfn);
        let Some(page) = SlobPage::new(frames, index, &self.ram) else { return Err(AllocError::NoSlot) };
        self.count(pages, pfn, Order::ZERO, 1);
        let mut heap = self.heap.lock();
        heap.pages += 1;
        page.frame.set_state(page.frame.state().with_kind(FrameKind::Slob));
        page.start();
        // It is a page, and no block that comes here is larger than one or aligned to more.
        let Some(at) = page.take(wanted, align, offset) else { return Err(AllocError::NoSlot) };
        if page.free_units() > 0 {
            page.frame.a.store(list as u32, Ordering::Relaxed);
            heap.lists[list].push_front(frames, index);
        }
        Ok(place(index, at))
    }

    /// Gives a block back; a page that has no other goes back as well.
    fn free(&self, pages: &PageAllocator, cpu: u32, addr: PhysAddr, bytes: u64) -> Result<(), Misuse> {
        let frames = &pages.frames;
        let Place { index, at, units } = self.place(pages, addr, bytes)?;
        let mut heap = self.heap.lock();
        let page = SlobPage::new(frames, index, &self.ram).ok_or(Misuse::NotRam(addr))?;
        let was_full = page.free_units() == 0;
        page.give(at, units).map_err(|lies| self.refused(lies, addr))?;
        let list = page.frame.a.load(Ordering::Relaxed) as usize;
        if page.free_units() < UNITS {
            if was_full {
                let list = list_of(bytes);
                page.frame.a.store(list as u32, Ordering::Relaxed);
                heap.lists[list].push_front(frames, index);
            }
            return Ok(());
        }
        if let Some(list) = heap.lists.get_mut(list).filter(|_| !was_full) {
            list.remove(frames, index);
        }
        heap.pages -= 1;
        page.frame.set_state(page.frame.state().with_kind(FrameKind::Used));
        drop(heap);
        let pfn = frames.pfn(index);
        self.count(pages, pfn, Order::ZERO, -1);
        pages.free(cpu, pfn, Order::ZERO)
    }
    /// Finds the page of a block, which is one of SLOB's.
    fn place(&self, pages: &PageAllocator, addr: PhysAddr, bytes: u64) -> Result<Place, Misuse> {
        let pfn = Pfn::containing(addr);
        let kind = pages.frames.get(pfn).ok_or(Misuse::NotRam(addr))?.state().kind();
        let at = addr.raw() - pfn.phys().raw();
        if kind != FrameKind::Slob || at % UNIT != 0 || bytes > PAGE_SIZE {
            return Err(Misuse::NotAnObject(self.virt(addr)));
        }
        Ok(Place { index: pages.frames.index(pfn), at: (at / UNIT) as u32, units: units(bytes) })
    }
    fn refused(&self, lies: Lies, addr: PhysAddr) -> Misuse {
        match lies {
            Lies::Inside => Misuse::ObjectFree(self.virt(addr)),
            Lies::Across | Lies::Outside => Misuse::NotAnObject(self.virt(addr)),
        }
    }
    fn virt(&self, addr: PhysAddr) -> VirtAddr {
        self.page_offset.offset(addr.raw().wrapping_sub(self.ram.start().raw()))
    }
    /// Checks that a block may be one that somebody holds.
    fn check(&self, pages: &PageAllocator, addr: PhysAddr, bytes: u64) -> Result<(), Misuse> {
        let Place { index, at, units } = self.place(pages, addr, bytes)?;
        let _heap = self.heap.lock();
        let page = SlobPage::new(&pages.frames, index, &self.ram).ok_or(Misuse::NotRam(addr))?;
        match page.lies(at, units) {
            Lies::Outside => Ok(()),
            lies => Err(self.refused(lies, addr)),
        }
    }

    /// Takes whole pages, and notes for whom.
    pub(super) fn alloc_whole(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        request: &Request,
        whole: Whole,
    ) -> Result<PhysAddr, AllocError> {
        let pfn = pages.alloc_as(cpu, request)?;
        if let Some(frame) = pages.frames.get(pfn) {
            frame.a.store(whole as u32, Ordering::Relaxed);
        }
        self.count(pages, pfn, request.order, 1);
        self.heap.lock().whole += request.order.pages();
        Ok(pfn.phys())
    }
    /// True for the first frame of pages that were taken so.
    pub(super) fn gave(&self, pages: &PageAllocator, pfn: Pfn, whole: Whole) -> bool {
        let frame = pages.frames.get(pfn).filter(|frame| frame.state().kind() == FrameKind::Used);
        frame.is_some_and(|frame| frame.a.load(Ordering::Relaxed) == whole as u32)
    }
    /// Gives whole pages back that [`Slob::gave`] knows.
    pub(super) fn free_whole(&self, pages: &PageAllocator, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        // The frame says which zone counts it, as long as it is a used block's.
        let frame = pages.frames.get(pfn).ok_or(Misuse::NotRam(pfn.phys()))?;
        self.count(pages, pfn, order, -1);
        // Before they are free: then they are somebody else's, and so is the word.
        let whose = frame.a.load(Ordering::Relaxed);
        frame.a.store(0, Ordering::Relaxed);
        if let Err(misuse) = pages.free(cpu, pfn, order) {
            frame.a.store(whose, Ordering::Relaxed);
            self.count(pages, pfn, order, 1);
            return Err(misuse);
        }
        let mut heap = self.heap.lock();
        heap.whole = heap.whole.saturating_sub(order.pages());
        Ok(())
    }
    /// Counts a block of pages as a slab's, or no longer.
    fn count(&self, pages: &PageAllocator, pfn: Pfn, order: Order, by: i32) {
        if !self.counts {
        } else if by > 0 {
            pages.begin_use(pfn, PageUse::SlabUnreclaimable, order.pages());
        } else {
            pages.end_use(pfn, PageUse::SlabUnreclaimable, order.pages());
        }
    }

    /// Takes a block of kmalloc's, header and all.
    pub(super) fn kmalloc(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        bytes: u64,
        request: &Request,
    ) -> Result<PhysAddr, AllocError> {
        let asked = u32::try_from(bytes).unwrap_or(u32::MAX);
        pages.inject(request.gfp, Attempted::Object { bytes: asked, is_marked: false })?;
        // Kernels before `ZERO_SIZE_PTR` would point behind the block.
        let bytes = bytes.max(1) as u32;
        let natural = if self.aligns_powers && bytes.is_power_of_two() { bytes } else { 1 };
        let align = (natural.max(self.header), self.header);
        let block = self.alloc(pages, cpu, u64::from(bytes) + u64::from(self.header), align, request)?;
        if let Some(header) = self.ram.word(block) {
            header.store(bytes, Ordering::Relaxed);
        }
        Ok(block.offset(self.header.into()))
    }
    /// Returns the size that kmalloc was asked for; checks that somebody may hold such a block.
    pub(super) fn size_of(&self, pages: &PageAllocator, addr: PhysAddr) -> Result<u64, Misuse> {
        let (block, bytes) = self.header(pages, addr)?;
        self.check(pages, block, bytes + u64::from(self.header)).map_err(|_| Misuse::NotAnObject(self.virt(addr)))?;
        Ok(bytes)
    }
    /// Finds the block that begins with a header, and the size that this says.
    fn header(&self, pages: &PageAllocator, addr: PhysAddr) -> Result<(PhysAddr, u64), Misuse> {
        let bad = || Misuse::NotAnObject(self.virt(addr));
        let page = Pfn::containing(addr).phys();
        let block = addr.raw().checked_sub(self.header.into()).filter(|block| *block >= page.raw());
        let block = PhysAddr::new(block.filter(|block| block % u64::from(self.header) == 0).ok_or_else(bad)?);
        // A block of less than the header is none, and what is free says so.
        self.check(pages, block, self.header.into()).map_err(|misuse| match misuse {
            Misuse::ObjectFree(_) => Misuse::ObjectFree(self.virt(addr)),
            _ => bad(),
        })?;
        let bytes = self.ram.word(block).map_or(0, |header| header.load(Ordering::Relaxed)).into();
        if bytes == 0 || self.is_large(bytes) {
            return Err(bad());
        }
        Ok((block, bytes))
    }
    /// Frees a block of kmalloc's.
    pub(super) fn kfree(&self, pages: &PageAllocator, cpu: u32, addr: PhysAddr) -> Result<(), Misuse> {
        let (block, bytes) = self.header(pages, addr)?;
        let freed = self.free(pages, cpu, block, bytes + u64::from(self.header));
        freed.map_err(|_| Misuse::NotAnObject(self.virt(addr)))
    }

    /// Checks B1 to B4.
    pub(super) fn verify(&self, pages: &PageAllocator) -> Result<(), Broken> {
        let frames = &pages.frames;
        let heap = self.heap.lock();
        let mut listed = 0;
        for (number, list) in (0..).zip(&heap.lists) {
            let mut walked = 0;
            for index in list.iter(frames) {
                let at = frames.pfn(index).raw();
                let page = SlobPage::new(frames, index, &self.ram);
                let is_good = page.is_some_and(|page| {
                    let is_mine = page.frame.a.load(Ordering::Relaxed) == number;
                    page.frame.state().kind() == FrameKind::Slob && is_mine && page.free_units() > 0
                });
                if !is_good {
                    return Err(Broken {
                        what: "slob B3 (a stranger on a list)",
                        at,
                        found: 0,
                        expected: number.into(),
                    });
                }
                walked += 1;
            }
            if walked != list.len() {
                let (found, expected) = (walked.into(), list.len().into());
                return Err(Broken { what: "slob B3 (length of a list)", at: number.into(), found, expected });
            }
            listed += walked;
        }
        let (mut count, mut with_room) = (0, 0);
        for index in 0..frames.len() {
            let Some(page) = SlobPage::new(frames, index, &self.ram) else { continue };
            if page.frame.state().kind() != FrameKind::Slob {
                continue;
            }
            page.verify()?;
            if page.free_units() == UNITS {
                let at = frames.pfn(index).raw();
                return Err(Broken { what: "slob B3 (an empty page)", at, found: UNITS.into(), expected: 0 });
            }
            count += 1;
            with_room += u32::from(page.free_units() > 0);
        }
        for (what, found, expected) in
            [("slob B3 (pages on lists)", with_room.into(), listed.into()), ("slob B4 (pages)", count, heap.pages)]
        {
            if found != expected {
                return Err(Broken { what, at: 0, found, expected });
            }
        }
        Ok(())
    }
}

/// Caches, where SLOB has the objects.
impl SlabAllocator {
    /// Takes an object. Its constructor runs now.
    #[cold]
    pub(super) fn slob_alloc(
        &self,
        slob: &Slob,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        request: &Request,
    ) -> Result<PhysAddr, AllocError> {
        self.may_fail(pages, id, request.gfp)?;
        let (geometry, flags, ctor) = {
            let inner = self.live(id).map_err(|_| AllocError::BadFlags("no such cache"))?.inner.lock();
            (inner.geometry, inner.flags, inner.ctor)
        };
        let addr = if is_whole(&geometry) {
            let gfp = request.gfp - NOT_FOR_SLABS;
            slob.alloc_whole(pages, cpu, &Request { gfp, order: geometry.order, ..*request }, Whole::Object)?
        } else {
            slob.alloc(pages, cpu, geometry.size.into(), (geometry.align, 0), request)?
        };
        if flags.contains(SlabFlags::TYPESAFE_BY_RCU) {
            self.mark_queued(addr, &geometry, false);
        }
        if let Some(hook) = ctor {
            (hook.call)(hook.token, self.virt(addr));
        }
        Ok(addr)
    }
    /// Gives an object back to the cache that the caller says is its.
    #[cold]
    pub(super) fn slob_free(
        &self,
        slob: &Slob,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        addr: PhysAddr,
    ) -> Result<(), Misuse> {
        self.slob_check(slob, pages, id, addr)?;
        let (geometry, flags, dtor) = {
            let inner = self.live(id)?.inner.lock();
            (inner.geometry, inner.flags, inner.dtor)
        };
        if flags.contains(SlabFlags::TYPESAFE_BY_RCU) && self.mark_queued(addr, &geometry, true) {
            return Err(Misuse::ObjectFree(self.virt(addr)));
        }
        if let Some(hook) = dtor {
            (hook.call)(hook.token, self.virt(addr));
        }
        if flags.contains(SlabFlags::TYPESAFE_BY_RCU) {
            let link = u64::from(geometry.link);
            self.rcu.enqueue(&self.ram, self.ground.word, Kind::Block, addr.offset(link), link);
            return Ok(());
        }
        free_object(slob, pages, cpu, addr, geometry.size.into())
    }
    /// Says in the last word behind an object whether it waits for its readers, as it cannot do twice. Returns what was said
    /// before. The kernel has the size there.
    fn mark_queued(&self, addr: PhysAddr, geometry: &Geometry, yes: bool) -> bool {
        let word = self.ground.word;
        let at = addr.offset(u64::from(geometry.link + (RCU_WORDS - 1) * word));
        let was = self.ram.read_entry(at, word).is_some_and(|size| size != 0);
        self.ram.write_entry(at, word, if yes { geometry.size.into() } else { 0 });
        was
    }
    /// Frees an object that nobody reads any more, by where in it the queue's words lie. The caller is CPU `cpu` with
    /// interrupts off.
    pub(crate) fn free_deferred(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        head: PhysAddr,
        link: u64,
    ) -> Result<(), Misuse> {
        let Some(slob) = &self.slob else { return self.no_object(head) };
        let bytes = link + u64::from(RCU_WORDS * self.ground.word);
        free_object(slob, pages, cpu, PhysAddr::new(head.raw().wrapping_sub(link)), bytes)
    }
    /// Checks that an address may be that of an object of a cache which somebody holds.
    pub(super) fn slob_check(
        &self,
        slob: &Slob,
        pages: &PageAllocator,
        id: CacheId,
        addr: PhysAddr,
    ) -> Result<ObjectInfo, Misuse> {
        let Geometry { object_size, size, align, order, .. } = self.live(id)?.inner.lock().geometry;
        let info = pages.info(Pfn::containing(addr)).ok_or(Misuse::NotRam(addr))?;
        let is_page = info.head.phys() == addr && info.order == order && slob.gave(pages, info.head, Whole::Object);
        match info.kind {
            FrameKind::Slob if size < PAGE_SIZE as u32 && addr.raw() % u64::from(align) == 0 => {
                slob.check(pages, addr, size.into())?;
            }
            FrameKind::Used if size >= PAGE_SIZE as u32 && is_page => {}
            FrameKind::Free | FrameKind::Pcp => return Err(Misuse::ObjectFree(self.virt(addr))),
            _ => return Err(Misuse::NotAnObject(self.virt(addr))),
        }
        Ok(ObjectInfo { cache: id, start: addr, object_size, is_free: false })
    }
    /// Checks what kmalloc or a cache gave as SLOB does; `None` where another allocator is.
    pub(crate) fn slob(&self) -> Option<&Slob> {
        self.slob.as_ref()
    }
}

/// True for objects that are pages of their own.
fn is_whole(geometry: &Geometry) -> bool {
    u64::from(geometry.size) >= PAGE_SIZE
}
/// Frees an object of a cache by its size alone.
fn free_object(slob: &Slob, pages: &PageAllocator, cpu: u32, addr: PhysAddr, bytes: u64) -> Result<(), Misuse> {
    let pfn = Pfn::containing(addr);
    match pages.frames.get(pfn).map(|frame| frame.state()) {
        Some(state) if state.kind() == FrameKind::Used => slob.free_whole(pages, cpu, pfn, state.order()),
        _ => slob.free(pages, cpu, addr, bytes),
    }
}

#[cfg(all(test, not(kmem_loom)))]
mod tests {
    use super::*;
    use crate::gfp::Gfp;
    use crate::page::tests::allocator;
    use crate::profile::uclinux_2_6_tiny::PROFILE;

    const PAGES: u64 = 64;

    struct World {
        pages: PageAllocator,
        slob: Slob,
    }

    impl World {
        fn new() -> Self {
            let pages = allocator(&PROFILE, PAGES, 1, Default::default());
            Self { pages, slob: Slob::of(&PROFILE, Ram::for_tests(PAGES * PAGE_SIZE)).unwrap() }
        }
        fn alloc(&self, bytes: u64) -> PhysAddr {
            self.slob.alloc(&self.pages, 0, bytes, (4, 0), &Request::new(Gfp::KERNEL, Order::ZERO)).unwrap()
        }
        fn free(&self, addr: PhysAddr, bytes: u64) {
            assert_eq!(self.slob.free(&self.pages, 0, addr, bytes), Ok(()));
        }
        fn page(&self, addr: PhysAddr) -> SlobPage<'_> {
            let frames = &self.pages.frames;
            SlobPage::new(frames, frames.index(Pfn::containing(addr)), &self.slob.ram).unwrap()
        }
        fn verify(&self) -> Result<(), Broken> {
            self.slob.verify(&self.pages)
        }
    }

    #[test]
    fn sizes_have_their_lists_and_the_next_search_begins_at_the_last_page() {
        let world = World::new();
        let page_of = |addr: PhysAddr| Pfn::containing(addr);
        let [small, medium, large] = [100, 300, 2000].map(|bytes| world.alloc(bytes));
        assert!(
            page_of(small) != page_of(medium) && page_of(medium) != page_of(large) && page_of(small) != page_of(large)
        );
        assert_eq!([255, 256, 1023, 1024].map(list_of), [0, 1, 1, 2]);
        // Three blocks of 1000 fill the second list's page, nearly; the next ones lie in another.
        let blocks: Vec<_> = (0..5).map(|_| world.alloc(1000)).collect();
        assert!(page_of(blocks[2]) == page_of(medium) && page_of(blocks[4]) != page_of(medium));
        // Of two pages with room the last one that served is asked first.
        world.free(blocks[0], 1000);
        assert_eq!(page_of(world.alloc(1000)), page_of(blocks[4]));
        assert_eq!(world.verify(), Ok(()));
    }

    #[test]
    fn neighbours_become_one_whatever_the_order() {
        // Blocks of one unit too, which say less of themselves.
        let sizes = [2u64, 2, 6, 100, 2, 40, 2];
        for round in (0..5040usize).step_by(11) {
            let world = World::new();
            let blocks = sizes.map(|bytes| {
                let request = Request::new(Gfp::KERNEL, Order::ZERO);
                (world.slob.alloc(&world.pages, 0, bytes, (2, 0), &request).unwrap(), bytes)
            });
            let mut left: Vec<_> = blocks.to_vec();
            let mut choice = round;
            for base in (1..=sizes.len()).rev() {
                let (addr, bytes) = left.remove(choice % base);
                choice /= base;
                world.free(addr, bytes);
                assert_eq!(world.verify(), Ok(()), "{round}");
            }
            assert_eq!(world.slob.pages(), 0);
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_changes_nothing() {
        let world = World::new();
        let [first, second, third] = [60, 60, 60].map(|bytes| world.alloc(bytes));
        let refused = |addr: PhysAddr, bytes| world.slob.free(&world.pages, 0, addr, bytes).unwrap_err();
        let is_none = |addr: PhysAddr| Misuse::NotAnObject(world.slob.virt(addr));
        world.free(second, 60);
        let free = world.page(first).free_units();
        assert_eq!(refused(second, 60), Misuse::ObjectFree(world.slob.virt(second)));
        assert_eq!(refused(second.offset(30), 2), Misuse::ObjectFree(world.slob.virt(second.offset(30))));
        // Too large, beyond the page, odd, of no page of SLOB's.
        assert_eq!(refused(first, 62), is_none(first));
        assert_eq!(refused(third, 4096), is_none(third));
        assert_eq!(refused(third, 5000), is_none(third));
        assert_eq!(refused(third.offset(1), 10), is_none(third.offset(1)));
        let other = world.pages.alloc(0, Gfp::KERNEL, Order::ZERO).unwrap().phys();
        assert_eq!(refused(other, 60), is_none(other));
        assert_eq!((world.page(first).free_units(), world.verify()), (free, Ok(())));
    }

    /// Breaks something, and sees `verify` name it.
    fn is_named(what: &str, breaks: impl FnOnce(&World, PhysAddr)) {
        let world = World::new();
        let held = world.alloc(100);
        world.alloc(300);
        let freed = world.alloc(60);
        world.alloc(60);
        world.free(freed, 60);
        assert_eq!(world.verify(), Ok(()));
        breaks(&world, held);
        let found = world.verify().unwrap_err();
        assert!(found.what.starts_with(what), "{what} is broken, and verify says: {found}");
    }

    #[test]
    fn b1_and_b2_free_blocks_of_a_page() {
        let at = |world: &World, addr: PhysAddr, bytes: [u8; 4]| assert!(world.slob.ram.write(addr, &bytes));
        // The block behind `held` is 30 units at 50, the next one at 110.
        is_named("slob B1 (free blocks touch)", |world, held| at(world, held.offset(100), [60, 0, 110, 0]));
        is_named("slob B1 (a chain is broken)", |world, held| at(world, held.offset(100), [30, 0, 10, 0]));
        is_named("slob B1 (a chain is broken)", |world, held| at(world, held.offset(100), [0, 0, 0, 0]));
        is_named("slob B2", |world, held| at(world, held.offset(100), [29, 0, 110, 0]));
        is_named("slob B2", |world, held| {
            let b = &world.page(held).frame.b;
            b.store(b.load(Ordering::Relaxed) - (1 << 16), Ordering::Relaxed);
        });
    }
    #[test]
    fn b3_pages_are_on_their_lists() {
        is_named("slob B3 (a stranger", |world, held| world.page(held).frame.a.store(2, Ordering::Relaxed));
        is_named("slob B3 (a stranger", |world, held| {
            let state = world.page(held).frame.state();
            world.page(held).frame.set_state(state.with_kind(FrameKind::Used));
        });
        is_named("slob B3 (length", |world, held| {
            let index = world.pages.frames.index(Pfn::containing(held));
            let mut heap = world.slob.heap.lock();
            let mut other = heap.lists[0];
            other.remove(&world.pages.frames, index);
            heap.lists[0].push_back(&world.pages.frames, index);
        });
        is_named("slob B3 (pages on lists)", |world, held| {
            let index = world.pages.frames.index(Pfn::containing(held));
            world.slob.heap.lock().lists[0].remove(&world.pages.frames, index);
        });
        is_named("slob B3 (an empty page)", |world, held| world.page(held).start());
    }
    #[test]
    fn b4_pages_are_counted() {
        is_named("slob B4", |world, _| world.slob.heap.lock().pages += 1);
    }
}
