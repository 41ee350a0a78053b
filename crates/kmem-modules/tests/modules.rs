//! The example modules, run as a user would, against what a real kernel printed.

use kmem::boot::BootParams;
use kmem::profile::{self, Profile, SlabKind};
use kmem_hosted::{boot, Displacement};
use kmem_modules::checks::{Check, Checks};
use kmem_modules::compile::{read_sources, Sources, Workspace};
use kmem_modules::finding::FindingKind;
use kmem_modules::place;
use kmem_modules::run::{KernelLines, Outcome, Run};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    /// The checks of the runs of this thread's test.
    static CHECKS: Cell<Checks> = const { Cell::new(Checks::ALL) };
}

/// Does something with other checks.
fn with_checks<T>(checks: Checks, work: impl FnOnce() -> T) -> T {
    let before = CHECKS.replace(checks);
    let result = work();
    CHECKS.set(before);
    result
}

fn without_kasan() -> Checks {
    Checks::parse("-kasan").unwrap()
}

/// Runs modules on a machine; returns the log and how it went.
fn run(machine: &str, files: &[&str], params: &[&str], drive: impl FnOnce(&mut Run)) -> (Vec<String>, Outcome) {
    run_with(machine, "", files, params, drive)
}

/// The same with kernel parameters.
fn run_with(
    machine: &str,
    cmdline: &str,
    files: &[&str],
    params: &[&str],
    drive: impl FnOnce(&mut Run),
) -> (Vec<String>, Outcome) {
    run_on(
        profile::by_name(machine).unwrap(),
        profile::by_name(machine).unwrap().default_ram,
        cmdline,
        files,
        params,
        drive,
    )
}

/// The same on any machine.
fn run_on(
    profile: &'static Profile,
    ram_bytes: u64,
    cmdline: &str,
    files: &[&str],
    params: &[&str],
    drive: impl FnOnce(&mut Run),
) -> (Vec<String>, Outcome) {
    // Two machines with the shadows of their memory do not fit below 4 GiB in every process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let kernel_lines = KernelLines::default();
    let lines = Arc::clone(&kernel_lines);
    let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let checks = CHECKS.get();
    let kasan = checks.has(Check::Kasan);
    let params_of_boot = BootParams { cmdline, ram_bytes, kasan, ..BootParams::new(profile) };
    let (profile, displacement) = place::for_modules(profile, &params_of_boot, Displacement::Below4G).unwrap();
    let kernel = boot(profile, &params_of_boot, displacement, console).unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../modules");
    let files: Vec<_> = files.iter().map(|file| root.join(file)).collect();
    let era = read_sources(&files).unwrap();
    let workspace = Workspace::new(false).unwrap();
    let sources = Sources { files, checks, ..Sources::default() };
    let log = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&log);
    let sink = Box::new(move |line: &str| sink.borrow_mut().push(line.to_owned()));
    let mut run =
        Run::new(kernel, kernel_lines, &workspace, &sources, era, sink).unwrap_or_else(|error| panic!("{error}"));
    params.iter().for_each(|param| run.set_param(param).unwrap());
    run.init();
    drive(&mut run);
    let session = run.session();
    let outcome = run.finish();
    session.kernel.verify().unwrap();
    let lines = log.borrow().clone();
    (lines, outcome)
}

/// The lines of a real kernel's output that are the module's own.
fn expected(file: &str, prefix: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../modules/expected").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| line.starts_with(prefix) || line.starts_with("vmap allocation"))
        .map(str::to_owned)
        .collect()
}

/// Runs one module and compares its lines with a real kernel's; returns how it went. Captures of 32-bit kernels have it in
/// their names.
fn like_real(name: &str, params: &[&str], capture: &str) -> Outcome {
    let machine = if capture.ends_with(".i686.txt") { "i386-pae-6.1" } else { "amd64-6.12" };
    let (lines, outcome) = run(machine, &[&format!("{name}.c")], params, |_| {});
    let prefix = format!("{name}:");
    let own: Vec<_> =
        lines.iter().filter(|line| line.starts_with(&prefix) || line.starts_with("vmap allocation")).cloned().collect();
    assert_eq!(own, expected(capture, &prefix), "{name} {params:?}: all lines: {lines:#?}\n{:#?}", outcome.findings);
    outcome
}

