//! Everything that is measured of objects, and how it comes about.

use super::peer::PEERS;
use super::work::{Kind, Workload};
use super::Objects;
use crate::child;
use crate::kernel::machine;
use crate::measure::{in_turns, queue_alone, value, Options, Value};
use crate::BenchError;

/// One workload's values, in the order of [`PEERS`].
pub type Row = crate::measure::Row<Objects>;

/// Everything that was measured.
pub struct Table {
    /// kmem's machine.
    pub machine: &'static str,
    /// Rounds of each workload.
    pub rounds: usize,
    /// Objects that came and went before the memory that is held was looked at once more.
    pub events: u64,
    /// The workloads.
    pub rows: Vec<Row>,
    /// The time of one number through the queue of the remote workload.
    pub queue_nanoseconds: Option<f64>,
}

impl Table {
    /// Finds a value.
    pub fn value(&self, workload: &str, peer: &str) -> Option<f64> {
        value(&self.rows, workload, peer)
    }
}

/// Measures. `progress` is told what comes next. To be called while the process has one thread.
///
/// # Errors
/// When the host or the machine cannot give the memory, or there is no such workload.
pub fn measure(options: &Options<'_>, mut progress: impl FnMut(&str)) -> Result<Table, BenchError> {
    let (timed, held): (Vec<_>, Vec<_>) =
        Workload::chosen(options.only)?.into_iter().partition(|workload| workload.is_timed());
    let mut table = Table {
        machine: machine(&options.setting)?.name,
        rounds: options.rounds,
        events: options.events,
        rows: Vec::new(),
        queue_nanoseconds: None,
    };
    // First what is held, while no allocator of this process has kept anything yet.
    let mut held_rows = Vec::new();
    for workload in held {
        progress(workload.name);
        held_rows.push(Row { workload, values: resident(options, workload)? });
    }
    for workload in timed {
        progress(workload.name);
        let values = in_turns(options, workload)?;
        if workload.kind == Kind::Remote {
            table.queue_nanoseconds = queue_alone(options.rounds);
        }
        table.rows.push(Row { workload, values });
    }
    table.rows.append(&mut held_rows);
    Ok(table)
}

/// Measures each peer in a process of its own, which has nothing in memory that the peer could use again.
fn resident(options: &Options<'_>, workload: &Workload) -> Result<Vec<Option<Value>>, BenchError> {
    let events = match workload.kind {
        Kind::Resident { churned: true } => options.events,
        _ => 0,
    };
    PEERS
        .iter()
        .map(|peer| {
            let over_asked = child::measure(|| peer.make(&options.setting).map(|mut peer| peer.resident(events)))?;
            Ok(over_asked.map(Value::Resident))
        })
        .collect()
}
