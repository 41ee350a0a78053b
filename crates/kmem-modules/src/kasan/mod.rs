//! KASAN: every access of module code is checked, byte by byte.
//!
//! The compiler puts a look at the [`shadow`] before each access of the module's code; the runtime's memory and string
//! functions look for the ranges that they are given (`rt/kasan.c`). A byte that may be touched costs a few instructions
//! and nobody hears of it. One that may not, or of which nothing is known yet, brings the code here.
//!
//! The shadow is only a filter. What is true, the ledger knows (what the module holds, and how much of it was asked for) and
//! the engine (what is free, what is mapped): [`Session::judge_access`] asks them. Memory that the kernel itself uses, and
//! that the module may see, is allowed when it is touched first. So nothing has to be told to the shadow but what the
//! ledger is told.
//!
//! A bad access becomes a finding ([`report`]); the module goes on, as with a kernel's `kasan_multi_shot`, and each line is
//! reported once. What is not mapped at all is left to the page fault, which ends the module.
//!
//! Kernel counterpart: 6.1 `mm/kasan/generic.c`, `mm/kasan/quarantine.c`.

mod fresh;
mod quarantine;
mod report;
mod shadow;
mod touch;

use crate::exec::{Call, Fault};
use crate::session::Session;
use crate::tracker::{Allocation, Kind, Space};
use kmem::gfp::Gfp;
use kmem::page::FrameKind;
use kmem::slab::{CacheId, SlabFlags};
use kmem::units::{PhysAddr, PAGE_SIZE};
use kmem::{Machine, Pfn, VirtAddr};
use quarantine::{Quarantine, Waiting};
use shadow::{Shadow, ALLOCA, FREE_OBJECT, FREE_PAGE, GLOBAL, GRANULE, REDZONE, SCOPE, STACK};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::io;

/// What fresh memory is filled with: a pointer that was never written then points to where nothing is. `POISON_INUSE`.
pub(crate) const FRESH: u8 = 0x5a;
/// The most bytes of an allocation that are filled.
const MOST_FRESH: u64 = 64 << 10;
const PAGE: u32 = PAGE_SIZE as u32;
/// One past all 32-bit addresses.
const END: u64 = 1 << 32;

/// A variable of the module's that lies outside all functions.
#[derive(Clone, Debug)]
pub(crate) struct Global {
    start: u32,
    bytes: u32,
    with_zone: u32,
    name: String,
    /// Where it is defined.
    file: String,
    line: u32,
}

/// The checker of one run.
#[derive(Debug)]
pub(crate) struct Kasan {
    shadow: Shadow,
    quarantine: RefCell<Quarantine>,
    globals: RefCell<Vec<Global>>,
    /// Where high pages are mapped, by frame.
    windows: RefCell<HashMap<u64, u32>>,
    /// Addresses of code that was reported.
    reported: RefCell<HashSet<u32>>,
    /// The module has asked where the page tables are, so it may look at the kernel's pages.
    tables: Cell<bool>,
    /// Objects whose owner or neighbour was reported.
    missed: RefCell<HashSet<u32>>,
}

/// What is true of a byte that the shadow does not allow.
enum Truth {
    /// It may be touched, and so may this range around it.
    Fine(u32, u32),
    /// Nothing is mapped there.
    Unmapped,
    /// It may not be touched.
    Bad,
}

