//! Machines that cannot be: why, with the numbers that decide, and what to change.

use super::memblock::{ListFull, MAX_RANGES};
use crate::units::PhysRange;
use core::fmt;

/// A machine that cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BootError {
    /// The kernel does not fit.
    RamTooSmall {
        /// Bytes of RAM there are.
        ram: u64,
        /// Bytes that would do.
        needed: u64,
    },
    /// The kernel cannot reach so much.
    RamTooLarge {
        /// Bytes of RAM there are.
        ram: u64,
        /// The most.
        limit: u64,
        /// The profile's name.
        profile: &'static str,
    },
    /// No CPU, or more than the kernel was built for.
    Cpus {
        /// CPUs asked for.
        cpus: u32,
        /// The most.
        limit: u32,
    },
    /// `vmalloc=` takes the whole address space of the kernel.
    VmallocLeavesNoLow {
        /// Bytes asked for.
        asked: u64,
        /// Bytes that the direct map and the vmalloc area share.
        space: u64,
    },
    /// `vmalloc=` is so little that low memory reaches into what is mapped above the vmalloc area.
    NoVmallocArea {
        /// The end of the direct map.
        high_memory: u64,
        /// The end of the vmalloc area.
        vmalloc_end: u64,
    },
    /// The kernel image does not lie in the RAM that is mapped directly.
    ImageOutside {
        /// The image's last byte, plus one.
        image_end: u64,
        /// The last byte of low memory, plus one.
        low_end: u64,
    },
    /// Something that boot needs early finds no place in low memory.
    NoRoom {
        /// What it is.
        what: &'static str,
        /// Its bytes.
        bytes: u64,
        /// Bytes of low memory.
        low: u64,
    },
    /// The boot loader puts the initrd or the device tree where the direct map does not reach: `vmalloc=` leaves too
    /// little low memory.
    InitrdOutside {
        /// The last byte of the two, plus one.
        end: u64,
        /// The last byte of low memory, plus one.
        low_end: u64,
    },
    /// No node, an empty one, or more than the kernel knows.
    Nodes {
        /// Nodes asked for.
        nodes: u32,
        /// The most.
        limit: u32,
        /// The profile's name.
        profile: &'static str,
    },
    /// The nodes together are larger than the RAM.
    NodesTooLarge {
        /// Bytes of all nodes.
        asked: u64,
        /// Bytes of RAM.
        ram: u64,
    },
    /// RAM, a part of which belongs to no node.
    OutsideNodes(PhysRange),
    /// Two nodes' zones of one kind lie in each other: the range of the later one. Their frames could not be told apart.
    NodesInterleave(PhysRange),
    /// More ranges than [`MAX_RANGES`].
    TooManyRanges,
    /// A given range of RAM that is empty, not in ascending order, or beyond what the kernel reaches.
    BadRange(PhysRange),
}

impl From<ListFull> for BootError {
    fn from(_: ListFull) -> Self {
        Self::TooManyRanges
    }
}

/// A size as people write it: the largest unit that leaves no remainder.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => write!(f, "0"),
            bytes if bytes % (1 << 30) == 0 => write!(f, "{}G", bytes >> 30),
            bytes if bytes % (1 << 20) == 0 => write!(f, "{}M", bytes >> 20),
            bytes if bytes % (1 << 10) == 0 => write!(f, "{}K", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::RamTooSmall { ram: 0, .. } => {
                f.write_str("there is no RAM: --ram gives it, and mem= and memmap= (`exactmap`: the pieces behind it) have to leave some")
            }
            Self::RamTooSmall { ram, needed } => write!(
                f,
                "{} of RAM is too little: the kernel image, its page structures and the least free memory need {}; give it --ram {} or more, and no smaller mem=",
                Size(ram), Size(needed), Size(needed)
            ),
            Self::RamTooLarge { ram, limit, profile } => write!(
                f,
                "{} of RAM is more than {profile} can reach: {} is the most; take less RAM or a machine with wider physical addresses",
                Size(ram), Size(limit)
            ),
            Self::Cpus { cpus, limit } => write!(f, "{cpus} CPUs: this kernel runs on 1 to {limit}"),
            Self::VmallocLeavesNoLow { asked, space } => write!(
                f,
                "vmalloc={} leaves no room for the direct map: both share {} of addresses; the real kernel dies early in boot; ask for less",
                Size(asked), Size(space)
            ),
            Self::NoVmallocArea { high_memory, vmalloc_end } => write!(
                f,
                "vmalloc= leaves no vmalloc area: the direct map ends at {high_memory:#x} and the area would end at {vmalloc_end:#x}; ask for more"
            ),
            Self::ImageOutside { image_end, low_end } => write!(
                f,
                "the kernel image reaches up to {image_end:#x}, low memory ends at {low_end:#x}; take a smaller vmalloc=, more RAM, or a memmap= that leaves RAM there"
            ),
            Self::NoRoom { what, bytes, low } => write!(
                f,
                "no room for {what} ({bytes} bytes) in {} of low memory; take less RAM, more low memory (a smaller vmalloc=) or a 64-bit machine",
                Size(low)
            ),
            Self::InitrdOutside { end, low_end } => write!(
                f,
                "the boot loader's initrd and device tree reach up to {end:#x}, low memory ends at {low_end:#x}: the real kernel stops before it can print; ask for a smaller vmalloc="
            ),
            Self::Nodes { nodes, limit: 1, profile } => {
                write!(f, "{nodes} nodes: {profile} knows no NUMA; take one node or a 64-bit machine")
            }
            Self::Nodes { nodes, limit, .. } => write!(f, "{nodes} nodes: from 1 to {limit}, none of them empty"),
            Self::NodesTooLarge { asked, ram } => {
                write!(f, "the nodes together have {}, the machine has {} of RAM", Size(asked), Size(ram))
            }
            Self::NodesInterleave(range) => write!(
                f,
                "the zone at {:#x}-{:#x} of one node lies among the RAM of another; give each node ranges that follow each other",
                range.start.raw(),
                range.end.raw()
            ),
            Self::OutsideNodes(range) => write!(
                f,
                "a part of the RAM {:#x}-{:#x} belongs to no node",
                range.start.raw(),
                range.end.raw()
            ),
            Self::TooManyRanges => write!(f, "more than {MAX_RANGES} ranges of memory"),
            Self::BadRange(range) => write!(
                f,
                "RAM range {:#x}-{:#x} is empty, out of order or beyond what this kernel reaches",
                range.start.raw(),
                range.end.raw()
            ),
        }
    }
}
