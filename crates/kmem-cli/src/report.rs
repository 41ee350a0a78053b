//! Messages on stderr, in colour where that is wanted.

use crate::failure::Failure;
use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use std::io::Write;

/// When messages are coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Makes this the choice for all that follows.
    pub fn apply(self) {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
        .write_global();
    }
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Prints why a command could not do its work, and what to do.
pub fn failure(failure: &Failure) {
    // Where stderr is gone there is nobody to tell.
    let _ = write(failure);
}

fn write(failure: &Failure) -> std::io::Result<()> {
    let mut stderr = anstream::stderr().lock();
    writeln!(stderr, "{ERROR}error{ERROR:#}: {failure}")?;
    if let Some(help) = failure.advice() {
        writeln!(stderr, "  = {HELP}help{HELP:#}: {help}")?;
    }
    Ok(())
}

/// Prints one line of a kernel's log that is not part of a result.
pub fn kernel_line(line: &str) {
    // As above.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
