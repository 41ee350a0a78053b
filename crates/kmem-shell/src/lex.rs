//! Tokens: words, quoted texts, and the marks between statements.
//!
//! Words end at blanks. `;` and the end of a line end a statement, `{` and `}` enclose statements, `>` sends text to a
//! file (`>=` is part of a word), `#` at the start of a word begins a comment. In double quotes `\n \t \0 \xHH \" \\`
//! are understood; in single quotes nothing is.

use crate::syntax::{Place, SyntaxError};

/// One token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

/// What a token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A word without blanks.
    Word(String),
    /// What stood in quotes, and how it was written.
    Text { bytes: Vec<u8>, raw: String },
    /// `>` or `>>`.
    Redirect { append: bool },
    /// `{`
    Open,
    /// `}`
    Close,
    /// `;` or the end of a line.
    End,
}

impl Token {
    /// Returns the token as messages name it.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Text { .. } => "a text in quotes".into(),
            Kind::Redirect { append: false } => "`>`".into(),
            Kind::Redirect { append: true } => "`>>`".into(),
            Kind::Open => "`{`".into(),
            Kind::Close => "`}`".into(),
            Kind::End => "the end of the command".into(),
        }
    }
}

/// Cuts a script into tokens. The last one is always [`Kind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let chars: Vec<char> = line.chars().collect();
        Line { chars: &chars, at: 0, line: index + 1 }.tokens(&mut tokens)?;
    }
    Ok(tokens)
}

struct Line<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
}

impl Line<'_> {
    fn tokens(mut self, tokens: &mut Vec<Token>) -> Result<(), SyntaxError> {
        while let Some(&c) = self.chars.get(self.at) {
            let start = self.at;
            let kind = match c {
                _ if c.is_whitespace() => {
                    self.at += 1;
                    continue;
                }
                '#' => break,
                '"' => {
                    let bytes = self.double_quoted()?;
                    Kind::Text { bytes, raw: self.raw(start) }
                }
                '\'' => {
                    let bytes = self.single_quoted()?;
                    Kind::Text { bytes, raw: self.raw(start) }
                }
                '>' => {
                    let append = self.peek(1) == Some('>');
                    self.at += if append { 2 } else { 1 };
                    Kind::Redirect { append }
                }
                ';' => self.mark(Kind::End),
                '{' => self.mark(Kind::Open),
                '}' => self.mark(Kind::Close),
                _ => Kind::Word(self.word(tokens)),
            };
            tokens.push(Token { kind, place: self.place(start, self.at - start) });
        }
        tokens.push(Token { kind: Kind::End, place: self.place(self.at, 1) });
        Ok(())
    }

    fn place(&self, start: usize, width: usize) -> Place {
        Place { line: self.line, column: start + 1, width }
    }
    fn raw(&self, start: usize) -> String {
        self.chars[start..self.at].iter().collect()
    }
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }
    fn mark(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }
    /// A word. The `=` of an assignment is a word of its own, with or without blanks around it.
    fn word(&mut self, before: &[Token]) -> String {
        let position = position(before);
        let mut word = String::new();
        while let Some(c) = self.peek(0) {
            let ends = match c {
                '=' if position != Position::Later && word.is_empty() => {
                    self.at += 1;
                    return "=".into();
                }
                '=' => position == Position::First,
                '>' => self.peek(1) != Some('='),
                ';' | '{' | '}' | '"' => true,
                _ => c.is_whitespace(),
            };
            if ends {
                break;
            }
            word.push(c);
            self.at += 1;
        }
        word
    }
    fn single_quoted(&mut self) -> Result<Vec<u8>, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let inside = &self.chars[self.at..];
        let Some(length) = inside.iter().position(|&c| c == '\'') else { return Err(self.never_closed(start, '\'')) };
        self.at += length + 1;
        Ok(inside[..length].iter().collect::<String>().into_bytes())
    }
    fn double_quoted(&mut self) -> Result<Vec<u8>, SyntaxError> {
        let start = self.at;
        let mut text = Vec::new();
        loop {
            self.at += 1;
            match self.peek(0) {
                None => return Err(self.never_closed(start, '"')),
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    self.escape(&mut text)?;
                }
                Some(c) => text.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        self.at += 1;
        Ok(text)
    }
    /// What follows a backslash; leaves the position on its last character.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), SyntaxError> {
        match self.peek(0) {
            Some('n') => text.push(b'\n'),
            Some('t') => text.push(b'\t'),
            Some('r') => text.push(b'\r'),
            Some('0') => text.push(0),
            Some('x') => {
                let digits: String = self.chars.iter().skip(self.at + 1).take(2).collect();
                let byte = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
                let place = self.place(self.at - 1, 4);
                text.push(byte.ok_or_else(|| SyntaxError::new(place, "`\\x` needs two hexadecimal digits"))?);
                self.at += 2;
            }
            Some(c) => text.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            None => (),
        }
        Ok(())
    }
    fn never_closed(&self, start: usize, quote: char) -> SyntaxError {
        let place = self.place(start, self.chars.len() - start);
        SyntaxError::new(place, "a text in quotes that never ends").help(format!("expected {quote} on this line"))
    }
}

