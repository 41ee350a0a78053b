//! A run of steps: each is tried whatever became of the others, and at the end a table says how they went.

use std::process::ExitCode;
use std::time::Instant;

struct Done {
    name: String,
    seconds: f64,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

/// The steps of a run so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<Done>,
}

impl Steps {
    /// Runs one step under its heading.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed,
            Err(why) => {
                println!("{name}: FAILED: {why}");
                Outcome::Failed(why)
            }
        };
        self.done.push(Done { name: name.to_owned(), seconds: start.elapsed().as_secs_f64(), outcome });
    }

    /// Notes a step that cannot be run here and need not be. The table and the last line say so.
    pub fn skip(&mut self, name: &str, why: &str) {
        println!("\n== {name}\n{name}: SKIPPED: {why}");
        self.done.push(Done { name: name.to_owned(), seconds: 0.0, outcome: Outcome::Skipped(why.to_owned()) });
    }

    /// Prints the table and, as the last line, the count.
    pub fn finish(self) -> ExitCode {
        let width = self.done.iter().map(|step| step.name.len()).max().unwrap_or(0);
        println!();
        for Done { name, seconds, outcome } in &self.done {
            let shown = |why: &str| format!("  {}", why.replace('\n', "\n        "));
            let (word, why) = match outcome {
                Outcome::Passed => ("pass", String::new()),
                Outcome::Skipped(why) => ("skip", shown(why)),
                Outcome::Failed(why) => ("FAIL", shown(why)),
            };
            println!("  {word}  {name:width$}  {seconds:7.1} s{why}");
        }
        let count = |wanted: fn(&Outcome) -> bool| self.done.iter().filter(|step| wanted(&step.outcome)).count();
        let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        if skipped > 0 {
            println!("\n{skipped} skipped");
        }
        println!("\n{} passed, {failed} failed", self.done.len() - failed - skipped);
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
