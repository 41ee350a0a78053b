//! Three arrays of one length: the fields of many structures, cut so that what is used together lies together.

use super::array::{Array, Part, Reserve, Zeroed};

/// Structures of three parts each, in the machine's RAM.
///
/// # Invariants
/// The arrays have the same length.
pub(crate) struct Columns<A, B, C> {
    first: Array<A>,
    second: Array<B>,
    third: Array<C>,
}

impl<A: Zeroed, B: Zeroed, C: Zeroed> Columns<A, B, C> {
    /// Cuts `len` structures off the reserve. `None` when it is too small.
    pub(crate) fn new(reserve: &mut Reserve<'_>, len: u64) -> Option<Self> {
        Some(Self { first: reserve.array(len)?, second: reserve.array(len)?, third: reserve.array(len)? })
    }
    /// Returns how many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.first.len()
    }
    /// Returns the first parts of all.
    #[inline(always)]
    pub(crate) fn firsts(&self) -> Part<'_, A> {
        self.first.all()
    }
    /// Returns structure `index`.
    #[inline(always)]
    pub(crate) fn get(&self, index: u64) -> Option<(&A, &B, &C)> {
        let first = self.first.get(index)?;
        let index = index as u32;
        // SAFETY: The index is below the length of the first, which the others have as well.
        let (second, third) =
            unsafe { (self.second.all().get_unchecked(index), self.third.all().get_unchecked(index)) };
        Some((first, second, third))
    }
}
