//! How a time comes about: all peers do a round of the same workload one after the other, then all of them the next
//! round, and the median of a peer's rounds counts. So the clock and the neighbours hit all alike.

use crate::peer::{booted_in, machine, PeerRow, Role, Setting, PEERS};
use crate::work::{queue_alone, Kind, Left, Round, Subject, Workload, WORKLOADS};
use crate::{BenchError, MANAGED_BYTES};
use std::time::Duration;

/// What to measure, and how thoroughly.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// On what.
    pub setting: Setting<'a>,
    /// Workloads whose names begin so; `None`: all.
    pub only: Option<&'a str>,
    /// Rounds of each workload.
    pub rounds: usize,
    /// How long a round takes.
    pub round: Duration,
    /// Events of long use.
    pub events: u64,
}

impl Options<'_> {
    /// All workloads, thoroughly: some minutes.
    pub const THOROUGH: Self = Self {
        setting: Setting { machine: None },
        only: None,
        rounds: 21,
        round: Duration::from_millis(8),
        events: 10_000_000,
    };
    /// All workloads, roughly: some seconds.
    pub const QUICK: Self = Self { rounds: 5, round: Duration::from_millis(2), events: 500_000, ..Self::THOROUGH };
}

/// What was measured of one peer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// The time of one operation.
    Nanoseconds(f64),
    /// What is left after long use.
    Left(Left),
}

impl Value {
    /// Returns the figure that is compared: nanoseconds, or the part that is left.
    pub fn number(&self) -> f64 {
        match *self {
            Self::Nanoseconds(nanoseconds) => nanoseconds,
            Self::Left(left) => left.blocks as f64 / left.of.max(1) as f64,
        }
    }
}

/// One workload's values, in the order of [`PEERS`]; `None` where a peer cannot do it.
pub struct Row {
    /// The workload.
    pub workload: &'static Workload,
    /// The values.
    pub values: Vec<Option<Value>>,
}

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
        let column = PEERS.iter().position(|row| row.name == peer)?;
        let row = self.rows.iter().find(|row| row.workload.name == workload)?;
        row.values.get(column).copied().flatten().map(|value| value.number())
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
    let chosen: Vec<&'static Workload> = match options.only {
        Some(name) => Workload::named(name)?,
        None => WORKLOADS.iter().collect(),
    };
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
    for workload in chosen {
        progress(workload.name);
        let values = match workload.kind {
            Kind::LongUse { fill } => long_use(options, fill)?,
            _ => in_turns(options, workload)?,
        };
        if workload.kind == Kind::Remote {
            let mut times: Vec<f64> =
                (0..options.rounds).filter_map(|_| queue_alone(20_000)).map(|r| r.nanoseconds()).collect();
            table.queue_nanoseconds = median(&mut times);
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

/// A peer in the course of its rounds.
struct Turn {
    subject: Box<dyn Subject>,
    operations: u64,
    times: Vec<f64>,
}

fn in_turns(options: &Options<'_>, workload: &'static Workload) -> Result<Vec<Option<Value>>, BenchError> {
    let mut turns = Vec::new();
    for peer in PEERS {
        turns.push(first_turn(options, workload, peer)?);
    }
    for _ in 0..options.rounds {
        for turn in turns.iter_mut().flatten() {
            if let Some(round) = turn.subject.round(workload, turn.operations) {
                turn.times.push(round.nanoseconds());
            }
        }
    }
    let medians = turns.iter_mut().map(|turn| turn.as_mut().and_then(|turn| median(&mut turn.times)));
    Ok(medians.map(|median| median.map(Value::Nanoseconds)).collect())
}

/// Fewest operations of a round.
const FEWEST: u64 = 2_000;
/// Most operations of a round.
const MOST: u64 = 1_000_000;

/// Makes the peer, and finds how many operations make a round. What this touches first is warm afterwards.
fn first_turn(options: &Options<'_>, workload: &Workload, peer: &PeerRow) -> Result<Option<Turn>, BenchError> {
    if peer.role == Role::KmemLongUse {
        return Ok(None);
    }
    let mut subject = peer.make(&options.setting)?;
    let mut operations = FEWEST;
    for _ in 0..3 {
        let Some(Round { took, operations: done }) = subject.round(workload, operations) else { return Ok(None) };
        let nanoseconds = took.as_nanos().max(1) as f64 / done.max(1) as f64;
        operations = ((options.round.as_nanos() as f64 / nanoseconds) as u64).clamp(FEWEST, MOST);
    }
    Ok(Some(Turn { subject, operations, times: Vec::new() }))
}

fn median(times: &mut [f64]) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}