fn clean(outcome: &Outcome) {
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert_eq!((outcome.live, &outcome.init_error), (0, &None));
}

#[test]
fn quiet_modules_print_what_a_real_kernel_prints() {
    print_what_a_real_kernel_prints();
    with_checks(Checks::NONE, print_what_a_real_kernel_prints);
}

fn print_what_a_real_kernel_prints() {
    for name in
        ["student", "mempool_demo", "vmalloc_demo", "highmem_kmap", "zones_dma", "cache_ctor", "pages_demo", "edges"]
    {
        clean(&like_real(name, &[], &format!("{name}.i686.txt")));
        clean(&like_real(name, &[], &format!("{name}.txt")));
    }
    clean(&like_real("vmalloc_demo", &["hold=512"], "vmalloc_demo-hold512.i686.txt"));
    clean(&like_real("vmalloc_demo", &["hold=40", "vmalloc_demo.big=64"], "vmalloc_demo-hold40-big64.i686.txt"));
}

#[test]
fn leaks_are_found_at_their_lines() {
    // The object's slab is that of a kernel with KASAN: there is a word more before it and behind.
    leaks_are_found("leak.i686.txt", 96);
    leaks_are_found("leak.txt", 104);
}

fn leaks_are_found(capture: &str, object: u64) {
    let outcome = like_real("leak", &[], capture);
    let mut found: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| {
            let place = finding.at.as_ref().unwrap();
            assert_eq!((finding.kind, place.function.as_str()), (FindingKind::Leak, "leak_init"));
            (place.line, finding.size.unwrap(), finding.given.unwrap())
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [(33, 100, 128), (34, 5000, 8192), (35, 72, object), (36, 16384, 16384), (37, 12283, 12288)]);
    assert_eq!((outcome.allocations, outcome.live), (6, 5));
}

#[test]
fn a_short_free_pages_is_one_finding() {
    for capture in ["pages_demo-wrong1.i686.txt", "pages_demo-wrong1.txt"] {
        let outcome = like_real("pages_demo", &["wrong=1"], capture);
        assert_eq!(outcome.findings.len(), 1, "{:#?}", outcome.findings);
        assert_eq!(outcome.findings[0].kind, FindingKind::Mismatch);
        assert!(outcome.findings[0].title.starts_with("4 pages allocated, 2 given back"));
    }
}

#[test]
fn double_frees_name_the_first_free() {
    for what in 0..4 {
        let (lines, outcome) = run("i386-pae-6.1", &["double_free.c"], &[&format!("what={what}")], |_| {});
        assert!(lines.iter().any(|line| line == "double_free: gone"), "{lines:?}");
        assert_eq!(outcome.findings.len(), 1, "{:#?}", outcome.findings);
        let finding = &outcome.findings[0];
        assert_eq!(finding.kind, FindingKind::DoubleFree);
        let line = |label: &str| finding.also.iter().find(|(_, text)| text.contains(label)).unwrap().0.line;
        assert_eq!(finding.at.as_ref().unwrap().line, line("first") + 1);
        assert!(line("allocated") < line("first"));
    }
}

#[test]
fn wild_accesses_end_the_module_not_the_process() {
    for machine in ["i386-pae-6.1", "linux-2.6-i386", "msm8x25", "amd64-6.12", "arm64-6.1"] {
        for (what, line, words) in [(0, 38, "guard page"), (1, 42, "NULL"), (2, 46, "freed")] {
            let (lines, outcome) = run(machine, &["guard_oops.c"], &[&format!("what={what}")], |_| {});
            assert!(lines.iter().any(|line| line == "guard_oops: last byte holds 7"), "{lines:?}");
            assert!(!lines.iter().any(|line| line.contains("not reached")), "{lines:?}");
            assert_eq!(outcome.findings.len(), 1, "{:#?}", outcome.findings);
            let finding = &outcome.findings[0];
            assert_eq!(finding.kind, FindingKind::Oops);
            assert!(finding.title.contains(words), "{}", finding.title);
            let place = finding.at.as_ref().unwrap();
            assert_eq!((place.line, place.function.as_str()), (line, "guard_oops_init"), "{machine} {what}");
        }
    }
}

