//! `kmem bench pages`.

use super::part::{by_peer, targets, Document, PartOptions};
use kmem_bench::measure::Value;
use kmem_bench::page::table::Table;
use kmem_bench::page::{target, Pages};
use serde_json::json;

/// Measure the page allocator beside its peers, and judge the targets
#[derive(clap::Args)]
#[command(after_help = "\
Workloads: pair, batch, bulk, mixed, threads, remote, left

Examples:
  kmem bench pages
  kmem bench pages --quick --only batch
  kmem bench pages --instructions --only pair-0")]
pub struct PagesCommand {
    #[command(flatten)]
    pub options: PartOptions,
}

impl Document for Pages {
    fn document(table: &Table) -> serde_json::Value {
        let of = |value: Value| match value {
            Value::Left(left) => json!({"blocks": left.blocks, "of": left.of}),
            value => json!(value.number()),
        };
        let rows = table.rows.iter().map(|row| {
            let key = if row.workload.is_timed() { "ns_per_op" } else { "order9_left" };
            let values = by_peer::<Self>(row.values.iter().map(|value| value.map(of)));
            json!({"workload": row.workload.name, "about": row.workload.about, key: values})
        });
        let metadata = table.metadata_bytes.iter().map(|bytes| bytes.map(|bytes| json!(bytes)));
        json!({
            "schema": "kmem.bench/1", "machine": table.machine, "rounds": table.rounds, "events": table.events,
            "pages": rows.collect::<Vec<_>>(), "targets": targets(target::judge(table)),
            "metadata_bytes_per_page": by_peer::<Self>(metadata), "queue_ns": table.queue_nanoseconds,
            "boot_1_gib_ms": table.boot_1_gib.map(|boot| boot.as_secs_f64() * 1e3),
            "boot_1_tib_ms": table.boot_1_tib.map(|boot| boot.as_secs_f64() * 1e3),
        })
    }
}
