//! One page of SLOB's: blocks of any size, and the chain of those that are free.
//!
//! Sizes and places count in units of two bytes. A free block says in its own first units how large it is and where the next
//! free one begins; one of a single unit has no room for both, and its word, negative, is the place of the next alone. The
//! page's end ends the chain. The chain is in order of address, so a block that comes back finds its free neighbours and
//! becomes one with them.
//!
//! ```text
//!     unit   0         6              20        24          2048
//!            | in use  | free: 14, 24 | in use  | free: 2024, 2048 |
//! ```
//!
//! The frame's entry keeps how many units are free and where the first free block is, so that a page without enough is passed
//! by without a look at it.
//!
//! # Invariants, checked by [`SlobPage::verify`]
//! - **B1** Free blocks lie in the page, one behind the other, and no two of them touch.
//! - **B2** Their units are as many as the frame's entry says.

use super::slob::UNIT;
use crate::error::Broken;
use crate::page::frame::{Frame, FrameTable};
use crate::raw::Ram;
use crate::sync::Ordering;
use crate::units::{PhysAddr, PAGE_SIZE};

/// Units of a page, and the place that ends a chain.
pub(super) const UNITS: u32 = (PAGE_SIZE / UNIT) as u32;

/// A free block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    at: u32,
    units: u32,
    next: u32,
}

impl Block {
    const fn end(self) -> u32 {
        self.at + self.units
    }
}

/// How a block lies to the free ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lies {
    /// Outside all of them, as what is in use does.
    Outside,
    /// It begins in a free one.
    Inside,
    /// It begins outside and reaches into a free one, or beyond the page.
    Across,
}

/// A page, seen through the entry of its frame: `b` is the free units (high half) and the first free block (low half).
pub(super) struct SlobPage<'a> {
    pub(super) frame: Frame<'a>,
    base: PhysAddr,
    ram: &'a Ram,
}

impl<'a> SlobPage<'a> {
    pub(super) fn new(frames: &'a FrameTable, index: u32, ram: &'a Ram) -> Option<Self> {
        Some(Self { frame: frames.at(index)?, base: frames.pfn(index).phys(), ram })
    }
    /// Makes the whole page one free block.
    pub(super) fn start(&self) {
        self.write(0, UNITS, UNITS);
        self.set(UNITS, 0);
    }
    pub(super) fn free_units(&self) -> u32 {
        self.frame.b.load(Ordering::Relaxed) >> 16
    }
    fn first(&self) -> u32 {
        self.frame.b.load(Ordering::Relaxed) & 0xffff
    }
    fn set(&self, free: u32, first: u32) {
        self.frame.b.store(free << 16 | first, Ordering::Relaxed);
    }

    /// Takes a block out of the first free one that holds it, and returns its place. The address `offset` bytes behind its
    /// start is a multiple of `align`.
    pub(super) fn take(&self, units: u32, align: u32, offset: u32) -> Option<u32> {
        if units == 0 || units > self.free_units() {
            return None;
        }
        let mut before: Option<Block> = None;
        for block in self.blocks() {
            let start = self.aligned(block.at, align, offset);
            let Some(behind) = block.end().checked_sub(start.saturating_add(units)) else {
                before = Some(block);
                continue;
            };
            let (skipped, mut next) = (start - block.at, block.next);
            if behind > 0 {
                self.write(start + units, behind, next);
                next = start + units;
            }
            let mut first = self.first();
            match before {
                _ if skipped > 0 => self.write(block.at, skipped, next),
                Some(before) => self.write(before.at, before.units, next),
                None => first = next,
            }
            self.set(self.free_units() - units, first);
            return Some(start);
        }
        None
    }
    /// Returns the first unit from `at` on that is aligned so.
    fn aligned(&self, at: u32, align: u32, offset: u32) -> u32 {
        let addr = self.base.raw() + u64::from(at) * UNIT + u64::from(offset);
        let up = addr.wrapping_neg() & u64::from(align.max(1) - 1);
        at.saturating_add((up / UNIT).min(UNITS.into()) as u32)
    }

