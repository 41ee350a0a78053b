//! The current kernel: the one on which `KBox::new` and its kin happen.
//!
//! Kernel code names no kernel; there is one. Here there may be many, so each thread has a current one: that of the
//! innermost [`with_kernel`], else the process's default, which is booted when somebody first asks for it. So tests need no
//! preparation, run in parallel, and a test that wants a machine of its own has it:
//!
//! ```
//! use kmem_rust::{boot, with_kernel, prelude::*, Setup};
//! let small = boot(&Setup { ram_bytes: 96 << 20, cpus: 1, ..Setup::default() })?;
//! with_kernel(&small, || {
//!     assert!(VVec::<u8>::with_capacity(128 << 20, GFP_KERNEL).is_err());
//!     let page = VBox::new([0u8; 4096], GFP_KERNEL)?;
//!     assert_eq!(small.live(), 1);
//!     drop(page);
//!     assert_eq!(small.live(), 0);
//!     Ok::<(), Error>(())
//! }).unwrap();
//! # Ok::<(), kmem_rust::BootError>(())
//! ```
//!
//! # Whose is a pointer
//! An object may be dropped on any thread, also when another kernel is current there. So a free looks for the kernel by
//! the address. Each live allocation holds a reference to its kernel: a kernel goes when its last handle and its last
//! object have gone, never before.
//!
//! # Which CPU
//! A thread is a CPU for the length of one call: it takes a number that is free, as a thread of a kernel runs on whichever
//! CPU the scheduler gives it. So there may be more threads than CPUs; they wait for one another then. (Inside
//! [`Handle::with`] the thread keeps its CPU; do not use another kernel's memory there, it might have none left for you.)

use crate::alloc::AllocError;
use crate::print;
use kmem::boot::{cut_nodes, equal_nodes, BootParams};
use kmem::units::{PhysAddr, VirtAddr};
use kmem::Kernel;
use kmem_hosted::{Displacement, HostError, Hosted, HostedBootError};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// What is booted.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The machine's name: one of `kmem machines`. It should be one of 6.x, the kernels that have Rust.
    pub machine: &'a str,
    /// Bytes of RAM. What is not touched costs the host nothing.
    pub ram_bytes: u64,
    /// CPUs.
    pub cpus: u32,
    /// NUMA nodes of equal size.
    pub nodes: u32,
    /// The kernel's command line; `None`: the machine's own.
    pub cmdline: Option<&'a str>,
}

impl Default for Setup<'_> {
    /// Linux 6.12 on x86-64 with 512 MiB and four CPUs.
    fn default() -> Self {
        Self { machine: "amd64-6.12", ram_bytes: 512 << 20, cpus: 4, nodes: 1, cmdline: None }
    }
}

/// Why no kernel was booted.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// No machine has that name.
    #[error("there is no machine {0}; `kmem machines` lists them")]
    NoSuchMachine(String),
    /// RAM cannot be cut into that many nodes.
    #[error("{0}")]
    Nodes(kmem::boot::BootError),
    /// The kernel does not come up.
    #[error(transparent)]
    Hosted(#[from] HostedBootError),
}

/// A kernel that runs, and what clients count on it.
struct Running {
    kernel: Kernel<Hosted>,
    log: Arc<Mutex<Vec<String>>>,
    live: AtomicUsize,
    /// Allocations asked for since the last [`Handle::fail_nth`], and the one that is to fail; 0: none.
    asked: AtomicU64,
    doomed: AtomicU64,
}

/// A kernel that can be made the current one. Clones are the same kernel.
#[derive(Clone)]
pub struct Handle(Arc<Running>);

