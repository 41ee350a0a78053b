//! [`Hosted`]: the machine itself, put together from RAM, addresses, a TLB and CPUs.
//!
//! ```text
//! memfd            |  low memory      |  high memory            |
//!                     |        \______________ \________
//! machine addresses   direct map (always)       vmalloc, kmap: filled page by page (tlb)
//! alias            |  everything, at a host address without meaning for the machine  |
//! ```
//!
//! The engine works through the alias: page tables, free lists and high pages are reached there whatever the machine's
//! own addresses say, and a text page that is read-only for the machine can still be written.
//!
//! # 64-bit machines
//! A 64-bit kernel lies in the upper half of the addresses, which in a process is the host kernel's. Such a machine has no
//! *seat*: no address of the process is one of the machine's. There is the alias, and a machine address is reached by
//! a walk of the tables ([`Hosted::reach`]). RAM may have terabytes, because neither the memfd nor the alias holds a page
//! before it is touched.
//!
//! A program that uses such a kernel's memory needs it in one piece all the same. The direct map is the alias. For the
//! vmalloc area a machine may have a *window*: the area's first addresses, found somewhere in the process, with a TLB as a
//! seat has. [`Hosted::pointer_to`] and [`Hosted::address_at`] translate for both.

use crate::altstack;
use crate::cpu::{self, CpuGuard, Holders};
use crate::error::HostError;
use crate::kswapd::Bell;
use crate::mapping::{map, memfd, Backing, Mapping, Place};
use crate::registry::Registration;
use crate::signal;
use crate::stack;
use crate::tlb::{Geometry, Ram, Tlb};
use crate::wait::Waiters;
use kmem::machine::{DirectMap, Machine};
use kmem::map::entry::PagingFormat;
use kmem::map::walk::Translation;
use kmem::units::{PhysAddr, PhysRange, VirtAddr, PAGE_SIZE};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Physical addresses that device registers may have: 52 bits, the most of any machine here.
const DEVICE_SPACE: u64 = 1 << 52;
const FOUR_GIB: u64 = 1 << 32;
/// What blocks of the machine are aligned to here too, where their machine addresses are: the largest block of any profile.
const LARGE_ALIGN: u64 = 4 << 20;
/// Where the search for room below 4 GiB begins, and its steps.
const LOW_SEARCH_STEP: u64 = 16 << 20;

/// How much of the user half a machine below 4 GiB has for itself: page 0, where bad pointers must fault, and where i386
/// programs lie.
const LOW_USER_BYTES: u64 = 256 << 20;

/// Where in the process a machine lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Displacement {
    /// At its own addresses. One machine in a process can have that.
    True,
    /// Below 4 GiB, at a place that the host picks: i386 code runs there with its own addresses by means of a segment
    /// base. For a machine without an MMU (RAM at 0, which no process can map) and for several machines that run modules.
    /// Wild accesses of such code to user addresses above 256 MiB may hit another machine.
    Below4G,
    /// Anywhere: as many machines as one likes, but no i386 code. The only place for a 64-bit machine.
    Any,
}

/// What a machine is made of.
#[derive(Clone, Copy, Debug)]
pub struct HostedConfig {
    /// Physical addresses from the first byte of RAM to the last; holes inside are memory that nobody uses.
    pub ram: PhysRange,
    /// Address of the direct map's first byte.
    pub page_offset: VirtAddr,
    /// Bytes of the direct map.
    pub low_bytes: u64,
    /// The kernel's part of the addresses, first and one past the last.
    pub kernel_window: (VirtAddr, VirtAddr),
    /// Where in the process.
    pub displacement: Displacement,
    /// Format of the page tables; `None` without an MMU.
    pub paging: Option<&'static PagingFormat>,
    /// Addresses of the vmalloc area, first and one past the last, that are to be found in the process although the machine
    /// has no seat. A machine with a seat has them anyway.
    pub vmalloc_window: Option<(VirtAddr, VirtAddr)>,
}

