//! Slab caches: objects of one size, and kmalloc on top of them.
//!
//! The layers, from the hit path down: a CPU's array of free objects (`cpu_array`), the cache's slabs under its lock
//! (`cache`), the page allocator. The shape of slabs is pure arithmetic ([`geometry`]). [`kmalloc`] picks a cache by
//! size.
//!
//! Caches may be debugged (`options` says which): then nothing is kept on CPUs, and the slow paths call `checked`, which
//! writes and compares what `debug` says about bytes; `traces` keeps the stacks of those who allocated and freed.
//!
//! Objects are handed around as physical addresses of the direct map; `memory` shows them as virtual ones.

mod cache;
mod checked;
mod cpu_array;
pub mod debug;
pub mod geometry;
pub mod kmalloc;
pub mod options;
mod traces;

pub use cache::Hook;
pub use checked::{BugKind, Finding, ObjectView, SlabBug, Then};
pub(crate) use checked::{Debugging, Source, TASK};
pub use geometry::{Geometry, SlabFlags};
pub use traces::FRAMES as TRACE_FRAMES;

use crate::error::{AllocError, Broken, Misuse, Name};
use crate::gfp::Gfp;
use crate::page::frame::{Frame, FrameKind, State};
use crate::page::{PageAllocator, PageUse};
use crate::raw::{Ram, Table};
use crate::sync::{Ordering, SpinLock};
use crate::units::{Order, Pfn, PhysAddr, PhysRange, VirtAddr};
use cache::{slab_of, Cache, Inner, Slab};
use cpu_array::CpuArray;
use geometry::{Ground, Shape};

/// A cache's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct CacheId(u32);

impl CacheId {
    /// Wraps a raw number, as [`CacheId::raw`] gave it.
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }
    /// Returns the raw number.
    #[inline]
    pub const fn raw(self) -> u32 {
        self.0
    }
}

/// What a new cache is to be: the arguments of `kmem_cache_create`.
#[derive(Clone, Copy, Debug)]
pub struct CacheSpec<'a> {
    /// Name, not empty.
    pub name: &'a str,
    /// Bytes of an object.
    pub size: u32,
    /// Alignment asked for; 0 for none.
    pub align: u32,
    /// Flags.
    pub flags: SlabFlags,
    /// Called once for each object when its slab is made.
    pub ctor: Option<Hook>,
    /// Called once for each object when its slab is given back.
    pub dtor: Option<Hook>,
}

/// What a cache is and holds.
#[derive(Clone, Copy, Debug)]
pub struct CacheInfo {
    /// Its number.
    pub id: CacheId,
    /// Its name.
    pub name: Name,
    /// The shape of its slabs.
    pub geometry: Geometry,
    /// Its flags.
    pub flags: SlabFlags,
    /// True with a constructor.
    pub has_ctor: bool,
    /// Slabs.
    pub slabs: u32,
    /// Pages of all slabs.
    pub pages: u64,
    /// Slabs with free and live objects.
    pub partial_slabs: u32,
    /// Slabs without live objects.
    pub empty_slabs: u32,
    /// Objects of all slabs.
    pub objects: u64,
    /// Objects in the hands of users.
    pub live: u64,
    /// Objects in the CPU arrays.
    pub in_cpu_arrays: u64,
    /// Position in the order of creation.
    pub serial: u32,
}

/// An object, found by an address inside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectInfo {
    /// Its cache.
    pub cache: CacheId,
    /// Its first byte.
    pub start: PhysAddr,
    /// Its size as the user knows it.
    pub object_size: u32,
    /// True when nobody holds it.
    pub is_free: bool,
}

/// The slab allocator of one kernel.
pub struct SlabAllocator {
    ram: Ram,
    page_offset: VirtAddr,
    ground: Ground,
    caches: Table<Cache>,
    arrays: Table<CpuArray>,
    /// Held while caches come and go.
    registry: SpinLock<u32>,
    pub(crate) kmalloc: kmalloc::Kmalloc,
    pub(crate) debug: Debugging,
}

