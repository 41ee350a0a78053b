//! What a module without an exit function sets up: it cannot be unloaded, so it may do what a kernel does at boot.

use crate::session::Session;
use crate::tracker::{Kind, Space};
use std::collections::HashSet;

/// What was there before the init of a module that has no exit.
pub(crate) struct ForGood {
    caches: HashSet<u64>,
    holds: u64,
}

impl Session {
    /// Returns what is there before the init of a module that cannot be unloaded.
    pub(crate) fn before_for_good(&self) -> ForGood {
        let tracker = self.tracker.borrow();
        let caches = tracker.live().iter().filter(|live| live.kind == Kind::Cache).map(|live| live.key).collect();
        ForGood { caches, holds: self.holds_so_far() }
    }
    /// Takes what such an init has set up for what a kernel sets up at boot: its caches with `SLAB_PANIC` and its CPU hotplug
    /// states stay, and are no leak. What it allocated is judged as all else.
    pub(crate) fn keep_for_good(&self, before: &ForGood) {
        self.keep_hotplug_states(before.holds);
        let (caches, mut tracker) = (self.caches.borrow(), self.tracker.borrow_mut());
        for cache in tracker.live().into_iter().filter(|live| live.kind == Kind::Cache) {
            let panics = caches.get(&(cache.key as u32)).is_some_and(|record| record.panics);
            if panics && !before.caches.contains(&cache.key) {
                if let Some(cache) = tracker.get_mut(Space::Handle, cache.key) {
                    cache.reported = true;
                }
            }
        }
    }
}