/// What may be done with a piece of the direct map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// Data: read and write.
    ReadWrite,
    /// Constants: read.
    ReadOnly,
    /// Code: read and execute.
    ReadExecute,
}

/// An address at which the machine has no memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("nothing is mapped at {0}")]
pub struct Unmapped(pub VirtAddr);

/// Where kernel messages go, a line at a time.
type Console = Box<dyn Fn(&str) + Send + Sync>;

/// Where a machine's addresses are found in the process.
struct Seat {
    geometry: Geometry,
    /// The first part of the user half; below 4 GiB only.
    _low_user: Option<Mapping>,
    /// The kernel half, with the direct map inside; with [`Displacement::Any`] the user half too.
    _window: Mapping,
}

/// The parts, shared by all handles. Fields are dropped in this order: first the registration, which unmaps what is
/// filled, then addresses, then memory.
struct Parts {
    registration: Registration,
    /// `None` for a machine whose addresses no process can have.
    seat: Option<Seat>,
    /// What such a machine has instead, if it was asked for.
    vmalloc_window: Option<Seat>,
    _alias: Mapping,
    _ram_fd: OwnedFd,
    device_fd: OwnedFd,
    page_offset: VirtAddr,
    ram: Ram,
    paging: Option<&'static PagingFormat>,
    cpus: Arc<Holders>,
    bell: Bell,
    waiters: Waiters,
    console: Console,
}

/// A machine in this process. A handle: clones are the same machine, which goes when the last of them does.
#[derive(Clone)]
pub struct Hosted {
    parts: Arc<Parts>,
    direct: DirectMap,
}

// SAFETY: The pointer in `direct` leads to plain memory that any thread may use; the rest is `Send`.
unsafe impl Send for Hosted {}
// SAFETY: As above; the parts are behind atomics and a lock.
unsafe impl Sync for Hosted {}

impl Hosted {
    /// Makes a machine with zeroed RAM and no page tables. Costs about a dozen system calls, whatever the size.
    ///
    /// # Errors
    /// [`HostError::BadConfig`] for a machine that contradicts itself, [`HostError::Taken`] and
    /// [`HostError::Unreachable`] when its addresses are not to be had, [`HostError::Refused`] for all else.
    pub fn new(config: &HostedConfig, console: impl Fn(&str) + Send + Sync + 'static) -> Result<Self, HostError> {
        check(config)?;
        signal::install()?;
        altstack::ensure()?;
        let ram_fd = memfd(c"kmem-ram", config.ram.bytes())?;
        let device_fd = memfd(c"kmem-devices", DEVICE_SPACE)?;
        let read_write = libc::PROT_READ | libc::PROT_WRITE;
        let alias = Mapping::aligned(LARGE_ALIGN, config.ram.bytes(), read_write, Backing::File(ram_fd.as_raw_fd(), 0))
            .map_err(|source| HostError::Refused { what: "a mapping of all of the machine's RAM", source })?;

        let ram = Ram {
            range: config.ram,
            alias: alias.start() as *mut u8,
            fd: ram_fd.as_raw_fd(),
            device_fd: device_fd.as_raw_fd(),
        };
        let seat = place(config)?;
        let vmalloc_window = if seat.is_none() { window(config)? } else { None };
        let no_tlb = |source| HostError::Refused { what: "the TLB's memory", source };
        let mut tlb = None;
        if let Some(Seat { geometry, .. }) = &seat {
            // Without an MMU nothing tells code from data.
            let prot = if config.paging.is_none() { read_write | libc::PROT_EXEC } else { read_write };
            let direct = Place::Over(geometry.host(config.page_offset.raw()));
            // SAFETY: `check` has made sure that the direct map is inside the window, which is ours and unused.
            unsafe { map(direct, config.low_bytes, prot, Backing::File(ram.fd, 0)) }
                .map_err(|source| HostError::Refused { what: "the direct map", source })?;
            tlb = Some(Tlb::new(*geometry, ram, config.paging).map_err(no_tlb)?);
        } else if let Some(Seat { geometry, .. }) = &vmalloc_window {
            tlb = Some(Tlb::new(*geometry, ram, config.paging).map_err(no_tlb)?);
        }
        let parts = Parts {
            registration: Registration::new(tlb)?,
            seat,
            vmalloc_window,
            _alias: alias,
            _ram_fd: ram_fd,
            device_fd,
            page_offset: config.page_offset,
            ram,
            paging: config.paging,
            cpus: Arc::default(),
            bell: Bell::default(),
            waiters: Waiters::default(),
            console: Box::new(console),
        };
        Ok(Self {
            parts: Arc::new(parts),
            direct: DirectMap { pointer: ram.alias, start: config.ram.start, bytes: config.low_bytes },
        })
    }

