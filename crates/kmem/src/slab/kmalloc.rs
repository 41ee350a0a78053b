//! kmalloc: objects of any size, from a ladder of caches and, above it, from whole pages.
//!
//! The class of a size is one look-up in a table of steps of 8 bytes, which no branch depends on; that of a size beyond the
//! table the next power of two. There is a ladder for each [`KmallocType`] that the kernel has: ordinary memory, zone DMA, what can be reclaimed, what is charged
//! to a memory cgroup. 2.6 stops at 128 KiB; 6.x continues with pages up to the top order.
//!
//! From 6.11 on those who allocate what users send may have ladders of their own; the cache for these (`kmalloc_buckets`) is made
//! at boot too.
//!
//! Kernel counterpart: `mm/slab_common.c` (`create_kmalloc_caches`, `kmalloc_type`), 2.6 `include/linux/kmalloc_sizes.h`.

use super::cache::CacheKind;
use super::slob::{Slob, Whole};
use super::{CacheId, CacheSpec, CreateError, SlabAllocator, SlabFlags};
use crate::boot::cmdline::{same_name, CommandLine};
use crate::error::{AllocError, Misuse, Name};
use crate::gfp::Gfp;
use crate::page::{FrameKind, PageAllocator, PageUse, Request};
use crate::profile::{
    KmallocAlign, KmallocNames, KmallocOrder, KmallocRule, KmallocType, LargeKmalloc, Profile, ZeroSize, ZoneKind,
};
use crate::units::{align_up, Order, Pfn, PhysAddr, PAGE_SIZE};
use core::fmt::Write;

/// The most classes a ladder has; the last one is no cache's.
const CLASSES: usize = 32;
/// Sizes up to here are looked up in steps of [`STEP`].
const LOOKED_UP: u64 = 8192;
const STEP: u64 = 8;

/// The ladders of caches.
pub struct Kmalloc {
    rule: KmallocRule,
    /// By the type's number; a type that the kernel does not have is the normal one's. [`CacheId::NONE`] where there is no
    /// cache.
    ladders: [[CacheId; CLASSES]; KmallocType::COUNT],
    /// Class of a size, by its steps.
    steps: [u8; (LOOKED_UP / STEP + 1) as usize],
    /// Class of sizes above [`LOOKED_UP`], by the bits of size - 1.
    large: [u8; u32::BITS as usize],
}

/// What kmalloc knows about an address it gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KmallocInfo {
    /// An object of a cache.
    Object(super::ObjectInfo),
    /// A block of pages.
    Pages {
        /// First frame.
        pfn: Pfn,
        /// Order of the block.
        order: Order,
    },
    /// A block of SLOB's.
    Block {
        /// The bytes that may be used.
        bytes: u32,
    },
}

impl KmallocInfo {
    /// Returns the bytes that may be used.
    pub fn bytes(self) -> u64 {
        match self {
            Self::Object(object) => object.object_size.into(),
            Self::Pages { order, .. } => order.bytes(),
            Self::Block { bytes } => bytes.into(),
        }
    }
}

impl Kmalloc {
    pub(crate) const fn new() -> Self {
        Self {
            rule: KmallocRule {
                classes: &[],
                max_cached: 0,
                max: 0,
                min_align: 8,
                align: KmallocAlign::Minimum,
                types: &[],
                order: KmallocOrder::ByType,
                zero: ZeroSize::SmallestClass,
                names: KmallocNames::Size,
                refused: Gfp::empty(),
                large: LargeKmalloc::Pages,
                buckets: 0,
            },
            ladders: [[CacheId::NONE; CLASSES]; KmallocType::COUNT],
            steps: [0; (LOOKED_UP / STEP + 1) as usize],
            large: [0; u32::BITS as usize],
        }
    }

