//! Memblock: RAM and what of it is taken, before a page allocator exists.
//!
//! Two lists of physical ranges. `memory` is what the firmware and the command line say is RAM; `reserved` is what
//! somebody holds: the kernel image, the initrd, the page structures. What is in the first and not in the second is
//! free. Early boot allocates from it, usually downwards from the end of low memory, so that the low addresses, which
//! some devices need, stay free. At the end all free ranges, cut inwards to whole pages, go to the page allocator.
//!
//! ```text
//!     memory    [··········]      [································]
//!     reserved  [###]             [#####]             [####]  [####]
//!     free           [·····]             [···········]      []
//! ```
//!
//! # Invariants, checked by [`RangeList::verify`]
//! - **I1** No range is empty.
//! - **I2** The ranges are in ascending order and do not overlap.
//! - **I3** No two ranges touch: they would be one.
//!
//! Kernel counterpart: `mm/memblock.c`. The capacity is its `INIT_MEMBLOCK_REGIONS`.

use crate::error::Broken;
use crate::units::{align_down, align_up, PhysRange, PAGE_SIZE};

/// The most ranges that one list holds.
pub const MAX_RANGES: usize = 128;

/// A list has no room for another range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListFull;

/// Sorted, disjoint ranges of physical memory.
///
/// # Invariants
/// I1 to I3 of the module documentation hold for the first `len` ranges.
#[derive(Clone, Debug)]
pub struct RangeList {
    ranges: [PhysRange; MAX_RANGES],
    len: usize,
}

impl Default for RangeList {
    fn default() -> Self {
        Self::new()
    }
}

impl RangeList {
    /// Makes an empty list.
    pub const fn new() -> Self {
        Self { ranges: [PhysRange::new(0, 0); MAX_RANGES], len: 0 }
    }
    /// Returns the ranges in ascending order.
    pub fn as_slice(&self) -> &[PhysRange] {
        &self.ranges[..self.len]
    }
    /// Returns the bytes of all ranges.
    pub fn bytes(&self) -> u64 {
        self.as_slice().iter().map(|range| range.bytes()).sum()
    }
    /// Returns one past the last byte of the last range; 0 when there is none.
    pub fn end(&self) -> u64 {
        self.as_slice().last().map_or(0, |range| range.end.raw())
    }
    /// Adds a range; what overlaps or touches becomes one. An empty range changes nothing.
    ///
    /// # Errors
    /// [`ListFull`]: [`MAX_RANGES`] ranges are there. The list is unchanged.
    pub fn add(&mut self, range: PhysRange) -> Result<(), ListFull> {
        let (mut start, mut end) = (range.start.raw(), range.end.raw());
        if start >= end {
            return Ok(());
        }
        let first = self.position(|old| old.end.raw() >= start);
        let after = self.position(|old| old.start.raw() > end);
        if first < after {
            start = start.min(self.ranges[first].start.raw());
            end = end.max(self.ranges[after - 1].end.raw());
        }
        self.replace(first, after, &[PhysRange::new(start, end)])
    }
    /// Takes a range out, wherever it is in the list.
    ///
    /// # Errors
    /// [`ListFull`]: the range lies inside another, and there is no room for the two pieces. The list is unchanged.
    pub fn remove(&mut self, range: PhysRange) -> Result<(), ListFull> {
        let (start, end) = (range.start.raw(), range.end.raw());
        if start >= end {
            return Ok(());
        }
        let first = self.position(|old| old.end.raw() > start);
        let after = self.position(|old| old.start.raw() >= end);
        if first >= after {
            return Ok(());
        }
        let left = PhysRange::new(self.ranges[first].start.raw(), start);
        let right = PhysRange::new(end, self.ranges[after - 1].end.raw());
        match (left.bytes() > 0, right.bytes() > 0) {
            (true, true) => self.replace(first, after, &[left, right]),
            (true, false) => self.replace(first, after, &[left]),
            (false, true) => self.replace(first, after, &[right]),
            (false, false) => self.replace(first, after, &[]),
        }
    }
    /// Checks I1 to I3; returns the first that is broken. O(ranges).
    pub fn verify(&self) -> Result<(), Broken> {
        let mut previous_end = None;
        for range in self.as_slice() {
            let (start, end) = (range.start.raw(), range.end.raw());
            if start >= end {
                return Err(Broken { what: "memblock I1", at: start, found: end, expected: start + 1 });
            }
            match previous_end {
                Some(previous) if start < previous => {
                    return Err(Broken { what: "memblock I2", at: start, found: start, expected: previous });
                }
                Some(previous) if start == previous => {
                    return Err(Broken { what: "memblock I3", at: start, found: start, expected: previous + 1 });
                }
                _ => previous_end = Some(end),
            }
        }
        Ok(())
    }
    /// Returns the index of the first range for which `matches` holds, or the number of ranges.
    fn position(&self, matches: impl Fn(&PhysRange) -> bool) -> usize {
        self.as_slice().iter().position(matches).unwrap_or(self.len)
    }
    /// Puts `new` in the place of the ranges from `first` up to `after`.
    fn replace(&mut self, first: usize, after: usize, new: &[PhysRange]) -> Result<(), ListFull> {
        let len = self.len - (after - first) + new.len();
        if len > MAX_RANGES {
            return Err(ListFull);
        }
        self.ranges.copy_within(after..self.len, first + new.len());
        self.ranges[first..first + new.len()].copy_from_slice(new);
        self.len = len;
        Ok(())
    }
}

