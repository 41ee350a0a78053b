//! Failures on demand: which of a module's allocations fail, and what is told of it.
//!
//! The paths that handle a failed allocation are those that no test takes. Here each allocation that a module asks for has a
//! number, from the first of init to the last of exit, and whoever runs it says which of them give nothing. They fail as
//! `mm/failslab.c` and `mm/fail_page_alloc.c` make them fail: at once, without a word in the log. What may not fail
//! (`__GFP_NOFAIL`), what gives no memory (`kmalloc(0)`), and what panics when it fails (`SLAB_PANIC`) has no number; neither has
//! what the runtime takes for itself.
//!
//! The number of an allocation is the same in every run of the same modules on the same machine, as all else is.

use crate::exec::Call;
use crate::finding::{Finding, Place};
use crate::host::{errno, ENOMEM};
use crate::session::Session;
use crate::tracker::Space;
use kmem::gfp::Gfp;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::Path;

/// Which allocations fail.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Failing {
    /// None, and nobody counts.
    #[default]
    None,
    /// None in this run; who started it counts them, and fails each in a run of its own.
    Each,
    /// The one with this number, from 1.
    Nth(u64),
    /// So many of a million, chosen by a seed.
    Share {
        /// Of a million.
        per_million: u32,
        /// The seed.
        seed: u64,
    },
    /// Those of at least so many bytes.
    Size(u64),
    /// Those of one line of the source.
    Site {
        /// The file, or the end of its path.
        file: String,
        /// The line.
        line: u32,
    },
}

const FORMS: &str = "none, each, nth=N, prob=P[,seed=S] (0 to 1, or 0% to 100%), size>=N, site=FILE:LINE";

impl Failing {
    /// Reads `none`, `each`, `nth=N`, `prob=P[,seed=S]`, `size>=N`, `site=FILE:LINE`.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| format!("want {FORMS}"))
    }
    fn read(text: &str) -> Option<Self> {
        match text {
            "none" => return Some(Self::None),
            "each" => return Some(Self::Each),
            _ => {}
        }
        if let Some(nth) = text.strip_prefix("nth=") {
            return nth.parse().ok().filter(|nth| *nth > 0).map(Self::Nth);
        }
        if let Some(bytes) = text.strip_prefix("size>=") {
            return size(bytes).map(Self::Size);
        }
        if let Some(site) = text.strip_prefix("site=") {
            let (file, line) = site.rsplit_once(':')?;
            let line = line.parse().ok().filter(|line| *line > 0)?;
            return (!file.is_empty()).then(|| Self::Site { file: file.to_owned(), line });
        }
        let (mut share, mut seed) = (None, None);
        for part in text.split(',') {
            match part.split_once('=')? {
                ("prob", value) if share.is_none() => share = Some(per_million(value)?),
                ("seed", value) if seed.is_none() => seed = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(Self::Share { per_million: share?, seed: seed.unwrap_or(1) })
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Each => f.write_str("each"),
            Self::Nth(nth) => write!(f, "nth={nth}"),
            Self::Share { per_million, seed } => write!(f, "prob={}%,seed={seed}", f64::from(*per_million) / 10_000.0),
            Self::Size(bytes) => write!(f, "size>={bytes}"),
            Self::Site { file, line } => write!(f, "site={file}:{line}"),
        }
    }
}

fn size(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 1 << 10),
        b'M' | b'm' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1u64),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn per_million(text: &str) -> Option<u32> {
    let (digits, whole) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
    let share = digits.parse::<f64>().ok()? / whole;
    (0.0..=1.0).contains(&share).then(|| (share * 1e6).round() as u32)
}

/// An allocation that was made to fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failed {
    /// Its number.
    pub number: u64,
    /// The kernel's function.
    pub function: String,
    /// Where it was called.
    pub place: Option<Place>,
}

/// As many failed allocations are remembered, the first ones.
const REMEMBERED: usize = 1000;
/// As many of them a finding names.
const NAMED: usize = 3;

/// What of one run fails, and what has failed.
#[derive(Default, Debug)]
pub(crate) struct Failures {
    which: Failing,
    asked: Cell<u64>,
    random: Cell<u64>,
    failed: RefCell<Vec<Failed>>,
}

