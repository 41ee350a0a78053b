//! What waits to be freed: objects chained through a place in themselves that readers do not look at.
//!
//! An object that is given to `kfree_rcu` has a head of two words (`struct rcu_head`) somewhere inside: the link to the next
//! one, and what is to be done: a small number is the head's distance from the object's start, anything else a function of
//! the client's. So queueing needs no memory, and nothing can fail.
//!
//! Each queue has two chains: one waits for a grace period, the other gathers what comes meanwhile and waits for the next.

use super::{Cookie, Rcu};
use crate::error::Broken;
use crate::raw::Ram;
use crate::units::PhysAddr;

/// Larger words are functions, smaller ones distances: `__is_kvfree_rcu_offset`.
pub(crate) const FIRST_FUNCTION: u64 = 4096;

/// Heads, each linked to the next one, first in, first out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chain {
    first: Option<PhysAddr>,
    last: PhysAddr,
    len: u32,
}

impl Chain {
    /// Returns how many hang in it.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }
    fn push(&mut self, ram: &Ram, word: u32, head: PhysAddr, what: u64) {
        write(ram, word, head, [0, what]);
        match self.first {
            None => self.first = Some(head),
            Some(_) => {
                ram.write_entry(self.last, word, head.raw());
            }
        }
        (self.last, self.len) = (head, self.len + 1);
    }
    /// Takes the first head off, with what is to be done. `None` at the end, or where somebody wrote over a link.
    pub(crate) fn pop(&mut self, ram: &Ram, word: u32) -> Option<(PhysAddr, u64)> {
        let head = self.first?;
        let next = ram.read_entry(head, word)?;
        let what = ram.read_entry(head.offset(word.into()), word)?;
        self.len = self.len.checked_sub(1)?;
        self.first = (self.len > 0).then_some(PhysAddr::new(next));
        Some((head, what))
    }
}

fn write(ram: &Ram, word: u32, head: PhysAddr, words: [u64; 2]) {
    ram.write_entry(head, word, words[0]);
    ram.write_entry(head.offset(word.into()), word, words[1]);
}

/// One kind of what waits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Queue {
    fresh: Chain,
    waiting: Chain,
    cookie: Cookie,
    /// How many were ever put in, and taken out.
    queued: u32,
    taken: u32,
}

/// What is to be done when nobody reads any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The engine frees it.
    Free,
    /// A function of the client's is called.
    Call,
    /// The engine frees it: an object of a cache, which the cache does not know any more.
    Block,
}

/// How many kinds there are.
const KINDS: usize = 3;

/// All that hangs in queues.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    queues: [Queue; KINDS],
    /// CPUs that do what is due.
    running: u32,
}

/// Everything that was queued up to a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark([u32; KINDS]);

impl Queues {
    fn of(&mut self, kind: Kind) -> &mut Queue {
        let [free, call, block] = &mut self.queues;
        match kind {
            Kind::Free => free,
            Kind::Call => call,
            Kind::Block => block,
        }
    }
}

impl Rcu {
    /// Queues a head. Interrupts are off. Returns how many gather with it and wait for no grace period yet.
    pub(crate) fn enqueue(&self, ram: &Ram, word: u32, kind: Kind, head: PhysAddr, what: u64) -> u32 {
        let mut queues = self.queues.lock();
        let queue = queues.of(kind);
        queue.queued = queue.queued.wrapping_add(1);
        queue.fresh.push(ram, word, head, what);
        self.count(1, 0);
        queue.fresh.len
    }
    /// Takes all that nobody can read any more, and lets what gathered meanwhile wait for the next grace period. Interrupts
    /// are off. The caller does what is due and then says so ([`Rcu::done`]).
    pub(crate) fn take_ready(&self, kind: Kind) -> Option<Chain> {
        let mut queues = self.queues.lock();
        let queue = queues.of(kind);
        let mut ready = None;
        if queue.waiting.len > 0 && self.has_passed(queue.cookie) {
            ready = Some(core::mem::take(&mut queue.waiting));
        }
        if queue.waiting.len == 0 && queue.fresh.len > 0 {
            queue.waiting = core::mem::take(&mut queue.fresh);
            queue.cookie = self.cookie();
        }
        if let Some(ready) = ready {
            queue.taken = queue.taken.wrapping_add(ready.len);
            queues.running += 1;
        }
        ready
    }
    /// Says that what was taken is done: so many. Interrupts are off.
    pub(crate) fn done(&self, count: u32) {
        let mut queues = self.queues.lock();
        queues.running = queues.running.saturating_sub(1);
        self.count(0, count);
    }
    /// Returns what is queued by now. Interrupts are off.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.queues.lock().queues.map(|queue| queue.queued))
    }
    /// True when all that a mark stands for is done. Interrupts are off.
    pub(crate) fn is_done(&self, mark: Mark) -> bool {
        let queues = self.queues.lock();
        // Chains are taken first in, first out, but who takes the second may be done before who took the first.
        queues.running == 0 && queues.queues.iter().zip(mark.0).all(|(queue, then)| super::is_past(queue.taken, then))
    }
    /// Checks R1. Interrupts are off, and nobody does what is due.
    pub(crate) fn verify(&self, ram: &Ram, word: u32) -> Result<(), Broken> {
        let queues = self.queues.lock();
        for (at, queue) in (0..).zip(queues.queues) {
            for mut chain in [queue.fresh, queue.waiting] {
                while chain.pop(ram, word).is_some() {}
                if chain.len > 0 {
                    return Err(Broken {
                        what: "rcu R1 (a chain is broken)",
                        at,
                        found: chain.len.into(),
                        expected: 0,
                    });
                }
            }
            let (found, expected) = (queue.fresh.len + queue.waiting.len, queue.queued.wrapping_sub(queue.taken));
            if found != expected {
                return Err(Broken {
                    what: "rcu R1 (in the queues)",
                    at,
                    found: found.into(),
                    expected: expected.into(),
                });
            }
        }
        Ok(())
    }
}
