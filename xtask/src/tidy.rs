//! `cargo xtask tidy`: the shape of the source is tested, not hoped for.

mod arrows;
mod text;
mod unsafety;

use crate::repo;
use crate::source::Source;

/// Something that a check found.
pub struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(source: &Source, index: usize, what: impl Into<String>) -> Self {
        Self { file: source.name.clone(), line: index + 1, what: what.into() }
    }
}

/// Checks all files of the repository and prints what is wrong.
pub fn run() -> Result<(), String> {
    let mut findings = Vec::new();
    let files = repo::files(&["rs", "c", "h", "S", "ld", "sh", "toml", "lock", "md", "yml"]);
    for path in &files {
        let source = Source::read(path)?;
        text::check(&source, &mut findings);
        if path.extension().is_some_and(|ext| ext == "rs") {
            unsafety::check(&source, &mut findings);
            let inside = source.name.strip_prefix("crates/kmem/src/").map(str::to_owned);
            // Tests in a file of their own may use whatever they need, like those at the foot of a file.
            if let Some(inside) = inside.filter(|inside| !inside.split(['/', '.']).any(|part| part == "tests")) {
                arrows::check(&source, &inside, &mut findings);
                unsafety::check_place(&source, &inside, &mut findings);
            }
        }
    }
    for Finding { file, line, what } in &findings {
        println!("{file}:{line}: {what}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, nothing to mend", files.len());
            Ok(())
        }
        n => Err(format!("{n} places to mend in {} files", files.len())),
    }
}
