//! What the checkers find: one value for each fault, with the places in the source that it is about.

use serde_json::{json, Value};
use std::path::PathBuf;

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
    /// A call that may sleep where sleeping is a bug.
    AtomicSleep,
    /// A wild access ended the module.
    Oops,
    /// Tasks wait for ever, for each other or for nobody.
    Deadlock,
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
            Self::AtomicSleep => "atomic-sleep",
            Self::Oops => "oops",
            Self::Deadlock => "deadlock",
            Self::Misuse => "misuse",
            Self::Expect => "expect",
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
    /// Returns the finding as an object of the JSON summary.
    pub fn to_json(&self) -> Value {
        let place = |place: &Place| {
            json!({
                "file": place.file.to_string_lossy(), "line": place.line, "column": place.column,
                "function": place.function,
            })
        };
        let mut value = json!({
            "kind": self.kind.name(), "title": self.title, "label": self.label, "notes": self.notes,
            "size": self.size, "given": self.given, "help": self.help,
            "also": self.also.iter().map(|(at, label)| json!({"place": place(at), "label": label})).collect::<Vec<_>>(),
        });
        if let (Some(object), Some(at)) = (value.as_object_mut(), &self.at) {
            object.extend([
                ("file".into(), at.file.to_string_lossy().into()),
                ("line".into(), at.line.into()),
                ("column".into(), at.column.into()),
                ("function".into(), at.function.clone().into()),
            ]);
        }
        value
    }
}
