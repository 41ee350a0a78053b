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
    /// Compositions by name, largest first, as the kernel prints and its headers define them.
    pub names: &'static [(&'static str, Gfp)],
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
    /// Writes the flags as the kernel does: `GFP_KERNEL|__GFP_ZERO`.
    pub fn write(&self, out: &mut dyn core::fmt::Write, gfp: Gfp) -> core::fmt::Result {
        let whole = self.names.iter().find(|(_, whole)| gfp.contains(*whole) && whole.is_empty() == gfp.is_empty());
        let rest = whole.map_or(gfp, |(_, whole)| gfp - *whole);
        let single = self.bits.iter().filter(|(flag, ..)| rest.contains(*flag)).map(|(.., name)| *name);
        let mut names = whole.map(|(name, _)| *name).into_iter().chain(single).peekable();
        if names.peek().is_none() {
            return out.write_char('0');
        }
        while let Some(name) = names.next() {
            out.write_str(name)?;
            if names.peek().is_some() {
                out.write_char('|')?;
            }
        }
        Ok(())
    }
}

/// The flags of 6.1: `include/linux/gfp_types.h`.
pub static GFP_6_1: GfpEncoding = GfpEncoding {
    bits: &[
        (Gfp::DMA, 0x1, "__GFP_DMA"),
        (Gfp::HIGHMEM, 0x2, "__GFP_HIGHMEM"),
        (Gfp::DMA32, 0x4, "__GFP_DMA32"),
        (Gfp::MOVABLE, 0x8, "__GFP_MOVABLE"),
        (Gfp::RECLAIMABLE, 0x10, "__GFP_RECLAIMABLE"),
        (Gfp::HIGH, 0x20, "__GFP_HIGH"),
        (Gfp::IO, 0x40, "__GFP_IO"),
        (Gfp::FS, 0x80, "__GFP_FS"),
        (Gfp::ZERO, 0x100, "__GFP_ZERO"),
        (Gfp::ATOMIC_BIT, 0x200, "__GFP_ATOMIC"),
        (Gfp::DIRECT_RECLAIM, 0x400, "__GFP_DIRECT_RECLAIM"),
        (Gfp::KSWAPD_RECLAIM, 0x800, "__GFP_KSWAPD_RECLAIM"),
        (Gfp::WRITE, 0x1000, "__GFP_WRITE"),
        (Gfp::NOWARN, 0x2000, "__GFP_NOWARN"),
        (Gfp::RETRY_MAYFAIL, 0x4000, "__GFP_RETRY_MAYFAIL"),
        (Gfp::NOFAIL, 0x8000, "__GFP_NOFAIL"),
        (Gfp::NORETRY, 0x10000, "__GFP_NORETRY"),
        (Gfp::MEMALLOC, 0x20000, "__GFP_MEMALLOC"),
        (Gfp::COMP, 0x40000, "__GFP_COMP"),
        (Gfp::NOMEMALLOC, 0x80000, "__GFP_NOMEMALLOC"),
        (Gfp::HARDWALL, 0x10_0000, "__GFP_HARDWALL"),
        (Gfp::THISNODE, 0x20_0000, "__GFP_THISNODE"),
        (Gfp::ACCOUNT, 0x40_0000, "__GFP_ACCOUNT"),
    ],
    names: &[
        ("GFP_HIGHUSER_MOVABLE", Gfp::HIGHUSER.union(Gfp::MOVABLE)),
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
    ],
};

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
        ("GFP_KERNEL", OLD_KERNEL),
        ("GFP_NOFS", Gfp::DIRECT_RECLAIM.union(Gfp::IO)),
        ("GFP_NOIO", Gfp::DIRECT_RECLAIM),
        ("GFP_ATOMIC", Gfp::HIGH),
        ("GFP_DMA", Gfp::DMA),
        ("GFP_NOWAIT", Gfp::empty()),
    ],
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
}
