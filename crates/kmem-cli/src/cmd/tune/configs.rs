//! `kmem tune configs`: the saved configurations.

use super::{document, Machine, Tune};
use crate::failure::Failure;
use crate::tunables;
use serde_json::{json, Value};
use std::fs;
use std::io::Write;

/// A saved configuration, by the head of its file.
struct Saved {
    name: String,
    file: String,
    machine: String,
    title: String,
    settings: usize,
    /// The machine is set so now.
    current: bool,
}

impl Saved {
    /// The head is read whatever the lines say: a name is listed though its file is wrong for this machine.
    fn read(name: String, machine: &Machine) -> Result<Self, Failure> {
        let path = tunables::saved_file(&name)?;
        let text = fs::read_to_string(&path).map_err(|error| tunables::cannot(&path, &error))?;
        let head = |key: &str| {
            let value = |line: &str| Some(line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().to_owned());
            text.lines().find_map(value).unwrap_or_default()
        };
        let settings = text.lines().filter(|line| line.starts_with("vm") || line.starts_with("boot.")).count();
        let config = tunables::read(machine.profile, &path, &mut Vec::new());
        let current = config.ok().flatten().is_some_and(|config| config.settings().eq(machine.config.settings()));
        let file = path.display().to_string();
        Ok(Self { name, file, machine: head("machine"), title: head("title"), settings, current })
    }
    fn json(&self) -> Value {
        json!({
            "name": self.name, "file": self.file, "machine": self.machine, "title": self.title,
            "settings": self.settings, "current": self.current,
        })
    }
}

impl Tune {
    /// Writes a line for each, those that are as the machine is set now with a star.
    pub(super) fn configs(&self, out: &mut dyn Write, machine: &Machine) -> Result<(), Failure> {
        let saved = tunables::saved_names()?.into_iter().map(|name| Saved::read(name, machine));
        let saved: Vec<Saved> = saved.collect::<Result<_, _>>()?;
        if self.json {
            let rows = saved.iter().map(Saved::json).collect();
            return super::super::print_json(out, &document("configs", machine, "configs", rows));
        }
        let names = saved.iter().map(|saved| saved.name.len()).max().unwrap_or(0);
        let machines = saved.iter().map(|saved| saved.machine.len()).max().unwrap_or(0);
        for Saved { name, machine, title, settings, current, .. } in &saved {
            let mark = if *current { '*' } else { ' ' };
            let line = format!("{mark} {name:names$}  {machine:machines$}  {settings:>3} set  {title}");
            writeln!(out, "{}", line.trim_end())?;
        }
        if saved.is_empty() {
            writeln!(out, "no configuration is saved: kmem tune save NAME")?;
        } else if saved.iter().any(|saved| saved.current) {
            writeln!(out, "* as {} is set now", machine.name)?;
        }
        Ok(())
    }
}
