//! `kmem completions`.

use crate::failure::{Failure, Verdict};
use clap::CommandFactory;
use std::io::Write;

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem completions bash > kmem.bash
  source <(kmem completions bash)")]
pub struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    /// Prints it.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::Cli::command(), "kmem", &mut script);
        out.write_all(&script)?;
        Ok(Verdict::Well)
    }
}
