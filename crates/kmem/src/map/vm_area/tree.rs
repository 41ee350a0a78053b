//! The tree of vm areas: which place is the lowest that fits, who is at an address, how large the largest hole is.
//!
//! # Structure
//! A treap, sorted by address. Each node knows of its subtree the lowest start, the highest end and the largest hole
//! between two neighbours; so the lowest hole that is large enough is found without looking at subtrees that have none,
//! and the largest hole is known at once. Insert, remove and find take O(log n) expected. Priorities come from a
//! counter, so every run builds the same tree.
//!
//! # Invariants, checked by [`Tree::verify`]
//! - **A1** The areas are sorted by start, and a node's priority is not above its parent's.
//! - **A2** They do not overlap.
//! - **A3** They lie inside their range, page aligned, not empty.
//! - **A4** What each node knows of its subtree is so.
//! - **A5** The recorded count and bytes are those of the areas.
//!
//! The kernel keeps the same knowledge in a red-black tree of the holes (`mm/vmalloc.c`, `find_vmap_lowest_match`).
//! Treaps: Seidel and Aragon, 1996.

use super::slots::Slots;
use super::{Space, SpaceCounts, VmArea};
use crate::boot::layout::VirtRange;
use crate::error::{AllocError, Broken};
use crate::machine::Machine;
use crate::memory::Memory;
use crate::units::{align_up, VirtAddr, PAGE_SIZE};

/// Number of a node plus one; 0 is none.
type Link = u32;

/// What searching needs of an area; the rest lies apart, so that a search touches few cache lines.
#[derive(Default)]
struct Node {
    start: u64,
    end: u64,
    /// Lowest start in the subtree.
    low: u64,
    /// Highest end in the subtree.
    high: u64,
    /// Largest hole between two areas of the subtree.
    hole: u64,
    left: Link,
    right: Link,
    priority: u32,
}
const _: () = assert!(size_of::<Node>() <= 64, "a node is a cache line");

struct Root {
    range: VirtRange,
    root: Link,
    count: u64,
    used: u64,
}

/// What must hold of a subtree's areas.
struct Bounds {
    /// They lie between these.
    from: u64,
    to: u64,
    /// They begin after this, and before that.
    after: Option<u64>,
    before: Option<u64>,
    /// No priority is above this.
    priority: u32,
}

/// The areas of all ranges.
pub(super) struct Tree {
    nodes: Slots<Node>,
    /// Parallel to `nodes`.
    areas: Slots<VmArea>,
    /// Nodes that were ever used.
    fresh: u32,
    /// First of the nodes that are free again.
    free: Link,
    seed: u32,
    roots: [Root; 2],
}

