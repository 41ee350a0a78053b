//! Kernels write reports of their state, and the twin of each report answers as that kernel does.
//!
//! Machines of several generations are filled and emptied at random, with several nodes and marks moved; the state is written
//! by the engine's own renderer, read back as any report of a real kernel, restored, and asked. The judge is the kernel that
//! wrote it: it is asked the same right after.

use kmem::boot::{cut_nodes, equal_nodes, BootParams};
use kmem::page::refusal::Refusal;
use kmem::page::restore::RestoreError;
use kmem::page::Request;
use kmem::profile::by_name;
use kmem::snapshot::report::page_failure;
use kmem::units::Order;
use kmem::{Gfp, Kernel};
use kmem_hosted::{Displacement, Hosted};
use kmem_inspect::explain::reports;
use kmem_inspect::explain::twin::Story;
use kmem_inspect::parse::report::Report;
use kmem_inspect::twin::changes::Change;
use kmem_inspect::twin::{Difference, NoTwin, Twin};
use kmem_inspect::Reader;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// The report that this kernel would print of a request.
fn report(kernel: &Kernel<Hosted>, request: &Request, nodes: u32) -> String {
    let profile = kernel.profile;
    let (mut out, style) = (String::new(), &profile.proc.report);
    let asked = page_failure::Request {
        comm: kmem::error::Name::new("dice"),
        order: request.order,
        gfp: request.gfp,
        nodemask: None,
        mems_allowed: (1 << nodes) - 1,
    };
    page_failure::write_head(&mut out, style, &asked, profile.gfp).expect("a string can be written");
    let (major, minor, patch) = profile.version;
    writeln!(out, "CPU: 0 PID: 1 Comm: dice Not tainted {major}.{minor}.{patch} #1").expect("a string can be written");
    kernel.show_mem(request.gfp, &mut out).expect("a string can be written");
    out
}

fn flags(dice: &mut Dice) -> Gfp {
    let kinds = [
        Gfp::KERNEL,
        Gfp::ATOMIC,
        Gfp::NOWAIT,
        Gfp::HIGHUSER,
        Gfp::HIGHUSER | Gfp::MOVABLE,
        Gfp::KERNEL | Gfp::DMA,
        Gfp::KERNEL | Gfp::RECLAIMABLE,
        Gfp::ATOMIC | Gfp::NOMEMALLOC,
        Gfp::KERNEL | Gfp::HIGH,
    ];
    kinds[dice.roll(kinds.len() as u64) as usize]
}

