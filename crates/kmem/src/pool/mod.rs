//! Memory pools: elements put aside so that some are always there.
//!
//! A pool asks its allocator first and falls back to its reserve; what is freed refills the reserve before it goes back.
//! So a request that may wait never fails, as long as elements are freed again. The price is memory that lies idle, which
//! is why one usually does without ([`PoolInfo::idle_bytes`] says how much it is). A pool over pages of an order gives
//! physically contiguous elements.
//!
//! # The order of an allocation ([`Pools::alloc`])
//! ```text
//!     the allocator, without waiting ─> the reserve ─> the allocator, as the flags say
//!        may the caller sleep? no ──> fails
//!     sleep until an element is freed ([`Machine::wait`]), and again
//! ```
//! The allocator is never asked to try hard, to use reserves of its own or to complain (`__GFP_NORETRY`, `__GFP_NOMEMALLOC`,
//! `__GFP_NOWARN`): there is another way.
//!
//! What lies in the reserve can be poisoned to see who writes to it: `poison`.
//!
//! # Invariants, checked by `verify`
//! - **M1** The reserve never holds more than `min_nr` elements.
//! - **M2** What it holds is in use as far as its allocator knows: live objects, used pages.
//!
//! Kernel counterpart: `mm/mempool.c`.

mod poison;

pub use poison::{is_wanted as is_poison_wanted, Mismatch};

use crate::error::{AllocError, Broken, Misuse};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::page::FrameKind;
use crate::raw::Table;
use crate::slab::CacheId;
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::{Order, Pfn, VirtAddr};

/// A pool's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct PoolId(u32);

impl PoolId {
    /// Wraps a raw number, as [`PoolId::raw`] gave it.
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }
    /// Returns the raw number.
    pub const fn raw(self) -> u32 {
        self.0
    }
}

/// Where a pool's elements come from. An element is a word: an address or a frame number.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Objects of a cache: addresses.
    Slab(CacheId),
    /// kmalloc of so many bytes: addresses.
    Kmalloc(u64),
    /// Blocks of pages: frame numbers.
    Pages(Order),
    /// The client's own functions.
    Client {
        /// Returns an element, or `None`.
        alloc: fn(token: [u64; 3], gfp: Gfp) -> Option<u64>,
        /// Takes an element back.
        free: fn(token: [u64; 3], element: u64),
        /// The client's own.
        token: [u64; 3],
    },
}

/// What a pool is and holds.
#[derive(Clone, Copy, Debug)]
pub struct PoolInfo {
    /// Its number.
    pub id: PoolId,
    /// How many elements it keeps.
    pub min_nr: u32,
    /// How many it has in reserve now.
    pub reserved: u32,
    /// How many are in the hands of users.
    pub out: u32,
    /// Where they come from.
    pub source: Source,
    /// Bytes that one takes of its allocator: the whole class or block. 0 where only the client knows.
    pub element_bytes: u64,
    /// Bytes that lie idle in the reserve.
    pub idle_bytes: u64,
}

#[derive(Clone, Copy)]
struct PoolState {
    live: bool,
    min_nr: u32,
    reserved: u32,
    /// How many were taken and not given back.
    out: u32,
    /// How many sleep until one is given back.
    waiting: u32,
    /// What lies in the reserve is poisoned.
    poisoned: bool,
    /// kmalloc'ed array of `min_nr` 64-bit words; 0 without.
    elements: VirtAddr,
    source: Source,
}

impl Default for PoolState {
    fn default() -> Self {
        let (elements, source) = (VirtAddr::new(0), Source::Kmalloc(0));
        Self { live: false, min_nr: 0, reserved: 0, out: 0, waiting: 0, poisoned: false, elements, source }
    }
}

/// A slot of the table of pools.
#[derive(Default)]
struct Pool(SpinLock<PoolState>);

/// The pools of one kernel.
pub struct Pools {
    table: Table<Pool>,
    registry: SpinLock<()>,
    /// Whether new pools poison their reserve.
    poisons: AtomicU32,
    /// What was found last.
    mismatch: SpinLock<Option<Mismatch>>,
}

impl Default for Pools {
    fn default() -> Self {
        Self {
            table: Table::new(),
            registry: SpinLock::new(()),
            poisons: AtomicU32::new(0),
            mismatch: Default::default(),
        }
    }
}

