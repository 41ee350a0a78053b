//! Machines with other page tables than the profiles have: kernels that do not exist, with the address spaces of those
//! that do.

use crate::boot::layout::{ArmLayout, Layout, LayoutRule, VirtRange};
use crate::map::entry::{PagingFormat, ARM64, ARM_LPAE, SV39, X86_64};
use crate::profile::{i386_pae_6_1, msm8x25, Firmware, Image, Profile, ZoneKind, ZoneLimit, ZoneSpec};
use crate::units::{PhysAddr, VirtAddr};

/// A profile, and what its kernel maps above the direct map.
pub(super) struct Wide {
    pub profile: Profile,
    vmalloc: VirtRange,
    modules: VirtRange,
}

impl Wide {
    /// Puts the ranges where this kernel has them. No 64-bit kernel has a use for pkmap and fixmap.
    pub(super) fn lay_out(&self, layout: &mut Layout) {
        (layout.vmalloc, layout.modules) = (Some(self.vmalloc), Some(self.modules));
        (layout.pkmap, layout.fixmap, layout.vectors) = (None, None, None);
    }
}

pub(super) static WIDE: [&Wide; 3] = [&AMD64, &ARM_64, &RISCV_64];

/// An ARM kernel with LPAE.
pub(super) static LPAE: Profile =
    Profile { name: "test-lpae", phys_addr_bytes: 8, paging: Some(&ARM_LPAE), ..msm8x25::PROFILE };

/// `Documentation/arch/x86/x86_64/mm.rst`, four levels.
static AMD64: Wide = Wide {
    profile: Profile {
        firmware: Firmware::Pc { acpi: 128 << 10, hole_from: 0xe000_0000, hole_at: 0xc000_0000 },
        task_size: 0x0000_7fff_ffff_f000,
        ..wide("test-amd64", 0xffff_8880_0000_0000, 0, &X86_64)
    },
    vmalloc: VirtRange::new(0xffff_c900_0000_0000, 0xffff_e900_0000_0000),
    modules: VirtRange::new(0xffff_ffff_c000_0000, 0xffff_ffff_ff00_0000),
};
/// `Documentation/arch/arm64/memory.rst`, 48 bits.
static ARM_64: Wide = Wide {
    profile: wide("test-arm64", 0xffff_0000_0000_0000, 0x4000_0000, &ARM64),
    vmalloc: VirtRange::new(0xffff_8000_8000_0000, 0xffff_fdff_bfff_0000),
    modules: VirtRange::new(0xffff_8000_0000_0000, 0xffff_8000_8000_0000),
};
/// `Documentation/arch/riscv/vm-layout.rst`, Sv39: the vmalloc range lies below the direct map.
static RISCV_64: Wide = Wide {
    profile: Profile { task_size: 0x40_0000_0000, ..wide("test-riscv64", 0xffff_ffd6_0000_0000, 0x8000_0000, &SV39) },
    vmalloc: VirtRange::new(0xffff_ffc6_0000_0000, 0xffff_ffd6_0000_0000),
    modules: VirtRange::new(0xffff_ffff_0000_0000, 0xffff_ffff_8000_0000),
};

const fn wide(name: &'static str, page_offset: u64, phys_offset: u64, paging: &'static PagingFormat) -> Profile {
    Profile {
        name,
        word_bytes: 8,
        phys_addr_bytes: 8,
        page_offset: VirtAddr::new(page_offset),
        phys_offset: PhysAddr::new(phys_offset),
        task_size: 1 << 48,
        max_ram: 1 << 46,
        firmware: Firmware::Flat,
        paging: Some(paging),
        zones: &[
            ZoneSpec { name: "DMA", kind: ZoneKind::Dma, limit: ZoneLimit::At(16 << 20), reserve_ratio: 256 },
            ZoneSpec { name: "DMA32", kind: ZoneKind::Dma32, limit: ZoneLimit::At(4 << 30), reserve_ratio: 256 },
            ZoneSpec { name: "Normal", kind: ZoneKind::Normal, limit: ZoneLimit::LowEnd, reserve_ratio: 32 },
            ZoneSpec { name: "Movable", kind: ZoneKind::Movable, limit: ZoneLimit::Empty, reserve_ratio: 0 },
        ],
        struct_page: 64,
        // All of RAM is low; where the ranges lie is said above.
        layout: LayoutRule::Arm(ArmLayout {
            vmalloc_end: u64::MAX,
            gap: 8 << 20,
            default: 0,
            parameter_excludes_gap: false,
            least: 0,
            least_low: 0,
            pkmap: (0, 0),
            fixmap: (0, 0),
            modules: (0, 0),
            vectors: (0, 0),
        }),
        boot_areas: &[],
        image: Image {
            start: phys_offset + (16 << 20),
            end: phys_offset + (32 << 20),
            freed_early: None,
            freed_late: None,
            reserved: &[],
            ..i386_pae_6_1::PROFILE.image
        },
        // Slabs and tuning are a PC's.
        ..i386_pae_6_1::PROFILE
    }
}
