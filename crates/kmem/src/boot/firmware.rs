//! The firmware's map of RAM, and what the kernel takes of it.
//!
//! A PC's firmware hands out RAM in two pieces, below 640 KiB and from 1 MiB up, keeps some for its tables and leaves a
//! hole below 4 GiB for devices; a board has one piece. `mem=` cuts the end off, and newer kernels leave the first page
//! and the firmware's area below 1 MiB alone. On a PC `memmap=` writes into the map by hand: `64M$512M` reserves,
//! `64M@512M` gives back. On ARM each `mem=SIZE@START` is a piece, and there is no other RAM.
//!
//! Sources: the memory maps of the captures; QEMU's `pc_init1` for the hole; 6.1 `arch/x86/kernel/setup.c`
//! (`trim_bios_range`) and `e820.c` (`parse_memopt`, `parse_memmap_one`, `e820__update_table`); `arch/arm/kernel/setup.c`
//! (`early_mem`).

use super::cmdline::{memparse, same_name, CommandLine};
use super::layout::{LayoutRule, RamExtent};
use super::memblock::{whole_pages, Memblock};
use super::{BootError, BootParams};
use crate::profile::{Firmware, Profile};
use crate::units::{PhysRange, PAGE_SIZE};

/// One row of the firmware's memory map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirmwareEntry {
    /// Where.
    pub range: PhysRange,
    /// What it is.
    pub kind: FirmwareKind,
}

/// What a range of the firmware's map is. Where two overlap, the larger one wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FirmwareKind {
    /// RAM that the kernel may use.
    Usable,
    /// The firmware's own.
    Reserved,
    /// ACPI's tables.
    Acpi,
    /// Persistent memory, for a driver.
    Persistent,
}

impl FirmwareKind {
    /// Returns its name in the boot log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Reserved => "reserved",
            Self::Acpi => "ACPI data",
            Self::Persistent => "persistent (type 12)",
        }
    }
}

/// The most rows of a firmware's map (`E820_MAX_ENTRIES_ZEROPAGE`).
const MAX_ENTRIES: usize = 128;

/// The firmware's memory map.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareMap {
    entries: [FirmwareEntry; MAX_ENTRIES],
    len: usize,
    /// A row had no room.
    is_short: bool,
}

impl FirmwareMap {
    /// Returns its rows in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = FirmwareEntry> + '_ {
        self.entries[..self.len].iter().copied()
    }
    /// Returns its RAM in ascending order.
    pub fn usable(&self) -> impl Iterator<Item = PhysRange> + '_ {
        self.iter().filter(|entry| entry.kind == FirmwareKind::Usable).map(|entry| entry.range)
    }
    const fn empty() -> Self {
        const EMPTY: FirmwareEntry = FirmwareEntry { range: PhysRange::new(0, 0), kind: FirmwareKind::Usable };
        Self { entries: [EMPTY; MAX_ENTRIES], len: 0, is_short: false }
    }
    fn push(&mut self, start: u64, end: u64, kind: FirmwareKind) {
        if start >= end {
            return;
        }
        match self.entries.get_mut(self.len) {
            Some(entry) => {
                *entry = FirmwareEntry { range: PhysRange::new(start, end), kind };
                self.len += 1;
            }
            None => self.is_short = true,
        }
    }
    /// Cuts off the RAM from an address on.
    fn cut(&mut self, from: u64) {
        let all = core::mem::replace(self, Self::empty());
        for FirmwareEntry { range, kind } in all.iter() {
            let end = if kind == FirmwareKind::Usable { range.end.raw().min(from) } else { range.end.raw() };
            self.push(range.start.raw(), end, kind);
        }
    }
    /// Returns the same map in ascending order and without overlaps.
    fn resolved(&self) -> Self {
        let mut edges = [0; 2 * MAX_ENTRIES];
        for (entry, pair) in self.iter().zip(edges.chunks_exact_mut(2)) {
            pair.copy_from_slice(&[entry.range.start.raw(), entry.range.end.raw()]);
        }
        let edges = &mut edges[..2 * self.len];
        edges.sort_unstable();
        let mut map = Self { is_short: self.is_short, ..Self::empty() };
        for pair in edges.windows(2).filter(|pair| pair[0] < pair[1]) {
            let holds = |entry: &FirmwareEntry| entry.range.start.raw() <= pair[0] && pair[1] <= entry.range.end.raw();
            let Some(kind) = self.iter().filter(holds).map(|entry| entry.kind).max() else { continue };
            match map.entries[..map.len].last_mut() {
                Some(last) if last.kind == kind && last.range.end.raw() == pair[0] => {
                    last.range = PhysRange::new(last.range.start.raw(), pair[1]);
                }
                _ => map.push(pair[0], pair[1], kind),
            }
        }
        map
    }
}

