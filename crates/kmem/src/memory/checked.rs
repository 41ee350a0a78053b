//! Debugged slab caches, seen from above: what their checks found is reported, and then dealt with.
//!
//! Off, none of this is reached: a hit has no part in it, and a free that is refused is rare.

use super::{Memory, Report};
use crate::error::Misuse;
use crate::event::Event;
use crate::machine::Machine;
use crate::slab::debug::Moment;
use crate::slab::{BugKind, CacheId, Finding, SlabBug, Then};
use crate::units::{Pfn, PhysAddr, VirtAddr};

impl<M: Machine> Memory<M> {
    /// Writes to the log what was found since the last time.
    #[cold]
    pub(super) fn report_slab_bugs(&self) {
        while let Some(bug) = self.next_slab_bug() {
            self.tell_slab_bug(&bug);
            if let BugKind::Damaged { then: Then::SetAside, .. } = bug.what {
                let _irq = self.irq_off();
                self.slab.put_back(&self.pages, &bug);
            }
        }
    }
    fn tell_slab_bug(&self, bug: &SlabBug) {
        let irq = self.irq_off();
        self.slab.keep_finding(&self.pages, *bug);
        drop(irq);
        self.report(Report::SlabBug(bug));
    }
    fn next_slab_bug(&self) -> Option<SlabBug> {
        let _irq = self.irq_off();
        self.slab.next_bug()
    }
    /// Logs that an object of a traced cache was allocated.
    #[inline]
    pub(super) fn trace_alloc(&self, at: PhysAddr) {
        if self.slab.traces_some() {
            self.trace_alloc_slow(at);
        }
    }
    #[cold]
    fn trace_alloc_slow(&self, at: PhysAddr) {
        let is_traced = {
            let _irq = self.irq_off();
            self.slab.is_traced(&self.pages, at)
        };
        if is_traced {
            self.report(Report::SlabTrace { object: at, moment: Moment::Alloc });
        }
    }
    /// Logs that an object of a traced cache is about to be freed, if it is going to be.
    #[inline]
    pub(super) fn trace_free(&self, at: PhysAddr) {
        if self.slab.traces_some() {
            self.trace_free_slow(at);
        }
    }
    #[cold]
    fn trace_free_slow(&self, at: PhysAddr) {
        let is_traced = {
            let _irq = self.irq_off();
            self.slab.is_traced(&self.pages, at) && self.slab.passes(&self.pages, at)
        };
        if is_traced {
            self.report(Report::SlabTrace { object: at, moment: Moment::Free });
        }
    }
    /// Frees what the CPU did not keep.
    #[cold]
    pub(super) fn kfree_slow(&self, at: PhysAddr) -> Result<(), Misuse> {
        self.trace_free(at);
        let irq = self.irq_off();
        if self.pages.is_traced() && self.slab.kmalloc.check(&self.slab, &self.pages, at).is_ok() {
            // Only what is going to happen is told.
            let (call_site, ptr) = (self.call_site(irq.cpu()), self.to_virt(at).raw());
            self.pages.tell(|| Event::Kfree { call_site, ptr });
        }
        let freed = self.slab.kmalloc.free(&self.slab, &self.pages, irq.cpu(), at);
        drop(irq);
        freed.or_else(|misuse| self.free_refused(at, misuse))
    }
    /// As [`Memory::kfree_slow`], of an object of a cache: the one that the caller names, or whose the object is.
    #[cold]
    pub(super) fn cache_free_slow(&self, id: Option<CacheId>, at: PhysAddr) -> Result<(), Misuse> {
        self.trace_free(at);
        let irq = self.irq_off();
        let found = self.pages.frames.slab_cache(Pfn::containing(at)).map(CacheId::new);
        let Some(id) = found.or(id) else {
            // No slab's: the allocator says what it is.
            return self.slab.free(&self.pages, irq.cpu(), at);
        };
        if self.pages.is_traced() && self.slab.check_of(&self.pages, id, at).is_ok() {
            let (call_site, ptr) = (self.call_site(irq.cpu()), self.to_virt(at).raw());
            self.pages.tell(|| Event::KmemCacheFree { call_site, ptr, cache: id.raw() });
        }
        let freed = self.slab.free_to(&self.pages, irq.cpu(), id, at);
        drop(irq);
        freed.or_else(|misuse| self.free_refused(at, misuse))
    }
    /// Reports why a free was refused. 2.6 frees an object whose neighbourhood was overwritten all the same.
    #[cold]
    pub(super) fn free_refused(&self, at: PhysAddr, misuse: Misuse) -> Result<(), Misuse> {
        self.report_slab_bugs();
        match misuse {
            Misuse::Overwritten(_) if self.slab.debug.rule.is_slab => {
                // The report has put the bytes right.
                let irq = self.irq_off();
                self.slab.free(&self.pages, irq.cpu(), at)
            }
            _ => Err(misuse),
        }
    }
    /// Hands a pointer that no free can take to the checks of its cache, if it has any.
    #[cold]
    pub(super) fn free_damaged(&self, addr: VirtAddr, misuse: Misuse) -> Result<(), Misuse> {
        let Some(phys) = self.virt_to_phys(addr) else { return Err(misuse) };
        let irq = self.irq_off();
        let is_debugged = self.slab.debugged_at(&self.pages, phys).is_some();
        drop(irq);
        if is_debugged {
            self.cache_free(addr)
        } else {
            Err(misuse)
        }
    }

    /// Checks all objects of a cache and reports what is wrong, as writing to `/sys/kernel/slab/NAME/validate` does. The
    /// bytes are put right. Returns how many objects were wrong. No CPU uses the cache meanwhile.
    ///
    /// # Errors
    /// [`Misuse::NoSuchObject`] when there is no such cache.
    pub fn validate_slab(&self, id: CacheId) -> Result<u64, Misuse> {
        let _irq = self.irq_off();
        self.slab.validate(&self.pages, id, |bug| self.tell_slab_bug(bug))
    }
    /// Returns what was reported of debugged caches and nobody has asked for yet, the oldest first, of the last few.
    pub fn take_slab_finding(&self) -> Option<Finding> {
        let _irq = self.irq_off();
        self.slab.take_finding()
    }
    /// Says that an object of a cache with [`SlabFlags::KMALLOC`](crate::slab::SlabFlags::KMALLOC) was asked for as one of
    /// so many bytes.
    pub fn set_slab_request(&self, addr: VirtAddr, bytes: u32) {
        if let Some(phys) = self.virt_to_phys(addr) {
            let _irq = self.irq_off();
            self.slab.set_request(&self.pages, phys, bytes);
        }
    }
    /// From now on what is wrong with slabs is counted and not told: a test damages them on purpose. Puts right what it does
    /// otherwise, too. Kernel counterpart: `mm/slub.c` (`slab_add_kunit_errors`).
    pub fn begin_slab_test(&self) {
        self.slab.debug.counts.set(1);
        self.slab.debug.counted.set(0);
    }
    /// Returns how many reports and repairs there would have been since it was last asked.
    pub fn take_slab_errors(&self) -> u32 {
        let count = self.slab.debug.counted.get();
        self.slab.debug.counted.set(0);
        count
    }
    /// What is wrong with slabs is told again.
    pub fn end_slab_test(&self) {
        self.slab.debug.counts.set(0);
    }
    /// Says that something has tainted the kernel, by the bits of the kernel's own number: 12 for a module from outside the
    /// kernel's tree, 13 for an unsigned one.
    pub fn add_taint(&self, bits: u32) {
        let taint = &self.slab.debug.taint;
        taint.set(taint.get() | bits);
    }
}
