//! The parser: from text to a [`Program`], or to the place that cannot be understood and what was expected there.
//!
//! ```text
//! program    = { [ "-" ] [ NAME "=" ] command ( ";" | newline ) }
//! command    = VERB arguments | "for" COUNT block | "random" SEED COUNT block | "fail" "each" block
//! block      = "{" program "}"
//! ```
//!
//! A whole script is parsed, and its names are looked at (`names`), before any of it runs.

mod args;
mod files;
mod memory;
mod names;

use crate::ast::{Command, Failing, Program, Statement};
use crate::lex::{tokens, Kind, Token};
use crate::syntax::{did_you_mean, Place, SyntaxError};
use crate::verb::{Gives, Group, Verb, VERBS};
use args::Args;
use kmem::Profile;

pub use memory::fail_of;
pub(crate) use names::operands;
pub use names::Known;

/// What the parser must know of the machine that the script is for.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The kernel: whose names of flags are understood.
    pub profile: &'static Profile,
    /// Whether the commands for files of modules are.
    pub files: FileVerbs,
}

/// Whether the commands for files of modules are understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileVerbs {
    /// There is a module with files.
    Present,
    /// There is none: they are refused.
    Absent,
}

/// How deep `for`, `random` and `fail each` may be nested.
const DEEPEST: usize = 32;

