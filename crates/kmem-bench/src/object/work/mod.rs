//! The workloads: one row of [`WORKLOADS`] each. [`Run`] is one peer at work. All that a round took is given back at its end.

mod bulk;
pub mod mix;
mod resident;
mod together;

use super::source::{Kmalloc, ObjectSource, OfCache, Peer};
use super::Objects;
use crate::frees::Frees;
use crate::part::{Round, Rounds};
use crate::taker::{pairs, pairs_at_once, remote, Batches};
use mix::Script;
use std::sync::LazyLock;

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An object of the cache, taken and given back at once.
    CachePair,
    /// So many objects of the cache taken, then all given back.
    Batch {
        /// How many.
        objects: usize,
        /// How they go back.
        frees: Frees,
    },
    /// So many objects of the cache taken by one call, and given back by one.
    Bulk {
        /// How many.
        objects: usize,
    },
    /// A kmalloc of so many bytes and its kfree.
    Kmalloc {
        /// How many: 64, 1024 or 8192.
        bytes: usize,
    },
    /// The kmallocs of a running kernel, on one thread or on two that free a few of each other's.
    Mix {
        /// How many.
        threads: u32,
    },
    /// The pair of the cache on so many threads, each a CPU.
    Threads {
        /// How many.
        threads: u32,
    },
    /// One thread takes objects of the cache, another gives back what comes through a queue.
    Remote,
    /// Two threads replace objects of random size at random, and swap what they hold now and then.
    Larson,
    /// One thread takes objects of several sizes in batches, another gives the batches back.
    Xmalloc,
    /// Very many objects of the mix are held; then, how much memory is.
    Resident {
        /// Whether many came and went before.
        churned: bool,
    },
}

/// One workload.
pub type Workload = crate::part::Workload<Objects>;

const fn row(name: &'static str, about: &'static str, kind: Kind) -> Workload {
    Workload { name, about, kind }
}

/// Bytes of the cache's objects.
pub const CACHE_BYTES: usize = 192;
/// Objects of the largest batch.
const BATCH: usize = 8192;

/// All workloads.
pub static WORKLOADS: &[Workload] = &[
    row("cache-192", "cache of 192 bytes, pair, hot", Kind::CachePair),
    row("batch-32", "batch of 32 objects, FIFO frees", Kind::Batch { objects: 32, frees: Frees::Fifo }),
    row("batch-512", "batch of 512 objects, random frees", Kind::Batch { objects: 512, frees: Frees::Random }),
    row("batch-8192", "batch of 8192 objects, random frees", Kind::Batch { objects: BATCH, frees: Frees::Random }),
    row("bulk-32", "32 objects a call, an object", Kind::Bulk { objects: 32 }),
    row("kmalloc-64", "kmalloc of 64 bytes, pair", Kind::Kmalloc { bytes: 64 }),
    row("kmalloc-1024", "kmalloc of 1024 bytes, pair", Kind::Kmalloc { bytes: 1024 }),
    row("kmalloc-8192", "kmalloc of 8192 bytes, pair", Kind::Kmalloc { bytes: 8192 }),
    row("mix", "a kernel's mix of kmallocs", Kind::Mix { threads: 1 }),
    row("mix-2", "2 threads, mix, 4.3 % freed by other", Kind::Mix { threads: 2 }),
    row("threads-1", "1 thread, cache of 192 bytes, pair", Kind::Threads { threads: 1 }),
    row("threads-2", "2 threads, cache of 192 bytes, pair", Kind::Threads { threads: 2 }),
    row("larson", "2 threads, larson-like", Kind::Larson),
    row("xmalloc", "2 threads, xmalloc-like", Kind::Xmalloc),
    row("remote", "1 thread takes 192, 1 gives back", Kind::Remote),
    row("resident-filled", "filled", Kind::Resident { churned: false }),
    row("resident-churned", "churned", Kind::Resident { churned: true }),
];

impl Kind {
    /// True when it can be timed in rounds.
    pub(super) fn is_timed(self) -> bool {
        !matches!(self, Self::Resident { .. })
    }
    /// Returns the operations that are counted: whole batches, and the mix once through.
    pub(super) fn counted(self) -> Option<u64> {
        match self {
            Self::CachePair | Self::Kmalloc { .. } => Some(10_000),
            Self::Batch { .. } | Self::Bulk { .. } => Some(2 * BATCH as u64),
            Self::Mix { threads: 1 } => Some(mix::STEPS as u64),
            _ => None,
        }
    }
}

/// A peer at work.
pub trait Subject: Rounds<Objects> {
    /// Holds very many objects, and after so many events more, returns the memory that is held as a multiple of what was
    /// asked for; `None` when the peer cannot.
    fn resident(&mut self, events: u64) -> Option<f64>;
    /// Calls `with` on the source as a lone thread has it.
    fn with_source(&mut self, with: &mut dyn FnMut(&mut dyn ObjectSource));
}

/// The mix, the same for all peers.
static MIX: LazyLock<Script> = LazyLock::new(Script::new);

/// A peer, with what it needs for its rounds.
pub struct Run<P> {
    peer: P,
    batches: Batches,
}

impl<P> Run<P> {
    /// Puts a peer to work.
    pub fn new(peer: P) -> Self {
        Self { peer, batches: Batches::default() }
    }
}

impl<P: Peer> Rounds<Objects> for Run<P> {
    fn round(&mut self, workload: &Workload, operations: u64) -> Option<Round> {
        let alone = || self.peer.on_cpu(0);
        let object_on_cpu = |cpu| self.peer.on_cpu(cpu).map(OfCache);
        match workload.kind {
            Kind::CachePair => pairs(&mut OfCache(alone()?), operations),
            Kind::Batch { objects, frees } => self.batches.run(&mut OfCache(alone()?), objects, frees, operations),
            Kind::Bulk { objects: bulk::OBJECTS } => bulk::bulks(&mut alone()?, operations),
            Kind::Kmalloc { bytes: 64 } => pairs(&mut Kmalloc::<64, _>(alone()?), operations),
            Kind::Kmalloc { bytes: 1024 } => pairs(&mut Kmalloc::<1024, _>(alone()?), operations),
            Kind::Kmalloc { bytes: 8192 } => pairs(&mut Kmalloc::<8192, _>(alone()?), operations),
            // What is no constant here has no row.
            Kind::Kmalloc { .. } | Kind::Bulk { .. } => None,
            Kind::Mix { threads: 1 } => mix::alone(&mut alone()?, &MIX, operations),
            Kind::Mix { .. } => mix::together(&self.peer, &MIX, operations),
            Kind::Threads { threads } => pairs_at_once(threads, object_on_cpu, operations),
            Kind::Remote => remote(object_on_cpu, operations),
            Kind::Larson => together::larson(&self.peer, operations),
            Kind::Xmalloc => together::xmalloc(&self.peer, operations),
            Kind::Resident { .. } => None,
        }
    }
}

impl<P: Peer> Subject for Run<P> {
    fn resident(&mut self, events: u64) -> Option<f64> {
        if events != 0 && !self.peer.bears_churn() {
            return None;
        }
        resident::over_asked(&self.peer, events)
    }
    fn with_source(&mut self, with: &mut dyn FnMut(&mut dyn ObjectSource)) {
        if let Some(mut source) = self.peer.on_cpu(0) {
            with(&mut source);
        }
    }
}
