//! What changed between two listings of vm areas: who got more, which may be a leak.

use super::size;
use crate::parse::vmallocinfo::VmallocInfo;
use std::collections::BTreeMap;
use std::fmt::{Result, Write};

/// The most callers that are told.
const SHOWN: usize = 8;

/// Writes which callers have more or fewer areas in the later listing, those that grew most first.
///
/// # Errors
/// What writing gives.
pub fn explain(out: &mut dyn Write, before: &VmallocInfo, after: &VmallocInfo) -> Result {
    let mut callers: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for (info, sign) in [(before, -1), (after, 1)] {
        // What was given back is nobody's any more.
        for row in info.rows.iter().filter(|row| !row.is_unpurged()) {
            let entry = callers.entry(row.function()).or_default();
            *entry = (entry.0 + sign * i128::from(row.size), entry.1 + sign);
        }
    }
    let mut changed: Vec<(&str, (i128, i128))> = callers.into_iter().filter(|(_, change)| *change != (0, 0)).collect();
    changed.sort_by_key(|(name, (bytes, _))| (-bytes, *name));
    let sum: i128 = changed.iter().map(|(_, (bytes, _))| bytes).sum();
    let (from, to) = (before.place.line, after.place.line);
    writeln!(out, "Changes of the vm areas, from the listing in line {from} to that in line {to}: {}", signed(sum))?;
    for (name, (bytes, areas)) in changed.iter().take(SHOWN) {
        let name = if name.is_empty() { "(no caller)" } else { name };
        writeln!(out, "  {:>12}  {areas:+} areas  {name}", signed(*bytes))?;
    }
    if changed.len() > SHOWN {
        writeln!(out, "  … and {} more callers", changed.len() - SHOWN)?;
    }
    Ok(())
}

/// `+1 MB`, `-8 kB`.
fn signed(bytes: i128) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    format!("{sign}{}", size(u64::try_from(bytes.unsigned_abs()).unwrap_or(u64::MAX)))
}
