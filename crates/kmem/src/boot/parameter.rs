//! The boot parameters that are known: one table, with who takes each, what its value is, and which kernels have it.
//!
//! A parameter is held until boot: it cannot be changed while the kernel runs. What its value does is decided by the part that
//! it belongs to (layout, slab, huge pages); here is only what a person asks before writing it.
//!
//! Source: `Documentation/admin-guide/kernel-parameters.txt`, and the parts' own.

use super::cmdline::{memparse, same_name};
use super::layout::LayoutRule;
use crate::profile::{Firmware, Profile, SlabKind, Version, ZoneKind};

/// What is known of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// The memory system acts on it.
    Used,
    /// A parameter of the memory system of a kernel in the profiles that has no effect here.
    Accepted,
    /// Another part of a kernel, a board or the first program takes it.
    Elsewhere,
    /// Nobody known.
    No,
}

/// What stands behind a parameter's `=`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Nothing, and no `=`.
    Nothing,
    /// A size as [`memparse`] reads it: `64M`.
    Size,
    /// A size, or a percentage: `64M`, `20%`.
    SizeOrPercent,
    /// A whole number.
    Number,
    /// `on`, `off`, `1`, `0`.
    Switch,
    /// Words of its own.
    Words,
}

/// Which machines have a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// All.
    Nothing,
    /// Those whose vmalloc area lies beside low memory: 32 bits with an MMU.
    SplitSpace,
    /// A PC.
    Pc,
    /// x86-32.
    X86Split,
    /// Those with huge pages.
    HugePages,
    /// Those with a contiguous area.
    Cma,
    /// Those with SLUB.
    Slub,
    /// Those with several zones that pages can move between.
    Mmu,
}

/// A parameter that is known, by its name. A `*` at the end stands for any rest.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// Who takes it.
    pub state: Known,
    /// What its value is.
    pub takes: Takes,
    /// Which machines have it.
    pub needs: Needs,
    /// The first kernel that has it.
    pub since: Version,
    /// What it does, in a few words; empty for what is not memory's business.
    pub about: &'static str,
}

impl Parameter {
    /// True when the profile's kernel reads it.
    pub fn exists(&self, profile: &Profile) -> bool {
        let layout = profile.layout;
        profile.version >= self.since
            && match self.needs {
                Needs::Nothing => true,
                Needs::Mmu => profile.paging.is_some(),
                Needs::SplitSpace => matches!(layout, LayoutRule::X86(_) | LayoutRule::Arm(_)),
                Needs::Pc => matches!(profile.firmware, Firmware::Pc { .. }),
                Needs::X86Split => {
                    matches!(layout, LayoutRule::X86(_))
                        && profile.zones.iter().any(|zone| zone.kind == ZoneKind::HighMem)
                }
                Needs::HugePages => profile.image.huge_page_bytes > 0,
                Needs::Cma => profile.image.cma.is_some(),
                Needs::Slub => profile.slab.kind() == SlabKind::Slub,
            }
    }
    /// True when a kernel makes something of this value. What it cannot read it takes as 0 or lets go, without a word.
    pub fn reads(&self, value: Option<&str>) -> bool {
        let size = |text: &str| memparse(text).is_some_and(|(_, rest)| rest.is_empty());
        match (self.takes, value) {
            (Takes::Nothing, value) => value.is_none(),
            (_, None) => self.takes == Takes::Switch,
            (_, Some("")) => false,
            (Takes::Size, Some(text)) => size(text.split('@').next().unwrap_or(text)),
            (Takes::SizeOrPercent, Some(text)) => {
                let percent = text.strip_suffix('%').and_then(|number| number.parse::<u64>().ok());
                size(text) || percent.is_some_and(|percent| percent <= 100) || text == "mirror"
            }
            (Takes::Number, Some(text)) => text.parse::<u32>().is_ok(),
            (Takes::Switch, Some(text)) => matches!(text, "0" | "1" | "on" | "off" | "y" | "n" | "Y" | "N"),
            (Takes::Words, Some(_)) => true,
        }
    }
    const fn takes(self, takes: Takes) -> Self {
        Self { takes, ..self }
    }
    const fn on(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }
    const fn since(self, since: Version) -> Self {
        Self { since, ..self }
    }
}

