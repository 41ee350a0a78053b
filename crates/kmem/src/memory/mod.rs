//! Directly mapped memory: pages, slabs and kmalloc of one machine, with the machine's side of it.
//!
//! Here the pieces below come together: each call turns interrupts off, learns which CPU it runs on, asks the allocator,
//! and turns interrupts back on. Physical addresses become virtual ones, and memory is zeroed where the flags ask for it.
//! The layers above (`map`, `pool`, `kernel`) see only this. `kmalloc` has what is built on kmalloc, `objects`
//! what caches can do beside one object at a time, `rcu` readers without a lock.
//!
//! # When memory is short
//! `pressure` (the slow path: what is tried, in which order) · `scan` (reclaim and kswapd) · `compact` · `oom` · `cache`
//! (files in memory, the most of what there is to reclaim) · `users` (what is asked of processes) · `huge` (huge pages set
//! aside) · `settings` (tunables that are a number and no more).
//!
//! `checked` reports what the checks of debugged slab caches find.

mod cache;
mod checked;
mod compact;
mod huge;
mod kmalloc;
mod objects;
pub mod oom;
mod pressure;
mod rcu;
mod scan;
pub mod settings;
mod users;

pub use huge::{HugePool, HugePools};
pub use pressure::Report;
pub use rcu::{RcuInvoker, RcuRead};
pub use users::{Candidate, UserMemory};

use crate::error::{AllocError, Broken, HexRow, Misuse};
use crate::event::{Event, ObjectAlloc};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::{Corruption, FrameInfo, Injector, PageAllocator, Request, Tracer};
use crate::profile::{Profile, ZeroSize};
use crate::raw::{zero_high_page, Placed, Ram, Table};
use crate::reclaim::{Reclaim, Shrinker, ShrinkerId, VmEvent};
use crate::slab::kmalloc::KmallocInfo;
use crate::slab::rule::ObjectRule;
use crate::slab::{CacheId, CacheSpec, CreateError, ObjectInfo, SlabAllocator};
use crate::sync::SpinLock;
use crate::units::{Order, Pfn, PhysAddr, PhysRange, VirtAddr, PAGE_SIZE};

/// The address that `kmalloc(0)` gives on kernels that have `ZERO_SIZE_PTR`.
pub const ZERO_SIZE_PTR: VirtAddr = VirtAddr::new(16);

/// Directly mapped memory of one machine.
pub struct Memory<M: Machine> {
    pub(crate) machine: M,
    /// The kernel that is played.
    pub profile: &'static Profile,
    pub(crate) ram: Ram,
    pub(crate) pages: PageAllocator,
    pub(crate) slab: SlabAllocator,
    pub(crate) reclaim: Reclaim,
    pub(crate) settings: settings::Settings,
    /// Who calls what was queued with `call_rcu`.
    pub(crate) rcu_invoker: SpinLock<Option<RcuInvoker>>,
    /// Huge pages that are set aside.
    pub(crate) huge: SpinLock<HugePools>,
    /// Those who map pages into processes, once the layer above is there.
    pub(crate) users: Option<Placed<dyn UserMemory<M>>>,
    /// Who writes reports, once the layer above is there.
    pub(crate) reporter: Option<fn(&Self, Report<'_>)>,
}

/// Interrupts are off while this lives: for locks that interrupts take too.
pub(crate) struct IrqOff<'a, M: Machine> {
    machine: &'a M,
    state: usize,
    cpu: u32,
}

impl<'a, M: Machine> IrqOff<'a, M> {
    #[inline(always)]
    fn new(machine: &'a M) -> Self {
        let state = machine.irq_save();
        Self { machine, state, cpu: machine.cpu() }
    }
}
impl<M: Machine> IrqOff<'_, M> {
    /// Returns the CPU that this is.
    pub(crate) fn cpu(&self) -> u32 {
        self.cpu
    }
}
impl<M: Machine> Drop for IrqOff<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        self.machine.irq_restore(self.state);
    }
}

