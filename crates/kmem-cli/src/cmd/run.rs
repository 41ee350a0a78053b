//! `kmem run`.

use super::print_json;
use crate::failure::{Failure, Verdict};
use crate::machine_options::{size, Era as MachineEra, MachineOptions};
use crate::script::Script;
use crate::{render, report};
use kmem::Profile;
use kmem_hosted::Displacement;
use kmem_modules::checks::{Check, Checks};
use kmem_modules::compile::{read_sources, CompileError, Era, Sources, Workspace};
use kmem_modules::fake_device::FakeDevice;
use kmem_modules::forms;
use kmem_modules::headers::{self, MissingHeader};
use kmem_modules::load::LoadError;
use kmem_modules::run::{errno_name, KernelLines, Outcome, Run as ModuleRun, RunError};
use kmem_shell::parse::parse;
use kmem_shell::{Dialect, Ending, FileVerbs, Known, Shell, Style};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Compile kernel modules, load them into a machine, drive them, unload them, and report what they leaked or misused
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem run modules/student.c
  kmem run modules/scullc.c --do 'echo hello > /dev/scullc0' --do 'cat /dev/scullc0'

Exit status: 0 clean; 1 a finding or a failed expectation; 2 usage or compile error; 3 an init returned an error and \
nothing else is wrong; 4 the host refused.")]
pub struct Run {
    /// The modules' C sources; all files form one image, their inits run in this order
    #[arg(required = true, value_name = "FILE.c")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    machine: MachineOptions,
    /// Set a module parameter
    #[arg(long = "param", value_name = "[MODULE.]NAME=VALUE")]
    params: Vec<String>,
    /// Define a macro
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    defines: Vec<String>,
    /// Search a folder for headers, before kmem's own
    #[arg(short = 'I', value_name = "DIR")]
    includes: Vec<PathBuf>,
    /// Set a kernel configuration option
    #[arg(short = 'C', value_name = "CONFIG_X=y")]
    configs: Vec<String>,
    /// Run a command of the shell language once the modules are loaded; may be repeated
    #[arg(long = "do", value_name = "COMMAND", allow_hyphen_values = true)]
    commands: Vec<String>,
    /// Put a device on the machine, with registers and an interrupt; may be repeated
    #[arg(
        long = "device",
        value_name = "NAME[,mmio=SIZE][,irq=N][,of=COMPATIBLE][,pci=VENDOR:DEVICE][,prop.KEY=VALUE]",
        value_parser = FakeDevice::parse
    )]
    devices: Vec<FakeDevice>,
    /// Let tasks run in an order that this number decides [default: in turn]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    seed: u32,
    /// Fail allocations (not in this version)
    #[arg(long, value_name = "HOW", hide = true)]
    fail: Option<String>,
    /// Write a trace (not in this version)
    #[arg(long, value_name = "FILE", hide = true)]
    trace: Option<PathBuf>,
    /// Write a report (not in this version)
    #[arg(long, value_name = "FILE.html", hide = true)]
    report: Option<PathBuf>,
    /// The checks to make, separated by commas: leak, kasan, double-free, mismatch, atomic-sleep, null, stack, misuse;
    /// `-NAME` all but that one, `none`, `all`
    #[arg(long, value_name = "LIST", default_value = "all", allow_hyphen_values = true, value_parser = Checks::parse)]
    check: Checks,
    /// Bytes of the modules' stack, 8K if not given
    #[arg(long, value_name = "SIZE", value_parser = stack)]
    stack: Option<u32>,
    /// Begin the lines of the log with the machine's time
    #[arg(long)]
    time: bool,
    /// Leave the compiled files and say where they are
    #[arg(long)]
    keep: bool,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// A driver script, or `-` for standard input
    #[arg(last = true, value_name = "SCRIPT")]
    script: Option<PathBuf>,
}

/// What goes to stdout: at once, or into the JSON document.
#[derive(Clone)]
struct Output {
    collected: Option<Rc<RefCell<Collected>>>,
    /// True when the script's output stopped in the middle of a line.
    open_line: Rc<Cell<bool>>,
}

/// What the JSON document will hold.
#[derive(Default)]
struct Collected {
    log: Vec<String>,
    script: Vec<u8>,
}

