//! Pages: from each zone, of several orders, each where it must be.

use crate::failure::{equal, Failure};
use crate::words::Words;
use crate::{Bench, Board};
use kmem::boot::PlanZone;
use kmem::machine::Machine;
use kmem::profile::ZoneKind;
use kmem::units::{Order, Pfn, VirtAddr};
use kmem::Gfp;

/// The orders that are tried: one page, what the per-CPU lists hold, and the largest.
const ORDERS: [u32; 4] = [0, 1, 3, 10];

/// A block is asked for from a zone that has so many times its pages: from a smaller one it may come from elsewhere.
const SPARE: u64 = 8;

/// The flags that prefer a zone of this kind.
fn flags(kind: ZoneKind) -> Option<Gfp> {
    match kind {
        ZoneKind::Dma => Some(Gfp::KERNEL | Gfp::DMA),
        ZoneKind::Dma32 => Some(Gfp::KERNEL | Gfp::DMA32),
        ZoneKind::Normal => Some(Gfp::KERNEL),
        ZoneKind::HighMem => Some(Gfp::HIGHUSER),
        ZoneKind::Movable | ZoneKind::Device => None,
    }
}

impl<M: Machine, B: Board> Bench<'_, M, B> {
    /// Takes blocks from every zone at once, checks where they lie, writes to those that the kernel maps, frees them.
    pub fn pages_of_each_zone(&self) -> Result<(), Failure> {
        let zones = self.kernel.plan().zones();
        for (zone, gfp) in zones.iter().filter_map(|zone| Some((zone, flags(zone.kind)?))) {
            let mut blocks = [None; ORDERS.len()];
            for (block, order) in blocks.iter_mut().zip(ORDERS) {
                let order = Order::new(order).unwrap_or_default().min(self.kernel.pages().top_order());
                if order.pages() * SPARE > zone.managed {
                    continue;
                }
                let pfn = self.kernel.alloc_pages(gfp, order)?;
                inside(zone, pfn, order)?;
                equal("alignment of the block", pfn.raw() % order.pages(), 0)?;
                if let Some(words) = self.words_of(pfn, order)? {
                    words.write(pfn.raw() as u32);
                }
                *block = Some((pfn, order));
            }
            for (pfn, order) in blocks.into_iter().flatten() {
                if let Some(words) = self.words_of(pfn, order)? {
                    words.check(pfn.raw() as u32)?;
                }
                self.kernel.free_pages(pfn, order)?;
            }
        }
        Ok(())
    }

    /// The words of a block that was just allocated; `None` above the direct map.
    fn words_of(&self, pfn: Pfn, order: Order) -> Result<Option<Words>, Failure> {
        let Some(addr): Option<VirtAddr> = self.kernel.phys_to_virt(pfn.phys()) else { return Ok(None) };
        // SAFETY: The block was given to us alone, and the direct map holds it.
        unsafe { Words::new(addr, order.bytes()) }.map(Some)
    }
}

fn inside(zone: &PlanZone, pfn: Pfn, order: Order) -> Result<(), Failure> {
    let range = zone.range();
    if range.contains(pfn.phys()) && pfn.add(order.pages()).phys() <= range.end {
        return Ok(());
    }
    Err(Failure::Wrong { what: "page frame outside its zone", found: pfn.raw(), expected: zone.start.raw() })
}
