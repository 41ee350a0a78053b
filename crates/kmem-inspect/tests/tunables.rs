//! Which tunables a dump speaks for: by its numbers, and not without them.

use kmem_inspect::explain::date_reports;
use kmem_inspect::explain::reports::{verdicts, Refusal};
use kmem_inspect::explain::tunables::{advise, TunableAdvice};
use kmem_inspect::{Capture, Reader};
use std::fs;
use std::path::Path;

fn read(text: &str) -> Capture {
    let mut reader = Reader::new();
    reader.read("text", text.as_bytes()).expect("memory can be read");
    let mut capture = reader.finish();
    date_reports(&mut capture);
    capture
}
fn advice(text: &str) -> Vec<TunableAdvice> {
    advise(&read(text))
}
fn values(text: &str) -> Vec<(&'static str, u64)> {
    advice(text).iter().map(|advice| (advice.key, advice.value)).collect()
}

/// A failure of GFP_ATOMIC on a machine of one zone, with these kB free and these marks.
fn burst(free: u64, [min, low, high]: [u64; 3]) -> String {
    format!(
        "swapper/0: page allocation failure: order:0, mode:0x20\n\
         CPU: 0 PID: 0 Comm: swapper/0 Not tainted 3.10.49 #1\n\
         Mem-Info:\n\
         active_anon:3000 inactive_anon:10 isolated_anon:0\n\
         Normal free:{free}kB min:{min}kB low:{low}kB high:{high}kB present:262144kB managed:255000kB all_unreclaimable? no\n\
         lowmem_reserve[]: 0 0 0\n\
         65536 pages RAM\n"
    )
}

#[test]
fn the_advised_reserve_would_have_served_the_burst() {
    for free in [0, 100, 400, 600, 700] {
        for min in [1900u64, 4000, 8000] {
            let marks = |min: u64| [min, min + min / 4, min + min / 2];
            let text = burst(free, marks(min));
            let verdict = |text: &str| verdicts(&read(text).reports[0])[0].refusal;
            let found = advice(&text);
            let [TunableAdvice { key: "min_free_kbytes", value, now, computed, .. }] = &found[..] else {
                panic!("{free} {min}: {found:?}");
            };
            assert_eq!((*now, value % 1024, computed.len()), (Some(min), 0, 2));
            // The same burst begins at the new `low`, where kswapd is woken.
            // Where a report's numbers would do, there was less when the request failed: no more than it may not use.
            let mark = verdicts(&read(&text).reports[0])[0].mark * 4;
            let taken = marks(min)[1] - free.min(mark);
            let then = burst(marks(*value)[1].saturating_sub(taken), marks(*value));
            assert_eq!(verdict(&then), Refusal::None, "{free} {min} -> {value}");
            // A megabyte and its rounding less would not do, but where that is what there was.
            let less = value.saturating_sub(2048);
            if less > min {
                let then = burst(marks(less)[1].saturating_sub(taken), marks(less));
                assert_ne!(verdict(&then), Refusal::None, "{free} {min} -> {less}");
            }
        }
    }
}

#[test]
fn who_could_wait_or_asked_for_more_is_not_helped_by_it() {
    let text = burst(400, [1900, 2375, 2850]);
    assert_eq!(values(&text.replace("mode:0x20", "mode:0xd0")), []);
    assert_eq!(values(&text.replace("order:0", "order:4")), []);
    // On a machine of 4 MB a reserve of 3 is no answer.
    assert_eq!(values(&text.replace("65536 pages RAM", "1024 pages RAM")), []);
}

const ZONEINFO: &str = "Node 0, zone   Normal\n  pages free     30000\n        min      2000\n        low      2500\n        high     3000\n        \
     spanned  500000\n        present  500000\n        managed  480000\n";

#[test]
fn requests_that_reclaim_themselves() {
    let vmstat = |stalls: u64, direct: u64, kswapd: u64| {
        format!("nr_free_pages 30000\nallocstall_normal {stalls}\npgsteal_kswapd {kswapd}\npgsteal_direct {direct}\n")
    };
    let log = "Linux version 6.1.0 (x) #1\n";
    let text = |stalls, direct, kswapd| format!("{log}{ZONEINFO}{}", vmstat(stalls, direct, kswapd));
    // 500 pages from min to low; a half of all was direct, so it must be 1000: 21 of 10000 pages of the zone, rounded up.
    assert_eq!(values(&text(5000, 50_000, 50_000)), [("watermark_scale_factor", 21)]);
    assert_eq!(values(&text(50, 50_000, 50_000)), []);
    assert_eq!(values(&text(5000, 1000, 50_000)), []);
    assert_eq!(values(&text(5000, 50_000, 0)), []);
    // Before 4.6 there is no such tunable: min_free_kbytes is, if it is known.
    let old = text(5000, 50_000, 50_000).replace("6.1.0", "3.10.0");
    assert_eq!(values(&old), []);
    assert_eq!(values(&format!("{old}vm.min_free_kbytes = 8000\n")), [("min_free_kbytes", 16_384)]);
    // Without watermarks nothing can be computed.
    assert_eq!(values(&format!("{log}{}", vmstat(5000, 50_000, 50_000))), []);
}

