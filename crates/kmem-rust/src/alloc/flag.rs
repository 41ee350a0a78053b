//! [`Flags`]: what an allocation may do, as a number that a kernel would have.
//!
//! The operators are those of bits, so safe code can write `!GFP_ATOMIC`: all bits but a few, among them two zones at once
//! and bits that mean nothing. A C allocator that looks its zone up by them reads beyond its table. Here such a set can be
//! made, and every allocation with it is an [`AllocError`]; so there are these rules, each with the kernel's for it:
//!
//! - **F1** Every bit means something: `__GFP_BITS_MASK`.
//! - **F2** At most one zone: `GFP_ZONE_BAD`.
//! - **F3** Movable or reclaimable, not both: `GFP_MOVABLE_MASK`.
//! - **F4** What may never fail may sleep: `__alloc_pages_slowpath` warns otherwise.
//! - **F5** kmalloc gives neither high memory nor DMA32: `GFP_SLAB_BUG_MASK`. (The kernel warns and goes on without them.)
//!   KVmalloc begins with kmalloc.
//! - **F6** vmalloc sleeps. (The kernel warns, if it checks, and may deadlock.)
//!
//! Source: 6.12 `include/linux/gfp_types.h`, `include/linux/gfp.h`, `mm/internal.h`, `mm/page_alloc.c`.

use super::AllocError;
use core::ops::{BitAnd, BitOr, Not};
use kmem::gfp::GFP_6_12;
use kmem::Gfp;

/// What an allocation may do: any set of the constants in [`flags`](super::flags), combined by `|`, `&` and `!`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(u32);

/// Who takes the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum User {
    Pages,
    Kmalloc,
    Vmalloc,
}

const ZONES: [Gfp; 3] = [Gfp::DMA, Gfp::HIGHMEM, Gfp::DMA32];
const MOBILITY: Gfp = Gfp::MOVABLE.union(Gfp::RECLAIMABLE);

impl Flags {
    /// Takes the number that Linux 6.12 has.
    pub(crate) const fn new(raw: u32) -> Self {
        Self(raw)
    }
    /// No flag at all: nothing may be done to get memory.
    pub(crate) const fn none() -> Self {
        Self(0)
    }
    /// True when all of `flags` are in this set.
    pub fn contains(self, flags: Self) -> bool {
        self & flags == flags
    }
    /// Returns the number.
    pub fn as_raw(self) -> u32 {
        self.0
    }
    /// Translates to the engine's flags.
    ///
    /// # Errors
    /// [`AllocError`] when one of the rules of the module's head forbids them.
    pub(crate) fn check(self, user: User) -> Result<Gfp, AllocError> {
        let (gfp, unknown) = GFP_6_12.decode(self.0);
        let is_good = unknown == 0
            && ZONES.iter().filter(|zone| gfp.contains(**zone)).count() <= 1
            && !gfp.contains(MOBILITY)
            && (gfp.may_sleep() || !gfp.contains(Gfp::NOFAIL))
            && match user {
                User::Pages => true,
                User::Kmalloc => !gfp.intersects(Gfp::HIGHMEM | Gfp::DMA32),
                User::Vmalloc => gfp.may_sleep(),
            };
        is_good.then_some(gfp).ok_or(AllocError)
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
impl BitAnd for Flags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
impl Not for Flags {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::flags::*;
    use super::*;

    #[test]
    fn each_rule_refuses() {
        let refused = |flags: Flags, user| assert_eq!(flags.check(user), Err(AllocError), "{:#x}", flags.as_raw());
        let given = |flags: Flags, user| assert!(flags.check(user).is_ok(), "{:#x}", flags.as_raw());
        refused(Flags::new(1 << 31), User::Pages); // F1
        refused(GFP_DMA | GFP_DMA32, User::Pages); // F2
        refused(GFP_KERNEL | __GFP_HIGHMEM | GFP_DMA, User::Pages);
        refused(GFP_KERNEL | Flags::new(0x18), User::Pages); // F3
        refused(GFP_NOWAIT | Flags::new(0x8000), User::Pages); // F4
        refused(GFP_KERNEL | __GFP_HIGHMEM, User::Kmalloc); // F5
        refused(GFP_KERNEL | GFP_DMA32, User::Kmalloc);
        refused(GFP_ATOMIC, User::Vmalloc); // F6
        refused(!GFP_ATOMIC, User::Pages);
        given(GFP_KERNEL | __GFP_HIGHMEM, User::Pages);
        given(GFP_KERNEL | GFP_DMA32, User::Vmalloc);
        given(GFP_ATOMIC | GFP_DMA | __GFP_ZERO | __GFP_NOWARN, User::Kmalloc);
        given(GFP_KERNEL_ACCOUNT, User::Kmalloc);
    }

    #[test]
    fn they_are_the_numbers_of_a_kernel() {
        let numbers = [
            (GFP_KERNEL, "GFP_KERNEL"),
            (GFP_ATOMIC, "GFP_ATOMIC"),
            (GFP_NOWAIT, "GFP_NOWAIT"),
            (GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT"),
            (GFP_NOIO, "GFP_NOIO"),
            (GFP_NOFS, "GFP_NOFS"),
            (GFP_USER, "GFP_USER"),
            (GFP_DMA, "GFP_DMA"),
            (GFP_DMA32, "GFP_DMA32"),
            (__GFP_ZERO, "__GFP_ZERO"),
            (__GFP_HIGHMEM, "__GFP_HIGHMEM"),
            (__GFP_NOWARN, "__GFP_NOWARN"),
        ];
        for (flags, name) in numbers {
            assert_eq!(GFP_6_12.by_name(name).map(|gfp| GFP_6_12.encode(gfp)), Some(flags.as_raw()), "{name}");
        }
        assert!(GFP_KERNEL.contains(GFP_NOFS) && !GFP_NOFS.contains(GFP_KERNEL));
    }
}
