//! Objects between users and slabs: a CPU's hit path, and what happens when its array is empty or full.
//!
//! ```text
//!     alloc ──hit──> the CPU's array  <──a batch──  depot  <──no batch──  slabs (a new one, if need be)
//!     free  ──hit──> the CPU's array  ──a batch──>  depot  ──it is full──>  slabs
//! ```
//!
//! Everything past the arrays happens under the cache's lock.

use super::cache::{Cache, Divider, Inner, Slab};
use super::cpu_array::{Batch, CpuArray, BATCH};
use super::{CacheId, SlabAllocator};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::page::{Inside, PageAllocator, Request};
use crate::raw::GridRow;
use crate::units::{Order, Pfn, PhysAddr};

/// The allocator, as one CPU uses it: its arrays are its own for as long as this lives. The twin of
/// [`crate::page::OnCpu`], and the same holds: the caller is this CPU, with interrupts off, and it lives not long. A cache with
/// constructors that call the engine is not for it: whoever takes back what CPUs hold would wait for this one.
pub struct ObjectsOnCpu<'a> {
    slab: &'a SlabAllocator,
    pages: &'a PageAllocator,
    /// None while somebody else has them, or watches.
    arrays: GridRow<'a, CpuArray>,
    cpu: u32,
    _inside: Inside<'a>,
}

impl ObjectsOnCpu<'_> {
    /// Takes an object, as [`SlabAllocator::alloc`] does.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn alloc(&self, id: CacheId, gfp: Gfp) -> Result<PhysAddr, AllocError> {
        match self.hit(id) {
            Some(addr) => Ok(addr),
            None => self.slab.alloc_slow(self.pages, self.cpu, id, gfp),
        }
    }
    #[inline(always)]
    pub(crate) fn hit(&self, id: CacheId) -> Option<PhysAddr> {
        let entry = self.arrays.get(id.0)?.pop()?;
        Some(self.slab.ram.start().offset(entry as u64))
    }
    /// Takes up to `most` of the objects that are at hand. Until that is done, the cache must be left alone.
    pub(crate) fn drain(&self, id: CacheId, most: u32) -> impl Iterator<Item = PhysAddr> + '_ {
        let objects = self.arrays.get(id.0).map(|array| array.drain(most));
        objects.into_iter().flatten().map(|entry| self.slab.at(entry))
    }
    /// Gives an object back to its cache, which the caller knows. That it is one of this cache's is the caller's word
    /// (debug builds check that it is one).
    ///
    /// # Errors
    /// What the checks of a debugged cache find.
    #[inline(always)]
    pub fn free_to(&self, id: CacheId, addr: PhysAddr) -> Result<(), Misuse> {
        if self.push(id, addr) {
            return Ok(());
        }
        self.slab.free_missed(self.pages, self.cpu, id, addr)
    }
    /// Gives an object to the CPU's array; false when it does not keep it. Debug builds keep none here: they check each.
    #[inline(always)]
    fn push(&self, id: CacheId, addr: PhysAddr) -> bool {
        let entry = self.slab.entry(addr);
        !cfg!(debug_assertions) && self.arrays.get(id.0).is_some_and(|array| array.push(entry))
    }
    /// Gives an object back if its CPU's array takes it; that it is one is the caller's word. False: nothing happened.
    #[inline(always)]
    pub(crate) fn free_hit(&self, addr: PhysAddr) -> bool {
        let cache = self.pages.frames.slab_cache(Pfn::containing(addr));
        cache.is_some_and(|cache| self.push(CacheId(cache), addr))
    }
    /// Gives an object back, to whichever cache it belongs, as [`SlabAllocator::free`] does.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn free(&self, addr: PhysAddr) -> Result<(), Misuse> {
        match self.pages.frames.slab_cache(Pfn::containing(addr)) {
            Some(cache) => self.free_to(CacheId(cache), addr),
            None => self.slab.no_object(addr),
        }
    }
    /// Takes `bytes` from kmalloc's caches, without what [`crate::memory::Memory::kmalloc`] does for sizes beyond them and
    /// for flags.
    ///
    /// # Errors
    /// As [`SlabAllocator::alloc`]; [`AllocError::TooLarge`] beyond the largest cache.
    #[inline(always)]
    pub fn kmalloc(&self, bytes: u64, gfp: Gfp) -> Result<PhysAddr, AllocError> {
        match self.slab.kmalloc.looked_up(bytes, gfp).and_then(|cache| self.hit(cache)) {
            Some(addr) => Ok(addr),
            None => {
                let request = Request::new(gfp, Order::ZERO);
                self.slab.kmalloc.alloc(self.slab, self.pages, self.cpu, bytes, &request)
            }
        }
    }
    /// Frees what kmalloc gave.
    ///
    /// # Errors
    /// As [`SlabAllocator::free`].
    #[inline(always)]
    pub fn kfree(&self, addr: PhysAddr) -> Result<(), Misuse> {
        match self.pages.frames.slab_cache(Pfn::containing(addr)) {
            Some(cache) => self.free_to(CacheId(cache), addr),
            None => self.slab.kmalloc.free_large(self.slab, self.pages, self.cpu, addr),
        }
    }
}

