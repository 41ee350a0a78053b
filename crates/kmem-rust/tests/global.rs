//! This program runs on the heap, its harness too: with few CPU numbers, so that threads share the last one.

use kmem_rust::heap::KmemAlloc;
use std::alloc::{alloc, alloc_zeroed, dealloc, realloc, Layout};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: KmemAlloc = KmemAlloc::new().ram(1 << 30).cpus(4);

/// Eight threads for each CPU of the heap.
const THREADS: usize = 32;

fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as usize
}

/// A vector whose bytes say whether it is whole.
fn marked(len: usize) -> Vec<u8> {
    vec![(len % 251) as u8; len]
}
fn is_whole(v: &[u8]) -> bool {
    v.iter().all(|byte| *byte == (v.len() % 251) as u8)
}

/// Allocates and frees at random, and checks all that it holds.
fn churn(seed: u64, rounds: usize) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut held: Vec<Vec<u8>> = Vec::new();
    for _ in 0..rounds {
        match random(&mut state) % 5 {
            0 | 1 => held.push(marked(random(&mut state) % 300)),
            2 => held.push(marked(random(&mut state) % 20_000)),
            _ if held.is_empty() => {}
            _ => {
                let at = random(&mut state) % held.len();
                assert!(is_whole(&held.swap_remove(at)));
            }
        }
        if held.len() > 100 {
            held.drain(..50).for_each(|v| assert!(is_whole(&v)));
        }
    }
    assert!(held.iter().all(|v| is_whole(v)));
}

#[test]
fn the_memory_is_the_kernels() {
    let v = marked(1000);
    assert!(HEAP.holds(v.as_ptr()));
    let mut map = HashMap::new();
    (0..10_000).for_each(|n: u32| drop(map.insert(n, n.to_string())));
    assert!(map.values().all(|text| HEAP.holds(text.as_ptr())));
    let mut slabinfo = String::new();
    HEAP.write_proc("slabinfo", &mut slabinfo).expect("there is such a file");
    assert!(slabinfo.lines().any(|line| line.starts_with("kmalloc-1k ")), "{slabinfo}");
    assert!(HEAP.write_proc("no such file", &mut slabinfo).is_err());
}

#[test]
fn alignments_and_sizes() {
    for align in (0..=22).map(|shift| 1usize << shift) {
        for size in [1, 7, 24, 80, 96, 100, 192, 4096, 5000, 100_000, 4 << 20, (4 << 20) + 1] {
            let layout = Layout::from_size_align(size, align).expect("a layout");
            // SAFETY: The layout has a size; the memory is used within it and freed once.
            unsafe {
                let memory = alloc_zeroed(layout);
                assert!(!memory.is_null() && memory.addr().is_multiple_of(align), "{size} {align}");
                assert!([0, size / 2, size - 1].iter().all(|at| memory.add(*at).read() == 0));
                memory.add(size - 1).write(9);
                dealloc(memory, layout);
            }
        }
    }
    let large = marked((4 << 20) + 1);
    assert!(!HEAP.holds(large.as_ptr()), "kmalloc has no such size");
}

#[test]
fn growing_and_shrinking_keep_the_bytes() {
    let mut state = 12345u64;
    for _ in 0..2000 {
        let (align, mut size) = (1usize << (random(&mut state) % 8), 1 + random(&mut state) % 500);
        let layout = |size| Layout::from_size_align(size, align).expect("a layout");
        // SAFETY: Each pointer is used with the layout it has, and no more after it has moved.
        unsafe {
            let mut memory = alloc(layout(size));
            (0..size).for_each(|at| memory.add(at).write(at as u8));
            for _ in 0..6 {
                let new = 1 + random(&mut state) % if random(&mut state).is_multiple_of(10) { 6 << 20 } else { 10_000 };
                memory = realloc(memory, layout(size), new);
                assert!(!memory.is_null() && memory.addr().is_multiple_of(align));
                assert!((0..size.min(new)).all(|at| memory.add(at).read() == at as u8), "{size} to {new}");
                (0..new).for_each(|at| memory.add(at).write(at as u8));
                size = new;
            }
            dealloc(memory, layout(size));
        }
    }
}

