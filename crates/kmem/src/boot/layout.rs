//! The virtual address space of the kernel: a pure function of profile, RAM and command line.
//!
//! A 32-bit kernel has the top gigabyte for itself. The bottom of it maps RAM directly (low memory), the top holds what
//! is mapped page by page: the vmalloc area, the pkmap window, the fixmap. RAM and vmalloc area compete for the space;
//! `vmalloc=` says how much the vmalloc area is to have, and RAM that then finds no place is high memory.
//!
//! ```text
//!     PAGE_OFFSET                high_memory   VMALLOC_START          VMALLOC_END
//!     |-- low memory, mapped directly --|...gap...|---- vmalloc area ----| pkmap fixmap vectors |
//! ```
//!
//! A 64-bit kernel has addresses in plenty: all RAM is mapped directly, and every area has a fixed place of its own.
//!
//! The gap of up to 8 MiB catches accesses past the end of the direct map. It is no guard of a fixed size: where the
//! start of the vmalloc area is rounded, the gap is what the rounding leaves.
//!
//! Sources: x86-32 of 6.1 `arch/x86/mm/init_32.c` (`find_low_pfn_range`), `pgtable_32_areas.h`, `pgtable_32.c`
//! (`parse_vmalloc`); of 2.6 `arch/i386/kernel/setup.c` (`find_max_low_pfn`), `include/asm-i386/{pgtable,highmem,
//! fixmap}.h`; ARM of 3.4 `arch/arm/mm/mmu.c` (`early_vmalloc`, `sanity_check_meminfo`), `include/asm/pgtable.h`; 64-bit
//! machines: `Documentation/x86/x86_64/mm.rst`, `Documentation/arm64/memory.rst`, `Documentation/riscv/vm-layout.rst`.

use super::cmdline::CommandLine;
pub use super::warning::{Warning, Warnings, Wording};
use super::BootError;
use crate::profile::Profile;
use crate::units::{align_down, align_up, PhysAddr, PhysRange, VirtAddr, PAGE_SIZE};

/// A half-open range of virtual addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VirtRange {
    /// First byte.
    pub start: VirtAddr,
    /// One past the last byte.
    pub end: VirtAddr,
}

impl VirtRange {
    /// Returns the range from `start` to `end`, both raw addresses; an end below the start makes an empty range.
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start: VirtAddr::new(start), end: VirtAddr::new(if end < start { start } else { end }) }
    }
    /// Returns the number of bytes.
    pub const fn bytes(self) -> u64 {
        self.end.raw() - self.start.raw()
    }
    /// True when `addr` lies inside.
    pub const fn contains(self, addr: VirtAddr) -> bool {
        self.start.raw() <= addr.raw() && addr.raw() < self.end.raw()
    }
}

/// How a kernel lays out its address space.
#[derive(Clone, Copy, Debug)]
pub enum LayoutRule {
    /// No MMU: addresses are physical, and all RAM is low.
    NoMmu,
    /// A 3 GiB / 1 GiB split, as x86-32 does it.
    X86(X86Layout),
    /// A 3 GiB / 1 GiB split, as ARM does it.
    Arm(ArmLayout),
    /// A 64-bit address space: every area has a place of its own.
    Wide(WideLayout),
}

impl LayoutRule {
    /// Returns the distance from physical addresses of the kernel image to virtual ones where the image is not part of the
    /// direct map.
    pub const fn image_distance(&self) -> Option<u64> {
        match self {
            Self::Wide(rule) => Some(rule.image_distance),
            _ => None,
        }
    }
}

/// Constants of the 64-bit rule. First addresses, and ones past the last.
#[derive(Clone, Copy, Debug)]
pub struct WideLayout {
    /// The vmalloc area. Its end is what the kernel takes off: x86 and RISC-V take the last address itself.
    pub vmalloc: (u64, u64),
    /// The page structures of all possible RAM.
    pub vmemmap: (u64, u64),
    /// Pages at fixed addresses.
    pub fixmap: (u64, u64),
    /// Code and data of modules.
    pub modules: (u64, u64),
    /// From physical addresses of the kernel image to virtual ones.
    pub image_distance: u64,
    /// Bits of a physical address that the kernel can use.
    pub phys_bits: u32,
}