impl Kasan {
    /// Makes the checker for code whose segments begin at `base`.
    ///
    /// # Errors
    /// When there is no room for the shadow.
    pub(crate) fn new(base: u32, ram_bytes: u64) -> io::Result<Self> {
        Ok(Self {
            shadow: Shadow::new(base)?,
            quarantine: RefCell::new(Quarantine::new(ram_bytes)),
            globals: RefCell::default(),
            windows: RefCell::default(),
            reported: RefCell::default(),
            tables: Cell::new(false),
            missed: RefCell::default(),
        })
    }
    /// Returns what the code adds to an address divided by eight.
    pub(crate) fn offset(&self) -> u64 {
        self.shadow.offset()
    }
    /// Returns the address that x86-64 code was about to touch, where it is beyond what the shadow describes: the look at the shadow
    /// was what faulted.
    pub(crate) fn meant(&self, fault: &Fault) -> u64 {
        let eighth = fault.addr.wrapping_sub(self.offset());
        let meant = fault.held.iter().copied().find(|word| *word >= END && word / u64::from(GRANULE) == eighth);
        meant.unwrap_or(fault.addr)
    }
    /// The module knows where the page tables are.
    pub(crate) fn shows_tables(&self) {
        self.tables.set(true);
    }
    /// Allows a range that belongs to the kernel or to a stack.
    pub(crate) fn allow(&self, start: u32, bytes: u32) {
        self.shadow.allow(start, bytes);
    }
}

impl Session {
    // --- what comes and goes -------------------------------------------------------------------------------------------

