//! What cannot be understood, with its place and what was expected there.

use std::fmt;

/// A place in the text of a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters it covers.
    pub width: usize,
}

/// A script that cannot be understood. Nothing of it has been run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// Where.
    pub place: Place,
    /// What was found.
    pub what: String,
    /// What was expected, or what to do.
    pub help: Option<String>,
    /// True when more text could make it right: a `{` that is still open.
    pub unfinished: bool,
}

impl SyntaxError {
    pub(crate) fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into(), help: None, unfinished: false }
    }
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the error with the line of `text` that it is about, as compilers show theirs. `name` is the file's name,
    /// or what stands for it.
    pub fn render(&self, name: &str, text: &str) -> String {
        let Place { line, column, width } = self.place;
        let source = text.lines().nth(line - 1).unwrap_or("").replace('\t', " ");
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let pad = " ".repeat(column - 1);
        let marks = "^".repeat(width.max(1));
        let help = self.help.as_deref().map_or(String::new(), |help| format!(" {help}"));
        format!(
            "{}\n{margin}--> {name}:{line}:{column}\n{margin} |\n{number} | {source}\n{margin} | {pad}{marks}{help}",
            self.what
        )
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.place.line, self.place.column, self.what)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Returns what someone who typed `wrong` meant, if one of `known` is near enough.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = wrong.chars().count() / 3 + 1;
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Edits between two words, a swap of neighbours counted as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            let mut least = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + usize::from(!same));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let names = ["kmalloc", "kfree", "vmalloc", "msm8x25", "linux-2.6-i386"];
        for (wrong, meant) in [
            ("kmaloc", Some("kmalloc")),
            ("vamlloc", Some("vmalloc")),
            ("msm8225", Some("msm8x25")),
            ("linux-i386", Some("linux-2.6-i386")),
            ("zebra", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(wrong, names), meant, "{wrong}");
        }
    }

    #[test]
    fn a_rendered_error_points() {
        let place = Place { line: 2, column: 5, width: 6 };
        let error = SyntaxError::new(place, "no command `kmaloc`").help("did you mean `kmalloc`?");
        assert_eq!(
            error.render("-c", "live\nk = kmaloc 100"),
            "no command `kmaloc`\n --> -c:2:5\n  |\n2 | k = kmaloc 100\n  |     ^^^^^^ did you mean `kmalloc`?"
        );
    }
}
