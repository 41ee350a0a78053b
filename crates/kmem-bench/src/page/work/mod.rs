//! The workloads: one row of [`WORKLOADS`] each. [`Run`] is one peer at work, with what it holds between rounds.

mod long_use;
mod mixed;

use super::source::{Blocks, PageSource, Peer};
use super::Pages;
use crate::frees::Frees;
use crate::measure::Left;
use crate::part::{Round, Rounds};
use crate::taker::{pairs, pairs_at_once, remote, Batches};
use mixed::Mixed;

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
pub type Workload = crate::part::Workload<Pages>;

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

impl Kind {
    /// True when it can be timed in rounds.
    pub(super) fn is_timed(self) -> bool {
        !matches!(self, Self::LongUse { .. })
    }
    /// Returns the operations that are counted: some rounds of a batch, and enough to make what is uneven small.
    pub(super) fn counted(self) -> Option<u64> {
        match self {
            Self::Batch { pages, .. } => Some((pages as u64).max(16 * BATCH as u64)),
            Self::Pair { .. } | Self::Mixed => Some(10_000),
            Self::Threads { .. } | Self::Remote | Self::LongUse { .. } => None,
        }
    }
    /// True when it leaves very many free pages scattered.
    fn scatters(self) -> bool {
        matches!(self, Self::Batch { pages: BULK, .. } | Self::LongUse { .. })
    }
}

/// A peer at work.
pub trait Subject: Rounds<Pages> {
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
    batches: Batches,
    mixed: Mixed,
}

impl<P> Run<P> {
    /// Puts a peer to work.
    pub fn new(peer: P) -> Self {
        Self { peer, batches: Batches::default(), mixed: Mixed::default() }
    }
}

impl<P: Peer> Rounds<Pages> for Run<P> {
    fn round(&mut self, workload: &Workload, operations: u64) -> Option<Round> {
        let cannot = workload.kind.scatters() && !self.peer.bears_scattering();
        if cannot || workload.kind == Kind::Remote && !self.peer.shares() {
            return None;
        }
        let pages = self.peer.pages();
        let page_on_cpu = |cpu| self.peer.on_cpu(cpu).map(Blocks::<0, _>);
        match workload.kind {
            Kind::Pair { order: 0 } => pairs(&mut Blocks::<0, _>(self.peer.alone()), operations),
            Kind::Pair { order: 3 } => pairs(&mut Blocks::<3, _>(self.peer.alone()), operations),
            Kind::Pair { order: 9 } => pairs(&mut Blocks::<9, _>(self.peer.alone()), operations),
            // An order that is no constant here has no row.
            Kind::Pair { .. } => None,
            Kind::Batch { pages, frees } => {
                self.batches.run(&mut Blocks::<0, _>(self.peer.alone()), pages, frees, operations)
            }
            Kind::Mixed => self.mixed.run(&mut self.peer.alone(), pages, operations),
            Kind::Threads { threads } => pairs_at_once(threads, page_on_cpu, operations),
            Kind::Remote => remote(page_on_cpu, operations),
            Kind::LongUse { .. } => None,
        }
    }
}

impl<P: Peer> Subject for Run<P> {
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
