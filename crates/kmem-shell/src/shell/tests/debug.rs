//! Debugged caches: what is written outside an object is written, and found.

use super::like;
use crate::{Ending, Shell};
use kmem::boot::BootParams;
use kmem_hosted::Displacement;
use std::sync::{Arc, Mutex};

/// Runs a script on a machine whose command line has `slub_debug`; returns what it printed, the kernel's log, and how it
/// ended. Nothing is broken afterwards.
fn run(machine: &str, cmdline: &str, script: &str) -> (String, Vec<String>, Ending) {
    let profile = kmem::profile::by_name(machine).unwrap();
    let params = BootParams { cpus: 1, cmdline, ..BootParams::new(profile) };
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let kernel = kmem_hosted::boot(profile, &params, Displacement::Any, console).unwrap();
    let mut shell = Shell::new(&kernel);
    let program = shell.parse(script).unwrap_or_else(|error| panic!("{}", error.render("test", script)));
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let ending = shell.run(&program, &mut out, &mut notes).unwrap();
    kernel.verify().unwrap();
    let log = log.lock().unwrap().clone();
    (String::from_utf8(out).unwrap(), log, ending)
}
fn count(lines: &[String], what: &str) -> usize {
    lines.iter().filter(|line| line.contains(what)).count()
}

const OBJECT: &str = "c = kmem_cache_create foo 192 0 SLAB_HWCACHE_ALIGN; o = kmem_cache_alloc c GFP_KERNEL";

#[test]
fn an_overflow_of_one_byte_is_reported_with_both_stacks() {
    for machine in ["i386-pae-6.1", "amd64-6.12", "msm8x25"] {
        let script = format!("{OBJECT}\nwrite o fill:0x11:193\n- kmem_cache_free c o\nkmem_cache_free c o; free_all");
        let (out, log, ending) = run(machine, "slub_debug=FZPU", &script);
        assert_eq!(ending, Ending::Done, "{out}");
        let expected = "c: cache foo objsize=192 *
            o: 0x* size=192 cache=foo
            o: 193 bytes of 0x11 written at 0x*, 1 of them outside the object
            error: EINVAL: kmem_cache_free to foo: bytes around object 0x* were overwritten; it is not freed
            o: freed 0x* to foo
            free_all: 1 object, 0 freed";
        assert!(like(&out, expected), "{out}");
        let log_text = log.join("\n");
        assert_eq!(count(&log, "edzone overwritten"), 1, "{log_text}");
        assert_eq!(count(&log, "First byte 0x11 instead of 0xcc"), 1, "{log_text}");
        assert_eq!(count(&log, "Allocated in shell:1:57 kmem_cache_alloc age="), 1, "{log_text}");
        assert_eq!(count(&log, " shell:3:3 kmem_cache_free"), 1, "who frees it: {log_text}");
    }
}

#[test]
fn every_way_of_looking_finds_it() {
    for (look, said) in [
        ("- kmem_cache_free c o", "error: EINVAL: kmem_cache_free to foo: bytes around object *"),
        ("- validate c", "error: EFAULT: validate: c: 1 object damaged, see the kernel log; put right"),
        ("- validate foo", "error: EFAULT: validate: foo: 1 object damaged, see the kernel log; put right"),
        ("- validate", "error: EFAULT: validate: * caches: 1 object damaged, see the kernel log; put right"),
        ("- free_all", "error: EFAULT: free_all: 2 objects, 192 freed, 1 object of them damaged, see the kernel log"),
    ] {
        let script = format!("{OBJECT}; write o+192 fill:0x12:1; {look}");
        let (out, log, _) = run("i386-pae-6.1", "slub_debug=FZPU", &script);
        assert!(like(out.lines().last().unwrap(), said), "{look}: {out}");
        assert_eq!(count(&log, "BUG foo (Not tainted): Right Redzone overwritten"), 1, "{look}\n{}", log.join("\n"));
    }
    let (out, log, _) = run("i386-pae-6.1", "slub_debug=FZPU", &format!("{OBJECT}; validate; validate c"));
    assert!(like(out.lines().last().unwrap(), "validate: c: nothing is damaged"), "{out}");
    assert_eq!(log.len(), 0, "{log:?}");
}

