//! In which order what was taken goes back.

use crate::rng::Rng;

/// The order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frees {
    /// The oldest first.
    Fifo,
    /// The youngest first.
    Lifo,
    /// In any order.
    Random,
}

impl Frees {
    /// Returns the places of so many things, in the order of their frees.
    pub fn order(self, count: usize, rng: &mut Rng) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        match self {
            Self::Fifo => {}
            Self::Lifo => order.reverse(),
            Self::Random => rng.shuffle(&mut order),
        }
        order
    }
}
