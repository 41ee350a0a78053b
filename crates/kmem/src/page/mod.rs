//! Pages: the buddy allocator with its zones, zonelists and per-CPU lists.
//!
//! One [`PageAllocator`] owns all frames of RAM. A request of order 0 is answered from the CPU's own list of the
//! preferred zone; everything else goes zone by zone down the zonelist, under each zone's lock, as far as the
//! watermarks allow.
//!
//! # Invariants, checked by `verify` (besides the buddy's own)
//! - **P1** Every frame of a zone is in exactly one block, and no frame inside a block is a head.
//! - **P2** What the per-CPU lists hold is marked `Pcp`, and nothing else is.
//! - **P3** Free, per-CPU, used and slab pages add up to the zone's managed pages.

pub(crate) mod buddy;
pub(crate) mod frame;
mod percpu;
pub mod tunables;
pub mod watermark;
mod zone;
mod zonelist;

pub use frame::FrameKind;
pub(crate) use percpu::PerCpuPages;
pub use zone::ZoneExtent;

use crate::error::{AllocError, Broken, Misuse};
use crate::gfp::Gfp;
use crate::profile::{Profile, ZoneKind};
use crate::raw::Array;
use crate::units::{Order, Pfn};
use buddy::End;
use frame::{Frame, FrameTable, State};
use watermark::{ZoneTuning, MAX_ZONES};
use zone::{Mark, Zone};
use zonelist::Zonelist;

/// The page allocator of one kernel.
pub struct PageAllocator {
    pub(crate) frames: FrameTable,
    zones: [Option<Zone>; MAX_ZONES],
    zonelist: Zonelist,
    pcp: Array<PerCpuPages>,
    cpus: u32,
    top: Order,
    low_end: Pfn,
}

/// What one zone has and holds, for the /proc files.
#[derive(Clone, Copy, Debug)]
pub struct ZoneCounts {
    /// Where the zone lies.
    pub extent: ZoneExtent,
    /// Pages that the allocator was given.
    pub managed: u64,
    /// Pages on the free lists.
    pub free: u64,
    /// Watermarks.
    pub min: u64,
    /// Watermarks.
    pub low: u64,
    /// Watermarks.
    pub high: u64,
    /// `lowmem_reserve`: kept from requests that prefer the zone of that index.
    pub reserve: [u64; MAX_ZONES],
    /// Free blocks of each order.
    pub blocks: [u64; Order::COUNT],
    /// Threshold of the per-CPU statistics.
    pub stat_threshold: u64,
}

/// One CPU's list of one zone, for zoneinfo.
#[derive(Clone, Copy, Debug)]
pub struct PcpCounts {
    /// Pages on the list.
    pub count: u64,
    /// Longest it gets.
    pub high: u64,
    /// Pages moved at once.
    pub batch: u64,
}

/// How one frame is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameInfo {
    /// First frame of the block that the frame belongs to.
    pub head: Pfn,
    /// What the block is.
    pub kind: FrameKind,
    /// Order of the block.
    pub order: Order,
    /// Reference count of the block.
    pub count: u32,
    /// True for a compound block.
    pub compound: bool,
}

impl PageAllocator {
    /// Takes over the frames. All of them are reserved until [`PageAllocator::release`] gives ranges to the free lists.
    pub(crate) fn new(
        profile: &Profile,
        frames: FrameTable,
        extents: &[Option<ZoneExtent>; MAX_ZONES],
        pcp: Array<PerCpuPages>,
        cpus: u32,
        low_end: Pfn,
    ) -> Self {
        let mut zones = [const { None }; MAX_ZONES];
        for (index, (slot, extent)) in zones.iter_mut().zip(extents).enumerate() {
            *slot = extent.map(|extent| Zone::new(index, extent, profile.top_order));
        }
        let zonelist = Zonelist::new(&[], |_| false);
        Self { frames, zones, zonelist, pcp, cpus, top: profile.top_order, low_end }
    }