impl Pools {
    /// Creates a pool and fills its reserve with `min_nr` elements: `mempool_create`.
    ///
    /// # Errors
    /// What the element's allocator says; nothing is kept then.
    pub fn create<M: Machine>(&self, memory: &Memory<M>, min_nr: u32, source: Source) -> Result<PoolId, AllocError> {
        let slot = {
            let _irq = memory.irq_off();
            let _registry = self.registry.lock();
            let free = self.table.iter().find(|(_, pool)| !pool.0.lock().live).map(|(slot, _)| slot);
            let slot = match free {
                Some(slot) => slot,
                None => {
                    let first = self.table.len();
                    memory.grow(&self.table)?;
                    first
                }
            };
            let poisoned = self.poisons.load(Ordering::Relaxed) != 0 && poison::is_possible(memory, source);
            let state = PoolState { live: true, source, poisoned, ..PoolState::default() };
            *self.table.get(slot).ok_or(AllocError::NoSlot)?.0.lock() = state;
            slot
        };
        let id = PoolId(slot);
        if let Err(error) = self.set_size(memory, id, min_nr) {
            let _ = self.destroy(memory, id);
            return Err(error);
        }
        Ok(id)
    }

    /// Changes how many elements the pool keeps: `mempool_resize`. Elements too many are freed, missing ones allocated.
    ///
    /// # Errors
    /// What the allocator says, when the pool grows; it keeps what it has then. [`AllocError::BadFlags`] for a size of 0,
    /// which is a bug.
    pub fn resize<M: Machine>(&self, memory: &Memory<M>, id: PoolId, min_nr: u32) -> Result<(), AllocError> {
        if min_nr == 0 {
            return Err(AllocError::BadFlags("a pool keeps at least one element"));
        }
        self.set_size(memory, id, min_nr)
    }
    fn set_size<M: Machine>(&self, memory: &Memory<M>, id: PoolId, min_nr: u32) -> Result<(), AllocError> {
        let source = self.state(memory, id).ok_or(AllocError::NoSlot)?.source;
        // Shrink first, so that nothing more comes in; what is too much goes back. The array that there is holds fewer too.
        let fits = self.with(memory, id, |state| {
            let fits = min_nr <= state.min_nr;
            state.min_nr = state.min_nr.min(min_nr);
            fits
        });
        while let Some(element) = self.take(memory, id, min_nr) {
            free_element(memory, source, element);
        }
        if fits == Some(true) {
            return Ok(());
        }
        let bytes = u64::from(min_nr.max(1)) * 8;
        let array = memory.kmalloc(bytes, Gfp::KERNEL | Gfp::ZERO)?;
        let old = self.with(memory, id, |state| {
            let grown = PoolState { elements: array, ..*state };
            // Elements that came back meanwhile and do not fit are below the old `min_nr`, which only shrank.
            for index in 0..state.reserved.min(min_nr) {
                set_element(memory, &grown, index, element_at(memory, state, index));
            }
            let old = state.elements;
            (state.elements, state.min_nr, state.reserved) = (array, min_nr, state.reserved.min(min_nr));
            old
        });
        let _ = memory.kfree(old.unwrap_or(array));
        while self.state(memory, id).is_some_and(|state| state.reserved < state.min_nr) {
            let element = alloc_element(memory, source, Gfp::KERNEL)?;
            if !self.keep(memory, id, element) {
                free_element(memory, source, element);
            }
        }
        Ok(())
    }

    /// Takes an element: `mempool_alloc`. With flags that may sleep it does not fail: where nothing is left it sleeps until
    /// an element is given back.
    ///
    /// # Errors
    /// - [`AllocError::NoMemory`]: nothing is left, and the caller may not sleep.
    /// - [`AllocError::CannotWait`]: it may, but the machine cannot make it wait ([`Machine::wait`]).
    /// - [`AllocError::NoSlot`]: there is no such pool (any more).
    pub fn alloc<M: Machine>(&self, memory: &Memory<M>, id: PoolId, gfp: Gfp) -> Result<u64, AllocError> {
        let source = self.state(memory, id).ok_or(AllocError::NoSlot)?.source;
        let full = gfp | Gfp::NOMEMALLOC | Gfp::NORETRY | Gfp::NOWARN;
        let mut asked = full - (Gfp::DIRECT_RECLAIM | Gfp::IO);
        loop {
            if let Ok(element) = alloc_element(memory, source, asked) {
                self.with(memory, id, |state| state.out += 1);
                return Ok(element);
            }
            if let Some(element) = self.take(memory, id, 0) {
                self.with(memory, id, |state| state.out += 1);
                return Ok(element);
            }
            if asked != full {
                asked = full;
                continue;
            }
            if !gfp.may_sleep() || memory.machine.in_atomic() {
                return Err(AllocError::NoMemory { order: Order::ZERO, free_pages: 0 });
            }
            self.wait(memory, id)?;
        }
    }
    /// Sleeps until there may be something in the reserve.
    #[cold]
    fn wait<M: Machine>(&self, memory: &Memory<M>, id: PoolId) -> Result<(), AllocError> {
        self.with(memory, id, |state| state.waiting += 1).ok_or(AllocError::NoSlot)?;
        let is_empty = || self.state(memory, id).is_some_and(|state| state.reserved == 0);
        let has_waited = memory.machine.wait(token(id), &is_empty);
        self.with(memory, id, |state| state.waiting -= 1);
        has_waited.then_some(()).ok_or(AllocError::CannotWait)
    }

