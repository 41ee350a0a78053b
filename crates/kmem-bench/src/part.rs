//! What the bench of pages and the bench of objects have in common: a part of the allocator has a table of workloads, one of
//! peers, and one of limits. Everything that only measures, counts or prints is written once, for any [`Part`].

use crate::kernel::Setting;
use crate::measure::Options;
use crate::target::Limit;
use crate::BenchError;
use std::fmt::Debug;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

/// A part of the allocator, with what it is measured by.
pub trait Part: Debug + Sized + 'static {
    /// What a workload does.
    type Kind: Copy + PartialEq + Debug + Sync + 'static;
    /// A peer at work.
    type Subject: Rounds<Self> + ?Sized;
    /// All that was measured.
    type Table;
    /// What the command calls it: `pages`.
    const NAME: &'static str;
    /// The workload whose instructions are counted when none is named.
    const USUAL: &'static str;
    /// kmem's machine when none is named.
    const MACHINE: &'static str;

    /// Returns the table of workloads.
    fn workloads() -> &'static [Workload<Self>];
    /// Returns the table of peers.
    fn peers() -> &'static [PeerRow<Self>];
    /// Returns what the gate holds.
    fn limits() -> &'static [Limit];
    /// True when a workload can be timed in rounds.
    fn is_timed(kind: Self::Kind) -> bool;
    /// Returns the operations that are counted for a workload's instructions; `None` when one thread by itself cannot do it.
    fn counted(kind: Self::Kind) -> Option<u64>;
    /// Measures. `progress` is told what comes next.
    ///
    /// # Errors
    /// When the host or the machine cannot give the memory, or there is no such workload.
    fn measure(options: &Options<'_>, progress: impl FnMut(&str)) -> Result<Self::Table, BenchError>;
    /// Prints what was measured.
    ///
    /// # Errors
    /// As the writer.
    fn print(table: &Self::Table, out: &mut dyn io::Write) -> io::Result<()>;
}

/// One workload.
#[derive(Debug)]
pub struct Workload<P: Part> {
    /// Its name for `--only`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is done.
    pub kind: P::Kind,
}

impl<P: Part> Workload<P> {
    /// Finds the workloads whose names begin so: `pair`, `batch-random`.
    ///
    /// # Errors
    /// [`BenchError::Unknown`].
    pub fn named(name: &str) -> Result<Vec<&'static Self>, BenchError> {
        let exact: Vec<_> = P::workloads().iter().filter(|workload| workload.name == name).collect();
        if !exact.is_empty() {
            return Ok(exact);
        }
        let found: Vec<_> = P::workloads().iter().filter(|workload| workload.name.starts_with(name)).collect();
        if found.is_empty() || name.is_empty() {
            let known = P::workloads().iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ");
            return Err(BenchError::Unknown { what: "workload", name: name.to_owned(), known });
        }
        Ok(found)
    }
    /// Finds those that `--only` asks for; all when it does not.
    ///
    /// # Errors
    /// As [`Workload::named`].
    pub fn chosen(only: Option<&str>) -> Result<Vec<&'static Self>, BenchError> {
        match only {
            Some(name) => Self::named(name),
            None => Ok(P::workloads().iter().collect()),
        }
    }
    /// True when it can be timed in rounds.
    pub fn is_timed(&self) -> bool {
        P::is_timed(self.kind)
    }
}

/// What a round took.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The time.
    pub took: Duration,
    /// Operations done in it, by each thread.
    pub operations: u64,
}

impl Round {
    /// Returns the time of one operation.
    pub fn nanoseconds(&self) -> f64 {
        self.took.as_secs_f64() * 1e9 / self.operations.max(1) as f64
    }
}

/// A peer at work: what is measured of it in rounds.
pub trait Rounds<P: Part> {
    /// Does about so many operations; `None` when the peer cannot do the workload.
    fn round(&mut self, workload: &Workload<P>, operations: u64) -> Option<Round>;
    /// True when the peer can do one operation of the workload.
    fn can_do(&mut self, workload: &Workload<P>) -> bool {
        self.round(workload, 1).is_some()
    }
}

/// What a peer can be taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// What is measured.
    Kmem,
    /// The same, in what is left after long use only.
    KmemLongUse,
    /// No allocator, but what no allocator can be faster than.
    Ideal,
    /// What it is measured against.
    Other,
}

/// One peer.
pub struct PeerRow<P: Part> {
    /// Short name: a column's head.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// What it is taken for.
    pub role: Role,
    /// Makes it.
    pub(crate) make: Make<P>,
}

/// What makes a peer.
pub(crate) type Make<P> = fn(&Setting<'_>) -> Result<Box<<P as Part>::Subject>, BenchError>;

impl<P: Part> PeerRow<P> {
    /// Makes the peer, with all of its memory free.
    ///
    /// # Errors
    /// When the host or the machine cannot give the memory.
    pub fn make(&self, setting: &Setting<'_>) -> Result<Box<P::Subject>, BenchError> {
        (self.make)(setting)
    }
    /// True for the peers whose operations are timed and counted.
    pub fn is_timed(&self) -> bool {
        self.role != Role::KmemLongUse
    }
    /// Finds a peer.
    ///
    /// # Errors
    /// [`BenchError::Unknown`].
    pub fn by_name(name: &str) -> Result<&'static Self, BenchError> {
        P::peers().iter().find(|peer| peer.name == name).ok_or_else(|| BenchError::Unknown {
            what: "peer",
            name: name.to_owned(),
            known: P::peers().iter().map(|peer| peer.name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Measures a part thoroughly and prints it: what `cargo bench` runs.
pub fn bench<P: Part>() -> ExitCode {
    let table = P::measure(&Options::THOROUGH, |what| eprintln!("kmem bench: {what}"));
    match table.map(|table| P::print(&table, &mut io::stdout().lock())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("kmem bench: {why}");
            ExitCode::FAILURE
        }
    }
}
