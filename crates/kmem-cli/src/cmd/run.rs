//! `kmem run`.

mod each;
mod junit;

use self::each::Each;
use super::print_json;
use crate::failure::{Failure, Verdict};
use crate::machine_options::{size, Era as MachineEra, MachineOptions};
use crate::script::Script;
use crate::{render, report};
use kmem::Profile;
use kmem_hosted::Displacement;
use kmem_modules::checks::{Check, Checks};
use kmem_modules::compile::{read_sources, CompileError, Era, Sources, Workspace};
use kmem_modules::coverage::{Coverage, Unreached};
use kmem_modules::fail::{Failed, Failing};
use kmem_modules::fake_device::FakeDevice;
use kmem_modules::finding::{Finding, Place};
use kmem_modules::forms;
use kmem_modules::headers::{self, MissingHeader};
use kmem_modules::load::LoadError;
use kmem_modules::run::{errno_name, KernelLines, Outcome, Run as ModuleRun, RunError};
use kmem_shell::parse::parse;
use kmem_shell::{Dialect, Ending, FileVerbs, Known, Shell, Style};
use serde_json::{json, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Compile kernel modules, load them into a machine, drive them, unload them, and report what they leaked or misused
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kmem run modules/student.c
  kmem run modules/scullc.c --do 'echo hello > /dev/scullc0' --do 'cat /dev/scullc0'
  kmem run --fail each modules/student.c

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
    /// Make allocations of the modules fail: each (all of them, one after the other, each in a run of its own), nth=N,
    /// prob=P[,seed=S], size>=N, site=FILE:LINE, none
    #[arg(long, value_name = "HOW", default_value = "none", hide_default_value = true, value_parser = Failing::parse,
        overrides_with = "fail")]
    fail: Failing,
    /// This is one run of `--fail each`; the objects are in this folder
    #[arg(long, value_name = "DIR", hide = true)]
    child: Option<PathBuf>,
    /// End a module when a call into it takes more CPU time than this; 0: never
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, overrides_with = "timeout")]
    timeout: Duration,
    /// Write which lines of the modules ran, over all runs, as an lcov tracefile
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Write the results as JUnit XML, for CI servers
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
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
    /// Bytes of the modules' stack [default: the kernel's, 8K; 16K on 64-bit machines]
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
        for (given, option) in [(self.trace.is_some(), "--trace"), (self.report.is_some(), "--report")] {
            if given {
                return Err(Failure::request(format!("{option}: not in this version")));
            }
        }
        if self.fail == Failing::Each {
            each::check_script(self)?;
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
        let workspace = match &self.child {
            Some(folder) => Workspace::of_another(folder.clone()),
            None => Workspace::new(self.keep).map_err(compile_failure)?,
        };
        if self.keep && self.child.is_none() {
            report::kernel_line(&format!("kmem: the compiled files are in {}", workspace.folder().display()));
        }
        let sources = Sources {
            files: self.files.clone(),
            defines: self.defines.clone(),
            includes: self.includes.clone(),
            configs: self.configs.clone(),
            checks: self.check,
            stack_bytes: self.stack,
            fail: self.fail.clone(),
            timeout: Some(self.timeout).filter(|time| !time.is_zero()),
            coverage: self.coverage.is_some(),
        };
        let is_document = self.json || self.child.is_some();
        let output = Output { collected: is_document.then(Rc::default), open_line: Rc::default() };
        let sink = output.clone();
        let sink = Box::new(move |line: &str| sink.line(line));
        let run = ModuleRun::new(kernel, kernel_lines, &workspace, &sources, era, sink);
        let mut run = run.map_err(|error| {
            let notes = notes(&error, &sources, era);
            let failure = run_failure(error);
            notes.iter().for_each(|note| say(note));
            failure
        })?;
        if self.time {
            run.stamp_lines();
        }
        run.session().set_seed(self.seed);
        run.add_devices(&self.devices).map_err(|why| Failure::request(format!("--device: {why}")))?;
        for param in &self.params {
            run.set_param(param).map_err(run_failure)?;
        }
        let session = run.session();
        let scripted = self.drive(&mut run, script.as_ref(), output.clone())?;
        let outcome = run.finish();
        if self.child.is_some() {
            let document = Document { outcome: &outcome, scripted, each: None, coverage: None };
            print_json(out, &document.to_json(&output))?;
            return Ok(verdict(&outcome, scripted, None));
        }
        let each = match (&self.fail, outcome.asked) {
            (Failing::Each, Some(count)) => Some(Each::run(self, workspace.folder(), count, &outcome.findings)?),
            _ => None,
        };
        drop(workspace);
        let coverage = self.coverage.as_ref().map(|path| {
            let mut runs = each.as_ref().map_or(BTreeMap::new(), |each| each.blocks.clone());
            outcome.blocks.iter().flatten().for_each(|block| *runs.entry(*block).or_default() += 1);
            (path, session.coverage(&runs))
        });
        let coverage = match coverage {
            Some((path, coverage)) => {
                write_file(path, &coverage.to_lcov())?;
                Some(coverage)
            }
            None => None,
        };
        if let Some(path) = &self.junit {
            let problem = problem(&outcome, scripted);
            let names: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
            write_file(path, &junit::document(&names.join(" "), &outcome.findings, problem.as_deref(), each.as_ref()))?;
        }
        let (each, coverage) = (each.as_ref(), coverage.as_ref());
        if self.json {
            print_json(out, &Document { outcome: &outcome, scripted, each, coverage }.to_json(&output))?;
        } else {
            output.end_line();
            self.print(&outcome, each, coverage)?;
        }
        Ok(verdict(&outcome, scripted, each))
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
        let mut notes = io::stderr();
        for command in &self.commands {
            let program = shell.parse(command).map_err(|error| Failure::request(error.render("--do", command)))?;
            ending = shell.run(&program, &mut output, &mut notes)?;
            // Where allocations fail, commands do, and the next one is tried.
            if ending == Ending::Aborted || ending != Ending::Done && !self.makes_fail() {
                break;
            }
        }
        if let (Some(Script { name, text }), Ending::Done) = (script, ending) {
            let program = shell.parse(text).map_err(|error| Failure::request(error.render(name, text)))?;
            ending = shell.run(&program, &mut output, &mut notes)?;
        }
        let files = shell.finish_files(&mut output)?;
        Ok(self.makes_fail() || ending == Ending::Done && files.mismatches == 0 && files.failures == 0)
    }
    /// True when allocations are made to fail in this run: then the script need not get what it expects.
    fn makes_fail(&self) -> bool {
        !matches!(self.fail, Failing::None | Failing::Each)
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

    fn print(&self, outcome: &Outcome, each: Option<&Each>, coverage: Option<&Coverage>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if let Some((module, error)) = &outcome.init_error {
            let module = if outcome.modules > 1 { format!("{module}: ") } else { String::new() };
            writeln!(stdout, "{module}init: {error} ({})", errno_name(*error))?;
        }
        stdout.flush()?;
        let mut stderr = anstream::stderr().lock();
        let more = each.iter().flat_map(|each| &each.groups).map(|group| &group.finding);
        for finding in outcome.findings.iter().chain(more) {
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
        if let Some(coverage) = coverage {
            write!(stdout, "{}", shown_coverage(coverage))?;
        }
        if let (Some(asked), true) = (outcome.asked, self.makes_fail()) {
            let places: Vec<String> =
                outcome.failed.iter().take(3).filter_map(|it| it.place.as_ref()).map(Place::short).collect();
            let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
            let (asked, failed) = (count(asked, "allocation"), outcome.failed.len());
            writeln!(stdout, "kmem: --fail {}: {asked} asked for, {failed} failed{places}", self.fail)?;
        }
        if let Some(each) = each {
            writeln!(stdout, "{}", each.summary())?;
        }
        let found = outcome.findings.len() + each.map_or(0, |each| each.groups.len());
        writeln!(
            stdout,
            "kmem: {}, {}, {} live, {}",
            count(outcome.modules as u64, "module"),
            count(outcome.allocations, "allocation"),
            outcome.live,
            count(found as u64, "finding")
        )?;
        Ok(())
    }
}

/// As many places that never ran are named.
const UNREACHED: usize = 12;

/// Returns the lines of the summary that say what ran and what did not.
fn shown_coverage(coverage: &Coverage) -> String {
    let (ran, all) = coverage.lines();
    let mut text = format!("kmem: {ran} of {all} lines ran\n");
    let unreached = coverage.unreached(|path| fs::read_to_string(path).ok());
    for Unreached { file, lines: (first, last), label } in unreached.iter().take(UNREACHED) {
        let label = label.as_ref().map_or(String::new(), |label| format!(" ({label}:)"));
        let lines = if first == last { first.to_string() } else { format!("{first}-{last}") };
        text.push_str(&format!("kmem: never reached: {}:{lines}{label}\n", render::shown(file)));
    }
    if unreached.len() > UNREACHED {
        text.push_str(&format!("kmem: and {} more, which are in the tracefile\n", unreached.len() - UNREACHED));
    }
    text
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::Host { what: format!("writing {}: {error}", path.display()), help: None })
}

