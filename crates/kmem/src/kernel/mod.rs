//! A kernel: everything together, on one machine.
//!
//! [`Kernel::boot`] takes a machine and a [`Plan`], puts the mem_map into the machine's RAM, gives what is free to the
//! page allocator, makes kmalloc's caches and the page tables. What the layers can do is reached through the kernel: it
//! derefs to [`Memory`] (pages, slabs, kmalloc), and adds vmalloc, kmap and pools with the machine filled in.
//!
//! # What it shows of itself
//! `proc` (the files, and the rows of those that are lists) · `zones` (zones and nodes) · `meminfo` · `vmstat` · `sysctl`
//! (tunables, read and written) · `usage` (how much of a tunable is in use) · `report` (what it says when memory is short) · `slab_report` (what it says about slabs) · `slab_files` (`/sys/kernel/slab`).
//! `kvmalloc` is kmalloc and vmalloc in one.

mod kvmalloc;
mod meminfo;
mod proc;
mod report;
mod slab_files;
mod slab_report;
mod sysctl;
mod usage;
mod vmstat;
mod zones;

pub use proc::{proc_path, PROC_FILES};
pub use sysctl::{check_sysctl, default_sysctl, plain_key, sysctls, Access, SysctlError, SysctlInfo};
pub use usage::Usage;

use crate::boot::cmdline::CommandLine;
use crate::boot::{default_huge_page, huge_pools, BootError, Plan};
use crate::error::{AllocError, Broken};
use crate::machine::Machine;
use crate::map::Map;
use crate::memory::settings::Settings;
use crate::memory::{HugePools, Memory, UserMemory};
use crate::page::ext::Wanted;
use crate::page::frame::FrameTable;
use crate::page::tunables::Tunables;
use crate::page::watermark::{Tuning, MAX_ZONES};
use crate::page::{PageAllocator, Parts, Tracer, ZoneExtent, MAX_ALL_ZONES};
use crate::pool::{is_poison_wanted, Pools};
use crate::profile::{Profile, SlabRule};
use crate::raw::{Placed, Ram, Reserve};
use crate::rcu::Rcu;
use crate::reclaim::Reclaim;
use crate::slab::debug::DebugRule;
use crate::slab::geometry::Ground;
use crate::slab::kmalloc::Kmalloc;
use crate::slab::options::DebugOptions;
use crate::slab::params::SlabParams;
use crate::slab::{CreateError, Debugging, SlabAllocator, Source};
use crate::sync::SpinLock;
use crate::units::{align_up, Order, Pfn, PhysAddr, PhysRange, PAGE_SIZE};
use crate::user::Processes;
use core::fmt;
use core::ops::Deref;
use sysctl::Tuned;

/// A booted kernel. What it is made of points into the machine's RAM, so none of it is ever handed out by value.
pub struct Kernel<M: Machine> {
    pub(crate) memory: Memory<M>,
    pub(crate) map: Map,
    pub(crate) pools: Pools,
    pub(crate) user: Placed<Processes>,
    plan: Plan,
    tuned: SpinLock<Tuned>,
    mem_map: PhysRange,
    first_pfn: Pfn,
    init_on_alloc: bool,
}

/// Why a kernel did not boot.
#[derive(Clone, Copy, Debug)]
pub enum BootFailure {
    /// The machine cannot be.
    Plan(BootError),
    /// The machine's window onto low memory does not begin at a page boundary of the host.
    Unaligned,
    /// The machine's window onto low memory is smaller than the layout says.
    Window {
        /// Bytes it has.
        bytes: u64,
        /// Bytes needed.
        needed: u64,
    },
    /// No held range is large enough for the page structures.
    MemMap {
        /// Bytes needed.
        bytes: u64,
    },
    /// An allocation of boot's own failed.
    Alloc(AllocError),
    /// A cache of boot's own could not be made.
    Cache(CreateError),
}

impl fmt::Display for BootFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::Window { bytes, needed } => {
                write!(f, "the machine shows {bytes} bytes of low memory, the layout needs {needed}")
            }
            Self::Unaligned => write!(f, "the machine's window onto low memory is not page aligned"),
            Self::MemMap { bytes } => {
                write!(f, "no held range has {bytes} bytes for the page structures")
            }
            Self::Alloc(error) => write!(f, "boot ran out of memory: {error}; give the machine more RAM"),
            Self::Cache(error) => write!(f, "boot could not make kmalloc's caches: {error}; give the machine more RAM"),
        }
    }
}
impl From<BootError> for BootFailure {
    fn from(error: BootError) -> Self {
        Self::Plan(error)
    }
}
impl From<AllocError> for BootFailure {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}
impl From<CreateError> for BootFailure {
    fn from(error: CreateError) -> Self {
        Self::Cache(error)
    }
}

