//! Linux 3.4 for ARM on a plain board: RAM at 2 GiB, no static mappings, no command line of the board's own.
//!
//! The kernel is that of the phone ([`super::msm8x25`]); the board is an example. From 3.3 on the vmalloc area has 240 MiB
//! when nothing is said, and the gap of 8 MiB besides; what `vmalloc=` says includes the gap.

use super::msm8x25::CONSTANTS as PHONE;
use super::{Image, Placement, Profile};
use crate::units::PhysAddr;

/// The profile.
pub static PROFILE: Profile = CONSTANTS;

/// The profile as a constant, for the earlier kernel to differ from.
pub(super) const CONSTANTS: Profile = Profile {
    name: "arm-3.4",
    summary: "Linux 3.4 for ARM on a plain board, RAM at 0x80000000",
    phys_offset: PhysAddr::new(0x8000_0000),
    max_ram: 2 << 30,
    default_cmdline: "",
    image: Image {
        // TEXT_OFFSET is 32 KiB; the page tables of the kernel lie in the 16 KiB below. Sizes as on the phone.
        start: 0x8000_4000,
        end: 0x80f4_3000,
        freed_late: &[(0x8089_4000, 0x808c_d000)],
        placement: Placement::BottomUp(0x8000_0000),
        ..PHONE.image
    },
    boot_areas: &[],
    ..PHONE
};
