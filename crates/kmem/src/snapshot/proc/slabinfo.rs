//! `/proc/slabinfo`: the slab caches. Sources: `mm/slab_common.c`, `cache_show` (6.1); `mm/slab.c`, `s_show` (2.6.11 and
//! 2.4). Since 2.6 the lines are the same; SLUB leaves the tunables at 0.

use crate::snapshot::SlabRow;
use core::fmt::{Result, Write};

/// How a generation of kernels writes the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlabInfoStyle {
    /// 2.4: slabs instead of objects a slab, and the CPUs' lists only in kernels for several.
    V1_1 {
        /// Built for several CPUs.
        smp: bool,
    },
    /// 2.6.0 to 2.6.9: as 2.1, but the heading names limit and batchcount the wrong way round.
    V2_0,
    /// 2.6.10 and later.
    V2_1,
}

/// Writes the file: the heading, then a line for each cache.
pub fn write(out: &mut dyn Write, style: SlabInfoStyle, rows: impl IntoIterator<Item = SlabRow>) -> Result {
    match style {
        SlabInfoStyle::V1_1 { smp } => {
            writeln!(out, "slabinfo - version: 1.1{}", if smp { " (SMP)" } else { "" })?;
            rows.into_iter().try_for_each(|row| write_1_1(out, smp, &row))
        }
        SlabInfoStyle::V2_0 | SlabInfoStyle::V2_1 => {
            let (version, tunables) = match style {
                SlabInfoStyle::V2_0 => ("2.0", "<batchcount> <limit>"),
                _ => ("2.1", "<limit> <batchcount>"),
            };
            writeln!(out, "slabinfo - version: {version}")?;
            write!(out, "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>")?;
            write!(out, " : tunables {tunables} <sharedfactor>")?;
            writeln!(out, " : slabdata <active_slabs> <num_slabs> <sharedavail>")?;
            rows.into_iter().try_for_each(|row| write_2(out, &row))
        }
    }
}

fn write_1_1(out: &mut dyn Write, smp: bool, row: &SlabRow) -> Result {
    write!(out, "{:<17} {:6} {:6} {:6}", row.name, row.active_objs, row.num_objs, row.object_bytes)?;
    write!(out, " {:4} {:4} {:4}", row.active_slabs, row.num_slabs, row.pages_per_slab)?;
    if smp {
        write!(out, " : {:4} {:4}", row.limit, row.batchcount)?;
    }
    writeln!(out)
}

fn write_2(out: &mut dyn Write, row: &SlabRow) -> Result {
    write!(out, "{:<17} {:6} {:6}", row.name, row.active_objs, row.num_objs)?;
    write!(out, " {:6} {:4} {:4}", row.object_bytes, row.objects_per_slab, row.pages_per_slab)?;
    write!(out, " : tunables {:4} {:4} {:4}", row.limit, row.batchcount, row.sharedfactor)?;
    writeln!(out, " : slabdata {:6} {:6} {:6}", row.active_slabs, row.num_slabs, row.shared_avail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Name;

    #[test]
    fn older_versions() {
        let row = SlabRow {
            name: Name::new("kmem_cache"),
            active_objs: 80,
            num_objs: 100,
            object_bytes: 244,
            objects_per_slab: 16,
            pages_per_slab: 1,
            limit: 252,
            batchcount: 126,
            active_slabs: 5,
            num_slabs: 6,
            ..SlabRow::default()
        };
        let text = |style| {
            let mut out = Name::default();
            // The lines of the caches are longer than a name has room for: only the first are looked at.
            let _ = write(&mut out, style, []);
            out
        };
        assert_eq!(text(SlabInfoStyle::V1_1 { smp: false }).as_str(), "slabinfo - version: 1.1\n");
        assert_eq!(text(SlabInfoStyle::V1_1 { smp: true }).as_str(), "slabinfo - version: 1.1 (SMP)\n");
        assert!(text(SlabInfoStyle::V2_0).as_str().starts_with("slabinfo - version: 2.0\n# name "));
        let mut line = std::string::String::new();
        write_1_1(&mut line, true, &row).unwrap_or_default();
        assert_eq!(line, "kmem_cache            80    100    244    5    6    1 :  252  126\n");
        let mut file = std::string::String::new();
        write(&mut file, SlabInfoStyle::V2_0, [row]).unwrap_or_default();
        assert!(file.contains(" : tunables <batchcount> <limit> <sharedfactor> : slabdata"), "{file}");
        assert!(file.ends_with(" : tunables  252  126    0 : slabdata      5      6      0\n"), "{file}");
    }
}
