//! GFP flags: what an allocation may do and where its memory may come from.
//!
//! The names are meanings; the bits behind them differ between kernels. Inside, [`Gfp`] has one encoding of its own.
//! A kernel's numbers are translated at the border by its profile's [`GfpEncoding`]: the C surface, traces, reports.
//!
//! Kernel counterpart: `include/linux/gfp_types.h` (6.x), `include/linux/gfp.h` (2.6).

use bitflags::bitflags;

bitflags! {
    /// What an allocation may do, and from which zone its memory may come.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct Gfp: u32 {
        /// From zone DMA.
        const DMA = 1 << 0;
        /// May come from high memory.
        const HIGHMEM = 1 << 1;
        /// From below 4 GiB.
        const DMA32 = 1 << 2;
        /// The page can be moved or reclaimed.
        const MOVABLE = 1 << 3;
        /// A slab page that a shrinker can free.
        const RECLAIMABLE = 1 << 4;
        /// Important: may go below the watermark.
        const HIGH = 1 << 5;
        /// May start I/O.
        const IO = 1 << 6;
        /// May call into file systems.
        const FS = 1 << 7;
        /// The memory is zeroed.
        const ZERO = 1 << 8;
        /// Cannot sleep and is important (before 6.2).
        const ATOMIC_BIT = 1 << 9;
        /// May reclaim itself, that is: may sleep. The `__GFP_WAIT` of 2.6.
        const DIRECT_RECLAIM = 1 << 10;
        /// May wake kswapd.
        const KSWAPD_RECLAIM = 1 << 11;
        /// The caller will write to the page.
        const WRITE = 1 << 12;
        /// No report on failure.
        const NOWARN = 1 << 13;
        /// Tries hard, but may fail. The `__GFP_REPEAT` of 2.6.
        const RETRY_MAYFAIL = 1 << 14;
        /// Never fails.
        const NOFAIL = 1 << 15;
        /// Gives up early.
        const NORETRY = 1 << 16;
        /// May use all reserves.
        const MEMALLOC = 1 << 17;
        /// A compound page.
        const COMP = 1 << 18;
        /// May not use the emergency reserves.
        const NOMEMALLOC = 1 << 19;
        /// Bound to the process's memory nodes.
        const HARDWALL = 1 << 20;
        /// From this node only.
        const THISNODE = 1 << 21;
        /// Charged to a memory cgroup.
        const ACCOUNT = 1 << 22;
        /// A cache-cold page (2.6).
        const COLD = 1 << 23;
        /// A slab cache may not grow (2.6).
        const NO_GROW = 1 << 24;
        /// Memory tags are zeroed with the page (5.13 and later, arm64).
        const ZEROTAGS = 1 << 25;
        /// A slab that shall not keep records of who owns its objects (6.10 and later).
        const NO_OBJ_EXT = 1 << 26;
        /// kmemcheck does not watch the memory (2.6.31 to 4.14).
        const NOTRACK = 1 << 27;
        /// Counted as if it were of another node (2.6.38 to 4.9).
        const OTHER_NODE = 1 << 28;
    }
}

impl Gfp {
    /// May reclaim by any means.
    pub const RECLAIM: Self = Self::DIRECT_RECLAIM.union(Self::KSWAPD_RECLAIM);
    /// Ordinary kernel memory; may sleep.
    pub const KERNEL: Self = Self::RECLAIM.union(Self::IO).union(Self::FS);
    /// From interrupts and under spin locks; never sleeps.
    pub const ATOMIC: Self = Self::HIGH.union(Self::KSWAPD_RECLAIM).union(Self::ATOMIC_BIT);
    /// Never sleeps, no reserves.
    pub const NOWAIT: Self = Self::KSWAPD_RECLAIM;
    /// For user space, in low memory.
    pub const USER: Self = Self::KERNEL.union(Self::HARDWALL);
    /// For user space, wherever it is.
    pub const HIGHUSER: Self = Self::USER.union(Self::HIGHMEM);
    /// For user space, and the page can be moved.
    pub const HIGHUSER_MOVABLE: Self = Self::HIGHUSER.union(Self::MOVABLE);
    /// A huge page for user space, without reclaim.
    pub const TRANSHUGE_LIGHT: Self =
        Self::HIGHUSER_MOVABLE.union(Self::COMP).union(Self::NOMEMALLOC).union(Self::NOWARN).difference(Self::RECLAIM);
    /// A huge page for user space.
    pub const TRANSHUGE: Self = Self::TRANSHUGE_LIGHT.union(Self::DIRECT_RECLAIM);

