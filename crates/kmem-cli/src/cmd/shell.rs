//! `kmem shell`.

mod interactive;

use crate::failure::{Failure, Verdict};
use crate::machine_options::MachineOptions;
use kmem_hosted::Displacement;
use kmem_shell::{Ending, Shell as Interpreter};
use std::io::{self, IsTerminal, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Play with a machine: allocate, free, look; `help` in it lists the commands
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem shell --machine linux-2.6-i386 -c 'v = vmalloc 64M; vtop v; - b = vmalloc 100M; vfree v'
  echo 'k = kmalloc 100 GFP_KERNEL; live' | kmem shell -")]
pub struct Shell {
    /// Commands, separated by `;`
    #[arg(short, value_name = "COMMANDS", conflicts_with = "file", allow_hyphen_values = true)]
    commands: Vec<String>,
    /// A file of commands, or `-` for standard input
    file: Option<String>,
    #[command(flatten)]
    machine: MachineOptions,
}

/// Larger scripts are refused.
const MOST_SCRIPT: u64 = 64 << 20;

impl Shell {
    /// Runs the commands, or a dialogue.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let script = self.script()?;
        let chosen = self.machine.choose(&mut io::stderr())?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let kernel = chosen.boot(Displacement::Any, {
            let log = Arc::clone(&log);
            move |line| lines(&log).push(line.to_owned())
        })?;
        let mut shell = Interpreter::new(&kernel).with_kernel_log(|| std::mem::take(&mut *lines(&log)));
        let Some((name, text)) = script else {
            return interactive::run(&mut shell, chosen.profile.name, out);
        };
        let program = shell.parse(&text).map_err(|error| Failure::request(error.render(&name, &text)))?;
        match shell.run(&program, out, &mut io::stderr())? {
            Ending::Done => Ok(Verdict::Well),
            Ending::Failed | Ending::Aborted => Ok(Verdict::Problem),
        }
    }

    /// The script and what it is called; `None` for a dialogue.
    fn script(&self) -> Result<Option<(String, String)>, Failure> {
        if !self.commands.is_empty() {
            return Ok(Some(("-c".into(), self.commands.join("\n"))));
        }
        match self.file.as_deref() {
            None if io::stdin().is_terminal() => Ok(None),
            None | Some("-") => Ok(Some(("<stdin>".into(), read("standard input", io::stdin())?))),
            Some(path) => {
                let file = std::fs::File::open(path)
                    .map_err(|error| Failure::request(format!("cannot open {path}: {}", reason(&error))))?;
                Ok(Some((path.to_owned(), read(path, file)?)))
            }
        }
    }
}

/// The host's words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// The lines of the kernel log that were not yet shown.
fn lines(log: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(name: &str, from: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(MOST_SCRIPT + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::request(format!("cannot read {name}: {}", reason(&error))))?;
    if bytes.len() as u64 > MOST_SCRIPT {
        return Err(Failure::request(format!("{name} is larger than 64M: no script")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::request(format!("{name}:{line}: not UTF-8 text, byte {:#04x}", error.as_bytes()[at]))
    })
}