impl Tree {
    /// Makes a tree without areas.
    pub(super) fn new(ranges: [VirtRange; 2]) -> Self {
        let roots = ranges.map(|range| Root { range, root: 0, count: 0, used: 0 });
        Self { nodes: Slots::new(), areas: Slots::new(), fresh: 0, free: 0, seed: 0, roots }
    }
    /// Returns a range.
    pub(super) fn range(&self, space: Space) -> VirtRange {
        self.roots[space as usize].range
    }
    /// Returns the range that holds an address.
    pub(super) fn space_of(&self, addr: VirtAddr) -> Option<Space> {
        Space::ALL.into_iter().find(|&space| self.range(space).contains(addr))
    }
    /// Returns what a range has and holds.
    pub(super) fn counts(&self, space: Space) -> SpaceCounts {
        let Root { range, count, used, .. } = self.roots[space as usize];
        SpaceCounts { range, areas: count, used_bytes: used, largest_hole: self.largest_hole(space) }
    }
    /// Returns the bytes of a range's largest hole.
    pub(super) fn largest_hole(&self, space: Space) -> u64 {
        let Root { range, root, .. } = &self.roots[space as usize];
        self.node(*root)
            .map_or(range.bytes(), |top| top.hole.max(top.low - range.start.raw()).max(range.end.raw() - top.high))
    }
    /// Finds the area that holds `addr`.
    pub(super) fn find(&self, addr: VirtAddr) -> Option<&VmArea> {
        self.area(self.find_link(addr))
    }
    /// Finds the area that holds `addr`, to change anything but its place.
    pub(super) fn find_mut(&mut self, addr: VirtAddr) -> Option<&mut VmArea> {
        self.areas.get_mut(self.find_link(addr).checked_sub(1)?)
    }
    /// Finds the first area that begins at or above `addr`.
    pub(super) fn at_or_above(&self, space: Space, addr: VirtAddr) -> Option<&VmArea> {
        let (mut link, mut best) = (self.roots[space as usize].root, 0);
        while let Some(node) = self.node(link) {
            if node.start >= addr.raw() {
                best = link;
                link = node.left;
            } else {
                link = node.right;
            }
        }
        self.area(best)
    }
    /// Finds the last area that begins below `addr`.
    pub(super) fn below(&self, space: Space, addr: VirtAddr) -> Option<&VmArea> {
        let (mut link, mut best) = (self.roots[space as usize].root, 0);
        while let Some(node) = self.node(link) {
            if node.start < addr.raw() {
                best = link;
                link = node.right;
            } else {
                link = node.left;
            }
        }
        self.area(best)
    }
    /// Finds the lowest place of a range for `bytes` bytes at a multiple of `align`.
    pub(super) fn first_fit(&self, space: Space, bytes: u64, align: u64) -> Option<VirtAddr> {
        let Root { range, root, .. } = &self.roots[space as usize];
        self.first_fit_in(*root, range.start.raw(), range.end.raw(), bytes, align).map(VirtAddr::new)
    }
    /// Enters an area, whose place is empty.
    pub(super) fn add<M: Machine>(&mut self, mem: &Memory<M>, space: Space, area: VmArea) -> Result<(), AllocError> {
        let link = self.take_node(mem)?;
        self.seed = self.seed.wrapping_add(0x9e37_79b9);
        let priority = scatter(self.seed);
        let start = area.start.raw();
        if let Some(node) = self.node_mut(link) {
            *node = Node { start, end: area.end().raw(), priority, ..Node::default() };
        }
        if let Some(known) = self.areas.get_mut(link - 1) {
            *known = area;
        }
        let root = self.roots[space as usize].root;
        let root = self.link(root, link, start, priority);
        let entry = &mut self.roots[space as usize];
        entry.root = root;
        entry.count += 1;
        entry.used += area.bytes;
        Ok(())
    }
    /// Takes out the area that begins at `start`.
    pub(super) fn remove(&mut self, start: VirtAddr) -> Option<VmArea> {
        let space = self.space_of(start)?;
        let (root, gone) = self.erase(self.roots[space as usize].root, start.raw());
        let area = *self.area(gone)?;
        let entry = &mut self.roots[space as usize];
        entry.root = root;
        entry.count -= 1;
        entry.used -= area.bytes;
        let free = self.free;
        if let Some(node) = self.node_mut(gone) {
            *node = Node { left: free, ..Node::default() };
        }
        self.free = gone;
        Some(area)
    }

    fn node(&self, link: Link) -> Option<&Node> {
        self.nodes.get(link.checked_sub(1)?)
    }
    fn node_mut(&mut self, link: Link) -> Option<&mut Node> {
        self.nodes.get_mut(link.checked_sub(1)?)
    }
    fn area(&self, link: Link) -> Option<&VmArea> {
        self.areas.get(link.checked_sub(1)?)
    }
    fn find_link(&self, addr: VirtAddr) -> Link {
        let Some(space) = self.space_of(addr) else { return 0 };
        let mut link = self.roots[space as usize].root;
        while let Some(node) = self.node(link) {
            if addr.raw() < node.start {
                link = node.left;
            } else if addr.raw() < node.end {
                return link;
            } else {
                link = node.right;
            }
        }
        0
    }
    /// Finds the lowest place in the holes of a subtree that lies between `from` and `to`.
    fn first_fit_in(&self, link: Link, from: u64, to: u64, bytes: u64, align: u64) -> Option<u64> {
        let Some(node) = self.node(link) else {
            let start = align_up(from, align);
            return (start >= from && start <= to && to - start >= bytes).then_some(start);
        };
        if node.hole.max(node.low - from).max(to - node.high) < bytes {
            return None;
        }
        self.first_fit_in(node.left, from, node.start, bytes, align)
            .or_else(|| self.first_fit_in(node.right, node.end, to, bytes, align))
    }
    fn take_node<M: Machine>(&mut self, mem: &Memory<M>) -> Result<Link, AllocError> {
        let link = self.free;
        if let Some(node) = self.node(link) {
            self.free = node.left;
            return Ok(link);
        }
        self.nodes.reach(mem, self.fresh)?;
        self.areas.reach(mem, self.fresh)?;
        self.fresh += 1;
        Ok(self.fresh)
    }

