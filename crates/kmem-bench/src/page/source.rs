//! What a peer must be able to do: give and take blocks of pages.

use crate::taker::Taker;
use spin::Mutex;

/// Where blocks of `2^order` pages come from, for one thread.
///
/// A block is named by a page number, counted from wherever the source likes.
pub trait PageSource {
    /// Takes a block; `None` when there is none, or when the source has no blocks of that order.
    fn alloc(&mut self, order: u32) -> Option<u64>;
    /// Gives back a block that [`PageSource::alloc`] gave with this order.
    fn free(&mut self, pfn: u64, order: u32);
    /// Counts the free blocks of an order that there are, those inside larger ones too. What a source keeps back from
    /// ordinary requests (a kernel's watermarks) counts as well. The source is not used any more.
    fn count_free(&mut self, order: u32) -> u64 {
        std::iter::from_fn(|| self.alloc(order)).count() as u64
    }
}

impl<S: PageSource> PageSource for &mut S {
    #[inline(always)]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        (**self).alloc(order)
    }
    #[inline(always)]
    fn free(&mut self, pfn: u64, order: u32) {
        (**self).free(pfn, order);
    }
    fn count_free(&mut self, order: u32) -> u64 {
        (**self).count_free(order)
    }
}

/// Blocks of one order, from a source.
pub struct Blocks<const ORDER: u32, S>(pub S);

impl<const ORDER: u32, S: PageSource> Taker for Blocks<ORDER, S> {
    #[inline(always)]
    fn take(&mut self) -> Option<u64> {
        self.0.alloc(ORDER)
    }
    #[inline(always)]
    fn give(&mut self, pfn: u64) {
        self.0.free(pfn, ORDER);
    }
}

/// A source as one thread alone uses it, and as several threads do.
pub trait Peer: Sync {
    /// What a lone thread uses.
    type Alone<'a>: PageSource
    where
        Self: 'a;
    /// What each of several threads uses.
    type OnCpu<'a>: PageSource
    where
        Self: 'a;

    /// Returns what a lone thread uses.
    fn alone(&mut self) -> Self::Alone<'_>;
    /// Returns what the calling thread, which is CPU `cpu`, uses beside others; `None` where that cannot be.
    fn on_cpu(&self, cpu: u32) -> Option<Self::OnCpu<'_>>;
    /// Returns the pages that there are.
    fn pages(&self) -> u64;
    /// False when the workloads with many scattered free blocks would take minutes.
    fn bears_scattering(&self) -> bool {
        true
    }
    /// False when pages that one CPU takes and another gives back are lost to the first.
    fn shares(&self) -> bool {
        true
    }
    /// False when the peer gets more memory from the host instead of running out.
    fn ends(&self) -> bool {
        true
    }
    /// Returns the bytes that the peer keeps for each page, outside the pages.
    fn metadata_bytes(&self) -> Option<f64> {
        None
    }
}

/// A source that knows nothing of threads: alone it is called as it is, beside others under one lock, as its users would.
pub struct OneLock<S> {
    source: Mutex<S>,
    pages: u64,
    bears_scattering: bool,
    metadata_bytes: Option<f64>,
}

impl<S> OneLock<S> {
    /// Wraps a source of so many pages.
    pub fn new(source: S, pages: u64) -> Self {
        Self { source: Mutex::new(source), pages, bears_scattering: true, metadata_bytes: None }
    }
    /// Says that many scattered free blocks would take minutes.
    #[must_use]
    pub fn without_scattering(mut self) -> Self {
        self.bears_scattering = false;
        self
    }
    /// Says what is kept for each page.
    #[must_use]
    pub fn with_metadata(mut self, bytes_a_page: f64) -> Self {
        self.metadata_bytes = Some(bytes_a_page);
        self
    }
}

impl<S: PageSource + Send> Peer for OneLock<S> {
    type Alone<'a>
        = &'a mut S
    where
        S: 'a;
    type OnCpu<'a>
        = Locked<'a, S>
    where
        S: 'a;

    fn alone(&mut self) -> &mut S {
        self.source.get_mut()
    }
    fn on_cpu(&self, _cpu: u32) -> Option<Locked<'_, S>> {
        Some(Locked(&self.source))
    }
    fn pages(&self) -> u64 {
        self.pages
    }
    fn bears_scattering(&self) -> bool {
        self.bears_scattering
    }
    fn metadata_bytes(&self) -> Option<f64> {
        self.metadata_bytes
    }
}

/// A source behind a lock.
pub struct Locked<'a, S>(&'a Mutex<S>);

impl<S: PageSource> PageSource for Locked<'_, S> {
    #[inline]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        self.0.lock().alloc(order)
    }
    #[inline]
    fn free(&mut self, pfn: u64, order: u32) {
        self.0.lock().free(pfn, order);
    }
}
