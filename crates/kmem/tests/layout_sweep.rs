//! The address space of every 32-bit machine for every RAM and command line: nothing overlaps, all stands in order, the sums
//! are right, and a second evaluation in the kernels' own 32-bit arithmetic says the same.
//!
//! The second evaluation is written from `arch/x86/mm/init_32.c` and `pgtable_32.c` of 6.1 (`find_low_pfn_range`,
//! `parse_vmalloc`), `arch/i386/kernel/setup.c` of 2.6.11 (`find_max_low_pfn`), `arch/arm/mm/mmu.c` of 3.4 and 6.1
//! (`early_vmalloc`, `sanity_check_meminfo`, `adjust_lowmem_bounds`), in terms of pages and words, where the engine has bytes.

use kmem::boot::cmdline::{memparse, CommandLine};
use kmem::boot::layout::{Layout, LayoutRule, RamExtent, StartRule, Warning};
use kmem::profile::{Profile, PROFILES};

const VMALLOC: [&str; 37] = [
    "1",
    "0",
    "",
    "x",
    "4095",
    "4K",
    "4097",
    "1M",
    "1048577",
    "3M",
    "7M",
    "8M",
    "9M",
    "15M",
    "16M",
    "17M",
    "0x1100000",
    "021M",
    "33M",
    "64m",
    "100000001",
    "0x5000001",
    "99999K",
    "128M",
    "217M",
    "240M",
    "241M",
    "333M",
    "511M",
    "512M",
    "768M",
    "880M",
    "960M",
    "976M",
    "1G",
    "2000M",
    "4G",
];
const HIGHMEM: [&str; 11] = ["", "0", "x", "1M", "37M", "100000001", "256M", "448M", "1G", "7G", "0x1000"];
const RAM_MB: [u64; 19] =
    [64, 65, 96, 128, 255, 256, 511, 512, 760, 768, 880, 896, 897, 1000, 1024, 1500, 2048, 4096, 8192];

/// What the second evaluation says: where low memory ends, where the vmalloc area begins, and the first warning.
#[derive(PartialEq, Eq, Debug)]
struct Said {
    high_memory: u64,
    vmalloc_start: u64,
    ram_end: u64,
    warning: Option<Warning>,
}

/// Reads a parameter as the kernel does: no number is 0.
fn number(text: &str) -> u64 {
    memparse(text).map_or(0, |(bytes, _)| bytes)
}

/// x86: frames are words of 32 bits. `None`: low memory would wrap round.
fn x86(profile: &Profile, ram: u64, vmalloc: Option<&str>, highmem: Option<&str>) -> Option<Said> {
    let LayoutRule::X86(rule) = profile.layout else { unreachable!("asked of x86 only") };
    let modern = rule.start == StartRule::Plain;
    let reserve = match vmalloc {
        Some(text) => (number(text) as u32).wrapping_add(if modern { 8 << 20 } else { 0 }),
        None => 128 << 20,
    };
    let end = if modern { rule.vmalloc_end } else { 1 << 32 };
    let space = (end - 0xc000_0000) as u32;
    if reserve > space || space - reserve < 4096 {
        return None;
    }
    let maxmem_pfn = (space - reserve) >> 12;
    let mut max_pfn = (ram >> 12) as u32;
    let mut warning = None;
    let asked = highmem.map(|text| (number(text) >> 12) as u32);
    let max_low = if max_pfn <= maxmem_pfn {
        let mut pages = asked.unwrap_or(0);
        if pages >= max_pfn && pages > 0 {
            let (asked_mb, ram_mb) = (u64::from(pages >> 8), u64::from(max_pfn >> 8));
            warning = Some(Warning::HighmemBiggerThanRam { asked_mb, ram_mb });
            pages = 0;
        } else if pages > 0 && max_pfn - pages < (64 << 20 >> 12) {
            warning = Some(Warning::HighmemLeavesTooLittle { asked_mb: u64::from(pages >> 8) });
            pages = 0;
        }
        max_pfn - pages
    } else {
        let there = max_pfn - maxmem_pfn;
        let pages = asked.unwrap_or(there);
        if pages < there {
            max_pfn = maxmem_pfn + pages;
        } else if pages > there {
            let (there_mb, asked_mb) = (u64::from(there >> 8), u64::from(pages >> 8));
            warning = Some(Warning::HighmemMoreThanThereIs { there_mb, asked_mb });
        }
        maxmem_pfn
    };
    let high_memory = 0xc000_0000 + (u64::from(max_low) << 12);
    let vmalloc_start = if modern {
        high_memory + (8 << 20)
    } else {
        // Two gaps less one byte, rounded down.
        (high_memory + (16 << 20) - 1) & !((8 << 20) - 1)
    };
    Some(Said { high_memory, vmalloc_start, ram_end: u64::from(max_pfn) << 12, warning })
}

