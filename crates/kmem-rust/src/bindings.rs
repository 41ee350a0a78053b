//! Constants that kernel Rust takes from C.

#![allow(non_camel_case_types, non_upper_case_globals)]

/// A page as C has it: only ever behind a pointer.
#[derive(Debug)]
#[repr(C)]
pub struct page {
    _opaque: [u8; 0],
}

/// The most that kmalloc gives on the kernels that have Rust: a block of the top order, 4 MiB. `include/linux/slab.h`.
pub const KMALLOC_MAX_SIZE: usize = 4 << 20;
/// `ARCH_KMALLOC_MINALIGN` of x86-64: that of an `unsigned long long`. `include/linux/slab.h`.
pub const ARCH_KMALLOC_MINALIGN: usize = 8;
/// Bits of an address inside its page.
pub const PAGE_SHIFT: usize = 12;
/// One more than the largest number of a node: `1 << CONFIG_NODES_SHIFT`, 10 bits on x86-64.
pub const MAX_NUMNODES: i32 = 1 << 10;
/// `NUMA_NO_NODE`: no wish.
pub const NUMA_NO_NODE: i32 = -1;
