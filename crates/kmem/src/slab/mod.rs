//! Slab caches: objects of one size, and kmalloc on top of them.
//!
//! The layers, from the hit path down: a CPU's array of free objects (`cpu_array`), the cache's slabs under its lock
//! (`cache`), the page allocator. The shape of slabs is pure arithmetic ([`geometry`]). [`kmalloc`] picks a cache by
//! size.
//!
//! Caches may be debugged (`options` says which): then nothing is kept on CPUs, and the slow paths call `checked`, which
//! writes and compares what `debug` says about bytes; `traces` keeps the stacks of those who allocated and freed.
//!
//! Where a profile has SLOB, all of this is left aside: `slob` has the objects, and caches are a size and an alignment.
//!
//! Objects are handed around as physical addresses of the direct map; `memory` shows them as virtual ones.

mod bulk;
mod cache;
mod chain;
mod checked;
mod cpu_array;
pub mod debug;
pub mod geometry;
pub mod kmalloc;
mod merge;
mod node;
pub mod options;
pub mod params;
pub mod rule;
mod slob;
mod slob_page;
mod stock;
mod structs;
#[cfg(test)]
mod tests;
mod traces;
mod typesafe;
mod verify;

pub use cache::Hook;
pub use checked::{BugKind, Finding, ObjectView, SlabBug, Then};
pub(crate) use checked::{Debugging, Source, TASK};
pub use geometry::{Geometry, SlabFlags};
pub use stock::ObjectsOnCpu;
pub use traces::FRAMES as TRACE_FRAMES;

use crate::error::{AllocError, Misuse, Name};
use crate::gfp::Gfp;
use crate::page::frame::FrameList;
use crate::page::{PageAllocator, PageUse, Request, MAX_CPUS};
use crate::profile::SlabRule;
use crate::raw::{Grid, Ram, Table, NUMBERS};
use crate::rcu::Rcu;
use crate::sync::{wait_while, Count, SpinGuard, SpinLock};
use crate::units::{Order, Pfn, PhysAddr, PhysRange, VirtAddr};
use cache::{Cache, CacheKind, Inner, NextSlab, Slab, Surplus};
use cpu_array::{Batch, CpuArray};
use geometry::{Ground, Shape};
use merge::Alias;
use slob::Slob;
use stock::Spare;
use structs::StructCaches;

/// A cache's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct CacheId(u32);

impl CacheId {
    /// No cache's number.
    pub(crate) const NONE: Self = Self(NUMBERS as u32 - 1);
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
#[derive(Clone, Copy, Debug, Default)]
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
    /// First byte of the part of an object that may be copied to or from user space (4.16 and later).
    pub useroffset: u32,
    /// Bytes of that part; 0: nothing may.
    pub usersize: u32,
    /// Where a free object's link may lie, for caches with `TYPESAFE_BY_RCU` (6.12 and later); else behind the object.
    pub freeptr_offset: Option<u32>,
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
    /// What the creator gave with it.
    pub ctor_token: u64,
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
    /// Objects in the CPU arrays and the depot between them.
    pub in_cpu_arrays: u64,
    /// Position in the order of creation.
    pub serial: u32,
    /// How many more creators share it.
    pub aliases: u32,
    /// Whether it may be shared at all.
    pub is_mergeable: bool,
    /// First byte of the part of an object that may be copied to user space.
    pub useroffset: u32,
    /// Bytes of that part.
    pub usersize: u32,
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
    pub(crate) rcu: Rcu,
    caches: Table<Cache>,
    arrays: Grid<CpuArray>,
    batches: Table<Batch>,
    /// The batches that no cache has.
    spare: SpinLock<Spare>,
    structs: StructCaches,
    aliases: Table<SpinLock<Alias>>,
    /// Held while caches come and go.
    registry: SpinLock<u32>,
    pub(crate) kmalloc: kmalloc::Kmalloc,
    pub(crate) debug: Debugging,
    /// Where that is the kernel's allocator.
    slob: Option<Slob>,
    /// By CPU, how many slabs' destructors run there, one inside another.
    destructing: [Count; MAX_CPUS],
}

