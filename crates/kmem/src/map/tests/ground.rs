//! A machine of heap memory, with a TLB that forgets only what it is told to forget.
#![allow(unsafe_code)]

use crate::boot::{plan, BootParams};
use crate::error::Name;
use crate::gfp::Gfp;
use crate::kernel::Kernel;
use crate::machine::{DirectMap, Machine};
use crate::map::entry::PagingFormat;
use crate::map::walk::translate;
use crate::profile::{by_name, Profile};
use crate::units::{Order, Pfn, PhysAddr, VirtAddr, PAGE_SIZE};
use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

/// Whether the machine shows high pages without mapping them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HighPages {
    Shown,
    Hidden,
}

pub(crate) struct TestMachine {
    /// What the heap gave, and the first page boundary in it.
    heap: *mut u8,
    ram: *mut u8,
    layout: Layout,
    bytes: u64,
    start: u64,
    low_bytes: u64,
    high: HighPages,
    format: Option<&'static PagingFormat>,
    root: Cell<Option<PhysAddr>>,
    /// Pages that were reached by their virtual address: where they led then.
    tlb: RefCell<BTreeMap<u64, u64>>,
    pub(crate) cpu: Cell<u32>,
    pub(crate) log: RefCell<Vec<String>>,
}

impl TestMachine {
    fn pointer(&self, phys: u64) -> *mut u8 {
        let offset = phys - self.start;
        assert!(offset < self.bytes, "no RAM at {phys:#x}");
        self.ram.wrapping_add(offset as usize)
    }
    /// Translates as the MMU does: by the TLB if it knows the page, else by a walk.
    pub(crate) fn mmu(&self, addr: VirtAddr) -> Option<u64> {
        let (format, root) = (self.format?, self.root.get()?);
        let page = addr.page_down().raw();
        let cached = self.tlb.borrow().get(&page).copied();
        let phys = match cached {
            Some(phys) => phys,
            None => {
                let read = |at: PhysAddr, bytes: u32| {
                    let pointer = self.pointer(at.raw());
                    // SAFETY: `pointer` has checked that the entry lies in RAM; tables are aligned.
                    Some(unsafe {
                        if bytes == 4 {
                            pointer.cast::<u32>().read().into()
                        } else {
                            pointer.cast::<u64>().read()
                        }
                    })
                };
                let found = translate(format, root, addr.page_down(), read)?.phys.raw();
                self.tlb.borrow_mut().insert(page, found);
                found
            }
        };
        Some(phys + addr.page_offset())
    }
    /// Reads a byte through the MMU; `None` is a fault.
    pub(crate) fn load(&self, addr: VirtAddr) -> Option<u8> {
        let pointer = self.pointer(self.mmu(addr)?);
        // SAFETY: `pointer` has checked that the byte lies in RAM.
        Some(unsafe { pointer.read() })
    }
    /// Writes a byte through the MMU; `None` is a fault.
    pub(crate) fn store(&self, addr: VirtAddr, value: u8) -> Option<()> {
        let pointer = self.pointer(self.mmu(addr)?);
        // SAFETY: `pointer` has checked that the byte lies in RAM.
        unsafe { pointer.write(value) };
        Some(())
    }
    /// Fills a page of RAM, wherever it is.
    pub(crate) fn fill(&self, pfn: Pfn, value: u8) {
        let pointer = self.pointer(pfn.phys().raw());
        // SAFETY: A page begins at `pointer`, and RAM is whole pages.
        unsafe { pointer.write_bytes(value, PAGE_SIZE as usize) };
    }
    /// Checks that the TLB says nothing that the tables do not say.
    pub(crate) fn check_tlb(&self) {
        let cached: Vec<_> = self.tlb.borrow().iter().map(|(&page, &phys)| (page, phys)).collect();
        for (page, phys) in cached {
            self.tlb.borrow_mut().remove(&page);
            assert_eq!(self.mmu(VirtAddr::new(page)), Some(phys), "a flush of {page:#x} was forgotten");
        }
    }
    pub(crate) fn take_log(&self) -> Vec<String> {
        self.log.take()
    }
}

impl Drop for TestMachine {
    fn drop(&mut self) {
        // SAFETY: Allocated with this layout, once.
        unsafe { dealloc(self.heap, self.layout) }
    }
}

// SAFETY: The window is the low part of one allocation that lives as long as the machine, and so are high pages; only
// the kernel under test uses it.
unsafe impl Machine for TestMachine {
    fn direct_map(&self) -> DirectMap {
        DirectMap { pointer: self.ram, start: PhysAddr::new(self.start), bytes: self.low_bytes }
    }
    fn high_page(&self, page: PhysAddr) -> Option<*mut u8> {
        (self.high == HighPages::Shown).then(|| self.pointer(page.raw()))
    }
    fn ram_is_zeroed(&self) -> bool {
        true
    }
    fn virt(&self, addr: VirtAddr) -> *mut u8 {
        self.mmu(addr).map_or(std::ptr::null_mut(), |phys| self.pointer(phys))
    }
    fn cpu(&self) -> u32 {
        self.cpu.get()
    }
    fn irq_save(&self) -> usize {
        0
    }
    fn irq_restore(&self, _state: usize) {}
    fn barrier_everywhere(&self) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    }
    fn load_page_table(&self, root: PhysAddr) {
        self.root.set(Some(root));
    }
    fn flush_tlb(&self, start: VirtAddr, end: VirtAddr) {
        self.tlb.borrow_mut().retain(|&page, _| page < start.raw() || page >= end.raw());
    }
    fn printk(&self, line: fmt::Arguments<'_>) {
        self.log.borrow_mut().push(line.to_string());
    }
}

