//! A page allocator in a recorded state: what a kernel's report says of its zones, made into zones.
//!
//! A report of a request that failed has each zone's watermarks and reserves and how many free blocks of each order and type
//! there were. That is all that decides whether a request is served. [`Restored`] makes zones of such [`ZoneRecord`]s; then
//! [`PageAllocator::alloc_as`] answers as it answers in a booted kernel.
//!
//! # Which frames
//! A report does not say where the blocks lay, and nothing depends on it but this: two halves of a block were not both free,
//! or they would have been one. So each block is put at the lower half of twice its room, the other half of which is nobody's,
//! and each type has pageblocks of its own. What is in use has no frames at all. A machine of 256 GB that has run out of memory
//! thus takes the room of what is still free.
//!
//! The machine's RAM holds the engine's structures and nothing else: no page of a restored allocator has contents.

use super::frame::FrameTable;
use super::mobility::Mobility;
use super::watermark::{ZoneTuning, MAX_ZONES};
use super::zone::{Zone, ZoneExtent};
use super::{PageAllocator, Parts, MAX_ALL_ZONES};
use crate::machine::Machine;
use crate::profile::{Profile, ZoneKind, MAX_NODES};
use crate::raw::{Ram, Reserve};
use crate::units::{align_up, Order, Pfn, PhysRange, PAGE_SIZE};
use core::fmt;
use core::ops::Deref;

/// A zone, as it was recorded. Pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZoneRecord {
    /// Its node.
    pub node: u32,
    /// Which kind of zone it is: one of [`Record::kinds`].
    pub kind: ZoneKind,
    /// Pages of RAM.
    pub present: u64,
    /// Of those, the allocator's; 0: the zone is not there for anybody.
    pub managed: u64,
    /// Watermarks, with the boost, as kernels print them.
    pub min: u64,
    /// See [`ZoneRecord::min`].
    pub low: u64,
    /// See [`ZoneRecord::min`].
    pub high: u64,
    /// What fragmentation adds to each of them for now.
    pub boost: u64,
    /// `lowmem_reserve`, by the place of the preferred zone among [`Record::kinds`].
    pub reserve: [u64; MAX_ZONES],
    /// Pages of pageblocks that are set aside for important requests.
    pub high_atomic: u64,
    /// Free blocks by order and mobility type.
    pub free: [[u64; Mobility::COUNT]; Order::COUNT],
}

impl ZoneRecord {
    /// Returns the free pages.
    pub fn free_pages(&self) -> u64 {
        let pages = |(order, blocks): (usize, &[u64; Mobility::COUNT])| {
            blocks.iter().fold(0, |sum: u64, blocks| sum.saturating_add(*blocks)).saturating_mul(1 << order)
        };
        self.free.iter().enumerate().map(pages).fold(0, u64::saturating_add)
    }
    /// Returns the frames that the blocks of a type need, those between them included.
    fn room(&self, kind: Mobility, top: Order) -> u64 {
        let slots = |(order, blocks): (usize, &[u64; Mobility::COUNT])| {
            blocks[kind.index()].saturating_mul(slot_pages(order as u32, top))
        };
        self.free.iter().enumerate().map(slots).fold(0, u64::saturating_add)
    }
}

/// A machine's zones, as they were recorded.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The kernel whose rules hold.
    pub profile: &'static Profile,
    /// The largest order that this kernel gives.
    pub top: Order,
    /// The zones that this kernel was built with, lowest first: at most [`MAX_ZONES`].
    pub kinds: &'a [ZoneKind],
    /// The node of the CPU that asks.
    pub home: u32,
    /// The zones.
    pub zones: &'a [ZoneRecord],
}

/// Why a state cannot be restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreError {
    /// A zone of a node beyond [`MAX_NODES`], of a kind that is not among the kernel's, or the second of its kind.
    Zone {
        /// Its node.
        node: u32,
        /// Its kind.
        kind: ZoneKind,
    },
    /// Free blocks of an order beyond the top order.
    Order(Order),
    /// More frames than can be described.
    TooLarge {
        /// Frames that the free blocks need.
        frames: u64,
    },
    /// The machine has too little RAM for the structures.
    NoRoom {
        /// Bytes needed.
        bytes: u64,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone { node, kind } => {
                write!(f, "zone {} of node {node} has no place: at most {MAX_NODES} nodes, each kind once", name(*kind))
            }
            Self::Order(order) => write!(f, "there are free blocks of order {order}, which this kernel does not have"),
            Self::TooLarge { frames } => write!(f, "the free blocks need {frames} frames, more than {MOST_FRAMES}"),
            Self::NoRoom { bytes } => write!(f, "the structures need {bytes} bytes of RAM"),
        }
    }
}

