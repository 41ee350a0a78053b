//! `kmem headers`.

use crate::failure::{Failure, Verdict};
use kmem_modules::headers::{declarations, headers, near_headers, near_names, purpose, Eras};
use std::io::Write;

/// List the kernel headers that modules may include, or say where a name is declared
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem headers
  kmem headers kmem_cache_create
  kmem headers linux/slab.h")]
pub struct Headers {
    /// A function, macro or type; or a header
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Headers {
    /// Prints the list, or the places of a name.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let Some(name) = &self.name else {
            let width = headers().map(|(header, _)| header.len()).max().unwrap_or(0) + 2;
            for (header, text) in headers() {
                writeln!(out, "{:width$}  {}", format!("<{header}>"), purpose(text))?;
            }
            return Ok(Verdict::Well);
        };
        let header = name.trim_start_matches('<').trim_end_matches('>');
        if header.ends_with(".h") {
            return show_header(header, out);
        }
        let found = declarations(name);
        if found.is_empty() {
            let failure = Failure::request(format!("no header declares {name}"));
            let near = near_names(name);
            return Err(if near.is_empty() { failure } else { failure.help(format!("nearest: {}", near.join(", "))) });
        }
        let at = |header: &str, line: usize| format!("<{header}>:{line}");
        let width = found.iter().map(|it| at(it.header, it.line).len()).max().unwrap_or(0);
        let eras = Eras::Both.text().len();
        for it in &found {
            writeln!(out, "{:width$}  {:eras$}  {}", at(it.header, it.line), it.eras.text(), it.text)?;
        }
        Ok(Verdict::Well)
    }
}

fn show_header(header: &str, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match headers().find(|(name, _)| *name == header) {
        Some((name, text)) => {
            writeln!(out, "<{name}>  {}", purpose(text))?;
            Ok(Verdict::Well)
        }
        None => {
            let failure = Failure::request(format!("<{header}> is not provided"));
            let near: Vec<String> = near_headers(header).into_iter().map(|near| format!("<{near}>")).collect();
            Err(if near.is_empty() { failure } else { failure.help(format!("nearest: {}", near.join(", "))) })
        }
    }
}
