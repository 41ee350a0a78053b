//! Random vmalloc, vfree, vmap and ioremap against a naive model that predicts every address exactly.

use super::ground::{name, Ground, TestKernel, AMD64, ARM, ARM64, I386, LPAE, PAE, PAE_2G, PAE_HIDDEN, RISCV64};
use crate::boot::layout::VirtRange;
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::map::entry::tests::Random;
use crate::map::{Prot, Space, VmallocRequest};
use crate::units::{align_up, Order, Pfn, PhysAddr, VirtAddr, PAGE_SIZE};

/// The whole model: the areas of the range, sorted.
struct Model {
    range: VirtRange,
    areas: Vec<(u64, u64)>,
}

impl Model {
    fn holes(&self) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut at = self.range.start.raw();
        for &(start, bytes) in &self.areas {
            holes.push((at, start));
            at = start + bytes;
        }
        holes.push((at, self.range.end.raw()));
        holes
    }
    fn insert(&mut self, bytes: u64, align: u64) -> Result<u64, AllocError> {
        let holes = self.holes();
        let fits = holes.iter().map(|&(from, to)| (align_up(from, align), to)).find(|&(at, to)| at + bytes <= to);
        let Some((start, _)) = fits else {
            let largest_hole = holes.iter().map(|(from, to)| to - from).max().unwrap_or(0);
            return Err(AllocError::NoAddressSpace { bytes, largest_hole });
        };
        let place = self.areas.partition_point(|area| area.0 < start);
        self.areas.insert(place, (start, bytes));
        Ok(start)
    }
    fn remove(&mut self, start: u64) {
        self.areas.retain(|area| area.0 != start);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Vmalloc { bytes: u64, tag: u8 },
    Vmap,
    Io { offset: u64 },
}

struct Run {
    kernel: TestKernel,
    model: Model,
    live: Vec<(VirtAddr, Kind)>,
    random: Random,
    pages: Vec<Pfn>,
    device: u64,
    largest: u64,
}

