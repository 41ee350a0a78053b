//! Which zones answer which flags, and in what order.
//!
//! The flags choose the highest zone that may answer; when it cannot, the ones below it are asked, never the ones
//! above: high memory falls back to low memory, ordinary memory to DMA memory. Kernel counterpart: `gfp_zone`,
//! `build_zonelists`.

use super::watermark::MAX_ZONES;
use crate::gfp::Gfp;
use crate::profile::ZoneKind;

/// For each combination of the four zone bits of [`Gfp`], the first zone to ask.
pub(crate) struct Zonelist {
    preferred: [u8; 16],
}

impl Zonelist {
    /// Builds the table from the zones' kinds, lowest first; `populated` says which of them have pages.
    pub(crate) fn new(kinds: &[ZoneKind], populated: impl Fn(usize) -> bool) -> Self {
        let mut preferred = [0; 16];
        for (bits, slot) in preferred.iter_mut().enumerate() {
            // A kind of zone that this kernel does not have is ordinary memory to it.
            let wanted = Some(wanted(Gfp::from_bits_truncate(bits as u32), kinds.contains(&ZoneKind::Movable)));
            let wanted = wanted.filter(|kind| kinds.contains(kind)).unwrap_or(ZoneKind::Normal);
            let best = (0..kinds.len().min(MAX_ZONES)).rev().find(|zone| kinds[*zone] <= wanted && populated(*zone));
            let lowest = (0..kinds.len().min(MAX_ZONES)).find(|zone| populated(*zone));
            *slot = best.or(lowest).unwrap_or(0) as u8;
        }
        Self { preferred }
    }
    /// Returns the first zone to ask; the rest of the list are the ones below it.
    #[inline(always)]
    pub(crate) fn preferred(&self, gfp: Gfp) -> usize {
        usize::from(self.preferred[(gfp.bits() & 15) as usize])
    }
}

/// The kind of memory that flags ask for: DMA wins, then HIGHMEM (with MOVABLE: the movable zone), then DMA32.
fn wanted(gfp: Gfp, has_movable: bool) -> ZoneKind {
    if gfp.contains(Gfp::DMA) {
        ZoneKind::Dma
    } else if gfp.contains(Gfp::HIGHMEM | Gfp::MOVABLE) && has_movable {
        ZoneKind::Movable
    } else if gfp.contains(Gfp::HIGHMEM) {
        ZoneKind::HighMem
    } else if gfp.contains(Gfp::DMA32) {
        ZoneKind::Dma32
    } else {
        ZoneKind::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ZoneKind::{Dma, HighMem, Movable, Normal};

    fn check(kinds: &[ZoneKind], populated: &[bool], gfp: Gfp, zone: usize) {
        assert_eq!(Zonelist::new(kinds, |zone| populated[zone]).preferred(gfp), zone, "{kinds:?} {gfp:?}");
    }

    #[test]
    fn flags_choose_zones() {
        let pc = [Dma, Normal, HighMem, Movable];
        let full = [true, true, true, false];
        check(&pc, &full, Gfp::KERNEL, 1);
        check(&pc, &full, Gfp::KERNEL | Gfp::DMA, 0);
        check(&pc, &full, Gfp::KERNEL | Gfp::DMA32, 1);
        check(&pc, &full, Gfp::HIGHUSER, 2);
        check(&pc, &full, Gfp::HIGHUSER | Gfp::MOVABLE, 2);
        check(&[Dma, Normal, HighMem], &[true, true, true], Gfp::HIGHUSER | Gfp::MOVABLE, 2);
        check(&pc, &[true, true, false, false], Gfp::HIGHUSER, 1);
        check(&[Normal, HighMem], &[true, true], Gfp::DMA, 0);
        check(&[Dma], &[true], Gfp::HIGHUSER, 0);
    }
}
