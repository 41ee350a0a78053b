//! The vmalloc area of a listing: from where to where it goes, which of it is free, what stays and what moves.
//!
//! A listing has areas and not the area. Where the area begins and ends is taken from what says so best: the layout block
//! of the log; else the zones of the log, from which the direct map and, by the kernel's rule, VMALLOC_START follow, with
//! VmallocTotal of meminfo; else the lowest row and the row of per-CPU memory, which is put at the very end. Where these
//! do not agree, they are of different boots, and that is said.
//!
//! Between two rows that follow each other lies a *hole*, except where the text leaves rows out: there nobody knows. Rows
//! outside the area are another's: on ARM and 64-bit machines modules have an area of their own below.
//!
//! Some areas have a fixed address (`iotable_init`, per-CPU memory at the end). All others were put as low as possible,
//! so they move when VMALLOC_START does. The hole below the lowest fixed area is the only one that can grow.

use super::kernel::{is_x86_64, Family, Kernel};
use crate::parse::kernel_log::KernelLog;
use crate::parse::meminfo::MemInfoFile;
use crate::parse::vmallocinfo::{Addresses, AreaRow, VmallocInfo};
use crate::place::{DoubtKind, Doubts, Place};
use crate::scan::total as sum_of;
use kmem::boot::layout::LayoutRule;
use kmem::profile::PROFILES;
use kmem::snapshot::MemField;
use kmem::units::{align_down, PAGE_SIZE};

/// The vmalloc area of a listing.
#[derive(Clone, Debug)]
pub struct Area {
    /// VMALLOC_START.
    pub start: u64,
    /// VMALLOC_END.
    pub end: u64,
    /// How start and end are known.
    pub because: String,
    /// The direct map, as far as it is known.
    pub low: Option<Low>,
    /// The kernel's rule.
    pub kernel: Option<Kernel>,
    /// The areas in it, ascending.
    pub rows: Vec<AreaRow>,
    /// Rows that lie elsewhere: modules, the kernel's image.
    pub elsewhere: Vec<AreaRow>,
    /// What lies between, ascending.
    pub gaps: Vec<Gap>,
    /// The same when what was given back has been purged, as the kernel does when a request finds no hole.
    pub purged: Vec<Gap>,
    /// Whether the log is of the same boot, as far as one can tell.
    pub of_log: bool,
    /// The text leaves rows out at a place that cannot be told, because its rows are in no order.
    pub left_out_somewhere: bool,
}

/// The direct map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Low {
    /// PAGE_OFFSET.
    pub start: u64,
    /// `high_memory`.
    pub end: u64,
    /// Whether RAM ends there; `None` when nobody says.
    pub all_ram: Option<bool>,
}

/// Addresses between two areas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Where the text leaves out rows that may lie here; `None`: a hole.
    pub left_out: Option<Place>,
}

impl Gap {
    /// Returns its bytes.
    pub fn bytes(&self) -> u64 {
        self.end - self.start
    }
}

/// Where areas are, that boot puts at an address of its own: who makes them.
const FIXED: [&str; 8] = [
    "iotable_init",
    "pmd_empty_section_gap",
    "fill_pmd_gaps",
    "pci_reserve_io",
    "debug_ll_io_init",
    "vm_reserve_area_early",
    "map_kernel_segment",
    "declare_vma",
];
/// Per-CPU memory: `pcpu_get_vm_areas` takes the highest free addresses.
const PER_CPU: &str = "pcpu_get_vm_areas";

/// Ends of the area on ARM: `VMALLOC_END` of `arch/arm/include/asm/pgtable.h` from 3.3 to 4.3, and since 4.4. Before 3.3
/// boards chose theirs.
const ENDS_ARM: [u64; 2] = [0xff00_0000, 0xff80_0000];
/// Ends of the area on x86, two pages below the pkmap window, of usual configurations (`pgtable_32_areas.h`): since 4.15,
/// which put the CPU entry area and the LDT below the fixmap, with PAE and without.
const ENDS_X86: [u64; 2] = [0xfeff_e000, 0xfebf_e000];
/// The same from 2.6.28 to 4.14, with PAE and without: boot logs of these kernels have it.
const END_X86_4_14: u64 = 0xff7f_e000;
/// Where the kernel begins when nobody says otherwise: the 3 GiB / 1 GiB split.
const PAGE_OFFSET: u64 = 0xc000_0000;
/// `VMALLOC_OFFSET` of both families.
const GAP: u64 = 8 << 20;

