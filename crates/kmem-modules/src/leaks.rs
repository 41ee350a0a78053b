//! The end of a run: what is left when the modules are gone, as findings. What was allocated by one line, called from the
//! same lines, is one finding that says how many there are: a loop that leaks is one fault.

use crate::finding::{Finding, FindingKind};
use crate::session::{Session, CLOSED_TOO_EARLY};
use crate::tracker::{Allocation, Chain, Kind, Space};
use std::collections::HashMap;
use std::mem::discriminant;
use std::path::PathBuf;

/// The lines of a call chain that are the user's own, innermost first.
pub(crate) type Lines = Vec<(PathBuf, u32)>;

/// Returns the lines of call chains; each chain is looked up once.
#[derive(Default)]
pub(crate) struct LinesOf(HashMap<Chain, Lines>);

impl LinesOf {
    pub(crate) fn get(&mut self, session: &Session, chain: &Chain) -> Lines {
        let look_up = || {
            let places = chain.iter().filter_map(|addr| session.place_of(*addr));
            places.map(|place| (place.file, place.line)).collect()
        };
        self.0.entry(chain.clone()).or_insert_with(look_up).clone()
    }
}

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
        for alike in self.leaks_by_line() {
            self.report(self.leaks(&alike));
        }
        for (pfn, chains) in self.kmaps.borrow().iter() {
            for chain in chains {
                let title = format!("kmap() of page frame {pfn:#x} was never undone");
                let finding = Finding::new(FindingKind::Leak, title, self.place(chain), "mapped here");
                self.report(finding.help("call kunmap() with the same page"));
            }
        }
        for (_, function, chain) in self.local_windows.borrow().iter().filter(|(_, by, _)| *by != CLOSED_TOO_EARLY) {
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
    /// Returns what is left, in the order of its allocation; together what is of one kind and of the same lines.
    fn leaks_by_line(&self) -> Vec<Vec<Allocation>> {
        let (mut lines, mut known, mut groups) = (LinesOf::default(), HashMap::new(), Vec::<Vec<Allocation>>::new());
        for live in self.tracker.borrow().live().into_iter().filter(|live| !live.reported) {
            let lines = lines.get(self, &live.chain);
            // What has no line is not known to be of the same one.
            let apart = if lines.is_empty() { live.serial } else { 0 };
            let cache = matches!(live.kind, Kind::Object { .. } | Kind::Cache).then(|| live.from.clone());
            let key = (discriminant(&live.kind), live.function, cache, lines, apart);
            let group = *known.entry(key).or_insert(groups.len());
            match groups.get_mut(group) {
                Some(group) => group.push(live),
                None => groups.push(vec![live]),
            }
        }
        groups
    }
    fn leaks(&self, alike: &[Allocation]) -> Finding {
        let [first, others @ ..] = alike else { return Finding::new(FindingKind::Leak, "", None, "") };
        let mut finding = self.leak(first).times(alike.len() as u64);
        if !others.is_empty() && first.kind.is_memory() {
            let sum = |what: fn(&Allocation) -> u64| alike.iter().map(what).sum::<u64>();
            let (asked, given) = (sum(|live| live.asked), sum(|live| live.given));
            finding.notes.pop();
            finding = finding
                .note(format!("{asked} bytes asked for in all, {given} given; the first of {} is named", alike.len()))
                .bytes(asked, given);
        }
        finding
    }
    /// True when a mempool's own function allocated it.
    fn is_element(&self, live: &Allocation) -> bool {
        self.is_by(live, "mempool_")
    }
    /// True for memory that a device frees by itself.
    pub(crate) fn is_of_devres(&self, live: &Allocation) -> bool {
        self.is_by(live, "devm_k")
    }
    /// True when a function of the runtime whose name begins so allocated it.
    fn is_by(&self, live: &Allocation, name: &str) -> bool {
        let runtime = live.chain.iter().take_while(|addr| !self.is_module_code(**addr));
        runtime.into_iter().any(|addr| self.symbol_text(addr.wrapping_sub(1), false).starts_with(name))
    }
    fn leak(&self, live: &Allocation) -> Finding {
        let at = self.place(&live.chain);
        let label = match &at {
            Some(place) => format!("allocated here, in {}()", place.function),
            None => "allocated here".to_owned(),
        };
        let (title, what, free) = match &live.kind {
            Kind::Kmalloc | Kind::Object { .. } if self.is_element(live) => (
                format!("an element of a mempool, {} bytes from {}(), was never given back", live.asked, live.function),
                format!("object {:#010x} of {}", live.key, live.from),
                "mempool_free()",
            ),
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
                let were = if *order == 0 { "was" } else { "were" };
                let title = format!("{} from {}() {were} never freed", count(1 << order, "page"), live.function);
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
