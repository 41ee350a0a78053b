//! From a figure to SVG elements, for a width in pixels.
//!
//! Whatever one may point at has the class `item`, a `title` for the words, and `data-l`, its lane, by which arrow keys move. In a
//! strip it has `data-o` and `data-n` besides, its offset and length in bytes: the page's script computes places from them when
//! somebody zooms.

mod bars;
mod cells;
mod histogram;
mod levels;
mod strip;

use crate::clean::cut;
use crate::paint::Paint;
use crate::view::{Figure, Shape};
use maud::{html, Markup};

/// A figure that is drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Its height, for the width that was asked for.
    pub height: f64,
    /// The elements.
    pub body: Markup,
}

/// The width for wide windows.
pub const WIDE: f64 = 1000.0;
/// The width for narrow ones, and for telephones.
pub const NARROW: f64 = 352.0;

/// Draws a figure.
pub fn draw(figure: &Figure, width: f64) -> Chart {
    match &figure.shape {
        Shape::Strip(strip) => strip::draw(strip, width),
        Shape::Bars(bars) => bars::draw(bars, width),
        Shape::Levels(levels) => levels::draw(levels, width),
        Shape::Histogram(histogram) => histogram::draw(histogram, width),
        Shape::Cells(maps) => cells::draw(maps, width),
    }
}

/// What both outputs need of letters and lines, beside the colours.
pub const SHAPES: &str = "\
.t15{font-size:15px;font-weight:600}.t13{font-size:13px}.t11{font-size:11px}.t9{font-size:9px;font-weight:700}\
.mo{font-family:ui-monospace,Consolas,'DejaVu Sans Mono',monospace}.bo{font-weight:600}\
.en{text-anchor:end}.mi{text-anchor:middle}.halo{stroke-width:2.5px;paint-order:stroke;stroke-linejoin:round}\
.rule{stroke-width:1px}.hatch{stroke-width:1.2px}.pl{stroke-width:1px;stroke-opacity:.45}.pd{fill-opacity:.55}\
.at{stroke-width:2px}.item rect,rect.item{stroke-width:.7px}.clear{fill:transparent;stroke:none}\
.p-unknown{stroke-dasharray:3 2}text{pointer-events:none}";

/// True where there is room beside a drawing for names.
fn is_wide(width: f64) -> bool {
    width > 600.0
}

/// A number as an attribute: two digits behind the point at most.
fn px(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// About how wide a text is.
fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.6
}
/// Cuts a text to a width.
fn fit(text: &str, size: f64, width: f64) -> String {
    cut(text, ((width / (size * 0.6)) as usize).max(1))
}

fn text(x: f64, y: f64, class: &str, content: &str) -> Markup {
    html! { text x=(px(x)) y=(px(y)) class=(class) { (content) } }
}
fn rect(x: f64, y: f64, width: f64, height: f64, class: &str) -> Markup {
    html! { rect class=(class) x=(px(x)) y=(px(y)) width=(px(width.max(0.0))) height=(px(height.max(0.0))) {} }
}
fn line(x1: f64, y1: f64, x2: f64, y2: f64, class: &str) -> Markup {
    html! { path class=(class) d={ "M" (px(x1)) " " (px(y1)) "L" (px(x2)) " " (px(y2)) } {} }
}
/// A sample of a paint with its letter.
fn swatch(x: f64, y: f64, paint: Paint) -> Markup {
    html! {
        (rect(x, y, 18.0, 14.0, &format!("p-{}", paint.class())))
        @if !paint.letter().is_empty() { (text(x + 9.0, y + 10.5, "tx t9 mi halo", paint.letter())) }
    }
}

/// Samples with their meaning, in lines. Returns the height too.
fn key(entries: &[(Paint, String)], width: f64, top: f64) -> (Markup, f64) {
    let mut places = Vec::new();
    let (mut x, mut y) = (0.0, top);
    for (paint, meaning) in entries {
        let meaning = fit(meaning, 13.0, width - 30.0);
        let wide = 26.0 + text_width(&meaning, 13.0) + 18.0;
        if x > 0.0 && x + wide - 18.0 > width {
            (x, y) = (0.0, y + 21.0);
        }
        places.push((x, y, *paint, meaning));
        x += wide;
    }
    let body = html! {
        @for (x, y, paint, meaning) in &places {
            (swatch(x + 0.5, y + 0.5, *paint))
            (text(x + 25.0, y + 12.0, "tx t13", meaning))
        }
    };
    (body, if entries.is_empty() { 0.0 } else { y + 21.0 - top })
}

#[cfg(test)]
mod tests {
    use super::px;

    #[test]
    fn numbers_are_short() {
        for (x, text) in [(1.0, "1"), (0.5, "0.5"), (10.0, "10"), (1.006, "1.01"), (-0.001, "0"), (200.0, "200")] {
            assert_eq!(px(x), text);
        }
    }
}