const fn row(name: &'static str, state: Known, about: &'static str) -> Parameter {
    Parameter { name, state, takes: Takes::Words, needs: Needs::Nothing, since: (0, 0, 0), about }
}
const fn used(name: &'static str, about: &'static str) -> Parameter {
    row(name, Known::Used, about)
}
const fn accepted(name: &'static str, about: &'static str) -> Parameter {
    row(name, Known::Accepted, about)
}
const fn elsewhere(name: &'static str) -> Parameter {
    row(name, Known::Elsewhere, "")
}

/// The parameters that are known.
pub static PARAMETERS: &[Parameter] = &[
    used("mem", "RAM ends here, whatever the firmware says; on ARM `SIZE@START`, a piece of it").takes(Takes::Size),
    used("vmalloc", "bytes of the vmalloc area (32-bit machines)").takes(Takes::Size).on(Needs::SplitSpace),
    used("highmem", "bytes of high memory: moves low memory up, or drops RAM").takes(Takes::Size).on(Needs::X86Split),
    used("kernelcore", "bytes or percent for the kernel; the rest becomes ZONE_MOVABLE (`mirror`: refused with a warning)").takes(Takes::SizeOrPercent).on(Needs::Mmu).since((2, 6, 23)),
    used("movablecore", "bytes or percent of ZONE_MOVABLE").takes(Takes::SizeOrPercent).on(Needs::Mmu).since((2, 6, 23)),
    used("transparent_hugepage", "`never` keeps khugepaged from raising min_free_kbytes").on(Needs::HugePages).since((2, 6, 38)),
    used("slub_debug", "checks in SLUB caches: `FZPU,name*;…`").on(Needs::Slub),
    used("slab_debug", "the same, as 6.9 and later call it").on(Needs::Slub).since((6, 9, 0)),
    used("slab_nomerge", "caches of equal geometry stay apart (SLUB; since 3.18 so, before as slub_nomerge)").takes(Takes::Nothing).on(Needs::Slub).since((3, 18, 0)),
    used("slub_nomerge", "caches of equal geometry stay apart").takes(Takes::Nothing).on(Needs::Slub),
    used("slub_max_order", "largest order of a slab").takes(Takes::Number).on(Needs::Slub),
    used("slub_min_order", "smallest order of a slab").takes(Takes::Number).on(Needs::Slub),
    used("slub_min_objects", "objects a slab should hold").takes(Takes::Number).on(Needs::Slub),
    used("slab_max_order", "largest order of a slab (6.9 and later)").takes(Takes::Number).on(Needs::Slub).since((6, 9, 0)),
    used("slab_min_order", "smallest order of a slab (6.9 and later)").takes(Takes::Number).on(Needs::Slub).since((6, 9, 0)),
    used("slab_min_objects", "objects a slab should hold (6.9 and later)").takes(Takes::Number).on(Needs::Slub).since((6, 9, 0)),
    used("sysctl.vm.*", "a tunable under /proc/sys/vm, written when boot ends: min_free_kbytes, watermark_scale_factor, lowmem_reserve_ratio and others"),
    accepted("memblock", "`debug` logs early allocations"),
    used("memmap", "the firmware's map by hand: `64M$512M` reserves, `@` gives, `#` is ACPI's, `!` a driver's; `exactmap`").on(Needs::Pc),
    used("cma", "size of the contiguous area").takes(Takes::Size).on(Needs::Cma),
    used("hugepages", "huge pages taken at boot; those larger than the largest block come off RAM").on(Needs::HugePages),
    used("hugepagesz", "which size of huge pages is meant").takes(Takes::Size).on(Needs::HugePages),
    used("default_hugepagesz", "the usual size of huge pages").takes(Takes::Size).on(Needs::HugePages),
    used("init_on_alloc", "`1`: zero what modules allocate").takes(Takes::Switch).since((5, 3, 0)),
    accepted("init_on_free", "zero what is freed").takes(Takes::Switch).since((5, 3, 0)),
    used("page_poison", "`1`: fill freed pages, and see writes to them when they are allocated again").takes(Takes::Switch).since((4, 6, 0)),
    used("page_owner", "`on`: remember who allocated a page").takes(Takes::Switch).since((3, 19, 0)),
    accepted("page_alloc.shuffle", "shuffle the free lists").takes(Takes::Switch).since((5, 2, 0)),
    accepted("debug_pagealloc", "unmap free pages").takes(Takes::Switch).since((3, 18, 0)),
    accepted("debug_guardpage_minorder", "order of guard pages").takes(Takes::Number).since((3, 3, 0)),
    used("slub_merge", "takes slub_nomerge back").takes(Takes::Nothing).on(Needs::Slub).since((4, 18, 0)),
    used("slab_merge", "takes slab_nomerge back").takes(Takes::Nothing).on(Needs::Slub).since((5, 18, 0)),
    accepted("dhash_entries", "entries of the dentry hash").takes(Takes::Number),
    accepted("ihash_entries", "entries of the inode hash").takes(Takes::Number),
    accepted("hashdist", "large hashes over all nodes").takes(Takes::Number),
    accepted("numa", "NUMA on or off"),
    accepted("numa_balancing", "NUMA balancing"),
    accepted("cgroup_disable", "cgroup controllers that are off"),
    accepted("cgroup.memory", "memory cgroup options"),
    accepted("swapaccount", "memory cgroup options").takes(Takes::Switch),
    accepted("swiotlb", "bounce buffers"),
    accepted("kasan", "KASAN on or off"),
    accepted("kfence.*", "KFENCE"),
    accepted("percpu_alloc", "which first chunk allocator"),
    accepted("kasan.*", "KASAN"),
    accepted("kmemleak", "kmemleak on or off"),
    accepted("norandmaps", "no randomised user addresses").takes(Takes::Nothing),
    accepted("stack_guard_gap", "pages between stacks and what lies below").takes(Takes::Number),
    accepted("user_debug", "what is said of user faults"),
    accepted("nopae", "no PAE").takes(Takes::Nothing).on(Needs::X86Split),
    accepted("noexec", "no-execute pages"),
    accepted("lowmem_debug", "says what is low memory"),
    accepted("kmem.*", "kmem's own"),
    elsewhere("console"),
    elsewhere("earlycon"),
    elsewhere("earlyprintk"),
    elsewhere("loglevel"),
    elsewhere("ignore_loglevel"),
    elsewhere("quiet"),
    elsewhere("debug"),
    elsewhere("verbose"),
    elsewhere("splash"),
    elsewhere("log_buf_len"),
    elsewhere("no_hash_pointers"),
    elsewhere("printk.*"),
    elsewhere("nokaslr"),
    elsewhere("kaslr"),
    elsewhere("root"),
    elsewhere("rootfstype"),
    elsewhere("rootflags"),
    elsewhere("rootwait"),
    elsewhere("rootdelay"),
    elsewhere("ro"),
    elsewhere("rw"),
    elsewhere("init"),
    elsewhere("rdinit"),
    elsewhere("initrd"),
    elsewhere("noinitrd"),
    elsewhere("ramdisk_size"),
    elsewhere("resume"),
    elsewhere("noresume"),
    elsewhere("ip"),
    elsewhere("nfsroot"),
    elsewhere("panic"),
    elsewhere("oops"),
    elsewhere("single"),
    elsewhere("nosmp"),
    elsewhere("maxcpus"),
    elsewhere("nr_cpus"),
    elsewhere("possible_cpus"),
    elsewhere("isolcpus"),
    elsewhere("acpi"),
    elsewhere("acpi_osi"),
    elsewhere("apic"),
    elsewhere("noapic"),
    elsewhere("nolapic"),
    elsewhere("lapic"),
    elsewhere("pci"),
    elsewhere("pcie_aspm"),
    elsewhere("tsc"),
    elsewhere("clocksource"),
    elsewhere("lpj"),
    elsewhere("nohz"),
    elsewhere("highres"),
    elsewhere("hpet"),
    elsewhere("idle"),
    elsewhere("processor.*"),
    elsewhere("mitigations"),
    elsewhere("nopti"),
    elsewhere("pti"),
    elsewhere("spectre_v2"),
    elsewhere("selinux"),
    elsewhere("enforcing"),
    elsewhere("security"),
    elsewhere("apparmor"),
    elsewhere("audit"),
    elsewhere("lsm"),
    elsewhere("BOOT_IMAGE"),
    elsewhere("auto"),
    elsewhere("vga"),
    elsewhere("video"),
    elsewhere("nomodeset"),
    elsewhere("fbcon"),
    elsewhere("net.ifnames"),
    elsewhere("biosdevname"),
    elsewhere("crashkernel"),
    elsewhere("watchdog"),
    elsewhere("nowatchdog"),
    elsewhere("nmi_watchdog"),
    elsewhere("softlockup_panic"),
    elsewhere("usbcore.*"),
    elsewhere("nosplash"),
    elsewhere("fastboot"),
    elsewhere("raid"),
    elsewhere("ide"),
    elsewhere("ide0"),
    elsewhere("nousb"),
    elsewhere("mtdparts"),
    elsewhere("machtype"),
    elsewhere("fdt"),
    elsewhere("androidboot.*"),
    elsewhere("user_root"),
    elsewhere("kgsl.*"),
    elsewhere("msm_rtb.*"),
    elsewhere("ehci_hcd.*"),
    elsewhere("lcd"),
    elsewhere("lpm_levels.*"),
    elsewhere("zcache"),
    elsewhere("coherent_pool"),
];

