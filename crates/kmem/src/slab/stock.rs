//! Objects between users and slabs: a CPU's hit path, and what happens when its array is empty or full.
//!
//! ```text
//!     alloc ──hit──> the CPU's array  <──a batch──  depot  <──no batch──  slabs (a new one, if need be)
//!     free  ──hit──> the CPU's array  ──a batch──>  depot  ──it is full──>  slabs
//! ```
//!
//! Everything past the arrays happens under the cache's lock.

use super::cache::{slab_of, Cache, Divider, Inner, Slab};
use super::cpu_array::{Batch, CpuArray, BATCH};
use super::{CacheId, SlabAllocator};
use crate::error::{AllocError, Misuse};
use crate::gfp::Gfp;
use crate::page::{Attempted, Inside, PageAllocator, Request};
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

/// Batches that nobody uses.
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
        pages.inject(gfp, Attempted::Object)?;
        let cache =
            self.caches.get(id.0).filter(|cache| cache.is_live()).ok_or(AllocError::BadFlags("no such cache"))?;
        loop {
            let inside = pages.enter_slow(cpu);
            let array = inside.as_ref().and_then(|_| self.arrays.row(cpu)?.get(id.0));
            // Hits of a CPU that is watched come here.
            let mut object = array.and_then(CpuArray::pop);
            if object.is_none() {
                let mut inner = cache.inner.lock();
                match array.and_then(|array| Some((array, self.take_batch(&mut inner)?))) {
                    Some((array, (number, batch))) => {
                        let mut objects = batch.iter();
                        object = objects.next_back();
                        let beyond = objects.filter(|entry| !array.push(*entry));
                        self.give(pages, &mut inner, beyond);
                        self.put_spare(number, batch);
                    }
                    None => {
                        let batch = array.map_or(1, |array| inner.geometry.cpu_batch.min(array.limit()).max(1));
                        self.take(pages, &mut inner, batch, |entry| match array {
                            Some(array) if object.is_some() => {
                                array.push(entry);
                            }
                            _ => object = Some(entry),
                        });
                        let is_bad = |entry| !self.debug_alloc(pages, cpu, id.0, &mut inner, self.at(entry));
                        if cache.is_debugged() && object.is_some_and(is_bad) {
                            continue;
                        }
                    }
                }
            }
            if let Some(entry) = object {
                return Ok(self.at(entry));
            }
            // A new slab takes its time, and its constructors may call: the CPU's arrays are nobody's meanwhile.
            drop(inside);
            self.add_slab(pages, cpu, id.0, cache, &Request::new(gfp, Order::ZERO))?;
        }
    }

    /// Gives an object back that the CPU's array did not take at once.
    pub(super) fn free_missed(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        addr: PhysAddr,
    ) -> Result<(), Misuse> {
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
        let full = array.filter(|array| array.limit() > 0);
        // A batch is looked for before the cache is locked, since the table may have to grow.
        let spare = full.and_then(|_| self.spare_batch(pages, cpu));
        let mut inner = cache.inner.lock();
        if cache.is_debugged() {
            // Checked and given back in one: another CPU may free the same object.
            self.debug_free(pages, cpu, id, &inner, self.at(entry))?;
        }
        let count = inner.geometry.cpu_batch.clamp(1, BATCH as u32);
        if let (Some(array), Some((number, batch))) = (full, spare) {
            batch.fill(array, count);
            if u64::from(inner.in_depot + batch.count()) * u64::from(inner.geometry.size) <= self.depot_bytes() {
                batch.next.set(inner.depot);
                inner.depot = number + 1;
                inner.in_depot += batch.count();
            } else {
                self.give(pages, &mut inner, batch.iter());
                self.put_spare(number, batch);
            }
            if !array.push(entry) {
                self.give(pages, &mut inner, [entry].into_iter());
            }
        } else {
            let oldest = full.into_iter().flat_map(|array| (0..count).map_while(|_| array.pop()));
            self.give(pages, &mut inner, oldest.chain([entry]));
        }
        let trims = inner.empty.len() > inner.geometry.min_partial;
        drop((inner, inside));
        if trims {
            self.trim(pages, cpu, cache);
        }
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

    /// Returns how many bytes of objects a cache's depot holds at most: a little of RAM, and not much of any.
    fn depot_bytes(&self) -> u64 {
        self.ground.total_pages.clamp(4 << 10, 128 << 10)
    }
    /// Takes a batch out of a cache's depot.
    fn take_batch(&self, inner: &mut Inner) -> Option<(u32, &Batch)> {
        let number = inner.depot.checked_sub(1)?;
        let batch = self.batches.get(number)?;
        inner.depot = batch.next.get();
        inner.in_depot -= batch.count();
        Some((number, batch))
    }
    fn spare_batch(&self, pages: &PageAllocator, cpu: u32) -> Option<(u32, &Batch)> {
        let mut spare = self.spare.lock();
        if let Some(number) = spare.first.checked_sub(1) {
            let batch = self.batches.get(number)?;
            spare.first = batch.next.get();
            return Some((number, batch));
        }
        if spare.used == self.batches.len() {
            self.grow(pages, cpu, &self.batches, 8).ok()?;
        }
        spare.used += 1;
        Some((spare.used - 1, self.batches.get(spare.used - 1)?))
    }
    fn put_spare(&self, number: u32, batch: &Batch) {
        let mut spare = self.spare.lock();
        batch.next.set(spare.first);
        spare.first = number + 1;
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
            match self.take_from(pages, inner, head, left, &mut with) {
                0 => return,
                taken => left -= taken,
            }
        }
    }
    /// Takes up to `count` objects of a slab that is on the partial list. Returns how many there were.
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
        let Inner { partial, geometry, free, .. } = inner;
        let Some(slab) = Slab::new(frames, head, geometry, &self.ram) else { return 0 };
        let taken = slab.take(count, |object| with(self.entry(object)));
        *free -= u64::from(taken);
        if slab.out() == slab.objects {
            partial.remove(frames, head);
        }
        taken
    }

    /// Gives objects back to their slabs.
    pub(super) fn give(&self, pages: &PageAllocator, inner: &mut Inner, entries: impl Iterator<Item = usize>) {
        let frames = &pages.frames;
        let Inner { partial, empty, geometry, free, .. } = inner;
        let divider = Divider::new(geometry.size);
        for entry in entries {
            let addr = self.at(entry);
            let Some((head, _)) = slab_of(frames, frames.index(Pfn::containing(addr))) else { continue };
            let Some(slab) = Slab::new(frames, head, geometry, &self.ram) else { continue };
            let Some(number) = slab.find_with(addr, &divider) else { continue };
            let was_full = slab.out() == slab.objects;
            slab.give(number);
            *free += 1;
            match (was_full, slab.out() == 0) {
                (true, true) => empty.push_front(frames, head),
                (true, false) => partial.push_front(frames, head),
                (false, true) => {
                    partial.remove(frames, head);
                    empty.push_front(frames, head);
                }
                (false, false) => {}
            }
        }
    }

    /// Gives all that the CPU arrays and the depot hold of a cache back to its slabs. All CPUs' arrays are claimed.
    pub(super) fn flush(&self, pages: &PageAllocator, id: u32, cache: &Cache) {
        let mut inner = cache.inner.lock();
        for array in self.arrays.column(id) {
            self.give(pages, &mut inner, core::iter::from_fn(|| array.pop()));
        }
        while let Some((number, batch)) = self.take_batch(&mut inner) {
            self.give(pages, &mut inner, batch.iter());
            self.put_spare(number, batch);
        }
    }

    /// Returns how many objects a cache's CPU arrays and its depot hold.
    pub(super) fn in_stock(&self, id: u32, inner: &Inner) -> u64 {
        let in_arrays: u64 = self.arrays.column(id).map(|array| u64::from(array.count())).sum();
        in_arrays + u64::from(inner.in_depot)
    }
}
