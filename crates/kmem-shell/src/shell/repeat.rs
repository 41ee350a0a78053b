//! `for` and `random`, and what is shown of long ones.
//!
//! A loop that fills memory has hundreds of thousands of rounds, and nobody reads as many lines. Of one with more than a
//! thousand rounds the first ten lines of each kind are shown, and at its end how many more there were. Lines are of one
//! kind when they differ in numbers only, so the first page from another zone is shown, and the first failure.

use super::{Ending, Shell};
use crate::ast::{Command, Failing, Statement};
use crate::random::Random;
use std::collections::HashMap;
use std::io::{self, Write};

/// Loops of so many rounds show all lines.
const SHOWS_ALL: u64 = 1000;
/// Lines of each kind that longer ones show.
const SHOWN: u64 = 10;
/// More kinds than this are not told apart: the rest is shown.
const MOST_KINDS: usize = 100;

/// The lines of a long loop so far, by kinds: the last line of each, and how many there were.
#[derive(Default)]
pub(super) struct Condensed {
    kinds: HashMap<String, usize>,
    seen: Vec<(String, u64)>,
}

impl Condensed {
    /// Counts a line; true when it is to be shown.
    fn admits(&mut self, line: &str) -> bool {
        let kind = kind_of(line);
        if let Some(&at) = self.kinds.get(&kind) {
            let Some((last, count)) = self.seen.get_mut(at) else { return true };
            *count += 1;
            if *count > SHOWN {
                last.clear();
                last.push_str(line);
            }
            return *count <= SHOWN;
        }
        if self.seen.len() < MOST_KINDS {
            self.kinds.insert(kind, self.seen.len());
            self.seen.push((line.to_owned(), 1));
        }
        true
    }
    /// Says what was not shown: the last line of each kind, and how many there were before it.
    fn finish(self, out: &mut dyn Write) -> io::Result<()> {
        for (last, count) in self.seen.iter().filter(|(_, count)| *count > SHOWN) {
            let hidden = count - SHOWN - 1;
            if hidden > 0 {
                writeln!(out, "... {hidden} more like this:")?;
            }
            writeln!(out, "{last}")?;
        }
        Ok(())
    }
}

/// A line without its numbers.
fn kind_of(line: &str) -> String {
    let mut kind = String::with_capacity(line.len());
    let mut before = ' ';
    let mut in_number = false;
    for c in line.chars() {
        let is_word = c.is_ascii_alphanumeric();
        in_number = is_word && (in_number || c.is_ascii_digit() && !before.is_ascii_alphanumeric());
        if !in_number {
            kind.push(c);
        } else if !before.is_ascii_alphanumeric() {
            kind.push('#');
        }
        before = c;
    }
    kind
}

/// The rounds of a loop, those of loops in it multiplied.
fn rounds(statement: &Statement) -> u64 {
    match &statement.command {
        Command::For { count, body } | Command::Random { count, body, .. } => {
            let inner = body.iter().map(rounds).fold(0, u64::saturating_add);
            count.saturating_mul(inner.max(1))
        }
        _ => 0,
    }
}

impl Shell<'_> {
    /// Runs `for` or `random`.
    pub(super) fn repeat(
        &mut self,
        statement: &Statement,
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<Ending> {
        let condenses = self.condensed.is_none() && rounds(statement) > SHOWS_ALL;
        if condenses {
            self.condensed = Some(Condensed::default());
        }
        let ending = match &statement.command {
            Command::For { count, body } => self.for_times(*count, body, out, notes),
            Command::Random { seed, count, body } => self.random(*seed, *count, body, out, notes),
            _ => Ok(Ending::Done),
        };
        if condenses {
            if let Some(condensed) = self.condensed.take() {
                condensed.finish(out)?;
            }
        }
        ending
    }
    /// Shows a line, unless there were many like it.
    pub(super) fn show(&mut self, line: &str, out: &mut dyn Write) -> io::Result<()> {
        if self.condensed.as_mut().is_none_or(|condensed| condensed.admits(line)) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    fn for_times(
        &mut self,
        count: u64,
        body: &[Statement],
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<Ending> {
        for _ in 0..count {
            let ending = self.statements(body, out, notes)?;
            if ending != Ending::Done {
                return Ok(ending);
            }
        }
        Ok(Ending::Done)
    }
    /// Does `count` of the statements, picked by the seed among those that can be done: whose objects are there, or
    /// that may fail.
    fn random(
        &mut self,
        seed: u64,
        count: u64,
        body: &[Statement],
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<Ending> {
        let mut random = Random::new(seed);
        for _ in 0..count {
            let possible: Vec<&Statement> = body
                .iter()
                .filter(|statement| statement.failing == Failing::GoesOn || self.can_do(&statement.command))
                .collect();
            let Some(statement) = possible.get(random.below(possible.len())) else { break };
            let ending = self.statements(std::slice::from_ref(*statement), out, notes)?;
            if ending != Ending::Done {
                return Ok(ending);
            }
        }
        Ok(Ending::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_make_no_kind() {
        for (line, kind) in [
            ("p: pfn=0x3800a order=0 zone=HighMem", "p: pfn=# order=# zone=HighMem"),
            ("p2: 0xc0de-0xffff size=128", "p2: #-# size=#"),
            ("error: ENOMEM: 2^0 pages: 32K", "error: ENOMEM: #^# pages: #"),
        ] {
            assert_eq!(kind_of(line), kind);
        }
    }

    #[test]
    fn ten_of_each_kind_and_the_last() {
        let mut condensed = Condensed::default();
        let shown: Vec<u64> = (0..30).filter(|n| condensed.admits(&format!("a: {n}"))).collect();
        assert_eq!(shown, (0..10).collect::<Vec<_>>());
        assert!(condensed.admits("b: 1"));
        let mut out = Vec::new();
        condensed.finish(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "... 19 more like this:\na: 29\n");
    }
}
