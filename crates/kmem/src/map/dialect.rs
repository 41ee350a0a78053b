//! What kernels of different ages say and do differently about vm areas: one row for each change.

use crate::gfp::Gfp;
use crate::profile::Profile;
use core::fmt;

/// The behaviour of the kernels from one version on.
#[derive(Debug)]
pub(super) struct Dialect {
    /// First version that behaves so.
    since: (u32, u32, u32),
    /// What is said when the address range has no room.
    pub no_room: NoRoom,
    /// Whether `__GFP_NOWARN` silences that.
    pub nowarn_silences: bool,
    /// What is said when more is asked for than the machine has.
    pub refusal: Refusal,
    /// Whether vmalloc allows high memory by itself; before, its callers did.
    pub adds_highmem: bool,
    /// How I/O areas are aligned.
    pub io_align: IoAlign,
    /// Whether ioremap says that it refuses RAM.
    pub says_io_on_ram: bool,
    /// Whether ioremap of a PC's ISA range gives the direct map's address.
    pub isa_is_direct: bool,
}

/// What is said when the address range has no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoRoom {
    /// 2.6.0 to 2.6.27.
    WithoutSize,
    /// 2.6.28 to 4.5: with a full stop.
    WithStop,
    /// 4.6 and later.
    Plain,
}

/// What is said when more is asked for than the machine has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Nothing.
    Silent,
    /// 3.2 to 5.12: `vmalloc: allocation failure: N bytes`.
    Bytes,
    /// 5.13 and later: `vmalloc error: size N, exceeds total pages`.
    Reason,
}

/// How an I/O area of so many bytes is aligned: to a power of two, at most the architecture's largest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IoAlign {
    /// By `fls`: a power of two is aligned to twice its size (before 4.8).
    Above,
    /// By `get_count_order_long`.
    Covering,
}

/// Sources: `mm/vmalloc.c` of 2.6.11, 2.6.28, 3.4, 4.1, 4.6, 4.12 and 6.1; `arch/x86/mm/ioremap.c`, `arch/i386/mm/ioremap.c`.
static DIALECTS: [Dialect; 7] = [
    OLD,
    Dialect { since: (2, 6, 28), no_room: NoRoom::WithStop, says_io_on_ram: true, ..OLD },
    Dialect { since: (3, 2, 0), no_room: NoRoom::WithStop, refusal: Refusal::Bytes, says_io_on_ram: true, ..OLD },
    Dialect { since: (4, 6, 0), no_room: NoRoom::Plain, refusal: Refusal::Bytes, says_io_on_ram: true, ..OLD },
    Dialect {
        since: (4, 8, 0),
        no_room: NoRoom::Plain,
        refusal: Refusal::Bytes,
        io_align: IoAlign::Covering,
        says_io_on_ram: true,
        ..OLD
    },
    Dialect { since: (4, 12, 0), refusal: Refusal::Bytes, isa_is_direct: true, ..NEW },
    Dialect { since: (5, 13, 0), ..NEW },
];

const OLD: Dialect = Dialect {
    since: (2, 6, 0),
    no_room: NoRoom::WithoutSize,
    nowarn_silences: false,
    refusal: Refusal::Silent,
    adds_highmem: false,
    io_align: IoAlign::Above,
    says_io_on_ram: false,
    isa_is_direct: true,
};
const NEW: Dialect = Dialect {
    since: (6, 1, 0),
    no_room: NoRoom::Plain,
    nowarn_silences: true,
    refusal: Refusal::Reason,
    adds_highmem: true,
    io_align: IoAlign::Covering,
    says_io_on_ram: true,
    isa_is_direct: false,
};

impl Dialect {
    /// Returns the row of a profile's kernel.
    pub(super) fn of(profile: &Profile) -> &'static Self {
        DIALECTS.iter().rev().find(|row| row.since <= profile.version).unwrap_or(&DIALECTS[0])
    }
}

/// Flags as a kernel prints them: `0xcc0(GFP_KERNEL)`.
pub(super) struct ShowGfp(pub &'static Profile, pub Gfp);

impl fmt::Display for ShowGfp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(profile, gfp) = self;
        write!(f, "{:#x}(", profile.gfp.encode(*gfp))?;
        profile.gfp.write(f, *gfp)?;
        f.write_str(")")
    }
}
