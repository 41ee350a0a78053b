//! Which tunables under `/proc/sys/vm` a capture speaks for changing: each with the numbers that say so, and the computation.
//!
//! Nothing is recommended by rule of thumb. A value is computed from what was read: from how far a zone was below its marks when a
//! request failed, from how many pages requests had to reclaim themselves, from what is promised beside what there is. Where a
//! number for it was not read, nothing is said.

use super::reports::{flags, verdicts, Refusal};
use super::{kilobytes, page_size};
use crate::parse::report::{Kind, Report, PAGE_KB};
use crate::parse::sysctl::Sysctl;
use crate::parse::vmstat::{VmStatFile, STALLS};
use crate::reader::Capture;
use crate::scan::total;
use kmem::kernel::default_sysctl;
use kmem::profile::PROFILES;
use kmem::snapshot::{MemField, ZoneInfo};
use std::fmt::{Result, Write};

/// A recommended value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TunableAdvice {
    /// The tunable, without `vm.`.
    pub key: &'static str,
    /// The value.
    pub value: u64,
    /// What it is now, where that is known.
    pub now: Option<u64>,
    /// Why.
    pub reason: String,
    /// How the value was computed, line by line.
    pub computed: Vec<String>,
}

/// Writes recommendations, with their reasons.
///
/// # Errors
/// What writing gives.
pub fn write(out: &mut dyn Write, advice: &[TunableAdvice]) -> Result {
    if advice.is_empty() {
        return writeln!(out, "Tunables: nothing that was read speaks for another value");
    }
    writeln!(out, "Tunables that would help")?;
    for TunableAdvice { key, value, now, reason, computed } in advice {
        let now = now.map_or(String::new(), |now| format!(" (now {now})"));
        writeln!(out, "  vm.{key} = {value}{now}")?;
        writeln!(out, "    {reason}")?;
        computed.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    Ok(())
}

/// Writes which tunables of the last listing are not as its kernel has them when nobody writes them. Those that boot computes, and
/// those that no profile knows, are left out.
///
/// # Errors
/// What writing gives.
pub fn state(out: &mut dyn Write, capture: &Capture) -> Result {
    let facts = Facts::of(capture);
    let Some(sysctl) = facts.sysctl else { return Ok(()) };
    let version = facts.version.unwrap_or((u32::MAX, 0, 0));
    let older = PROFILES.iter().filter(|profile| profile.version <= version).max_by_key(|profile| profile.version);
    let Some(profile) = older.or(PROFILES.iter().min_by_key(|profile| profile.version)) else { return Ok(()) };
    // Which tunables there are differs by machine; what they are does not.
    let default = |key: &str| {
        let same = PROFILES.iter().filter(|other| other.version == profile.version);
        same.into_iter().find_map(|profile| default_sysctl(profile, key))
    };
    let changed = sysctl.vm.iter().filter_map(|(_, key, value)| {
        let default = default(key).filter(|default| *value != default.to_string())?;
        Some(format!("vm.{key} {value} ({default})"))
    });
    let changed: Vec<String> = changed.collect();
    let (major, minor, _) = profile.version;
    write!(out, "Tunables: {} of vm; ", sysctl.vm.len())?;
    match changed.is_empty() {
        true => writeln!(out, "none is known to be other than Linux {major}.{minor} has it"),
        false => writeln!(out, "other than Linux {major}.{minor} has them: {}", changed.join(", ")),
    }
}

/// Returns what a capture speaks for. Its reports are to be dated before ([`super::date_reports`]).
pub fn advise(capture: &Capture) -> Vec<TunableAdvice> {
    let facts = Facts::of(capture);
    let rules = [reserve, early_reclaim, name_caches, promises, areas, dirty, node_reclaim];
    rules.iter().filter_map(|rule| rule(&facts)).collect()
}

/// What the rules look at: of each listing the last one.
struct Facts<'a> {
    capture: &'a Capture,
    sysctl: Option<&'a Sysctl>,
    vmstat: Option<&'a VmStatFile>,
    zones: Vec<&'a ZoneInfo>,
    version: Option<(u32, u32, u32)>,
}

