//! `help`.

use super::{line, Answer};
use crate::verb::{Group, Verb, VERBS};
use std::fmt::Write;

const GROUPS: [(Group, &str); 9] = [
    (Group::Pages, "pages"),
    (Group::Slab, "kmalloc and slab caches"),
    (Group::Pool, "memory pools"),
    (Group::Map, "mapped memory"),
    (Group::User, "processes"),
    (Group::Reclaim, "files in memory, and reclaim"),
    (Group::Look, "bytes and addresses"),
    (Group::Shell, "the shell"),
    (Group::Files, "files of a module (in `kmem run`)"),
];

/// Columns for how a command is written.
const WIDTH: usize = 44;

/// The commands by groups, or one of them.
pub(super) fn help(name: Option<&str>) -> Answer {
    if let Some(verb) = name.and_then(Verb::by_name) {
        return line(format!("{}: {}", verb.synopsis(), verb.about));
    }
    let mut text = String::new();
    for (group, title) in GROUPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{title}:");
        let verbs = VERBS.iter().filter(|verb| verb.group == group);
        for verb in verbs {
            let synopsis = verb.synopsis();
            let gap = if synopsis.len() <= WIDTH { String::new() } else { format!("\n{:1$}", "", WIDTH + 2) };
            let _ = writeln!(text, "  {synopsis:<WIDTH$}{gap}  {}", verb.about);
        }
    }
    text.push_str("`-` before a command: it may fail. `;` or a new line ends a command, `#` begins a comment.");
    line(text)
}
