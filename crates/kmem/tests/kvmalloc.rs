//! kvmalloc: which of the two it takes, in each kernel's way; contents over kvrealloc; each allocation failed once.

mod support;

use kmem::error::{Name, ReallocError};
use kmem::memory::ZERO_SIZE_PTR;
use kmem::profile::{by_name, PROFILES};
use kmem::units::PAGE_SIZE;
use kmem::{AllocError, Gfp, Kernel, Machine as _, Misuse, PhysAddr, VirtAddr};
use support::HeapMachine;

type Machine = Kernel<HeapMachine>;
const RAM: u64 = 96 << 20;

fn boot(name: &str) -> Machine {
    support::boot(by_name(name).unwrap(), RAM, 1)
}
fn who() -> Name {
    Name::new("test")
}
fn is_vmalloc(kernel: &Machine, addr: VirtAddr) -> bool {
    kernel.map().is_vmalloc(addr)
}
/// The host's pointer to a byte at a kernel address.
fn pointer(kernel: &Machine, addr: VirtAddr) -> *mut u8 {
    let phys = kernel.virt_to_phys(addr).or_else(|| kernel.map().vmalloc_to_phys(kernel.memory(), addr)).unwrap();
    let offset = phys.page_offset();
    let page = kernel.machine().high_page(PhysAddr::new(phys.raw() - offset)).unwrap();
    page.wrapping_add(offset as usize)
}
fn fill(kernel: &Machine, addr: VirtAddr, bytes: u64) {
    for offset in 0..bytes {
        // SAFETY: The byte belongs to an allocation of the test's.
        unsafe { pointer(kernel, addr.offset(offset)).write((offset / 7) as u8 | 1) };
    }
}
fn is_kept(kernel: &Machine, addr: VirtAddr, bytes: u64) -> bool {
    // SAFETY: As above.
    (0..bytes).all(|offset| unsafe { pointer(kernel, addr.offset(offset)).read() } == (offset / 7) as u8 | 1)
}
fn is_zero(kernel: &Machine, addr: VirtAddr, from: u64, to: u64) -> bool {
    // SAFETY: As above.
    (from..to).all(|offset| unsafe { pointer(kernel, addr.offset(offset)).read() } == 0)
}

#[test]
fn what_is_too_large_for_kmalloc_comes_from_vmalloc_where_that_may_sleep() {
    for name in ["i386-pae-6.1", "amd64-6.12"] {
        let kernel = boot(name);
        let max = u64::from(kernel.profile.kmalloc.max);
        for size in [1, 4096, 8192, 100_000, max] {
            let addr = kernel.kvmalloc(size, Gfp::KERNEL, who()).unwrap();
            assert!(!is_vmalloc(&kernel, addr), "{name}: {size} bytes are to be had contiguous");
            kernel.kvfree(addr).unwrap();
        }
        let addr = kernel.kvmalloc(max + 1, Gfp::KERNEL, who()).unwrap();
        assert!(is_vmalloc(&kernel, addr));
        kernel.kvfree(addr).unwrap();
        let refused = kernel.kvmalloc(max + 1, Gfp::NOWAIT, who());
        assert!(matches!(refused, Err(AllocError::TooLarge { .. })), "{name}: {refused:?}");
        let refused = kernel.kvmalloc(1 << 31, Gfp::KERNEL, who());
        assert_eq!(refused, Err(AllocError::TooLarge { bytes: 1 << 31, limit: i32::MAX as u64 }));
        assert_eq!(kernel.kvmalloc(0, Gfp::KERNEL, who()), Ok(ZERO_SIZE_PTR));
        assert_eq!(kernel.kvfree(ZERO_SIZE_PTR), Ok(()));
        assert_eq!(kernel.kvfree(VirtAddr::new(0)), Ok(()));
        assert!(kernel.kvmalloc_array(1 << 40, 1 << 40, Gfp::KERNEL, who()).is_err());
        let zeroed = kernel.kvcalloc(max / 8 + 1, 8, Gfp::KERNEL, who()).unwrap();
        assert!(is_zero(&kernel, zeroed, 0, 5000));
        kernel.kvfree(zeroed).unwrap();
        // vmalloc does without all that GFP_KERNEL may do, here.
        let careful = kernel.kvmalloc(max + 1, Gfp::RECLAIM, who()).unwrap();
        assert!(is_vmalloc(&kernel, careful));
        kernel.kvfree_sensitive(careful, max).unwrap();
        assert!(matches!(kernel.kvfree(careful), Err(Misuse::NoArea(_))));
        kernel.verify().unwrap();
    }
}

#[test]
fn older_kernels_fall_back_with_gfp_kernel_only() {
    let kernel = boot("arm-3.4");
    let max = u64::from(kernel.profile.kmalloc.max);
    let refused = kernel.kvmalloc(max + 1, Gfp::RECLAIM, who());
    assert!(matches!(refused, Err(AllocError::TooLarge { .. })), "{refused:?}");
    // Old kernels' GFP_KERNEL says nothing of kswapd.
    for gfp in [Gfp::KERNEL, Gfp::KERNEL - Gfp::KSWAPD_RECLAIM] {
        let addr = kernel.kvmalloc(max + 1, gfp, who()).unwrap();
        assert!(is_vmalloc(&kernel, addr));
        kernel.kvfree(addr).unwrap();
    }
    kernel.verify().unwrap();
}

