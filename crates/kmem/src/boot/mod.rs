//! Boot: from RAM, CPUs and a command line to zones and free pages.
//!
//! [`plan`] computes everything that a kernel decides about its memory before the page allocator runs, and touches no
//! memory to do so: which ranges are RAM, where the address space is cut ([`layout`]), which zones there are, what the
//! kernel image, the page structures and the hash tables hold ([`memblock`]), and what is left. The order is a real
//! kernel's:
//!
//! 1. The firmware's map of RAM, cut by `mem=`.
//! 2. The layout: how much is low memory.
//! 3. The image, the initrd, page structures, per-CPU areas, hash tables: reserved.
//! 4. Zones; what is free goes to the page allocator.
//! 5. A little of the image is freed ("SMP alternatives"); then watermarks are computed.
//! 6. The initrd and `.init` are freed; the watermarks stay as they are.
//!
//! What is reserved is the profile's own estimate, or given from a capture of a real machine.

pub mod cmdline;
mod error;
mod firmware;
mod held;
pub mod layout;
pub mod memblock;
mod warning;
mod zones;

pub use error::BootError;
pub use firmware::{firmware_map, FirmwareEntry, FirmwareMap};
pub use held::PlanHash;
pub use zones::PlanZone;

use crate::profile::{Profile, ZoneKind, MAX_ZONES};
use crate::units::{PhysRange, PAGE_SIZE};
use cmdline::CommandLine;
use firmware::find_ram;
use layout::Layout;
use memblock::{whole_pages, Memblock, RangeList};
use zones::EMPTY_ZONE;

/// The most hash tables that a profile's boot makes.
pub const MAX_HASHES: usize = 4;

/// What a machine is booted with.
#[derive(Clone, Copy, Debug)]
pub struct BootParams<'a> {
    /// Bytes of RAM. Ignored when `ranges` are given.
    pub ram_bytes: u64,
    /// The RAM as a capture of a real machine has it; `None`: as the profile's firmware hands it out.
    pub ranges: Option<&'a [PhysRange]>,
    /// CPUs.
    pub cpus: u32,
    /// The kernel's command line, the board's own included.
    pub cmdline: &'a str,
    /// What is held when the page allocator takes over.
    pub held: Held<'a>,
}

/// What the image and early boot hold.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// What the profile says.
    Estimated,
    /// What a capture of a real machine says.
    Given {
        /// Reserved when the page allocator takes over.
        reserved: &'a [PhysRange],
        /// Of that, freed before the watermarks are computed.
        freed_early: &'a [PhysRange],
        /// Of that, freed at the end of boot.
        freed_late: &'a [PhysRange],
    },
}

impl<'a> BootParams<'a> {
    /// Makes the parameters of the profile's own machine.
    pub const fn new(profile: &Profile) -> Self {
        Self {
            ram_bytes: profile.default_ram,
            ranges: None,
            cpus: profile.default_cpus,
            cmdline: profile.default_cmdline,
            held: Held::Estimated,
        }
    }
}

/// Everything that is decided before the page allocator runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The address space.
    pub layout: Layout,
    /// RAM and what of it is held when the page allocator takes over. RAM above `layout.ram_end` is not used.
    pub memblock: Memblock,
    /// CPUs.
    pub cpus: u32,
    /// The array of page structures: its bytes.
    pub mem_map_bytes: u64,
    /// Where it lies; `None` when what is held was given.
    pub mem_map: Option<PhysRange>,
    /// Where the initrd lies; `None` without one, or when what is held was given.
    pub initrd: Option<PhysRange>,
    /// Low pages by which hash tables are sized.
    pub kernel_pages: u64,
    /// Pages of all zones less what the mem_map takes of low ones: the zonelist line's "Total pages".
    pub total_pages: u64,
    /// Pages held that are RAM, when the page allocator takes over.
    pub reserved_pages: u64,
    freed_early: RangeList,
    freed_late: RangeList,
    zones: [PlanZone; MAX_ZONES],
    zone_count: usize,
    hashes: [Option<PlanHash>; MAX_HASHES],
}

impl Plan {
    /// Returns the zones, lowest first, empty ones included.
    pub fn zones(&self) -> &[PlanZone] {
        &self.zones[..self.zone_count]
    }
    /// Returns boot's hash tables.
    pub fn hashes(&self) -> impl Iterator<Item = PlanHash> + '_ {
        self.hashes.iter().copied().flatten()
    }
    /// Returns what the page allocator takes over, in ascending order, in whole pages.
    pub fn free_ranges(&self) -> impl Iterator<Item = PhysRange> + '_ {
        let end = self.layout.ram_end.raw();
        self.memblock
            .free_pages()
            .map(move |range| PhysRange::new(range.start.raw(), range.end.raw().min(end)))
            .filter(|range| range.bytes() > 0)
    }
    /// Returns what is freed before the watermarks are computed.
    pub fn freed_early(&self) -> impl Iterator<Item = PhysRange> + '_ {
        self.freed_early.as_slice().iter().copied().map(whole_pages)
    }
    /// Returns what is freed at the end of boot.
    pub fn freed_late(&self) -> impl Iterator<Item = PhysRange> + '_ {
        self.freed_late.as_slice().iter().copied().map(whole_pages)
    }
    /// Returns the pages that the tuning formulas count at boot, by zone.
    pub fn tuned_pages(&self) -> [u64; MAX_ZONES] {
        let mut pages = [0; MAX_ZONES];
        for (pages, zone) in pages.iter_mut().zip(self.zones()) {
            *pages = zone.tuned;
        }
        pages
    }
    /// Returns all pages that the page allocator manages when boot is over: MemTotal.
    pub fn managed_pages(&self) -> u64 {
        self.zones().iter().map(|zone| zone.managed).sum()
    }
}