/// Fills and empties a machine; returns how often it was asked, and how often the answer was no.
fn play(name: &str, ram: u64, nodes: u32, seed: u64) -> (u32, u32) {
    let profile = by_name(name).expect("a profile");
    let sizes = equal_nodes(ram, nodes);
    let split = cut_nodes(profile, ram, &sizes[..nodes as usize]).expect("nodes that can be");
    let nodes_of = (nodes > 1).then_some(split.as_slice());
    let params = BootParams { ram_bytes: ram, cpus: 1, nodes: nodes_of, ..BootParams::new(profile) };
    let kernel = kmem_hosted::boot(profile, &params, Displacement::Any, |_| {}).expect("it boots");
    let (mut dice, mut held) = (Dice(seed | 1), Vec::new());
    let (mut asked, mut refused) = (0, 0);
    for round in 0..100 {
        // Crumble what there is: take until little is left, then give a part of it back here and there.
        let (mut failures, most) = (0, 1 + dice.roll(30));
        while failures < most {
            let order = Order::new([0, 0, 0, 0, 1, 2, 3, 6, 9][dice.roll(9) as usize]).expect("an order");
            let gfp = flags(&mut dice).difference(Gfp::DIRECT_RECLAIM) | Gfp::NOWARN;
            match kernel.alloc_pages(gfp, order) {
                Ok(pfn) => held.push((pfn, order)),
                Err(_) => failures += 1,
            }
        }
        let part = [2, 10, 50, 200][dice.roll(4) as usize];
        for _ in 0..held.len() / part {
            let (pfn, order) = held.swap_remove(dice.roll(held.len() as u64) as usize);
            kernel.free_pages(pfn, order).expect("it was ours");
        }
        if round % 10 == 5 {
            let kbytes = 1000 + dice.roll(30_000);
            kernel.write_sysctl("vm.min_free_kbytes", &kbytes.to_string()).expect("it may be written");
        }
        kernel.drain();
        for _ in 0..4 {
            let order = Order::new(dice.roll(u64::from(profile.top_order.raw()) + 1) as u32).expect("an order");
            // As far as this kernel has bits for it.
            let gfp = profile.gfp.decode(profile.gfp.encode(flags(&mut dice) | Gfp::NOWARN)).0;
            let request = Request::new(gfp, order);
            let text = report(&kernel, &request, nodes);
            let mut reader = Reader::new();
            reader.read_text("state", &text);
            let capture = reader.finish();
            assert_eq!(capture.doubts.count(), 0, "{text}");
            let twin = Twin::of(&capture.reports[0]).unwrap_or_else(|why| panic!("{why:?}:\n{text}"));
            let played = twin.play().expect("a state that was");
            assert_eq!((twin.request.gfp, twin.request.order), (request.gfp, request.order), "{text}");
            let would = played.answers.iter().any(|answer| answer.refusal.is_none());
            // Without waiting: that is what is played.
            let mine = kernel.pages().alloc_as(0, &request);
            assert_eq!(
                played.served,
                mine.is_ok(),
                "{name} {seed} {round}: {request:?}\n{:#?}\n{text}",
                played.answers
            );
            assert_eq!(played.served, would, "{name} {seed} {round}: {request:?}\n{:#?}\n{text}", played.answers);
            if let Ok(pfn) = mine {
                kernel.pages().free(0, pfn, order).expect("it was ours");
                kernel.drain();
            }
            asked += 1;
            refused += u32::from(!played.served);
        }
    }
    (asked, refused)
}

#[test]
fn the_twin_of_a_report_answers_as_the_kernel_that_wrote_it() {
    for (name, mb, nodes) in [
        ("linux-2.6-i386", 32, 1),
        ("arm-3.4", 64, 1),
        ("i386-pae-6.1", 96, 1),
        ("armhf-6.1", 128, 1),
        ("amd64-6.12", 256, 1),
        ("amd64-6.1", 256, 2),
    ] {
        let (asked, refused) = play(name, mb << 20, nodes, 0x5eed + mb);
        assert!(refused * 10 > asked && refused * 10 < asked * 9, "{name}: {refused} of {asked} refused");
    }
}

/// What is read of a text that has one report.
fn only(text: &str) -> Report {
    let mut reader = Reader::new();
    reader.read_text("text", text);
    let reports = reader.finish().reports;
    assert_eq!(reports.len(), 1, "{text}");
    reports.into_iter().next().expect("one")
}
fn story(report: &Report) -> Story {
    Story::of(report).unwrap_or_else(|why| panic!("{why:?}"))
}
fn said(report: &Report) -> String {
    let mut out = String::new();
    reports::explain(&mut out, report).expect("a string can be written");
    out
}
fn golden(case: &str) -> Vec<Report> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(case).join("memory_report");
    let mut reader = Reader::new();
    reader.read_text("report", &fs::read_to_string(path).expect("a report"));
    reader.finish().reports
}

#[test]
fn reports_of_real_kernels_are_refused_by_their_twins() {
    for (case, nearest, pages) in
        [("oom-armhf-128m", "armhf-6.1", &[1058][..]), ("oom-i386-pae-96m", "i386-pae-6.1", &[2, 3])]
    {
        let reports = golden(case);
        assert_eq!(reports.len(), pages.len(), "{case}");
        for (report, pages) in reports.iter().zip(pages) {
            let Story { twin, played, differences, changes } = story(report);
            assert_eq!(
                (twin.profile.name, twin.is_exact(), twin.notes.len()),
                (nearest, true, 0),
                "{case}: {:?}",
                twin.notes
            );
            assert!(!played.served && differences.is_empty(), "{case}: {differences:?}");
            // The smallest change is first.
            assert!(
                matches!(changes.found[0], Change::FreePages { pages: found, .. } if found == *pages),
                "{changes:?}"
            );
            assert!(changes.found.contains(&Change::NoBoost), "{changes:?}");
        }
    }
    // Requests for addresses: no order, nothing to ask zones for.
    assert_eq!(Story::of(&golden("zfit-armhf-1g")[0]).err(), Some(NoTwin::NoRequest));
}

