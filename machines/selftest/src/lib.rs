//! The self-test that every bare-metal image runs, on the engine as it is linked there: with real page tables, a real
//! page fault and real interrupts.
//!
//! The image boots a kernel, implements [`Board`] and calls [`run`]; while that runs, its timer interrupt calls
//! [`in_interrupt`]. Every check is done several times, and when all is given back as many pages must be free as after
//! the first time.
#![no_std]

mod board;
mod failure;
mod interrupt;
mod mappings;
mod objects;
mod pages;
mod words;

pub use board::{Access, Board, Fault, Register};
pub use failure::Failure;
pub use interrupt::in_interrupt;

use core::fmt;
use failure::equal;
use kmem::machine::Machine;
use kmem::profile::ZoneKind;
use kmem::Kernel;

/// The first round fills caches and makes page tables; the others must leave the free pages as they found them.
const ROUNDS: u32 = 3;

/// The kernel under test on its board.
pub struct Bench<'a, M: Machine, B: Board> {
    kernel: &'a Kernel<M>,
    board: &'a B,
}

type Check<'a, M, B> = fn(&Bench<'a, M, B>) -> Result<(), Failure>;

/// Runs all checks and prints how they went; returns true when all passed.
pub fn run<M: Machine, B: Board>(kernel: &Kernel<M>, board: &B) -> bool {
    let bench = Bench { kernel, board };
    let always: [(&str, Check<'_, M, B>); 5] = [
        ("interrupts arrive", Bench::interrupts_arrive),
        ("pages of each zone", Bench::pages_of_each_zone),
        ("kmalloc of many sizes", Bench::kmalloc_of_many_sizes),
        ("cache with a constructor", Bench::cache_with_constructor),
        ("interrupted again and again", Bench::interrupted_again_and_again),
    ];
    let with_mmu: [(&str, Check<'_, M, B>); 6] = [
        ("vmalloc through two mappings", Bench::vmalloc_through_two_mappings),
        ("vmalloc, zeroed", Bench::vmalloc_zeroed),
        ("guard page and freed area fault", Bench::guard_page_and_freed_area_fault),
        ("read-only mapping", Bench::read_only_mapping),
        ("kmap of a high page", Bench::kmap_of_a_high_page),
        ("a device's register", Bench::register_of_a_device),
    ];
    let with_mmu = if kernel.profile.paging.is_some() { &with_mmu[..] } else { &[] };
    let mut failed = 0;
    let mut passed = 0;
    let mut free_pages = None;
    for round in 1..=ROUNDS {
        for (name, check) in always.iter().chain(with_mmu) {
            let result = check(&bench).and_then(|()| bench.verify());
            bench.say(format_args!("selftest: round {round}: {name}: {}", Verdict(result)));
            *if result.is_ok() { &mut passed } else { &mut failed } += 1;
        }
        let free = bench.free_pages();
        if let Some(before) = free_pages.replace(free) {
            let result = equal("free pages", free, before).and_then(|()| bench.verify());
            bench.say(format_args!("selftest: round {round}: all pages given back ({free} free): {}", Verdict(result)));
            *if result.is_ok() { &mut passed } else { &mut failed } += 1;
        }
    }
    let interrupts = interrupt::result();
    bench.say(format_args!("selftest: {} allocations in interrupts: {}", interrupt::count(), Verdict(interrupts)));
    *if interrupts.is_ok() { &mut passed } else { &mut failed } += 1;
    bench.say(format_args!("selftest: {passed} passed, {failed} failed"));
    failed == 0
}

struct Verdict(Result<(), Failure>);

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(()) => f.write_str("ok"),
            Err(failure) => write!(f, "FAILED: {failure}"),
        }
    }
}

impl<M: Machine, B: Board> Bench<'_, M, B> {
    fn say(&self, line: fmt::Arguments<'_>) {
        self.kernel.machine().printk(line);
    }

    /// The timer ticks while we wait.
    fn interrupts_arrive(&self) -> Result<(), Failure> {
        let before = self.board.ticks();
        self.board.wait();
        self.board.wait();
        if self.board.ticks().wrapping_sub(before) == 0 {
            return Err(Failure::Missing("the timer's interrupt"));
        }
        Ok(())
    }

    /// Returns the free pages when caches and page lists have given back what they only keep in store.
    fn free_pages(&self) -> u64 {
        self.without_interrupts(|| {
            for cache in self.kernel.slab().infos() {
                // A cache that is listed can be shrunk.
                let _ = self.kernel.cache_shrink(cache.id);
            }
            self.kernel.drain();
            self.kernel.pages().zone_counts().map(|zone| zone.free).sum()
        })
    }

    /// Checks all invariants. Nothing may be allocated meanwhile, not in interrupts either.
    fn verify(&self) -> Result<(), Failure> {
        self.without_interrupts(|| Ok(self.kernel.verify()?))
    }

    fn without_interrupts<T>(&self, work: impl FnOnce() -> T) -> T {
        let state = self.kernel.machine().irq_save();
        let result = work();
        self.kernel.machine().irq_restore(state);
        result
    }

    fn has_high_memory(&self) -> bool {
        self.kernel.plan().zones().iter().any(|zone| zone.kind == ZoneKind::HighMem && zone.managed > 0)
    }
}
