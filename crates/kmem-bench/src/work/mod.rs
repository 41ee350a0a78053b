//! The workloads: one row of [`WORKLOADS`] each. [`Run`] is one peer at work, with what it holds between rounds.

mod alone;
mod long_use;
mod threads;

pub use threads::queue_alone;

use crate::source::{PageSource, Peer};
use crate::BenchError;
use alone::Held;
use std::time::Duration;

/// In which order the pages of a batch go back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frees {
    /// The oldest first.
    Fifo,
    /// The youngest first.
    Lifo,
    /// In any order.
    Random,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A block of this order, taken and given back at once.
    Pair {
        /// Its order.
        order: u32,
    },
    /// So many single pages taken, then all given back.
    Batch {
        /// How many.
        pages: usize,
        /// How they go back.
        frees: Frees,
    },
    /// Blocks of orders 0 to 10, each as likely, taken until 90 % are, then given back at random until 50 % are.
    Mixed,
    /// The pair of order 0 on so many threads, each a CPU.
    Threads {
        /// How many.
        threads: u32,
    },
    /// One thread takes, another gives back what comes through a queue.
    Remote,
    /// Long use with so much of memory taken; then, how many blocks of order 9 can still be had.
    LongUse {
        /// Percent taken.
        fill: u32,
    },
}

/// One workload.
#[derive(Debug)]
pub struct Workload {
    /// Its name for `--only`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is done.
    pub kind: Kind,
}

const fn row(name: &'static str, about: &'static str, kind: Kind) -> Workload {
    Workload { name, about, kind }
}

/// Pages of a bulk: 512 MiB.
pub const BULK: usize = 131_072;
/// Pages of a batch.
pub const BATCH: usize = 512;

/// All workloads.
pub static WORKLOADS: &[Workload] = &[
    row("pair-0", "order-0 pair, hot", Kind::Pair { order: 0 }),
    row("pair-3", "order-3 pair", Kind::Pair { order: 3 }),
    row("pair-9", "order-9 pair", Kind::Pair { order: 9 }),
    row("batch-fifo", "batch of 512 pages, FIFO frees", Kind::Batch { pages: BATCH, frees: Frees::Fifo }),
    row("batch-lifo", "batch of 512 pages, LIFO frees", Kind::Batch { pages: BATCH, frees: Frees::Lifo }),
    row("batch-random", "batch of 512 pages, random frees", Kind::Batch { pages: BATCH, frees: Frees::Random }),
    row("bulk", "bulk of 131,072 pages, random frees", Kind::Batch { pages: BULK, frees: Frees::Random }),
    row("mixed", "orders 0-10 mixed, 50-90 % full", Kind::Mixed),
    row("threads-1", "1 thread, order-0 pair", Kind::Threads { threads: 1 }),
    row("threads-2", "2 threads, order-0 pair", Kind::Threads { threads: 2 }),
    row("remote", "1 thread takes, 1 gives back", Kind::Remote),
    row("left-80", "80 % full", Kind::LongUse { fill: 80 }),
    row("left-50", "50 % full", Kind::LongUse { fill: 50 }),
    row("left-20", "20 % full", Kind::LongUse { fill: 20 }),
];

impl Workload {
    /// Finds the workloads whose names begin so: `pair`, `batch-random`.
    ///
    /// # Errors
    /// [`BenchError::Unknown`].
    pub fn named(name: &str) -> Result<Vec<&'static Self>, BenchError> {
        let exact: Vec<_> = WORKLOADS.iter().filter(|workload| workload.name == name).collect();
        if !exact.is_empty() {
            return Ok(exact);
        }
        let found: Vec<_> = WORKLOADS.iter().filter(|workload| workload.name.starts_with(name)).collect();
        if found.is_empty() || name.is_empty() {
            let known = WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ");
            return Err(BenchError::Unknown { what: "workload", name: name.to_owned(), known });
        }
        Ok(found)
    }
    /// True when it can be timed in rounds.
    pub fn is_timed(&self) -> bool {
        !matches!(self.kind, Kind::LongUse { .. })
    }
    /// True when one thread does it by itself, so that its instructions can be counted.
    pub fn is_alone(&self) -> bool {
        matches!(self.kind, Kind::Pair { .. } | Kind::Batch { .. } | Kind::Mixed)
    }
    /// True when it leaves very many free pages scattered.
    fn scatters(&self) -> bool {
        matches!(self.kind, Kind::Batch { pages: BULK, .. } | Kind::LongUse { .. })
    }
}

