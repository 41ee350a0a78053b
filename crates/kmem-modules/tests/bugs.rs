//! Seeded bugs: small modules with one bug each, which must be found at its line and nothing else, and their twins without
//! it, one line different, which must be silent. `bugs/bug.h` says how the files are written.

use kmem::boot::BootParams;
use kmem::profile;
use kmem_hosted::{boot, Displacement};
use kmem_modules::checks::Checks;
use kmem_modules::compile::{read_sources, Era, Sources, Workspace};
use kmem_modules::finding::Finding;
use kmem_modules::place;
use kmem_modules::run::{Failed, KernelLines, Run};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A module with a bug.
struct Bug {
    name: String,
    text: String,
    /// Another file of the same module set, relative to the folder.
    with: Option<String>,
    machine: String,
    /// The machine is its own choice: the bug is one of that kind of machine.
    is_bound: bool,
    ram_bytes: Option<u64>,
    /// What is done to its device: verb and argument.
    acts: Vec<(String, String)>,
    kind: String,
    /// File name and line.
    place: (String, u32),
    /// Its line on a 64-bit machine, if it is another.
    wide_line: Option<u32>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bugs")
}

/// Returns the text of `/* KEY: text */` in a line.
fn mark<'line>(line: &'line str, key: &str) -> Option<&'line str> {
    let (_, rest) = line.split_once(&format!("/* {key}: "))?;
    rest.split_once(" */").map(|(text, _)| text)
}

impl Bug {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let run = text.lines().find_map(|line| mark(line, "RUN")).unwrap_or_default().to_owned();
        let words = || run.split(' ').filter_map(|word| word.split_once('='));
        let value = |key: &str| words().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned());
        let with = value("with");
        let other = with.as_ref().map(|with| (with, fs::read_to_string(folder().join(with)).unwrap()));
        let own = format!("{name}.c");
        let files = [(&own, &text)].into_iter().chain(other.iter().map(|(name, text)| (*name, text)));
        let found: Vec<_> = files
            .flat_map(|(file, text)| {
                let base = Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
                let lines = text.lines().enumerate();
                lines.filter_map(move |(n, line)| Some((base.clone(), n as u32 + 1, mark(line, "BUG")?.to_owned())))
            })
            .collect();
        let [(file, line, kind)] = found.as_slice() else { panic!("{name}: one BUG mark, not {found:?}") };
        let acts = words().filter(|(verb, _)| ["write", "read", "ioctl"].contains(verb));
        Self {
            with,
            machine: value("machine").unwrap_or_else(|| "i386-pae-6.1".into()),
            is_bound: value("machine").is_some(),
            ram_bytes: value("ram").map(|ram| ram.trim_end_matches('G').parse::<u64>().unwrap() << 30),
            acts: acts.map(|(verb, argument)| (verb.to_owned(), argument.to_owned())).collect(),
            kind: kind.clone(),
            place: (file.clone(), *line),
            wide_line: text.lines().position(|line| mark(line, "BUG64").is_some()).map(|n| n as u32 + 1),
            name,
            text,
        }
    }
    /// Returns the text without the bug: the marked line is another.
    fn fixed(&self) -> String {
        let marks = self.text.lines().filter(|line| mark(line, "FIX").is_some()).count();
        assert_eq!(marks, 1, "{}: one line is to be fixed", self.name);
        let fixed = |line: &str| mark(line, "FIX").map_or(line.to_owned(), |fix| format!("\t{fix}"));
        self.text.lines().map(|line| fixed(line) + "\n").collect()
    }
    /// Runs a text in place of the file's; returns what was found. Tests run beside each other: `which` is its own.
    fn run(&self, which: &str, text: &str, checks: Checks) -> Result<Vec<Finding>, String> {
        // Two machines with the shadows of their memory do not always fit below 4 GiB.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let place = std::env::temp_dir().join(format!("kmem-{which}-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let own = place.join(format!("{}.c", self.name));
        fs::write(&own, text).unwrap();
        // The other file first: it has what this one calls.
        let files: Vec<_> = self.with.iter().map(|with| folder().join(with)).chain([own]).collect();
        let profile = profile::by_name(&self.machine).unwrap();
        let plain = BootParams::new(profile);
        let ram_bytes = self.ram_bytes.unwrap_or(plain.ram_bytes);
        let params = BootParams { ram_bytes, kasan: checks != Checks::NONE, ..plain };
        let (profile, displacement) = place::for_modules(profile, &params, Displacement::Below4G).unwrap();
        let kernel_lines = KernelLines::default();
        let lines = Arc::clone(&kernel_lines);
        let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
        let kernel = boot(profile, &params, displacement, console).unwrap();
        let era = read_sources(&files).unwrap();
        let workspace = Workspace::new(false).unwrap();
        let sources = Sources { files, includes: vec![folder()], checks, ..Sources::default() };
        let run = Run::new(kernel, kernel_lines, &workspace, &sources, era, Box::new(|_| ()));
        let mut run = run.map_err(|error| format!("{error}: {error:?}"))?;
        run.init();
        let failed = run.init_failed();
        for (verb, argument) in &self.acts {
            self.act(&run, verb, argument)?;
        }
        let session = run.session();
        let findings = run.finish().findings;
        if failed && !session.is_dead() {
            return Err(format!("its init returned an error, and{}", told(&findings)));
        }
        session.kernel.verify().map_err(|broken| broken.to_string())?;
        Ok(findings)
    }
    fn act(&self, run: &Run, verb: &str, argument: &str) -> Result<(), String> {
        let handle = run.open("/dev/bug", 2).map_err(|error| format!("open: {error:?}"))?;
        let done = match verb {
            "write" => run.write(handle, argument.as_bytes()).map(drop),
            "read" => run.read(handle, argument.parse().unwrap()).map(drop),
            _ => {
                let (command, argument) = argument.split_once(':').unwrap();
                let argument = u32::from_str_radix(argument.trim_start_matches("0x"), 16).unwrap();
                run.ioctl(handle, command.parse().unwrap(), argument).map(drop)
            }
        };
        match done {
            Err(Failed::Died) => Err(format!("{verb}: the module died")),
            _ => run.close(handle).map_err(|error| format!("close: {error:?}")),
        }
    }
}

