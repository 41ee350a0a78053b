//! A second page allocator, naive, which does not allocate: it knows from events where each frame is and says of each
//! request, before it is made, whether it will be answered, out of which zone, and from where.
//!
//! Independent of the engine are: the free blocks (built frame by frame from what the ledger says), the order of zones and
//! nodes, who may take what, and every watermark calculation, after the kernels' sources. Taken from the engine are: the
//! marks and reserves themselves (judged by `golden_boot.rs`), the pageblocks' types, and how many blocks a refill or a
//! drain moves, which is the events' word: a refill of more than one block must leave what everybody must leave, and a
//! drain must come exactly when a list is full.

use crate::support::HeapMachine;
use kmem::event::{Event, Place};
use kmem::page::attempt::Caller;
use kmem::page::{Mobility, Request};
use kmem::profile::{ZoneKind, MAX_ZONES};
use kmem::{Gfp, Kernel, Order, Pfn, Profile};
use kmem_ledger::{Ledger, Whereabouts};
use std::collections::{HashMap, VecDeque};

/// What a kernel's version decides.
struct Facts {
    pcp_top: u32,
    huge: Option<u32>,
    groups: bool,
    checks_block: bool,
    high_atomic: bool,
    /// Since 6.12 what is set aside and in use counts no longer as set aside.
    free_aside: bool,
    boosts: bool,
    /// Since 6.3 who is important and cannot wait digs deepest.
    late: bool,
    /// 4.4 to 6.2.
    atomic_bit: bool,
    has_dma32: bool,
}

impl Facts {
    fn of(profile: &Profile, managed: u64) -> Self {
        let since = |version| profile.version >= version;
        Self {
            pcp_top: if since((5, 13, 0)) { 3 } else { 0 },
            huge: (since((5, 13, 0)) && profile.tuning.has_thp()).then_some(profile.pageblock_order.raw()),
            groups: since((2, 6, 24)) && managed >= profile.pageblock_order.pages() * 6,
            checks_block: since((4, 4, 0)),
            high_atomic: since((4, 4, 0)),
            free_aside: since((6, 12, 0)),
            boosts: since((5, 0, 0)),
            late: since((6, 3, 0)),
            atomic_bit: since((4, 4, 0)) && !since((6, 3, 0)),
            has_dma32: profile.zones.iter().any(|zone| zone.kind == ZoneKind::Dma32),
        }
    }
}

/// What one attempt may do.
#[derive(Clone, Copy, Default)]
struct May {
    min_mark: bool,
    high: bool,
    harder: bool,
    oom: bool,
    everything: bool,
    high_atomic: bool,
    cma: bool,
    spares_blocks: bool,
}

/// A zone as it is now.
struct View {
    slot: usize,
    node: u32,
    kind: ZoneKind,
    managed: u64,
    free: u64,
    free_of: [u64; Mobility::COUNT],
    blocks: [[u64; Mobility::COUNT]; Order::COUNT],
    min: u64,
    low: u64,
    boost: u64,
    high_atomic: u64,
    reserve: [u64; MAX_ZONES],
}

/// Where a request will be answered from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The zone.
    pub slot: usize,
    /// The block, when it is on the CPU's list already.
    pub pfn: Option<Pfn>,
    /// What the zone must keep after a refill of more than one block.
    kept: u64,
}

/// An allocated block.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub pfn: Pfn,
    pub order: Order,
    pub compound: bool,
    /// References.
    pub count: u32,
    /// The per-CPU list that it goes to.
    pub kind: u32,
}

/// The lists of all CPUs: by CPU, zone, order and type, the top at the back.
type Lists = HashMap<(u32, usize, u32, u32), VecDeque<Pfn>>;

pub struct Model<'k> {
    kernel: &'k Kernel<HeapMachine>,
    facts: Facts,
    top: u32,
    pageblock: u32,
    /// Slot, first frame, one past the last.
    zones: Vec<(usize, u64, u64)>,
    first: u64,
    end: u64,
    pub ledger: Ledger,
    lists: Lists,
    pub held: Vec<Block>,
    /// How often what happened: to see that a test tests something.
    pub seen: HashMap<&'static str, u64>,
}

