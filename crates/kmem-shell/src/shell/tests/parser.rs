//! Every way of not being understood: where, what was found, what was expected.

use crate::parse::{parse, Dialect, FileVerbs, Known};
use crate::verb::{Gives, VERBS};

fn error(script: &str, files: FileVerbs) -> String {
    let profile = kmem::profile::by_name("linux-2.6-i386").unwrap_or_else(|| panic!("no profile"));
    match parse(script, Dialect { profile, files }, Known::nothing()) {
        Ok(program) => format!("{program:?}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(script: &str, expected: &str) {
    assert_eq!(error(script, FileVerbs::Absent), expected, "{script}");
}
#[track_caller]
fn check_files(script: &str, expected: &str) {
    assert_eq!(error(script, FileVerbs::Present), expected, "{script}");
}

#[test]
fn commands() {
    check("k = kmaloc 1 GFP_KERNEL", "line 1, column 5: no command `kmaloc`; did you mean `kmalloc`?");
    check("zebra", "line 1, column 1: no command `zebra`; `help` lists the commands");
    check(
        "open h /dev/x r",
        "line 1, column 1: open: there is no module here whose files could be used; `kmem run` loads modules",
    );
    check(
        "echo x > /dev/x",
        "line 1, column 8: there is no file here to write to; `kmem run` loads modules, which have some",
    );
    check("\"live\"", "line 1, column 1: expected a command; `help` lists them");
    check("-", "line 1, column 2: expected a command; `help` lists them");
    check("k =", "line 1, column 4: expected a command; `help` lists them");
    check("0k = live", "line 1, column 1: `0k` cannot be a name; a name is letters, digits and `_`");
    check("x = drain", "line 1, column 1: `drain` gives nothing that a name could hold; usage: drain");
    check("x = reclaim", "line 1, column 1: `reclaim` gives nothing that a name could hold; usage: reclaim");
    check("free_every 0 p", "line 1, column 12: expected 1 or more, found `0`; usage: free_every N NAME");
    check("free_every 2 0x1000", "line 1, column 14: expected a name, found `0x1000`; usage: free_every N NAME");
    check("live now", "line 1, column 6: unexpected `now`; usage: live");
    check("help me", "line 1, column 6: no command `me`; `help` lists them");
}

#[test]
fn arguments() {
    let usage = "usage: NAME = kmalloc SIZE GFP";
    let flags = "allocation flags (GFP_KERNEL, GFP_ATOMIC|__GFP_DMA, …)";
    check("k = kmalloc", &format!("line 1, column 12: expected a size, found the end of the command; {usage}"));
    check("k = kmalloc 100", &format!("line 1, column 16: expected {flags}, found the end of the command; {usage}"));
    check(
        "k = kmalloc 100 GFP_KERNEL|",
        &format!("line 1, column 28: expected {flags}, found the end of the command; {usage}"),
    );
    check(
        "k = kmalloc 1.5M GFP_KERNEL",
        &format!("line 1, column 13: expected a size, found `1.5M`: fractions are not understood; {usage}"),
    );
    check(
        "k = kmalloc \"1\" GFP_KERNEL",
        &format!("line 1, column 13: expected a size, found a text in quotes; {usage}"),
    );
    check(
        "k = kmalloc 1 GFP_KERNAL",
        "line 1, column 15: linux-2.6-i386 has no flag `GFP_KERNAL`; did you mean `GFP_KERNEL`?",
    );
    check(
        "k = kmalloc 1 GFP_ATOMIC | __GFP_COL",
        "line 1, column 28: linux-2.6-i386 has no flag `__GFP_COL`; did you mean `__GFP_COLD`?",
    );
    check("k = kmalloc 1 0x80000000", "line 1, column 15: linux-2.6-i386 has no flag 0x80000000");
    check(
        "c = kmem_cache_create a 1 0 SLAB_POISEN",
        "line 1, column 29: no cache flag `SLAB_POISEN`; did you mean `SLAB_POISON`?",
    );
    check("c = kmem_cache_create a 8G 0 0", "line 1, column 25: a size of 8589934592 is more than 32 bits; usage: NAME = kmem_cache_create CACHE_NAME SIZE ALIGN FLAGS");
    check("kfree q", "line 1, column 7: nothing is named `q`; `q = …` would make it");
    check(
        "count = kmalloc 1 GFP_KERNEL; kfree cuont",
        "line 1, column 37: nothing is named `cuont`; did you mean `count`?",
    );
    check("kfree -1", "line 1, column 7: expected an object, found `-1`; usage: kfree OBJECT");
    check("k = kmalloc 1 0xd0; fill k 256 1", "line 1, column 28: 256 is no byte (0 to 255)");
    check(
        "k = kmalloc 1 0xd0; write k fill:1",
        "line 1, column 29: expected fill:BYTE:COUNT, found `fill:1`; usage: write OBJECT \"text\"|fill:BYTE:COUNT",
    );
    check("k = kmalloc 1 0xd0; read k 2G", "line 1, column 28: 2147483648 bytes at once; 1G is the most");
    check(
        "k = kmalloc 1 0xd0; vtop k+q",
        "line 1, column 26: expected an offset, found `q`: it does not begin with a digit; usage: vtop OBJECT",
    );
}

#[test]
fn arguments_of_processes() {
    check("mmap u 1M", "line 1, column 6: nothing is named `u`; `u = …` would make it");
    check(
        "u = mm_create a b",
        "line 1, column 17: expected a name or oom_score_adj=N, found `b`; usage: NAME = mm_create [COMM] [oom_score_adj=N]",
    );
    check(
        "u = mm_create oom_score_adj=1001",
        "line 1, column 15: expected -1000 to 1000, found `1001`; usage: NAME = mm_create [COMM] [oom_score_adj=N]",
    );
    check(
        "u = mm_create; mmap u 1M rw",
        "line 1, column 26: expected at=ADDR or ro, found `rw`; usage: NAME = mmap MM SIZE [at=ADDR] [ro]",
    );
    check(
        "u = mm_create; brk u +x",
        "line 1, column 22: expected +SIZE, -SIZE or an address, found `+x`; usage: brk MM [+SIZE|-SIZE|ADDR]",
    );
    check(
        "u = mm_create; touch u",
        "line 1, column 23: expected an address, found the end of the command; usage: touch MM ADDR [SIZE]",
    );
}

#[test]
fn blocks() {
    check("for 3 live", "line 1, column 7: unexpected `live`; usage: for COUNT { COMMANDS }");
    check(
        "for { live }",
        "line 1, column 5: expected a count, found the end of the command; usage: for COUNT { COMMANDS }",
    );
    check("for 3 { live", "line 1, column 7: a `{` that is never closed; expected `}`");
    check("for 3\n", "line 2, column 1: expected `{`, found the end of the command; usage: for COUNT { COMMANDS }");
    check("live }", "line 1, column 6: a `}` without its `{`");
    check("random 1 2 { }", "line 1, column 12: no commands to pick from");
    check(&"for 1 { ".repeat(40), "line 1, column 263: `{` nested more than 32 deep");
    check(
        "x = for 1 { live }",
        "line 1, column 1: `for` gives nothing that a name could hold; usage: for COUNT { COMMANDS }",
    );
}

#[test]
fn files() {
    check_files(
        "open h /dev/x q",
        "line 1, column 15: expected r, w, rw, wt or rn, found `q`; usage: open HANDLE NODE r|w|rw|wt|rn",
    );
    check_files(
        "expect nothing",
        "line 1, column 8: expected `ret` or `data`, found `nothing`; usage: expect ret N|-ENAME, or data \"text\"",
    );
    check_files(
        "expect ret -EFOO",
        "line 1, column 12: expected a number or -ENAME, found `-EFOO`; usage: expect ret N|-ENAME, or data \"text\"",
    );
    check_files("dd of=/x", "line 1, column 4: expected if=PATH: there is no other input, found none; usage: dd if=PATH of=PATH [bs=SIZE] [count=N] [skip=N] [seek=N]");
    check_files("dd if=/x bs=0", "line 1, column 10: a block of 0 bytes; 1 to 67108864 is possible");
    check_files(
        "dd if=/x bs=k",
        "line 1, column 10: expected a size behind `bs=`, found `k`: it does not begin with a digit",
    );
    check_files("lseek h x set", "line 1, column 9: expected an offset, found `x`: it does not begin with a digit; usage: lseek HANDLE OFFSET set|cur|end");
}

/// The table of commands and the parser know the same ones: each is understood, or misses its arguments.
#[test]
fn every_command_of_the_table_is_known() {
    for verb in &VERBS {
        let name = if verb.gives == Gives::Object { "x = " } else { "" };
        let found = error(&format!("{name}{}", verb.name), FileVerbs::Present);
        assert!(!found.contains("not in this version"), "{}: {found}", verb.name);
    }
}
