//! The TLB: pages of the machine's address space that are filled, that is, mmapped to what the page tables say.
//!
//! Addresses outside the direct map begin as a reservation without access. A touch raises SIGSEGV, the handler walks
//! the page tables and maps the page; a flush puts the reservation back. So a forgotten flush, a guard page and a use
//! after vfree show up as on hardware.
//!
//! ```text
//! machine address    0 ........ window.start [ vmalloc, kmap, fixmap | direct map | ... ] window.end
//! here               user half                kernel half: reserved as a whole; the direct map always mapped
//! host address     = machine address + displacement (modulo 4 GiB when the machine lies below 4 GiB)
//! ```
//!
//! The user half is reserved too where the machine lies at a place of its own, and its first part below 4 GiB. Elsewhere
//! the host may have something there: a page is filled only where nothing is, and a flush unmaps it.
//!
//! Like hardware, a fill may take neighbours along: following pages whose frames follow too are mapped by the same call.
//!
//! # Invariants
//! - **T1** A page is mapped outside the direct map if and only if its bit in `filled` is set.
//! - **T2** Every page whose bit is set is in `log`, which may hold others.
//! - **T3** At most [`CAPACITY`] bits are set: each may cost the host two mappings, and it allows 65530.

use crate::mapping::{map, unmap, Backing, Mapping, Place};
use kmem::map::entry::{PagingFormat, Prot};
use kmem::map::walk::{translate, Translation};
use kmem::units::{PhysAddr, PhysRange, VirtAddr, PAGE_SHIFT, PAGE_SIZE};
use std::io;
use std::os::fd::RawFd;

/// The most pages filled at once; one more evicts all.
pub(crate) const CAPACITY: usize = 28_000;
/// Entries of the log; above [`CAPACITY`], so that stale entries need not be removed one by one.
const LOG_ENTRIES: usize = 32_768;
/// The most pages that one fault fills.
const AROUND: u64 = 16;
/// Machines whose addresses end here have 32-bit addresses.
const FOUR_GIB: u64 = 1 << 32;

/// Where a machine's addresses lie in the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    /// Host address minus machine address, modulo 2^64 (2^32 when `wraps`).
    pub(crate) displacement: u64,
    /// Host addresses are taken modulo 4 GiB: the machine can run i386 code by means of a segment base.
    pub(crate) wraps: bool,
    /// The kernel half, machine addresses.
    pub(crate) window: (u64, u64),
    /// The direct map inside it.
    pub(crate) direct: (u64, u64),
    /// User addresses below this are reserved for the machine like the kernel half.
    pub(crate) user_owned: u64,
}

/// What a machine address is to the TLB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Half {
    User,
    Kernel,
}

impl Geometry {
    /// Returns the host address of a machine address.
    #[inline]
    pub(crate) fn host(&self, addr: u64) -> u64 {
        let host = addr.wrapping_add(self.displacement);
        if self.wraps {
            host & (FOUR_GIB - 1)
        } else {
            host
        }
    }
    /// Returns the machine address of a host address; `None` where the machine has none.
    pub(crate) fn machine(&self, host: u64) -> Option<u64> {
        let addr = host.wrapping_sub(self.displacement);
        if !self.wraps {
            (addr < self.window.1).then_some(addr)
        } else if host < FOUR_GIB {
            Some(addr & (FOUR_GIB - 1)).filter(|&addr| addr < self.window.1)
        } else {
            None
        }
    }
    /// Returns the host addresses that are this machine's alone, in one piece.
    pub(crate) fn owned(&self) -> (u64, u64) {
        let first = if self.user_owned == self.window.0 { 0 } else { self.window.0 };
        let start = self.host(first);
        (start, start + (self.window.1 - first))
    }
    /// Returns the half of an address that can be filled.
    fn half(&self, addr: u64) -> Option<Half> {
        if (self.direct.0..self.direct.1).contains(&addr) || addr >= self.window.1 {
            None
        } else if addr >= self.window.0 {
            Some(Half::Kernel)
        } else {
            Some(Half::User)
        }
    }
    /// True when the host has nothing but this machine at an address outside the direct map.
    fn is_reserved(&self, addr: u64) -> bool {
        addr < self.user_owned || addr >= self.window.0
    }
    /// Returns the end of the stretch of the same kind that begins at `addr`.
    fn stretch_end(&self, addr: u64) -> u64 {
        [self.user_owned, self.window.0, self.direct.0, self.direct.1, self.window.1]
            .into_iter()
            .filter(|&edge| edge > addr)
            .min()
            .unwrap_or(addr)
    }
}

/// The machine's memory as the TLB needs it: where physical addresses lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ram {
    /// The physical addresses of the memfd.
    pub(crate) range: PhysRange,
    /// The mapping of the whole memfd.
    pub(crate) alias: *mut u8,
    /// The memfd.
    pub(crate) fd: RawFd,
    /// A sparse memfd in which physical addresses outside RAM are offsets.
    pub(crate) device_fd: RawFd,
}

