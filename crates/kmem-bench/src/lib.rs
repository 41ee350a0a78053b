//! kmem beside other allocators: the same workloads, in one process, in turns.
//!
//! There are two parts: [`page`], the page allocator, and [`object`], slab caches and kmalloc. Each has its tables; all that
//! measures, counts and prints is written once.
//!
//! | to see | start at |
//! |---|---|
//! | what a part is | [`part::Part`] |
//! | what is measured | `work::WORKLOADS` of a part |
//! | what both parts do alike | [`taker`] |
//! | beside what | `peer::PEERS` |
//! | what has to hold | `target::TARGETS`, and `target::LIMITS` for instructions |
//! | how a time comes about | [`measure`] |
//! | how instructions are counted | [`instructions`] |
//!
//! **One operation is one allocation and its free.** Nanoseconds are the thread's own
//! ([`clock`]), and yet depend on the CPU's speed and the neighbours, so all peers take
//! turns in every round and the median counts; only ratios within one run mean anything. Instructions an operation are
//! exact and stable: those are what a gate can hold.

pub mod child;
pub mod clock;
pub mod frees;
pub mod instructions;
pub mod kernel;
pub mod measure;
pub mod object;
pub mod page;
pub mod part;
pub mod region;
pub mod report;
pub mod resident;
pub mod rng;
pub mod taker;
pub mod target;
pub mod threads;

/// Bytes that every peer manages.
pub const MANAGED_BYTES: u64 = 1 << 30;
/// Bytes of a page.
pub const PAGE_BYTES: u64 = 4096;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// There is no such workload or peer.
    #[error("no {what} `{name}`; there are: {known}")]
    Unknown {
        /// Workload or peer.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The kernel's machine cannot be had.
    #[error(transparent)]
    Boot(#[from] kmem_hosted::HostedBootError),
    /// The kernel has no cache, or no object, to begin with.
    #[error("the kernel cannot make a cache: {0}")]
    Cache(kmem::slab::CreateError),
    /// The host refused.
    #[error("the host refused {what}: {source}")]
    Host {
        /// What was asked for.
        what: &'static str,
        /// The host's answer.
        source: std::io::Error,
    },
    /// A measurement in a process of its own ended without a figure.
    #[error("a measurement in a process of its own ended without a figure")]
    Child,
    /// The counting program ended badly.
    #[error("`{program}` did not count: {what}")]
    Count {
        /// The program.
        program: String,
        /// What it said.
        what: String,
    },
    /// A peer cannot do what was asked.
    #[error("{peer} cannot do {workload}")]
    CannotDo {
        /// The peer.
        peer: &'static str,
        /// The workload.
        workload: &'static str,
    },
}

impl From<kmem::slab::CreateError> for BenchError {
    fn from(error: kmem::slab::CreateError) -> Self {
        Self::Cache(error)
    }
}