impl<'a> Facts<'a> {
    fn of(capture: &'a Capture) -> Self {
        let zones = capture.zoneinfo.last().map(|file| file.zones.iter().map(|(_, zone)| &**zone).collect());
        let logs = capture.logs.iter().rev().find_map(|log| log.version);
        let reports = capture.reports.iter().rev().find_map(|report| report.version);
        let sysctl = capture.sysctl.iter().rev().find(|file| !file.vm.is_empty());
        let version = logs.or(reports);
        Self { capture, sysctl, vmstat: capture.vmstat.last(), zones: zones.unwrap_or_default(), version }
    }
    fn now(&self, key: &str) -> Option<u64> {
        self.sysctl?.number(key)
    }
    fn counter(&self, name: &str) -> Option<u64> {
        self.vmstat?.get(name)
    }
    /// kB of `/proc/meminfo`.
    fn kb(&self, field: MemField) -> Option<u64> {
        self.capture.meminfo.iter().rev().find_map(|file| file.get(field))
    }
    /// The counters that begin with one of these names, of each zone there was one once.
    fn counters(&self, names: &[&str]) -> Option<u64> {
        let found: Vec<u64> = names.iter().filter_map(|name| self.counter(name)).collect();
        (!found.is_empty()).then(|| total(found))
    }
    /// Since 4.6 there is `watermark_scale_factor`; a listing of tunables tells it too.
    fn has_scale_factor(&self) -> bool {
        match (self.sysctl, self.version) {
            (Some(sysctl), _) if sysctl.vm.len() > 20 => sysctl.get("watermark_scale_factor").is_some(),
            (_, Some(version)) => version >= (4, 6, 0),
            _ => false,
        }
    }
}

/// `a × b / c`, rounded up, in wide numbers.
fn scaled(a: u64, b: u64, c: u64) -> Option<u64> {
    let product = u128::from(a) * u128::from(b);
    let c = u128::from(c);
    let value = product.checked_add(c.checked_sub(1)?)? / c;
    u64::try_from(value).ok()
}

/// Up to the next whole MB, in kB.
fn whole_mb(kb: u64) -> u64 {
    kb.div_ceil(1024).saturating_mul(1024)
}

/// The zones of a report whose marks `min_free_kbytes` decides.
fn reserve_kb(report: &Report) -> u64 {
    let low = report.zones.iter().filter(|zone| !["HighMem", "Movable"].contains(&zone.name.as_str()));
    total(low.filter_map(|zone| zone.kb("min")))
}

/// `min_free_kbytes`: a request for one page that could not wait found a zone below what it may use. kswapd is woken at `low`, so
/// what a burst takes before kswapd has freed anything must lie between `low` and the request's mark.
fn reserve(facts: &Facts<'_>) -> Option<TunableAdvice> {
    let mut best: Option<TunableAdvice> = None;
    let mut count = 0;
    for report in facts.capture.reports.iter() {
        let asked = matches!(report.kind, Kind::Pages | Kind::Slab) && report.order == Some(0);
        if !asked || report.page_kb() != PAGE_KB || flags(report).is_none_or(|gfp| gfp.may_sleep()) {
            continue;
        }
        count += 1;
        let verdicts = verdicts(report);
        let advice = verdicts.iter().filter_map(|verdict| {
            let (min, low) = (verdict.zone.kb("min")? / 4, verdict.zone.kb("low")? / 4);
            let (mark, kept) = (verdict.mark, verdict.reserve);
            let usable = match verdict.refusal {
                Refusal::Pages { usable, .. } => usable,
                Refusal::Blocks => return None,
                // The numbers are of a moment later: when the request failed there were no more than it may not use.
                Refusal::None => {
                    let free = verdict.zone.kb("free")? / 4;
                    (free < low.saturating_add(kept)).then_some(free.min(mark.saturating_add(kept)))?
                }
            };
            let burst = low.saturating_add(kept).saturating_sub(usable).saturating_add(1);
            // The distance from min to low is a quarter of min, or more where watermark_scale_factor says so.
            let distance = low.checked_sub(min)?;
            let below = min.checked_sub(mark)?;
            let by_scale = distance > min / 4 + 1;
            let min_then = match by_scale {
                true => scaled(burst.saturating_sub(distance), min, below)?,
                false => scaled(burst, min, below.saturating_add(min / 4))?,
            };
            let now = facts.now("min_free_kbytes").unwrap_or_else(|| reserve_kb(report));
            let value = whole_mb(scaled(now, min_then, min)?);
            (value > now && min > 0).then(|| TunableAdvice {
                key: "min_free_kbytes",
                value,
                now: Some(now),
                reason: String::new(),
                computed: vec![
                    format!(
                        "zone {} (line {}): kswapd is woken at low + kept = {low} + {kept} pages; {usable} were left: a burst of {burst}",
                        verdict.zone.name, report.place.line
                    ),
                    format!(
                        "such a request may go down to {mark} pages of min {min}; for the burst to fit between, min must be {min_then}: {now} kB × {min_then} / {min} = {} kB, in whole MB {value}",
                        scaled(now, min_then, min).unwrap_or(value)
                    ),
                ],
            })
        });
        // The zone that asks least is the one that would have served it.
        let least = advice.min_by_key(|advice| advice.value);
        best = best.into_iter().chain(least).max_by_key(|advice| advice.value);
    }
    let mut advice = best?;
    let ram = facts.capture.reports.iter().find_map(|report| report.ram_pages).map(|pages| pages.saturating_mul(4));
    let ram = ram.or(facts.kb(MemField::MemTotal));
    // A reserve of an eighth of the machine is no answer.
    if ram.is_some_and(|ram| advice.value > ram / 8) {
        return None;
    }
    let times = if count == 1 { "one request".to_owned() } else { format!("{count} requests") };
    advice.reason = format!(
        "{times} for one page failed that could not wait for reclaim: the reserve is too small for such a burst; this is the least that would do"
    );
    Some(advice)
}