/// Reads a time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.trim_end_matches('s').parse::<f64>().ok();
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| time.as_secs() < 1 << 30).ok_or_else(|| "want seconds: 10, 0.5; 0 for no limit".to_owned())
}

/// Returns what is wrong with a run beside its findings.
fn problem(outcome: &Outcome, scripted: bool) -> Option<String> {
    match &outcome.init_error {
        Some((module, error)) => Some(format!("{module}: init: {error} ({})", errno_name(*error))),
        None => (!scripted).then(|| "a command or an expectation of the script failed".to_owned()),
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

fn verdict(outcome: &Outcome, scripted: bool, each: Option<&Each>) -> Verdict {
    let has_failed = !outcome.findings.is_empty() || outcome.kunit.failed > 0;
    if has_failed || !scripted || each.is_some_and(|each| !each.groups.is_empty()) {
        Verdict::Problem
    } else if outcome.init_error.is_some() {
        Verdict::InitError
    } else {
        Verdict::Well
    }
}

/// What the JSON document is made of.
struct Document<'a> {
    outcome: &'a Outcome,
    scripted: bool,
    each: Option<&'a Each>,
    coverage: Option<&'a Coverage>,
}

impl Document<'_> {
    fn to_json(&self, output: &Output) -> Value {
        let empty = Collected::default();
        let collected = output.collected.as_ref().map(|collected| collected.borrow());
        let collected = collected.as_deref().unwrap_or(&empty);
        let outcome = self.outcome;
        let more = self.each.iter().flat_map(|each| &each.groups).map(each::Group::to_json);
        let findings: Vec<Value> = outcome.findings.iter().map(Finding::to_json).chain(more).collect();
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
            "script_ok": self.scripted,
            "log": collected.log,
            "script": String::from_utf8_lossy(&collected.script),
            "findings": findings,
            "fail": outcome.asked.map(|asked| json!({
                "asked": asked,
                "failed": outcome.failed.iter().map(failed_json).collect::<Vec<_>>(),
            })),
            "each": self.each.map(Each::to_json),
            "coverage": self.coverage.map(coverage_json),
            // Of no use but to the run that started this one.
            "blocks": outcome.blocks.as_ref().filter(|_| self.coverage.is_none()),
        })
    }
}

fn failed_json(failed: &Failed) -> Value {
    let mut value = failed.place.as_ref().map_or_else(|| json!({}), Place::to_json);
    if let Some(object) = value.as_object_mut() {
        // The function that is called, not the one that the place is in.
        object.insert("caller".into(), object.get("function").cloned().unwrap_or_default());
        object.insert("function".into(), failed.function.clone().into());
        object.insert("number".into(), failed.number.into());
    }
    value
}

fn coverage_json(coverage: &Coverage) -> Value {
    let (ran, all) = coverage.lines();
    let unreached = coverage.unreached(|path| fs::read_to_string(path).ok());
    json!({
        "lines": all,
        "ran": ran,
        "unreached": unreached.iter().map(|it| json!({
            "file": it.file.display().to_string(), "first": it.lines.0, "last": it.lines.1, "label": it.label,
        })).collect::<Vec<_>>(),
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
