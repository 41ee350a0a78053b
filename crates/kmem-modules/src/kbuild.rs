//! What a module's Makefile says of it: which sources belong to which module, and with which flags they are compiled.
//!
//! Out-of-tree modules have a `Kbuild` or a `Makefile` that the kernel's build reads: `obj-m` names the modules, `NAME-objs`
//! or `NAME-y` the parts of one, `ccflags-y` (`EXTRA_CFLAGS` before 2.6.24) the flags. This reads as much of make as such
//! files use: assignments, `ifeq` and its kin, `$(NAME)`. No command is run: `$(shell …)` is empty, but for `pwd`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is to be built in a folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kbuild {
    /// The modules, in the order in which they are named.
    pub modules: Vec<KbuildModule>,
    /// `-I` folders.
    pub includes: Vec<PathBuf>,
    /// `-D` macros.
    pub defines: Vec<String>,
}

/// A module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KbuildModule {
    /// Its name, as `lsmod` shows it.
    pub name: String,
    /// Its sources.
    pub files: Vec<PathBuf>,
}

/// Returns the folder and the module that an argument names, if it names no source: a folder (all modules of it), its
/// `Makefile` or `Kbuild`, or a module in it, `FOLDER/NAME.ko`.
pub fn of_argument(path: &Path) -> Option<(PathBuf, Option<String>)> {
    let parent = || path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    if path.is_dir() {
        return Some((path.to_owned(), None));
    }
    if path.file_name().is_some_and(|name| name == "Makefile" || name == "Kbuild") {
        return Some((parent(), None));
    }
    let is_module = path.extension().is_some_and(|extension| extension == "ko");
    is_module.then(|| (parent(), path.file_stem().map(|stem| stem.to_string_lossy().into_owned())))
}

/// Reads what a folder's `Kbuild` or `Makefile` says.
///
/// # Errors
/// Which file is missing, or that it names no module.
pub fn read(folder: &Path, only: Option<&str>) -> Result<Kbuild, String> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok().map(|text| (name.to_owned(), text));
    let (name, text) = read("Kbuild")
        .or_else(|| read("Makefile"))
        .ok_or_else(|| format!("{}: neither a Kbuild nor a Makefile is in this folder", folder.display()))?;
    let mut kbuild = of_text(&text, folder, |file| file.is_file());
    if kbuild.modules.is_empty() {
        return Err(format!("{}: it names no module: no obj-m", folder.join(name).display()));
    }
    if let Some(only) = only {
        let is_it = |module: &KbuildModule| module.name == only.replace('-', "_");
        if !kbuild.modules.iter().any(is_it) {
            let known: Vec<&str> = kbuild.modules.iter().map(|module| module.name.as_str()).collect();
            return Err(format!("{}: it builds no {only}.ko, but {}", folder.join(name).display(), known.join(", ")));
        }
        kbuild.modules.retain(is_it);
    }
    Ok(kbuild)
}

fn of_text(text: &str, folder: &Path, is_file: impl Fn(&Path) -> bool) -> Kbuild {
    let variables = Variables::read(text);
    let mut kbuild = Kbuild::default();
    for object in ["obj-m", "obj-y"].iter().flat_map(|list| variables.words(list)) {
        let Some(stem) = object.strip_suffix(".o") else { continue };
        let parts: Vec<String> =
            ["-objs", "-y", "-m"].iter().flat_map(|end| variables.words(&format!("{stem}{end}"))).collect();
        let parts = if parts.is_empty() { vec![object.clone()] } else { parts };
        let sources =
            parts.iter().filter_map(|part| part.strip_suffix(".o")).map(|part| folder.join(format!("{part}.c")));
        let files: Vec<PathBuf> = sources.filter(|file| is_file(file)).collect();
        let name = stem.rsplit('/').next().unwrap_or(stem).replace('-', "_");
        if !files.is_empty() && !kbuild.modules.iter().any(|module| module.name == name) {
            kbuild.modules.push(KbuildModule { name, files });
        }
    }
    let flags = ["ccflags-y", "ccflags-m", "EXTRA_CFLAGS", "subdir-ccflags-y", "KBUILD_CFLAGS", "CFLAGS"];
    let mut words = flags.iter().flat_map(|name| variables.words(name)).peekable();
    while let Some(word) = words.next() {
        let mut value = |rest: &str| if rest.is_empty() { words.next().unwrap_or_default() } else { rest.to_owned() };
        if let Some(rest) = word.strip_prefix("-I") {
            kbuild.includes.push(folder.join(value(rest)));
        } else if let Some(rest) = word.strip_prefix("-D") {
            kbuild.defines.push(value(rest).replace(['"', '\\'], "\""));
        }
    }
    kbuild
}

