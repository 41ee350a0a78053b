//! Free blocks by order, a panel for each zone: how many MB lie in blocks of an order, and how many blocks these are.

use super::{fit, is_wide, key, px, rect, text, Chart};
use crate::view::{Histogram, HistogramZone};
use kmem_inspect::explain::size;
use maud::{html, Markup};

const BARS: f64 = 96.0;
const PANEL: f64 = BARS + 88.0;

pub fn draw(histogram: &Histogram, width: f64) -> Chart {
    let (legend, top) = key(&histogram.types, width, 0.0);
    let columns = if is_wide(width) { 2.0 } else { 1.0 };
    let panel = (width - 24.0 * (columns - 1.0)) / columns;
    let zones: Vec<(f64, f64, &HistogramZone)> = histogram
        .zones
        .iter()
        .enumerate()
        .map(|(at, zone)| {
            let (column, row) = ((at as f64) % columns, (at as f64 / columns).floor());
            (column * (panel + 24.0), top + row * PANEL, zone)
        })
        .collect();
    let rows = (histogram.zones.len() as f64 / columns).ceil();
    let mut lane = 0;
    Chart {
        height: top + rows * PANEL,
        body: html! {
            (legend)
            @for (x, y, zone) in zones { (draw_zone(histogram, zone, &mut lane, x, y, panel)) }
        },
    }
}

fn bytes(order: usize, blocks: u64) -> u64 {
    blocks.saturating_mul(4096u64 << order.min(32))
}

fn draw_zone(histogram: &Histogram, zone: &HistogramZone, lane: &mut usize, x: f64, y: f64, width: f64) -> Markup {
    let all: Vec<u64> = zone.blocks.iter().map(|types| types.iter().copied().fold(0, u64::saturating_add)).collect();
    let most = all.iter().enumerate().map(|(order, blocks)| bytes(order, *blocks)).max().unwrap_or(0).max(1) as f64;
    let sum = all.iter().enumerate().fold(0u64, |sum, (order, blocks)| sum.saturating_add(bytes(order, *blocks)));
    let step = width / all.len().max(1) as f64;
    let (top, bottom) = (y + 36.0, y + 36.0 + BARS);
    let at = *lane;
    *lane += 1;
    html! {
        (text(x, y + 14.0, "tx t13 bo", &fit(&format!("{}: {} in free blocks", zone.name, size(sum)), 13.0, width)))
        @for (order, blocks) in all.iter().enumerate() {
            @let left = x + order as f64 * step;
            @let held = bytes(order, *blocks);
            @let high = BARS * (held as f64 / most);
            g.item data-l=(at) {
                title {
                    (zone.name) ", order " (order) ": " (blocks) " free blocks of " (size(4096 << order.min(32))) ", " (size(held))
                    @for ((_, name), of_type) in histogram.types.iter().zip(&zone.blocks[order]).filter(|(_, blocks)| **blocks > 0) {
                        "\n" (name) ": " (of_type)
                    }
                }
                (rect(left, top - 16.0, step - 2.0, BARS + 58.0, "clear"))
                (stack(histogram, &zone.blocks[order], order, (left + 1.0, bottom, step - 5.0), most))
                (text(left + step / 2.0 - 1.0, bottom - high - 4.0, "tx t11 mi", &short(*blocks)))
                (text(left + step / 2.0 - 1.0, bottom + 14.0, "tx t11 mi", &order.to_string()))
                (text(left + step / 2.0 - 1.0, bottom + 27.0, "fa t9 mi", &unit(4096 << order.min(32))))
                (text(left + step / 2.0 - 1.0, bottom + 40.0, "fa t9 mi", &amount(held)))
            }
        }
        (rect(x, bottom, width - 4.0, 1.0, "panel"))
        path.rule d={ "M" (px(x)) " " (px(bottom)) "h" (px(width - 4.0)) } {}
    }
}

fn stack(histogram: &Histogram, types: &[u64], order: usize, (x, bottom, width): (f64, f64, f64), most: f64) -> Markup {
    let mut y = bottom;
    let mut parts = Vec::new();
    for ((paint, _), blocks) in histogram.types.iter().zip(types).filter(|(_, blocks)| **blocks > 0) {
        let high = BARS * (bytes(order, *blocks) as f64 / most);
        y -= high;
        parts.push((y, high, *paint));
    }
    html! { @for (y, high, paint) in parts { (rect(x, y, width, high, &format!("p-{}", paint.class()))) } }
}

/// A count in five letters at most.
fn short(count: u64) -> String {
    match count {
        0..=9999 => count.to_string(),
        10_000..=999_999 => format!("{}k", count / 1000),
        _ => format!("{}m", count / 1_000_000),
    }
}
/// `4k`, `2M`.
fn unit(bytes: u64) -> String {
    if bytes >= 1 << 30 {
        format!("{}G", bytes >> 30)
    } else if bytes >= 1 << 20 {
        format!("{}M", bytes >> 20)
    } else {
        format!("{}k", bytes >> 10)
    }
}
/// MB with as many digits as there is room for.
fn amount(bytes: u64) -> String {
    let mb = bytes as f64 / f64::from(1 << 20);
    match mb {
        _ if bytes == 0 => "0".to_owned(),
        _ if mb >= 10_240.0 => format!("{:.0}G", mb / 1024.0),
        _ if mb >= 10.0 => format!("{mb:.0}M"),
        _ if mb >= 1.0 => format!("{mb:.1}M"),
        _ => format!("{:.0}k", bytes as f64 / 1024.0),
    }
}
