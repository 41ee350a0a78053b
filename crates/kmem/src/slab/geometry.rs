//! Slab geometry: from an object's size to the shape of its slabs. Pure arithmetic, no memory is touched.
//!
//! A slab is a block of pages cut into objects. Its shape decides how much is wasted and how often the page allocator
//! is asked. The families of kernels do it differently:
//!
//! - **SLUB** (3.x and 6.x): nothing lies beside the objects; the link of a free object lies inside it, or behind it
//!   when its contents must be kept (constructor, poison). The order is the smallest that wastes little, tried with
//!   less and less strictness.
//! - **SLOB** has no slabs: an object is a block of just its size, in a page that blocks of all sizes share (`slab/slob.rs`).
//! - **SLAB** (2.6): a descriptor and an index array lie at the start of the slab, or elsewhere when objects are large;
//!   what is left over is used to shift slabs by cache lines (colouring).
//!
//! Sources: 3.4, 6.1 and 6.12 `mm/slub.c` (`calculate_sizes`, `calculate_order`, `set_cpu_partial`), `mm/slab_common.c`
//! (`calculate_alignment`); 2.6.18 `mm/slab.c` (`kmem_cache_create`, `calculate_slab_order`, `cache_estimate`,
//! `enable_cpucache`). The SLUB part reproduces every cache of the captures in `golden/`
//! (`tests/golden_slab.rs`).

use super::params::SlabParams;
use crate::profile::{SlabRule, SlobEra, SlubEra};
use crate::units::{align_up, Order, PAGE_SIZE};
use bitflags::bitflags;

bitflags! {
    /// What a cache asks for; the meanings behind the kernels' `SLAB_*` bits.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct SlabFlags: u32 {
        /// Objects begin on cache lines.
        const HWCACHE_ALIGN = 1;
        /// Objects come from zone DMA.
        const CACHE_DMA = 2;
        /// Red zones around objects.
        const RED_ZONE = 4;
        /// Free objects are filled with a pattern.
        const POISON = 8;
        /// Who allocated and freed is kept beside each object.
        const STORE_USER = 16;
        /// Every free is checked.
        const CONSISTENCY_CHECKS = 32;
        /// Failing to create the cache is fatal.
        const PANIC = 64;
        /// Pages are counted as reclaimable.
        const RECLAIM_ACCOUNT = 128;
        /// Slabs are freed after a grace period.
        const TYPESAFE_BY_RCU = 256;
        /// Never shares its slabs with a cache of the same size.
        const NO_MERGE = 512;
        /// Objects are charged to memory cgroups.
        const ACCOUNT = 1024;
        /// Objects are as those of kmalloc: the size that was asked for is kept beside each.
        const KMALLOC = 2048;
        /// What makes SLUB take its slow, checking way.
        const DEBUG = Self::RED_ZONE.bits()
            | Self::POISON.bits()
            | Self::STORE_USER.bits()
            | Self::CONSISTENCY_CHECKS.bits();
        /// Every operation is logged. By the command line only, as the next one.
        const TRACE = 1 << 16;
        /// Allocations may be made to fail.
        const FAILSLAB = 1 << 17;
    }
}

/// What a cache is asked to be.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Bytes the user gets.
    pub object_size: u32,
    /// Alignment asked for; 0 for none.
    pub align: u32,
    /// Flags.
    pub flags: SlabFlags,
    /// True with a constructor.
    pub has_ctor: bool,
    /// True for the caches behind kmalloc.
    pub is_kmalloc: bool,
    /// Where in the object its user lets a link lie while it is free (`freeptr_offset`, only with `TYPESAFE_BY_RCU`).
    pub freeptr_offset: Option<u32>,
}

/// The machine's part in it.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// Which allocator.
    pub rule: SlabRule,
    /// What the command line says about it.
    pub params: SlabParams,
    /// `sizeof(long)`.
    pub word: u32,
    /// Bytes of a cache line.
    pub cache_line: u32,
    /// Number of CPUs.
    pub cpus: u32,
    /// Pages of RAM.
    pub total_pages: u64,
}