    /// Makes the caches of a profile's classes, in the kernel's order.
    pub(crate) fn boot(
        slab: &SlabAllocator,
        pages: &PageAllocator,
        cpu: u32,
        profile: &Profile,
        line: CommandLine<'_>,
    ) -> Result<Self, CreateError> {
        let rule = profile.kmalloc;
        let mut this = Self { rule, ..Self::new() };
        if let Some(slob) = slab.slob() {
            return Ok(this.without_classes(slob.header, profile.top_order));
        }
        let has_dma = profile.zones.iter().any(|zone| zone.kind == ZoneKind::Dma);
        let has = |kind: KmallocType| match kind {
            KmallocType::Normal | KmallocType::Reclaimable => true,
            KmallocType::Dma => has_dma,
            KmallocType::Account => !is_unaccounted(line),
        };
        let types = || rule.types.iter().copied().filter(|kind| has(*kind));
        let classes = || (0..rule.classes.len().min(CLASSES - 1)).zip(rule.classes.iter().copied());
        let mut make = |kind: KmallocType, (class, size): (usize, u32)| {
            this.ladders[kind as usize][class] = create(slab, pages, cpu, &rule, kind, size)?;
            Ok::<(), CreateError>(())
        };
        let is_odd = |class: &(usize, u32)| !class.1.is_power_of_two();
        match rule.order {
            KmallocOrder::BySize => {
                classes().try_for_each(|class| types().try_for_each(|kind| make(kind, class)))?;
            }
            KmallocOrder::ByType => {
                types().try_for_each(|kind| classes().try_for_each(|class| make(kind, class)))?;
            }
            KmallocOrder::OddSizesFirst => types().try_for_each(|kind| {
                classes().filter(is_odd).try_for_each(|class| make(kind, class))?;
                classes().filter(|class| !is_odd(class)).try_for_each(|class| make(kind, class))
            })?,
        }
        if rule.buckets > 0 {
            let flags = SlabFlags::NO_MERGE;
            let spec = CacheSpec { name: "kmalloc_buckets", size: rule.buckets, flags, ..CacheSpec::default() };
            slab.create_as(pages, cpu, &spec, CacheKind::Structs)?;
        }
        let normal = this.ladders[KmallocType::Normal as usize];
        for kind in [KmallocType::Account, KmallocType::Reclaimable, KmallocType::Dma] {
            if types().all(|there| there != kind) {
                this.ladders[kind as usize] = normal;
            }
        }
        let class_of = |size: u32| rule.classes.iter().position(|class| *class >= size).unwrap_or(CLASSES - 1) as u8;
        for (step, class) in this.steps.iter_mut().enumerate() {
            *class = class_of(step as u32 * STEP as u32);
        }
        for (bits, class) in this.large.iter_mut().enumerate() {
            *class = class_of(1 << bits);
        }
        Ok(this)
    }

    /// Returns the same with no class for any size, as SLOB has it.
    fn without_classes(mut self, min_align: u32, top: Order) -> Self {
        let max = u32::try_from(top.bytes()).unwrap_or(u32::MAX);
        // `KMALLOC_MAX_CACHE_SIZE` is a page there, `KMALLOC_MAX_SIZE` the largest block.
        let max_cached = PAGE_SIZE as u32;
        self.rule = KmallocRule { classes: &[], types: &[], max_cached, max, min_align, ..self.rule };
        self
    }
    /// Returns the rule in force.
    #[inline]
    pub fn rule(&self) -> &KmallocRule {
        &self.rule
    }

    /// True where objects are blocks of just their size.
    fn has_no_classes(&self) -> bool {
        self.rule.classes.is_empty()
    }
    /// True for sizes that SLOB cuts blocks for.
    fn is_block(&self, bytes: u64) -> bool {
        self.has_no_classes() && bytes < PAGE_SIZE - u64::from(self.rule.min_align)
    }
    /// Returns the bytes that a request of this size gets. `None` beyond the largest.
    pub fn roundup(&self, bytes: u64) -> Option<u64> {
        if bytes > u64::from(self.rule.max) {
            return None;
        }
        if bytes == 0 && self.rule.zero == ZeroSize::Pointer16 {
            return Some(0);
        }
        if self.has_no_classes() {
            let block = self.is_block(bytes).then(|| align_up(bytes.max(1), super::slob::UNIT));
            return block.or_else(|| Order::covering(bytes).map(Order::bytes));
        }
        if bytes <= u64::from(self.rule.max_cached) {
            return self.rule.classes.get(self.class(bytes)).map(|size| u64::from(*size));
        }
        Order::covering(bytes).map(Order::bytes)
    }

    /// Returns what a caller is told that a request of this size gets: `kmalloc_size_roundup`. SLOB tells of whole alignments.
    pub fn size_roundup(&self, bytes: u64) -> u64 {
        match bytes {
            0 => 0,
            _ if self.has_no_classes() => align_up(bytes, self.rule.min_align.into()),
            _ => self.roundup(bytes).unwrap_or(bytes),
        }
    }

    /// Returns the bytes that a request takes of memory, the cache's own included. `None` beyond the largest.
    pub(crate) fn bytes_alloc(&self, slab: &SlabAllocator, bytes: u64, gfp: Gfp) -> Option<u64> {
        match self.cache_of(bytes, gfp) {
            Some(cache) => Some(slab.info(cache)?.geometry.size.into()),
            None if self.is_block(bytes) => Some(bytes + u64::from(self.rule.min_align)),
            None => self.roundup(bytes),
        }
    }
    fn class(&self, bytes: u64) -> usize {
        let bits = u64::BITS - bytes.wrapping_sub(1).leading_zeros();
        let class = if bytes <= LOOKED_UP {
            self.steps.get(bytes.div_ceil(STEP) as usize)
        } else {
            self.large.get(bits as usize)
        };
        class.map_or(CLASSES - 1, |class| usize::from(*class))
    }

