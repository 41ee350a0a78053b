//! The firmware's map of RAM, and what the kernel takes of it.
//!
//! A PC's firmware hands out RAM in two pieces, below 640 KiB and from 1 MiB up, keeps some for its tables and leaves a
//! hole below 4 GiB for devices; a board has one piece. `mem=` cuts the end off, and newer kernels leave the first page
//! and the firmware's area below 1 MiB alone.
//!
//! Sources: the memory maps of the captures; QEMU's `pc_init1` for the hole; 6.1 `arch/x86/kernel/setup.c`
//! (`trim_bios_range`) and `e820.c` (`parse_memopt`).

use super::cmdline::CommandLine;
use super::layout::{LayoutRule, RamExtent};
use super::memblock::Memblock;
use super::{BootError, BootParams};
use crate::profile::{Firmware, Profile};
use crate::units::{PhysRange, PAGE_SIZE};

/// One row of the firmware's memory map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirmwareEntry {
    /// Where.
    pub range: PhysRange,
    /// RAM that the kernel may use; else the firmware's own.
    pub usable: bool,
}

/// The most rows of a firmware's map.
const MAX_ENTRIES: usize = 7;

/// The firmware's memory map.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareMap {
    entries: [FirmwareEntry; MAX_ENTRIES],
    len: usize,
}

impl FirmwareMap {
    /// Returns its rows in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = FirmwareEntry> + '_ {
        self.entries[..self.len].iter().copied()
    }
    fn push(&mut self, start: u64, end: u64, usable: bool) {
        if start < end && self.len < MAX_ENTRIES {
            self.entries[self.len] = FirmwareEntry { range: PhysRange::new(start, end), usable };
            self.len += 1;
        }
    }
}

/// Returns what the profile's firmware says about so much RAM.
///
/// # Source
/// The memory maps of the captures: QEMU's PC and `virt` machines.
pub fn firmware_map(profile: &Profile, ram_bytes: u64) -> FirmwareMap {
    const EMPTY: FirmwareEntry = FirmwareEntry { range: PhysRange::new(0, 0), usable: false };
    let mut map = FirmwareMap { entries: [EMPTY; MAX_ENTRIES], len: 0 };
    match profile.firmware {
        Firmware::Flat => {
            let start = profile.phys_offset.raw();
            map.push(start, start + ram_bytes, true);
        }
        Firmware::Pc { acpi, .. } => {
            const BASE_END: u64 = 0x9_fc00;
            const BIOS: (u64, u64) = (0xf_0000, 0x10_0000);
            const FLASH: (u64, u64) = (0xfffc_0000, 1 << 32);
            let below = below_hole(profile, ram_bytes);
            let tables = below.saturating_sub(acpi).max(BIOS.1);
            map.push(0, below.min(BASE_END), true);
            map.push(BASE_END, 0xa_0000, false);
            map.push(BIOS.0, BIOS.1, false);
            map.push(BIOS.1, tables.min(below), true);
            map.push(tables, below, false);
            map.push(FLASH.0, FLASH.1, false);
            map.push(1 << 32, (1 << 32) + (ram_bytes - below), true);
        }
    }
    map
}

/// Returns the bytes of RAM that lie below the hole under 4 GiB; all of it where there is no hole.
pub(super) fn below_hole(profile: &Profile, ram_bytes: u64) -> u64 {
    match profile.firmware {
        Firmware::Pc { hole_from, hole_at, .. } if ram_bytes >= hole_from => hole_at,
        _ => ram_bytes,
    }
}

/// Returns where the byte `offset` of the RAM lies.
pub(super) fn ram_address(profile: &Profile, ram_bytes: u64, offset: u64) -> u64 {
    let below = below_hole(profile, ram_bytes);
    match profile.firmware {
        Firmware::Flat => profile.phys_offset.raw() + offset,
        Firmware::Pc { .. } if offset >= below => (1 << 32) + (offset - below),
        Firmware::Pc { .. } => offset,
    }
}

