//! Tunables of machines, kept in files: one for each machine, and configurations saved under names.
//!
//! A file is text for an editor. Lines are as in `/etc/sysctl.conf`; `boot.` stands before what is a kernel parameter:
//!
//! ```text
//! machine = i386-pae-6.1
//! title = Bursts of small packets
//! vm.min_free_kbytes = 16384
//! boot.vmalloc = 217M
//! boot.slab_nomerge
//! ```
//!
//! What stands for a machine is in force whenever a command boots it: parameters go to the command line, before what the user
//! gives there, and tunables are written when boot ends.

use crate::failure::Failure;
use kmem::boot::cmdline::same_name;
use kmem::boot::parameter::{Known, Parameter, Takes, PARAMETERS};
use kmem::kernel::{check_sysctl, plain_key, sysctls, SysctlError};
use kmem::profile::PROFILES;
use kmem::Profile;
use kmem_shell::did_you_mean;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// What a setting is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A file under `/proc/sys/vm`: in force at once.
    Sysctl,
    /// A kernel parameter: held until boot.
    Boot,
}

/// A tunable with a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// What it is of.
    pub kind: Kind,
    /// The tunable's name, without `vm.` and `boot.`.
    pub name: String,
    /// Its value; `None` for a parameter without one.
    pub value: Option<String>,
}

impl Setting {
    /// The name as files and messages have it: `vm.swappiness`, `vmalloc`.
    pub fn full_name(&self) -> String {
        full_name(self.kind, &self.name)
    }
    /// As a command line has it; tunables as `sysctl.vm.KEY=VALUE`.
    pub fn parameter(&self) -> String {
        let prefix = if self.kind == Kind::Sysctl { "sysctl.vm." } else { "" };
        match &self.value {
            None => format!("{prefix}{}", self.name),
            Some(value) if value.contains(char::is_whitespace) => format!("\"{prefix}{}={value}\"", self.name),
            Some(value) => format!("{prefix}{}={value}", self.name),
        }
    }
    fn line(&self) -> String {
        let prefix = if self.kind == Kind::Sysctl { "vm." } else { "boot." };
        match &self.value {
            Some(value) => format!("{prefix}{} = {value}", self.name),
            None => format!("{prefix}{}", self.name),
        }
    }
}

/// `vm.swappiness`, `vmalloc`.
pub fn full_name(kind: Kind, name: &str) -> String {
    if kind == Kind::Sysctl {
        format!("vm.{name}")
    } else {
        name.to_owned()
    }
}

/// A configuration: a machine's, or one that was saved.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The machine it was made for.
    pub machine: Option<String>,
    /// What it is for, in words.
    pub title: Option<String>,
    lines: Vec<Line>,
}

/// A line of a file.
#[derive(Clone, Debug)]
enum Line {
    /// A remark, kept as it is.
    Text(String),
    Setting(Setting),
}