impl<M: Machine> Memory<M> {
    /// Returns the machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }
    /// Returns low memory.
    pub fn ram(&self) -> &Ram {
        &self.ram
    }
    /// Returns the page allocator.
    pub fn pages(&self) -> &PageAllocator {
        &self.pages
    }
    /// Returns the slab allocator. Interrupts take its locks too, so where there are any its caller has them off.
    pub fn slab(&self) -> &SlabAllocator {
        &self.slab
    }
    /// Takes `2^order` contiguous pages. `ZERO` is honoured; high pages that the machine cannot reach unmapped stay as
    /// they are (`kmap` them).
    ///
    /// # Errors
    /// As [`PageAllocator::alloc`].
    #[inline(always)]
    pub fn alloc_pages(&self, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        let irq = IrqOff::new(&self.machine);
        let hit = self.pages.hit(irq.cpu, gfp, order);
        drop(irq);
        match hit {
            Some(pfn) if !gfp.contains(Gfp::ZERO) => Ok(pfn),
            hit => self.alloc_pages_slow(hit, gfp, order),
        }
    }
    #[cold]
    fn alloc_pages_slow(&self, hit: Option<Pfn>, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        let pfn = match hit {
            Some(pfn) => pfn,
            None => self.alloc_pages_missed(gfp, order)?,
        };
        self.report_corruption();
        if gfp.contains(Gfp::ZERO) {
            self.zero_pages(pfn, order.pages());
        }
        Ok(pfn)
    }
    /// Takes up to `count` single pages at once and hands each to `with`: `alloc_pages_bulk`. Returns how many there were.
    ///
    /// # Errors
    /// As [`Memory::alloc_pages`], when there was not one.
    pub fn alloc_pages_bulk(&self, gfp: Gfp, count: u32, mut with: impl FnMut(Pfn)) -> Result<u32, AllocError> {
        let request = Request::new(gfp - Gfp::ZERO, Order::ZERO);
        let mut hand = |pfn: Pfn| {
            if gfp.contains(Gfp::ZERO) {
                self.zero_pages(pfn, 1);
            }
            with(pfn);
        };
        let irq = self.irq_off();
        let first = self.pages.alloc_bulk(irq.cpu, &request, count, &mut hand);
        drop(irq);
        match first {
            Ok(taken) => Ok(taken),
            // The kernel falls back to one page, for which it fights.
            Err(_) => self.alloc_pages(gfp, Order::ZERO).map(|pfn| {
                with(pfn);
                1
            }),
        }
    }
    /// Writes to the kernel log that somebody wrote to a free page, if that was noticed: `check_poison_mem`.
    #[cold]
    fn report_corruption(&self) {
        let Some(found) = self.pages.take_corruption() else { return };
        let what = if found.is_single_bit() { "single bit error" } else { "memory corruption" };
        self.machine.printk(format_args!("pagealloc: {what}"));
        let length = (found.end - found.start + 1) as usize;
        let digits = self.profile.word_bytes as usize * 2;
        for (row, bytes) in found.bytes[..length.min(Corruption::KEPT)].chunks(16).enumerate() {
            let at = self.to_virt(found.pfn.phys().offset(u64::from(found.start) + row as u64 * 16));
            self.machine.printk(format_args!("{:0digits$x}: {}", at.raw(), HexRow(bytes)));
        }
    }
    /// Gives pages back.
    ///
    /// # Errors
    /// As [`PageAllocator::free`].
    #[inline(always)]
    pub fn free_pages(&self, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        let irq = IrqOff::new(&self.machine);
        if self.reclaim.has_reported() {
            self.forget_report();
        }
        self.pages.free(irq.cpu, pfn, order)
    }
    /// Drops a reference to a page: `put_page`.
    ///
    /// # Errors
    /// As [`PageAllocator::put`].
    pub fn put_page(&self, pfn: Pfn) -> Result<(), Misuse> {
        let irq = IrqOff::new(&self.machine);
        self.pages.put(irq.cpu, pfn)
    }
    /// Takes contiguous pages for just `bytes`: the smallest block that holds them, less its tail: `alloc_pages_exact`.
    ///
    /// # Errors
    /// As [`Memory::alloc_pages`]; [`AllocError::ZeroSize`].
    pub fn alloc_pages_exact(&self, bytes: u64, gfp: Gfp) -> Result<Pfn, AllocError> {
        if bytes == 0 {
            return Err(AllocError::ZeroSize);
        }
        let limit = self.pages.top_order().bytes();
        let order = Order::covering(bytes).ok_or(AllocError::TooLarge { bytes, limit })?;
        let pfn = self.alloc_pages(gfp - Gfp::COMP, order)?;
        if order == Order::ZERO {
            return Ok(pfn);
        }
        // A block that was just given is a used block of this order, so it can be split and its pages freed.
        let _ = self.pages.split(pfn, order);
        for page in bytes.div_ceil(PAGE_SIZE)..order.pages() {
            let _ = self.free_pages(pfn.add(page), Order::ZERO);
        }
        Ok(pfn)
    }
    /// Gives what lies on all CPUs' page lists back to the zones. Returns how many pages that were.
    pub fn drain(&self) -> u64 {
        let _irq = IrqOff::new(&self.machine);
        self.pages.drain_all(|| self.machine.barrier_everywhere())
    }
    /// Sets who hears of what happens to pages from now on, on all CPUs; `None`: nobody. While somebody listens, no page is
    /// taken or given on the short way. Events that happen on other CPUs during the call may be missed.
    pub fn set_tracer(&self, tracer: Option<Tracer>) {
        let _irq = IrqOff::new(&self.machine);
        self.pages.set_tracer(tracer, || self.machine.barrier_everywhere());
    }
    /// Sets who may make allocations fail from now on; `None`: nobody. No CPU may allocate meanwhile. For tests: while there
    /// is somebody, each allocation takes the slow path.
    pub fn set_injector(&self, injector: Option<Injector>) {
        let _irq = IrqOff::new(&self.machine);
        self.pages.set_injector(injector, || self.machine.barrier_everywhere());
    }
    fn zero_pages(&self, pfn: Pfn, pages: u64) {
        if self.ram.fill(pfn.phys(), pages * PAGE_SIZE, 0) {
            return;
        }
        for page in 0..pages {
            zero_high_page(&self.machine, pfn.add(page).phys());
        }
    }

