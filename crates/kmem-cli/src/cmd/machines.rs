//! `kmem machines`.

use crate::failure::{Failure, Verdict};
use kmem::profile::{SlabKind, PROFILES};
use kmem_shell::show_size;
use serde_json::json;
use std::io::Write;

/// List the machines: kernel, memory when nothing is said, which one is the default
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem machines
  kmem machines --json")]
pub struct Machines {
    /// One JSON document (schema kmem.machines/1)
    #[arg(long)]
    json: bool,
}

impl Machines {
    /// Prints the list.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        if self.json {
            let machines: Vec<_> = PROFILES
                .iter()
                .enumerate()
                .map(|(index, profile)| {
                    json!({
                        "name": profile.name,
                        "summary": profile.summary,
                        "release": profile.release,
                        "ram": profile.default_ram,
                        "max_ram": profile.max_ram,
                        "cpus": profile.default_cpus,
                        "max_cpus": profile.max_cpus,
                        "cmdline": profile.default_cmdline,
                        "slab": profile.slab.kind().name(),
                        "slabs": profile.slab_kinds().map(SlabKind::name).collect::<Vec<_>>(),
                        "mmu": profile.paging.map(|format| format.name),
                        "default": index == 0,
                    })
                })
                .collect();
            super::print_json(out, &json!({ "schema": "kmem.machines/1", "machines": machines }))?;
            return Ok(Verdict::Well);
        }
        let width = PROFILES.iter().map(|profile| profile.name.len()).max().unwrap_or(0);
        writeln!(out, "  {:width$}  {:>5}  {:>4}  machine", "name", "RAM", "CPUs")?;
        for (index, profile) in PROFILES.iter().enumerate() {
            let mark = if index == 0 { '*' } else { ' ' };
            let ram = show_size(profile.default_ram);
            writeln!(
                out,
                "{mark} {:width$}  {ram:>5}  {:>4}  {}",
                profile.name, profile.default_cpus, profile.summary
            )?;
        }
        writeln!(out, "* the default; --ram, --cpus and --slab change the rest")?;
        Ok(Verdict::Well)
    }
}