impl Config {
    /// The settings, in the order in which they are made.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.lines.iter().filter_map(|line| if let Line::Setting(setting) = line { Some(setting) } else { None })
    }
    /// The setting of a tunable.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Setting> {
        self.settings().filter(|setting| setting.kind == kind && same_name(&setting.name, name)).last()
    }
    /// Sets a tunable. It comes last: of two that exclude each other the later one wins, as in the kernel.
    pub fn set(&mut self, setting: Setting) {
        self.unset(setting.kind, &setting.name);
        self.lines.push(Line::Setting(setting));
    }
    /// Takes a setting away; false when there was none.
    pub fn unset(&mut self, kind: Kind, name: &str) -> bool {
        let before = self.lines.len();
        self.lines.retain(
            |line| !matches!(line, Line::Setting(setting) if setting.kind == kind && same_name(&setting.name, name)),
        );
        self.lines.len() < before
    }
    /// Takes all settings away.
    pub fn clear(&mut self) {
        self.lines.retain(|line| matches!(line, Line::Text(_)));
    }
    /// Reads a file's text and checks each line for a machine. Names of other parts of a kernel (`net.`, `kernel.`) are passed
    /// by, and told to `notes`.
    ///
    /// # Errors
    /// [`Failure::Request`] with `FILE:LINE: what` of every line that is wrong.
    pub fn parse(profile: &'static Profile, file: &str, text: &str, notes: &mut Vec<String>) -> Result<Self, Failure> {
        let mut config = Self::default();
        let mut wrong = Vec::new();
        for (at, raw) in text.lines().enumerate() {
            let place = format!("{file}:{}", at + 1);
            match config.line(profile, raw.trim()) {
                Ok(None) => (),
                Ok(Some(note)) => notes.push(format!("{place}: {note}")),
                Err(what) => wrong.push(format!("{place}: {what}")),
            }
        }
        if wrong.is_empty() {
            return Ok(config);
        }
        Err(Failure::request(wrong.join("\n       ")))
    }
    fn line(&mut self, profile: &'static Profile, line: &str) -> Result<Option<String>, String> {
        if line.is_empty() || line.starts_with(['#', ';']) {
            self.lines.push(Line::Text(line.to_owned()));
            return Ok(None);
        }
        // `-vm.x = 1` of sysctl.d: what this kernel has not is no error.
        let (optional, line) = line.strip_prefix('-').map_or((false, line), |rest| (true, rest.trim_start()));
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name.trim(), Some(unquoted(value.trim()))),
            None => (line, None),
        };
        match (name, value) {
            ("machine", Some(value)) => self.machine = Some(value.to_owned()),
            ("title", Some(value)) => self.title = Some(value.to_owned()),
            _ => {
                const OTHERS: [&str; 9] = ["kernel", "net", "fs", "dev", "user", "debug", "abi", "crypto", "sunrpc"];
                if OTHERS.iter().any(|other| name.strip_prefix(other).is_some_and(|rest| rest.starts_with(['.', '/'])))
                {
                    return Ok(Some(format!("{name} is no tunable of memory, passed by")));
                }
                match setting(profile, name, value) {
                    Ok(setting) => self.set(setting),
                    Err(what) if optional => return Ok(Some(format!("{what}, passed by"))),
                    Err(what) => return Err(what),
                }
            }
        }
        Ok(None)
    }
    /// The file's text.
    pub fn text(&self) -> String {
        let head = [("machine", &self.machine), ("title", &self.title)];
        let head = head.iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key} = {value}\n")));
        let lines = self.lines.iter().map(|line| match line {
            Line::Text(text) => format!("{text}\n"),
            Line::Setting(setting) => format!("{}\n", setting.line()),
        });
        head.chain(lines).collect()
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// The parameters of a machine's kernel that belong to memory.
pub fn parameters(profile: &'static Profile) -> impl Iterator<Item = &'static Parameter> {
    let of_memory = |known: &&Parameter| known.state != Known::Elsewhere && !known.name.ends_with('*');
    PARAMETERS.iter().filter(of_memory).filter(|known| known.exists(profile))
}

/// Finds what a name means: a tunable under `/proc/sys/vm`, or a kernel parameter.
///
/// # Errors
/// What is wrong with it, and which name may be meant.
pub fn find(profile: &'static Profile, text: &str) -> Result<(Kind, &'static str), String> {
    let boot = text.strip_prefix("boot.").unwrap_or(text);
    let is_boot = boot.len() < text.len();
    let key = plain_key(text);
    let is_sysctl = key.len() < text.len();
    let tunable = || sysctls(profile).find(|info| info.name == key).map(|info| (Kind::Sysctl, info.name));
    let parameter =
        || parameters(profile).find(|known| same_name(known.name, boot)).map(|known| (Kind::Boot, known.name));
    let found = if is_boot { parameter() } else { tunable().or_else(|| if is_sysctl { None } else { parameter() }) };
    found.ok_or_else(|| {
        let names = sysctls(profile).map(|info| info.name).chain(parameters(profile).map(|known| known.name));
        let near = did_you_mean(if is_boot { boot } else { key }, names);
        let near = near.map(|near| match find(profile, near) {
            Ok((kind, name)) => full_name(kind, name),
            Err(_) => near.to_owned(),
        });
        let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
        let elsewhere = || PROFILES.iter().flat_map(|profile| sysctls(profile)).find(|info| info.name == key);
        if let Some(info) = elsewhere().filter(|_| !is_boot) {
            let ((major, minor, _), release) = (info.versions.0, profile.release);
            return match info.versions {
                (since, _) if since > profile.version => {
                    format!("Linux {release} has no tunable `{text}`: it came with {major}.{minor}")
                }
                _ => format!("Linux {release} on {} has no tunable `{text}`", profile.name),
            };
        }
        match PARAMETERS.iter().find(|known| same_name(known.name, boot) && !known.about.is_empty()) {
            Some(known) if !is_sysctl => {
                format!("Linux {} on {} takes no `{}`", profile.release, profile.name, known.name)
            }
            _ => format!("Linux {} has no tunable `{text}`{near}", profile.release),
        }
    })
}

/// Makes a setting of a name and a value, checked as the machine's kernel checks it.
///
/// # Errors
/// What is wrong with it.
pub fn setting(profile: &'static Profile, name: &str, value: Option<&str>) -> Result<Setting, String> {
    let (kind, known) = find(profile, name)?;
    match kind {
        Kind::Sysctl => {
            let text = value.ok_or_else(|| format!("vm.{known} has no value: write vm.{known} = NUMBER"))?;
            check_sysctl(profile, known, text).map_err(|error| match error {
                SysctlError::WriteOnly(_) => {
                    format!("vm.{known} does something at once and is not kept; `kmem shell` has it: sysctl vm.{known}={text}")
                }
                SysctlError::NotANumber { .. } | SysctlError::OutOfRange { .. } => {
                    format!("{error} (EINVAL: Invalid argument)")
                }
                error => error.to_string(),
            })?;
        }
        Kind::Boot => {
            let parameter = parameters(profile).find(|parameter| parameter.name == known);
            let parameter = parameter.ok_or_else(|| format!("no parameter `{known}`"))?;
            let quoted = value.is_some_and(|value| value.contains(|c: char| c.is_whitespace() || c == '"'));
            if quoted || !parameter.reads(value) {
                let shown = value.map_or("nothing".to_owned(), |value| format!("`{value}`"));
                return Err(format!("{known} takes {}, not {shown}", takes(parameter.takes)));
            }
        }
    }
    let value = value.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "));
    Ok(Setting { kind, name: known.to_owned(), value })
}

/// What stands behind a parameter's `=`, in words.
pub fn takes(takes: Takes) -> &'static str {
    match takes {
        Takes::Nothing => "no value",
        Takes::Size => "a size (64M)",
        Takes::SizeOrPercent => "a size (64M) or a percentage (20%)",
        Takes::Number => "a whole number",
        Takes::Switch => "on or off",
        Takes::Words => "words",
    }
}

