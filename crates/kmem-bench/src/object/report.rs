//! The tables as text.

use super::table::{Row, Table};
use super::target;
use super::work::WORKLOADS;
use crate::measure::Value;
use crate::report::{targets, times, transposed};
use std::io::{self, Write};

/// Prints all tables.
///
/// # Errors
/// As the writer.
pub fn print(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let heading = format!(
        "ns an operation (one allocation and its free), median of {} rounds in turns; kmem on {}",
        table.rounds, table.machine
    );
    times(&heading, &table.rows, table.queue_nanoseconds, out)?;
    let heading = format!(
        "memory held, as a multiple of what was asked for: 400,000 objects of the mix live, at once and after {} came and went",
        table.events
    );
    let cell = |value: Value| match value {
        Value::Resident(times) => Some(format!("{times:.3}")),
        _ => None,
    };
    let rows: Vec<&Row> = table.rows.iter().filter(|row| !row.workload.is_timed()).collect();
    transposed(&heading, &rows, cell, out)?;
    targets(&target::judge(table), table.rows.len() == WORKLOADS.len(), out)?;
    let (names, count) = target::missing(table);
    if count != 0 {
        writeln!(out)?;
        writeln!(out, "{count} targets could not be judged: this program was built without {}.", names.join(", "))?;
        writeln!(out, "They compile C and C++ for minutes. To have all in one run:")?;
        writeln!(out, "  cargo run --release -p kmem-cli --features heavy-peers -- bench objects")?;
        writeln!(out, "  cargo bench -p kmem-bench --features heavy-peers --bench objects")?;
    }
    Ok(())
}
