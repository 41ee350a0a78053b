//! Areas that were freed lately: so that a report about a wild access can say whose memory that was.
//!
//! A ring of the last few; the oldest is forgotten first. It decides nothing.

use super::vm_area::VmArea;
use crate::error::Name;
use crate::raw::Table;
use crate::units::VirtAddr;

/// An area that is no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FreedArea {
    /// Where it began.
    pub start: VirtAddr,
    /// Its bytes, the guard page included.
    pub bytes: u64,
    /// Who had allocated it.
    pub allocated_by: Name,
    /// Who freed it.
    pub freed_by: Name,
}

/// The ring.
pub(super) struct Freed {
    pub(super) ring: Table<FreedArea>,
    next: u32,
}

impl Freed {
    pub(super) const fn new() -> Self {
        Self { ring: Table::new(), next: 0 }
    }
    /// Remembers an area.
    pub(super) fn push(&mut self, area: &VmArea, freed_by: Name) {
        let room = self.ring.len();
        if room == 0 {
            return;
        }
        let at = self.next % room;
        self.next = (at + 1) % room;
        if let Some(slot) = self.ring.get_mut(at) {
            *slot = FreedArea { start: area.start, bytes: area.bytes, allocated_by: area.caller, freed_by };
        }
    }
    /// Finds the area that was freed last among those that held `addr`.
    pub(super) fn find(&self, addr: VirtAddr) -> Option<FreedArea> {
        let room = self.ring.len();
        (1..=room)
            .filter_map(|back| self.ring.get((self.next + room - back) % room))
            .find(|area| addr.raw().wrapping_sub(area.start.raw()) < area.bytes)
            .copied()
    }
}