/// Tables of descriptors grow by at least four pages.
const TABLE_ORDER: Order = Order::ZERO.up().up();
/// Flags that a slab's pages never inherit.
const NOT_FOR_SLABS: Gfp = Gfp::HIGHMEM.union(Gfp::MOVABLE).union(Gfp::ZERO).union(Gfp::COMP).union(Gfp::DMA32);

/// What the slabs of a cache count as.
fn use_of(flags: SlabFlags) -> PageUse {
    if flags.contains(SlabFlags::RECLAIM_ACCOUNT) {
        PageUse::SlabReclaimable
    } else {
        PageUse::SlabUnreclaimable
    }
}

impl SlabAllocator {
    pub(crate) fn new(ram: Ram, page_offset: VirtAddr, ground: Ground, debug: Debugging) -> Self {
        Self {
            ram,
            page_offset,
            ground,
            caches: Table::new(),
            arrays: Table::new(),
            registry: SpinLock::new(0),
            kmalloc: kmalloc::Kmalloc::new(),
            debug,
        }
    }

    /// Creates a cache. May take pages for its descriptor.
    ///
    /// # Errors
    /// [`CreateError::Misuse`] for a bad name, size or alignment, [`CreateError::Alloc`] without memory for it.
    pub fn create(&self, pages: &PageAllocator, cpu: u32, spec: &CacheSpec<'_>) -> Result<CacheId, CreateError> {
        self.create_as(pages, cpu, spec, false)
    }

    pub(crate) fn create_as(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        spec: &CacheSpec<'_>,
        is_kmalloc: bool,
    ) -> Result<CacheId, CreateError> {
        if spec.name.is_empty() {
            return Err(Misuse::BadName("a cache needs a name").into());
        }
        if spec.size == 0 {
            return Err(Misuse::BadArgument("a cache of objects of 0 bytes").into());
        }
        if spec.align != 0 && !spec.align.is_power_of_two() {
            return Err(Misuse::BadArgument("the alignment is not a power of two").into());
        }
        let shape = |flags| Shape {
            object_size: spec.size,
            align: spec.align,
            flags,
            has_ctor: spec.ctor.is_some(),
            is_kmalloc,
        };
        let mut flags = spec.flags | self.debug.options.flags_for(spec.name);
        let mut geometry = geometry::geometry(&shape(flags), &self.ground);
        let order_of = |bytes: u32| Order::covering(bytes.into());
        let is_higher = geometry.is_some_and(|shape| order_of(shape.size) > order_of(shape.object_size));
        if self.debug.options.no_higher_order() && is_higher {
            flags -= debug::METADATA_FLAGS;
            geometry = geometry::geometry(&shape(flags), &self.ground);
        }
        let geometry = geometry
            .filter(|geometry| geometry.order <= pages.top_order())
            .ok_or(AllocError::TooLarge { bytes: spec.size.into(), limit: pages.top_order().bytes() })?;
        let is_debugged = flags.intersects(debug::DEBUG_FLAGS);
        let mut serial = self.registry.lock();
        let slot = self.caches.iter().find(|(_, cache)| !cache.is_live()).map(|(slot, _)| slot);
        let slot = match slot {
            Some(slot) => slot,
            None => {
                let first = self.caches.len();
                self.grow(pages, cpu, &self.caches, 16)?;
                first
            }
        };
        while self.arrays.len() < (slot + 1) * self.ground.cpus {
            self.grow(pages, cpu, &self.arrays, 16 * self.ground.cpus)?;
        }
        let cache = self.caches.get(slot).ok_or(AllocError::NoSlot)?;
        *serial += 1;
        *cache.inner.lock() = Inner {
            name: Name::new(spec.name),
            geometry,
            flags,
            ctor: spec.ctor,
            dtor: spec.dtor,
            serial: *serial,
            is_kmalloc,
            ..Inner::default()
        };
        for array in self.arrays_of(slot) {
            let limit = if is_debugged { 0 } else { geometry.cpu_limit.min(cpu_array::CAPACITY as u32) };
            array.limit.set(limit);
            array.allocs.set(0);
            array.frees.set(0);
        }
        cache.set_debugged(is_debugged);
        cache.set_live(true);
        Ok(CacheId(slot))
    }

