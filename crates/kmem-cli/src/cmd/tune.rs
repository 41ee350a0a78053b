//! `kmem tune`.

mod configs;
mod diff;
mod table;

use crate::failure::{Failure, Verdict};
use crate::machine_options::{Kept, MachineOptions};
use crate::tunables::{self, find, full_name, setting, Config, Kind};
use clap::ValueEnum;
use kmem::{Kernel, Profile};
use kmem_hosted::{Displacement, Hosted};
use serde_json::{json, Value};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Show and change the memory tunables of a machine: values, defaults, ranges, usage; save them under names
///
/// Tunables under /proc/sys/vm take effect at once; kernel parameters (vmalloc=, hugepages=, …) are held until boot. Both are
/// kept for the machine, in a file for an editor, and are in force in each `kmem boot`, `layout`, `run` and `shell` of it, which
/// say so in a line. Files lie in $KMEM_CONFIG_DIR, else $XDG_CONFIG_HOME/kmem, else ~/.config/kmem.
#[derive(clap::Args)]
#[command(after_help = "\
Names are spelled vm.KEY, vm/KEY or KEY; a kernel parameter NAME or boot.NAME.

Examples:
  kmem tune set vm.min_free_kbytes=16384 vmalloc=217M --machine msm8x25
  kmem tune usage --machine amd64-6.12")]
pub struct Tune {
    /// What to do; without it, list
    #[arg(value_enum, value_name = "ACTION")]
    action: Option<Action>,
    /// NAME, NAME=VALUE, the name of a configuration, or captures, as the action wants it
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// What a saved configuration is for
    #[arg(short, long, value_name = "TEXT")]
    title: Option<String>,
    /// Save over a configuration of the same name
    #[arg(long)]
    force: bool,
    /// With list, say also what each means, since which kernel it is there, and how much of it is in use
    #[arg(short, long)]
    long: bool,
    /// With unset: all that is set
    #[arg(long)]
    all: bool,
    /// Write what is set under /proc/sys/vm as a file for /etc/sysctl.d, or - for standard output
    #[arg(long, value_name = "FILE")]
    apply_sysctl: Option<PathBuf>,
    /// Print what is set as a kernel command line
    #[arg(long)]
    as_cmdline: bool,
    /// One JSON document (schema kmem.tune/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: MachineOptions,
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Action {
    /// All tunables, or those whose name contains a word: value, what is held until boot, default, range
    List,
    /// The values of tunables
    Get,
    /// Change tunables: NAME=VALUE…, or a parameter's NAME
    Set,
    /// Take changes back: NAME…, or --all
    Unset,
    /// How much of each is in use, by the counters of the machine as it boots now
    Usage,
    /// What is held until boot
    Held,
    /// What differs: between the current settings and the defaults; NAME and the current ones; NAME and NAME
    Diff,
    /// Save the current settings under a name
    Save,
    /// Make a saved configuration, or a file, the current settings
    Load,
    /// Delete a saved configuration
    Delete,
    /// The saved configurations
    Configs,
    /// Recommend values, from captures of a real machine
    Advise,
}

/// A machine with what is kept for it.
pub(super) struct Machine {
    pub(super) profile: &'static Profile,
    /// The name under which its settings are kept.
    pub(super) name: String,
    pub(super) config: Config,
}

impl Tune {
    /// Does it.
    pub fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let exports = self.apply_sysctl.is_some() || self.as_cmdline;
        match self.action {
            None if exports => (),
            Some(Action::Advise) => return self.advise(out),
            action => {
                let action = action.unwrap_or(Action::List);
                let mut machine = self.machine()?;
                match action {
                    Action::List => self.list(out, &machine)?,
                    Action::Get => self.get(out, &machine)?,
                    Action::Set => self.set(out, &mut machine)?,
                    Action::Unset => self.unset(out, &mut machine)?,
                    Action::Usage => self.usage(out, &machine)?,
                    Action::Held => self.held(out, &machine)?,
                    Action::Diff => self.diff(out, &machine)?,
                    Action::Save => self.save(out, &machine)?,
                    Action::Load => self.load(out, &mut machine)?,
                    Action::Delete => self.delete()?,
                    Action::Configs => self.configs(out, &machine)?,
                    Action::Advise => (),
                }
            }
        }
        if exports {
            self.export(out, &self.machine()?)?;
        }
        Ok(Verdict::Well)
    }