    /// Where in the kernel's address space an allocation lies: first byte, and one past the last. `None` for high pages,
    /// caches and pools.
    fn extent(&self, allocation: &Allocation) -> Option<(u32, u64)> {
        let start = match allocation.kind.space() {
            Space::Linear | Space::Virtual => allocation.key,
            Space::Frame => self.kernel.phys_to_virt(Pfn::new(allocation.key).phys())?.raw(),
            // Each CPU's copy lies elsewhere, in a chunk that is not looked at byte by byte.
            Space::Handle | Space::Percpu => return None,
        };
        let given = match allocation.kind {
            // What a device has behind its registers is its own affair: whole pages.
            Kind::Pages { order } => PAGE_SIZE << order,
            _ => allocation.given,
        };
        Some((start as u32, (start + given).min(END)))
    }
    /// How many bytes of it the module may touch.
    fn usable(&self, allocation: &Allocation) -> u64 {
        match allocation.kind {
            Kind::Pages { .. } | Kind::Ioremap | Kind::Vmap | Kind::Exact | Kind::Coherent => allocation.given,
            _ => allocation.asked,
        }
    }
    /// Bytes from one object of a slab to the next; what is given where there is no slab.
    fn stride(&self, allocation: &Allocation) -> u64 {
        let object = || {
            let phys = self.kernel.virt_to_phys(VirtAddr::new(allocation.key))?;
            let object = self.kernel.slab().object(self.kernel.pages(), phys)?;
            Some(self.kernel.slab().info(object.cache)?.geometry.size.into())
        };
        let slab = matches!(allocation.kind, Kind::Kmalloc | Kind::Object { .. }).then(object).flatten();
        slab.unwrap_or(allocation.given)
    }
    /// Something was allocated: what was asked for may be touched, the rest of it may not.
    pub(crate) fn kasan_allocated(&self, allocation: &Allocation) {
        let Some(kasan) = &self.kasan else { return };
        let Some((start, end)) = self.extent(allocation) else { return };
        kasan.missed.borrow_mut().remove(&start);
        let bytes = self.usable(allocation);
        kasan.shadow.allow(start, bytes as u32);
        let end = end.max(u64::from(start) + self.stride(allocation));
        kasan.shadow.forbid(u64::from(start) + bytes, end, REDZONE);
    }
    /// Fills memory that nobody has written yet.
    pub(crate) fn kasan_fresh(&self, addr: VirtAddr, bytes: u64, gfp: Gfp) {
        if self.kasan.is_some() && !(gfp | self.forced_gfp()).contains(Gfp::ZERO) {
            // A page at a time, from one that stays in the CPU's cache: this is done at each allocation.
            static PAGE: [u8; PAGE_SIZE as usize] = [FRESH; PAGE_SIZE as usize];
            let bytes = bytes.min(MOST_FRESH) as u32;
            for at in (0..bytes).step_by(PAGE.len()) {
                let len = PAGE.len().min((bytes - at) as usize);
                self.write_bytes(addr.raw() as u32 + at, &PAGE[..len]);
            }
        }
    }
    /// The same, of memory that only the module writes: who reads it before is found.
    pub(crate) fn kasan_fresh_own(&self, addr: VirtAddr, bytes: u64, gfp: Gfp) {
        self.kasan_fresh(addr, bytes, gfp);
        if let Some(kasan) = self.kasan.as_ref().filter(|_| !(gfp | self.forced_gfp()).contains(Gfp::ZERO)) {
            self.kasan_unwritten(kasan, addr, bytes.min(MOST_FRESH));
        }
    }
    fn is_constructed(&self, allocation: &Allocation) -> bool {
        self.cache_of(allocation).is_some_and(|info| info.has_ctor || info.flags.contains(SlabFlags::TYPESAFE_BY_RCU))
    }
    fn cache_of(&self, allocation: &Allocation) -> Option<kmem::slab::CacheInfo> {
        let Kind::Object { cache } = allocation.kind else { return None };
        let id = self.caches.borrow().get(&cache)?.id;
        self.kernel.slab().info(id)
    }
    /// Something is another size now.
    pub(crate) fn kasan_resized(&self, allocation: &Allocation) {
        let Some(kasan) = &self.kasan else { return };
        if let Some((start, end)) = self.extent(allocation) {
            kasan.shadow.allow(start, allocation.asked as u32);
            kasan.shadow.forbid(u64::from(start) + allocation.asked, end, REDZONE);
        }
    }
    /// Whoever asked how large an object is may use all of it, in kernels before 6.
    pub(crate) fn kasan_measured(&self, addr: u32) {
        let known = self.tracker.borrow().get(Space::Linear, addr.into()).cloned();
        if let (Some(kasan), Some(known), ..6) = (&self.kasan, known, self.api.version.0) {
            kasan.shadow.allow(addr, known.given as u32);
        }
    }
    /// Something was freed: nobody may touch it.
    pub(crate) fn kasan_freed(&self, allocation: &Allocation) {
        let Some(kasan) = &self.kasan else { return };
        let Some((start, end)) = self.extent(allocation) else { return };
        let is_shared = self.cache_of(allocation).is_some_and(|info| info.flags.contains(SlabFlags::TYPESAFE_BY_RCU));
        if is_shared {
            return; // who finds it by RCU may look at it until its slab goes
        }
        let why = match allocation.kind {
            Kind::Kmalloc | Kind::Object { .. } => FREE_OBJECT,
            Kind::Pages { .. } | Kind::Exact | Kind::Coherent => FREE_PAGE,
            // What is not mapped needs no mark: the next area decides anew.
            _ => shadow::UNKNOWN,
        };
        let (start, end) = (u64::from(start), end.max(u64::from(start) + self.stride(allocation)));
        kasan.shadow.forbid(start / 8 * 8, end.next_multiple_of(8).min(END), why);
    }
    /// A mempool's element goes into its reserve, where nobody may touch it, or comes out.
    pub(crate) fn kasan_element(&self, element: u64, is_reserved: bool) {
        let tracker = self.tracker.borrow();
        let object = tracker.get(Space::Linear, element);
        let page = || tracker.get(Space::Frame, self.pfn_of(element as u32)?.raw());
        let known = object.or_else(page).cloned();
        drop(tracker);
        match known {
            Some(known) if is_reserved => self.kasan_freed(&known),
            Some(known) => self.kasan_allocated(&known),
            None => {}
        }
    }
    /// A high page is mapped: `None` when it no longer is.
    pub(crate) fn kasan_window(&self, pfn: Pfn, addr: Option<VirtAddr>) {
        let Some(kasan) = &self.kasan else { return };
        match addr {
            Some(addr) if self.kernel.virt_to_phys(addr).is_some() => {}
            Some(addr) => {
                kasan.shadow.allow(addr.raw() as u32, PAGE);
                kasan.windows.borrow_mut().insert(pfn.raw(), addr.raw() as u32);
            }
            None => {
                if let Some(addr) = kasan.windows.borrow_mut().remove(&pfn.raw()) {
                    kasan.shadow.forbid(addr.into(), u64::from(addr) + PAGE_SIZE, FREE_PAGE);
                }
            }
        }
    }
    /// A temporary window of one page is opened.
    pub(crate) fn kasan_window_opened(&self, addr: VirtAddr) {
        if let Some(kasan) = self.kasan.as_ref().filter(|_| self.kernel.virt_to_phys(addr).is_none()) {
            kasan.shadow.allow(addr.raw() as u32, PAGE);
        }
    }
    /// A temporary window of one page is closed.
    pub(crate) fn kasan_window_closed(&self, addr: VirtAddr) {
        let Some(kasan) = &self.kasan else { return };
        if self.kernel.virt_to_phys(addr).is_none() {
            kasan.shadow.forbid(addr.raw(), addr.raw() + PAGE_SIZE, FREE_PAGE);
        }
    }
    /// Lets a constructor write to an object that nobody has yet; or no longer.
    pub(crate) fn kasan_constructs(&self, cache: u32, object: VirtAddr, begins: bool) {
        let Some(kasan) = &self.kasan else { return };
        let size = self.caches.borrow().get(&cache).map_or(0, |record| record.size);
        // A debugged cache with a live object of this address calls no constructor.
        if begins {
            kasan.shadow.allow(object.raw() as u32, size);
        } else {
            let end = object.raw() + u64::from(size);
            kasan.shadow.forbid(object.raw(), end.next_multiple_of(8).min(END), FREE_OBJECT);
        }
    }
    /// Takes up the variables that an object file registers, eight words each: first byte, bytes, bytes with the zone
    /// behind it, name, module, dynamic initialisation, place, an indicator.
    pub(crate) fn kasan_globals(&self, array: u32, count: u32) {
        const WORDS: u32 = 8;
        let Some(kasan) = &self.kasan else { return };
        for index in 0..count.min(1 << 20) {
            let word = |field: u32| self.read_pointer(array, WORDS * index + field);
            let (start, bytes, with_zone, place) = (word(0), word(1), word(2), word(6));
            // `struct { const char *file; int line; int column; }`, or none.
            let (file, line) = match place {
                0 => (String::new(), 0),
                at => (self.read_string(self.read_word(at)), self.read_pointer(at, 1)),
            };
            kasan.shadow.allow(start, bytes);
            kasan.shadow.forbid(u64::from(start) + u64::from(bytes), u64::from(start) + u64::from(with_zone), GLOBAL);
            let name = self.read_string(word(3));
            kasan.globals.borrow_mut().push(Global { start, bytes, with_zone, name, file, line });
        }
    }
    /// A function that does not return was called: what lies above on the stack is nobody's any more.
    pub(crate) fn kasan_stack_left(&self, from: u32, to: u32) {
        if let (Some(kasan), Some(bytes)) = (&self.kasan, to.checked_sub(from)) {
            kasan.shadow.allow(from & !7, bytes);
        }
    }

