//! What the headers offer: which there are, what they declare, in which era, and what is nearest to a name that is missing.
//!
//! This reads text, not C. The headers keep to a form that it understands: a declaration begins in the first column, eras are
//! told apart by `#if KMEM_ERA`, and a header that only one era has begins with an `#error` for the other.

use crate::compile::FILES;
use std::path::{Path, PathBuf};

/// In which eras of the API a name exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Eras {
    /// 2.6 and modern.
    Both,
    /// 2.6 only.
    Old,
    /// Modern only.
    Modern,
}

impl Eras {
    /// Names them.
    pub fn text(self) -> &'static str {
        match self {
            Self::Both => "2.6, modern",
            Self::Old => "2.6",
            Self::Modern => "modern",
        }
    }
    fn other(self) -> Self {
        match self {
            Self::Old => Self::Modern,
            Self::Modern => Self::Old,
            Self::Both => Self::Both,
        }
    }
    /// What an `#if` selects.
    fn of_condition(condition: &str) -> Self {
        match condition.trim() {
            "KMEM_ERA >= 60" => Self::Modern,
            "KMEM_ERA < 60" => Self::Old,
            _ => Self::Both,
        }
    }
}

/// A place where a name is declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// The header, as it is included.
    pub header: &'static str,
    /// The line in it, from 1.
    pub line: usize,
    /// The declaration, as far as its first line goes.
    pub text: String,
    /// In which eras.
    pub eras: Eras,
}

/// Returns the headers by the names that `#include` takes, sorted; without those that are ours alone.
pub fn headers() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = FILES
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix("include/")?, std::str::from_utf8(bytes).ok()?)));
    all.filter(|(name, _)| !name.starts_with("kmem/"))
}

/// Returns what a header is for: its first comment.
pub fn purpose(text: &str) -> String {
    let comment = text.split_once("*/").map_or("", |(_, rest)| rest.trim_start());
    let Some((words, _)) = comment.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) else {
        return String::new();
    };
    words.split_whitespace().filter(|word| *word != "*").collect::<Vec<_>>().join(" ")
}

/// A line of a header, not inside a body, and its eras.
struct Line<'a> {
    number: usize,
    text: &'a str,
    eras: Eras,
}

/// Walks a header's lines at the outermost level, those of enumerations too.
fn outer_lines(text: &str) -> Vec<Line<'_>> {
    let (mut lines, mut stack) = (Vec::new(), Vec::new());
    let (mut depth, mut is_enum, mut continues, mut in_comment) = (0i32, false, false, false);
    for (index, line) in text.lines().enumerate() {
        let was_continued = std::mem::replace(&mut continues, line.ends_with('\\'));
        if in_comment || line.trim_start().starts_with("/*") {
            in_comment = !line.contains("*/");
            continue;
        }
        let trimmed = line.trim_start();
        let directive = trimmed.strip_prefix('#').map(str::trim_start).filter(|_| !was_continued);
        if let Some(directive) = directive {
            let (word, rest) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            match word {
                "if" => stack.push(Eras::of_condition(rest)),
                "ifdef" | "ifndef" => stack.push(Eras::Both),
                "elif" => *stack.last_mut().unwrap_or(&mut Eras::Both) = Eras::of_condition(rest),
                "else" => {
                    if let Some(last) = stack.last_mut() {
                        *last = last.other();
                    }
                }
                "endif" => {
                    stack.pop();
                }
                "error" => {
                    // The whole header is the other era's.
                    let eras = stack.last().map_or(Eras::Both, |eras| eras.other());
                    stack.insert(0, eras);
                    lines.clear();
                }
                _ => {}
            }
            if word != "define" {
                continue;
            }
        }
        let eras = stack.iter().copied().find(|eras| *eras != Eras::Both).unwrap_or(Eras::Both);
        let is_outer = depth == 0 && (directive.is_some() || !line.starts_with(char::is_whitespace));
        if !was_continued && !line.is_empty() && (is_outer || depth == 1 && is_enum) {
            lines.push(Line { number: index + 1, text: line, eras });
        }
        if directive.is_none() && !was_continued {
            if depth == 0 && line.contains('{') {
                is_enum = line.starts_with("enum");
            }
            let count = |c: char| line.matches(c).count() as i32;
            depth += count('{') - count('}');
        }
    }
    lines
}

