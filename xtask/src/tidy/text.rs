//! What no file of the project may hold, and how long one may be.

use super::Finding;
use crate::source::Source;

/// A file longer than this is more than one concept.
const MAX_LINES: usize = 900;

/// Marks of unfinished work, put together here so that this file does not hold them.
const UNFINISHED: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("#[ig", "nore"),
];

/// First folders of paths that exist on the developers' machines only.
const LOCAL_FOLDERS: [&str; 2] = ["work", "farm"];
/// What lies beside a developer's checkout and nowhere else.
const BESIDE: &str = concat!("../sh", "ared");

/// Where a lock file may say that a package comes from.
const REGISTRY: &str = concat!("source = \"registry+https://github.com/rust-lang/", "crates.io-index\"");

/// Checks one file.
pub fn check(source: &Source, findings: &mut Vec<Finding>) {
    let is = |ext: &str| source.name.ends_with(ext);
    if (is(".rs") || is(".h") || is(".c")) && source.lines.len() > MAX_LINES {
        let what = format!("{} lines, more than {MAX_LINES}: is it one concept?", source.lines.len());
        findings.push(Finding::new(source, MAX_LINES, what));
    }
    for (index, line) in source.lines.iter().enumerate() {
        if is(".lock") {
            if line.starts_with("source = ") && line != REGISTRY {
                findings.push(Finding::new(source, index, "a package from elsewhere than the public registry"));
            }
            continue;
        }
        if let Some(mark) = UNFINISHED.iter().find(|&&mark| !is(".md") && line.contains(mark)) {
            findings.push(Finding::new(source, index, format!("unfinished: {mark}")));
        }
        if line.contains(BESIDE) || LOCAL_FOLDERS.iter().any(|folder| names_folder(line, folder)) {
            findings.push(Finding::new(source, index, "a path that exists on one machine only"));
        }
    }
}

/// True when the line holds an absolute path into `/folder/`.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(&format!("/{folder}/"))
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn count(name: &str, text: &str, expected: usize) {
        let mut findings = Vec::new();
        check(&Source::new(name, text), &mut findings);
        assert_eq!(findings.len(), expected, "{name}: {text}");
    }

    #[test]
    fn forbidden_text_is_found() {
        count("a.rs", "fn f() {}", 0);
        count("a.rs", UNFINISHED[0], 1);
        count("a.md", UNFINISHED[2], 0);
        count("a.rs", &"\n".repeat(MAX_LINES + 1), 1);
        let local = format!("/{}/main", LOCAL_FOLDERS[0]);
        count("a.toml", &local, 1);
        count("a.toml", &format!("net{local}"), 0);
        count("Cargo.lock", REGISTRY, 0);
        count("Cargo.lock", "source = \"git+https://example.org\"", 1);
    }
}