#[test]
fn slabs_promises_areas_and_nodes() {
    let meminfo = |cached: u64, reclaimable: u64| {
        format!("MemTotal: 1000000 kB\nMemFree: 50000 kB\nCached: {cached} kB\nSReclaimable: {reclaimable} kB\n")
    };
    assert_eq!(values(&meminfo(100_000, 400_000)), [("vfs_cache_pressure", 400)]);
    assert_eq!(values(&meminfo(300_000, 400_000)), []);
    assert_eq!(values(&meminfo(10_000, 100_000)), []);

    let promises = "MemTotal: 1000000 kB\nMemFree: 50000 kB\nCommitLimit: 700000 kB\nCommitted_AS: 900000 kB\n";
    let sysctl = "vm.overcommit_memory = 2\nvm.overcommit_ratio = 50\n";
    // 200000 kB of the limit are swap, so 700000 of 1000000 must come from memory.
    assert_eq!(values(&format!("{promises}{sysctl}")), [("overcommit_ratio", 70)]);
    assert_eq!(values(&format!("{promises}{}", sysctl.replace("= 2", "= 0"))), []);
    assert_eq!(values(promises), []);

    let slabs = "slabinfo - version: 2.1\n\
        vm_area_struct 600000 600000 200 20 1 : tunables 0 0 0 : slabdata 30000 30000 0\n\
        mm_struct 10 10 1000 4 1 : tunables 0 0 0 : slabdata 3 3 0\n";
    assert_eq!(values(&format!("{slabs}vm.max_map_count = 65530\n")), [("max_map_count", 262_144)]);
    assert_eq!(values(&format!("{slabs}vm.max_map_count = 262144\n")), []);

    let vmstat = "nr_free_pages 1\nzone_reclaim_success 3\nzone_reclaim_failed 900\n";
    assert_eq!(values(&format!("{vmstat}vm.zone_reclaim_mode = 1\n")), [("zone_reclaim_mode", 0)]);
    assert_eq!(values(&format!("{vmstat}vm.zone_reclaim_mode = 0\n")), []);

    let dirty = "nr_free_pages 1\nnr_dirty 900\nnr_writeback 90\nnr_dirty_threshold 1000\n";
    let ratios = "vm.dirty_background_ratio = 10\nvm.dirty_ratio = 20\n";
    assert_eq!(values(&format!("{dirty}{ratios}")), [("dirty_background_ratio", 5)]);
    assert_eq!(values(&format!("{}{ratios}", dirty.replace("900", "300"))), []);
}

#[test]
fn what_somebody_changed_is_told() {
    let told = |text: &str| {
        let mut out = String::new();
        kmem_inspect::explain::tunables::state(&mut out, &read(text)).expect("a string can be written");
        out
    };
    let text = "vm.swappiness = 10\nvm.dirty_ratio = 20\nvm.min_free_kbytes = 1\nvm.of_tomorrow = 1\n";
    let changed = "Tunables: 4 of vm; other than Linux 3.4 has them: vm.swappiness 10 (60)\n";
    assert_eq!(told(&format!("Linux version 3.10.0 (x) #1\n{text}")), changed);
    let text = text.replace("10", "60");
    assert!(told(&text).starts_with("Tunables: 4 of vm; none is known to be other than Linux 6.12"), "{}", told(&text));
    assert_eq!(told("nothing"), "");
}

/// Real kernels that nobody worked hard: nothing speaks for anything but the reserve of those that ran out.
#[test]
fn quiet_machines_are_left_alone() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    for case in ["amd64-2g", "armhf-1g", "i386-pae-1g", "amd64-numa2-1g"] {
        let mut reader = Reader::new();
        for file in ["meminfo", "zoneinfo", "vmstat", "slabinfo", "sys_vm.tsv"] {
            if let Ok(text) = fs::read(golden.join(case).join(file)) {
                reader.read(file, text.as_slice()).expect("memory can be read");
            }
        }
        assert_eq!(advise(&reader.finish()), [], "{case}");
    }
}
