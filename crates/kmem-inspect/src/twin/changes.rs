//! The smallest changes with which a request that failed passes.
//!
//! Each is looked for by playing: the record of the zones or the request is changed and the request issued again in the engine.
//! What is told has been played twice at least: with the change it passes, with one step less it fails.

use super::{Played, Twin};
use crate::scan::total;
use kmem::gfp::Gfp;
use kmem::page::refusal::{Answer, Refusal};
use kmem::page::restore::ZoneRecord;
use kmem::page::rule::{Harder, PageRule};
use kmem::page::watermark::{watermarks, Counted};
use kmem::page::{Mobility, Request};
use kmem::profile::{Present, ZoneKind};
use kmem::units::Order;
use std::cell::Cell;

/// One change, with which the request passes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// So many more pages free in a zone, one by one. One less, and it fails.
    FreePages {
        /// The zone's node.
        node: u32,
        /// Its name.
        zone: &'static str,
        /// Pages.
        pages: u64,
    },
    /// So many more free blocks in a zone, of a type that any request may have. One less fails, and as many of the order below.
    FreeBlocks {
        /// The zone's node.
        node: u32,
        /// Its name.
        zone: &'static str,
        /// Their order: that of the request.
        order: u32,
        /// Blocks.
        blocks: u64,
    },
    /// The marks as they are without what fragmentation adds to them for a while.
    NoBoost,
    /// `vm.min_free_kbytes` with this value; with 4 kB more it fails. Writing it also takes the boost away.
    MinFreeKbytes {
        /// What it is, by the marks.
        now: u64,
        /// The most with which the request passes.
        kbytes: u64,
    },
    /// This zone's place of `vm.lowmem_reserve_ratio` with this value; with one less it fails.
    ReserveRatio {
        /// Its name.
        zone: &'static str,
        /// What it is, by the reserve.
        now: u64,
        /// The least with which the request passes.
        ratio: u64,
    },
    /// The same request with other flags.
    Flags {
        /// What is different, in the kernel's words.
        words: &'static str,
        /// The flags.
        gfp: Gfp,
    },
    /// A smaller block; the next larger order fails.
    Order(u32),
}

/// The changes that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Each for itself is enough.
    pub found: Vec<Change>,
    /// True when the machine is so large that not all was tried.
    pub is_cut: bool,
}

/// How many blocks may be restored in all for the sake of one report, so that an answer takes a second or two.
pub const BUDGET: u64 = 30_000_000;
/// The most pages of marks that are taken for some kernel's: 64 GB.
const MOST_MIN_FREE: u64 = 1 << 24;
/// What a play costs beside its blocks, in blocks.
const PLAY: u64 = 4000;

impl Twin {
    /// Looks for the smallest changes with which the request passes; none for one that passes as it is. No more blocks than
    /// `budget` are restored for it: see [`BUDGET`].
    pub fn changes(&self, played: &Played, budget: u64) -> Changes {
        if played.served {
            return Changes::default();
        }
        let search = Search { twin: self, budget: Cell::new(budget) };
        let mut found = Vec::new();
        found.extend(search.pages(played));
        found.extend(search.boost());
        found.extend(search.flags());
        found.extend(search.order(played));
        found.extend(search.min_free());
        found.extend(search.ratios(played));
        Changes { found, is_cut: search.budget.get() == 0 }
    }
}

struct Search<'a> {
    twin: &'a Twin,
    budget: Cell<u64>,
}

