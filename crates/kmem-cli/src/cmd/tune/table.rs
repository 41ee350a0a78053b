//! The tables of `kmem tune`: all tunables with what is known of each, and how much of each is in use.

use super::{document, Machine, Tune};
use crate::failure::Failure;
use crate::machine_options::Kept;
use crate::tunables::{full_name, parameters, takes, Kind};
use kmem::boot::cmdline::CommandLine;
use kmem::boot::parameter::Known;
use kmem::kernel::{check_sysctl, sysctls, Access, Usage};
use kmem::page::tunables::Effect;
use kmem::Kernel;
use kmem_hosted::Hosted;
use serde_json::{json, Value};
use std::io::Write;

/// A tunable of a machine, with its values.
pub struct Row {
    pub kind: Kind,
    pub name: &'static str,
    /// Its value on the machine before it boots again.
    pub value: String,
    /// What is held until boot.
    pub held: Option<String>,
    pub default: String,
    /// The least and the most, or what a parameter takes.
    range: String,
    unit: &'static str,
    state: &'static str,
    effect: Effect,
    about: &'static str,
    versions: String,
}

impl Row {
    fn full_name(&self) -> String {
        full_name(self.kind, self.name)
    }
    fn range_and_unit(&self) -> String {
        format!("{} {}", self.range, self.unit).trim().to_owned()
    }
    pub fn json(&self) -> Value {
        json!({
            "name": self.full_name(),
            "value": self.value,
            "held": self.held,
            "default": self.default,
            "range": self.range,
            "unit": self.unit,
            "state": self.state,
            "takes_effect": if self.kind == Kind::Boot { "at boot" } else { "at once" },
            "used": self.effect == Effect::Used,
            "versions": self.versions,
            "about": self.about,
        })
    }
}

/// What stands for a parameter that is not on the command line.
const NOT_GIVEN: &str = "-";

/// The value of a tunable, blanks between its numbers.
pub fn sysctl(kernel: &Kernel<Hosted>, name: &str) -> Option<String> {
    let mut text = String::new();
    kernel.sysctl(name, &mut text).ok()?;
    // A list for zones may be empty: on a machine of one.
    let words: Vec<&str> = text.split_whitespace().collect();
    Some(if words.is_empty() { NOT_GIVEN.to_owned() } else { words.join(" ") })
}

/// A parameter's value on a command line.
fn given(cmdline: &str, name: &str) -> Option<String> {
    CommandLine::new(cmdline).last(name).map(|param| param.value.unwrap_or("on").to_owned())
}

fn versions(since: (u32, u32, u32), until: Option<(u32, u32, u32)>) -> String {
    let version = |(major, minor, patch): (u32, u32, u32)| match patch {
        0 => format!("{major}.{minor}"),
        _ => format!("{major}.{minor}.{patch}"),
    };
    match (since, until) {
        ((0, ..), None) => "always".to_owned(),
        (since, None) => format!("since {}", version(since)),
        (since, Some(until)) => format!("{} until {}", version(since), version(until)),
    }
}

/// All tunables of a machine: those under `/proc/sys/vm`, then kernel parameters.
pub fn rows(tune: &Tune, machine: &Machine) -> Result<Vec<Row>, Failure> {
    let (untouched, boards) = tune.boot(Kept::Nothing)?;
    let (kernel, _) = tune.boot(Kept::Immediate)?;
    let (profile, config) = (machine.profile, &machine.config);
    let mut rows = Vec::new();
    for info in sysctls(profile) {
        let is_set = config.get(Kind::Sysctl, info.name).is_some();
        rows.push(Row {
            kind: Kind::Sysctl,
            name: info.name,
            value: sysctl(&kernel, info.name).unwrap_or_else(|| NOT_GIVEN.to_owned()),
            held: None,
            default: sysctl(&untouched, info.name).unwrap_or_else(|| NOT_GIVEN.to_owned()),
            range: info.range.map_or(String::new(), |(least, most)| {
                // Where 0 turns it off, it lies below the range.
                let off = least > 0 && check_sysctl(profile, info.name, "0").is_ok();
                format!("{}{least} to {most}", if off { "0, " } else { "" })
            }),
            unit: info.unit.name(),
            state: match (info.access, is_set) {
                (Access::ReadOnly, _) => "read only",
                (Access::WriteOnly, _) => "does something",
                (Access::ReadWrite, true) => "set",
                (Access::ReadWrite, false) => "default",
            },
            effect: info.effect,
            about: info.about,
            versions: versions(info.versions.0, info.versions.1),
        });
    }
    for known in parameters(profile) {
        let held = config.get(Kind::Boot, known.name);
        let value = given(&boards, known.name);
        rows.push(Row {
            kind: Kind::Boot,
            name: known.name,
            state: match (&held, &value) {
                (Some(_), _) => "held until boot",
                (None, Some(_)) => "given",
                (None, None) => "default",
            },
            value: value.clone().unwrap_or_else(|| NOT_GIVEN.to_owned()),
            held: held.map(|setting| setting.value.clone().unwrap_or_else(|| "on".to_owned())),
            default: given(profile.default_cmdline, known.name).unwrap_or_else(|| NOT_GIVEN.to_owned()),
            range: takes(known.takes).to_owned(),
            unit: "",
            effect: if known.state == Known::Used { Effect::Used } else { Effect::Kept },
            about: known.about,
            versions: versions(known.since, None),
        });
    }
    Ok(rows)
}

