//! `/proc/zoneinfo`: for each zone its watermarks, sizes, counters and the lists of the CPUs.
//!
//! A block begins with `Node 0, zone   Normal`, and everything in it is `name value`, so it is read by name. What has been
//! there in some kernels and not in others: `per-node stats` (4.8 and later, inside the first zone with pages), `boost`,
//! `promo`, `scanned`, `managed` (3.8 and later), `cma`, `high_min` and `high_max` (6.7 and later). Names that this version
//! does not know are kept as such.
//!
//! Checked: min ≤ low ≤ high; managed ≤ present ≤ spanned; the free pages at the head are about the counter's.

use super::{node_zone, Taken};
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::Scan;
use kmem::error::Name;
use kmem::snapshot::{Stat, Stats, ZoneInfo, MAX_CPUS};

/// A listing of zones.
#[derive(Clone, Debug, Default)]
pub struct ZoneInfoFile {
    /// Its first line.
    pub place: Place,
    /// The zones, in the order of the text.
    pub zones: Vec<(Place, Box<ZoneInfo>)>,
    /// Names that are not known, each once.
    pub unknown: Vec<String>,
}

/// From what the engine fills.
impl FromIterator<ZoneInfo> for ZoneInfoFile {
    fn from_iter<I: IntoIterator<Item = ZoneInfo>>(zones: I) -> Self {
        let zones = zones.into_iter().map(|zone| (Place::default(), Box::new(zone))).collect();
        Self { zones, ..Self::default() }
    }
}

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<ZoneInfoFile>,
    last: Place,
    in_node: bool,
    cpu: usize,
    is_cold: bool,
}

/// The most zones of a listing: five of each of the nodes that kernels are built for.
const MOST_ZONES: usize = 4_000;
/// A block has some hundreds of lines at most between two that are known.
const MOST_UNKNOWN: usize = 100;