#[test]
fn sleeping_in_atomic_context_is_reported_once_each() {
    for capture in ["atomic_sleep.i686.txt", "atomic_sleep.txt"] {
        let outcome = like_real("atomic_sleep", &[], capture);
        assert_eq!(outcome.findings.len(), 5, "{:#?}", outcome.findings);
        assert!(outcome.findings.iter().all(|finding| finding.kind == FindingKind::AtomicSleep));
    }
}

#[test]
fn a_character_device_keeps_what_it_is_given() {
    for (file, machine) in [
        ("scullc.c", "i386-pae-6.1"),
        ("scullc.c", "linux-2.6-i386"),
        ("scullc.c", "uclinux-2.6"),
        ("scullc.c", "msm8x25"),
        ("scullc.c", "amd64-6.12"),
        ("scullc.c", "riscv64"),
    ] {
        let (lines, outcome) = run(machine, &["student.c", file], &[], |run| {
            let handle = run.open("/dev/scullc0", 1).unwrap();
            assert_eq!(run.write(handle, b"hello\n"), Ok(6));
            run.close(handle).unwrap();
            let handle = run.open("/dev/scullc0", 0).unwrap();
            assert_eq!(run.read(handle, 4096).unwrap(), b"hello\n");
            assert_eq!(run.read(handle, 4096).unwrap(), b"");
            run.close(handle).unwrap();
        });
        assert!(lines.iter().any(|line| line == "scullc: gone"), "{lines:?}");
        clean(&outcome);
    }
}

/// With 2 MiB the engine's entries lie in the kernel image's range, beside the runtime.
#[test]
fn modules_run_on_the_smallest_machines() {
    let machines = [
        ("uclinux-2.6-tiny", SlabKind::Slob, 100),
        ("uclinux-2.6-tiny", SlabKind::Slab, 128),
        ("uclinux-2.6", SlabKind::Slab, 128),
        ("uclinux-2.6", SlabKind::Slob, 100),
    ];
    for (name, kind, given) in machines {
        let profile = profile::by_name(name).unwrap().with_slab(kind).unwrap();
        let profile: &'static Profile = Box::leak(Box::new(profile));
        let run = |file: &str| run_on(profile, 2 << 20, "", &[file], &[], |_| {}).1;
        let is_slob = kind == SlabKind::Slob;
        for file in ["cache_ctor.c", "mempool_demo.c"].into_iter().filter(|_| is_slob) {
            clean(&run(file));
        }
        let leaks = run("leak.c");
        let kmalloc = leaks.findings.iter().find(|finding| finding.kind == FindingKind::Leak).unwrap();
        assert_eq!((kmalloc.size, kmalloc.given), (Some(100), Some(given)), "{name} {kind}");
        // SLAB refuses to destroy a cache with an object out, and says so itself; SLOB does not see it.
        let destroyed = leaks.findings.iter().filter(|finding| finding.kind == FindingKind::Misuse).count();
        assert_eq!((destroyed, leaks.live), (usize::from(is_slob), 5), "{name} {kind}");
        let twice = run("double_free.c");
        assert_eq!(twice.findings.len(), 1, "{name} {kind}: {:#?}", twice.findings);
        assert_eq!(twice.findings[0].kind, FindingKind::DoubleFree, "{name} {kind}");
    }
}

#[test]
fn a_module_finds_and_changes_its_own_page_table_entries() {
    for machine in ["i386-pae-6.1", "linux-2.6-i386", "msm8x25", "amd64-6.12"] {
        let (lines, outcome) = run(machine, &["page_tables.c"], &[], |_| {});
        let steps = [
            "page_tables: entry found, pfn agrees",
            "page_tables: the guard page has no entry",
            "page_tables: after the change the first page holds 'b'",
            "page_tables: and the second one 'c'",
            "page_tables: put back, it holds 'a'",
            "page_tables: gone",
        ];
        let own: Vec<_> = lines.iter().filter(|line| line.starts_with("page_tables:")).collect();
        assert_eq!(own, steps, "{machine}");
        clean(&outcome);
    }
}

