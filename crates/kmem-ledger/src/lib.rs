//! The page ledger: where each frame is, by the events alone.
//!
//! Double entry, as in a book of accounts: an event moves frames from one place to another, and is refused when they are
//! not where it takes them from. So a log that is accepted from boot on shows that each frame was in exactly one place at
//! each moment, whatever the allocator's own structures say. Of the engine only [`Event`] is known here.
//!
//! ```text
//!    unknown --BootFree--> zone <--ZoneLocked, Drain--> a CPU's list <--Free, Alloc--> owner
//!                            \___ZoneLocked and Alloc, MigrationTake, Free____________/
//! ```
//!
//! # Rules, named in what is refused
//! - **E1** Frames leave the place where they are: nothing is taken from a place that does not have it.
//! - **E2** A block leaves a CPU's list as it came: same first frame, same order, same CPU.
//! - **E3** A block begins at a multiple of its size.
//! - **E4** A block that left a zone for a caller arrives with the next event about it.
//! - **E5** What a theft takes from is free.
//!
//! That nothing is *missing* from a log shows in the end, when the sums are compared with what the kernel says it has:
//! [`Ledger::sums`].
//!
//! [`Objects`] does the same for what slab caches and kmalloc give.

mod objects;

pub use objects::{Objects, RefusedObject};

use kmem::event::{Event, Place};
use kmem::{Order, Pfn};
use std::collections::BTreeMap;
use std::fmt;

/// Where a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Whereabouts {
    /// No event has told of it.
    #[default]
    Unknown,
    /// Free, in its zone.
    Zone,
    /// On a CPU's list, in this block.
    CpuList {
        /// Whose list.
        cpu: u32,
        /// First frame of the block.
        head: Pfn,
        /// Its order.
        order: Order,
    },
    /// Taken from its zone, on the way to a caller.
    OnItsWay(Order),
    /// Somebody's.
    Owned,
}

/// An event that cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The rule, as the module's documentation names it.
    pub rule: &'static str,
    /// The frame.
    pub pfn: Pfn,
    /// Where it is.
    pub found: Whereabouts,
    /// The event.
    pub event: Event,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, pfn, found, event } = self;
        write!(f, "{rule}: pfn {:#x} is {found:?}, and the event is {event:?}", pfn.raw())
    }
}

/// How many frames are in each place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Free, in zones.
    pub zone: u64,
    /// On each CPU's lists.
    pub cpu_lists: BTreeMap<u32, u64>,
    /// Somebody's.
    pub owned: u64,
    /// On their way.
    pub on_their_way: u64,
}

/// Where all frames are.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The first frame that is known, rounded down.
    first: u64,
    frames: Vec<Whereabouts>,
}

