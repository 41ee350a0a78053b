//! Failures on demand: whoever tests may have any allocation fail, as if memory had been short just then.
//!
//! An injector is asked before each block of pages that is taken and before each object of a slab cache; what it refuses
//! fails with [`AllocError::Injected`], at once and without a fight. So a test can fail the first allocation of a call,
//! then the second, and so on, and see that nothing is lost. As with a tracer, hits have no place for the question: while
//! there is an injector, they take the slow path.
//!
//! Kernel counterpart: `mm/failslab.c`, `mm/fail_page_alloc.c`. As there, what may not fail (`__GFP_NOFAIL`) is not asked about.

use super::PageAllocator;
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::Order;

/// What is about to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempted {
    /// A block of pages: `fail_page_alloc`.
    Pages(Order),
    /// An object of a slab cache, kmalloc's among them: `failslab`.
    Object {
        /// Its bytes, as its users know them.
        bytes: u32,
        /// Whether the cache was marked by an `A` of `slub_debug`: who wants only those asks (`cache-filter`).
        is_marked: bool,
    },
}

/// Who says which allocations fail.
///
/// It is called with interrupts off, and must not call the engine.
#[derive(Clone, Copy, Debug)]
pub struct Injector {
    /// Called with `id` before each allocation; it fails when this returns true.
    pub call: fn(usize, Attempted) -> bool,
    /// The client's own.
    pub id: usize,
}

/// The injector, if any.
#[derive(Default)]
pub(super) struct Injecting {
    on: AtomicU32,
    injector: SpinLock<Option<Injector>>,
}

impl PageAllocator {
    /// True while there is an injector.
    #[inline]
    pub(crate) fn is_injecting(&self) -> bool {
        self.injecting.on.load(Ordering::Relaxed) != 0
    }
    /// Asks the injector, if there is one.
    ///
    /// # Errors
    /// [`AllocError::Injected`] when the allocation is to fail.
    #[inline]
    pub(crate) fn inject(&self, gfp: Gfp, what: Attempted) -> Result<(), AllocError> {
        if !self.is_injecting() || gfp.contains(Gfp::NOFAIL) {
            return Ok(());
        }
        let injector = *self.injecting.injector.lock();
        match injector {
            Some(injector) if (injector.call)(injector.id, what) => Err(AllocError::Injected),
            _ => Ok(()),
        }
    }
    /// Sets or removes the injector. Interrupts are off; no lock is held. `barrier` as for a tracer.
    pub(crate) fn set_injector(&self, injector: Option<Injector>, barrier: impl Fn()) {
        let _thief = self.thief.lock();
        *self.injecting.injector.lock() = injector;
        self.injecting.on.store(injector.is_some().into(), Ordering::SeqCst);
        self.watch_lists(barrier);
    }
}
