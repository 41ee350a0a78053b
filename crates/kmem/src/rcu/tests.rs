//! Readers, frees and drains between each other's instructions, as for the page lists (`page/tests/interleavings.rs`).
//!
//! An object is a word that readers find it by and a witness that is told of each look at it and of its being freed: two
//! of these that nothing orders are an error. So each test asks whether a reader can be left with something that is freed.

use super::queue::Kind;
use super::*;
use crate::raw::Ram;
use crate::sync::protocol::FENCES;
use crate::sync::{wait_while, Witness};
use crate::units::{PhysAddr, PhysRange};
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;
use std::panic::{catch_unwind, AssertUnwindSafe};

const WORD: u32 = 4;

/// What readers find objects by: whether each is linked, and what lies there.
#[derive(Default)]
struct World {
    rcu: Option<Rcu>,
    linked: [Shared; 2],
    objects: [Witness; 2],
    freed: [Shared; 2],
}

impl World {
    fn new(cpus: u32) -> Arc<Self> {
        let place = PhysRange::new(0, 1 << 16);
        let mut reserve = Reserve::new(ram(), place, 1 << 16, true).unwrap();
        let world = Self { rcu: Rcu::new(&mut reserve, cpus), ..Self::default() };
        world.linked.iter().for_each(|linked| linked.store(1, Ordering::Relaxed));
        Arc::new(world)
    }
    fn rcu(&self) -> &Rcu {
        self.rcu.as_ref().unwrap()
    }
    /// Looks at what is linked, in a read section.
    fn read(&self, cpu: u32) {
        self.rcu().read_lock(cpu);
        for (linked, object) in self.linked.iter().zip(&self.objects) {
            if linked.load(Ordering::Relaxed) == 1 {
                object.touch();
            }
        }
        assert!(self.rcu().read_unlock(cpu));
    }
    fn unlink(&self, index: usize) {
        self.linked[index].store(0, Ordering::Relaxed);
    }
    fn free(&self, index: usize) {
        self.objects[index].touch();
        assert_eq!(self.freed[index].fetch_add(1, Ordering::Relaxed), 0, "freed twice");
    }
    /// Unlinks an object and has it freed later.
    fn free_later(&self, index: usize) {
        self.unlink(index);
        self.rcu().enqueue(ram(), WORD, Kind::Free, PhysAddr::new(64 * index as u64), 0);
    }
    /// Frees what is due.
    fn drain(&self, barrier: fn()) {
        let rcu = self.rcu();
        for _ in 0..2 {
            if let Some(mut chain) = rcu.take_ready(Kind::Free) {
                let count = chain.len();
                while let Some((head, _)) = chain.pop(ram(), WORD) {
                    self.free((head.raw() / 64) as usize);
                }
                rcu.done(count);
            }
            rcu.advance(|| (), barrier);
        }
    }
}

/// Where heads lie. The model checker runs one order at a time, and each begins with empty chains.
fn ram() -> &'static Ram {
    static RAM: std::sync::OnceLock<Ram> = std::sync::OnceLock::new();
    RAM.get_or_init(|| Ram::for_tests(1 << 16))
}
fn full_barrier() {
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}
fn check(scenario: impl Fn() + Send + Sync + 'static) {
    check_within(3, scenario);
}
/// Tries all orders in which CPUs are interrupted at most so often.
fn check_within(preemptions: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model.max_branches = 10_000;
    model.check(scenario);
}
fn is_caught(scenario: impl Fn() + Send + Sync + 'static) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(scenario))).is_err()
}

/// One reads while another unlinks, waits and frees.
fn reader_and_free(barrier: fn()) -> impl Fn() + Send + Sync {
    move || {
        let world = World::new(2);
        let reader = {
            let world = world.clone();
            thread::spawn(move || world.read(0))
        };
        world.unlink(0);
        let cookie = world.rcu().cookie();
        wait_while(|| {
            let has_passed = world.rcu().has_passed(cookie);
            if !has_passed {
                world.rcu().advance(|| (), barrier);
            }
            !has_passed
        });
        world.free(0);
        reader.join().unwrap();
    }
}

#[test]
fn interleavings_of_a_reader_and_a_free() {
    check(reader_and_free(full_barrier));
}

/// The check can fail: without the barrier, or without the reader's fence, a reader is left with what is freed.
#[test]
fn interleavings_without_barrier_or_fence_are_caught() {
    assert!(is_caught(reader_and_free(|| ())), "the barrier");
    FENCES.set(false);
    let caught = is_caught(reader_and_free(full_barrier));
    FENCES.set(true);
    assert!(caught, "the reader's fence");
}

/// One reads, one gives two objects to be freed, a third frees what is due: each object once, and none under a reader.
#[test]
fn interleavings_of_a_reader_a_free_and_a_drain() {
    check_within(2, || {
        let world = World::new(3);
        let reader = {
            let world = world.clone();
            thread::spawn(move || world.read(0))
        };
        let drainer = {
            let world = world.clone();
            thread::spawn(move || world.drain(full_barrier))
        };
        world.free_later(0);
        world.drain(full_barrier);
        reader.join().unwrap();
        drainer.join().unwrap();
        let mark = world.rcu().mark();
        while !world.rcu().is_done(mark) {
            world.drain(full_barrier);
        }
        assert_eq!(world.freed[0].load(Ordering::Relaxed), 1, "nothing is lost");
        assert!(!world.rcu().has_pending());
    });
}

/// Two sections one after the other: the second one does not hold what was unlinked before it.
#[test]
fn interleavings_of_two_sections_and_two_frees() {
    check(|| {
        let world = World::new(2);
        let reader = {
            let world = world.clone();
            thread::spawn(move || {
                world.read(0);
                world.read(0);
            })
        };
        world.free_later(0);
        world.drain(full_barrier);
        world.free_later(1);
        world.drain(full_barrier);
        reader.join().unwrap();
        let mark = world.rcu().mark();
        while !world.rcu().is_done(mark) {
            world.drain(full_barrier);
        }
        assert!(world.freed.iter().all(|freed| freed.load(Ordering::Relaxed) == 1));
    });
}