/// Tables of descriptors grow by at least four pages.
const TABLE_ORDER: Order = Order::ZERO.up().up();
/// Flags that a slab's pages never inherit.
const NOT_FOR_SLABS: Gfp =
    Gfp::HIGHMEM.union(Gfp::MOVABLE).union(Gfp::ZERO).union(Gfp::COMP).union(Gfp::DMA32).union(Gfp::RECLAIMABLE);

/// What the slabs of a cache count as.
fn use_of(flags: SlabFlags) -> PageUse {
    if flags.contains(SlabFlags::RECLAIM_ACCOUNT) {
        PageUse::SlabReclaimable
    } else {
        PageUse::SlabUnreclaimable
    }
}

impl SlabAllocator {
    pub(crate) fn new(ram: Ram, page_offset: VirtAddr, ground: Ground, debug: Debugging, rcu: Rcu) -> Self {
        Self {
            rcu,
            slob: None,
            destructing: core::array::from_fn(|_| Count::default()),
            ram,
            page_offset,
            ground,
            caches: Table::new(),
            arrays: Grid::new(ground.cpus),
            batches: Table::new(),
            spare: SpinLock::default(),
            structs: StructCaches::default(),
            aliases: Table::new(),
            registry: SpinLock::new(0),
            kmalloc: kmalloc::Kmalloc::new(),
            debug,
        }
    }

    /// Creates a cache, or finds one that serves as well (`merge`): then both names mean the same cache, and it lives
    /// until it was destroyed as often as it was created. May take pages for its descriptor.
    ///
    /// # Errors
    /// [`CreateError::Misuse`] for a bad name, size or alignment, [`CreateError::Alloc`] without memory for it.
    pub fn create(&self, pages: &PageAllocator, cpu: u32, spec: &CacheSpec<'_>) -> Result<CacheId, CreateError> {
        self.create_as(pages, cpu, spec, CacheKind::Client)
    }

