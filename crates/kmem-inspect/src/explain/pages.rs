//! Whether a request for pages would be served, by the state of the zones: `--fit order=N,gfp=…`.
//!
//! The zones are those of the last zoneinfo, with the blocks of buddyinfo; without one, those of the last report. Each is
//! asked as the kernel would ask it when the request has already woken kswapd and may not go lower: without reclaim and
//! without compaction, which may still help a request that can wait.

use super::reports::{ask_zones, zone, Refusal};
use super::{kilobytes, nearest, Answer};
use crate::gfp::epoch;
use crate::parse::kernel_log::Version;
use crate::parse::report::{ZoneState, PAGE_KB};
use crate::reader::Capture;
use kmem::gfp::Gfp;
use kmem::snapshot::Stat;
use std::fmt::{Error, Write};

/// A request for pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRequest {
    /// So many contiguous pages, as a power of two.
    pub order: u32,
    /// Flags in words; `GFP_KERNEL` when nothing is said.
    pub gfp: String,
}

/// Writes whether the request would be served, and which zone decides.
///
/// # Errors
/// What writing gives.
pub fn fit(out: &mut dyn Write, capture: &Capture, request: &PageRequest) -> Result<Answer, Error> {
    let version = version(capture);
    let words = if request.gfp.is_empty() { "GFP_KERNEL" } else { &request.gfp };
    let epoch = epoch(version.unwrap_or((6, 1, 0)));
    let Ok(raw) = epoch.number(words) else {
        writeln!(out, "Fit: `{words}` is no flag of Linux {}", epoch.name)?;
        return Ok(Answer::Unknown);
    };
    let gfp = epoch.encoding.decode(raw).0;
    let zones = zones(capture);
    let verdicts = ask_zones(&zones, version, gfp, request.order);
    if verdicts.is_empty() {
        writeln!(out, "Fit: nothing says how the zones are: give /proc/zoneinfo and /proc/buddyinfo, or a report")?;
        return Ok(Answer::Unknown);
    }
    if request.order > 0 && !zones.iter().any(|zone| zone.has_blocks) {
        writeln!(out, "Fit: nothing says which blocks are free: give /proc/buddyinfo too")?;
        return Ok(Answer::Unknown);
    }
    let page_kb = verdicts.first().map_or(PAGE_KB, |verdict| verdict.zone.page_kb());
    let bytes = kilobytes(page_kb << request.order.min(40));
    let order = request.order;
    let answer = match verdicts.iter().find(|verdict| verdict.refusal == Refusal::None) {
        Some(verdict) => {
            let zone = &verdict.zone;
            // Without buddyinfo only pages are known, and a single page is what was asked for.
            let blocks = match zone.has_blocks {
                true => format!(": {} blocks are large enough", zone.blocks_from(order)),
                false => String::new(),
            };
            writeln!(out, "Fit: yes, order {order} ({bytes}) with {words} from zone {}{blocks}", zone.name)?;
            Answer::Yes
        }
        None => {
            let later = if gfp.contains(Gfp::DIRECT_RECLAIM) { "; it may wait for reclaim and compaction" } else { "" };
            writeln!(out, "Fit: no, order {order} ({bytes}) with {words} is not to be had as things are{later}")?;
            Answer::No
        }
    };
    let columns = capture.buddyinfo.iter().flat_map(|info| &info.rows).map(|(_, row)| row.orders as u32).max();
    if let Some(columns) = columns.filter(|columns| order >= *columns) {
        let top = columns.saturating_sub(1);
        let largest = kilobytes(page_kb << top.min(40));
        writeln!(out, "  This kernel has no blocks above order {top} ({largest}): it can never be had")?;
    }
    for verdict in &verdicts {
        zone(out, order, verdict, "would serve it")?;
    }
    Ok(answer)
}

/// What is asked, in words: `32 kB in one piece (order 3) with GFP_KERNEL`.
pub fn words(capture: &Capture, request: &PageRequest) -> String {
    let flags = if request.gfp.is_empty() { "GFP_KERNEL" } else { &request.gfp };
    let bytes = kilobytes(capture.page_kb().unwrap_or(PAGE_KB) << request.order.min(40));
    match request.order {
        0 => format!("one page with {flags}"),
        order => format!("{bytes} in one piece (order {order}) with {flags}"),
    }
}

/// The version of the kernel, if a log or a report says it.
fn version(capture: &Capture) -> Option<Version> {
    let log = capture.logs.iter().rev().find_map(|log| log.version);
    log.or_else(|| capture.reports.iter().rev().find_map(|report| report.version))
}

/// The zones of the last zoneinfo with the blocks of the buddyinfo next to it, or of the last report.
fn zones(capture: &Capture) -> Vec<ZoneState> {
    let Some(file) = capture.zoneinfo.last() else {
        return capture
            .reports
            .iter()
            .rev()
            .find(|report| !report.zones.is_empty())
            .map_or(Vec::new(), |report| report.zones.clone());
    };
    let buddy = nearest(&capture.buddyinfo, file.place, |info| info.place);
    let state = |(place, info): &(crate::Place, Box<kmem::snapshot::ZoneInfo>)| {
        let page_kb = capture.page_kb();
        let kb = |name: &str, pages: u64| (name.to_owned(), pages.saturating_mul(page_kb.unwrap_or(PAGE_KB)));
        let row = buddy.and_then(|buddy| {
            buddy.rows.iter().map(|(_, row)| row).find(|row| row.node == info.node && row.zone == info.zone)
        });
        ZoneState {
            place: *place,
            node: info.node,
            name: info.zone.to_string(),
            kb: vec![
                kb("present", info.present),
                kb("free", info.free),
                kb("min", info.min),
                kb("free_cma", info.stats[Stat::FreeCma]),
            ],
            reserve: info.protection[..info.zones.min(info.protection.len())].to_vec(),
            blocks: row.map_or([0; kmem::units::Order::COUNT], |row| row.free),
            has_blocks: row.is_some(),
            page_kb,
            ..ZoneState::default()
        }
    };
    // The arrays of zones have a place for those without pages too, so these stay.
    file.zones.iter().map(state).collect()
}
