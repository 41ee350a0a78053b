//! A source file as the checks see it: the text, and the text without comments and the contents of literals.

use std::path::Path;

/// A file's lines, as written and as code only. Both have the same number of lines.
pub struct Source {
    /// Path from the top of the repository.
    pub name: String,
    /// The lines as written.
    pub lines: Vec<String>,
    /// The lines with comments and the contents of string and character literals left out (Rust files).
    pub code: Vec<String>,
}

impl Source {
    /// Reads a file; what is not UTF-8 is replaced.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Self::new(crate::repo::relative(path), &String::from_utf8_lossy(&bytes)))
    }
    /// Takes a text under a name.
    pub fn new(name: impl Into<String>, text: &str) -> Self {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Self { name: name.into(), lines: lines(text), code: lines(&code_of(text)) }
    }
    /// Returns the number of lines of code before the unit tests at the foot of the file.
    pub fn lines_before_tests(&self) -> usize {
        self.code.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(self.code.len())
    }
}

/// Leaves out comments and the contents of literals, keeps line ends.
fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(len) = raw_string(rest, out.chars().next_back()) {
            len
        } else if c == '"' {
            string(rest)
        } else if c == '\'' {
            character(rest)
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.extend(rest[..skipped].chars().filter(|&c| c == '\n'));
        rest = &rest[skipped..];
    }
    out
}

/// Returns the length of the block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Returns the length of the raw string that begins here, if one does: `r"…"`, `r#"…"#`.
fn raw_string(text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b' && c != 'c' || c == '_') {
        return None;
    }
    let after_r = text.strip_prefix('r')?;
    let hashes = after_r.len() - after_r.trim_start_matches('#').len();
    let body = after_r[hashes..].strip_prefix('"')?;
    let start = text.len() - body.len();
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(text.len(), |at| start + at + end.len()))
}

/// Returns the length of the string that begins here.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of the character literal that begins here, or that of the quote alone: a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => text[3..].find('\'').map_or(1, |at| 3 + at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::code_of;

    #[track_caller]
    fn check(text: &str, code: &str) {
        assert_eq!(code_of(text), code, "{text}");
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        check("a // unsafe\nb", "a \nb");
        check("a /* x /* y */ z\n */ b", "a \n b");
        check(r#"f("unsafe \" {", x)"#, "f(, x)");
        check("f(r#\"a \" b\"#, br\"c\")", "f(, b)");
        check("fn f<'a>(c: &'a str) { x('\"', '\\'', '\\u{41}') }", "fn f<a>(c: &a str) { x(, , ) }");
        check("for r in rows", "for r in rows");
    }
}
