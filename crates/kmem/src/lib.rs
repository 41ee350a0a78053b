//! kmem: the Linux kernel's memory system as a library.
//!
//! Buddy pages, zones, slab caches, kmalloc, mempools, page tables, vmalloc, kmap: one engine that needs nothing but a
//! [`Machine`]: RAM, CPUs, an MMU. It allocates nothing on its host; all that it keeps lies in the machine's RAM, as in a
//! real kernel, and it may exist many times in one process.
//!
//! # The tour, lowest first
//! [`units`] · [`error`] · [`gfp`] · [`machine`] · [`event`] (tracepoints) · `raw` (the unsafe part) · [`profile`] (what differs between kernels, as
//! data) · [`boot`] (command line, memblock, layout: pure) · [`page`] (mem_map, buddy, zones) · [`rcu`] (readers without a lock) · [`slab`] · [`memory`]
//! (the above, on a machine) · [`map`] (page tables, vmalloc, ioremap, kmap) · [`pool`] · [`user`] (processes) ·
//! [`snapshot`] (/proc) · [`kernel`] (all of it). A module uses only what stands before it.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod boot;
pub mod error;
pub mod event;
pub mod gfp;
pub mod kernel;
pub mod machine;
pub mod map;
pub mod memory;
pub mod page;
pub mod pool;
pub mod profile;
#[allow(unsafe_code)]
pub mod raw;
pub mod rcu;
pub mod reclaim;
pub mod slab;
pub mod snapshot;
mod sync;
pub mod units;
pub mod user;

pub use error::{AllocError, Broken, Misuse};
pub use gfp::Gfp;
pub use kernel::Kernel;
pub use machine::Machine;
pub use profile::Profile;
pub use units::{Order, Pfn, PhysAddr, VirtAddr};