/// Boots a kernel. It is nobody's current one yet.
///
/// # Errors
/// [`BootError`] says whether the request or the host is at fault.
pub fn boot(setup: &Setup<'_>) -> Result<Handle, BootError> {
    let profile = kmem::profile::by_name(setup.machine);
    let profile = profile.ok_or_else(|| BootError::NoSuchMachine(setup.machine.to_owned()))?;
    let sizes = equal_nodes(setup.ram_bytes, setup.nodes);
    let nodes = match setup.nodes {
        0 | 1 => None,
        count => {
            let sizes = sizes.get(..count as usize).unwrap_or(&sizes);
            Some(cut_nodes(profile, setup.ram_bytes, sizes).map_err(BootError::Nodes)?)
        }
    };
    let params = BootParams {
        ram_bytes: setup.ram_bytes,
        cpus: setup.cpus,
        nodes: nodes.as_ref().map(|nodes| nodes.as_slice()),
        cmdline: setup.cmdline.unwrap_or(profile.default_cmdline),
        ..BootParams::new(profile)
    };
    let log = Arc::new(Mutex::new(Vec::new()));
    let console = Arc::clone(&log);
    let console = move |line: &str| console.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    let kernel = kmem_hosted::boot(profile, &params, Displacement::Any, console)?;
    let (live, asked, doomed) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let running = Arc::new(Running { kernel, log, live, asked, doomed });
    registry().write().unwrap_or_else(PoisonError::into_inner).push(Entry::of(&running));
    Ok(Handle(running))
}

impl Handle {
    /// Makes this the calling thread's current kernel while `inside` runs.
    pub fn run<R>(&self, inside: impl FnOnce() -> R) -> R {
        /// Takes the kernel off again, also when `inside` panics.
        struct Left;
        impl Drop for Left {
            fn drop(&mut self) {
                let _ = CURRENT.try_with(|current| current.borrow_mut().pop());
            }
        }
        CURRENT.with_borrow_mut(|current| current.push(self.clone()));
        let _left = Left;
        inside()
    }
    /// Does something with the kernel itself, as one of its CPUs: read a file of `/proc`, verify, make a cache.
    ///
    /// # Panics
    /// When the host has no memory for a signal stack.
    ///
    /// # Examples
    /// ```
    /// use kmem_rust::{current, prelude::*};
    /// let message = KBox::new([0u8; 100], GFP_KERNEL)?;
    /// let mut slabinfo = String::new();
    /// current().with(|kernel| kernel.write_proc("slabinfo", &mut slabinfo));
    /// assert!(slabinfo.contains("kmalloc-128"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with<R>(&self, inside: impl FnOnce(&Kernel<Hosted>) -> R) -> R {
        self.on_cpu(inside).expect("the host gives a signal stack")
    }
    /// Returns how many allocations of this crate live on the kernel: what a module would leave behind.
    pub fn live(&self) -> usize {
        self.0.live.load(Ordering::Relaxed)
    }
    /// Lets the `nth` allocation from now on fail, counted from 1, whoever asks for it; 0: none.
    pub fn fail_nth(&self, nth: u64) {
        self.0.asked.store(0, Ordering::Relaxed);
        self.0.doomed.store(nth, Ordering::Relaxed);
    }
    /// Returns how many allocations were asked for since the last [`Handle::fail_nth`].
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }
    /// Returns the lines of the kernel log.
    pub fn log(&self) -> Vec<String> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Returns the machine, for what needs no CPU.
    pub(crate) fn machine(&self) -> &Hosted {
        self.0.kernel.machine()
    }
    /// Returns the node that an address lies on.
    pub(crate) fn node_of(&self, addr: PhysAddr) -> i32 {
        self.0.kernel.plan().node_of(addr.raw()) as i32
    }
    /// True for an address of the vmalloc area.
    pub(crate) fn is_vmalloc(&self, addr: VirtAddr) -> bool {
        self.0.kernel.map().is_vmalloc(addr)
    }
    pub(crate) fn say(&self, line: String) {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
    /// True when both are the same kernel.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Runs `call` as a CPU of the kernel. `None` when the host gives the thread no signal stack.
    pub(crate) fn on_cpu<R>(&self, call: impl FnOnce(&Kernel<Hosted>) -> R) -> Option<R> {
        let kernel = &self.0.kernel;
        let is_cpu_already = ON.try_with(|on| std::ptr::eq(on.get(), kernel)).unwrap_or(false);
        if is_cpu_already {
            return Some(call(kernel));
        }
        let cpus = kernel.pages().cpus();
        let first = last_cpu() % cpus.max(1);
        loop {
            for cpu in (first..cpus).chain(0..first) {
                match kernel.machine().enter_cpu(cpu) {
                    Ok(guard) => {
                        let _ = LAST_CPU.try_with(|last| last.set(Some(cpu)));
                        let _on = On::enter(kernel);
                        let result = call(kernel);
                        drop(guard);
                        return Some(result);
                    }
                    Err(HostError::CpuBusy(_)) => {}
                    Err(_) => return None,
                }
            }
            std::thread::yield_now();
        }
    }

    /// Counts an allocation; true when it is the one that is to fail.
    pub(crate) fn is_doomed(&self) -> bool {
        let asked = self.0.asked.fetch_add(1, Ordering::Relaxed) + 1;
        asked == self.0.doomed.load(Ordering::Relaxed)
    }
    /// Turns an address that was just allocated into a pointer. The allocation holds the kernel from now on.
    pub(crate) fn keep(&self, addr: VirtAddr) -> Result<NonNull<u8>, AllocError> {
        let pointer = self.machine().pointer_to(addr).and_then(NonNull::new).ok_or(AllocError)?;
        self.0.live.fetch_add(1, Ordering::Relaxed);
        std::mem::forget(self.clone());
        Ok(pointer)
    }
    /// Counts an allocation that holds its handle by itself.
    pub(crate) fn count(&self, change: isize) {
        self.0.live.fetch_add(change as usize, Ordering::Relaxed);
    }
    /// Finds the kernel that gave `pointer`, and its address there. The allocation goes on holding the kernel.
    pub(crate) fn find(pointer: NonNull<u8>) -> Option<(Self, VirtAddr)> {
        let at = pointer.as_ptr().addr();
        let registry = registry().read().unwrap_or_else(PoisonError::into_inner);
        let entry = registry.iter().find(|entry| entry.ranges.iter().any(|range| range.contains(&at)))?;
        // SAFETY: An entry is taken out before its kernel goes, under the lock that is held here; and the allocation that
        // the pointer leads to holds the kernel.
        unsafe { Arc::increment_strong_count(entry.running.0) };
        // SAFETY: The pointer came from `Arc::as_ptr`, and the count was raised for this handle.
        let handle = Self(unsafe { Arc::from_raw(entry.running.0) });
        drop(registry);
        let addr = handle.machine().address_at(pointer.as_ptr())?;
        Some((handle, addr))
    }
    /// Says that an allocation is gone, and with it its hold on the kernel.
    pub(crate) fn let_go(&self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: `keep` forgot a handle for this allocation, and `self` is another one.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.0)) };
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.0.kernel.memory().profile.name;
        f.debug_struct("Handle").field("machine", &name).field("live", &self.live()).finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let this: *const Self = self;
        let mut registry = registry().write().unwrap_or_else(PoisonError::into_inner);
        registry.retain(|entry| !std::ptr::eq(entry.running.0, this));
    }
}

