//! [`KmemAlloc`]: a `#[global_allocator]` that is a kernel's kmalloc.
//!
//! ```
//! use kmem_rust::heap::KmemAlloc;
//!
//! #[global_allocator]
//! static HEAP: KmemAlloc = KmemAlloc::new();
//!
//! let words: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
//! assert!(HEAP.holds(words.as_ptr().cast()));
//! let mut slabinfo = String::new();
//! HEAP.write_proc("slabinfo", &mut slabinfo).unwrap();
//! assert!(slabinfo.contains("kmalloc-32"));
//! ```
//!
//! # What the kernel stands on
//! Not on the hosted machine: that one is made with the heap that it would be. `machine` is a smaller one, RAM and CPUs and
//! no more, made by system calls alone; and the engine allocates nothing. So boot happens inside the first allocation and
//! needs no heap. Who allocates on another thread meanwhile is served by the system, as is what is larger than kmalloc's
//! most (4 MiB) and what finds the kernel's RAM full. Whose memory it is, a free sees by the address.
//!
//! # Who is which CPU
//! A thread leases a CPU number with its first allocation and gives it back when it ends (`lease`). The last number is
//! shared, under a lock, by all threads for which none is left.
//!
//! # Fork
//! RAM is private memory: a child has a copy of its own, like every other memory. What must not be copied is a kernel in
//! the middle of something, so a fork waits until no other thread is inside (`gate`).

mod gate;
mod lease;
mod machine;

use gate::Inside;
use kmem::boot::{plan, BootParams};
use kmem::units::PAGE_SIZE;
use kmem::{Gfp, Kernel, VirtAddr};
use machine::Bare;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The kernel whose kmalloc it is.
static PROFILE: &kmem::Profile = &kmem::profile::amd64_6_12::PROFILE;
/// Bytes of its RAM unless said otherwise: addresses only, until they are touched.
const RAM_BYTES: u64 = 64 << 30;
/// CPU numbers unless said otherwise. Debug builds of the engine look through what each CPU has at hand at every free, so
/// there they are few.
const CPUS: u32 = if cfg!(debug_assertions) { 4 } else { gate::MAX_CPUS };
/// May reclaim and drain, gives up early, kills nobody, reports nothing: there is the system to fall back on.
const FLAGS: Gfp = Gfp::RECLAIM.union(Gfp::NORETRY).union(Gfp::NOWARN);
/// What all memory of kmalloc's is aligned to.
const MIN_ALIGN: usize = crate::bindings::ARCH_KMALLOC_MINALIGN;
/// What a file of `/proc` may have.
const FILE_BYTES: usize = 256 << 10;

/// The global allocator. All values of the type in a process are the same heap; the first that is asked says how large.
#[derive(Debug)]
pub struct KmemAlloc {
    ram_bytes: u64,
    cpus: u32,
}

impl Default for KmemAlloc {
    fn default() -> Self {
        Self::new()
    }
}

