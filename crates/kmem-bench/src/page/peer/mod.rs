//! The peers. One row of [`PEERS`] each, and one file that makes a [`PageSource`](super::source::PageSource) of it.
//!
//! Each is called as its own users would call it, manages 1 GiB of 4 KiB pages, and has its licence named here, since all
//! of them are linked into the program.

mod bitmap;
mod buddy_alloc;
mod buddy_system;
mod free_list;
#[cfg(feature = "heavy-peers")]
mod heap;
mod ideal;
mod kernel;

use super::source::Peer;
use super::work::{Run, Subject};
use super::Pages;
use crate::part::Role;
use crate::BenchError;

/// One peer.
pub type PeerRow = crate::part::PeerRow<Pages>;

fn boxed<P: Peer + 'static>(peer: Result<P, BenchError>) -> Result<Box<dyn Subject>, BenchError> {
    Ok(Box::new(Run::new(peer?)))
}

const OWN: &str = "MIT OR Apache-2.0";

/// All peers.
pub static PEERS: &[PeerRow] = &[
    PeerRow {
        name: "kmem",
        about: "kernel.alloc_pages(GFP_HIGHUSER, order) on a hosted machine",
        licence: OWN,
        role: Role::Kmem,
        make: |setting| boxed(kernel::AsCalled::new(setting)),
    },
    PeerRow {
        name: "kmem-cpu",
        about: "kernel.pages().alloc(cpu, …): the same with the CPU given, as bare metal has it",
        licence: OWN,
        role: Role::Kmem,
        make: |setting| boxed(kernel::CpuGiven::<{ kernel::UNMOVABLE }>::new(setting)),
    },
    PeerRow {
        name: "kmem-movable",
        about: "kmem with GFP_HIGHUSER_MOVABLE",
        licence: OWN,
        role: Role::KmemLongUse,
        make: |setting| boxed(kernel::CpuGiven::<{ kernel::MOVABLE }>::new(setting)),
    },
    PeerRow {
        name: "kmem-both",
        about: "kmem with every second request movable",
        licence: OWN,
        role: Role::KmemLongUse,
        make: |setting| boxed(kernel::CpuGiven::<{ kernel::BOTH }>::new(setting)),
    },
    PeerRow {
        name: "stack",
        about: "array stack: the least that giving out a page can be",
        licence: OWN,
        role: Role::Ideal,
        make: |_| boxed(Ok(ideal::Stacks::new())),
    },
    PeerRow {
        name: "stack+lock",
        about: "the same with one lock each way",
        licence: OWN,
        role: Role::Ideal,
        make: |_| boxed(Ok(ideal::LockedStacks::new())),
    },
    PeerRow {
        name: "buddy-alloc",
        about: "buddy-alloc 0.6: buddy with bitmaps, lists in the pages",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(buddy_alloc::new()),
    },
    PeerRow {
        name: "bitmap",
        about: "bitmap-allocator 0.4: a tree of 16-bit words",
        licence: "Apache-2.0",
        role: Role::Other,
        make: |_| boxed(Ok(bitmap::new())),
    },
    PeerRow {
        name: "bs-frame",
        about: "buddy_system_allocator 0.13, FrameAllocator: buddy on sorted sets",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(Ok(buddy_system::frames())),
    },
    PeerRow {
        name: "bs-heap",
        about: "buddy_system_allocator 0.13, LockedHeap: buddy on lists in the pages",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(buddy_system::Heap::new()),
    },
    PeerRow {
        name: "free-list",
        about: "free-list 0.3: a sorted list of free ranges, first fit",
        licence: "MIT OR Apache-2.0",
        role: Role::Other,
        make: |_| boxed(Ok(free_list::new())),
    },
    #[cfg(feature = "heavy-peers")]
    PeerRow {
        name: "mimalloc",
        about: "mimalloc: a general allocator, asked for whole pages",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(Ok(heap::Heap(&mimalloc::MiMalloc))),
    },
    #[cfg(feature = "heavy-peers")]
    PeerRow {
        name: "snmalloc",
        about: "snmalloc: a general allocator, asked for whole pages",
        licence: "MIT",
        role: Role::Other,
        make: |_| boxed(Ok(heap::Heap(&snmalloc_rs::SnMalloc))),
    },
];
