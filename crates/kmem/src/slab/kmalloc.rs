//! kmalloc: objects of any size, from a ladder of caches and, above it, from whole pages.
//!
//! The class of a small size is one table look-up (sizes in steps of 8), of a larger one the next power of two. There is
//! one ladder for ordinary memory and one for zone DMA. 2.6 stops at 128 KiB; 6.x continues with pages up to the top
//! order. Kernel counterpart: `mm/slab_common.c`, 2.6 `include/linux/kmalloc_sizes.h`.

use super::{CacheId, CacheSpec, CreateError, SlabAllocator, SlabFlags};
use crate::error::{AllocError, Misuse, Name};
use crate::gfp::Gfp;
use crate::page::{FrameKind, PageAllocator};
use crate::profile::{KmallocNames, KmallocRule, Profile};
use crate::units::{Order, Pfn, PhysAddr};
use core::fmt::Write;

/// The most classes a ladder has.
const CLASSES: usize = 24;
/// Sizes up to here are looked up in steps of [`STEP`].
const SMALL: u32 = 192;
const STEP: u32 = 8;

/// The ladders of caches.
pub struct Kmalloc {
    rule: KmallocRule,
    normal: [CacheId; CLASSES],
    dma: [CacheId; CLASSES],
    small: [u8; (SMALL / STEP) as usize],
    /// Class of sizes above [`SMALL`], by the bits of size - 1.
    large: [u8; 33],
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
}

impl Kmalloc {
    pub(crate) const fn new() -> Self {
        Self {
            rule: KmallocRule {
                classes: &[],
                max_cached: 0,
                max: 0,
                min_align: 8,
                zero: crate::profile::ZeroSize::SmallestClass,
                names: KmallocNames::Size,
                refused: Gfp::empty(),
            },
            normal: [CacheId(0); CLASSES],
            dma: [CacheId(0); CLASSES],
            small: [0; (SMALL / STEP) as usize],
            large: [0; 33],
        }
    }

    /// Makes the caches of a profile's classes.
    pub(crate) fn boot(
        slab: &SlabAllocator,
        pages: &PageAllocator,
        cpu: u32,
        profile: &Profile,
    ) -> Result<Self, CreateError> {
        let rule = profile.kmalloc;
        let mut this = Self { rule, ..Self::new() };
        let has_dma = profile.zones.iter().any(|zone| zone.kind == crate::profile::ZoneKind::Dma);
        for (class, size) in rule.classes.iter().copied().enumerate().take(CLASSES) {
            let create = |dma: bool| {
                let name = name(rule.names, size, dma);
                let align = if size.is_power_of_two() { size } else { rule.min_align };
                let flags = match rule.names {
                    KmallocNames::Size => SlabFlags::HWCACHE_ALIGN,
                    KmallocNames::Kmalloc { .. } => SlabFlags::empty(),
                } | if dma { SlabFlags::CACHE_DMA } else { SlabFlags::empty() };
                let align = if rule.names == KmallocNames::Size { 0 } else { align };
                let spec = CacheSpec { name: name.as_str(), size, align, flags, ctor: None, dtor: None };
                slab.create_as(pages, cpu, &spec, true)
            };
            this.normal[class] = create(false)?;
            this.dma[class] = if has_dma { create(true)? } else { this.normal[class] };
        }
        let class_of = |size: u32| rule.classes.iter().position(|class| *class >= size).unwrap_or(CLASSES) as u8;
        for (step, class) in this.small.iter_mut().enumerate() {
            *class = class_of((step as u32 + 1) * STEP);
        }
        for (bits, class) in this.large.iter_mut().enumerate().take(32) {
            *class = class_of(1 << bits);
        }
        Ok(this)
    }

    /// Returns the profile's rule.
    #[inline]
    pub fn rule(&self) -> &KmallocRule {
        &self.rule
    }

