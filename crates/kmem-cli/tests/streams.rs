//! What transcripts cannot show: standard input, readers that go away, which stream has what, no panic on odd input.

mod support;

use std::process::{Command, Stdio};
use support::kmem;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_script_comes_from_standard_input() {
    for args in [&["shell", "--machine", "linux-2.6-i386"][..], &["shell", "--machine", "linux-2.6-i386", "-"]] {
        let done = kmem(args, b"k = kmalloc 100 GFP_KERNEL\nksize k\n");
        assert!(done.status.success());
        assert!(text(&done.stdout).ends_with("\nk: size=128\n"), "{}", text(&done.stdout));
        assert_eq!(text(&done.stderr), "");
    }
    let done = kmem(&["shell", "-"], b"live\nk = \xff\n");
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(text(&done.stderr), "error: standard input:2: not UTF-8 text, byte 0xff\n");
    assert_eq!(text(&done.stdout), "");
}

#[test]
fn the_kernels_log_stands_on_stderr() {
    let done = kmem(&["shell", "--machine", "linux-2.6-i386", "-c", "- v = vmalloc 200M; live"], b"");
    assert!(text(&done.stdout).starts_with("error: ENOMEM: vmalloc of 200M: "), "{}", text(&done.stdout));
    assert!(text(&done.stderr).contains("allocation failed: out of vmalloc space"), "{}", text(&done.stderr));
}

/// A module takes all memory: the kernel says so once, names who asked, from where, and what there is.
#[test]
fn a_failed_allocation_has_one_report() {
    let source = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("greedy.c");
    let body = r#"
        #include <linux/module.h>
        #include <linux/gfp.h>
        static struct page *taken[2000]; static int count;
        static int __init greedy_init(void)
        {
            while (count < 2000 && (taken[count] = alloc_pages(GFP_KERNEL, 6)))
                count++;
            return 0;
        }
        static void __exit greedy_exit(void) { while (count--) __free_pages(taken[count], 6); }
        module_init(greedy_init); module_exit(greedy_exit); MODULE_LICENSE("GPL");
    "#;
    std::fs::write(&source, body).expect("the folder is the test's");
    let done = kmem(&["run", source.to_str().expect("UTF-8"), "--ram", "128M"], b"");
    let said = format!("{}{}", text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{said}");
    let times = |what: &str| said.lines().filter(|line| line.contains(what)).count();
    for what in
        ["insmod: page allocation failure: order:6", " greedy_init+0x", "Mem-Info:", "Normal free:", "pages RAM"]
    {
        assert_eq!(times(what), 1, "{what} in {said}");
    }
    assert_eq!(times("page allocation failure"), 1, "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in [
        &["shell", "-c", "for 20000 { k = kmalloc 100 GFP_KERNEL; kfree k }"][..],
        &["boot", "--show", "all"],
        &["completions", "zsh"],
        &["machines", "--json"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kmem"))
            .env("KMEM_CONFIG_DIR", support::NO_TUNABLES)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kmem runs");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("kmem ends");
        assert!(done.status.success(), "{args:?}: {:?} {}", done.status, text(&done.stderr));
        assert_eq!(text(&done.stderr), "", "{args:?}");
    }
}

#[test]
fn colours_are_for_terminals_and_on_request() {
    let plain = kmem(&["boot", "--ram", "3K"], b"");
    assert!(!plain.stderr.contains(&0x1b));
    let coloured = kmem(&["boot", "--ram", "3K", "--color", "always"], b"");
    assert!(coloured.stderr.contains(&0x1b));
    assert_eq!(coloured.status.code(), Some(2));
}

#[test]
fn every_shell_has_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = kmem(&["completions", shell], b"");
        assert!(done.status.success() && text(&done.stdout).contains("kmem"), "{shell}");
    }
}

#[test]
fn json_has_its_schema() {
    for (args, schema) in [
        (&["machines", "--json"][..], "kmem.machines/1"),
        (&["layout", "--json", "--machine", "msm8x25"], "kmem.layout/1"),
        (&["boot", "--json", "--show", "all"], "kmem.boot/1"),
    ] {
        let done = kmem(args, b"");
        let document: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(document["schema"], schema);
    }
    let done = kmem(&["boot", "--json", "--machine", "msm8x25"], b"");
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let vmalloc = document["layout"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == "vmalloc"));
    assert_eq!(vmalloc.expect("a vmalloc area")["start"], "0xf3000000");
    assert_eq!(document["zones"][0]["name"], "Normal");
}

/// Odd scripts: understood or refused, never a panic.
#[test]
fn odd_input_is_no_panic() {
    let words: [&[u8]; 40] = [
        b"k",
        b"=",
        b"-",
        b"kmalloc",
        b"100",
        b"GFP_KERNEL",
        b";",
        b"{",
        b"}",
        b"for",
        b"3",
        b"random",
        b"\"a",
        b"\"a\"",
        b"kfree",
        b"k+0xffffffffffffffff",
        b"18446744073709551615",
        b"vmalloc",
        b"free_pages",
        b"read",
        b"\n",
        b"|",
        b"#",
        b">",
        b"'",
        b"\\",
        b"0x",
        b"\xc3\xa9",
        b"vtop",
        b"page_of",
        b"cat",
        b"/proc/",
        b"fill",
        b"write",
        b"64M",
        b"ioremap",
        b"live",
        b"krealloc",
        b"0",
        b"phys_to_virt",
    ];
    let mut seed = 0x1234_5678_9abc_def1_u64;
    for _ in 0..60 {
        let mut script = Vec::new();
        for _ in 0..40 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            script.extend_from_slice(words[(seed % 40) as usize]);
            script.push(if seed & 0x100_0000 == 0 { b' ' } else { b'\n' });
        }
        let done = kmem(&["shell", "--machine", "linux-2.6-i386", "-"], &script);
        assert!(matches!(done.status.code(), Some(0..=2)), "{:?}\n{}", done.status, String::from_utf8_lossy(&script));
        assert!(!text(&done.stderr).contains("panicked"), "{}", String::from_utf8_lossy(&script));
    }
}

