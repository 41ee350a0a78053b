//! Pages: the buddy allocator with its zones, nodes, zonelists and per-CPU lists.
//!
//! One [`PageAllocator`] owns all frames of RAM. A request for a small block is answered from the CPU's own list of the
//! preferred zone (`percpu`); everything else goes node by node and zone by zone down the zonelist, under each zone's
//! lock, as far as the watermarks allow (`slow`). What is not to be had so is the layer above's business: it can wait,
//! reclaim and compact, and ask again ([`crate::memory`]).
//!
//! ```text
//!     alloc ──hit──> percpu  ──refill──>  zone: attempt ─> watermarks ─> buddy ─none of the type─> steal
//!     free  ──hit──> percpu  ──drain───>  zone: buddy (merge)
//! ```
//!
//! # Invariants, checked by `verify` (besides the buddy's own)
//! - **P1** Every frame of a zone is in exactly one block, and no frame inside a block is a head.
//! - **P2** What the per-CPU lists hold is marked `Pcp`, and nothing else is.
//! - **P3** Free, per-CPU, used and slab pages add up to the zone's managed pages.

pub mod attempt;
pub(crate) mod buddy;
mod chunk;
mod counts;
pub(crate) mod ext;
pub(crate) mod frame;
mod inject;
mod lazy;
pub mod lru;
pub mod mobility;
mod owner;
mod percpu;
pub mod policy;
mod pressure;
mod reference;
pub mod refusal;
pub mod restore;
pub mod rule;
mod slow;
mod steal;
mod summary;
#[cfg(test)]
pub(crate) mod tests;
mod trace;
pub mod tunables;
mod uses;
mod verify;
pub mod watermark;
mod zone;
pub mod zonelist;

pub use counts::{FrameInfo, PcpCounts, ZoneCounts};
pub use ext::{Corruption, PageOwner};
pub use frame::FrameKind;
pub use inject::{Attempted, Injector};
pub use mobility::Mobility;
pub use owner::Owner;
pub(crate) use percpu::Inside;
use percpu::{CpuHead, Lists, PerCpuPages, Shape};
pub use policy::Request;
pub use trace::Tracer;
pub use uses::PageUse;
pub use zone::ZoneExtent;
pub use zonelist::NodeMask;

use crate::error::{AllocError, Misuse};
use crate::event::Event;
use crate::gfp::Gfp;
use crate::profile::{Profile, ZoneKind, MAX_NODES};
use crate::raw::{Array, Ram, Reserve, Row, Stacks};
use crate::sync::{AtomicU32, SpinLock};
use crate::units::{Order, Pfn};
use buddy::FreeArea;
use ext::{PageExt, Wanted};
use frame::{FrameTable, State, States};
use inject::Injecting;
use lru::Lru;
use rule::{OrderCheck, PageRule};
use steal::Ground;
use trace::Tracing;
use tunables::Parts as Retuned;
use watermark::{Tuning, MAX_ZONES};
use zone::Zone;
use zonelist::{NodeOrder, Zonelist, LOCAL_DISTANCE, REMOTE_DISTANCE};

/// Zones of all nodes.
pub(crate) const MAX_ALL_ZONES: usize = MAX_ZONES * MAX_NODES;

/// The page allocator of one kernel.
pub struct PageAllocator {
    pub(crate) frames: FrameTable,
    heads: Array<CpuHead>,
    /// A row for each CPU.
    stacks: Stacks,
    /// By CPU and slot.
    pcp: Array<PerCpuPages>,
    slots: u32,
    /// Which per-CPU lists there are.
    shape: Shape,
    /// Whether pageblocks have types; else all are `Movable`.
    groups: bool,
    cpus: u32,
    zones: [Option<Zone>; MAX_ALL_ZONES],
    zonelists: [Zonelist; MAX_NODES],
    lrus: [Lru; MAX_NODES],
    nodes: u32,
    node_order: NodeOrder,
    cpu_nodes: [u8; MAX_CPUS],
    top: Order,
    pageblock: Order,
    /// Orders, a bit each, in which plain requests past the lists may go to the first zone of their zonelist at once: there is
    /// one node, a zone that has enough pages has enough blocks, and lists are not filled with many.
    home_orders: u32,
    rule: &'static PageRule,
    low_end: Pfn,
    /// `vm.watermark_boost_factor`.
    boost_factor: AtomicU32,
    /// Nodes whose kswapd should run: one bit each.
    kswapd_wanted: AtomicU32,
    /// There is one thief of per-CPU lists at a time.
    thief: SpinLock<()>,
    tracing: Tracing,
    injecting: Injecting,
    ext: Option<PageExt>,
}

