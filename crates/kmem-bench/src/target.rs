//! What figures are held to: the same words for all parts. A part's own targets are in its `target`.

use crate::measure::{value, Row};
use crate::part::{Part, Role};

/// Beside what a figure is held.
#[derive(Clone, Copy, Debug)]
pub enum Beside {
    /// A peer.
    Peer(&'static str),
    /// Whichever peer is the fastest, ideals aside.
    Best,
    /// Whichever of these is the fastest; all of them have to be there.
    BestOf(&'static [&'static str]),
}

impl Beside {
    /// Returns what a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Peer(name) => name,
            Self::Best | Self::BestOf(_) => "the best peer",
        }
    }
    /// Returns the peers without which there is nothing to hold a figure to.
    pub fn needs(&self) -> &[&'static str] {
        match self {
            Self::Peer(name) => std::slice::from_ref(name),
            Self::Best => &[],
            Self::BestOf(names) => names,
        }
    }
    /// Returns the peer's figure; `None` when it was not measured.
    pub fn value<P: Part>(self, rows: &[Row<P>], workload: &str) -> Option<f64> {
        match self {
            Self::Peer(name) => value(rows, workload, name),
            Self::Best => {
                let others = P::peers().iter().filter(|peer| peer.role == Role::Other);
                others.filter_map(|peer| value(rows, workload, peer.name)).min_by(f64::total_cmp)
            }
            Self::BestOf(names) => {
                let values: Option<Vec<f64>> = names.iter().map(|name| value(rows, workload, name)).collect();
                values?.into_iter().min_by(f64::total_cmp)
            }
        }
    }
}

/// How a target was met.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The figure in the unit of the bound: a ratio, bytes, milliseconds.
    pub figure: f64,
    /// True when the target holds.
    pub holds: bool,
}

impl Measured {
    /// Holds a figure to a limit from above.
    pub fn at_most(figure: f64, limit: f64) -> Self {
        Self { figure, holds: figure <= limit }
    }
}

/// A target in words, and how it was met; `None` when one of its figures was not measured.
pub type Judged = (String, Option<Measured>);

/// A limit on instructions: what the gate holds.
#[derive(Debug)]
pub struct Limit {
    /// The workload.
    pub workload: &'static str,
    /// The peer.
    pub peer: &'static str,
    /// Most instructions of one operation.
    pub instructions: f64,
}
