//! The failure twin: the machine of a report, made again in the engine, and asked the same.
//!
//! A report of a request that failed says all that decided: marks, reserves, free blocks by order, and the letters of their
//! types. [`Twin::of`] makes records of the zones of it, [`Twin::play`] has the engine restore them
//! ([`kmem::page::restore`]) and issues the request there; [`Twin::changes`] looks for the smallest changes with which it
//! passes, each of which is played too.
//!
//! What a report leaves open, and what is done about it:
//! - *How many blocks of each type*: the letters say only which there are. Those of the contiguous area, of what is set aside
//!   and of what is isolated count differently, so they get as many pages as the report's counters have, and the least where it
//!   has none. The others count alike.
//! - *Which node asked*: the first that the request may use. All allowed ones are asked in any case.
//! - *Rules of this version*: those of the nearest kernel that the engine knows.

mod blocks;
pub mod changes;
mod memory;

use crate::explain::reports::{flags, verdicts, version_of, Refusal as Read};
use crate::parse::kernel_log::Version;
use crate::parse::report::{Report, ZoneState, PAGE_KB};
use kmem::gfp::Gfp;
use kmem::page::refusal::{Answer, Refusal};
use kmem::page::restore::{self, Record, RestoreError, Restored, ZoneRecord};
use kmem::page::rule::PageRule;
use kmem::page::{NodeMask, Request};
use kmem::profile::{Profile, ZoneKind, MAX_NODES, MAX_ZONES, PROFILES};
use kmem::units::Order;
use memory::Memory;

/// A machine of a report.
#[derive(Clone, Debug)]
pub struct Twin {
    /// The kernel whose rules hold.
    pub profile: &'static Profile,
    /// The version of the report's kernel, told or guessed.
    pub version: Version,
    /// What was asked.
    pub request: Request,
    /// The zones.
    pub zones: Vec<ZoneRecord>,
    /// What the report leaves open or says in two ways, in words.
    pub notes: Vec<String>,
    /// True when zones are not in the report, so that nothing can be said of all memory.
    pub is_partial: bool,
    top: Order,
    kinds: Vec<ZoneKind>,
    home: u32,
}

/// Why there is no twin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoTwin {
    /// The report is not about pages of zones, or says nothing of them.
    NoZones,
    /// It does not say what was asked.
    NoRequest,
    /// The limit of a memory cgroup was reached: zones have not been asked.
    OfCgroup,
    /// Pages are of so many kB, and the engine's are not.
    PageSize(u64),
    /// A zone's line lacks this number.
    Missing {
        /// The zone's name.
        zone: String,
        /// The number.
        what: &'static str,
    },
    /// The engine cannot hold such a machine.
    Cannot(RestoreError),
}

/// What the engine answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Played {
    /// Whether it gave the block.
    pub served: bool,
    /// What each zone said to the last attempt, in the order in which they were asked.
    pub answers: Vec<Answer>,
}

/// Where engine and report differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The report says that the request failed, the engine serves it.
    Served,
    /// A zone's numbers, checked line by line, give another answer than the engine.
    Zone {
        /// Its node.
        node: u32,
        /// Its name.
        zone: &'static str,
        /// By the text.
        read: Option<Read>,
        /// By the engine.
        played: Option<Refusal>,
    },
}

