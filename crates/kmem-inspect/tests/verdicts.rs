//! Reports of real kernels, and the verdict on each: which zone refused for want of what, and what holds the memory.

use kmem_inspect::explain::pages::PageRequest;
use kmem_inspect::explain::reports::{explain, flags, verdicts, Refusal};
use kmem_inspect::explain::{explain as explain_all, Answer, Question};
use kmem_inspect::parse::report::{Kind, Report};
use kmem_inspect::Reader;
use std::fs;
use std::path::Path;

fn reports(case: &str) -> Vec<Report> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(case).join("memory_report");
    of_text(&fs::read_to_string(path).expect("a report"))
}

fn of_text(text: &str) -> Vec<Report> {
    let mut reader = Reader::new();
    reader.read_text("report", text);
    reader.finish().reports
}

/// The zones that were asked, and the pages that each was short of; `None` for blocks.
fn short(report: &Report) -> Vec<(String, Option<u64>)> {
    let missing = |refusal| match refusal {
        Refusal::Pages { needed, usable } => Some(Some(needed - usable)),
        Refusal::Blocks => Some(None),
        Refusal::None => None,
    };
    let verdicts = verdicts(report);
    verdicts.iter().filter_map(|verdict| Some((verdict.zone.name.clone(), missing(verdict.refusal)?))).collect()
}

fn said(report: &Report) -> String {
    let mut out = String::new();
    explain(&mut out, report).expect("a string can be written");
    out
}

#[test]
fn processes_that_ran_out_of_memory() {
    let [report] = &reports("oom-armhf-128m")[..] else { panic!("one report") };
    assert_eq!((report.kind, report.comm.as_str(), report.order), (Kind::Oom, "dd", Some(0)));
    // free 5280 kB, min 9508 kB of which fragmentation made 8192.
    assert_eq!(short(report), [("DMA".to_owned(), Some(2377 + 1 - 1320))]);
    assert_eq!(report.killed, Some((139, "dd".to_owned())));
    let text = said(report);
    for part in ["92.11 MB shared memory and tmpfs", "raised the marks by 8 MB", "there is no swap", "Killed: dd"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }

    let [first, second] = &reports("oom-i386-pae-96m")[..] else { panic!("two reports") };
    // Normal: free 900 kB, min 904; DMA: free 504, min 2264, and 62 MB are kept from requests for Normal.
    for (report, order) in [(first, 0), (second, 1)] {
        assert_eq!(report.order, Some(order));
        let zones: Vec<String> = short(report).into_iter().map(|(name, _)| name).collect();
        assert_eq!(zones, ["Normal", "DMA"]);
        assert!(short(report).iter().all(|(_, missing)| missing.is_some()));
    }
    assert_eq!(short(second)[0].1, Some(226 + 2 - 225));
}

#[test]
fn requests_for_addresses_that_failed() {
    let [addresses] = &reports("zfit-armhf-1g")[..] else { panic!("one report") };
    assert_eq!((addresses.kind, addresses.bytes), (Kind::Vmalloc, Some(240 << 20)));
    assert!(said(addresses).contains("look at the addresses"));
    let [pages] = &reports("zfit-amd64-512m-exceeds")[..] else { panic!("one report") };
    let text = said(pages);
    assert!(text.contains("exceeds total pages") && text.contains("the size is wrong"), "{text}");
}

/// A report in the words of a kernel, with one zone.
fn old(head: &str, zone: &str, blocks: &str) -> Report {
    let text = format!(
        "{head}\nMem-Info:\nactive_anon:100 inactive_anon:0\n free:3000 slab_reclaimable:5000 slab_unreclaimable:100\n\
         Normal free:{zone}\nlowmem_reserve[]: 0 0\nNormal: {blocks}\n"
    );
    of_text(&text).remove(0)
}

#[test]
fn free_memory_that_is_in_small_pieces() {
    let zone = "12000kB min:4000kB low:5000kB high:6000kB present:100000kB";
    let blocks = "1000*4kB 500*8kB 250*16kB 0*32kB 0*64kB 0*128kB = 12000kB";
    // 3.x asks order by order, 6.x for one block that is large enough.
    for head in [
        "x: page allocation failure: order:5, mode:0xd0",
        "x: page allocation failure: order:5, mode:0xcc0(GFP_KERNEL)",
    ] {
        let report = old(head, zone, blocks);
        assert_eq!(short(&report), [("Normal".to_owned(), None)], "{head}");
        assert!(said(&report).contains("not in one piece: 0 blocks of order 5"), "{}", said(&report));
    }
    // With a block it would do now.
    let report = old(
        "x: page allocation failure: order:5, mode:0xd0",
        zone,
        "100*4kB 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 45*256kB = 11920kB",
    );
    assert_eq!(short(&report), []);
    assert!(said(&report).contains("by these numbers it would do"));
}

#[test]
fn who_cannot_wait_goes_deeper_and_is_told_so() {
    let blocks = "375*4kB 0*8kB = 1500kB";
    let zone = "1500kB min:4000kB low:5000kB high:6000kB present:100000kB";
    // GFP_ATOMIC of 3.x: half, then a quarter less: 375 of 1000 pages.
    let report = old("swapper: page allocation failure. order:0, mode:0x20", zone, blocks);
    assert_eq!(short(&report), [("Normal".to_owned(), Some(1))]);
    let text = said(&report);
    assert!(text.contains("forbid sleeping") && text.contains("19.53 MB could be reclaimed"), "{text}");
    assert!(text.contains("vm.min_free_kbytes, now about 4000; `--advise` computes how large"), "{text}");
    // One page more, and it would do.
    let report = old(
        "swapper: page allocation failure. order:0, mode:0x20",
        "1504kB min:4000kB low:5000kB high:6000kB",
        "376*4kB = 1504kB",
    );
    assert_eq!(short(&report), []);
}