    /// Marks frames that the kernel keeps or that are no RAM.
    pub(crate) fn reserve(&self, start: Pfn, end: Pfn) {
        for pfn in (start.raw()..end.raw()).map(Pfn::new) {
            if let (Some(frame), Some(zone)) = (self.frames.get(pfn), self.zone_index(pfn)) {
                frame.set_state(State::new(FrameKind::Reserved, Order::ZERO, zone));
            }
        }
    }
    /// Gives frames that boot reserved and needs no longer to the free lists.
    pub(crate) fn release_reserved(&self, start: Pfn, end: Pfn) {
        for pfn in (start.raw()..end.raw()).map(Pfn::new) {
            if let Some(frame) = self.frames.get(pfn) {
                frame.clear();
            }
        }
        self.release(start, end);
    }
    /// Gives untouched frames to the free lists of their zones.
    pub(crate) fn release(&self, start: Pfn, end: Pfn) {
        for zone in self.zones() {
            let start = start.max(zone.extent.start);
            let end = end.min(zone.extent.end());
            if start >= end {
                continue;
            }
            let mut area = zone.area.lock();
            area.give_range(&self.frames, start, end);
            zone.free.set(area.free_pages() as u32);
            zone.managed.add((end.raw() - start.raw()) as u32);
        }
    }
    /// Builds the zonelist once the zones have their pages.
    pub(crate) fn open(&mut self) {
        let mut kinds = [ZoneKind::Dma; MAX_ZONES];
        let mut count = 0;
        for (kind, zone) in kinds.iter_mut().zip(self.zones()) {
            *kind = zone.extent.kind;
            count += 1;
        }
        self.zonelist =
            Zonelist::new(&kinds[..count], |zone| self.zones[zone].as_ref().is_some_and(Zone::is_populated));
    }
    /// Sets the watermarks and per-CPU list sizes.
    pub(crate) fn tune(&self, tuning: &[ZoneTuning; MAX_ZONES]) {
        for (index, (zone, tuning)) in self.zones().zip(tuning).enumerate() {
            zone.tune(tuning);
            for pcp in (0..self.cpus).filter_map(|cpu| self.pcp(index, cpu)) {
                pcp.high.set(tuning.pcp_high as u32);
                pcp.batch.set(tuning.pcp_batch as u32);
            }
        }
    }

    /// Takes a block of `2^order` physically contiguous pages, aligned to its size, with reference count 1.
    ///
    /// Its contents are whatever the last owner left. The caller is CPU `cpu` with interrupts off. A hit on the CPU's
    /// list takes no lock; otherwise O(zones × orders).
    ///
    /// # Errors
    /// - [`AllocError::TooLarge`]: beyond the top order.
    /// - [`AllocError::NoMemory`]: no allowed zone has a block above the watermark that the flags must keep.
    #[inline]
    pub fn alloc(&self, cpu: u32, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        let hit = if order == Order::ZERO { self.hit(cpu, gfp) } else { None };
        match hit {
            Some(pfn) => Ok(pfn),
            None => self.alloc_slow(cpu, gfp, order),
        }
    }
    /// Takes a page from the CPU's own list of the preferred zone.
    #[inline(always)]
    pub(crate) fn hit(&self, cpu: u32, gfp: Gfp) -> Option<Pfn> {
        let zone = self.zonelist.preferred(gfp);
        let index = self.pcp(zone, cpu)?.pop(&self.frames)?;
        Some(self.hand_out(index, zone, Order::ZERO, false))
    }

    /// Gives a block back that [`PageAllocator::alloc`] gave with the same order. When others hold references, the
    /// block's own pages follow the kernel's rule: a compound block stays whole until the last one goes, of any other
    /// block the first page stays and the rest is free at once.
    ///
    /// # Errors
    /// A [`Misuse`] that names what was wrong; nothing has changed then.
    #[inline]
    pub fn free(&self, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        match self.frames.get(pfn) {
            Some(frame) if frame.state().is_used(order) && frame.count() == 1 => {
                frame.set_count(0);
                self.give_block(cpu, pfn, frame.state());
                Ok(())
            }
            _ => self.free_slow(cpu, pfn, order),
        }
    }