impl Reader {
    /// Looks at a line. A listing that ends here, because its first zone comes again, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<ZoneInfoFile>) {
        if let Some((node, zone, rest)) = node_zone(line.text).filter(|(.., rest)| rest.is_done()) {
            let _ = rest;
            let zone = Name::new(zone);
            let again =
                |open: &ZoneInfoFile| open.zones.iter().any(|(_, known)| known.node == node && known.zone == zone);
            let ended = if self.open.as_ref().is_some_and(again) { self.finish(doubts) } else { None };
            let open = self.open.get_or_insert_with(|| ZoneInfoFile { place: line.place, ..ZoneInfoFile::default() });
            if open.zones.len() >= MOST_ZONES {
                doubts.not_understood(line.place, format!("more than {MOST_ZONES} zones: this one is not looked at"));
                self.last = Place::default();
                return (Taken::Yes, ended);
            }
            open.zones.push((line.place, Box::new(ZoneInfo { node, zone, ..ZoneInfo::default() })));
            (self.last, self.in_node, self.cpu, self.is_cold) = (line.place, false, 0, false);
            return (Taken::Yes, ended);
        }
        let near = self.last.source == line.place.source && line.place.line <= self.last.line + 2;
        let taken = near && self.entry(line);
        if taken {
            self.last = line.place;
        }
        (Taken::when(taken), None)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self, doubts: &mut Doubts) -> Option<ZoneInfoFile> {
        let file = self.open.take()?;
        file.zones.iter().for_each(|(place, zone)| check(*place, zone, doubts));
        Some(file)
    }

    fn entry(&mut self, line: &Line<'_>) -> bool {
        let Some(open) = &mut self.open else { return false };
        let Some((_, zone)) = open.zones.last_mut() else { return false };
        let text = line.text.trim();
        match text {
            "per-node stats" => {
                self.in_node = true;
                zone.node_stats = Some(Stats::default());
                return true;
            }
            "pagesets" => {
                self.in_node = false;
                return true;
            }
            _ => (),
        }
        if let Some(list) = text.strip_prefix("protection:") {
            let numbers = list.trim_matches(|c: char| c == '(' || c == ')' || c.is_whitespace()).split(',');
            for (slot, number) in zone.protection.iter_mut().zip(numbers) {
                *slot = crate::scan::decimal(number.trim()).unwrap_or(0);
                zone.zones += 1;
            }
            return true;
        }
        let mut scan = Scan(text.strip_prefix("pages ").unwrap_or(text));
        let name = scan.while_is(|c| c.is_ascii_alphanumeric() || c == '_');
        let mut scan = match name {
            // `vm stats threshold: 16`, `cpu: 0 pcp: 0`.
            "vm" => Scan(text.strip_prefix("vm stats threshold").unwrap_or("")),
            _ => scan,
        };
        scan.blanks().eat(":");
        let Some(value) = scan.blanks().decimal() else { return false };
        if text.starts_with("pages ") {
            self.in_node = false;
        }
        let cpu = self.cpu.min(MAX_CPUS - 1);
        let list = if self.is_cold { &mut zone.cold[cpu] } else { &mut zone.pcp[cpu] };
        let slot: &mut u64 = match name {
            "free" => &mut zone.free,
            "boost" => &mut zone.boost,
            "min" => &mut zone.min,
            "low" if text.starts_with("low:") => {
                list.low = value as u32;
                return true;
            }
            "low" => &mut zone.low,
            "high" if text.starts_with("high:") => {
                list.high = value as u32;
                return true;
            }
            "high" => &mut zone.high,
            "promo" => &mut zone.promo,
            "active" => &mut zone.active,
            "inactive" => &mut zone.inactive,
            "scanned" => &mut zone.scanned,
            "spanned" => &mut zone.spanned,
            "present" => &mut zone.present,
            "managed" => &mut zone.managed,
            "cma" => &mut zone.cma,
            "vm" => &mut zone.stat_threshold,
            "start_pfn" => &mut zone.start_pfn,
            "inactive_ratio" => &mut zone.inactive_ratio,
            "all_unreclaimable" | "node_unreclaimable" => &mut zone.unreclaimable,
            "prev_priority" | "temp_priority" => &mut zone.priority,
            "cpu" => {
                // CPUs beyond the last one that is kept share its place.
                self.cpu = (value as usize).min(MAX_CPUS - 1);
                // 2.6 has a second list of pages that are not in the cache.
                self.is_cold = text.ends_with("pcp: 1");
                zone.cpus = zone.cpus.max(self.cpu + 1);
                return true;
            }
            "count" => {
                list.count = value as u32;
                return true;
            }
            "batch" => {
                list.batch = value as u32;
                return true;
            }
            "high_min" | "high_max" => return true,
            _ => match Stat::by_name(name) {
                Some(stat) if self.in_node => match &mut zone.node_stats {
                    Some(node) => &mut node[stat],
                    None => return false,
                },
                Some(stat) => &mut zone.stats[stat],
                None if line.text.starts_with(' ') => {
                    if open.unknown.len() < MOST_UNKNOWN && !open.unknown.iter().any(|known| known == name) {
                        open.unknown.push(name.to_owned());
                    }
                    return true;
                }
                None => return false,
            },
        };
        *slot = value;
        true
    }
}

fn check(place: Place, zone: &ZoneInfo, doubts: &mut Doubts) {
    let ZoneInfo { zone: name, min, low, high, spanned, present, managed, free, .. } = zone;
    if zone.zones == 0 && *spanned == 0 {
        doubts.not_understood(place, format!("zone {name} breaks off before its numbers"));
    }
    if min > low || low > high {
        doubts.contradiction(place, format!("zone {name}: min {min}, low {low}, high {high} are not in this order"));
    }
    if present > spanned || managed > present {
        let what =
            format!("zone {name}: spanned {spanned}, present {present}, managed {managed} are not in this order");
        doubts.contradiction(place, what);
    }
    let counted = zone.stats[Stat::FreePages];
    // The two are read one after the other; lists of CPUs come and go by some hundreds of pages.
    if counted > 0 && counted.abs_diff(*free) > 4096 + *free / 8 {
        doubts
            .contradiction(place, format!("zone {name}: {free} pages are free at its head, {counted} by its counter"));
    }
}