    /// The machine, and what is kept for it. Unknown parameters are named here, once.
    fn machine(&self) -> Result<Machine, Failure> {
        let (chosen, name, _) = self.machine.choose_with(Kept::Nothing, None, &mut io::sink())?;
        // Who leaves out what is kept begins with nothing, even where the file is wrong.
        let nothing = self.machine.no_tune;
        let config = if nothing { Config::default() } else { tunables::of_machine(chosen.profile, &name)? };
        Ok(Machine { profile: chosen.profile, name, config })
    }
    /// The machine's kernel, with so much of what is kept in force.
    pub(super) fn boot(&self, kept: Kept) -> Result<(Kernel<Hosted>, String), Failure> {
        let kept = if self.machine.no_tune { Kept::Nothing } else { kept };
        let (chosen, ..) = self.machine.choose_with(kept, None, &mut io::sink())?;
        let kernel = chosen.boot(Displacement::Any, |_| {})?;
        Ok((kernel, chosen.cmdline))
    }
    fn keep(&self, machine: &Machine) -> Result<(), Failure> {
        let mut config = machine.config.clone();
        config.machine = Some(machine.name.clone());
        tunables::write(&tunables::machine_file(&machine.name)?, &config.text())
    }

    fn get(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        if self.words.is_empty() {
            return Err(Failure::request("get: no name").help("kmem tune get vm.min_free_kbytes"));
        }
        let found: Vec<(Kind, &str)> = self.words.iter().map(|word| name(machine, word)).collect::<Result<_, _>>()?;
        let rows = table::rows(self, machine)?;
        let rows = rows.iter().filter(|row| found.contains(&(row.kind, row.name)));
        if self.json {
            return super::print_json(out, &document("get", machine, "tunables", rows.map(table::Row::json).collect()));
        }
        for row in rows {
            writeln!(out, "{} = {}", full_name(row.kind, row.name), row.value)?;
            if let Some(held) = &row.held {
                writeln!(out, "{} = {held} (held until boot)", full_name(row.kind, row.name))?;
            }
        }
        Ok(())
    }

