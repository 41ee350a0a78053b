//! ZONE_MOVABLE: memory that can be emptied again, because only what can be moved lives there.
//!
//! `kernelcore=` says how much the kernel is to have for all else, `movablecore=` how much may be movable; sizes or
//! percentages of all RAM. The kernel's part is spread evenly over the nodes and taken from the bottom of each; only the
//! highest ordinary zone is cut, pages below it count for the kernel first. A node with less than its share leaves the
//! rest to the others, in another round. Where ZONE_MOVABLE begins is rounded up to a largest block.
//!
//! Source: `mm/page_alloc.c` of 6.1 (`find_zone_movable_pfns_for_nodes`, `find_usable_zone_for_movable`,
//! `cmdline_parse_core`). Golden: `amd64-2g-movablecore512m`.

use super::cmdline::{memparse, CommandLine};
use super::layout::Warning;
use super::Plan;
use crate::profile::{Profile, ZoneKind, ZoneLimit, MAX_NODES};
use crate::units::{align_up, PAGE_SHIFT};

/// The first frame of ZONE_MOVABLE on each node that has one.
pub(super) type MovableStarts = [Option<u64>; MAX_NODES];

impl Plan {
    /// Returns where ZONE_MOVABLE begins.
    pub(super) fn movable_starts(&mut self, profile: &Profile, cmdline: CommandLine<'_>) -> MovableStarts {
        let none = [None; MAX_NODES];
        if profile.zones.iter().all(|zone| zone.kind != ZoneKind::Movable) {
            return none;
        }
        if cmdline.last("kernelcore").is_some_and(|param| param.value == Some("mirror")) {
            self.layout.warnings.push(Warning::NoMirroredMemory);
            return none;
        }
        let Some(wanted) = self.kernel_part(profile, cmdline) else { return none };
        let starts = self.fill_from_below(wanted, self.highest_zone(profile).1);
        let block = profile.top_order.pages();
        let mut rounded = none;
        for node in 0..self.nodes() {
            let end = self.node_memory(node).map(|(_, to)| to).max().unwrap_or(0);
            let start = align_up(starts[node as usize], block);
            rounded[node as usize] = (0 < start && start < end).then_some(start);
        }
        rounded
    }

    /// Returns the pages that are to be the kernel's; `None` when nothing was asked for, or as much as there is.
    fn kernel_part(&self, profile: &Profile, cmdline: CommandLine<'_>) -> Option<u64> {
        let total: u64 = (0..self.nodes()).flat_map(|node| self.node_memory(node)).map(|(from, to)| to - from).sum();
        let asked = |name| {
            let value = cmdline.last(name)?.value?;
            let (amount, rest) = memparse(value)?;
            let pages = if rest.starts_with('%') {
                (u128::from(total) * u128::from(amount) / 100).try_into().unwrap_or(u64::MAX)
            } else {
                amount >> PAGE_SHIFT
            };
            Some(pages).filter(|&pages| pages > 0)
        };
        let block = profile.top_order.pages();
        let movable = asked("movablecore").map(|pages| total - align_up(pages.min(total), block).min(total));
        movable.max(asked("kernelcore")).filter(|&pages| pages > 0 && pages < total)
    }

    /// Takes `wanted` pages from the bottom of all nodes; returns where each node's part ends.
    fn fill_from_below(&self, wanted: u64, usable: u64) -> [u64; MAX_NODES] {
        let mut starts = [0u64; MAX_NODES];
        let (mut left, mut sharing) = (wanted, u64::from(self.nodes()));
        while sharing > 0 {
            let mut share = left / sharing;
            for node in 0..self.nodes() {
                if left < share {
                    share = left / sharing;
                }
                let start = &mut starts[node as usize];
                let mut remaining = share;
                for (from, to) in self.node_memory(node) {
                    let mut from = from.max(*start);
                    if from >= to {
                        continue;
                    }
                    if from < usable {
                        // The kernel's whatever is asked for.
                        let pages = to.min(usable) - from;
                        remaining = remaining.saturating_sub(pages);
                        left = left.saturating_sub(pages);
                        if to <= usable {
                            *start = to;
                            continue;
                        }
                        from = usable;
                    }
                    let taken = (to - from).min(remaining);
                    *start = from + taken;
                    left = left.saturating_sub(taken);
                    remaining -= taken;
                    if remaining == 0 {
                        break;
                    }
                }
            }
            sharing -= 1;
            if left <= sharing {
                break;
            }
        }
        starts
    }