/// ARM: the limit is an address, RAM begins at `PHYS_OFFSET`.
fn arm(profile: &Profile, ram: u64, vmalloc: Option<&str>) -> Said {
    let LayoutRule::Arm(rule) = profile.layout else { unreachable!("asked of ARM only") };
    let modern = profile.version >= (5, 14, 0);
    let offset = 8 << 20;
    let mut warning = None;
    // What is kept from low memory, the gap included.
    let kept = match vmalloc {
        None => rule.default + offset,
        Some(text) => {
            let mut asked = number(text) & 0xffff_ffff;
            if asked < 16 << 20 {
                asked = 16 << 20;
                warning = Some(Warning::VmallocTooSmall { limit_mb: 16 });
            }
            let most = rule.vmalloc_end - 0xc000_0000 - (32 << 20) - if modern { offset } else { 0 };
            if asked > most {
                asked = most;
                warning = Some(Warning::VmallocTooBig { limit_mb: most >> 20 });
            }
            asked + if modern { offset } else { 0 }
        }
    };
    let limit = rule.vmalloc_end - kept;
    let high_memory = limit.min(0xc000_0000 + ram) & !0xfff;
    Said {
        high_memory,
        vmalloc_start: (high_memory + offset) & !(offset - 1),
        ram_end: profile.phys_offset.raw() + ram,
        warning,
    }
}

fn check(profile: &'static Profile, ram: u64, vmalloc: Option<&str>, highmem: Option<&str>) -> bool {
    let mut cmdline = vmalloc.map_or(String::new(), |value| format!("vmalloc={value} "));
    cmdline += &highmem.map_or(String::new(), |value| format!("highmem={value}"));
    let at = format!("{} {} MB `{cmdline}`", profile.name, ram >> 20);
    let start = profile.phys_offset.raw();
    let extent = RamExtent { start, end: start + ram, beyond: 0 };
    let layout = Layout::new(profile, extent, CommandLine::new(&cmdline));
    let said = match profile.layout {
        LayoutRule::X86(_) => x86(profile, ram, vmalloc, highmem),
        _ => Some(arm(profile, ram, vmalloc)),
    };
    let layout = match (layout, said) {
        (Ok(layout), Some(said)) => {
            let area = layout.vmalloc.unwrap_or_default();
            let found = Said {
                high_memory: layout.high_memory.raw(),
                vmalloc_start: area.start.raw(),
                ram_end: layout.ram_end.raw(),
                warning: layout.warnings.iter().next(),
            };
            assert_eq!(found, said, "{at}");
            layout
        }
        // No area is left, or low memory wraps round: the real kernels die of both.
        (Err(_), None) => return false,
        (Err(error), Some(said)) => {
            let LayoutRule::X86(rule) = profile.layout else { panic!("{at}: {error}") };
            assert!(said.vmalloc_start >= rule.vmalloc_end, "{at}: {error}");
            return false;
        }
        (Ok(_), None) => panic!("{at}: low memory wraps round"),
    };
    let vmalloc = layout.vmalloc.expect("an MMU");
    // In order, and apart from each other.
    let mut areas = vec![layout.lowmem, vmalloc];
    areas.extend([layout.pkmap, layout.fixmap, layout.vectors].into_iter().flatten());
    areas.extend(layout.modules.filter(|modules| *modules != vmalloc));
    areas.sort_by_key(|area| area.start);
    for pair in areas.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{at}: {pair:x?}");
    }
    assert!(areas.iter().all(|area| area.start < area.end && area.end.raw() <= 1 << 32), "{at}: {areas:x?}");
    assert_eq!(layout.high_memory, layout.lowmem.end, "{at}");
    // The gap is there, and no more than the rounding makes of it.
    let gap = vmalloc.start.raw() - layout.high_memory.raw();
    assert!(gap > 0 && gap <= 16 << 20, "{at}: a gap of {gap:#x}");
    // Low and high memory are all RAM, but what `highmem=` drops.
    assert_eq!(layout.lowmem.bytes(), layout.low.bytes(), "{at}");
    assert!(layout.low.end <= layout.ram_end && layout.ram_end.raw() <= start + ram, "{at}");
    assert!(highmem.is_some() || layout.ram_end.raw() == start + ram, "{at}");
    // Never less than asked where RAM goes beyond, but for limits, which are said.
    if let Some(asked) =
        cmdline_size(&cmdline).filter(|_| layout.low.end.raw() < start + ram && layout.warnings.iter().next().is_none())
    {
        // The gap, and up to 2.6.27 all that lies above the area.
        let above = match profile.layout {
            LayoutRule::X86(rule) => rule.reserve_end - rule.vmalloc_end,
            _ => 0,
        };
        let besides = (16 << 20) + above;
        assert!(vmalloc.bytes() + besides >= asked, "{at}: {:#x} of {asked:#x}", vmalloc.bytes());
    }
    true
}

fn cmdline_size(cmdline: &str) -> Option<u64> {
    CommandLine::new(cmdline).size("vmalloc").filter(|bytes| *bytes < 1 << 30)
}

#[test]
fn every_machine_and_command_line() {
    let narrow = PROFILES.iter().filter(|it| matches!(it.layout, LayoutRule::X86(_) | LayoutRule::Arm(_)));
    let (mut laid, mut machines) = (0, 0);
    for profile in narrow {
        machines += 1;
        for mb in RAM_MB.into_iter().filter(|mb| mb << 20 <= profile.max_ram) {
            // Whole, and with some pages less: firmware keeps the top.
            for ram in [mb << 20, (mb << 20) - (128 << 10), (mb << 20) - 4096] {
                for vmalloc in VMALLOC.into_iter().map(Some).chain([None]) {
                    for highmem in HIGHMEM.into_iter().map(Some).chain([None]) {
                        laid += usize::from(check(profile, ram, vmalloc, highmem));
                    }
                }
            }
        }
    }
    assert!(machines >= 9 && laid > 50_000, "{laid} of {machines} machines");
}
