//! The readings of tables under `/proc`.

use crate::reader::Capture;
use kmem::snapshot::Stat;
use std::fmt::{Result, Write};

pub(super) fn write(out: &mut dyn Write, capture: &Capture) -> Result {
    for info in &capture.buddyinfo {
        writeln!(out, "buddyinfo from line {}", info.place.line)?;
        for (place, row) in &info.rows {
            writeln!(out, "  {}: node {} {} {:?}", place.line, row.node, row.zone, &row.free[..row.orders])?;
        }
    }
    for info in &capture.pagetypeinfo {
        let order = info.block_order.map_or(String::new(), |order| format!(", blocks of order {order}"));
        writeln!(out, "pagetypeinfo from line {}{order}, {} counts capped", info.place.line, info.capped)?;
        for row in &info.rows {
            writeln!(out, "  node {} {} blocks {:?}", row.node, row.zone, row.blocks)?;
            for (kind, free) in row.free.iter().enumerate().filter(|(_, free)| free.iter().any(|count| *count > 0)) {
                writeln!(out, "    type {kind} {:?}", &free[..row.orders])?;
            }
        }
    }
    for file in &capture.zoneinfo {
        writeln!(out, "zoneinfo from line {}", file.place.line)?;
        for (place, zone) in &file.zones {
            let z = zone;
            write!(out, "  {}: node {} {} free {} min {} low {}", place.line, z.node, z.zone, z.free, z.min, z.low)?;
            write!(out, " high {} boost {} spanned {} present {}", z.high, z.boost, z.spanned, z.present)?;
            write!(out, " managed {} cma {} start {}", z.managed, z.cma, z.start_pfn)?;
            writeln!(out, " protection {:?}", &z.protection[..z.zones.min(z.protection.len())])?;
            let lists = |out: &mut dyn Write, list: &kmem::snapshot::PcpInfo| {
                write!(out, " {}/{}/{}", list.count, list.high, list.batch)
            };
            if z.cpus > 0 {
                write!(out, "    lists")?;
                z.pcp[..z.cpus].iter().try_for_each(|list| lists(out, list))?;
                writeln!(out, ", threshold {}", z.stat_threshold)?;
            }
            for (what, stats) in [("node", z.node_stats.as_ref()), ("zone", Some(&z.stats))] {
                let Some(stats) = stats else { continue };
                let counts = Stat::ALL.iter().filter(|stat| stats[**stat] > 0);
                let text: Vec<String> = counts.map(|stat| format!("{} {}", stat.name(), stats[*stat])).collect();
                if !text.is_empty() {
                    writeln!(out, "    {what}: {}", text.join(", "))?;
                }
            }
        }
        if !file.unknown.is_empty() {
            writeln!(out, "  unknown names: {}", file.unknown.join(" "))?;
        }
    }
    for info in &capture.slabinfo {
        writeln!(out, "slabinfo {} from line {}", info.version, info.place.line)?;
        for (place, r) in &info.rows {
            write!(out, "  {}: {} {}/{} of {} bytes", place.line, r.name, r.active_objs, r.num_objs, r.object_bytes)?;
            write!(out, ", {} a slab of {} pages", r.objects_per_slab, r.pages_per_slab)?;
            write!(out, ", tunables {} {} {}", r.limit, r.batchcount, r.sharedfactor)?;
            writeln!(out, ", slabs {}/{} shared {}", r.active_slabs, r.num_slabs, r.shared_avail)?;
        }
    }
    for info in &capture.iomem {
        writeln!(out, "iomem from line {}", info.place.line)?;
        for (place, row) in &info.rows {
            writeln!(out, "  {}: {} {:x}-{:x} {}", place.line, row.depth, row.start, row.last, row.name)?;
        }
    }
    for file in &capture.vmstat {
        writeln!(out, "vmstat from line {}, {} counters", file.place.line, file.count())?;
        for name in ["nr_free_pages", "pgfault", "compact_fail", "allocstall_normal", "oom_kill"] {
            if let Some(value) = file.get(name) {
                writeln!(out, "  {name} {value}")?;
            }
        }
        file.other.iter().try_for_each(|(name, value)| writeln!(out, "  {name} {value} (unknown name)"))?;
    }
    for file in &capture.sysctl {
        writeln!(out, "tunables from line {}, {} of other parts", file.place.line, file.others)?;
        for (place, key, value) in &file.vm {
            writeln!(out, "  {}: vm.{key} = {value}", place.line)?;
        }
        for row in &file.kctune {
            let changes = if row.changes.is_empty() { "at boot" } else { &row.changes };
            writeln!(out, "  {}: {} {} by {}, {changes}", row.place.line, row.name, row.value, row.expression)?;
        }
    }
    for folder in &capture.slab_folders {
        writeln!(out, "slab caches from line {}", folder.place.line)?;
        for (name, cache) in &folder.caches {
            let values: Vec<String> = cache.values.iter().map(|(file, value)| format!("{file} {value}")).collect();
            writeln!(out, "  {}: {name}: {}", cache.place.line, values.join(", "))?;
            if let Some(ctor) = &cache.ctor {
                writeln!(out, "    ctor {ctor}")?;
            }
            for (what, list) in [("allocated", &cache.allocated), ("freed", &cache.freed)] {
                list.iter().try_for_each(|(count, function)| writeln!(out, "    {count} {what} by {function}"))?;
            }
        }
        let own: Vec<&str> = folder.own().map(|(name, _)| name).collect();
        writeln!(out, "  own: {}", own.join(" "))?;
    }
    Ok(())
}