/// Constants of the x86-32 rule.
#[derive(Clone, Copy, Debug)]
pub struct X86Layout {
    /// End of the vmalloc area: two pages below the pkmap window.
    pub vmalloc_end: u64,
    /// First address of the pkmap window.
    pub pkmap: u64,
    /// Its slots, a page each.
    pub pkmap_slots: u32,
    /// First address of the fixmap.
    pub fixmap: u64,
    /// Past its last address: the top page of the address space stays free.
    pub fixmap_end: u64,
    /// Bytes of the gap: `VMALLOC_OFFSET`.
    pub gap: u64,
    /// Bytes kept from the direct map when nothing is said: `__VMALLOC_RESERVE`, the gap included.
    pub reserve: u64,
    /// Whether `vmalloc=` names the area alone, so that the gap is kept besides (6.1), or the whole reserve (2.6).
    pub parameter_excludes_gap: bool,
    /// Where the space for the direct map and the reserve ends.
    pub reserve_end: u64,
    /// Where the vmalloc area starts.
    pub start: StartRule,
    /// Whether the kernel says so when there is RAM beyond (2.6; later ones do not even look there).
    pub says_beyond: bool,
}

/// Where the vmalloc area starts, seen from the end of low memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartRule {
    /// Exactly the gap further up.
    Plain,
    /// Rounded up to a multiple of the gap, and the gap further up: 8 to 16 MiB.
    UpThenGap,
    /// The gap further up, then rounded down to a multiple of it: 0 to 8 MiB.
    GapThenDown,
}

impl StartRule {
    fn apply(self, high_memory: u64, gap: u64) -> u64 {
        match self {
            Self::Plain => high_memory + gap,
            Self::UpThenGap => align_up(high_memory, gap) + gap,
            Self::GapThenDown => align_down(high_memory + gap, gap),
        }
    }
}

/// Constants of the ARM rule.
#[derive(Clone, Copy, Debug)]
pub struct ArmLayout {
    /// End of the vmalloc area.
    pub vmalloc_end: u64,
    /// Bytes of the gap: `VMALLOC_OFFSET`.
    pub gap: u64,
    /// Bytes of the vmalloc area when nothing is said; the gap is kept besides.
    pub default: u64,
    /// Whether the gap is kept besides what `vmalloc=` says, too.
    pub parameter_excludes_gap: bool,
    /// The least that `vmalloc=` may say.
    pub least: u64,
    /// The least that must stay for low memory.
    pub least_low: u64,
    /// The pkmap window.
    pub pkmap: (u64, u64),
    /// The fixmap.
    pub fixmap: (u64, u64),
    /// Memory for modules, below the direct map.
    pub modules: (u64, u64),
    /// The exception vectors.
    pub vectors: (u64, u64),
}

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct Layout {
    /// RAM that is mapped directly, from its first byte to its last; holes in it included.
    pub low: PhysRange,
    /// One past the last byte of RAM that the kernel uses.
    pub ram_end: PhysAddr,
    /// The direct map.
    pub lowmem: VirtRange,
    /// One past the last address of the direct map.
    pub high_memory: VirtAddr,
    /// The vmalloc area; `None` without an MMU.
    pub vmalloc: Option<VirtRange>,
    /// The pkmap window; `None` where there is no high memory in the kernel.
    pub pkmap: Option<VirtRange>,
    /// The fixmap.
    pub fixmap: Option<VirtRange>,
    /// Where modules are put. On x86-32 this is the vmalloc area.
    pub modules: Option<VirtRange>,
    /// The exception vectors, where they have a page of their own.
    pub vectors: Option<VirtRange>,
    /// The page structures, where they have addresses of their own.
    pub vmemmap: Option<VirtRange>,
    /// What the kernel says about it, in order.
    pub warnings: Warnings,
}

/// RAM as the layout sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RamExtent {
    /// Its first byte.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    /// Bytes of RAM besides that lie above what page tables reach.
    pub beyond: u64,
}

