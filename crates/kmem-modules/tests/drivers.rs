//! Drivers of all years, compiled for the API that they were written for, and what their users do beside read and write.

mod runner;

use kmem_modules::api::Others;
use kmem_modules::run::{Failed, Outcome, Run};
use kmem_shell as shell; // its trait would hide methods of the same names
use runner::{cat, clean, Setup};

/// Runs a source that is not for 6.1, and checks for which version it was compiled.
fn of_year(file: &str, api: &str, drive: impl FnOnce(&mut Run)) -> Vec<String> {
    let setup = Setup { others: Others::All, devices: vec!["year"], ..Setup::on("i386-pae-6.1") };
    let (lines, outcome): (Vec<String>, Outcome) = setup.run(&format!("years/{file}"), |run| {
        let note = run.api_note().unwrap_or("the machine's own").to_owned();
        assert!(note.starts_with(&format!("compiled for the API of Linux {api}; not for ")), "{file}: {note}");
        drive(run);
    });
    clean(&outcome);
    lines
}
fn has(lines: &[String], text: &str) {
    assert!(lines.iter().any(|line| line == text), "{text:?} is not in {lines:#?}");
}

#[test]
fn sources_are_compiled_for_their_year() {
    let lines = of_year("y2_6_32.c", "2.6.32", |run| {
        let handle = run.open("@year", 2).unwrap();
        assert_eq!(run.ioctl(handle, 30, 4), Ok(34));
        assert_eq!(run.close(handle), Ok(()));
        assert_eq!(cat(run, "/proc/year"), "asked 1 times, as of 2.6.32\n");
    });
    has(&lines, "year: work 1");
    of_year("y3_4.c", "3.4", |run| {
        assert_eq!(cat(run, "/proc/year"), "late\n");
        let handle = run.open("/proc/year", 0).unwrap();
        let map = shell::Devices::map(run, handle, 8192, 0, false).unwrap();
        assert_eq!(run.peek(map, 0, 3), Ok(b"3.4".to_vec()));
        assert_eq!(run.peek(map, 4096, 1), Err(Failed::Errno(14)));
        shell::Devices::unmap(run, map).unwrap();
        run.close(handle).unwrap();
    });
    let lines = of_year("y4_14.c", "4.14", |run| run.sleep(300_000_000).unwrap());
    has(&lines, "year: timer 414");
    has(&lines, "year: work");
    let lines = of_year("y5_4.c", "5.4", |run| assert_eq!(cat(run, "/proc/year"), "5.4\n"));
    has(&lines, "year: tasklet 54");
    let lines = of_year("y6_12.c", "6.12", |_| ());
    has(&lines, "year year: probe");
    has(&lines, "year year: remove");
}

fn users() -> Setup {
    Setup { devices: vec!["lpt,port=0x378:3"], ..Setup::on("i386-pae-6.1") }
}

#[test]
fn users_wait_map_poll_and_are_told() {
    const NODE: &str = "/dev/users";
    let (lines, outcome) = users().run("users.c", |run| {
        let reader = run.open(NODE, 2).unwrap();
        assert_eq!(shell::Devices::poll(run, reader), Ok(0x104));
        // Two that wait.
        run.begin(reader, 3, None).unwrap();
        run.begin(reader, 8, None).unwrap();
        assert!(run.ended().is_empty());
        assert_eq!(shell::Devices::fasync(run, reader, true), Ok(0));
        assert_eq!(run.write(reader, b"hello"), Ok(5));
        let ended = |run: &mut Run| run.ended().into_iter().map(|ended| ended.answer.unwrap()).collect::<Vec<_>>();
        // As in a kernel, who came last stands first in the queue, and takes all that there is.
        assert_eq!(ended(run), [(5, b"hello".to_vec())]);
        assert_eq!(shell::Devices::poll(run, reader), Ok(0x104));
        assert_eq!(run.write(reader, b"x"), Ok(1));
        assert_eq!(ended(run), [(1, b"x".to_vec())]);
        assert_eq!(run.write(reader, b"y"), Ok(1));
        assert_eq!(shell::Devices::fasync(run, reader, false), Ok(3), "it was told with each write");
        assert_eq!(shell::Devices::poll(run, reader), Ok(0x145));
        // An address, a port, a line of a chip, another user.
        let mut word = 21i32.to_le_bytes();
        assert_eq!(run.ioctl_at(reader, 1, &mut word), Ok(0));
        assert_eq!(i32::from_le_bytes(word), 42);
        shell::Devices::write_port(run, 0x379, 1, 0x5a).unwrap();
        assert_eq!(run.ioctl(reader, 2, 0x33), Ok(0x5a));
        assert_eq!(shell::Devices::read_port(run, 0x378, 1), Ok(0x33));
        assert_eq!(shell::Devices::read_port(run, 0x300, 1), Ok(0xff));
        assert_eq!(shell::Devices::gpio(run, 17, Some(true)), Ok(1));
        assert_eq!(shell::Devices::gpio(run, 18, None), Ok(1), "the handler has set it");
        assert_eq!(shell::Devices::gpio(run, 17, Some(false)), Ok(0));
        assert_eq!(shell::Devices::gpio(run, 18, None), Ok(1), "it asked for the rising edge only");
        shell::Devices::become_user(run, 1000).unwrap();
        assert_eq!(run.open(NODE, 2), Err(Failed::Errno(13)));
        shell::Devices::become_user(run, 0).unwrap();
        // Mapped: by fault, and all at once.
        let lazy = shell::Devices::map(run, reader, 8192, 0, true).unwrap();
        let eager = shell::Devices::map(run, reader, 4096, 4096, false).unwrap();
        assert_eq!(run.peek(lazy, 0, 6), Ok(b"mapped".to_vec()));
        run.poke(lazy, 0, b"M").unwrap();
        assert_eq!(run.peek(eager, 0, 6), Ok(b"Mapped".to_vec()));
        assert_eq!(run.poke(eager, 0, b"x"), Err(Failed::Errno(14)), "it is mapped to be read");
        assert_eq!(run.peek(lazy, 4096, 1), Err(Failed::Errno(14)), "the driver has no second page");
        // A file that is mapped stays open.
        run.close(reader).unwrap();
        shell::Devices::unmap(run, lazy).unwrap();
        shell::Devices::unmap(run, eager).unwrap();
    });
    clean(&outcome);
    let own: Vec<_> = lines.iter().filter(|line| line.starts_with("users:")).map(String::as_str).collect();
    assert_eq!(own, ["users: fault", "users: unmapped 2 pages", "users: release"]);
}

#[test]
fn a_line_that_is_kept_is_found() {
    let setup = Setup { defines: vec!["KEEPS_LAMP".into()], ..users() };
    let (_, outcome) = setup.run("users.c", |_| ());
    let titles: Vec<_> = outcome.findings.iter().map(|finding| finding.title.as_str()).collect();
    assert_eq!(titles, ["GPIO 18 (lamp) never undone when the modules were gone"], "{:#?}", outcome.findings);
}
