//! Stacks of frame numbers in the machine's RAM: rows of them, one row for each CPU.
//!
//! A stack is a run of slots with a mark below the lowest one. Popping reads the slot at the top: the mark says that the
//! stack is empty. Pushing compares the top with a limit, which its owner moves up and down below the end of the run. So
//! neither needs to know where a stack begins or ends, and both stay inside whatever the caller does.

use super::array::Part;
use super::{zeroed_struct, Array, Reserve};
use crate::sync::{Count, Tally};

/// The mark below a stack; no number of a frame.
pub(crate) const EMPTY: u32 = u32::MAX;

zeroed_struct! {
    /// Where the top of a stack is, where it may be at most, and how often one was popped.
    #[repr(C, align(16))]
    struct Stack {
        top: Count,
        limit: Count,
        popped: Tally,
    }
}

zeroed_struct! {
    /// Where a stack's mark is, and its last slot.
    struct Run {
        base: Count,
        end: Count,
    }
}

/// Rows of stacks, as many in each, and one more row of stacks without slots.
///
/// # Invariants
/// `stacks` and `runs` have the same length, `(rows + 1) * (mask + 1)`; `mask + 1` is a power of two. For each stack:
/// `base <= top <= end` and `limit <= end < slots.len()`; the slot at `base` holds [`EMPTY`]. Tops and limits change only by
/// [`Row`], one step from a top that was seen between these bounds, or checked against them: also when two CPUs wrongly
/// use one row at once.
pub(crate) struct Stacks {
    stacks: Array<Stack>,
    runs: Array<Run>,
    slots: Array<Count>,
    mask: u32,
    rows: u32,
}

impl Stacks {
    /// Returns a bound of the bytes that rows of `width` stacks, a power of two, with all in all `slots` slots a row take.
    pub(crate) fn bytes(rows: u32, width: u32, slots: u64) -> u64 {
        let stacks = (u64::from(rows) + 1) * u64::from(width);
        let stack = size_of::<Stack>() + size_of::<Run>() + size_of::<Count>();
        let slots = u64::from(rows) * slots * size_of::<Count>() as u64;
        stacks * stack as u64 + slots + 4 * 64
    }
    /// Makes empty stacks with limit 0. `slots_of` says how many slots each stack of a row has. `None` when the reserve is
    /// too small or `width` is no power of two.
    pub(crate) fn new(reserve: &mut Reserve<'_>, rows: u32, width: u32, slots_of: impl Fn(u32) -> u32) -> Option<Self> {
        if !width.is_power_of_two() {
            return None;
        }
        let count = (u64::from(rows) + 1) * u64::from(width);
        let row_slots: u64 = (0..width).map(|stack| u64::from(slots_of(stack))).sum();
        let all = count + u64::from(rows) * row_slots;
        let all = u32::try_from(all).ok()?;
        let (stacks, runs, slots) = (reserve.array(count)?, reserve.array(count)?, reserve.array(all.into())?);
        let made = Self { stacks, runs, slots, mask: width - 1, rows };
        let mut base = 0;
        for row in 0..=rows {
            for stack in 0..width {
                let index = u64::from(row) * u64::from(width) + u64::from(stack);
                let end = base + if row < rows { slots_of(stack) } else { 0 };
                let (state, run) = (made.stacks.get(index)?, made.runs.get(index)?);
                made.slots.get(base.into())?.set(EMPTY);
                made.slots.get(end.into())?;
                state.top.set(base);
                run.base.set(base);
                run.end.set(end);
                base = end + 1;
            }
        }
        Some(made)
    }
    /// Returns a row; `None` when there are not so many.
    #[inline(always)]
    pub(crate) fn row(&self, row: u32) -> Option<Row<'_>> {
        // SAFETY: The row is one of them.
        (row < self.rows).then(|| unsafe { self.row_at(row) })
    }
    /// Returns the row of stacks without slots: nothing comes from there, and nothing goes there.
    #[inline(always)]
    pub(crate) fn closed(&self) -> Row<'_> {
        // SAFETY: It is the one behind the others.
        unsafe { self.row_at(self.rows) }
    }
    /// # Safety
    /// `row` is at most `rows`.
    #[inline(always)]
    unsafe fn row_at(&self, row: u32) -> Row<'_> {
        let first = row * (self.mask + 1);
        // SAFETY: By the invariant there are `mask + 1` stacks and runs in each row, and `row` is one of them; slot 0 is there
        // always.
        let (stacks, runs, slots) = unsafe { (self.stacks.from(first), self.runs.from(first), self.slots.from(0)) };
        Row { stacks, runs, slots, mask: self.mask << STACK_SHIFT }
    }
}