/// Returns what is known of a parameter by its name.
///
/// A name with a dot belongs to a module, known here or not; kernels do not report those either.
pub fn state_of(name: &str) -> Known {
    let matches = |known: &Parameter| match known.name.strip_suffix('*') {
        Some(prefix) => name.get(..prefix.len()).is_some_and(|head| same_name(head, prefix)),
        None => same_name(name, known.name),
    };
    match PARAMETERS.iter().find(|known| matches(known)) {
        Some(known) => known.state,
        None if name.contains('.') => Known::Elsewhere,
        None => Known::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{amd64_6_12, cortex_m, i386_pae_6_1, msm8x25, PROFILES};

    fn find(name: &str) -> &'static Parameter {
        PARAMETERS.iter().find(|known| known.name == name).expect("a parameter")
    }

    #[test]
    fn machines_have_what_is_theirs() {
        let has = |profile: &Profile, name| find(name).exists(profile);
        for (profile, name, there) in [
            (&i386_pae_6_1::PROFILE, "vmalloc", true),
            (&i386_pae_6_1::PROFILE, "highmem", true),
            (&msm8x25::PROFILE, "vmalloc", true),
            (&msm8x25::PROFILE, "highmem", false),
            (&amd64_6_12::PROFILE, "vmalloc", false),
            (&amd64_6_12::PROFILE, "slab_max_order", true),
            (&i386_pae_6_1::PROFILE, "slab_max_order", false),
            (&cortex_m::PROFILE, "kernelcore", false),
        ] {
            assert_eq!(has(profile, name), there, "{} {name}", profile.name);
        }
        assert!(PROFILES.iter().all(|profile| has(profile, "mem")));
    }

    #[test]
    fn values_are_what_a_parameter_takes() {
        for (name, value, reads) in [
            ("vmalloc", Some("200M"), true),
            ("vmalloc", Some("200M8"), false),
            ("vmalloc", Some("much"), false),
            ("vmalloc", None, false),
            ("kernelcore", Some("20%"), true),
            ("kernelcore", Some("120%"), false),
            ("slab_nomerge", None, true),
            ("slab_nomerge", Some("1"), false),
            ("page_owner", Some("on"), true),
            ("page_owner", Some("maybe"), false),
            ("slub_max_order", Some("-1"), false),
            ("cma", Some("64M@0-1G"), true),
        ] {
            assert_eq!(find(name).reads(value), reads, "{name} {value:?}");
        }
    }

    #[test]
    fn no_name_is_there_twice() {
        for (at, known) in PARAMETERS.iter().enumerate() {
            assert!(!PARAMETERS[..at].iter().any(|other| same_name(other.name, known.name)), "{}", known.name);
        }
    }
}
