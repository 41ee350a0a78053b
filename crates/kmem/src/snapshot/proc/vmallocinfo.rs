//! `/proc/vmallocinfo`: the areas between VMALLOC_START and VMALLOC_END, in ascending order.
//!
//! Source: `mm/vmalloc.c`, `s_show`. The file came with 2.6.28; physical addresses are padded to their type's width, with
//! `0x`, since 4.x, and were bare hexadecimal before. Kernels with NUMA add how many of the pages lie on which node.
//! Addresses that were given back and may not be used again yet stand at the end, since 4.17, with `unpurged vm_area`
//! in the place of the caller.

use super::ProcFormat;
use crate::snapshot::VmAreaRow;
use core::fmt::{Result, Write};

/// How a physical address is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PhysStyle {
    /// `phys=c0800000`.
    Bare,
    /// `phys=0x000000007ffe1000`: so many digits.
    Padded(usize),
}

/// Writes the file.
pub fn write(out: &mut dyn Write, format: &ProcFormat, rows: impl IntoIterator<Item = VmAreaRow>) -> Result {
    let digits = format.address_digits;
    rows.into_iter().try_for_each(|row| {
        write!(out, "0x{:0digits$x}-0x{:0digits$x} {:7}", row.start, row.end, row.end.saturating_sub(row.start))?;
        if !row.caller.as_str().is_empty() {
            write!(out, " {}", row.caller)?;
        }
        if row.pages > 0 {
            write!(out, " pages={}", row.pages)?;
        }
        match format.vmalloc_phys {
            _ if row.phys == 0 => (),
            PhysStyle::Bare => write!(out, " phys={:x}", row.phys)?,
            PhysStyle::Padded(width) => write!(out, " phys=0x{:0width$x}", row.phys)?,
        }
        row.flags.words().try_for_each(|word| write!(out, " {word}"))?;
        for (node, pages) in row.node_pages.iter().enumerate().filter(|(_, &pages)| pages > 0) {
            write!(out, " N{node}={pages}")?;
        }
        writeln!(out)
    })
}
