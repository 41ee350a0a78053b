//! `/sys/kernel/slab/CACHE/FILE`: what SLUB says of each cache, one value a file. Source: 6.1 `mm/slub.c`, the attributes
//! behind `SLAB_ATTR_RO`.
//!
//! Two things are as they are here and not there: a cache keeps free objects in arrays of its CPUs, not in slabs that belong
//! to a CPU, so `cpu_slabs` and `slabs_cpu_partial` are 0; and on a machine with several nodes counts are not told apart by
//! node.

use core::fmt::{Result, Write};

/// The files of a cache.
pub const SLAB_FILES: &[&str] = &[
    "object_size",
    "slab_size",
    "order",
    "objs_per_slab",
    "align",
    "min_partial",
    "cpu_partial",
    "aliases",
    "usersize",
    "hwcache_align",
    "cache_dma",
    "reclaim_account",
    "destroy_by_rcu",
    "sanity_checks",
    "red_zone",
    "poison",
    "store_user",
    "trace",
    "slabs",
    "objects",
    "total_objects",
    "partial",
    "objects_partial",
    "cpu_slabs",
    "slabs_cpu_partial",
    "ctor",
];

/// What the files say of a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SlabAttributes {
    /// Bytes that the user gets.
    pub object_size: u32,
    /// Distance from one object to the next.
    pub slab_size: u32,
    /// Order of a slab.
    pub order: u32,
    /// Objects of a slab.
    pub objs_per_slab: u32,
    /// Alignment of an object.
    pub align: u32,
    /// Slabs kept without a live object.
    pub min_partial: u32,
    /// Objects on a CPU's partial slabs.
    pub cpu_partial: u32,
    /// How many more names the cache has.
    pub aliases: u32,
    /// Bytes that may be copied to user space; `None` before 4.16, which has no such file.
    pub usersize: Option<u32>,
    /// Begins on cache lines.
    pub hwcache_align: bool,
    /// From zone DMA.
    pub cache_dma: bool,
    /// Counted as reclaimable.
    pub reclaim_account: bool,
    /// `SLAB_TYPESAFE_BY_RCU`.
    pub destroy_by_rcu: bool,
    /// Every free is checked.
    pub sanity_checks: bool,
    /// Red zones.
    pub red_zone: bool,
    /// Poison.
    pub poison: bool,
    /// Users are kept.
    pub store_user: bool,
    /// Every operation is logged.
    pub trace: bool,
    /// Slabs there are.
    pub slabs: u64,
    /// Objects in use.
    pub objects: u64,
    /// Objects there are.
    pub total_objects: u64,
    /// Slabs with free and live objects.
    pub partial: u64,
    /// Objects in use there.
    pub objects_partial: u64,
    /// The constructor, as its creator knows it.
    pub ctor: Option<u64>,
    /// Whether counts are followed by those of each node: kernels that were built for several.
    pub by_node: bool,
}

/// Writes a file; `None` when the kernel has none of this name.
pub fn write(out: &mut dyn Write, file: &str, cache: &SlabAttributes) -> Option<Result> {
    let flag = |set: bool| u64::from(set);
    let value = match file {
        "object_size" => cache.object_size.into(),
        "slab_size" => cache.slab_size.into(),
        "order" => cache.order.into(),
        "objs_per_slab" => cache.objs_per_slab.into(),
        "align" => cache.align.into(),
        "min_partial" => cache.min_partial.into(),
        "cpu_partial" => cache.cpu_partial.into(),
        "aliases" => cache.aliases.into(),
        "usersize" => cache.usersize?.into(),
        "hwcache_align" => flag(cache.hwcache_align),
        "cache_dma" => flag(cache.cache_dma),
        "reclaim_account" => flag(cache.reclaim_account),
        "destroy_by_rcu" => flag(cache.destroy_by_rcu),
        "sanity_checks" => flag(cache.sanity_checks),
        "red_zone" => flag(cache.red_zone),
        "poison" => flag(cache.poison),
        "store_user" => flag(cache.store_user),
        "trace" => flag(cache.trace),
        "slabs" => return Some(count(out, cache, cache.slabs)),
        "objects" => return Some(count(out, cache, cache.objects)),
        "total_objects" => return Some(count(out, cache, cache.total_objects)),
        "partial" => return Some(count(out, cache, cache.partial)),
        "objects_partial" => return Some(count(out, cache, cache.objects_partial)),
        "cpu_slabs" => 0,
        "slabs_cpu_partial" => return Some(writeln!(out, "0(0)")),
        "ctor" => {
            return Some(match cache.ctor {
                Some(ctor) => writeln!(out, "{ctor:#x}"),
                None => Ok(()),
            });
        }
        _ => return None,
    };
    Some(writeln!(out, "{value}"))
}

/// A count, and that of the node where it is not 0.
fn count(out: &mut dyn Write, cache: &SlabAttributes, value: u64) -> Result {
    match value {
        1.. if cache.by_node => writeln!(out, "{value} N0={value}"),
        _ => writeln!(out, "{value}"),
    }
}