/// Returns a PC's map as `memmap=` leaves it; `None` where none is given. RAM that the machine does not have is not believed.
///
/// # Source
/// 6.1 `arch/x86/kernel/e820.c`, `parse_memmap_one`.
pub fn map_by_hand(profile: &Profile, ram_bytes: u64, cmdline: CommandLine<'_>) -> Option<FirmwareMap> {
    const PERSISTENT_SINCE: (u32, u32, u32) = (4, 0, 0);
    if !matches!(profile.firmware, Firmware::Pc { .. }) {
        return None;
    }
    let (mut map, mut is_said) = (firmware_map(profile, ram_bytes), false);
    let values = cmdline.params().filter(|param| same_name(param.name, "memmap")).filter_map(|param| param.value);
    for item in values.flat_map(|value| value.split(',')) {
        if item == "exactmap" {
            (map, is_said) = (FirmwareMap::empty(), true);
            continue;
        }
        let Some((bytes, rest)) = memparse(item) else { continue };
        let kind = match rest.chars().next() {
            None => {
                map.cut(bytes);
                is_said = true;
                continue;
            }
            Some('@') => FirmwareKind::Usable,
            Some('$') => FirmwareKind::Reserved,
            Some('#') => FirmwareKind::Acpi,
            Some('!') if profile.version >= PERSISTENT_SINCE => FirmwareKind::Persistent,
            Some(_) => continue,
        };
        let Some((start, _)) = memparse(&rest[1..]) else { continue };
        let end = start.saturating_add(bytes);
        is_said = true;
        if kind == FirmwareKind::Usable {
            let below = below_hole(profile, ram_bytes);
            for (from, to) in [(0, below), (1 << 32, (1 << 32) + (ram_bytes - below))] {
                map.push(start.max(from), end.min(to), kind);
            }
        } else {
            map.push(start, end, kind);
        }
    }
    is_said.then(|| map.resolved())
}

/// Returns the pieces of RAM that ARM's `mem=SIZE@START` names, in whole pages; without a start, from where RAM begins.
fn pieces<'a>(profile: &Profile, cmdline: CommandLine<'a>) -> impl Iterator<Item = PhysRange> + 'a {
    let from = profile.phys_offset.raw();
    cmdline.params().filter(|param| same_name(param.name, "mem")).filter_map(move |param| {
        let (bytes, rest) = memparse(param.value?)?;
        let start = rest.strip_prefix('@').map_or(from, |at| memparse(at).map_or(0, |(start, _)| start));
        Some(whole_pages(PhysRange::new(start, start.saturating_add(bytes))))
    })
}