    /// Allocates `bytes` of physically contiguous memory in the direct map. `ZERO` is honoured. A size of 0 gives what
    /// the profile's kernel gives.
    ///
    /// # Errors
    /// [`AllocError::TooLarge`], [`AllocError::NoMemory`]; [`AllocError::BadFlags`] for flags that the kernel treats as
    /// a bug.
    #[inline]
    pub fn kmalloc(&self, bytes: u64, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        // A hit gives its answer here, so that errors never mix with it in registers.
        let irq = IrqOff::new(&self.machine);
        let hit = self.slab.kmalloc.looked_up(bytes, gfp).and_then(|cache| self.hit(&irq, cache));
        drop(irq);
        match hit {
            Some(addr) if bytes != 0 && !gfp.contains(Gfp::ZERO) => Ok(self.to_virt(addr)),
            hit => self.kmalloc_slow(hit, bytes, gfp),
        }
    }
    #[cold]
    fn kmalloc_slow(&self, hit: Option<PhysAddr>, bytes: u64, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        if bytes == 0 && self.slab.kmalloc.rule().zero == ZeroSize::Pointer16 {
            if let Some(addr) = hit {
                let irq = IrqOff::new(&self.machine);
                // It was just taken from this very cache.
                let _ = self.slab.free(&self.pages, irq.cpu, addr);
            }
            return Ok(ZERO_SIZE_PTR);
        }
        if let Some(addr) = hit {
            return Ok(self.hand_out_hit(addr, bytes, gfp));
        }
        self.rcu_pass_by(gfp.may_sleep());
        let request = Request::new(gfp, Order::ZERO);
        let again = || {
            let irq = IrqOff::new(&self.machine);
            self.slab.kmalloc.alloc(&self.slab, &self.pages, irq.cpu, bytes, &request)
        };
        let given = self.under_pressure(&request, again(), again);
        self.tell_kmalloc(given, bytes, &request);
        Ok(self.hand_out(given?, bytes, gfp))
    }
    /// What becomes of memory that kmalloc got past its stock, before the caller has it.
    fn hand_out(&self, addr: PhysAddr, bytes: u64, gfp: Gfp) -> VirtAddr {
        self.hand_out_hit(addr, bytes, gfp);
        self.report_slab_bugs();
        self.trace_alloc(addr);
        let _irq = IrqOff::new(&self.machine);
        self.slab.set_request(&self.pages, addr, bytes.min(u32::MAX.into()) as u32);
        self.to_virt(addr)
    }
    /// The same of what was at hand.
    fn hand_out_hit(&self, addr: PhysAddr, bytes: u64, gfp: Gfp) -> VirtAddr {
        self.report_corruption();
        if gfp.contains(Gfp::ZERO) {
            self.ram.fill(addr, self.slab.kmalloc.roundup(bytes).unwrap_or(bytes), 0);
        }
        self.to_virt(addr)
    }
    /// Frees what [`Memory::kmalloc`] gave. `NULL` and `ZERO_SIZE_PTR` are nothing.
    ///
    /// # Errors
    /// A [`Misuse`] for an address that kmalloc never gave. A double free is noticed by debug builds and by
    /// [`Memory::kmalloc_info`].
    #[inline]
    pub fn kfree(&self, addr: VirtAddr) -> Result<(), Misuse> {
        if addr <= ZERO_SIZE_PTR {
            return Ok(());
        }
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        if self.free_hit(phys) {
            return Ok(());
        }
        self.kfree_slow(phys)
    }
    #[inline(always)]
    fn free_hit(&self, phys: PhysAddr) -> bool {
        let irq = IrqOff::new(&self.machine);
        self.slab.on_cpu(&self.pages, irq.cpu).is_some_and(|on_cpu| on_cpu.free_hit(phys))
    }
    /// Returns what the caller said of itself, as events have it.
    pub(super) fn call_site(&self, cpu: u32) -> u64 {
        self.pages.caller(cpu).into()
    }
    /// Tells that kmalloc gave memory, or that there was none.
    fn tell_kmalloc(&self, given: Result<PhysAddr, AllocError>, bytes: u64, request: &Request) {
        let sizes = || (bytes, self.slab.kmalloc.bytes_alloc(&self.slab, bytes, request.gfp).unwrap_or(0));
        self.tell_object(Event::Kmalloc, given, request, sizes);
    }
    /// Tells that an object of a cache was given, or that there was none.
    fn tell_cache_alloc(&self, given: Result<PhysAddr, AllocError>, id: CacheId, request: &Request) {
        let geometry = || self.slab.info(id).map(|info| info.geometry).unwrap_or_default();
        let sizes = || (geometry().object_size.into(), geometry().size.into());
        self.tell_object(Event::KmemCacheAlloc, given, request, sizes);
    }
    /// `sizes` are the bytes asked for and those given.
    fn tell_object(
        &self,
        event: fn(ObjectAlloc) -> Event,
        given: Result<PhysAddr, AllocError>,
        request: &Request,
        sizes: impl FnOnce() -> (u64, u64),
    ) {
        let clamp = |bytes: u64| bytes.min(u32::MAX.into()) as u32;
        self.pages.tell(|| {
            let irq = IrqOff::new(&self.machine);
            let (bytes_req, bytes_alloc) = sizes();
            event(ObjectAlloc {
                call_site: self.call_site(irq.cpu),
                ptr: given.map_or(0, |addr| self.to_virt(addr).raw()),
                bytes_req: clamp(bytes_req),
                bytes_alloc: clamp(bytes_alloc),
                gfp: request.gfp,
                node: request.node.and_then(|node| i16::try_from(node).ok()).unwrap_or(-1),
                accounted: request.gfp.contains(Gfp::ACCOUNT),
            })
        });
    }
    /// Finds what kmalloc or a cache gave at an address; checks everything there is to check.
    ///
    /// # Errors
    /// The [`Misuse`] that freeing it would be.
    pub fn kmalloc_info(&self, addr: VirtAddr) -> Result<KmallocInfo, Misuse> {
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        let _irq = self.irq_off();
        self.slab.kmalloc.check(&self.slab, &self.pages, phys)
    }
    /// Returns the bytes that may be used at an address kmalloc gave.
    ///
    /// # Errors
    /// As [`Memory::kmalloc_info`].
    pub fn ksize(&self, addr: VirtAddr) -> Result<u64, Misuse> {
        if addr <= ZERO_SIZE_PTR {
            return Ok(0);
        }
        let info = self.kmalloc_info(addr)?;
        if let KmallocInfo::Object(object) = info {
            let _irq = self.irq_off();
            self.slab.forget_request(&self.pages, object.start);
        }
        Ok(info.bytes())
    }