/// Where an allocation function is told how much to allocate, by the number of an argument.
#[derive(Clone, Copy, Debug)]
enum Amount {
    Bytes(u32),
    /// An order of pages.
    Order(u32),
    Pages(u32),
    /// An object of the cache that the first argument names.
    Object,
    Page,
    /// The structure of a pool.
    Little,
}

/// A host function that gives memory: its name, which argument has the flags, which the size, and what it returns without memory.
struct Giver(&'static str, Option<u32>, Amount, u64);

const NULL: u64 = 0;

/// All host functions that give memory to a module.
static GIVERS: &[Giver] = &[
    Giver("kmalloc", Some(1), Amount::Bytes(0), NULL),
    Giver("krealloc", Some(2), Amount::Bytes(1), NULL),
    Giver("kmem_host_cache_create", None, Amount::Bytes(1), NULL),
    Giver("kmem_cache_alloc", Some(1), Amount::Object, NULL),
    Giver("kmem_cache_alloc_bulk", Some(1), Amount::Object, NULL),
    Giver("mempool_create", None, Amount::Little, NULL),
    Giver("mempool_init", None, Amount::Little, errno(ENOMEM)),
    Giver("alloc_pages", Some(0), Amount::Order(1), NULL),
    Giver("__get_free_pages", Some(0), Amount::Order(1), NULL),
    Giver("get_zeroed_page", Some(0), Amount::Page, NULL),
    Giver("alloc_pages_exact", Some(1), Amount::Bytes(0), NULL),
    Giver("vmalloc", None, Amount::Bytes(0), NULL),
    Giver("vzalloc", None, Amount::Bytes(0), NULL),
    Giver("vmalloc_32", None, Amount::Bytes(0), NULL),
    Giver("vmalloc_user", None, Amount::Bytes(0), NULL),
    Giver("__vmalloc", Some(1), Amount::Bytes(0), NULL),
    Giver("__vmalloc_node", Some(2), Amount::Bytes(0), NULL),
    Giver("vmap", None, Amount::Pages(1), NULL),
    // The physical address is the first two words.
    Giver("kmem_host_ioremap", None, Amount::Bytes(2), NULL),
    Giver("kmem_host_alloc_percpu", Some(2), Amount::Bytes(0), NULL),
    Giver("kmem_host_dma_alloc", Some(1), Amount::Bytes(0), NULL),
];

/// `SLAB_PANIC`: who asks for it does not look.
const SLAB_PANIC: u32 = 0x40000;

impl Failures {
    pub(crate) fn new(which: Failing) -> Self {
        let seed = if let Failing::Share { seed, .. } = which { seed } else { 0 };
        Self { which, random: Cell::new(seed), ..Self::default() }
    }
    /// How many allocations were asked for; `None` when nobody counted.
    pub(crate) fn asked(&self) -> Option<u64> {
        (self.which != Failing::None).then(|| self.asked.get())
    }
    /// Returns those that failed.
    pub(crate) fn take(&self) -> Vec<Failed> {
        self.failed.take()
    }
    /// splitmix64: a good number for every seed, 0 too.
    fn random(&self) -> u64 {
        let next = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(next);
        let mixed = (next ^ next >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

impl Session {
    /// A host function is called. When it is an allocation that is to fail, returns what it answers in place of memory.
    pub(crate) fn fails(&self, function: &'static str, call: &Call<'_>) -> Option<u64> {
        if self.failures.which == Failing::None {
            return None;
        }
        let Giver(_, flags, amount, answer) = GIVERS.iter().find(|giver| giver.0 == function)?;
        if flags.is_some_and(|at| self.decode_gfp(call.argument(at)).contains(Gfp::NOFAIL)) {
            return None;
        }
        let bytes = self.amount(function, *amount, call)?;
        let chain = self.chain(call);
        if !chain.iter().any(|addr| self.is_module_code(*addr)) {
            return None;
        }
        let number = self.failures.asked.get() + 1;
        self.failures.asked.set(number);
        let fails = match &self.failures.which {
            Failing::None | Failing::Each => false,
            Failing::Nth(nth) => number == *nth,
            Failing::Share { per_million, .. } => self.failures.random() % 1_000_000 < u64::from(*per_million),
            Failing::Size(least) => bytes >= *least,
            Failing::Site { file, line } => self.place(&chain).is_some_and(|place| {
                place.line == *line && (place.file == Path::new(file) || place.file.ends_with(file))
            }),
        };
        if !fails {
            return None;
        }
        let shown = match function {
            "kmem_host_cache_create" => "kmem_cache_create",
            "kmem_host_dma_alloc" => "dma_alloc_coherent",
            _ => function.strip_prefix("kmem_host_").unwrap_or(function),
        };
        self.refused(call, shown);
        let mut failed = self.failures.failed.borrow_mut();
        if failed.len() < REMEMBERED {
            failed.push(Failed { number, function: shown.to_owned(), place: self.place(&chain) });
        }
        Some(*answer)
    }
    /// The bytes that a function is asked for; `None` when it takes no memory, or may not fail.
    fn amount(&self, function: &str, amount: Amount, call: &Call<'_>) -> Option<u64> {
        const PAGE: u64 = 4096;
        let bytes = match amount {
            Amount::Bytes(at) => call.argument(at).into(),
            Amount::Order(at) => PAGE.checked_shl(call.argument(at)).unwrap_or(u64::MAX),
            Amount::Pages(at) => u64::from(call.argument(at)) * PAGE,
            Amount::Object => u64::from(self.caches.borrow().get(&call.argument(0))?.size),
            Amount::Page => PAGE,
            Amount::Little => 1,
        };
        let takes = match function {
            // What fits where it is takes nothing.
            "krealloc" => {
                let tracker = self.tracker.borrow();
                tracker.get(Space::Linear, call.argument(0).into()).is_none_or(|old| bytes > old.given)
            }
            "kmem_host_cache_create" => call.argument(3) & SLAB_PANIC == 0,
            _ => true,
        };
        (bytes > 0 && takes).then_some(bytes)
    }
    /// Adds to a finding which allocations had failed before it came about.
    pub(crate) fn blame_failures(&self, mut finding: Finding) -> Finding {
        let failed = self.failures.failed.borrow();
        for Failed { number, function, place } in failed.iter().take(NAMED) {
            let at = place.as_ref().map_or("an unknown place".to_owned(), Place::short);
            let shown = |place: &Place| {
                finding.at.as_ref() == Some(place) || finding.also.iter().any(|(other, _)| other == place)
            };
            if let Some(place) = place.as_ref().filter(|place| !shown(place)) {
                finding.also.push((place.clone(), format!("{function}() failed here")));
            }
            finding.notes.push(format!("with this allocation failing: {at}, {function}(), number {number}"));
        }
        if failed.len() > NAMED {
            finding.notes.push(format!("{} more allocations had failed", failed.len() - NAMED));
        }
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::EXPORTS;

    #[test]
    fn givers_are_host_functions() {
        for Giver(name, ..) in GIVERS {
            assert!(EXPORTS.iter().any(|(export, _)| export == name), "{name}");
        }
    }

    #[test]
    fn wishes_are_read() {
        let site = Failing::Site { file: "a/b.c".into(), line: 12 };
        for (text, wish) in [
            ("none", Some(Failing::None)),
            ("each", Some(Failing::Each)),
            ("nth=3", Some(Failing::Nth(3))),
            ("nth=0", None),
            ("prob=0.5", Some(Failing::Share { per_million: 500_000, seed: 1 })),
            ("seed=9,prob=1%", Some(Failing::Share { per_million: 10_000, seed: 9 })),
            ("prob=2", None),
            ("prob=nan", None),
            ("prob=50%,prob=50%", None),
            ("seed=1", None),
            ("size>=4K", Some(Failing::Size(4096))),
            ("size>=x", None),
            ("site=a/b.c:12", Some(site)),
            ("site=:12", None),
            ("site=a.c", None),
            ("maybe", None),
        ] {
            assert_eq!(Failing::parse(text).ok(), wish, "{text}");
        }
        assert_eq!(Failing::parse("prob=25%,seed=7").unwrap().to_string(), "prob=25%,seed=7");
        assert!(Failing::parse("").unwrap_err().contains("site=FILE:LINE"));
    }
}