/// The folder of files: `$KMEM_CONFIG_DIR`, else `$XDG_CONFIG_HOME/kmem`, else `~/.config/kmem`; `None` when none of these is set.
pub fn folder() -> Option<PathBuf> {
    let path = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    path("KMEM_CONFIG_DIR")
        .or_else(|| path("XDG_CONFIG_HOME").map(|folder| folder.join("kmem")))
        .or_else(|| path("HOME").map(|home| home.join(".config").join("kmem")))
}

fn needed_folder() -> Result<PathBuf, Failure> {
    folder().ok_or_else(|| Failure::request("no folder for configurations").help("set KMEM_CONFIG_DIR, or HOME"))
}

/// The file of a machine's tunables.
///
/// # Errors
/// [`Failure::Request`] when there is no folder for it.
pub fn machine_file(machine: &str) -> Result<PathBuf, Failure> {
    Ok(needed_folder()?.join("machines").join(format!("{machine}.conf")))
}

/// The file of a saved configuration.
///
/// # Errors
/// [`Failure::Request`] for what cannot be a name, and when there is no folder for it.
pub fn saved_file(name: &str) -> Result<PathBuf, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    let known = ["current", "default"].contains(&name);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) || known {
        let failure = Failure::request(format!("`{name}` is no name for a configuration"));
        return Err(failure.help("letters, digits and . _ - +; not `current` and `default`"));
    }
    Ok(needed_folder()?.join("saved").join(format!("{name}.conf")))
}

/// The names of the saved configurations, in order.
///
/// # Errors
/// [`Failure`] when the folder cannot be read.
pub fn saved_names() -> Result<Vec<String>, Failure> {
    let folder = needed_folder()?.join("saved");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(&folder, &error)),
    };
    let name =
        |entry: io::Result<fs::DirEntry>| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".conf")?.to_owned());
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort();
    Ok(names)
}

