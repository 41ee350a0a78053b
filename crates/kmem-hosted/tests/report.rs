//! What kernels say when memory is short, and whether the numbers in it are those of the zones at that moment.

use kmem::boot::BootParams;
use kmem::gfp::Gfp;
use kmem::memory::settings::Setting;
use kmem::page::ZoneCounts;
use kmem::profile::{by_name, PROFILES};
use kmem::snapshot::report::ReportEra;
use kmem::user::{Access, MmSpec, MmapRequest};
use kmem::{Kernel, Order, Pfn};
use kmem_hosted::{boot, Displacement, Hosted};
use std::sync::{Arc, Mutex};

/// A kernel and the lines of its log.
struct Booted {
    kernel: Kernel<Hosted>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Booted {
    fn new(profile: &str, ram: u64) -> Self {
        let profile = by_name(profile).unwrap();
        let params = BootParams { ram_bytes: ram, ..BootParams::new(profile) };
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
        let kernel = boot(profile, &params, Displacement::Any, console).unwrap();
        Self { kernel, log }
    }
    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
    /// Takes pages until there are no more. What happens at the last one is in the log.
    fn exhaust(&self, gfp: Gfp, order: Order) -> Vec<Pfn> {
        std::iter::from_fn(|| self.kernel.alloc_pages(gfp, order).ok()).collect()
    }
}

/// The number of kB behind a label.
fn kb(line: &str, label: &str) -> u64 {
    let (_, rest) = line.split_once(&format!(" {label}:")).unwrap_or_else(|| panic!("{label} in {line}"));
    rest.split("kB").next().unwrap().trim_end_matches("KB").parse().unwrap()
}

/// Compares a report's lines with the zones.
fn check_zones(profile: &str, lines: &[String], zones: &[ZoneCounts]) {
    for zone in zones.iter().filter(|zone| zone.extent.present != 0) {
        let name = zone.extent.name;
        let starts = [format!("{name} free:"), format!("Node {} {name} free:", zone.extent.node)];
        let at = lines.iter().position(|line| starts.iter().any(|start| line.starts_with(start)));
        let at = at.unwrap_or_else(|| panic!("{profile}: no line of {name} in\n{}", lines.join("\n")));
        let line = format!(" {}", lines[at]);
        let (_, line) = line.split_once(name).unwrap();
        for (label, pages) in [
            ("free", zone.free),
            ("min", zone.min),
            ("low", zone.low),
            ("high", zone.high),
            ("present", zone.extent.present),
        ] {
            assert_eq!(kb(line, label), pages * 4, "{profile} {label}: {line}");
        }
        if line.contains("managed:") {
            assert_eq!(kb(line, "managed"), zone.managed * 4, "{profile}: {line}");
            assert_eq!(kb(line, "free_cma"), zone.free_cma * 4, "{profile}: {line}");
        }
        let reserve: Vec<u64> = lines[at + 1].split(' ').skip(1).map(|pages| pages.parse().unwrap()).collect();
        assert_eq!(reserve, zone.reserve[..reserve.len()], "{profile} {name}");
        // The blocks add up to what is free.
        let starts = [format!("{name}: "), format!("Node {} {name}: ", zone.extent.node)];
        let blocks = lines.iter().find(|line| starts.iter().any(|start| line.starts_with(start))).unwrap();
        let mut sum = 0;
        for (order, word) in blocks.split(' ').filter(|word| word.contains('*')).enumerate() {
            let (count, size) = word.split_once('*').unwrap();
            assert_eq!(count.parse::<u64>().unwrap(), zone.blocks[order], "{profile}: {blocks}");
            sum += count.parse::<u64>().unwrap() * size.trim_end_matches("kB").parse::<u64>().unwrap();
        }
        assert_eq!(blocks.rsplit("= ").next().unwrap(), format!("{}kB", zone.free * 4), "{profile}: {blocks}");
        assert_eq!(sum, zone.free * 4, "{profile}: {blocks}");
    }
}

#[test]
fn a_failure_shows_the_zones_as_they_are() {
    for profile in PROFILES {
        let booted = Booted::new(profile.name, profile.default_ram.min(256 << 20));
        let order = Order::new(2).unwrap();
        let era = profile.proc.report.era;
        let held = booted.exhaust(Gfp::ATOMIC, order);
        let lines = booted.lines();
        let zones: Vec<_> = booted.kernel.pages().zone_counts().collect();
        let head = if era == ReportEra::V2_6 {
            "page allocation failure. order:2"
        } else {
            "page allocation failure: order:2"
        };
        assert!(lines[0].starts_with("kmem: ") && lines[0].contains(head), "{}: {}", profile.name, lines[0]);
        let names = lines[0].contains("mode:0x820(GFP_ATOMIC)") || lines[0].contains("mode:0xa20(GFP_ATOMIC)");
        assert!(names || era < ReportEra::V6_1, "{}: {}", profile.name, lines[0]);
        // What such a request cannot use is left out by new kernels.
        let usable: Vec<_> = zones
            .iter()
            .copied()
            .filter(|zone| era < ReportEra::V6_1 || !["HighMem", "Movable"].contains(&zone.extent.name))
            .collect();
        check_zones(profile.name, &lines, &usable);
        // The same again is news only after something was freed.
        for _ in 0..3 {
            assert!(booted.kernel.alloc_pages(Gfp::ATOMIC, order).is_err());
        }
        assert_eq!(booted.lines(), Vec::<String>::new(), "{}", profile.name);
        held.iter().for_each(|&pfn| booted.kernel.free_pages(pfn, order).unwrap());
        booted.exhaust(Gfp::ATOMIC, order);
        let lines = booted.lines();
        let says = |what: &str| lines[0].contains(what);
        assert!(says("3 callbacks suppressed") || says("3 messages suppressed"), "{}: {}", profile.name, lines[0]);
    }
}

#[test]
fn who_is_killed_is_named_with_the_state_of_memory() {
    for (name, era) in [("i386-pae-6.1", "6"), ("amd64-6.12", "6"), ("msm8x25", "3"), ("linux-2.6-i386", "2")] {
        let booted = Booted::new(name, 128 << 20);
        let kernel = &booted.kernel;
        let mem = kernel.memory();
        let spec = |comm| MmSpec { comm, oom_score_adj: 0 };
        let small = kernel.user().create(mem, kernel.map(), &spec("small")).unwrap();
        let large = kernel.user().create(mem, kernel.map(), &spec("large")).unwrap();
        let room = 64 << 20;
        let area = |id, bytes| kernel.user().mmap(mem, id, &MmapRequest::new(bytes)).unwrap();
        let (few, many) = (area(small, 1 << 20), area(large, room));
        kernel.user().touch(mem, kernel.map(), small, few, 64 << 10, Access::Write).unwrap();
        kernel.user().touch(mem, kernel.map(), large, many, room / 2, Access::Write).unwrap();
        // Somebody else takes the rest, until the kernel speaks.
        let taken = std::iter::from_fn(|| {
            let pfn = kernel.alloc_pages(Gfp::HIGHUSER, Order::ZERO).ok()?;
            booted.log.lock().unwrap().is_empty().then_some(pfn)
        });
        let held = taken.count();
        let lines = booted.lines();
        assert!(held > 0, "{name}");
        let has = |what: &str| {
            assert!(lines.iter().any(|line| line.contains(what)), "{name}: {what} in\n{}", lines.join("\n"))
        };
        match era {
            "2" => {
                has("oom-killer: gfp_mask=0x");
                has("Out of Memory: Killed process");
            }
            "3" => {
                has("kmem invoked oom-killer: gfp_mask=0x");
                has("Out of memory: Kill process");
                has("[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name");
            }
            _ => {
                has("kmem invoked oom-killer: gfp_mask=0x100cc2(GFP_HIGHUSER), order=0, oom_score_adj=0");
                has("Tasks state (memory values in pages):");
                has("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=large,");
                has("(large) total-vm:");
                has("small");
            }
        }
        has(" free:");
        has("(large)");
        assert!(kernel.user().info(large).is_none_or(|info| info.is_killed), "{name}");
        assert!(kernel.user().info(small).is_some_and(|info| !info.is_killed), "{name}");
        assert_eq!(kernel.setting(Setting::PanicOnOom), 0);
        kernel.verify().unwrap();
    }
}

#[test]
fn where_a_kernel_would_panic_this_one_says_so_and_goes_on() {
    for (name, lines_before) in [("amd64-6.12", 10), ("linux-2.6-i386", 0)] {
        let booted = Booted::new(name, 128 << 20);
        let held = booted.exhaust(Gfp::ATOMIC, Order::ZERO);
        booted.lines();
        let gfp = Gfp::KERNEL | Gfp::NOFAIL;
        let mut last = booted.exhaust(gfp, Order::ZERO);
        let lines = booted.lines();
        let at = lines.iter().position(|line| line == "Out of memory and no killable processes...");
        let at = at.unwrap_or_else(|| panic!("{name}:\n{}", lines.join("\n")));
        assert!(at >= lines_before, "{name}: {at}");
        assert!(lines[at + 1].contains("this one goes on"), "{name}: {}", lines[at + 1]);
        last.extend(held);
        last.iter().for_each(|&pfn| booted.kernel.free_pages(pfn, Order::ZERO).unwrap());
        assert!(booted.kernel.alloc_pages(gfp, Order::ZERO).is_ok(), "{name}");
        booted.kernel.verify().unwrap();
    }
}
