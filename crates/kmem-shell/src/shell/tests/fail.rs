//! `fail`: what is to fail fails, what is not does not, and nothing is lost.

use super::{check, like, machine, run_on};
use crate::ast::{Fail, Which};
use crate::parse::fail_of;
use crate::Ending;

#[test]
fn the_nth_fails_once() {
    check(
        "fail; fail nth=3; for 4 { - p = alloc_pages 0 GFP_KERNEL }; fail; fail none; fail; free_all",
        "fail: none
         fail: nth=3
         p: pfn=0x* order=0 zone=Normal
         p: pfn=0x* order=0 zone=Normal
         error: ENOMEM: *failure injected
         p: pfn=0x* order=0 zone=Normal
         fail: nth=3, 4 allocations asked for, 1 failed
         fail: none; it was nth=3, 4 allocations asked for, 1 failed
         fail: none
         free_all: 3 objects, 12K freed",
    );
    // What may not fail does not, and it is not asked about.
    check(
        "fail size>=0; p = alloc_pages 0 GFP_KERNEL|__GFP_NOFAIL; - k = kmalloc 8 GFP_KERNEL; - v = vmalloc 8K; fail",
        "fail: size>=0
         p: pfn=0x* order=0 zone=Normal
         error: ENOMEM: kmalloc of 8: failure injected
         error: ENOMEM: *failure injected
         fail: size>=0, 2 allocations asked for, 2 failed",
    );
}

#[test]
fn large_ones_fail_and_small_ones_do_not() {
    check(
        "w = vmalloc 4K; fail size>=8K; k = kmalloc 100 GFP_KERNEL; - b = kmalloc 8K GFP_KERNEL; p = alloc_pages 0 GFP_KERNEL
         - q = alloc_pages 1 GFP_KERNEL; v = vmalloc 64K; fail none; free_all",
        "w: 0x*-0x* pages=1
         fail: size>=8192
         k: 0x* size=128
         error: ENOMEM: kmalloc of 8K: failure injected
         p: pfn=0x* order=0 zone=Normal
         error: ENOMEM: *failure injected
         v: 0x*-0x* pages=16
         fail: none; it was size>=8192, * allocations asked for, 2 failed
         free_all: 4 objects, 73856 freed",
    );
}

#[test]
fn a_seed_decides_which_fail() {
    let kernel = machine("amd64-6.12");
    let failures = |how: &str| {
        let script = format!("fail {how}; for 200 {{ - k = kmalloc 64 GFP_KERNEL }}; fail none; free_all");
        let (out, ending) = run_on(&kernel, &script);
        assert_eq!(ending, Ending::Done);
        out.lines().map(|line| line.contains("failure injected")).collect::<Vec<_>>()
    };
    let count = |how: &str| failures(how).iter().filter(|failed| **failed).count();
    // A kmalloc now and then asks for a slab too.
    assert!((30..=75).contains(&count("prob=25%,seed=7")), "{}", count("prob=25%,seed=7"));
    assert_eq!(failures("prob=0.25,seed=7"), failures("prob=25%,seed=7"));
    assert_ne!(failures("prob=0.25,seed=8"), failures("prob=25%,seed=7"));
    assert_eq!((count("prob=0"), count("prob=1")), (0, 200));
}

#[test]
fn each_allocation_fails_in_its_round() {
    let kernel = machine("linux-2.6-i386");
    let block = "v = vmalloc 8K; vfree v";
    let (out, ending) = run_on(&kernel, &format!("{block}\nfail each {{ {block} }}; live"));
    assert_eq!(ending, Ending::Done, "{out}");
    let rounds = out.lines().filter(|line| line.contains("error: ENOMEM")).count();
    assert!(rounds >= 3, "two pages, and what describes them: {out}");
    let end = format!("fail each: {rounds} allocations failed, one a round; nothing left behind\nlive: 0 objects, 0");
    assert!(out.trim_end().ends_with(&end), "{out}");
    // The page is not given back where the object fails.
    let block = "p = alloc_pages 0 GFP_KERNEL; k = kmalloc 100 GFP_KERNEL; kfree k";
    let (out, ending) = run_on(&kernel, &format!("- fail each {{ {block} }}\nlive"));
    assert_eq!(ending, Ending::Done);
    assert!(out.contains("fail each: left behind: p (pfn=0x"), "{out}");
    assert!(like(out.lines().last().unwrap(), "live: 0 objects, 0"), "{out}");
    assert!(out.contains("fail each: 2 allocations failed, one a round; something left behind in 2 rounds"), "{out}");
}

#[test]
fn what_is_to_fail_is_read() {
    let these = |which, only_marked| Some(Fail::These { which, only_marked });
    for (word, expected) in [
        ("none", Some(Fail::None)),
        ("nth=1", these(Which::Nth(1), false)),
        ("nth=0x10,cache-filter", these(Which::Nth(16), true)),
        ("size>=4K", these(Which::Size(4096), false)),
        ("prob=0.5", these(Which::Share { per_million: 500_000, seed: 1 }, false)),
        ("seed=9,prob=1%", these(Which::Share { per_million: 10_000, seed: 9 }, false)),
        ("nth=0", None),
        ("nth=", None),
        ("nth=1,nth=2", None),
        ("nth=1,seed=2", None),
        ("seed=2", None),
        ("prob=2", None),
        ("prob=-1", None),
        ("prob=nan", None),
        ("prob=50%,prob=50%", None),
        ("size>4096", None),
        ("each", None),
        ("cache-filter", None),
        ("", None),
        ("nth=1,", None),
    ] {
        assert_eq!(fail_of(word), expected, "{word}");
    }
    let kernel = machine("linux-2.6-i386");
    let shell = crate::Shell::new(&kernel);
    for (script, why) in [
        ("fail maybe", "expected none, nth=N, prob=P[,seed=S] (0 to 1, or 0% to 100%), size>=N, or each { COMMANDS }"),
        ("fail nth=1 nth=2", "unexpected `nth=2`"),
        ("fail each", "expected `{`, found the end"),
        ("f = fail nth=1", "`fail` gives nothing that a name could hold"),
    ] {
        let error = shell.parse(script).unwrap_err().to_string();
        assert!(error.contains(why), "{script}: {error}");
    }
}
