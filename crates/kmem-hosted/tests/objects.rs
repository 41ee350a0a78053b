//! Objects of caches and kmalloc, given and freed on several CPUs at once while caches come, shrink and go: none is lost, none
//! is given twice, and nobody's bytes change.

use kmem::boot::BootParams;
use kmem::event::Event;
use kmem::page::Tracer;
use kmem::pool::{PoolId, Source};
use kmem::slab::{CacheId, CacheSpec, SlabFlags};
use kmem::{Gfp, Kernel, VirtAddr};
use kmem_hosted::{Displacement, Hosted};
use kmem_ledger::Objects;
use std::sync::{Mutex, PoisonError};
use std::thread;

fn boot(machine: &str, cpus: u32, cmdline: &str) -> Kernel<Hosted> {
    let profile = kmem::profile::by_name(machine).expect("it is there");
    let params = BootParams { cpus, ram_bytes: 128 << 20, cmdline, ..BootParams::new(profile) };
    kmem_hosted::boot(profile, &params, Displacement::Any, |_| ()).expect("the host has so much")
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// An object and the byte that fills it.
#[derive(Clone, Copy)]
struct Held {
    addr: VirtAddr,
    bytes: u64,
    mark: u8,
}

impl Held {
    fn new(kernel: &Kernel<Hosted>, addr: VirtAddr, bytes: u64, mark: u8) -> Self {
        let at = kernel.virt_to_phys(addr).expect("it is directly mapped");
        assert!(kernel.ram().fill(at, bytes, mark));
        Self { addr, bytes, mark }
    }
    #[track_caller]
    fn check(&self, kernel: &Kernel<Hosted>) {
        let mut content = vec![0; self.bytes as usize];
        kernel.ram().read(kernel.virt_to_phys(self.addr).expect("as before"), &mut content);
        assert!(
            content.iter().all(|byte| *byte == self.mark),
            "{} of {} bytes is not its owner's",
            self.addr,
            self.bytes
        );
    }
}

/// What one CPU works with.
struct Worker<'a> {
    kernel: &'a Kernel<Hosted>,
    random: Random,
    /// What anybody may free.
    common: &'a Mutex<Vec<Held>>,
    shared: CacheId,
    pool: PoolId,
    own: Option<(CacheId, Vec<Held>)>,
    serial: u32,
}

impl Worker<'_> {
    fn put(&self, held: Held) {
        self.common.lock().unwrap_or_else(PoisonError::into_inner).push(held);
    }
    fn take(&mut self) -> Option<Held> {
        let mut common = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.random.below(common.len() as u64 + 1) as usize;
        (at < common.len()).then(|| common.swap_remove(at))
    }
    fn step(&mut self) {
        let kernel = self.kernel;
        let mark = self.random.below(255) as u8;
        match self.random.below(20) {
            0..=4 => {
                let bytes = 1 + self.random.below(self.random.0 % 3 * 3000 + 200);
                let addr = kernel.kmalloc(bytes, Gfp::KERNEL).expect("memory is there");
                self.put(Held::new(kernel, addr, bytes, mark));
            }
            5..=7 => {
                let addr = kernel.cache_alloc(self.shared, Gfp::KERNEL).expect("memory is there");
                self.put(Held::new(kernel, addr, 200, mark));
            }
            8..=12 => {
                for _ in 0..2 {
                    let Some(held) = self.take() else { return };
                    held.check(kernel);
                    kernel.kfree(held.addr).expect("it is live");
                }
            }
            13 => {
                let Some(held) = self.take() else { return };
                held.check(kernel);
                drop(kernel.rcu_read());
                match kernel.ksize(held.addr).expect("it is live") {
                    // The head has two words.
                    16.. => kernel.kfree_rcu(held.addr, 0).expect("it is live"),
                    _ => kernel.kfree(held.addr).expect("it is live"),
                }
            }
            14 => {
                let Some(held) = self.take() else { return };
                held.check(kernel);
                let bytes = 1 + self.random.below(2 * held.bytes);
                let addr = kernel.krealloc(held.addr, bytes, Gfp::KERNEL).expect("memory is there");
                let kept = Held { addr, bytes: bytes.min(held.bytes), mark: held.mark };
                kept.check(kernel);
                self.put(Held::new(kernel, addr, bytes, mark));
            }
            15 => {
                let element = kernel.pools().alloc(kernel.memory(), self.pool, Gfp::KERNEL).expect("memory is there");
                let held = Held::new(kernel, VirtAddr::new(element), 300, mark);
                held.check(kernel);
                kernel.pools().free(kernel.memory(), self.pool, element).expect("the pool is there");
            }
            16 => kernel.cache_shrink(self.shared).expect("it is there"),
            17 => drop(kernel.reclaim_all()),
            _ => self.own_cache(mark),
        }
    }
    /// A cache of one's own comes, is used and goes.
    fn own_cache(&mut self, mark: u8) {
        let kernel = self.kernel;
        let Some((cache, mut objects)) = self.own.take() else {
            let size = 24 + 8 * self.random.below(100) as u32;
            let flags =
                [SlabFlags::empty(), SlabFlags::HWCACHE_ALIGN, SlabFlags::TYPESAFE_BY_RCU, SlabFlags::RECLAIM_ACCOUNT];
            let flags = flags[self.random.below(4) as usize];
            self.serial += 1;
            let name = format!("own-{}", self.serial);
            let spec = CacheSpec { name: &name, size, flags, ..CacheSpec::default() };
            self.own = Some((kernel.cache_create(&spec).expect("memory is there"), Vec::new()));
            return;
        };
        for _ in 0..self.random.below(40) {
            let addr = kernel.cache_alloc(cache, Gfp::KERNEL).expect("memory is there");
            objects.push(Held::new(kernel, addr, 24, mark));
        }
        if self.random.below(3) > 0 {
            self.own = Some((cache, objects));
            return;
        }
        for held in objects {
            held.check(kernel);
            kernel.cache_free(held.addr).expect("it is live");
        }
        kernel.cache_destroy(cache).expect("nothing of it is in use");
    }
    /// Gives back what is the worker's alone.
    fn finish(mut self) {
        if let Some((cache, objects)) = self.own.take() {
            objects.iter().for_each(|held| self.kernel.cache_free(held.addr).expect("it is live"));
            self.kernel.cache_destroy(cache).expect("nothing of it is in use");
        }
    }
}