    /// Returns the machine's number in this process, for [`Level::machine`](crate::level::Level::machine).
    pub fn id(&self) -> usize {
        self.parts.registration.index()
    }
    /// Returns the base of a segment in which i386 code uses the machine's addresses: 0 at the true addresses. `None`
    /// when the machine does not lie below 4 GiB.
    pub fn segment_base(&self) -> Option<u32> {
        let geometry = self.geometry()?;
        (geometry.wraps || geometry.displacement == 0 && geometry.window.1 <= FOUR_GIB)
            .then_some(geometry.displacement as u32)
    }
    /// Returns the host address at which a machine address is found; `None` for a machine whose addresses no process can
    /// have.
    pub fn host_address(&self, addr: VirtAddr) -> Option<u64> {
        Some(self.geometry()?.host(addr.raw()))
    }
    /// Returns the machine address of a host address, for showing it; `None` where the machine has none.
    pub fn machine_address(&self, host: u64) -> Option<VirtAddr> {
        self.geometry()?.machine(host).map(VirtAddr::new)
    }
    fn geometry(&self) -> Option<&Geometry> {
        self.parts.seat.as_ref().map(|seat| &seat.geometry)
    }
    /// Returns where a program finds the memory at a machine address of the direct map or of the vmalloc area, and all that
    /// follows it there in one piece. Pages of the vmalloc area are filled when they are touched, so a system call that is
    /// given an unfilled one fails with `EFAULT`. `None` where the process has no such address.
    pub fn pointer_to(&self, addr: VirtAddr) -> Option<*mut u8> {
        let offset = addr.raw().wrapping_sub(self.parts.page_offset.raw());
        if offset < self.direct.bytes {
            return self.alias(self.direct.start.offset(offset));
        }
        let geometry = self.vmalloc_geometry()?;
        let (start, end) = geometry.window;
        (start..end).contains(&addr.raw()).then(|| geometry.host(addr.raw()) as *mut u8)
    }
    /// Returns the machine address whose [`Hosted::pointer_to`] a pointer is; `None` when it is none.
    pub fn address_at(&self, pointer: *const u8) -> Option<VirtAddr> {
        let offset = (pointer.addr() as u64).wrapping_sub(self.direct.pointer.addr() as u64);
        if offset < self.direct.bytes {
            return Some(self.parts.page_offset.offset(offset));
        }
        let geometry = self.vmalloc_geometry()?;
        let (start, end) = geometry.window;
        let addr = geometry.machine(pointer.addr() as u64)?;
        (start..end).contains(&addr).then(|| VirtAddr::new(addr))
    }
    /// Returns the machine addresses outside the direct map for which [`Hosted::pointer_to`] has an answer.
    pub fn vmalloc_window(&self) -> Option<(VirtAddr, VirtAddr)> {
        let (start, end) = self.vmalloc_geometry()?.window;
        Some((VirtAddr::new(start), VirtAddr::new(end)))
    }
    fn vmalloc_geometry(&self) -> Option<&Geometry> {
        self.parts.vmalloc_window.as_ref().or(self.parts.seat.as_ref()).map(|seat| &seat.geometry)
    }
    /// Returns the physical addresses of RAM.
    pub fn ram(&self) -> PhysRange {
        self.parts.ram.range
    }
    /// Returns the alias of a physical address in RAM; the rest of RAM follows it.
    pub fn alias(&self, addr: PhysAddr) -> Option<*mut u8> {
        self.parts.ram.pointer(addr).map(|(pointer, _)| pointer)
    }
    /// Returns the address in the direct map of a physical one.
    pub fn direct_mapped(&self, addr: PhysAddr) -> Option<VirtAddr> {
        let offset = addr.raw().checked_sub(self.direct.start.raw())?;
        (offset < self.direct.bytes).then(|| self.parts.page_offset.offset(offset))
    }
    /// Walks the page tables. Addresses of the direct map are answered without a walk.
    pub fn translate(&self, addr: VirtAddr) -> Option<PhysAddr> {
        let offset = addr.raw().wrapping_sub(self.parts.page_offset.raw());
        if offset < self.direct.bytes {
            return Some(self.direct.start.offset(offset));
        }
        self.walk(addr).map(|translation| translation.phys)
    }
    /// Walks the page tables for `addr`, whatever the address.
    pub fn walk(&self, addr: VirtAddr) -> Option<Translation> {
        let (format, root) = (self.parts.paging?, self.parts.registration.slot().root()?);
        self.parts.ram.translate(format, root, addr)
    }

