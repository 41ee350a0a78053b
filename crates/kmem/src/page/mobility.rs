//! Mobility: pages that can be moved are kept apart from pages that cannot.
//!
//! One page of the kernel's in the middle of a large block makes the block useless for large requests until it is freed.
//! So RAM is divided into *pageblocks* (the size of a huge page, or of the largest block), each with a type, and requests
//! take from blocks of their own type: memory crumbles inside few blocks instead of everywhere. Only when a type has
//! nothing left does it take from another (`steal`).
//!
//! Kernel counterpart: `enum migratetype`, `include/linux/mmzone.h` (since 2.6.24); the paper: Gorman, Healy 2006.

use crate::gfp::Gfp;

/// The type of a pageblock, and of the free lists that its blocks are on: the kernel's `migratetype`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Mobility {
    /// Pages that stay where they are.
    Unmovable = 0,
    /// Pages that can be moved: user memory, the page cache.
    Movable = 1,
    /// Pages that can be freed on request: caches of inodes and directory entries.
    Reclaimable = 2,
    /// Kept for important requests of more than one page (4.4 and later; a plain reserve before).
    HighAtomic = 3,
    /// Lent out to movable pages until a device needs the whole area.
    Cma = 4,
    /// Nobody may have them.
    Isolate = 5,
}

impl Mobility {
    /// How many types there are.
    pub const COUNT: usize = 6;
    /// The types that requests have, and that per-CPU lists are for.
    pub const REQUESTED: usize = 3;
    /// All types, in the kernel's order.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Unmovable, Self::Movable, Self::Reclaimable, Self::HighAtomic, Self::Cma, Self::Isolate];

    /// Returns the type that flags ask for: `gfp_migratetype`.
    #[inline(always)]
    pub const fn of(gfp: Gfp) -> Self {
        if gfp.contains(Gfp::RECLAIMABLE) {
            Self::Reclaimable
        } else if gfp.contains(Gfp::MOVABLE) {
            Self::Movable
        } else {
            Self::Unmovable
        }
    }
    /// Returns the type with this number; numbers beyond are `Isolate`.
    #[inline(always)]
    pub const fn from_raw(raw: u32) -> Self {
        if raw < Self::COUNT as u32 {
            Self::ALL[raw as usize]
        } else {
            Self::Isolate
        }
    }
    /// Returns the type as an index into a table.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
    /// Returns where a request goes when its own type has nothing: the kernel's `fallbacks`.
    pub const fn fallbacks(self) -> &'static [Self] {
        match self {
            Self::Unmovable => &[Self::Reclaimable, Self::Movable],
            Self::Movable => &[Self::Reclaimable, Self::Unmovable],
            Self::Reclaimable => &[Self::Unmovable, Self::Movable],
            Self::HighAtomic | Self::Cma | Self::Isolate => &[],
        }
    }
    /// True for the types whose free blocks merge with each other's.
    #[inline]
    pub const fn merges(self) -> bool {
        (self as usize) < Self::REQUESTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_choose_types() {
        assert_eq!(Mobility::of(Gfp::KERNEL), Mobility::Unmovable);
        assert_eq!(Mobility::of(Gfp::HIGHUSER | Gfp::MOVABLE), Mobility::Movable);
        assert_eq!(Mobility::of(Gfp::KERNEL | Gfp::RECLAIMABLE), Mobility::Reclaimable);
        for kind in Mobility::ALL {
            assert_eq!(Mobility::from_raw(kind as u32), kind);
            assert!(kind.fallbacks().iter().all(|other| *other != kind && other.merges()));
        }
    }
}