impl<M: Machine> Deref for Kernel<M> {
    type Target = Memory<M>;
    fn deref(&self) -> &Memory<M> {
        &self.memory
    }
}

impl<M: Machine> Kernel<M> {
    /// Boots a kernel on a machine whose RAM is the plan's. `cmdline` is the command line that the plan was made with.
    ///
    /// Cost: O(zones + reserved pages) on a machine whose RAM is zeroed, else O(pages).
    ///
    /// # Errors
    /// [`BootFailure`] when the machine and the plan do not fit together or RAM is too small.
    pub fn boot(machine: M, profile: &'static Profile, plan: Plan, cmdline: &str) -> Result<Self, BootFailure> {
        Self::boot_traced(machine, profile, plan, cmdline, None)
    }
    /// Boots with a tracer, which hears of the first page that boot hands over and of all that follows.
    ///
    /// # Errors
    /// As [`Kernel::boot`].
    pub fn boot_traced(
        machine: M,
        profile: &'static Profile,
        plan: Plan,
        cmdline: &str,
        tracer: Option<Tracer>,
    ) -> Result<Self, BootFailure> {
        let ram = window(&machine, &plan)?;
        let cpus = plan.cpus;
        let extents = extents(profile, &plan);
        let (first_pfn, frame_count) = span(profile, &extents);
        let spare = PageAllocator::bytes(profile, profile.top_order, &extents, cpus, plan.nodes()) + Rcu::bytes(cpus);
        let on = |name| CommandLine::new(cmdline).is_on(name);
        let wanted = Wanted { poison: on("page_poison"), owner: on("page_owner") };
        let bytes_with = |wanted: Wanted| frame_count * FrameTable::ENTRY + spare + wanted.bytes(frame_count, cpus);
        // Where somebody else said what is held, there may be no room for more than the mem_map.
        let (wanted, mem_map) = match mem_map_place(&plan, bytes_with(wanted)) {
            Err(_) if wanted.any() => {
                machine.printk(format_args!("page_owner, page_poison: no held range has room for them, off"));
                (Wanted::default(), mem_map_place(&plan, bytes_with(Wanted::default()))?)
            }
            place => (wanted, place?),
        };
        let bytes = bytes_with(wanted);
        let mut reserve =
            Reserve::new(&ram, mem_map, bytes, machine.ram_is_zeroed()).ok_or(BootFailure::MemMap { bytes })?;
        let frames = FrameTable::new(&mut reserve, frame_count, first_pfn).ok_or(BootFailure::MemMap { bytes })?;
        let parts = Parts {
            profile,
            top: profile.top_order,
            frames,
            extents: &extents,
            cpus,
            nodes: plan.nodes(),
            cpu_node: &|cpu| plan.node_of_cpu(cpu),
            low_end: Pfn::containing(plan.layout.low.end),
            tracer,
            ext: Some((wanted, ram.share())),
        };
        let mut pages = PageAllocator::new(&mut reserve, parts).ok_or(BootFailure::MemMap { bytes })?;
        let rcu = Rcu::new(&mut reserve, cpus).ok_or(BootFailure::MemMap { bytes })?;
        hand_over(&pages, &plan);
        let (tuning, tunables) = Tuning::at_boot(profile, &plan, CommandLine::new(cmdline));
        pages.tune(&tuning);
        pages.set_boost_factor(tunables.watermark_boost_factor);
        plan.freed_late().for_each(|range| pages.release_reserved(first(range), last(range)));
        pages.open();

        let ground = Ground {
            rule: profile.slab,
            params: SlabParams {
                kasan: plan.kasan,
                ..SlabParams::new(profile.slab, profile.top_order, CommandLine::new(cmdline))
            },
            word: profile.word_bytes,
            cache_line: profile.cache_line,
            cpus,
            total_pages: pages.managed(),
        };
        let debugging = debugging(&machine, profile, cmdline, mem_map.start);
        let mut slab = SlabAllocator::new(ram.share(), profile.page_offset, ground, debugging, rcu);
        slab.boot_structs(&pages, machine.cpu(), profile, plan.nodes())?;
        slab.kmalloc = Kmalloc::boot(&slab, &pages, machine.cpu(), profile, CommandLine::new(cmdline))?;
        let reclaim = Reclaim::default();
        let settings = Settings::new(profile);
        let huge = SpinLock::new(HugePools::default());
        let rcu_invoker = SpinLock::new(None);
        let (users, reporter) = (None, None);
        let mut memory =
            Memory { machine, profile, ram, pages, slab, reclaim, settings, rcu_invoker, huge, users, reporter };
        let user: Placed<Processes> = memory.place()?;
        memory.users = Some(user.seen_as(|user| user as &dyn UserMemory<M>));
        memory.reporter = Some(report::write);
        let map = Map::boot(&memory, &plan.layout, plan.memblock.memory())?;
        let line = CommandLine::new(cmdline);
        let sizes = profile.image.gigantic.iter().copied().chain([profile.image.huge_page_bytes]);
        let (usual, asked) = (default_huge_page(profile, line), huge_pools(profile, line));
        memory.huge = SpinLock::new(memory.fill_huge_pools(&plan, usual, sizes, asked));
        // So that the first state of the zones is one that `drain` leads back to.
        memory.drain();
        // What fragmentation added to the marks meanwhile is kswapd's to take back.
        (0..plan.nodes()).for_each(|node| memory.pages.end_boost(node));
        let pools = Pools::default();
        pools.set_poison(is_poison_wanted(line));
        let used = mem_map.start.offset(bytes.max(plan.mem_map_bytes)).raw();
        let mem_map = PhysRange::new(mem_map.start.raw(), mem_map.end.raw().min(used));
        let tuned = SpinLock::new(Tuned { tunables, tuning });
        let init_on_alloc = line.is_on("init_on_alloc");
        let kernel = Self { memory, map, pools, user, plan, tuned, mem_map, first_pfn, init_on_alloc };
        kernel.reserve_for_people();
        kernel.write_sysctls_of(line);
        Ok(kernel)
    }

