//! Modules of `tests/c`, compiled, loaded and driven: what tests of tasks and devices have in common.

#![allow(dead_code)] // each test file uses some of it

use kmem::boot::BootParams;
use kmem::profile;
use kmem_hosted::{boot, Displacement};
use kmem_modules::compile::{read_sources, Era, Sources, Workspace};
use kmem_modules::fake_device::FakeDevice;
use kmem_modules::finding::Finding;
use kmem_modules::place;
use kmem_modules::run::{KernelLines, Outcome, Run};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// How a module is run.
#[derive(Clone)]
pub struct Setup {
    pub machine: &'static str,
    pub era: Option<Era>,
    pub cpus: u32,
    pub seed: u32,
    pub defines: Vec<String>,
    pub devices: Vec<&'static str>,
}

impl Setup {
    pub fn on(machine: &'static str) -> Self {
        Self { machine, era: None, cpus: 1, seed: 0, defines: Vec::new(), devices: Vec::new() }
    }
    /// The machine and API of 2.6.
    pub fn old() -> Self {
        Self { era: Some(Era::Old), ..Self::on("linux-2.6-i386") }
    }

    /// Compiles and runs a module of `tests/c`; returns its log and how it went.
    pub fn run(&self, file: &str, drive: impl FnOnce(&mut Run)) -> (Vec<String>, Outcome) {
        // The room below 4 GiB is enough for one of the larger machines.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let profile = profile::by_name(self.machine).unwrap();
        let kernel_lines = KernelLines::default();
        let lines = Arc::clone(&kernel_lines);
        let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
        let params = BootParams { cpus: self.cpus, ram_bytes: profile.default_ram, ..BootParams::new(profile) };
        let (profile, displacement) = place::for_modules(profile, &params, Displacement::Below4G).unwrap();
        let kernel = boot(profile, &params, displacement, console).unwrap();
        let files = vec![source(file)];
        let era = self.era.unwrap_or(read_sources(&files).unwrap());
        let workspace = Workspace::new(false).unwrap();
        let sources = Sources { files, defines: self.defines.clone(), ..Sources::default() };
        let log = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&log);
        let sink = Box::new(move |line: &str| sink.borrow_mut().push(line.to_owned()));
        let mut run =
            Run::new(kernel, kernel_lines, &workspace, &sources, era, sink).unwrap_or_else(|error| panic!("{error}"));
        run.session().set_seed(self.seed);
        let devices: Vec<_> = self.devices.iter().map(|text| FakeDevice::parse(text).unwrap()).collect();
        run.add_devices(&devices).unwrap();
        run.init();
        if !run.session().is_dead() {
            drive(&mut run);
        }
        let session = run.session();
        let outcome = run.finish();
        session.kernel.verify().unwrap();
        let lines = log.borrow().clone();
        (lines, outcome)
    }
}

pub fn source(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(file)
}

pub fn clean(outcome: &Outcome) {
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert_eq!((outcome.live, &outcome.init_error), (0, &None));
}

/// Reads a file to its end.
pub fn cat(run: &Run, path: &str) -> String {
    let handle = run.open(path, 0).unwrap_or_else(|error| panic!("{path}: {error:?}"));
    let mut all = Vec::new();
    loop {
        let part = run.read(handle, 4096).unwrap_or_else(|error| panic!("{path}: {error:?}"));
        if part.is_empty() {
            break;
        }
        all.extend(part);
    }
    run.close(handle).unwrap();
    String::from_utf8(all).unwrap()
}
pub fn echo(run: &Run, text: &str, path: &str) {
    let handle = run.open(path, 1).unwrap_or_else(|error| panic!("{path}: {error:?}"));
    assert_eq!(run.write(handle, text.as_bytes()), Ok(text.len() as u32), "{path}");
    run.close(handle).unwrap();
}

/// A fault that a source is marked with: `FAULT n` chooses it, `BUG n KIND` stands at its line.
pub struct Marked {
    pub number: u32,
    pub kind: String,
    pub line: u32,
    /// Lines with `SECOND n`.
    pub second: Vec<u32>,
}

/// Reads the marks of a source.
pub fn marks(file: &str) -> Vec<Marked> {
    let text = std::fs::read_to_string(source(file)).unwrap();
    let marked = |mark: &str| -> Vec<(u32, u32, String)> {
        let mut found = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let Some((_, rest)) = line.split_once(&format!("/* {mark} ")) else { continue };
            let mut words = rest.split_whitespace();
            let number = words.next().unwrap().parse().unwrap();
            found.push((number, index as u32 + 1, words.next().unwrap().to_owned()));
        }
        found
    };
    let seconds = marked("SECOND");
    let mut all: Vec<_> = marked("BUG")
        .into_iter()
        .map(|(number, line, kind)| {
            let second = seconds.iter().filter(|(of, ..)| *of == number).map(|(_, line, _)| *line).collect();
            Marked { number, kind, line, second }
        })
        .collect();
    all.sort_by_key(|mark| mark.number);
    all
}

/// Checks that a run found a marked fault at its line.
pub fn is_found(mark: &Marked, findings: &[Finding]) -> Result<(), String> {
    let Some(finding) = findings.first() else { return Err("nothing was found".into()) };
    let (kind, line) = (finding.kind.name(), finding.at.as_ref().map(|at| at.line));
    if kind != mark.kind || line != Some(mark.line) {
        return Err(format!("{kind} at {line:?}, want {} at {}: {}", mark.kind, mark.line, finding.title));
    }
    for second in &mark.second {
        if !finding.also.iter().any(|(place, _)| place.line == *second) {
            return Err(format!("line {second} is not named: {:?}", finding.also));
        }
    }
    Ok(())
}

/// Runs a source once without a fault and once with each that it is marked with.
pub fn all_found(setup: &Setup, file: &str, drive: impl Fn(&mut Run)) {
    let with = |number: u32| Setup { defines: vec![format!("FAULT={number}")], ..setup.clone() };
    let (lines, outcome) = with(0).run(file, &drive);
    assert!(outcome.findings.is_empty(), "without a fault: {lines:#?} {:#?}", outcome.findings);
    clean(&outcome);
    let marks = marks(file);
    assert!(marks.len() > 15, "the marks are not read");
    let mut failures = Vec::new();
    for mark in marks {
        let (_, outcome) = with(mark.number).run(file, &drive);
        if let Err(why) = is_found(&mark, &outcome.findings) {
            failures.push(format!("fault {}: {why}", mark.number));
        } else if outcome.findings.len() > 1 {
            let titles: Vec<_> = outcome.findings.iter().map(|finding| &finding.title).collect();
            failures.push(format!("fault {}: more than one finding: {titles:#?}", mark.number));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