impl Layout {
    /// Lays out the address space. Pure: the same arguments give the same layout.
    ///
    /// # Errors
    /// - [`BootError::VmallocLeavesNoLow`]: `vmalloc=` is more than the kernel's address space.
    /// - [`BootError::NoVmallocArea`]: it is so little that nothing remains above low memory.
    pub fn new(profile: &Profile, ram: RamExtent, cmdline: CommandLine<'_>) -> Result<Self, BootError> {
        match &profile.layout {
            LayoutRule::NoMmu => Ok(Self::without_mmu(profile, ram)),
            LayoutRule::X86(rule) => Self::x86(profile, rule, ram, cmdline),
            LayoutRule::Arm(rule) => Ok(Self::arm(profile, rule, ram, cmdline)),
            LayoutRule::Wide(rule) => Ok(Self::wide(profile, rule, ram)),
        }
    }

    fn without_mmu(profile: &Profile, ram: RamExtent) -> Self {
        let offset = profile.page_offset.raw().wrapping_sub(profile.phys_offset.raw());
        // Only whole pages count.
        let end = align_down(ram.end, PAGE_SIZE);
        let high_memory = end.wrapping_add(offset);
        Self {
            low: PhysRange::new(ram.start, end),
            ram_end: PhysAddr::new(end),
            lowmem: VirtRange::new(ram.start.wrapping_add(offset), high_memory),
            high_memory: VirtAddr::new(high_memory),
            vmalloc: None,
            pkmap: None,
            fixmap: None,
            modules: None,
            vectors: None,
            vmemmap: None,
            warnings: Warnings::default(),
        }
    }

    fn wide(profile: &Profile, rule: &WideLayout, ram: RamExtent) -> Self {
        let range = |(start, end)| Some(VirtRange::new(start, end));
        Self {
            vmalloc: range(rule.vmalloc),
            fixmap: range(rule.fixmap),
            modules: range(rule.modules),
            vmemmap: range(rule.vmemmap),
            // Physical addresses begin with the profile's, whether there is RAM or not.
            ..Self::without_mmu(profile, RamExtent { start: profile.phys_offset.raw(), ..ram })
        }
    }

    fn x86(profile: &Profile, rule: &X86Layout, ram: RamExtent, cmdline: CommandLine<'_>) -> Result<Self, BootError> {
        let page_offset = profile.page_offset.raw();
        let mut warnings = Warnings::default();
        let asked = cmdline.size_in_word("vmalloc", profile.word_bytes);
        let reserve = match asked {
            Some(bytes) if rule.parameter_excludes_gap => (bytes + rule.gap) & 0xffff_ffff,
            Some(bytes) => bytes,
            None => rule.reserve,
        };
        let space = rule.reserve_end - page_offset;
        let most_low = match space.checked_sub(reserve) {
            Some(bytes) if bytes >= PAGE_SIZE => align_down(bytes, PAGE_SIZE),
            _ => return Err(BootError::VmallocLeavesNoLow { asked: asked.unwrap_or(reserve), space }),
        };
        let mut ram_end = align_down(ram.end, PAGE_SIZE);
        if ram.beyond > 0 && rule.says_beyond {
            warnings.push(Warning::RamBeyondPageTables);
        }
        let highmem = cmdline.size("highmem").map(|bytes| align_down(bytes, PAGE_SIZE));
        let low_end;
        if ram_end <= most_low {
            low_end = ram_end - Self::highmem_out_of_low(highmem.unwrap_or(0), ram_end, &mut warnings);
        } else {
            low_end = most_low;
            let there = ram_end - most_low;
            match highmem {
                Some(asked) if asked < there => ram_end = most_low + asked,
                Some(asked) if asked > there => {
                    warnings.push(Warning::HighmemMoreThanThereIs { there_mb: there >> 20, asked_mb: asked >> 20 })
                }
                _ => (),
            }
        }
        let high_memory = page_offset + low_end;
        let vmalloc = VirtRange::new(rule.start.apply(high_memory, rule.gap), rule.vmalloc_end);
        if vmalloc.bytes() == 0 {
            return Err(BootError::NoVmallocArea { high_memory, vmalloc_end: rule.vmalloc_end });
        }
        let pkmap_end = rule.pkmap + u64::from(rule.pkmap_slots) * PAGE_SIZE;
        Ok(Self {
            low: PhysRange::new(profile.phys_offset.raw(), low_end),
            ram_end: PhysAddr::new(ram_end),
            lowmem: VirtRange::new(page_offset, high_memory),
            high_memory: VirtAddr::new(high_memory),
            vmalloc: Some(vmalloc),
            pkmap: Some(VirtRange::new(rule.pkmap, pkmap_end)),
            fixmap: Some(VirtRange::new(rule.fixmap, rule.fixmap_end)),
            modules: Some(vmalloc),
            vectors: None,
            vmemmap: None,
            warnings,
        })
    }