    /// True when the allocation may sleep.
    #[inline]
    pub const fn may_sleep(self) -> bool {
        self.contains(Self::DIRECT_RECLAIM)
    }
}

/// How one kernel writes its GFP flags.
#[derive(Debug)]
pub struct GfpEncoding {
    /// Bits that exist: the meaning, the kernel's value, the kernel's name. In the order of the values.
    pub bits: &'static [(Gfp, u32, &'static str)],
    /// Compositions by name, largest first, as its headers define them.
    pub names: &'static [(&'static str, Gfp)],
    /// The words that reports and traces are put together of, in the order in which the kernel tries them: each that is
    /// contained in what is left is written and taken off. In groups, because kernels share some.
    pub words: &'static [&'static [(&'static str, u32)]],
    /// What is written for no flag at all.
    pub none: &'static str,
}

impl GfpEncoding {
    /// Translates the kernel's number. Bits that the kernel does not have come back as the second value.
    pub fn decode(&self, raw: u32) -> (Gfp, u32) {
        self.bits.iter().fold((Gfp::empty(), raw), |(gfp, rest), &(flag, value, _)| {
            if value != 0 && raw & value == value {
                (gfp | flag, rest & !value)
            } else {
                (gfp, rest)
            }
        })
    }
    /// Translates to the kernel's number; meanings that the kernel has no bit for are dropped.
    pub fn encode(&self, gfp: Gfp) -> u32 {
        self.bits.iter().filter(|(flag, ..)| gfp.contains(*flag)).fold(0, |raw, (_, value, _)| raw | value)
    }
    /// Finds a composition or a single flag by its kernel name (`GFP_KERNEL`, `__GFP_ZERO`).
    pub fn by_name(&self, name: &str) -> Option<Gfp> {
        self.names
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, gfp)| *gfp)
            .or_else(|| self.bits.iter().find(|(.., known)| *known == name).map(|(flag, ..)| *flag))
    }
    /// Writes the flags as traces of the kernel do: `GFP_KERNEL|__GFP_ZERO`. Bits that have no word are one number.
    pub fn write(&self, out: &mut dyn core::fmt::Write, gfp: Gfp) -> core::fmt::Result {
        let mut rest = self.encode(gfp);
        if rest == 0 {
            return out.write_str(self.none);
        }
        let mut between = "";
        for &(word, value) in self.words.iter().copied().flatten() {
            if rest & value == value {
                rest &= !value;
                write!(out, "{between}{word}")?;
                between = "|";
            }
        }
        if rest != 0 {
            write!(out, "{between}{rest:#x}")?;
        }
        Ok(())
    }
    /// Reads what [`GfpEncoding::write`] wrote. `None` when a word is unknown.
    pub fn parse(&self, text: &str) -> Option<Gfp> {
        if text == self.none {
            return Some(Gfp::empty());
        }
        let mut gfp = Gfp::empty();
        for word in text.split('|') {
            let known = self
                .words
                .iter()
                .copied()
                .flatten()
                .find(|(known, _)| *known == word)
                .map(|(_, value)| self.decode(*value).0);
            let number = || {
                let value = u32::from_str_radix(word.strip_prefix("0x")?, 16).ok()?;
                Some(self.decode(value).0)
            };
            gfp |= known.or_else(|| self.by_name(word)).or_else(number)?;
        }
        Some(gfp)
    }
}

