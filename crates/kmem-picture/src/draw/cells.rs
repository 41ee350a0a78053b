//! Zones as cells: each some pages, filled from below as far as they are in use, with the letter of its kind.

use super::{fit, is_wide, key, px, rect, text, Chart};
use crate::view::{Cell, CellMap};
use maud::{html, Markup};

const SIDE: f64 = 16.0;
const STEP: f64 = 18.0;

pub fn draw(maps: &[CellMap], width: f64) -> Chart {
    let (mut y, mut lane) = (0.0, 0);
    let mut zones = Vec::new();
    for map in maps {
        let (body, height) = draw_map(map, &mut lane, y, width);
        zones.push(body);
        y += height + 14.0;
    }
    Chart { height: y, body: html! { @for zone in &zones { (zone) } } }
}

fn draw_map(map: &CellMap, lane: &mut usize, top: f64, width: f64) -> (Markup, f64) {
    let placed = map.cells.iter().any(|cell| cell.start.is_some());
    // A column of addresses, where there are some and there is room.
    let x = if placed && is_wide(width) { 100.0 } else { 0.0 };
    let columns = (((width - x) / STEP) as usize).max(1);
    let (legend, key_height) = key(&map.key, width, top + 38.0);
    let y = top + 38.0 + key_height + 4.0;
    let rows: Vec<&[Cell]> = map.cells.chunks(columns).collect();
    let first_lane = *lane;
    *lane += rows.len();
    let body = html! {
        (text(0.0, top + 14.0, "tx t13 bo", &fit(&map.name, 13.0, width)))
        (text(0.0, top + 31.0, "fa t11", &fit(&map.about, 10.5, width)))
        (legend)
        @for (row, cells) in rows.iter().enumerate() {
            @let row_y = y + row as f64 * STEP;
            @if let (true, Some(start)) = (x > 0.0, cells.first().and_then(|cell| cell.start)) {
                (text(x - 8.0, row_y + 12.0, "fa t11 mo en", &format!("{start:#x}")))
            }
            @for (column, cell) in cells.iter().enumerate() {
                (draw_cell(cell, first_lane + row, x + column as f64 * STEP + 0.5, row_y + 0.5))
            }
        }
    };
    (body, y + rows.len() as f64 * STEP - top)
}

fn draw_cell(cell: &Cell, lane: usize, x: f64, y: f64) -> Markup {
    // What is known to be empty is drawn empty; what is not known, full.
    let high = SIDE * f64::from(cell.used.unwrap_or(1000).min(1000)) / 1000.0;
    html! {
        g.item data-l=(lane) data-p=[cell.start] data-n=[cell.start.map(|_| cell.bytes)] {
            title {
                (cell.about)
                @if let Some(start) = cell.start { (format!("\n{start:#x}-{:#x}", start.saturating_add(cell.bytes))) }
            }
            @if high < SIDE { (rect(x, y, SIDE, SIDE, "p-free")) }
            @if high > 0.0 { (rect(x, y + SIDE - high, SIDE, high, &format!("p-{}", cell.paint.class()))) }
            text.tx.t9.mi.halo x=(px(x + SIDE / 2.0)) y=(px(y + 11.5)) { (cell.label) }
        }
    }
}
