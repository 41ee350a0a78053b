//! kswapd as a thread: it waits until memory of a node is short, and reclaims while others go on.
//!
//! A machine without it is served by whoever allocates and may sleep; the numbers are the same, but those who allocate
//! wait. The thread is a CPU of its own, as every thread that uses a machine.

use crate::error::HostError;
use crate::hosted::Hosted;
use kmem::Kernel;
use std::sync::{mpsc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

/// What a machine's kswapd is woken by.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    rings: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// There is a thread that listens.
    is_heard: bool,
    /// It is to end.
    ends: bool,
    /// Nodes that it was woken for: one bit each.
    nodes: u32,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Wakes the thread for a node. False when there is none.
    pub(crate) fn ring(&self, node: u32) -> bool {
        let mut state = self.lock();
        if state.is_heard && node < u32::BITS {
            state.nodes |= 1 << node;
            self.rings.notify_one();
        }
        state.is_heard && node < u32::BITS
    }
    /// Begins to listen; false when somebody does.
    fn hear(&self) -> bool {
        let mut state = self.lock();
        let is_first = !state.is_heard;
        if is_first {
            *state = State { is_heard: true, ..State::default() };
        }
        is_first
    }
    /// Waits for a node that is short of memory; `None` at the end.
    fn wait(&self) -> Option<u32> {
        let waiting = |state: &mut State| state.nodes == 0 && !state.ends;
        let mut state = self.rings.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner);
        if state.ends {
            return None;
        }
        let node = state.nodes.trailing_zeros();
        state.nodes &= !(1 << node);
        Some(node)
    }
    fn end(&self) {
        self.lock().ends = true;
        self.rings.notify_one();
    }
    fn forget(&self) {
        *self.lock() = State::default();
    }
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Kswapd<'scope> {
    machine: Hosted,
    thread: Option<ScopedJoinHandle<'scope, ()>>,
}

/// Starts kswapd of all of a kernel's nodes, as CPU `cpu`, which nobody else may be.
///
/// # Errors
/// [`HostError::BadConfig`] when the kernel was booted with fewer CPUs or has a kswapd already;
/// [`HostError::CpuBusy`] when a thread is that CPU.
pub fn spawn<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    kernel: &'env Kernel<Hosted>,
    cpu: u32,
) -> Result<Kswapd<'scope>, HostError> {
    if cpu >= kernel.pages().cpus() {
        return Err(HostError::BadConfig("the kernel was booted with fewer CPUs"));
    }
    let machine = kernel.machine().clone();
    if !machine.bell().hear() {
        return Err(HostError::BadConfig("the machine has a kswapd already"));
    }
    let (says, heard) = mpsc::channel();
    let thread = scope.spawn(move || {
        // Who started it waits for what comes of this.
        let _cpu = match kernel.machine().enter_cpu(cpu) {
            Ok(guard) => {
                let _ = says.send(Ok(()));
                guard
            }
            Err(error) => {
                let _ = says.send(Err(error));
                return;
            }
        };
        while let Some(node) = kernel.machine().bell().wait() {
            kernel.kswapd(node);
        }
    });
    let kswapd = Kswapd { machine, thread: Some(thread) };
    heard.recv().unwrap_or(Err(HostError::BadConfig("the thread of kswapd ended")))?;
    Ok(kswapd)
}

impl Drop for Kswapd<'_> {
    fn drop(&mut self) {
        self.machine.bell().end();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            debug_assert!(ended.is_ok() || std::thread::panicking(), "kswapd panicked");
        }
        self.machine.bell().forget();
    }
}