// SAFETY: The alias is plain memory that any thread may use.
unsafe impl Send for Ram {}
// SAFETY: As above.
unsafe impl Sync for Ram {}

impl Ram {
    /// Returns where a physical address is, with as many bytes behind it as RAM has.
    #[inline]
    pub(crate) fn pointer(&self, addr: PhysAddr) -> Option<(*mut u8, u64)> {
        if !self.range.contains(addr) {
            return None;
        }
        let offset = addr.raw() - self.range.start.raw();
        // SAFETY: The offset is inside the mapping.
        let pointer = unsafe { self.alias.add(offset as usize) };
        Some((pointer, self.range.bytes() - offset))
    }
    /// Reads a table entry of 4 or 8 bytes; `None` outside RAM.
    fn entry(&self, addr: PhysAddr, bytes: u32) -> Option<u64> {
        let (pointer, room) = self.pointer(addr)?;
        if room < u64::from(bytes) || !addr.is_aligned(u64::from(bytes)) {
            return None;
        }
        match bytes {
            // SAFETY: Inside the mapping and aligned; another CPU may write it, hence volatile.
            4 => Some(u64::from(unsafe { pointer.cast::<u32>().read_volatile() })),
            // SAFETY: As above.
            8 => Some(unsafe { pointer.cast::<u64>().read_volatile() }),
            _ => None,
        }
    }
    /// Walks the tables under `root`.
    pub(crate) fn translate(&self, format: &PagingFormat, root: PhysAddr, addr: VirtAddr) -> Option<Translation> {
        translate(format, root, addr, |at, bytes| self.entry(at, bytes))
    }
}

/// What an instruction wanted of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
    Fetch,
}

/// What became of a miss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Miss {
    /// The page is there now.
    Filled,
    /// The tables map nothing there, or the host has something else at the address.
    NotMapped,
    /// The tables map the page, but not for this access.
    Denied,
    /// The host has no mapping left.
    OutOfMappings,
}

/// One bit for each page of an address range, none of it there before it is touched.
///
/// # Invariants
/// `memory` holds `pages.div_ceil(64)` words.
#[derive(Debug)]
struct PageBits {
    memory: Mapping,
    first: u64,
    pages: u64,
}

impl PageBits {
    fn new(start: u64, end: u64) -> io::Result<Self> {
        let (first, pages) = (start >> PAGE_SHIFT, (end - start) >> PAGE_SHIFT);
        let bytes = pages.div_ceil(64) * 8;
        let memory = Mapping::new(None, bytes.max(1), libc::PROT_READ | libc::PROT_WRITE, Backing::Memory)?;
        Ok(Self { memory, first, pages })
    }
    /// Returns word `index` of the bits.
    fn word(&self, index: u64) -> *mut u64 {
        assert!(index < self.pages.div_ceil(64), "callers pass pages of the machine's own range");
        (self.memory.start() as *mut u64).wrapping_add(index as usize)
    }
    fn get(&self, page: u64) -> bool {
        let bit = page - self.first;
        // SAFETY: `word` checked the index; the owner of `self` is alone.
        unsafe { self.word(bit / 64).read() >> (bit % 64) & 1 != 0 }
    }
    fn set(&mut self, page: u64, value: bool) {
        let bit = page - self.first;
        let word = self.word(bit / 64);
        // SAFETY: `word` checked the index; the owner of `self` is alone.
        let old = unsafe { word.read() };
        let mask = 1 << (bit % 64);
        // SAFETY: As above.
        unsafe { word.write(if value { old | mask } else { old & !mask }) };
    }
    /// Returns the first page from `from` on, before `end`, whose bit is set.
    fn next(&self, from: u64, end: u64) -> Option<u64> {
        let (mut bit, end) = (from - self.first, end - self.first);
        while bit < end {
            // SAFETY: `word` checked the index; the owner of `self` is alone.
            let rest = unsafe { self.word(bit / 64).read() } >> (bit % 64);
            if rest != 0 {
                bit += u64::from(rest.trailing_zeros());
                return (bit < end).then_some(bit + self.first);
            }
            bit = (bit / 64 + 1) * 64;
        }
        None
    }
}

/// The pages filled lately, in no order: what an eviction looks at instead of all addresses.
///
/// # Invariants
/// `memory` holds [`LOG_ENTRIES`] words, of which the first `len` are pages.
#[derive(Debug)]
struct Log {
    memory: Mapping,
    len: usize,
}