    /// Returns the bytes that a request of this size gets: `kmalloc_size_roundup`. `None` beyond the largest.
    pub fn roundup(&self, bytes: u64) -> Option<u64> {
        if bytes > u64::from(self.rule.max) {
            return None;
        }
        if bytes <= u64::from(self.rule.max_cached) {
            return self.rule.classes.get(self.class(bytes.max(1) as u32)).map(|size| u64::from(*size));
        }
        Order::covering(bytes).map(Order::bytes)
    }

    #[inline(always)]
    fn class(&self, bytes: u32) -> usize {
        let below = bytes.wrapping_sub(1);
        if below < SMALL {
            return usize::from(self.small[(below / STEP) as usize]);
        }
        usize::from(self.large[(u32::BITS - below.leading_zeros()) as usize])
    }

    /// The cache that serves a size; `None` for sizes that are whole pages, or too large.
    #[inline(always)]
    pub(crate) fn cache_of(&self, bytes: u64, gfp: Gfp) -> Option<CacheId> {
        if bytes > u64::from(self.rule.max_cached) {
            return None;
        }
        let ladder = if gfp.contains(Gfp::DMA) { &self.dma } else { &self.normal };
        ladder.get(self.class((bytes as u32).max(1))).copied()
    }
    /// Allocates in any way there is: a new slab, or whole pages.
    #[cold]
    pub(crate) fn alloc(
        &self,
        slab: &SlabAllocator,
        pages: &PageAllocator,
        cpu: u32,
        bytes: u64,
        gfp: Gfp,
    ) -> Result<PhysAddr, AllocError> {
        match self.cache_of(bytes, gfp) {
            Some(cache) => slab.alloc(pages, cpu, cache, gfp),
            None => self.alloc_large(pages, cpu, bytes, gfp),
        }
    }
    fn alloc_large(&self, pages: &PageAllocator, cpu: u32, bytes: u64, gfp: Gfp) -> Result<PhysAddr, AllocError> {
        let limit = u64::from(self.rule.max);
        match Order::covering(bytes) {
            Some(order) if bytes <= limit => {
                let gfp = (gfp | Gfp::COMP) - (Gfp::HIGHMEM | Gfp::MOVABLE);
                Ok(pages.alloc(cpu, gfp, order)?.phys())
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
        match info.kind {
            FrameKind::Slab | FrameKind::SlabTail => slab.check(pages, addr).map(KmallocInfo::Object),
            FrameKind::Used if info.compound && info.head.phys() == addr => {
                Ok(KmallocInfo::Pages { pfn, order: info.order })
            }
            FrameKind::Used if info.compound => {
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
        #[cfg(debug_assertions)]
        if slab.debugged_at(pages, addr).is_none() {
            self.check(slab, pages, addr)?;
        }
        match pages.frames.get(Pfn::containing(addr)) {
            Some(frame) if frame.state().is_slab() => slab.put(pages, cpu, frame, addr),
            _ => self.free_large(slab, pages, cpu, addr),
        }
    }
    #[cold]
    fn free_large(&self, slab: &SlabAllocator, pages: &PageAllocator, cpu: u32, addr: PhysAddr) -> Result<(), Misuse> {
        match self.check(slab, pages, addr)? {
            KmallocInfo::Pages { pfn, order } => pages.free(cpu, pfn, order),
            KmallocInfo::Object(_) => Ok(()),
        }
    }
}

/// The name of a class's cache: `size-32(DMA)`, `kmalloc-96`, `dma-kmalloc-1k`.
fn name(names: KmallocNames, size: u32, dma: bool) -> Name {
    let mut name = Name::default();
    let written = match names {
        KmallocNames::Size => write!(name, "size-{size}{}", if dma { "(DMA)" } else { "" }),
        KmallocNames::Kmalloc { short } => {
            let prefix = if dma { "dma-" } else { "" };
            match (short, size) {
                (true, 0x10_0000..) => write!(name, "{prefix}kmalloc-{}M", size >> 20),
                (true, 1024..) => write!(name, "{prefix}kmalloc-{}k", size >> 10),
                _ => write!(name, "{prefix}kmalloc-{size}"),
            }
        }
    };
    // A name that is too long is cut, which `Name` does without an error.
    let _ = written;
    name
}
