//! Past the hit path: refills, zones in their order, drains.
//!
//! Kernel counterpart: `get_page_from_freelist`, `rmqueue`, `rmqueue_bulk`, `free_pcppages_bulk`, `nr_pcp_alloc`,
//! `nr_pcp_free`, `mm/page_alloc.c`.

use super::attempt::{Attempt, Latitude, Mark};
use super::buddy::FreeCounts;
use super::frame::{Frame, State};
use super::inject::Attempted;
use super::mobility::Mobility;
use super::percpu::{CpuHead, Inside, Lists};
use super::policy::Request;
use super::rule::PcpScaling;
use super::steal::Theft;
use super::watermark::MAX_ZONES;
use super::zone::Zone;
use super::{NodeMask, PageAllocator};
use crate::error::{AllocError, Misuse};
use crate::event::{Event, Place};
use crate::gfp::Gfp;
use crate::sync::Ordering;
use crate::units::{Order, Pfn};

/// The most that a list's batch grows: `CONFIG_PCP_BATCH_SCALE_MAX`.
const MOST_DOUBLINGS: u32 = 5;

impl PageAllocator {
    /// Answers a plain request past the CPU's lists.
    #[cold]
    #[inline(never)]
    pub(super) fn alloc_missed(&self, cpu: u32, head: &CpuHead, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        let home = if self.is_watched() { None } else { self.take_home(head, gfp, order) };
        match home {
            Some((_, pfn)) => Ok(pfn),
            None => self.alloc_slow(cpu, &Request::new(gfp, order)),
        }
    }
    /// Takes a block of an order that the lists do not hold from the zone that a plain request asks first, where there is
    /// plenty and nothing has to be weighed: what the slow path does at its first attempt, in short.
    #[inline(always)]
    fn take_home(&self, head: &CpuHead, gfp: Gfp, order: Order) -> Option<(&Zone, Pfn)> {
        if self.home_orders >> order.raw() & 1 == 0 {
            return None;
        }
        let state = head.first(gfp).of(order, gfp.contains(Gfp::COMP));
        let slot = state.zone();
        let zone = self.zone(slot)?;
        // Movable requests have the contiguous area's turn to weigh.
        let kind = Mobility::from_raw(state.mobility());
        if kind == Mobility::Movable && zone.cma.get() != 0 || !zone.has_plenty(order, Mark::Low, slot) {
            return None;
        }
        let mut guard = zone.lock_loose();
        let pfn = match zone.area.take_lazily(&mut guard.counts, order, kind) {
            Some(pfn) => pfn,
            None => zone.area.take_next(&mut guard.counts, order, kind)?,
        };
        zone.tallies.allocated.add(order.pages() as usize);
        drop(guard);
        self.frames.states().set(self.frames.index(pfn), state);
        Some((zone, pfn))
    }
    /// Answers a request from the zones, as far as the watermarks allow without waiting for anything.
    ///
    /// # Errors
    /// As [`PageAllocator::alloc`].
    #[cold]
    #[inline(never)]
    pub fn alloc_slow(&self, cpu: u32, request: &Request) -> Result<Pfn, AllocError> {
        let order = request.order;
        if order > self.top {
            return Err(AllocError::TooLarge { bytes: order.bytes(), limit: self.top.bytes() });
        }
        self.inject(request.gfp, Attempted::Pages(order))?;
        if let Some(pfn) = self.hit_watched(cpu, request) {
            return Ok(pfn);
        }
        let head = self.heads.get(cpu.into()).filter(|_| request.is_plain());
        if let Some((zone, pfn)) = head.and_then(|head| self.take_home(head, request.gfp, order)) {
            self.tell_taken(zone, pfn, request, None, Place::Caller);
            self.tell_alloc(cpu, pfn, request, Place::Buddy);
            return Ok(pfn);
        }
        let first = Attempt::first(self.rule, request.gfp);
        if let Some(pfn) = self.try_home(cpu, request, first) {
            return Ok(pfn);
        }
        if let Some(pfn) = self.try_zones(cpu, request, first) {
            return Ok(pfn);
        }
        self.want_kswapd(cpu, request);
        let second = Attempt::second(self.rule, request.gfp, order.raw(), request.caller);
        if let Some(pfn) = self.try_zones(cpu, request, second) {
            return Ok(pfn);
        }
        // What lies on this CPU's lists may be just what is missing.
        self.drain(cpu);
        self.try_zones(cpu, request, second).ok_or_else(|| self.no_memory(cpu, request))
    }
    pub(crate) fn no_memory(&self, cpu: u32, request: &Request) -> AllocError {
        let free = self.candidates(cpu, request).map(|(_, zone, _)| u64::from(zone.free.get())).sum();
        AllocError::NoMemory { order: request.order, free_pages: free }
    }

