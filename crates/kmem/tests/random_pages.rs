//! Random work for the page allocator, and a model that foresees every answer.
//!
//! Each operation is predicted ([`page_model`]), done, checked against its events (`kmem-ledger`) and, on the small
//! machines, followed by a whole `verify`. Seeds are printed; `KMEM_SEED=N` repeats a run. `KMEM_LONG=1` (`cargo xtask long`)
//! does ten million operations on each of the machines together, in place of a hundred thousand.

mod page_model;
mod support;

use kmem::boot::{BootParams, Held, NodeRange};
use kmem::event::Event;
use kmem::page::attempt::Caller;
use kmem::page::{FrameKind, NodeMask, Request, Tracer};
use kmem::profile::{self, Image, Profile, ZoneKind, ZoneLimit, ZoneSpec};
use kmem::units::PhysRange;
use kmem::{AllocError, Gfp, Kernel, Misuse, Order, Pfn};
use kmem_ledger::Ledger;
use page_model::{Block, Model};
use std::cell::RefCell;
use std::time::Instant;
use support::HeapMachine;

thread_local! {
    /// What the kernel of this thread told.
    static LOG: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    /// All that it told so far, where somebody wants to know.
    static HISTORY: RefCell<Option<Vec<Event>>> = const { RefCell::new(None) };
}

const TRACER: Tracer = Tracer { call: |_, event| LOG.with_borrow_mut(|log| log.push(*event)), id: 0 };

fn events() -> Vec<Event> {
    let events = LOG.take();
    HISTORY.with_borrow_mut(|history| history.iter_mut().for_each(|history| history.extend(&events)));
    events
}

/// Marsaglia's xorshift, 64 bits.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n
    }
    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A machine to work on.
struct Ground {
    name: &'static str,
    profile: &'static Profile,
    ram: Vec<PhysRange>,
    reserved: Vec<PhysRange>,
    freed_late: Vec<PhysRange>,
    cma: Vec<PhysRange>,
    nodes: Vec<NodeRange>,
    cpus: u32,
}

const MIB: u64 = 1 << 20;

fn mib(start: u64, end: u64) -> PhysRange {
    PhysRange::new(start * MIB, end * MIB)
}