    #[inline(always)]
    fn hand_out(&self, index: u32, zone: usize, order: Order, compound: bool) -> Pfn {
        if let Some(frame) = self.frames.at(index) {
            frame.set_state(State::new(FrameKind::Used, order, zone).compound(compound));
            frame.set_count(1);
        }
        self.frames.pfn(index)
    }

    #[cold]
    fn alloc_slow(&self, cpu: u32, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        if order > self.top {
            return Err(AllocError::TooLarge { bytes: order.bytes(), limit: self.top.bytes() });
        }
        let preferred = self.zonelist.preferred(gfp);
        for mark in [Mark::Low, Mark::Min] {
            if let Some(pfn) = self.try_zones(cpu, gfp, order, mark, preferred) {
                return Ok(pfn);
            }
        }
        // What lies on this CPU's lists may be just what is missing.
        self.drain(cpu);
        self.try_zones(cpu, gfp, order, Mark::Min, preferred).ok_or_else(|| AllocError::NoMemory {
            order,
            free_pages: self.zones[..=preferred].iter().flatten().map(|zone| u64::from(zone.free.get())).sum(),
        })
    }

    fn try_zones(&self, cpu: u32, gfp: Gfp, order: Order, mark: Mark, preferred: usize) -> Option<Pfn> {
        (0..=preferred).rev().find_map(|index| {
            let zone = self.zones[index].as_ref()?;
            if !zone.is_populated() || !zone.may_give(order, mark, preferred, gfp) {
                return None;
            }
            let taken = if order == Order::ZERO {
                self.refill(index, zone, cpu)?
            } else {
                let mut area = zone.area.lock();
                let pfn = area.take(&self.frames, order)?;
                zone.free.set(area.free_pages() as u32);
                self.frames.index(pfn)
            };
            Some(self.hand_out(taken, index, order, gfp.contains(Gfp::COMP) && order != Order::ZERO))
        })
    }

    /// Moves a batch of pages to the CPU's list and returns one more.
    fn refill(&self, index: usize, zone: &Zone, cpu: u32) -> Option<u32> {
        let mut area = zone.area.lock();
        let taken = area.take(&self.frames, Order::ZERO).map(|pfn| self.frames.index(pfn));
        if let Some(pcp) = self.pcp(index, cpu) {
            // Pages come in ascending order; pushed in reverse they leave the stack ascending too.
            let spare = u64::from(zone.free.get().saturating_sub(zone.min.get()));
            let wanted = u64::from(pcp.batch.get()).saturating_sub(1).min(spare);
            for _ in 0..wanted {
                let Some(pfn) = area.take(&self.frames, Order::ZERO) else { break };
                pcp.push(&self.frames, self.frames.index(pfn), index);
            }
        }
        zone.free.set(area.free_pages() as u32);
        taken
    }

    #[inline(always)]
    fn give_block(&self, cpu: u32, pfn: Pfn, state: State) {
        let zone = state.zone();
        if state.order() == Order::ZERO {
            if let Some(pcp) = self.pcp(zone, cpu) {
                pcp.push(&self.frames, self.frames.index(pfn), zone);
                if pcp.count() > pcp.high.get() {
                    self.drain_some(zone, pcp, pcp.batch.get());
                }
                return;
            }
        }
        self.give_to_zone(pfn, state.order(), zone);
    }
    #[cold]
    fn give_to_zone(&self, pfn: Pfn, order: Order, zone: usize) {
        if let Some(zone) = self.zones.get(zone).and_then(Option::as_ref) {
            let mut area = zone.area.lock();
            area.give(&self.frames, pfn, order, End::Front);
            zone.free.set(area.free_pages() as u32);
        }
    }
    #[cold]
    fn drain_some(&self, zone: usize, pcp: &PerCpuPages, pages: u32) {
        let Some(zone) = self.zones.get(zone).and_then(Option::as_ref) else { return };
        let mut area = zone.area.lock();
        for _ in 0..pages {
            let Some(index) = pcp.pop(&self.frames) else { break };
            area.give(&self.frames, self.frames.pfn(index), Order::ZERO, End::Front);
        }
        zone.free.set(area.free_pages() as u32);
    }
    /// Gives all pages of the CPU's lists back to the zones.
    pub fn drain(&self, cpu: u32) {
        for zone in 0..self.zones().count() {
            if let Some(pcp) = self.pcp(zone, cpu) {
                self.drain_some(zone, pcp, u32::MAX);
            }
        }
    }

