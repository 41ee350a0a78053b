//! The slow path: what an allocation does when the zones have nothing above their marks.
//!
//! ```text
//!     wake kswapd, try again below the low mark
//!       may it sleep? no ──> fails
//!     compact (for a block of several pages), try again
//!     reclaim, try again
//!     take what lies on other CPUs' lists and what is set aside, try again
//!       __GFP_NORETRY, or a large block without __GFP_RETRY_MAYFAIL ──> fails
//!       as long as reclaim or compaction gets anywhere ──> once more
//!     kill a process, once more
//!       nobody to kill ──> fails; the kernel panics when the caller could not go on (`__GFP_NOFAIL`)
//! ```
//!
//! A failure is reported as the kernel does, unless `__GFP_NOWARN` says not to; the same failure once until memory is
//! freed or something else fails.
//!
//! What is tried again is the caller's: a page allocation, or an object of a slab cache that needs a new slab.
//!
//! Kernel counterpart: `__alloc_pages_slowpath`, `should_reclaim_retry`, `should_compact_retry`,
//! `__alloc_pages_may_oom`, `warn_alloc`, `mm/page_alloc.c`.

use super::compact::Progress;
use super::scan::{may_do_io, COSTLY};
use super::users::Candidate;
use super::Memory;
use crate::error::AllocError;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::attempt::{Attempt, Caller};
use crate::page::policy::Request;
use crate::reclaim::VmEvent;
use crate::slab::debug::Moment;
use crate::slab::{CacheId, SlabBug};
use crate::sync::Ordering;
use crate::units::{Order, Pfn, PhysAddr};

/// How often reclaim may get nowhere before somebody must go: `MAX_RECLAIM_RETRIES`.
const MAX_RETRIES: u32 = 16;
/// No request goes round more often than this: then something else eats what it reclaims.
const MAX_ROUNDS: u32 = 1000;

/// What is to be reported.
#[derive(Clone, Copy, Debug)]
pub enum Report<'a> {
    /// An allocation failed: `warn_alloc`.
    Failure {
        /// It.
        request: &'a Request,
        /// How many failures like it were not reported before.
        suppressed: u32,
    },
    /// A process is killed: `oom_kill_process`.
    OutOfMemory {
        /// The allocation that could not be answered.
        request: &'a Request,
        /// Who goes.
        victim: &'a Candidate,
        /// How bad it was to keep it.
        points: i64,
    },
    /// There is nobody to kill.
    Deadlock {
        /// The allocation that could not be answered.
        request: &'a Request,
    },
    /// A check of a debugged slab cache found something.
    SlabBug(&'a SlabBug),
    /// An object of a cache that is traced was allocated, or is to be freed (`T` of `slub_debug`).
    SlabTrace {
        /// It.
        object: PhysAddr,
        /// Which.
        moment: Moment,
    },
    /// A cache is to be destroyed, and objects of it are in use.
    ObjectsRemaining {
        /// The cache.
        cache: CacheId,
    },
}

impl<M: Machine> Memory<M> {
    /// Takes pages as a request says: node, policy, caller. Whatever the machine can do to answer it is done, as far as the
    /// flags allow.
    ///
    /// # Errors
    /// As [`Memory::alloc_pages`].
    pub fn alloc_request(&self, request: &Request) -> Result<Pfn, AllocError> {
        let attempt = || {
            let irq = self.irq_off();
            self.pages.alloc_slow(irq.cpu(), &self.as_caller(irq.cpu(), request))
        };
        let pfn = self.under_pressure(request, attempt(), attempt)?;
        if request.gfp.contains(Gfp::ZERO) {
            self.zero_pages(pfn, request.order.pages());
        }
        Ok(pfn)
    }
    /// Takes pages that a CPU's list did not have.
    pub(super) fn alloc_pages_missed(&self, gfp: Gfp, order: Order) -> Result<Pfn, AllocError> {
        let request = Request::new(gfp, order);
        let attempt = || {
            let irq = self.irq_off();
            self.pages.alloc_slow(irq.cpu(), &self.as_caller(irq.cpu(), &request))
        };
        self.under_pressure(&request, attempt(), attempt).inspect_err(|_| self.pages.tell_refused(&request))
    }
    /// Who reclaims may use the reserves to do so.
    fn as_caller(&self, cpu: u32, request: &Request) -> Request {
        if self.reclaim.is_busy(cpu) {
            request.by(Caller::Reclaim)
        } else {
            *request
        }
    }

    /// Returns a first answer, or fights for another one when it was that memory is short.
    #[inline]
    pub(super) fn under_pressure<T>(
        &self,
        request: &Request,
        first: Result<T, AllocError>,
        again: impl FnMut() -> Result<T, AllocError>,
    ) -> Result<T, AllocError> {
        match first {
            Err(AllocError::NoMemory { order, free_pages }) => {
                let request = Request { order, ..*request };
                self.fight(&request, AllocError::NoMemory { order, free_pages }, again)
            }
            answer => {
                // The first try went below the low mark: kswapd is due.
                self.kick_kswapd(request.gfp.may_sleep());
                answer
            }
        }
    }

