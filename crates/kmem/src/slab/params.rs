//! What the command line says about slab caches: orders, objects, merging.
//!
//! `slub_max_order=`, `slub_min_order=` and `slub_min_objects=` move the bounds between which the order of a slab is searched
//! ([`super::geometry`]); `slab_nomerge` keeps caches of equal geometry apart (`super::merge`). Since 6.9 the same names
//! begin with `slab_` too. The last of several wins. The SLAB of 2.6 knows none of them.
//!
//! Kernel counterpart: 6.1 and 6.12 `mm/slub.c` (`setup_slub_max_order` and its neighbours), `mm/slab_common.c`
//! (`setup_slab_nomerge`).

use crate::boot::cmdline::{same_name, CommandLine, Param};
use crate::profile::{SlabRule, SlubEra};
use crate::units::Order;

/// Boot parameters of slab caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SlabParams {
    /// Largest order of a slab that holds several objects.
    pub max_order: u32,
    /// Smallest order of a slab.
    pub min_order: u32,
    /// Objects that a slab should hold; 0: as many as the number of CPUs suggests.
    pub min_objects: u32,
    /// Whether caches of equal geometry share their slabs.
    pub merge: bool,
    /// Whether the kernel is built with KASAN: [`crate::boot::BootParams::kasan`], no parameter of the command line.
    pub kasan: bool,
}

impl SlabParams {
    /// Reads a kernel's command line. `top` is the largest block of its page allocator.
    pub fn new(rule: SlabRule, top: Order, line: CommandLine<'_>) -> Self {
        let SlabRule::Slub { max_order, era, .. } = rule else { return Self::default() };
        let mut this = Self { max_order, merge: true, ..Self::default() };
        for param in line.params() {
            this.apply(param, era, top);
        }
        this
    }

    fn apply(&mut self, param: Param<'_>, era: SlubEra, top: Order) {
        let both_spellings = era >= SlubEra::V6_12;
        // Merging is both allocators' affair since 3.18, so it has had both names for longer.
        let merging = era >= SlubEra::V6_1;
        let is =
            |slub: &str, slab: &str, both: bool| same_name(param.name, slub) || both && same_name(param.name, slab);
        let number = || number(param.value.unwrap_or_default());
        if is("slub_max_order", "slab_max_order", both_spellings) {
            self.max_order = number().min(top.raw());
            if both_spellings {
                self.min_order = self.min_order.min(self.max_order);
            }
        } else if is("slub_min_order", "slab_min_order", both_spellings) {
            // A block of more than the largest order cannot be had: the kernel would not boot.
            self.min_order = number().min(top.raw());
            if both_spellings {
                self.max_order = self.max_order.max(self.min_order);
            }
        } else if is("slub_min_objects", "slab_min_objects", both_spellings) {
            self.min_objects = number();
        } else if is("slub_nomerge", "slab_nomerge", merging) {
            self.merge = false;
        } else if is("slub_merge", "slab_merge", merging) && merging {
            self.merge = true;
        }
    }
}

/// Reads a whole number as `get_option` does: 0 where there is none. Negative numbers count as 0.
fn number(text: &str) -> u32 {
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let digits = digits.chars().map_while(|c| c.to_digit(base));
    digits.fold(0u32, |value, digit| value.saturating_mul(base).saturating_add(digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{amd64_6_12, i386_pae_6_1, linux_2_6_i386, Profile};

    fn of(profile: &Profile, line: &str) -> SlabParams {
        SlabParams::new(profile.slab, profile.top_order, CommandLine::new(line))
    }

    #[test]
    fn names_and_numbers() {
        let plain = SlabParams { max_order: 3, merge: true, ..SlabParams::default() };
        let old = |line| of(&i386_pae_6_1::PROFILE, line);
        let new = |line| of(&amd64_6_12::PROFILE, line);
        assert_eq!(old("quiet"), plain);
        assert_eq!(
            old("slub_max_order=1 slub_min_objects=0x10"),
            SlabParams { max_order: 1, min_objects: 16, ..plain }
        );
        assert_eq!(old("slub-max-order=1 slub_max_order=2"), SlabParams { max_order: 2, ..plain });
        assert_eq!(old("slub_max_order=99").max_order, 10);
        // That spelling is the other allocator's in 6.1.
        assert_eq!(old("slab_max_order=1 slab_min_order=1 slab_min_objects=9"), plain);
        assert_eq!(new("slab_max_order=1 slab_min_objects=9"), SlabParams { max_order: 1, min_objects: 9, ..plain });
        for line in ["slab_nomerge", "slub_nomerge", "slub_merge slab_nomerge"] {
            assert!(!old(line).merge && !new(line).merge, "{line}");
        }
        assert!(old("slab_nomerge slab_merge").merge);
        assert_eq!(of(&linux_2_6_i386::PROFILE, "slub_max_order=1 slab_merge"), SlabParams::default());
    }

    #[test]
    fn bounds_follow_each_other_since_6_12() {
        let plain = SlabParams { max_order: 3, merge: true, ..SlabParams::default() };
        let old = |line| of(&i386_pae_6_1::PROFILE, line);
        let new = |line| of(&amd64_6_12::PROFILE, line);
        assert_eq!(old("slub_min_order=5"), SlabParams { min_order: 5, ..plain });
        assert_eq!(new("slub_min_order=5"), SlabParams { min_order: 5, max_order: 5, ..plain });
        assert_eq!(new("slub_min_order=5 slub_max_order=4"), SlabParams { min_order: 4, max_order: 4, ..plain });
    }
}