/// The allocator, as one CPU uses it: what it needs at every turn is found once, and the CPU's lists are its own for as
/// long as this lives.
///
/// The caller is this CPU, with interrupts off, while it lives; and it lives not long: whoever needs what lies on the lists
/// waits for its end.
pub struct OnCpu<'a> {
    pages: &'a PageAllocator,
    head: &'a CpuHead,
    /// Its lists; closed ones while somebody else has them.
    lists: Row<'a>,
    states: States<'a>,
    cpu: u32,
    _inside: Inside<'a>,
}

impl OnCpu<'_> {
    /// Takes a block, as [`PageAllocator::alloc`] does.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn alloc(&self, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        match self.hit(gfp, order) {
            Some(pfn) => Ok(pfn),
            None => self.pages.alloc_missed(self.cpu, self.head, gfp, order),
        }
    }
    #[inline(always)]
    fn hit(&self, gfp: Gfp, order: Order) -> Option<Pfn> {
        if !self.pages.shape.has(order) {
            return None;
        }
        let first = self.head.first(gfp);
        let state = if order == Order::ZERO { first } else { first.of(order, gfp.contains(Gfp::COMP)) };
        let index = self.lists.pop(state.list(), self.states.len())?;
        self.states.set(index, state);
        Some(self.states.pfn(index))
    }
    /// Gives a block back, as [`PageAllocator::free`] does.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn free(&self, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        let is_listed = self.pages.shape.has(order)
            && self.states.with(pfn, |index, frame| {
                let state = frame.get();
                let is_listed = state.is_plain(order) && self.lists.push(state.list(), index);
                if is_listed {
                    frame.set(state.on_pcp());
                }
                is_listed
            }) == Some(true);
        match is_listed {
            true => Ok(()),
            false => self.pages.free_missed(self.cpu, pfn, order),
        }
    }
    /// Gives all pages of this CPU's lists back to the zones.
    pub fn drain(&self) {
        self.pages.drain(self.cpu);
    }
}

/// The most CPUs.
pub const MAX_CPUS: usize = 256;

/// What the allocator is made from.
pub(crate) struct Parts<'a> {
    pub(crate) profile: &'static Profile,
    /// The largest order that is given.
    pub(crate) top: Order,
    pub(crate) frames: FrameTable,
    /// The zones of all nodes, at `node * MAX_ZONES + zone`.
    pub(crate) extents: &'a [Option<ZoneExtent>; MAX_ALL_ZONES],
    pub(crate) cpus: u32,
    pub(crate) nodes: u32,
    /// The node of each CPU.
    pub(crate) cpu_node: &'a dyn Fn(u32) -> u32,
    pub(crate) low_end: Pfn,
    /// Who hears of events from the first on.
    pub(crate) tracer: Option<Tracer>,
    /// Entries for debugging, and the RAM that they are about.
    pub(crate) ext: Option<(Wanted, Ram)>,
}

impl PageAllocator {
    /// Returns a bound of the bytes that the allocator's structures take besides the mem_map.
    pub(crate) fn bytes(profile: &Profile, top: Order, extents: &[Option<ZoneExtent>], cpus: u32, nodes: u32) -> u64 {
        let slots = nodes * MAX_ZONES as u32;
        let shape = Shape::of(profile, cpus);
        let blocks = (0..Lists::width(slots)).map(|at| u64::from(shape.slots_at(extents, at))).sum();
        let each = u64::from(slots) * size_of::<PerCpuPages>() as u64 + size_of::<CpuHead>() as u64;
        let lists = Stacks::bytes(cpus, Lists::width(slots), blocks) + u64::from(cpus) * each + 256;
        let areas = extents.iter().flatten().map(|zone| FreeArea::bytes(zone.start, zone.end(), top));
        lists + areas.sum::<u64>()
    }

