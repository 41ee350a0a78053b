//! The kernel's own test and sample modules, run by `kmem run` as anybody would: they must compile unmodified and give what
//! a real Linux gives. Which ones, and what they give, is `crates/kmem-modules/tests/kernel_modules.tsv`.

use crate::process::{cargo, command, run};
use crate::{kernel_source, repo};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// The list, from the top of the repository.
const LIST: &str = "crates/kmem-modules/tests/kernel_modules.tsv";
/// What begins so is ours and not the source's.
const OURS: &str = "tests/";
/// Seconds that a module may take.
const TIME_LIMIT: &str = "300";

/// The machine of the kernel that most of the source is of; the default one has another word size and version.
const OF_THE_SOURCE: (&str, &str) = ("6.12", "amd64-6.12");

/// A row of the list.
#[derive(Clone)]
struct Row {
    name: String,
    release: String,
    files: Vec<String>,
    staged: Vec<String>,
    options: Vec<String>,
    script: Option<String>,
    expected: Vec<String>,
}

impl Row {
    /// The same on a 64-bit machine, where the row names none.
    fn on_64_bits(&self) -> Option<Self> {
        let (release, machine) = OF_THE_SOURCE;
        let names_one = self.options.iter().any(|option| option.starts_with("--machine"));
        let options = self.options.iter().map(String::as_str).chain(["--machine", machine]);
        (self.release == release && !names_one).then(|| Self {
            name: format!("{}@{machine}", self.name),
            options: options.map(str::to_owned).collect(),
            ..self.clone()
        })
    }
    fn parse(line: &str) -> Result<Self, String> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, release, files, staged, options, script, expected] = cells[..] else {
            return Err(format!("{LIST}: want 7 cells, found {}: {line}", cells.len()));
        };
        let words = |cell: &str| cell.split(' ').filter(|word| *word != "-").map(str::to_owned).collect();
        Ok(Self {
            name: name.to_owned(),
            release: release.to_owned(),
            files: words(files),
            staged: words(staged),
            options: words(options),
            script: Some(script).filter(|script| *script != "-").map(str::to_owned),
            expected: expected.split(" ; ").map(str::to_owned).collect(),
        })
    }
    /// Returns the files of the source that the row needs.
    fn sources(&self) -> impl Iterator<Item = String> + '_ {
        let files = self.files.iter().filter(|file| !file.starts_with(OURS)).cloned();
        files.chain(self.staged.iter().map(|header| source_of(header)))
    }
}

/// Returns where in the source a staged header lies: it is named as seen from `include/`.
fn source_of(header: &str) -> String {
    header.strip_prefix("../").map_or_else(|| format!("include/{header}"), str::to_owned)
}

/// Runs the modules whose name contains one of `names`, all without any; fails when one does not give what it must.
pub fn run_all(names: &[&str]) -> Result<(), String> {
    let rows = read_list(names)?;
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in &rows {
        wanted.entry(&row.release).or_default().extend(row.sources());
    }
    let trees = wanted
        .into_iter()
        .map(|(release, files)| Ok((release, kernel_source::provide(release, &files)?)))
        .collect::<Result<BTreeMap<_, _>, String>>()?;
    let kmem = build()?;
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    println!();
    let mut failed = 0;
    for row in &rows {
        let start = Instant::now();
        let wrong = trees.get(row.release.as_str()).ok_or_else(|| "no source".to_owned());
        let wrong = wrong.and_then(|tree| check(row, tree, &kmem));
        let seconds = start.elapsed().as_secs_f64();
        match wrong {
            Ok(()) => println!("  pass  {:width$}  {seconds:6.1} s", row.name),
            Err(why) => {
                failed += 1;
                println!("  FAIL  {:width$}  {seconds:6.1} s  {}", row.name, why.replace('\n', "\n        "));
            }
        }
    }
    println!("\n{} modules of the kernel's source pass, {failed} do not", rows.len() - failed);
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {} modules do not give what a real Linux gives", rows.len()))
    }
}

