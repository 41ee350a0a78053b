//! Memory for devices: coherent buffers, and a look at what a driver is about to map.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;
use crate::tracker::{Kind, Space};
use kmem::gfp::Gfp;
use kmem::units::PAGE_SIZE;
use kmem::{Order, Pfn, VirtAddr};

fn order_of(bytes: u32) -> Option<Order> {
    let pages = u64::from(bytes).div_ceil(PAGE_SIZE).max(1).next_power_of_two();
    Order::new(pages.trailing_zeros())
}

/// `void *kmem_host_dma_alloc(size_t size, gfp_t gfp, int is_of_pool)`: pages of the zone that the flags say, by their
/// address. Those of a pool are the pool's: its objects are what the module holds.
pub(super) fn alloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let (size, flags, is_of_pool) = (call.size(), call.word(), call.word() != 0);
    let gfp = s.decode_gfp(flags) - Gfp::COMP;
    if gfp.may_sleep() {
        s.check_context(call, "dma_alloc_coherent() with flags that may sleep");
    }
    let Some(order) = order_of(size).filter(|_| size != 0) else { return 0 };
    let Ok(pfn) = s.kernel.alloc_pages(gfp | Gfp::NOWARN, order) else {
        if !gfp.contains(Gfp::NOWARN) {
            s.print_page_failure(call, order.raw(), flags);
        }
        return 0;
    };
    let addr = s.kernel.phys_to_virt(pfn.phys()).map_or(0, |addr| addr.raw());
    if is_of_pool {
        s.own(addr as u32, order.bytes() as u32);
    } else {
        let from = format!("zone {}", s.zone_name(pfn));
        s.record(call, Kind::Coherent, pfn.raw(), size.into(), order.bytes(), "dma_alloc_coherent", from);
    }
    addr
}
/// `void kmem_host_dma_free(void *cpu, size_t size, int is_of_pool)`
pub(super) fn free(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, size, is_of_pool) = (call.word(), call.size(), call.word() != 0);
    let phys = s.kernel.virt_to_phys(VirtAddr::new(addr.into()));
    let key = phys.map_or(u64::MAX, |phys| Pfn::containing(phys).raw());
    if is_of_pool && s.runtime_memory.borrow_mut().remove(&addr) {
        // It came from `alloc` and was in the set, so it is freed once.
        let _ = order_of(size).map(|order| s.kernel.free_pages(Pfn::new(key), order));
        return 0;
    }
    let known = s.tracker.borrow().get(Space::Frame, key).cloned();
    let Some(allocation) = known.filter(|allocation| allocation.kind == Kind::Coherent) else {
        s.report_bad_free(call, "dma_free_coherent", Space::Frame, key);
        return 0;
    };
    if u64::from(size) != allocation.asked {
        let title =
            format!("dma_free_coherent() of {size} bytes, {} were allocated: the sizes must agree", allocation.asked);
        s.report_mismatch(call, title, &allocation);
        return 0;
    }
    let Some(order) = order_of(size) else { return 0 };
    match s.kernel.free_pages(Pfn::new(key), order) {
        Ok(()) => s.forget(call, Space::Frame, key),
        Err(misuse) => s.report_refused(call, "dma_free_coherent", key, &misuse),
    }
    0
}

/// `int kmem_host_check_dma(const void *cpu, size_t size, const char *function)`: 0 when a device may have this memory.
///
/// It must be in the direct map, since only there neighbours are neighbours for a device too, and it must be somebody's.
pub(super) fn check(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, size, function) = (call.word(), call.size(), s.read_string(call.word()));
    let at =
        |title: String| Finding::new(FindingKind::Misuse, title, s.place(&s.chain(call)), "given to a device here");
    let key = u64::from(addr);
    let Some(phys) = s.kernel.virt_to_phys(VirtAddr::new(key)) else {
        let what = s.describe_for_dma(addr);
        let finding = at(format!("{function}() of {what}: a device cannot have this memory"))
            .note(format!("{} is not in the direct map, so its pages are not contiguous for a device", s.hex(addr)))
            .help("use memory of kmalloc(), of the page allocator or of dma_alloc_coherent()");
        s.report(finding);
        return 1;
    };
    let tracker = s.tracker.borrow();
    let (space, pos) = (Space::Frame, Pfn::containing(phys).raw());
    let found = tracker.around(Space::Linear, key).map(|live| (live.clone(), key - live.key)).or_else(|| {
        let live = tracker.around(space, pos)?;
        Some((live.clone(), (pos - live.key) * PAGE_SIZE + key % PAGE_SIZE))
    });
    let freed = tracker.freed_around(Space::Linear, key).cloned();
    drop(tracker);
    match (found, freed) {
        (Some((live, offset)), _) => {
            if offset + u64::from(size) > live.given {
                let over = offset + u64::from(size) - live.given;
                let finding = at(format!("{function}() of {size} bytes, {over} of them behind the end of the object"))
                    .also(s.place(&live.chain), format!("its {} bytes were allocated here", live.asked));
                s.report(finding);
                return 1;
            }
            0
        }
        (None, Some(freed)) => {
            let finding = at(format!("{function}() of memory that is free"))
                .also(s.place(&freed.chain), "freed here")
                .also(s.place(&freed.allocation.chain), "allocated here");
            s.report(finding);
            1
        }
        // Memory that the runtime or the kernel has: a file's page, a task's.
        (None, None) => 0,
    }
}

impl Session {
    /// Says what an address outside the direct map is to a driver.
    fn describe_for_dma(&self, addr: u32) -> String {
        if self.is_in_stack(addr) {
            return "a variable on the stack".to_owned();
        }
        if self.module_object_at(addr).is_some() {
            return "a static variable of a module".to_owned();
        }
        let around = self.tracker.borrow().around(Space::Virtual, addr.into()).cloned();
        match around {
            Some(area) => format!("memory of {}()", area.function),
            None => self.describe(addr.into()),
        }
    }
}
