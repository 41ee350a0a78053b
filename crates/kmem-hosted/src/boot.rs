//! From a profile to a booted kernel in this process.

use crate::error::HostError;
use crate::hosted::{Displacement, Hosted, HostedConfig};
use kmem::boot::{plan, BootError, BootParams, Plan};
use kmem::kernel::BootFailure;
use kmem::page::Tracer;
use kmem::units::PhysRange;
use kmem::{Kernel, Profile, VirtAddr};

/// Why no kernel was booted.
#[derive(Debug, thiserror::Error)]
pub enum HostedBootError {
    /// The machine cannot be: the request is at fault.
    #[error("{0}")]
    Plan(BootError),
    /// The host refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The kernel did not come up.
    #[error("{0}")]
    Boot(BootFailure),
}

/// Boots a profile's kernel on a machine made for it. `console` gets the lines of the kernel log.
///
/// # Errors
/// [`HostedBootError`] says whether the request, the host or the kernel is at fault.
pub fn boot(
    profile: &'static Profile,
    params: &BootParams<'_>,
    displacement: Displacement,
    console: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Kernel<Hosted>, HostedBootError> {
    boot_traced(profile, params, displacement, console, None)
}

/// As [`boot`], with a tracer that hears of every page from the first on.
///
/// # Errors
/// As [`boot`].
pub fn boot_traced(
    profile: &'static Profile,
    params: &BootParams<'_>,
    displacement: Displacement,
    console: impl Fn(&str) + Send + Sync + 'static,
    tracer: Option<Tracer>,
) -> Result<Kernel<Hosted>, HostedBootError> {
    let plan = plan(profile, params).map_err(HostedBootError::Plan)?;
    let machine = Hosted::new(&config(profile, &plan, displacement), console)?;
    Kernel::boot_traced(machine, profile, plan, params.cmdline, tracer).map_err(HostedBootError::Boot)
}

const FOUR_GIB: u64 = 1 << 32;
/// The most of a vmalloc area that is found in the process: a process has 128 TiB of addresses for all its machines.
const MOST_WINDOW: u64 = 1 << 40;

/// Returns the machine that a plan needs. Without an MMU the true addresses cannot be had, so it is displaced below
/// 4 GiB, where modules still see them. A 64-bit kernel's addresses cannot be had at all: its machine can only be anywhere.
pub fn config(profile: &'static Profile, plan: &Plan, displacement: Displacement) -> HostedConfig {
    let layout = &plan.layout;
    let low = layout.low;
    let needs_place = profile.paging.is_none() && displacement == Displacement::True;
    let start = layout.modules.map_or(profile.page_offset, |modules| modules.start.min(profile.page_offset));
    let start = layout.pkmap.map_or(start, |pkmap| pkmap.start.min(start));
    let is_low = profile.page_offset.raw() < FOUR_GIB;
    let top = match profile.paging {
        None => profile.page_offset.offset(low.bytes()),
        Some(_) if is_low => VirtAddr::new(FOUR_GIB),
        // The topmost page: no kernel uses it.
        _ => VirtAddr::new(0xffff_ffff_ffff_f000),
    };
    // Each area has a guard page: twice RAM is the most that areas of RAM's pages can need, if they lie close together.
    let room = (4 * (layout.ram_end.raw() - low.start.raw()) + (1 << 30)).min(MOST_WINDOW);
    let is_wide = profile.paging.is_some() && !is_low;
    let vmalloc_window = layout.vmalloc.filter(|_| is_wide);
    // On RISC-V the area lies below the direct map.
    let start = vmalloc_window.map_or(start, |area| area.start.min(start));
    let vmalloc_window = vmalloc_window.map(|area| (area.start, area.end.page_down().min(area.start.offset(room))));
    HostedConfig {
        vmalloc_window,
        ram: PhysRange::new(low.start.raw(), layout.ram_end.raw().max(low.end.raw())),
        page_offset: profile.page_offset,
        low_bytes: low.bytes(),
        kernel_window: (start, top),
        displacement: if needs_place { Displacement::Below4G } else { displacement },
        paging: profile.paging,
    }
}