impl Twin {
    /// Makes the machine of a report.
    ///
    /// # Errors
    /// [`NoTwin`] when the report does not have what it takes.
    pub fn of(report: &Report) -> Result<Self, NoTwin> {
        if report.of_cgroup {
            return Err(NoTwin::OfCgroup);
        }
        if report.zones.is_empty() {
            return Err(NoTwin::NoZones);
        }
        if report.page_kb() != PAGE_KB {
            return Err(NoTwin::PageSize(report.page_kb()));
        }
        let (gfp, order) = flags(report).zip(report.order).ok_or(NoTwin::NoRequest)?;
        let order = Order::new(order).ok_or(NoTwin::NoRequest)?;
        let version = version_of(report);
        let kinds = kinds(&report.zones);
        let columns = report.zones.iter().map(|zone| zone.types.len()).max().filter(|columns| *columns > 0);
        let profile = nearest(version, &kinds, columns);
        let top = columns.and_then(|columns| Order::new(columns as u32 - 1)).unwrap_or(profile.top_order);
        let mut notes = Vec::new();
        let mut zones = Vec::new();
        for zone in &report.zones {
            let Some(kind) = kind(&zone.name).filter(|kind| kinds.contains(kind)) else { continue };
            zones.push(record(zone, kind, kinds.len(), top, &mut notes)?);
        }
        let known: u64 = zones.iter().filter(|zone| zone.node < 64).fold(0, |nodes, zone| nodes | 1 << zone.node);
        let allowed = report.nodes.unwrap_or(u64::MAX);
        let is_partial = report.nodes.is_some_and(|nodes| nodes != u64::MAX && nodes & !known != 0);
        if is_partial {
            notes.push("not all nodes that the request may use are in the report".to_owned());
        }
        let home = (0..MAX_NODES as u32).find(|node| known & allowed >> node & 1 != 0).unwrap_or(0);
        let home = if known & allowed == 0 { known.trailing_zeros().min(MAX_NODES as u32 - 1) } else { home };
        let is_bound = gfp.contains(Gfp::THISNODE) && known.count_ones() > 1;
        let home = if is_bound { short_node(report, allowed).unwrap_or(home) } else { home };
        if is_bound {
            notes.push(format!(
                "the request is for one node only, and the report does not say which: node {home} is taken"
            ));
        }
        let nodes = (0..MAX_NODES as u32).filter(|node| allowed >> node & 1 != 0);
        let nodes = nodes.fold(NodeMask::NONE, |mask, node| mask.with(NodeMask::of(node)));
        let nodes = if known & !allowed == 0 { NodeMask::ALL } else { nodes };
        let request = Request { nodes, ..Request::new(gfp, order) };
        let twin = Self { profile, version, request, zones, notes, is_partial, top, kinds, home };
        restore::bytes(&twin.record(&twin.zones)).map_err(NoTwin::Cannot)?;
        Ok(twin)
    }
    /// True when the engine knows just this version.
    pub fn is_exact(&self) -> bool {
        (self.profile.version.0, self.profile.version.1) == (self.version.0, self.version.1)
    }
    /// Returns the zone kinds of the kernel, lowest first, and the largest order that it gives.
    pub fn shape(&self) -> (&[ZoneKind], Order) {
        (&self.kinds, self.top)
    }
    /// Returns the free blocks of the whole machine: what a play costs.
    fn blocks(&self) -> u64 {
        self.zones.iter().flat_map(|zone| zone.free).flatten().fold(0, u64::saturating_add)
    }

    /// Issues the request.
    ///
    /// # Errors
    /// [`RestoreError`]; not for a twin that is as it was made.
    pub fn play(&self) -> Result<Played, RestoreError> {
        self.play_with(&self.zones, &self.request)
    }
    /// Issues a request, with zones that may have been changed.
    fn play_with(&self, zones: &[ZoneRecord], request: &Request) -> Result<Played, RestoreError> {
        let record = self.record(zones);
        let machine = Memory::new(restore::bytes(&record)?);
        let pages = Restored::new(machine, &record)?;
        let [_, last] = pages.attempts(request);
        let answers = pages.answers(0, request, last).collect();
        Ok(Played { served: pages.alloc_as(0, request).is_ok(), answers })
    }
    fn record<'a>(&'a self, zones: &'a [ZoneRecord]) -> Record<'a> {
        Record { profile: self.profile, top: self.top, kinds: &self.kinds, home: self.home, zones }
    }

    /// Compares what was played with what the report says, and with its numbers read line by line.
    pub fn differences(&self, report: &Report, played: &Played) -> Vec<Difference> {
        let mut found = Vec::new();
        if played.served {
            found.push(Difference::Served);
        }
        for verdict in verdicts(report) {
            let same = |answer: &&Answer| answer.node == verdict.zone.node && answer.name == verdict.zone.name;
            let Some(answer) = played.answers.iter().find(same) else { continue };
            let agrees = match (verdict.refusal, answer.refusal) {
                (Read::Pages { needed, usable }, Some(Refusal::Pages { missing })) => needed - usable == missing,
                (Read::Blocks, Some(Refusal::Blocks | Refusal::Pieces | Refusal::Types)) => true,
                (read, played) => read == Read::None && played.is_none(),
            };
            if !agrees {
                let read = Some(verdict.refusal).filter(|read| *read != Read::None);
                let (node, zone, played) = (answer.node, answer.name, answer.refusal);
                found.push(Difference::Zone { node, zone, read, played });
            }
        }
        found
    }
}

/// The first node whose zones all refuse: that of a request for one node only, which the report does not name.
fn short_node(report: &Report, allowed: u64) -> Option<u32> {
    let verdicts = verdicts(report);
    let mut nodes: Vec<u32> = verdicts.iter().map(|verdict| verdict.zone.node).collect();
    nodes.dedup();
    let refuses = |node: &u32| {
        let mut own = verdicts.iter().filter(|verdict| verdict.zone.node == *node);
        own.all(|verdict| verdict.refusal != Read::None)
    };
    nodes.into_iter().filter(|node| *node < MAX_NODES as u32 && allowed >> node & 1 != 0).find(refuses)
}

