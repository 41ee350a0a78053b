//! Which kernel a dump is of, as far as the layout of its addresses goes.
//!
//! What is asked is not a version but a rule: how `vmalloc=` becomes addresses. The rules are those of the engine's
//! profiles; this table says from which version to which each holds. Nobody writes the version on a vmallocinfo, so it is
//! found out by what there is: the log's version; else which rule, given the log's `vmalloc=`, gives the areas the same
//! log shows; else marks of age in the listing itself.

use crate::parse::kernel_log::{Cpu, KernelLog, Version};
use crate::parse::vmallocinfo::{AreaRow, VmallocInfo};
use kmem::boot::cmdline::CommandLine;
use kmem::boot::layout::{ArmLayout, Layout, LayoutRule, RamExtent, X86Layout};
use kmem::profile::{arm_3_2, arm_3_4, armhf_6_1, i386_pae_6_1, linux_2_6_i386};
use kmem::units::PhysAddr;
use kmem::Profile;

/// Kernels that share a way to lay out addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// x86, 32 bits.
    X86,
    /// ARM, 32 bits.
    Arm,
    /// 64 bits: addresses are never short.
    Wide,
}

impl Family {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86 => "32-bit x86",
            Self::Arm => "32-bit ARM",
            Self::Wide => "64-bit",
        }
    }
}

/// A kernel's rule, and how it was found.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The family.
    pub family: Family,
    /// The profile whose rule it is; `None` for 64 bits.
    pub profile: Option<&'static Profile>,
    /// The kernels that it holds for.
    pub era: &'static str,
    /// How that is known.
    pub because: String,
}

struct Rule {
    family: Family,
    from: Version,
    /// The first version that it does not hold for any more.
    until: Version,
    era: &'static str,
    profile: &'static Profile,
}

/// What `vmalloc=` counts changed with the versions named here.
///
/// ARM, `arch/arm/mm/mmu.c`, `early_vmalloc`: 3.3 put static mappings into the area, gave it one end for all boards and 240 MiB
/// besides the gap, where 3.2 has `VMALLOC_END - SZ_128M`. 5.14 keeps VMALLOC_OFFSET besides what is asked
/// (`adjust_lowmem_bounds` counts in `vmalloc_size`; before, `vmalloc_min` is VMALLOC_END less the parameter), limits it by the
/// gap more, and says MiB. 4.4 moved VMALLOC_END, which a listing shows by itself ([`super::area`]).
///
/// x86, one change of 2.6.28: `parse_vmalloc` (`arch/x86/mm/pgtable_32.c`) adds VMALLOC_OFFSET, MAXMEM counts from VMALLOC_END and
/// not from 4 GiB, and VMALLOC_START is not rounded any more (`pgtable_32.h`; today `pgtable_32_areas.h`).
const RULES: [Rule; 5] = [
    Rule { family: Family::Arm, from: (0, 0, 0), until: (3, 3, 0), era: "up to 3.2", profile: &arm_3_2::PROFILE },
    Rule { family: Family::Arm, from: (3, 3, 0), until: (5, 14, 0), era: "up to 5.13", profile: &arm_3_4::PROFILE },
    Rule { family: Family::Arm, from: (5, 14, 0), until: NEVER, era: "5.14 and later", profile: &armhf_6_1::PROFILE },
    Rule {
        family: Family::X86,
        from: (0, 0, 0),
        until: (2, 6, 28),
        era: "up to 2.6.27",
        profile: &linux_2_6_i386::PROFILE,
    },
    Rule {
        family: Family::X86,
        from: (2, 6, 28),
        until: NEVER,
        era: "2.6.28 and later",
        profile: &i386_pae_6_1::PROFILE,
    },
];
const NEVER: Version = (u32::MAX, 0, 0);

/// Callers that only one family has.
const CALLERS: [(&str, Family); 12] = [
    ("iotable_init", Family::Arm),
    ("pmd_empty_section_gap", Family::Arm),
    ("pci_reserve_io", Family::Arm),
    ("debug_ll_io_init", Family::Arm),
    ("gic_", Family::Arm),
    ("gicv2m_", Family::Arm),
    ("l2x0_", Family::Arm),
    ("acpi_os_map", Family::X86),
    ("hpet_", Family::X86),
    ("irq_init_percpu_irqstack", Family::X86),
    ("ioapic_", Family::X86),
    ("pcibios_", Family::X86),
];