/// The variables of a Makefile.
struct Variables {
    values: HashMap<String, String>,
}

impl Variables {
    /// Reads the assignments, as the kernel's build sees them; the folder itself is `.`.
    fn read(text: &str) -> Self {
        let mut this = Self { values: HashMap::new() };
        for name in ["PWD", "CURDIR", "src", "obj", "M", "KBUILD_EXTMOD"] {
            this.values.insert(name.to_owned(), ".".to_owned());
        }
        this.values.insert("KERNELRELEASE".to_owned(), "6.1".to_owned());
        // For each conditional that is open: whether its lines count, and whether one of its branches has.
        let mut open: Vec<(bool, bool)> = Vec::new();
        for line in text.replace("\\\n", " ").lines() {
            let line = line.split('#').next().unwrap_or_default();
            if line.starts_with('\t') {
                continue;
            }
            let line = line.trim();
            let (word, rest) = line.split_once([' ', '\t', '(']).unwrap_or((line, ""));
            let counts = open.iter().all(|(counts, _)| *counts);
            match word {
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    let holds = counts && this.holds(word, rest);
                    open.push((holds, holds));
                }
                "else" => {
                    if let Some((counts, had)) = open.pop() {
                        let rest = rest.trim();
                        let (word, rest) = rest.split_once([' ', '\t', '(']).unwrap_or((rest, ""));
                        let outer = open.iter().all(|(counts, _)| *counts);
                        let holds = outer && !counts && !had && (word.is_empty() || this.holds(word, rest));
                        open.push((holds, had || holds));
                    }
                }
                "endif" => {
                    open.pop();
                }
                _ if counts => this.assign(line),
                _ => (),
            }
        }
        this
    }
    fn assign(&mut self, line: &str) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((left, right)) = line.split_once('=') else { return };
        let (left, operator) = match left.chars().last() {
            Some(last @ (':' | '+' | '?')) => (&left[..left.len() - 1], last),
            _ => (left, '='),
        };
        let left = self.expand(left.trim_end_matches(':').trim());
        // A rule with a variable of its own, or no name at all.
        if left.is_empty() || left.contains([' ', '\t', ':']) {
            return;
        }
        let right = if operator == '=' { right.trim().to_owned() } else { self.expand(right.trim()) };
        let value = self.values.entry(left).or_default();
        match operator {
            '+' => *value = format!("{value} {right}"),
            '?' if !value.is_empty() => (),
            _ => *value = right,
        }
    }
    fn holds(&self, word: &str, rest: &str) -> bool {
        let rest = rest.trim();
        let is_set = |name: &str| !self.values.get(name.trim()).is_none_or(|value| value.is_empty());
        let parts =
            || match rest.trim_start_matches('(').rsplit_once(')').and_then(|(inside, _)| inside.split_once(',')) {
                Some((left, right)) => (left.to_owned(), right.to_owned()),
                None => {
                    let mut quoted = rest.split(['"', '\'']).skip(1).step_by(2);
                    (quoted.next().unwrap_or_default().to_owned(), quoted.next().unwrap_or_default().to_owned())
                }
            };
        let equal = || {
            let (left, right) = parts();
            self.expand(left.trim()).trim() == self.expand(right.trim()).trim()
        };
        match word {
            "ifeq" => equal(),
            "ifneq" => !equal(),
            "ifdef" => is_set(rest),
            _ => !is_set(rest),
        }
    }
    fn words(&self, name: &str) -> Vec<String> {
        let value = self.values.get(name).map(|value| self.expand(value)).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    }
    fn expand(&self, text: &str) -> String {
        self.expand_within(text, 8, &mut 10_000)
    }
    /// Puts values in the place of `$(NAME)` and `${NAME}`; so deep and so many, for one that names itself.
    fn expand_within(&self, text: &str, depth: u32, left: &mut u32) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let close = match rest.chars().next() {
                Some('(') => ')',
                Some('{') => '}',
                _ => continue,
            };
            let Some(end) = closing(rest, close) else { break };
            let name = &rest[1..end];
            rest = &rest[end + 1..];
            let value = match name.trim() {
                "shell pwd" => self.values.get("PWD").cloned(),
                name => self.values.get(name).cloned(),
            };
            if let (Some(value), true) = (value, depth > 0 && *left > 0) {
                *left -= 1;
                out.push_str(&self.expand_within(&value, depth - 1, left));
            }
        }
        out + rest
    }
}