#[test]
fn masks_are_those_of_the_reports_kernel() {
    use kmem::gfp::Gfp;
    let mode = |head: &str| flags(&of_text(&format!("{head}\n")).remove(0));
    let version = "CPU: 0 PID: 1 Comm: x Not tainted 4.14.107 #0";
    assert_eq!(mode(&format!("x: page allocation failure: order:0, mode:0x14000c0\n{version}")), Some(Gfp::KERNEL));
    assert_eq!(mode("x: page allocation failure: order:0, mode:0x24000c0"), Some(Gfp::KERNEL));
    assert_eq!(
        mode("x: page allocation failure: order:0, mode:0x14000c0(GFP_KERNEL), nodemask=(null)"),
        Some(Gfp::KERNEL)
    );
    assert_eq!(
        mode("x: page allocation failure: order:0, mode:0x6000c0(GFP_KERNEL), nodemask=(null)"),
        Some(Gfp::KERNEL)
    );
    assert_eq!(mode("x: page allocation failure. order:0, mode:0x20"), Some(Gfp::HIGH));
}

/// Asks for pages of what a text says.
fn pages(text: &str, order: u32, gfp: &str) -> (Answer, String) {
    let mut reader = Reader::new();
    reader.read_text("text", text);
    let mut out = String::new();
    let pages = Some(PageRequest { order, gfp: gfp.to_owned() });
    let question = Question { pages, ..Question::default() };
    let answer = explain_all(&mut out, &mut reader.finish(), &question).expect("a string can be written");
    (answer, out)
}

#[test]
fn pages_of_zones_as_they_are() {
    let of = |case: &str, name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(case).join(name);
        fs::read_to_string(path).expect("a recording")
    };
    let arm = of("armhf-1g", "zoneinfo") + &of("armhf-1g", "buddyinfo");
    // 88 blocks of order 11 in DMA, 29 in HighMem, and nothing larger.
    for (order, gfp, expected, zone) in [
        (11, "GFP_KERNEL", Answer::Yes, "from zone DMA: 88 blocks"),
        (11, "GFP_HIGHUSER_MOVABLE", Answer::Yes, "from zone HighMem: 29 blocks"),
        (12, "GFP_KERNEL", Answer::No, "DMA: "),
        (0, "", Answer::Yes, "GFP_KERNEL from zone DMA"),
        (0, "GFP_KERNLE", Answer::Unknown, "is no flag"),
    ] {
        let (answer, text) = pages(&arm, order, gfp);
        assert_eq!(answer, expected, "order {order} {gfp}: {text}");
        assert!(text.contains(zone), "`{zone}` is not in\n{text}");
    }
    // Without blocks nobody knows.
    assert_eq!(pages(&of("armhf-1g", "zoneinfo"), 1, "").0, Answer::Unknown);
    assert_eq!(pages(&of("armhf-1g", "zoneinfo"), 0, "").0, Answer::Yes);
    assert_eq!(pages(&of("armhf-1g", "buddyinfo"), 0, "").0, Answer::Unknown);
}

#[test]
fn pages_by_the_marks() {
    // min 1000 pages; 1001 are needed for one, 376 by a request that may not sleep and is important.
    let zone = |free: u64| {
        format!(
            "Node 0, zone   Normal\n  pages free     {free}\n        min      1000\n        low      1250\n        high     1500\n\
             \x20       spanned  100000\n        present  100000\n        managed  99000\n        protection: (0, 0, 0, 0)\n"
        )
    };
    for (free, gfp, expected) in [
        (1001, "GFP_KERNEL", Answer::Yes),
        (1000, "GFP_KERNEL", Answer::No),
        (376, "GFP_ATOMIC", Answer::Yes),
        (375, "GFP_ATOMIC", Answer::No),
    ] {
        assert_eq!(pages(&zone(free), 0, gfp).0, expected, "{free} {gfp}");
    }
    let (_, text) = pages(&zone(990), 0, "GFP_KERNEL");
    assert!(text.contains("Normal: 11 pages too few"), "{text}");
}

#[test]
fn a_mask_that_is_not_its_words_is_named() {
    let head = |mode: &str| format!("x: page allocation failure: order:0, mode:{mode}(GFP_KERNEL), nodemask=(null)\n");
    let version = "CPU: 0 PID: 1 Comm: x Not tainted 4.14.107 #0\n";
    let doubts = |text: String| {
        let mut reader = Reader::new();
        reader.read_text("text", &text);
        let (mut capture, mut out) = (reader.finish(), String::new());
        explain_all(&mut out, &mut capture, &Question::default()).expect("a string can be written");
        capture.doubts.count()
    };
    assert_eq!(doubts(head("0x14000c0") + version), 0);
    assert_eq!(doubts(head("0x14000c2") + version), 1);
    // Without a version nobody can say.
    assert_eq!(doubts(head("0x14000c2")), 0);
}