    /// Returns how much of low memory `highmem=` turns into high memory on a machine that would need none.
    fn highmem_out_of_low(asked: u64, ram_end: u64, warnings: &mut Warnings) -> u64 {
        const LEAST_LOW: u64 = 64 << 20;
        if asked == 0 {
            0
        } else if asked >= ram_end {
            warnings.push(Warning::HighmemBiggerThanRam { asked_mb: asked >> 20, ram_mb: ram_end >> 20 });
            0
        } else if ram_end - asked < LEAST_LOW {
            warnings.push(Warning::HighmemLeavesTooLittle { asked_mb: asked >> 20 });
            0
        } else {
            asked
        }
    }

    fn arm(profile: &Profile, rule: &ArmLayout, ram: RamExtent, cmdline: CommandLine<'_>) -> Self {
        let page_offset = profile.page_offset.raw();
        let to_virt = page_offset.wrapping_sub(profile.phys_offset.raw());
        let mut warnings = Warnings::default();
        let besides = if rule.parameter_excludes_gap { rule.gap } else { 0 };
        let reserve = match cmdline.size_in_word("vmalloc", profile.word_bytes) {
            None => rule.default + rule.gap,
            Some(mut bytes) => {
                let most = rule.vmalloc_end - (page_offset + rule.least_low + besides);
                if bytes < rule.least {
                    bytes = rule.least;
                    warnings.push(Warning::VmallocTooSmall { limit_mb: bytes >> 20 });
                }
                if bytes > most {
                    bytes = most;
                    warnings.push(Warning::VmallocTooBig { limit_mb: bytes >> 20 });
                }
                bytes + besides
            }
        };
        let most_low = rule.vmalloc_end - reserve;
        let ram_end = align_down(ram.end, PAGE_SIZE);
        let high_memory = align_down(ram_end.wrapping_add(to_virt).min(most_low), PAGE_SIZE);
        let low_end = high_memory.wrapping_sub(to_virt);
        Self {
            low: PhysRange::new(profile.phys_offset.raw(), low_end),
            ram_end: PhysAddr::new(ram_end),
            lowmem: VirtRange::new(page_offset, high_memory),
            high_memory: VirtAddr::new(high_memory),
            vmalloc: Some(VirtRange::new(StartRule::GapThenDown.apply(high_memory, rule.gap), rule.vmalloc_end)),
            pkmap: Some(VirtRange::new(rule.pkmap.0, rule.pkmap.1)),
            fixmap: Some(VirtRange::new(rule.fixmap.0, rule.fixmap.1)),
            modules: Some(VirtRange::new(rule.modules.0, rule.modules.1)),
            vectors: Some(VirtRange::new(rule.vectors.0, rule.vectors.1)),
            vmemmap: None,
            warnings,
        }
    }
}

/// A row of the layout's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayoutRow {
    /// `vector`, `fixmap`, `vmalloc`, `lowmem`, `pkmap`, `modules`, or a section of the image: `.text`.
    pub name: &'static str,
    /// Where.
    pub range: VirtRange,
    /// In which unit boot logs give its size.
    pub unit: SizeUnit,
}

/// In which unit boot logs give a size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SizeUnit {
    /// kB, rounded down.
    Kilobytes,
    /// MB, rounded down.
    Megabytes,
    /// kB, rounded up.
    KilobytesUp,
}

impl LayoutRow {
    /// Returns the size in its unit.
    pub const fn size(&self) -> u64 {
        match self.unit {
            SizeUnit::Kilobytes => self.range.bytes() >> 10,
            SizeUnit::Megabytes => self.range.bytes() >> 20,
            SizeUnit::KilobytesUp => self.range.bytes().div_ceil(1 << 10),
        }
    }
}

