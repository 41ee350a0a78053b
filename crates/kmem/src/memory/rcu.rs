//! RCU on a machine: read sections, waiting for their end, and what is freed then.
//!
//! What hangs in the queues is freed by whoever comes by: who queues many objects, an allocation that misses its CPU's stock,
//! reclaim, and who waits. Functions of the client's are only called where sleeping is allowed, so that no lock is held which
//! they may want.

use super::{IrqOff, Memory};
use crate::error::Misuse;
use crate::machine::Machine;
use crate::rcu::queue::{Kind, FIRST_FUNCTION};
use crate::rcu::Cookie;
use crate::sync::wait_while;
use crate::units::VirtAddr;

/// So many objects that wait for no grace period yet are worth one.
const BATCH: u32 = 64;

/// Who calls the functions that were queued with [`Memory::call_rcu`].
#[derive(Clone, Copy, Debug)]
pub struct RcuInvoker {
    /// Calls `function` with the address of the head.
    pub call: fn(token: u64, function: u64, head: VirtAddr),
    /// The client's own.
    pub token: u64,
}

/// A read section, which ends when this is dropped.
pub struct RcuRead<'a, M: Machine>(&'a Memory<M>);

impl<M: Machine> Drop for RcuRead<'_, M> {
    fn drop(&mut self) {
        // This one began it.
        let _ = self.0.rcu_read_unlock();
    }
}