/// Batches that no cache has.
#[derive(Default)]
pub(super) struct Spare {
    /// Number of the first plus one.
    first: u32,
    /// How many of the table's were ever used.
    used: u32,
}

impl SlabAllocator {
    /// Returns the allocator as a CPU uses it; `None` for a CPU that the kernel does not have. The caller is this CPU, with
    /// interrupts off until it is done.
    #[inline(always)]
    pub fn on_cpu<'a>(&'a self, pages: &'a PageAllocator, cpu: u32) -> Option<ObjectsOnCpu<'a>> {
        let own = self.arrays.row(cpu)?;
        let (inside, is_free) = pages.enter(cpu)?;
        let arrays = if is_free { own } else { self.arrays.closed() };
        Some(ObjectsOnCpu { slab: self, pages, arrays, cpu, _inside: inside })
    }
    #[cold]
    #[inline(never)]
    pub(crate) fn alloc_slow(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        gfp: Gfp,
    ) -> Result<PhysAddr, AllocError> {
        if let Some(slob) = &self.slob {
            return self.slob_alloc(slob, pages, cpu, id, &Request::new(gfp, Order::ZERO));
        }
        self.may_fail(pages, id, gfp)?;
        let cache =
            self.caches.get(id.0).filter(|cache| cache.is_live()).ok_or(AllocError::BadFlags("no such cache"))?;
        let mut made = None;
        loop {
            let inside = pages.enter_slow(cpu);
            let array = inside.as_ref().and_then(|_| self.arrays.row(cpu)?.get(id.0));
            // Hits of a CPU that is watched come here.
            let mut object = array.and_then(CpuArray::pop);
            if object.is_none() {
                let mut inner = made.take().unwrap_or_else(|| cache.inner.lock());
                object = match array.and_then(|array| Some((array, self.take_batch(&mut inner)?))) {
                    Some((array, (number, batch))) => {
                        let mut objects = batch.iter();
                        let first = objects.next();
                        let beyond = array.fill(|array| objects.find(|object| !array.put(*object)));
                        self.give(pages, &mut inner, beyond.into_iter().chain(objects));
                        batch.push_to(&mut inner.spare, number);
                        first
                    }
                    None => self.refill(pages, &mut inner, array),
                };
                let is_bad = |entry| !self.debug_alloc(pages, cpu, id.0, &mut inner, self.at(entry));
                if cache.is_debugged() && object.is_some_and(is_bad) {
                    continue;
                }
                if object.is_none() {
                    let next = inner.next_slab();
                    // It takes its time, and its constructors may call: the CPU's arrays are nobody's meanwhile.
                    drop((inner, inside));
                    made = Some(self.add_slab(pages, cpu, (id.0, cache), next, &Request::new(gfp, Order::ZERO))?);
                }
            }
            if let Some(entry) = object {
                return Ok(self.at(entry));
            }
        }
    }
    /// Takes an object off the slabs, and some for the array too.
    fn refill(&self, pages: &PageAllocator, inner: &mut Inner, array: Option<&CpuArray>) -> Option<usize> {
        let mut first = None;
        match array {
            Some(array) => {
                let count = inner.geometry.cpu_batch.min(array.limit()).max(1);
                array.fill(|array| {
                    self.take(pages, inner, count, |entry| match first {
                        Some(_) => {
                            array.put(entry);
                        }
                        None => first = Some(entry),
                    });
                });
            }
            None => self.take(pages, inner, 1, |entry| first = Some(entry)),
        }
        first
    }