/// `watermark_scale_factor`, or `min_free_kbytes` where there is none: requests reclaim themselves, because kswapd begins too late.
fn early_reclaim(facts: &Facts<'_>) -> Option<TunableAdvice> {
    const DIRECT: [&str; 6] = [
        "pgsteal_direct",
        "pgsteal_direct_dma",
        "pgsteal_direct_dma32",
        "pgsteal_direct_normal",
        "pgsteal_direct_high",
        "pgsteal_direct_movable",
    ];
    const KSWAPD: [&str; 6] = [
        "pgsteal_kswapd",
        "pgsteal_kswapd_dma",
        "pgsteal_kswapd_dma32",
        "pgsteal_kswapd_normal",
        "pgsteal_kswapd_high",
        "pgsteal_kswapd_movable",
    ];
    let stalls = facts.counters(&STALLS)?;
    let (direct, kswapd) = (facts.counters(&DIRECT)?, facts.counters(&KSWAPD)?);
    let all = direct.saturating_add(kswapd);
    // A few stalls belong to any life; a tenth of all reclaim does not.
    if stalls < 100 || kswapd == 0 || direct < all / 10 {
        return None;
    }
    let zone = facts.zones.iter().filter(|zone| zone.zone.as_str() != "Movable").max_by_key(|zone| zone.managed)?;
    let managed = if zone.managed > 0 { zone.managed } else { zone.present };
    let (min, low) = (zone.min, zone.low.saturating_sub(zone.boost.min(zone.low)));
    let distance = low.checked_sub(min).filter(|distance| *distance > 0)?;
    let wanted = scaled(distance, all, kswapd)?;
    let share = direct.saturating_mul(100) / all.max(1);
    let reason = format!(
        "requests stalled {stalls} times and reclaimed {} themselves, {share}% of all: kswapd begins too late",
        page_size(direct)
    );
    let step = format!(
        "zone {}: from min to low {distance} pages; for kswapd to free it all, {distance} × {all} / {kswapd} = {wanted} pages",
        zone.zone
    );
    if facts.has_scale_factor() {
        let most = if facts.version.is_some_and(|version| version >= (5, 16, 0)) { 3000 } else { 1000 };
        let now = facts.now("watermark_scale_factor");
        let value = scaled(wanted, 10_000, managed)?.clamp(1, most);
        let last = format!("of {managed} pages of the zone that is {value} of 10000");
        return (value > now.unwrap_or(10)).then(|| TunableAdvice {
            key: "watermark_scale_factor",
            value,
            now,
            reason,
            computed: vec![step, last],
        });
    }
    // Without it the distance is a quarter of min.
    let now = facts.now("min_free_kbytes")?;
    let value = whole_mb(scaled(now, all, kswapd)?);
    let last = format!("the distance is a part of min: {now} kB × {all} / {kswapd}, in whole MB {value}");
    Some(TunableAdvice { key: "min_free_kbytes", value, now: Some(now), reason, computed: vec![step, last] })
}

/// `vfs_cache_pressure`: reclaimable slabs, which are mostly names and inodes, have more of memory than the page cache.
fn name_caches(facts: &Facts<'_>) -> Option<TunableAdvice> {
    let (slabs, all) = (facts.kb(MemField::SReclaimable)?, facts.kb(MemField::MemTotal)?);
    let cached = facts.kb(MemField::Cached)?.max(1);
    if slabs < all / 4 || slabs < cached.saturating_mul(2) {
        return None;
    }
    let now = facts.now("vfs_cache_pressure");
    let value = scaled(slabs, 100, cached)?.div_ceil(50).saturating_mul(50).min(1000);
    (value > now.unwrap_or(100)).then(|| TunableAdvice {
        key: "vfs_cache_pressure",
        value,
        now,
        reason: format!(
            "reclaimable slabs hold {}, {}% of memory, pages of files {}: names are kept at the cost of contents",
            kilobytes(slabs),
            slabs.saturating_mul(100) / all.max(1),
            kilobytes(cached)
        ),
        computed: vec![format!("{slabs} kB × 100 / {cached} kB, in steps of 50, 1000 at most")],
    })
}