/// What the numbers of a usage come to, in percent of what may be.
fn percent(usage: &Usage) -> Option<u64> {
    let of = usage.of.filter(|of| *of > 0)?;
    Some(usage.used.saturating_mul(100) / of)
}

impl Tune {
    pub(super) fn list(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        let wanted = |row: &Row| {
            let name = row.full_name();
            self.words.is_empty() || self.words.iter().any(|word| name.contains(&word.replace("vm/", "vm.")))
        };
        let rows: Vec<Row> = rows(self, machine)?.into_iter().filter(wanted).collect();
        if rows.is_empty() {
            for word in &self.words {
                super::name(machine, word)?;
            }
        }
        if self.json {
            return super::super::print_json(
                out,
                &document("list", machine, "tunables", rows.iter().map(Row::json).collect()),
            );
        }
        let (kernel, _) = self.boot(Kept::All)?;
        let most = |of: &dyn Fn(&Row) -> usize, least: usize| rows.iter().map(of).max().unwrap_or(0).max(least);
        let width = most(&|row| row.full_name().len(), 4);
        let values = most(&|row| row.value.len().max(row.default.len()), 7);
        let ranges = most(&|row| row.range_and_unit().len(), 5);
        let mut any_kept = false;
        let heads = [
            (Kind::Sysctl, "Tunables under /proc/sys/vm, in force at once"),
            (Kind::Boot, "Kernel parameters, held until boot"),
        ];
        for (at, (kind, title)) in heads.into_iter().enumerate() {
            let mut rows = rows.iter().filter(|row| row.kind == kind).peekable();
            if rows.peek().is_none() {
                continue;
            }
            if at > 0 && self.words.is_empty() {
                writeln!(out)?;
            }
            writeln!(out, "{title} ({}, Linux {})", machine.name, machine.profile.release)?;
            writeln!(
                out,
                "  {:width$}  {:values$}  {:values$}  {:ranges$}  state",
                "name", "value", "default", "range"
            )?;
            for row in rows {
                let held = row.held.as_ref().map_or(String::new(), |held| format!(": {held}"));
                let kept = if row.effect == Effect::Kept { "; kept only" } else { "" };
                let (name, value, default, range) = (row.full_name(), &row.value, &row.default, row.range_and_unit());
                any_kept |= row.effect == Effect::Kept;
                writeln!(
                    out,
                    "  {name:width$}  {value:values$}  {default:values$}  {range:ranges$}  {}{held}{kept}",
                    row.state
                )?;
                if self.long {
                    writeln!(out, "      {} ({})", row.about, row.versions)?;
                    if let Some(usage) = kernel.usage(row.name) {
                        writeln!(out, "      {}: {}", numbers(&usage), usage.what)?;
                    }
                }
            }
        }
        if any_kept {
            writeln!(out, "kept only: it is kept and shown, nothing in kmem uses it")?;
        }
        Ok(())
    }

    pub(super) fn usage(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        let (kernel, cmdline) = self.boot(Kept::All)?;
        let sysctls = sysctls(machine.profile).map(|info| (Kind::Sysctl, info.name));
        let boot = parameters(machine.profile).map(|known| (Kind::Boot, known.name));
        let wanted: Vec<(Kind, &str)> =
            self.words.iter().map(|word| super::name(machine, word)).collect::<Result<_, _>>()?;
        let mut rows = Vec::new();
        for (kind, name) in sysctls.chain(boot).filter(|found| wanted.is_empty() || wanted.contains(found)) {
            let Some(usage) = kernel.usage(name) else { continue };
            let value = match kind {
                Kind::Sysctl => sysctl(&kernel, name),
                Kind::Boot => given(&cmdline, name),
            };
            rows.push((full_name(kind, name), value.unwrap_or_else(|| NOT_GIVEN.to_owned()), usage));
        }
        for (kind, name) in wanted {
            if !rows.iter().any(|(full, ..)| *full == full_name(kind, name)) {
                super::super::super::report::kernel_line(&format!(
                    "kmem: {}: no counter of the kernel says how much of it is in use",
                    full_name(kind, name)
                ));
            }
        }
        if self.json {
            let row = |(name, value, usage): &(String, String, Usage)| {
                json!({
                    "name": name, "value": value, "used": usage.used, "of": usage.of, "percent": percent(usage),
                    "what": usage.what,
                })
            };
            return super::super::print_json(out, &document("usage", machine, "usage", rows.iter().map(row).collect()));
        }
        let width = |of: &dyn Fn(&(String, String, Usage)) -> usize| rows.iter().map(of).max().unwrap_or(0).max(5);
        let (names, values) = (width(&|row| row.0.len()), width(&|row| row.1.len()));
        let counts = width(&|row| numbers(&row.2).len());
        writeln!(out, "{:names$}  {:values$}  {:counts$}  counted", "name", "value", "used")?;
        for (name, value, usage) in &rows {
            writeln!(out, "{name:names$}  {value:values$}  {:counts$}  {}", numbers(usage), usage.what)?;
        }
        Ok(())
    }
}

/// `1234 of 5678 (21%)`.
fn numbers(usage: &Usage) -> String {
    match (usage.of, percent(usage)) {
        (Some(of), Some(percent)) if percent < 1000 => format!("{} of {of} ({percent}%)", usage.used),
        (Some(of), _) => format!("{} of {of}", usage.used),
        (None, _) => usage.used.to_string(),
    }
}
