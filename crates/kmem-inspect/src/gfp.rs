//! GFP masks of any kernel: what a number means, and which number a word is.
//!
//! The same number means different things in different kernels: 0xd0 is GFP_KERNEL up to 4.3, and 0xcc0 since 5.0. Each
//! stretch of kernels that share their numbers is an [`Epoch`]; those of the engine's profiles are the engine's tables,
//! the others stand here.
//!
//! Sources: `include/linux/gfp.h` of 2.4, 4.4, 4.12, 4.19; masks in reports of these kernels (`mode:0x24000c0(GFP_KERNEL)`,
//! `mode:0x14000c0(GFP_KERNEL)`, `mode:0x6000c0(GFP_KERNEL)`, `0x480020(GFP_ATOMIC)`).

use crate::parse::kernel_log::Version;
use kmem::gfp::{Gfp, GfpEncoding, GFP_2_6, GFP_3_4, GFP_6_1, GFP_6_12};

/// Kernels that share their numbers.
#[derive(Debug)]
pub struct Epoch {
    /// The first version.
    pub from: Version,
    /// The first version that it does not hold for any more.
    pub until: Version,
    /// The versions in words.
    pub name: &'static str,
    /// The numbers.
    pub encoding: &'static GfpEncoding,
}

/// All epochs, ascending.
pub static EPOCHS: [Epoch; 10] = [
    Epoch { from: (0, 0, 0), until: (2, 5, 0), name: "2.4", encoding: &GFP_2_4 },
    Epoch { from: (2, 5, 0), until: (2, 6, 24), name: "2.6.0 to 2.6.23", encoding: &GFP_2_6 },
    Epoch { from: (2, 6, 24), until: (3, 6, 0), name: "2.6.24 to 3.5", encoding: &GFP_2_6_24 },
    Epoch { from: (3, 6, 0), until: (4, 4, 0), name: "3.6 to 4.3", encoding: &GFP_3_6 },
    Epoch { from: (4, 4, 0), until: (4, 10, 0), name: "4.4 to 4.9", encoding: &GFP_4_4 },
    Epoch { from: (4, 10, 0), until: (4, 18, 0), name: "4.10 to 4.17", encoding: &GFP_4_10 },
    Epoch { from: (4, 18, 0), until: (5, 0, 0), name: "4.18 to 4.20", encoding: &GFP_4_18 },
    Epoch { from: (5, 0, 0), until: (6, 3, 0), name: "5.0 to 6.2", encoding: &GFP_6_1 },
    Epoch { from: (6, 3, 0), until: (6, 8, 0), name: "6.3 to 6.7", encoding: &GFP_6_3 },
    Epoch { from: (6, 8, 0), until: (u32::MAX, 0, 0), name: "6.8 and later", encoding: &GFP_6_12 },
];

/// Returns the epoch of a version.
pub fn epoch(version: Version) -> &'static Epoch {
    EPOCHS.iter().find(|epoch| version < epoch.until).unwrap_or(&EPOCHS[EPOCHS.len() - 1])
}

/// Why words have no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoNumber<'a> {
    /// No kernel has this word.
    Unknown(&'a str),
    /// This kernel has no bit for it.
    NotHere(&'a str),
}

impl Epoch {
    /// Writes a mask in words: `GFP_KERNEL|__GFP_ZERO`. Bits that have no name are a number.
    pub fn words(&self, raw: u32) -> String {
        let (gfp, unknown) = self.encoding.decode(raw);
        let mut text = String::new();
        if !self.encoding.words.is_empty() {
            // A string can be written.
            let _ = self.encoding.write(&mut text, gfp);
        } else {
            let names = self.encoding.names.iter().map(|(name, gfp)| (*name, self.encoding.encode(*gfp)));
            let bits = self.encoding.bits.iter().map(|(_, value, name)| (*name, *value));
            let mut rest = raw & !unknown;
            for (name, value) in names.chain(bits).filter(|(_, value)| *value != 0) {
                if rest & value == value {
                    rest &= !value;
                    text += if text.is_empty() { "" } else { "|" };
                    text += name;
                }
            }
            if text.is_empty() {
                text += self.encoding.none;
            }
        }
        match unknown {
            0 => text,
            bits if raw == bits => format!("{bits:#x}"),
            bits => format!("{text}|{bits:#x}"),
        }
    }
    /// Reads words, also those that only another epoch has (`__GFP_WAIT`): the number here.
    ///
    /// # Errors
    /// The first word that no kernel has, or that this one has no bit for.
    pub fn number<'a>(&self, words: &'a str) -> Result<u32, NoNumber<'a>> {
        words.split('|').try_fold(0, |sum, word| {
            let word = word.trim();
            let gfp = self.encoding.by_name(word).or_else(|| self.encoding.parse(word));
            let elsewhere = || EPOCHS.iter().rev().find_map(|epoch| epoch.encoding.by_name(word));
            let gfp = gfp.or_else(elsewhere).ok_or(NoNumber::Unknown(word))?;
            let raw = self.encoding.encode(gfp);
            if self.encoding.decode(raw).0.contains(gfp) {
                Ok(sum | raw)
            } else {
                Err(NoNumber::NotHere(word))
            }
        })
    }
    /// True when every bit has a meaning here.
    pub fn knows(&self, raw: u32) -> bool {
        self.encoding.decode(raw).1 == 0
    }
}

