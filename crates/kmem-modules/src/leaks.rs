//! The end of a run: what is left when the modules are gone, each as a finding.

use crate::finding::{Finding, FindingKind};
use crate::session::Session;
use crate::tracker::{Allocation, Kind, Space};

impl Session {
    /// Judges what is left when the modules are gone. After an Oops nothing is judged: the module stays loaded.
    pub fn judge(&self) {
        self.log.flush();
        if self.died.get() {
            return;
        }
        self.end_quarantine(None);
        self.validate_slabs();
        self.excuse_reserves();
        for live in self.tracker.borrow().live() {
            if live.reported {
                continue;
            }
            self.report(self.leak(&live));
        }
        for (pfn, chains) in self.kmaps.borrow().iter() {
            for chain in chains {
                let title = format!("kmap() of page frame {pfn:#x} was never undone");
                let finding = Finding::new(FindingKind::Leak, title, self.place(chain), "mapped here");
                self.report(finding.help("call kunmap() with the same page"));
            }
        }
        for (_, function, chain) in self.local_windows.borrow().iter() {
            let title = format!("a temporary mapping of {function}() was never undone");
            let undo = if *function == "kmap_atomic" { "kunmap_atomic()" } else { "kunmap_local()" };
            let finding = Finding::new(FindingKind::Leak, title, self.place(chain), "mapped here");
            self.report(finding.help(format!("call {undo} with the address, the last one first")));
        }
        for (handle, pool) in self.pools.borrow().iter().filter(|(_, pool)| pool.out > 0) {
            let known = self.tracker.borrow().get(Space::Handle, u64::from(*handle)).cloned();
            if let Some(allocation) = known {
                let title = format!("{} elements of a mempool were never given back", pool.out);
                self.report(Finding::new(
                    FindingKind::Leak,
                    title,
                    self.place(&allocation.chain),
                    "the pool was made here",
                ));
            }
        }
    }
    fn leak(&self, live: &Allocation) -> Finding {
        let at = self.place(&live.chain);
        let label = match &at {
            Some(place) => format!("allocated here, in {}()", place.function),
            None => "allocated here".to_owned(),
        };
        let (title, what, free) = match &live.kind {
            Kind::Kmalloc => {
                let what = format!("object {} of {}", self.hex(live.key), live.from);
                (format!("{} bytes from {}() were never freed", live.asked, live.function), what, "kfree()")
            }
            Kind::Object { .. } => {
                let what = format!("object {}", self.hex(live.key));
                (
                    format!("an object of {} bytes of the cache {} was never freed", live.asked, live.from),
                    what,
                    "kmem_cache_free()",
                )
            }
            Kind::Pages { order } => {
                let title = format!("{} from {}() were never freed", count(1 << order, "page"), live.function);
                (
                    title,
                    format!("page frame {:#x}, order {order}, {}", live.key, live.from),
                    "free_pages() with the same order",
                )
            }
            Kind::Exact => {
                let title = format!("{} bytes from alloc_pages_exact() were never freed", live.asked);
                (title, format!("page frame {:#x}", live.key), "free_pages_exact()")
            }
            Kind::Coherent => {
                let title = format!("{} bytes from dma_alloc_coherent() were never freed", live.asked);
                (title, format!("page frame {:#x}, {}", live.key, live.from), "dma_free_coherent() with the same size")
            }
            Kind::Vmalloc => {
                let title = format!("{} bytes from {}() were never freed", live.asked, live.function);
                (title, format!("area {}, {}", self.hex(live.key), count(live.given / 4096, "page")), "vfree()")
            }
            Kind::Vmap => (
                format!("a mapping of {} from vmap() was never undone", count(live.given / 4096, "page")),
                format!("area {}", self.hex(live.key)),
                "vunmap()",
            ),
            Kind::Ioremap => (
                format!("an I/O mapping of {} bytes was never undone", live.asked),
                format!("area {}, {}", self.hex(live.key), live.from),
                "iounmap()",
            ),
            Kind::Percpu => (
                format!("{} bytes for each CPU from alloc_percpu() were never freed", live.asked),
                format!("object {}, {}", self.hex(live.key), live.from),
                "free_percpu()",
            ),
            Kind::Cache => (
                format!("the slab cache {} was never destroyed", live.from),
                "its slabs stay with it".to_owned(),
                "kmem_cache_destroy()",
            ),
            Kind::Pool => (
                "a mempool was never destroyed".to_owned(),
                format!("it keeps its reserve, {}", live.from),
                "mempool_destroy()",
            ),
        };
        let mut finding = Finding::new(FindingKind::Leak, title, at, label)
            .note(format!("{what}, alive when the module was unloaded"))
            .help(format!("undo it with {free}, in the exit function or on this path"));
        if live.kind.is_memory() {
            finding = finding
                .note(format!("{} bytes asked for, {} given", live.asked, live.given))
                .bytes(live.asked, live.given);
        }
        finding
    }
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
