//! The tables as text.

use super::peer::PEERS;
use super::table::{Row, Table};
use super::target;
use crate::measure::Value;
use crate::part::Role;
use crate::report::{targets, times, transposed};
use std::io::{self, Write};

/// Prints all tables.
///
/// # Errors
/// As the writer.
pub fn print(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let heading = format!(
        "ns an operation (one allocation and its free), median of {} rounds in turns; 1 GiB, kmem on {}",
        table.rounds, table.machine
    );
    times(&heading, &table.rows, table.queue_nanoseconds, out)?;
    let heading = format!(
        "order-9 blocks that can still be had after {} events, of what the free pages would make",
        table.events
    );
    let left = |value: Value| match value {
        Value::Left(left) => Some(format!("{} of {}", left.blocks, left.of)),
        _ => None,
    };
    let rows: Vec<&Row> = table.rows.iter().filter(|row| !row.workload.is_timed()).collect();
    transposed(&heading, &rows, left, out)?;
    sizes(table, out)?;
    targets(&target::judge(table), !table.metadata_bytes.is_empty(), out)
}

fn sizes(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let known: Vec<_> =
        PEERS.iter().zip(&table.metadata_bytes).filter_map(|(peer, &bytes)| Some((peer, bytes?))).collect();
    if !known.is_empty() {
        let known = known.iter().filter(|(peer, _)| peer.role != Role::KmemLongUse && peer.name != "kmem-cpu");
        let list: Vec<_> = known.map(|(peer, bytes)| format!("{} {bytes:.2}", peer.name)).collect();
        writeln!(out, "bytes kept for a page, outside the pages, once all were in use: {}", list.join(", "))?;
    }
    if let Some(boot) = table.boot_1_gib {
        write!(out, "boot of {}: {:.2} ms with 1 GiB", table.machine, boot.as_secs_f64() * 1e3)?;
        match table.boot_1_tib {
            Some(boot) => writeln!(out, ", {:.2} ms with 1 TiB", boot.as_secs_f64() * 1e3)?,
            None => writeln!(out, "; it cannot have 1 TiB")?,
        }
        writeln!(out)?;
    }
    Ok(())
}