/// Parses a script. `known` says which names the shell holds already.
///
/// # Errors
/// [`SyntaxError`] at the first place that cannot be understood.
///
/// # Examples
/// ```
/// # use kmem_shell::parse::{parse, Dialect, FileVerbs};
/// # use kmem_shell::parse::Known;
/// let profile = kmem::profile::by_name("linux-2.6-i386").unwrap();
/// let dialect = Dialect { profile, files: FileVerbs::Absent };
/// let program = parse("k = kmalloc 100 GFP_KERNEL; kfree k", dialect, Known::nothing()).unwrap();
/// assert_eq!(program.statements.len(), 2);
/// let error = parse("k = kmaloc 100 GFP_KERNEL", dialect, Known::nothing()).unwrap_err();
/// assert_eq!(error.to_string(), "line 1, column 5: no command `kmaloc`; did you mean `kmalloc`?");
/// ```
pub fn parse(text: &str, dialect: Dialect, known: Known<'_>) -> Result<Program, SyntaxError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, dialect, depth: 0 };
    let statements = parser.statements()?;
    if let Some(token) = parser.next() {
        return Err(SyntaxError::new(token.place, "a `}` without its `{`"));
    }
    let program = Program { statements };
    names::check(&program, dialect, known)?;
    Ok(program)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    dialect: Dialect,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }
    fn next(&mut self) -> Option<&'t Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Statements up to a `}` or the end.
    fn statements(&mut self) -> Result<Vec<Statement>, SyntaxError> {
        let mut statements = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::End => self.at += 1,
                Kind::Close => break,
                _ => statements.push(self.statement()?),
            }
        }
        Ok(statements)
    }

    fn statement(&mut self) -> Result<Statement, SyntaxError> {
        let failing = self.dash();
        let target = self.target()?;
        let Some(token) = self.next() else { return Err(self.no_command(Place::default())) };
        let Kind::Word(word) = &token.kind else { return Err(self.no_command(token.place)) };
        let word = word.strip_prefix('-').filter(|_| failing == Failing::GoesOn).unwrap_or(word);
        let verb = self.verb(word, token.place)?;
        let command = match verb.name {
            "for" | "random" => self.repetition(verb, token.place)?,
            "fail" if self.peek().is_some_and(|next| next.kind == Kind::Word("each".into())) => {
                self.repetition(verb, token.place)?
            }
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|token| !matches!(token.kind, Kind::End | Kind::Close)) {
                    self.at += 1;
                }
                let end = self.peek().map_or(token.place, |token| token.place);
                let args = Args::new(verb, self.dialect, &self.tokens[start..self.at], end);
                if verb.group == Group::Files {
                    files::command(args)?
                } else {
                    memory::command(args)?
                }
            }
        };
        if let (Some((_, place)), Gives::Nothing) = (&target, verb.gives) {
            let what = format!("`{}` gives nothing that a name could hold", verb.name);
            return Err(SyntaxError::new(*place, what).help(format!("usage: {}", verb.synopsis())));
        }
        let target = target.map(|(name, _)| name);
        Ok(Statement { place: token.place, failing, target, verb: verb.name, command })
    }

    /// `-` before a command, alone or stuck to it.
    fn dash(&mut self) -> Failing {
        match self.peek().map(|token| &token.kind) {
            Some(Kind::Word(word)) if word == "-" => {
                self.at += 1;
                Failing::GoesOn
            }
            Some(Kind::Word(word)) if word.starts_with('-') => Failing::GoesOn,
            _ => Failing::Stops,
        }
    }

    /// `NAME =`.
    fn target(&mut self) -> Result<Option<(String, Place)>, SyntaxError> {
        let Some(token) = self.peek() else { return Ok(None) };
        let Kind::Word(word) = &token.kind else { return Ok(None) };
        let name = word.strip_prefix('-').unwrap_or(word);
        let followed = self.tokens.get(self.at + 1).is_some_and(|next| next.kind == Kind::Word("=".into()));
        if !followed {
            return Ok(None);
        }
        if !is_name(name) {
            let what = format!("`{name}` cannot be a name");
            return Err(SyntaxError::new(token.place, what).help("a name is letters, digits and `_`"));
        }
        self.at += 2;
        Ok(Some((name.to_owned(), token.place)))
    }

    fn verb(&self, word: &str, place: Place) -> Result<&'static Verb, SyntaxError> {
        let Some(verb) = Verb::by_name(word) else {
            let error = SyntaxError::new(place, format!("no command `{word}`"));
            return Err(match did_you_mean(word, VERBS.iter().map(|verb| verb.name)) {
                Some(name) => error.help(format!("did you mean `{name}`?")),
                None => error.help("`help` lists the commands"),
            });
        };
        match verb.group {
            Group::Files if self.dialect.files == FileVerbs::Absent => {
                let what = format!("{word}: there is no module here whose files could be used");
                Err(SyntaxError::new(place, what).help("`kmem run` loads modules"))
            }
            _ => Ok(verb),
        }
    }

    fn repetition(&mut self, verb: &'static Verb, place: Place) -> Result<Command, SyntaxError> {
        let start = self.at;
        while self.peek().is_some_and(|token| !matches!(token.kind, Kind::End | Kind::Open | Kind::Close)) {
            self.at += 1;
        }
        let end = self.peek().map_or(place, |token| token.place);
        let mut args = Args::new(verb, self.dialect, &self.tokens[start..self.at], end);
        let seed = if verb.name == "random" { args.number("a seed")? } else { 0 };
        let count = match verb.name {
            "fail" => args.word("each").map(|_| 0)?,
            _ => args.size("a count")?,
        };
        args.done()?;
        while self.peek().is_some_and(|token| token.kind == Kind::End) && self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        let open = match self.next() {
            Some(token) if token.kind == Kind::Open => token.place,
            found => {
                let (at, found) = found.map_or((end, "the end".into()), |token| (token.place, token.shown()));
                let error = SyntaxError::new(at, format!("expected `{{`, found {found}"));
                return Err(error.help(format!("usage: {}", verb.synopsis())));
            }
        };
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(SyntaxError::new(open, format!("`{{` nested more than {DEEPEST} deep")));
        }
        let body = self.statements()?;
        self.depth -= 1;
        if self.next().is_none() {
            let mut error = SyntaxError::new(open, "a `{` that is never closed").help("expected `}`");
            error.unfinished = true;
            return Err(error);
        }
        if body.is_empty() && verb.name == "random" {
            return Err(SyntaxError::new(open, "no commands to pick from"));
        }
        Ok(match verb.name {
            "random" => Command::Random { seed, count, body },
            "fail" => Command::FailEach { body },
            _ => Command::For { count, body },
        })
    }

    fn no_command(&self, place: Place) -> SyntaxError {
        SyntaxError::new(place, "expected a command").help("`help` lists them")
    }
}

/// True for letters, digits and `_`, the first no digit.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
