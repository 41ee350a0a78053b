//! `kmem run --fail each`: a driver whose error paths are right is clean with each of its allocations failing, and each of its
//! broken twins is found at its line. The twins are pieces of text of the driver and what stands in their place.

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::kmem;

fn driver() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../modules/scullc.c")
}

/// A driver with a bug in an error path.
struct Twin {
    name: &'static str,
    /// What is replaced by what.
    changes: &'static [(&'static str, &'static str)],
    /// Names of the finding, one of which it has.
    kinds: &'static [&'static str],
    /// A piece of the line at which it is found, which only that line has.
    at: &'static str,
    /// A piece of the line of the allocation that failed.
    failing: &'static str,
}

const SET: &str = "*where = kmalloc(sizeof(struct scullc_set), GFP_KERNEL);";
const DATA: &str = "dptr->data = kmalloc(scullc_qset";
const QUANTUM: &str = "dptr->data[s_pos] = kmem_cache_alloc";
const DEVICES: &str = "scullc_devices = kmalloc(";
const CACHE: &str = "scullc_cache = kmem_cache_create(";

const NO_DATA: &str = "if (!dptr->data)\n\t\t\tgoto nomem;\n\t\tmemset(dptr->data, 0";
const NO_QUANTUM: &str = "if (!dptr->data[s_pos])\n\t\t\tgoto nomem;\n\t\tmemset";
const NO_DEVICES: &str = "if (!scullc_devices) {\n\t\tscullc_cleanup();\n\t\treturn -ENOMEM;";
const NO_CACHE: &str = "if (!scullc_cache) {\n\t\tscullc_cleanup();\n\t\treturn -ENOMEM;";

static TWINS: &[Twin] = &[
    Twin {
        name: "set_unchecked",
        changes: &[("if (!*where)\n\t\t\t\treturn NULL;", "")],
        kinds: &["oops"],
        at: "memset(*where, 0",
        failing: SET,
    },
    Twin {
        name: "data_unchecked",
        changes: &[(NO_DATA, "memset(dptr->data, 0")],
        kinds: &["oops"],
        at: "memset(dptr->data, 0",
        failing: DATA,
    },
    Twin {
        name: "quantum_unchecked",
        changes: &[(NO_QUANTUM, "memset")],
        kinds: &["oops"],
        at: "memset(dptr->data[s_pos], 0",
        failing: QUANTUM,
    },
    Twin {
        name: "devices_unchecked",
        changes: &[("if (!scullc_devices) {", "if (0) {")],
        kinds: &["oops"],
        at: "memset(scullc_devices, 0",
        failing: DEVICES,
    },
    Twin {
        name: "init_says_all_is_well",
        changes: &[(NO_DEVICES, "if (!scullc_devices) {\n\t\treturn 0;")],
        kinds: &["oops"],
        at: "/* of open */",
        failing: DEVICES,
    },
    Twin {
        name: "init_keeps_the_devices",
        changes: &[(NO_CACHE, "if (!scullc_cache) {\n\t\treturn -ENOMEM;")],
        kinds: &["leak"],
        at: DEVICES,
        failing: CACHE,
    },
    Twin {
        name: "init_frees_twice",
        changes: &[(NO_CACHE, "if (!scullc_cache) {\n\t\tkfree(scullc_devices);\n\t\tscullc_cleanup();\n\t\treturn -ENOMEM;")],
        kinds: &["use-after-free"],
        at: "for (dptr = dev->sets; dptr; dptr = next)",
        failing: CACHE,
    },
    Twin {
        name: "a_cache_that_is_not_there_is_destroyed",
        changes: &[("if (scullc_cache && kmem_cache_destroy", "if (kmem_cache_destroy")],
        kinds: &["misuse"],
        at: "if (kmem_cache_destroy(scullc_cache))",
        failing: CACHE,
    },
    Twin {
        name: "wrong_goto",
        changes: &[(NO_QUANTUM, "if (!dptr->data[s_pos])\n\t\t\tgoto out;\n\t\tmemset"), ("\tup(&dev->sem);\n\treturn retval;\n}\n\nstatic struct", "\tup(&dev->sem);\nout:\n\treturn retval;\n}\n\nstatic struct")],
        // Who comes next waits for the semaphore.
        kinds: &["oops", "deadlock"],
        at: "/* of open */",
        failing: QUANTUM,
    },
    Twin {
        name: "missing_kfree",
        changes: &[("\t\tkfree(dptr);\n", "\t\tif (dptr->data)\n\t\t\tkfree(dptr);\n")],
        kinds: &["leak"],
        at: SET,
        failing: DATA,
    },
    Twin {
        name: "freed_and_kept",
        changes: &[(NO_QUANTUM, "if (!dptr->data[s_pos]) {\n\t\t\tkfree(dptr->data);\n\t\t\tgoto nomem;\n\t\t}\n\t\tmemset")],
        kinds: &["use-after-free"],
        at: "if (dptr->data[i])",
        failing: QUANTUM,
    },
    Twin {
        name: "freed_by_another_function",
        changes: &[
            (NO_QUANTUM, "if (!dptr->data[s_pos]) {\n\t\t\tvfree(dptr->data);\n\t\t\tdptr->data = NULL;\n\t\t\tgoto nomem;\n\t\t}\n\t\tmemset"),
            ("#include <linux/fs.h>", "#include <linux/fs.h>\n#include <linux/vmalloc.h>"),
        ],
        kinds: &["mismatch"],
        at: "vfree(dptr->data);",
        failing: QUANTUM,
    },
    Twin {
        name: "an_error_for_a_pointer",
        changes: &[(NO_QUANTUM, "if (!dptr->data[s_pos]) {\n\t\t\tdptr->data[s_pos] = (void *)-ENOMEM;\n\t\t\tgoto nomem;\n\t\t}\n\t\tmemset")],
        kinds: &["mismatch"],
        at: "kmem_cache_free(scullc_cache, dptr->data[i]);",
        failing: QUANTUM,
    },
    Twin {
        name: "waits_for_memory",
        changes: &[(NO_DATA, "while (!dptr->data) /* here */\n\t\t\tbarrier();\n\t\tmemset(dptr->data, 0")],
        kinds: &["hang"],
        at: "while (!dptr->data) /* here */",
        failing: DATA,
    },
];