    /// Gives an element back: to the reserve while that is not full, else to its allocator: `mempool_free`. Who waits for
    /// one is woken. An element of 0, `NULL`, is nothing.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such pool.
    pub fn free<M: Machine>(&self, memory: &Memory<M>, id: PoolId, element: u64) -> Result<(), Misuse> {
        if element == 0 {
            return Ok(());
        }
        let source = self.state(memory, id).ok_or(Misuse::NoSuchObject(id.0.into()))?.source;
        self.with(memory, id, |state| state.out = state.out.saturating_sub(1));
        if !self.keep(memory, id, element) {
            free_element(memory, source, element);
        }
        if self.state(memory, id).is_some_and(|state| state.waiting > 0) {
            memory.machine.wake(token(id));
        }
        Ok(())
    }

    /// Frees the reserve and the pool: `mempool_destroy`. Elements that are out stay out.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such pool.
    pub fn destroy<M: Machine>(&self, memory: &Memory<M>, id: PoolId) -> Result<(), Misuse> {
        let missing = Misuse::NoSuchObject(id.0.into());
        let source = self.state(memory, id).ok_or(missing)?.source;
        while let Some(element) = self.take(memory, id, 0) {
            free_element(memory, source, element);
        }
        let array = self.with(memory, id, |state| {
            state.live = false;
            state.elements
        });
        memory.kfree(array.ok_or(missing)?)
    }

    /// Shows the elements that lie in a pool's reserve.
    pub fn reserve<'a, M: Machine>(&'a self, memory: &'a Memory<M>, id: PoolId) -> impl Iterator<Item = u64> + 'a {
        let state = self.state(memory, id).unwrap_or_default();
        (0..state.reserved).map(move |index| element_at(memory, &state, index))
    }
    /// Describes the pools there are.
    pub fn infos<'a, M: Machine>(&'a self, memory: &'a Memory<M>) -> impl Iterator<Item = PoolInfo> + 'a {
        (0..self.table.len()).filter_map(|slot| {
            let PoolState { min_nr, reserved, out, source, .. } = self.state(memory, PoolId(slot))?;
            let element_bytes = element_bytes(memory, source);
            let idle_bytes = u64::from(reserved) * element_bytes;
            Some(PoolInfo { id: PoolId(slot), min_nr, reserved, out, source, element_bytes, idle_bytes })
        })
    }

    /// Works on a live pool under its lock. Interrupts use pools too, so they are off.
    fn with<M: Machine, T>(&self, memory: &Memory<M>, id: PoolId, work: impl FnOnce(&mut PoolState) -> T) -> Option<T> {
        let _irq = memory.irq_off();
        let mut state = self.table.get(id.0)?.0.lock();
        state.live.then(|| work(&mut state))
    }
    fn state<M: Machine>(&self, memory: &Memory<M>, id: PoolId) -> Option<PoolState> {
        self.with(memory, id, |state| *state)
    }
    /// Takes an element from the reserve if that has more than `least`.
    fn take<M: Machine>(&self, memory: &Memory<M>, id: PoolId, least: u32) -> Option<u64> {
        let taken = self.with(memory, id, |state| {
            let rest = state.reserved.checked_sub(1).filter(|rest| *rest >= least)?;
            state.reserved = rest;
            Some((element_at(memory, state, rest), *state))
        });
        let (element, state) = taken.flatten()?;
        if state.poisoned {
            self.check_poison(memory, id, &state, element);
        }
        Some(element)
    }
    /// Puts an element into the reserve; false when that is full.
    fn keep<M: Machine>(&self, memory: &Memory<M>, id: PoolId, element: u64) -> bool {
        // Before anybody else can have it.
        if let Some(state) = self.state(memory, id).filter(|state| state.poisoned) {
            poison::poison(memory, state.source, element);
        }
        let kept = self.with(memory, id, |state| {
            if state.reserved >= state.min_nr {
                return false;
            }
            set_element(memory, state, state.reserved, element);
            state.reserved += 1;
            true
        });
        kept.unwrap_or(false)
    }