/// The shape of a cache's slabs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Geometry {
    /// Bytes the user asked for.
    pub object_size: u32,
    /// Distance from one object to the next.
    pub size: u32,
    /// Alignment of an object.
    pub align: u32,
    /// Order of a slab's pages.
    pub order: Order,
    /// Objects of a slab.
    pub objects: u32,
    /// Where an object begins within its stride (behind a left red zone).
    pub left: u32,
    /// Where in the stride the link of a free object lies (SLUB), or what hangs in a queue of RCU's (SLOB).
    pub link: u32,
    /// Bytes of descriptor and index array (SLAB); 0 with SLUB.
    pub management: u32,
    /// The management lies outside the slab (SLAB, large objects).
    pub off_slab: bool,
    /// How many different shifts of the first object there are (SLAB); 0 or 1: none.
    pub colours: u32,
    /// Bytes of a shift.
    pub colour_step: u32,
    /// Objects on a CPU's partial slabs, as SLUB reports them; 0 for caches that are checked, and with SLAB.
    pub cpu_partial: u32,
    /// Objects that a CPU keeps at most: our own arrays.
    pub cpu_limit: u32,
    /// Objects moved to or from a CPU at once.
    pub cpu_batch: u32,
    /// Slabs without a live object that are kept.
    pub min_partial: u32,
    /// Bytes of `size` that are there only because the kernel is built with KASAN.
    pub redzone: u32,
}

/// Computes the shape of a cache's slabs; `None` when not even one object fits into the largest slab.
pub fn geometry(shape: &Shape, ground: &Ground) -> Option<Geometry> {
    // Beyond the largest block there is, and far from where 32 bits end.
    const LARGEST: u32 = 1 << 27;
    if shape.object_size > LARGEST || shape.align > LARGEST {
        return None;
    }
    match ground.rule {
        SlabRule::Slub { era, track, .. } => slub(shape, ground, era, track),
        SlabRule::Slab { descriptor, bufctl, max_order } => {
            let of = |ground: &Ground| slab(shape, ground, descriptor, bufctl, max_order);
            // An object that fills the largest slab has no room for a zone.
            let plain = Ground { params: SlabParams { kasan: false, ..ground.params }, ..*ground };
            of(ground).or_else(|| of(&plain))
        }
        SlabRule::Slob { era, min_align, .. } => slob(shape, ground, era, min_align),
    }
}

/// The alignment in force: at least a word, at least what was asked for, and with `HWCACHE_ALIGN` the cache line or the
/// smallest half of it that holds the object.
pub(crate) fn alignment(shape: &Shape, ground: &Ground) -> u32 {
    let mut line = 0;
    if shape.flags.contains(SlabFlags::HWCACHE_ALIGN) {
        line = ground.cache_line;
        while shape.object_size <= line / 2 {
            line /= 2;
        }
    }
    // SLUB keeps 8-byte alignment of every object on the machines of the profiles (ARCH_SLAB_MINALIGN).
    let least = match ground.rule {
        SlabRule::Slub { .. } => ground.word.max(8),
        // A byte of shadow describes eight.
        SlabRule::Slab { .. } if ground.params.kasan => ground.word.max(8),
        SlabRule::Slab { .. } => ground.word,
        SlabRule::Slob { min_align, .. } => min_align,
    };
    align_up(u64::from(shape.align.max(line).max(least)), u64::from(ground.word)) as u32
}