impl Kernel {
    /// Finds the rule for a listing and the log that belongs to it. `None` when nothing gives the family away.
    pub fn find(listing: &VmallocInfo, log: Option<&KernelLog>) -> Option<Self> {
        if listing.digits > 8 {
            let because = match is_x86_64(listing, log) {
                true => "x86-64: addresses have 16 digits, and what else is there is a PC's".to_owned(),
                false => "addresses have 16 digits".to_owned(),
            };
            return Some(Self { family: Family::Wide, profile: None, era: "", because });
        }
        let (family, mut because) = family(listing, log)?;
        let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.family == family).collect();
        let by_version = log.and_then(|log| log.version).and_then(|version| {
            because = format!("the log is of {}.{}.{}", version.0, version.1, version.2);
            rules.iter().find(|rule| rule.from <= version && version < rule.until).copied()
        });
        let by_layout = || {
            // The latest of those that agree.
            rules.iter().rev().find(|rule| log.is_some_and(|log| explains(rule.profile, log))).copied()
        };
        // `phys=` has had its 0x since about 4.11.
        let mut by_age = || {
            because += if listing.phys_0x == Some(false) { ", an older one by its `phys=`" } else { "" };
            let rule = if listing.phys_0x == Some(false) { rules.get(1) } else { rules.last() };
            rule.copied()
        };
        let rule = match by_version {
            Some(rule) => rule,
            None => match by_layout() {
                Some(rule) => {
                    because = "its rule makes the log's areas of the log's `vmalloc=`".to_owned();
                    rule
                }
                None => by_age()?,
            },
        };
        Some(Self { family, profile: Some(rule.profile), era: rule.era, because })
    }
}

/// Who wrote it: by the log's lines, by the layout block, or by callers that only one family has.
fn family(listing: &VmallocInfo, log: Option<&KernelLog>) -> Option<(Family, String)> {
    let by_cpu = log.and_then(|log| match log.cpu? {
        Cpu::Arm => Some((Family::Arm, "the log names an ARM processor".to_owned())),
        Cpu::X86 => Some((Family::X86, "the log has a PC's memory map".to_owned())),
        _ => None,
    });
    let by_layout = || {
        // ARM has the pkmap window below the direct map, x86 above.
        let (pkmap, low) = (log?.area("pkmap")?, log?.area("lowmem")?);
        let family = if pkmap.start < low.start { Family::Arm } else { Family::X86 };
        Some((family, "the log has its pkmap window there".to_owned()))
    };
    let by_zones = || {
        // A PC's RAM begins at 0, that of ARM boards seldom so low.
        let first = log?.zones.iter().map(|zone| zone.1).min()?;
        (first >= 1 << 20).then(|| (Family::Arm, format!("the log's RAM begins at {first:#x}, not at 0")))
    };
    let by_release = || {
        let release = log?.release.as_deref()?;
        let named = [("armmp", Family::Arm), ("armv", Family::Arm), ("686", Family::X86), ("i386", Family::X86)];
        let (_, family) = named.into_iter().find(|(part, _)| release.contains(part))?;
        Some((family, format!("the log is of {release}")))
    };
    let by_caller = || {
        listing.rows.iter().find_map(|row| {
            let function = row.function();
            let (_, family) = CALLERS.iter().find(|(name, _)| function.starts_with(name))?;
            Some((*family, format!("{function} is a function of {}", family.name())))
        })
    };
    by_cpu.or_else(by_layout).or_else(by_caller).or_else(by_release).or_else(by_zones)
}

/// True for a 64-bit listing of an x86 kernel: by its log, by a caller, or by rows where only this kernel has its image and modules.
pub(super) fn is_x86_64(listing: &VmallocInfo, log: Option<&KernelLog>) -> bool {
    /// `__START_KERNEL_map`, `arch/x86/include/asm/page_64_types.h`.
    const IMAGE: u64 = 0xffff_ffff_8000_0000;
    let by_log = log.is_some_and(|log| {
        let release = log.release.as_deref().unwrap_or_default();
        log.cpu == Some(Cpu::X86) || ["x86_64", "amd64"].iter().any(|word| release.contains(word))
    });
    let has = |row: &AreaRow| {
        let of_x86 = CALLERS.iter().any(|(name, family)| *family == Family::X86 && row.function().starts_with(name));
        row.area.start >= IMAGE || of_x86
    };
    by_log || listing.rows.iter().any(has)
}