/// Every command with every odd number, on every machine. `#` is the number.
#[test]
fn odd_numbers_are_no_panic() {
    let numbers = ["0", "1", "4095", "4096", "0xc0000000", "0xffffffff"];
    let large = ["0x100000000", "18446744073709551615", "0x7ffffffffffff000"];
    let small_only = [
        "x = kmem_cache_create c # 0 0",
        "x = kmem_cache_create c 64 # 0",
        "x = mempool_create # pages 0",
        "x = alloc_pages # GFP_KERNEL",
        "free_pages # #",
    ];
    let forms = [
        "x = kmalloc # GFP_KERNEL",
        "x = vmalloc #",
        "x = ioremap # #",
        "x = mempool_create 2 kmalloc #",
        "x = krealloc # # GFP_KERNEL",
        "kfree #",
        "vfree #",
        "vunmap #",
        "iounmap #",
        "free_pages #",
        "ksize #",
        "read # 16",
        "write # \"x\"",
        "fill # 1 16",
        "virt_to_phys #",
        "phys_to_virt #",
        "page_of #",
        "vtop #",
        "x = vmap #",
        "x = kmap #",
        "kunmap #",
        "x = kmap_local #",
        "kunmap_local #",
        "read v+# 1",
        "vfree v+#",
    ];
    let mut script = String::from("v = vmalloc 8K\n");
    for form in forms.iter().chain(&small_only) {
        let large = large.iter().filter(|_| forms.contains(form));
        for number in numbers.iter().chain(large) {
            script.push_str(&format!("- {}\n", form.replace('#', number)));
        }
    }
    script.push_str("free_all\nverify\n");
    for machine in ["linux-2.6-i386", "i386-6.1", "i386-pae-6.1", "msm8x25", "uclinux-2.6"] {
        let done = kmem(&["shell", "--machine", machine, "-"], script.as_bytes());
        let errors = text(&done.stderr);
        assert!(!errors.contains("panicked"), "{machine}: {errors}");
        assert!(done.status.success(), "{machine}: {:?} {errors}\n{}", done.status, text(&done.stdout));
        assert!(text(&done.stdout).ends_with("verify: all invariants hold\n"), "{machine}");
    }
}

#[test]
fn a_driver_script_answers_as_on_a_real_kernel() {
    let modules = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../modules");
    let path = |file: &str| modules.join(file).to_string_lossy().into_owned();
    let script = std::fs::read(path("scullc.drv")).expect("the script");
    let real = std::fs::read_to_string(path("expected/scullc_modern.txt")).expect("the capture");
    let calls =
        |text: &str| text.lines().filter(|line| line.starts_with("drv:")).map(str::to_owned).collect::<Vec<_>>();
    for source in ["scullc_26.c", "scullc_modern.c"] {
        for given in [path("scullc.drv"), "-".into()] {
            let done = kmem(&["run", &path(source), "--", &given], &script);
            assert!(done.status.success(), "{source}: {}", text(&done.stderr));
            assert_eq!(calls(text(&done.stdout)), calls(&real), "{source} {given}");
        }
    }
}

#[test]
fn a_broken_script_is_refused_before_anything_runs() {
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../../modules/student.c");
    for (script, error) in [
        (&b"live\n\xff\n"[..], "error: standard input:2: not UTF-8 text, byte 0xff\n"),
        (b"live\nfrobnicate 3\n", "error: no command `frobnicate`\n --> <stdin>:2:1\n"),
    ] {
        let done = kmem(&["run", module, "--", "-"], script);
        assert_eq!((done.status.code(), text(&done.stdout)), (Some(2), ""));
        assert!(text(&done.stderr).starts_with(error), "{}", text(&done.stderr));
    }
}

#[test]
fn captures_that_do_not_tell_are_said_to() {
    let done = kmem(&["explain", "-"], b"nothing\n\xff\xfe of ours\n");
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).starts_with("error: nothing that is known was found\n"), "{}", text(&done.stderr));
    let done = kmem(&["explain", "-"], b"Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 1\n");
    assert!(text(&done.stdout).contains("zone DMA breaks off before its numbers"), "{}", text(&done.stdout));
}

/// The kernel of a 64-bit machine lies elsewhere when modules run: what is shown of it has the machine's addresses.
#[test]
fn files_of_the_kernel_have_the_machines_addresses() {
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../../modules/scullc.c");
    let done = kmem(&["run", module, "--machine", "amd64-6.12", "--do", "cat /proc/vmallocinfo"], b"");
    let rows: Vec<&str> = text(&done.stdout).lines().filter(|line| line.starts_with("0x")).collect();
    assert!(rows.iter().any(|row| row.starts_with("0xffffc900")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains(" load_module ")), "{rows:?}");
    assert!(rows.iter().all(|row| row.starts_with("0xffff") && row[18..].starts_with("-0xffff")), "{rows:?}");
}