impl Log {
    fn new() -> io::Result<Self> {
        let bytes = (LOG_ENTRIES * 8) as u64;
        let memory = Mapping::new(None, bytes, libc::PROT_READ | libc::PROT_WRITE, Backing::Memory)?;
        Ok(Self { memory, len: 0 })
    }
    fn pages(&mut self) -> &mut [u64] {
        // SAFETY: By the type invariant the words are there, and the mapping is this log's alone.
        unsafe { std::slice::from_raw_parts_mut(self.memory.start() as *mut u64, self.len) }
    }
    /// Adds a page; the caller has made room.
    fn push(&mut self, page: u64) {
        self.len += 1;
        if let Some(last) = self.pages().last_mut() {
            *last = page;
        }
    }
    /// Drops the entries that `keep` refuses, and all but one of equal ones; the rest is then in order.
    fn retain(&mut self, mut keep: impl FnMut(u64) -> bool) {
        let pages = self.pages();
        pages.sort_unstable();
        let (mut len, mut last) = (0, None);
        for index in 0..pages.len() {
            let page = pages[index];
            if last != Some(page) && keep(page) {
                pages[len] = page;
                len += 1;
                last = Some(page);
            }
        }
        self.len = len;
    }
}

/// The filled pages of one machine. See the module documentation.
#[derive(Debug)]
pub(crate) struct Tlb {
    geometry: Geometry,
    ram: Ram,
    format: Option<&'static PagingFormat>,
    filled: PageBits,
    log: Log,
    count: usize,
}

impl Tlb {
    /// Makes an empty one.
    pub(crate) fn new(geometry: Geometry, ram: Ram, format: Option<&'static PagingFormat>) -> io::Result<Self> {
        // The user half of a machine with more than 32 bits is not filled: its bits would be too many.
        let start = if geometry.window.1 <= FOUR_GIB { 0 } else { geometry.window.0 };
        Ok(Self { geometry, ram, format, filled: PageBits::new(start, geometry.window.1)?, log: Log::new()?, count: 0 })
    }

    /// Returns where the machine's addresses lie.
    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }
    /// Returns how many pages are filled.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the machine address of a host address.
    pub(crate) fn machine_address(&self, host: u64) -> Option<u64> {
        self.geometry.machine(host)
    }

    /// Serves a miss at machine address `addr`. Called in the signal handler: no allocation.
    pub(crate) fn fill(&mut self, root: PhysAddr, addr: u64, access: Access) -> Miss {
        let addr = addr & !(PAGE_SIZE - 1);
        let (Some(format), Some(half)) = (self.format, self.geometry.half(addr)) else { return Miss::NotMapped };
        if addr >> PAGE_SHIFT < self.filled.first {
            return Miss::NotMapped;
        }
        let Some(first) = self.ram.translate(format, root, VirtAddr::new(addr)) else { return Miss::NotMapped };
        let allowed = match access {
            Access::Read => true,
            Access::Write => first.prot.contains(Prot::WRITE),
            Access::Fetch => first.prot.contains(Prot::EXEC),
        };
        if !allowed || (half == Half::User && !first.prot.contains(Prot::USER)) {
            return Miss::Denied;
        }
        let pages = self.run(format, root, addr, first);
        if self.count + pages as usize > CAPACITY {
            self.evict();
        } else if self.log.len + pages as usize > LOG_ENTRIES {
            let filled = &self.filled;
            self.log.retain(|page| filled.get(page));
        }
        match self.map_run(addr, pages, first) {
            Ok(()) => {
                for page in (addr >> PAGE_SHIFT..).take(pages as usize) {
                    if !self.filled.get(page) {
                        self.filled.set(page, true);
                        self.log.push(page);
                        self.count += 1;
                    }
                }
                Miss::Filled
            }
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) => Miss::OutOfMappings,
            Err(_) => Miss::NotMapped,
        }
    }

    /// Returns how many pages from `addr` on can be mapped by one call: unfilled ones whose frames follow `first`.
    fn run(&self, format: &PagingFormat, root: PhysAddr, addr: u64, first: Translation) -> u64 {
        if !self.geometry.is_reserved(addr) {
            return 1; // the host may have something at the next page
        }
        let most = (self.geometry.stretch_end(addr) - addr) >> PAGE_SHIFT;
        let mut pages = 1;
        while pages < most.min(AROUND) {
            let next = addr + (pages << PAGE_SHIFT);
            let follows = |translation: Translation| {
                translation.phys.raw() == first.phys.raw() + (pages << PAGE_SHIFT)
                    && translation.prot == first.prot
                    && self.is_ram(translation.phys) == self.is_ram(first.phys)
            };
            if self.filled.get(next >> PAGE_SHIFT)
                || !self.ram.translate(format, root, VirtAddr::new(next)).is_some_and(follows)
            {
                break;
            }
            pages += 1;
        }
        pages
    }

    fn is_ram(&self, addr: PhysAddr) -> bool {
        self.ram.range.contains(addr)
    }

    /// Maps `pages` pages from `addr` on to the frames that begin with `first`.
    fn map_run(&self, addr: u64, pages: u64, first: Translation) -> io::Result<()> {
        let phys = first.phys.page_down();
        let (fd, offset) = if self.is_ram(phys) {
            (self.ram.fd, phys.raw() - self.ram.range.start.raw())
        } else {
            (self.ram.device_fd, phys.raw())
        };
        let mut prot = libc::PROT_READ;
        if first.prot.contains(Prot::WRITE) {
            prot |= libc::PROT_WRITE;
        }
        if first.prot.contains(Prot::EXEC) {
            prot |= libc::PROT_EXEC;
        }
        let host = self.geometry.host(addr);
        let is_ours = self.geometry.is_reserved(addr) || self.filled.get(addr >> PAGE_SHIFT);
        let place = if is_ours { Place::Over(host) } else { Place::Free(host) };
        // SAFETY: `Over` only replaces a reservation of this machine or a page that it filled itself.
        unsafe { map(place, pages << PAGE_SHIFT, prot, Backing::File(fd, offset)) }.map(|_| ())
    }

    /// Takes away all that is filled in machine addresses `start..end`. Costs no system call when nothing is.
    pub(crate) fn flush(&mut self, start: u64, end: u64) {
        if self.count == 0 {
            return;
        }
        let first = self.filled.first;
        let (start, end) = ((start >> PAGE_SHIFT).max(first), end.div_ceil(PAGE_SIZE).min(first + self.filled.pages));
        if start >= end {
            return;
        }
        if (end - start) / 64 > self.log.len as u64 {
            self.flush_logged(start, end);
        } else {
            let mut runs = Runs::default();
            let mut from = start;
            while let Some(page) = self.filled.next(from, end) {
                self.forget(page, &mut runs);
                from = page + 1;
            }
            runs.finish(&self.geometry);
        }
    }

    /// The same for a range with more addresses than there are filled pages.
    fn flush_logged(&mut self, start: u64, end: u64) {
        let filled = &self.filled;
        self.log.retain(|page| filled.get(page));
        let mut runs = Runs::default();
        for index in 0..self.log.len {
            let page = self.log.pages()[index];
            if (start..end).contains(&page) {
                self.forget(page, &mut runs);
            }
        }
        runs.finish(&self.geometry);
        let filled = &self.filled;
        self.log.retain(|page| filled.get(page));
    }

    /// Takes one page out of the books and leaves its unmapping to `runs`.
    fn forget(&mut self, page: u64, runs: &mut Runs) {
        self.filled.set(page, false);
        self.count -= 1;
        runs.add(page, &self.geometry);
    }

    /// Takes away everything.
    pub(crate) fn evict(&mut self) {
        self.flush_logged(0, u64::MAX);
        self.log.len = 0;
    }
}