/// True for ARM's listing of memory for DMA, which has rows of the same form: `CONSISTENT_END` of `arch/arm/mm/dma-mapping.c` up to
/// 3.4, and behind callers there is nothing.
fn is_for_dma(listing: &VmallocInfo) -> bool {
    const AREA: (u64, u64) = (0xff00_0000, 0xffe0_0000);
    listing.digits <= 8
        && listing.rows.iter().all(|AreaRow { area, .. }| {
            let bare = area.flags.words().next().is_none() && area.pages == 0 && area.phys == 0;
            bare && area.start >= AREA.0 && area.end <= AREA.1
        })
}

/// True for an area that stays where it is when VMALLOC_START moves.
pub fn is_fixed(row: &AreaRow) -> bool {
    FIXED.contains(&row.function()) || is_per_cpu(row)
}
/// True for per-CPU memory.
pub fn is_per_cpu(row: &AreaRow) -> bool {
    row.function() == PER_CPU
}

impl Area {
    /// Puts a listing together with what a log and a meminfo say. Says in `doubts` what cannot be of the same boot.
    ///
    /// `None` when the listing's addresses are hidden or hashed, or there is no row.
    pub fn new(
        listing: &VmallocInfo,
        log: Option<&KernelLog>,
        meminfo: Option<&MemInfoFile>,
        doubts: &mut Doubts,
    ) -> Option<Self> {
        if listing.addresses != Addresses::Real || listing.rows.is_empty() {
            return None;
        }
        if is_for_dma(listing) {
            let what = "these rows are of the area for DMA, 0xff000000-0xffe00000 (/proc/dma-mappings of ARM up to 3.x), not of vmalloc";
            doubts.not_understood(listing.place, what.to_owned());
            return None;
        }
        let kernel = Kernel::find(listing, log);
        let found = match kernel.as_ref().map(|kernel| kernel.family) {
            Some(Family::Wide) => wide(listing, log),
            _ => Ends::find(listing, log, meminfo, kernel.as_ref(), doubts)?,
        };
        let Ends { start, end, because, low, of_log } = found;
        // Texts may say anything: an area that ends before it begins, or before the direct map does.
        if start >= end || low.is_some_and(|low| low.start > low.end || low.end > end) {
            let what = format!("an area from {start:#x} to {end:#x} cannot be ({because})");
            doubts.contradiction(listing.place, what);
            return None;
        }
        let inside = |row: &&AreaRow| start <= row.area.start && row.area.end <= end;
        let mut rows: Vec<AreaRow> = listing.rows.iter().filter(inside).copied().collect();
        let elsewhere = listing.rows.iter().filter(|row| !inside(row)).copied().collect();
        rows.sort_by_key(|row| (row.area.start, row.area.end));
        let (gaps, left_out_somewhere) = gaps_between(listing, &rows, start, end);
        let kept: Vec<AreaRow> = rows.iter().filter(|row| !row.is_unpurged()).copied().collect();
        let (purged, _) = gaps_between(listing, &kept, start, end);
        let area = Self { start, end, because, low, kernel, rows, elsewhere, gaps, purged, of_log, left_out_somewhere };
        if let Some(meminfo) = meminfo.filter(|meminfo| area.agrees_with(meminfo) == Some(false)) {
            let total = crate::explain::kilobytes(meminfo.get(MemField::VmallocTotal).unwrap_or(0));
            let here = crate::explain::size(end - start);
            doubts.contradiction(
                meminfo.place,
                format!(
                    "meminfo has a vmalloc area of {total}, vmallocinfo one of {here}: they are of different boots"
                ),
            );
        }
        Some(area)
    }
    /// Whether a meminfo's VmallocTotal is this area's size; `None` when it has none.
    pub fn agrees_with(&self, meminfo: &MemInfoFile) -> Option<bool> {
        // A kB is lost where the end is one less than a round number.
        let kb = meminfo.get(MemField::VmallocTotal)?;
        Some(kb.abs_diff((self.end - self.start) >> 10) <= 1)
    }
    /// The holes, largest first.
    pub fn holes(&self) -> Vec<Gap> {
        let mut holes: Vec<Gap> = self.gaps.iter().filter(|gap| gap.left_out.is_none()).copied().collect();
        holes.sort_by_key(|gap| (u64::MAX - gap.bytes(), gap.start));
        holes
    }
    /// Bytes that a request of `bytes` takes: whole pages and the guard page behind.
    pub fn with_guard(bytes: u64) -> Option<u64> {
        bytes.checked_add(PAGE_SIZE - 1).map(|bytes| align_down(bytes, PAGE_SIZE))?.checked_add(PAGE_SIZE)
    }
    /// The hole that a request of `bytes` would get: the lowest that it fits into, as things are or else after a purge.
    pub fn fit(&self, bytes: u64) -> Option<Gap> {
        let needed = Self::with_guard(bytes)?;
        let fits = |gap: &&Gap| gap.left_out.is_none() && gap.bytes() >= needed;
        self.gaps.iter().find(fits).or_else(|| self.purged.iter().find(fits)).copied()
    }
    /// The lowest area that does not move; the area's end when all do.
    pub fn lowest_fixed(&self) -> u64 {
        self.rows.iter().filter(|row| is_fixed(row)).map(|row| row.area.start).min().unwrap_or(self.end)
    }
    /// The gap right below [`Area::lowest_fixed`], the only one that can grow.
    pub fn growing(&self) -> Option<Gap> {
        if self.kernel.as_ref().is_some_and(|kernel| kernel.family == Family::Wide) {
            return None;
        }
        let fixed = self.lowest_fixed();
        self.purged.iter().find(|gap| gap.end == fixed).copied()
    }
    /// The largest alignment that ioremap gives: `IOREMAP_MAX_ORDER` of `arch/arm/include/asm/memory.h` (24) and
    /// `arch/x86/include/asm/page_types.h` (what a page directory entry maps: 21 with PAE, 22 without).
    pub fn largest_alignment(&self) -> u64 {
        match self.kernel.as_ref().map(|kernel| kernel.family) {
            Some(Family::X86) if self.end == ENDS_X86[0] => 2 << 20,
            Some(Family::X86) => 4 << 20,
            _ => 16 << 20,
        }
    }
    /// Bytes in areas.
    pub fn used(&self) -> u64 {
        sum_of(self.rows.iter().map(|row| row.area.end.saturating_sub(row.area.start)))
    }
}

