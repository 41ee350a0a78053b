//! What `kmem run` writes for other programs: tracefiles of lcov, JUnit XML.

mod support;

use std::fs;
use std::path::PathBuf;
use support::kmem;

const MODULE: &str = "\
#include <linux/module.h>
#include <linux/slab.h>
static void *a, *b;
static int __init two_init(void)
{
	a = kmalloc(10, GFP_KERNEL);
	if (!a)
		goto no_a;
	b = kmalloc(20, GFP_KERNEL);
	if (!b)
		goto no_b;
	return 0;
no_b:
	kfree(a);
no_a:
	printk(\"two: no memory\\n\");
	return -ENOMEM;
}
static void never(void)
{
	printk(\"two: never\\n\");
}
static void __exit two_exit(void)
{
	kfree(b);
	kfree(a);
	if (!a)
		never();
}
module_init(two_init);
module_exit(two_exit);
MODULE_LICENSE(\"GPL\");
";

/// Runs the module; returns what stands on stdout and what was written.
fn run(name: &str, text: &str, option: &str, more: &[&str]) -> (String, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reports");
    fs::create_dir_all(&folder).expect("the folder is the test's");
    let (source, written) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.out")));
    fs::write(&source, text).expect("the folder is the test's");
    let mut args = vec!["run", source.to_str().expect("UTF-8"), option, written.to_str().expect("UTF-8")];
    args.extend(more);
    let done = kmem(&args, b"");
    let said = String::from_utf8_lossy(&done.stderr);
    let written = fs::read_to_string(&written).unwrap_or_else(|_| panic!("{said}"));
    (String::from_utf8_lossy(&done.stdout).into_owned(), written)
}

/// The line that has a piece of text, from 1.
fn line(piece: &str) -> usize {
    MODULE.lines().position(|line| line.contains(piece)).expect("the module has it") + 1
}

/// In how many runs a line ran, by a tracefile.
fn ran(tracefile: &str, piece: &str) -> Option<u64> {
    let key = format!("DA:{},", line(piece));
    tracefile.lines().find_map(|line| line.strip_prefix(&key)?.parse().ok())
}

#[test]
fn lines_that_no_run_reached_are_named() {
    let (said, tracefile) = run("once", MODULE, "--coverage", &[]);
    assert_eq!((ran(&tracefile, "kfree(b)"), ran(&tracefile, "no memory")), (Some(1), Some(0)), "{tracefile}");
    assert_eq!(ran(&tracefile, "static void *a"), None);
    assert!(tracefile.contains("FNDA:1,two_init") && tracefile.contains("FNDA:1,two_exit"), "{tracefile}");
    // The first of them, by the label.
    let unreached = said.lines().find(|line| line.starts_with("kmem: never reached: ") && line.ends_with("(no_b:)"));
    assert!(unreached.is_some_and(|at| at.contains(&format!("once.c:{}", line("kfree(a);")))), "{said}");
}

#[test]
fn with_each_allocation_failing_all_runs_count() {
    let (said, tracefile) = run("each", MODULE, "--coverage", &["--fail", "each"]);
    assert!(said.contains("kmem: 2 allocations failed once each: 2 clean\n"), "{said}");
    let counts =
        ["a = kmalloc(10", "b = kmalloc(20", "no memory", "kfree(b)", "two: never"].map(|at| ran(&tracefile, at));
    assert_eq!(counts, [Some(3), Some(2), Some(2), Some(1), Some(0)], "{tracefile}");
    assert!(!said.contains("no_b"), "{said}");
}

#[test]
fn junit_has_a_case_for_each_failed_allocation() {
    let broken = MODULE.replace("no_b:\n\tkfree(a);", "no_b:");
    let (said, xml) = run("broken", &broken, "--junit", &["--fail", "each"]);
    assert!(said.contains("kmem: 2 allocations failed once each: 1 clean, 1 not (1 finding)\n"), "{said}");
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    let at = line("a = kmalloc(10");
    let case = format!("broken.c:{}, kmalloc(), number 2\" file=\"", line("b = kmalloc(20"));
    assert!(xml.contains(&case) && xml.contains(&format!("broken.c\" line=\"{at}\">")), "{xml}");
    assert!(xml.contains("<failure type=\"leak\" message=\"10 bytes from kmalloc() were never freed\">"), "{xml}");
    let opened = |tag: &str| xml.matches(&format!("<{tag}")).count();
    assert_eq!(opened("failure "), xml.matches("</failure>").count());
    assert_eq!((opened("testcase "), xml.matches("/>").count()), (3, 2));
}
