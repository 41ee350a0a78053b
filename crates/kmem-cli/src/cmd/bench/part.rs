//! `kmem bench pages`, `kmem bench objects`: options in, tables out. What is measured, and how, is `kmem-bench`'s.

use crate::cmd::print_json;
use crate::failure::{Failure, Verdict};
use kmem_bench::kernel::Setting;
use kmem_bench::measure::Options;
use kmem_bench::part::{Part, PeerRow, Role, Rounds, Workload};
use kmem_bench::target::Judged;
use kmem_bench::{instructions, BenchError};
use serde_json::{json, Map, Value};
use std::io::Write;
use std::process::Command;
use std::{env, io};

/// The options of every part.
#[derive(clap::Args)]
pub struct PartOptions {
    /// kmem's machine [default: arm64-6.12 for pages, amd64-6.12 for objects]
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Only the workload of this name, or all whose names begin so
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

/// A part whose table can be a JSON document.
pub trait Document: Part {
    /// Returns the document.
    fn document(table: &Self::Table) -> Value;
}

impl PartOptions {
    /// Measures and prints.
    pub fn run<P: Document>(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        if let (Some(peer), Some(operations)) = (&self.work, self.operations) {
            for workload in self.workloads::<P>()? {
                instructions::work(&self.setting::<P>(), PeerRow::by_name(peer)?, workload, operations)?;
            }
            return Ok(Verdict::Well);
        }
        if self.gate {
            return self.gate::<P>(out);
        }
        if self.instructions {
            return self.instructions::<P>(out);
        }
        let mut options = if self.quick { Options::QUICK } else { Options::THOROUGH };
        options.setting = self.setting::<P>();
        options.only = self.only.as_deref();
        options.rounds = self.rounds.map_or(options.rounds, |rounds| rounds as usize);
        let table = P::measure(&options, |what| {
            let _ = writeln!(io::stderr(), "kmem bench: {what}");
        })?;
        if self.json {
            print_json(out, &P::document(&table))?;
        } else {
            P::print(&table, out)?;
        }
        Ok(Verdict::Well)
    }

    fn setting<P: Part>(&self) -> Setting<'_> {
        Setting { machine: Some(self.machine.as_deref().unwrap_or(P::MACHINE)) }
    }

    fn workloads<P: Part>(&self) -> Result<Vec<&'static Workload<P>>, Failure> {
        Ok(Workload::named(self.only.as_deref().unwrap_or(P::USUAL))?)
    }

    /// Counts one workload with one peer by running this very program.
    fn count<P: Part>(&self, workload: &Workload<P>, peer: &PeerRow<P>) -> Result<f64, BenchError> {
        let program =
            env::current_exe().map_err(|source| BenchError::Host { what: "the path of this program", source })?;
        let operations = P::counted(workload.kind)
            .ok_or(BenchError::CannotDo { peer: instructions::PROGRAM, workload: workload.name })?;
        instructions::count(operations, |operations| {
            let mut command = Command::new(&program);
            command.args(["bench", P::NAME, "--work", peer.name, "--only", workload.name]);
            command.args(["--operations", &operations.to_string()]);
            command.args(self.machine.iter().flat_map(|machine| ["--machine", machine]));
            command
        })
    }

    fn instructions<P: Part>(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        needs_valgrind()?;
        let mut documents = Vec::new();
        for workload in self.workloads::<P>()?.into_iter().filter(|workload| P::counted(workload.kind).is_some()) {
            let mut counts = Map::new();
            if !self.json {
                writeln!(out, "instructions an operation: {}", workload.about)?;
            }
            for peer in P::peers().iter().filter(|peer| peer.is_timed()) {
                if !peer.make(&self.setting::<P>())?.can_do(workload) {
                    continue;
                }
                let count = match self.count(workload, peer) {
                    Ok(count) => Some(count),
                    // Not every peer runs there: it may want more address space than valgrind has.
                    Err(BenchError::Count { .. }) if peer.role == Role::Other => None,
                    Err(why) => return Err(why.into()),
                };
                counts.extend(count.map(|count| (peer.name.to_owned(), json!(count))));
                if !self.json {
                    let count = count.map_or_else(|| "-".to_owned(), |count| format!("{count:.1}"));
                    writeln!(out, "  {:<14} {count:>9}", peer.name)?;
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

    fn gate<P: Part>(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        needs_valgrind()?;
        let mut verdict = Verdict::Well;
        writeln!(out, "{:<14} {:<14} {:>12} {:>8}  holds", "workload", "peer", "instructions", "limit")?;
        for limit in P::limits() {
            for workload in Workload::<P>::named(limit.workload)? {
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

/// Returns an object with a member for each peer that has a value.
pub fn by_peer<P: Part>(values: impl IntoIterator<Item = Option<Value>>) -> Map<String, Value> {
    let named = P::peers().iter().zip(values);
    named.filter_map(|(peer, value)| Some((peer.name.to_owned(), value?))).collect()
}

/// Returns the targets whose figures were measured.
pub fn targets(judged: Vec<Judged>) -> Vec<Value> {
    let measured = judged.into_iter().filter_map(|(text, judged)| Some((text, judged?)));
    measured.map(|(text, judged)| json!({"target": text, "measured": judged.figure, "holds": judged.holds})).collect()
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        let what = error.to_string();
        match error {
            BenchError::Unknown { .. } | BenchError::CannotDo { .. } => Self::request(what),
            BenchError::Boot(error) => error.into(),
            BenchError::Cache(_) | BenchError::Host { .. } | BenchError::Child | BenchError::Count { .. } => {
                Self::Host { what, help: None }
            }
        }
    }
}