/// The flags of 6.1: `include/linux/gfp_types.h`, `include/trace/events/mmflags.h`. The kernels of the profiles have
/// no tags that hardware checks (CONFIG_KASAN_HW_TAGS), so `__GFP_SKIP_ZERO` and `__GFP_SKIP_KASAN_*` are 0 there.
pub static GFP_6_1: GfpEncoding = GfpEncoding {
    bits: &[
        DMA,
        HIGHMEM,
        DMA32,
        MOVABLE,
        RECLAIMABLE,
        HIGH,
        IO,
        FS,
        ZERO,
        (Gfp::ATOMIC_BIT, 0x200, "__GFP_ATOMIC"),
        DIRECT_RECLAIM,
        KSWAPD_RECLAIM,
        WRITE,
        NOWARN,
        RETRY_MAYFAIL,
        NOFAIL,
        NORETRY,
        MEMALLOC,
        COMP,
        NOMEMALLOC,
        HARDWALL,
        THISNODE,
        ACCOUNT,
        ZEROTAGS,
    ],
    names: &[
        ("GFP_TRANSHUGE", Gfp::TRANSHUGE),
        ("GFP_TRANSHUGE_LIGHT", Gfp::TRANSHUGE_LIGHT),
        ("GFP_HIGHUSER_MOVABLE", Gfp::HIGHUSER_MOVABLE),
        ("GFP_HIGHUSER", Gfp::HIGHUSER),
        ("GFP_USER", Gfp::USER),
        ("GFP_KERNEL_ACCOUNT", Gfp::KERNEL.union(Gfp::ACCOUNT)),
        ("GFP_KERNEL", Gfp::KERNEL),
        ("GFP_NOFS", Gfp::RECLAIM.union(Gfp::IO)),
        ("GFP_ATOMIC", Gfp::ATOMIC),
        ("GFP_NOIO", Gfp::RECLAIM),
        ("GFP_NOWAIT", Gfp::NOWAIT),
        ("GFP_DMA", Gfp::DMA),
        ("GFP_DMA32", Gfp::DMA32),
        ("__GFP_RECLAIM", Gfp::RECLAIM),
    ],
    words: &[
        &[
            ("GFP_TRANSHUGE", 0x1c_24ca),
            ("GFP_TRANSHUGE_LIGHT", 0x1c_20ca),
            ("GFP_HIGHUSER_MOVABLE", 0x10_0cca),
            ("GFP_HIGHUSER", 0x10_0cc2),
            ("GFP_USER", 0x10_0cc0),
            ("GFP_KERNEL_ACCOUNT", 0x40_0cc0),
            ("GFP_KERNEL", 0xcc0),
            ("GFP_NOFS", 0xc40),
            ("GFP_ATOMIC", 0xa20),
            ("GFP_NOIO", 0xc00),
            ("GFP_NOWAIT", 0x800),
        ],
        ZONE_WORDS,
        &[("__GFP_ATOMIC", 0x200)],
        WORDS,
    ],
    none: "none",
};

/// The flags of 6.12. There is no bit for atomic requests any more: they are those that may not sleep and are important.
/// `GFP_NOWAIT` does not warn. `__GFP_NO_OBJ_EXT` has the next free bit and no word.
pub static GFP_6_12: GfpEncoding = GfpEncoding {
    bits: &[
        DMA,
        HIGHMEM,
        DMA32,
        MOVABLE,
        RECLAIMABLE,
        HIGH,
        IO,
        FS,
        ZERO,
        DIRECT_RECLAIM,
        KSWAPD_RECLAIM,
        WRITE,
        NOWARN,
        RETRY_MAYFAIL,
        NOFAIL,
        NORETRY,
        MEMALLOC,
        COMP,
        NOMEMALLOC,
        HARDWALL,
        THISNODE,
        ACCOUNT,
        ZEROTAGS,
        (Gfp::NO_OBJ_EXT, 0x100_0000, "__GFP_NO_OBJ_EXT"),
    ],
    names: &[
        ("GFP_TRANSHUGE", Gfp::TRANSHUGE),
        ("GFP_TRANSHUGE_LIGHT", Gfp::TRANSHUGE_LIGHT),
        ("GFP_HIGHUSER_MOVABLE", Gfp::HIGHUSER_MOVABLE),
        ("GFP_HIGHUSER", Gfp::HIGHUSER),
        ("GFP_USER", Gfp::USER),
        ("GFP_KERNEL_ACCOUNT", Gfp::KERNEL.union(Gfp::ACCOUNT)),
        ("GFP_KERNEL", Gfp::KERNEL),
        ("GFP_NOFS", Gfp::RECLAIM.union(Gfp::IO)),
        ("GFP_ATOMIC", Gfp::HIGH.union(Gfp::KSWAPD_RECLAIM)),
        ("GFP_NOIO", Gfp::RECLAIM),
        ("GFP_NOWAIT", Gfp::KSWAPD_RECLAIM.union(Gfp::NOWARN)),
        ("GFP_DMA", Gfp::DMA),
        ("GFP_DMA32", Gfp::DMA32),
        ("__GFP_RECLAIM", Gfp::RECLAIM),
    ],
    words: &[
        &[
            ("GFP_TRANSHUGE", 0x1c_24ca),
            ("GFP_TRANSHUGE_LIGHT", 0x1c_20ca),
            ("GFP_HIGHUSER_MOVABLE", 0x10_0cca),
            ("GFP_HIGHUSER", 0x10_0cc2),
            ("GFP_USER", 0x10_0cc0),
            ("GFP_KERNEL_ACCOUNT", 0x40_0cc0),
            ("GFP_KERNEL", 0xcc0),
            ("GFP_NOFS", 0xc40),
            ("GFP_ATOMIC", 0x820),
            ("GFP_NOIO", 0xc00),
            ("GFP_NOWAIT", 0x2800),
        ],
        ZONE_WORDS,
        WORDS,
    ],
    none: "none",
};

