//! `kernel::alloc` on a kernel: what is given, what is refused, what growing does.

use kmem as kernel;
use kmem_rust::alloc::allocator::{KVmalloc, Kmalloc, Vmalloc};
use kmem_rust::alloc::{AllocError, Allocator, Flags, NumaNode};
use kmem_rust::page::{AsPageIter, Page, PAGE_SIZE};
use kmem_rust::prelude::*;
use kmem_rust::{boot, with_kernel, Handle, Setup};
use std::alloc::Layout;
use std::ptr::NonNull;

fn small(ram_bytes: u64) -> Handle {
    boot(&Setup { ram_bytes, cpus: 2, ..Setup::default() }).expect("it boots")
}
fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}
fn give<A: Allocator>(size: usize, align: usize, flags: Flags) -> Result<NonNull<u8>, AllocError> {
    A::alloc(layout(size, align), flags, NumaNode::NO_NODE).map(|memory| {
        assert_eq!(memory.len(), size);
        memory.cast()
    })
}
/// # Safety
/// As `Allocator::realloc`.
unsafe fn grow<A: Allocator>(
    old: NonNull<u8>,
    from: usize,
    to: usize,
    flags: Flags,
) -> Result<NonNull<u8>, AllocError> {
    // SAFETY: As the caller says.
    let new = unsafe { A::realloc(Some(old), layout(to, 8), layout(from, 8), flags, NumaNode::NO_NODE) };
    new.map(|memory| memory.cast())
}

#[test]
fn invalid_flags_are_refused_everywhere() {
    let bad = [!GFP_ATOMIC, !GFP_KERNEL, GFP_KERNEL | GFP_DMA | GFP_DMA32, GFP_KERNEL | GFP_DMA | __GFP_HIGHMEM];
    for flags in bad {
        assert_eq!(KBox::new(1, flags).map(|_| ()), Err(AllocError));
        assert_eq!(VBox::new(1, flags).map(|_| ()), Err(AllocError));
        assert_eq!(KVBox::new(1, flags).map(|_| ()), Err(AllocError));
        assert_eq!(KVec::<u8>::with_capacity(9, flags).map(|_| ()), Err(AllocError));
        assert_eq!(Page::alloc_page(flags).map(|_| ()), Err(AllocError));
    }
    assert!(KBox::new(1, GFP_KERNEL | __GFP_HIGHMEM).is_err());
    assert!(KBox::new(1, GFP_KERNEL | GFP_DMA32).is_err());
    assert!(VBox::new(1, GFP_ATOMIC).is_err());
    assert!(VBox::new(1, GFP_KERNEL | __GFP_HIGHMEM).is_ok());
    assert!(KBox::new(1, GFP_ATOMIC | GFP_DMA).is_ok());
    for flags in [GFP_NOWAIT, GFP_NOIO, GFP_NOFS, GFP_USER, GFP_KERNEL_ACCOUNT | __GFP_NOWARN] {
        assert!(KBox::new(1, flags).is_ok());
    }
    // Also where no memory is needed.
    assert!(KBox::new((), !GFP_ATOMIC).is_err());
}

#[test]
fn nodes_are_numbers_of_nodes() {
    assert!(NumaNode::new(0).is_ok() && NumaNode::new(1023).is_ok());
    assert_eq!((NumaNode::new(-1), NumaNode::new(1024)), (Err(EINVAL), Err(EINVAL)));
}

#[test]
fn memory_comes_from_the_node_that_is_wished() {
    let two = boot(&Setup { ram_bytes: 1 << 30, nodes: 2, cpus: 4, ..Setup::default() }).expect("it boots");
    with_kernel(&two, || {
        for node in [1, 0, 1] {
            let nid = NumaNode::new(node).expect("a node");
            let memory = Vmalloc::alloc(layout(3 * PAGE_SIZE, 8), GFP_KERNEL, nid).expect("there is memory").cast();
            // SAFETY: It is vmalloc's, and is freed below.
            assert_eq!(unsafe { Vmalloc::to_page(memory) }.nid(), node);
            // SAFETY: It was given for this layout.
            unsafe { Vmalloc::free(memory, layout(3 * PAGE_SIZE, 8)) };
        }
        // What the CPU has at hand of another node is not given; a wish that cannot be is none.
        let take = |node| {
            let nid = NumaNode::new(node).expect("a node");
            Kmalloc::alloc(layout(200, 8), GFP_KERNEL, nid).expect("there is memory").cast::<u8>()
        };
        let node_of = |memory: NonNull<u8>| {
            two.with(|kernel| {
                let addr = memory.as_ptr().addr()
                    - kernel.machine().pointer_to(kernel.profile.page_offset).expect("it is mapped").addr();
                let pfn = kernel::Pfn::containing(kernel::PhysAddr::new(addr as u64));
                kernel.pages().node_of(pfn).expect("a frame") as i32
            })
        };
        let held: std::vec::Vec<_> = [0, 1].into_iter().cycle().take(40).map(|node| (node, take(node))).collect();
        held.iter().for_each(|(node, memory)| assert_eq!(node_of(*memory), *node));
        // SAFETY: Each was given for this layout, and is freed once.
        let free = |memory| unsafe { Kmalloc::free(memory, layout(200, 8)) };
        held.into_iter().for_each(|(_, memory)| free(memory));
        for node in [1, 0, 1, 1, 0, 0] {
            let memory = take(node);
            assert_eq!(node_of(memory), node);
            free(memory);
        }
        free(take(5));
    });
    assert_eq!(two.live(), 0);
}