    /// Returns the zones that may answer, in order, each with its slot and the index of its node's preferred zone.
    pub(crate) fn candidates<'a>(
        &'a self,
        cpu: u32,
        request: &'a Request,
    ) -> impl Iterator<Item = (usize, &'a Zone, usize)> + 'a {
        let home = request.node.unwrap_or_else(|| self.node_of_cpu(cpu));
        let only = if request.gfp.contains(Gfp::THISNODE) { NodeMask::of(home) } else { NodeMask::ALL };
        let allowed = request.nodes.and(only);
        let may = move |node: &u32| allowed.contains(*node) && self.zonelists[*node as usize].serves(request.gfp);
        self.node_order.from(home).filter(may).flat_map(move |node| {
            let preferred = self.zonelists[node as usize].preferred(request.gfp);
            (0..=preferred).rev().filter_map(move |index| {
                let slot = node as usize * MAX_ZONES + index;
                self.zone(slot).filter(|zone| zone.is_populated()).map(|zone| (slot, zone, preferred))
            })
        })
    }

    /// Tries the zone that most requests are answered from, the first of the CPU's zonelist; what it gives, the whole list
    /// would have given too.
    fn try_home(&self, cpu: u32, request: &Request, attempt: Attempt) -> Option<Pfn> {
        if !request.is_plain() {
            return None;
        }
        let slot = self.heads.get(cpu.into())?.first(request.gfp).zone();
        let (zone, preferred) = (self.zone(slot)?, slot % MAX_ZONES);
        let may = zone.has_pages(self.rule, request.order, attempt, preferred);
        may.then(|| self.take_from_zone(cpu, request, attempt, (slot, zone, preferred)))?
    }
    fn try_zones(&self, cpu: u32, request: &Request, attempt: Attempt) -> Option<Pfn> {
        let spares_blocks = attempt.latitude.contains(Latitude::NO_FRAGMENT) && self.spares_blocks(cpu, request);
        let mut attempt = attempt;
        attempt.latitude.set(Latitude::NO_FRAGMENT, spares_blocks);
        loop {
            let mut home = None;
            let found = self.candidates(cpu, request).find_map(|(slot, zone, preferred)| {
                // Rather a block of another type than one of another node.
                let node = *home.get_or_insert(zone.extent.node);
                if attempt.latitude.contains(Latitude::NO_FRAGMENT) && zone.extent.node != node {
                    return None;
                }
                if !zone.has_pages(self.rule, request.order, attempt, preferred) {
                    return None;
                }
                self.take_from_zone(cpu, request, attempt, (slot, zone, preferred))
            });
            if found.is_some() || !attempt.latitude.contains(Latitude::NO_FRAGMENT) {
                return found;
            }
            attempt.latitude.remove(Latitude::NO_FRAGMENT);
        }
    }
    /// True when the request has a lower zone to go to before it takes a block of another type: `alloc_flags_nofragment`,
    /// which knows ZONE_DMA32 only.
    fn spares_blocks(&self, cpu: u32, request: &Request) -> bool {
        use crate::profile::ZoneKind::{Dma32, Normal};
        let Some((_, first, _)) = self.candidates(cpu, request).next() else { return false };
        let lower = self.node_zones(first.extent.node).find(|zone| zone.extent.kind == Dma32);
        first.extent.kind == Normal && lower.is_some_and(|zone| self.nodes == 1 || zone.is_populated())
    }

    fn take_from_zone(
        &self,
        cpu: u32,
        request: &Request,
        attempt: Attempt,
        (slot, zone, preferred): (usize, &Zone, usize),
    ) -> Option<Pfn> {
        let order = request.order;
        let list_kind = self.list_kind(request.gfp);
        let compound = order != Order::ZERO && request.gfp.contains(Gfp::COMP);
        let state = State::used(Order::ZERO, slot, list_kind).of(order, compound);
        let uses_lists = self.shape.has(order) && !attempt.latitude.contains(Latitude::HIGH_ATOMIC);
        let own = if uses_lists { self.own_lists(slot, cpu) } else { None };
        let listed = match own {
            Some((lists, _inside)) => match lists.pop(&self.frames, state) {
                None if self.shape.has_small(order) => {
                    self.refill(lists, cpu, (slot, zone, preferred), request, attempt)?;
                    Some(lists.pop(&self.frames, state)?)
                }
                found => found,
            },
            None => None,
        };
        let pfn = match listed.map(|index| self.frames.pfn(index)) {
            Some(pfn) => {
                self.tell_alloc(cpu, pfn, request, Place::CpuList(cpu));
                pfn
            }
            None => self.take_block(cpu, zone, request, attempt, state)?,
        };
        self.count_node(cpu, request, zone);
        Some(pfn)
    }

    /// Takes one block from a zone.
    fn take_block(&self, cpu: u32, zone: &Zone, request: &Request, attempt: Attempt, state: State) -> Option<Pfn> {
        let (order, kind) = (request.order, Mobility::from_raw(self.list_kind(request.gfp)));
        let mut guard = zone.lock();
        if !zone.has_block(self.rule, &guard.counts, order, attempt) {
            return None;
        }
        let mut stolen = None;
        let ground = self.ground();
        let pfn = ground.take(zone, &mut guard.counts, order, kind, attempt.latitude, &mut stolen)?;
        if attempt.latitude.contains(Latitude::HIGH_ATOMIC) {
            ground.reserve_high_atomic(zone, &mut guard.counts, pfn);
        }
        zone.tallies.allocated.add(order.pages() as usize);
        self.tell_taken(zone, pfn, request, stolen, Place::Caller);
        drop(guard);
        if let Some(frame) = self.frames.get(pfn) {
            frame.set_state(state);
        }
        self.tell_alloc(cpu, pfn, request, Place::Buddy);
        Some(pfn)
    }

    /// Fills an empty list of the CPU's with a batch, or with as much as the watermark leaves.
    fn refill(
        &self,
        own: Lists<'_>,
        cpu: u32,
        (slot, zone, preferred): (usize, &Zone, usize),
        request: &Request,
        attempt: Attempt,
    ) -> Option<()> {
        let (order, list_kind) = (request.order, self.list_kind(request.gfp));
        let kind = Mobility::from_raw(list_kind);
        // Hits do not look at watermarks, so only what everybody may have goes onto a list; the one block that this caller
        // may have besides is handed to it.
        let plain = Attempt { latitude: attempt.latitude & Latitude::CMA, ..attempt };
        let kept = zone.kept(self.rule, order, plain, preferred);
        let spare = (u64::from(zone.free.get()).saturating_sub(kept) >> order.raw()).max(1);
        let state = State::used(order, slot, list_kind).on_pcp();
        let mut wanted = u64::from(self.refill_blocks(own, order).min(own.slots(state.list()))).min(spare) as u32;
        let mut guard = zone.lock_loose();
        zone.area.settle_for(&mut guard.counts, order, kind);
        // Of many pieces many, but what lies on a list is missing where a larger block is wanted: of the last ones few, and of
        // whole pageblocks one.
        let has_pieces = |counts: &FreeCounts| counts.has_between(order, self.pageblock, kind);
        let most = match has_pieces(&guard.counts) {
            true => guard.counts.pages_below(self.pageblock, kind) / 4,
            false => self.pageblock.pages(),
        };
        wanted = u64::from(wanted).min((most >> order.raw()).max(1)) as u32;
        if !zone.has_block(self.rule, &guard.counts, order, attempt) {
            return None;
        }
        let ground = self.ground();
        let (states, is_traced) = (self.frames.states(), self.is_traced());
        let taken = own.refill(state.list(), order, wanted, |onto| {
            let mut put = |pfn: Pfn, stolen: Option<Theft>| {
                let index = self.frames.index(pfn);
                states.set(index, state);
                onto.put(index);
                if is_traced {
                    self.tell_taken(zone, pfn, request, stolen, Place::CpuList(cpu));
                }
            };
            let mut taken = 0;
            while taken < wanted && (taken == 0 || has_pieces(&guard.counts)) {
                let has_cma = attempt.latitude.contains(Latitude::CMA) && guard.counts.pages_of(Mobility::Cma) != 0;
                if !has_cma {
                    let left = wanted - taken;
                    taken += if order == Order::ZERO {
                        zone.area.take_pages(&mut guard.counts, left, kind, |pfn| put(pfn, None))
                    } else {
                        let taken = zone.area.take(&mut guard.counts, order, kind);
                        taken.into_iter().for_each(|pfn| put(pfn, None));
                        u32::from(taken.is_some())
                    };
                    if taken >= wanted {
                        break;
                    }
                }
                let mut stolen = None;
                let found = ground.take(zone, &mut guard.counts, order, kind, attempt.latitude, &mut stolen);
                let Some(pfn) = found else { break };
                put(pfn, stolen);
                taken += 1;
            }
        });
        drop(guard);
        (taken > 0).then_some(())
    }
    /// Returns how many blocks a refill takes: `nr_pcp_alloc`.
    fn refill_blocks(&self, own: Lists<'_>, order: Order) -> u32 {
        let lists = own.pages;
        let batch = lists.batch.get();
        let scale = |batch: u32| if batch > 1 { (batch >> order.raw()).max(2) } else { batch };
        match self.rule.pcp_scaling {
            PcpScaling::Fixed => batch.max(1),
            PcpScaling::Frees => scale(batch).max(1),
            PcpScaling::Both => {
                let (least, most) = (lists.high_min.get(), lists.high_max.get());
                let mut high = lists.high().clamp(least.min(most), most.max(least));
                let doublings = lists.doublings.get();
                let mut blocks = if order == Order::ZERO { batch << doublings } else { batch };
                if least != most {
                    high = (high + blocks).min(most.max(least));
                }
                lists.set_high(high);
                if high < batch {
                    return 1;
                }
                if order == Order::ZERO {
                    let room = lists.high().saturating_sub(own.count()).saturating_sub(batch).max(batch);
                    if blocks <= room && doublings < MOST_DOUBLINGS {
                        lists.doublings.set(doublings + 1);
                    }
                    blocks = blocks.min(room);
                }
                scale(blocks).max(1)
            }
        }
    }

    /// Gives back what a CPU's lists hold too much: `nr_pcp_free`. Kernels that let the amount grow with the number of frees
    /// in a row (5.13 and later) are taken at their word at once: half goes back.
    fn drain_full(&self, slot: usize, cpu: u32, own: Lists<'_>) {
        let lists = own.pages;
        let pages = match self.rule.pcp_scaling {
            PcpScaling::Fixed => lists.batch.get(),
            PcpScaling::Frees | PcpScaling::Both => {
                lists.doublings.set(lists.doublings.get() / 2);
                let (high, batch) = (lists.high(), lists.batch.get());
                (high - high / 4).min(batch << MOST_DOUBLINGS).max(batch)
            }
        };
        self.drain_pages(slot, cpu, own, pages);
    }
    /// Gives at least `pages` pages of the lists back to the zone, or all there are. Returns how many.
    fn drain_pages(&self, slot: usize, cpu: u32, own: Lists<'_>, pages: u32) -> u32 {
        let mut given = 0;
        for (list, order) in self.shape.lists() {
            let blocks = (pages.saturating_sub(given)).div_ceil(1 << order.raw());
            if blocks == 0 {
                break;
            }
            given += self.drain_list(slot, cpu, own, (list, order), blocks);
        }
        given
    }
    /// Gives the oldest blocks of one list back to the zone, at most `blocks`. Returns how many pages.
    fn drain_list(&self, slot: usize, cpu: u32, own: Lists<'_>, (list, order): (u32, Order), blocks: u32) -> u32 {
        let (oldest, count) = own.oldest(&self.frames, list, blocks);
        let Some(zone) = self.zone(slot).filter(|_| count > 0) else { return 0 };
        let mut guard = zone.lock_loose();
        if self.is_traced() {
            for pfn in own.iter(list).take(count as usize).map(|index| self.frames.pfn(index)) {
                let migratetype = zone.area.mobility(pfn) as u8;
                self.tell(|| Event::MmPagePcpuDrain { pfn, order, migratetype, from: Place::CpuList(cpu) });
            }
        }
        if order == Order::ZERO {
            zone.area.give_loose(&mut guard.counts, oldest);
        } else {
            zone.area.settle_loose(&mut guard.counts);
            oldest.for_each(|pfn| zone.area.give(&mut guard.counts, pfn, order));
        }
        own.drop_oldest(list, order, count);
        count << order.raw()
    }
    /// Returns a CPU's lists of a zone while they are its own. The caller is this CPU, with interrupts off.
    fn own_lists(&self, slot: usize, cpu: u32) -> Option<(Lists<'_>, Inside<'_>)> {
        let inside = self.heads.get(cpu.into())?.enter_slow()?;
        Some((self.lists(slot, cpu)?, inside))
    }
    /// Gives all pages of the CPU's lists back to the zones. The caller is this CPU, with interrupts off.
    pub fn drain(&self, cpu: u32) {
        for (slot, _) in self.zone_slots() {
            if let Some((lists, _inside)) = self.own_lists(slot, cpu) {
                self.drain_pages(slot, cpu, lists, u32::MAX);
            }
        }
    }
    /// Gives all pages of all CPUs' lists back to the zones, wherever those CPUs are. `barrier` returns when every CPU has
    /// passed a full memory barrier. Interrupts are off; no other lock is held, and this CPU is not inside. Returns the
    /// pages given.
    pub(crate) fn drain_all(&self, barrier: impl Fn()) -> u64 {
        let _thief = self.thief.lock();
        let heads = || (0..self.cpus).filter_map(|cpu| self.heads.get(cpu.into()).map(|head| (cpu, head)));
        heads().for_each(|(_, head)| head.claim());
        barrier();
        let mut given = 0;
        for (cpu, head) in heads() {
            head.wait_for_owner();
            for (slot, _) in self.zone_slots() {
                if let Some(lists) = self.lists(slot, cpu).filter(|lists| lists.count() > 0) {
                    given += u64::from(self.drain_pages(slot, cpu, lists, u32::MAX));
                }
            }
            head.unclaim();
        }
        given
    }

    /// Gives a block back that is not one for the CPU's lists, or not the caller's alone.
    #[cold]
    #[inline(never)]
    pub(super) fn free_missed(&self, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        if self.shape.has(order) || self.is_watched() {
            return self.free_watched(cpu, pfn, order);
        }
        let taken = self.frames.states().with(pfn, |_, frame| {
            let state = frame.get();
            state.is_plain(order).then(|| frame.set(State::from_raw(0)))?;
            Some(state)
        });
        match taken.flatten() {
            Some(state) => self.return_to_zone(pfn, order, state.zone()),
            None => return self.free_slow(cpu, pfn, order),
        }
        Ok(())
    }
    #[inline(never)]
    fn free_watched(&self, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        match self.frames.get(pfn) {
            Some(frame) if frame.state().is_plain(order) => self.give_block_slow(cpu, pfn, frame),
            _ => return self.free_slow(cpu, pfn, order),
        }
        Ok(())
    }
    /// Gives a used block back past the hit path.
    pub(super) fn give_block_slow(&self, cpu: u32, pfn: Pfn, frame: Frame<'_>) {
        let state = frame.state();
        let (slot, order) = (state.zone(), state.order());
        if self.shape.has(order) {
            if let Some((own, _inside)) = self.own_lists(slot, cpu) {
                if own.slots(state.list()) == 0 && self.shape.has_small(order) {
                    // So many are kept of no list: three quarters of it go back, so that little of it has to be moved.
                    let len = own.len(state.list());
                    self.drain_list(slot, cpu, own, (state.list_in_zone(), order), len - len / 4);
                }
                if own.slots(state.list()) > 0 {
                    self.tell_free(pfn, order, Place::CpuList(cpu));
                    frame.set_state(state.on_pcp());
                    let index = self.frames.index(pfn);
                    if !own.push(index, state) {
                        own.push_anyway(index, state);
                        self.drain_full(slot, cpu, own);
                        own.make_room(state.list());
                    }
                    return;
                }
            }
        }
        frame.clear();
        self.give_to_zone(pfn, order, slot);
    }
    /// Gives frames that are the body of no block, or of one that goes, to their zone.
    #[inline]
    pub(super) fn give_to_zone(&self, pfn: Pfn, order: Order, slot: usize) {
        self.tell_free(pfn, order, Place::Buddy);
        self.return_to_zone(pfn, order, slot);
    }
    #[inline(always)]
    fn return_to_zone(&self, pfn: Pfn, order: Order, slot: usize) {
        if let Some(zone) = self.zone(slot) {
            let mut guard = zone.lock_loose();
            zone.tallies.freed.add(order.pages() as usize);
            // Of the other orders nobody asks for one here.
            if self.home_orders >> order.raw() & 1 == 0 || !zone.area.give_lazily(&mut guard.counts, pfn, order) {
                zone.area.give_next(&mut guard.counts, pfn, order);
            }
        }
    }

    /// Notes that the nodes that a request could use should be reclaimed.
    fn want_kswapd(&self, cpu: u32, request: &Request) {
        if request.gfp.contains(Gfp::KSWAPD_RECLAIM) || self.rule.harder == super::rule::Harder::NoWait {
            let nodes = self.candidates(cpu, request).fold(0, |nodes, (_, zone, _)| nodes | 1 << zone.extent.node);
            self.kswapd_wanted.fetch_or(nodes, Ordering::Relaxed);
        }
    }
    /// Returns the nodes whose kswapd should run, and forgets them.
    pub(crate) fn take_kswapd_wanted(&self) -> NodeMask {
        if self.kswapd_wanted.load(Ordering::Relaxed) == 0 {
            return NodeMask::NONE;
        }
        let wanted = self.kswapd_wanted.swap(0, Ordering::Relaxed);
        (0..u32::BITS)
            .filter(|node| wanted >> node & 1 != 0)
            .fold(NodeMask::NONE, |mask, node| mask.with(NodeMask::of(node)))
    }

    fn count_node(&self, cpu: u32, request: &Request, zone: &Zone) {
        if self.nodes == 1 {
            return;
        }
        let local = self.node_of_cpu(cpu);
        let wanted = request.node.unwrap_or(local);
        if zone.extent.node != wanted {
            zone.tallies.numa_miss.add(1);
            if let Some(foreign) = self.node_zones(wanted).find(|other| other.extent.kind == zone.extent.kind) {
                foreign.tallies.numa_foreign.add(1);
            }
        }
        if zone.extent.node != local {
            zone.tallies.numa_other.add(1);
        }
        if request.interleaved && zone.extent.node == wanted {
            zone.tallies.numa_interleave.add(1);
        }
    }

    /// Takes up to `wanted` single pages at once and hands each to `with`: `alloc_pages_bulk`. Returns how many there were;
    /// at least one, or the error of a single allocation.
    ///
    /// # Errors
    /// As [`PageAllocator::alloc`], when there was none.
    pub fn alloc_bulk(
        &self,
        cpu: u32,
        request: &Request,
        wanted: u32,
        mut with: impl FnMut(Pfn),
    ) -> Result<u32, AllocError> {
        let request = Request { order: Order::ZERO, ..*request };
        let mut taken = 0;
        while taken < wanted {
            let hit = if request.is_plain() { self.hit(cpu, request.gfp, Order::ZERO) } else { None };
            let pfn = match hit {
                Some(pfn) => pfn,
                None => match self.alloc_slow(cpu, &request) {
                    Ok(pfn) => pfn,
                    Err(error) if taken == 0 => return Err(error),
                    Err(_) => break,
                },
            };
            with(pfn);
            taken += 1;
        }
        Ok(taken)
    }

    /// Gives one pageblock that was set aside for important requests back, somewhere. False when there is none.
    pub(crate) fn unreserve_high_atomic(&self, cpu: u32, request: &Request) -> bool {
        let kind = Mobility::from_raw(self.list_kind(request.gfp));
        self.candidates(cpu, request).any(|(_, zone, _)| {
            zone.high_atomic.get() > 0 && self.ground().unreserve_high_atomic(zone, &mut zone.lock().counts, kind)
        })
    }
    /// True when a zone that may answer would answer this attempt.
    pub(crate) fn would_answer(&self, cpu: u32, request: &Request, attempt: Attempt) -> bool {
        self.candidates(cpu, request)
            .any(|(_, zone, preferred)| zone.may_give(self.rule, request.order, attempt, preferred))
    }
}
