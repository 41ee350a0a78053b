//! `kmem.explain/1`: what captures show, as one document.

use kmem::page::refusal::{Answer as ZoneAnswer, Refusal as Refused};
use kmem_inspect::explain::reports::{verdicts, Refusal};
use kmem_inspect::explain::tunables::{self, TunableAdvice};
use kmem_inspect::explain::twin::Story;
use kmem_inspect::explain::vmalloc::Listing;
use kmem_inspect::explain::{changes, date_reports, listings, stories, Answer, Question};
use kmem_inspect::parse::repeats::{Failed, Repeat};
use kmem_inspect::parse::report::Report;
use kmem_inspect::parse::trouble::{Trouble, Who};
use kmem_inspect::parse::vmallocinfo::Addresses;
use kmem_inspect::twin::changes::Change;
use kmem_inspect::twin::Difference;
use kmem_inspect::vmalloc::{Advice, Area, Gap};
use kmem_inspect::{Capture, DoubtKind, Doubts};
use serde_json::{json, Value};

/// Makes the document.
pub fn document(capture: &mut Capture, question: &Question, answer: Answer) -> Value {
    date_reports(capture);
    let capture = &*capture;
    let source = |index: u32| capture.sources.get(index as usize).map(|source| source.name.as_str());
    let answer = match answer {
        Answer::NotAsked => Value::Null,
        Answer::Yes => json!("yes"),
        Answer::No => json!("no"),
        Answer::Unknown => json!("unknown"),
    };
    json!({
        "schema": "kmem.explain/1",
        "sources": capture.sources.iter().map(|it| json!({"name": it.name, "lines": it.lines, "other": it.other})).collect::<Vec<_>>(),
        "fits": answer,
        "vmalloc": listings(capture).iter().map(|listing| vmalloc(listing, question)).collect::<Vec<_>>(),
        "zones": zones(capture),
        "tunables": question.advise.then(|| tunables::advise(capture).iter().map(advice_document).collect::<Vec<_>>()),
        "repeats": capture.repeats.iter().map(repeat).collect::<Vec<_>>(),
        "troubles": capture.troubles.iter().map(trouble).collect::<Vec<_>>(),
        "reports": reports(capture),
        "changes": changes::changes(capture).iter().map(|change| json!({
            "what": change.what, "bytes": change.bytes as i64, "detail": change.detail, "seconds": change.seconds,
        })).collect::<Vec<_>>(),
        "doubts": capture.doubts.iter().map(|doubt| json!({
            "file": source(doubt.place.source),
            "line": doubt.place.line,
            "kind": match doubt.kind {
                DoubtKind::NotUnderstood => "not-understood",
                DoubtKind::Contradiction => "contradiction",
                DoubtKind::OtherBoot => "other-boot",
            },
            "what": doubt.what,
        })).collect::<Vec<_>>(),
    })
}

/// A recommended tunable.
pub fn advice_document(advice: &TunableAdvice) -> Value {
    json!({
        "name": format!("vm.{}", advice.key), "value": advice.value, "now": advice.now, "reason": advice.reason,
        "computed": advice.computed,
    })
}

fn hex(address: u64) -> String {
    format!("{address:#x}")
}

fn gap(gap: &Gap) -> Value {
    json!({"start": hex(gap.start), "end": hex(gap.end), "bytes": gap.bytes()})
}

fn vmalloc(listing: &Listing<'_>, question: &Question) -> Value {
    // What does not agree was said when the text was made.
    let Some(area) = listing.area(&mut Doubts::default()) else {
        let addresses = if listing.info.addresses == Addresses::Hashed { "hashed" } else { "hidden" };
        return json!({"line": listing.info.place.line, "addresses": addresses, "areas": listing.info.rows.len()});
    };
    json!({
        "line": listing.info.place.line,
        "addresses": "real",
        "start": hex(area.start),
        "end": hex(area.end),
        "known": area.because,
        "kernel": area.kernel.as_ref().map(|kernel| json!({
            "family": kernel.family.name(), "versions": kernel.era, "known": kernel.because,
        })),
        "low": area.low.map(|low| json!({"start": hex(low.start), "end": hex(low.end)})),
        "areas": area.rows.len(),
        "used": area.used(),
        "elsewhere": area.elsewhere.len(),
        "holes": area.holes().iter().map(gap).collect::<Vec<_>>(),
        "unknown": area.gaps.iter().filter(|gap| gap.left_out.is_some()).map(gap).collect::<Vec<_>>(),
        "unknown_somewhere": area.left_out_somewhere,
        "hole": question.fit.and_then(|bytes| area.fit(bytes)).as_ref().map(gap),
        "advice": question.advise.then(|| advice(&area, listing.size_to_advise(&area, question.fit))),
    })
}

fn advice(area: &Area, bytes: u64) -> Value {
    match Advice::new(area, bytes) {
        Ok(advice) => json!({
            "bytes": bytes,
            "vmalloc_mb": advice.megabytes,
            "start": hex(advice.start),
            "hole": gap(&advice.hole),
            "hole_then": advice.then.1 - advice.then.0,
            "low_end": hex(advice.low.end),
        }),
        Err(why) => json!({"bytes": bytes, "none": format!("{why:?}")}),
    }
}

