//! What the checks of debugged slab caches find, as findings with lines of C.
//!
//! The kernel reports in its log; here the same becomes one of our findings: where it was noticed, where the object was
//! allocated and freed. The write itself went unseen, as in a kernel.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;
use crate::tracker::Space;
use kmem::slab::debug::{Held, Wrong};
use kmem::slab::{BugKind, SlabBug};
use kmem::VirtAddr;

/// As many frames as the kernel keeps of a stack.
const FRAMES: usize = 16;

impl Session {
    /// Calls a host function's work as the C functions that called it, and takes up what debugged caches found meanwhile.
    pub(crate) fn with_owner<T>(&self, call: &mut Call<'_>, work: impl FnOnce(&mut Call<'_>) -> T) -> T {
        if !self.debugs.get() && self.slab_errors.get() == 0 {
            return work(call);
        }
        let chain = call.chain(FRAMES);
        let runs = kmem_hosted::stack::run_as(chain.iter().map(|addr| u64::from(*addr)));
        let result = work(call);
        drop(runs);
        self.count_slab_errors();
        self.take_damage(&chain);
        result
    }
    /// Looks whether there are debugged caches now.
    pub(crate) fn look_for_debugging(&self) {
        self.debugs.set(self.kernel.slab().has_debugged());
    }
    /// Has a pointer that the ledger refuses refused by the kernel too, in its own words, if its cache is a debugged one.
    pub(crate) fn let_kernel_refuse(&self, key: u64) {
        let addr = VirtAddr::new(key);
        let Some(phys) = self.kernel.virt_to_phys(addr) else { return };
        let object = self.kernel.slab().object(self.kernel.pages(), phys);
        if let Some(object) = object.filter(|object| self.debugs.get() && (object.is_free || object.start != phys)) {
            // A free object, or a pointer into one: it cannot succeed.
            let _ = self.kernel.cache_free_checked(object.cache, addr);
        }
    }
    /// Checks all objects once more when the modules are gone.
    pub(crate) fn validate_slabs(&self) {
        if self.debugs.get() {
            let ids: Vec<_> = self.kernel.slab().infos().map(|info| info.id).collect();
            for id in ids {
                // The cache was there a moment ago, and nobody else runs.
                let _ = self.kernel.validate_slab(id);
                self.settle();
                self.take_damage(&[]);
            }
        }
    }

    fn take_damage(&self, chain: &[u32]) {
        while let Some(found) = self.kernel.take_slab_finding() {
            // Who counts has done it on purpose.
            if self.slab_errors.get() != 0 {
                continue;
            }
            // What a free was refused for otherwise, the ledger has named.
            if let (BugKind::Damaged { held, .. }, Some(wrong)) = (found.bug.what, found.wrong) {
                self.report_damage(chain, &found.bug, held, &wrong);
            }
        }
    }
    fn report_damage(&self, chain: &[u32], bug: &SlabBug, held: Held, wrong: &Wrong) {
        let Some(object) = self.kernel.phys_to_virt(bug.object) else { return };
        let info = self.kernel.slab().info(bug.cache);
        let cache = info.map(|info| info.name.to_string()).unwrap_or_default();
        let size = info.map_or(0, |info| u64::from(info.geometry.object_size));
        let (start, at) = (bug.object.raw(), wrong.at.raw());
        let count = |count: u64| if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") };
        let bytes = count(wrong.len.into());
        let place = if at < start {
            format!("{} before the object", count(start - at))
        } else if at == start + size {
            "right behind the object".to_owned()
        } else if at > start + size {
            format!("{} behind the object", count(at - start - size))
        } else {
            format!("at offset {} of the object", at - start)
        };
        let when = if held == Held::Yes { "" } else { " after it was freed" };
        let title = format!("{bytes} written{when}, {place} at {object} of {cache}");
        let label = match (chain.is_empty(), held) {
            (true, _) => "found when the modules were gone",
            (false, Held::Yes) => "found when it was freed here",
            (false, Held::No) => "found when memory was taken here",
        };
        let mut finding = Finding::new(FindingKind::Overwrite, title, self.place(chain), label);
        let key = object.raw();
        let mut tracker = self.tracker.borrow_mut();
        if let Some(live) = tracker.get(Space::Linear, key) {
            finding = finding.also(self.place(&live.chain), "allocated here").bytes(live.asked, live.given);
        } else if let Some(freed) = tracker.freed(Space::Linear, key) {
            finding = finding
                .also(self.place(&freed.chain), "freed here")
                .also(self.place(&freed.allocation.chain), "allocated here");
        }
        // The object stays, because the kernel does not free it: that is no fault besides.
        if let Some(live) = tracker.get_mut(Space::Linear, key) {
            live.reported = true;
        }
        drop(tracker);
        if self.kasan_knows(object) {
            return;
        }
        let what = format!("the first wrong byte is {:#04x}, it should be {:#04x}", wrong.found, wrong.expected);
        self.report(finding.note(what).note("the write itself was not seen: it was made before"));
    }
}