    /// Creates a slab cache.
    ///
    /// # Errors
    /// As [`SlabAllocator::create`].
    pub fn cache_create(&self, spec: &CacheSpec<'_>) -> Result<CacheId, CreateError> {
        let irq = IrqOff::new(&self.machine);
        self.slab.create(&self.pages, irq.cpu, spec)
    }
    #[inline(always)]
    fn hit(&self, irq: &IrqOff<'_, M>, cache: CacheId) -> Option<PhysAddr> {
        self.slab.on_cpu(&self.pages, irq.cpu)?.hit(cache)
    }
    /// Takes an object of a cache. `ZERO` is honoured.
    ///
    /// # Errors
    /// As [`SlabAllocator::alloc`].
    #[inline]
    pub fn cache_alloc(&self, id: CacheId, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        let irq = IrqOff::new(&self.machine);
        let hit = self.hit(&irq, id);
        drop(irq);
        match hit {
            Some(addr) if !gfp.contains(Gfp::ZERO) => Ok(self.to_virt(addr)),
            hit => self.cache_alloc_slow(hit, id, gfp),
        }
    }
    #[cold]
    fn cache_alloc_slow(&self, hit: Option<PhysAddr>, id: CacheId, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        let addr = match hit {
            Some(addr) => addr,
            None => {
                self.rcu_pass_by(gfp.may_sleep());
                let again = || {
                    let irq = IrqOff::new(&self.machine);
                    self.slab.alloc_slow(&self.pages, irq.cpu, id, gfp)
                };
                let request = Request::new(gfp, Order::ZERO);
                let given = self.under_pressure(&request, again(), again);
                self.tell_cache_alloc(given, id, &request);
                given?
            }
        };
        self.report_corruption();
        if hit.is_none() {
            self.report_slab_bugs();
            self.trace_alloc(addr);
        }
        if gfp.contains(Gfp::ZERO) {
            let _irq = IrqOff::new(&self.machine);
            self.ram.fill(addr, self.slab.object_size(id.raw()).unwrap_or(0).into(), 0);
        }
        Ok(self.to_virt(addr))
    }
    /// Gives an object back to its cache. With SLOB, which does not know whose an object is, [`Memory::cache_free_to`] does.
    ///
    /// # Errors
    /// As [`SlabAllocator::free`].
    #[inline]
    pub fn cache_free(&self, addr: VirtAddr) -> Result<(), Misuse> {
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        if self.free_hit(phys) {
            return Ok(());
        }
        self.cache_free_slow(None, phys)
    }
    /// Gives an object back to the cache that the caller says is its: `kmem_cache_free`. Only SLOB needs to be told; that the
    /// object is of this cache is the caller's word, as it is in a kernel without checks.
    ///
    /// # Errors
    /// As [`SlabAllocator::free_to`].
    #[inline]
    pub fn cache_free_to(&self, id: CacheId, addr: VirtAddr) -> Result<(), Misuse> {
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        if self.free_hit(phys) {
            return Ok(());
        }
        self.cache_free_slow(Some(id), phys)
    }
    /// Finds an object of a cache by the address of its first byte; checks everything there is to check.
    ///
    /// # Errors
    /// The [`Misuse`] that freeing it would be.
    pub fn cache_object(&self, id: CacheId, addr: VirtAddr) -> Result<ObjectInfo, Misuse> {
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        let _irq = self.irq_off();
        self.slab.check_of(&self.pages, id, phys)
    }
    /// Gives an object back after checking that it is a live object of this cache.
    ///
    /// # Errors
    /// [`Misuse::WrongCache`] and what [`SlabAllocator::check`] finds.
    pub fn cache_free_checked(&self, id: CacheId, addr: VirtAddr) -> Result<(), Misuse> {
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        let irq = self.irq_off();
        let object = match self.slab.check_of(&self.pages, id, phys) {
            // Freeing it refuses it too, and leaves word of it if the cache is a debugged one.
            Err(misuse) => {
                drop(irq);
                return self.free_damaged(addr, misuse);
            }
            Ok(object) => object,
        };
        let cache = self.slab.info(object.cache).map(|info| info.name).unwrap_or_default();
        if object.cache != id {
            self.slab.freed_to_another(&object, id);
            drop(irq);
            return self.free_refused(phys, Misuse::WrongCache { object: addr, cache });
        }
        drop(irq);
        self.cache_free_to(id, addr)
    }
    /// Gives a cache's empty slabs back.
    ///
    /// # Errors
    /// As [`SlabAllocator::shrink`].
    pub fn cache_shrink(&self, id: CacheId) -> Result<(), Misuse> {
        let irq = IrqOff::new(&self.machine);
        self.slab.shrink(&self.pages, irq.cpu, id, || self.machine.barrier_everywhere())
    }
    /// Destroys a cache. Objects that are still in use are named in the log. Where readers may still look at its slabs
    /// (`SLAB_TYPESAFE_BY_RCU`), waits for them; from 6.12 on also for objects that [`Memory::kfree_rcu`] has.
    ///
    /// # Errors
    /// As [`SlabAllocator::destroy`] and [`Memory::synchronize_rcu`].
    pub fn cache_destroy(&self, id: CacheId) -> Result<(), Misuse> {
        if ObjectRule::of(self.profile).destroy_waits_for_kfree_rcu && self.slab.rcu.has_pending() {
            // Where that is not possible, what still waits is in use.
            let _ = self.rcu_barrier();
        }
        self.cache_shrink(id)?;
        while self.has_dying(id)? {
            self.synchronize_rcu()?;
            self.rcu_free_ready();
        }
        let irq = IrqOff::new(&self.machine);
        let done = self.slab.destroy(&self.pages, irq.cpu, id, || self.machine.barrier_everywhere());
        drop(irq);
        if let Err(Misuse::LiveObjects { .. }) = done {
            self.report(Report::ObjectsRemaining { cache: id });
        }
        done
    }