    pub(crate) fn create_as(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        spec: &CacheSpec<'_>,
        kind: CacheKind,
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
        if let SlabRule::Slab { .. } = self.ground.rule {
            if spec.size < self.ground.word {
                return Err(Misuse::BadArgument("this kernel stops at a cache of objects smaller than a word").into());
            }
            if spec.dtor.is_some() && spec.ctor.is_none() {
                return Err(Misuse::BadArgument("this kernel stops at a destructor without a constructor").into());
            }
        }
        let shape = |flags| Shape {
            object_size: spec.size,
            align: spec.align,
            flags,
            has_ctor: spec.ctor.is_some(),
            is_kmalloc: kind == CacheKind::Kmalloc || flags.contains(SlabFlags::KMALLOC),
            freeptr_offset: spec.freeptr_offset,
        };
        let mut flags = spec.flags | self.debug.options.flags_for(spec.name);
        if self.slob.is_some() {
            // It has none of them.
            flags -= debug::DEBUG_FLAGS;
        }
        let mut geometry = geometry::geometry(&shape(flags), &self.ground);
        let order_of = |bytes: u32| Order::covering(bytes.into());
        let is_higher = geometry.is_some_and(|shape| order_of(shape.size) > order_of(shape.object_size));
        if self.debug.options.no_higher_order() && is_higher {
            flags -= debug::METADATA_FLAGS;
            geometry = geometry::geometry(&shape(flags), &self.ground);
        }
        let geometry = geometry.filter(|geometry| geometry.order <= pages.top_order()).ok_or(AllocError::TooLarge {
            bytes: spec.size.max(spec.align).into(),
            limit: pages.top_order().bytes(),
        })?;
        let is_debugged = flags.intersects(debug::DEBUG_FLAGS);
        let mut serial = self.registry.lock();
        let spec = &CacheSpec { flags, usersize: self.usersize(spec), ..*spec };
        if kind == CacheKind::Client {
            if let Some(founder) = self.merge(pages, cpu, spec)? {
                return Ok(founder);
            }
        }
        let slot = self.caches.iter().find(|(_, cache)| !cache.is_live()).map(|(slot, _)| slot);
        let slot = match slot {
            Some(slot) => slot,
            None => {
                let first = self.caches.len();
                self.grow(pages, cpu, &self.caches, 16)?;
                first
            }
        };
        if slot >= CacheId::NONE.0 {
            return Err(AllocError::NoSlot.into());
        }
        if self.slob.is_none() && !self.arrays.has(slot).ok_or(AllocError::NoSlot)? {
            self.grow_with(pages, cpu, self.arrays.block_bytes(), |take| self.arrays.grow(&self.ram, slot, take))?;
        }
        let cache = self.caches.get(slot).ok_or(AllocError::NoSlot)?;
        let structs = self.take_structs(pages, cpu)?;
        *serial += 1;
        *cache.inner.lock() = Inner {
            name: Name::new(spec.name),
            geometry,
            flags,
            ctor: spec.ctor,
            dtor: spec.dtor,
            serial: *serial,
            kind,
            useroffset: if spec.usersize == 0 { 0 } else { spec.useroffset },
            usersize: spec.usersize,
            structs,
            ..Inner::default()
        };
        let limit = if is_debugged { 0 } else { geometry.cpu_limit };
        self.arrays.column(slot).for_each(|array| array.set_limit(limit));
        cache.set_debugged(is_debugged);
        if flags.contains(SlabFlags::TRACE) {
            self.debug.traces_some.set(1);
        }
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
        self.grow_with(pages, cpu, bytes, |take| table.grow(&self.ram, take))
    }
    fn grow_with(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        bytes: u64,
        grow: impl FnOnce(&mut dyn FnMut() -> Result<PhysRange, AllocError>) -> Result<bool, AllocError>,
    ) -> Result<(), AllocError> {
        let order = Order::covering(bytes).unwrap_or(TABLE_ORDER).max(TABLE_ORDER).min(pages.top_order());
        let mut taken = None;
        let grown = grow(&mut || {
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
        // The CPU's arrays are not held past the hit: a new slab's constructors may call.
        match self.on_cpu(pages, cpu).and_then(|on_cpu| on_cpu.hit(id)) {
            Some(addr) => Ok(addr),
            None => self.alloc_slow(pages, cpu, id, gfp),
        }
    }
    /// Gives an object back, to whichever cache it belongs. A hit takes no lock. That the pointer is the start of a live
    /// object is the caller's word (debug builds check it; [`SlabAllocator::object`] finds out).
    ///
    /// # Errors
    /// [`Misuse::NotAnObject`] when the address lies in no slab; what the checks of a debugged cache find.
    #[inline]
    pub fn free(&self, pages: &PageAllocator, cpu: u32, addr: PhysAddr) -> Result<(), Misuse> {
        if self.on_cpu(pages, cpu).is_some_and(|on_cpu| on_cpu.free_hit(addr)) {
            return Ok(());
        }
        match pages.frames.slab_cache(Pfn::containing(addr)) {
            Some(cache) => self.free_missed(pages, cpu, CacheId(cache), addr),
            None => self.no_object(addr),
        }
    }
    #[cold]
    fn no_object(&self, addr: PhysAddr) -> Result<(), Misuse> {
        Err(match self.slob {
            Some(_) => Misuse::BadArgument("SLOB does not know whose an object is: it is freed to its cache"),
            None => Misuse::NotAnObject(self.virt(addr)),
        })
    }
    /// Gives an object back to the cache that the caller says is its, which SLOB has to be told and others find out.
    ///
    /// # Errors
    /// As [`SlabAllocator::free`].
    #[inline]
    pub fn free_to(&self, pages: &PageAllocator, cpu: u32, id: CacheId, addr: PhysAddr) -> Result<(), Misuse> {
        match &self.slob {
            Some(slob) => self.slob_free(slob, pages, cpu, id, addr),
            None => self.free(pages, cpu, addr),
        }
    }
    /// Checks that an address is the first byte of an object that somebody holds; with SLOB, that it may be one of this
    /// cache's.
    ///
    /// # Errors
    /// The [`Misuse`] that freeing it would be.
    pub fn check_of(&self, pages: &PageAllocator, id: CacheId, addr: PhysAddr) -> Result<ObjectInfo, Misuse> {
        match &self.slob {
            Some(slob) => self.slob_check(slob, pages, id, addr),
            None => self.check(pages, addr),
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
        let (head, id) = frames.slab_of(index)?;
        let inner = self.caches.get(id).filter(|cache| cache.is_live())?.inner.lock();
        let slab = Slab::new(frames, head, &inner.geometry, &self.ram)?;
        let (number, start) = slab.find(addr)?;
        let entry = (start.raw() - self.ram.start().raw()) as usize;
        let is_free = slab.is_free(number) || self.stocks(id, &inner).any(|free| free == entry);
        Some(ObjectInfo { cache: CacheId(id), start, object_size: inner.geometry.object_size, is_free })
    }

    /// Makes a new slab and returns with the cache locked. Of the request flags and nodes count; the order is the cache's.
    pub(super) fn add_slab<'a>(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        (id, cache): (u32, &'a Cache),
        NextSlab { geometry, flags, ctor, colour }: NextSlab,
        request: &Request,
    ) -> Result<SpinGuard<'a, Inner>, AllocError> {
        let mut wanted = request.gfp - NOT_FOR_SLABS;
        if flags.contains(SlabFlags::RECLAIM_ACCOUNT) {
            wanted |= Gfp::RECLAIMABLE;
        }
        if flags.contains(SlabFlags::CACHE_DMA) {
            wanted |= Gfp::DMA;
        }
        // The order that wastes least is worth a try, not an effort; SLUB makes do with one object's.
        let least = Order::covering((geometry.size).into()).unwrap_or(geometry.order);
        let take = |order| pages.alloc_as(cpu, &Request { gfp: wanted, order, ..*request });
        let pfn = match take(geometry.order) {
            Err(error) if geometry.management != 0 || least >= geometry.order => return Err(error),
            Err(_) => take(least)?,
            Ok(pfn) => pfn,
        };
        let frames = &pages.frames;
        let head = frames.index(pfn);
        let order = frames.at(head).map_or(Order::ZERO, |frame| frame.state().order());
        let mut place = geometry.management + colour * geometry.colour_step;
        if geometry.off_slab {
            let bytes = u64::from(geometry.management);
            match self.kmalloc.alloc(self, pages, cpu, bytes, &Request { gfp: wanted - Gfp::DMA, ..*request }) {
                Ok(management) => place = (management.raw() >> 5) as u32,
                Err(error) => {
                    let _ = pages.free(cpu, pfn, order);
                    return Err(error);
                }
            }
        }
        pages.begin_use(pfn, use_of(flags), order.pages());
        Slab::claim(frames, head, id);
        let slab = Slab::new(frames, head, &geometry, &self.ram).ok_or(AllocError::NoSlot)?;
        slab.start(place);
        if cache.is_debugged() {
            self.debug_new_slab(&cache.inner.lock(), &slab);
            slab.chain_all();
        }
        if let Some(hook) = ctor {
            for number in 0..slab.objects {
                (hook.call)(hook.token, self.virt(slab.object(number)));
            }
        }
        let mut inner = cache.inner.lock();
        inner.slabs += 1;
        inner.pages += order.pages();
        inner.objects += u64::from(slab.objects);
        inner.free += u64::from(slab.objects);
        inner.empty.push_back(frames, head);
        Ok(inner)
    }