#[test]
fn alignment_is_kept() {
    for align in (0..=12).map(|shift| 1 << shift) {
        for size in [1, 24, 48, 80, 96, 130, 192, 1000, 5000, 9000] {
            for flags in [GFP_KERNEL, GFP_KERNEL | __GFP_ZERO] {
                let memory = give::<Kmalloc>(size, align, flags).expect("there is memory");
                assert!(memory.addr().get().is_multiple_of(align.max(Kmalloc::MIN_ALIGN)), "{size} {align}");
                // SAFETY: It was given for this layout.
                unsafe { Kmalloc::free(memory, layout(size, align)) };
            }
        }
    }
    for align in [8, 4096, 8192, 1 << 16] {
        let memory = give::<Vmalloc>(10, align, GFP_KERNEL).expect("there is memory");
        assert!(memory.addr().get().is_multiple_of(align.max(Vmalloc::MIN_ALIGN)));
        // SAFETY: It was given for this layout.
        unsafe { Vmalloc::free(memory, layout(10, align)) };
    }
    let large = give::<Kmalloc>(64, 1 << 20, GFP_KERNEL).expect("there is memory");
    assert!(large.addr().get().is_multiple_of(1 << 20));
    // SAFETY: It was given for this layout.
    unsafe { Kmalloc::free(large, layout(64, 1 << 20)) };
}

#[test]
fn kmalloc_grows_in_its_class_and_moves_beyond() {
    let old = give::<Kmalloc>(40, 8, GFP_KERNEL | __GFP_ZERO).expect("there is memory");
    // SAFETY: Each pointer is used with the size it was given for, and no more after it has moved.
    unsafe {
        old.write_bytes(0x5a, 40);
        let same = grow::<Kmalloc>(old, 40, 64, GFP_KERNEL | __GFP_ZERO).expect("it fits");
        assert_eq!(same, old, "kmalloc-64 holds 64");
        assert_eq!((same.add(39).read(), same.add(40).read(), same.add(63).read()), (0x5a, 0, 0));
        let moved = grow::<Kmalloc>(same, 64, 65, GFP_KERNEL | __GFP_ZERO).expect("there is memory");
        assert_ne!(moved, old);
        assert_eq!((moved.read(), moved.add(39).read(), moved.add(64).read()), (0x5a, 0x5a, 0));
        let same = grow::<Kmalloc>(moved, 65, 8, GFP_KERNEL).expect("it shrinks");
        assert_eq!(same, moved);
        // More than there ever is: the old memory stays.
        assert!(grow::<Kmalloc>(same, 8, kmem_rust::bindings::KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN).is_err());
        assert_eq!(same.read(), 0x5a);
        assert!(grow::<Kmalloc>(same, 8, 0, GFP_KERNEL).is_ok(), "which frees");
    }
}

#[test]
fn kvmalloc_follows_the_rule_of_the_kernel() {
    let kernel = small(512 << 20);
    with_kernel(&kernel, || {
        let is_vmalloc = |memory: NonNull<u8>| {
            kernel.with(|kernel| {
                let addr = kernel.machine().address_at(memory.as_ptr()).expect("the kernel's");
                kernel.map().is_vmalloc(addr)
            })
        };
        let check = |size: usize, flags, expected: Option<bool>| {
            let given = give::<KVmalloc>(size, 8, flags);
            assert_eq!(given.map(is_vmalloc).ok(), expected, "{size}");
            if let Ok(memory) = given {
                // SAFETY: It was given for this layout.
                unsafe { KVmalloc::free(memory, layout(size, 8)) };
            }
        };
        let most = kmem_rust::bindings::KMALLOC_MAX_SIZE;
        check(8, GFP_KERNEL, Some(false));
        check(most, GFP_KERNEL, Some(false));
        check(most + 1, GFP_KERNEL, Some(true));
        check(most + 1, GFP_ATOMIC, None);
        // One page is kmalloc's or nobody's; more may be vmalloc's.
        let failing = |size, expected| {
            kernel.fail_nth(1);
            check(size, GFP_KERNEL, expected);
        };
        failing(PAGE_SIZE, None);
        failing(PAGE_SIZE + 1, Some(true));

        let mut grown = KVVec::<u64>::with_capacity(512, GFP_KERNEL).expect("there is memory");
        (0..512).for_each(|n| grown.push_within_capacity(n).expect("there is room"));
        assert!(!is_vmalloc(NonNull::from(&grown[0]).cast()));
        grown.reserve(1 << 20, GFP_KERNEL).expect("vmalloc has it");
        assert!(is_vmalloc(NonNull::from(&grown[0]).cast()));
        assert!(grown.iter().copied().eq(0..512));
    });
    assert_eq!((kernel.live(), kernel.with(|kernel| kernel.verify())), (0, Ok(())));
}