/// Contiguous memory is used up: the kernel asks for it gently, and nobody hears of it.
#[test]
fn a_machine_in_pieces_is_asked_gently() {
    let kernel = boot("i386-pae-6.1");
    let mut held = Vec::new();
    while let Ok(pfn) = kernel.alloc_pages(Gfp::KERNEL | Gfp::NOWARN | Gfp::MEMALLOC, kmem::Order::ZERO) {
        held.push(pfn);
    }
    // Every other page is free: more than enough, in pieces.
    held.sort();
    let (keep, give): (Vec<_>, Vec<_>) = held.into_iter().partition(|pfn| pfn.raw() % 2 == 0);
    give.into_iter().for_each(|pfn| kernel.free_pages(pfn, kmem::Order::ZERO).unwrap());
    support::log();
    let addr = kernel.kvmalloc(64 << 10, Gfp::KERNEL, who()).unwrap();
    assert!(is_vmalloc(&kernel, addr));
    assert_eq!(support::log(), Vec::<String>::new(), "no report");
    let refused = kernel.kvmalloc(64 << 10, Gfp::ATOMIC, who());
    assert!(matches!(refused, Err(AllocError::NoMemory { .. })), "{refused:?}");
    kernel.kvfree(addr).unwrap();
    keep.into_iter().for_each(|pfn| kernel.free_pages(pfn, kmem::Order::ZERO).unwrap());
    kernel.verify().unwrap();
}

#[test]
fn kvrealloc_keeps_contents_from_one_to_the_other() {
    for name in ["i386-pae-6.1", "amd64-6.12", "linux-2.6-i386"] {
        let kernel = boot(name);
        let knows = name == "amd64-6.12";
        let (small, large, larger) = (3000, 5 << 20, 9 << 20);
        let first = kernel.kvrealloc(VirtAddr::new(0), 0, small, Gfp::KERNEL, who()).unwrap();
        fill(&kernel, first, small);
        assert_eq!(kernel.kvrealloc(first, small, 10, Gfp::KERNEL, who()), Ok(first), "{name}: what shrinks stays");
        let moved = kernel.kvrealloc(first, small, large, Gfp::KERNEL, who()).unwrap();
        assert!(is_vmalloc(&kernel, moved) && is_kept(&kernel, moved, small), "{name}");
        fill(&kernel, moved, large);
        let grown = kernel.kvrealloc(moved, large, larger, Gfp::KERNEL | Gfp::ZERO, who()).unwrap();
        assert!(is_kept(&kernel, grown, large), "{name}: all pages moved");
        assert!(is_zero(&kernel, grown, large, large + PAGE_SIZE));
        if knows {
            let shrunk = kernel.kvrealloc(grown, 0, 100, Gfp::KERNEL | Gfp::ZERO, who()).unwrap();
            assert!(shrunk == grown && is_kept(&kernel, grown, 100) && is_zero(&kernel, grown, 100, larger));
            assert_eq!(kernel.kvrealloc(grown, 0, 0, Gfp::KERNEL, who()), Ok(VirtAddr::new(0)));
            assert!(matches!(kernel.kvfree(grown), Err(Misuse::NoArea(_))), "size 0 frees");
            let object = kernel.kmalloc(8, Gfp::KERNEL).unwrap();
            assert_eq!(kernel.kvrealloc(object, 0, 0, Gfp::KERNEL, who()), Ok(ZERO_SIZE_PTR));
        } else {
            kernel.kvfree(grown).unwrap();
        }
        let stranger = kernel.kvrealloc(VirtAddr::new(0x1000), 1, 100, Gfp::KERNEL, who());
        assert!(matches!(stranger, Err(ReallocError::Misuse(_))), "{name}: {stranger:?}");
        kernel.verify().unwrap();
    }
}

#[test]
fn nothing_is_lost_whichever_allocation_fails() {
    for profile in PROFILES.iter().filter(|profile| profile.default_ram >= RAM) {
        let kernel = support::boot(profile, RAM, 1);
        if kernel.map().tables().is_none() {
            // There is no other way.
            continue;
        }
        let settled = || support::settled_pages(&kernel);
        // Page tables of the range stay.
        kernel
            .map()
            .vfree(kernel.memory(), kernel.map().vmalloc(kernel.memory(), 1 << 20, Gfp::KERNEL, who()).unwrap())
            .unwrap();
        // An area of a thousand pages has a thousand places to fail, all alike: one of 33 will do.
        let first_of_vmalloc = u64::from(profile.kmalloc.max) + 1;
        let last = if first_of_vmalloc > 200_000 { 60_000 } else { first_of_vmalloc };
        let scenario = || {
            let Ok(mut at) = kernel.kvmalloc(3000, Gfp::KERNEL, who()) else { return };
            fill(&kernel, at, 3000);
            let mut held = 3000;
            for size in [20_000, last] {
                match kernel.kvrealloc(at, held, size, Gfp::KERNEL, who()) {
                    Ok(new) => (at, held) = (new, size),
                    Err(error) => assert_eq!(error, ReallocError::Alloc(AllocError::Injected), "{}", profile.name),
                }
                assert!(is_kept(&kernel, at, 3000), "{}: what failed changed nothing", profile.name);
            }
            kernel.kvfree(at).unwrap();
        };
        let failures = support::fail_each_once(&kernel, scenario, settled);
        assert!(failures >= if last == first_of_vmalloc { 36 } else { 4 }, "{}: {failures}", profile.name);
    }
}
