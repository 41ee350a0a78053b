//! Whatever a module does, its run ends with a report and the command with its exit status: no module takes the command, the
//! terminal or another file with it.

mod support;

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};
use support::kmem;

/// A module that does not behave.
struct Module {
    name: &'static str,
    /// What stands outside its functions.
    around: &'static str,
    init: &'static str,
    exit: &'static str,
    /// Names of the finding, one of which it has; empty where only the end is asked for.
    kinds: &'static [&'static str],
}

const NONE: Module = Module { name: "", around: "", init: "", exit: "", kinds: &[] };

/// The line that is found says so.
const HERE: &str = "/* here */";

static MODULES: &[Module] = &[
    Module { name: "loops_in_init", init: "for (;;)\n\t\tbarrier(); /* here */", kinds: &["hang"], ..NONE },
    Module { name: "loops_in_exit", exit: "for (;;)\n\t\tbarrier(); /* here */", kinds: &["hang"], ..NONE },
    Module {
        name: "loops_with_interrupts_off",
        init: "local_irq_disable();\n\tfor (;;)\n\t\tbarrier(); /* here */",
        kinds: &["hang"],
        ..NONE
    },
    Module {
        name: "loops_in_a_timer",
        around: "static struct timer_list timer;\nstatic void tick(struct timer_list *t)\n{\n\tfor (;;)\n\t\tbarrier(); /* here */\n}",
        init: "timer_setup(&timer, tick, 0);\n\tmod_timer(&timer, jiffies + 1);\n\tmsleep(100);",
        kinds: &["hang"],
        ..NONE
    },
    Module {
        name: "loops_over_allocations",
        init: "for (;;)\n\t\tkfree(kmalloc(10, GFP_KERNEL)); /* here */",
        kinds: &["hang"],
        ..NONE
    },
    Module { name: "loops_in_an_allocator", init: "for (;;)\n\t\tudelay(1); /* here */", kinds: &["hang"], ..NONE },
    Module {
        name: "prints_without_end",
        init: "for (;;)\n\t\tprintk(\"%0100d\\n\", 1); /* here */",
        kinds: &["hang"],
        ..NONE
    },
    Module {
        name: "recurses_without_end",
        around: "static noinline int deeper(volatile int *p)\n{\n\tvolatile int here[16]; /* here */\n\there[0] = *p;\n\treturn deeper(here) + here[0];\n}",
        init: "int n = 1;\n\treturn deeper(&n);",
        kinds: &["oops"],
        ..NONE
    },
    Module { name: "calls_null", init: "void (*volatile f)(void) = NULL;\n\tf(); /* here */", kinds: &["oops"], ..NONE },
    Module {
        name: "calls_a_wild_pointer",
        init: "void (*volatile f)(void) = (void *)0xdeadbeef;\n\tf(); /* here */",
        kinds: &["oops"],
        ..NONE
    },
    Module {
        name: "divides_by_zero",
        init: "volatile int n = 5, zero = 0;\n\tn = n / zero; /* here */",
        kinds: &["oops"],
        ..NONE
    },
    Module {
        name: "executes_garbage",
        init: "static unsigned char code[] = { 0x0f, 0x0b };\n\tvoid (*volatile f)(void) = (void *)code;\n\tf(); /* here */",
        kinds: &["oops"],
        ..NONE
    },
    Module { name: "halts_the_cpu", init: "asm volatile(\"cli; hlt\"); /* here */", kinds: &["oops"], ..NONE },
    Module {
        name: "calls_the_host",
        // exit(7) of Linux's 32-bit programs.
        init: "asm volatile(\"int $0x80\" : : \"a\" (1), \"b\" (7)); /* here */",
        kinds: &["oops"],
        ..NONE
    },
    Module {
        name: "writes_over_its_stack",
        init: "memset(__builtin_frame_address(0) - 64, 0x41, 4096);",
        kinds: &["oops", "stack-out-of-bounds", "wild-memory-access", "vmalloc-out-of-bounds"],
        ..NONE
    },
    Module {
        name: "writes_over_the_runtime",
        init: "memset((void *)((unsigned long)printk & ~4095UL), 0xff, 8192);\n\tprintk(\"still here\\n\");",
        kinds: &["oops", "wild-memory-access", "misuse"],
        ..NONE
    },
    Module {
        name: "writes_over_the_runtimes_data",
        init: "memset((void *)((unsigned long)&kmem_preempt_count & ~4095UL), 0xff, 4096);\n\tprintk(\"still here\\n\");\n\tmsleep(1);",
        kinds: &["oops", "hang", "wild-memory-access"],
        ..NONE
    },
    Module {
        name: "writes_over_the_memory_map",
        // What C sees of it is C's own.
        init: "memset(mem_map, 0xff, 1 << 20);\n\tkfree(kmalloc(100, GFP_KERNEL));",
        ..NONE
    },
    Module {
        name: "writes_everywhere",
        init: "unsigned long at;\n\tfor (at = PAGE_OFFSET; at < PAGE_OFFSET + (64 << 20); at += 61)\n\t\t*(volatile char *)at ^= 0x5a;\n\tkfree(kmalloc(100, GFP_KERNEL));\n\tvfree(vmalloc(10000));",
        kinds: &["oops", "wild-memory-access"],
        ..NONE
    },
    Module {
        name: "takes_all_memory",
        around: "static LIST_HEAD(all);",
        init: "struct list_head *one;\n\twhile ((one = kmalloc(1 << 16, GFP_KERNEL | __GFP_NOWARN)) != NULL) /* here */\n\t\tlist_add(one, &all);\n\treturn -ENOMEM;",
        kinds: &["leak"],
        ..NONE
    },
];

