//! The kmallocs of a running kernel: their sizes ([`SHARES`]) and for how long they live. Half of the objects are freed
//! before 16 further kmallocs, 3 % live for 1024 or more, and 4.3 % are freed by another CPU than took them. Between these
//! figures lifetimes are spread evenly up to 16, and by their logarithm above; the longest is [`LONGEST`].
//!
//! It is drawn once, as a script that every peer goes through, so that no random number is drawn while the clock runs. The
//! script is a ring: what is taken near its end is freed after its begin.

use crate::clock::ThreadTime;
use crate::object::class::{Sizes, SHARES};
use crate::object::source::{ObjectSource, Peer};
use crate::part::Round;
use crate::rng::Rng;
use crate::threads::{at_once, Queue, Receiver, Sender};
use std::sync::Barrier;

/// kmallocs of the script.
pub const STEPS: usize = 32_768;
/// The longest that an object lives, in further kmallocs.
pub const LONGEST: u32 = 16_384;

/// Where an object is kept until it is freed.
type Slot = u16;

/// One call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// kmalloc.
    Take {
        /// Where the object is kept.
        slot: Slot,
        /// Its size, as a place in [`SHARES`].
        place: u8,
    },
    /// kfree.
    Give {
        /// Where the object was kept.
        slot: Slot,
        /// True when another CPU does it, where there is one.
        elsewhere: bool,
    },
}

/// The calls.
#[derive(Debug)]
pub struct Script {
    calls: Vec<Call>,
    slots: usize,
}

/// A life of an object: when it is taken and after how many further kmallocs it is freed.
struct Life {
    length: u32,
    slot: Option<Slot>,
}

/// Draws a number from `least` up to `limit`, each power of two as likely as any other.
fn by_logarithm(rng: &mut Rng, least: u32, limit: u32) -> u32 {
    let part = f64::from(rng.below(1 << 24)) / f64::from(1 << 24);
    let drawn = f64::from(least) * (f64::from(limit) / f64::from(least)).powf(part);
    (drawn as u32).clamp(least, limit - 1)
}

fn length(rng: &mut Rng) -> u32 {
    match rng.below(100) {
        0..50 => rng.below(16),
        50..97 => by_logarithm(rng, 16, 1024),
        _ => by_logarithm(rng, 1024, LONGEST),
    }
}