/// True if a line of C declares a name: as the first word of a macro, before a bracket, a semicolon or an equals sign.
fn declares(line: &str, name: &str) -> bool {
    if let Some(macro_text) = line.strip_prefix("#define").map(str::trim_start) {
        return macro_text.strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_word));
    }
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].trim_start();
        let is_whole = !before.is_some_and(is_word) && !line[at + name.len()..].starts_with(is_word);
        let is_tag = ["struct", "union", "enum"].iter().any(|tag| line[..at].trim_end().ends_with(tag));
        is_whole
            && if is_tag {
                after.starts_with('{')
            } else {
                after.is_empty() || after.starts_with(['(', ';', '[', '=', ',', ')'])
            }
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Finds where a name is declared.
pub fn declarations(name: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    for (header, text) in headers().filter(|(_, text)| text.contains(name)) {
        for line in outer_lines(text).iter().filter(|line| declares(line.text, name)) {
            let text = line.text.trim_end_matches(['\\', '{']).trim().replace('\t', " ");
            found.push(Declaration { header, line: line.number, text, eras: line.eras });
        }
    }
    found
}

/// Returns the names that headers declare, as far as they may be asked for: functions, macros, types.
fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for (_, text) in headers() {
        let words = text.split(|c: char| !is_word(c)).filter(|word| word.len() > 3 && !word.contains("kmem_host"));
        names.extend(words.filter(|word| !word.starts_with(|c: char| c.is_ascii_digit())));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns up to three headers whose names are nearest to one that is missing: same file elsewhere, then by spelling.
pub fn near_headers(missing: &str) -> Vec<&'static str> {
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).trim_end_matches(".h").to_owned();
    let wanted = base(missing);
    let mut scored: Vec<(usize, &str)> = headers()
        .map(|(name, _)| {
            let own = base(name);
            let part = own.len() >= 4 && wanted.len() >= 4 && (own.contains(&wanted) || wanted.contains(&own));
            let score = if own == wanted { 0 } else { distance(&own, &wanted) + usize::from(!part) * 2 };
            (score, name)
        })
        .filter(|(score, _)| *score <= 2 + wanted.len() / 3)
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// Returns up to three declared names that are spelled nearly like one that is missing.
pub fn near_names(missing: &str) -> Vec<&'static str> {
    let limit = (missing.len() / 5).clamp(1, 3);
    let mut scored: Vec<(usize, &str)> = names()
        .into_iter()
        .filter(|name| *name != missing && name.len().abs_diff(missing.len()) <= limit)
        .map(|name| (distance(name, missing), name))
        .filter(|(score, name)| *score <= limit && !declarations(name).is_empty())
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// What a compiler says of a header that it did not find.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingHeader {
    /// As it is included.
    pub name: String,
    /// `#include "NAME"`: a file beside the source, rather than one of the kernel's.
    pub is_local: bool,
}

impl MissingHeader {
    /// Finds it in a compiler's output.
    pub fn in_output(output: &str) -> Option<Self> {
        let mut lines = output.lines();
        let fatal = lines.find(|line| line.contains("fatal error: "))?;
        let (_, rest) = fatal.split_once("fatal error: ")?;
        // gcc: `NAME: No such file or directory`; clang: `'NAME' file not found`.
        let name = rest.strip_suffix(": No such file or directory");
        let name = name.or_else(|| rest.strip_suffix(" file not found").map(|name| name.trim_matches('\'')))?;
        let is_local = lines.next().is_some_and(|line| line.contains(&format!("\"{name}\"")));
        Some(Self { name: name.to_owned(), is_local })
    }
    /// Says what to do about it, for a source at `path`.
    pub fn text(&self, path: &Path) -> String {
        let name = &self.name;
        if self.is_local {
            let lacks = format!("\"{name}\" is neither beside the source nor in a folder of -I");
            return match folder_with(path, name) {
                Some(folder) => format!("{lacks}; it is in {0}: -I {0}", folder.display()),
                None => lacks,
            };
        }
        let near: Vec<String> = near_headers(name).into_iter().map(|near| format!("<{near}>")).collect();
        if near.is_empty() {
            format!("<{name}> is not provided; `kmem headers` lists what is, and -I names folders with others")
        } else {
            format!("<{name}> is not provided (nearest: {})", near.join(", "))
        }
    }
}

