//! Sizes of objects: kmalloc's classes, and how a kernel's requests spread over them.

use crate::rng::Rng;

/// kmalloc's classes: the powers of two, 96 and 192.
pub const CLASSES: [usize; 13] = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192];

const SMALL: usize = 192;
const STEP: usize = 8;

/// Class of a size up to [`SMALL`], in steps of [`STEP`].
const SMALL_CLASSES: [u8; SMALL / STEP] = {
    let mut classes = [0; SMALL / STEP];
    let (mut step, mut class) = (0, 0);
    while step < classes.len() {
        if CLASSES[class as usize] < (step + 1) * STEP {
            class += 1;
        }
        classes[step] = class;
        step += 1;
    }
    classes
};

/// The class above [`SMALL`].
const LARGE_CLASS: usize = 7;

/// Returns the class of a size from 1 to the largest class's.
#[inline(always)]
pub fn class_of(bytes: usize) -> usize {
    let below = bytes.wrapping_sub(1);
    match SMALL_CLASSES.get(below / STEP) {
        Some(&class) => usize::from(class),
        // 256 is the first.
        None => LARGE_CLASS + (usize::BITS - below.leading_zeros()).saturating_sub(8) as usize,
    }
}

/// How many of a thousand kmallocs ask for a class's size; counted on a running Linux 6.18 that compiled a kernel. The
/// classes that are not here, and what rounding took, are two of a thousand.
pub const SHARES: [(usize, u32); 10] =
    [(96, 590), (64, 185), (16, 55), (512, 44), (1024, 31), (32, 31), (2048, 23), (192, 16), (128, 13), (4096, 10)];

/// Sizes as the kernel's kmallocs ask for them: as a place in [`SHARES`] each.
#[derive(Debug)]
pub struct Sizes {
    /// One entry for each of the shares.
    places: Vec<u8>,
}

impl Default for Sizes {
    fn default() -> Self {
        let shares = SHARES.iter().enumerate();
        Self { places: shares.flat_map(|(place, &(_, share))| vec![place as u8; share as usize]).collect() }
    }
}

impl Sizes {
    /// Draws a size, as a place in [`SHARES`].
    #[inline]
    pub fn draw(&self, rng: &mut Rng) -> u8 {
        self.places.get(rng.below(self.places.len() as u32) as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_size_is_the_smallest_that_holds_it() {
        for bytes in 1..=8192 {
            let expected = CLASSES.iter().position(|class| *class >= bytes).unwrap();
            assert_eq!(class_of(bytes), expected, "{bytes}");
        }
    }
}
