//! The peers. One row of [`PEERS`] each, and one file that makes an [`ObjectSource`](super::source::ObjectSource) of it.
//!
//! Each is called as its own users would call it, and has its licence named here, since all of them are linked into the
//! program. Those that know nothing of threads are under a lock always: that is how a program has them.

mod heap;
mod kernel;
mod magazine;
mod rlsf;
mod slabmalloc;
mod talc;

use super::source::Peer;
use super::work::{Run, Subject};
use super::Objects;
use crate::part::Role;
use crate::BenchError;

/// One peer.
pub type PeerRow = crate::part::PeerRow<Objects>;

fn boxed<P: Peer + 'static>(peer: Result<P, BenchError>) -> Result<Box<dyn Subject>, BenchError> {
    Ok(Box::new(Run::new(peer?)))
}

const OWN: &str = "MIT OR Apache-2.0";

/// The peers that compile C or C++ for minutes, and are there with the feature `heavy-peers` only.
pub const HEAVY: &[&str] = &["jemalloc", "mimalloc", "snmalloc"];

/// All peers.
pub static PEERS: &[PeerRow] = &[
    PeerRow {
        name: "kmem",
        about: "kernel.cache_alloc(cache, GFP_KERNEL), kernel.kmalloc(size, GFP_KERNEL) on a hosted machine",
        licence: OWN,
        role: Role::Kmem,
        make: |setting| boxed(kernel::AsCalled::new(setting)),
    },
    PeerRow {
        name: "kmem-cpu",
        about: "kernel.slab().alloc(pages, cpu, …): the same with the CPU given, as bare metal has it",
        licence: OWN,
        role: Role::Kmem,
        make: |setting| boxed(kernel::CpuGiven::new(setting)),
    },
    PeerRow {
        name: "magazine",
        about: "magazines for each CPU and class with a depot, and nothing below: the ideal",
        licence: OWN,
        role: Role::Ideal,
        make: |_| boxed(magazine::Magazines::new()),
    },
    #[cfg(feature = "heavy-peers")]
    PeerRow {
        name: "jemalloc",
        about: "jemalloc 5.3, by tikv-jemallocator",
        licence: "BSD-2-Clause; the binding MIT OR Apache-2.0",
        role: Role::Other,
        make: |_| boxed(Ok(heap::Heap(&tikv_jemallocator::Jemalloc))),
    },
    #[cfg(feature = "heavy-peers")]
    PeerRow {
        name: "mimalloc",
        about: "mimalloc, by the crate of that name",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(Ok(heap::Heap(&mimalloc::MiMalloc))),
    },
    #[cfg(feature = "heavy-peers")]
    PeerRow {
        name: "snmalloc",
        about: "snmalloc, by snmalloc-rs",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(Ok(heap::Heap(&snmalloc_rs::SnMalloc))),
    },
    PeerRow {
        name: "malloc",
        about: "the system's malloc and free",
        licence: "the C library's: linked dynamically",
        role: Role::Other,
        make: |_| boxed(Ok(heap::Heap(&std::alloc::System))),
    },
    PeerRow {
        name: "talc",
        about: "talc 5 under a spin lock: bins by size, tags at the blocks' ends",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(talc::new()),
    },
    PeerRow {
        name: "rlsf",
        about: "rlsf 0.2 under a spin lock: two-level segregated fit",
        licence: "MIT OR Apache-2.0",
        role: Role::Other,
        make: |_| boxed(rlsf::new()),
    },
    PeerRow {
        name: "slabmalloc",
        about: "slabmalloc 0.11 under a spin lock: slabs with a bitmap each",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(slabmalloc::new()),
    },
];