/// What is done to the driver: every path of it runs, and what a failed command leaves behind is met by the next.
const SCRIPT: [&str; 4] =
    ["echo hello > /dev/scullc0", "echo again > /dev/scullc0", "echo other > /dev/scullc1", "cat /dev/scullc0"];

fn run(source: &Path, options: &[&str]) -> (Value, Option<i32>) {
    let source = source.to_str().expect("UTF-8");
    let mut args = vec!["run", source, "--json", "--fail", "each"];
    args.extend(options);
    let done = kmem(&args, b"");
    let document = serde_json::from_slice(&done.stdout);
    (document.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr))), done.status.code())
}

/// The number of the one line that has a piece of text.
fn line(text: &str, piece: &str) -> u64 {
    let lines: Vec<_> =
        text.lines().enumerate().filter(|(_, line)| line.contains(piece)).map(|(at, _)| at + 1).collect();
    assert_eq!(lines.len(), 1, "{piece}");
    lines[0] as u64
}

fn told(findings: &Value) -> String {
    let one = |it: &Value| format!("\n    {} at {}: {}", it["kind"], it["line"], it["title"]);
    findings.as_array().expect("a list").iter().map(one).collect()
}

#[test]
fn a_driver_with_right_error_paths_is_clean() {
    let began = Instant::now();
    let (document, status) = run(&driver(), &["--do", "dd if=/dev/zero of=/dev/scullc0 bs=4000 count=60"]);
    let took = began.elapsed();
    assert_eq!((&document["findings"], status), (&Value::Array(Vec::new()), Some(0)));
    let each = &document["each"];
    assert_eq!(each["failed"], each["clean"]);
    assert!(each["failed"].as_u64() >= Some(60), "{each}");
    // Each of them did fail, and is told with its line.
    assert!(each["points"].as_array().expect("a list").iter().all(|point| point["line"].as_u64() > Some(0)));
    assert!(took < Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 10 }), "{took:?}");
}

