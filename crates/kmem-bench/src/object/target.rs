//! What has to hold of objects: times beside peers, the memory that is held, and limits on instructions.

use super::peer::{PeerRow, HEAVY};
use super::table::Table;
use crate::target::{Beside, Judged, Limit, Measured};

/// What is asked of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// At most so many times the peer's time.
    AtMost(f64, Beside),
    /// At most so many times what was asked for is held.
    Resident(f64),
}

/// One target, of the column with the CPU given.
#[derive(Debug)]
pub struct Target {
    /// The workload.
    pub workload: &'static str,
    /// What is asked.
    pub bound: Bound,
}

const fn at_most(workload: &'static str, times: f64, beside: Beside) -> Target {
    Target { workload, bound: Bound::AtMost(times, beside) }
}

/// The column that must meet the targets.
pub const COLUMN: &str = "kmem-cpu";
const JEMALLOC: Beside = Beside::Peer("jemalloc");
/// All peers, so that the best is not the best of those that happen to be there.
const BEST: Beside = Beside::BestOf(&["jemalloc", "mimalloc", "snmalloc", "malloc", "talc", "rlsf", "slabmalloc"]);

/// All targets.
pub static TARGETS: &[Target] = &[
    at_most("cache-192", 1.0, JEMALLOC),
    at_most("batch-512", 0.6, JEMALLOC),
    at_most("batch-8192", 1.0, JEMALLOC),
    at_most("bulk-32", 0.5, JEMALLOC),
    at_most("kmalloc-64", 0.9, JEMALLOC),
    at_most("kmalloc-1024", 0.8, JEMALLOC),
    at_most("kmalloc-8192", 0.35, Beside::Peer("rlsf")),
    at_most("mix", 1.0, JEMALLOC),
    at_most("mix-2", 1.0, JEMALLOC),
    at_most("larson", 0.9, BEST),
    at_most("xmalloc", 0.9, BEST),
    at_most("remote", 1.0, Beside::Peer("snmalloc")),
    Target { workload: "resident-churned", bound: Bound::Resident(1.10) },
];

impl Target {
    /// Judges the table; `None` when one of the figures was not measured.
    pub fn judge(&self, table: &Table) -> Option<Measured> {
        let own = table.value(self.workload, COLUMN)?;
        Some(match self.bound {
            Bound::AtMost(times, peer) => Measured::at_most(own / peer.value(&table.rows, self.workload)?, times),
            Bound::Resident(most) => Measured::at_most(own, most),
        })
    }
    /// Says what is asked.
    pub fn text(&self) -> String {
        let workload = self.workload;
        match self.bound {
            Bound::AtMost(times, beside) => format!("{workload}: {COLUMN} <= {times} x {}", beside.name()),
            Bound::Resident(most) => format!("{workload}: {COLUMN} <= {most:.2} x asked"),
        }
    }
    /// Returns the peers that this program was built without, and that the target is held to.
    pub fn missing(&self) -> Vec<&'static str> {
        let Bound::AtMost(_, beside) = &self.bound else { return Vec::new() };
        beside.needs().iter().copied().filter(|name| PeerRow::by_name(name).is_err()).collect()
    }
}

/// Judges all targets.
pub fn judge(table: &Table) -> Vec<Judged> {
    TARGETS.iter().map(|target| (target.text(), target.judge(table))).collect()
}

/// Returns the peers that targets of measured workloads need and that this program was built without, and how many targets
/// that are.
pub fn missing(table: &Table) -> (Vec<&'static str>, usize) {
    let was_measured = |target: &&Target| table.value(target.workload, COLUMN).is_some();
    let missing: Vec<_> = TARGETS.iter().filter(was_measured).map(Target::missing).collect();
    let names = HEAVY.iter().copied().filter(|name| missing.iter().any(|names| names.contains(name)));
    (names.collect(), missing.iter().filter(|names| !names.is_empty()).count())
}

/// All limits.
pub static LIMITS: &[Limit] = &[
    Limit { workload: "cache-192", peer: "kmem-cpu", instructions: 50.0 },
    Limit { workload: "kmalloc-64", peer: "kmem-cpu", instructions: 55.0 },
    // Most of it past the arrays: depot and slabs.
    Limit { workload: "batch-8192", peer: "kmem-cpu", instructions: 125.0 },
];
