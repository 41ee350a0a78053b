//! The reports of debugged slab caches, beside those that a real kernel printed for the same mistakes.
//!
//! `modules/expected/` has what 6.12 printed on x86-64 while the modules of the same names ran. Here the engine makes the
//! same calls as the module, as the same functions. What must differ is masked: addresses, offsets in the slab, ages, CPU
//! and process, registers and the path to the place that warns; all else is compared line by line.

mod support;

use kmem::boot::BootParams;
use kmem::gfp::Gfp;
use kmem::profile::by_name;
use kmem::slab::{CacheId, CacheSpec, SlabFlags};
use kmem::{Kernel, Misuse, VirtAddr};
use support::HeapMachine;

/// How the captured module is entered.
const ENTRY: [&str; 7] = [
    "do_one_initcall+0x5b/0x320",
    "do_init_module+0x60/0x270",
    "init_module_from_file+0x89/0xe0",
    "idempotent_init_module+0x11d/0x310",
    "__x64_sys_finit_module+0x5e/0xb0",
    "do_syscall_64+0x87/0x1b0",
    "entry_SYSCALL_64_after_hwframe+0x76/0x7e",
];

fn run_as(function: &'static str) {
    let mut stack = vec![function];
    stack.extend(ENTRY);
    support::run_as(&stack);
}

fn captured(file: &str, module: &str) -> Vec<String> {
    let path = format!("{}/../../modules/expected/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let own = |line: &str| line.starts_with("## ") || line.starts_with(&format!("{module}: "));
    let lines = text.lines().filter(|line| !own(line) && !line.starts_with("stackdepot:"));
    masked(lines.map(str::to_owned))
}

/// Replaces the word behind each `before` that consists of such characters.
fn mask(line: &str, before: &str, is_part: impl Fn(char) -> bool + Copy, with: &str) -> String {
    let mut pieces = line.split(before);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(is_part);
        text.push_str(before);
        text.push_str(if rest.len() < piece.len() { with } else { "" });
        text.push_str(rest);
    }
    text
}

/// Leaves out what a machine of its own prints: registers, modules, the way to the place that warns.
fn masked(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut inside = false;
    let mut kept = Vec::new();
    for line in lines {
        if line.starts_with("Modules linked in") || line.starts_with("CPU: ") {
            inside = true;
        } else if line.starts_with("---[ end trace") {
            inside = false;
        }
        if inside {
            continue;
        }
        let line = line.replace("(____ptrval____)", "0000000000000000");
        let is_hex = |c: char| c.is_ascii_hexdigit();
        let mut line = mask(&line, "@offset=", |c| c.is_ascii_digit(), "N");
        for word in ["age=", "cpu=", "pid=", "CPU: ", "PID: "] {
            line = mask(&line, word, |c| c.is_ascii_digit(), "N");
        }
        for word in ["Slab 0x", "fp=0x", "Object 0x", "Object at 0x", "] 0x", "-0x", "zone 0x", "Poison 0x"] {
            line = mask(&line, word, is_hex, "PTR");
        }
        if let Some(word) = ["Redzone  ", "Object   ", "Padding  "].iter().find(|word| line.starts_with(**word)) {
            line = mask(&line, word, is_hex, "PTR");
        }
        // The module is gone when its cache is, so its function has no name.
        line = line.replace("0xffffffffc046b0f4", "overflow_init+0xe4/0xff0 [overflow]");
        line = line.replace("0xffffffffc046b13f", "overflow_init+0x12f/0xff0 [overflow]");
        if line.starts_with("WARNING") {
            line = line.split('+').next().unwrap().to_owned();
        }
        kept.push(line);
    }
    kept
}

/// A kernel of the captured machine's kind, tainted as that one was, with a debugged cache.
fn machine(cache: &str, size: u32) -> (Kernel<HeapMachine>, CacheId) {
    let profile = by_name("amd64-6.12").unwrap();
    let params = BootParams { ram_bytes: 128 << 20, cpus: 2, ..BootParams::new(profile) };
    let kernel = support::boot_with(profile, &params, None);
    kernel.add_taint(1 << 5 | 1 << 9 | 1 << 12 | 1 << 13);
    let flags = SlabFlags::POISON | SlabFlags::RED_ZONE | SlabFlags::STORE_USER | SlabFlags::CONSISTENCY_CHECKS;
    let spec = CacheSpec { name: cache, size, align: 0, flags, ..CacheSpec::default() };
    let id = kernel.cache_create(&spec).unwrap();
    support::log();
    (kernel, id)
}

fn put(kernel: &Kernel<HeapMachine>, at: VirtAddr, count: u64, byte: u8) {
    assert!(kernel.ram().fill(kernel.virt_to_phys(at).unwrap(), count, byte));
}

fn printed() -> Vec<String> {
    masked(support::log().into_iter())
}

#[track_caller]
fn compare(ours: &[String], real: &[String]) {
    assert!(real.len() > 5, "{real:?}");
    for (at, (ours, real)) in ours.iter().zip(real).enumerate() {
        assert_eq!(ours, real, "line {at}");
    }
    assert_eq!(ours.len(), real.len(), "ours:\n{}\nreal:\n{}", ours.join("\n"), real.join("\n"));
}