/// A kind of failure, and how often it is there.
fn repeat(repeat: &Repeat) -> Value {
    let (what, bytes) = match &repeat.what {
        Failed::Pages(request) => (format!("pages: {request}"), None),
        Failed::OutOfMemory => ("out of memory".to_owned(), None),
        Failed::Addresses(bytes) => ("addresses".to_owned(), Some(*bytes)),
        Failed::Contiguous(pages, error) => (format!("contiguous area: {pages} pages, error {error}"), None),
        Failed::Bounce(bytes) => ("bounce buffer".to_owned(), Some(*bytes)),
    };
    json!({
        "line": repeat.place.line, "what": what, "bytes": bytes, "task": repeat.task, "count": repeat.count,
        "suppressed": repeat.suppressed, "from_s": repeat.times.map(|times| times.0), "to_s": repeat.times.map(|times| times.1),
    })
}

/// A cause that a checker reported, or who holds lost objects or pages.
fn trouble(trouble: &Trouble) -> Value {
    let function = |who: &Option<Who>| who.as_ref().and_then(|who| who.function.clone());
    json!({
        "line": trouble.place.line, "kind": format!("{:?}", trouble.kind).to_lowercase(), "what": trouble.what,
        "in": trouble.site, "cache": trouble.cache, "access": trouble.access, "task": trouble.task,
        "allocated_by": function(&trouble.allocated), "freed_by": function(&trouble.freed),
        "count": trouble.count, "bytes": trouble.bytes,
        "from_s": trouble.times.map(|times| times.0), "to_s": trouble.times.map(|times| times.1),
    })
}

fn zones(capture: &Capture) -> Value {
    let Some(file) = capture.zoneinfo.last() else { return json!([]) };
    let zone = |zone: &kmem::snapshot::ZoneInfo| {
        json!({
            "node": zone.node, "zone": zone.zone.as_str(), "free": zone.free, "min": zone.min, "low": zone.low, "high": zone.high,
            "boost": zone.boost, "present": zone.present, "managed": zone.managed,
        })
    };
    file.zones.iter().map(|(_, info)| zone(info)).collect()
}

fn reports(capture: &Capture) -> Vec<Value> {
    // Of the first ones it was played what they report.
    let stories = stories(capture);
    let story = |at: usize| stories.get(at).and_then(|(_, story)| story.as_ref().ok());
    capture.reports.iter().enumerate().map(|(at, it)| report(it, story(at))).collect()
}

fn report(report: &Report, story: Option<&Story>) -> Value {
    let asked = |verdict: &kmem_inspect::explain::reports::Verdict<'_>| {
        let (refused, missing) = match verdict.refusal {
            Refusal::Pages { needed, usable } => (json!("pages"), json!(needed - usable)),
            Refusal::Blocks => (json!("blocks"), Value::Null),
            Refusal::None => (Value::Null, Value::Null),
        };
        let zone = &verdict.zone;
        json!({"node": zone.node, "zone": zone.name, "refused_for": refused, "missing_pages": missing})
    };
    json!({
        "line": report.place.line,
        "kind": format!("{:?}", report.kind).to_lowercase(),
        "comm": report.comm,
        "order": report.order,
        "mode": report.mode.map(|mode| format!("{mode:#x}")),
        "bytes": report.bytes,
        "zones": verdicts(report).iter().map(asked).collect::<Vec<_>>(),
        "twin": story.map(twin),
        "killed": report.killed.as_ref().map(|(pid, name)| json!({"pid": pid, "name": name})),
    })
}

fn twin(story: &Story) -> Value {
    let Story { twin, played, differences, changes } = story;
    let different = |difference: &Difference| match difference {
        Difference::Served => json!("served"),
        Difference::Zone { node, zone, .. } => json!({"node": node, "zone": zone}),
    };
    json!({
        "rules": twin.profile.name,
        "exact": twin.is_exact(),
        "served": played.served,
        "zones": played.answers.iter().map(asked).collect::<Vec<_>>(),
        "differences": differences.iter().map(different).collect::<Vec<_>>(),
        "notes": twin.notes,
        "passes_with": changes.found.iter().map(change).collect::<Vec<_>>(),
        "all_tried": !changes.is_cut,
    })
}

fn asked(answer: &ZoneAnswer) -> Value {
    let refused = answer.refusal.map(|refusal| match refusal {
        Refused::Pages { .. } => "pages",
        Refused::Pieces => "pieces",
        Refused::Blocks => "blocks",
        Refused::Types => "types",
    });
    json!({
        "node": answer.node, "zone": answer.name, "free": answer.free, "usable": answer.usable, "mark": answer.mark,
        "lowered": answer.lowered, "reserve": answer.reserve, "needed": answer.needed,
        "largest_order": answer.largest_block().map(|order| order.raw()), "refused_for": refused,
    })
}

fn change(change: &Change) -> Value {
    match change {
        Change::FreePages { node, zone, pages } => json!({"free_pages": pages, "node": node, "zone": zone}),
        Change::FreeBlocks { node, zone, order, blocks } => {
            json!({"free_blocks": blocks, "order": order, "node": node, "zone": zone})
        }
        Change::NoBoost => json!({"no_boost": true}),
        Change::MinFreeKbytes { now, kbytes } => json!({"min_free_kbytes": kbytes, "now": now}),
        Change::ReserveRatio { zone, now, ratio } => json!({"lowmem_reserve_ratio": ratio, "now": now, "zone": zone}),
        Change::Flags { words, .. } => json!({"flags": words}),
        Change::Order(order) => json!({"order": order}),
    }
}