/// Bits of an address, where a log gives them away: by the processor, or by RAM and zones that only one kind has.
pub fn bits(log: Option<&KernelLog>) -> Option<u32> {
    let log = log?;
    if let Some(bits) = log.cpu.and_then(Cpu::bits) {
        return Some(bits);
    }
    let release = log.release.as_deref().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| release.contains(word));
    if log.zones.iter().any(|zone| zone.0 == "DMA32") || has(&["amd64", "x86_64", "aarch64", "arm64"]) {
        Some(64)
    } else if log.zones.iter().any(|zone| zone.0 == "HighMem") || log.area("lowmem").is_some() || has(&["686", "i386"])
    {
        Some(32)
    } else {
        None
    }
}

/// True when the rule makes the areas that a log shows of the `vmalloc=` that the log has.
fn explains(profile: &Profile, log: &KernelLog) -> bool {
    let (Some(value), Some(vmalloc), Some(low)) = (log.parameter("vmalloc"), log.area("vmalloc"), log.area("lowmem"))
    else {
        return false;
    };
    lay(profile, low.start, vmalloc.end, None, value).is_some_and(|made| {
        made.lowmem.end.raw() == low.end && made.vmalloc.is_some_and(|area| area.start.raw() == vmalloc.start)
    })
}

/// The least space for low memory, gap and vmalloc area that a kernel boots with.
const LEAST_SPACE: u64 = 64 << 20;

/// Lays addresses out by a profile's rule, with `vmalloc=` as given. `high_memory` is where RAM ends, if it ends in the
/// direct map.
pub fn lay(
    profile: &Profile,
    page_offset: u64,
    vmalloc_end: u64,
    high_memory: Option<u64>,
    value: &str,
) -> Option<Layout> {
    // The rules take it for granted that there is room for low memory below the area's end, in 32 bits.
    if page_offset >= 1 << 32 || vmalloc_end > 1 << 32 || vmalloc_end.checked_sub(page_offset)? < LEAST_SPACE {
        return None;
    }
    let end = high_memory.unwrap_or(1 << 32).checked_sub(page_offset)?;
    let cmdline = format!("vmalloc={value}");
    let ram = RamExtent { start: 0, end, beyond: 0 };
    let with_end = profile_with_end(profile, page_offset, vmalloc_end);
    Layout::new(&with_end, ram, CommandLine::new(&cmdline)).ok()
}

/// Returns a profile with the area's end and the direct map's start where a machine has them, and RAM from address 0.
fn profile_with_end(profile: &Profile, page_offset: u64, vmalloc_end: u64) -> Profile {
    let layout = match profile.layout {
        LayoutRule::Arm(rule) => LayoutRule::Arm(ArmLayout { vmalloc_end, ..rule }),
        LayoutRule::X86(rule) => {
            // Up to 2.6.27 the reserve went up to the fixmap, later to the area's end.
            let reserve_end = if rule.reserve_end == rule.vmalloc_end { vmalloc_end } else { rule.reserve_end };
            LayoutRule::X86(X86Layout { vmalloc_end, reserve_end, ..rule })
        }
        other => other,
    };
    let page_offset = kmem::units::VirtAddr::new(page_offset);
    Profile { layout, page_offset, phys_offset: PhysAddr::new(0), ..*profile }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vmalloc_counts_depends_on_the_kernel() {
        let start = |profile: &Profile, end: u64, value: &str| {
            lay(profile, 0xc000_0000, end, None, value).and_then(|layout| layout.vmalloc).map(|area| area.start.raw())
        };
        assert_eq!(start(&arm_3_4::PROFILE, 0xff00_0000, "217M"), Some(0xf180_0000));
        assert_eq!(start(&armhf_6_1::PROFILE, 0xff80_0000, "240M"), Some(0xf080_0000));
        assert_eq!(start(&i386_pae_6_1::PROFILE, 0xfeff_e000, "64M"), Some(0xfaff_e000));
    }

    #[test]
    fn addresses_that_cannot_be_have_no_layout() {
        for profile in RULES.iter().map(|rule| rule.profile) {
            for (offset, end) in
                [(0xc000_0000, 0xc000_1000), (0xc000_0000, 0x1000), (u64::MAX, u64::MAX), (0, u64::MAX)]
            {
                assert!(lay(profile, offset, end, None, "128M").is_none(), "{} {offset:#x} {end:#x}", profile.name);
            }
            assert!(lay(profile, 0xc000_0000, 0xff00_0000, Some(0xb000_0000), "128M").is_none());
        }
    }
}
