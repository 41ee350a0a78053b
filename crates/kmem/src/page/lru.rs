//! Reclaim's lists: pages that can be freed or moved, by when they were last used.
//!
//! When memory runs short, what was not used for long should go first. To note each use would cost too much, so there are
//! two lists for each kind of page, *active* and *inactive*, each a queue: pages enter at the head, reclaim takes them from
//! the tail. A page that is used twice while it is on the inactive list goes to the active one; when that gets long, its
//! tail goes back. File pages come on the inactive list, so that reading a large file once does not push out what is in
//! use; pages of processes come on the active one.
//!
//! Each node has its lists, under one lock (rank 2: below what owns pages, above the zones). A page is on a list exactly
//! when its state has the flag `LRU`; who takes a page off to work on it holds a reference, and puts it back or frees it.
//!
//! Kernel counterpart: `struct lruvec`, `mm/swap.c` (`mark_page_accessed`), `mm/vmscan.c`. Before 4.8 the lists belong to
//! zones; what is shown of zones is counted for each.

use super::frame::{Frame, FrameKind, FrameList, State};
use super::watermark::MAX_ZONES;
use super::PageAllocator;
use crate::error::Broken;
use crate::sync::SpinLock;
use crate::units::Pfn;

/// One of a node's lists, in the kernel's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum LruKind {
    /// Pages of processes, not used for a while.
    InactiveAnon = 0,
    /// Pages of processes.
    ActiveAnon = 1,
    /// Pages of files, not used for a while.
    InactiveFile = 2,
    /// Pages of files.
    ActiveFile = 3,
}

impl LruKind {
    /// How many there are.
    pub const COUNT: usize = 4;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [Self::InactiveAnon, Self::ActiveAnon, Self::InactiveFile, Self::ActiveFile];

    fn of(state: State) -> Self {
        match (state.has(State::FILE), state.has(State::ACTIVE)) {
            (false, false) => Self::InactiveAnon,
            (false, true) => Self::ActiveAnon,
            (true, false) => Self::InactiveFile,
            (true, true) => Self::ActiveFile,
        }
    }
}

/// The lists of one node.
#[derive(Default)]
pub(crate) struct Lru(SpinLock<[FrameList; LruKind::COUNT]>);