/// What a round took.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The time.
    pub took: Duration,
    /// Operations done in it, by each thread.
    pub operations: u64,
}

impl Round {
    /// Returns the time of one operation.
    pub fn nanoseconds(&self) -> f64 {
        self.took.as_secs_f64() * 1e9 / self.operations.max(1) as f64
    }
}

/// What is left after long use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    /// Blocks of order 9 that could still be had.
    pub blocks: u64,
    /// As many as the free pages would make if they lay together.
    pub of: u64,
}

/// A peer at work.
pub trait Subject {
    /// Does about so many operations; `None` when the peer cannot do the workload.
    fn round(&mut self, workload: &Workload, operations: u64) -> Option<Round>;
    /// True when the peer can do one operation of the workload.
    fn can_do(&mut self, workload: &Workload) -> bool {
        self.round(workload, 1).is_some()
    }
    /// Uses the memory long, and counts what is left; `None` as above.
    fn long_use(&mut self, fill: u32, events: u64) -> Option<Left>;
    /// Calls `with` on the source as a lone thread has it.
    fn with_source(&mut self, with: &mut dyn FnMut(&mut dyn PageSource));
    /// Returns the bytes kept for each page.
    fn metadata_bytes(&self) -> Option<f64>;
}

/// A peer, with what it holds between rounds.
pub struct Run<P> {
    peer: P,
    held: Held,
}

impl<P> Run<P> {
    /// Puts a peer to work.
    pub fn new(peer: P) -> Self {
        Self { peer, held: Held::default() }
    }
}

impl<P: Peer> Subject for Run<P> {
    fn round(&mut self, workload: &Workload, operations: u64) -> Option<Round> {
        let cannot = workload.scatters() && !self.peer.bears_scattering();
        if cannot || workload.kind == Kind::Remote && !self.peer.shares() {
            return None;
        }
        let pages = self.peer.pages();
        match workload.kind {
            Kind::Pair { order: 0 } => alone::pairs::<0>(&mut self.peer.alone(), operations),
            Kind::Pair { order: 3 } => alone::pairs::<3>(&mut self.peer.alone(), operations),
            Kind::Pair { order: 9 } => alone::pairs::<9>(&mut self.peer.alone(), operations),
            // An order that is no constant here has no row.
            Kind::Pair { .. } => None,
            Kind::Batch { pages, frees } => self.held.batches(&mut self.peer.alone(), pages, frees, operations),
            Kind::Mixed => self.held.mixed(&mut self.peer.alone(), pages, operations),
            Kind::Threads { threads } => threads::pairs(&self.peer, threads, operations),
            Kind::Remote => threads::remote(&self.peer, operations),
            Kind::LongUse { .. } => None,
        }
    }
    fn long_use(&mut self, fill: u32, events: u64) -> Option<Left> {
        if !self.peer.bears_scattering() || !self.peer.ends() {
            return None;
        }
        let pages = self.peer.pages();
        long_use::long_use(&mut self.peer.alone(), pages, fill, events)
    }
    fn with_source(&mut self, with: &mut dyn FnMut(&mut dyn PageSource)) {
        with(&mut self.peer.alone());
    }
    fn metadata_bytes(&self) -> Option<f64> {
        self.peer.metadata_bytes()
    }
}