    /// Returns pages, slabs, kmalloc: what the kernel derefs to.
    pub fn memory(&self) -> &Memory<M> {
        &self.memory
    }
    /// True with `init_on_alloc=1`: whoever allocates for others asks for zeroed memory. The engine's own structures are
    /// written before they are read, and are not zeroed first.
    pub fn init_on_alloc(&self) -> bool {
        self.init_on_alloc
    }
    /// Returns the page tables and the address ranges above them.
    pub fn map(&self) -> &Map {
        &self.map
    }
    /// Returns the memory pools.
    pub fn pools(&self) -> &Pools {
        &self.pools
    }
    /// Returns the processes.
    pub fn user(&self) -> &Processes {
        self.user.get()
    }
    /// Returns what was decided before boot: layout, zones, what is held.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// Returns the watermarks and list sizes in force, with min_free_kbytes.
    pub fn tuning(&self) -> Tuning {
        let _irq = self.irq_off();
        self.tuned.lock().tuning
    }
    /// Returns the memory tunables in force.
    pub fn tunables(&self) -> Tunables {
        let _irq = self.irq_off();
        self.tuned.lock().tunables
    }
    /// Returns where the page structures lie in RAM, and what else the engine keeps with them.
    pub fn mem_map(&self) -> PhysRange {
        self.mem_map
    }
    /// Returns the frame that the first page structure describes.
    pub fn first_pfn(&self) -> Pfn {
        self.first_pfn
    }

    /// Checks every structure against every other: free lists, mem_map, zone counts, slabs, vm areas, page tables,
    /// pools, processes. Nothing may be allocated meanwhile. O(frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self) -> Result<(), Broken> {
        self.memory.verify()?;
        self.map.verify(&self.memory)?;
        self.pools.verify(&self.memory)?;
        self.user().verify(&self.memory, &self.map)
    }
}

