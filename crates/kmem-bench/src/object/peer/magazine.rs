//! What no allocator of a kernel can be much faster than: magazines of objects for each CPU and class (Bonwick and Adams,
//! "Magazines and vmem", 2001), without anything below them that keeps slabs, finds an object's class, or gives memory back.
//! The size that is freed is given, and the thread owns its CPU as long as it works.
//!
//! A CPU has two magazines of a class: it pops from and pushes to the loaded one, and swaps the two when that one is empty or
//! full. When the other one is no better, it is exchanged at the depot, under a lock.

use crate::object::class::{class_of, CLASSES};
use crate::object::source::{ObjectSource, Peer};
use crate::region::Region;
use crate::{BenchError, MANAGED_BYTES};
use spin::{Mutex, MutexGuard};
use std::{array, mem};

const CPUS: usize = 2;
/// Objects of a magazine.
const ROUNDS: usize = 64;

struct Magazine {
    count: usize,
    objects: [u64; ROUNDS],
}

impl Magazine {
    fn empty() -> Box<Self> {
        Box::new(Self { count: 0, objects: [0; ROUNDS] })
    }
    #[inline(always)]
    fn pop(&mut self) -> Option<u64> {
        let top = self.count.checked_sub(1)?;
        let object = *self.objects.get(top)?;
        self.count = top;
        Some(object)
    }
    #[inline(always)]
    fn push(&mut self, object: u64) -> bool {
        match self.objects.get_mut(self.count) {
            Some(slot) => {
                *slot = object;
                self.count += 1;
                true
            }
            None => false,
        }
    }
}

/// A CPU's magazines of a class.
struct Pair {
    loaded: Box<Magazine>,
    other: Box<Magazine>,
}

/// A CPU's magazines of all classes.
#[repr(align(128))]
pub struct Own([Pair; CLASSES.len()]);

/// What all CPUs share.
struct Depot {
    #[allow(clippy::vec_box)] // they change hands, and would be copied
    full: [Vec<Box<Magazine>>; CLASSES.len()],
    #[allow(clippy::vec_box)] // as above
    empty: Vec<Box<Magazine>>,
    memory: Region,
    /// Bytes given out for the first time.
    used: usize,
}

impl Depot {
    /// Gives a full magazine, of memory that was never used if need be, for an empty one.
    fn fill(&mut self, class: usize, magazine: &mut Box<Magazine>) -> bool {
        if let Some(full) = self.full[class].pop() {
            self.empty.push(mem::replace(magazine, full));
            return true;
        }
        let bytes = CLASSES[class];
        while magazine.count < ROUNDS && self.used + bytes <= MANAGED_BYTES as usize {
            let object = self.memory.start().wrapping_add(self.used);
            magazine.push(object.expose_provenance() as u64);
            self.used += bytes;
        }
        magazine.count != 0
    }
    /// Takes a full magazine for an empty one.
    fn take(&mut self, class: usize, magazine: &mut Box<Magazine>) {
        let empty = self.empty.pop().unwrap_or_else(Magazine::empty);
        self.full[class].push(mem::replace(magazine, empty));
    }
}

/// The magazines of all CPUs.
pub struct Magazines {
    cpus: [Mutex<Own>; CPUS],
    depot: Mutex<Depot>,
}

impl Magazines {
    /// Makes them, all empty.
    pub fn new() -> Result<Self, BenchError> {
        let pair = |_| Pair { loaded: Magazine::empty(), other: Magazine::empty() };
        let memory = Region::new(MANAGED_BYTES as usize)?;
        Ok(Self {
            cpus: array::from_fn(|_| Mutex::new(Own(array::from_fn(pair)))),
            depot: Mutex::new(Depot { full: array::from_fn(|_| Vec::new()), empty: Vec::new(), memory, used: 0 }),
        })
    }
}

/// A thread's own magazines, held as long as the thread works.
pub struct OnCpu<'a> {
    own: MutexGuard<'a, Own>,
    depot: &'a Mutex<Depot>,
}

impl OnCpu<'_> {
    #[cold]
    fn refill(&mut self, class: usize) -> Option<u64> {
        let pair = &mut self.own.0[class];
        if pair.other.count != 0 || self.depot.lock().fill(class, &mut pair.other) {
            mem::swap(&mut pair.loaded, &mut pair.other);
        }
        pair.loaded.pop()
    }
    #[cold]
    fn flush(&mut self, class: usize, object: u64) {
        let pair = &mut self.own.0[class];
        if pair.other.count == ROUNDS {
            self.depot.lock().take(class, &mut pair.other);
        }
        mem::swap(&mut pair.loaded, &mut pair.other);
        pair.loaded.push(object);
    }
}

impl ObjectSource for OnCpu<'_> {
    #[inline(always)]
    fn alloc(&mut self, bytes: usize) -> Option<u64> {
        let class = class_of(bytes);
        match self.own.0.get_mut(class)?.loaded.pop() {
            Some(object) => Some(object),
            None => self.refill(class),
        }
    }
    #[inline(always)]
    fn free(&mut self, object: u64, bytes: usize) {
        let class = class_of(bytes);
        if !self.own.0.get_mut(class).is_some_and(|pair| pair.loaded.push(object)) {
            self.flush(class, object);
        }
    }
}

impl Peer for Magazines {
    type OnCpu<'a> = OnCpu<'a>;

    fn on_cpu(&self, cpu: u32) -> Option<OnCpu<'_>> {
        self.cpus.get(cpu as usize).map(|own| OnCpu { own: own.lock(), depot: &self.depot })
    }
    /// Nothing is ever given back, and slabs are not kept: what it holds is no figure to compare.
    fn held_bytes(&self) -> Option<u64> {
        None
    }
}
