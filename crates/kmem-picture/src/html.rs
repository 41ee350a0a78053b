//! A picture as a page that holds all it needs: no network, one script, one stylesheet, both of which the page's policy names
//! by hash, so that no text of a dump can become either.

use crate::draw::{draw, Chart, NARROW, SHAPES, WIDE};
use crate::paint::{patterns, stylesheet};
use crate::view::{Figure, Picture, Shape, Table};
use maud::{html, Markup, PreEscaped, DOCTYPE};
use sha2::{Digest, Sha256};

const SCRIPT: &str = include_str!("../assets/page.js");
const STYLE: &str = include_str!("../assets/page.css");
/// A finding with more lines is folded up.
const OPEN_LINES: usize = 14;

/// What a policy calls a script or stylesheet that it allows.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", data_encoding::BASE64.encode(&Sha256::digest(text)))
}

impl Picture {
    /// Writes the picture as one HTML page.
    pub fn html(&self) -> String {
        let style = format!("{}{SHAPES}{STYLE}", stylesheet(true));
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
            hash(SCRIPT),
            hash(&style)
        );
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(&style)) }
                }
                body {
                    a.skip href="#main" { "To the figures" }
                    (self.header())
                    main #main {
                        h1 { (self.title) }
                        @for line in &self.about { p.about { (line) } }
                        (self.contents())
                        @if !self.findings.is_empty() { (findings(&self.findings)) }
                        @for part in &self.figures { (figure(part)) }
                        @if self.figures.is_empty() { p { "Nothing that was read can be drawn." } }
                        (help())
                    }
                    svg.defs width="0" height="0" aria-hidden="true" { defs { (PreEscaped(patterns())) } }
                    div #tip role="tooltip" hidden {}
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        markup.into_string() + "\n"
    }

    fn header(&self) -> Markup {
        html! {
            header {
                form #search role="search" {
                    label for="query" { "Search" }
                    input #query type="search" autocomplete="off" spellcheck="false"
                        placeholder="address, caller, cache, zone";
                    button type="submit" title="Next (Enter)" { "Next" }
                    span #found role="status" aria-live="polite" {}
                }
                button #theme type="button" title="Light or dark" { "Dark" }
            }
        }
    }
    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Figures" {
                @if !self.findings.is_empty() { a href="#findings" { "Findings" } }
                @for figure in &self.figures {
                    a href={ "#" (figure.id) } { (short(&figure.title)) }
                }
            }
        }
    }
}

/// A title without its numbers.
fn short(title: &str) -> String {
    let name = title.split(',').next().unwrap_or_default();
    match title.split_once(": part ") {
        Some((_, part)) => format!("{name}, part {part}"),
        None => name.to_owned(),
    }
}

fn findings(findings: &[Vec<String>]) -> Markup {
    html! {
        section #findings {
            h2 { "Findings" }
            @for block in findings {
                @let (first, rest) = block.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
                @if rest.is_empty() {
                    pre { (first) }
                } @else {
                    details open[block.len() <= OPEN_LINES] {
                        summary { (first) }
                        pre { @for line in rest { (line) "\n" } }
                    }
                }
            }
        }
    }
}

fn figure(figure: &Figure) -> Markup {
    let is_strip = matches!(figure.shape, Shape::Strip(_));
    let has_key = matches!(&figure.shape, Shape::Strip(strip) if !strip.key.is_empty());
    html! {
        section.figure #(figure.id) {
            h2 { (figure.title) }
            @for note in &figure.notes { p.note { (note) } }
            @if is_strip {
                div.tools role="group" aria-label={ "Zoom: " (figure.title) } {
                    button type="button" data-do="in" title="Closer (+)" aria-label="Closer" { "+" }
                    button type="button" data-do="out" title="Further (-)" aria-label="Further" { "−" }
                    button type="button" data-do="all" title="All of it (0)" { "All" }
                    button type="button" data-do="left" title="To the left (Shift and arrow)" aria-label="To the left" { "◀" }
                    button type="button" data-do="right" title="To the right (Shift and arrow)" aria-label="To the right" { "▶" }
                    span.scale {}
                    @if has_key { span.hint { "A double click on a name below, or Enter, goes there." } }
                }
            }
            @for (class, width) in [("wide", WIDE), ("narrow", NARROW)] {
                @let Chart { height, body } = draw(figure, width);
                svg class={ "chart " (class) } viewBox={ "0 0 " (width) " " (format!("{height:.0}")) } role="group"
                    aria-label=(figure.title) tabindex="0" { (body) }
            }
            @if let Some(table) = &figure.table { (numbers(table)) }
        }
    }
}

fn numbers(table: &Table) -> Markup {
    html! {
        details.numbers {
            summary { "As a table" }
            div.scroll tabindex="0" role="region" aria-label="Table" {
                table {
                    thead { tr { @for name in &table.head { th scope="col" { (name) } } } }
                    tbody { @for row in &table.rows { tr.row { @for cell in row { td { (cell) } } } } }
                }
            }
            @if table.more > 0 { p.note { "… and " (table.more) " more rows." } }
        }
    }
}

fn help() -> Markup {
    html! {
        details.help {
            summary { "Keys" }
            p {
                "Tab goes to a figure, arrow keys to what is in it. In a strip of addresses " kbd { "+" } " and " kbd { "-" }
                " zoom, " kbd { "0" } " shows all, " kbd { "Shift" } " with an arrow moves, " kbd { "Enter" }
                " zooms to what is chosen; so do the wheel with " kbd { "Ctrl" } ", a double click, and dragging. "
                kbd { "/" } " goes to the search, " kbd { "Enter" } " there to the next that was found, " kbd { "Esc" } " back."
            }
            p { "An address finds what it lies in; anything else is looked for in names and descriptions." }
        }
    }
}