    /// Takes over the frames. All of them are reserved until [`PageAllocator::release`] gives ranges to the free lists.
    /// `None` when the reserve is too small.
    pub(crate) fn new(reserve: &mut Reserve<'_>, parts: Parts<'_>) -> Option<Self> {
        let Parts { profile, top, frames, extents, cpus, nodes, cpu_node, low_end, tracer, ext } = parts;
        let frame_count = frames.len().into();
        let rule = PageRule::of(profile);
        let pageblock = profile.pageblock_order.min(top);
        let slots = nodes * MAX_ZONES as u32;
        let mut zones = [const { None }; MAX_ALL_ZONES];
        for (slot, extent) in zones.iter_mut().zip(extents) {
            let Some(extent) = extent else { continue };
            let area = FreeArea::new(reserve, (extent.start, extent.end()), top, pageblock)?;
            *slot = Some(Zone::new(*extent, area));
        }
        let mut cpu_nodes = [0; MAX_CPUS];
        for (slot, cpu) in cpu_nodes.iter_mut().zip(0..cpus) {
            *slot = cpu_node(cpu).min(nodes.saturating_sub(1)) as u8;
        }
        let ext = match ext.filter(|(wanted, _)| wanted.any()) {
            Some((wanted, ram)) => Some(PageExt::new(reserve, wanted, ram, frame_count, cpus)?),
            None => None,
        };
        let shape = Shape::of(profile, cpus);
        let has_home = nodes == 1 && rule.order_check == OrderCheck::Block;
        let pages = Self {
            frames,
            heads: reserve.array(cpus.into())?,
            stacks: Stacks::new(reserve, cpus, Lists::width(slots), |at| shape.slots_at(extents, at))?,
            pcp: reserve.array(u64::from(cpus) * u64::from(slots))?,
            slots,
            home_orders: if has_home { shape.not_small(top) } else { 0 },
            shape,
            groups: false,
            cpus,
            zones,
            zonelists: [Zonelist::new(&[], |_| false); MAX_NODES],
            lrus: Default::default(),
            nodes,
            node_order: NodeOrder::new(nodes, |a, b| if a == b { LOCAL_DISTANCE } else { REMOTE_DISTANCE }),
            cpu_nodes,
            top,
            pageblock,
            rule,
            low_end,
            boost_factor: AtomicU32::new(0),
            kswapd_wanted: AtomicU32::new(0),
            thief: SpinLock::new(()),
            tracing: Tracing::new(tracer),
            injecting: Injecting::default(),
            ext,
        };
        pages.heads.iter().for_each(|head| head.watch(pages.is_watched()));
        Some(pages)
    }

