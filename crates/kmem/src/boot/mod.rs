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
mod huge;
pub mod layout;
pub mod memblock;
mod movable;
mod nodes;
pub mod parameter;
mod warning;
mod zones;

pub use error::BootError;
pub use firmware::{firmware_map, map_by_hand, FirmwareEntry, FirmwareKind, FirmwareMap};
pub use held::PlanHash;
pub use huge::{default_huge_page, huge_pools, HugePool};
pub use nodes::{cut_nodes, equal_nodes, NodeRange, NodeRanges, MAX_NODE_RANGES};
pub use zones::{PlanZone, ZonePages};

use crate::profile::{Present, Profile, ZoneKind, MAX_NODES, MAX_ZONES};
use crate::units::{PhysRange, PAGE_SIZE};
use cmdline::CommandLine;
use firmware::find_ram;
use layout::Layout;
use memblock::{whole_pages, Memblock, RangeList};
use nodes::Nodes;
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
    /// Which addresses belong to which NUMA node; `None`: one node.
    pub nodes: Option<&'a [NodeRange]>,
    /// CPUs.
    pub cpus: u32,
    /// The node of each CPU, CPU 0 first; `None`, or where the list ends: spread evenly.
    pub cpu_nodes: Option<&'a [u32]>,
    /// The kernel's command line, the board's own included.
    pub cmdline: &'a str,
    /// What is held when the page allocator takes over.
    pub held: Held<'a>,
    /// The kernel is built with KASAN: behind each slab object lies a piece that nobody may touch.
    pub kasan: bool,
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
        /// Of that, the areas for contiguous blocks.
        cma: &'a [PhysRange],
    },
}