    // --- the quarantine ------------------------------------------------------------------------------------------------

    /// Keeps an object that the module has freed, instead of giving it back. False where it is to be given back at once:
    /// with the checks off, and in debugged caches, which look at an object when it is freed.
    pub(crate) fn quarantines(&self, allocation: &Allocation) -> bool {
        let Some(_) = self.kasan.as_ref().filter(|_| !self.debugs.get() && self.slab_errors.get() == 0) else {
            return false;
        };
        let is_object = || {
            let phys = self.kernel.virt_to_phys(VirtAddr::new(allocation.key));
            phys.and_then(|phys| self.kernel.slab().object(self.kernel.pages(), phys)).is_some()
        };
        match allocation.kind {
            Kind::Kmalloc => is_object(),
            // Constructed objects keep their state and are the first to be given out again.
            Kind::Object { .. } => is_object() && !self.is_constructed(allocation),
            _ => false,
        }
    }
    /// Takes an object in.
    pub(crate) fn quarantine(&self, allocation: &Allocation) {
        let Some(kasan) = &self.kasan else { return };
        let cache = self.cache_of(allocation).map(|info| info.id);
        let waiting = Waiting { addr: allocation.key as u32, bytes: self.stride(allocation), cache };
        let leaving = kasan.quarantine.borrow_mut().push(waiting);
        self.give_back(&leaving);
    }
    /// Gives all objects back that wait, or those of one cache. True when there were any.
    pub(crate) fn end_quarantine(&self, cache: Option<CacheId>) -> bool {
        let Some(kasan) = &self.kasan else { return false };
        let leaving = kasan.quarantine.borrow_mut().take(|waiting| cache.is_none() || waiting.cache == cache);
        self.give_back(&leaving);
        !leaving.is_empty()
    }
    fn give_back(&self, leaving: &[Waiting]) {
        for object in leaving {
            let addr = VirtAddr::new(object.addr.into());
            // It was live when it was taken in, and nobody else could free it since.
            let _ = match object.cache {
                Some(cache) => self.kernel.cache_free_checked(cache, addr),
                None => self.kernel.kfree(addr),
            };
        }
    }