#[test]
fn without_red_zones_and_beyond_them_it_is_refused() {
    let end = "error: EINVAL: out of bounds: 1 byte past the end of o (192 bytes at 0x*)";
    let help = "with slub_debug=FZPU on the kernel command line it would be written, and found";
    for (cmdline, write, said) in [
        ("", "write o fill:1:193", format!("{end}; {help}")),
        ("slub_debug=FP", "write o fill:1:193", format!("{end}; {help}")),
        (
            "slub_debug=FZPU",
            "write o fill:1:4096",
            "error: EINVAL: out of bounds: 3904 bytes past the end of o (192 bytes at 0x*); what is guarded around it \
             ends at 0x*"
                .to_owned(),
        ),
    ] {
        let (out, log, ending) = run("i386-pae-6.1", cmdline, &format!("{OBJECT}; {write}"));
        assert_eq!(ending, Ending::Failed);
        assert!(like(out.lines().last().unwrap(), &said), "{cmdline}: {out}");
        assert_eq!(log, Vec::<String>::new());
    }
}

#[test]
fn what_is_left_is_named_with_its_owner() {
    let script = format!("{OBJECT}\nfor 2 {{ p = kmem_cache_alloc c GFP_KERNEL }}\n- kmem_cache_destroy c; free_all");
    let (out, log, _) = run("amd64-6.12", "slub_debug=U", &script);
    assert!(out.contains("kmem_cache_destroy of foo: 3 objects still in use"), "{out}");
    assert_eq!(count(&log, "Objects remaining on __kmem_cache_shutdown()"), 1, "{}", log.join("\n"));
    assert_eq!(count(&log, "Allocated in shell:1:57 kmem_cache_alloc"), 1);
    assert_eq!(count(&log, "Allocated in shell:2:13 kmem_cache_alloc"), 2);
    // The loop around it is part of the stack.
    assert_eq!(count(&log, " shell:2:1 for"), 2);
    let by = "kmem_cache_destroy foo: Slab cache still has objects when called from shell:3:3 kmem_cache_destroy";
    assert_eq!(count(&log, by), 1);
}

/// The size that the shell shows is no question of the script's: what kmalloc was not asked for stays guarded.
#[test]
fn what_kmalloc_was_not_asked_for_is_guarded_until_ksize() {
    for (look, count_of) in [("", 1), ("ksize k; ", 0)] {
        for take in ["k = kmalloc 100 GFP_KERNEL", "k = kzalloc 100 GFP_KERNEL", "k = kvmalloc 100 GFP_KERNEL"] {
            let script = format!("{take}; {look}write k fill:0x11:101; - kfree k; free_all");
            let (out, log, _) = run("amd64-6.12", "slub_debug=FZPU", &script);
            assert_eq!(count(&log, "kmalloc Redzone overwritten"), count_of, "{script}: {out}\n{}", log.join("\n"));
        }
    }
}

/// `T` of `slub_debug`: each allocation and free is a line of the log, and a free quotes the object.
#[test]
fn a_traced_cache_says_what_it_does() {
    let script = "c = kmem_cache_create foo 20 0 0; d = kmem_cache_create bar 20 0 0\no = kmem_cache_alloc c GFP_KERNEL
        write o \"hello\"\nkmem_cache_free c o; p = kmem_cache_alloc d GFP_KERNEL; kmem_cache_free d p
        b = kmem_cache_alloc_bulk c GFP_KERNEL 2; kmem_cache_free_bulk c b; - kmem_cache_free c 0x10";
    for machine in ["msm8x25", "i386-pae-6.1", "armhf-6.12"] {
        let (out, log, _) = run(machine, "slub_debug=T,foo", script);
        let lines: Vec<&str> = log.iter().map(String::as_str).collect();
        assert!(super::like(lines[0], "TRACE foo alloc 0x* inuse=1 fp=0x*"), "{out}{log:?}");
        assert_eq!(count(&log, " shell:2:5 kmem_cache_alloc"), 1, "who: {log:?}");
        let freed = log.iter().position(|line| line.starts_with("TRACE foo free 0x")).unwrap();
        assert!(log[freed].contains(" inuse=1 fp=0x"), "{log:?}");
        let object: Vec<&String> = log.iter().filter(|line| line.starts_with("Object ")).collect();
        assert!(object[0].contains(": 68 65 6c 6c 6f 00 00 00 "), "{object:?}");
        assert!(object[1].trim_end().ends_with("...."), "20 bytes are two lines: {object:?}");
        assert_eq!((count(&log, "TRACE foo alloc"), count(&log, "TRACE foo free")), (3, 3), "{log:?}");
        assert_eq!(count(&log, "TRACE bar"), 0);
    }
    let (out, ..) = run("i386-pae-6.1", "slub_debug=T", "cat /sys/kernel/slab/kmalloc-64/trace");
    assert_eq!(out, "1\n");
}

