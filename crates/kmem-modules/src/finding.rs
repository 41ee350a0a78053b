//! What the checkers find: one value for each fault, with the places in the source that it is about.

use crate::checks::Check;
use serde_json::{json, Value};
use std::path::PathBuf;

/// What is wrong with an access to memory, named as KASAN names it where it has a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MemoryBug {
    /// Outside of an object.
    SlabOutOfBounds,
    /// Outside of a block of pages.
    PageOutOfBounds,
    /// Outside of what vmalloc gave.
    VmallocOutOfBounds,
    /// Outside of a variable that lies outside all functions.
    GlobalOutOfBounds,
    /// Outside of a variable of a function.
    StackOutOfBounds,
    /// Outside of an array whose length was computed.
    AllocaOutOfBounds,
    /// Of a variable whose block was left.
    UseAfterScope,
    /// Of what was freed.
    UseAfterFree,
    /// Through a window that was closed.
    KmapUseAfterUnmap,
    /// Of a process's memory by a plain pointer.
    UserMemoryAccess,
    /// Of what the module never got.
    WildAccess,
    /// Of memory that nobody has written.
    UninitValue,
    /// Memory that nobody has written goes to a process.
    KernelInfoleak,
}

impl MemoryBug {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::SlabOutOfBounds,
        Self::PageOutOfBounds,
        Self::VmallocOutOfBounds,
        Self::GlobalOutOfBounds,
        Self::StackOutOfBounds,
        Self::AllocaOutOfBounds,
        Self::UseAfterScope,
        Self::UseAfterFree,
        Self::KmapUseAfterUnmap,
        Self::UserMemoryAccess,
        Self::WildAccess,
        Self::UninitValue,
        Self::KernelInfoleak,
    ];
    /// Returns the name that reports and JSON use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlabOutOfBounds => "slab-out-of-bounds",
            Self::PageOutOfBounds => "page-out-of-bounds",
            Self::VmallocOutOfBounds => "vmalloc-out-of-bounds",
            Self::GlobalOutOfBounds => "global-out-of-bounds",
            Self::StackOutOfBounds => "stack-out-of-bounds",
            Self::AllocaOutOfBounds => "alloca-out-of-bounds",
            Self::UseAfterScope => "use-after-scope",
            Self::UseAfterFree => "use-after-free",
            Self::KmapUseAfterUnmap => "kmap-use-after-unmap",
            Self::UserMemoryAccess => "user-memory-access",
            Self::WildAccess => "wild-memory-access",
            Self::UninitValue => "uninit-value",
            Self::KernelInfoleak => "kernel-infoleak",
        }
    }
}

/// The kinds of fault, named as the command line's `--check` names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum FindingKind {
    /// Something was never freed.
    Leak,
    /// Something was freed twice.
    DoubleFree,
    /// Something was freed that is not what it was freed as: a stranger, a wrong cache, a wrong order.
    Mismatch,
    /// Something was written to that is not the writer's: around an object, or after it was freed.
    Overwrite,
    /// An access to memory that is not the module's: what `--check kasan` finds.
    Memory(MemoryBug),
    /// A call that may sleep where sleeping is a bug.
    AtomicSleep,
    /// A wild access ended the module.
    Oops,
    /// It did not end in the time that it had.
    Hang,
    /// Tasks wait for ever, for each other or for nobody.
    Deadlock,
    /// A result that says that something failed, and that nobody looked at.
    Unchecked,
    /// Locks, lists or another interface used wrongly.
    Misuse,
    /// A step of the driver script did not give what was expected.
    Expect,
}

impl FindingKind {
    /// Returns the name that reports and JSON use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::DoubleFree => "double-free",
            Self::Mismatch => "mismatch",
            Self::Overwrite => "overwrite",
            Self::Memory(bug) => bug.name(),
            Self::AtomicSleep => "atomic-sleep",
            Self::Oops => "oops",
            Self::Hang => "hang",
            Self::Deadlock => "deadlock",
            Self::Unchecked => "unchecked",
            Self::Misuse => "misuse",
            Self::Expect => "expect",
        }
    }
}

impl FindingKind {
    /// Returns the kind that reports call so.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }
    /// Returns all kinds, in the order in which each names the next: none can be forgotten.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::Leak), |kind| kind.next())
    }
    fn next(self) -> Option<Self> {
        Some(match self {
            Self::Leak => Self::DoubleFree,
            Self::DoubleFree => Self::Mismatch,
            Self::Mismatch => Self::Overwrite,
            Self::Overwrite => Self::AtomicSleep,
            Self::AtomicSleep => Self::Oops,
            Self::Oops => Self::Hang,
            Self::Hang => Self::Deadlock,
            Self::Deadlock => Self::Unchecked,
            Self::Unchecked => Self::Misuse,
            Self::Misuse => Self::Expect,
            Self::Expect => Self::Memory(MemoryBug::ALL[0]),
            Self::Memory(bug) => {
                let at = MemoryBug::ALL.iter().position(|known| *known == bug)?;
                Self::Memory(*MemoryBug::ALL.get(at + 1)?)
            }
        })
    }
    /// Returns the check that looks for it; `None` for what is always told.
    pub const fn check(self) -> Option<Check> {
        match self {
            Self::Leak => Some(Check::Leak),
            Self::DoubleFree => Some(Check::DoubleFree),
            Self::Mismatch => Some(Check::Mismatch),
            Self::Memory(_) => Some(Check::Kasan),
            Self::AtomicSleep => Some(Check::AtomicSleep),
            Self::Unchecked => Some(Check::Null),
            Self::Misuse => Some(Check::Misuse),
            // What a debugged cache finds was asked for by a kernel parameter.
            Self::Overwrite | Self::Oops | Self::Hang | Self::Deadlock | Self::Expect => None,
        }
    }
}

