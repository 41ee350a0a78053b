//! The library's headers and KUnit, by modules of our own: what the log says, and how the run ends.

use kmem::boot::BootParams;
use kmem::profile;
use kmem_hosted::{boot, Displacement};
use kmem_modules::compile::{read_sources, CompileError, Sources, Workspace};
use kmem_modules::forms;
use kmem_modules::headers::{self, MissingHeader};
use kmem_modules::load::LoadError;
use kmem_modules::place;
use kmem_modules::run::{KernelLines, KunitCounts, Outcome, Run, RunError};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// The room below 4 GiB is enough for one of the larger machines.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The lines of a log as they come.
type Lines = Rc<RefCell<Vec<String>>>;

fn new_run(machine: &str, cmdline: &str, file: PathBuf) -> Result<(Run, Lines), RunError> {
    let profile = profile::by_name(machine).unwrap();
    let kernel_lines = KernelLines::default();
    let lines = Arc::clone(&kernel_lines);
    let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let params = BootParams { cmdline, ram_bytes: profile.default_ram, ..BootParams::new(profile) };
    let (profile, displacement) = place::for_modules(profile, &params, Displacement::Below4G).unwrap();
    let kernel = boot(profile, &params, displacement, console).unwrap();
    let files = vec![file];
    let era = read_sources(&files).unwrap();
    let log = Lines::default();
    let sink = Rc::clone(&log);
    let sink = Box::new(move |line: &str| sink.borrow_mut().push(line.to_owned()));
    let workspace = Workspace::new(false).unwrap();
    let sources = Sources { files, ..Sources::default() };
    Ok((Run::new(kernel, kernel_lines, &workspace, &sources, era, sink)?, log))
}

/// Runs a module of `tests/c`; returns the log and how it went.
fn run(machine: &str, cmdline: &str, module: &str) -> (Vec<String>, Outcome) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(module);
    let (mut run, log) = new_run(machine, cmdline, file).unwrap_or_else(|error| panic!("{error}"));
    run.init();
    let outcome = run.finish();
    let log = log.take();
    (log, outcome)
}

/// Tries to load a text.
fn load(text: &str) -> RunError {
    let file = std::env::temp_dir().join(format!("kmem-library-{}-{}.c", std::process::id(), text.len()));
    std::fs::write(&file, text).unwrap();
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let error = new_run("i386-pae-6.1", "", file.clone()).map(|_| ()).expect_err("it cannot load");
    std::fs::remove_file(file).unwrap();
    error
}

#[test]
fn the_library_does_what_it_must_in_the_modern_era() {
    for machine in ["i386-pae-6.1", "armhf-6.12", "amd64-6.12"] {
        let (log, outcome) = run(machine, "", "library_kunit.c");
        assert_eq!(outcome.kunit, KunitCounts { passed: 14, failed: 0, skipped: 0 }, "{machine}: {log:#?}");
        assert!(outcome.findings.is_empty(), "{machine}: {:#?}", outcome.findings);
    }
}

#[test]
fn slabs_that_are_damaged_on_purpose_are_counted() {
    for machine in ["i386-pae-6.1", "armhf-6.12"] {
        let (log, outcome) = run(machine, "", "slab_damage.c");
        assert_eq!(outcome.kunit, KunitCounts { passed: 5, failed: 0, skipped: 0 }, "{machine}: {log:#?}");
        // Where nobody counts it is told, and it alone.
        let told: Vec<_> = log.iter().filter(|line| line.starts_with("BUG ")).collect();
        assert_eq!(told.len(), 1, "{machine}: {log:#?}");
        assert!(told[0].starts_with("BUG damaged_told "), "{machine}: {}", told[0]);
        let titles: Vec<_> = outcome.findings.iter().map(|finding| finding.title.as_str()).collect();
        assert_eq!(titles.len(), 1, "{machine}: {titles:#?}");
        assert!(titles[0].starts_with("1 byte written, 2 bytes behind the object"), "{machine}: {titles:#?}");
    }
}

#[test]
fn the_library_does_what_it_must_in_2_6() {
    let (log, outcome) = run("linux-2.6-i386", "", "library_26.c");
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    let expected =
        ["tree: 50 in order", "tree: empty", "idr: 0 7", "idr: 1", "idr: 1", "radix: -17 1", "crc: cbf43926 bb3d"];
    assert_eq!(log, expected);
}

