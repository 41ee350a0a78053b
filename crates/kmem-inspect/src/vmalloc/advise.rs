//! Which `vmalloc=` makes room for a request, and what it costs.
//!
//! Addresses that the vmalloc area gets, the direct map loses: RAM that finds no place there becomes high memory. A
//! larger `vmalloc=` moves VMALLOC_START down, in the steps of the kernel's rule, and with it all areas that were put as
//! low as possible; fixed ones stay. So the hole below the lowest fixed area grows by as much as VMALLOC_START moves, and
//! no other hole changes.
//!
//! The value is looked for with the kernel's own rule, megabyte by megabyte: the least for which that hole is as large as
//! the request and its guard page.

use super::area::{Area, Gap, Low};
use super::kernel::{lay, Family};
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
    /// Its bytes after the reboot, at least.
    pub bytes_then: u64,
    /// The direct map then.
    pub low: Low,
    /// In what steps VMALLOC_START moves.
    pub step: u64,
    /// With one MB less: VMALLOC_START, and the bytes of the hole.
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
        let enough =
            |start: u64| area.start.checked_sub(start).is_some_and(|moved| now.saturating_add(moved) >= needed);
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
        let one_less = one_less.map(|start| (start, now.saturating_add(area.start.saturating_sub(start))));
        Ok(Self {
            megabytes,
            start,
            hole,
            bytes_then: now.saturating_add(area.start.saturating_sub(start)),
            low,
            step,
            one_less,
        })
    }
}
