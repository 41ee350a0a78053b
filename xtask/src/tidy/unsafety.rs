//! Unsafe code: in few places, each with its reason.

use super::Finding;
use crate::source::Source;

/// Where the engine may have unsafe code.
const ALLOWED: [&str; 3] = ["raw/", "machine.rs", "sync.rs"];
/// How many lines above an unsafe block its reason may begin.
const REASON_WITHIN: usize = 12;

/// Finds unsafe blocks and implementations that give no reason.
pub fn check(source: &Source, findings: &mut Vec<Finding>) {
    for (index, line) in source.code.iter().enumerate() {
        let needs_reason = words(line).windows(2).any(|pair| pair[0] == "unsafe" && matches!(pair[1], "{" | "impl"))
            || words(line).last() == Some(&"unsafe");
        let above = &source.lines[index.saturating_sub(REASON_WITHIN)..=index];
        if needs_reason && !above.iter().any(|line| line.contains("SAFETY")) {
            findings.push(Finding::new(source, index, "unsafe without a SAFETY reason"));
        }
    }
}

/// Finds unsafe code of the engine outside the places for it, its tests aside. `file` is the path inside the engine's
/// `src`.
pub fn check_place(source: &Source, file: &str, findings: &mut Vec<Finding>) {
    if ALLOWED.iter().any(|place| file.starts_with(place)) {
        return;
    }
    for (index, line) in source.code[..source.lines_before_tests()].iter().enumerate() {
        if words(line).contains(&"unsafe") {
            findings.push(Finding::new(source, index, format!("unsafe code outside {}", ALLOWED.join(", "))));
        }
    }
}

/// Splits a line into identifiers and single other characters.
fn words(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(c) = rest.chars().next() {
        let end = if is_word(c) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn count(text: &str, reasons_missing: usize, out_of_place: usize) {
        let source = Source::new("x.rs", text);
        let (mut reasons, mut places) = (Vec::new(), Vec::new());
        check(&source, &mut reasons);
        check_place(&source, "page/x.rs", &mut places);
        assert_eq!((reasons.len(), places.len()), (reasons_missing, out_of_place), "{text}");
    }

    #[test]
    fn unsafe_code_is_found() {
        count("// SAFETY: because\nunsafe { f() }", 0, 1);
        count("unsafe { f() }", 1, 1);
        count("unsafe\n{ f() }", 1, 1);
        count("unsafe impl Send for X {}", 1, 1);
        count("type F = unsafe fn();", 0, 1);
        count("#![deny(unsafe_code)] // unsafe {", 0, 0);
        count("let s = \"unsafe {\";", 0, 0);
    }
}