/// Pages to be unmapped, gathered into as few system calls as possible.
#[derive(Default)]
struct Runs {
    /// First page and one past the last.
    open: Option<(u64, u64)>,
}

impl Runs {
    /// Adds a page above all those before.
    fn add(&mut self, page: u64, geometry: &Geometry) {
        if let Some((_, end)) = &mut self.open {
            let merges = if Self::is_reserved(*end - 1, geometry) {
                // What lies between is reserved and unfilled: to reserve it again changes nothing.
                page < geometry.stretch_end((*end - 1) << PAGE_SHIFT) >> PAGE_SHIFT
            } else {
                page == *end
            };
            if merges {
                *end = page + 1;
                return;
            }
        }
        self.finish(geometry);
        self.open = Some((page, page + 1));
    }

    fn is_reserved(page: u64, geometry: &Geometry) -> bool {
        geometry.is_reserved(page << PAGE_SHIFT)
    }

    fn finish(&mut self, geometry: &Geometry) {
        let Some((start, end)) = self.open.take() else { return };
        let (host, bytes) = (geometry.host(start << PAGE_SHIFT), (end - start) << PAGE_SHIFT);
        if Self::is_reserved(start, geometry) {
            // SAFETY: The range is this machine's: reserved pages, and filled ones that are forgotten now.
            let done = unsafe { map(Place::Over(host), bytes, libc::PROT_NONE, Backing::Reservation) };
            if done.is_err() {
                // The host has no mapping left to spare; to unmap first needs none.
                // SAFETY: As above.
                unsafe { unmap(host, bytes) };
                // SAFETY: Not `Over`: nothing is replaced.
                let _ = unsafe { map(Place::Free(host), bytes, libc::PROT_NONE, Backing::Reservation) };
            }
        } else {
            // SAFETY: Every page of the run was filled by this machine where nothing was before.
            unsafe { unmap(host, bytes) };
        }
    }
}