/// `A` of `slub_debug` marks caches; `fail …,cache-filter` fails objects of those.
#[test]
fn marked_caches_fail_where_only_those_are_to() {
    let script = "c = kmem_cache_create foo 64 0 0; d = kmem_cache_create bar 64 0 0; fail nth=2,cache-filter
        for 3 { o = kmem_cache_alloc d GFP_KERNEL; k = kmalloc 8 GFP_KERNEL; - p = kmem_cache_alloc c GFP_KERNEL }
        fail none; free_all";
    let (out, ..) = run("i386-pae-6.1", "slub_debug=A,foo", script);
    let failed: Vec<&str> = out.lines().filter(|line| line.contains("error")).collect();
    assert_eq!(failed, ["error: ENOMEM: an object of foo: failure injected"], "{out}");
    assert!(out.contains("fail: none; it was nth=2,cache-filter, 3 allocations asked for, 1 failed"), "{out}");
}

#[test]
fn a_cache_that_must_be_ends_the_kernel() {
    for (machine, text) in [
        ("linux-2.6-i386", "kmem_cache_create(): failed to create slab `big'"),
        ("msm8x25", "Cannot create slabcache big"),
        ("i386-pae-6.1", "kmem_cache_create_usercopy: Failed to create slab 'big'. Error -22"),
        ("amd64-6.12", "__kmem_cache_create_args: Failed to create slab 'big'. Error -22"),
    ] {
        let kernel = super::machine(machine);
        let mut shell = Shell::new(&kernel);
        let script =
            "- c = kmem_cache_create big 64M 0 0; for 2 { - d = kmem_cache_create big 64M 0 SLAB_PANIC }; live";
        let program = shell.parse(script).unwrap();
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let ending = shell.run(&program, &mut out, &mut notes).unwrap();
        assert_eq!(ending, Ending::Aborted);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 2, "nothing runs any more");
        assert_eq!(String::from_utf8(notes).unwrap(), format!("Kernel panic - not syncing: {text}\n"));
    }
}

/// Thousands of objects that are left fill the kernel's log, but not the terminal.
#[test]
fn of_many_objects_that_are_left_some_are_shown() {
    for machine in ["msm8x25", "i386-pae-6.1", "amd64-6.12"] {
        for (objects, shown) in [(16, 16), (17, 16), (3000, 16)] {
            let profile = kmem::profile::by_name(machine).unwrap();
            let params = BootParams { cpus: 1, cmdline: "slub_nomerge", ..BootParams::new(profile) };
            let log = Arc::new(Mutex::new(Vec::new()));
            let lines = Arc::clone(&log);
            let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
            let kernel = kmem_hosted::boot(profile, &params, Displacement::Any, console).unwrap();
            log.lock().unwrap().clear();
            let whole = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&whole);
            let take = move || {
                let lines = std::mem::take(&mut *log.lock().unwrap());
                *counted.lock().unwrap() += lines.iter().filter(|line| line.contains("Object 0x")).count();
                lines
            };
            let mut shell = Shell::new(&kernel).with_kernel_log(take);
            let script = format!(
                "c = kmem_cache_create foo 64 0 0; for {objects} {{ o = kmem_cache_alloc c GFP_KERNEL }}
                 - kmem_cache_destroy c; free_all"
            );
            let program = shell.parse(&script).unwrap();
            let (mut out, mut notes) = (Vec::new(), Vec::new());
            let ending = shell.run(&program, &mut out, &mut notes).unwrap();
            assert_eq!(ending, Ending::Done, "{}", String::from_utf8_lossy(&out));
            let notes = String::from_utf8(notes).unwrap();
            assert_eq!(*whole.lock().unwrap(), objects, "the log names each");
            assert_eq!(notes.lines().filter(|line| line.contains("Object 0x")).count(), shown, "{notes}");
            let more = format!("... {} more objects in use, and their slabs, in the kernel's log", objects - shown);
            assert_eq!(notes.contains(&more), objects > shown, "{notes}");
            assert!(notes.contains("kmem_cache_destroy foo: Slab cache still has objects"), "{notes}");
            assert!(notes.lines().count() < 60, "{notes}");
        }
    }
}