    /// The cache that serves a size; `None` for sizes that are whole pages, or too large.
    pub(crate) fn cache_of(&self, bytes: u64, gfp: Gfp) -> Option<CacheId> {
        let cache = *self.ladder(gfp).get(self.class(bytes))?;
        (cache != CacheId::NONE).then_some(cache)
    }
    /// The same as a hit asks it: without sizes beyond the table, and perhaps [`CacheId::NONE`].
    #[inline(always)]
    pub(crate) fn looked_up(&self, bytes: u64, gfp: Gfp) -> Option<CacheId> {
        if bytes > LOOKED_UP {
            return None;
        }
        let class = *self.steps.get(bytes.div_ceil(STEP) as usize)?;
        Some(self.ladder(gfp)[usize::from(class) % CLASSES])
    }
    #[inline(always)]
    fn ladder(&self, gfp: Gfp) -> &[CacheId; CLASSES] {
        let kind = if gfp.intersects(NOT_NORMAL) { kind_of(gfp) } else { KmallocType::Normal };
        &self.ladders[kind as usize]
    }
    /// Allocates in any way there is: a new slab, or whole pages. Of the request flags and nodes count.
    #[cold]
    pub(crate) fn alloc(
        &self,
        slab: &SlabAllocator,
        pages: &PageAllocator,
        cpu: u32,
        bytes: u64,
        request: &Request,
    ) -> Result<PhysAddr, AllocError> {
        match (self.cache_of(bytes, request.gfp), slab.slob()) {
            (Some(cache), _) => slab.alloc_as(pages, cpu, cache, request),
            (None, Some(slob)) if self.is_block(bytes) => slob.kmalloc(pages, cpu, bytes, request),
            (None, slob) => self.alloc_large(slob, pages, cpu, bytes, request),
        }
    }
    fn alloc_large(
        &self,
        slob: Option<&Slob>,
        pages: &PageAllocator,
        cpu: u32,
        bytes: u64,
        request: &Request,
    ) -> Result<PhysAddr, AllocError> {
        let limit = u64::from(self.rule.max);
        match Order::covering(bytes) {
            Some(order) if bytes <= limit => {
                let gfp = (request.gfp | Gfp::COMP) - (Gfp::HIGHMEM | Gfp::MOVABLE);
                let request = Request { gfp, order, ..*request };
                if let Some(slob) = slob {
                    return slob.alloc_whole(pages, cpu, &request, Whole::Kmalloc);
                }
                let pfn = pages.alloc_as(cpu, &request)?;
                if self.rule.large == LargeKmalloc::Slabs {
                    pages.begin_use(pfn, PageUse::SlabUnreclaimable, order.pages());
                }
                Ok(pfn.phys())
            }
            _ => Err(AllocError::TooLarge { bytes, limit }),
        }
    }

    /// Finds what kmalloc gave at an address.
    ///
    /// # Errors
    /// The [`Misuse`] that freeing it would be.
    pub(crate) fn check(
        &self,
        slab: &SlabAllocator,
        pages: &PageAllocator,
        addr: PhysAddr,
    ) -> Result<KmallocInfo, Misuse> {
        let pfn = Pfn::containing(addr);
        let info = pages.info(pfn).ok_or(Misuse::NotRam(addr))?;
        let is_kmallocs = match slab.slob() {
            Some(slob) => slob.gave(pages, info.head, Whole::Kmalloc),
            None => info.compound,
        };
        match info.kind {
            FrameKind::Slob => {
                let bytes = slab.slob().ok_or(Misuse::SlabPage(pfn))?.size_of(pages, addr)?;
                Ok(KmallocInfo::Block { bytes: align_up(bytes, super::slob::UNIT) as u32 })
            }
            FrameKind::Slab | FrameKind::SlabTail => slab.check(pages, addr).map(KmallocInfo::Object),
            FrameKind::Used if is_kmallocs && info.head.phys() == addr => {
                Ok(KmallocInfo::Pages { pfn, order: info.order })
            }
            FrameKind::Used if is_kmallocs => {
                Err(Misuse::InsideObject { addr: slab.virt(addr), object: slab.virt(info.head.phys()) })
            }
            FrameKind::Used => Err(Misuse::NotAnObject(slab.virt(addr))),
            FrameKind::Free | FrameKind::Pcp => Err(Misuse::DoubleFree(pfn)),
            FrameKind::Reserved => Err(Misuse::Reserved(pfn)),
            FrameKind::Tail => Err(Misuse::NotRam(addr)),
        }
    }

