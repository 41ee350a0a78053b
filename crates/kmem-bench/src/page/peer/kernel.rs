//! kmem, in two ways: as a hosted kernel's users call it, and with the CPU given, as a kernel on bare metal has it.

use crate::kernel::{boot, Setting};
use crate::page::source::{PageSource, Peer};
use crate::{resident, BenchError, MANAGED_BYTES, PAGE_BYTES};
use kmem::page::OnCpu;
use kmem::{Gfp, Kernel, Order, Pfn};
use kmem_hosted::{CpuGuard, Hosted};

/// Measures what a kernel keeps for its pages once each of them was in use: the RAM of its machine that was touched, by a
/// page. Everything that boot makes is in it; the pages themselves are not, since nobody writes to them.
fn metadata(kernel: &Kernel<Hosted>) -> Option<f64> {
    let setting = Setting { machine: Some(kernel.profile.name) };
    let before = resident::shared_bytes()?;
    let fresh = boot(&setting).ok()?;
    let taken: Vec<Pfn> = std::iter::from_fn(|| fresh.pages().alloc(0, Gfp::HIGHUSER, Order::ZERO).ok()).collect();
    let touched = resident::shared_bytes()?.checked_sub(before)?;
    Some(touched as f64 / taken.len() as f64)
}

/// A kernel as its users call it.
pub struct AsCalled(Kernel<Hosted>);

impl AsCalled {
    /// Boots it.
    pub fn new(setting: &Setting<'_>) -> Result<Self, BenchError> {
        boot(setting).map(Self)
    }
}

/// A thread that is a CPU of the kernel's machine.
pub struct Thread<'a> {
    kernel: &'a Kernel<Hosted>,
    _cpu: Option<CpuGuard>,
}

impl PageSource for Thread<'_> {
    #[inline(always)]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        Some(self.kernel.alloc_pages(Gfp::HIGHUSER, Order::new(order)?).ok()?.raw())
    }
    #[inline(always)]
    fn free(&mut self, pfn: u64, order: u32) {
        if let Some(order) = Order::new(order) {
            let freed = self.kernel.free_pages(Pfn::new(pfn), order);
            debug_assert!(freed.is_ok());
        }
    }
    fn count_free(&mut self, order: u32) -> u64 {
        self.kernel.drain();
        count_free(self.kernel, order)
    }
}

/// Returns how many pages a workload's fill is a part of: what the others manage. A kernel has a little more, since machines
/// have RAM in whole MiB.
fn pages(kernel: &Kernel<Hosted>) -> u64 {
    kernel.pages().managed().min(MANAGED_BYTES / PAGE_BYTES)
}

/// Counts the free blocks of an order in a kernel's zones.
fn count_free(kernel: &Kernel<Hosted>, order: u32) -> u64 {
    let blocks = kernel.pages().zone_counts().map(|zone| zone.blocks);
    blocks.map(|blocks| (order..16).map(|at| blocks[at as usize] << (at - order)).sum::<u64>()).sum()
}

impl Peer for AsCalled {
    type Alone<'a> = Thread<'a>;
    type OnCpu<'a> = Thread<'a>;

    fn alone(&mut self) -> Thread<'_> {
        Thread { kernel: &self.0, _cpu: None }
    }
    fn on_cpu(&self, cpu: u32) -> Option<Thread<'_>> {
        let guard = self.0.machine().enter_cpu(cpu).ok()?;
        Some(Thread { kernel: &self.0, _cpu: Some(guard) })
    }
    fn pages(&self) -> u64 {
        pages(&self.0)
    }
    fn metadata_bytes(&self) -> Option<f64> {
        metadata(&self.0)
    }
}

/// No request is movable.
pub const UNMOVABLE: u8 = 0;
/// Every request is.
pub const MOVABLE: u8 = 1;
/// Every second one is.
pub const BOTH: u8 = 2;

/// A kernel whose callers know their CPU. The flags are constants, as they are at a call in a kernel.
pub struct CpuGiven<const MOBILITY: u8>(Kernel<Hosted>);

impl<const MOBILITY: u8> CpuGiven<MOBILITY> {
    /// Boots it.
    pub fn new(setting: &Setting<'_>) -> Result<Self, BenchError> {
        let kernel = boot(setting)?;
        // No kswapd runs here, which would take a boost of the watermarks back. Old kernels have no such thing.
        let _ = kernel.write_sysctl("vm.watermark_boost_factor", "0");
        Ok(Self(kernel))
    }
}

/// One CPU of the kernel.
pub struct Cpu<'a, const MOBILITY: u8> {
    kernel: &'a Kernel<Hosted>,
    pages: OnCpu<'a>,
    odd: bool,
}

impl<const MOBILITY: u8> Cpu<'_, MOBILITY> {
    #[inline(always)]
    fn gfp(&mut self) -> Gfp {
        let is_movable = match MOBILITY {
            BOTH => {
                self.odd = !self.odd;
                self.odd
            }
            other => other == MOVABLE,
        };
        if is_movable {
            Gfp::HIGHUSER.union(Gfp::MOVABLE)
        } else {
            Gfp::HIGHUSER
        }
    }
}

impl<const MOBILITY: u8> PageSource for Cpu<'_, MOBILITY> {
    #[inline(always)]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        let gfp = self.gfp();
        Some(self.pages.alloc(gfp, Order::new(order)?).ok()?.raw())
    }
    #[inline(always)]
    fn free(&mut self, pfn: u64, order: u32) {
        if let Some(order) = Order::new(order) {
            let freed = self.pages.free(Pfn::new(pfn), order);
            debug_assert!(freed.is_ok());
        }
    }
    fn count_free(&mut self, order: u32) -> u64 {
        self.pages.drain();
        count_free(self.kernel, order)
    }
}

impl<const MOBILITY: u8> Peer for CpuGiven<MOBILITY> {
    type Alone<'a> = Cpu<'a, MOBILITY>;
    type OnCpu<'a> = Cpu<'a, MOBILITY>;

    fn alone(&mut self) -> Cpu<'_, MOBILITY> {
        let pages = self.0.pages().on_cpu(0).expect("a machine has a CPU 0");
        Cpu { kernel: &self.0, pages, odd: false }
    }
    fn on_cpu(&self, cpu: u32) -> Option<Cpu<'_, MOBILITY>> {
        Some(Cpu { kernel: &self.0, pages: self.0.pages().on_cpu(cpu)?, odd: false })
    }
    fn pages(&self) -> u64 {
        pages(&self.0)
    }
    fn metadata_bytes(&self) -> Option<f64> {
        metadata(&self.0)
    }
}