#[test]
fn eight_threads_for_each_cpu() {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || churn(thread as u64 + 1, 2000));
        }
    });
}

#[test]
fn threads_end_and_others_come() {
    for generation in 0..60u64 {
        std::thread::scope(|scope| {
            for thread in 0..6 {
                scope.spawn(move || churn(generation * 6 + thread + 1, 100));
            }
        });
    }
}

/// Allocates while its thread ends: then the thread has given its number back.
struct Late(Vec<u8>);
impl Drop for Late {
    fn drop(&mut self) {
        assert!(is_whole(&self.0));
        churn(77, 50);
    }
}
thread_local! {
    static LATE: Late = Late(marked(500));
}

#[test]
fn a_thread_allocates_to_its_very_end() {
    for _ in 0..20 {
        let thread = std::thread::spawn(|| LATE.with(|late| late.0.len()));
        assert_eq!(thread.join().ok(), Some(500));
    }
}

#[test]
fn memory_is_freed_by_other_threads() {
    let (send, receive) = mpsc::channel::<Vec<Vec<u8>>>();
    let receiver =
        std::thread::spawn(move || receive.iter().map(|list| list.iter().filter(|v| is_whole(v)).count()).sum());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let send = send.clone();
            scope.spawn(move || {
                for round in 0..30 {
                    let list = (0..50).map(|n| marked((thread * 37 + round * 11 + n) % 900)).collect();
                    send.send(list).expect("somebody listens");
                }
            });
        }
    });
    drop(send);
    assert_eq!(receiver.join().ok(), Some(THREADS * 30 * 50));
}

/// Forks; the child returns from `inside` into its exit. Fails when it does not end well within a minute.
fn fork(inside: impl FnOnce() -> bool) {
    // SAFETY: The child calls nothing but the heap and what ends it.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let status = i32::from(!inside());
        // SAFETY: Ends the child without running what belongs to the parent.
        unsafe { libc::_exit(status) };
    }
    assert!(child > 0, "the host forks");
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let mut status = 0;
        // SAFETY: The place for the status is valid.
        let ended = unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) };
        if ended == child {
            assert_eq!(status, 0, "the child's status");
            return;
        }
        if Instant::now() > end {
            // SAFETY: The child is ours.
            unsafe { libc::kill(child, libc::SIGKILL) };
            panic!("the child hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_child_has_a_heap_of_its_own() {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Threads that are inside the kernel most of the time, more of them than numbers.
        for thread in 0..8 {
            let stop = &stop;
            scope.spawn(move || {
                (1..).take_while(|_| !stop.load(Ordering::Relaxed)).for_each(|round| churn(thread * 1000 + round, 200));
            });
        }
        for round in 0..40usize {
            let mut shared: BTreeMap<usize, Vec<u8>> = (0..50).map(|n| (n, marked(n * 17 + round))).collect();
            fork(|| {
                // What the parent made is there, can be changed, freed, and does not show in the parent.
                let was_whole = shared.values().all(|v| is_whole(v));
                shared.values_mut().for_each(|v| v.fill(0xee));
                shared.retain(|n, _| n % 2 == 0);
                let own: Vec<Vec<u8>> = (0..2000).map(|n| marked(n % 700)).collect();
                let is_fine = was_whole && own.iter().all(|v| is_whole(v));
                drop(own);
                shared.clear();
                // The child has one thread, so nobody allocates meanwhile.
                is_fine && HEAP.verify().is_ok()
            });
            assert!(shared.len() == 50 && shared.values().all(|v| is_whole(v)), "the parent's memory is its own");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_child_forks_and_has_threads() {
    fork(|| {
        let threads: Vec<_> = (1..10).map(|n| std::thread::spawn(move || churn(n, 300))).collect();
        let ended = threads.into_iter().all(|thread| thread.join().is_ok());
        fork(|| {
            churn(5, 500);
            HEAP.verify().is_ok()
        });
        ended
    });
}

#[test]
fn programs_are_started() {
    let output = std::process::Command::new("true").output().expect("there is such a program");
    assert!(output.status.success());
}
