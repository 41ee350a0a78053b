//! The flags, by their names in the kernel. The numbers are those of Linux 6.12, `include/linux/gfp_types.h`.

use super::Flags;

/// The memory is zeroed.
pub const __GFP_ZERO: Flags = Flags::new(0x100);
/// May lie above the direct map. Only for allocations that are mapped: vmalloc's, and pages.
pub const __GFP_HIGHMEM: Flags = Flags::new(0x2);
/// No report when it fails.
pub const __GFP_NOWARN: Flags = Flags::new(0x2000);
/// Ordinary: may sleep, may do I/O, may call file systems.
pub const GFP_KERNEL: Flags = Flags::new(0xcc0);
/// As [`GFP_KERNEL`], and charged to the caller's control group.
pub const GFP_KERNEL_ACCOUNT: Flags = Flags::new(0x40_0cc0);
/// Never sleeps and may use some of the reserves: interrupts, spin locks.
pub const GFP_ATOMIC: Flags = Flags::new(0x820);
/// Never sleeps, has no reserves, does not warn.
pub const GFP_NOWAIT: Flags = Flags::new(0x2800);
/// May sleep, starts no I/O.
pub const GFP_NOIO: Flags = Flags::new(0xc00);
/// May sleep and start I/O, calls no file system.
pub const GFP_NOFS: Flags = Flags::new(0xc40);
/// For a user process, bound to its nodes.
pub const GFP_USER: Flags = Flags::new(0x10_0cc0);
/// From the zone that old devices reach. Says nothing about sleeping: combine it.
pub const GFP_DMA: Flags = Flags::new(0x1);
/// From below 4 GiB. Says nothing about sleeping: combine it.
pub const GFP_DMA32: Flags = Flags::new(0x4);