/// What flags mean, in words: one sentence each.
pub fn meaning(gfp: Gfp) -> Vec<&'static str> {
    let mut said = Vec::new();
    said.push(if gfp.may_sleep() {
        "may sleep: reclaims, and waits for it"
    } else if gfp.intersects(Gfp::HIGH.union(Gfp::ATOMIC_BIT)) {
        "never sleeps, and may use a part of the reserve"
    } else {
        "never sleeps, and has no reserve"
    });
    if gfp.may_sleep() && !gfp.contains(Gfp::IO) {
        said.push("starts no I/O for it");
    } else if gfp.may_sleep() && !gfp.contains(Gfp::FS) {
        said.push("calls no file system for it");
    }
    said.push(if gfp.contains(Gfp::DMA) {
        "from zone DMA only"
    } else if gfp.contains(Gfp::DMA32) {
        "from below 4 GiB"
    } else if gfp.contains(Gfp::HIGHMEM) {
        "from any zone, high memory too"
    } else {
        "from memory that is mapped directly"
    });
    for (flag, words) in [
        (Gfp::NORETRY, "gives up early"),
        (Gfp::RETRY_MAYFAIL, "tries hard, but may fail"),
        (Gfp::NOFAIL, "does not fail: waits for ever"),
        (Gfp::NOWARN, "fails without a report"),
        (Gfp::MEMALLOC, "may use all reserves"),
        (Gfp::NOMEMALLOC, "uses no reserve even where it might"),
        (Gfp::ZERO, "zeroed"),
        (Gfp::COMP, "a compound page"),
        (Gfp::MOVABLE, "can be moved"),
        (Gfp::ACCOUNT, "charged to a memory cgroup"),
        (Gfp::THISNODE, "from this node only"),
    ] {
        if gfp.contains(flag) {
            said.push(words);
        }
    }
    said
}