const ZONE_WORDS: &[(&str, u32)] =
    &[("GFP_DMA", 0x1), ("__GFP_HIGHMEM", 0x2), ("GFP_DMA32", 0x4), ("__GFP_HIGH", 0x20)];
const WORDS: &[(&str, u32)] = &[
    ("__GFP_IO", 0x40),
    ("__GFP_FS", 0x80),
    ("__GFP_NOWARN", 0x2000),
    ("__GFP_RETRY_MAYFAIL", 0x4000),
    ("__GFP_NOFAIL", 0x8000),
    ("__GFP_NORETRY", 0x1_0000),
    ("__GFP_COMP", 0x4_0000),
    ("__GFP_ZERO", 0x100),
    ("__GFP_NOMEMALLOC", 0x8_0000),
    ("__GFP_MEMALLOC", 0x2_0000),
    ("__GFP_HARDWALL", 0x10_0000),
    ("__GFP_THISNODE", 0x20_0000),
    ("__GFP_RECLAIMABLE", 0x10),
    ("__GFP_MOVABLE", 0x8),
    ("__GFP_ACCOUNT", 0x40_0000),
    ("__GFP_WRITE", 0x1000),
    ("__GFP_RECLAIM", 0xc00),
    ("__GFP_DIRECT_RECLAIM", 0x400),
    ("__GFP_KSWAPD_RECLAIM", 0x800),
    ("__GFP_ZEROTAGS", 0x80_0000),
];

