//! The readings of what checkers reported, and of what was said again and again.

use crate::parse::repeats::Repeat;
use crate::parse::trouble::{Trouble, Who};
use std::fmt::{Result, Write};

pub(super) fn write(out: &mut dyn Write, trouble: &Trouble) -> Result {
    writeln!(out, "{:?} from line {}: {}, {} times", trouble.kind, trouble.place.line, trouble.what, trouble.count)?;
    let fields = [
        ("in", &trouble.site),
        ("cache", &trouble.cache),
        ("access", &trouble.access),
        ("spot", &trouble.spot),
        ("task", &trouble.task),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            writeln!(out, "  {name} {value}")?;
        }
    }
    for (name, who) in [("allocated", &trouble.allocated), ("freed", &trouble.freed)] {
        if let Some(Who { function, task }) = who {
            let (function, task) = (function.as_deref().unwrap_or("-"), task.as_deref().unwrap_or("-"));
            writeln!(out, "  {name} by {function}, task {task}")?;
        }
    }
    if trouble.bytes > 0 {
        writeln!(out, "  {} bytes", trouble.bytes)?;
    }
    times(out, trouble.times)
}

pub(super) fn repeat(out: &mut dyn Write, repeat: &Repeat) -> Result {
    let Repeat { place, what, count, suppressed, code, times: between, .. } = repeat;
    write!(out, "again and again from line {}: {what:?}, {count} times", place.line)?;
    if *suppressed > 0 {
        write!(out, " and {suppressed} suppressed")?;
    }
    if let Some(code) = code {
        write!(out, ", for {code:?}")?;
    }
    writeln!(out)?;
    times(out, *between)
}

fn times(out: &mut dyn Write, times: Option<(f64, f64)>) -> Result {
    match times {
        Some((first, last)) => writeln!(out, "  from {first:.6} to {last:.6}"),
        None => Ok(()),
    }
}