fn bugs() -> Vec<Bug> {
    let files = fs::read_dir(folder()).unwrap().flatten().map(|entry| entry.path());
    let files: BTreeSet<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "c")).collect();
    // For work on one of them.
    let only = std::env::var("BUG").unwrap_or_default();
    files.iter().map(|path| Bug::read(path)).filter(|bug| bug.name.contains(&only)).collect()
}

fn told(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let at = finding.at.as_ref().map_or("nowhere".into(), |at| format!("{}:{}", at.file.display(), at.line));
        format!("\n    {} at {at}: {}", finding.kind.name(), finding.title)
    };
    findings.iter().map(line).collect()
}

/// Those that are bugs on a 64-bit machine too, there.
fn bugs_of_64_bits() -> Vec<Bug> {
    let is_free = |bug: &Bug| !bug.is_bound && Era::of(&bug.text) == Era::Modern;
    let there = |bug: Bug| {
        let (file, line) = bug.place;
        Bug { machine: "amd64-6.12".into(), place: (file, bug.wide_line.unwrap_or(line)), ..bug }
    };
    bugs().into_iter().filter(is_free).map(there).collect()
}

#[test]
fn every_bug_is_found_at_its_line_and_no_other() {
    are_found(&bugs());
}

#[test]
fn every_bug_is_found_on_a_64_bit_machine() {
    are_found(&bugs_of_64_bits());
}

fn are_found(bugs: &[Bug]) {
    let mut wrong = Vec::new();
    for bug in bugs {
        let findings = bug.run("bug", &bug.text, Checks::ALL);
        let is_it = |finding: &Finding| {
            let at = finding.at.as_ref();
            let file = at.and_then(|at| at.file.file_name()).map(|file| file.to_string_lossy().into_owned());
            finding.kind.name() == bug.kind && at.zip(file).is_some_and(|(at, file)| (file, at.line) == bug.place)
        };
        let found = match &findings {
            Ok(findings) if matches!(findings.as_slice(), [finding] if is_it(finding)) => continue,
            Ok(findings) => told(findings),
            Err(why) => format!(" {why}"),
        };
        wrong.push(format!("{}: want {} at {:?}, found:{found}", bug.name, bug.kind, bug.place));
    }
    assert!(wrong.is_empty(), "{} of {} bugs:\n{}", wrong.len(), bugs.len(), wrong.join("\n"));
    assert!(bugs.len() >= 40 || std::env::var_os("BUG").is_some());
}

#[test]
fn without_its_bug_each_module_is_silent() {
    are_silent(&bugs());
}

#[test]
fn without_its_bug_each_module_is_silent_on_a_64_bit_machine() {
    are_silent(&bugs_of_64_bits());
}

fn are_silent(bugs: &[Bug]) {
    let twin = |bug: &Bug| match bug.run("twin", &bug.fixed(), Checks::ALL) {
        Ok(findings) if findings.is_empty() => None,
        Ok(findings) => Some(format!("{}: found:{}", bug.name, told(&findings))),
        Err(why) => Some(format!("{}: {why}", bug.name)),
    };
    let wrong: Vec<_> = bugs.iter().filter_map(twin).collect();
    assert!(wrong.is_empty(), "{} of {} twins:\n{}", wrong.len(), bugs.len(), wrong.join("\n"));
}