/// `overcommit_ratio`: with `overcommit_memory` 2 nothing more is promised.
fn promises(facts: &Facts<'_>) -> Option<TunableAdvice> {
    let (limit, promised) = (facts.kb(MemField::CommitLimit)?, facts.kb(MemField::CommittedAs)?);
    let (mode, ratio) = (facts.now("overcommit_memory"), facts.now("overcommit_ratio"));
    // Without the mode nobody knows whether the limit is in force.
    if promised <= limit || mode != Some(2) || facts.now("overcommit_kbytes").is_some_and(|kb| kb > 0) {
        return None;
    }
    let all = facts.kb(MemField::MemTotal)?;
    let huge = facts.kb(MemField::Hugetlb).unwrap_or(0);
    let counted = all.checked_sub(huge).filter(|counted| *counted > 0)?;
    let ratio = ratio?;
    // CommitLimit = (MemTotal - huge pages) × ratio / 100 + swap
    let swap = limit.saturating_sub(scaled(counted, ratio, 100)?);
    let value = scaled(promised.saturating_sub(swap), 100, counted)?;
    (value > ratio).then(|| TunableAdvice {
        key: "overcommit_ratio",
        value,
        now: Some(ratio),
        reason: format!(
            "{} are promised, the limit is {}, and with overcommit_memory 2 every further promise is refused",
            kilobytes(promised),
            kilobytes(limit)
        ),
        computed: vec![format!(
            "the limit is {counted} kB of memory × ratio / 100 + {swap} kB of swap: ({promised} - {swap}) × 100 / {counted}"
        )],
    })
}

/// `max_map_count`: the average process has more than half of the VMAs that one may have.
fn areas(facts: &Facts<'_>) -> Option<TunableAdvice> {
    let limit = facts.now("max_map_count")?;
    let file = facts.capture.slabinfo.last()?;
    let active =
        |name: &str| file.rows.iter().find(|(_, row)| row.name.as_str() == name).map(|(_, row)| row.active_objs);
    let (areas, processes) = (active("vm_area_struct")?, active("mm_struct")?.max(1));
    let each = areas / processes;
    if each < limit / 2 {
        return None;
    }
    Some(TunableAdvice {
        key: "max_map_count",
        value: each.saturating_mul(4).next_power_of_two().min(i32::MAX as u64),
        now: Some(limit),
        reason: format!(
            "{areas} VMAs of {processes} processes: the average one has more than half of what it may have"
        ),
        computed: vec![format!("{areas} / {processes} = {each}; four times that, as a power of two")],
    })
}

/// `dirty_background_ratio`: dirty pages stand at the limit at which who writes must wait.
fn dirty(facts: &Facts<'_>) -> Option<TunableAdvice> {
    let dirty = facts.counter("nr_dirty")?.saturating_add(facts.counter("nr_writeback").unwrap_or(0));
    let limit = facts.counter("nr_dirty_threshold").filter(|limit| *limit > 0)?;
    let (now, ratio) = (facts.now("dirty_background_ratio")?, facts.now("dirty_ratio")?);
    if dirty < limit - limit / 10 || now < 2 || ratio == 0 {
        return None;
    }
    Some(TunableAdvice {
        key: "dirty_background_ratio",
        value: now / 2,
        now: Some(now),
        reason: format!(
            "{} are dirty or being written, at {} who writes must wait",
            page_size(dirty),
            page_size(limit)
        ),
        computed: vec![format!("writing begins at {now}%; at half of that there is twice the way up to {ratio}%")],
    })
}

/// `zone_reclaim_mode`: nodes reclaim before they ask others, and fail at it.
fn node_reclaim(facts: &Facts<'_>) -> Option<TunableAdvice> {
    let failed = facts.counter("zone_reclaim_failed").filter(|failed| *failed > 0)?;
    let done = facts.counter("zone_reclaim_success").unwrap_or(0);
    let now = facts.now("zone_reclaim_mode").filter(|mode| *mode > 0)?;
    (failed > done).then(|| TunableAdvice {
        key: "zone_reclaim_mode",
        value: 0,
        now: Some(now),
        reason: format!("nodes tried to reclaim before they asked others: {failed} times in vain, {done} times not"),
        computed: Vec::new(),
    })
}
