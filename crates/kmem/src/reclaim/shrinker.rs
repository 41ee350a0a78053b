//! Shrinkers: caches of the kernel's that can be asked to become smaller.
//!
//! A driver or file system that keeps things because they may be useful again registers two functions: how many objects
//! could be freed, and free so many. Reclaim asks each for as large a part of its objects as it looks at of its own lists.
//!
//! Kernel counterpart: `mm/vmscan.c` (`do_shrink_slab`; `mm/shrinker.c` since 6.7), `include/linux/shrinker.h`.

use crate::error::{AllocError, Name};
use crate::sync::SpinLock;

/// The most shrinkers.
const MAX: usize = 32;
/// Objects that a shrinker is asked for at a time: `SHRINK_BATCH`.
const BATCH: u64 = 128;
/// What it costs to make an object again, when nothing else is said: `DEFAULT_SEEKS`.
pub const DEFAULT_SEEKS: u32 = 2;

/// A cache that can shrink. The functions get the token; they run without locks, may allocate (what they get comes from
/// the reserves), and may sleep.
#[derive(Clone, Copy, Debug)]
pub struct Shrinker {
    /// Its name in reports.
    pub name: Name,
    /// Returns how many objects could be freed.
    pub count: fn(usize) -> u64,
    /// Looks at so many objects; returns how many were freed.
    pub scan: fn(usize, u64) -> u64,
    /// What the functions get.
    pub token: usize,
    /// What it costs to make an object again; 0: nothing.
    pub seeks: u32,
}

/// A registered shrinker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShrinkerId(u32);

#[derive(Clone, Copy)]
struct Slot {
    shrinker: Shrinker,
    serial: u32,
    /// Work put off so far: `nr_deferred`.
    deferred: u64,
}

/// The shrinkers of one kernel.
pub(crate) struct Shrinkers(SpinLock<State>);

struct State {
    slots: [Option<Slot>; MAX],
    serial: u32,
}

impl Default for Shrinkers {
    fn default() -> Self {
        Self(SpinLock::new(State { slots: [None; MAX], serial: 0 }))
    }
}

impl Shrinkers {
    /// Registers a shrinker.
    pub(crate) fn register(&self, shrinker: Shrinker) -> Result<ShrinkerId, AllocError> {
        let mut state = self.0.lock();
        state.serial = state.serial.wrapping_add(1);
        let serial = state.serial;
        let slot = state.slots.iter_mut().find(|slot| slot.is_none()).ok_or(AllocError::NoSlot)?;
        *slot = Some(Slot { shrinker, serial, deferred: 0 });
        Ok(ShrinkerId(serial))
    }
    /// Takes a shrinker off; false when it is not there.
    pub(crate) fn unregister(&self, id: ShrinkerId) -> bool {
        let mut state = self.0.lock();
        let found = state.slots.iter_mut().find(|slot| slot.is_some_and(|slot| slot.serial == id.0));
        found.map(|slot| *slot = None).is_some()
    }
    /// Asks all shrinkers for their part at a priority from 12 (a 4096th of their objects) to 0 (all). Returns the objects
    /// looked at and freed.
    pub(crate) fn shrink(&self, priority: u32) -> (u64, u64) {
        let (mut scanned, mut freed) = (0, 0);
        for at in 0..MAX {
            // The lock is not held while the functions run.
            let Some(slot) = self.0.lock().slots[at] else { continue };
            let Shrinker { count, scan, token, seeks, .. } = slot.shrinker;
            let freeable = count(token);
            if freeable == 0 {
                continue;
            }
            let part = match seeks {
                // As if all of it were looked at twice at the highest priority: cheap to make again.
                0 => freeable / 2,
                seeks => (freeable >> priority) * 4 / u64::from(seeks),
            };
            let mut total = (slot.deferred >> priority) + part;
            total = total.min(2 * freeable);
            let mut done = 0;
            while total >= BATCH || total >= freeable && total > 0 {
                let wanted = total.min(BATCH);
                freed += scan(token, wanted);
                done += wanted;
                total -= wanted;
            }
            scanned += done;
            let rest = (slot.deferred + part).saturating_sub(done).min(2 * freeable);
            if let Some(kept) = &mut self.0.lock().slots[at] {
                if kept.serial == slot.serial {
                    kept.deferred = rest;
                }
            }
        }
        (scanned, freed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicUsize, Ordering};

    static OBJECTS: AtomicUsize = AtomicUsize::new(0);

    fn count(_: usize) -> u64 {
        OBJECTS.load(Ordering::Relaxed) as u64
    }
    fn scan(_: usize, wanted: u64) -> u64 {
        let freed = wanted.min(count(0));
        OBJECTS.fetch_sub(freed as usize, Ordering::Relaxed);
        freed
    }

    #[test]
    fn more_pressure_frees_more() {
        let shrinkers = Shrinkers::default();
        let shrinker = Shrinker { name: Name::new("test"), count, scan, token: 0, seeks: DEFAULT_SEEKS };
        let id = shrinkers.register(shrinker).unwrap_or(ShrinkerId(0));
        OBJECTS.store(100_000, Ordering::Relaxed);
        // A 4096th, twice, is less than a batch: it is put off until it is one.
        let freed: u64 = (0..8).map(|_| shrinkers.shrink(12).1).sum();
        assert!(freed <= 8 * 48, "{freed}");
        let gentle = shrinkers.shrink(6).1;
        let hard = shrinkers.shrink(1).1;
        assert!(gentle > 1000 && hard > 10 * gentle, "{gentle} {hard}");
        shrinkers.shrink(0);
        assert_eq!(count(0), 0);
        assert!(shrinkers.unregister(id));
        assert!(!shrinkers.unregister(id));
    }
}
