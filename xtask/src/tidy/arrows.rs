//! The engine's parts in their order: a part names those below it, never one above.

use super::Finding;
use crate::source::Source;

/// The parts, lowest first. A part is a file or a folder of `crates/kmem/src`.
const PARTS: [&str; 19] = [
    "units", "error", "gfp", "machine", "event", "sync", "raw", "profile", "boot", "page", "rcu", "slab", "reclaim",
    "memory", "map", "pool", "user", "snapshot", "kernel",
];

/// Data about the parts above: a profile chooses among the rules that they define.
const NAMES_RULES_ABOVE: &str = "profile";
/// The tour of the crate: names everything.
const TOUR: &str = "lib.rs";

/// Finds paths `crate::part` that point up. `file` is the path inside the engine's `src`. The unit tests at the foot
/// of a file may use whatever they need.
pub fn check(source: &Source, file: &str, findings: &mut Vec<Finding>) {
    if file == TOUR {
        return;
    }
    let own = file.split('/').next().map_or("", |part| part.trim_end_matches(".rs"));
    let Some(own_rank) = rank(own) else {
        let what = format!("`{own}` has no place in the order of the engine's parts");
        return findings.push(Finding::new(source, 0, what));
    };
    if own == NAMES_RULES_ABOVE {
        return;
    }
    let end = source.lines_before_tests();
    for (index, named) in named_parts(&source.code[..end]) {
        match rank(&named) {
            Some(rank) if rank <= own_rank => {}
            Some(_) => findings.push(Finding::new(
                source,
                index,
                format!("an arrow that points up: `{own}` names `{named}`, which lies above it"),
            )),
            None => findings.push(Finding::new(
                source,
                index,
                format!("`crate::{named}` is no part of the engine: name the part that defines it"),
            )),
        }
    }
}

fn rank(part: &str) -> Option<usize> {
    PARTS.iter().position(|&known| known == part)
}

/// Returns the first segment of every path that begins with `crate::`, with its line; groups are opened.
fn named_parts(lines: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let text = lines.join("\n");
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let after = &text[at + "crate::".len()..];
        let index = text[..at].matches('\n').count();
        let names = match after.strip_prefix('{') {
            Some(group) => top_level_names(group),
            None => vec![identifier(after)],
        };
        found.extend(names.into_iter().map(|name| (index, name.to_owned())));
    }
    found
}

/// Returns the identifier that a text begins with.
fn identifier(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// Returns the first segments of the members of a group whose opening brace has been read.
fn top_level_names(group: &str) -> Vec<&str> {
    let mut names = vec![identifier(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(identifier(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, text: &str, wrong_lines: &[usize]) {
        let mut findings = Vec::new();
        super::check(&Source::new(file, text), file, &mut findings);
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), wrong_lines, "{file}: {text}");
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        check("page/buddy.rs", "use crate::units::Pfn;\nuse crate::page::frame::Frame;", &[]);
        check("page/buddy.rs", "use crate::units::Pfn;\nuse crate::slab::Cache;", &[2]);
        check("page/buddy.rs", "fn f() { crate::kernel::g() }", &[1]);
        check("units.rs", "use crate::{error::Broken, units::{Pfn, Order},\nkernel::Kernel};", &[1, 1]);
        check(
            "page/zone.rs",
            "//! [`crate::kernel::Kernel`]\n#[cfg(test)]\nmod tests { use crate::kernel::Kernel; }",
            &[],
        );
        check("profile/mod.rs", "use crate::map::entry::PagingFormat;", &[]);
        check("page/zone.rs", "use crate::Kernel;", &[1]);
        check("lib.rs", "pub use crate::kernel::Kernel;", &[]);
        check("util.rs", "", &[1]);
    }
}
