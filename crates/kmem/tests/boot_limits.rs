//! Machines that can be, and machines that cannot: any RAM and any command line give a plan or an error that says why.

use kmem::boot::{plan, BootError, BootParams, Plan};
use kmem::profile::{self, ZoneKind};
use kmem::snapshot::proc::boot_log;

fn error(name: &str, ram_bytes: u64, cpus: u32, cmdline: &str) -> Option<BootError> {
    let profile = profile::by_name(name).unwrap();
    let params = BootParams { ram_bytes, cpus, cmdline, ..BootParams::new(profile) };
    plan(profile, &params).err()
}

#[test]
fn machines_that_cannot_be() {
    for profile in profile::PROFILES {
        // The smallest kernel runs in half a MiB, others need more than one.
        let too_small = if profile.default_ram <= 2 << 20 { 256 << 10 } else { 1 << 20 };
        for ram in [0, 1, 3 << 10, 4095, 4096, 4097, 64 << 10, too_small] {
            let error = error(profile.name, ram, 1, "");
            let said = error.map_or(String::new(), |error| error.to_string());
            assert!(
                matches!(error, Some(BootError::RamTooSmall { needed, .. }) if needed > ram),
                "{} with {ram}: {said}",
                profile.name
            );
            assert!(said.contains("--ram"), "{said}");
        }
        // What is said to be needed is enough, and a MiB less is not.
        if let Some(BootError::RamTooSmall { needed, .. }) = error(profile.name, 4096, 1, "") {
            assert_eq!(error(profile.name, needed, 1, ""), None, "{} with {needed}", profile.name);
            let less = error(profile.name, needed - (1 << 20), 1, "");
            assert!(matches!(less, Some(BootError::RamTooSmall { .. })), "{} with less than {needed}", profile.name);
        }
        let cut = error(profile.name, profile.default_ram, 1, &format!("mem={too_small}"));
        let is_cut = matches!(cut, Some(BootError::RamTooSmall { ram, .. }) if ram == too_small);
        assert!(is_cut, "{} with mem={too_small}", profile.name);
        for ram in [u64::MAX, profile.max_ram + 1] {
            assert!(matches!(error(profile.name, ram, 1, ""), Some(BootError::RamTooLarge { .. })), "{}", profile.name);
        }
        for cpus in [0, profile.max_cpus + 1, u32::MAX] {
            let ram = profile.default_ram;
            assert!(matches!(error(profile.name, ram, cpus, ""), Some(BootError::Cpus { .. })), "{}", profile.name);
        }
    }
    assert!(matches!(error("amd64-6.1", 16 << 40, 1, ""), Some(BootError::RamTooLarge { limit: 0xf00_0000_0000, .. })));
    let refused = error("linux-2.6-i386", 64 << 30, 1, "").map(|error| error.to_string());
    assert!(refused.is_some_and(|said| said.contains("64G") && said.contains("4G")));
    // The real kernel takes all RAM as low, wraps round and dies.
    let wraps = error("i386-pae-6.1", 1 << 30, 1, "vmalloc=2000M");
    assert!(matches!(wraps, Some(BootError::VmallocLeavesNoLow { .. })));
    // Low memory would reach into what is mapped above it.
    for (name, cmdline) in
        [("i386-pae-6.1", "vmalloc=4G"), ("i386-pae-6.1", "vmalloc="), ("linux-2.6-i386", "vmalloc=8M")]
    {
        assert!(matches!(error(name, 2 << 30, 1, cmdline), Some(BootError::NoVmallocArea { .. })), "{name} {cmdline}");
    }
    assert_eq!(error("i386-pae-6.1", 2 << 30, 1, "vmalloc=4K"), None);
    // 40 MiB of low memory boot; the image does not fit into 10.
    assert_eq!(error("i386-pae-6.1", 1 << 30, 2, "vmalloc=960M"), None);
    assert!(matches!(error("i386-pae-6.1", 1 << 30, 2, "vmalloc=990M"), Some(BootError::ImageOutside { .. })));
    // RAM is plenty, the address space is cut badly.
    assert!(matches!(error("i386-pae-6.1", 2 << 30, 2, "vmalloc=968M"), Some(BootError::NoRoom { .. })));
    // High memory is plenty, low memory is gone.
    let gone = error("i386-pae-6.1", 1400 << 20, 2, "vmalloc=968M");
    assert!(matches!(gone, Some(BootError::NoRoom { what: "the least free memory", .. })), "{gone:?}");
    // The page structures of 60 GiB fill low memory.
    assert!(matches!(error("i386-pae-6.1", 60 << 30, 2, "vmalloc=512M"), Some(BootError::NoRoom { .. })));
}

#[test]
fn any_ram_and_command_line_give_a_plan_or_an_error() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut planned = 0;
    for round in 0..3000 {
        let profile = profile::PROFILES[round % profile::PROFILES.len()];
        let shift = random(64);
        let ram_bytes = random(u64::MAX) >> shift;
        let size = |n: u64| format!("{}{}", n % 5000, ["", "K", "M", "M", "M", "G"][(n % 6) as usize]);
        let mut cmdline = String::new();
        for key in ["vmalloc", "highmem", "mem", "movablecore", "kernelcore"] {
            if random(3) == 0 {
                cmdline += &format!("{key}={} ", size(random(1 << 20)));
            }
        }
        let ram_bytes = if round % 2 == 0 { ram_bytes } else { ram_bytes % (profile.max_ram + 1) };
        let cpus = 1 + (random(u64::from(profile.max_cpus))) as u32;
        let params = BootParams { ram_bytes, cpus, cmdline: &cmdline, ..BootParams::new(profile) };
        match plan(profile, &params) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(plan) => {
                planned += 1;
                check_sane(&plan, &format!("{} {ram_bytes:#x} {cmdline}", profile.name));
                let mut log = String::new();
                boot_log::write(&mut log, profile, &params, &plan).unwrap();
            }
        }
    }
    assert!(planned > 300, "{planned} planned");
}

/// What holds for every plan.
fn check_sane(plan: &Plan, at: &str) {
    let layout = &plan.layout;
    assert_eq!(plan.memblock.verify(), Ok(()), "{at}");
    assert!(layout.low.end <= layout.ram_end, "{at}");
    let mut end = 0;
    for zone in plan.zones() {
        if zone.spanned > 0 {
            assert!(zone.start.raw() >= end, "{at}: zones overlap");
            end = zone.start.raw() + zone.spanned;
        }
        assert!(zone.ram <= zone.spanned && zone.managed <= zone.ram, "{at}: {zone:?}");
        assert!(zone.initial_free <= zone.managed, "{at}: {zone:?}");
        let low_end = layout.low.end.raw() >> 12;
        if zone.kind <= ZoneKind::Normal && zone.spanned > 0 {
            assert!(zone.start.raw() + zone.spanned <= low_end, "{at}: {zone:?}");
        }
    }
    let handed: u64 = plan.free_ranges().map(|range| range.bytes() / 4096).sum();
    assert_eq!(handed, plan.zones().iter().map(|zone| zone.initial_free).sum::<u64>(), "{at}");
    if let Some(vmalloc) = layout.vmalloc {
        // On RISC-V it lies below the direct map.
        let apart = vmalloc.start > layout.high_memory || vmalloc.end <= layout.lowmem.start;
        assert!(apart && vmalloc.start < vmalloc.end, "{at}");
    }
    if let Some(mem_map) = plan.mem_map {
        assert!(mem_map.end <= layout.low.end, "{at}");
    }
}