/// Plans a boot.
///
/// Pure: the same arguments give the same plan, and no memory is touched. Cost: O(ranges²).
///
/// # Errors
/// [`BootError`] says why the machine cannot be, with the numbers that decide, and what to change.
///
/// # Examples
/// ```
/// # use kmem::{boot::{plan, BootParams}, profile};
/// let profile = profile::by_name("i386-pae-6.1").unwrap();
/// let plan = plan(profile, &BootParams::new(profile)).unwrap();
/// assert_eq!(plan.layout.vmalloc.unwrap().start.raw(), 0xf77fe000);
/// ```
pub fn plan(profile: &Profile, params: &BootParams<'_>) -> Result<Plan, BootError> {
    attempt(profile, params).map_err(|error| match error {
        BootError::RamTooSmall { .. } | BootError::ImageOutside { .. } | BootError::NoRoom { .. } => {
            too_little(profile, params, error)
        }
        _ => error,
    })
}

fn attempt(profile: &Profile, params: &BootParams<'_>) -> Result<Plan, BootError> {
    let cmdline = CommandLine::new(params.cmdline);
    if params.cpus == 0 || params.cpus > profile.max_cpus {
        return Err(BootError::Cpus { cpus: params.cpus, limit: profile.max_cpus });
    }
    let (memblock, ram) = find_ram(profile, params, cmdline)?;
    let layout = Layout::new(profile, ram, cmdline)?;
    let mut plan = Plan {
        memblock,
        cpus: params.cpus,
        mem_map_bytes: 0,
        mem_map: None,
        initrd: None,
        kernel_pages: 0,
        total_pages: 0,
        reserved_pages: 0,
        freed_early: RangeList::new(),
        freed_late: RangeList::new(),
        zones: [EMPTY_ZONE; MAX_ZONES],
        zone_count: profile.zones.len().min(MAX_ZONES),
        hashes: [None; MAX_HASHES],
        layout,
    };
    plan.cut_zones(profile, cmdline);
    plan.count_pages(profile);
    plan.size_hashes(profile);
    match params.held {
        Held::Estimated => plan.hold_estimate(profile)?,
        Held::Given { reserved, freed_early, freed_late } => {
            reserved.iter().try_for_each(|&range| plan.memblock.reserve(range))?;
            freed_early.iter().try_for_each(|&range| plan.freed_early.add(range))?;
            freed_late.iter().try_for_each(|&range| plan.freed_late.add(range))?;
        }
    }
    plan.count_free(profile);
    // High memory does not count: the kernel's own structures cannot live there.
    let low = plan.zones().iter().filter(|zone| zone.kind <= ZoneKind::Normal);
    if low.map(|zone| zone.initial_free).sum::<u64>() < profile.image.min_free_pages {
        let (bytes, low) = (profile.image.min_free_pages * PAGE_SIZE, plan.layout.low.bytes());
        return Err(BootError::NoRoom { what: "the least free memory", bytes, low });
    }
    Ok(plan)
}

/// Tells RAM that is too little from an address space that is cut badly: more RAM helps the first.
fn too_little(profile: &Profile, params: &BootParams<'_>, error: BootError) -> BootError {
    let ram = match params.ranges {
        Some(ranges) => ranges.iter().map(|range| range.bytes()).sum(),
        None => params.ram_bytes,
    };
    let usable = CommandLine::new(params.cmdline).size("mem").filter(|&limit| limit > 0).unwrap_or(ram).min(ram);
    let least = |cmdline| {
        let boots = |mib: &u64| {
            let params = BootParams { ram_bytes: mib << 20, ranges: None, cmdline, held: Held::Estimated, ..*params };
            attempt(profile, &params).is_ok()
        };
        (1..=MOST_NEEDED_MIB).find(boots).map(|mib| mib << 20)
    };
    match least("") {
        Some(needed) if usable < needed => {
            BootError::RamTooSmall { ram: usable, needed: least(params.cmdline).unwrap_or(needed) }
        }
        _ => error,
    }
}

/// No kernel of the profiles needs more RAM than this to boot.
const MOST_NEEDED_MIB: u64 = 128;
