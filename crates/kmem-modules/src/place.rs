//! Where the machine of a 64-bit kernel lies, so that its modules can run.
//!
//! A 64-bit kernel has the upper half of all addresses, which in a Linux process is the host kernel's. Unlike an i386 one, its
//! code cannot be given a segment that moves it. So the kernel itself is moved: its direct map, its vmalloc area and the
//! area of modules are laid out below 4 GiB, with everything else as it was.
//!
//! ```text
//!   0x0000_0000   user memory      where the shadow of the checks lies too
//!   0x2200_0000   modules          what code refers to by 32 bits lies below 2 GiB: modules, and the kernel's image,
//!   0x4000_0000   direct map       which is at the beginning of the direct map
//!        …        vmalloc area     up to 0xff00_0000
//! ```
//!
//! What a module can tell of it are its addresses: a real kernel's begin with `0xffff`, and the vmalloc area is larger than any
//! RAM. [`Moved`] knows which address the real kernel would have: whatever is shown to people has that.

use kmem::boot::layout::{LayoutRule, VirtRange, WideLayout};
use kmem::boot::{plan, BootError, BootParams};
use kmem::map::{FreedArea, VmArea, What};
use kmem::units::align_up;
use kmem::{Profile, VirtAddr};
use kmem_hosted::Displacement;
use std::borrow::Cow;

/// The area of modules: all of it below 2 GiB, as far as a jump from the kernel's image goes.
const MODULES: (u64, u64) = (0x2200_0000, 0x3f00_0000);
/// The direct map: at a multiple of the largest page.
const PAGE_OFFSET: u64 = 0x4000_0000;
/// One past the vmalloc area.
const VMALLOC_END: u64 = 0xff00_0000;
/// Between the direct map and the vmalloc area.
const GAP: u64 = 8 << 20;
/// The vmalloc area has this at least.
const LEAST_VMALLOC: u64 = 256 << 20;

/// Why a machine has no place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It cannot be at all.
    #[error("{0}")]
    Plan(BootError),
    /// Its RAM has no room below 4 GiB.
    #[error(
        "the RAM reaches {ram} MiB far, holes included: modules of a 64-bit machine run with at most {most} MiB, because all of it \
         lies below 4 GiB of the process; give it less with --ram"
    )]
    TooLarge {
        /// Megabytes from the first byte of RAM to the last.
        ram: u64,
        /// As many as there may be.
        most: u64,
    },
}

/// Returns the kernel on which modules run, and where it lies: a 32-bit one as it is, where it is wanted; a 64-bit one moved below
/// 4 GiB, there. A moved one lives as long as the process.
///
/// # Errors
/// A machine that cannot be, or with more RAM than there is room for.
pub fn for_modules(
    profile: &'static Profile,
    params: &BootParams<'_>,
    wanted: Displacement,
) -> Result<(&'static Profile, Displacement), PlaceError> {
    let LayoutRule::Wide(rule) = profile.layout else { return Ok((profile, wanted)) };
    let plan = plan(profile, params).map_err(PlaceError::Plan)?;
    let direct = plan.layout.low.bytes();
    let most = VMALLOC_END - LEAST_VMALLOC - GAP - PAGE_OFFSET;
    if direct > most {
        return Err(PlaceError::TooLarge { ram: direct >> 20, most: most >> 20 });
    }
    let mut moved = profile.clone();
    let start = align_up(PAGE_OFFSET + direct, GAP) + GAP;
    let layout = WideLayout { vmalloc: (start, VMALLOC_END), modules: MODULES, ..rule };
    moved.layout = LayoutRule::Wide(layout);
    moved.page_offset = VirtAddr::new(PAGE_OFFSET);
    moved.task_size = MODULES.0;
    Ok((Box::leak(Box::new(moved)), Displacement::True))
}

/// From addresses of a moved kernel to those of the real one.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Where it lies, and where it would begin: direct map, vmalloc area, modules.
    areas: [(VirtRange, u64); 3],
}