#[test]
fn one_byte_past_the_end() {
    let (kernel, cache) = machine("overflow", 64);
    run_as("overflow_init+0xe4/0xff0 [overflow]");
    let p = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    put(&kernel, p, 64, 0x11);
    put(&kernel, p.offset(64), 1, 0x12);
    run_as("overflow_init+0x120/0xff0 [overflow]");
    assert_eq!(kernel.cache_free(p), Err(Misuse::Overwritten(p)));
    run_as("overflow_exit+0x10/0xff0 [overflow]");
    assert_eq!(kernel.cache_destroy(cache), Err(Misuse::LiveObjects { count: 1 }));
    compare(&printed(), &captured("overflow.txt", "overflow"));
    // The bytes were put right, so now it can be freed.
    assert_eq!(kernel.cache_free(p), Ok(()));
    assert_eq!(kernel.cache_destroy(cache), Ok(()));
    assert_eq!(printed(), Vec::<String>::new());
    kernel.verify().unwrap();
}

#[test]
fn one_byte_before_the_start() {
    let (kernel, cache) = machine("overflow", 64);
    run_as("overflow_init+0x12f/0xff0 [overflow]");
    let p = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    put(&kernel, VirtAddr::new(p.raw() - 1), 1, 0x12);
    run_as("overflow_init+0x142/0xff0 [overflow]");
    assert_eq!(kernel.cache_free_checked(cache, p), Err(Misuse::Overwritten(p)));
    run_as("overflow_exit+0x10/0xff0 [overflow]");
    assert_eq!(kernel.cache_destroy(cache), Err(Misuse::LiveObjects { count: 1 }));
    compare(&printed(), &captured("overflow-what2.txt", "overflow"));
}

#[test]
fn a_write_after_free() {
    let (kernel, cache) = machine("use_after_free", 64);
    run_as("use_after_free_init+0x97/0xff0 [use_after_free]");
    let p = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    let mut fresh = [0; 64];
    kernel.ram().read(kernel.virt_to_phys(p).unwrap(), &mut fresh);
    assert_eq!((fresh[10], fresh[63]), (0x6b, 0xa5), "as the module prints");
    run_as("use_after_free_init+0xbd/0xff0 [use_after_free]");
    kernel.cache_free(p).unwrap();
    put(&kernel, p.offset(20), 1, 0x55);
    run_as("use_after_free_init+0xe2/0xff0 [use_after_free]");
    let others: Vec<_> = (0..64).map(|_| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap()).collect();
    assert!(!others.contains(&p), "the slab is out of use");
    others.iter().for_each(|object| kernel.cache_free(*object).unwrap());
    run_as("use_after_free_exit+0x10/0xff0 [use_after_free]");
    assert_eq!(kernel.cache_destroy(cache), Err(Misuse::LiveObjects { count: 25 }));
    compare(&printed(), &captured("use_after_free.txt", "use_after_free"));
    kernel.verify().unwrap();
}

#[test]
fn a_second_free() {
    let (kernel, cache) = machine("double_free", 96);
    run_as("double_free_init+0x159/0xff0 [double_free]");
    let (keep, p) = (kernel.cache_alloc(cache, Gfp::KERNEL).unwrap(), kernel.cache_alloc(cache, Gfp::KERNEL).unwrap());
    run_as("double_free_init+0x16b/0xff0 [double_free]");
    kernel.cache_free(p).unwrap();
    run_as("double_free_init+0x17a/0xff0 [double_free]");
    assert_eq!(kernel.cache_free(p), Err(Misuse::ObjectFree(p)));
    kernel.cache_free(keep).unwrap();
    run_as("double_free_exit+0x10/0xff0 [double_free]");
    kernel.cache_destroy(cache).unwrap();
    compare(&printed(), &captured("double_free-what0.txt", "double_free"));
    kernel.verify().unwrap();
}

/// The lines about a leak, which 6.1 printed.
#[test]
fn what_is_left_when_a_cache_goes() {
    let profile = by_name("i386-pae-6.1").unwrap();
    let params = BootParams { ram_bytes: 128 << 20, cpus: 2, ..BootParams::new(profile) };
    let kernel = support::boot_with(profile, &params, None);
    kernel.add_taint(1 << 9 | 1 << 12 | 1 << 13);
    let spec = CacheSpec {
        name: "leaky",
        size: 72,
        align: 0,
        flags: SlabFlags::POISON | SlabFlags::RED_ZONE,
        ..CacheSpec::default()
    };
    let cache = kernel.cache_create(&spec).unwrap();
    kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    support::run_as(&["leak_exit+0xd/0x1000 [leak]"]);
    support::log();
    assert_eq!(kernel.cache_destroy(cache), Err(Misuse::LiveObjects { count: 1 }));
    let short = |lines: Vec<String>| -> Vec<String> {
        let is_trace = |line: &String| line.starts_with(' ') || line.starts_with("Call Trace");
        lines.into_iter().filter(|line| !is_trace(line)).collect()
    };
    let path = format!("{}/../../modules/expected/leak.i686.txt", env!("CARGO_MANIFEST_DIR"));
    let real = std::fs::read_to_string(path).unwrap();
    // Where the trace of 6.1 ends nothing says so; the lines that are the kernel's own follow.
    let mut kept = Vec::new();
    let mut inside = false;
    for line in real.lines().filter(|line| !line.starts_with("## ") && !line.starts_with("leak: ")) {
        if line.starts_with("CPU: ") || line.starts_with("Modules linked") {
            inside = true;
        }
        if ["Disabling", "---[ end"].iter().any(|start| line.starts_with(start)) {
            inside = false;
        }
        if !inside {
            kept.push(line.replace("(ptrval)", "00000000"));
        }
    }
    let mut ours = support::log();
    ours.retain(|line| !line.starts_with("CPU: "));
    compare(&short(masked(ours.into_iter())), &short(masked(kept.into_iter())));
}