/// RAM and what of it is taken.
#[derive(Clone, Debug, Default)]
pub struct Memblock {
    memory: RangeList,
    reserved: RangeList,
}

impl Memblock {
    /// Makes one without memory.
    pub const fn new() -> Self {
        Self { memory: RangeList::new(), reserved: RangeList::new() }
    }
    /// Returns what is RAM.
    pub fn memory(&self) -> &RangeList {
        &self.memory
    }
    /// Returns what is taken, RAM or not.
    pub fn reserved(&self) -> &RangeList {
        &self.reserved
    }
    /// Adds RAM.
    ///
    /// # Errors
    /// [`ListFull`]
    pub fn add(&mut self, range: PhysRange) -> Result<(), ListFull> {
        self.memory.add(range)
    }
    /// Takes RAM away.
    ///
    /// # Errors
    /// [`ListFull`]
    pub fn remove(&mut self, range: PhysRange) -> Result<(), ListFull> {
        self.memory.remove(range)
    }
    /// Takes a range, RAM or not; taking it twice is as taking it once.
    ///
    /// # Errors
    /// [`ListFull`]
    pub fn reserve(&mut self, range: PhysRange) -> Result<(), ListFull> {
        self.reserved.add(range)
    }
    /// Gives a range back.
    ///
    /// # Errors
    /// [`ListFull`]
    pub fn free(&mut self, range: PhysRange) -> Result<(), ListFull> {
        self.reserved.remove(range)
    }
    /// Finds the highest free place of `bytes` bytes at a multiple of `align` inside `within`.
    ///
    /// Only finds it: reserve it to take it. `align` is a power of two.
    pub fn find_top_down(&self, bytes: u64, align: u64, within: PhysRange) -> Option<PhysRange> {
        let mut best = None;
        for range in self.free_ranges() {
            let end = range.end.raw().min(within.end.raw());
            let start = range.start.raw().max(within.start.raw());
            if let Some(place) = end.checked_sub(bytes).map(|place| align_down(place, align)) {
                if place >= start && end > start {
                    best = Some(PhysRange::new(place, place + bytes));
                }
            }
        }
        best
    }
    /// Finds the lowest free place of `bytes` bytes at a multiple of `align` inside `within`.
    pub fn find_bottom_up(&self, bytes: u64, align: u64, within: PhysRange) -> Option<PhysRange> {
        self.free_ranges().find_map(|range| {
            let end = range.end.raw().min(within.end.raw());
            let place = align_up(range.start.raw().max(within.start.raw()), align);
            let past = place.checked_add(bytes)?;
            (past <= end).then(|| PhysRange::new(place, past))
        })
    }
    /// Returns what is RAM and not taken, in ascending order.
    pub fn free_ranges(&self) -> FreeRanges<'_> {
        FreeRanges { memory: self.memory.as_slice(), reserved: self.reserved.as_slice(), at: 0 }
    }
    /// Returns the free ranges cut inwards to whole pages; those without a whole page are left out.
    pub fn free_pages(&self) -> impl Iterator<Item = PhysRange> + '_ {
        self.free_ranges().map(whole_pages).filter(|range| range.bytes() > 0)
    }
    /// Checks the invariants of both lists.
    pub fn verify(&self) -> Result<(), Broken> {
        self.memory.verify().and(self.reserved.verify())
    }
}

/// Cuts a range inwards to whole pages.
pub fn whole_pages(range: PhysRange) -> PhysRange {
    PhysRange::new(align_up(range.start.raw(), PAGE_SIZE), align_down(range.end.raw(), PAGE_SIZE))
}

/// The free ranges of a [`Memblock`], in ascending order.
#[derive(Clone, Debug)]
pub struct FreeRanges<'a> {
    memory: &'a [PhysRange],
    reserved: &'a [PhysRange],
    /// Where in the first range of `memory` to go on.
    at: u64,
}

