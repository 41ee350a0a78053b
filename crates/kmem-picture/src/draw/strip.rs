//! A range of addresses to scale, with a lane for each owner, an axis, and lines that name what is too small to carry a name.

use super::{fit, is_wide, key, line, px, rect, swatch, text, text_width, Chart};
use crate::paint::Paint;
use crate::view::{Entry, Lane, Piece, Strip};
use maud::{html, Markup};

/// Heights of the first lane, of lanes of what lies in it, and of lanes of owners.
const MAP: f64 = 44.0;
const INSIDE: f64 = 22.0;
const OWNER: f64 = 15.0;

/// A label has a ground of its own: a pattern behind letters makes them hard to read.
const LABEL: &str = "tx t13 mi bo halo";

/// A piece that is as wide has an edge.
const EDGE: f64 = 4.0;

/// Where a strip is drawn.
struct Plot {
    x: f64,
    width: f64,
    start: u64,
    span: f64,
}

impl Plot {
    fn at(&self, address: u64) -> f64 {
        self.x + self.width * (address.saturating_sub(self.start) as f64 / self.span)
    }
}

pub fn draw(strip: &Strip, width: f64) -> Chart {
    let wide = is_wide(width);
    let named = strip.lanes.iter().any(|lane| !lane.name.is_empty());
    let x = if wide && named { 230.0 } else { 1.0 };
    let plot = Plot { x, width: width - x - 1.0, start: strip.start, span: (strip.end - strip.start).max(1) as f64 };
    let mut y = 1.0;
    let mut lanes = Vec::new();
    for (at, lane) in strip.lanes.iter().enumerate() {
        let height = match at {
            0 => MAP,
            _ if lane.name.is_empty() => INSIDE,
            _ => OWNER,
        };
        if !lane.name.is_empty() && !wide {
            y += 14.0;
        }
        lanes.push(draw_lane(lane, at, &plot, y, height, wide));
        y += height + if wide || lane.name.is_empty() { 4.0 } else { 3.0 };
    }
    let (bottom, ticks) = (y, if wide { 5 } else { 3 });
    y += 24.0;
    let (legend, legend_height) = key(&strip.legend, width, y);
    y += legend_height;
    let mut entries = Vec::new();
    for entry in &strip.key {
        entries.push(draw_entry(entry, strip.lanes.len(), &plot, y, width));
        y += if wide { 22.0 } else { 38.0 };
    }
    let body = html! {
        g class="strip" data-base={ (format!("{:#x}", strip.start)) } data-span=(strip.end - strip.start)
            data-x=(px(plot.x)) data-w=(px(plot.width)) {
            g class="lanes" { @for lane in &lanes { (lane) } }
            (line(plot.x, bottom, plot.x + plot.width, bottom, "rule"))
            g class="axis" {
                @for tick in 0..ticks {
                    @let part = tick as f64 / f64::from(ticks - 1);
                    @let tick_x = plot.x + plot.width * part;
                    (line(tick_x, bottom, tick_x, bottom + 4.0, "rule"))
                    @let anchor = if tick == 0 { "" } else if tick == ticks - 1 { " en" } else { " mi" };
                    @let address = strip.start + ((strip.end - strip.start) as f64 * part) as u64;
                    text.tick.fa.t11.mo.en[anchor == " en"].mi[anchor == " mi"] data-part=(px(part))
                        x=(px(tick_x)) y=(px(bottom + 16.0)) { (format!("{:#x}", if part == 1.0 { strip.end } else { address })) }
                }
            }
        }
        (legend)
        @for entry in &entries { (entry) }
    };
    Chart { height: y, body }
}

