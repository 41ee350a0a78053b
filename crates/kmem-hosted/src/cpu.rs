//! A thread *is* a CPU while it holds a CPU number.
//!
//! The number is one thread-local word, so that the engine's hot paths read it with one instruction. A thread that
//! never asked is CPU 0: a program with one thread need not care. With more than one thread on a machine each takes
//! its own number by [`Hosted::enter_cpu`](crate::Hosted::enter_cpu), and a number that another thread has taken is refused.
//!
//! Interrupts do not exist here; turning them off is a flag that can be looked at.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// The most CPUs of a machine.
pub const MAX_CPUS: u32 = 64;

thread_local! {
    static CPU: Cell<u32> = const { Cell::new(0) };
    static IRQS_OFF: Cell<bool> = const { Cell::new(false) };
}

/// Returns the number of the CPU that this thread is.
#[inline]
pub fn current() -> u32 {
    CPU.get()
}

/// True while this thread has turned interrupts off.
#[inline]
pub fn irqs_off() -> bool {
    IRQS_OFF.get()
}

#[inline]
pub(crate) fn irq_save() -> usize {
    usize::from(IRQS_OFF.replace(true))
}

#[inline]
pub(crate) fn irq_restore(state: usize) {
    IRQS_OFF.set(state != 0);
}

/// Returns when every thread of the process has passed a full memory barrier: `membarrier(2)`. Where the host does not
/// have it, changing the protection of a page that all threads have in their TLBs does the same, since the host must
/// interrupt every CPU that runs one.
pub fn barrier_everywhere() {
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER: libc::c_int = 1 << 4;
    static REGISTERED: AtomicU64 = AtomicU64::new(0);
    let membarrier = |command: libc::c_int| {
        // SAFETY: The call takes numbers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    };
    std::sync::atomic::fence(Ordering::SeqCst);
    if REGISTERED.load(Ordering::Relaxed) == 0 && membarrier(REGISTER) {
        REGISTERED.store(1, Ordering::Relaxed);
    }
    if REGISTERED.load(Ordering::Relaxed) == 0 || !membarrier(PRIVATE_EXPEDITED) {
        shoot_down();
    }
    std::sync::atomic::fence(Ordering::SeqCst);
}

/// Makes the host interrupt every CPU that runs a thread of this process.
fn shoot_down() {
    let (read_write, read) = (libc::PROT_READ | libc::PROT_WRITE, libc::PROT_READ);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: A new page of nobody's, given back below.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, read_write, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return;
    }
    // SAFETY: The page was mapped for writing just now.
    unsafe { page.cast::<u8>().write_volatile(1) };
    // SAFETY: The page is ours alone.
    unsafe { libc::mprotect(page, 4096, read) };
    // SAFETY: As above.
    unsafe { libc::munmap(page, 4096) };
}

/// Which CPU numbers of a machine are held: one bit each.
#[derive(Debug, Default)]
pub(crate) struct Holders(AtomicU64);

impl Holders {
    /// Takes number `cpu`, below [`MAX_CPUS`]; false when a thread has it.
    fn take(&self, cpu: u32) -> bool {
        self.0.fetch_or(1 << cpu, Ordering::Acquire) & (1 << cpu) == 0
    }
}

/// This thread is the CPU while the guard lives; then it is again what it was before.
#[derive(Debug)]
pub struct CpuGuard {
    holders: Arc<Holders>,
    cpu: u32,
    previous: u32,
    /// The number is the thread's, so the guard stays on the thread.
    _thread: PhantomData<*const ()>,
}

impl CpuGuard {
    /// Makes the calling thread CPU `cpu`, below [`MAX_CPUS`]; `None` when a thread is that CPU already.
    pub(crate) fn enter(holders: &Arc<Holders>, cpu: u32) -> Option<Self> {
        if !holders.take(cpu) {
            return None;
        }
        Some(Self { holders: Arc::clone(holders), cpu, previous: CPU.replace(cpu), _thread: PhantomData })
    }
    /// Returns the CPU's number.
    pub fn id(&self) -> u32 {
        self.cpu
    }
}

impl Drop for CpuGuard {
    fn drop(&mut self) {
        CPU.set(self.previous);
        self.holders.0.fetch_and(!(1 << self.cpu), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_held_once() {
        let holders = Arc::new(Holders::default());
        let guard = CpuGuard::enter(&holders, 3);
        assert_eq!(guard.as_ref().map(CpuGuard::id), Some(3));
        assert_eq!(current(), 3);
        assert!(CpuGuard::enter(&holders, 3).is_none());
        drop(guard);
        assert_eq!(current(), 0);
        assert!(CpuGuard::enter(&holders, 3).is_some());
    }

    #[test]
    fn interrupts_nest() {
        let outer = irq_save();
        let inner = irq_save();
        irq_restore(inner);
        assert!(irqs_off());
        irq_restore(outer);
        assert!(!irqs_off());
    }
}