    /// Recomputes what a node knows of its subtree.
    fn pull(&mut self, link: Link) {
        let Some(node) = self.node(link) else { return };
        let (start, end) = (node.start, node.end);
        let (mut low, mut high, mut hole) = (start, end, 0);
        if let Some(left) = self.node(node.left) {
            low = left.low;
            hole = left.hole.max(start - left.high);
        }
        if let Some(right) = self.node(node.right) {
            high = right.high;
            hole = hole.max(right.hole).max(right.low - end);
        }
        if let Some(node) = self.node_mut(link) {
            (node.low, node.high, node.hole) = (low, high, hole);
        }
    }
    /// Links a node into a subtree; returns the subtree's new top.
    fn link(&mut self, top: Link, new: Link, start: u64, priority: u32) -> Link {
        let Some(node) = self.node(top) else {
            self.pull(new);
            return new;
        };
        let (left, right, top_start, top_priority) = (node.left, node.right, node.start, node.priority);
        if priority > top_priority {
            let (left, right) = self.split(top, start);
            self.set_children(new, left, right);
            return new;
        }
        if start < top_start {
            let left = self.link(left, new, start, priority);
            self.set_children(top, left, right);
        } else {
            let right = self.link(right, new, start, priority);
            self.set_children(top, left, right);
        }
        top
    }
    /// Splits a subtree into what begins below `key` and what does not.
    fn split(&mut self, top: Link, key: u64) -> (Link, Link) {
        let Some(node) = self.node(top) else { return (0, 0) };
        let (left, right) = (node.left, node.right);
        if node.start < key {
            let (below, above) = self.split(right, key);
            self.set_children(top, left, below);
            (top, above)
        } else {
            let (below, above) = self.split(left, key);
            self.set_children(top, above, right);
            (below, top)
        }
    }
    /// Joins two subtrees, all of the first below all of the second.
    fn join(&mut self, left: Link, right: Link) -> Link {
        let (Some(below), Some(above)) = (self.node(left), self.node(right)) else { return left.max(right) };
        if below.priority >= above.priority {
            let (outer, inner) = (below.left, below.right);
            let inner = self.join(inner, right);
            self.set_children(left, outer, inner);
            left
        } else {
            let (inner, outer) = (above.left, above.right);
            let inner = self.join(left, inner);
            self.set_children(right, inner, outer);
            right
        }
    }
    /// Takes the area that begins at `start` out of a subtree; returns the new top and the node.
    fn erase(&mut self, top: Link, start: u64) -> (Link, Link) {
        let Some(node) = self.node(top) else { return (0, 0) };
        let (left, right, here) = (node.left, node.right, node.start);
        if start == here {
            return (self.join(left, right), top);
        }
        let gone;
        if start < here {
            let (left, found) = self.erase(left, start);
            gone = found;
            self.set_children(top, left, right);
        } else {
            let (right, found) = self.erase(right, start);
            gone = found;
            self.set_children(top, left, right);
        }
        (top, gone)
    }
    fn set_children(&mut self, link: Link, left: Link, right: Link) {
        if let Some(node) = self.node_mut(link) {
            (node.left, node.right) = (left, right);
        }
        self.pull(link);
    }

