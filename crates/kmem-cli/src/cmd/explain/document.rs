//! `kmem.explain/1`: what captures show, as one document.

use kmem_inspect::explain::reports::{verdicts, Refusal};
use kmem_inspect::explain::tunables::{self, TunableAdvice};
use kmem_inspect::explain::vmalloc::Listing;
use kmem_inspect::explain::{date_reports, listings, Answer, Question};
use kmem_inspect::parse::report::Report;
use kmem_inspect::parse::vmallocinfo::Addresses;
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
        "reports": capture.reports.iter().map(report).collect::<Vec<_>>(),
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
            "hole_then": advice.bytes_then,
            "low_end": hex(advice.low.end),
        }),
        Err(why) => json!({"bytes": bytes, "none": format!("{why:?}")}),
    }
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

fn report(report: &Report) -> Value {
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
        "killed": report.killed.as_ref().map(|(pid, name)| json!({"pid": pid, "name": name})),
    })
}
