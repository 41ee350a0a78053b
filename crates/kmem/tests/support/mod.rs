//! A machine on the test's heap, and kernels on it.

use kmem::boot::{plan, BootParams};
use kmem::machine::{DirectMap, Machine};
use kmem::page::{Attempted, Injector, Tracer};
use kmem::{Gfp, Kernel, PhysAddr, Profile, VirtAddr};
use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

thread_local! {
    /// Which CPU this thread is.
    static CPU: Cell<u32> = const { Cell::new(0) };
    /// Who runs on this thread: the names of functions, the innermost first.
    static STACK: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    /// All such names that there ever were on this thread: an address is an index.
    static NAMES: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    /// Whether interrupts are off on this thread, what an interrupt does, and how many places there are until the next one.
    static IRQS_OFF: Cell<bool> = const { Cell::new(false) };
    static HANDLER: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    static UNTIL_NEXT: Cell<u64> = const { Cell::new(0) };
    /// What this thread's kernels wrote to their logs.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Returns the lines of the kernel log since the last call.
#[allow(dead_code)] // not every test file looks at it
pub fn log() -> Vec<String> {
    LINES.take()
}

/// From now on interrupts come to this thread wherever they may, at places that look random.
#[allow(dead_code)] // not every test file has interrupts
pub fn interrupt_with(handler: Option<Rc<dyn Fn()>>) {
    HANDLER.set(handler);
}
/// A place where an interrupt may come.
fn place_for_interrupt() {
    if IRQS_OFF.get() {
        return;
    }
    let Some(handler) = HANDLER.with_borrow(Clone::clone) else { return };
    let left = UNTIL_NEXT.get();
    UNTIL_NEXT.set(left.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f));
    if left >> 61 == 0 {
        IRQS_OFF.set(true);
        handler();
        IRQS_OFF.set(false);
    }
}

/// Makes this thread another CPU.
#[allow(dead_code)] // not every test file has several
pub fn become_cpu(cpu: u32) {
    CPU.set(cpu);
}

/// Says who runs on this thread from now on.
#[allow(dead_code)] // not every test file has a stack
pub fn run_as(stack: &[&'static str]) {
    STACK.set(stack.to_vec());
}

/// RAM on the heap; high pages are reached without mapping.
pub struct HeapMachine {
    base: *mut u8,
    start: PhysAddr,
    low: u64,
    bytes: Layout,
    /// Whether threads may wait for each other.
    waits: AtomicBool,
    lock: Mutex<()>,
    woken: Condvar,
}

// SAFETY: The memory belongs to the machine, and any thread may touch it.
unsafe impl Send for HeapMachine {}
// SAFETY: As above.
unsafe impl Sync for HeapMachine {}

impl HeapMachine {
    fn new(start: PhysAddr, low: u64, bytes: u64) -> Self {
        let bytes = Layout::from_size_align(bytes as usize, 1 << 21).unwrap();
        // SAFETY: The layout has a size.
        let base = unsafe { alloc_zeroed(bytes) };
        assert!(!base.is_null());
        let (waits, lock, woken) = Default::default();
        Self { base, start, low, bytes, waits, lock, woken }
    }
    /// Says that threads may sleep until another one wakes them.
    #[allow(dead_code)] // not every test file has several
    pub fn allow_waiting(&self) {
        self.waits.store(true, Ordering::Relaxed);
    }
}

impl Drop for HeapMachine {
    fn drop(&mut self) {
        // SAFETY: It was allocated with this layout.
        unsafe { dealloc(self.base, self.bytes) };
    }
}

// SAFETY: The heap block covers all RAM and lives as long as the machine; each thread that uses a kernel has called
// `become_cpu` with a number of its own.
unsafe impl Machine for HeapMachine {
    fn direct_map(&self) -> DirectMap {
        DirectMap { pointer: self.base, start: self.start, bytes: self.low }
    }
    fn high_page(&self, page: PhysAddr) -> Option<*mut u8> {
        let offset = page.raw().checked_sub(self.start.raw())? as usize;
        // SAFETY: Inside the block.
        (offset + 4096 <= self.bytes.size()).then(|| unsafe { self.base.add(offset) })
    }
    fn ram_is_zeroed(&self) -> bool {
        true
    }
    fn virt(&self, addr: VirtAddr) -> *mut u8 {
        addr.raw() as *mut u8
    }
    fn cpu(&self) -> u32 {
        place_for_interrupt();
        CPU.get()
    }
    fn irq_save(&self) -> usize {
        place_for_interrupt();
        usize::from(IRQS_OFF.replace(true))
    }
    fn irq_restore(&self, were_off: usize) {
        IRQS_OFF.set(were_off != 0);
        place_for_interrupt();
    }
    fn barrier_everywhere(&self) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    }
    fn wait(&self, _: u64, must_wait: &dyn Fn() -> bool) -> bool {
        let waits = self.waits.load(Ordering::Relaxed);
        if waits {
            // Nobody is missed, so nobody has to look again after a while.
            drop(self.woken.wait_while(self.lock.lock().unwrap(), |()| must_wait()).unwrap());
        }
        waits
    }
    fn wake(&self, _: u64) {
        let _lock = self.lock.lock().unwrap();
        self.woken.notify_all();
    }
    fn stack(frames: &mut [u64]) -> usize {
        let stack = STACK.with_borrow(Clone::clone);
        for (slot, &name) in frames.iter_mut().zip(&stack) {
            *slot = NAMES.with_borrow_mut(|names| {
                let at = names.iter().position(|known| *known == name);
                at.unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                })
            }) as u64
                + 0x1000;
        }
        stack.len().min(frames.len())
    }
    fn write_symbol(&self, addr: u64, out: &mut dyn fmt::Write) -> bool {
        let name = NAMES.with_borrow(|names| names.get((addr as usize).wrapping_sub(0x1000)).copied());
        name.is_some_and(|name| out.write_str(name).is_ok())
    }
    fn load_page_table(&self, _: PhysAddr) {}
    fn flush_tlb(&self, _: VirtAddr, _: VirtAddr) {}
    fn printk(&self, line: fmt::Arguments<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(line.to_string()));
    }
}

