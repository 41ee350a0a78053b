//! Every peer gives out each object once and takes part in what it says it can do; the mix is what it says it is. No time is
//! measured here.

use kmem_bench::kernel::Setting;
use kmem_bench::measure::Value;
use kmem_bench::object::class::SHARES;
use kmem_bench::object::peer::{PeerRow, HEAVY, PEERS};
use kmem_bench::object::source::ObjectSource;
use kmem_bench::object::table::{Row, Table};
use kmem_bench::object::target::{self, Bound, COLUMN, LIMITS, TARGETS};
use kmem_bench::object::work::mix::{Call, Script, LONGEST, STEPS};
use kmem_bench::object::work::{Workload, WORKLOADS};
use kmem_bench::part::Role;
use kmem_bench::rng::Rng;
use std::collections::BTreeMap;

#[test]
fn every_peer_does_every_workload() {
    for peer in PEERS {
        let mut subject = peer.make(&Setting::default()).unwrap_or_else(|why| panic!("{}: {why}", peer.name));
        for workload in WORKLOADS.iter().filter(|workload| workload.is_timed()) {
            let round = subject.round(workload, 2_000).unwrap_or_else(|| panic!("{}: {}", peer.name, workload.name));
            assert!(round.operations >= 2_000, "{}: {}", peer.name, workload.name);
        }
    }
}

/// Takes and frees objects of all sizes at random; none overlaps another.
#[test]
fn objects_do_not_overlap() {
    for peer in PEERS {
        let mut subject = peer.make(&Setting::default()).unwrap();
        let mut called = false;
        subject.with_source(&mut |source| {
            takes_and_frees(peer.name, source);
            called = true;
        });
        assert!(called, "{}", peer.name);
    }
}

fn takes_and_frees(peer: &str, source: &mut dyn ObjectSource) {
    let mut rng = Rng::default();
    let mut held: BTreeMap<u64, u64> = BTreeMap::new();
    let mut order = Vec::new();
    for _ in 0..20_000 {
        if order.len() < 500 || rng.below(2) == 0 {
            let bytes = 1 + u64::from(rng.below(8192));
            let object = source.alloc(bytes as usize).unwrap_or_else(|| panic!("{peer}: {bytes}"));
            assert_eq!(object % 8, 0, "{peer}: {bytes}");
            let before = held.range(..=object).next_back().map_or(0, |(start, bytes)| start + bytes);
            let after = held.range(object..).next().map_or(u64::MAX, |(start, _)| *start);
            assert!(before <= object && object + bytes <= after, "{peer}: {object:#x} of {bytes} bytes overlaps");
            source.touch(object, bytes as usize);
            held.insert(object, bytes);
            order.push(object);
        } else {
            let object = order.swap_remove(rng.below(order.len() as u32) as usize);
            let bytes = held.remove(&object).unwrap();
            source.free(object, bytes as usize);
        }
    }
    let mut bulk = [0; 100];
    source.cache_alloc_bulk(&mut bulk).unwrap();
    for object in bulk {
        let before = held.range(..=object).next_back().map_or(0, |(start, bytes)| start + bytes);
        assert!(before <= object, "{peer}: {object:#x} of the cache overlaps");
        held.insert(object, 192);
    }
    source.cache_free_bulk(&bulk);
    order.into_iter().for_each(|object| source.free(object, held[&object] as usize));
}

/// No slot is taken twice or freed twice, once the script has gone round.
#[test]
fn the_mix_frees_what_it_took() {
    let script = Script::new();
    let mut held = vec![None; script.slots()];
    let mut lengths = Vec::new();
    let mut taken = 0_u32;
    for round in 0..2 {
        for call in script.calls() {
            match *call {
                Call::Take { slot, .. } => {
                    assert!(held[usize::from(slot)].replace(taken).is_none(), "slot {slot} is taken twice");
                    taken += 1;
                }
                Call::Give { slot, .. } => match held[usize::from(slot)].take() {
                    Some(since) => lengths.push(taken - 1 - since),
                    None => assert_eq!(round, 0, "slot {slot} is freed twice"),
                },
            }
        }
    }
    assert_eq!(taken as usize, 2 * STEPS);
    let part = |from: u32, to: u32| {
        lengths.iter().filter(|length| (from..to).contains(length)).count() as f64 / lengths.len() as f64
    };
    assert!((part(0, 16) - 0.50).abs() < 0.01, "{}", part(0, 16));
    assert!((part(1024, LONGEST) - 0.03).abs() < 0.005, "{}", part(1024, LONGEST));
    assert_eq!(part(LONGEST, u32::MAX), 0.0);
}

