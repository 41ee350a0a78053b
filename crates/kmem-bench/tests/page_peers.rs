//! Every peer gives out what it has, once, and takes part in what it says it can do. No time is measured here.

use kmem_bench::kernel::Setting;
use kmem_bench::measure::{Left, Value};
use kmem_bench::page::peer::{PeerRow, PEERS};
use kmem_bench::page::source::PageSource;
use kmem_bench::page::table::{Row, Table};
use kmem_bench::page::target::{Bound, TARGETS};
use kmem_bench::page::work::{Workload, WORKLOADS};
use kmem_bench::part::Role;
use std::collections::BTreeSet;

const PAGES: u64 = 262_144;

#[test]
fn every_peer_does_what_the_table_of_workloads_asks() {
    for peer in PEERS.iter().filter(|peer| peer.is_timed()) {
        let mut subject = peer.make(&Setting::default()).unwrap_or_else(|why| panic!("{}: {why}", peer.name));
        for workload in WORKLOADS.iter().filter(|workload| workload.is_timed()) {
            let ideal = peer.role == Role::Ideal;
            let beyond = matches!(workload.name, "pair-3" | "pair-9" | "mixed" | "remote");
            let scattered = workload.name == "bulk" && matches!(peer.name, "bs-heap" | "free-list");
            let round = subject.round(workload, 2_000);
            assert_eq!(round.is_some(), !(ideal && beyond || scattered), "{}: {}", peer.name, workload.name);
            assert!(round.is_none_or(|round| round.operations >= 2_000), "{}: {}", peer.name, workload.name);
        }
    }
}

#[test]
fn long_use_leaves_at_most_what_is_free() {
    for name in ["kmem-cpu", "kmem-both", "buddy-alloc", "bitmap", "bs-frame"] {
        let mut subject = PeerRow::by_name(name).and_then(|peer| peer.make(&Setting::default())).unwrap();
        let left = subject.long_use(50, 200_000).unwrap_or_else(|| panic!("{name}"));
        assert!(left.blocks <= left.of && (250..=257).contains(&left.of), "{name}: {left:?}");
    }
}

/// Takes all there is in blocks of mixed orders; none overlaps another, and all pages come out.
#[test]
fn blocks_do_not_overlap_and_none_is_lost() {
    for peer in
        PEERS.iter().filter(|peer| matches!(peer.name, "kmem" | "kmem-cpu" | "buddy-alloc" | "bitmap" | "bs-frame"))
    {
        let mut subject = peer.make(&Setting::default()).unwrap();
        subject.with_source(&mut |source| takes_all(peer.name, source));
    }
}

fn takes_all(peer: &str, source: &mut dyn PageSource) {
    let mut pages = BTreeSet::new();
    let mut blocks = Vec::new();
    for order in [10, 9, 4, 3, 0] {
        while let Some(first) = source.alloc(order) {
            assert!((first..first + (1 << order)).all(|page| pages.insert(page)), "{peer}: {first} is given twice");
            blocks.push((first, order));
            if order != 0 && blocks.len() % 32 == 0 {
                break;
            }
        }
    }
    // Watermarks keep 5 % of kmem's pages, its own lists some of buddy-alloc's.
    assert!(pages.len() as u64 > PAGES / 100 * 94, "{peer}: {} pages", pages.len());
    blocks.into_iter().for_each(|(first, order)| source.free(first, order));
    let again = std::iter::from_fn(|| source.alloc(0)).count();
    assert_eq!(again, pages.len(), "{peer}: pages after all were given back");
}

fn table(rows: &[(&str, &[(&str, Value)])]) -> Table {
    let row = |&(name, values): &(&str, &[(&str, Value)])| {
        let value = |peer: &PeerRow| values.iter().find(|(name, _)| *name == peer.name).map(|&(_, value)| value);
        let workload = Workload::named(name).unwrap()[0];
        Row { workload, values: PEERS.iter().map(value).collect() }
    };
    Table {
        machine: "none",
        rounds: 1,
        events: 1,
        rows: rows.iter().map(row).collect(),
        metadata_bytes: Vec::new(),
        boot_1_tib: None,
        boot_1_gib: None,
        queue_nanoseconds: None,
    }
}

#[test]
fn targets_are_judged_by_the_ratio() {
    use Value::Nanoseconds as Ns;
    let left = |blocks| Value::Left(Left { blocks, of: 100 });
    let table = table(&[
        ("pair-0", &[("kmem-cpu", Ns(4.0)), ("stack", Ns(1.0)), ("buddy-alloc", Ns(8.0))]),
        ("batch-fifo", &[("kmem-cpu", Ns(5.0)), ("stack", Ns(1.0)), ("bitmap", Ns(9.0)), ("buddy-alloc", Ns(20.0))]),
        ("threads-1", &[("kmem-cpu", Ns(5.0))]),
        ("threads-2", &[("kmem-cpu", Ns(5.0))]),
        ("left-80", &[("kmem-cpu", left(49)), ("buddy-alloc", left(50))]),
    ]);
    let judged: Vec<_> = TARGETS
        .iter()
        .filter_map(|target| Some((target.workload, target.judge(&table)?)))
        .map(|(workload, judged)| (workload, judged.figure, judged.holds))
        .collect();
    let expected = [
        ("pair-0", 0.5, true),
        ("pair-0", 4.0, false),
        ("batch-fifo", 5.0 / 9.0, false),
        ("threads-2", 1.0, true),
        ("left-80", 0.98, false),
    ];
    assert_eq!(judged, expected);
}

#[test]
fn every_name_in_the_tables_is_known() {
    for target in TARGETS {
        assert!(target.workload.is_empty() || Workload::named(target.workload).is_ok(), "{target:?}");
        assert!(PeerRow::by_name(target.column).is_ok(), "{target:?}");
        // snmalloc is not always built in.
        if let Bound::AtMost(_, beside) | Bound::AtLeast(_, beside) = target.bound {
            let name = beside.name();
            assert!(name == "the best peer" || name == "snmalloc" || PeerRow::by_name(name).is_ok(), "{target:?}");
        }
    }
    assert_eq!(Workload::named("batch").map(|found| found.len()).ok(), Some(3));
    assert!(Workload::named("").is_err() && Workload::named("nothing").is_err());
}
