//! What no allocator can be faster than: page numbers popped from an array and pushed back, by each CPU from its own; and
//! the same with one lock each way. They have single pages only, and nothing ever moves from CPU to CPU.

use crate::page::source::{PageSource, Peer};
use crate::{MANAGED_BYTES, PAGE_BYTES};
use spin::Mutex;
use std::array;

const CPUS: usize = 2;
const PAGES: u64 = MANAGED_BYTES / PAGE_BYTES;

/// A stack of page numbers.
pub struct Stack {
    pages: Box<[u32]>,
    count: usize,
}

impl Stack {
    fn new(first: u64) -> Self {
        let pages: Box<[u32]> = (first as u32..(first + PAGES / CPUS as u64) as u32).rev().collect();
        Self { count: pages.len(), pages }
    }
}

impl PageSource for Stack {
    #[inline(always)]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        if order != 0 {
            return None;
        }
        let top = self.count.checked_sub(1)?;
        let page = *self.pages.get(top)?;
        self.count = top;
        Some(page.into())
    }
    #[inline(always)]
    fn free(&mut self, pfn: u64, _order: u32) {
        if let Some(slot) = self.pages.get_mut(self.count) {
            *slot = pfn as u32;
            self.count += 1;
        }
    }
}

/// A stack for each CPU.
pub struct Stacks([Line; CPUS]);

/// On a cache line of its own.
#[repr(align(128))]
struct Line(Mutex<Stack>);

impl Stacks {
    /// Fills them.
    pub fn new() -> Self {
        Self(array::from_fn(|cpu| Line(Mutex::new(Stack::new(cpu as u64 * PAGES / CPUS as u64)))))
    }
}

/// A thread's own stack, held as long as the thread works.
pub struct Own<'a>(spin::MutexGuard<'a, Stack>);

impl PageSource for Own<'_> {
    #[inline(always)]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        self.0.alloc(order)
    }
    #[inline(always)]
    fn free(&mut self, pfn: u64, order: u32) {
        self.0.free(pfn, order);
    }
}

impl Peer for Stacks {
    type Alone<'a> = &'a mut Stack;
    type OnCpu<'a> = Own<'a>;

    fn alone(&mut self) -> &mut Stack {
        self.0[0].0.get_mut()
    }
    fn on_cpu(&self, cpu: u32) -> Option<Own<'_>> {
        self.0.get(cpu as usize).map(|line| Own(line.0.lock()))
    }
    fn pages(&self) -> u64 {
        PAGES
    }
    fn shares(&self) -> bool {
        false
    }
}

/// A stack for each CPU, each with a lock that nobody else ever holds.
pub struct LockedStacks(Stacks);

impl LockedStacks {
    /// Fills them.
    pub fn new() -> Self {
        Self(Stacks::new())
    }
}

/// A stack behind its lock.
pub struct LockEachWay<'a>(&'a Mutex<Stack>);

impl PageSource for LockEachWay<'_> {
    #[inline(always)]
    fn alloc(&mut self, order: u32) -> Option<u64> {
        self.0.lock().alloc(order)
    }
    #[inline(always)]
    fn free(&mut self, pfn: u64, order: u32) {
        self.0.lock().free(pfn, order);
    }
}

impl Peer for LockedStacks {
    type Alone<'a> = LockEachWay<'a>;
    type OnCpu<'a> = LockEachWay<'a>;

    fn alone(&mut self) -> LockEachWay<'_> {
        LockEachWay(&self.0 .0[0].0)
    }
    fn on_cpu(&self, cpu: u32) -> Option<LockEachWay<'_>> {
        self.0 .0.get(cpu as usize).map(|line| LockEachWay(&line.0))
    }
    fn pages(&self) -> u64 {
        PAGES
    }
    fn shares(&self) -> bool {
        false
    }
}
