//! Which `vmalloc=` makes room for a request, and what it costs.
//!
//! Addresses that the vmalloc area gets, the direct map loses: RAM that finds no place there becomes high memory. A
//! larger `vmalloc=` moves VMALLOC_START down, in the steps of the kernel's rule, and with it all areas that were put as
//! low as possible; fixed ones stay. So the hole below the lowest fixed area grows by as much as VMALLOC_START moves, and
//! no other hole changes.
//!
//! The value is looked for with the kernel's own rule, megabyte by megabyte: the least for which that hole is as large as
//! the request and its guard page. Where areas lie then is worked out one by one ([`super::moved`]); where the text leaves
//! rows out, the hole is taken to grow by as much as VMALLOC_START moves.
//!
//! Tried on Debian's 6.1 for i386 with PAE and without and for armmp: with the value the request fits, with 1 MB less not.
//! From boot to boot areas differ a little (stacks of tasks, what drivers map), so what is to spare is told.

use super::area::{Area, Gap, Low};
use super::kernel::{lay, Family};
use super::moved::{largest_hole, moved};
use kmem::boot::layout::Layout;

/// What to boot with.
#[derive(Clone, Debug)]
pub struct Advice {
    /// MB for `vmalloc=`.
    pub megabytes: u64,
    /// VMALLOC_START then.
    pub start: u64,
    /// The hole that grows, as it is now; its bytes count as none when rows were left out there.
    pub hole: Gap,
    /// The hole after the reboot: first address, one past the last.
    pub then: (u64, u64),
    /// The direct map then.
    pub low: Low,
    /// In what steps VMALLOC_START moves.
    pub step: u64,
    /// With one MB less: VMALLOC_START, and the bytes of the largest hole that grew.
    pub one_less: Option<(u64, u64)>,
}

/// Why there is no advice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CannotAdvise {
    /// It fits as it is.
    Fits,
    /// 64-bit kernels have addresses in plenty, and no such parameter.
    Wide,
    /// Nothing says which kernel it is.
    UnknownKernel,
    /// Not even the largest `vmalloc=` makes room.
    TooLarge,
}

impl Advice {
    /// Looks for the least `vmalloc=` with which a request of `bytes` fits after a reboot.
    ///
    /// # Errors
    /// Why there is none.
    pub fn new(area: &Area, bytes: u64) -> Result<Self, CannotAdvise> {
        if area.fit(bytes).is_some() {
            return Err(CannotAdvise::Fits);
        }
        let kernel = area.kernel.as_ref().ok_or(CannotAdvise::UnknownKernel)?;
        let profile = match (kernel.family, kernel.profile) {
            (Family::Wide, _) => return Err(CannotAdvise::Wide),
            (_, None) => return Err(CannotAdvise::UnknownKernel),
            (_, Some(profile)) => profile,
        };
        let needed = Area::with_guard(bytes).ok_or(CannotAdvise::TooLarge)?;
        let fixed = area.lowest_fixed();
        let hole = area.growing().unwrap_or(Gap { start: fixed, end: fixed, left_out: None });
        let now = if hole.left_out.is_some() { 0 } else { hole.bytes() };
        let page_offset = area.low.map_or(0xc000_0000, |low| low.start);
        // RAM that ends in the direct map moves nothing by itself; beyond it, where it ends does not matter.
        let ram_end = area.low.filter(|low| low.all_ram == Some(true)).map(|low| low.end);
        let laid = |megabytes: u64| lay(profile, page_offset, area.end, ram_end, &format!("{megabytes}M"));
        let start_of = |layout: &Layout| layout.vmalloc.map(|vmalloc| vmalloc.start.raw());
        let sure = !area.left_out_somewhere && area.gaps.iter().all(|gap| gap.left_out.is_none());
        let kept: Vec<_> = area.rows.iter().filter(|row| !row.is_unpurged()).copied().collect();
        let grown = |start: u64| {
            let plain = now.saturating_add(area.start.checked_sub(start)?);
            let plain = (hole.end.saturating_sub(plain), hole.end);
            // Alignments make a difference of a few megabytes at most.
            let near = (plain.1 - plain.0).abs_diff(needed) <= 4 * area.largest_alignment();
            let placed =
                if sure && near { moved(&kept, area.start, start, area.end, area.largest_alignment()) } else { None };
            Some(placed.map_or(plain, |placed| largest_hole(&placed, start, fixed)))
        };
        let enough = |start: u64| grown(start).is_some_and(|hole| hole.1 - hole.0 >= needed);
        let most = area.end.saturating_sub(page_offset).min(1 << 32) >> 20;
        let (megabytes, layout, start) = (1..=most)
            .filter_map(|megabytes| {
                let layout = laid(megabytes)?;
                let start = start_of(&layout)?;
                Some((megabytes, layout, start))
            })
            .find(|(_, _, start)| enough(*start))
            .ok_or(CannotAdvise::TooLarge)?;
        let step = match kernel.family {
            Family::Arm => 8 << 20,
            _ => 1 << 20,
        };
        let low = Low { start: page_offset, end: layout.high_memory.raw(), all_ram: None };
        let one_less = laid(megabytes - 1).as_ref().and_then(start_of).filter(|_| megabytes > 1);
        let one_less = one_less.map(|start| (start, grown(start).map_or(now, |hole| hole.1 - hole.0)));
        let then = grown(start).unwrap_or((hole.start, hole.end));
        Ok(Self { megabytes, start, hole, then, low, step, one_less })
    }
}