fn slub(shape: &Shape, ground: &Ground, era: SlubEra, track: u32) -> Option<Geometry> {
    let word = ground.word;
    let align = alignment(shape, ground);
    let is_old = era == SlubEra::V3;
    let red = shape.flags.contains(SlabFlags::RED_ZONE);
    let rcu = shape.flags.contains(SlabFlags::TYPESAFE_BY_RCU);
    let inside = shape.freeptr_offset.filter(|_| rcu && era >= SlubEra::V6_12);
    // The link lies behind what must stay as it is; a red zone checks all of an object that is shorter than a link.
    let kept = shape.flags.contains(SlabFlags::POISON)
        || shape.has_ctor
        || rcu && inside.is_none()
        || red && !is_old && shape.object_size < word;

    let mut size = align_up(shape.object_size.into(), word.into()) as u32;
    if red && size == shape.object_size {
        size += word;
    }
    let middle = if is_old { 0 } else { (shape.object_size / 2) & !(word - 1) };
    let mut link = inside.unwrap_or(middle);
    if kept {
        link = size;
        size += word;
    }
    if shape.flags.contains(SlabFlags::STORE_USER) {
        // Newer kernels keep the size that kmalloc was asked for behind the tracks.
        size += 2 * track + if shape.is_kmalloc && !is_old { 4 } else { 0 };
    }
    let mut left = 0;
    if red {
        left = if is_old { 0 } else { align_up(word.into(), align.into()) as u32 };
        size += word + left;
    }
    let plain = align_up(size.into(), align.into()) as u32;
    let size = align_up((size + redzone(shape, ground, size - left)).into(), align.into()) as u32;
    let order = slub_order(size, ground, era)?;
    let cpu_limit = slub_cpu_limit(size);
    let cpu_partial = if shape.flags.intersects(SlabFlags::DEBUG) { 0 } else { slub_cpu_partial(size, era) };
    Some(Geometry {
        object_size: shape.object_size,
        size,
        align,
        order,
        objects: (order.bytes() / u64::from(size)) as u32,
        left,
        link: left + link.min(size.saturating_sub(word)),
        cpu_partial,
        cpu_limit,
        cpu_batch: cpu_limit.div_ceil(2),
        min_partial: (size.ilog2() / 2).clamp(5, 10),
        redzone: size - plain,
        ..Geometry::default()
    })
}

/// What a kernel with KASAN adds to `size` bytes of an object and its debugging: who allocated it, who freed it if that
/// finds no room inside, and enough that an access a little beyond the object meets nobody else's.
///
/// Kernel counterpart: 6.1 `mm/kasan/generic.c` (`kasan_cache_create`, `optimal_redzone`). SLAB had the same.
fn redzone(shape: &Shape, ground: &Ground, size: u32) -> u32 {
    // `struct kasan_alloc_meta`: two tracks of a stack and a task, a word each.
    const ALLOC_META: u32 = 16;
    // By the object's size with its zone.
    const ZONES: [(u32, u32); 7] =
        [(64, 16), (128, 32), (512, 64), (4096, 128), (1 << 14, 256), (1 << 15, 512), (1 << 16, 1024)];
    if !ground.params.kasan {
        return 0;
    }
    // `struct kasan_free_meta`: a link of the quarantine and a track.
    let free_meta = ground.word + 8;
    let is_kept = shape.has_ctor || shape.flags.contains(SlabFlags::TYPESAFE_BY_RCU) || shape.object_size < free_meta;
    let meta = ALLOC_META + if is_kept { free_meta } else { 0 };
    let zone = ZONES.iter().find(|(with, zone)| shape.object_size + zone <= *with).map_or(2048, |(_, zone)| *zone);
    (size + meta).max(shape.object_size + zone) - size
}

/// Objects that SLUB keeps on a CPU's partial slabs: `set_cpu_partial`.
fn slub_cpu_partial(size: u32, era: SlubEra) -> u32 {
    let [page, large, middle, small] = if era == SlubEra::V3 { [2, 6, 13, 30] } else { [6, 24, 52, 120] };
    match size {
        4096.. => page,
        1024.. => large,
        256.. => middle,
        _ => small,
    }
}

/// Objects that our own arrays keep: as many as the newer kernels' partial slabs.
fn slub_cpu_limit(size: u32) -> u32 {
    slub_cpu_partial(size, SlubEra::V6_1)
}

/// The most objects of a slab: SLUB counts them in 15 bits (`MAX_OBJS_PER_PAGE`).
const MOST_OBJECTS: u64 = 32_767;

