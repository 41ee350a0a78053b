//! Collections of other crates on a kernel.

use allocator_api2::alloc::{AllocError, Allocator};
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use hashbrown::{DefaultHashBuilder, HashMap};
use kmem_rust::alloc::flags::{GFP_ATOMIC, GFP_KERNEL};
use kmem_rust::allocator_api::{Cache, In};
use kmem_rust::{boot, Handle, Setup};
use std::alloc::Layout;

fn kernel() -> Handle {
    boot(&Setup { cpus: 2, ..Setup::default() }).expect("it boots")
}
fn slabinfo(kernel: &Handle, cache: &str) -> Option<u64> {
    let mut text = String::new();
    kernel.with(|kernel| kernel.write_proc("slabinfo", &mut text).expect("a file").expect("into a string"));
    let line = text.lines().find(|line| line.split(' ').next() == Some(cache))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

#[test]
fn a_map_and_its_values_live_on_a_kernel() {
    let kernel = kernel();
    let kmalloc = In::kmalloc(&kernel, GFP_ATOMIC);
    let mut map = HashMap::with_hasher_in(DefaultHashBuilder::default(), In::kvmalloc(&kernel, GFP_KERNEL));
    for n in 0..20_000u64 {
        let mut value = Vec::new_in(kmalloc.clone());
        value.extend(0..n % 40);
        map.insert(n, value);
    }
    assert!((0..20_000).all(|n| map.get(&n).is_some_and(|value| value.iter().copied().eq(0..n % 40))));
    assert!(kernel.live() > 19_000);
    map.retain(|n, _| n % 2 == 0);
    assert_eq!(map.len(), 10_000);
    drop(map);
    assert_eq!((kernel.live(), kernel.with(|kernel| kernel.verify())), (0, Ok(())));
}

#[test]
fn two_kernels_are_two_memories() {
    let (one, other) = (kernel(), kernel());
    let mut a = Vec::new_in(In::kmalloc(&one, GFP_KERNEL));
    let mut b = Vec::new_in(In::vmalloc(&other, GFP_KERNEL));
    a.extend(0..1000);
    b.extend(0..1000);
    assert_eq!((one.live(), other.live()), (1, 1));
    assert!(a.iter().eq(b.iter()));
    drop(one);
    drop(other);
    // The handles are gone; the vectors hold their kernels.
    assert_eq!(a.iter().chain(b.iter()).sum::<i32>(), 999_000);
}

#[test]
fn growing_zeroes_and_shrinking_keep_what_they_promise() {
    let kernel = kernel();
    let kmalloc = In::kmalloc(&kernel, GFP_KERNEL);
    let layout = |size, align| Layout::from_size_align(size, align).expect("a layout");
    let memory = kmalloc.allocate(layout(20, 4)).expect("there is memory").cast::<u8>();
    // SAFETY: Each pointer is used with the layout it has, and no more after it has moved.
    unsafe {
        memory.write_bytes(0xff, 20);
        let wide = kmalloc.grow_zeroed(memory, layout(20, 4), layout(5000, 64)).expect("there is memory");
        assert!(wide.len() >= 5000 && wide.cast::<u8>().addr().get().is_multiple_of(64));
        let wide = wide.cast::<u8>();
        assert!((0..5000).all(|at| wide.add(at).read() == if at < 20 { 0xff } else { 0 }));
        let less = kmalloc.shrink(wide, layout(5000, 64), layout(10, 1)).expect("it shrinks").cast::<u8>();
        assert_eq!(less.add(9).read(), 0xff);
        assert_eq!(kernel.live(), 1);
        let none = kmalloc.shrink(less, layout(10, 1), layout(0, 16)).expect("it shrinks").cast::<u8>();
        assert_eq!((kernel.live(), none.addr().get() % 16), (0, 0));
        kmalloc.deallocate(none, layout(0, 16));
    }
    let zeroed = kmalloc.allocate_zeroed(layout(100, 8)).expect("there is memory");
    // SAFETY: It has 100 bytes.
    assert!(unsafe { zeroed.as_ref() }.iter().all(|byte| *byte == 0));
    // SAFETY: It was given for this layout.
    unsafe { kmalloc.deallocate(zeroed.cast(), layout(100, 8)) };
}

#[test]
fn a_cache_gives_its_size_and_shows_in_slabinfo() {
    let kernel = kernel();
    let cache = Cache::create(&kernel, "list-node", 40, 8).expect("there is no such cache yet");
    let nodes: std::vec::Vec<_> = (0..500u64).map(|n| Box::new_in([n; 5], cache.clone())).collect();
    assert!(slabinfo(&kernel, "list-node").is_some_and(|objects| objects >= 500));
    assert_eq!(nodes.iter().map(|node| node[4]).sum::<u64>(), 500 * 499 / 2);
    let refused = |layout: Layout| cache.allocate(layout).map(|_| ());
    assert_eq!(refused(Layout::new::<[u64; 6]>()), Err(AllocError));
    assert_eq!(refused(Layout::from_size_align(8, 4096).expect("a layout")), Err(AllocError));
    kernel.fail_nth(1);
    assert_eq!(refused(Layout::new::<u64>()), Err(AllocError));
    drop(nodes);
    drop(cache);
    assert_eq!(slabinfo(&kernel, "list-node"), None, "destroyed with its last handle");
    assert_eq!((kernel.live(), kernel.with(|kernel| kernel.verify())), (0, Ok(())));
}
