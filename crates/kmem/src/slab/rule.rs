//! How generations of kernels differ in what is built on kmalloc, as data.
//!
//! The shape of slabs has its own rule ([`crate::profile::SlabRule`]), the ladder of sizes too
//! ([`crate::profile::KmallocRule`]).

use crate::profile::Profile;

/// What one generation of kernels does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectRule {
    /// Whether `krealloc` with `__GFP_ZERO` zeroes what lies behind the bytes asked for when the object stays where it is
    /// (6.12 and later: `mm/slub.c`, `__do_krealloc`).
    pub krealloc_zeroes_spare: bool,
    /// Who may get vmalloc memory from `kvmalloc`.
    pub kvmalloc: Fallback,
    /// Whether `kvmalloc` refuses more than `INT_MAX` bytes (5.15 and later: `mm/util.c`, `kvmalloc_node`).
    pub kvmalloc_refuses_int_max: bool,
    /// Whether `kvrealloc` finds out by itself how large the memory was (6.12 and later).
    pub kvrealloc_knows_size: bool,
    /// Whether `kmem_cache_destroy` waits for objects that were given to `kfree_rcu` (6.12 and later: `mm/slab_common.c`).
    pub destroy_waits_for_kfree_rcu: bool,
}

/// When `kvmalloc` falls back to vmalloc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fallback {
    /// With all that `GFP_KERNEL` may do: vmalloc's page tables were allocated so, whatever the caller's flags (4.12 to
    /// 5.16).
    GfpKernel,
    /// Where the caller may sleep (5.17 and later).
    MaySleep,
}

/// Up to 5.14. Kernels before 4.12 have no `kvmalloc`; what backports make of it is this.
static EARLY: ObjectRule = ObjectRule {
    krealloc_zeroes_spare: false,
    kvmalloc: Fallback::GfpKernel,
    kvmalloc_refuses_int_max: false,
    kvrealloc_knows_size: false,
    destroy_waits_for_kfree_rcu: false,
};
/// 6.1.
static MODERN: ObjectRule = ObjectRule { kvmalloc: Fallback::MaySleep, kvmalloc_refuses_int_max: true, ..EARLY };
/// 6.12.
static LATE: ObjectRule =
    ObjectRule { krealloc_zeroes_spare: true, kvrealloc_knows_size: true, destroy_waits_for_kfree_rcu: true, ..MODERN };

impl ObjectRule {
    /// Returns the rule of a profile's kernel.
    pub fn of(profile: &Profile) -> &'static Self {
        match profile.version {
            (6, 12.., _) | (7.., ..) => &LATE,
            (5, 17.., _) | (6, ..) => &MODERN,
            _ => &EARLY,
        }
    }
}
