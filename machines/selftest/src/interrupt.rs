//! Allocations in interrupts, which never sleep, while the other checks run.
//!
//! The engine turns interrupts off around its fast paths. If it forgot to somewhere, an interrupt would find its
//! structures half changed, or wait for a lock that the interrupted code holds.

use crate::failure::Failure;
use crate::words::Words;
use crate::{Bench, Board};
use core::sync::atomic::{AtomicU32, Ordering};
use kmem::machine::Machine;
use kmem::slab::{CacheSpec, SlabFlags};
use kmem::units::{Order, Pfn, VirtAddr, PAGE_SIZE};
use kmem::{Gfp, Kernel};

const BYTES: u64 = 100;
/// More than a CPU keeps in store, so that filling and draining the stores is interrupted too.
const BATCH: usize = 150;
/// For so many interrupts.
const TICKS: u32 = 200;

static ALLOCATIONS: AtomicU32 = AtomicU32::new(0);
static FAILURES: AtomicU32 = AtomicU32::new(0);

/// Takes an object and a page that may be a high one, writes and reads them, gives them back: from inside an interrupt.
pub fn in_interrupt<M: Machine>(kernel: &Kernel<M>) {
    let count = ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    if object_and_page(kernel, count).is_err() {
        FAILURES.fetch_add(1, Ordering::Relaxed);
    }
}

fn object_and_page<M: Machine>(kernel: &Kernel<M>, seed: u32) -> Result<(), Failure> {
    let object = kernel.kmalloc(BYTES, Gfp::ATOMIC)?;
    let page = kernel.alloc_pages(Gfp::ATOMIC | Gfp::HIGHMEM, Order::ZERO)?;
    let view = kernel.map().kmap_local(kernel.memory(), page)?;
    // SAFETY: kmalloc gave these bytes to us alone.
    let words = unsafe { Words::new(object, BYTES) }?;
    // SAFETY: The page is ours alone, and mapped until `kunmap_local`.
    let high = unsafe { Words::new(view, PAGE_SIZE) }?;
    words.write(seed);
    high.write(!seed);
    words.check(seed)?;
    high.check(!seed)?;
    kernel.map().kunmap_local(kernel.memory(), view)?;
    kernel.free_pages(page, Order::ZERO)?;
    Ok(kernel.kfree(object)?)
}

impl<M: Machine, B: Board> Bench<'_, M, B> {
    /// Takes and gives back what interrupts take too, until many have come.
    pub fn interrupted_again_and_again(&self) -> Result<(), Failure> {
        let start = self.board.ticks();
        while self.board.ticks().wrapping_sub(start) < TICKS {
            let mut taken = [(VirtAddr::default(), Pfn::default()); BATCH];
            for slot in &mut taken {
                *slot = (self.kernel.kmalloc(BYTES, Gfp::KERNEL)?, self.kernel.alloc_pages(Gfp::KERNEL, Order::ZERO)?);
                // SAFETY: kmalloc gave these bytes to us alone.
                unsafe { Words::new(slot.0, BYTES) }?.write(slot.0.raw() as u32);
            }
            for (object, page) in taken {
                // SAFETY: As above; not freed yet.
                unsafe { Words::new(object, BYTES) }?.check(object.raw() as u32)?;
                self.kernel.kfree(object)?;
                self.kernel.free_pages(page, Order::ZERO)?;
            }
            self.cache_that_comes_and_goes()?;
        }
        Ok(())
    }

    fn cache_that_comes_and_goes(&self) -> Result<(), Failure> {
        let flags = SlabFlags::empty();
        let spec = CacheSpec { name: "selftest", size: BYTES as u32, align: 0, flags, ..CacheSpec::default() };
        let cache = self.kernel.cache_create(&spec)?;
        let object = self.kernel.cache_alloc(cache, Gfp::KERNEL)?;
        self.kernel.cache_free_to(cache, object)?;
        Ok(self.kernel.cache_destroy(cache)?)
    }
}

/// Returns how often [`in_interrupt`] was called.
pub(crate) fn count() -> u32 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Returns whether all of them went well, and that there were any.
pub(crate) fn result() -> Result<(), Failure> {
    match (count(), FAILURES.load(Ordering::Relaxed)) {
        (0, _) => Err(Failure::Missing("an interrupt during the test")),
        (_, 0) => Ok(()),
        (_, failures) => Err(Failure::Wrong { what: "failures in interrupts", found: failures.into(), expected: 0 }),
    }
}
