//! Bars beside each other, in parts, with a name before and a text behind.

use super::{fit, is_wide, key, px, rect, text, Chart};
use crate::view::{Bar, Bars};
use maud::{html, Markup};

pub fn draw(bars: &Bars, width: f64) -> Chart {
    let wide = is_wide(width);
    let most = bars.rows.iter().map(sum).max().unwrap_or(0).max(1) as f64;
    let (legend, mut y) = key(&bars.key, width, 0.0);
    y += 4.0;
    let mut rows = Vec::new();
    for (at, bar) in bars.rows.iter().enumerate() {
        rows.push(draw_bar(bar, at, most, y, width));
        y += if wide { 23.0 } else { 36.0 };
    }
    Chart { height: y + 2.0, body: html! { (legend) @for row in &rows { (row) } } }
}

fn sum(bar: &Bar) -> u64 {
    bar.parts.iter().map(|(_, amount, _)| *amount).fold(0, u64::saturating_add)
}

fn draw_bar(bar: &Bar, at: usize, most: f64, y: f64, width: f64) -> Markup {
    let wide = is_wide(width);
    let (x, room, top) = if wide { (200.0, width - 200.0 - 290.0, y) } else { (1.0, width - 2.0, y + 16.0) };
    let mut from = x;
    let mut parts = Vec::new();
    for (paint, amount, meaning) in bar.parts.iter().filter(|(_, amount, _)| *amount > 0) {
        let wide = room * (*amount as f64 / most);
        parts.push((from, wide, *paint, meaning));
        from += wide;
    }
    html! {
        g.item data-l=(at) {
            title { (bar.name) "\n" (bar.text) @for (_, _, _, meaning) in &parts { "\n" (meaning) } }
            (rect(0.0, y - 2.0, width, if wide { 21.0 } else { 33.0 }, "clear"))
            @if wide {
                (text(x - 8.0, y + 13.0, "tx t13 en", &fit(&bar.name, 13.0, x - 10.0)))
                (text(from + 8.0, y + 13.0, "fa t13", &fit(&bar.text, 12.0, width - from - 10.0)))
            } @else {
                (text(0.0, y + 12.0, "tx t13", &fit(&bar.name, 13.0, width * 0.42)))
                (text(width, y + 12.0, "fa t11 en", &fit(&bar.text, 10.5, width * 0.58)))
            }
            @for (from, wide, paint, _) in &parts {
                rect class={ "p-" (paint.class()) } x=(px(*from)) y=(px(top)) width=(px(*wide)) height=(if is_wide(width) { "17" } else { "13" }) {}
            }
        }
    }
}
