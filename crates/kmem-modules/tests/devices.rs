//! Devices and their drivers: registers, interrupts, DMA, attributes, and what is forgotten.

mod runner;

use kmem_modules::run::{Failed, Run};
use runner::{all_found, cat, clean, echo, Setup};

fn gadget() -> Setup {
    let device = "gadget0,mmio=4K,irq=7,of=acme,gadget,prop.speed=9600";
    Setup { devices: vec![device], ..Setup::on("i386-pae-6.1") }
}

fn drive(run: &mut Run) {
    assert_eq!(run.write_register("gadget0", 0, 4, 0x1234), Ok(()));
    assert_eq!(run.raise_irq("gadget0"), Ok(()));
    // The handler and its thread have written their registers.
    assert_eq!(run.read_register("gadget0", 4, 4), Ok(1));
    assert_eq!(run.read_register("gadget0", 8, 4), Ok(100));
    assert_eq!(cat(run, "/sys/bus/platform/devices/gadget0/count"), "1\n");
    echo(run, "41\n", "/sys/devices/platform/gadget0/count");
    assert_eq!(run.raise_irq("gadget0"), Ok(()));
    assert_eq!(cat(run, "/sys/devices/platform/gadget0/count"), "42\n");
    assert_eq!(run.read_register("gadget0", 8, 2), Ok(4200));
    assert_eq!(cat(run, "/sys/kernel/debug/gadget/speed"), "9600\n");
    echo(run, "19200", "/sys/kernel/debug/gadget/speed");
    assert_eq!(cat(run, "/sys/kernel/debug/gadget/speed"), "19200\n");
    assert_eq!(run.read_register("gadget0", 4096, 4), Err(Failed::Errno(14)));
    assert_eq!(run.read_register("gadget0", 2, 4), Err(Failed::Errno(14)));
    assert_eq!(run.raise_irq("other"), Err(Failed::Errno(19)));
}

#[test]
fn a_driver_finds_its_device_and_serves_it() {
    for machine in ["i386-pae-6.1", "armhf-6.12", "amd64-6.12"] {
        let setup = Setup { machine, defines: vec!["FAULT=0".into()], ..gadget() };
        let (lines, outcome) = setup.run("device_bugs.c", drive);
        clean(&outcome);
        let found =
            lines.iter().any(|line| line.starts_with("gadget gadget0: speed 9600, id 00000000, 4096 bytes at 0x"));
        assert!(found, "{lines:#?}");
        assert!(lines.iter().any(|line| line == "gadget gadget0: gone"), "{lines:#?}");
    }
}

#[test]
fn every_fault_of_drivers_is_found_at_its_line_and_no_other() {
    all_found(&gadget(), "device_bugs.c", |run| {
        // Faults of probe leave no driver to drive.
        if run.raise_irq("gadget0").is_ok() {
            let _ = cat(run, "/sys/bus/platform/devices/gadget0/count");
        }
    });
}

#[test]
fn a_bus_of_ones_own() {
    for setup in [Setup::on("i386-pae-6.1"), Setup::on("armhf-6.12"), Setup::on("amd64-6.12"), Setup::old()] {
        let (lines, outcome) = setup.run("ldd/sculld.c", |run| {
            assert_eq!(cat(run, "/sys/bus/ldd/version"), "1.9\n");
            assert_eq!(cat(run, "/sys/bus/ldd/drivers/sculld/motto"), "sculld serves\n");
            assert_eq!(cat(run, "/sys/bus/ldd/devices/sculld0/value"), "7\n");
            echo(run, "12", "/sys/bus/ldd/devices/sculld0/value");
            assert_eq!(run.open("/sys/bus/ldd/version", 1), Err(Failed::Errno(13)));
        });
        clean(&outcome);
        let own: Vec<_> = lines.iter().filter(|line| line.starts_with("sculld:")).map(String::as_str).collect();
        assert_eq!(own, ["sculld: probe sculld0: 0", "sculld: remove sculld0", "sculld: release with value 12"]);
    }
}