    /// Gives an object back that the CPU's array did not take at once.
    pub(super) fn free_missed(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        addr: PhysAddr,
    ) -> Result<(), Misuse> {
        if let Some(slob) = &self.slob {
            return self.slob_free(slob, pages, cpu, id, addr);
        }
        #[cfg(debug_assertions)]
        if self.debugged_at(pages, addr).is_none() {
            self.check(pages, addr)?;
        }
        self.free_slow(pages, cpu, id.0, self.entry(addr))
    }
    #[cold]
    #[inline(never)]
    fn free_slow(&self, pages: &PageAllocator, cpu: u32, id: u32, entry: usize) -> Result<(), Misuse> {
        let Some(cache) = self.caches.get(id) else { return Ok(()) };
        let inside = pages.enter_slow(cpu);
        let array = inside.as_ref().and_then(|_| self.arrays.row(cpu)?.get(id));
        // Hits of a CPU that is watched come here.
        if array.is_some_and(|array| array.push(entry)) {
            return Ok(());
        }
        let mut inner = cache.inner.lock();
        if cache.is_debugged() {
            // Checked and given back in one: another CPU may free the same object.
            self.debug_free(pages, cpu, id, &inner, self.at(entry))?;
        }
        let full = array.filter(|array| array.limit() > 0);
        if let Some(array) = full {
            let count = inner.geometry.cpu_batch.clamp(1, BATCH as u32);
            if !self.put_batch(pages, cpu, &mut inner, array, count) {
                self.give(pages, &mut inner, array.drain(count));
            }
        }
        if !full.is_some_and(|array| array.push(entry)) {
            self.give(pages, &mut inner, core::iter::once(entry));
        }
        let keep = inner.geometry.min_partial;
        let surplus = self.unlink_empty(pages, &mut inner, keep);
        drop((inner, inside));
        self.give_slabs(pages, cpu, cache, surplus);
        Ok(())
    }
    /// Returns what stands for an object in an array.
    #[inline(always)]
    fn entry(&self, addr: PhysAddr) -> usize {
        addr.raw().wrapping_sub(self.ram.start().raw()) as usize
    }
    /// Returns the object that an entry of an array stands for.
    pub(super) fn at(&self, entry: usize) -> PhysAddr {
        self.ram.start().offset(entry as u64)
    }

