//! The context that commands run in: whether they may sleep.
//!
//! Under a spin lock or with interrupts off nothing may wait. A kernel built to check it complains at each function that
//! could have waited, even when it did not have to. Here such a call is named and not executed.

use super::fault::Fault;
use super::{line, Answer, Shell};
use crate::ast::{Command, Context};
use kmem::Gfp;

/// Why nothing may sleep now.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Atomic {
    /// How many times preemption was disabled and not yet enabled again.
    preempt_count: u32,
    irqs_off: bool,
    /// How deep in read sections.
    readers: u32,
}

impl Atomic {
    fn is_atomic(self) -> bool {
        self.preempt_count > 0 || self.irqs_off || self.readers > 0
    }
}

impl std::fmt::Display for Atomic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let irqs = if self.irqs_off { "off" } else { "on" };
        write!(f, "preempt_count={} interrupts={irqs}", self.preempt_count)?;
        match self.readers {
            0 => Ok(()),
            depth => write!(f, " rcu_read_lock={depth}"),
        }
    }
}

impl Shell<'_> {
    pub(super) fn change_context(&mut self, context: Context) -> Answer {
        let (now, verb) = (&mut self.atomic, context);
        let name = match verb {
            Context::PreemptDisable => {
                now.preempt_count = now.preempt_count.saturating_add(1);
                "preempt_disable"
            }
            Context::PreemptEnable => {
                let why = "preempt_enable without a preempt_disable: the count would go below 0";
                now.preempt_count = now.preempt_count.checked_sub(1).ok_or_else(|| Fault::misuse(why))?;
                "preempt_enable"
            }
            Context::IrqDisable => {
                now.irqs_off = true;
                "irq_disable"
            }
            Context::IrqEnable => {
                now.irqs_off = false;
                "irq_enable"
            }
            Context::RcuReadLock => {
                self.kernel.rcu_read_lock();
                now.readers = self.kernel.rcu_depth();
                "rcu_read_lock"
            }
            Context::RcuReadUnlock => {
                self.kernel.rcu_read_unlock()?;
                now.readers = self.kernel.rcu_depth();
                "rcu_read_unlock"
            }
        };
        line(format!("{name}: {now}"))
    }

    /// Refuses a command that may sleep where nothing may.
    pub(super) fn may_sleep(&self, command: &Command) -> Result<(), Fault> {
        if !self.atomic.is_atomic() {
            return Ok(());
        }
        let Some((what, gfp)) = sleeper(command) else { return Ok(()) };
        let mut with = String::new();
        if let Some(gfp) = gfp {
            if !gfp.may_sleep() {
                return Ok(());
            }
            with.push_str(" with ");
            // Writing to a string cannot fail.
            let _ = self.kernel.profile.gfp.write(&mut with, gfp);
        }
        let help = if gfp.is_some() { "; GFP_ATOMIC does not" } else { "" };
        let why = format!("{what}{with} may sleep, {}{help}", self.atomic);
        Err(Fault::misuse(why).of("sleeping function called from invalid context"))
    }
}

/// The function of a command that may sleep, with the flags that decide where some do.
fn sleeper(command: &Command) -> Option<(&'static str, Option<Gfp>)> {
    Some(match *command {
        Command::AllocPages { gfp, .. } => ("alloc_pages", Some(gfp)),
        Command::GetFreePages { gfp, .. } => ("get_free_pages", Some(gfp)),
        Command::AllocPagesNode { gfp, .. } => ("alloc_pages_node", Some(gfp)),
        Command::AllocPagesBulk { gfp, .. } => ("alloc_pages_bulk", Some(gfp)),
        Command::AllocPagesExact { gfp, .. } => ("alloc_pages_exact", Some(gfp)),
        Command::Kmalloc { gfp, .. } => ("kmalloc", Some(gfp)),
        Command::Krealloc { gfp, .. } => ("krealloc", Some(gfp)),
        Command::CacheAlloc { gfp, .. } => ("kmem_cache_alloc", Some(gfp)),
        Command::PoolAlloc { gfp, .. } => ("mempool_alloc", Some(gfp)),
        Command::KmallocArray { gfp, .. } => ("kmalloc", Some(gfp)),
        Command::KmallocNode { gfp, .. } => ("kmalloc_node", Some(gfp)),
        Command::Kstrdup { gfp, .. } => ("kstrdup", Some(gfp)),
        Command::Kvmalloc { gfp, .. } => ("kvmalloc", Some(gfp)),
        Command::Kvrealloc { gfp, .. } => ("kvrealloc", Some(gfp)),
        Command::CacheAllocNode { gfp, .. } => ("kmem_cache_alloc_node", Some(gfp)),
        Command::CacheAllocBulk { gfp, .. } => ("kmem_cache_alloc_bulk", Some(gfp)),
        Command::PoolResize { .. } => ("mempool_resize", None),
        Command::SynchronizeRcu => ("synchronize_rcu", None),
        Command::RcuBarrier => ("rcu_barrier", None),
        Command::CacheCreate { .. } => ("kmem_cache_create", None),
        Command::CacheDestroy { .. } => ("kmem_cache_destroy", None),
        Command::PoolCreate { .. } => ("mempool_create", None),
        Command::Vmalloc { .. } => ("vmalloc", None),
        Command::Vfree { .. } => ("vfree", None),
        Command::Vmap { .. } => ("vmap", None),
        Command::Vunmap { .. } => ("vunmap", None),
        Command::Ioremap { .. } => ("ioremap", None),
        Command::Kmap { .. } => ("kmap", None),
        Command::MmCreate { .. } => ("mm_create", None),
        Command::Mmap { .. } => ("mmap", None),
        Command::Brk { .. } => ("brk", None),
        Command::Touch { .. } => ("a page fault", None),
        Command::Munmap { .. } => ("munmap", None),
        Command::MmDestroy { .. } => ("mm_destroy", None),
        Command::FileOpen { .. } => ("file_open", None),
        Command::FileRead { .. } => ("file_read", None),
        Command::FileWrite { .. } => ("file_write", None),
        Command::FileClose { .. } => ("file_close", None),
        Command::Sync => ("sync", None),
        Command::Kswapd { .. } => ("kswapd", None),
        Command::Reclaim => ("reclaim", None),
        Command::Sysctl { value: Some(_), .. } => ("writing a tunable", None),
        Command::Compact => ("compact", None),
        Command::FreeAll => ("free_all", None),
        Command::FreeEvery { .. } => ("free_every", None),
        _ => return None,
    })
}
