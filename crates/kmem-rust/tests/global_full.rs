//! A heap that runs full: the system serves what does not fit, and nothing is mixed up. One test, so that nobody else allocates
//! while the kernel is verified.

use kmem_rust::heap::KmemAlloc;

#[global_allocator]
static HEAP: KmemAlloc = KmemAlloc::new().ram(256 << 20);

#[test]
fn what_does_not_fit_is_the_systems() {
    let blocks: Vec<Box<[u8; 3000]>> = (0..150_000u32).map(|n| Box::new([n as u8; 3000])).collect();
    let ours = blocks.iter().filter(|block| HEAP.holds(block.as_ptr())).count();
    assert!(ours > 10_000 && ours < 90_000, "{ours} of 450 MB fit into 256 MiB");
    assert!(blocks.iter().zip(0u32..).all(|(block, n)| block.iter().all(|byte| *byte == n as u8)));
    drop(blocks);
    assert_eq!(HEAP.verify(), Ok(()));
    let again: Vec<Box<[u8; 3000]>> = (0..10_000u32).map(|n| Box::new([n as u8; 3000])).collect();
    assert!(again.iter().all(|block| HEAP.holds(block.as_ptr())), "what was freed is given again");
}
