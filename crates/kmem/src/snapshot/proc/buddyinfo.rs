//! `/proc/buddyinfo`: free blocks by zone and order. Source: `mm/vmstat.c`, `frag_show`; alike in all kernels.

use crate::snapshot::BuddyRow;
use core::fmt::{Result, Write};

/// Writes the file. Zones without pages are not shown; leave them out.
pub fn write(out: &mut dyn Write, rows: impl IntoIterator<Item = BuddyRow>) -> Result {
    rows.into_iter().try_for_each(|row| {
        write!(out, "Node {}, zone {:>8} ", row.node, row.zone)?;
        row.free.iter().take(row.orders).try_for_each(|free| write!(out, "{free:6} "))?;
        writeln!(out)
    })
}
