//! Tasks of modules: threads, work, timers, what waits and what is forgotten.

mod runner;

use kmem_modules::run::Failed;
use runner::{all_found, cat, clean, Setup};

#[test]
fn every_fault_of_tasks_is_found_at_its_line_and_no_other() {
    all_found(&Setup::on("i386-pae-6.1"), "task_bugs.c", |_| {});
    all_found(&Setup::on("amd64-6.12"), "task_bugs.c", |_| {});
}

#[test]
fn time_passes_as_long_as_it_was_asked_to() {
    for setup in [Setup::on("i386-pae-6.1"), Setup::on("armhf-6.12"), Setup::on("amd64-6.12"), Setup::old()] {
        let started = std::time::Instant::now();
        let (_, outcome) = setup.run("ldd/jit.c", |run| {
            for (file, way) in [
                ("jitbusy", "busy"),
                ("jitsched", "sched"),
                ("jitqueue", "queue"),
                ("jitschedto", "schedto"),
                ("jitmsleep", "msleep"),
            ] {
                let text = cat(run, &format!("/proc/{file}"));
                assert!(text.starts_with(way) && text.contains(": yes, by insmod"), "{file}: {text}");
            }
            // A timer of three ticks, five times, in an interrupt; the first line is the process's.
            let text = cat(run, "/proc/jitimer");
            let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
            assert_eq!(lines.len(), 6, "{text}");
            assert_eq!(lines[0][2..], ["0", "insmod"], "{text}");
            assert!(lines[1..].iter().all(|line| line[1..] == ["3", "1", "later"]), "{text}");
            let text = cat(run, "/proc/jitasklet");
            assert_eq!(text.lines().filter(|line| line.ends_with(" 1 later")).count(), 5, "{text}");
        });
        clean(&outcome);
        assert!(started.elapsed().as_secs() < 60, "sleeping costs no time");
    }
}

#[test]
fn work_is_done_by_whoever_was_asked() {
    for setup in [Setup::on("i386-pae-6.1"), Setup::on("armhf-6.12"), Setup::on("amd64-6.12"), Setup::old()] {
        let (lines, outcome) = setup.run("ldd/jiq.c", |_| {});
        clean(&outcome);
        let own: Vec<_> = lines.iter().filter(|line| line.starts_with("jiq:")).map(String::as_str).collect();
        for line in [
            "jiq: shared, atomic 0, worker 1",
            "jiq: delayed, atomic 0, worker 1",
            "jiq: thread, atomic 0, worker 1",
            "jiq: in order 3",
            "jiq: taken back 1",
            "jiq: thread ended with 0",
        ] {
            assert!(own.contains(&line), "{}: {line}: {own:#?}", setup.machine);
        }
        assert_eq!(own.len(), 6, "{own:#?}");
    }
}

#[test]
fn memory_behind_a_device_waits_for_its_readers() {
    for file in ["ldd/scullp.c", "ldd/scullv.c"] {
        for setup in [Setup::on("armhf-6.12"), Setup::old()] {
            let name = if file.ends_with("p.c") { "/dev/scullp" } else { "/dev/scullv" };
            let (_, outcome) = setup.run(file, |run| {
                const NONBLOCK: u32 = 0o4000;
                let empty = run.open(name, NONBLOCK).unwrap();
                assert_eq!(run.read(empty, 10), Err(Failed::Errno(11)));
                run.close(empty).unwrap();
                let handle = run.open(name, 1).unwrap();
                let bytes: Vec<u8> = (0..30_000u32).map(|n| n as u8).collect();
                let mut done = 0;
                while done < bytes.len() {
                    done += run.write(handle, &bytes[done..]).unwrap() as usize;
                }
                run.close(handle).unwrap();
                let handle = run.open(name, 0).unwrap();
                assert_eq!(run.lseek(handle, 20_000, 0), Ok(20_000));
                assert_eq!(run.read(handle, 100).unwrap(), bytes[20_000..20_100]);
                run.close(handle).unwrap();
            });
            clean(&outcome);
        }
    }
}

/// A read that nothing will ever answer hangs on a real machine.
#[test]
fn a_read_that_nobody_answers_is_a_deadlock() {
    let (_, outcome) = Setup::on("i386-pae-6.1").run("ldd/scullp.c", |run| {
        let handle = run.open("/dev/scullp", 0).unwrap();
        assert_eq!(run.read(handle, 10), Err(Failed::Died));
    });
    assert_eq!(outcome.findings.len(), 1, "{:#?}", outcome.findings);
    let finding = &outcome.findings[0];
    assert_eq!(finding.kind.name(), "deadlock");
    assert!(finding.title.contains("wait_event_interruptible(s->readers, s->size)"), "{}", finding.title);
    assert_eq!(finding.at.as_ref().unwrap().function, "store_read");
}

/// An area that is freed with a live timer inside is named before the kernel falls over it.
#[test]
fn an_area_is_freed_with_a_timer_inside() {
    let setup = Setup { defines: vec!["FAULT=27".into()], ..Setup::on("i386-pae-6.1") };
    let (_, outcome) = setup.run("task_bugs.c", |_| {});
    let finding = &outcome.findings[0];
    assert_eq!(finding.title, "memory freed with a timer on_timer inside that is still armed");
    assert_eq!(finding.at.as_ref().unwrap().function, "task_init");
}

/// The order of who runs is the seed's, and nothing else's.
#[test]
fn a_seed_decides_the_order() {
    let order = |seed: u32, cpus: u32| {
        let (lines, outcome) = Setup { seed, cpus, ..Setup::on("i386-pae-6.1") }.run("order.c", |_| {});
        clean(&outcome);
        lines
    };
    assert_eq!(order(0, 1), order(0, 1));
    let seeded: Vec<_> = (1..=6).map(|seed| order(seed, 2)).collect();
    for (seed, lines) in (1..=6).zip(&seeded) {
        assert_eq!(&order(seed, 2), lines, "seed {seed}");
        assert_eq!(lines.len(), 13, "{lines:#?}");
    }
    let different: std::collections::HashSet<_> = seeded.iter().collect();
    assert!(different.len() >= 3, "{seeded:#?}");
}

#[test]
fn each_cpu_has_its_own() {
    for cpus in [1, 4] {
        let (lines, outcome) = Setup { cpus, ..Setup::on("i386-pae-6.1") }.run("percpu.c", |_| {});
        clean(&outcome);
        let last = cpus - 1;
        for line in [
            format!("percpu: {cpus} CPUs, sum {}", cpus * 7 + cpus * (cpus - 1) / 2),
            format!("percpu: last {} at cpu {last}", 7 + last),
            format!("percpu: dynamic {}", 10 * cpus),
            format!("percpu: called on {cpus}, came {cpus}, went 0"),
            "percpu: chain 2 1".to_owned(),
        ] {
            assert!(lines.contains(&line), "{line}: {lines:#?}");
        }
    }
}
