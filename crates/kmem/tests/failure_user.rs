//! Memory runs out at every place where it can: a call on a process fails whole, and nothing is lost.

mod support;

use kmem::profile::by_name;
use kmem::user::{Access, MmId, MmSpec, MmapRequest, UserError};
use kmem::{AllocError, Gfp, Kernel, Order, Pfn, VirtAddr};
use support::HeapMachine;

type Machine = Kernel<HeapMachine>;
const MACHINES: [&str; 4] = ["i386-pae-6.1", "linux-2.6-i386", "msm8x25", "i386-6.1"];
const PAGE: u64 = 4096;

fn free_pages(kernel: &Machine) -> u64 {
    kernel.drain();
    kernel.pages().zone_counts().map(|zone| zone.free).sum()
}
/// All pages that can be had.
fn take_all(kernel: &Machine) -> Vec<Pfn> {
    let mut taken = Vec::new();
    for zone in [Gfp::HIGHMEM, Gfp::empty(), Gfp::DMA] {
        while let Ok(pfn) = kernel.alloc_pages(Gfp::KERNEL | zone, Order::ZERO) {
            taken.push(pfn);
        }
    }
    taken
}
/// A process that is not killed to make room for itself.
fn create(kernel: &Machine) -> Result<MmId, UserError> {
    kernel.user().create(kernel.memory(), kernel.map(), &MmSpec { comm: "test", oom_score_adj: -1000 })
}
/// Free pages, those of slabs and those that processes have with their tables.
fn accounted(kernel: &Machine) -> u64 {
    let counts = kernel.user().counts();
    let roots: u64 = kernel.user().infos().map(|_| if kernel.profile.name == "msm8x25" { 4 } else { 1 }).sum();
    free_pages(kernel) + kernel.slab().slab_pages() + counts.rss + counts.last_tables + counts.upper_tables + roots
}

/// Runs `attempt` with 0, 1, 2, … pages left until it succeeds; between the attempts everything is accounted for.
fn fail_everywhere<T>(
    kernel: &Machine,
    low_only: bool,
    attempt: impl Fn(&Machine) -> Result<T, UserError>,
) -> (T, u64) {
    let before = accounted(kernel);
    let mut held = take_all(kernel);
    let mut failures = 0;
    let result = loop {
        assert_eq!(accounted(kernel) + held.len() as u64, before, "{}: {failures} failures", kernel.profile.name);
        assert_eq!(kernel.verify(), Ok(()));
        match attempt(kernel) {
            Ok(result) => break result,
            Err(UserError::Alloc(AllocError::NoMemory { .. })) => failures += 1,
            Err(other) => panic!("{}: {other}", kernel.profile.name),
        }
        let next = held.iter().rposition(|&pfn| !low_only || !kernel.is_high(pfn)).expect("it succeeds some time");
        kernel.free_pages(held.swap_remove(next), Order::ZERO).unwrap();
    };
    assert_eq!(kernel.verify(), Ok(()));
    held.into_iter().for_each(|pfn| kernel.free_pages(pfn, Order::ZERO).unwrap());
    assert_eq!(accounted(kernel), before);
    (result, failures)
}

#[test]
fn a_process_begins_or_does_not() {
    for name in MACHINES {
        let kernel = support::boot(by_name(name).unwrap(), 96 << 20, 1);
        kernel.user().destroy(kernel.memory(), create(&kernel).unwrap()).unwrap();
        let (id, failures) = fail_everywhere(&kernel, true, create);
        let tables = if name == "i386-pae-6.1" { 4 } else { 1 };
        assert!(failures >= tables, "{name}: {failures} failures");
        kernel.user().destroy(kernel.memory(), id).unwrap();
    }
}