    /// Returns the highest zone that RAM reaches, ZONE_MOVABLE aside: its place among the profile's, its first frame.
    pub(crate) fn highest_zone(&self, profile: &Profile) -> (usize, u64) {
        let end = self.memblock.memory().end() >> PAGE_SHIFT;
        let (mut start, mut highest) = (0, (0, 0));
        for (at, zone) in profile.zones.iter().enumerate() {
            let limit = match zone.limit {
                ZoneLimit::At(addr) => addr >> PAGE_SHIFT,
                ZoneLimit::LowEnd => self.layout.low.end.raw() >> PAGE_SHIFT,
                ZoneLimit::RamEnd => end,
                ZoneLimit::Empty => start,
            }
            .clamp(start, end.max(start));
            if limit > start {
                highest = (at, start);
            }
            start = limit;
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use crate::boot::layout::Warning;
    use crate::boot::{cut_nodes, plan, BootParams};
    use crate::profile::{amd64_6_12, i386_pae_6_1};
    use crate::units::align_up;

    #[test]
    fn movable_zones_as_the_kernel_splits_them() {
        let profile = &i386_pae_6_1::PROFILE;
        let zones = |cmdline: &str| {
            let params = BootParams { cmdline, ..BootParams::new(profile) };
            let plan = plan(profile, &params).expect("a machine that can be");
            let mut pages = [(0, 0); 4];
            for (pages, zone) in pages.iter_mut().zip(plan.zones()) {
                *pages = (zone.start.raw(), zone.spanned);
            }
            pages
        };
        let all = zones("");
        assert_eq!(all[3], (0, 0));
        // The kernel's part is filled from the bottom of HighMem; low pages count first.
        let split = zones("movablecore=512M");
        assert_eq!((split[0], split[1]), (all[0], all[1]));
        assert_eq!(split[3].0 % 1024, 0);
        assert_eq!(split[2].0 + split[2].1, split[3].0);
        assert_eq!(split[3].0 + split[3].1, all[2].0 + all[2].1);
        let present = 524_158;
        let low = 3998 + 221_182;
        assert_eq!(split[3].0, align_up(225_278 + (present - (512 << 8) - low), 1024));
        // The larger kernel part wins; one that holds everything makes no zone.
        assert_eq!(zones("movablecore=512M kernelcore=1G"), split);
        assert_eq!(zones("kernelcore=4G"), all);
        assert_eq!(zones("kernelcore=100%"), all);
        assert_eq!(zones("movablecore=0"), all);
        // Whatever is asked for, the kernel keeps what lies below HighMem.
        assert_eq!(zones("kernelcore=16M")[1], all[1]);
        // A percentage of all RAM, rounded down.
        assert_eq!(zones("kernelcore=80%")[3].0, align_up(225_278 + (present * 80 / 100 - low), 1024));
    }

    #[test]
    fn each_node_has_its_share() {
        let profile = &amd64_6_12::PROFILE;
        let cut = cut_nodes(profile, 2 << 30, &[1 << 29, 3 << 29]).expect("two nodes");
        let starts = |cmdline: &str| {
            let params =
                BootParams { ram_bytes: 2 << 30, nodes: Some(cut.as_slice()), cmdline, ..BootParams::new(profile) };
            let plan = plan(profile, &params).expect("a machine that can be");
            let movable = plan.zones().iter().filter(|zone| zone.name == "Movable").map(|zone| zone.start.raw());
            movable.collect::<Vec<_>>()
        };
        // 256 MiB each. The first node's zone DMA counts, and its hole below 1 MiB does not.
        let first = 0x1000 + (65_536 - 3998);
        assert_eq!(starts("kernelcore=512M"), [align_up(first, 1024), 0x2_0000 + 65_536]);
        // The first node is all the kernel's, the second gives what is missing.
        let missing = (1536 << 8) - 130_974;
        assert_eq!(starts("kernelcore=1536M")[0], 0);
        assert_eq!(starts("kernelcore=1536M")[1], align_up(0x2_0000 + missing, 1024));
    }

    #[test]
    fn mirrored_memory_is_named_as_missing() {
        let profile = &i386_pae_6_1::PROFILE;
        let params = BootParams { cmdline: "kernelcore=mirror movablecore=512M", ..BootParams::new(profile) };
        let plan = plan(profile, &params).expect("a machine that can be");
        assert!(plan.layout.warnings.iter().any(|warning| warning == Warning::NoMirroredMemory));
        assert!(plan.zones().iter().all(|zone| zone.name != "Movable" || zone.spanned == 0));
    }
}