#[test]
fn a_lock_held_on_return_is_reported_where_it_was_taken() {
    let source = "../crates/kmem-modules/tests/c/held_lock.c";
    let (_, outcome) = run("i386-pae-6.1", &[source], &[], |run| {
        let handle = run.open("/proc/held_lock", 0).unwrap();
        assert_eq!(run.read(handle, 4096).unwrap(), b"shown\n");
        run.close(handle).unwrap();
    });
    assert_eq!(outcome.findings.len(), 1, "{:#?}", outcome.findings);
    let finding = &outcome.findings[0];
    assert!(finding.title.ends_with("with a spin lock held"), "{}", finding.title);
    // Not at the constructor that ran meanwhile.
    assert_eq!(finding.at.as_ref().unwrap().function, "held_lock_init");
}

/// What the kernel says of its slabs, without what depends on the machine: numbers, addresses, bytes, traces.
fn slab_report(lines: impl Iterator<Item = String>, module: &str) -> Vec<String> {
    let mut inside = false;
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        if line.starts_with("CPU: ") || line.starts_with("Modules linked in") {
            inside = true;
        } else if line.starts_with("---[ end trace") {
            inside = false;
        }
        let skipped = ["## ", "stackdepot:", "---[ end trace", "Disabling lock debugging"]
            .iter()
            .any(|start| line.starts_with(start));
        if inside || skipped || line.starts_with(' ') || line.starts_with(&format!("{module}: ")) {
            continue;
        }
        // Taint and numbers go; words stay.
        let line = line.replace("(____ptrval____)", "00000000").replace(&format!(" [{module}]"), "");
        if let Some(warning) = line.strip_prefix("WARNING").and_then(|rest| rest.split_once(" at ")) {
            kept.push(format!("WARNING at {}", warning.1.split(':').next().unwrap_or_default()));
            continue;
        }
        let line = match (line.split_once(" (Tainted"), line.split_once(" (Not tainted)")) {
            (Some((before, after)), _) => format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest)),
            (_, Some((before, after))) => format!("{before}{after}"),
            _ => line,
        };
        let is_dump = ["Redzone ", "Object  ", "Padding "].iter().find(|start| line.starts_with(**start));
        let line = match is_dump {
            Some(start) => start.trim_end().to_owned(),
            None => {
                let word = |word: &str| {
                    let has_digit = word.contains(|c: char| c.is_ascii_digit());
                    // A byte is one: what was found, what should be there.
                    let is_byte = word.trim_end_matches('.').len() <= 4 && word.starts_with("0x");
                    match word.split_once('=') {
                        Some((key, _)) if has_digit && !word.ends_with("=0xcc") && !word.ends_with("=0x6b") => {
                            format!("{key}=")
                        }
                        None if has_digit && !is_byte => "#".to_owned(),
                        _ if word.contains("-0x") => word.rsplit('=').next().unwrap_or_default().to_owned(),
                        _ => word.to_owned(),
                    }
                };
                line.split(' ').map(word).collect::<Vec<_>>().join(" ")
            }
        };
        // How many rows there are depends on the word.
        if is_dump.is_none() || kept.last() != Some(&line) {
            kept.push(line);
        }
    }
    kept
}

#[test]
fn debugged_caches_report_as_a_real_kernel_does() {
    for (name, params, capture, title, at, also) in [
        ("overflow", "what=0", "overflow.txt", "1 byte written, right behind the object", 40, &[37][..]),
        ("overflow", "what=2", "overflow-what2.txt", "1 byte written, 1 byte before the object", 50, &[48]),
        (
            "use_after_free",
            "what=0",
            "use_after_free.txt",
            "1 byte written after it was freed, at offset 20",
            48,
            &[39, 36],
        ),
        ("double_free", "what=0", "double_free-what0.txt", "kmem_cache_free() of 0x", 42, &[41, 40]),
    ] {
        let file = format!("{name}.c");
        // Who looks at every access finds it first, at the access, and says it once.
        let (_, checked) = run("armhf-6.12", &[&file], &[params], |_| {});
        assert_eq!(checked.findings.len(), 1, "{name} {params}: {:#?}", checked.findings);
        let (lines, outcome) = with_checks(without_kasan(), || run("armhf-6.12", &[&file], &[params], |_| {}));
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../modules/expected").join(capture);
        let real = std::fs::read_to_string(path).unwrap();
        let ours = slab_report(lines.iter().cloned(), name);
        let real = slab_report(real.lines().map(str::to_owned), name);
        assert!(real.len() > 10, "{real:?}");
        assert_eq!(ours, real, "{name} {params}:\n{}", lines.join("\n"));
        // The stacks are the module's own functions.
        let function = format!("Allocated in {name}_init+0x");
        assert!(
            lines.iter().any(|line| line.starts_with(&function) && line.contains(&format!("[{name}]"))),
            "{lines:#?}"
        );
        // And our own finding has the lines of C.
        assert_eq!(outcome.findings.len(), 1, "{name} {params}: {:#?}", outcome.findings);
        let finding = &outcome.findings[0];
        assert!(finding.title.starts_with(title), "{}", finding.title);
        assert_eq!(finding.at.as_ref().unwrap().line, at, "{name} {params}");
        let places: Vec<u32> = finding.also.iter().map(|(place, _)| place.line).collect();
        assert_eq!(places, also, "{name} {params}");
    }
}

