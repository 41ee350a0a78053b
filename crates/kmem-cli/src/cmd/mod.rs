//! The subcommands, one file each.

mod bench;
mod boot;
mod completions;
mod explain;
mod gfp;
mod headers;
mod layout;
mod machines;
mod run;
mod shell;
mod tune;

use crate::failure::{Failure, Verdict};
use std::io::Write;

/// What the command line asks for.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Boot a machine and show its boot log and what it says of its memory
    Boot(boot::Boot),
    /// Show the address space of a machine as a table, or draw it to scale
    Layout(layout::Layout),
    /// Compile kernel modules, load them into a machine, drive them, and report what they leaked or misused
    Run(Box<run::Run>),
    /// Play with a machine: allocate, free, look; interactive, from a file or from -c
    Shell(shell::Shell),
    /// Say what captures of a real machine show, what is wrong, and whether a request fits
    Explain(explain::Explain),
    /// Show and change the memory tunables of a machine: values, defaults, ranges, usage; save them under names
    Tune(Box<tune::Tune>),
    /// Say what a GFP mask means in which kernel, or which number words are
    Gfp(gfp::Gfp),
    /// List the kernel headers that modules may include, or say where a name is declared
    Headers(headers::Headers),
    /// Measure the hit paths and the boot of a machine
    Bench(bench::Bench),
    /// List the machines
    Machines(machines::Machines),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    /// Does it. The result goes to `out`, everything else to stderr.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self {
            Self::Boot(command) => command.run(out),
            Self::Layout(command) => command.run(out),
            Self::Run(command) => command.run(out),
            Self::Shell(command) => command.run(out),
            Self::Explain(command) => command.run(out),
            Self::Tune(command) => command.run(out),
            Self::Gfp(command) => command.run(out),
            Self::Headers(command) => command.run(out),
            Self::Bench(command) => command.run(out),
            Self::Machines(command) => command.run(out),
            Self::Completions(command) => command.run(out),
        }
    }
}

/// Prints one JSON document, in lines.
fn print_json(out: &mut dyn Write, document: &serde_json::Value) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, document).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