    /// Returns the alias of a machine address and the bytes that follow it in the same page. Never faults.
    #[inline]
    pub fn reach(&self, addr: VirtAddr) -> Option<(*mut u8, u64)> {
        let (pointer, room) = self.parts.ram.pointer(self.translate(addr)?)?;
        Some((pointer, room.min(PAGE_SIZE - addr.page_offset())))
    }
    /// Copies from machine memory, through the page tables and the alias.
    ///
    /// # Errors
    /// The first address that is not mapped to RAM; what lies before it has been copied.
    pub fn read(&self, addr: VirtAddr, into: &mut [u8]) -> Result<(), Unmapped> {
        let mut done = 0;
        while done < into.len() {
            let at = addr.offset(done as u64);
            let (from, room) = self.reach(at).ok_or(Unmapped(at))?;
            let bytes = (room as usize).min(into.len() - done);
            // SAFETY: `from` has `room` bytes of the alias; the rest of `into` has `bytes`. They do not overlap, as
            // `into` is memory of the host.
            unsafe { from.copy_to_nonoverlapping(into.as_mut_ptr().add(done), bytes) };
            done += bytes;
        }
        Ok(())
    }
    /// Copies into machine memory, through the page tables and the alias: also into pages that are read-only.
    ///
    /// # Errors
    /// The first address that is not mapped to RAM; what lies before it has been copied.
    pub fn write(&self, addr: VirtAddr, bytes: &[u8]) -> Result<(), Unmapped> {
        let mut done = 0;
        while done < bytes.len() {
            let at = addr.offset(done as u64);
            let (to, room) = self.reach(at).ok_or(Unmapped(at))?;
            let count = (room as usize).min(bytes.len() - done);
            // SAFETY: As in `read`, the other way round.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr().add(done), count) };
            done += count;
        }
        Ok(())
    }
    /// Reads a little-endian word; `None` when it is not mapped.
    #[inline]
    pub fn read_u32(&self, addr: VirtAddr) -> Option<u32> {
        if let Some((pointer, 4..)) = self.reach(addr) {
            // SAFETY: Four bytes of the alias lie there.
            return Some(unsafe { pointer.cast::<u32>().read_unaligned() });
        }
        let mut word = [0; 4];
        self.read(addr, &mut word).ok()?;
        Some(u32::from_le_bytes(word))
    }

    /// Reads registers of a device: physical addresses that are not RAM. What nobody has written is 0.
    ///
    /// # Errors
    /// What the host says.
    pub fn read_device(&self, addr: PhysAddr, into: &mut [u8]) -> io::Result<()> {
        into.fill(0);
        File::from(self.parts.device_fd.try_clone()?).read_at(into, addr.raw()).map(|_| ())
    }
    /// Writes registers of a device.
    ///
    /// # Errors
    /// What the host says.
    pub fn write_device(&self, addr: PhysAddr, bytes: &[u8]) -> io::Result<()> {
        File::from(self.parts.device_fd.try_clone()?).write_all_at(bytes, addr.raw())
    }

