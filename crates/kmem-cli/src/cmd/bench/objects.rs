//! `kmem bench objects`.

use super::part::{by_peer, targets, Document, PartOptions};
use kmem_bench::object::table::Table;
use kmem_bench::object::{target, Objects};
use serde_json::json;

/// Measure slab caches and kmalloc beside their peers, and judge the targets
#[derive(clap::Args)]
#[command(after_help = "\
Workloads: cache, batch, bulk, kmalloc, mix, threads, larson, xmalloc, remote, resident

Examples:
  kmem bench objects
  kmem bench objects --quick --only kmalloc
  kmem bench objects --instructions --only cache-192")]
pub struct ObjectsCommand {
    #[command(flatten)]
    pub options: PartOptions,
}

impl Document for Objects {
    fn document(table: &Table) -> serde_json::Value {
        let rows = table.rows.iter().map(|row| {
            let key = if row.workload.is_timed() { "ns_per_op" } else { "resident_over_asked" };
            let values = by_peer::<Self>(row.values.iter().map(|value| value.map(|value| json!(value.number()))));
            json!({"workload": row.workload.name, "about": row.workload.about, key: values})
        });
        let (missing, _) = target::missing(table);
        json!({
            "schema": "kmem.bench/1", "machine": table.machine, "rounds": table.rounds, "events": table.events,
            "objects": rows.collect::<Vec<_>>(), "targets": targets(target::judge(table)),
            "missing_peers": missing, "queue_ns": table.queue_nanoseconds,
        })
    }
}
