//! What differs between kernels in the memory of processes, as data.

/// The rules of one kernel.
#[derive(Clone, Copy, Debug)]
pub struct UserRule {
    /// Where mmap looks for room.
    pub mmap: MmapPlace,
    /// What is refused as obviously too much, with `vm.overcommit_memory` 0.
    pub guess: CommitGuess,
    /// `vm.mmap_min_addr`: no mapping below.
    pub mmap_min_addr: u64,
    /// `vm.max_map_count`: the most VMAs of a process.
    pub max_map_count: u32,
    /// Where the heap begins: the end of a small static program at the architecture's usual address.
    pub start_brk: u64,
    /// `sizeof(struct vm_area_struct)`.
    pub vma_bytes: u32,
    /// On which list a new page of a process is, for meminfo.
    pub new_pages: NewPages,
    /// Which tables the line `PageTables` of meminfo counts.
    pub tables: TableCount,
}

/// Where mmap looks for room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MmapPlace {
    /// The highest place below the stack's gap, of so many bytes: the flexible layout.
    TopDown {
        /// `MIN_GAP`, which is more than the usual stack of 8 MiB needs.
        gap: u64,
    },
    /// The lowest place from `TASK_UNMAPPED_BASE` on, a third of the address space: the layout of old kernels.
    BottomUp,
}

/// What is refused as obviously too much. Processes here are root's, which a kernel leaves nothing for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitGuess {
    /// More than RAM and swap together (5.3 and later).
    Ram,
    /// More than is free, without what watermarks keep (2.6.18 to 5.2).
    FreeLessReserve,
    /// More than is free (before).
    Free,
}

/// On which list a new page of a process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NewPages {
    /// Active (before 5.9).
    Active,
    /// Inactive, until it is used again.
    Inactive,
}

/// Which tables `PageTables` counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableCount {
    /// Those of the last level (before 5.9).
    Last,
    /// All but the root.
    BelowRoot,
}

/// The program that is assumed below the heap: a page of code and one of data at `0x08048000`, i386's ABI.
const I386_HEAP: u64 = 0x0804_a000;
/// The same at 0x8000, where ARM's linker scripts of the time put programs.
const ARM_HEAP: u64 = 0x0000_a000;

impl UserRule {
    /// 6.1 on i386. `MIN_GAP`: `arch/x86/mm/mmap.c`; mmap_min_addr: Debian's `CONFIG_DEFAULT_MMAP_MIN_ADDR`;
    /// max_map_count: `include/linux/mm.h`; the guess: `__vm_enough_memory` in `mm/util.c`; `vma_bytes`: a real one's
    /// slabinfo.
    pub const I386_6_1: Self = Self {
        mmap: MmapPlace::TopDown { gap: 128 << 20 },
        guess: CommitGuess::Ram,
        mmap_min_addr: 65536,
        max_map_count: 65530,
        start_brk: I386_HEAP,
        vma_bytes: 72,
        new_pages: NewPages::Inactive,
        tables: TableCount::BelowRoot,
    };
    /// 6.1 on i386 with PAE, whose page protections have 64 bits.
    pub const I386_PAE_6_1: Self = Self { vma_bytes: 80, ..Self::I386_6_1 };
    /// 3.4 on ARM: the flexible layout is 3.3's there (`arch/arm/mm/mmap.c`); mmap_min_addr: `mm/Kconfig`.
    pub const ARM_3_4: Self = Self {
        mmap: MmapPlace::TopDown { gap: 128 << 20 },
        guess: CommitGuess::FreeLessReserve,
        mmap_min_addr: 32768,
        max_map_count: 65530,
        start_brk: ARM_HEAP,
        vma_bytes: 88,
        new_pages: NewPages::Active,
        tables: TableCount::Last,
    };
    /// 2.6.11 on i386: `arch/i386/mm/mmap.c` (2.6.9 and later), `mm/mmap.c`, `include/linux/sched.h`. mmap_min_addr came
    /// in 2.6.23; before, only the search left out page 0.
    pub const I386_2_6: Self = Self {
        mmap: MmapPlace::TopDown { gap: 128 << 20 },
        guess: CommitGuess::Free,
        mmap_min_addr: 4096,
        max_map_count: 65536,
        start_brk: I386_HEAP,
        vma_bytes: 88,
        new_pages: NewPages::Active,
        tables: TableCount::Last,
    };
    /// 2.6.11 without an MMU: places and heap have no meaning.
    pub const NO_MMU_2_6: Self = Self { mmap: MmapPlace::BottomUp, start_brk: 0, mmap_min_addr: 0, ..Self::I386_2_6 };

    /// Returns `mmap_base`: where the search for room begins.
    pub(super) fn mmap_base(&self, task_size: u64) -> u64 {
        match self.mmap {
            MmapPlace::TopDown { gap } => task_size.saturating_sub(gap),
            MmapPlace::BottomUp => unmapped_base(task_size),
        }
    }
}

/// `TASK_UNMAPPED_BASE`.
pub(super) const fn unmapped_base(task_size: u64) -> u64 {
    crate::units::align_up(task_size / 3, crate::units::PAGE_SIZE)
}