/// The most frames of a restored allocator: room for some 256 GB of free memory in pieces.
const MOST_FRAMES: u64 = 1 << 27;
/// The least frames of a zone, so that per-CPU lists have slots.
const LEAST_FRAMES: u64 = 4096;

/// A page allocator in a recorded state, on a machine of its own.
pub struct Restored<M: Machine> {
    pages: PageAllocator,
    _machine: M,
}

impl<M: Machine> Deref for Restored<M> {
    type Target = PageAllocator;
    fn deref(&self) -> &PageAllocator {
        &self.pages
    }
}

impl<M: Machine> Restored<M> {
    /// Makes the zones of a record. The machine's RAM has at least the [`bytes`] of the record, and nothing else in it.
    ///
    /// Cost: O(free blocks) on a machine whose RAM is zeroed, else O(frames).
    ///
    /// # Errors
    /// [`RestoreError`] for what cannot be, and for a machine that is too small.
    pub fn new(machine: M, record: &Record<'_>) -> Result<Self, RestoreError> {
        let layout = Layout::new(record)?;
        let needed = layout.bytes(record);
        let no_room = RestoreError::NoRoom { bytes: needed };
        let ram = Ram::of(&machine).ok_or(no_room)?;
        let place = PhysRange::new(ram.start().raw(), ram.end().raw());
        let mut reserve = Reserve::new(&ram, place, needed, machine.ram_is_zeroed()).ok_or(no_room)?;
        let frames = FrameTable::new(&mut reserve, layout.frames, Pfn::new(0)).ok_or(no_room)?;
        let parts = Parts {
            profile: record.profile,
            top: record.top,
            frames,
            extents: &layout.extents,
            cpus: 1,
            nodes: layout.nodes,
            cpu_node: &|_| record.home,
            low_end: Pfn::new(layout.frames),
            tracer: None,
            ext: None,
        };
        let mut pages = PageAllocator::new(&mut reserve, parts).ok_or(no_room)?;
        for zone in record.zones {
            let slot = layout.slot(record, zone).and_then(|slot| pages.zone(slot));
            slot.into_iter().for_each(|made| fill(made, zone, record.top, unit(record.profile, record.top)));
        }
        pages.open();
        for slot in 0..MAX_ALL_ZONES {
            // One block at a time, so that nothing lies on a list that a zone has to have.
            pages.all_lists(slot).filter(|_| pages.zone(slot).is_some()).for_each(|lists| {
                lists.pages.set_bounds(1, LIST_PAGES, LIST_PAGES);
                lists.take_room();
            });
        }
        Ok(Self { pages, _machine: machine })
    }
}

/// Pages that a per-CPU list of a restored allocator may hold.
const LIST_PAGES: u32 = 16;

/// Returns the bytes of RAM that a record's allocator needs.
///
/// # Errors
/// [`RestoreError`] for what cannot be.
pub fn bytes(record: &Record<'_>) -> Result<u64, RestoreError> {
    Ok(align_up(Layout::new(record)?.bytes(record), PAGE_SIZE))
}

/// Where the zones lie.
struct Layout {
    extents: [Option<ZoneExtent>; MAX_ALL_ZONES],
    frames: u64,
    nodes: u32,
}

