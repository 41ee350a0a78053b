//! Tunables: `sysctl -a`, `/etc/sysctl.conf` and files of `sysctl.d`, `grep -r . /proc/sys/vm`, and HP-UX's `kctune`.
//!
//! | source | a line |
//! |---|---|
//! | `sysctl -a` | `vm.min_free_kbytes = 67584`; several numbers have tabs between them |
//! | `sysctl.conf`, `sysctl.d` | the same, blanks as people like; `vm/KEY`; `-` in front: an error is none; `#` and `;` begin remarks |
//! | `grep` | `/proc/sys/vm/min_free_kbytes:67584` |
//! | `kctune` | a head `Tunable Value Expression [Changes]`, then `nproc 4200 4200 Immed`; `Default` where nothing was set |
//!
//! Checked: a name that kernels have takes no value that all of them refuse; of two tunables of which a kernel makes one 0 when
//! the other is set, one is; an expression of `kctune` that is a number is the value.

use super::Taken;
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::{decimal, hex};
use kmem::kernel::{check_sysctl, default_sysctl, sysctls, SysctlError};
use kmem::profile::PROFILES;

/// A listing of tunables.
#[derive(Clone, Debug, Default)]
pub struct Sysctl {
    /// Its first line.
    pub place: Place,
    /// The tunables under `vm`, without `vm.`, with their values, numbers one blank apart.
    pub vm: Vec<(Place, String, String)>,
    /// Lines of other parts of a kernel.
    pub others: u64,
    /// Rows of `kctune`.
    pub kctune: Vec<Tunable>,
}

/// A row of `kctune`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tunable {
    /// Its line.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// What it was set by.
    pub expression: String,
    /// When a change takes effect: `Immed`, `Auto`, or empty for the next boot.
    pub changes: String,
}

impl Sysctl {
    /// Returns the value of a tunable under `vm`, the last one that there is.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.vm.iter().rev().find(|(_, name, _)| name == key).map(|(.., value)| value.as_str())
    }
    /// Returns the first number of a tunable under `vm`.
    pub fn number(&self, key: &str) -> Option<u64> {
        decimal(self.get(key)?.split(' ').next()?)
    }
}

/// The most tunables that are kept.
const MOST: usize = 4096;
/// The other parts of a kernel that have tunables.
const OTHERS: [&str; 10] = ["abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "xen"];
/// Of each two the kernel makes one 0 when the other is set.
const EXCLUDE: [(&str, &str); 3] = [
    ("dirty_bytes", "dirty_ratio"),
    ("dirty_background_bytes", "dirty_background_ratio"),
    ("overcommit_kbytes", "overcommit_ratio"),
];

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<Sysctl>,
    /// Rows of `kctune` follow.
    in_kctune: bool,
    last: Place,
}

impl Reader {
    /// Looks at a line. A listing that ends here, because another begins, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<Sysctl>) {
        let text = line.text.trim();
        if is_kctune_head(text) {
            let ended = self.finish(doubts);
            self.open = Some(Sysctl { place: line.place, ..Sysctl::default() });
            (self.in_kctune, self.last) = (true, line.place);
            return (Taken::Yes, ended);
        }
        if self.in_kctune {
            let follows = line.place.source == self.last.source && line.place.line == self.last.line + 1;
            if let Some(row) = follows.then(|| kctune_row(line.place, text)).flatten() {
                self.last = line.place;
                self.tunable(row, doubts);
                return (Taken::Yes, None);
            }
            self.in_kctune = false;
        }
        let Some((name, value)) = entry(text) else { return (Taken::No, None) };
        let Some(key) = vm_key(name) else {
            let head = name.split(['.', '/']).next().unwrap_or_default();
            // `sysctl -a` begins with other parts of a kernel, and writes its lines just so.
            let just_so = self.open.is_some() || text.contains(" = ");
            if !OTHERS.contains(&head) || name.len() == head.len() || !just_so {
                return (Taken::No, None);
            }
            self.open.get_or_insert_with(|| Sysctl { place: line.place, ..Sysctl::default() }).others += 1;
            return (Taken::Yes, None);
        };
        // Some are files to write to, and show nothing.
        let shows_nothing = value.is_empty() && !is_known(key);
        if value.is_empty() && !shows_nothing {
            doubts.not_understood(line.place, format!("a tunable without a value: `{text}`"));
            return (Taken::Yes, None);
        }
        // The same name again: another listing. In a file for people it is a second line that wins, and reads alike.
        let again = |open: &Sysctl| open.vm.first().is_some_and(|(_, first, _)| first == key);
        let ended = if self.open.as_ref().is_some_and(again) { self.finish(doubts) } else { None };
        let open = self.open.get_or_insert_with(|| Sysctl { place: line.place, ..Sysctl::default() });
        if !shows_nothing {
            check(line.place, key, &value, doubts);
        }
        if open.vm.len() < MOST {
            open.vm.push((line.place, key.to_owned(), value));
        }
        (Taken::Yes, ended)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self, doubts: &mut Doubts) -> Option<Sysctl> {
        self.in_kctune = false;
        let ended = self.open.take()?;
        for (one, other) in EXCLUDE {
            let set = |key| ended.number(key).filter(|value| *value > 0);
            if let (Some(first), Some(second)) = (set(one), set(other)) {
                let what = format!("vm.{one} {first} and vm.{other} {second}: a kernel makes one of them 0");
                doubts.contradiction(ended.place, what);
            }
        }
        Some(ended)
    }
    fn tunable(&mut self, row: Tunable, doubts: &mut Doubts) {
        let (value, expression) = (number(&row.value), number(&row.expression));
        if let (Some(value), Some(expression)) = (value, expression) {
            if value != expression {
                let what = format!("{}: value {value}, but its expression is {expression}", row.name);
                doubts.contradiction(row.place, what);
            }
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.kctune.len() < MOST) {
            open.kctune.push(row);
        }
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => hex(digits),
        None => decimal(text),
    }
}