    /// Checks A1 to A5.
    pub(super) fn verify(&self) -> Result<(), Broken> {
        for Root { range, root, count, used } in &self.roots {
            let (start, end) = (range.start.raw(), range.end.raw());
            let bounds = Bounds { from: start, to: end, after: None, before: None, priority: u32::MAX };
            let seen = self.verify_subtree(*root, &bounds)?;
            for (found, expected) in [(*count, seen.0), (*used, seen.1)] {
                if found != expected {
                    return Err(Broken { what: "vm areas A5", at: start, found, expected });
                }
            }
        }
        Ok(())
    }
    /// Checks a subtree; returns count and bytes.
    fn verify_subtree(&self, link: Link, bounds: &Bounds) -> Result<(u64, u64), Broken> {
        let (Some(node), Some(area)) = (self.node(link), self.area(link)) else { return Ok((0, 0)) };
        let Node { start, end, priority, .. } = *node;
        let broken = |what, found, expected| Err(Broken { what, at: start, found, expected });
        if priority > bounds.priority {
            return broken("vm areas A1", priority.into(), bounds.priority.into());
        }
        if let Some(wrong) = bounds.after.filter(|&after| start <= after).or(bounds.before.filter(|&at| start >= at)) {
            return broken("vm areas A1", start, wrong);
        }
        let is_inside = self.space_of(VirtAddr::new(start)).is_some_and(|space| end <= self.range(space).end.raw());
        if start >= end || (start | end) % PAGE_SIZE != 0 || !is_inside {
            return broken("vm areas A3", end, start);
        }
        if start < bounds.from || end > bounds.to {
            let (found, expected) = if start < bounds.from { (start, bounds.from) } else { (end, bounds.to) };
            return broken("vm areas A2", found, expected);
        }
        let left = Bounds { to: start, before: Some(start), priority, ..*bounds };
        let left = self.verify_subtree(node.left, &left)?;
        let right = Bounds { from: end, after: Some(start), priority, ..*bounds };
        let right = self.verify_subtree(node.right, &right)?;
        let (below, after) = (self.node(node.left), self.node(node.right));
        let low = below.map_or(start, |below| below.low);
        let high = after.map_or(end, |after| after.high);
        let hole = below
            .map_or(0, |below| below.hole.max(start - below.high))
            .max(after.map_or(0, |after| after.hole.max(after.low - end)));
        let known = [(node.low, low), (node.high, high), (node.hole, hole)];
        let place = [(area.start.raw(), start), (area.end().raw(), end)];
        for (found, expected) in known.into_iter().chain(place) {
            if found != expected {
                return broken("vm areas A4", found, expected);
            }
        }
        Ok((left.0 + right.0 + 1, left.1 + right.1 + area.bytes))
    }
}

