//! Short of memory: what gives way, in which order, who is refused and who is not; and that nothing is lost.

mod support;

use kmem::boot::{cut_nodes, BootParams};
use kmem::error::Name;
use kmem::page::lru::LruKind;
use kmem::page::Request;
use kmem::profile::by_name;
use kmem::reclaim::{FileId, Shrinker, VmEvent};
use kmem::user::{Access, MmId, MmSpec, MmapRequest, UserError};
use kmem::{AllocError, Gfp, Kernel, Machine as _, Order, Pfn, VirtAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use support::HeapMachine;

type Machine = Kernel<HeapMachine>;
const PAGE: u64 = 4096;
/// Kernels of all generations; the last has a contiguous area.
const MACHINES: [&str; 6] = ["i386-pae-6.1", "linux-2.6-i386", "msm8x25", "i386-6.1", "amd64-6.12", "armhf-6.1"];
const RAM: u64 = 128 << 20;

fn boot(name: &str) -> Machine {
    warmed(support::boot(by_name(name).unwrap(), RAM, 1))
}
/// The tables of processes and files have grown, which they do once.
fn warmed(kernel: Machine) -> Machine {
    kernel.file_close(kernel.file_open("first").unwrap()).unwrap();
    kernel.user().destroy(kernel.memory(), process(&kernel, "first", 0, 1).0).unwrap();
    kernel
}
/// A machine of 64 bits with two nodes and a CPU on each.
fn two_nodes() -> Machine {
    let profile = by_name("amd64-6.12").unwrap();
    let nodes = cut_nodes(profile, 2 * RAM, &[RAM, RAM]).unwrap();
    let params = BootParams { ram_bytes: 2 * RAM, cpus: 2, nodes: Some(nodes.as_slice()), ..BootParams::new(profile) };
    warmed(support::boot_with(profile, &params, None))
}
/// All the machines, the one with two nodes too.
fn machines() -> impl Iterator<Item = (String, Machine)> {
    let one = MACHINES.into_iter().map(|name| (name.to_owned(), boot(name)));
    one.chain(std::iter::once_with(|| ("amd64-6.12 with two nodes".to_owned(), two_nodes())))
}

fn free_pages(kernel: &Machine) -> u64 {
    kernel.drain();
    kernel.pages().free_pages()
}
/// Free pages, and those of slabs, which grow in a test and do not all shrink again.
fn accounted(kernel: &Machine) -> u64 {
    free_pages(kernel) + kernel.slab().slab_pages()
}
fn event(kernel: &Machine, event: VmEvent) -> u64 {
    kernel.vm_event(event)
}
/// Reads pages of a file; at least `pages` of it are in memory then.
fn fill_with_file(kernel: &Machine, name: &str, pages: u32) -> FileId {
    let file = kernel.file_open(name).unwrap();
    for index in 0..pages {
        kernel.file_read(file, index).unwrap();
    }
    file
}
fn process(kernel: &Machine, comm: &str, oom_score_adj: i16, pages: u64) -> (MmId, VirtAddr) {
    let (mem, user) = (kernel.memory(), kernel.user());
    let id = user.create(mem, kernel.map(), &MmSpec { comm, oom_score_adj }).unwrap();
    let at = user.mmap(mem, id, &MmapRequest::new(pages * PAGE)).unwrap();
    (id, at)
}
fn touch(kernel: &Machine, id: MmId, at: VirtAddr, pages: u64) -> Result<u64, UserError> {
    let touched = kernel.user().touch(kernel.memory(), kernel.map(), id, at, pages * PAGE, Access::Write);
    touched.map(|touched| touched.new)
}
/// Single pages until there are no more.
fn take_all(kernel: &Machine, gfp: Gfp) -> Vec<Pfn> {
    std::iter::from_fn(|| kernel.alloc_pages(gfp, Order::ZERO).ok()).collect()
}
fn give(kernel: &Machine, pages: impl IntoIterator<Item = Pfn>) {
    pages.into_iter().for_each(|pfn| kernel.free_pages(pfn, Order::ZERO).unwrap());
}
fn word(kernel: &Machine, pfn: Pfn) -> *mut u64 {
    kernel.machine().high_page(pfn.phys()).unwrap().cast()
}
fn mark(kernel: &Machine, pfn: Pfn, value: u64) {
    // SAFETY: The first bytes of a page of the heap machine that this test has.
    unsafe { word(kernel, pfn).write(value) }
}
fn marked(kernel: &Machine, pfn: Pfn) -> u64 {
    // SAFETY: As above.
    unsafe { word(kernel, pfn).read() }
}
fn frame_of(kernel: &Machine, id: MmId, addr: VirtAddr) -> Pfn {
    Pfn::containing(kernel.user().translate(kernel.memory(), id, addr).unwrap().phys)
}
fn order(order: u32) -> Order {
    Order::new(order).unwrap()
}

#[test]
fn kswapd_brings_a_node_back_to_its_high_marks() {
    for (name, kernel) in machines() {
        let before = accounted(&kernel);
        let total = u32::try_from(kernel.total_pages()).unwrap();
        let file = fill_with_file(&kernel, "f", total * 2);
        // Less than the high marks is left: who allocates without waiting wakes kswapd and does not run it.
        let mut held = Vec::new();
        while let Ok(pfn) = kernel.alloc_pages(Gfp::NOWAIT | Gfp::HIGHMEM | Gfp::NOWARN, Order::ZERO) {
            held.push(pfn);
        }
        kernel.drain();
        let nodes = kernel.pages().nodes();
        let steals = event(&kernel, VmEvent::PgStealKswapd);
        let freed: u64 = (0..nodes).map(|node| kernel.kswapd(node)).sum();
        assert!(freed > 0, "{name}");
        assert_eq!(event(&kernel, VmEvent::PgStealKswapd) - steals, freed);
        kernel.drain();
        for node in 0..nodes {
            let mut zones = kernel.pages().zone_counts().filter(|zone| zone.extent.node == node && zone.managed > 0);
            let least = |zone: kmem::page::ZoneCounts| zone.free >= zone.high;
            let is_old = kernel.profile.version < (4, 4, 0);
            assert!(if is_old { zones.all(least) } else { zones.any(least) }, "{name}: node {node}");
        }
        // All is well: it frees nothing more.
        assert_eq!((0..nodes).map(|node| kernel.kswapd(node)).sum::<u64>(), 0, "{name}");
        assert!(event(&kernel, VmEvent::KswapdHighWmarkHitQuickly) >= u64::from(nodes));
        assert_eq!(kernel.verify(), Ok(()));
        give(&kernel, held);
        kernel.file_close(file).unwrap();
        assert_eq!(kernel.file_counts(), (0, 0));
        assert_eq!(accounted(&kernel), before, "{name}");
    }
}

#[test]
fn clean_pages_make_room_and_dirty_ones_are_written_first() {
    for (name, kernel) in machines() {
        let total = kernel.total_pages();
        let file = kernel.file_open("f").unwrap();
        for index in 0..2 * total as u32 {
            kernel.file_write(file, index).unwrap();
        }
        let (cached, dirty) = kernel.file_counts();
        assert!(cached > total / 2 && dirty <= cached, "{name}: {cached} {dirty} of {total}");
        // What is gone was written, what is there may be.
        let written = event(&kernel, VmEvent::NrWritten);
        assert_eq!(event(&kernel, VmEvent::NrDirtied), 2 * total, "{name}");
        assert_eq!(written, 2 * total - dirty, "{name}");
        assert!(event(&kernel, VmEvent::NrVmscanWrite) > 0);
        let stolen = event(&kernel, VmEvent::PgStealKswapd) + event(&kernel, VmEvent::PgStealDirect);
        assert_eq!(stolen, 2 * total - cached, "{name}");
        let lru: u64 = (0..kernel.pages().nodes())
            .map(|node| {
                kernel.pages().lru_size(node, LruKind::InactiveFile)
                    + kernel.pages().lru_size(node, LruKind::ActiveFile)
            })
            .sum();
        assert_eq!(lru, cached, "{name}");
        assert_eq!(kernel.flush(u64::MAX), dirty, "{name}");
        assert_eq!(kernel.reclaim_all(), cached, "{name}: clean pages all go");
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn what_was_used_twice_stays_longer() {
    let kernel = boot("i386-pae-6.1");
    let hot = fill_with_file(&kernel, "hot", 2000);
    for _ in 0..2 {
        assert!((0..2000).all(|index| kernel.file_read(hot, index).is_ok()));
    }
    assert_eq!(event(&kernel, VmEvent::PgActivate), 2000);
    // A large file is read once.
    let cold = fill_with_file(&kernel, "cold", 3 * kernel.total_pages() as u32);
    let left = |file| kernel.file_info(file).unwrap().pages;
    assert!(left(hot) > 1900, "{} of 2000 pages in use are left", left(hot));
    assert!(left(cold) > 10_000);
    kernel.file_close(hot).unwrap();
    kernel.file_close(cold).unwrap();
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn flags_say_what_is_tried() {
    for (name, kernel) in machines() {
        let file = fill_with_file(&kernel, "f", 2 * kernel.total_pages() as u32);
        let take = |gfp| take_all(&kernel, gfp | Gfp::NOWARN);
        // Nothing that may not sleep reclaims; what is important goes deeper.
        let stolen = || event(&kernel, VmEvent::PgStealKswapd) + event(&kernel, VmEvent::PgStealDirect);
        let before = stolen();
        let nowait = take(Gfp::NOWAIT);
        kernel.drain();
        let left = kernel.pages().free_pages();
        let atomic = take(Gfp::ATOMIC);
        assert!(!atomic.is_empty() && kernel.pages().free_pages() < left, "{name}");
        assert_eq!(stolen(), before, "{name}");
        // What may sleep finds the file's pages.
        let one = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO);
        assert!(one.is_ok() && stolen() > before, "{name}: {one:?}");
        // There is something to reclaim, so NORETRY succeeds as well.
        let noretry = take(Gfp::KERNEL | Gfp::NORETRY);
        let sleeping = take(Gfp::KERNEL);
        assert!(noretry.len() + sleeping.len() > 1000, "{name}: {} {}", noretry.len(), sleeping.len());
        // Nothing is left that low memory could be made of, and nobody to kill: all fail.
        for gfp in
            [Gfp::KERNEL, Gfp::KERNEL | Gfp::RETRY_MAYFAIL, Gfp::KERNEL | Gfp::NORETRY, Gfp::KERNEL | Gfp::NOFAIL]
        {
            let failed = kernel.alloc_pages(gfp | Gfp::NOWARN, Order::ZERO);
            assert!(matches!(failed, Err(AllocError::NoMemory { .. })), "{name}: {gfp:?} {failed:?}");
        }
        assert_eq!(event(&kernel, VmEvent::OomKill), 0);
        assert_eq!(kernel.verify(), Ok(()));
        give(&kernel, nowait.into_iter().chain(atomic).chain(one).chain(noretry).chain(sleeping));
        kernel.file_close(file).unwrap();
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn only_who_insists_has_somebody_killed() {
    for (name, kernel) in machines() {
        let (victim, at) = process(&kernel, "victim", 0, 4000);
        assert_eq!(touch(&kernel, victim, at, 4000), Ok(4000), "{name}");
        let held = take_all(&kernel, Gfp::HIGHUSER | Gfp::NORETRY | Gfp::NOWARN);
        assert_eq!(event(&kernel, VmEvent::OomKill), 0, "{name}: NORETRY kills nobody");
        let asks = |gfp| kernel.alloc_pages(gfp | Gfp::HIGHMEM | Gfp::NOWARN, Order::ZERO);
        for gfp in [Gfp::KERNEL | Gfp::RETRY_MAYFAIL, Gfp::KERNEL - Gfp::FS, Gfp::KERNEL | Gfp::THISNODE] {
            assert!(asks(gfp).is_err(), "{name}: {gfp:?}");
            assert_eq!(event(&kernel, VmEvent::OomKill), 0, "{name}: {gfp:?}");
        }
        // Nor does a large block.
        let large = kernel.alloc_pages(Gfp::HIGHUSER | Gfp::NOWARN, order(4));
        assert!(large.is_err() && event(&kernel, VmEvent::OomKill) == 0, "{name}");
        let one = asks(Gfp::KERNEL);
        assert!(one.is_ok(), "{name}: {one:?}");
        assert_eq!(event(&kernel, VmEvent::OomKill), 1, "{name}");
        let info = kernel.user().info(victim).unwrap();
        assert_eq!((info.rss, info.is_killed), (0, true), "{name}");
        assert_eq!(touch(&kernel, victim, at, 1), Err(UserError::Killed));
        kernel.user().destroy(kernel.memory(), victim).unwrap();
        give(&kernel, held.into_iter().chain(one));
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn the_worst_goes_and_the_protected_never() {
    for (name, kernel) in machines() {
        let before = accounted(&kernel);
        let (small, at_small) = process(&kernel, "small", 0, 500);
        let (large, at_large) = process(&kernel, "large", 0, 3000);
        let (guarded, at_guarded) = process(&kernel, "guarded", -1000, 6000);
        assert_eq!(touch(&kernel, small, at_small, 500), Ok(500));
        assert_eq!(touch(&kernel, large, at_large, 3000), Ok(3000));
        assert_eq!(touch(&kernel, guarded, at_guarded, 6000), Ok(6000));
        let killed = || [small, large, guarded].map(|id| kernel.user().info(id).unwrap().is_killed);
        let mut held = Vec::new();
        let expected = [[false, false, false], [false, true, false], [true, true, false]];
        for (kills, expected) in expected.into_iter().enumerate() {
            while event(&kernel, VmEvent::OomKill) == kills as u64 {
                assert_eq!(killed(), expected, "{name}");
                match kernel.alloc_pages(Gfp::HIGHUSER | Gfp::NOWARN, Order::ZERO) {
                    Ok(pfn) => held.push(pfn),
                    // Two are dead and the third cannot be killed.
                    Err(_) => break,
                }
            }
        }
        assert_eq!(event(&kernel, VmEvent::OomKill), 2, "{name}");
        assert_eq!(touch(&kernel, guarded, at_guarded, 6000), Ok(0), "{name}: it has what it had");
        give(&kernel, held);
        for id in [small, large, guarded] {
            kernel.user().destroy(kernel.memory(), id).unwrap();
        }
        assert_eq!(kernel.verify(), Ok(()));
        assert_eq!(accounted(&kernel), before, "{name}");
    }
}

static OBJECTS: AtomicU64 = AtomicU64::new(0);
static ASKED: AtomicU64 = AtomicU64::new(0);

#[test]
fn shrinkers_are_asked() {
    let kernel = boot("i386-pae-6.1");
    OBJECTS.store(10_000, Ordering::Relaxed);
    let shrinker = Shrinker {
        name: Name::new("test"),
        count: |_| OBJECTS.load(Ordering::Relaxed),
        scan: |token, wanted| {
            assert_eq!(token, 7);
            ASKED.fetch_add(1, Ordering::Relaxed);
            let freed = wanted.min(OBJECTS.load(Ordering::Relaxed));
            OBJECTS.fetch_sub(freed, Ordering::Relaxed);
            freed
        },
        token: 7,
        seeks: 2,
    };
    let id = kernel.register_shrinker(shrinker).unwrap();
    let held = take_all(&kernel, Gfp::KERNEL | Gfp::NOWARN);
    assert_eq!(OBJECTS.load(Ordering::Relaxed), 0, "asked {} times", ASKED.load(Ordering::Relaxed));
    assert!(event(&kernel, VmEvent::SlabsScanned) >= 10_000);
    kernel.unregister_shrinker(id).unwrap();
    assert!(kernel.unregister_shrinker(id).is_err());
    give(&kernel, held);
}

/// Pages of a process and of a file lie alternately; when every third one is gone, the others are moved together.
#[test]
fn compaction_moves_pages_with_their_contents() {
    for (name, kernel) in machines() {
        let before = accounted(&kernel);
        let (kept, at_kept) = process(&kernel, "kept", -1000, 3000);
        let (gone, at_gone) = process(&kernel, "gone", -1000, 3000);
        let file = kernel.file_open("f").unwrap();
        for page in 0..3000 {
            let addr = at_kept.offset(page * PAGE);
            touch(&kernel, kept, addr, 1).unwrap();
            mark(&kernel, frame_of(&kernel, kept, addr), 0x1000_0000 + page);
            touch(&kernel, gone, at_gone.offset(page * PAGE), 1).unwrap();
            mark(&kernel, kernel.file_write(file, page as u32).unwrap(), 0x2000_0000 + page);
        }
        // The rest is taken, so that no other large block is left.
        let held = take_all(&kernel, Gfp::HIGHUSER | Gfp::NORETRY | Gfp::NOWARN | Gfp::NOMEMALLOC);
        let lives = kernel.file_info(file).unwrap().pages;
        kernel.user().destroy(kernel.memory(), gone).unwrap();
        kernel.drain();
        let where_of = |page| frame_of(&kernel, kept, at_kept.offset(page * PAGE));
        let places: Vec<Pfn> = (0..3000).map(where_of).collect();
        let moved = kernel.compact();
        assert!(moved > 100, "{name}: {moved} pages moved");
        assert_eq!(event(&kernel, VmEvent::PgMigrateSuccess), moved);
        assert_eq!(kernel.verify(), Ok(()), "{name}");
        assert!((0..3000).any(|page| where_of(page) != places[page as usize]), "{name}");
        for page in 0..3000 {
            assert_eq!(marked(&kernel, where_of(page)), 0x1000_0000 + page, "{name}: page {page} of the process");
            if let Some(pfn) = kernel.file_page(file, page as u32) {
                assert_eq!(marked(&kernel, pfn), 0x2000_0000 + page, "{name}: page {page} of the file");
            }
        }
        assert_eq!(kernel.file_info(file).unwrap().pages, lives, "{name}: compaction frees nothing");
        assert_eq!(kernel.file_info(file).unwrap().dirty, kernel.file_counts().1, "{name}: what was dirty is dirty");
        give(&kernel, held);
        kernel.file_close(file).unwrap();
        kernel.user().destroy(kernel.memory(), kept).unwrap();
        assert_eq!(kernel.verify(), Ok(()));
        assert_eq!(accounted(&kernel), before, "{name}");
    }
}

/// A page that somebody else holds a reference to, or that no one may move, stays where it is.
#[test]
fn what_is_held_is_not_moved() {
    let kernel = boot("i386-pae-6.1");
    let file = fill_with_file(&kernel, "f", 1000);
    let held = kernel.file_page(file, 500).unwrap();
    kernel.pages().get(held).unwrap();
    let (id, at) = process(&kernel, "p", 0, 1000);
    touch(&kernel, id, at, 1000).unwrap();
    let pinned = frame_of(&kernel, id, at);
    kernel.pages().get(pinned).unwrap();
    kernel.compact();
    assert_eq!(kernel.file_page(file, 500), Some(held));
    assert_eq!(frame_of(&kernel, id, at), pinned);
    kernel.put_page(held).unwrap();
    kernel.put_page(pinned).unwrap();
    assert!(kernel.put_page(held).is_err() && kernel.put_page(pinned).is_err());
    assert_eq!(kernel.verify(), Ok(()));
    kernel.user().destroy(kernel.memory(), id).unwrap();
    kernel.file_close(file).unwrap();
    assert_eq!(kernel.verify(), Ok(()));
}

/// Everything at once, again and again: afterwards each page is where it was.
#[test]
fn nothing_is_lost() {
    for (name, kernel) in machines() {
        let before = accounted(&kernel);
        for round in 0..3 {
            let (first, at_first) = process(&kernel, "first", 0, 5000);
            let (second, at_second) = process(&kernel, "second", 300, 5000);
            let file = fill_with_file(&kernel, "f", 12_000);
            let _ = touch(&kernel, first, at_first, 5000);
            let _ = touch(&kernel, second, at_second, 5000);
            let blocks: Vec<Pfn> =
                std::iter::from_fn(|| kernel.alloc_pages(Gfp::HIGHUSER | Gfp::NOWARN, order(3)).ok()).collect();
            let pages = take_all(&kernel, Gfp::KERNEL | Gfp::NOWARN);
            let _ = kernel.file_write(file, 20_000);
            kernel.compact();
            assert_eq!(kernel.verify(), Ok(()), "{name}: round {round}");
            give(&kernel, pages);
            blocks.into_iter().for_each(|pfn| kernel.free_pages(pfn, order(3)).unwrap());
            kernel.file_close(file).unwrap();
            kernel.user().destroy(kernel.memory(), first).unwrap();
            kernel.user().destroy(kernel.memory(), second).unwrap();
            assert_eq!(kernel.verify(), Ok(()), "{name}: round {round}");
        }
        kernel.reclaim_all();
        assert_eq!(accounted(&kernel), before, "{name}");
    }
}

/// A request that must stay on its node does not take another one's pages, and is answered when its own has some again.
#[test]
fn a_node_is_reclaimed_for_itself() {
    let kernel = two_nodes();
    support::become_cpu(0);
    let file = fill_with_file(&kernel, "f", 2 * kernel.total_pages() as u32);
    let on = |node, gfp| kernel.alloc_request(&Request::new(gfp | Gfp::NOWARN, Order::ZERO).on(node));
    let here = |node: u32, pfn: Pfn| kernel.pages().zone_extent(pfn).unwrap().node == node;
    for node in 0..2 {
        let taken: Vec<Pfn> = std::iter::from_fn(|| on(node, Gfp::KERNEL | Gfp::THISNODE).ok()).collect();
        assert!(taken.len() > 10_000, "{}", taken.len());
        assert!(taken.iter().all(|&pfn| here(node, pfn)));
        // The other one has what this one lacks.
        let elsewhere = on(node, Gfp::KERNEL).unwrap();
        assert!(!here(node, elsewhere));
        give(&kernel, taken.into_iter().chain([elsewhere]));
        kernel.drain();
        fill_again(&kernel, file);
    }
    assert_eq!(kernel.verify(), Ok(()));
}
fn fill_again(kernel: &Machine, file: FileId) {
    for index in 0..2 * kernel.total_pages() as u32 {
        kernel.file_read(file, index).unwrap();
    }
}

/// Only what can be moved lies in the contiguous area.
#[test]
fn the_contiguous_area_is_for_what_moves() {
    let kernel = boot("armhf-6.1");
    let free_cma = || kernel.pages().zone_counts().map(|zone| zone.free_cma).sum::<u64>();
    let all = free_cma();
    assert!(all > 0);
    let (id, at) = process(&kernel, "p", -1000, all);
    // A page of tables, before there is none left.
    touch(&kernel, id, at, 1).unwrap();
    kernel.drain();
    let rest = free_cma();
    let held = take_all(&kernel, Gfp::KERNEL | Gfp::NOWARN);
    assert_eq!(free_cma(), rest);
    let touched = touch(&kernel, id, at, 400);
    assert!(touched.is_ok() && free_cma() < rest, "{touched:?}: {} of {rest} left", free_cma());
    kernel.user().destroy(kernel.memory(), id).unwrap();
    give(&kernel, held);
    kernel.drain();
    assert_eq!(free_cma(), all);
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn high_memory_is_no_use_to_who_needs_low() {
    let kernel = warmed(support::boot(by_name("i386-pae-6.1").unwrap(), 1 << 30, 1));
    // Where there is high memory, files are there.
    fill_with_file(&kernel, "high", 10_000);
    let low = Gfp::KERNEL | Gfp::NOWARN;
    let taken = take_all(&kernel, low);
    assert!(taken.len() > 200_000);
    assert_eq!((event(&kernel, VmEvent::PgScanDirect), event(&kernel, VmEvent::PgScanKswapd)), (0, 0));
    assert_eq!(kernel.file_counts().0, 10_000);
    kernel.verify().unwrap();
}

#[test]
fn a_page_that_a_driver_holds_does_not_move() {
    let kernel = boot("amd64-6.12");
    let (id, at) = process(&kernel, "pinned", 0, 64);
    touch(&kernel, id, at, 64).unwrap();
    let held: Vec<Pfn> = kernel.pages().owned().map(|(pfn, _)| pfn).collect();
    held.iter().for_each(|&pfn| assert!(kernel.pages().get(pfn).is_ok()));
    kernel.compact();
    let mut now: Vec<Pfn> = kernel.pages().owned().map(|(pfn, _)| pfn).collect();
    now.sort_unstable();
    assert_eq!(held, now);
    held.iter().for_each(|&pfn| assert!(kernel.put_page(pfn).is_ok()));
    kernel.verify().unwrap();
}