/// A report of one zone of 100 MB, and of what stands in its place.
fn one_zone(head: &str, numbers: &str, blocks: &str) -> Report {
    only(&format!("{head}\nMem-Info:\nNormal {numbers} present:102400kB managed:100000kB\nlowmem_reserve[]: 0 0\nNormal: {blocks}\n"))
}

#[test]
fn old_kernels_want_half_as_much_in_each_higher_order() {
    // 3.4: 1000 pages must stay, of order 1 and more 500, of order 2 and more 250, …
    let head = |order: u32| {
        format!("x: page allocation failure: order:{order}, mode:0xd0\nCPU: 0 PID: 1 Comm: x Not tainted 3.4.0 #1")
    };
    let numbers = "free:12000kB min:4000kB low:5000kB high:6000kB";
    let blocks = "1000*4kB 500*8kB 234*16kB 8*32kB 0*64kB 0*128kB = 12000kB";
    let found = story(&one_zone(&head(3), numbers, blocks));
    assert_eq!(found.played.answers[0].refusal, Some(Refusal::Pieces));
    // There are blocks of order 3, and yet more are needed: above order 2 there have to be more than 1000 / 8 pages.
    let blocks = found.changes.found.iter().find_map(|change| match change {
        Change::FreeBlocks { blocks, order, .. } => Some((*blocks, *order)),
        _ => None,
    });
    assert_eq!(blocks, Some((9, 3)), "{:?}", found.changes);
    // The same state of a kernel that looks for one block.
    let head =
        "x: page allocation failure: order:3, mode:0xcc0(GFP_KERNEL)\nCPU: 0 PID: 1 Comm: x Not tainted 5.4.0 #1";
    let report = one_zone(head, numbers, "1000*4kB 500*8kB 234*16kB 8*32kB (M) 0*64kB 0*128kB = 12000kB");
    let found = story(&report);
    assert!(found.played.served && found.differences == [Difference::Served], "{:?}", found.differences);
    let text = said(&report);
    assert!(text.contains("zone Normal gives it") && text.contains("Engine and report differ"), "{text}");
}

#[test]
fn what_counts_for_nobody_or_not_for_all() {
    let head = |gfp: &str| {
        format!("x: page allocation failure: order:0, mode:{gfp}\nCPU: 0 PID: 1 Comm: x Not tainted 6.1.0 #1")
    };
    // 1200 pages are free, 1000 must stay; 400 are of the contiguous area.
    let numbers = "free:4800kB min:4000kB low:5000kB high:6000kB free_cma:1600kB";
    let blocks = "400*4kB (UM) 400*8kB (MC) = 4800kB";
    let found = story(&one_zone(&head("0xcc0(GFP_KERNEL)"), numbers, blocks));
    assert_eq!(found.played.answers[0].usable, 800);
    assert!(found
        .changes
        .found
        .iter()
        .any(|change| matches!(change, Change::Flags { words, .. } if words.contains("MOVABLE"))));
    let text = said(&one_zone(&head("0xcc0(GFP_KERNEL)"), numbers, blocks));
    assert!(
        text.contains("201 pages too few: 800 of 1200 free ones count") && text.contains("contiguous area"),
        "{text}"
    );
    // Who can be moved may have them.
    assert!(story(&one_zone(&head("0x100cca(GFP_HIGHUSER_MOVABLE)"), numbers, blocks)).played.served);
    // What is set aside counts for important requests only: up to 6.11 with what of it is in use.
    let numbers = "free:4800kB min:4000kB low:5000kB high:6000kB reserved_highatomic:2048KB";
    let found = story(&one_zone(&head("0xcc0(GFP_KERNEL)"), numbers, "600*4kB (UH) 300*8kB (M) = 4800kB"));
    assert_eq!(found.played.answers[0].usable, 1200 - 512);
    assert!(story(&one_zone(&head("0xa20(GFP_ATOMIC)"), numbers, "600*4kB (UH) 300*8kB (M) = 4800kB")).played.served);
    // Isolated blocks are on the lists and not in the counter.
    let numbers = "free:4000kB min:4000kB low:5000kB high:6000kB";
    let found = story(&one_zone(&head("0xcc0(GFP_KERNEL)"), numbers, "1000*4kB (M) 100*8kB (I) = 4800kB"));
    assert_eq!((found.played.answers[0].free, found.twin.notes.len()), (1000, 0), "{:?}", found.twin.notes);
}