fn kind(name: &str) -> Option<ZoneKind> {
    Some(match name {
        "DMA" => ZoneKind::Dma,
        "DMA32" => ZoneKind::Dma32,
        "Normal" => ZoneKind::Normal,
        "HighMem" => ZoneKind::HighMem,
        "Movable" => ZoneKind::Movable,
        _ => return None,
    })
}

/// The arrays of zones that kernels were built with, those of today first.
const BUILT: [&[ZoneKind]; 14] = {
    use ZoneKind::{Device, Dma, Dma32, HighMem, Movable, Normal};
    [
        &[Dma, Dma32, Normal, Movable, Device],
        &[Dma, Dma32, Normal, Movable],
        &[Dma, Normal, HighMem, Movable],
        // 32-bit x86, 2.6.15 to 2.6.22: a place for DMA32, always empty.
        &[Dma, Dma32, Normal, HighMem],
        &[Dma, Normal, HighMem],
        &[Normal, HighMem, Movable],
        &[Dma32, Normal, Movable, Device],
        &[Dma32, Normal, Movable],
        &[Dma, Normal, Movable],
        &[Dma, Dma32, Normal],
        &[Normal, Movable],
        &[Dma, Normal],
        &[Normal, HighMem],
        &[Normal],
    ]
};

/// The zones that a kernel was built with: `lowmem_reserve` has a place for each, and grows at the places of zones with pages.
fn kinds(zones: &[ZoneState]) -> Vec<ZoneKind> {
    let known: Vec<(ZoneKind, &ZoneState)> = zones.iter().filter_map(|zone| Some((kind(&zone.name)?, zone))).collect();
    let has = |wanted: ZoneKind| known.iter().any(|(kind, _)| *kind == wanted);
    let places = zones.iter().map(|zone| zone.reserve.len()).max().unwrap_or(0);
    let highest = known.iter().map(|(kind, _)| *kind).max();
    let is_large = |zone: &ZoneState| zone.kb("present").is_some_and(|kb| kb >= 16 << 10);
    let holds = |built: &&[ZoneKind]| known.iter().all(|(kind, _)| built.contains(kind));
    let agrees = |built: &&[ZoneKind]| {
        known.iter().all(|(own, zone)| {
            let grows = |place: &usize| zone.reserve[*place] > zone.reserve[place - 1];
            let mut grown = (1..zone.reserve.len().min(built.len())).filter(grows);
            // Above the highest zone that was printed there may be more: reports leave out what the request may not use.
            let may_grow =
                grown.all(|place| built[place] > *own && (has(built[place]) || Some(built[place]) > highest));
            // Zones that are there make it grow, unless its ratio is none.
            let is_kept = zone.reserve.iter().any(|pages| *pages > 0);
            let above = known.iter().filter(|(kind, other)| other.node == zone.node && kind > own && is_large(other));
            let mut above = above.filter_map(|(kind, _)| built.iter().position(|it| it == kind));
            may_grow && (!is_kept || above.all(|place| zone.reserve.get(place) > zone.reserve.get(place - 1)))
        })
    };
    let of_length = |built: &&&[ZoneKind]| built.len() == places && holds(built);
    // A kernel with a zone below 4 GiB has pages in it, most likely.
    let usual = |built: &&&[ZoneKind]| of_length(built) && built.contains(&ZoneKind::Dma32) == has(ZoneKind::Dma32);
    let found = BUILT.iter().filter(usual).find(|built| agrees(built));
    let found = found.or_else(|| BUILT.iter().filter(of_length).find(|built| agrees(built)));
    let found = found.or_else(|| BUILT.iter().find(of_length));
    // Where nothing says how many there are: all that there can be.
    found.or_else(|| BUILT.iter().find(|built| holds(built))).map_or_else(
        || [ZoneKind::Dma, ZoneKind::Dma32, ZoneKind::Normal, ZoneKind::HighMem, ZoneKind::Movable].to_vec(),
        |built| built.to_vec(),
    )
}

/// Returns the profile whose rules hold for a version: of its generation, one that has these zones, then these orders, then
/// the nearest number.
fn nearest(version: Version, kinds: &[ZoneKind], columns: Option<usize>) -> &'static Profile {
    let rule = crate::explain::reports::rule(Some(version));
    let fits = |profile: &&&'static Profile| PageRule::of(profile) == rule;
    let lacks = |profile: &Profile| {
        let has = |kind: &ZoneKind| profile.zones.iter().any(|zone| zone.kind == *kind);
        kinds.iter().filter(|kind| **kind != ZoneKind::Device && !has(kind)).count()
    };
    let other_orders = |profile: &Profile| columns.is_some_and(|columns| columns != profile.top_order.index() + 1);
    let number = |(major, minor, _): Version| u64::from(major) << 16 | u64::from(minor);
    let far = |profile: &Profile| number(profile.version).abs_diff(number(version));
    let found =
        PROFILES.iter().filter(fits).min_by_key(|profile| (lacks(profile), other_orders(profile), far(profile)));
    found.or(PROFILES.first()).copied().unwrap_or(&kmem::profile::amd64_6_12::PROFILE)
}

