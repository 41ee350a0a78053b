//! NUMA nodes: which RAM and which CPUs belong together.
//!
//! On a large machine each socket has RAM of its own; a CPU reaches its own RAM faster than another socket's. The
//! firmware says which physical ranges belong to which node. Every node has its own set of zones, cut where the machine's
//! zones are cut, but only as far as the node reaches.
//!
//! A machine about which nothing is said has one node. CPUs are spread evenly: CPU *i* of *n* is on node *i* × nodes / *n*.
//!
//! Kernel counterpart: `arch/x86/mm/numa.c`, `drivers/base/arch_numa.c`.

use super::cmdline::CommandLine;
use super::firmware::ram_address;
use super::memblock::{whole_pages, RangeList};
use super::BootError;
use crate::profile::{Profile, MAX_NODES};
use crate::units::{align_down, PhysRange, PAGE_SHIFT};

/// Physical addresses that belong to a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeRange {
    /// The node.
    pub node: u32,
    /// Its addresses; holes in RAM may lie among them.
    pub range: PhysRange,
}

/// The most ranges that the nodes of a machine have together.
pub const MAX_NODE_RANGES: usize = 64;

/// The most CPUs whose node can be given; later ones are spread evenly.
const MAX_PLACED_CPUS: usize = 256;

/// The most ranges a machine that was cut by [`cut_nodes`] has: two for each node, as RAM lies on both sides of a hole.
const MAX_CUTS: usize = 2 * MAX_NODES;

/// The ranges of a machine that was cut into nodes.
#[derive(Clone, Copy, Debug)]
pub struct NodeRanges {
    list: [NodeRange; MAX_CUTS],
    len: usize,
}

impl NodeRanges {
    /// Returns the ranges, node by node.
    pub fn as_slice(&self) -> &[NodeRange] {
        &self.list[..self.len]
    }
    fn push(&mut self, node: usize, start: u64, end: u64) {
        if start < end && self.len < MAX_CUTS {
            self.list[self.len] = NodeRange { node: node as u32, range: PhysRange::new(start, end) };
            self.len += 1;
        }
    }
}

/// Cuts the RAM that the profile's firmware hands out into nodes of these sizes, in the order of addresses.
///
/// The last node gets what remains. The sizes count the RAM as it is built in, the firmware's own part included.
///
/// # Errors
/// - [`BootError::Nodes`]: none, more than [`MAX_NODES`] or than the kernel knows, or one of them empty.
/// - [`BootError::NodesTooLarge`]: together they are more than the RAM.
///
/// # Examples
/// ```
/// # use kmem::{boot::cut_nodes, profile, units::PhysRange};
/// let profile = profile::by_name("amd64-6.12").unwrap();
/// let nodes = cut_nodes(profile, 4 << 30, &[1 << 30, 3 << 30]).unwrap();
/// // The second lies on both sides of the hole below 4 GiB.
/// let ranges: Vec<_> = nodes.as_slice().iter().map(|row| (row.node, row.range)).collect();
/// assert_eq!(ranges[0], (0, PhysRange::new(0, 1 << 30)));
/// assert_eq!(ranges[1], (1, PhysRange::new(1 << 30, 3 << 30)));
/// assert_eq!(ranges[2], (1, PhysRange::new(4 << 30, 5 << 30)));
/// ```
pub fn cut_nodes(profile: &Profile, ram_bytes: u64, sizes: &[u64]) -> Result<NodeRanges, BootError> {
    let limit = profile.max_nodes.min(MAX_NODES as u32);
    if sizes.is_empty() || sizes.len() > limit as usize || sizes.contains(&0) {
        return Err(BootError::Nodes { nodes: sizes.len() as u32, limit, profile: profile.name });
    }
    let asked = sizes.iter().fold(0u64, |sum, &bytes| sum.saturating_add(bytes));
    if asked > ram_bytes {
        return Err(BootError::NodesTooLarge { asked, ram: ram_bytes });
    }
    let empty = NodeRange { node: 0, range: PhysRange::new(0, 0) };
    let mut ranges = NodeRanges { list: [empty; MAX_CUTS], len: 0 };
    let mut from = 0;
    for (node, &bytes) in sizes.iter().enumerate() {
        let to = if node + 1 == sizes.len() { ram_bytes } else { from + bytes };
        let (start, end) = (ram_address(profile, ram_bytes, from), ram_address(profile, ram_bytes, to - 1) + 1);
        if end - start == to - from {
            ranges.push(node, start, end);
        } else {
            // A hole lies inside: as much as is below it, then the rest.
            let below = super::firmware::below_hole(profile, ram_bytes);
            ranges.push(node, start, start + (below - from));
            ranges.push(node, end - (to - below), end);
        }
        from = to;
    }
    Ok(ranges)
}