/// Where the bracket that a text begins with is closed.
fn closing(text: &str, close: char) -> Option<usize> {
    let open = text.chars().next()?;
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Kbuild {
        of_text(text, Path::new("/m"), |_| true)
    }
    fn shown(kbuild: &Kbuild) -> String {
        let module = |module: &KbuildModule| {
            let files: Vec<String> = module.files.iter().map(|file| file.display().to_string()).collect();
            format!("{}: {}", module.name, files.join(" "))
        };
        kbuild.modules.iter().map(module).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_variable_that_names_itself_ends() {
        let text = format!("A = {}\nobj-m := $(A) x.o\n", "$(A)".repeat(100));
        assert_eq!(of_text(&text, Path::new("."), |_| true).modules.len(), 1);
    }
    #[test]
    fn a_module_has_one_part_or_several() {
        assert_eq!(shown(&of("obj-m := one.o two-b.o\n")), "one: /m/one.c; two_b: /m/two-b.c");
        let text = "obj-m += pipe.o\npipe-objs := main.o \\\n\tfile.o\npipe-$(CONFIG_X) += no.o\n";
        assert_eq!(shown(&of(text)), "pipe: /m/main.c /m/file.c");
        assert_eq!(shown(&of("obj-$(CONFIG_X) := never.o\nobj-y := built.o\n")), "built: /m/built.c");
    }
    #[test]
    fn the_half_for_the_kernels_build_counts() {
        let text = "ifneq ($(KERNELRELEASE),)\n  obj-m := a.o\nelse\n  obj-m := b.o\n  PWD := $(shell pwd)\nendif\n\
                    all:\n\tmake -C /lib modules obj-m=c.o\n";
        assert_eq!(shown(&of(text)), "a: /m/a.c");
        assert_eq!(
            shown(&of("ifeq ($(X),y)\nobj-m := a.o\nelse ifeq (1, 1)\nobj-m := b.o\nelse\nobj-m := c.o\nendif\n")),
            "b: /m/b.c"
        );
    }
    #[test]
    fn flags_are_macros_and_folders() {
        let text = "DEBUG = y\nifeq ($(DEBUG),y)\n F = -O -DDEBUG_IT\nelse\n F = -O2\nendif\nINC=$(PWD)/../include\n\
                    EXTRA_CFLAGS += $(F) -I$(INC)\nccflags-y := -DN=2 -I include\nobj-m := a.o\n";
        let kbuild = of(text);
        assert_eq!(kbuild.defines, ["N=2", "DEBUG_IT"]);
        assert_eq!(kbuild.includes, [PathBuf::from("/m/include"), PathBuf::from("/m/./../include")]);
    }
    #[test]
    fn what_is_wrong_is_no_end() {
        for text in
            ["A = $(A)\nobj-m := $(A).o\n", "obj-m := $(\n", "$(", "endif\nelse\n", "= x\n", "ifeq\nobj-m := a.o\n"]
        {
            let _ = of(text);
        }
    }
}