#[test]
fn a_touch_brings_all_of_a_page_or_nothing() {
    for name in MACHINES {
        let kernel = support::boot(by_name(name).unwrap(), 96 << 20, 1);
        let id = create(&kernel).unwrap();
        let (mem, map, user) = (kernel.memory(), kernel.map(), kernel.user());
        // Three pages in two tables.
        let end = kernel.profile.task_size - (256 << 20);
        let start = VirtAddr::new(end - PAGE);
        let request = MmapRequest { hint: start, ..MmapRequest::new(3 * PAGE) };
        assert_eq!(user.mmap(mem, id, &request), Ok(start));
        let touch = |_: &Machine| user.touch(mem, map, id, start, 3 * PAGE, Access::Write);
        let (touched, failures) = fail_everywhere(&kernel, true, touch);
        assert!(failures >= 5, "{name}: {failures}: two tables, three pages");
        assert!(touched.new >= 1 && touched.pages == 3);
        let info = user.info(id).unwrap();
        assert_eq!((info.rss, info.last_tables), (3, 2), "{name}");
        user.destroy(mem, id).unwrap();
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn mmap_munmap_and_brk_change_nothing_when_they_fail() {
    for name in MACHINES {
        let kernel = support::boot(by_name(name).unwrap(), 96 << 20, 1);
        let id = create(&kernel).unwrap();
        let (mem, user) = (kernel.memory(), kernel.user());
        // A descriptor comes from the CPU's array as long as that has some: each is used up.
        let pages = |prot| MmapRequest { prot, ..MmapRequest::new(PAGE) };
        let mut failed = [0; 3];
        for round in 0..300u64 {
            let held = take_all(&kernel);
            let before = (user.info(id).unwrap().total_vm, user.info(id).unwrap().areas, user.counts());
            let prot = if round % 2 == 0 { kmem::map::Prot::WRITE } else { kmem::map::Prot::empty() };
            let brk = user.info(id).unwrap().brk;
            let result = match round % 3 {
                0 => user.mmap(mem, id, &pages(prot)).map(|_| ()),
                1 => user.brk(mem, id, brk.offset(PAGE)).map(|_| ()),
                _ => {
                    let largest = user.vmas(mem, id).max_by_key(|vma| vma.pages());
                    let Some(vma) = largest.filter(|vma| vma.pages() > 2) else { continue };
                    user.munmap(mem, id, vma.start.offset(PAGE), PAGE).map(|_| ())
                }
            };
            if let Err(error) = result {
                assert!(matches!(error, UserError::Alloc(_) | UserError::Overcommit { .. }), "{name}: {error}");
                failed[round as usize % 3] += 1;
                let after = (user.info(id).unwrap().total_vm, user.info(id).unwrap().areas, user.counts());
                assert_eq!(before, after, "{name}");
                assert_eq!(brk, user.info(id).unwrap().brk);
            }
            assert_eq!(kernel.verify(), Ok(()));
            held.into_iter().for_each(|pfn| kernel.free_pages(pfn, Order::ZERO).unwrap());
        }
        assert!(failed[0] > 0 && failed[1] > 0, "{name}: {failed:?}");
        user.destroy(mem, id).unwrap();
    }
}

#[test]
fn what_is_obviously_too_much_is_refused() {
    for name in MACHINES {
        let kernel = support::boot(by_name(name).unwrap(), 96 << 20, 1);
        let id = create(&kernel).unwrap();
        let (mem, user) = (kernel.memory(), kernel.user());
        let request = MmapRequest::new(kernel.total_pages() * PAGE + PAGE);
        let refused = user.mmap(mem, id, &request);
        assert!(matches!(refused, Err(UserError::Overcommit { .. })), "{name}: {refused:?}");
        // Memory that cannot be written costs nothing.
        assert!(user.mmap(mem, id, &MmapRequest { prot: kmem::map::Prot::empty(), ..request }).is_ok());
        let refused = user.mmap(mem, id, &MmapRequest::new(4 << 30));
        assert!(matches!(refused, Err(UserError::NoRoom { .. })), "{name}: {refused:?}");
        assert_eq!(user.counts().committed, 0);
    }
}

#[test]
fn a_process_may_have_so_many_areas() {
    let kernel = support::boot(by_name("i386-pae-6.1").unwrap(), 256 << 20, 1);
    let id = create(&kernel).unwrap();
    let (mem, user) = (kernel.memory(), kernel.user());
    let limit = u64::from(kernel.profile.user.max_map_count);
    // Every second page is cut out of one area: each cut makes one more.
    let prot = kmem::map::Prot::empty();
    let start = user.mmap(mem, id, &MmapRequest { prot, ..MmapRequest::new(3 * limit * PAGE) }).unwrap();
    let cut = |n: u64| user.munmap(mem, id, start.offset((2 * n + 1) * PAGE), PAGE);
    for n in 0..limit - 1 {
        cut(n).unwrap();
    }
    assert_eq!(u64::from(user.info(id).unwrap().areas), limit);
    assert_eq!(cut(limit - 1), Err(UserError::TooManyAreas { limit: limit as u32 }));
    let one_more = user.mmap(mem, id, &MmapRequest::new(PAGE));
    assert!(one_more.is_ok(), "mmap may go one beyond, as the kernel's");
    let apart = MmapRequest { prot, hint: VirtAddr::new(0x2000_0000), bytes: PAGE };
    assert_eq!(user.mmap(mem, id, &apart), Err(UserError::TooManyAreas { limit: limit as u32 }));
    assert_eq!(kernel.verify(), Ok(()));
    user.destroy(mem, id).unwrap();
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn without_an_mmu_memory_comes_at_once() {
    let kernel = support::boot(by_name("uclinux-2.6").unwrap(), 16 << 20, 1);
    let id = create(&kernel).unwrap();
    let (mem, user) = (kernel.memory(), kernel.user());
    let start = user.mmap(mem, id, &MmapRequest::new(100 << 10)).unwrap();
    let info = user.info(id).unwrap();
    assert_eq!((info.total_vm, info.rss), (25, 32), "kmalloc's class is 128K");
    assert!(matches!(user.brk(mem, id, VirtAddr::new(PAGE)), Err(UserError::Unsupported(_))));
    assert!(matches!(user.munmap(mem, id, start, PAGE), Err(UserError::BadArgument(_))));
    assert_eq!(user.touch(mem, kernel.map(), id, start, 100 << 10, Access::Write).map(|touched| touched.new), Ok(0));
    assert_eq!(kernel.verify(), Ok(()));
    assert_eq!(user.munmap(mem, id, start, 100 << 10).map(|unmapped| unmapped.freed), Ok(32));
    user.mmap(mem, id, &MmapRequest::new(5000)).unwrap();
    assert_eq!(user.destroy(mem, id).map(|exited| (exited.pages, exited.areas)), Ok((2, 1)));
    assert_eq!(kernel.verify(), Ok(()));
    assert_eq!(user.counts(), Default::default());
}

/// The user part may end inside an entry of the root: the tables below that entry are the process's own all the same.
#[test]
fn an_exit_gives_all_tables_back() {
    for profile in kmem::profile::PROFILES.iter().copied().filter(|profile| profile.paging.is_some()) {
        let kernel = support::boot(profile, 96 << 20, 1);
        let (mem, map, user) = (kernel.memory(), kernel.map(), kernel.user());
        user.destroy(mem, create(&kernel).unwrap()).unwrap();
        let before = free_pages(&kernel) + kernel.slab().slab_pages();
        let id = create(&kernel).unwrap();
        let start = VirtAddr::new(profile.task_size - PAGE);
        let request = MmapRequest { hint: start, ..MmapRequest::new(PAGE) };
        assert_eq!(user.mmap(mem, id, &request), Ok(start), "{}", profile.name);
        user.touch(mem, map, id, start, PAGE, Access::Write).unwrap();
        assert!(user.info(id).unwrap().last_tables == 1);
        user.munmap(mem, id, start, PAGE).unwrap();
        assert_eq!(user.info(id).unwrap().last_tables, 0, "{}", profile.name);
        user.mmap(mem, id, &request).unwrap();
        user.touch(mem, map, id, start, PAGE, Access::Write).unwrap();
        user.destroy(mem, id).unwrap();
        assert_eq!(free_pages(&kernel) + kernel.slab().slab_pages(), before, "{}", profile.name);
        assert_eq!(kernel.verify(), Ok(()));
    }
}
