//! Running other programs.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Prepares `program` in the repository's top folder, without standard input.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::repo::root()).stdin(Stdio::null());
    command
}

/// Prepares the cargo that started us.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Shows a command as one would type it.
pub fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let settings = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let words = settings.map(|(name, value)| format!("{}={}", name.to_string_lossy(), quoted(value)));
    let args = command.get_args().map(quoted);
    words.chain([quoted(program)]).chain(args).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_=+./:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{word}'")
    }
}

/// Shows and runs a command; its output goes where ours goes.
pub fn run(command: &mut Command) -> Result<(), String> {
    println!("$ {}", typed(command));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}`: {status}", typed(command))),
        Err(why) => Err(format!("`{}` does not start: {why}", typed(command))),
    }
}

/// Runs a command quietly and returns what it printed, or `None` when it failed or is not there.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// True when a command runs and succeeds.
pub fn succeeds(command: &mut Command) -> bool {
    output(command).is_some()
}

/// True when `program` is found on the path.
pub fn exists(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
