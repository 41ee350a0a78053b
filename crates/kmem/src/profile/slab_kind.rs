//! Which slab allocator a kernel is built with: `CONFIG_SLAB`, `CONFIG_SLUB` or `CONFIG_SLOB`.
//!
//! A profile has one, and names the others that its kernel's source has too. The same kernel built with another one is
//! another constant table: [`Profile::with_slab`].

use super::{Profile, SlabRule};
use core::fmt;

/// The slab allocators there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlabKind {
    /// Slabs with descriptors, Bonwick's design (up to 6.7).
    Slab,
    /// Slabs without (2.6.22 and later).
    Slub,
    /// Blocks in pages that all sizes share, for machines with little memory (2.6.16 to 6.3).
    Slob,
}

impl SlabKind {
    /// All, in the order in which they came.
    pub const ALL: [Self; 3] = [Self::Slab, Self::Slob, Self::Slub];

    /// Returns its name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slab => "slab",
            Self::Slub => "slub",
            Self::Slob => "slob",
        }
    }
    /// Returns the name of the option of the kernel's configuration that chooses it.
    pub const fn config(self) -> &'static str {
        match self {
            Self::Slab => "CONFIG_SLAB",
            Self::Slub => "CONFIG_SLUB",
            Self::Slob => "CONFIG_SLOB",
        }
    }
}

impl fmt::Display for SlabKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl SlabRule {
    /// Returns which allocator it is.
    pub const fn kind(&self) -> SlabKind {
        match self {
            Self::Slab { .. } => SlabKind::Slab,
            Self::Slub { .. } => SlabKind::Slub,
            Self::Slob { .. } => SlabKind::Slob,
        }
    }
}

impl Profile {
    /// Returns the allocators that the kernel can be built with, its own first.
    pub fn slab_kinds(&self) -> impl Iterator<Item = SlabKind> {
        core::iter::once(self.slab.kind()).chain(self.other_slabs.iter().map(SlabRule::kind))
    }
    /// Returns the same kernel, built with another slab allocator; `None` when its source has no such one.
    ///
    /// ```
    /// use kmem::profile::{by_name, SlabKind};
    ///
    /// let usual = by_name("i386-6.1").unwrap();
    /// assert_eq!(usual.slab.kind(), SlabKind::Slub);
    /// assert_eq!(usual.with_slab(SlabKind::Slob).unwrap().slab.kind(), SlabKind::Slob);
    /// // SLOB was removed in 6.4.
    /// assert!(by_name("amd64-6.12").unwrap().with_slab(SlabKind::Slob).is_none());
    /// ```
    pub fn with_slab(&self, kind: SlabKind) -> Option<Self> {
        let rules = core::iter::once(&self.slab).chain(self.other_slabs);
        let slab = *rules.into_iter().find(|rule| rule.kind() == kind)?;
        Some(Self { slab, ..self.clone() })
    }
}
