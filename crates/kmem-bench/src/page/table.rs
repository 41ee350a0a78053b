//! Everything that is measured of pages, and how it comes about.

use super::peer::PEERS;
use super::work::{Kind, Workload};
use super::Pages;
use crate::kernel::{booted_in, machine};
use crate::measure::{in_turns, median, queue_alone, value, Options, Value};
use crate::part::Role;
use crate::{BenchError, MANAGED_BYTES};
use std::time::Duration;

/// One workload's values, in the order of [`PEERS`].
pub type Row = crate::measure::Row<Pages>;

/// Everything that was measured.
pub struct Table {
    /// kmem's machine.
    pub machine: &'static str,
    /// Rounds of each workload.
    pub rounds: usize,
    /// Events of long use.
    pub events: u64,
    /// The workloads.
    pub rows: Vec<Row>,
    /// Metadata of each peer, in bytes a page, in the order of [`PEERS`].
    pub metadata_bytes: Vec<Option<f64>>,
    /// How long kmem's kernel takes to come up with 1 TiB of RAM, if its machine can have that.
    pub boot_1_tib: Option<Duration>,
    /// The same with 1 GiB.
    pub boot_1_gib: Option<Duration>,
    /// The time of one number through the queue of the remote workload.
    pub queue_nanoseconds: Option<f64>,
}

impl Table {
    /// Finds a value.
    pub fn value(&self, workload: &str, peer: &str) -> Option<f64> {
        value(&self.rows, workload, peer)
    }
    /// Finds a peer's metadata.
    pub fn metadata(&self, peer: &str) -> Option<f64> {
        let column = PEERS.iter().position(|row| row.name == peer)?;
        self.metadata_bytes.get(column).copied().flatten()
    }
}

/// Measures. `progress` is told what comes next.
///
/// # Errors
/// When the host or the machine cannot give the memory, or there is no such workload.
pub fn measure(options: &Options<'_>, mut progress: impl FnMut(&str)) -> Result<Table, BenchError> {
    let mut table = Table {
        machine: machine(&options.setting)?.name,
        rounds: options.rounds,
        events: options.events,
        rows: Vec::new(),
        metadata_bytes: Vec::new(),
        boot_1_tib: None,
        boot_1_gib: None,
        queue_nanoseconds: None,
    };
    for workload in Workload::chosen(options.only)? {
        progress(workload.name);
        let values = match workload.kind {
            Kind::LongUse { fill } => long_use(options, fill)?,
            _ => in_turns(options, workload)?,
        };
        if workload.kind == Kind::Remote {
            table.queue_nanoseconds = queue_alone(options.rounds);
        }
        table.rows.push(Row { workload, values });
    }
    if options.only.is_none() {
        progress("metadata and boot");
        for peer in PEERS {
            table.metadata_bytes.push(peer.make(&options.setting)?.metadata_bytes());
        }
        table.boot_1_gib = boot_median(options, MANAGED_BYTES)?;
        table.boot_1_tib = boot_median(options, MANAGED_BYTES << 10)?;
    }
    Ok(table)
}

fn boot_median(options: &Options<'_>, ram_bytes: u64) -> Result<Option<Duration>, BenchError> {
    let mut times = Vec::new();
    for _ in 0..options.rounds {
        match booted_in(&options.setting, ram_bytes)? {
            Some(took) => times.push(took.as_secs_f64()),
            None => return Ok(None),
        }
    }
    Ok(median(&mut times).map(Duration::from_secs_f64))
}

fn long_use(options: &Options<'_>, fill: u32) -> Result<Vec<Option<Value>>, BenchError> {
    PEERS
        .iter()
        .map(|peer| {
            // How the kernel is called changes nothing in what it leaves: the column with the CPU given stands for both.
            if peer.role == Role::Ideal || peer.name == "kmem" {
                return Ok(None);
            }
            Ok(peer.make(&options.setting)?.long_use(fill, options.events).map(Value::Left))
        })
        .collect()
}