    /// Returns how many bytes a cache's depot takes at most, objects and batches: a thousandth of RAM, and not much of any.
    fn depot_bytes(&self) -> u64 {
        (4 * self.ground.total_pages).clamp(4 << 10, 1 << 20)
    }
    /// Takes a batch out of a cache's depot.
    fn take_batch(&self, inner: &mut Inner) -> Option<(u32, &Batch)> {
        let (number, batch) = self.pop_batch(&mut inner.depot)?;
        inner.in_depot -= batch.count();
        Some((number, batch))
    }
    /// Puts objects of a full array into the cache's depot, as one batch. False: it is full, or there is no batch.
    fn put_batch(&self, pages: &PageAllocator, cpu: u32, inner: &mut Inner, array: &CpuArray, count: u32) -> bool {
        let bytes = u64::from(inner.geometry.size) + size_of::<usize>() as u64;
        if u64::from(inner.in_depot + count) * bytes > self.depot_bytes() {
            return false;
        }
        let spare = self.pop_batch(&mut inner.spare).or_else(|| self.new_batch(pages, cpu));
        let Some((number, batch)) = spare else { return false };
        batch.keep(array.drain(count));
        inner.in_depot += batch.count();
        batch.push_to(&mut inner.depot, number);
        true
    }
    /// Takes the first batch off a list.
    fn pop_batch(&self, first: &mut u32) -> Option<(u32, &Batch)> {
        let number = first.checked_sub(1)?;
        let batch = self.batches.get(number)?;
        *first = batch.next.get();
        Some((number, batch))
    }
    /// Takes a batch that no cache has.
    #[cold]
    fn new_batch(&self, pages: &PageAllocator, cpu: u32) -> Option<(u32, &Batch)> {
        let mut spare = self.spare.lock();
        if let Some(found) = self.pop_batch(&mut spare.first) {
            return Some(found);
        }
        if spare.used == self.batches.len() {
            // A free is no allocation: none is made to fail in it.
            if pages.is_injecting() {
                return None;
            }
            self.grow(pages, cpu, &self.batches, 8).ok()?;
        }
        spare.used += 1;
        Some((spare.used - 1, self.batches.get(spare.used - 1)?))
    }
    /// Shows what a cache's CPU arrays and its depot hold.
    pub(super) fn stocks<'a>(&'a self, id: u32, inner: &Inner) -> impl Iterator<Item = usize> + 'a {
        let mut next = inner.depot;
        let depot = core::iter::from_fn(move || {
            let batch = self.batches.get(next.checked_sub(1)?)?;
            next = batch.next.get();
            Some(batch)
        });
        self.arrays.column(id).flat_map(CpuArray::iter).chain(depot.flat_map(Batch::iter))
    }

    /// Takes up to `count` free objects off the slabs, the partial ones first, and hands each to `with`.
    pub(super) fn take(&self, pages: &PageAllocator, inner: &mut Inner, count: u32, mut with: impl FnMut(usize)) {
        let frames = &pages.frames;
        let mut left = count;
        while left > 0 {
            let head = match inner.partial.first() {
                Some(head) => head,
                None => {
                    let Some(head) = inner.empty.pop_front(frames) else { return };
                    inner.partial.push_front(frames, head);
                    head
                }
            };
            left -= self.take_from(pages, inner, head, left, &mut with);
        }
    }
    /// Takes up to `count` objects of a slab that is on the partial list. Returns how many there were. None, where there ought
    /// to be some, is a list of free objects that somebody has written over: that slab is taken out of use.
    #[inline]
    pub(super) fn take_from(
        &self,
        pages: &PageAllocator,
        inner: &mut Inner,
        head: u32,
        count: u32,
        mut with: impl FnMut(usize),
    ) -> u32 {
        let frames = &pages.frames;
        let Inner { partial, free, .. } = inner;
        let (geometry, ram) = (inner.geometry, self.ram.share());
        let Some(slab) = Slab::new(frames, head, &geometry, &ram) else {
            partial.remove(frames, head);
            return 0;
        };
        let taken = slab.take(count, |object| with(self.entry(object)));
        *free -= u64::from(taken);
        if taken == 0 && count > 0 {
            *free -= u64::from(slab.isolate());
        }
        if slab.out() == slab.objects {
            partial.remove(frames, head);
        }
        taken
    }

    /// Gives objects back to their slabs.
    pub(super) fn give(&self, pages: &PageAllocator, inner: &mut Inner, entries: impl Iterator<Item = usize>) {
        let frames = &pages.frames;
        let Inner { partial, empty, free, .. } = inner;
        // Nothing that is written meanwhile can be these.
        let (geometry, ram, divider) = (inner.geometry, self.ram.share(), Divider::new(inner.geometry.size));
        let mut given = 0;
        for entry in entries {
            let addr = ram.start().offset(entry as u64);
            let Some((head, _)) = frames.slab_of(frames.index(Pfn::containing(addr))) else { continue };
            let Some(slab) = Slab::new(frames, head, &geometry, &ram) else { continue };
            let Some(number) = slab.find_with(addr, &divider) else { continue };
            let out = slab.give(number);
            let (was_full, is_empty) = (out == slab.objects, out <= 1);
            given += 1;
            if was_full {
                let list = if is_empty { &mut *empty } else { &mut *partial };
                list.push_front(frames, head);
            } else if is_empty {
                partial.remove(frames, head);
                empty.push_front(frames, head);
            }
        }
        *free += given;
    }

    /// Gives all that the CPU arrays and the depot hold of a cache back to its slabs. All CPUs' arrays are claimed.
    pub(super) fn flush(&self, pages: &PageAllocator, id: u32, cache: &Cache) {
        let mut inner = cache.inner.lock();
        for array in self.arrays.column(id) {
            self.give(pages, &mut inner, array.drain(u32::MAX));
        }
        while let Some((number, batch)) = self.take_batch(&mut inner) {
            self.give(pages, &mut inner, batch.iter());
            batch.push_to(&mut inner.spare, number);
        }
        let mut spare = self.spare.lock();
        while let Some((number, batch)) = self.pop_batch(&mut inner.spare) {
            batch.push_to(&mut spare.first, number);
        }
    }

    /// Returns how many objects a cache's CPU arrays and its depot hold.
    pub(super) fn in_stock(&self, id: u32, inner: &Inner) -> u64 {
        let in_arrays: u64 = self.arrays.column(id).map(|array| u64::from(array.count())).sum();
        in_arrays + u64::from(inner.in_depot)
    }
}