/// Returns the sizes of `count` nodes of equal size, the last with what remains: `--nodes 2`. A node's size is a multiple
/// of 8 MiB where it has so much.
pub fn equal_nodes(ram_bytes: u64, count: u32) -> [u64; MAX_NODES] {
    const GRAIN: u64 = 8 << 20;
    let mut sizes = [0; MAX_NODES];
    let count = (count as usize).clamp(1, MAX_NODES);
    let share = ram_bytes / count as u64;
    let share = align_down(share, if share >= GRAIN { GRAIN } else { crate::units::PAGE_SIZE });
    sizes[..count].fill(share);
    sizes[count - 1] = ram_bytes - share * (count as u64 - 1);
    sizes
}

/// The nodes of a machine: whose RAM and CPUs are whose.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    ranges: [NodeRange; MAX_NODE_RANGES],
    len: usize,
    /// Nodes; 1 for a machine without.
    pub(super) count: u32,
    /// CPUs of each node.
    pub(super) cpus: [u32; MAX_NODES],
    cpu_nodes: [u8; MAX_PLACED_CPUS],
    placed: usize,
    all_cpus: u32,
}

impl Nodes {
    /// Reads what was given. Every byte of `memory` must belong to a node.
    pub(super) fn new(
        profile: &Profile,
        memory: &RangeList,
        given: Option<&[NodeRange]>,
        cpus: u32,
        cpu_nodes: Option<&[u32]>,
        cmdline: CommandLine<'_>,
    ) -> Result<Self, BootError> {
        let all = NodeRange { node: 0, range: PhysRange::new(0, u64::MAX) };
        let one = [all];
        let given = given.unwrap_or(&one);
        let limit = profile.max_nodes.min(MAX_NODES as u32);
        let count = given.iter().map(|row| row.node.saturating_add(1)).max().unwrap_or(0);
        if count == 0 || count > limit {
            return Err(BootError::Nodes { nodes: count, limit, profile: profile.name });
        }
        let mut nodes = Self {
            ranges: [all; MAX_NODE_RANGES],
            len: given.len(),
            count,
            cpus: [0; MAX_NODES],
            cpu_nodes: [0; MAX_PLACED_CPUS],
            placed: 0,
            all_cpus: cpus,
        };
        let list = nodes.ranges.get_mut(..given.len()).ok_or(BootError::TooManyRanges)?;
        list.copy_from_slice(given);
        list.sort_unstable_by_key(|row| row.range.start);
        let mut end = 0;
        for row in list.iter() {
            if row.range.bytes() == 0 || row.range.start.raw() < end {
                return Err(BootError::BadRange(row.range));
            }
            end = row.range.end.raw();
        }
        for &range in memory.as_slice() {
            let covered: u64 = nodes.ranges[..nodes.len].iter().map(|row| overlap(row.range, range).bytes()).sum();
            if covered < range.bytes() {
                return Err(BootError::OutsideNodes(range));
            }
        }
        for (place, &node) in nodes.cpu_nodes.iter_mut().zip(cpu_nodes.unwrap_or(&[])) {
            if node >= count {
                return Err(BootError::Nodes { nodes: node.saturating_add(1), limit: count, profile: profile.name });
            }
            *place = node as u8;
            nodes.placed += 1;
        }
        // Each pretended node has all CPUs of the real one (`numa_add_cpu` with CONFIG_NUMA_EMU).
        let pretended = cmdline.last("numa").and_then(|param| param.value).is_some_and(|it| it.starts_with("fake="));
        for cpu in 0..cpus {
            let node = nodes.of_cpu(cpu) as usize;
            nodes.cpus[node] += 1;
        }
        if pretended {
            nodes.cpus = [cpus; MAX_NODES];
        }
        Ok(nodes)
    }

    /// Returns a CPU's node.
    pub(super) fn of_cpu(&self, cpu: u32) -> u32 {
        match self.cpu_nodes[..self.placed].get(cpu as usize) {
            Some(&node) => u32::from(node),
            None => {
                let node = u64::from(cpu) * u64::from(self.count) / u64::from(self.all_cpus.max(1));
                (node as u32).min(self.count - 1)
            }
        }
    }

    /// Returns the node that has this address; node 0 for one that belongs to none.
    pub(super) fn of(&self, addr: u64) -> u32 {
        let mut rows = self.ranges[..self.len].iter();
        rows.find(|row| row.range.start.raw() <= addr && addr < row.range.end.raw()).map_or(0, |row| row.node)
    }

