//! Merging: a cache that would look like another one becomes its alias.
//!
//! Dozens of caches differ in nothing but their names. SLUB gives the later ones the slabs of the first, the *founder*: fewer
//! half empty slabs, warmer objects. The price is that a report names the founder, and that an object freed to the wrong one
//! of the family is not noticed. The founder alone is listed in slabinfo; under /sys/kernel/slab its folder has a name made
//! of what all of them share (`:A-0000192`), and each name is a link to it.
//!
//! A cache merges when nothing about it is its own: no constructor, no region for user space, no debugging, no
//! `TYPESAFE_BY_RCU`, no `NO_MERGE`; when both count their pages and charge their objects alike, the founder's objects are
//! large enough, less than a word too large, and aligned as the new ones must be. Older caches are asked first.
//!
//! Kernel counterpart: 6.1 and 6.12 `mm/slab_common.c` (`find_mergeable`, `slab_unmergeable`), `mm/slub.c`
//! (`__kmem_cache_alias`, `create_unique_id`). SLUB only; before 4.16, which knows no regions for user space, kmalloc's own
//! caches are founders too.

use super::cache::{CacheKind, Inner};
use super::geometry::{alignment, Shape};
use super::{CacheId, CacheInfo, CacheSpec, SlabAllocator, SlabFlags};
use crate::error::{AllocError, Misuse, Name};
use crate::page::PageAllocator;
use crate::profile::{SlabRule, SlubEra};
use crate::sync::SpinLock;
use crate::units::align_up;
use core::fmt::Write;

/// A name of a cache beside the founder's.
#[derive(Default)]
pub(crate) struct Alias {
    /// `None`: the place is free.
    cache: Option<CacheId>,
    name: Name,
}

/// Flags that a cache shares with none.
const NEVER: SlabFlags = SlabFlags::RED_ZONE
    .union(SlabFlags::POISON)
    .union(SlabFlags::STORE_USER)
    .union(SlabFlags::TRACE)
    .union(SlabFlags::FAILSLAB)
    .union(SlabFlags::TYPESAFE_BY_RCU)
    .union(SlabFlags::NO_MERGE);
/// Flags that all of a family must have alike.
const SAME: SlabFlags = SlabFlags::RECLAIM_ACCOUNT.union(SlabFlags::CACHE_DMA).union(SlabFlags::ACCOUNT);

impl SlabAllocator {
    fn merges(&self) -> bool {
        self.ground.params.merge && matches!(self.ground.rule, SlabRule::Slub { .. })
    }
    /// Whether a cache may be a founder: `slab_unmergeable`.
    pub(super) fn is_mergeable(&self, cache: &Inner) -> bool {
        let has_hooks = cache.ctor.is_some() || cache.dtor.is_some();
        let is_plain = !has_hooks && cache.usersize == 0 && !cache.flags.intersects(NEVER);
        self.merges() && is_plain && cache.kind != CacheKind::Structs
    }

    /// The region for user space that a new cache gets: none where the kernel knows none, or when it does not lie in the
    /// object.
    pub(super) fn usersize(&self, spec: &CacheSpec<'_>) -> u32 {
        let SlabRule::Slub { era, .. } = self.ground.rule else { return 0 };
        let fits = spec.size.checked_sub(spec.usersize).is_some_and(|room| spec.useroffset <= room);
        if era >= SlubEra::V6_1 && fits {
            spec.usersize
        } else {
            0
        }
    }