/// Boots a profile with so much RAM, or with as much as its kernel needs or can use.
#[allow(dead_code)] // not every test file has such a machine
pub fn boot(profile: &'static Profile, ram_bytes: u64, cpus: u32) -> Kernel<HeapMachine> {
    let ram_bytes = if profile.word_bytes == 8 { ram_bytes.max(96 << 20) } else { ram_bytes }.min(profile.max_ram);
    boot_with(profile, &BootParams { ram_bytes, cpus, ..BootParams::new(profile) }, None)
}

/// Boots a profile as the parameters say; `tracer` hears of every page from the first on.
pub fn boot_with(profile: &'static Profile, params: &BootParams<'_>, tracer: Option<Tracer>) -> Kernel<HeapMachine> {
    let plan = plan(profile, params).unwrap_or_else(|error| panic!("{}: {error}", profile.name));
    let layout = &plan.layout;
    let bytes = layout.ram_end.raw() - layout.low.start.raw();
    let machine = HeapMachine::new(layout.low.start, layout.low.bytes(), bytes);
    let kernel = Kernel::boot_traced(machine, profile, plan, params.cmdline, tracer);
    kernel.unwrap_or_else(|error| panic!("{}: {error}", profile.name))
}

thread_local! {
    /// How many allocations were asked about so far, and which one is to fail.
    static ASKED: Cell<(u64, u64)> = const { Cell::new((0, u64::MAX)) };
}

/// Runs a scenario again and again, failing its first allocation, its second, and so on, pages and objects alike, until
/// one run asks for no more. `scenario` gives back all that it took; after each run `settled` must say the same as before
/// the first. Returns how many failures there were.
#[allow(dead_code)] // not every test file fails allocations so
pub fn fail_each_once(
    kernel: &Kernel<HeapMachine>,
    mut scenario: impl FnMut(),
    mut settled: impl FnMut() -> u64,
) -> u64 {
    let name = kernel.profile.name;
    // Tables of descriptors grow once, and stay: that of batches when an array of objects first overflows.
    let many: Vec<_> = (0..300).map(|_| kernel.kmalloc(64, Gfp::KERNEL).unwrap()).collect();
    many.into_iter().for_each(|object| kernel.kfree(object).unwrap());
    scenario();
    let before = settled();
    let call = |_: usize, _: Attempted| {
        let (asked, doomed) = ASKED.get();
        ASKED.set((asked + 1, doomed));
        asked == doomed
    };
    for doomed in 0.. {
        ASKED.set((0, doomed));
        kernel.set_injector(Some(Injector { call, id: 0 }));
        scenario();
        kernel.set_injector(None);
        assert_eq!(kernel.verify(), Ok(()), "{name}: allocation {doomed} failed");
        assert_eq!(settled(), before, "{name}: allocation {doomed} failed");
        if ASKED.get().0 <= doomed {
            return doomed;
        }
    }
    unreachable!("a scenario ends")
}

/// Free pages when every cache has given back what nobody uses.
#[allow(dead_code)] // not every test file looks at it
pub fn settled_pages(kernel: &Kernel<HeapMachine>) -> u64 {
    let caches: Vec<_> = kernel.slab().infos().map(|info| info.id).collect();
    // The slabs of one cache may hold objects of another: where their free objects are noted.
    for _ in 0..2 {
        caches.iter().for_each(|cache| kernel.cache_shrink(*cache).unwrap());
    }
    kernel.drain();
    kernel.pages().zone_counts().map(|zone| zone.free).sum()
}