/// log2 of the bytes of a stack's state.
const STACK_SHIFT: u32 = 4;
const _: () = assert!(size_of::<Stack>() == 1 << STACK_SHIFT);

/// The stacks of one CPU. It alone uses them, or who took them from it; what is counted, others may read.
///
/// # Invariants
/// `mask` is one less than the number of stacks and of runs, times the size of a stack; all are parts of one [`Stacks`],
/// whose `slots` these are.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    stacks: Part<'a, Stack>,
    runs: Part<'a, Run>,
    slots: Part<'a, Count>,
    mask: u32,
}

impl<'a> Row<'a> {
    /// Returns a stack's state. The number is taken modulo that of the stacks, as bytes so that it need not be scaled.
    #[inline(always)]
    fn stack(&self, stack: u32) -> &'a Stack {
        // SAFETY: By the invariant the masked bytes are the distance of one of the stacks.
        unsafe { self.stacks.at_byte(stack << STACK_SHIFT & self.mask) }
    }
    fn run(&self, stack: u32) -> &'a Run {
        // SAFETY: As in `stack`: what is masked and scaled back is the number of one.
        unsafe { self.runs.get_unchecked((stack << STACK_SHIFT & self.mask) >> STACK_SHIFT) }
    }
    /// Returns the slot at a place, which has been a stack's top or lies between its mark and its end.
    ///
    /// # Safety
    /// The place is at most the end of a stack of this row.
    #[inline(always)]
    unsafe fn slot(&self, place: u32) -> &'a Count {
        // SAFETY: By the invariant of `Stacks` the ends are below the number of slots.
        unsafe { self.slots.get_unchecked(place) }
    }

    /// Takes the number at the top of a stack, if it is below a bound, as no [`EMPTY`] is.
    #[inline(always)]
    pub(crate) fn pop(&self, stack: u32, bound: u32) -> Option<u32> {
        let state = self.stack(stack);
        let top = state.top.get();
        // SAFETY: By the invariant of `Stacks` a top is at most its stack's end.
        let value = unsafe { self.slot(top) }.get();
        if value >= bound {
            return None;
        }
        // The mark was not seen, so this is above it.
        state.top.set(top.wrapping_sub(1));
        state.popped.add(1);
        Some(value)
    }
    /// Puts a number, which is not [`EMPTY`], onto a stack. False when its top is at its limit.
    #[inline(always)]
    pub(crate) fn push(&self, stack: u32, value: u32) -> bool {
        let state = self.stack(stack);
        let top = state.top.get();
        if top >= state.limit.get() {
            return false;
        }
        // SAFETY: By the invariant of `Stacks` a limit is at most the stack's end, and `top + 1` at most the limit.
        unsafe { self.slot(top + 1) }.set(value);
        state.top.set(top + 1);
        true
    }
    /// Returns how many numbers were popped from a stack so far.
    pub(crate) fn popped(&self, stack: u32) -> usize {
        self.stack(stack).popped.get()
    }
    /// Returns how many numbers a stack holds.
    #[inline]
    pub(crate) fn len(&self, stack: u32) -> u32 {
        self.stack(stack).top.get() - self.run(stack).base.get()
    }
    /// Returns how many more numbers a stack takes, and how many more it could if its limit were its end.
    pub(crate) fn room(&self, stack: u32) -> (u32, u32) {
        let (top, limit) = (self.stack(stack).top.get(), self.stack(stack).limit.get());
        (limit.saturating_sub(top), self.run(stack).end.get() - top)
    }
    /// Sets how many numbers a stack takes in all, as far as its slots reach.
    pub(crate) fn set_part(&self, stack: u32, part: u32) {
        let run = self.run(stack);
        self.stack(stack).limit.set(run.base.get().saturating_add(part).min(run.end.get()));
    }
    /// Returns how many numbers a stack takes in all, or holds if these are more.
    pub(crate) fn part(&self, stack: u32) -> u32 {
        let state = self.stack(stack);
        state.limit.get().max(state.top.get()) - self.run(stack).base.get()
    }
    /// Puts a number, which is not [`EMPTY`], onto a stack whatever its limit is. False when it has no slot left.
    pub(crate) fn push_anyway(&self, stack: u32, value: u32) -> bool {
        let (state, end) = (self.stack(stack), self.run(stack).end.get());
        let top = state.top.get();
        if top >= end {
            return false;
        }
        // SAFETY: `top + 1` is at most the stack's end.
        unsafe { self.slot(top + 1) }.set(value);
        state.top.set(top + 1);
        true
    }
    /// True when a stack was filled beyond its limit.
    pub(crate) fn is_beyond_limit(&self, stack: u32) -> bool {
        self.stack(stack).top.get() > self.stack(stack).limit.get()
    }
    /// Shows the numbers of a stack, the lowest first.
    pub(crate) fn iter(self, stack: u32) -> impl Iterator<Item = u32> + 'a {
        let base = self.run(stack).base.get();
        // SAFETY: No place is beyond a top that was seen.
        (base..self.stack(stack).top.get()).map(move |below| unsafe { self.slot(below + 1) }.get())
    }
    /// Puts the numbers that `give` hands on, at most `most` and as many as there are slots for, onto a stack whatever its
    /// limit is, the first one at the top. Returns how many there were.
    #[inline]
    pub(crate) fn fill(&self, stack: u32, most: u32, give: impl FnOnce(&mut Filling<'a>)) -> u32 {
        let top = self.stack(stack).top.get();
        let end = self.run(stack).end.get().min(top.saturating_add(most));
        let mut filling = Filling { row: *self, top, next: end };
        give(&mut filling);
        let count = end - filling.next;
        self.close_gap(top, filling.next, count);
        self.stack(stack).top.set(top + count);
        count
    }
    /// Takes the `count` lowest numbers off a stack, or all there are.
    pub(crate) fn drop_lowest(&self, stack: u32, count: u32) {
        let (base, top) = (self.run(stack).base.get(), self.stack(stack).top.get());
        let count = count.min(top - base);
        self.close_gap(base, base + count, top - base - count);
        self.stack(stack).top.set(top - count);
    }
    /// Moves the `count` numbers above the place `from` to those above `to`, which is below it. `from + count` is at most an
    /// end.
    fn close_gap(&self, to: u32, from: u32, count: u32) {
        if from == to {
            return;
        }
        for step in 1..=count {
            // SAFETY: Both places are above a mark and at most an end, as the callers see to.
            let (source, target) = unsafe { (self.slot(from + step), self.slot(to + step)) };
            target.set(source.get());
        }
    }
}

/// A stack while it is filled, from where its top will be downwards.
///
/// # Invariants
/// `top <= next`; both are at least a stack's mark and at most its end.
pub(crate) struct Filling<'a> {
    row: Row<'a>,
    top: u32,
    next: u32,
}

impl Filling<'_> {
    /// Puts a number below those before. When there is no slot for it, or it is [`EMPTY`], nothing happens.
    #[inline(always)]
    pub(crate) fn put(&mut self, value: u32) {
        if self.next > self.top && value != EMPTY {
            // SAFETY: By the invariant this is above a mark and at most an end.
            unsafe { self.row.slot(self.next) }.set(value);
            self.next -= 1;
        }
    }
}