impl<M: Machine> Memory<M> {
    /// Begins a read section on this CPU: what is found in it stays until it ends, also when somebody unlinks and frees it
    /// (with [`Memory::kfree_rcu`] and its kind) meanwhile. It may be nested; it may not sleep, and ends on the same CPU:
    /// `rcu_read_lock`.
    #[inline]
    pub fn rcu_read_lock(&self) {
        let irq = IrqOff::new(&self.machine);
        self.slab.rcu.read_lock(irq.cpu());
    }
    /// Ends a read section: `rcu_read_unlock`.
    ///
    /// # Errors
    /// [`Misuse::BadArgument`] when there is none.
    #[inline]
    pub fn rcu_read_unlock(&self) -> Result<(), Misuse> {
        let irq = IrqOff::new(&self.machine);
        let was_inside = self.slab.rcu.read_unlock(irq.cpu());
        was_inside.then_some(()).ok_or(Misuse::BadArgument("rcu_read_unlock without rcu_read_lock"))
    }
    /// As [`Memory::rcu_read_lock`], for as long as what it returns lives.
    pub fn rcu_read(&self) -> RcuRead<'_, M> {
        self.rcu_read_lock();
        RcuRead(self)
    }
    /// Returns how deep this CPU is in read sections.
    pub fn rcu_depth(&self) -> u32 {
        self.slab.rcu.depth(self.machine.cpu())
    }
    /// Returns how many objects, functions and slabs wait for readers.
    pub fn rcu_pending(&self) -> u32 {
        self.slab.rcu.pending.load(crate::sync::Ordering::Relaxed)
    }

    /// Frees an object of kmalloc's or a cache's once nobody who reads now can still look at it: `kfree_rcu`. `head` is the
    /// distance of its `struct rcu_head` from its start: two machine words that readers do not look at. `NULL` is nothing.
    ///
    /// # Errors
    /// [`Misuse::BadArgument`] for a head that is not aligned, lies outside the object or 4096 bytes and more from its start;
    /// else as [`Memory::kfree`].
    pub fn kfree_rcu(&self, addr: VirtAddr, head: u64) -> Result<(), Misuse> {
        if addr.raw() == 0 {
            return Ok(());
        }
        let (start, room) = self.usable(addr)?;
        self.is_head(head, room)?;
        if self.enqueue(Kind::Free, start.offset(head), head) >= BATCH {
            self.rcu_free_ready();
        }
        Ok(())
    }
    /// Checks where an `rcu_head` lies in memory of `room` bytes.
    pub(crate) fn is_head(&self, head: u64, room: u64) -> Result<(), Misuse> {
        let word = u64::from(self.profile.word_bytes);
        if head % word != 0 || head >= FIRST_FUNCTION || head + 2 * word > room {
            return Err(Misuse::BadArgument("the rcu_head is not aligned, or does not lie in the object"));
        }
        Ok(())
    }
    /// As [`Memory::kfree_rcu`] for an object without a head: sleeps until nobody reads it: `kfree_rcu_mightsleep`.
    ///
    /// # Errors
    /// As [`Memory::synchronize_rcu`] and [`Memory::kfree`].
    pub fn kfree_rcu_mightsleep(&self, addr: VirtAddr) -> Result<(), Misuse> {
        self.synchronize_rcu()?;
        self.kfree(addr)
    }
    /// Has the invoker call `function` with `head` once nobody who reads now is still inside: `call_rcu`. `head` is the address
    /// of two machine words in the direct map that are the engine's until then.
    ///
    /// # Errors
    /// [`Misuse::BadArgument`] for a head that is not aligned, for a function below 4096, and without an invoker.
    pub fn call_rcu(&self, head: VirtAddr, function: u64) -> Result<(), Misuse> {
        let at = self.virt_to_phys(head).ok_or(Misuse::NotDirectMapped(head))?;
        let word = u64::from(self.profile.word_bytes);
        if head.raw() % word != 0 || !self.ram.holds(at, 2 * word) {
            return Err(Misuse::BadArgument("the rcu_head is not aligned"));
        }
        if function < FIRST_FUNCTION {
            return Err(Misuse::BadArgument("no function lies below 4096"));
        }
        let has_invoker = {
            let _irq = self.irq_off();
            self.rcu_invoker.lock().is_some()
        };
        if !has_invoker {
            return Err(Misuse::BadArgument("nobody is there to call the function"));
        }
        self.enqueue(Kind::Call, at, function);
        Ok(())
    }
    /// Sets who calls the functions that were queued.
    pub fn set_rcu_invoker(&self, invoker: Option<RcuInvoker>) {
        let _irq = self.irq_off();
        *self.rcu_invoker.lock() = invoker;
    }
    fn enqueue(&self, kind: Kind, head: crate::units::PhysAddr, what: u64) -> u32 {
        let _irq = self.irq_off();
        self.slab.rcu.enqueue(&self.ram, self.profile.word_bytes, kind, head, what)
    }

    /// Waits until everybody who reads now has left: `synchronize_rcu`. May sleep.
    ///
    /// # Errors
    /// [`Misuse::BadArgument`] inside a read section, which would wait for itself, and where nothing may sleep.
    pub fn synchronize_rcu(&self) -> Result<(), Misuse> {
        self.may_wait_for_readers("synchronize_rcu in a read section, or where nothing may sleep")?;
        let cookie = self.rcu_cookie();
        wait_while(|| {
            let has_passed = self.rcu_has_passed(cookie);
            if !has_passed {
                self.rcu_advance();
            }
            !has_passed
        });
        Ok(())
    }
    /// Waits until all that was queued before is freed, and all functions queued before were called: `rcu_barrier`. May
    /// sleep.
    ///
    /// # Errors
    /// As [`Memory::synchronize_rcu`]; so too in a function that was queued.
    pub fn rcu_barrier(&self) -> Result<(), Misuse> {
        self.may_wait_for_readers("rcu_barrier in a read section, or where nothing may sleep")?;
        let mark = {
            let _irq = self.irq_off();
            self.slab.rcu.mark()
        };
        let is_done = || {
            let _irq = self.irq_off();
            self.slab.rcu.is_done(mark)
        };
        wait_while(|| {
            let is_done = is_done();
            if !is_done {
                self.rcu_poll();
            }
            !is_done
        });
        Ok(())
    }
    fn may_wait_for_readers(&self, why: &'static str) -> Result<(), Misuse> {
        let cpu = self.machine.cpu();
        if self.slab.rcu.depth(cpu) > 0 || self.slab.rcu.is_running(cpu) || self.machine.in_atomic() {
            return Err(Misuse::BadArgument(why));
        }
        Ok(())
    }

    /// Wants a grace period: `get_state_synchronize_rcu`.
    pub fn rcu_cookie(&self) -> Cookie {
        let _irq = self.irq_off();
        self.slab.rcu.cookie()
    }
    /// True when the grace period of a cookie has passed: `poll_state_synchronize_rcu`.
    pub fn rcu_has_passed(&self, cookie: Cookie) -> bool {
        self.slab.rcu.has_passed(cookie)
    }
    pub(crate) fn rcu_advance(&self) {
        self.slab.rcu.advance(|| self.irq_off(), || self.machine.barrier_everywhere());
    }
    /// Frees what nobody can read any more, and calls the functions that are due, without waiting for anybody. Returns how
    /// many that were. The caller holds no lock that a function of the client's may want.
    pub fn rcu_poll(&self) -> u32 {
        self.rcu_run(&[Kind::Free, Kind::Block, Kind::Call])
    }
    /// As [`Memory::rcu_poll`], without functions of the client's: any context.
    pub(super) fn rcu_free_ready(&self) -> u32 {
        self.rcu_run(&[Kind::Free, Kind::Block])
    }
    /// What an allocation does that missed its CPU's stock.
    #[inline]
    pub(super) fn rcu_pass_by(&self, may_sleep: bool) {
        if self.slab.rcu.has_pending() {
            self.rcu_pass_by_slow(may_sleep);
        }
    }
    #[cold]
    fn rcu_pass_by_slow(&self, may_sleep: bool) {
        if may_sleep && self.rcu_depth() == 0 && !self.machine.in_atomic() {
            self.rcu_poll();
        } else {
            self.rcu_free_ready();
        }
    }
    fn rcu_run(&self, kinds: &[Kind]) -> u32 {
        let rcu = &self.slab.rcu;
        if !rcu.has_pending() {
            return 0;
        }
        let Some(_run) = rcu.run(self.machine.cpu()) else { return 0 };
        let mut total = 0;
        loop {
            // What gathered wants a grace period first.
            let mut done = kinds.iter().map(|kind| self.rcu_take(*kind)).sum::<u32>();
            self.rcu_advance();
            done += kinds.iter().map(|kind| self.rcu_take(*kind)).sum::<u32>();
            let irq = self.irq_off();
            done += self.slab.release_dying(&self.pages, irq.cpu());
            if done == 0 {
                return total;
            }
            total += done;
        }
    }
    /// Does what is due of one kind.
    fn rcu_take(&self, kind: Kind) -> u32 {
        let (rcu, word) = (&self.slab.rcu, self.profile.word_bytes);
        let ready = {
            let _irq = self.irq_off();
            rcu.take_ready(kind)
        };
        let Some(mut chain) = ready else { return 0 };
        let count = chain.len();
        let invoker = {
            let _irq = self.irq_off();
            let invoker = *self.rcu_invoker.lock();
            invoker
        };
        while let Some((head, what)) = chain.pop(&self.ram, word) {
            match (kind, invoker) {
                (Kind::Free, _) => {
                    let start = crate::units::PhysAddr::new(head.raw().wrapping_sub(what));
                    if let Err(misuse) = self.kfree(self.to_virt(start)) {
                        self.machine.printk(format_args!("kfree_rcu: {misuse}"));
                    }
                }
                (Kind::Block, _) => {
                    let irq = self.irq_off();
                    if let Err(misuse) = self.slab.free_deferred(&self.pages, irq.cpu(), head, what) {
                        self.machine.printk(format_args!("kmem_rcu_free: {misuse}"));
                    }
                }
                (Kind::Call, Some(invoker)) => (invoker.call)(invoker.token, what, self.to_virt(head)),
                (Kind::Call, None) => {}
            }
        }
        if chain.len() > 0 {
            let left = chain.len();
            self.machine
                .printk(format_args!("rcu: somebody wrote over an rcu_head, {left} objects behind it are lost"));
        }
        let _irq = self.irq_off();
        rcu.done(count);
        count
    }
}