    /// True when a bad access next to an object, or to it after it was freed, was reported: what a debugged cache finds of
    /// it later is the same fault.
    pub(crate) fn kasan_knows(&self, object: VirtAddr) -> bool {
        self.kasan.as_ref().is_some_and(|kasan| kasan.missed.borrow().contains(&(object.raw() as u32)))
    }

    // --- accesses ------------------------------------------------------------------------------------------------------

    /// An access that the shadow does not allow: a finding, unless it is known better here. True when it is fine.
    pub(crate) fn kasan_access(&self, call: &Call<'_>, addr: u32, bytes: u32, write: bool) -> bool {
        let Some(kasan) = &self.kasan else { return true };
        while let Some(byte) = kasan.shadow.first_forbidden(addr, bytes) {
            match self.judge_access(kasan, byte) {
                Truth::Fine(start, bytes) => kasan.shadow.allow(start, bytes),
                Truth::Unmapped if kasan.shadow.described(byte).is_some_and(|it| !self.is_in_stack(it)) => {
                    // The host has something there: it would not fault. What describes its stack, a function writes itself.
                    self.die_at(call, byte, write);
                    return false;
                }
                Truth::Unmapped => return false,
                Truth::Bad if self.kasan_off.get() > 0 || self.is_slab_under_test(byte) => return true,
                Truth::Bad if !write && self.is_zeroed_tail(byte) => return true,
                Truth::Bad => {
                    let mut chain = self.chain(call);
                    // The hook of a range is nobody's caller.
                    let hooks = chain.iter().take_while(|addr| self.symbol_text(**addr, false).starts_with("__asan_"));
                    let hooks = hooks.count();
                    chain.drain(..hooks);
                    let code = chain.iter().copied().find(|addr| self.is_module_code(*addr)).unwrap_or(0);
                    if kasan.reported.borrow_mut().insert(code) {
                        self.report_access(kasan, &chain, (addr, bytes), byte, write);
                    }
                    return false;
                }
            }
        }
        if write {
            kasan.shadow.write(addr, bytes);
        }
        true
    }
    /// True for a slab's memory while a test damages slabs on purpose.
    fn is_slab_under_test(&self, byte: u32) -> bool {
        self.slab_errors.get() != 0 && {
            let phys = self.kernel.virt_to_phys(VirtAddr::new(byte.into()));
            phys.is_some_and(|phys| self.kernel.slab().object(self.kernel.pages(), phys).is_some())
        }
    }
    /// True for the rest of the last page of an area that was asked for zeroed: the kernel gives whole pages, and what is
    /// read there is zero on every kernel. (One with KASAN would report it.)
    fn is_zeroed_tail(&self, byte: u32) -> bool {
        let tracker = self.tracker.borrow();
        let area = tracker.around(Space::Virtual, byte.into());
        area.is_some_and(|area| {
            area.kind == Kind::Vmalloc && area.function.contains("zalloc") && u64::from(byte) - area.key < area.given
        })
    }
    /// Asks ledger and engine what is true of a byte.
    fn judge_access(&self, kasan: &Kasan, byte: u32) -> Truth {
        let shadow = kasan.shadow.byte(byte);
        let is_own = STACK.contains(&shadow) || ALLOCA.contains(&shadow) || [GLOBAL, SCOPE].contains(&shadow);
        let addr = VirtAddr::new(byte.into());
        let is_mapped = self.kernel.machine().read(addr, &mut [0]).is_ok();
        if !is_mapped {
            // What was unmapped is to fault, now.
            let page = addr.page_down();
            self.kernel.machine().flush_tlb(page, page.offset(PAGE_SIZE));
            return Truth::Unmapped;
        }
        // What the compiler has said of its variables, and what is allowed in part, is exact.
        if is_own || shadow < 8 {
            return Truth::Bad;
        }
        let page = byte & !(PAGE - 1);
        if let Some(phys) = self.kernel.virt_to_phys(addr) {
            return self.judge_linear(kasan, addr, phys, page);
        }
        if self.is_user_range(byte, 1) {
            return Truth::Bad;
        }
        let key = u64::from(byte);
        let tracker = self.tracker.borrow();
        match tracker.around(Space::Virtual, key) {
            Some(area) if key - area.key < self.usable(area) => {
                let (start, bytes) = (area.key as u32, self.usable(area) as u32);
                Truth::Fine(start, bytes)
            }
            Some(_) => Truth::Bad,
            // A window that was closed, and is still mapped.
            None if shadow == FREE_PAGE => Truth::Bad,
            None => Truth::Fine(page, PAGE),
        }
    }
    /// The same in the direct map.
    fn judge_linear(&self, kasan: &Kasan, addr: VirtAddr, phys: PhysAddr, page: u32) -> Truth {
        let pfn = Pfn::containing(phys);
        let Some(frame) = self.kernel.frame(pfn) else { return Truth::Fine(page, PAGE) };
        match frame.kind {
            FrameKind::Free | FrameKind::Pcp => Truth::Bad,
            FrameKind::Slab | FrameKind::SlabTail => {
                match self.kernel.slab().object(self.kernel.pages(), phys) {
                    // The kernel's own object: the module's are in the shadow since they were allocated.
                    Some(object) if !object.is_free && !self.is_freed(object.start) => {
                        let start = self.kernel.phys_to_virt(object.start).map_or(0, |start| start.raw() as u32);
                        // What lies before the object is its own zone.
                        let inside = phys.raw().wrapping_sub(object.start.raw()) < object.object_size.into();
                        let tracked = self.tracker.borrow().get(Space::Linear, start.into()).is_some();
                        if inside && !tracked && !self.is_just_before(addr) {
                            Truth::Fine(start, object.object_size)
                        } else {
                            Truth::Bad
                        }
                    }
                    _ => Truth::Bad,
                }
            }
            FrameKind::Slob => Truth::Bad,
            _ if self.is_spare(addr) => Truth::Bad,
            // The kernel's page before the module's first object of a slab is nobody's aim; an entry of a table may be.
            _ if !kasan.tables.get() && self.is_just_before(addr) => Truth::Bad,
            _ => Truth::Fine(page, PAGE),
        }
    }
    /// True for an object that waits in the quarantine.
    fn is_freed(&self, start: PhysAddr) -> bool {
        let addr = self.kernel.phys_to_virt(start).map_or(0, VirtAddr::raw);
        self.tracker.borrow().get(Space::Linear, addr).is_none()
            && self.tracker.borrow().freed(Space::Linear, addr).is_some()
    }
    /// True for the rest of a block of which the module has asked for less.
    fn is_spare(&self, addr: VirtAddr) -> bool {
        let tracker = self.tracker.borrow();
        let block = tracker.around(Space::Linear, addr.raw());
        block.is_some_and(|block| self.usable(block) <= addr.raw() - block.key)
    }
    /// True for the last bytes before something that the module holds.
    fn is_just_before(&self, addr: VirtAddr) -> bool {
        const BYTES: u64 = 16;
        let tracker = self.tracker.borrow();
        (1..=BYTES).any(|ahead| tracker.get(Space::Linear, addr.raw() + ahead).is_some())
    }
}