/// Finds the RAM: as given, or as the profile's firmware hands it out; cut by `mem=` and by what addresses reach.
pub(super) fn find_ram(
    profile: &Profile,
    params: &BootParams<'_>,
    cmdline: CommandLine<'_>,
) -> Result<(Memblock, RamExtent), BootError> {
    let mut memblock = Memblock::new();
    if let Some(ranges) = params.ranges {
        let mut previous = 0;
        for &range in ranges {
            let is_far = range.start.raw() >= physical_top(profile)
                || range.end.raw().saturating_sub(ranges[0].start.raw()) > MAX_SPAN;
            if range.bytes() == 0 || range.start.raw() < previous || is_far {
                return Err(BootError::BadRange(range));
            }
            previous = range.end.raw();
            memblock.add(range)?;
        }
    } else {
        let (ram, limit) = (params.ram_bytes, profile.max_ram.min(MAX_SPAN));
        if ram > limit {
            return Err(BootError::RamTooLarge { ram, limit, profile: profile.name });
        }
        firmware_map(profile, params.ram_bytes)
            .iter()
            .filter(|entry| entry.usable)
            .try_for_each(|entry| memblock.add(entry.range))?;
    }
    // `mem=0` and a `mem=` without a number are refused by the kernels, which go on as if nothing had been said.
    if let Some(limit) = cmdline.size("mem").filter(|&bytes| bytes > 0) {
        memblock.remove(PhysRange::new(profile.phys_offset.raw().saturating_add(limit), u64::MAX))?;
    }
    if profile.counting.trims_first_mib {
        memblock.remove(PhysRange::new(0, PAGE_SIZE))?;
        memblock.remove(PhysRange::new(0x9_f000, 1 << 20))?;
    }
    let all = memblock.memory().bytes();
    memblock.remove(PhysRange::new(physical_top(profile), u64::MAX))?;
    let bytes = memblock.memory().bytes();
    if bytes < PAGE_SIZE {
        return Err(BootError::RamTooSmall { ram: bytes, needed: PAGE_SIZE });
    }
    let start = memblock.memory().as_slice().first().map_or(0, |range| range.start.raw());
    let extent = RamExtent { start, end: memblock.memory().end(), beyond: all - bytes };
    Ok((memblock, extent))
}

/// The most bytes from the first frame to the last: frames have 32-bit numbers, and some of them are none.
const MAX_SPAN: u64 = 15 << 40;

/// Returns the end of what physical addresses of the profile reach: 32 bits, 36 with wide ones, or what a 64-bit kernel's
/// layout has room for.
fn physical_top(profile: &Profile) -> u64 {
    match (&profile.layout, profile.phys_addr_bytes) {
        (LayoutRule::Wide(rule), _) => 1 << rule.phys_bits,
        (_, 4) => 1 << 32,
        _ => 1 << 36,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::layout::Warning;
    use crate::boot::memblock::MAX_RANGES;
    use crate::boot::plan;
    use crate::profile::{i386_pae_6_1, linux_2_6_i386};

    #[test]
    fn the_hole_below_4_gib() {
        let usable = |ram_bytes: u64| {
            let map = firmware_map(&i386_pae_6_1::PROFILE, ram_bytes);
            let last = map.iter().filter(|entry| entry.usable).last().map(|entry| entry.range);
            last.unwrap_or_default()
        };
        let acpi = 128 << 10;
        assert_eq!(usable(0xd000_0000), PhysRange::new(1 << 20, 0xd000_0000 - acpi));
        assert_eq!(usable(0xe000_0000), PhysRange::new(4 << 30, (4 << 30) + (512 << 20)));
        assert_eq!(usable(4 << 30), PhysRange::new(4 << 30, 5 << 30));
        // Less RAM than the first MiB is a map all the same.
        assert_eq!(usable(4096), PhysRange::new(0, 4096));
    }

    #[test]
    fn memory_beyond_4_gib_is_lost_without_pae() {
        let profile = &linux_2_6_i386::PROFILE;
        let params = BootParams { ram_bytes: 4 << 30, ..BootParams::new(profile) };
        let plan = plan(profile, &params).expect("a machine that can be");
        assert_eq!(plan.layout.ram_end.raw(), 3 << 30);
        assert_eq!(plan.memblock.memory().end(), 3 << 30);
        let said = plan.layout.warnings.iter().next();
        assert_eq!(said, Some(Warning::RamBeyondPageTables));
    }

    #[test]
    fn bad_ranges_are_named() {
        let profile = &i386_pae_6_1::PROFILE;
        let error = |ranges: &[PhysRange]| {
            let params = BootParams { ranges: Some(ranges), ..BootParams::new(profile) };
            plan(profile, &params).err()
        };
        let (low, high) = (PhysRange::new(0x1000, 0x9_f000), PhysRange::new(1 << 20, 1 << 30));
        assert_eq!(error(&[low, high]), None);
        assert_eq!(error(&[high, low]), Some(BootError::BadRange(low)));
        assert_eq!(error(&[PhysRange::new(7, 7)]), Some(BootError::BadRange(PhysRange::new(7, 7))));
        let far = PhysRange::new(1 << 40, 1 << 41);
        assert_eq!(error(&[high, far]), Some(BootError::BadRange(far)));
        assert!(matches!(error(&[]), Some(BootError::RamTooSmall { .. })));
        // Above what PAE reaches nothing is seen.
        let far = PhysRange::new(63 << 30, 65 << 30);
        let params = BootParams { ranges: Some(&[high, far]), ..BootParams::new(profile) };
        assert_eq!(plan(profile, &params).map(|plan| plan.layout.ram_end.raw()), Ok(64 << 30));
        let many: [PhysRange; MAX_RANGES + 1] =
            core::array::from_fn(|at| PhysRange::new((at as u64 + 1) << 21, ((at as u64 + 1) << 21) + 4096));
        assert_eq!(error(&many), Some(BootError::TooManyRanges));
    }
}