#[test]
fn the_mix_has_the_shares_of_the_kernel() {
    let script = Script::new();
    let mut counts = [0_u32; SHARES.len()];
    let (mut elsewhere, mut given) = (0_u32, 0_u32);
    for call in script.calls() {
        match *call {
            Call::Take { place, .. } => counts[usize::from(place)] += 1,
            Call::Give { elsewhere: is_elsewhere, .. } => {
                given += 1;
                elsewhere += u32::from(is_elsewhere);
            }
        }
    }
    assert_eq!(given as usize, STEPS);
    for ((bytes, share), count) in SHARES.iter().zip(counts) {
        let part = f64::from(count) / STEPS as f64 * 1000.0;
        assert!((part - f64::from(*share)).abs() < 10.0, "{bytes} bytes: {part} of a thousand, not {share}");
    }
    let part = f64::from(elsewhere) / f64::from(given);
    assert!((part - 0.043).abs() < 0.005, "{part}");
}

/// What a kernel holds is at least what was asked, and not much more.
#[test]
fn what_is_held_is_compared_with_what_was_asked() {
    for name in ["kmem", "kmem-cpu"] {
        let mut subject = PeerRow::by_name(name).and_then(|peer| peer.make(&Setting::default())).unwrap();
        let filled = subject.resident(0).unwrap();
        assert!((1.0..1.3).contains(&filled), "{name}: {filled}");
    }
    let ideal = PeerRow::by_name("magazine").and_then(|peer| peer.make(&Setting::default()));
    assert_eq!(ideal.unwrap().resident(0), None);
}

fn table(rows: &[(&str, &[(&str, f64)])]) -> Table {
    let row = |&(name, values): &(&str, &[(&str, f64)])| {
        let workload = Workload::named(name).unwrap()[0];
        let of = if workload.is_timed() { Value::Nanoseconds } else { Value::Resident };
        let value = |peer: &PeerRow| values.iter().find(|(name, _)| *name == peer.name).map(|&(_, value)| of(value));
        Row { workload, values: PEERS.iter().map(value).collect() }
    };
    Table { machine: "none", rounds: 1, events: 1, rows: rows.iter().map(row).collect(), queue_nanoseconds: None }
}

#[test]
fn targets_are_judged_by_the_ratio() {
    let table = table(&[
        ("cache-192", &[("kmem-cpu", 4.0), ("magazine", 1.0), ("malloc", 9.0)]),
        ("kmalloc-8192", &[("kmem-cpu", 4.0), ("rlsf", 10.0)]),
        ("resident-churned", &[("kmem-cpu", 1.05), ("malloc", 1.0)]),
    ]);
    let judged: Vec<_> = TARGETS
        .iter()
        .filter_map(|target| Some((target.workload, target.judge(&table)?)))
        .map(|(workload, judged)| (workload, judged.figure, judged.holds))
        .collect();
    assert_eq!(judged, [("kmalloc-8192", 0.4, false), ("resident-churned", 1.05, true)]);
    let expected: (&[&str], usize) = if cfg!(feature = "heavy-peers") { (&[], 0) } else { (&["jemalloc"], 1) };
    assert_eq!(target::missing(&table), (expected.0.to_vec(), expected.1));
}

/// The best peer is not the best of those that happen to be there.
#[test]
fn the_best_is_judged_when_all_are_there() {
    let light = ["malloc", "talc", "rlsf", "slabmalloc"].map(|name| (name, 11.0));
    let own: Vec<(&str, f64)> = [("kmem-cpu", 9.0)].into_iter().chain(light).collect();
    let all: Vec<(&str, f64)> = own.iter().copied().chain(HEAVY.iter().map(|name| (*name, 10.0))).collect();
    let judged = |values: &[(&str, f64)]| {
        let target = TARGETS.iter().find(|target| target.workload == "larson").unwrap();
        target.judge(&table(&[("larson", values)])).map(|judged| judged.figure)
    };
    assert_eq!(judged(&own), None);
    assert_eq!(judged(&all), cfg!(feature = "heavy-peers").then_some(0.9));
}

/// All peers but kmem and the ideal are among those of which the best is taken.
#[test]
fn the_best_is_the_best_of_all() {
    let Bound::AtMost(_, beside) = TARGETS.iter().find(|target| target.workload == "larson").unwrap().bound else {
        panic!("no peer");
    };
    for peer in PEERS.iter().filter(|peer| peer.role == Role::Other) {
        assert!(beside.needs().contains(&peer.name), "{}", peer.name);
    }
}

#[test]
fn every_name_in_the_tables_is_known() {
    for target in TARGETS {
        assert!(Workload::named(target.workload).is_ok_and(|found| found.len() == 1), "{target:?}");
        let Bound::AtMost(_, beside) = target.bound else { continue };
        for name in beside.needs() {
            assert!(HEAVY.contains(name) || PeerRow::by_name(name).is_ok(), "{target:?}");
        }
    }
    for limit in LIMITS {
        assert!(Workload::named(limit.workload).is_ok() && PeerRow::by_name(limit.peer).is_ok(), "{limit:?}");
    }
    for name in HEAVY {
        assert_eq!(PeerRow::by_name(name).is_ok(), cfg!(feature = "heavy-peers"), "{name}");
    }
    assert!(PeerRow::by_name(COLUMN).is_ok());
    assert_eq!(Workload::named("kmalloc").map(|found| found.len()).ok(), Some(3));
}