impl Ledger {
    /// Returns where a frame is.
    pub fn find(&self, pfn: Pfn) -> Whereabouts {
        let index = pfn.raw().checked_sub(self.first).map(|index| index as usize);
        index.and_then(|index| self.frames.get(index)).copied().unwrap_or_default()
    }
    /// Enters one event.
    ///
    /// # Errors
    /// [`Refused`] when it contradicts what was entered before; the ledger is as it was then.
    pub fn enter(&mut self, event: &Event) -> Result<(), Refused> {
        match *event {
            Event::BootFree { pfn, pages } | Event::ReservedFree { pfn, pages } => {
                self.check(event, pfn, pages, "E1", |found| found == Whereabouts::Unknown)?;
                self.put(pfn, pages, Whereabouts::Zone);
            }
            Event::MigrationTake { pfn } => {
                self.check(event, pfn, 1, "E1", |found| found == Whereabouts::Zone)?;
                self.put(pfn, 1, Whereabouts::Owned);
            }
            Event::MmPageAllocZoneLocked { pfn, order, to, .. } => {
                self.check_block(event, pfn, order)?;
                self.check(event, pfn, order.pages(), "E1", |found| found == Whereabouts::Zone)?;
                let place = match to {
                    Place::CpuList(cpu) => Whereabouts::CpuList { cpu, head: pfn, order },
                    _ => Whereabouts::OnItsWay(order),
                };
                self.put(pfn, order.pages(), place);
            }
            Event::MmPageAlloc { pfn: Some(pfn), order, from, .. } => {
                self.check_block(event, pfn, order)?;
                match from {
                    Place::CpuList(cpu) => self.check_list(event, pfn, order, cpu)?,
                    _ => self.check(event, pfn, order.pages(), "E4", |found| found == Whereabouts::OnItsWay(order))?,
                }
                self.put(pfn, order.pages(), Whereabouts::Owned);
            }
            Event::MmPageFree { pfn, order, to } => {
                self.check_block(event, pfn, order)?;
                self.check(event, pfn, order.pages(), "E1", |found| found == Whereabouts::Owned)?;
                let place = match to {
                    Place::CpuList(cpu) => Whereabouts::CpuList { cpu, head: pfn, order },
                    _ => Whereabouts::Zone,
                };
                self.put(pfn, order.pages(), place);
            }
            Event::MmPagePcpuDrain { pfn, order, from, .. } => {
                self.check_block(event, pfn, order)?;
                let Place::CpuList(cpu) = from else { return self.refuse(event, pfn, "E2") };
                self.check_list(event, pfn, order, cpu)?;
                self.put(pfn, order.pages(), Whereabouts::Zone);
            }
            Event::MmPageAllocExtfrag { pfn, fallback_order, .. } => {
                self.check(event, pfn, fallback_order.pages(), "E5", |found| found == Whereabouts::Zone)?;
            }
            _ => {}
        }
        Ok(())
    }
    /// Counts the frames of each place.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for place in &self.frames {
            match place {
                Whereabouts::Unknown => {}
                Whereabouts::Zone => sums.zone += 1,
                Whereabouts::CpuList { cpu, .. } => *sums.cpu_lists.entry(*cpu).or_default() += 1,
                Whereabouts::OnItsWay(_) => sums.on_their_way += 1,
                Whereabouts::Owned => sums.owned += 1,
            }
        }
        sums
    }

    fn refuse(&self, event: &Event, pfn: Pfn, rule: &'static str) -> Result<(), Refused> {
        Err(Refused { rule, pfn, found: self.find(pfn), event: *event })
    }
    fn check(
        &self,
        event: &Event,
        pfn: Pfn,
        pages: u64,
        rule: &'static str,
        is_right: impl Fn(Whereabouts) -> bool,
    ) -> Result<(), Refused> {
        let wrong = (pfn.raw()..pfn.raw() + pages).map(Pfn::new).find(|pfn| !is_right(self.find(*pfn)));
        wrong.map_or(Ok(()), |pfn| self.refuse(event, pfn, rule))
    }
    fn check_block(&self, event: &Event, pfn: Pfn, order: Order) -> Result<(), Refused> {
        if pfn.is_aligned(order) {
            Ok(())
        } else {
            self.refuse(event, pfn, "E3")
        }
    }
    fn check_list(&self, event: &Event, pfn: Pfn, order: Order, cpu: u32) -> Result<(), Refused> {
        let wanted = Whereabouts::CpuList { cpu, head: pfn, order };
        self.check(event, pfn, order.pages(), "E2", |found| found == wanted)
    }
    fn put(&mut self, pfn: Pfn, pages: u64, place: Whereabouts) {
        if self.frames.is_empty() {
            self.first = pfn.raw();
        }
        if pfn.raw() < self.first {
            let before = (self.first - pfn.raw()) as usize;
            self.frames.splice(0..0, std::iter::repeat_n(Whereabouts::Unknown, before));
            self.first = pfn.raw();
        }
        let start = (pfn.raw() - self.first) as usize;
        let end = start + pages as usize;
        if end > self.frames.len() {
            self.frames.resize(end, Whereabouts::Unknown);
        }
        self.frames[start..end].fill(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem::Gfp;

    fn alloc(pfn: u64, order: u32, from: Place) -> Event {
        let (pfn, order) = (Some(Pfn::new(pfn)), Order::new(order).unwrap());
        Event::MmPageAlloc { pfn, order, migratetype: 0, gfp: Gfp::KERNEL, from }
    }
    fn free(pfn: u64, order: u32, to: Place) -> Event {
        Event::MmPageFree { pfn: Pfn::new(pfn), order: Order::new(order).unwrap(), to }
    }
    fn locked(pfn: u64, order: u32, to: Place) -> Event {
        let order = Order::new(order).unwrap();
        Event::MmPageAllocZoneLocked { pfn: Pfn::new(pfn), order, migratetype: 0, percpu_refill: true, to }
    }
    fn drain(pfn: u64, order: u32, cpu: u32) -> Event {
        let order = Order::new(order).unwrap();
        Event::MmPagePcpuDrain { pfn: Pfn::new(pfn), order, migratetype: 0, from: Place::CpuList(cpu) }
    }

    /// What the rules say of the last of some events, after 16 free frames from 0x10 on.
    fn check(events: &[Event], rule: Option<&str>) {
        let mut ledger = Ledger::default();
        ledger.enter(&Event::BootFree { pfn: Pfn::new(0x10), pages: 16 }).unwrap();
        let (last, before) = events.split_last().unwrap();
        for event in before {
            ledger.enter(event).unwrap();
        }
        assert_eq!(ledger.enter(last).err().map(|refused| refused.rule), rule, "{last:?}");
    }

    #[test]
    fn each_rule_refuses() {
        let list = Place::CpuList;
        let full = [locked(0x10, 1, list(0)), alloc(0x10, 1, list(0)), free(0x10, 1, list(1)), drain(0x10, 1, 1)];
        (1..=4).for_each(|len| check(&full[..len], None));
        let moved = Event::MigrationTake { pfn: Pfn::new(0x12) };
        check(&[moved, free(0x12, 0, list(0))], None);
        check(&[moved, moved], Some("E1"));
        check(&[locked(0x20, 0, Place::Caller)], Some("E1"));
        check(&[locked(0x10, 0, list(0)), locked(0x10, 0, list(0))], Some("E1"));
        check(&[free(0x10, 0, list(0))], Some("E1"));
        check(&[Event::BootFree { pfn: Pfn::new(0x1f), pages: 2 }], Some("E1"));
        check(&[locked(0x10, 1, list(0)), alloc(0x10, 0, list(0))], Some("E2"));
        check(&[locked(0x10, 1, list(0)), alloc(0x10, 1, list(1))], Some("E2"));
        check(&[locked(0x10, 1, list(0)), drain(0x10, 1, 1)], Some("E2"));
        check(&[locked(0x11, 1, list(0))], Some("E3"));
        check(&[alloc(0x10, 0, Place::Buddy)], Some("E4"));
        check(&[locked(0x10, 1, Place::Caller), alloc(0x10, 0, Place::Buddy)], Some("E4"));
        check(&[locked(0x10, 1, Place::Caller), alloc(0x10, 1, Place::Buddy)], None);
        // A block that was split is freed page by page.
        check(&[locked(0x10, 1, Place::Caller), alloc(0x10, 1, Place::Buddy), free(0x11, 0, Place::Buddy)], None);
    }
}
