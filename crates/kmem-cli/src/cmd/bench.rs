//! `kmem bench`: the hit paths beside the simplest things that could do the work, in one run.
//!
//! All workloads take turns in every round, so that the clock and the neighbours hit them alike; the median of the rounds
//! counts, and ratios more than nanoseconds. One operation is an allocation and its free. `kmem bench pages` has the page
//! allocator beside its peers, `kmem bench objects` slab caches and kmalloc.

mod objects;
mod pages;
mod part;

use super::print_json;
use crate::failure::{Failure, Verdict};
use crate::machine_options::{Kept, MachineOptions};
use kmem::gfp::Gfp;
use kmem::slab::{CacheSpec, SlabFlags};
use kmem::{Kernel, Order};
use kmem_bench::object::Objects;
use kmem_bench::page::Pages;
use kmem_hosted::{Displacement, Hosted};
use serde_json::json;
use std::alloc::Layout;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

/// Measure the hit paths and the boot of a machine
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  kmem bench
  kmem bench --machine linux-2.6-i386 --json
  kmem bench pages --quick
  kmem bench objects --quick"
)]
pub struct Bench {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    machine: MachineOptions,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What else can be measured.
#[derive(clap::Subcommand)]
enum Part {
    /// Measure the page allocator beside its peers, and judge the targets
    Pages(pages::PagesCommand),
    /// Measure slab caches and kmalloc beside their peers, and judge the targets
    Objects(objects::ObjectsCommand),
}

const ROUNDS: usize = 21;
const OPERATIONS: u32 = 200_000;

/// What one workload took.
struct Row {
    name: &'static str,
    nanoseconds: f64,
}

impl Bench {
    /// Measures and prints the table.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match &self.part {
            Some(Part::Pages(pages)) => return pages.options.run::<Pages>(out),
            Some(Part::Objects(objects)) => return objects.options.run::<Objects>(out),
            None => {}
        }
        // What somebody keeps for the machine would be measured with it.
        let (chosen, ..) = self.machine.choose_with(Kept::Nothing, None, &mut io::stderr())?;
        let mut boots = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let kernel = chosen.boot(Displacement::Any, |_| {})?;
            boots.push(start.elapsed().as_secs_f64() * 1e3);
            drop(kernel);
        }
        let kernel = chosen.boot(Displacement::Any, |_| {})?;
        let rows = hit_paths(&kernel)?;
        let boot_ms = median(&mut boots);
        if self.json {
            let rows: Vec<_> = rows.iter().map(|row| json!({"name": row.name, "ns_per_op": row.nanoseconds})).collect();
            let document = json!({
                "schema": "kmem.bench/1", "machine": chosen.profile.name, "boot_ms": boot_ms, "pairs": rows,
            });
            print_json(out, &document)?;
            return Ok(Verdict::Well);
        }
        writeln!(out, "{:<34} {:>9}", "one allocation and its free", "ns")?;
        for row in &rows {
            writeln!(out, "{:<34} {:>9.1}", row.name, row.nanoseconds)?;
        }
        writeln!(out, "{:<34} {:>9.2} ms", format!("boot of {}, hosted", chosen.profile.name), boot_ms)?;
        Ok(Verdict::Well)
    }
}

/// A name, and one operation.
type Workload<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn hit_paths(kernel: &Kernel<Hosted>) -> Result<Vec<Row>, Failure> {
    let failed =
        |what: &str| Failure::Host { what: format!("the bench's machine has no memory for {what}"), help: None };
    let spec = CacheSpec { name: "bench", size: 192, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).map_err(|_| failed("a cache"))?;
    let mut stack: Vec<u64> = (0..64).collect();
    let layout = Layout::from_size_align(64, 8).map_err(|_| failed("a layout"))?;
    let mut workloads: Vec<Workload<'_>> = vec![
        (
            "array stack (the ideal)",
            Box::new(|| {
                let top = stack.pop();
                stack.push(black_box(top.unwrap_or(0)));
            }),
        ),
        (
            "page, order 0",
            Box::new(|| {
                if let Ok(pfn) = black_box(kernel.alloc_pages(Gfp::KERNEL, Order::ZERO)) {
                    let _ = black_box(kernel.free_pages(pfn, Order::ZERO));
                }
            }),
        ),
        (
            "kmalloc, 64 bytes",
            Box::new(|| {
                if let Ok(addr) = black_box(kernel.kmalloc(64, Gfp::KERNEL)) {
                    let _ = black_box(kernel.kfree(addr));
                }
            }),
        ),
        (
            "slab cache, 192 bytes",
            Box::new(|| {
                if let Ok(addr) = black_box(kernel.cache_alloc(cache, Gfp::KERNEL)) {
                    let _ = black_box(kernel.cache_free_to(cache, addr));
                }
            }),
        ),
        ("the host's malloc, 64 bytes", Box::new(move || host_malloc(layout))),
    ];
    let mut times = vec![Vec::new(); workloads.len()];
    for _ in 0..ROUNDS {
        for ((_, work), times) in workloads.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..OPERATIONS {
                work();
            }
            times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(OPERATIONS));
        }
    }
    let rows = workloads.iter().zip(&mut times);
    Ok(rows.map(|((name, _), times)| Row { name, nanoseconds: median(times) }).collect())
}

fn host_malloc(layout: Layout) {
    // SAFETY: The layout has a size.
    let block = unsafe { std::alloc::alloc(layout) };
    if !black_box(block).is_null() {
        // SAFETY: It was allocated just now with this layout.
        unsafe { std::alloc::dealloc(block, layout) };
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
