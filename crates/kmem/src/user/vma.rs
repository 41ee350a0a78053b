//! The VMAs of one process: sorted ranges, in objects of the slab cache `vm_area_struct`.
//!
//! # Structure
//! A treap, sorted by address, whose nodes lie in the machine's RAM and link each other by physical address. Each node
//! knows of its subtree the lowest start, the highest end and the largest hole between two neighbours, so the highest
//! (or lowest) hole that is large enough is found without looking at subtrees that have none. Find, insert and remove
//! take O(log n) expected; priorities come from a counter, so every run builds the same tree.
//!
//! Nothing here allocates: a node is handed in before it is inserted, and handed back when it is removed.
//!
//! Kernel counterpart: the red-black tree with gaps of 3.8 to 6.0, the maple tree since; `find_vma`,
//! `vm_unmapped_area`, `vma_merge` in `mm/mmap.c`.

use crate::map::Prot;
use crate::raw::Ram;
use crate::units::{PhysAddr, VirtAddr};

/// One range of a process's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vma {
    /// First address.
    pub start: VirtAddr,
    /// One past the last address.
    pub end: VirtAddr,
    /// What may be done with its pages; always for user mode.
    pub prot: Prot,
}

impl Vma {
    /// Returns how many pages it spans.
    pub const fn pages(&self) -> u64 {
        (self.end.raw() - self.start.raw()) >> crate::units::PAGE_SHIFT
    }
    /// True when its pages count as promised: private pages that may be written.
    pub(super) const fn is_accounted(&self) -> bool {
        self.prot.contains(Prot::WRITE)
    }
}

/// A node's physical address; 0 is none.
pub(super) type Link = u64;

/// Bytes that a node takes of its object.
pub(super) const NODE_BYTES: u32 = 64;

/// A node, as it lies in RAM: eight words of 64 bits.
#[derive(Clone, Copy)]
struct Node {
    start: u64,
    end: u64,
    left: Link,
    right: Link,
    /// Lowest start in the subtree.
    low: u64,
    /// Highest end in the subtree.
    high: u64,
    /// Largest hole between two VMAs of the subtree.
    hole: u64,
    prot: Prot,
    priority: u32,
}

impl Node {
    fn load(ram: &Ram, at: Link) -> Self {
        let word = |index: u64| ram.read_entry(PhysAddr::new(at + 8 * index), 8).unwrap_or(0);
        let last = word(7);
        Self {
            start: word(0),
            end: word(1),
            left: word(2),
            right: word(3),
            low: word(4),
            high: word(5),
            hole: word(6),
            prot: Prot::from_bits_truncate(last as u8),
            priority: (last >> 32) as u32,
        }
    }
    fn store(&self, ram: &Ram, at: Link) {
        let last = u64::from(self.prot.bits()) | u64::from(self.priority) << 32;
        let words = [self.start, self.end, self.left, self.right, self.low, self.high, self.hole, last];
        for (index, word) in (0u64..).zip(words) {
            let written = ram.write_entry(PhysAddr::new(at + 8 * index), 8, word);
            debug_assert!(written.is_some(), "a VMA outside low memory");
        }
    }
    /// Works out what the node knows of its subtree, and stores it.
    fn settle(mut self, ram: &Ram, at: Link) {
        (self.low, self.high, self.hole) = (self.start, self.end, 0);
        if self.left != 0 {
            let left = Self::load(ram, self.left);
            self.low = left.low;
            self.hole = left.hole.max(self.start.saturating_sub(left.high));
        }
        if self.right != 0 {
            let right = Self::load(ram, self.right);
            self.high = right.high;
            self.hole = self.hole.max(right.hole).max(right.low.saturating_sub(self.end));
        }
        self.store(ram, at);
    }
    fn vma(&self) -> Vma {
        Vma { start: VirtAddr::new(self.start), end: VirtAddr::new(self.end), prot: self.prot }
    }
}

/// The VMAs of one process.
#[derive(Default)]
pub(super) struct VmaSet {
    root: Link,
    count: u32,
    seed: u32,
}

/// Which holes are looked at: those, or their parts, between two addresses.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) low: u64,
    pub(super) high: u64,
}

impl Window {
    fn clip(self, from: u64, to: u64) -> (u64, u64) {
        let from = from.max(self.low);
        (from, to.min(self.high).max(from))
    }
}

