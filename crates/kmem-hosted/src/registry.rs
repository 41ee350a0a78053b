//! The machines of this process, where a signal handler finds them without a lock that could be held.
//!
//! A fixed array of slots, never freed. What tells whose address this is are plain atomics; a stale answer is harmless,
//! because the slot's lock is taken and the machine asked again before anything is mapped.
//!
//! The lock is a spin lock: its holders make a few system calls, never touch the machine's mapped addresses and so never
//! fault. A thread that waits for it in the signal handler waits for another thread, not for itself.

use crate::error::HostError;
use crate::tlb::{Access, Miss, Tlb};
use kmem::units::PhysAddr;
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The most machines at the same time in a process.
pub(crate) const LIMIT: usize = 64;

/// One machine, or room for one.
///
/// # Invariants
/// `tlb` is looked at only by the holder of `lock`.
pub(crate) struct Slot {
    taken: AtomicBool,
    lock: AtomicBool,
    tlb: UnsafeCell<Option<Tlb>>,
    /// Physical address of the page tables in force; `NO_ROOT` before there are any.
    root: AtomicU64,
    /// Host addresses that belong to this machine alone, a hint; none where both are 0.
    owned: (AtomicU64, AtomicU64),
}

// SAFETY: By the type invariant the cell is guarded by the lock.
unsafe impl Sync for Slot {}

const NO_ROOT: u64 = u64::MAX;

static SLOTS: [Slot; LIMIT] = [const {
    Slot {
        taken: AtomicBool::new(false),
        lock: AtomicBool::new(false),
        tlb: UnsafeCell::new(None),
        root: AtomicU64::new(NO_ROOT),
        owned: (AtomicU64::new(0), AtomicU64::new(0)),
    }
}; LIMIT];

/// The slot's lock, held.
pub(crate) struct Held<'slot>(&'slot Slot);

impl Deref for Held<'_> {
    type Target = Option<Tlb>;
    fn deref(&self) -> &Option<Tlb> {
        // SAFETY: The lock is held.
        unsafe { &*self.0.tlb.get() }
    }
}
impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Option<Tlb> {
        // SAFETY: The lock is held, and `self` is borrowed mutably.
        unsafe { &mut *self.0.tlb.get() }
    }
}
impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.lock.store(false, Ordering::Release);
    }
}

impl Slot {
    /// Takes the lock.
    pub(crate) fn lock(&self) -> Held<'_> {
        let mut spins = 0u32;
        while self.lock.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            spins += 1;
            if spins.is_multiple_of(64) {
                // SAFETY: Has no preconditions; the holder may need this CPU.
                unsafe { libc::sched_yield() };
            }
            std::hint::spin_loop();
        }
        Held(self)
    }
    /// Returns the root of the page tables in force.
    pub(crate) fn root(&self) -> Option<PhysAddr> {
        Some(self.root.load(Ordering::Acquire)).filter(|&root| root != NO_ROOT).map(PhysAddr::new)
    }
    /// Puts other page tables in force; what the old ones filled is taken away.
    pub(crate) fn set_root(&self, root: PhysAddr) {
        let mut held = self.lock();
        if self.root.swap(root.raw(), Ordering::AcqRel) != root.raw() {
            if let Some(tlb) = held.as_mut() {
                tlb.evict();
            }
        }
    }
    /// Serves a miss at machine address `addr`.
    fn fill(&self, addr: u64, access: Access) -> Miss {
        match (self.root(), self.lock().as_mut()) {
            (Some(root), Some(tlb)) => tlb.fill(root, addr, access),
            _ => Miss::NotMapped,
        }
    }
    fn evict(&self) {
        if let Some(tlb) = self.lock().as_mut() {
            tlb.evict();
        }
    }
}

/// A place in the registry, given back on drop after everything filled is unmapped.
#[derive(Debug)]
pub(crate) struct Registration(usize);

impl Registration {
    /// Enters a machine. `tlb` knows where it is found and serves its misses; `None` when it is not found at any address.
    pub(crate) fn new(tlb: Option<Tlb>) -> Result<Self, HostError> {
        let free = |slot: &Slot| !slot.taken.swap(true, Ordering::AcqRel);
        let index = SLOTS.iter().position(free).ok_or(HostError::TooManyMachines { limit: LIMIT })?;
        let slot = &SLOTS[index];
        slot.root.store(NO_ROOT, Ordering::Release);
        let owned = tlb.as_ref().map_or((0, 0), |tlb| tlb.geometry().owned());
        *slot.lock() = tlb;
        slot.owned.0.store(owned.0, Ordering::Release);
        slot.owned.1.store(owned.1, Ordering::Release);
        Ok(Self(index))
    }
    /// Returns the slot.
    pub(crate) fn slot(&self) -> &'static Slot {
        &SLOTS[self.0]
    }
    /// Returns the slot's number.
    pub(crate) fn index(&self) -> usize {
        self.0
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let slot = self.slot();
        slot.owned.1.store(0, Ordering::Release);
        let tlb = {
            let mut held = slot.lock();
            if let Some(tlb) = held.as_mut() {
                tlb.evict();
            }
            held.take()
        };
        drop(tlb);
        slot.root.store(NO_ROOT, Ordering::Release);
        slot.taken.store(false, Ordering::Release);
    }
}

/// Translates a host address into an address of machine `index`; `None` where that machine has none.
pub(crate) fn machine_address(index: usize, host: u64) -> Option<u64> {
    address_in(SLOTS.get(index)?, host)
}

/// Serves a miss at host address `host`: first for the machine whose code runs, then for the one that owns the address,
/// then for whichever has that address in its user half. After [`Miss::Filled`] the access may be tried again.
pub(crate) fn fill(running: Option<usize>, host: u64, access: Access) -> Miss {
    if let Some(slot) = running.and_then(|index| SLOTS.get(index)) {
        if let Some(addr) = address_in(slot, host) {
            return fill_or_make_room(slot, addr, access);
        }
    }
    for slot in &SLOTS {
        let owned = (slot.owned.0.load(Ordering::Acquire), slot.owned.1.load(Ordering::Acquire));
        if owned.0 <= host && host < owned.1 {
            return address_in(slot, host).map_or(Miss::NotMapped, |addr| fill_or_make_room(slot, addr, access));
        }
    }
    let with_it = SLOTS.iter().filter(|slot| slot.taken.load(Ordering::Acquire));
    let with_it = with_it.filter_map(|slot| Some((slot, address_in(slot, host)?)));
    let mut answers = with_it.map(|(slot, addr)| fill_or_make_room(slot, addr, access));
    answers.find(|answer| *answer != Miss::NotMapped).unwrap_or(Miss::NotMapped)
}

fn address_in(slot: &Slot, host: u64) -> Option<u64> {
    slot.lock().as_ref()?.machine_address(host)
}

/// Fills; when the host has no mapping left, takes away what all machines have filled and tries once more.
fn fill_or_make_room(slot: &Slot, addr: u64, access: Access) -> Miss {
    let answer = slot.fill(addr, access);
    if answer != Miss::OutOfMappings {
        return answer;
    }
    // No lock is held here, so two threads that do this at the same time do not wait for each other.
    SLOTS.iter().for_each(Slot::evict);
    slot.fill(addr, access)
}