impl Ground {
    /// A PC with 16 MiB, less the hole below 1 MiB, of which 1 MiB holds what boot needs.
    fn new(name: &'static str, like: &'static Profile, zones: &[(&'static str, ZoneKind, u64)], cpus: u32) -> Self {
        let zones = zones.iter().map(|&(name, kind, end)| {
            let limit = if end == 0 { ZoneLimit::RamEnd } else { ZoneLimit::At(end * MIB) };
            let reserve_ratio = if kind == ZoneKind::Normal { 32 } else { 64 };
            ZoneSpec { name, kind, limit, reserve_ratio }
        });
        let zones = Vec::leak(zones.collect());
        let image = Image { min_free_pages: 0, gigantic: &[], cma: None, ..like.image };
        let profile = Box::leak(Box::new(Profile { zones, image, phys_offset: kmem::PhysAddr::new(0), ..*like }));
        Self {
            name,
            profile,
            ram: vec![PhysRange::new(0x1000, 0x9f000), mib(1, 16)],
            reserved: vec![mib(1, 2), PhysRange::new(7 * MIB + 0x3000, 7 * MIB + 0x8_f000)],
            freed_late: vec![PhysRange::new(7 * MIB + 0x3000, 7 * MIB + 0x5_1000)],
            cma: vec![],
            nodes: vec![],
            cpus,
        }
    }
    fn nodes(self, nodes: &[(u32, u64, u64)]) -> Self {
        let nodes = nodes.iter().map(|&(node, start, end)| NodeRange { node, range: mib(start, end) });
        Self { nodes: nodes.collect(), ..self }
    }
    fn area(mut self, area: PhysRange) -> Self {
        self.reserved.push(area);
        self.cma.push(area);
        self
    }
    fn boot(&self) -> Kernel<HeapMachine> {
        let held =
            Held::Given { reserved: &self.reserved, freed_early: &[], freed_late: &self.freed_late, cma: &self.cma };
        let nodes = (!self.nodes.is_empty()).then_some(&self.nodes[..]);
        let params = BootParams {
            ranges: Some(&self.ram),
            nodes,
            cpus: self.cpus,
            held,
            cmdline: "",
            ..BootParams::new(self.profile)
        };
        support::boot_with(self.profile, &params, Some(TRACER))
    }
}

fn grounds() -> Vec<Ground> {
    use ZoneKind::{Dma, Dma32, HighMem, Movable, Normal};
    let wide = [("DMA", Dma, 3), ("DMA32", Dma32, 9), ("Normal", Normal, 0)];
    let narrow = [("DMA", Dma, 2), ("DMA32", Dma32, 5), ("Normal", Normal, 0)];
    let old = [("DMA", Dma, 3), ("Normal", Normal, 11), ("HighMem", HighMem, 0)];
    let pae = [("DMA", Dma, 3), ("Normal", Normal, 10), ("HighMem", HighMem, 14), ("Movable", Movable, 0)];
    let two = [(0, 0, 9), (1, 9, 16)];
    let four = [(0, 0, 2), (1, 2, 6), (2, 6, 11), (3, 11, 16)];
    let (amd64, late) = (&profile::amd64_6_1::PROFILE, &profile::amd64_6_12::PROFILE);
    let area = mib(12, 14);
    vec![
        Ground::new("6.1, three zones", amd64, &wide, 2),
        Ground::new("6.12, two nodes", late, &narrow, 4).nodes(&two),
        Ground::new("6.1, four nodes", amd64, &narrow, 4).nodes(&four),
        Ground::new("2.6, high memory", &profile::linux_2_6_i386::PROFILE, &old, 2),
        Ground::new("6.1, contiguous area", amd64, &wide, 2).area(area),
        Ground::new("6.1, movable zone", &profile::i386_pae_6_1::PROFILE, &pae, 3),
    ]
}

/// The same with 128 MiB, where lists take batches.
fn large_grounds() -> Vec<Ground> {
    let mut grounds = grounds();
    grounds.retain(|ground| ground.nodes.is_empty());
    for ground in &mut grounds {
        ground.ram[1] = mib(1, 128);
        ground.reserved[0] = mib(1, 5);
    }
    grounds
}

fn request(random: &mut Random, nodes: u32) -> Request {
    let base = random.choose(&[
        Gfp::KERNEL,
        Gfp::KERNEL,
        Gfp::ATOMIC,
        Gfp::NOWAIT,
        Gfp::HIGHUSER,
        Gfp::HIGHUSER_MOVABLE,
        Gfp::HIGHUSER_MOVABLE,
        Gfp::KERNEL.union(Gfp::DMA),
        Gfp::KERNEL.union(Gfp::DMA32),
        Gfp::KERNEL.union(Gfp::RECLAIMABLE),
        Gfp::KERNEL.union(Gfp::HIGH),
    ]);
    let mut gfp = base;
    for (flag, once_in) in
        [(Gfp::COMP, 3), (Gfp::MEMALLOC, 16), (Gfp::NOMEMALLOC, 16), (Gfp::THISNODE, if nodes > 1 { 6 } else { 64 })]
    {
        if random.below(once_in) == 0 {
            gfp |= flag;
        }
    }
    let order = match random.below(8) {
        0..=3 => 0,
        4..=6 => random.below(4) as u32,
        _ => random.below(12) as u32,
    };
    let mut request = Request::new(gfp, Order::new(order).unwrap());
    match random.below(24) {
        0 => request = request.by(Caller::Reclaim),
        1 => request = request.by(Caller::OomVictim),
        2 | 3 if nodes > 1 => request = request.on(random.below(nodes as usize) as u32),
        4 if nodes > 1 => request.nodes = NodeMask::of(random.below(nodes as usize) as u32).with(NodeMask::of(0)),
        _ => {}
    }
    request
}

/// One operation. The machine runs full in phase 0, stays so in phase 1, and empties in phase 2.
fn step(kernel: &Kernel<HeapMachine>, model: &mut Model<'_>, random: &mut Random, phase: usize) {
    let pages = kernel.pages();
    let cpu = random.below(pages.cpus() as usize) as u32;
    support::become_cpu(cpu);
    let take = [55, 40, 20][phase];
    let dice = random.below(100);
    if dice < take || model.held.is_empty() {
        let request = request(random, pages.nodes());
        let hits = request == Request::new(request.gfp, request.order);
        let predicted = model.predict(cpu, &request, hits);
        let got = if hits { pages.alloc(cpu, request.gfp, request.order) } else { pages.alloc_slow(cpu, &request) };
        let too_large = request.order > pages.top_order();
        assert_eq!(matches!(got, Err(AllocError::TooLarge { .. })), too_large);
        return model.answered(cpu, &request, predicted, got.ok(), &events());
    }
    let at = random.below(model.held.len());
    match dice {
        ..=85 => give(kernel, model, cpu, at),
        86 | 87 => {
            let block = model.held[at];
            let done = pages.split(block.pfn, block.order);
            assert_eq!(done.is_ok(), !block.compound);
            if done.is_ok() {
                model.held[at].order = Order::ZERO;
                let page = |n| Block { pfn: block.pfn.add(n), order: Order::ZERO, count: 1, ..block };
                model.held.extend((1..block.order.pages()).map(page));
            }
        }
        88..=90 => {
            pages.get(model.held[at].pfn).unwrap();
            model.held[at].count += 1;
        }
        91 | 92 => put(kernel, model, cpu, at),
        93 => {
            pages.drain(cpu);
            model.follow(&events(), None);
        }
        94 => {
            kernel.drain();
            model.follow(&events(), None);
        }
        95 => bulk(kernel, model, random, cpu),
        _ => misuse(kernel, model, random, cpu, at),
    }
}

/// Frees a block; what a block that others hold gives back follows the kernel's rule.
fn give(kernel: &Kernel<HeapMachine>, model: &mut Model<'_>, cpu: u32, at: usize) {
    let block = model.held[at];
    assert_eq!(kernel.pages().free(cpu, block.pfn, block.order), Ok(()), "{block:?}");
    if block.count == 1 {
        model.held.swap_remove(at);
        return model.freed(cpu, block, &events());
    }
    let rest = Block { count: block.count - 1, ..block };
    model.held[at] = if block.compound { rest } else { Block { order: Order::ZERO, ..rest } };
    let events = events();
    let pages = if block.compound { 0 } else { block.order.pages() - 1 };
    let freed = |event: &Event| if let Event::MmPageFree { order, .. } = event { order.pages() } else { 0 };
    assert_eq!(events.iter().map(freed).sum::<u64>(), pages, "{block:?}");
    model.follow(&events, None);
}

fn put(kernel: &Kernel<HeapMachine>, model: &mut Model<'_>, cpu: u32, at: usize) {
    let block = model.held[at];
    let done = kernel.pages().put(cpu, block.pfn);
    if block.count > 1 {
        assert_eq!((done, events().len()), (Ok(()), 0));
        model.held[at].count -= 1;
    } else if block.compound || block.order == Order::ZERO {
        assert_eq!(done, Ok(()));
        model.held.swap_remove(at);
        model.freed(cpu, block, &events());
    } else {
        assert!(matches!(done, Err(Misuse::WrongOrder { .. })), "{done:?}");
        assert_eq!(events().len(), 0);
    }
}

fn bulk(kernel: &Kernel<HeapMachine>, model: &mut Model<'_>, random: &mut Random, cpu: u32) {
    let request = Request { order: Order::ZERO, ..request(random, kernel.pages().nodes()) };
    let hits = request == Request::new(request.gfp, request.order);
    let wanted = 1 + random.below(40) as u32;
    // The model is asked page by page: a bulk of one is a plain request.
    for _ in 0..wanted {
        let predicted = model.predict(cpu, &request, hits);
        let mut got = None;
        let done = kernel.pages().alloc_bulk(cpu, &request, 1, |pfn| got = Some(pfn));
        assert_eq!(done.ok(), got.map(|_| 1));
        model.answered(cpu, &request, predicted, got, &events());
        if got.is_none() {
            break;
        }
    }
}

/// What a caller must not do is refused, by its name, and nothing has changed then.
fn misuse(kernel: &Kernel<HeapMachine>, model: &mut Model<'_>, random: &mut Random, cpu: u32, at: usize) {
    let pages = kernel.pages();
    let Block { pfn, order, compound, .. } = model.held[at];
    let wrong = order.up();
    match random.below(6) {
        0 => assert_eq!(pages.free(cpu, pfn, wrong), Err(Misuse::WrongOrder { pfn, allocated: order, freed: wrong })),
        1 if order > Order::ZERO => {
            let inside = pfn.add(1 + random.below(order.pages() as usize - 1) as u64);
            assert_eq!(pages.free(cpu, inside, Order::ZERO), Err(Misuse::NotAHead { pfn: inside, head: pfn }));
        }
        2 if compound => assert!(matches!(pages.split(pfn, order), Err(Misuse::WrongOrder { .. }))),
        3 => {
            let far = Pfn::new(1 << 40);
            assert!(matches!(pages.free(cpu, far, Order::ZERO), Err(Misuse::NotRam(_))));
            assert!(matches!(pages.get(far), Err(Misuse::NotRam(_))));
        }
        4 => assert_eq!(pages.free(cpu, Pfn::new(256), Order::ZERO), Err(Misuse::Reserved(Pfn::new(256)))),
        _ => {
            let any = Pfn::new(random.below(4096) as u64);
            if matches!(pages.info(any).map(|info| info.kind), Some(FrameKind::Free | FrameKind::Pcp)) {
                assert_eq!(pages.free(cpu, any, Order::ZERO), Err(Misuse::DoubleFree(any)));
                assert_eq!(pages.put(cpu, any), Err(Misuse::DoubleFree(any)));
            }
        }
    }
    assert_eq!(events(), []);
}

/// Works on one machine and gives everything back in the end. Returns what was seen.
fn work(ground: &Ground, seed: u64, steps: u64, verify_every: u64) -> Vec<(&'static str, u64)> {
    let start = Instant::now();
    let mut random = Random(seed | 1);
    let kernel = ground.boot();
    let mut model = Model::new(&kernel, &events());
    model.settle();
    let free = kernel.pages().free_pages() + model.ledger.sums().cpu_lists.values().sum::<u64>();
    for at in 0..steps {
        step(&kernel, &mut model, &mut random, (at / 1000 % 3) as usize);
        if at % verify_every == 0 {
            kernel
                .pages()
                .verify()
                .unwrap_or_else(|broken| panic!("{}: seed {seed}, step {at}: {broken}", ground.name));
        }
        if at % (64 * verify_every) == 0 {
            model.settle();
        }
    }
    while !model.held.is_empty() {
        give(&kernel, &mut model, 0, 0);
    }
    kernel.drain();
    model.follow(&events(), None);
    model.settle();
    kernel.verify().unwrap();
    assert_eq!(kernel.pages().free_pages(), free, "{}: pages are missing", ground.name);
    let mut seen: Vec<_> = model.seen.into_iter().collect();
    seen.sort_unstable();
    let took = start.elapsed();
    println!("{}: seed {seed}, {steps} operations in {took:.1?}: {seen:?}", ground.name);
    seen
}

fn is_long() -> bool {
    std::env::var_os("KMEM_LONG").is_some()
}
fn seed() -> u64 {
    let given = std::env::var("KMEM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or(0x9e37_79b9_7f4a_7c15);
    println!("KMEM_SEED={seed}");
    seed
}

#[test]
fn small_machines_answer_as_foreseen() {
    let (steps, verify_every) = if is_long() { (10_000_000, 10_000) } else { (100_000, 1) };
    let grounds = grounds();
    let mut total = std::collections::BTreeMap::new();
    for (at, ground) in grounds.iter().enumerate() {
        for (what, count) in
            work(ground, seed() ^ (at as u64 * 0xabcd_ef12), steps / grounds.len() as u64, verify_every)
        {
            *total.entry(what).or_insert(0) += count;
        }
    }
    // A test that never gets there would say nothing.
    for what in
        ["hit", "first attempt", "second attempt", "answered after a drain", "refused", "block stolen", "drained"]
    {
        assert!(total.get(what).is_some_and(|count| *count > 50), "{what}: {total:?}");
    }
}

#[test]
fn larger_machines_answer_as_foreseen() {
    let (steps, verify_every) = if is_long() { (200_000, 100) } else { (2_000, 100) };
    for (at, ground) in large_grounds().iter().enumerate() {
        work(ground, seed() ^ (at as u64 * 0x1234_5678), steps, verify_every);
    }
}

#[test]
fn a_tracer_changes_nothing() {
    for ground in grounds() {
        let (traced, plain) = (ground.boot(), ground.boot());
        plain.set_tracer(None);
        let mut random = Random(seed());
        let mut held = Vec::new();
        for _ in 0..3000 {
            let cpu = random.below(ground.cpus as usize) as u32;
            if random.below(5) < 3 {
                let Request { gfp, order, .. } = request(&mut random, 1);
                let got = [&traced, &plain].map(|kernel| kernel.pages().alloc(cpu, gfp, order));
                assert_eq!(got[0], got[1], "{}", ground.name);
                held.extend(got[0].map(|pfn| (pfn, order)));
            } else if !held.is_empty() {
                let (pfn, order) = held.swap_remove(random.below(held.len()));
                [&traced, &plain]
                    .into_iter()
                    .for_each(|kernel| assert_eq!(kernel.pages().free(cpu, pfn, order), Ok(())));
            }
        }
        LOG.take();
    }
}

#[test]
fn a_log_with_an_event_too_few_or_too_many_is_refused() {
    HISTORY.set(Some(Vec::new()));
    let kernel = grounds()[1].boot();
    let mut model = Model::new(&kernel, &events());
    let mut random = Random(seed());
    for at in 0..300 {
        step(&kernel, &mut model, &mut random, at / 50 % 3);
    }
    model.settle();
    let log = HISTORY.take().unwrap();
    let expected = model.ledger.sums();
    let is_accepted = |mut events: &mut dyn Iterator<Item = &Event>| {
        let mut ledger = Ledger::default();
        Iterator::try_for_each(&mut events, |event| ledger.enter(event)).is_ok() && ledger.sums() == expected
    };
    assert!(is_accepted(&mut log.iter()));
    // A theft moves nothing by itself; neither does a refusal.
    let moves =
        |event: &Event| !matches!(event, Event::MmPageAllocExtfrag { .. } | Event::MmPageAlloc { pfn: None, .. });
    let mut tried = 0;
    for (at, event) in log.iter().enumerate().filter(|(_, event)| moves(event)) {
        let (before, after) = log.split_at(at);
        assert!(!is_accepted(&mut before.iter().chain(&after[1..])), "without {event:?}");
        assert!(!is_accepted(&mut before.iter().chain([event]).chain(after)), "with {event:?} twice");
        tried += 1;
    }
    assert!(tried > 500, "{tried} events");
}
