//! A picture as one SVG image, for a document: the figures below each other, on a ground of its own.

use crate::clean::cut;
use crate::draw::{draw, Chart, SHAPES, WIDE};
use crate::paint::{patterns, stylesheet};
use crate::view::{Figure, Picture};
use maud::{html, Markup, PreEscaped};

/// The room around the figures, and the most lines of findings that an image has.
const MARGIN: f64 = 24.0;
const MOST_LINES: usize = 40;

impl Picture {
    /// Writes the picture as SVG: an image that needs nothing else.
    pub fn svg(&self) -> String {
        let mut y = MARGIN;
        let mut parts: Vec<Markup> = Vec::new();
        let mut line = |y: &mut f64, class: &str, step: f64, text: &str| {
            parts.push(html! { text class=(class) x=(MARGIN) y=(format!("{:.0}", *y + step * 0.75)) { (text) } });
            *y += step;
        };
        line(&mut y, "tx t15", 26.0, &self.title);
        self.about.iter().flat_map(|about| wrap(about, 130)).for_each(|about| line(&mut y, "fa t13", 18.0, &about));
        y += 6.0;
        let lines: Vec<&String> = self.findings.iter().flatten().collect();
        for words in lines.iter().take(MOST_LINES) {
            line(&mut y, "tx t11 mo", 15.0, &cut(words, 145));
        }
        if lines.len() > MOST_LINES {
            line(&mut y, "fa t11", 15.0, &format!("… and {} more lines", lines.len() - MOST_LINES));
        }
        for figure in &self.figures {
            let (body, height) = placed(figure, y + 22.0);
            parts.push(body);
            y += 22.0 + height;
        }
        let (width, height) = (WIDE + 2.0 * MARGIN, y + MARGIN);
        let view = format!("0 0 {width:.0} {height:.0}");
        let css = format!(
            "{}{SHAPES}text{{font-family:system-ui,'DejaVu Sans',sans-serif;white-space:pre}}",
            stylesheet(false)
        );
        let markup = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(view) width=(format!("{width:.0}")) height=(format!("{height:.0}")) {
                title { (self.title) }
                style { (PreEscaped(css)) }
                defs { (PreEscaped(patterns())) }
                rect.paper width="100%" height="100%" {}
                @for part in &parts { (part) }
            }
        };
        markup.into_string() + "\n"
    }
}

/// Cuts a text into lines of at most so many characters, at blanks where there are some.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&cut(word, most)),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, most)),
        }
    }
    lines
}

fn placed(figure: &Figure, y: f64) -> (Markup, f64) {
    let Chart { height, body } = draw(figure, WIDE);
    let notes: Vec<String> = figure.notes.iter().flat_map(|note| wrap(note, 130)).collect();
    let top = 28.0 + 18.0 * notes.len() as f64;
    let markup = html! {
        text.tx.t15 x=(MARGIN) y=(format!("{:.0}", y + 14.0)) { (figure.title) }
        @for (at, note) in notes.iter().enumerate() {
            text.fa.t13 x=(MARGIN) y=(format!("{:.0}", y + 34.0 + 18.0 * at as f64)) { (note) }
        }
        g transform={ "translate(" (MARGIN) " " (format!("{:.0}", y + top)) ")" } { (body) }
    };
    (markup, top + height)
}