impl Moved {
    /// Returns what is to be known of a kernel that was moved; `None` for one that was not.
    pub fn of(profile: &Profile) -> Option<Self> {
        let LayoutRule::Wide(here) = profile.layout else { return None };
        let real = kmem::profile::by_name(profile.name)?;
        let LayoutRule::Wide(there) = real.layout else { return None };
        let direct = VirtRange::new(profile.page_offset.raw(), here.vmalloc.0);
        let areas = [
            (direct, real.page_offset.raw()),
            (VirtRange::new(here.vmalloc.0, here.vmalloc.1), there.vmalloc.0),
            (VirtRange::new(here.modules.0, here.modules.1), there.modules.0),
        ];
        (profile.page_offset != real.page_offset).then_some(Self { areas })
    }
    /// Returns the areas: where each lies here, and what is to be added for the real address.
    pub fn areas(&self) -> impl Iterator<Item = (VirtRange, u64)> + '_ {
        self.areas.iter().map(|(here, there)| (*here, there.wrapping_sub(here.start.raw())))
    }
    /// Returns the address that the real kernel has; others, of users and of nobody, are what they are.
    pub fn real(&self, addr: u64) -> u64 {
        let inside = self.areas().find(|(here, _)| here.contains(VirtAddr::new(addr)));
        inside.map_or(addr, |(_, distance)| addr.wrapping_add(distance))
    }
    /// Returns the same with the addresses that the real kernel has.
    pub fn in_words(&self, what: What) -> What {
        let real = |addr: VirtAddr| VirtAddr::new(self.real(addr.raw()));
        match what {
            What::Area(area) => What::Area(VmArea { start: real(area.start), ..area }),
            What::Guard(area) => What::Guard(VmArea { start: real(area.start), ..area }),
            What::Freed(area) => What::Freed(FreedArea { start: real(area.start), ..area }),
            What::Hole(hole) => {
                let start = self.real(hole.start.raw());
                What::Hole(VirtRange::new(start, start + hole.bytes()))
            }
            other => other,
        }
    }
    /// Returns a text of the kernel's with the addresses that the real one has: numbers of sixteen hexadecimal digits.
    pub fn in_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        const DIGITS: usize = 16;
        let mut out = String::new();
        let (mut from, mut at) = (0, 0);
        while at < text.len() {
            let rest = &text.as_bytes()[at..];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            if digits == DIGITS {
                let addr = u64::from_str_radix(&text[at..at + digits], 16).unwrap_or(0);
                let real = self.real(addr);
                if real != addr {
                    out.push_str(&text[from..at]);
                    out.push_str(&format!("{real:016x}"));
                    from = at + digits;
                }
            }
            at += digits.max(1);
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[from..]);
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::profile::by_name;

    #[test]
    fn a_64_bit_kernel_is_moved_and_the_others_stay() {
        let small = by_name("i386-pae-6.1").unwrap();
        let at = |profile: &'static Profile, ram_bytes| {
            for_modules(profile, &BootParams { ram_bytes, ..BootParams::new(profile) }, Displacement::Below4G)
        };
        let (same, displacement) = at(small, 1 << 30).unwrap();
        assert!(std::ptr::eq(same, small) && displacement == Displacement::Below4G);
        assert!(Moved::of(small).is_none());
        for name in ["amd64-6.1", "amd64-6.12", "arm64-6.1", "arm64-6.12", "riscv64"] {
            let wide = by_name(name).unwrap();
            let (moved, displacement) = at(wide, 2 << 30).unwrap();
            assert_eq!(displacement, Displacement::True);
            assert_eq!(moved.page_offset.raw(), PAGE_OFFSET);
            let back = Moved::of(moved).unwrap();
            assert_eq!(back.real(PAGE_OFFSET + 0x1234), wide.page_offset.raw() + 0x1234);
            assert_eq!(back.real(0x10), 0x10);
            assert!(Moved::of(wide).is_none());
            let real = format!("an object at 0x{:016x}, é 41001234", wide.page_offset.raw() + 0x1234);
            assert_eq!(back.in_text("an object at 0x0000000040001234, é 41001234"), real);
            assert_eq!(back.in_text(&real), real);
        }
        let wide = by_name("amd64-6.12").unwrap();
        assert!(at(wide, 4 << 30).unwrap_err().to_string().contains("--ram"));
    }
}
