//! The project's automation: `cargo xtask COMMAND`. Standard library only, so that it compiles in a moment.
//!
//! Exit status: 0 all well, 1 a check failed, 2 the request cannot be understood.

mod bare;
mod bench;
mod kernel_modules;
mod kernel_source;
mod picture;
mod process;
mod repo;
mod source;
mod steps;
mod test;
mod tidy;
mod toolchain;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test                everything that must hold before a change goes in; installs what it needs (as root on Debian)
                      or names it, prints a table of steps, ends with the line `N passed, N failed`
  long                the long form of the random tests: ten million page operations, a million broken dumps,
                      a log of a gigabyte, ten minutes for each reader of dumps; then the kernel's own modules
  kernel-modules [NAME…]
                      the kernel's own test modules, from the distribution's source package, run by `kmem run`; those whose
                      name contains a NAME, or all
  tidy                the shape of the source: arrows between the engine's parts, unsafe code, file lengths, words
  bare ARCH [WORD…]   builds the bare-metal image, runs its self-test in QEMU with WORDs as its command line;
                      ARCH: i386
  picture             draws the picture of the README anew, in a headless Chromium
  bench-gate          counts the instructions of the hit paths with valgrind; fails when one exceeds its limit

examples:
  cargo xtask test
  cargo xtask bare i386
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["test"] => return test::run_all(),
        ["long"] => test::run_long(),
        ["kernel-modules", ref names @ ..] => kernel_modules::run_all(names),
        ["tidy"] => tidy::run(),
        ["picture"] => picture::draw(),
        ["bench-gate"] => bench::gate(),
        ["bare", arch, ref command_line @ ..] => match bare::Image::by_name(arch) {
            Some(image) => image.build().and_then(|built| built.self_test(&command_line.join(" "))),
            None => return misunderstood(&format!("no bare-metal image for `{arch}`; there is: {}", bare::names())),
        },
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [] => return misunderstood("a command is missing"),
        [command, ..] => return misunderstood(&format!("`{command}` is no command, or has the wrong arguments")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn misunderstood(why: &str) -> ExitCode {
    eprint!("xtask: {why}\n\n{USAGE}");
    ExitCode::from(2)
}
