//! The question that a phone's page asks: 57 MB are left, 64 are wanted. Will they fit, and what would help?
//!
//! The rows are read from the corpus and then changed, so nothing here can be answered from memory.

use kmem_inspect::explain::{explain, Answer, Question};
use kmem_inspect::Reader;

const PAGE: &str = include_str!("corpus/phone-page.txt");

fn ask(page: &str, fit: Option<u64>, advise: bool) -> (Answer, String) {
    let mut reader = Reader::new();
    reader.read_text("page", page);
    let mut out = String::new();
    let answer = explain(&mut out, &mut reader.finish(), &Question { fit, advise, pages: None })
        .expect("a string can be written");
    (answer, out)
}

/// Moves the addresses of the lines for which `wanted` holds.
fn moved(page: &str, by: u64, wanted: impl Fn(&str) -> bool) -> String {
    let word = |word: &str| match word
        .strip_prefix("0x")
        .and_then(|hex| Some((hex, u64::from_str_radix(hex.get(..8)?, 16).ok()?)))
    {
        Some((hex, address)) if address >= 0xbf00_0000 => format!("0x{:08x}{}", address - by, &hex[8..]),
        _ => word.to_owned(),
    };
    let line = |line: &str| {
        if wanted(line) {
            line.split('-')
                .map(|part| part.split(' ').map(word).collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
                .join("-")
        } else {
            line.to_owned()
        }
    };
    page.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn is_row(line: &str) -> bool {
    line.starts_with("0xf")
}

#[track_caller]
fn says(text: &str, wanted: &[&str]) {
    for part in wanted {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn the_largest_hole_decides_and_the_guard_page_counts() {
    for (bytes, expected) in [
        (64 << 20, Answer::No),
        (57 << 20, Answer::Yes),
        (58 << 20, Answer::No),
        (60_665_856, Answer::Yes),
        (60_665_857, Answer::No),
    ] {
        assert_eq!(ask(PAGE, Some(bytes), false).0, expected, "{bytes}");
    }
}

#[test]
fn both_holes_are_named_and_what_is_unknown() {
    let (answer, text) = ask(PAGE, None, false);
    assert_eq!(answer, Answer::NotAsked);
    says(
        &text,
        &[
            "0xf72ff000-0xfa000000     45.0 MB",
            "0xfb600000-0xfefdc000    57.86 MB",
            "Unknown: the text leaves rows out here\n  0xf36ff000-0xf6680000",
            "meminfo has a vmalloc area of 528 MB, vmallocinfo one of 192 MB: they are of different boots",
        ],
    );
}

#[test]
fn the_least_parameter_is_computed() {
    for fit in [Some(64 << 20), None] {
        let (_, text) = ask(PAGE, fit, true);
        says(
            &text,
            &[
                "boot with vmalloc=217M (now 200M): then 64 MB fit",
                "0xf72ff000-0xfa000000 can grow, 45.0 MB now",
                "0xfb600000-0xfefdc000 cannot grow",
                "steps of 8 MB, so 24 MB: 0xf3000000 -> 0xf1800000",
                "vmalloc=216M is too little: VMALLOC_START 0xf2000000, 61.0 MB",
                "low memory 808 -> 791 MB",
            ],
        );
    }
    // 55 MB are missing: seven steps.
    says(&ask(PAGE, Some(100 << 20), true).1, &["missing: 55 MB", "vmalloc=249M", "0xf3000000 -> 0xef800000"]);
}

#[test]
fn a_listing_that_lies_elsewhere_is_answered_anew() {
    let (_, text) = ask(&moved(PAGE, 16 << 20, |_| true), Some(64 << 20), true);
    says(
        &text,
        &["0xf62ff000-0xf9000000     45.0 MB", "vmalloc=217M", "0xf2000000 -> 0xf0800000", "low memory 808 -> 791 MB"],
    );
    // Only the rows: then the log is of another boot, and the area's ends follow from the rows.
    let (answer, text) = ask(&moved(PAGE, 16 << 20, is_row), Some(64 << 20), true);
    assert_eq!(answer, Answer::No);
    says(
        &text,
        &[
            "vmalloc area: 0xf2000000-0xfe000000",
            "lies outside the log's vmalloc area 0xf3000000-0xff000000",
            "boot with vmalloc=217M: then 64 MB fit",
            "0xfa600000-0xfdfdc000    57.86 MB",
        ],
    );
    // The listing alone.
    let rows: String =
        PAGE.lines().filter(|line| is_row(line) || line.starts_with('…')).map(|line| format!("{line}\n")).collect();
    says(&ask(&rows, Some(64 << 20), true).1, &["vmalloc area: 0xf3000000-0xff000000", "vmalloc=217M", "791 MB"]);
}

#[test]
fn rows_in_any_order_are_the_same_area() {
    let mut rows: Vec<&str> = PAGE.lines().filter(|line| is_row(line)).collect();
    rows.reverse();
    rows.swap(3, 11);
    let mut next = rows.into_iter();
    let line = |line: &str| if is_row(line) { next.next().unwrap_or(line).to_owned() } else { line.to_owned() };
    let page = PAGE.lines().map(line).collect::<Vec<_>>().join("\n");
    let (answer, text) = ask(&page, Some(64 << 20), true);
    assert_eq!(answer, Answer::No);
    says(&text, &["0xf72ff000-0xfa000000     45.0 MB", "57.86 MB", "vmalloc=217M", "as its rows are in no order"]);
    assert_eq!(ask(&page, Some(60_665_856), false).0, Answer::Yes);
}

#[test]
fn a_false_size_is_named() {
    for (right, wrong, named) in [
        (
            "0xf66c1000 266240",
            "0xf66c1000 266241",
            "page:15: 0xf6680000-0xf66c1000 is 266240 bytes, but the row says 266241",
        ),
        (
            "0xfb60000013631488",
            "0xfb60000013631489",
            "0xfa900000-0xfb600000 is 13631488 bytes, but the row says 13631489",
        ),
        ("0xff000000 147456", "0xff000000 14745", "0xfefdc000-0xff000000 is 147456 bytes, but the row says 14745"),
    ] {
        let page = PAGE.replacen(right, wrong, 1);
        assert_ne!(page, PAGE);
        let (answer, text) = ask(&page, Some(57 << 20), false);
        assert_eq!(answer, Answer::Yes);
        says(&text, &[named]);
    }
    assert!(!ask(PAGE, None, false).1.contains("but the row says"));
}

#[test]
fn what_was_given_back_is_purged_when_there_is_no_hole() {
    let rows = "0xf0800000-0xf0900000 1048576 kernel_clone+0x0/0x1 pages=255 vmalloc\n\
                0xf0900000-0xf4900000 67108864 unpurged vm_area\n\
                0xf4900000-0xff800000 183500800 pcpu_get_vm_areas+0x0/0x1 vmalloc\n";
    let (answer, text) = ask(rows, Some((64 << 20) - 4096), false);
    assert_eq!(answer, Answer::Yes);
    says(&text, &["once what was given back is purged"]);
    assert_eq!(ask(rows, Some(64 << 20), false).0, Answer::No);
}

#[test]
fn a_full_area_of_modules_is_not_cured_by_vmalloc() {
    let log = "CPU: ARMv7 Processor [414fc0f0] revision 0 (ARMv7), cr=10c5387d\n\
               vmap allocation for size 430080 failed: use vmalloc=<size> to increase size\n";
    let rows = "0xbf000000-0xbfd80000 14155776 load_module+0x0/0x1 pages=3455 vmalloc\n\
                0xf0800000-0xf0900000 1048576 kernel_clone+0x0/0x1 pages=255 vmalloc\n\
                0xff700000-0xff800000 1048576 pcpu_get_vm_areas+0x0/0x1 vmalloc\n";
    let (_, text) = ask(&format!("{log}{rows}"), None, false);
    // 512 KiB are left of 14 MiB; that would do. With 64 KiB it does not.
    says(&text, &["modules area: 0xbf000000-0xbfe00000, 14 MB; 1 areas, the largest hole has 512 kB"]);
    assert!(!text.contains("although the kernel says so"), "{text}");
    let (_, text) = ask(&format!("{log}{}", rows.replace("0xbfd80000 14155776", "0xbfdf0000 14614528")), None, false);
    says(&text, &["the largest hole has 64 kB", "The request for 420 kB failed here", "although the kernel says so"]);
}

#[test]
fn who_got_more_between_two_captures() {
    let row = |start: u64, who: &str| {
        format!("0x{start:08x}-0x{:08x} 1048576 {who}+0x0/0x1 pages=255 vmalloc\n", start + (1 << 20))
    };
    let first = row(0xf880_0000, "a") + &row(0xf890_0000, "b");
    let text = ask(&format!("{first}later\n{first}{}", row(0xf8a0_0000, "b")), None, false).1;
    says(&text, &["Changes, from line 1 to line 4", "+1 MB  vm areas of b: +1 area\n"]);
    assert!(!text.contains("vm areas of a"), "{text}");
    // With dates before the listings it is a rate.
    let dated = format!("2026-01-02 10:00:00\n{first}later\n2026-01-02 10:02:00\n{first}{}", row(0xf8a0_0000, "b"));
    says(&ask(&dated, None, false).1, &["2 minutes apart", "+1 MB  vm areas of b: +1 area (30 MB an hour)"]);
}

#[test]
fn caches_that_grow_are_suspects() {
    let slabinfo = |leaky: u64, busy: u64, slabs: u64| {
        let row = |name: &str, active: u64, slabs: u64| {
            format!("{name} {active} {} 256 16 1 : tunables 0 0 0 : slabdata {slabs} {slabs} 0\n", slabs * 16)
        };
        let head = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n";
        format!("{head}{}{}", row("leaky", leaky, leaky / 16), row("busy", busy, slabs))
    };
    let text = slabinfo(16_000, 900, 1000) + &slabinfo(32_000, 900, 1500) + &slabinfo(48_000, 900, 1200);
    let text = ask(&text, None, false).1;
    // Two hundred slabs more without more objects are no leak; what grew each time comes first.
    let leaky = "+7.81 MB  slab cache leaky: +32000 objects in use, more in each of 3 listings";
    let busy = "+800 kB  slab cache busy: +0 objects in use, so its slabs are only less full";
    says(&text, &[leaky, busy, "Wrong: suspected leak: slab cache leaky has 7.81 MB more than before"]);
    assert!(text.find(leaky) < text.find(busy), "{text}");
    // Plain words, then what changed, then tables, then what was read.
    let order = ["In short", "Changes, from", "Slab caches:", "\nRead\n"].map(|part| text.find(part));
    assert!(order.windows(2).all(|pair| pair[0].is_some() && pair[0] < pair[1]), "{text}");
}
