//! Tracing: whoever wants to know hears of each move of a page between zones, CPUs' lists and owners.
//!
//! A kernel's tracepoints are patched into the code when somebody turns them on. Here the hit path has no place for them at
//! all: while there is a tracer, all per-CPU lists are *watched* ([`super::percpu`]), so that each hit takes the slow path,
//! and there the events are told. What is allocated, and from where, is the same with and without a tracer.
//!
//! Events come one at a time, and in an order that makes sense: each is told while what it is about cannot change, under
//! the zone's lock or with the list in hand. A frame that leaves a place is heard to leave before it is heard to arrive
//! anywhere else. So a ledger can follow every frame by events alone (`kmem-ledger`).
//!
//! Kernel counterpart: `include/trace/events/kmem.h`, `register_trace_mm_page_alloc`.

use super::mobility::Mobility;
use super::policy::Request;
use super::steal::Theft;
use super::zone::Zone;
use super::CpuHead;
use super::PageAllocator;
use crate::event::{Event, Place};
use crate::gfp::Gfp;
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::{Order, Pfn};

/// Who hears of events.
///
/// It is called with interrupts off and locks held: it must not call the engine, and should be quick. Events are told one
/// at a time, from whichever CPU.
#[derive(Clone, Copy, Debug)]
pub struct Tracer {
    /// Called with `id` and the event.
    pub call: fn(usize, &Event),
    /// What the function knows its listener by.
    pub id: usize,
}

/// The tracer, if any.
pub(crate) struct Tracing {
    on: AtomicU32,
    tracer: SpinLock<Option<Tracer>>,
}

impl Tracing {
    pub(super) fn new(tracer: Option<Tracer>) -> Self {
        Self { on: AtomicU32::new(tracer.is_some().into()), tracer: SpinLock::new(tracer) }
    }
}

impl PageAllocator {
    /// True while somebody listens.
    #[inline]
    pub(crate) fn is_traced(&self) -> bool {
        self.tracing.on.load(Ordering::Relaxed) != 0
    }
    /// True while each operation is looked at: by a tracer, for debugging, or because it might have to fail.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_traced() || self.ext.is_some() || self.is_injecting()
    }
    /// Tells the tracer, if there is one.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.is_traced() {
            self.tell_slow(&event());
        }
    }
    #[cold]
    fn tell_slow(&self, event: &Event) {
        let tracer = self.tracing.tracer.lock();
        if let Some(tracer) = *tracer {
            (tracer.call)(tracer.id, event);
        }
    }
    /// Sets or removes the tracer. When this returns, every event from now on is told to the new one, on whichever CPU it
    /// happens, and the old one is not called any more. `barrier` returns when every CPU has passed a full memory barrier.
    /// Interrupts are off; no other lock is held.
    pub(crate) fn set_tracer(&self, tracer: Option<Tracer>, barrier: impl Fn()) {
        let _thief = self.thief.lock();
        *self.tracing.tracer.lock() = tracer;
        self.tracing.on.store(tracer.is_some().into(), Ordering::SeqCst);
        self.watch_lists(barrier);
    }
    /// Watches all lists as long as somebody wants to see each operation.
    pub(super) fn watch_lists(&self, barrier: impl Fn()) {
        let yes = self.is_watched();
        self.heads.iter().for_each(|head| head.watch(yes));
        if yes {
            // Hits that did not see it yet end before this returns.
            barrier();
            self.heads.iter().for_each(CpuHead::wait_for_hit);
        }
    }
    /// Answers a plain request from the CPU's lists, as a hit would that is not watched.
    pub(super) fn hit_watched(&self, cpu: u32, request: &Request) -> Option<Pfn> {
        let Request { gfp, order, .. } = *request;
        if !self.is_watched() || !self.shape.has(order) || !request.is_plain() {
            return None;
        }
        let head = self.heads.get(cpu.into())?;
        let first = head.first(gfp);
        let state = first.of(order, order != Order::ZERO && gfp.contains(Gfp::COMP));
        let _inside = head.enter_slow()?;
        let lists = self.lists(first.zone(), cpu)?;
        let pfn = self.frames.pfn(lists.pop(&self.frames, state)?);
        self.tell_alloc(cpu, pfn, request, Place::CpuList(cpu));
        Some(pfn)
    }

    /// Notes and tells that a block has an owner.
    #[inline]
    pub(super) fn tell_alloc(&self, cpu: u32, pfn: Pfn, request: &Request, from: Place) {
        if self.ext.is_some() {
            self.ext_alloc(cpu, pfn, request);
        }
        self.tell(|| Event::MmPageAlloc {
            pfn: Some(pfn),
            order: request.order,
            migratetype: Mobility::of(request.gfp) as u8,
            gfp: request.gfp,
            from,
        });
    }
    /// Notes and tells that a block is freed, before anybody else can have it.
    #[inline]
    pub(super) fn tell_free(&self, pfn: Pfn, order: Order, to: Place) {
        if self.ext.is_some() {
            self.ext_free(pfn, order);
        }
        self.tell(|| Event::MmPageFree { pfn, order, to });
    }
    /// Tells that a request was not answered. Whoever gives up for good says so: the layer above may try again first.
    pub(crate) fn tell_refused(&self, request: &Request) {
        let migratetype = Mobility::of(request.gfp) as u8;
        self.tell(|| Event::MmPageAlloc {
            pfn: None,
            order: request.order,
            migratetype,
            gfp: request.gfp,
            from: Place::Unsaid,
        });
    }
    /// Tells that a block left its zone, and the theft behind it. The zone is locked.
    pub(super) fn tell_taken(&self, zone: &Zone, pfn: Pfn, request: &Request, stolen: Option<Theft>, to: Place) {
        if !self.is_traced() {
            return;
        }
        let wanted = self.list_kind(request.gfp) as u8;
        if let Some(theft) = stolen {
            self.tell(|| Event::MmPageAllocExtfrag {
                pfn: theft.block,
                alloc_order: request.order,
                fallback_order: Order::new(theft.block_order).unwrap_or(request.order),
                alloc_migratetype: wanted,
                fallback_migratetype: theft.from as u8,
                change_ownership: theft.changed,
            });
        }
        // The kernel moves a stolen block to the list of the type asked for before it takes from it.
        let migratetype = if stolen.is_some() { wanted } else { zone.area.mobility(pfn) as u8 };
        let percpu_refill = self.shape.has(request.order) && usize::from(migratetype) < Mobility::REQUESTED;
        self.tell(|| Event::MmPageAllocZoneLocked { pfn, order: request.order, migratetype, percpu_refill, to });
    }
}
