//! The `kmem` command. Here only: arguments in, exit status out.

mod cmd;
mod failure;
mod like;
mod machine_options;
mod picture;
mod region;
mod render;
mod report;
mod script;
mod tunables;

use clap::Parser;
use failure::Verdict;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// The Linux kernel's memory system, to boot, to play with and to run kernel modules on
#[derive(Parser)]
#[command(name = "kmem", version, propagate_version = false, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    /// Colours in messages: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", value_enum, hide_possible_values = true)]
    color: report::Color,
    #[command(subcommand)]
    command: cmd::Command,
}

const EXAMPLES: &str = "\
Examples:
  kmem boot --machine msm8x25 --cmdline vmalloc=300M
  kmem shell -c 'k = kmalloc 100 GFP_KERNEL; vtop k; kfree k'";

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.apply();
    let mut out = BufWriter::new(io::stdout().lock());
    let done = cli.command.run(&mut out).and_then(|verdict| {
        out.flush()?;
        Ok(verdict)
    });
    match done {
        Ok(Verdict::Well) => ExitCode::SUCCESS,
        Ok(Verdict::Problem) => ExitCode::from(1),
        Ok(Verdict::InitError) => ExitCode::from(3),
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // What was written before the failure belongs before its message.
            let _ = out.flush();
            report::failure(&failure);
            ExitCode::from(failure.status())
        }
    }
}