struct Ends {
    start: u64,
    end: u64,
    because: String,
    low: Option<Low>,
    of_log: bool,
}

impl Ends {
    fn find(
        listing: &VmallocInfo,
        log: Option<&KernelLog>,
        meminfo: Option<&MemInfoFile>,
        kernel: Option<&Kernel>,
        doubts: &mut Doubts,
    ) -> Option<Self> {
        if let Some(found) = log.and_then(|log| Self::of_block(listing, log, doubts)) {
            return Some(found);
        }
        let family = kernel.map(|kernel| kernel.family);
        let ends = usual_ends(listing, log, kernel);
        let top = listing.rows.iter().map(|row| row.area.end).max()?;
        let per_cpu = listing.rows.iter().filter(|row| is_per_cpu(row)).map(|row| row.area.end).max();
        // Per-CPU memory ends where the area does, but for the alignment that x86 gives it.
        let by_per_cpu = per_cpu.filter(|end| family != Some(Family::X86) && *end == top);
        let known = |least: u64| ends.iter().copied().find(|end| *end >= least);
        let total =
            meminfo.and_then(|meminfo| meminfo.get(MemField::VmallocTotal)).map(|kb| kb.saturating_mul(1 << 10));
        if let Some(low) = log.and_then(|log| low_of_zones(log, family)) {
            let start = match kernel.and_then(|kernel| kernel.profile).map(|profile| profile.layout) {
                Some(LayoutRule::X86(_)) => low.end.saturating_add(GAP),
                _ => align_down(low.end.saturating_add(GAP), GAP),
            };
            let by_total =
                total.and_then(|total| start.checked_add(total)).filter(|end| *end >= top && *end <= 1 << 32);
            let end = by_total.or(by_per_cpu).or(known(top))?;
            if lowest_row(listing, low.start) >= start {
                let because = "from the log's zones".to_owned();
                return Some(Self { start, end, because, low: Some(low), of_log: true });
            }
        }
        let lowest = lowest_row(listing, PAGE_OFFSET);
        // A log that shows its areas, or zones, shows others.
        let of_log = log.is_some_and(|log| log.area("vmalloc").is_none() && log.zones.is_empty());
        // ARM begins the area at a multiple of the gap; x86 anywhere, so there the lowest row has to do.
        let rounded = if family == Some(Family::X86) { align_down(lowest, PAGE_SIZE) } else { align_down(lowest, GAP) };
        let by_total = total.and_then(|total| {
            let end = ends.iter().copied().chain(per_cpu).find(|end| {
                let start = end.wrapping_sub(total);
                *end >= top && start <= lowest && start >= rounded.saturating_sub(2 * GAP)
            })?;
            Some((end - total, end))
        });
        Some(match by_total {
            Some((start, end)) => {
                Self { start, end, because: "from meminfo's VmallocTotal".to_owned(), low: None, of_log }
            }
            None => {
                let end = by_per_cpu.or(known(top)).unwrap_or(top);
                let because = if by_per_cpu.is_some() {
                    "from the lowest row, and the row of per-CPU memory, which ends the area"
                } else {
                    "from the lowest row; the end is the usual one"
                };
                Self { start: rounded, end, because: because.to_owned(), low: None, of_log }
            }
        })
    }