impl PageAllocator {
    fn lru(&self, state: State) -> &Lru {
        let node = state.zone() / MAX_ZONES;
        self.lrus.get(node).unwrap_or(&self.lrus[0])
    }
    fn count_lru(&self, state: State, kind: LruKind, more: bool) {
        if let Some(zone) = self.zone(state.zone()) {
            let count = &zone.lru[kind as usize];
            if more {
                count.add(1);
            } else {
                count.sub(1);
            }
        }
    }
    /// Puts a used page at the head of the list that its state says: `FILE`, `ACTIVE`. One that is no file's and no
    /// process's any more stays off: see [`PageAllocator::lru_forget`].
    pub(crate) fn lru_add(&self, pfn: Pfn, active: bool) {
        let Some(frame) = self.frames.get(pfn) else { return };
        let state = frame.state();
        let mut lists = self.lru(state).0.lock();
        let now = frame.state();
        if now.is_lru() || !(now.has(State::FILE) || now.has(State::OWNED)) {
            return;
        }
        frame.flag(State::ACTIVE, active);
        frame.flag(State::LRU, true);
        let kind = LruKind::of(frame.state());
        lists[kind as usize].push_front(&self.frames, self.frames.index(pfn));
        self.count_lru(state, kind, true);
    }
    /// Takes a page off its list; false when it is on none. What it was keeps its flag `ACTIVE`.
    pub(crate) fn lru_remove(&self, pfn: Pfn) -> bool {
        let Some(frame) = self.frames.get(pfn) else { return false };
        if !frame.state().is_lru() {
            return false;
        }
        let mut lists = self.lru(frame.state()).0.lock();
        self.unlink(&mut lists, frame, self.frames.index(pfn))
    }
    /// Takes a page that leaves its file or process off its list, if it is on one, and its flags with it: `FILE` or
    /// `OWNED` go under the lists' lock, so whoever isolated the page cannot put it back.
    pub(crate) fn lru_forget(&self, pfn: Pfn, flags: u32) {
        let Some(frame) = self.frames.get(pfn) else { return };
        let mut lists = self.lru(frame.state()).0.lock();
        self.unlink(&mut lists, frame, self.frames.index(pfn));
        frame.flag(flags | State::ACTIVE | State::REFERENCED, false);
    }
    fn unlink(&self, lists: &mut [FrameList; LruKind::COUNT], frame: Frame<'_>, index: u32) -> bool {
        let state = frame.state();
        if !state.is_lru() {
            return false;
        }
        let kind = LruKind::of(state);
        lists[kind as usize].remove(&self.frames, index);
        frame.flag(State::LRU, false);
        self.count_lru(state, kind, false);
        true
    }
    /// Takes pages off the tail of a list, each with a reference, and fills `out` with them. Returns how many.
    pub(crate) fn lru_isolate(&self, node: u32, kind: LruKind, out: &mut [Pfn]) -> usize {
        let Some(lru) = self.lrus.get(node as usize) else { return 0 };
        let mut lists = lru.0.lock();
        let mut taken = 0;
        while let (Some(slot), Some(index)) = (out.get_mut(taken), lists[kind as usize].last()) {
            let Some(frame) = self.frames.at(index) else { break };
            frame.get();
            self.unlink(&mut lists, frame, index);
            *slot = self.frames.pfn(index);
            taken += 1;
        }
        taken
    }
    /// Takes one page off its list, with a reference, to move it. False when it is on none.
    pub(crate) fn lru_isolate_page(&self, pfn: Pfn) -> bool {
        let Some(frame) = self.frames.get(pfn) else { return false };
        let state = frame.state();
        if !state.is_lru() || state.kind() != FrameKind::Used {
            return false;
        }
        let mut lists = self.lru(state).0.lock();
        if !frame.state().is_lru() {
            return false;
        }
        frame.get();
        self.unlink(&mut lists, frame, self.frames.index(pfn))
    }
    /// Returns how many pages of a node's list lie in its zones up to one, which is an index in the node.
    pub(crate) fn lru_size_upto(&self, node: u32, kind: LruKind, zone: usize) -> u64 {
        let first = node as usize * MAX_ZONES;
        let zones = (first..=first + zone.min(MAX_ZONES - 1)).filter_map(|slot| self.zone(slot));
        zones.map(|zone| u64::from(zone.lru[kind as usize].get())).sum()
    }
    /// Returns how many pages a list of a node holds.
    pub fn lru_size(&self, node: u32, kind: LruKind) -> u64 {
        self.lrus.get(node as usize).map_or(0, |lru| lru.0.lock()[kind as usize].len().into())
    }
    /// Notes that a page on a list was used: twice on the inactive list makes it active. True when it was made so:
    /// `mark_page_accessed`.
    pub(crate) fn mark_accessed(&self, pfn: Pfn) -> bool {
        let Some(frame) = self.frames.get(pfn) else { return false };
        let state = frame.state();
        if state.has(State::ACTIVE) || !state.has(State::REFERENCED) {
            frame.flag(State::REFERENCED, true);
            return false;
        }
        if !self.lru_remove(pfn) {
            return false;
        }
        frame.flag(State::REFERENCED, false);
        self.lru_add(pfn, true);
        true
    }

    /// Checks that what is on a node's lists says so, and is counted. No CPU may change them meanwhile.
    pub(super) fn verify_lru(&self) -> Result<(), Broken> {
        let mut counted = [0u64; LruKind::COUNT];
        for lru in &self.lrus {
            let lists = lru.0.lock();
            for kind in LruKind::ALL {
                let mut len = 0;
                for index in lists[kind as usize].iter(&self.frames) {
                    len += 1;
                    let state = self.frames.at(index).map_or(State::from_raw(0), |frame| frame.state());
                    if !state.is_lru() || state.kind() != FrameKind::Used || LruKind::of(state) != kind {
                        let at = self.frames.pfn(index).raw();
                        return Err(Broken {
                            what: "lru L1 (a stranger on a list)",
                            at,
                            found: state.raw().into(),
                            expected: kind as u64,
                        });
                    }
                }
                let expected = lists[kind as usize].len();
                if len != expected {
                    let (found, expected) = (len.into(), expected.into());
                    return Err(Broken { what: "lru L2 (length)", at: kind as u64, found, expected });
                }
                counted[kind as usize] += u64::from(len);
            }
        }
        for kind in LruKind::ALL {
            let found = self.zones().map(|zone| u64::from(zone.lru[kind as usize].get())).sum::<u64>();
            let expected = counted[kind as usize];
            if found != expected {
                return Err(Broken { what: "lru L3 (the zones' counts)", at: kind as u64, found, expected });
            }
        }
        Ok(())
    }
}