    /// Takes all empty slabs of a cache but `keep` off its list.
    fn unlink_empty(&self, pages: &PageAllocator, inner: &mut Inner, keep: u32) -> Surplus {
        let frames = &pages.frames;
        let mut surplus =
            Surplus { slabs: FrameList::new(), geometry: inner.geometry, flags: inner.flags, dtor: inner.dtor };
        while inner.empty.len() > keep {
            let Some(head) = inner.empty.pop_front(frames) else { break };
            let Some(slab) = Slab::new(frames, head, &surplus.geometry, &self.ram) else { break };
            inner.slabs -= 1;
            inner.pages -= slab.frame.state().order().pages();
            inner.objects -= u64::from(slab.objects);
            inner.free -= u64::from(slab.objects);
            if inner.flags.contains(SlabFlags::TYPESAFE_BY_RCU) {
                self.defer_slab(pages, inner, head);
            } else {
                inner.leaving += u32::from(inner.dtor.is_some());
                surplus.slabs.push_back(frames, head);
            }
        }
        surplus
    }
    /// Gives the pages of slabs back that [`SlabAllocator::unlink_empty`] found.
    fn give_slabs(&self, pages: &PageAllocator, cpu: u32, cache: &Cache, mut surplus: Surplus) {
        let Surplus { geometry, flags, dtor, .. } = surplus;
        let count = surplus.slabs.len();
        while let Some(head) = surplus.slabs.pop_front(&pages.frames) {
            if let Some(slab) = Slab::new(&pages.frames, head, &geometry, &self.ram) {
                self.give_slab(pages, cpu, &slab, (dtor, flags), geometry.off_slab);
            }
        }
        if dtor.is_some() && count > 0 {
            cache.inner.lock().leaving -= count;
        }
    }
    fn release_empty(&self, pages: &PageAllocator, cpu: u32, cache: &Cache) {
        let surplus = self.unlink_empty(pages, &mut cache.inner.lock(), 0);
        self.give_slabs(pages, cpu, cache, surplus);
    }
    /// Gives the pages of a slab back that is on no list any more.
    fn give_slab(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        slab: &Slab<'_>,
        (dtor, flags): (Option<Hook>, SlabFlags),
        off_slab: bool,
    ) {
        let frames = &pages.frames;
        let head = Pfn::containing(slab.base);
        if let Some(hook) = dtor {
            let running = self.destructing.get(cpu as usize);
            running.inspect(|running| running.set(running.get() + 1));
            for number in 0..slab.objects {
                (hook.call)(hook.token, self.virt(slab.object(number)));
            }
            running.inspect(|running| running.set(running.get() - 1));
        }
        let management = off_slab.then(|| slab.management());
        let order = slab.frame.state().order();
        slab.unclaim(frames, frames.index(head));
        pages.end_use(head, use_of(flags), order.pages());
        let _ = pages.free(cpu, head, order);
        if let Some(management) = management {
            let _ = self.free(pages, cpu, management);
        }
    }

