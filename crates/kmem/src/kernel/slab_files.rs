//! Fills what `/sys/kernel/slab` shows of a cache.

use crate::machine::Machine;
use crate::memory::Memory;
use crate::profile::{SlabRule, SlubEra};
use crate::slab::{CacheInfo, SlabFlags};
use crate::snapshot::slab_files::{self, SlabAttributes};
use core::fmt::{Result, Write};

/// Writes `CACHE/FILE`: CACHE is a cache's own name, an alias, or a family's. `None` when there is no such file.
pub(super) fn write<M: Machine>(mem: &Memory<M>, path: &str, out: &mut dyn Write) -> Option<Result> {
    let SlabRule::Slub { era, .. } = mem.profile.slab else { return None };
    let (cache, file) = path.split_once('/')?;
    let by_family = || mem.slab.infos().find(|info| info.sysfs_name().as_str() == cache);
    let info = {
        let _irq = mem.irq_off();
        mem.slab.by_name(cache).or_else(by_family)?
    };
    slab_files::write(out, file, &attributes(mem, &info, era))
}

fn attributes<M: Machine>(mem: &Memory<M>, info: &CacheInfo, era: SlubEra) -> SlabAttributes {
    let (geometry, has) = (&info.geometry, |flag| info.flags.contains(flag));
    let in_use = info.live + info.in_cpu_arrays;
    // What is not in partial slabs is in full ones, whose number follows.
    let full = info.slabs - info.partial_slabs - info.empty_slabs;
    SlabAttributes {
        object_size: geometry.object_size,
        slab_size: geometry.size,
        order: geometry.order.raw(),
        objs_per_slab: geometry.objects,
        align: geometry.align,
        min_partial: geometry.min_partial,
        cpu_partial: geometry.cpu_partial,
        aliases: info.aliases,
        usersize: (era >= SlubEra::V6_1).then_some(info.usersize),
        hwcache_align: has(SlabFlags::HWCACHE_ALIGN),
        cache_dma: has(SlabFlags::CACHE_DMA),
        reclaim_account: has(SlabFlags::RECLAIM_ACCOUNT),
        destroy_by_rcu: has(SlabFlags::TYPESAFE_BY_RCU),
        sanity_checks: has(SlabFlags::CONSISTENCY_CHECKS),
        red_zone: has(SlabFlags::RED_ZONE),
        poison: has(SlabFlags::POISON),
        store_user: has(SlabFlags::STORE_USER),
        trace: has(SlabFlags::TRACE),
        slabs: info.slabs.into(),
        objects: in_use,
        total_objects: info.objects,
        partial: info.partial_slabs.into(),
        objects_partial: in_use.saturating_sub(u64::from(full) * u64::from(geometry.objects)),
        ctor: info.has_ctor.then_some(info.ctor_token),
        by_node: mem.profile.max_nodes > 1 && mem.pages.nodes() == 1,
    }
}
