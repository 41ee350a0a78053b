//! Findings as diagnostics: the source line, what is wrong with it, where else to look, what to do.

use annotate_snippets::{renderer::DecorStyle, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use kmem_modules::finding::{Finding, Place};
use std::ops::Range;
use std::path::Path;
use std::{env, fs};

/// Renders one finding.
pub fn finding(finding: &Finding) -> String {
    let sources: Vec<(String, Option<String>, &Place, &str, bool)> = finding
        .at
        .iter()
        .map(|place| (place, finding.label.as_str(), true))
        .chain(finding.also.iter().map(|(place, label)| (place, label.as_str(), false)))
        .map(|(place, label, primary)| {
            let text = fs::read_to_string(&place.file).ok();
            (shown(&place.file), text, place, label, primary)
        })
        .collect();
    let mut group = Group::with_title(Level::ERROR.primary_title(finding.title.as_str()).id(finding.kind.name()));
    let mut done = Vec::new();
    for (path, text, place, ..) in &sources {
        if done.contains(path) {
            continue;
        }
        done.push(path.clone());
        // All places in one file make one snippet.
        let Some(text) = text else {
            group = group.element(Origin::path(path.as_str()).line(place.line as usize));
            continue;
        };
        let mut snippet = Snippet::source(text.as_str()).path(path.as_str());
        for (_, _, place, label, primary) in sources.iter().filter(|source| source.0 == *path) {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(span(text, place)).label(*label));
        }
        group = group.element(snippet);
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    // Styled: what writes it takes the colours out where they are not wanted.
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// The path as the user gave it: relative where it lies below the current folder.
pub fn shown(path: &Path) -> String {
    let current = env::current_dir().unwrap_or_default();
    path.strip_prefix(&current).unwrap_or(path).to_string_lossy().into_owned()
}

/// The bytes of a place: from its column to the end of the call that begins there, or of the line's text.
fn span(text: &str, place: &Place) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(place.line.saturating_sub(1) as usize).map(str::len).sum();
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    let mut column = (place.column as usize).saturating_sub(1).clamp(indent.min(line.len()), line.len());
    while !line.is_char_boundary(column) {
        column -= 1;
    }
    let rest = &line[column..];
    let end = call_end(rest).unwrap_or_else(|| rest.trim_end().trim_end_matches(';').len()).max(1);
    start + column..(start + column + end).min(text.len())
}

/// The length of `name(…)` at the start of `rest`.
fn call_end(rest: &str) -> Option<usize> {
    let open = rest.find('(')?;
    if !rest[..open].chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let mut depth = 0;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && at > open {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_underlined_to_its_end() {
        assert_eq!(call_end("kmalloc(sizeof(x), GFP_KERNEL);"), Some("kmalloc(sizeof(x), GFP_KERNEL)".len()));
        assert_eq!(call_end("a = kmalloc(1)"), None);
        assert_eq!(call_end("x + 1"), None);
    }
}
