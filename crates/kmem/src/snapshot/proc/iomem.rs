//! `/proc/iomem`: who has which physical addresses. Source: `kernel/resource.c`, `r_show`.

use crate::snapshot::IoMemRow;
use core::fmt::{Result, Write};

/// Writes the file. What lies inside another range stands indented below it.
pub fn write(out: &mut dyn Write, rows: impl IntoIterator<Item = IoMemRow>) -> Result {
    rows.into_iter().try_for_each(|row| {
        let indent = 2 * row.depth as usize;
        writeln!(out, "{:indent$}{:08x}-{:08x} : {}", "", row.start, row.last, row.name)
    })
}
