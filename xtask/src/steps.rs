//! A run of steps: each is tried whatever became of the others, and at the end a table says how they went.

use std::process::ExitCode;
use std::time::Instant;

struct Done {
    name: String,
    seconds: f64,
    failure: Option<String>,
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
        let failure = work().err();
        if let Some(why) = &failure {
            println!("{name}: FAILED: {why}");
        }
        self.done.push(Done { name: name.to_owned(), seconds: start.elapsed().as_secs_f64(), failure });
    }

    /// Prints the table and, as the last line, the count.
    pub fn finish(self) -> ExitCode {
        let width = self.done.iter().map(|step| step.name.len()).max().unwrap_or(0);
        println!();
        for Done { name, seconds, failure } in &self.done {
            let (word, why) = match failure {
                None => ("pass", String::new()),
                Some(why) => ("FAIL", format!("  {}", why.replace('\n', "\n        "))),
            };
            println!("  {word}  {name:width$}  {seconds:7.1} s{why}");
        }
        let failed = self.done.iter().filter(|step| step.failure.is_some()).count();
        println!("\n{} passed, {failed} failed", self.done.len() - failed);
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