    /// Gives frames that boot reserved and needs no longer to the free lists.
    pub(crate) fn release_reserved(&self, start: Pfn, end: Pfn) {
        self.give_range(start, end, |pfn, pages| Event::ReservedFree { pfn, pages });
    }
    /// Gives untouched frames to the free lists of their zones.
    pub(crate) fn release(&self, start: Pfn, end: Pfn) {
        self.give_range(start, end, |pfn, pages| Event::BootFree { pfn, pages });
    }
    fn give_range(&self, start: Pfn, end: Pfn, event: fn(Pfn, u64) -> Event) {
        for zone in self.zones() {
            let start = start.max(zone.extent.start);
            let end = end.min(zone.extent.end());
            if start >= end {
                continue;
            }
            let mut guard = zone.lock();
            self.tell(|| event(start, end.raw() - start.raw()));
            zone.area.give_range(&mut guard.counts, start, end);
            zone.managed.add((end.raw() - start.raw()) as u32);
        }
    }
    /// Gives frames that boot kept for the contiguous area to the free lists, as pages that only movable requests get.
    /// Both ends lie at pageblock borders: `init_cma_reserved_pageblock`.
    pub(crate) fn release_cma(&self, start: Pfn, end: Pfn) {
        for zone in self.zones() {
            let (from, to) = (start.max(zone.extent.start), end.min(zone.extent.end()));
            let mut block = from;
            while block < to {
                zone.area.set_mobility(&mut zone.lock().counts, block, Mobility::Cma);
                block = zone.area.pageblock(block).1;
            }
            if from < to {
                zone.cma.add((to.raw() - from.raw()) as u32);
            }
        }
        self.release_reserved(start, end);
    }
    /// Counts frames as managed that are somebody's from boot on: huge pages that were taken before there was an
    /// allocator. They stay held.
    pub(crate) fn manage_held(&self, start: Pfn, end: Pfn) {
        for (slot, zone) in self.zone_slots() {
            let (start, end) = (start.max(zone.extent.start), end.min(zone.extent.end()));
            let mut pfn = start;
            while pfn < end {
                let fits = |order: &Order| pfn.is_aligned(*order) && pfn.add(order.pages()) <= end;
                let order = Order::ZERO.up_to(self.top).rev().find(fits).unwrap_or(Order::ZERO);
                if let Some(frame) = self.frames.get(pfn) {
                    frame.set_state(State::used(order, slot, Mobility::Movable as u32).keep(true));
                    zone.managed.add(order.pages() as u32);
                }
                pfn = pfn.add(order.pages());
            }
        }
    }
    /// Builds the zonelists once the zones have their pages.
    pub(crate) fn open(&mut self) {
        for node in 0..self.nodes as usize {
            let mut kinds = [ZoneKind::Dma; MAX_ZONES];
            let mut count = 0;
            for (kind, zone) in kinds.iter_mut().zip(self.node_zones(node as u32)) {
                *kind = zone.extent.kind;
                count += 1;
            }
            let populated = |zone| self.zone(node * MAX_ZONES + zone).is_some_and(Zone::is_populated);
            self.zonelists[node] = Zonelist::new(&kinds[..count], populated);
        }
        let served = self.zonelists.iter().take(self.nodes as usize).fold(0, |all, list| all | list.served());
        self.zonelists.iter_mut().for_each(|list| list.serve_also(!served));
        // Too few pageblocks to have one of each type: then types would only be in the way.
        let enough = self.managed() >= self.pageblock.pages() * Mobility::COUNT as u64;
        let groups = self.rule.groups_by_mobility && enough;
        self.groups = groups;
        for cpu in 0..self.cpus {
            let Some(head) = self.heads.get(cpu.into()) else { continue };
            let home = self.node_of_cpu(cpu);
            // A node without memory: its CPUs begin at the nearest one that has some.
            let node = self.node_order.from(home).find(|node| self.node_zones(*node).any(Zone::is_populated));
            let node = node.unwrap_or(home);
            for (bits, first) in head.first.iter().enumerate() {
                let gfp = Gfp::from_bits_truncate(bits as u32);
                let list = &self.zonelists[node as usize];
                // A node without such memory: the lists of its lowest zone, which is empty then, lead on to other nodes.
                let zone = if list.serves(gfp) { list.preferred(gfp) } else { 0 };
                let slot = node as usize * MAX_ZONES + zone;
                first.set(State::used(Order::ZERO, slot, self.list_kind(gfp)).raw());
            }
        }
    }
    /// Sets `vm.watermark_boost_factor`.
    pub(crate) fn set_boost_factor(&self, factor: u64) {
        let factor = factor.min(u64::from(u32::MAX)) as u32;
        self.boost_factor.store(factor, crate::sync::Ordering::Relaxed);
    }
    /// Sets the watermarks and per-CPU list sizes.
    pub(crate) fn tune(&self, tuning: &Tuning) {
        self.retune(tuning, Retuned::all());
    }
    /// Sets what was computed anew.
    pub(crate) fn retune(&self, tuning: &Tuning, parts: Retuned) {
        for (slot, zone) in self.zone_slots() {
            let tuning = &tuning.zones[slot / MAX_ZONES][slot % MAX_ZONES];
            zone.tune(tuning, parts.contains(Retuned::MARKS));
            if !parts.contains(Retuned::LISTS) {
                continue;
            }
            for lists in self.all_lists(slot) {
                let (batch, least) = (tuning.pcp_batch as u32, tuning.pcp_high as u32);
                lists.pages.set_bounds(batch, least, tuning.pcp_high_max as u32);
                lists.take_room();
            }
        }
    }