    /// Frees what [`Kmalloc::alloc`] gave.
    #[inline]
    pub(crate) fn free(
        &self,
        slab: &SlabAllocator,
        pages: &PageAllocator,
        cpu: u32,
        addr: PhysAddr,
    ) -> Result<(), Misuse> {
        match pages.frames.slab_cache(Pfn::containing(addr)) {
            Some(_) => slab.free(pages, cpu, addr),
            None => self.free_large(slab, pages, cpu, addr),
        }
    }
    #[cold]
    pub(super) fn free_large(
        &self,
        slab: &SlabAllocator,
        pages: &PageAllocator,
        cpu: u32,
        addr: PhysAddr,
    ) -> Result<(), Misuse> {
        if let Some(slob) = slab.slob().filter(|_| pages.state(Pfn::containing(addr)).kind() == FrameKind::Slob) {
            return slob.kfree(pages, cpu, addr);
        }
        match (self.check(slab, pages, addr)?, slab.slob()) {
            (KmallocInfo::Pages { pfn, order }, Some(slob)) => slob.free_whole(pages, cpu, pfn, order),
            (KmallocInfo::Pages { pfn, order }, None) => {
                if self.rule.large == LargeKmalloc::Slabs {
                    pages.end_use(pfn, PageUse::SlabUnreclaimable, order.pages());
                }
                pages.free(cpu, pfn, order)
            }
            (KmallocInfo::Object(_) | KmallocInfo::Block { .. }, _) => Ok(()),
        }
    }
}

/// Flags that ask for another ladder than the normal one.
const NOT_NORMAL: Gfp = Gfp::DMA.union(Gfp::RECLAIMABLE).union(Gfp::ACCOUNT);

/// Which ladder serves flags of [`NOT_NORMAL`].
fn kind_of(gfp: Gfp) -> KmallocType {
    if gfp.contains(Gfp::DMA) {
        KmallocType::Dma
    } else if gfp.contains(Gfp::RECLAIMABLE) {
        KmallocType::Reclaimable
    } else {
        KmallocType::Account
    }
}

/// `cgroup.memory=nokmem`: nothing is charged, so what would be is normal.
fn is_unaccounted(line: CommandLine<'_>) -> bool {
    let said = line.params().filter(|param| same_name(param.name, "cgroup.memory"));
    said.filter_map(|param| param.value).any(|value| value.split(',').any(|word| word == "nokmem"))
}

/// Makes the cache of a class.
fn create(
    slab: &SlabAllocator,
    pages: &PageAllocator,
    cpu: u32,
    rule: &KmallocRule,
    kind: KmallocType,
    size: u32,
) -> Result<CacheId, CreateError> {
    let name = name(rule.names, size, kind);
    let flags = match kind {
        KmallocType::Normal => SlabFlags::empty(),
        KmallocType::Account => SlabFlags::ACCOUNT,
        KmallocType::Reclaimable => SlabFlags::RECLAIM_ACCOUNT,
        KmallocType::Dma => SlabFlags::CACHE_DMA,
    };
    let spec = CacheSpec { name: name.as_str(), size, ..CacheSpec::default() };
    let spec = match rule.names {
        KmallocNames::Size => CacheSpec { flags: flags | SlabFlags::HWCACHE_ALIGN, ..spec },
        // Since 4.16 all of such an object may be copied to user space.
        KmallocNames::Kmalloc { short } => {
            let usersize = if short { size } else { 0 };
            CacheSpec { flags, align: rule.align.of(size, rule.min_align), usersize, ..spec }
        }
    };
    slab.create_as(pages, cpu, &spec, CacheKind::Kmalloc)
}

/// The name of a class's cache: `size-32(DMA)`, `kmalloc-96`, `kmalloc-rcl-64`, `dma-kmalloc-1k`.
fn name(names: KmallocNames, size: u32, kind: KmallocType) -> Name {
    let mut name = Name::default();
    let written = match names {
        KmallocNames::Size => write!(name, "size-{size}{}", if kind == KmallocType::Dma { "(DMA)" } else { "" }),
        KmallocNames::Kmalloc { short } => {
            let prefix = match kind {
                KmallocType::Normal => "kmalloc",
                KmallocType::Account => "kmalloc-cg",
                KmallocType::Reclaimable => "kmalloc-rcl",
                KmallocType::Dma => "dma-kmalloc",
            };
            match (short, size) {
                (true, 0x10_0000..) => write!(name, "{prefix}-{}M", size >> 20),
                (true, 1024..) => write!(name, "{prefix}-{}k", size >> 10),
                _ => write!(name, "{prefix}-{size}"),
            }
        }
    };
    // A name that is too long is cut, which `Name` does without an error.
    let _ = written;
    name
}
