//! `kmem_machine.h`: what C must know of the machine, as constants. `../ABI.md` lists them.

use crate::api::Api;
use crate::compile::Era;
use crate::place::Moved;
use kmem::gfp::Gfp;
use kmem::profile::ZoneKind;
use kmem::Kernel;
use kmem_hosted::Hosted;
use std::fmt::Write as _;

/// The GFP bits by the names that the headers know.
const GFP: &[(&str, Gfp)] = &[
    ("DMA", Gfp::DMA),
    ("HIGHMEM", Gfp::HIGHMEM),
    ("DMA32", Gfp::DMA32),
    ("MOVABLE", Gfp::MOVABLE),
    ("RECLAIMABLE", Gfp::RECLAIMABLE),
    ("HIGH", Gfp::HIGH),
    ("IO", Gfp::IO),
    ("FS", Gfp::FS),
    ("ZERO", Gfp::ZERO),
    ("ATOMIC", Gfp::ATOMIC_BIT),
    ("DIRECT_RECLAIM", Gfp::DIRECT_RECLAIM),
    ("KSWAPD_RECLAIM", Gfp::KSWAPD_RECLAIM),
    ("WRITE", Gfp::WRITE),
    ("NOWARN", Gfp::NOWARN),
    ("RETRY_MAYFAIL", Gfp::RETRY_MAYFAIL),
    ("NOFAIL", Gfp::NOFAIL),
    ("NORETRY", Gfp::NORETRY),
    ("MEMALLOC", Gfp::MEMALLOC),
    ("COMP", Gfp::COMP),
    ("NOMEMALLOC", Gfp::NOMEMALLOC),
    ("HARDWALL", Gfp::HARDWALL),
    ("THISNODE", Gfp::THISNODE),
    ("ACCOUNT", Gfp::ACCOUNT),
    ("COLD", Gfp::COLD),
    ("NO_GROW", Gfp::NO_GROW),
];

/// What every machine offers to modules.
const ALWAYS: &[&str] = &["CONFIG_MODULES", "CONFIG_MODULE_UNLOAD", "CONFIG_PRINTK", "CONFIG_PROC_FS", "CONFIG_SYSFS"];
/// What came after 2.6.18.
const ALWAYS_MODERN: &[&str] =
    &["CONFIG_HAS_DMA", "CONFIG_HAS_IOMEM", "CONFIG_INIT_STACK_NONE", "CONFIG_KUNIT", "CONFIG_STACKTRACE"];

/// Writes the header for a booted machine.
pub fn text(kernel: &Kernel<Hosted>, api: Api, configs: &[String]) -> String {
    let era = api.era;
    let profile = kernel.profile;
    let layout = &kernel.plan().layout;
    let gfp = era.gfp(kernel);
    let (major, minor, patch) = api.version;
    let mut text = String::from("#pragma once\n");
    let mut define = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "#define {name} {value}");
    };
    let word = |value: u64| format!("{value:#x}UL");
    define("KMEM_ERA", if era == Era::Old { "26" } else { "60" }.into());
    define("LINUX_VERSION_CODE", ((major << 16) + (minor << 8) + patch.min(255)).to_string());
    define("KMEM_PAGE_OFFSET", word(profile.page_offset.raw()));
    define("KMEM_PHYS_OFFSET", word(profile.phys_offset.raw()));
    define("KMEM_FIRST_PFN", word(kernel.first_pfn().raw()));
    let mem_map = kernel.phys_to_virt(kernel.mem_map().start).map_or(0, |addr| addr.raw());
    define("KMEM_MEM_MAP", word(mem_map));
    define("KMEM_SIZEOF_PAGE", profile.struct_page.to_string());
    define("KMEM_MAX_PFN", word(layout.ram_end.raw() >> 12));
    define("KMEM_MAX_LOW_PFN", word(layout.low.end.raw() >> 12));
    let (start, end) = layout.vmalloc.map_or((0, 0), |range| (range.start.raw(), range.end.raw()));
    define("KMEM_VMALLOC_START", word(start));
    define("KMEM_VMALLOC_END", word(end));
    if let Some(moved) = Moved::of(profile) {
        let areas = moved.areas().map(|(here, distance)| {
            format!("{{ {}, {}, {} }}", word(here.start.raw()), word(here.end.raw()), word(distance))
        });
        define("KMEM_MOVED", areas.collect::<Vec<_>>().join(", "));
    }
    define("KMEM_HIGH_MEMORY", word(layout.high_memory.raw()));
    define("KMEM_TOTALRAM_PAGES", word(kernel.total_pages()));
    define("KMEM_TOP_ORDER", profile.top_order.to_string());
    define("KMEM_NR_CPUS", kernel.plan().cpus.to_string());
    define("KMEM_HZ", profile.hz.to_string());
    let rule = kernel.slab().kmalloc().rule();
    // SLOB has no classes; its least size is 8, or the least alignment.
    define("KMEM_KMALLOC_MIN", rule.classes.first().copied().unwrap_or(rule.min_align.max(8)).to_string());
    define("KMEM_KMALLOC_MAX_CACHE", format!("{}UL", rule.max_cached));
    define("KMEM_KMALLOC_MAX", format!("{}UL", rule.max));
    define("KMEM_KMALLOC_MINALIGN", rule.min_align.to_string());
    // Without an MMU user space is all there is.
    define("KMEM_TASK_SIZE", word(if profile.task_size == 0 { 0xffff_ffff } else { profile.task_size }));
    define("KMEM_UTS_RELEASE", format!("{:?}", profile.release));
    for (name, flag) in GFP {
        define(&format!("KMEM_GFP_{name}"), format!("{:#x}", gfp.encode(*flag)));
    }
    let has_zone = |kind| profile.zones.iter().any(|zone| zone.kind == kind);
    profile.configs.iter().for_each(|name| define(name, "1".into()));
    define(profile.slab.kind().config(), "1".into());
    define("CONFIG_BASE_SMALL", "0".into());
    define("CONFIG_HZ", profile.hz.to_string());
    define("CONFIG_NR_CPUS", kernel.plan().cpus.to_string());
    ALWAYS.iter().for_each(|name| define(name, "1".into()));
    if era == Era::Modern {
        ALWAYS_MODERN.iter().for_each(|name| define(name, "1".into()));
    }
    for (name, set) in [
        ("CONFIG_MMU", profile.paging.is_some()),
        ("CONFIG_HIGHMEM", layout.pkmap.is_some()),
        ("CONFIG_ZONE_DMA", has_zone(ZoneKind::Dma)),
        ("CONFIG_ZONE_DMA32", has_zone(ZoneKind::Dma32)),
        ("CONFIG_SMP", kernel.plan().cpus > 1),
        ("CONFIG_PHYS_ADDR_T_64BIT", profile.phys_addr_bytes == 8),
    ] {
        if set {
            define(name, "1".into());
        }
    }
    for config in configs {
        let (name, value) = config.split_once('=').unwrap_or((config, "y"));
        match value {
            "n" => {}
            "y" => define(name, "1".into()),
            "m" => define(&format!("{name}_MODULE"), "1".into()),
            other => define(name, other.into()),
        }
    }
    text
}