/// The order of a slab: the smallest that holds enough objects and wastes little, with less and less strictness.
/// `None` when no block is large enough.
fn slub_order(size: u32, ground: &Ground, era: SlubEra) -> Option<Order> {
    let SlabParams { max_order, min_order, min_objects, .. } = ground.params;
    let size = u64::from(size);
    let covering = |bytes: u64| Order::covering(bytes).map_or(u32::MAX, Order::raw);
    let wanted = match min_objects {
        0 => 4 * (u64::from(u32::BITS - ground.cpus.leading_zeros()) + 1),
        objects => objects.into(),
    };
    let wanted = wanted.min((PAGE_SIZE << max_order) / size);
    // The smallest order from `least` on of which at most this fraction is left over.
    let fits = |least: u32, most: u32, fraction: u64| {
        let mut orders = (least..=most).map_while(Order::new);
        orders.find(|order| order.bytes() % size <= order.bytes() / fraction)
    };
    // An order that holds more objects than can be counted is cut to the one below.
    let cut = |order: u32| {
        let too_many = Order::new(order).is_some_and(|order| order.bytes() / size > MOST_OBJECTS);
        too_many.then(|| Order::new(covering(size * MOST_OBJECTS).saturating_sub(1))).flatten()
    };
    if era >= SlubEra::V6_12 {
        let least = min_order.max(covering(wanted.max(1) * size));
        let found = cut(least).or_else(|| [16, 8, 4, 2].into_iter().find_map(|part| fits(least, max_order, part)));
        return found.or_else(|| Order::covering(size));
    }
    if let Some(order) = cut(min_order) {
        return Some(order);
    }
    // Fewer objects are tried before more is wasted.
    for objects in (2..=wanted).rev() {
        let least = min_order.max(covering(objects * size));
        if let Some(order) = [16, 8, 4].into_iter().find_map(|part| fits(least, max_order, part)) {
            return Some(order);
        }
    }
    let least = min_order.max(covering(size));
    fits(least, max_order, 1).or_else(|| Order::new(least))
}

/// Of an object that is a block by itself. One that fills a page, or must begin where a larger block does, is whole pages.
fn slob(shape: &Shape, ground: &Ground, era: SlobEra, min_align: u32) -> Option<Geometry> {
    let align = match era {
        SlobEra::V2_6 => {
            // `kmem_cache_create` of mm/slob.c: the line in full, and no rounding to words.
            let is_lined = shape.flags.contains(SlabFlags::HWCACHE_ALIGN);
            shape.align.max(min_align).max(if is_lined { ground.cache_line } else { 0 })
        }
        SlobEra::V6_1 => alignment(shape, ground),
    };
    let (mut size, mut link) = (u64::from(shape.object_size), 0);
    if shape.flags.contains(SlabFlags::TYPESAFE_BY_RCU) {
        // `struct slob_rcu`: what hangs in the queue until nobody reads the object.
        link = align_up(size, ground.word.into());
        size = link + u64::from(super::slob::RCU_WORDS * ground.word);
    }
    let (size, order) = if size >= PAGE_SIZE || u64::from(align) > PAGE_SIZE {
        let order = Order::covering(size.max(align.into()))?;
        (order.bytes(), order)
    } else {
        (align_up(size, super::slob::UNIT), Order::ZERO)
    };
    Some(Geometry {
        object_size: shape.object_size,
        size: u32::try_from(size).ok()?,
        align,
        order,
        objects: (order.bytes() / size) as u32,
        link: link as u32,
        ..Geometry::default()
    })
}

