//! kmem's kernels: on which machine, and with how much memory.

use crate::{BenchError, MANAGED_BYTES, PAGE_BYTES};
use kmem::boot::{plan, BootParams};
use kmem::profile::by_name;
use kmem::{Kernel, Profile};
use kmem_hosted::boot::config;
use kmem_hosted::{Displacement, Hosted, HostedBootError};
use std::time::{Duration, Instant};

/// On what the peers are measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting<'a> {
    /// kmem's machine; `None`: [`MACHINE`].
    pub machine: Option<&'a str>,
}

/// The machine of those who name none.
pub const MACHINE: &str = "amd64-6.12";

/// Returns kmem's machine.
///
/// # Errors
/// [`BenchError::Unknown`].
pub fn machine(setting: &Setting<'_>) -> Result<&'static Profile, BenchError> {
    let name = setting.machine.unwrap_or(MACHINE);
    by_name(name).ok_or_else(|| BenchError::Unknown {
        what: "machine",
        name: name.to_owned(),
        known: kmem::profile::PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", "),
    })
}

fn params(profile: &'static Profile, ram_bytes: u64) -> BootParams<'static> {
    // No contiguous area: the others have none that only some requests may use.
    BootParams { ram_bytes, cpus: 2, cmdline: "cma=0", ..BootParams::new(profile) }
}

/// Boots a kernel with two CPUs whose page allocator has [`MANAGED_BYTES`] to give.
///
/// # Errors
/// When there is no such machine, or the host refuses it.
pub fn boot(setting: &Setting<'_>) -> Result<Kernel<Hosted>, BenchError> {
    let profile = machine(setting)?;
    let boot = |ram| kmem_hosted::boot(profile, &params(profile, ram), Displacement::Any, |_| {});
    let mut ram = MANAGED_BYTES;
    loop {
        let kernel = boot(ram)?;
        // What boot holds and takes comes on top, in whole MiB, so that kmem has what the others have.
        let held = MANAGED_BYTES.saturating_sub(kernel.pages().free_pages() * PAGE_BYTES);
        if held == 0 {
            return Ok(kernel);
        }
        ram += held.next_multiple_of(1 << 20);
    }
}

/// Measures how long the kernel itself takes to come up with so much RAM; the host's work for the machine is not in it.
/// `None` when the machine cannot have so much.
///
/// # Errors
/// When there is no such machine, or the host refuses it.
pub fn booted_in(setting: &Setting<'_>, ram_bytes: u64) -> Result<Option<Duration>, BenchError> {
    let profile = machine(setting)?;
    let params = params(profile, ram_bytes);
    let Ok(plan) = plan(profile, &params) else { return Ok(None) };
    let planned: u64 = plan.zones().iter().map(|zone| zone.present * PAGE_BYTES).sum();
    if planned < ram_bytes / 2 {
        return Ok(None);
    }
    let machine = Hosted::new(&config(profile, &plan, Displacement::Any), |_| {}).map_err(HostedBootError::Host)?;
    let start = Instant::now();
    let kernel = Kernel::boot(machine, profile, plan, params.cmdline).map_err(HostedBootError::Boot)?;
    let took = start.elapsed();
    drop(kernel);
    Ok(Some(took))
}