    /// From the layout block, if the rows lie in its areas.
    fn of_block(listing: &VmallocInfo, log: &KernelLog, doubts: &mut Doubts) -> Option<Self> {
        let vmalloc = log.area("vmalloc")?;
        let low = log.area("lowmem");
        let kernel_from = low.map_or(PAGE_OFFSET, |low| low.start);
        let stray = listing
            .rows
            .iter()
            .filter(|row| row.area.end > kernel_from && row.adds_up())
            .filter(|row| !(is_fixed(row) && low.is_some_and(|low| row.area.end <= low.end)))
            .find(|row| row.area.start < vmalloc.start || row.area.end > vmalloc.end);
        if let Some(row) = stray {
            doubts.add(
                row.place,
                DoubtKind::OtherBoot,
                format!(
                    "{:#x}-{:#x} lies outside the log's vmalloc area {:#x}-{:#x}: they are of different boots, and the \
                     log's is not used",
                    row.area.start, row.area.end, vmalloc.start, vmalloc.end
                ),
            );
            return None;
        }
        let low = low.map(|low| Low { start: low.start, end: low.end, all_ram: None });
        let because = "from the log's layout block".to_owned();
        Some(Self { start: vmalloc.start, end: vmalloc.end, because, low, of_log: true })
    }
}

/// The ends that the area may have, the likeliest first.
fn usual_ends(listing: &VmallocInfo, log: Option<&KernelLog>, kernel: Option<&Kernel>) -> Vec<u64> {
    let rule = kernel.and_then(|kernel| kernel.profile).map(|profile| profile.layout);
    let version = log.and_then(|log| log.version);
    match rule {
        // Before 2.6.28 it ended below a pkmap window at a fixed place.
        Some(LayoutRule::X86(rule)) if rule.reserve_end != rule.vmalloc_end => vec![rule.vmalloc_end],
        Some(LayoutRule::X86(_)) => {
            // With PAE physical addresses have 64 bits, and the window is half as large.
            let pae = listing.phys_digits == 16
                || log.and_then(|log| log.release.as_deref()).is_some_and(|release| release.contains("pae"));
            let mut ends = ENDS_X86;
            if !pae {
                ends.reverse();
            }
            match version {
                Some(version) if version < (4, 15, 0) => vec![END_X86_4_14],
                Some(_) => ends.to_vec(),
                // Without a version the later kernels, unless a row lies above.
                None => ends.into_iter().chain([END_X86_4_14]).collect(),
            }
        }
        // 4.4 moved it up by 8 MiB. Without a version the lower one, unless a row lies above.
        _ if version.is_some_and(|version| version >= (4, 4, 0)) => vec![ENDS_ARM[1]],
        _ => ENDS_ARM.to_vec(),
    }
}

/// The lowest row that is the kernel's and not a module's below it. Fixed ones do not count: on ARM the contiguous area
/// (CMA) is one of them, in the middle of the direct map.
fn lowest_row(listing: &VmallocInfo, page_offset: u64) -> u64 {
    let starts = |wanted: &dyn Fn(&AreaRow) -> bool| {
        listing.rows.iter().filter(|row| wanted(row)).map(|row| row.area.start).min()
    };
    let moving = starts(&|row| row.area.start >= page_offset && !is_fixed(row));
    moving.or_else(|| starts(&|row| row.area.start >= page_offset)).or_else(|| starts(&|_| true)).unwrap_or(0)
}

/// The direct map ends where the zones below HighMem do.
fn low_of_zones(log: &KernelLog, family: Option<Family>) -> Option<Low> {
    let is_high = |name: &str| name == "HighMem" || name == "Movable" || name == "Device";
    let first = match family? {
        // A PC's RAM is mapped from address 0.
        Family::X86 => 0,
        Family::Arm => log.zones.iter().map(|zone| zone.1).min()?,
        Family::Wide => return None,
    };
    let end = log.zones.iter().filter(|zone| !is_high(&zone.0)).map(|zone| zone.2).max()?;
    let high = log.zones.iter().any(|zone| zone.0 == "HighMem");
    let end = PAGE_OFFSET.checked_add(end.checked_sub(first)?)?;
    Some(Low { start: PAGE_OFFSET, end, all_ram: Some(!high) })
}

