//! Which zones answer which flags, and in what order; which nodes, and in what order.
//!
//! The flags choose the highest zone that may answer; when it cannot, the ones below it are asked, never the ones
//! above: high memory falls back to low memory, ordinary memory to DMA memory. On a machine with several nodes all zones
//! of the nearest node are asked first, then those of the next one. Kernel counterpart: `gfp_zone`, `build_zonelists`,
//! `find_next_best_node`.

use super::watermark::MAX_ZONES;
use crate::gfp::Gfp;
use crate::profile::{ZoneKind, MAX_NODES};

/// A set of nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeMask(u32);

impl NodeMask {
    /// All nodes.
    pub const ALL: Self = Self(u32::MAX);
    /// No node.
    pub const NONE: Self = Self(0);

    /// Returns the set of one node.
    pub const fn of(node: u32) -> Self {
        Self(1 << (node & 31))
    }
    /// Returns the nodes of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Returns the nodes that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// True when the set holds a node.
    #[inline]
    pub const fn contains(self, node: u32) -> bool {
        self.0 >> (node & 31) & 1 != 0
    }
    /// True without nodes.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Returns how many nodes are in it.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }
    /// Returns the `n`-th node of the set, counted from 0.
    pub fn nth(self, n: u32) -> Option<u32> {
        (0..u32::BITS).filter(|node| self.contains(*node)).nth(n as usize)
    }
}

/// For each combination of the four zone bits of [`Gfp`], the zone of a node to ask first.
#[derive(Clone, Copy)]
pub(crate) struct Zonelist {
    preferred: [u8; 16],
    /// The combinations for which the node has a zone, a bit each: no request gets memory of a higher zone than it asks for.
    serves: u16,
}

impl Zonelist {
    /// Builds the table from the zones' kinds, lowest first; `populated` says which of them have pages.
    pub(crate) fn new(kinds: &[ZoneKind], populated: impl Fn(usize) -> bool) -> Self {
        let (mut preferred, mut serves) = ([0; 16], 0);
        for (bits, slot) in preferred.iter_mut().enumerate() {
            // A kind of zone that this kernel does not have is ordinary memory to it.
            let wanted = Some(wanted(Gfp::from_bits_truncate(bits as u32), kinds.contains(&ZoneKind::Movable)));
            let wanted = wanted.filter(|kind| kinds.contains(kind)).unwrap_or(ZoneKind::Normal);
            let best = (0..kinds.len().min(MAX_ZONES)).rev().find(|zone| kinds[*zone] <= wanted && populated(*zone));
            let lowest = (0..kinds.len().min(MAX_ZONES)).find(|zone| populated(*zone));
            *slot = best.or(lowest).unwrap_or(0) as u8;
            serves |= u16::from(best.is_some()) << bits;
        }
        Self { preferred, serves }
    }
    /// Returns the combinations for which the node has a zone, a bit each.
    pub(crate) fn served(&self) -> u16 {
        self.serves
    }
    /// Counts requests of these combinations as served: those for which no node has a zone get what there is.
    pub(crate) fn serve_also(&mut self, bits: u16) {
        self.serves |= bits;
    }
    /// True when the node has a zone for these flags.
    #[inline]
    pub(crate) fn serves(&self, gfp: Gfp) -> bool {
        self.serves >> (gfp.bits() & 15) & 1 != 0
    }
    /// Returns the first zone to ask; the rest of the list are the ones below it.
    #[inline(always)]
    pub(crate) fn preferred(&self, gfp: Gfp) -> usize {
        usize::from(self.preferred[(gfp.bits() & 15) as usize])
    }
}

/// For each node, all nodes by their distance from it.
#[derive(Clone, Copy)]
pub(crate) struct NodeOrder {
    order: [[u8; MAX_NODES]; MAX_NODES],
    nodes: u32,
}