/// Mixes a counter's bits (the finalizer of MurmurHash3).
fn scatter(seed: u32) -> u32 {
    let mut x = seed;
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Name;
    use crate::map::entry::tests::Random;
    use crate::map::tests::ground::{TestKernel, I386};
    use crate::map::vm_area::VmAreas;

    fn range() -> VirtRange {
        VirtRange::new(0xd000_0000, 0xfe00_0000)
    }
    fn areas(kernel: &TestKernel) -> VmAreas {
        VmAreas::new(&kernel.memory, range(), None).expect("there is memory")
    }
    fn pages(pages: u64) -> VmArea {
        VmArea { bytes: pages * PAGE_SIZE, ..VmArea::default() }
    }

    #[test]
    fn the_lowest_place_is_taken_and_the_guard_page_counts() {
        let kernel = I386.boot();
        let areas = areas(&kernel);
        let take =
            |bytes, align| areas.insert(&kernel.memory, Space::Vmalloc, align, bytes).map(|area| area.start.raw());
        assert_eq!(take(pages(2), 4096), Ok(0xd000_0000));
        assert_eq!(take(pages(4), 4096), Ok(0xd000_2000));
        assert_eq!(take(pages(3), 0x8000), Ok(0xd000_8000));
        assert_eq!(take(pages(2), 4096), Ok(0xd000_6000), "the hole before it");
        areas.remove(VirtAddr::new(0xd000_2000), None);
        assert_eq!(take(pages(5), 4096), Ok(0xd000_b000));
        assert_eq!(take(pages(3), 4096), Ok(0xd000_2000));
        assert_eq!(areas.hole(VirtAddr::new(0xd000_5800)), Some(VirtRange::new(0xd000_5000, 0xd000_6000)));
        let largest_hole = 0xfe00_0000 - 0xd001_0000;
        let error = AllocError::NoAddressSpace { bytes: largest_hole + PAGE_SIZE, largest_hole };
        assert_eq!(take(pages(largest_hole / PAGE_SIZE + 1), 4096), Err(error));
        assert_eq!(take(pages(largest_hole / PAGE_SIZE), 4096), Ok(0xd001_0000));
        assert_eq!(areas.verify(), Ok(()));
    }

    #[test]
    fn a_fixed_place_is_taken_if_it_is_free() {
        let kernel = I386.boot();
        let areas = areas(&kernel);
        let at = |start, count| {
            areas.insert_at(&kernel.memory, VmArea { start: VirtAddr::new(start), ..pages(count) }).is_ok()
        };
        assert!(at(0xd000_4000, 4));
        assert!(!at(0xd000_4000, 1) && !at(0xd000_7000, 1) && !at(0xd000_3000, 2) && !at(0xd000_0000, 16));
        assert!(at(0xd000_3000, 1) && at(0xd000_8000, 1));
        assert!(at(0xfdff_f000, 1) && !at(0xfe00_0000, 1) && !at(0xcfff_f000, 1) && !at(0xfdff_e000, 2));
        assert_eq!(areas.verify(), Ok(()));
    }

    #[test]
    fn many_areas_come_and_go() {
        let kernel = I386.boot();
        let areas = areas(&kernel);
        let mut random = Random(11);
        let mut live = Vec::new();
        for step in 0..30_000 {
            if random.below(3) > 0 || live.is_empty() {
                let area = pages(1 + random.below(4));
                live.push(areas.insert(&kernel.memory, Space::Vmalloc, 4096, area).expect("there is room").start);
            } else {
                let start = live.swap_remove(random.below(live.len() as u64) as usize);
                assert_eq!(areas.find(start).map(|area| area.start), Some(start));
                areas.remove(start, None);
                assert!(areas.find(start).is_none());
            }
            if step % 1000 == 0 {
                assert_eq!(areas.verify(), Ok(()));
            }
        }
        assert!(live.len() > 8192, "more than one table of nodes");
        live.iter().for_each(|&start| areas.remove(start, None));
        let counts = areas.counts(Space::Vmalloc);
        assert_eq!((counts.areas, counts.used_bytes, counts.largest_hole), (0, 0, range().bytes()));
        assert_eq!(areas.verify(), Ok(()));
    }

    /// A1 to A5: each is broken on purpose and named.
    #[test]
    fn verify_names_what_is_broken() {
        let kernel = I386.boot();
        let broken = |break_it: &dyn Fn(&mut Tree), expected: &str| {
            let areas = areas(&kernel);
            for _ in 0..20 {
                areas.insert(&kernel.memory, Space::Vmalloc, 1 << 16, pages(3)).expect("there is room");
            }
            assert_eq!(areas.verify(), Ok(()));
            break_it(&mut areas.lock().tree);
            assert_eq!(areas.verify().map_err(|broken| broken.what), Err(expected));
        };
        fn change(tree: &mut Tree, index: u64, change: impl FnOnce(&mut Node)) {
            let link = tree.find_link(range().start.offset(index << 16));
            change(tree.node_mut(link).expect("it is there"));
        }
        broken(&|tree| change(tree, 7, |node| node.priority = u32::MAX), "vm areas A1");
        broken(&|tree| change(tree, 7, |node| (node.start, node.end) = (0xd00c_0000, 0xd00c_1000)), "vm areas A1");
        broken(&|tree| change(tree, 7, |node| node.end += 1 << 16), "vm areas A2");
        broken(&|tree| change(tree, 7, |node| node.end = node.start), "vm areas A3");
        broken(&|tree| change(tree, 7, |node| node.start += 1), "vm areas A3");
        broken(&|tree| change(tree, 19, |node| node.end += range().bytes()), "vm areas A3");
        broken(&|tree| change(tree, 7, |node| node.hole += PAGE_SIZE), "vm areas A4");
        broken(&|tree| change(tree, 7, |node| node.high += PAGE_SIZE), "vm areas A4");
        broken(&|tree| tree.roots[0].count += 1, "vm areas A5");
        broken(&|tree| tree.roots[0].used -= PAGE_SIZE, "vm areas A5");
    }

    #[test]
    fn freed_areas_are_remembered_for_a_while() {
        let kernel = I386.boot();
        let areas = areas(&kernel);
        let take = |caller: &str| {
            let area = VmArea { caller: Name::new(caller), ..pages(2) };
            areas.insert(&kernel.memory, Space::Vmalloc, 4096, area).expect("there is room").start
        };
        let start = take("old");
        areas.remove(start, Some(Name::new("first")));
        assert_eq!(take("new"), start);
        areas.remove(start, Some(Name::new("second")));
        let freed = areas.freed(start.offset(8191)).expect("it is remembered");
        assert_eq!((freed.allocated_by, freed.freed_by), (Name::new("new"), Name::new("second")));
        assert_eq!(areas.freed(start.offset(8192)), None);
        let room = areas.lock().freed.ring.len();
        for _ in 0..room {
            let other = areas.insert(&kernel.memory, Space::Vmalloc, 1 << 20, pages(1)).expect("there is room").start;
            areas.remove(other, None);
            let other = VmArea { start: range().start.offset(1 << 24), ..pages(1) };
            areas.lock().freed.push(&other, Name::default());
        }
        assert_eq!(areas.freed(start), None, "forgotten");
    }
}