impl Search<'_> {
    /// True when a request passes on these zones. False also when too much has been played.
    fn passes(&self, zones: &[ZoneRecord], request: &Request) -> bool {
        let left = self.budget.get().saturating_sub(self.twin.blocks() + PLAY);
        self.budget.set(left);
        left > 0 && self.twin.play_with(zones, request).is_ok_and(|played| played.served)
    }
    /// True when the report's request passes on zones that were changed.
    fn with(&self, change: impl Fn(&mut ZoneRecord)) -> bool {
        let mut zones = self.twin.zones.clone();
        zones.iter_mut().for_each(change);
        self.passes(&zones, &self.twin.request)
    }
    /// Returns the least number of `1..=most` with which it passes, looking around `guess` first. What passes with some passes
    /// with more. `None` when it does not pass, or when nobody knows whether it fails with one less.
    fn least(&self, guess: u64, most: u64, passes: impl Fn(u64) -> bool) -> Option<u64> {
        let guess = guess.clamp(1, most);
        // It fails with `low`, it passes with `high`.
        let (mut low, mut high) = if passes(guess) {
            match guess == 1 || !passes(guess - 1) {
                true => return self.certain(guess),
                false => (0, guess - 1),
            }
        } else {
            let mut low = guess;
            loop {
                let next = low.saturating_mul(2).min(most);
                if next == low || self.budget.get() == 0 {
                    return None;
                }
                if passes(next) {
                    break (low, next);
                }
                low = next;
            }
        };
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if passes(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        self.certain(high)
    }
    /// What was found while there was nothing left to play with may be wrong.
    fn certain<T>(&self, found: T) -> Option<T> {
        (self.budget.get() > 0).then_some(found)
    }

    /// More pages, or more blocks, in each zone that refused; what takes the fewest pages first.
    fn pages(&self, played: &Played) -> Vec<Change> {
        let mut found: Vec<(u64, Change)> = played.answers.iter().filter_map(|answer| self.pages_of(answer)).collect();
        found.sort_by_key(|(pages, _)| *pages);
        found.into_iter().map(|(_, change)| change).collect()
    }
    fn pages_of(&self, answer: &Answer) -> Option<(u64, Change)> {
        let (node, zone, order) = (answer.node, answer.name, self.twin.request.order);
        let missing = match answer.refusal? {
            Refusal::Pages { missing } => missing.max(1),
            _ => 1,
        };
        // Beyond what the zone has there is nothing to be freed.
        let record = self.twin.zones.iter().find(|it| it.node == node && it.kind == answer.kind)?;
        let most = record.managed.saturating_sub(answer.free);
        let add = |order: Order, blocks: u64| {
            self.with(|zone| {
                if zone.node == node && zone.kind == answer.kind {
                    zone.free[order.index()][Mobility::Movable.index()] += blocks;
                }
            })
        };
        if matches!(answer.refusal, Some(Refusal::Pages { .. })) && missing <= most {
            // Where blocks are missing too, pages that are free one by one do not help.
            if add(Order::ZERO, missing) {
                let pages = self.least(missing, most, |pages| add(Order::ZERO, pages))?;
                return Some((pages, Change::FreePages { node, zone, pages }));
            }
        }
        let (top, most) = (self.twin.top, most >> order.raw());
        if order == Order::ZERO || order > top || most == 0 {
            return None;
        }
        let guess = missing.div_ceil(order.pages());
        let blocks = self.least(guess, most, |blocks| add(order, blocks))?;
        let below = Order::new(order.raw() - 1)?;
        let change = Change::FreeBlocks { node, zone, order: order.raw(), blocks };
        (!add(below, blocks)).then_some((blocks << order.raw(), change)).and_then(|found| self.certain(found))
    }

    fn boost(&self) -> Option<Change> {
        let is_boosted = self.twin.zones.iter().any(|zone| zone.boost > 0);
        (is_boosted && self.with(no_boost)).then_some(Change::NoBoost)
    }

    fn flags(&self) -> Vec<Change> {
        let (asked, rule) = (self.twin.request.gfp, PageRule::of(self.twin.profile));
        let has = |kind| self.twin.zones.iter().any(|zone| zone.kind == kind);
        let atomic = match rule.harder {
            Harder::AtomicBit => Gfp::HIGH | Gfp::ATOMIC_BIT,
            Harder::NoWait | Harder::NoWaitAndHigh => Gfp::HIGH,
        };
        let high = Gfp::HIGH;
        // Each with what is to be asked only where nothing before it was enough.
        let tries = [
            ("with __GFP_HIGH", asked | high, false),
            (
                "as GFP_ATOMIC does: not waiting, and with __GFP_HIGH",
                asked.difference(Gfp::DIRECT_RECLAIM) | atomic,
                true,
            ),
            ("without __GFP_DMA", asked.difference(Gfp::DMA), false),
            ("without __GFP_DMA32", asked.difference(Gfp::DMA32), false),
            ("without __GFP_THISNODE", asked.difference(Gfp::THISNODE), false),
            ("with __GFP_HIGHMEM", if has(ZoneKind::HighMem) { asked | Gfp::HIGHMEM } else { asked }, false),
            ("with __GFP_MOVABLE, which may have the contiguous area", asked | Gfp::MOVABLE, false),
        ];
        let mut found: Vec<Change> = Vec::new();
        for (words, gfp, only_alone) in tries {
            let is_new = gfp != asked && (!only_alone || found.is_empty());
            if is_new && self.passes(&self.twin.zones, &Request { gfp, ..self.twin.request }) {
                found.push(Change::Flags { words, gfp });
            }
        }
        found
    }

    fn order(&self, played: &Played) -> Option<Change> {
        let passes = |order: &Order| self.passes(&self.twin.zones, &Request { order: *order, ..self.twin.request });
        let below = self.twin.request.order.raw().checked_sub(1).and_then(Order::new)?;
        // Above the largest block there is nothing to be tried. The request itself fails, so the largest order that passes has one
        // above it that does not.
        let largest = played.answers.iter().filter_map(Answer::largest_block).max()?;
        let below = below.min(Order::new(largest.raw() + 1).unwrap_or(largest));
        let found = Order::ZERO.up_to(below).rev().find(passes)?;
        self.certain(Change::Order(found.raw()))
    }

    /// The most of `vm.min_free_kbytes`, by the formula of the kernel's generation.
    fn min_free(&self) -> Option<Change> {
        let kbytes = self.min_free_now()?;
        let passes = |pages: u64| {
            let mut zones = self.twin.zones.clone();
            self.retune(&mut zones, pages << 2).is_some() && self.passes(&zones, &self.twin.request)
        };
        // Counted down from the largest: what passes with some passes with less.
        let pages = kbytes >> 2;
        let most = pages * 4;
        if !passes(0) {
            return None;
        }
        let steps = self.least(most - pages / 2, most, |less| passes(most - less))?;
        // With no step less, nobody has seen it fail.
        (steps > 1).then_some(Change::MinFreeKbytes { now: kbytes, kbytes: (most - steps) << 2 })
    }
    /// What it is now: with which the formula gives the marks of the report. `None` where zones are missing from it, or where
    /// the marks do not follow from the formula.
    fn min_free_now(&self) -> Option<u64> {
        let is_low = |zone: &&ZoneRecord| zone.kind <= ZoneKind::Normal;
        let low = || self.twin.zones.iter().filter(is_low);
        let least = total(low().map(|zone| zone.min - zone.boost));
        if least == 0 || least > MOST_MIN_FREE || self.twin.is_partial {
            return None;
        }
        let same = |pages: &u64| {
            let mut zones = self.twin.zones.clone();
            let made = self.retune(&mut zones, pages << 2).is_some();
            let mins = |zones: &[ZoneRecord]| zones.iter().filter(is_low).map(|zone| zone.min).collect::<Vec<_>>();
            made && mins(&zones) == low().map(|zone| zone.min - zone.boost).collect::<Vec<_>>()
        };
        // Each zone's share is rounded down.
        (least..=least + self.twin.zones.len() as u64).find(same).map(|pages| pages << 2)
    }
    /// Gives zones the marks of a value, as a write of it does.
    fn retune(&self, zones: &mut [ZoneRecord], kbytes: u64) -> Option<()> {
        let profile = self.twin.profile;
        let place = |kind: ZoneKind| profile.zones.iter().position(|zone| zone.kind == kind);
        let mut counted = Counted::one_node([0; kmem::profile::MAX_ZONES], 1);
        for zone in zones.iter() {
            let pages = if profile.counting.present == Present::Ram { zone.managed } else { zone.present };
            *counted.pages.get_mut(zone.node as usize)?.get_mut(place(zone.kind)?)? = pages;
        }
        let marks = watermarks(profile, &counted, kbytes, 10);
        for zone in zones {
            let (min, low, high, _) = marks.get(zone.node as usize)?.get(place(zone.kind)?)?;
            (zone.min, zone.low, zone.high, zone.boost) = (*min, *low, *high, 0);
        }
        Some(())
    }

    /// The least ratio of each zone that keeps too much from the request.
    fn ratios(&self, played: &Played) -> Vec<Change> {
        let mut found: Vec<Change> = Vec::new();
        for answer in &played.answers {
            let done = found.iter().any(|it| matches!(it, Change::ReserveRatio { zone, .. } if *zone == answer.name));
            if answer.reserve == 0 || !matches!(answer.refusal, Some(Refusal::Pages { .. })) || done {
                continue;
            }
            found.extend(self.ratio(answer));
        }
        found
    }
    fn ratio(&self, answer: &Answer) -> Option<Change> {
        let above = |zone: &ZoneRecord, place: usize| -> u64 {
            let place_of = |kind: ZoneKind| self.twin.kinds.iter().position(|it| *it == kind);
            let is_above = |other: &&ZoneRecord| {
                other.node == zone.node && other.kind > zone.kind && place_of(other.kind) <= Some(place)
            };
            total(self.twin.zones.iter().filter(is_above).map(|other| other.managed))
        };
        let own = self.twin.zones.iter().find(|zone| zone.node == answer.node && zone.kind == answer.kind)?;
        let place = own.reserve.iter().position(|pages| *pages == answer.reserve)?;
        let all = above(own, place);
        let fits = |ratio: &u64| all.checked_div(*ratio) == Some(answer.reserve);
        let default = self.twin.profile.zones.iter().find(|zone| zone.kind == answer.kind);
        let default = default.map(|zone| u64::from(zone.reserve_ratio));
        // Zones that the report leaves out are counted in the reserve: then nobody knows the ratio.
        let now = default.filter(fits).or(Some(all / answer.reserve).filter(fits))?;
        let passes = |more: u64| {
            self.with(|zone| {
                let it = *zone;
                if it.kind == answer.kind {
                    for (place, pages) in zone.reserve.iter_mut().enumerate() {
                        *pages = above(&it, place) / now.saturating_add(more).max(1);
                    }
                }
            })
        };
        let most = all.saturating_add(1);
        let more = if passes(most) { self.least(now, most, passes)? } else { return None };
        Some(Change::ReserveRatio { zone: answer.name, now, ratio: now.saturating_add(more) })
    }
}

fn no_boost(zone: &mut ZoneRecord) {
    let without = |mark: u64| mark.saturating_sub(zone.boost);
    (zone.min, zone.low, zone.high) = (without(zone.min), without(zone.low), without(zone.high));
    zone.boost = 0;
}
