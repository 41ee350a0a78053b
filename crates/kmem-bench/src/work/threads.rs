//! What two threads do at once. Each is a CPU of its own and stays on one of the host's.

use super::Round;
use crate::clock::ThreadTime;
use crate::source::{PageSource, Peer};
use std::cell::Cell;
use std::hint::black_box;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Each thread takes a page and gives it back. The slowest one's time counts.
pub fn pairs<P: Peer>(peer: &P, threads: u32, operations: u64) -> Option<Round> {
    let barrier = Barrier::new(threads as usize);
    let work = |cpu| {
        stay_on(cpu);
        let source = peer.on_cpu(cpu);
        barrier.wait();
        let mut source = source?;
        let start = ThreadTime::now();
        for _ in 0..operations {
            let page = black_box(source.alloc(0)?);
            source.free(page, 0);
        }
        Some(start.elapsed())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|cpu| scope.spawn(move || work(cpu))).collect();
        let took = threads.into_iter().map(|thread| thread.join().ok().flatten()).collect::<Option<Vec<Duration>>>()?;
        Some(Round { took: took.into_iter().max()?, operations })
    })
}

/// What ends the queue.
const END: u64 = u64::MAX;
/// What a source that has no page puts into the queue.
const NONE: u64 = u64::MAX - 1;

/// One thread takes pages, the other one gives them back. The time is the wall's: it includes waiting for each other.
pub fn remote<P: Peer>(peer: &P, operations: u64) -> Option<Round> {
    let source = |cpu| peer.on_cpu(cpu);
    pass(
        operations,
        || {
            let mut source = source(0);
            move || source.as_mut().and_then(|source| source.alloc(0)).unwrap_or(NONE)
        },
        || {
            let mut source = source(1);
            move |page| match source.as_mut() {
                Some(source) if page != NONE => {
                    source.free(page, 0);
                    true
                }
                _ => false,
            }
        },
    )
}

/// The queue by itself: numbers go through, nothing else is done.
pub fn queue_alone(operations: u64) -> Option<Round> {
    let count = || {
        let mut next = 0;
        move || {
            next += 1;
            black_box(next)
        }
    };
    pass(operations, count, || |page| black_box(page) != NONE)
}

/// Runs `make` on one thread and `end` on another, with a queue between them. The functions given build them on their
/// threads. `None` when `end` refuses what comes.
fn pass<Make: FnMut() -> u64, End: FnMut(u64) -> bool>(
    operations: u64,
    make: impl FnOnce() -> Make + Send,
    end: impl FnOnce() -> End + Send,
) -> Option<Round> {
    let queue = Queue::new();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            stay_on(0);
            let mut make = make();
            let mut sender = queue.sender();
            barrier.wait();
            for _ in 0..operations {
                sender.send(make());
            }
            sender.send(END);
        });
        let taker = scope.spawn(|| {
            stay_on(1);
            let mut end = end();
            let mut receiver = queue.receiver();
            barrier.wait();
            let start = Instant::now();
            let mut well = true;
            loop {
                match receiver.receive() {
                    END => break,
                    page => well &= end(page),
                }
            }
            well.then(|| start.elapsed())
        });
        let took = taker.join().ok().flatten()?;
        Some(Round { took, operations })
    })
}

/// Numbers that may be on their way.
const SLOTS: u64 = 256;

/// On a cache line of its own.
#[repr(align(128))]
struct Line<T>(T);

/// A bounded queue from one thread to one other. Each side keeps what it last saw of the other's progress, and looks again
/// only when that says full or empty.
struct Queue {
    slots: Box<[AtomicU64]>,
    sent: Line<AtomicU64>,
    received: Line<AtomicU64>,
}

impl Queue {
    fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        Self { slots, sent: Line(AtomicU64::new(0)), received: Line(AtomicU64::new(0)) }
    }
    fn sender(&self) -> Sender<'_> {
        Sender { queue: self, sent: 0, seen: Cell::new(0) }
    }
    fn receiver(&self) -> Receiver<'_> {
        Receiver { queue: self, received: 0, seen: Cell::new(0) }
    }
    fn slot(&self, number: u64) -> &AtomicU64 {
        &self.slots[(number % SLOTS) as usize]
    }
}

/// Waits a little; after a while, lets other threads run.
fn pause(turns: &mut u32) {
    *turns += 1;
    if turns.is_multiple_of(1024) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

struct Sender<'a> {
    queue: &'a Queue,
    sent: u64,
    seen: Cell<u64>,
}

impl Sender<'_> {
    #[inline(always)]
    fn send(&mut self, value: u64) {
        let mut turns = 0;
        while self.sent - self.seen.get() == SLOTS {
            self.seen.set(self.queue.received.0.load(Ordering::Acquire));
            pause(&mut turns);
        }
        self.queue.slot(self.sent).store(value, Ordering::Relaxed);
        self.sent += 1;
        self.queue.sent.0.store(self.sent, Ordering::Release);
    }
}

struct Receiver<'a> {
    queue: &'a Queue,
    received: u64,
    seen: Cell<u64>,
}

impl Receiver<'_> {
    #[inline(always)]
    fn receive(&mut self) -> u64 {
        let mut turns = 0;
        while self.received == self.seen.get() {
            self.seen.set(self.queue.sent.0.load(Ordering::Acquire));
            pause(&mut turns);
        }
        let value = self.queue.slot(self.received).load(Ordering::Relaxed);
        self.received += 1;
        self.queue.received.0.store(self.received, Ordering::Release);
        value
    }
}

/// Keeps the calling thread on the host CPU that comes `cpu`-th among those that the process may use. Where the host
/// refuses, the thread runs where it likes.
fn stay_on(cpu: u32) {
    // SAFETY: An empty set of CPUs is all zeros; the calls read and write the two sets only.
    unsafe {
        let mut allowed: libc::cpu_set_t = mem::zeroed();
        if libc::sched_getaffinity(libc::getpid(), size_of_val(&allowed), &mut allowed) != 0 {
            return;
        }
        let mut usable = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| libc::CPU_ISSET(cpu, &allowed));
        if let Some(cpu) = usable.nth(cpu as usize) {
            let mut one: libc::cpu_set_t = mem::zeroed();
            libc::CPU_SET(cpu, &mut one);
            libc::sched_setaffinity(0, size_of_val(&one), &one);
        }
    }
}