    fn has_dying(&self, id: CacheId) -> Result<bool, Misuse> {
        let _irq = IrqOff::new(&self.machine);
        self.slab.has_dying(id)
    }

    /// Returns the virtual address of a byte of low memory; `None` above it.
    #[inline]
    pub fn phys_to_virt(&self, addr: PhysAddr) -> Option<VirtAddr> {
        self.ram.holds(addr, 1).then(|| self.to_virt(addr))
    }
    /// Returns the physical address behind an address of the direct map; `None` elsewhere.
    #[inline]
    pub fn virt_to_phys(&self, addr: VirtAddr) -> Option<PhysAddr> {
        let offset = addr.raw().wrapping_sub(self.profile.page_offset.raw());
        let phys = PhysAddr::new(self.profile.phys_offset.raw().wrapping_add(offset));
        self.ram.holds(phys, 1).then_some(phys)
    }
    #[inline(always)]
    fn to_virt(&self, addr: PhysAddr) -> VirtAddr {
        self.profile.page_offset.offset(addr.raw().wrapping_sub(self.profile.phys_offset.raw()))
    }
    /// True for a frame above the direct map.
    pub fn is_high(&self, pfn: Pfn) -> bool {
        self.pages.is_high(pfn)
    }
    /// True for a frame of RAM (reserved ones included).
    pub fn is_ram(&self, pfn: Pfn) -> bool {
        self.pages.info(pfn).is_some()
    }
    /// Describes how a frame is used.
    pub fn frame(&self, pfn: Pfn) -> Option<FrameInfo> {
        self.pages.info(pfn)
    }
    /// Returns the pages that the allocator manages: `totalram_pages`.
    pub fn total_pages(&self) -> u64 {
        self.pages.managed()
    }