/// Where in a statement a word stands, as far as an `=` in it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// It is the first one: `k=kmalloc` are three words.
    First,
    /// It follows the first one: `=kmalloc` are two.
    Second,
    /// Further on: `if=/dev/x` is one.
    Later,
}

fn position(before: &[Token]) -> Position {
    let is_dash = |token: &Token| token.kind == Kind::Word("-".into());
    let statement = before.iter().rposition(|token| matches!(token.kind, Kind::End | Kind::Open | Kind::Close));
    let words = before.get(statement.map_or(0, |at| at + 1)..).unwrap_or(&[]);
    match words {
        [] => Position::First,
        [dash] if is_dash(dash) => Position::First,
        [_] => Position::Second,
        [dash, _] if is_dash(dash) => Position::Second,
        _ => Position::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = tokens(text).map(|tokens| {
            let shown = |token: &Token| match &token.kind {
                Kind::Text { bytes, .. } => format!("{:?}", String::from_utf8_lossy(bytes)),
                Kind::End => ";".into(),
                _ => token.shown().trim_matches('`').to_owned(),
            };
            tokens.iter().map(shown).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(shown.unwrap_or_else(|error| error.to_string()), expected, "{text}");
    }

    #[test]
    fn words_and_marks() {
        check("", ";");
        check("k = kmalloc 100 GFP_KERNEL; kfree k", "k = kmalloc 100 GFP_KERNEL ; kfree k ;");
        check("for 3 {live}# x", "for 3 { live } ;");
        check("fail size>=64 # c", "fail size>=64 ;");
        check("echo hi>/dev/x\nlive", "echo hi > /dev/x ; live ;");
        check("write w fill:0x5a:10 a#b", "write w fill:0x5a:10 a#b ;");
        check("cat x >> y\r\n", "cat x >> y ; ;");
        check("k=kmalloc 100;- k =vmalloc 1;-k= live", "k = kmalloc 100 ; - k = vmalloc 1 ; -k = live ;");
        check("dd if=a of=b; sysctl a=b", "dd if=a of=b ; sysctl a=b ;");
    }

    #[test]
    fn quoted_texts() {
        check(r#"write h "a\tb\n\0\x41\"\\z;""#, "write h \"a\\tb\\n\\0A\\\"\\\\z;\" ;");
        check(r"echo 'a\n' it's", r#"echo "a\\n" it's ;"#);
        check("write h \"open", "line 1, column 9: a text in quotes that never ends; expected \" on this line");
        check("write h \"\\x4\"", "line 1, column 10: `\\x` needs two hexadecimal digits");
        check("x '", "line 1, column 3: a text in quotes that never ends; expected ' on this line");
        check("x \"\\", "line 1, column 3: a text in quotes that never ends; expected \" on this line");
    }
}