    /// Makes a cache that is to be created an alias, when there is a founder for it. The caller holds the registry.
    pub(super) fn merge(
        &self,
        pages: &PageAllocator,
        cpu: u32,
        spec: &CacheSpec<'_>,
    ) -> Result<Option<CacheId>, AllocError> {
        let has_hooks = spec.ctor.is_some() || spec.dtor.is_some();
        if !self.merges() || has_hooks || spec.usersize != 0 || spec.flags.intersects(NEVER) {
            return Ok(None);
        }
        let word = u64::from(self.ground.word);
        let size = align_up(spec.size.into(), word);
        let shape = Shape {
            object_size: size as u32,
            align: spec.align,
            flags: spec.flags,
            has_ctor: false,
            is_kmalloc: false,
            freeptr_offset: None,
        };
        let align = u64::from(alignment(&shape, &self.ground));
        let size = align_up(size, align);
        let founder = self.caches.iter().filter(|(_, cache)| cache.is_live()).filter_map(|(slot, cache)| {
            let cache = cache.inner.lock();
            let theirs = u64::from(cache.geometry.size - cache.geometry.redzone);
            let fits = size <= theirs && theirs - size < word && theirs & !(align - 1) == theirs;
            let alike = cache.flags & SAME == spec.flags & SAME;
            (fits && alike && self.is_mergeable(&cache)).then_some((cache.serial, CacheId(slot)))
        });
        let Some((_, founder)) = founder.min() else { return Ok(None) };
        self.name_alias(pages, cpu, founder, spec.name)?;
        if let Some(cache) = self.caches.get(founder.0) {
            let mut cache = cache.inner.lock();
            cache.aliases += 1;
            cache.geometry.object_size = cache.geometry.object_size.max(spec.size);
        }
        Ok(Some(founder))
    }

    /// Takes one of several creators off a cache; false when there is only one.
    pub(super) fn unmerge(&self, id: CacheId) -> Result<bool, Misuse> {
        let cache = self.live(id)?;
        let _registry = self.registry.lock();
        let mut inner = cache.inner.lock();
        let shared = inner.aliases > 0;
        inner.aliases -= u32::from(shared);
        Ok(shared)
    }

    /// Writes an alias down. A name that was another's before is this one's now, as links are replaced.
    fn name_alias(&self, pages: &PageAllocator, cpu: u32, id: CacheId, name: &str) -> Result<(), AllocError> {
        let name = Name::new(name);
        loop {
            let old = self.aliases.iter().find(|(_, alias)| {
                let alias = alias.lock();
                alias.cache.is_some() && alias.name == name
            });
            let free = || self.aliases.iter().find(|(_, alias)| alias.lock().cache.is_none());
            if let Some((_, alias)) = old.or_else(free) {
                *alias.lock() = Alias { cache: Some(id), name };
                return Ok(());
            }
            self.grow(pages, cpu, &self.aliases, 16)?;
        }
    }
    /// Forgets the aliases of a cache that is gone.
    pub(super) fn forget_aliases(&self, id: CacheId) {
        for (_, alias) in self.aliases.iter() {
            let mut alias = alias.lock();
            if alias.cache == Some(id) {
                *alias = Alias::default();
            }
        }
    }
    pub(super) fn alias_named(&self, name: &str) -> Option<CacheId> {
        self.alias_names().find(|(_, alias)| alias.as_str() == name).map(|(cache, _)| cache)
    }
    /// Returns all aliases there are: the cache, and its other name. A name stays until the cache is gone, as the link to
    /// it does.
    pub fn alias_names(&self) -> impl Iterator<Item = (CacheId, Name)> + '_ {
        self.aliases.iter().filter_map(|(_, alias): (u32, &SpinLock<Alias>)| {
            let alias = alias.lock();
            Some((alias.cache?, alias.name))
        })
    }
}

impl CacheInfo {
    /// Returns the name of the cache's folder under /sys/kernel/slab: its own, or that of the family it may found.
    pub fn sysfs_name(&self) -> Name {
        if !self.is_mergeable {
            return self.name;
        }
        const LETTERS: [(SlabFlags, &str); 4] = [
            (SlabFlags::CACHE_DMA, "d"),
            (SlabFlags::RECLAIM_ACCOUNT, "a"),
            (SlabFlags::CONSISTENCY_CHECKS, "F"),
            (SlabFlags::ACCOUNT, "A"),
        ];
        let mut name = Name::new(":");
        let mut letters = LETTERS.iter().filter(|(flag, _)| self.flags.contains(*flag));
        let mut written = letters.try_for_each(|(_, letter)| name.write_str(letter));
        let dash = if name.as_str().len() > 1 { "-" } else { "" };
        written = written.and_then(|()| write!(name, "{dash}{:07}", self.geometry.size));
        // A name has room for it.
        let _ = written;
        name
    }
}