fn draw_lane(lane: &Lane, at: usize, plot: &Plot, y: f64, height: f64, wide: bool) -> Markup {
    let is_map = lane.name.is_empty();
    html! {
        @if !is_map {
            g.item data-l=(at) {
                title { (lane.name) ": " (lane.about) }
                @if wide {
                    (rect(0.0, y - 2.0, plot.x - 6.0, height + 4.0, "clear"))
                    (text(plot.x - 8.0, y + 12.0, "tx t13 en", &fit(&lane.name, 13.6, plot.x - 10.0)))
                } @else {
                    (rect(0.0, y - 14.0, plot.width, 14.0, "clear"))
                    (text(0.0, y - 3.0, "tx t11", &fit(&format!("{}: {}", lane.name, lane.about), 11.0, plot.width)))
                }
            }
            (line(plot.x, y + height / 2.0, plot.x + plot.width, y + height / 2.0, "rule"))
        }
        g.lane data-y=(px(y)) data-h=(px(height)) data-map=[is_map.then_some("yes")] {
            @for piece in &lane.pieces { (draw_piece(piece, at, plot, y, height)) }
        }
        @if is_map {
            g.labels { @for piece in &lane.pieces { @if let Some(label) = label(piece, plot, y, height) { (label) } } }
        }
    }
}

fn draw_piece(piece: &Piece, lane: usize, plot: &Plot, y: f64, height: f64) -> Markup {
    let (from, to) = (plot.at(piece.start), plot.at(piece.end));
    let bottom = y + height;
    let height = height * f64::from(piece.share.min(1000)) / 1000.0;
    // Neighbours of one kind are told apart by a line between them, where there is room for it.
    let is_filled = !matches!(piece.paint, Paint::Free | Paint::Unknown);
    let line = if is_filled && to - from >= EDGE { " edge" } else { "" };
    html! {
        rect class={ "item p-" (piece.paint.class()) (line) } data-l=(lane) data-o=(piece.start.saturating_sub(plot.start))
            data-n=(piece.end.saturating_sub(piece.start)) x=(px(from)) y=(px(bottom - height)) width=(px(to - from)) height=(px(height)) {
            title { (words(piece)) }
        }
    }
}

/// What a piece says of itself; the first line is its name.
fn words(piece: &Piece) -> String {
    let about = if piece.about.is_empty() { String::new() } else { format!("\n{}", piece.about) };
    let size = kmem_inspect::explain::size(piece.end.saturating_sub(piece.start));
    format!("{}\n{:#x}-{:#x}, {size}{about}", piece.name, piece.start, piece.end)
}

/// A piece's name on it, where it fits.
fn label(piece: &Piece, plot: &Plot, y: f64, height: f64) -> Option<Markup> {
    let (from, to) = (plot.at(piece.start), plot.at(piece.end));
    let fits = text_width(&piece.name, 13.3) + 8.0 <= to - from;
    fits.then(|| text((from + to) / 2.0, y + height / 2.0 + 4.0, LABEL, &piece.name))
}

fn draw_entry(entry: &Entry, lane: usize, plot: &Plot, y: f64, width: f64) -> Markup {
    let Entry { piece, size } = entry;
    let range = format!("{:#x}-{:#x}", piece.start, piece.end);
    // On the map a hole's size is its name.
    let name = piece.name.strip_suffix(size.as_str()).map_or(piece.name.as_str(), str::trim_end);
    let wide = is_wide(width);
    html! {
        g.item.entry data-l=(lane) data-o=(piece.start.saturating_sub(plot.start))
            data-n=(piece.end.saturating_sub(piece.start)) {
            title { (words(piece)) }
            (rect(0.0, y - 2.0, width, if wide { 21.0 } else { 36.0 }, "clear"))
            (swatch(0.5, y + 1.5, piece.paint))
            @if wide {
                (text(26.0, y + 13.0, "tx t13 bo", &fit(name, 13.3, 166.0)))
                (text(200.0, y + 13.0, "tx t11 mo", &range))
                (text(528.0, y + 13.0, "tx t13 en", size))
                (text(544.0, y + 13.0, "fa t13", &fit(&piece.about, 12.0, width - 546.0)))
            } @else {
                (text(26.0, y + 13.0, "tx t13 bo", &fit(name, 13.3, width - 110.0)))
                (text(width, y + 13.0, "tx t13 en", size))
                (text(26.0, y + 29.0, "fa t11 mo", &range))
            }
        }
    }
}