impl VmaSet {
    /// Returns how many there are: `map_count`.
    pub(super) fn count(&self) -> u32 {
        self.count
    }
    /// Finds the first VMA that ends above `addr`: `find_vma`. It need not hold `addr`.
    pub(super) fn first_above(&self, ram: &Ram, addr: VirtAddr) -> Option<Vma> {
        let (mut at, mut best) = (self.root, None);
        while at != 0 {
            let node = Node::load(ram, at);
            let is_above = node.end > addr.raw();
            if is_above {
                best = Some(node.vma());
            }
            at = if is_above { node.left } else { node.right };
        }
        best
    }
    /// Finds the last VMA that ends at or below `addr`.
    pub(super) fn last_below(&self, ram: &Ram, addr: VirtAddr) -> Option<Vma> {
        let (mut at, mut best) = (self.root, None);
        while at != 0 {
            let node = Node::load(ram, at);
            let is_below = node.end <= addr.raw();
            if is_below {
                best = Some(node.vma());
            }
            at = if is_below { node.right } else { node.left };
        }
        best
    }
    /// Finds the VMA that holds `addr`.
    pub(super) fn find(&self, ram: &Ram, addr: VirtAddr) -> Option<Vma> {
        self.first_above(ram, addr).filter(|vma| vma.start <= addr)
    }
    /// Returns all of them by address.
    pub(super) fn iter<'a>(&'a self, ram: &'a Ram) -> impl Iterator<Item = Vma> + 'a {
        let mut at = VirtAddr::new(0);
        core::iter::from_fn(move || {
            let vma = self.first_above(ram, at)?;
            at = vma.end;
            Some(vma)
        })
    }

    /// Enters a VMA, which overlaps none, in the node at `at`.
    pub(super) fn insert(&mut self, ram: &Ram, at: Link, vma: Vma) {
        // Any mixing of the counter will do (here Knuth's multiplier).
        self.seed = self.seed.wrapping_add(1);
        let priority = self.seed.wrapping_mul(0x9e37_79b1);
        let (start, end) = (vma.start.raw(), vma.end.raw());
        let node = Node { start, end, left: 0, right: 0, low: start, high: end, hole: 0, prot: vma.prot, priority };
        self.root = insert(ram, self.root, at, node);
        self.count += 1;
    }
    /// Takes the VMA that begins at `start` out; returns its node.
    pub(super) fn remove(&mut self, ram: &Ram, start: VirtAddr) -> Option<Link> {
        let (root, removed) = remove(ram, self.root, start.raw());
        self.root = root;
        self.count -= u32::from(removed.is_some());
        removed
    }
    /// Changes the bounds of the VMA that begins at `start`; its place in the order stays.
    pub(super) fn resize(&mut self, ram: &Ram, start: VirtAddr, new_start: VirtAddr, new_end: VirtAddr) {
        resize(ram, self.root, start.raw(), (new_start.raw(), new_end.raw()));
    }
    /// Takes all of them out, one by one.
    pub(super) fn pop(&mut self, ram: &Ram) -> Option<Link> {
        let first = self.first_above(ram, VirtAddr::new(0))?;
        self.remove(ram, first.start)
    }

    /// Finds the highest place of a hole in the window where `bytes` fit.
    pub(super) fn highest_fit(&self, ram: &Ram, bytes: u64, window: Window) -> Option<VirtAddr> {
        highest(ram, self.root, (0, u64::MAX), bytes, window).map(VirtAddr::new)
    }
    /// Finds the lowest place of a hole in the window where `bytes` fit.
    pub(super) fn lowest_fit(&self, ram: &Ram, bytes: u64, window: Window) -> Option<VirtAddr> {
        lowest(ram, self.root, (0, u64::MAX), bytes, window).map(VirtAddr::new)
    }
    /// Returns the bytes of the largest hole in the window. O(n).
    pub(super) fn largest_hole(&self, ram: &Ram, window: Window) -> u64 {
        let (mut largest, mut from) = (0, 0);
        for vma in self.iter(ram) {
            let (low, high) = window.clip(from, vma.start.raw());
            largest = largest.max(high - low);
            from = vma.end.raw();
        }
        let (low, high) = window.clip(from, u64::MAX);
        largest.max(high - low)
    }

    /// Checks the order of keys and priorities and what each node knows; returns the address where it is not so.
    pub(super) fn verify(&self, ram: &Ram) -> Result<(), VirtAddr> {
        let count = verify(ram, self.root, (0, u64::MAX), u32::MAX)?;
        if count == self.count {
            Ok(())
        } else {
            Err(VirtAddr::new(count.into()))
        }
    }
}

fn insert(ram: &Ram, tree: Link, at: Link, mut node: Node) -> Link {
    if tree == 0 {
        node.settle(ram, at);
        return at;
    }
    let mut here = Node::load(ram, tree);
    if node.priority > here.priority {
        (node.left, node.right) = split(ram, tree, node.start);
        node.settle(ram, at);
        return at;
    }
    if node.start < here.start {
        here.left = insert(ram, here.left, at, node);
    } else {
        here.right = insert(ram, here.right, at, node);
    }
    here.settle(ram, tree);
    tree
}