#[test]
fn kernel_parameters_debug_kmalloc_too() {
    // 6.1 has no red zone inside a size class; 6.12 has.
    for (machine, found) in [("i386-pae-6.1", 0), ("armhf-6.12", 1)] {
        let run = || run_with(machine, "slub_debug=FZPU", &["overflow.c"], &["what=1"], |_| {});
        let (lines, outcome) = with_checks(without_kasan(), run);
        let found_in_log = lines.iter().filter(|line| line.contains("[kmalloc Redzone overwritten]")).count();
        assert_eq!((found_in_log, outcome.findings.len()), (found, found), "{machine} {:#?}", outcome.findings);
        assert!(outcome.findings.iter().all(|finding| finding.kind == FindingKind::Overwrite));
    }
    // And whoever does nothing wrong has nothing reported.
    for name in ["student", "mempool_demo", "cache_ctor"] {
        let (_, outcome) = run_with("i386-pae-6.1", "slub_debug=FZPU", &[&format!("{name}.c")], &[], |_| {});
        clean(&outcome);
    }
}

/// The text of a module is compiled as it stands.
fn run_text(machine: &str, name: &str, text: &str) -> (Vec<String>, Outcome) {
    let path = std::env::temp_dir().join(format!("kmem-{}-{name}.c", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let ran = run(machine, &[path.to_str().unwrap()], &[], |_| {});
    std::fs::remove_file(path).unwrap();
    ran
}

/// What `kvrealloc` moves ends with the old area: behind it lies a guard page.
#[test]
fn kvrealloc_copies_what_was_there() {
    let text = r#"
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
static int __init grow_init(void)
{
	u8 *p = vmalloc(2 * PAGE_SIZE), *q;
	memset(p, 7, 2 * PAGE_SIZE);
	q = kvrealloc(p, 64 * PAGE_SIZE, GFP_KERNEL);
	pr_info("grow: %d %d %d\n", q != p, q[0], q[2 * PAGE_SIZE - 1]);
	p = kvrealloc(q, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	pr_info("grow: %d %d %d\n", p == q, p[PAGE_SIZE - 1], p[PAGE_SIZE]);
	pr_info("grow: %d\n", kvrealloc(p, 0, GFP_KERNEL) == NULL);
	p = kvrealloc(NULL, 100, GFP_KERNEL);
	memset(p, 9, 100);
	p = kvrealloc(p, 16 << 20, GFP_KERNEL);
	pr_info("grow: %d %d %d\n", is_vmalloc_addr(p), p[0], p[99]);
	kvfree(p);
	return 0;
}
module_init(grow_init);
static void __exit grow_exit(void) { }
module_exit(grow_exit);
MODULE_LICENSE("GPL");
"#;
    // It looks at what lies behind the bytes it has asked for.
    let (lines, outcome) = with_checks(without_kasan(), || run_text("armhf-6.12", "grow", text));
    clean(&outcome);
    let own: Vec<_> = lines.iter().filter(|line| line.starts_with("grow:")).collect();
    assert_eq!(own, ["grow: 1 7 7", "grow: 1 7 0", "grow: 1", "grow: 1 9 9"], "{lines:#?}");
}

/// What the kernel allows, and what looks as if it were not one's own, is nobody's fault.
#[test]
fn who_stays_inside_hears_nothing() {
    let text = r#"
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
struct shape { char a; long long b; char c[5]; };
static struct shape shapes[3];
static noinline void fill(struct shape *s, int n)
{
	while (n--)
		s[n] = (struct shape){ .a = n, .b = n * 3LL, .c = "abcd" };
}
static void born(void *object)
{
	memset(object, 1, 24);
}
static int __init inside_init(void)
{
	int n = strlen(current->comm);
	char line[n + 3], *p, *q;
	struct shape local[3];
	struct kmem_cache *cache = kmem_cache_create("inside", 24, 0, 0, born);
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	int i;

	fill(shapes, 3);
	fill(local, 3);
	snprintf(line, sizeof(line), "%s", current->comm);
	pr_info("inside: %s %s %d %s\n", line, local[2].c, shapes[1].a, kmem_cache_name(cache));
	p = kmalloc(21, GFP_KERNEL);
	memset(p, 0, 21);
	kfree_sensitive(p);
	p = kmalloc(40, GFP_KERNEL);
	memset(p, 1, 40);
	p = kvrealloc(p, 3 * PAGE_SIZE, GFP_KERNEL), memset(p, 2, 3 * PAGE_SIZE); /* kvrealloc */
	kvfree(p);
	p = vmalloc(100);
	p = vrealloc(p, 3000, GFP_KERNEL), memset(p, 3, 3000); /* vrealloc(p, 3 */
	p = vrealloc(p, 3 * PAGE_SIZE + 1, GFP_KERNEL);
	memset(p, 3, 3 * PAGE_SIZE + 1);
	vfree(p);
	p = krealloc(NULL, 10, GFP_KERNEL);
	p = krealloc(p, 16, GFP_KERNEL);
	memset(p, 4, 16);
	p = krealloc(p, 500, GFP_KERNEL);
	memset(p, 4, 500);
	kfree(p);
	for (i = 0; i < 2000; i++) {
		p = kmem_cache_alloc(cache, GFP_KERNEL);
		q = kmalloc(i, GFP_KERNEL);
		memset(p, 5, 24);
		memset(q, 5, i);
		kfree(q);
		kmem_cache_free(cache, p);
	}
	p = kmap(page + 1);
	memset(p, 6, PAGE_SIZE);
	kunmap(page + 1);
	memset(page_address(page), 7, 2 * PAGE_SIZE);
	__free_pages(page, 1);
	kmem_cache_destroy(cache);
	return 0;
}
module_init(inside_init);
static void __exit inside_exit(void) { }
module_exit(inside_exit);
MODULE_LICENSE("GPL");
"#;
    for machine in ["armhf-6.12", "i386-pae-6.1", "msm8x25", "uclinux-2.6"] {
        let text = if machine == "armhf-6.12" {
            text.to_owned()
        } else {
            // Their API has other forms of these.
            text.lines()
                .filter(|line| !line.contains("realloc(p, 3") && !line.contains("kvrealloc"))
                .collect::<Vec<_>>()
                .join("\n")
                .replace("vmalloc(100)", "vmalloc(3 * PAGE_SIZE + 1)")
        };
        let (lines, outcome) = run_text(machine, "inside", &text);
        assert!(lines.iter().any(|line| line == "inside: insmod abcd 1 inside"), "{machine}: {lines:#?}");
        clean(&outcome);
    }
}

/// In place, `krealloc` with `__GFP_ZERO` zeroes what is spare from 6.12 on.
#[test]
fn krealloc_zeroes_as_its_kernel_does() {
    let text = r#"
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
static int __init spare_init(void)
{
	u8 *p = kmalloc(64, GFP_KERNEL), *q;
	memset(p, 7, 64);
	q = krealloc(p, 20, GFP_KERNEL | __GFP_ZERO);
	pr_info("spare: %d %d %d %d\n", p == q, q[19], q[20], q[63]);
	kfree(q);
	return 0;
}
module_init(spare_init);
static void __exit spare_exit(void) { }
module_exit(spare_exit);
MODULE_LICENSE("GPL");
"#;
    for (machine, line) in [("i386-pae-6.1", "spare: 1 7 7 7"), ("armhf-6.12", "spare: 1 7 0 0")] {
        let (lines, outcome) = with_checks(without_kasan(), || run_text(machine, "spare", text));
        clean(&outcome);
        assert!(lines.iter().any(|own| own == line), "{machine}: {lines:#?}");
    }
}
