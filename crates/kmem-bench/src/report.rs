//! Tables as text, for all parts.

use crate::measure::{Row, Value};
use crate::part::Part;
use crate::target::{Judged, Measured};
use std::io::{self, Write};

/// Prints times: a line for each workload, a column for each peer. Nothing when no workload was timed.
///
/// # Errors
/// As the writer.
pub fn times<P: Part>(heading: &str, rows: &[Row<P>], queue: Option<f64>, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().filter(|row| row.workload.is_timed()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let columns = || P::peers().iter().enumerate().filter(|(_, peer)| peer.is_timed());
    writeln!(out, "{heading}")?;
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
    if let Some(queue) = queue {
        writeln!(
            out,
            "The queue between the two threads of the last row costs {queue:.1} ns by itself, contained in it."
        )?;
    }
    writeln!(out)
}

/// Prints what is no time: a line for each peer that has any of it, a column for each workload.
///
/// # Errors
/// As the writer.
pub fn transposed<P: Part>(
    heading: &str,
    rows: &[&Row<P>],
    cell: impl Fn(Value) -> Option<String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{heading}")?;
    write!(out, "{:<36}", "")?;
    for row in rows {
        write!(out, " {:>11}", row.workload.about)?;
    }
    writeln!(out)?;
    for (column, peer) in P::peers().iter().enumerate() {
        let cells: Vec<_> = rows.iter().map(|row| row.values.get(column).copied().flatten().and_then(&cell)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        write!(out, "{:<36}", peer.name)?;
        for cell in cells {
            write!(out, " {:>11}", cell.unwrap_or_else(|| "-".to_owned()))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// Prints whether the targets hold. Of those that could not be judged it is said only where `everything` was measured.
///
/// # Errors
/// As the writer.
pub fn targets(judged: &[Judged], everything: bool, out: &mut dyn Write) -> io::Result<()> {
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
