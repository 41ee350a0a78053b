//! `/proc/slabinfo`: the slab caches. Sources: `mm/slab_common.c`, `cache_show` (6.1); `mm/slab.c`, `s_show` (2.6.11).
//! The form, version 2.1, is the same in both; SLUB leaves the tunables at 0.

use crate::snapshot::SlabRow;
use core::fmt::{Result, Write};

/// Writes the file: two lines of heading, then a line for each cache.
pub fn write(out: &mut dyn Write, rows: impl IntoIterator<Item = SlabRow>) -> Result {
    writeln!(out, "slabinfo - version: 2.1")?;
    write!(out, "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>")?;
    write!(out, " : tunables <limit> <batchcount> <sharedfactor>")?;
    writeln!(out, " : slabdata <active_slabs> <num_slabs> <sharedavail>")?;
    rows.into_iter().try_for_each(|row| {
        write!(out, "{:<17} {:6} {:6}", row.name, row.active_objs, row.num_objs)?;
        write!(out, " {:6} {:4} {:4}", row.object_bytes, row.objects_per_slab, row.pages_per_slab)?;
        write!(out, " : tunables {:4} {:4} {:4}", row.limit, row.batchcount, row.sharedfactor)?;
        writeln!(out, " : slabdata {:6} {:6} {:6}", row.active_slabs, row.num_slabs, row.shared_avail)
    })
}
