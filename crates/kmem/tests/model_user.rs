//! Processes against a naive model: which pages a process was promised, which of them are resident.

mod support;

use kmem::map::Prot;
use kmem::profile::by_name;
use kmem::user::{Access, MmId, MmSpec, MmapRequest, Segv, UserError};
use kmem::{Gfp, Kernel, Order, Pfn, VirtAddr};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use support::HeapMachine;

const PAGE: u64 = 4096;
const MACHINES: [&str; 4] = ["i386-pae-6.1", "linux-2.6-i386", "msm8x25", "i386-6.1"];

#[derive(Clone, Debug)]
enum Op {
    Create,
    Mmap { process: usize, pages: u64, writable: bool },
    MmapAt { process: usize, place: u64, pages: u64 },
    Munmap { process: usize, area: usize, skip: u64, pages: u64 },
    Brk { process: usize, pages: u64 },
    Touch { process: usize, area: usize, skip: u64, pages: u64, write: bool },
    Move { process: usize, page: usize },
    Unmap { process: usize, page: usize },
    Reap { process: usize },
    Destroy { process: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let process = 0usize..4;
    let few = 1u64..12;
    prop_oneof![
        2 => Just(Op::Create),
        // Most are small, some reach over several tables.
        6 => (process.clone(), prop_oneof![4 => 1u64..30, 1 => 500u64..3000], prop::bool::weighted(0.8))
            .prop_map(|(process, pages, writable)| Op::Mmap { process, pages, writable }),
        2 => (process.clone(), 0u64..0x600, few.clone())
            .prop_map(|(process, place, pages)| Op::MmapAt { process, place: place * 0x7_d000, pages }),
        6 => (process.clone(), any::<usize>(), 0u64..20, 1u64..40)
            .prop_map(|(process, area, skip, pages)| Op::Munmap { process, area, skip, pages }),
        3 => (process.clone(), 0u64..600).prop_map(|(process, pages)| Op::Brk { process, pages }),
        9 => (process.clone(), any::<usize>(), 0u64..600, few, prop::bool::weighted(0.7))
            .prop_map(|(process, area, skip, pages, write)| Op::Touch { process, area, skip, pages, write }),
        2 => (process.clone(), any::<usize>()).prop_map(|(process, page)| Op::Move { process, page }),
        1 => (process.clone(), any::<usize>()).prop_map(|(process, page)| Op::Unmap { process, page }),
        1 => process.clone().prop_map(|process| Op::Reap { process }),
        1 => process.prop_map(|process| Op::Destroy { process }),
    ]
}

/// What a process should have.
struct Model {
    id: MmId,
    /// Page number → may it be written.
    promised: BTreeMap<u64, bool>,
    /// Page number → the mark that was written to it, 0 for none.
    resident: BTreeMap<u64, u8>,
    start_brk: u64,
    brk: u64,
    is_killed: bool,
}

/// Neighbouring pages of one kind are one area.
fn areas(promised: &BTreeMap<u64, bool>) -> Vec<(u64, u64)> {
    let mut areas: Vec<(u64, u64, bool)> = Vec::new();
    for (&page, &writable) in promised {
        match areas.last_mut() {
            Some((_, end, kind)) if *end == page && *kind == writable => *end += 1,
            _ => areas.push((page, page + 1, writable)),
        }
    }
    areas.into_iter().map(|(start, end, _)| (start, end)).collect()
}

/// The highest place below `base` where `pages` are free, else the lowest from a third of the address space on.
fn expected_place(promised: &BTreeMap<u64, bool>, kernel: &Kernel<HeapMachine>, pages: u64) -> Option<u64> {
    let task = kernel.profile.task_size / PAGE;
    let base = task - (128 << 20) / PAGE;
    let least = kernel.profile.user.mmap_min_addr.max(PAGE) / PAGE;
    let mut top = base;
    for (start, end) in areas(promised).into_iter().rev() {
        if end <= top && top - end >= pages {
            return Some(top - pages);
        }
        top = top.min(start);
    }
    if top >= least + pages {
        return Some(top - pages);
    }
    let mut low = (kernel.profile.task_size / 3).div_ceil(PAGE);
    for (start, end) in areas(promised) {
        if start >= low && start - low >= pages {
            return Some(low);
        }
        low = low.max(end);
    }
    (task >= low + pages).then_some(low)
}

fn free_now(kernel: &Kernel<HeapMachine>) -> u64 {
    kernel.drain();
    kernel.pages().zone_counts().map(|zone| zone.free).sum()
}
fn create(kernel: &Kernel<HeapMachine>) -> MmId {
    let spec = MmSpec { comm: "model", oom_score_adj: 0 };
    kernel.user().create(kernel.memory(), kernel.map(), &spec).unwrap()
}
/// The page behind an address of a process.
fn pfn(kernel: &Kernel<HeapMachine>, id: MmId, page: u64) -> Option<Pfn> {
    let found = kernel.user().translate(kernel.memory(), id, VirtAddr::new(page * PAGE))?;
    Some(Pfn::containing(found.phys))
}
fn byte(kernel: &Kernel<HeapMachine>, pfn: Pfn) -> *mut u8 {
    use kmem::Machine;
    kernel.machine().high_page(pfn.phys()).unwrap()
}
fn read(kernel: &Kernel<HeapMachine>, pfn: Pfn) -> u8 {
    // SAFETY: The first byte of a page of the heap machine.
    unsafe { byte(kernel, pfn).read() }
}
fn write(kernel: &Kernel<HeapMachine>, pfn: Pfn, value: u8) {
    // SAFETY: As above; all of the page.
    unsafe { byte(kernel, pfn).write_bytes(value, PAGE as usize) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn processes_have_what_the_model_says(which in 0..MACHINES.len(), ops in prop::collection::vec(op(), 1..250)) {
        let kernel = support::boot(by_name(MACHINES[which]).unwrap(), 128 << 20, 1);
        let (mem, map, user) = (kernel.memory(), kernel.map(), kernel.user());
        // Pages under one page of tables: ARM's come in pairs.
        let span = if kernel.profile.paging.unwrap().levels.len() == 2 && kernel.profile.name != "msm8x25" { 1024 } else { 512 };
        let task_pages = kernel.profile.task_size / PAGE;
        // The cache of VMAs and the table of processes are made once.
        user.destroy(mem, create(&kernel)).unwrap();
        let vma_cache = kernel.slab().by_name("vm_area_struct").unwrap().id;
        kernel.cache_shrink(vma_cache).unwrap();
        let at_first = free_now(&kernel);
        let mut processes: Vec<Model> = Vec::new();
        let mut mark = 0u8;
        for op in ops {
            let index = match op {
                Op::Create => 0,
                Op::Mmap { process, .. } | Op::MmapAt { process, .. } | Op::Munmap { process, .. } | Op::Brk { process, .. }
                | Op::Touch { process, .. } | Op::Move { process, .. } | Op::Unmap { process, .. } | Op::Reap { process }
                | Op::Destroy { process } => process,
            };
            if let Op::Create = op {
                if processes.len() < 4 {
                    let id = create(&kernel);
                    let start = user.info(id).unwrap().start_brk.raw();
                    let (promised, resident) = (BTreeMap::new(), BTreeMap::new());
                    processes.push(Model { id, promised, resident, start_brk: start, brk: start, is_killed: false });
                }
                continue;
            }
            if processes.is_empty() {
                continue;
            }
            let at = index % processes.len();
            let model = &mut processes[at];
            let id = model.id;
            match op {
                Op::Create => {}
                Op::Mmap { pages, writable, .. } => {
                    let prot = if writable { Prot::WRITE } else { Prot::empty() };
                    let request = MmapRequest { prot, ..MmapRequest::new(pages * PAGE - 1) };
                    let expected = expected_place(&model.promised, &kernel, pages);
                    let got = user.mmap(mem, id, &request);
                    if model.is_killed {
                        prop_assert_eq!(got, Err(UserError::Killed));
                        continue;
                    }
                    prop_assert_eq!(got.ok().map(|addr| addr.raw() / PAGE), expected);
                    let start = expected.unwrap();
                    model.promised.extend((start..start + pages).map(|page| (page, writable)));
                }
                Op::MmapAt { place, pages, .. } => {
                    let least = kernel.profile.user.mmap_min_addr.max(PAGE) / PAGE;
                    let wanted = (place / PAGE).max(least);
                    let is_free = place != 0 && wanted + pages <= task_pages && (wanted..wanted + pages).all(|page| !model.promised.contains_key(&page));
                    let expected = if is_free { Some(wanted) } else { expected_place(&model.promised, &kernel, pages) };
                    let request = MmapRequest { hint: VirtAddr::new(place), ..MmapRequest::new(pages * PAGE) };
                    let got = user.mmap(mem, id, &request);
                    if model.is_killed {
                        prop_assert_eq!(got, Err(UserError::Killed));
                        continue;
                    }
                    prop_assert_eq!(got.ok().map(|addr| addr.raw() / PAGE), expected);
                    let start = expected.unwrap();
                    model.promised.extend((start..start + pages).map(|page| (page, true)));
                }
                Op::Munmap { area, skip, pages, .. } => {
                    let areas = areas(&model.promised);
                    let start = areas.get(area % areas.len().max(1)).map_or(0x100, |area| area.0 + skip);
                    let gone: Vec<u64> = model.promised.range(start..start + pages).map(|(page, _)| *page).collect();
                    let freed = gone.iter().filter(|page| model.resident.remove(page).is_some()).count() as u64;
                    gone.iter().for_each(|page| { model.promised.remove(page); });
                    let got = user.munmap(mem, id, VirtAddr::new(start * PAGE), pages * PAGE);
                    prop_assert_eq!(got.map(|unmapped| (unmapped.pages, unmapped.freed)), Ok((gone.len() as u64, freed)));
                    for page in gone {
                        let touched = user.fault(mem, map, id, VirtAddr::new(page * PAGE), Access::Read);
                        let addr = VirtAddr::new(page * PAGE);
                        let segv = if model.is_killed { UserError::Killed } else { UserError::Segv { addr, why: Segv::NoArea } };
                        prop_assert_eq!(touched, Err(segv));
                    }
                }
                Op::Brk { pages, .. } => {
                    let (old, new) = (model.brk.div_ceil(PAGE), model.start_brk / PAGE + pages);
                    let blocked = (old..=new).any(|page| new > old && model.promised.contains_key(&page));
                    let got = user.brk(mem, id, VirtAddr::new(new * PAGE));
                    if blocked || model.is_killed && new > old {
                        prop_assert!(got.is_err(), "{:?}", got);
                        continue;
                    }
                    prop_assert_eq!(got, Ok(VirtAddr::new(new * PAGE)));
                    model.brk = new * PAGE;
                    for page in new..old {
                        model.promised.remove(&page);
                        model.resident.remove(&page);
                    }
                    model.promised.extend((old..new).map(|page| (page, true)));
                }
                Op::Touch { area, skip, pages, write: writes, .. } => {
                    let areas = areas(&model.promised);
                    let Some(area) = areas.get(area % areas.len().max(1)) else { continue };
                    let access = if writes { Access::Write } else { Access::Read };
                    for page in area.0 + skip..area.0 + skip + pages {
                        let addr = VirtAddr::new(page * PAGE + 17);
                        let got = user.touch(mem, map, id, addr, 1, access);
                        let expected = match model.promised.get(&page) {
                            _ if model.is_killed => Err(UserError::Killed),
                            None => Err(UserError::Segv { addr, why: Segv::NoArea }),
                            Some(false) if writes => Err(UserError::Segv { addr, why: Segv::ReadOnly }),
                            Some(_) => Ok(u64::from(!model.resident.contains_key(&page))),
                        };
                        prop_assert_eq!(got.map(|touched| touched.new), expected);
                        if got.is_ok() {
                            let frame = pfn(&kernel, id, page).unwrap();
                            let known = *model.resident.entry(page).or_insert(0);
                            prop_assert_eq!(read(&kernel, frame), known, "page {:#x}", page);
                            mark = mark.wrapping_add(1);
                            write(&kernel, frame, mark);
                            model.resident.insert(page, mark);
                        }
                    }
                }
                Op::Move { page, .. } => {
                    let Some(page) = model.resident.keys().nth(page % model.resident.len().max(1)).copied() else { continue };
                    let old = pfn(&kernel, id, page).unwrap();
                    let new = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap();
                    prop_assert!(user.move_page(mem, old, new));
                    prop_assert_eq!(pfn(&kernel, id, page), Some(new));
                    prop_assert_eq!(read(&kernel, new), model.resident[&page]);
                    prop_assert_eq!(kernel.pages().owner(old), None);
                    prop_assert!(!user.move_page(mem, old, new), "nobody maps it any more");
                    prop_assert_eq!(user.unmap_page(mem, old), 0);
                    kernel.free_pages(old, Order::ZERO).unwrap();
                }
                Op::Unmap { page, .. } => {
                    let Some(page) = model.resident.keys().nth(page % model.resident.len().max(1)).copied() else { continue };
                    prop_assert_eq!(user.unmap_page(mem, pfn(&kernel, id, page).unwrap()), 1);
                    prop_assert_eq!(pfn(&kernel, id, page), None);
                    model.resident.remove(&page);
                }
                Op::Reap { .. } => {
                    prop_assert_eq!(user.oom_reap(mem, id), Ok(model.resident.len() as u64));
                    model.resident.clear();
                    model.is_killed = true;
                }
                Op::Destroy { .. } => {
                    let exited = user.destroy(mem, id).unwrap();
                    prop_assert_eq!(exited.pages, model.resident.len() as u64);
                    prop_assert_eq!(user.destroy(mem, id), Err(UserError::NoProcess));
                    processes.remove(at);
                }
            }
            for model in &processes {
                let info = user.info(model.id).unwrap();
                prop_assert_eq!((info.total_vm, info.rss), (model.promised.len() as u64, model.resident.len() as u64));
                // A table is there while a page under it is resident, and gone with the last area under it.
                let spans = |pages: &mut dyn Iterator<Item = u64>| pages.map(|page| page / span).collect::<BTreeSet<_>>().len() as u64;
                let (least, most) = (spans(&mut model.resident.keys().copied()), spans(&mut model.promised.keys().copied()));
                prop_assert!((least..=most).contains(&info.last_tables), "{} tables, not {} to {}", info.last_tables, least, most);
                let found: Vec<_> = user.vmas(mem, model.id).map(|vma| (vma.start.raw() / PAGE, vma.end.raw() / PAGE)).collect();
                prop_assert_eq!(found, areas(&model.promised));
            }
            prop_assert_eq!(kernel.verify(), Ok(()));
        }
        for model in processes {
            user.destroy(mem, model.id).unwrap();
        }
        prop_assert_eq!(kernel.verify(), Ok(()));
        kernel.cache_shrink(vma_cache).unwrap();
        prop_assert_eq!(free_now(&kernel), at_first, "pages were lost");
        prop_assert_eq!(user.counts(), Default::default());
    }
}

#[test]
fn tables_go_with_the_last_area_under_them() {
    for name in MACHINES {
        let kernel = support::boot(by_name(name).unwrap(), 96 << 20, 1);
        let (mem, map, user) = (kernel.memory(), kernel.map(), kernel.user());
        let id = create(&kernel);
        let tables = || user.info(id).unwrap().last_tables;
        // Two areas under one table, one under the next but one, one over the border of two.
        let at = |addr: u64, pages: u64| {
            let request = MmapRequest { hint: VirtAddr::new(addr), ..MmapRequest::new(pages * PAGE) };
            assert_eq!(user.mmap(mem, id, &request), Ok(VirtAddr::new(addr)), "{name}");
            user.touch(mem, map, id, VirtAddr::new(addr), pages * PAGE, Access::Write).unwrap();
        };
        at(0x4000_0000, 2);
        at(0x4000_8000, 2);
        assert_eq!(tables(), 1, "{name}");
        at(0x4080_0000, 1);
        at(0x4100_0000 - PAGE, 2);
        assert_eq!(tables(), 4, "{name}");
        let munmap = |addr: u64, pages: u64| user.munmap(mem, id, VirtAddr::new(addr), pages * PAGE).unwrap();
        munmap(0x4000_0000, 2);
        assert_eq!(tables(), 4, "{name}: the other area needs it");
        munmap(0x4000_8000, 2);
        assert_eq!(tables(), 3, "{name}");
        munmap(0x4100_0000, 1);
        assert_eq!(tables(), 2, "{name}");
        assert_eq!(kernel.verify(), Ok(()));
        munmap(0x4000_0000, 0x2000);
        assert_eq!(tables(), 0, "{name}");
        assert_eq!(user.info(id).unwrap().total_vm, 0);
        assert_eq!(kernel.verify(), Ok(()));
        user.destroy(mem, id).unwrap();
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn several_cpus_share_a_process() {
    for name in ["i386-pae-6.1", "msm8x25"] {
        let kernel = support::boot(by_name(name).unwrap(), 96 << 20, 2);
        let (mem, map, user) = (kernel.memory(), kernel.map(), kernel.user());
        let id = create(&kernel);
        let start = VirtAddr::new(0x4000_0000);
        let request = MmapRequest { hint: start, ..MmapRequest::new(2048 * PAGE) };
        user.mmap(mem, id, &request).unwrap();
        std::thread::scope(|scope| {
            for cpu in 0..2 {
                let request = &request;
                scope.spawn(move || {
                    support::become_cpu(cpu);
                    for round in 0..1500u64 {
                        let page = (round * (7 + 4 * u64::from(cpu))) % 2048;
                        let addr = start.offset(page * PAGE);
                        match (cpu, round % 16) {
                            // Takes a piece away, tables too, and puts it back.
                            (0, 0) => {
                                user.munmap(mem, id, addr.page_down(), 600 * PAGE).unwrap();
                                let _ = user.mmap(mem, id, &MmapRequest { hint: addr, ..*request });
                            }
                            // Takes or moves a page, wherever it is by now.
                            (1, 0) => {
                                if let Some(found) = user.translate(mem, id, addr) {
                                    user.unmap_page(mem, Pfn::containing(found.phys));
                                }
                            }
                            (1, 8) => {
                                let new = kernel_page(mem);
                                let old = user.translate(mem, id, addr).map(|found| Pfn::containing(found.phys));
                                let left = old.filter(|old| user.move_page(mem, *old, new)).unwrap_or(new);
                                mem.free_pages(left, Order::ZERO).unwrap();
                            }
                            _ => match user.fault(mem, map, id, addr, Access::Write) {
                                Ok(_) | Err(UserError::Segv { .. }) => {}
                                Err(other) => panic!("{other}"),
                            },
                        }
                    }
                    mem.drain();
                });
            }
        });
        support::become_cpu(0);
        assert_eq!(kernel.verify(), Ok(()), "{name}");
        user.destroy(mem, id).unwrap();
        assert_eq!(kernel.verify(), Ok(()), "{name}");
        assert_eq!(user.counts(), Default::default());
    }
}

fn kernel_page(mem: &kmem::memory::Memory<HeapMachine>) -> Pfn {
    mem.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap()
}
