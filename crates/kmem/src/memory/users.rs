//! Those who hold memory for processes, as reclaim and the OOM killer see them.
//!
//! Processes stand far above this layer; what is needed of them here is little: who there is and how much each has, take
//! all of one's pages, move one of its pages. The layer above gives a value that can do that when the kernel boots.

use super::Memory;
use crate::error::Name;
use crate::machine::Machine;
use crate::units::Pfn;

/// A process and its numbers, pages where nothing else is said: what the choice of a victim looks at.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Its process number.
    pub pid: u32,
    /// Its command's name.
    pub comm: Name,
    /// Whose it is; 0 is root.
    pub uid: u32,
    /// -1000 (never) to 1000 (first).
    pub oom_score_adj: i16,
    /// Of its address space.
    pub total_vm: u64,
    /// In memory.
    pub rss: u64,
    /// In swap.
    pub swap: u64,
    /// Of page tables.
    pub tables: u64,
    /// Of those, of the last level.
    pub last_tables: u64,
    /// It was killed already.
    pub is_killed: bool,
}

/// What reclaim, compaction and the OOM killer ask of those who map pages into processes.
pub trait UserMemory<M: Machine>: Sync {
    /// Hands each process to `with`.
    fn for_each(&self, with: &mut dyn FnMut(&Candidate));
    /// Takes all pages of a process, which gets none any more. Returns how many that freed.
    fn reap(&self, mem: &Memory<M>, pid: u32) -> u64;
    /// Lets a process's page at `old`, of which the caller holds a reference, be the page at `new`, copied. `old` is the
    /// caller's then. False when that is not possible; nothing has changed.
    fn move_page(&self, mem: &Memory<M>, old: Pfn, new: Pfn) -> bool;
}
