//! `--fail each`: after a run that only counts, a run for each allocation in which that one fails.
//!
//! The true addresses of a machine exist once in a process, so each of these runs is a process of its own: this program,
//! with the same arguments, `--fail nth=N`, and `--child`, which says where the objects of the first run are and has it write
//! a JSON document. As many run at once as there are CPUs. What they find is put together here: the same finding from
//! different failed allocations is told once, and what the first run had found too is not told again.

use super::Run;
use crate::failure::Failure;
use kmem_modules::finding::{Finding, FindingKind, Place};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// As many failed allocations are named with a finding, beside the first.
const NAMED: usize = 4;

/// An allocation that failed in a run of its own.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Its number.
    pub(super) number: u64,
    /// Function, file and line; empty when it was not reached.
    pub(super) shown: String,
    /// As JSON.
    value: Value,
}

/// The same finding from one or more failed allocations.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The first of them.
    pub(super) finding: Finding,
    /// The allocations with which it came about.
    pub(super) points: Vec<Point>,
}

/// What came of all runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Each {
    /// All failed allocations, in order.
    pub(super) points: Vec<Point>,
    /// What was found, in the order of the first allocation.
    pub(super) groups: Vec<Group>,
    /// In how many runs each block of the image ran.
    pub(super) blocks: BTreeMap<u32, u64>,
    /// In how many runs a KUnit case failed. It may: most want their memory.
    pub(super) kunit_failed: u64,
}

/// One run, by what it wrote.
struct Child {
    point: Point,
    findings: Vec<Finding>,
    blocks: Vec<u32>,
    kunit_failed: bool,
}

impl Each {
    /// Fails each of `count` allocations.
    ///
    /// # Errors
    /// When this program cannot be started, or what it writes cannot be read.
    pub(super) fn run(command: &Run, folder: &Path, count: u64, known: &[Finding]) -> Result<Self, Failure> {
        let next = AtomicU64::new(1);
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(count as usize);
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > count {
                    return Ok::<_, Failure>(done);
                }
                let child = Child::run(command, folder, number);
                if child.is_err() {
                    // The others need not go on.
                    next.store(count + 1, Ordering::Relaxed);
                }
                done.push(child?);
            }
        };
        let mut children = Vec::new();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                let died = |_| Err(host("a thread that waits for runs died".into()));
                children.extend(thread.join().unwrap_or_else(died)?);
            }
            Ok::<_, Failure>(())
        })?;
        children.sort_by_key(|child| child.point.number);
        Ok(Self::of(children, known))
    }
    /// Puts runs together.
    fn of(children: Vec<Child>, known: &[Finding]) -> Self {
        let known: BTreeSet<_> = known.iter().map(key).collect();
        let mut this = Self::default();
        let mut places = BTreeMap::new();
        for Child { point, findings, blocks, kunit_failed } in children {
            this.kunit_failed += u64::from(kunit_failed);
            for finding in findings {
                let key = key(&finding);
                if known.contains(&key) {
                    continue;
                }
                let at = *places.entry(key).or_insert(this.groups.len());
                if at == this.groups.len() {
                    this.groups.push(Group { finding, points: Vec::new() });
                }
                if let Some(group) = this.groups.get_mut(at) {
                    if group.points.last().is_none_or(|last| last.number != point.number) {
                        group.points.push(point.clone());
                    }
                }
            }
            blocks.into_iter().for_each(|block| *this.blocks.entry(block).or_default() += 1);
            this.points.push(point);
        }
        this.groups.iter_mut().for_each(Group::name_others);
        this
    }
    /// Returns how many allocations failed and did no harm.
    pub(super) fn clean(&self) -> usize {
        let harmful: BTreeSet<u64> = self.groups.iter().flat_map(|group| &group.points).map(|it| it.number).collect();
        self.points.len() - harmful.len()
    }
    /// Returns the line of the summary.
    pub(super) fn summary(&self) -> String {
        let (all, clean) = (self.points.len(), self.clean());
        let plural = if all == 1 { "" } else { "s" };
        let mut text = format!("kmem: {all} allocation{plural} failed once each: {clean} clean");
        if clean < all {
            let found = self.groups.len();
            let plural = if found == 1 { "" } else { "s" };
            text.push_str(&format!(", {} not ({found} finding{plural})", all - clean));
        }
        if self.kunit_failed > 0 {
            text.push_str(&format!("; KUnit cases failed with {} of them", self.kunit_failed));
        }
        text
    }
    /// Returns the document's part.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "failed": self.points.len(),
            "clean": self.clean(),
            "kunit_failed": self.kunit_failed,
            "points": self.points.iter().map(|point| &point.value).collect::<Vec<_>>(),
        })
    }
}

impl Group {
    /// Says with which other allocations it is the same.
    fn name_others(&mut self) {
        let Some((_, others)) = self.points.split_first().filter(|(_, others)| !others.is_empty()) else { return };
        let mut shown: Vec<&str> = others.iter().take(NAMED).map(|point| point.shown.as_str()).collect();
        let more = format!("{} more", others.len().saturating_sub(NAMED));
        if others.len() > NAMED {
            shown.push(&more);
        }
        self.finding.notes.push(format!("the same with others failing: {}", shown.join("; ")));
    }
    /// Returns the finding as JSON, with the allocations that failed.
    pub(super) fn to_json(&self) -> Value {
        let mut value = self.finding.to_json();
        if let Some(object) = value.as_object_mut() {
            let failing = self.points.iter().map(|point| point.value.clone()).collect();
            object.insert("failing".into(), Value::Array(failing));
        }
        value
    }
}

