//! How many free blocks of each type a zone had: from the counts and letters of its line.
//!
//! `20*4kB (UEC)` are twenty blocks of three types, each at least once. Which of them is how many matters only where a type
//! does not count for everybody: what is isolated counts for nobody and is left out, so that the blocks make what the counter
//! of free pages says; the contiguous area has as many pages as `free_cma` says, what is set aside as many as
//! `free_highatomic`.

use crate::parse::report::ZoneState;
use crate::scan::total;
use kmem::page::Mobility;
use kmem::units::Order;

/// The types of a letter. `R`, the reserve of 3.9 to 4.3, is for any request that has nothing else, so it counts as movable.
fn kind(letter: char) -> Option<Mobility> {
    Some(match letter {
        'U' => Mobility::Unmovable,
        'M' | 'R' => Mobility::Movable,
        'E' => Mobility::Reclaimable,
        'H' => Mobility::HighAtomic,
        'C' => Mobility::Cma,
        'I' => Mobility::Isolate,
        _ => return None,
    })
}

/// Free blocks by order and type.
pub(super) type ByType = [[u64; Mobility::COUNT]; Order::COUNT];

/// Deals a zone's free blocks out among the types; says what does not add up.
pub(super) fn by_type(zone: &ZoneState, top: Order, notes: &mut Vec<String>) -> ByType {
    let pages = |name: &str| zone.kb(name).map(|kb| kb / 4);
    let (free, name) = (pages("free").unwrap_or(0), &zone.name);
    if !zone.has_blocks {
        notes.push(format!(
            "zone {name}: its free blocks are not in the report; they are taken to be as large as can be"
        ));
        return whole(free, top);
    }
    let sum = total(zone.blocks.iter().enumerate().map(|(order, blocks)| blocks.saturating_mul(1 << order)));
    let has_letters = zone.types.iter().any(|letters| !letters.is_empty());
    let mut dealt: ByType = [[0; Mobility::COUNT]; Order::COUNT];
    for (order, blocks) in zone.blocks.iter().enumerate() {
        let letters = zone.types.get(order).map_or("", String::as_str);
        let mut rest = *blocks;
        let mut kinds: Vec<Mobility> = letters.chars().filter_map(kind).collect();
        if kinds.is_empty() {
            kinds.push(Mobility::Movable);
        }
        for kind in &kinds {
            let one = rest.min(1);
            dealt[order][kind.index()] += one;
            rest -= one;
        }
        // Those that count for everybody before those that do not; movable ones before others.
        let plain = [Mobility::Movable, Mobility::Unmovable, Mobility::Reclaimable];
        let most = plain.iter().find(|kind| kinds.contains(kind)).unwrap_or(&kinds[0]);
        dealt[order][most.index()] += rest;
    }
    let wanted = [
        // Isolated pages are on the lists, but no longer in the counter.
        (Mobility::Isolate, Some(sum.saturating_sub(free))),
        (Mobility::Cma, pages("free_cma")),
        (Mobility::HighAtomic, pages("free_highatomic")),
    ];
    for (kind, wanted) in wanted {
        let Some(wanted) = wanted else { continue };
        let may = |order: usize| {
            let letters = zone.types.get(order).map_or("", String::as_str);
            // Kernels of 3.5 to 3.8 have a contiguous area, but no letters.
            dealt_letter(letters, kind) || !has_letters && kind == Mobility::Cma
        };
        let has = shift(&mut dealt, kind, wanted, may);
        if has != wanted && kind != Mobility::Isolate {
            let what = if kind == Mobility::Cma { "the contiguous area" } else { "what is set aside" };
            notes.push(format!("zone {name}: {wanted} free pages are of {what}, but by the letters it has {has}"));
        }
    }
    // Nobody may have them, and they do not count.
    dealt.iter_mut().for_each(|blocks| blocks[Mobility::Isolate.index()] = 0);
    let counted = pages_of(&dealt);
    if counted != free {
        notes.push(format!(
            "zone {name}: {free} pages were free by the counter, {counted} when the blocks were counted a moment later"
        ));
    }
    dealt
}

fn dealt_letter(letters: &str, wanted: Mobility) -> bool {
    letters.chars().any(|letter| kind(letter) == Some(wanted))
}