#[test]
fn every_broken_error_path_is_found_at_its_line() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("twins");
    fs::create_dir_all(&folder).expect("the folder is the test's");
    let original = fs::read_to_string(driver()).expect("the driver");
    let original =
        original.replacen("down_interruptible(&dev->sem))", "down_interruptible(&dev->sem)) /* of open */", 1);
    let mut wrong = Vec::new();
    // For work on one of them.
    let only = std::env::var("TWIN").unwrap_or_default();
    for twin in TWINS.iter().filter(|twin| twin.name.contains(&only)) {
        let mut text = original.clone();
        for (from, to) in twin.changes {
            assert_eq!(text.matches(from).count(), 1, "{}: {from}", twin.name);
            text = text.replacen(from, to, 1);
        }
        let source = folder.join(format!("{}.c", twin.name));
        fs::write(&source, &text).expect("the folder is the test's");
        let script = SCRIPT.iter().flat_map(|command| ["--do", *command]);
        let options: Vec<&str> = ["--timeout", "0.5"].into_iter().chain(script).collect();
        let (document, status) = run(&source, &options);
        let (at, failing) = (line(&text, twin.at), line(&text, twin.failing));
        let is_it = |it: &&Value| {
            let has_failed =
                it["failing"].as_array().is_some_and(|all| all.iter().any(|point| point["line"] == failing));
            let kind = it["kind"].as_str().unwrap_or_default();
            it["line"] == at && twin.kinds.contains(&kind) && has_failed
        };
        let findings = document["findings"].as_array().expect("a list");
        let notes = |it: &Value| it["notes"].to_string().contains("with this allocation failing: ");
        if status != Some(1) || !findings.iter().any(|it| is_it(&it)) || !findings.iter().all(notes) {
            let told = told(&document["findings"]);
            wrong.push(format!("{}: want {:?} at {at} with {failing} failing: {told}", twin.name, twin.kinds));
        }
    }
    assert!(wrong.is_empty(), "{} of {} twins:\n{}", wrong.len(), TWINS.len(), wrong.join("\n"));
    assert!(TWINS.len() >= 12);
}

#[test]
fn what_fails_is_chosen() {
    let source = driver();
    let source = source.to_str().expect("UTF-8");
    let failed = |how: &str| {
        let dd = "dd if=/dev/zero of=/dev/scullc0 bs=4000 count=20";
        let args = ["run", source, "--json", "--fail", how, "--do", dd, "--do", dd, "--do", dd];
        let done = kmem(&args, b"");
        let document: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(document["findings"], Value::Array(Vec::new()), "{how}");
        assert_eq!(document["script_ok"], true, "{how}: what is expected does not count");
        let all = document["fail"]["failed"].as_array().expect("a list").clone();
        all.iter().map(|point| (point["number"].as_u64(), point["line"].as_u64())).collect::<Vec<_>>()
    };
    let text = fs::read_to_string(source).expect("the driver");
    let quantum = line(&text, QUANTUM);
    assert_eq!(failed("nth=6"), [(Some(6), Some(quantum))]);
    assert_eq!(failed("nth=100000"), []);
    assert_eq!(failed("size>=4K"), []);
    // The first of each round of writing; the table of pointers has 2000 bytes.
    assert_eq!(failed("size>=2001").first(), Some(&(Some(2), Some(line(&text, CACHE)))));
    let site = failed(&format!("site=scullc.c:{quantum}"));
    assert!(site.len() == 3 && site.iter().all(|(_, at)| *at == Some(quantum)), "{site:?}");
    let share = failed("prob=10%,seed=5");
    assert!(!share.is_empty());
    assert_eq!(failed("prob=10%,seed=5"), share);
    assert_ne!(failed("prob=10%,seed=6"), share);
}