    #[cold]
    fn free_slow(&self, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        let (head, frame, state) = self.frames.head(pfn).ok_or(Misuse::NotRam(pfn.phys()))?;
        match state.kind() {
            FrameKind::Reserved => return Err(Misuse::Reserved(pfn)),
            FrameKind::Free | FrameKind::Pcp => return Err(Misuse::DoubleFree(pfn)),
            FrameKind::Slab | FrameKind::SlabTail => return Err(Misuse::SlabPage(pfn)),
            FrameKind::Tail => return Err(Misuse::NotRam(pfn.phys())),
            FrameKind::Used if state.is_kept() => return Err(Misuse::Reserved(pfn)),
            FrameKind::Used => {}
        }
        if head != pfn {
            return Err(Misuse::NotAHead { pfn, head });
        }
        if state.order() != order {
            return Err(Misuse::WrongOrder { pfn, allocated: state.order(), freed: order });
        }
        let count = frame.count();
        if count == 0 {
            return Err(Misuse::BadCount { pfn, count });
        }
        // Somebody else holds a reference. The tail goes while this one is held, so that whoever drops the last one finds
        // a single page.
        if !state.is_compound() && order != Order::ZERO {
            frame.set_state(State::new(FrameKind::Used, Order::ZERO, state.zone()));
            for half in (0..order.raw()).filter_map(Order::new) {
                self.give_to_zone(pfn.add(half.pages()), half, state.zone());
            }
        }
        if frame.put() == 1 {
            self.give_block(cpu, pfn, frame.state());
        }
        Ok(())
    }

    /// Adds a reference to the block that begins at `pfn`: `get_page`.
    ///
    /// # Errors
    /// [`Misuse`] when the frame is not in use.
    pub fn get(&self, pfn: Pfn) -> Result<(), Misuse> {
        let frame = self.used(pfn)?.1;
        frame.get();
        Ok(())
    }
    /// Drops a reference; the last one frees the block: `put_page`.
    ///
    /// # Errors
    /// [`Misuse`] when the frame is not in use, or when the last reference to a block that is not compound goes this
    /// way, which would lose all but its first page.
    pub fn put(&self, cpu: u32, pfn: Pfn) -> Result<(), Misuse> {
        let (head, frame, _) = self.used(pfn)?;
        let count = frame.count();
        if count == 0 {
            return Err(Misuse::BadCount { pfn, count });
        }
        // Read after the count: `free` makes a single page of the block before it drops its reference.
        let state = frame.state();
        if count == 1 && !state.is_compound() && state.order() != Order::ZERO {
            return Err(Misuse::WrongOrder { pfn, allocated: state.order(), freed: Order::ZERO });
        }
        if frame.put() == 1 {
            self.give_block(cpu, head, frame.state());
        }
        Ok(())
    }
    /// Makes `2^order` single pages of a block: `split_page`. Each has reference count 1.
    ///
    /// # Errors
    /// [`Misuse`] when `pfn` is not the head of a used block of that order that is not compound.
    pub fn split(&self, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        let (head, _, state) = self.used(pfn)?;
        if head != pfn {
            return Err(Misuse::NotAHead { pfn, head });
        }
        if state.order() != order || state.is_compound() {
            return Err(Misuse::WrongOrder { pfn, allocated: state.order(), freed: order });
        }
        for page in 0..order.pages() {
            if let Some(frame) = self.frames.get(pfn.add(page)) {
                frame.set_state(State::new(FrameKind::Used, Order::ZERO, state.zone()));
                frame.set_count(1);
            }
        }
        Ok(())
    }
    fn used(&self, pfn: Pfn) -> Result<(Pfn, &Frame, State), Misuse> {
        let (head, frame, state) = self.frames.head(pfn).ok_or(Misuse::NotRam(pfn.phys()))?;
        match state.kind() {
            FrameKind::Used if state.is_kept() => Err(Misuse::Reserved(pfn)),
            FrameKind::Used if head == pfn || state.is_compound() => Ok((head, frame, state)),
            FrameKind::Used => Err(Misuse::NotAHead { pfn, head }),
            FrameKind::Reserved => Err(Misuse::Reserved(pfn)),
            FrameKind::Slab | FrameKind::SlabTail => Err(Misuse::SlabPage(pfn)),
            FrameKind::Free | FrameKind::Pcp => Err(Misuse::DoubleFree(pfn)),
            FrameKind::Tail => Err(Misuse::NotRam(pfn.phys())),
        }
    }