impl Layout {
    fn new(record: &Record<'_>) -> Result<Self, RestoreError> {
        let mut layout = Self { extents: [None; MAX_ALL_ZONES], frames: 0, nodes: 1 };
        for zone in record.zones {
            let wrong = RestoreError::Zone { node: zone.node, kind: zone.kind };
            let slot = layout.slot(record, zone).ok_or(wrong)?;
            let beyond = |order: &usize| zone.free[*order].iter().any(|blocks| *blocks > 0);
            if let Some(order) = (record.top.index() + 1..Order::COUNT).find(beyond) {
                return Err(RestoreError::Order(Order::new(order as u32).unwrap_or(record.top)));
            }
            let unit = unit(record.profile, record.top);
            // Without a bound, so that sums stay numbers.
            let room = |kind: &Mobility| align_up(zone.room(*kind, record.top).min(MOST_FRAMES * 2), unit);
            let frames = Mobility::ALL.iter().map(room).sum::<u64>().max(align_up(LEAST_FRAMES, unit));
            let place = layout.extents.get_mut(slot).filter(|place| place.is_none()).ok_or(wrong)?;
            let (start, present) = (Pfn::new(layout.frames), zone.present);
            *place = Some(ZoneExtent { node: zone.node, start, spanned: frames, present, ..empty(zone.kind) });
            layout.frames += frames;
            layout.nodes = layout.nodes.max(zone.node + 1);
        }
        if layout.frames > MOST_FRAMES {
            return Err(RestoreError::TooLarge { frames: layout.frames });
        }
        layout.nodes = layout.nodes.max(record.home.min(MAX_NODES as u32 - 1) + 1);
        // Every node has a place for each zone of the kernel, with pages or without.
        for node in 0..layout.nodes {
            for (at, kind) in record.kinds.iter().take(MAX_ZONES).enumerate() {
                let place = layout.extents.get_mut(node as usize * MAX_ZONES + at);
                place.into_iter().for_each(|place| *place = Some(place.unwrap_or(ZoneExtent { node, ..empty(*kind) })));
            }
        }
        Ok(layout)
    }
    /// Returns a zone's place among all.
    fn slot(&self, record: &Record<'_>, zone: &ZoneRecord) -> Option<usize> {
        let at = record.kinds.iter().take(MAX_ZONES).position(|kind| *kind == zone.kind)?;
        (zone.node < MAX_NODES as u32).then_some(zone.node as usize * MAX_ZONES + at)
    }
    fn bytes(&self, record: &Record<'_>) -> u64 {
        let lists = PageAllocator::bytes(record.profile, record.top, &self.extents, 1, self.nodes);
        self.frames * FrameTable::ENTRY + lists + PAGE_SIZE
    }
}

/// Frames that stay together: whole pageblocks, largest blocks and chunks of the buddy's.
fn unit(profile: &Profile, top: Order) -> u64 {
    const CHUNK: u64 = super::chunk::CHUNK_PAGES;
    profile.pageblock_order.max(top).pages().max(CHUNK)
}
/// Frames for a block and for the other half of what it would merge to.
fn slot_pages(order: u32, top: Order) -> u64 {
    1 << if order < top.raw() { order + 1 } else { order }
}
fn empty(kind: ZoneKind) -> ZoneExtent {
    ZoneExtent { name: name(kind), node: 0, kind, start: Pfn::new(0), spanned: 0, present: 0 }
}
/// Returns what kernels call a kind of zone.
pub const fn name(kind: ZoneKind) -> &'static str {
    match kind {
        ZoneKind::Dma => "DMA",
        ZoneKind::Dma32 => "DMA32",
        ZoneKind::Normal => "Normal",
        ZoneKind::HighMem => "HighMem",
        ZoneKind::Movable => "Movable",
        ZoneKind::Device => "Device",
    }
}

/// Puts the free blocks into a zone, and its numbers.
fn fill(zone: &Zone, record: &ZoneRecord, top: Order, unit: u64) {
    let counted = |pages: u64| pages.min(u64::from(u32::MAX)) as u32;
    let mut guard = zone.lock();
    let mut start = zone.extent.start;
    for kind in Mobility::ALL {
        let end = start.add(align_up(record.room(kind, top), unit));
        let mut at = start;
        while at < end {
            zone.area.set_mobility(&mut guard.counts, at, kind);
            at = zone.area.pageblock(at).1;
        }
        // From the largest on: so each is aligned as its size wants it.
        let mut at = start;
        for order in Order::ZERO.up_to(top).rev() {
            for _ in 0..record.free[order.index()][kind.index()] {
                zone.area.give(&mut guard.counts, at, order);
                at = at.add(slot_pages(order.raw(), top));
            }
        }
        start = end;
    }
    drop(guard);
    zone.managed.add(counted(record.managed));
    zone.high_atomic.add(counted(record.high_atomic));
    let above = |mark: u64| mark.saturating_sub(record.boost);
    let marks = ZoneTuning {
        min: above(record.min),
        low: above(record.low),
        high: above(record.high),
        reserve: record.reserve,
        ..ZoneTuning::default()
    };
    zone.tune(&marks, true);
    zone.boost.set(counted(record.boost));
}
