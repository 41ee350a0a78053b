//! `fail`: allocations that fail because somebody wants them to.
//!
//! Code that handles a failed allocation wrongly is found by no test in which none fails. `fail nth=3` fails the third one from
//! here, `prob=` some of them, `size>=` the large ones; `fail each { … }` repeats a block, failing its first allocation, then
//! its second, and so on, until a round has none left to fail.
//!
//! Counted is what the allocators take: a block of pages, an object. So a kmalloc that needs a new slab counts twice, and a
//! vmalloc once for each page, once for each table and for what describes it. As in a kernel, what may not fail
//! (`__GFP_NOFAIL`) is not asked about. Kernel counterpart: `mm/failslab.c`, `mm/fail_page_alloc.c`, `tools/testing/fault-injection`.

use super::object::Id;
use super::{line, Answer, Ending, Shell};
use crate::ast::{Fail, Statement, Which};
use crate::random::Random;
use crate::show::count as counted;
use kmem::page::{Attempted, Injector};
use kmem::Kernel;
use kmem_hosted::Hosted;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one shell wants to fail, and what has happened so far.
struct Wish {
    which: Which,
    only_marked: bool,
    random: Random,
    asked: u64,
    failed: u64,
}

impl Wish {
    /// Whether an allocation is to fail.
    fn dooms(&mut self, what: Attempted) -> bool {
        let (bytes, is_marked) = match what {
            Attempted::Pages(order) => (order.bytes(), false),
            Attempted::Object { bytes, is_marked } => (bytes.into(), is_marked),
        };
        if self.only_marked && !is_marked {
            return false;
        }
        self.asked += 1;
        let dooms = match self.which {
            Which::Nth(nth) => self.asked == nth,
            Which::Share { per_million, .. } => self.random.below(1_000_000) < per_million as usize,
            Which::Size(least) => bytes >= least,
        };
        self.failed += u64::from(dooms);
        dooms
    }
    fn so_far(&self) -> String {
        format!("{} asked for, {} failed", counted(self.asked, "allocation"), self.failed)
    }
}

/// The wishes of all shells, by number: an injector is a function and a number.
static WISHES: Mutex<BTreeMap<usize, Wish>> = Mutex::new(BTreeMap::new());

fn wishes() -> MutexGuard<'static, BTreeMap<usize, Wish>> {
    WISHES.lock().unwrap_or_else(PoisonError::into_inner)
}
fn is_doomed(id: usize, what: Attempted) -> bool {
    wishes().get_mut(&id).is_some_and(|wish| wish.dooms(what))
}

/// Allocations of a kernel fail while this lives.
pub(super) struct Failures<'k> {
    kernel: &'k Kernel<Hosted>,
    id: usize,
}

impl<'k> Failures<'k> {
    fn new(kernel: &'k Kernel<Hosted>, which: Which, only_marked: bool) -> Self {
        let seed = if let Which::Share { seed, .. } = which { seed } else { 0 };
        let wish = Wish { which, only_marked, random: Random::new(seed), asked: 0, failed: 0 };
        let mut wishes = wishes();
        let id = wishes.last_key_value().map_or(0, |(last, _)| last + 1);
        wishes.insert(id, wish);
        drop(wishes);
        kernel.set_injector(Some(Injector { call: is_doomed, id }));
        Self { kernel, id }
    }
    /// What is to fail, and what has happened.
    fn shown(&self) -> String {
        wishes().get(&self.id).map_or(String::new(), |wish| {
            let filter = if wish.only_marked { ",cache-filter" } else { "" };
            format!("{}{filter}, {}", wish.which, wish.so_far())
        })
    }
    fn failed(&self) -> u64 {
        wishes().get(&self.id).map_or(0, |wish| wish.failed)
    }
}

impl Drop for Failures<'_> {
    fn drop(&mut self) {
        self.kernel.set_injector(None);
        wishes().remove(&self.id);
    }
}

impl Shell<'_> {
    pub(super) fn fail(&mut self, what: Fail) -> Answer {
        let shown = |failing: &Option<Failures<'_>>| failing.as_ref().map_or("none".into(), Failures::shown);
        match what {
            Fail::Show => line(format!("fail: {}", shown(&self.failing))),
            Fail::None => {
                let before = self.failing.as_ref().map(Failures::shown);
                self.failing = None;
                line(before.map_or("fail: none".into(), |before| format!("fail: none; it was {before}")))
            }
            Fail::These { which, only_marked } => {
                // The one before ends first: there is one at a time.
                self.failing = None;
                self.failing = Some(Failures::new(self.kernel, which, only_marked));
                line(format!("fail: {which}{}", if only_marked { ",cache-filter" } else { "" }))
            }
        }
    }

    /// Repeats a block, failing its first allocation, then its second, and so on. A command that fails ends nothing. What a
    /// round leaves behind is named.
    pub(super) fn fail_each(
        &mut self,
        body: &[Statement],
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<Ending> {
        self.failing = None;
        let before: Vec<Id> = self.objects.live().map(|(id, _)| id).collect();
        let mut left = 0;
        for nth in 1.. {
            self.failing = Some(Failures::new(self.kernel, Which::Nth(nth), false));
            self.show(&format!("fail each: round {nth}"), out)?;
            let mut ending = Ending::Done;
            for statement in body {
                ending = self.statements(std::slice::from_ref(statement), out, notes)?;
                if ending == Ending::Aborted {
                    break;
                }
            }
            let has_failed = self.failing.take().is_some_and(|failing| failing.failed() > 0);
            if ending == Ending::Aborted {
                return Ok(ending);
            }
            let new: Vec<String> = self
                .objects
                .live()
                .filter(|(id, _)| !before.contains(id))
                .map(|(id, object)| format!("{} ({})", self.objects.called(id), object.kind))
                .collect();
            if !new.is_empty() {
                left += 1;
                self.show(&format!("fail each: left behind: {}", new.join(", ")), out)?;
                self.free_since(&before).ok();
            }
            if !has_failed {
                let rounds = counted(nth - 1, "allocation");
                let behind = match left {
                    0 => "nothing left behind".into(),
                    left => format!("something left behind in {}", counted(left, "round")),
                };
                self.show(&format!("fail each: {rounds} failed, one a round; {behind}"), out)?;
                return Ok(if left == 0 { Ending::Done } else { Ending::Failed });
            }
        }
        Ok(Ending::Done)
    }
}