impl Script {
    /// Draws it.
    pub fn new() -> Self {
        let mut rng = Rng::default();
        let mut lives: Vec<Life> = (0..STEPS).map(|_| Life { length: length(&mut rng), slot: None }).collect();
        // What lives beyond the end has a slot for itself; the others use slots again, the last freed first.
        let mut slots = 0;
        let mut ends = vec![Vec::new(); STEPS];
        for (step, life) in lives.iter_mut().enumerate() {
            let end = step + life.length as usize;
            if end >= STEPS {
                life.slot = Some(slots);
                slots += 1;
            }
            ends[end % STEPS].push(step);
        }
        let sizes = Sizes::default();
        let (mut free, mut calls) = (Vec::new(), Vec::new());
        for (step, ends) in ends.iter().enumerate() {
            let slot = lives[step].slot.or_else(|| free.pop()).unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            let is_own = lives[step].slot.replace(slot).is_some();
            debug_assert_eq!(is_own, step + lives[step].length as usize >= STEPS);
            calls.push(Call::Take { slot, place: sizes.draw(&mut rng) });
            for &taken in ends {
                let Some(slot) = lives[taken].slot else { continue };
                calls.push(Call::Give { slot, elsewhere: rng.below(1000) < 43 });
                if taken <= step {
                    free.push(slot);
                }
            }
        }
        Self { calls, slots: slots.into() }
    }
    /// Returns the calls, in their order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }
    /// Returns the number of slots.
    pub fn slots(&self) -> usize {
        self.slots
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

/// What is held.
#[derive(Clone, Copy)]
struct Held {
    object: u64,
    place: u8,
}

/// Nothing.
const NONE: u64 = u64::MAX;

/// A thread that goes through the script.
struct Player<'a> {
    calls: &'a [Call],
    held: Vec<Held>,
}

fn bytes_of(place: u8) -> usize {
    SHARES.get(usize::from(place)).map_or(1, |&(bytes, _)| bytes)
}

impl<'a> Player<'a> {
    fn new(script: &'a Script) -> Self {
        Self { calls: &script.calls, held: vec![Held { object: NONE, place: 0 }; script.slots] }
    }
    /// Makes so many kmallocs, and the kfrees between them. `elsewhere` may free an object in the thread's place.
    #[inline(always)]
    fn play<S: ObjectSource>(
        &mut self,
        source: &mut S,
        operations: u64,
        mut elsewhere: impl FnMut(&mut S, u64, u8) -> bool,
    ) -> Option<()> {
        let mut left = operations;
        loop {
            for &call in self.calls {
                match call {
                    Call::Take { slot, place } => {
                        if left == 0 {
                            return Some(());
                        }
                        left -= 1;
                        let object = source.alloc(bytes_of(place))?;
                        if let Some(held) = self.held.get_mut(usize::from(slot)) {
                            *held = Held { object, place };
                        }
                    }
                    Call::Give { slot, elsewhere: is_elsewhere } => {
                        let Some(held) = self.held.get_mut(usize::from(slot)) else { continue };
                        // The first time round, what the end of the script takes is not there yet.
                        if held.object != NONE {
                            let Held { object, place } = *held;
                            held.object = NONE;
                            if !(is_elsewhere && elsewhere(source, object, place)) {
                                source.free(object, bytes_of(place));
                            }
                        }
                    }
                }
            }
        }
    }
    fn give_all(&mut self, source: &mut impl ObjectSource) {
        for held in self.held.iter_mut().filter(|held| held.object != NONE) {
            source.free(held.object, bytes_of(held.place));
            held.object = NONE;
        }
    }
}

/// One thread goes through the script.
pub fn alone(source: &mut impl ObjectSource, script: &Script, operations: u64) -> Option<Round> {
    let mut player = Player::new(script);
    let start = ThreadTime::now();
    player.play(source, operations, |_, _, _| false)?;
    let took = start.elapsed();
    player.give_all(source);
    Some(Round { took, operations })
}

/// Two threads go through the script, and each sends the other what it does not free itself.
pub fn together<P: Peer>(peer: &P, script: &Script, operations: u64) -> Option<Round> {
    let queues = [Queue::new(), Queue::new()];
    let end = Barrier::new(2);
    let took = at_once(
        2,
        |cpu| Some((peer.on_cpu(cpu), Player::new(script), Mail::new(&queues, cpu as usize))),
        |_, (source, mut player, mut mail)| {
            let took = source.map(|mut source| {
                let start = ThreadTime::now();
                let played = player.play(&mut source, operations, |source, object, place| {
                    mail.free_what_came(source);
                    mail.send(object, place)
                });
                let took = start.elapsed();
                player.give_all(&mut source);
                // Now the other one sends nothing more.
                end.wait();
                mail.free_what_came(&mut source);
                played.map(|()| took)
            });
            if took.is_none() {
                end.wait();
            }
            took.flatten()
        },
    );
    Some(Round { took: took?, operations })
}

/// Objects on their way between two threads. One number each: the address, with the size's place in its top bits.
struct Mail<'a> {
    sender: Sender<'a>,
    receiver: Receiver<'a>,
}

/// Bits of an address that count: above them they all are what the highest one is.
const ADDRESS_BITS: u32 = 60;

impl<'a> Mail<'a> {
    fn new(queues: &'a [Queue; 2], cpu: usize) -> Self {
        Self { sender: queues[1 - cpu].sender(), receiver: queues[cpu].receiver() }
    }
    /// False when too much is on its way already.
    #[inline]
    fn send(&mut self, object: u64, place: u8) -> bool {
        let address = object & ((1 << ADDRESS_BITS) - 1);
        self.sender.try_send(address | u64::from(place) << ADDRESS_BITS)
    }
    #[inline]
    fn free_what_came(&mut self, source: &mut impl ObjectSource) {
        while let Some(number) = self.receiver.try_receive() {
            let unused = u64::BITS - ADDRESS_BITS;
            let object = ((number << unused) as i64 >> unused) as u64;
            source.free(object, bytes_of((number >> ADDRESS_BITS) as u8));
        }
    }
}
