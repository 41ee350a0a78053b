//! The bench of objects, slab caches and kmalloc: `kmem bench objects`.

pub mod class;
pub mod peer;
mod report;
pub mod source;
pub mod table;
pub mod target;
pub mod work;

use crate::measure::Options;
use crate::part::{Part, PeerRow, Workload};
use crate::target::Limit;
use crate::BenchError;
use std::io;

/// Slab caches and kmalloc.
#[derive(Debug)]
pub struct Objects;

impl Part for Objects {
    type Kind = work::Kind;
    type Subject = dyn work::Subject;
    type Table = table::Table;
    const NAME: &'static str = "objects";
    const USUAL: &'static str = "cache-192";
    const MACHINE: &'static str = crate::kernel::MACHINE;

    fn workloads() -> &'static [Workload<Self>] {
        work::WORKLOADS
    }
    fn peers() -> &'static [PeerRow<Self>] {
        peer::PEERS
    }
    fn limits() -> &'static [Limit] {
        target::LIMITS
    }
    fn is_timed(kind: work::Kind) -> bool {
        kind.is_timed()
    }
    fn counted(kind: work::Kind) -> Option<u64> {
        kind.counted()
    }
    fn measure(options: &Options<'_>, progress: impl FnMut(&str)) -> Result<table::Table, BenchError> {
        table::measure(options, progress)
    }
    fn print(table: &table::Table, out: &mut dyn io::Write) -> io::Result<()> {
        report::print(table, out)
    }
}