/// The distance of a node from itself, and of others when nothing else is known: ACPI's numbers.
pub const LOCAL_DISTANCE: u8 = 10;
/// See [`LOCAL_DISTANCE`].
pub const REMOTE_DISTANCE: u8 = 20;

impl NodeOrder {
    /// Builds the lists: the nearest first; of equally near ones those with higher numbers first, as the kernel spreads
    /// the load.
    pub(crate) fn new(nodes: u32, distance: impl Fn(u32, u32) -> u8) -> Self {
        let mut order = [[0; MAX_NODES]; MAX_NODES];
        let nodes = nodes.clamp(1, MAX_NODES as u32);
        for (node, row) in order.iter_mut().enumerate().take(nodes as usize) {
            let node = node as u32;
            for (slot, at) in row.iter_mut().zip(0..nodes) {
                *slot = at as u8;
            }
            row[..nodes as usize].sort_unstable_by_key(|&other| {
                let other = u32::from(other);
                (other != node, u32::from(distance(node, other)) + u32::from(other < node), other)
            });
        }
        Self { order, nodes }
    }
    /// Returns the nodes, nearest first.
    pub(crate) fn from(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let row = self.order.get(node as usize).unwrap_or(&self.order[0]);
        row[..self.nodes as usize].iter().map(|&node| u32::from(node))
    }
}

/// The kind of memory that flags ask for: DMA wins, then HIGHMEM (with MOVABLE: the movable zone), then DMA32.
fn wanted(gfp: Gfp, has_movable: bool) -> ZoneKind {
    if gfp.contains(Gfp::DMA) {
        ZoneKind::Dma
    } else if gfp.contains(Gfp::HIGHMEM | Gfp::MOVABLE) && has_movable {
        ZoneKind::Movable
    } else if gfp.contains(Gfp::HIGHMEM) {
        ZoneKind::HighMem
    } else if gfp.contains(Gfp::DMA32) {
        ZoneKind::Dma32
    } else {
        ZoneKind::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ZoneKind::{Dma, HighMem, Movable, Normal};

    fn check(kinds: &[ZoneKind], populated: &[bool], gfp: Gfp, zone: usize) {
        assert_eq!(Zonelist::new(kinds, |zone| populated[zone]).preferred(gfp), zone, "{kinds:?} {gfp:?}");
    }

    #[test]
    fn flags_choose_zones() {
        let pc = [Dma, Normal, HighMem, Movable];
        let full = [true, true, true, false];
        check(&pc, &full, Gfp::KERNEL, 1);
        check(&pc, &full, Gfp::KERNEL | Gfp::DMA, 0);
        check(&pc, &full, Gfp::KERNEL | Gfp::DMA32, 1);
        check(&pc, &full, Gfp::HIGHUSER, 2);
        check(&pc, &full, Gfp::HIGHUSER | Gfp::MOVABLE, 2);
        check(&[Dma, Normal, HighMem], &[true, true, true], Gfp::HIGHUSER | Gfp::MOVABLE, 2);
        check(&pc, &[true, true, false, false], Gfp::HIGHUSER, 1);
        check(&[Normal, HighMem], &[true, true], Gfp::DMA, 0);
        check(&[Dma], &[true], Gfp::HIGHUSER, 0);
    }

    #[test]
    fn near_nodes_come_first() {
        let list =
            |nodes, distance: fn(u32, u32) -> u8, from| NodeOrder::new(nodes, distance).from(from).collect::<Vec<_>>();
        let flat = |a, b| if a == b { LOCAL_DISTANCE } else { REMOTE_DISTANCE };
        assert_eq!(list(1, flat, 0), [0]);
        assert_eq!(list(4, flat, 1), [1, 2, 3, 0]);
        assert_eq!(list(4, |a, b| (10 + 10 * a.abs_diff(b)) as u8, 2), [2, 3, 1, 0]);
        assert_eq!(NodeMask::of(1).with(NodeMask::of(4)).nth(1), Some(4));
    }
}