/// How slabs are debugged: by the kernel's rule, the command line's wish, and what the machine tells of who runs.
fn debugging<M: Machine>(machine: &M, profile: &Profile, cmdline: &str, mem_map: PhysAddr) -> Debugging {
    let unknown = |letter| machine.printk(format_args!("slub_debug option '{letter}' unknown. skipped"));
    let options = match profile.slab {
        SlabRule::Slub { era, .. } => DebugOptions::new(era, CommandLine::new(cmdline), unknown),
        // The parameter is SLUB's.
        SlabRule::Slab { .. } | SlabRule::Slob { .. } => DebugOptions::default(),
    };
    let jiffies = |hz| M::nanoseconds() / (1_000_000_000 / u64::from(hz).max(1));
    Debugging::new(DebugRule::of(profile), options, Source { stack: M::stack, jiffies, hz: profile.hz }, mem_map)
}

fn first(range: PhysRange) -> Pfn {
    Pfn::containing(range.start.page_up())
}
fn last(range: PhysRange) -> Pfn {
    Pfn::containing(range.end)
}

fn window<M: Machine>(machine: &M, plan: &Plan) -> Result<Ram, BootFailure> {
    let needed = plan.layout.low.bytes();
    if machine.direct_map().pointer.addr() % PAGE_SIZE as usize != 0 {
        return Err(BootFailure::Unaligned);
    }
    let ram = Ram::of(machine).filter(|ram| ram.start() == plan.layout.low.start);
    let bytes = ram.as_ref().map_or(0, |ram| ram.end().raw() - ram.start().raw());
    ram.filter(|_| bytes >= needed).map(|ram| ram.cut(needed)).ok_or(BootFailure::Window { bytes, needed })
}

/// The frames that need an entry: from the first zone's start to the last one's end, rounded out to top-order blocks.
fn span(profile: &Profile, extents: &[Option<ZoneExtent>]) -> (Pfn, u64) {
    let zones = || extents.iter().flatten().filter(|zone| zone.spanned != 0);
    let start = zones().map(|zone| zone.start).min().unwrap_or_default().align_down(profile.top_order);
    let end = zones().map(|zone| zone.end().raw()).max().unwrap_or(0);
    (start, align_up(end, profile.top_order.pages()).saturating_sub(start.raw()))
}

/// Where the entries go: where the plan put the kernel's own, else into the highest held range that is large enough.
fn mem_map_place(plan: &Plan, bytes: u64) -> Result<PhysRange, BootFailure> {
    let low_end = plan.layout.low.end.raw();
    let fits = |range: &PhysRange| align_up(range.start.raw(), 4096) + bytes <= range.end.raw().min(low_end);
    // What is held now and given back later is no place to stay.
    let mut held = plan.memblock.reserved().clone();
    for range in plan.freed_early().chain(plan.freed_late()).chain(plan.cma()).chain(plan.gigantic()) {
        held.remove(range).map_err(|_| BootFailure::MemMap { bytes })?;
    }
    let place = plan.mem_map.filter(fits).or_else(|| held.as_slice().iter().rev().copied().find(fits));
    place
        .map(|range| PhysRange::new(align_up(range.start.raw(), 4096), range.end.raw()))
        .ok_or(BootFailure::MemMap { bytes })
}

/// The zones of the plan, at `node * MAX_ZONES + zone`.
fn extents(profile: &Profile, plan: &Plan) -> [Option<ZoneExtent>; MAX_ALL_ZONES] {
    let mut extents = [None; MAX_ALL_ZONES];
    let mut zones = plan.zones().iter();
    for node in 0..plan.nodes() as usize {
        for at in 0..profile.zones.len().min(MAX_ZONES) {
            let Some(zone) = zones.next() else { break };
            let (name, kind, start, spanned, present) = (zone.name, zone.kind, zone.start, zone.spanned, zone.present);
            let extent = ZoneExtent { name, node: node as u32, kind, start, spanned, present };
            if let Some(slot) = extents.get_mut(node * MAX_ZONES + at) {
                *slot = Some(extent);
            }
        }
    }
    extents
}

/// Gives the page allocator what is free, and what is freed early in boot. The rest is reserved.
fn hand_over(pages: &PageAllocator, plan: &Plan) {
    plan.free_ranges().for_each(|range| pages.release(first(range), last(range)));
    plan.cma().for_each(|range| pages.release_cma(first(range), last(range)));
    plan.gigantic().for_each(|range| pages.manage_held(first(range), last(range)));
    plan.freed_early().for_each(|range| pages.release_reserved(first(range), last(range)));
}

const _: () = assert!(FrameTable::ENTRY <= 32, "the budget is 32 bytes a page");
const _: () = assert!(Order::COUNT <= 16);