/// Remembers that the thread is a CPU of a kernel while this lives.
struct On(*const Kernel<Hosted>);

impl On {
    fn enter(kernel: &Kernel<Hosted>) -> Self {
        Self(ON.try_with(|on| on.replace(kernel)).unwrap_or(std::ptr::null()))
    }
}
impl Drop for On {
    fn drop(&mut self) {
        let _ = ON.try_with(|on| on.set(self.0));
    }
}

/// A kernel that runs, without a hold on it.
struct Weak(*const Running);

// SAFETY: `Running` is shared between threads by its handles; the pointer is followed only as `Handle::find` argues.
unsafe impl Send for Weak {}
// SAFETY: As above.
unsafe impl Sync for Weak {}

/// Where the memory of a kernel lies in this process.
struct Entry {
    /// The direct map, then the vmalloc area.
    ranges: [Range<usize>; 2],
    running: Weak,
}

impl Entry {
    fn of(running: &Arc<Running>) -> Self {
        let kernel = &running.kernel;
        let range = |start: VirtAddr, bytes: u64| {
            let first = kernel.machine().pointer_to(start).map_or(0, |pointer| pointer.addr());
            // A part that the process does not see is given to nobody.
            let last = kernel.machine().pointer_to(start.offset(bytes.saturating_sub(1)));
            first..last.map_or(first, |last| last.addr() + 1)
        };
        let layout = &kernel.plan().layout;
        let direct = range(kernel.memory().profile.page_offset, layout.low.bytes());
        let seen = kernel.machine().vmalloc_window().map(|(_, end)| end);
        let vmalloc = layout.vmalloc.zip(seen).map_or(0..0, |(area, seen)| {
            let end = area.end.page_down().min(seen);
            range(area.start, end.raw() - area.start.raw())
        });
        Self { ranges: [direct, vmalloc], running: Weak(Arc::as_ptr(running)) }
    }
}