fn read_list(names: &[&str]) -> Result<Vec<Row>, String> {
    let text = fs::read_to_string(repo::root().join(LIST)).map_err(|why| format!("{LIST}: {why}"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(Row::parse).collect::<Result<Vec<_>, _>>()?;
    let rows = rows.into_iter().flat_map(|row| [row.on_64_bits(), Some(row)]).flatten();
    let rows: Vec<Row> =
        rows.filter(|row| names.is_empty() || names.iter().any(|name| row.name.contains(name))).collect();
    if rows.is_empty() {
        return Err(format!("{LIST} has none of {}", names.join(", ")));
    }
    Ok(rows)
}

/// Builds the command; `KMEM_BIN` names one that is there.
fn build() -> Result<PathBuf, String> {
    if let Some(binary) = std::env::var_os("KMEM_BIN") {
        return Ok(binary.into());
    }
    run(cargo().args(["build", "--release", "--package", "kmem-cli"]))?;
    Ok(repo::target_dir("release").join("kmem"))
}

fn check(row: &Row, tree: &Path, kmem: &Path) -> Result<(), String> {
    let include = stage(row, tree)?;
    let ours = |path: &str| repo::root().join("crates/kmem-modules").join(path);
    let mut command = command("timeout");
    command.arg(TIME_LIMIT).arg(kmem).args(["run", "-I"]).arg(&include).args(&row.options).current_dir(tree);
    for file in &row.files {
        if file.starts_with(OURS) {
            command.arg(ours(file));
        } else {
            command.arg(file);
        }
    }
    if let Some(script) = &row.script {
        command.arg("--").arg(ours(script));
    }
    let output = command.output().map_err(|why| format!("{}: {why}", kmem.display()))?;
    let wrong: Vec<String> =
        row.expected.iter().filter_map(|want| disappoints(want, &output).transpose()).collect::<Result<_, _>>()?;
    if wrong.is_empty() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| line.contains("error")).unwrap_or_default();
    Err(format!("{}{}{first}", wrong.join(", "), if first.is_empty() { "" } else { "\n" }))
}

/// Puts the row's headers into a folder of their own; returns it.
fn stage(row: &Row, tree: &Path) -> Result<PathBuf, String> {
    let folder = kernel_source::cache()?.join("stage").join(&row.name);
    // It need not be there.
    let _ = fs::remove_dir_all(&folder);
    let include = folder.join("include");
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        fs::copy(from, to).map(|_| ())
    };
    fs::create_dir_all(&include).map_err(|why| format!("{}: {why}", include.display()))?;
    for header in &row.staged {
        let to = header.strip_prefix("../").map_or_else(|| include.join(header), |outside| folder.join(outside));
        copy(&tree.join(source_of(header)), &to).map_err(|why| format!("{header}: {why}"))?;
    }
    Ok(include)
}

/// Says what is wrong with an output, if one expectation is not met.
fn disappoints(want: &str, output: &Output) -> Result<Option<String>, String> {
    let (verb, rest) = want.split_once(' ').unwrap_or((want, ""));
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{LIST}: no number: {want}"));
    let wrong = match verb {
        "exit" => {
            let status = output.status.code().map_or_else(|| "a signal".to_owned(), |code| code.to_string());
            (!rest.split('|').any(|code| code == status)).then(|| format!("exit status {status}, not {rest}"))
        }
        "has" => (matches(rest, &output.stdout)? == 0).then(|| format!("no line like `{rest}`")),
        "hasnt" => (matches(rest, &output.stdout)? != 0).then(|| format!("a line like `{rest}`")),
        "report" => (matches(rest, &output.stderr)? == 0).then(|| format!("no report like `{rest}`")),
        "count" => {
            let (count, pattern) = rest.split_once(' ').unwrap_or((rest, ""));
            let found = matches(pattern, &output.stdout)?;
            (found != number(count)?).then(|| format!("{found} lines like `{pattern}`, not {count}"))
        }
        "cases" => {
            let (ok, bad) = (matches(r"^ {4}ok \d", &output.stdout)?, matches(r"^\s*not ok", &output.stdout)?);
            (ok != number(rest)? || bad != 0).then(|| format!("{ok} cases ok and {bad} lines not ok, not {rest}"))
        }
        _ => return Err(format!("{LIST}: unknown expectation: {want}")),
    };
    Ok(wrong)
}

/// Returns how many lines match.
fn matches(pattern: &str, text: &[u8]) -> Result<usize, String> {
    let mut grep = Command::new("grep");
    grep.args(["--perl-regexp", "--count", "--text", "--", pattern]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let failed = |why: String| format!("grep `{pattern}`: {why}");
    let mut child = grep.spawn().map_err(|why| failed(why.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text).map_err(|why| failed(why.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|why| failed(why.to_string()))?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| failed(output.status.to_string()))
}