/// Makes what all workers share.
fn shared(kernel: &Kernel<Hosted>) -> (CacheId, PoolId) {
    let spec = CacheSpec { name: "shared", size: 200, ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).expect("memory is there");
    (cache, kernel.pools().create(kernel.memory(), 4, Source::Kmalloc(300)).expect("memory is there"))
}
/// Gives everything back; nothing is live afterwards.
fn settle(kernel: &Kernel<Hosted>, common: &Mutex<Vec<Held>>, cache: CacheId, pool: PoolId) {
    for held in common.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        held.check(kernel);
        kernel.kfree(held.addr).expect("it is live");
    }
    kernel.pools().destroy(kernel.memory(), pool).expect("it is there");
    kernel.rcu_barrier().expect("nobody reads");
    kernel.cache_destroy(cache).expect("nothing of it is in use");
    assert_eq!(kernel.verify(), Ok(()));
}
fn live(kernel: &Kernel<Hosted>) -> u64 {
    kernel.slab().infos().map(|info| info.live).sum()
}

#[test]
fn several_cpus_work_on_everything_at_once() {
    for (machine, cmdline, rounds) in
        [("amd64-6.12", "", 20_000), ("i386-pae-6.1", "", 20_000), ("amd64-6.1", "slub_debug=FZPU,shared", 5_000)]
    {
        const CPUS: u32 = 3;
        let kernel = boot(machine, CPUS, cmdline);
        let cpu = kernel.machine().enter_cpu(0).expect("nobody has it");
        let before = live(&kernel);
        let (cache, pool) = shared(&kernel);
        drop(cpu);
        let common = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for cpu in 0..CPUS {
                let (kernel, common) = (&kernel, &common);
                scope.spawn(move || {
                    let _cpu = kernel.machine().enter_cpu(cpu).expect("nobody has it");
                    let random = Random(u64::from(cpu) + 7);
                    let mut worker =
                        Worker { kernel, random, common, shared: cache, pool, own: None, serial: 100_000 * cpu };
                    (0..rounds).for_each(|_| worker.step());
                    worker.finish();
                });
            }
        });
        let _cpu = kernel.machine().enter_cpu(0).expect("nobody has it");
        settle(&kernel, &common, cache, pool);
        assert_eq!(live(&kernel), before, "{machine}: nothing is lost");
    }
}

static LEDGER: Mutex<Option<Objects>> = Mutex::new(None);

fn hear(_: usize, event: &Event) {
    let mut ledger = LEDGER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Err(refused)) = ledger.as_mut().map(|ledger| ledger.enter(event)) {
        panic!("{refused}");
    }
}

/// By the events alone each object is live once, and freed where it was given.
#[test]
fn the_ledger_accepts_every_event() {
    for machine in ["linux-2.6-i386", "msm8x25", "i386-pae-6.1", "amd64-6.12"] {
        let cpus = kmem::profile::by_name(machine).expect("it is there").max_cpus.min(3);
        let kernel = boot(machine, cpus, "");
        *LEDGER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Objects::new(kernel.profile));
        kernel.set_tracer(Some(Tracer { call: hear, id: 0 }));
        let cpu = kernel.machine().enter_cpu(0).expect("nobody has it");
        let (cache, pool) = shared(&kernel);
        drop(cpu);
        let common = Mutex::new(Vec::new());
        let worker = |cpu| {
            let random = Random(u64::from(cpu) + 99);
            Worker { kernel: &kernel, random, common: &common, shared: cache, pool, own: None, serial: 100_000 * cpu }
        };
        let mut workers: Vec<_> = (0..cpus).map(worker).collect();
        for round in 0..3000 {
            let cpu = round % cpus;
            let _cpu = kernel.machine().enter_cpu(cpu).expect("nobody has it");
            workers[cpu as usize].step();
        }
        let _cpu = kernel.machine().enter_cpu(0).expect("nobody has it");
        workers.into_iter().for_each(Worker::finish);
        settle(&kernel, &common, cache, pool);
        kernel.set_tracer(None);
        let ledger = LEDGER.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it was put there");
        let left: Vec<_> = ledger.live().collect();
        assert_eq!(left, [], "{machine}");
    }
}
