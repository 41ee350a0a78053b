//! `cargo bench -p kmem-bench`: the same as `kmem bench pages`.

use kmem_bench::{measure, report, BenchError, Options};
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let table = measure(&Options::THOROUGH, |what| eprintln!("kmem bench: {what}"));
    match table.map(|table| report::print(&table, &mut io::stdout().lock())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(why) => failed(&why),
    }
}

fn failed(why: &BenchError) -> ExitCode {
    eprintln!("kmem bench: {why}");
    ExitCode::FAILURE
}
