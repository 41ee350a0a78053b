//! Three ways of going wrong, kept apart: an allocation that does not succeed is ordinary ([`AllocError`]), a caller
//! that breaks the rules is reported and refused ([`Misuse`]), and an invariant that does not hold is our bug ([`Broken`]).

use crate::units::{Order, Pfn, PhysAddr, VirtAddr};
use core::fmt;

/// Why an allocation did not succeed, with the numbers that decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocError {
    /// No zone that the flags allow has a free block of this order above its watermark.
    NoMemory {
        /// The order asked for.
        order: Order,
        /// Free pages in all the zones that were allowed.
        free_pages: u64,
    },
    /// The size is beyond what this allocator ever gives.
    TooLarge {
        /// Bytes asked for.
        bytes: u64,
        /// The most there is.
        limit: u64,
    },
    /// A size of 0 where none makes sense.
    ZeroSize,
    /// More pages were asked for than the machine has.
    ExceedsRam {
        /// Pages asked for.
        pages: u64,
        /// Pages the machine has.
        total_pages: u64,
    },
    /// The address range has no hole that is large enough.
    NoAddressSpace {
        /// Bytes asked for, the guard page included.
        bytes: u64,
        /// The largest hole.
        largest_hole: u64,
    },
    /// The flags ask for what this allocator cannot give (highmem from kmalloc, a bad combination).
    BadFlags(&'static str),
    /// All slots of a fixed table (pkmap, kmap_atomic) are in use and waiting is not possible.
    NoSlot,
    /// The machine has no such thing (`vmap` without an MMU).
    Unsupported(&'static str),
    /// Nothing is left, the caller may sleep until something is, and this machine cannot make it wait.
    CannotWait,
    /// An injected failure.
    Injected,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoMemory { order, free_pages } => {
                write!(f, "no free block of order {order} above the watermarks, {free_pages} pages free")
            }
            Self::TooLarge { bytes, limit } => write!(f, "{bytes} bytes asked for, {limit} is the most"),
            Self::ZeroSize => write!(f, "a size of 0"),
            Self::ExceedsRam { pages, total_pages } => {
                write!(f, "{pages} pages asked for, the machine has {total_pages}")
            }
            Self::NoAddressSpace { bytes, largest_hole } => write!(
                f,
                "{bytes} bytes of addresses needed (guard page included), the largest hole has {largest_hole}"
            ),
            Self::BadFlags(why) | Self::Unsupported(why) => f.write_str(why),
            Self::NoSlot => write!(f, "all slots are in use"),
            Self::CannotWait => {
                write!(f, "nothing is left, and this machine cannot make its caller wait until something is freed")
            }
            Self::Injected => write!(f, "failure injected"),
        }
    }
}

/// Why a call that takes a pointer and gives memory did not succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReallocError {
    /// The pointer is wrong.
    Misuse(Misuse),
    /// There is no memory; what the pointer means is as it was.
    Alloc(AllocError),
}

impl From<Misuse> for ReallocError {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}
impl From<AllocError> for ReallocError {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}
impl fmt::Display for ReallocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Alloc(error) => error.fmt(f),
        }
    }
}