    /// Makes a used block the engine's own, which clients cannot free, or gives it back to be freed.
    pub(crate) fn keep(&self, pfn: Pfn, yes: bool) {
        if let Some(frame) = self.frames.get(pfn) {
            frame.set_state(frame.state().keep(yes));
        }
    }
    /// Says how a frame is used; `None` outside the mem_map. O(orders).
    pub fn info(&self, pfn: Pfn) -> Option<FrameInfo> {
        let (head, frame, state) = self.frames.head(pfn)?;
        Some(FrameInfo {
            head,
            kind: state.kind(),
            order: state.order(),
            count: frame.count(),
            compound: state.is_compound(),
        })
    }
    /// Returns the index of the zone that a frame lies in.
    pub fn zone_index(&self, pfn: Pfn) -> Option<usize> {
        self.zones().position(|zone| pfn >= zone.extent.start && pfn < zone.extent.end())
    }
    /// True for a frame above the direct map.
    #[inline]
    pub fn is_high(&self, pfn: Pfn) -> bool {
        pfn >= self.low_end
    }
    /// Returns the largest order that is given.
    pub fn top_order(&self) -> Order {
        self.top
    }
    /// Returns the number of CPUs.
    pub fn cpus(&self) -> u32 {
        self.cpus
    }
    /// Returns the pages of all zones together that the allocator manages: `totalram_pages`.
    pub fn managed(&self) -> u64 {
        self.zones().map(|zone| u64::from(zone.managed.get())).sum()
    }
    /// Returns the managed pages of each zone.
    pub fn managed_by_zone(&self) -> [u64; MAX_ZONES] {
        core::array::from_fn(|zone| self.zones[zone].as_ref().map_or(0, |zone| zone.managed.get().into()))
    }
    /// Returns what each zone holds, lowest first.
    pub fn zone_counts(&self) -> impl Iterator<Item = ZoneCounts> + '_ {
        self.zones().map(|zone| {
            let area = zone.area.lock();
            let blocks =
                core::array::from_fn(|order| Order::new(order as u32).map_or(0, |order| area.blocks(order).into()));
            ZoneCounts {
                extent: zone.extent,
                managed: zone.managed.get().into(),
                free: area.free_pages(),
                min: zone.min.get().into(),
                low: zone.low.get().into(),
                high: zone.high.get().into(),
                reserve: zone.reserve(),
                blocks,
                stat_threshold: zone.stat_threshold.get().into(),
            }
        })
    }
    /// Returns what one CPU's list of a zone holds.
    pub fn pcp_counts(&self, zone: usize, cpu: u32) -> Option<PcpCounts> {
        let pcp = self.pcp(zone, cpu)?;
        Some(PcpCounts { count: pcp.count().into(), high: pcp.high.get().into(), batch: pcp.batch.get().into() })
    }

    fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().flatten()
    }
    #[inline(always)]
    fn pcp(&self, zone: usize, cpu: u32) -> Option<&PerCpuPages> {
        if cpu >= self.cpus {
            return None;
        }
        self.pcp.get(zone as u64 * u64::from(self.cpus) + u64::from(cpu))
    }

    /// Checks the invariants of the module documentation and each zone's buddy. No CPU may allocate meanwhile.
    /// O(frames).
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self) -> Result<(), Broken> {
        for (index, zone) in self.zones().enumerate() {
            let area = zone.area.lock();
            area.verify(&self.frames)?;
            let mut on_pcp = 0;
            for pcp in (0..self.cpus).filter_map(|cpu| self.pcp(index, cpu)) {
                let mut count = 0;
                for pfn in pcp.iter(&self.frames) {
                    count += 1;
                    let kind = self.frames.get(pfn).map(|frame| frame.state().kind());
                    if kind != Some(FrameKind::Pcp) {
                        let found = kind.map_or(0, |kind| kind as u64);
                        return Err(Broken { what: "page P2 (on a per-CPU list)", at: pfn.raw(), found, expected: 2 });
                    }
                }
                if count != pcp.count() {
                    let (found, expected) = (count.into(), pcp.count().into());
                    return Err(Broken { what: "page P2 (length)", at: index as u64, found, expected });
                }
                on_pcp += u64::from(count);
            }
            self.verify_frames(zone, area.free_pages(), on_pcp)?;
        }
        Ok(())
    }

    fn verify_frames(&self, zone: &Zone, free: u64, on_pcp: u64) -> Result<(), Broken> {
        let (mut seen_free, mut seen_pcp, mut seen_used) = (0, 0, 0);
        let mut pfn = zone.extent.start;
        while pfn < zone.extent.end() {
            let Some(frame) = self.frames.get(pfn) else { break };
            let state = frame.state();
            let pages = match state.kind() {
                FrameKind::Tail => {
                    return Err(Broken { what: "page P1 (frame in no block)", at: pfn.raw(), found: 0, expected: 1 })
                }
                FrameKind::Free => {
                    seen_free += state.order().pages();
                    state.order().pages()
                }
                FrameKind::Pcp => {
                    seen_pcp += 1;
                    1
                }
                FrameKind::Used => {
                    seen_used += state.order().pages();
                    state.order().pages()
                }
                FrameKind::Slab | FrameKind::SlabTail => {
                    seen_used += 1;
                    1
                }
                FrameKind::Reserved => 1,
            };
            if state.kind() == FrameKind::Used && (frame.count() == 0 || self.zone_index(pfn) != Some(state.zone())) {
                let (at, found) = (pfn.raw(), frame.count().into());
                return Err(Broken { what: "page P1 (a used block's count or zone)", at, found, expected: 1 });
            }
            for inside in 1..pages {
                let kind = self.frames.get(pfn.add(inside)).map_or(FrameKind::Tail, |frame| frame.state().kind());
                if kind != FrameKind::Tail {
                    let at = pfn.raw() + inside;
                    return Err(Broken { what: "page P1 (head in a block)", at, found: kind as u64, expected: 0 });
                }
            }
            pfn = pfn.add(pages);
        }
        let at = zone.extent.start.raw();
        let managed = u64::from(zone.managed.get());
        for (what, found, expected) in [
            ("page P1 (free frames)", seen_free, free),
            ("page P2 (per-CPU frames)", seen_pcp, on_pcp),
            ("page P3 (managed pages)", seen_free + seen_pcp + seen_used, managed),
        ] {
            if found != expected {
                return Err(Broken { what, at, found, expected });
            }
        }
        Ok(())
    }
}
