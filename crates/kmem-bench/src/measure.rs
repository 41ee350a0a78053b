//! How a time comes about: all peers do a round of the same workload one after the other, then all of them the next
//! round, and the median of a peer's rounds counts. So the clock and the neighbours hit all alike.

use crate::kernel::Setting;
use crate::part::{Part, PeerRow, Round, Rounds, Workload};
use crate::threads;
use crate::BenchError;
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
    /// The memory that is held, as a multiple of what was asked for.
    Resident(f64),
}

impl Value {
    /// Returns the figure that is compared: nanoseconds, the part that is left, or the multiple.
    pub fn number(&self) -> f64 {
        match *self {
            Self::Nanoseconds(figure) | Self::Resident(figure) => figure,
            Self::Left(left) => left.blocks as f64 / left.of.max(1) as f64,
        }
    }
}

/// What is left of large blocks after long use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    /// Blocks of order 9 that could still be had.
    pub blocks: u64,
    /// As many as the free pages would make if they lay together.
    pub of: u64,
}

/// One workload's values, in the order of the part's peers; `None` where a peer cannot do it.
pub struct Row<P: Part> {
    /// The workload.
    pub workload: &'static Workload<P>,
    /// The values.
    pub values: Vec<Option<Value>>,
}

/// Finds a workload's figure of a peer.
pub fn value<P: Part>(rows: &[Row<P>], workload: &str, peer: &str) -> Option<f64> {
    let column = P::peers().iter().position(|row| row.name == peer)?;
    let row = rows.iter().find(|row| row.workload.name == workload)?;
    row.values.get(column).copied().flatten().map(|value| value.number())
}

/// A peer in the course of its rounds.
struct Turn<P: Part> {
    subject: Box<P::Subject>,
    operations: u64,
    times: Vec<f64>,
}

/// Measures a workload with all peers.
///
/// # Errors
/// When a peer cannot be made.
pub fn in_turns<P: Part>(
    options: &Options<'_>,
    workload: &'static Workload<P>,
) -> Result<Vec<Option<Value>>, BenchError> {
    let mut turns = Vec::new();
    for peer in P::peers() {
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
fn first_turn<P: Part>(
    options: &Options<'_>,
    workload: &Workload<P>,
    peer: &PeerRow<P>,
) -> Result<Option<Turn<P>>, BenchError> {
    if !peer.is_timed() {
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

/// Measures the queue between two threads by itself.
pub fn queue_alone(rounds: usize) -> Option<f64> {
    let rounds = (0..rounds).filter_map(|_| threads::queue_alone(20_000));
    median(&mut rounds.map(|round| round.nanoseconds()).collect::<Vec<_>>())
}

/// Returns the middle one; `None` of none.
pub fn median(times: &mut [f64]) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}