impl<'k> Model<'k> {
    /// Learns of a kernel from the events of its boot.
    pub fn new(kernel: &'k Kernel<HeapMachine>, boot: &[Event]) -> Self {
        let zones: Vec<_> = kernel.pages().zone_counts().collect();
        let zones: Vec<_> =
            zones.iter().map(|zone| (zone.slot, zone.extent.start.raw(), zone.extent.end().raw())).collect();
        let zones: Vec<_> = zones.into_iter().filter(|(_, start, end)| start < end).collect();
        let mut model = Self {
            kernel,
            facts: Facts::of(kernel.profile, kernel.total_pages()),
            top: kernel.profile.top_order.raw(),
            pageblock: kernel.profile.pageblock_order.raw(),
            first: zones.iter().map(|zone| zone.1).min().unwrap(),
            end: zones.iter().map(|zone| zone.2).max().unwrap(),
            zones,
            ledger: Ledger::default(),
            lists: Lists::new(),
            held: Vec::new(),
            seen: HashMap::new(),
        };
        // Boot's own requests are all for unmovable memory.
        let kind = model.kind(Gfp::KERNEL);
        model.follow(boot, Some(kind));
        model
    }
    fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }
    /// The type of a request, as the number of a per-CPU list.
    pub fn kind(&self, gfp: Gfp) -> u32 {
        if !self.facts.groups {
            1
        } else if gfp.contains(Gfp::RECLAIMABLE) {
            2
        } else {
            u32::from(gfp.contains(Gfp::MOVABLE))
        }
    }
    fn slot_of(&self, pfn: Pfn) -> usize {
        self.zones.iter().find(|(_, start, end)| (*start..*end).contains(&pfn.raw())).unwrap().0
    }
    fn list_len(&self, cpu: u32, slot: usize) -> u64 {
        let mine = self.lists.iter().filter(|(key, _)| (key.0, key.1) == (cpu, slot));
        mine.map(|(key, list)| (list.len() as u64) << key.2).sum()
    }
    /// The most that a list holds: what is still in the cache when it is wanted again.
    fn slots_of_list(&self, slot: usize, order: Order) -> u64 {
        let zone = self.kernel.pages().extent_of(slot).unwrap().spanned;
        match self.facts.huge {
            Some(huge) if order.raw() == huge => (zone >> huge).min(4),
            _ => (zone / 8 / u64::from(self.kernel.pages().cpus())).clamp(64, 1024).min(zone) >> order.raw(),
        }
    }
    fn is_listed(&self, order: u32) -> bool {
        order <= self.facts.pcp_top || self.facts.huge == Some(order)
    }

    /// Enters events. `kind` is the type that the request or the freed block behind them has.
    pub fn follow(&mut self, events: &[Event], kind: Option<u32>) {
        for event in events {
            self.ledger.enter(event).unwrap_or_else(|refused| panic!("{refused}"));
            match *event {
                Event::MmPageAllocZoneLocked { pfn, order, to: Place::CpuList(cpu), .. } => {
                    let key = (cpu, self.slot_of(pfn), order.raw(), kind.unwrap());
                    self.lists.entry(key).or_default().push_front(pfn);
                    self.count("refilled");
                }
                Event::MmPageAlloc { pfn: Some(pfn), order, from: Place::CpuList(cpu), .. } => {
                    let key = (cpu, self.slot_of(pfn), order.raw(), kind.unwrap());
                    assert_eq!(
                        self.lists.get_mut(&key).and_then(VecDeque::pop_back),
                        Some(pfn),
                        "not the top: {event:?}"
                    );
                }
                Event::MmPageFree { pfn, order, to: Place::CpuList(cpu) } => {
                    let key = (cpu, self.slot_of(pfn), order.raw(), kind.unwrap());
                    self.lists.entry(key).or_default().push_back(pfn);
                }
                Event::MmPagePcpuDrain { pfn, order, from: Place::CpuList(cpu), .. } => {
                    let slot = self.slot_of(pfn);
                    let list = (0..3).map(|kind| (cpu, slot, order.raw(), kind));
                    let key =
                        list.into_iter().find(|key| self.lists.get(key).is_some_and(|list| list.front() == Some(&pfn)));
                    let key = key.unwrap_or_else(|| panic!("not the oldest of a list: {event:?}"));
                    self.lists.get_mut(&key).unwrap().pop_front();
                    self.count("drained");
                }
                Event::MmPageAllocExtfrag { change_ownership, .. } => {
                    self.count(if change_ownership { "pageblock taken over" } else { "block stolen" });
                }
                _ => {}
            }
        }
    }

    /// Builds the zones' free blocks frame by frame, as if one CPU's lists were drained.
    fn views(&self, drained: Option<u32>) -> Vec<View> {
        let is_free = |pfn: u64| match self.ledger.find(Pfn::new(pfn)) {
            Whereabouts::Zone => true,
            Whereabouts::CpuList { cpu, .. } => drained == Some(cpu),
            _ => false,
        };
        let free: Vec<bool> = (self.first..self.end).map(is_free).collect();
        let type_of = |pfn: u64| self.kernel.pages().mobility(Pfn::new(pfn)).map_or(5, Mobility::index);
        let mut views = Vec::new();
        for counts in self.kernel.pages().zone_counts() {
            let (start, end) = (counts.extent.start.raw(), counts.extent.end().raw());
            let all = |pfns: std::ops::Range<u64>| {
                pfns.end <= end && pfns.into_iter().all(|pfn| free[(pfn - self.first) as usize])
            };
            let mut view = View {
                slot: counts.slot,
                node: counts.extent.node,
                kind: counts.extent.kind,
                managed: counts.managed,
                free: 0,
                free_of: [0; Mobility::COUNT],
                blocks: [[0; Mobility::COUNT]; Order::COUNT],
                min: counts.min - counts.boost,
                low: counts.low - counts.boost,
                boost: counts.boost,
                high_atomic: counts.high_atomic,
                reserve: counts.reserve,
            };
            let mut pfn = start;
            while pfn < end {
                if !free[(pfn - self.first) as usize] {
                    pfn += 1;
                    continue;
                }
                let kind = type_of(pfn);
                let mut order = 0;
                while order < self.top && pfn % (2 << order) == 0 && all(pfn + (1 << order)..pfn + (2 << order)) {
                    if order >= self.pageblock && type_of(pfn + (1 << order)) != kind {
                        break;
                    }
                    order += 1;
                }
                view.blocks[order as usize][kind] += 1;
                view.free_of[kind] += 1 << order;
                view.free += 1 << order;
                pfn += 1 << order;
            }
            views.push(view);
        }
        views
    }

    /// The zones that may answer, in order, with the index of the preferred zone of their node.
    fn candidates<'v>(&self, views: &'v [View], cpu: u32, request: &Request) -> Vec<(&'v View, usize)> {
        let nodes = self.kernel.pages().nodes();
        let home = request.node.unwrap_or(self.kernel.pages().node_of_cpu(cpu));
        // All are equally far: the ones above first.
        let mut order: Vec<u32> = (home..nodes).chain(0..home).collect();
        order.retain(|node| request.nodes.contains(*node));
        if request.gfp.contains(Gfp::THISNODE) {
            order.retain(|node| *node == home);
        }
        let wanted = self.wanted(request.gfp);
        let mut found = Vec::new();
        for node in order {
            let populated: Vec<&View> = views.iter().filter(|view| view.node == node && view.managed > 0).collect();
            let best = populated.iter().rev().find(|view| view.kind <= wanted);
            // No node has such memory: then it is what there is.
            let best =
                best.or(populated.first().filter(|_| views.iter().all(|it| it.managed == 0 || it.kind > wanted)));
            let Some(best) = best else { continue };
            let below = populated.iter().rev().filter(|view| view.slot <= best.slot);
            found.extend(below.map(|view| (*view, best.slot % MAX_ZONES)));
        }
        found
    }
    fn wanted(&self, gfp: Gfp) -> ZoneKind {
        let has = |kind| self.kernel.profile.zones.iter().any(|zone| zone.kind == kind);
        let wanted = if gfp.contains(Gfp::DMA) {
            ZoneKind::Dma
        } else if gfp.contains(Gfp::HIGHMEM | Gfp::MOVABLE) && has(ZoneKind::Movable) {
            ZoneKind::Movable
        } else if gfp.contains(Gfp::HIGHMEM) {
            ZoneKind::HighMem
        } else if gfp.contains(Gfp::DMA32) {
            ZoneKind::Dma32
        } else {
            ZoneKind::Normal
        };
        if has(wanted) {
            wanted
        } else {
            ZoneKind::Normal
        }
    }

    /// Says how a request will be answered; `None`: it will be refused. `hits`: whether it is made by the call that looks
    /// at the CPU's list first.
    pub fn predict(&mut self, cpu: u32, request: &Request, hits: bool) -> Option<Answer> {
        let (gfp, order) = (request.gfp, request.order.raw());
        if order > self.top {
            return None;
        }
        let kind = self.kind(gfp);
        if hits && order <= self.facts.pcp_top {
            let slot = self.first_slot(cpu, gfp);
            if let Some(&pfn) = self.lists.get(&(cpu, slot, order, kind)).and_then(VecDeque::back) {
                self.count("hit");
                return Some(Answer { slot, pfn: Some(pfn), kept: 0 });
            }
        }
        let cma = gfp.contains(Gfp::MOVABLE) && !gfp.contains(Gfp::RECLAIMABLE);
        let views = self.views(None);
        let zones = self.candidates(&views, cpu, request);
        let first = May { cma, spares_blocks: self.spares_blocks(&views, &zones), ..May::default() };
        let second = self.second(request, cma);
        if let Some(answer) = self.attempt(&zones, cpu, order, kind, first, false) {
            self.count("first attempt");
            return Some(answer);
        }
        if let Some(answer) = self.attempt(&zones, cpu, order, kind, second, false) {
            self.count("second attempt");
            return Some(answer);
        }
        let views = self.views(Some(cpu));
        let zones = self.candidates(&views, cpu, request);
        let answer = self.attempt(&zones, cpu, order, kind, second, true);
        self.count(if answer.is_some() { "answered after a drain" } else { "refused" });
        answer
    }
    /// The zone whose list a hit looks at: the preferred one of the nearest node that has memory.
    fn first_slot(&self, cpu: u32, gfp: Gfp) -> usize {
        let zones: Vec<_> = self.kernel.pages().zone_counts().filter(|zone| zone.managed > 0).collect();
        let (home, nodes) = (self.kernel.pages().node_of_cpu(cpu), self.kernel.pages().nodes());
        let node =
            (home..nodes).chain(0..home).find(|node| zones.iter().any(|zone| zone.extent.node == *node)).unwrap();
        let mine = || zones.iter().filter(|zone| zone.extent.node == node);
        let wanted = self.wanted(gfp);
        let best = mine().rfind(|zone| zone.extent.kind <= wanted);
        match zones.iter().any(|zone| zone.extent.kind <= wanted) {
            true => best.map_or(node as usize * MAX_ZONES, |zone| zone.slot),
            false => mine().next().unwrap().slot,
        }
    }
    fn spares_blocks(&self, views: &[View], zones: &[(&View, usize)]) -> bool {
        let Some((first, _)) = zones.first().filter(|_| self.facts.boosts && self.facts.has_dma32) else {
            return false;
        };
        let dma32 = views.iter().find(|view| view.node == first.node && view.kind == ZoneKind::Dma32);
        let populated = dma32.is_some_and(|view| view.managed > 0);
        first.kind == ZoneKind::Normal && (self.kernel.pages().nodes() == 1 || populated)
    }
    /// `gfp_to_alloc_flags` of the three generations.
    fn second(&self, request: &Request, cma: bool) -> May {
        let gfp = request.gfp;
        let reserves = !gfp.contains(Gfp::NOMEMALLOC);
        let harder = reserves
            && if self.facts.atomic_bit { gfp.contains(Gfp::ATOMIC_BIT) } else { !gfp.contains(Gfp::DIRECT_RECLAIM) };
        May {
            min_mark: true,
            high: gfp.contains(Gfp::HIGH),
            harder,
            oom: reserves && request.caller == Caller::OomVictim,
            everything: reserves && (gfp.contains(Gfp::MEMALLOC) || request.caller == Caller::Reclaim),
            high_atomic: harder && self.facts.high_atomic && request.order.raw() > 0,
            cma,
            spares_blocks: false,
        }
    }
    fn attempt(
        &self,
        zones: &[(&View, usize)],
        cpu: u32,
        order: u32,
        kind: u32,
        may: May,
        drained: bool,
    ) -> Option<Answer> {
        let passes = [may, May { spares_blocks: false, ..may }];
        let home = zones.first()?.0.node;
        for may in &passes[if may.spares_blocks { 0 } else { 1 }..] {
            for (view, preferred) in zones.iter().filter(|(view, _)| !may.spares_blocks || view.node == home) {
                if !self.has_pages(view, order, *may, *preferred) {
                    continue;
                }
                let kept = self.lowered(view, order, May { min_mark: may.min_mark, ..May::default() });
                let kept = kept + view.reserve[*preferred];
                let answer = Answer { slot: view.slot, pfn: None, kept };
                if self.is_listed(order) && !may.high_atomic && !drained {
                    if let Some(&pfn) = self.lists.get(&(cpu, view.slot, order, kind)).and_then(VecDeque::back) {
                        return Some(Answer { pfn: Some(pfn), ..answer });
                    }
                }
                if self.has_block(view, order, *may) && self.takes(view, order, kind, *may) {
                    return Some(answer);
                }
            }
        }
        None
    }
    /// The mark of an attempt, as low as it may go.
    fn lowered(&self, view: &View, order: u32, may: May) -> u64 {
        let important = if self.facts.late { may.high } else { may.harder };
        let mut mark = match (may.min_mark, order == 0 && important) {
            (false, _) => view.low + view.boost,
            (true, true) => view.min,
            (true, false) => view.min + view.boost,
        };
        if may.high {
            mark -= mark / 2;
        }
        if may.harder && (may.high || !self.facts.late) && (self.facts.late || !may.oom) {
            mark -= mark / 4;
        }
        if may.oom {
            mark -= mark / 2;
        }
        mark
    }
    fn usable(&self, view: &View, may: May) -> i64 {
        let reserves = may.harder || may.oom || self.facts.late && may.high;
        let cma = if may.cma { 0 } else { view.free_of[Mobility::Cma.index()] };
        let aside = match (reserves, self.facts.free_aside) {
            (true, _) => 0,
            (_, true) => view.free_of[Mobility::HighAtomic.index()],
            (_, false) => view.high_atomic,
        };
        view.free as i64 - cma as i64 - aside as i64
    }
    fn has_pages(&self, view: &View, order: u32, may: May, preferred: usize) -> bool {
        if may.everything {
            return view.free >= 1 << order;
        }
        let least = self.lowered(view, order, may) + view.reserve[preferred];
        self.usable(view, may) - ((1 << order) - 1) > least as i64
    }
    fn has_block(&self, view: &View, order: u32, may: May) -> bool {
        if order == 0 || may.everything {
            return true;
        }
        if self.facts.checks_block {
            let harder = if self.facts.late { may.high_atomic } else { may.harder };
            return (order as usize..Order::COUNT).any(|at| {
                let blocks = &view.blocks[at];
                blocks[..3].iter().any(|&n| n > 0)
                    || may.cma && blocks[Mobility::Cma.index()] > 0
                    || (harder || may.oom) && blocks[Mobility::HighAtomic.index()] > 0
            });
        }
        let mut free = self.usable(view, may) - ((1 << order) - 1);
        let mut least = self.lowered(view, order, may) as i64;
        (0..order).all(|below| {
            free -= (view.blocks[below as usize].iter().sum::<u64>() << below) as i64;
            least >>= 1;
            free > least
        })
    }
    /// True when a block can be found: of the request's type, or where else it may look.
    fn takes(&self, view: &View, order: u32, kind: u32, may: May) -> bool {
        let from = |least: u32, kind: usize| (least as usize..=self.top as usize).any(|at| view.blocks[at][kind] > 0);
        let least = if may.spares_blocks { order.max(self.pageblock) } else { order };
        from(order, kind as usize)
            || may.cma && from(order, Mobility::Cma.index())
            || (may.high_atomic || may.oom || may.everything) && from(order, Mobility::HighAtomic.index())
            || (0..3).any(|other| from(least, other))
    }

    /// Enters what a request led to, and holds it against what was predicted.
    pub fn answered(
        &mut self,
        cpu: u32,
        request: &Request,
        predicted: Option<Answer>,
        got: Option<Pfn>,
        events: &[Event],
    ) {
        let gfp = request.gfp;
        let what = || format!("cpu {cpu} {request:?}: predicted {predicted:?}, got {got:?}");
        assert_eq!(predicted.is_some(), got.is_some(), "{}", what());
        let kind = self.kind(gfp);
        self.follow(events, Some(kind));
        let (Some(pfn), Some(answer)) = (got, predicted) else { return };
        assert_eq!(self.slot_of(pfn), answer.slot, "{}", what());
        assert!(answer.pfn.is_none_or(|top| top == pfn), "{}", what());
        let is_refill = |event: &&Event| matches!(event, Event::MmPageAllocZoneLocked { pfn, to: Place::CpuList(_), .. } if self.slot_of(*pfn) == answer.slot);
        if events.iter().filter(is_refill).count() > 1 {
            let views = self.views(None);
            let free = views.iter().find(|view| view.slot == answer.slot).map_or(0, |view| view.free);
            assert!(free >= answer.kept, "a refill left {free} of {} pages: {}", answer.kept, what());
        }
        let compound = gfp.contains(Gfp::COMP) && request.order != Order::ZERO;
        self.held.push(Block { pfn, order: request.order, compound, count: 1, kind });
    }
    /// Enters what giving a block back led to. The block is `held`'s no longer.
    pub fn freed(&mut self, cpu: u32, block: Block, events: &[Event]) {
        let slot = self.slot_of(block.pfn);
        let high = self.kernel.pages().pcp_counts(slot, cpu).unwrap().high;
        let before = self.list_len(cpu, slot);
        let key = (cpu, slot, block.order.raw(), block.kind);
        let has_no_slot = self.lists.get(&key).map_or(0, VecDeque::len) as u64 == self.slots_of_list(slot, block.order);
        self.follow(events, Some(block.kind));
        let to_list =
            events.contains(&Event::MmPageFree { pfn: block.pfn, order: block.order, to: Place::CpuList(cpu) });
        assert_eq!(to_list, self.is_listed(block.order.raw()), "{block:?}: {events:?}");
        let drains = events.iter().any(|event| matches!(event, Event::MmPagePcpuDrain { .. }));
        let full = to_list && (before + block.order.pages() >= high || has_no_slot);
        assert_eq!(drains, full, "{before} of {high} pages on the list, {block:?}");
    }
    /// Compares what the events say with what the kernel says.
    pub fn settle(&self) {
        let sums = self.ledger.sums();
        assert_eq!((sums.zone, sums.on_their_way), (self.kernel.pages().free_pages(), 0));
        for &(slot, ..) in &self.zones {
            for cpu in 0..self.kernel.pages().cpus() {
                let counted = self.kernel.pages().pcp_counts(slot, cpu).unwrap().count;
                assert_eq!(self.list_len(cpu, slot), counted, "zone {slot}, cpu {cpu}");
            }
        }
        let on_lists: u64 = sums.cpu_lists.values().sum();
        assert_eq!(sums.zone + on_lists + sums.owned, self.kernel.total_pages());
    }
}