impl Output {
    fn line(&self, line: &str) {
        match &self.collected {
            Some(collected) => collected.borrow_mut().log.push(line.to_owned()),
            None => {
                // A reader that went away misses the rest; the exit status still tells.
                self.end_line();
                let _ = writeln!(io::stdout(), "{line}");
            }
        }
    }
    /// Ends a line that a device's raw bytes left open: printk lines and the summary begin lines of their own.
    fn end_line(&self) {
        if self.open_line.replace(false) {
            let _ = writeln!(io::stdout());
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.collected {
            Some(collected) => collected.borrow_mut().script.extend_from_slice(bytes),
            None => {
                io::stdout().write_all(bytes)?;
                if let Some(last) = bytes.last() {
                    self.open_line.set(*last != b'\n');
                }
            }
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl Run {
    /// Runs the modules.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        for (given, option) in [
            (self.fail.as_deref().is_some_and(|how| how != "none"), "--fail"),
            (self.trace.is_some(), "--trace"),
            (self.report.is_some(), "--report"),
        ] {
            if given {
                return Err(Failure::request(format!("{option}: not in this version")));
            }
        }
        let script = self.script.as_deref().map(Script::read).transpose()?;
        let era = match (read_sources(&self.files).map_err(compile_failure)?, self.machine.era) {
            (_, Some(MachineEra::Old)) => Era::Old,
            (_, Some(MachineEra::Modern)) => Era::Modern,
            (era, None) => {
                let texts = self.files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
                texts.filter_map(|text| Era::note(&text)).take(1).for_each(|note| say(&note));
                era
            }
        };
        let chosen = self.machine.choose(&mut io::stderr())?;
        self.check_syntax(chosen.profile, script.as_ref())?;
        let kernel_lines = KernelLines::default();
        let kernel = chosen.boot_built(self.check.has(Check::Kasan), Displacement::True, {
            let lines = Arc::clone(&kernel_lines);
            move |line| {
                if let Ok(mut lines) = lines.lock() {
                    lines.push(line.to_owned());
                }
            }
        })?;
        let workspace = Workspace::new(self.keep).map_err(compile_failure)?;
        if self.keep {
            report::kernel_line(&format!("kmem: the compiled files are in {}", workspace.folder().display()));
        }
        let sources = Sources {
            files: self.files.clone(),
            defines: self.defines.clone(),
            includes: self.includes.clone(),
            configs: self.configs.clone(),
            checks: self.check,
            stack_bytes: self.stack,
        };
        let output = Output { collected: self.json.then(Rc::default), open_line: Rc::default() };
        let sink = output.clone();
        let sink = Box::new(move |line: &str| sink.line(line));
        let run = ModuleRun::new(kernel, kernel_lines, &workspace, &sources, era, sink);
        let mut run = run.map_err(|error| {
            let notes = notes(&error, &sources, era);
            let failure = run_failure(error);
            notes.iter().for_each(|note| say(note));
            failure
        })?;
        // What was compiled is loaded: nothing stays behind, however this ends.
        drop(workspace);
        if self.time {
            run.stamp_lines();
        }
        run.session().set_seed(self.seed);
        run.add_devices(&self.devices).map_err(|why| Failure::request(format!("--device: {why}")))?;
        for param in &self.params {
            run.set_param(param).map_err(run_failure)?;
        }
        let scripted = self.drive(&mut run, script.as_ref(), output.clone())?;
        let outcome = run.finish();
        if let Some(collected) = &output.collected {
            print_json(out, &document(&outcome, &collected.borrow(), scripted))?;
        } else {
            output.end_line();
            self.print(&outcome)?;
        }
        Ok(verdict(&outcome, scripted))
    }

    /// Loads the modules and runs the commands and the script. False when an expectation failed.
    fn drive(&self, run: &mut ModuleRun, script: Option<&Script>, mut output: Output) -> Result<bool, Failure> {
        let session = run.session();
        run.init();
        if run.init_failed() || session.is_dead() {
            return Ok(true);
        }
        let style = if script.is_some() { Style::Script } else { Style::Do };
        let mut shell = Shell::new(&session.kernel).with_devices(run, style);
        let mut ending = Ending::Done;
        for command in &self.commands {
            let program = shell.parse(command).map_err(|error| Failure::request(error.render("--do", command)))?;
            ending = shell.run(&program, &mut output, &mut io::stderr())?;
            if ending != Ending::Done {
                break;
            }
        }
        if let (Some(Script { name, text }), Ending::Done) = (script, ending) {
            let program = shell.parse(text).map_err(|error| Failure::request(error.render(name, text)))?;
            ending = shell.run(&program, &mut output, &mut io::stderr())?;
        }
        let files = shell.finish_files(&mut output)?;
        Ok(ending == Ending::Done && files.mismatches == 0 && files.failures == 0)
    }

    /// Parses what is to be run, so that a slip is said before anything runs.
    fn check_syntax(&self, profile: &'static Profile, script: Option<&Script>) -> Result<(), Failure> {
        let dialect = Dialect { profile, files: FileVerbs::Present };
        let commands = self.commands.join("\n");
        let script = script.map(|script| (script.name.as_str(), script.text.as_str()));
        for (name, text) in [("--do", commands.as_str())].into_iter().chain(script) {
            parse(text, dialect, Known::nothing()).map_err(|error| Failure::request(error.render(name, text)))?;
        }
        Ok(())
    }

    fn print(&self, outcome: &Outcome) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if let Some((module, error)) = &outcome.init_error {
            let module = if outcome.modules > 1 { format!("{module}: ") } else { String::new() };
            writeln!(stdout, "{module}init: {error} ({})", errno_name(*error))?;
        }
        stdout.flush()?;
        let mut stderr = anstream::stderr().lock();
        for finding in &outcome.findings {
            writeln!(stderr, "{}", render::finding(finding))?;
        }
        let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        for pool in outcome.pools.iter().filter(|pool| pool.reserved > 0) {
            let place = pool.place.as_ref().map(|place| format!(", {}:{}", place.file.display(), place.line));
            let place = place.unwrap_or_default();
            let kept = count(pool.reserved.into(), "element");
            writeln!(
                stderr,
                "kmem: a memory pool kept {kept}, {} bytes idle ({}(){place})",
                pool.bytes, pool.function
            )?;
        }
        writeln!(
            stdout,
            "kmem: {}, {}, {} live, {}",
            count(outcome.modules as u64, "module"),
            count(outcome.allocations, "allocation"),
            outcome.live,
            count(outcome.findings.len() as u64, "finding")
        )?;
        Ok(())
    }
}

/// Reads the size of a stack.
fn stack(text: &str) -> Result<u32, String> {
    const SIZES: RangeInclusive<u64> = 4 << 10..=256 << 10;
    let bytes = size(text)?;
    if SIZES.contains(&bytes) && bytes % 4096 == 0 {
        Ok(bytes as u32)
    } else {
        Err("a stack has whole pages, from 4K to 256K".to_owned())
    }
}

fn verdict(outcome: &Outcome, scripted: bool) -> Verdict {
    if !outcome.findings.is_empty() || outcome.kunit.failed > 0 || !scripted {
        Verdict::Problem
    } else if outcome.init_error.is_some() {
        Verdict::InitError
    } else {
        Verdict::Well
    }
}

fn document(outcome: &Outcome, collected: &Collected, scripted: bool) -> serde_json::Value {
    json!({
        "schema": "kmem.run/1",
        "modules": outcome.modules,
        "allocations": outcome.allocations,
        "live": outcome.live,
        "pools": outcome.pools.iter().map(|pool| json!({
            "function": pool.function,
            "file": pool.place.as_ref().map(|place| place.file.display().to_string()),
            "line": pool.place.as_ref().map(|place| place.line),
            "reserved": pool.reserved,
            "idle_bytes": pool.bytes,
        })).collect::<Vec<_>>(),
        "init_error": outcome.init_error.as_ref().map(|(module, error)| json!({
            "module": module, "error": error, "name": errno_name(*error),
        })),
        "kunit": json!({
            "passed": outcome.kunit.passed, "failed": outcome.kunit.failed, "skipped": outcome.kunit.skipped,
        }),
        "script_ok": scripted,
        "log": collected.log,
        "script": String::from_utf8_lossy(&collected.script),
        "findings": outcome.findings.iter().map(kmem_modules::finding::Finding::to_json).collect::<Vec<_>>(),
    })
}

fn say(text: &str) {
    report::kernel_line(&format!("kmem: {text}"));
}

/// Returns what kmem knows of headers and calls that a compiler stumbles over.
fn notes(error: &RunError, sources: &Sources, era: Era) -> Vec<String> {
    let RunError::Compile(CompileError::Refused { path, output }) = error else { return Vec::new() };
    let mut notes = Vec::new();
    if let Some(missing) = MissingHeader::in_output(output) {
        notes.push(missing.text());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let others = headers::also_missing(&text, &missing.name, &sources.includes);
        if !others.is_empty() {
            let others: Vec<String> = others.iter().map(|name| format!("<{name}>")).collect();
            notes.push(format!("{} wants more that is not provided: {}", path.display(), others.join(", ")));
        }
    }
    notes.extend(forms::notes(output, era));
    notes
}

fn compile_failure(error: CompileError) -> Failure {
    match error {
        CompileError::Refused { path, output } => {
            // The compiler's own words, with its own places.
            let _ = io::stderr().lock().write_all(output.as_bytes());
            Failure::request(format!("{} does not compile", path.display()))
        }
        CompileError::Host { .. } => Failure::Host { what: error.to_string(), help: None },
        _ => Failure::request(error.to_string()),
    }
}

fn run_failure(error: RunError) -> Failure {
    match error {
        RunError::Compile(error) => compile_failure(error),
        RunError::Load(LoadError::Unknown(symbols)) => {
            let lines = symbols.iter().map(|unknown| match &headers::near_names(&unknown.symbol)[..] {
                [] => unknown.to_string(),
                near => format!("{unknown} (nearest: {})", near.join(", ")),
            });
            Failure::request(lines.collect::<Vec<_>>().join("\n"))
        }
        RunError::Exec(_) | RunError::Host(_) | RunError::NoShadow(_) => {
            Failure::Host { what: error.to_string(), help: None }
        }
        _ => Failure::request(error.to_string()),
    }
}
