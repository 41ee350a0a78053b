//! The machine under the heap: RAM in one piece of private memory, CPU numbers, no MMU in use, no console.
//!
//! It is made by one mmap and takes nothing from a heap. The engine's page tables are written as on any machine, so that
//! the kernel is whole, and are walked when a mapped address is asked for; nothing else looks at them.

use super::lease;
use kmem::boot::Plan;
use kmem::machine::{DirectMap, Machine};
use kmem::map::walk::translate;
use kmem::units::{PhysAddr, VirtAddr};
use kmem::Profile;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest block, to which RAM is aligned in the process as in the machine.
const ALIGN: u64 = 4 << 20;
const NO_ROOT: u64 = u64::MAX;

/// The machine.
///
/// # Invariants
/// `ram` leads to `bytes` bytes of private memory that is never unmapped.
pub(super) struct Bare {
    profile: &'static Profile,
    ram: *mut u8,
    start: PhysAddr,
    bytes: u64,
    root: AtomicU64,
}

// SAFETY: The pointer leads to plain memory that any thread may use.
unsafe impl Send for Bare {}
// SAFETY: As above.
unsafe impl Sync for Bare {}

thread_local! {
    static IRQS_OFF: Cell<bool> = const { Cell::new(false) };
}

impl Bare {
    /// Maps RAM for a plan. `None` when the host refuses, or when not all of RAM is in the direct map.
    pub(super) fn new(profile: &'static Profile, plan: &Plan) -> Option<Self> {
        let low = plan.layout.low;
        if plan.layout.ram_end > low.end {
            return None;
        }
        let (prot, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
        let bytes = low.bytes().checked_add(ALIGN)?;
        // SAFETY: New memory of nobody's.
        let room = unsafe { libc::mmap(null_mut(), bytes as usize, prot, kind, -1, 0) };
        if room == libc::MAP_FAILED {
            return None;
        }
        let offset = room.addr().next_multiple_of(ALIGN as usize) - room.addr();
        // SAFETY: There are `ALIGN` bytes more than are needed.
        let ram = unsafe { room.cast::<u8>().add(offset) };
        Some(Self { profile, ram, start: low.start, bytes: low.bytes(), root: AtomicU64::new(NO_ROOT) })
    }
    /// Returns where RAM lies.
    pub(super) fn range(&self) -> Range<usize> {
        self.ram.addr()..self.ram.addr() + self.bytes as usize
    }
    /// Returns where an address of the direct map is.
    #[inline]
    pub(super) fn pointer(&self, addr: VirtAddr) -> *mut u8 {
        let offset = addr.raw().wrapping_sub(self.profile.page_offset.raw());
        self.ram.wrapping_add(offset as usize)
    }
    /// Returns the address of the direct map that is at a pointer into RAM.
    #[inline]
    pub(super) fn address(&self, pointer: *const u8) -> VirtAddr {
        self.profile.page_offset.offset((pointer.addr() - self.ram.addr()) as u64)
    }
    /// Returns where a byte of RAM is, if `bytes` follow it.
    fn ram_at(&self, addr: PhysAddr, bytes: u64) -> Option<*mut u8> {
        let offset = addr.raw().checked_sub(self.start.raw())?;
        (offset < self.bytes && bytes <= self.bytes - offset).then(|| self.ram.wrapping_add(offset as usize))
    }
}

// SAFETY: RAM is private memory that is never unmapped, aligned to more than a page. A mapped page is found by the tables.
// CPU numbers are leased: `gate` lets only one thread at a time in with a number.
unsafe impl Machine for Bare {
    #[inline]
    fn direct_map(&self) -> DirectMap {
        DirectMap { pointer: self.ram, start: self.start, bytes: self.bytes }
    }
    fn ram_is_zeroed(&self) -> bool {
        true
    }
    fn virt(&self, addr: VirtAddr) -> *mut u8 {
        let offset = addr.raw().wrapping_sub(self.profile.page_offset.raw());
        if offset < self.bytes {
            return self.ram.wrapping_add(offset as usize);
        }
        let root = self.root.load(Ordering::Acquire);
        let entry = |at: PhysAddr, bytes: u32| {
            let word = self.ram_at(at, bytes.into()).filter(|_| bytes == 8 && at.is_aligned(8))?;
            // SAFETY: The word is in RAM and aligned; another CPU may write it, hence volatile.
            Some(unsafe { word.cast::<u64>().read_volatile() })
        };
        let format = self.profile.paging.filter(|_| root != NO_ROOT);
        let found = format.and_then(|format| translate(format, PhysAddr::new(root), addr, entry));
        found.and_then(|found| self.ram_at(found.phys, 1)).unwrap_or(null_mut())
    }
    #[inline]
    fn cpu(&self) -> u32 {
        lease::cpu()
    }
    #[inline]
    fn irq_save(&self) -> usize {
        usize::from(IRQS_OFF.replace(true))
    }
    #[inline]
    fn irq_restore(&self, state: usize) {
        IRQS_OFF.set(state != 0);
    }
    fn barrier_everywhere(&self) {
        kmem_hosted::cpu::barrier_everywhere();
    }
    fn load_page_table(&self, root: PhysAddr) {
        self.root.store(root.raw(), Ordering::Release);
    }
    /// Nothing keeps a translation.
    fn flush_tlb(&self, _: VirtAddr, _: VirtAddr) {}
    /// A heap has no console.
    fn printk(&self, _: fmt::Arguments<'_>) {}
}