    /// Makes the calling thread CPU `cpu` of this machine while the guard lives, and gives it a signal stack.
    ///
    /// # Errors
    /// [`HostError::CpuBusy`] when another guard has that number, [`HostError::NoSuchCpu`] from [`cpu::MAX_CPUS`] on.
    pub fn enter_cpu(&self, cpu: u32) -> Result<CpuGuard, HostError> {
        if cpu >= cpu::MAX_CPUS {
            return Err(HostError::NoSuchCpu { cpu, limit: cpu::MAX_CPUS });
        }
        altstack::ensure()?;
        CpuGuard::enter(&self.parts.cpus, cpu).ok_or(HostError::CpuBusy(cpu))
    }

    /// Says that the machine's threads may sleep until another gives something back (`mempool_alloc`). Without it such a call
    /// fails and says so.
    pub fn allow_waiting(&self) {
        self.parts.waiters.allow();
    }
    /// What wakes the machine's kswapd.
    pub(crate) fn bell(&self) -> &Bell {
        &self.parts.bell
    }

    /// Changes what may be done with whole pages of the direct map, at the machine's addresses; the alias stays as it is.
    ///
    /// # Errors
    /// [`HostError::BadConfig`] when the range is not whole pages of the direct map, [`HostError::NoSeat`] when the process
    /// has none of the machine's addresses.
    pub fn protect(&self, range: PhysRange, protection: Protection) -> Result<(), HostError> {
        let is_whole = range.start.is_aligned(PAGE_SIZE) && range.end.is_aligned(PAGE_SIZE);
        let end = range.end.raw().wrapping_sub(self.direct.start.raw());
        let Some(start) = self.direct_mapped(range.start).filter(|_| is_whole && end <= self.direct.bytes) else {
            return Err(HostError::BadConfig("only whole pages of the direct map can be protected"));
        };
        let at = self.host_address(start).ok_or(HostError::NoSeat)?;
        let prot = match protection {
            Protection::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Protection::ReadOnly => libc::PROT_READ,
            Protection::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        };
        // SAFETY: The pages are this machine's direct map; nobody has references to them by these addresses.
        let done = unsafe { libc::mprotect(at as *mut _, range.bytes() as usize, prot) };
        if done != 0 {
            return Err(HostError::refused("another protection of the direct map"));
        }
        Ok(())
    }
    /// Makes a piece of the direct map code: readable and executable, no longer writable.
    ///
    /// # Errors
    /// As [`Hosted::protect`].
    pub fn protect_text(&self, range: PhysRange) -> Result<(), HostError> {
        self.protect(range, Protection::ReadExecute)
    }
    /// Puts zeroed memory of the process over whole pages of the direct map, at the machine's addresses: what code in the
    /// machine sees there is no longer RAM. [`Hosted::read`] and [`Hosted::write`] go on to see RAM.
    ///
    /// For C's array of `struct page`: it has the real kernel's address and size, and stray writes into it cannot reach
    /// what the engine keeps in the same RAM.
    ///
    /// # Errors
    /// As [`Hosted::protect`].
    pub fn overlay(&self, range: PhysRange) -> Result<(), HostError> {
        self.protect(range, Protection::ReadWrite)?;
        let at = self.direct_mapped(range.start).and_then(|start| self.host_address(start));
        let (at, prot) = (Place::Over(at.ok_or(HostError::NoSeat)?), libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: The pages are this machine's direct map; nobody has references to them by these addresses.
        let done = unsafe { map(at, range.bytes(), prot, Backing::Memory) };
        done.map(|_| ()).map_err(|source| HostError::Refused { what: "memory over the direct map", source })
    }
    /// Returns how many pages outside the direct map are mapped in the process now.
    pub fn filled_pages(&self) -> usize {
        self.parts.registration.slot().lock().as_ref().map_or(0, Tlb::count)
    }
}

// SAFETY: The direct map is the beginning of the alias, which covers all of RAM and lives as long as any handle; so does
// a high page. A mapped page is found at the machine's addresses or, without a seat, where the tables say in the alias.
// Only the engine and its clients know the machine's addresses. Two threads have the same CPU number only
// if one of them has not entered a CPU, which the user of several threads owes (see `cpu`).
unsafe impl Machine for Hosted {
    #[inline]
    fn direct_map(&self) -> DirectMap {
        self.direct
    }
    fn ram_is_zeroed(&self) -> bool {
        true
    }
    #[inline]
    fn high_page(&self, page: PhysAddr) -> Option<*mut u8> {
        let (pointer, room) = self.parts.ram.pointer(page.page_down())?;
        (room >= PAGE_SIZE).then_some(pointer)
    }
    #[inline]
    fn virt(&self, addr: VirtAddr) -> *mut u8 {
        match self.geometry() {
            Some(geometry) => geometry.host(addr.raw()) as *mut u8,
            None => self.reach(addr).map_or(std::ptr::null_mut(), |(pointer, _)| pointer),
        }
    }
    #[inline]
    fn cpu(&self) -> u32 {
        cpu::current()
    }
    #[inline]
    fn irq_save(&self) -> usize {
        cpu::irq_save()
    }
    #[inline]
    fn irq_restore(&self, state: usize) {
        cpu::irq_restore(state);
    }
    fn barrier_everywhere(&self) {
        cpu::barrier_everywhere();
    }
    fn wake_kswapd(&self, node: u32) -> bool {
        self.parts.bell.ring(node)
    }
    fn wait(&self, _: u64, must_wait: &dyn Fn() -> bool) -> bool {
        self.parts.waiters.wait(must_wait)
    }
    fn wake(&self, _: u64) {
        self.parts.waiters.wake();
    }
    fn stack(frames: &mut [u64]) -> usize {
        stack::copy(frames)
    }
    fn write_symbol(&self, addr: u64, out: &mut dyn fmt::Write) -> bool {
        stack::write_name(addr, out)
    }
    fn nanoseconds() -> u64 {
        stack::nanoseconds()
    }
    fn load_page_table(&self, root: PhysAddr) {
        self.parts.registration.slot().set_root(root);
    }
    fn flush_tlb(&self, start: VirtAddr, end: VirtAddr) {
        if let Some(tlb) = self.parts.registration.slot().lock().as_mut() {
            tlb.flush(start.raw(), end.raw());
        }
    }
    fn printk(&self, line: fmt::Arguments<'_>) {
        match line.as_str() {
            Some(line) => (self.parts.console)(line),
            None => (self.parts.console)(&line.to_string()),
        }
    }
}

impl fmt::Debug for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").field("ram", &self.ram()).field("geometry", &self.geometry()).finish_non_exhaustive()
    }
}