    /// Turns interrupts off.
    #[inline(always)]
    pub(crate) fn irq_off(&self) -> IrqOff<'_, M> {
        IrqOff::new(&self.machine)
    }
    /// Registers a cache that can shrink.
    ///
    /// # Errors
    /// [`AllocError::NoSlot`]: there are as many as there can be.
    pub fn register_shrinker(&self, shrinker: Shrinker) -> Result<ShrinkerId, AllocError> {
        self.reclaim.shrinkers.register(shrinker)
    }
    /// Takes a shrinker off.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`].
    pub fn unregister_shrinker(&self, id: ShrinkerId) -> Result<(), Misuse> {
        self.reclaim.shrinkers.unregister(id).then_some(()).ok_or(Misuse::NoSuchObject(0))
    }
    /// Returns how often something happened: an event line of `/proc/vmstat`.
    pub fn vm_event(&self, event: VmEvent) -> u64 {
        self.reclaim.events.get(event)
    }
    /// Returns a tunable that is a number and no more.
    pub fn setting(&self, setting: settings::Setting) -> u32 {
        self.settings.get(setting)
    }
    /// Returns the huge pages that are set aside.
    pub fn huge_pools(&self) -> HugePools {
        let _irq = self.irq_off();
        *self.huge.lock()
    }
    /// Adds a block to a table of descriptors.
    pub(crate) fn grow<T: Default + Sync>(&self, table: &Table<T>) -> Result<(), AllocError> {
        let irq = IrqOff::new(&self.machine);
        self.slab.grow(&self.pages, irq.cpu, table, 16)
    }

    /// Makes a default value in the machine's RAM that stays where it is.
    pub(crate) fn place<T: Default + Sync>(&self) -> Result<Placed<T>, AllocError> {
        let order = Order::covering(size_of::<T>() as u64).unwrap_or(Order::ZERO);
        let mut taken = None;
        let placed = Placed::make(&self.ram, || {
            let pfn = self.alloc_pages(Gfp::KERNEL, order)?;
            taken = Some(pfn);
            Ok::<_, AllocError>(PhysRange::new(pfn.phys().raw(), pfn.phys().raw() + order.bytes()))
        })?;
        match (taken, placed) {
            (Some(pfn), Some(placed)) => {
                self.pages.keep(pfn, true);
                Ok(placed)
            }
            (taken, _) => {
                if let Some(pfn) = taken {
                    let _ = self.free_pages(pfn, order);
                }
                Err(AllocError::Unsupported("the value does not fit into low memory"))
            }
        }
    }

    /// Checks the invariants of pages and slabs. No CPU may allocate meanwhile. O(frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self) -> Result<(), Broken> {
        let _irq = self.irq_off();
        self.pages.verify()?;
        self.slab.rcu.verify(&self.ram, self.profile.word_bytes)?;
        self.slab.verify(&self.pages)
    }
}