impl<'a> BootParams<'a> {
    /// Makes the parameters of the profile's own machine.
    pub const fn new(profile: &Profile) -> Self {
        Self {
            ram_bytes: profile.default_ram,
            ranges: None,
            nodes: None,
            cpus: profile.default_cpus,
            cpu_nodes: None,
            cmdline: profile.default_cmdline,
            held: Held::Estimated,
            kasan: false,
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
    /// The kernel is built with KASAN.
    pub kasan: bool,
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
    /// Pages of all huge pages that the command line asks for.
    pub hugetlb_pages: u64,
    freed_early: RangeList,
    freed_late: RangeList,
    cma: RangeList,
    gigantic: RangeList,
    nodes: Nodes,
    zones: [PlanZone; MAX_ZONES * MAX_NODES],
    zones_a_node: usize,
    hashes: [Option<PlanHash>; MAX_HASHES],
}

impl Plan {
    /// Returns the zones, empty ones included: those of node 0, lowest first, then those of node 1, and so on.
    pub fn zones(&self) -> &[PlanZone] {
        &self.zones[..self.zones_a_node * self.nodes.count as usize]
    }
    /// Returns the number of NUMA nodes.
    pub fn nodes(&self) -> u32 {
        self.nodes.count
    }
    /// Returns the number of CPUs of a node.
    pub fn node_cpus(&self, node: u32) -> u32 {
        self.nodes.cpus.get(node as usize).copied().unwrap_or(0)
    }
    /// Returns a CPU's node.
    pub fn node_of_cpu(&self, cpu: u32) -> u32 {
        self.nodes.of_cpu(cpu)
    }
    /// Returns the node that has this physical address; node 0 for one that is nobody's.
    pub fn node_of(&self, addr: u64) -> u32 {
        self.nodes.of(addr)
    }
    /// Returns the RAM of a node in ascending order: first frame, and one past the last.
    pub fn node_memory(&self, node: u32) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.nodes.memory(self.memblock.memory(), node)
    }
    /// Returns a zone in whose span another one has RAM.
    fn interleaved(&self) -> Option<&PlanZone> {
        let zones = self.zones();
        let used = || zones.iter().filter(|zone| zone.spanned > 0);
        used().find(|zone| {
            let (start, end) = (zone.range().start, zone.range().end);
            used().any(|other| {
                other.node != zone.node
                    && other.kind == zone.kind
                    && other.range().start < end
                    && start < other.range().end
            })
        })
    }
    /// True when ZONE_MOVABLE is cut from high memory, and so is high memory itself.
    pub fn movable_is_high(&self) -> bool {
        self.layout.low.end < self.layout.ram_end && self.zones().iter().any(|zone| zone.kind == ZoneKind::HighMem)
    }
    /// True for a zone that the kernel does not map directly.
    pub fn is_high(&self, kind: ZoneKind) -> bool {
        kind == ZoneKind::HighMem || (kind == ZoneKind::Movable && self.movable_is_high())
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
    /// Returns the areas for contiguous blocks (CMA). They join their zones before the watermarks are computed.
    pub fn cma(&self) -> impl Iterator<Item = PhysRange> + '_ {
        self.cma.as_slice().iter().copied().map(whole_pages)
    }
    /// Returns the huge pages that were taken before the page allocator runs. They are managed, and nobody's to allocate.
    pub fn gigantic(&self) -> impl Iterator<Item = PhysRange> + '_ {
        self.gigantic.as_slice().iter().copied()
    }
    /// Returns the pages that the formulas for watermarks and lists count at boot.
    pub fn tuned_pages(&self) -> ZonePages {
        self.by_zone(|zone| zone.tuned + zone.gigantic)
    }
    /// Returns the pages that the formula for `lowmem_reserve` counts at boot.
    pub fn reserve_pages(&self) -> ZonePages {
        self.by_zone(|zone| zone.tuned)
    }
    /// Returns the pages that all formulas count when they are applied again after boot.
    pub fn later_pages(&self, present: Present) -> ZonePages {
        self.by_zone(|zone| zone.tuned_later(present))
    }
    fn by_zone(&self, count: impl Fn(&PlanZone) -> u64) -> ZonePages {
        let mut pages = [[0; MAX_ZONES]; MAX_NODES];
        for (pages, zones) in pages.iter_mut().zip(self.zones().chunks(self.zones_a_node.max(1))) {
            for (pages, zone) in pages.iter_mut().zip(zones) {
                *pages = count(zone);
            }
        }
        pages
    }
    /// Returns the bytes that may be promised to processes in all: CommitLimit, without swap.
    pub fn commit_limit(&self, overcommit_ratio: u64) -> u64 {
        let pages = self.managed_pages().saturating_sub(self.hugetlb_pages);
        pages * overcommit_ratio / 100 * PAGE_SIZE
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
        BootError::RamTooSmall { .. }
        | BootError::ImageOutside { .. }
        | BootError::InitrdOutside { .. }
        | BootError::NoRoom { .. } => too_little(profile, params, error),
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
    let nodes = Nodes::new(profile, memblock.memory(), params.nodes, params.cpus, params.cpu_nodes, cmdline)?;
    let mut plan = Plan {
        memblock,
        cpus: params.cpus,
        kasan: params.kasan,
        mem_map_bytes: 0,
        mem_map: None,
        initrd: None,
        kernel_pages: 0,
        total_pages: 0,
        reserved_pages: 0,
        hugetlb_pages: 0,
        freed_early: RangeList::new(),
        freed_late: RangeList::new(),
        cma: RangeList::new(),
        gigantic: RangeList::new(),
        nodes,
        zones: [EMPTY_ZONE; MAX_ZONES * MAX_NODES],
        zones_a_node: profile.zones.len().min(MAX_ZONES),
        hashes: [None; MAX_HASHES],
        layout,
    };
    plan.cut_zones(profile, cmdline);
    if let Some(zone) = plan.interleaved() {
        return Err(BootError::NodesInterleave(zone.range()));
    }
    plan.count_pages(profile);
    plan.size_hashes(profile);
    match params.held {
        Held::Estimated => {
            plan.hold_estimate(profile, cmdline)?;
            plan.take_gigantic(profile, cmdline)?;
        }
        Held::Given { reserved, freed_early, freed_late, cma } => {
            reserved.iter().try_for_each(|&range| plan.memblock.reserve(range))?;
            freed_early.iter().try_for_each(|&range| plan.freed_early.add(range))?;
            freed_late.iter().try_for_each(|&range| plan.freed_late.add(range))?;
            cma.iter().try_for_each(|&range| plan.cma.add(range))?;
            plan.find_gigantic(profile, cmdline)?;
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
            let ram_bytes = mib << 20;
            let params = BootParams { ram_bytes, ranges: None, nodes: None, cmdline, held: Held::Estimated, ..*params };
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