impl Iterator for FreeRanges<'_> {
    type Item = PhysRange;
    fn next(&mut self) -> Option<PhysRange> {
        loop {
            let (memory, later) = self.memory.split_first()?;
            let start = self.at.max(memory.start.raw());
            if start >= memory.end.raw() {
                self.memory = later;
                continue;
            }
            match self.reserved.split_first() {
                Some((taken, rest)) if taken.end.raw() <= start => self.reserved = rest,
                Some((taken, _)) if taken.start.raw() <= start => self.at = taken.end.raw(),
                Some((taken, _)) if taken.start.raw() < memory.end.raw() => {
                    self.at = taken.end.raw();
                    return Some(PhysRange::new(start, taken.start.raw()));
                }
                _ => {
                    self.at = memory.end.raw();
                    return Some(PhysRange::new(start, memory.end.raw()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the naive model's memory.
    const BYTES: usize = 256;

    fn range(start: u64, end: u64) -> PhysRange {
        PhysRange::new(start, end)
    }

    /// The whole model: one flag a byte.
    fn flags(list: &RangeList) -> [bool; BYTES] {
        let mut flags = [false; BYTES];
        for range in list.as_slice() {
            flags[range.start.raw() as usize..range.end.raw() as usize].fill(true);
        }
        flags
    }

    /// Xorshift: enough to mix operations.
    fn random(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }

    #[test]
    fn lists_behave_like_one_flag_a_byte() {
        for seed in 1..40 {
            let (mut state, mut list, mut model) = (seed, RangeList::new(), [false; BYTES]);
            for _ in 0..400 {
                let start = random(&mut state, BYTES as u64 + 1);
                let end = (start + random(&mut state, 20)).min(BYTES as u64);
                let add = random(&mut state, 2) == 0;
                let done = if add { list.add(range(start, end)) } else { list.remove(range(start, end)) };
                assert_eq!(done, Ok(()));
                model[start as usize..end as usize].fill(add);
                assert_eq!(flags(&list), model);
                assert_eq!(list.verify(), Ok(()));
                assert_eq!(list.bytes(), model.iter().filter(|&&set| set).count() as u64);
            }
        }
    }

    #[test]
    fn free_ranges_and_places_behave_like_one_flag_a_byte() {
        for seed in 1..40 {
            let (mut state, mut block) = (seed * 77, Memblock::new());
            for _ in 0..12 {
                let start = random(&mut state, BYTES as u64);
                let end = (start + 1 + random(&mut state, 60)).min(BYTES as u64);
                assert_eq!(block.add(range(start, end)), Ok(()));
                let start = random(&mut state, BYTES as u64);
                let end = (start + 1 + random(&mut state, 30)).min(BYTES as u64);
                assert_eq!(block.reserve(range(start, end)), Ok(()));
                let (memory, reserved) = (flags(block.memory()), flags(block.reserved()));
                let mut model = [false; BYTES];
                for at in 0..BYTES {
                    model[at] = memory[at] && !reserved[at];
                }
                let mut free = [false; BYTES];
                for range in block.free_ranges() {
                    assert!(range.bytes() > 0);
                    free[range.start.raw() as usize..range.end.raw() as usize].fill(true);
                }
                assert_eq!(free, model);
                let bytes = 1 + random(&mut state, 16);
                let align = 1 << random(&mut state, 5);
                let within = range(random(&mut state, 64), 128 + random(&mut state, 160));
                let fits = |at: &u64| {
                    let end = at + bytes;
                    at % align == 0
                        && *at >= within.start.raw()
                        && end <= within.end.raw().min(BYTES as u64)
                        && model[*at as usize..end as usize].iter().all(|&free| free)
                };
                let start = |found: Option<PhysRange>| found.map(|range| range.start.raw());
                assert_eq!(start(block.find_bottom_up(bytes, align, within)), (0..BYTES as u64).find(fits));
                assert_eq!(start(block.find_top_down(bytes, align, within)), (0..BYTES as u64).rev().find(fits));
            }
        }
    }

    #[test]
    fn a_full_list_says_so_and_stays_as_it_is() {
        let mut list = RangeList::new();
        for at in 0..MAX_RANGES as u64 {
            assert_eq!(list.add(range(at * 4, at * 4 + 3)), Ok(()));
        }
        let before = list.clone();
        assert_eq!(list.add(range(10_000, 10_001)), Err(ListFull));
        assert_eq!(list.remove(range(1, 2)), Err(ListFull));
        assert_eq!(list.as_slice(), before.as_slice());
        assert_eq!(list.add(range(3, 4)), Ok(()));
        assert_eq!(list.as_slice().len(), MAX_RANGES - 1);
    }

    #[test]
    fn whole_pages_only() {
        let mut block = Memblock::new();
        assert_eq!(block.add(range(0x800, 0x9c00)), Ok(()));
        assert_eq!(block.reserve(range(0x3fff, 0x4001)), Ok(()));
        let mut pages = block.free_pages();
        assert_eq!(pages.next(), Some(range(0x1000, 0x3000)));
        assert_eq!(pages.next(), Some(range(0x5000, 0x9000)));
        assert_eq!(pages.next(), None);
    }

    #[test]
    fn broken_invariants_are_named() {
        let broken = |a: (u64, u64), b: (u64, u64)| {
            let mut list = RangeList::new();
            list.ranges[0] =
                PhysRange { start: crate::units::PhysAddr::new(a.0), end: crate::units::PhysAddr::new(a.1) };
            list.ranges[1] = range(b.0, b.1);
            list.len = 2;
            list.verify().map_err(|broken| broken.what)
        };
        assert_eq!(broken((5, 5), (7, 8)), Err("memblock I1"));
        assert_eq!(broken((5, 9), (7, 8)), Err("memblock I2"));
        assert_eq!(broken((5, 7), (7, 8)), Err("memblock I3"));
        assert_eq!(broken((5, 6), (7, 8)), Ok(()));
    }
}
