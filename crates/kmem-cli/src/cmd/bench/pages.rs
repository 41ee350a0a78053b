//! `kmem bench pages`: options in, tables out. What is measured, and how, is `kmem-bench`'s.

use crate::cmd::print_json;
use crate::failure::{Failure, Verdict};
use kmem_bench::measure::{Table, Value};
use kmem_bench::peer::{PeerRow, Setting, PEERS};
use kmem_bench::target::{LIMITS, TARGETS};
use kmem_bench::work::Workload;
use kmem_bench::{instructions, measure, report, BenchError, Options};
use serde_json::{json, Map};
use std::io::Write;
use std::process::Command;
use std::{env, io};

/// Measure the page allocator beside its peers, and judge the targets
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem bench pages
  kmem bench pages --quick --only batch
  kmem bench pages --instructions --only pair-0")]
pub struct Pages {
    /// kmem's machine [default: the first of the bench's own that there is]
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Only the workload of this name, or all whose names begin so: pair, batch-random, mixed, threads, left
    #[arg(long, value_name = "WORKLOAD")]
    only: Option<String>,
    /// Rounds of each workload [default: 21]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Fewer and shorter rounds: seconds instead of minutes
    #[arg(long)]
    quick: bool,
    /// Count instructions instead of time, with valgrind
    #[arg(long)]
    instructions: bool,
    /// Count the instructions that have a limit; exit status 1 when one is exceeded
    #[arg(long, conflicts_with_all = ["only", "rounds", "quick", "instructions"])]
    gate: bool,
    /// Do the workload once with this peer and print nothing: what is run under valgrind
    #[arg(long, value_name = "PEER", hide = true, requires_all = ["only", "operations"])]
    work: Option<String>,
    /// Operations of --work
    #[arg(long, value_name = "N", hide = true)]
    operations: Option<u64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Pages {
    /// Measures and prints.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let setting = Setting { machine: self.machine.as_deref() };
        if let (Some(peer), Some(operations)) = (&self.work, self.operations) {
            for workload in self.workloads()? {
                instructions::work(&setting, PeerRow::by_name(peer)?, workload, operations)?;
            }
            return Ok(Verdict::Well);
        }
        if self.gate {
            return self.gate(out);
        }
        if self.instructions {
            return self.instructions(out);
        }
        let mut options = if self.quick { Options::QUICK } else { Options::THOROUGH };
        options.setting = setting;
        options.only = self.only.as_deref();
        options.rounds = self.rounds.map_or(options.rounds, |rounds| rounds as usize);
        let table = measure(&options, |what| {
            let _ = writeln!(io::stderr(), "kmem bench: {what}");
        })?;
        if self.json {
            print_json(out, &document(&table))?;
        } else {
            report::print(&table, out)?;
        }
        Ok(Verdict::Well)
    }

    fn workloads(&self) -> Result<Vec<&'static Workload>, Failure> {
        Ok(Workload::named(self.only.as_deref().unwrap_or("pair-0"))?)
    }

    /// Counts one workload with one peer by running this very program.
    fn count(&self, workload: &'static Workload, peer: &PeerRow) -> Result<f64, Failure> {
        let program = env::current_exe()?;
        let count = instructions::count(workload, |operations| {
            let mut command = Command::new(&program);
            command.args(["bench", "pages", "--work", peer.name, "--only", workload.name]);
            command.args(["--operations", &operations.to_string()]);
            command.args(self.machine.iter().flat_map(|machine| ["--machine", machine]));
            command
        });
        Ok(count?)
    }

    fn instructions(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        needs_valgrind()?;
        let mut documents = Vec::new();
        for workload in self.workloads()?.into_iter().filter(|workload| workload.is_alone()) {
            let mut counts = Map::new();
            if !self.json {
                writeln!(out, "instructions an operation: {}", workload.about)?;
            }
            for peer in PEERS.iter().filter(|peer| peer.is_timed()) {
                if !peer.make(&Setting { machine: self.machine.as_deref() })?.can_do(workload) {
                    continue;
                }
                let count = self.count(workload, peer)?;
                counts.insert(peer.name.to_owned(), json!(count));
                if !self.json {
                    writeln!(out, "  {:<14} {count:>9.1}", peer.name)?;
                    out.flush()?;
                }
            }
            documents.push(json!({"workload": workload.name, "instructions_per_op": counts}));
        }
        if self.json {
            print_json(out, &json!({"schema": "kmem.bench/1", "instructions": documents}))?;
        }
        Ok(Verdict::Well)
    }

    fn gate(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        needs_valgrind()?;
        let mut verdict = Verdict::Well;
        writeln!(out, "{:<14} {:<14} {:>12} {:>8}  holds", "workload", "peer", "instructions", "limit")?;
        for limit in LIMITS {
            let workloads = Workload::named(limit.workload)?;
            for workload in workloads {
                let count = self.count(workload, PeerRow::by_name(limit.peer)?)?;
                let holds = count <= limit.instructions;
                let word = if holds { "yes" } else { "NO" };
                writeln!(
                    out,
                    "{:<14} {:<14} {count:>12.1} {:>8}  {word}",
                    workload.name, limit.peer, limit.instructions
                )?;
                if !holds {
                    verdict = Verdict::Problem;
                }
            }
        }
        Ok(verdict)
    }
}

fn needs_valgrind() -> Result<(), Failure> {
    if instructions::available() {
        return Ok(());
    }
    let what = format!("instructions are counted by {}, which is not installed", instructions::PROGRAM);
    Err(Failure::Host { what, help: Some("on Debian: apt-get install valgrind".to_owned()) })
}

fn document(table: &Table) -> serde_json::Value {
    let peers = |values: &[Option<serde_json::Value>]| -> Map<String, serde_json::Value> {
        let named = PEERS.iter().zip(values);
        named.filter_map(|(peer, value)| Some((peer.name.to_owned(), value.clone()?))).collect()
    };
    let of = |value: &Value| match value {
        Value::Nanoseconds(nanoseconds) => json!(nanoseconds),
        Value::Left(left) => json!({"blocks": left.blocks, "of": left.of}),
    };
    let rows = table.rows.iter().map(|row| {
        let values: Vec<_> = row.values.iter().map(|value| value.as_ref().map(of)).collect();
        let key = if row.workload.is_timed() { "ns_per_op" } else { "order9_left" };
        json!({"workload": row.workload.name, "about": row.workload.about, key: peers(&values)})
    });
    let targets = TARGETS.iter().filter_map(|target| {
        let judged = target.judge(table)?;
        Some(json!({"target": target.text(), "measured": judged.figure, "holds": judged.holds}))
    });
    let metadata: Vec<_> = table.metadata_bytes.iter().map(|bytes| bytes.map(|bytes| json!(bytes))).collect();
    json!({
        "schema": "kmem.bench/1", "machine": table.machine, "rounds": table.rounds, "events": table.events,
        "pages": rows.collect::<Vec<_>>(), "targets": targets.collect::<Vec<_>>(),
        "metadata_bytes_per_page": peers(&metadata), "queue_ns": table.queue_nanoseconds,
        "boot_1_gib_ms": table.boot_1_gib.map(|boot| boot.as_secs_f64() * 1e3),
        "boot_1_tib_ms": table.boot_1_tib.map(|boot| boot.as_secs_f64() * 1e3),
    })
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        let what = error.to_string();
        match error {
            BenchError::Unknown { .. } | BenchError::CannotDo { .. } => Self::request(what),
            BenchError::Boot(error) => error.into(),
            BenchError::Host { .. } | BenchError::Count { .. } => Self::Host { what, help: None },
        }
    }
}