/// Returns what the profile's firmware says about so much RAM.
///
/// # Source
/// The memory maps of the captures: QEMU's PC and `virt` machines.
pub fn firmware_map(profile: &Profile, ram_bytes: u64) -> FirmwareMap {
    use FirmwareKind::{Reserved, Usable};
    let mut map = FirmwareMap::empty();
    match profile.firmware {
        Firmware::Flat => {
            let start = profile.phys_offset.raw();
            map.push(start, start + ram_bytes, Usable);
        }
        Firmware::Pc { acpi, .. } => {
            const BASE_END: u64 = 0x9_fc00;
            const BIOS: (u64, u64) = (0xf_0000, 0x10_0000);
            const FLASH: (u64, u64) = (0xfffc_0000, 1 << 32);
            let below = below_hole(profile, ram_bytes);
            let tables = below.saturating_sub(acpi).max(BIOS.1);
            map.push(0, below.min(BASE_END), Usable);
            map.push(BASE_END, 0xa_0000, Reserved);
            map.push(BIOS.0, BIOS.1, Reserved);
            map.push(BIOS.1, tables.min(below), Usable);
            map.push(tables, below, Reserved);
            map.push(FLASH.0, FLASH.1, Reserved);
            map.push(1 << 32, (1 << 32) + (ram_bytes - below), Usable);
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
    let in_pieces = profile.counting.ram_in_pieces
        && cmdline.params().any(|param| same_name(param.name, "mem") && param.value.is_some_and(|it| it.contains('@')));
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
        let map = map_by_hand(profile, ram, cmdline).unwrap_or_else(|| firmware_map(profile, ram));
        if map.is_short {
            return Err(BootError::TooManyRanges);
        }
        if in_pieces {
            for (piece, ram) in pieces(profile, cmdline).flat_map(|piece| map.usable().map(move |ram| (piece, ram))) {
                let (start, end) = (piece.start.max(ram.start), piece.end.min(ram.end));
                if start < end {
                    memblock.add(PhysRange::new(start.raw(), end.raw()))?;
                }
            }
        } else {
            // A PC's memory map is in bytes; half a page is none (`e820__memblock_setup`).
            let whole = |range| if profile.counting.trims_first_mib { whole_pages(range) } else { range };
            map.usable().map(whole).filter(|range| range.bytes() > 0).try_for_each(|range| memblock.add(range))?;
        }
    }
    // `mem=0` and a `mem=` without a number are refused by the kernels, which go on as if nothing had been said.
    if let Some(limit) = cmdline.size("mem").filter(|&bytes| bytes > 0 && !in_pieces) {
        memblock.remove(PhysRange::new(profile.phys_offset.raw().saturating_add(limit), u64::MAX))?;
    }
    if profile.counting.trims_first_mib {
        memblock.remove(PhysRange::new(0, PAGE_SIZE))?;
        memblock.remove(PhysRange::new(0xa_0000, 1 << 20))?;
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
/// layout has room for. The last of 32 bits' pages is none: its end has no number (`memblock_cap_size`).
fn physical_top(profile: &Profile) -> u64 {
    match (&profile.layout, profile.phys_addr_bytes) {
        (LayoutRule::Wide(rule), _) => 1 << rule.phys_bits,
        (_, 4) => (1 << 32) - PAGE_SIZE,
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
    use crate::units::PAGE_SHIFT;

    #[test]
    fn the_hole_below_4_gib() {
        let usable = |ram_bytes: u64| {
            let map = firmware_map(&i386_pae_6_1::PROFILE, ram_bytes);
            map.usable().last().unwrap_or_default()
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
    fn a_map_by_hand_has_its_limit() {
        let profile = &i386_pae_6_1::PROFILE;
        let reserved = |pages: u64| {
            let rows = (0..pages).map(|at| std::format!("memmap=4K${:#x}", (32 << 20) + (at << 20)));
            let cmdline = rows.collect::<std::vec::Vec<_>>().join(" ");
            let params = BootParams { ram_bytes: 1 << 30, cmdline: &cmdline, ..BootParams::new(profile) };
            plan(profile, &params).map(|plan| plan.memblock.memory().bytes() >> PAGE_SHIFT)
        };
        let all = reserved(0).expect("a machine that can be");
        assert_eq!(reserved(50), Ok(all - 50));
        assert_eq!(reserved(200), Err(BootError::TooManyRanges));
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