impl Layout {
    /// Returns the rows of the layout's table, in the order in which boot logs have them: what the machine has of
    /// vectors, fixmap, vmalloc area, low memory, pkmap and modules, then the sections of the image.
    pub fn rows(&self, profile: &'static Profile) -> impl Iterator<Item = LayoutRow> {
        use SizeUnit::{Kilobytes, KilobytesUp, Megabytes};
        let areas = [
            ("vector", self.vectors, Kilobytes),
            ("fixmap", self.fixmap, Kilobytes),
            ("vmalloc", self.vmalloc, Megabytes),
            ("lowmem", Some(self.lowmem), Megabytes),
            ("pkmap", self.pkmap, Megabytes),
            ("modules", self.modules, Megabytes),
        ];
        let sections = profile.image.sections.iter().map(|section| LayoutRow {
            name: section.name,
            range: VirtRange::new(section.start, section.end),
            unit: KilobytesUp,
        });
        areas
            .into_iter()
            .filter_map(|(name, range, unit)| range.map(|range| LayoutRow { name, range, unit }))
            .chain(sections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{armhf_6_1, i386_pae_6_1, linux_2_6_i386, msm8x25, uclinux_2_6};

    fn lay(profile: &'static Profile, ram: u64, cmdline: &str) -> Layout {
        let start = profile.phys_offset.raw();
        let end = start + ram;
        let extent = RamExtent { start, end, beyond: 0 };
        Layout::new(profile, extent, CommandLine::new(cmdline)).expect("a machine that can be")
    }

    /// Low memory in MiB, the vmalloc area's start, its kB.
    fn check(profile: &'static Profile, ram_mb: u64, cmdline: &str, expected: (u64, u64, u64)) {
        let layout = lay(profile, ram_mb << 20, cmdline);
        let vmalloc = layout.vmalloc.expect("an MMU");
        let found = (layout.lowmem.bytes() >> 20, vmalloc.start.raw(), vmalloc.bytes() >> 10);
        assert_eq!(found, expected, "{} {ram_mb}M {cmdline}", profile.name);
        assert_eq!(layout.high_memory, layout.lowmem.end);
        assert!(vmalloc.start > layout.high_memory);
    }

    fn warning(profile: &'static Profile, ram_mb: u64, cmdline: &str) -> Option<Warning> {
        lay(profile, ram_mb << 20, cmdline).warnings.iter().next()
    }

    #[test]
    fn i386_2_6_as_a_real_2_6_11() {
        let profile = &linux_2_6_i386::PROFILE;
        check(profile, 160, "", (160, 0xca80_0000, 868_344));
        check(profile, 256, "", (256, 0xd080_0000, 770_040));
        check(profile, 512, "", (512, 0xe080_0000, 507_896));
        check(profile, 768, "", (768, 0xf080_0000, 245_752));
        for ram_mb in [1024, 2048, 4096] {
            check(profile, ram_mb, "", (896, 0xf880_0000, 114_680));
        }
        // Rounded up first: the gap is never less than 8 MiB.
        check(profile, 255, "", (255, 0xd080_0000, 770_040));
        check(profile, 1024, "vmalloc=256M", (768, 0xf080_0000, 245_752));
        check(profile, 256, "highmem=64M", (192, 0xcc80_0000, 835_576));
        assert_eq!(warning(profile, 256, "highmem=200M"), Some(Warning::HighmemLeavesTooLittle { asked_mb: 200 }));
        let layout = lay(profile, 1 << 30, "");
        assert_eq!(layout.pkmap, Some(VirtRange::new(0xff80_0000, 0xffc0_0000)));
        assert_eq!(layout.fixmap, Some(VirtRange::new(0xffc0_0000, 0xffff_f000)));
    }

    #[test]
    fn i386_6_1_as_the_captures() {
        let profile = &i386_pae_6_1::PROFILE;
        // MAXMEM is 0x36ffe000, in whole MiB 879.
        check(profile, 2048, "", (879, 0xf77f_e000, 122_880));
        check(profile, 1024, "vmalloc=64M", (935, 0xfaff_e000, 65_536));
        check(profile, 1024, "vmalloc=1M", (998, 0xfeef_e000, 1024));
        check(profile, 1024, "vmalloc=960M", (39, 0xc2ff_e000, 983_040));
        check(profile, 256, "", (256, 0xd080_0000, 761_848));
        let layout = lay(profile, 2 << 30, "highmem=256M");
        assert_eq!(layout.ram_end.raw(), 0x36ff_e000 + (256 << 20));
        assert_eq!(
            warning(profile, 1024, "highmem=512M"),
            Some(Warning::HighmemMoreThanThereIs { there_mb: 144, asked_mb: 512 })
        );
        let ram = RamExtent { start: 0, end: 1 << 30, beyond: 0 };
        let wrapped = Layout::new(profile, ram, CommandLine::new("vmalloc=2000M"));
        assert!(matches!(wrapped, Err(BootError::VmallocLeavesNoLow { asked, .. }) if asked == 2000 << 20));
    }

    #[test]
    fn arm_3_4_as_the_phone() {
        let profile = &msm8x25::PROFILE;
        let area = |cmdline: &str, ram_mb: u64| {
            let vmalloc = lay(profile, ram_mb << 20, cmdline).vmalloc.expect("an MMU");
            (vmalloc.start.raw(), vmalloc.bytes() >> 20)
        };
        assert_eq!(area("vmalloc=200M", 1024), (0xf300_0000, 192));
        assert_eq!(area("vmalloc=200M vmalloc=300M", 1024), (0xec80_0000, 296));
        assert_eq!(area("", 1024), (0xf000_0000, 240));
        assert_eq!(area("vmalloc=240M", 1024), (0xf080_0000, 232));
        assert_eq!(area("vmalloc=4M", 1024), (0xfe80_0000, 8));
        assert_eq!(area("vmalloc=4G", 1024), (0xfe80_0000, 8));
        assert_eq!(area("vmalloc=2000M", 1024), (0xc280_0000, 968));
        assert_eq!(area("vmalloc=200M", 512), (0xe080_0000, 488));
        assert_eq!(area("vmalloc=217M", 1024), (0xf180_0000, 216));
        assert_eq!(lay(profile, 1 << 30, "").lowmem.bytes() >> 20, 760);
        assert_eq!(lay(profile, 1 << 30, "vmalloc=240M").lowmem.bytes() >> 20, 768);
        assert_eq!(lay(profile, 1 << 30, "vmalloc=217M").lowmem.bytes() >> 20, 791);
        assert_eq!(warning(profile, 1024, "vmalloc=16M"), None);
        assert_eq!(warning(profile, 1024, "vmalloc=976M"), None);
        for (cmdline, text) in [
            ("vmalloc=4M", "vmalloc area too small, limiting to 16MB"),
            ("vmalloc=4G", "vmalloc area too small, limiting to 16MB"),
            ("vmalloc=15M", "vmalloc area too small, limiting to 16MB"),
            ("vmalloc=977M", "vmalloc area is too big, limiting to 976MB"),
            ("vmalloc=2000M", "vmalloc area is too big, limiting to 976MB"),
        ] {
            let mut said = crate::error::Name::default();
            let written = warning(profile, 1024, cmdline).map(|warning| warning.write(&mut said, Wording::Old));
            assert_eq!((written, said.as_str()), (Some(Ok(())), text), "{cmdline}");
        }
        // As a real 6.1 said of `vmalloc=4000M`, which is 0xfa000000 in 32 bits.
        let mut said = crate::error::Name::default();
        let warning = warning(&armhf_6_1::PROFILE, 1024, "vmalloc=4000M");
        assert_eq!(warning.map(|warning| warning.write(&mut said, Wording::Modern)), Some(Ok(())));
        assert_eq!(said.as_str(), "vmalloc area is too big, limiting to 976MiB");
    }

    #[test]
    fn no_mmu_has_nothing_but_ram() {
        let layout = lay(&uclinux_2_6::PROFILE, 16 << 20, "vmalloc=64M");
        assert_eq!(layout.lowmem, VirtRange::new(0, 16 << 20));
        assert_eq!((layout.vmalloc, layout.pkmap, layout.fixmap), (None, None, None));
        assert_eq!(layout.rows(&uclinux_2_6::PROFILE).next().map(|row| row.name), Some("lowmem"));
    }
}
