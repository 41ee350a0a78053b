//! Numbers that look random and are the same in every run: xorshift64* (Vigna, "An experimental exploration of
//! Marsaglia's xorshift generators, scrambled", 2016).

/// The generator.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Default for Rng {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Rng {
    /// Makes one of several that differ from each other: for each thread its own.
    pub fn stream(number: u32) -> Self {
        let Self(seed) = Self::default();
        let mut this = Self(seed ^ (u64::from(number) << 32));
        this.draw();
        this
    }
    /// Returns the next 32 bits.
    #[inline]
    pub fn draw(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
    /// Returns a number below `limit`, by a multiplication instead of a division.
    #[inline]
    pub fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.draw()) * u64::from(limit)) >> 32) as u32
    }
    /// Shuffles: Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}