#[test]
fn exhausted_memory_is_an_error_of_each_call() {
    let kernel = small(160 << 20);
    with_kernel(&kernel, || {
        let quiet = GFP_KERNEL | __GFP_NOWARN;
        assert!(VVec::<u8>::with_capacity(1 << 30, quiet).is_err());
        let mut kept = VVec::<KBox<[u8; 4096]>>::with_capacity(1 << 16, quiet).expect("there is memory");
        // SAFETY: Any bytes are an array of bytes; these are what the page's last owner left.
        while let Ok(page) = KBox::new_uninit(GFP_NOWAIT).map(|place| unsafe { place.assume_init() }) {
            kept.push_within_capacity(page).expect("there is room for all of RAM");
        }
        assert!(kept.len() > 1000);
        let before = kept.len();
        assert!(KVec::<[u8; 4096]>::with_capacity(1, GFP_NOWAIT).is_err());
        assert!(KBox::new([0u8; 8192], GFP_NOWAIT).is_err());
        assert!(Page::alloc_page(GFP_NOWAIT).is_err());
        let mut text = KVec::<u8>::new();
        let mut pushed = 0usize;
        while text.push(1, GFP_NOWAIT).is_ok() {
            pushed += 1;
        }
        assert_eq!(text.len(), pushed, "a push that failed changes nothing");
        assert!(text.extend_from_slice(&[0; 1 << 20], GFP_NOWAIT).is_err());
        assert!(text.resize(1 << 24, 0, GFP_NOWAIT).is_err());
        assert_eq!((text.len(), kept.len()), (pushed, before));
        drop(kept);
        assert!(KBox::new([0u8; 8192], GFP_NOWAIT).is_ok(), "all of it came back");
    });
    assert_eq!((kernel.live(), kernel.with(|kernel| kernel.verify())), (0, Ok(())));
}

#[test]
fn pages_of_vmalloc_are_found() {
    let mut b = VBox::new([0u8; 3 * PAGE_SIZE + 1], GFP_KERNEL).expect("there is memory");
    for (page, byte) in b.chunks_mut(PAGE_SIZE).zip(1..) {
        page.fill(byte);
    }
    let firsts: std::vec::Vec<u8> = b
        .page_iter()
        .map(|page| {
            let mut first = 0;
            // SAFETY: One byte; the box is borrowed.
            unsafe { page.read_raw(&mut first, 0, 1) }.expect("inside");
            first
        })
        .collect();
    assert_eq!(firsts, [1, 2, 3, 4]);
    assert_eq!(b.page_iter().size_hint(), (4, Some(4)));
}

#[test]
fn an_object_may_outlive_its_scope_and_its_handle() {
    let kernel = small(256 << 20);
    let escaped = with_kernel(&kernel, || KBox::new([3u64; 100], GFP_KERNEL).expect("there is memory"));
    let long = with_kernel(&kernel, || VBox::new(9u64, GFP_KERNEL).expect("there is memory"));
    assert_eq!(kernel.live(), 2);
    drop(kernel);
    // Another kernel is current here, and another thread frees.
    let sum = std::thread::spawn(move || escaped.iter().sum::<u64>() + *long).join();
    assert_eq!(sum.ok(), Some(309));
}

#[test]
fn more_threads_than_cpus() {
    let kernel = small(256 << 20);
    std::thread::scope(|scope| {
        let (send, receive) = std::sync::mpsc::channel::<KVec<usize>>();
        for thread in 0..16 {
            let (kernel, send) = (&kernel, send.clone());
            scope.spawn(move || {
                with_kernel(kernel, || {
                    for round in 0..200 {
                        let mut v = KVec::new();
                        (0..round).for_each(|n| v.push(n ^ thread, GFP_KERNEL).expect("there is memory"));
                        assert!(v.iter().enumerate().all(|(n, value)| *value == n ^ thread));
                        if send.send(v).is_err() {
                            return;
                        }
                    }
                });
            });
        }
        drop(send);
        // Freed by another thread than the one that allocated.
        let lengths: usize = receive.iter().map(|v| v.len()).sum();
        assert_eq!(lengths, 16 * (0..200).sum::<usize>());
    });
    assert_eq!((kernel.live(), kernel.with(|kernel| kernel.verify())), (0, Ok(())));
}

#[test]
fn a_machine_of_32_bits_serves_as_well() {
    let i386 = boot(&Setup { machine: "i386-pae-6.1", ram_bytes: 1 << 30, ..Setup::default() }).expect("it boots");
    with_kernel(&i386, || {
        let v = VVec::from_elem(7u32, 10_000, GFP_KERNEL).expect("there is memory");
        let k = KVec::from_elem(7u32, 10_000, GFP_KERNEL).expect("there is memory");
        assert_eq!(v, k);
    });
    assert_eq!((i386.live(), i386.with(|kernel| kernel.verify())), (0, Ok(())));
}
