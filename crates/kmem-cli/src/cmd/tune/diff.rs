//! `kmem tune diff`: what differs between two configurations.

use super::{document, read, Machine, Tune};
use crate::failure::Failure;
use crate::tunables::{full_name, Config, Kind, Setting};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;

/// One side.
struct Side {
    name: String,
    config: Config,
}

impl Tune {
    /// Writes a line for each tunable that is set otherwise, or on one side only; where it is not set, its default counts.
    pub(super) fn diff(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        let (left, right) = match &self.words[..] {
            [] => ("default", "current"),
            [name] => (name.as_str(), "current"),
            [left, right] => (left.as_str(), right.as_str()),
            _ => return Err(Failure::request("diff takes no, one or two names").help("kmem tune diff NAME NAME")),
        };
        let (left, right) = (side(machine, left)?, side(machine, right)?);
        let rows = super::table::rows(self, machine)?;
        let default = |kind: Kind, name: &str| {
            let row = rows.iter().find(|row| row.kind == kind && row.name == name);
            row.map_or(String::new(), |row| row.default.clone())
        };
        let value = |side: &Side, kind, name: &str| match side.config.get(kind, name) {
            Some(setting) => (setting.value.clone().unwrap_or_else(|| "on".to_owned()), ""),
            None => (default(kind, name), " (default)"),
        };
        let keys = |side: &Side| side.config.settings().map(key).collect::<BTreeSet<_>>();
        let mut lines = Vec::new();
        for (kind, name) in keys(&left).union(&keys(&right)) {
            let (before, after) = (value(&left, *kind, name), value(&right, *kind, name));
            if before.0 != after.0 {
                lines.push((full_name(*kind, name), before, after));
            }
        }
        if self.json {
            let row = |(name, before, after): &(String, (String, &str), (String, &str))| json!({ "name": name, "from": before.0, "to": after.0 });
            let mut document = document("diff", machine, "differences", lines.iter().map(row).collect());
            (document["from"], document["to"]) = (left.name.into(), right.name.into());
            return super::super::print_json(out, &document);
        }
        let (from, to) = (&left.name, &right.name);
        if lines.is_empty() {
            writeln!(out, "{from} and {to} are the same")?;
            return Ok(());
        }
        writeln!(out, "from {from} to {to}")?;
        for (name, (before, of_before), (after, of_after)) in &lines {
            writeln!(out, "  {name}: {before}{of_before} -> {after}{of_after}")?;
        }
        Ok(())
    }
}

fn key(setting: &Setting) -> (Kind, String) {
    (setting.kind, setting.name.clone())
}

fn side(machine: &Machine, name: &str) -> Result<Side, Failure> {
    let config = match name {
        "current" => machine.config.clone(),
        "default" => Config::default(),
        name => read(machine.profile, name, &mut Vec::new())?.1,
    };
    Ok(Side { name: name.to_owned(), config })
}
