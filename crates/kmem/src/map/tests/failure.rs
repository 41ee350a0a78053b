//! Memory runs out at every place where it can: nothing is lost and nothing stays half done.

use super::ground::{free_pages, name, take_all, Ground, TestKernel, AMD64, ARM, I386, PAE, PAE_HIDDEN};
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::map::{Prot, VmallocRequest};
use crate::units::{Order, PhysAddr, VirtAddr};

/// What there is: free, in slabs, in page tables. The rest is taken by the test or was taken at boot.
fn accounted(kernel: &TestKernel) -> u64 {
    let tables = kernel.map.tables().map_or(0, |tables| tables.table_pages());
    free_pages(kernel) + kernel.memory.slab.slab_pages() + tables
}

/// Runs `attempt` with 0, 1, 2, … pages left until it succeeds; checks after each.
fn fail_everywhere(ground: Ground, low_only: bool, attempt: impl Fn(&TestKernel) -> Result<VirtAddr, AllocError>) {
    let kernel = ground.boot();
    // Nodes of areas and caches' first slabs are made before memory is short.
    let first = kernel.map.vmalloc(&kernel.memory, 1, Gfp::KERNEL, name("first")).expect("there is room");
    assert_eq!(kernel.map.vfree(&kernel.memory, first), Ok(()));
    let before = accounted(&kernel);
    let mut held = take_all(&kernel);
    let areas = kernel.map.areas().count();
    let pages = kernel.map.vmalloc_pages();
    let mut failures = 0;
    loop {
        let total = accounted(&kernel) + held.len() as u64;
        assert_eq!(total, before, "{failures} failures: pages were lost");
        match attempt(&kernel) {
            Ok(addr) => {
                assert_eq!(kernel.map.verify(&kernel.memory), Ok(()));
                let flags = kernel.map.find_area(addr).map(|area| area.flags.bits() & 7);
                let freed = match flags {
                    Some(1) => kernel.map.iounmap(&kernel.memory, addr),
                    Some(4) => kernel.map.vunmap(&kernel.memory, addr),
                    _ => kernel.map.vfree(&kernel.memory, addr),
                };
                assert_eq!(freed, Ok(()));
                break;
            }
            Err(error) => assert!(matches!(error, AllocError::NoMemory { .. }), "{error:?}"),
        }
        failures += 1;
        assert_eq!(kernel.map.areas().count(), areas, "an area stayed behind");
        assert_eq!(kernel.map.vmalloc_pages(), pages);
        kernel.machine.check_tlb();
        assert_eq!(kernel.map.verify(&kernel.memory), Ok(()));
        let next = held.iter().rposition(|&pfn| !low_only || !kernel.is_high(pfn)).expect("it succeeds some time");
        let pfn = held.swap_remove(next);
        assert_eq!(kernel.memory.free_pages(pfn, Order::ZERO), Ok(()));
    }
    assert!(failures > 0, "{ground:?}: nothing failed");
    for pfn in held {
        assert_eq!(kernel.memory.free_pages(pfn, Order::ZERO), Ok(()));
    }
    assert_eq!(accounted(&kernel), before);
    assert_eq!(kernel.verify(), Ok(()));
}

#[test]
fn vmalloc_of_a_few_pages() {
    for ground in [PAE, PAE_HIDDEN, I386, ARM, AMD64] {
        fail_everywhere(ground, false, |kernel| {
            kernel.map.vmalloc(&kernel.memory, 9 << 12, Gfp::KERNEL | Gfp::HIGHMEM, name("test"))
        });
        fail_everywhere(ground, true, |kernel| {
            let request = VmallocRequest { align: 8 << 20, ..VmallocRequest::new(9 << 12, name("test")) };
            kernel.map.vmalloc_with(&kernel.memory, &VmallocRequest { gfp: Gfp::KERNEL | Gfp::ZERO, ..request })
        });
    }
}

#[test]
fn vmalloc_with_a_vmalloced_array() {
    for ground in [PAE, I386, AMD64] {
        fail_everywhere(ground, true, |kernel| {
            let gfp = Gfp::KERNEL | Gfp::DMA32;
            kernel.map.vmalloc(&kernel.memory, (4 << 20) + (5 << 12), gfp, name("test"))
        });
    }
}

#[test]
fn tables_for_vmap_and_ioremap() {
    for ground in [PAE, PAE_HIDDEN, I386, ARM, AMD64] {
        fail_everywhere(ground, true, |kernel| {
            // Far apart, so that tables are missing.
            let phys = PhysAddr::new(0xe000_0000);
            kernel.map.ioremap_prot(&kernel.memory, phys, 9 << 20, Prot::KERNEL_IO, name("test"))
        });
    }
}