    /// Checks M1 and M2 of every pool.
    ///
    /// # Errors
    /// The first one found broken.
    pub fn verify<M: Machine>(&self, memory: &Memory<M>) -> Result<(), Broken> {
        for pool in self.infos(memory) {
            if pool.reserved > pool.min_nr {
                let (found, expected) = (pool.reserved.into(), pool.min_nr.into());
                return Err(Broken { what: "mempool M1 (reserve)", at: pool.id.0.into(), found, expected });
            }
            let Some(state) = self.state(memory, pool.id) else { continue };
            for index in 0..state.reserved {
                let element = element_at(memory, &state, index);
                let is_good = match state.source {
                    Source::Slab(cache) => memory.cache_object(cache, VirtAddr::new(element)).is_ok(),
                    Source::Kmalloc(bytes) => bytes == 0 || memory.kmalloc_info(VirtAddr::new(element)).is_ok(),
                    Source::Pages(order) => memory
                        .frame(Pfn::new(element))
                        .is_some_and(|frame| frame.kind == FrameKind::Used && frame.order == order),
                    Source::Client { .. } => true,
                };
                if !is_good {
                    let at = pool.id.0.into();
                    return Err(Broken { what: "mempool M2 (not in use)", at, found: element, expected: 0 });
                }
            }
        }
        Ok(())
    }
}

/// What those wait for who wait for an element.
fn token(id: PoolId) -> u64 {
    u64::from(id.0) + 1
}
/// Returns the bytes that an element takes of its allocator.
fn element_bytes<M: Machine>(memory: &Memory<M>, source: Source) -> u64 {
    let _irq = memory.irq_off();
    match source {
        Source::Slab(cache) => memory.slab.info(cache).map_or(0, |info| info.geometry.size.into()),
        Source::Kmalloc(bytes) => memory.slab.kmalloc.roundup(bytes).unwrap_or(bytes),
        Source::Pages(order) => order.bytes(),
        Source::Client { .. } => 0,
    }
}
fn element_at<M: Machine>(memory: &Memory<M>, state: &PoolState, index: u32) -> u64 {
    let at = memory.virt_to_phys(state.elements.offset(u64::from(index) * 8));
    at.and_then(|at| memory.ram.read_entry(at, 8)).unwrap_or(0)
}
fn set_element<M: Machine>(memory: &Memory<M>, state: &PoolState, index: u32, element: u64) {
    if let Some(at) = memory.virt_to_phys(state.elements.offset(u64::from(index) * 8)) {
        memory.ram.write_entry(at, 8, element);
    }
}
fn alloc_element<M: Machine>(memory: &Memory<M>, source: Source, gfp: Gfp) -> Result<u64, AllocError> {
    match source {
        Source::Slab(cache) => memory.cache_alloc(cache, gfp).map(VirtAddr::raw),
        Source::Kmalloc(bytes) => memory.kmalloc(bytes, gfp).map(VirtAddr::raw),
        Source::Pages(order) => memory.alloc_pages(gfp, order).map(Pfn::raw),
        Source::Client { alloc, token, .. } => {
            alloc(token, gfp).ok_or(AllocError::NoMemory { order: Order::ZERO, free_pages: 0 })
        }
    }
}
fn free_element<M: Machine>(memory: &Memory<M>, source: Source, element: u64) {
    // What the pool got from an allocator goes back to it unchanged; a client that gave back something else has
    // corrupted its own pool, and the allocator refuses it.
    let _ = match source {
        Source::Slab(cache) => memory.cache_free_to(cache, VirtAddr::new(element)),
        Source::Kmalloc(_) => memory.kfree(VirtAddr::new(element)),
        Source::Pages(order) => memory.free_pages(Pfn::new(element), order),
        Source::Client { free, token, .. } => {
            free(token, element);
            Ok(())
        }
    };
}