/// Which machine a test boots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    pub(crate) profile: &'static str,
    pub(crate) ram: u64,
    pub(crate) cmdline: &'static str,
    pub(crate) high: HighPages,
}

pub(crate) const PAE: Ground =
    Ground { profile: "i386-pae-6.1", ram: 192 << 20, cmdline: "highmem=96M", high: HighPages::Shown };
pub(crate) const PAE_HIDDEN: Ground = Ground { high: HighPages::Hidden, ..PAE };
pub(crate) const PAE_2G: Ground = Ground { ram: 2 << 30, cmdline: "", ..PAE };
pub(crate) const I386: Ground =
    Ground { profile: "linux-2.6-i386", ram: 160 << 20, cmdline: "highmem=64M", high: HighPages::Hidden };
pub(crate) const ARM: Ground =
    Ground { profile: "msm8x25", ram: 1 << 30, cmdline: "vmalloc=200M", high: HighPages::Hidden };
pub(crate) const NO_MMU: Ground =
    Ground { profile: "uclinux-2.6", ram: 32 << 20, cmdline: "", high: HighPages::Hidden };
pub(crate) const LPAE: Ground = Ground { profile: "armhf-lpae-6.1", cmdline: "", ..ARM };
pub(crate) const AMD64: Ground = Ground { profile: "amd64-6.12", ram: 256 << 20, cmdline: "", high: HighPages::Hidden };
pub(crate) const ARM64: Ground = Ground { profile: "arm64-6.12", ..AMD64 };
pub(crate) const RISCV64: Ground = Ground { profile: "riscv64", ..AMD64 };
/// One of each page table format whose machines have high memory.
pub(crate) const HIGH: [Ground; 5] = [PAE, PAE_HIDDEN, I386, ARM, LPAE];
/// One of each page table format with 64-bit addresses: all memory is low.
pub(crate) const ALL_LOW: [Ground; 3] = [AMD64, ARM64, RISCV64];
/// One of each page table format.
pub(crate) const ALL: [Ground; 8] = [PAE, PAE_HIDDEN, I386, ARM, LPAE, AMD64, ARM64, RISCV64];

pub(crate) type TestKernel = Kernel<TestMachine>;

impl Ground {
    pub(crate) fn boot(self) -> TestKernel {
        let profile: &'static Profile = by_name(self.profile).expect("the profile exists");
        let params = BootParams { ram_bytes: self.ram, cmdline: self.cmdline, cpus: 1, ..BootParams::new(profile) };
        let plan = plan(profile, &params).expect("the machine can be");
        let low = plan.layout.low;
        let bytes = plan.layout.ram_end.raw() - low.start.raw();
        // Without an alignment the heap gives pages that are zero without having been touched.
        let layout = Layout::from_size_align((bytes + PAGE_SIZE) as usize, 1).expect("RAM has a size");
        // SAFETY: The layout is not of size 0.
        let heap = unsafe { alloc_zeroed(layout) };
        assert!(!heap.is_null());
        let ram = heap.wrapping_add(heap.align_offset(PAGE_SIZE as usize));
        let machine = TestMachine {
            heap,
            ram,
            layout,
            bytes,
            start: low.start.raw(),
            low_bytes: low.bytes(),
            high: self.high,
            format: profile.paging,
            root: Cell::new(None),
            tlb: RefCell::new(BTreeMap::new()),
            cpu: Cell::new(0),
            log: RefCell::new(Vec::new()),
        };
        Kernel::boot(machine, profile, plan, params.cmdline).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text)
}

/// All pages that can be had, high ones too, for tests that need memory to run out.
pub(crate) fn take_all(kernel: &TestKernel) -> Vec<Pfn> {
    let mut taken = Vec::new();
    // Low memory keeps a reserve from requests that could be met elsewhere, so each kind asks for itself.
    for zone in [Gfp::HIGHMEM, Gfp::empty(), Gfp::DMA32, Gfp::DMA] {
        while let Ok(pfn) = kernel.memory.alloc_pages(Gfp::KERNEL | zone, Order::ZERO) {
            taken.push(pfn);
        }
    }
    taken
}
/// Pages that are free, on lists of CPUs too.
pub(crate) fn free_pages(kernel: &TestKernel) -> u64 {
    kernel.memory.drain();
    kernel.memory.pages.zone_counts().map(|zone| zone.free).sum()
}