fn slab(shape: &Shape, ground: &Ground, descriptor: u32, bufctl: u32, max_order: u32) -> Option<Geometry> {
    let (mut align, mut zone) = (alignment(shape, ground), 0);
    let mut size = align_up(shape.object_size.into(), ground.word.into()) as u32;
    // A word of red zone on each side and one that names the last user. That gives up the alignment to cache lines; whoever
    // mandates more than that has no debugging.
    let recommended = alignment(&Shape { align: 0, ..*shape }, ground);
    if align <= recommended {
        if shape.flags.contains(SlabFlags::RED_ZONE) {
            (align, zone) = (ground.word, ground.word);
            size += 2 * ground.word;
        }
        if shape.flags.contains(SlabFlags::STORE_USER) {
            align = ground.word;
            size += ground.word;
        }
    }
    // Large objects keep their management elsewhere, or it would cost a whole object. What alignment adds does not count.
    let mut off_slab = u64::from(size) >= PAGE_SIZE / 8;
    let plain = align_up(size.into(), align.into()) as u32;
    let size = align_up((size + redzone(shape, ground, size)).into(), align.into()) as u32;
    let management = |objects: u32, align: u32| align_up(u64::from(objects * bufctl + descriptor), align.into());
    // Machines with more than 32 MiB take slabs of up to two pages to waste less.
    let break_order = u32::from(ground.total_pages > (32 << 20) / PAGE_SIZE);

    let estimate = |order: Order, off_slab: bool| {
        let bytes = order.bytes();
        let objects = if off_slab {
            bytes / u64::from(size)
        } else {
            let objects = bytes.saturating_sub(descriptor.into()) / u64::from(size + bufctl);
            let used = management(objects as u32, align) + objects * u64::from(size);
            if objects > 0 && used > bytes {
                objects - 1
            } else {
                objects
            }
        } as u32;
        let used = u64::from(objects) * u64::from(size) + if off_slab { 0 } else { management(objects, align) };
        // Without an object there may be no room for the management either.
        (objects, bytes.saturating_sub(used))
    };
    let mut best = None;
    // What the VFS reclaims is allocated where no larger blocks can be made.
    let is_single = shape.flags.contains(SlabFlags::RECLAIM_ACCOUNT) && u64::from(size) <= PAGE_SIZE;
    let max_order = if is_single { 0 } else { max_order };
    for order in (0..=max_order).filter_map(Order::new) {
        let (objects, left) = estimate(order, off_slab);
        if objects == 0 {
            continue;
        }
        best = Some((order, objects, left));
        if order.raw() >= break_order || left * 8 <= order.bytes() {
            break;
        }
    }
    let (order, objects, mut left) = best?;
    let needed = management(objects, align);
    if off_slab && left >= needed {
        off_slab = false;
        left -= needed;
    }
    let management = if off_slab { u64::from(objects * bufctl + descriptor) } else { needed } as u32;
    let colour_step = ground.cache_line.max(align);
    let cpu_limit = match size {
        131_073.. => 1,
        4097.. => 8,
        1025.. => 24,
        257.. => 54,
        _ => 120,
    };
    Some(Geometry {
        object_size: shape.object_size,
        size,
        align,
        order,
        objects,
        left: zone,
        management,
        off_slab,
        // As many as whole steps fit into what is left over: `left_over / colour_off`.
        colours: (left / u64::from(colour_step)) as u32,
        colour_step,
        cpu_limit,
        cpu_batch: cpu_limit.div_ceil(2),
        min_partial: 2,
        redzone: size - plain,
        ..Geometry::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLUB: SlabRule = SlabRule::Slub { max_order: 3, era: SlubEra::V6_1, track: 20 };
    const SLAB: SlabRule = SlabRule::Slab { descriptor: 28, bufctl: 4, max_order: 5 };

    fn of(rule: SlabRule, cpus: u32, object_size: u32, align: u32, flags: SlabFlags, has_ctor: bool) -> Geometry {
        let params = SlabParams { max_order: 3, ..SlabParams::default() };
        let ground = Ground { rule, params, word: 4, cache_line: 64, cpus, total_pages: 1 << 19 };
        let shape = Shape { object_size, align, flags, has_ctor, is_kmalloc: false, freeptr_offset: None };
        geometry(&shape, &ground).unwrap_or_default()
    }

    #[test]
    fn kmalloc_caches_of_the_captures() {
        let two = [(8, 0, 512), (96, 0, 42), (192, 0, 21), (256, 0, 16), (512, 1, 16), (1024, 2, 16), (2048, 3, 16)];
        for (size, order, objects) in two.into_iter().chain([(4096, 3, 8), (8192, 3, 4)]) {
            let got = of(SLUB, 2, size, if size.is_power_of_two() { size } else { 8 }, SlabFlags::empty(), false);
            assert_eq!((got.order.raw(), got.objects), (order, objects), "{size} bytes, 2 CPUs");
        }
        for (size, order, objects) in [(512, 0, 8), (1024, 1, 8), (2048, 2, 8), (4096, 3, 8)] {
            let got = of(SLUB, 1, size, size, SlabFlags::empty(), false);
            assert_eq!((got.order.raw(), got.objects), (order, objects), "{size} bytes, 1 CPU");
        }
    }

    #[test]
    fn debug_flags_add_what_slub_adds() {
        // The capture of modules/leak.c on 6.1: 42 objects in a page.
        let leaky = of(SLUB, 2, 72, 0, SlabFlags::POISON | SlabFlags::RED_ZONE, false);
        assert_eq!((leaky.size, leaky.objects), (96, 42));
        assert!(leaky.link >= leaky.left + 72, "the link must not lie in a poisoned object");
    }

    #[test]
    fn a_constructed_object_keeps_its_bytes() {
        let things = of(SLUB, 2, 116, 0, SlabFlags::HWCACHE_ALIGN, true);
        assert_eq!(things.align, 64);
        assert!(things.link >= 116);
    }

    #[test]
    fn kasan_keeps_objects_apart() {
        let of = |rule, object_size, align, has_ctor, kasan| {
            let params = SlabParams { max_order: 3, kasan, ..SlabParams::default() };
            let ground = Ground { rule, params, word: 4, cache_line: 64, cpus: 2, total_pages: 1 << 19 };
            let flags = SlabFlags::empty();
            let shape = Shape { object_size, align, flags, has_ctor, is_kmalloc: false, freeptr_offset: None };
            geometry(&shape, &ground).unwrap_or_default()
        };
        // By the formula: 16 bytes of meta at least, 12 more with a constructor, and the zone by size.
        for (rule, object_size, align, has_ctor, size) in [
            (SLUB, 8, 8, false, 40),
            (SLUB, 64, 64, false, 128),
            (SLUB, 96, 8, false, 128),
            (SLUB, 4096, 4096, false, 8192),
            (SLUB, 20, 0, true, 56),
            (SLAB, 20, 0, false, 40),
        ] {
            let (plain, kasan) =
                (of(rule, object_size, align, has_ctor, false), of(rule, object_size, align, has_ctor, true));
            assert_eq!((kasan.size, kasan.object_size), (size, object_size), "{object_size} {rule:?}");
            assert_eq!(kasan.size - kasan.redzone, align_up(plain.size.into(), kasan.align.into()) as u32);
            assert_eq!((kasan.link, plain.redzone), (plain.link, 0));
        }
    }

    #[test]
    fn slab_of_2_6() {
        // From 2.6 slabinfos of i386: size-32 has 113 objects a page, size-64 59, size-128 30.
        for (size, align, objects, order) in [(32, 0, 113, 0), (64, 0, 59, 0), (128, 128, 30, 0), (4096, 0, 1, 0)] {
            let got = of(SLAB, 1, size, align, SlabFlags::empty(), false);
            assert_eq!((got.objects, got.order.raw()), (objects, order), "size-{size}");
        }
        assert!(of(SLAB, 1, 2048, 0, SlabFlags::empty(), false).off_slab);
        // 15 objects of 256 bytes and 88 bytes of management leave 168, two steps of a line; size-64 leaves less than one.
        assert_eq!(of(SLAB, 1, 256, 0, SlabFlags::empty(), false).colours, 2);
        assert_eq!(of(SLAB, 1, 64, 0, SlabFlags::empty(), false).colours, 0);
    }
}
