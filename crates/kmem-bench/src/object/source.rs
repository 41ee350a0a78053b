//! What a peer must be able to do: give and take objects.

use super::work::CACHE_BYTES;
use crate::resident;
use crate::taker::Taker;
use spin::Mutex;

/// Where objects come from, for one thread: kmalloc, and one cache of objects of [`CACHE_BYTES`].
///
/// An object is named by its address. Who has no caches takes objects of that size as any others, and who has no calls for
/// many objects at once takes them one by one.
pub trait ObjectSource {
    /// Takes an object of so many bytes; `None` when there is no memory.
    fn alloc(&mut self, bytes: usize) -> Option<u64>;
    /// Gives back what [`ObjectSource::alloc`] gave with this size. A kernel's kfree does not ask for it; the peers may.
    fn free(&mut self, object: u64, bytes: usize);
    /// Takes an object of the cache.
    #[inline(always)]
    fn cache_alloc(&mut self) -> Option<u64> {
        self.alloc(CACHE_BYTES)
    }
    /// Gives an object of the cache back.
    #[inline(always)]
    fn cache_free(&mut self, object: u64) {
        self.free(object, CACHE_BYTES);
    }
    /// Takes many objects of the cache.
    #[inline(always)]
    fn cache_alloc_bulk(&mut self, objects: &mut [u64]) -> Option<()> {
        for object in objects {
            *object = self.cache_alloc()?;
        }
        Some(())
    }
    /// Gives many objects of the cache back.
    #[inline(always)]
    fn cache_free_bulk(&mut self, objects: &[u64]) {
        for &object in objects {
            self.cache_free(object);
        }
    }
    /// Writes to all bytes of an object, so that the host gives the memory for them.
    fn touch(&mut self, object: u64, bytes: usize) {
        let first: *mut u8 = std::ptr::with_exposed_provenance_mut(object as usize);
        // SAFETY: The caller holds the object, whose memory these bytes are.
        unsafe { first.write_bytes(0x5a, bytes) };
    }
}

impl<S: ObjectSource> ObjectSource for &mut S {
    #[inline(always)]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        (**self).alloc(bytes)
    }
    #[inline(always)]
    fn free(&mut self, object: u64, bytes: usize) {
        (**self).free(object, bytes);
    }
}

/// Objects of the cache, from a source.
pub struct OfCache<S>(pub S);

impl<S: ObjectSource> Taker for OfCache<S> {
    #[inline(always)]
    fn take(&mut self) -> Option<u64> {
        self.0.cache_alloc()
    }
    #[inline(always)]
    fn give(&mut self, object: u64) {
        self.0.cache_free(object);
    }
}

/// Objects of so many bytes, from a source.
pub struct Kmalloc<const BYTES: usize, S>(pub S);

impl<const BYTES: usize, S: ObjectSource> Taker for Kmalloc<BYTES, S> {
    #[inline(always)]
    fn take(&mut self) -> Option<u64> {
        self.0.alloc(BYTES)
    }
    #[inline(always)]
    fn give(&mut self, object: u64) {
        self.0.free(object, BYTES);
    }
}

/// A source as each of several threads uses it; a lone thread is CPU 0.
pub trait Peer: Sync {
    /// What a thread uses.
    type OnCpu<'a>: ObjectSource
    where
        Self: 'a;

    /// Returns what the calling thread, which is CPU `cpu`, uses; `None` where that cannot be.
    fn on_cpu(&self, cpu: u32) -> Option<Self::OnCpu<'_>>;
    /// Returns the memory that is held now, in bytes; only the growth counts. `None` where that says nothing.
    fn held_bytes(&self) -> Option<u64> {
        resident::bytes()
    }
    /// False when hundreds of thousands of objects that come and go would take minutes.
    fn bears_churn(&self) -> bool {
        true
    }
}

/// A source that knows nothing of threads, under the lock that its users put it under.
pub struct OneLock<S> {
    source: Mutex<S>,
    bears_churn: bool,
}

impl<S> OneLock<S> {
    /// Wraps a source.
    pub fn new(source: S) -> Self {
        Self { source: Mutex::new(source), bears_churn: true }
    }
    /// Says that hundreds of thousands of objects that come and go would take minutes.
    #[must_use]
    pub fn without_churn(mut self) -> Self {
        self.bears_churn = false;
        self
    }
}

impl<S: ObjectSource + Send> Peer for OneLock<S> {
    type OnCpu<'a>
        = Locked<'a, S>
    where
        S: 'a;

    fn on_cpu(&self, _cpu: u32) -> Option<Locked<'_, S>> {
        Some(Locked(&self.source))
    }
    fn bears_churn(&self) -> bool {
        self.bears_churn
    }
}

/// A source behind its lock.
pub struct Locked<'a, S>(&'a Mutex<S>);

impl<S: ObjectSource> ObjectSource for Locked<'_, S> {
    #[inline]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        self.0.lock().alloc(bytes)
    }
    #[inline]
    fn free(&mut self, object: u64, bytes: usize) {
        self.0.lock().free(object, bytes);
    }
}