#[test]
fn an_interrupt_goes_through_its_halves() {
    for setup in [Setup::on("i386-pae-6.1"), Setup::on("armhf-6.12"), Setup::on("amd64-6.12"), Setup::old()] {
        let setup = Setup { devices: vec!["short,mmio=64,irq=9"], ..setup };
        let (lines, outcome) = setup.run("ldd/short.c", |run| {
            const NONBLOCK: u32 = 0o4000;
            let handle = run.open("@short", NONBLOCK).unwrap();
            assert_eq!(run.read(handle, 100), Err(Failed::Errno(11)));
            // Nothing is pending: nobody cares.
            assert_eq!(run.raise_irq("short"), Err(Failed::Errno(5)));
            run.write_register("short", 0, 4, 1).unwrap();
            run.write_register("short", 4, 4, 0xcafe_f00d).unwrap();
            run.raise_irq("short").unwrap();
            assert_eq!(run.read_register("short", 8, 4), Ok(1));
            assert_eq!(run.read(handle, 100).unwrap(), b"cafef00d top 1 soft 1 work 1\n");
            run.close(handle).unwrap();
            echo(run, "AB", "@short");
            assert_eq!(run.read_register("short", 16, 2), Ok(0x4241));
        });
        clean(&outcome);
        assert!(lines.iter().any(|line| line == "short: ready, irq 9"), "{lines:#?}");
        assert!(lines.iter().any(|line| line == "irq 9: nobody cared"), "{lines:#?}");
    }
}

#[test]
fn a_pci_driver_maps_its_window() {
    for setup in [Setup::on("i386-pae-6.1"), Setup::on("armhf-6.12"), Setup::on("amd64-6.12")] {
        let setup = Setup { devices: vec!["card,mmio=256,irq=11,pci=1b36:0010"], ..setup };
        let (lines, outcome) = setup.run("pci.c", |run| {
            run.write_register("card", 0, 4, 5).unwrap();
            run.raise_irq("card").unwrap();
            assert_eq!(run.read_register("card", 4, 4), Ok(6));
        });
        clean(&outcome);
        for line in ["card 0000:00:02.0: 1b36:0010, 256 bytes, irq 11, table yes", "card 0000:00:02.0: gone after 1"] {
            assert!(lines.iter().any(|own| own == line), "{line}: {lines:#?}");
        }
    }
}

#[test]
fn what_a_failing_probe_has_taken_goes_by_itself() {
    let setup = Setup { defines: vec!["FAULT=0".into()], ..gadget() };
    let setup = Setup { devices: vec!["gadget0,mmio=4K,irq=7,of=acme,gadget"], ..setup };
    let (lines, outcome) = setup.run("device_bugs.c", |_| {});
    assert!(lines.iter().any(|line| line.contains("probe of gadget0 failed with error -22")), "{lines:#?}");
    // All that is devm's is given back; the second mapping, made by hand, is not: the driver's fault.
    let titles: Vec<_> = outcome.findings.iter().map(|finding| finding.title.as_str()).collect();
    assert_eq!(titles.len(), 1, "{titles:#?}");
    assert!(titles[0].starts_with("an I/O mapping of 4096 bytes was never undone"), "{titles:#?}");
}

#[test]
fn an_object_goes_with_its_last_user() {
    let run = |fault: u32| {
        let setup = Setup { defines: vec![format!("FAULT={fault}")], ..Setup::on("i386-pae-6.1") };
        setup.run("kobj.c", |run| {
            assert_eq!(cat(run, "/sys/kernel/things/one/size"), "1\n");
            echo(run, "9", "/sys/kernel/things/two/size");
            assert_eq!(cat(run, "/sys/kernel/things/two/size"), "9\n");
            assert_eq!(run.open("/sys/kernel/things/three/size", 0), Err(Failed::Errno(2)));
        })
    };
    let (lines, outcome) = run(0);
    clean(&outcome);
    for line in ["kobj: again 0, released 1", "kobj: released 3"] {
        assert!(lines.iter().any(|own| own == line), "{line}: {lines:#?}");
    }
    // The object, and its memory.
    let (_, outcome) = run(1);
    let lines: Vec<_> = outcome.findings.iter().filter_map(|finding| Some(finding.at.as_ref()?.line)).collect();
    let marked = std::fs::read_to_string(runner::source("kobj.c")).unwrap();
    let line = marked.lines().position(|line| line.contains("/* BUG 1 */")).unwrap() as u32 + 1;
    assert!(lines.contains(&line), "{:#?}", outcome.findings);
}
