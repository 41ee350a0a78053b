//! Instructions an operation, by callgrind, which runs a program step by step.
//!
//! A program that does one workload with one peer is run with N and with 2N operations; what the second run has more,
//! divided by N, is one operation. What comes before and after cancels out. Nothing else on the computer matters.

use crate::kernel::Setting;
use crate::part::{Part, PeerRow, Rounds, Workload};
use crate::BenchError;
use std::process::{Command, Stdio};

/// What counts.
pub const PROGRAM: &str = "valgrind";

/// True when the counting program is there.
pub fn available() -> bool {
    let mut command = Command::new(PROGRAM);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Does a workload with a peer: what the counted program does.
///
/// # Errors
/// [`BenchError::CannotDo`], or when the peer cannot be made.
pub fn work<P: Part>(
    setting: &Setting<'_>,
    peer: &PeerRow<P>,
    workload: &'static Workload<P>,
    operations: u64,
) -> Result<(), BenchError> {
    let done = peer.make(setting)?.round(workload, operations);
    done.map(drop).ok_or(BenchError::CannotDo { peer: peer.name, workload: workload.name })
}

/// Counts the instructions of one operation, of a workload with `n` operations ([`Part::counted`]). `program` prepares a
/// command that does the workload with so many operations.
///
/// # Errors
/// [`BenchError::Host`] when the counting program does not start, [`BenchError::Count`] when it does not count.
pub fn count(n: u64, program: impl Fn(u64) -> Command) -> Result<f64, BenchError> {
    let (once, twice) = (total(&program(n))?, total(&program(2 * n))?);
    Ok((twice as f64 - once as f64) / n as f64)
}

fn total(program: &Command) -> Result<u64, BenchError> {
    let mut command = Command::new(PROGRAM);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(program.get_program()).args(program.get_args()).stdin(Stdio::null());
    let output = command.output().map_err(|source| BenchError::Host { what: "to run valgrind", source })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    counted.filter(|_| output.status.success()).ok_or_else(|| {
        let last: Vec<&str> = said.lines().rev().take(3).collect();
        BenchError::Count { program: PROGRAM.to_owned(), what: last.into_iter().rev().collect::<Vec<_>>().join("; ") }
    })
}
