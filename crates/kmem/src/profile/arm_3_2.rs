//! Linux 3.2 for ARM on a plain board: RAM at 2 GiB.
//!
//! It differs from 3.4 in the default of the vmalloc area: 128 MiB, the gap included. Where the area ends was each board's
//! own affair then (`mach/vmalloc.h`); this board has it where all have it since 3.3.

use super::arm_3_4::CONSTANTS;
use super::Profile;
use crate::boot::layout::{ArmLayout, LayoutRule};

/// The profile.
pub static PROFILE: Profile = Profile {
    name: "arm-3.2",
    summary: "Linux 3.2 for ARM on a plain board, RAM at 0x80000000",
    version: (3, 2, 0),
    release: "3.2.0",
    layout: match CONSTANTS.layout {
        // arch/arm/mm/mmu.c of 3.2: `vmalloc_min` is VMALLOC_END - SZ_128M.
        LayoutRule::Arm(rule) => LayoutRule::Arm(ArmLayout { default: 120 << 20, ..rule }),
        other => other,
    },
    ..CONSTANTS
};
