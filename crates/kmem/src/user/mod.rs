//! Processes: address spaces of their own, filled page by page when they are touched.
//!
//! An *mm* is what a process has for memory: page tables of its own whose kernel part is everybody's, and a set of
//! *VMAs*, the ranges that it has asked for. To ask is cheap: `mmap` and `brk` only enter a range. The page comes when
//! an address is first touched: the processor finds no entry and raises a fault, and the kernel looks whether a VMA
//! allows the access. If one does, a zeroed page goes into the tables and the access is made again; if none does, the
//! process dies of SIGSEGV.
//!
//! ```text
//!   0      mmap_min_addr   start_brk     brk                                  mmap_base     TASK_SIZE
//!   |  no page  |  program  |   heap  →   |                 ←   mmap   mmap   |  stack's gap  |  kernel
//! ```
//!
//! So what a process was promised (`total_vm`) and what it has (`rss`, the resident set) are two numbers, and a kernel
//! promises more than there is: only what is obviously too much is refused ([`CommitGuess`]).
//!
//! Without an MMU there is none of that: `mmap` gives contiguous memory at once, all of it resident, and a heap cannot
//! grow, because what lies behind it is somebody else's (`nommu`).
//!
//! # Files, lowest first
//! `rule` (what differs between kernels, as data) · `error` · `vma` (the set of VMAs) · `mm` (the address space, its
//! counters; processes come and go) · `mmap` (mmap, munmap, brk; `nommu`) · `fault` · `rmap` (from a frame back to its
//! entry: unmap, move, reap) · `verify`.
//!
//! # Locks
//! An mm has one lock, for its VMAs, its tables and its counters. Nobody allocates while holding it: pages, tables and
//! descriptors are taken before, and what was taken in vain is given back. So whoever needs memory, and finds that it
//! must unmap a page of any process first, can take that process's lock.
//!
//! Source: `mm/mmap.c`, `mm/memory.c`, `mm/rmap.c`, `mm/nommu.c`, `kernel/fork.c`.

mod error;
mod fault;
mod mm;
mod mmap;
mod nommu;
mod rmap;
mod rule;
mod verify;
mod vma;

pub use error::{Segv, UserError};
pub use fault::{Access, Fault, Touched};
pub use mm::{MmId, MmSpec, ProcessInfo, Processes, UserCounts};
pub use mmap::{MmapRequest, Unmapped};
pub use rule::{CommitGuess, MmapPlace, NewPages, TableCount, UserRule};
pub use vma::Vma;