/// A place in the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file, as it was given to the compiler.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 when it is not known.
    pub column: u32,
    /// The function.
    pub function: String,
}

/// One fault.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// What is wrong, in one sentence.
    pub title: String,
    /// Where, if it has a place.
    pub at: Option<Place>,
    /// What is at that place.
    pub label: String,
    /// Other places that belong to it, each with a label.
    pub also: Vec<(Place, String)>,
    /// Facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Bytes concerned, as they were asked for.
    pub size: Option<u64>,
    /// Bytes concerned, as they were given.
    pub given: Option<u64>,
    /// How many times: a loop that leaks is one finding.
    pub times: u64,
}

impl Finding {
    /// Changes each text in it.
    pub(crate) fn map_texts(&mut self, change: impl Fn(&str) -> String) {
        let texts = [&mut self.title, &mut self.label].into_iter();
        let also = self.also.iter_mut().map(|(_, text)| text);
        for text in texts.chain(also).chain(&mut self.notes).chain(&mut self.help) {
            *text = change(text);
        }
    }
}

impl Place {
    /// Returns `file:line`.
    pub fn short(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
    /// Returns it as an object of a JSON document.
    pub fn to_json(&self) -> Value {
        json!({
            "file": self.file.to_string_lossy(), "line": self.line, "column": self.column, "function": self.function,
        })
    }
    /// Reads what [`Place::to_json`] wrote; other fields may stand beside it.
    pub fn from_json(value: &Value) -> Option<Self> {
        let number = |name: &str| value.get(name)?.as_u64()?.try_into().ok();
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let (file, function) = (PathBuf::from(text("file")?), text("function")?);
        Some(Self { file, line: number("line")?, column: number("column")?, function })
    }
}

impl Finding {
    /// Makes a finding with a kind, a title and the place it is about.
    pub fn new(kind: FindingKind, title: impl Into<String>, at: Option<Place>, label: impl Into<String>) -> Self {
        Self {
            kind,
            title: title.into(),
            at,
            label: label.into(),
            also: Vec::new(),
            notes: Vec::new(),
            help: None,
            size: None,
            given: None,
            times: 1,
        }
    }
    /// Adds another place.
    #[must_use]
    pub fn also(mut self, place: Option<Place>, label: impl Into<String>) -> Self {
        self.also.extend(place.map(|place| (place, label.into())));
        self
    }
    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// Says how many bytes it is about.
    #[must_use]
    pub fn bytes(mut self, asked: u64, given: u64) -> Self {
        self.size = Some(asked);
        self.given = Some(given);
        self
    }
    /// Takes over what comes of it: a value that was never set, and what it did at the same place. Returns any other finding.
    pub(crate) fn takes_over(&mut self, mut next: Self) -> Option<Self> {
        let unset = FindingKind::Memory(MemoryBug::UninitValue);
        if self.kind != unset || self.at != next.at || !matches!(next.kind, FindingKind::Misuse | FindingKind::Oops) {
            return Some(next);
        }
        next.also.append(&mut self.also);
        next.notes.push("it was read from memory that nobody has written".into());
        next.help = next.help.or(self.help.take());
        *self = next;
        None
    }
    /// Says that it is there so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        if times > 1 {
            self.title.push_str(&format!(", {times} times"));
        }
        self
    }
    /// Returns the finding as an object of the JSON summary.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "kind": self.kind.name(), "title": self.title, "label": self.label, "notes": self.notes,
            "size": self.size, "given": self.given, "times": self.times, "help": self.help,
            "also": self.also.iter().map(|(at, label)| json!({"place": at.to_json(), "label": label})).collect::<Vec<_>>(),
        });
        if let (Some(object), Some(at)) = (value.as_object_mut(), &self.at) {
            object.extend(at.to_json().as_object().cloned().unwrap_or_default());
        }
        value
    }
    /// Reads what [`Finding::to_json`] wrote.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let list = |name: &str| value.get(name)?.as_array();
        let also =
            |item: &Value| Some((Place::from_json(item.get("place")?)?, item.get("label")?.as_str()?.to_owned()));
        Some(Self {
            kind: FindingKind::by_name(&text("kind")?)?,
            title: text("title")?,
            at: Place::from_json(value),
            label: text("label")?,
            also: list("also")?.iter().map(also).collect::<Option<_>>()?,
            notes: list("notes")?.iter().map(|note| Some(note.as_str()?.to_owned())).collect::<Option<_>>()?,
            help: text("help"),
            size: value.get("size")?.as_u64(),
            given: value.get("given")?.as_u64(),
            times: value.get("times")?.as_u64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let place = |line| Place { file: "a.c".into(), line, column: 3, function: "a_init".into() };
        assert_eq!(FindingKind::all().count(), 11 + MemoryBug::ALL.len());
        for kind in FindingKind::all() {
            let finding = Finding::new(kind, "a \"title\"", Some(place(7)), "here").also(Some(place(9)), "there");
            let finding = finding.times(3);
            for finding in [finding.clone().note("one").help("do").bytes(10, 16), Finding { at: None, ..finding }] {
                let read = Finding::from_json(&finding.to_json()).unwrap();
                assert_eq!(format!("{read:?}"), format!("{finding:?}"));
            }
        }
        assert!(Finding::from_json(&json!({"kind": "leak"})).is_none());
    }
}