impl Module {
    fn text(&self) -> String {
        let Self { around, init, exit, .. } = self;
        let includes = ["module", "slab", "mm", "vmalloc", "delay", "timer", "interrupt", "irqflags", "list"];
        let includes: String = includes.iter().map(|name| format!("#include <linux/{name}.h>\n")).collect();
        format!(
            "{includes}{around}\nstatic int __init m_init(void)\n{{\n\t{init}\n\treturn 0;\n}}\n\
             static void __exit m_exit(void)\n{{\n\t{exit}\n}}\n\
             module_init(m_init);\nmodule_exit(m_exit);\nMODULE_LICENSE(\"GPL\");\n"
        )
    }
    fn run(&self, options: &[&str]) -> (String, Output) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("isolation");
        fs::create_dir_all(&folder).expect("the folder is the test's");
        let (source, text) = (folder.join(format!("{}.c", self.name)), self.text());
        fs::write(&source, &text).expect("the folder is the test's");
        // What ends by itself has time for it, on a slow machine too.
        let timeout = if self.kinds.contains(&"hang") { "0.3" } else { "5" };
        let mut args = vec!["run", source.to_str().expect("UTF-8"), "--ram", "256M", "--timeout", timeout];
        args.extend(options);
        (text, kmem(&args, b""))
    }
    /// What is wrong with how its run ends.
    fn fault(&self, options: &[&str]) -> Option<String> {
        let began = Instant::now();
        let (text, done) = self.run(options);
        let said = String::from_utf8_lossy(&done.stderr);
        let Ok(document) = serde_json::from_slice::<Value>(&done.stdout) else {
            return Some(format!("no document, {}: {said}", done.status));
        };
        let findings = document["findings"].as_array().expect("a list");
        let line = text.lines().position(|line| line.contains(HERE)).map(|at| at as u64 + 1);
        let is_it = |it: &Value| {
            let is_kind = self.kinds.contains(&it["kind"].as_str().unwrap_or_default());
            is_kind && line.is_none_or(|line| it["line"].as_u64().is_some_and(|at| at.abs_diff(line) <= 1))
        };
        if done.status.code() == Some(1) && findings.iter().any(is_it) && began.elapsed() < Duration::from_secs(60) {
            return None;
        }
        let told: String = findings
            .iter()
            .take(3)
            .map(|it| format!("\n    {} at {}: {}", it["kind"], it["line"], it["title"]))
            .collect();
        Some(format!("{}, want {:?} at {line:?}:{told}\n{said}", done.status, self.kinds))
    }
}

#[test]
fn every_run_ends_with_a_report() {
    // For work on one of them.
    let only = std::env::var("MODULE").unwrap_or_default();
    let mut wrong = Vec::new();
    for module in MODULES.iter().filter(|module| module.name.contains(&only)) {
        for (machine, check) in [("i386-pae-6.1", "all"), ("i386-pae-6.1", "none"), ("amd64-6.12", "all")] {
            let options = ["--json", "--machine", machine, "--check", check];
            // Without checks nobody looks where a write goes: only that the run ends is asked then.
            let needs_checks = |kind: &&str| ["wild-memory-access", "leak"].contains(kind);
            let is_silent = module.kinds.is_empty() || check == "none" && module.kinds.iter().any(needs_checks);
            let fault = if is_silent {
                let (_, done) = module.run(&options);
                done.status
                    .code()
                    .filter(|code| [0, 1, 3].contains(code))
                    .is_none()
                    .then(|| format!("{}: {}", done.status, String::from_utf8_lossy(&done.stderr)))
            } else {
                module.fault(&options)
            };
            wrong.extend(fault.map(|fault| format!("{} ({machine}, --check {check}): {fault}", module.name)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MODULES.len(), wrong.join("\n"));
}

#[test]
fn without_a_limit_a_slow_module_comes_to_its_end() {
    let init =
        "u64 end = ktime_get_ns() + 1;\n\tvolatile unsigned n;\n\t(void)end;\n\tfor (n = 0; n < 400000000; n++)\n\t\t;";
    let slow = Module { name: "slow", init, ..NONE };
    let (_, done) = slow.run(&["--timeout", "0"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let (_, done) = slow.run(&["--timeout", "0.05"]);
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.starts_with("error[hang]: hang: no end after 0.05 s of CPU time\n"), "{said}");
    for bad in ["-1", "x", "nan", "1e30"] {
        let (_, done) = slow.run(&[&format!("--timeout={bad}")]);
        assert_eq!(done.status.code(), Some(2), "{bad}");
    }
}