#[test]
fn a_failed_case_is_told_and_what_it_held_is_given_back() {
    for machine in ["i386-pae-6.1", "amd64-6.12"] {
        failures_are_told(machine);
    }
}

fn failures_are_told(machine: &str) {
    let (log, outcome) = run(machine, "", "kunit_fails.c");
    assert_eq!(outcome.kunit, KunitCounts { passed: 0, failed: 2, skipped: 1 });
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    // 6.12 names the module besides.
    let places: Vec<String> = log
        .iter()
        .filter(|line| !line.contains("# module: "))
        .map(|line| match line.split_once(" FAILED at ") {
            Some((what, place)) => format!("{what} FAILED at :{}", place.rsplit(':').next().unwrap_or("")),
            None => line.clone(),
        })
        .collect();
    let expected = [
        "KTAP version 1",
        "1..1",
        "    KTAP version 1",
        "    # Subtest: fails",
        "    1..3",
        "    # expects: EXPECTATION FAILED at :15",
        "    Expected three == 4, but",
        "        three == 3 (0x3)",
        "round 7",
        "an expectation does not end a case",
        "    not ok 1 expects",
        "    # asserts: ASSERTION FAILED at :24",
    ];
    assert_eq!(places[..expected.len()], expected);
    let rest = &log[log.iter().position(|line| line.contains("ASSERTION FAILED")).unwrap_or(0) + 4..];
    let expected = [
        "last held, first given back",
        "first held, last given back",
        "    not ok 2 asserts",
        "    ok 3 skips # SKIP not on kmem",
        "# fails: pass:0 fail:2 skip:1 total:3",
        "# Totals: pass:0 fail:2 skip:1 total:3",
        "not ok 1 fails",
    ];
    assert_eq!(rest, expected, "{log:#?}");
}

#[test]
fn init_on_alloc_clears_all_but_what_a_constructor_made() {
    let (log, _) = run("i386-pae-6.1", "init_on_alloc=1", "init_on_alloc.c");
    assert_eq!(log, ["kmalloc 1 object 1 vmalloc 1 page 1 built 5a"]);
    let (log, _) = run("i386-pae-6.1", "", "init_on_alloc.c");
    assert_eq!(log, ["kmalloc 0 object 0 vmalloc 0 page 0 built 5a"]);
}

#[test]
fn what_is_missing_or_changed_is_named() {
    let RunError::Compile(CompileError::Refused { output, .. }) = load("#include <linux/slap.h>\n") else {
        panic!("the compiler refuses it")
    };
    let missing = MissingHeader::in_output(&output).expect("the compiler says so");
    assert!(
        missing.text(Path::new("a.c")).starts_with("<linux/slap.h> is not provided (nearest: <linux/slab.h>"),
        "{}",
        missing.text(Path::new("a.c"))
    );

    let RunError::Load(LoadError::Unknown(symbols)) = load(
        "#include <linux/module.h>\nextern void *kmaloc(int); extern void vfre(void *);\n\
         static int __init go(void) { vfre(kmaloc(1)); return 0; }\nmodule_init(go);\n",
    ) else {
        panic!("the loader refuses it")
    };
    let names: Vec<&str> = symbols.iter().map(|unknown| unknown.symbol.as_str()).collect();
    assert_eq!(names, ["kmaloc", "vfre"]);
    assert_eq!(headers::near_names("kmaloc"), ["kmalloc"]);

    let old = "#include <linux/slab.h>\nvoid *f(void) { return kzfree; }\nint g(void) { return SLAB_KERNEL; }\n\
               #define LINUX LINUX_VERSION_CODE\n";
    let RunError::Compile(CompileError::Refused { output, .. }) = load(old) else { panic!("the compiler refuses it") };
    let notes = forms::notes(&output, kmem_modules::compile::Era::Modern);
    assert_eq!(
        notes,
        [
            "SLAB_KERNEL: until 2.6.19; GFP_KERNEL since: compiled with --era modern",
            "kzfree: until 5.9; kfree_sensitive since: compiled with --era modern",
        ]
    );
}