#[test]
fn what_the_marks_and_reserves_would_have_to_be() {
    // 6.1 on x86-64: min_free_kbytes 8000, DMA keeps 3000 pages from others.
    let report = only(
        "x: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)\nCPU: 0 PID: 1 Comm: x Not tainted 6.1.0 #1\nMem-Info:\n\
         Node 0 DMA free:12000kB boost:0kB min:20kB low:60kB high:100kB present:15992kB managed:15360kB\n\
         lowmem_reserve[]: 0 5940 5940 5940\n\
         Node 0 DMA32 free:7000kB boost:0kB min:7976kB low:9956kB high:11936kB present:6100000kB managed:6083536kB\n\
         lowmem_reserve[]: 0 0 0 0\n\
         Node 0 DMA: 0*4kB 0*8kB 0*16kB 1*32kB (M) 0*64kB 1*128kB (M) 0*256kB 1*512kB (M) 1*1024kB (M) 1*2048kB (M) 2*4096kB (M) = 11936kB\n\
         Node 0 DMA32: 1750*4kB (UME) = 7000kB\n",
    );
    let found = story(&report);
    let has = |wanted: &dyn Fn(&Change) -> bool| found.changes.found.iter().any(wanted);
    assert!(!found.played.served, "{:?}", found.played);
    // 1749 pages must stay at most: 1749 of the share of 6083536 kB in 6098896.
    assert!(
        has(
            &|change| matches!(change, Change::MinFreeKbytes { now: 8000 | 8004, kbytes } if *kbytes / 4 * 6_083_536 / 6_098_896 == 1749)
        ),
        "{:?}",
        found.changes
    );
    // 1520884 pages lie above DMA: over 256 that is 5940; it has 2984 free, of which its min is 5 and 1 is asked for.
    assert!(
        has(
            &|change| matches!(change, Change::ReserveRatio { zone: "DMA", now: 256, ratio } if 1_520_884 / ratio <= 2978 && 1_520_884 / (ratio - 1) > 2978)
        ),
        "{:?}",
        found.changes
    );
    // A lower ratio of what is there, played by hand: the next value fails.
    assert!(
        has(&|change| matches!(change, Change::FreePages { zone: "DMA32", pages: 245, .. })),
        "{:?}",
        found.changes
    );
}

/// Two nodes, the second of which has plenty.
fn two_nodes(head: &str) -> Report {
    only(&format!(
        "{head}\nCPU: 0 PID: 1 Comm: x Not tainted 5.15.0 #1\nMem-Info:\n\
         Node 0 Normal free:3900kB boost:0kB min:4000kB low:5000kB high:6000kB present:1000000kB managed:990000kB\n\
         lowmem_reserve[]: 0 0 0 0\n\
         Node 1 Normal free:400000kB boost:0kB min:4000kB low:5000kB high:6000kB present:1000000kB managed:990000kB\n\
         lowmem_reserve[]: 0 0 0 0\n\
         Node 0 Normal: 975*4kB (UME) = 3900kB\nNode 1 Normal: 100000*4kB (UME) = 400000kB\n"
    ))
}