impl Run {
    fn new(ground: Ground, seed: u64, device: u64, largest: u64) -> Self {
        let kernel = ground.boot();
        let range = kernel.map.counts(Space::Vmalloc).range;
        let areas = kernel.map.areas().filter(|area| range.contains(area.start));
        let model = Model { range, areas: areas.map(|area| (area.start.raw(), area.bytes)).collect() };
        let page = |_| kernel.memory.alloc_pages(Gfp::KERNEL | Gfp::HIGHMEM, Order::ZERO).expect("there is memory");
        let pages = (0..64).map(page).collect();
        Self { kernel, model, live: Vec::new(), random: Random(seed), pages, device, largest }
    }
    fn step(&mut self) {
        match self.random.below(8) {
            0..=2 => self.vmalloc(),
            3 => self.vmap(),
            4 => self.ioremap(),
            _ => self.free(),
        }
        let counts = self.kernel.map.counts(Space::Vmalloc);
        assert_eq!(counts.areas, self.model.areas.len() as u64);
        assert_eq!(counts.used_bytes, self.model.areas.iter().map(|area| area.1).sum::<u64>());
        assert_eq!(counts.largest_hole, self.model.holes().iter().map(|(from, to)| to - from).max().unwrap_or(0));
        self.kernel.machine.check_tlb();
        assert_eq!(self.kernel.map.verify(&self.kernel.memory), Ok(()));
    }
    fn vmalloc(&mut self) {
        let limit = if self.random.below(6) == 0 { self.largest } else { 64 << 10 };
        let bytes = 1 + self.random.below(limit);
        let align = 1 << if self.random.below(4) == 0 { self.random.below(23) } else { 0 };
        let pages = bytes.div_ceil(PAGE_SIZE);
        let request = VmallocRequest { align, ..VmallocRequest::new(bytes, name("model")) };
        let got = self.kernel.map.vmalloc_with(&self.kernel.memory, &request);
        let mut expected = self.model.insert((pages + 1) * PAGE_SIZE, align.max(PAGE_SIZE));
        let array_bytes = pages * u64::from(self.kernel.profile.word_bytes);
        if array_bytes > PAGE_SIZE {
            if let Ok(start) = expected {
                let array = array_bytes.div_ceil(PAGE_SIZE) + 1;
                if let Err(error) = self.model.insert(array * PAGE_SIZE, PAGE_SIZE) {
                    self.model.remove(start);
                    expected = Err(error);
                }
            }
        }
        assert_eq!(got.map(|addr| addr.raw()), expected);
        let Ok(addr) = got else { return };
        let tag = self.random.next() as u8;
        for at in [addr, addr.offset(bytes - 1)] {
            self.kernel.machine.store(at, tag).expect("it is mapped");
        }
        self.live.push((addr, Kind::Vmalloc { bytes, tag }));
    }
    fn vmap(&mut self) {
        let count = 1 + self.random.below(self.pages.len() as u64);
        let pages = &self.pages[..count as usize];
        let got = self.kernel.map.vmap(&self.kernel.memory, pages, Prot::KERNEL, name("model"));
        assert_eq!(got.map(|addr| addr.raw()), self.model.insert((count + 1) * PAGE_SIZE, PAGE_SIZE));
        if let Ok(addr) = got {
            self.kernel.machine.load(addr).expect("it is mapped");
            self.live.push((addr, Kind::Vmap));
        }
    }
    fn ioremap(&mut self) {
        let offset = self.random.below(PAGE_SIZE);
        let bytes = 1 + self.random.below(1 << 20);
        let phys = PhysAddr::new(self.device + offset);
        let got = self.kernel.map.ioremap(&self.kernel.memory, phys, bytes, name("model"));
        let mapped = align_up(offset + bytes, PAGE_SIZE);
        let max_order = self.kernel.profile.paging.map_or(0, |format| format.ioremap_max_order);
        let is_old = self.kernel.profile.version < (4, 8, 0);
        let order = if is_old { mapped.ilog2() + 1 } else { mapped.next_power_of_two().ilog2() };
        let align = 1 << order.min(max_order);
        assert_eq!(got.map(|addr| addr.raw() - offset), self.model.insert(mapped + PAGE_SIZE, align));
        if let Ok(addr) = got {
            self.live.push((addr, Kind::Io { offset }));
        }
    }
    fn free(&mut self) {
        if self.live.is_empty() {
            return;
        }
        let index = self.random.below(self.live.len() as u64) as usize;
        let (addr, kind) = self.live.swap_remove(index);
        let (map, mem) = (&self.kernel.map, &self.kernel.memory);
        let start = match kind {
            Kind::Vmalloc { bytes, tag } => {
                for at in [addr, addr.offset(bytes - 1)] {
                    assert_eq!(self.kernel.machine.load(at), Some(tag));
                }
                if let Some(area) = map.find_area(addr) {
                    self.model.remove(area.pages_at.raw());
                }
                assert_eq!(map.vfree(mem, addr), Ok(()));
                addr
            }
            Kind::Vmap => {
                assert_eq!(map.vunmap(mem, addr), Ok(()));
                addr
            }
            Kind::Io { offset } => {
                assert_eq!(map.iounmap(mem, addr), Ok(()));
                VirtAddr::new(addr.raw() - offset)
            }
        };
        self.model.remove(start.raw());
    }
    fn end(mut self) {
        while !self.live.is_empty() {
            self.free();
        }
        assert_eq!(self.kernel.verify(), Ok(()));
    }
}

fn check(ground: Ground, device: u64, largest: u64, steps: u32) {
    for seed in 1..4 {
        let mut run = Run::new(ground, seed, device, largest);
        (0..steps).for_each(|_| run.step());
        run.end();
    }
}

#[test]
fn pae_in_a_small_range() {
    check(PAE_2G, 0xe000_0000, 40 << 20, 250);
}
#[test]
fn pae_with_hidden_high_pages() {
    check(PAE_HIDDEN, 0xe000_0000, 6 << 20, 200);
    check(PAE, 0x8_0000_0000, 6 << 20, 50);
}
#[test]
fn i386() {
    check(I386, 0xe000_0000, 6 << 20, 200);
}
#[test]
fn arm_between_static_maps() {
    check(ARM, 0xa000_0000, 50 << 20, 250);
    check(LPAE, 0x80_0000_0000, 50 << 20, 50);
}
#[test]
fn amd64() {
    check(AMD64, 0xe000_0000, 6 << 20, 150);
    check(AMD64, 0x38_0000_0000, 6 << 20, 50);
}
#[test]
fn arm64_and_riscv64() {
    check(ARM64, 0x80_0000_0000, 6 << 20, 100);
    check(RISCV64, 0x80_0000_0000, 6 << 20, 100);
}
