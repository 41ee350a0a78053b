//! The bench of the page allocator: `kmem bench pages`.

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

/// The page allocator.
#[derive(Debug)]
pub struct Pages;

impl Part for Pages {
    type Kind = work::Kind;
    type Subject = dyn work::Subject;
    type Table = table::Table;
    const NAME: &'static str = "pages";
    const USUAL: &'static str = "pair-0";
    /// One with a single zone below 4 GiB, as the others have: a PC's 16 MiB of ZONE_DMA would stand aside.
    const MACHINE: &'static str = "arm64-6.12";

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