/// Areas of x86-64 that no profile has: up to 2.6.30, and with five levels of tables (`Documentation/arch/x86/x86_64/mm.rst` of
/// 2.6.28 and 6.1).
const OTHER_X86_64: [(&str, (u64, u64)); 2] = [
    ("x86-64 up to 2.6.30", (0xffff_c200_0000_0000, 0xffff_e1ff_ffff_ffff)),
    ("x86-64 with five levels of tables", (0xffa0_0000_0000_0000, 0xffd1_ffff_ffff_ffff)),
];
/// Areas are put as low as possible, so the lowest row lies near the area's start.
const NEAR: u64 = 64 << 30;
/// `VMALLOC_SIZE_TB` of x86-64 with four levels.
const WIDE_SIZE: u64 = 32 << 40;

/// 64-bit kernels have the area at fixed addresses; x86 may have moved it by whole GiB (KASLR).
fn wide(listing: &VmallocInfo, log: Option<&KernelLog>) -> Ends {
    let is_x86 = is_x86_64(listing, log);
    let rules = PROFILES.iter().filter_map(|profile| match &profile.layout {
        LayoutRule::Wide(rule) if !is_x86 || profile.name.starts_with("amd64") => Some((profile.name, rule.vmalloc)),
        _ => None,
    });
    let image = |row: &&AreaRow| row.area.start < 0xffff_ffff_8000_0000;
    let rows: Vec<&AreaRow> = listing.rows.iter().filter(image).collect();
    let holds = |area: (u64, u64)| {
        rows.iter().filter(|row| area.0 <= row.area.start && row.area.end <= area.1.saturating_add(1)).count()
    };
    let lowest = |area: (u64, u64)| rows.iter().map(|row| row.area.start).filter(|start| *start >= area.0).min();
    let near = |area: (u64, u64)| lowest(area).is_some_and(|lowest| lowest - area.0 < NEAR);
    // Of those that hold the most rows, the one that begins next to them.
    let rules = rules.chain(OTHER_X86_64).filter(|(_, area)| near(*area));
    let best = rules.max_by_key(|(_, area)| (holds(*area), area.0));
    match best.filter(|(_, area)| holds(*area) * 2 > rows.len()) {
        Some((name, (start, end))) => Ends { start, end, because: format!("as in {name}"), low: None, of_log: true },
        None => {
            let start = align_down(rows.iter().map(|row| row.area.start).min().unwrap_or(0), 1 << 30);
            let top = rows.iter().map(|row| row.area.end).max().unwrap_or(start);
            let because = match is_x86 {
                true => "from the lowest row: boot moved it (KASLR)".to_owned(),
                false => "from the lowest row; where it ends nothing says".to_owned(),
            };
            Ends { start, end: top.max(start.saturating_add(WIDE_SIZE)), because, low: None, of_log: true }
        }
    }
}

/// What lies between the rows, and whether rows are left out that might lie anywhere.
fn gaps_between(listing: &VmallocInfo, rows: &[AreaRow], start: u64, end: u64) -> (Vec<Gap>, bool) {
    // Dots tell where rows are missing only if the rows around them are neighbours.
    let mut somewhere = false;
    let mut marks: Vec<(Place, u64, u64)> = Vec::new();
    for (place, at) in &listing.left_out {
        let before = at.checked_sub(1).and_then(|at| listing.rows.get(at));
        let (from, to) =
            (before.map_or(start, |row| row.area.end), listing.rows.get(*at).map_or(end, |row| row.area.start));
        let neighbours =
            from <= to && !rows.iter().any(|row| row.area.start >= from && row.area.end <= to && from < to);
        if neighbours {
            marks.push((*place, from, to));
        } else {
            somewhere = true;
        }
    }
    let mut gaps = Vec::new();
    let mut from = start;
    for to in rows.iter().map(|row| (row.area.start, row.area.end)).chain([(end, end)]) {
        if to.0 > from {
            let mark = marks.iter().find(|(_, after, before)| *after == from && *before == to.0);
            gaps.push(Gap { start: from, end: to.0, left_out: mark.map(|(place, ..)| *place) });
        }
        from = from.max(to.1);
    }
    (gaps, somewhere)
}