/// Reads a file; `None` when there is none.
///
/// # Errors
/// [`Failure::Request`] with every line that is wrong.
pub fn read(profile: &'static Profile, path: &Path, notes: &mut Vec<String>) -> Result<Option<Config>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Config::parse(profile, &path.display().to_string(), &text, notes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(path, &error)),
    }
}

/// Reads what stands for a machine.
///
/// # Errors
/// As [`read`].
pub fn of_machine(profile: &'static Profile, machine: &str) -> Result<Config, Failure> {
    if folder().is_none() {
        return Ok(Config::default());
    }
    let path = machine_file(machine)?;
    let config = read(profile, &path, &mut Vec::new());
    let config = config.map_err(|failure| failure.help(format!("edit {}, or give --no-tune", path.display())))?;
    Ok(config.unwrap_or_default())
}

/// Writes a file as a whole: nobody reads half of one.
///
/// # Errors
/// [`Failure::Request`] when that cannot be.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension(format!("{}.new", process::id()));
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| fs::write(&beside, text)).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        cannot(path, &error)
    })
}

/// What cannot be done with a file.
pub fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::request(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::profile::by_name;

    fn profile(name: &str) -> &'static Profile {
        by_name(name).expect("a machine")
    }

    #[test]
    fn a_file_is_read_and_written_again() {
        let text = "machine = i386-pae-6.1\ntitle = A title\n# a remark\nvm.min_free_kbytes = 16384\nboot.vmalloc = 217M\nboot.slab_nomerge\n";
        let config = Config::parse(profile("i386-pae-6.1"), "f", text, &mut Vec::new()).expect("a configuration");
        assert_eq!(config.text(), text);
        assert_eq!(config.settings().count(), 3);
        let words: Vec<String> = config.settings().map(Setting::parameter).collect();
        assert_eq!(words, ["sysctl.vm.min_free_kbytes=16384", "vmalloc=217M", "slab_nomerge"]);
    }

    #[test]
    fn every_wrong_line_is_named() {
        let text =
            "vm.swappiness = 201\n\nvm/swappines=1\nnet.core.somaxconn = 9\nboot.vmalloc = much\n-vm.nothing = 1\n";
        let mut notes = Vec::new();
        let failure = Config::parse(profile("i386-pae-6.1"), "f", text, &mut notes).unwrap_err().to_string();
        for said in [
            "f:1: vm.swappiness takes 0 to 200, not 201 (EINVAL",
            "f:3: Linux 6.1.0-50-686-pae has no tunable `vm/swappines`; did you mean vm.swappiness?",
            "f:5: vmalloc takes a size (64M), not `much`",
        ] {
            assert!(failure.contains(said), "{said}: {failure}");
        }
        assert_eq!(failure.lines().count(), 3);
        assert_eq!(notes.len(), 2, "{notes:?}");
    }

    #[test]
    fn names_are_found_however_they_are_spelled() {
        let machine = profile("i386-pae-6.1");
        for text in ["vm.swappiness", "vm/swappiness", "/proc/sys/vm/swappiness", "swappiness"] {
            assert_eq!(find(machine, text), Ok((Kind::Sysctl, "swappiness")), "{text}");
        }
        assert_eq!(find(machine, "slab-nomerge"), Ok((Kind::Boot, "slab_nomerge")));
        assert!(find(profile("amd64-6.12"), "vmalloc").is_err_and(|what| what.contains("takes no `vmalloc`")));
        assert!(find(machine, "sysctl.vm.*").is_err() && find(machine, "root").is_err());
        assert!(setting(machine, "vm.drop_caches", Some("3")).is_err_and(|what| what.contains("at once")));
        assert!(setting(machine, "mmap_min_addr", Some("3")).is_err_and(|what| what.contains("only be read")));
    }

    #[test]
    fn names_of_files_stay_in_their_folder() {
        for name in ["", ".", "..", "a/b", "../x", "a b", "current", "default", ".hidden"] {
            assert!(saved_file(name).is_err(), "{name}");
        }
    }
}
