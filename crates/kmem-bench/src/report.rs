//! The tables as text.

use crate::measure::{Table, Value};
use crate::peer::{Role, PEERS};
use crate::target::{Measured, TARGETS};
use std::io::{self, Write};

/// Prints all tables.
///
/// # Errors
/// As the writer.
pub fn print(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    times(table, out)?;
    long_use(table, out)?;
    sizes(table, out)?;
    targets(table, out)
}

fn times(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = table.rows.iter().filter(|row| row.workload.is_timed()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let columns = || PEERS.iter().enumerate().filter(|(_, peer)| peer.role != Role::KmemLongUse);
    writeln!(
        out,
        "ns an operation (one allocation and its free), median of {} rounds in turns; 1 GiB, kmem on {}",
        table.rounds, table.machine
    )?;
    write!(out, "{:<36}", "")?;
    for (_, peer) in columns() {
        write!(out, " {:>11}", peer.name)?;
    }
    writeln!(out)?;
    for row in rows {
        write!(out, "{:<36}", row.workload.about)?;
        for (column, _) in columns() {
            match row.values.get(column).copied().flatten() {
                Some(value) => write!(out, " {:>11.1}", value.number())?,
                None => write!(out, " {:>11}", "-")?,
            }
        }
        writeln!(out)?;
    }
    if let Some(queue) = table.queue_nanoseconds {
        writeln!(
            out,
            "The queue between the two threads of the last row costs {queue:.1} ns by itself, contained in it."
        )?;
    }
    writeln!(out)
}

fn long_use(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = table.rows.iter().filter(|row| !row.workload.is_timed()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "order-9 blocks that can still be had after {} events, of what the free pages would make",
        table.events
    )?;
    write!(out, "{:<36}", "")?;
    for row in &rows {
        write!(out, " {:>11}", row.workload.about)?;
    }
    writeln!(out)?;
    for (column, peer) in PEERS.iter().enumerate() {
        let left = |row: &crate::measure::Row| match row.values.get(column).copied().flatten() {
            Some(Value::Left(left)) => Some(format!("{} of {}", left.blocks, left.of)),
            _ => None,
        };
        if rows.iter().all(|row| left(row).is_none()) {
            continue;
        }
        write!(out, "{:<36}", peer.name)?;
        for row in &rows {
            write!(out, " {:>11}", left(row).unwrap_or_else(|| "-".to_owned()))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
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

fn targets(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let everything = !table.metadata_bytes.is_empty();
    let judged: Vec<_> = TARGETS.iter().map(|target| (target.text(), target.judge(table))).collect();
    let shown = || judged.iter().filter(|(_, judged)| everything || judged.is_some());
    if shown().next().is_some() {
        writeln!(out, "{:<52} {:>9}  holds", "target", "measured")?;
    }
    for (text, judged) in shown() {
        match judged {
            Some(Measured { figure, holds: true }) => writeln!(out, "{text:<52} {figure:>9.2}  yes")?,
            Some(Measured { figure, holds: false }) => writeln!(out, "{text:<52} {figure:>9.2}  NO")?,
            None => writeln!(out, "{text:<52} {:>9}  not measured", "-")?,
        }
    }
    Ok(())
}
