//! A program on a kernel's kmalloc: it counts words on several threads, then shows what `/proc` says of its heap.
//!
//! ```sh
//! cargo run --release --package kmem-rust --example global
//! ```

use kmem_rust::heap::KmemAlloc;
use std::collections::BTreeMap;
use std::sync::mpsc;

#[global_allocator]
static HEAP: KmemAlloc = KmemAlloc::new();

const TEXT: &str = "a page is a page is a block of pages and a slab is a page of objects";

/// Counts the words of a text that is `TEXT` many times.
fn count(times: usize) -> BTreeMap<String, usize> {
    let mut words = BTreeMap::new();
    for word in TEXT.repeat(times).split_whitespace() {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

fn main() {
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = (1..=8)
        .map(|thread| {
            let send = send.clone();
            std::thread::spawn(move || send.send(count(thread * 100)))
        })
        .collect();
    drop(send);
    let mut total = BTreeMap::<String, usize>::new();
    for words in receive {
        // Made by another thread, freed by this one.
        words.into_iter().for_each(|(word, count)| *total.entry(word).or_default() += count);
    }
    let ended = threads.into_iter().filter_map(|thread| thread.join().ok()).count();
    println!("{ended} threads; \"page\" was there {} times", total["page"]);
    println!(
        "its memory is the kernel's: {}",
        HEAP.holds(total.keys().next().map_or(std::ptr::null(), |word| word.as_ptr()))
    );

    let mut slabinfo = String::new();
    if HEAP.write_proc("slabinfo", &mut slabinfo).is_ok() {
        let objects = |line: &&str| line.starts_with("# name") || line.starts_with("kmalloc-");
        slabinfo.lines().filter(objects).for_each(|line| println!("{line}"));
    }
}