    /// Takes a block of `2^order` physically contiguous pages, aligned to its size, with reference count 1.
    ///
    /// Its contents are whatever the last owner left. The caller is CPU `cpu` with interrupts off. A hit on the CPU's
    /// lists takes no lock; otherwise O(zones × orders).
    ///
    /// # Errors
    /// - [`AllocError::TooLarge`]: beyond the top order.
    /// - [`AllocError::NoMemory`]: no allowed zone has a block above the watermark that the flags must keep.
    #[inline(always)]
    pub fn alloc(&self, cpu: u32, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        match self.hit(cpu, gfp, order) {
            Some(pfn) => Ok(pfn),
            None => self.alloc_slow(cpu, &Request::new(gfp, order)),
        }
    }
    /// As [`PageAllocator::alloc`], from the nodes that a request names.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn alloc_as(&self, cpu: u32, request: &Request) -> Result<Pfn, AllocError> {
        if request.is_plain() {
            self.alloc(cpu, request.gfp, request.order)
        } else {
            self.alloc_slow(cpu, request)
        }
    }
    /// Takes a block from the CPU's own lists of the preferred zone.
    #[inline(always)]
    pub(crate) fn hit(&self, cpu: u32, gfp: Gfp, order: Order) -> Option<Pfn> {
        self.on_cpu(cpu)?.hit(gfp, order)
    }
    /// Returns which of the per-CPU lists of an order flags ask for.
    fn list_kind(&self, gfp: Gfp) -> u32 {
        if self.groups {
            Mobility::of(gfp) as u32
        } else {
            Mobility::Movable as u32
        }
    }

    /// Gives a block back that [`PageAllocator::alloc`] gave with the same order. When others hold references, the
    /// block's own pages follow the kernel's rule: a compound block stays whole until the last one goes, of any other
    /// block the first page stays and the rest is free at once.
    ///
    /// # Errors
    /// A [`Misuse`] that names what was wrong; nothing has changed then.
    #[inline(always)]
    pub fn free(&self, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        match self.on_cpu(cpu) {
            Some(on_cpu) => on_cpu.free(pfn, order),
            None => self.free_slow(cpu, pfn, order),
        }
    }
    /// Returns the allocator as a CPU uses it; `None` for a CPU that the kernel does not have. The caller is this CPU, with
    /// interrupts off until it is done.
    #[inline(always)]
    pub fn on_cpu(&self, cpu: u32) -> Option<OnCpu<'_>> {
        let head = self.heads.get(cpu.into())?;
        let (own, states) = (self.stacks.row(cpu)?, self.frames.states());
        let (inside, is_free) = head.enter();
        let lists = if is_free { own } else { self.stacks.closed() };
        Some(OnCpu { pages: self, head, lists, states, cpu, _inside: inside })
    }

    /// Begins to work on what belongs to one CPU: its lists here, and its arrays of objects. The second value says whether it
    /// has them. As [`PageAllocator::on_cpu`].
    #[inline(always)]
    pub(crate) fn enter(&self, cpu: u32) -> Option<(Inside<'_>, bool)> {
        self.heads.get(cpu.into()).map(CpuHead::enter)
    }
    /// Does the same past the hit path, watched or not; `None` while somebody else has them.
    pub(crate) fn enter_slow(&self, cpu: u32) -> Option<Inside<'_>> {
        self.heads.get(cpu.into())?.enter_slow()
    }
    /// Does something while no CPU uses what belongs to it. As [`PageAllocator::drain_all`].
    pub(crate) fn with_all_claimed<T>(&self, barrier: impl Fn(), act: impl FnOnce() -> T) -> T {
        let _thief = self.thief.lock();
        self.heads.iter().for_each(CpuHead::claim);
        barrier();
        self.heads.iter().for_each(CpuHead::wait_for_owner);
        let done = act();
        self.heads.iter().for_each(CpuHead::unclaim);
        done
    }
    /// Returns a CPU's lists of a zone.
    fn lists(&self, slot: usize, cpu: u32) -> Option<Lists<'_>> {
        let pages = self.pcp.get(u64::from(cpu) * u64::from(self.slots) + slot as u64)?;
        Some(Lists::new(pages, self.stacks.row(cpu)?, &self.shape, slot))
    }
    /// Returns all CPUs' lists of a zone.
    fn all_lists(&self, slot: usize) -> impl Iterator<Item = Lists<'_>> {
        (0..self.cpus).filter_map(move |cpu| self.lists(slot, cpu))
    }
    fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().flatten()
    }
    /// Returns the zones with their slots.
    fn zone_slots(&self) -> impl Iterator<Item = (usize, &Zone)> {
        self.zones.iter().enumerate().filter_map(|(slot, zone)| zone.as_ref().map(|zone| (slot, zone)))
    }
    fn zone(&self, slot: usize) -> Option<&Zone> {
        self.zones.get(slot).and_then(Option::as_ref)
    }
    fn node_zones(&self, node: u32) -> impl Iterator<Item = &Zone> {
        self.zones.iter().skip(node as usize * MAX_ZONES).take(MAX_ZONES).flatten()
    }
    fn ground(&self) -> Ground<'_> {
        Ground {
            rule: self.rule,
            frames: &self.frames,
            pageblock: self.pageblock,
            top: self.top,
            boost_factor: self.boost_factor.load(crate::sync::Ordering::Relaxed),
        }
    }
    /// Returns the node of a CPU.
    pub fn node_of_cpu(&self, cpu: u32) -> u32 {
        self.cpu_nodes.get(cpu as usize).copied().unwrap_or(0).into()
    }
    /// Returns the node of a frame; `None` where there is no RAM.
    pub fn node_of(&self, pfn: Pfn) -> Option<u32> {
        self.zone_of(pfn).map(|zone| zone.extent.node)
    }
    /// Returns how many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }
    /// Returns the largest order that is given.
    pub fn top_order(&self) -> Order {
        self.top
    }
    /// Returns the order of a pageblock.
    pub fn pageblock_order(&self) -> Order {
        self.pageblock
    }
    /// Returns the number of CPUs.
    pub fn cpus(&self) -> u32 {
        self.cpus
    }
    /// True for a frame above the direct map.
    #[inline]
    pub fn is_high(&self, pfn: Pfn) -> bool {
        pfn >= self.low_end
    }
}
