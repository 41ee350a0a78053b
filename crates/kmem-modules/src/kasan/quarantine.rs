//! The quarantine: objects that the module has freed and the allocator has not got back yet.
//!
//! An object that is given out again at once hides a use after free: the wild pointer then points to something live. So a
//! freed object waits, first in, first out, until so many bytes have been freed behind it.

use kmem::slab::CacheId;
use std::collections::VecDeque;

/// The most bytes that wait, and the part of RAM that may: as in the kernel, a thirty-second.
const MOST_BYTES: u64 = 4 << 20;
const PART_OF_RAM: u64 = 32;

/// An object that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    /// Its address.
    pub(crate) addr: u32,
    /// Bytes that it takes.
    pub(crate) bytes: u64,
    /// Where it goes back to; `None`: to kfree.
    pub(crate) cache: Option<CacheId>,
}

/// All that waits, oldest first.
#[derive(Debug)]
pub(crate) struct Quarantine {
    waiting: VecDeque<Waiting>,
    bytes: u64,
    limit: u64,
}

impl Quarantine {
    /// Makes the quarantine of a machine.
    pub(crate) fn new(ram_bytes: u64) -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, limit: (ram_bytes / PART_OF_RAM).min(MOST_BYTES) }
    }
    /// Takes an object in; returns those whose time has come.
    pub(crate) fn push(&mut self, object: Waiting) -> Vec<Waiting> {
        self.bytes += object.bytes;
        self.waiting.push_back(object);
        let mut leaving = Vec::new();
        while self.bytes > self.limit {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes -= oldest.bytes;
            leaving.push(oldest);
        }
        leaving
    }
    /// Takes out all objects that a test picks.
    pub(crate) fn take(&mut self, is_wanted: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let (leaving, staying): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(is_wanted);
        self.bytes = staying.iter().map(|object| object.bytes).sum();
        self.waiting = staying.into();
        leaving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leave_first() {
        let mut quarantine = Quarantine::new(100 * 32);
        let object = |addr| Waiting { addr, bytes: 40, cache: (addr == 2).then(|| CacheId::new(7)) };
        let addrs = |left: Vec<Waiting>| left.iter().map(|object| object.addr).collect::<Vec<_>>();
        assert!(addrs(quarantine.push(object(1))).is_empty());
        assert!(addrs(quarantine.push(object(2))).is_empty());
        assert_eq!(addrs(quarantine.push(object(3))), [1]);
        assert_eq!(addrs(quarantine.take(|object| object.cache.is_some())), [2]);
        assert!(addrs(quarantine.push(object(4))).is_empty());
        assert_eq!(addrs(quarantine.take(|_| true)), [3, 4]);
    }
}
