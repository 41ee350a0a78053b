//! `kmem shell`.

mod interactive;

use crate::failure::{Failure, Verdict};
use crate::machine_options::MachineOptions;
use crate::script::Script;
use kmem_hosted::Displacement;
use kmem_shell::{Ending, Shell as Interpreter};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
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
    file: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineOptions,
}

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
        let Some(Script { name, text }) = script else {
            return interactive::run(&mut shell, chosen.profile.name, out);
        };
        let program = shell.parse(&text).map_err(|error| Failure::request(error.render(&name, &text)))?;
        match shell.run(&program, out, &mut io::stderr())? {
            Ending::Done => Ok(Verdict::Well),
            Ending::Failed | Ending::Aborted => Ok(Verdict::Problem),
        }
    }

    /// The script; `None` for a dialogue.
    fn script(&self) -> Result<Option<Script>, Failure> {
        if !self.commands.is_empty() {
            return Ok(Some(Script { name: "-c".into(), text: self.commands.join("\n") }));
        }
        match &self.file {
            None if io::stdin().is_terminal() => Ok(None),
            None => Script::stdin().map(Some),
            Some(path) => Script::read(path).map(Some),
        }
    }
}

/// The lines of the kernel log that were not yet shown.
fn lines(log: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