impl KmemAlloc {
    /// A heap of 64 GiB of addresses.
    pub const fn new() -> Self {
        Self { ram_bytes: RAM_BYTES, cpus: CPUS }
    }
    /// Says how much RAM the kernel has; what does not fit is the system's.
    #[must_use]
    pub const fn ram(self, ram_bytes: u64) -> Self {
        Self { ram_bytes, ..self }
    }
    /// Says how many CPUs the kernel has, 1 to 64: one less is how many threads work without a lock.
    #[must_use]
    pub const fn cpus(self, cpus: u32) -> Self {
        let cpus = if cpus < 1 { 1 } else { cpus };
        Self { cpus: if cpus > gate::MAX_CPUS { gate::MAX_CPUS } else { cpus }, ..self }
    }
    /// True for memory of the kernel's; other memory is the system's.
    pub fn holds(&self, pointer: *const u8) -> bool {
        HEAP.holds(pointer)
    }
    /// Writes a file of `/proc` of the kernel: `slabinfo`, `buddyinfo`, `meminfo`. The first 256 KiB of it.
    ///
    /// # Errors
    /// When there is no such file, no kernel, or `out` fails.
    pub fn write_proc(&self, file: &str, out: &mut dyn fmt::Write) -> fmt::Result {
        // The text waits in memory of the system's: `out` may allocate, and nobody may do so inside the kernel.
        let layout = Layout::new::<[u8; FILE_BYTES]>();
        // SAFETY: The layout has a size.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if memory.is_null() {
            return Err(fmt::Error);
        }
        // SAFETY: The memory was just given, is zeroed and nobody else's.
        let mut text = Text { bytes: unsafe { std::slice::from_raw_parts_mut(memory, FILE_BYTES) }, len: 0 };
        let written = HEAP.kernel(self).and_then(|kernel| {
            let _inside = Inside::enter();
            kernel.write_proc(file, &mut text)
        });
        let len = text.len;
        let result = match written {
            Some(_) => out.write_str(&String::from_utf8_lossy(&text.bytes[..len])),
            None => Err(fmt::Error),
        };
        // SAFETY: It was given for this layout.
        unsafe { System.dealloc(memory, layout) };
        result
    }
    /// Checks every structure of the kernel against every other. No other thread may allocate meanwhile.
    ///
    /// # Errors
    /// The first invariant found broken.
    pub fn verify(&self) -> Result<(), kmem::Broken> {
        let Some(kernel) = HEAP.kernel(self) else { return Ok(()) };
        let _inside = Inside::enter();
        kernel.verify()
    }
}

/// Text in memory of its own; what does not fit is cut.
struct Text<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let count = s.len().min(room.len());
        room[..count].copy_from_slice(&s.as_bytes()[..count]);
        self.len += count;
        Ok(())
    }
}

/// The process's heap.
///
/// # Invariants
/// `kernel` is a kernel when `state` is `READY`, from then on for good; before, it belongs to whoever made `state` `BOOTING`.
struct Heap {
    state: AtomicU32,
    kernel: UnsafeCell<MaybeUninit<Kernel<Bare>>>,
    /// Where RAM lies: first address and one past the last. Empty before there is a kernel.
    start: AtomicUsize,
    end: AtomicUsize,
}

const NONE: u32 = 0;
const BOOTING: u32 = 1;
const READY: u32 = 2;
const FAILED: u32 = 3;

// SAFETY: By the type invariants the kernel is shared only once it is complete; then it is `Sync` itself.
unsafe impl Sync for Heap {}

static HEAP: Heap = Heap {
    state: AtomicU32::new(NONE),
    kernel: UnsafeCell::new(MaybeUninit::uninit()),
    start: AtomicUsize::new(0),
    end: AtomicUsize::new(0),
};

impl Heap {
    fn range(&self) -> Range<usize> {
        self.start.load(Ordering::Relaxed)..self.end.load(Ordering::Relaxed)
    }
    #[inline]
    fn holds(&self, pointer: *const u8) -> bool {
        self.range().contains(&pointer.addr())
    }
    /// Returns the kernel, booting it for who comes first. `None` while another thread boots, and when it cannot be.
    #[inline]
    fn kernel(&self, config: &KmemAlloc) -> Option<&Kernel<Bare>> {
        if self.state.load(Ordering::Acquire) != READY && !self.boot(config) {
            return None;
        }
        // SAFETY: By the type invariants there is a kernel, which nobody changes any more.
        Some(unsafe { (*self.kernel.get()).assume_init_ref() })
    }
    /// True when there is a kernel now.
    #[cold]
    fn boot(&self, config: &KmemAlloc) -> bool {
        let claim = self.state.compare_exchange(NONE, BOOTING, Ordering::Acquire, Ordering::Acquire);
        if let Err(state) = claim {
            return state == READY;
        }
        let params = BootParams { ram_bytes: config.ram_bytes, cpus: config.cpus, ..BootParams::new(PROFILE) };
        let kernel = plan(PROFILE, &params).ok().and_then(|plan| {
            let machine = Bare::new(PROFILE, &plan)?;
            let range = machine.range();
            let kernel = Kernel::boot(machine, PROFILE, plan, params.cmdline).ok()?;
            Some((kernel, range))
        });
        let Some((kernel, range)) = kernel.filter(|_| lease::open(config.cpus) && gate::watch_forks()) else {
            self.state.store(FAILED, Ordering::Release);
            return false;
        };
        // SAFETY: By the type invariants the place is this thread's.
        unsafe { (*self.kernel.get()).write(kernel) };
        self.start.store(range.start, Ordering::Relaxed);
        self.end.store(range.end, Ordering::Relaxed);
        self.state.store(READY, Ordering::Release);
        true
    }
}

