//! Huge pages that the command line asks for.
//!
//! `hugepages=` counts pages of the size that `hugepagesz=` named before it, else of the usual size. Those that a largest
//! block can hold are taken from the page allocator when it runs. Larger ones, 1 GiB mostly, no allocator of pages can
//! give: boot takes them from memblock. They count as managed later, when the pool of huge pages is set up, which is
//! after `lowmem_reserve` was computed and before the last computation of the watermarks.
//!
//! Source: `mm/hugetlb.c` of 6.1 (`hugepages_setup`, `hugepagesz_setup`, `gather_bootmem_prealloc`).

use super::cmdline::{memparse, CommandLine};
use super::memblock::ListFull;
use super::Plan;
use crate::profile::Profile;
use crate::units::{align_up, PhysRange, PAGE_SHIFT};

/// Huge pages of one size that were asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HugePool {
    /// Bytes of a page.
    pub bytes: u64,
    /// Pages.
    pub count: u64,
}

/// Returns the pools that the command line asks for, in order.
pub fn huge_pools<'a>(profile: &Profile, cmdline: CommandLine<'a>) -> impl Iterator<Item = HugePool> + 'a {
    let (usual, gigantic) = (profile.image.huge_page_bytes, profile.image.gigantic);
    let size = move |value| known_size(usual, gigantic, value);
    let default = default_huge_page(profile, cmdline);
    let mut bytes = Some(default).filter(|&bytes| bytes > 0);
    cmdline.params().filter_map(move |param| {
        match param.name {
            "hugepagesz" => bytes = size(param.value),
            "hugepages" => {
                let pool = bytes.map(|bytes| HugePool { bytes, count: count(param.value.unwrap_or("")) });
                bytes = Some(default).filter(|&bytes| bytes > 0);
                return pool.filter(|pool| pool.count > 0);
            }
            _ => (),
        }
        None
    })
}

/// Returns the bytes of a huge page when nobody says which: `default_hugepagesz=`, else the usual ones. 0: there are none.
pub fn default_huge_page(profile: &Profile, cmdline: CommandLine<'_>) -> u64 {
    let usual = profile.image.huge_page_bytes;
    let asked = cmdline.last("default_hugepagesz");
    asked.and_then(|param| known_size(usual, profile.image.gigantic, param.value)).unwrap_or(usual)
}

/// Reads a size, if there are huge pages of it.
fn known_size(usual: u64, gigantic: &[u64], value: Option<&str>) -> Option<u64> {
    let (bytes, _) = value.and_then(memparse)?;
    Some(bytes).filter(|&bytes| bytes > 0 && (bytes == usual || gigantic.contains(&bytes)))
}

/// Reads `64`, or `0:16,1:48` with nodes.
fn count(value: &str) -> u64 {
    let one = |part: &str| part.rsplit(':').next().and_then(memparse).map_or(0, |(count, _)| count);
    value.split(',').map(one).fold(0, u64::saturating_add)
}

impl Plan {
    /// Takes the huge pages that are larger than the largest block; as many as find a place.
    pub(super) fn take_gigantic(&mut self, profile: &Profile, cmdline: CommandLine<'_>) -> Result<(), ListFull> {
        for pool in huge_pools(profile, cmdline) {
            self.hugetlb_pages = self.hugetlb_pages.saturating_add(pool.count.saturating_mul(pool.bytes >> PAGE_SHIFT));
            if !profile.image.gigantic.contains(&pool.bytes) {
                continue;
            }
            for _ in 0..pool.count {
                let all = PhysRange::new(0, self.layout.ram_end.raw());
                let Some(page) = self.memblock.find_top_down(pool.bytes, pool.bytes, all) else { break };
                self.memblock.reserve(page)?;
                self.gigantic.add(page)?;
            }
        }
        Ok(())
    }

    /// Finds them among what was given as held.
    pub(super) fn find_gigantic(&mut self, profile: &Profile, cmdline: CommandLine<'_>) -> Result<(), ListFull> {
        for pool in huge_pools(profile, cmdline) {
            self.hugetlb_pages = self.hugetlb_pages.saturating_add(pool.count.saturating_mul(pool.bytes >> PAGE_SHIFT));
            if !profile.image.gigantic.contains(&pool.bytes) {
                continue;
            }
            let mut left = pool.count;
            for range in self.memblock.reserved().as_slice() {
                let mut at = align_up(range.start.raw(), pool.bytes);
                while left > 0 && at.saturating_add(pool.bytes) <= range.end.raw() {
                    self.gigantic.add(PhysRange::new(at, at + pool.bytes))?;
                    (at, left) = (at + pool.bytes, left - 1);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{plan, BootParams};
    use crate::profile::amd64_6_12;

    fn check(cmdline: &str, expected: &[(u64, u64)]) {
        let pools = huge_pools(&amd64_6_12::PROFILE, CommandLine::new(cmdline));
        assert_eq!(pools.map(|pool| (pool.bytes, pool.count)).collect::<Vec<_>>(), expected, "{cmdline}");
    }

    #[test]
    fn counts_belong_to_the_size_before_them() {
        check("", &[]);
        check("hugepages=64", &[(2 << 20, 64)]);
        check("hugepagesz=1G hugepages=2 hugepages=8", &[(1 << 30, 2), (2 << 20, 8)]);
        check("default_hugepagesz=1G hugepages=3", &[(1 << 30, 3)]);
        check("hugepagesz=3M hugepages=3 hugepagesz=2M hugepages=1", &[(2 << 20, 1)]);
        check("hugepages=0:1,1:2", &[(2 << 20, 3)]);
    }

    #[test]
    fn gigantic_pages_are_managed_but_not_free() {
        let profile = &amd64_6_12::PROFILE;
        let params = |cmdline| BootParams { ram_bytes: 8 << 30, cmdline, ..BootParams::new(profile) };
        let planned = |cmdline| plan(profile, &params(cmdline)).expect("a machine that can be");
        let (with, without) = (planned("hugepagesz=1G hugepages=2"), planned(""));
        let free = |plan: &Plan| plan.zones().iter().map(|zone| zone.initial_free).sum::<u64>();
        assert!(free(&without) - free(&with) >= 2 << 18);
        assert_eq!(with.gigantic().map(PhysRange::bytes).sum::<u64>(), 2 << 30);
        assert_eq!(with.managed_pages(), without.managed_pages());
        // They count for the watermarks, not for what lower zones keep.
        let sum = |pages: crate::boot::ZonePages| pages.iter().flatten().sum::<u64>();
        assert_eq!(sum(with.tuned_pages()), sum(without.tuned_pages()));
        assert_eq!(sum(with.tuned_pages()) - sum(with.reserve_pages()), 2 << 18);
        // Only as many as there is room for: from 1 to 2 GiB and from 4 to 8, as the end holds the page structures.
        assert_eq!(planned("hugepagesz=1G hugepages=9").gigantic().map(PhysRange::bytes).sum::<u64>(), 5 << 30);
    }
}
