//! A zone's free pages as a bar among its watermarks. What is far above them goes beyond the drawing, and a mark says so.

use super::{fit, is_wide, key, line, px, rect, text, Chart};
use crate::paint::Paint;
use crate::view::Level;
use kmem_inspect::explain::page_size;
use maud::{html, Markup};

/// The bar ends at so many times the high mark.
const REACH: f64 = 1.5;

pub fn draw(levels: &[Level], width: f64) -> Chart {
    let meaning = vec![(Paint::FreePart, "free; pointed: more than fits here".to_owned())];
    let (legend, mut y) = key(&meaning, width, 0.0);
    y += 4.0;
    let mut rows = Vec::new();
    for (at, level) in levels.iter().enumerate() {
        rows.push(draw_level(level, at, y, width));
        y += if is_wide(width) { 54.0 } else { 86.0 };
    }
    Chart { height: y, body: html! { (legend) @for row in &rows { (row) } } }
}

fn draw_level(level: &Level, at: usize, y: f64, width: f64) -> Markup {
    let wide = is_wide(width);
    let (x, room, top) = if wide { (200.0, 440.0, y + 16.0) } else { (1.0, width - 16.0, y + 48.0) };
    let whole = (level.high as f64 * REACH).max(1.0);
    let place = |pages: u64| x + room * (pages as f64 / whole).min(1.0);
    let beyond = level.free as f64 > whole;
    let free = page_size(level.free);
    let marks = [("min", level.min, " en", -3.0), ("low", level.low, " mi", 30.0), ("high", level.high, "", -3.0)];
    html! {
        g.item data-l=(at) {
            title {
                (level.name) ": " (free) " free\nmin " (page_size(level.min)) ", low " (page_size(level.low))
                ", high " (page_size(level.high)) "\n" (level.state)
            }
            (rect(0.0, y - 2.0, width, if wide { 50.0 } else { 84.0 }, "clear"))
            @if wide {
                (text(x - 8.0, top + 13.0, "tx t13 en bo", &fit(&level.name, 13.0, x - 10.0)))
                (text(x + room + 22.0, top + 6.0, "tx t13", &format!("{free} free")))
                (text(x + room + 22.0, top + 21.0, "fa t11", &fit(&level.state, 11.0, width - x - room - 24.0)))
            } @else {
                (text(0.0, y + 13.0, "tx t13 bo", &fit(&level.name, 13.0, width * 0.6)))
                (text(width, y + 13.0, "tx t13 en", &format!("{free} free")))
                (text(0.0, y + 28.0, "fa t11", &fit(&level.state, 10.5, width)))
            }
            (rect(x, top, room, 18.0, "p-free"))
            (rect(x, top, place(level.free) - x, 18.0, "p-freepart"))
            @if beyond {
                path class="p-freepart" d={ "M" (px(x + room)) " " (px(top)) "l10 9l-10 9z" } {}
            }
            @for (name, pages, anchor, below) in marks {
                (line(place(pages), top - 3.0, place(pages), top + 21.0, "at"))
                // A mark at the very left has its words to the right of it.
                @let anchor = if place(pages) < x + 80.0 { "" } else { anchor };
                @let shift = match anchor { " en" => 3.0, "" => -3.0, _ => 0.0 };
                (text(place(pages) + shift, top + below - 2.0, &format!("ma t11{anchor}"), &format!("{name} {}", page_size(pages))))
            }
        }
    }
}