/// What makes a finding the same as another one: what and where, but for numbers and addresses.
fn key(finding: &Finding) -> (&'static str, Option<(String, u32)>, String) {
    let at = finding.at.as_ref().map(|at| (at.file.display().to_string(), at.line));
    let mut title = String::new();
    for word in finding.title.split_inclusive(' ') {
        title.push_str(if word.starts_with(|c: char| c.is_ascii_digit()) { "# " } else { word });
    }
    (finding.kind.name(), at, title)
}

fn host(what: String) -> Failure {
    Failure::Host { what, help: None }
}

impl Child {
    fn run(command: &Run, folder: &Path, number: u64) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| host(format!("finding this program: {error}")))?;
        let output = Command::new(program)
            .args(arguments(command, folder, number))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| host(format!("starting this program again: {error}")))?;
        Self::read(number, &output).ok_or_else(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("nothing");
            host(format!("the run with allocation {number} failing ended with {}, and said: {last}", output.status))
        })
    }
    /// Reads what a run wrote; one that was killed is a finding itself.
    fn read(number: u64, output: &Output) -> Option<Self> {
        let nowhere = Point { number, shown: format!("number {number}"), value: json!({ "number": number }) };
        if output.status.code().is_none() {
            let title = format!("the run was ended by the host: {}", output.status);
            let note = format!("with this allocation failing: number {number}; `--fail nth={number}` shows that run");
            let finding = Finding::new(FindingKind::Oops, title, None, "").note(note);
            return Some(Self { point: nowhere, findings: vec![finding], blocks: Vec::new(), kunit_failed: false });
        }
        let document: Value = serde_json::from_slice(&output.stdout).ok()?;
        let findings = document.get("findings")?.as_array()?.iter().map(Finding::from_json).collect::<Option<_>>()?;
        let failed = document.get("fail")?.get("failed")?.as_array()?;
        let point = failed.first().map_or(nowhere, |value| {
            let function = value.get("function").and_then(Value::as_str).unwrap_or("?");
            let place = Place::from_json(value).map_or(String::new(), |place| format!("{}, ", place.short()));
            Point { number, shown: format!("{place}{function}(), number {number}"), value: value.clone() }
        });
        let blocks = document
            .get("blocks")
            .and_then(Value::as_array)
            .map_or(Vec::new(), |blocks| blocks.iter().filter_map(|block| block.as_u64()?.try_into().ok()).collect());
        let kunit_failed = document.get("kunit")?.get("failed")?.as_u64()? > 0;
        Some(Self { point, findings, blocks, kunit_failed })
    }
}

/// The arguments of this program, with those of a child before the script.
fn arguments(command: &Run, folder: &Path, number: u64) -> Vec<OsString> {
    let mut all: Vec<OsString> = std::env::args_os().skip(1).collect();
    let script = if command.script.is_some() { all.len().saturating_sub(2) } else { all.len() };
    let own = [format!("--fail=nth={number}").into(), "--child".into(), folder.as_os_str().to_owned()];
    all.splice(script..script, own);
    all
}

/// A script from standard input cannot be read again for each run.
pub(super) fn check_script(command: &Run) -> Result<(), Failure> {
    if command.script.as_deref().is_some_and(|script| script.as_os_str() == "-") {
        let what = "--fail each reads the script once for each allocation, which standard input does not allow";
        return Err(Failure::request(what).help("write it to a file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(number: u64, findings: &[(&str, u32)]) -> Child {
        let point = Point { number, shown: format!("number {number}"), value: json!({ "number": number }) };
        let finding = |(title, line): &(&str, u32)| {
            let at = Place { file: "a.c".into(), line: *line, column: 1, function: "f".into() };
            Finding::new(FindingKind::Leak, *title, Some(at), "")
        };
        let findings = findings.iter().map(finding).collect();
        Child { point, findings, blocks: vec![4, number as u32], kunit_failed: number == 2 }
    }

    #[test]
    fn the_same_finding_is_told_once() {
        let known = child(0, &[("2 bytes known", 9)]).findings;
        let children = vec![
            child(1, &[("8 bytes lost", 3), ("7 bytes known", 9)]),
            child(2, &[("7 bytes known", 9)]),
            child(3, &[("16 bytes lost", 3), ("8 bytes lost", 4)]),
        ];
        let each = Each::of(children, &known);
        let numbers: Vec<Vec<u64>> =
            each.groups.iter().map(|group| group.points.iter().map(|point| point.number).collect()).collect();
        assert_eq!(numbers, [vec![1, 3], vec![3]]);
        assert_eq!(each.groups[0].finding.notes, ["the same with others failing: number 3"]);
        assert_eq!((each.clean(), each.blocks[&4]), (1, 3));
        assert_eq!(
            each.summary(),
            "kmem: 3 allocations failed once each: 1 clean, 2 not (2 findings); KUnit cases failed with 1 of them"
        );
    }
}