type Bit = (Gfp, u32, &'static str);

/// 2.4: no flag says that nobody needs to be warned, and one more says that I/O on high memory is allowed.
static GFP_2_4: GfpEncoding = GfpEncoding {
    bits: &[
        (Gfp::DMA, 0x1, "__GFP_DMA"),
        (Gfp::HIGHMEM, 0x2, "__GFP_HIGHMEM"),
        (Gfp::DIRECT_RECLAIM, 0x10, "__GFP_WAIT"),
        (Gfp::HIGH, 0x20, "__GFP_HIGH"),
        // __GFP_HIGHIO (0x80) has no meaning of its own later.
        (Gfp::IO, 0xc0, "__GFP_IO|__GFP_HIGHIO"),
        (Gfp::FS, 0x100, "__GFP_FS"),
    ],
    names: &[
        ("GFP_KERNEL", Gfp::DIRECT_RECLAIM.union(Gfp::HIGH).union(Gfp::IO).union(Gfp::FS)),
        ("GFP_USER", Gfp::DIRECT_RECLAIM.union(Gfp::IO).union(Gfp::FS)),
        ("GFP_NOFS", Gfp::DIRECT_RECLAIM.union(Gfp::HIGH).union(Gfp::IO)),
        ("GFP_NOIO", Gfp::DIRECT_RECLAIM.union(Gfp::HIGH)),
        ("GFP_ATOMIC", Gfp::HIGH),
    ],
    words: &[],
    none: "0",
};

/// What 4.4 to 4.20 have in common: the low bits of 3.4, and a bit of their own for atomic requests.
const COMMON: [Bit; 18] = [
    (Gfp::DMA, 0x1, "__GFP_DMA"),
    (Gfp::HIGHMEM, 0x2, "__GFP_HIGHMEM"),
    (Gfp::DMA32, 0x4, "__GFP_DMA32"),
    (Gfp::MOVABLE, 0x8, "__GFP_MOVABLE"),
    (Gfp::RECLAIMABLE, 0x10, "__GFP_RECLAIMABLE"),
    (Gfp::HIGH, 0x20, "__GFP_HIGH"),
    (Gfp::IO, 0x40, "__GFP_IO"),
    (Gfp::FS, 0x80, "__GFP_FS"),
    (Gfp::NOWARN, 0x200, "__GFP_NOWARN"),
    (Gfp::NOFAIL, 0x800, "__GFP_NOFAIL"),
    (Gfp::NORETRY, 0x1000, "__GFP_NORETRY"),
    (Gfp::MEMALLOC, 0x2000, "__GFP_MEMALLOC"),
    (Gfp::COMP, 0x4000, "__GFP_COMP"),
    (Gfp::ZERO, 0x8000, "__GFP_ZERO"),
    (Gfp::NOMEMALLOC, 0x1_0000, "__GFP_NOMEMALLOC"),
    (Gfp::HARDWALL, 0x2_0000, "__GFP_HARDWALL"),
    (Gfp::THISNODE, 0x4_0000, "__GFP_THISNODE"),
    (Gfp::ATOMIC_BIT, 0x8_0000, "__GFP_ATOMIC"),
];

/// Bits and some more.
const fn joined<const N: usize>(bits: &[Bit], more: &[Bit]) -> [Bit; N] {
    let mut all = [COMMON[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < bits.len() { bits[at] } else { more[at - bits.len()] };
        at += 1;
    }
    all
}
/// The common bits and some more.
const fn with<const N: usize>(more: &[Bit]) -> [Bit; N] {
    joined(&COMMON, more)
}

/// Two that decide nothing: kmemcheck's, and one of huge pages that are made beside.
const BESIDE: [Bit; 2] = [(Gfp::NOTRACK, 0x20_0000, "__GFP_NOTRACK"), (Gfp::OTHER_NODE, 0x80_0000, "__GFP_OTHER_NODE")];
const BITS_3_4: &[Bit] = GFP_3_4.bits;
const BITS_2_6_24: [Bit; BITS_3_4.len() + 2] = joined(BITS_3_4, &BESIDE);
/// Reports have the number only; these are the words of the header, and not those of traces.
static GFP_2_6_24: GfpEncoding =
    GfpEncoding { bits: &BITS_2_6_24, names: GFP_3_4.names, words: &[], none: "GFP_NOWAIT" };
/// 3.6 gave the bit that had been free since 2.6.24 to swapping over networks.
static BITS_3_6: [Bit; BITS_2_6_24.len() + 1] = joined(&BITS_2_6_24, &[(Gfp::MEMALLOC, 0x2000, "__GFP_MEMALLOC")]);
static GFP_3_6: GfpEncoding = GfpEncoding { bits: &BITS_3_6, names: GFP_3_4.names, words: &[], none: "GFP_NOWAIT" };

static BITS_4_4: [Bit; 26] = with(&[
    BESIDE[0],
    BESIDE[1],
    (Gfp::COLD, 0x100, "__GFP_COLD"),
    (Gfp::RETRY_MAYFAIL, 0x400, "__GFP_REPEAT"),
    (Gfp::ACCOUNT, 0x10_0000, "__GFP_ACCOUNT"),
    (Gfp::DIRECT_RECLAIM, 0x40_0000, "__GFP_DIRECT_RECLAIM"),
    (Gfp::WRITE, 0x100_0000, "__GFP_WRITE"),
    (Gfp::KSWAPD_RECLAIM, 0x200_0000, "__GFP_KSWAPD_RECLAIM"),
]);
static BITS_4_10: [Bit; 25] = with(&[
    BESIDE[0],
    (Gfp::COLD, 0x100, "__GFP_COLD"),
    (Gfp::RETRY_MAYFAIL, 0x400, "__GFP_RETRY_MAYFAIL"),
    (Gfp::ACCOUNT, 0x10_0000, "__GFP_ACCOUNT"),
    (Gfp::DIRECT_RECLAIM, 0x40_0000, "__GFP_DIRECT_RECLAIM"),
    (Gfp::WRITE, 0x80_0000, "__GFP_WRITE"),
    (Gfp::KSWAPD_RECLAIM, 0x100_0000, "__GFP_KSWAPD_RECLAIM"),
]);
/// `___GFP_COLD` and `___GFP_OTHER_NODE` were gone; what stood behind slid into their places.
static BITS_4_18: [Bit; 23] = with(&[
    (Gfp::WRITE, 0x100, "__GFP_WRITE"),
    (Gfp::RETRY_MAYFAIL, 0x400, "__GFP_RETRY_MAYFAIL"),
    (Gfp::ACCOUNT, 0x10_0000, "__GFP_ACCOUNT"),
    (Gfp::DIRECT_RECLAIM, 0x20_0000, "__GFP_DIRECT_RECLAIM"),
    (Gfp::KSWAPD_RECLAIM, 0x40_0000, "__GFP_KSWAPD_RECLAIM"),
]);

/// Compositions of 4.4 and later: those of 6.1.
const NAMES: &[(&str, Gfp)] = GFP_6_1.names;

/// 6.3 to 6.7: the numbers of 6.12, but `GFP_NOWAIT` warns.
const NAMES_6_12: &[(&str, Gfp)] = GFP_6_12.names;
static NAMES_6_3: [(&str, Gfp); NAMES_6_12.len()] = {
    let mut all = [NAMES_6_12[0]; NAMES_6_12.len()];
    let mut at = 0;
    while at < all.len() {
        let (name, gfp) = NAMES_6_12[at];
        let is_nowait = gfp.bits() == Gfp::KSWAPD_RECLAIM.union(Gfp::NOWARN).bits();
        all[at] = (name, if is_nowait { Gfp::KSWAPD_RECLAIM } else { gfp });
        at += 1;
    }
    all
};
static GFP_6_3: GfpEncoding = GfpEncoding { bits: GFP_6_12.bits, names: &NAMES_6_3, words: &[], none: "none" };

static GFP_4_4: GfpEncoding = GfpEncoding { bits: &BITS_4_4, names: NAMES, words: &[], none: "none" };
static GFP_4_10: GfpEncoding = GfpEncoding { bits: &BITS_4_10, names: NAMES, words: &[], none: "none" };
static GFP_4_18: GfpEncoding = GfpEncoding { bits: &BITS_4_18, names: NAMES, words: &[], none: "none" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_reports_have() {
        for (version, raw, words) in [
            ((2, 4, 20), 0x1f0, "GFP_KERNEL"),
            ((2, 4, 20), 0x20, "GFP_ATOMIC"),
            ((2, 6, 18), 0xd0, "GFP_KERNEL"),
            ((2, 6, 32), 0x20, "GFP_ATOMIC"),
            ((3, 4, 0), 0xd0, "GFP_KERNEL"),
            ((3, 10, 0), 0x2_00da, "GFP_HIGHUSER_MOVABLE"),
            // A packet for a socket that swaps.
            ((3, 10, 0), 0x2020, "GFP_ATOMIC|__GFP_MEMALLOC"),
            ((4, 19, 0), 0x60_01c0, "GFP_KERNEL|__GFP_WRITE"),
            ((4, 3, 5), 0xd0, "GFP_KERNEL"),
            ((4, 4, 0), 0x240_00c0, "GFP_KERNEL"),
            ((4, 9, 0), 0x208_0020, "GFP_ATOMIC"),
            ((4, 9, 0), 0x208_8020, "GFP_ATOMIC|__GFP_ZERO"),
            ((4, 14, 0), 0x140_00c0, "GFP_KERNEL"),
            ((4, 14, 107), 0x108_0020, "GFP_ATOMIC"),
            ((4, 19, 0), 0x60_00c0, "GFP_KERNEL"),
            ((4, 19, 0), 0x48_0020, "GFP_ATOMIC"),
            ((5, 4, 0), 0xcc0, "GFP_KERNEL"),
            ((5, 15, 0), 0xa20, "GFP_ATOMIC"),
            ((6, 12, 0), 0x820, "GFP_ATOMIC"),
            ((6, 5, 0), 0x800, "GFP_NOWAIT"),
            ((6, 5, 0), 0x2800, "GFP_NOWAIT|__GFP_NOWARN"),
            ((6, 5, 0), 0x820, "GFP_ATOMIC"),
            ((6, 8, 0), 0x2800, "GFP_NOWAIT"),
        ] {
            let epoch = epoch(version);
            assert_eq!(epoch.words(raw), words, "{version:?} {raw:#x}");
            assert_eq!(epoch.number(words), Ok(raw), "{version:?} {words}");
            assert!(epoch.knows(raw));
        }
    }

    #[test]
    fn bits_without_a_name_stay_numbers() {
        assert_eq!(epoch((6, 1, 0)).words(0x8000_0cc0), "GFP_KERNEL|0x80000000");
        assert_eq!(epoch((4, 19, 0)).words(0x8000_0000), "0x80000000");
        assert!(!epoch((4, 19, 0)).knows(0x8000_0000));
        assert_eq!(epoch((6, 1, 0)).number("GFP_KERNEL|__GFP_ZREO"), Err(NoNumber::Unknown("__GFP_ZREO")));
        assert_eq!(epoch((2, 4, 0)).number("GFP_KERNEL|__GFP_ZERO"), Err(NoNumber::NotHere("__GFP_ZERO")));
    }

    #[test]
    fn words_of_one_age_are_numbers_of_another() {
        assert_eq!(epoch((6, 1, 0)).number("__GFP_WAIT"), Ok(0x400));
        assert_eq!(epoch((4, 4, 0)).number("GFP_KERNEL|__GFP_ZERO"), Ok(0x240_80c0));
    }
}