    fn set(&self, out: &mut dyn Write, machine: &mut Machine) -> Result<(), Failure> {
        if self.words.is_empty() {
            return Err(Failure::request("set: nothing to set").help("kmem tune set vm.min_free_kbytes=16384"));
        }
        let mut done = Vec::new();
        for word in &self.words {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (word.as_str(), None),
            };
            let setting = setting(machine.profile, name, value).map_err(Failure::request)?;
            machine.config.set(setting.clone());
            done.push(setting);
        }
        // The kernel has the last word: what it makes of it, and whether it boots with it at all.
        let (chosen, ..) = self.machine.choose_with(Kept::Nothing, None, &mut io::sink())?;
        let held = machine.config.settings().filter(|setting| setting.kind == Kind::Boot);
        let mut options = self.machine.clone();
        options.no_tune = true;
        options.cmdline = held.map(tunables::Setting::parameter).chain(options.cmdline).collect();
        let (trial, ..) = options.choose_with(Kept::Nothing, None, &mut io::sink())?;
        let before = super::boot::warnings(&chosen, &chosen.plan()?);
        for warning in super::boot::warnings(&trial, &trial.plan()?) {
            if !before.contains(&warning) {
                crate::report::kernel_line(&format!("kmem: at boot the kernel will say: {warning}"));
            }
        }
        let kernel = trial.boot(Displacement::Any, |_| {})?;
        let sysctls = machine.config.settings().filter(|setting| setting.kind == Kind::Sysctl);
        for setting in sysctls {
            let value = setting.value.as_deref().unwrap_or_default();
            kernel.write_sysctl(&setting.name, value).map_err(|error| Failure::request(error.to_string()))?;
        }
        self.keep(machine)?;
        let mut documents = Vec::new();
        for setting in &done {
            let (full, value) = (setting.full_name(), setting.value.as_deref());
            let shown = value.unwrap_or("on");
            let now = match setting.kind {
                Kind::Sysctl => table::sysctl(&kernel, &setting.name).unwrap_or_default(),
                Kind::Boot => shown.to_owned(),
            };
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            if setting.kind == Kind::Sysctl && !words(&now).starts_with(&words(shown)) {
                crate::report::kernel_line(&format!("kmem: {full}: the kernel makes {now} of {shown}"));
            }
            let effect = if setting.kind == Kind::Boot { "held until boot" } else { "immediate" };
            documents.push(json!({ "name": full, "value": now, "effect": effect }));
            if !self.json {
                let effect = if setting.kind == Kind::Boot { " (held until boot)" } else { "" };
                writeln!(out, "{full} = {now}{effect}")?;
            }
        }
        if self.json {
            super::print_json(out, &document("set", machine, "set", documents))?;
        }
        Ok(())
    }

    fn unset(&self, out: &mut dyn Write, machine: &mut Machine) -> Result<(), Failure> {
        if self.words.is_empty() && !self.all {
            return Err(Failure::request("unset: no name").help("kmem tune unset vm.min_free_kbytes, or unset --all"));
        }
        let mut gone: Vec<String> = Vec::new();
        if self.all {
            gone.extend(machine.config.settings().map(tunables::Setting::full_name));
            machine.config.clear();
        }
        for word in &self.words {
            let (kind, found) = name(machine, word)?;
            if machine.config.unset(kind, found) {
                gone.push(full_name(kind, found));
            } else {
                crate::report::kernel_line(&format!("kmem: {} is not set", full_name(kind, found)));
            }
        }
        self.keep(machine)?;
        if self.json {
            let gone = gone.into_iter().map(Value::from).collect();
            return super::print_json(out, &document("unset", machine, "unset", gone));
        }
        gone.iter().try_for_each(|name| writeln!(out, "{name}: default again"))?;
        Ok(())
    }

    fn held(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        let held: Vec<_> = machine.config.settings().filter(|setting| setting.kind == Kind::Boot).collect();
        if self.json {
            let held = held.iter().map(|setting| json!({ "name": setting.name, "value": setting.value })).collect();
            return super::print_json(out, &document("held", machine, "held", held));
        }
        if held.is_empty() {
            writeln!(out, "{}: nothing is held until boot", machine.name)?;
        }
        held.iter().try_for_each(|setting| writeln!(out, "{}", setting.parameter()))?;
        Ok(())
    }

    fn save(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        let name = self.one_name("save")?;
        let path = tunables::saved_file(name)?;
        if path.exists() && !self.force {
            let failure = Failure::request(format!("{}: there is a configuration of this name", path.display()));
            return Err(failure.help("give another name, or --force"));
        }
        let mut config = machine.config.clone();
        config.machine = Some(machine.name.clone());
        config.title = self.title.as_ref().map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
        tunables::write(&path, &config.text())?;
        let count = config.settings().count();
        if self.json {
            let saved = json!({ "name": name, "file": path.display().to_string(), "settings": count });
            return super::print_json(out, &document("save", machine, "saved", vec![saved]));
        }
        let plural = if count == 1 { "" } else { "s" };
        writeln!(out, "{name}: {count} setting{plural} saved, {}", path.display())?;
        Ok(())
    }

    fn load(&self, out: &mut dyn Write, machine: &mut Machine) -> Result<(), Failure> {
        let name = self.one_name("load")?;
        let mut notes = Vec::new();
        let (from, config) = read(machine.profile, name, &mut notes)?;
        notes.iter().for_each(|note| crate::report::kernel_line(&format!("kmem: {note}")));
        if let Some(other) = config.machine.as_ref().filter(|other| **other != machine.name) {
            let (this, from) = (&machine.name, from.display());
            crate::report::kernel_line(&format!(
                "kmem: {from} was made for {other}; all of it is right for {this} too"
            ));
        }
        machine.config = config;
        // A machine that does not boot with it keeps what it had.
        let held = machine.config.settings().filter(|setting| setting.kind == Kind::Boot);
        let mut options = self.machine.clone();
        options.cmdline = held.map(tunables::Setting::parameter).chain(options.cmdline).collect();
        options.choose_with(Kept::Nothing, None, &mut io::sink())?.0.plan()?;
        self.keep(machine)?;
        let (immediate, held): (Vec<_>, Vec<_>) =
            machine.config.settings().partition(|setting| setting.kind == Kind::Sysctl);
        if self.json {
            let loaded = json!({ "name": name, "immediate": immediate.len(), "held": held.len() });
            return super::print_json(out, &document("load", machine, "loaded", vec![loaded]));
        }
        writeln!(out, "{name}: {} set, {} held until boot", immediate.len(), held.len())?;
        Ok(())
    }

    fn delete(&self) -> Result<(), Failure> {
        let name = self.one_name("delete")?;
        let path = tunables::saved_file(name)?;
        fs::remove_file(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => no_configuration(name, &path),
            _ => tunables::cannot(&path, &error),
        })
    }

    fn one_name(&self, action: &str) -> Result<&str, Failure> {
        match &self.words[..] {
            [name] => Ok(name),
            _ => Err(Failure::request(format!("{action} takes one name")).help("`kmem tune configs` lists them")),
        }
    }

    /// What is set, as a file for `/etc/sysctl.d` and as a command line.
    fn export(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        if let Some(path) = &self.apply_sysctl {
            let settings = machine.config.settings().filter(|setting| setting.kind == Kind::Sysctl);
            let lines = settings.map(|s| format!("{} = {}\n", s.full_name(), s.value.as_deref().unwrap_or_default()));
            let release = machine.profile.release;
            let head = format!("# Made by `kmem tune` for {}, Linux {release}.\n", machine.name);
            write_sysctl(out, path, &(head + &lines.collect::<String>()))?;
        }
        if self.as_cmdline {
            let knows_sysctl = machine.profile.version >= (5, 8, 0);
            let (kept, left): (Vec<_>, Vec<_>) =
                machine.config.settings().partition(|setting| knows_sysctl || setting.kind == Kind::Boot);
            let words: Vec<String> = kept.iter().map(|setting| setting.parameter()).collect();
            writeln!(out, "{}", words.join(" "))?;
            if !left.is_empty() {
                let left: Vec<String> = left.iter().map(|setting| setting.full_name()).collect();
                crate::report::kernel_line(&format!(
                    "kmem: Linux {} knows no sysctl.* parameters; left out: {}",
                    machine.profile.release,
                    left.join(" ")
                ));
            }
        }
        Ok(())
    }

    /// Recommended values, from captures.
    fn advise(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        if self.words.is_empty() {
            return Err(Failure::request("advise: no capture").help("kmem tune advise /proc, or files, or -"));
        }
        let paths: Vec<PathBuf> = self.words.iter().map(PathBuf::from).collect();
        let mut capture = super::explain::capture(&paths)?;
        kmem_inspect::explain::date_reports(&mut capture);
        let advice = kmem_inspect::explain::tunables::advise(&capture);
        if self.json {
            let advice: Vec<Value> = advice.iter().map(super::explain::advice_document).collect();
            super::print_json(out, &json!({ "schema": "kmem.tune/1", "command": "advise", "advice": advice }))?;
        } else {
            let mut text = String::new();
            kmem_inspect::explain::tunables::write(&mut text, &advice)
                .map_err(|_| Failure::request("what was read cannot be put into words"))?;
            out.write_all(text.as_bytes())?;
        }
        if let Some(path) = &self.apply_sysctl {
            let lines = advice.iter().map(|advice| format!("vm.{} = {}\n", advice.key, advice.value));
            write_sysctl(out, path, &("# Made by `kmem tune advise`.\n".to_owned() + &lines.collect::<String>()))?;
        }
        Ok(Verdict::Well)
    }
}