    /// Gives a cache's empty slabs back: `kmem_cache_shrink`. `barrier` returns when every CPU has passed a full memory
    /// barrier. The caller is CPU `cpu`, with interrupts off and no lock held, and has no [`ObjectsOnCpu`] or
    /// [`crate::page::OnCpu`].
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such cache.
    pub fn shrink(&self, pages: &PageAllocator, cpu: u32, id: CacheId, barrier: impl Fn()) -> Result<(), Misuse> {
        let cache = self.live(id)?;
        pages.with_all_claimed(barrier, || self.flush(pages, id.0, cache));
        self.release_empty(pages, cpu, cache);
        Ok(())
    }

    /// Gives the empty slabs of all caches back, and what lies in the CPUs' arrays. As [`SlabAllocator::shrink`].
    pub(crate) fn shrink_all(&self, pages: &PageAllocator, cpu: u32, barrier: impl Fn()) {
        let caches = || self.caches.iter().filter(|(_, cache)| cache.is_live());
        pages.with_all_claimed(barrier, || caches().for_each(|(id, cache)| self.flush(pages, id, cache)));
        caches().for_each(|(_, cache)| self.release_empty(pages, cpu, cache));
    }

    /// Destroys a cache that no object is out of. Nobody uses the cache any longer. As [`SlabAllocator::shrink`]. Slabs of a
    /// cache with [`SlabFlags::TYPESAFE_BY_RCU`] must have gone before (a shrink, a grace period).
    ///
    /// # Errors
    /// [`Misuse::LiveObjects`]: the cache stays as it is. [`Misuse::NoSuchObject`]. [`Misuse::BadArgument`] for a cache of
    /// kmalloc's own, or while readers may look at its slabs.
    pub fn destroy(&self, pages: &PageAllocator, cpu: u32, id: CacheId, barrier: impl Fn()) -> Result<(), Misuse> {
        if self.unmerge(id)? {
            return Ok(());
        }
        self.shrink(pages, cpu, id, barrier)?;
        let cache = self.live(id)?;
        let is_destructor = self.destructing.get(cpu as usize).is_some_and(|running| running.get() > 0);
        if is_destructor && cache.inner.lock().leaving > 0 {
            return Err(Misuse::BadArgument(
                "a destructor cannot destroy a cache whose own destructors run: it would wait for itself",
            ));
        }
        // Destructors that another CPU runs are over before the cache's creator may go.
        let (_registry, mut inner) = loop {
            wait_while(|| cache.inner.lock().leaving > 0);
            let (registry, inner) = (self.registry.lock(), cache.inner.lock());
            if inner.leaving == 0 {
                break (registry, inner);
            }
        };
        if inner.aliases > 0 {
            // Somebody was given it meanwhile, by another name.
            inner.aliases -= 1;
            return Ok(());
        }
        match inner.kind {
            CacheKind::Client => {}
            CacheKind::Kmalloc => {
                return Err(Misuse::BadArgument("a cache of kmalloc's own cannot be destroyed"));
            }
            CacheKind::Structs => {
                return Err(Misuse::BadArgument("a cache of the slab allocator's own cannot be destroyed"));
            }
        }
        let count = inner.objects - inner.free;
        if count != 0 {
            return Err(Misuse::LiveObjects { count });
        }
        if inner.dying.iter().any(|list| list.len() > 0) {
            return Err(Misuse::BadArgument(
                "readers may still look at slabs of the cache: a grace period must pass first",
            ));
        }
        cache.set_live(false);
        self.arrays.column(id.0).for_each(|array| array.set_limit(0));
        let structs = inner.structs;
        drop(inner);
        self.forget_aliases(id);
        self.give_structs(pages, cpu, structs);
        Ok(())
    }