/// Looks for a header near a source: in the folders beside it, and beside the folder it is in.
fn folder_with(source: &Path, name: &str) -> Option<PathBuf> {
    let here = source.parent()?;
    let here = if here.as_os_str().is_empty() { Path::new(".") } else { here };
    let above = here.join("..");
    let mut folders: Vec<PathBuf> = [here, &above]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.take(1000).filter_map(|entry| Some(entry.ok()?.path())))
        .filter(|folder| folder.join(name).is_file())
        .collect();
    folders.sort();
    folders.into_iter().next()
}

/// Returns the other headers of the kernel that a source includes and that nobody provides, neither here nor in `folders`.
pub fn also_missing(source: &str, first: &str, folders: &[PathBuf]) -> Vec<String> {
    let includes = source.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("include")?.trim_start();
        Some(rest.strip_prefix('<')?.split_once('>')?.0)
    });
    let is_there =
        |name: &str| headers().any(|(own, _)| own == name) || folders.iter().any(|dir| dir.join(name).is_file());
    let mut missing: Vec<String> =
        includes.filter(|name| *name != first && !is_there(name)).map(str::to_owned).collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Letters to change, add or leave out to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.iter().enumerate() {
            let change = corner + usize::from(left != *right);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_declared_and_not_where_it_is_used() {
        let found = declarations("kmem_cache_create");
        assert!(!found.is_empty() && found.iter().all(|at| at.header == "linux/slab.h"), "{found:?}");
        let old = declarations("kmem_cache_t");
        assert!(!old.is_empty() && old.iter().all(|at| at.eras == Eras::Old), "{old:?}");
        assert!(declarations("kunit_kzalloc").iter().all(|at| at.eras == Eras::Modern));
        assert_eq!(declarations("vmalloc")[0].eras, Eras::Both);
        assert_eq!(declarations("KUNIT_SKIPPED").len(), 1);
        assert!(declarations("no_such_name").is_empty());
    }
    #[test]
    fn what_is_near_is_named() {
        assert_eq!(near_headers("asm/slab.h")[0], "linux/slab.h");
        assert_eq!(near_headers("linux/rbtre.h")[0], "linux/rbtree.h");
        assert!(near_headers("sound/soc-dapm.h").is_empty());
        assert!(near_names("kmaloc").contains(&"kmalloc"), "{:?}", near_names("kmaloc"));
        assert!(near_names("zzzzzz_nothing").is_empty());
    }
    #[test]
    fn what_a_compiler_misses_is_understood() {
        let gcc = "a.c:2:10: fatal error: linux/slap.h: No such file or directory\n    2 | #include <linux/slap.h>\n";
        let missing = MissingHeader::in_output(gcc).unwrap();
        assert_eq!(
            missing.text(Path::new("a.c")),
            "<linux/slap.h> is not provided (nearest: <linux/slab.h>, <linux/swap.h>)"
        );
        let own = "a.c:2:10: fatal error: \"own.h\": No such file or directory\n";
        assert!(MissingHeader::in_output(own).is_some());
        let own = "a.c:1:10: fatal error: own.h: No such file or directory\n    1 | #include \"own.h\"\n";
        assert_eq!(
            MissingHeader::in_output(own).unwrap().text(Path::new("a.c")),
            "\"own.h\" is neither beside the source nor in a folder of -I"
        );
        let source = "#include <linux/slap.h>\n# include <linux/slab.h>\n#include <linux/nosuch.h>\n";
        assert_eq!(also_missing(source, "linux/slap.h", &[]), ["linux/nosuch.h"]);
    }
    #[test]
    fn every_header_says_what_it_is_for() {
        let silent: Vec<_> = headers().filter(|(_, text)| purpose(text).is_empty()).map(|(name, _)| name).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }
}