/// What a caller did wrong. The engine names it and does not execute it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misuse {
    /// A block freed with another order than it was allocated with.
    WrongOrder {
        /// First frame of the block.
        pfn: Pfn,
        /// The order it has.
        allocated: Order,
        /// The order it was freed with.
        freed: Order,
    },
    /// A page freed that is free already.
    DoubleFree(Pfn),
    /// A page freed that the kernel keeps for itself (image, mem_map, hole).
    Reserved(Pfn),
    /// A page freed that belongs to a slab.
    SlabPage(Pfn),
    /// A frame in the middle of a block freed as if it were the first.
    NotAHead {
        /// The frame that was freed.
        pfn: Pfn,
        /// The first frame of its block.
        head: Pfn,
    },
    /// A frame number or an address that is no RAM.
    NotRam(PhysAddr),
    /// An address that the direct map does not hold.
    NotDirectMapped(VirtAddr),
    /// A page whose reference count is not what the operation needs.
    BadCount {
        /// The page.
        pfn: Pfn,
        /// Its count.
        count: u32,
    },
    /// A pointer given to an object allocator that lies in no slab.
    NotAnObject(VirtAddr),
    /// A pointer into the middle of an object.
    InsideObject {
        /// The pointer.
        addr: VirtAddr,
        /// The object's first byte.
        object: VirtAddr,
    },
    /// An object freed that is free already.
    ObjectFree(VirtAddr),
    /// An object freed that has been written around, or into while it was free: it stays where it is.
    Overwritten(VirtAddr),
    /// An object freed to another cache than its own.
    WrongCache {
        /// The object.
        object: VirtAddr,
        /// The name of its own cache.
        cache: Name,
    },
    /// A cache or pool destroyed while objects of it are live.
    LiveObjects {
        /// How many.
        count: u64,
    },
    /// A cache, pool or area that does not exist (any more).
    NoSuchObject(u64),
    /// `vfree` of an address where no area begins.
    NoArea(VirtAddr),
    /// `vfree` of an address inside a page.
    Unaligned(VirtAddr),
    /// `kunmap` of a page that is not mapped.
    NotMapped(VirtAddr),
    /// `kunmap_local` in another order than last-in first-out.
    OutOfOrder(VirtAddr),
    /// A name that is taken, missing or malformed.
    BadName(&'static str),
    /// A size or another argument that makes no sense.
    BadArgument(&'static str),
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WrongOrder { pfn, allocated, freed } => write!(
                f,
                "block at pfn {:#x} was allocated with order {allocated} and freed with order {freed}",
                pfn.raw()
            ),
            Self::DoubleFree(pfn) => write!(f, "page at pfn {:#x} is free already", pfn.raw()),
            Self::Reserved(pfn) => write!(f, "page at pfn {:#x} is reserved", pfn.raw()),
            Self::SlabPage(pfn) => write!(f, "page at pfn {:#x} belongs to a slab", pfn.raw()),
            Self::NotAHead { pfn, head } => write!(
                f,
                "page at pfn {:#x} is not the first of its block, which begins at pfn {:#x}",
                pfn.raw(),
                head.raw()
            ),
            Self::NotRam(addr) => write!(f, "physical address {addr} is no RAM"),
            Self::NotDirectMapped(addr) => write!(f, "address {addr} is not in the direct map"),
            Self::BadCount { pfn, count } => {
                write!(f, "page at pfn {:#x} has reference count {count}", pfn.raw())
            }
            Self::NotAnObject(addr) => write!(f, "{addr} is no object of a slab"),
            Self::InsideObject { addr, object } => {
                write!(f, "{addr} points into the object at {object}, not at its start")
            }
            Self::ObjectFree(addr) => write!(f, "object {addr} is free already"),
            Self::Overwritten(addr) => write!(f, "bytes around object {addr} were overwritten; it is not freed"),
            Self::WrongCache { object, cache } => {
                write!(f, "object {object} belongs to cache {cache}")
            }
            Self::LiveObjects { count } => write!(f, "{count} objects are still in use"),
            Self::NoSuchObject(id) => write!(f, "nothing of that kind at {id:#x}"),
            Self::NoArea(addr) => write!(f, "no vm area begins at {addr}"),
            Self::Unaligned(addr) => write!(f, "{addr} is not page aligned"),
            Self::NotMapped(addr) => write!(f, "nothing is mapped at {addr}"),
            Self::OutOfOrder(addr) => write!(f, "{addr} is not the mapping that was made last"),
            Self::BadName(why) | Self::BadArgument(why) => f.write_str(why),
        }
    }
}

/// An invariant of the engine that does not hold: our bug. `what` names it as the module's documentation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The structure and the invariant, as in `"buddy I3"`.
    pub what: &'static str,
    /// Where: a frame number, an address or an index.
    pub at: u64,
    /// What was found.
    pub found: u64,
    /// What should be there.
    pub expected: u64,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invariant {} broken at {:#x}: found {:#x}, expected {:#x}",
            self.what, self.at, self.found, self.expected
        )
    }
}

/// Sixteen bytes and their characters, as reports quote memory: `hex_dump_to_buffer`.
#[derive(Clone, Copy, Debug)]
pub struct HexRow<'a>(pub &'a [u8]);

impl fmt::Display for HexRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x} "))?;
        write!(f, "{:1$}", "", (16 - self.0.len().min(16)) * 3 + 1)?;
        let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        self.0.iter().try_for_each(|byte| write!(f, "{}", shown(byte)))
    }
}

/// A short name kept by value: of a cache, a zone, a caller. Longer ones are cut at [`Name::CAPACITY`] bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl Name {
    /// The most bytes a name keeps.
    pub const CAPACITY: usize = 47;

    /// Copies `text`, cut at a character boundary if it is longer than [`Name::CAPACITY`].
    pub fn new(text: &str) -> Self {
        let mut len = text.len().min(Self::CAPACITY);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        let mut bytes = [0; Self::CAPACITY];
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self { bytes, len: len as u8 }
    }
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("?")
    }
}
impl Default for Name {
    fn default() -> Self {
        Self::new("")
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl fmt::Write for Name {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let at = usize::from(self.len);
        let mut n = s.len().min(Self::CAPACITY - at);
        while !s.is_char_boundary(n) {
            n -= 1;
        }
        self.bytes[at..at + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n as u8;
        Ok(())
    }
}