/// Refuses a machine that contradicts itself.
fn check(config: &HostedConfig) -> Result<(), HostError> {
    let (start, end) = (config.kernel_window.0.raw(), config.kernel_window.1.raw());
    let sizes = [config.ram.start.raw(), config.ram.end.raw(), config.page_offset.raw(), config.low_bytes, start, end];
    if sizes.iter().any(|size| size % PAGE_SIZE != 0) {
        return Err(HostError::BadConfig("RAM, direct map and kernel window must be whole pages"));
    }
    if config.low_bytes == 0 || config.low_bytes > config.ram.bytes() {
        return Err(HostError::BadConfig("the direct map must hold some of the RAM and not more than all"));
    }
    let direct_end = config.page_offset.raw().checked_add(config.low_bytes);
    if config.page_offset.raw() < start || direct_end.is_none_or(|direct_end| direct_end > end) {
        return Err(HostError::BadConfig("the direct map must lie inside the kernel window"));
    }
    if config.ram.end.raw() > DEVICE_SPACE {
        return Err(HostError::BadConfig("RAM beyond 52 physical address bits"));
    }
    Ok(())
}

/// Where the addresses end that a Linux process on x86-64 can have.
const PROCESS_END: u64 = 1 << 47;

/// Finds and reserves the machine's addresses. `None` when it may lie anywhere and no process can have them.
fn place(config: &HostedConfig) -> Result<Option<Seat>, HostError> {
    let (start, end) = (config.kernel_window.0.raw(), config.kernel_window.1.raw());
    let reserve = |at, bytes| Mapping::new(at, bytes, libc::PROT_NONE, Backing::Reservation);
    let mut low_user = None;
    let (window, displacement, wraps, user_owned) = match config.displacement {
        Displacement::True if start == 0 => {
            let why = "the host keeps page 0 unmapped (vm.mmap_min_addr); the machine needs another place";
            return Err(HostError::Unreachable { start, end, why });
        }
        Displacement::True if end > PROCESS_END => {
            let why =
                "they are the host kernel's own; a 64-bit machine may lie anywhere, or its kernel is moved below 4 GiB";
            return Err(HostError::Unreachable { start, end, why });
        }
        Displacement::True => {
            let window = reserve(Some(start), end - start);
            (window.map_err(|source| HostError::Taken { start, end, source })?, 0, false, 0)
        }
        Displacement::Below4G if end > FOUR_GIB => {
            return Err(HostError::BadConfig("only a machine with 32-bit addresses can lie below 4 GiB"));
        }
        Displacement::Below4G => {
            let bytes = end - start;
            let mut places = (LOW_SEARCH_STEP..=FOUR_GIB.saturating_sub(bytes)).step_by(LOW_SEARCH_STEP as usize);
            let user_bytes = LOW_USER_BYTES.min(start);
            let found = places.find_map(|at| {
                let displacement = at.wrapping_sub(start) & (FOUR_GIB - 1);
                let window = reserve(Some(at), bytes).ok()?;
                if user_bytes > 0 {
                    let fits = displacement >= LOW_SEARCH_STEP && displacement + user_bytes <= FOUR_GIB;
                    low_user = Some(reserve(Some(fits.then_some(displacement)?), user_bytes).ok()?);
                }
                Some((window, displacement))
            });
            let (window, displacement) = found.ok_or(HostError::NoRoomBelow4G { bytes: bytes + user_bytes })?;
            (window, displacement, true, user_bytes)
        }
        Displacement::Any if end > PROCESS_END => return Ok(None),
        Displacement::Any => {
            // The user half comes along where it is small enough to be reserved.
            let first = if end <= FOUR_GIB { 0 } else { start };
            let window = reserve(None, end - first)
                .map_err(|source| HostError::Refused { what: "room for the machine's addresses", source })?;
            let displacement = window.start().wrapping_sub(first);
            (window, displacement, false, if first == 0 { start } else { 0 })
        }
    };
    let low = config.page_offset.raw();
    let direct = (low, low + config.low_bytes);
    let geometry = Geometry { displacement, wraps, window: (start, end), direct, user_owned };
    Ok(Some(Seat { geometry, _low_user: low_user, _window: window }))
}

/// Reserves a place for what a machine without a seat is to have of its vmalloc area.
fn window(config: &HostedConfig) -> Result<Option<Seat>, HostError> {
    let Some((start, end)) = config.vmalloc_window.map(|(start, end)| (start.raw(), end.raw())) else {
        return Ok(None);
    };
    let is_whole = start % PAGE_SIZE == 0 && end % PAGE_SIZE == 0;
    if !is_whole || start >= end || start < config.kernel_window.0.raw() || end > config.kernel_window.1.raw() {
        return Err(HostError::BadConfig("the vmalloc window must be whole pages inside the kernel window"));
    }
    let place = Mapping::aligned(LARGE_ALIGN, end - start, libc::PROT_NONE, Backing::Reservation)
        .map_err(|source| HostError::Refused { what: "room for the vmalloc area", source })?;
    let displacement = place.start().wrapping_sub(start);
    // No direct map inside, and no user half.
    let geometry = Geometry { displacement, wraps: false, window: (start, end), direct: (end, end), user_owned: 0 };
    Ok(Some(Seat { geometry, _low_user: None, _window: place }))
}
