//! Threads at once, each a CPU of its own that stays on one of the host's, and a queue from one to another.

use crate::part::Round;
use std::cell::Cell;
use std::hint::black_box;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Lets each of several threads work on what `make` gives it, from the same moment on, and returns what the slowest took.
/// `None` when one of them has nothing to work on, or cannot.
pub fn at_once<T>(
    threads: u32,
    make: impl Fn(u32) -> Option<T> + Sync,
    work: impl Fn(u32, T) -> Option<Duration> + Sync,
) -> Option<Duration> {
    let barrier = Barrier::new(threads as usize);
    let one = |cpu| {
        stay_on(cpu);
        let made = make(cpu);
        barrier.wait();
        work(cpu, made?)
    };
    std::thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..threads).map(|cpu| scope.spawn(move || one(cpu))).collect();
        let took = threads.into_iter().map(|thread| thread.join().ok().flatten()).collect::<Option<Vec<Duration>>>()?;
        took.into_iter().max()
    })
}

/// What ends the queue.
const END: u64 = u64::MAX;
/// The queue by itself: numbers go through, nothing else is done.
pub fn queue_alone(operations: u64) -> Option<Round> {
    let count = || {
        let mut next = 0;
        move || {
            next += 1;
            black_box(next)
        }
    };
    pass(operations, count, || |value| black_box(value) != END)
}

/// Runs `make` on one thread and `end` on another, with a queue between them. The functions given build them on their
/// threads. `None` when `end` refuses what comes.
pub fn pass<Make: FnMut() -> u64, End: FnMut(u64) -> bool>(
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
                    value => well &= end(value),
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
pub struct Queue {
    slots: Box<[AtomicU64]>,
    sent: Line<AtomicU64>,
    received: Line<AtomicU64>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new()
    }
}

impl Queue {
    /// Makes an empty queue.
    pub fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        Self { slots, sent: Line(AtomicU64::new(0)), received: Line(AtomicU64::new(0)) }
    }
    /// Returns the end that sends; there is one user of it.
    pub fn sender(&self) -> Sender<'_> {
        Sender { queue: self, sent: 0, seen: Cell::new(0) }
    }
    /// Returns the end that receives; there is one user of it.
    pub fn receiver(&self) -> Receiver<'_> {
        Receiver { queue: self, received: 0, seen: Cell::new(0) }
    }
    fn slot(&self, number: u64) -> &AtomicU64 {
        &self.slots[(number % SLOTS) as usize]
    }
}

/// Waits a little; after a while, lets other threads run.
pub fn pause(turns: &mut u32) {
    *turns += 1;
    if turns.is_multiple_of(1024) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// The end that sends.
pub struct Sender<'a> {
    queue: &'a Queue,
    sent: u64,
    seen: Cell<u64>,
}

impl Sender<'_> {
    /// Sends a number unless the queue is full.
    #[inline]
    pub fn try_send(&mut self, value: u64) -> bool {
        if self.sent - self.seen.get() == SLOTS {
            self.seen.set(self.queue.received.0.load(Ordering::Acquire));
            if self.sent - self.seen.get() == SLOTS {
                return false;
            }
        }
        self.put(value);
        true
    }
    #[inline(always)]
    fn send(&mut self, value: u64) {
        let mut turns = 0;
        while self.sent - self.seen.get() == SLOTS {
            self.seen.set(self.queue.received.0.load(Ordering::Acquire));
            pause(&mut turns);
        }
        self.put(value);
    }
    #[inline(always)]
    fn put(&mut self, value: u64) {
        self.queue.slot(self.sent).store(value, Ordering::Relaxed);
        self.sent += 1;
        self.queue.sent.0.store(self.sent, Ordering::Release);
    }
}

/// The end that receives.
pub struct Receiver<'a> {
    queue: &'a Queue,
    received: u64,
    seen: Cell<u64>,
}

impl Receiver<'_> {
    /// Receives a number if one is there.
    #[inline]
    pub fn try_receive(&mut self) -> Option<u64> {
        if self.received == self.seen.get() {
            self.seen.set(self.queue.sent.0.load(Ordering::Acquire));
            if self.received == self.seen.get() {
                return None;
            }
        }
        Some(self.get())
    }
    #[inline(always)]
    fn receive(&mut self) -> u64 {
        let mut turns = 0;
        while self.received == self.seen.get() {
            self.seen.set(self.queue.sent.0.load(Ordering::Acquire));
            pause(&mut turns);
        }
        self.get()
    }
    #[inline(always)]
    fn get(&mut self) -> u64 {
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
