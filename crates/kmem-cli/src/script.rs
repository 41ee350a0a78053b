//! Scripts: text that a person wrote, from a file or standard input, with the name that errors call it by.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Larger scripts are refused.
const MOST: u64 = 64 << 20;

/// A script and what it is called.
pub struct Script {
    /// The file as it was given, or `<stdin>`.
    pub name: String,
    /// All of it.
    pub text: String,
}

impl Script {
    /// Reads a file, or standard input for `-`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Self::stdin();
        }
        let name = path.display().to_string();
        let file =
            File::open(path).map_err(|error| Failure::request(format!("cannot open {name}: {}", reason(&error))))?;
        Ok(Self { text: text(&name, file)?, name })
    }
    /// Reads standard input.
    pub fn stdin() -> Result<Self, Failure> {
        Ok(Self { name: "<stdin>".into(), text: text("standard input", io::stdin())? })
    }
}

/// The host's words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn text(name: &str, from: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::request(format!("cannot read {name}: {}", reason(&error))))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::request(format!("{name} is larger than 64M: no script")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::request(format!("{name}:{line}: not UTF-8 text, byte {:#04x}", error.as_bytes()[at]))
    })
}