    #[cold]
    fn fight<T>(
        &self,
        request: &Request,
        error: AllocError,
        mut again: impl FnMut() -> Result<T, AllocError>,
    ) -> Result<T, AllocError> {
        let (gfp, order) = (request.gfp, request.order);
        let cpu = self.machine.cpu();
        self.kick_kswapd(gfp.may_sleep());
        if !gfp.may_sleep() || self.reclaim.is_busy(cpu) || self.machine.in_atomic() {
            return self.give_up(request, error);
        }
        let mut try_again = || match again() {
            Err(AllocError::NoMemory { .. }) => None,
            answer => Some(answer),
        };
        // kswapd may have freed enough.
        if let Some(answer) = try_again() {
            return answer;
        }
        let mut fruitless = 0;
        for round in 0..MAX_ROUNDS {
            let mut compacted = Progress::Skipped;
            if order > Order::ZERO {
                compacted = self.direct_compact(request, round);
                if compacted != Progress::Skipped && compacted != Progress::Deferred {
                    if let Some(answer) = try_again() {
                        self.compacted(request, true);
                        return answer;
                    }
                    self.compacted(request, false);
                }
            }
            let freed = if may_do_io(gfp) || order == Order::ZERO || gfp.contains(Gfp::DIRECT_RECLAIM) {
                self.direct_reclaim(request)
            } else {
                0
            };
            if let Some(answer) = try_again() {
                return answer;
            }
            // What lies on other CPUs' lists and what is set aside may be just what is missing.
            self.drain();
            let unreserved = {
                let irq = self.irq_off();
                self.pages.unreserve_high_atomic(irq.cpu(), request)
            };
            if let Some(answer) = try_again() {
                return answer;
            }
            if gfp.contains(Gfp::NORETRY) {
                break;
            }
            let insists = gfp.intersects(Gfp::RETRY_MAYFAIL | Gfp::NOFAIL);
            if order > COSTLY && !insists {
                break;
            }
            fruitless = if freed > 0 && order <= COSTLY { 0 } else { fruitless + 1 };
            if unreserved || fruitless <= MAX_RETRIES && (freed > 0 || self.could_succeed(request)) {
                continue;
            }
            if compacted == Progress::Partial && fruitless <= MAX_RETRIES {
                continue;
            }
            match self.last_resort(request) {
                Some(freed) if freed > 0 => fruitless = 0,
                // A victim that had nothing: the next one.
                Some(_) => (),
                None => break,
            }
            if let Some(answer) = try_again() {
                return answer;
            }
        }
        self.give_up(request, error)
    }
    /// Kills a process, where that may help. `None` when it may not, or when there is nobody.
    fn last_resort(&self, request: &Request) -> Option<u64> {
        let gfp = request.gfp;
        let insists = gfp.contains(Gfp::NOFAIL);
        let is_excused = gfp.contains(Gfp::RETRY_MAYFAIL)
            || request.order > COSTLY
            || gfp.contains(Gfp::THISNODE)
            || self.pages.is_below_normal(self.machine.cpu(), request)
            || !gfp.contains(Gfp::FS);
        if is_excused && !insists {
            return None;
        }
        let irq = self.irq_off();
        let plenty = self.pages.would_answer(irq.cpu(), request, Attempt::before_oom(gfp));
        drop(irq);
        // Somebody freed much meanwhile.
        if plenty {
            return Some(1);
        }
        let killed = self.out_of_memory(request);
        if killed.is_none() && insists {
            self.report(Report::Deadlock { request });
        }
        killed
    }
    fn give_up<T>(&self, request: &Request, error: AllocError) -> Result<T, AllocError> {
        if !request.gfp.contains(Gfp::NOWARN) {
            let mark = request.gfp.bits() ^ request.order.raw() << 27 | 1 << 31;
            if self.reclaim.reported.swap(mark, Ordering::Relaxed) == mark {
                self.reclaim.suppressed.add(1);
            } else {
                let suppressed = self.reclaim.suppressed.get();
                self.reclaim.suppressed.set(0);
                self.report(Report::Failure { request, suppressed });
            }
        }
        Err(error)
    }
    /// Notes that memory was freed: the next failure is news.
    #[cold]
    pub(super) fn forget_report(&self) {
        self.reclaim.reported.store(0, Ordering::Relaxed);
    }
    pub(super) fn report(&self, report: Report<'_>) {
        if let Some(reporter) = self.reporter {
            reporter(self, report);
        }
    }
    fn compacted(&self, request: &Request, success: bool) {
        self.reclaim.events.add(if success { VmEvent::CompactSuccess } else { VmEvent::CompactFail }, 1);
        self.compaction_ended(request, success);
    }
}