/// A flag, its value, its name: those that 6.1 and 6.12 have in common.
type Bit = (Gfp, u32, &'static str);
const DMA: Bit = (Gfp::DMA, 0x1, "__GFP_DMA");
const HIGHMEM: Bit = (Gfp::HIGHMEM, 0x2, "__GFP_HIGHMEM");
const DMA32: Bit = (Gfp::DMA32, 0x4, "__GFP_DMA32");
const MOVABLE: Bit = (Gfp::MOVABLE, 0x8, "__GFP_MOVABLE");
const RECLAIMABLE: Bit = (Gfp::RECLAIMABLE, 0x10, "__GFP_RECLAIMABLE");
const HIGH: Bit = (Gfp::HIGH, 0x20, "__GFP_HIGH");
const IO: Bit = (Gfp::IO, 0x40, "__GFP_IO");
const FS: Bit = (Gfp::FS, 0x80, "__GFP_FS");
const ZERO: Bit = (Gfp::ZERO, 0x100, "__GFP_ZERO");
const DIRECT_RECLAIM: Bit = (Gfp::DIRECT_RECLAIM, 0x400, "__GFP_DIRECT_RECLAIM");
const KSWAPD_RECLAIM: Bit = (Gfp::KSWAPD_RECLAIM, 0x800, "__GFP_KSWAPD_RECLAIM");
const WRITE: Bit = (Gfp::WRITE, 0x1000, "__GFP_WRITE");
const NOWARN: Bit = (Gfp::NOWARN, 0x2000, "__GFP_NOWARN");
const RETRY_MAYFAIL: Bit = (Gfp::RETRY_MAYFAIL, 0x4000, "__GFP_RETRY_MAYFAIL");
const NOFAIL: Bit = (Gfp::NOFAIL, 0x8000, "__GFP_NOFAIL");
const NORETRY: Bit = (Gfp::NORETRY, 0x1_0000, "__GFP_NORETRY");
const MEMALLOC: Bit = (Gfp::MEMALLOC, 0x2_0000, "__GFP_MEMALLOC");
const COMP: Bit = (Gfp::COMP, 0x4_0000, "__GFP_COMP");
const NOMEMALLOC: Bit = (Gfp::NOMEMALLOC, 0x8_0000, "__GFP_NOMEMALLOC");
const HARDWALL: Bit = (Gfp::HARDWALL, 0x10_0000, "__GFP_HARDWALL");
const THISNODE: Bit = (Gfp::THISNODE, 0x20_0000, "__GFP_THISNODE");
const ACCOUNT: Bit = (Gfp::ACCOUNT, 0x40_0000, "__GFP_ACCOUNT");
const ZEROTAGS: Bit = (Gfp::ZEROTAGS, 0x80_0000, "__GFP_ZEROTAGS");

/// The flags of 2.6.15 to 2.6.18: `include/linux/gfp.h`.
pub static GFP_2_6: GfpEncoding = GfpEncoding {
    bits: &[
        (Gfp::DMA, 0x1, "__GFP_DMA"),
        (Gfp::HIGHMEM, 0x2, "__GFP_HIGHMEM"),
        (Gfp::DIRECT_RECLAIM, 0x10, "__GFP_WAIT"),
        (Gfp::HIGH, 0x20, "__GFP_HIGH"),
        (Gfp::IO, 0x40, "__GFP_IO"),
        (Gfp::FS, 0x80, "__GFP_FS"),
        (Gfp::COLD, 0x100, "__GFP_COLD"),
        (Gfp::NOWARN, 0x200, "__GFP_NOWARN"),
        (Gfp::RETRY_MAYFAIL, 0x400, "__GFP_REPEAT"),
        (Gfp::NOFAIL, 0x800, "__GFP_NOFAIL"),
        (Gfp::NORETRY, 0x1000, "__GFP_NORETRY"),
        (Gfp::NO_GROW, 0x2000, "__GFP_NO_GROW"),
        (Gfp::COMP, 0x4000, "__GFP_COMP"),
        (Gfp::ZERO, 0x8000, "__GFP_ZERO"),
        (Gfp::NOMEMALLOC, 0x10000, "__GFP_NOMEMALLOC"),
        (Gfp::HARDWALL, 0x20000, "__GFP_HARDWALL"),
    ],
    names: &[
        ("GFP_HIGHUSER", OLD_HIGHUSER),
        ("GFP_USER", OLD_USER),
        ("GFP_KERNEL", OLD_KERNEL),
        ("GFP_NOFS", Gfp::DIRECT_RECLAIM.union(Gfp::IO)),
        ("GFP_NOIO", Gfp::DIRECT_RECLAIM),
        ("GFP_ATOMIC", Gfp::HIGH),
        ("GFP_DMA", Gfp::DMA),
        ("GFP_NOWAIT", Gfp::empty()),
    ],
    // The kernel itself writes numbers only; these are the words of its header.
    words: &[&[
        ("GFP_HIGHUSER", 0x2_00d2),
        ("GFP_USER", 0x2_00d0),
        ("GFP_KERNEL", 0xd0),
        ("GFP_NOFS", 0x50),
        ("GFP_NOIO", 0x10),
        ("GFP_ATOMIC", 0x20),
        ("GFP_DMA", 0x1),
        ("__GFP_HIGHMEM", 0x2),
        ("__GFP_IO", 0x40),
        ("__GFP_FS", 0x80),
        ("__GFP_COLD", 0x100),
        ("__GFP_NOWARN", 0x200),
        ("__GFP_REPEAT", 0x400),
        ("__GFP_NOFAIL", 0x800),
        ("__GFP_NORETRY", 0x1000),
        ("__GFP_NO_GROW", 0x2000),
        ("__GFP_COMP", 0x4000),
        ("__GFP_ZERO", 0x8000),
        ("__GFP_NOMEMALLOC", 0x1_0000),
        ("__GFP_HARDWALL", 0x2_0000),
    ]],
    none: "GFP_NOWAIT",
};

/// The flags of 3.4: 2.6's, with the mobility bits of 2.6.24 and later.
pub static GFP_3_4: GfpEncoding = GfpEncoding {
    bits: &[
        (Gfp::DMA, 0x1, "__GFP_DMA"),
        (Gfp::HIGHMEM, 0x2, "__GFP_HIGHMEM"),
        (Gfp::DMA32, 0x4, "__GFP_DMA32"),
        (Gfp::MOVABLE, 0x8, "__GFP_MOVABLE"),
        (Gfp::DIRECT_RECLAIM, 0x10, "__GFP_WAIT"),
        (Gfp::HIGH, 0x20, "__GFP_HIGH"),
        (Gfp::IO, 0x40, "__GFP_IO"),
        (Gfp::FS, 0x80, "__GFP_FS"),
        (Gfp::COLD, 0x100, "__GFP_COLD"),
        (Gfp::NOWARN, 0x200, "__GFP_NOWARN"),
        (Gfp::RETRY_MAYFAIL, 0x400, "__GFP_REPEAT"),
        (Gfp::NOFAIL, 0x800, "__GFP_NOFAIL"),
        (Gfp::NORETRY, 0x1000, "__GFP_NORETRY"),
        (Gfp::COMP, 0x4000, "__GFP_COMP"),
        (Gfp::ZERO, 0x8000, "__GFP_ZERO"),
        (Gfp::NOMEMALLOC, 0x10000, "__GFP_NOMEMALLOC"),
        (Gfp::HARDWALL, 0x20000, "__GFP_HARDWALL"),
        (Gfp::THISNODE, 0x40000, "__GFP_THISNODE"),
        (Gfp::RECLAIMABLE, 0x80000, "__GFP_RECLAIMABLE"),
        (Gfp::WRITE, 0x100_0000, "__GFP_WRITE"),
    ],
    names: &[
        ("GFP_HIGHUSER_MOVABLE", OLD_HIGHUSER.union(Gfp::MOVABLE)),
        ("GFP_HIGHUSER", OLD_HIGHUSER),
        ("GFP_USER", OLD_USER),
        ("GFP_TEMPORARY", OLD_KERNEL.union(Gfp::RECLAIMABLE)),
        ("GFP_KERNEL", OLD_KERNEL),
        ("GFP_NOFS", Gfp::DIRECT_RECLAIM.union(Gfp::IO)),
        ("GFP_NOIO", Gfp::DIRECT_RECLAIM),
        ("GFP_ATOMIC", Gfp::HIGH),
        ("GFP_DMA", Gfp::DMA),
        ("GFP_NOWAIT", Gfp::empty()),
    ],
    // `include/trace/events/gfpflags.h`: single bits without their underscores. Zones have no word.
    words: &[&[
        ("GFP_HIGHUSER_MOVABLE", 0x2_00da),
        ("GFP_HIGHUSER", 0x2_00d2),
        ("GFP_USER", 0x2_00d0),
        ("GFP_TEMPORARY", 0x8_00d0),
        ("GFP_KERNEL", 0xd0),
        ("GFP_NOFS", 0x50),
        ("GFP_ATOMIC", 0x20),
        ("GFP_NOIO", 0x10),
        ("GFP_IO", 0x40),
        ("GFP_COLD", 0x100),
        ("GFP_NOWARN", 0x200),
        ("GFP_REPEAT", 0x400),
        ("GFP_NOFAIL", 0x800),
        ("GFP_NORETRY", 0x1000),
        ("GFP_COMP", 0x4000),
        ("GFP_ZERO", 0x8000),
        ("GFP_NOMEMALLOC", 0x1_0000),
        ("GFP_HARDWALL", 0x2_0000),
        ("GFP_THISNODE", 0x4_0000),
        ("GFP_RECLAIMABLE", 0x8_0000),
        ("GFP_MOVABLE", 0x8),
    ]],
    none: "GFP_NOWAIT",
};

const OLD_KERNEL: Gfp = Gfp::DIRECT_RECLAIM.union(Gfp::IO).union(Gfp::FS);
const OLD_USER: Gfp = OLD_KERNEL.union(Gfp::HARDWALL);
const OLD_HIGHUSER: Gfp = OLD_USER.union(Gfp::HIGHMEM);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_kernels() {
        for (encoding, name, raw) in [
            (&GFP_6_1, "GFP_KERNEL", 0xcc0),
            (&GFP_6_1, "GFP_ATOMIC", 0xa20),
            (&GFP_6_1, "GFP_NOWAIT", 0x800),
            (&GFP_6_1, "GFP_NOIO", 0xc00),
            (&GFP_6_1, "GFP_NOFS", 0xc40),
            (&GFP_6_1, "GFP_HIGHUSER", 0x10_0cc2),
            (&GFP_6_1, "GFP_HIGHUSER_MOVABLE", 0x10_0cca),
            (&GFP_6_12, "GFP_ATOMIC", 0x820),
            (&GFP_6_12, "GFP_NOWAIT", 0x2800),
            (&GFP_3_4, "GFP_HIGHUSER_MOVABLE", 0x2_00da),
            (&GFP_2_6, "GFP_KERNEL", 0xd0),
            (&GFP_2_6, "GFP_ATOMIC", 0x20),
            (&GFP_2_6, "GFP_HIGHUSER", 0x200d2),
            (&GFP_2_6, "GFP_NOFS", 0x50),
        ] {
            let gfp = encoding.by_name(name).unwrap_or(Gfp::empty());
            assert_eq!(encoding.encode(gfp), raw, "{name}");
            assert_eq!(encoding.decode(raw), (gfp, 0), "{name}");
        }
    }

    const ALL: [&GfpEncoding; 4] = [&GFP_6_1, &GFP_6_12, &GFP_3_4, &GFP_2_6];

    #[test]
    fn words_are_the_names_of_their_bits() {
        for encoding in ALL {
            for &(word, value) in encoding.words.iter().copied().flatten() {
                let gfp = encoding.by_name(word).or_else(|| encoding.by_name(&format!("__{word}")));
                assert_eq!(gfp.map(|gfp| encoding.encode(gfp)), Some(value), "{word}");
            }
            for (_, value, name) in encoding.bits {
                assert_eq!(encoding.by_name(name).map(|gfp| encoding.encode(gfp)), Some(*value), "{name}");
            }
        }
    }

    #[track_caller]
    fn check(encoding: &GfpEncoding, raw: u32, text: &str) {
        let (gfp, unknown) = encoding.decode(raw);
        let mut written = String::new();
        assert!(encoding.write(&mut written, gfp).is_ok());
        assert_eq!((written.as_str(), unknown), (text, 0));
        assert_eq!(encoding.parse(text).map(|gfp| encoding.encode(gfp)), Some(raw));
    }

    #[test]
    fn words_as_the_kernels_write_them() {
        // Reports of 6.1 that have number and words.
        check(&GFP_6_1, 0x14_0cca, "GFP_HIGHUSER_MOVABLE|__GFP_COMP");
        check(&GFP_6_1, 0x40_0dc0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO");
        check(&GFP_6_1, 0xdc0, "GFP_KERNEL|__GFP_ZERO");
        // The order is the table's, not that of the bits.
        check(&GFP_6_1, 0x40_8d40, "GFP_NOFS|__GFP_NOFAIL|__GFP_ZERO|__GFP_ACCOUNT");
        check(&GFP_6_1, 0x2800, "GFP_NOWAIT|__GFP_NOWARN");
        check(&GFP_6_12, 0x2800, "GFP_NOWAIT");
        check(&GFP_6_12, 0x820, "GFP_ATOMIC");
        check(&GFP_6_12, 0x100_0800, "__GFP_KSWAPD_RECLAIM|0x1000000");
        check(&GFP_6_12, 0, "none");
        check(&GFP_3_4, 0x80d0, "GFP_KERNEL|GFP_ZERO");
        check(&GFP_3_4, 0xd2, "GFP_KERNEL|0x2");
        check(&GFP_2_6, 0, "GFP_NOWAIT");
    }
}