    /// Returns the RAM of a node in ascending order, as frames: first, and one past the last; whole pages only.
    pub(super) fn memory<'a>(&'a self, memory: &'a RangeList, node: u32) -> impl Iterator<Item = (u64, u64)> + 'a {
        memory.as_slice().iter().flat_map(move |&range| {
            let rows = self.ranges[..self.len].iter().filter(move |row| row.node == node);
            rows.filter_map(move |row| {
                let pages = whole_pages(overlap(row.range, range));
                let (from, to) = (pages.start.raw() >> PAGE_SHIFT, pages.end.raw() >> PAGE_SHIFT);
                (from < to).then_some((from, to))
            })
        })
    }
}

fn overlap(a: PhysRange, b: PhysRange) -> PhysRange {
    PhysRange::new(a.start.raw().max(b.start.raw()), a.end.raw().min(b.end.raw()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{plan, BootParams};
    use crate::profile::{amd64_6_12, i386_pae_6_1};

    #[test]
    fn equal_parts_are_whole_and_together_all() {
        for (ram, count, first, last) in [
            (1 << 30, 2, 512 << 20, 512 << 20),
            (1 << 30, 3, 336 << 20, 352 << 20),
            (10 << 20, 4, 2560 << 10, 2560 << 10),
        ] {
            let sizes = equal_nodes(ram, count);
            assert_eq!((sizes[0], sizes[count as usize - 1]), (first, last), "{ram} {count}");
            assert_eq!(sizes.iter().sum::<u64>(), ram);
        }
    }

    #[test]
    fn nodes_that_cannot_be_are_named() {
        let cut = |profile, sizes: &[u64]| cut_nodes(profile, 1 << 30, sizes).err();
        let amd64 = &amd64_6_12::PROFILE;
        assert_eq!(cut(amd64, &[1 << 29, 1 << 29]), None);
        assert!(matches!(cut(amd64, &[]), Some(BootError::Nodes { .. })));
        assert!(matches!(cut(amd64, &[1 << 29, 0]), Some(BootError::Nodes { .. })));
        assert!(matches!(cut(amd64, &[1 << 20; 9]), Some(BootError::Nodes { nodes: 9, .. })));
        assert!(matches!(cut(amd64, &[1 << 30, 4096]), Some(BootError::NodesTooLarge { .. })));
        assert!(matches!(cut(&i386_pae_6_1::PROFILE, &[1 << 29, 1 << 29]), Some(BootError::Nodes { limit: 1, .. })));
    }

    #[test]
    fn cpus_are_spread_or_as_given() {
        let profile = &amd64_6_12::PROFILE;
        let cut = cut_nodes(profile, 1 << 30, &[1 << 29, 1 << 29]).expect("two nodes");
        let params = |cpus, cpu_nodes| BootParams {
            ram_bytes: 1 << 30,
            cpus,
            nodes: Some(cut.as_slice()),
            cpu_nodes,
            ..BootParams::new(profile)
        };
        let planned = plan(profile, &params(5, None)).expect("a machine that can be");
        assert_eq!((planned.nodes(), planned.node_cpus(0), planned.node_cpus(1)), (2, 3, 2));
        assert_eq!((planned.node_of_cpu(2), planned.node_of_cpu(3)), (0, 1));
        assert_eq!((planned.node_of(0x1fff_ffff), planned.node_of(0x2000_0000)), (0, 1));
        let planned = plan(profile, &params(3, Some(&[1, 0, 1]))).expect("a machine that can be");
        assert_eq!((planned.node_cpus(0), planned.node_cpus(1), planned.node_of_cpu(0)), (1, 2, 1));
        // Zones of each node: DMA on the first only, DMA32 cut where the nodes meet.
        let zones = |node| planned.zones().iter().filter(move |zone| zone.node == node && zone.spanned > 0);
        assert_eq!(zones(0).map(|zone| zone.name).collect::<Vec<_>>(), ["DMA", "DMA32"]);
        assert_eq!(zones(1).map(|zone| (zone.start.raw(), zone.name)).collect::<Vec<_>>(), [(0x2_0000, "DMA32")]);
        let far = [NodeRange { node: 0, range: PhysRange::new(0, 1 << 29) }];
        let error = plan(profile, &BootParams { nodes: Some(&far), ..params(1, None) }).err();
        assert!(matches!(error, Some(BootError::OutsideNodes(_))), "{error:?}");
        // The first node has RAM on both sides of the second's, in one zone.
        let row = |node, from: u64, to: u64| NodeRange { node, range: PhysRange::new(from << 28, to << 28) };
        let mixed = [row(0, 0, 1), row(1, 1, 2), row(0, 2, 4)];
        let error = plan(profile, &BootParams { nodes: Some(&mixed), ..params(1, None) }).err();
        assert!(matches!(error, Some(BootError::NodesInterleave(_))), "{error:?}");
    }
}