/// Makes the record of a zone.
fn record(
    zone: &ZoneState,
    kind: ZoneKind,
    places: usize,
    top: Order,
    notes: &mut Vec<String>,
) -> Result<ZoneRecord, NoTwin> {
    let pages = |name: &str| zone.pages(name);
    let must = |what: &'static str| pages(what).ok_or(NoTwin::Missing { zone: zone.name.clone(), what });
    let (free, min) = (must("free")?, must("min")?);
    let low = pages("low").unwrap_or(min);
    let present = pages("present");
    if present.is_none() {
        notes.push(format!("zone {}: the line breaks off before its size", zone.name));
    }
    let mut reserve = [0; MAX_ZONES];
    let last = zone.reserve.last().copied().unwrap_or(0);
    for (at, place) in reserve.iter_mut().enumerate().take(places) {
        *place = zone.reserve.get(at).copied().unwrap_or(last);
    }
    if zone.reserve.is_empty() {
        notes.push(format!("zone {}: what it keeps from requests for higher zones is not in the report", zone.name));
    }
    if zone.set_aside() > 0 && pages("reserved_highatomic").is_none() {
        notes.push(format!(
            "zone {}: pages are set aside (H), and the report does not say how many: {} are taken, the least that there can be",
            zone.name,
            zone.set_aside()
        ));
    }
    // Where nothing says how large it is, it is large enough.
    let managed = pages("managed").or(present).unwrap_or(free.saturating_add(1 << 20)).max(u64::from(free > 0));
    Ok(ZoneRecord {
        node: zone.node,
        kind,
        present: present.unwrap_or(managed),
        managed,
        min,
        low,
        high: pages("high").unwrap_or(low),
        boost: pages("boost").unwrap_or(0).min(min),
        reserve,
        high_atomic: zone.set_aside(),
        free: blocks::by_type(zone, top, notes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::page::Mobility;
    use kmem::profile::by_name;

    #[test]
    fn zones_are_restored_as_they_were_recorded() {
        let mut dice = 0x5eed_u64;
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (dice >> 33) % sides
        };
        let kinds = [ZoneKind::Dma, ZoneKind::Dma32, ZoneKind::Normal, ZoneKind::Movable];
        for round in 0..200 {
            // Orders below, at and above those of chunks and pageblocks.
            let top = Order::new(roll(13) as u32).unwrap_or(Order::ZERO);
            let mut zones = Vec::new();
            for (node, kind) in [(0, ZoneKind::Dma32), (0, ZoneKind::Normal), (2, ZoneKind::Normal)] {
                let mut free = [[0; Mobility::COUNT]; Order::COUNT];
                for blocks in free[..=top.index()].iter_mut().flatten() {
                    *blocks = if roll(3) == 0 { 0 } else { roll(40) };
                }
                let (min, boost) = (roll(5000) + 100, roll(100));
                zones.push(ZoneRecord {
                    node,
                    kind,
                    present: roll(1 << 30),
                    managed: 1 + roll(1 << 30),
                    min,
                    low: min + roll(100),
                    high: min + 100 + roll(100),
                    boost,
                    reserve: [roll(9), roll(9), roll(9), roll(9), 0],
                    high_atomic: roll(5000),
                    free,
                });
            }
            let profile = by_name(if roll(2) == 0 { "amd64-6.12" } else { "armhf-6.1" }).expect("a profile");
            let record = Record { profile, top, kinds: &kinds, home: 2, zones: &zones };
            let machine = Memory::new(restore::bytes(&record).expect("a size"));
            let pages = Restored::new(machine, &record).expect("a machine that is large enough");
            for zone in &zones {
                let is_its = |counts: &kmem::page::ZoneCounts| {
                    counts.extent.node == zone.node && counts.extent.kind == zone.kind
                };
                let counts = pages.zone_counts().find(is_its).expect("the zone is there");
                let found = (counts.by_type, counts.free, counts.managed, counts.min, counts.low, counts.high);
                let recorded = (zone.free, zone.free_pages(), zone.managed, zone.min, zone.low, zone.high);
                assert_eq!(found, recorded, "round {round}, top {top}");
                assert_eq!(
                    (counts.boost, counts.reserve, counts.high_atomic),
                    (zone.boost, zone.reserve, zone.high_atomic)
                );
            }
        }
    }
}
