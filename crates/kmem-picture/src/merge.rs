//! Fewer pieces than a browser can bear: what is narrower than a pixel is put together.
//!
//! A strip with some thousands of areas keeps each, and a zoom shows them. Beyond that, neighbours that are narrower than a
//! pixel of the whole strip become one piece, which says how many they are. No piece grows by it and none is lost from the
//! counts, so what is free still shows where it is at least a pixel wide.

use crate::paint::Paint;
use crate::view::Piece;

/// With at most so many pieces all are kept.
pub const MOST: usize = 1500;
/// How many pixels a strip has in a wide window.
const PIXELS: u64 = 1000;

/// Puts pieces, which are sorted, together where there are too many. Returns how many went into others.
pub fn merge(pieces: &mut Vec<Piece>, start: u64, end: u64) -> usize {
    if pieces.len() <= MOST {
        return 0;
    }
    let pixel = ((end - start) / PIXELS).max(1);
    let before = pieces.len();
    let mut merged: Vec<Piece> = Vec::new();
    let mut group: Vec<Piece> = Vec::new();
    for piece in pieces.drain(..) {
        let narrow = piece.end - piece.start < pixel;
        let fits = group.first().is_none_or(|first| piece.end.saturating_sub(first.start) <= pixel);
        if !narrow || !fits {
            merged.extend(together(&mut group));
        }
        if narrow {
            group.push(piece);
        } else {
            merged.push(piece);
        }
    }
    merged.extend(together(&mut group));
    *pieces = merged;
    before - pieces.len()
}

/// Makes one piece of several.
fn together(group: &mut Vec<Piece>) -> Option<Piece> {
    let (first, last) = (group.first()?, group.last()?);
    if group.len() == 1 {
        return group.pop();
    }
    let holes = group.iter().filter(|piece| piece.paint == Paint::Free).count();
    let held = group.len() - holes;
    let paint = if group.iter().all(|piece| piece.paint == first.paint) { first.paint } else { Paint::Mixed };
    let mut names: Vec<&str> = Vec::new();
    for piece in group.iter().filter(|piece| piece.paint != Paint::Free) {
        if !names.contains(&piece.name.as_str()) && names.len() < 4 {
            names.push(&piece.name);
        }
    }
    let about = if names.is_empty() { String::new() } else { format!("of {}", names.join(", ")) };
    let name = match (held, holes) {
        (0, holes) => format!("{holes} holes"),
        (held, 0) => format!("{held} pieces"),
        (held, holes) => format!("{held} pieces and {holes} holes"),
    };
    let held_bytes: u64 = group.iter().filter(|piece| piece.paint != Paint::Free).map(|it| it.end - it.start).sum();
    let all = (last.end - first.start).max(1);
    let share = if paint == Paint::Mixed { (u128::from(held_bytes) * 1000 / u128::from(all)) as u32 } else { 1000 };
    let piece = Piece { start: first.start, end: last.end, paint, share, name, about };
    group.clear();
    Some(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_narrow_is_put_together_and_what_is_wide_stays() {
        // A piece and a hole, thousands of times, and a hole of a quarter.
        let piece = |start: u64, end: u64, paint| Piece {
            share: 1000,
            start,
            end,
            paint,
            name: "f".to_owned(),
            about: String::new(),
        };
        let mut pieces = Vec::new();
        for at in 0..6000u64 {
            pieces.push(piece(at * 8, at * 8 + 4, Paint::Area));
            pieces.push(piece(at * 8 + 4, at * 8 + 8, Paint::Free));
        }
        pieces.push(piece(48_000, 64_000, Paint::Free));
        let (all, bytes) = (pieces.len(), 64_000);
        let gone = merge(&mut pieces, 0, bytes);
        assert_eq!(pieces.len() + gone, all);
        assert!(pieces.len() <= 1002, "{}", pieces.len());
        assert_eq!(pieces.last().map(|piece| (piece.start, piece.paint)), Some((48_000, Paint::Free)));
        assert_eq!(pieces.iter().map(|piece| piece.end - piece.start).sum::<u64>(), bytes);
        assert!(pieces[0].name.contains("pieces and"), "{}", pieces[0].name);
        assert!((490..=510).contains(&pieces[0].share), "{}", pieces[0].share);
        let mut few = vec![piece(0, 1, Paint::Area), piece(1, 2, Paint::Area)];
        assert_eq!(merge(&mut few, 0, bytes), 0);
        assert_eq!(few.len(), 2);
    }
}
