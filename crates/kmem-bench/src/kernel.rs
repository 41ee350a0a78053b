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
    /// kmem's machine; `None`: the first of [`MACHINES`] that there is.
    pub machine: Option<&'a str>,
}

/// The machines that the bench likes best, in this order.
pub const MACHINES: [&str; 2] = ["amd64-6.12", "i386-pae-6.1"];

/// Returns kmem's machine.
///
/// # Errors
/// [`BenchError::Unknown`].
pub fn machine(setting: &Setting<'_>) -> Result<&'static Profile, BenchError> {
    let found = match setting.machine {
        Some(name) => by_name(name),
        None => MACHINES.iter().find_map(|name| by_name(name)),
    };
    found.ok_or_else(|| BenchError::Unknown {
        what: "machine",
        name: setting.machine.unwrap_or(MACHINES[0]).to_owned(),
        known: kmem::profile::PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", "),
    })
}

fn params(profile: &'static Profile, ram_bytes: u64) -> BootParams<'static> {
    BootParams { ram_bytes, cpus: 2, ..BootParams::new(profile) }
}

/// Boots a kernel with two CPUs whose page allocator has [`MANAGED_BYTES`].
///
/// # Errors
/// When there is no such machine, or the host refuses it.
pub fn boot(setting: &Setting<'_>) -> Result<Kernel<Hosted>, BenchError> {
    let profile = machine(setting)?;
    let boot = |ram| kmem_hosted::boot(profile, &params(profile, ram), Displacement::Any, |_| {});
    let kernel = boot(MANAGED_BYTES)?;
    // What boot holds comes on top, so that kmem manages what the others do.
    let held = MANAGED_BYTES - kernel.pages().managed() * PAGE_BYTES;
    drop(kernel);
    Ok(boot(MANAGED_BYTES + held)?)
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
