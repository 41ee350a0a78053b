//! What a kernel says when the layout is not as asked for: facts, and each kernel's words for them.
//!
//! Sources: `arch/arm/mm/mmu.c` (`early_vmalloc`; its words changed with 5.14), `arch/i386/kernel/setup.c` of 2.6.11 (`find_max_low_pfn`),
//! `arch/x86/mm/init_32.c` of 6.1 (`highmem_pfn_init`, `lowmem_pfn_init`).

use core::fmt;

/// Something a kernel says about the layout it chose. Shown as that kernel says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// `vmalloc=` is below the least.
    VmallocTooSmall {
        /// What was taken, in MiB.
        limit_mb: u64,
    },
    /// `vmalloc=` leaves too little for low memory.
    VmallocTooBig {
        /// What was taken, in MiB.
        limit_mb: u64,
    },
    /// `highmem=` is at least all RAM.
    HighmemBiggerThanRam {
        /// What was asked for, in MiB.
        asked_mb: u64,
        /// RAM, in MiB.
        ram_mb: u64,
    },
    /// `highmem=` would leave less than 64 MiB of low memory.
    HighmemLeavesTooLittle {
        /// What was asked for, in MiB.
        asked_mb: u64,
    },
    /// `highmem=` is more than there is.
    HighmemMoreThanThereIs {
        /// What there is, in MiB.
        there_mb: u64,
        /// What was asked for, in MiB.
        asked_mb: u64,
    },
    /// RAM lies above what the page tables reach.
    RamBeyondPageTables,
    /// `kernelcore=mirror` where no RAM is mirrored: there is no ZONE_MOVABLE.
    NoMirroredMemory,
}

/// How a kernel words its warnings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wording {
    /// As 2.6 on x86, and before 5.14 on ARM.
    Old,
    /// As 2.6.30 and later on x86, 5.14 and later on ARM.
    Modern,
}

impl Warning {
    /// Writes the warning as a kernel words it, without the newline at its end.
    pub fn write(self, out: &mut dyn fmt::Write, wording: Wording) -> fmt::Result {
        let old = wording == Wording::Old;
        match self {
            Self::VmallocTooSmall { limit_mb } if old => {
                write!(out, "vmalloc area too small, limiting to {limit_mb}MB")
            }
            Self::VmallocTooSmall { limit_mb } => write!(out, "vmalloc area is too small, limiting to {limit_mb}MiB"),
            Self::VmallocTooBig { limit_mb } => {
                write!(out, "vmalloc area is too big, limiting to {limit_mb}{}", if old { "MB" } else { "MiB" })
            }
            Self::HighmemBiggerThanRam { asked_mb, ram_mb } if old => {
                write!(out, "highmem size specified ({asked_mb}MB) is bigger than pages available ({ram_mb}MB)!.")
            }
            Self::HighmemBiggerThanRam { asked_mb, ram_mb } => {
                write!(out, "highmem size ({asked_mb}MB) is bigger than pages available ({ram_mb}MB)!")
            }
            Self::HighmemLeavesTooLittle { asked_mb } if old => {
                write!(out, "highmem size {asked_mb}MB results in smaller than 64MB lowmem, ignoring it.")
            }
            Self::HighmemLeavesTooLittle { asked_mb } => {
                write!(out, "highmem size ({asked_mb}MB) results in <64MB lowmem, ignoring it!")
            }
            Self::HighmemMoreThanThereIs { there_mb, asked_mb } => {
                let end = if old { '.' } else { '!' };
                write!(out, "only {there_mb}MB highmem pages available, ignoring highmem size of {asked_mb}MB{end}")
            }
            Self::NoMirroredMemory => out.write_str("The system has no mirror memory, ignore kernelcore=mirror."),
            Self::RamBeyondPageTables => out.write_str("Warning only 4GB will be used.\nUse a PAE enabled kernel."),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Wording::Modern)
    }
}

/// The warnings of one boot, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Warnings {
    list: [Option<Warning>; Self::CAPACITY],
}

impl Warnings {
    /// A layout has at most so many.
    const CAPACITY: usize = 4;

    pub(super) fn push(&mut self, warning: Warning) {
        if let Some(place) = self.list.iter_mut().find(|place| place.is_none()) {
            *place = Some(warning);
        }
    }
    /// Returns them in order.
    pub fn iter(&self) -> impl Iterator<Item = Warning> + '_ {
        self.list.iter().copied().flatten()
    }
}