    /// Puts a block back, unless a part of it is free already.
    pub(super) fn give(&self, at: u32, units: u32) -> Result<(), Lies> {
        let Some(end) = at.checked_add(units).filter(|end| *end <= UNITS && units > 0) else {
            return Err(Lies::Across);
        };
        let (mut before, mut after) = (None, None);
        for block in self.blocks() {
            if block.at > at {
                after = Some(block);
                break;
            }
            before = Some(block);
        }
        if before.is_some_and(|before: Block| before.end() > at) {
            return Err(Lies::Inside);
        }
        if after.is_some_and(|after: Block| after.at < end) {
            return Err(Lies::Across);
        }
        let (mut all, mut next) = (units, after.map_or(UNITS, |after| after.at));
        if let Some(after) = after.filter(|after| after.at == end) {
            (all, next) = (units + after.units, after.next);
        }
        let mut first = self.first();
        match before {
            Some(before) if before.end() == at => self.write(before.at, before.units + all, next),
            Some(before) => {
                self.write(at, all, next);
                self.write(before.at, before.units, at);
            }
            None => {
                self.write(at, all, next);
                first = at;
            }
        }
        self.set(self.free_units() + units, first);
        Ok(())
    }
    /// Says how a block lies to the free ones.
    pub(super) fn lies(&self, at: u32, units: u32) -> Lies {
        let end = at.saturating_add(units);
        for block in self.blocks() {
            if block.at <= at && at < block.end() {
                return Lies::Inside;
            }
            if at < block.at && block.at < end {
                return Lies::Across;
            }
        }
        if end > UNITS {
            Lies::Across
        } else {
            Lies::Outside
        }
    }

    /// Shows the free blocks in order. Ends where somebody wrote over a block.
    fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        let mut at = if self.free_units() == 0 { UNITS } else { self.first() };
        core::iter::from_fn(move || {
            let block = self.read(at).filter(|block| block.next > at && block.next <= UNITS && block.end() <= UNITS)?;
            at = block.next;
            Some(block)
        })
    }
    fn half(&self, at: u32) -> Option<i16> {
        let half = self.ram.half(self.base.offset(u64::from(at) * UNIT))?;
        Some(half.load(Ordering::Relaxed) as i16)
    }
    fn read(&self, at: u32) -> Option<Block> {
        if at >= UNITS {
            return None;
        }
        let word = self.half(at)?;
        match u32::try_from(word) {
            Ok(units) if units > 0 => Some(Block { at, units, next: self.half(at + 1)?.unsigned_abs().into() }),
            _ => Some(Block { at, units: 1, next: word.unsigned_abs().into() }),
        }
    }
    fn write(&self, at: u32, units: u32, next: u32) {
        let words = if units == 1 { [-(next as i16), 0] } else { [units as i16, next as i16] };
        for (place, word) in (at..).zip(words).take(units.min(2) as usize) {
            if let Some(half) = self.ram.half(self.base.offset(u64::from(place) * UNIT)) {
                half.store(word as u16, Ordering::Relaxed);
            }
        }
    }

    /// Checks B1 and B2.
    pub(super) fn verify(&self) -> Result<(), Broken> {
        let at = self.base.raw();
        let (mut units, mut end, mut next) = (0, None, if self.free_units() == 0 { UNITS } else { self.first() });
        for block in self.blocks() {
            if end.is_some_and(|end| block.at <= end) {
                return Err(Broken { what: "slob B1 (free blocks touch)", at, found: block.at.into(), expected: 0 });
            }
            (units, end, next) = (units + block.units, Some(block.end()), block.next);
        }
        if next != UNITS {
            let (found, expected) = (next.into(), UNITS.into());
            return Err(Broken { what: "slob B1 (a chain is broken)", at, found, expected });
        }
        if units != self.free_units() {
            let (found, expected) = (units.into(), self.free_units().into());
            return Err(Broken { what: "slob B2 (free units)", at, found, expected });
        }
        Ok(())
    }
}