/// Finds what a word of the command line names.
fn name(machine: &Machine, word: &str) -> Result<(Kind, &'static str), Failure> {
    find(machine.profile, word).map_err(Failure::request)
}

/// Reads a saved configuration, or a file when the name is a path.
pub(super) fn read(
    profile: &'static Profile,
    name: &str,
    notes: &mut Vec<String>,
) -> Result<(PathBuf, Config), Failure> {
    let is_path = name.contains('/');
    let path = if is_path { PathBuf::from(name) } else { tunables::saved_file(name)? };
    if let Some(config) = tunables::read(profile, &path, notes)? {
        return Ok((path, config));
    }
    Err(no_configuration(name, &path))
}

fn no_configuration(name: &str, path: &Path) -> Failure {
    let failure = Failure::request(format!("no configuration `{name}`: {} is not there", path.display()));
    let names = if name.contains('/') { Vec::new() } else { tunables::saved_names().unwrap_or_default() };
    let near = kmem_shell::did_you_mean(name, names.iter().map(String::as_str));
    failure.help(match near {
        Some(near) => format!("did you mean {near}?"),
        None => "`kmem tune configs` lists them; a file is named with a / in it".to_owned(),
    })
}

fn write_sysctl(out: &mut dyn Write, path: &Path, text: &str) -> Result<(), Failure> {
    if path == Path::new("-") {
        out.write_all(text.as_bytes())?;
        return Ok(());
    }
    tunables::write(path, text)?;
    crate::report::kernel_line(&format!("kmem: {} written", path.display()));
    Ok(())
}

/// A document of one list.
pub(super) fn document(command: &str, machine: &Machine, list: &str, rows: Vec<Value>) -> Value {
    let mut document = json!({
        "schema": "kmem.tune/1",
        "command": command,
        "machine": machine.name,
        "release": machine.profile.release,
    });
    document[list] = rows.into();
    document
}