    /// Returns the bytes of a cache's objects as its users know them. Interrupts are off.
    pub(crate) fn object_size(&self, cache: u32) -> Option<u32> {
        Some(self.live(CacheId(cache)).ok()?.inner.lock().geometry.object_size)
    }
    fn live(&self, id: CacheId) -> Result<&Cache, Misuse> {
        self.caches.get(id.0).filter(|cache| cache.is_live()).ok_or(Misuse::NoSuchObject(id.0.into()))
    }

    /// Describes a cache.
    pub fn info(&self, id: CacheId) -> Option<CacheInfo> {
        let inner = self.live(id).ok()?.inner.lock();
        let in_cpu_arrays = self.in_stock(id.0, &inner);
        Some(CacheInfo {
            id,
            name: inner.name,
            geometry: inner.geometry,
            flags: inner.flags,
            has_ctor: inner.ctor.is_some(),
            ctor_token: inner.ctor.map_or(0, |hook| hook.token),
            slabs: inner.slabs,
            pages: inner.pages,
            partial_slabs: inner.partial.len(),
            empty_slabs: inner.empty.len(),
            objects: inner.objects,
            live: inner.objects.saturating_sub(inner.free + in_cpu_arrays),
            in_cpu_arrays,
            serial: inner.serial,
            aliases: inner.aliases,
            is_mergeable: self.is_mergeable(&inner),
            useroffset: inner.useroffset,
            usersize: inner.usersize,
        })
    }
    /// Describes all caches, in the order of their slots.
    pub fn infos(&self) -> impl Iterator<Item = CacheInfo> + '_ {
        (0..self.caches.len()).filter_map(|slot| self.info(CacheId(slot)))
    }
    /// Finds a cache by its name, or by that of an alias.
    pub fn by_name(&self, name: &str) -> Option<CacheInfo> {
        self.infos().find(|info| info.name.as_str() == name).or_else(|| self.info(self.alias_named(name)?))
    }
    /// Returns how many pages all slabs hold, or SLOB.
    pub fn slab_pages(&self) -> u64 {
        self.infos().map(|info| info.pages).sum::<u64>() + self.slob.as_ref().map_or(0, Slob::pages)
    }

    /// Returns kmalloc's ladders.
    pub fn kmalloc(&self) -> &kmalloc::Kmalloc {
        &self.kmalloc
    }

    #[inline]
    fn virt(&self, addr: PhysAddr) -> VirtAddr {
        self.page_offset.offset(addr.raw().wrapping_sub(self.ram.start().raw()))
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
