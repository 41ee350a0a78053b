//! Names that are used less often, and what a kernel says and refuses: in its words, so that people find them.

mod runner;

use kmem_modules::run::{Outcome, Run};
use runner::{cat, clean, echo, is_found, marks, Setup};

const MODERN: [&str; 2] = ["i386-pae-6.1", "amd64-6.12"];

fn with(machine: &'static str, define: &str) -> Setup {
    Setup { defines: vec![define.to_owned()], ..Setup::on(machine) }
}

#[test]
fn names_of_the_modern_api_do_what_they_do_in_a_kernel() {
    for machine in MODERN {
        let (lines, outcome) = Setup::on(machine).run("names.c", |_| ());
        assert_eq!(lines, ["done"], "{machine}: {:#?}", outcome.findings);
        clean(&outcome);
    }
}

#[test]
fn what_2_6_has_elsewhere_or_answers_otherwise() {
    let (lines, outcome) = Setup::old().run("names_26.c", |_| ());
    assert_eq!(lines, ["walked 121, verified 1, large 0, slots 43"], "{:#?}", outcome.findings);
    clean(&outcome);
    for (fault, line) in
        [(1, "kmem_cache_create: duplicate cache twice"), (2, "kmem_cache_create: Early error in slab (null)")]
    {
        let setup = Setup { defines: vec![format!("FAULT={fault}")], ..Setup::old() };
        let (lines, outcome) = setup.run("names_26.c", |_| ());
        assert!(lines.iter().any(|said| said == line), "{lines:#?}");
        assert_eq!(outcome.findings[0].kind.name(), "oops", "{:#?}", outcome.findings);
    }
}

#[test]
#[should_panic(expected = "__you_cannot_kmalloc_that_much")]
fn a_constant_size_that_no_cache_of_2_6_has_does_not_link() {
    Setup { defines: vec!["FAULT=3".to_owned()], ..Setup::old() }.run("names_26.c", |_| ());
}

#[test]
fn of_a_slab_object_only_the_window_is_open_to_users() {
    let drive = |run: &mut Run| {
        echo(run, "0123456789", "/dev/window");
        assert_eq!(cat(run, "/dev/window"), "0123456789\0\0\0\0\0\0");
    };
    let read = |run: &mut Run| {
        let handle = run.open("/dev/window", 0).unwrap();
        assert!(run.read(handle, 16).is_err());
    };
    let write = |run: &mut Run| {
        let handle = run.open("/dev/window", 1).unwrap();
        assert!(run.write(handle, b"0123456789").is_err());
    };
    let marks = marks("window.c");
    for machine in MODERN {
        let (_, outcome) = with(machine, "AT=48").run("window.c", drive);
        clean(&outcome);
        let (lines, outcome) = with(machine, "AT=49").run("window.c", read);
        let line = "usercopy: Kernel memory exposure attempt detected from SLUB object 'window' (offset 49, size 16)!";
        assert!(lines.iter().any(|said| said == line), "{lines:#?}");
        is_found(&marks[0], &outcome.findings).unwrap();
        let (lines, outcome) = with(machine, "AT=60").run("window.c", write);
        let line = "usercopy: Kernel memory overwrite attempt detected to SLUB object 'window' (offset 60, size 10)!";
        assert!(lines.iter().any(|said| said == line), "{lines:#?}");
        is_found(&marks[1], &outcome.findings).unwrap();
    }
}

fn says(machine: &'static str, fault: u32) -> (Vec<String>, Outcome) {
    with(machine, &format!("FAULT={fault}")).run("words.c", |_| ())
}

#[test]
fn slips_are_told_in_the_kernels_words() {
    for machine in MODERN {
        let (lines, outcome) = says(machine, 1);
        let told = "BUG: sleeping function called from invalid context at ";
        let places: Vec<_> = lines.iter().filter(|line| line.starts_with(told)).collect();
        assert_eq!(places.len(), 2, "each time: {lines:#?}");
        assert!(places[0].ends_with("words.c:34") && places[1].ends_with("words.c:35"), "{places:#?}");
        let state = "in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 100, name: insmod";
        assert_eq!(lines.iter().filter(|line| *line == state).count(), 2, "{lines:#?}");
        assert_eq!(outcome.findings.len(), 2);

        for (fault, line) in [
            (2, "list_add double add: new="),
            (3, "list_del corruption, "),
            (4, "kmem_cache_create((null)) integrity check failed"),
            (5, "kmem_cache_create(large) integrity check failed"),
            (6, "kmem_cache_create(soft) integrity check failed"),
            (7, "kmem_cache_destroy busy: Slab cache still has objects when called from words_init+0x"),
        ] {
            let (lines, outcome) = says(machine, fault);
            assert!(lines.iter().any(|said| said.starts_with(line)), "{machine}, {fault}: {lines:#?}");
            let findings = u32::from(fault != 5) as usize;
            assert_eq!(outcome.findings.len(), findings, "{machine}, {fault}: {:#?}", outcome.findings);
            assert!(fault != 6 || lines.iter().any(|said| said == "given: 0"), "{lines:#?}");
        }
    }
}

#[test]
fn who_may_sleep_waits_for_an_element_of_a_pool() {
    for machine in MODERN {
        let (lines, outcome) = with(machine, "ALONE=0").run("mempool_waits.c", |_| ());
        assert_eq!(lines, ["given back", "the same"], "{machine}: {:#?}", outcome.findings);
        clean(&outcome);
        let (_, outcome) = with(machine, "ALONE=1").run("mempool_waits.c", |_| ());
        is_found(&marks("mempool_waits.c")[0], &outcome.findings).unwrap();
    }
}

#[test]
fn a_mapping_that_ends_too_early_is_one_finding() {
    for machine in MODERN {
        let (_, outcome) = says(machine, 9);
        assert_eq!(outcome.findings.len(), 1, "{machine}: {:#?}", outcome.findings);
        assert!(outcome.findings[0].title.contains("is not the mapping that was made last"), "{:#?}", outcome.findings);
    }
}

#[test]
fn who_warns_is_named() {
    for machine in MODERN {
        let (lines, outcome) = says(machine, 8);
        let warning = lines.iter().find(|line| line.starts_with("WARNING: ")).unwrap();
        assert!(warning.contains("words.c:68 words_init+0x"), "{lines:#?}");
        clean(&outcome);
    }
}

#[test]
fn who_wants_a_slot_of_kmap_waits_for_one() {
    // 512 slots: a machine with PAE.
    let (lines, outcome) = with("i386-pae-6.1", "ALONE=0").run("kmap_waits.c", |_| ());
    assert_eq!(lines, ["given back", "mapped"], "{:#?}", outcome.findings);
    clean(&outcome);
    let (_, outcome) = with("i386-pae-6.1", "ALONE=1").run("kmap_waits.c", |_| ());
    is_found(&marks("kmap_waits.c")[0], &outcome.findings).unwrap();
}