/// Memory of the kernel's for a layout that has a size; null when it has none.
#[inline]
fn kmalloc(kernel: &Kernel<Bare>, layout: Layout, gfp: Gfp) -> *mut u8 {
    // Of a size that is a multiple of the alignment kmalloc's memory is aligned, or the next power of two is.
    let bytes = if layout.align() > MIN_ALIGN { layout.pad_to_align().size() } else { layout.size() };
    if bytes > crate::bindings::KMALLOC_MAX_SIZE {
        return null_mut();
    }
    let _inside = Inside::enter();
    let give =
        |bytes: usize| kernel.kmalloc(bytes as u64, gfp).map_or(null_mut(), |addr| kernel.machine().pointer(addr));
    let pointer = give(bytes);
    if pointer.is_null() || pointer.addr() & (layout.align() - 1) == 0 {
        return pointer;
    }
    // It was just given, so it can be freed.
    let _ = kernel.kfree(kernel.machine().address(pointer));
    let pointer = give(bytes.next_power_of_two());
    if pointer.addr() & (layout.align() - 1) == 0 {
        return pointer;
    }
    let _ = kernel.kfree(kernel.machine().address(pointer));
    null_mut()
}

// SAFETY: Memory of the kernel's is valid until it is freed, has the size, and its alignment is checked; the rest is the
// system's. Nothing unwinds: the engine does not panic.
unsafe impl GlobalAlloc for KmemAlloc {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let pointer = HEAP.kernel(self).map_or(null_mut(), |kernel| kmalloc(kernel, layout, FLAGS));
        if !pointer.is_null() {
            return pointer;
        }
        // SAFETY: As the caller says.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let pointer = HEAP.kernel(self).map_or(null_mut(), |kernel| kmalloc(kernel, layout, FLAGS | Gfp::ZERO));
        if !pointer.is_null() {
            return pointer;
        }
        // SAFETY: As the caller says.
        unsafe { System.alloc_zeroed(layout) }
    }
    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !HEAP.holds(pointer) {
            // SAFETY: What is not the kernel's came from the system, with this layout.
            return unsafe { System.dealloc(pointer, layout) };
        }
        if let Some(kernel) = HEAP.kernel(self) {
            let _inside = Inside::enter();
            let freed = kernel.kfree(kernel.machine().address(pointer));
            debug_assert!(freed.is_ok());
        }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !HEAP.holds(pointer) && new_size > PAGE_SIZE as usize {
            // SAFETY: As the caller says; the system moves large memory without copying.
            return unsafe { System.realloc(pointer, layout, new_size) };
        }
        if HEAP.holds(pointer) && fits(self, pointer, layout.size(), new_size) {
            return pointer;
        }
        // SAFETY: As the caller says, the new size makes a layout.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
        if !new.is_null() {
            // SAFETY: Both have so many bytes, and the new memory is nobody else's.
            unsafe { pointer.copy_to_nonoverlapping(new, layout.size().min(new_size)) };
            // SAFETY: As the caller says.
            unsafe { self.dealloc(pointer, layout) };
        }
        new
    }
}

/// True when memory of the kernel's can stay where it is: it is large enough, and not far too large.
fn fits(config: &KmemAlloc, pointer: *mut u8, old: usize, new: usize) -> bool {
    if new <= old {
        return new >= old / 2;
    }
    HEAP.kernel(config).is_some_and(|kernel| {
        let _inside = Inside::enter();
        let addr: VirtAddr = kernel.machine().address(pointer);
        kernel.ksize(addr).is_ok_and(|bytes| new as u64 <= bytes)
    })
}
