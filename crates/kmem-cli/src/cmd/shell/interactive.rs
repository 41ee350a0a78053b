//! The dialogue: a prompt with history, and completion of commands, names and flags.

use crate::failure::{Failure, Verdict};
use kmem_shell::verb::{Group, VERBS};
use kmem_shell::{Shell, SyntaxError};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use std::io::{self, Write};

/// Reads commands until the input ends, and runs each.
pub fn run(shell: &mut Shell<'_>, machine: &str, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let config = Config::builder().auto_add_history(true).build();
    let terminal = |error: ReadlineError| Failure::Host { what: format!("the terminal: {error}"), help: None };
    let mut editor: Editor<Words, MemHistory> = Editor::with_history(config, MemHistory::new()).map_err(terminal)?;
    editor.set_helper(Some(Words::default()));
    tell(&format!("{machine}: `help` lists the commands, Ctrl-D ends"));
    let mut text = String::new();
    loop {
        if let Some(words) = editor.helper_mut() {
            words.names = shell.names();
        }
        match editor.readline(if text.is_empty() { "kmem> " } else { "  ... " }) {
            Ok(line) => text.push_str(&line),
            Err(ReadlineError::Interrupted) => {
                text.clear();
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(Verdict::Well),
            Err(error) => return Err(terminal(error)),
        }
        if matches!(text.trim(), "exit" | "quit") {
            return Ok(Verdict::Well);
        }
        match shell.parse(&text) {
            Ok(program) => {
                shell.run(&program, out, &mut io::stderr())?;
                out.flush()?;
            }
            Err(SyntaxError { unfinished: true, .. }) => {
                text.push('\n');
                continue;
            }
            Err(error) => tell(&format!("error: {}", error.render("-", &text))),
        }
        text.clear();
    }
}

fn tell(remark: &str) {
    // Where stderr is gone there is nobody to tell.
    let _ = writeln!(io::stderr(), "{remark}");
}

/// What can be completed.
#[derive(Default)]
struct Words {
    names: Vec<String>,
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}
impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = String;
    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let (start, mut found) = complete(&self.names, line.get(..at).unwrap_or(line));
        if let [only] = &mut found[..] {
            only.push(' ');
        }
        Ok((start, found))
    }
}

/// Flags that every profile has.
const FLAGS: [&str; 7] =
    ["GFP_KERNEL", "GFP_ATOMIC", "GFP_DMA", "GFP_HIGHUSER", "GFP_NOIO", "GFP_NOFS", "SLAB_HWCACHE_ALIGN"];

/// Where the last word begins, and what it could become: a command at the start of a statement, else a name or a flag.
fn complete(names: &[String], line: &str) -> (usize, Vec<String>) {
    let start = line.rfind(|c: char| c.is_whitespace() || ";{}=|".contains(c)).map_or(0, |at| at + 1);
    let (before, word) = line.split_at(start);
    let before = before.trim_end();
    let is_command = before.is_empty() || before.ends_with(['=', ';', '{', '}', '-']);
    let commands = VERBS.iter().filter(|verb| is_command && verb.group != Group::Files);
    let others = names.iter().map(String::as_str).chain(FLAGS).filter(|_| !is_command);
    let files = kmem::Kernel::<kmem_hosted::Hosted>::PROC_FILES.iter().filter(|_| before.ends_with("cat"));
    let found = commands
        .map(|verb| verb.name.to_owned())
        .chain(others.map(str::to_owned))
        .chain(files.map(|file| format!("/proc/{file}")))
        .filter(|candidate| candidate.starts_with(word))
        .collect();
    (start, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[&str]) {
        let names = vec!["kitten".to_owned(), "v".to_owned()];
        let (_, found) = complete(&names, line);
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn words_are_completed_where_they_make_sense() {
        check("vf", &["vfree"]);
        check("live; iou", &["iounmap"]);
        check("k = krea", &["krealloc"]);
        check("- kf", &["kfree", "kfree_sensitive", "kfree_rcu"]);
        check("kfree ki", &["kitten"]);
        check("kmalloc 100 GFP_AT", &["GFP_ATOMIC"]);
        check("cat /proc/me", &["/proc/meminfo"]);
        check("\u{e9}", &[]);
    }
}
