//! References to blocks, and frees that are not the plain case: the kernel's `get_page`, `put_page`, `split_page`.
//!
//! A block is freed when its last reference goes. What a free of a block that others hold gives back follows the kernel:
//! a compound block stays whole, of any other block the first page stays and the rest is free at once.

use super::frame::{Frame, FrameKind, State};
use super::PageAllocator;
use crate::error::Misuse;
use crate::units::{Order, Pfn};

impl PageAllocator {
    #[cold]
    #[inline(never)]
    pub(super) fn free_slow(&self, cpu: u32, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        let (head, frame, state) = self.used(pfn, true)?;
        if head != pfn {
            return Err(Misuse::NotAHead { pfn, head });
        }
        if state.order() != order {
            return Err(Misuse::WrongOrder { pfn, allocated: state.order(), freed: order });
        }
        let count = frame.count();
        if count == 0 || count == 1 && is_mapped(state) {
            return Err(Misuse::BadCount { pfn, count });
        }
        // Somebody else holds a reference. The tail goes while this one is held, so that whoever drops the last one finds
        // a single page.
        if count > 1 && !state.is_compound() && order != Order::ZERO {
            frame.set_state(state.with_order(Order::ZERO));
            for half in (0..order.raw()).filter_map(Order::new) {
                self.give_to_zone(pfn.add(half.pages()), half, state.zone());
            }
        }
        self.drop_reference(cpu, pfn, frame);
        Ok(())
    }
    /// Drops a reference that the caller holds; the last one frees the block.
    fn drop_reference(&self, cpu: u32, pfn: Pfn, frame: Frame<'_>) {
        if frame.put() == 1 {
            self.give_block_slow(cpu, pfn, frame);
        }
    }

    /// Adds a reference to the block that begins at `pfn`: `get_page`.
    ///
    /// # Errors
    /// [`Misuse`] when the frame is not in use.
    pub fn get(&self, pfn: Pfn) -> Result<(), Misuse> {
        let frame = self.used(pfn, false)?.1;
        frame.get();
        Ok(())
    }
    /// Drops a reference; the last one frees the block: `put_page`.
    ///
    /// # Errors
    /// [`Misuse`] when the frame is not in use, or when the last reference to a block that is not compound goes this
    /// way, which would lose all but its first page.
    pub fn put(&self, cpu: u32, pfn: Pfn) -> Result<(), Misuse> {
        let (head, frame, state) = self.used(pfn, false)?;
        let count = frame.count();
        if count == 0 || count == 1 && is_mapped(state) {
            return Err(Misuse::BadCount { pfn, count });
        }
        // Read after the count: `free` makes a single page of the block before it drops its reference.
        let state = frame.state();
        if count == 1 && !state.is_compound() && state.order() != Order::ZERO {
            return Err(Misuse::WrongOrder { pfn, allocated: state.order(), freed: Order::ZERO });
        }
        self.drop_reference(cpu, head, frame);
        Ok(())
    }
    /// Makes `2^order` single pages of a block: `split_page`. The first keeps the block's references, each other one has one.
    ///
    /// # Errors
    /// [`Misuse`] when `pfn` is not the head of a used block of that order that is not compound.
    pub fn split(&self, pfn: Pfn, order: Order) -> Result<(), Misuse> {
        let (head, _, state) = self.used(pfn, true)?;
        if head != pfn {
            return Err(Misuse::NotAHead { pfn, head });
        }
        if state.order() != order || state.is_compound() {
            return Err(Misuse::WrongOrder { pfn, allocated: state.order(), freed: order });
        }
        self.ext_split(pfn, order);
        for page in 0..order.pages() {
            if let Some(frame) = self.frames.get(pfn.add(page)) {
                frame.set_state(state.with_order(Order::ZERO));
            }
        }
        Ok(())
    }

    /// Finds the used block that a frame belongs to. A frame inside a block stands for it only where the block is compound,
    /// or `inside` says so.
    fn used(&self, pfn: Pfn, inside: bool) -> Result<(Pfn, Frame<'_>, State), Misuse> {
        let frame = self.frames.get(pfn).ok_or(Misuse::NotRam(pfn.phys()))?;
        if frame.state().kind() == FrameKind::Tail
            && self.zone_of(pfn).is_some_and(|zone| zone.area.block_of(pfn).is_some())
        {
            return Err(Misuse::DoubleFree(pfn));
        }
        let Some((head, frame, state)) = self.frames.head(pfn) else {
            return Err(if self.zone_of(pfn).is_some() { Misuse::Reserved(pfn) } else { Misuse::NotRam(pfn.phys()) });
        };
        match state.kind() {
            FrameKind::Used if state.is_kept() => Err(Misuse::Reserved(pfn)),
            FrameKind::Used if head == pfn || state.is_compound() || inside => Ok((head, frame, state)),
            FrameKind::Used => Err(Misuse::NotAHead { pfn, head }),
            FrameKind::Reserved => Err(Misuse::Reserved(pfn)),
            FrameKind::Slab | FrameKind::SlabTail | FrameKind::Slob => Err(Misuse::SlabPage(pfn)),
            FrameKind::Free | FrameKind::Pcp => Err(Misuse::DoubleFree(pfn)),
            FrameKind::Tail => Err(Misuse::NotRam(pfn.phys())),
        }
    }

    /// Drops a reference of the engine's own to a page that a process or the page cache may have.
    pub(crate) fn put_page(&self, cpu: u32, pfn: Pfn) {
        if let Some(frame) = self.frames.get(pfn).filter(|frame| frame.count() > 0) {
            self.drop_reference(cpu, pfn, frame);
        }
    }
    /// Makes a used block the engine's own, which clients cannot free, or gives it back to be freed.
    pub(crate) fn keep(&self, pfn: Pfn, yes: bool) {
        if let Some(frame) = self.frames.get(pfn) {
            frame.flag(State::KEPT, yes);
        }
    }
}

/// True for a page whose last reference is that of a process's page table or of the page cache: not the caller's to drop.
fn is_mapped(state: State) -> bool {
    state.has(State::OWNED) || state.has(State::FILE)
}
