//! Runs the command.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Where nothing is kept: what somebody keeps on the host is not to disturb.
pub const NO_TUNABLES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/no-tunables");

/// Runs it with arguments and what it finds on its standard input.
pub fn kmem(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kmem"))
        .args(args)
        .env("KMEM_CONFIG_DIR", NO_TUNABLES)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kmem runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // In a thread, since it may write before it has read all; one that ends before that does not want the rest.
    std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(stdin).ok());
        child.wait_with_output().expect("kmem ends")
    })
}