fn is_kctune_head(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next() == Some("Tunable") && words.next() == Some("Value") && words.next() == Some("Expression")
}

fn kctune_row(place: Place, text: &str) -> Option<Tunable> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, value, rest @ ..] = &words[..] else { return None };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name || (number(value).is_none() && *value != "-" && !value.starts_with('-')) || rest.is_empty() {
        return None;
    }
    let (expression, changes) = match rest {
        [expression @ .., last] if ["Immed", "Auto"].contains(last) && !expression.is_empty() => (expression, *last),
        all => (all, ""),
    };
    let (name, value, changes) = (name.to_string(), value.to_string(), changes.to_owned());
    Some(Tunable { place, name, value, expression: expression.join(" "), changes })
}

/// `NAME = VALUE`, `/proc/sys/NAME:VALUE`: the name, and the value with one blank between its words.
fn entry(text: &str) -> Option<(&str, String)> {
    let text = text.strip_prefix('-').map_or(text, str::trim_start);
    // Most lines of a log begin otherwise.
    if !text.starts_with(|c: char| c.is_ascii_lowercase() || c == '/') {
        return None;
    }
    let (name, value) = match text.strip_prefix("/proc/sys/") {
        Some(path) => path.split_once(':').or_else(|| path.split_once('='))?,
        None => text.split_once('=')?,
    };
    let name = name.trim_end();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-*:@".contains(c);
    let is_name = name.len() < 200 && name.contains(['.', '/']) && name.chars().all(plain);
    is_name.then(|| (name, value.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The name of a tunable under `vm`, without it.
fn vm_key(name: &str) -> Option<&str> {
    let key = name.strip_prefix("vm.").or_else(|| name.strip_prefix("vm/"))?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (!key.is_empty() && key.len() < 64 && key.chars().all(plain)).then_some(key)
}

fn is_known(key: &str) -> bool {
    PROFILES.iter().any(|profile| sysctls(profile).any(|info| info.name == key))
}

/// Values of tunables that are known: one that every kernel refuses was misread, or never worked.
fn check(place: Place, key: &str, value: &str, doubts: &mut Doubts) {
    let mut why = None;
    for profile in PROFILES.iter().filter(|profile| sysctls(profile).any(|info| info.name == key)) {
        match check_sysctl(profile, key, value) {
            Err(error @ (SysctlError::NotANumber { .. } | SysctlError::OutOfRange { .. })) => why = Some(error),
            // A tunable shows 0 where the other of the two is set.
            _ => return,
        }
        // What it is when nobody writes it need not be what may be written: percpu_pagelist_fraction of 2.6.16 to 3.15.
        if default_sysctl(profile, key).is_some_and(|default| number(value) == Some(default)) {
            return;
        }
    }
    let may_be_0 = value == "0" && EXCLUDE.iter().any(|(one, other)| [*one, *other].contains(&key));
    if let Some(error) = why.filter(|_| !may_be_0) {
        doubts.contradiction(place, error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tunables_and_others() {
        for (text, found) in [
            ("vm.swappiness = 60", Some(("swappiness", "60"))),
            ("-vm/swappiness=60", Some(("swappiness", "60"))),
            ("/proc/sys/vm/lowmem_reserve_ratio:256\t32\t0", Some(("lowmem_reserve_ratio", "256 32 0"))),
            ("vm.page-cluster=3", Some(("page-cluster", "3"))),
            ("vm. = 3", None),
            ("x = vm.swappiness", None),
            ("See vm.swappiness = 60", None),
        ] {
            let entry = entry(text);
            let key = entry.as_ref().and_then(|(name, value)| Some((vm_key(name)?, value.as_str())));
            assert_eq!(key, found, "{text}");
        }
    }
}
