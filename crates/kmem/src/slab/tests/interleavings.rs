//! CPUs between each other's instructions, as in the page allocator's tests of that name: hits on a CPU's arrays against
//! frees of the other CPU's objects, the depot, and whoever takes everything back.

use super::super::*;
use crate::page::tests::interleavings::{check, full_barrier, is_caught, on_cpu, pages_of};
use crate::profile::amd64_6_1::PROFILE as AMD64;
use crate::raw::Reserve;
use loom::sync::Arc;

const PAGES: u64 = 64;

/// A kernel with one cache.
struct World {
    pages: std::sync::Arc<PageAllocator>,
    slab: SlabAllocator,
    cache: CacheId,
}

impl World {
    /// Makes it; arrays hold two objects.
    fn new(ram: &Ram) -> Arc<Self> {
        ram.fill(ram.start(), PAGES * 4096, 0);
        let pages = pages_of(PAGES, 4);
        let params = Default::default();
        let ground = Ground { rule: AMD64.slab, params, word: 8, cache_line: 64, cpus: 2, total_pages: PAGES };
        let source = Source { stack: |_| 0, jiffies: |_| 0, hz: 100 };
        let debugging = Debugging::new(debug::DebugRule::of(&AMD64), Default::default(), source, ram.start());
        // The model checker keeps its part outside of RAM.
        let place = PhysRange::new(0, 4096);
        let rcu = Rcu::new(&mut Reserve::new(ram, place, 4096, true).unwrap(), 2).unwrap();
        let slab = SlabAllocator::new(ram.share(), VirtAddr::new(0), ground, debugging, rcu);
        let spec =
            CacheSpec { name: "objects", size: 1024, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
        let cache = slab.create(&pages, 0, &spec).unwrap();
        slab.arrays.column(cache.0).for_each(|array| array.set_limit(2));
        Arc::new(Self { pages, slab, cache })
    }
    fn alloc(&self, cpu: u32) -> PhysAddr {
        self.slab.alloc(&self.pages, cpu, self.cache, Gfp::KERNEL).unwrap()
    }
    fn free(&self, cpu: u32, object: PhysAddr) {
        self.slab.on_cpu(&self.pages, cpu).unwrap().free_to(self.cache, object).unwrap();
    }
    /// Each object is in one place, and nobody has one.
    fn all_is_there(&self) {
        self.slab.verify(&self.pages).unwrap();
        assert_eq!(self.slab.info(self.cache).unwrap().live, 0);
    }
}

fn ram() -> Ram {
    Ram::for_tests(PAGES * 4096)
}

/// A CPU takes and gives while the other takes back what lies on all arrays.
fn hit_and_shrink(barrier: fn()) -> impl Fn() + Send + Sync {
    let ram = ram();
    move || {
        let world = World::new(&ram);
        let object = world.alloc(0);
        world.free(0, object);
        let owner = {
            let world = world.clone();
            on_cpu(move || {
                let object = world.alloc(0);
                world.free(0, object);
            })
        };
        world.slab.shrink(&world.pages, 1, world.cache, barrier).unwrap();
        owner.join().unwrap();
        world.all_is_there();
    }
}

#[test]
fn interleavings_of_a_hit_and_a_shrink() {
    check(hit_and_shrink(full_barrier));
}

#[test]
fn interleavings_of_a_shrink_without_barrier_are_caught() {
    assert!(is_caught(hit_and_shrink(|| ())));
}

/// Each CPU frees what the other took, more than its array holds, and takes again: batches go through the depot.
#[test]
fn interleavings_of_remote_frees_of_objects() {
    let ram = ram();
    check(move || {
        let world = World::new(&ram);
        let [ours, theirs] = [0, 1].map(|cpu| [0; 3].map(|_| world.alloc(cpu)));
        let other = {
            let world = world.clone();
            on_cpu(move || {
                ours.into_iter().for_each(|object| world.free(1, object));
                let object = world.alloc(1);
                world.free(1, object);
            })
        };
        theirs.into_iter().for_each(|object| world.free(0, object));
        other.join().unwrap();
        world.all_is_there();
    });
}
