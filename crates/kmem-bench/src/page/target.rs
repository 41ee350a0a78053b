//! What has to hold of pages: times beside peers, what long use leaves, sizes, and limits on instructions.

use super::table::Table;
use super::work::WORKLOADS;
use crate::measure::value;
use crate::target::{Beside, Judged, Limit, Measured};

/// What is asked of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// At most so many times the peer's time.
    AtMost(f64, Beside),
    /// At least what the peer has left after long use.
    AtLeast(f64, Beside),
    /// A second CPU adds at least so much of the first one's speed.
    Scaling(f64),
    /// At most so many bytes a page.
    MetadataBytes(f64),
    /// At most so many milliseconds to a booted kernel with 1 TiB.
    BootMilliseconds(f64),
}

/// One target.
#[derive(Debug)]
pub struct Target {
    /// The workload; empty where there is none.
    pub workload: &'static str,
    /// The column that must meet it.
    pub column: &'static str,
    /// What is asked.
    pub bound: Bound,
}

const fn cpu(workload: &'static str, bound: Bound) -> Target {
    Target { workload, column: "kmem-cpu", bound }
}
const fn movable(workload: &'static str, bound: Bound) -> Target {
    Target { workload, column: "kmem-movable", bound }
}

const BUDDY_ALLOC: Beside = Beside::Peer("buddy-alloc");

/// All targets.
pub static TARGETS: &[Target] = &[
    cpu("pair-0", Bound::AtMost(0.5, BUDDY_ALLOC)),
    cpu("pair-0", Bound::AtMost(3.0, Beside::Peer("stack"))),
    cpu("pair-3", Bound::AtMost(0.8, BUDDY_ALLOC)),
    cpu("pair-9", Bound::AtMost(1.5, BUDDY_ALLOC)),
    cpu("batch-fifo", Bound::AtMost(0.5, Beside::Best)),
    cpu("batch-lifo", Bound::AtMost(0.5, Beside::Best)),
    cpu("batch-random", Bound::AtMost(0.5, Beside::Best)),
    cpu("bulk", Bound::AtMost(0.9, Beside::Peer("bitmap"))),
    cpu("mixed", Bound::AtMost(0.5, Beside::Peer("bs-frame"))),
    cpu("threads-2", Bound::AtMost(0.2, Beside::Peer("snmalloc"))),
    cpu("threads-2", Bound::Scaling(0.95)),
    cpu("left-80", Bound::AtLeast(1.0, BUDDY_ALLOC)),
    cpu("left-50", Bound::AtLeast(1.0, BUDDY_ALLOC)),
    cpu("left-20", Bound::AtLeast(1.0, BUDDY_ALLOC)),
    movable("left-80", Bound::AtLeast(1.0, BUDDY_ALLOC)),
    movable("left-50", Bound::AtLeast(1.0, BUDDY_ALLOC)),
    movable("left-20", Bound::AtLeast(1.0, BUDDY_ALLOC)),
    cpu("", Bound::MetadataBytes(32.0)),
    cpu("", Bound::BootMilliseconds(100.0)),
];

impl Target {
    /// Judges the table; `None` when one of the figures was not measured.
    pub fn judge(&self, table: &Table) -> Option<Measured> {
        let own = || table.value(self.workload, self.column);
        let beside = |beside: Beside| beside.value(&table.rows, self.workload);
        Some(match self.bound {
            Bound::AtMost(times, peer) => Measured::at_most(own()? / beside(peer)?, times),
            Bound::AtLeast(times, peer) => {
                // A peer that has nothing left is no lower bound worth a division.
                let (own, other) = (own()?, beside(peer)?);
                Measured { figure: if other == 0.0 { f64::INFINITY } else { own / other }, holds: own >= times * other }
            }
            Bound::Scaling(least) => {
                let figure = value(&table.rows, "threads-1", self.column)? / own()?;
                Measured { figure, holds: figure >= least }
            }
            Bound::MetadataBytes(most) => Measured::at_most(table.metadata(self.column)?, most),
            Bound::BootMilliseconds(most) => Measured::at_most(table.boot_1_tib?.as_secs_f64() * 1e3, most),
        })
    }
    /// Says what is asked.
    pub fn text(&self) -> String {
        let about = WORKLOADS.iter().find(|row| row.name == self.workload).map_or("", |row| row.name);
        let column = self.column;
        match self.bound {
            Bound::AtMost(times, beside) => format!("{about}: {column} <= {times} x {}", beside.name()),
            Bound::AtLeast(times, beside) => format!("{about}: {column} >= {times} x {}", beside.name()),
            Bound::Scaling(least) => format!("scaling 1 -> 2 threads: {column} >= {least}"),
            Bound::MetadataBytes(most) => format!("metadata: {column} <= {most} bytes a page"),
            Bound::BootMilliseconds(most) => format!("boot with 1 TiB: {column} <= {most} ms"),
        }
    }
}

/// Judges all targets.
pub fn judge(table: &Table) -> Vec<Judged> {
    TARGETS.iter().map(|target| (target.text(), target.judge(table))).collect()
}

/// All limits.
pub static LIMITS: &[Limit] = &[
    Limit { workload: "pair-0", peer: "kmem-cpu", instructions: 45.0 },
    // With the interrupt flag, the number of the CPU and the claim of its lists, at each call.
    Limit { workload: "pair-0", peer: "kmem", instructions: 105.0 },
];
