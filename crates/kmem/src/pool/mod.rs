//! Memory pools: elements put aside so that some are always there.
//!
//! A pool asks its allocator first and falls back to its reserve; what is freed refills the reserve before it goes back.
//! So a request that may wait never fails, as long as elements are freed again. The price is memory that lies idle, which
//! is why one usually does without. A pool over pages of an order gives physically contiguous elements.
//!
//! # Invariants, checked by `verify`
//! - **M1** The reserve never holds more than `min_nr` elements.
//!
//! Kernel counterpart: `mm/mempool.c`.

use crate::error::{AllocError, Broken, Misuse};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::raw::Table;
use crate::slab::CacheId;
use crate::sync::SpinLock;
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
    /// Where they come from.
    pub source: Source,
}

#[derive(Clone, Copy)]
struct PoolState {
    live: bool,
    min_nr: u32,
    reserved: u32,
    /// kmalloc'ed array of `min_nr` 64-bit words; 0 without.
    elements: VirtAddr,
    source: Source,
}

impl Default for PoolState {
    fn default() -> Self {
        let (elements, source) = (VirtAddr::new(0), Source::Kmalloc(0));
        Self { live: false, min_nr: 0, reserved: 0, elements, source }
    }
}

/// A slot of the table of pools.
#[derive(Default)]
struct Pool(SpinLock<PoolState>);

/// The pools of one kernel.
pub struct Pools {
    table: Table<Pool>,
    registry: SpinLock<()>,
}

impl Default for Pools {
    fn default() -> Self {
        Self { table: Table::new(), registry: SpinLock::new(()) }
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
            let elements = VirtAddr::new(0);
            let state = PoolState { live: true, min_nr: 0, reserved: 0, elements, source };
            *self.table.get(slot).ok_or(AllocError::NoSlot)?.0.lock() = state;
            slot
        };
        let id = PoolId(slot);
        if let Err(error) = self.resize(memory, id, min_nr) {
            let _ = self.destroy(memory, id);
            return Err(error);
        }
        Ok(id)
    }

    /// Changes how many elements the pool keeps: `mempool_resize`. Elements too many are freed, missing ones allocated.
    ///
    /// # Errors
    /// What the allocator says, when the pool grows; it keeps what it has then.
    pub fn resize<M: Machine>(&self, memory: &Memory<M>, id: PoolId, min_nr: u32) -> Result<(), AllocError> {
        let source = self.state(memory, id).ok_or(AllocError::NoSlot)?.source;
        // Shrink first: what is too much goes back.
        while let Some(element) = self.take(memory, id, min_nr) {
            free_element(memory, source, element);
        }
        // The array that there is holds fewer as well.
        let shrunk = self.with(memory, id, |state| {
            let fits = min_nr <= state.min_nr;
            state.min_nr = state.min_nr.min(min_nr.max(state.reserved));
            fits
        });
        if shrunk == Some(true) {
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

    /// Takes an element: from its allocator, which is asked not to try hard, else from the reserve: `mempool_alloc`.
    ///
    /// # Errors
    /// [`AllocError::NoMemory`] when the reserve is empty too. A caller that may sleep waits for a free and tries again.
    pub fn alloc<M: Machine>(&self, memory: &Memory<M>, id: PoolId, gfp: Gfp) -> Result<u64, AllocError> {
        let source = self.state(memory, id).ok_or(AllocError::NoSlot)?.source;
        let gently = (gfp | Gfp::NORETRY | Gfp::NOWARN | Gfp::NOMEMALLOC) - (Gfp::DIRECT_RECLAIM | Gfp::IO);
        if let Ok(element) = alloc_element(memory, source, gently) {
            return Ok(element);
        }
        self.take(memory, id, 0).ok_or(AllocError::NoMemory { order: Order::ZERO, free_pages: 0 })
    }

    /// Gives an element back: to the reserve while that is not full, else to its allocator: `mempool_free`.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such pool.
    pub fn free<M: Machine>(&self, memory: &Memory<M>, id: PoolId, element: u64) -> Result<(), Misuse> {
        let source = self.state(memory, id).ok_or(Misuse::NoSuchObject(id.0.into()))?.source;
        if !self.keep(memory, id, element) {
            free_element(memory, source, element);
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

    /// Describes the pools there are.
    pub fn infos<'a, M: Machine>(&'a self, memory: &'a Memory<M>) -> impl Iterator<Item = PoolInfo> + 'a {
        (0..self.table.len()).filter_map(|slot| {
            let PoolState { min_nr, reserved, source, .. } = self.state(memory, PoolId(slot))?;
            Some(PoolInfo { id: PoolId(slot), min_nr, reserved, source })
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
            Some(element_at(memory, state, rest))
        });
        taken.flatten()
    }
    /// Puts an element into the reserve; false when that is full.
    fn keep<M: Machine>(&self, memory: &Memory<M>, id: PoolId, element: u64) -> bool {
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

    /// Checks M1 of every pool.
    ///
    /// # Errors
    /// The pool that breaks it.
    pub fn verify<M: Machine>(&self, memory: &Memory<M>) -> Result<(), Broken> {
        for pool in self.infos(memory) {
            if pool.reserved > pool.min_nr {
                let (found, expected) = (pool.reserved.into(), pool.min_nr.into());
                return Err(Broken { what: "mempool M1 (reserve)", at: pool.id.0.into(), found, expected });
            }
        }
        Ok(())
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
        Source::Slab(_) => memory.cache_free(VirtAddr::new(element)),
        Source::Kmalloc(_) => memory.kfree(VirtAddr::new(element)),
        Source::Pages(order) => memory.free_pages(Pfn::new(element), order),
        Source::Client { free, token, .. } => {
            free(token, element);
            Ok(())
        }
    };
}