/// Splits a tree into what begins below `key` and the rest.
fn split(ram: &Ram, tree: Link, key: u64) -> (Link, Link) {
    if tree == 0 {
        return (0, 0);
    }
    let mut here = Node::load(ram, tree);
    if here.start < key {
        let (left, right) = split(ram, here.right, key);
        here.right = left;
        here.settle(ram, tree);
        (tree, right)
    } else {
        let (left, right) = split(ram, here.left, key);
        here.left = right;
        here.settle(ram, tree);
        (left, tree)
    }
}

/// Joins two trees, all of the first below the second.
fn join(ram: &Ram, left: Link, right: Link) -> Link {
    if left == 0 || right == 0 {
        return left | right;
    }
    let (mut low, mut high) = (Node::load(ram, left), Node::load(ram, right));
    if low.priority > high.priority {
        low.right = join(ram, low.right, right);
        low.settle(ram, left);
        left
    } else {
        high.left = join(ram, left, high.left);
        high.settle(ram, right);
        right
    }
}

fn remove(ram: &Ram, tree: Link, start: u64) -> (Link, Option<Link>) {
    if tree == 0 {
        return (0, None);
    }
    let mut here = Node::load(ram, tree);
    if here.start == start {
        return (join(ram, here.left, here.right), Some(tree));
    }
    let removed;
    if start < here.start {
        (here.left, removed) = remove(ram, here.left, start);
    } else {
        (here.right, removed) = remove(ram, here.right, start);
    }
    here.settle(ram, tree);
    (tree, removed)
}

fn resize(ram: &Ram, tree: Link, start: u64, bounds: (u64, u64)) {
    if tree == 0 {
        return;
    }
    let mut here = Node::load(ram, tree);
    if here.start == start {
        (here.start, here.end) = bounds;
    } else {
        resize(ram, if start < here.start { here.left } else { here.right }, start, bounds);
    }
    here.settle(ram, tree);
}

/// Looks at the holes between `around.0` and `around.1`, between which the tree's VMAs lie.
fn highest(ram: &Ram, tree: Link, around: (u64, u64), bytes: u64, window: Window) -> Option<u64> {
    let (low, high) = window.clip(around.0, around.1);
    if high - low < bytes {
        return None;
    }
    if tree == 0 {
        return Some(high - bytes);
    }
    let here = Node::load(ram, tree);
    if !here.may_fit(around, bytes) {
        return None;
    }
    highest(ram, here.right, (here.end, around.1), bytes, window)
        .or_else(|| highest(ram, here.left, (around.0, here.start), bytes, window))
}

fn lowest(ram: &Ram, tree: Link, around: (u64, u64), bytes: u64, window: Window) -> Option<u64> {
    let (low, high) = window.clip(around.0, around.1);
    if high - low < bytes {
        return None;
    }
    if tree == 0 {
        return Some(low);
    }
    let here = Node::load(ram, tree);
    if !here.may_fit(around, bytes) {
        return None;
    }
    lowest(ram, here.left, (around.0, here.start), bytes, window)
        .or_else(|| lowest(ram, here.right, (here.end, around.1), bytes, window))
}

impl Node {
    fn may_fit(&self, around: (u64, u64), bytes: u64) -> bool {
        self.hole.max(self.low.saturating_sub(around.0)).max(around.1.saturating_sub(self.high)) >= bytes
    }
}

fn verify(ram: &Ram, tree: Link, between: (u64, u64), priority: u32) -> Result<u32, VirtAddr> {
    if tree == 0 {
        return Ok(0);
    }
    let here = Node::load(ram, tree);
    let is_placed = between.0 <= here.start && here.start < here.end && here.end <= between.1;
    let mut known = (here.start, here.end, 0);
    if here.left != 0 {
        let left = Node::load(ram, here.left);
        known = (left.low, known.1, left.hole.max(here.start.saturating_sub(left.high)));
    }
    if here.right != 0 {
        let right = Node::load(ram, here.right);
        known = (known.0, right.high, known.2.max(right.hole).max(right.low.saturating_sub(here.end)));
    }
    if !is_placed || here.priority > priority || known != (here.low, here.high, here.hole) {
        return Err(VirtAddr::new(here.start));
    }
    let left = verify(ram, here.left, (between.0, here.start), here.priority)?;
    Ok(left + 1 + verify(ram, here.right, (here.end, between.1), here.priority)?)
}
