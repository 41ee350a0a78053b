//! A stack of words in a row, with a limit: what a CPU keeps at hand of something.

use crate::sync::{AtomicUsize, Count, Ordering};

/// Room for `N` words. One CPU uses it at a time; the count others may read.
///
/// # Invariants
/// The count and the limit are at most `N`: the limit by [`Stack::set_limit`], the count because a push begins below the
/// limit. That holds also when two CPUs wrongly use one stack at once: each stores a count one step from one that it has
/// checked.
#[repr(C, align(64))]
pub(crate) struct Stack<const N: usize> {
    count: Count,
    limit: Count,
    words: [AtomicUsize; N],
}

impl<const N: usize> Default for Stack<N> {
    /// Makes an empty one with limit 0.
    fn default() -> Self {
        Self { count: Count::default(), limit: Count::default(), words: [const { AtomicUsize::new(0) }; N] }
    }
}

impl<const N: usize> Stack<N> {
    /// Returns how many words it holds.
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }
    /// Returns how many words it holds at most.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.get()
    }
    /// Sets how many words it holds at most, as far as there is room.
    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.set(limit.min(N as u32));
    }
    /// Takes the word that was put there last.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<usize> {
        let below = self.count.get().checked_sub(1)?;
        // SAFETY: By the invariant the count is at most `N`.
        let word = unsafe { self.words.get_unchecked(below as usize) }.load(Ordering::Relaxed);
        self.count.set(below);
        Some(word)
    }
    /// Puts a word there; false when it is full.
    #[inline(always)]
    pub(crate) fn push(&self, word: usize) -> bool {
        let count = self.count.get();
        if count >= self.limit.get() {
            return false;
        }
        // SAFETY: By the invariant the limit is at most `N`, and the count is below it.
        unsafe { self.words.get_unchecked(count as usize) }.store(word, Ordering::Relaxed);
        self.count.set(count + 1);
        true
    }
    /// Puts the words that `with` hands on there, as many as there is room for.
    #[inline(always)]
    pub(crate) fn fill<R>(&self, with: impl FnOnce(&mut Filling<'_, N>) -> R) -> R {
        let mut filling = Filling { stack: self, count: self.count.get() };
        let done = with(&mut filling);
        self.count.set(filling.count);
        done
    }
    /// Takes the words that were put there last, at most `most`, and shows them, the last one first. Until that is done, the
    /// stack must be left alone.
    pub(crate) fn drain(&self, most: u32) -> impl Iterator<Item = usize> + '_ {
        let count = self.count.get();
        let left = count.saturating_sub(most);
        self.count.set(left);
        let words = self.words.get(left as usize..count as usize).unwrap_or_default();
        words.iter().rev().map(|word| word.load(Ordering::Relaxed))
    }
    /// Shows the words, the lowest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().take(self.count.get() as usize).map(|word| word.load(Ordering::Relaxed))
    }
}

/// A stack while words are put there: the count is written once, at the end.
pub(crate) struct Filling<'a, const N: usize> {
    stack: &'a Stack<N>,
    count: u32,
}

impl<const N: usize> Filling<'_, N> {
    /// Puts a word there; false when it is full.
    #[inline(always)]
    pub(crate) fn put(&mut self, word: usize) -> bool {
        let slot = self.stack.words.get(self.count as usize);
        match slot.filter(|_| self.count < self.stack.limit.get()) {
            Some(slot) => {
                slot.store(word, Ordering::Relaxed);
                self.count += 1;
                true
            }
            None => false,
        }
    }
}