#[test]
fn nodes_that_the_request_may_not_use_are_not_asked() {
    let head = |nodes: &str| format!("x: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), {nodes}");
    // The second node would have served it.
    assert!(story(&two_nodes(&head("nodemask=(null),cpuset=/,mems_allowed=0-1"))).played.served);
    for nodes in ["nodemask=0,cpuset=/,mems_allowed=0-1", "nodemask=(null),cpuset=a,mems_allowed=0"] {
        let found = story(&two_nodes(&head(nodes)));
        assert!(!found.played.served && found.played.answers.len() == 1, "{nodes}: {:?}", found.played);
        assert!(matches!(found.changes.found[0], Change::FreePages { node: 0, pages: 26, .. }), "{:?}", found.changes);
    }
    // On one node only, and the report does not say on which.
    let found = story(&two_nodes(
        "x: page allocation failure: order:0, mode:0x200cc0(GFP_KERNEL|__GFP_THISNODE), nodemask=(null)",
    ));
    assert!(
        !found.played.served && found.twin.notes.iter().any(|note| note.contains("which")),
        "{:?}",
        found.twin.notes
    );
    assert!(found
        .changes
        .found
        .iter()
        .any(|change| matches!(change, Change::Flags { words, .. } if words.contains("THISNODE"))));
}

#[test]
fn what_is_cut_or_not_about_zones_says_so() {
    let head = "x: page allocation failure: order:3, mode:0xcc0(GFP_KERNEL)";
    let whole = "Normal free:4000kB min:4000kB low:5000kB high:6000kB present:102400kB managed:100000kB";
    let cut = story(&only(&format!("{head}\nMem-Info:\n{whole}\n")));
    assert!(
        cut.twin.notes.iter().any(|note| note.contains("its free blocks are not in the report")),
        "{:?}",
        cut.twin.notes
    );
    assert!(!cut.played.served);
    let missing = Story::of(&only(&format!("{head}\nMem-Info:\nNormal free:4000kB\n")));
    assert_eq!(missing.err(), Some(NoTwin::Missing { zone: "Normal".to_owned(), what: "min" }));
    assert_eq!(Story::of(&only(head)).err(), Some(NoTwin::NoZones));
    let cgroup = only("x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\noom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)\n");
    assert_eq!(Story::of(&cgroup).err(), Some(NoTwin::OfCgroup));
    // Numbers that no machine has.
    let huge = format!("{head}\nMem-Info:\n{whole}\nNormal: 99999999999*4kB = 0kB\n");
    assert!(matches!(Story::of(&only(&huge)).err(), Some(NoTwin::Cannot(RestoreError::TooLarge { .. }))));
    let nodes = format!("{head}\nMem-Info:\nNode 9 {whole}\nNode 9 Normal: 1000*4kB = 4000kB\n");
    assert!(matches!(Story::of(&only(&nodes)).err(), Some(NoTwin::Cannot(RestoreError::Zone { node: 9, .. }))));
}

#[test]
fn a_machine_of_256_gigabytes_is_played_in_a_moment() {
    // 8 GB are free, in 1.9 million single pages and some blocks of two.
    let report = only(
        "x: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO)\nCPU: 0 PID: 1 Comm: x Not tainted 5.10.0 #1\n\
         Mem-Info:\nNode 0 Normal free:8000000kB min:90000kB low:350000kB high:610000kB present:268435456kB managed:264000000kB\n\
         lowmem_reserve[]: 0 0 0 0 0\nNode 0 Normal: 1900000*4kB (UME) 50000*8kB (UM) 0*16kB 0*32kB 0*64kB = 8000000kB\n",
    );
    let before = Instant::now();
    let found = story(&report);
    assert!(matches!(found.changes.found[0], Change::FreeBlocks { order: 4, blocks: 1, .. }), "{:?}", found.changes);
    // Not optimized and beside other tests it takes longer than the second it takes.
    assert!(before.elapsed().as_secs() < 20, "{:?}", before.elapsed());
}