fn pages_of(dealt: &ByType) -> u64 {
    let pages = |(order, blocks): (usize, &[u64; Mobility::COUNT])| total(*blocks).saturating_mul(1 << order);
    total(dealt.iter().enumerate().map(pages))
}

/// Gives a type more of the blocks that may be its own, the largest first, until it has so many pages. Returns how many it has.
fn shift(dealt: &mut ByType, to: Mobility, wanted: u64, may: impl Fn(usize) -> bool) -> u64 {
    let pages = |(order, blocks): (usize, &[u64; Mobility::COUNT])| blocks[to.index()].saturating_mul(1 << order);
    let mut has = total(dealt.iter().enumerate().map(pages));
    for order in (0..dealt.len()).rev().filter(|order| may(*order)) {
        for from in [Mobility::Movable, Mobility::Unmovable, Mobility::Reclaimable] {
            let blocks = &mut dealt[order];
            // The letter says that there is one, unless there are no letters.
            let spare = blocks[from.index()].saturating_sub(1);
            let more = (wanted.saturating_sub(has) >> order).min(spare);
            blocks[from.index()] -= more;
            blocks[to.index()] += more;
            has += more << order;
        }
    }
    has
}

/// So many pages in the largest blocks.
fn whole(pages: u64, top: Order) -> ByType {
    let mut dealt: ByType = [[0; Mobility::COUNT]; Order::COUNT];
    let mut rest = pages;
    for order in Order::ZERO.up_to(top).rev() {
        dealt[order.index()][Mobility::Movable.index()] = rest >> order.raw();
        rest &= order.pages() - 1;
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(free_kb: u64, more: &[(&str, u64)], list: &[(u64, &str)]) -> ZoneState {
        let mut zone = ZoneState { name: "Normal".to_owned(), has_blocks: true, ..ZoneState::default() };
        zone.kb.push(("free".to_owned(), free_kb));
        zone.kb.extend(more.iter().map(|(name, kb)| ((*name).to_owned(), *kb)));
        for (order, (blocks, letters)) in list.iter().enumerate() {
            zone.blocks[order] = *blocks;
            zone.types.push((*letters).to_owned());
        }
        zone
    }

    #[test]
    fn letters_and_counters_say_how_many_of_each_type() {
        let top = Order::new(10).unwrap_or(Order::ZERO);
        let mut notes = Vec::new();
        // 20 single pages of three types, 10 blocks of two pages of two: 40 pages, 12 of them of the contiguous area.
        let dealt = by_type(&zone(160, &[("free_cma", 48)], &[(20, "UEC"), (10, "MC")]), top, &mut notes);
        assert_eq!((dealt[0], dealt[1]), ([17, 0, 1, 0, 2, 0], [0, 5, 0, 0, 5, 0]));
        assert!(notes.is_empty(), "{notes:?}");
        // Without a letter for it there is no more than none.
        by_type(&zone(80, &[("free_cma", 48)], &[(20, "UE")]), top, &mut notes);
        assert!(notes.pop().is_some_and(|note| note.contains("12 free pages are of the contiguous area")));
        // Isolated blocks are on the lists only.
        let dealt = by_type(&zone(40, &[], &[(10, "M"), (4, "I")]), top, &mut notes);
        assert_eq!((dealt[0], dealt[1], notes.len()), ([0, 10, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], 0));
        // Blocks that somebody took or gave between the two counts.
        by_type(&zone(40, &[], &[(11, "M")]), top, &mut notes);
        assert!(notes.pop().is_some_and(|note| note.contains("10 pages were free by the counter, 11 when")));
        // Old kernels have no letters.
        let dealt = by_type(&zone(80, &[("free_cma", 16)], &[(10, ""), (5, "")]), top, &mut Vec::new());
        assert_eq!((dealt[0], dealt[1]), ([0, 10, 0, 0, 0, 0], [0, 3, 0, 0, 2, 0]));
    }

    #[test]
    fn what_was_cut_is_taken_as_whole() {
        let mut cut = zone(4 * (1024 + 3), &[], &[]);
        cut.has_blocks = false;
        let mut notes = Vec::new();
        let dealt = by_type(&cut, Order::new(10).unwrap_or(Order::ZERO), &mut notes);
        assert_eq!((dealt[10][1], dealt[1][1], dealt[0][1], notes.len()), (1, 1, 1, 1));
    }
}
