//! Closures that hear of a kernel's events.
//!
//! The engine knows a listener as a function and a number. The number is looked up here, so that no pointer need be
//! trusted: a listener that is gone hears nothing.

use kmem::event::Event;
use kmem::page::Tracer;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

type Hear = dyn Fn(&Event) + Send + Sync;

static LISTENERS: RwLock<BTreeMap<usize, Arc<Hear>>> = RwLock::new(BTreeMap::new());

/// A closure that hears of events while this lives.
#[derive(Debug)]
pub struct Listener {
    id: usize,
}

impl Listener {
    /// Makes a listener. `hear` is called as [`Tracer`] says: one event at a time, on whichever CPU, and it must not call
    /// the kernel.
    pub fn new(hear: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        LISTENERS.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(hear));
        Self { id }
    }
    /// Returns what a kernel calls: for [`crate::boot_traced`] and `set_tracer`.
    pub fn tracer(&self) -> Tracer {
        Tracer { call: tell, id: self.id }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENERS.write().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

fn tell(id: usize, event: &Event) {
    let hear = LISTENERS.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    if let Some(hear) = hear {
        hear(event);
    }
}