fn registry() -> &'static RwLock<Vec<Entry>> {
    static REGISTRY: RwLock<Vec<Entry>> = RwLock::new(Vec::new());
    &REGISTRY
}

thread_local! {
    static CURRENT: RefCell<Vec<Handle>> = const { RefCell::new(Vec::new()) };
    /// The kernel of which the thread is a CPU now; compared, never followed.
    static ON: Cell<*const Kernel<Hosted>> = const { Cell::new(std::ptr::null()) };
    static LAST_CPU: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The CPU that this thread was last, or one that spreads threads.
fn last_cpu() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let last = LAST_CPU.try_with(Cell::get).ok().flatten();
    last.unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed))
}

static DEFAULT: OnceLock<Handle> = OnceLock::new();

/// Returns the calling thread's current kernel.
///
/// # Panics
/// When there is none and the default one cannot be booted: the host has no memory for it.
pub fn current() -> Handle {
    let own = CURRENT.try_with(|current| current.borrow().last().cloned()).ok().flatten();
    own.unwrap_or_else(|| {
        DEFAULT
            .get_or_init(|| boot(&Setup::default()).unwrap_or_else(|error| panic!("no default kernel: {error}")))
            .clone()
    })
}

/// Makes `handle` the kernel of all threads that have no other. Once in a process, before the default one is used.
///
/// # Errors
/// Gives the handle back when there is a default kernel already.
pub fn set_default(handle: Handle) -> Result<(), Handle> {
    DEFAULT.set(handle)
}

/// Makes `handle` the calling thread's current kernel while `inside` runs.
pub fn with_kernel<R>(handle: &Handle, inside: impl FnOnce() -> R) -> R {
    handle.run(inside)
}

/// Runs `scenario` on the current kernel again and again, with its first allocation failing, then its second, and so on,
/// until a run asks for fewer; that last one fails none. What a run leaves allocated is a leak.
///
/// Other threads must not allocate on the same kernel meanwhile: boot one for the purpose.
///
/// # Panics
/// When a run leaves more allocations than it found: names which failure led to it.
///
/// # Examples
/// ```
/// use kmem_rust::{boot, fail_each_allocation_once, with_kernel, prelude::*, Setup};
/// let kernel = boot(&Setup::default()).unwrap();
/// let runs = with_kernel(&kernel, || fail_each_allocation_once(|| {
///     let Ok(first) = KBox::new(1, GFP_KERNEL) else { return };
///     let Ok(second) = KBox::new(2, GFP_KERNEL) else { return };
///     assert_eq!(*first + *second, 3);
/// }));
/// assert_eq!(runs, 3);
/// ```
pub fn fail_each_allocation_once(mut scenario: impl FnMut()) -> u64 {
    let kernel = current();
    let before = kernel.live();
    for doomed in 1.. {
        kernel.fail_nth(doomed);
        scenario();
        let asked = kernel.asked();
        kernel.fail_nth(0);
        let live = kernel.live();
        assert!(live <= before, "{} allocations left after number {doomed} failed", live - before);
        if asked < doomed {
            return doomed;
        }
    }
    unreachable!("a run asks for a finite number of allocations")
}

/// Writes a line of the current kernel's log: what `pr_info!` and its kin do.
#[doc(hidden)]
pub fn printk(level: print::Level, line: std::fmt::Arguments<'_>) {
    current().say(print::line(level, line));
}