    /// Adds a block to a table of descriptors.
    pub(crate) fn grow<T: Default + Sync>(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        table: &Table<T>,
        least: u32,
    ) -> Result<(), AllocError> {
        if !table.can_grow() {
            return Err(AllocError::NoSlot);
        }
        let bytes = u64::from(least) * size_of::<T>() as u64;
        let order = Order::covering(bytes).unwrap_or(TABLE_ORDER).max(TABLE_ORDER).min(pages.top_order());
        let mut taken = None;
        let grown = table.grow(&self.ram, || {
            let pfn = pages.alloc(cpu, Gfp::KERNEL, order)?;
            taken = Some(pfn);
            Ok::<_, AllocError>(PhysRange::new(pfn.phys().raw(), pfn.phys().raw() + order.bytes()))
        })?;
        match taken {
            Some(pfn) if !grown => {
                // Not low memory: nothing was kept.
                let _ = pages.free(cpu, pfn, order);
                Err(AllocError::NoSlot)
            }
            Some(pfn) => {
                pages.keep(pfn, true);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes an object. The caller is CPU `cpu` with interrupts off. A hit takes no lock.
    ///
    /// # Errors
    /// [`AllocError::NoMemory`] when a new slab is needed and no pages are there for it.
    #[inline]
    pub fn alloc(&self, pages: &PageAllocator, cpu: u32, id: CacheId, gfp: Gfp) -> Result<PhysAddr, AllocError> {
        match self.hit(cpu, id) {
            Some(addr) => Ok(addr),
            None => self.alloc_slow(pages, cpu, id, gfp),
        }
    }
    /// Takes an object from the CPU's own stock.
    #[inline(always)]
    pub(crate) fn hit(&self, cpu: u32, id: CacheId) -> Option<PhysAddr> {
        let entry = self.array(id.0, cpu)?.pop()?;
        Some(self.ram.start().offset(entry as u64))
    }

    /// Gives an object back, to whichever cache it belongs. A hit takes no lock. That the pointer is the start of a live
    /// object is the caller's word (debug builds check it; [`SlabAllocator::object`] finds out).
    ///
    /// # Errors
    /// [`Misuse::NotAnObject`] when the address lies in no slab.
    #[inline]
    pub fn free(&self, pages: &PageAllocator, cpu: u32, addr: PhysAddr) -> Result<(), Misuse> {
        #[cfg(debug_assertions)]
        if self.debugged_at(pages, addr).is_none() {
            self.check(pages, addr)?;
        }
        match pages.frames.get(Pfn::containing(addr)) {
            Some(frame) if frame.state().is_slab() => self.put(pages, cpu, frame, addr),
            _ => self.no_object(addr),
        }
    }
    #[cold]
    fn no_object(&self, addr: PhysAddr) -> Result<(), Misuse> {
        Err(Misuse::NotAnObject(self.virt(addr)))
    }
    /// Gives an object to the CPU's own stock; false when it does not keep it, or it is no object. Debug builds keep none
    /// here: they check each.
    #[inline(always)]
    pub(crate) fn put_hit(&self, pages: &PageAllocator, cpu: u32, addr: PhysAddr) -> bool {
        if cfg!(debug_assertions) {
            return false;
        }
        match pages.frames.get(Pfn::containing(addr)) {
            Some(frame) if frame.state().is_slab() => {
                let entry = (addr.raw() - self.ram.start().raw()) as usize;
                self.array(frame.a.load(Ordering::Relaxed), cpu).is_some_and(|array| array.push(entry))
            }
            _ => false,
        }
    }
    /// Gives back an object that lies in a slab's page.
    #[inline(always)]
    pub(crate) fn put(&self, pages: &PageAllocator, cpu: u32, frame: Frame<'_>, addr: PhysAddr) -> Result<(), Misuse> {
        let cache = frame.a.load(Ordering::Relaxed);
        let entry = (addr.raw() - self.ram.start().raw()) as usize;
        match self.array(cache, cpu) {
            Some(array) if array.push(entry) => Ok(()),
            _ => self.free_slow(pages, cpu, cache, entry),
        }
    }

    /// Checks that an address is the first byte of an object that somebody holds.
    ///
    /// # Errors
    /// The [`Misuse`] that freeing it would be.
    pub fn check(&self, pages: &PageAllocator, addr: PhysAddr) -> Result<ObjectInfo, Misuse> {
        let object = self.object(pages, addr).ok_or(Misuse::NotAnObject(self.virt(addr)))?;
        if object.start != addr {
            return Err(Misuse::InsideObject { addr: self.virt(addr), object: self.virt(object.start) });
        }
        if object.is_free {
            return Err(Misuse::ObjectFree(self.virt(addr)));
        }
        Ok(object)
    }

    /// Finds the object that holds an address. O(objects of a slab + CPU arrays).
    pub fn object(&self, pages: &PageAllocator, addr: PhysAddr) -> Option<ObjectInfo> {
        let frames = &pages.frames;
        let index = frames.get(Pfn::containing(addr)).map(|_| frames.index(Pfn::containing(addr)))?;
        let (head, id) = slab_of(frames, index)?;
        let inner = self.caches.get(id).filter(|cache| cache.is_live())?.inner.lock();
        let slab = Slab::new(frames, head, &inner.geometry, &self.ram)?;
        let (number, start) = slab.find(addr)?;
        let entry = (start.raw() - self.ram.start().raw()) as usize;
        let is_free =
            slab.is_on_chain(number) || self.arrays_of(id).any(|array| array.iter().any(|free| free == entry));
        Some(ObjectInfo { cache: CacheId(id), start, object_size: inner.geometry.object_size, is_free })
    }

    #[cold]
    pub(crate) fn alloc_slow(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        id: CacheId,
        gfp: Gfp,
    ) -> Result<PhysAddr, AllocError> {
        let cache =
            self.caches.get(id.0).filter(|cache| cache.is_live()).ok_or(AllocError::BadFlags("no such cache"))?;
        loop {
            let mut inner = cache.inner.lock();
            let Some(object) = self.take(pages, &mut inner) else {
                drop(inner);
                self.add_slab(pages, cpu, id.0, cache, gfp)?;
                continue;
            };
            if cache.is_debugged() && !self.debug_alloc(pages, cpu, id.0, &mut inner, object) {
                continue;
            }
            // Fill the CPU's array, in an order that hands them out ascending.
            if let Some(array) = self.array(id.0, cpu) {
                let batch = inner.geometry.cpu_batch.min(array.limit.get());
                for _ in 1..batch {
                    if inner.free == 0 {
                        break;
                    }
                    let Some(object) = self.take(pages, &mut inner) else { break };
                    if !array.push((object.raw() - self.ram.start().raw()) as usize) {
                        break;
                    }
                    array.frees.sub(1);
                }
                array.allocs.add(1);
            }
            return Ok(object);
        }
    }

    #[cold]
    fn free_slow(&self, pages: &PageAllocator, cpu: u32, id: u32, entry: usize) -> Result<(), Misuse> {
        let Some(cache) = self.caches.get(id) else { return Ok(()) };
        let mut inner = cache.inner.lock();
        if cache.is_debugged() {
            self.debug_free(pages, cpu, id, &inner, self.ram.start().offset(entry as u64))?;
        }
        let batch = inner.geometry.cpu_batch.max(1);
        if let Some(array) = self.array(id, cpu) {
            array.take_oldest(batch, |entry| self.give(pages, &mut inner, entry));
            if array.push(entry) {
                drop(inner);
                self.trim(pages, cpu, cache);
                return Ok(());
            }
        }
        self.give(pages, &mut inner, entry);
        drop(inner);
        self.trim(pages, cpu, cache);
        Ok(())
    }

    /// Takes an object from a partial slab, else from an empty one.
    fn take(&self, pages: &PageAllocator, inner: &mut Inner) -> Option<PhysAddr> {
        let frames = &pages.frames;
        let Inner { partial, empty, geometry, free, .. } = inner;
        let head = match partial.first() {
            Some(head) => head,
            None => {
                let head = empty.pop_front(frames)?;
                partial.push_front(frames, head);
                head
            }
        };
        let slab = Slab::new(frames, head, geometry, &self.ram)?;
        let object = slab.take()?;
        *free -= 1;
        if slab.out() == slab.objects {
            partial.remove(frames, head);
        }
        Some(object)
    }

    fn give(&self, pages: &PageAllocator, inner: &mut Inner, entry: usize) {
        let frames = &pages.frames;
        let addr = self.ram.start().offset(entry as u64);
        let Some((head, _)) = slab_of(frames, frames.index(Pfn::containing(addr))) else { return };
        let Inner { partial, empty, geometry, free, .. } = inner;
        let Some(slab) = Slab::new(frames, head, geometry, &self.ram) else { return };
        let Some((number, _)) = slab.find(addr) else { return };
        let was_full = slab.out() == slab.objects;
        slab.give(number);
        *free += 1;
        if !was_full {
            partial.remove(frames, head);
        }
        if slab.out() == 0 {
            empty.push_front(frames, head);
        } else {
            partial.push_front(frames, head);
        }
    }

    fn add_slab(&self, pages: &PageAllocator, cpu: u32, id: u32, cache: &Cache, gfp: Gfp) -> Result<(), AllocError> {
        let (geometry, flags, ctor, colour) = {
            let mut inner = cache.inner.lock();
            let colour = inner.next_colour;
            inner.next_colour = if colour + 1 < inner.geometry.colours { colour + 1 } else { 0 };
            (inner.geometry, inner.flags, inner.ctor, colour)
        };
        let mut wanted = gfp - NOT_FOR_SLABS;
        if flags.contains(SlabFlags::CACHE_DMA) {
            wanted |= Gfp::DMA;
        }
        // The order that wastes least is worth a try, not an effort; SLUB makes do with one object's.
        let least = Order::covering((geometry.size).into()).unwrap_or(geometry.order);
        let pfn = match pages.alloc(cpu, wanted, geometry.order) {
            Err(error) if geometry.management != 0 || least >= geometry.order => return Err(error),
            Err(_) => pages.alloc(cpu, wanted, least)?,
            Ok(pfn) => pfn,
        };
        let frames = &pages.frames;
        let head = frames.index(pfn);
        let state = frames.at(head).map_or(State::new(FrameKind::Used, Order::ZERO, 0), |frame| frame.state());
        let order = state.order();
        let mut place = geometry.management + colour * geometry.colour_step;
        if geometry.off_slab {
            let bytes = u64::from(geometry.management);
            match self.kmalloc.alloc(self, pages, cpu, bytes, wanted - Gfp::DMA) {
                Ok(management) => place = (management.raw() >> 5) as u32,
                Err(error) => {
                    let _ = pages.free(cpu, pfn, order);
                    return Err(error);
                }
            }
        }
        for page in 0..order.pages() {
            let Some(frame) = frames.get(pfn.add(page)) else { break };
            let tail = State::new(FrameKind::SlabTail, Order::ZERO, state.zone());
            frame.a.store(id, Ordering::Relaxed);
            frame.b.store(head, Ordering::Relaxed);
            frame.set_state(if page == 0 { state.with_kind(FrameKind::Slab) } else { tail });
        }
        let Some(slab) = Slab::new(frames, head, &geometry, &self.ram) else { return Ok(()) };
        if cache.is_debugged() {
            // Where objects begin must be known before they are made.
            slab.frame.set_more(place);
            self.debug_new_slab(&cache.inner.lock(), &slab);
        }
        slab.start(place);
        if let Some(hook) = ctor {
            for number in 0..slab.objects {
                (hook.call)(hook.token, self.virt(slab.object(number)));
            }
        }
        pages.begin_use(pfn, use_of(flags), order.pages());
        let mut inner = cache.inner.lock();
        inner.slabs += 1;
        inner.pages += order.pages();
        inner.objects += u64::from(slab.objects);
        inner.free += u64::from(slab.objects);
        inner.empty.push_back(frames, head);
        Ok(())
    }

    /// Gives empty slabs beyond the cache's minimum back to the page allocator.
    fn trim(&self, pages: &PageAllocator, cpu: u32, cache: &Cache) {
        let keep = cache.inner.lock().geometry.min_partial;
        self.release_empty(pages, cpu, cache, keep);
    }
    fn release_empty(&self, pages: &PageAllocator, cpu: u32, cache: &Cache, keep: u32) {
        let frames = &pages.frames;
        loop {
            let mut inner = cache.inner.lock();
            if inner.empty.len() <= keep {
                return;
            }
            let Some(head) = inner.empty.pop_front(frames) else { return };
            let (geometry, dtor, flags) = (inner.geometry, inner.dtor, inner.flags);
            let Some(slab) = Slab::new(frames, head, &geometry, &self.ram) else { return };
            inner.slabs -= 1;
            inner.pages -= slab.frame.state().order().pages();
            inner.objects -= u64::from(slab.objects);
            inner.free -= u64::from(slab.objects);
            drop(inner);
            if let Some(hook) = dtor {
                for number in 0..slab.objects {
                    (hook.call)(hook.token, self.virt(slab.object(number)));
                }
            }
            let management = geometry.off_slab.then(|| slab.management());
            let state = slab.frame.state();
            pages.end_use(frames.pfn(head), use_of(flags), state.order().pages());
            for page in 0..state.order().pages() {
                if let Some(frame) = frames.get(frames.pfn(head).add(page)) {
                    frame.clear();
                }
            }
            slab.frame.set_state(state.with_kind(FrameKind::Used));
            slab.frame.set_more(0);
            let _ = pages.free(cpu, frames.pfn(head), state.order());
            if let Some(management) = management {
                let _ = self.free(pages, cpu, management);
            }
        }
    }

    /// Gives all that the CPU arrays hold of a cache back to its slabs. No other CPU uses the cache meanwhile.
    fn flush(&self, pages: &PageAllocator, id: u32, cache: &Cache) {
        let mut inner = cache.inner.lock();
        for array in self.arrays_of(id) {
            array.take_oldest(u32::MAX, |entry| self.give(pages, &mut inner, entry));
        }
    }

    /// Gives a cache's empty slabs back: `kmem_cache_shrink`. No other CPU uses the cache meanwhile.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such cache.
    pub fn shrink(&self, pages: &PageAllocator, cpu: u32, id: CacheId) -> Result<(), Misuse> {
        let cache = self.live(id)?;
        self.flush(pages, id.0, cache);
        self.release_empty(pages, cpu, cache, 0);
        Ok(())
    }

    /// Gives the empty slabs of all caches back. What lies in the CPUs' arrays stays there.
    pub(crate) fn shrink_all(&self, pages: &PageAllocator, cpu: u32) {
        for id in 0..self.caches.len() {
            if let Ok(cache) = self.live(CacheId(id)) {
                self.release_empty(pages, cpu, cache, 0);
            }
        }
    }

    /// Destroys a cache that no object is out of. No other CPU uses the cache meanwhile.
    ///
    /// # Errors
    /// [`Misuse::LiveObjects`]: the cache stays as it is. [`Misuse::NoSuchObject`].
    pub fn destroy(&self, pages: &PageAllocator, cpu: u32, id: CacheId) -> Result<(), Misuse> {
        self.shrink(pages, cpu, id)?;
        let cache = self.live(id)?;
        let _registry = self.registry.lock();
        let inner = cache.inner.lock();
        if inner.is_kmalloc {
            return Err(Misuse::BadArgument("a cache of kmalloc's own cannot be destroyed"));
        }
        let count = inner.objects - inner.free;
        if count != 0 {
            return Err(Misuse::LiveObjects { count });
        }
        cache.set_live(false);
        for array in self.arrays_of(id.0) {
            array.limit.set(0);
        }
        Ok(())
    }

    fn live(&self, id: CacheId) -> Result<&Cache, Misuse> {
        self.caches.get(id.0).filter(|cache| cache.is_live()).ok_or(Misuse::NoSuchObject(id.0.into()))
    }

    /// Describes a cache.
    pub fn info(&self, id: CacheId) -> Option<CacheInfo> {
        let inner = self.live(id).ok()?.inner.lock();
        let in_cpu_arrays = self.arrays_of(id.0).map(|array| u64::from(array.count())).sum();
        Some(CacheInfo {
            id,
            name: inner.name,
            geometry: inner.geometry,
            flags: inner.flags,
            has_ctor: inner.ctor.is_some(),
            slabs: inner.slabs,
            pages: inner.pages,
            partial_slabs: inner.partial.len(),
            empty_slabs: inner.empty.len(),
            objects: inner.objects,
            live: inner.objects.saturating_sub(inner.free + in_cpu_arrays),
            in_cpu_arrays,
            serial: inner.serial,
        })
    }
    /// Describes all caches, in the order of their slots.
    pub fn infos(&self) -> impl Iterator<Item = CacheInfo> + '_ {
        (0..self.caches.len()).filter_map(|slot| self.info(CacheId(slot)))
    }
    /// Finds a cache by its name.
    pub fn by_name(&self, name: &str) -> Option<CacheInfo> {
        self.infos().find(|info| info.name.as_str() == name)
    }
    /// Returns how many pages all slabs hold.
    pub fn slab_pages(&self) -> u64 {
        self.infos().map(|info| info.pages).sum()
    }

    /// Returns kmalloc's ladders.
    pub fn kmalloc(&self) -> &kmalloc::Kmalloc {
        &self.kmalloc
    }

    #[inline(always)]
    fn array(&self, id: u32, cpu: u32) -> Option<&CpuArray> {
        if cpu >= self.ground.cpus {
            return None;
        }
        // No engine makes ids so large that this wraps, and the table checks its bounds; checked arithmetic here doubled the
        // time of a hit.
        self.arrays.get(id.wrapping_mul(self.ground.cpus).wrapping_add(cpu))
    }
    fn arrays_of(&self, id: u32) -> impl Iterator<Item = &CpuArray> {
        (0..self.ground.cpus).filter_map(move |cpu| self.array(id, cpu))
    }
    #[inline]
    fn virt(&self, addr: PhysAddr) -> VirtAddr {
        self.page_offset.offset(addr.raw().wrapping_sub(self.ram.start().raw()))
    }

    /// Checks S1 to S3 of every cache. No CPU may allocate meanwhile. O(frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self, pages: &PageAllocator) -> Result<(), Broken> {
        let frames = &pages.frames;
        for (id, cache) in self.caches.iter().filter(|(_, cache)| cache.is_live()) {
            let inner = cache.inner.lock();
            let (mut free, mut on_lists) = (0, 0);
            for (list, empty) in [(&inner.partial, false), (&inner.empty, true)] {
                let mut walked = 0;
                for head in list.iter(frames) {
                    let at = frames.pfn(head).raw();
                    let broken = |what, found: u32, expected: u32| {
                        Err(Broken { what, at, found: found.into(), expected: expected.into() })
                    };
                    let Some(slab) = Slab::new(frames, head, &inner.geometry, &self.ram) else {
                        return broken("slab S2 (not a frame)", head, 0);
                    };
                    if slab.frame.state().kind() != FrameKind::Slab || slab.frame.a.load(Ordering::Relaxed) != id {
                        return broken("slab S2 (a stranger on a list)", slab.frame.a.load(Ordering::Relaxed), id);
                    }
                    if (slab.out() == 0) != empty || slab.out() >= slab.objects {
                        return broken("slab S2 (on the wrong list)", slab.out(), slab.objects);
                    }
                    free += slab.verify()?;
                    walked += 1;
                }
                if walked != list.len() {
                    let (found, expected) = (walked.into(), list.len().into());
                    return Err(Broken { what: "slab S2 (length of a list)", at: id.into(), found, expected });
                }
                on_lists += walked;
            }
            if free != inner.free || on_lists > inner.slabs {
                let expected = inner.free;
                return Err(Broken { what: "slab S3 (free objects)", at: id.into(), found: free, expected });
            }
            self.verify_slabs(pages, id, &inner)?;
            let in_arrays: u64 = self.arrays_of(id).map(|array| u64::from(array.count())).sum();
            if free + in_arrays > inner.objects {
                let (found, expected) = (free + in_arrays, inner.objects);
                return Err(Broken { what: "slab S3 (objects)", at: id.into(), found, expected });
            }
        }
        Ok(())
    }
}

impl SlabAllocator {
    /// Checks every slab of a cache by the frames, full ones too, and what the CPU arrays hold.
    fn verify_slabs(&self, pages: &PageAllocator, id: u32, inner: &Inner) -> Result<(), Broken> {
        let frames = &pages.frames;
        let (mut slabs, mut out) = (0, 0);
        for index in 0..frames.len() {
            let Some(frame) = frames.at(index).filter(|frame| frame.state().kind() == FrameKind::Slab) else {
                continue;
            };
            if frame.a.load(Ordering::Relaxed) != id {
                continue;
            }
            let at = frames.pfn(index).raw();
            for tail in 1..frame.state().order().pages() as u32 {
                let tail = frames.at(index + tail);
                let mine = tail.is_some_and(|tail| {
                    let (cache, head) = (tail.a.load(Ordering::Relaxed), tail.b.load(Ordering::Relaxed));
                    tail.state().kind() == FrameKind::SlabTail && (cache, head) == (id, index)
                });
                if !mine {
                    return Err(Broken { what: "slab S2 (a tail of another)", at, found: 0, expected: id.into() });
                }
            }
            let Some(slab) = Slab::new(frames, index, &inner.geometry, &self.ram) else { continue };
            slab.verify()?;
            slabs += 1;
            out += u64::from(slab.out());
        }
        let expected = inner.objects.saturating_sub(inner.free);
        if slabs != inner.slabs || out != expected {
            return Err(Broken { what: "slab S3 (objects out of all slabs)", at: id.into(), found: out, expected });
        }
        for array in self.arrays_of(id) {
            for (position, entry) in array.iter().enumerate() {
                let addr = self.ram.start().offset(entry as u64);
                let pfn = Pfn::containing(addr);
                let whole =
                    frames.get(pfn).and_then(|_| slab_of(frames, frames.index(pfn))).is_some_and(|(head, cache)| {
                        let slab = Slab::new(frames, head, &inner.geometry, &self.ram);
                        let found = slab.as_ref().and_then(|slab| slab.find(addr));
                        let on_chain =
                            found.is_some_and(|(number, _)| slab.as_ref().is_some_and(|slab| slab.is_on_chain(number)));
                        cache == id && found.is_some_and(|(_, start)| start == addr) && !on_chain
                    });
                let twice = array.iter().take(position).any(|other| other == entry);
                if !whole || twice {
                    let (at, found) = (addr.raw(), twice.into());
                    return Err(Broken { what: "slab S3 (what a CPU array holds)", at, found, expected: id.into() });
                }
            }
        }
        Ok(())
    }
}

/// Why a cache was not created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreateError {
    /// The arguments are wrong.
    Misuse(Misuse),
    /// There is no memory for it.
    Alloc(AllocError),
}

impl From<Misuse> for CreateError {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}
impl From<AllocError> for CreateError {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}
impl core::fmt::Display for CreateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Alloc(error) => error.fmt(f),
        }
    }
}
